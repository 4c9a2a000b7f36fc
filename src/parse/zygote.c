/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/zygote: the process that the core starts. It reads packets, never letters: each payload gets a forked child
 * with limits and a filter of its own, which sends the answer itself and ends. */
#include <config.h>

#include "parse_private.h"
#include <embargod/channel.h>
#include <embargod/helper.h>
#include <embargod/wire.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX 64
#define CPU_S_DEFAULT 10
#define CPU_S_MAX 600
#define MEMORY_DEFAULT ((int64_t)1 << 30)
#define MEMORY_MIN ((int64_t)64 << 20)
#define MEMORY_MAX ((int64_t)16 << 30)
#define SEND_TRIES 100 /* of 20 ms: the machine is out of socket memory */

struct zygote {
  struct parser *parser;
  const struct sandbox *sandbox;
  struct sandbox_limits limits;
  int channel, sigchld;
  struct {
    pid_t pid;
    uint32_t job;
  } child[CHILDREN_MAX];
  unsigned children;
};

static void complain(const char *what, const struct fault *err)
{
  char line[1200];
  int n = snprintf(line, sizeof line, "<3>embargod-parse: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
  if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
    return; /* nobody to tell */
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
  return v < low ? low : v > high ? high : v;
}

static void configure(struct zygote *z, const struct wire_msg *m)
{
  struct parse_limits *l = &z->parser->limits;
  z->limits.cpu_s = (int)clamp(wire_geti(m, PARSE_TAG_CPU_S, z->limits.cpu_s), 1, CPU_S_MAX);
  z->limits.memory = (size_t)clamp(wire_geti(m, PARSE_TAG_MEMORY, (int64_t)z->limits.memory), MEMORY_MIN, MEMORY_MAX);
  l->depth = (uint32_t)clamp(wire_geti(m, PARSE_TAG_DEPTH, l->depth), 0, PARTS_DEPTH_MAX);
  l->parts = (uint32_t)clamp(wire_geti(m, PARSE_TAG_PARTS, l->parts), 1, PARTS_MAX);
}

static enum status send_patiently(int fd, const struct wire_msg *m, struct fault *err)
{
  enum status st = wire_send(fd, m, err);
  for (int i = 0; st == ST_RETRY && i < SEND_TRIES; i++) {
    (void)poll(NULL, 0, 20);
    fault_clear(err);
    st = wire_send(fd, m, err);
  }
  return st;
}

static enum status send_error(struct zygote *z, uint32_t job, const struct fault *why)
{
  AUTO(pool_freep) struct pool *pool = pool_new("refusal");
  struct wire_msg *m = wire_new(pool, CH_ERROR, job);
  struct fault err = { 0 };
  wire_puti(m, TAG_STATUS, why->status);
  wire_puts(m, TAG_TEXT, why->text);
  return send_patiently(z->channel, m, &err);
}

/* In the child, behind the filter: from the first look at the letter to the answer. */
static NORETURN void read_letter(struct zygote *z, uint32_t job, struct bytes raw)
{
  /* Not a wiping pool: those cost a mapping a block, and this process ends with its only letter; it leaves no core. */
  AUTO(pool_freep) struct pool *pool = pool_new("letter");
  struct fault err = { 0 };
  struct part_table table;
  if (parse_mime(z->parser, pool, raw, &table, &err) != ST_OK)
    _exit(send_error(z, job, &err) == ST_OK ? 0 : 1);
  struct wire_msg *answer = wire_new(pool, PARSE_TABLE, job);
  parts_put(answer, &table);
  _exit(send_patiently(z->channel, answer, &err) == ST_OK ? 0 : 1);
}

static NORETURN void child_main(struct zygote *z, pid_t zygote, uint32_t job, struct bytes raw)
{
  struct fault err = { 0 };
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  close(z->sigchld);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != zygote)
    _exit(1);
  if (sandbox_enter_child(z->sandbox, &z->limits, &err) != ST_OK) {
    complain("child", &err);
    _exit(1);
  }
  read_letter(z, job, raw);
}

static enum status start_child(struct zygote *z, const struct wire_msg *m)
{
  struct bytes raw;
  struct fault err = { 0 };
  if (!wire_get(m, TAG_BYTES, &raw)) {
    (void)fault(&err, ST_BROKEN, "a request without a message");
    return send_error(z, wire_job(m), &err);
  }
  pid_t zygote = getpid(), pid = fork();
  if (pid < 0) {
    (void)fault(&err, ST_RETRY, "fork: %s", strerror(errno));
    return send_error(z, wire_job(m), &err);
  }
  if (pid == 0)
    child_main(z, zygote, wire_job(m), raw);
  z->child[z->children].pid = pid;
  z->child[z->children++].job = wire_job(m);
  return ST_OK;
}

static enum status handle(struct zygote *z, const struct wire_msg *m)
{
  struct fault err = { 0 };
  switch (wire_type(m)) {
  case WIRE_CONFIG:
    configure(z, m);
    return ST_OK;
  case PARSE_MESSAGE:
    return start_child(z, m);
  default:
    (void)fault(&err, ST_BROKEN, "message type %u is not for embargod-parse", wire_type(m));
    return send_error(z, wire_job(m), &err);
  }
}

/* The payload lives here only from its arrival to the fork: the wiping pool takes it away. */
static enum status receive(struct zygote *z, bool *over)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("payload");
  struct wire_msg *m;
  struct fault err = { 0 };
  enum status st = wire_recv(z->channel, pool, &m, over, &err);
  if (st == ST_OK)
    return handle(z, m);
  if (st == ST_RETRY || *over)
    return ST_OK;
  complain("channel", &err);
  return st;
}

static enum status tell_death(struct zygote *z, uint32_t job, int how)
{
  AUTO(pool_freep) struct pool *pool = pool_new("death");
  struct wire_msg *m = wire_new(pool, WIRE_CHILD_DIED, job);
  struct fault err = { 0 };
  wire_puti(m, 1, WIFSIGNALED(how) ? WTERMSIG(how) : 0);
  wire_puti(m, 2, WIFEXITED(how) ? WEXITSTATUS(how) : 0);
  return send_patiently(z->channel, m, &err);
}

static enum status reap(struct zygote *z)
{
  struct signalfd_siginfo info;
  int how;
  pid_t pid;
  if (read(z->sigchld, &info, sizeof info) < 0 && errno != EAGAIN && errno != EINTR)
    return ST_BROKEN;
  while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
    for (unsigned i = 0; i < z->children; i++) {
      if (z->child[i].pid != pid)
        continue;
      uint32_t job = z->child[i].job;
      z->child[i] = z->child[--z->children];
      if (!(WIFEXITED(how) && WEXITSTATUS(how) == 0) && tell_death(z, job, how) != ST_OK)
        return ST_BROKEN;
      break;
    }
  return ST_OK;
}

static enum status start(struct zygote *z, struct fault *err)
{
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  z->sigchld = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  int flags = fcntl(z->channel, F_GETFL);
  if (z->sigchld < 0 || flags < 0 || fcntl(z->channel, F_SETFL, flags & ~O_NONBLOCK) != 0)
    return fault(err, ST_BROKEN, "start: %s", strerror(errno));
  enum status st = sandbox_enter_zygote(z->sandbox, err);
  if (st)
    return st;
  AUTO(pool_freep) struct pool *pool = pool_new("hello");
  return wire_send(z->channel, wire_new(pool, WIRE_HELLO, 0), err);
}

int zygote_run(struct parser *parser, const struct sandbox *sb, int channel)
{
  struct zygote z = { .parser = parser, .sandbox = sb, .channel = channel };
  struct fault err = { 0 };
  z.limits = (struct sandbox_limits){ CPU_S_DEFAULT, (size_t)MEMORY_DEFAULT };
  enum status st = start(&z, &err);
  if (st)
    complain("start", &err);
  bool over = false;
  while (!st && !over) {
    struct pollfd fds[] = { { z.sigchld, POLLIN, 0 }, { channel, POLLIN, 0 } };
    int n = poll(fds, z.children < CHILDREN_MAX ? 2 : 1, -1);
    if (n < 0 && errno != EINTR)
      st = ST_BROKEN;
    if (n > 0 && fds[0].revents)
      st = reap(&z);
    if (n > 0 && !st && fds[1].revents)
      st = receive(&z, &over);
  }
  for (unsigned i = 0; i < z.children; i++)
    (void)kill(z.child[i].pid, SIGKILL);
  return st ? 1 : 0;
}
