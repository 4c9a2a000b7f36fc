/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/ssvc: CISA's tree as a table (CERT/CC's data of it: cisa_coordinator 2.0.3), and the text of a decision. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "assess_private.h"

static const struct {
  const char *name, *timeline;
} decisions[SSVC_DECISIONS] = {
  [SSVC_TRACK] = { "Track", "no action now; remediate within the standard update times" },
  [SSVC_TRACK_STAR] = { "Track*", "watch closely for changes; remediate within the standard update times" },
  [SSVC_ATTEND] = { "Attend", "supervisors attend to it; remediate sooner than the standard update times" },
  [SSVC_ACT] = { "Act", "leadership acts on it; remediate as soon as possible" },
};

/* [exploitation][automatable][technical impact][mission and well-being] */
#define T SSVC_TRACK
#define S SSVC_TRACK_STAR
#define A SSVC_ATTEND
#define C SSVC_ACT
static const unsigned char tree[3][2][2][3] = {
  { { { T, T, T }, { T, T, S } }, { { T, T, A }, { T, T, A } } },
  { { { T, T, S }, { T, S, A } }, { { T, T, A }, { T, S, A } } },
  { { { T, T, A }, { T, A, C } }, { { A, A, C }, { A, C, C } } },
};
#undef T
#undef S
#undef A
#undef C

/* The points in a vector's order; a letter's place is the value. */
static const struct {
  char name;
  const char *letters, *title;
} points_in[4] = {
  { 'E', "NPA", "exploitation" },
  { 'A', "NY", "automatable" },
  { 'T', "PT", "technical impact" },
  { 'M', "LMH", "mission and well-being" },
};

const char *ssvc_name(enum ssvc_decision d)
{
  return (unsigned)d < SSVC_DECISIONS ? decisions[d].name : "?";
}

const char *ssvc_timeline(enum ssvc_decision d)
{
  return (unsigned)d < SSVC_DECISIONS ? decisions[d].timeline : "?";
}

enum ssvc_decision ssvc_decide(const struct ssvc_points *p)
{
  invariant((unsigned)p->exploitation < 3 && (unsigned)p->mission < 3);
  return (enum ssvc_decision)tree[p->exploitation][p->automatable][p->total][p->mission];
}

static bool decision_named(const char *s, enum ssvc_decision *out)
{
  for (unsigned i = 0; i < SSVC_DECISIONS; i++)
    if (text_ieq(s, decisions[i].name)) {
      *out = (enum ssvc_decision)i;
      return true;
    }
  return false;
}

/* One of "E:A": its place into at. */
static enum status read_point(const char *field, unsigned i, int *at, struct fault *err)
{
  if (!field || field[0] != points_in[i].name || field[1] != ':')
    return fault(err, ST_REJECT, "%c (%s) is missing: a vector is E:_/A:_/T:_/M:_", points_in[i].name,
                 points_in[i].title);
  const char *letter = field[2] ? strchr(points_in[i].letters, field[2]) : NULL;
  if (!letter || field[3] != '\0')
    return fault(err, ST_REJECT, "%c (%s) is one of the letters %s", points_in[i].name, points_in[i].title,
                 points_in[i].letters);
  *at = (int)(letter - points_in[i].letters);
  return ST_OK;
}

static enum status read_vector(char *s, enum ssvc_decision *out, struct ssvc_points *points, struct fault *err)
{
  int at[4];
  char *save = NULL, *field = strtok_r(s, "/", &save);
  if (field && text_ieq(field, "SSVCv2"))
    field = strtok_r(NULL, "/", &save);
  for (unsigned i = 0; i < 4; i++) {
    enum status st = read_point(field, i, &at[i], err);
    if (st)
      return st;
    field = strtok_r(NULL, "/", &save);
  }
  /* A decision and a date may follow; what counts is what the points lead to. */
  *points = (struct ssvc_points){ (enum ssvc_exploitation)at[0], at[1], at[2], (enum ssvc_mission)at[3] };
  *out = ssvc_decide(points);
  return ST_OK;
}

enum status ssvc_parse(struct pool *pool, const char *s, enum ssvc_decision *out, struct ssvc_points *points,
                       bool *has_points, struct fault *err)
{
  struct ssvc_points here;
  *has_points = false;
  if (text_empty(s))
    return fault(err, ST_REJECT, "there is no decision");
  if (decision_named(s, out))
    return ST_OK;
  if (!strchr(s, ':'))
    return fault(err, ST_REJECT, "'%.40s' is no decision: Track, Track*, Attend or Act, or the points E:_/A:_/T:_/M:_",
                 s);
  enum status st = read_vector(pool_strdup(pool, s), out, &here, err);
  if (st)
    return st;
  *has_points = true;
  if (points)
    *points = here;
  return ST_OK;
}
