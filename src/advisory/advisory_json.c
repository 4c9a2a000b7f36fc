/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/json: the small things that both JSON formats share. */
#include <config.h>

#include <embargod/assess.h>
#include <stdlib.h>
#include <string.h>

#include "advisory_private.h"

json_t *advisory_js(const char *s)
{
  json_t *j = json_string(s);
  invariant(j); /* all text was made UTF-8 by text_clean() */
  return j;
}

void advisory_put(json_t *object, const char *key, const char *s)
{
  if (!text_empty(s))
    json_object_set_new(object, key, advisory_js(s));
}

void advisory_put_new(json_t *object, const char *key, json_t *list)
{
  if (json_is_array(list) ? json_array_size(list) : json_object_size(list))
    json_object_set_new(object, key, list);
  else
    json_decref(list);
}

void advisory_add(json_t *list, json_t *v)
{
  size_t i;
  json_t *there;
  json_array_foreach(list, i, there)
    if (json_equal(there, v)) { /* both formats want each item of a list once */
      json_decref(v);
      return;
    }
  invariant(!json_array_append_new(list, v));
}

struct bytes advisory_dump(struct pool *pool, json_t *doc, size_t flags)
{
  char *s = json_dumps(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(4) | flags);
  invariant(s);
  struct bytes b = bytes_str(pool_printf(pool, "%s\n", s));
  free(s);
  json_decref(doc);
  return b;
}

char *advisory_time(struct pool *pool, int64_t t)
{
  return time_iso(pool, t);
}

/* CSAF 2.0 section 3.2.1.5.2.1 knows the labels of TLP 1.0. It has no AMBER+STRICT: the next stricter one, for what a machine takes
 * AMBER for may be passed on further than the label allows. */
static const struct {
  const char *tlp2, *csaf2;
} labels[] = {
  { "CLEAR", "WHITE" }, { "GREEN", "GREEN" }, { "AMBER", "AMBER" }, { "AMBER+STRICT", "RED" }, { "RED", "RED" },
};

const char *advisory_tlp_csaf(const char *tlp)
{
  for (size_t i = 0; i < ARRAY_LEN(labels); i++)
    if (!strcmp(labels[i].tlp2, tlp))
      return labels[i].csaf2;
  return "RED";
}

double advisory_score(int tenths)
{
  return tenths / 10.0;
}

char *advisory_severity(struct pool *pool, int tenths)
{
  char *s = pool_strdup(pool, cvss_severity(tenths));
  for (char *c = s; *c; c++)
    if (*c >= 'a' && *c <= 'z')
      *c = (char)(*c - 'a' + 'A');
  return s;
}

bool advisory_is_anonymous(const char *credit)
{
  return text_ieq(credit, "anonymous");
}
