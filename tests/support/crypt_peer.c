/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>

#include "crypt_peer.h"

#include <check.h>
#include <embargod/file.h>
#include <embargod/helper.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program(struct pool *pool)
{
  const char *dir = getenv("EMBARGOD_LIBEXEC");
  return pool_printf(pool, "%s/embargod-crypt", dir ? dir : ".");
}

struct peer peer_start(const char *home, enum peer_kind kind, int deadline_ms)
{
  AUTO(pool_freep) struct pool *pool = pool_new("peer");
  struct peer p = { 0 };
  int pair[2];
  const char *path = program(pool);
  ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  p.pid = fork();
  ck_assert_int_ge(p.pid, 0);
  if (p.pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (pair[1] == HELPER_FD)
      fcntl(pair[1], F_SETFD, 0);
    else
      dup2(pair[1], HELPER_FD);
    execl(path, path, (char *)NULL);
    _exit(127);
  }
  close(pair[1]);
  p.fd = pair[0];
  struct wire_msg *hello = peer_receive(&p, pool);
  ck_assert_msg(hello && wire_type(hello) == WIRE_HELLO, "no greeting by %s", path);
  struct wire_msg *config = wire_new(pool, WIRE_CONFIG, 0);
  wire_puts(config, CRYPT_TAG_HOME, home);
  if (deadline_ms)
    wire_puti(config, CRYPT_TAG_DEADLINE_MS, deadline_ms);
  if (kind == PEER_AGENT)
    wire_puti(config, CRYPT_TAG_AGENT, 1);
  peer_send(&p, config);
  if (kind == PEER_AGENT) {
    struct wire_msg *ready = peer_call(&p, pool, wire_new(pool, CRYPT_AGENT, 1));
    ck_assert_msg(ready && wire_type(ready) == CRYPT_AGENT_OK, "no agent");
  }
  return p;
}

void peer_send(const struct peer *p, const struct wire_msg *m)
{
  struct fault err = { 0 };
  ck_assert_msg(wire_send(p->fd, m, &err) == ST_OK, "%s", err.text);
}

struct wire_msg *peer_receive(const struct peer *p, struct pool *pool)
{
  struct fault err = { 0 };
  struct wire_msg *m = NULL;
  bool eof = false;
  return wire_recv(p->fd, pool, &m, &eof, &err) == ST_OK ? m : NULL;
}

struct wire_msg *peer_call(const struct peer *p, struct pool *pool, const struct wire_msg *m)
{
  peer_send(p, m);
  struct wire_msg *answer = peer_receive(p, pool);
  ck_assert_msg(answer != NULL, "the helper is gone");
  ck_assert_uint_eq(wire_job(answer), wire_job(m));
  return answer;
}

void peer_stop(struct peer *p)
{
  int code = 0;
  close(p->fd);
  ck_assert_int_eq(waitpid(p->pid, &code, 0), p->pid);
  ck_assert_msg(WIFEXITED(code) && WEXITSTATUS(code) == 0, "the helper ended with %x", (unsigned)code);
  p->pid = 0;
}

void peer_kill(struct peer *p)
{
  kill(p->pid, SIGKILL);
  waitpid(p->pid, NULL, 0);
  close(p->fd);
  p->pid = 0;
}

static ssize_t slurp(const char *path, char *out, size_t size)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
  if (fd >= 0)
    close(fd);
  out[n > 0 ? n : 0] = '\0';
  return n;
}

size_t peer_children(pid_t pid, const char *name, pid_t *out, size_t max)
{
  char path[64], list[4096], comm[32], want[32];
  size_t n = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
  snprintf(want, sizeof want, "%s\n", name);
  if (slurp(path, list, sizeof list) <= 0)
    return 0;
  for (char *at = list, *end; *at && n < max; at = end) {
    long child = strtol(at, &end, 10);
    if (end == at)
      break;
    snprintf(path, sizeof path, "/proc/%ld/comm", child);
    if (slurp(path, comm, sizeof comm) > 0 && strcmp(comm, want) == 0)
      out[n++] = (pid_t)child;
  }
  return n;
}

static char state_of(pid_t pid)
{
  char path[64], stat[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (slurp(path, stat, sizeof stat) <= 0)
    return 'X';
  const char *after = strrchr(stat, ')');
  return after && after[1] ? after[2] : 'X';
}

bool pid_alive(pid_t pid)
{
  char state = state_of(pid);
  return state != 'Z' && state != 'X';
}

void pid_stop(pid_t pid)
{
  kill(pid, SIGSTOP);
  for (int i = 0; i < 20000 && pid_alive(pid) && state_of(pid) != 'T'; i++)
    usleep(1000);
  ck_assert_msg(!pid_alive(pid) || state_of(pid) == 'T', "process %d does not stop: %c", (int)pid, state_of(pid));
}

struct bytes peer_file(struct pool *pool, const char *dir, const char *name)
{
  struct bytes out;
  struct fault err = { 0 };
  ck_assert_msg(file_read(pool, path_join(pool, dir, name), 1u << 24, &out, &err) == ST_OK, "%s", err.text);
  return out;
}

char *peer_text(struct pool *pool, const char *dir, const char *name)
{
  return pool_str(pool, bytes_trim(peer_file(pool, dir, name)));
}

void peer_run(const char *fmt, ...)
{
  AUTO(pool_freep) struct pool *pool = pool_new("run");
  va_list ap;
  va_start(ap, fmt);
  char *command = pool_vprintf(pool, fmt, ap);
  va_end(ap);
  ck_assert_msg(system(command) == 0, "failed: %s", command);
}
