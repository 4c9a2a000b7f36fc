/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a vector: refused with a reason, or scored, and what is scored reads back as itself from its canonical
 * text. */
#include "fuzz.h"
#include <embargod/assess.h>
#include <embargod/text.h>
#include <string.h>

const char *const fuzz_seeds[] = { "tests/corpus/cvss", NULL };

static void score_fits(int tenths)
{
  fuzz_check(tenths >= 0 && tenths <= 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  struct fault err = { 0 };
  struct cvss v, again;
  if (cvss_parse((struct bytes){ (const char *)data, size }, &v, &err) != ST_OK) {
    fuzz_check(err.status == ST_REJECT && err.text[0] != '\0' && utf8_valid(bytes_str(err.text)));
    return 0;
  }
  struct cvss_scores s = cvss_score(&v);
  score_fits(s.base);
  score_fits(s.threat);
  score_fits(s.environmental);
  fuzz_check(s.overall == s.base || s.overall == s.threat || s.overall == s.environmental);
  fuzz_check(cvss_parse(bytes_str(cvss_text(pool, &v)), &again, NULL) == ST_OK);
  fuzz_check(memcmp(&v, &again, sizeof v) == 0);
  return 0;
}
