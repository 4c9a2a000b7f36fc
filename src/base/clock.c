/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/clock: the machine's clocks, and the tests' fake wall time. */
#include <config.h>

#include <embargod/clock.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FAKE_VARIABLE "EMBARGOD_FAKE_TIME"

static int64_t wall(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return ts.tv_sec;
}

static int64_t real_now(void *self)
{
  return wall();
}

static int64_t real_mono(void *self)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* "+N"/"-N": that far from now; "N": that moment. */
static int64_t fake_moment(const char *s)
{
  long long n = strtoll(s, NULL, 10);
  return *s == '+' || *s == '-' ? wall() + n : (int64_t)n;
}

static int64_t fake_now(void *self)
{
  const char *said = self;
  if (*said != '@')
    return fake_moment(said);
  char text[32] = "";
  int fd = open(said + 1, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0)
    close(fd);
  return n > 0 ? fake_moment(text) : wall();
}

bool clock_is_fake(void)
{
  const char *said = getenv(FAKE_VARIABLE);
  return said && *said;
}

struct clock clock_system(void)
{
  if (clock_is_fake())
    return (struct clock){ fake_now, real_mono, getenv(FAKE_VARIABLE) };
  return (struct clock){ real_now, real_mono, NULL };
}
