/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/clock: time comes through this struct, so that tests bring their own. */
#ifndef EMBARGOD_CLOCK_H
#define EMBARGOD_CLOCK_H
#include <stdint.h>
struct clock {
  int64_t (*now)(void *self);  /* wall time, seconds since 1970 UTC */
  int64_t (*mono)(void *self); /* monotonic, milliseconds */
  void *self;
};
/* The machine's clocks; EMBARGOD_FAKE_TIME=SECONDS (or a file "@PATH" holding seconds) in the environment shifts wall
 * time for tests: then the start-up log says so loudly. */
struct clock clock_system(void);
static inline int64_t clock_now(const struct clock *c) { return c->now(c->self); }
static inline int64_t clock_mono(const struct clock *c) { return c->mono(c->self); }
#endif
