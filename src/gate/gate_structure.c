/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: letters and deadlines of cases that are merged, split, or get a letter that came to another one. */
#include "gate_due.h"
#include "gate_effects.h"

/* ---- what the commands ask ---- */
bool structure_letter(void *self, int64_t id, struct command_letter *out)
{
  struct run *r = self;
  struct case_message m;
  char *case_id = NULL;
  size_t others = 0;
  bool found = false;
  struct fault err = { 0 };
  if (store_message_of_letter(r->g->store, r->pool, id, &m, &case_id, &others, &found, &err) || !found)
    return false;
  *out = (struct command_letter){ .id = id, .party = m.party, .at = m.at, .case_id = case_id, .subject = m.subject, .text = m.text,
                                  .protection = m.protection, .others = others,
                                  .in_clear = !text_istarts(m.protection, "encrypted") };
  return true;
}

/* ---- a deadline that still runs in one of them runs on ---- */
struct clocks {
  struct due_known known;
  struct due_world world;
  bool there; /* false: opened by this very mail, nothing is known of it */
};

static enum status clocks_of(struct run *r, const char *id, struct clocks *out, struct fault *err)
{
  struct vuln_case *vc = NULL;
  enum status st = store_case_load(r->g->store, r->pool, id, &vc, err);
  if (st == ST_REJECT) {
    fault_clear(err);
    return ST_OK;
  }
  out->there = true;
  return st ? st : due_know(r->g, r->pool, vc, &out->known, &out->world, err);
}

static bool runs(const struct due_status *s)
{
  return s->state == DUE_RUNNING || s->state == DUE_OVERDUE;
}

static bool is_met(const struct due_status *s)
{
  return s->state == DUE_MET || s->state == DUE_MET_LATE;
}

/* What counts from the earliest receipt would be overdue at once for a reporter who came later. Where it runs in both, the earliest
 * start makes the earliest date by itself. */
static void keep_date(struct doing *d, struct vuln_case *vc, const struct due_deadline *deadline, const struct clocks pair[2])
{
  struct due_status s[2];
  for (int i = 0; i < 2; i++)
    s[i] = due_judge(d->r->pool, deadline, &pair[i].world);
  const struct due_status *on = runs(&s[0]) && is_met(&s[1]) ? &s[0] : runs(&s[1]) && is_met(&s[0]) ? &s[1] : NULL;
  if (on && on->due_at)
    work_event(d->r, vc, "due.date", "", "%s: %s", deadline->name, time_iso(d->r->pool, on->due_at));
}

enum status effect_merge(struct doing *d, const struct effect *e, struct fault *err)
{
  const struct conf *c = d->r->g->conf;
  struct vuln_case *vc = d->plan->vc[e->vc], *from = d->plan->vc[e->to_vc];
  struct clocks pair[2] = { 0 };
  enum status st = clocks_of(d->r, vc->id, &pair[0], err);
  if (!st)
    st = clocks_of(d->r, from->id, &pair[1], err);
  for (size_t i = 0; !st && pair[0].there && pair[1].there && i < c->due_count; i++)
    keep_date(d, vc, &c->due[i], pair);
  return st;
}

/* ---- letters ---- */
static struct party_ref place(struct vuln_case *vc, size_t party)
{
  return (struct party_ref){ party < vc->party_count ? vc : NULL, party };
}

enum status effect_move(struct doing *d, const struct effect *e)
{
  struct work *w = &d->r->work;
  struct vuln_case *to = d->plan->vc[e->to_vc];
  w->move = pool_grow(d->r->pool, w->move, w->move_count, &w->move_cap, sizeof *w->move);
  w->move[w->move_count++] = (struct work_move){ .from = d->plan->vc[e->vc], .to = to, .party = place(to, e->place),
                                                 .letter = e->letter.id, .from_party = e->letter.party, .thread = e->thread };
  return ST_OK;
}

/* Its Message-ID stays with the first one: who answers it goes on there. */
enum status effect_copy(struct doing *d, const struct effect *e)
{
  struct vuln_case *to = d->plan->vc[e->to_vc];
  struct party_ref party = place(to, e->place);
  struct case_message m = { .at = e->letter.at, .kind = MESSAGE_REPORT, .subject = e->letter.subject, .text = e->letter.text,
                            .who = party.vc ? to->party[party.index].address : "", .message_id = "",
                            .protection = pool_printf(d->r->pool, "%s; copied from letter %" PRId64 " of %s", e->letter.protection,
                                                      e->letter.id, d->plan->vc[e->vc]->id) };
  work_message(d->r, to, party, &m);
  return ST_OK;
}
