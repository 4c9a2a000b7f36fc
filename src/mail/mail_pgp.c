/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/pgp: OpenPGP by structure: RFC 3156, inline blocks, and the forms that Exchange, bridges and mailing lists make
 * of them. No header of a vendor is looked at. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

static const char message_begin[] = "-----BEGIN PGP MESSAGE-----", message_end[] = "-----END PGP MESSAGE-----";
static const char signed_begin[] = "-----BEGIN PGP SIGNED MESSAGE-----", signed_end[] = "-----END PGP SIGNATURE-----";

struct finder {
  struct pool *pool;
  const struct part_table *t;
  struct mail_pgp *out;
  size_t count, max;
  bool *taken; /* per part: belongs to a structure that was found */
};

static void found(struct finder *f, struct mail_pgp p)
{
  if (f->count < f->max)
    f->out[f->count++] = p;
}

static const struct part *part_at(const struct finder *f, uint32_t i)
{
  return &f->t->part[i];
}

static struct bytes content(const struct finder *f, uint32_t i)
{
  const struct part *p = part_at(f, i);
  return p->kind == PART_TEXT ? mail_part_text(f->t, i) : parts_decoded(f->t, i);
}

static bool is_leaf(const struct part *p)
{
  return p->kind == PART_TEXT || p->kind == PART_OTHER;
}

/* An OpenPGP message: armored, or binary beginning with an encrypted session key or encrypted data (RFC 4880
 * section 4.3). */
static bool is_message(struct bytes s, struct byte_span *at)
{
  if (mail_armor_find(s, message_begin, message_end, 0, at))
    return true;
  *at = (struct byte_span){ 0, (uint32_t)s.len };
  unsigned char c = s.len > 16 ? (unsigned char)s.p[0] : 0;
  unsigned tag = c & 0x40 ? c & 0x3F : (c >> 2) & 0x0F;
  return (c & 0x80) && (tag == 1 || tag == 3 || tag == 9 || tag == 18);
}

/* ---- armor that a gateway or an editor has mangled ---- */

static bool is_armor_char(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/' || c == '=';
}

/* A line without the blanks (also no-break ones) that were put around or into it. */
static struct bytes squeeze(struct pool *pool, struct bytes line)
{
  struct buf b = buf_new(pool, line.len);
  for (size_t off = 0; off < line.len;) {
    size_t from = off;
    uint32_t cp = utf8_next(line, &off);
    if (cp != ' ' && cp != '\t' && cp != '\r' && cp != 0xA0 && cp != 0x200B && cp != 0xFEFF)
      buf_add(&b, bytes_sub(line, from, off - from));
  }
  return buf_bytes(&b);
}

static bool all_armor(struct bytes line)
{
  for (size_t i = 0; i < line.len; i++)
    if (!is_armor_char(line.p[i]))
      return false;
  return line.len > 0;
}

/* As RFC 4880 section 6.2 has it: BEGIN, headers, one empty line, data, END, no blank where none belongs. Most are, and
 * a large one is not worth a copy. */
static bool armor_clean(struct bytes block)
{
  struct bytes rest = block, line;
  enum { BEGIN, HEADERS, DATA, END } at = BEGIN;
  while (bytes_next_line(&rest, &line)) {
    bool frame = bytes_starts(line, BYTES("-----"));
    if (bytes_trim(line).len != line.len || at == END || frame != (at == BEGIN || (at == DATA && frame)))
      return false;
    if (frame || (at == HEADERS && !line.len))
      at++;
    else if (at == HEADERS ? bytes_find(line, BYTES(": "), 0) == SIZE_MAX : !all_armor(line))
      return false;
  }
  return at == END;
}

/* BEGIN, header lines, an empty line, base64, checksum, END: whatever blanks and empty lines came in between. The block
 * comes back as it was where a line is neither. Needed: HTML-born text, trailing blanks of format=flowed, doubled line
 * ends, no-break spaces. */
static struct bytes armor_mended(struct pool *pool, struct bytes block)
{
  if (armor_clean(block))
    return block;
  struct buf b = buf_new(pool, block.len + 2);
  struct bytes rest = block, line;
  bool in_data = false, first = true;
  while (bytes_next_line(&rest, &line)) {
    struct bytes bare = squeeze(pool, line);
    bool frame = bytes_starts(bytes_trim(line), BYTES("-----"));
    bool header = !in_data && !frame && bytes_find(line, BYTES(": "), 0) != SIZE_MAX;
    if (!bare.len)
      continue;
    if (!frame && !header && !all_armor(bare))
      return block;
    if (!frame && !header && !in_data) {
      buf_addc(&b, '\n');
      in_data = true;
    }
    buf_add(&b, frame || header ? bytes_trim(line) : bare);
    buf_addc(&b, '\n');
    first = false;
  }
  return first || !in_data ? block : buf_bytes(&b);
}

static struct bytes message_of(struct finder *f, struct bytes whole, struct byte_span at)
{
  struct bytes block = bytes_sub(whole, at.off, at.len);
  return bytes_starts(block, BYTES("-----BEGIN")) ? armor_mended(f->pool, block) : block;
}

/* ---- multipart forms ---- */

/* The child that holds the message: behind the application/pgp-encrypted one if any, else the first that is one. */
static int32_t message_child(const struct finder *f, uint32_t parent, struct byte_span *at)
{
  for (int32_t c = parts_child(f->t, parent); c >= 0; c = parts_next(f->t, (uint32_t)c))
    if (is_leaf(part_at(f, (uint32_t)c)) && is_message(content(f, (uint32_t)c), at))
      return c;
  return -1;
}

static int32_t child_of_type(const struct finder *f, uint32_t parent, const char *type)
{
  int32_t c = parts_child(f->t, parent);
  while (c >= 0 && !text_ieq(part_at(f, (uint32_t)c)->type, type))
    c = parts_next(f->t, (uint32_t)c);
  return c;
}

/* RFC 3156 section 4: two children in this order. */
static bool encrypted_standard(const struct finder *f, uint32_t i, int32_t message)
{
  int32_t first = parts_child(f->t, i);
  return text_ieq(part_at(f, i)->type, "multipart/encrypted") && first >= 0 &&
         text_ieq(part_at(f, (uint32_t)first)->type, "application/pgp-encrypted") &&
         parts_next(f->t, (uint32_t)first) == message && parts_next(f->t, (uint32_t)message) < 0;
}

static void take(struct finder *f, uint32_t root)
{
  for (uint32_t i = root; i < f->t->count; i++)
    if (mail_is_child_of(f->t, i, root))
      f->taken[i] = true;
}

/* multipart/encrypted, or any multipart that holds application/pgp-encrypted beside the message. In the latter the
 * other parts (a list's footer, a scanner's note) are still looked at. */
static bool find_encrypted(struct finder *f, uint32_t i)
{
  const struct part *p = part_at(f, i);
  bool named = text_ieq(p->type, "multipart/encrypted") && !text_ieq(p->protocol, "application/pkcs7-mime");
  int32_t version = child_of_type(f, i, "application/pgp-encrypted");
  if (p->kind != PART_MULTIPART || (!named && version < 0))
    return false;
  struct byte_span at = { 0, 0 };
  int32_t message = message_child(f, i, &at);
  if (message < 0 && version >= 0) { /* the message is there but no OpenPGP is seen in it: crypt will say what it is */
    message = parts_next(f->t, (uint32_t)version);
    at = (struct byte_span){ 0, 0 };
    if (message >= 0 && is_leaf(part_at(f, (uint32_t)message)))
      at.len = (uint32_t)content(f, (uint32_t)message).len;
  }
  if (message < 0 || !is_leaf(part_at(f, (uint32_t)message)))
    return false;
  found(f, (struct mail_pgp){ .kind = MAIL_PGP_ENCRYPTED,
                              .part = i,
                              .payload = message_of(f, content(f, (uint32_t)message), at),
                              .signed_part = -1,
                              .mangled = !encrypted_standard(f, i, message) });
  f->taken[message] = true;
  if (version >= 0)
    f->taken[version] = true;
  if (named)
    take(f, i);
  return true;
}

static bool is_signature(const struct finder *f, int32_t c)
{
  const struct part *p = part_at(f, (uint32_t)c);
  if (!is_leaf(p))
    return false;
  return text_ieq(p->type, "application/pgp-signature") ||
         bytes_find(content(f, (uint32_t)c), BYTES("-----BEGIN PGP SIGNATURE-----"), 0) == 0;
}

/* Where multipart/signed got lost: a letter's signature, not a file's (report.pdf.sig beside report.pdf). */
static bool is_letter_signature(const struct finder *f, int32_t c, int32_t before)
{
  const struct part *p = part_at(f, (uint32_t)c);
  bool name = !p->filename[0] || text_ieq(p->filename, "signature.asc") ||
              text_ieq(p->filename, "OpenPGP_signature.asc") || text_ieq(p->filename, "OpenPGP_signature");
  return name && text_ieq(p->type, "application/pgp-signature") && before >= 0 &&
         part_at(f, (uint32_t)before)->kind != PART_OTHER && !mail_is_attachment(part_at(f, (uint32_t)before));
}

/* multipart/signed (RFC 3156 section 5); also where a gateway turned it into multipart/mixed: the signed part stands
 * before its signature. */
static bool find_signed(struct finder *f, uint32_t i)
{
  const struct part *p = part_at(f, i);
  if (p->kind != PART_MULTIPART)
    return false;
  bool named = text_ieq(p->type, "multipart/signed");
  int32_t content_part = parts_child(f->t, i), before = -1, signature = -1;
  for (int32_t c = content_part; c >= 0 && signature < 0; c = parts_next(f->t, (uint32_t)c)) {
    if (c != content_part && (named ? is_signature(f, c) : is_letter_signature(f, c, before)))
      signature = c;
    else
      before = c;
  }
  if (signature < 0 || before < 0)
    return false;
  content_part = named ? content_part : before;
  struct byte_span whole = part_at(f, (uint32_t)content_part)->whole;
  found(f, (struct mail_pgp){ .kind = MAIL_PGP_SIGNED,
                              .part = i,
                              .payload = bytes_sub(f->t->raw, whole.off, whole.len),
                              .signature = content(f, (uint32_t)signature),
                              .signed_part = content_part,
                              .mangled = !named });
  take(f, (uint32_t)content_part);
  f->taken[signature] = true;
  if (named)
    take(f, i);
  return true;
}

static bool find_smime(struct finder *f, uint32_t i)
{
  const struct part *p = part_at(f, i);
  bool body = text_ieq(p->type, "application/pkcs7-mime") || text_ieq(p->type, "application/x-pkcs7-mime");
  bool detached = text_ieq(p->type, "multipart/signed") && (text_ieq(p->protocol, "application/pkcs7-signature") ||
                                                            text_ieq(p->protocol, "application/x-pkcs7-signature"));
  if (!body && !detached)
    return false;
  found(f, (struct mail_pgp){ .kind = MAIL_SMIME, .part = i, .signed_part = -1 });
  if (body)
    f->taken[i] = true; /* a detached S/MIME signature leaves its text readable */
  return true;
}

/* ---- single parts ---- */

static bool is_entity_name(const char *filename)
{
  return text_ieq(filename, "encrypted.asc") || text_ieq(filename, "openpgp-encrypted-message.asc") ||
         text_ieq(filename, "PGPMIME Encoded.asc") || text_ieq(filename, "msg.asc");
}

static bool is_pgp_name(const char *filename)
{
  return mail_name_ends(filename, ".pgp") || mail_name_ends(filename, ".gpg") || mail_name_ends(filename, ".asc");
}

/* An encrypted file; or, by its name or type, the PGP/MIME message of a letter whose multipart/encrypted got lost. */
static bool find_attachment(struct finder *f, uint32_t i)
{
  const struct part *p = part_at(f, i);
  bool typed = text_istarts(p->type, "application/pgp") && !text_ieq(p->type, "application/pgp-keys") &&
               !text_ieq(p->type, "application/pgp-signature");
  bool entity = text_ieq(p->type, "application/pgp-encrypted") || is_entity_name(p->filename);
  if (!is_leaf(p) ||
      !(typed || is_pgp_name(p->filename) || (p->kind == PART_OTHER && text_ieq(p->type, "application/octet-stream"))))
    return false;
  struct byte_span at = { 0, 0 };
  bool armored = mail_armor_find(content(f, i), message_begin, message_end, 0, &at);
  if (!armored && (!(typed || is_pgp_name(p->filename)) || !is_message(content(f, i), &at)))
    return false;
  found(f, (struct mail_pgp){ .kind = entity ? MAIL_PGP_ENCRYPTED : MAIL_PGP_ENCRYPTED_ATTACHMENT,
                              .part = i,
                              .payload = message_of(f, content(f, i), at),
                              .signed_part = -1,
                              .mangled = entity });
  f->taken[i] = true;
  return true;
}

/* The bytes that were signed are of the letter's own charset, not UTF-8. */
static struct bytes clearsigned_bytes(struct finder *f, uint32_t i, struct bytes block)
{
  const struct part *p = part_at(f, i);
  bool same = !p->charset[0] || text_ieq(p->charset, "utf-8") || text_ieq(p->charset, "us-ascii");
  if (same || !text_ieq(p->type, "text/plain"))
    return block;
  struct bytes own = text_to_lf(f->pool, mail_part_bytes(f->pool, f->t, i));
  struct byte_span at;
  return mail_armor_find(own, signed_begin, signed_end, 0, &at) ? bytes_sub(own, at.off, at.len) : block;
}

/* Blocks in a text, in order. mangled: found in HTML only. */
static bool find_inline(struct finder *f, uint32_t i, bool html)
{
  struct bytes text = mail_part_text(f->t, i);
  size_t from = 0, before = f->count;
  struct byte_span e, s;
  while (f->count < f->max) {
    bool encrypted = mail_armor_find(text, message_begin, message_end, from, &e);
    bool clear = mail_armor_find(text, signed_begin, signed_end, from, &s);
    if (!encrypted && !clear)
      break;
    bool take_clear = clear && (!encrypted || s.off < e.off);
    struct byte_span at = take_clear ? s : e;
    struct bytes block = bytes_sub(text, at.off, at.len);
    bool whole = bytes_trim(bytes_sub(text, 0, at.off)).len == 0 &&
                 bytes_trim(bytes_sub(text, at.off + at.len, text.len)).len == 0;
    found(f, (struct mail_pgp){ .kind = take_clear ? MAIL_PGP_INLINE_CLEARSIGNED : MAIL_PGP_INLINE_ENCRYPTED,
                                .part = i,
                                .payload = take_clear ? clearsigned_bytes(f, i, block) : armor_mended(f->pool, block),
                                .signed_part = -1,
                                .mangled = html,
                                .whole_text = whole });
    from = (size_t)at.off + at.len;
  }
  f->taken[i] = f->taken[i] || f->count > before;
  return f->count > before;
}

static bool below_message(const struct finder *f, uint32_t i)
{
  for (int32_t at = part_at(f, i)->parent; at >= 0; at = part_at(f, (uint32_t)at)->parent)
    if (part_at(f, (uint32_t)at)->kind == PART_MESSAGE)
      return true;
  return false;
}

/* Table order is depth first, parents before children: outermost first. */
size_t mail_pgp_find(struct pool *pool, const struct part_table *t, struct mail_pgp *out, size_t max)
{
  struct finder f = { pool, t, out, 0, max, pool_array(pool, t->count + 1, sizeof(bool)) };
  bool text_block = false;
  for (uint32_t i = 0; i < t->count; i++) {
    /* A signature inside a forwarded message is not this sender's. */
    if (f.taken[i] || find_smime(&f, i) || (!below_message(&f, i) && find_signed(&f, i)) || find_encrypted(&f, i))
      continue;
    if (t->part[i].kind == PART_TEXT && text_ieq(t->part[i].type, "text/plain") && !is_pgp_name(t->part[i].filename) &&
        find_inline(&f, i, false))
      text_block = true;
    else
      find_attachment(&f, i);
  }
  for (uint32_t i = 0; i < t->count && !text_block; i++)
    if (!f.taken[i] && t->part[i].kind == PART_TEXT && !text_ieq(t->part[i].type, "text/plain") &&
        !mail_is_attachment(&t->part[i]))
      find_inline(&f, i, true);
  return f.count;
}

bool mail_looks_like_entity(struct bytes plain)
{
  struct bytes rest = plain, line;
  bool content_field = false;
  for (unsigned n = 0; n < 100 && bytes_next_line(&rest, &line) && line.len; n++) {
    size_t colon = bytes_find(line, BYTES(":"), 0);
    bool folded = line.p[0] == ' ' || line.p[0] == '\t';
    if (folded && n > 0)
      continue;
    if (colon == SIZE_MAX || colon == 0 || memchr(line.p, ' ', colon))
      return false;
    content_field =
        content_field || bytes_istarts(line, BYTES("Content-Type:")) || bytes_istarts(line, BYTES("MIME-Version:"));
  }
  return content_field;
}
