/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/publish: who hears that an advisory is public: the stakeholders of publish_notify and those of the case, who reported it, who took
 * part; and the analysts, with who was not told. What the letters say is public then, so that those without a key get it signed, in clear;
 * a stakeholder only where clear_allowed says so. */
#include "gate_publish.h"

struct telling {
  struct run *r;
  struct vuln_case *vc;
  const struct publication *p;
  const struct advisory *a;
  struct buf told, not_told;
};

static const char *instant(struct gate *g, struct pool *pool, int64_t t)
{
  return time_both(pool, t, g->conf->zone);
}

const char *publish_lines(struct pool *pool, const char *s)
{
  size_t len = strlen(s);
  while (len && s[len - 1] == '\n')
    len--;
  return pool_strndup(pool, s, len);
}

void publish_vars(struct gate *g, struct pool *pool, struct tvalue *vars, const struct publication *p, const struct advisory *a)
{
  const char *id = p->case_id;
  template_put(pool, vars, "publication.what", p->what);
  template_put(pool, vars, "publication.version", pool_printf(pool, "%u", p->version));
  template_put(pool, vars, "publication.summary", p->summary);
  template_put(pool, vars, "publication.at", instant(g, pool, p->planned_at));
  template_put(pool, vars, "publication.url", publish_url(g, pool, "html", id, p->first_at));
  template_put(pool, vars, "publication.text_url", publish_url(g, pool, "text.asc", id, p->first_at));
  template_put(pool, vars, "publication.csaf_url", publish_url(g, pool, "csaf", id, p->first_at));
  template_put(pool, vars, "publication.token", p->token ? p->token : "");
  struct tvalue *v = (struct tvalue *)tvalue_get(vars, "publication");
  tvalue_setb(pool, v, "first", !strcmp(p->what, "publish"));
  tvalue_setb(pool, v, "revised", !strcmp(p->what, "revise"));
  tvalue_setb(pool, v, "withdrawn", !strcmp(p->what, "withdraw"));
  if (a)
    tvalue_sets(pool, vars, "tlp", a->tlp);
}

/* ---- whom ---- */
static bool in_group(const struct conf_stakeholder *s, const char *name)
{
  for (const char **g = s->groups; g && *g; g++)
    if (text_ieq(*g, name))
      return true;
  return text_ieq(s->name, name) || text_ieq(s->kind, name);
}

static bool of_case(const struct vuln_case *vc, const struct conf_stakeholder *s)
{
  for (size_t i = 0; i < vc->party_count; i++)
    if (text_ieq(vc->party[i].stakeholder, s->name) && !vc->party[i].removed)
      return true;
  return false;
}

static bool is_wanted(const struct conf *c, const struct vuln_case *vc, const struct conf_stakeholder *s)
{
  static const char *const usual[] = { "isac", "customer", "coordinator", NULL };
  const char *const *v = c->publish_notify && *c->publish_notify && **c->publish_notify ? (const char *const *)c->publish_notify : usual;
  for (; *v; v++)
    if (in_group(s, *v))
      return true;
  return of_case(vc, s);
}

/* One mail an address, although a person may be two parties after a merge. */
static bool is_told(const struct vuln_case *vc, size_t i)
{
  const struct party *p = &vc->party[i];
  if (p->removed || !text_empty(p->stakeholder) || text_empty(p->address) || p->status == PARTY_DECLINED)
    return false;
  for (size_t k = 0; k < i; k++)
    if (!vc->party[k].removed && text_ieq(vc->party[k].address, p->address) && vc->party[k].status != PARTY_DECLINED)
      return false;
  return true;
}

const char *publish_told_words(struct run *r, const struct vuln_case *vc)
{
  const struct conf *c = r->g->conf;
  struct buf b = buf_new(r->pool, 100);
  for (size_t i = 0; i < c->stakeholder_count; i++)
    if (is_wanted(c, vc, &c->stakeholder[i]))
      buf_printf(&b, "  %s <%s>\n", c->stakeholder[i].name, c->stakeholder[i].address);
  for (size_t i = 0; i < vc->party_count; i++)
    if (is_told(vc, i))
      buf_printf(&b, "  %s <%s>\n", party_role_name(vc->party[i].role), vc->party[i].address);
  return buf_str(&b);
}

/* ---- the letters ---- */
static void note(struct buf *b, const char *name, const char *address, const char *why)
{
  buf_printf(b, "  %s <%s>%s%s\n", name, address, *why ? ": " : "", why);
}

static enum status write_out(struct telling *t, struct letter_spec *s, struct outgoing **o, struct fault *err)
{
  struct run *r = t->r;
  struct tvalue *vars = write_vars(r, t->vc, s->language);
  publish_vars(r->g, r->pool, vars, t->p, t->a);
  s->vc = t->vc;
  s->auto_submitted = "auto-generated";
  s->serial = pool_printf(r->pool, "publication-%u", t->p->version);
  s->attach_key = !s->encrypt;
  enum status st = write_letter(r, s, vars, o, NULL, err);
  if (st)
    return st;
  struct letter_record *k = pool_new_of(r->pool, struct letter_record);
  *k = (struct letter_record){ .template_name = s->template_name, .language = s->language, .asked_by = t->p->by,
                               .released_by = t->p->released_by,
                               .version = template_version(r->pool, r->g->templates, s->template_name, s->language) };
  (*o)->record = k;
  work_out(r, *o);
  note(&t->told, s->to_name, s->to_address, s->encrypt ? "" : "in clear");
  return ST_OK;
}

static enum status to_stakeholder(struct telling *t, const struct conf_stakeholder *s, struct fault *err)
{
  const struct stakeholder_key *k = gate_stakeholder_key(t->r->g, s);
  struct outgoing *o;
  const char *why = s->key_file && !k->usable                ? (k->problem ? k->problem : "its key cannot be used")
                    : !k->usable && !s->clear_allowed ? "it has no key, and clear_allowed does not allow a notice in clear"
                                                      : NULL;
  if (why) {
    note(&t->not_told, s->name, s->address, why);
    return ST_OK;
  }
  struct letter_spec spec = { .kind = "notice", .template_name = "publication/notice", .language = s->language, .to_name = s->name,
                              .to_address = s->address, .encrypt = k->usable, .fingerprint = k->usable ? s->fingerprint : "",
                              .party = { t->vc, effect_stakeholder_party(t->r, t->vc, s) } };
  return write_out(t, &spec, &o, err);
}

static enum status to_party(struct telling *t, size_t index, struct fault *err)
{
  struct run *r = t->r;
  const struct party *p = &t->vc->party[index];
  struct stored_key key = { 0 };
  bool found = false;
  struct outgoing *o;
  enum status st = party_key(r, p, &key, &found, err);
  if (st == ST_DENIED) {
    note(&t->not_told, p->name, p->address, pool_strdup(r->pool, err->text));
    fault_clear(err);
    return ST_OK;
  }
  if (st)
    return st;
  bool usable = found && key.key.len;
  struct letter_spec spec = { .kind = "publication",
                              .template_name = p->role == PARTY_REPORTER ? "publication/reporter" : "publication/notice",
                              .language = party_language(r->g->conf, p), .to_name = p->name, .to_address = p->address, .encrypt = usable,
                              .fingerprint = usable ? key.fingerprint : "", .key = usable ? key.key : (struct bytes){ 0 },
                              .party = { t->vc, index } };
  if (p->role == PARTY_REPORTER)
    t->vc->last_contact_at = clock_now(&r->g->clock);
  return write_out(t, &spec, &o, err);
}

/* ---- the analysts ---- */
static bool hears(const struct conf *c, const struct conf_analyst *a, const struct vuln_case *vc)
{
  bool any = false;
  for (size_t i = 0; i < c->analyst_count; i++)
    any |= analyst_gets_case(&c->analyst[i], vc);
  return any ? analyst_gets_case(a, vc) : analyst_gets_alarm(c, a);
}

static enum status to_analyst(struct telling *t, const struct conf_analyst *a, struct fault *err)
{
  struct run *r = t->r;
  struct mail_attachment *cve;
  struct outgoing *o;
  struct publication_file record = { "cve", publish_file(t->p, "cve") };
  struct tvalue *vars = write_vars(r, t->vc, a->language);
  publish_vars(r->g, r->pool, vars, t->p, t->a);
  template_put(r->pool, vars, "publication.told", publish_lines(r->pool, buf_str(&t->told)));
  template_put(r->pool, vars, "publication.not_told", publish_lines(r->pool, buf_str(&t->not_told)));
  struct letter_spec s = { .kind = "published", .template_name = "internal/published", .vc = t->vc, .auto_submitted = "auto-generated",
                           .serial = pool_printf(r->pool, "published-%u-%s", t->p->version, a->name) };
  s.attachment_count = publish_attachments(r->pool, t->vc->id, t->a, &record, record.body.len ? 1 : 0, t->p->first_at, &cve);
  s.attachment = cve;
  tvalue_setb(r->pool, (struct tvalue *)tvalue_get(vars, "publication"), "cve_record", s.attachment_count > 0);
  enum status st = write_to_analyst(r, a, &s, vars, &o, err);
  if (st)
    return st;
  o->droppable = true;
  work_out(r, o);
  return ST_OK;
}

/* "fda <cyber@fda.example>, ..." for the history */
static const char *in_a_line(struct pool *pool, const struct buf *b)
{
  struct buf out = buf_new(pool, 100);
  struct bytes rest = buf_bytes(b), line;
  while (bytes_next_line(&rest, &line)) {
    buf_adds(&out, out.len ? ", " : "");
    buf_add(&out, bytes_trim(line));
  }
  return out.len ? buf_str(&out) : "nobody";
}

enum status publish_tell(struct run *r, struct vuln_case *vc, const struct publication *p, const struct advisory *a, struct fault *err)
{
  const struct conf *c = r->g->conf;
  struct telling t = { r, vc, p, a, buf_new(r->pool, 100), buf_new(r->pool, 100) };
  size_t parties = vc->party_count; /* stakeholders become parties with their letters */
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < c->stakeholder_count; i++)
    if (is_wanted(c, vc, &c->stakeholder[i]))
      st = to_stakeholder(&t, &c->stakeholder[i], err);
  for (size_t i = 0; !st && i < parties; i++)
    if (is_told(vc, i))
      st = to_party(&t, i, err);
  for (size_t i = 0; !st && i < c->analyst_count; i++)
    if (hears(c, &c->analyst[i], vc))
      st = to_analyst(&t, &c->analyst[i], err);
  if (!st)
    work_event(r, vc, "publication.out", "", "Version %u is public: %s; told: %s%s%s.", p->version,
               publish_url(r->g, r->pool, "html", vc->id, p->first_at), in_a_line(r->pool, &t.told), t.not_told.len ? "; NOT told: " : "",
               t.not_told.len ? in_a_line(r->pool, &t.not_told) : "");
  return st;
}

enum status publish_alarm(struct run *r, struct vuln_case *vc, const struct publication *p, const char *problem, struct fault *err)
{
  struct tvalue *vars = write_vars(r, vc, r->g->conf->language);
  if (p)
    publish_vars(r->g, r->pool, vars, p, NULL);
  template_put(r->pool, vars, "publication.problem", publish_lines(r->pool, problem));
  tvalue_setb(r->pool, (struct tvalue *)tvalue_get(vars, "publication"), "void", p && p->state == PUBLICATION_CANCELLED);
  return work_alarm(r, vc, "internal/publication-trouble", vars,
                    pool_printf(r->pool, "publication-trouble-%" PRId64 "-%" PRId64, p ? p->id : 0, clock_now(&r->g->clock)), err);
}
