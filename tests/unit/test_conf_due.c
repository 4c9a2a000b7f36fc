/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deadlines in the configuration: our profiles with the dates that their sources say, sections that change them, and
 * what is refused. */
#include <config.h>
#include <check.h>
#include <embargod/conf.h>
#include <embargod/file.h>
#include <embargod/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct site {
  struct pool *pool;
  struct conf *c;
  char **problem;
};

static const char *in_folder(struct pool *pool, const char *name)
{
  return pool_printf(pool, "%s/%s", getenv("TMPDIR"), name);
}

static void put_file(struct pool *pool, const char *name, const char *text)
{
  FILE *f = fopen(in_folder(pool, name), "w");
  ck_assert_ptr_nonnull(f);
  ck_assert_int_ge(fputs(text, f), 0);
  ck_assert_int_eq(fclose(f), 0);
}

/* A configuration that is complete, and these lines. */
static enum status load(struct site *s, const char *lines)
{
  static const char rest[] = "organisation = \"Pumps\"\naddress = \"security@pumps.example\"\nstate_dir = \"state\"\n"
                             "inbox \"main\" {\n url = \"maildir:in\"\n}\noutbox {\n url = \"maildir:out\"\n}\n"
                             "analyst \"alice\" {\n address = \"alice@pumps.example\"\n key_file = \"alice.pgp\"\n"
                             " fingerprint = 0123456789ABCDEF0123456789ABCDEF01234567\n}\n";
  struct fault err = { 0 };
  put_file(s->pool, "alice.pgp", "");
  put_file(s->pool, "embargod.conf", pool_printf(s->pool, "%s%s", rest, lines));
  return conf_load(s->pool, in_folder(s->pool, "embargod.conf"), &s->c, &s->problem, &err);
}

static void must_load(struct site *s, const char *lines)
{
  if (load(s, lines) != ST_OK)
    ck_abort_msg("%s", s->problem ? s->problem[0] : "?");
}

static void refused_with(const char *lines, const char *words)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  ck_assert_msg(load(&s, lines) == ST_REJECT, "taken: %s", lines);
  ck_assert_ptr_nonnull(s.problem);
  ck_assert_msg(strstr(s.problem[0], words) != NULL, "%s", s.problem[0]);
}

static const struct due_deadline *deadline(const struct conf *c, const char *name)
{
  for (size_t i = 0; i < c->due_count; i++)
    if (!strcmp(c->due[i].name, name))
      return &c->due[i];
  ck_abort_msg("no deadline %s", name);
}

#define EU "class:cra-default"
#define MD "class:medical-device"
/* Everything starts on Monday 2 November 2026, 10:00 in Berlin. */
static const struct {
  const char *name, *start, *class, *conditions[4];
  const char *due; /* local */
  const char *met_by;
} law[] = {
  { "first-answer", "received", MD, { 0 }, "2026-11-09 10:00", "first-answer" },
  { "triage", "received", EU, { 0 }, "2026-11-16 10:00", "decided" },
  { "status-update", "contact", EU, { "open" }, "2026-12-02 10:00", NULL },
  { "embargo", "embargo", EU, { "open" }, "2027-01-31 10:00", "embargo-over" }, /* without a case's own date */
  { "coordinator-may-disclose", "received", EU, { 0 }, "2026-12-17 10:00", "first-answer" },
  { "fda-30-days", "learned", MD, { "uncontrolled" }, "2026-12-02 10:00", "customers-told" },
  { "fda-60-days", "learned", MD, { "uncontrolled" }, "2027-01-01 10:00", "fix-deployed" },
  { "fda-isao", "customers-told", MD, { "uncontrolled" }, "2026-11-03 10:00", "isac-told" },
  { "fda-806", "correction-started", MD, { "uncontrolled" }, "2026-11-17 10:00", "filed:fda-806" }, /* 11 November is
                                                                                                       off */
  { "mdr-15-days", "incident", MD, { 0 }, "2026-11-17 10:00", "filed:mdr-15-days" },
  { "mdr-10-days", "incident", MD, { "death" }, "2026-11-12 10:00", "filed:mdr-10-days" },
  { "mdr-2-days", "incident", MD, { "public-health-threat" }, "2026-11-04 10:00", "filed:mdr-2-days" },
  { "cra-early-warning", "attacks", EU, { "exploited" }, "2026-11-03 10:00", "filed:cra-early-warning" },
  { "cra-notification", "attacks", EU, { "exploited" }, "2026-11-05 10:00", "filed:cra-notification" },
  { "cra-final-report", "measure-available", EU, { "exploited" }, "2026-11-16 10:00", "filed:cra-final-report" },
};
static const char all_profiles[] = "zone = \"Europe/Berlin\"\nholidays = {\"2026-11-11\", \"12-25\"}\n"
                                   "profile = {\"generic\", \"medical-device\", \"eu-cra\"}\n";

/* The facts of one row: its class, its conditions, and no to all else. */
static size_t facts_of(size_t i, struct due_fact out[16])
{
  const struct due_word *word;
  size_t words = due_conditions(&word), n = 0;
  out[n++] = (struct due_fact){ law[i].class, true };
  for (size_t k = 0; k < words; k++) {
    bool holds = false;
    for (size_t c = 0; c < 4 && law[i].conditions[c]; c++)
      holds |= !strcmp(law[i].conditions[c], word[k].word);
    out[n++] = (struct due_fact){ word[k].word, holds };
  }
  return n;
}

START_TEST(what_the_law_says)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  struct due_fact fact[16];
  struct due_event e[2] = { { law[_i].start, 1793610000 } }; /* 2026-11-02T09:00:00Z */
  must_load(&s, all_profiles);
  ck_assert_uint_eq(s.c->due_count, ARRAY_LEN(law));
  const struct due_deadline *d = deadline(s.c, law[_i].name);
  struct due_world w = { &s.c->calendar, e, 1, fact, facts_of((size_t)_i, fact), NULL, 0, e[0].at };
  struct due_status st = due_judge(pool, d, &w);
  ck_assert_msg(st.state == DUE_RUNNING, "%s: %s (%s)", d->name, due_state_name(st.state), st.reason);
  ck_assert_msg(text_istarts(time_local(pool, st.due_at, "Europe/Berlin"), law[_i].due), "%s: %s", d->name,
                time_local(pool, st.due_at, "Europe/Berlin"));
  ck_assert(d->source[0] && d->remind_count >= 2);
  if (law[_i].met_by) {
    e[1] = (struct due_event){ law[_i].met_by, e[0].at + 60 };
    w.event_count = 2;
    ck_assert_int_eq(due_judge(pool, d, &w).state, DUE_MET);
  }
}
END_TEST

/* Each condition counts: without it, or for another class, the deadline does not apply. */
START_TEST(who_is_spared)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  must_load(&s, all_profiles);
  for (size_t i = 0; i < ARRAY_LEN(law); i++) {
    const struct due_deadline *d = deadline(s.c, law[i].name);
    struct due_fact fact[16];
    struct due_event e = { law[i].start, 1793610000 };
    struct due_world w = { &s.c->calendar, &e, 1, fact, facts_of(i, fact), NULL, 0, e.at };
    bool by_class = !strncmp(d->name, "fda", 3) || !strncmp(d->name, "mdr", 3) || !strncmp(d->name, "cra", 3);
    fact[0].word = !strcmp(law[i].class, MD) ? EU : MD;
    ck_assert_msg(due_judge(pool, d, &w).state == (by_class ? DUE_NOT_APPLICABLE : DUE_RUNNING), "%s", d->name);
    fact[0].word = law[i].class;
    for (size_t k = 1; law[i].conditions[0] && k < w.fact_count; k++) {
      if (strcmp(fact[k].word, law[i].conditions[0]) != 0)
        continue;
      fact[k].holds = false;
      ck_assert_msg(due_judge(pool, d, &w).state == DUE_NOT_APPLICABLE, "%s", d->name);
    }
  }
}
END_TEST

START_TEST(exempt_from_806)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  must_load(&s, all_profiles);
  struct due_fact fact[] = { { MD, true }, { "uncontrolled", true }, { "exempt-806", true } };
  struct due_event e = { "correction-started", 1793610000 };
  struct due_world w = { &s.c->calendar, &e, 1, fact, 3, NULL, 0, e.at };
  struct due_status st = due_judge(pool, deadline(s.c, "fda-806"), &w);
  ck_assert_int_eq(st.state, DUE_NOT_APPLICABLE);
  ck_assert_str_eq(st.reason, "exempt-806");
}
END_TEST

START_TEST(sections_change_profiles)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  put_file(pool, "mine.conf", "deadline \"lawyers\" {\n starts_at = \"accepted\"\n span = \"1mo\"\n}\n");
  must_load(&s,
            "profile = {\"generic\", \"./mine.conf\"}\n"
            "deadline \"triage\" {\n span = \"3wd\"\n remind = {\"-1d all\"}\n}\n"
            "deadline \"coordinator-may-disclose\" {\n off = yes\n}\n"
            "deadline \"letter\" {\n starts_at = \"public\"\n span = \"5wd\"\n met_by = {\"notice:customers\"}\n}\n");
  ck_assert_uint_eq(s.c->deadline_count, 7);
  ck_assert_uint_eq(s.c->due_count, 6);
  const struct due_deadline *d = deadline(s.c, "triage");
  ck_assert(d->span.count == 3 && d->span.unit == DUE_WORKING_DAYS && d->remind_count == 1);
  ck_assert_str_eq(d->starts_at, "received"); /* the profile's */
  ck_assert_str_eq(d->title, "Decide whether the report is valid");
  ck_assert_str_eq(deadline(s.c, "lawyers")->title, "lawyers");
  ck_assert_str_eq(deadline(s.c, "letter")->met_by[0], "notice:customers");
  must_load(&s, "");
  ck_assert(s.c->due_count == 0 && s.c->calendar.holiday_count == 0);
}
END_TEST

/* Lists of no, one and several values, over several lines; a second one is found whatever it holds. */
START_TEST(lists)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  must_load(&s, "holidays = {}\n");
  ck_assert_uint_eq(s.c->calendar.holiday_count, 0);
  must_load(&s, "holidays = {\"12-25\"}\n");
  ck_assert_uint_eq(s.c->calendar.holiday_count, 1);
  must_load(&s, "holidays = {\"12-25\",\n \"12-26\",\n \"01-01\"\n}\n");
  ck_assert_uint_eq(s.c->calendar.holiday_count, 3);
  ck_assert(s.c->holidays[2] && !s.c->holidays[3]);
  refused_with("site_url = \"http://pumps.example\"\n", "wanted is https:// and a host");
  refused_with("site_url = \"https://pumps.example/\"\n", "without a path or a slash");
  refused_with("site_url = \"https://pumps.example\\\\x\"\n", "wanted is https:// and a host");
  refused_with("site_url = \"https://pumps\\n.example\"\n", "wanted is https:// and a host");
  refused_with("publish_notify = {\"isac\", \"everybody\"}\n", "\"everybody\" is no kind, group or name");
  refused_with("clock_unsynchronised = maybe\n", "hold|ignore");
  refused_with("holidays = {\"12-25\"}\nholidays = {\"12-25\"}\n", "holidays is set a second time");
  refused_with("holidays = {\"12-25\", \"12-26\"}\nholidays = {\"01-01\"}\n", "holidays is set a second time");
  must_load(&s, "holidays = 12-25\nprofile = generic\n");
  ck_assert(s.c->calendar.holiday_count == 1 && s.c->due_count == 5);
  refused_with("holidays = 12-25\nholidays = 12-26\n", "holidays is set a second time");
  refused_with("holidays = 12-25\nholidays = {\"12-25\", \"12-26\"}\n", "holidays is set a second time");
}
END_TEST

/* -1 turns the daily mails off; everywhere else a number has no sign. */
START_TEST(none)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  must_load(&s, "digest_hour = -1\nkey_check_hour = -1\n");
  ck_assert(s.c->digest_hour == -1 && s.c->key_check_hour == -1);
  must_load(&s, "digest_hour = 0\nkey_check_hour = 23\n");
  ck_assert(s.c->digest_hour == 0 && s.c->key_check_hour == 23);
  refused_with("digest_hour = -2\n", "a number from -1 to 23 is wanted");
  refused_with("gate_reply = -1\n", "a number from 0 to 2 is wanted");
  refused_with("max_message = -1\n", "is wanted");
}
END_TEST

START_TEST(refusals)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  put_file(pool, "settings.conf", "zone = \"UTC\"\n");
  put_file(pool, "broken.conf", "deadline \"x\" {\n");
  put_file(pool, "twice.conf", "deadline \"triage\" {\n starts_at = \"received\"\n span = \"1d\"\n}\n");
  put_file(pool, "bad.conf", "\n\ndeadline \"x\" {\n starts_at = \"received\"\n span = \"soon\"\n}\n");
  refused_with("profile = {\"no-such\"}\n", "profile no-such");
  refused_with("profile = {\"./settings.conf\"}\n", "settings.conf:1: zone has no place in a profile");
  refused_with("profile = {\"./broken.conf\"}\n", "broken.conf");
  refused_with("profile = {\"generic\", \"./twice.conf\"}\n", "generic.conf has one of this name too");
  refused_with("profile = {\"./bad.conf\"}\n", "bad.conf:4: deadline x: span: \"soon\"");
  refused_with("deadline \"x\" {\n starts_at = \"recieved\"\n span = \"1d\"\n}\n", "did you mean received?");
  refused_with("deadline \"x\" {\n starts_at = \"received\"\n span = \"1d\"\n met_by = {\"nothing-known\"}\n}\n",
               "met_by: there is no event");
  refused_with("deadline \"x\" {\n starts_at = \"received\"\n span = \"1d\"\n when = {\"!sunny|open\"}\n}\n",
               "no condition \"sunny\"");
  refused_with("deadline \"x\" {\n starts_at = \"received\"\n}\n", "span must be set");
  refused_with("deadline \"Big\" {\n starts_at = \"received\"\n span = \"1d\"\n}\n", "name is lower case");
  refused_with("holidays = {\"25.12.\"}\n", "holidays: 25.12. is not like");
}
END_TEST

START_TEST(clinical_matrix)
{
  AUTO(pool_freep) struct pool *pool = pool_new("test");
  struct site s = { .pool = pool };
  must_load(&s, "");
  ck_assert(s.c->clinical.uncontrolled[EXPLOITABILITY_HIGH][HARM_SERIOUS] && !s.c->clinical.uncontrolled[EXPLOITABILITY_HIGH][HARM_MINOR]);
  ck_assert(!s.c->clinical.uncontrolled[EXPLOITABILITY_LOW][HARM_CRITICAL]);
  must_load(&s, "clinical_high = minor\nclinical_medium = minor\nclinical_low = never\n");
  ck_assert(s.c->clinical.uncontrolled[EXPLOITABILITY_MEDIUM][HARM_MINOR] && s.c->clinical.uncontrolled[EXPLOITABILITY_HIGH][HARM_MINOR]);
  ck_assert(!s.c->clinical.uncontrolled[EXPLOITABILITY_LOW][HARM_CATASTROPHIC]);
  refused_with("clinical_low = bad\n", "clinical_low");
  refused_with("clinical_low = minor\n", "minor harm would be uncontrolled with low exploitability, but controlled with medium");
}
END_TEST

int main(void)
{
  Suite *s = suite_create("conf_due");
  TCase *t = tcase_create("deadlines");
  tcase_add_loop_test(t, what_the_law_says, 0, (int)ARRAY_LEN(law));
  tcase_add_test(t, who_is_spared);
  tcase_add_test(t, exempt_from_806);
  tcase_add_test(t, sections_change_profiles);
  tcase_add_test(t, lists);
  tcase_add_test(t, none);
  tcase_add_test(t, refusals);
  tcase_add_test(t, clinical_matrix);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
