/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules between the machines (CERT/CC Vultron): what may be agreed on under which facts, what facts do to an
 * embargo, whose date holds. Every combination, against tables and rules that are written down here apart from the
 * code. */
#include <config.h>
#include <check.h>
#include <embargod/embargo.h>
#include <embargod/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static struct pool *pool;

static void setup(void)
{
  pool = pool_new("t");
}
static void teardown(void)
{
  pool_free(&pool);
}

/* X implies P, P implies V, F needs V, D needs F: the twenty of 64 that can be reached. */
static bool reachable(unsigned cs)
{
  bool v = cs & 1, f = cs & 2, d = cs & 4, p = cs & 8, x = cs & 16;
  return !(f && !v) && !(d && !f) && !(x && !p) && !(p && !v);
}

static bool known_outside(unsigned cs)
{
  return cs & (8 | 16 | 32);
}

/* Columns: propose accept reject terminate; N P A R E. */
static const char em_letters[] = "NPARE";
static const char *const em_inside[EM_STATES] = { "P---", "PAN-", "R--E", "RAAE", "----" };
static const char *const em_outside[EM_STATES] = { "----", "--N-", "---E", "--AE", "----" };

START_TEST(every_step_under_every_fact)
{
  int pairs = 0, legal = 0;
  for (unsigned cs = 0; cs < 64; cs++)
    for (int s = 0; s < EM_STATES && reachable(cs); s++)
      for (int e = 0; e < EM_EVENTS; e++, pairs++) {
        struct fault err = { 0 };
        enum em_state to = EM_STATES;
        char want = (known_outside(cs) ? em_outside : em_inside)[s][e];
        enum status st = em_next_given((enum em_state)s, cs, (enum em_event)e, &to, &err);
        if (want != '-') {
          legal++;
          ck_assert_int_eq(st, ST_OK);
          ck_assert_int_eq(em_letters[to], want);
          continue;
        }
        const char *now = strstr(err.text, "; possible now: ");
        ck_assert_int_eq(st, ST_DENIED);
        ck_assert_int_eq(to, EM_STATES);
        ck_assert_ptr_nonnull(now);
        for (int o = 0; o < EM_EVENTS; o++) /* exactly what is legal is named */
          ck_assert_msg((strstr(now, em_event_name((enum em_event)o)) != NULL) ==
                            ((known_outside(cs) ? em_outside : em_inside)[s][o] != '-'),
                        "%s", err.text);
        if (known_outside(cs) && e <= EM_EV_ACCEPT)
          ck_assert_msg(strstr(err.text, "any more: ") != NULL, "%s", err.text);
      }
  ck_assert_int_eq(pairs, 20 * 20);
  ck_assert_int_eq(legal, 10 * 4 + 4 * 16); /* four of the twenty are not known outside: v, V, VF, VFD */
  printf("EM under CS: %d of %d pairs\n", pairs, 20 * 20);
}
END_TEST

/* ---- facts and the embargo ---- */
static struct vuln_case *in_state(enum em_state em)
{
  struct vuln_case *vc = case_new(pool);
  vc->id = "EMB-2026-0001";
  vc->rm = RM_ACCEPTED;
  vc->cs = 1u << CS_VENDOR_AWARE;
  vc->em = em;
  vc->embargo_until = em == EM_ACTIVE || em == EM_REVISE ? NOW + 20 * DAY : em == EM_EXITED ? NOW - DAY : 0;
  vc->embargo_proposed = em == EM_PROPOSED || em == EM_REVISE ? NOW + 40 * DAY : 0;
  case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .address = "rosa@x.org" });
  case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .address = "rita@y.org" });
  return vc;
}

/* What each fact does to None Proposed Active Revise Exited: - nothing, r rejected, t terminated, d a lead is asked. */
static const char *facts_want(enum cs_fact f, enum embargo_attacks policy, bool lead)
{
  if (f == CS_PUBLIC_AWARE || f == CS_EXPLOIT_PUBLIC)
    return "-rtt-";
  if (f != CS_ATTACKS || policy == EMBARGO_ATTACKS_NEVER)
    return "-----";
  return policy == EMBARGO_ATTACKS_AT_ONCE || lead ? "-rtt-" : "-ddd-";
}

START_TEST(every_fact_in_every_state)
{
  int tried = 0;
  for (int em = 0; em < EM_STATES; em++)
    for (int f = 0; f < CS_FACTS; f++)
      for (int policy = 0; policy < 3; policy++)
        for (int lead = 0; lead < 2; lead++, tried++) {
          struct vuln_case *vc = in_state((enum em_state)em), *before = case_copy(pool, vc);
          struct embargo_act a = { .pool = pool, .vc = vc, .by = { "bob", false }, .now = NOW };
          struct embargo_change ch;
          embargo_fact(&a, (enum cs_fact)f, (enum embargo_attacks)policy, lead, &ch);
          char want = facts_want((enum cs_fact)f, (enum embargo_attacks)policy, lead)[em];
          enum embargo_what what = want == 'r'   ? EMBARGO_REJECTED
                                   : want == 't' ? EMBARGO_TERMINATED
                                   : want == 'd' ? EMBARGO_DOUBTED
                                                 : EMBARGO_UNCHANGED;
          ck_assert_msg(ch.what == what, "%s, %s: %s", em_state_name((enum em_state)em), cs_fact_name((enum cs_fact)f),
                        embargo_what_name(ch.what));
          enum em_state after = want == 'r' ? EM_NONE : want == 't' ? EM_EXITED : before->em;
          ck_assert_int_eq(vc->em, after);
          ck_assert_int_eq(vc->embargo_until, want == 't' ? NOW : before->embargo_until);
          ck_assert_int_eq(vc->embargo_proposed, want == 't' || want == 'r' ? 0 : before->embargo_proposed);
          if (what == EMBARGO_TERMINATED)
            ck_assert(ch.before == before->embargo_until && ch.cause != EMBARGO_CAUSE_SAID && ch.until == 0);
        }
  ck_assert_int_eq(tried, 5 * 6 * 3 * 2);
  printf("CS against EM: %d of %d pairs\n", tried, 5 * 6 * 3 * 2);
}
END_TEST

/* ---- whose date holds ---- */
static const struct embargo_who whos[] = {
  { "alice", false }, { "bob", false }, { "rosa@x.org", true }, { "RITA@y.org", true }
};

static bool one_side(const struct embargo_who *a, const struct embargo_who *b)
{
  return a->party == b->party && (!a->party || text_ieq(a->name, b->name));
}

/* Dates around the agreed end (20) and the proposed one (40). */
static const int days[] = { -1, 0, 10, 20, 30, 40, 50 };

static void whole(const struct vuln_case *vc)
{
  bool agreed = vc->em == EM_ACTIVE || vc->em == EM_REVISE, open = vc->em == EM_PROPOSED || vc->em == EM_REVISE;
  ck_assert(agreed == (vc->embargo_until != 0) || vc->em == EM_EXITED);
  ck_assert(open == (vc->embargo_proposed != 0));
  ck_assert(vc->em != EM_REVISE || vc->embargo_until < vc->embargo_proposed);
  ck_assert(open == (*embargo_proposed_by(pool, vc) != '\0'));
}

/* A case in which `made` stands behind the open proposal, reached by the calls themselves. */
static struct vuln_case *reached(enum em_state em, struct embargo_who made)
{
  struct vuln_case *vc = in_state(em == EM_REVISE ? EM_ACTIVE : em == EM_PROPOSED ? EM_NONE : em);
  struct embargo_act a = { .pool = pool, .vc = vc, .by = made, .now = NOW };
  struct embargo_change ch;
  if (em == EM_REVISE || em == EM_PROPOSED)
    ck_assert_int_eq(embargo_propose(&a, NOW + 40 * DAY, &ch, NULL), ST_OK);
  ck_assert_int_eq(vc->em, em);
  whole(vc);
  return vc;
}

/* What a proposal must do, by the rules alone. */
static enum embargo_what want_propose(enum em_state em, const struct embargo_who *made, const struct embargo_who *who, int day)
{
  bool same = one_side(made, who), parties = made->party && who->party;
  if (day <= 0 || em == EM_EXITED)
    return EMBARGO_UNCHANGED;
  bool agreed = em == EM_ACTIVE || em == EM_REVISE, open = em == EM_PROPOSED || em == EM_REVISE;
  if (agreed && day == 20)
    return EMBARGO_UNCHANGED;
  if (agreed && day < 20)
    return EMBARGO_NEW_DATE;
  if (!open || (same && day != 40))
    return EMBARGO_PROPOSED;
  if (parties) /* two outside: without the house nothing later is agreed; the shorter waits */
    return day < 40 ? EMBARGO_PROPOSED : EMBARGO_UNCHANGED;
  return day != 40 ? EMBARGO_NEW_DATE : same ? EMBARGO_UNCHANGED : EMBARGO_ACCEPTED;
}

START_TEST(every_proposal_against_every_other)
{
  int tried = 0;
  for (int em = 0; em < EM_STATES; em++)
    for (size_t m = 0; m < ARRAY_LEN(whos); m++)
      for (size_t w = 0; w < ARRAY_LEN(whos); w++)
        for (size_t d = 0; d < ARRAY_LEN(days); d++, tried++) {
          struct vuln_case *vc = reached((enum em_state)em, whos[m]), *before = case_copy(pool, vc);
          struct embargo_act a = { .pool = pool, .vc = vc, .by = whos[w], .now = NOW };
          struct embargo_change ch = { 0 };
          struct fault err = { 0 };
          int64_t at = NOW + days[d] * DAY;
          enum status st = embargo_propose(&a, at, &ch, &err);
          enum embargo_what want = want_propose((enum em_state)em, &whos[m], &whos[w], days[d]);
          ck_assert_msg(ch.what == want && (st == ST_OK) == (want != EMBARGO_UNCHANGED),
                        "%s, %s after %s, day %d: %s %s", em_state_name((enum em_state)em), whos[w].name, whos[m].name,
                        days[d], embargo_what_name(ch.what), err.text);
          whole(vc);
          if (st) {
            ck_assert(vc->em == before->em && vc->embargo_until == before->embargo_until);
            continue;
          }
          /* No end moves back, or begins, without the house and one outside. */
          if (vc->embargo_until > before->embargo_until)
            ck_assert(before->embargo_proposed && whos[m].party != whos[w].party && vc->embargo_until <= at &&
                      vc->embargo_until <= before->embargo_proposed);
          /* Whoever asked for the shorter date has it. */
          if (vc->embargo_until && before->em != EM_NONE)
            ck_assert(vc->embargo_until <= at);
        }
  ck_assert_int_eq(tried, 5 * 4 * 4 * 7);
  printf("proposals: %d of %d\n", tried, 5 * 4 * 4 * 7);
}
END_TEST

START_TEST(nobody_accepts_their_own)
{
  int tried = 0, accepted = 0;
  for (int em = 0; em < EM_STATES; em++)
    for (size_t m = 0; m < ARRAY_LEN(whos); m++)
      for (size_t w = 0; w < ARRAY_LEN(whos); w++, tried++) {
        struct vuln_case *vc = reached((enum em_state)em, whos[m]), *no = reached((enum em_state)em, whos[m]);
        struct embargo_act a = { .pool = pool, .vc = vc, .by = whos[w], .now = NOW };
        struct embargo_change ch;
        struct fault err = { 0 };
        bool open = em == EM_PROPOSED || em == EM_REVISE, may = open && whos[m].party != whos[w].party;
        enum status st = embargo_accept(&a, &ch, &err);
        ck_assert_msg((st == ST_OK) == may, "%s accepts %s: %s", whos[w].name, whos[m].name, err.text);
        if (may) {
          accepted++;
          ck_assert(vc->em == EM_ACTIVE && vc->embargo_until == NOW + 40 * DAY && ch.what == EMBARGO_ACCEPTED);
          ck_assert_str_eq(embargo_agreed_by(pool, vc), whos[m].name);
        } else if (open) {
          bool own = one_side(&whos[m], &whos[w]);
          ck_assert_ptr_nonnull(strstr(err.text, own ? "nobody accepts their own proposal" : "it is for us to answer it"));
        }
        whole(vc);
        /* Rejecting, or taking back: anybody who keeps the embargo. */
        a.vc = no;
        ck_assert_int_eq(embargo_reject(&a, &ch, &err) == ST_OK, open);
        ck_assert(!open || no->em == (em == EM_REVISE ? EM_ACTIVE : EM_NONE));
        whole(no);
      }
  ck_assert_int_eq(tried, 5 * 16);
  ck_assert_int_eq(accepted, 2 * 8); /* of 16 pairs, 8 are the house with one outside */
  /* A proposal whose date has passed is none any more. */
  struct vuln_case *vc = reached(EM_PROPOSED, whos[0]);
  struct embargo_act late = { .pool = pool, .vc = vc, .by = whos[2], .now = NOW + 40 * DAY };
  struct embargo_change ch;
  struct fault err = { 0 };
  ck_assert_int_eq(embargo_accept(&late, &ch, &err), ST_DENIED);
  ck_assert_ptr_nonnull(strstr(err.text, "is past"));
  ck_assert_int_eq(embargo_propose(&late, NOW + 50 * DAY, &ch, NULL), ST_OK);
  ck_assert(ch.what == EMBARGO_PROPOSED && vc->em == EM_PROPOSED && vc->embargo_proposed == NOW + 50 * DAY);
}
END_TEST

/* ---- who has a say ---- */
static struct vuln_case *with(struct vuln_case *vc, enum party_role role, const char *address, int64_t invited, int64_t accepted)
{
  case_add_party(pool, vc, &(struct party){ .role = role, .address = address, .invited_at = invited, .accepted_at = accepted });
  return vc;
}

/* A default embargo until day 20, which rosa's report began; alice's extension is open until day 40 in the second half. */
START_TEST(only_who_negotiates_has_a_say)
{
  static const struct {
    enum party_role role;
    bool invited, accepted, revise;
    int day;
    enum embargo_what what; /* UNCHANGED: denied */
    int until, open;
  } rows[] = {
    { PARTY_SUPPLIER, true, false, false, 10, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_SUPPLIER, true, true, false, 10, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_OBSERVER, true, true, false, 10, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_CUSTOMER, true, true, false, 10, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_REGULATOR, true, true, false, 10, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_ISAC, true, true, false, 30, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_COORDINATOR, true, false, false, 10, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_REPORTER, true, false, false, 10, EMBARGO_UNCHANGED, 20, 0 },
    { PARTY_COORDINATOR, true, true, false, 10, EMBARGO_NEW_DATE, 10, 20 },
    { PARTY_REPORTER, true, true, false, 10, EMBARGO_NEW_DATE, 10, 20 },
    { PARTY_COORDINATOR, true, true, false, 30, EMBARGO_UNCHANGED, 20, 0 }, /* later: the reporter's to say */
    { PARTY_SUPPLIER, true, true, true, 50, EMBARGO_UNCHANGED, 20, 40 },
    { PARTY_SUPPLIER, true, true, true, 30, EMBARGO_UNCHANGED, 20, 40 },
    { PARTY_SUPPLIER, true, true, true, 40, EMBARGO_UNCHANGED, 20, 40 },
    { PARTY_COORDINATOR, true, true, true, 50, EMBARGO_UNCHANGED, 20, 40 },
    { PARTY_COORDINATOR, true, true, true, 40, EMBARGO_UNCHANGED, 20, 40 },
    { PARTY_REPORTER, true, false, true, 50, EMBARGO_UNCHANGED, 20, 40 },
    { PARTY_REPORTER, true, true, true, 50, EMBARGO_NEW_DATE, 40, 50 }, /* the shorter is what both are for */
    { PARTY_REPORTER, true, true, true, 30, EMBARGO_NEW_DATE, 30, 40 },
    { PARTY_REPORTER, true, true, true, 40, EMBARGO_ACCEPTED, 40, 0 },
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct vuln_case *vc = reached(rows[i].revise ? EM_REVISE : EM_ACTIVE, whos[0]);
    with(vc, rows[i].role, "sam@s.org", rows[i].invited ? NOW - DAY : 0, rows[i].accepted ? NOW - 1 : 0);
    struct embargo_act a = { .pool = pool, .vc = vc, .by = { "sam@s.org", true }, .now = NOW };
    struct embargo_change ch = { 0 };
    struct fault err = { 0 };
    enum status st = embargo_propose(&a, NOW + rows[i].day * DAY, &ch, &err);
    ck_assert_msg(ch.what == rows[i].what && (st == ST_DENIED) == !rows[i].what, "row %zu: %s %s", i, embargo_what_name(ch.what), err.text);
    ck_assert_msg(vc->embargo_until == NOW + rows[i].until * DAY, "row %zu", i);
    ck_assert_msg(vc->embargo_proposed == (rows[i].open ? NOW + rows[i].open * DAY : 0), "row %zu", i);
    if (!rows[i].what)
      ck_assert_msg(strstr(err.text, "is a wish; #embargo propose DATE makes it ours") != NULL, "row %zu: %s", i, err.text);
    whole(vc);
    /* Nor by accepting. */
    vc = reached(EM_REVISE, whos[0]);
    a.vc = with(vc, rows[i].role, "sam@s.org", NOW - DAY, rows[i].accepted ? NOW - 1 : 0);
    bool may = rows[i].role == PARTY_REPORTER && rows[i].accepted;
    ck_assert_msg((embargo_accept(&a, &ch, &err) == ST_OK) == may, "row %zu: %s", i, err.text);
  }
}
END_TEST

/* Without a reporter a coordinator consents, without either whoever keeps the embargo. */
START_TEST(who_consents)
{
  struct vuln_case *vc = in_state(EM_ACTIVE);
  struct embargo_who sam = { "sam@s.org", true }, carla = { "carla@c.org", true };
  with(with(vc, PARTY_SUPPLIER, sam.name, NOW, NOW), PARTY_COORDINATOR, carla.name, NOW, NOW);
  ck_assert(embargo_consents(vc, whos[2]) && !embargo_consents(vc, carla) && !embargo_consents(vc, sam));
  vc->party[0].removed = vc->party[1].removed = true;
  ck_assert(!embargo_consents(vc, whos[2]) && embargo_consents(vc, carla) && !embargo_consents(vc, sam));
  vc->party[3].removed = true;
  ck_assert(!embargo_consents(vc, carla) && embargo_consents(vc, sam) && !embargo_negotiates(vc, sam));
  ck_assert(embargo_consents(vc, whos[0]) && embargo_negotiates(vc, whos[0]));
}
END_TEST

/* A reporter cuts; the house cannot take that back, and is told the way out; once the reporter takes no part any more it can. */
START_TEST(a_cut_is_repaired)
{
  struct vuln_case *vc = in_state(EM_ACTIVE), *cut, *kept;
  struct embargo_act rita = { .pool = pool, .vc = vc, .by = whos[3], .now = NOW }, alice = rita;
  struct embargo_change ch;
  struct fault err = { 0 };
  alice.by = whos[0];
  ck_assert_int_eq(embargo_propose(&rita, NOW + 10 * DAY, &ch, NULL), ST_OK);
  ck_assert_int_eq(embargo_propose(&rita, NOW + 5 * DAY, &ch, NULL), ST_OK);
  cut = case_copy(pool, vc);
  ck_assert_int_eq(embargo_propose(&alice, NOW + 20 * DAY, &ch, &err), ST_OK); /* the house may ask for it again */
  ck_assert(ch.what == EMBARGO_NEW_DATE && vc->embargo_until == NOW + 10 * DAY && vc->embargo_proposed == NOW + 20 * DAY);
  /* The reporter alone has cut: nothing of it comes back by the house's word. */
  alice.vc = vc = case_copy(pool, cut);
  ck_assert_int_eq(embargo_reject(&alice, &ch, NULL), ST_OK);
  ck_assert_int_eq(embargo_propose(&alice, NOW + 20 * DAY, &ch, NULL), ST_OK);
  ck_assert(ch.what == EMBARGO_PROPOSED && vc->embargo_until == NOW + 5 * DAY);
  ck_assert_int_eq(embargo_accept(&alice, &ch, &err), ST_DENIED);
  ck_assert_ptr_nonnull(strstr(err.text, "#embargo accept for reporter passes on their word"));
  ck_assert_ptr_nonnull(strstr(err.text, "or propose another date"));
  ck_assert_int_eq(embargo_propose(&alice, NOW + 20 * DAY, &ch, &err), ST_DENIED);
  ck_assert_ptr_nonnull(strstr(err.text, "proposed already: it was proposed by alice; it holds once the reporter accepts"));
  /* She takes no part any more: what was agreed before, or anything up to it, may be set back. */
  cut->party[1].removed = true;
  static const int back[] = { 20, 15, 6 };
  for (size_t i = 0; i < ARRAY_LEN(back); i++) {
    alice.vc = kept = case_copy(pool, cut);
    ck_assert_int_eq(embargo_propose(&alice, NOW + back[i] * DAY, &ch, &err), ST_OK);
    ck_assert(ch.what == EMBARGO_RESTORED && kept->em == EM_ACTIVE && kept->embargo_until == NOW + back[i] * DAY);
    ck_assert_str_eq(embargo_agreed_by(pool, kept), back[i] == 20 ? "the default embargo" : "alice");
    whole(kept);
  }
  alice.vc = kept = case_copy(pool, cut);
  ck_assert_int_eq(embargo_propose(&alice, NOW + 21 * DAY, &ch, &err), ST_OK);
  ck_assert(ch.what == EMBARGO_PROPOSED && kept->embargo_until == NOW + 5 * DAY); /* later than ever agreed: rosa's to accept */
}
END_TEST

/* A coordinator cuts and is removed: the default embargo, now "proposed", is accepted again by the house. */
START_TEST(a_cut_of_somebody_removed)
{
  struct vuln_case *vc = with(in_state(EM_ACTIVE), PARTY_COORDINATOR, "carla@c.org", NOW, NOW);
  struct embargo_act carla = { .pool = pool, .vc = vc, .by = { "carla@c.org", true }, .now = NOW }, alice = carla;
  struct embargo_change ch;
  struct fault err = { 0 };
  alice.by = whos[0];
  ck_assert_int_eq(embargo_propose(&carla, NOW + 10 * DAY, &ch, NULL), ST_OK);
  ck_assert_int_eq(embargo_accept(&alice, &ch, &err), ST_DENIED);
  ck_assert_ptr_nonnull(strstr(err.text, "is the default embargo, which is ours; it holds once the reporter accepts"));
  vc->party[2].removed = true;
  ck_assert_int_eq(embargo_accept(&alice, &ch, &err), ST_OK);
  ck_assert(ch.what == EMBARGO_RESTORED && vc->em == EM_ACTIVE && vc->embargo_until == NOW + 20 * DAY);
  ck_assert_str_eq(embargo_agreed_by(pool, vc), "the default embargo");
  /* Once only. */
  ck_assert_int_eq(embargo_propose(&alice, NOW + 30 * DAY, &ch, &err), ST_OK);
  ck_assert_int_eq(ch.what, EMBARGO_PROPOSED);
}
END_TEST

/* Two cut, one after the other: back over each whose author is out, as far as the first of them who is not. */
START_TEST(cuts_of_two)
{
  static const struct {
    bool rita_out, carla_out;
    int until; /* the latest date that comes back by the house's word; 0: none */
    const char *behind;
  } rows[] = { { false, false, 0, "" },
               { true, false, 0, "" }, /* carla's later cut holds */
               { false, true, 10, "RITA@y.org" },
               { true, true, 20, "the default embargo" } };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++)
    for (int day = 6; day <= 21; day++) {
      struct vuln_case *vc = with(in_state(EM_ACTIVE), PARTY_COORDINATOR, "carla@c.org", NOW, NOW);
      struct embargo_act rita = { .pool = pool, .vc = vc, .by = whos[3], .now = NOW }, carla = rita, alice = rita;
      struct embargo_change ch;
      struct fault err = { 0 };
      carla.by = (struct embargo_who){ "carla@c.org", true };
      alice.by = whos[0];
      ck_assert_int_eq(embargo_propose(&rita, NOW + 10 * DAY, &ch, NULL), ST_OK);
      ck_assert_int_eq(embargo_propose(&carla, NOW + 5 * DAY, &ch, NULL), ST_OK);
      ck_assert_int_eq(vc->embargo_until, NOW + 5 * DAY);
      vc->party[1].removed = rows[i].rita_out;
      vc->party[2].removed = rows[i].carla_out;
      enum status st = embargo_propose(&alice, NOW + day * DAY, &ch, &err);
      bool back = st == ST_OK && ch.what == EMBARGO_RESTORED;
      ck_assert_msg(back == (day <= rows[i].until), "row %zu, day %d: %s %s", i, day, embargo_what_name(ch.what), err.text);
      if (day == rows[i].until)
        ck_assert_str_eq(embargo_agreed_by(pool, vc), rows[i].behind);
      whole(vc);
      if (day != 10 || rows[i].rita_out || !rows[i].carla_out)
        continue;
      vc->party[1].removed = true; /* rita goes later on: hers is undone, too */
      ck_assert_int_eq(embargo_propose(&alice, NOW + 20 * DAY, &ch, &err), ST_OK);
      ck_assert(ch.what == EMBARGO_RESTORED && vc->embargo_until == NOW + 20 * DAY);
      ck_assert_str_eq(embargo_agreed_by(pool, vc), "the default embargo");
    }
}
END_TEST

/* Nobody cuts it to less than the time that all need; what is agreed to end sooner may be put off. */
START_TEST(nobody_proposes_at_once)
{
  for (size_t i = 0; i < 4; i++) {
    struct vuln_case *vc = in_state(EM_ACTIVE), *soon = in_state(EM_ACTIVE), *none = in_state(EM_NONE);
    struct embargo_act a = { .pool = pool, .vc = vc, .by = whos[i], .now = NOW, .notice_s = DAY };
    struct embargo_change ch;
    struct fault err = { 0 };
    ck_assert_int_eq(embargo_propose(&a, NOW + DAY - 1, &ch, &err), ST_REJECT);
    ck_assert_ptr_nonnull(strstr(err.text, "is too soon: whoever keeps the embargo has at least 24 hours to prepare"));
    ck_assert(vc->em == EM_ACTIVE && vc->embargo_until == NOW + 20 * DAY && !vc->embargo_proposed);
    a.vc = none;
    ck_assert_int_eq(embargo_propose(&a, NOW + DAY - 1, &ch, NULL), ST_REJECT);
    a.vc = vc;
    ck_assert_int_eq(embargo_propose(&a, NOW + DAY, &ch, NULL), ST_OK);
    ck_assert_int_eq(vc->embargo_until, NOW + DAY);
    a.vc = soon;
    soon->embargo_until = NOW + 3600;
    ck_assert_int_eq(embargo_propose(&a, NOW + 7200, &ch, NULL), ST_OK);
    ck_assert(soon->embargo_until == NOW + 3600 && soon->embargo_proposed == NOW + 7200);
  }
}
END_TEST

START_TEST(a_case_without_anybody_outside)
{
  struct vuln_case *vc = in_state(EM_ACTIVE);
  vc->party[0].removed = vc->party[1].removed = true;
  struct embargo_act alice = { .pool = pool, .vc = vc, .by = whos[0], .now = NOW }, bob = alice;
  struct embargo_change ch;
  struct fault err = { 0 };
  bob.by = whos[1];
  ck_assert_int_eq(embargo_propose(&alice, NOW + 30 * DAY, &ch, NULL), ST_OK);
  ck_assert_int_eq(embargo_accept(&alice, &ch, &err), ST_DENIED);
  ck_assert_ptr_nonnull(strstr(err.text, "another analyst may accept it"));
  ck_assert_int_eq(embargo_accept(&bob, &ch, NULL), ST_OK);
  ck_assert_int_eq(vc->embargo_until, NOW + 30 * DAY);
}
END_TEST

START_TEST(it_ends_at_its_instant)
{
  for (int em = 0; em < EM_STATES; em++) {
    struct vuln_case *vc = in_state((enum em_state)em);
    bool agreed = em == EM_ACTIVE || em == EM_REVISE;
    ck_assert(!embargo_is_over(vc, NOW + 20 * DAY - 1));
    ck_assert(embargo_is_over(vc, NOW + 20 * DAY) == agreed);
    if (!agreed)
      continue;
    struct embargo_act a = { .pool = pool, .vc = vc, .by = { "", false }, .now = NOW + 25 * DAY };
    struct embargo_change ch;
    struct fault err = { 0 };
    ck_assert_int_eq(embargo_propose(&a, NOW + 60 * DAY, &ch, &err), ST_DENIED);
    embargo_end(&a, &ch);
    ck_assert(ch.what == EMBARGO_ENDED && ch.before == NOW + 20 * DAY && vc->em == EM_EXITED);
    ck_assert(vc->embargo_until == NOW + 20 * DAY && vc->embargo_proposed == 0);
    ck_assert(!embargo_is_over(vc, NOW + 99 * DAY));
  }
}
END_TEST

/* ---- dates of facts ---- */
START_TEST(facts_in_the_order_of_their_dates)
{
  static const struct {
    const char *fact; /* letter */
    int at;           /* hours from V */
    bool day;
    bool ok;
    int v, f, d, p, x; /* hours after; -99: not known */
  } rows[] = {
    /* known: V at 0, F at 10 hours, P at 20 */
    { "D", 9, false, false, 0, 10, -99, 20, -99 },  { "D", 10, false, true, 0, 10, 10, 20, -99 },
    { "D", 30, false, true, 0, 10, 30, 20, -99 },   { "D", -2, true, true, 0, 10, 10, 20, -99 },
    { "D", -15, true, false, 0, 10, -99, 20, -99 }, { "X", 25, false, true, 0, 10, -99, 20, 25 },
    { "X", 15, false, true, 0, 10, -99, 15, 15 },   { "X", -5, false, true, 0, 10, -99, -5, -5 },
    { "A", -5, false, true, 0, 10, -99, 20, -99 },
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct vuln_case *vc = in_state(EM_NONE);
    vc->cs = 1u << CS_VENDOR_AWARE | 1u << CS_FIX_READY | 1u << CS_PUBLIC_AWARE;
    vc->cs_at[CS_VENDOR_AWARE] = NOW;
    vc->cs_at[CS_FIX_READY] = NOW + 36000;
    vc->cs_at[CS_PUBLIC_AWARE] = NOW + 72000;
    unsigned had = vc->cs;
    struct fault err = { 0 };
    enum cs_fact f = (enum cs_fact)(strchr("VFDPXA", rows[i].fact[0]) - "VFDPXA");
    ck_assert_int_eq(cs_add(had, RM_ACCEPTED, f, &vc->cs, NULL), ST_OK);
    struct cs_when when = { NOW + rows[i].at * 3600, rows[i].day, NULL };
    ck_assert_msg((cs_date(vc, had, f, &when, &err) == ST_OK) == rows[i].ok, "row %zu: %s", i, err.text);
    if (!rows[i].ok)
      ck_assert_ptr_nonnull(strstr(err.text, "'fix deployed' cannot be earlier than 'fix ready', which it needs: "));
    const int want[] = { rows[i].v, rows[i].f, rows[i].d, rows[i].p, rows[i].x };
    for (size_t k = 0; k < ARRAY_LEN(want); k++)
      ck_assert_msg(vc->cs_at[k] == (want[k] == -99 ? 0 : NOW + want[k] * 3600), "row %zu: %s", i,
                    cs_fact_name((enum cs_fact)k));
  }
}
END_TEST

START_TEST(what_a_fact_implies_has_its_date)
{
  struct vuln_case *vc = case_new(pool);
  vc->rm = RM_ACCEPTED;
  ck_assert_int_eq(cs_add(0, RM_ACCEPTED, CS_EXPLOIT_PUBLIC, &vc->cs, NULL), ST_OK);
  ck_assert_int_eq(cs_date(vc, 0, CS_EXPLOIT_PUBLIC, &(struct cs_when){ NOW, false, NULL }, NULL), ST_OK);
  ck_assert(vc->cs_at[CS_VENDOR_AWARE] == NOW && vc->cs_at[CS_PUBLIC_AWARE] == NOW &&
            vc->cs_at[CS_EXPLOIT_PUBLIC] == NOW);
}
END_TEST

START_TEST(who_stands_behind_a_merged_date)
{
  struct vuln_case *into = in_state(EM_ACTIVE), *from = in_state(EM_ACTIVE), *was;
  struct embargo_change ch;
  struct embargo_act a = { .pool = pool, .vc = from, .by = whos[2], .now = NOW };
  ck_assert_int_eq(embargo_propose(&a, NOW + 10 * DAY, &ch, NULL), ST_OK); /* rosa's date holds in the other case */
  was = case_copy(pool, into);
  into->em = EM_REVISE;
  into->embargo_until = NOW + 10 * DAY;
  into->embargo_proposed = NOW + 20 * DAY;
  embargo_merged(pool, into, was, from);
  ck_assert_str_eq(embargo_agreed_by(pool, into), "rosa@x.org");
  ck_assert_str_eq(embargo_proposed_by(pool, into), "the default embargo");
  whole(into);
}
END_TEST

START_TEST(what_a_merge_changes)
{
  static const struct {
    enum em_state was, from, now;
    int was_day, from_day, now_day;
    enum embargo_what what;
    int before;
  } rows[] = {
    { EM_ACTIVE, EM_ACTIVE, EM_ACTIVE, 20, 20, 20, EMBARGO_UNCHANGED, 0 },
    { EM_ACTIVE, EM_ACTIVE, EM_ACTIVE, 20, 10, 10, EMBARGO_MERGED, 0 },
    { EM_NONE, EM_ACTIVE, EM_ACTIVE, 0, 10, 10, EMBARGO_MERGED, 10 },
    { EM_ACTIVE, EM_NONE, EM_ACTIVE, 10, 0, 10, EMBARGO_MERGED, 10 },
    { EM_NONE, EM_NONE, EM_NONE, 0, 0, 0, EMBARGO_UNCHANGED, 0 },
    { EM_EXITED, EM_ACTIVE, EM_EXITED, -1, 10, -1, EMBARGO_TERMINATED, 10 },
    { EM_EXITED, EM_EXITED, EM_EXITED, -2, -1, -2, EMBARGO_UNCHANGED, 0 },
    { EM_NONE, EM_EXITED, EM_EXITED, 0, -1, -1, EMBARGO_UNCHANGED, 0 },
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct vuln_case *vc[3];
    const enum em_state em[] = { rows[i].was, rows[i].from, rows[i].now };
    const int day[] = { rows[i].was_day, rows[i].from_day, rows[i].now_day };
    for (size_t k = 0; k < 3; k++) {
      vc[k] = in_state(em[k]);
      vc[k]->embargo_until = day[k] ? NOW + day[k] * DAY : 0;
    }
    struct embargo_act a = { .pool = pool, .vc = vc[2], .by = whos[0], .now = NOW };
    struct embargo_change ch;
    embargo_after_merge(&a, vc[0], vc[1], &ch);
    ck_assert_msg(ch.what == rows[i].what, "row %zu: %s", i, embargo_what_name(ch.what));
    ck_assert_int_eq(ch.before, rows[i].before ? NOW + rows[i].before * DAY : 0);
    ck_assert_int_eq(ch.until, rows[i].what == EMBARGO_MERGED ? vc[2]->embargo_until : 0);
  }
}
END_TEST

START_TEST(a_case_that_is_split_off)
{
  struct vuln_case *from = reached(EM_REVISE, whos[2]), *to = in_state(EM_NONE);
  embargo_inherit(pool, to, from);
  ck_assert(to->em == EM_REVISE && to->embargo_until == from->embargo_until &&
            to->embargo_proposed == from->embargo_proposed);
  ck_assert_str_eq(embargo_proposed_by(pool, to), "rosa@x.org");
  whole(to);
  to = in_state(EM_NONE);
  embargo_inherit(pool, to, in_state(EM_EXITED));
  ck_assert(to->em == EM_NONE && !to->embargo_until);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("case_embargo");
  TCase *t = tcase_create("embargo");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_test(t, every_step_under_every_fact);
  tcase_add_test(t, every_fact_in_every_state);
  tcase_add_test(t, every_proposal_against_every_other);
  tcase_add_test(t, nobody_accepts_their_own);
  tcase_add_test(t, only_who_negotiates_has_a_say);
  tcase_add_test(t, who_consents);
  tcase_add_test(t, a_cut_is_repaired);
  tcase_add_test(t, a_cut_of_somebody_removed);
  tcase_add_test(t, cuts_of_two);
  tcase_add_test(t, nobody_proposes_at_once);
  tcase_add_test(t, a_case_without_anybody_outside);
  tcase_add_test(t, it_ends_at_its_instant);
  tcase_add_test(t, facts_in_the_order_of_their_dates);
  tcase_add_test(t, what_a_fact_implies_has_its_date);
  tcase_add_test(t, who_stands_behind_a_merged_date);
  tcase_add_test(t, what_a_merge_changes);
  tcase_add_test(t, a_case_that_is_split_off);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
