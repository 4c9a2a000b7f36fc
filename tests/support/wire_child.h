/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_CHILD_H
#define WIRE_CHILD_H
enum {
  CHILD_ECHO = 10, /* answer + 1: the same fields */
  CHILD_WHO = 20,  /* answer + 1: see the tags */
  CHILD_FAIL = 30,
  CHILD_DIE = 40,
  CHILD_EXIT = 50,
  CHILD_HANG = 60,
  CHILD_GARBAGE = 70,
  CHILD_WRONG_JOB = 80,
  CHILD_FORGED_DEAD = 90,
  CHILD_EVENT = 100, /* an event, then the answer */
  CHILD_TELL = 110,
  CHILD_LATE = 120,
};
enum { CHILD_TAG_PID = 1, CHILD_TAG_CONFIG, CHILD_TAG_ENV, CHILD_TAG_FD, CHILD_TAG_SIGNAL };
#endif
