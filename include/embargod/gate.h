/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the core process. Owns the store and the helpers; one poll loop that never blocks; see gate_intake.c for the path of
 * a letter. */
#ifndef EMBARGOD_GATE_H
#define EMBARGOD_GATE_H
#include <embargod/base.h>
#include <embargod/clock.h>
#include <embargod/log.h>

struct gate;
struct gate_options {
  const char *conf_file;
  const char *libexec;  /* folder of the helper programs; NULL: EMBARGOD_LIBEXEC from the environment, else where they are installed */
  struct logger log;
  struct clock clock;
  bool once;            /* handle all that is there, send all that is due, end */
  bool offline;         /* embargoctl with the daemon stopped: store and configuration only, no helper is started */
};
/* Reads the configuration, opens store and templates. Every problem is in *problems (NULL-terminated, in the gate's pool or a
 * static one), the status names the worst. */
MUST_USE enum status gate_new(const struct gate_options *o, struct gate **out, struct fault *err);
void gate_free(struct gate **g);
/* Runs until SIGTERM/SIGINT (once: until nothing is left to do). Returns the exit status: 0, 75 something is deferred (once),
 * 70 broken. */
int gate_run(struct gate *g);
/* embargod -t: configuration, keys, templates, connections; each finding a line on fd. 0: all well, else 78. */
int gate_check(const struct gate_options *o, int fd);

/* One embargoctl verb against an open gate. argv[0] is the verb. out gets what is to be printed. Returns the exit status.
 * Reached by the control socket and, with the daemon stopped, by embargoctl itself. */
int gate_control(struct gate *g, int argc, const char *const *argv, struct buf *out);
#endif
