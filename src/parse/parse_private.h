/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse: for the files of this room only. One letter's way through them:
 *   limits.c   parse_scan(): our own single pass finds the parts and refuses what no parser should see
 *   agree.c    libetpan reads the same bytes; a different structure is noted
 *   mime.c     headers, parameters, decoded contents -> struct part_table
 *   param.c, words.c, charset.c, decode.c, html.c are what mime.c reads with
 *   sandbox.c, zygote.c, print.c, main.c are the program around it */
#ifndef PARSE_PRIVATE_H
#define PARSE_PRIVATE_H
#include <embargod/base.h>
#include <embargod/parts.h>
#include <sys/types.h>

/* ---- limits ---- */
#define SCAN_HEADER_BLOCK_MAX (512u << 10) /* bytes of one header block */
#define SCAN_HEADER_LINE_MAX 65536u        /* bytes of one line in a header block */
#define SCAN_HEADER_FIELDS_MAX 1000u       /* fields of one header block */
#define SCAN_BOUNDARY_MAX 200u             /* RFC 2046 says 70; some mailers go over it */

struct parse_limits {
  uint32_t depth; /* nesting allowed, <= PARTS_DEPTH_MAX; the root is 0 */
  uint32_t parts; /* <= PARTS_MAX */
};

/* One part as the scan found it. All spans are into the raw bytes. */
struct scan_part {
  int32_t parent;
  uint16_t depth;
  enum part_kind kind;
  uint32_t repairs;
  struct byte_span whole, head, body;
  struct byte_span content_type;      /* value of the first Content-Type; len 0 when absent */
  struct byte_span transfer_encoding; /* likewise */
  struct byte_span disposition;
  struct byte_span content_id;
  const char *type;     /* lower case, well-formed; the default when absent or ill-formed */
  const char *encoding; /* lower case; "" when absent */
};
struct scan {
  struct scan_part *part;
  uint32_t count;
  uint16_t depth; /* deepest */
};
/* Pure. One pass, time linear in raw.len. REJECT with the reason (no byte of the input in it). */
MUST_USE enum status parse_scan(struct pool *pool, struct bytes raw, const struct parse_limits *limits,
                                struct scan *out, struct fault *err);

/* One field of a header block. */
struct scan_field {
  struct bytes name;      /* trimmed */
  struct byte_span value; /* into raw: after the colon .. before the line end that ends the field */
};
/* Next field of head, *off moves on. False at the end. Lines that are no field are skipped (the scan noted them). */
bool scan_field_next(struct bytes raw, struct byte_span head, uint32_t *off, struct scan_field *field);

/* ---- param.c: Content-Type and Content-Disposition, pure ---- */
#define PARAM_MAX 64
struct param {
  struct bytes name;  /* as written, lower case: "filename*0*" */
  struct bytes value; /* unquoted */
};
struct param_list {
  char *value; /* what stands before the first ';', lower case, white space and comments removed */
  struct param *param;
  size_t count;
  bool cut; /* more than PARAM_MAX */
};
void param_read(struct pool *pool, struct bytes field, struct param_list *out);
/* RFC 2231 put together (continuations joined, percent signs decoded), charset not applied: it goes to *charset
 * ("" when none was named). *plain is true when there were no RFC 2231 marks at all. False: absent. */
bool param_raw(struct pool *pool, const struct param_list *list, const char *name, struct bytes *value,
               const char **charset, bool *plain);

/* ---- charset.c ---- */
struct charsets; /* opened converters; made before the sandbox closes */
struct charsets *charsets_open(struct pool *pool);
void charsets_close(struct charsets *cs);
/* How many could not be opened on this machine; *names says which. */
unsigned charsets_missing(const struct charsets *cs, struct pool *pool, char **names);
/* For tests: the n-th converter's main name, NULL past the last. */
const char *charsets_name(unsigned n);
/* To UTF-8. Sets REPAIR_CHARSET_* in *repairs. An empty name means: UTF-8, else Latin-1. */
struct bytes charset_to_utf8(const struct charsets *cs, struct pool *pool, const char *name, struct bytes s,
                             uint32_t *repairs);
struct bytes charset_latin1(struct pool *pool, struct bytes s);

/* ---- words.c: header values for people and for the core ---- */
enum words_kind {
  WORDS_TEXT,    /* unstructured */
  WORDS_ADDRESS, /* address list: a decoded word that holds specials comes as a quoted string */
  WORDS_TOKEN,   /* ids and dates: nothing is decoded */
};
enum words_kind words_kind_of(struct bytes field_name);
/* Unfolds, decodes RFC 2047, gives clean UTF-8 on one line, trimmed and at most PARTS_HEADER_VALUE_MAX long. */
char *words_decode(const struct charsets *cs, struct pool *pool, struct bytes raw, enum words_kind kind,
                   uint32_t *repairs);
/* A parameter by name, RFC 2231 and 2047 decoded, clean; "" when absent. */
char *words_param(const struct charsets *cs, struct pool *pool, const struct param_list *list, const char *name,
                  uint32_t *repairs);

/* ---- decode.c ---- */
/* Both never fail: damage sets REPAIR_ENCODING_BAD and the rest is decoded. */
struct bytes decode_base64(struct pool *pool, struct bytes s, uint32_t *repairs);
struct bytes decode_quoted_printable(struct pool *pool, struct bytes s, uint32_t *repairs);
/* The "Q" of RFC 2047. */
struct bytes decode_q(struct pool *pool, struct bytes s, uint32_t *repairs);

/* ---- html.c ---- */
#define HTML_INPUT_MAX (4u << 20)
#define HTML_DEPTH_MAX 256
/* html is UTF-8. Gives UTF-8 with LF line ends. What is over a bound is cut, and the text says so. */
struct bytes html_to_text(struct pool *pool, struct bytes html);

/* ---- agree.c ---- */
/* Does libetpan see the same parts at the same places? True also when the check would cost too much (deep and large).
 */
bool etpan_agrees(struct pool *pool, struct bytes raw, const struct scan *scan);

/* ---- mime.c ---- */
struct parser {
  struct charsets *charsets;
  struct parse_limits limits;
};
/* raw is borrowed by out. */
MUST_USE enum status parse_mime(const struct parser *parser, struct pool *pool, struct bytes raw,
                                struct part_table *out, struct fault *err);

/* ---- sandbox.c ---- */
struct sandbox_limits {
  int cpu_s;
  size_t memory; /* RLIMIT_AS; also the largest memfd */
};
struct sandbox; /* the two filters, compiled once */
MUST_USE enum status sandbox_prepare(struct pool *pool, struct sandbox **out, struct fault *err);
/* The zygote: may fork, wait and talk on its channel; no file, no socket. */
MUST_USE enum status sandbox_enter_zygote(const struct sandbox *sb, struct fault *err);
/* The child that reads a letter: limits, alarm, then the strict filter (kill as default). */
MUST_USE enum status sandbox_enter_child(const struct sandbox *sb, const struct sandbox_limits *limits,
                                         struct fault *err);

/* ---- zygote.c, print.c ---- */
int zygote_run(struct parser *parser, const struct sandbox *sb, int channel);
struct bytes print_table(struct pool *pool, const struct part_table *table);
#endif
