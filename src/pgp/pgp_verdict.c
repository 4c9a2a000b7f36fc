/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pgp/verdict: pure decisions: what a layer's signatures amount to, which key may replace which. */
#include <config.h>

#include <embargod/pgp.h>
#include <embargod/text.h>
#include <string.h>

/* The worse a verdict, the further down: the worst signature decides for the whole layer. */
static const struct {
  enum pgp_sig_state state;
  enum pgp_verdict verdict;
  unsigned rank;
} weights[] = {
  { PGP_SIG_GOOD, VERDICT_GOOD, 1 },           { PGP_SIG_UNKNOWN_KEY, VERDICT_UNKNOWN_KEY, 2 },
  { PGP_SIG_EXPIRED_KEY, VERDICT_EXPIRED, 3 }, { PGP_SIG_EXPIRED, VERDICT_EXPIRED, 3 },
  { PGP_SIG_REVOKED_KEY, VERDICT_REVOKED, 4 }, { PGP_SIG_WEAK, VERDICT_WEAK, 5 },
  { PGP_SIG_FUTURE, VERDICT_WEAK, 5 },         { PGP_SIG_BAD, VERDICT_BAD, 6 },
};

static size_t weight_of(enum pgp_sig_state state)
{
  for (size_t i = 0; i < ARRAY_LEN(weights); i++)
    if (weights[i].state == state)
      return i;
  return ARRAY_LEN(weights) - 1; /* a state that we do not know is as bad as bad */
}

enum pgp_verdict pgp_verdict(const struct pgp_signature *sig, unsigned count)
{
  if (count == 0)
    return VERDICT_NONE;
  size_t worst = 0;
  bool known = false;
  for (unsigned i = 0; i < count; i++) {
    size_t w = weight_of(sig[i].state);
    if (weights[w].rank > weights[worst].rank)
      worst = w;
    known = known || (sig[i].state == PGP_SIG_GOOD && !sig[i].extra_key && sig[i].primary[0]);
  }
  /* Good, but only by keys that came with the letter itself: they prove nothing about who it is. */
  if (weights[worst].verdict == VERDICT_GOOD && !known)
    return VERDICT_UNKNOWN_KEY;
  return weights[worst].verdict;
}

bool key_tier_may_replace(enum key_tier old_tier, const char *old_fpr, bool old_usable, enum key_tier new_tier,
                          const char *new_fpr)
{
  bool have_old = old_tier != TIER_NONE && old_fpr && *old_fpr;
  if (!new_fpr || !*new_fpr || new_tier == TIER_NONE)
    return false;
  if (!have_old || text_ieq(old_fpr, new_fpr))
    return true;
  if (new_tier >= TIER_SIGNED) /* the old key's signature or an analyst's word */
    return new_tier >= old_tier;
  return !old_usable && old_tier <= TIER_AUTOCRYPT;
}

bool pgp_cert_has_address(const struct pgp_cert *cert, const char *address)
{
  if (text_empty(address))
    return false;
  for (unsigned i = 0; i < cert->uid_count; i++)
    if (cert->address[i] && text_ieq(cert->address[i], address))
      return true;
  return false;
}

bool pgp_cert_usable(const struct pgp_cert *cert, int64_t now)
{
  unsigned bad = PGP_CERT_EXPIRED | PGP_CERT_REVOKED | PGP_CERT_INVALID;
  if (!(cert->flags & PGP_CERT_CAN_ENCRYPT) || (cert->flags & bad))
    return false;
  return cert->expires == 0 || cert->expires > now;
}
