/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/wkd: the Web Key Directory (draft-koch-openpgp-webkey-service, section 3.1) of our own addresses, for both
 * methods: the advanced one on openpgpkey.DOMAIN and the direct one on DOMAIN. A policy file has to be there even when
 * it sets nothing (section 4.5). */
#include <config.h>

#include <embargod/wkd.h>
#include <string.h>

#include "site_private.h"

static const struct bytes policy = { "# no flags are set\n", 19 };

/* The first key of a name stands: two domains may have one local part, and the direct layout does not tell them apart.
 */
static void put(struct site_file *f, size_t *n, const char *path, struct bytes body)
{
  for (size_t i = 0; i < *n; i++)
    if (!strcmp(f[i].path, path))
      return;
  f[(*n)++] = (struct site_file){ path, body };
}

size_t site_wkd(struct pool *pool, const struct site_house *h, struct site_file **out)
{
  struct site_file *f = pool_array(pool, 4 * h->address_count + 1, sizeof *f);
  size_t n = 0;
  for (size_t i = 0; i < h->address_count; i++) {
    struct wkd_name name;
    if (!send_wkd_name(pool, h->address[i].address, &name))
      continue;
    put(f, &n, SITE_WKD "/policy", policy);
    put(f, &n, pool_printf(pool, SITE_WKD "/hu/%s", name.hash), h->address[i].key);
    put(f, &n, pool_printf(pool, SITE_WKD "/%s/policy", name.domain), policy);
    put(f, &n, pool_printf(pool, SITE_WKD "/%s/hu/%s", name.domain, name.hash), h->address[i].key);
  }
  *out = f;
  return n;
}
