/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/embargo: a change of the embargo, whoever made it, reaches all whom it concerns. */
#ifndef EMBARGOD_GATE_EMBARGO_H
#define EMBARGOD_GATE_EMBARGO_H
#include "gate_effects.h"

#include <embargod/embargo.h>

struct embargo_letters {
  struct outgoing **letter;
  size_t count, cap;
};
/* A mail of their own to each party that embargo_concerns(), and to the analysts, none to actor (an analyst who has a receipt; NULL:
 * none). change must live as long as the run. Nothing is queued. */
MUST_USE enum status embargo_write_letters(struct run *r, struct vuln_case *vc, const struct embargo_change *change,
                                           const struct conf_analyst *actor, struct embargo_letters *out, struct fault *err);
/* The same, and they go out with the commit. */
MUST_USE enum status embargo_tell(struct run *r, struct vuln_case *vc, const struct embargo_change *change,
                                  const struct conf_analyst *actor, struct fault *err);
/* For what no analyst's command did (a reporter's or participant's own verb, a merge, the date): the case is written back, the history
 * gets its line, and all are told, the one who acted too: it is their receipt. After embargo_propose() and its like, with
 * by = { the party's address, true }. */
MUST_USE enum status embargo_changed(struct run *r, struct vuln_case *vc, const struct embargo_change *change, struct fault *err);
MUST_USE enum status effect_embargo(struct doing *d, const struct effect *e, struct fault *err);
#endif
