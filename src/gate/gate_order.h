/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: an analyst's signed mail while it is dealt with. */
#ifndef EMBARGOD_GATE_ORDER_H
#define EMBARGOD_GATE_ORDER_H
#include "gate_private.h"

#define CASES_MAX COMMAND_CASES_MAX

struct order {
  struct run *r;
  const struct conf_analyst *a;
  struct command_mail mail;
  struct vuln_case *vc[CASES_MAX];
  size_t vc_count;
  bool bound;
  const char *refuse;      /* why the whole mail is refused */
  struct tvalue *vars;     /* of the receipt */
  const char *warnings;
};

void order_warnings(struct order *o);
MUST_USE enum status order_receipt(struct order *o, const struct plan *plan, struct vuln_case *vc, struct fault *err);
/* Nothing of it is done; the receipt says why. */
MUST_USE enum status order_refuse(struct order *o, const char *why, struct fault *err);
MUST_USE enum status order_copies(struct order *o, struct vuln_case *vc, const struct plan *plan, struct fault *err);
#endif
