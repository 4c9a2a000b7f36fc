/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: embargoctl's verbs: one row each. They run in the core (over the control socket) or, when the daemon is stopped, in
 * embargoctl itself with the store's lock taken. */
#include "gate_private.h"

#include <embargod/embargo.h>

#include <jansson.h>

struct verb_call {
  struct gate *g;
  struct pool *pool;
  int argc;
  const char *const *argv;
  bool json;
  struct buf *out;
  struct fault err;
};

static int failed(struct verb_call *v)
{
  buf_printf(v->out, "%s\n", v->err.text);
  return v->err.status == ST_RETRY ? 75 : 1;
}

static void put_json(struct verb_call *v, json_t *j)
{
  char *s = json_dumps(j, JSON_INDENT(2));
  buf_printf(v->out, "%s\n", s ? s : "null");
  free(s);
  json_decref(j);
}

static json_t *js(const char *s)
{
  json_t *j = json_string(s ? s : "");
  return j ? j : json_string("?"); /* not UTF-8: cannot be, but nothing may hang on it */
}

static json_t *jt(struct verb_call *v, int64_t t)
{
  return t ? js(time_iso(v->pool, t)) : json_null();
}

/* Writes go through the one open transaction; it is committed before the answer leaves. */
static int write_begin(struct verb_call *v)
{
  return gate_tx_open(v->g, &v->err) ? failed(v) : 0;
}

static int write_end(struct verb_call *v, enum status st)
{
  if (st)
    return failed(v);
  gate_tx_tick(v->g, true);
  if (v->g->broken) {
    v->err = v->g->broken_fault;
    return failed(v);
  }
  v->g->due_look_at = v->g->outbox_look_at = 0;
  return 0;
}

/* ---- status ---- */
static int verb_status(struct verb_call *v)
{
  struct gate *g = v->g;
  struct store_counts c;
  if (store_counts_get(g->store, &c, &v->err))
    return failed(v);
  buf_printf(v->out, "embargod %s\n", g->options.offline ? "is not running" : g->ring_ready ? "is running" : "is running, but no letter can be handled");
  if (g->keys_failed)
    buf_printf(v->out, "keys:        %s\n", g->keys_trouble);
  buf_printf(v->out, "cases:       %" PRId64 " open of %" PRId64 "\n", c.cases_open, c.cases);
  buf_printf(v->out, "letters:     %" PRId64 " waiting, %" PRId64 " held, %" PRId64 " in quarantine, %" PRId64 " applied\n", c.recorded,
             c.held, c.quarantined, c.applied);
  buf_printf(v->out, "outbox:      %" PRId64 " to be sent, %" PRId64 " failed\nwaiting for release: %" PRId64 "\n", c.outbox_unsent,
             c.outbox_failed, c.pending);
  if (gate_clock_held(g))
    buf_printf(v->out, "clock:       has jumped %s; releases are held: embargoctl clock\n", gate_clock_text(g, v->pool));
  if (g->outbox_trouble[0])
    buf_printf(v->out, "last mail:   %s\n", g->outbox_trouble);
  if (c.outbox_failed)
    buf_adds(v->out, "             `embargoctl outbox` shows what failed and why, `embargoctl retry` sends it again\n");
  for (size_t i = 0; i < g->inbox_count && !g->options.offline; i++)
    buf_printf(v->out, "inbox %s: %s%s%s\n", g->inbox[i].server->name,
               g->inbox[i].state == FETCH_ONLINE ? "online" : g->inbox[i].state == FETCH_DOWN ? "out of reach" : "connecting",
               g->inbox[i].trouble[0] ? ": " : "", g->inbox[i].trouble);
  return 0;
}

/* ---- list, show ---- */
static json_t *case_json(struct verb_call *v, const struct vuln_case *vc)
{
  char cs[7];
  cs_string(vc->cs, cs);
  json_t *fields = json_array(), *parties = json_array(), *members = json_array();
  for (size_t i = 0; i < vc->field_count; i++)
    json_array_append_new(fields, json_pack("{s:o,s:o,s:o,s:o,s:o}", "name", js(vc->field[i].name), "value", js(vc->field[i].value),
                                            "extra", js(vc->field[i].extra), "at", jt(v, vc->field[i].at), "by", js(vc->field[i].by)));
  for (size_t i = 0; i < vc->party_count; i++)
    json_array_append_new(parties, json_pack("{s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:o,s:o,s:o}", "role", js(party_role_name(vc->party[i].role)), "name",
                                             js(vc->party[i].name), "address", js(vc->party[i].address), "key", js(vc->party[i].fingerprint), "status",
                                             js(vc->party[i].unresponsive_at ? "unresponsive" : party_status_name(vc->party[i].status)),
                                             "removed", vc->party[i].removed, "invited", jt(v, vc->party[i].invited_at), "accepted",
                                             jt(v, vc->party[i].accepted_at), "details", jt(v, vc->party[i].details_at),
                                             "waiting_since", jt(v, vc->party[i].waiting_since)));
  for (size_t i = 0; i < vc->member_count; i++)
    json_array_append_new(members, json_pack("{s:o,s:s}", "analyst", js(vc->member[i].analyst), "role",
                                             vc->member[i].role == MEMBER_ASSIGNEE ? "assignee" : "watcher"));
  json_t *order = json_object();
  struct cs_success success;
  cs_preferences(vc->cs, vc->cs_at, &success);
  for (unsigned i = 0; i < CS_PREFERENCES; i++)
    json_object_set_new(order, cs_preference(i)->name,
                        success.outcome[i] == CS_OPEN ? json_null() : json_boolean(success.outcome[i] == CS_MET));
  return json_pack("{s:o,s:o,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "id", js(vc->id), "title", js(case_get(vc, "title")), "report",
                   rm_state_name(vc->rm), "embargo", em_state_name(vc->em), "facts", cs, "opened", jt(v, vc->opened_at), "embargo_until",
                   jt(v, vc->embargo_until), "embargo_proposed", jt(v, vc->embargo_proposed), "embargo_by", js(embargo_agreed_by(v->pool, vc)), "embargo_proposed_by",
                   js(embargo_proposed_by(v->pool, vc)), "order", order, "fields", fields, "parties", parties, "members", members, "arrived_in_clear",
                   vc->arrived_clear);
}

static const char *joined(struct verb_call *v, int from)
{
  struct buf b = buf_new(v->pool, 64);
  for (int i = from; i < v->argc; i++)
    buf_printf(&b, "%s%s", b.len ? " " : "", v->argv[i]);
  return buf_str(&b);
}

static int verb_pending(struct verb_call *v)
{
  enum status st = v->json ? pending_json(v->g, v->pool, v->out, &v->err) : pending_list(v->g, v->pool, v->out, &v->err);
  return st ? failed(v) : 0;
}

static int verb_stats(struct verb_call *v)
{
  return stats_answer(v->g, v->pool, v->argc > 1 ? v->argv[1] : "", v->json, v->out, &v->err) ? failed(v) : 0;
}

static int verb_list(struct verb_call *v)
{
  char *text = NULL;
  if (!v->json) {
    if (answer_list(v->g, v->pool, joined(v, 1), &text, &v->err))
      return failed(v);
    buf_adds(v->out, text);
    return 0;
  }
  struct case_filter f;
  struct vuln_case **vc = NULL;
  size_t n = 0;
  answer_filter(v->g, v->pool, joined(v, 1), &f);
  if (store_case_list(v->g->store, v->pool, &f, &vc, &n, &v->err))
    return failed(v);
  json_t *all = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(all, case_json(v, vc[i]));
  put_json(v, all);
  return 0;
}

static int verb_show(struct verb_call *v)
{
  struct vuln_case *vc = NULL;
  char *text = NULL;
  if (v->argc < 2) {
    buf_adds(v->out, "usage: embargoctl show ID\n");
    return 64;
  }
  if (store_case_live(v->g->store, v->pool, v->argv[1], &vc, &v->err))
    return failed(v);
  if (v->json) {
    json_t *j = case_json(v, vc);
    json_object_set_new(j, "notices", records_json(v->g, v->pool, vc->id));
    put_json(v, j);
    return 0;
  }
  if (answer_case(v->g, v->pool, vc, true, &text, &v->err))
    return failed(v);
  buf_adds(v->out, text);
  if (answer_history(v->g, v->pool, vc->id, &text, &v->err))
    return failed(v);
  buf_printf(v->out, "\n---- History\n%s", text);
  return 0;
}

static int verb_due(struct verb_call *v)
{
  return due_verb(v->g, v->pool, v->argc > 1 ? v->argv[1] : "", v->json, v->out, &v->err) ? failed(v) : 0;
}

static int verb_advisory(struct verb_call *v)
{
  return advisory_verb(v->g, v->pool, v->argc, v->argv, v->out);
}

static int verb_site(struct verb_call *v)
{
  return site_verb(v->g, v->pool, v->argc, v->argv, v->out);
}

/* ---- clock ---- */
static int verb_clock(struct verb_call *v)
{
  struct gate *g = v->g;
  bool accept = v->argc == 2 && text_ieq(v->argv[1], "accept");
  if (v->argc > 1 && !accept) {
    buf_adds(v->out, "usage: embargoctl clock [accept]\n");
    return 64;
  }
  if (g->options.offline && gate_clock_load(g, &v->err))
    return failed(v);
  buf_printf(v->out, "time:     %s (%s)\n", time_iso(v->pool, clock_now(&g->clock)), time_local(v->pool, clock_now(&g->clock), g->conf->zone));
  if (!gate_clock_held(g)) {
    buf_adds(v->out, "releases: not held\n");
    return 0;
  }
  if (!accept) {
    buf_printf(v->out, "releases: HELD, the clock has jumped %s; when this time is right: embargoctl clock accept\n", gate_clock_text(g, v->pool));
    return 0;
  }
  int code = write_begin(v);
  if (!code)
    code = write_end(v, gate_clock_confirm(g, &v->err));
  if (!code)
    buf_adds(v->out, "releases: no longer held\n");
  log_event(&g->log, LOG_LEVEL_NOTICE, "the clock was confirmed by an operator");
  return code;
}

/* ---- outbox, retry ---- */
static void outbox_line(struct verb_call *v, const struct outbox_letter *l)
{
  buf_printf(v->out, "%6" PRId64 "  %-11s  %-15s  %-14s  %s\n", l->id, outbox_state_name(l->state), l->kind, l->case_id, l->to);
  if (!text_empty(l->last_error) && l->state != OUTBOX_SENT)
    buf_printf(v->out, "        %s\n", l->last_error);
  if (l->state == OUTBOX_DEFERRED || l->state == OUTBOX_UNCONFIRMED)
    buf_printf(v->out, "        next try %s, the %u. one\n", time_iso(v->pool, l->due_at), l->tries + 1);
}

static bool number_arg(struct verb_call *v, int at, const char *usage, int64_t *out)
{
  char *end = NULL;
  *out = v->argc > at ? strtoll(v->argv[at], &end, 10) : 0;
  if (end && end != v->argv[at] && !*end && *out > 0)
    return true;
  buf_printf(v->out, "usage: embargoctl %s\n", usage);
  return false;
}

/* The very bytes of a mail, while they are kept. */
static int outbox_raw(struct verb_call *v)
{
  struct outbox_letter l;
  int64_t id = 0;
  if (!number_arg(v, 2, "outbox raw MAIL", &id))
    return 64;
  if (store_outbox_load(v->g->store, v->pool, id, &l, &v->err))
    return failed(v);
  if (!l.bytes.len) {
    buf_printf(v->out, "the bytes of mail %" PRId64 " are no longer kept (outbox_keep_days; those of notices are)\n", id);
    return 1;
  }
  buf_add(v->out, l.bytes);
  return 0;
}

static int verb_outbox(struct verb_call *v)
{
  if (v->argc > 1 && text_ieq(v->argv[1], "raw"))
    return outbox_raw(v);
  struct outbox_letter *l = NULL;
  size_t n = 0;
  bool all = v->argc > 1 && text_ieq(v->argv[1], "all"), ended = false;
  if (store_outbox_list(v->g->store, v->pool, !all, &l, &n, &v->err))
    return failed(v);
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) {
    if (v->json)
      json_array_append_new(list, json_pack("{s:I,s:s,s:o,s:o,s:o,s:o,s:o,s:i,s:o,s:o}", "id", (json_int_t)l[i].id, "state",
                                            outbox_state_name(l[i].state), "kind", js(l[i].kind), "case", js(l[i].case_id), "to",
                                            js(l[i].to), "queued", jt(v, l[i].queued_at), "due", jt(v, l[i].due_at), "tries",
                                            (int)l[i].tries, "message_id", js(l[i].message_id), "error", js(l[i].last_error)));
    else
      outbox_line(v, &l[i]);
    ended |= l[i].state == OUTBOX_FAILED || l[i].state == OUTBOX_BOUNCED;
  }
  if (v->json)
    put_json(v, list);
  else {
    json_decref(list);
    if (!n)
      buf_adds(v->out, all ? "Nothing was ever sent.\n" : "Nothing waits.\n");
    if (ended)
      buf_adds(v->out, "What failed or bounced is not tried again of itself: mend the cause, then `embargoctl retry NUMBER`.\n");
  }
  return 0;
}

static int verb_retry(struct verb_call *v)
{
  int64_t id = 0;
  bool all = v->argc == 2 && text_ieq(v->argv[1], "all");
  if (!all && !number_arg(v, 1, "retry MAIL|all (embargoctl outbox lists them)", &id))
    return 64;
  int code = write_begin(v);
  if (code)
    return code;
  if (v->g->outbox_trouble[0])
    gate_send_anew(v->g);
  code = write_end(v, store_outbox_retry(v->g->store, id, clock_now(&v->g->clock), &v->err));
  if (!code)
    buf_adds(v->out, v->g->options.offline ? "It will be tried when embargod runs.\n" : "Trying now.\n");
  return code;
}

/* ---- quarantine ---- */
static int quarantine_list(struct verb_call *v)
{
  static const enum letter_state states[] = { LETTER_QUARANTINED, LETTER_HELD };
  json_t *all = json_array();
  size_t shown = 0;
  for (size_t s = 0; s < ARRAY_LEN(states); s++) {
    struct intake_letter *l = NULL;
    size_t n = 0;
    if (store_intake_list(v->g->store, v->pool, states[s], &l, &n, &v->err)) {
      json_decref(all);
      return failed(v);
    }
    for (size_t i = 0; i < n; i++, shown++) {
      if (v->json)
        json_array_append_new(all, json_pack("{s:I,s:s,s:o,s:o,s:o,s:I,s:i,s:o}", "id", (json_int_t)l[i].id, "state",
                                             letter_state_name(l[i].state), "mailbox", js(l[i].mailbox), "folder", js(l[i].folder),
                                             "received", jt(v, l[i].date ? l[i].date : l[i].recorded_at), "size", (json_int_t)l[i].size,
                                             "attempts", (int)l[i].attempts, "reason", js(l[i].reason)));
      else
        buf_printf(v->out, "%6" PRId64 "  %-11s  %s  %9s  %s\n", l[i].id, letter_state_name(l[i].state),
                   time_local(v->pool, l[i].date ? l[i].date : l[i].recorded_at, v->g->conf->zone), template_size(v->pool, (size_t)l[i].size), l[i].reason);
    }
  }
  if (v->json)
    put_json(v, all);
  else
    json_decref(all);
  if (!v->json && !shown)
    buf_adds(v->out, "The quarantine is empty.\n");
  return 0;
}

static int quarantine_show(struct verb_call *v, int64_t id)
{
  struct intake_letter l;
  struct bytes raw = { 0 };
  if (store_intake_load(v->g->store, v->pool, id, &l, &v->err))
    return failed(v);
  buf_printf(v->out, "letter %" PRId64 ", %s\nfrom inbox %s, folder %s, uid %s\nreceived %s, %s, %u attempts\nreason: %s\n", id,
             letter_state_name(l.state), l.mailbox, l.folder, l.uid, time_iso(v->pool, l.date ? l.date : l.recorded_at),
             template_size(v->pool, (size_t)l.size), l.attempts, l.reason);
  if (l.oversize) {
    buf_adds(v->out, "It was never fetched: it lies on the server.\n");
    return 0;
  }
  if (store_intake_raw(v->g->store, v->pool, id, &raw, &v->err))
    return failed(v);
  /* As it came, made safe for a terminal; a decryption is not made here. */
  buf_printf(v->out, "\n%s\n", text_clean(v->pool, raw, true));
  return 0;
}

static int quarantine_end(struct verb_call *v, int64_t id, bool release)
{
  struct intake_letter l;
  if (store_intake_load(v->g->store, v->pool, id, &l, &v->err))
    return failed(v);
  if (l.state != LETTER_QUARANTINED && l.state != LETTER_HELD) {
    buf_printf(v->out, "letter %" PRId64 " is %s, not in quarantine\n", id, letter_state_name(l.state));
    return 1;
  }
  if (release && l.oversize) {
    buf_adds(v->out, "it was never fetched: raise max_message and reload, then move it out of its folder and back\n");
    return 1;
  }
  int code = write_begin(v);
  if (code)
    return code;
  struct intake_end end = { .state = LETTER_DISCARDED, .klass = l.klass, .case_id = "", .reason = "discarded by an operator",
                            .now = clock_now(&v->g->clock) };
  code = write_end(v, release ? store_intake_release(v->g->store, id, &v->err) : store_intake_finish(v->g->store, id, &end, &v->err));
  if (!code)
    buf_printf(v->out, "letter %" PRId64 " %s\n", id, release ? "goes through the gate once more" : "is discarded");
  log_event(&v->g->log, LOG_LEVEL_NOTICE, release ? "letter released by an operator" : "letter discarded by an operator", LOG_INT("letter", id));
  return code;
}

static int verb_quarantine(struct verb_call *v)
{
  static const char usage[] = "quarantine list | show N | release N | discard N";
  const char *what = v->argc > 1 ? v->argv[1] : "list";
  int64_t id;
  if (text_ieq(what, "list"))
    return quarantine_list(v);
  if (!number_arg(v, 2, usage, &id))
    return 64;
  if (text_ieq(what, "show"))
    return quarantine_show(v, id);
  if (text_ieq(what, "release") || text_ieq(what, "discard"))
    return quarantine_end(v, id, text_ieq(what, "release"));
  buf_printf(v->out, "usage: embargoctl %s\n", usage);
  return 64;
}

/* ---- key, backup, check ---- */
static int verb_key(struct verb_call *v)
{
  struct effect e = { .kind = EFFECT_ANSWER, .answer = ANSWER_KEY_LIST, .args = "" };
  const char *what = v->argc > 1 ? v->argv[1] : "list";
  char *text = NULL;
  if (text_ieq(what, "show")) {
    e.answer = ANSWER_KEY_SHOW;
    e.args = joined(v, 2);
  } else if (text_ieq(what, "list")) {
    e.args = joined(v, 2);
  } else {
    buf_adds(v->out, "usage: embargoctl key list [ADDRESS] | show WHO (keys are accepted and dropped by signed mail: #key)\n");
    return 64;
  }
  if (answer_text(v->g, v->pool, &e, NULL, &text, &v->err))
    return failed(v);
  buf_adds(v->out, text);
  return 0;
}

static int verb_backup(struct verb_call *v)
{
  if (v->argc != 3 || v->argv[1][0] != '/' || v->argv[2][0] != '/') {
    buf_adds(v->out, "usage: embargoctl backup /PATH/STORE /PATH/KEYS (absolute; keep the two apart: KEYS opens STORE)\n");
    return 64;
  }
  if (v->g->tx_open)
    gate_tx_tick(v->g, true);
  if (store_backup(v->g->store, v->argv[1], v->argv[2], &v->err))
    return failed(v);
  buf_printf(v->out, "store in %s, its wrapped keys in %s; the master key (%s) is kept by you\n", v->argv[1], v->argv[2],
             v->g->conf->master_key_file);
  return 0;
}

static int verb_check(struct verb_call *v)
{
  char **finding = NULL;
  if (store_check(v->g->store, v->pool, &finding, &v->err))
    return failed(v);
  for (size_t i = 0; finding && finding[i]; i++)
    buf_printf(v->out, "%s\n", finding[i]);
  if (finding && finding[0])
    return 1;
  buf_adds(v->out, "The store is sound: pages, references and the event chains fit.\n");
  return 0;
}

static const struct {
  const char *name;
  int (*run)(struct verb_call *v);
} verbs[] = {
  { "status", verb_status }, { "list", verb_list },   { "show", verb_show },     { "due", verb_due }, { "advisory", verb_advisory }, { "site", verb_site }, { "clock", verb_clock }, { "pending", verb_pending }, { "stats", verb_stats }, { "outbox", verb_outbox }, { "retry", verb_retry },
  { "quarantine", verb_quarantine }, { "key", verb_key }, { "backup", verb_backup }, { "check", verb_check },
};

int gate_control(struct gate *g, int argc, const char *const *argv, struct buf *out)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("verb");
  const char **rest = pool_array(pool, (size_t)argc + 1, sizeof *rest);
  struct verb_call v = { .g = g, .pool = pool, .argv = rest, .out = out };
  for (int i = 0; i < argc; i++) {
    if (!strcmp(argv[i], "--json"))
      v.json = true;
    else
      rest[v.argc++] = argv[i];
  }
  for (size_t i = 0; v.argc && i < ARRAY_LEN(verbs); i++)
    if (!strcmp(rest[0], verbs[i].name))
      return verbs[i].run(&v);
  buf_printf(out, "unknown verb %s: see embargoctl(8)\n", v.argc ? rest[0] : "");
  return 64;
}
