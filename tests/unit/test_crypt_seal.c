/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargod-crypt, SEAL, INSPECT, RING, OWN, GENERATE with real gpg: what comes out is what the recipient's own gpg
 * reads. */
#include <config.h>

#include <check.h>
#include <embargod/file.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/crypt_home.h"

static struct fixture fx;
#define ENTITY "Content-Type: text/plain\r\n\r\n-- \r\nFrom the gateway: caf\xc3\xa9  \r\n.\r\n"

static void set_up(void)
{
  fixture_make(&fx, FIXTURE_KEYS);
}

static void tear_down(void)
{
  fixture_drop(&fx);
}

static char *fpr_of(struct pool *pool, const char *name)
{
  return peer_text(pool, fx.dir, pool_printf(pool, "%s.fpr", name));
}

/* ---- seal ---- */
static struct wire_msg *seal_request(struct pool *pool, struct bytes content, const char *recipient)
{
  struct wire_msg *m = wire_new(pool, CRYPT_SEAL, 11);
  wire_put(m, TAG_BYTES, content);
  wire_puti(m, CRYPT_TAG_ENCRYPT, recipient != NULL);
  wire_puts(m, CRYPT_TAG_SIGNER, fx.fpr);
  wire_puts(m, CRYPT_TAG_RECIPIENT, recipient);
  return m;
}

static struct bytes sealed(const struct wire_msg *answer)
{
  struct bytes out;
  ck_assert_msg(wire_type(answer) == CRYPT_SEALED, "%s", wire_gets(answer, TAG_TEXT));
  ck_assert(wire_get(answer, TAG_BYTES, &out));
  return out;
}

static void refused(const struct wire_msg *answer, enum status want, const char *word)
{
  ck_assert_uint_eq(wire_type(answer), CH_ERROR);
  const char *text = wire_gets(answer, TAG_TEXT);
  ck_assert_msg(wire_geti(answer, TAG_STATUS, 0) == want, "%s", text);
  ck_assert_msg(strstr(text, word) != NULL, "%s", text);
}

/* The people's own gpg opens it: exactly these bytes, and a good signature by the gateway. */
static void people_read(struct pool *pool, struct bytes message, struct bytes want)
{
  struct fault err = { 0 };
  ck_assert_int_eq(file_replace(path_join(pool, fx.dir, "sealed.pgp"), message, 0600, &err), ST_OK);
  peer_run("cd '%s' && gpg --homedir people --status-fd 3 -d <sealed.pgp >opened 3>status 2>/dev/null", fx.dir);
  ck_assert(bytes_eq(peer_file(pool, fx.dir, "opened"), want));
  const char *status = peer_text(pool, fx.dir, "status");
  ck_assert_msg(strstr(status, pool_printf(pool, "VALIDSIG %s", fx.fpr)) != NULL, "%s", status);
  ck_assert(strstr(status, "GOODMDC") != NULL);
}

START_TEST(seal_to_a_key_of_the_ring)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct wire_msg *answer = peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice")));
  struct bytes out = sealed(answer);
  ck_assert(bytes_starts(out, BYTES("-----BEGIN PGP MESSAGE-----")));
  ck_assert_uint_eq(bytes_find(out, BYTES("gateway"), 0), SIZE_MAX);
  ck_assert_str_eq(wire_gets(answer, CRYPT_TAG_MICALG), "pgp-sha512");
  people_read(pool, out, BYTES(ENTITY));
  peer_stop(&p);
}
END_TEST

START_TEST(seal_to_a_certificate_in_no_ring)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (int i = 0; i < 2; i++) { /* the second time it is known */
    struct wire_msg *m = seal_request(pool, BYTES(ENTITY), fpr_of(pool, "mallory"));
    fixture_put_key(&fx, m, pool, "mallory");
    people_read(pool, sealed(peer_call(&p, pool, m)), BYTES(ENTITY));
  }
  refused(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "mallory"))), ST_REJECT,
          "not in the key ring");
  peer_stop(&p);
}
END_TEST

/* What the gateway inspected before is used as it is: the request says its expiry, gpg and the ring still refuse. */
static const struct {
  const char *name;
  int64_t expires;
  const char *word; /* NULL: sealed */
} clean[] = {
  { "mallory", 0, NULL },           { "mallory", 4102444800, NULL }, { "mallory", 1735689600, "expired" },
  { "carol-before", 0, "revoked" }, { "dave", 0, "cannot encrypt" }, { "bob", 0, "cannot encrypt" },
};

START_TEST(clean_certificates)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (size_t i = 0; i < ARRAY_LEN(clean); i++) {
    const char *fpr = fpr_of(pool, strcmp(clean[i].name, "carol-before") == 0 ? "carol" : clean[i].name);
    struct wire_msg *m = seal_request(pool, BYTES(ENTITY), fpr);
    fixture_put_clean(&fx, &p, m, pool, clean[i].name);
    wire_puti(m, CRYPT_TAG_EXPIRES, clean[i].expires);
    struct wire_msg *answer = peer_call(&p, pool, m);
    if (clean[i].word)
      refused(answer, ST_REJECT, clean[i].word);
    else
      people_read(pool, sealed(answer), BYTES(ENTITY));
    ck_assert_uint_eq(fixture_scratch_files(fx.home, "/recipient.gpg"), 0);
  }
  peer_stop(&p);
}
END_TEST

START_TEST(large_and_binary_content)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  size_t size = 5u << 20;
  char *data = pool_alloc(pool, size);
  for (size_t i = 0; i < size; i++)
    data[i] = (char)(i * 2654435761u >> 13);
  struct bytes content = { data, size };
  struct bytes out = sealed(peer_call(&p, pool, seal_request(pool, content, fpr_of(pool, "alice"))));
  ck_assert_uint_gt(out.len, size); /* never compressed */
  people_read(pool, out, content);
  peer_stop(&p);
}
END_TEST

static const struct {
  const char *name;
  bool with_key;
  const char *word;
} unusable[] = {
  { "bob", false, "expired" },  { "bob", true, "expired" },       { "carol", false, "revoked" },
  { "carol", true, "revoked" }, { "dave", true, "encrypted to" }, { "dave", false, "not in the key ring" },
};

START_TEST(unusable_recipients_are_refused)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (size_t i = 0; i < ARRAY_LEN(unusable); i++) {
    const char *fpr = fpr_of(pool, unusable[i].name);
    struct wire_msg *m = seal_request(pool, BYTES(ENTITY), fpr);
    if (unusable[i].with_key)
      fixture_put_key(&fx, m, pool, unusable[i].name);
    struct wire_msg *answer = peer_call(&p, pool, m);
    refused(answer, ST_REJECT, unusable[i].word);
    refused(answer, ST_REJECT, fpr); /* whose */
  }
  peer_stop(&p);
}
END_TEST

START_TEST(recipients_that_are_none)
{
  static const char *const names[] = { "alice",     "alice@example.org",
                                       "",          "0123456789ABCDEF",
                                       "--version", "0123456789ABCDEF0123456789ABCDEF01234567" };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (size_t i = 0; i < ARRAY_LEN(names); i++)
    refused(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), names[i])), ST_REJECT, "");
  /* A certificate that is not the one named, one that we know as revoked, and no certificate. */
  struct wire_msg *m = seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"));
  fixture_put_key(&fx, m, pool, "mallory");
  refused(peer_call(&p, pool, m), ST_REJECT, "another one");
  m = seal_request(pool, BYTES(ENTITY), fpr_of(pool, "carol"));
  fixture_put_key(&fx, m, pool, "carol-before");
  refused(peer_call(&p, pool, m), ST_REJECT, "revoked");
  m = seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"));
  wire_puts(m, CRYPT_TAG_KEY, "no key");
  refused(peer_call(&p, pool, m), ST_REJECT, "certificate");
  peer_stop(&p);
}
END_TEST

START_TEST(signers)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct wire_msg *m = wire_new(pool, CRYPT_SEAL, 1);
  wire_put(m, TAG_BYTES, BYTES(ENTITY));
  wire_puti(m, CRYPT_TAG_ENCRYPT, 0);
  refused(peer_call(&p, pool, m), ST_RETRY, "none is named");
  wire_puts(m, CRYPT_TAG_SIGNER, fpr_of(pool, "alice")); /* not ours */
  refused(peer_call(&p, pool, m), ST_RETRY, "secret part");
  wire_puts(m, CRYPT_TAG_SIGNER, fx.fpr); /* the next in order */
  struct wire_msg *answer = peer_call(&p, pool, m);
  sealed(answer);
  ck_assert_str_eq(wire_gets(answer, CRYPT_TAG_SIGNER), fx.fpr);
  peer_stop(&p);
}
END_TEST

START_TEST(detached_and_clear_signatures)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct fault err = { 0 };
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct bytes sig = sealed(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), NULL)));
  ck_assert(bytes_starts(sig, BYTES("-----BEGIN PGP SIGNATURE-----")));
  ck_assert_int_eq(file_replace(path_join(pool, fx.dir, "entity"), BYTES(ENTITY), 0600, &err), ST_OK);
  ck_assert_int_eq(file_replace(path_join(pool, fx.dir, "entity.sig"), sig, 0600, &err), ST_OK);
  peer_run("cd '%s' && gpg --homedir people --verify entity.sig entity 2>/dev/null", fx.dir);
  struct wire_msg *m = wire_new(pool, CRYPT_CLEARSIGN, 1);
  wire_puts(m, TAG_BYTES, "Contact: mailto:gateway@x.example\n- dash\n");
  wire_puts(m, CRYPT_TAG_SIGNER, fx.fpr);
  struct bytes clear = sealed(peer_call(&p, pool, m));
  ck_assert(bytes_starts(clear, BYTES("-----BEGIN PGP SIGNED MESSAGE-----")));
  ck_assert_int_eq(file_replace(path_join(pool, fx.dir, "clear"), clear, 0600, &err), ST_OK);
  peer_run("cd '%s' && gpg --homedir people --verify clear 2>/dev/null", fx.dir);
  peer_stop(&p);
}
END_TEST

START_TEST(dead_agent_means_later)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fixture_copy(&fx, pool, "seal-no-agent"), PEER_WORKER, 0);
  refused(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))), ST_RETRY, "gpg-agent");
  peer_stop(&p);
}
END_TEST

/* ---- key files ---- */
static struct pgp_cert *inspect(struct peer *p, struct pool *pool, struct bytes file, size_t *count)
{
  struct fault err = { 0 };
  struct pgp_cert *cert = NULL;
  struct wire_msg *m = wire_new(pool, CRYPT_INSPECT, 5);
  wire_put(m, TAG_BYTES, file);
  struct wire_msg *answer = peer_call(p, pool, m);
  *count = 0;
  if (wire_type(answer) == CRYPT_INSPECTED)
    ck_assert_msg(pgp_certs_get(answer, pool, &cert, count, &err) == ST_OK, "%s", err.text);
  else
    ck_assert_int_eq(wire_geti(answer, TAG_STATUS, 0), ST_REJECT);
  return cert;
}

static const struct {
  const char *name;
  unsigned flags;
  bool expires;
} certs[] = {
  { "alice", PGP_CERT_CAN_ENCRYPT | PGP_CERT_CAN_SIGN, false },
  { "bob", PGP_CERT_EXPIRED, true },
  { "carol", PGP_CERT_REVOKED, false },
  { "dave", PGP_CERT_CAN_SIGN, false },
  { "gateway", PGP_CERT_CAN_ENCRYPT | PGP_CERT_CAN_SIGN | PGP_CERT_SECRET, true },
};

START_TEST(inspect_each_certificate)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (size_t i = 0; i < ARRAY_LEN(certs); i++) {
    size_t count;
    const char *name = certs[i].name;
    struct pgp_cert *c = inspect(&p, pool, peer_file(pool, fx.dir, pool_printf(pool, "%s.asc", name)), &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(c->fpr, strcmp(name, "gateway") ? fpr_of(pool, name) : fx.fpr);
    unsigned shown = PGP_CERT_EXPIRED | PGP_CERT_REVOKED | PGP_CERT_SECRET | PGP_CERT_INVALID;
    if (!(certs[i].flags & (PGP_CERT_EXPIRED | PGP_CERT_REVOKED)))
      shown |= PGP_CERT_CAN_ENCRYPT | PGP_CERT_CAN_SIGN;
    ck_assert_msg((c->flags & shown) == certs[i].flags, "%s: flags %x", name, c->flags);
    ck_assert_int_eq(c->expires != 0, certs[i].expires);
    ck_assert_str_eq(c->algo, "ed25519");
    ck_assert_uint_gt(c->key.len, 100);
    ck_assert_uint_eq(c->uid_count, strcmp(name, "carol") ? 1 : c->uid_count);
    if (strcmp(name, "alice") == 0)
      ck_assert(pgp_cert_has_address(c, "alice@example.org"));
    struct pgp_cert *again = inspect(&p, pool, c->key, &count); /* its export is as good */
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(again->fpr, c->fpr);
  }
  peer_stop(&p);
}
END_TEST

START_TEST(inspect_what_is_no_key)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct bytes alice = peer_file(pool, fx.dir, "alice.asc");
  struct buf twice = buf_new(pool, 4096), many = buf_new(pool, 1u << 20), damaged = buf_new(pool, 4096);
  size_t count;
  inspect(&p, pool, BYTES(""), &count);
  ck_assert_uint_eq(count, 0);
  inspect(&p, pool, BYTES("Dear all"), &count);
  ck_assert_uint_eq(count, 0);
  inspect(&p, pool, BYTES("\x98\x01\x04"), &count);
  ck_assert_uint_eq(count, 0);
  inspect(&p, pool, BYTES("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nabcd\n-----END PGP PRIVATE KEY BLOCK-----\n"),
          &count);
  ck_assert_uint_eq(count, 0);
  buf_add(&twice, alice);
  buf_add(&twice, peer_file(pool, fx.dir, "mallory.asc"));
  inspect(&p, pool, buf_bytes(&twice), &count);
  ck_assert_uint_eq(count, 2);
  for (int i = 0; i < 11; i++)
    buf_add(&many, alice);
  inspect(&p, pool, buf_bytes(&many), &count);
  ck_assert_uint_eq(count, 0);
  buf_add(&damaged, bytes_sub(alice, 0, alice.len / 2));
  inspect(&p, pool, buf_bytes(&damaged), &count); /* cut: no valid user id is left */
  ck_assert_uint_eq(count, 0);
  inspect(&p, pool, alice, &count); /* and the next one is fine */
  ck_assert_uint_eq(count, 1);
  peer_stop(&p);
}
END_TEST

/* Several files in one request: each certificate as it is alone, those of a bad file left out. */
START_TEST(inspect_files_at_once)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  struct wire_msg *m = wire_new(pool, CRYPT_INSPECT, 5);
  struct pgp_cert *cert = NULL;
  struct fault err = { 0 };
  size_t count = 0, one = 0;
  wire_put(m, TAG_BYTES, BYTES("Dear all"));
  for (size_t i = 0; i < ARRAY_LEN(certs); i++)
    wire_put(m, TAG_BYTES, peer_file(pool, fx.dir, pool_printf(pool, "%s.asc", certs[i].name)));
  struct wire_msg *answer = peer_call(&p, pool, m);
  ck_assert_int_eq(wire_type(answer), CRYPT_INSPECTED);
  ck_assert_msg(pgp_certs_get(answer, pool, &cert, &count, &err) == ST_OK, "%s", err.text);
  ck_assert_uint_eq(count, ARRAY_LEN(certs));
  for (size_t i = 0; i < ARRAY_LEN(certs); i++) {
    struct pgp_cert *alone =
                        inspect(&p, pool, peer_file(pool, fx.dir, pool_printf(pool, "%s.asc", certs[i].name)), &one),
                    *same = NULL;
    for (size_t k = 0; k < count; k++)
      if (!strcmp(cert[k].fpr, alone->fpr))
        same = &cert[k];
    ck_assert_msg(same, "%s is missing", certs[i].name);
    ck_assert_uint_eq(same->flags, alone->flags);
    ck_assert_int_eq(same->expires, alone->expires);
    ck_assert_msg(bytes_eq(same->key, alone->key), "%s has another certificate", certs[i].name);
  }
  m = wire_new(pool, CRYPT_INSPECT, 6);
  wire_put(m, TAG_BYTES, BYTES("Dear all"));
  wire_put(m, TAG_BYTES, BYTES(""));
  refused(peer_call(&p, pool, m), ST_REJECT, "no OpenPGP key");
  peer_stop(&p);
}
END_TEST

/* Nothing that is inspected gets into the working ring, and no scratch home stays. */
START_TEST(inspecting_leaves_no_trace)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  size_t count;
  inspect(&p, pool, peer_file(pool, fx.dir, "mallory.asc"), &count);
  refused(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "mallory"))), ST_REJECT,
          "not in the key ring");
  peer_stop(&p);
  peer_run("! ls -d '%s'/scratch.* 2>/dev/null", fx.home);
}
END_TEST

/* ---- the ring ---- */
static void ring_of(struct peer *p, struct pool *pool, const char *const *names, size_t n, int64_t want)
{
  struct wire_msg *m = wire_new(pool, CRYPT_RING, 9);
  for (size_t i = 0; i < n; i++)
    fixture_put_key(&fx, m, pool, names[i]);
  struct wire_msg *answer = peer_call(p, pool, m);
  ck_assert_msg(wire_type(answer) == CRYPT_RING_OK, "%s", wire_gets(answer, TAG_TEXT));
  ck_assert_int_eq(wire_geti(answer, CRYPT_TAG_RING_KEYS, 0), want);
  ck_assert_int_eq(wire_geti(answer, CRYPT_TAG_RING_OWN, 0), 1);
}

/* Another worker sees the new ring at its next operation, the key that is gone is gone. */
START_TEST(ring_switches_for_all_workers)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  static const char *const first[] = { "alice" }, *const second[] = { "mallory", "dave" };
  const char *home = fixture_copy(&fx, pool, "ring");
  struct peer agent = peer_start(home, PEER_AGENT, 0);
  struct peer a = peer_start(home, PEER_WORKER, 0), b = peer_start(home, PEER_WORKER, 0);
  ring_of(&a, pool, first, 1, 2);
  sealed(peer_call(&b, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))));
  ring_of(&a, pool, second, 2, 3);
  sealed(peer_call(&b, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "mallory"))));
  refused(peer_call(&b, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))), ST_REJECT,
          "not in the key ring");
  ring_of(&b, pool, NULL, 0, 1); /* ours alone */
  peer_stop(&a);
  peer_stop(&b);
  peer_stop(&agent);
}
END_TEST

/* The same certificates again cost no build; others, a ring or options that somebody changed do. */
START_TEST(ring_is_built_when_it_must)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  static const char *const names[] = { "alice" }, *const more[] = { "alice", "mallory" };
  const char *home = fixture_copy(&fx, pool, "ring-same");
  struct peer p = peer_start(home, PEER_WORKER, 0);
  ring_of(&p, pool, names, 1, 2);
  peer_run("cd '%s' && grep ^keyring gpg.conf >first && cp gpg.conf whole", home);
  ring_of(&p, pool, names, 1, 2);
  peer_run("cd '%s' && grep ^keyring gpg.conf | cmp - first", home);
  ring_of(&p, pool, more, 2, 3);
  peer_run("cd '%s' && ! grep ^keyring gpg.conf | cmp -s - first && grep ^keyring gpg.conf >first", home);
  peer_run("cd '%s' && touch -d 2020-01-01 $(sed 's/keyring //' first)", home);
  ring_of(&p, pool, more, 2, 3);
  peer_run("cd '%s' && ! grep ^keyring gpg.conf | cmp -s - first && grep ^keyring gpg.conf >first", home);
  peer_run("cd '%s' && echo '# by hand' >>gpg.conf", home);
  ring_of(&p, pool, more, 2, 3);
  peer_run("cd '%s' && ! grep ^keyring gpg.conf | cmp -s - first && ! grep 'by hand' gpg.conf && rm ring.sum", home);
  peer_run("cd '%s' && grep ^keyring gpg.conf >first", home);
  ring_of(&p, pool, more, 2, 3);
  peer_run("cd '%s' && ! grep ^keyring gpg.conf | cmp -s - first && test -s ring.sum", home);
  peer_stop(&p);
}
END_TEST

/* Killed at any moment while it builds: the home works, with the old or with the new ring, never with half a one. */
START_TEST(ring_survives_a_kill)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const char *home = fixture_copy(&fx, pool, "ring-kill");
  struct peer agent = peer_start(home, PEER_AGENT, 0);
  for (int round = 0; round < 14; round++) {
    struct peer p = peer_start(home, PEER_WORKER, 0);
    struct wire_msg *m = wire_new(pool, CRYPT_RING, 9);
    fixture_put_key(&fx, m, pool, "alice");
    fixture_put_key(&fx, m, pool, round % 2 ? "mallory" : "dave");
    peer_send(&p, m);
    usleep((useconds_t)round * 9000);
    peer_kill(&p);
    struct peer q = peer_start(home, PEER_WORKER, 0);
    sealed(peer_call(&q, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))));
    peer_stop(&q);
  }
  /* A gpg that lived on for a moment may have written into a home while it was swept: the next worker sweeps that. */
  for (int i = 0; i < 50 && fixture_scratch_files(home, ""); i++) {
    usleep(100000);
    struct peer p = peer_start(home, PEER_WORKER, 0);
    sealed(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))));
    peer_stop(&p);
  }
  ck_assert_uint_eq(fixture_scratch_files(home, ""), 0);
  peer_stop(&agent);
}
END_TEST

/* Our key has expired, and rings go on being built: mail to it is still opened, its expired parts are not cleaned away.
 */
START_TEST(expired_own_key_still_opens)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  static const char *const names[] = { "alice" }, *const others[] = { "mallory" };
  struct fault err = { 0 };
  struct pgp_result r;
  const char *home = fixture_copy(&fx, pool, "ring-expired");
  struct peer agent = peer_start(home, PEER_AGENT, 0);
  struct peer p = peer_start(home, PEER_WORKER, 0);
  struct bytes message = sealed(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fx.fpr)));
  peer_stop(&p);
  setenv("EMBARGOD_FAKE_TIME", "+94608000", 1); /* three years on */
  p = peer_start(home, PEER_WORKER, 0);
  unsetenv("EMBARGOD_FAKE_TIME");
  ring_of(&p, pool, others, 1, 2);
  ring_of(&p, pool, names, 1, 2);
  refused(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))), ST_RETRY, "expired");
  struct wire_msg *m = wire_new(pool, CRYPT_OPEN, 4);
  wire_put(m, TAG_BYTES, message);
  ck_assert_int_eq(pgp_result_get(peer_call(&p, pool, m), &r, &err), ST_OK);
  ck_assert_int_eq(r.outcome, PGP_OPENED);
  ck_assert_int_eq(r.sig[0].state, PGP_SIG_EXPIRED_KEY);
  peer_stop(&p);
  peer_stop(&agent);
}
END_TEST

#ifdef EMBARGOD_FAILPOINTS
START_TEST(ring_survives_each_failpoint)
{
  static const char *const points[] = { "crypt.ring.built", "crypt.ring.renamed", "crypt.ring.switched" };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const char *home = fixture_copy(&fx, pool, pool_printf(pool, "ring-point-%d", _i));
  struct peer agent = peer_start(home, PEER_AGENT, 0);
  setenv("EMBARGOD_FAILPOINT", points[_i], 1);
  struct peer p = peer_start(home, PEER_WORKER, 0);
  unsetenv("EMBARGOD_FAILPOINT");
  struct wire_msg *m = wire_new(pool, CRYPT_RING, 9);
  fixture_put_key(&fx, m, pool, "alice");
  fixture_put_key(&fx, m, pool, "mallory");
  peer_send(&p, m);
  ck_assert_ptr_null(peer_receive(&p, pool)); /* it died there */
  peer_kill(&p);
  struct peer q = peer_start(home, PEER_WORKER, 0);
  struct wire_msg *answer = peer_call(&q, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "mallory")));
  ck_assert_uint_eq(wire_type(answer), _i == 2 ? CRYPT_SEALED : CH_ERROR); /* only the last is behind the switch */
  sealed(peer_call(&q, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))));
  static const char *const names[] = { "alice", "mallory" };
  ring_of(&q, pool, names, 2, 3);
  peer_stop(&q);
  peer_stop(&agent);
}
END_TEST
#endif

/* ---- our own keys ---- */
START_TEST(own_and_a_second_key)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct fault err = { 0 };
  const char *home = fixture_copy(&fx, pool, "second");
  struct peer agent = peer_start(home, PEER_AGENT, 0);
  struct peer p = peer_start(home, PEER_WORKER, 0);
  struct pgp_cert *cert;
  size_t count;
  ck_assert_int_eq(pgp_certs_get(peer_call(&p, pool, wire_new(pool, CRYPT_OWN, 1)), pool, &cert, &count, &err), ST_OK);
  ck_assert_uint_eq(count, 1);
  ck_assert_str_eq(cert->fpr, fx.fpr);
  ck_assert(cert->flags & PGP_CERT_SECRET);
  struct wire_msg *m = wire_new(pool, CRYPT_GENERATE, 2);
  wire_puts(m, CRYPT_TAG_UID, "Gateway <gateway@x.example>");
  wire_puti(m, CRYPT_TAG_EXPIRES, 86400 * 30);
  ck_assert_int_eq(pgp_certs_get(peer_call(&p, pool, m), pool, &cert, &count, &err), ST_OK);
  ck_assert_uint_eq(count, 2);
  const char *fresh = strcmp(cert[0].fpr, fx.fpr) ? cert[0].fpr : cert[1].fpr;
  /* Both sign, both open; people's keys are still there. */
  sealed(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice"))));
  m = wire_new(pool, CRYPT_SEAL, 3);
  wire_put(m, TAG_BYTES, BYTES(ENTITY));
  wire_puti(m, CRYPT_TAG_ENCRYPT, 1);
  wire_puts(m, CRYPT_TAG_SIGNER, fresh);
  wire_puts(m, CRYPT_TAG_RECIPIENT, fresh);
  struct bytes message = sealed(peer_call(&p, pool, m));
  m = wire_new(pool, CRYPT_OPEN, 4);
  wire_put(m, TAG_BYTES, message);
  struct pgp_result *r = pool_new_of(pool, struct pgp_result);
  ck_assert_int_eq(pgp_result_get(peer_call(&p, pool, m), r, &err), ST_OK);
  ck_assert_int_eq(r->outcome, PGP_OPENED);
  ck_assert_str_eq(r->sig[0].primary, fresh);
  peer_stop(&p);
  peer_stop(&agent);
}
END_TEST

START_TEST(generate_refuses_nonsense)
{
  static const struct {
    const char *uid;
    int64_t expires;
  } bad[] = { { "Gateway <g@x.example>", 0 },         { "Gateway <g@x.example>", 10 },
              { "Gateway <g@x.example>", INT64_MAX }, { "", 86400 * 30 },
              { "no address", 86400 * 30 },           { "a\n%commit <g@x>", 86400 * 30 } };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p = peer_start(fx.home, PEER_WORKER, 0);
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    struct wire_msg *m = wire_new(pool, CRYPT_GENERATE, 2);
    wire_puts(m, CRYPT_TAG_UID, bad[i].uid);
    wire_puti(m, CRYPT_TAG_EXPIRES, bad[i].expires);
    refused(peer_call(&p, pool, m), ST_REJECT, "");
  }
  peer_stop(&p);
}
END_TEST

START_TEST(home_is_private)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct stat sb;
  ck_assert_int_eq(stat(fx.home, &sb), 0);
  ck_assert_int_eq(sb.st_mode & 0777, 0700);
  peer_run("test -z \"$(find '%s' -type f -perm /077)\"", fx.home);
  const char *exe = getenv("EMBARGOD_LIBEXEC");
  const char *open_home = fixture_copy(&fx, pool, "open-home");
  chmod(open_home, 0755);
  peer_run("! '%s/embargod-crypt' --home '%s' own 2>'%s/said' && grep -q 'chmod 700' '%s/said'", exe ? exe : ".",
           open_home, fx.dir, fx.dir);
  peer_run("mkdir -m 700 '%s/users' && echo 'keyserver x' >'%s/users/gpg.conf'", fx.dir, fx.dir);
  peer_run("! '%s/embargod-crypt' --home '%s/users' own 2>'%s/said' && grep -q 'of its own' '%s/said'", exe ? exe : ".",
           fx.dir, fx.dir, fx.dir);
}
END_TEST

/* Longer than a Unix socket's path may be. */
START_TEST(long_home_works)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  char part[101];
  memset(part, 'x', 100);
  part[100] = '\0';
  peer_run("mkdir -p '%s/%s/%s'", fx.dir, part, part);
  const char *home = fixture_copy(&fx, pool, pool_printf(pool, "%s/%s/home", part, part));
  struct peer agent = peer_start(home, PEER_AGENT, 0), p = peer_start(home, PEER_WORKER, 0);
  people_read(pool, sealed(peer_call(&p, pool, seal_request(pool, BYTES(ENTITY), fpr_of(pool, "alice")))),
              BYTES(ENTITY));
  peer_stop(&p);
  peer_stop(&agent);
}
END_TEST

/* ---- two workers at a time ---- */
START_TEST(two_workers_fifty_operations_each)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct peer p[2] = { peer_start(fx.home, PEER_WORKER, 0), peer_start(fx.home, PEER_WORKER, 0) };
  struct bytes message[2];
  for (int round = 0; round < 25; round++) {
    for (int w = 0; w < 2; w++)
      peer_send(&p[w], seal_request(pool, BYTES(ENTITY), fx.fpr));
    for (int w = 0; w < 2; w++)
      message[w] = sealed(peer_receive(&p[w], pool));
    for (int w = 0; w < 2; w++) {
      struct wire_msg *m = wire_new(pool, CRYPT_OPEN, 1);
      wire_put(m, TAG_BYTES, message[!w]); /* the other one's */
      peer_send(&p[w], m);
    }
    for (int w = 0; w < 2; w++) {
      struct pgp_result r;
      struct fault err = { 0 };
      ck_assert_msg(pgp_result_get(peer_receive(&p[w], pool), &r, &err) == ST_OK, "%s", err.text);
      ck_assert_int_eq(r.outcome, PGP_OPENED);
      ck_assert(bytes_eq(r.plain, BYTES(ENTITY)));
      ck_assert_int_eq(pgp_verdict(r.sig, r.sig_count), VERDICT_GOOD);
    }
  }
  for (int w = 0; w < 2; w++) {
    pid_t gpg[4];
    usleep(50000);
    for (size_t i = 0, n = peer_children(p[w].pid, "gpg", gpg, 4); i < n; i++)
      ck_assert(!pid_alive(gpg[i]));
    peer_stop(&p[w]);
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("crypt seal");
  TCase *t = tcase_create("real gpg");
  tcase_set_timeout(t, 120);
  tcase_add_unchecked_fixture(t, set_up, tear_down);
  tcase_add_test(t, seal_to_a_key_of_the_ring);
  tcase_add_test(t, seal_to_a_certificate_in_no_ring);
  tcase_add_test(t, clean_certificates);
  tcase_add_test(t, large_and_binary_content);
  tcase_add_test(t, unusable_recipients_are_refused);
  tcase_add_test(t, recipients_that_are_none);
  tcase_add_test(t, signers);
  tcase_add_test(t, detached_and_clear_signatures);
  tcase_add_test(t, dead_agent_means_later);
  tcase_add_test(t, inspect_each_certificate);
  tcase_add_test(t, inspect_what_is_no_key);
  tcase_add_test(t, inspect_files_at_once);
  tcase_add_test(t, inspecting_leaves_no_trace);
  tcase_add_test(t, ring_switches_for_all_workers);
  tcase_add_test(t, ring_is_built_when_it_must);
  tcase_add_test(t, ring_survives_a_kill);
  tcase_add_test(t, expired_own_key_still_opens);
#ifdef EMBARGOD_FAILPOINTS
  tcase_add_loop_test(t, ring_survives_each_failpoint, 0, 3);
#endif
  tcase_add_test(t, own_and_a_second_key);
  tcase_add_test(t, generate_refuses_nonsense);
  tcase_add_test(t, home_is_private);
  tcase_add_test(t, long_home_works);
  tcase_add_test(t, two_workers_fifty_operations_each);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
