/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every command does, says and refuses, as tables; all or nothing; roles; dry runs and previews; the table itself.
 */
#include <config.h>
#include <check.h>
#include <stdlib.h>
#include "test_command_world.h"

struct row {
  struct scene scene;
  const char *text, *results, *effects, *cases;
};
#include "test_command_case_rows.h"
#include "test_command_letter_rows.h"
#include "test_command_structure_rows.h"

static const char *snapshot(struct pool *pool, const struct vuln_case *vc)
{
  struct plan *p = pool_new_of(pool, struct plan);
  p->vc[0] = case_copy(pool, vc);
  p->vc_count = 1;
  p->vc_changed[0] = true;
  return pool_printf(pool, "%s parties %zu updated %" PRId64 " contact %" PRId64, cases_text(pool, p), vc->party_count,
                     vc->updated_at, vc->last_contact_at);
}

static void run_rows(const struct row *row, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    struct vuln_case *before;
    struct plan *p = run_mail(pool, &row[i].scene, row[i].text, &before);
    const char *r = results_text(pool, p), *e = effects_text(pool, p), *c = cases_text(pool, p);
    ck_assert_msg(strcmp(r, row[i].results) == 0, "row %zu %s\n--- got\n%s\n--- want\n%s", i, row[i].text, r,
                  row[i].results);
    ck_assert_msg(strcmp(e, row[i].effects) == 0, "row %zu %s\n--- got\n%s\n--- want\n%s", i, row[i].text, e,
                  row[i].effects);
    ck_assert_msg(strcmp(c, row[i].cases) == 0, "row %zu %s\n--- got\n%s\n--- want\n%s", i, row[i].text, c,
                  row[i].cases);
    /* The world's own cases never change, whatever was run. */
    ck_assert_str_eq(snapshot(pool, before), snapshot(pool, test_case(pool, &row[i].scene, "EMB-2026-0001")));
    bool all_ok = strstr(r, "reject: ") == NULL && strstr(r, "denied: ") == NULL && p->note.status == ST_OK;
    ck_assert_msg(p->failed != all_ok, "row %zu: failed does not tell what the results tell", i);
    for (size_t k = 0; p->failed && k < p->effect_count; k++) /* whoever asks is answered */
      ck_assert_int_eq(p->effect[k].kind, EFFECT_ANSWER);
  }
}

START_TEST(cases_and_facts)
{
  run_rows(case_rows, ARRAY_LEN(case_rows));
}
END_TEST
START_TEST(letters_keys_and_roles)
{
  run_rows(letter_rows, ARRAY_LEN(letter_rows));
}
END_TEST

START_TEST(structure)
{
  run_rows(structure_rows, ARRAY_LEN(structure_rows));
}
END_TEST

START_TEST(every_command_has_a_row_that_succeeds_and_one_that_fails)
{
  const struct command_row *table;
  size_t count = command_table(&table);
  for (size_t i = 0; i < count; i++) {
    bool good = false, bad = false;
    for (size_t k = 0; k < ARRAY_LEN(case_rows) + ARRAY_LEN(letter_rows) + ARRAY_LEN(structure_rows); k++) {
      size_t past = k - ARRAY_LEN(case_rows);
      const struct row *r = k < ARRAY_LEN(case_rows)      ? &case_rows[k]
                            : past < ARRAY_LEN(letter_rows) ? &letter_rows[past]
                                                            : &structure_rows[past - ARRAY_LEN(letter_rows)];
      size_t len = strlen(table[i].name);
      const char *at = strstr(r->text, table[i].name);
      if (!at || at == r->text || at[-1] != '#' || (at[len] != '\0' && at[len] != ' ' && at[len] != '\n'))
        continue;
      good |= strstr(r->results, "ok: ") != NULL;
      bad |= strstr(r->results, "reject: ") || strstr(r->results, "denied: ");
    }
    bool line_only = strcmp(table[i].name, "end") == 0 || strcmp(table[i].name, "dry-run") == 0 ||
                     strcmp(table[i].name, "list") == 0 || strcmp(table[i].name, "history") == 0;
    ck_assert_msg(good || line_only, "#%s: no row in which it succeeds", table[i].name);
    ck_assert_msg(bad || line_only, "#%s: no row in which it fails", table[i].name);
  }
}
END_TEST

/* ---- roles: each command of the table as an observer and as an analyst who is no lead ---- */
START_TEST(observers_only_read)
{
  const struct command_row *table;
  size_t count = command_table(&table), refused = 0, read = 0;
  for (size_t i = 0; i < count; i++) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    struct vuln_case *before;
    struct scene s = { .who = "olga" };
    const char *text = pool_printf(pool, "#case EMB-2026-0001\n#%s", table[i].name);
    if (strcmp(table[i].name, "case") == 0 || strcmp(table[i].name, "end") == 0 ||
        strcmp(table[i].name, "dry-run") == 0 || strcmp(table[i].name, "key") == 0 ||
        strcmp(table[i].name, "due") == 0 || strcmp(table[i].name, "field") == 0)
      continue; /* tell what the others are about, or have rows of their own */
    struct plan *p = run_mail(pool, &s, text, &before);
    bool reads = table[i].flags & CMD_READS;
    read += reads;
    refused += !reads;
    ck_assert_msg((p->result[1].status == ST_DENIED) == !reads, "#%s as observer: %s", table[i].name,
                  p->result[1].reason);
    ck_assert_int_eq(p->failed, !reads);
  }
  ck_assert_uint_eq(read, 5); /* help list show history stats */
  ck_assert_uint_eq(refused, count - 5 - 6);
}
END_TEST

START_TEST(one_bad_command_and_nothing_is_applied)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  struct plan *p = run_mail(pool, &s,
                            "#take\n#validate\n#key import\n#note\nsecret\n#reply\nHello\n#end\n#case "
                            "EMB-2026-0002\n#take\n#nonsense\n#tag x\n",
                            &before);
  ck_assert(p->failed);
  ck_assert_uint_eq(p->effect_count, 0);
  for (size_t i = 0; i < ARRAY_LEN(p->vc); i++)
    ck_assert(!p->vc_changed[i]);
  ck_assert_int_eq(p->result[0].status, ST_OK);
  ck_assert_int_eq(p->result[7].status, ST_REJECT);
  ck_assert_int_eq(p->result[8].status,
                   ST_OK); /* the ones behind it are checked too: one mail tells all that is wrong */
  ck_assert_int_eq(before->rm, RM_RECEIVED);
  ck_assert_uint_eq(before->member_count, 0);
}
END_TEST

/* Questions are answered whatever failed, of the cases as they are stored; what was well is said to be left undone. */
START_TEST(a_failed_mail_answers_its_questions)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  struct plan *p = run_mail(pool, &s, "#validate\n#show\n#reply\nHello\n#end\n#nonsense\n#key list\n#help reply\n#due\n#tag x\n", &before);
  ck_assert(p->failed);
  ck_assert_str_eq(effects_text(pool, p), "answer 3\nanswer 6\nanswer 1 <reply>\nanswer 8");
  ck_assert_int_eq(p->vc[p->effect[0].vc]->rm, RM_RECEIVED);
  static const bool skipped[] = { true, false, true, false, false, false, false, true };
  for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
    ck_assert_msg(p->result[i].skipped == skipped[i], "line %zu: %s", i, p->result[i].reason);
  ck_assert_str_eq(p->result[2].reason, "not carried out, because this failed: #nonsense");
  ck_assert_str_eq(p->result[1].reason, "EMB-2026-0001 is shown below");
  p = run_mail(pool, &s, "#new Pump\n#end\n#show\n#nonsense\n#case EMB-2026-0002\n#history\n", &before);
  ck_assert_str_eq(effects_text(pool, p), "answer 4"); /* what this mail would have opened is not there to be shown */
  ck_assert(p->result[0].skipped && p->result[1].skipped && !p->result[3].skipped && !p->result[4].skipped);
  p = run_mail(pool, &(struct scene){ .unbound = true }, "#help\n\nThank you!\n", &before);
  ck_assert(p->failed && p->note.status == ST_REJECT);
  ck_assert_str_eq(effects_text(pool, p), "answer 1");
}
END_TEST

START_TEST(a_refused_mail_runs_nothing)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  struct plan *p = run_mail(pool, &s, "#take\n\nprose\n#validate\n", &before);
  ck_assert(p->failed);
  ck_assert_uint_eq(p->vc_count, 0);
  ck_assert_uint_eq(p->effect_count, 0);
  ck_assert_str_eq(p->result[0].reason, "not looked at: the whole mail is refused");
}
END_TEST

START_TEST(dry_run_keeps_previews_and_answers)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { .attached = "rosa@x.org" };
  struct plan *p = run_mail(
      pool, &s, "#dry-run\n#take\n#validate\n#note\nx\n#key import\n#approve abcdefghijklmnop\n#spam\n", &before);
  ck_assert(p->failed); /* Valid cases are no spam: a dry run tells that too */
  p = run_mail(pool, &s, "#dry-run\n#take\n#validate\n#show\n#notify fda\n#reply\nHello\n#end\n#note\nx\n#key import\n",
               &before);
  ck_assert(!p->failed);
  ck_assert_str_eq(
      effects_text(pool, p),
      "answer 3\nletter to 2 fda notices/fda gate 0 preview\nletter to 1  reply/plain gate 0 preview [Hello]");
  ck_assert_str_eq(cases_text(pool, p), "");
  ck_assert_int_eq(p->vc[0]->rm, RM_VALID); /* the letters are rendered from the case as it would be */
  ck_assert_int_eq(before->rm, RM_RECEIVED);
}
END_TEST

START_TEST(contact_facts)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  struct plan *p = run_mail(pool, &s, "#reply\nHello\n#end\n", &before);
  ck_assert_int_eq(p->vc[0]->first_answer_at, NOW);
  ck_assert_int_eq(p->vc[0]->last_contact_at, NOW);
  ck_assert_int_eq(p->vc[0]->updated_at, NOW);
  s.gate_reply = 1; /* nothing has gone out yet */
  p = run_mail(pool, &s, "#reply\nHello\n#end\n", &before);
  ck_assert_int_eq(p->vc[0]->first_answer_at, 0);
  ck_assert_int_eq(p->vc[0]->last_contact_at, NOW - 1000);
  s.gate_reply = 0;
  p = run_mail(pool, &s, "#preview reply\nHello\n#end\n", &before);
  ck_assert_int_eq(p->vc[0]->first_answer_at, 0);
  p = run_mail(pool, &s, "#notify fda\n", &before); /* a regulator's notice is no contact with the reporter */
  ck_assert_int_eq(p->vc[0]->last_contact_at, NOW - 1000);
}
END_TEST

START_TEST(parties_that_commands_add)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  struct plan *p = run_mail(pool, &s, "#reporter Rita <rita@y.org>\n#notify fda customers\n", &before);
  const struct vuln_case *vc = p->vc[0];
  ck_assert_uint_eq(vc->party_count, 2); /* stakeholders become parties when the gate writes their letters */
  ck_assert(vc->party[0].removed);
  ck_assert_str_eq(case_reporter(vc)->address, "rita@y.org");
  ck_assert_str_eq(case_reporter(vc)->name, "Rita");
  ck_assert_str_eq(case_reporter(vc)->token, "fresh");
}
END_TEST

START_TEST(switching_cases)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  struct plan *p = run_mail(
      pool, &s, "#validate\n#case EMB-2026-0002\n#invalidate no\n#case emb-2026-0001\n#accept\n\nA note.", &before);
  ck_assert(!p->failed);
  ck_assert_uint_eq(p->vc_count, 2);
  ck_assert_int_eq(p->vc[0]->rm, RM_ACCEPTED);
  ck_assert_int_eq(p->vc[1]->rm, RM_INVALID);
  ck_assert_int_eq(p->effect[0].vc, 0);
  ck_assert_int_eq(p->effect[1].vc, 1);
  ck_assert_uint_eq(p->effect[1].command, 2);
  ck_assert_int_eq(p->effect[3].kind, EFFECT_NOTE);
  ck_assert_int_eq(p->effect[3].vc, 0);
  ck_assert_uint_eq(p->effect[3].command, 5);
}
END_TEST

START_TEST(later_commands_see_what_earlier_ones_did)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { .no_key = true };
  struct plan *p =
      run_mail(pool, &s, "#key accept " FPR " for rosa@x.org\n#key drop " FPR "\n#reply\nHello\n#end\n", &before);
  ck_assert_int_eq(p->result[1].status, ST_OK);
  ck_assert_int_eq(p->result[2].status, ST_DENIED); /* the key is gone again: no reply in clear */
  struct scene spam = { .rm = RM_CLOSED, .spam = true };
  p = run_mail(pool, &spam, "#reopen it was none\n#reply\nHello\n#end\n", &before);
  ck_assert(!p->failed);
  ck_assert(!p->vc[0]->spam && before->spam);
}
END_TEST

START_TEST(a_full_mail_of_case_switches)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  struct buf b = buf_new(pool, 2000);
  buf_adds(&b, "#new T\n#end\n");
  for (int i = 1; i < COMMAND_MAX; i++)
    buf_printf(&b, "#case EMB-2026-000%d\n", 1 + i % 3);
  struct plan *p = run_mail(pool, &s, buf_str(&b), &before);
  ck_assert(!p->failed);
  ck_assert_uint_eq(p->vc_count, 3);
}
END_TEST

START_TEST(too_long)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  char *many = pool_alloc(pool, 3001);
  memset(many, 'a', 3000);
  static const char *const command[] = { "close", "title",     "product",  "tag",      "reporter",
                                         "new",   "component", "nonsense", "reference" };
  for (size_t i = 0; i < ARRAY_LEN(command); i++)
    for (size_t len = 400; len <= 3000; len += 2600) {
      const char *text = pool_printf(pool, "#%s %.*s", command[i], (int)len, many);
      struct plan *p = run_mail(pool, &s, text, &before);
      bool reason = strcmp(command[i], "close") == 0; /* up to 2000 bytes, but Received cases cannot close */
      ck_assert(p->failed);
      ck_assert_int_eq(p->result[0].status, reason && len == 400 ? ST_DENIED : ST_REJECT);
      ck_assert_uint_lt(strlen(p->result[0].reason), 500);
    }
}
END_TEST

/* What the receipt says: the names of this house, and an example that would be read as that command. */
START_TEST(help_knows_the_names)
{
  static const struct {
    const char *name, *words;
  } says[] = {
    { "invite", "\nStakeholder or group: fda, cisa, h-isac, clinic-a, clinic-b, keyless, open, odd, customers\nROLE: reporter, coordinator, " },
    { "party", "\nParticipant: rosa@x.org\nSTATUS: accepted, declined, under-investigation, affected, not-affected, fixed, withdrawn, unresponsive\n" },
    { "filed", "\nFiling: fda-806, vince\nDATE: 2027-01-31 (at 00:00), 2027-01-31T15:00 (UTC), 2027-01-31T15:00Z (UTC), or from now: +30d, +2w, +12h\n" },
    { "list", "\nState: Received, Invalid, Valid, Accepted, Deferred, Closed\nAnalyst: alice, bob, olga\n" },
    { "reply", "\nTEMPLATE: plain, fixed\n" },
    { "due", "\nDeadline: fda-806, status-update\n" },
  };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct vuln_case *before;
  struct scene s = { 0 };
  for (size_t i = 0; i < ARRAY_LEN(says); i++) {
    struct plan *p = run_mail(pool, &s, pool_printf(pool, "#help %s", says[i].name), &before);
    ck_assert_msg(strstr(p->effect[0].text, says[i].words), "%s", p->effect[0].text);
  }
  const struct command_row *table;
  size_t count = command_table(&table);
  for (size_t i = 0; i < count; i++) {
    struct command_mail m;
    const char *example = command_example(table[i].name);
    ck_assert_msg(example != NULL, "#%s has no example (command_guide.c)", table[i].name);
    ck_assert_ptr_nonnull(strstr(command_help(pool, table[i].name), example));
    command_parse(pool, &(struct command_source){ example, "", "", MARKER }, &m);
    ck_assert_msg(!m.refuse && !*m.note, "%s", example);
    bool named = strcmp(table[i].name, "end") == 0 || strcmp(table[i].name, "dry-run") == 0;
    for (size_t k = 0; k < m.count; k++) {
      ck_assert_msg(m.command[k].row != NULL, "%s", example);
      named |= m.command[k].row == &table[i];
    }
    ck_assert_msg(named, "%s is no example of #%s", example, table[i].name);
  }
}
END_TEST

START_TEST(help)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const struct command_row *table;
  size_t count = command_table(&table);
  const char *all = command_help(pool, NULL);
  for (size_t i = 0; i < count; i++) {
    ck_assert_ptr_nonnull(strstr(all, table[i].usage));
    ck_assert_ptr_nonnull(strstr(command_help(pool, table[i].name), table[i].help));
    ck_assert(text_istarts(table[i].usage + 1, table[i].name) && table[i].usage[0] == '#');
    ck_assert_ptr_eq(command_row_by_name(table[i].name), &table[i]);
    ck_assert_str_eq(command_nearest(table[i].name), table[i].name);
  }
  ck_assert_str_eq(
      command_help(pool, "#reopen"),
      "#reopen REASON\n\nNew information: Closed becomes Accepted.\nFor lead analysts.\n\nExample:\n\n#reopen the fix in 2.4 is incomplete\n");
  const char *invite = command_help(pool, "invite");
  ck_assert_ptr_nonnull(strstr(invite, "\nStakeholder or group: the stakeholders of the configuration and their groups\n"
                                       "ROLE: reporter, coordinator, supplier, regulator, isac, customer, observer\n"));
  ck_assert_str_eq(command_help(pool, "tkae"), "There is no command #tkae (did you mean #take?).\n");
  ck_assert_ptr_null(command_row_by_name(NULL));
  ck_assert_ptr_null(command_row_by_name(""));
  ck_assert_ptr_null(command_nearest("zzzzzzzz"));
  ck_assert_ptr_null(command_nearest(NULL));
  ck_assert_ptr_null(command_nearest(""));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("command_run");
  TCase *t = tcase_create("run");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, cases_and_facts);
  tcase_add_test(t, letters_keys_and_roles);
  tcase_add_test(t, structure);
  tcase_add_test(t, every_command_has_a_row_that_succeeds_and_one_that_fails);
  tcase_add_test(t, observers_only_read);
  tcase_add_test(t, one_bad_command_and_nothing_is_applied);
  tcase_add_test(t, a_refused_mail_runs_nothing);
  tcase_add_test(t, a_failed_mail_answers_its_questions);
  tcase_add_test(t, dry_run_keeps_previews_and_answers);
  tcase_add_test(t, contact_facts);
  tcase_add_test(t, parties_that_commands_add);
  tcase_add_test(t, switching_cases);
  tcase_add_test(t, later_commands_see_what_earlier_ones_did);
  tcase_add_test(t, a_full_mail_of_case_switches);
  tcase_add_test(t, too_long);
  tcase_add_test(t, help);
  tcase_add_test(t, help_knows_the_names);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
