/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/limits: our own pass over the letter before any library sees a byte of it. It finds the parts and their exact
 * places (RFC 2046 section 5.1, RFC 3156 section 5) with a stack of open boundaries instead of recursion, so that the
 * time is linear and the memory bounded, and it refuses what breaks parsers: depth, number of parts, endless headers,
 * boundaries that no sane mailer writes (libetpan 1.9.4 writes before its buffer on boundary="\""). Pure. */
#include "parse_private.h"
#include <embargod/text.h>
#include <string.h>

enum scan_state { IN_HEAD, IN_LEAF, IN_PREAMBLE, IN_EPILOGUE };

struct scan_open {
  uint32_t part;
  struct bytes boundary; /* len 0: a message, or a multipart that is closed */
};
struct scanner {
  struct pool *pool;
  struct bytes raw;
  const struct parse_limits *limits;
  struct scan *out;
  size_t cap;
  struct scan_open open[PARTS_DEPTH_MAX + 2];
  unsigned depth; /* open entries; the current part is the last */
  enum scan_state state;
  uint32_t fields;        /* of the header block in hand */
  struct byte_span *want; /* where the value of the field in hand grows; NULL: not wanted */
  struct fault *err;
};
struct line {
  uint32_t off, len; /* without its line end */
  uint32_t next;     /* behind the line end */
};

static struct scan_part *current(struct scanner *s)
{
  return &s->out->part[s->open[s->depth - 1].part];
}

static struct bytes text_of(const struct scanner *s, struct byte_span span)
{
  return span_of(s->raw, span);
}

static struct line next_line(struct bytes raw, uint32_t from)
{
  const char *lf = memchr(raw.p + from, '\n', raw.len - from);
  uint32_t end = lf ? (uint32_t)(lf - raw.p) : (uint32_t)raw.len;
  struct line line = { from, end - from, lf ? end + 1 : end };
  if (lf && line.len && raw.p[end - 1] == '\r')
    line.len--;
  return line;
}

/* The length of the line end that stands before off. */
static uint32_t eol_before(struct bytes raw, uint32_t off)
{
  if (!off || raw.p[off - 1] != '\n')
    return 0;
  return off > 1 && raw.p[off - 2] == '\r' ? 2 : 1;
}

static enum status push(struct scanner *s, uint32_t off)
{
  uint32_t depth = s->depth;
  if (depth > s->limits->depth || depth > PARTS_DEPTH_MAX)
    return fault(s->err, ST_REJECT, "parts are nested deeper than %u", s->limits->depth);
  if (s->out->count >= s->limits->parts || s->out->count >= PARTS_MAX)
    return fault(s->err, ST_REJECT, "more than %u parts", s->limits->parts);
  s->out->part = pool_grow(s->pool, s->out->part, s->out->count, &s->cap, sizeof *s->out->part);
  struct scan_part *p = &s->out->part[s->out->count];
  *p = (struct scan_part){ .parent = depth ? (int32_t)s->open[depth - 1].part : -1, .depth = (uint16_t)depth };
  p->whole.off = p->head.off = off;
  s->open[s->depth++] = (struct scan_open){ .part = s->out->count++ };
  if (depth > s->out->depth)
    s->out->depth = (uint16_t)depth;
  s->state = IN_HEAD;
  s->fields = 0;
  s->want = NULL;
  return ST_OK;
}

/* ---- header block ---- */

static size_t field_name_len(struct bytes line)
{
  size_t n = 0;
  while (n < line.len && line.p[n] > ' ' && line.p[n] < 127 && line.p[n] != ':')
    n++;
  size_t colon = n;
  while (colon < line.len && (line.p[colon] == ' ' || line.p[colon] == '\t'))
    colon++; /* "Subject : x" of RFC 822 days */
  return n && colon < line.len && line.p[colon] == ':' ? n : 0;
}

static struct byte_span *wanted(struct scan_part *p, struct bytes name)
{
  const struct {
    const char *name;
    struct byte_span *span;
  } table[] = {
    { "content-type", &p->content_type },
    { "content-transfer-encoding", &p->transfer_encoding },
    { "content-disposition", &p->disposition },
    { "content-id", &p->content_id },
  };
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    if (!bytes_ieq(name, bytes_str(table[i].name)))
      continue;
    if (!table[i].span->len)
      return table[i].span;
    p->repairs |= REPAIR_HEADER_BROKEN; /* twice: the first one counts */
  }
  return NULL;
}

static enum status scan_field(struct scanner *s, struct line line, size_t name_len)
{
  struct scan_part *p = current(s);
  if (++s->fields > SCAN_HEADER_FIELDS_MAX)
    return fault(s->err, ST_REJECT, "more than %u header fields in one part", SCAN_HEADER_FIELDS_MAX);
  const char *at = s->raw.p + line.off;
  uint32_t colon = (uint32_t)((const char *)memchr(at, ':', line.len) - at);
  s->want = wanted(p, (struct bytes){ at, name_len });
  if (s->want)
    *s->want = (struct byte_span){ line.off + colon + 1, line.len - colon - 1 };
  return ST_OK;
}

static enum status end_head(struct scanner *s, uint32_t head_end, uint32_t body);

static enum status scan_head_line(struct scanner *s, struct line line)
{
  struct scan_part *p = current(s);
  struct bytes text = { s->raw.p + line.off, line.len };
  if (line.next - p->head.off > SCAN_HEADER_BLOCK_MAX)
    return fault(s->err, ST_REJECT, "a header block is larger than %u bytes", SCAN_HEADER_BLOCK_MAX);
  if (line.len > SCAN_HEADER_LINE_MAX)
    return fault(s->err, ST_REJECT, "a header line is longer than %u bytes", SCAN_HEADER_LINE_MAX);
  if (!line.len)
    return end_head(s, line.off, line.next);
  if (memchr(text.p, 0, text.len))
    p->repairs |= REPAIR_HEADER_BROKEN;
  if (text.p[0] == ' ' || text.p[0] == '\t') {
    if (s->want)
      s->want->len = line.off + line.len - s->want->off;
    if (!s->fields)
      p->repairs |= REPAIR_HEADER_BROKEN; /* a continuation of nothing */
    return ST_OK;
  }
  size_t name_len = field_name_len(text);
  if (name_len)
    return scan_field(s, line, name_len);
  p->repairs |= REPAIR_HEADER_BROKEN;
  s->want = NULL;
  if (!s->fields && (bytes_starts(text, BYTES("From ")) || bytes_starts(text, BYTES(">From "))))
    return ST_OK;                         /* the line that mbox puts in front */
  return end_head(s, line.off, line.off); /* no field and no empty line: the body begins here */
}

/* ---- what a part is ---- */

static bool identity_encoding(const struct scan_part *p)
{
  return !p->encoding[0] || !strcmp(p->encoding, "7bit") || !strcmp(p->encoding, "8bit") ||
         !strcmp(p->encoding, "binary");
}

static bool is_token(const char *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (s[i] <= ' ' || s[i] >= 127 || strchr("()<>@,;:\\\"/[]?=", s[i]))
      return false;
  return len > 0 && len <= 127;
}

static bool is_type(const char *s)
{
  const char *slash = strchr(s, '/');
  return slash && is_token(s, (size_t)(slash - s)) && is_token(slash + 1, strlen(slash + 1));
}

/* RFC 2045 section 5.2: the default where there is none, and what is assumed where it cannot be read. */
static void take_type(struct scanner *s, struct scan_part *p, struct param_list *list)
{
  const struct scan_part *up = p->parent >= 0 ? &s->out->part[p->parent] : NULL;
  param_read(s->pool, text_of(s, p->transfer_encoding), list);
  p->encoding = list->value;
  param_read(s->pool, text_of(s, p->content_type), list);
  p->type = list->value;
  if (!p->content_type.len) {
    p->type = up && !strcmp(up->type, "multipart/digest") ? "message/rfc822" : "text/plain";
  } else if (!strcmp(p->type, "text")) {
    p->type = "text/plain"; /* old mailers */
  } else if (!is_type(p->type)) {
    p->repairs |= REPAIR_NO_CONTENT_TYPE;
    p->type = up ? "application/octet-stream" : "text/plain";
  }
  p->kind = text_istarts(p->type, "text/") ? PART_TEXT : PART_OTHER;
}

static enum status take_boundary(struct scanner *s, struct param_list *list, struct bytes *boundary)
{
  const char *charset;
  bool plain;
  struct bytes b;
  if (!param_raw(s->pool, list, "boundary", &b, &charset, &plain)) {
    *boundary = (struct bytes){ NULL, 0 };
    return ST_OK;
  }
  while (b.len && (b.p[b.len - 1] == ' ' || b.p[b.len - 1] == '\t'))
    b.len--; /* RFC 2046: may not end in white space; gateways add it */
  if (!b.len)
    return fault(s->err, ST_REJECT, "a multipart has an empty boundary");
  if (b.len > SCAN_BOUNDARY_MAX)
    return fault(s->err, ST_REJECT, "a boundary is longer than %u characters", SCAN_BOUNDARY_MAX);
  for (size_t i = 0; i < b.len; i++)
    if ((unsigned char)b.p[i] < ' ' || b.p[i] == 127 || b.p[i] == '"' || b.p[i] == '\\')
      return fault(s->err, ST_REJECT, "a boundary holds characters that no mailer writes");
  *boundary = b;
  return ST_OK;
}

static enum status open_multipart(struct scanner *s, struct param_list *list)
{
  struct bytes boundary;
  enum status st = take_boundary(s, list, &boundary);
  if (st)
    return st;
  struct scan_part *p = current(s);
  if (!identity_encoding(p))
    p->repairs |= REPAIR_ENCODING_BAD; /* RFC 2045 section 6.4 forbids it; it is ignored */
  if (!boundary.len) {
    p->kind = PART_TEXT; /* shown as it stands */
    p->type = "text/plain";
    p->repairs |= REPAIR_BOUNDARY_MISSING;
    s->state = IN_LEAF;
    return ST_OK;
  }
  p->kind = PART_MULTIPART;
  s->open[s->depth - 1].boundary = boundary;
  s->state = IN_PREAMBLE;
  return ST_OK;
}

/* The header block is over: from its Content-Type, what comes next? */
static enum status end_head(struct scanner *s, uint32_t head_end, uint32_t body)
{
  struct scan_part *p = current(s);
  p->head.len = head_end - p->head.off;
  p->body.off = body;
  struct param_list list;
  take_type(s, p, &list);
  bool message = !strcmp(p->type, "message/rfc822") || !strcmp(p->type, "message/global");
  if (message && identity_encoding(p)) {
    p->kind = PART_MESSAGE;
    return push(s, body);
  }
  if (text_istarts(p->type, "multipart/"))
    return open_multipart(s, &list);
  s->state = IN_LEAF;
  return ST_OK;
}

/* ---- boundaries ---- */

static void close_part(struct scanner *s, struct scan_open *o, uint32_t end)
{
  struct scan_part *p = &s->out->part[o->part];
  if (!p->kind) { /* it ended within its header block */
    struct param_list list;
    p->head.len = end > p->head.off ? end - p->head.off : 0;
    p->body.off = end;
    take_type(s, p, &list);
  }
  struct byte_span *starts[] = { &p->whole, &p->head, &p->body };
  for (size_t i = 0; i < ARRAY_LEN(starts); i++)
    if (starts[i]->off > end)
      *starts[i] = (struct byte_span){ end, 0 };
  if (p->head.off + p->head.len > end)
    p->head.len = end - p->head.off;
  p->whole.len = end - p->whole.off;
  p->body.len = end - p->body.off;
  if (o->boundary.len)
    p->repairs |= REPAIR_BOUNDARY_MISSING;
}

/* Closes the parts above `keep` entries; their last byte stands before end. The line end before a boundary is the
 * boundary's, so an empty part would end before it begins: the outermost begins where it began, those in it end there.
 */
static void close_down_to(struct scanner *s, unsigned keep, uint32_t end)
{
  if (s->depth > keep && end < s->out->part[s->open[keep].part].whole.off)
    end = s->out->part[s->open[keep].part].whole.off;
  while (s->depth > keep)
    close_part(s, &s->open[--s->depth], end);
}

/* 0: no, 1: "--boundary", 2: "--boundary--"; only white space may follow. */
static int boundary_match(struct bytes line, struct bytes boundary)
{
  if (!boundary.len || line.len < boundary.len + 2 || memcmp(line.p + 2, boundary.p, boundary.len) != 0)
    return 0;
  struct bytes rest = bytes_sub(line, boundary.len + 2, line.len);
  int found = 1;
  if (bytes_starts(rest, BYTES("--"))) {
    rest = bytes_sub(rest, 2, rest.len);
    found = 2;
  }
  for (size_t i = 0; i < rest.len; i++)
    if (rest.p[i] != ' ' && rest.p[i] != '\t' && rest.p[i] != '\r')
      return 0;
  return found;
}

static enum status scan_boundary(struct scanner *s, struct line line, bool *was)
{
  struct bytes text = { s->raw.p + line.off, line.len };
  *was = false;
  if (text.len < 3 || text.p[0] != '-' || text.p[1] != '-')
    return ST_OK;
  for (unsigned k = s->depth; k-- > 0;) {
    int found = boundary_match(text, s->open[k].boundary);
    if (!found)
      continue;
    *was = true;
    close_down_to(s, k + 1, line.off - eol_before(s->raw, line.off));
    s->state = IN_EPILOGUE;
    if (found == 1)
      return push(s, line.next);
    s->open[k].boundary.len = 0; /* closed: what follows is its epilogue */
    return ST_OK;
  }
  return ST_OK;
}

enum status parse_scan(struct pool *pool, struct bytes raw, const struct parse_limits *limits, struct scan *out,
                       struct fault *err)
{
  *out = (struct scan){ 0 };
  if (raw.len > WIRE_FIELD_MAX)
    return fault(err, ST_REJECT, "larger than %u bytes", WIRE_FIELD_MAX);
  struct scanner *s = pool_new_of(pool, struct scanner);
  *s = (struct scanner){ .pool = pool, .raw = raw, .limits = limits, .out = out, .err = err };
  enum status st = push(s, 0);
  for (uint32_t off = 0; !st && off < raw.len;) {
    struct line line = next_line(raw, off);
    bool boundary;
    st = scan_boundary(s, line, &boundary);
    if (!st && !boundary && s->state == IN_HEAD)
      st = scan_head_line(s, line);
    off = line.next;
  }
  if (st)
    return st;
  close_down_to(s, 0, (uint32_t)raw.len);
  return ST_OK;
}

bool scan_field_next(struct bytes raw, struct byte_span head, uint32_t *off, struct scan_field *field)
{
  uint32_t end = head.off + head.len;
  struct bytes upto = { raw.p, end };
  if (*off < head.off)
    *off = head.off;
  while (*off < end) {
    struct line line = next_line(upto, *off);
    *off = line.next;
    struct bytes text = { raw.p + line.off, line.len };
    size_t name_len = text.len && text.p[0] != ' ' && text.p[0] != '\t' ? field_name_len(text) : 0;
    if (!name_len)
      continue;
    uint32_t colon = (uint32_t)((const char *)memchr(text.p, ':', text.len) - text.p);
    *field = (struct scan_field){ { text.p, name_len }, { line.off + colon + 1, line.len - colon - 1 } };
    while (*off < end && (raw.p[*off] == ' ' || raw.p[*off] == '\t')) {
      line = next_line(upto, *off);
      *off = line.next;
      field->value.len = line.off + line.len - field->value.off;
    }
    return true;
  }
  return false;
}
