/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hostile parser's answer: the input is cut into the four fields of a part table. What parts_get() accepts must be
 * safe to walk. */
#include "fuzz.h"
#include <embargod/channel.h>
#include <embargod/parts.h>
#include <string.h>

const char *const fuzz_seeds[] = { "tests/corpus/wire-parts", NULL };

/* Length (2 bytes, little-endian), then the bytes. */
static struct bytes take(struct bytes *rest)
{
  if (rest->len < 2)
    return (struct bytes){ NULL, 0 };
  size_t len = (unsigned char)rest->p[0] | (size_t)(unsigned char)rest->p[1] << 8;
  struct bytes field = bytes_sub(*rest, 2, len);
  *rest = bytes_sub(*rest, 2 + field.len, rest->len);
  return field;
}

/* Reads every byte. */
static size_t utf8_len_of(struct bytes s)
{
  size_t n = 0;
  for (size_t i = 0; i < s.len; i++)
    n += (s.p[i] & 0xc0) != 0x80;
  return n;
}

static size_t walk(const struct part_table *t)
{
  size_t sum = 0;
  for (uint32_t i = 0; i < t->count; i++) {
    const struct part *p = &t->part[i];
    const char *strings[] = { p->type,     p->charset,     p->filename,  p->disposition, p->content_id,
                              p->protocol, p->micalg,      p->format,    p->delsp,       p->protected_headers,
                              p->hp,       p->report_type, p->smime_type };
    for (size_t s = 0; s < ARRAY_LEN(strings); s++)
      sum += strlen(strings[s]);
    const struct byte_span raw[] = { p->whole, p->head, p->body };
    for (size_t s = 0; s < ARRAY_LEN(raw); s++)
      sum += bytes_find(span_of(t->raw, raw[s]), BYTES("x"), 0) == 0;
    sum += parts_decoded(t, i).len + utf8_len_of(span_of(t->decoded, p->decoded)) + utf8_len_of(span_of(t->decoded, p->as_text));
    for (int32_t c = parts_child(t, i); c >= 0; c = parts_next(t, (uint32_t)c))
      sum++;
    for (uint32_t h = p->header_first; h < p->header_first + p->header_count; h++)
      sum += strlen(t->header[h].name) + strlen(t->header[h].value) + span_of(t->raw, t->header[h].raw).len;
  }
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  struct bytes rest = { (const char *)data, size };
  static const uint16_t tags[] = { TAG_BYTES, 20, 21, 22 };
  struct wire_msg *m = wire_new(pool, PARSE_TABLE, 1);
  struct bytes raw = take(&rest);
  for (size_t i = 0; i < ARRAY_LEN(tags); i++)
    wire_put(m, tags[i], take(&rest));
  struct part_table table;
  struct fault err = { 0 };
  if (parts_get(m, pool, raw, &table, &err) == ST_OK)
    fuzz_check(walk(&table) < SIZE_MAX);
  return 0;
}
