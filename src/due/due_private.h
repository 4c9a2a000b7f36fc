/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due: what the files of this room share. */
#ifndef DUE_PRIVATE_H
#define DUE_PRIVATE_H
#include <embargod/due.h>

int due_day_number(const struct due_calendar *c, int64_t t); /* 20261124: the local day */
#endif
