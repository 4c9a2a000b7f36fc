/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/failpoint: the crash points of the tests. */
#include <config.h>

#include <embargod/failpoint.h>

#ifdef EMBARGOD_FAILPOINTS
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void note(const char *name)
{
  const char *path = getenv("EMBARGOD_FAILPOINT_LOG");
  char line[128];
  int n = snprintf(line, sizeof line, "%s\n", name);
  int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (fd < 0)
    return;
  if (n <= 0 || write(fd, line, (size_t)n) != n)
    fprintf(stderr, "failpoint %s: not noted\n", name);
  close(fd);
}

static void end_here(const char *name)
{
  const char *action = getenv("EMBARGOD_FAILPOINT_ACTION");
  fprintf(stderr, "failpoint %s reached\n", name);
  if (action && strcmp(action, "exit") == 0)
    _exit(99);
  if (action && strcmp(action, "abort") == 0)
    abort();
  kill(getpid(), action && strcmp(action, "stop") == 0 ? SIGSTOP : SIGKILL);
}

static bool is_fail(void)
{
  const char *action = getenv("EMBARGOD_FAILPOINT_ACTION");
  return action && strcmp(action, "fail") == 0;
}

/* Which passage of the one that is asked for it is, and which one is meant; 0: of another. */
static unsigned long passage(const char *name, unsigned long *wanted)
{
  static unsigned long passed; /* of the one name asked for: test builds only, hence the one variable of its kind */
  const char *asked = getenv("EMBARGOD_FAILPOINT");
  note(name);
  if (!asked)
    return 0;
  const char *colon = strchr(asked, ':');
  size_t len = colon ? (size_t)(colon - asked) : strlen(asked);
  if (strlen(name) != len || memcmp(name, asked, len) != 0)
    return 0;
  unsigned long count = colon ? strtoul(colon + 1, NULL, 10) : 1;
  *wanted = count ? count : 1;
  return ++passed;
}

void failpoint_pass(const char *name)
{
  unsigned long wanted = 0, now = passage(name, &wanted);
  if (now && now == wanted && !is_fail())
    end_here(name);
}

bool failpoint_fails(const char *name)
{
  unsigned long wanted = 0, now = passage(name, &wanted);
  return now && now >= wanted && is_fail();
}
#else
typedef int failpoints_are_off; /* a translation unit must hold something */
#endif
