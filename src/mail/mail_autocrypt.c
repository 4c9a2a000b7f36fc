/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/autocrypt: the header of Autocrypt Level 1, and keys that come as attachments or in the text. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

enum { KEY_LARGEST = 256 * 1024 };

/* addr, keydata and prefer-encrypt; a field with an unknown attribute that does not begin with "_" is no field at all.
 */
bool mail_autocrypt_parse(struct pool *pool, const char *value, const char *from, struct bytes *key)
{
  struct bytes rest = bytes_str(value), addr = { 0 }, data = { 0 };
  while (rest.len) {
    size_t end = bytes_find(rest, BYTES(";"), 0);
    struct bytes pair = bytes_trim(bytes_sub(rest, 0, end == SIZE_MAX ? rest.len : end));
    rest = end == SIZE_MAX ? bytes_sub(rest, rest.len, 0) : bytes_sub(rest, end + 1, rest.len);
    if (!pair.len)
      continue;
    size_t eq = bytes_find(pair, BYTES("="), 0);
    struct bytes name = bytes_trim(bytes_sub(pair, 0, eq == SIZE_MAX ? pair.len : eq));
    struct bytes v = eq == SIZE_MAX ? (struct bytes){ 0 } : bytes_trim(bytes_sub(pair, eq + 1, pair.len));
    if (bytes_ieq(name, BYTES("addr")))
      addr = v;
    else if (bytes_ieq(name, BYTES("keydata")))
      data = v;
    else if (!bytes_ieq(name, BYTES("prefer-encrypt")) && !bytes_starts(name, BYTES("_")))
      return false;
  }
  const char *a = mail_address_normal(pool, pool_str(pool, addr)), *f = mail_address_normal(pool, from);
  if (!a || !f || !text_ieq(a, f) || !data.len || data.len > KEY_LARGEST)
    return false;
  return base64_decode(pool, data, key) && key->len > 0;
}

static const char key_begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
static const char key_end[] = "-----END PGP PUBLIC KEY BLOCK-----";

static size_t blocks_in(struct bytes text, struct bytes *out, size_t max)
{
  size_t n = 0;
  struct byte_span at = { 0, 0 };
  while (n < max && mail_armor_find(text, key_begin, key_end, at.off + at.len, &at))
    if (at.len <= KEY_LARGEST)
      out[n++] = bytes_sub(text, at.off, at.len);
  return n;
}

/* A binary public key packet (RFC 4880 section 4.2, tag 6). */
static bool binary_key(struct bytes s)
{
  unsigned char c = s.len ? (unsigned char)s.p[0] : 0;
  return c == 0xC6 || (c & 0xFC) == 0x98;
}

size_t mail_keys_attached(struct pool *pool, const struct part_table *t, struct bytes *out, size_t max)
{
  (void)pool;
  size_t n = 0;
  for (uint32_t i = 0; i < t->count && n < max; i++) {
    const struct part *p = &t->part[i];
    if (p->kind != PART_TEXT && p->kind != PART_OTHER)
      continue;
    struct bytes body = p->kind == PART_TEXT ? mail_part_text(t, i) : parts_decoded(t, i);
    bool named = text_ieq(p->type, "application/pgp-keys") || mail_name_ends(p->filename, ".asc") ||
                 mail_name_ends(p->filename, ".gpg") || mail_name_ends(p->filename, ".pgp") ||
                 mail_name_ends(p->filename, ".key");
    if (named && binary_key(body) && body.len <= KEY_LARGEST)
      out[n++] = body;
    else if (p->kind == PART_TEXT || named)
      n += blocks_in(body, out + n, max - n);
  }
  return n;
}
