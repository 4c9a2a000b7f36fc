/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/wkd: URLs of the Web Key Directory. */
#include <config.h>

#include <embargod/text.h>
#include <embargod/wkd.h>
#include <nettle/sha1.h>
#include <string.h>

#define LOCAL_MAX 64
#define DOMAIN_MAX 253
#define LABEL_MAX 63

static bool is_alnum(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Labels of letters, digits and inner hyphens, two or more; the last is not all digits (that would be an address). */
static bool host_name(const char *s)
{
  size_t label = 0, labels = 1;
  bool digits = true;
  if (strlen(s) > DOMAIN_MAX)
    return false;
  for (; *s; s++) {
    if (*s == '.') {
      if (label == 0 || s[-1] == '-')
        return false;
      label = 0;
      digits = true;
      labels++;
      continue;
    }
    if (!is_alnum(*s) && (*s != '-' || label == 0))
      return false;
    if (++label > LABEL_MAX)
      return false;
    digits = digits && *s >= '0' && *s <= '9';
  }
  return labels >= 2 && label > 0 && s[-1] != '-' && !digits;
}

/* 160 bits are 32 digits of 5 bits, most significant first. */
static char *zbase32(struct pool *pool, const uint8_t *data, size_t len)
{
  static const char digits[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
  struct buf out = buf_new(pool, len * 8 / 5 + 2);
  uint32_t acc = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < len; i++) {
    acc = (acc << 8 | data[i]) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5)
      buf_addc(&out, digits[acc >> (bits - 5) & 31]);
  }
  if (bits)
    buf_addc(&out, digits[acc << (5 - bits) & 31]);
  return buf_str(&out);
}

static void percent_encode(struct buf *out, const char *s)
{
  for (; *s; s++) {
    if (is_alnum(*s) || strchr("-._~", *s))
      buf_addc(out, *s);
    else
      buf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
  }
}

static const char *local_end(const char *address)
{
  const char *at = address ? strrchr(address, '@') : NULL;
  if (!at || at == address || at - address > LOCAL_MAX || !host_name(at + 1))
    return NULL;
  for (const char *p = address; p < at; p++)
    if ((unsigned char)*p <= ' ' || *p == 0x7f)
      return NULL;
  return at;
}

bool send_wkd_name(struct pool *pool, const char *address, struct wkd_name *out)
{
  struct sha1_ctx sha1;
  uint8_t digest[SHA1_DIGEST_SIZE];
  const char *at = local_end(address);
  if (!at)
    return false;
  char *folded = text_lower(pool, pool_strndup(pool, address, (size_t)(at - address)));
  sha1_init(&sha1);
  sha1_update(&sha1, strlen(folded), (const uint8_t *)folded);
  sha1_digest(&sha1, sizeof digest, digest);
  *out = (struct wkd_name){ zbase32(pool, digest, sizeof digest), text_lower(pool, at + 1) };
  return true;
}

bool send_wkd_url(struct pool *pool, const char *address, struct wkd_urls *out)
{
  struct wkd_name n;
  struct buf query = buf_new(pool, 64);
  if (!send_wkd_name(pool, address, &n))
    return false;
  percent_encode(&query, pool_strndup(pool, address, (size_t)(local_end(address) - address)));
  out->advanced = pool_printf(pool, "https://openpgpkey.%s/.well-known/openpgpkey/%s/hu/%s?l=%s", n.domain, n.domain, n.hash,
                              buf_str(&query));
  out->direct = pool_printf(pool, "https://%s/.well-known/openpgpkey/hu/%s?l=%s", n.domain, n.hash, buf_str(&query));
  return true;
}
