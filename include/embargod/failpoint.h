/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/failpoint: named places at which a test ends the process. Nothing is compiled without --enable-failpoints.
 *   FAILPOINT("store.commit.before");
 * EMBARGOD_FAILPOINT=NAME[:COUNT]    the COUNT-th passage (default 1) of NAME in this process ends it
 * EMBARGOD_FAILPOINT_ACTION=kill|exit|abort|stop   SIGKILL (default), _exit(99), SIGABRT, SIGSTOP
 *   if (FAILPOINT_FAILS("spill.write")) ...   with the action fail: true from the COUNT-th passage on, and the process goes on
 * EMBARGOD_FAILPOINT_LOG=FILE        each passage appends its name as one line: a sweep counts them */
#ifndef EMBARGOD_FAILPOINT_H
#define EMBARGOD_FAILPOINT_H
#ifdef HAVE_CONFIG_H
#include <config.h> /* whether they are compiled in must not depend on who included what before */
#endif

#include <stdbool.h>

#ifdef EMBARGOD_FAILPOINTS
void failpoint_pass(const char *name);
#define FAILPOINT(name) failpoint_pass(name)
bool failpoint_fails(const char *name);
#define FAILPOINT_FAILS(name) failpoint_fails(name)
#else
#define FAILPOINT_FAILS(name) false
#define FAILPOINT(name) ((void)0)
#endif
#endif
