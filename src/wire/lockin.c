/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/lockin: a helper shuts itself in before it takes its first job. */
#include <config.h>

#include <embargod/helper.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "lockin_private.h"

void lockin_say(const char *what)
{
  fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
}

static enum status limit(int resource, rlim_t value, const char *name, struct fault *err)
{
  struct rlimit rl;
  if (getrlimit((__rlimit_resource_t)resource, &rl) == 0 && rl.rlim_max != RLIM_INFINITY && rl.rlim_max < value)
    value = rl.rlim_max; /* what is tighter already stays */
  rl = (struct rlimit){ value, value };
  if (setrlimit((__rlimit_resource_t)resource, &rl) < 0)
    return fault(err, ST_BROKEN, "lock in: limit %s: %s", name, strerror(errno));
  return ST_OK;
}

static enum status limits(const struct lockin *lockin, struct fault *err)
{
  enum status s = limit(RLIMIT_CORE, 0, "core", err);
#ifndef EMBARGOD_SANITIZERS /* ASan reserves terabytes of addresses */
  if (s == ST_OK && lockin->max_memory)
    s = limit(RLIMIT_AS, lockin->max_memory, "memory", err);
#endif
  if (s == ST_OK && lockin->max_file)
    s = limit(RLIMIT_FSIZE, lockin->max_file, "file size", err);
  if (s == ST_OK && lockin->max_cpu_s)
    s = limit(RLIMIT_CPU, (rlim_t)lockin->max_cpu_s, "cpu", err);
  return s;
}

enum status helper_lock_in(const struct lockin *lockin, struct fault *err)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fault(err, ST_BROKEN, "lock in: no_new_privs: %s", strerror(errno));
#ifndef EMBARGOD_SANITIZERS /* LeakSanitizer looks at us through ptrace */
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return fault(err, ST_BROKEN, "lock in: dumpable: %s", strerror(errno));
#endif
  enum status s = limits(lockin, err);
#ifdef EMBARGOD_NO_SANDBOX
  lockin_say(
      "WARNING: BUILT WITHOUT SANDBOX (--disable-sandbox): NO SECCOMP, NO LANDLOCK. NEVER USE THIS WITH REAL MAIL.");
#else
  if (s == ST_OK)
    s = lockin_landlock(lockin, err);
  if (s == ST_OK)
    s = lockin_seccomp(lockin, err);
#endif
  return s;
}
