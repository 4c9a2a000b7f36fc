/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pgp: verdicts, tiers, fingerprints, and answers of a helper that lies. */
#include <config.h>

#include <check.h>
#include <embargod/channel.h>
#include <embargod/pgp.h>
#include <stdlib.h>
#include <string.h>

#define FPR_A "0123456789ABCDEF0123456789ABCDEF01234567"
#define FPR_B "89ABCDEF0123456789ABCDEF0123456789ABCDEF"

static struct pgp_signature sig(enum pgp_sig_state state, bool extra)
{
  struct pgp_signature s = { .state = state, .made = 1700000000, .hash = "sha512", .extra_key = extra };
  strcpy(s.fpr, FPR_A);
  if (state != PGP_SIG_UNKNOWN_KEY)
    strcpy(s.primary, FPR_A);
  return s;
}

/* ---- verdict ---- */
static const struct {
  const char *name;
  unsigned count;
  enum pgp_sig_state state[3];
  bool extra[3];
  enum pgp_verdict want;
} verdicts[] = {
  { "none", 0, { 0 }, { 0 }, VERDICT_NONE },
  { "good", 1, { PGP_SIG_GOOD }, { 0 }, VERDICT_GOOD },
  { "two good", 2, { PGP_SIG_GOOD, PGP_SIG_GOOD }, { 0 }, VERDICT_GOOD },
  { "good by a key of the letter", 1, { PGP_SIG_GOOD }, { true }, VERDICT_UNKNOWN_KEY },
  { "good by both kinds", 2, { PGP_SIG_GOOD, PGP_SIG_GOOD }, { true, false }, VERDICT_GOOD },
  { "unknown", 1, { PGP_SIG_UNKNOWN_KEY }, { 0 }, VERDICT_UNKNOWN_KEY },
  { "good and unknown", 2, { PGP_SIG_GOOD, PGP_SIG_UNKNOWN_KEY }, { 0 }, VERDICT_UNKNOWN_KEY },
  { "expired key", 1, { PGP_SIG_EXPIRED_KEY }, { 0 }, VERDICT_EXPIRED },
  { "expired signature", 1, { PGP_SIG_EXPIRED }, { 0 }, VERDICT_EXPIRED },
  { "good and expired", 2, { PGP_SIG_GOOD, PGP_SIG_EXPIRED }, { 0 }, VERDICT_EXPIRED },
  { "expired and unknown", 2, { PGP_SIG_EXPIRED, PGP_SIG_UNKNOWN_KEY }, { 0 }, VERDICT_EXPIRED },
  { "revoked", 1, { PGP_SIG_REVOKED_KEY }, { 0 }, VERDICT_REVOKED },
  { "revoked and expired", 2, { PGP_SIG_REVOKED_KEY, PGP_SIG_EXPIRED }, { 0 }, VERDICT_REVOKED },
  { "weak", 1, { PGP_SIG_WEAK }, { 0 }, VERDICT_WEAK },
  { "future", 1, { PGP_SIG_FUTURE }, { 0 }, VERDICT_WEAK },
  { "weak and revoked", 2, { PGP_SIG_WEAK, PGP_SIG_REVOKED_KEY }, { 0 }, VERDICT_WEAK },
  { "bad", 1, { PGP_SIG_BAD }, { 0 }, VERDICT_BAD },
  { "bad last", 3, { PGP_SIG_GOOD, PGP_SIG_GOOD, PGP_SIG_BAD }, { 0 }, VERDICT_BAD },
  { "bad first", 3, { PGP_SIG_BAD, PGP_SIG_GOOD, PGP_SIG_WEAK }, { 0 }, VERDICT_BAD },
  { "a state that there is not", 1, { (enum pgp_sig_state)77 }, { 0 }, VERDICT_BAD },
};

START_TEST(verdict_of_every_mix)
{
  struct pgp_signature s[3];
  for (unsigned i = 0; i < verdicts[_i].count; i++)
    s[i] = sig(verdicts[_i].state[i], verdicts[_i].extra[i]);
  ck_assert_msg(pgp_verdict(s, verdicts[_i].count) == verdicts[_i].want, "%s", verdicts[_i].name);
}
END_TEST

/* No pair with a signature that is not good may come out as good; the order never matters. */
START_TEST(verdict_is_never_better_than_the_worst)
{
  for (int a = PGP_SIG_GOOD; a <= PGP_SIG_BAD; a++)
    for (int b = PGP_SIG_GOOD; b <= PGP_SIG_BAD; b++) {
      struct pgp_signature ab[] = { sig((enum pgp_sig_state)a, false), sig((enum pgp_sig_state)b, false) };
      struct pgp_signature ba[] = { ab[1], ab[0] };
      ck_assert_int_eq(pgp_verdict(ab, 2), pgp_verdict(ba, 2));
      ck_assert_int_eq(pgp_verdict(ab, 2) == VERDICT_GOOD, a == PGP_SIG_GOOD && b == PGP_SIG_GOOD);
      ck_assert_int_eq(pgp_verdict(ab, 2) == VERDICT_BAD, a == PGP_SIG_BAD || b == PGP_SIG_BAD);
    }
}
END_TEST

START_TEST(names_exist_for_all)
{
  for (int v = VERDICT_NONE; v <= VERDICT_PARTLY; v++)
    ck_assert_ptr_nonnull(pgp_verdict_name((enum pgp_verdict)v));
  ck_assert_str_eq(pgp_verdict_name(VERDICT_UNKNOWN_KEY), "unknown key");
  ck_assert_str_eq(pgp_verdict_name((enum pgp_verdict)99), "unknown");
  for (int o = PGP_OPENED; o <= PGP_FAILED; o++) {
    ck_assert(pgp_outcome_text((enum pgp_outcome)o)[0]);
    ck_assert_int_eq(pgp_outcome_advice((enum pgp_outcome)o)[0] != '\0', o != PGP_OPENED);
  }
  ck_assert_str_eq(pgp_outcome_text((enum pgp_outcome)0), "unknown outcome");
  ck_assert_str_eq(pgp_outcome_text((enum pgp_outcome)4711), "unknown outcome");
  ck_assert_str_eq(pgp_outcome_advice((enum pgp_outcome)4711), "");
  for (int t = TIER_NONE; t <= TIER_PINNED; t++)
    ck_assert_str_ne(key_tier_name((enum key_tier)t), "unknown");
}
END_TEST

/* ---- tiers ---- */
static const struct {
  enum key_tier old_tier;
  const char *old_fpr;
  bool old_usable;
  enum key_tier new_tier;
  const char *new_fpr;
  bool want;
} replaces[] = {
  { TIER_NONE, "", false, TIER_ATTACHED, FPR_B, true }, /* the first key */
  { TIER_NONE, NULL, false, TIER_AUTOCRYPT, FPR_B, true },
  { TIER_PINNED, FPR_A, true, TIER_ATTACHED, FPR_A, true },    /* a refresh */
  { TIER_ATTACHED, FPR_A, true, TIER_ATTACHED, FPR_B, false }, /* another key waits */
  { TIER_ATTACHED, FPR_A, true, TIER_AUTOCRYPT, FPR_B, false },
  { TIER_ATTACHED, FPR_A, true, TIER_WKD, FPR_B, false },
  { TIER_ATTACHED, FPR_A, true, TIER_SIGNED, FPR_B, true }, /* the old key's word */
  { TIER_PINNED, FPR_A, true, TIER_SIGNED, FPR_B, false },  /* an analyst's word stands above it */
  { TIER_PINNED, FPR_A, false, TIER_SIGNED, FPR_B, false },
  { TIER_PINNED, FPR_A, true, TIER_PINNED, FPR_B, true },
  { TIER_ATTACHED, FPR_A, false, TIER_ATTACHED, FPR_B, true }, /* the old one is no good any more */
  { TIER_AUTOCRYPT, FPR_A, false, TIER_ATTACHED, FPR_B, true },
  { TIER_WKD, FPR_A, false, TIER_ATTACHED, FPR_B, false },
  { TIER_SIGNED, FPR_A, false, TIER_WKD, FPR_B, false },
  { TIER_NONE, "", false, TIER_ATTACHED, "", false }, /* no key at all */
  { TIER_NONE, "", false, TIER_NONE, FPR_B, false },
};

START_TEST(tier_replacement)
{
  ck_assert_int_eq(key_tier_may_replace(replaces[_i].old_tier, replaces[_i].old_fpr, replaces[_i].old_usable,
                                        replaces[_i].new_tier, replaces[_i].new_fpr),
                   replaces[_i].want);
}
END_TEST

/* ---- fingerprints ---- */
static const struct {
  const char *text, *want;
} fprs[] = {
  { FPR_A, FPR_A },
  { "0123456789abcdef0123456789abcdef01234567", FPR_A },
  { "0x0123456789ABCDEF0123456789ABCDEF01234567", FPR_A },
  { " 0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567\r\n", FPR_A },
  { "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67", FPR_A },
  { "0123\xc2\xa0"
    "4567\xc2\xa0"
    "89AB CDEF 0123  4567 89AB CDEF 0123 4567",
    FPR_A },
  { FPR_A "89ABCDEF0123456789ABCDEF", FPR_A "89ABCDEF0123456789ABCDEF" }, /* 64 digits */
  { "0123456789ABCDEF", "" },                                             /* a key id is none */
  { FPR_A "0", "" },
  { FPR_A FPR_B, "" },
  { "alice@example.org", "" },
  { "0123456789ABCDEF0123456789ABCDEF0123456G", "" },
  { "", "" },
  { NULL, "" },
};

START_TEST(fingerprint_normal)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  ck_assert_str_eq(pgp_fpr_normal(pool, fprs[_i].text), fprs[_i].want);
}
END_TEST

START_TEST(fingerprint_pretty_and_back)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  ck_assert_str_eq(pgp_fpr_pretty(pool, FPR_A), "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567");
  ck_assert_str_eq(pgp_fpr_normal(pool, pgp_fpr_pretty(pool, FPR_A)), FPR_A);
  ck_assert_str_eq(pgp_fpr_pretty(pool, ""), "");
  ck_assert_str_eq(pgp_fpr_pretty(pool, NULL), "");
}
END_TEST

/* ---- certificates ---- */
START_TEST(cert_address)
{
  struct pgp_cert c = { .uid_count = 3, .address = { "", "joe.doe@example.org", "j@x.example" } };
  ck_assert(pgp_cert_has_address(&c, "Joe.Doe@EXAMPLE.org"));
  ck_assert(pgp_cert_has_address(&c, "j@x.example"));
  ck_assert(!pgp_cert_has_address(&c, "doe@example.org"));
  ck_assert(!pgp_cert_has_address(&c, "example.org"));
  ck_assert(!pgp_cert_has_address(&c, "")); /* an empty one matches nobody */
  ck_assert(!pgp_cert_has_address(&c, NULL));
}
END_TEST

START_TEST(cert_usable)
{
  struct pgp_cert c = { .flags = PGP_CERT_CAN_ENCRYPT };
  ck_assert(pgp_cert_usable(&c, 1000));
  c.expires = 1000;
  ck_assert(pgp_cert_usable(&c, 999));
  ck_assert(!pgp_cert_usable(&c, 1000));
  static const unsigned bad[] = { PGP_CERT_CAN_SIGN, PGP_CERT_CAN_ENCRYPT | PGP_CERT_EXPIRED,
                                  PGP_CERT_CAN_ENCRYPT | PGP_CERT_REVOKED, PGP_CERT_CAN_ENCRYPT | PGP_CERT_INVALID, 0 };
  for (size_t i = 0; i < ARRAY_LEN(bad); i++)
    ck_assert(!pgp_cert_usable(&(struct pgp_cert){ .flags = bad[i] }, 1000));
}
END_TEST

/* ---- the answer ---- */
static struct pgp_result *sample(struct pool *pool)
{
  struct pgp_result *r = pool_new_of(pool, struct pgp_result);
  r->outcome = PGP_OPENED;
  r->encrypted = true;
  strcpy(r->advice, "nothing to say");
  r->sig[0] = sig(PGP_SIG_GOOD, false);
  r->sig[1] = sig(PGP_SIG_UNKNOWN_KEY, false);
  strcpy(r->sig[1].fpr, "0123456789ABCDEF");
  r->sig[2] = sig(PGP_SIG_GOOD, true);
  r->sig_count = 3;
  strcpy(r->recipient[0], "89ABCDEF01234567");
  r->recipient_count = 1;
  r->plain = BYTES("plain\0text");
  return r;
}

START_TEST(result_goes_round)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct fault err = { 0 };
  struct pgp_result *in = sample(pool), *out = pool_new_of(pool, struct pgp_result);
  struct wire_msg *m = wire_new(pool, CRYPT_OPENED, 1);
  pgp_result_put(m, in);
  ck_assert_msg(pgp_result_get(m, out, &err) == ST_OK, "%s", err.text);
  ck_assert_int_eq(out->outcome, PGP_OPENED);
  ck_assert(out->encrypted);
  ck_assert_str_eq(out->advice, in->advice);
  ck_assert_uint_eq(out->sig_count, 3);
  for (unsigned i = 0; i < 3; i++) {
    ck_assert_int_eq(out->sig[i].state, in->sig[i].state);
    ck_assert_str_eq(out->sig[i].fpr, in->sig[i].fpr);
    ck_assert_str_eq(out->sig[i].primary, in->sig[i].primary);
    ck_assert_str_eq(out->sig[i].hash, in->sig[i].hash);
    ck_assert_int_eq(out->sig[i].made, in->sig[i].made);
    ck_assert_int_eq(out->sig[i].extra_key, in->sig[i].extra_key);
  }
  ck_assert_uint_eq(out->recipient_count, 1);
  ck_assert_str_eq(out->recipient[0], in->recipient[0]);
  ck_assert(bytes_eq(out->plain, in->plain));
}
END_TEST

START_TEST(empty_plaintext_is_one)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct pgp_result in = { .outcome = PGP_OPENED, .plain = BYTES("") }, out;
  struct wire_msg *m = wire_new(pool, CRYPT_OPENED, 1);
  pgp_result_put(m, &in);
  ck_assert_int_eq(pgp_result_get(m, &out, NULL), ST_OK);
  ck_assert_ptr_nonnull(out.plain.p);
  ck_assert_uint_eq(out.plain.len, 0);
}
END_TEST

START_TEST(failed_result_carries_no_plaintext)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct pgp_result *in = sample(pool), out;
  in->outcome = PGP_DAMAGED;
  in->sig_count = 0;
  struct wire_msg *m = wire_new(pool, CRYPT_OPENED, 1);
  pgp_result_put(m, in);
  ck_assert_int_eq(pgp_result_get(m, &out, NULL), ST_OK);
  ck_assert_ptr_null(out.plain.p);
}
END_TEST

struct lie {
  uint16_t tag;
  const char *text; /* NULL: the number */
  int64_t number;
};
#define LIES_MAX 6
static const struct {
  const char *name;
  struct lie field[LIES_MAX]; /* tag 0 ends */
} hostile[] = {
  { "nothing at all", { { 0 } } },
  { "no outcome", { { CRYPT_TAG_ENCRYPTED, NULL, 1 } } },
  { "outcome 0", { { CRYPT_TAG_OUTCOME, NULL, 0 } } },
  { "outcome 11", { { CRYPT_TAG_OUTCOME, NULL, 11 } } },
  { "outcome beyond int", { { CRYPT_TAG_OUTCOME, NULL, INT64_C(0x100000001) } } },
  { "outcome as text", { { CRYPT_TAG_OUTCOME, "1", 0 } } },
  { "two outcomes", { { CRYPT_TAG_OUTCOME, NULL, PGP_DAMAGED }, { CRYPT_TAG_OUTCOME, NULL, PGP_OPENED } } },
  { "encrypted 2", { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_ENCRYPTED, NULL, 2 } } },
  { "damaged with plaintext", { { CRYPT_TAG_OUTCOME, NULL, PGP_DAMAGED }, { TAG_BYTES, "leak", 0 } } },
  { "two plaintexts", { { CRYPT_TAG_OUTCOME, NULL, 1 }, { TAG_BYTES, "a", 0 }, { TAG_BYTES, "b", 0 } } },
  { "damaged with a signature", { { CRYPT_TAG_OUTCOME, NULL, 3 }, { CRYPT_TAG_SIG, NULL, PGP_SIG_BAD } } },
  { "signature state 0", { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 0 } } },
  { "signature state 9", { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 9 } } },
  { "field outside a record", { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG_FPR, FPR_A, 0 } } },
  { "good by nobody", { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, PGP_SIG_GOOD } } },
  { "good, primary missing",
    { { CRYPT_TAG_OUTCOME, NULL, 1 },
      { CRYPT_TAG_SIG, NULL, PGP_SIG_GOOD },
      { CRYPT_TAG_SIG_FPR, FPR_A, 0 },
      { CRYPT_TAG_SIG_TIME, NULL, 1700000000 } } },
  { "good, no time",
    { { CRYPT_TAG_OUTCOME, NULL, 1 },
      { CRYPT_TAG_SIG, NULL, PGP_SIG_GOOD },
      { CRYPT_TAG_SIG_FPR, FPR_A, 0 },
      { CRYPT_TAG_SIG_PRIMARY, FPR_A, 0 } } },
  { "fingerprint too short",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_FPR, "0123", 0 } } },
  { "fingerprint too long",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_FPR, FPR_A FPR_B, 0 } } },
  { "fingerprint of other letters",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_FPR, "'; DROP TABLE --", 0 } } },
  { "primary is a key id",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_PRIMARY, "0123456789ABCDEF", 0 } } },
  { "time before 1970",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_TIME, NULL, -5 } } },
  { "time beyond the year 9999",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_TIME, NULL, INT64_MAX } } },
  { "hash too long",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_HASH, "sha512sha512sha512", 0 } } },
  { "hash with a line break",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_HASH, "sha\r\n", 0 } } },
  { "extra key 7",
    { { CRYPT_TAG_OUTCOME, NULL, 1 }, { CRYPT_TAG_SIG, NULL, 2 }, { CRYPT_TAG_SIG_EXTRA_KEY, NULL, 7 } } },
  { "recipient of other letters",
    { { CRYPT_TAG_OUTCOME, NULL, 2 }, { CRYPT_TAG_RECIPIENT_ID, "somebody@example", 0 } } },
  { "advice with a line break", { { CRYPT_TAG_OUTCOME, NULL, 2 }, { CRYPT_TAG_ADVICE, "a\nSubject: b", 0 } } },
  { "advice that is no UTF-8", { { CRYPT_TAG_OUTCOME, NULL, 2 }, { CRYPT_TAG_ADVICE, "\xff\xfe", 0 } } },
};

static struct wire_msg *told(struct pool *pool, const struct lie *field)
{
  struct wire_msg *m = wire_new(pool, CRYPT_OPENED, 1);
  for (size_t i = 0; i < LIES_MAX && field[i].tag; i++)
    if (field[i].text)
      wire_puts(m, field[i].tag, field[i].text);
    else
      wire_puti(m, field[i].tag, field[i].number);
  return m;
}

START_TEST(hostile_answer_is_rejected)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct fault err = { 0 };
  struct pgp_result out;
  enum status st = pgp_result_get(told(pool, hostile[_i].field), &out, &err);
  ck_assert_msg(st == ST_REJECT, "%s: %s", hostile[_i].name, status_name(st));
  ck_assert(err.text[0]);
}
END_TEST

START_TEST(too_many_of_anything_is_rejected)
{
  static const struct lie many[] = { { CRYPT_TAG_SIG, NULL, PGP_SIG_BAD },
                                     { CRYPT_TAG_RECIPIENT_ID, "89ABCDEF01234567", 0 } };
  static const int fits[] = { PGP_SIGNATURES_MAX, PGP_RECIPIENTS_MAX };
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct pgp_result *out = pool_new_of(pool, struct pgp_result);
  for (size_t k = 0; k < ARRAY_LEN(many); k++)
    for (int more = 0; more < 2; more++) {
      struct wire_msg *m = wire_new(pool, CRYPT_OPENED, 1);
      wire_puti(m, CRYPT_TAG_OUTCOME, PGP_OPENED);
      for (int i = 0; i < fits[k] + more; i++)
        if (many[k].text)
          wire_puts(m, many[k].tag, many[k].text);
        else
          wire_puti(m, many[k].tag, many[k].number);
      ck_assert_int_eq(pgp_result_get(m, out, NULL), more ? ST_REJECT : ST_OK);
    }
}
END_TEST

START_TEST(advice_is_cut_at_a_character)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct pgp_result out;
  struct wire_msg *m = wire_new(pool, CRYPT_OPENED, 1);
  struct buf long_text = buf_new(pool, 1000);
  buf_adds(&long_text, "x");
  for (int i = 0; i < 300; i++)
    buf_adds(&long_text, "\xc3\xa4");
  wire_puti(m, CRYPT_TAG_OUTCOME, PGP_FAILED);
  wire_puts(m, CRYPT_TAG_ADVICE, buf_str(&long_text));
  ck_assert_int_eq(pgp_result_get(m, &out, NULL), ST_OK);
  ck_assert_uint_eq(strlen(out.advice), 255); /* 1 + 127 * 2 */
}
END_TEST

/* ---- lists of certificates ---- */
START_TEST(certs_go_round)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct fault err = { 0 };
  struct wire_msg *m = wire_new(pool, CRYPT_INSPECTED, 1);
  struct pgp_cert a = { .fpr = FPR_A,
                        .flags = PGP_CERT_CAN_ENCRYPT | PGP_CERT_SECRET,
                        .created = 1,
                        .expires = 2,
                        .uid = { "Joe <joe@x.example>", "no address" },
                        .address = { "joe@x.example", "" },
                        .uid_count = 2,
                        .algo = "ed25519",
                        .key = BYTES("\x98\0key") };
  struct pgp_cert b = { .fpr = FPR_B, .algo = "rsa4096" }, *out;
  size_t count;
  pgp_cert_put(m, &a);
  pgp_cert_put(m, &b);
  ck_assert_msg(pgp_certs_get(m, pool, &out, &count, &err) == ST_OK, "%s", err.text);
  ck_assert_uint_eq(count, 2);
  ck_assert_str_eq(out[0].fpr, FPR_A);
  ck_assert_uint_eq(out[0].flags, a.flags);
  ck_assert_int_eq(out[0].created, 1);
  ck_assert_int_eq(out[0].expires, 2);
  ck_assert_uint_eq(out[0].uid_count, 2);
  ck_assert_str_eq(out[0].uid[0], a.uid[0]);
  ck_assert_str_eq(out[0].address[0], a.address[0]);
  ck_assert_str_eq(out[0].address[1], "");
  ck_assert_str_eq(out[0].algo, "ed25519");
  ck_assert(bytes_eq(out[0].key, a.key));
  ck_assert_str_eq(out[1].fpr, FPR_B);
  ck_assert_uint_eq(out[1].uid_count, 0);
  ck_assert_uint_eq(out[1].key.len, 0);
}
END_TEST

static const struct {
  const char *name;
  struct lie field[LIES_MAX];
} hostile_certs[] = {
  { "no fingerprint", { { CRYPT_TAG_CERT, "", 0 } } },
  { "a key id for a fingerprint", { { CRYPT_TAG_CERT, "0123456789ABCDEF", 0 } } },
  { "field outside a record", { { CRYPT_TAG_CERT_UID, "x", 0 } } },
  { "address without user id", { { CRYPT_TAG_CERT, FPR_A, 0 }, { CRYPT_TAG_CERT_ADDRESS, "a@b", 0 } } },
  { "address with a line break",
    { { CRYPT_TAG_CERT, FPR_A, 0 },
      { CRYPT_TAG_CERT_UID, "x", 0 },
      { CRYPT_TAG_CERT_ADDRESS, "a@b\r\nRCPT TO:<c@d>", 0 } } },
  { "negative flags", { { CRYPT_TAG_CERT, FPR_A, 0 }, { CRYPT_TAG_CERT_FLAGS, NULL, -1 } } },
  { "huge flags", { { CRYPT_TAG_CERT, FPR_A, 0 }, { CRYPT_TAG_CERT_FLAGS, NULL, INT64_MAX } } },
  { "expiry as text", { { CRYPT_TAG_CERT, FPR_A, 0 }, { CRYPT_TAG_CERT_EXPIRES, "never", 0 } } },
  { "algorithm with a quote", { { CRYPT_TAG_CERT, FPR_A, 0 }, { CRYPT_TAG_CERT_ALGO, "rsa\"4096", 0 } } },
};

START_TEST(hostile_certs_are_rejected)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct pgp_cert *out;
  size_t count;
  enum status st = pgp_certs_get(told(pool, hostile_certs[_i].field), pool, &out, &count, NULL);
  ck_assert_msg(st == ST_REJECT, "%s", hostile_certs[_i].name);
  ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(too_many_certs_or_uids)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct pgp_cert *out;
  size_t count;
  for (int more = 0; more < 2; more++) {
    struct wire_msg *m = wire_new(pool, CRYPT_INSPECTED, 1);
    for (int i = 0; i < PGP_CERTS_MAX + more; i++)
      wire_puts(m, CRYPT_TAG_CERT, FPR_A);
    ck_assert_int_eq(pgp_certs_get(m, pool, &out, &count, NULL), more ? ST_REJECT : ST_OK);
    m = wire_new(pool, CRYPT_INSPECTED, 1);
    wire_puts(m, CRYPT_TAG_CERT, FPR_A);
    for (int i = 0; i < PGP_UIDS_MAX + more; i++)
      wire_puts(m, CRYPT_TAG_CERT_UID, "u");
    ck_assert_int_eq(pgp_certs_get(m, pool, &out, &count, NULL), more ? ST_REJECT : ST_OK);
  }
}
END_TEST

START_TEST(uid_is_cleaned)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct wire_msg *m = wire_new(pool, CRYPT_INSPECTED, 1);
  struct pgp_cert *out;
  size_t count;
  wire_puts(m, CRYPT_TAG_CERT, FPR_A);
  wire_puts(m, CRYPT_TAG_CERT_UID, "Eve\x1b[31m\r\nBcc: x");
  ck_assert_int_eq(pgp_certs_get(m, pool, &out, &count, NULL), ST_OK);
  for (const char *c = out[0].uid[0]; *c; c++)
    ck_assert_uint_ge((unsigned char)*c, 0x20);
  ck_assert_str_eq(out[0].address[0], "");
}
END_TEST

int main(void)
{
  Suite *s = suite_create("pgp");
  TCase *t = tcase_create("decisions");
  tcase_add_loop_test(t, verdict_of_every_mix, 0, ARRAY_LEN(verdicts));
  tcase_add_test(t, verdict_is_never_better_than_the_worst);
  tcase_add_test(t, names_exist_for_all);
  tcase_add_loop_test(t, tier_replacement, 0, ARRAY_LEN(replaces));
  tcase_add_loop_test(t, fingerprint_normal, 0, ARRAY_LEN(fprs));
  tcase_add_test(t, fingerprint_pretty_and_back);
  tcase_add_test(t, cert_address);
  tcase_add_test(t, cert_usable);
  suite_add_tcase(s, t);
  t = tcase_create("answers");
  tcase_add_test(t, result_goes_round);
  tcase_add_test(t, empty_plaintext_is_one);
  tcase_add_test(t, failed_result_carries_no_plaintext);
  tcase_add_loop_test(t, hostile_answer_is_rejected, 0, ARRAY_LEN(hostile));
  tcase_add_test(t, too_many_of_anything_is_rejected);
  tcase_add_test(t, advice_is_cut_at_a_character);
  tcase_add_test(t, certs_go_round);
  tcase_add_loop_test(t, hostile_certs_are_rejected, 0, ARRAY_LEN(hostile_certs));
  tcase_add_test(t, too_many_certs_or_uids);
  tcase_add_test(t, uid_is_cleaned);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
