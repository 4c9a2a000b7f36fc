/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/parts: the part table as a message. Four fields whatever the number of parts: the decoded contents, fixed-size
 * records of the parts, records of the headers, and one heap of NUL-terminated strings. parts_get() believes nothing:
 * the process that wrote the message has just parsed hostile bytes. */
#include <config.h>

#include <embargod/parts.h>
#include <embargod/channel.h>
#include <embargod/text.h>
#include <string.h>

#include "wire_private.h"

enum { PARTS_TAG_PARTS = 20, PARTS_TAG_HEADERS = 21, PARTS_TAG_STRINGS = 22 };

#define PART_STRINGS 13
#define PART_WORDS (5 + 5 * 2 + 2 + PART_STRINGS) /* 32-bit words of a record */
#define HEADER_WORDS 4                            /* name, value, raw.off, raw.len */
#define REPAIR_ALL ((1u << 10) - 1)
#define STRINGS_MAX (64u << 20)

/* The strings of a part in the order of its record. */
static void part_strings(struct part *p, const char **out[PART_STRINGS])
{
  const char **const all[PART_STRINGS] = { &p->type,       &p->charset,           &p->filename, &p->disposition,
                                           &p->content_id, &p->protocol,          &p->micalg,   &p->format,
                                           &p->delsp,      &p->protected_headers, &p->hp,       &p->report_type,
                                           &p->smime_type };
  memcpy(out, all, sizeof all);
}

/* ---- writing ---- */

static void put_word(struct buf *b, uint32_t v)
{
  char raw[4] = { (char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24) };
  buf_add(b, (struct bytes){ raw, 4 });
}

static void put_span(struct buf *b, struct byte_span s)
{
  put_word(b, s.off);
  put_word(b, s.len);
}

/* The heap begins with a NUL: offset 0 is the empty string. */
static void put_string(struct buf *b, struct buf *heap, const char *s)
{
  if (!s || !*s) {
    put_word(b, 0);
    return;
  }
  put_word(b, (uint32_t)heap->len);
  buf_adds(heap, s);
  buf_addc(heap, '\0');
}

static void put_part(struct buf *b, struct buf *heap, const struct part *from)
{
  struct part p = *from;
  const char **strings[PART_STRINGS];
  part_strings(&p, strings);
  put_word(b, (uint32_t)p.parent);
  put_word(b, p.depth);
  put_word(b, p.kind);
  put_word(b, p.repairs);
  put_word(b, p.as_is);
  put_span(b, p.whole);
  put_span(b, p.head);
  put_span(b, p.body);
  put_span(b, p.decoded);
  put_span(b, p.as_text);
  put_word(b, p.header_first);
  put_word(b, p.header_count);
  for (size_t i = 0; i < PART_STRINGS; i++)
    put_string(b, heap, *strings[i]);
}

void parts_put(struct wire_msg *m, const struct part_table *t)
{
  struct pool *pool = m->pool; /* the message borrows what is large until it is sent */
  struct buf parts = buf_new(pool, t->count * PART_WORDS * 4u);
  struct buf headers = buf_new(pool, t->header_count * HEADER_WORDS * 4u);
  struct buf heap = buf_new(pool, 4096);
  buf_addc(&heap, '\0');
  for (uint32_t i = 0; i < t->count; i++)
    put_part(&parts, &heap, &t->part[i]);
  for (uint32_t i = 0; i < t->header_count; i++) {
    put_string(&headers, &heap, t->header[i].name);
    put_string(&headers, &heap, t->header[i].value);
    put_span(&headers, t->header[i].raw);
  }
  wire_put(m, TAG_BYTES, t->decoded);
  wire_put(m, PARTS_TAG_PARTS, buf_bytes(&parts));
  wire_put(m, PARTS_TAG_HEADERS, buf_bytes(&headers));
  wire_put(m, PARTS_TAG_STRINGS, buf_bytes(&heap));
}

/* ---- reading ---- */

struct reader {
  struct pool *pool;
  struct bytes records, heap;
  size_t at;      /* in records; its length was checked */
  size_t heap_at; /* strings come in order, each once: else a small heap could be made long work */
  struct part_table *out;
  const char *bad; /* the first thing that is wrong */
};

static void check(struct reader *r, bool good, const char *what)
{
  if (!good && !r->bad)
    r->bad = what;
}

static uint32_t get_word(struct reader *r)
{
  const unsigned char *p = (const unsigned char *)r->records.p + r->at;
  r->at += 4;
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static struct byte_span get_span(struct reader *r)
{
  uint32_t off = get_word(r);
  return (struct byte_span){ off, get_word(r) };
}

static bool printable_ascii(const char *s)
{
  for (; *s; s++)
    if (*s < ' ' || *s > '~')
      return false;
  return true;
}

/* The heap ends with a NUL, so every offset inside it is a string. It must be as text_clean() leaves it. */
static const char *get_string(struct reader *r)
{
  uint32_t off = get_word(r);
  if (!off)
    return "";
  if (off >= r->heap.len || off < r->heap_at) {
    check(r, false, "a string outside its heap or out of order");
    return "";
  }
  const char *s = r->heap.p + off;
  r->heap_at = off + strlen(s) + 1;
  if (printable_ascii(s))
    return s;
  AUTO(pool_freep) struct pool *scratch = pool_new("string");
  check(r, !strcmp(text_clean(scratch, bytes_str(s), false), s), "a string with control characters or bad UTF-8");
  return s;
}

static bool within(struct byte_span inner, struct byte_span outer)
{
  return inner.off >= outer.off && (uint64_t)inner.off + inner.len <= (uint64_t)outer.off + outer.len;
}

static uint64_t end_of(struct byte_span s)
{
  return (uint64_t)s.off + s.len;
}

static void check_tree(struct reader *r, uint32_t i, const uint64_t *child_end)
{
  const struct part *all = r->out->part, *p = &all[i];
  if (i == 0) {
    check(r, p->parent == -1 && p->depth == 0, "the root has a parent");
    check(r, p->whole.off == 0 && p->whole.len == r->out->raw.len, "the root is not the whole message");
    return;
  }
  if (p->parent < 0 || (uint32_t)p->parent >= i) {
    check(r, false, "a part before its parent");
    return;
  }
  const struct part *up = &all[p->parent];
  check(r, up->kind == PART_MULTIPART || up->kind == PART_MESSAGE, "a part inside a leaf");
  check(r, p->depth == up->depth + 1 && p->depth <= PARTS_DEPTH_MAX, "a wrong depth");
  check(r, within(p->whole, up->body), "a part outside its parent");
  check(r, p->whole.off >= child_end[p->parent], "parts that overlap");
  check(r, up->kind != PART_MESSAGE || p->parent == (int32_t)i - 1, "a message with two roots");
}

static void check_spans(struct reader *r, const struct part *p)
{
  check(r, span_inside(p->whole, r->out->raw.len), "a part outside the message");
  check(r, within(p->head, p->whole) && within(p->body, p->whole), "a header or body outside its part");
  check(r, end_of(p->head) <= p->body.off, "a body before its header");
  check(r, span_inside(p->decoded, r->out->decoded.len), "contents outside the blob");
  check(r, span_inside(p->as_text, r->out->decoded.len), "text outside the blob");
  bool container = p->kind == PART_MULTIPART || p->kind == PART_MESSAGE;
  check(r, !container || (!p->decoded.len && !p->as_text.len), "contents of a container");
  check(r, p->kind == PART_TEXT || !p->as_text.len, "text of what is no text");
}

static bool same_span(struct byte_span a, struct byte_span b)
{
  return a.off == b.off && a.len == b.len;
}

/* Contents come in order and do not overlap: no small message can make the reader's work large. */
static void check_contents(struct reader *r, const struct part *p, uint64_t *end)
{
  if (r->bad || p->kind == PART_MULTIPART || p->kind == PART_MESSAGE)
    return;
  check(r, p->decoded.off >= *end, "contents that overlap");
  *end = end_of(p->decoded);
  if (p->kind != PART_TEXT)
    return;
  check(r, utf8_valid(span_of(r->out->decoded, p->decoded)), "text that is not UTF-8");
  if (same_span(p->as_text, p->decoded))
    return;
  check(r, p->as_text.off >= *end, "contents that overlap");
  *end = end_of(p->as_text);
  check(r, utf8_valid(span_of(r->out->decoded, p->as_text)), "text that is not UTF-8");
}

static void check_strings(struct reader *r, const struct part *p)
{
  const char *slash = strchr(p->type, '/');
  check(r, slash && slash != p->type && slash[1] && !strchr(slash + 1, '/') && !strchr(p->type, ' '), "a bad type");
  for (const char *s = p->type; *s; s++)
    check(r, *s > ' ' && *s <= '~' && !(*s >= 'A' && *s <= 'Z'), "a bad type");
  check(r, !strpbrk(p->filename, "/\\") && strcmp(p->filename, ".") && strcmp(p->filename, ".."),
        "a file name that is a path");
}

static void get_part(struct reader *r, uint32_t i)
{
  struct part *p = &r->out->part[i];
  const char **strings[PART_STRINGS];
  part_strings(p, strings);
  p->parent = (int32_t)get_word(r);
  uint32_t depth = get_word(r);
  p->depth = (uint16_t)depth;
  uint32_t kind = get_word(r);
  p->kind = kind;
  p->repairs = get_word(r);
  uint32_t as_is = get_word(r);
  p->as_is = as_is == 1;
  p->whole = get_span(r);
  p->head = get_span(r);
  p->body = get_span(r);
  p->decoded = get_span(r);
  p->as_text = get_span(r);
  p->header_first = get_word(r);
  p->header_count = get_word(r);
  for (size_t s = 0; s < PART_STRINGS; s++)
    *strings[s] = get_string(r);
  check(r, depth <= PARTS_DEPTH_MAX, "a wrong depth");
  check(r, kind >= PART_MULTIPART && kind <= PART_OTHER, "an unknown kind");
  check(r, as_is <= 1 && (!as_is || (kind == PART_OTHER && !p->decoded.len)), "contents that are there twice");
  check(r, !(p->repairs & ~REPAIR_ALL), "an unknown repair");
}

static void get_parts(struct reader *r)
{
  struct part_table *t = r->out;
  uint64_t *child_end = pool_array(r->pool, t->count, sizeof *child_end);
  uint64_t content_end = 0;
  uint32_t headers = 0;
  for (uint32_t i = 0; i < t->count && !r->bad; i++) {
    struct part *p = &t->part[i];
    get_part(r, i);
    if (r->bad)
      return;
    check_spans(r, p);
    check_tree(r, i, child_end);
    check_strings(r, p);
    check_contents(r, p, &content_end);
    check(r, p->header_first == headers && p->header_count <= t->header_count - headers, "headers out of order");
    if (r->bad)
      return;
    headers += p->header_count;
    if (i)
      child_end[p->parent] = end_of(p->whole);
  }
  check(r, headers == t->header_count, "headers of no part");
}

static bool good_name(const char *s)
{
  if (!*s)
    return false;
  for (; *s; s++)
    if (*s <= ' ' || *s > '~' || *s == ':')
      return false;
  return true;
}

static void get_headers(struct reader *r)
{
  struct part_table *t = r->out;
  for (uint32_t i = 0; i < t->count && !r->bad; i++) {
    const struct part *p = &t->part[i];
    uint64_t end = p->head.off;
    for (uint32_t k = p->header_first; k < p->header_first + p->header_count && !r->bad; k++) {
      struct part_header *h = &t->header[k];
      h->name = get_string(r);
      h->value = get_string(r);
      h->raw = get_span(r);
      check(r, good_name(h->name), "a bad header name");
      check(r, strlen(h->value) <= PARTS_HEADER_VALUE_MAX, "a header value too long");
      check(r, within(h->raw, p->head) && h->raw.off >= end, "a header outside its block");
      end = end_of(h->raw);
    }
  }
}

static const char *take_fields(const struct wire_msg *m, struct pool *pool, struct reader *r, struct bytes *headers)
{
  struct bytes parts, heap, decoded;
  struct part_table *t = r->out;
  if (!wire_get(m, TAG_BYTES, &decoded) || !wire_get(m, PARTS_TAG_PARTS, &parts) ||
      !wire_get(m, PARTS_TAG_HEADERS, headers) || !wire_get(m, PARTS_TAG_STRINGS, &heap))
    return "a field is missing";
  if (!parts.len || parts.len % (PART_WORDS * 4) || parts.len / (PART_WORDS * 4) > PARTS_MAX)
    return "a wrong number of parts";
  if (headers->len % (HEADER_WORDS * 4) || headers->len / (HEADER_WORDS * 4) > PARTS_HEADERS_MAX)
    return "a wrong number of headers";
  if (!heap.len || heap.len > STRINGS_MAX || heap.p[0] || heap.p[heap.len - 1])
    return "a bad string heap";
  if (decoded.len > WIRE_FIELD_MAX)
    return "too large contents";
  t->decoded = pool_bytes_dup(pool, decoded);
  t->count = (uint32_t)(parts.len / (PART_WORDS * 4));
  t->header_count = (uint32_t)(headers->len / (HEADER_WORDS * 4));
  t->part = pool_array(pool, t->count, sizeof *t->part);
  t->header = pool_array(pool, t->header_count ? t->header_count : 1, sizeof *t->header);
  r->records = parts;
  r->heap = pool_bytes_dup(pool, heap);
  return NULL;
}

enum status parts_get(const struct wire_msg *m, struct pool *pool, struct bytes raw, struct part_table *out,
                      struct fault *err)
{
  *out = (struct part_table){ .raw = raw };
  struct reader r = { .pool = pool, .out = out };
  struct bytes headers;
  r.bad = wire_type(m) == PARSE_TABLE ? take_fields(m, pool, &r, &headers) : "it is no part table";
  if (!r.bad)
    get_parts(&r);
  if (!r.bad) {
    r.records = headers;
    r.at = 0;
    get_headers(&r);
  }
  if (!r.bad)
    return ST_OK;
  *out = (struct part_table){ .raw = raw };
  return fault(err, ST_REJECT, "part table: %s", r.bad);
}

/* ---- looking things up ---- */

const char *parts_header_nth(const struct part_table *t, uint32_t part, const char *name, unsigned n)
{
  if (part >= t->count)
    return NULL;
  const struct part *p = &t->part[part];
  for (uint32_t i = p->header_first; i < p->header_first + p->header_count; i++)
    if (text_ieq(t->header[i].name, name) && !n--)
      return t->header[i].value;
  return NULL;
}

struct bytes parts_decoded(const struct part_table *t, uint32_t part)
{
  const struct part *p = &t->part[part];
  return p->as_is ? bytes_sub(t->raw, p->body.off, p->body.len) : bytes_sub(t->decoded, p->decoded.off, p->decoded.len);
}

const char *parts_header(const struct part_table *t, uint32_t part, const char *name)
{
  return parts_header_nth(t, part, name, 0);
}

static int32_t find_child(const struct part_table *t, int32_t parent, uint32_t from)
{
  for (uint32_t i = from; i < t->count; i++)
    if (t->part[i].parent == parent)
      return (int32_t)i;
  return -1;
}

int32_t parts_child(const struct part_table *t, uint32_t part)
{
  return part < t->count ? find_child(t, (int32_t)part, part + 1) : -1;
}

int32_t parts_next(const struct part_table *t, uint32_t part)
{
  return part && part < t->count ? find_child(t, t->part[part].parent, part + 1) : -1;
}

char *parts_repair_text(struct pool *pool, uint32_t bits)
{
  static const struct {
    uint32_t bit;
    const char *text;
  } table[] = {
    { REPAIR_CHARSET_UNKNOWN, "unknown character set" },
    { REPAIR_CHARSET_BAD, "bytes that are not of the named character set" },
    { REPAIR_ENCODING_BAD, "damaged base64 or quoted-printable" },
    { REPAIR_ENCODING_UNKNOWN, "unknown transfer encoding" },
    { REPAIR_HEADER_8BIT, "raw 8-bit characters in a header" },
    { REPAIR_HEADER_BROKEN, "broken header lines" },
    { REPAIR_BOUNDARY_MISSING, "missing multipart boundary" },
    { REPAIR_NO_CONTENT_TYPE, "unreadable Content-Type" },
    { REPAIR_HTML_TEXT, "text made from HTML" },
    { REPAIR_AMBIGUOUS, "structure that two parsers read differently" },
  };
  struct buf out = buf_new(pool, 128);
  for (size_t i = 0; i < ARRAY_LEN(table); i++)
    if (bits & table[i].bit)
      buf_printf(&out, "%s%s", out.len ? ", " : "", table[i].text);
  return buf_str(&out);
}
