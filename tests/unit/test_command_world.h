/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configuration, two cases and three analysts for the tests of the command language; what a plan holds, as text. */
#ifndef TEST_COMMAND_WORLD_H
#define TEST_COMMAND_WORLD_H
#include <embargod/command.h>
#include <embargod/text.h>
#include <string.h>

#define NOW INT64_C(1800000000)
#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"
#define MARKER "-- write above this line --"

/* One mail and the world that it comes into; zero is the usual. */
struct scene {
  const char *who;  /* NULL: alice, a lead analyst; bob is none, olga an observer */
  enum rm_state rm; /* 0: Received */
  const char *reply_clear, *tlp, *prefix, *attacks;
  bool no_reporter, no_key, clear_ok, spam, merged, unbound, signed_only, no_templates;
  const char *attached; /* address of a key that is attached to the mail */
  int gate_reply, gate_notify;
  int gate_publish;       /* 0: two persons; -1: none */
  bool no_site, no_embargo;
  enum rm_state other_rm; /* of the second case; 0: as rm */
  const char *other_cve;  /* its CVE id */
  bool same_sender;       /* rosa reported both; else sam@y.org the second */
};

static const char *customers[] = { "customers", NULL };
static struct conf_analyst test_analyst[] = {
  { .name = "alice", .address = "alice@psirt.example", .lead = true },
  { .name = "bob", .address = "bob@psirt.example" },
  { .name = "olga", .address = "olga@psirt.example", .observer = true },
};
static struct conf_stakeholder test_stakeholder[] = {
  { .name = "fda",
    .address = "cyber@fda.example",
    .kind = "regulator",
    .fingerprint = "F1",
    .clearance = TLP_AMBER_STRICT },
  { .name = "cisa", .address = "v@cisa.example", .kind = "coordinator", .fingerprint = "F2", .clearance = TLP_RED },
  { .name = "h-isac", .address = "i@isac.example", .kind = "isac", .fingerprint = "F3", .clearance = TLP_GREEN },
  { .name = "clinic-a",
    .address = "a@c.example",
    .kind = "customer",
    .fingerprint = "F4",
    .clearance = TLP_AMBER,
    .groups = customers },
  { .name = "clinic-b",
    .address = "b@c.example",
    .kind = "customer",
    .key_file = "b.asc",
    .clearance = TLP_AMBER,
    .groups = customers,
    .template_name = "clinic" },
  { .name = "keyless", .address = "k@c.example", .kind = "customer", .clearance = TLP_RED },
  { .name = "open", .address = "o@c.example", .kind = "customer", .clearance = TLP_RED, .clear_allowed = true },
  { .name = "odd", .address = "x@c.example", .kind = "other", .fingerprint = "F9", .clearance = TLP_RED },
};
static struct due_deadline test_due[] = { { .name = "fda-806", .met_by = { "filed:fda-806" }, .met_by_count = 1 },
                                          { .name = "status-update" } };
static struct conf_product test_product[] = { { .name = "Infusion Pump" },
                                              { .name = "Infusion Pump XL" },
                                              { .name = "Monitor" } };

static const char *const test_forms[] = { "fda-806", "vince", NULL };
static const char *const test_replies[] = { "plain", "fixed", NULL };
static const char *const test_notices[] = { "fda", "cisa", NULL };
static const char *const test_answers[] = { "member-states", "udi", NULL };

static bool known_template(void *self, const char *name)
{
  static const char *const known[] = { "reply/plain",  "reply/fixed",      "notices/fda",    "notices/cisa",
                                       "notices/isac", "notices/customer", "notices/clinic", "notices/supplier" };
  for (size_t i = 0; i < ARRAY_LEN(known) && !*(bool *)self; i++)
    if (strcmp(known[i], name) == 0)
      return true;
  return false;
}

static const char *case_of_cve(void *self, const char *cve)
{
  (void)self;
  return strcmp(cve, "CVE-2026-7777") == 0 ? "EMB-2026-0009" : NULL;
}

/* Letters 5 and 6 of the first case, 7 of the second, 8 without a sender, 9 of a case that is not here. */
static bool letter_by_number(void *self, int64_t id, struct command_letter *out)
{
  static const struct command_letter letter[] = {
    { .id = 5,
      .party = 11,
      .at = NOW - 900,
      .case_id = "EMB-2026-0001",
      .subject = "s",
      .text = "t",
      .protection = "encrypted" },
    { .id = 6, .party = 11, .at = NOW - 800, .case_id = "EMB-2026-0001", .others = 1, .in_clear = true },
    { .id = 7, .party = 12, .at = NOW - 700, .case_id = "EMB-2026-0002" },
    { .id = 8, .at = NOW - 600, .case_id = "EMB-2026-0001" },
    { .id = 9, .party = 13, .at = NOW - 600, .case_id = "EMB-2026-0009" },
  };
  (void)self;
  for (size_t i = 0; i < ARRAY_LEN(letter); i++)
    if (letter[i].id == id) {
      *out = letter[i];
      return true;
    }
  return false;
}

/* What makes the second case another one. */
static void other_case_of(struct pool *pool, const struct scene *s, struct vuln_case *vc)
{
  if (vc->party_count) {
    vc->party[0].id = 12;
    vc->party[0].token = "tok2";
    vc->party[0].address = s->same_sender ? "Rosa@x.org" : "sam@y.org";
  }
  vc->rm = s->other_rm ? s->other_rm : vc->rm;
  if (s->other_cve)
    case_set(pool, vc, &(struct case_field){ .name = "cve", .value = s->other_cve });
}

static struct vuln_case *test_case(struct pool *pool, const struct scene *s, const char *id)
{
  struct case_report r = { .subject = "Old title",
                           .from_name = "Rosa",
                           .from_address = s->no_reporter ? "" : "rosa@x.org",
                           .fingerprint = s->no_key ? "" : "AA",
                           .token = "tok",
                           .received_at = NOW - 1000 };
  struct vuln_case *vc = case_open(pool, &r, s->no_embargo ? 0 : 90);
  vc->id = id;
  vc->rm = s->rm ? s->rm : RM_RECEIVED;
  if (vc->party_count)
    vc->party[0].id = 11;
  vc->closed_at = vc->rm == RM_CLOSED ? NOW - 10 : 0;
  vc->spam = s->spam;
  vc->reporter_clear_ok = s->clear_ok;
  vc->merged_into = s->merged ? "EMB-2026-0009" : "";
  if (s->tlp)
    case_set(pool, vc, &(struct case_field){ .name = "tlp", .value = s->tlp });
  return vc;
}

/* Parses and runs; *before holds the cases as they were, which must never change. */
static struct plan *run_mail(struct pool *pool, const struct scene *s, const char *text, struct vuln_case **before)
{
  struct conf *c = pool_new_of(pool, struct conf);
  *c = (struct conf){ .address = "security@psirt.example",
                      .due = test_due,
                      .due_count = ARRAY_LEN(test_due),
                      .case_prefix = "EMB",
                      .embargo_days = 90,
                      .embargo_notice_h = 24,
                      .attacks_end_embargo = s->attacks,
                      .clinical = clinical_matrix_default(),
                      .reply_clear = s->reply_clear ? s->reply_clear : "lead",
                      .gate_reply = s->gate_reply,
                      .gate_notify = s->gate_notify,
                      .gate_publish = s->gate_publish < 0 ? 0 : s->gate_publish ? s->gate_publish : 2,
                      .site_url = s->no_site ? "" : "https://security.psirt.example",
                      .invite_clearance = TLP_AMBER,
                      .analyst = test_analyst,
                      .analyst_count = ARRAY_LEN(test_analyst),
                      .stakeholder = test_stakeholder,
                      .stakeholder_count = ARRAY_LEN(test_stakeholder),
                      .product = test_product,
                      .product_count = ARRAY_LEN(test_product) };
  struct vuln_case **cases = pool_array(pool, 2, sizeof *cases);
  cases[0] = test_case(pool, s, "EMB-2026-0001");
  cases[1] = test_case(pool, s, "EMB-2026-0002");
  other_case_of(pool, s, cases[1]);
  *before = cases[0];
  bool no_templates = s->no_templates;
  const char **address = pool_array(pool, 1, sizeof *address);
  struct command_key *key = pool_new_of(pool, struct command_key);
  address[0] = s->attached;
  *key = (struct command_key){ .fingerprint = FPR, .address = address, .address_count = 1 };
  struct command_world w = { .conf = c,
                             .analyst = conf_analyst_by_name(c, s->who ? s->who : "alice"),
                             .cases = cases,
                             .case_count = 2,
                             .bound = !s->unbound,
                             .next_id = "EMB-2026-0003",
                             .now = NOW,
                             .encrypted = !s->signed_only,
                             .token = "fresh",
                             .attached = key,
                             .attached_count = s->attached != NULL,
                             .template_known = known_template,
                             .forms = test_forms,
                             .replies = test_replies,
                             .notices = test_notices,
                             .answers = test_answers,
                             .case_of_cve = case_of_cve,
                             .letter = letter_by_number,
                             .self = &no_templates };
  struct command_mail *m = pool_new_of(pool, struct command_mail);
  struct plan *plan = pool_new_of(pool, struct plan);
  command_parse(pool, &(struct command_source){ text, "", "", MARKER }, m);
  command_run(pool, &w, m, plan);
  return plan;
}

/* "ok: reason" a line for each command, then "note: ..." */
static inline const char *results_text(struct pool *pool, const struct plan *p)
{
  struct buf b = buf_new(pool, 400);
  for (size_t i = 0; i < COMMAND_MAX && p->result[i].reason; i++)
    buf_printf(&b, "%s%s: %s", b.len ? "\n" : "",
               p->result[i].status == ST_OK       ? "ok"
               : p->result[i].status == ST_REJECT ? "reject"
               : p->result[i].status == ST_DENIED ? "denied"
                                                  : "OTHER",
               p->result[i].reason);
  if (p->note.reason && p->note.reason[0])
    buf_printf(&b, "%snote: %s", b.len ? "\n" : "", p->note.reason);
  return buf_str(&b);
}

/* One line for each effect. */
static inline const char *effects_text(struct pool *pool, const struct plan *p)
{
  static const char *const kind[] = { "?",    "event",   "letter", "NOTE",  "answer", "KEY",
                                      "SPAM", "APPROVE", "CANCEL", "EMBARGO", "MERGE", "MOVE", "COPY",
                                      "PUBLISH" };
  struct buf b = buf_new(pool, 400);
  for (size_t i = 0; i < p->effect_count; i++) {
    const struct effect *e = &p->effect[i];
    buf_printf(&b, "%s%s", b.len ? "\n" : "", kind[e->kind]);
    if (e->kind == EFFECT_LETTER)
      buf_printf(&b, " to %d %s %s gate %d%s", e->to, e->to_name, e->template_name, e->gate,
                 e->preview_only ? " preview" : "");
    if (e->kind == EFFECT_LETTER && e->party)
      buf_printf(&b, " party %zu", e->party);
    if (e->kind == EFFECT_MERGE || e->kind == EFFECT_MOVE || e->kind == EFFECT_COPY)
      buf_printf(&b, " %s to %s", p->vc[e->vc]->id, p->vc[e->to_vc]->id);
    if (e->kind == EFFECT_MOVE || e->kind == EFFECT_COPY)
      buf_printf(&b, " party %zu letter %" PRId64 "%s", e->place, e->letter.id, e->thread ? " thread" : "");
    if (e->kind == EFFECT_ANSWER)
      buf_printf(&b, " %d", e->answer);
    if (e->embargo)
      buf_printf(&b, " %s%s", embargo_what_name(e->embargo->what), e->preview_only ? " preview" : "");
    if (e->kind == EFFECT_PUBLISH)
      buf_printf(&b, " gate %d at %s%s", e->gate, e->at ? time_iso(pool, e->at) : "once", e->preview_only ? " preview" : "");
    if (e->what[0])
      buf_printf(&b, " %s", e->what);
    if (e->args[0])
      buf_printf(&b, " <%s>", e->args);
    if (e->text[0] && e->answer != ANSWER_HELP)
      buf_printf(&b, " [%s]", e->text);
  }
  return buf_str(&b);
}

static inline bool is_active_reporter(const struct party *p)
{
  return !p->removed && p->role == PARTY_REPORTER;
}

/* The reporters, when they are several; those who are new have no row yet. */
static inline void parties_text(struct buf *b, const struct vuln_case *vc)
{
  size_t active = 0;
  for (size_t i = 0; i < vc->party_count; i++)
    active += is_active_reporter(&vc->party[i]);
  for (size_t i = 0; active > 1 && i < vc->party_count; i++)
    if (is_active_reporter(&vc->party[i]))
      buf_printf(b, " <%s%s>", vc->party[i].address, vc->party[i].id ? "" : ", new");
}

/* The cases that changed: id, states, reporters, members, fields. */
static inline const char *cases_text(struct pool *pool, const struct plan *p)
{
  struct buf b = buf_new(pool, 400);
  for (size_t i = 0; i < p->vc_count; i++) {
    const struct vuln_case *vc = p->vc[i];
    if (!p->vc_changed[i])
      continue;
    buf_printf(&b, "%s%s %s", b.len ? "\n" : "", vc->id, rm_state_name(vc->rm));
    buf_printf(&b, "%s%s", vc->spam ? " spam" : "", vc->closed_at ? " closed" : "");
    if (vc->em == EM_EXITED || vc->em == EM_REVISE)
      buf_printf(&b, " embargo=%s/%s/%s", em_state_name(vc->em), time_iso(pool, vc->embargo_until),
                 vc->embargo_proposed ? time_iso(pool, vc->embargo_proposed) : "-");
    buf_printf(&b, "%s%s", text_empty(vc->merged_into) ? "" : " merged into ", vc->merged_into);
    parties_text(&b, vc);
    for (size_t k = 0; k < vc->member_count; k++)
      buf_printf(&b, " %s%s", vc->member[k].role == MEMBER_WATCHER ? "~" : "+", vc->member[k].analyst);
    for (size_t k = 0; k < vc->field_count; k++)
      buf_printf(&b, " %s=%s%s%s", vc->field[k].name, vc->field[k].value, vc->field[k].extra[0] ? "/" : "",
                 vc->field[k].extra);
  }
  return buf_str(&b);
}
#endif
