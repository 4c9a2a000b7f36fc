/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/security: security.txt (RFC 9116), with the CSAF field of CSAF 2.0 (section 7.1.8). */
#include <config.h>

#include <string.h>

#include "site_private.h"

/* RFC 6068: what stands in the path of a mailto URI as it is. */
static void add_mailto(struct buf *b, const char *address)
{
  for (; *address; address++) {
    bool plain = (*address >= 'a' && *address <= 'z') || (*address >= 'A' && *address <= 'Z') ||
                 (*address >= '0' && *address <= '9') || strchr("-._~@!$'()*+", *address);
    if (plain)
      buf_addc(b, *address);
    else
      buf_printf(b, "%%%02X", (unsigned)(unsigned char)*address);
  }
}

struct bytes site_security_txt(struct pool *pool, const struct site_house *h, int64_t expires)
{
  struct buf b = buf_new(pool, 600);
  buf_adds(&b, "Contact: mailto:");
  add_mailto(&b, h->contact);
  buf_printf(&b, "\nExpires: %s\nEncryption: %s/%s\n", time_iso(pool, expires), h->url,
             site_key_path(pool, h->fingerprint));
  if (!text_empty(h->policy_url))
    buf_printf(&b, "Policy: %s\n", h->policy_url);
  buf_printf(&b, "Preferred-Languages: %s\n",
             text_ieq(h->language, "en") || text_empty(h->language) ? "en" : pool_printf(pool, "%s, en", h->language));
  buf_printf(&b, "Canonical: %s/" SITE_SECURITY "\n", h->url);
  buf_printf(&b, "CSAF: %s/" SITE_PROVIDER "\n", h->url);
  return buf_bytes(&b);
}
