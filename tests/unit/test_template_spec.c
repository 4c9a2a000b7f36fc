/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Mustache specification's own tests (tests/corpus/mustache-spec, MIT), HTML escaping on. */
#include <config.h>
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <embargod/template.h>

static struct tvalue *from_json(struct pool *pool, const json_t *j)
{
  const char *key;
  json_t *v;
  size_t i;
  switch (json_typeof(j)) {
  case JSON_OBJECT: {
    struct tvalue *o = tvalue_object(pool);
    json_object_foreach((json_t *)j, key, v) tvalue_set(pool, o, key, from_json(pool, v));
    return o;
  }
  case JSON_ARRAY: {
    struct tvalue *l = tvalue_list(pool);
    json_array_foreach(j, i, v) tvalue_add(pool, l, from_json(pool, v));
    return l;
  }
  case JSON_STRING:
    return tvalue_string(pool, json_string_value(j));
  case JSON_INTEGER:
    return tvalue_string(pool, pool_printf(pool, "%lld", (long long)json_integer_value(j)));
  case JSON_REAL:
    return tvalue_string(pool, pool_printf(pool, "%g", json_real_value(j)));
  case JSON_NULL:
    return tvalue_string(pool, NULL);
  default:
    return tvalue_bool(pool, json_is_true(j));
  }
}

static const struct {
  const char *file;
  size_t tests;
} spec[] = { { "comments", 12 }, { "interpolation", 42 }, { "inverted", 22 }, { "sections", 34 } };

START_TEST(follows_the_specification)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  const char *top = getenv("top_srcdir");
  char *path = pool_printf(pool, "%s/tests/corpus/mustache-spec/%s.json", top ? top : ".", spec[_i].file);
  json_error_t je;
  json_t *file = json_load_file(path, 0, &je), *test;
  ck_assert_msg(file != NULL, "%s: %s", path, je.text);
  json_t *tests = json_object_get(file, "tests");
  ck_assert_uint_eq(json_array_size(tests), spec[_i].tests);
  size_t i;
  json_array_foreach(tests, i, test)
  {
    struct fault err = { 0 };
    struct bytes out;
    const char *name = json_string_value(json_object_get(test, "name"));
    struct bytes tmpl = bytes_str(json_string_value(json_object_get(test, "template")));
    struct tvalue *data = from_json(pool, json_object_get(test, "data"));
    enum status st = template_render(pool, tmpl, data, TEMPLATE_HTML, NULL, &out, &err);
    ck_assert_msg(st == ST_OK, "%s: %s", name, err.text);
    ck_assert_msg(bytes_eq(out, bytes_str(json_string_value(json_object_get(test, "expected")))), "%s: got [%s]", name,
                  pool_str(pool, out));
  }
  json_decref(file);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("template_spec");
  TCase *t = tcase_create("spec");
  tcase_add_loop_test(t, follows_the_specification, 0, (int)ARRAY_LEN(spec));
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
