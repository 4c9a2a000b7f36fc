/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys, pending releases, replay cache, caps, facts, counts, events. */
#include <config.h>

#include "test_store_support.h"

/* ---- keys ---- */

static void keep(const char *address, const char *fpr, enum key_tier tier, int64_t seen, bool waits)
{
  struct stored_key k = { .address = address,
                          .fingerprint = fpr,
                          .tier = tier,
                          .seen_at = seen,
                          .expires = 77,
                          .waits = waits,
                          .key = BYTES("key\0bytes"),
                          .provenance = pool_printf(fx.pool, "t%d", (int)tier) };
  OK(store_key_put(fx.st, &k, &fx.err));
}

static struct stored_key in_use(const char *address)
{
  struct stored_key k = { 0 };
  bool found;
  OK(store_key_get(fx.st, fx.pool, address, &k, &found, &fx.err));
  return found ? k : (struct stored_key){ .fingerprint = "" };
}

START_TEST(keys_round_trip)
{
  keep("A@x.test", "AA11", TIER_WKD, T0, false);
  fixture_reopen();
  struct stored_key k = in_use("a@X.test");
  ck_assert_str_eq(k.address, "A@x.test");
  ck_assert_str_eq(k.fingerprint, "AA11");
  ck_assert_str_eq(k.provenance, "t3");
  ck_assert(k.tier == TIER_WKD && k.seen_at == T0 && k.expires == 77 && !k.waits);
  ck_assert(bytes_eq(k.key, BYTES("key\0bytes")));
  bool found;
  OK(store_key_by_fpr(fx.st, fx.pool, "aa11", &k, &found, &fx.err));
  ck_assert(found);
  OK(store_key_by_fpr(fx.st, fx.pool, "BB", &k, &found, &fx.err));
  ck_assert(!found);
  ck_assert_str_eq(in_use("").fingerprint, "");
  struct stored_key bad = { .address = "", .fingerprint = "AA" };
  FAILS(ST_BROKEN, store_key_put(fx.st, &bad, &fx.err));
}
END_TEST

START_TEST(the_best_key_is_in_use)
{
  keep("a@x", "01", TIER_AUTOCRYPT, T0 + 9, false);
  keep("a@x", "02", TIER_WKD, T0, false);
  keep("a@x", "03", TIER_PINNED, T0 + 99, true); /* waits */
  ck_assert_str_eq(in_use("a@x").fingerprint, "02");
  keep("a@x", "04", TIER_WKD, T0 + 1, false); /* the newer of the same tier */
  ck_assert_str_eq(in_use("a@x").fingerprint, "04");
  struct stored_key *list;
  size_t n;
  keep("b@x", "05", TIER_WKD, T0, false);
  OK(store_key_list(fx.st, fx.pool, "a@x", &list, &n, &fx.err));
  ck_assert_uint_eq(n, 4);
  OK(store_key_list(fx.st, fx.pool, NULL, &list, &n, &fx.err));
  ck_assert_uint_eq(n, 5);
}
END_TEST

START_TEST(a_lower_tier_takes_nothing_away)
{
  keep("a@x", "01", TIER_SIGNED, T0, false);
  keep("a@x", "01", TIER_ATTACHED, T0 + 5, true);
  struct stored_key k = in_use("a@x");
  ck_assert(k.tier == TIER_SIGNED && k.seen_at == T0 + 5 && !k.waits);
  ck_assert_str_eq(k.provenance, "t4");
  struct stored_key bare = {
    .address = "a@x", .fingerprint = "01", .tier = TIER_PINNED, .seen_at = 1, .provenance = "analyst"
  };
  OK(store_key_put(fx.st, &bare, &fx.err)); /* no bytes: those that are there stay */
  k = in_use("a@x");
  ck_assert(k.tier == TIER_PINNED && k.seen_at == T0 + 5 && k.expires == 77);
  ck_assert(bytes_eq(k.key, BYTES("key\0bytes")));
  ck_assert_str_eq(k.provenance, "analyst");
}
END_TEST

START_TEST(accepting_and_dropping)
{
  bool found;
  keep("a@x", "01", TIER_PINNED, T0 + 50, false);
  keep("a@x", "02", TIER_ATTACHED, T0, true);
  keep("b@x", "02", TIER_ATTACHED, T0, true);
  OK(store_key_accept(fx.st, "02", "c@x", &found, &fx.err));
  ck_assert(!found);
  ck_assert_str_eq(in_use("a@x").fingerprint, "01");
  OK(store_key_accept(fx.st, "02", "a@x", &found, &fx.err));
  ck_assert(found);
  struct stored_key k = in_use("a@x"); /* though the other one is newer */
  ck_assert_str_eq(k.fingerprint, "02");
  ck_assert_int_eq(k.tier, TIER_PINNED);
  ck_assert_str_eq(in_use("b@x").fingerprint, ""); /* for that address alone */
  OK(store_key_drop(fx.st, "02", &found, &fx.err));
  ck_assert(found);
  ck_assert_str_eq(in_use("a@x").fingerprint, "01");
  OK(store_key_drop(fx.st, "02", &found, &fx.err));
  ck_assert(!found);
}
END_TEST

/* ---- pending releases ---- */

static struct pending_release pending_of(const char *token, struct pending_letter *l, size_t n)
{
  struct pending_release p = { .token = token,
                               .case_id = "EMB-2027-0001",
                               .by = "alice",
                               .what = "notify",
                               .made_at = T0,
                               .expires_at = T0 + 60,
                               .gate = 2,
                               .letter = l,
                               .letter_count = n };
  for (size_t i = 0; i < sizeof p.hash; i++)
    p.hash[i] = (unsigned char)i;
  return p;
}

START_TEST(pending_round_trip)
{
  struct pending_letter l[] = { { .to = "fda@x",
                                  .to_name = "fda",
                                  .kind = "notice",
                                  .message_id = "1@y",
                                  .envelope_json = "{}",
                                  .party = 3,
                                  .content = BYTES("the\0very bytes") },
                                { .to = "cisa@x",
                                  .to_name = "cisa",
                                  .kind = "notice",
                                  .message_id = "2@y",
                                  .envelope_json = "{\"a\":1}",
                                  .party = 0,
                                  .content = { NULL, 0 } } };
  struct pending_release p = pending_of("abcdabcdabcdabcd", l, 2), got, *list;
  bool found;
  size_t n;
  save_plain_case("EMB-2027-0001");
  OK(store_pending_put(fx.st, &p, &fx.err));
  fixture_reopen();
  OK(store_pending_get(fx.st, fx.pool, "ABCDabcdabcdabcd", &got, &found, &fx.err));
  ck_assert(found);
  ck_assert_str_eq(got.token, p.token);
  ck_assert_str_eq(got.case_id, p.case_id);
  ck_assert_str_eq(got.by, "alice");
  ck_assert_str_eq(got.what, "notify");
  ck_assert(got.made_at == T0 && got.expires_at == T0 + 60 && got.gate == 2 && !got.released && !got.cancelled);
  ck_assert(memcmp(got.hash, p.hash, sizeof p.hash) == 0);
  ck_assert_uint_eq(got.letter_count, 2);
  ck_assert_str_eq(got.letter[0].to, "fda@x");
  ck_assert_str_eq(got.letter[0].to_name, "fda");
  ck_assert_str_eq(got.letter[0].message_id, "1@y");
  ck_assert_str_eq(got.letter[1].envelope_json, "{\"a\":1}");
  ck_assert_int_eq(got.letter[0].party, 3);
  ck_assert(bytes_eq(got.letter[0].content, BYTES("the\0very bytes")));
  ck_assert_uint_eq(got.letter[1].content.len, 0);
  OK(store_pending_remind(fx.st, p.token, T0 + 77, &fx.err));
  OK(store_pending_list(fx.st, fx.pool, NULL, &list, &n, &fx.err));
  ck_assert_int_eq(list[0].reminded_at, T0 + 77);
  ck_assert_uint_eq(n, 1);
  ck_assert_uint_eq(list[0].letter_count, 0);
  OK(store_pending_get(fx.st, fx.pool, "zzzz", &got, &found, &fx.err));
  ck_assert(!found);
  OK(store_pending_get(fx.st, fx.pool, "", &got, &found, &fx.err));
  ck_assert(!found);
}
END_TEST

START_TEST(pending_ends_once)
{
  struct pending_release p = pending_of("aaaa", NULL, 0), q = pending_of("bbbb", NULL, 0), got, *list;
  bool found;
  size_t n;
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  OK(store_pending_put(fx.st, &p, &fx.err));
  q.case_id = "EMB-2027-0002";
  OK(store_pending_put(fx.st, &q, &fx.err));
  OK(store_pending_list(fx.st, fx.pool, "EMB-2027-0002", &list, &n, &fx.err));
  ck_assert_uint_eq(n, 1);
  ck_assert_str_eq(list[0].token, "bbbb");
  OK(store_pending_end(fx.st, "aaaa", true, "bob", T0, &fx.err));
  FAILS(ST_DENIED, store_pending_end(fx.st, "aaaa", true, "bob", T0, &fx.err));
  SAYS("released before");
  OK(store_pending_end(fx.st, "bbbb", false, "bob", T0, &fx.err));
  FAILS(ST_DENIED, store_pending_end(fx.st, "bbbb", true, "bob", T0, &fx.err));
  FAILS(ST_REJECT, store_pending_end(fx.st, "cccc", true, "bob", T0, &fx.err));
  OK(store_pending_get(fx.st, fx.pool, "bbbb", &got, &found, &fx.err));
  ck_assert(found && got.cancelled && !got.expired);
  struct pending_release late = pending_of("dddd", NULL, 0);
  OK(store_pending_put(fx.st, &late, &fx.err));
  OK(store_pending_end(fx.st, "dddd", false, "", T0, &fx.err));
  OK(store_pending_get(fx.st, fx.pool, "dddd", &got, &found, &fx.err));
  ck_assert(found && got.cancelled && got.expired);
  OK(store_pending_get(fx.st, fx.pool, "aaaa", &got, &found, &fx.err));
  ck_assert(found && got.released && !got.cancelled);
  OK(store_pending_list(fx.st, fx.pool, NULL, &list, &n, &fx.err));
  ck_assert_uint_eq(n, 0);
}
END_TEST

/* ---- replay, caps, facts, counts ---- */

START_TEST(replay_keys)
{
  struct replay_key k = { .fingerprint = "AA", .made = T0, .sha256 = { 1, 2, 3 } }, other = k;
  bool seen;
  OK(store_replay_seen(fx.st, &k, &seen, &fx.err));
  ck_assert(!seen);
  OK(store_replay_add(fx.st, &k, 7, T0, &fx.err));
  OK(store_replay_add(fx.st, &k, 8, T0, &fx.err));
  fixture_reopen();
  OK(store_replay_seen(fx.st, &k, &seen, &fx.err));
  ck_assert(seen);
  other.made++;
  OK(store_replay_seen(fx.st, &other, &seen, &fx.err));
  ck_assert(!seen);
  other = k;
  other.sha256[31] = 9;
  OK(store_replay_seen(fx.st, &other, &seen, &fx.err));
  ck_assert(!seen);
  other = k;
  other.fingerprint = "AB";
  OK(store_replay_seen(fx.st, &other, &seen, &fx.err));
  ck_assert(!seen);
}
END_TEST

START_TEST(acknowledgement_caps)
{
  unsigned sender, all;
  OK(store_ack_add(fx.st, "a@x", T0, &fx.err));
  OK(store_ack_add(fx.st, "A@X", T0 + 10, &fx.err));
  OK(store_ack_add(fx.st, "b@x", T0 + 20, &fx.err));
  OK(store_ack_count(fx.st, "a@x", T0, &sender, &all, T0 + 10, &fx.err));
  ck_assert(sender == 2 && all == 2);
  OK(store_ack_count(fx.st, "a@x", T0 + 1, &sender, &all, T0, &fx.err));
  ck_assert(sender == 1 && all == 3);
  OK(store_ack_count(fx.st, "", T0, &sender, &all, T0, &fx.err));
  ck_assert(sender == 0 && all == 3);
  FAILS(ST_BROKEN, store_ack_add(fx.st, "", T0, &fx.err));
}
END_TEST

START_TEST(facts_by_name)
{
  char *v;
  OK(store_meta_get(fx.st, fx.pool, "ring-digest", &v, &fx.err));
  ck_assert_ptr_null(v);
  OK(store_meta_set(fx.st, "ring-digest", "one", &fx.err));
  OK(store_meta_set(fx.st, "ring-digest", "two", &fx.err));
  OK(store_meta_set(fx.st, "other", "", &fx.err));
  fixture_reopen();
  OK(store_meta_get(fx.st, fx.pool, "ring-digest", &v, &fx.err));
  ck_assert_str_eq(v, "two");
  OK(store_meta_get(fx.st, fx.pool, "other", &v, &fx.err));
  ck_assert_str_eq(v, "");
}
END_TEST

START_TEST(counts)
{
  struct store_counts c;
  struct vuln_case *vc = plain_case("EMB-2027-0002");
  struct pending_release p = pending_of("aaaa", NULL, 0);
  struct outbox_letter l = { .kind = "reply", .bytes = BYTES("x") };
  struct intake_end e = { .state = LETTER_HELD };
  int64_t id;
  save_plain_case("EMB-2027-0001");
  vc->rm = RM_CLOSED;
  OK(store_case_save(fx.st, vc, T0, &fx.err));
  OK(store_pending_put(fx.st, &p, &fx.err));
  OK(store_outbox_put(fx.st, &l, T0, &id, &fx.err));
  OK(store_outbox_put(fx.st, &l, T0, &id, &fx.err));
  struct outbox_end oe = { .state = OUTBOX_BOUNCED };
  OK(store_outbox_finish(fx.st, id, &oe, &fx.err));
  record_letter("1", "a");
  OK(store_intake_finish(fx.st, record_letter("2", "b"), &e, &fx.err));
  e.state = LETTER_QUARANTINED;
  OK(store_intake_finish(fx.st, record_letter("3", "c"), &e, &fx.err));
  e.state = LETTER_APPLIED;
  OK(store_intake_finish(fx.st, record_letter("4", "d"), &e, &fx.err));
  OK(store_counts_get(fx.st, &c, &fx.err));
  ck_assert(c.cases == 2 && c.cases_open == 1 && c.pending == 1 && c.outbox_unsent == 1 && c.outbox_failed == 1);
  ck_assert(c.recorded == 1 && c.held == 1 && c.quarantined == 1 && c.applied == 1);
}
END_TEST

/* ---- events ---- */

static void happen(const char *id, const char *text)
{
  struct case_event e = { .at = T0, .kind = "note", .who = "alice", .text = text, .letter = 4 };
  OK(store_event_add(fx.st, id, &e, &fx.err));
}

START_TEST(events_round_trip)
{
  struct case_event *e;
  size_t n;
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  happen("EMB-2027-0001", "first");
  happen("EMB-2027-0002", "elsewhere");
  happen("EMB-2027-0001", "second");
  fixture_reopen();
  OK(store_event_list(fx.st, fx.pool, "EMB-2027-0001", &e, &n, &fx.err));
  ck_assert_uint_eq(n, 2);
  ck_assert_str_eq(e[0].text, "first");
  ck_assert_str_eq(e[1].text, "second");
  ck_assert_str_eq(e[0].who, "alice");
  ck_assert_str_eq(e[0].kind, "note");
  ck_assert(e[0].at == T0 && e[0].letter == 4 && e[0].id > 0 && e[1].id > e[0].id);
  struct case_event bad = { .kind = "x", .who = "", .text = "" };
  FAILS(ST_REJECT, store_event_add(fx.st, "EMB-2027-0009", &bad, &fx.err));
  FAILS(ST_REJECT, store_event_add(fx.st, "", &bad, &fx.err));
}
END_TEST

static size_t findings(void)
{
  char **f;
  size_t n = 0;
  OK(store_check(fx.st, fx.pool, &f, &fx.err));
  while (f[n])
    n++;
  if (n)
    snprintf(fx.err.text, sizeof fx.err.text, "%s", f[0]);
  return n;
}

START_TEST(a_changed_chain_is_found)
{
  static const char *const attack[] = {
    "DELETE FROM event WHERE seq = 1",
    "DELETE FROM event WHERE seq = 2",
    "DELETE FROM event WHERE seq = 3",
    "DELETE FROM event",
    "DELETE FROM event WHERE seq = 3; UPDATE vuln_case SET event_count = 2",
    "UPDATE event SET at = at + 1 WHERE seq = 2",
    "UPDATE event SET letter_id = 9 WHERE seq = 2",
    "UPDATE event SET kind = 'kind' WHERE seq = 2",
    "UPDATE event SET text = (SELECT text FROM event WHERE seq = 1) WHERE seq = 2",
    "UPDATE event SET who = x'00' WHERE seq = 3",
    "UPDATE event SET hash = x'00' WHERE seq = 3",
    "UPDATE event SET seq = 9 WHERE seq = 2; UPDATE event SET seq = 2 WHERE seq = 3; UPDATE event SET seq = 3 WHERE "
    "seq = 9",
    "UPDATE vuln_case SET event_head = x'00'",
    "UPDATE vuln_case SET event_count = 4",
    "UPDATE event SET case_id = 2 WHERE seq = 3; UPDATE vuln_case SET event_count = 2 WHERE id = 1",
  };
  save_plain_case("EMB-2027-0001");
  save_plain_case("EMB-2027-0002");
  happen("EMB-2027-0001", "first");
  happen("EMB-2027-0001", "second");
  happen("EMB-2027-0001", "third");
  ck_assert_uint_eq(findings(), 0);
  store_close(&fx.st);
  tamper(attack[_i]);
  fixture_open();
  ck_assert_msg(findings() > 0, "not found: %s", attack[_i]);
  SAYS("event chain does not hold");
}
END_TEST

START_TEST(a_cut_chain_is_not_continued)
{
  struct case_event e = { .at = T0, .kind = "note", .who = "a", .text = "b" };
  save_plain_case("EMB-2027-0001");
  happen("EMB-2027-0001", "first");
  happen("EMB-2027-0001", "second");
  store_close(&fx.st);
  tamper("DELETE FROM event WHERE seq = 2");
  fixture_open();
  FAILS(ST_BROKEN, store_event_add(fx.st, "EMB-2027-0001", &e, &fx.err));
  SAYS("altered");
}
END_TEST

START_TEST(the_head_moves)
{
  char *a, *b, *c;
  save_plain_case("EMB-2027-0001");
  OK(store_event_head(fx.st, fx.pool, &a, &fx.err));
  happen("EMB-2027-0001", "first");
  OK(store_event_head(fx.st, fx.pool, &b, &fx.err));
  fixture_reopen();
  OK(store_event_head(fx.st, fx.pool, &c, &fx.err));
  ck_assert_str_ne(a, b);
  ck_assert_str_eq(b, c);
  ck_assert_uint_eq(strlen(a), 64);
}
END_TEST

START_TEST(subkeys_differ)
{
  unsigned char tag[SECRET_KEY_LEN];
  memcpy(tag, store_subkey(fx.st, "tag")->k, sizeof tag);
  ck_assert_ptr_eq(store_subkey(fx.st, "tag"), store_subkey(fx.st, "tag"));
  ck_assert(memcmp(tag, store_subkey(fx.st, "message-id")->k, sizeof tag) != 0);
  ck_assert(memcmp(tag, fx.master->k, sizeof tag) != 0);
  fixture_reopen();
  ck_assert(memcmp(tag, store_subkey(fx.st, "tag")->k, sizeof tag) == 0);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store small");
  TCase *t = tcase_create("small");
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, keys_round_trip);
  tcase_add_test(t, the_best_key_is_in_use);
  tcase_add_test(t, a_lower_tier_takes_nothing_away);
  tcase_add_test(t, accepting_and_dropping);
  tcase_add_test(t, pending_round_trip);
  tcase_add_test(t, pending_ends_once);
  tcase_add_test(t, replay_keys);
  tcase_add_test(t, acknowledgement_caps);
  tcase_add_test(t, facts_by_name);
  tcase_add_test(t, counts);
  tcase_add_test(t, events_round_trip);
  tcase_add_loop_test(t, a_changed_chain_is_found, 0, 15);
  tcase_add_test(t, a_cut_chain_is_not_continued);
  tcase_add_test(t, the_head_moves);
  tcase_add_test(t, subkeys_differ);
  suite_add_tcase(s, t);
  return run_suite(s);
}
