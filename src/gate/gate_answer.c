/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: read-only answers as plain text: #list #show #history #key list/show, and embargoctl's. */
#include "gate_private.h"

#include <embargod/embargo.h>

#include <stdio.h>

static const char *local(struct gate *g, struct pool *pool, int64_t t)
{
  return t ? time_local(pool, t, g->conf->zone) : "-";
}

static const char *one_line(struct pool *pool, const char *s, size_t max)
{
  struct bytes b = bytes_str(text_clean(pool, bytes_str(s), false));
  if (b.len <= max)
    return pool_str(pool, b);
  return pool_printf(pool, "%.*s...", (int)utf8_cut(b, max - 3), b.p);
}

static const char *assignees(struct pool *pool, const struct vuln_case *vc)
{
  struct buf b = buf_new(pool, 64);
  for (size_t i = 0; i < vc->member_count; i++)
    if (vc->member[i].role == MEMBER_ASSIGNEE)
      buf_printf(&b, "%s%s", b.len ? "," : "", vc->member[i].analyst);
  return b.len ? buf_str(&b) : "-";
}

/* A case that this very mail opens has nothing in the store yet. */
static enum status none_if_new(enum status st, struct fault *err)
{
  if (st != ST_REJECT)
    return st;
  fault_clear(err);
  return ST_OK;
}

/* ---- #list ---- */
/* Words of the filter: a state, "open", "all", an analyst's name or "assignee:NAME"; "mine" is the command's; the rest are words to
 * find. */
void answer_filter(struct gate *g, struct pool *pool, const char *text, struct case_filter *f)
{
  struct buf words = buf_new(pool, 64);
  *f = (struct case_filter){ .rm = -1, .open_only = true };
  for (const char *p = text ? text : ""; *p;) {
    p += strspn(p, " \t");
    size_t n = strcspn(p, " \t");
    char *w = pool_strndup(pool, p, n);
    enum rm_state rm;
    p += n;
    if (!n)
      continue;
    if (text_ieq(w, "all")) {
      f->open_only = false;
    } else if (text_ieq(w, "open")) {
      f->open_only = true;
    } else if (rm_state_parse(w, &rm)) {
      f->rm = (int)rm;
      f->open_only = false;
    } else if (text_istarts(w, "assignee:")) {
      f->assignee = w + 9;
    } else if (conf_analyst_by_name(g->conf, w)) {
      f->assignee = w;
    } else {
      buf_printf(&words, "%s%s", words.len ? " " : "", w);
    }
  }
  if (words.len) {
    f->words = buf_str(&words);
    f->open_only = false;
  }
}

enum status answer_list(struct gate *g, struct pool *pool, const char *filter, char **out, struct fault *err)
{
  struct case_filter f;
  struct vuln_case **vc = NULL;
  size_t n = 0;
  if (text_ieq(filter, "pending")) {
    struct buf waits = buf_new(pool, 512);
    enum status listed = pending_list(g, pool, &waits, err);
    *out = buf_str(&waits);
    return listed;
  }
  answer_filter(g, pool, filter, &f);
  enum status st = store_case_list(g->store, pool, &f, &vc, &n, err);
  if (st)
    return st;
  struct buf b = buf_new(pool, 1024);
  for (size_t i = 0; i < n; i++) {
    char cs[7];
    cs_string(vc[i]->cs, cs);
    buf_printf(&b, "%s  %-8s  %-8s  %s  %-10s  %s\n", vc[i]->id, rm_state_name(vc[i]->rm), em_state_name(vc[i]->em), cs,
               assignees(pool, vc[i]),
               text_empty(vc[i]->merged_into) ? one_line(pool, case_get(vc[i], "title"), 60)
                                              : pool_printf(pool, "merged into %s", vc[i]->merged_into));
  }
  if (n)
    buf_adds(&b, "\nid, report, embargo, facts, assigned to, title; a fact in capitals has happened: V vendor aware, F fix ready, D fix\n"
                 "deployed, P public, X exploit public, A attacks\n");
  else
    buf_adds(&b, "No case fits.\n");
  *out = buf_str(&b);
  return ST_OK;
}

/* ---- #show ---- */
static void put_fields(struct buf *b, struct pool *pool, const struct vuln_case *vc)
{
  for (size_t i = 0; i < vc->field_count; i++) {
    const struct case_field *f = &vc->field[i];
    if (!strcmp(f->name, "title") || text_istarts(f->name, "embargo-"))
      continue;
    if (!strcmp(f->name, "field"))
      buf_printf(b, "field %s:%s%s\n", f->value, strchr(f->extra, '\n') ? "\n" : " ", f->extra);
    else if (strchr(f->value, '\n'))
      buf_printf(b, "%s:\n%s\n", f->name, f->value);
    else
      buf_printf(b, "%-12s %s%s%s\n", pool_printf(pool, "%s:", f->name), f->value, text_empty(f->extra) ? "" : ", ", f->extra ? f->extra : "");
  }
}

static enum status put_parties(struct gate *g, struct buf *b, struct pool *pool, const struct vuln_case *vc, struct fault *err)
{
  for (size_t i = 0; i < vc->party_count; i++) {
    const struct party *p = &vc->party[i];
    struct stored_key k;
    bool found = false;
    if (p->removed)
      continue;
    enum status st = text_empty(p->address) ? ST_OK : store_key_get(g->store, pool, p->address, &k, &found, err);
    if (st)
      return st;
    const char *fpr = found ? k.fingerprint : p->fingerprint;
    const char *status = party_status_text(pool, p);
    buf_printf(b, "%-12s %s%s<%s>, key: %s%s%s%s%s%s\n", pool_printf(pool, "%s:", party_role_name(p->role)), p->name,
               text_empty(p->name) ? "" : " ", p->address, text_empty(fpr) ? "none" : pgp_fpr_pretty(pool, fpr),
               found ? pool_printf(pool, " (%s)", key_tier_name(k.tier)) : "", p->new_key_waits ? "; a new key waits" : "", *status ? "; " : "", status,
               p->waiting_since ? pool_printf(pool, "; no answer since %s", local(g, pool, p->waiting_since)) : "");
  }
  return ST_OK;
}

static enum status put_pending(struct gate *g, struct buf *b, struct pool *pool, const char *id, struct fault *err)
{
  struct pending_release *p = NULL;
  size_t n = 0;
  enum status st = none_if_new(store_pending_list(g->store, pool, id, &p, &n, err), err);
  for (size_t i = 0; !st && i < n; i++)
    buf_printf(b, "waits:       #%s by %s, token %s, until %s\n", p[i].what, p[i].by, p[i].token, local(g, pool, p[i].expires_at));
  return st;
}

static enum status put_publications(struct gate *g, struct buf *b, struct pool *pool, const char *id, struct fault *err)
{
  struct publication *p = NULL;
  size_t n = 0;
  enum status st = none_if_new(store_publication_list(g->store, pool, id, &p, &n, err), err);
  for (size_t i = 0; !st && i < n; i++) {
    bool out = p[i].state == PUBLICATION_OUT;
    if (p[i].state == PUBLICATION_CANCELLED)
      continue;
    buf_printf(b, "advisory:    version %u, #%s by %s, %s %s%s%s%s%s\n", p[i].version, p[i].what, p[i].by, out ? "public since" : "scheduled for",
               local(g, pool, p[i].planned_at), out ? "" : "; #cancel ", out ? "" : p[i].token, text_empty(p[i].last_error) ? "" : "; trouble: ",
               p[i].last_error);
    if (out && p[i].summary && *p[i].summary)
      buf_printf(b, "             %s\n", p[i].summary);
  }
  return st;
}

static enum status put_messages(struct gate *g, struct buf *b, struct pool *pool, const char *id, struct fault *err)
{
  static const char *const kinds[] = { [MESSAGE_REPORT] = "Report", [MESSAGE_FOLLOW_UP] = "Follow-up", [MESSAGE_NOTE] = "Note",
                                       [MESSAGE_SENT] = "Sent to" };
  struct case_message *m = NULL;
  size_t n = 0;
  enum status st = none_if_new(store_message_list(g->store, pool, id, &m, &n, err), err);
  for (size_t i = 0; !st && i < n; i++) {
    if (text_empty(m[i].text))
      continue;
    bool theirs = m[i].kind == MESSAGE_REPORT || m[i].kind == MESSAGE_FOLLOW_UP; /* its number is what #move and #split take */
    buf_printf(b, "\n---- %s %s, %s%s (%s)\n", m[i].kind < ARRAY_LEN(kinds) ? kinds[m[i].kind] : "", m[i].who,
               theirs ? pool_printf(pool, "letter %" PRId64 ", ", m[i].letter) : "", local(g, pool, m[i].at), m[i].protection);
    if (!text_empty(m[i].subject))
      buf_printf(b, "Subject: %s\n", m[i].subject);
    buf_printf(b, "\n%s\n", theirs ? mail_escape_quoted(pool, m[i].text) : m[i].text);
  }
  return st;
}

/* How good the disclosure was: the twelve ordering preferences. */
static void put_preferences(struct buf *b, const struct vuln_case *vc)
{
  static const char mark[] = { [CS_OPEN] = '?', [CS_MET] = '+', [CS_UNMET] = '-' };
  struct cs_success s;
  cs_preferences(vc->cs, vc->cs_at, &s);
  buf_printf(b, "order:       %u of %d met, %u not, %u open:", s.met, CS_PREFERENCES, s.unmet, s.open);
  for (unsigned i = 0; i < CS_PREFERENCES; i++)
    buf_printf(b, " %s%c", cs_preference(i)->name, mark[s.outcome[i]]);
  buf_printf(b, "\n             %s\n", CS_LEGEND);
}

/* An embargo's end is one instant: shown in the configuration's zone and in UTC, with who proposed it. */
static void put_embargo(struct gate *g, struct buf *b, struct pool *pool, const struct vuln_case *vc)
{
  const char *by = embargo_agreed_by(pool, vc);
  buf_printf(b, "embargo:     %s", em_state_name(vc->em));
  if (vc->embargo_until)
    buf_printf(b, " %s %s", vc->em == EM_EXITED ? "since" : "until", time_both(pool, vc->embargo_until, g->conf->zone));
  bool by_default = !strcmp(by, EMBARGO_BY_DEFAULT);
  if (!text_empty(by) && vc->em != EM_EXITED)
    buf_printf(b, ", %s%s", by_default ? "" : "proposed by ", by);
  buf_adds(b, "\n");
  if (vc->embargo_proposed)
    buf_printf(b, "proposed:    embargo until %s, by %s\n", time_both(pool, vc->embargo_proposed, g->conf->zone),
               embargo_proposed_by(pool, vc));
}

enum status answer_case(struct gate *g, struct pool *pool, const struct vuln_case *vc, bool with_text, char **out, struct fault *err)
{
  struct buf b = buf_new(pool, 4096);
  char cs[7];
  cs_string(vc->cs, cs);
  buf_printf(&b, "%s  %s\n", vc->id, case_get(vc, "title"));
  buf_printf(&b, "report:      %s\n", rm_state_name(vc->rm));
  put_embargo(g, &b, pool, vc);
  buf_printf(&b, "facts:       %s (a capital letter: it has happened; the letters are below)\n", cs);
  put_preferences(&b, vc);
  buf_printf(&b, "opened:      %s (%s)\nassigned:    %s\n", local(g, pool, vc->opened_at), vc->channel, assignees(pool, vc));
  if (vc->arrived_clear)
    buf_adds(&b, "note:        some of it ARRIVED IN CLEAR\n");
  if (!text_empty(vc->merged_into))
    buf_printf(&b, "merged into: %s\n", vc->merged_into);
  put_fields(&b, pool, vc);
  enum status st = put_parties(g, &b, pool, vc, err);
  if (!st)
    st = due_show(g, pool, vc, &b, err);
  if (!st)
    st = put_pending(g, &b, pool, vc->id, err);
  if (!st)
    st = put_publications(g, &b, pool, vc->id, err);
  if (!st)
    st = records_show(g, pool, vc->id, &b, err);
  if (!st && with_text)
    st = put_messages(g, &b, pool, vc->id, err);
  *out = buf_str(&b);
  return st;
}

enum status answer_history(struct gate *g, struct pool *pool, const char *case_id, char **out, struct fault *err)
{
  struct case_event *e = NULL;
  size_t n = 0;
  enum status st = none_if_new(store_event_list(g->store, pool, case_id, &e, &n, err), err);
  if (st)
    return st;
  struct buf b = buf_new(pool, 2048);
  for (size_t i = 0; i < n; i++) {
    bool other = strcmp(e[i].case_id, case_id) != 0; /* of a case that was merged into this one */
    buf_printf(&b, "%s  %-18s %s%s%s%s%s\n", local(g, pool, e[i].at), e[i].kind, other ? e[i].case_id : "", other ? "  " : "", e[i].who,
               text_empty(e[i].who) ? "" : ": ", due_event_text(pool, &e[i]));
  }
  *out = buf_str(&b);
  return ST_OK;
}

/* ---- #key ---- */
static void put_key(struct gate *g, struct buf *b, struct pool *pool, const struct stored_key *k)
{
  const char *tier = key_tier_name(k->tier), *from = text_empty(k->provenance) ? "" : k->provenance; /* "attached, letter 1" says both */
  buf_printf(b, "%s\n  %s\n  %s%s%s; expires %s%s\n", k->address, pgp_fpr_pretty(pool, k->fingerprint), text_istarts(from, tier) ? "" : tier,
             *from && !text_istarts(from, tier) ? "; " : "", from,
             k->expires == STORED_KEY_REVOKED ? "- it is REVOKED" : k->expires ? local(g, pool, k->expires) : "never",
             k->waits ? "; WAITS: check the fingerprint with its owner, then #key accept FPR for ADDRESS" : "");
}

static enum status key_list(struct gate *g, struct pool *pool, const char *address, char **out, struct fault *err)
{
  struct stored_key *k = NULL;
  size_t n = 0;
  enum status st = store_key_list(g->store, pool, text_empty(address) ? NULL : address, &k, &n, err);
  if (st)
    return st;
  struct buf b = buf_new(pool, 1024);
  for (size_t i = 0; i < n; i++)
    put_key(g, &b, pool, &k[i]);
  if (!n)
    buf_adds(&b, "No key.\n");
  *out = buf_str(&b);
  return ST_OK;
}

/* WHO: an address, a fingerprint, an analyst or a stakeholder of the configuration, "reporter", or nothing: ours. */
static enum status key_show(struct gate *g, struct pool *pool, const char *who, const struct vuln_case *vc, char **out, struct fault *err)
{
  const struct conf_analyst *a = conf_analyst_by_name(g->conf, who);
  const struct conf_stakeholder *s = conf_stakeholder_by_name(g->conf, who);
  const struct party *p = vc ? case_reporter(vc) : NULL;
  if ((text_empty(who) || text_ieq(who, "own")) && text_empty(g->own.fpr))
    return fault(err, ST_REJECT, "which key is ours is known to the running embargod only, and it does not run (or has no usable key)");
  if (text_empty(who) || text_ieq(who, "own")) {
    *out = pool_printf(pool, "%s (this gateway)\n  %s\n  expires %s\n", g->conf->address, pgp_fpr_pretty(pool, g->own.fpr),
                       g->own.expires ? local(g, pool, g->own.expires) : "never");
    return ST_OK;
  }
  if (a || s) {
    const char *fpr = a ? a->fingerprint : s->fingerprint;
    const struct pgp_cert *cert = !g->ring_ready ? NULL : a ? &gate_analyst_key(g, a)->cert : &gate_stakeholder_key(g, s)->cert;
    const char *ends = text_empty(fpr) ? "" : !cert ? "; when it expires the running embargod knows"
                       : cert->flags & PGP_CERT_REVOKED ? "; REVOKED"
                       : pool_printf(pool, "; expires %s", cert->expires ? local(g, pool, cert->expires) : "never");
    *out = pool_printf(pool, "%s <%s>\n  %s\n  pinned (configuration)%s\n", a ? a->name : s->name, a ? a->address : s->address,
                       text_empty(fpr) ? "no key" : pgp_fpr_pretty(pool, fpr), ends);
    return ST_OK;
  }
  if (text_ieq(who, "reporter"))
    return key_list(g, pool, p ? p->address : "-", out, err);
  if (strchr(who, '@'))
    return key_list(g, pool, who, out, err);
  struct stored_key k;
  bool found = false;
  enum status st = store_key_by_fpr(g->store, pool, pgp_fpr_normal(pool, who), &k, &found, err);
  if (st)
    return st;
  if (!found)
    return fault(err, ST_REJECT, "no key of %s: an address, a fingerprint, or a name of the configuration is wanted", who);
  struct buf b = buf_new(pool, 512);
  put_key(g, &b, pool, &k);
  *out = buf_str(&b);
  return ST_OK;
}

enum status answer_text(struct gate *g, struct pool *pool, const struct effect *e, const struct vuln_case *vc, char **out, struct fault *err)
{
  switch (e->answer) {
  case ANSWER_HELP:
    *out = pool_strdup(pool, e->text);
    return ST_OK;
  case ANSWER_LIST:
    return answer_list(g, pool, e->args, out, err);
  case ANSWER_SHOW:
    return answer_case(g, pool, vc, true, out, err);
  case ANSWER_HISTORY:
    return answer_history(g, pool, vc->id, out, err);
  case ANSWER_KEY_LIST:
    return key_list(g, pool, e->args, out, err);
  case ANSWER_KEY_SHOW:
    return key_show(g, pool, e->args ? e->args : "", vc, out, err);
  case ANSWER_DUE: {
    struct buf b = buf_new(pool, 2048);
    struct vuln_case one = *vc;
    enum status st = due_list(g, pool, &one, &b, err);
    *out = buf_str(&b);
    return st;
  }
  case ANSWER_FIELDS:
    *out = answer_fields(g, pool, vc);
    return ST_OK;
  case ANSWER_STATS: {
    struct buf b = buf_new(pool, 1024);
    enum status st = stats_answer(g, pool, e->args, false, &b, err);
    *out = buf_str(&b);
    return st;
  }
  }
  return fault(err, ST_DENIED, "this answer is not there yet");
}
