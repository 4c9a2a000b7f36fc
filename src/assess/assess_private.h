/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess: what the files of this room share. */
#ifndef ASSESS_PRIVATE_H
#define ASSESS_PRIVATE_H
#include <embargod/assess.h>

enum cvss_group { CVSS_BASE = 0, CVSS_THREAT, CVSS_ENVIRONMENTAL, CVSS_SUPPLEMENTAL };
struct cvss_metric {
  const char *name;    /* "AV" */
  const char *title;   /* "Attack Vector" */
  const char *letters; /* the values' first letters, which are all different */
  enum cvss_group group;
};
/* A version's metrics in the specification's order. */
const struct cvss_metric *cvss_metrics(enum cvss_version version, size_t *count);
/* The value as a vector spells it: its letter, but for U of 4.0 ("Amber"). Into out[8]. */
void cvss_value_text(const struct cvss_metric *m, char letter, char out[8]);
bool cvss_defined(const struct cvss *v, enum cvss_group group); /* some metric of the group is */

/* Places of metrics in struct cvss. A modified metric stands M31 (M40) behind its base metric. */
enum {
  V31_AV,
  V31_AC,
  V31_PR,
  V31_UI,
  V31_S,
  V31_C,
  V31_I,
  V31_A,
  V31_E,
  V31_RL,
  V31_RC,
  V31_CR,
  V31_IR,
  V31_AR,
  V31_MAV,
  V31_COUNT = 22
};
enum {
  V40_AV,
  V40_AC,
  V40_AT,
  V40_PR,
  V40_UI,
  V40_VC,
  V40_VI,
  V40_VA,
  V40_SC,
  V40_SI,
  V40_SA,
  V40_E,
  V40_CR,
  V40_IR,
  V40_AR,
  V40_MAV,
  V40_COUNT = 32
};
#define M31 (V31_MAV - V31_AV)
#define M40 (V40_MAV - V40_AV)

struct cvss_scores cvss_score_31(const struct cvss *v);
int cvss_score_40(const struct cvss *v);
/* Score in tenths of a macrovector's most severe vectors; -1: there is no such macrovector. eq[0] is EQ1 ... eq[5] is
 * EQ6. */
int cvss_macro_score(const int eq[6]);
#endif
