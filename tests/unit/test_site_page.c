/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of advisories and the feed: what stands where, in which order, and what does not. */
#include <config.h>

#include <embargod/site.h>
#include <embargod/text.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400
#define T0 INT64_C(1790000000) /* 2026-09-21T14:13:20Z */

static struct pool *pool;

static void setup(void)
{
  pool = pool_new("test");
}

static void teardown(void)
{
  pool_free(&pool);
}

static const struct site_house house = { .url = "https://security.pumps.example",
                                         .organisation = "Example Pumps",
                                         .contact = "security@pumps.example",
                                         .space = "https://pumps.example",
                                         .policy_url = "https://pumps.example/policy",
                                         .language = "en",
                                         .fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567",
                                         .key = "" };

/* count entries, the newest first, ten days apart. */
static struct site site_of(size_t count)
{
  struct site_entry *e = pool_array(pool, count + 1, sizeof *e);
  for (size_t i = 0; i < count; i++)
    e[i] = (struct site_entry){ .id = pool_printf(pool, "EMB-2026-%04zu", count - i),
                                .title = pool_printf(pool, "Title %zu", count - i),
                                .summary = "One paragraph.",
                                .cve = "",
                                .severity = "critical",
                                .score = 98,
                                .tlp = "CLEAR",
                                .version = "1",
                                .first_at = T0 - (int64_t)i * 10 * DAY,
                                .changed_at = T0 - (int64_t)i * 10 * DAY };
  return (struct site){ .house = &house, .entry = e, .entry_count = count, .now = T0 + DAY };
}

static size_t times(const char *text, const char *word)
{
  size_t n = 0;
  for (const char *s = text; (s = strstr(s, word)); s += strlen(word))
    n++;
  return n;
}

static void holds(const char *text, const char *what)
{
  ck_assert_msg(strstr(text, what) != NULL, "not there: %s\nin\n%s", what, text);
}

START_TEST(front_page)
{
  struct site s = site_of(60); /* 27 of 2026, 33 of 2025 */
  const char *t = pool_str(pool, site_index_html(pool, &s, 0));
  ck_assert_uint_eq(times(t, "<li class=\"entry\">"), 50);
  ck_assert(strstr(t, "Title 60<") < strstr(t, "Title 59<"));
  holds(t, "<a href=\"advisories/EMB-2026-0060.html\">Title 60</a>");
  holds(t, "<a href=\"2026.html\">2026 <span class=\"sub\">(27)</span></a>");
  holds(t, "<a href=\"2025.html\">2025 <span class=\"sub\">(33)</span></a>");
  holds(t, "<a href=\"index.html\" aria-current=\"page\">Newest</a>");
  holds(t, "These are the newest 50 of 60");
  ck_assert_uint_eq(times(t, "One paragraph."), 50);
  holds(t, "<span class=\"severity critical\">Critical 9.8</span>");
  holds(t, "<time datetime=\"2026-09-21T14:13:20Z\">21 September 2026</time>");
  ck_assert(!strstr(t, "<script"));
}
END_TEST

START_TEST(page_of_a_year)
{
  struct site s = site_of(60);
  const char *t = pool_str(pool, site_index_html(pool, &s, 2025));
  ck_assert_uint_eq(times(t, "<li class=\"entry\">"), 33);
  holds(t, "<h1>Security advisories of 2025</h1>");
  holds(t, "<span class=\"severity critical\">Critical 9.8</span>");
  ck_assert_ptr_null(strstr(t, "One paragraph.")); /* what each is, and no more: it has all of them */
  holds(t, "<a href=\"2025.html\" aria-current=\"page\">");
  holds(t, "<a href=\"index.html\">Newest</a>");
  holds(t, "href=\"feed.atom\"");
  ck_assert_str_eq(site_year_path(pool, 2025), "2025.html");
  ck_assert_str_eq(site_page_path(pool, "EMB-2026-0001", ".txt.asc"), "advisories/EMB-2026-0001.txt.asc");
}
END_TEST

/* What is not CLEAR is on no page; what is withdrawn says so. */
START_TEST(not_for_all)
{
  struct site s = site_of(3);
  struct site_entry *e = (struct site_entry *)s.entry;
  e[0].tlp = "AMBER";
  e[1].withdrawn = true;
  const char *pages[] = { pool_str(pool, site_index_html(pool, &s, 0)), pool_str(pool, site_index_html(pool, &s, 2026)),
                          pool_str(pool, site_atom(pool, &s)) };
  for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
    ck_assert(!strstr(pages[i], "EMB-2026-0003"));
    ck_assert(!strstr(pages[i], "Title 3"));
    ck_assert_uint_eq(times(pages[i], "Withdrawn"), 1);
    holds(pages[i], "Title 1");
  }
}
END_TEST

START_TEST(empty_site)
{
  struct site s = site_of(0);
  holds(pool_str(pool, site_index_html(pool, &s, 0)), "No advisory has been published yet.");
  const char *t = pool_str(pool, site_atom(pool, &s));
  holds(t, "<updated>2026");
  ck_assert(!strstr(t, "<entry>"));
}
END_TEST

/* RFC 4287: an id never changes, updated does; what was changed last stands first. */
START_TEST(feed)
{
  struct site s = site_of(60);
  struct site_entry *e = (struct site_entry *)s.entry;
  e[59].changed_at = T0 + DAY / 2;
  const char *t = pool_str(pool, site_atom(pool, &s));
  ck_assert_uint_eq(times(t, "<entry>"), 50);
  holds(t, "<id>https://security.pumps.example/feed.atom</id>");
  holds(t, "<updated>2026-09-22T02:13:20Z</updated>\n<author><name>Example Pumps</name></author>");
  holds(t, "<id>tag:security.pumps.example,2025-02-08:EMB-2026-0001</id>");
  ck_assert(strstr(t, "EMB-2026-0001<") < strstr(t, "EMB-2026-0060<"));
  holds(t, "<link rel=\"alternate\" type=\"text/html\" href=\"https://security.pumps.example/advisories/EMB-2026-0001.html\"/>");
  holds(t, "<published>2025-02-08T14:13:20Z</published>\n<updated>2026-09-22T02:13:20Z</updated>");
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("site_page");
  TCase *t = tcase_create("pages");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_test(t, front_page);
  tcase_add_test(t, page_of_a_year);
  tcase_add_test(t, not_for_all);
  tcase_add_test(t, empty_site);
  tcase_add_test(t, feed);
  suite_add_tcase(suite, t);
  SRunner *r = srunner_create(suite);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
