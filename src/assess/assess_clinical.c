/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/clinical: exploitability against severity of patient harm (FDA 2016, ISO 14971): controlled or uncontrolled.
 */
#include <config.h>

#include <embargod/text.h>

#include "assess_private.h"

static const char *const exploitability_names[EXPLOITABILITIES] = { "low", "medium", "high" };
static const struct {
  const char *name, *meaning;
} harms[HARMS] = {
  { "negligible", "inconvenience or temporary discomfort" },
  { "minor", "temporary injury not needing professional medical care" },
  { "serious", "injury needing professional medical care" },
  { "critical", "permanent impairment or life-threatening" },
  { "catastrophic", "death" },
};

const char *clinical_exploitability_name(enum clinical_exploitability e)
{
  return (unsigned)e < EXPLOITABILITIES ? exploitability_names[e] : "?";
}

const char *clinical_harm_name(enum clinical_harm h)
{
  return (unsigned)h < HARMS ? harms[h].name : "?";
}

const char *clinical_harm_meaning(enum clinical_harm h)
{
  return (unsigned)h < HARMS ? harms[h].meaning : "?";
}

bool clinical_exploitability_parse(const char *s, enum clinical_exploitability *out)
{
  for (unsigned i = 0; i < EXPLOITABILITIES; i++)
    if (text_ieq(s, exploitability_names[i])) {
      *out = (enum clinical_exploitability)i;
      return true;
    }
  return false;
}

bool clinical_harm_parse(const char *s, enum clinical_harm *out)
{
  for (unsigned i = 0; i < HARMS; i++)
    if (text_ieq(s, harms[i].name)) {
      *out = (enum clinical_harm)i;
      return true;
    }
  return false;
}

static void row_from(struct clinical_matrix *m, enum clinical_exploitability e, unsigned from)
{
  for (unsigned h = 0; h < HARMS; h++)
    m->uncontrolled[e][h] = h >= from;
}

struct clinical_matrix clinical_matrix_default(void)
{
  struct clinical_matrix m;
  row_from(&m, EXPLOITABILITY_LOW, HARM_CATASTROPHIC);
  row_from(&m, EXPLOITABILITY_MEDIUM, HARM_CRITICAL);
  row_from(&m, EXPLOITABILITY_HIGH, HARM_SERIOUS);
  return m;
}

enum status clinical_matrix_row(struct clinical_matrix *m, enum clinical_exploitability e, const char *from,
                                struct fault *err)
{
  enum clinical_harm h;
  invariant((unsigned)e < EXPLOITABILITIES);
  if (clinical_harm_parse(from, &h))
    row_from(m, e, h);
  else if (text_ieq(from, "never"))
    row_from(m, e, HARMS);
  else
    return fault(err, ST_REJECT, "'%s' is no harm: negligible, minor, serious, critical, catastrophic, or never",
                 from ? from : "");
  return ST_OK;
}

enum status clinical_matrix_check(const struct clinical_matrix *m, struct fault *err)
{
  for (unsigned e = 1; e < EXPLOITABILITIES; e++)
    for (unsigned h = 0; h < HARMS; h++)
      if (m->uncontrolled[e - 1][h] && !m->uncontrolled[e][h])
        return fault(err, ST_REJECT, "%s harm would be uncontrolled with %s exploitability, but controlled with %s",
                     harms[h].name, exploitability_names[e - 1], exploitability_names[e]);
  return ST_OK;
}

static enum status apply_override(const struct clinical_input *in, struct clinical_result *out, struct fault *err)
{
  bool uncontrolled = text_ieq(in->override_to, "uncontrolled");
  if (!uncontrolled && !text_ieq(in->override_to, "controlled"))
    return fault(err, ST_REJECT, "'%s' is no result: controlled or uncontrolled", in->override_to);
  if (text_empty(in->override_by))
    return fault(err, ST_REJECT, "it does not say who overrules the matrix");
  if (text_empty(in->override_reason))
    return fault(err, ST_REJECT, "the matrix is overruled with a written reason only");
  out->overruled = uncontrolled != out->by_matrix;
  out->uncontrolled = uncontrolled;
  return ST_OK;
}

enum status clinical_assess(const struct clinical_matrix *m, const struct clinical_input *in,
                            struct clinical_result *out, struct fault *err)
{
  if ((unsigned)in->exploitability >= EXPLOITABILITIES)
    return fault(err, ST_REJECT, "the exploitability is low, medium or high");
  if ((unsigned)in->harm >= HARMS)
    return fault(err, ST_REJECT, "the harm is negligible, minor, serious, critical or catastrophic");
  if (text_empty(in->rationale))
    return fault(err, ST_REJECT, "the rationale is missing: why this exploitability and this harm");
  bool is = m->uncontrolled[in->exploitability][in->harm];
  *out = (struct clinical_result){ .uncontrolled = is, .by_matrix = is };
  return text_empty(in->override_to) ? ST_OK : apply_override(in, out, err);
}

static const char *word(bool uncontrolled)
{
  return uncontrolled ? "uncontrolled" : "controlled";
}

char *clinical_text(struct pool *pool, const struct clinical_input *in, const struct clinical_result *r)
{
  const char *who =
      r->overruled ? pool_printf(pool, ": by %s, the matrix says %s", in->override_by, word(r->by_matrix)) : "";
  return pool_printf(pool, "%s (exploitability %s, harm %s)%s", word(r->uncontrolled),
                     clinical_exploitability_name(in->exploitability), clinical_harm_name(in->harm), who);
}
