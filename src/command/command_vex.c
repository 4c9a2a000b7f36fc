/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/vex: #vex, what is true of a product that the vulnerability might be in. The field vex has one line a product and versions:
 * value "NAME" VERSIONS (the name always in quotes), extra STATUS [JUSTIFICATION [STATEMENT]]. */
#include <config.h>

#include <embargod/assess.h>
#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define LINE_MAX_BYTES 300

static const char *const statuses[] = { "not-affected", "under-investigation", "affected", "fixed" };

/* Where the status stands, as a word of its own outside the quotes; *status: its number. SIZE_MAX: nowhere. */
static size_t find_status(const char *args, size_t *status)
{
  bool quoted = false;
  for (const char *s = args; *s; s++) {
    quoted ^= *s == '"';
    if (quoted || (s > args && s[-1] != ' '))
      continue;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
      size_t len = strlen(statuses[i]);
      if (text_istarts(s, statuses[i]) && (s[len] == ' ' || !s[len])) {
        *status = i;
        return (size_t)(s - args);
      }
    }
  }
  return SIZE_MAX;
}

/* The longest name of the configuration or the case that the words begin with. */
static const char *known_name(struct command_context *cx, const char *args)
{
  const struct vuln_case *vc = command_case(cx);
  const struct conf *c = cx->w->conf;
  const char *best = NULL;
  for (size_t i = 0; i < c->product_count + vc->field_count; i++) {
    const struct case_field *f = i < c->product_count ? NULL : &vc->field[i - c->product_count];
    const char *name = !f ? c->product[i].name : !strcmp(f->name, "product") ? f->value : "";
    size_t len = strlen(name);
    if (len && text_istarts(args, name) && (!args[len] || strchr(" ,", args[len])) && (!best || len > strlen(best)))
      best = name;
  }
  return best;
}

/* "NAME" VERSIONS of what was written; NULL: where the name ends is not clear. */
static const char *canonical(struct command_context *cx, const char *said)
{
  const char *name = known_name(cx, said + (*said == '"'));
  size_t quoted = *said == '"';
  size_t len = strcspn(said + quoted, quoted ? "\"" : " ");
  if (quoted && (!len || said[1 + len] != '"'))
    return NULL;
  if (name && (!quoted || strlen(name) == len))
    len = strlen(name);
  else
    name = pool_strndup(cx->pool, said + quoted, len);
  const char *versions = pool_str(cx->pool, bytes_trim(bytes_str(said + len + 2 * quoted)));
  versions += strspn(versions, " ,");
  bool words = *versions && !strpbrk(versions, "0123456789<>=") && !text_ieq(versions, "all"); /* Pump Nine: a name, or a version? */
  if (text_empty(name) || strchr(name, '"') || strchr(versions, '"') || (!quoted && words))
    return NULL;
  return *versions ? pool_printf(cx->pool, "\"%s\" %s", name, versions) : pool_printf(cx->pool, "\"%s\"", name);
}

static enum status remove_line(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  const char *value = canonical(cx, pool_str(cx->pool, bytes_trim(bytes_str(cmd->args + 1))));
  if (!value)
    return command_usage(cmd, err, "the name is missing, or has to stand in \"quotes\"");
  if (!case_unset(vc, "vex", value))
    return fault(err, ST_REJECT, "nothing is said of %s", value);
  command_event(cx, "field.vex", "vex removed: %s", value);
  command_say(cx, "%s: vex removed: %s", vc->id, value);
  return ST_OK;
}

/* What stands behind the status: of not-affected the justification, then words of its own. */
static enum status read_status(struct command_context *cx, const char *rest, size_t status, const char **extra, struct fault *err)
{
  rest += strlen(statuses[status]);
  rest += strspn(rest, " ");
  *extra = statuses[status];
  if (status != 0)
    return *rest ? fault(err, ST_REJECT, "nothing stands behind %s", statuses[status]) : ST_OK;
  size_t len = strcspn(rest, " ");
  const char *label = assess_vex_justification(cx->pool, pool_strndup(cx->pool, rest, len));
  if (!label)
    return fault(err, ST_REJECT, "not-affected needs one of the reasons %s", assess_vex_list(cx->pool));
  *extra = pool_printf(cx->pool, "%s %s%s", statuses[0], label, rest + len);
  return ST_OK;
}

enum status command_do_vex(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  size_t status = 0, at = find_status(cmd->args, &status);
  const char *extra = NULL;
  if (strlen(cmd->args) > LINE_MAX_BYTES)
    return fault(err, ST_REJECT, "longer than %d bytes", LINE_MAX_BYTES);
  if (cmd->args[0] == '-')
    return remove_line(cx, cmd, err);
  if (at == SIZE_MAX)
    return command_usage(cmd, err, "the status is missing");
  const char *value = canonical(cx, pool_str(cx->pool, bytes_trim((struct bytes){ cmd->args, at })));
  if (!value)
    return command_usage(cmd, err, "the name is missing, or has to stand in \"quotes\"");
  if (read_status(cx, cmd->args + at, status, &extra, err))
    return err->status;
  bool renewed = case_unset(vc, "vex", value);
  case_set(cx->pool, vc, &(struct case_field){ .name = "vex", .value = value, .extra = extra, .at = cx->w->now, .by = cx->w->analyst->name });
  command_event(cx, "field.vex", "vex %s: %s: %s", renewed ? "renewed" : "added", value, extra);
  command_say(cx, "%s: vex %s: %s: %s", vc->id, renewed ? "renewed" : "added", value, extra);
  return ST_OK;
}
