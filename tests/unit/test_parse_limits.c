/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pass over the letter before any library: what it refuses, how fast, and where it sees the parts. */
#include <config.h>

#include "src/parse/parse_private.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef EMBARGOD_SANITIZERS
#define SLOWER 10
#else
#define SLOWER 1
#endif

static struct pool *pool;
static struct scan scan;
static struct fault err;
static const struct parse_limits limits = { PARTS_DEPTH_MAX, PARTS_MAX };

static void set_up(void)
{
  pool = pool_new("test");
  err = (struct fault){ 0 };
}

static void tear_down(void)
{
  pool_free(&pool);
}

static enum status scan_str(const char *s)
{
  return parse_scan(pool, bytes_str(s), &limits, &scan, &err);
}

static double seconds_of(clock_t from)
{
  return (double)(clock() - from) / CLOCKS_PER_SEC;
}

/* n times piece, then the tail. */
static struct bytes repeat(const char *piece, unsigned n, const char *tail)
{
  struct buf b = buf_new(pool, strlen(piece) * n + strlen(tail) + 1);
  for (unsigned i = 0; i < n; i++)
    buf_adds(&b, piece);
  buf_adds(&b, tail);
  return buf_bytes(&b);
}

static void ck_refused(struct bytes raw, const char *why)
{
  clock_t from = clock();
  ck_assert_int_eq(parse_scan(pool, raw, &limits, &scan, &err), ST_REJECT);
  ck_assert_msg(strstr(err.text, why), "\"%s\" is not in \"%s\"", why, err.text);
  ck_assert_msg(seconds_of(from) < 0.25 * SLOWER, "took %.3f s", seconds_of(from));
}

START_TEST(refuses_deep_messages_at_once)
{
  ck_refused(repeat("Content-Type: message/rfc822\r\n\r\n", 50000, "x"), "deeper than 100");
}
END_TEST

START_TEST(refuses_deep_multiparts_at_once)
{
  struct buf b = buf_new(pool, 4 << 20);
  for (unsigned i = 0; i < 50000; i++)
    buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
  ck_refused(buf_bytes(&b), "deeper than 100");
}
END_TEST

START_TEST(refuses_many_parts_at_once)
{
  struct buf b = buf_new(pool, 4 << 20);
  buf_adds(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
  for (unsigned i = 0; i < 50000; i++)
    buf_adds(&b, "--b\r\n\r\n");
  ck_refused(buf_bytes(&b), "more than 1000 parts");
}
END_TEST

START_TEST(holds_the_configured_depth_and_parts)
{
  const struct parse_limits two = { 2, 3 };
  ck_assert_int_eq(parse_scan(pool, repeat("Content-Type: message/rfc822\n\n", 2, "x"), &two, &scan, &err), ST_OK);
  ck_assert_uint_eq(scan.count, 3);
  ck_assert_uint_eq(scan.depth, 2);
  ck_assert_int_eq(parse_scan(pool, repeat("Content-Type: message/rfc822\n\n", 3, "x"), &two, &scan, &err), ST_REJECT);
  ck_assert_ptr_nonnull(strstr(err.text, "deeper than 2"));
  const char *flat = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\n\n--b\n\n";
  ck_assert_int_eq(parse_scan(pool, bytes_str(flat), &two, &scan, &err), ST_REJECT);
  ck_assert_ptr_nonnull(strstr(err.text, "more than 3 parts"));
}
END_TEST

START_TEST(allows_exactly_the_greatest_depth)
{
  ck_assert_int_eq(parse_scan(pool, repeat("Content-Type: message/rfc822\n\n", 100, "x"), &limits, &scan, &err), ST_OK);
  ck_assert_uint_eq(scan.count, 101);
  ck_refused(repeat("Content-Type: message/rfc822\n\n", 101, "x"), "deeper");
}
END_TEST

START_TEST(refuses_endless_headers)
{
  ck_refused(repeat("X-Long: 0123456789012345678901234567890123456789\r\n", 20000, "\r\nx"), "header fields");
  ck_refused(repeat("\tfolded for ever, with a line of some length ...............\r\n", 20000, "\r\nx"),
             "header block");
  char *line = pool_alloc(pool, SCAN_HEADER_LINE_MAX + 10);
  memset(line, 'a', SCAN_HEADER_LINE_MAX + 2);
  line[1] = ':';
  ck_refused(bytes_str(line), "header line");
}
END_TEST

static const struct {
  const char *boundary, *why;
} bad_boundaries[] = {
  { "\"\\\"\"", "characters" },   { "\"\"", "empty" },           { "\"  \"", "empty" },        { "", "empty" },
  { "\"a\\\\b\"", "characters" }, { "\"a\x7f\"", "characters" }, { "\"a\tb\"", "characters" }, { "\"", "empty" },
};
START_TEST(refuses_insane_boundaries)
{
  char *s =
      pool_printf(pool, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n--x\r\n\r\n", bad_boundaries[_i].boundary);
  ck_refused(bytes_str(s), bad_boundaries[_i].why);
}
END_TEST

START_TEST(boundary_length_is_bounded)
{
  struct bytes b = repeat("b", SCAN_BOUNDARY_MAX, "");
  ck_assert_int_eq(
      scan_str(pool_printf(pool, "Content-Type: multipart/mixed; boundary=%s\n\n--%s\n\nx\n--%s--\n", b.p, b.p, b.p)),
      ST_OK);
  ck_assert_uint_eq(scan.count, 2);
  ck_refused(bytes_str(pool_printf(pool, "Content-Type: multipart/mixed; boundary=%sb\n\n", b.p)), "longer than 200");
}
END_TEST

/* Every byte counts for a signature: the same entity with every kind of line end and padding. */
static const struct {
  const char *before, *entity, *after;
} spans[] = {
  { "--b\r\n", "A: b\r\n\r\ntext", "\r\n--b--\r\n" },
  { "--b\r\n", "A: b\r\n\r\ntext\r\n", "\r\n--b--\r\n" },
  { "--b\r\n", "A: b\r\n\r\ntext\r\n\r\n", "\r\n--b\r\n\r\nsignature\r\n--b--" },
  { "--b \t\r\n", "A: b\r\n\r\ntext  ", "\r\n--b-- \r\n" },
  { "--b\n", "A: b\n\ntext\n", "\n--b--" },
  { "--b\n", "A: b\n\ntext\r", "\n--b--" }, /* overruled below: CR LF belongs to the boundary */
  { "preamble\r\n--bb\r\n--b\r\n", "\r\nno header", "\r\n--b\r\n\r\nx\r\n--b--" },
  { "--b\r\n", "A: b\r\n\r\n--bx\r\n -- b\r\n--b x\r\n--B\r\n\r\n--b-x", "\r\n--b--" },
  { "--b\r\n", "A: b\r\n\r\nunclosed\r\n", "" },
  { "--b\r\n", "A: header only", "\r\n--b--" },
  { "--b\r\n", "", "\r\n--b--" },
};
START_TEST(whole_is_what_a_signature_covers)
{
  const char *head = "Content-Type: multipart/signed; boundary=b\r\n\r\n";
  const char *entity = spans[_i].entity;
  char *s = pool_printf(pool, "%s%s%s%s", head, spans[_i].before, entity, spans[_i].after);
  ck_assert_int_eq(scan_str(s), ST_OK);
  ck_assert_uint_ge(scan.count, 2);
  struct bytes whole = span_of(bytes_str(s), scan.part[1].whole);
  size_t want = strlen(entity);
  if (want && entity[want - 1] == '\r')
    want--;
  ck_assert_uint_eq(scan.part[1].whole.off, strlen(head) + strlen(spans[_i].before));
  ck_assert_uint_eq(whole.len, want);
}
END_TEST

START_TEST(empty_part_does_not_reach_back)
{
  const char *s = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\nx\r\n--b--\r\n";
  ck_assert_int_eq(scan_str(s), ST_OK);
  ck_assert_uint_eq(scan.count, 3);
  ck_assert_uint_eq(scan.part[1].whole.len, 0);
  ck_assert_uint_eq(scan.part[1].whole.off, scan.part[1].body.off);
  ck_assert_uint_eq(scan.part[2].whole.len, 3);
}
END_TEST

/* The line end before a boundary is the boundary's: what stands in an empty part must not reach over it. */
static const char *const hollow[] = {
  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n--b--\r\n",
  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
  "--b--\r\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nContent-Type: "
  "message/rfc822\n\n--b--\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n--b--\n",
};
START_TEST(children_of_hollow_parts_stay_inside)
{
  ck_assert_int_eq(scan_str(hollow[_i]), ST_OK);
  ck_assert_uint_ge(scan.count, 2);
  for (uint32_t i = 1; i < scan.count; i++) {
    const struct scan_part *p = &scan.part[i], *up = &scan.part[p->parent];
    ck_assert_uint_ge(p->whole.off, up->body.off);
    ck_assert_uint_le(p->whole.off + p->whole.len, up->body.off + up->body.len);
    ck_assert_uint_ge(p->body.off, p->head.off + p->head.len);
  }
}
END_TEST

START_TEST(outer_boundary_closes_the_inner)
{
  const char *s = "Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/mixed; boundary=in\n\n"
                  "--in\n\na\n--out\n\nb\n--in\n\nc\n--out--\n";
  ck_assert_int_eq(scan_str(s), ST_OK);
  ck_assert_uint_eq(scan.count, 4);
  ck_assert_int_eq(scan.part[3].parent, 0);
  ck_assert(scan.part[1].repairs & REPAIR_BOUNDARY_MISSING);
  ck_assert(!(scan.part[0].repairs & REPAIR_BOUNDARY_MISSING));
  ck_assert(bytes_eq(span_of(bytes_str(s), scan.part[3].body), BYTES("b\n--in\n\nc")));
}
END_TEST

START_TEST(fields_are_read_back)
{
  struct bytes raw = BYTES("One: 1\r\nTwo : 2\r\n  more\r\nThree:\r\n\r\nbody: x");
  ck_assert_int_eq(parse_scan(pool, raw, &limits, &scan, &err), ST_OK);
  struct scan_field f;
  uint32_t off = 0;
  ck_assert(scan_field_next(raw, scan.part[0].head, &off, &f));
  ck_assert(bytes_eq(f.name, BYTES("One")));
  ck_assert(scan_field_next(raw, scan.part[0].head, &off, &f));
  ck_assert(bytes_eq(f.name, BYTES("Two")));
  ck_assert(bytes_eq(span_of(raw, f.value), BYTES(" 2\r\n  more")));
  ck_assert(scan_field_next(raw, scan.part[0].head, &off, &f));
  ck_assert(bytes_eq(f.name, BYTES("Three")));
  ck_assert_uint_eq(f.value.len, 0);
  ck_assert(!scan_field_next(raw, scan.part[0].head, &off, &f));
}
END_TEST

/* Dashes, a hundred open boundaries with a common beginning: linear all the same. */
START_TEST(many_near_boundaries_are_fast)
{
  struct buf b = buf_new(pool, 12 << 20);
  const char *common = "=_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  for (unsigned i = 0; i < 100; i++)
    buf_printf(&b, "Content-Type: multipart/mixed; boundary=\"%s%u\"\n\n--%s%u\n", common, i, common, i);
  buf_addc(&b, '\n');
  for (unsigned i = 0; i < 120000; i++)
    buf_printf(&b, "--%sx\n", common);
  clock_t from = clock();
  ck_assert_int_eq(parse_scan(pool, buf_bytes(&b), &limits, &scan, &err), ST_OK);
  ck_assert_msg(seconds_of(from) < 2.0 * SLOWER, "took %.3f s for %zu bytes", seconds_of(from), b.len);
}
END_TEST

static const struct {
  const char *field, *value, *name, *param;
} params[] = {
  { "text/plain; charset=utf-8", "text/plain", "charset", "utf-8" },
  { " TEXT / Plain (c) ; Charset (x) = \"a\\\"b\" ", "text/plain", "charset", "a\"b" },
  { "text/plain;;; charset=x", "text/plain", "charset", "x" },
  { "text/plain charset=x", "text/plain", "charset", "x" },
  { "attachment; filename=my file (1).pdf; x=y", "attachment", "filename", "my file" },
  { "attachment; filename*0*=utf-8'en'%41; filename*1=%42; filename*2*=%43", "attachment", "filename", "A%42C" },
  { "attachment; filename=a; filename*=''b", "attachment", "filename", "b" },
  { "attachment; filename*=no-quotes%41", "attachment", "filename", "no-quotesA" },
  { "attachment; filename*=''%4", "attachment", "filename", "%4" },
  { "attachment; filename=\"unclosed", "attachment", "filename", "unclosed" },
  { "attachment; (((((", "attachment", "filename", NULL },
  { "; filename=x", "", "filename", "x" },
  { "", "", "filename", NULL },
};
START_TEST(parameters)
{
  struct param_list list;
  struct bytes v;
  const char *charset;
  bool plain;
  param_read(pool, bytes_str(params[_i].field), &list);
  ck_assert_str_eq(list.value, params[_i].value);
  ck_assert_int_eq(param_raw(pool, &list, params[_i].name, &v, &charset, &plain), params[_i].param != NULL);
  if (params[_i].param)
    ck_assert_str_eq(pool_str(pool, v), params[_i].param);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("parse limits");
  TCase *t = tcase_create("scan");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, refuses_deep_messages_at_once);
  tcase_add_test(t, refuses_deep_multiparts_at_once);
  tcase_add_test(t, refuses_many_parts_at_once);
  tcase_add_test(t, holds_the_configured_depth_and_parts);
  tcase_add_test(t, allows_exactly_the_greatest_depth);
  tcase_add_test(t, refuses_endless_headers);
  tcase_add_loop_test(t, refuses_insane_boundaries, 0, ARRAY_LEN(bad_boundaries));
  tcase_add_test(t, boundary_length_is_bounded);
  tcase_add_loop_test(t, whole_is_what_a_signature_covers, 0, ARRAY_LEN(spans));
  tcase_add_test(t, empty_part_does_not_reach_back);
  tcase_add_loop_test(t, children_of_hollow_parts_stay_inside, 0, ARRAY_LEN(hollow));
  tcase_add_test(t, outer_boundary_closes_the_inner);
  tcase_add_test(t, fields_are_read_back);
  tcase_add_test(t, many_near_boundaries_are_fast);
  tcase_add_loop_test(t, parameters, 0, ARRAY_LEN(params));
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
