/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess: how bad it is: CVSS v3.1 and v4.0, clinical risk, SSVC, the form of CWE and CVE ids. Pure: no clock, store, mail or
 * configuration; whatever a site sets comes as a value. */
#ifndef EMBARGOD_ASSESS_H
#define EMBARGOD_ASSESS_H
#include <embargod/base.h>

/* ---- CVSS: FIRST's specification documents 3.1 (revision 1) and 4.0 ---- */
enum cvss_version { CVSS_3_1 = 31, CVSS_4_0 = 40 };
#define CVSS_METRICS 32       /* the most that a version has (4.0) */
#define CVSS_LENGTH_MAX 400   /* bytes of a vector: more than any valid one has */
struct cvss {                 /* a value: copy it freely */
  enum cvss_version version;
  char value[CVSS_METRICS];   /* first letter of each metric's value in the order of the specification; 'X': not defined */
};
/* "CVSS:3.1/AV:N/..." (metrics in any order) or "CVSS:4.0/AV:N/..." (in the specification's order, section 7). Letters count as
 * written; nothing may stand around it. Failure: REJECT, err says which metric and what is wrong with it: unknown, twice, bad value,
 * missing, out of order, no METRIC:VALUE, a slash at the end, another version. */
MUST_USE enum status cvss_parse(struct bytes vector, struct cvss *out, struct fault *err);
/* All in tenths, 0 to 100. What is not defined weighs as the specification says, so that each is there for every vector. */
struct cvss_scores {
  int base;          /* 4.0: CVSS-B */
  int threat;        /* 3.1: temporal; 4.0: CVSS-BT */
  int environmental; /* 3.1: over base and temporal; 4.0: CVSS-BTE */
  int overall;       /* the one to report: what the metrics that are defined call for */
};
struct cvss_scores cvss_score(const struct cvss *v);
const char *cvss_severity(int tenths);                       /* None, Low, Medium, High, Critical */
/* What overall is: "base", "temporal", "environmental"; 4.0: "CVSS-B", "CVSS-BT", "CVSS-BE", "CVSS-BTE". */
const char *cvss_kind(const struct cvss *v);
char *cvss_text(struct pool *pool, const struct cvss *v);    /* canonical: the specification's order, nothing that is not defined */
/* 4.0: the six digits of the macrovector, "002100", of the effective metrics; "" for 3.1. */
void cvss_macrovector(const struct cvss *v, char out[7]);

/* ---- clinical risk: FDA, Postmarket Management of Cybersecurity in Medical Devices (2016), VI and figure 1; harm of ISO 14971 ---- */
enum clinical_exploitability { EXPLOITABILITY_LOW = 0, EXPLOITABILITY_MEDIUM, EXPLOITABILITY_HIGH, EXPLOITABILITIES };
enum clinical_harm { HARM_NEGLIGIBLE = 0, HARM_MINOR, HARM_SERIOUS, HARM_CRITICAL, HARM_CATASTROPHIC, HARMS };
const char *clinical_exploitability_name(enum clinical_exploitability e); /* "low" */
const char *clinical_harm_name(enum clinical_harm h);                     /* "negligible" */
const char *clinical_harm_meaning(enum clinical_harm h);                  /* "inconvenience or temporary discomfort" */
MUST_USE bool clinical_exploitability_parse(const char *s, enum clinical_exploitability *out); /* any case */
MUST_USE bool clinical_harm_parse(const char *s, enum clinical_harm *out);
/* Where the risk is uncontrolled (the residual risk is not acceptable). It comes from the configuration. */
struct clinical_matrix { bool uncontrolled[EXPLOITABILITIES][HARMS]; };
/* Uncontrolled at high with serious and up, medium with critical and up, low with catastrophic. */
struct clinical_matrix clinical_matrix_default(void);
/* One row as a site writes it: "serious" (from there on up), or "never"; REJECT else. */
MUST_USE enum status clinical_matrix_row(struct clinical_matrix *m, enum clinical_exploitability e, const char *from, struct fault *err);
/* REJECT when more exploitability makes a harm controlled that is uncontrolled with less: a slip of whoever wrote the rows. */
MUST_USE enum status clinical_matrix_check(const struct clinical_matrix *m, struct fault *err);
struct clinical_input {
  enum clinical_exploitability exploitability;
  enum clinical_harm harm;
  const char *rationale;       /* required: why this exploitability and this harm */
  const char *override_to;     /* "controlled", "uncontrolled": a person overrules the matrix; NULL or "": nobody does */
  const char *override_by, *override_reason; /* required with override_to: who, and why */
};
struct clinical_result {
  bool uncontrolled, by_matrix, overruled; /* by_matrix: what the matrix alone says (uncontrolled or not) */
};
/* REJECT, err says which part is missing or not known. An override to what the matrix says anyway is none: overruled false. */
MUST_USE enum status clinical_assess(const struct clinical_matrix *m, const struct clinical_input *in, struct clinical_result *out,
                                     struct fault *err);
/* "uncontrolled (exploitability high, harm critical)"; with an override ": by NAME, the matrix says controlled". */
char *clinical_text(struct pool *pool, const struct clinical_input *in, const struct clinical_result *r);

/* ---- SSVC: CISA's coordinator tree 2.0.3 (Stakeholder-Specific Vulnerability Categorization) ---- */
enum ssvc_decision { SSVC_TRACK = 0, SSVC_TRACK_STAR, SSVC_ATTEND, SSVC_ACT, SSVC_DECISIONS };
enum ssvc_exploitation { SSVC_E_NONE = 0, SSVC_E_POC, SSVC_E_ACTIVE };
enum ssvc_mission { SSVC_M_LOW = 0, SSVC_M_MEDIUM, SSVC_M_HIGH };
struct ssvc_points {
  enum ssvc_exploitation exploitation;
  bool automatable, total; /* technical impact total; else partial */
  enum ssvc_mission mission; /* mission and well-being */
};
const char *ssvc_name(enum ssvc_decision d); /* "Track*" */
const char *ssvc_timeline(enum ssvc_decision d); /* what CISA means by it, one clause */
enum ssvc_decision ssvc_decide(const struct ssvc_points *p);
/* A decision ("track*", any case), or the decision points "E:A/A:Y/T:T/M:H", with or without "SSVCv2/" before them; a decision and a
 * date behind them, as CISA's calculator writes them, are not looked at. points: NULL is fine; *has_points says whether it was filled.
 * REJECT: err says what is wrong. */
MUST_USE enum status ssvc_parse(struct pool *pool, const char *s, enum ssvc_decision *out, struct ssvc_points *points, bool *has_points,
                                struct fault *err);

/* ---- ids: form only ---- */
/* "CVE-2026-12345": any case; year from 1999; four digits at least, nineteen at most, more than four without a leading zero (CVE
 * Numbering rules; CVE JSON 5.1 schema). Upper case in pool; NULL: not of the form. */
char *assess_cve(struct pool *pool, const char *s);
/* "CWE-79", "cwe-79" or "79": "CWE-79" in pool; NULL: not of the form. */
char *assess_cwe(struct pool *pool, const char *s);
/* "CWE-79": the weakness's name in CWE 4.17, which CSAF wants beside the id (CSAF 2.0, 3.2.3.3); NULL: none of that number, or a
 * deprecated one. */
const char *assess_cwe_name(const char *id);

/* ---- VEX ---- */
/* One of the five justifications of "not affected", with hyphens or underscores: as CSAF and OpenVEX write it; NULL: none of them. */
const char *assess_vex_justification(struct pool *pool, const char *s);
const char *assess_vex_words(const char *label); /* for people; "" when it is none */
char *assess_vex_list(struct pool *pool);        /* all of them, with commas */
#endif
