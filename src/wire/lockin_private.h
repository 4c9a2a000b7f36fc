/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/lockin: for its own files only. */
#ifndef EMBARGOD_LOCKIN_PRIVATE_H
#define EMBARGOD_LOCKIN_PRIVATE_H
#include <embargod/helper.h>

/* Files (and TCP ports) by Landlock. A kernel without it is told on stderr and is no failure. */
MUST_USE enum status lockin_landlock(const struct lockin *lockin, struct fault *err);
/* System calls by seccomp. */
MUST_USE enum status lockin_seccomp(const struct lockin *lockin, struct fault *err);
/* One line on stderr. */
void lockin_say(const char *what);
#endif
