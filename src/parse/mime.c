/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/mime: from the scan's parts to the part table: headers, parameters, decoded contents. */
#include "parse_private.h"
#include <embargod/text.h>
#include <string.h>

#define FILENAME_MAX_BYTES 255

struct maker {
  const struct parser *parser;
  struct pool *pool;
  struct part_table *table;
  size_t header_cap;
  struct buf decoded;
};

/* ---- headers ---- */

static void add_headers(struct maker *m, struct part *p)
{
  struct part_table *t = m->table;
  struct scan_field field;
  uint32_t off = 0;
  AUTO(pool_freep) struct pool *scratch = pool_new("headers");
  p->header_first = t->header_count;
  while (scan_field_next(t->raw, p->head, &off, &field)) {
    if (t->header_count == PARTS_HEADERS_MAX) {
      p->repairs |= REPAIR_HEADER_BROKEN;
      break;
    }
    t->header = pool_grow(m->pool, t->header, t->header_count, &m->header_cap, sizeof *t->header);
    const char *value = words_decode(m->parser->charsets, scratch, span_of(t->raw, field.value),
                                     words_kind_of(field.name), &p->repairs);
    t->header[t->header_count++] = (struct part_header){ .name = pool_str(m->pool, field.name),
                                                         .value = pool_strdup(m->pool, value),
                                                         .raw = field.value };
  }
  p->header_count = t->header_count - p->header_first;
}

/* The last component, whatever the sender's system separates with; never ".", "..". */
static char *base_name(struct pool *pool, const char *name)
{
  const char *base = name;
  for (const char *at = name; *at; at++)
    if (*at == '/' || *at == '\\')
      base = at + 1;
  if (!strcmp(base, ".") || !strcmp(base, ".."))
    base = "";
  return pool_strndup(pool, base, utf8_cut(bytes_str(base), FILENAME_MAX_BYTES));
}

static char *without_angles(struct pool *pool, const char *id)
{
  struct bytes s = bytes_trim(bytes_str(id));
  if (s.len >= 2 && s.p[0] == '<' && s.p[s.len - 1] == '>')
    s = bytes_sub(s, 1, s.len - 2);
  return pool_str(pool, s);
}

static char *clean(struct pool *pool, const char *s)
{
  return text_clean(pool, bytes_str(s), false);
}

static void add_parameters(struct maker *m, struct part *p, const struct scan_part *from)
{
  const struct charsets *cs = m->parser->charsets;
  struct bytes raw = m->table->raw;
  struct param_list type, disposition;
  param_read(m->pool, span_of(raw, from->content_type), &type);
  param_read(m->pool, span_of(raw, from->disposition), &disposition);
  const struct {
    const char **out;
    const char *name;
    bool lower;
  } table[] = {
    { &p->charset, "charset", true },
    { &p->protocol, "protocol", true },
    { &p->micalg, "micalg", true },
    { &p->format, "format", true },
    { &p->delsp, "delsp", true },
    { &p->protected_headers, "protected-headers", true },
    { &p->hp, "hp", true },
    { &p->report_type, "report-type", true },
    { &p->smime_type, "smime-type", true },
  };
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    char *v = words_param(cs, m->pool, &type, table[i].name, &p->repairs);
    *table[i].out = table[i].lower ? text_lower(m->pool, v) : v;
  }
  char *name = words_param(cs, m->pool, &disposition, "filename", &p->repairs);
  if (!*name)
    name = words_param(cs, m->pool, &type, "name", &p->repairs);
  p->filename = base_name(m->pool, name);
  p->disposition = clean(m->pool, disposition.value);
  p->content_id =
      without_angles(m->pool, words_decode(cs, m->pool, span_of(raw, from->content_id), WORDS_TOKEN, &p->repairs));
  if (type.cut || disposition.cut)
    p->repairs |= REPAIR_HEADER_BROKEN;
}

/* ---- contents ---- */

static struct byte_span put_decoded(struct maker *m, struct bytes s)
{
  struct byte_span span = { (uint32_t)m->decoded.len, (uint32_t)s.len };
  buf_add(&m->decoded, s);
  return span;
}

static bool is_identity(const char *encoding)
{
  static const char *const identity[] = { "", "7bit", "8bit", "binary" };
  for (size_t i = 0; i < ARRAY_LEN(identity); i++)
    if (!strcmp(encoding, identity[i]))
      return true;
  return false;
}

static struct bytes transfer_decode(struct pool *pool, const char *encoding, struct bytes body, uint32_t *repairs)
{
  if (is_identity(encoding))
    return body;
  if (!strcmp(encoding, "base64"))
    return decode_base64(pool, body, repairs);
  if (!strcmp(encoding, "quoted-printable"))
    return decode_quoted_printable(pool, body, repairs);
  *repairs |= REPAIR_ENCODING_UNKNOWN;
  return body;
}

static enum status add_contents(struct maker *m, struct part *p, const char *encoding, struct fault *err)
{
  AUTO(pool_freep) struct pool *scratch = pool_new("part");
  p->decoded = p->as_text = (struct byte_span){ (uint32_t)m->decoded.len, 0 };
  if (p->kind != PART_TEXT && p->kind != PART_OTHER)
    return ST_OK;
  p->as_is = p->kind == PART_OTHER && is_identity(encoding);
  if (p->as_is)
    return ST_OK;
  struct bytes body = transfer_decode(scratch, encoding, span_of(m->table->raw, p->body), &p->repairs);
  if (p->kind == PART_TEXT)
    body = text_to_lf(scratch, charset_to_utf8(m->parser->charsets, scratch, p->charset, body, &p->repairs));
  if (m->decoded.len + body.len > WIRE_FIELD_MAX)
    return fault(err, ST_REJECT, "the decoded contents are larger than %u bytes", WIRE_FIELD_MAX);
  p->decoded = put_decoded(m, body);
  if (p->kind != PART_TEXT)
    return ST_OK;
  p->as_text = p->decoded;
  if (strcmp(p->type, "text/html") != 0)
    return ST_OK;
  p->repairs |= REPAIR_HTML_TEXT;
  struct bytes text = html_to_text(scratch, body);
  if (m->decoded.len + text.len > WIRE_FIELD_MAX)
    return fault(err, ST_REJECT, "the decoded contents are larger than %u bytes", WIRE_FIELD_MAX);
  p->as_text = put_decoded(m, text);
  return ST_OK;
}

static enum status add_part(struct maker *m, const struct scan_part *from, struct fault *err)
{
  struct part *p = &m->table->part[m->table->count++];
  *p = (struct part){ .parent = from->parent,
                      .depth = from->depth,
                      .kind = from->kind,
                      .repairs = from->repairs,
                      .whole = from->whole,
                      .head = from->head,
                      .body = from->body,
                      .type = from->type };
  add_headers(m, p);
  add_parameters(m, p, from);
  return add_contents(m, p, from->encoding, err);
}

enum status parse_mime(const struct parser *parser, struct pool *pool, struct bytes raw, struct part_table *out,
                       struct fault *err)
{
  struct scan scan;
  enum status st = parse_scan(pool, raw, &parser->limits, &scan, err);
  if (st)
    return st;
  *out = (struct part_table){ .raw = raw };
  out->part = pool_array(pool, scan.count, sizeof *out->part);
  struct maker m = { .parser = parser, .pool = pool, .table = out, .decoded = buf_new(pool, raw.len + 4096) };
  for (uint32_t i = 0; !st && i < scan.count; i++)
    st = add_part(&m, &scan.part[i], err);
  if (st)
    return st;
  AUTO(pool_freep) struct pool *scratch = pool_new("second reader");
  if (!etpan_agrees(scratch, raw, &scan))
    out->part[0].repairs |= REPAIR_AMBIGUOUS;
  out->decoded = buf_bytes(&m.decoded);
  return ST_OK;
}
