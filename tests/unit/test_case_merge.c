/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Merging two cases: states, dates, people, fields; what is refused. */
#include <config.h>
#include <check.h>
#include <embargod/case.h>
#include <embargod/text.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1000
static struct pool *pool;
static struct vuln_case *a, *b;
static struct case_merging said;
static struct fault err;

static struct vuln_case *one(const char *id, const char *address, int64_t at)
{
  struct case_report r = {
    .subject = id, .from_address = address, .token = pool_printf(pool, "token of %s", address), .received_at = at
  };
  struct vuln_case *vc = case_open(pool, &r, 0);
  vc->id = id;
  for (size_t i = 0; i < vc->party_count; i++)
    vc->party[i].id = at;
  return vc;
}

static void up(void)
{
  pool = pool_new("t");
  err = (struct fault){ 0 };
  a = one("EMB-2026-0001", "rosa@x.org", 100);
  b = one("EMB-2026-0002", "sam@y.org", 200);
}

static void down(void)
{
  pool_free(&pool);
}

static void merged(void)
{
  ck_assert_msg(case_merge(pool, a, b, NOW, &said, &err) == ST_OK, "%s", err.text);
  ck_assert_str_eq(b->merged_into, a->id);
  ck_assert(!case_is_open(b));
}

static void field(struct vuln_case *vc, const char *name, const char *value)
{
  case_set(pool, vc, &(struct case_field){ .name = name, .value = value, .extra = "", .by = "x" });
}

/* ---- embargo: every pair of states, with dates ---- */
struct em {
  enum em_state em;
  int64_t until, proposed;
};
static void embargo(struct vuln_case *vc, struct em e)
{
  vc->em = e.em;
  vc->embargo_until = e.until;
  vc->embargo_proposed = e.proposed;
}

START_TEST(the_earliest_embargo_wins)
{
  static const struct {
    struct em a, b, want;
  } row[] = {
    { { EM_NONE, 0, 0 }, { EM_NONE, 0, 0 }, { EM_NONE, 0, 0 } },
    { { EM_NONE, 0, 0 }, { EM_PROPOSED, 0, 7000 }, { EM_PROPOSED, 0, 7000 } },
    { { EM_NONE, 0, 0 }, { EM_ACTIVE, 5000, 0 }, { EM_ACTIVE, 5000, 0 } },
    { { EM_NONE, 0, 0 }, { EM_REVISE, 5000, 7000 }, { EM_REVISE, 5000, 7000 } },
    { { EM_NONE, 0, 0 }, { EM_EXITED, 900, 0 }, { EM_EXITED, 900, 0 } },
    { { EM_PROPOSED, 0, 8000 }, { EM_PROPOSED, 0, 7000 }, { EM_PROPOSED, 0, 7000 } },
    { { EM_PROPOSED, 0, 8000 }, { EM_ACTIVE, 5000, 0 }, { EM_REVISE, 5000, 8000 } },
    { { EM_PROPOSED, 0, 5000 }, { EM_ACTIVE, 5000, 0 }, { EM_ACTIVE, 5000, 0 } },
    { { EM_PROPOSED, 0, 3000 }, { EM_ACTIVE, 5000, 0 }, { EM_REVISE, 3000, 5000 } }, /* the shortest holds at once */
    { { EM_PROPOSED, 0, 8000 }, { EM_REVISE, 5000, 7000 }, { EM_REVISE, 5000, 7000 } },
    { { EM_PROPOSED, 0, 8000 }, { EM_EXITED, 900, 0 }, { EM_EXITED, 900, 0 } },
    { { EM_ACTIVE, 6000, 0 }, { EM_ACTIVE, 5000, 0 }, { EM_ACTIVE, 5000, 0 } },
    { { EM_ACTIVE, 6000, 0 }, { EM_REVISE, 5000, 7000 }, { EM_REVISE, 5000, 7000 } },
    { { EM_ACTIVE, 6000, 0 }, { EM_EXITED, 900, 0 }, { EM_EXITED, 900, 0 } },
    { { EM_REVISE, 5000, 9000 }, { EM_REVISE, 6000, 7000 }, { EM_REVISE, 5000, 7000 } },
    { { EM_REVISE, 5000, 9000 }, { EM_EXITED, 900, 0 }, { EM_EXITED, 900, 0 } },
    { { EM_EXITED, 800, 0 }, { EM_EXITED, 900, 0 }, { EM_EXITED, 800, 0 } },
  };
  for (size_t i = 0; i < 2 * ARRAY_LEN(row); i++) { /* either way round */
    up();
    embargo(a, i % 2 ? row[i / 2].b : row[i / 2].a);
    embargo(b, i % 2 ? row[i / 2].a : row[i / 2].b);
    struct em want = row[i / 2].want;
    merged();
    ck_assert_msg(a->em == want.em && a->embargo_until == want.until && a->embargo_proposed == want.proposed,
                  "row %zu: %s %d %d", i / 2, em_state_name(a->em), (int)a->embargo_until, (int)a->embargo_proposed);
    down();
  }
  up();
}
END_TEST

START_TEST(what_is_public_has_no_embargo)
{
  embargo(a, (struct em){ EM_ACTIVE, 5000, 0 });
  b->cs |= 1u << CS_PUBLIC_AWARE;
  b->cs_at[CS_PUBLIC_AWARE] = 700;
  merged();
  ck_assert(a->em == EM_EXITED && a->embargo_until == NOW && a->cs_at[CS_PUBLIC_AWARE] == 700);
  down(), up();
  embargo(a, (struct em){ EM_PROPOSED, 0, 5000 });
  b->cs |= 1u << CS_EXPLOIT_PUBLIC;
  merged();
  ck_assert(a->em == EM_NONE && a->embargo_until == 0 && a->embargo_proposed == 0);
}
END_TEST

/* ---- report and facts ---- */
START_TEST(the_report_is_as_far_as_either)
{
  static const enum rm_state want[6][6] = {
    /* Received, Invalid, Valid, Accepted, Deferred of ours; theirs across */
    [RM_RECEIVED] = { 0, RM_RECEIVED, RM_RECEIVED, RM_VALID, RM_ACCEPTED, RM_DEFERRED },
    [RM_INVALID] = { 0, RM_INVALID, RM_INVALID, RM_VALID, RM_ACCEPTED, RM_DEFERRED },
    [RM_VALID] = { 0, RM_VALID, RM_VALID, RM_VALID, RM_ACCEPTED, RM_VALID },
    [RM_ACCEPTED] = { 0, RM_ACCEPTED, RM_ACCEPTED, RM_ACCEPTED, RM_ACCEPTED, RM_ACCEPTED },
    [RM_DEFERRED] = { 0, RM_DEFERRED, RM_DEFERRED, RM_DEFERRED, RM_ACCEPTED, RM_DEFERRED },
  };
  for (enum rm_state i = RM_RECEIVED; i <= RM_DEFERRED; i++)
    for (enum rm_state k = RM_RECEIVED; k <= RM_DEFERRED; k++) {
      down(), up();
      a->rm = i;
      b->rm = k;
      merged();
      ck_assert_msg(a->rm == want[i][k], "%s with %s: %s", rm_state_name(i), rm_state_name(k), rm_state_name(a->rm));
      ck_assert_int_eq(b->rm, k);
    }
}
END_TEST

START_TEST(the_earliest_dates_hold)
{
  a->cs |= 1u << CS_ATTACKS;
  a->cs_at[CS_ATTACKS] = 500;
  b->cs |= 1u << CS_ATTACKS | 1u << CS_FIX_READY;
  b->cs_at[CS_ATTACKS] = 400;
  b->cs_at[CS_FIX_READY] = 300;
  b->rm = RM_ACCEPTED;
  b->opened_at = b->cs_at[CS_VENDOR_AWARE] = 50;
  a->last_contact_at = 900;
  b->last_contact_at = 800;
  a->first_answer_at = 850;
  b->first_answer_at = 840;
  merged();
  char cs[7];
  cs_string(a->cs, cs);
  ck_assert_str_eq(cs, "VFdpxA");
  ck_assert(a->cs_at[CS_ATTACKS] == 400 && a->cs_at[CS_FIX_READY] == 300 && a->cs_at[CS_VENDOR_AWARE] == 50);
  ck_assert(a->opened_at == 50 && a->last_contact_at == 800 && a->first_answer_at == 840);
}
END_TEST

START_TEST(a_reporter_who_waits_for_an_answer_goes_on_waiting)
{
  a->first_answer_at = 850;
  merged();
  ck_assert_int_eq(a->first_answer_at, 0);
  down(), up();
  a->first_answer_at = 850;
  b->party_count = 0; /* by phone, of nobody */
  merged();
  ck_assert_int_eq(a->first_answer_at, 850);
}
END_TEST

/* ---- people ---- */
START_TEST(parties_keep_row_and_token)
{
  case_add_party(pool, b,
                 &(struct party){ .role = PARTY_REPORTER, .address = "Rosa@x.org", .token = "second", .id = 7 });
  case_add_party(
      pool, b,
      &(struct party){ .role = PARTY_SUPPLIER, .address = "s@z.org", .token = "third", .id = 8, .removed = true });
  (void)case_add_member(pool, a, "alice", MEMBER_ASSIGNEE);
  (void)case_add_member(pool, b, "alice", MEMBER_ASSIGNEE);
  (void)case_add_member(pool, b, "bob", MEMBER_WATCHER);
  merged();
  static const int64_t id[] = { 100, 200, 7, 8 };
  ck_assert_uint_eq(a->party_count, ARRAY_LEN(id));
  ck_assert_uint_eq(b->party_count, 0);
  for (size_t i = 0; i < ARRAY_LEN(id); i++)
    ck_assert_int_eq(a->party[i].id, id[i]);
  ck_assert_str_eq(a->party[1].token, "token of sam@y.org");
  ck_assert(a->party[3].removed); /* who was removed stays so */
  ck_assert_uint_eq(a->member_count, 2);
  ck_assert(case_has_member(a, "alice", MEMBER_ASSIGNEE) && case_has_member(a, "bob", MEMBER_WATCHER));
}
END_TEST

START_TEST(nobody_is_written_to_in_clear_who_was_not_allowed)
{
  static const struct {
    bool a_ok, b_ok, b_key, want;
  } row[] = { { false, false, false, false }, { true, false, false, false }, { false, true, false, false },
              { true, true, false, true },    { true, false, true, true },   { false, false, true, false } };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    down(), up();
    a->reporter_clear_ok = row[i].a_ok;
    b->reporter_clear_ok = row[i].b_ok;
    b->party[0].fingerprint = row[i].b_key ? "AA" : "";
    b->arrived_clear = true;
    merged();
    ck_assert_msg(a->reporter_clear_ok == row[i].want, "row %zu", i);
    ck_assert(a->arrived_clear);
  }
}
END_TEST

/* ---- fields ---- */
START_TEST(fields)
{
  field(a, "cvss", "ours");
  field(b, "cvss", "theirs");
  field(b, "impact", "theirs too");
  field(a, "product", "Pump");
  field(b, "product", "pump");
  field(b, "product", "Monitor");
  field(a, "cve", "request");
  field(b, "cve", "CVE-2026-1234");
  field(a, "link", "EMB-2026-0002");
  field(b, "link", "EMB-2026-0001");
  field(b, "link", "EMB-2026-0009");
  field(a, "adverse-events", "none");
  field(b, "adverse-events", "One patient.\nIn May.");
  merged();
  ck_assert_str_eq(case_get(a, "title"), "EMB-2026-0001");
  ck_assert_str_eq(case_get(a, "cvss"), "ours");
  ck_assert_str_eq(case_get(a, "impact"), "theirs too");
  ck_assert_str_eq(case_get(a, "cve"), "CVE-2026-1234");
  ck_assert_str_eq(case_get(a, "adverse-events"), "One patient.\nIn May.");
  ck_assert_str_eq(said.names, "title, cvss, cve, adverse-events");
  ck_assert_str_eq(said.note, "title of EMB-2026-0002 was: EMB-2026-0002\n\ncvss of EMB-2026-0002 was: theirs\n\ncve "
                              "of EMB-2026-0001 was: request"
                              "\n\nadverse-events of EMB-2026-0001 was: none");
  size_t products = 0, links = 0;
  for (size_t i = 0; i < a->field_count; i++) {
    products += !strcmp(a->field[i].name, "product");
    links += !strcmp(a->field[i].name, "link");
    ck_assert(strcmp(a->field[i].name, "link") != 0 || strcmp(a->field[i].value, a->id) != 0); /* no link to itself */
  }
  ck_assert_uint_eq(products, 2);
  ck_assert_uint_eq(links, 2); /* what it took in, and the other case's link */
}
END_TEST

START_TEST(the_more_severe_clinical_risk)
{
  for (int theirs = 0; theirs < 2; theirs++) {
    down(), up();
    field(theirs ? a : b, "clinical", "controlled: low minor");
    field(theirs ? a : b, "clinical-rationale", "They look at it.");
    field(theirs ? b : a, "clinical", "uncontrolled: high serious");
    field(theirs ? b : a, "clinical-rationale", "They do not.");
    merged();
    ck_assert_str_eq(case_get(a, "clinical"), "uncontrolled: high serious");
    ck_assert_str_eq(case_get(a, "clinical-rationale"), "They do not.");
    ck_assert_ptr_nonnull(strstr(said.note, "They look at it."));
  }
}
END_TEST

/* ---- refusals ---- */
static void refused(struct vuln_case *into, struct vuln_case *from, enum status want, const char *why)
{
  struct fault e = { 0 };
  size_t parties = into->party_count;
  ck_assert_int_eq(case_merge(pool, into, from, NOW, &said, &e), want);
  ck_assert_msg(strstr(e.text, why), "%s", e.text);
  ck_assert_uint_eq(into->party_count, parties);
}

START_TEST(what_cannot_be_merged)
{
  refused(a, a, ST_REJECT, "EMB-2026-0001 cannot be merged into itself");
  b->merged_into = "EMB-2026-0009";
  refused(a, b, ST_DENIED, "EMB-2026-0002 was merged into EMB-2026-0009 already");
  refused(b, a, ST_DENIED, "write about that one");
  b->merged_into = "";
  b->rm = RM_CLOSED;
  refused(a, b, ST_DENIED, "EMB-2026-0002 is Closed");
  refused(b, a, ST_DENIED, "EMB-2026-0002 is Closed");
  b->rm = RM_VALID;
  field(a, "cve", "CVE-2026-1");
  field(b, "cve", "CVE-2026-2");
  refused(a, b, ST_DENIED, "EMB-2026-0001 is CVE-2026-1, EMB-2026-0002 is CVE-2026-2");
  field(b, "cve", "cve-2026-1");
  merged();
}
END_TEST

int main(void)
{
  Suite *s = suite_create("case_merge");
  TCase *t = tcase_create("merge");
  tcase_add_checked_fixture(t, up, down);
  tcase_add_test(t, the_earliest_embargo_wins);
  tcase_add_test(t, what_is_public_has_no_embargo);
  tcase_add_test(t, the_report_is_as_far_as_either);
  tcase_add_test(t, the_earliest_dates_hold);
  tcase_add_test(t, a_reporter_who_waits_for_an_answer_goes_on_waiting);
  tcase_add_test(t, parties_keep_row_and_token);
  tcase_add_test(t, nobody_is_written_to_in_clear_who_was_not_allowed);
  tcase_add_test(t, fields);
  tcase_add_test(t, the_more_severe_clinical_risk);
  tcase_add_test(t, what_cannot_be_merged);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
