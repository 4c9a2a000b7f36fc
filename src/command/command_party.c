/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/party: participants: inviting and removing them, what is known of each, questions to one of them. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

/* ---- which one? ---- */
static struct party *only_one(struct vuln_case *vc, bool (*fits)(const struct party *p, const char *name), const char *name,
                              unsigned *found)
{
  struct party *one = NULL;
  *found = 0;
  for (size_t i = 0; i < vc->party_count; i++)
    if (!vc->party[i].removed && fits(&vc->party[i], name)) {
      one = &vc->party[i];
      ++*found;
    }
  return one;
}

static bool by_address(const struct party *p, const char *name)
{
  return text_ieq(p->address, name);
}

static bool by_name(const struct party *p, const char *name)
{
  return text_ieq(p->stakeholder, name) || text_ieq(p->name, name);
}

static bool by_role(const struct party *p, const char *name)
{
  return text_ieq(party_role_name(p->role), name);
}

static bool by_part(const struct party *p, const char *name)
{
  return strlen(name) >= 3 && bytes_ifind(bytes_str(p->name), bytes_str(name), 0) != SIZE_MAX;
}

/* The first way by which the name fits anybody counts; it must fit one only. */
static enum status named(struct command_context *cx, const char *name, struct party **out, struct fault *err)
{
  static bool (*const ways[])(const struct party *p, const char *name) = { by_address, by_name, by_role, by_part };
  struct vuln_case *vc = command_case(cx);
  *out = NULL;
  for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
    unsigned found;
    *out = only_one(vc, ways[i], name, &found);
    if (found > 1)
      return fault(err, ST_REJECT, "\"%s\" may be %u participants: write the address (#show lists them)",
                   command_short(cx->pool, name, 60), found);
    if (*out)
      return ST_OK;
  }
  return fault(err, ST_REJECT, "%s has no participant \"%s\"%s", vc->id, command_short(cx->pool, name, 60),
               command_proposal(cx, NAMES_PARTICIPANT, name));
}

static const char *joined(struct command_context *cx, const char **word, size_t n)
{
  struct buf b = buf_new(cx->pool, 80);
  for (size_t i = 0; i < n; i++)
    buf_printf(&b, "%s%s", i ? " " : "", word[i]);
  return buf_str(&b);
}

static const char *shown(const struct party *p)
{
  return !text_empty(p->stakeholder) ? p->stakeholder : p->address;
}

/* ---- what may go there ---- */
enum tlp command_clearance(const struct conf *c, const struct party *p)
{
  const struct conf_stakeholder *s = text_empty(p->stakeholder) ? NULL : conf_stakeholder_by_name(c, p->stakeholder);
  if (s)
    return s->clearance;
  return p->role == PARTY_REPORTER ? TLP_RED : c->invite_clearance;
}

bool command_clear_allowed(const struct conf *c, const struct vuln_case *vc, const struct party *p, bool lead)
{
  const struct conf_stakeholder *s = text_empty(p->stakeholder) ? NULL : conf_stakeholder_by_name(c, p->stakeholder);
  bool low = command_case_tlp(vc) <= TLP_GREEN;
  if (s)
    return s->clear_allowed && low;
  bool policy = text_ieq(c->reply_clear, "allow") || (text_ieq(c->reply_clear, "lead") && (lead || vc->reporter_clear_ok));
  return policy && (low || p->role == PARTY_REPORTER);
}

static bool has_key(const struct conf *c, const struct party *p)
{
  const struct conf_stakeholder *s = text_empty(p->stakeholder) ? NULL : conf_stakeholder_by_name(c, p->stakeholder);
  return !text_empty(p->fingerprint) || (s && !text_empty(s->key_file));
}

static enum status may_be_told(struct command_context *cx, const struct party *p, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  enum tlp tlp = command_case_tlp(vc), most = command_clearance(cx->w->conf, p);
  if (tlp > most)
    return fault(err, ST_DENIED, "the case is TLP:%s, but %s may see TLP:%s at most; #tlp changes the case, the configuration the clearance",
                 tlp_name(tlp), shown(p), tlp_name(most));
  if (!has_key(cx->w->conf, p) && !command_clear_allowed(cx->w->conf, vc, p, cx->w->analyst->lead))
    return fault(err, ST_DENIED, "there is no key for %s, and nothing marked TLP:%s goes there in clear: #key import or #key accept brings one",
                 shown(p), tlp_name(tlp));
  return ST_OK;
}

static enum status not_spam(const struct vuln_case *vc, struct fault *err)
{
  return vc->spam ? fault(err, ST_DENIED, "%s is marked as spam: nobody is written to about it", vc->id) : ST_OK;
}

static void say_gate(struct command_context *cx, int gate)
{
  if (gate && !cx->preview)
    command_say(cx, gate > 1 ? "it waits for the #approve of a second person, a lead analyst" : "it waits for your #approve");
}

static struct effect *letter(struct command_context *cx, const struct party *p, const char *template_name, int gate)
{
  struct effect *e = command_effect(cx, EFFECT_LETTER);
  struct party *copy = pool_new_of(cx->pool, struct party);
  *copy = *p;
  e->to = TO_PARTY;
  e->to_name = p->address;
  e->to_party = copy;
  e->template_name = template_name;
  e->fingerprint = command_given_key(cx, p->address);
  e->gate = gate;
  return e;
}

void command_details(struct command_context *cx, const struct party *p)
{
  (void)letter(cx, p, "party/details", cx->w->conf->gate_ask);
  command_event(cx, "party.details", "details for %s%s", shown(p), cx->w->conf->gate_ask ? " written" : "");
}

/* ---- #invite ---- */
struct invitation {
  struct party party;
  bool has_role;
};

static const char *key_of(struct command_context *cx, const char *address)
{
  const char *given = command_given_key(cx, address);
  const char *stored = text_empty(given) && cx->w->key_of ? cx->w->key_of(cx->w->self, address) : NULL;
  return stored ? stored : given;
}

static struct party of_stakeholder(const struct conf_stakeholder *s)
{
  enum party_role role;
  return (struct party){ .role = party_role_parse(s->kind, &role) ? role : PARTY_OBSERVER,
                         .name = s->name,
                         .address = s->address,
                         .stakeholder = s->name,
                         .fingerprint = s->fingerprint ? s->fingerprint : "",
                         .token = "" };
}

static enum status not_ourselves(struct command_context *cx, const char *address, struct fault *err)
{
  if (text_ieq(address, cx->w->conf->address))
    return fault(err, ST_REJECT, "that is the gateway's own address");
  if (conf_analyst_by_address(cx->w->conf, address))
    return fault(err, ST_REJECT, "that is an analyst's address: #assign or #watch is for analysts");
  return ST_OK;
}

/* "Name <address> role", "address role", "name role" */
static enum status whom(struct command_context *cx, const struct command *cmd, struct invitation *out, struct fault *err)
{
  const struct conf *c = cx->w->conf;
  const char *args = cmd->args, *close = strrchr(args, '>'), **word, *name = "", *role = NULL;
  size_t n = command_words(cx->pool, close ? close + 1 : args, &word), first = close ? 0 : 1;
  const char *who = close ? pool_strndup(cx->pool, args, (size_t)(close + 1 - args)) : n ? word[0] : "";
  if (text_empty(who) || n > first + 1)
    return command_usage(cmd, err, text_empty(who) ? "whom?" : "one NAME or ADDRESS and one ROLE");
  role = n > first ? word[first] : NULL;
  const struct conf_stakeholder *s = conf_stakeholder_by_name(c, who);
  char *address = s ? NULL : command_address(cx->pool, who, &name);
  if (!s && !address)
    return fault(err, ST_REJECT, "\"%s\" is neither an address nor a stakeholder of the configuration%s", command_short(cx->pool, who, 60),
                 command_proposal(cx, NAMES_STAKEHOLDER, who));
  if (!s)
    s = conf_stakeholder_by_address(c, address);
  out->party = s ? of_stakeholder(s)
                 : (struct party){ .role = PARTY_OBSERVER, .name = name, .address = address, .stakeholder = "", .token = "" };
  if (!s)
    out->party.fingerprint = key_of(cx, address);
  out->has_role = role != NULL;
  if (role && !party_role_parse(role, &out->party.role))
    return command_usage(cmd, err, pool_printf(cx->pool, "\"%s\" is no role%s", command_short(cx->pool, role, 40), command_proposal(cx, NAMES_ROLE, role)));
  return not_ourselves(cx, out->party.address, err);
}

/* Who was notified before becomes a participant who was asked; who is one already is not asked twice. */
static enum status enter(struct command_context *cx, const struct invitation *in, struct party **out, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  struct party *p = case_party_by_address(vc, in->party.address);
  if (p && (p->role == PARTY_REPORTER || (p->status != PARTY_PLAIN && p->status != PARTY_DECLINED && p->status != PARTY_WITHDRAWN)))
    return fault(err, ST_DENIED, "%s: %s takes part already, as %s%s%s; #ask writes there, #party %s details sends the details", vc->id,
                 shown(p), party_role_name(p->role), p->status ? ", " : "", party_status_name(p->status), shown(p));
  if (!p)
    p = case_add_party(cx->pool, vc, &in->party);
  if (in->has_role)
    p->role = in->party.role;
  p->status = PARTY_INVITED;
  p->invited_at = cx->w->now;
  p->accepted_at = 0;
  *out = p;
  return ST_OK;
}

enum status command_do_invite(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct invitation in = { 0 };
  struct party *p;
  struct vuln_case *vc = command_case(cx);
  enum status st = whom(cx, cmd, &in, err);
  if (st == ST_OK)
    st = not_spam(vc, err);
  if (st == ST_OK)
    st = enter(cx, &in, &p, err);
  if (st != ST_OK)
    return st;
  bool at_once = case_party_entitled(vc, p);
  enum tlp tlp = command_case_tlp(vc), most = command_clearance(cx->w->conf, p);
  if (at_once)
    st = may_be_told(cx, p, err);
  else if (tlp > most)
    st = fault(err, ST_DENIED, "the case is TLP:%s, but %s may see TLP:%s at most: the details could never go there", tlp_name(tlp), shown(p),
               tlp_name(most));
  if (st != ST_OK)
    return st;
  command_event(cx, "party.invited", "invited %s as %s", shown(p), party_role_name(p->role));
  command_say(cx, "%s: %s is invited as %s", vc->id, shown(p), party_role_name(p->role));
  if (at_once) {
    command_say(cx, "there is no embargo: the details go out");
    command_details(cx, p);
  } else {
    (void)letter(cx, p, "party/invitation", cx->w->conf->gate_ask);
    command_say(cx, "the invitation holds no details; they go out when %s accepts the embargo%s", shown(p),
                !has_key(cx->w->conf, p) ? pool_printf(cx->pool, " (we have no key of theirs: #party %s accepted records it, #key import brings a key)",
                                                         shown(p))
                                           : " in a signed mail");
  }
  say_gate(cx, cx->w->conf->gate_ask);
  return ST_OK;
}

/* ---- #remove ---- */
enum status command_do_remove(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word);
  struct vuln_case *vc = command_case(cx);
  struct party *p;
  if (!n)
    return command_usage(cmd, err, "the name is missing");
  enum status st = named(cx, joined(cx, word, n), &p, err);
  if (st != ST_OK)
    return st;
  if (p == case_reporter(vc))
    return fault(err, ST_DENIED, "%s is the reporter of %s: #reporter ADDRESS names another one", p->address, vc->id);
  p->removed = true;
  party_heard(p); /* nothing is waited for */
  command_event(cx, "party.removed", "%s, %s, no longer takes part", shown(p), party_role_name(p->role));
  bool bound = p->accepted_at && (vc->em == EM_ACTIVE || vc->em == EM_REVISE);
  command_say(cx, "%s: %s no longer takes part%s", vc->id, shown(p), bound ? "; the embargo that they accepted still binds them" : "");
  if (vc->spam)
    command_say(cx, "nobody is written to about spam");
  else if (!text_empty(p->address))
    (void)letter(cx, p, "party/removed", 0);
  return ST_OK;
}

/* ---- #party ---- */
bool command_party_accepts(struct command_context *cx, struct party *p, const char *how)
{
  bool was = p->accepted_at != 0;
  if (!was)
    p->accepted_at = cx->w->now;
  if (p->status == PARTY_INVITED || p->status == PARTY_DECLINED || (p->status == PARTY_WITHDRAWN && p->role != PARTY_REPORTER))
    p->status = PARTY_ACCEPTED;
  if (!was)
    command_event(cx, "party.accepted", "%s keeps the embargo%s", shown(p), how);
  return !was;
}

/* Whoever has a key says so with it: an analyst's word stands only for those who cannot. */
static enum status accepted(struct command_context *cx, struct party *p, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  if (vc->em == EM_NONE || vc->em == EM_EXITED)
    return fault(err, ST_DENIED, "%s has no embargo to accept", vc->id);
  if (has_key(cx->w->conf, p) && p->invited_at)
    return fault(err, ST_DENIED, "we have a key of %s: they accept with #embargo accept in a mail signed by it", shown(p));
  if (!command_party_accepts(cx, p, pool_printf(cx->pool, ", as %s has recorded", cx->w->analyst->name)))
    return fault(err, ST_DENIED, "%s has accepted it already", shown(p));
  command_say(cx, "%s: %s keeps the embargo", vc->id, shown(p));
  if (!p->invited_at) /* a reporter or a stakeholder that was notified: no details wait for it */
    return ST_OK;
  struct fault why = { 0 };
  if (may_be_told(cx, p, &why) != ST_OK) {
    command_say(cx, "the details do not go out: %s; then #party %s details sends them", why.text, shown(p));
    return ST_OK;
  }
  command_details(cx, p);
  command_say(cx, "the details go out");
  say_gate(cx, cx->w->conf->gate_ask);
  return ST_OK;
}

static enum status details(struct command_context *cx, struct party *p, struct fault *err)
{
  const struct vuln_case *vc = command_case(cx);
  if (!case_party_entitled(vc, p))
    return fault(err, ST_DENIED, "%s has not accepted the embargo: no details go there before", shown(p));
  enum status st = not_spam(vc, err);
  if (st == ST_OK)
    st = may_be_told(cx, p, err);
  if (st != ST_OK)
    return st;
  command_details(cx, p);
  command_say(cx, "%s: what %s may know goes out", vc->id, shown(p));
  say_gate(cx, cx->w->conf->gate_ask);
  return ST_OK;
}

static enum status set_status(struct command_context *cx, struct party *p, enum party_status to, struct fault *err)
{
  const char *was = party_status_text(cx->pool, p);
  if (to == PARTY_ACCEPTED)
    return accepted(cx, p, err);
  p->status = to;
  if (to == PARTY_DECLINED)
    p->accepted_at = 0;
  party_heard(p);
  command_event(cx, "party.status", "%s: %s -> %s", shown(p), *was ? was : "nothing known", party_status_name(to));
  command_say(cx, "%s: %s: %s (was: %s)", command_case(cx)->id, shown(p), party_status_name(to), *was ? was : "nothing known");
  return ST_OK;
}

enum status command_do_party(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word, *what;
  size_t n = command_words(cx->pool, cmd->args, &word);
  struct party *p;
  enum party_status to;
  if (n < 2)
    return command_usage(cmd, err, "a name and a status are needed");
  enum status st = named(cx, joined(cx, word, n - 1), &p, err);
  if (st != ST_OK)
    return st;
  what = word[n - 1];
  if (text_ieq(what, "details"))
    return details(cx, p, err);
  if (text_ieq(what, "unresponsive")) {
    p->unresponsive_at = cx->w->now;
    command_event(cx, "party.unresponsive", "%s does not answer", shown(p));
    command_say(cx, "%s: %s: unresponsive", command_case(cx)->id, shown(p));
    return ST_OK;
  }
  if (!party_status_parse(what, &to) || to == PARTY_INVITED)
    return command_usage(cmd, err, pool_printf(cx->pool, "\"%s\" is no status that can be set%s", command_short(cx->pool, what, 40),
                                               command_proposal(cx, NAMES_STATUS, what)));
  return set_status(cx, p, to, err);
}

/* ---- #ask ---- */
enum status command_do_ask(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word);
  struct vuln_case *vc = command_case(cx);
  struct party *p;
  if (!n)
    return command_usage(cmd, err, "whom? The name stands behind it, the text on the lines below");
  if (text_empty(cmd->text))
    return command_usage(cmd, err, "its text is missing");
  const char *name = joined(cx, word, n);
  const struct conf_stakeholder *s = conf_stakeholder_by_name(cx->w->conf, name);
  enum status st = not_spam(vc, err);
  if (st == ST_OK)
    st = named(cx, name, &p, err);
  if (st != ST_OK && s && !vc->spam) { /* the first mail makes a stakeholder a party */
    fault_clear(err);
    struct party new = of_stakeholder(s);
    p = case_add_party(cx->pool, vc, &new);
    st = ST_OK;
  }
  if (st == ST_OK)
    st = may_be_told(cx, p, err);
  if (st != ST_OK)
    return st;
  bool early = !case_party_entitled(vc, p);
  int gate = cx->w->conf->gate_ask;
  if ((early || cmd->cut_uncertain) && gate < 1)
    gate = 1;
  struct effect *e = letter(cx, p, "party/ask", gate);
  e->text = cmd->text;
  command_event(cx, "ask", "%s to %s", gate ? "question written" : "question", shown(p));
  command_say(cx, "%s: to %s, %s", vc->id, p->address, has_key(cx->w->conf, p) ? "signed and encrypted" : "signed, IN CLEAR");
  if (early)
    command_say(cx, "they have NOT accepted the embargo: look once more that it holds no details");
  else if (cmd->cut_uncertain && cx->w->conf->gate_ask < 1)
    command_say(cx, "where your text ends is not certain (#end below it would have sent it at once)");
  say_gate(cx, gate);
  return ST_OK;
}
