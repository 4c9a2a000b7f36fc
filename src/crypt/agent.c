/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/agent: gpg-agent as our child: --supervised with a socket that we bind and pass, so that it stays one and ends
 * with us. Started by gpg itself it would outlive everything. */
#include <config.h>

#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypt_private.h"

#define LISTEN_FD 3 /* sd_listen_fds(3) */
#define READY_MS 5000
#define STOP_MS 2000

/* Relative to the home: never near the limit of 108 bytes. */
static enum status socket_name(const char *dir, struct sockaddr_un *out, struct fault *err)
{
  *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
  int n = snprintf(out->sun_path, sizeof out->sun_path, "%s/S.gpg-agent", dir);
  if (n < 0 || (size_t)n >= sizeof out->sun_path)
    return fault(err, ST_BROKEN, "the agent's socket path is too long");
  return ST_OK;
}

static enum status bind_socket(const char *dir, int *out, struct fault *err)
{
  struct sockaddr_un name;
  enum status st = socket_name(dir, &name, err);
  if (st)
    return st;
  AUTO(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)unlink(name.sun_path); /* agent.lock is ours: whoever left it is gone */
  if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) || listen(fd, 64))
    return fault(err, ST_RETRY, "agent's socket: %s", strerror(errno));
  *out = fd;
  fd = -1;
  return ST_OK;
}

/* Waits for the agent's greeting: one that is stopped still lets us connect. */
static bool greeted(const char *dir, int timeout_ms)
{
  struct sockaddr_un name;
  struct fault ignored = { 0 };
  char line[16] = "";
  AUTO(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || socket_name(dir, &name, &ignored) || connect(fd, (struct sockaddr *)&name, sizeof name))
    return false;
  struct pollfd p = { fd, POLLIN, 0 };
  return poll(&p, 1, timeout_ms) == 1 && read(fd, line, sizeof line - 1) >= 2 && strncmp(line, "OK", 2) == 0;
}

bool crypt_agent_answers(int timeout_ms)
{
  for (int waited = 0; waited <= timeout_ms; waited += 20) {
    if (greeted(".", timeout_ms))
      return true;
    nanosleep(&(struct timespec){ 0, 20 * 1000000L }, NULL);
  }
  return false;
}

NORETURN static void become_agent(int fd, const char *dir, pid_t parent)
{
  if (crypt_die_with_parent(parent, NULL))
    _exit(127);
  char pid[16], home[64];
  const char *program = gpgme_get_dirinfo("agent-name");
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  snprintf(home, sizeof home, "%s/%s", CRYPT_HOME, dir);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (fd == LISTEN_FD)
    fcntl(fd, F_SETFD, 0);
  else if (dup2(fd, LISTEN_FD) < 0)
    _exit(126);
  dup2(null, 0);
  dup2(null, 1);
  dup2(null, 2); /* it reports each connection that ends early; when it ends, its keeper says so */
  setenv("LISTEN_PID", pid, 1);
  setenv("LISTEN_FDS", "1", 1);
  setenv("LISTEN_FDNAMES", "std", 1);
  unsetenv("DISPLAY");
  /* A client killed at the wrong moment must not take the agent along: it would die of SIGPIPE. */
  signal(SIGPIPE, SIG_IGN);
  execl(program ? program : "/usr/bin/gpg-agent", "gpg-agent", "--homedir", home, "--supervised", (char *)NULL);
  _exit(127);
}

enum status crypt_agent_start(struct crypt_agent *a, const char *dir, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("agent");
  *a = (struct crypt_agent){ .dir = dir, .lock = -1 };
  a->lock = crypt_home_lock(pool_printf(pool, "%s/agent.lock", dir), false);
  if (a->lock < 0)
    return ST_OK; /* another one of ours serves this home */
  AUTO(fd_closep) int fd = -1;
  (void)gpgme_get_dirinfo("agent-name"); /* looks it up before the fork */
  crypt_reaper_reap();
  enum status st = bind_socket(dir, &fd, err);
  pid_t parent = getpid(), pid = st ? -1 : fork();
  if (pid == 0)
    become_agent(fd, dir, parent);
  if (!st && pid < 0)
    st = fault(err, ST_RETRY, "fork: %s", strerror(errno));
  a->pid = pid > 0 ? pid : 0;
  if (!st && !greeted(dir, READY_MS))
    st = fault(err, ST_RETRY, "gpg-agent did not start: is it installed (package gnupg)?");
  if (st)
    crypt_agent_stop(a);
  return st;
}

void crypt_agent_stop(struct crypt_agent *a)
{
  struct sockaddr_un name;
  struct fault ignored = { 0 };
  if (a->lock >= 0 && !socket_name(a->dir, &name, &ignored))
    (void)unlink(name.sun_path);
  if (a->pid > 0) {
    kill(a->pid, SIGTERM);
    for (int waited = 0; waitpid(a->pid, NULL, WNOHANG) == 0; waited += 5) {
      if (waited > STOP_MS)
        kill(a->pid, SIGKILL);
      nanosleep(&(struct timespec){ 0, 5 * 1000000L }, NULL);
    }
  }
  a->pid = 0;
  fd_closep(&a->lock);
  a->lock = -1;
}

/* ---- the keeper ---- */
static enum status answer_keeper(int channel, bool *eof, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("keeper");
  struct wire_msg *m = NULL;
  enum status st = wire_recv(channel, pool, &m, eof, err);
  if (st == ST_RETRY)
    return ST_OK;
  if (st)
    return *eof ? ST_OK : st;
  if (wire_type(m) != CRYPT_AGENT)
    return ST_OK; /* CONFIG again */
  struct wire_msg *answer = wire_new(pool, CRYPT_AGENT_OK, wire_job(m));
  if (!crypt_agent_answers(READY_MS)) {
    answer = wire_new(pool, CH_ERROR, wire_job(m));
    wire_puti(answer, TAG_STATUS, ST_RETRY);
    wire_puts(answer, TAG_TEXT, "gpg-agent does not answer");
  }
  return wire_send(channel, answer, err);
}

enum status crypt_agent_keep(int channel, struct fault *err)
{
  struct crypt_agent agent;
  bool eof = false;
  enum status st = crypt_agent_start(&agent, ".", err);
  if (!st && !agent.pid)
    st = fault(err, ST_RETRY, "another process keeps the gpg-agent of this home (agent.lock): end it");
  while (!st && !eof) {
    struct pollfd p = { channel, POLLIN, 0 };
    int ready = poll(&p, channel < 0 ? 0 : 1, 200);
    if (waitpid(agent.pid, NULL, WNOHANG) == agent.pid) {
      agent.pid = 0;
      st = fault(err, ST_RETRY, "gpg-agent ended");
    } else if (ready == 1) {
      st = answer_keeper(channel, &eof, err);
    }
  }
  crypt_agent_stop(&agent);
  return st;
}
