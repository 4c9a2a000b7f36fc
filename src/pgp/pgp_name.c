/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pgp/name: words for people: verdicts, outcomes, tiers, fingerprints. */
#include <config.h>

#include <embargod/pgp.h>
#include <embargod/text.h>
#include <string.h>

static const char *const verdict_names[] = {
  [VERDICT_NONE] = "not signed",
  [VERDICT_GOOD] = "good",
  [VERDICT_UNKNOWN_KEY] = "unknown key",
  [VERDICT_EXPIRED] = "expired",
  [VERDICT_REVOKED] = "revoked",
  [VERDICT_WEAK] = "weak or post-dated",
  [VERDICT_BAD] = "bad",
  [VERDICT_PARTLY] = "partly signed",
};

const char *pgp_verdict_name(enum pgp_verdict v)
{
  return (unsigned)v < ARRAY_LEN(verdict_names) ? verdict_names[v] : "unknown";
}

static const struct {
  const char *text, *advice;
} outcomes[] = {
  [PGP_OPENED] = { "opened", "" },
  [PGP_NO_SECRET_KEY] = { "encrypted to another key, not to ours",
                          "Encrypt to the key that is attached to our mails, and send it again." },
  [PGP_DAMAGED] = { "damaged, cut short, or without integrity protection",
                    "Send it again; if that fails too, attach the encrypted file instead of putting it into the text, "
                    "and use a current OpenPGP program." },
  [PGP_NO_DATA] = { "no readable OpenPGP data", "Send it again as PGP/MIME or as an attached .asc file." },
  [PGP_PASSPHRASE] = { "encrypted with a passphrase only",
                       "Encrypt to our key: a passphrase alone does not reach us." },
  [PGP_TOO_LARGE] = { "larger than allowed once unpacked",
                      "Send less: the smallest file that shows the problem, or several letters." },
  [PGP_UNSUPPORTED] = { "made with a newer OpenPGP format or algorithm than we read",
                        "Encrypt in the format of RFC 4880 (for example with GnuPG's option --rfc4880)." },
  [PGP_AGENT] = { "our own key store did not answer",
                  "Nothing to do for the sender: the letter is tried again. Operator: look after gpg-agent." },
  [PGP_TIMEOUT] = { "decryption took too long and was stopped", "Send less, or attach the files one by one." },
  [PGP_FAILED] = { "could not be decrypted", "Send it again as PGP/MIME, one encrypted message in each letter." },
};

const char *pgp_outcome_text(enum pgp_outcome o)
{
  return (unsigned)o < ARRAY_LEN(outcomes) && outcomes[o].text ? outcomes[o].text : "unknown outcome";
}

const char *pgp_outcome_advice(enum pgp_outcome o)
{
  return (unsigned)o < ARRAY_LEN(outcomes) && outcomes[o].advice ? outcomes[o].advice : "";
}

static const char *const tier_names[] = {
  [TIER_NONE] = "none", [TIER_ATTACHED] = "attached", [TIER_AUTOCRYPT] = "Autocrypt",
  [TIER_WKD] = "WKD",   [TIER_SIGNED] = "signed",     [TIER_PINNED] = "pinned",
};

const char *key_tier_name(enum key_tier t)
{
  return (unsigned)t < ARRAY_LEN(tier_names) ? tier_names[t] : "unknown";
}

static bool is_hex(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static char upper(char c)
{
  return c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c;
}

/* NO-BREAK SPACE as UTF-8: mail programs put it between the groups of a fingerprint. */
static bool is_nbsp(const char *s)
{
  return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] == 0xa0;
}

char *pgp_fpr_normal(struct pool *pool, const char *text)
{
  char out[PGP_FPR_MAX + 1];
  size_t n = 0;
  const char *s = text ? text : "";
  while (*s == ' ' || *s == '\t')
    s++;
  if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
    s += 2;
  for (; *s; s++) {
    if (is_nbsp(s))
      s++;
    else if (is_hex(*s) && n < PGP_FPR_MAX)
      out[n++] = upper(*s);
    else if (!strchr(" \t\r\n:", *s))
      return pool_strdup(pool, "");
  }
  out[n] = '\0';
  return pool_strdup(pool, n == 40 || n == 64 ? out : "");
}

char *pgp_fpr_pretty(struct pool *pool, const char *fpr)
{
  struct buf b = buf_new(pool, PGP_FPR_MAX * 2);
  size_t len = strlen(fpr ? fpr : "");
  for (size_t i = 0; i < len; i++) {
    if (i && i % 4 == 0)
      buf_adds(&b, i * 2 == len && len >= 40 ? "  " : " ");
    buf_addc(&b, upper(fpr[i]));
  }
  return buf_str(&b);
}
