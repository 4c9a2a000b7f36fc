/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/clock: time comes through this struct, so that tests bring their own. */
#ifndef EMBARGOD_CLOCK_H
#define EMBARGOD_CLOCK_H
#include <stdbool.h>
#include <stdint.h>
struct clock {
  int64_t (*now)(void *self);  /* wall time, seconds since 1970 UTC */
  int64_t (*mono)(void *self); /* monotonic, milliseconds */
  void *self;
};
/* The machine's clocks. For tests EMBARGOD_FAKE_TIME in the environment replaces wall time: "+N" or "-N" runs that many
 * seconds off, "N" stands still at that moment, "@PATH" reads one of both from a file at each call. Monotonic time is
 * never faked. Helpers inherit the variable. */
struct clock clock_system(void);
bool clock_is_fake(void); /* the start-up log then says so loudly */
static inline int64_t clock_now(const struct clock *c) { return c->now(c->self); }
static inline int64_t clock_mono(const struct clock *c) { return c->mono(c->self); }
#endif
