/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/participant: the verbs of reporters and other participants, carried out as far as the writer has proved to be
 * the party and as far as its role goes; the rest becomes a request that an analyst can carry out with one line. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define SHOWN_MAX 200
#define ROLE(r) (1u << (r))
#define ROLES_ALL (~0u)
#define ROLES_AGREE (ROLE(PARTY_REPORTER) | ROLE(PARTY_COORDINATOR)) /* their word counts for the case's embargo */
#define ROLES_MAKE (ROLES_ALL & ~(ROLE(PARTY_REPORTER) | ROLE(PARTY_OBSERVER)))

struct saying {
  struct command_context cx;
  const struct participant_world *w;
  const struct participant_command *c;
  struct participant_result *out;
};

static struct party *writer(struct saying *s)
{
  return &command_case(&s->cx)->party[s->w->party];
}

static bool is_role(struct saying *s, unsigned roles)
{
  return roles & ROLE(writer(s)->role);
}

static void done(struct saying *s, const char *reason)
{
  s->out->outcome = PARTICIPANT_DONE;
  s->out->reason = reason;
}

static void request(struct saying *s, const char *reason)
{
  s->out->outcome = PARTICIPANT_REQUEST;
  s->out->reason = reason;
}

/* Why: to the analysts, and to the party in either language. */
static void refuse(struct saying *s, const char *reason, const char *en, const char *de)
{
  s->out->outcome = PARTICIPANT_REFUSED;
  s->out->reason = reason;
  s->out->told.en = en;
  s->out->told.de = de;
}

/* ---- #embargo: case_embargo.c has the rules ---- */
static struct embargo_who proposer(struct saying *s)
{
  return embargo_open_by(command_case(&s->cx));
}

static bool is_own_proposal(struct saying *s)
{
  struct embargo_who who = proposer(s);
  return who.party && text_ieq(who.name, writer(s)->address);
}

/* Whose word is an answer to what the house proposes: all others keep what those agree about. */
static bool agrees_for_others(struct saying *s)
{
  return embargo_consents(command_case(&s->cx), (struct embargo_who){ writer(s)->address, true });
}

static bool is_proposed(struct saying *s)
{
  const struct vuln_case *vc = command_case(&s->cx);
  return vc->em == EM_PROPOSED || vc->em == EM_REVISE;
}

static struct embargo_act acting(struct saying *s)
{
  return (struct embargo_act){ .pool = s->cx.pool,
                               .vc = command_case(&s->cx),
                               .by = { writer(s)->address, true },
                               .now = s->w->now,
                               .notice_s = (int64_t)s->w->conf->embargo_notice_h * 3600,
                               .zone = s->w->conf->zone };
}

/* The history, and the mails to all whom it concerns. */
static bool embargo_step(struct saying *s, enum status st, const struct embargo_change *ch, const struct fault *err)
{
  if (st != ST_OK) {
    const char *why = pool_strdup(s->cx.pool, err->text), *colon = strstr(why, ": ");
    const char *told = colon ? colon + 2 : why;
    if (command_case(&s->cx)->em == EM_EXITED)
      refuse(s, why, "the embargo has ended", "das Embargo ist beendet");
    else
      refuse(s, why, told, strstr(why, "not in the future") ? "das Datum liegt nicht in der Zukunft"
                     : strstr(why, "is too soon")     ? "das Datum liegt zu nah: Alle Beteiligten brauchen Zeit, sich vorzubereiten"
                                                      : told);
    return false;
  }
  struct embargo_change *kept = pool_new_of(s->cx.pool, struct embargo_change);
  *kept = *ch;
  command_event(&s->cx, ch->kind, "%s", ch->text);
  command_effect(&s->cx, EFFECT_EMBARGO)->embargo = kept;
  done(s, ch->said);
  return true;
}

/* The line by which an analyst passes the word on. */
static const char *passed_on(struct saying *s, const char *args)
{
  const struct party *p = writer(s);
  return embargo_concerns(p) ? pool_printf(s->cx.pool, "#embargo %s for %s", args, p->address) : pool_printf(s->cx.pool, "#embargo %s", args);
}

/* Why a date of the writer's is only a wish, "" when it is not: the embargo is between the house, reporters and coordinators. */
static const char *only_a_wish(struct saying *s, int64_t at)
{
  const struct vuln_case *vc = command_case(&s->cx);
  struct embargo_who who = { writer(s)->address, true };
  bool agreed = vc->em == EM_ACTIVE || vc->em == EM_REVISE;
  if (!embargo_negotiates(vc, who))
    return is_role(s, ROLES_AGREE) || !case_party_entitled(vc, writer(s))
               ? "they have not accepted the embargo: their date is a wish, and the line makes it ours"
               : "the embargo is between us, the reporter and a coordinator: their date is a wish, and the line makes it ours";
  if ((!agreed || at > vc->embargo_until) && !embargo_consents(vc, who))
    return "a later date is between us and the reporter: theirs is a wish, and the line makes it ours";
  return "";
}

static void propose(struct saying *s)
{
  struct vuln_case *vc = command_case(&s->cx);
  const char *date = s->c->args + strlen("propose") + 1;
  int64_t at;
  if (!time_parse(date, s->w->now, s->w->conf->default_hour, s->w->conf->zone, &at)) {
    refuse(s, "the date is not understood", "the date is not understood: 2027-01-31 or +30d would be",
           "das Datum ist nicht verständlich: 2027-01-31 oder +30d wäre es");
    return;
  }
  const char *args = pool_printf(s->cx.pool, "propose %s", time_iso(s->cx.pool, at));
  s->out->line = pool_printf(s->cx.pool, "#embargo %s", args);
  const char *wish = only_a_wish(s, at);
  s->out->command = *wish ? s->out->line : passed_on(s, args);
  if (s->w->proof != PROOF_SIGNED || *wish) {
    request(s, s->w->proof != PROOF_SIGNED ? "" : wish);
    return;
  }
  struct embargo_act a = acting(s);
  struct embargo_change ch;
  struct fault err = { 0 };
  enum status st = embargo_propose(&a, at, &ch, &err);
  if (embargo_step(s, st, &ch, &err) && vc->embargo_proposed)
    s->out->reason = pool_printf(s->cx.pool, "%s; #embargo accept or reject answers it", ch.said);
}

/* Two things: the party's own word to keep the embargo, and, where we have proposed a date to those who agree about it, the step of
 * the case. */
static void accept(struct saying *s)
{
  struct vuln_case *vc = command_case(&s->cx);
  struct party *p = writer(s);
  s->out->command = is_proposed(s) && embargo_concerns(p) ? passed_on(s, "accept") : pool_printf(s->cx.pool, "#party %s accepted", p->address);
  if (s->w->proof != PROOF_SIGNED) {
    /* An analyst's word does not stand for somebody who has a key: once it is checked, they say it themselves. */
    bool waits = p->invited_at && !text_empty(s->w->key_waits);
    if (waits)
      s->out->command = pool_printf(s->cx.pool, "#key accept %s for %s", s->w->key_waits, p->address);
    request(s, waits ? "it is signed by a key that nobody has checked: check it with its owner, not by mail; then accept the key, and ask "
                       "them (#ask) to send #embargo accept once more"
                     : "");
    return;
  }
  if (vc->em == EM_NONE || vc->em == EM_EXITED) {
    refuse(s, "there is no embargo to accept", "there is no embargo to accept", "es gibt kein Embargo, dem zuzustimmen wäre");
    return;
  }
  bool entitled = case_party_entitled(vc, p), own = is_own_proposal(s);
  /* Who accepts an invitation says so much, and nothing about a date that others are agreeing on. */
  bool agrees = embargo_concerns(p) && is_proposed(s) && agrees_for_others(s) && !proposer(s).party;
  bool news = (!own || p->invited_at) && command_party_accepts(&s->cx, p, " (signed)");
  if (agrees) {
    struct embargo_act a = acting(s);
    struct embargo_change ch;
    struct fault err = { 0 };
    enum status st = embargo_accept(&a, &ch, &err);
    if (!embargo_step(s, st, &ch, &err))
      return;
  } else if (own && !news) {
    refuse(s, "it is their own proposal: it waits for us (#embargo accept or reject)", "it is your own proposal: it waits for our answer",
           "es ist Ihr eigener Vorschlag: Er wartet auf unsere Antwort");
    return;
  } else {
    done(s, news ? "keeps the embargo" : "had accepted it before");
  }
  if (is_proposed(s))
    s->out->reason = pool_printf(s->cx.pool, "%s; the proposed date, %s, is for us to decide (#embargo accept or reject)", s->out->reason,
                                 time_iso(s->cx.pool, vc->embargo_proposed));
  p = writer(s);
  if (!entitled && case_party_entitled(vc, p))
    command_details(&s->cx, p);
}

static void reject(struct saying *s)
{
  const struct vuln_case *vc = command_case(&s->cx);
  struct party *p = writer(s);
  bool waits = p->status == PARTY_INVITED;
  bool step = !waits && is_proposed(s) && (is_own_proposal(s) || (agrees_for_others(s) && !proposer(s).party));
  s->out->command = waits        ? pool_printf(s->cx.pool, "#party %s declined", p->address)
                    : is_proposed(s) ? passed_on(s, "reject")
                                     : "#embargo terminate REASON";
  if (!waits && (vc->em == EM_NONE || vc->em == EM_EXITED)) {
    refuse(s, "there is no embargo to reject", "there is no embargo to reject", "es gibt kein Embargo, das abzulehnen wäre");
    return;
  }
  if (s->w->proof != PROOF_SIGNED || (!step && !waits)) {
    request(s, s->w->proof != PROOF_SIGNED ? "" : is_proposed(s) ? "it is for us to answer that proposal"
                                                              : "the embargo is agreed: it can only be ended, or a shorter one proposed");
    return;
  }
  struct embargo_act a = acting(s);
  struct embargo_change ch;
  struct fault err = { 0 };
  if (step) {
    enum status st = embargo_reject(&a, &ch, &err);
    if (!embargo_step(s, st, &ch, &err))
      return;
  }
  if (!waits)
    return;
  p->status = PARTY_DECLINED;
  p->accepted_at = 0;
  command_event(&s->cx, "party.declined", "%s does not keep the embargo", p->address);
  done(s, "declined: no details go there");
}

static void embargo(struct saying *s)
{
  if (text_istarts(s->c->args, "propose"))
    propose(s);
  else if (text_istarts(s->c->args, "accept"))
    accept(s);
  else
    reject(s);
}

/* ---- #credit, #withdraw, status ---- */
/* What it said before is replaced; what others are to be thanked for stays. */
static void credit(struct saying *s)
{
  struct vuln_case *vc = command_case(&s->cx);
  const char *by = writer(s)->address, *name = command_short(s->cx.pool, s->c->args, SHOWN_MAX);
  s->out->command = pool_printf(s->cx.pool, "#credit %s", name);
  if (s->w->proof != PROOF_SIGNED || !is_role(s, ROLES_AGREE) || name[0] == '-') {
    request(s, "");
    return;
  }
  size_t kept = 0;
  for (size_t i = 0; i < vc->field_count; i++)
    if (strcmp(vc->field[i].name, "credit") != 0 || !text_ieq(vc->field[i].by, by))
      vc->field[kept++] = vc->field[i];
  vc->field_count = kept;
  case_set(s->cx.pool, vc, &(struct case_field){ .name = "credit", .value = name, .extra = "", .at = s->w->now, .by = by });
  command_event(&s->cx, "field.credit", "credit: %s", name);
  done(s, pool_printf(s->cx.pool, "credit: %s", name));
}

static void withdraw(struct saying *s)
{
  struct party *p = writer(s);
  bool reporter = p->role == PARTY_REPORTER;
  const char *why = command_short(s->cx.pool, s->c->args, SHOWN_MAX);
  s->out->command = reporter ? pool_printf(s->cx.pool, "#invalidate withdrawn: %s", why) : pool_printf(s->cx.pool, "#remove %s", p->address);
  if (s->w->proof != PROOF_SIGNED) {
    request(s, "");
    return;
  }
  p->status = PARTY_WITHDRAWN;
  command_event(&s->cx, "party.withdrawn", reporter ? "the report is withdrawn: %s" : "no longer takes part: %s", why);
  done(s, reporter ? "the report is withdrawn; what becomes of the case is for you to say (#invalidate or #close REASON)"
                   : "no longer takes part; #remove takes them out of the case");
}

static void own_status(struct saying *s)
{
  static const enum party_status of[] = { [PV_AFFECTED] = PARTY_AFFECTED,
                                          [PV_NOT_AFFECTED] = PARTY_NOT_AFFECTED,
                                          [PV_INVESTIGATING] = PARTY_INVESTIGATING,
                                          [PV_FIXED] = PARTY_FIXED };
  struct party *p = writer(s);
  enum party_status to = of[s->c->verb];
  s->out->command = pool_printf(s->cx.pool, "#party %s %s", p->address, party_status_name(to));
  if (s->w->proof != PROOF_SIGNED || !is_role(s, ROLES_MAKE) || !case_party_entitled(command_case(&s->cx), p)) {
    request(s, "");
    return;
  }
  const char *was = party_status_name(p->status);
  p->status = to;
  command_event(&s->cx, "party.status", "%s -> %s", *was ? was : "nothing known", party_status_name(to));
  done(s, party_status_name(to));
}

static void asks(struct saying *s)
{
  s->out->command = "";
  if (s->w->proof == PROOF_MISSING)
    request(s, "");
  else
    done(s, "answered");
}

/* ---- the table ---- */
static const struct rule {
  enum participant_verb verb;
  const char *name, *usage;
  unsigned roles; /* to whom #help shows it */
  struct {
    const char *en, *de;
  } help;
  void (*run)(struct saying *s);
} rules[] = {
  { PV_STATUS, "status", "#status", ROLES_ALL, { "where the case stands", "wie weit der Fall ist" }, asks },
  { PV_KEY, "key", "#key", ROLES_ALL, { "our key, and the one that we have of you", "unser Schlüssel, und welchen wir von Ihnen haben" }, asks },
  { PV_HELP, "help", "#help", ROLES_ALL, { "this list", "diese Liste" }, asks },
  { PV_EMBARGO,
    "embargo",
    "#embargo accept | reject",
    ROLES_ALL,
    { "you keep the embargo, or do not", "Sie halten das Embargo ein, oder nicht" },
    embargo },
  { PV_NONE,
    "embargo",
    "#embargo propose 2027-01-31",
    ROLES_AGREE,
    { "another date for the publication", "ein anderer Tag für die Veröffentlichung" },
    NULL },
  { PV_CREDIT,
    "credit",
    "#credit NAME | anonymous",
    ROLES_AGREE,
    { "whom the publication thanks", "wem die Veröffentlichung dankt" },
    credit },
  { PV_AFFECTED, "affected", "#affected", ROLES_MAKE, { "what you make is affected", "Ihr Erzeugnis ist betroffen" }, own_status },
  { PV_NOT_AFFECTED, "not-affected", "#not-affected", ROLES_MAKE, { "it is not", "es ist nicht betroffen" }, own_status },
  { PV_INVESTIGATING,
    "investigating",
    "#investigating",
    ROLES_MAKE,
    { "you are looking into it", "Sie untersuchen es" },
    own_status },
  { PV_FIXED, "fixed", "#fixed", ROLES_MAKE, { "you have a fix", "Sie haben eine Korrektur" }, own_status },
  { PV_WITHDRAW,
    "withdraw",
    "#withdraw REASON",
    ROLES_ALL,
    { "you take the report back, or no longer take part", "Sie ziehen die Meldung zurück, oder wirken nicht mehr mit" },
    withdraw },
};

char *command_participant_help(struct pool *pool, enum party_role role, const char *language)
{
  struct buf b = buf_new(pool, 512);
  bool de = text_istarts(language, "de");
  for (size_t i = 0; i < ARRAY_LEN(rules); i++)
    if (rules[i].roles & ROLE(role))
      buf_printf(&b, "%s%s\n    %s", b.len ? "\n" : "", rules[i].usage, de ? rules[i].help.de : rules[i].help.en);
  return buf_str(&b);
}

static const struct rule *rule_of(enum participant_verb verb)
{
  for (size_t i = 0; i < ARRAY_LEN(rules); i++)
    if (rules[i].verb == verb && rules[i].run)
      return &rules[i];
  invariant(false);
  return NULL;
}

/* How a verb is written, of the line that was to be one. */
static const char *usages(struct saying *s, const char *line)
{
  struct buf b = buf_new(s->cx.pool, 80);
  size_t len = strcspn(line, " ");
  for (size_t i = 0; i < ARRAY_LEN(rules); i++)
    if (bytes_ieq((struct bytes){ line + 1, len - 1 }, bytes_str(rules[i].name)))
      buf_printf(&b, "%s%s", b.len ? ", " : "", rules[i].usage);
  return buf_str(&b);
}

static void not_understood(struct saying *s)
{
  const char *usage = usages(s, s->c->args);
  *s->out = (struct participant_result){ .line = command_short(s->cx.pool, s->c->args, SHOWN_MAX), .command = "" };
  if (*usage)
    refuse(s, "not understood", pool_printf(s->cx.pool, "not understood; it is written so: %s", usage),
           pool_printf(s->cx.pool, "nicht verstanden; man schreibt es so: %s", usage));
  else
    refuse(s, "no such command", "no such command; #help lists them", "kein solcher Befehl; #help zählt sie auf");
}

/* One that is refused, or only a request, changes nothing. */
static void run_one(struct saying *s)
{
  struct plan *plan = s->cx.plan;
  if (s->c->verb == PV_NONE) {
    not_understood(s);
    return;
  }
  const struct rule *rule = rule_of(s->c->verb);
  struct vuln_case *before = case_copy(s->cx.pool, plan->vc[0]);
  size_t effects = plan->effect_count;
  bool changed = plan->vc_changed[0];
  const char *args = command_short(s->cx.pool, s->c->args, SHOWN_MAX);
  *s->out = (struct participant_result){ .line = pool_printf(s->cx.pool, "#%s%s%s", rule->name, *args ? " " : "", args),
                                         .reason = "", .command = "", .told = { "", "" } };
  rule->run(s);
  if (s->out->outcome == PARTICIPANT_DONE)
    return;
  plan->vc[0] = before;
  plan->effect_count = effects;
  plan->vc_changed[0] = changed;
}

void command_participant_run(struct pool *pool, const struct participant_world *w, struct plan *plan,
                             struct participant_result out[PARTICIPANT_MAX])
{
  const struct party *p = &w->vc->party[w->party];
  /* The functions that analysts' commands share with these ask who gave the command. */
  const struct conf_analyst as = { .name = p->address, .address = p->address, .fingerprint = "", .language = w->conf->language };
  const struct command_world world = { .conf = w->conf, .analyst = &as, .now = w->now };
  memset(plan, 0, sizeof *plan);
  plan->note.reason = "";
  struct saying s = { .cx = { .pool = pool, .w = &world, .plan = plan, .vc = -1 }, .w = w };
  s.cx.vc = command_add_case(&s.cx, case_copy(pool, w->vc));
  for (size_t i = 0; i < w->count && i < PARTICIPANT_MAX; i++) {
    s.cx.command = (unsigned)i;
    s.c = &w->command[i];
    s.out = &out[i];
    run_one(&s);
  }
}
