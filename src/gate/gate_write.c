/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: letters are written here: template and variables -> draft -> the content that will be signed. */
#include "gate_private.h"

#define THREAD_IDS 20

/* 80 bits over case and recipient: what makes a quoted Ref line of ours tell from a forged one. */
char *write_tag(struct gate *g, struct pool *pool, const char *case_id, const char *recipient)
{
  unsigned char mac[SECRET_DIGEST_LEN];
  struct bytes part[] = { bytes_str(case_id), bytes_str(text_lower(pool, recipient)) };
  secret_digest_parts(mac, store_subkey(g->store, "tag"), part, ARRAY_LEN(part));
  return base32_encode(pool, (struct bytes){ (const char *)mac, 10 });
}

bool analyst_gets_case(const struct conf_analyst *a, const struct vuln_case *vc)
{
  return a->duty || case_has_member(vc, a->name, MEMBER_ASSIGNEE) || case_has_member(vc, a->name, MEMBER_WATCHER);
}

struct tvalue *write_vars(struct run *r, struct vuln_case *vc, const char *language)
{
  struct gate *g = r->g;
  struct tvalue *v = template_case_vars(r->pool, vc, g->conf, clock_now(&g->clock), language);
  tvalue_sets(r->pool, v, "key_fpr", pgp_fpr_pretty(r->pool, g->own.fpr));
  tvalue_sets(r->pool, v, "key_expires", template_date(r->pool, g->own.expires));
  return v;
}

/* The same letter of the same run always gets the same id: a rerun after a crash is recognisable. */
static char *message_id(struct run *r, const struct letter_spec *s)
{
  unsigned char digest[SECRET_DIGEST_LEN];
  struct bytes part[] = { bytes_str(pool_printf(r->pool, "%" PRId64, r->in.id)), bytes_str(s->vc ? s->vc->id : ""),
                          bytes_str(s->kind), bytes_str(s->to_address), bytes_str(s->serial ? s->serial : "") };
  secret_digest_parts(digest, store_subkey(r->g->store, "message-id"), part, ARRAY_LEN(part));
  return mail_message_id(r->pool, digest, conf_domain(r->g->conf));
}

static enum status thread(struct run *r, const struct letter_spec *s, struct mail_draft *d, struct fault *err)
{
  char **ids = NULL;
  size_t n = 0;
  enum status st = ST_OK;
  int64_t party = s->party.vc ? s->party.vc->party[s->party.index].id : 0;
  if (s->vc && *s->vc->id && (party || !s->party.vc))
    st = store_thread_ids(r->g->store, r->pool, s->vc->id, party, THREAD_IDS, &ids, &n, err);
  if (st == ST_REJECT) { /* the case is not saved yet */
    n = 0;
    st = ST_OK;
  }
  const char **refs = pool_array(r->pool, n + 2, sizeof *refs);
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    if (!s->thread_for || strcmp(ids[i], s->thread_for))
      refs[count++] = ids[i];
  if (!text_empty(s->thread_for))
    refs[count++] = s->thread_for;
  d->references = count ? refs : NULL;
  d->in_reply_to = count ? refs[count - 1] : NULL;
  return st;
}

/* How a letter addresses them: a stakeholder's name in the configuration is a word for commands, and no name. */
static const char *salutation(const struct run *r, const struct letter_spec *s)
{
  const struct party *p = s->party.vc ? &s->party.vc->party[s->party.index] : NULL;
  if (!p || text_empty(p->stakeholder))
    return s->to_name ? s->to_name : "";
  const struct conf_stakeholder *known = conf_stakeholder_by_name(r->g->conf, p->stakeholder);
  return known ? known->title : "";
}

static void put_reference(struct run *r, const struct letter_spec *s, struct tvalue *vars)
{
  const char *id = s->vc ? s->vc->id : "";
  const char *tag = *id ? write_tag(r->g, r->pool, id, s->to_address) : "";
  tvalue_sets(r->pool, vars, "reference_line", mail_ref_line(r->pool, id, tag));
  struct tvalue *to = tvalue_object(r->pool);
  tvalue_sets(r->pool, to, "name", salutation(r, s));
  tvalue_sets(r->pool, to, "address", s->to_address);
  tvalue_set(r->pool, vars, "recipient", to);
  tvalue_setb(r->pool, vars, "encrypted", s->encrypt);
}

static struct mail_draft draft_of(struct run *r, const struct letter_spec *s, const struct template_letter *t)
{
  const struct conf *c = r->g->conf;
  const char *id = s->vc && *s->vc->id ? s->vc->id : NULL;
  const char *subject = s->subject ? s->subject : t->subject;
  struct mail_draft d = {
    .from = { c->organisation, c->address },
    .to = { s->to_name, s->to_address },
    .subject = subject,
    .outer_subject = id ? pool_printf(r->pool, "[%s] ...", id) : "...",
    .case_id = id,
    .auto_submitted = s->auto_submitted,
    .date = clock_now(&r->g->clock),
    .text = t->text,
    .attachment = s->attachment,
    .attachment_count = s->attachment_count,
    .autocrypt_key = r->g->own.key,
    .attach_key = s->attach_key,
    .language = s->language ? s->language : c->language,
  };
  /* From stays plain (key look-up, Autocrypt); a party without a key is led back by a plus address. */
  if (c->plus_addressing && s->party.vc && text_empty(s->fingerprint))
    d.reply_to = mail_plus_address(r->pool, c->address, s->party.vc->party[s->party.index].token);
  return d;
}

enum status write_letter(struct run *r, const struct letter_spec *s, struct tvalue *vars, struct outgoing **out,
                         char ***missing, struct fault *err)
{
  struct template_letter t;
  const char *language = s->language ? s->language : r->g->conf->language;
  char **lacking = NULL;
  put_reference(r, s, vars);
  enum status st = template_letter(r->pool, r->g->templates, s->template_name, language, vars, &t, &lacking, err);
  if (missing)
    *missing = lacking;
  if (st)
    return fault_add(err, "template %s", s->template_name);
  struct outgoing *o = pool_new_of(r->pool, struct outgoing);
  *o = (struct outgoing){ .kind = s->kind,
                          .vc = s->vc,
                          .party = s->party,
                          .to_name = s->to_name,
                          .encrypt = s->encrypt,
                          .fingerprint = s->fingerprint ? s->fingerprint : "",
                          .key = s->key };
  o->draft = draft_of(r, s, &t);
  o->draft.message_id = message_id(r, s);
  st = thread(r, s, &o->draft, err);
  if (st)
    return st;
  o->late = s->late;
  if (!o->late)
    o->content = mail_compose_content(r->pool, &o->draft, o->encrypt);
  if (s->vc) {
    o->copy_subject = o->draft.subject;
    o->copy_text = t.text;
  }
  *out = o;
  return ST_OK;
}

/* Always to the registered address, always encrypted: to an analyst nothing leaves in clear (a stub holds nothing). */
enum status write_to_analyst(struct run *r, const struct conf_analyst *a, struct letter_spec *s, struct tvalue *vars,
                             struct outgoing **out, struct fault *err)
{
  const struct analyst_key *k = gate_analyst_key(r->g, a);
  s->to_name = a->name;
  s->to_address = a->address;
  s->language = a->language;
  s->encrypt = true;
  s->fingerprint = a->fingerprint;
  s->party = (struct party_ref){ 0 };
  enum status st = write_letter(r, s, vars, out, NULL, err);
  if (!st && !k->usable) {
    (*out)->sealed = ST_REJECT;
    (*out)->failure = k->problem ? k->problem : "no usable key";
  }
  return st;
}
