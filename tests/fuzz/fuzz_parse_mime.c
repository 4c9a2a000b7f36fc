/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From bytes to the core: parse, over the wire, and the core's own checks must accept what we made. */
#include "fuzz.h"
#include "src/parse/parse_private.h"
#include <embargod/channel.h>

const char *const fuzz_seeds[] = { "tests/corpus/mime", "tests/corpus/hostile", NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct charsets *charsets; /* opened once: a fuzzer's process lives long */
  if (!charsets)
    charsets = charsets_open(pool_new("charsets"));
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  const struct parser parser = { charsets, { PARTS_DEPTH_MAX, PARTS_MAX } };
  struct bytes raw = { (const char *)data, size };
  struct part_table table, got;
  struct fault err = { 0 };
  if (parse_mime(&parser, pool, raw, &table, &err) != ST_OK)
    return 0;
  struct wire_msg *m = wire_new(pool, PARSE_TABLE, 1);
  parts_put(m, &table);
  fuzz_check(parts_get(m, pool, raw, &got, &err) == ST_OK);
  fuzz_check(got.count == table.count && got.header_count == table.header_count);
  fuzz_check(bytes_eq(print_table(pool, &table), print_table(pool, &got)));
  return 0;
}
