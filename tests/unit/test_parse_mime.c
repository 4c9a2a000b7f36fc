/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From raw bytes to the part table: the golden tables of tests/corpus, exact contents, decoders, HTML. */
#include <config.h>

#include "src/parse/parse_private.h"
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CORPUS_AT_LEAST 35
#ifdef EMBARGOD_SANITIZERS
#define SLOWER 10 /* sanitizers, and a machine with other work */
#else
#define SLOWER 1
#endif

static struct pool *pool, *kept;
static struct parser parser;
static struct part_table table;
static struct fault err;

/* Once, before the tests fork: opening the converters is the dear part. */
static void open_charsets(void)
{
  kept = pool_new("charsets");
  parser = (struct parser){ charsets_open(kept), { PARTS_DEPTH_MAX, PARTS_MAX } };
}

static void close_charsets(void)
{
  charsets_close(parser.charsets);
  pool_free(&kept);
}

static void set_up(void)
{
  pool = pool_new("test");
  err = (struct fault){ 0 };
}

static void tear_down(void)
{
  pool_free(&pool);
}

static void parse(struct bytes raw)
{
  ck_assert_msg(parse_mime(&parser, pool, raw, &table, &err) == ST_OK, "%s", err.text);
}

static const char *text_of(uint32_t part)
{
  return pool_str(pool, span_of(table.decoded, table.part[part].as_text));
}

/* ---- golden tables ---- */

static struct bytes slurp(const char *path)
{
  FILE *f = fopen(path, "rb");
  ck_assert_msg(f != NULL, "%s", path);
  struct buf b = buf_new(pool, 4096);
  char chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
    buf_add(&b, (struct bytes){ chunk, n });
  fclose(f);
  return buf_bytes(&b);
}

static unsigned golden_folder(const char *folder)
{
  const char *top = getenv("top_srcdir");
  char *dir = pool_printf(pool, "%s/tests/corpus/%s", top ? top : "..", folder);
  DIR *d = opendir(dir);
  ck_assert_msg(d != NULL, "%s", dir);
  unsigned seen = 0;
  for (struct dirent *e; (e = readdir(d));) {
    size_t len = strlen(e->d_name);
    if (len < 5 || strcmp(e->d_name + len - 4, ".eml") != 0)
      continue;
    struct bytes raw = slurp(pool_printf(pool, "%s/%s", dir, e->d_name));
    struct bytes want = slurp(pool_printf(pool, "%s/%.*s.expect", dir, (int)len - 4, e->d_name));
    fault_clear(&err);
    struct bytes got = parse_mime(&parser, pool, raw, &table, &err) == ST_OK
                           ? print_table(pool, &table)
                           : bytes_str(pool_printf(pool, "refused: %s\n", err.text));
    ck_assert_msg(bytes_eq(got, want), "%s/%s:\n--- wanted\n%s\n--- got\n%s", folder, e->d_name, want.p,
                  pool_str(pool, got));
    seen++;
  }
  closedir(d);
  return seen;
}

START_TEST(golden_tables)
{
  unsigned seen = golden_folder("mime") + golden_folder("hostile");
  ck_assert_uint_ge(seen, CORPUS_AT_LEAST);
}
END_TEST

/* ---- contents ---- */

START_TEST(attachments_are_exact)
{
  unsigned char want[256];
  struct buf b = buf_new(pool, 4096);
  buf_adds(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/x\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
  for (unsigned i = 0; i < 256; i++) {
    want[i] = (unsigned char)i;
    buf_printf(&b, "=%02X%s", i, i % 20 == 19 ? "=\r\n" : "");
  }
  buf_adds(&b, "\r\n--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
               "AAECAwQFBgcICQoLDA0ODw==\r\n--b\r\nContent-Type: application/x\r\n\r\n");
  buf_add(&b, (struct bytes){ "line\r\nbare\nNUL\0end\r\n", 20 });
  buf_adds(&b, "\r\n--b--\r\n");
  parse(buf_bytes(&b));
  ck_assert_uint_eq(table.count, 4);
  ck_assert(bytes_eq(parts_decoded(&table, 1), (struct bytes){ (char *)want, 256 }));
  ck_assert(bytes_eq(parts_decoded(&table, 2), (struct bytes){ (char *)want, 16 }));
  ck_assert(table.part[3].as_is && !table.part[3].decoded.len); /* not carried twice */
  ck_assert(bytes_eq(parts_decoded(&table, 3), (struct bytes){ "line\r\nbare\nNUL\0end\r\n", 20 }));
  for (uint32_t i = 0; i < table.count; i++)
    ck_assert_uint_eq(table.part[i].repairs, 0);
}
END_TEST

START_TEST(text_is_utf8_with_lf)
{
  parse(BYTES("Content-Type: text/plain; charset=windows-1252\r\n\r\na\r\nb\nc \x80\r\n"));
  ck_assert_str_eq(text_of(0), "a\nb\nc \xe2\x82\xac\n");
}
END_TEST

static const struct {
  const char *in, *out;
  bool bad;
} base64s[] = {
  { "", "", false },
  { "QQ==", "A", false },
  { "QUI=", "AB", false },
  { "QUJD", "ABC", false },
  { "QU\r\nJD\r\n", "ABC", false },
  { "QUJDRA", "ABCD", true },
  { "QUJ*D", "ABC", true },
  { "Q", "", true },
  { "====", "", false },
  { "QQ==QQ==", "AA", true },
  { "QUI", "AB", true },
};
START_TEST(base64)
{
  uint32_t repairs = 0;
  struct bytes out = decode_base64(pool, bytes_str(base64s[_i].in), &repairs);
  ck_assert_str_eq(pool_str(pool, out), base64s[_i].out);
  ck_assert_int_eq(repairs == REPAIR_ENCODING_BAD, base64s[_i].bad);
}
END_TEST

static const struct {
  const char *in, *out;
  bool bad;
} quoted[] = {
  { "a=20", "a ", false },   { "a \t\r\nb", "a\r\nb", false }, { "a=\r\nb", "ab", false }, { "a= \t\nb", "ab", false },
  { "a=", "a", false },      { "=e4=E4", "\xe4\xe4", false },  { "a=4", "a=4", true },     { "a=XYb", "a=XYb", true },
  { "a b  ", "a b", false }, { "=\n=\n=", "", false },         { "==41", "=A", true },     { "\r", "\r", false },
};
START_TEST(quoted_printable)
{
  uint32_t repairs = 0;
  struct bytes out = decode_quoted_printable(pool, bytes_str(quoted[_i].in), &repairs);
  ck_assert_str_eq(pool_str(pool, out), quoted[_i].out);
  ck_assert_int_eq(repairs == REPAIR_ENCODING_BAD, quoted[_i].bad);
}
END_TEST

/* ---- header values ---- */

static const struct {
  const char *in, *out;
  enum words_kind kind;
} words[] = {
  { " plain ", "plain", WORDS_TEXT },
  { "=?us-ascii?q?a_b?=", "a b", WORDS_TEXT },
  { "=?UTF-8*en?Q?=C3=A4?=", "\xc3\xa4", WORDS_TEXT },
  { "x=?utf-8?q?y?=z", "xyz", WORDS_TEXT },
  { "=?utf-8?q?a?=\r\n =?utf-8?q?b?= c", "ab c", WORDS_TEXT },
  { "=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c", WORDS_TEXT },
  { "=?utf-8?b?w6?= =?utf-8?b?Q=?=", "\xef\xbf\xbd", WORDS_TEXT }, /* six bits are no byte */
  { "=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "\xc3\xa4", WORDS_TEXT },
  { "=?utf-8?x?a?=", "=?utf-8?x?a?=", WORDS_TEXT },
  { "=?utf-8?q?a", "=?utf-8?q?a", WORDS_TEXT },
  { "=??q?a?=", "a", WORDS_TEXT },
  { "=?utf-8?q?with space?=", "with space", WORDS_TEXT },
  { "=?utf-8?q?a=0Ab=00c?=",
    "a\xef\xbf\xbd"
    "b\xef\xbf\xbd"
    "c",
    WORDS_TEXT },
  { "=?utf-8?q?a=2C_b?= <c@d>", "\"a, b\" <c@d>", WORDS_ADDRESS },
  { "=?utf-8?q?a?= <c@d>", "a <c@d>", WORDS_ADDRESS },
  { "\"=?utf-8?q?a=22_=3Cx=40y=3E?=\" <c@d>", "\"a\\\" <x@y>\" <c@d>", WORDS_ADDRESS },
  { "\"\\\"=?utf-8?q?=22?=\" <c@d>", "\"\\\"\\\"\" <c@d>", WORDS_ADDRESS },
  { "(=?utf-8?q?=29?=) c@d", "(\\)) c@d", WORDS_ADDRESS },
  { "=?utf-8?q?=5C?= <c@d>", "\"\\\\\" <c@d>", WORDS_ADDRESS },
  { "<=?utf-8?q?a?=@b>", "<=?utf-8?q?a?=@b>", WORDS_TOKEN },
};
START_TEST(encoded_words)
{
  uint32_t repairs = 0;
  ck_assert_str_eq(words_decode(parser.charsets, pool, bytes_str(words[_i].in), words[_i].kind, &repairs),
                   words[_i].out);
}
END_TEST

START_TEST(long_values_are_cut_with_a_note)
{
  char *long_value = pool_alloc(pool, PARTS_HEADER_VALUE_MAX + 100);
  memset(long_value, 'a', PARTS_HEADER_VALUE_MAX + 50);
  memcpy(long_value + PARTS_HEADER_VALUE_MAX - 1, "\xc3\xa4", 2);
  uint32_t repairs = 0;
  char *out = words_decode(parser.charsets, pool, bytes_str(long_value), WORDS_TEXT, &repairs);
  ck_assert_uint_eq(strlen(out), PARTS_HEADER_VALUE_MAX - 1);
  ck_assert(repairs & REPAIR_HEADER_BROKEN);
}
END_TEST

/* ---- charsets ---- */

START_TEST(every_charset_opens)
{
  char *names;
  ck_assert_msg(charsets_missing(parser.charsets, pool, &names) == 0, "missing: %s", names);
}
END_TEST

START_TEST(broken_input_of_every_charset_ends)
{
  struct buf b = buf_new(pool, 70000);
  for (unsigned i = 0; i < 65536; i++)
    buf_addc(&b, (char)(i * 2654435761u >> 24));
  for (unsigned n = 0; charsets_name(n); n++) {
    uint32_t repairs = 0;
    struct bytes out = charset_to_utf8(parser.charsets, pool, charsets_name(n), buf_bytes(&b), &repairs);
    ck_assert_msg(out.len > 1000, "%s", charsets_name(n));
  }
}
END_TEST

/* ---- HTML ---- */

static const struct {
  const char *in, *out;
} htmls[] = {
  { "a<br>b", "a\nb\n" },
  { "<p>a</p><p>b</p>", "a\n\nb\n" },
  { "  a \n  b  ", "a b\n" },
  { "<b>a</b> <i>b</i>c", "a bc\n" },
  { "<script>x</script>y<style>z</style>", "y\n" },
  { "<head><title>t</title></head><body>b", "b\n" },
  { "<a href='https://x.example/'>text</a>", "text <https://x.example/>\n" },
  { "<a href='https://x.example/'>https://x.example/</a>", "https://x.example/\n" },
  { "<a href='mailto:a@b.example'>a@b.example</a>", "a@b.example\n" },
  { "<a href='javascript:x'>text</a>", "text\n" },
  { "<a href='https://x.example/'></a>", "<https://x.example/>\n" },
  { "<ul><li>a<ul><li>b</ul></ul>c", "- a\n  - b\n\nc\n" },
  { "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b\n" },
  { "<blockquote>q<br>r</blockquote>s", "> q\n> r\n\ns\n" },
  { "<pre>a\n  b\n</pre>", "a\n  b\n" },
  { "&lt;&amp;&euro;&#8364;&nope;", "<&\xe2\x82\xac\xe2\x82\xac&nope;\n" },
  { "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc\n" },
  { "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>\xc3\xa4", "\xc3\xa4\n" },
  { "\xef\xbb\xbfx", "x\n" },
  { "<!-- c -->x<!-- unclosed", "x\n" },
  { "", "\n" },
};
START_TEST(html)
{
  ck_assert_str_eq(pool_str(pool, html_to_text(pool, bytes_str(htmls[_i].in))), htmls[_i].out);
}
END_TEST

static struct bytes repeat(const char *piece, size_t total)
{
  struct buf b = buf_new(pool, total + 64);
  while (b.len < total)
    buf_adds(&b, piece);
  return buf_bytes(&b);
}

static const char *const html_bombs[] = {
  "<div>",   "<b><p>",   "<ul><li>",  "<a href=x>",    "<blockquote>",    "</p>",
  "<!--",    "<",        "&",         "&amp;",         "<table><tr><td>", "<p",
  "<a b=\"", "<script>", "<![CDATA[", "<!DOCTYPE x [", "<ol><li>a</ol>",  "<font><p></font>",
};
START_TEST(html_bombs_are_bounded)
{
  clock_t from = clock();
  struct bytes out = html_to_text(pool, repeat(html_bombs[_i], 3 << 20));
  double s = (double)(clock() - from) / CLOCKS_PER_SEC;
  ck_assert_msg(s < 4 * SLOWER, "%s: %.2f s", html_bombs[_i], s);
  ck_assert_uint_lt(out.len, 16u << 20);
}
END_TEST

START_TEST(html_says_what_it_cuts)
{
  struct bytes deep = html_to_text(pool, repeat("<div>x", 100000));
  ck_assert_uint_ne(bytes_find(deep, BYTES("[HTML nested too deep"), 0), SIZE_MAX);
  struct bytes large = html_to_text(pool, repeat("<p>words", HTML_INPUT_MAX + 1));
  ck_assert_uint_ne(bytes_find(large, BYTES("[HTML too large"), 0), SIZE_MAX);
}
END_TEST

/* ---- what killed libetpan 1.9.4 (libetpan itself sees none of it) ---- */

START_TEST(libetpan_crashers_are_refused)
{
  ck_assert_int_eq(
      parse_mime(&parser, pool, BYTES("Content-Type: multipart/mixed; boundary=\"\\\"\"\r\n\r\nx"), &table, &err),
      ST_REJECT);
  ck_assert_int_eq(parse_mime(&parser, pool, repeat("Content-Type: message/rfc822\r\n\r\n", 1600000), &table, &err),
                   ST_REJECT);
}
END_TEST

static const size_t deep_sizes[] = { 300000, 600000, 1200000 };
START_TEST(deep_and_large_costs_little)
{
  struct buf b = buf_new(pool, deep_sizes[_i] + 65536);
  for (unsigned i = 0; i < 99; i++)
    buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
  buf_adds(&b, "\r\n");
  while (b.len < deep_sizes[_i])
    buf_adds(&b, "--almost a boundary\r\n");
  clock_t from = clock();
  parse(buf_bytes(&b));
  double s = (double)(clock() - from) / CLOCKS_PER_SEC;
  ck_assert_uint_eq(table.count, 100);
  ck_assert_msg(s < 3 * SLOWER, "%.2f s for %zu bytes", s, b.len);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("parse mime");
  TCase *t = tcase_create("mime");
  tcase_set_timeout(t, 100);
  tcase_add_unchecked_fixture(t, open_charsets, close_charsets);
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, golden_tables);
  tcase_add_test(t, attachments_are_exact);
  tcase_add_test(t, text_is_utf8_with_lf);
  tcase_add_loop_test(t, base64, 0, ARRAY_LEN(base64s));
  tcase_add_loop_test(t, quoted_printable, 0, ARRAY_LEN(quoted));
  tcase_add_loop_test(t, encoded_words, 0, ARRAY_LEN(words));
  tcase_add_test(t, long_values_are_cut_with_a_note);
  tcase_add_test(t, every_charset_opens);
  tcase_add_test(t, broken_input_of_every_charset_ends);
  tcase_add_loop_test(t, html, 0, ARRAY_LEN(htmls));
  tcase_add_loop_test(t, html_bombs_are_bounded, 0, ARRAY_LEN(html_bombs));
  tcase_add_test(t, html_says_what_it_cuts);
  tcase_add_test(t, libetpan_crashers_are_refused);
  tcase_add_loop_test(t, deep_and_large_costs_little, 0, ARRAY_LEN(deep_sizes));
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
