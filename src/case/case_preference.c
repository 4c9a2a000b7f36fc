/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/preference: the twelve ordering preferences over a case's facts. */
#include <config.h>

#include <embargod/case.h>

static const struct cs_preference preferences[CS_PREFERENCES] = {
  { CS_FIX_DEPLOYED, CS_PUBLIC_AWARE, "D<P" },   { CS_FIX_READY, CS_PUBLIC_AWARE, "F<P" },
  { CS_FIX_DEPLOYED, CS_EXPLOIT_PUBLIC, "D<X" }, { CS_FIX_DEPLOYED, CS_ATTACKS, "D<A" },
  { CS_FIX_READY, CS_EXPLOIT_PUBLIC, "F<X" },    { CS_VENDOR_AWARE, CS_PUBLIC_AWARE, "V<P" },
  { CS_FIX_READY, CS_ATTACKS, "F<A" },           { CS_PUBLIC_AWARE, CS_EXPLOIT_PUBLIC, "P<X" },
  { CS_EXPLOIT_PUBLIC, CS_ATTACKS, "X<A" },      { CS_PUBLIC_AWARE, CS_ATTACKS, "P<A" },
  { CS_VENDOR_AWARE, CS_EXPLOIT_PUBLIC, "V<X" }, { CS_VENDOR_AWARE, CS_ATTACKS, "V<A" },
};

const struct cs_preference *cs_preference(unsigned i)
{
  invariant(i < CS_PREFERENCES);
  return &preferences[i];
}

static enum cs_outcome outcome(const struct cs_preference *p, unsigned cs, const int64_t at[CS_FACTS])
{
  bool first = cs >> p->first & 1, then = cs >> p->then & 1;
  if (!first || !then)
    return first ? CS_MET : then ? CS_UNMET : CS_OPEN;
  int64_t a = at[p->first], b = at[p->then];
  if (!a || !b)
    return CS_OPEN;
  bool makers = p->first == CS_FIX_READY || p->first == CS_FIX_DEPLOYED;
  return a < b || (a == b && makers) ? CS_MET : CS_UNMET;
}

void cs_preferences(unsigned cs, const int64_t at[CS_FACTS], struct cs_success *out)
{
  *out = (struct cs_success){ 0 };
  for (unsigned i = 0; i < CS_PREFERENCES; i++) {
    enum cs_outcome o = outcome(&preferences[i], cs, at);
    out->outcome[i] = o;
    out->met += o == CS_MET;
    out->unmet += o == CS_UNMET;
    out->open += o == CS_OPEN;
  }
}
