/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/help: the table as text, and the commands that only read. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define USAGE_COLUMN 34

static void help_row(struct buf *b, const struct command_row *row)
{
  size_t usage = strlen(row->usage);
  if (usage < USAGE_COLUMN)
    buf_printf(b, "%-*s%s\n", USAGE_COLUMN, row->usage, row->help);
  else
    buf_printf(b, "%s\n%*s%s\n", row->usage, USAGE_COLUMN, "", row->help);
}

static char *help_one(struct pool *pool, const struct command_row *row, const struct command_world *w, const struct vuln_case *vc)
{
  struct buf b = buf_new(pool, 400);
  buf_printf(&b, "%s\n\n%s\n", row->usage, row->help);
  if (row->flags & CMD_TEXT)
    buf_adds(&b, "The text stands on the lines below it, up to the next command, #end or the end of the mail.\n");
  if (row->flags & CMD_LEAD)
    buf_adds(&b, "For lead analysts.\n");
  command_put_guide(&b, pool, w, vc, row->name);
  return buf_str(&b);
}

char *command_help(struct pool *pool, const char *name)
{
  if (text_empty(name)) {
    const struct command_row *row;
    size_t count = command_table(&row);
    struct buf b = buf_new(pool, 4096);
    for (size_t i = 0; i < count; i++)
      help_row(&b, &row[i]);
    buf_adds(&b,
             "\nCommands stand at the start of their lines, at the top of a signed mail. [ ] may be left out; | stands between what to choose from;\n"
             "\"+ text\" is text on the lines below the command, up to the next command, #end or the end of the mail.\n"
             "#help COMMAND tells more, with an example.\n");
    return buf_str(&b);
  }
  name += name[0] == '#';
  const struct command_row *one = command_row_by_name(name);
  if (one)
    return help_one(pool, one, NULL, NULL);
  const char *near = command_nearest(text_lower(pool, name));
  return pool_printf(pool, "There is no command #%s%s.\n", command_short(pool, name, 40),
                     command_did_you_mean(pool, "#", near));
}

static void answer(struct command_context *cx, enum answer_kind kind, const char *args)
{
  struct effect *e = command_effect(cx, EFFECT_ANSWER);
  e->answer = kind;
  e->args = args;
}

enum status command_do_help(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *name = cmd->args[0] == '#' ? cmd->args + 1 : cmd->args;
  if (name[0] && !command_row_by_name(name)) {
    const char *near = command_nearest(text_lower(cx->pool, name));
    return fault(err, ST_REJECT, "there is no command #%s%s", command_short(cx->pool, name, 40),
                 command_did_you_mean(cx->pool, "#", near));
  }
  answer(cx, ANSWER_HELP, name);
  const struct command_row *one = command_row_by_name(name);
  cx->plan->effect[cx->plan->effect_count - 1].text =
      one ? help_one(cx->pool, one, cx->w, cx->vc >= 0 ? command_case(cx) : NULL) : command_help(cx->pool, name);
  command_say(cx, "the help is below");
  return ST_OK;
}

enum status command_do_list(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word);
  struct buf filter = buf_new(cx->pool, 80);
  for (size_t i = 0; i < n; i++)
    buf_printf(&filter, "%s%s%s", i ? " " : "", text_ieq(word[i], "mine") ? "assignee:" : "",
               text_ieq(word[i], "mine") ? cx->w->analyst->name : word[i]);
  answer(cx, ANSWER_LIST, buf_str(&filter));
  command_say(cx, "the list is below");
  return ST_OK;
}

enum status command_do_show(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  enum status st = command_no_args(cmd, err);
  if (st != ST_OK)
    return st;
  answer(cx, ANSWER_SHOW, "");
  command_say(cx, "%s is shown below", command_case(cx)->id);
  return ST_OK;
}

enum status command_do_history(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  enum status st = command_no_args(cmd, err);
  if (st != ST_OK)
    return st;
  answer(cx, ANSWER_HISTORY, "");
  command_say(cx, "the history of %s is below", command_case(cx)->id);
  return ST_OK;
}

static bool is_period(const char *s)
{
  return strlen(s) <= 8 && s[strspn(s, "0123456789-qQdDaAlL")] == '\0';
}

enum status command_do_stats(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  if (!is_period(cmd->args))
    return command_usage(cmd, err, "a period is 2026, 2026-Q3, 2026-11, 90d or all");
  answer(cx, ANSWER_STATS, cmd->args);
  command_say(cx, "the figures are below");
  return ST_OK;
}
