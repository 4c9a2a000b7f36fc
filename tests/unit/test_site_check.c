/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What site_check() finds: one thing is broken in a good tree, and it says so, and nothing else. */
#include <config.h>

#include <sys/stat.h>

#include "test_site_world.h"

static struct world w;
static struct site_finding *finding;
static size_t findings;

#define DOC ".well-known/csaf/white/2026/emb-2026-0001.json"

static bool good(void *self, struct bytes text, struct bytes signature, struct fault *why)
{
  struct pool *pool = self;
  struct bytes want = text;
  if (!signature.p) { /* clear-signed: what stands between the two heads */
    size_t head = bytes_find(text, BYTES("\n\n"), 0), end = bytes_find(text, BYTES("-----BEGIN PGP SIGNATURE-----"), 0);
    want = bytes_sub(text, head + 2, end - head - 2);
    signature = bytes_sub(text, end, SIZE_MAX);
  }
  if (bytes_find(signature, bytes_str(pool_printf(pool, "\n\n%s\n", hash_of(pool, want))), 0) != SIZE_MAX)
    return true;
  (void)fault(why, ST_REJECT, "it is of something else");
  return false;
}

static void check_it(int64_t now)
{
  struct site_verify verify = { good, w.pool };
  struct fault err = { 0 };
  enum status st = site_check(w.dir, w.pool, now, &verify, &finding, &findings, &err);
  ck_assert_msg(!st, "%s", err.text);
}

static void setup(void)
{
  w = world_new();
  for (int i = 0; i < 3; i++)
    world_add(&w, OPENED + i * DAY, "CLEAR");
  BUILT(&w);
}

static void teardown(void)
{
  pool_free(&w.pool);
}

static const char *all_findings(void)
{
  struct buf b = buf_new(w.pool, 200);
  for (size_t i = 0; i < findings; i++)
    buf_printf(&b, "%s %s: %s\n", finding[i].fatal ? "F" : "W", finding[i].path, finding[i].what);
  return buf_str(&b);
}

START_TEST(a_good_tree)
{
  check_it(NOW);
  ck_assert_str_eq(all_findings(), "");
  world_revise(&w, 1, 2, OPENED + 20 * DAY);
  BUILT(&w);
  check_it(NOW);
  ck_assert_str_eq(all_findings(), "");
  struct fault err = { 0 };
  ck_assert_int_eq(site_check("/nowhere", w.pool, NOW, NULL, &finding, &findings, &err), ST_REJECT);
}
END_TEST

/* The file is replaced by a changed copy: it may be linked to from elsewhere. "" for what: it is removed; for with: cut
 * at `what`. */
static void change(const char *path, const char *what, const char *with)
{
  const char *full = pool_printf(w.pool, "%s/current/%s", w.dir, path);
  if (!*what) {
    ck_assert_int_eq(unlink(full), 0);
    return;
  }
  struct bytes b = site_read(&w, "current", path);
  size_t place = bytes_find(b, bytes_str(what), 0);
  ck_assert_msg(place != SIZE_MAX, "%s has no %s", path, what);
  struct buf out = buf_new(w.pool, b.len + 100);
  buf_add(&out, bytes_sub(b, 0, place));
  buf_adds(&out, with);
  buf_add(&out, bytes_sub(b, place + strlen(what), SIZE_MAX));
  struct fault err = { 0 };
  ck_assert(!file_replace(full, buf_bytes(&out), 0644, &err));
}

static const struct {
  const char *path, *what, *with, *found; /* found: in a line of the findings */
} rows[] = {
  { DOC ".sha256", "", "", "F " DOC ".sha256: it is missing" },
  { DOC ".sha512", "", "", "F " DOC ".sha512: it is missing" },
  { DOC ".asc", "", "", "F " DOC ".asc: it is missing" },
  { DOC ".sha256", "  emb", " emb", "F " DOC ".sha256: it is not the hash of emb-2026-0001.json" },
  { DOC ".sha512", "0", "1", "F " DOC ".sha512: it is not the hash of emb-2026-0001.json" },
  { DOC ".asc", "\n\n", "\n\n0", "F " DOC ".asc: the signature is not good: it is of something else" },
  { DOC ".asc", "SIGNATURE-----\n", "MESSAGE-----\n", "F " DOC ".asc: no armored signature" },
  { DOC, "", "", "F " DOC ".asc: " DOC " is missing" },
  { DOC, "Pump takes", "Pump Takes", "F " DOC ".sha256: it is not the hash" },
  { DOC, "{", "", "F " DOC ": no valid CSAF document" },
  { DOC, "\"number\": \"1\"", "\"number\": \"2\"", "F " DOC ": no valid CSAF document: " },
  { DOC, "\"WHITE\"", "\"GREEN\"", "F " DOC ": it is TLP:GREEN and not for everybody" },
  { DOC, "\"final\"", "\"draft\"", "F " DOC ": it is no final document" },
  { DOC, "\"id\": \"EMB-2026-0001\",\n      \"init", "\"id\": \"EMB-2026-0009\",\n      \"init",
    "F " DOC ": the name of the file is not that of the id EMB-2026-0009" },
  { DOC, "\"initial_release_date\": \"2026", "\"initial_release_date\": \"2025",
    "F " DOC ": it is not in the folder of its year, 2025" },
  { DOC, "\"current_release_date\": \"2026", "\"current_release_date\": \"2036",
    "F " DOC ": current_release_date lies in the future" },
  { DOC, "\"name\": \"Example Pumps\"", "\"name\": \"Example Pump\"", "W " DOC ": its publisher is not that of" },
  { ".well-known/csaf/white/index.txt", "2026/emb-2026-0001.json\n", "", "F " DOC ": it is not in index.txt" },
  { ".well-known/csaf/white/index.txt", "0002", "0001", "F .well-known/csaf/white/index.txt: " DOC " is listed twice" },
  { ".well-known/csaf/white/index.txt", "0001", "0007",
    "F .well-known/csaf/white/index.txt: .well-known/csaf/white/2026/emb-2026-0007.json is not in the tree" },
  { ".well-known/csaf/white/index.txt", "", "", "F .well-known/csaf/white/index.txt: it is missing" },
  { ".well-known/csaf/white/changes.csv", "\"2026/emb-2026-0001.json\",\"2026-09-21T14:13:20Z\"\n", "",
    "F " DOC ": it is not in changes.csv" },
  { ".well-known/csaf/white/changes.csv", "0001.json\",\"2026-09-21", "0001.json\",\"2026-09-20",
    "F " DOC ": changes.csv says 2026-09-20T" },
  { ".well-known/csaf/white/changes.csv", "0003.json\",\"2026-09-23", "0003.json\",\"2026-09-20",
    "F .well-known/csaf/white/changes.csv: line 2 is not sorted" },
  { ".well-known/csaf/white/changes.csv", "\"2026/emb-2026-0003.json\"", "2026/emb-2026-0003.json",
    "F .well-known/csaf/white/changes.csv: line 1 is not" },
  { ".well-known/csaf/feed-tlp-white.json", "\"id\": \"EMB-2026-0001\"", "\"id\": \"EMB-2026-0011\"",
    "F " DOC ": the feed says id EMB-2026-0011" },
  { ".well-known/csaf/feed-tlp-white.json", "emb-2026-0001.json.sha256", "emb-2026-0001.json.sha25",
    "F .well-known/csaf/feed-tlp-white.json: EMB-2026-0001: https://" },
  { ".well-known/csaf/feed-tlp-white.json", "emb-2026-0001.json.asc", "emb-2026-0002.json.asc",
    "F " DOC ": the feed does not link " DOC ".asc as signature" },
  { ".well-known/csaf/feed-tlp-white.json", "https://pumps.example/.well-known/csaf/white/2026/emb-2026-0003.json\"",
    "https://other.example/x\"", "https://other.example/x is of another site" },
  { ".well-known/csaf/feed-tlp-white.json", "", "", "F .well-known/csaf/feed-tlp-white.json: it is missing" },
  { ".well-known/csaf/provider-metadata.json", "csaf_trusted_provider", "csaf_provider",
    "F .well-known/csaf/provider-metadata.json: the role is" },
  { ".well-known/csaf/provider-metadata.json", "https://pumps.example/.well-known/csaf/provider",
    "http://pumps.example/.well-known/csaf/provider", "canonical_url is not https" },
  { ".well-known/csaf/provider-metadata.json", "/white/\"", "/green/\"", "the folder of what is WHITE is not given" },
  { ".well-known/csaf/provider-metadata.json", "\"WHITE\"", "\"GREEN\"", "the feed of what is WHITE is not given" },
  { ".well-known/csaf/provider-metadata.json", "01234567.asc", "0123456.asc", "a key: https://" },
  { ".well-known/csaf/provider-metadata.json", "", "", "F .well-known/csaf/provider-metadata.json: it is missing" },
  { ".well-known/csaf/service.json", "feed-tlp", "feed-tlb", "F .well-known/csaf/service.json: a feed: https://" },
  { ".well-known/csaf/openpgp/0123456789ABCDEF0123456789ABCDEF01234567.asc", "", "",
    "01234567.asc is not in the tree" },
  { ".well-known/csaf/openpgp/0123456789ABCDEF0123456789ABCDEF01234567.asc", "PUBLIC", "PRIVATE",
    "01234567.asc: no armored public key" },
  { ".well-known/security.txt", "", "", "F .well-known/security.txt: it is missing" },
  { ".well-known/security.txt", "security@", "insecurity@", "F .well-known/security.txt: the signature is not good" },
  { ".well-known/security.txt", "Contact:", "Kontakt:", "F .well-known/security.txt: it has no contact" },
  { ".well-known/security.txt", "Expires: ", "Expires: then",
    "F .well-known/security.txt: it has no one date of expiry" },
  { ".well-known/security.txt",
    "Contact:", "Expires: 2030-01-01T00:00:00Z\nContact:", "F .well-known/security.txt: it has no one date of expiry" },
  { ".well-known/security.txt", "CSAF: https", "CSAF: http", "F .well-known/security.txt: its CSAF field" },
  { ".well-known/security.txt", "Canonical: https", "Canonical: http",
    "F .well-known/security.txt: its Canonical field" },
  { ".well-known/security.txt", "openpgp/0", "openpgp/1", "F .well-known/security.txt: the key https://" },
  { ".well-known/security.txt", "-----BEGIN PGP SIGNED MESSAGE-----\n", "",
    "F .well-known/security.txt: it is not signed" },
  { "advisories/EMB-2026-0001.txt", "", "",
    "F advisories/EMB-2026-0001.txt.asc: advisories/EMB-2026-0001.txt is missing" },
  { "advisories/EMB-2026-0001.txt.asc", "Pump", "Pomp",
    "F advisories/EMB-2026-0001.txt.asc: the signature is not good" },
  { "advisories/EMB-2026-0001.html", "", "", "F " DOC ": advisories/EMB-2026-0001.html is missing" },
  { "advisories/EMB-2026-0001.html", "../index.html", "../indox.html",
    "F advisories/EMB-2026-0001.html: the link ../indox.html leads nowhere" },
  { "advisories/EMB-2026-0001.html", "../index.html", "#there", "the link #there leads nowhere on this page" },
  { "advisories/EMB-2026-0001.html", "../index.html", "javascript:alert(1)",
    "the link javascript:alert(1) is none that we write" },
  { "advisories/EMB-2026-0001.html", "../index.html", "https://pumps.example/advisories/nowhere",
    "the link https://pumps.example/advisories/nowhere is not in the tree" },
  { "advisories/EMB-2026-0001.html", "<a ", "<a onclick=\"x\" ", "a script: onclick" },
  { "advisories/EMB-2026-0001.html", "<a ", "<script>x</script><a ", "it has the element script" },
  { "advisories/EMB-2026-0001.html", "<a ", "<img src=\"https://tracker.example/x.png\"><a ",
    "it requests https://tracker.example/x.png" },
  { "advisories/EMB-2026-0001.html", "<a ", "<link rel=\"stylesheet\" href=\"//cdn.example/x.css\"><a ",
    "it requests //cdn.example/x.css" },
  { "advisories/EMB-2026-0001.html", "<a ", "<style>a{background:url(https://x.example/y)}</style><a ",
    "a style requests something" },
  { "advisories/EMB-2026-0001.html", "<a ", "<style>@import 'x.css';</style><a ", "a style requests another one" },
  { "advisories/EMB-2026-0001.html", "<a ", "<p style=\"background:url(//x.example/y)\">x</p><a ",
    "a style requests something" },
  { "index.html", "advisories/EMB-2026-0001.html", "advisories/EMB-2026-0010.html", "F index.html: the link " },
  { "index.html", "", "", "F index.html: it is missing" },
  { "feed.atom", "", "", "F feed.atom: it is missing" },
  { "feed.atom", "https://pumps.example/advisories/EMB-2026-0002.html\"",
    "https://pumps.example/advisories/EMB-2026-0012.html\"", "F feed.atom: the link " },
  { ".well-known/openpgpkey/hu/t5s8ztdbon8yzntexy6oz5y48etqsnbb", "\x98", "k", "no binary key" },
  { ".well-known/openpgpkey/policy", "", "", "there is no policy file" },
};

START_TEST(one_thing_is_broken)
{
  change(rows[_i].path, rows[_i].what, rows[_i].with);
  check_it(NOW);
  ck_assert_msg(strstr(all_findings(), rows[_i].found) != NULL, "\"%s\" is not in\n%s", rows[_i].found, all_findings());
}
END_TEST

static const struct {
  int days; /* before its end */
  const char *found;
} expiry[] = { { 300, "" },
               { 15, "" },
               { 13, "W .well-known/security.txt: it expires in 13 days\n" },
               { 0, "F .well-known/security.txt: it expired on 2028-08-21T14:13:20Z\n" } };

START_TEST(security_txt_grows_old)
{
  check_it(NOW + (300 - expiry[_i].days) * DAY);
  ck_assert_str_eq(all_findings(), expiry[_i].found);
}
END_TEST

START_TEST(what_a_crash_left)
{
  ck_assert_int_eq(mkdir(pool_printf(w.pool, "%s/staging", w.dir), 0700), 0);
  check_it(NOW);
  ck_assert_str_eq(all_findings(), "W staging: a build was broken off: the next one removes it\n");
}
END_TEST

START_TEST(a_link_in_the_tree)
{
  ck_assert_int_eq(symlink("/etc/passwd", pool_printf(w.pool, "%s/current/x", w.dir)), 0);
  check_it(NOW);
  ck_assert_msg(strstr(all_findings(), "F : x is neither file nor folder") != NULL, "%s", all_findings());
}
END_TEST

/* What was wrong before it was served is not served. */
START_TEST(a_build_is_checked)
{
  struct site_file f[5];
  world_add(&w, OPENED + 5 * DAY, "CLEAR");
  memcpy(f, w.entry[0].file, sizeof f);
  w.entry[0].file = f;
  f[2].body = BYTES("<!DOCTYPE html><script>alert(1)</script>");
  ck_assert_int_eq(world_build(&w), ST_REJECT);
  ck_assert_msg(strstr(w.err.text, "EMB-2026-0004.html: it has the element script") != NULL, "%s", w.err.text);
  check_it(NOW);
  ck_assert_str_eq(all_findings(), "");
  ck_assert(!site_has(&w, "current/advisories/EMB-2026-0004.html"));
}
END_TEST

/* The feed is not parsed whole for it, yet the entry of what is new is: here its dates are not those of its document. */
START_TEST(a_build_with_a_wrong_entry)
{
  world_add(&w, OPENED + 5 * DAY, "CLEAR");
  w.entry[0].changed_at += 60;
  ck_assert_int_eq(world_build(&w), ST_REJECT);
  ck_assert_msg(strstr(w.err.text, "emb-2026-0004.json: ") && strstr(w.err.text, " says 2026"), "%s", w.err.text);
  ck_assert(!site_has(&w, "current/advisories/EMB-2026-0004.html"));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("site_check");
  TCase *tc = tcase_create("check");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, a_good_tree);
  tcase_add_loop_test(tc, one_thing_is_broken, 0, ARRAY_LEN(rows));
  tcase_add_loop_test(tc, security_txt_grows_old, 0, ARRAY_LEN(expiry));
  tcase_add_test(tc, what_a_crash_left);
  tcase_add_test(tc, a_link_in_the_tree);
  tcase_add_test(tc, a_build_is_checked);
  tcase_add_test(tc, a_build_with_a_wrong_entry);
  suite_add_tcase(s, tc);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
