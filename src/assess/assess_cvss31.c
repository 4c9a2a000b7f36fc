/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/cvss31: the formulas of FIRST's CVSS 3.1 specification, section 7, with the Roundup of its appendix A, which
 * is what makes floating point harmless here. */
#include <config.h>

#include <string.h>

#include "assess_private.h"

/* Section 7.4, in the order of the metrics' letters. */
static const double av[] = { 0.85, 0.62, 0.55, 0.2 }, ac[] = { 0.77, 0.44 }, ui[] = { 0.85, 0.62 };
static const double pr_unchanged[] = { 0.85, 0.62, 0.27 }, pr_changed[] = { 0.85, 0.68, 0.5 };
static const double impact[] = { 0.56, 0.22, 0 };
static const double maturity[] = { 1, 1, 0.97, 0.94, 0.91 }, remediation[] = { 1, 1, 0.97, 0.96, 0.95 };
static const double confidence[] = { 1, 1, 0.96, 0.92 }, requirement[] = { 1, 1.5, 1, 0.5 };

static double weight(const double *table, const char *letters, char value)
{
  const char *at = strchr(letters, value);
  invariant(value != '\0' && at);
  return table[at - letters];
}

/* The modified value of a base metric, its own where that is not defined; base alone when modified is false. */
static char effective(const struct cvss *v, int metric, bool modified)
{
  char m = v->value[metric + M31];
  return modified && m != 'X' ? m : v->value[metric];
}

static double power(double x, int n)
{
  double p = 1;
  while (n-- > 0)
    p *= x;
  return p;
}

/* Appendix A, in tenths: the smallest one that is not below the score, where what lies behind the fifth decimal is an
 * error of floating point: 4.02 gives 4.1, 4.000002 gives 4.0. */
static int roundup(double score)
{
  int64_t scaled = (int64_t)(score * 100000 + 0.5);
  return (int)(scaled % 10000 == 0 ? scaled / 10000 : scaled / 10000 + 1);
}

static double exploitability(const struct cvss *v, bool modified)
{
  bool changed = effective(v, V31_S, modified) == 'C';
  return 8.22 * weight(av, "NALP", effective(v, V31_AV, modified)) * weight(ac, "LH", effective(v, V31_AC, modified)) *
         weight(changed ? pr_changed : pr_unchanged, "NLH", effective(v, V31_PR, modified)) *
         weight(ui, "NR", effective(v, V31_UI, modified));
}

static int base_score(const struct cvss *v)
{
  double keep = 1;
  for (int i = V31_C; i <= V31_A; i++)
    keep *= 1 - weight(impact, "HLN", v->value[i]);
  double iss = 1 - keep;
  bool changed = v->value[V31_S] == 'C';
  double is = changed ? 7.52 * (iss - 0.029) - 3.25 * power(iss - 0.02, 15) : 6.42 * iss;
  if (is <= 0)
    return 0;
  double sum = (is + exploitability(v, false)) * (changed ? 1.08 : 1);
  return roundup(sum < 10 ? sum : 10);
}

static double temporal_factor(const struct cvss *v)
{
  return weight(maturity, "XHFPU", v->value[V31_E]) * weight(remediation, "XUWTO", v->value[V31_RL]) *
         weight(confidence, "XCRU", v->value[V31_RC]);
}

static int environmental_score(const struct cvss *v)
{
  double keep = 1;
  for (int i = 0; i < 3; i++)
    keep *=
        1 - weight(requirement, "XHML", v->value[V31_CR + i]) * weight(impact, "HLN", effective(v, V31_C + i, true));
  double miss = 1 - keep < 0.915 ? 1 - keep : 0.915;
  bool changed = effective(v, V31_S, true) == 'C';
  double is = changed ? 7.52 * (miss - 0.029) - 3.25 * power(miss * 0.9731 - 0.02, 13) : 6.42 * miss;
  if (is <= 0)
    return 0;
  double sum = (is + exploitability(v, true)) * (changed ? 1.08 : 1);
  int rounded = roundup(sum < 10 ? sum : 10);
  return roundup(rounded / 10.0 * temporal_factor(v));
}

struct cvss_scores cvss_score_31(const struct cvss *v)
{
  struct cvss_scores s = { .base = base_score(v) };
  s.threat = roundup(s.base / 10.0 * temporal_factor(v));
  s.environmental = environmental_score(v);
  s.overall = cvss_defined(v, CVSS_ENVIRONMENTAL) ? s.environmental : s.threat;
  return s;
}
