/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vectors with the scores that others give them: FIRST's example documents and Red Hat's calculator. */
#ifndef TEST_ASSESS_CVSS_ROWS_H
#define TEST_ASSESS_CVSS_ROWS_H
static const struct {
  const char *vector;
  int overall;
  const char *severity, *kind;
} scored[] = {
  /* FIRST, CVSS 4.0 examples */
  { "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 73, "High", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 77, "High", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", 52, "Medium", "CVSS-BT" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 83, "High", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N/CR:H/IR:L/AR:L/MAV:N/MAC:H/MVC:H/MVI:L/MVA:L", 81,
    "High", "CVSS-BE" },
  { "CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 46, "Medium", "CVSS-B" },
  /* Red Hat's calculator */
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:H/VA:L/SC:N/SI:H/SA:L", 92, "Critical", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:H/SI:L/SA:H", 79, "High", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:L/VI:N/VA:N/SC:L/SI:N/SA:L", 53, "Medium", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:L/VI:L/VA:H/SC:H/SI:H/SA:L", 84, "High", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:H", 63, "Medium", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:A/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H", 93, "Critical", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:A/VC:L/VI:N/VA:N/SC:H/SI:N/SA:H", 60, "Medium", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:N/VI:L/VA:H/SC:N/SI:H/SA:N", 70, "High", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:N/VC:N/VI:N/VA:N/SC:N/SI:L/SA:N", 23, "Low", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:H/UI:A/VC:N/VI:L/VA:N/SC:N/SI:L/SA:N", 18, "Low", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:P/PR:H/UI:A/VC:N/VI:H/VA:N/SC:N/SI:H/SA:L", 68, "Medium", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:H/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:L/SI:H/SA:L", 94, "Critical", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:H/AT:N/PR:L/UI:A/VC:L/VI:L/VA:N/SC:N/SI:N/SA:H", 43, "Medium", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:L", 91, "Critical", "CVSS-B" },
  /* the ends of the scale; supplemental metrics weigh nothing; X weighs as if it were not there */
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100, "Critical", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0, "None", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93, "Critical", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/S:P/AU:Y/R:I/V:C/RE:H/U:Red", 93, "Critical",
    "CVSS-B" },
  { "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:X/CR:X/MAV:X/U:X", 73, "High", "CVSS-B" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/MVC:N/MVI:N/MVA:N", 0, "None", "CVSS-BE" },

  /* FIRST, CVSS 3.1 examples */
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61, "Medium", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64, "Medium", "base" },
  { "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31, "Low", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99, "Critical", "base" },
  { "CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 42, "Medium", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 88, "High", "base" },
  { "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 68, "Medium", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", 58, "Medium", "base" },
  { "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 93, "Critical", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98, "Critical", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100, "Critical", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N", 0, "None", "base" },
  /* Red Hat's calculator: base 9.6 and 9.0, with the environmental formula over nothing but one neutral requirement 9.7
     and 9.1 */
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 96, "Critical", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H/CR:M", 97, "Critical", "environmental" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H/CR:X/MAV:X", 96, "Critical", "base" },
  { "CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:H/A:H/AR:M", 91, "Critical", "environmental" },
  { "CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N/RC:U/RL:O/E:U", 78, "High", "temporal" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MC:N/MI:N/MA:N", 0, "None", "environmental" },
};

/* What is wrong, and the words that the message must hold. */
static const struct {
  const char *vector, *words;
} refused[] = {
  { "", "there is no vector" },
  { "AV:N/AC:L/Au:N/C:P/I:P/A:P", "begins with CVSS:3.1/ or CVSS:4.0/" },
  { "cvss:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "begins with" },
  { "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "version '3.0' is not known" },
  { "CVSS:4/AV:N", "version '4' is not known" },
  { "CVSS:3.1", "no metrics" },
  { "CVSS:3.1/", "no metrics" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/", "a slash at the end" },
  { "CVSS:3.1/AV:N//AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "two slashes in a row" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", "A is missing" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/C:H/I:H", "UI, S, A are missing" },
  { "CVSS:3.1/E:H", "AV, AC, PR, UI, S, C, I, A are missing" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/AV:N", "AV (Attack Vector) stands twice" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:X/E:H", "E (Exploit Code Maturity) stands twice" },
  { "CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV (Attack Vector) cannot be 'Q': it is N, A, L or P" },
  { "CVSS:3.1/AV:n/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "cannot be 'n'" },
  { "CVSS:3.1/AV:/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "cannot be ''" },
  { "CVSS:3.1/AV:NN/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "cannot be 'NN'" },
  { "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "cannot be 'X'" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:N", "unknown metric 'ZZ': CVSS 3.1 has none" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/AT:N", "unknown metric 'AT'" },
  { "CVSS:3.1/AV:N/AC:L/pr:N/UI:N/S:U/C:H/I:H/A:H", "unknown metric 'pr': it is written PR" },
  { "CVSS:3.1/AV:N/AC:L/PRN/UI:N/S:U/C:H/I:H/A:H", "'PRN' is no metric with its value" },
  { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H ", "cannot be 'H '" },
  { "CVSS:3.1/AV:N/AC:L/PR:N /UI:N/S:U/C:H/I:H/A:H", "cannot be 'N '" },
  { "CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    "AV is out of order: in CVSS 4.0 it stands before AC" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/MAV:A/E:P", "E is out of order" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N", "SA is missing" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:S/SI:N/SA:N",
    "SC (Subsequent System Confidentiality) cannot be 'S'" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:S/SA:N", "cannot be 'S': it is H, L or N" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/MSC:S", "cannot be 'S'" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/U:R", "it is X, Clear, Green, Amber or Red" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/U:amber", "cannot be 'amber'" },
  { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/E:A", "E (Exploit Maturity) stands twice" },
  { "CVSS:4.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "S (Safety) cannot be 'U'" },
};
#endif
