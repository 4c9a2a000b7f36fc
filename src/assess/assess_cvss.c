/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/cvss: the metrics of both versions as tables, and what follows from a vector without arithmetic. */
#include <config.h>

#include <string.h>

#include "assess_private.h"

/* Specification 3.1, tables 1 to 15. */
static const struct cvss_metric metrics_31[V31_COUNT] = {
  { "AV", "Attack Vector", "NALP", CVSS_BASE },
  { "AC", "Attack Complexity", "LH", CVSS_BASE },
  { "PR", "Privileges Required", "NLH", CVSS_BASE },
  { "UI", "User Interaction", "NR", CVSS_BASE },
  { "S", "Scope", "UC", CVSS_BASE },
  { "C", "Confidentiality", "HLN", CVSS_BASE },
  { "I", "Integrity", "HLN", CVSS_BASE },
  { "A", "Availability", "HLN", CVSS_BASE },
  { "E", "Exploit Code Maturity", "XHFPU", CVSS_THREAT },
  { "RL", "Remediation Level", "XUWTO", CVSS_THREAT },
  { "RC", "Report Confidence", "XCRU", CVSS_THREAT },
  { "CR", "Confidentiality Requirement", "XHML", CVSS_ENVIRONMENTAL },
  { "IR", "Integrity Requirement", "XHML", CVSS_ENVIRONMENTAL },
  { "AR", "Availability Requirement", "XHML", CVSS_ENVIRONMENTAL },
  { "MAV", "Modified Attack Vector", "XNALP", CVSS_ENVIRONMENTAL },
  { "MAC", "Modified Attack Complexity", "XLH", CVSS_ENVIRONMENTAL },
  { "MPR", "Modified Privileges Required", "XNLH", CVSS_ENVIRONMENTAL },
  { "MUI", "Modified User Interaction", "XNR", CVSS_ENVIRONMENTAL },
  { "MS", "Modified Scope", "XUC", CVSS_ENVIRONMENTAL },
  { "MC", "Modified Confidentiality", "XNLH", CVSS_ENVIRONMENTAL },
  { "MI", "Modified Integrity", "XNLH", CVSS_ENVIRONMENTAL },
  { "MA", "Modified Availability", "XNLH", CVSS_ENVIRONMENTAL },
};

/* Specification 4.0, section 7, table 23: also the order that a vector must keep. */
static const struct cvss_metric metrics_40[V40_COUNT] = {
  { "AV", "Attack Vector", "NALP", CVSS_BASE },
  { "AC", "Attack Complexity", "LH", CVSS_BASE },
  { "AT", "Attack Requirements", "NP", CVSS_BASE },
  { "PR", "Privileges Required", "NLH", CVSS_BASE },
  { "UI", "User Interaction", "NPA", CVSS_BASE },
  { "VC", "Vulnerable System Confidentiality", "HLN", CVSS_BASE },
  { "VI", "Vulnerable System Integrity", "HLN", CVSS_BASE },
  { "VA", "Vulnerable System Availability", "HLN", CVSS_BASE },
  { "SC", "Subsequent System Confidentiality", "HLN", CVSS_BASE },
  { "SI", "Subsequent System Integrity", "HLN", CVSS_BASE },
  { "SA", "Subsequent System Availability", "HLN", CVSS_BASE },
  { "E", "Exploit Maturity", "XAPU", CVSS_THREAT },
  { "CR", "Confidentiality Requirement", "XHML", CVSS_ENVIRONMENTAL },
  { "IR", "Integrity Requirement", "XHML", CVSS_ENVIRONMENTAL },
  { "AR", "Availability Requirement", "XHML", CVSS_ENVIRONMENTAL },
  { "MAV", "Modified Attack Vector", "XNALP", CVSS_ENVIRONMENTAL },
  { "MAC", "Modified Attack Complexity", "XLH", CVSS_ENVIRONMENTAL },
  { "MAT", "Modified Attack Requirements", "XNP", CVSS_ENVIRONMENTAL },
  { "MPR", "Modified Privileges Required", "XNLH", CVSS_ENVIRONMENTAL },
  { "MUI", "Modified User Interaction", "XNPA", CVSS_ENVIRONMENTAL },
  { "MVC", "Modified Vulnerable System Confidentiality", "XHLN", CVSS_ENVIRONMENTAL },
  { "MVI", "Modified Vulnerable System Integrity", "XHLN", CVSS_ENVIRONMENTAL },
  { "MVA", "Modified Vulnerable System Availability", "XHLN", CVSS_ENVIRONMENTAL },
  { "MSC", "Modified Subsequent System Confidentiality", "XHLN", CVSS_ENVIRONMENTAL },
  { "MSI", "Modified Subsequent System Integrity", "XSHLN", CVSS_ENVIRONMENTAL },
  { "MSA", "Modified Subsequent System Availability", "XSHLN", CVSS_ENVIRONMENTAL },
  { "S", "Safety", "XNP", CVSS_SUPPLEMENTAL },
  { "AU", "Automatable", "XNY", CVSS_SUPPLEMENTAL },
  { "R", "Recovery", "XAUI", CVSS_SUPPLEMENTAL },
  { "V", "Value Density", "XDC", CVSS_SUPPLEMENTAL },
  { "RE", "Vulnerability Response Effort", "XLMH", CVSS_SUPPLEMENTAL },
  { "U", "Provider Urgency", "XCGAR", CVSS_SUPPLEMENTAL },
};

const struct cvss_metric *cvss_metrics(enum cvss_version version, size_t *count)
{
  *count = version == CVSS_4_0 ? ARRAY_LEN(metrics_40) : ARRAY_LEN(metrics_31);
  return version == CVSS_4_0 ? metrics_40 : metrics_31;
}

void cvss_value_text(const struct cvss_metric *m, char letter, char out[8])
{
  static const char *const urgency[] = { "Clear", "Green", "Amber", "Red" };
  out[0] = letter;
  out[1] = '\0';
  for (size_t i = 0; strcmp(m->name, "U") == 0 && i < ARRAY_LEN(urgency); i++)
    if (urgency[i][0] == letter)
      strcpy(out, urgency[i]);
}

bool cvss_defined(const struct cvss *v, enum cvss_group group)
{
  size_t count;
  const struct cvss_metric *m = cvss_metrics(v->version, &count);
  for (size_t i = 0; i < count; i++)
    if (m[i].group == group && v->value[i] != 'X')
      return true;
  return false;
}

struct cvss_scores cvss_score(const struct cvss *v)
{
  if (v->version == CVSS_3_1)
    return cvss_score_31(v);
  /* One formula over all metrics; the less specific scores are those of the vector without the others. */
  struct cvss part = *v;
  struct cvss_scores s;
  s.environmental = s.overall = cvss_score_40(&part);
  memset(part.value + V40_CR, 'X', V40_COUNT - V40_CR);
  s.threat = cvss_score_40(&part);
  part.value[V40_E] = 'X';
  s.base = cvss_score_40(&part);
  return s;
}

const char *cvss_severity(int tenths)
{
  return tenths >= 90 ? "Critical" : tenths >= 70 ? "High" : tenths >= 40 ? "Medium" : tenths >= 1 ? "Low" : "None";
}

const char *cvss_kind(const struct cvss *v)
{
  static const char *const four[] = { "CVSS-B", "CVSS-BT", "CVSS-BE", "CVSS-BTE" };
  bool threat = cvss_defined(v, CVSS_THREAT), environmental = cvss_defined(v, CVSS_ENVIRONMENTAL);
  if (v->version == CVSS_4_0)
    return four[threat + 2 * environmental];
  return environmental ? "environmental" : threat ? "temporal" : "base";
}

char *cvss_text(struct pool *pool, const struct cvss *v)
{
  size_t count;
  const struct cvss_metric *m = cvss_metrics(v->version, &count);
  struct buf b = buf_new(pool, 128);
  buf_adds(&b, v->version == CVSS_4_0 ? "CVSS:4.0" : "CVSS:3.1");
  for (size_t i = 0; i < count; i++) {
    char value[8];
    if (v->value[i] == 'X')
      continue;
    cvss_value_text(&m[i], v->value[i], value);
    buf_printf(&b, "/%s:%s", m[i].name, value);
  }
  return buf_str(&b);
}
