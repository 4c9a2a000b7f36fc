/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/packet: walks packet headers (RFC 4880 section 4.2, RFC 9580). Every length is a claim of the sender's. */
#include <config.h>

#include "packet.h"

#include <stdio.h>
#include <string.h>
#include <embargod/text.h>

#define LENGTH_OPEN SIZE_MAX /* to the end of the data */

static unsigned byte_at(struct bytes b, size_t i)
{
  return (unsigned char)b.p[i];
}

/* Big-endian number of n bytes at off; the caller has looked that they are there. */
static size_t number_at(struct bytes b, size_t off, size_t n)
{
  size_t v = 0;
  for (size_t i = 0; i < n; i++)
    v = v << 8 | byte_at(b, off + i);
  return v;
}

/* Length octets of the new format at *off. False when they are cut off. */
static bool new_length(struct bytes b, size_t *off, size_t *len, bool *partial)
{
  *partial = false;
  if (*off >= b.len)
    return false;
  unsigned o = byte_at(b, *off);
  if (o < 192) {
    *len = o;
    *off += 1;
  } else if (o < 224) {
    if (b.len - *off < 2)
      return false;
    *len = ((o - 192) << 8) + byte_at(b, *off + 1) + 192;
    *off += 2;
  } else if (o < 255) {
    *len = (size_t)1 << (o & 31);
    *partial = true;
    *off += 1;
  } else {
    if (b.len - *off < 5)
      return false;
    *len = number_at(b, *off + 1, 4);
    *off += 5;
  }
  return true;
}

static bool old_length(struct bytes b, unsigned type, size_t *off, size_t *len)
{
  static const size_t octets[] = { 1, 2, 4 };
  if (type == 3) {
    *len = LENGTH_OPEN;
    return true;
  }
  if (b.len - *off < octets[type])
    return false;
  *len = number_at(b, *off, octets[type]);
  *off += octets[type];
  return true;
}

/* Steps over the chunks that follow a partial one; *off ends behind the packet. */
static void skip_chunks(struct bytes b, size_t *off, bool *cut)
{
  bool partial = true;
  while (partial) {
    size_t len;
    if (!new_length(b, off, &len, &partial)) {
      *off = b.len;
      *cut = true;
      return;
    }
    if (len > b.len - *off) {
      *off = b.len;
      *cut = true;
      return;
    }
    *off += len;
  }
}

bool packet_next(struct bytes *rest, struct packet *out)
{
  struct bytes b = *rest;
  *out = (struct packet){ 0 };
  if (b.len < 2 || !(byte_at(b, 0) & 0x80))
    return false;
  unsigned first = byte_at(b, 0);
  size_t off = 1, len;
  bool known = true;
  if (first & 0x40) {
    out->tag = first & 63;
    known = new_length(b, &off, &len, &out->partial);
  } else {
    out->tag = (first >> 2) & 15;
    known = old_length(b, first & 3, &off, &len);
    out->partial = known && len == LENGTH_OPEN;
  }
  if (!known || out->tag == 0)
    return false;
  size_t have = b.len - off;
  bool chunks = out->partial && len != LENGTH_OPEN;
  out->cut = len > have && len != LENGTH_OPEN;
  out->body = bytes_sub(b, off, len < have ? len : have);
  off += out->body.len;
  if (chunks && !out->cut)
    skip_chunks(b, &off, &out->cut);
  out->raw = bytes_sub(b, 0, off);
  *rest = bytes_sub(b, off, b.len - off);
  return true;
}

/* ---- what GnuPG 2.2 reads ---- */
static const struct {
  unsigned algo;
  const char *name; /* NULL: it is read */
} algorithms[] = {
  { 1, NULL },    { 2, NULL },    { 16, NULL },    { 18, NULL },         { 25, "X25519" },
  { 26, "X448" }, { 8, "Kyber" }, { 29, "Kyber" }, { 35, "ML-KEM-768" }, { 36, "ML-KEM-1024" },
};

/* NULL: it is read. */
static const char *new_algorithm(unsigned algo)
{
  for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
    if (algorithms[i].algo == algo)
      return algorithms[i].name;
  return "an unknown one";
}

static void advise(struct packet_scan *s, const char *text)
{
  if (!s->advice[0])
    snprintf(s->advice, sizeof s->advice, "%s", text);
}

static void add_recipient(struct packet_scan *s, struct bytes id)
{
  bool hidden = true;
  char hex[PGP_FPR_MAX + 1] = "";
  for (size_t i = 0; i < id.len; i++) {
    snprintf(hex + 2 * i, 3, "%02X", byte_at(id, i));
    hidden = hidden && byte_at(id, i) == 0;
  }
  if (hidden)
    s->hidden = true;
  else if (s->recipients < PGP_RECIPIENTS_MAX)
    memcpy(s->recipient[s->recipients++], hex, sizeof hex);
}

static void scan_pkesk(struct packet_scan *s, struct bytes body)
{
  s->pkesk++;
  s->encrypted = true;
  if (body.len < 2)
    return;
  unsigned version = byte_at(body, 0);
  if (version == 3 && body.len >= 10) {
    const char *name = new_algorithm(byte_at(body, 9));
    add_recipient(s, bytes_sub(body, 1, 8));
    if (!name)
      return;
    char text[sizeof s->advice];
    snprintf(text, sizeof text,
             "It is encrypted with public-key algorithm %u (%s), which GnuPG 2.2 cannot read. Encrypt to our key as it "
             "is published.",
             byte_at(body, 9), name);
    advise(s, text);
  } else if (version == 6) {
    unsigned len = byte_at(body, 1); /* of the key version and fingerprint; 0: hidden */
    if (len > 1 && len <= PGP_FPR_MAX / 2 + 1 && body.len >= 2 + (size_t)len)
      add_recipient(s, bytes_sub(body, 3, len - 1));
    else
      s->hidden = true;
    advise(s, "Its session key is in the newer format of RFC 9580 (version 6), which GnuPG 2.2 cannot read. Choose "
              "compatibility with RFC 4880 in the OpenPGP program.");
  }
  s->pkesk_new++;
}

static void scan_container(struct packet_scan *s, const struct packet *p)
{
  unsigned version = p->body.len ? byte_at(p->body, 0) : 0;
  s->encrypted = true;
  s->containers++;
  if (p->tag == PACKET_SED) {
    s->no_integrity = true;
    advise(s, "It has no integrity protection (an encryption format of before 2001): use a current OpenPGP program.");
  } else if (p->tag == PACKET_AEAD) {
    s->container_new = true;
    advise(s, "It is encrypted in GnuPG's OCB format (packet 20), which we cannot rely on. Encrypt with the option "
              "--rfc4880, or with another OpenPGP program.");
  } else if (p->body.len && version != 1) {
    s->container_new = true;
    advise(s, "It is encrypted in the newer format of RFC 9580 (SEIPD version 2), which GnuPG 2.2 cannot read. Choose "
              "compatibility with RFC 4880 in the OpenPGP program.");
  }
}

static void scan_packet(struct packet_scan *s, const struct packet *p)
{
  s->cut = s->cut || p->cut;
  switch (p->tag) {
  case PACKET_PKESK:
    scan_pkesk(s, p->body);
    break;
  case PACKET_SKESK:
    s->skesk++;
    s->encrypted = true;
    break;
  case PACKET_SED:
  case PACKET_SEIPD:
  case PACKET_AEAD:
    scan_container(s, p);
    break;
  case PACKET_PUBLIC_KEY:
  case PACKET_SECRET_KEY:
    if (!s->encrypted)
      s->key_block = true;
    break;
  default:
    break;
  }
}

static const char *const armor_titles[] = { "PGP MESSAGE", "PGP SIGNED MESSAGE", "PGP PUBLIC KEY BLOCK",
                                            "PGP PRIVATE KEY BLOCK", "PGP SIGNATURE" };

/* The binary of a message in whichever form; false when it is text that holds none. */
static bool binary_of(struct pool *pool, struct bytes message, struct packet_scan *out, struct bytes *binary)
{
  *binary = message;
  if (message.len && (byte_at(message, 0) & 0x80))
    return true;
  size_t best = SIZE_MAX;
  const char *title = NULL;
  for (size_t i = 0; i < ARRAY_LEN(armor_titles); i++) {
    char begin[64];
    snprintf(begin, sizeof begin, "-----BEGIN %s", armor_titles[i]);
    size_t at = bytes_find(message, bytes_str(begin), 0);
    if (at < best) {
      best = at;
      title = armor_titles[i];
    }
  }
  if (!title)
    return false;
  out->armored = true;
  out->clear_signed = title == armor_titles[1];
  return !out->clear_signed && packet_dearmor(pool, message, title, &best, binary);
}

void packet_scan(struct pool *pool, struct bytes message, struct packet_scan *out)
{
  *out = (struct packet_scan){ 0 };
  struct bytes rest;
  struct packet p;
  if (!binary_of(pool, message, out, &rest))
    return;
  while (packet_next(&rest, &p)) {
    if (!out->first && p.tag != PACKET_MARKER)
      out->first = p.tag;
    scan_packet(out, &p);
  }
  if (rest.len && out->first)
    out->cut = true; /* something behind the last packet that is none */
  if (out->key_block)
    advise(out, "It is a key, not an encrypted message: attach it to a letter as a file.");
  if (out->skesk && !out->pkesk)
    advise(out, "It is encrypted with a passphrase only, which never reaches us: encrypt it to our key instead.");
}

/* ---- key files ---- */
static bool belongs_to_cert(unsigned tag)
{
  return tag == PACKET_SIGNATURE || tag == PACKET_USER_ID || tag == PACKET_PUBLIC_SUBKEY || tag == PACKET_ATTRIBUTE;
}

struct splitter {
  struct pool *pool;
  struct packet_certs *out;
  size_t max, cap;
  struct buf data; /* the certificate in the making */
  unsigned version;
  bool open;
};

static void close_cert(struct splitter *s)
{
  if (!s->open)
    return;
  s->open = false;
  struct packet_certs *o = s->out;
  if (o->count >= s->max) {
    o->more = true;
    return;
  }
  o->cert = pool_grow(s->pool, o->cert, o->count, &s->cap, sizeof *o->cert);
  o->cert[o->count++] = (struct packet_cert){ buf_bytes(&s->data), s->version };
}

static void split_binary(struct splitter *s, struct bytes rest)
{
  struct packet p;
  while (!s->out->more && packet_next(&rest, &p) && !p.cut) {
    if (p.tag == PACKET_SECRET_KEY) {
      close_cert(s);
      s->out->secret = true;
    } else if (p.tag == PACKET_SECRET_SUBKEY) {
      s->out->secret = true;
    } else if (p.tag == PACKET_PUBLIC_KEY) {
      close_cert(s);
      s->open = true;
      s->version = p.body.len ? byte_at(p.body, 0) : 0;
      s->data = buf_new(s->pool, 1024);
      buf_add(&s->data, p.raw);
    } else if (s->open && belongs_to_cert(p.tag) && !p.partial) {
      buf_add(&s->data, p.raw);
    }
  }
  close_cert(s);
}

void packet_split(struct pool *pool, struct bytes file, size_t max, struct packet_certs *out)
{
  *out = (struct packet_certs){ 0 };
  struct splitter s = { .pool = pool, .out = out, .max = max };
  if (file.len && (byte_at(file, 0) & 0x80)) {
    split_binary(&s, file);
    return;
  }
  size_t pos = 0;
  struct bytes binary;
  while (!out->more && packet_dearmor(pool, file, "PGP PUBLIC KEY BLOCK", &pos, &binary))
    split_binary(&s, binary);
  if (bytes_find(file, BYTES("-----BEGIN PGP PRIVATE KEY BLOCK"), 0) != SIZE_MAX)
    out->secret = true;
}

/* ---- a revocation certificate that comes without its key ---- */
/* RFC 4880 5.2.3: version 4, type 0x20. */
static bool is_key_revocation(const struct packet *p)
{
  return p->tag == PACKET_SIGNATURE && !p->cut && !p->partial && p->body.len > 2 && byte_at(p->body, 0) == 4 && byte_at(p->body, 1) == 0x20;
}

static bool first_revocation(struct bytes binary, struct packet *out)
{
  struct bytes rest = binary;
  return packet_next(&rest, out) && is_key_revocation(out);
}

bool packet_revoke(struct pool *pool, struct bytes file, struct bytes cert, struct bytes *out)
{
  struct packet revocation, key;
  struct bytes rest = cert, binary;
  size_t pos = 0;
  bool found = file.len && (byte_at(file, 0) & 0x80) && first_revocation(file, &revocation);
  while (!found && packet_dearmor(pool, file, "PGP PUBLIC KEY BLOCK", &pos, &binary))
    found = first_revocation(binary, &revocation);
  if (!found || !packet_next(&rest, &key) || key.tag != PACKET_PUBLIC_KEY || key.cut)
    return false;
  struct buf b = buf_new(pool, cert.len + revocation.raw.len);
  buf_add(&b, key.raw);
  buf_add(&b, revocation.raw);
  buf_add(&b, rest);
  *out = buf_bytes(&b);
  return true;
}

int64_t packet_cert_created(struct bytes cert)
{
  struct packet p;
  if (!packet_next(&cert, &p) || p.tag != PACKET_PUBLIC_KEY || p.body.len < 5 || byte_at(p.body, 0) != 4)
    return -1;
  return (int64_t)number_at(p.body, 1, 4);
}
