/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: participants who do not answer: they are reminded, then those who work on the case are told, then they count as
 * unresponsive. How far that went stands in the party and is committed with the mail: nothing is said twice. While the
 * clock is in doubt nobody is chased. */
#include "gate_private.h"

#define LOOK_S 3600
#define DAY_S 86400

enum chase { CHASE_NOT = 0, CHASE_PARTY, CHASE_ANALYSTS, CHASE_GIVE_UP };

static bool over(int64_t silent, int days)
{
  return days > 0 && silent >= (int64_t)days * DAY_S;
}

/* The furthest step that is due and was not taken. */
static enum chase due_now(const struct conf *c, const struct party *p, int64_t now)
{
  int64_t silent = now - p->waiting_since;
  if (p->removed || !p->waiting_since || p->unresponsive_at || text_empty(p->address))
    return CHASE_NOT;
  if (over(silent, c->unresponsive_days))
    return CHASE_GIVE_UP;
  if (p->chased < CHASE_ANALYSTS && over(silent, c->chase_assignee_days))
    return CHASE_ANALYSTS;
  return p->chased < CHASE_PARTY && over(silent, c->chase_days) ? CHASE_PARTY : CHASE_NOT;
}

static const char *serial_of(struct run *r, const struct party *p, enum chase step, const char *to)
{
  return pool_printf(r->pool, "chase-%" PRId64 "-%" PRId64 "-%d-%s", p->id, p->waiting_since, (int)step, to);
}

static enum status remind_party(struct run *r, struct vuln_case *vc, struct party *p, struct fault *err)
{
  struct stored_key key = { 0 };
  bool found = false;
  struct outgoing *o;
  const char *language = party_language(r->g->conf, p);
  enum status st = party_key(r, p, &key, &found, err);
  if (st == ST_DENIED) { /* it says nothing of the matter: it may go in clear */
    fault_clear(err);
    st = ST_OK;
    found = false;
  }
  if (st)
    return st;
  struct letter_spec s = { .kind = "chase", .template_name = "party/chase", .language = language, .vc = vc,
                           .party = { vc, (size_t)(p - vc->party) }, .to_name = p->name, .to_address = p->address,
                           .auto_submitted = "auto-generated", .serial = serial_of(r, p, CHASE_PARTY, ""), .encrypt = found,
                           .fingerprint = found ? key.fingerprint : "", .key = found ? key.key : (struct bytes){ 0 }, .attach_key = !found };
  struct tvalue *vars = write_vars(r, case_view(r->pool, vc, p), language);
  party_vars(r, vars, vc, p, language);
  st = write_letter(r, &s, vars, &o, NULL, err);
  if (st)
    return st;
  o->droppable = true;
  work_out(r, o);
  work_event(r, vc, "party.chased", "", "%s was reminded: no answer since %s.", p->address, time_iso(r->pool, p->waiting_since));
  return ST_OK;
}

static bool hears(const struct conf *c, const struct conf_analyst *a, const struct vuln_case *vc)
{
  for (size_t i = 0; i < vc->member_count; i++)
    if (vc->member[i].role == MEMBER_ASSIGNEE && conf_analyst_by_name(c, vc->member[i].analyst))
      return case_has_member(vc, a->name, MEMBER_ASSIGNEE);
  return analyst_gets_alarm(c, a);
}

static enum status tell_analysts(struct run *r, struct vuln_case *vc, struct party *p, enum chase step, struct fault *err)
{
  const struct conf *c = r->g->conf;
  int64_t now = clock_now(&r->g->clock);
  enum status st = ST_OK;
  for (size_t i = 0; !st && i < c->analyst_count; i++) {
    const struct conf_analyst *a = &c->analyst[i];
    struct outgoing *o;
    if (!hears(c, a, vc))
      continue;
    struct tvalue *v = write_vars(r, vc, a->language);
    template_put(r->pool, v, "chase.who", p->address);
    template_put(r->pool, v, "chase.role", party_role_name(p->role));
    template_put(r->pool, v, "chase.since", time_local(r->pool, p->waiting_since, c->zone));
    template_put(r->pool, v, "chase.days", pool_printf(r->pool, "%" PRId64, (now - p->waiting_since) / DAY_S));
    template_put(r->pool, v, "chase.given_up", step == CHASE_GIVE_UP ? "yes" : "");
    struct letter_spec s = { .kind = "reminder", .template_name = "internal/chase", .vc = vc, .auto_submitted = "auto-generated",
                             .serial = serial_of(r, p, step, a->name) };
    st = write_to_analyst(r, a, &s, v, &o, err);
    if (st)
      break;
    o->droppable = true;
    work_out(r, o);
  }
  if (!st)
    work_event(r, vc, step == CHASE_GIVE_UP ? "party.unresponsive" : "party.chased", "", "%s: no answer since %s%s.", p->address,
               time_iso(r->pool, p->waiting_since), step == CHASE_GIVE_UP ? "; counts as unresponsive" : "; the analysts were told");
  return st;
}

static enum status chase(struct run *r, struct vuln_case *vc, struct party *p, struct fault *err)
{
  int64_t now = clock_now(&r->g->clock);
  enum chase step = due_now(r->g->conf, p, now);
  if (step == CHASE_NOT)
    return ST_OK;
  enum status st = step == CHASE_PARTY ? remind_party(r, vc, p, err) : tell_analysts(r, vc, p, step, err);
  p->chased = step;
  if (step == CHASE_GIVE_UP)
    p->unresponsive_at = now;
  return st;
}

static bool any_due(const struct gate *g, const struct vuln_case *vc)
{
  bool any = false;
  for (size_t i = 0; i < vc->party_count; i++)
    any |= due_now(g->conf, &vc->party[i], clock_now(&g->clock)) != CHASE_NOT;
  return any && !vc->spam;
}

static void chase_decide(struct run *r)
{
  struct fault err = { 0 };
  struct vuln_case *vc = NULL;
  work_reset(r);
  if (!run_claim(r, r->about))
    return;
  enum status st = store_case_load(r->g->store, r->pool, r->about, &vc, &err);
  work_end(r, LETTER_APPLIED, CLASS_NONE, st ? "" : vc->id, "");
  bool wanted = !st && any_due(r->g, vc) && !gate_clock_held(r->g);
  if (wanted)
    work_case(r, vc);
  for (size_t i = 0; !st && wanted && i < vc->party_count; i++)
    st = chase(r, vc, &vc->party[i], &err);
  if (st) {
    run_fail(r, &err);
    return;
  }
  run_goto(r, r->work.out_count ? RUN_SEAL : RUN_COMMIT);
}

static int64_t before(int64_t now, int days)
{
  return days > 0 ? now - (int64_t)days * DAY_S : -1;
}

/* The store says in which cases somebody is silent for so long: no other is loaded. */
static enum status look(struct gate *g, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("participants");
  const struct conf *c = g->conf;
  int64_t now = clock_now(&g->clock);
  const int64_t silent[] = { before(now, c->chase_days), before(now, c->chase_assignee_days), before(now, c->unresponsive_days) };
  char **id = NULL;
  size_t n = 0;
  enum status st = store_case_silent(g->store, pool, silent, &id, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    if (run_in_hand(g, chase_decide, id[i]))
      continue;
    struct run *r = run_new_system(g, chase_decide);
    r->about = pool_strdup(r->pool, id[i]);
    r->whole = true;
  }
  return st;
}

void gate_chase_tick(struct gate *g)
{
  struct fault err = { 0 };
  int64_t now = clock_now(&g->clock);
  bool back = now + LOOK_S < g->chase_look_at; /* the clock was set back */
  if (!g->ring_ready || g->stopping || gate_clock_held(g) || (now < g->chase_look_at && !back) || g->store_pause > clock_mono(&g->clock))
    return;
  g->chase_look_at = now + LOOK_S;
  g->did_something = true;
  if (look(g, &err))
    log_event(&g->log, LOG_LEVEL_ERR, "silent participants cannot be looked for", LOG_STR("why", err.text));
}
