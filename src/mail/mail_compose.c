/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/compose: letters of ours: RFC 5322, 2045-2047, 2231, PGP/MIME (RFC 3156), header protection (RFC 9788 and the
 * older draft in one: both read the same fields), Autocrypt. What is signed is 7-bit with CRLF and has no trailing
 * blanks. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

/* FNV-1a: a boundary needs to be unlikely, then it is looked for; it is no secret. */
static uint64_t digest(struct bytes s, uint64_t h)
{
  for (size_t i = 0; i < s.len; i++)
    h = (h ^ (unsigned char)s.p[i]) * 0x100000001B3u;
  return h;
}

/* "=_" can stand neither in quoted-printable nor in base64; what travels 7bit is searched. */
static char *boundary(struct pool *pool, const struct mail_draft *d, struct bytes content, const char *what)
{
  uint64_t h = digest(bytes_str(what), digest(bytes_str(d->message_id), 0xCBF29CE484222325u));
  h = digest(bytes_sub(content, 0, 65536), h);
  char *b = NULL;
  for (uint64_t n = 0; !b || bytes_find(content, bytes_str(b), 0) != SIZE_MAX; n++)
    b = pool_printf(pool, "=_%s-%016" PRIx64, what, h + n * 0x9E3779B97F4A7C15u);
  return b;
}

/* From .. References; the same fields inside (real subject) and outside. inside: no raw 8-bit, so that what is signed
 * stays 7-bit. */
static void put_fields(struct buf *b, const struct mail_draft *d, const char *subject, bool inside)
{
  mail_put_address(b, "From", &d->from);
  bool ascii_to = true;
  for (const char *p = d->to.address; p && *p; p++)
    ascii_to = ascii_to && (unsigned char)*p < 0x80;
  if (ascii_to || !inside)
    mail_put_address(b, "To", &d->to);
  if (!text_empty(d->reply_to))
    mail_put_address(b, "Reply-To", &(struct mail_address){ "", d->reply_to });
  mail_put_text(b, "Subject", subject);
  mail_put_token(b, "Date", time_rfc5322(b->pool, d->date));
  mail_put_ids(b, "Message-ID", (const char *const[]){ d->message_id, NULL });
  if (d->in_reply_to)
    mail_put_ids(b, "In-Reply-To", (const char *const[]){ d->in_reply_to, NULL });
  if (d->references && *d->references)
    mail_put_ids(b, "References", d->references);
}

static const char *shown_subject(const struct mail_draft *d, bool encrypt)
{
  return encrypt ? (d->outer_subject ? d->outer_subject : "...") : d->subject;
}

/* RFC 9788 section 2.2: an encrypted payload says what stands outside, so that a reader can tell what was tampered
 * with. */
static void put_outer_copy(struct buf *b, const struct mail_draft *d)
{
  struct buf outer = buf_new(b->pool, 1024);
  put_fields(&outer, d, shown_subject(d, true), true);
  struct bytes rest = buf_bytes(&outer), line;
  while (bytes_next_line(&rest, &line)) {
    if (line.len && line.p[0] != ' ')
      buf_adds(b, "HP-Outer: ");
    buf_add(b, line);
    buf_adds(b, "\r\n");
  }
}

static void put_type(struct buf *b, const char *type, const char *boundary_, const char *hp)
{
  buf_printf(b, "Content-Type: %s", type);
  if (boundary_)
    buf_printf(b, ";\r\n boundary=\"%s\"", boundary_);
  if (hp)
    buf_printf(b, ";\r\n hp=\"%s\"; protected-headers=\"v1\"", hp);
  buf_adds(b, "\r\n");
}

/* Fields of the text part after its Content-Type, and its body. */
static void put_text_body(struct buf *b, const struct mail_draft *d)
{
  struct bytes text = bytes_str(text_clean(b->pool, bytes_str(d->text), true));
  if (text.len == 0 || text.p[text.len - 1] != '\n')
    text = bytes_str(pool_printf(b->pool, "%s\n", text.p ? text.p : ""));
  bool plain = mail_is_7bit(text);
  if (!text_empty(d->language))
    mail_put_token(b, "Content-Language", d->language);
  buf_adds(b, "Content-Disposition: inline\r\n");
  buf_printf(b, "Content-Transfer-Encoding: %s\r\n\r\n", plain ? "7bit" : "quoted-printable");
  buf_add(b, plain ? text_to_crlf(b->pool, text) : mail_qp_encode(b->pool, text));
}

enum { BASE64_LINE = 76 };
static const char text_type[] = "text/plain; charset=utf-8";

/* "type/subtype" in lower-case tokens, or application/octet-stream. Multiparts, messages and our own control types
 * would be taken for structure by a reader (and must not be base64): they travel as plain bytes. */
static const char *safe_type(struct pool *pool, const char *type)
{
  static const char other[] = "application/octet-stream";
  const char *lower = text_lower(pool, type ? type : "");
  const char *slash = strchr(lower, '/');
  size_t len = strlen(lower);
  static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+";
  if (!slash || slash == lower || !slash[1] || len > 100)
    return other;
  if (strspn(lower, ok) != (size_t)(slash - lower) || strspn(slash + 1, ok) != strlen(slash + 1))
    return other;
  bool structure = text_istarts(lower, "multipart/") || text_istarts(lower, "message/") ||
                   text_ieq(lower, "application/pgp-encrypted") || text_ieq(lower, "application/pgp-signature");
  return structure ? other : lower;
}

static void put_attachment(struct buf *b, const struct mail_attachment *a)
{
  bool named = !text_empty(a->filename);
  buf_printf(b, "Content-Type: %s", safe_type(b->pool, a->type));
  if (named)
    mail_put_param(b, "name", a->filename);
  buf_adds(b, "\r\nContent-Disposition: attachment");
  if (named)
    mail_put_param(b, "filename", a->filename);
  buf_adds(b, "\r\nContent-Transfer-Encoding: base64\r\n\r\n");
  buf_base64(b, a->bytes, BASE64_LINE);
}

/* Our public key as a file (RFC 3156 section 7): armored, which any program reads. */
struct bytes mail_armored_key(struct pool *pool, struct bytes key)
{
  if (bytes_starts(key, BYTES("-----BEGIN")))
    return text_to_crlf(pool, key);
  uint32_t crc = 0xB704CE; /* RFC 4880 section 6.1 */
  for (size_t i = 0; i < key.len; i++) {
    crc ^= (uint32_t)(unsigned char)key.p[i] << 16;
    for (int bit = 0; bit < 8; bit++)
      crc = crc << 1 ^ (crc & 0x800000 ? 0x1864CFB : 0);
  }
  char sum[3] = { (char)(crc >> 16), (char)(crc >> 8), (char)crc };
  return bytes_str(pool_printf(pool,
                               "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\n%s=%s\r\n"
                               "-----END PGP PUBLIC KEY BLOCK-----\r\n",
                               base64_encode(pool, key, 64), base64_encode(pool, (struct bytes){ sum, 3 }, 0)));
}

/* Everything behind the root's own header fields that is not its text: attachments, each in its own part. */
static void put_parts(struct buf *b, const struct mail_draft *d, const char *bound)
{
  buf_printf(b, "--%s\r\nContent-Type: %s\r\n", bound, text_type);
  put_text_body(b, d);
  for (size_t i = 0; i < d->attachment_count; i++) {
    buf_printf(b, "\r\n--%s\r\n", bound);
    put_attachment(b, &d->attachment[i]);
  }
  if (d->attach_key && d->autocrypt_key.len) {
    buf_printf(b, "\r\n--%s\r\n", bound);
    put_attachment(b, &(struct mail_attachment){ .filename = "openpgp-key.asc",
                                                 .type = "application/pgp-keys",
                                                 .bytes = mail_armored_key(b->pool, d->autocrypt_key) });
  }
  buf_printf(b, "\r\n--%s--\r\n", bound);
}

/* Room for the whole entity at once: a large forward must not be copied again and again. */
static size_t content_hint(const struct mail_draft *d)
{
  size_t hint = 8192 + bytes_str(d->text).len * 3 / 2;
  for (size_t i = 0; i < d->attachment_count; i++)
    hint += d->attachment[i].bytes.len / 57 * 78 + 2048; /* a line: 57 bytes as 76 characters and CRLF */
  return hint;
}

/* The body entity: its Content-Type with the hp parameters, and its parts. */
static void put_entity(struct buf *b, const struct mail_draft *d, const char *hp)
{
  bool key = d->attach_key && d->autocrypt_key.len;
  if (!d->attachment_count && !key) {
    put_type(b, text_type, NULL, hp);
    put_text_body(b, d);
    return;
  }
  const char *bound = boundary(b->pool, d, bytes_str(d->text), "mixed");
  put_type(b, "multipart/mixed", bound, hp);
  buf_adds(b, "\r\n");
  put_parts(b, d, bound);
}

struct bytes mail_compose_content(struct pool *pool, const struct mail_draft *d, bool encrypt)
{
  struct buf b = buf_new(pool, content_hint(d));
  put_fields(&b, d, d->subject, true);
  if (encrypt)
    put_outer_copy(&b, d);
  put_entity(&b, d, encrypt ? "cipher" : "clear");
  return buf_bytes(&b);
}

/* The outer header up to and without Content-Type. */
static void put_outer(struct buf *b, const struct mail_draft *d, bool encrypt)
{
  put_fields(b, d, shown_subject(d, encrypt), false);
  if (!text_empty(d->auto_submitted)) {
    mail_put_token(b, "Auto-Submitted", d->auto_submitted);
    mail_put_token(b, "X-Auto-Response-Suppress", "RN, NRN, OOF, AutoReply");
  }
  if (!text_empty(d->case_id))
    mail_put_token(b, "X-Embargod-Case", d->case_id);
  mail_put_autocrypt(b, d->from.address, d->autocrypt_key);
  buf_adds(b, "MIME-Version: 1.0\r\n");
}

static void put_frame_head(struct buf *b, const struct mail_draft *d, const char *bound)
{
  put_outer(b, d, true);
  buf_printf(
      b,
      "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\"%s\"\r\n\r\n"
      "This is an OpenPGP/MIME encrypted message (RFC 3156).\r\n"
      "--%s\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\n"
      "Version: 1\r\n\r\n"
      "--%s\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
      "Content-Description: OpenPGP encrypted message\r\nContent-Disposition: inline; "
      "filename=\"encrypted.asc\"\r\n\r\n",
      bound, bound, bound);
}

static void put_frame_tail(struct buf *b, const char *bound)
{
  buf_printf(b, "\r\n\r\n--%s--\r\n", bound);
}

static void put_encrypted(struct buf *b, const struct mail_draft *d, struct bytes sealed)
{
  struct bytes armor = bytes_trim(sealed);
  const char *bound = boundary(b->pool, d, armor, "encrypted");
  put_frame_head(b, d, bound);
  buf_crlf(b, armor);
  put_frame_tail(b, bound);
}

void mail_compose_frame(struct pool *pool, const struct mail_draft *d, struct bytes sealed, struct bytes *head,
                        struct bytes *tail)
{
  const char *bound = boundary(pool, d, bytes_trim(sealed), "encrypted");
  struct buf first = buf_new(pool, d->autocrypt_key.len * 3 / 2 + 8192), last = buf_new(pool, 128);
  put_frame_head(&first, d, bound);
  put_frame_tail(&last, bound);
  *head = buf_bytes(&first);
  *tail = buf_bytes(&last);
}

/* "pgp-sha512": a token, whatever came. */
static const char *safe_micalg(struct pool *pool, const char *micalg)
{
  static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
  const char *lower = text_lower(pool, text_empty(micalg) ? "pgp-sha512" : micalg);
  if (strspn(lower, ok) != strlen(lower))
    return "pgp-sha512";
  return text_istarts(lower, "pgp-") ? lower : pool_printf(pool, "pgp-%s", lower);
}

static void put_signed(struct buf *b, const struct mail_draft *d, struct bytes content, struct bytes signature,
                       const char *micalg)
{
  struct bytes armor = text_to_crlf(b->pool, bytes_trim(signature));
  const char *bound = boundary(b->pool, d, content, "signed");
  buf_printf(b,
             "Content-Type: multipart/signed; micalg=\"%s\";\r\n protocol=\"application/pgp-signature\";\r\n"
             " boundary=\"%s\"\r\n\r\nThis is an OpenPGP/MIME signed message (RFC 3156 and 4880).\r\n--%s\r\n",
             safe_micalg(b->pool, micalg), bound, bound);
  buf_add(b, content);
  buf_printf(b,
             "\r\n--%s\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n"
             "Content-Description: OpenPGP digital signature\r\n"
             "Content-Disposition: attachment; filename=\"signature.asc\"\r\n\r\n",
             bound);
  buf_add(b, armor);
  buf_printf(b, "\r\n\r\n--%s--\r\n", bound);
}

struct bytes mail_compose_letter(struct pool *pool, const struct mail_draft *d, bool encrypt, struct bytes content,
                                 struct bytes sealed, const char *micalg)
{
  struct buf b =
      buf_new(pool, (encrypt ? 0 : content.len) + sealed.len + sealed.len / 32 + d->autocrypt_key.len * 3 / 2 + 8192);
  if (encrypt) {
    put_encrypted(&b, d, sealed);
  } else {
    put_outer(&b, d, false);
    put_signed(&b, d, content, sealed, micalg);
  }
  return buf_bytes(&b);
}

struct bytes mail_compose_plain(struct pool *pool, const struct mail_draft *d)
{
  struct buf b = buf_new(pool, content_hint(d));
  put_outer(&b, d, false);
  put_entity(&b, d, NULL);
  return buf_bytes(&b);
}

char *mail_message_id(struct pool *pool, const unsigned char digest_[32], const char *domain)
{
  struct bytes half = { (const char *)digest_, 20 };
  return pool_printf(pool, "%s@%s", base32_encode(pool, half), text_empty(domain) ? "embargod.invalid" : domain);
}
