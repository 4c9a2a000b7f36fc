/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/vex: what #vex said of products. "affected" and "fixed" join what #product and #fix said; the other two are statements. */
#include <config.h>

#include <embargod/assess.h>
#include <string.h>

#include "advisory_private.h"

/* "not-affected component_not_present The radio is not fitted." */
static struct bytes cut_word(struct bytes *rest)
{
  size_t n = bytes_find(*rest, BYTES(" "), 0);
  struct bytes word = bytes_sub(*rest, 0, n);
  *rest = n == SIZE_MAX ? (struct bytes){ "", 0 } : bytes_trim(bytes_sub(*rest, n, SIZE_MAX));
  return word;
}

/* "Pump 9" 3.0: the name, and *versions: what stands behind it, "all" when that is nothing. */
static const char *cut_name(struct pool *pool, const char *said, const char **versions)
{
  size_t quoted = said[0] == '"';
  size_t len = strcspn(said + quoted, quoted ? "\"" : " ");
  const char *rest = said + quoted + len + (quoted && said[quoted + len]);
  *versions = text_empty(rest) ? "all" : pool_str(pool, bytes_trim(bytes_str(rest)));
  return pool_strndup(pool, said + quoted, len);
}

static void join_affected(struct pool *pool, struct advisory_product *p, const struct advisory_statement *s)
{
  struct advisory_version *all = pool_array(pool, p->affected_count + s->version_count + 1, sizeof *all);
  size_t n = p->affected_count;
  if (n)
    memcpy(all, p->affected, n * sizeof *all);
  for (size_t i = 0; i < s->version_count; i++) {
    bool there = false;
    for (size_t k = 0; k < n && !there; k++)
      there = !strcmp(all[k].text, s->version[i].text);
    if (!there)
      all[n++] = s->version[i];
  }
  p->affected = all;
  p->affected_count = n;
}

static void join_fixed(struct pool *pool, struct advisory_product *p, const struct advisory_statement *s)
{
  struct advisory_fix *all = pool_array(pool, p->fix_count + s->version_count + 1, sizeof *all);
  size_t n = p->fix_count;
  if (n)
    memcpy(all, p->fix, n * sizeof *all);
  for (size_t i = 0; i < s->version_count; i++) {
    bool there = false;
    for (size_t k = 0; k < n && !there; k++)
      there = !strcmp(all[k].version.text, s->version[i].text);
    if (!there)
      all[n++] = (struct advisory_fix){ .said = s->said, .url = "", .version = s->version[i], .by_vex = true };
  }
  p->fix = all;
  p->fix_count = n;
}

static void add_statement(struct pool *pool, struct advisory_product *p, const struct advisory_statement *s)
{
  struct advisory_statement *all = pool_array(pool, p->statement_count + 1, sizeof *all);
  if (p->statement_count)
    memcpy(all, p->statement, p->statement_count * sizeof *all);
  all[p->statement_count++] = *s;
  p->statement = all;
}

void advisory_vex_add(struct pool *pool, struct advisory_product *p, const char *said, const char *extra)
{
  const char *versions;
  struct bytes rest = bytes_str(extra), status = cut_word(&rest);
  struct advisory_statement s = { .said = said, .justification = "", .text = "" };
  cut_name(pool, said, &versions);
  s.version_count = advisory_versions(pool, versions, &s.version, &s.unread);
  s.investigated = bytes_eq(status, BYTES("under-investigation"));
  if (bytes_eq(status, BYTES("affected")) && !s.unread)
    join_affected(pool, p, &s);
  else if (bytes_eq(status, BYTES("fixed")) && !s.unread)
    join_fixed(pool, p, &s);
  else {
    const char *label = s.investigated ? NULL : assess_vex_justification(pool, pool_str(pool, cut_word(&rest)));
    s.justification = label ? label : "";
    s.text = pool_str(pool, rest);
    add_statement(pool, p, &s);
  }
}

const char *advisory_vex_name(struct pool *pool, const char *said)
{
  const char *versions;
  return cut_name(pool, said, &versions);
}
