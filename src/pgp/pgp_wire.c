/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pgp/wire: results and certificates as fields of a channel message. The reading side takes every byte as hostile. */
#include <config.h>

#include <embargod/channel.h>
#include <embargod/pgp.h>
#include <embargod/text.h>
#include <string.h>

#define TIME_MAX INT64_C(253402300799) /* the year 9999 */
#define CERT_KEY_MAX (1u << 20)
#define UID_MAX 1024

/* ---- the child's side ---- */
void pgp_result_put(struct wire_msg *m, const struct pgp_result *r)
{
  wire_puti(m, CRYPT_TAG_OUTCOME, r->outcome);
  if (r->advice[0])
    wire_puts(m, CRYPT_TAG_ADVICE, r->advice);
  wire_puti(m, CRYPT_TAG_ENCRYPTED, r->encrypted);
  for (unsigned i = 0; i < r->recipient_count; i++)
    wire_puts(m, CRYPT_TAG_RECIPIENT_ID, r->recipient[i]);
  for (unsigned i = 0; i < r->sig_count; i++) {
    const struct pgp_signature *s = &r->sig[i];
    wire_puti(m, CRYPT_TAG_SIG, s->state);
    wire_puts(m, CRYPT_TAG_SIG_FPR, s->fpr);
    if (s->primary[0])
      wire_puts(m, CRYPT_TAG_SIG_PRIMARY, s->primary);
    wire_puti(m, CRYPT_TAG_SIG_TIME, s->made);
    wire_puts(m, CRYPT_TAG_SIG_HASH, s->hash);
    wire_puti(m, CRYPT_TAG_SIG_EXTRA_KEY, s->extra_key);
  }
  if (r->outcome == PGP_OPENED && r->plain.p)
    wire_put(m, TAG_BYTES, r->plain);
}

void pgp_cert_put(struct wire_msg *m, const struct pgp_cert *cert)
{
  wire_puts(m, CRYPT_TAG_CERT, cert->fpr);
  wire_puti(m, CRYPT_TAG_CERT_FLAGS, cert->flags);
  wire_puti(m, CRYPT_TAG_CERT_CREATED, cert->created);
  wire_puti(m, CRYPT_TAG_CERT_EXPIRES, cert->expires);
  wire_puts(m, CRYPT_TAG_CERT_ALGO, cert->algo ? cert->algo : "");
  for (unsigned i = 0; i < cert->uid_count; i++) {
    wire_puts(m, CRYPT_TAG_CERT_UID, cert->uid[i]);
    wire_puts(m, CRYPT_TAG_CERT_ADDRESS, cert->address[i] ? cert->address[i] : "");
  }
  if (cert->key.len)
    wire_put(m, CRYPT_TAG_CERT_KEY, cert->key);
}

/* ---- the core's side ---- */
static enum status ill(struct fault *err, const char *what)
{
  return fault(err, ST_REJECT, "crypt answer: %s", what);
}

/* A key id or fingerprint: 16, 32 (v3), 40 or 64 hex digits; made upper case. */
static bool read_fpr(struct bytes field, char out[PGP_FPR_MAX + 1])
{
  if (field.len != 16 && field.len != 32 && field.len != 40 && field.len != 64)
    return false;
  for (size_t i = 0; i < field.len; i++) {
    char c = field.p[i];
    if (c >= 'a' && c <= 'f')
      c = (char)(c - 'a' + 'A');
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
      return false;
    out[i] = c;
  }
  out[field.len] = '\0';
  return true;
}

static bool read_word(struct bytes field, char *out, size_t size)
{
  if (field.len >= size)
    return false;
  for (size_t i = 0; i < field.len; i++) {
    char c = field.p[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'))
      return false;
    out[i] = c;
  }
  out[field.len] = '\0';
  return true;
}

static bool read_time(struct bytes field, int64_t *out)
{
  *out = wire_number(field, -1);
  return *out >= 0 && *out <= TIME_MAX;
}

static bool read_bool(struct bytes field, bool *out)
{
  int64_t n = wire_number(field, -1);
  *out = n == 1;
  return n == 0 || n == 1;
}

/* Plain ASCII and UTF-8 without controls, cut to the size; false when it is not that. */
static bool read_text(struct bytes field, char *out, size_t size)
{
  if (!utf8_valid(field))
    return false;
  for (size_t i = 0; i < field.len; i++)
    if ((unsigned char)field.p[i] < 0x20 || field.p[i] == 0x7f)
      return false;
  size_t len = utf8_cut(field, size - 1);
  memcpy(out, field.p ? field.p : "", len);
  out[len] = '\0';
  return true;
}

/* Fields inside one signature's record. */
static bool read_sig_field(struct pgp_signature *s, uint16_t tag, struct bytes field)
{
  switch (tag) {
  case CRYPT_TAG_SIG_FPR:
    return field.len == 0 || read_fpr(field, s->fpr);
  case CRYPT_TAG_SIG_PRIMARY:
    return (field.len == 40 || field.len == 64) && read_fpr(field, s->primary);
  case CRYPT_TAG_SIG_TIME:
    return read_time(field, &s->made);
  case CRYPT_TAG_SIG_HASH:
    return read_word(field, s->hash, sizeof s->hash);
  case CRYPT_TAG_SIG_EXTRA_KEY:
    return read_bool(field, &s->extra_key);
  default:
    return true;
  }
}

static bool is_sig_field(uint16_t tag)
{
  return tag >= CRYPT_TAG_SIG_FPR && tag <= CRYPT_TAG_SIG_EXTRA_KEY;
}

static enum status read_result_field(struct pgp_result *out, uint16_t tag, struct bytes field, struct fault *err)
{
  int64_t n;
  switch (tag) {
  case CRYPT_TAG_OUTCOME:
    n = wire_number(field, 0);
    if (out->outcome || n < PGP_OPENED || n > PGP_FAILED)
      return ill(err, "no such outcome");
    out->outcome = (enum pgp_outcome)n;
    return ST_OK;
  case CRYPT_TAG_ADVICE:
    return read_text(field, out->advice, sizeof out->advice) ? ST_OK : ill(err, "advice is no text");
  case CRYPT_TAG_ENCRYPTED:
    return read_bool(field, &out->encrypted) ? ST_OK : ill(err, "encrypted is no yes or no");
  case CRYPT_TAG_RECIPIENT_ID:
    if (out->recipient_count >= PGP_RECIPIENTS_MAX)
      return ill(err, "too many recipients");
    if (!read_fpr(field, out->recipient[out->recipient_count]))
      return ill(err, "a recipient is no key id");
    out->recipient_count++;
    return ST_OK;
  case CRYPT_TAG_SIG:
    n = wire_number(field, 0);
    if (out->sig_count >= PGP_SIGNATURES_MAX)
      return ill(err, "too many signatures");
    if (n < PGP_SIG_GOOD || n > PGP_SIG_BAD)
      return ill(err, "no such signature state");
    out->sig[out->sig_count++].state = (enum pgp_sig_state)n;
    return ST_OK;
  case TAG_BYTES:
    if (out->plain.p)
      return ill(err, "two plaintexts");
    out->plain = field.p ? field : BYTES("");
    return ST_OK;
  default:
    return ST_OK; /* a field of a later version */
  }
}

/* What must hold between the fields. */
static enum status check_result(const struct pgp_result *r, struct fault *err)
{
  if (!r->outcome)
    return ill(err, "no outcome");
  if (r->outcome != PGP_OPENED && (r->plain.p || r->sig_count))
    return ill(err, "a failed operation with plaintext or signatures");
  for (unsigned i = 0; i < r->sig_count; i++) {
    const struct pgp_signature *s = &r->sig[i];
    if (s->state == PGP_SIG_GOOD && (!s->primary[0] || !s->fpr[0]))
      return ill(err, "a good signature by nobody");
    if (s->state == PGP_SIG_GOOD && !s->made)
      return ill(err, "a good signature without a time");
  }
  return ST_OK;
}

enum status pgp_result_get(const struct wire_msg *m, struct pgp_result *out, struct fault *err)
{
  *out = (struct pgp_result){ 0 };
  size_t count = wire_count(m);
  for (size_t i = 0; i < count; i++) {
    struct bytes field = { 0 };
    uint16_t tag = wire_field(m, i, &field);
    enum status st = ST_OK;
    if (!is_sig_field(tag))
      st = read_result_field(out, tag, field, err);
    else if (!out->sig_count)
      st = ill(err, "a signature's field outside a record");
    else if (!read_sig_field(&out->sig[out->sig_count - 1], tag, field))
      st = ill(err, "an ill-formed field of a signature");
    if (st)
      return st;
  }
  enum status st = check_result(out, err);
  if (st)
    out->plain = (struct bytes){ 0 };
  return st;
}

static bool read_cert_uid(struct pgp_cert *c, struct pool *pool, struct bytes field)
{
  if (c->uid_count >= PGP_UIDS_MAX || field.len > UID_MAX)
    return false;
  c->uid[c->uid_count] = text_clean(pool, field, false);
  c->address[c->uid_count++] = "";
  return true;
}

static bool read_cert_address(struct pgp_cert *c, struct pool *pool, struct bytes field)
{
  if (!c->uid_count || field.len > UID_MAX)
    return false;
  for (size_t i = 0; i < field.len; i++)
    if ((unsigned char)field.p[i] <= 0x20 || field.p[i] == 0x7f)
      return false;
  c->address[c->uid_count - 1] = utf8_valid(field) ? pool_str(pool, field) : "";
  return true;
}

static bool read_cert_algo(struct pgp_cert *c, struct pool *pool, struct bytes field)
{
  char word[32];
  if (!read_word(field, word, sizeof word))
    return false;
  c->algo = pool_strdup(pool, word);
  return true;
}

static bool read_cert_field(struct pgp_cert *c, struct pool *pool, uint16_t tag, struct bytes field)
{
  int64_t n;
  switch (tag) {
  case CRYPT_TAG_CERT_FLAGS:
    n = wire_number(field, -1);
    c->flags = (unsigned)n;
    return n >= 0 && n < 1 << 16;
  case CRYPT_TAG_CERT_CREATED:
    return read_time(field, &c->created);
  case CRYPT_TAG_CERT_EXPIRES:
    return read_time(field, &c->expires);
  case CRYPT_TAG_CERT_UID:
    return read_cert_uid(c, pool, field);
  case CRYPT_TAG_CERT_ADDRESS:
    return read_cert_address(c, pool, field);
  case CRYPT_TAG_CERT_KEY:
    c->key = pool_bytes_dup(pool, field);
    return field.len <= CERT_KEY_MAX;
  case CRYPT_TAG_CERT_ALGO:
    return read_cert_algo(c, pool, field);
  default:
    return true;
  }
}

enum status pgp_certs_get(const struct wire_msg *m, struct pool *pool, struct pgp_cert **out, size_t *count,
                          struct fault *err)
{
  struct pgp_cert *cert = NULL;
  size_t used = 0, cap = 0, fields = wire_count(m);
  *out = NULL;
  *count = 0;
  for (size_t i = 0; i < fields; i++) {
    struct bytes field = { 0 };
    uint16_t tag = wire_field(m, i, &field);
    if (tag == CRYPT_TAG_CERT) {
      if (used >= PGP_CERTS_MAX)
        return ill(err, "too many certificates");
      cert = pool_grow(pool, cert, used, &cap, sizeof *cert);
      cert[used] = (struct pgp_cert){ .algo = "" };
      if ((field.len != 40 && field.len != 64) || !read_fpr(field, cert[used].fpr))
        return ill(err, "a certificate without fingerprint");
      used++;
    } else if (tag > CRYPT_TAG_CERT && tag <= CRYPT_TAG_CERT_ALGO) {
      if (!used)
        return ill(err, "a certificate's field outside a record");
      if (!read_cert_field(&cert[used - 1], pool, tag, field))
        return ill(err, "an ill-formed field of a certificate");
    }
  }
  *out = cert;
  *count = used;
  return ST_OK;
}
