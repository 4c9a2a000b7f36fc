/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <embargod/template.h>
#include <embargod/text.h>

static struct pool *pool;
static void setup(void)
{
  pool = pool_new("t");
}
static void teardown(void)
{
  pool_free(&pool);
}

static bool get_partial(void *self, const char *name, struct bytes *out)
{
  (void)self;
  static const struct {
    const char *name, *text;
  } list[] = { { "text", "from partial" }, { "deep", "{{> deep}}x" },  { "lines", "{{n}}\nb\n" },
               { "value", "*{{name}}*" },  { "p/q", "slash {{p.q}}" }, { "broken", "a\n{{#x}}" } };
  for (size_t i = 0; i < ARRAY_LEN(list); i++)
    if (strcmp(list[i].name, name) == 0) {
      *out = bytes_str(list[i].text);
      return true;
    }
  return false;
}

/* Partials and delimiters: modules of the specification whose files are not in the corpus. */
static const struct {
  const char *tmpl, *expected;
} good[] = {
  { "\"{{>text}}\"", "\"from partial\"" },
  { "\"{{>none}}\"", "\"\"" },
  { "| {{> text }} |", "| from partial |" },
  { " {{>lines}}\n>", " N\n b\n>" },
  { "\t|\t{{> lines}}\n", "\t|\tN\nb\n\n" },
  { "a\r\n{{>text}}\r\nb", "a\r\nfrom partialb" },
  { "{{>value}}", "*{{n}} & <b>*" },
  { "{{> p/q}}", "slash yes" },
  { "{{=<% %>=}}(<%n%>)", "(N)" },
  { "({{=[ ]=}}[n])", "(N)" },
  { "{{=| |=}}|n| {{n}}", "N {{n}}" },
  { "[\n{{#yes}}\n  {{n}}\n  |n|\n{{/yes}}\n\n{{= | | =}}\n|#yes|\n  {{n}}\n  |n|\n|/yes|\n]\n",
    "[\n  N\n  |n|\n\n  {{n}}\n  N\n]\n" },
  { "a\n  {{=@ @=}}\nb @n@", "a\nb N" },
  /* values are never parsed again; plain text is not escaped */
  { "{{name}}", "{{n}} & <b>" },
  { "{{{name}}}", "{{n}} & <b>" },
  { "{{#list}}{{.}}-{{/list}}", "one-{{n}}-" },
  { "{{#empty}}x{{/empty}}{{^empty}}none{{/empty}}", "none" },
  { "{{#nothing}}x{{/nothing}}", "" },
  { "", "" },
  { "{", "{" },
  { "}} {{n}}", "}} N" },
};

static struct tvalue *data(void)
{
  struct tvalue *o = tvalue_object(pool), *list = tvalue_list(pool), *p = tvalue_object(pool);
  tvalue_sets(pool, o, "n", "N");
  tvalue_sets(pool, o, "name", "{{n}} & <b>");
  tvalue_setb(pool, o, "yes", true);
  tvalue_sets(pool, o, "empty", "");
  tvalue_set(pool, o, "nothing", tvalue_list(pool));
  tvalue_add(pool, list, tvalue_string(pool, "one"));
  tvalue_add(pool, list, tvalue_string(pool, "{{n}}"));
  tvalue_set(pool, o, "list", list);
  tvalue_sets(pool, p, "q", "yes");
  tvalue_set(pool, o, "p", p);
  return o;
}

START_TEST(renders)
{
  struct template_source partials = { get_partial, NULL };
  struct bytes out;
  struct fault err = { 0 };
  enum status st = template_render(pool, bytes_str(good[_i].tmpl), data(), TEMPLATE_PLAIN, &partials, &out, &err);
  ck_assert_msg(st == ST_OK, "%s", err.text);
  ck_assert_str_eq(pool_str(pool, out), good[_i].expected);
}
END_TEST

static const struct {
  const char *tmpl, *error;
} bad[] = {
  { "a\n{{n", "line 2: a tag is not closed" },
  { "{{#a}}\n\n{{/b}}", "line 3: section `a` is closed as `b`" },
  { "\n{{#a}}x", "line 2: section `a` is not closed" },
  { "x{{/a}}", "line 1: a section is closed that was not opened" },
  { "{{}}", "line 1: a tag has no name" },
  { "{{ a b }}", "line 1: a tag has no name" },
  { "{{=a=}}", "line 1: ill-formed delimiters" },
  { "{{= a=b c =}}", "line 1: ill-formed delimiters" },
  { "{{>../../etc/passwd}}", "line 1: a tag has no name" },
  { "{{>deep}}", "includes itself without end" },
  { "{{>broken}}", "partial broken: line 2: section `x` is not closed" },
};

START_TEST(refuses)
{
  struct template_source partials = { get_partial, NULL };
  struct bytes out;
  struct fault err = { 0 };
  ck_assert_int_eq(template_render(pool, bytes_str(bad[_i].tmpl), data(), TEMPLATE_PLAIN, &partials, &out, &err),
                   ST_REJECT);
  ck_assert_msg(strstr(err.text, bad[_i].error) != NULL, "got: %s", err.text);
  ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(deep_sections_are_refused)
{
  struct buf b = buf_new(pool, 4096);
  for (int i = 0; i < 500; i++)
    buf_adds(&b, "{{#yes}}");
  struct bytes out;
  struct fault err = { 0 };
  ck_assert_int_eq(template_render(pool, buf_bytes(&b), data(), TEMPLATE_PLAIN, NULL, &out, &err), ST_REJECT);
}
END_TEST

START_TEST(a_large_value_passes_unchanged)
{
  size_t size = 1 << 20;
  char *big = pool_alloc(pool, size + 1);
  memset(big, '{', size);
  struct tvalue *o = tvalue_object(pool);
  tvalue_sets(pool, o, "big", big);
  struct bytes out;
  ck_assert_int_eq(template_render(pool, BYTES("<{{big}}>"), o, TEMPLATE_PLAIN, NULL, &out, NULL), ST_OK);
  ck_assert_uint_eq(out.len, size + 2);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("template_render");
  TCase *t = tcase_create("render");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, renders, 0, (int)ARRAY_LEN(good));
  tcase_add_loop_test(t, refuses, 0, (int)ARRAY_LEN(bad));
  tcase_add_test(t, deep_sections_are_refused);
  tcase_add_test(t, a_large_value_passes_unchanged);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
