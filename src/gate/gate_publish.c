/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/publish: at its instant. Three steps, each made once more after a crash: the documents are signed, and that is committed; the
 * notices are written and sealed; the site is switched, and the commit right behind it records all that follows: the facts, the end of the
 * embargo, the history, the notices. While the clock is in doubt nothing of it happens. Whether the approval still holds is looked at
 * whenever the case changes. */
#include "gate_publish.h"

#include <embargod/clock.h>
#include <embargod/embargo.h>

#include <sys/timex.h>

#define LOOK_S 60
#define AT_A_TIME 8
#define RETRY_S 60
#define RETRY_MAX_S 3600
#define ALARM_S 86400

/* ---- the clock ---- */
/* What the system says of its own clock, adjtimex(2); where it says nothing it is believed. */
static bool unsynchronised(const struct gate *g)
{
  struct timex t = { 0 };
  if (text_ieq(g->conf->clock_unsynchronised, "ignore"))
    return false;
#ifdef EMBARGOD_FAILPOINTS
  const char *said = getenv("EMBARGOD_TEST_UNSYNCHRONISED"); /* tests say what the system would */
  if (said || clock_is_fake())
    return said && *said == '1';
#endif
  int state = adjtimex(&t);
  return state == TIME_ERROR || (state >= 0 && t.status & STA_UNSYNC);
}

/* ---- trouble ---- */
static void fail(struct run *r, const struct publication *p, const char *why)
{
  struct publication_op op = { .what = PUBLICATION_OP_FAILED, .id = p->id };
  int64_t now = clock_now(&r->g->clock), wait = RETRY_S;
  bool tell = !p->alarmed_at || now >= p->alarmed_at + ALARM_S || now < p->alarmed_at || strcmp(p->last_error, why) != 0;
  for (unsigned i = 1; i < p->tries && wait < RETRY_MAX_S; i++)
    wait *= 2;
  struct fault err = { 0 };
  log_event(&r->g->log, LOG_LEVEL_ERR, "an advisory cannot be published: nothing of it is public, and it is tried again",
            LOG_STR("case", p->case_id), LOG_STR("why", why));
  work_reset(r);
  work_end(r, LETTER_APPLIED, CLASS_NONE, p->case_id, "");
  op.trouble = (struct publication_trouble){ why, now + (wait < RETRY_MAX_S ? wait : RETRY_MAX_S), tell ? now : p->alarmed_at };
  work_publication(r, &op);
  struct vuln_case *vc = NULL;
  enum status st = tell ? store_case_load(r->g->store, r->pool, p->case_id, &vc, &err) : ST_OK;
  if (!st && tell)
    st = publish_alarm(r, vc, p, why, &err);
  if (!st && tell)
    work_event(r, vc, "publication.trouble", "", "Version %u waits: %s.", p->version, why);
  if (st) {
    run_fail(r, &err);
    return;
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

static const struct publication *of_run(const struct run *r)
{
  return r->last_arg;
}

static void last_failed(struct run *r, const char *why)
{
  fail(r, of_run(r), why);
}

/* ---- does the approval still hold? ---- */
static const char *changed_since(struct gate *g, struct pool *pool, const struct vuln_case *vc, const struct publication *p)
{
  struct publish_wish w = { p->what, p->summary, p->planned_at };
  struct publish_documents docs;
  struct fault why = { 0 };
  if ((vc->em == EM_ACTIVE || vc->em == EM_REVISE) && vc->embargo_until > p->planned_at)
    return pool_printf(pool, "the embargo now holds until %s", time_iso(pool, vc->embargo_until));
  if (!text_empty(vc->merged_into))
    return pool_printf(pool, "the case was merged into %s", vc->merged_into);
  enum status st = publish_documents(g, pool, vc, &w, &docs, &why);
  if (st)
    return st == ST_DENIED ? pool_strdup(pool, why.text) : NULL; /* a store in trouble voids nothing */
  if (*docs.lacks)
    return pool_printf(pool, "the advisory lacks now what it cannot do without:\n%s", docs.lacks);
  for (size_t i = 0; i < docs.count; i++)
    if (!bytes_eq(publish_file(p, docs.file[i].name), docs.file[i].body))
      return "the case has changed since, and the documents with it";
  return docs.count < p->file_count - (p->state == PUBLICATION_SIGNED ? 2 : 0) ? "the case has changed since: a document is missing" : NULL;
}

static enum status give_up(struct run *r, struct vuln_case *vc, struct publication *p, const char *why, struct fault *err)
{
  struct publication_op op = { .what = PUBLICATION_OP_CANCEL, .id = p->id, .text = "" };
  work_publication(r, &op);
  work_event(r, vc, "publication.void", "", "Version %u, asked for by %s%s%s, is not published: %s.", p->version, p->by,
             text_empty(p->released_by) ? "" : ", approved by ", p->released_by, why);
  p->state = PUBLICATION_CANCELLED;
  return publish_alarm(r, vc, p, why, err);
}

/* ---- signing ---- */
struct signing {
  struct publication *p;
  struct publication_file file[2]; /* "text.asc", "csaf.asc" */
  unsigned at[2];
};

static void signed_one(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  struct signing *s = (struct signing *)r->last_arg;
  struct publication_file *f = arg;
  struct bytes b = { 0 };
  if (run_answer_ok(r, answer, CRYPT_SEALED, "signing the documents") && wire_get(answer, TAG_BYTES, &b) && b.len)
    f->body = text_to_lf(r->pool, pool_bytes_dup(r->pool, b));
  if (r->waiting)
    return;
  if (r->failed || !s->file[0].body.len || !s->file[1].body.len) {
    fail(r, s->p, r->failed ? pool_strdup(r->pool, r->fault.text) : "embargod-crypt gave no signature back");
    return;
  }
  struct publication *more = pool_new_of(r->pool, struct publication);
  *more = (struct publication){ .file = s->file, .file_count = ARRAY_LEN(s->file) };
  struct publication_op op = { .what = PUBLICATION_OP_SIGNED, .id = s->p->id, .p = more };
  work_publication(r, &op);
  FAILPOINT("publish.signed");
  run_goto(r, RUN_COMMIT);
}

static void sign(struct run *r, struct publication *p)
{
  static const struct {
    const char *from, *to;
    uint16_t how;
  } jobs[] = { { "text", "text.asc", CRYPT_CLEARSIGN }, { "csaf", "csaf.asc", CRYPT_SEAL } };
  struct signing *s = pool_new_of(r->pool, struct signing);
  AUTO(pool_freep) struct pool *pool = pool_new("signing");
  s->p = p;
  r->last_arg = s;
  FAILPOINT("publish.sign");
  for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
    s->file[i].name = jobs[i].to;
  for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
    struct wire_msg *m = wire_new(pool, jobs[i].how, 0);
    wire_put(m, TAG_BYTES, publish_file(p, jobs[i].from));
    wire_puts(m, CRYPT_TAG_SIGNER, r->g->own.fpr);
    if (jobs[i].how == CRYPT_SEAL)
      wire_puti(m, CRYPT_TAG_ENCRYPT, 0);
    run_submit(r, r->g->crypt, m, signed_one, &s->file[i]);
  }
}

/* ---- out ---- */
static void set_tlp(struct run *r, struct vuln_case *vc, const struct publication *p)
{
  if (command_case_tlp(vc) == TLP_CLEAR)
    return;
  work_event(r, vc, "field.tlp", "", "tlp: %s -> CLEAR, with the publication", tlp_name(command_case_tlp(vc)));
  case_set(r->pool, vc, &(struct case_field){ .name = "tlp", .value = "CLEAR", .extra = "", .at = clock_now(&r->g->clock),
                                              .by = text_empty(p->released_by) ? p->by : p->released_by });
}

static enum status set_public(struct run *r, struct vuln_case *vc, const struct publication *p, struct fault *err)
{
  unsigned had = vc->cs;
  char cs[7];
  struct cs_when when = { .at = p->planned_at, .zone = r->g->conf->zone };
  if (had & 1u << CS_PUBLIC_AWARE)
    return ST_OK;
  enum status st = cs_add(had, vc->rm, CS_PUBLIC_AWARE, &vc->cs, err);
  if (!st)
    st = cs_date(vc, had, CS_PUBLIC_AWARE, &when, err);
  if (st)
    return st;
  cs_string(vc->cs, cs);
  work_event(r, vc, "cs.public", "", "public aware since %s, by our advisory, now %s", time_iso(r->pool, vc->cs_at[CS_PUBLIC_AWARE]), cs);
  return ST_OK;
}

/* Those who keep it hear of its end by the publication's own letters. */
static void end_embargo(struct run *r, struct vuln_case *vc)
{
  struct embargo_act a = { .pool = r->pool, .vc = vc, .by = { "", false }, .now = clock_now(&r->g->clock), .zone = r->g->conf->zone };
  struct embargo_change change = { 0 };
  if (embargo_is_over(vc, a.now))
    embargo_end(&a, &change);
  else
    embargo_fact(&a, CS_PUBLIC_AWARE, EMBARGO_ATTACKS_LEAD, false, &change);
  if (!text_empty(change.kind))
    work_event(r, vc, change.kind, "", "%s", change.text);
}

static enum status switch_site(struct run *r, struct fault *err)
{
  const struct publication *p = of_run(r);
  for (size_t i = 0; i < r->work.publication_count; i++)
    if (r->work.publication[i].what == PUBLICATION_OP_OUT)
      return publish_site(r->g, r->pool, p, r->work.publication[i].text, (struct bytes){ 0 }, err);
  return fault(err, ST_BROKEN, "a publication without its entry");
}

static enum status put_out(struct run *r, struct vuln_case *vc, struct publication *p, struct fault *err)
{
  struct publish_wish w = { p->what, p->summary, p->planned_at };
  struct publish_documents docs;
  enum status st = publish_documents(r->g, r->pool, vc, &w, &docs, err);
  if (!st)
    st = set_public(r, vc, p, err);
  if (st)
    return st;
  struct publication_op op = { .what = PUBLICATION_OP_OUT, .id = p->id, .text = publish_entry(r->pool, docs.a, p) };
  set_tlp(r, vc, p);
  end_embargo(r, vc);
  work_case(r, vc);
  work_publication(r, &op);
  st = publish_tell(r, vc, p, docs.a, err);
  r->last_step = switch_site;
  r->last_failed = last_failed;
  r->last_arg = p;
  return st;
}

/* ---- one that is due, or whose case has changed ---- */
static enum status load(struct run *r, struct publication *p, struct vuln_case **vc, struct fault *err)
{
  enum status st = store_publication_load(r->g->store, r->pool, r->publication, p, err);
  if (!st)
    st = store_case_load(r->g->store, r->pool, p->case_id, vc, err);
  if (st == ST_REJECT) { /* erased meanwhile */
    fault_clear(err);
    *vc = NULL;
    st = ST_OK;
  }
  return st;
}

/* The next step of it. */
static enum status step(struct run *r, struct vuln_case *vc, struct publication *p, struct fault *err)
{
  struct gate *g = r->g;
  const char *why = changed_since(g, r->pool, vc, p);
  if (why)
    return give_up(r, vc, p, why, err);
  if (p->planned_at > clock_now(&g->clock) || p->retry_at > clock_now(&g->clock) || gate_clock_held(g)) /* it holds: that was all */
    return ST_OK;
  if (unsynchronised(g)) {
    fail(r, p, "the system says that its clock is not synchronised (clock_unsynchronised in embargod.conf(5))");
    return ST_OK;
  }
  if (p->state == PUBLICATION_APPROVED) {
    sign(r, p);
    return ST_OK;
  }
  return put_out(r, vc, p, err);
}

static void publish_decide(struct run *r)
{
  struct fault err = { 0 };
  struct vuln_case *vc = NULL;
  struct publication *p = pool_new_of(r->pool, struct publication);
  work_reset(r);
  if (!run_claim(r, r->about))
    return;
  work_end(r, LETTER_APPLIED, CLASS_NONE, r->about, "");
  enum status st = load(r, p, &vc, &err);
  bool waits = p->state == PUBLICATION_APPROVED || p->state == PUBLICATION_SIGNED;
  if (!st && vc && waits)
    st = step(r, vc, p, &err);
  if (st) {
    run_fail(r, &err);
    return;
  }
  if (r->stage == RUN_DECIDE && !r->waiting) /* neither a failure nor a signature is under way */
    run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

/* ---- when ---- */
static bool any_in_hand(const struct gate *g)
{
  for (const struct run *r = g->runs; r; r = r->next)
    if (r->decide == publish_decide)
      return true;
  return false;
}

bool gate_publish_in_hand(const struct gate *g, const char *case_id)
{
  return run_in_hand(g, publish_decide, case_id);
}

static void start(struct gate *g, int64_t id, const char *case_id)
{
  struct run *r = run_new_system(g, publish_decide);
  r->about = pool_strdup(r->pool, case_id);
  r->publication = id;
  r->whole = true;
  g->did_something = true;
}

/* One at a time: there is one site. */
static enum status look(struct gate *g, int64_t now, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("publications");
  struct publication p;
  int64_t ids[AT_A_TIME], next = 0;
  size_t n = 0;
  enum status st = store_publication_due(g->store, now, ids, ARRAY_LEN(ids), &n, &next, err);
  if (!st && next && next < g->publish_look_at)
    g->publish_look_at = next;
  if (st || !n)
    return st;
  st = store_publication_load(g->store, pool, ids[0], &p, err);
  if (!st)
    start(g, ids[0], p.case_id);
  return st;
}

void gate_publish_tick(struct gate *g)
{
  struct fault err = { 0 };
  int64_t now = clock_now(&g->clock);
  bool back = now + LOOK_S < g->publish_look_at;
  if (text_empty(g->conf->site_url) || !g->ring_ready || g->stopping || g->broken || g->store_pause > clock_mono(&g->clock) ||
      any_in_hand(g) || publish_site_tick(g))
    return;
  if (gate_clock_held(g) || (now < g->publish_look_at && !back))
    return;
  g->publish_look_at = now + LOOK_S;
  if (look(g, now, &err)) {
    g->publish_look_at = now + LOOK_S;
    log_event(&g->log, LOG_LEVEL_ERR, "publications cannot be looked at", LOG_STR("why", err.text));
  }
}

/* Of a case that has changed: whether the approval still holds is said now, not at the instant. */
static void look_at_case(struct gate *g, const char *id)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("publications");
  struct publication *p = NULL;
  struct fault err = { 0 };
  size_t n = 0;
  if (gate_publish_in_hand(g, id) || store_publication_list(g->store, pool, id, &p, &n, &err))
    return;
  for (size_t i = 0; i < n; i++)
    if (p[i].state == PUBLICATION_APPROVED || p[i].state == PUBLICATION_SIGNED) {
      start(g, p[i].id, id);
      return;
    }
}

void gate_publish_changed_by(struct run *r)
{
  struct gate *g = r->g;
  if (r->work.publication_count)
    g->publish_look_at = 0;
  if (r->decide == publish_decide || text_empty(g->conf->site_url))
    return;
  for (size_t i = 0; i < r->work.vc_count; i++)
    look_at_case(g, r->work.vc[i]->id);
}

/* ---- the store ---- */
enum status publish_write(struct gate *g, const struct work *w, struct fault *err)
{
  enum status st = ST_OK;
  int64_t id;
  for (size_t i = 0; !st && i < w->publication_count; i++) {
    const struct publication_op *o = &w->publication[i];
    st = o->what == PUBLICATION_OP_PUT      ? store_publication_put(g->store, o->p, &id, err)
         : o->what == PUBLICATION_OP_SIGNED ? store_publication_signed(g->store, o->id, o->p->file, o->p->file_count, err)
         : o->what == PUBLICATION_OP_OUT    ? store_publication_out(g->store, o->id, w->end.now, o->text, err)
         : o->what == PUBLICATION_OP_CANCEL ? store_publication_cancel(g->store, o->id, o->text, w->end.now, err)
                                            : store_publication_failed(g->store, o->id, &o->trouble, err);
  }
  return st;
}
