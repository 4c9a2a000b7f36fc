/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/parts: the flat part table that embargod-parse makes of one message (or of one decrypted MIME entity).
 * All places are spans into the raw bytes as they came, so that a signature is checked on exactly what came. */
#ifndef EMBARGOD_PARTS_H
#define EMBARGOD_PARTS_H
#include <embargod/base.h>
#include <embargod/wire.h>

#define PARTS_MAX 1000
#define PARTS_DEPTH_MAX 100
#define PARTS_HEADERS_MAX 2000      /* header fields of all parts together */
#define PARTS_HEADER_VALUE_MAX 65536 /* decoded; longer ones are cut, with a repair note */

enum part_kind {
  PART_MULTIPART = 1,
  PART_MESSAGE,   /* message/rfc822 and message/global: has one child */
  PART_TEXT,      /* text/...: decoded is UTF-8 with LF line ends */
  PART_OTHER,     /* decoded (with as_is: body) is the transfer-decoded bytes, exactly */
};

/* What embargod-parse mended or could not do; the summary block of a forward names them (parts_repair_text). */
enum part_repair {
  REPAIR_CHARSET_UNKNOWN = 1 << 0,  /* unknown charset: bytes kept, shown as Latin-1 */
  REPAIR_CHARSET_BAD = 1 << 1,      /* bytes that are not of the named charset */
  REPAIR_ENCODING_BAD = 1 << 2,     /* damaged base64 or quoted-printable */
  REPAIR_ENCODING_UNKNOWN = 1 << 3, /* unknown transfer encoding: taken as it stands */
  REPAIR_HEADER_8BIT = 1 << 4,      /* raw 8-bit in a header: taken as UTF-8, else Latin-1 */
  REPAIR_HEADER_BROKEN = 1 << 5,    /* a line without colon, a NUL, a cut value */
  REPAIR_BOUNDARY_MISSING = 1 << 6, /* multipart without its closing (or any) boundary */
  REPAIR_NO_CONTENT_TYPE = 1 << 7,  /* ill-formed Content-Type: text/plain (top) or octet-stream assumed */
  REPAIR_HTML_TEXT = 1 << 8,        /* text made from HTML */
  REPAIR_AMBIGUOUS = 1 << 9,        /* root: a second parser (libetpan) sees other parts than we do */
};

struct part {
  int32_t parent;           /* index of the enclosing part; -1: this is the root (index 0) */
  uint16_t depth;           /* 0 for the root */
  enum part_kind kind;
  uint32_t repairs;         /* enum part_repair bits */
  struct byte_span whole;   /* raw: first header byte .. before the CRLF of the next boundary (RFC 3156 section 5) */
  struct byte_span head;    /* raw: header block, without the empty line */
  struct byte_span body;    /* raw: after the empty line */
  struct byte_span decoded; /* in part_table.decoded; empty for multipart and message, and with as_is */
  bool as_is;               /* PART_OTHER without transfer encoding: what it holds is raw's body, and is not carried twice */
  struct byte_span as_text; /* in part_table.decoded: text/html made readable (UTF-8, LF), else equal to decoded for PART_TEXT */
  /* Parameters, RFC 2231 and 2047 decoded, UTF-8, cleaned of control characters; "" when absent, never NULL. */
  const char *type;         /* "text/plain", lower case, always well-formed */
  const char *charset;      /* as written, lower case */
  const char *filename;     /* base name only, no path separators */
  const char *disposition;  /* "inline", "attachment", lower case */
  const char *content_id;   /* without <> */
  const char *protocol, *micalg;  /* multipart/signed, multipart/encrypted */
  const char *format, *delsp;     /* RFC 3676 */
  const char *protected_headers;  /* "v1": the older protected-headers draft */
  const char *hp;                 /* "cipher" or "clear": RFC 9788 */
  const char *report_type;        /* multipart/report */
  const char *smime_type;         /* application/pkcs7-mime */
  uint32_t header_first, header_count; /* this part's fields in part_table.header */
};
struct part_header {
  const char *name;     /* as written, without colon; compare with text_ieq */
  const char *value;    /* unfolded, RFC 2047 decoded, UTF-8, no control characters, trimmed. In address fields a
                           decoded word that holds specials comes as a quoted string, so that it cannot become an
                           address; ids, dates, Received, Autocrypt and MIME fields are not decoded */
  struct byte_span raw; /* the field's raw value: after the colon .. before the CRLF that ends it */
};
struct part_table {
  struct bytes raw;     /* what was parsed; borrowed */
  struct bytes decoded; /* one blob for all parts */
  struct part *part;
  uint32_t count;       /* >= 1 */
  struct part_header *header;
  uint32_t header_count;
};

/* Child's side: the answer message. */
void parts_put(struct wire_msg *m, const struct part_table *table);
/* Core's side: every number bounded against raw and decoded, parents before children, strings NUL-terminated UTF-8.
 * REJECT on anything else. Strings and decoded are copied into pool; raw is borrowed. */
MUST_USE enum status parts_get(const struct wire_msg *m, struct pool *pool, struct bytes raw, struct part_table *out,
                               struct fault *err);
/* What it holds, transfer-decoded; text as UTF-8. Borrows from the table. */
struct bytes parts_decoded(const struct part_table *t, uint32_t part);
/* First header of that part with this name (case-insensitive), or NULL. */
const char *parts_header(const struct part_table *t, uint32_t part, const char *name);
/* The n-th one (0 = first) with that name, NULL past the last. */
const char *parts_header_nth(const struct part_table *t, uint32_t part, const char *name, unsigned n);
/* First child, next sibling; -1 for none. */
int32_t parts_child(const struct part_table *t, uint32_t part);
int32_t parts_next(const struct part_table *t, uint32_t part);
/* "unknown character set, damaged base64": for people. "" when bits is 0. */
char *parts_repair_text(struct pool *pool, uint32_t bits);
#endif
