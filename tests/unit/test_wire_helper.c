/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: the core's end of the helpers, against tests/support/wire_child.c. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <embargod/channel.h>
#include <embargod/helper.h>

#include "tests/support/wire_child.h"

#define SLOT_MAX 4096

/* A clock whose monotonic time can be pushed forward. */
struct shifted {
  struct clock real;
  int64_t ahead_ms;
};

/* What became of one job. */
struct slot {
  unsigned answers;
  uint16_t type;
  uint32_t job;
  int64_t pid;
  char config[64], text[128];
  struct bytes payload; /* in kept */
};

static struct pool *pool;
static struct shifted time_;
static struct clock clk;
static struct logger logger;
static struct helper_pool *hp;
static struct slot slot[SLOT_MAX];
static char child[4096];
static char event_text[64];
static unsigned events, configs;
static struct pool *kept[SLOT_MAX];
static size_t kept_count;

static int64_t now_shifted(void *self)
{
  return clock_now(&time_.real);
}

static int64_t mono_shifted(void *self)
{
  return clock_mono(&time_.real) + time_.ahead_ms;
}

static void set_up(void)
{
  const char *dir = getenv("top_builddir");
  snprintf(child, sizeof child, "%s/wire_child", dir ? dir : ".");
  pool = pool_new("test");
  time_.real = clock_system();
  clk = (struct clock){ now_shifted, mono_shifted, NULL };
  logger = (struct logger){ .fd = open("/dev/null", O_WRONLY), .level = LOG_LEVEL_DEBUG, .program = "test" };
}

static void tear_down(void)
{
  helper_pool_free(&hp);
  ck_assert_ptr_null(hp);
  ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* all are reaped */
  ck_assert_int_eq(errno, ECHILD);
  for (size_t i = 0; i < kept_count; i++)
    pool_free(&kept[i]);
  close(logger.fd);
  pool_free(&pool);
}

static bool on_config(void *self, struct wire_msg *config)
{
  char text[32];
  snprintf(text, sizeof text, "config %u", ++configs);
  wire_puts(config, 1, text);
  return true;
}

static void on_event(void *self, const struct wire_msg *event)
{
  events++;
  snprintf(event_text, sizeof event_text, "%s", wire_gets(event, 1));
}

static void start(unsigned processes, unsigned jobs, int deadline_ms, const char *mode)
{
  const char *env[] = { mode, NULL };
  struct helper_options o = { child, "child", processes, jobs, deadline_ms, true, mode ? env : NULL };
  hp = helper_pool_new(&o, &clk, &logger);
  helper_pool_on_config(hp, on_config, NULL);
  helper_pool_on_event(hp, on_event, NULL);
}

static void turn(int most_ms)
{
  struct pollfd fds[16];
  int timeout = most_ms;
  size_t n = helper_poll_prepare(hp, fds, ARRAY_LEN(fds), &timeout);
  ck_assert_int_le(timeout, most_ms);
  ck_assert_int_ge(poll(fds, n, timeout), 0);
  helper_poll_done(hp, fds, n);
}

/* Until nothing is pending, at most 20 s. */
static void run(void)
{
  int64_t end = clock_mono(&time_.real) + 20000;
  while (helper_pending(hp)) {
    ck_assert_msg(clock_mono(&time_.real) < end, "jobs are not answered");
    turn(100);
  }
}

static void run_ready(unsigned n)
{
  int64_t end = clock_mono(&time_.real) + 20000;
  while (helper_ready(hp) != n) {
    ck_assert_msg(clock_mono(&time_.real) < end, "helpers do not get ready");
    turn(100);
  }
}

static void on_answer(void *self, struct pool *answer_pool, const struct wire_msg *m)
{
  struct slot *s = self;
  s->answers++;
  s->type = wire_type(m);
  s->job = wire_job(m);
  if (s->type == CHILD_WHO + 1) {
    s->pid = wire_geti(m, CHILD_TAG_PID, 0);
    snprintf(s->config, sizeof s->config, "%s", wire_gets(m, CHILD_TAG_CONFIG));
  }
  if (s->type == WIRE_DEAD || s->type == CH_ERROR)
    snprintf(s->text, sizeof s->text, "%s", wire_gets(m, TAG_TEXT));
  if (s->type == CHILD_ECHO + 1 && wire_get(m, TAG_BYTES, &s->payload) && kept_count < SLOT_MAX)
    kept[kept_count++] = helper_answer_pool(hp);
}

static uint32_t ask(struct slot *s, uint16_t type)
{
  uint32_t job = helper_submit(hp, wire_new(pool, type, 0), on_answer, s);
  ck_assert_uint_ne(job, 0);
  return job;
}

static void check_slot(const struct slot *s, uint16_t type)
{
  ck_assert_uint_eq(s->answers, 1);
  ck_assert_uint_eq(s->type, type);
}

START_TEST(jobs_are_answered_and_nothing_before_its_time)
{
  start(2, 1, 0, NULL);
  uint32_t id[100];
  for (int i = 0; i < 100; i++)
    id[i] = ask(&slot[i], CHILD_ECHO);
  ck_assert_uint_eq(slot[0].answers, 0);
  ck_assert_uint_eq(helper_pending(hp), 100);
  run();
  for (int i = 0; i < 100; i++) {
    check_slot(&slot[i], CHILD_ECHO + 1);
    ck_assert_uint_eq(slot[i].job, id[i]);
  }
  ck_assert_uint_eq(helper_deaths(hp), 0);
}
END_TEST

START_TEST(large_requests_and_answers)
{
  start(1, 1, 0, NULL);
  const size_t len = 30u << 20;
  char *big = pool_alloc(pool, len);
  for (size_t i = 0; i < len; i++)
    big[i] = (char)(i * 7);
  struct wire_msg *m = wire_new(pool, CHILD_ECHO, 0);
  wire_put(m, TAG_BYTES, (struct bytes){ big, len });
  for (int i = 0; i < 3; i++)
    helper_submit(hp, m, on_answer, &slot[i]);
  run();
  for (int i = 0; i < 3; i++) {
    check_slot(&slot[i], CHILD_ECHO + 1);
    ck_assert(bytes_eq(slot[i].payload, (struct bytes){ big, len })); /* kept with helper_answer_pool() */
  }
}
END_TEST

START_TEST(the_work_is_spread)
{
  start(3, 1, 0, NULL);
  run_ready(3);
  for (int i = 0; i < 60; i++)
    ask(&slot[i], CHILD_WHO);
  run();
  int64_t seen[3] = { 0 };
  size_t n = 0;
  for (int i = 0; i < 60; i++) {
    size_t at = 0;
    while (at < n && seen[at] != slot[i].pid)
      at++;
    ck_assert_uint_lt(at, 3);
    if (at == n)
      seen[n++] = slot[i].pid;
  }
  ck_assert_uint_eq(n, 3);
}
END_TEST

struct heard {
  unsigned path, lang, extra, stray, mask;
  int64_t fds;
};

static void hear_environment(void *self, struct pool *answer_pool, const struct wire_msg *m)
{
  struct heard *h = self;
  for (size_t i = 0; i < wire_count(m); i++) {
    struct bytes b;
    uint16_t tag = wire_field(m, i, &b);
    if (tag == CHILD_TAG_FD)
      h->fds |= INT64_C(1) << wire_number(b, 63);
    if (tag == CHILD_TAG_SIGNAL)
      h->mask++;
    if (tag != CHILD_TAG_ENV)
      continue;
    if (bytes_eq(b, BYTES("PATH=/usr/bin:/bin")))
      h->path++;
    else if (bytes_eq(b, BYTES("LANG=C.UTF-8")))
      h->lang++;
    else if (bytes_eq(b, BYTES("WIRE_CHILD_MODE=x")))
      h->extra++;
    else if (bytes_find(b, BYTES("SAN_OPTIONS="), 0) == SIZE_MAX)
      h->stray++;
  }
}

START_TEST(a_helper_starts_clean)
{
  struct heard h = { 0 };
  setenv("HOME", "/nowhere", 1);
  setenv("SECRET", "x", 1);
  int stray = open("/dev/null", O_RDONLY); /* no close-on-exec */
  ck_assert_int_ge(stray, 3);
  signal(SIGUSR1, SIG_IGN);
  sigset_t block;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  sigprocmask(SIG_BLOCK, &block, NULL);
  start(1, 1, 0, "WIRE_CHILD_MODE=x");
  helper_submit(hp, wire_new(pool, CHILD_WHO, 0), hear_environment, &h);
  run();
  close(stray);
  ck_assert_uint_eq(h.path, 1);
  ck_assert_uint_eq(h.lang, 1);
  ck_assert_uint_eq(h.extra, 1);
  ck_assert_uint_eq(h.stray, 0);
  ck_assert_uint_eq(h.mask, 0);
  ck_assert_int_eq(h.fds, 0xF); /* 0, 1, 2 and the channel */
}
END_TEST

START_TEST(config_tell_and_events)
{
  start(1, 1, 0, NULL);
  ask(&slot[0], CHILD_WHO);
  run();
  ck_assert_str_eq(slot[0].config, "config 1");
  struct wire_msg *m = wire_new(pool, CHILD_TELL, 0);
  wire_puts(m, 1, "told");
  helper_tell(hp, m);
  ask(&slot[1], CHILD_WHO);
  ask(&slot[2], CHILD_EVENT);
  run();
  ck_assert_str_eq(slot[1].config, "told");
  check_slot(&slot[2], CHILD_EVENT + 1);
  ck_assert_uint_eq(events, 1);
  ck_assert_str_eq(event_text, "news");
  ask(&slot[3], CHILD_FAIL);
  run();
  check_slot(&slot[3], CH_ERROR);
  ck_assert_str_eq(slot[3].text, "no good");
}
END_TEST

static const struct {
  uint16_t request;
  const char *why;
} ends[] = {
  { CHILD_DIE, "died" },
  { CHILD_EXIT, "died" },
  { CHILD_GARBAGE, "packet" },
  { CHILD_WRONG_JOB, "no helper" },
  { CHILD_FORGED_DEAD, "no helper" },
};

/* One job is lost, and only that: those before and behind it are answered. */
START_TEST(an_end_costs_one_job)
{
  start(1, 1, 0, NULL);
  ask(&slot[0], CHILD_ECHO);
  ask(&slot[1], ends[_i].request);
  for (int i = 2; i < 10; i++)
    ask(&slot[i], CHILD_ECHO);
  run();
  check_slot(&slot[0], CHILD_ECHO + 1);
  check_slot(&slot[1], WIRE_DEAD);
  ck_assert_ptr_nonnull(strstr(slot[1].text, ends[_i].why));
  for (int i = 2; i < 10; i++)
    check_slot(&slot[i], CHILD_ECHO + 1);
  ck_assert_uint_eq(helper_deaths(hp), 1);
  ck_assert_uint_eq(configs, 2); /* the new process got its own */
}
END_TEST

START_TEST(the_deadline_kills)
{
  start(1, 1, 1000, NULL);
  ask(&slot[0], CHILD_HANG);
  ask(&slot[1], CHILD_ECHO);
  run_ready(1);
  turn(0);
  ck_assert_uint_eq(slot[0].answers, 0);
  time_.ahead_ms += 1001;
  run();
  check_slot(&slot[0], WIRE_DEAD);
  ck_assert_ptr_nonnull(strstr(slot[0].text, "deadline"));
  check_slot(&slot[1], CHILD_ECHO + 1);
}
END_TEST

START_TEST(one_that_never_says_hello_is_ended)
{
  start(1, 1, 0, "WIRE_CHILD_MODE=mute");
  turn(0);
  time_.ahead_ms += 31000;
  turn(0);
  ck_assert_uint_eq(helper_deaths(hp), 1);
}
END_TEST

/* At once, then 100 ms doubling to 30 s: with time pushed along, the waits are seen as timeouts. */
START_TEST(back_off)
{
  start(1, 1, 0, "WIRE_CHILD_MODE=dies-at-start");
  const int64_t want[] = { 0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000 };
  for (size_t i = 0; i < ARRAY_LEN(want); i++) {
    int64_t end = clock_mono(&time_.real) + 10000;
    while (helper_deaths(hp) == i) {
      ck_assert_int_lt(clock_mono(&time_.real), end);
      struct pollfd fds[1];
      int timeout = 50;
      size_t n = helper_poll_prepare(hp, fds, 1, &timeout);
      poll(fds, n, n ? timeout : 0);
      if (n && fds[0].revents) { /* its end: freeze time around it, so that the wait is exact */
        helper_poll_done(hp, fds, n);
        break;
      }
      helper_poll_done(hp, fds, n);
    }
    ck_assert_uint_eq(helper_deaths(hp), i + 1);
    if (want[i] <= 100)
      continue; /* too close to the machine's own pace to be told apart */
    struct pollfd fds[1];
    time_.ahead_ms += want[i] - 90;
    int timeout = 100000;
    ck_assert_uint_eq(helper_poll_prepare(hp, fds, 1, &timeout), 0); /* still down */
    time_.ahead_ms += 100;
  }
}
END_TEST

START_TEST(a_long_life_is_rewarded)
{
  start(1, 1, 0, NULL);
  for (int i = 0; i < 6; i++) {
    run_ready(1);
    time_.ahead_ms += 61000;
    ask(&slot[i], CHILD_DIE);
    int64_t before = clock_mono(&time_.real);
    run();
    run_ready(1); /* each time at once */
    ck_assert_int_lt(clock_mono(&time_.real) - before, 3000);
  }
  ck_assert_uint_eq(helper_deaths(hp), 6);
}
END_TEST

START_TEST(a_missing_program_is_no_disaster)
{
  snprintf(child, sizeof child, "/nonexistent/helper");
  start(1, 1, 0, NULL);
  ask(&slot[0], CHILD_ECHO);
  for (int i = 0; i < 10; i++)
    turn(30);
  ck_assert_uint_ge(helper_deaths(hp), 2);
  ck_assert_uint_eq(slot[0].answers, 0); /* it waits */
  ck_assert_uint_eq(helper_pending(hp), 1);
}
END_TEST

START_TEST(zygote_jobs_are_matched_by_number)
{
  start(1, 4, 500, "WIRE_CHILD_MODE=zygote");
  run_ready(1);
  ask(&slot[0], CHILD_HANG);
  ask(&slot[1], CHILD_ECHO);
  ask(&slot[2], CHILD_DIE);
  ask(&slot[3], CHILD_ECHO);
  while (helper_pending(hp) > 1)
    turn(100);
  check_slot(&slot[1], CHILD_ECHO + 1);
  check_slot(&slot[2], WIRE_DEAD);
  ck_assert_ptr_nonnull(strstr(slot[2].text, "signal 11"));
  check_slot(&slot[3], CHILD_ECHO + 1);
  ck_assert_uint_eq(slot[0].answers, 0);
  time_.ahead_ms += 501;
  run();
  check_slot(&slot[0], WIRE_DEAD);
  ask(&slot[4], CHILD_LATE); /* brings the late answer of the first, too: it is dropped */
  run();
  check_slot(&slot[4], CHILD_ECHO + 1);
  check_slot(&slot[0], WIRE_DEAD);
  ck_assert_uint_eq(helper_deaths(hp), 0);
}
END_TEST

START_TEST(a_zygote_that_forgets_all_is_ended)
{
  start(1, 2, 500, "WIRE_CHILD_MODE=zygote");
  run_ready(1);
  for (int i = 0; i < 20; i++)
    ask(&slot[i], CHILD_HANG);
  int64_t end = clock_mono(&time_.real) + 20000;
  while (helper_pending(hp) && clock_mono(&time_.real) < end) {
    turn(5);
    time_.ahead_ms += 100;
  }
  for (int i = 0; i < 20; i++)
    check_slot(&slot[i], WIRE_DEAD);
  ck_assert_uint_ge(helper_deaths(hp), 1);
}
END_TEST

START_TEST(restart_keeps_the_jobs)
{
  start(2, 1, 0, NULL);
  run_ready(2);
  ask(&slot[0], CHILD_WHO);
  run();
  struct wire_msg *m = wire_new(pool, CHILD_ECHO, 0);
  wire_put(m, TAG_BYTES, (struct bytes){ pool_alloc(pool, 1 << 20), 1 << 20 });
  for (int i = 1; i < 20; i++)
    helper_submit(hp, m, on_answer, &slot[i]);
  struct pollfd fds[4];
  int timeout = 0;
  helper_poll_prepare(hp, fds, 4, &timeout); /* two are in hand now */
  helper_restart(hp);
  run();
  for (int i = 1; i < 20; i++)
    check_slot(&slot[i], CHILD_ECHO + 1);
  ask(&slot[20], CHILD_WHO);
  run();
  ck_assert_int_ne(slot[20].pid, slot[0].pid);
  ck_assert_uint_eq(helper_deaths(hp), 0);
}
END_TEST

static void on_answer_submit(void *self, struct pool *answer_pool, const struct wire_msg *m)
{
  struct slot *s = self;
  s->answers++;
  if (s + 1 < slot + 50)
    helper_submit(hp, wire_new(answer_pool, s - slot == 20 ? CHILD_DIE : CHILD_ECHO, 0), on_answer_submit, s + 1);
  if (s - slot == 30)
    helper_restart(hp);
}

START_TEST(answers_may_submit_and_restart)
{
  start(1, 1, 0, NULL);
  helper_submit(hp, wire_new(pool, CHILD_ECHO, 0), on_answer_submit, &slot[0]);
  run();
  for (int i = 0; i < 50; i++)
    ck_assert_uint_eq(slot[i].answers, 1);
}
END_TEST

START_TEST(a_request_over_the_limits_is_answered)
{
  start(1, 1, 0, NULL);
  struct wire_msg *m = wire_new(pool, CHILD_ECHO, 0);
  for (int i = 0; i <= WIRE_FIELDS_MAX; i++)
    wire_puti(m, 1, 1);
  helper_submit(hp, m, on_answer, &slot[0]);
  ask(&slot[1], CHILD_ECHO);
  run();
  check_slot(&slot[0], WIRE_DEAD);
  check_slot(&slot[1], CHILD_ECHO + 1);
}
END_TEST

START_TEST(the_stubborn_are_ended_at_last)
{
  start(1, 1, 0, "WIRE_CHILD_MODE=deaf-to-term");
  run_ready(1);
  ask(&slot[0], CHILD_HANG);
  turn(0);
  turn(0);
  int64_t before = clock_mono(&time_.real);
  helper_pool_free(&hp);
  int64_t took = clock_mono(&time_.real) - before;
  ck_assert_int_ge(took, 1900);
  ck_assert_int_lt(took, 8000);
  ck_assert_uint_eq(slot[0].answers, 0); /* nobody is called any more */
}
END_TEST

/* SIGKILL at any moment of a stream of jobs: each is answered once, at most one in hand is lost. */
START_TEST(killed_at_any_moment)
{
  start(2, 1, 0, NULL);
  for (int i = 0; i < 400; i++)
    ask(&slot[i], i % 7 == 3 ? CHILD_DIE : CHILD_WHO);
  int64_t end = clock_mono(&time_.real) + 60000;
  while (helper_pending(hp)) {
    ck_assert_int_lt(clock_mono(&time_.real), end);
    turn(20);
    time_.ahead_ms += 2000; /* skips the back-off */
  }
  for (int i = 0; i < 400; i++)
    check_slot(&slot[i], i % 7 == 3 ? WIRE_DEAD : CHILD_WHO + 1);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("wire helper");
  TCase *t = tcase_create("helper");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 120);
  tcase_add_test(t, jobs_are_answered_and_nothing_before_its_time);
  tcase_add_test(t, large_requests_and_answers);
  tcase_add_test(t, the_work_is_spread);
  tcase_add_test(t, a_helper_starts_clean);
  tcase_add_test(t, config_tell_and_events);
  tcase_add_loop_test(t, an_end_costs_one_job, 0, (int)ARRAY_LEN(ends));
  tcase_add_test(t, the_deadline_kills);
  tcase_add_test(t, one_that_never_says_hello_is_ended);
  tcase_add_test(t, back_off);
  tcase_add_test(t, a_long_life_is_rewarded);
  tcase_add_test(t, a_missing_program_is_no_disaster);
  tcase_add_test(t, zygote_jobs_are_matched_by_number);
  tcase_add_test(t, a_zygote_that_forgets_all_is_ended);
  tcase_add_test(t, restart_keeps_the_jobs);
  tcase_add_test(t, answers_may_submit_and_restart);
  tcase_add_test(t, a_request_over_the_limits_is_answered);
  tcase_add_test(t, the_stubborn_are_ended_at_last);
  tcase_add_test(t, killed_at_any_moment);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
