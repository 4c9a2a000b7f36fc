/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part table over the wire: whole round trips, and every number a hostile parser could send. */
#include <embargod/parts.h>
#include <embargod/channel.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct pool *pool;
static struct part parts[4];
static struct part_header headers[3];
static struct part_table table, got;
static struct fault err;

static const char raw_text[] = "A: 1\n\n--b\nB: 2\n\ntext\n--b\nC: 3\n\n<p>html\n--b--\n";
#define RAW ((struct bytes){ raw_text, sizeof raw_text - 1 })

static struct byte_span at(const char *what)
{
  return (struct byte_span){ (uint32_t)(strstr(raw_text, what) - raw_text), (uint32_t)strlen(what) };
}

static struct part leaf(const char *type, const char *whole, const char *head, const char *body)
{
  return (struct part){ .parent = 0,
                        .depth = 1,
                        .kind = PART_TEXT,
                        .type = type,
                        .charset = "utf-8",
                        .filename = "",
                        .disposition = "",
                        .content_id = "",
                        .protocol = "",
                        .micalg = "",
                        .format = "",
                        .delsp = "",
                        .protected_headers = "",
                        .hp = "",
                        .report_type = "",
                        .smime_type = "",
                        .whole = at(whole),
                        .head = at(head),
                        .body = at(body) };
}

static void set_up(void)
{
  pool = pool_new("test");
  err = (struct fault){ 0 };
  parts[0] = leaf("multipart/mixed", raw_text, "A: 1\n", "--b\nB: 2");
  parts[0].parent = -1, parts[0].depth = 0, parts[0].kind = PART_MULTIPART, parts[0].protocol = "x";
  parts[0].whole = (struct byte_span){ 0, (uint32_t)RAW.len };
  parts[0].body = (struct byte_span){ 6, (uint32_t)RAW.len - 6 };
  parts[1] = leaf("text/plain", "B: 2\n\ntext", "B: 2\n", "text");
  parts[1].decoded = parts[1].as_text = (struct byte_span){ 0, 4 };
  parts[2] = leaf("text/html", "C: 3\n\n<p>html", "C: 3\n", "<p>html");
  parts[2].decoded = (struct byte_span){ 4, 7 }, parts[2].as_text = (struct byte_span){ 11, 5 };
  parts[2].filename = "gr\xc3\xbc\xc3\x9f"
                      "e.html",
  parts[2].repairs = REPAIR_HTML_TEXT;
  for (uint32_t i = 0; i < 3; i++)
    parts[i].header_first = i, parts[i].header_count = 1;
  headers[0] = (struct part_header){ "A", "1", at(" 1") };
  headers[1] = (struct part_header){ "B", "", at(" 2") };
  headers[2] = (struct part_header){ "C", "\xc3\xa4", at(" 3") };
  table = (struct part_table){ RAW, BYTES("text<p>htmlhtml\n"), parts, 3, headers, 3 };
}

static void tear_down(void)
{
  pool_free(&pool);
}

static enum status pass(void)
{
  struct wire_msg *m = wire_new(pool, PARSE_TABLE, 7);
  parts_put(m, &table);
  return parts_get(m, pool, RAW, &got, &err);
}

START_TEST(round_trip)
{
  ck_assert_msg(pass() == ST_OK, "%s", err.text);
  ck_assert_uint_eq(got.count, 3);
  ck_assert(bytes_eq(got.decoded, table.decoded));
  ck_assert(got.decoded.p != table.decoded.p);
  ck_assert_str_eq(got.part[0].type, "multipart/mixed");
  ck_assert_str_eq(got.part[0].protocol, "x");
  ck_assert_str_eq(got.part[2].filename, parts[2].filename);
  ck_assert_str_eq(got.part[1].micalg, "");
  ck_assert_uint_eq(got.part[2].repairs, REPAIR_HTML_TEXT);
  ck_assert_uint_eq(got.part[1].whole.off, parts[1].whole.off);
  ck_assert_uint_eq(got.part[2].as_text.len, 5);
  ck_assert_str_eq(parts_header(&got, 2, "c"), "\xc3\xa4");
  ck_assert_str_eq(parts_header(&got, 1, "b"), "");
  ck_assert_ptr_null(parts_header(&got, 1, "a"));
  ck_assert_ptr_null(parts_header_nth(&got, 0, "a", 1));
  ck_assert_ptr_null(parts_header(&got, 99, "a"));
  ck_assert_int_eq(parts_child(&got, 0), 1);
  ck_assert_int_eq(parts_next(&got, 1), 2);
  ck_assert_int_eq(parts_next(&got, 2), -1);
  ck_assert_int_eq(parts_next(&got, 0), -1);
  ck_assert_int_eq(parts_child(&got, 1), -1);
  ck_assert_str_eq(parts_repair_text(pool, got.part[2].repairs | REPAIR_ENCODING_BAD),
                   "damaged base64 or quoted-printable, text made from HTML");
  ck_assert_str_eq(parts_repair_text(pool, 0), "");
}
END_TEST

START_TEST(largest_table)
{
  enum { N = PARTS_MAX };
  struct part *many = pool_array(pool, N, sizeof *many);
  struct part_header *fields = pool_array(pool, PARTS_HEADERS_MAX, sizeof *fields);
  char *value = pool_alloc(pool, 20001);
  memset(value, 'v', 20000);
  for (uint32_t i = 0; i < N; i++) {
    many[i] = leaf("text/plain", "text", "text", "text");
    many[i].head.len = 0;
    many[i].whole.len = many[i].body.len = many[i].decoded.len = 0;
    many[i].whole.off = many[i].head.off = many[i].body.off = 20;
  }
  many[0] = parts[0];
  many[0].header_first = 0, many[0].header_count = PARTS_HEADERS_MAX;
  for (uint32_t i = 1; i < N; i++)
    many[i].header_first = PARTS_HEADERS_MAX, many[i].header_count = 0;
  for (uint32_t i = 0; i < PARTS_HEADERS_MAX; i++)
    fields[i] = (struct part_header){ "X", i < 100 ? value : "v", { 5, 0 } };
  table = (struct part_table){ RAW, BYTES("x"), many, N, fields, PARTS_HEADERS_MAX };
  ck_assert_msg(pass() == ST_OK, "%s", err.text);
  ck_assert_uint_eq(got.count, N);
  ck_assert_uint_eq(strlen(got.header[99].value), 20000);
}
END_TEST

/* ---- one lie at a time ---- */

static void lie_span(struct byte_span *s)
{
  *s = (struct byte_span){ 0xfffffff0u, 0x20 };
}

static void lie_0(void)
{
  parts[1].parent = 5;
}
static void lie_1(void)
{
  parts[1].parent = -1;
}
static void lie_2(void)
{
  parts[1].parent = 1;
}
static void lie_3(void)
{
  parts[2].parent = 1;
}
static void lie_4(void)
{
  parts[1].depth = 2;
}
static void lie_5(void)
{
  parts[1].kind = 0;
}
static void lie_6(void)
{
  parts[1].kind = 5;
}
static void lie_7(void)
{
  parts[1].repairs = 1u << 31;
}
static void lie_8(void)
{
  lie_span(&parts[1].whole);
}
static void lie_9(void)
{
  lie_span(&parts[1].head);
}
static void lie_10(void)
{
  lie_span(&parts[1].body);
}
static void lie_11(void)
{
  lie_span(&parts[1].decoded);
}
static void lie_12(void)
{
  lie_span(&parts[1].as_text);
}
static void lie_13(void)
{
  parts[0].whole.len--;
}
static void lie_14(void)
{
  parts[0].parent = 0;
}
static void lie_15(void)
{
  parts[2].whole.off = parts[1].whole.off, parts[2].whole.len += 8;
}
static void lie_16(void)
{
  parts[1].whole.off = 0, parts[1].whole.len = 20;
}
static void lie_17(void)
{
  parts[1].body = parts[1].head;
}
static void lie_18(void)
{
  parts[2].decoded.off = 3;
}
static void lie_19(void)
{
  parts[2].as_text = parts[1].decoded;
}
static void lie_20(void)
{
  parts[0].decoded.len = 1;
}
static void lie_21(void)
{
  parts[1].kind = PART_OTHER;
}
static void lie_22(void)
{
  table.decoded.p = "te\xfft<p>htmlhtml\n";
}
static void lie_23(void)
{
  parts[1].filename = "a/b";
}
static void lie_24(void)
{
  parts[1].filename = "..";
}
static void lie_25(void)
{
  parts[1].filename = "a\\b";
}
static void lie_26(void)
{
  parts[1].charset = "a\nb";
}
static void lie_27(void)
{
  parts[1].hp = "\xff";
}
static void lie_28(void)
{
  parts[1].content_id = "\xe2\x80\xae";
}
static void lie_29(void)
{
  parts[1].type = "text";
}
static void lie_30(void)
{
  parts[1].type = "Text/plain";
}
static void lie_31(void)
{
  parts[1].type = "";
}
static void lie_32(void)
{
  parts[1].type = "text/pl ain";
}
static void lie_33(void)
{
  parts[1].header_first = 0;
}
static void lie_34(void)
{
  parts[1].header_count = 3;
}
static void lie_35(void)
{
  parts[2].header_count = 0;
}
static void lie_36(void)
{
  parts[2].header_count = 0xffffffffu;
}
static void lie_37(void)
{
  headers[1].name = "a:b";
}
static void lie_38(void)
{
  headers[1].name = "";
}
static void lie_39(void)
{
  headers[1].name = "a b";
}
static void lie_40(void)
{
  headers[1].value = "a\r\nX: y";
}
static void lie_41(void)
{
  headers[1].raw = headers[0].raw;
}
static void lie_42(void)
{
  lie_span(&headers[1].raw);
}
static void lie_43(void)
{
  table.count = 0;
}
static void lie_44(void)
{
  table.count = 2;
}
static void lie_45(void)
{
  table.header_count = 2;
}
static void lie_46(void)
{
  parts[0].kind = PART_MESSAGE;
}
static void lie_47(void)
{
  parts[0].kind = PART_TEXT;
}
static void lie_48(void)
{
  char *v = pool_alloc(pool, PARTS_HEADER_VALUE_MAX + 2);
  memset(v, 'v', PARTS_HEADER_VALUE_MAX + 1);
  headers[1].value = v;
}
static void lie_49(void)
{
  parts[1].as_is = true; /* a text */
}
static void lie_50(void)
{
  parts[0].as_is = true; /* a container */
}
static void lie_51(void)
{
  parts[2].kind = PART_OTHER, parts[2].type = "a/b";
  parts[2].as_text.len = 0;
  parts[2].as_is = true; /* and decoded besides */
}

static void (*const lies[])(void) = {
  lie_0,  lie_1,  lie_2,  lie_3,  lie_4,  lie_5,  lie_6,  lie_7,  lie_8,  lie_9,  lie_10, lie_11, lie_12,
  lie_13, lie_14, lie_15, lie_16, lie_17, lie_18, lie_19, lie_20, lie_21, lie_22, lie_23, lie_24, lie_25,
  lie_26, lie_27, lie_28, lie_29, lie_30, lie_31, lie_32, lie_33, lie_34, lie_35, lie_36, lie_37, lie_38,
  lie_39, lie_40, lie_41, lie_42, lie_43, lie_44, lie_45, lie_46, lie_47, lie_48, lie_49, lie_50, lie_51,
};
START_TEST(each_lie_is_refused)
{
  ck_assert_int_eq(pass(), ST_OK);
  lies[_i]();
  ck_assert_int_eq(pass(), ST_REJECT);
  ck_assert_uint_eq(got.count, 0);
  ck_assert_ptr_nonnull(strstr(err.text, "part table: "));
}
END_TEST

/* ---- the message itself ---- */

static struct wire_msg *good(void)
{
  struct wire_msg *m = wire_new(pool, PARSE_TABLE, 7);
  parts_put(m, &table);
  return m;
}

/* The message without one field, or with another value for it. */
static struct wire_msg *altered(uint16_t tag, const struct bytes *value)
{
  const struct wire_msg *from = good();
  struct wire_msg *m = wire_new(pool, PARSE_TABLE, 7);
  for (size_t i = 0; i < wire_count(from); i++) {
    struct bytes b;
    uint16_t t = wire_field(from, i, &b);
    if (t != tag)
      wire_put(m, t, b);
    else if (value)
      wire_put(m, t, *value);
  }
  return m;
}

START_TEST(missing_and_odd_fields)
{
  static const uint16_t tags[] = { TAG_BYTES, 20, 21, 22 };
  for (size_t i = 0; i < ARRAY_LEN(tags); i++)
    ck_assert_int_eq(parts_get(altered(tags[i], NULL), pool, RAW, &got, &err), ST_REJECT);
  static const char zeros[4096];
  for (size_t len = 0; len < sizeof zeros; len += 13) {
    struct bytes b = { zeros, len };
    ck_assert_int_eq(parts_get(altered(20, &b), pool, RAW, &got, &err), ST_REJECT);
    if (len)
      ck_assert_int_eq(parts_get(altered(21, &b), pool, RAW, &got, &err), ST_REJECT);
  }
  const struct bytes heaps[] = { BYTES(""), BYTES("x"), BYTES("\0x"), BYTES("x\0"), { zeros, 1 } };
  for (size_t i = 0; i < ARRAY_LEN(heaps); i++)
    ck_assert_int_eq(parts_get(altered(22, &heaps[i]), pool, RAW, &got, &err), ST_REJECT);
  ck_assert_int_eq(parts_get(wire_new(pool, CH_ERROR, 7), pool, RAW, &got, &err), ST_REJECT);
}
END_TEST

START_TEST(another_message_is_refused)
{
  struct wire_msg *m = good();
  ck_assert_int_eq(parts_get(m, pool, bytes_sub(RAW, 0, RAW.len - 1), &got, &err), ST_REJECT);
  ck_assert_int_eq(parts_get(m, pool, (struct bytes){ NULL, 0 }, &got, &err), ST_REJECT);
}
END_TEST

/* Every byte of the records flipped in turn: refused, or a table that still lies inside the bounds. */
START_TEST(flipped_bytes_never_leave_the_bounds)
{
  static const uint16_t tags[] = { 20, 21, 22 };
  for (size_t t = 0; t < ARRAY_LEN(tags); t++) {
    struct bytes b;
    ck_assert(wire_get(good(), tags[t], &b));
    for (size_t i = 0; i < b.len * 8; i++) {
      struct bytes copy = pool_bytes_dup(pool, b);
      ((char *)(uintptr_t)copy.p)[i / 8] ^= (char)(1 << i % 8);
      if (parts_get(altered(tags[t], &copy), pool, RAW, &got, &err) != ST_OK)
        continue;
      for (uint32_t p = 0; p < got.count; p++) {
        ck_assert(span_inside(got.part[p].whole, RAW.len) && span_inside(got.part[p].body, RAW.len));
        ck_assert(span_inside(got.part[p].as_text, got.decoded.len));
        ck_assert_uint_lt(strlen(got.part[p].filename), 4096);
        ck_assert_int_lt(got.part[p].parent, (int)p);
      }
    }
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("wire parts");
  TCase *t = tcase_create("parts");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 30);
  tcase_add_test(t, round_trip);
  tcase_add_test(t, largest_table);
  tcase_add_loop_test(t, each_lie_is_refused, 0, ARRAY_LEN(lies));
  tcase_add_test(t, missing_and_odd_fields);
  tcase_add_test(t, another_message_is_refused);
  tcase_add_test(t, flipped_bytes_never_leave_the_bounds);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
