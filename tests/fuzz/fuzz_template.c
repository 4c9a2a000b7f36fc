/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A template of any bytes: rendered or refused, never more. The first half is the template, the second a value. */
#include "fuzz.h"
#include <embargod/template.h>
#include <embargod/text.h>

const char *const fuzz_seeds[] = { "templates/en/ack", "templates/en/notices", "templates/en/internal", NULL };

static bool get_partial(void *self, const char *name, struct bytes *out)
{
  (void)name;
  *out = *(struct bytes *)self;
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  enum { ENOUGH = 4096 };
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  struct bytes all = { (const char *)data, size < ENOUGH ? size : ENOUGH }, out;
  struct bytes tmpl = bytes_sub(all, 0, all.len / 2), partial = BYTES("{{title}} {{#products}}{{name}}{{/products}}");
  struct tvalue *v = tvalue_object(pool), *list = tvalue_list(pool);
  const char *value = pool_str(pool, bytes_sub(all, all.len / 2, all.len));
  tvalue_sets(pool, v, "title", value);
  tvalue_sets(pool, v, "a", value);
  tvalue_add(pool, list, tvalue_string(pool, value));
  tvalue_set(pool, v, "products", list);
  struct template_source partials = { get_partial, &partial };
  struct fault err = { 0 };
  if (template_render(pool, tmpl, v, TEMPLATE_HTML, &partials, &out, &err) != ST_OK)
    fuzz_check(err.text[0] && out.len == 0);
  /* A value alone comes back as it is, whatever is in it. */
  fuzz_check(template_render(pool, BYTES("{{{title}}}"), v, TEMPLATE_HTML, &partials, &out, &err) == ST_OK);
  fuzz_check(bytes_eq(out, bytes_str(value)));
  return 0;
}
