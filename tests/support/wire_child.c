/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A helper for the tests of the helper pool: does what a request's type says. Its mode is in WIRE_CHILD_MODE. */
#include <config.h>

#include <embargod/helper.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire_child.h"

static void put_environment(struct wire_msg *m)
{
  extern char **environ;
  for (char **e = environ; *e; e++)
    wire_puts(m, CHILD_TAG_ENV, *e);
  for (int fd = 0; fd < 1024; fd++)
    if (fcntl(fd, F_GETFD) >= 0)
      wire_puti(m, CHILD_TAG_FD, fd);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  for (int sig = 1; sig < 32; sig++) {
    struct sigaction sa;
    sigaction(sig, NULL, &sa);
    if (sigismember(&mask, sig) || sa.sa_handler == SIG_IGN) /* handlers do not outlive exec */
      wire_puti(m, CHILD_TAG_SIGNAL, sig);
  }
}

NORETURN static void hang(void)
{
  for (;;)
    pause();
}

static void raw(const char *s, size_t len)
{
  if (send(HELPER_FD, s, len, MSG_NOSIGNAL) < 0)
    _exit(3);
}

static enum status take(void *self, struct pool *pool, const struct wire_msg *request, struct wire_msg **answer,
                        struct fault *err)
{
  char *config = self;
  struct bytes b;
  switch (wire_type(request)) {
  case WIRE_CONFIG:
    snprintf(config, 64, "%s", wire_gets(request, 1));
    return ST_OK;
  case CHILD_TELL:
    snprintf(config, 64, "%s", wire_gets(request, 1));
    return ST_OK;
  case CHILD_ECHO:
    *answer = wire_new(pool, CHILD_ECHO + 1, 0);
    for (size_t i = 0; i < wire_count(request); i++) {
      uint16_t tag = wire_field(request, i, &b);
      wire_put(*answer, tag, b);
    }
    return ST_OK;
  case CHILD_WHO:
    *answer = wire_new(pool, CHILD_WHO + 1, 0);
    wire_puti(*answer, CHILD_TAG_PID, getpid());
    wire_puts(*answer, CHILD_TAG_CONFIG, config);
    put_environment(*answer);
    return ST_OK;
  case CHILD_FAIL:
    return fault(err, ST_REJECT, "no good");
  case CHILD_DIE:
    kill(getpid(), SIGKILL);
    hang();
  case CHILD_EXIT:
    _exit(5);
  case CHILD_HANG:
    hang();
  case CHILD_GARBAGE:
    raw("garbage", 7);
    return ST_OK;
  case CHILD_WRONG_JOB:
    *answer = wire_new(pool, CHILD_ECHO + 1, 0);
    wire_set_job(*answer, wire_job(request) + 1000);
    return wire_send(HELPER_FD, steal(*answer), err);
  case CHILD_FORGED_DEAD:
    *answer = wire_new(pool, WIRE_DEAD, 0);
    return ST_OK;
  case CHILD_EVENT:
    *answer = wire_new(pool, CHILD_EVENT + 1, 0);
    wire_puts(*answer, 1, "news");
    if (wire_send(HELPER_FD, *answer, err) != ST_OK)
      return err->status;
    return ST_OK;
  default:
    return fault(err, ST_REJECT, "unknown request");
  }
}

/* A zygote's manners: keeps hanging jobs in mind, answers the others, in whatever order. */
static int zygote(void)
{
  struct pool *pool = pool_new("zygote");
  struct fault err = { 0 };
  if (helper_say_hello(&err) != ST_OK)
    return 1;
  uint32_t held = 0;
  for (;;) {
    struct wire_msg *request, *answer;
    bool eof;
    if (wire_recv(HELPER_FD, pool, &request, &eof, &err) != ST_OK)
      return 0;
    if (wire_type(request) == CHILD_HANG) {
      held = wire_job(request);
      continue;
    }
    if (wire_type(request) == CHILD_LATE) { /* first the one that was held, long after its deadline */
      answer = wire_new(pool, CHILD_ECHO + 1, held);
      if (wire_send(HELPER_FD, answer, &err) != ST_OK)
        return 1;
    }
    bool dies = wire_type(request) == CHILD_DIE;
    answer = wire_new(pool, dies ? WIRE_CHILD_DIED : CHILD_ECHO + 1, wire_job(request));
    if (dies)
      wire_puti(answer, 1, 11);
    if (wire_send(HELPER_FD, answer, &err) != ST_OK)
      return 1;
  }
}

int main(void)
{
  char config[64] = "none";
  const char *mode = getenv("WIRE_CHILD_MODE");
  if (mode && strcmp(mode, "dies-at-start") == 0)
    return 4;
  if (mode && strcmp(mode, "mute") == 0)
    hang();
  if (mode && strcmp(mode, "zygote") == 0)
    return zygote();
  if (mode && strcmp(mode, "deaf-to-term") == 0)
    signal(SIGTERM, SIG_IGN);
  return helper_serve(take, config);
}
