/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/reaper: gpgme starts gpg by a double fork and cannot end it. As a subreaper the worker gets these processes as
 * its children, kills them by their live name, and collects all of them, gpgme's left-overs too. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypt_private.h"

/* pthread_atfork() hands its function nothing: the two process-wide facts that it needs. */
static pid_t worker_pid;
static int generation; /* 0: the worker, 1: gpgme's middle process (or our agent), 2: gpg */

static void pause_ms(long ms)
{
  nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

enum status crypt_die_with_parent(pid_t parent, struct fault *err)
{
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
    return fault(err, ST_RETRY, "the parent is gone");
  return ST_OK;
}

/* Runs in each child between fork and exec: gpg dies when the worker dies, however that dies. At first it is a
 * grandchild, and the signal belongs to whoever is the parent at that time: so have the end of gpgme's middle process
 * told by a harmless signal, sleep until it comes, and only then ask for the deadly one. */
static void child_dies_with_us(void)
{
  if (++generation != 2)
    return;
  sigset_t news, before;
  sigemptyset(&news);
  sigaddset(&news, SIGURG);
  sigprocmask(SIG_BLOCK, &news, &before);
  prctl(PR_SET_PDEATHSIG, SIGURG);
  for (int i = 0; getppid() != worker_pid; i++) {
    if (i > 100)
      _exit(127); /* the worker is gone already */
    sigtimedwait(&news, NULL, &(struct timespec){ 0, 20 * 1000000L });
  }
  if (crypt_die_with_parent(worker_pid, NULL))
    _exit(127);
  sigprocmask(SIG_SETMASK, &before, NULL);
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
