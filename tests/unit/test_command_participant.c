/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reporters and participants may say: by role, by how well they are known, by the state of the embargo. */
#include <config.h>

#include <check.h>
#include <embargod/command.h>
#include <embargod/text.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1800000000)

struct row {
  enum party_role role;
  enum participant_proof proof;
  enum em_state em;
  bool by_party;             /* the open date was proposed by the writer */
  enum party_status status;  /* INVITED: and not accepted */
  const char *text, *result; /* "done #line [events]", "request #line -> command", "refused #line" */
};

static const struct row rows[] = {
#include "test_command_participant_rows.h"
};

static struct vuln_case *the_case(struct pool *pool, const struct row *row)
{
  struct vuln_case *vc = case_new(pool);
  vc->id = "EMB-2026-0001";
  vc->rm = RM_ACCEPTED;
  vc->em = row->em;
  vc->embargo_until = row->em == EM_ACTIVE || row->em == EM_REVISE ? NOW + 86400 * 30 : 0;
  vc->embargo_proposed = row->em == EM_PROPOSED || row->em == EM_REVISE ? NOW + 86400 * 60 : 0;
  if (vc->embargo_proposed)
    case_set(pool, vc,
             &(struct case_field){ .name = "embargo-proposed-by",
                                   .value = row->by_party ? "w@x.example" : "alice",
                                   .extra = row->by_party ? "party" : "house",
                                   .by = "" });
  case_set(pool, vc, &(struct case_field){ .name = "credit", .value = "Somebody else", .extra = "", .by = "alice" });
  (void)case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .address = "rosa@x.example", .token = "r" });
  struct party w = { .role = row->role, .address = "w@x.example", .token = "t", .status = row->status,
                     .invited_at = row->status == PARTY_INVITED ? NOW - 1000 : 0 };
  if (row->role == PARTY_REPORTER)
    vc->party[0].address = "w@x.example";
  else
    (void)case_add_party(pool, vc, &w);
  return vc;
}

static const char *outcome(struct pool *pool, const struct participant_result *res, const struct plan *plan, unsigned command)
{
  static const char *const words[] = { "?", "done", "request", "refused" };
  struct buf b = buf_new(pool, 200);
  buf_printf(&b, "%s %s", words[res->outcome], res->line);
  if (res->outcome == PARTICIPANT_REQUEST)
    buf_printf(&b, " -> %s", res->command);
  ck_assert_int_eq(res->outcome == PARTICIPANT_REFUSED, *res->told.en && *res->told.de); /* whoever is refused learns why */
  if (res->outcome == PARTICIPANT_REFUSED)
    buf_printf(&b, ": %s", res->told.en);
  for (size_t i = 0; i < plan->effect_count; i++) {
    const struct effect *e = &plan->effect[i];
    if (e->command != command)
      continue;
    if (e->kind == EFFECT_EVENT)
      buf_printf(&b, " [%s: %s]", e->what, e->text);
    else
      buf_printf(&b, " %s", e->kind == EFFECT_LETTER ? e->template_name : e->kind == EFFECT_EMBARGO ? "(all are told)" : "?");
  }
  return buf_str(&b);
}

static const char *run(struct pool *pool, const struct row *row)
{
  const struct conf c = { .zone = "UTC", .default_hour = 9, .language = "en" };
  struct vuln_case *vc = the_case(pool, row), *before = case_copy(pool, vc);
  struct participant_mail mail;
  struct participant_result result[PARTICIPANT_MAX];
  struct plan *plan = pool_new_of(pool, struct plan);
  struct participant_world w = { .conf = &c, .vc = vc, .party = vc->party_count - 1, .proof = row->proof, .now = NOW };
  command_participant(pool, row->text, "-- write above", &mail);
  w.command = mail.command;
  w.count = mail.count;
  command_participant_run(pool, &w, plan, result);
  struct buf b = buf_new(pool, 200);
  bool any = false;
  for (unsigned i = 0; i < w.count; i++) {
    buf_printf(&b, "%s%s", i ? "\n" : "", outcome(pool, &result[i], plan, i));
    any |= result[i].outcome == PARTICIPANT_DONE && plan->effect_count > 0;
  }
  ck_assert_int_eq(plan->vc_changed[0], any); /* what is only asked for, or refused, changes nothing */
  ck_assert(vc->em == before->em && vc->party_count == before->party_count && vc->field_count == before->field_count);
  ck_assert_int_eq(vc->party[w.party].status, row->status);
  return buf_str(&b);
}

/* Signed by a key that nobody has checked: the line that the analysts get works, and says what to do first. */
START_TEST(unchecked_key)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const struct conf c = { .zone = "UTC", .default_hour = 9, .language = "en" };
  const struct row row = { PARTY_SUPPLIER, PROOF_NO_KEY, EM_ACTIVE, false, PARTY_INVITED, "#embargo accept\n#status\n", "" };
  struct vuln_case *vc = the_case(pool, &row);
  struct participant_mail mail;
  struct participant_result result[PARTICIPANT_MAX];
  struct plan *plan = pool_new_of(pool, struct plan);
  command_participant(pool, row.text, "-- write above", &mail);
  struct participant_world w = { .conf = &c, .vc = vc, .party = vc->party_count - 1, .proof = row.proof, .key_waits = "ABCD", .now = NOW,
                                 .command = mail.command, .count = mail.count };
  command_participant_run(pool, &w, plan, result);
  ck_assert_int_eq(result[0].outcome, PARTICIPANT_REQUEST);
  ck_assert_str_eq(result[0].command, "#key accept ABCD for w@x.example");
  ck_assert(strstr(result[0].reason, "to send #embargo accept once more"));
  ck_assert_int_eq(result[1].outcome, PARTICIPANT_DONE);
}
END_TEST

START_TEST(verbs)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const char *got = run(pool, &rows[_i]);
  ck_assert_msg(strcmp(got, rows[_i].result) == 0, "row %d %s\n--- got\n%s\n--- want\n%s", _i, rows[_i].text, got, rows[_i].result);
}
END_TEST

/* Nobody is told of a verb that would not work for them, in either language. */
START_TEST(help)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  for (int role = PARTY_REPORTER; role <= PARTY_OBSERVER; role++)
    for (int de = 0; de < 2; de++) {
      const char *text = command_participant_help(pool, (enum party_role)role, de ? "de" : "en");
      bool makes = role != PARTY_REPORTER && role != PARTY_OBSERVER;
      ck_assert(strstr(text, "#status") && strstr(text, "#embargo accept | reject"));
      ck_assert_int_eq(strstr(text, "#affected") != NULL, makes);
      ck_assert_int_eq(strstr(text, "#credit") != NULL, role == PARTY_REPORTER || role == PARTY_COORDINATOR);
      ck_assert_int_eq(strstr(text, "wie weit der Fall ist") != NULL, de);
      ck_assert_int_eq(strstr(text, "where the case stands") != NULL, !de);
    }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("command_participant");
  TCase *t = tcase_create("all");
  tcase_add_loop_test(t, verbs, 0, (int)ARRAY_LEN(rows));
  tcase_add_test(t, help);
  tcase_add_test(t, unchecked_key);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
