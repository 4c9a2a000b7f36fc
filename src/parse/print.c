/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/print: the part table for people (and for the golden files of tests/corpus). */
#include "parse_private.h"
#include <embargod/text.h>

static void add_span(struct buf *b, const char *name, struct byte_span s)
{
  buf_printf(b, " %s %u+%u", name, s.off, s.len);
}

static void add_string(struct buf *b, const char *name, const char *value)
{
  if (*value)
    buf_printf(b, "  %s: %s\n", name, value);
}

static void add_text(struct buf *b, struct pool *pool, const char *name, struct bytes text)
{
  struct bytes rest = bytes_str(text_clean(pool, text, true)), line;
  buf_printf(b, "  %s:\n", name);
  while (bytes_next_line(&rest, &line)) {
    buf_adds(b, "  | ");
    buf_add(b, line);
    buf_addc(b, '\n');
  }
}

static void add_headers(struct buf *b, const struct part_table *t, const struct part *p)
{
  for (uint32_t i = p->header_first; i < p->header_first + p->header_count; i++)
    buf_printf(b, "  header %s: %s\n", t->header[i].name, t->header[i].value);
}

static void add_part(struct buf *b, struct pool *pool, const struct part_table *t, uint32_t i)
{
  static const char *const kind[] = { "?", "multipart", "message", "text", "other" };
  const struct part *p = &t->part[i];
  buf_printf(b, "part %u: %s (%s) parent %d depth %u\n ", i, p->type, kind[p->kind], p->parent, p->depth);
  add_span(b, "whole", p->whole);
  add_span(b, "head", p->head);
  add_span(b, "body", p->body);
  buf_addc(b, '\n');
  const struct {
    const char *name, *value;
  } strings[] = {
    { "charset", p->charset },
    { "filename", p->filename },
    { "disposition", p->disposition },
    { "content-id", p->content_id },
    { "protocol", p->protocol },
    { "micalg", p->micalg },
    { "format", p->format },
    { "delsp", p->delsp },
    { "protected-headers", p->protected_headers },
    { "hp", p->hp },
    { "report-type", p->report_type },
    { "smime-type", p->smime_type },
    { "repaired", parts_repair_text(pool, p->repairs) },
  };
  for (size_t s = 0; s < ARRAY_LEN(strings); s++)
    add_string(b, strings[s].name, strings[s].value);
  add_headers(b, t, p);
  if (p->kind == PART_TEXT)
    add_text(b, pool, "text", span_of(t->decoded, p->as_text));
  if (p->kind == PART_OTHER)
    buf_printf(b, "  decoded: %u bytes\n", p->as_is ? p->body.len : p->decoded.len);
}

struct bytes print_table(struct pool *pool, const struct part_table *table)
{
  struct buf out = buf_new(pool, table->decoded.len + 4096);
  for (uint32_t i = 0; i < table->count; i++)
    add_part(&out, pool, table, i);
  return buf_bytes(&out);
}
