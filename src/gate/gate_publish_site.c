/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/publish: the site as a whole: what is out, in its newest version, and our house. It is there, with an empty list, as soon as
 * site_url is set; it is made anew when what it says of the house changes (the key, an address) and before its security.txt runs out. */
#include "gate_publish.h"

#include <embargod/assess.h>
#include <embargod/file.h>

#include <jansson.h>
#include <stdio.h>

#define META "site-made" /* digest of what it says of the house, and when its security.txt ends */
#define META_TOLD "site-told" /* when the analysts last heard of its trouble */
#define LOOK_S 60
#define ALARM_S 86400
#define SUMMARY_BYTES 300

/* ---- our house ---- */
static struct site_house *house_of(struct gate *g, struct pool *pool)
{
  const struct conf *c = g->conf;
  struct advisory_house house = publish_house(g, pool);
  struct site_house *h = pool_new_of(pool, struct site_house);
  struct site_address *own = pool_new_of(pool, struct site_address);
  *own = (struct site_address){ c->address, g->own.key };
  *h = (struct site_house){ .url = c->site_url, .organisation = c->organisation, .contact = c->address, .space = house.space, .details = house.contact,
                            .policy_url = c->policy_url ? c->policy_url : "", .language = c->language, .fingerprint = g->own.fpr,
                            .key = pool_str(pool, text_to_lf(pool, mail_armored_key(pool, g->own.key))), .address = own, .address_count = 1 };
  return h;
}

static const char *digest_of(struct gate *g, struct pool *pool)
{
  const struct site_house *h = house_of(g, pool);
  unsigned char d[32];
  struct bytes all = bytes_str(pool_printf(pool, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%d\n%s", h->url, h->organisation, h->contact, h->details, h->space,
                                           h->policy_url, h->language, h->fingerprint, h->key, PACKAGE_VERSION, g->conf->security_txt_days,
                                           g->conf->site_dir));
  sha256_digest(d, all);
  return hex_encode(pool, (struct bytes){ (const char *)d, 16 });
}

/* ---- what the lists say of an advisory ---- */
static const char *one_paragraph(struct pool *pool, const char *text)
{
  struct bytes b = bytes_trim(bytes_str(text_clean(pool, bytes_str(text), false)));
  return b.len <= SUMMARY_BYTES ? pool_str(pool, b)
                                : pool_printf(pool, "%s\xe2\x80\xa6", pool_str(pool, bytes_sub(b, 0, utf8_cut(b, SUMMARY_BYTES))));
}

static int score_of(const struct advisory *a)
{
  struct cvss v;
  const char *vector = *a->cvss40 ? a->cvss40 : a->cvss31;
  return *vector && !cvss_parse(bytes_str(vector), &v, NULL) ? cvss_score(&v).overall : -1;
}

char *publish_entry(struct pool *pool, const struct advisory *a, const struct publication *p)
{
  int score = score_of(a);
  json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:i,s:I,s:b}", "title", a->title, "summary",
                        *a->withdrawn ? one_paragraph(pool, pool_printf(pool, "Withdrawn: %s", a->withdrawn))
                                      : one_paragraph(pool, a->description),
                        "cve", a->cve, "severity", score < 0 ? "" : text_lower(pool, cvss_severity(score)), "score", score, "changed",
                        (json_int_t)p->planned_at, "withdrawn", *a->withdrawn != '\0');
  invariant(j);
  char *s = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS), *out = pool_strdup(pool, s);
  free(s);
  json_decref(j);
  return out;
}

static const char *member(struct pool *pool, const json_t *j, const char *key)
{
  const char *s = json_string_value(json_object_get(j, key));
  return pool_strdup(pool, s ? s : "");
}

static struct site_entry entry_of(struct pool *pool, const struct publication *p, const char *entry)
{
  json_t *j = json_loads(entry, 0, NULL);
  struct site_entry e = { .id = p->case_id, .title = member(pool, j, "title"), .summary = member(pool, j, "summary"), .cve = member(pool, j, "cve"),
                          .severity = member(pool, j, "severity"), .score = (int)json_integer_value(json_object_get(j, "score")), .tlp = "CLEAR",
                          .version = pool_printf(pool, "%u", p->version), .first_at = p->first_at,
                          .changed_at = json_integer_value(json_object_get(j, "changed")),
                          .withdrawn = json_is_true(json_object_get(j, "withdrawn")) };
  json_decref(j);
  return e;
}

/* ---- the whole ---- */
struct making {
  struct gate *g;
  struct pool *pool;
  const struct publication *fresh;
  const char *dir;
  bool bodies; /* the tree that is there lacks some: all of them come from the store */
  struct site_entry *entry;
  size_t count;
};

static enum status put_files(struct making *m, struct site_entry *e, const struct publication *p, bool bodies, struct fault *err)
{
  static const char *const names[] = { "html", "text", "text.asc", "csaf", "csaf.asc" };
  struct publication whole = *p;
  struct site_file *file = pool_array(m->pool, ARRAY_LEN(names), sizeof *file);
  enum status st = bodies && !p->file_count ? store_publication_load(m->g->store, m->pool, p->id, &whole, err) : ST_OK;
  for (size_t i = 0; !st && i < ARRAY_LEN(names); i++)
    file[i] = (struct site_file){ publish_path(m->pool, names[i], e->id, e->first_at),
                                  bodies ? publish_file(&whole, names[i]) : (struct bytes){ 0 } };
  e->file = file;
  e->file_count = ARRAY_LEN(names);
  return st;
}

static enum status add(struct making *m, const struct publication *p, const char *entry, struct fault *err)
{
  struct site_entry e = entry_of(m->pool, p, entry);
  enum status st = put_files(m, &e, p, m->bodies || p == m->fresh, err);
  if (st == ST_REJECT) { /* its case was erased, and the tree does not have it any more */
    log_event(&m->g->log, LOG_LEVEL_WARN, "an advisory is left out of the site: its case was erased, and its documents with it",
              LOG_STR("case", p->case_id));
    fault_clear(err);
    return ST_OK;
  }
  m->entry[m->count++] = e;
  return st;
}

static int newest_first(const void *x, const void *y)
{
  const struct site_entry *a = x, *b = y;
  return a->first_at != b->first_at ? (a->first_at < b->first_at) - (a->first_at > b->first_at) : strcmp(b->id, a->id);
}

static int by_case(const void *x, const void *y)
{
  const struct publication *a = *(const struct publication *const *)x, *b = *(const struct publication *const *)y;
  int order = strcmp(a->case_id, b->case_id);
  return order ? order : (a->id < b->id) - (a->id > b->id);
}

/* What is out, of each case the newest version: the later row. */
static size_t newest_of_each(struct making *m, const struct publication *p, size_t count, const struct publication ***out)
{
  const struct publication **list = pool_array(m->pool, count + 1, sizeof *list);
  size_t n = 0, kept = 0;
  for (size_t i = 0; i < count; i++)
    if (p[i].state == PUBLICATION_OUT)
      list[n++] = &p[i];
  qsort(list, n, sizeof *list, by_case);
  for (size_t i = 0; i < n; i++)
    if (!kept || strcmp(list[kept - 1]->case_id, list[i]->case_id) != 0)
      list[kept++] = list[i];
  *out = list;
  return kept;
}

static enum status make(struct making *m, const char *entry, struct bytes security_txt, struct fault *err)
{
  struct publication *p = NULL;
  const struct publication **newest = NULL;
  struct site_written written;
  size_t n = 0;
  enum status st = store_publication_list(m->g->store, m->pool, NULL, &p, &n, err);
  m->entry = pool_array(m->pool, n + 2, sizeof *m->entry);
  m->count = 0;
  n = st ? 0 : newest_of_each(m, p, n, &newest);
  for (size_t i = 0; !st && i < n; i++)
    if (*newest[i]->entry && !(m->fresh && !strcmp(m->fresh->case_id, newest[i]->case_id)))
      st = add(m, newest[i], newest[i]->entry, err);
  if (!st && m->fresh)
    st = add(m, m->fresh, entry, err);
  if (st)
    return st;
  qsort(m->entry, m->count, sizeof *m->entry, newest_first);
  struct site s = { .house = house_of(m->g, m->pool), .entry = m->entry, .entry_count = m->count, .security_txt = security_txt,
                    .now = clock_now(&m->g->clock) };
  st = site_build(m->dir, &s, m->pool, &written, err);
  if (!st)
    log_event(&m->g->log, LOG_LEVEL_NOTICE, "the site is written", LOG_STR("tree", written.tree), LOG_INT("files", written.files),
              LOG_INT("written", written.written), LOG_INT("advisories", (int64_t)m->count));
  return st;
}

enum status publish_site(struct gate *g, struct pool *pool, const struct publication *fresh, const char *entry, struct bytes security_txt,
                         struct fault *err)
{
  struct making m = { .g = g, .pool = pool, .fresh = fresh, .dir = g->conf->site_dir };
  FAILPOINT("publish.site.before");
  enum status st = make(&m, entry, security_txt, err);
  if (st == ST_REJECT) { /* the tree that is there lacks some files */
    fault_clear(err);
    m.bodies = true;
    st = make(&m, entry, security_txt, err);
  }
  FAILPOINT("publish.site.after");
  return st;
}

/* ---- by hand: all from the store, but for security.txt, which the site has signed ---- */
static int build_by_hand(struct gate *g, struct pool *pool, const char *dir, struct buf *out)
{
  struct making m = { .g = g, .pool = pool, .dir = dir, .bodies = true };
  struct bytes security_txt = { 0 };
  struct fault err = { 0 };
  const char *path = pool_printf(pool, "%s/current/.well-known/security.txt", g->conf->site_dir);
  enum status st = !*g->own.fpr ? fault(&err, ST_DENIED, "the daemon makes it: it has our key; start it") : file_read(pool, path, 1 << 20, &security_txt, &err);
  if (!st)
    st = make(&m, NULL, security_txt, &err);
  if (st)
    buf_printf(out, "%s\n", err.text);
  else
    buf_printf(out, "%s is written: %zu advisories\n", dir, m.count);
  return !st ? 0 : st == ST_RETRY ? 75 : 1;
}

int site_verb(struct gate *g, struct pool *pool, int argc, const char *const *argv, struct buf *out)
{
  const char *dir = argc == 3 ? argv[2] : g->conf->site_dir;
  if (argc < 2 || argc > 3 || strcmp(argv[1], "build") != 0 || dir[0] != '/') {
    buf_adds(out, "usage: embargoctl site build [/DIR] | site check [DIR]\n");
    return 64;
  }
  if (text_empty(g->conf->site_url)) {
    buf_adds(out, "site_url is not set: there is no site\n");
    return 1;
  }
  return build_by_hand(g, pool, dir, out);
}

/* ---- made anew ---- */
struct renewal {
  struct bytes security_txt;
  int64_t ends;
};

static enum status switch_site(struct run *r, struct fault *err)
{
  const struct renewal *n = r->last_arg;
  enum status st = publish_site(r->g, r->pool, NULL, NULL, n->security_txt, err);
  if (!st)
    r->g->site_look_at = 0; /* what waits for it goes on */
  return st;
}

/* Once a day: the rest is in the log. */
static void trouble(struct run *r, const char *why)
{
  struct gate *g = r->g;
  struct fault err = { 0 };
  char *value = NULL;
  enum status st = store_meta_get(g->store, r->pool, META_TOLD, &value, &err);
  int64_t now = clock_now(&g->clock), told = value ? strtoll(value, NULL, 10) : 0;
  bool tell = !st && (!told || now >= told + ALARM_S || now < told);
  log_event(&g->log, LOG_LEVEL_ERR, "the site cannot be made: it stays as it is, and is tried again", LOG_STR("why", why));
  work_reset(r);
  work_end(r, LETTER_APPLIED, CLASS_NONE, "", "");
  if (tell && publish_alarm(r, NULL, NULL, why, &err)) {
    run_fail(r, &err);
    return;
  }
  if (tell) {
    r->work.meta = META_TOLD;
    r->work.meta_value = pool_printf(r->pool, "%" PRId64, now);
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

static void signed_text(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  struct renewal *n = arg;
  if (!run_answer_ok(r, answer, CRYPT_SEALED, "security.txt") || !wire_get(answer, TAG_BYTES, &n->security_txt) || !n->security_txt.len) {
    trouble(r, r->failed ? pool_strdup(r->pool, r->fault.text) : "security.txt: embargod-crypt gave nothing back");
    return;
  }
  n->security_txt = text_to_lf(r->pool, pool_bytes_dup(r->pool, n->security_txt));
  r->work.meta = META;
  r->work.meta_value = pool_printf(r->pool, "%s %" PRId64, digest_of(r->g, r->pool), n->ends);
  r->last_step = switch_site;
  r->last_failed = trouble;
  r->last_arg = n;
  run_goto(r, RUN_COMMIT);
}

static void renew_decide(struct run *r)
{
  struct gate *g = r->g;
  struct renewal *n = pool_new_of(r->pool, struct renewal);
  work_reset(r);
  work_end(r, LETTER_APPLIED, CLASS_NONE, "", "");
  if (gate_clock_held(g)) { /* it would say a wrong date */
    run_goto(r, RUN_COMMIT);
    return;
  }
  n->ends = clock_now(&g->clock) + (int64_t)g->conf->security_txt_days * 86400;
  AUTO(pool_freep) struct pool *pool = pool_new("security.txt");
  struct wire_msg *m = wire_new(pool, CRYPT_CLEARSIGN, 0);
  wire_put(m, TAG_BYTES, site_security_txt(pool, house_of(g, pool), n->ends));
  wire_puts(m, CRYPT_TAG_SIGNER, g->own.fpr);
  run_submit(r, g->crypt, m, signed_text, n);
}

static enum status is_due(struct gate *g, struct pool *pool, bool *due, struct fault *err)
{
  char *value = NULL;
  int64_t now = clock_now(&g->clock), third = (int64_t)g->conf->security_txt_days * 86400 / 3;
  enum status st = store_meta_get(g->store, pool, META, &value, err);
  const char *end = value ? strchr(value, ' ') : NULL;
  *due = !st && (!end || strlen(digest_of(g, pool)) != (size_t)(end - value) || strncmp(value, digest_of(g, pool), (size_t)(end - value)) != 0 ||
                 strtoll(end + 1, NULL, 10) - now < third || !file_exists(pool_printf(pool, "%s/current/.well-known/security.txt", g->conf->site_dir)));
  return st;
}

static bool in_hand(const struct gate *g)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->decide == renew_decide)
      return true;
  return false;
}

bool publish_site_tick(struct gate *g)
{
  AUTO(pool_freep) struct pool *pool = pool_new("site");
  struct fault err = { 0 };
  bool due = false;
  if (in_hand(g))
    return true;
  if (g->site_look_at > clock_mono(&g->clock))
    return g->site_due;
  g->site_look_at = clock_mono(&g->clock) + (int64_t)LOOK_S * 1000;
  if (is_due(g, pool, &due, &err)) {
    log_event(&g->log, LOG_LEVEL_ERR, "the site cannot be looked at", LOG_STR("why", err.text));
    return true;
  }
  g->site_due = due;
  if (!due)
    return false;
  run_new_system(g, renew_decide)->whole = true;
  g->did_something = true;
  return true;
}
