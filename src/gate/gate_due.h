/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/due: what the files about deadlines share. */
#ifndef EMBARGOD_GATE_DUE_H
#define EMBARGOD_GATE_DUE_H
#include "gate_private.h"

#include <embargod/due.h>

#define DUE_KEYS_MARK " [reminded: "

/* #remind: a moment that somebody asked for. */
struct due_note {
  int64_t at;
  const char *key, *who, *text;
};
/* What is known of a case's deadlines: all of it from its history and its fields. */
struct due_known {
  struct pool *pool;
  struct due_event *event;
  size_t event_count, event_cap;
  struct due_fact *fact;
  size_t fact_count, fact_cap;
  const char **sent;
  size_t sent_count, sent_cap;
  struct due_override *override;
  size_t override_count, override_cap;
  struct due_note *note;
  size_t note_count, note_cap;
};

MUST_USE enum status due_know(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct due_known *k,
                              struct due_world *w, struct fault *err);
bool due_note_waits(const struct due_known *k, const struct due_note *n); /* nobody was reminded of it yet */

/* gate_due_words.c: one line for each thing that meets it, with its command */
char *due_met_by(struct pool *pool, const struct due_deadline *d);
const char *due_status_preview(struct run *r, struct vuln_case *vc, const struct due_deadline *d);

/* gate_due_show.c: every deadline of these cases, what presses first */
struct due_row {
  const char *case_id;
  const struct due_deadline *deadline;
  struct due_status status;
};
MUST_USE enum status due_rows(struct gate *g, struct pool *pool, struct vuln_case *const *vc, size_t count,
                              struct due_row **out, size_t *n, struct fault *err);
bool due_presses(const struct due_row *r); /* running or overdue: these come first */
#endif
