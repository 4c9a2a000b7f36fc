/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scan: whatever comes, the parts lie inside each other and inside the bytes. */
#include "fuzz.h"
#include "src/parse/parse_private.h"

const char *const fuzz_seeds[] = { "tests/corpus/mime", "tests/corpus/hostile", NULL };

static void check_fields(struct bytes raw, const struct scan_part *p)
{
  struct scan_field f;
  uint32_t off = 0;
  while (scan_field_next(raw, p->head, &off, &f)) {
    fuzz_check(f.name.len > 0 && span_inside(f.value, raw.len));
    fuzz_check(f.value.off >= p->head.off && f.value.off + f.value.len <= p->head.off + p->head.len);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  struct bytes raw = { (const char *)data, size };
  const struct parse_limits limits = { 20, 200 };
  struct scan scan;
  struct fault err = { 0 };
  if (parse_scan(pool, raw, &limits, &scan, &err) != ST_OK)
    return 0;
  fuzz_check(scan.count >= 1 && scan.count <= 200 && scan.depth <= 20);
  for (uint32_t i = 0; i < scan.count; i++) {
    const struct scan_part *p = &scan.part[i];
    fuzz_check(span_inside(p->whole, size) && span_inside(p->head, size) && span_inside(p->body, size));
    fuzz_check(p->head.off == p->whole.off && p->head.off + p->head.len <= p->body.off);
    fuzz_check(p->body.off + p->body.len == p->whole.off + p->whole.len);
    fuzz_check(span_inside(p->content_type, size) && span_inside(p->disposition, size));
    fuzz_check(p->type && p->encoding && p->kind);
    check_fields(raw, p);
    if (!i)
      continue;
    const struct scan_part *up = &scan.part[p->parent];
    fuzz_check(p->parent < (int32_t)i && p->whole.off >= up->body.off);
    fuzz_check(p->whole.off + p->whole.len <= up->body.off + up->body.len);
  }
  return 0;
}
