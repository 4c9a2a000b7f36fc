/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/format: the documents by name. */
#include <config.h>

#include "advisory_private.h"

static struct bytes html(struct pool *pool, const struct advisory *a)
{
  return advisory_html(pool, a, NULL);
}

static const struct {
  const char *name;
  struct bytes (*make)(struct pool *pool, const struct advisory *a);
} formats[ADVISORY_FORMATS] = {
  [ADVISORY_CSAF] = { "csaf", advisory_csaf },
  [ADVISORY_TEXT] = { "text", advisory_text },
  [ADVISORY_CVE] = { "cve", advisory_cve },
  [ADVISORY_HTML] = { "html", html },
  [ADVISORY_VEX] = { "vex", advisory_vex },
};

const char *advisory_format_name(enum advisory_format f)
{
  return formats[f].name;
}

bool advisory_format_parse(const char *s, enum advisory_format *out)
{
  for (int i = 0; i < ADVISORY_FORMATS; i++)
    if (text_ieq(s, formats[i].name)) {
      *out = (enum advisory_format)i;
      return true;
    }
  return false;
}

struct bytes advisory_document(struct pool *pool, const struct advisory *a, enum advisory_format f)
{
  return formats[f].make(pool, a);
}
