/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/assess: how bad it is. An assessment is a field like others: the history says who changed what from what, and
 * why. */
#include <config.h>

#include <embargod/assess.h>
#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define SHOWN 60

static const char *with_extra(struct pool *pool, const char *value, const char *extra)
{
  return text_empty(extra) ? value : pool_printf(pool, "%s (%s)", value, extra);
}

static const struct case_field *field_of(const struct vuln_case *vc, const char *name)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, name))
      return &vc->field[i];
  return NULL;
}

/* why: for the history; "" when the value says it all. */
static void set_assessed(struct command_context *cx, const struct case_field *f, const char *why)
{
  struct vuln_case *vc = command_case(cx);
  const struct case_field *old = field_of(vc, f->name);
  const char *before = old ? pool_strdup(cx->pool, with_extra(cx->pool, old->value, old->extra)) : "nothing";
  const char *after = with_extra(cx->pool, f->value, f->extra);
  case_set(cx->pool, vc,
           &(struct case_field){
               .name = f->name, .value = f->value, .extra = f->extra, .at = cx->w->now, .by = cx->w->analyst->name });
  command_event(cx, pool_printf(cx->pool, "field.%s", f->name), "%s: %s -> %s%s%s", f->name, before, after,
                *why ? ": " : "", why);
  command_say(cx, "%s: %s: %s -> %s", vc->id, f->name, before, after);
}

enum status command_do_cvss(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct cvss v;
  if (cmd->args[0] == '\0')
    return command_usage(cmd, err, "the vector is missing");
  if (cvss_parse(bytes_str(cmd->args), &v, err))
    return ST_REJECT;
  int score = cvss_score(&v).overall;
  set_assessed(
      cx,
      &(struct case_field){ .name = v.version == CVSS_4_0 ? "cvss4" : "cvss",
                            .value = cvss_text(cx->pool, &v),
                            .extra = pool_printf(cx->pool, "%d.%d %s", score / 10, score % 10, cvss_severity(score)) },
      "");
  return ST_OK;
}

enum status command_do_ssvc(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  enum ssvc_decision d;
  bool has_points;
  if (cmd->args[0] == '\0')
    return command_usage(cmd, err, "the decision is missing");
  if (ssvc_parse(cx->pool, cmd->args, &d, NULL, &has_points, err))
    return ST_REJECT;
  set_assessed(cx,
               &(struct case_field){
                   .name = "ssvc", .value = ssvc_name(d), .extra = has_points ? pool_strdup(cx->pool, cmd->args) : "" },
               "");
  command_say(cx, "%s: %s", ssvc_name(d), ssvc_timeline(d));
  return ST_OK;
}

/* "high serious [controlled|uncontrolled]" */
static enum status clinical_words(struct command_context *cx, const struct command *cmd, struct bytes rest,
                                  struct clinical_input *in, struct fault *err)
{
  const char *word[4] = { "", "", "", "" };
  for (size_t n = 0; n < ARRAY_LEN(word) && rest.len; n++) {
    size_t len = 0;
    while (len < rest.len && rest.p[len] != ' ')
      len++;
    word[n] = pool_str(cx->pool, bytes_sub(rest, 0, len));
    rest = bytes_trim(bytes_sub(rest, len, rest.len));
  }
  if (!clinical_exploitability_parse(word[0], &in->exploitability))
    return command_usage(cmd, err, "EXPLOITABILITY is low, medium or high");
  if (!clinical_harm_parse(word[1], &in->harm))
    return command_usage(cmd, err, "HARM is negligible, minor, serious, critical or catastrophic");
  if (*word[3] || (*word[2] && !text_ieq(word[2], "controlled") && !text_ieq(word[2], "uncontrolled")))
    return command_usage(cmd, err,
                         "after HARM only controlled or uncontrolled may stand, which overrules the matrix; the "
                         "rationale begins on the next line, or behind a +");
  in->override_to = text_lower(cx->pool, word[2]);
  return ST_OK;
}

/* FDA, Postmarket Management of Cybersecurity in Medical Devices (2016), VI. A third word overrules the matrix: the
 * rationale is its reason, the analyst its author. */
enum status command_do_clinical(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct bytes args = bytes_str(cmd->args);
  size_t plus = bytes_find(args, BYTES(" + "), 0);
  struct command said = { .args = plus == SIZE_MAX ? "" : cmd->args + plus + 3, .text = cmd->text };
  const char *rationale = command_whole_text(cx->pool, &said);
  struct clinical_input in = { .rationale = bytes_trim(bytes_str(rationale)).len ? rationale : "" };
  struct clinical_result r;
  if (clinical_words(cx, cmd, plus == SIZE_MAX ? args : bytes_sub(args, 0, plus), &in, err))
    return ST_REJECT;
  if (text_empty(in.rationale))
    return command_usage(cmd, err, "the rationale is missing: why this exploitability and this harm");
  in.override_by = cx->w->analyst->name;
  in.override_reason = in.rationale;
  if (clinical_assess(&cx->w->conf->clinical, &in, &r, err))
    return ST_REJECT;
  /* The notice says what and why, the history also who overruled. */
  const char *value =
      pool_printf(cx->pool, "%s (exploitability %s, harm %s%s)", r.uncontrolled ? "uncontrolled" : "controlled",
                  clinical_exploitability_name(in.exploitability), clinical_harm_name(in.harm),
                  r.overruled ? "; judged otherwise than by the matrix" : "");
  set_assessed(cx, &(struct case_field){ .name = "clinical", .value = value, .extra = "" },
               r.overruled ? pool_printf(cx->pool, "%s overrules the matrix: %s", cx->w->analyst->name,
                                         command_short(cx->pool, in.rationale, SHOWN * 4))
                           : command_short(cx->pool, in.rationale, SHOWN * 4));
  case_set(cx->pool, command_case(cx),
           &(struct case_field){ .name = "clinical-rationale",
                                 .value = pool_strdup(cx->pool, in.rationale),
                                 .extra = "",
                                 .at = cx->w->now,
                                 .by = cx->w->analyst->name });
  if (r.uncontrolled)
    command_say(cx, "the risk is uncontrolled: think of %s#notify",
                text_empty(case_get(command_case(cx), "mitigation")) ? "#mitigation and " : "");
  return ST_OK;
}
