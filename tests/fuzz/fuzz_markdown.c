/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as the text of an advisory: the page is one that only our elements stand in, the plain text has short lines and no control
 * character. */
#include "fuzz.h"
#include <embargod/advisory.h>
#include <embargod/text.h>
#include <string.h>

#include "tests/unit/test_html_scan.h"

const char *const fuzz_seeds[] = { "tests/corpus/markdown", NULL };

static void text_is_plain(const char *text)
{
  struct bytes rest = bytes_str(text), line;
  fuzz_check(utf8_valid(rest));
  while (bytes_next_line(&rest, &line)) {
    fuzz_check(line.len < 998 - 100); /* what a mail may have, less what is put before it */
    for (size_t i = 0; i < line.len; i++)
      fuzz_check((unsigned char)line.p[i] >= 0x20 || line.p[i] == '\t');
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  const char *said = text_clean(pool, (struct bytes){ (const char *)data, size }, true);
  struct scan scan;
  const char *page = pool_printf(pool, "<!doctype html>\n<html lang=\"en\"><body>%s</body></html>", advisory_markdown_html(pool, said, 3));
  fuzz_check(html_scan(&scan, pool, bytes_str(page)));
  text_is_plain(advisory_markdown_text(pool, said));
  return 0;
}
