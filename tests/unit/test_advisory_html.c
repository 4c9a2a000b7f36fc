/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of an advisory, and what becomes of Markdown in it and in plain text. What is hostile: test_advisory_hostile.c. */
#include <config.h>

#include <embargod/secret.h>

#include <check.h>
#include <stdlib.h>

#include "test_advisory_case.h"
#include "test_html_scan.h"

static struct pool *pool;

static void setup(void)
{
  pool = pool_new("test");
}

static void teardown(void)
{
  pool_free(&pool);
}

/* ---- Markdown ---- */
static const struct {
  const char *markdown, *html, *text;
} markdown_rows[] = {
  { "", "", "" },
  { " \n\n", "", "" },
  { "a\nb", "<p>a\nb</p>\n", "a b\n" },
  { "a  \nb\n\nc", "<p>a<br>\nb</p>\n<p>c</p>\n", "a\nb\n\nc\n" },
  { "*a* **b** `c<d`", "<p><em>a</em> <strong>b</strong> <code>c&lt;d</code></p>\n", "a b `c<d`\n" },
  { "# a\n## b", "<h3>a</h3>\n<h4>b</h4>\n", "a\n=\n\nb\n-\n" },
  { "###### a\n# b\n###### c", "<h3>a</h3>\n<h3>b</h3>\n<h4>c</h4>\n", "a\n-\n\nb\n=\n\nc\n-\n" }, /* no level is left out */
  { "#\n# \n", "", "" },
  { "- a\n- b\n  - c", "<ul>\n<li>a\n</li>\n<li>b\n<ul>\n<li>c\n</li>\n</ul>\n</li>\n</ul>\n", "- a\n- b\n\n  - c\n" },
  { "3. a\n4. b", "<ol start=\"3\">\n<li>a\n</li>\n<li>b\n</li>\n</ol>\n", "3. a\n4. b\n" },
  { "- a\n\n- b", "<ul>\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ul>\n", "- a\n\n- b\n" },
  { "> a\n> b", "<blockquote>\n<p>a\nb</p>\n</blockquote>\n", "> a b\n" },
  { "a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n", "a\n\n* * *\n\nb\n" },
  { "```\na  b\n c\n```", "<pre><code>a  b\n c\n</code></pre>\n", "    a  b\n     c\n" },
  { "[a](https://x.example/p)", "<p><a href=\"https://x.example/p\" rel=\"noreferrer\">a</a></p>\n", "a (https://x.example/p)\n" },
  { "<https://x.example/p>", "<p><a class=\"bare\" href=\"https://x.example/p\" rel=\"noreferrer\">https://x.example/p</a></p>\n", "https://x.example/p\n" },
  { "<a@x.example>", "<p><a href=\"mailto:a@x.example\" rel=\"noreferrer\">a@x.example</a></p>\n", "a@x.example\n" },
  { "[a](mailto:a@x.example?bcc=b@y.example)", "<p><a href=\"mailto:a@x.example\" rel=\"noreferrer\">a</a></p>\n", "a (mailto:a@x.example)\n" },
  { "[](https://x.example/)", "<p><a class=\"bare\" href=\"https://x.example/\" rel=\"noreferrer\">https://x.example/</a></p>\n", "https://x.example/\n" },
  { "![a](https://x.example/i.png)", "<p><a href=\"https://x.example/i.png\" rel=\"noreferrer\">a</a></p>\n", "a (https://x.example/i.png)\n" },
  { "[![a](https://x.example/i.png)](https://y.example/)", "<p><a href=\"https://y.example/\" rel=\"noreferrer\">a</a></p>\n", "a (https://y.example/)\n" },
  { "[a](ftp://x.example/) [b](/c) [d](data:text/html,x)", "<p>a b d</p>\n", "a b d\n" },
  { "<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>\n", "<b>a</b>\n" },
  { "<div>\n*a*\n</div>", "<pre>&lt;div&gt;\n*a*\n&lt;/div&gt;\n</pre>\n", "    <div>\n    *a*\n    </div>\n" },
  { "a &amp; b &copy; &#x202e;", "<p>a &amp; b \xc2\xa9 \xef\xbf\xbd</p>\n", "a & b \xc2\xa9 \xef\xbf\xbd\n" },
  { "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
    "<p>one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen</p>\n",
    "one two three four five six seven eight nine ten eleven twelve thirteen\nfourteen fifteen\n" },
};

START_TEST(markdown)
{
  ck_assert_str_eq(advisory_markdown_html(pool, markdown_rows[_i].markdown, 3), markdown_rows[_i].html);
  ck_assert_str_eq(advisory_markdown_text(pool, markdown_rows[_i].markdown), markdown_rows[_i].text);
}
END_TEST

/* 64 KB of each come out whole, well-formed, and soon enough for a loop that others wait for. */
static const char *const bombs[] = { "[", "![", "![[]()", "*a ", "> ", "<", "`", "- ", "**", "[a](", "&", "_a*", "[a]: b\n", "1. ", "\\", "<!--", "*a_ ",
                                     "a**b", "  * a\n", "<?", "<![CDATA[", "&#x202e;", "# a\n", "[x](y) " };

START_TEST(bomb)
{
  size_t unit = strlen(bombs[_i]), len = 64 * 1024 / unit * unit;
  char *s = pool_alloc(pool, len + 1);
  struct scan scan;
  for (size_t k = 0; k < len; k++)
    s[k] = bombs[_i][k % unit];
  const char *page = pool_printf(pool, "<!doctype html>\n<html lang=\"en\"><body>%s</body></html>", advisory_markdown_html(pool, s, 3));
  ck_assert_msg(html_scan(&scan, pool, bytes_str(page)), "%s: %s", bombs[_i], scan.why);
  ck_assert_uint_lt(strlen(page), 20 * len);
  ck_assert_uint_lt(strlen(advisory_markdown_text(pool, s)), 20 * len);
}
END_TEST

/* What is beyond the limit is not left out in silence: the documents cannot be made. */
START_TEST(too_long)
{
  struct vuln_case *vc = full_case(pool);
  char *s = pool_alloc(pool, 64 * 1024 + 2);
  size_t n;
  memset(s, 'a', 64 * 1024);
  for (int more = 0; more < 2; more++) {
    if (more)
      s[64 * 1024] = 'b';
    set_field(pool, vc, "advisory", s, "");
    const struct advisory_gap *g = advisory_gaps(pool, advisory_for(pool, vc), ADVISORY_HTML, &n);
    ck_assert_uint_eq(n, (size_t)more);
    ck_assert(!more || (g[0].required && strstr(g[0].what, "too long")));
  }
}
END_TEST

/* ---- the page ---- */
static const struct advisory_page links = { "../index.html", "../feed.atom", "EMB-2026-0001.txt", "../csaf.json" };

static const char *page_of(const struct advisory *a, const struct advisory_page *page)
{
  struct scan s;
  struct bytes b = advisory_html(pool, a, page);
  ck_assert_msg(html_scan(&s, pool, b), "%s", s.why);
  return pool_str(pool, b);
}

static const char *const parts[] = {
  "<html lang=\"en\">",
  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
  "<title>EMB-2026-0001: Pump takes any firmware</title>",
  "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Security advisories\" href=\"../feed.atom\">",
  "<a class=\"skip\" href=\"#main\">",
  "<nav aria-label=\"Site\"><a href=\"../index.html\">All advisories</a></nav>",
  "<p class=\"tlp tlp-clear\">TLP:CLEAR</p>",
  "<h1 dir=\"auto\">Pump takes any firmware</h1>",
  "<span class=\"severity critical\">Critical 9.8</span> <span class=\"sub\">CVSS 3.1</span>",
  "<span class=\"severity critical\">Critical 9.3</span> <span class=\"sub\">CVSS 4.0</span>",
  "<dt>Exploitation</dt>\n<dd>An exploit is publicly known.</dd>",
  "<a href=\"https://www.cve.org/CVERecord?id=CVE-2026-12345\" rel=\"noreferrer\">CVE-2026-12345</a>",
  "<a href=\"https://cwe.mitre.org/data/definitions/345.html\" rel=\"noreferrer\">CWE-345</a>: Insufficient Verification of Data Authenticity",
  "<dt>Published</dt>\n<dd><time datetime=\"2026-09-29T14:13:20Z\">29 September 2026</time></dd>",
  "<dt>Updated</dt>\n<dd><time datetime=\"2026-09-30T14:13:20Z\">30 September 2026</time> (version 2)</dd>",
  "<p dir=\"auto\">The pump takes firmware without a signature.</p>\n<p dir=\"auto\">Anyone on its network can replace it.</p>",
  "<th scope=\"rowgroup\" colspan=\"2\"><bdi>Pump 9</bdi> <span class=\"by\">by <bdi>Example Pumps</bdi></span></th>",
  "<li>1.0</li><li>from 1.2 on, up to and including 2.3</li>",
  "<li><a href=\"https://pumps.example/fw/2.4\" rel=\"noreferrer\">Version 2.4</a></li>",
  "<li>before 4.1</li>",
  "<li>Version 4.1</li>",
  "<h2 id=\"impact\">Impact</h2>\n<p dir=\"auto\">Therapy can be changed or stopped.</p>",
  "<h2 id=\"mitigation\">Mitigation</h2>\n<p dir=\"auto\">Keep the pump in a network of its own.</p>",
  "<h2 id=\"workaround\">Workaround</h2>\n<p dir=\"auto\">Switch its radio off.</p>",
  "<code>CVSS:3.1/<wbr>AV:N/<wbr>AC:L/<wbr>PR:N/<wbr>UI:N/<wbr>S:U/<wbr>C:H/<wbr>I:H/<wbr>A:H</code>",
  "Attack vector: network; attack complexity: low; privileges required: none; user interaction: none; scope: unchanged; confidentiality: high; "
  "integrity: high; availability: high.",
  "attack requirements: none; privileges required: none; user interaction: none; confidentiality of the vulnerable system: high;",
  "<li><bdi>The finder&#39;s page</bdi><br>\n<a class=\"bare\" href=\"https://lab.example/pump\" rel=\"noreferrer\">https://lab.example/pump</a></li>",
  "<dt><time datetime=\"2026-09-21T14:13:20Z\">21 September 2026</time></dt>\n<dd><bdi>Report received</bdi></dd>",
  "<li><bdi>Robin Reporter</bdi></li>\n<li><bdi>An anonymous reporter</bdi></li>",
  "<tr><th scope=\"row\">2</th><td><time datetime=\"2026-09-30T14:13:20Z\">30 September 2026</time></td><td><bdi>A fix for Viewer</bdi></td></tr>\n"
  "<tr><th scope=\"row\">1</th>",
  "<a href=\"mailto:security@pumps.example\">security@pumps.example</a>",
  "<a href=\"EMB-2026-0001.txt\">plain text</a>, <a href=\"../csaf.json\">CSAF, for machines</a>",
};

START_TEST(page)
{
  const char *t = page_of(released(pool, full_case(pool)), &links);
  ck_assert_msg(strstr(t, parts[_i]) != NULL, "not there: %s\nin\n%s", parts[_i], t);
  ck_assert(!strstr(t, "Draft") && !strstr(t, "withdrawn"));
}
END_TEST

static const char *const later[] = { "<h2 id=\"summary\">", "<h2 id=\"products\">", "<h2 id=\"impact\">", "<h2 id=\"mitigation\">", "<h2 id=\"workaround\">",
                                     "<h2 id=\"details\">", "<h2 id=\"severity\">", "<h2 id=\"references\">", "<h2 id=\"timeline\">", "<h2 id=\"thanks\">",
                                     "<h2 id=\"history\">", "<h2 id=\"publisher\">" };

START_TEST(order)
{
  struct advisory *a = released(pool, full_case(pool));
  a->text = "# Found\n\nText.";
  const char *t = page_of(a, &links), *last = t;
  for (size_t i = 0; i < ARRAY_LEN(later); i++) {
    const char *here = strstr(t, later[i]);
    ck_assert_msg(here && here > last, "%s", later[i]);
    last = here;
  }
  ck_assert(strstr(t, "<h3>Found</h3>\n<p>Text.</p>\n") != NULL);
  ck_assert(strstr(pool_str(pool, advisory_text(pool, a)), "\nDetails\n\n  Found\n  =====\n\n  Text.\n") != NULL);
}
END_TEST

/* What a case does not have yet has no heading; what stands alone has no links to neighbours. */
START_TEST(bare)
{
  const char *t = page_of(advisory_for(pool, bare_case(pool)), NULL);
  ck_assert(strstr(t, "<strong>Draft.</strong> This advisory is not published.") != NULL);
  ck_assert(strstr(t, "<dd>Not published</dd>") != NULL);
  ck_assert(strstr(t, "TLP:AMBER</p>") != NULL);
  for (size_t i = 0; i < 10; i++)
    if (strcmp(later[i], "<h2 id=\"timeline\">") != 0)
      ck_assert_msg(!strstr(t, later[i]), "%s", later[i]);
  ck_assert(!strstr(t, "<nav") && !strstr(t, "rel=\"alternate\"") && !strstr(t, "other forms"));
}
END_TEST

/* What is not affected stands under its product, and not among what is affected or fixed. */
START_TEST(not_affected)
{
  struct vuln_case *vc = full_case(pool);
  set_field(pool, vc, "vex", "\"Pump 9\" 3.0", "not-affected component_not_present It has no radio.");
  set_field(pool, vc, "product", "Cable", "");
  set_field(pool, vc, "vex", "Cable 1.0", "not-affected component_not_present");
  const char *t = page_of(released(pool, vc), &links), *row = "</tr>\n<tr><td colspan=\"2\"><ul class=\"plain said\"><li><bdi>not affected: 3.0 (";
  ck_assert_msg(strstr(t, row) != NULL, "%s", strstr(t, "<tbody>"));
  const char *cable = strstr(t, "<bdi>Cable</bdi>");
  ck_assert(cable && strstr(cable, "<li><bdi>not affected: 1.0 (") && !strstr(cable, "No fix") && !strstr(cable, "Not known yet"));
}
END_TEST

START_TEST(withdrawn)
{
  struct advisory *a = released(pool, full_case(pool));
  a->withdrawn = "It was a test build.";
  const char *t = page_of(a, &links);
  ck_assert(strstr(t, "<strong>This advisory is withdrawn.</strong> <bdi>It was a test build.</bdi>") != NULL);
  ck_assert(strstr(t, "<title>Withdrawn: EMB-2026-0001: Pump takes any firmware</title>") != NULL);
  ck_assert(strstr(pool_str(pool, advisory_text(pool, a)), "\nTHIS ADVISORY IS WITHDRAWN\n\n  It was a test build.\n") != NULL);
  ck_assert(strstr(pool_str(pool, advisory_csaf(pool, a)), "\"This advisory is withdrawn. It was a test build.\"") != NULL);
}
END_TEST

static const struct {
  const char *text, *html;
} prose_rows[] = {
  { "A line of a mail that is as full as such lines are, and then\nthe next one.", "full as such lines are, and then\nthe next one.</p>" },
  { "Do this:\n- one\n- two", "Do this:<br>\n- one<br>\n- two</p>" },
  { "A long line before a list, long enough to be a full one:\n1. one\n2) two", "a full one:<br>\n1. one<br>\n2) two</p>" },
  { "See (https://x.example/a,b), and https://x.example.", "See (<a class=\"bare\" href=\"https://x.example/a,b\" rel=\"noreferrer\">https://x.example/a,b</a>), and "
                                                           "<a class=\"bare\" href=\"https://x.example\" rel=\"noreferrer\">https://x.example</a>.</p>" },
  { "https:// javascript:x", ">https:// javascript:x</p>" },
};

START_TEST(prose)
{
  struct vuln_case *vc = full_case(pool);
  set_field(pool, vc, "mitigation", prose_rows[_i].text, "");
  const char *t = page_of(released(pool, vc), &links);
  ck_assert_msg(strstr(t, prose_rows[_i].html) != NULL, "not there: %s\nin\n%s", prose_rows[_i].html, strstr(t, "id=\"mitigation\""));
}
END_TEST

static const char *const labels[][2] = { { "RED", "tlp-red" }, { "AMBER+STRICT", "tlp-amber" }, { "AMBER", "tlp-amber" }, { "GREEN", "tlp-green" }, { "CLEAR", "tlp-clear" } };

START_TEST(tlp)
{
  struct vuln_case *vc = full_case(pool);
  set_field(pool, vc, "tlp", labels[_i][0], "");
  const char *t = page_of(released(pool, vc), &links), *label = pool_printf(pool, "<p class=\"tlp %s\">TLP:%s</p>", labels[_i][1], labels[_i][0]);
  const char *first = strstr(t, label);
  ck_assert_msg(first && first < strstr(t, "<main") && strstr(first + 1, label) > strstr(t, "</main>"), "%s at head and foot", label);
}
END_TEST

/* The policy lets the sheet in by its digest: who changes the sheet changes ADVISORY_STYLE_DIGEST. */
START_TEST(sheet_is_let_in)
{
  unsigned char digest[32];
  sha256_digest(digest, bytes_str(advisory_html_style()));
  const char *want = pool_printf(pool, "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">",
                                 base64_encode(pool, (struct bytes){ (const char *)digest, sizeof digest }, 0));
  ck_assert_msg(strstr(page_of(advisory_for(pool, full_case(pool)), NULL), want) != NULL, "the policy must be: %s", want);
  ck_assert(!strstr(advisory_html_style(), "url(") && !strstr(advisory_html_style(), "@import"));
}
END_TEST

static const char *const contacts[][2] = { { "a@x.example", "mailto:a@x.example" }, { "mailto:a@x.example?cc=b", "mailto:a@x.example" }, { "a@b@c", NULL },
                                           { "@x.example", NULL }, { "a@", NULL }, { "https://x.example/@a", NULL }, { "a b@x.example", NULL },
                                           { "a@x.example\r\nbcc:b", NULL }, { "", NULL } };

START_TEST(mail_links)
{
  const char *got = advisory_mail_link(pool, contacts[_i][0]);
  ck_assert_str_eq(got ? got : "none", contacts[_i][1] ? contacts[_i][1] : "none");
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("advisory_html");
  TCase *t = tcase_create("pages");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, markdown, 0, ARRAY_LEN(markdown_rows));
  tcase_add_loop_test(t, bomb, 0, ARRAY_LEN(bombs));
  tcase_add_test(t, too_long);
  tcase_add_loop_test(t, page, 0, ARRAY_LEN(parts));
  tcase_add_test(t, order);
  tcase_add_test(t, bare);
  tcase_add_test(t, not_affected);
  tcase_add_test(t, withdrawn);
  tcase_add_loop_test(t, prose, 0, ARRAY_LEN(prose_rows));
  tcase_add_loop_test(t, tlp, 0, ARRAY_LEN(labels));
  tcase_add_test(t, sheet_is_let_in);
  tcase_add_loop_test(t, mail_links, 0, ARRAY_LEN(contacts));
  suite_add_tcase(s, t);
  return s;
}

int main(void)
{
  SRunner *r = srunner_create(suite());
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
