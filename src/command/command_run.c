/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/run: all commands of a mail on copies of the cases; one that fails, and the plan is empty. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

struct vuln_case *command_case(struct command_context *cx)
{
  invariant(cx->vc >= 0 && (size_t)cx->vc < cx->plan->vc_count);
  return cx->plan->vc[cx->vc];
}

void command_say(struct command_context *cx, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  if (cx->said.len > 0)
    buf_adds(&cx->said, "; ");
  buf_vprintf(&cx->said, fmt, ap);
  va_end(ap);
}

struct effect *command_effect(struct command_context *cx, enum effect_kind kind)
{
  struct plan *p = cx->plan;
  p->effect = pool_grow(cx->pool, p->effect, p->effect_count, &p->effect_cap, sizeof *p->effect);
  p->effect[p->effect_count] = (struct effect){ .kind = kind,
                                                .command = cx->command,
                                                .vc = cx->vc,
                                                .what = "",
                                                .args = "",
                                                .text = "",
                                                .to_name = "",
                                                .template_name = "",
                                                .fingerprint = "" };
  return &p->effect[p->effect_count++];
}

void command_event(struct command_context *cx, const char *what, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  struct effect *e = command_effect(cx, EFFECT_EVENT);
  e->what = what;
  e->text = pool_vprintf(cx->pool, fmt, ap);
  va_end(ap);
  if (cx->vc < 0)
    return;
  cx->plan->vc_changed[cx->vc] = true;
  cx->plan->vc[cx->vc]->updated_at = cx->w->now;
}

int command_add_case(struct command_context *cx, struct vuln_case *vc)
{
  struct plan *p = cx->plan;
  invariant(p->vc_count < ARRAY_LEN(p->vc));
  p->vc[p->vc_count] = vc;
  p->vc_changed[p->vc_count] = false;
  return (int)p->vc_count++;
}

void command_event_of(struct command_context *cx, int vc, const char *what, const char *fmt, ...)
{
  va_list ap;
  int now = cx->vc;
  va_start(ap, fmt);
  const char *text = pool_vprintf(cx->pool, fmt, ap);
  va_end(ap);
  cx->vc = vc;
  command_event(cx, what, "%s", text);
  cx->vc = now;
}

int command_find(struct command_context *cx, const char *id)
{
  int vc = command_select(cx, id);
  while (vc >= 0 && !text_empty(cx->plan->vc[vc]->merged_into))
    vc = command_select(cx, cx->plan->vc[vc]->merged_into);
  return vc;
}

int command_select(struct command_context *cx, const char *id)
{
  for (size_t i = 0; i < cx->plan->vc_count; i++)
    if (text_ieq(cx->plan->vc[i]->id, id))
      return (int)i;
  for (size_t i = 0; i < cx->w->case_count; i++)
    if (text_ieq(cx->w->cases[i]->id, id))
      return command_add_case(cx, case_copy(cx->pool, cx->w->cases[i]));
  return -1;
}

enum status command_usage(const struct command *cmd, struct fault *err, const char *why)
{
  return fault(err, ST_REJECT, "%s; usage: %s", why, cmd->row->usage);
}

enum status command_no_args(const struct command *cmd, struct fault *err)
{
  if (cmd->args[0] == '\0')
    return ST_OK;
  if (cmd->args[0] == '#')
    return fault(err, ST_REJECT, "one command a line: begin a new line before %.40s", cmd->args);
  return command_usage(cmd, err, "it takes nothing behind it (leave a blank line before other text)");
}

enum status command_may_write(struct command_context *cx, bool needs_case, struct fault *err)
{
  if (cx->w->analyst->observer)
    return fault(err, ST_DENIED, "you are an observer: you may read, not change anything");
  if (!needs_case && !cx->w->encrypted)
    return fault(err, ST_DENIED, "a mail that is only signed may not do this: encrypt it to us as well");
  return ST_OK;
}

static enum status check_case(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  if (!(cmd->row->flags & CMD_NEEDS_CASE))
    return ST_OK;
  if (cx->vc < 0)
    return fault(err, ST_REJECT,
                 "which case is it about? Answer a mail of the case, or write #case ID on a line before it");
  const struct vuln_case *vc = command_case(cx);
  if (!(cmd->row->flags & CMD_READS) && !text_empty(vc->merged_into))
    return fault(err, ST_DENIED, "%s was merged into %s: write about that one (#case %s)", vc->id, vc->merged_into,
                 vc->merged_into);
  return ST_OK;
}

static enum status check_text(const struct command *cmd, struct fault *err)
{
  if (strlen(cmd->args) > COMMAND_ARGS_MAX)
    return fault(err, ST_REJECT, "the line is longer than %d bytes", COMMAND_ARGS_MAX);
  if ((cmd->row->flags & CMD_TEXT_MUST) && text_empty(cmd->text))
    return command_usage(cmd, err, "its text is missing");
  return ST_OK;
}

enum status command_run_one(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  if (!cmd->row)
    return fault(err, ST_REJECT, "there is no command #%s%s; #help lists them", command_short(cx->pool, cmd->name, 40),
                 command_did_you_mean(cx->pool, "#", command_nearest(cmd->name)));
  bool needs_case = cmd->row->flags & (CMD_NEEDS_CASE | CMD_SIGNED);
  enum status st = check_text(cmd, err);
  if (st == ST_OK && !(cmd->row->flags & (CMD_READS | CMD_MIXED)))
    st = command_may_write(cx, needs_case, err);
  if (st == ST_OK && (cmd->row->flags & CMD_LEAD) && !cx->w->analyst->lead)
    st = fault(err, ST_DENIED, "only lead analysts may #%s", cmd->row->name);
  if (st == ST_OK)
    st = check_case(cx, cmd, err);
  return st == ST_OK ? cmd->row->run(cx, cmd, err) : st;
}

static void run_and_record(struct command_context *cx, const struct command *cmd, struct command_result *out)
{
  struct fault err = { 0 };
  cx->said = buf_new(cx->pool, 160);
  out->status = command_run_one(cx, cmd, &err);
  out->vc = cx->vc;
  out->reason = pool_strdup(cx->pool, out->status == ST_OK ? buf_str(&cx->said) : err.text);
  if (out->status != ST_OK)
    cx->plan->failed = true;
}

/* Text that belongs to no command is kept for the team, and the receipt says that nobody else got it. */
static void run_note(struct command_context *cx, const struct command_mail *m)
{
  struct fault err = { 0 };
  struct command_result *out = &cx->plan->note;
  out->reason = "";
  if (text_empty(m->note))
    return;
  cx->command = (unsigned)m->count;
  out->vc = cx->vc;
  out->status = cx->vc < 0 ? fault(&err, ST_REJECT,
                                   "the text belongs to no command and to no case: answer a mail of the case, "
                                   "or write #case ID before it")
                           : command_may_write(cx, true, &err);
  if (out->status != ST_OK) {
    out->reason = pool_strdup(cx->pool, err.text);
    cx->plan->failed = true;
    return;
  }
  command_effect(cx, EFFECT_NOTE)->text = m->note;
  command_event(cx, "note", "internal note of %s", cx->w->analyst->name);
  out->reason =
      pool_printf(cx->pool, "the text that belongs to no command is saved as a note of %s, NOT sent to the reporter",
                  command_case(cx)->id);
}

/* Nothing changes and nothing leaves the house: answers stay, letters become previews. */
static void only_previews(struct plan *plan)
{
  size_t kept = 0;
  for (size_t i = 0; i < plan->effect_count; i++) {
    struct effect e = plan->effect[i];
    e.preview_only = e.kind == EFFECT_LETTER || e.kind == EFFECT_EMBARGO || e.kind == EFFECT_PUBLISH;
    if (e.preview_only || e.kind == EFFECT_ANSWER)
      plan->effect[kept++] = e;
  }
  plan->effect_count = kept;
  memset(plan->vc_changed, 0, sizeof plan->vc_changed);
}

/* ---- a mail that failed ---- */
bool command_only_asks(const struct command *cmd)
{
  static const char *const key_asks[] = { "list", "show", "" };
  size_t len = strcspn(cmd->args, " ");
  if (!cmd->row || !(cmd->row->flags & CMD_MIXED))
    return cmd->row && cmd->row->flags & CMD_READS;
  if (strcmp(cmd->row->name, "key") != 0)
    return len == 0;
  for (size_t i = 0; i < ARRAY_LEN(key_asks); i++)
    if (bytes_ieq((struct bytes){ cmd->args, len }, bytes_str(key_asks[i])))
      return true;
  return false;
}

/* The case as it is stored; false: this mail would have opened it. */
static bool put_back(struct pool *pool, const struct command_world *w, struct vuln_case **vc)
{
  for (size_t i = 0; i < w->case_count; i++)
    if (text_ieq(w->cases[i]->id, (*vc)->id)) {
      *vc = case_copy(pool, w->cases[i]);
      return true;
    }
  return false;
}

/* What failed first, for the lines that were well. */
static const char *culprit(struct pool *pool, const struct command_mail *m, const struct plan *plan)
{
  for (size_t i = 0; i < m->count; i++)
    if (plan->result[i].status != ST_OK)
      return command_short(pool, m->command[i].line, 40);
  return "the text that belongs to no command";
}

static void skip(struct pool *pool, const struct command_mail *m, struct plan *plan, struct command_result *r)
{
  r->skipped = true;
  r->reason = pool_printf(pool, "not carried out, because this failed: %s", culprit(pool, m, plan));
}

void command_keep_answers(struct pool *pool, const struct command_world *w, const struct command_mail *m, struct plan *plan)
{
  bool stored[ARRAY_LEN(plan->vc)], answered[COMMAND_MAX] = { false };
  size_t kept = 0;
  plan->failed = true;
  for (size_t i = 0; i < plan->vc_count; i++)
    stored[i] = put_back(pool, w, &plan->vc[i]);
  for (size_t i = 0; i < plan->effect_count; i++) {
    struct effect e = plan->effect[i];
    if (e.kind != EFFECT_ANSWER || plan->result[e.command].status != ST_OK || (e.vc >= 0 && !stored[e.vc]))
      continue;
    answered[e.command] = true;
    plan->effect[kept++] = e;
  }
  plan->effect_count = kept;
  memset(plan->vc_changed, 0, sizeof plan->vc_changed);
  for (size_t i = 0; i < m->count; i++) {
    bool about_none = command_only_asks(&m->command[i]) && (plan->result[i].vc < 0 || stored[plan->result[i].vc]);
    if (plan->result[i].status == ST_OK && !answered[i] && !about_none)
      skip(pool, m, plan, &plan->result[i]);
  }
  if (plan->note.status == ST_OK && !text_empty(plan->note.reason))
    skip(pool, m, plan, &plan->note);
}

static void refuse_all(struct pool *pool, const struct command_mail *m, struct plan *plan)
{
  plan->failed = true;
  for (size_t i = 0; i < m->count; i++)
    plan->result[i] = (struct command_result){ .status = ST_REJECT, .vc = -1, .reason = "not looked at: the whole mail is refused" };
}

void command_run(struct pool *pool, const struct command_world *w, const struct command_mail *m, struct plan *plan)
{
  memset(plan, 0, sizeof *plan);
  plan->note.reason = "";
  struct command_context cx = { .pool = pool, .w = w, .mail = m, .plan = plan, .vc = -1 };
  if (m->refuse) {
    refuse_all(pool, m, plan);
    return;
  }
  if (w->bound && w->case_count > 0)
    cx.vc = command_add_case(&cx, case_copy(pool, w->cases[0]));
  for (size_t i = 0; i < m->count; i++) {
    cx.command = (unsigned)i;
    run_and_record(&cx, &m->command[i], &plan->result[i]);
  }
  run_note(&cx, m);
  if (plan->failed)
    command_keep_answers(pool, w, m, plan);
  else if (m->dry_run)
    only_previews(plan);
}

enum status command_do_dry_run(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return command_usage(cmd, err, "it must be the first line of the mail");
}

enum status command_do_end(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  return command_usage(cmd, err, "there is no text to end");
}
