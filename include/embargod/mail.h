/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail: what a letter says (views on the part table) and how ours are written. Pure; no library, no files. */
#ifndef EMBARGOD_MAIL_H
#define EMBARGOD_MAIL_H
#include <embargod/base.h>
#include <embargod/parts.h>

/* ---- addresses (RFC 5322, 5321, 6531) ---- */
struct mail_address { const char *name; const char *address; }; /* cleaned; address normalised */
/* The one guard for an address that goes into a header, an envelope or SQL: local@domain, no controls, spaces, <>, quotes that
 * need quoting; at most 254 bytes; UTF-8 allowed; domain lower-cased; IDN kept as written. NULL when it is none. */
char *mail_address_normal(struct pool *pool, const char *s);
size_t mail_addresses(struct pool *pool, const char *header_value, struct mail_address **out); /* lists, groups, comments */
const char *mail_address_domain(const char *address);
/* "security+TOKEN@d": the TOKEN when base is security@d (case-insensitive), else NULL. */
char *mail_plus_token(struct pool *pool, const char *address, const char *base);
char *mail_plus_address(struct pool *pool, const char *base, const char *token); /* token "" or NULL: base itself */

/* ---- the outer view of a letter ---- */
struct mail_view {
  struct mail_address from;    /* "" when there is none */
  struct mail_address reply_to;
  const char *subject;         /* outer, cleaned, "" */
  const char *message_id;      /* without <>; "" */
  const char **references;     /* In-Reply-To first, then References newest first; without <>; NULL-terminated, at most 50 */
  const char **recipients;     /* Delivered-To, X-Original-To, To, Cc addresses; NULL-terminated */
  const char *auto_submitted;  /* "" */
  const char *autocrypt;       /* raw header value; "" */
  const char *auth_results;    /* "" or the value of the first Authentication-Results with our authserv-id */
  bool dmarc_pass;             /* in that header */
  const char *return_path;     /* "" = none or null path; */
  bool null_sender;            /* Return-Path: <> */
  int64_t date;                /* 0 = none or ill-formed */
};
void mail_view(struct pool *pool, const struct part_table *t, const char *authserv_id, struct mail_view *out);
int64_t mail_date_parse(const char *s); /* RFC 5322 date; 0 when ill-formed */
/* Automatic mail that must never be answered (RFC 3834 section 2; the usual marks: Precedence, X-Auto-Response-Suppress,
 * List-Id, null sender, mailer-daemon@, noreply@ ...). NULL: no; else which mark, a constant. */
const char *mail_automatic(const struct part_table *t, const struct mail_view *v);
/* X-Spam-Flag: YES and its relatives: neither acknowledged nor forwarded. */
bool mail_spam_flagged(const struct part_table *t);

/* ---- OpenPGP structure (RFC 3156, inline, the forms that gateways make of them) ---- */
enum mail_pgp_kind { MAIL_PGP_NONE = 0, MAIL_PGP_ENCRYPTED, MAIL_PGP_SIGNED, MAIL_PGP_INLINE_ENCRYPTED, MAIL_PGP_INLINE_CLEARSIGNED,
                     MAIL_PGP_ENCRYPTED_ATTACHMENT, MAIL_SMIME };
struct mail_pgp {
  enum mail_pgp_kind kind;
  uint32_t part;           /* the multipart, or the text part that holds the block */
  struct bytes payload;    /* encrypted: the OpenPGP message; signed: the signed bytes exactly; clear-signed: the block */
  struct bytes signature;  /* detached signature (decoded) */
  int32_t signed_part;     /* index of the part under a detached signature; -1 */
  bool mangled;            /* not in RFC 3156 form: Exchange, bridges; found by structure */
  bool whole_text;         /* inline: the block is the whole text (Mailvelope) */
};
/* Every OpenPGP structure of the table, outermost first, not descending into signed or encrypted ones; at most max. */
size_t mail_pgp_find(struct pool *pool, const struct part_table *t, struct mail_pgp *out, size_t max);
/* Decrypted bytes that begin like a MIME entity (a header block with Content-Type or MIME-Version): what was encrypted is a
 * letter, not a file. For MAIL_PGP_ENCRYPTED that is mangled and for MAIL_PGP_ENCRYPTED_ATTACHMENT. */
bool mail_looks_like_entity(struct bytes plain);
/* Protected headers (RFC 9788 hp=, and protected-headers="v1") of the part that is the root of a decrypted or signed
 * entity: its Subject etc.; NULL when it carries none. */
struct mail_protected { bool present; const char *subject, *from, *to, *message_id, *in_reply_to, *references, *date; };
void mail_protected(struct pool *pool, const struct part_table *t, uint32_t root, struct mail_protected *out);

/* ---- text and attachments ---- */
/* Readable text below `root`: the consecutive text/plain parts joined (Apple Mail), text/html made readable where there is no plain
 * alternative. *plain: it came from text/plain only. *first: the first text part, for format/delsp. */
char *mail_text(struct pool *pool, const struct part_table *t, uint32_t root, bool *plain, int32_t *first);
/* The words beside an OpenPGP structure: readable text of the entity that is not below part `except` (-1: none), without armored
 * blocks. "" when there are none. */
char *mail_text_outside(struct pool *pool, const struct part_table *t, int32_t except);
struct mail_attachment { const char *filename, *type; struct bytes bytes; uint32_t part; };
size_t mail_attachments(struct pool *pool, const struct part_table *t, uint32_t root, struct mail_attachment **out);
/* The raw letter, but a line in the place of the body of each part of at least min bytes that mail_attachments() gives. */
struct bytes mail_skeleton(struct pool *pool, const struct part_table *t, size_t min);
/* Autocrypt Level 1 header of the sender: addr must equal From. False: none or ill-formed. */
MUST_USE bool mail_autocrypt_parse(struct pool *pool, const char *value, const char *from, struct bytes *key);
struct bytes mail_armored_key(struct pool *pool, struct bytes key); /* a certificate as people save it; CRLF */
/* Keys: application/pgp-keys parts and armored public key blocks in text. */
size_t mail_keys_attached(struct pool *pool, const struct part_table *t, struct bytes *out, size_t max);
/* winmail.dat, S/MIME, password archives: advice for the analysts; "" when nothing. */
char *mail_special_advice(struct pool *pool, const struct part_table *t);

/* ---- DSN (RFC 3464) ---- */
struct mail_dsn {
  bool is_dsn, failed, delayed;
  const char *status;       /* "5.1.1" */
  const char *recipient;    /* Final-/Original-Recipient, normalised, "" */
  const char *diagnostic;   /* cleaned, one line */
  const char *message_id;   /* of the returned letter, "" */
  const char *ref_case, *ref_tag; /* from a Ref: line in the returned part, "" */
};
void mail_dsn(struct pool *pool, const struct part_table *t, struct mail_dsn *out);

/* ---- writing: RFC 5322, 2045-2047, 2231, 3156, protected headers, Autocrypt ---- */
struct mail_draft {
  struct mail_address from, to;
  const char *reply_to;         /* NULL */
  const char *subject;          /* the real one, with [ID] in front already */
  const char *outer_subject;    /* when encrypted: "[EMB-2026-0001] ..." */
  const char *message_id;       /* without <> */
  const char *in_reply_to;      /* without <>; NULL */
  const char *const *references;/* without <>, NULL-terminated, oldest first; NULL */
  const char *case_id;          /* X-Embargod-Case; NULL */
  const char *auto_submitted;   /* "auto-replied", "auto-generated"; NULL: none */
  int64_t date;
  const char *text;             /* UTF-8, LF */
  const struct mail_attachment *attachment;
  size_t attachment_count;
  struct bytes autocrypt_key;   /* our minimal public key; empty: no header */
  bool attach_key;              /* our public key as application/pgp-keys too (for reporters without Autocrypt) */
  const char *language;         /* Content-Language; NULL */
};
/* The MIME entity that is signed (and encrypted): protected headers (hp="clear" or "cipher" and protected-headers="v1" both),
 * text part (quoted-printable or 7bit, format=flowed NOT used), attachments base64 byte-exact. CRLF. */
struct bytes mail_compose_content(struct pool *pool, const struct mail_draft *d, bool encrypt);
/* The whole letter around it: encrypt: multipart/encrypted with the armored message; else multipart/signed with content and
 * detached signature, micalg. CRLF, no bare CR or LF, lines <= 998. */
struct bytes mail_compose_letter(struct pool *pool, const struct mail_draft *d, bool encrypt, struct bytes content, struct bytes sealed,
                                 const char *micalg);
/* An encrypted letter that is too large to be made in one piece: what stands before the armored message (trimmed, with CRLF) and
 * behind it. */
void mail_compose_frame(struct pool *pool, const struct mail_draft *d, struct bytes sealed, struct bytes *head, struct bytes *tail);
/* An unsigned plain letter (only for a daemon that has no usable key of its own: an operator's alarm). */
struct bytes mail_compose_plain(struct pool *pool, const struct mail_draft *d);
/* The core's last look before the outbox: recipient, no Bcc, encrypted when it must be, no line of `content` visible. */
MUST_USE enum status mail_check_final(struct bytes letter, const struct mail_draft *d, bool encrypt, struct fault *err);
/* Our deterministic Message-ID "DIGEST@domain" from pieces (case, letter, kind, recipient) under a key. */
char *mail_message_id(struct pool *pool, const unsigned char digest[32], const char *domain);

/* "-- write above this line -- Ref: ID/TAG --": the first line of every mail of ours. TAG: 80 bits, base32 of a keyed MAC. */
char *mail_ref_line(struct pool *pool, const char *case_id, const char *tag);
extern const char mail_cut_marker[]; /* the constant beginning of that line: command_source.cut_marker */
/* Lines of a sender that imitate our own status lines (Ref:, [signed ...], our marker, dashes) escaped with "> " or similar. */
char *mail_escape_quoted(struct pool *pool, const char *text);
/* Every line with "> " before it, whatever it says: a letter as it is shown to others. Control characters go. */
char *mail_quote(struct pool *pool, const char *text);
#endif
