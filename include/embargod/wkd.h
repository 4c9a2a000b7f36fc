/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/wkd: where the Web Key Directory keeps the key of an address (draft-koch-openpgp-webkey-service, 3.1).
 * Pure: no network. The core asks for `advanced` first; `direct` only when the host of the advanced method does not
 * exist (SEND_GET then answers CH_ERROR with SEND_TAG_CODE = SEND_NO_HOST). */
#ifndef EMBARGOD_WKD_H
#define EMBARGOD_WKD_H
#include <embargod/base.h>

struct wkd_urls {
  char *advanced; /* https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/HASH?l=Joe.Doe */
  char *direct;   /* https://example.org/.well-known/openpgpkey/hu/HASH?l=Joe.Doe */
};
/* address: LOCAL@DOMAIN without brackets. The local part is hashed (SHA-1, z-base-32) with ASCII letters in lower case
 * and sent percent-encoded as it stands; the domain is lower-cased. False: not such an address, or its domain is no
 * plain host name of letters, digits and hyphens with at least one dot (an IDN comes as A-labels). Both lie in pool. */
MUST_USE bool send_wkd_url(struct pool *pool, const char *address, struct wkd_urls *out);
/* What the paths of our own directory are made of: the hash of the local part, the domain in lower case. The same conditions. */
struct wkd_name {
  char *hash, *domain;
};
MUST_USE bool send_wkd_name(struct pool *pool, const char *address, struct wkd_name *out);
#endif
