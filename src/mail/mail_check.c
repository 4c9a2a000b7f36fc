/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/check: the last look at a letter of ours before the outbox. It reads the final bytes and trusts none of the code
 * that made them: an encrypted letter may hold nothing but a known header, fixed lines and armor. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

enum { LINE_LONGEST = 998 };

static bool bytes_ok(struct bytes s)
{
  size_t line = 0;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.p[i];
    if (c == '\0' || (c == '\n' && (i == 0 || s.p[i - 1] != '\r')) ||
        (c == '\r' && (i + 1 == s.len || s.p[i + 1] != '\n')))
      return false;
    line = c == '\n' ? 0 : line + 1;
    if (line > LINE_LONGEST + 1)
      return false;
  }
  return s.len >= 2 && s.p[s.len - 1] == '\n';
}

static bool seven_bit(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] >= 0x80)
      return false;
  return true;
}

/* The field with its continuation lines; *rest moves on. False at the end of the header. */
static bool next_field(struct bytes *rest, struct bytes *name, struct bytes *value)
{
  struct bytes line;
  if (!bytes_next_line(rest, &line) || !line.len)
    return false;
  size_t colon = bytes_find(line, BYTES(":"), 0);
  *name = bytes_sub(line, 0, colon == SIZE_MAX ? 0 : colon);
  const char *from = line.p + (colon == SIZE_MAX ? 0 : colon + 1), *to = line.p + line.len;
  while (rest->len && (rest->p[0] == ' ' || rest->p[0] == '\t') && bytes_next_line(rest, &line))
    to = line.p + line.len;
  *value = bytes_trim((struct bytes){ from, (size_t)(to - from) });
  return true;
}

static const char *const allowed[] = { "From",
                                       "To",
                                       "Reply-To",
                                       "Subject",
                                       "Date",
                                       "Message-ID",
                                       "In-Reply-To",
                                       "References",
                                       "MIME-Version",
                                       "Autocrypt",
                                       "Auto-Submitted",
                                       "X-Auto-Response-Suppress",
                                       "Content-Type",
                                       "Content-Disposition",
                                       "Content-Language",
                                       "Content-Transfer-Encoding",
                                       "X-Embargod-Case" };

static bool is_allowed(struct bytes name)
{
  for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
    if (bytes_ieq(name, bytes_str(allowed[i])))
      return true;
  return false;
}

static enum status check_to(struct pool *pool, struct bytes value, const struct mail_draft *d, struct fault *err)
{
  struct mail_address *list;
  const char *wanted = mail_address_normal(pool, d->to.address);
  size_t n = mail_addresses(pool, pool_str(pool, value), &list);
  if (!wanted || n != 1 || strcmp(list[0].address, wanted) != 0)
    return fault(err, ST_BROKEN, "mail: the letter is not addressed to its one recipient");
  return ST_OK;
}

/* The value of a field as we would write it. */
static bool same_text(struct pool *pool, struct bytes value, const char *text)
{
  struct buf b = buf_new(pool, 200);
  mail_put_text(&b, "Subject", text);
  return bytes_eq(value, bytes_trim(bytes_sub(buf_bytes(&b), strlen("Subject:"), b.len)));
}

static enum status check_header(struct pool *pool, struct bytes *rest, const struct mail_draft *d, bool encrypt,
                                struct fault *err)
{
  struct bytes name, value;
  unsigned to = 0, subject = 0, type = 0, all = 0;
  while (next_field(rest, &name, &value)) {
    all++;
    if (!is_allowed(name))
      return fault(err, ST_BROKEN, "mail: field %u of the letter is none of ours", all);
    if (bytes_ieq(name, BYTES("To"))) {
      enum status st = check_to(pool, value, d, err);
      if (st)
        return st;
      to++;
    }
    if (bytes_ieq(name, BYTES("Subject"))) {
      subject++;
      if (encrypt && !same_text(pool, value, d->outer_subject ? d->outer_subject : "..."))
        return fault(err, ST_BROKEN, "mail: the outer subject is not the neutral one");
    }
    if (bytes_ieq(name, BYTES("Content-Type"))) {
      type++;
      if (encrypt && !bytes_starts(value, BYTES("multipart/encrypted;")))
        return fault(err, ST_BROKEN, "mail: a letter that must be encrypted is not");
    }
  }
  if (to != 1 || subject != 1 || type != 1)
    return fault(err, ST_BROKEN, "mail: To, Subject or Content-Type is missing or there twice");
  return ST_OK;
}

static bool fixed_line(struct bytes line)
{
  static const char *const fixed[] = { "",
                                       "This is an OpenPGP/MIME encrypted message (RFC 3156).",
                                       "Content-Type: application/pgp-encrypted",
                                       "Content-Description: PGP/MIME version identification",
                                       "Version: 1",
                                       "Content-Type: application/octet-stream; name=\"encrypted.asc\"",
                                       "Content-Description: OpenPGP encrypted message",
                                       "Content-Disposition: inline; filename=\"encrypted.asc\"" };
  if (bytes_starts(line, BYTES("--=_encrypted-")))
    return line.len < 40;
  for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
    if (bytes_eq(line, bytes_str(fixed[i])))
      return true;
  return false;
}

/* Base64 of whole lines, or the checksum; the first one must open with an encrypted session key for a public key
 * (packet 1). */
static bool armor_line(struct bytes line, bool first)
{
  if (!line.len || line.len > 76)
    return false;
  for (size_t i = 0; i < line.len; i++)
    if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", line.p[i]))
      return false;
  /* New format 0xC1 or old format 0x84..0x87: "w" with the next two bits 0..., "h". */
  return !first || (line.len > 8 && ((line.p[0] == 'w' && strchr("QRSTUVWXYZabcdef", line.p[1])) || line.p[0] == 'h'));
}

static enum status check_sealed_body(struct bytes rest, struct fault *err)
{
  struct bytes line;
  enum { OUTSIDE, HEAD, DATA, AFTER } at = OUTSIDE;
  bool first = true;
  for (unsigned n = 1; bytes_next_line(&rest, &line); n++) {
    bool good = false;
    if (at == OUTSIDE && bytes_eq(line, BYTES("-----BEGIN PGP MESSAGE-----"))) {
      at = HEAD;
      good = true;
    } else if (at == HEAD) {
      good = line.len == 0;
      at = DATA;
    } else if (at == DATA && bytes_eq(line, BYTES("-----END PGP MESSAGE-----"))) {
      at = AFTER;
      good = !first;
    } else if (at == DATA) {
      good = armor_line(line, first);
      first = false;
    } else {
      good = fixed_line(line);
    }
    if (!good)
      return fault(err, ST_BROKEN, "mail: line %u of the encrypted letter's body is neither ours nor armor", n);
  }
  if (at != AFTER)
    return fault(err, ST_BROKEN, "mail: the encrypted letter holds no whole OpenPGP message");
  return ST_OK;
}

enum status mail_check_final(struct bytes letter, const struct mail_draft *d, bool encrypt, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("mail.check");
  if (!bytes_ok(letter))
    return fault(err, ST_BROKEN, "mail: the letter has a bare CR, LF or NUL or a line over %d bytes", LINE_LONGEST);
  struct bytes rest = letter;
  enum status st = check_header(pool, &rest, d, encrypt, err);
  if (st)
    return st;
  if (!seven_bit(rest))
    return fault(err, ST_BROKEN, "mail: the letter's body is not 7-bit");
  return encrypt ? check_sealed_body(rest, err) : ST_OK;
}
