/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pgp: what gpgme's results mean (pure: results -> verdict), trust tiers of keys. No library here. */
#ifndef EMBARGOD_PGP_H
#define EMBARGOD_PGP_H
#include <embargod/base.h>
#include <embargod/wire.h>

#define PGP_FPR_MAX 64 /* 40 hex digits (v4) or 64 (v5/6) */

enum pgp_outcome {
  PGP_OPENED = 1,     /* plaintext is here, integrity protected, below the cap (or VERIFY ran) */
  PGP_NO_SECRET_KEY,  /* for other keys; recipients say which */
  PGP_DAMAGED,        /* altered, truncated, or no integrity protection */
  PGP_NO_DATA,        /* no OpenPGP in it, or a newer format: advice says */
  PGP_PASSPHRASE,     /* symmetric only */
  PGP_TOO_LARGE,      /* the plaintext passed the cap: a bomb */
  PGP_UNSUPPORTED,    /* newer format or algorithm: advice names it */
  PGP_AGENT,          /* our key is among the recipients but the agent did not answer: RETRY, never told to a sender */
  PGP_TIMEOUT,        /* deadline; gpg was killed */
  PGP_FAILED,         /* anything else: advice has gpg's words */
};
enum pgp_sig_state {
  PGP_SIG_GOOD = 1,    /* valid, key valid at that time, hash SHA-256 or better */
  PGP_SIG_UNKNOWN_KEY,
  PGP_SIG_EXPIRED_KEY, /* the key has expired by now, whenever it signed */
  PGP_SIG_EXPIRED,     /* the signature itself has expired */
  PGP_SIG_REVOKED_KEY,
  PGP_SIG_WEAK,        /* SHA-1, MD5, RIPEMD */
  PGP_SIG_FUTURE,      /* made in the future */
  PGP_SIG_BAD,
};
struct pgp_signature {
  enum pgp_sig_state state;
  char fpr[PGP_FPR_MAX + 1];     /* signing (sub)key, upper-case hex */
  char primary[PGP_FPR_MAX + 1]; /* "" when the key is unknown */
  int64_t made;                  /* creation time */
  char hash[16];
  bool extra_key;                /* by a key that came with the letter */
};
#define PGP_SIGNATURES_MAX 16
#define PGP_RECIPIENTS_MAX 64
struct pgp_result {
  enum pgp_outcome outcome;
  bool encrypted;
  char advice[256];
  struct pgp_signature sig[PGP_SIGNATURES_MAX];
  unsigned sig_count;
  char recipient[PGP_RECIPIENTS_MAX][PGP_FPR_MAX + 1];
  unsigned recipient_count;
  struct bytes plain; /* borrowed from the answer */
};
/* Core's side: a CRYPT_OPENED/CRYPT_VERIFIED answer, bounded; and the child's side. */
MUST_USE enum status pgp_result_get(const struct wire_msg *m, struct pgp_result *out, struct fault *err);
void pgp_result_put(struct wire_msg *m, const struct pgp_result *r);

enum pgp_cert_flag {
  PGP_CERT_CAN_ENCRYPT = 1 << 0,
  PGP_CERT_CAN_SIGN = 1 << 1,
  PGP_CERT_EXPIRED = 1 << 2,
  PGP_CERT_REVOKED = 1 << 3,
  PGP_CERT_SECRET = 1 << 4, /* we hold the secret part */
  PGP_CERT_INVALID = 1 << 5,
};
#define PGP_UIDS_MAX 32
struct pgp_cert {
  char fpr[PGP_FPR_MAX + 1];
  unsigned flags;
  int64_t created, expires; /* expires 0: never; else when the key or its last encryption subkey ends, the earlier */
  const char *uid[PGP_UIDS_MAX];     /* in the pool given to pgp_certs_get */
  const char *address[PGP_UIDS_MAX]; /* "" when that uid has none */
  unsigned uid_count;
  const char *algo;
  struct bytes key; /* minimal binary export; may be empty */
};
#define PGP_CERTS_MAX 64
MUST_USE enum status pgp_certs_get(const struct wire_msg *m, struct pool *pool, struct pgp_cert **out, size_t *count,
                                   struct fault *err);
void pgp_cert_put(struct wire_msg *m, const struct pgp_cert *cert);
/* The certificate has that address as a user id (RFC 5321: domain case-insensitive, local part too here). */
bool pgp_cert_has_address(const struct pgp_cert *cert, const char *address);
bool pgp_cert_usable(const struct pgp_cert *cert, int64_t now); /* can encrypt, neither expired nor revoked */

/* ---- verdict: which key signed which bytes, when, for a whole layer ---- */
enum pgp_verdict {
  VERDICT_NONE = 0,    /* not signed */
  VERDICT_GOOD,        /* every signature good, at least one by a known key */
  VERDICT_UNKNOWN_KEY, /* well-formed, but one of them, or all that are good, by keys not in the ring (extra_key too) */
  VERDICT_EXPIRED,
  VERDICT_REVOKED,
  VERDICT_WEAK,        /* weak digest or made in the future */
  VERDICT_BAD,         /* any bad signature makes the whole bad */
  VERDICT_PARTLY,      /* only some of the parts are under a signature */
};
const char *pgp_verdict_name(enum pgp_verdict v); /* "good", "unknown key", ... */
const char *pgp_outcome_text(enum pgp_outcome o); /* for people: what happened */
const char *pgp_outcome_advice(enum pgp_outcome o); /* for people: what to do */
enum pgp_verdict pgp_verdict(const struct pgp_signature *sig, unsigned count);

/* Where a key came from, the better the higher (design: trust tiers). */
enum key_tier { TIER_NONE = 0, TIER_ATTACHED, TIER_AUTOCRYPT, TIER_WKD, TIER_SIGNED, TIER_PINNED };
const char *key_tier_name(enum key_tier t);
/* May a key of tier `new_tier` with fingerprint new_fpr replace old at once? A key of a known reporter that changes
 * its fingerprint waits for a signature by the old key or an analyst's word, unless the old one is unusable and only
 * attached/autocrypt. Same fingerprint: always (refresh). */
bool key_tier_may_replace(enum key_tier old_tier, const char *old_fpr, bool old_usable, enum key_tier new_tier,
                          const char *new_fpr);
/* "ABCD 1234 ...": for people; and back: strips spaces, "0x", colons; "" when it is no fingerprint. */
char *pgp_fpr_pretty(struct pool *pool, const char *fpr);
char *pgp_fpr_normal(struct pool *pool, const char *text);
#endif
