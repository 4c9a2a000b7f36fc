/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base: text, encodings, times. */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <embargod/text.h>

static struct pool *pool;

static void set_up(void)
{
  pool = pool_new("test");
}

static void tear_down(void)
{
  pool_free(&pool);
}

START_TEST(case_folding_is_ascii_only)
{
  ck_assert(text_ieq("Message-ID", "mESSAGE-id"));
  ck_assert(!text_ieq("abc", "abcd"));
  ck_assert(text_ieq(NULL, NULL) && !text_ieq(NULL, "") && !text_ieq("", NULL));
  ck_assert(!text_ieq("\xc3\x84", "\xc3\xa4"));
  ck_assert(!text_ieq("[", "{")); /* 0x20 apart, no letters */
  ck_assert(text_istarts("Re: x", "re:") && !text_istarts("R", "re:") && !text_istarts(NULL, "x"));
  ck_assert_uint_eq(bytes_ifind(BYTES("xxBoundary"), BYTES("bOUND"), 0), 2);
  ck_assert_uint_eq(bytes_ifind(BYTES("xxBoundary"), BYTES("bOUND"), 3), SIZE_MAX);
  ck_assert_uint_eq(bytes_ifind(BYTES("x"), BYTES("xy"), 0), SIZE_MAX);
  ck_assert_str_eq(text_lower(pool, "AbC\xc3\x84"), "abc\xc3\x84");
  ck_assert_ptr_null(text_lower(pool, NULL));
  ck_assert(text_empty(NULL) && text_empty("") && text_empty(" \t\r\n") && !text_empty(" x "));
}
END_TEST

static const struct {
  const char *s;
  bool valid;
  const char *repaired;
} utf8[] = {
  { "plain", true, "plain" },
  { "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", true, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
  { "\xf4\x8f\xbf\xbf", true, "\xf4\x8f\xbf\xbf" },
  { "\xf4\x90\x80\x80", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* above U+10FFFF */
  { "\xed\xa0\x80", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },                 /* a surrogate */
  { "\xc0\xaf", false, "\xef\xbf\xbd\xef\xbf\xbd" },                                 /* overlong */
  { "\xe0\x80\xaf", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
  { "a\x80z", false, "a\xef\xbf\xbdz" },
  { "a\xc3", false, "a\xef\xbf\xbd" }, /* cut */
  { "\xe2\x82", false, "\xef\xbf\xbd\xef\xbf\xbd" },
  { "\xc3(", false, "\xef\xbf\xbd(" },
  { "\xff\xfe", false, "\xef\xbf\xbd\xef\xbf\xbd" },
};

START_TEST(utf8_checks_and_repairs)
{
  for (size_t i = 0; i < ARRAY_LEN(utf8); i++) {
    ck_assert_msg(utf8_valid(bytes_str(utf8[i].s)) == utf8[i].valid, "%zu", i);
    struct bytes r = utf8_repair(pool, bytes_str(utf8[i].s));
    ck_assert_msg(bytes_eq(r, bytes_str(utf8[i].repaired)), "%zu: %s", i, r.p);
    ck_assert(utf8_valid(r));
  }
}
END_TEST

START_TEST(utf8_there_and_back)
{
  for (uint32_t cp = 0; cp <= 0x110000; cp += cp < 0x3000 ? 1 : 97) {
    struct buf b = buf_new(pool, 8);
    utf8_put(&b, cp);
    size_t off = 0;
    uint32_t got = utf8_next(buf_bytes(&b), &off);
    bool bad = cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF);
    ck_assert_uint_eq(got, bad ? 0xFFFD : cp);
    ck_assert_uint_eq(off, b.len);
    if (cp % 5000 == 0)
      pool_reset(pool);
  }
}
END_TEST

START_TEST(cuts_do_not_split)
{
  struct bytes s = BYTES("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
  const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
  for (size_t max = 0; max < ARRAY_LEN(want); max++)
    ck_assert_uint_eq(utf8_cut(s, max), want[max]);
  ck_assert_uint_eq(utf8_cut(BYTES("\x80\x80\x80\x80\x80\x80"), 4), 4); /* no characters: anywhere */
}
END_TEST

START_TEST(clean_text)
{
  ck_assert_str_eq(text_clean(pool, BYTES("a\tb\r\nc\rd\x1b[0m\x7f\xc2\x9b"), true),
                   "a\tb\nc\xef\xbf\xbd"
                   "d\xef\xbf\xbd[0m\xef\xbf\xbd\xef\xbf\xbd");
  ck_assert_str_eq(text_clean(pool, BYTES("a\tb\nc"), false), "a\xef\xbf\xbd"
                                                              "b\xef\xbf\xbd"
                                                              "c");
  ck_assert_str_eq(text_clean(pool, BYTES("x\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8y\xff"), true),
                   "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\xef\xbf\xbd");
  ck_assert_str_eq(text_clean(pool, (struct bytes){ "a\0b", 3 }, true), "a\xef\xbf\xbd"
                                                                        "b");
  ck_assert_str_eq(text_clean(pool, BYTES("\xd7\xa9\xd7\x9c\xe2\x80\x8f ok"), false),
                   "\xd7\xa9\xd7\x9c\xe2\x80\x8f ok"); /* Hebrew and its mark stay */
}
END_TEST

START_TEST(hex)
{
  struct bytes out;
  ck_assert_str_eq(hex_encode(pool, (struct bytes){ "\x00\xab\xff", 3 }), "00abff");
  ck_assert_str_eq(hex_encode(pool, (struct bytes){ NULL, 0 }), "");
  ck_assert(hex_decode(pool, "00AbfF", &out) && out.len == 3 && memcmp(out.p, "\x00\xab\xff", 3) == 0);
  ck_assert(hex_decode(pool, "", &out) && out.len == 0);
  ck_assert(!hex_decode(pool, "abc", &out));
  ck_assert(!hex_decode(pool, "0g", &out));
  ck_assert(!hex_decode(pool, NULL, &out));
}
END_TEST

/* RFC 4648 section 10. */
static const struct {
  const char *plain, *b64, *b32;
} vectors[] = {
  { "", "", "" },
  { "f", "Zg==", "my" },
  { "fo", "Zm8=", "mzxq" },
  { "foo", "Zm9v", "mzxw6" },
  { "foob", "Zm9vYg==", "mzxw6yq" },
  { "fooba", "Zm9vYmE=", "mzxw6ytb" },
  { "foobar", "Zm9vYmFy", "mzxw6ytboi" },
};

START_TEST(base_64_and_32)
{
  for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
    struct bytes plain = bytes_str(vectors[i].plain), out;
    ck_assert_str_eq(base64_encode(pool, plain, 0), vectors[i].b64);
    ck_assert_str_eq(base32_encode(pool, plain), vectors[i].b32);
    ck_assert(base64_decode(pool, bytes_str(vectors[i].b64), &out) && bytes_eq(out, plain));
  }
  char all[1000];
  for (size_t n = 0; n < sizeof all; n++) {
    struct bytes out;
    all[n] = (char)(n * 31);
    char *lines = base64_encode(pool, (struct bytes){ all, n }, 76);
    ck_assert(base64_decode(pool, bytes_str(lines), &out) && bytes_eq(out, (struct bytes){ all, n }));
    struct bytes rest = bytes_str(lines), line;
    while (bytes_next_line(&rest, &line))
      ck_assert(line.len <= 76 && (rest.len == 0 || line.len == 76));
    ck_assert(n == 0 || memcmp(lines + strlen(lines) - 2, "\r\n", 2) == 0);
    pool_reset(pool);
  }
}
END_TEST

START_TEST(bad_base64_is_refused)
{
  static const char *const bad[] = { "Z", "Zg=", "Zg===", "Zm9v=", "=", "Zg==Zg==", "Zm-v", "Zm9v\x01", "Zg=\xc3=" };
  struct bytes out;
  for (size_t i = 0; i < ARRAY_LEN(bad); i++)
    ck_assert_msg(!base64_decode(pool, bytes_str(bad[i]), &out), "%s", bad[i]);
  ck_assert(!base64_decode(pool, (struct bytes){ "Zm9v\0Zm9v", 9 }, &out));
  ck_assert(base64_decode(pool, BYTES(" Z m\r\n9\tv\n"), &out) && bytes_eq(out, BYTES("foo")));
  ck_assert(base64_decode(pool, BYTES("Zg"), &out) && bytes_eq(out, BYTES("f"))); /* padding left out */
}
END_TEST

START_TEST(line_ends)
{
  ck_assert(bytes_eq(text_to_crlf(pool, BYTES("a\nb\r\nc\rd\n\n\r\r\n")), BYTES("a\r\nb\r\nc\r\nd\r\n\r\n\r\n\r\n")));
  ck_assert(bytes_eq(text_to_lf(pool, BYTES("a\nb\r\nc\rd\n\n\r\r\n")), BYTES("a\nb\nc\nd\n\n\n\n")));
  ck_assert_uint_eq(text_to_crlf(pool, (struct bytes){ NULL, 0 }).len, 0);
}
END_TEST

START_TEST(edit_distance)
{
  ck_assert_uint_eq(text_distance("notify", "notify", 3), 0);
  ck_assert_uint_eq(text_distance("notfiy", "notify", 3), 2);
  ck_assert_uint_eq(text_distance("kitten", "sitting", 5), 3);
  ck_assert_uint_eq(text_distance("kitten", "sitting", 2), 3);
  ck_assert_uint_eq(text_distance("", "abc", 3), 3);
  ck_assert_uint_eq(text_distance("a", "abcdefgh", 3), 4);
}
END_TEST

/* ---- times ---- */

START_TEST(times_written)
{
  ck_assert_str_eq(time_iso(pool, 1801386000), "2027-01-31T09:00:00Z");
  ck_assert_str_eq(time_rfc5322(pool, 1801386000), "Sun, 31 Jan 2027 09:00:00 +0000");
  ck_assert_str_eq(time_iso(pool, 951782400), "2000-02-29T00:00:00Z");
  ck_assert_str_eq(time_local(pool, 1801386000, "Europe/Berlin"), "2027-01-31 10:00 CET");
  ck_assert_str_eq(time_local(pool, 1814432400, "Europe/Berlin"), "2027-07-01 11:00 CEST");
  ck_assert_str_eq(time_local(pool, 1801386000, NULL), "2027-01-31 09:00 UTC");
  ck_assert_str_eq(time_iso(pool, -5), "1970-01-01T00:00:00Z");
  ck_assert_str_eq(time_iso(pool, INT64_MAX), "9999-12-31T23:59:59Z");
}
END_TEST

START_TEST(zones_leave_no_trace)
{
  setenv("TZ", "Asia/Tokyo", 1);
  time_local(pool, 0, "Europe/Berlin");
  ck_assert_str_eq(getenv("TZ"), "Asia/Tokyo");
  unsetenv("TZ");
  int64_t t;
  ck_assert(time_parse("2027-01-31T09:00", 0, 9, "America/New_York", &t));
  ck_assert_ptr_null(getenv("TZ"));
}
END_TEST

START_TEST(zone_names)
{
  ck_assert(time_zone_valid(NULL) && time_zone_valid("UTC") && time_zone_valid("Europe/Berlin"));
  ck_assert(!time_zone_valid("Europe/Atlantis") && !time_zone_valid("/etc/passwd") && !time_zone_valid("../passwd"));
  ck_assert(!time_zone_valid("Europe") && !time_zone_valid("CET-1CEST") && !time_zone_valid("a b"));
}
END_TEST

static const struct {
  const char *s, *zone, *want; /* want: time_iso, NULL: refused */
} parses[] = {
  { "2027-01-31", NULL, "2027-01-31T09:00:00Z" },
  { "2027-01-31", "UTC", "2027-01-31T09:00:00Z" },
  { "2027-01-31", "Europe/Berlin", "2027-01-31T08:00:00Z" },
  { "2027-07-01", "Europe/Berlin", "2027-07-01T07:00:00Z" }, /* summer time */
  { "2027-01-31T09:00Z", "Europe/Berlin", "2027-01-31T09:00:00Z" },
  { "2027-01-31T09:00", "Europe/Berlin", "2027-01-31T08:00:00Z" },
  { "2027-01-31T23:59:58", "America/New_York", "2027-02-01T04:59:58Z" },
  { "2027-03-28T02:30", "Europe/Berlin", "2027-03-28T01:30:00Z" }, /* not on any clock there: the hour that follows */
  { "2028-02-29", NULL, "2028-02-29T09:00:00Z" },
  { "+30d", NULL, "2026-01-31T00:00:00Z" },
  { "+2w", NULL, "2026-01-15T00:00:00Z" },
  { "+36h", NULL, "2026-01-02T12:00:00Z" },
  { "2027-02-29", NULL, NULL },
  { "2100-02-29", NULL, NULL },
  { "2027-02-30", NULL, NULL },
  { "2027-13-01", NULL, NULL },
  { "2027-00-01", NULL, NULL },
  { "2027-01-00", NULL, NULL },
  { "1969-12-31", NULL, NULL },
  { "2027-1-1", NULL, NULL },
  { "2027-01-31Z", NULL, NULL },
  { "2027-01-31T9:00", NULL, NULL },
  { "2027-01-31T24:00", NULL, NULL },
  { "2027-01-31T09:60", NULL, NULL },
  { "2027-01-31T09:00:60", NULL, NULL },
  { "2027-01-31T09:00ZZ", NULL, NULL },
  { "2027-01-31T09:00+01:00", NULL, NULL },
  { "2027-01-31 ", NULL, NULL },
  { "", NULL, NULL },
  { "+", NULL, NULL },
  { "+d", NULL, NULL },
  { "+3", NULL, NULL },
  { "+3dd", NULL, NULL },
  { "+3y", NULL, NULL },
  { "+99999999999999999999d", NULL, NULL },
  { "-3d", NULL, NULL },
};

START_TEST(times_read)
{
  const int64_t now = 1767225600; /* 2026-01-01T00:00:00Z */
  int64_t t = -1;
  bool ok = time_parse(parses[_i].s, now, 9, parses[_i].zone, &t);
  ck_assert_msg(ok == (parses[_i].want != NULL), "\"%s\"", parses[_i].s);
  if (ok)
    ck_assert_str_eq(time_iso(pool, t), parses[_i].want);
  ck_assert(!time_parse(NULL, now, 9, NULL, &t));
}
END_TEST

static const struct {
  int64_t value[5];
  size_t count;
  int64_t median, longest;
} middles[] = {
  { { 0 }, 0, 0, 0 },
  { { 7 }, 1, 7, 7 },
  { { 480, 300 }, 2, 390, 480 },
  { { 5, 480, 300 }, 3, 300, 480 },
  { { 480, 1, 300, 2 }, 4, 151, 480 },
  { { 9, 9, 1, 0, 3 }, 5, 3, 9 },
};

START_TEST(the_middle_is_never_above_the_largest)
{
  int64_t value[5];
  memcpy(value, middles[_i].value, sizeof value);
  struct middle m = middle_of(value, middles[_i].count);
  ck_assert_int_eq(m.median, middles[_i].median);
  ck_assert_int_eq(m.longest, middles[_i].longest);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("base text");
  TCase *t = tcase_create("text");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, case_folding_is_ascii_only);
  tcase_add_test(t, utf8_checks_and_repairs);
  tcase_add_test(t, utf8_there_and_back);
  tcase_add_test(t, cuts_do_not_split);
  tcase_add_test(t, clean_text);
  tcase_add_test(t, hex);
  tcase_add_test(t, base_64_and_32);
  tcase_add_test(t, bad_base64_is_refused);
  tcase_add_test(t, line_ends);
  tcase_add_test(t, edit_distance);
  tcase_add_test(t, times_written);
  tcase_add_test(t, zones_leave_no_trace);
  tcase_add_test(t, zone_names);
  tcase_add_loop_test(t, the_middle_is_never_above_the_largest, 0, (int)ARRAY_LEN(middles));
  tcase_add_loop_test(t, times_read, 0, (int)ARRAY_LEN(parses));
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
