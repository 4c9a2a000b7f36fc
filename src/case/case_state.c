/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/state: the three machines of a case (CERT/CC Vultron: RM, EM, CS) as tables. A pair that is in no table is
 * illegal. */
#include <config.h>

#include <embargod/case.h>
#include <embargod/text.h>
#include <stdio.h>
#include <string.h>

/* A cell holds the new state plus one, so that what a table leaves out is 0: illegal. */
#define TO(state) ((unsigned char)((state) + 1))

static const unsigned char rm_table[RM_STATES][RM_EVENTS] = {
  [RM_START] = { [RM_EV_RECEIVE] = TO(RM_RECEIVED) },
  [RM_RECEIVED] = { [RM_EV_VALIDATE] = TO(RM_VALID), [RM_EV_INVALIDATE] = TO(RM_INVALID) },
  [RM_INVALID] = { [RM_EV_VALIDATE] = TO(RM_VALID), [RM_EV_CLOSE] = TO(RM_CLOSED) },
  [RM_VALID] = { [RM_EV_ACCEPT] = TO(RM_ACCEPTED), [RM_EV_DEFER] = TO(RM_DEFERRED) },
  [RM_ACCEPTED] = { [RM_EV_DEFER] = TO(RM_DEFERRED), [RM_EV_CLOSE] = TO(RM_CLOSED) },
  [RM_DEFERRED] = { [RM_EV_ACCEPT] = TO(RM_ACCEPTED), [RM_EV_CLOSE] = TO(RM_CLOSED) },
  /* embargod's extension of Vultron: new information does arrive. The caller lets lead analysts only. */
  [RM_CLOSED] = { [RM_EV_REOPEN] = TO(RM_ACCEPTED) },
};

static const unsigned char em_table[EM_STATES][EM_EVENTS] = {
  [EM_NONE] = { [EM_EV_PROPOSE] = TO(EM_PROPOSED) },
  [EM_PROPOSED] = { [EM_EV_PROPOSE] = TO(EM_PROPOSED), [EM_EV_ACCEPT] = TO(EM_ACTIVE), [EM_EV_REJECT] = TO(EM_NONE) },
  [EM_ACTIVE] = { [EM_EV_PROPOSE] = TO(EM_REVISE), [EM_EV_TERMINATE] = TO(EM_EXITED) },
  [EM_REVISE] = { [EM_EV_PROPOSE] = TO(EM_REVISE),
                  [EM_EV_ACCEPT] = TO(EM_ACTIVE),
                  [EM_EV_REJECT] = TO(EM_ACTIVE),
                  [EM_EV_TERMINATE] = TO(EM_EXITED) },
};

static const char *const rm_state_names[RM_STATES] = { "Start",    "Received", "Invalid", "Valid",
                                                       "Accepted", "Deferred", "Closed" };
static const char *const rm_event_names[RM_EVENTS] = { "receive", "validate", "invalidate", "accept",
                                                       "defer",   "close",    "reopen" };
static const char *const em_state_names[EM_STATES] = { "None", "Proposed", "Active", "Revise", "Exited" };
static const char *const em_event_names[EM_EVENTS] = { "propose", "accept", "reject", "terminate" };
static const char *const cs_fact_names[CS_FACTS] = { "vendor aware", "fix ready",      "fix deployed",
                                                     "public aware", "exploit public", "attacks observed" };

static const char *name_at(const char *const *names, size_t count, unsigned at)
{
  return at < count ? names[at] : "?";
}

const char *rm_state_name(enum rm_state s)
{
  return name_at(rm_state_names, RM_STATES, s);
}

const char *rm_event_name(enum rm_event e)
{
  return name_at(rm_event_names, RM_EVENTS, e);
}

const char *em_state_name(enum em_state s)
{
  return name_at(em_state_names, EM_STATES, s);
}

const char *em_event_name(enum em_event e)
{
  return name_at(em_event_names, EM_EVENTS, e);
}

const char *cs_fact_name(enum cs_fact f)
{
  return name_at(cs_fact_names, CS_FACTS, f);
}

bool rm_state_parse(const char *s, enum rm_state *out)
{
  for (unsigned i = 0; i < RM_STATES; i++)
    if (text_ieq(s, rm_state_names[i])) {
      *out = (enum rm_state)i;
      return true;
    }
  return false;
}

/* "accept or defer": the events that row allows, into out; "nothing" when it allows none. */
static void legal_events(const unsigned char *row, const char *const *names, size_t events, char out[128])
{
  size_t total = 0, seen = 0;
  for (size_t e = 0; e < events; e++)
    total += row[e] != 0;
  out[0] = '\0';
  for (size_t e = 0; e < events; e++) {
    if (!row[e])
      continue;
    seen++;
    const char *glue = seen == 1 ? "" : seen == total ? " or " : ", ";
    size_t used = strlen(out);
    snprintf(out + used, 128 - used, "%s%s", glue, names[e]);
  }
  if (total == 0)
    snprintf(out, 128, "nothing");
}

enum status rm_next(enum rm_state from, enum rm_event ev, enum rm_state *to, struct fault *err)
{
  invariant((unsigned)from < RM_STATES && (unsigned)ev < RM_EVENTS);
  unsigned char cell = rm_table[from][ev];
  if (cell) {
    *to = (enum rm_state)(cell - 1);
    return ST_OK;
  }
  char legal[128];
  legal_events(rm_table[from], rm_event_names, RM_EVENTS, legal);
  return fault(err, ST_DENIED, "a case that is %s cannot %s; possible now: %s", rm_state_names[from],
               rm_event_names[ev], legal);
}

/* What is known outside: once it is, nothing is left to agree on (Vultron's habitable zone). */
static const struct {
  unsigned fact;
  const char *words;
} known_outside[] = {
  { 1u << CS_EXPLOIT_PUBLIC, "an exploit is public" },
  { 1u << CS_PUBLIC_AWARE, "the vulnerability is public" },
  { 1u << CS_ATTACKS, "attacks were observed" },
};

static const char *outside(unsigned cs)
{
  for (size_t i = 0; i < ARRAY_LEN(known_outside); i++)
    if (cs & known_outside[i].fact)
      return known_outside[i].words;
  return NULL;
}

enum status em_next_given(enum em_state from, unsigned cs, enum em_event ev, enum em_state *to, struct fault *err)
{
  invariant((unsigned)from < EM_STATES && (unsigned)ev < EM_EVENTS);
  const char *why = outside(cs);
  unsigned char row[EM_EVENTS];
  memcpy(row, em_table[from], sizeof row);
  if (why)
    row[EM_EV_PROPOSE] = row[EM_EV_ACCEPT] = 0;
  if (row[ev]) {
    *to = (enum em_state)(row[ev] - 1);
    return ST_OK;
  }
  char legal[128];
  legal_events(row, em_event_names, EM_EVENTS, legal);
  if (why && (ev == EM_EV_PROPOSE || ev == EM_EV_ACCEPT))
    return fault(err, ST_DENIED, "no embargo can be %s any more: %s; possible now: %s",
                 ev == EM_EV_PROPOSE ? "proposed" : "accepted", why, legal);
  return fault(err, ST_DENIED, "an embargo that is %s cannot %s; possible now: %s", em_state_names[from],
               em_event_names[ev], legal);
}

enum status em_next(enum em_state from, enum em_event ev, enum em_state *to, struct fault *err)
{
  return em_next_given(from, 0, ev, to, err);
}

#define BIT(fact) (1u << (fact))

/* What a fact brings with it, and what it needs beforehand. */
static const struct {
  unsigned adds, needs;
  bool needs_accepted;
} cs_rule[CS_FACTS] = {
  [CS_VENDOR_AWARE] = { BIT(CS_VENDOR_AWARE), 0, false },
  [CS_FIX_READY] = { BIT(CS_FIX_READY), BIT(CS_VENDOR_AWARE), true },
  [CS_FIX_DEPLOYED] = { BIT(CS_FIX_DEPLOYED), BIT(CS_FIX_READY), true },
  [CS_PUBLIC_AWARE] = { BIT(CS_PUBLIC_AWARE) | BIT(CS_VENDOR_AWARE), 0, false },
  [CS_EXPLOIT_PUBLIC] = { BIT(CS_EXPLOIT_PUBLIC) | BIT(CS_PUBLIC_AWARE) | BIT(CS_VENDOR_AWARE), 0, false },
  [CS_ATTACKS] = { BIT(CS_ATTACKS), 0, false },
};

enum status cs_add(unsigned cs, enum rm_state rm, enum cs_fact fact, unsigned *out, struct fault *err)
{
  invariant((unsigned)fact < CS_FACTS && cs < BIT(CS_FACTS));
  *out = cs;
  if (cs & BIT(fact))
    return ST_OK;
  if (cs_rule[fact].needs_accepted && rm != RM_ACCEPTED)
    return fault(err, ST_DENIED, "'%s' needs a case that is Accepted; this one is %s", cs_fact_names[fact],
                 rm_state_name(rm));
  unsigned missing = cs_rule[fact].needs & ~cs;
  if (missing)
    return fault(err, ST_DENIED, "'%s' needs '%s' first", cs_fact_names[fact], cs_fact_names[__builtin_ctz(missing)]);
  *out = cs | cs_rule[fact].adds;
  return ST_OK;
}

#define DAY INT64_C(86400)

enum status cs_date(struct vuln_case *vc, unsigned had, enum cs_fact fact, const struct cs_when *when, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("fact");
  int64_t at = when->at;
  for (unsigned i = 0; i < CS_FACTS; i++) {
    int64_t needed = cs_rule[fact].needs & BIT(i) ? vc->cs_at[i] : 0;
    if (when->whole_day && at < needed && needed - at < DAY)
      at = needed;
    if (at < needed)
      return fault(err, ST_REJECT, "'%s' cannot be earlier than '%s', which it needs: %s", cs_fact_names[fact],
                   cs_fact_names[i], time_both(pool, needed, when->zone));
  }
  for (unsigned i = 0; i < CS_FACTS; i++)
    if ((vc->cs & ~had) >> i & 1)
      vc->cs_at[i] = at;
  if (fact == CS_EXPLOIT_PUBLIC && at < vc->cs_at[CS_PUBLIC_AWARE])
    vc->cs_at[CS_PUBLIC_AWARE] = at;
  return ST_OK;
}

void cs_string(unsigned cs, char out[7])
{
  static const char off[] = "vfdpxa", on[] = "VFDPXA";
  for (unsigned i = 0; i < CS_FACTS; i++)
    out[i] = cs & BIT(i) ? on[i] : off[i];
  out[CS_FACTS] = '\0';
}
