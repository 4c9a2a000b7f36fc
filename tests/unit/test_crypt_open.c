/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargod-crypt, OPEN and VERIFY with real gpg: every kind of message ends in its outcome, none leaks, none lingers.
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../support/crypt_home.h"

static struct fixture fx;

static void set_up(void)
{
  fixture_make(&fx, FIXTURE_MESSAGES);
}

static void tear_down(void)
{
  fixture_drop(&fx);
}

static int64_t now_ms(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct pgp_result *result_of(struct pool *pool, const struct wire_msg *answer)
{
  struct fault err = { 0 };
  struct pgp_result *r = pool_new_of(pool, struct pgp_result);
  ck_assert_msg(wire_type(answer) == CRYPT_OPENED || wire_type(answer) == CRYPT_VERIFIED, "%s",
                wire_gets(answer, TAG_TEXT));
  ck_assert_msg(pgp_result_get(answer, r, &err) == ST_OK, "%s", err.text);
  return r;
}

static struct wire_msg *open_request(struct pool *pool, const char *file)
{
  struct wire_msg *m = wire_new(pool, CRYPT_OPEN, 7);
  wire_put(m, TAG_BYTES, peer_file(pool, fx.dir, file));
  wire_puti(m, CRYPT_TAG_PLAIN_MAX, 1 << 20);
  return m;
}

static struct pgp_result *open_file(struct peer *p, struct pool *pool, const char *file)
{
  return result_of(pool, peer_call(p, pool, open_request(pool, file)));
}

static void no_gpg_left(const struct peer *p)
{
  pid_t pid[16];
  ck_assert_uint_eq(peer_children(p->pid, "gpg", pid, 16), 0);
}

/* ---- what each message comes to ---- */
static const struct {
  const char *file;
  enum pgp_outcome outcome;
  bool encrypted;
  enum pgp_verdict verdict;
  enum pgp_sig_state state; /* of the first signature; 0: none */
  const char *signer;       /* whose primary key; NULL: not known */
  const char *advice;
} kinds[] = {
  { "good.pgp", PGP_OPENED, true, VERDICT_GOOD, PGP_SIG_GOOD, "alice", NULL },
  { "unsigned.pgp", PGP_OPENED, true, VERDICT_NONE, 0, NULL, NULL },
  { "hidden.pgp", PGP_OPENED, true, VERDICT_GOOD, PGP_SIG_GOOD, "alice", NULL },
  { "two-recipients.pgp", PGP_OPENED, true, VERDICT_GOOD, PGP_SIG_GOOD, "alice", NULL },
  { "unknown.pgp", PGP_OPENED, true, VERDICT_UNKNOWN_KEY, PGP_SIG_UNKNOWN_KEY, NULL, NULL },
  { "both.pgp", PGP_OPENED, true, VERDICT_UNKNOWN_KEY, PGP_SIG_GOOD, "alice", NULL },
  { "expired-key.pgp", PGP_OPENED, true, VERDICT_EXPIRED, PGP_SIG_EXPIRED_KEY, "bob", NULL },
  { "expired.pgp", PGP_OPENED, true, VERDICT_EXPIRED, PGP_SIG_EXPIRED, "alice", NULL },
  { "revoked.pgp", PGP_OPENED, true, VERDICT_REVOKED, PGP_SIG_REVOKED_KEY, "carol", NULL },
  { "sha1.pgp", PGP_OPENED, true, VERDICT_WEAK, PGP_SIG_WEAK, "alice", NULL },
  { "future.pgp", PGP_OPENED, true, VERDICT_WEAK, PGP_SIG_FUTURE, "alice", NULL },
  { "bad-signature.pgp", PGP_OPENED, true, VERDICT_BAD, PGP_SIG_BAD, "alice", NULL },
  { "signed-only.pgp", PGP_OPENED, false, VERDICT_GOOD, PGP_SIG_GOOD, "alice", NULL },
  { "clear.pgp", PGP_OPENED, false, VERDICT_GOOD, PGP_SIG_GOOD, "alice", NULL },
  { "other.pgp", PGP_NO_SECRET_KEY, false, VERDICT_NONE, 0, NULL, NULL },
  { "hidden-other.pgp", PGP_NO_SECRET_KEY, false, VERDICT_NONE, 0, NULL, NULL },
  { "tampered.pgp", PGP_DAMAGED, false, VERDICT_NONE, 0, NULL, NULL },
  { "truncated.pgp", PGP_DAMAGED, false, VERDICT_NONE, 0, NULL, NULL },
  { "truncated-armor.pgp", PGP_DAMAGED, false, VERDICT_NONE, 0, NULL, NULL },
  { "no-mdc.pgp", PGP_DAMAGED, false, VERDICT_NONE, 0, NULL, "integrity" },
  { "symmetric.pgp", PGP_PASSPHRASE, false, VERDICT_NONE, 0, NULL, "passphrase" },
  { "twice.pgp", PGP_FAILED, false, VERDICT_NONE, 0, NULL, "several" },
  { "garbage.pgp", PGP_NO_DATA, false, VERDICT_NONE, 0, NULL, NULL },
  { "alice.asc", PGP_NO_DATA, false, VERDICT_NONE, 0, NULL, "a key" },
  { "seipd2.pgp", PGP_UNSUPPORTED, false, VERDICT_NONE, 0, NULL, "RFC 9580" },
  { "aead.pgp", PGP_UNSUPPORTED, false, VERDICT_NONE, 0, NULL, "OCB" },
  { "pkesk6.pgp", PGP_UNSUPPORTED, false, VERDICT_NONE, 0, NULL, "version 6" },
  { "x25519.pgp", PGP_UNSUPPORTED, false, VERDICT_NONE, 0, NULL, "X25519" },
  { "bomb.pgp", PGP_TOO_LARGE, false, VERDICT_NONE, 0, NULL, NULL },
};

static void check_kind(struct pool *pool, const struct pgp_result *r, size_t i)
{
  const char *file = kinds[i].file;
  ck_assert_msg(r->outcome == kinds[i].outcome, "%s: outcome %d %s", file, r->outcome, r->advice);
  ck_assert_msg(r->encrypted == kinds[i].encrypted, "%s", file);
  ck_assert_msg(pgp_verdict(r->sig, r->sig_count) == kinds[i].verdict, "%s: %s", file,
                pgp_verdict_name(pgp_verdict(r->sig, r->sig_count)));
  ck_assert_msg((r->plain.p != NULL) == (r->outcome == PGP_OPENED), "%s: plaintext", file);
  ck_assert_msg((r->sig_count > 0) == (kinds[i].state != 0), "%s: %u signatures", file, r->sig_count);
  if (kinds[i].state)
    ck_assert_msg(r->sig[0].state == kinds[i].state, "%s: state %d", file, r->sig[0].state);
  if (kinds[i].signer)
    ck_assert_str_eq(r->sig[0].primary, peer_text(pool, fx.dir, pool_printf(pool, "%s.fpr", kinds[i].signer)));
  if (kinds[i].advice)
    ck_assert_msg(strstr(r->advice, kinds[i].advice) != NULL, "%s: %s", file, r->advice);
}

START_TEST(each_kind_of_message)
{
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    check_kind(pool, open_file(&p, pool, kinds[i].file), i);
  }
  peer_stop(&p);
}
END_TEST

START_TEST(plaintext_is_exact)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  static const char *const files[] = { "good.pgp", "expired.pgp", "signed-only.pgp" };
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (size_t i = 0; i < ARRAY_LEN(files); i++)
    ck_assert_msg(bytes_eq(open_file(&p, pool, files[i])->plain, peer_file(pool, fx.dir, "plain")), "%s", files[i]);
  peer_stop(&p);
}
END_TEST

START_TEST(recipients_are_named)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  ck_assert_uint_eq(open_file(&p, pool, "two-recipients.pgp")->recipient_count, 2);
  ck_assert_uint_eq(open_file(&p, pool, "other.pgp")->recipient_count, 1);
  ck_assert_uint_eq(open_file(&p, pool, "hidden.pgp")->recipient_count, 0);
  peer_stop(&p);
}
END_TEST

/* ---- caps and time ---- */
START_TEST(bomb_is_stopped_at_once)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED); /* warm */
  int64_t start = now_ms();
  struct pgp_result *r = open_file(&p, pool, "bomb.pgp");
  ck_assert_int_eq(r->outcome, PGP_TOO_LARGE);
  ck_assert_int_lt(now_ms() - start, 2000);
  no_gpg_left(&p);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED); /* and the worker works on */
  peer_stop(&p);
}
END_TEST

/* The cap is exact. */
START_TEST(cap_of_the_plaintext)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  size_t size = peer_file(pool, fx.dir, "plain").len;
  for (int less = 0; less < 2; less++) {
    struct wire_msg *m = wire_new(pool, CRYPT_OPEN, 1);
    wire_put(m, TAG_BYTES, peer_file(pool, fx.dir, "good.pgp"));
    wire_puti(m, CRYPT_TAG_PLAIN_MAX, (int64_t)size - less);
    ck_assert_int_eq(result_of(pool, peer_call(&p, pool, m))->outcome, less ? PGP_TOO_LARGE : PGP_OPENED);
  }
  peer_stop(&p);
}
END_TEST

START_TEST(deadline_kills_gpg)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 400);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED); /* past its start */
  struct wire_msg *m = wire_new(pool, CRYPT_OPEN, 1);
  wire_put(m, TAG_BYTES, peer_file(pool, fx.dir, "bomb.pgp"));
  wire_puti(m, CRYPT_TAG_PLAIN_MAX, 256 << 20);
  peer_send(&p, m);
  pid_t gpg = 0;
  for (int i = 0; i < 200 && !peer_children(p.pid, "gpg", &gpg, 1); i++)
    usleep(2000);
  ck_assert_int_ne(gpg, 0);
  pid_stop(gpg); /* it will not come to an end by itself */
  struct pgp_result *r = result_of(pool, peer_receive(&p, pool));
  ck_assert_int_eq(r->outcome, PGP_TIMEOUT);
  ck_assert(!pid_alive(gpg));
  no_gpg_left(&p);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED);
  peer_stop(&p);
}
END_TEST

/* Its gpg waits for an agent that stands still: nothing but the worker's end can end it. (A gpg that is stopped itself
 * proves nothing: the kernel wakes and hangs up orphaned process groups.) */
START_TEST(killed_worker_leaves_no_gpg)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const char *home = fixture_copy(&fx, pool, "killed-worker");
  struct peer keeper = peer_start(home, PEER_AGENT, 0), p = peer_start(home, PEER_WORKER, 0);
  pid_t gpg = 0, agent = 0;
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED);
  ck_assert_uint_eq(peer_children(keeper.pid, "gpg-agent", &agent, 1), 1);
  pid_stop(agent);
  peer_send(&p, open_request(pool, "good.pgp"));
  for (int i = 0, still = 0; i < 500 && still < 20; i++) { /* not the last one, on its way out */
    pid_t seen[4];
    size_t n = peer_children(p.pid, "gpg", seen, 4);
    pid_t now = n && pid_alive(seen[n - 1]) ? seen[n - 1] : 0;
    still = now && now == gpg ? still + 1 : 0;
    gpg = now;
    usleep(10000);
  }
  ck_assert(gpg && pid_alive(gpg));
  peer_kill(&p);
  for (int i = 0; i < 200 && pid_alive(gpg); i++)
    usleep(10000);
  ck_assert_msg(!pid_alive(gpg), "gpg outlived its worker");
  kill(agent, SIGCONT);
  peer_stop(&keeper);
}
END_TEST

/* ---- the agent ---- */
START_TEST(dead_agent_is_our_fault)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fixture_copy(&fx, pool, "no-agent"), PEER_WORKER, 0);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_AGENT);
  ck_assert_int_eq(open_file(&p, pool, "hidden.pgp")->outcome, PGP_AGENT); /* could be for us */
  ck_assert_int_eq(open_file(&p, pool, "other.pgp")->outcome, PGP_NO_SECRET_KEY);
  ck_assert_int_eq(open_file(&p, pool, "clear.pgp")->outcome, PGP_OPENED); /* needs none */
  peer_stop(&p);
}
END_TEST

START_TEST(stuck_agent_is_our_fault)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const char *home = fixture_copy(&fx, pool, "stuck-agent");
  struct peer keeper = peer_start(home, PEER_AGENT, 0);
  struct peer p = peer_start(home, PEER_WORKER, 500);
  pid_t agent = 0;
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED);
  ck_assert_uint_eq(peer_children(keeper.pid, "gpg-agent", &agent, 1), 1);
  pid_stop(agent);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_AGENT);
  no_gpg_left(&p);
  kill(agent, SIGCONT);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED);
  peer_stop(&p);
  peer_stop(&keeper);
}
END_TEST

/* A killed gpg does not take the agent along; a killed keeper does; an ended agent ends its keeper. */
START_TEST(agent_lives_and_dies_with_its_keeper)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const char *home = fixture_copy(&fx, pool, "keeper");
  struct peer keeper = peer_start(home, PEER_AGENT, 0);
  struct peer p = peer_start(home, PEER_WORKER, 0);
  pid_t agent = 0;
  ck_assert_uint_eq(peer_children(keeper.pid, "gpg-agent", &agent, 1), 1);
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq(open_file(&p, pool, "bomb.pgp")->outcome, PGP_TOO_LARGE);
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED);
  ck_assert(pid_alive(agent));
  peer_kill(&keeper);
  for (int i = 0; i < 100 && pid_alive(agent); i++)
    usleep(10000);
  ck_assert(!pid_alive(agent));
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_AGENT);
  keeper = peer_start(home, PEER_AGENT, 0); /* what the core does */
  ck_assert_int_eq(open_file(&p, pool, "good.pgp")->outcome, PGP_OPENED);
  ck_assert_uint_eq(peer_children(keeper.pid, "gpg-agent", &agent, 1), 1);
  kill(agent, SIGKILL);
  ck_assert_ptr_null(peer_receive(&keeper, pool)); /* it ends, so that the core starts it again */
  peer_kill(&keeper);
  peer_stop(&p);
}
END_TEST

/* ---- keys that came with the letter ---- */
START_TEST(extra_key_verifies)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct wire_msg *m = open_request(pool, "both.pgp");
  fixture_put_key(&fx, m, pool, "dave"); /* one that has nothing to do with it */
  fixture_put_key(&fx, m, pool, "mallory");
  struct pgp_result *r = result_of(pool, peer_call(&p, pool, m));
  ck_assert_int_eq(r->outcome, PGP_OPENED);
  ck_assert_uint_eq(r->sig_count, 2);
  ck_assert(!r->sig[0].extra_key && r->sig[0].state == PGP_SIG_GOOD);
  ck_assert(r->sig[1].extra_key && r->sig[1].state == PGP_SIG_GOOD);
  ck_assert_str_eq(r->sig[1].primary, peer_text(pool, fx.dir, "mallory.fpr"));
  ck_assert_int_eq(pgp_verdict(r->sig, r->sig_count), VERDICT_GOOD);
  r = open_file(&p, pool, "both.pgp"); /* and it was for that letter only */
  ck_assert_int_eq(r->sig[1].state, PGP_SIG_UNKNOWN_KEY);
  peer_stop(&p);
}
END_TEST

/* An old copy of a key that the ring knows as revoked, sent along, makes nothing good. */
START_TEST(extra_key_overrules_no_known_one)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct wire_msg *m = open_request(pool, "revoked.pgp");
  fixture_put_key(&fx, m, pool, "carol-before");
  struct pgp_result *r = result_of(pool, peer_call(&p, pool, m));
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_REVOKED_KEY);
  ck_assert(!r->sig[0].extra_key);
  peer_stop(&p);
}
END_TEST

/* A certificate that was inspected before is read as it is, in one run; it claims no more than an extra one, and does
 * not stay. */
START_TEST(clean_key_verifies)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct wire_msg *m = open_request(pool, "both.pgp");
  fixture_put_clean(&fx, &p, m, pool, "dave");
  fixture_put_clean(&fx, &p, m, pool, "mallory");
  struct pgp_result *r = result_of(pool, peer_call(&p, pool, m));
  ck_assert_int_eq(r->outcome, PGP_OPENED);
  ck_assert(bytes_eq(r->plain, peer_file(pool, fx.dir, "plain")));
  ck_assert_uint_eq(r->sig_count, 2);
  ck_assert(!r->sig[0].extra_key && r->sig[0].state == PGP_SIG_GOOD);
  ck_assert_str_eq(r->sig[0].primary, peer_text(pool, fx.dir, "alice.fpr"));
  ck_assert(r->sig[1].extra_key && r->sig[1].state == PGP_SIG_GOOD);
  ck_assert_str_eq(r->sig[1].primary, peer_text(pool, fx.dir, "mallory.fpr"));
  ck_assert_uint_eq(fixture_scratch_files(fx.home, "/known.gpg"), 0);
  r = open_file(&p, pool, "both.pgp"); /* it was for that letter only */
  ck_assert_int_eq(r->sig[1].state, PGP_SIG_UNKNOWN_KEY);
  m = open_request(pool, "revoked.pgp"); /* an old copy of a key that the ring knows as revoked */
  fixture_put_clean(&fx, &p, m, pool, "carol-before");
  r = result_of(pool, peer_call(&p, pool, m));
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_REVOKED_KEY);
  ck_assert(!r->sig[0].extra_key);
  m = open_request(pool, "garbage.pgp"); /* nor does it stay when nothing was opened */
  fixture_put_clean(&fx, &p, m, pool, "mallory");
  ck_assert_int_ne(result_of(pool, peer_call(&p, pool, m))->outcome, PGP_OPENED);
  ck_assert_uint_eq(fixture_scratch_files(fx.home, "/known.gpg"), 0);
  m = wire_new(pool, CRYPT_VERIFY, 3);
  wire_put(m, TAG_BYTES, peer_file(pool, fx.dir, "plain"));
  wire_put(m, CRYPT_TAG_SIGNATURE, peer_file(pool, fx.dir, "unknown.sig"));
  fixture_put_clean(&fx, &p, m, pool, "mallory");
  r = result_of(pool, peer_call(&p, pool, m));
  ck_assert(r->sig[0].state == PGP_SIG_GOOD && r->sig[0].extra_key);
  peer_stop(&p);
}
END_TEST

START_TEST(hostile_extra_keys)
{
  static const char *const files[] = { "garbage.pgp", "v6.key", "large.key", "eleven.key", "good.pgp" };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct wire_msg *m = open_request(pool, "unknown.pgp");
  for (size_t i = 0; i < ARRAY_LEN(files); i++)
    wire_put(m, CRYPT_TAG_KEY, peer_file(pool, fx.dir, files[i]));
  struct pgp_result *r = result_of(pool, peer_call(&p, pool, m));
  ck_assert_int_eq(r->outcome, PGP_OPENED);
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_UNKNOWN_KEY);
  peer_stop(&p);
}
END_TEST

/* ---- detached signatures ---- */
static struct pgp_result *verify(struct peer *p, struct pool *pool, struct bytes content, const char *signature,
                                 const char *key)
{
  struct wire_msg *m = wire_new(pool, CRYPT_VERIFY, 3);
  wire_put(m, TAG_BYTES, content);
  wire_put(m, CRYPT_TAG_SIGNATURE, peer_file(pool, fx.dir, signature));
  if (key)
    fixture_put_key(&fx, m, pool, key);
  return result_of(pool, peer_call(p, pool, m));
}

START_TEST(detached_over_exact_bytes)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct bytes plain = peer_file(pool, fx.dir, "plain");
  struct pgp_result *r = verify(&p, pool, plain, "detached.sig", NULL);
  ck_assert_int_eq(r->outcome, PGP_OPENED);
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_GOOD);
  ck_assert_str_eq(r->sig[0].primary, peer_text(pool, fx.dir, "alice.fpr"));
  ck_assert_ptr_null(r->plain.p);
  r = verify(&p, pool, bytes_sub(plain, 0, plain.len - 1), "detached.sig", NULL);
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_BAD);
  r = verify(&p, pool, BYTES("Content-Type: text/plain\n\nThe pump stops.\n"), "detached.sig", NULL); /* LF */
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_BAD);
  r = verify(&p, pool, plain, "unknown.sig", NULL);
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_UNKNOWN_KEY);
  r = verify(&p, pool, plain, "unknown.sig", "mallory");
  ck_assert_int_eq(r->sig[0].state, PGP_SIG_GOOD);
  ck_assert(r->sig[0].extra_key);
  ck_assert_int_eq(pgp_verdict(r->sig, r->sig_count), VERDICT_UNKNOWN_KEY);
  r = verify(&p, pool, plain, "garbage.pgp", NULL);
  ck_assert_int_eq(r->outcome, PGP_NO_DATA);
  ck_assert_uint_eq(r->sig_count, 0);
  r = verify(&p, pool, plain, "good.pgp", NULL); /* no signature at all */
  ck_assert_int_ne(r->outcome, PGP_OPENED);
  peer_stop(&p);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("crypt open");
  TCase *t = tcase_create("real gpg");
  tcase_set_timeout(t, 120);
  tcase_add_unchecked_fixture(t, set_up, tear_down);
  tcase_add_test(t, each_kind_of_message);
  tcase_add_test(t, plaintext_is_exact);
  tcase_add_test(t, recipients_are_named);
  tcase_add_test(t, bomb_is_stopped_at_once);
  tcase_add_test(t, cap_of_the_plaintext);
  tcase_add_test(t, deadline_kills_gpg);
  tcase_add_test(t, killed_worker_leaves_no_gpg);
  tcase_add_test(t, dead_agent_is_our_fault);
  tcase_add_test(t, stuck_agent_is_our_fault);
  tcase_add_test(t, agent_lives_and_dies_with_its_keeper);
  tcase_add_test(t, extra_key_verifies);
  tcase_add_test(t, extra_key_overrules_no_known_one);
  tcase_add_test(t, clean_key_verifies);
  tcase_add_test(t, hostile_extra_keys);
  tcase_add_test(t, detached_over_exact_bytes);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
