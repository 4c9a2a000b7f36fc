/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each role learns of a case, before and after it keeps the embargo; how far a party is. */
#include <config.h>

#include <check.h>
#include <embargod/case.h>
#include <embargod/text.h>
#include <stdlib.h>
#include <string.h>

static struct pool *pool;

static void setup(void)
{
  pool = pool_new("t");
}

static void teardown(void)
{
  pool_free(&pool);
}

static struct vuln_case *full_case(void)
{
  static const char *const fields[] = { "title", "description", "cve", "clinical", "tag", "credit", "tlp", "reporter-note", "product",
                                        "embargo-by" };
  struct vuln_case *vc = case_new(pool);
  vc->id = "EMB-2026-0001";
  vc->rm = RM_ACCEPTED;
  vc->em = EM_ACTIVE;
  vc->embargo_until = 1800000000;
  vc->cs = (1u << CS_FACTS) - 1;
  for (unsigned i = 0; i < CS_FACTS; i++)
    vc->cs_at[i] = 1700000000 + i;
  for (size_t i = 0; i < ARRAY_LEN(fields); i++)
    case_set(pool, vc, &(struct case_field){ .name = fields[i], .value = fields[i], .extra = "", .by = "alice" });
  for (int role = PARTY_REPORTER; role <= PARTY_OBSERVER; role++) /* each has asked for thanks */
    case_set(pool, vc,
             &(struct case_field){ .name = "credit", .value = pool_printf(pool, "thanks to %d", role), .extra = "",
                                   .by = party_role_name((enum party_role)role) });
  (void)case_add_member(pool, vc, "alice", MEMBER_ASSIGNEE);
  for (int role = PARTY_REPORTER; role <= PARTY_OBSERVER; role++)
    case_add_party(pool, vc,
                   &(struct party){ .role = (enum party_role)role, .address = party_role_name((enum party_role)role), .token = "t" });
  return vc;
}

static const struct {
  enum party_role role;
  const char *fields, *cs;
} rows[] = {
  { PARTY_REPORTER, "title cve tlp product credit", "VFDPxa" },
  { PARTY_COORDINATOR, "title description cve tlp product credit", "VFDPXA" },
  { PARTY_SUPPLIER, "title description cve tlp product credit", "VFDPXA" },
  { PARTY_REGULATOR, "title description cve clinical tlp product credit", "VFDPXA" },
  { PARTY_ISAC, "title description cve tlp product", "VFDPXA" },
  { PARTY_CUSTOMER, "title description cve tlp product", "VFDPXA" },
  { PARTY_OBSERVER, "title cve tlp product", "VFDPxa" },
};

static const char *fields_of(const struct vuln_case *vc)
{
  struct buf b = buf_new(pool, 100);
  for (size_t i = 0; i < vc->field_count; i++)
    buf_printf(&b, "%s%s", i ? " " : "", vc->field[i].name);
  return buf_str(&b);
}

START_TEST(roles_see_what_is_theirs)
{
  struct vuln_case *vc = full_case();
  struct party *p = &vc->party[(int)rows[_i].role - 1];
  struct vuln_case *view = case_view(pool, vc, p);
  char cs[7];
  ck_assert_int_eq(p->role, rows[_i].role);
  ck_assert_str_eq(fields_of(view), rows[_i].fields);
  cs_string(view->cs, cs);
  ck_assert_str_eq(cs, rows[_i].cs);
  ck_assert(view->cs_at[CS_ATTACKS] == 0 || (view->cs >> CS_ATTACKS & 1));
  ck_assert_int_eq(view->rm, RM_ACCEPTED);
  for (size_t i = 0; i < view->field_count; i++) /* of the credits its own */
    ck_assert(strcmp(view->field[i].name, "credit") || strcmp(view->field[i].by, p->address) == 0);
  ck_assert(view->party_count == 1 && view->member_count == 0);
  ck_assert_str_eq(view->party[0].address, p->address);
  ck_assert(vc->party_count == 7 && vc->member_count == 1 && vc->field_count == 17); /* the case itself stays */
}
END_TEST

/* Invited and not yet accepted: the embargo's date, and nothing of the matter. */
START_TEST(nothing_before_the_embargo)
{
  struct vuln_case *vc = full_case();
  struct party *p = &vc->party[(int)rows[_i].role - 1];
  p->status = PARTY_INVITED;
  p->invited_at = 1;
  ck_assert(!case_party_entitled(vc, p));
  struct vuln_case *view = case_view(pool, vc, p);
  ck_assert_str_eq(fields_of(view), "tlp");
  ck_assert_uint_eq(view->cs, 0);
  ck_assert_int_eq(view->rm, RM_RECEIVED);
  ck_assert_int_eq(view->embargo_until, 1800000000);
  vc->em = EM_REVISE;
  ck_assert(!case_party_entitled(vc, p));
  vc->em = EM_PROPOSED;
  ck_assert(!case_party_entitled(vc, p));
  vc->em = EM_NONE;
  ck_assert(case_party_entitled(vc, p));
  vc->em = EM_EXITED;
  ck_assert(case_party_entitled(vc, p));
  vc->em = EM_ACTIVE;
  p->accepted_at = 2;
  ck_assert(case_party_entitled(vc, p));
  ck_assert_str_eq(fields_of(case_view(pool, vc, p)), rows[_i].fields);
  p->status = PARTY_WITHDRAWN;
  ck_assert(case_party_entitled(vc, p) == (p->role == PARTY_REPORTER));
}
END_TEST

START_TEST(status_names)
{
  enum party_status s;
  for (int i = PARTY_INVITED; i < PARTY_STATUSES; i++) {
    ck_assert(party_status_parse(party_status_name((enum party_status)i), &s));
    ck_assert_int_eq(s, i);
  }
  ck_assert(party_status_parse("Investigating", &s) && s == PARTY_INVESTIGATING);
  ck_assert(!party_status_parse("", &s) && !party_status_parse("well", &s));
  ck_assert_str_eq(party_status_name(PARTY_PLAIN), "");
}
END_TEST

static bool thanks(const struct vuln_case *vc, const char *name)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, "credit") && !strcmp(vc->field[i].value, name))
      return true;
  return false;
}

/* A reply tells its reporter nothing of whom else the publication will thank: that is who else reported it. */
START_TEST(reply_thanks_its_reader)
{
  struct vuln_case *vc = case_new(pool);
  struct party *p = case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .address = "robin@x.org" });
  case_set(pool, vc, &(struct case_field){ .name = "title", .value = "Pump", .by = "alice" });
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "Robin", .by = "robin@x.org" });
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "the lab", .by = "alice" });
  struct vuln_case *view = case_reply_view(pool, vc, p);
  ck_assert(thanks(view, "Robin") && thanks(view, "the lab") && !strcmp(case_get(view, "title"), "Pump"));
  (void)case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .address = "sam@y.org" });
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "Sam", .by = "sam@y.org" });
  for (size_t i = 0; i < 2; i++) {
    view = case_reply_view(pool, vc, &vc->party[i]);
    ck_assert(thanks(view, "Robin") == (i == 0) && thanks(view, "Sam") == (i == 1) && !thanks(view, "the lab"));
  }
  ck_assert(thanks(vc, "Robin") && thanks(vc, "Sam") && thanks(vc, "the lab"));
  static const char *const who[] = { "robin@x.org", "sam@y.org" }; /* both ask for the same: each has it */
  for (size_t i = 0; i < 2; i++)
    case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "anonymous", .by = who[i] });
  for (size_t i = 0; i < 2; i++)
    ck_assert(thanks(case_reply_view(pool, vc, &vc->party[i]), "anonymous"));
  size_t count = vc->field_count;
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "anonymous", .by = "robin@x.org" });
  ck_assert_uint_eq(vc->field_count, count);
}
END_TEST

static const struct {
  enum party_role role;
  bool invited;
  const char *fields; /* of those that notices need and few may know */
} notice_rows[] = {
  { PARTY_REGULATOR, false, "title description fix fact filed field clinical" },
  { PARTY_COORDINATOR, false, "title description fix field credit credit" },
  { PARTY_ISAC, false, "title description fix" },
  { PARTY_CUSTOMER, false, "title description fix" },
  { PARTY_SUPPLIER, false, "title description fix" },
  { PARTY_OBSERVER, false, "title description fix" }, /* kind = other */
  { PARTY_OBSERVER, true, "title" },
};

static struct vuln_case *noted_case(void)
{
  static const char *const fields[] = { "title", "description", "fix", "fact", "filed", "field", "clinical", "tag", "reporter-note" };
  struct vuln_case *vc = case_new(pool);
  vc->rm = RM_ACCEPTED;
  vc->em = EM_ACTIVE;
  for (size_t i = 0; i < ARRAY_LEN(fields); i++)
    case_set(pool, vc, &(struct case_field){ .name = fields[i], .value = fields[i], .extra = "", .by = "alice" });
  (void)case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .address = "robin@x.org" });
  (void)case_add_party(pool, vc, &(struct party){ .role = PARTY_SUPPLIER, .address = "sam@y.org" });
  static const char *const thanks[][2] = { { "Robin", "robin@x.org" }, { "Supplier Sam", "sam@y.org" }, { "The Lab", "alice" } };
  for (size_t i = 0; i < ARRAY_LEN(thanks); i++)
    case_set(pool, vc, &(struct case_field){ .name = "credit", .value = thanks[i][0], .extra = "", .by = thanks[i][1], .at = 100 });
  return vc;
}

START_TEST(notices_say_what_the_role_may_know)
{
  struct vuln_case *vc = noted_case();
  struct party *p = case_add_party(pool, vc, &(struct party){ .role = notice_rows[_i].role, .address = "them@z.org", .stakeholder = "them" });
  p->invited_at = notice_rows[_i].invited;
  p->accepted_at = notice_rows[_i].invited;
  ck_assert_str_eq(fields_of(case_notice_view(pool, vc, p)), notice_rows[_i].fields);
  ck_assert_int_eq(case_notice_view(pool, vc, p)->party[0].role, notice_rows[_i].role);
  p->invited_at = 1;
  p->accepted_at = 0;
  ck_assert_str_eq(fields_of(case_notice_view(pool, vc, p)), "");
  ck_assert_uint_eq(vc->field_count, 12);
}
END_TEST

/* A coordinator reads who agreed to be named, and nobody else's wishes. */
START_TEST(credit_with_consent)
{
  struct vuln_case *vc = noted_case();
  (void)case_add_party(pool, vc, &(struct party){ .role = PARTY_COORDINATOR, .address = "cert@z.org", .stakeholder = "cert" });
  struct party *cert = &vc->party[2];
  struct vuln_case *view = case_notice_view(pool, vc, cert);
  ck_assert(thanks(view, "Robin") && thanks(view, "The Lab") && !thanks(view, "Supplier Sam"));
  case_unset(vc, "credit", "Robin"); /* as #credit anonymous of the reporter does */
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "anonymous", .by = "robin@x.org", .at = 200 });
  view = case_notice_view(pool, vc, cert);
  ck_assert(thanks(view, "anonymous") && !thanks(view, "The Lab") && !thanks(view, "Robin"));
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "The Lab", .by = "alice", .at = 300 }); /* they said so by phone */
  ck_assert(thanks(case_notice_view(pool, vc, cert), "The Lab"));
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "The Lab", .by = "alice", .at = 100 });
  (void)case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .address = "other@x.org" });
  ck_assert(thanks(case_notice_view(pool, vc, &vc->party[2]), "The Lab")); /* it may be the other one's */
}
END_TEST

START_TEST(silence)
{
  struct party p = { .status = PARTY_AFFECTED };
  party_written(&p, 100);
  party_written(&p, 200); /* silent since the first of them */
  ck_assert_int_eq(p.waiting_since, 100);
  p.chased = 2;
  p.unresponsive_at = 300;
  ck_assert_str_eq(party_status_text(pool, &p), "affected, unresponsive since 1970-01-01T00:05:00Z");
  party_written(&p, 400); /* once more: the waiting begins anew */
  ck_assert(p.waiting_since == 400 && p.chased == 0 && p.unresponsive_at == 0);
  party_heard(&p);
  ck_assert(p.waiting_since == 0 && p.status == PARTY_AFFECTED);
  ck_assert_str_eq(party_status_text(pool, &p), "affected");
}
END_TEST

int main(void)
{
  Suite *s = suite_create("case_view");
  TCase *t = tcase_create("all");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, roles_see_what_is_theirs, 0, (int)ARRAY_LEN(rows));
  tcase_add_loop_test(t, nothing_before_the_embargo, 0, (int)ARRAY_LEN(rows));
  tcase_add_test(t, status_names);
  tcase_add_test(t, reply_thanks_its_reader);
  tcase_add_loop_test(t, notices_say_what_the_role_may_know, 0, (int)ARRAY_LEN(notice_rows));
  tcase_add_test(t, credit_with_consent);
  tcase_add_test(t, silence);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
