/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/fields: #field alone: the fields that no other command says, what each holds in the case, and which forms and
 * notices show it. */
#include "gate_private.h"

static void put_value(struct buf *b, const char *value, bool of_case)
{
  const char *from = of_case ? "" : " (of the configuration)";
  if (text_empty(value))
    buf_adds(b, "  nothing yet\n");
  else if (strchr(value, '\n'))
    buf_printf(b, "  a text%s:\n%s\n", from, value);
  else
    buf_printf(b, "  %s%s\n", value, from);
}

static void put_uses(struct buf *b, struct pool *pool, const struct template_set *s, const char *name)
{
  struct template_use *use = NULL;
  size_t n = template_answer_uses(pool, s, name, &use);
  for (size_t i = 0; i < n; i++)
    if (use[i].required)
      buf_printf(b, "  needed by %s\n", use[i].name);
  size_t shown = 0;
  for (size_t i = 0; i < n; i++)
    if (!use[i].required)
      buf_printf(b, "%s%s", shown++ ? ", " : "  shown in ", use[i].name);
  buf_adds(b, shown ? "\n" : "");
}

static const char *of_case(const struct vuln_case *vc, const char *name)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, "field") && text_ieq(vc->field[i].value, name))
      return vc->field[i].extra;
  return "";
}

static const char *of_conf(struct gate *g, struct pool *pool, const char *name)
{
  for (const char **v = g->conf->field_values; v && *v; v++) {
    size_t at = strcspn(*v, "=");
    if ((*v)[at] && bytes_ieq(bytes_trim((struct bytes){ *v, at }), bytes_str(name)))
      return pool_str(pool, bytes_trim(bytes_str(*v + at + 1)));
  }
  return "";
}

char *answer_fields(struct gate *g, struct pool *pool, const struct vuln_case *vc)
{
  const char **name = template_answer_names(pool, g->templates);
  struct buf b = buf_new(pool, 4096);
  for (size_t i = 0; name[i]; i++) {
    const char *said = of_case(vc, name[i]);
    buf_printf(&b, "%s\n", name[i]);
    put_value(&b, text_empty(said) ? of_conf(g, pool, name[i]) : said, !text_empty(said));
    put_uses(&b, pool, g->templates, name[i]);
  }
  buf_adds(&b,
           "\n#field NAME + text says one, #field -NAME takes it back; #file NAME shows the form (filings/NAME).\n");
  return buf_str(&b);
}
