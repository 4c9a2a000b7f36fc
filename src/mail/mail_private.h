/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail: for siblings only. */
#ifndef MAIL_PRIVATE_H
#define MAIL_PRIVATE_H
#include <embargod/mail.h>
#include <embargod/text.h>

/* ---- mail_encode.c: writing header fields and bodies ---- */
/* The one guard for every value that goes into a header of ours: CR, LF, TAB and NUL become one blank, other controls
 * and bidi overrides U+FFFD, blanks at the ends go. Never NULL. */
char *mail_guard(struct pool *pool, const char *s);
/* An address for a header: normalised, or NULL. Same guard as mail_address_normal(). */
void mail_put_text(struct buf *b, const char *name, const char *value);
void mail_put_address(struct buf *b, const char *name, const struct mail_address *a);
void mail_put_ids(struct buf *b, const char *name, const char *const *ids); /* NULL-terminated */
/* A value of our own making or a token of a list: ASCII without controls, all else is dropped. */
void mail_put_token(struct buf *b, const char *name, const char *value);
/* "; name=value" of Content-Type and Content-Disposition (RFC 2045, RFC 2231). */
void mail_put_param(struct buf *b, const char *name, const char *value);
void mail_put_autocrypt(struct buf *b, const char *address, struct bytes key);
/* LF or CRLF text to quoted-printable with CRLF: no trailing blanks, no "From ", no dot at a line's beginning. */
struct bytes mail_qp_encode(struct pool *pool, struct bytes text);
/* May this text travel as it stands (7bit)? Short ASCII lines without trailing blanks, "From " or a leading dot. */
bool mail_is_7bit(struct bytes text);

/* ---- mail_decode.c: reading raw bytes ---- */
/* The part's body with its transfer encoding undone, in its own charset and with its own line ends: byte-identical. */
struct bytes mail_part_bytes(struct pool *pool, const struct part_table *t, uint32_t part);
struct bytes mail_qp_decode(struct pool *pool, struct bytes s);
/* Raw value of a field, unfolded, not RFC 2047 decoded; the decoded one where the table has no raw place for it. */
char *mail_raw_value(struct pool *pool, const struct part_table *t, const struct part_header *h);
/* First header of that name as the table has it; NULL. */
const struct part_header *mail_header_find(const struct part_table *t, uint32_t part, const char *name, unsigned nth);
/* A parameter of the raw Content-Type that the table does not carry, such as hp-legacy-display. "" when absent. */
char *mail_type_param(struct pool *pool, const struct part_table *t, uint32_t part, const char *name);

/* ---- shared small things ---- */
struct bytes mail_part_text(const struct part_table *t, uint32_t part); /* as_text */
bool mail_is_attachment(const struct part *p);                          /* by disposition or name */
bool mail_name_ends(const char *filename, const char *suffix);
bool mail_is_child_of(const struct part_table *t, uint32_t part, uint32_t root); /* root itself counts */
/* Message-IDs in a header value, without <>; at most max; returns how many were added to out. */
size_t mail_ids(struct pool *pool, const char *value, const char **out, size_t max);
/* Case and tag of the first "Ref: ID/TAG" in a text. */
bool mail_ref_find(struct pool *pool, struct bytes text, const char **case_id, const char **tag);
/* The parts that mail_text shows, in order; at most max. Others are attachments. */
size_t mail_text_parts(struct pool *pool, const struct part_table *t, uint32_t root, uint32_t *out, size_t max);
/* Where an armored block "-----BEGIN what-----" .. "-----END what-----" stands at line starts; false when there is
 * none. */
MUST_USE bool mail_armor_find(struct bytes text, const char *begin, const char *end, size_t from,
                              struct byte_span *out);
#endif
