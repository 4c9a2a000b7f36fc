/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/cvss40: FIRST's CVSS 4.0 specification, section 8: macrovector, its score, and the interpolation below it by
 * severity distance. All in whole numbers, so that the half of "half up" is a half. */
#include <config.h>

#include <string.h>

#include "assess_private.h"

/* Severity levels of a metric are the places of its values' letters here (section 8.2: one step of 0.1 each). S of SI
 * and SA is above H; SC has no S and begins one lower for it. */
static const char levels_letters[][5] = {
  [V40_AV] = "NALP", [V40_AC] = "LH",  [V40_AT] = "NP",  [V40_PR] = "NLH",  [V40_UI] = "NPA",
  [V40_VC] = "HLN",  [V40_VI] = "HLN", [V40_VA] = "HLN", [V40_SC] = "SHLN", [V40_SI] = "SHLN",
  [V40_SA] = "SHLN", [V40_E] = "APU",  [V40_CR] = "HML", [V40_IR] = "HML",  [V40_AR] = "HML",
};

/* What counts: the modified value where it is defined, the worst where threat or requirement is not. */
static char effective(const struct cvss *v, int metric)
{
  char own = v->value[metric];
  if (metric >= V40_E)
    return own == 'X' ? levels_letters[metric][0] : own;
  char modified = v->value[metric + M40];
  return modified != 'X' ? modified : own;
}

static int level(const struct cvss *v, int metric)
{
  const char *letters = levels_letters[metric], *at = strchr(letters, effective(v, metric));
  invariant(at && *at);
  return (int)(at - letters);
}

/* Section 8.1, tables 24 to 29. */
static void macrovector(const struct cvss *v, int eq[6])
{
  bool n_av = effective(v, V40_AV) == 'N', n_pr = effective(v, V40_PR) == 'N', n_ui = effective(v, V40_UI) == 'N';
  bool h_vc = effective(v, V40_VC) == 'H', h_vi = effective(v, V40_VI) == 'H', h_va = effective(v, V40_VA) == 'H';
  bool h_sub = effective(v, V40_SC) == 'H' || effective(v, V40_SI) == 'H' || effective(v, V40_SA) == 'H';
  bool safety = effective(v, V40_SI) == 'S' || effective(v, V40_SA) == 'S';
  bool wanted = (h_vc && effective(v, V40_CR) == 'H') || (h_vi && effective(v, V40_IR) == 'H') ||
                (h_va && effective(v, V40_AR) == 'H');
  eq[0] = n_av && n_pr && n_ui ? 0 : (n_av || n_pr || n_ui) && effective(v, V40_AV) != 'P' ? 1 : 2;
  eq[1] = effective(v, V40_AC) == 'L' && effective(v, V40_AT) == 'N' ? 0 : 1;
  eq[2] = h_vc && h_vi ? 0 : h_vc || h_vi || h_va ? 1 : 2;
  eq[3] = safety ? 0 : h_sub ? 1 : 2;
  eq[4] = level(v, V40_E);
  eq[5] = wanted ? 0 : 1;
}

/* Sets of metrics that are interpolated together. All most severe vectors of one macrovector have the same sum of
 * levels in a set, so the distance is the vector's sum less that one; depth is the largest distance in the macrovector
 * and one more. */
struct set {
  int metric[6];
  int count, eq; /* eq: -1 for EQ3 with EQ6 */
  struct {
    int most_severe, depth;
  } at[5];
};
static const struct set sets[] = {
  { { V40_AV, V40_PR, V40_UI }, 3, 0, { { 0, 1 }, { 1, 4 }, { 3, 5 } } },
  { { V40_AC, V40_AT }, 2, 1, { { 0, 1 }, { 1, 2 } } },
  /* 00 01 10 11 21 */
  { { V40_VC, V40_VI, V40_VA, V40_CR, V40_IR, V40_AR }, 6, -1, { { 0, 7 }, { 3, 6 }, { 1, 8 }, { 3, 8 }, { 3, 10 } } },
  { { V40_SC, V40_SI, V40_SA }, 3, 3, { { 1, 6 }, { 3, 5 }, { 6, 4 } } },
};
#define WHOLE 2520 /* a multiple of every depth */

static int lower_by(const int eq[6], int which)
{
  int next[6];
  memcpy(next, eq, sizeof next);
  next[which]++;
  return cvss_macro_score(next);
}

/* The score of the next lower macrovector in one set, -1 for none. From 00 two ways lead down: the one that loses less
 * counts. */
static int next_lower(const int eq[6], int which)
{
  if (which >= 0)
    return lower_by(eq, which);
  if (eq[5] == 1)
    return lower_by(eq, 2);
  int requirement = lower_by(eq, 5), impact = lower_by(eq, 2);
  return requirement > impact ? requirement : impact;
}

static int distance(const struct cvss *v, const struct set *s, const int eq[6], int *depth)
{
  int at = s->eq >= 0 ? eq[s->eq] : eq[2] == 2 ? 4 : 2 * eq[2] + eq[5];
  int sum = -s->at[at].most_severe;
  for (int i = 0; i < s->count; i++)
    sum += level(v, s->metric[i]);
  *depth = s->at[at].depth;
  return sum;
}

static bool no_impact(const struct cvss *v)
{
  for (int i = V40_VC; i <= V40_SA; i++)
    if (effective(v, i) != 'N')
      return false;
  return true;
}

int cvss_score_40(const struct cvss *v)
{
  int eq[6], lower_ones = 0, lost = 0; /* lost: tenths * WHOLE */
  if (no_impact(v))
    return 0;
  macrovector(v, eq);
  int score = cvss_macro_score(eq);
  invariant(score >= 0);
  for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
    int depth, d = distance(v, &sets[i], eq, &depth), lower = next_lower(eq, sets[i].eq);
    if (lower < 0)
      continue;
    lower_ones++;
    lost += (score - lower) * d * (WHOLE / depth);
  }
  /* EQ5 has one metric: no distance, but it counts in the mean. */
  if (lower_by(eq, 4) >= 0)
    lower_ones++;
  if (lower_ones == 0)
    return score;
  int unit = WHOLE * lower_ones, exact = score * unit - lost;
  int rounded = exact <= 0 ? 0 : (2 * exact + unit) / (2 * unit);
  return rounded > 100 ? 100 : rounded;
}

void cvss_macrovector(const struct cvss *v, char out[7])
{
  int eq[6];
  out[0] = '\0';
  if (v->version != CVSS_4_0)
    return;
  macrovector(v, eq);
  for (int i = 0; i < 6; i++)
    out[i] = (char)('0' + eq[i]);
  out[6] = '\0';
}
