/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/html/cvss: a vector for who does not read vectors. The words are those of FIRST's specifications. */
#include <config.h>

#include <embargod/assess.h>
#include <string.h>

#include "advisory_private.h"

#define IMPACT "HLN", { "high", "low", "none" }

/* The base metrics, in the order of the vector; what else is defined stands in the vector itself. */
static const struct {
  const char *version, *metric, *name, *letters, *values[4];
} metrics[] = {
  { "", "AV", "attack vector", "NALP", { "network", "adjacent network", "local", "physical" } },
  { "", "AC", "attack complexity", "LH", { "low", "high" } },
  { "4.0", "AT", "attack requirements", "NP", { "none", "present" } },
  { "", "PR", "privileges required", "NLH", { "none", "low", "high" } },
  { "3.1", "UI", "user interaction", "NR", { "none", "required" } },
  { "4.0", "UI", "user interaction", "NPA", { "none", "passive", "active" } },
  { "3.1", "S", "scope", "UC", { "unchanged", "changed" } },
  { "3.1", "C", "confidentiality", IMPACT },
  { "3.1", "I", "integrity", IMPACT },
  { "3.1", "A", "availability", IMPACT },
  { "4.0", "VC", "confidentiality of the vulnerable system", IMPACT },
  { "4.0", "VI", "its integrity", IMPACT },
  { "4.0", "VA", "its availability", IMPACT },
  { "4.0", "SC", "confidentiality of other systems", IMPACT },
  { "4.0", "SI", "their integrity", IMPACT },
  { "4.0", "SA", "their availability", IMPACT },
};

static const char *value_of(size_t metric, const char *version, struct bytes part)
{
  size_t len = strlen(metrics[metric].metric);
  const char *letter;
  if ((*metrics[metric].version && strcmp(metrics[metric].version, version) != 0) || part.len != len + 2 || part.p[len] != ':' ||
      memcmp(part.p, metrics[metric].metric, len) != 0)
    return NULL;
  letter = strchr(metrics[metric].letters, part.p[len + 1]);
  return letter ? metrics[metric].values[letter - metrics[metric].letters] : NULL;
}

/* "Attack vector: network; attack complexity: low; ..." */
static void in_words(struct buf *b, const char *version, const char *vector)
{
  bool first = true;
  for (const char *s = vector; s; s = strchr(s, '/')) {
    s += *s == '/';
    struct bytes part = { s, strcspn(s, "/") };
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
      const char *value = value_of(i, version, part);
      if (!value)
        continue;
      const char *name = metrics[i].name;
      if (first)
        buf_addc(b, (char)(name[0] - 'a' + 'A'));
      advisory_html_put(b, first ? "%s: %s" : "; %s: %s", first ? name + 1 : name, value);
      first = false;
    }
  }
  buf_addc(b, '.');
}

void advisory_html_vector(struct pool *pool, struct buf *b, const char *version, const char *vector)
{
  const char *s = vector;
  if (!*vector)
    return;
  advisory_html_put(b, "<p>CVSS v%s: %s<br>\n<code>", version, advisory_score_words(pool, vector));
  for (const char *slash; (slash = strchr(s, '/')); s = slash + 1) {
    advisory_html_text(b, (struct bytes){ s, (size_t)(slash + 1 - s) });
    buf_adds(b, "<wbr>"); /* it may break behind each slash */
  }
  advisory_html_put(b, "%s</code><br>\n<span class=\"sub\">", s);
  in_words(b, version, vector);
  buf_adds(b, "</span></p>\n");
}
