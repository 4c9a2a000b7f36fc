/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what an analyst's mail leads to in other mailboxes: the receipt, and copies to those who work on the case. */
#include "gate_order.h"

/* ---- what a mail was about, for the subject of what it causes ---- */
#define SUMMARY_MAX 60 /* bytes, then "..." */

/* Does the command belong into the mail about that case? A release is about the case of what waited, whatever case was
 * bound. */
static bool is_event_of(const struct order *o, const struct plan *plan, size_t i, const struct vuln_case *vc)
{
  const struct command *c = &o->mail.command[i];
  int about = plan->result[i].vc;
  bool acts = false, told = false; /* the history of that case tells it, whatever case the line was about */
  for (size_t k = 0; k < plan->effect_count; k++) {
    const struct effect *e = &plan->effect[k];
    acts |= e->command == i && e->kind != EFFECT_ANSWER;
    told |= e->command == i && e->kind == EFFECT_EVENT && e->vc >= 0 && plan->vc[e->vc] == vc;
  }
  bool release = !strcmp(c->name, "approve") || !strcmp(c->name, "cancel");
  return c->row && acts && !(c->row->flags & CMD_READS) && strcmp(c->name, "preview") &&
         (release || told || (about >= 0 && plan->vc[about] == vc));
}

/* Names of the commands, "key import" for one with sub-commands. vc: only those about that case that change something;
 * NULL: all. */
static const char *summary(struct order *o, const struct plan *plan, const struct vuln_case *vc)
{
  struct buf b = buf_new(o->r->pool, 80);
  for (size_t i = 0; plan && i < o->mail.count; i++) {
    const struct command *c = &o->mail.command[i];
    bool key = !strcmp(c->name, "key");
    const char *name = key ? pool_printf(o->r->pool, "key %.*s", (int)strcspn(c->args, " "), c->args) : c->name;
    if (!strcmp(c->name, "case") || (vc && !is_event_of(o, plan, i, vc)))
      continue;
    if (b.len > SUMMARY_MAX) {
      buf_adds(&b, ", ...");
      break;
    }
    buf_printf(&b, "%s%s", b.len ? ", " : "", text_clean(o->r->pool, bytes_sub(bytes_str(name), 0, 40), false));
  }
  return buf_str(&b);
}

/* ---- receipt ---- */
static void warn(struct order *o, const char *text)
{
  o->warnings = pool_printf(o->r->pool, "%s%s- %s", o->warnings ? o->warnings : "", o->warnings ? "\n" : "", text);
}

void order_warnings(struct order *o)
{
  const struct reading *rd = &o->r->rd;
  if (!rd->encrypted)
    warn(o, "Your mail was signed, but came unencrypted: whoever carried it could\n  read it, and what it quotes. "
            "Please switch "
            "encryption on.");
  if (rd->partly)
    warn(o, "Text outside your signature (a footer, most likely) was ignored.");
}

static void receipt_line(struct order *o, struct tvalue *list, const char *line, const struct command_result *res)
{
  struct pool *pool = o->r->pool;
  struct tvalue *v = tvalue_object(pool);
  tvalue_sets(pool, v, "line", line);
  tvalue_setb(pool, v, "ok", res->status == ST_OK && !res->skipped);
  tvalue_setb(pool, v, "skipped", res->status == ST_OK && res->skipped);
  tvalue_sets(pool, v, "reason", res->reason);
  tvalue_add(pool, list, v);
}

static void receipt_lines(struct order *o, const struct plan *plan)
{
  struct tvalue *list = tvalue_list(o->r->pool);
  for (size_t i = 0; plan && i < o->mail.count; i++)
    receipt_line(o, list, o->mail.command[i].line, &plan->result[i]);
  if (plan && !text_empty(plan->note.reason)) /* what became of the text that belongs to no command */
    receipt_line(o, list, "(text)", &plan->note);
  tvalue_set(o->r->pool, o->vars, "receipt_lines", list);
}

/* A mail of questions has nothing that could have been changed. */
static bool only_asks(const struct order *o)
{
  for (size_t i = 0; i < o->mail.count; i++)
    if (!command_only_asks(&o->mail.command[i]))
      return false;
  return o->mail.count && text_empty(o->mail.note);
}

enum status order_receipt(struct order *o, const struct plan *plan, struct vuln_case *vc, struct fault *err)
{
  struct run *r = o->r;
  struct outgoing *out;
  receipt_lines(o, plan);
  if (vc)
    template_put(r->pool, o->vars, "case.id", vc->id); /* one that #new has opened, too */
  tvalue_sets(r->pool, o->vars, "warnings", o->warnings);
  tvalue_sets(r->pool, o->vars, "reason", o->refuse ? o->refuse : "");
  tvalue_setb(r->pool, o->vars, "failed", (plan && plan->failed) || o->refuse);
  tvalue_setb(r->pool, o->vars, "asked_only", plan && plan->failed && only_asks(o));
  tvalue_setb(r->pool, o->vars, "dry_run", o->mail.dry_run);
  tvalue_sets(r->pool, o->vars, "event_summary", plan ? summary(o, plan, NULL) : o->refuse ? "" : "note");
  struct letter_spec s = { .kind = "receipt",
                           .template_name = "internal/receipt",
                           .vc = vc,
                           .auto_submitted = "auto-replied",
                           .thread_for = r->rd.view.message_id,
                           .serial = r->refuse ? "refused" : "receipt" };
  enum status st = write_to_analyst(r, o->a, &s, o->vars, &out, err);
  if (st)
    return st;
  out->must = true;
  work_out(r, out);
  return ST_OK;
}

enum status order_refuse(struct order *o, const char *why, struct fault *err)
{
  struct replay_key k = o->r->work.replay;
  bool has = o->r->work.has_replay;
  work_reset(o->r);
  o->r->work.replay = k;
  o->r->work.has_replay = has;
  o->refuse = why;
  work_end(o->r, LETTER_APPLIED, CLASS_COMMAND, "", "refused, with a receipt");
  return order_receipt(o, NULL, NULL, err);
}

/* ---- copies to the others who work on the case ---- */
static void add_event(struct order *o, struct tvalue *list, const char *text)
{
  struct pool *pool = o->r->pool;
  struct tvalue *v = tvalue_object(pool);
  tvalue_sets(pool, v, "at", template_date(pool, o->r->in.recorded_at));
  tvalue_sets(pool, v, "by", o->a->name);
  tvalue_sets(pool, v, "text", text);
  tvalue_add(pool, list, v);
}

static struct tvalue *event_vars(struct order *o, struct vuln_case *vc, const struct plan *plan, const char *language)
{
  struct run *r = o->r;
  struct tvalue *vars = write_vars(r, vc, language);
  struct tvalue *list = tvalue_list(r->pool);
  for (size_t i = 0; plan && i < o->mail.count; i++)
    if (is_event_of(o, plan, i, vc))
      add_event(o, list, plan->result[i].reason);
  const char *note = !text_empty(o->mail.note) ? pool_printf(r->pool, "note:\n\n%s", o->mail.note) : NULL;
  if (note && (!plan || plan->note.vc < 0 || plan->vc[plan->note.vc] == vc))
    add_event(o, list, note);
  tvalue_set(r->pool, vars, "events", list);
  const char *what = summary(o, plan, vc);
  tvalue_sets(r->pool, vars, "event_summary",
              pool_printf(r->pool, "%s: %s%s%s", o->a->name, what, *what && note ? ", " : "", note ? "note" : ""));
  return vars;
}

static struct tvalue *copy_vars(struct order *o, const struct outgoing *sent, const char *language)
{
  struct run *r = o->r;
  struct tvalue *vars = write_vars(r, sent->vc, language);
  template_put(r->pool, vars, "copy.kind", sent->kind);
  template_put(r->pool, vars, "copy.from", o->a->name);
  template_put(r->pool, vars, "copy.to",
               pool_printf(r->pool, "%s <%s>", sent->to_name ? sent->to_name : "", sent->draft.to.address));
  template_put(r->pool, vars, "copy.subject", sent->draft.subject);
  template_put(r->pool, vars, "copy.protection", sent->encrypt ? "signed and encrypted" : "signed, in clear");
  tvalue_sets(r->pool, vars, "text", mail_escape_quoted(r->pool, sent->draft.text));
  return vars;
}

static enum status copy(struct order *o, const struct conf_analyst *to, struct letter_spec *s, struct tvalue *vars,
                        struct fault *err)
{
  struct outgoing *out;
  s->kind = "copy";
  s->auto_submitted = "auto-generated";
  enum status st = write_to_analyst(o->r, to, s, vars, &out, err);
  if (st)
    return st;
  out->analyst = to;
  work_out(o->r, out);
  return ST_OK;
}

static enum status copies_to(struct order *o, const struct conf_analyst *to, struct vuln_case *vc,
                             const struct plan *plan, struct fault *err)
{
  struct run *r = o->r;
  struct letter_spec s = { .template_name = "internal/event",
                           .vc = vc,
                           .serial = pool_printf(r->pool, "event-%s", to->name) };
  enum status st = copy(o, to, &s, event_vars(o, vc, plan, to->language), err);
  size_t count = r->work.out_count;
  for (size_t i = 0; !st && i < count; i++) {
    const struct outgoing *sent = r->work.out[i];
    if (sent->vc != vc || !sent->party.vc || sent->embargo) /* the event says what those say */
      continue;
    struct letter_spec c = { .template_name = "internal/copy",
                             .vc = vc,
                             .serial = pool_printf(r->pool, "copy-%zu-%s", i, to->name) };
    st = copy(o, to, &c, copy_vars(o, sent, to->language), err);
  }
  return st;
}

enum status order_copies(struct order *o, struct vuln_case *vc, const struct plan *plan, struct fault *err)
{
  const struct conf *c = o->r->g->conf;
  for (size_t i = 0; i < c->analyst_count; i++) {
    const struct conf_analyst *to = &c->analyst[i];
    if (to == o->a ||
        !(case_has_member(vc, to->name, MEMBER_ASSIGNEE) || case_has_member(vc, to->name, MEMBER_WATCHER)))
      continue;
    enum status st = copies_to(o, to, vc, plan, err);
    if (st)
      return st;
  }
  return ST_OK;
}
