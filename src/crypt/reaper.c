/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/reaper: gpgme starts gpg by a double fork and cannot end it. As a subreaper the worker gets these processes as
 * its children, kills them by their live name, and collects all of them, gpgme's left-overs too. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypt_private.h"

/* pthread_atfork() hands its function nothing: the one process-wide fact that it needs. */
static pid_t worker_pid;

static void pause_ms(long ms)
{
  nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* Runs in each child between fork and exec: it dies when the worker dies, however that dies. gpg is a grandchild until
 * gpgme's middle process has gone, and the signal belongs to whoever is the parent at that time: so wait for that. */
static void child_dies_with_us(void)
{
  for (int i = 0; getppid() != worker_pid; i++) {
    if (i > 2000)
      _exit(127); /* the worker is gone already */
    if (i < 200)
      sched_yield();
    else
      pause_ms(1);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != worker_pid)
    _exit(127);
}

enum status crypt_reaper_start(struct fault *err)
{
  worker_pid = getpid();
  signal(SIGPIPE, SIG_IGN);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1))
    return fault(err, ST_BROKEN, "cannot become a subreaper: %s", strerror(errno));
  if (pthread_atfork(NULL, NULL, child_dies_with_us))
    return fault(err, ST_BROKEN, "pthread_atfork failed");
  return ST_OK;
}

static ssize_t read_small(const char *path, char *out, size_t size)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
  if (fd >= 0)
    close(fd);
  out[n > 0 ? n : 0] = '\0';
  return n;
}

/* A child that runs gpg. Not gpg-agent; a zombie has its name still, but takes no harm. */
static bool is_gpg(pid_t pid)
{
  char path[64], comm[32];
  snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
  return read_small(path, comm, sizeof comm) > 0 && strcmp(comm, "gpg\n") == 0;
}

/* Calls act for each child that runs gpg; returns how many. */
static unsigned each_gpg(void (*act)(pid_t pid))
{
  char list[4096];
  unsigned count = 0;
  if (read_small("/proc/thread-self/children", list, sizeof list) <= 0)
    return 0;
  for (char *at = list, *end; *at; at = end) {
    long pid = strtol(at, &end, 10);
    if (end == at)
      break;
    if (pid > 1 && is_gpg((pid_t)pid)) {
      count++;
      act((pid_t)pid);
    }
  }
  return count;
}

static void kill_one(pid_t pid)
{
  kill(pid, SIGKILL);
}

void crypt_reaper_kill_gpg(void)
{
  each_gpg(kill_one);
}

void crypt_reaper_reap(void)
{
  while (waitpid(-1, NULL, WNOHANG) > 0)
    ;
}

void crypt_reaper_finish(int timeout_ms)
{
  for (int waited = 0;; waited += 2) {
    unsigned left = each_gpg(kill_one);
    crypt_reaper_reap();
    if (!left || waited >= timeout_ms)
      return;
    pause_ms(2);
  }
}
