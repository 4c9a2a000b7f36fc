/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/fill: forms that are filed on a portal, and what fills their fields and the ones that notices must have. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define ANSWER "field."
#define ANSWER_MAX 8000
#define PLAN_MAX 300

/* Variables of templates and the command that says them; what is not here stands in the configuration, or comes of
 * itself. */
static const struct {
  const char *variable, *command;
} fills[] = {
  { "title", "#title TEXT" },
  { "product", "#product NAME VERSIONS" },
  { "products", "#product NAME VERSIONS" },
  { "versions", "#product NAME VERSIONS" },
  { "component", "#component NAME" },
  { "vendor", "#vendor NAME" },
  { "description", "#description + text" },
  { "impact", "#impact + text" },
  { "mitigation", "#mitigation + text" },
  { "workaround", "#workaround + text" },
  { "plan", "#plan DATE TEXT" },
  { "validated", "#validated [DATE] TEXT" },
  { "fixes", "#fix VERSION [URL]" },
  { "cwe", "#cwe CWE-ID" },
  { "cve", "#cve CVE-ID" },
  { "cvss", "#cvss VECTOR" },
  { "cvss4", "#cvss VECTOR" },
  { "score", "#cvss VECTOR" },
  { "severity", "#cvss VECTOR" },
  { "clinical", "#clinical EXPLOITABILITY HARM + rationale" },
  { "clinical_rationale", "#clinical EXPLOITABILITY HARM + rationale" },
  { "part_806", "#clinical EXPLOITABILITY HARM + rationale" },
  { "adverse_events", "#adverse-events none | + text" },
  { "incident_aware", "#fact incident DATE" },
  { "exploitation", "#attacks [DATE], #exploit-public [DATE]" },
  { "fix_ready", "#fix-ready [DATE]" },
  { "fix_deployed", "#fix-deployed [DATE]" },
  { "public_since", "#public [DATE] [URL]" },
  { "embargo_until", "#embargo propose DATE" },
  { "references", "#reference URL [TEXT]" },
  { "credit", "#credit NAME" },
};

const char *command_filling(struct pool *pool, const char *variable)
{
  if (text_istarts(variable, ANSWER))
    return pool_printf(pool, "#field %s + text", variable + strlen(ANSWER));
  for (size_t i = 0; i < ARRAY_LEN(fills); i++)
    if (!strcmp(fills[i].variable, variable))
      return fills[i].command;
  return "";
}

static size_t names(const char *const *list)
{
  size_t n = 0;
  while (list && list[n])
    n++;
  return n;
}

static const char *all_of(struct command_context *cx, const char *const *list)
{
  struct buf b = buf_new(cx->pool, 200);
  for (size_t i = 0; list && list[i]; i++)
    buf_printf(&b, "%s%s", i ? ", " : "", list[i]);
  return b.len ? buf_str(&b) : "none";
}

static const char *named(const char *const *list, const char *name)
{
  for (size_t i = 0; list && list[i]; i++)
    if (text_ieq(list[i], name))
      return list[i];
  return NULL;
}

bool command_form_known(const struct command_context *cx, const char *name)
{
  return named(cx->w->forms, name) != NULL;
}

/* ---- #file NAME ---- */
enum status command_do_file(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *const *forms = cx->w->forms;
  if (!*cmd->args)
    return command_usage(cmd, err,
                         pool_printf(cx->pool, "the form's name is missing; there are: %s", all_of(cx, forms)));
  const char *name = named(forms, cmd->args);
  if (!name)
    return fault(
        err, ST_REJECT, "there is no form \"%s\"%s; there are: %s", command_short(cx->pool, cmd->args, 60),
        command_did_you_mean(cx->pool, "", command_nearest_of(forms, names(forms), text_lower(cx->pool, cmd->args))),
        all_of(cx, forms));
  struct effect *e = command_effect(cx, EFFECT_LETTER);
  e->to = TO_SELF;
  e->to_name = cx->w->analyst->name;
  e->template_name = pool_printf(cx->pool, "filings/%s", name);
  command_event(cx, "filing.prepared", "%s: the form was made for %s", name, cx->w->analyst->name);
  command_say(cx, "%s: the form %s comes to you in a mail of its own; %s",
              command_case(cx)->id, name,
              command_filing_counts(cx->w->conf, name) ? "the clock runs until #filed" : "#filed records that it was filed");
  return ST_OK;
}

/* ---- #field NAME + text ---- */
static enum status remove_answer(struct command_context *cx, const char *name, struct fault *err)
{
  if (!case_unset(command_case(cx), "field", name))
    return fault(err, ST_REJECT, "%s has no field \"%s\"", command_case(cx)->id, command_short(cx->pool, name, 60));
  command_event(cx, "field.field", "field %s removed", name);
  command_say(cx, "%s: field %s removed", command_case(cx)->id, name);
  return ST_OK;
}

static const char *shown(struct command_context *cx, const char *text)
{
  if (!*text)
    return "nothing";
  return strchr(text, '\n') ? pool_printf(cx->pool, "a text of %zu bytes", strlen(text))
                            : pool_printf(cx->pool, "\"%s\"", command_short(cx->pool, text, 60));
}

static const char *answer_of(const struct vuln_case *vc, const char *name)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, "field") && text_ieq(vc->field[i].value, name))
      return vc->field[i].extra;
  return "";
}

enum status command_do_field(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *const *known = cx->w->answers;
  size_t len = strcspn(cmd->args, " ");
  const char *word = pool_strndup(cx->pool, cmd->args, len);
  if (!*word && text_empty(cmd->text)) {
    command_effect(cx, EFFECT_ANSWER)->answer = ANSWER_FIELDS;
    command_say(cx, "the fields of %s are below", command_case(cx)->id);
    return ST_OK;
  }
  if (!*word)
    return command_usage(cmd, err,
                         pool_printf(cx->pool, "the field's name is missing; there are: %s", all_of(cx, known)));
  if (command_may_write(cx, true, err))
    return ST_DENIED;
  if (*word == '-')
    return remove_answer(cx, word + 1, err);
  const char *name = named(known, word);
  if (!name)
    return fault(
        err, ST_REJECT, "no form or notice has a field \"%s\"%s; there are: %s", command_short(cx->pool, word, 60),
        command_did_you_mean(cx->pool, "", command_nearest_of(known, names(known), text_lower(cx->pool, word))),
        all_of(cx, known));
  struct command rest = *cmd;
  rest.args = command_behind_plus(cmd->args + len + strspn(cmd->args + len, " "));
  const char *text = command_whole_text(cx->pool, &rest);
  if (text_empty(text))
    return command_usage(cmd, err, "its text is missing");
  if (strlen(text) > ANSWER_MAX)
    return fault(err, ST_REJECT, "longer than %d bytes", ANSWER_MAX);
  const char *before = shown(cx, answer_of(command_case(cx), name)), *after = shown(cx, text);
  case_set(cx->pool, command_case(cx),
           &(struct case_field){
               .name = "field", .value = name, .extra = text, .at = cx->w->now, .by = cx->w->analyst->name });
  command_event(cx, "field.field", "field %s: %s -> %s", name, before, after);
  command_say(cx, "%s: field %s: %s -> %s", command_case(cx)->id, name, before, after);
  return ST_OK;
}

/* ---- #plan DATE TEXT ---- */
static enum status remove_step(struct command_context *cx, const char *text, struct fault *err)
{
  if (!case_unset(command_case(cx), "plan", text))
    return fault(err, ST_REJECT, "%s has no step \"%s\" in its plan", command_case(cx)->id,
                 command_short(cx->pool, text, 60));
  command_event(cx, "field.plan", "step removed: %s", text);
  command_say(cx, "%s: plan: step removed: %s", command_case(cx)->id, text);
  return ST_OK;
}

enum status command_do_plan(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const struct conf *c = cx->w->conf;
  size_t len = strcspn(cmd->args, " ");
  const char *text = cmd->args + len + strspn(cmd->args + len, " ");
  int64_t at;
  if (*cmd->args == '-' && cmd->args[1])
    return remove_step(cx, cmd->args + 1, err);
  if (!time_parse(pool_strndup(cx->pool, cmd->args, len), cx->w->now, c->default_hour, c->zone, &at))
    return command_usage(cmd, err, command_no_date(cx->pool, pool_strndup(cx->pool, cmd->args, len)));
  if (!*text)
    return command_usage(cmd, err, "what is planned for it is missing");
  if (strlen(text) > PLAN_MAX)
    return fault(err, ST_REJECT, "longer than %d bytes", PLAN_MAX);
  const char *day = pool_strndup(cx->pool, time_local(cx->pool, at, c->zone), strlen("2027-01-31"));
  case_set(cx->pool, command_case(cx),
           &(struct case_field){
               .name = "plan", .value = text, .extra = day, .at = cx->w->now, .by = cx->w->analyst->name });
  command_event(cx, "field.plan", "%s: %s", day, text);
  command_say(cx, "%s: planned for %s: %s", command_case(cx)->id, day, text);
  return ST_OK;
}

/* ---- #fix VERSION [URL], #validated [DATE] TEXT ---- */
static enum status remove_fix(struct command_context *cx, const char *version, struct fault *err)
{
  if (!case_unset(command_case(cx), "fix", version))
    return fault(err, ST_REJECT, "%s has no fix \"%s\"", command_case(cx)->id, command_short(cx->pool, version, 60));
  command_event(cx, "field.fix", "fix removed: %s", version);
  command_say(cx, "%s: fix removed: %s", command_case(cx)->id, version);
  return ST_OK;
}

/* The last word may be a link; the version may have several words. */
enum status command_do_fix(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *last = strrchr(cmd->args, ' '), *url = last ? last + 1 : "";
  bool linked = text_istarts(url, "https://") || text_istarts(url, "http://");
  const char *version = linked ? pool_strndup(cx->pool, cmd->args, (size_t)(last - cmd->args)) : cmd->args;
  if (*cmd->args == '-' && cmd->args[1])
    return remove_fix(cx, cmd->args + 1, err);
  if (text_empty(version) || text_istarts(version, "http"))
    return command_usage(cmd, err, "the version is missing");
  if (strlen(cmd->args) > PLAN_MAX)
    return fault(err, ST_REJECT, "longer than %d bytes", PLAN_MAX);
  case_set(
      cx->pool, command_case(cx),
      &(struct case_field){
          .name = "fix", .value = version, .extra = linked ? url : "", .at = cx->w->now, .by = cx->w->analyst->name });
  command_event(cx, "field.fix", "fix: %s%s%s", version, linked ? ", " : "", linked ? url : "");
  command_say(cx, "%s: fix: %s%s%s%s", command_case(cx)->id, version, linked ? ", " : "", linked ? url : "",
              command_case(cx)->cs & 1u << CS_FIX_READY ? "" : "; #fix-ready says that it is there");
  return ST_OK;
}

enum status command_do_validated(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const struct conf *c = cx->w->conf;
  struct vuln_case *vc = command_case(cx);
  size_t len = strcspn(cmd->args, " ");
  int64_t at = cx->w->now;
  struct command rest = *cmd;
  if (time_parse(pool_strndup(cx->pool, cmd->args, len), cx->w->now, c->default_hour, c->zone, &at))
    rest.args = cmd->args + len + strspn(cmd->args + len, " ");
  const char *text = command_whole_text(cx->pool, &rest), *before = case_get(vc, "validated");
  if (text_empty(text))
    return command_usage(cmd, err, "how it was validated is missing");
  if (at > cx->w->now)
    return fault(err, ST_REJECT, "%s lies in the future", time_local(cx->pool, at, c->zone));
  const char *day = pool_strndup(cx->pool, time_local(cx->pool, at, c->zone), strlen("2027-01-31"));
  command_event(cx, "field.validated", "validated: %s -> %s, %s", shown(cx, before), day, shown(cx, text));
  case_set(cx->pool, vc,
           &(struct case_field){
               .name = "validated", .value = text, .extra = day, .at = cx->w->now, .by = cx->w->analyst->name });
  command_say(cx, "%s: fix validated on %s: %s", vc->id, day, shown(cx, text));
  return ST_OK;
}
