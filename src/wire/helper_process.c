/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/helper: spawning and ending the processes of a helper pool. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper_private.h"

#define SOCKET_BUFFER (1 << 20)
#define NOT_STARTED 127 /* exit code of a child whose execve() failed, as in sh(1) */

/* What a test or a sanitizer build needs inside the helpers; none of it is set on a production machine. */
static const char *const passed_on[] = {
  "ASAN_OPTIONS",           "UBSAN_OPTIONS",      "LSAN_OPTIONS",   "EMBARGOD_FAILPOINT", "EMBARGOD_FAILPOINT_ACTION",
  "EMBARGOD_FAILPOINT_LOG", "EMBARGOD_FAKE_TIME", "JOURNAL_STREAM", "EMBARGOD_TEST_ALLOW_LOOPBACK",
  "EMBARGOD_TEST_CONNECT_TO",
};

static char **environment(const struct helper_pool *hp, struct pool *pool)
{
  size_t extra = 0, n = 0;
  while (hp->options.env && hp->options.env[extra])
    extra++;
  char **env = pool_array(pool, 2 + ARRAY_LEN(passed_on) + extra + 1, sizeof *env);
  env[n++] = pool_strdup(pool, "PATH=/usr/bin:/bin");
  env[n++] = pool_strdup(pool, "LANG=C.UTF-8");
  for (size_t i = 0; i < ARRAY_LEN(passed_on); i++) {
    const char *value = getenv(passed_on[i]);
    if (value)
      env[n++] = pool_printf(pool, "%s=%s", passed_on[i], value);
  }
  for (size_t i = 0; i < extra; i++)
    env[n++] = pool_strdup(pool, hp->options.env[i]);
  env[n] = NULL;
  return env;
}

/* After fork(): only system calls from here. */
NORETURN static void become(const char *program, char **env, int channel, pid_t parent)
{
  char *argv[] = { (char *)(uintptr_t)program, NULL };
  sigset_t none;
  sigemptyset(&none);
  for (int sig = 1; sig < NSIG; sig++)
    signal(sig, SIG_DFL); /* some refuse: they are at their default anyhow */
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
    _exit(126);
  if (channel == HELPER_FD ? fcntl(channel, F_SETFD, 0) < 0 : dup2(channel, HELPER_FD) < 0)
    _exit(126);
  int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    _exit(126);
  if (close_range(HELPER_FD + 1, ~0u, 0) < 0)
    _exit(126);
  execve(program, argv, env);
  _exit(NOT_STARTED);
}

static void widen(int fd)
{
  int size = SOCKET_BUFFER;
  /* The kernel gives what its limits allow; a smaller buffer only makes us wait more often. */
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static void set_next_start(struct helper_pool *hp, struct process *p)
{
  int64_t now = clock_mono(&hp->clock);
  if (p->started_ms && now - p->started_ms >= ALIVE_LONG_MS)
    p->backoff_ms = 0;
  p->start_at_ms = now + p->backoff_ms;
  p->backoff_ms = p->backoff_ms ? p->backoff_ms * 2 : BACKOFF_FIRST_MS;
  if (p->backoff_ms > BACKOFF_LAST_MS)
    p->backoff_ms = BACKOFF_LAST_MS;
}

void process_start(struct helper_pool *hp, struct process *p)
{
  AUTO(pool_freep) struct pool *pool = pool_new("spawn");
  char **env = environment(hp, pool);
  int ends[2];
  p->started_ms = clock_mono(&hp->clock);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    log_event(hp->log, LOG_LEVEL_ERR, "helper cannot be started", LOG_STR("helper", hp->options.name),
              LOG_STR("why", strerror(errno)));
    set_next_start(hp, p);
    return;
  }
  widen(ends[0]);
  widen(ends[1]);
  /* A signal for the new process must not run our handlers in it: they would act in our name. */
  sigset_t all, was;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &was);
  pid_t self = getpid(), pid = fork();
  if (pid == 0)
    become(hp->options.program, env, ends[1], self);
  int error = errno;
  sigprocmask(SIG_SETMASK, &was, NULL);
  close(ends[1]);
  if (pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
    close(ends[0]);
    log_event(hp->log, LOG_LEVEL_ERR, "helper cannot be started", LOG_STR("helper", hp->options.name),
              LOG_STR("why", strerror(error)));
    set_next_start(hp, p);
    return;
  }
  p->pid = pid;
  p->fd = ends[0];
  p->state = PROCESS_STARTING;
  p->blocked = false;
  log_event(hp->log, LOG_LEVEL_DEBUG, "helper started", LOG_STR("helper", hp->options.name), LOG_INT("pid", pid));
}

static void drop_tells(struct helper_pool *hp, struct process *p)
{
  while (p->tells) {
    struct tell *t = p->tells;
    p->tells = t->next;
    tell_free(hp, t);
  }
  p->tells_end = &p->tells;
}

static void log_end(const struct helper_pool *hp, const struct dying *d, int how)
{
  int64_t code = WIFEXITED(how) ? WEXITSTATUS(how) : -1, sig = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
  AUTO(pool_freep) struct pool *pool = pool_new("end");
  const char *why = d->why;
  if (code == NOT_STARTED) /* execve() failed in the child */
    why = pool_printf(pool, "%s could not be started: install it there and see its mode; trying again", hp->options.program);
  log_event(hp->log, d->unexpected ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "helper ended",
            LOG_STR("helper", hp->options.name), LOG_INT("pid", d->pid), LOG_STR("why", why), LOG_INT("code", code),
            LOG_INT("signal", sig), LOG_INT("jobs", d->jobs));
}

/* Room is kept by waiting for the oldest: more than DYING_MAX unreaped processes never pile up. */
static void add_dying(struct helper_pool *hp, const struct dying *d)
{
  int how = 0;
  if (hp->dying_count == DYING_MAX) {
    kill(hp->dying[0].pid, SIGKILL);
    while (waitpid(hp->dying[0].pid, &how, 0) < 0 && errno == EINTR)
      continue;
    log_end(hp, &hp->dying[0], how);
    hp->dying[0] = hp->dying[--hp->dying_count];
  }
  hp->dying[hp->dying_count++] = *d;
}

static void close_channel(struct helper_pool *hp, struct process *p)
{
  close(p->fd);
  p->fd = -1;
  p->state = PROCESS_DOWN;
  p->blocked = false;
  drop_tells(hp, p);
}

void process_end(struct helper_pool *hp, struct process *p, const char *why, int grace_ms)
{
  struct dying d = { .pid = p->pid, .unexpected = true, .jobs = p->busy };
  d.kill_at_ms = grace_ms ? clock_mono(&hp->clock) + grace_ms : -1;
  snprintf(d.why, sizeof d.why, "%s", why);
  close_channel(hp, p);
  if (!grace_ms)
    kill(d.pid, SIGKILL);
  add_dying(hp, &d);
  set_next_start(hp, p);
  hp->deaths++;
}

void process_retire(struct helper_pool *hp, struct process *p)
{
  if (p->state == PROCESS_DOWN)
    return;
  struct dying d = { .pid = p->pid, .kill_at_ms = clock_mono(&hp->clock) + TERM_GRACE_MS, .why = "told to end" };
  close_channel(hp, p);
  kill(d.pid, SIGTERM);
  add_dying(hp, &d);
  p->start_at_ms = 0;
  p->backoff_ms = 0;
}

void dying_tend(struct helper_pool *hp)
{
  int64_t now = clock_mono(&hp->clock);
  for (size_t i = 0; i < hp->dying_count;) {
    struct dying *d = &hp->dying[i];
    int how = 0;
    pid_t done = waitpid(d->pid, &how, WNOHANG);
    if (done == d->pid || (done < 0 && errno == ECHILD)) {
      log_end(hp, d, how);
      *d = hp->dying[--hp->dying_count];
      continue;
    }
    if (d->kill_at_ms >= 0 && now >= d->kill_at_ms) {
      kill(d->pid, SIGKILL);
      d->kill_at_ms = -1;
    }
    i++;
  }
}
