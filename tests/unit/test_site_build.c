/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The static tree: what is built, what is taken over, what is refused, what a publication costs. */
#include <config.h>

#include <dirent.h>
#include <sys/stat.h>

#include "test_site_world.h"

static struct world w;

static void setup(void)
{
  w = world_new();
}

static void teardown(void)
{
  pool_free(&w.pool);
}

static const char *current(void)
{
  static char target[40];
  ssize_t n = readlink(pool_printf(w.pool, "%s/current", w.dir), target, sizeof target - 1);
  ck_assert_int_gt((int)n, 0);
  target[n] = '\0';
  return target;
}

/* Names in the site's folder, sorted by nothing: each is looked for. */
static size_t names_in_site(void)
{
  DIR *d = opendir(w.dir);
  size_t n = 0;
  for (const struct dirent *e; (e = readdir(d));)
    n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

static const char *const first_paths[] = {
  "index.html",
  "2026.html",
  "feed.atom",
  ".well-known/security.txt",
  ".well-known/csaf/provider-metadata.json",
  ".well-known/csaf/service.json",
  ".well-known/csaf/feed-tlp-white.json",
  ".well-known/csaf/white/index.txt",
  ".well-known/csaf/white/changes.csv",
  ".well-known/csaf/openpgp/0123456789ABCDEF0123456789ABCDEF01234567.asc",
  ".well-known/csaf/white/2026/emb-2026-0001.json",
  ".well-known/csaf/white/2026/emb-2026-0001.json.asc",
  ".well-known/csaf/white/2026/emb-2026-0001.json.sha256",
  ".well-known/csaf/white/2026/emb-2026-0001.json.sha512",
  "advisories/EMB-2026-0001.html",
  "advisories/EMB-2026-0001.txt",
  "advisories/EMB-2026-0001.txt.asc",
  ".well-known/openpgpkey/policy",
  ".well-known/openpgpkey/pumps.example/policy",
  ".well-known/openpgpkey/hu/t5s8ztdbon8yzntexy6oz5y48etqsnbb",
  ".well-known/openpgpkey/pumps.example/hu/t5s8ztdbon8yzntexy6oz5y48etqsnbb",
};

START_TEST(first_build)
{
  world_add(&w, OPENED, "CLEAR");
  BUILT(&w);
  ck_assert_str_eq(current(), "tree-1");
  ck_assert_str_eq(w.written.tree, pool_printf(w.pool, "%s/tree-1", w.dir));
  for (size_t i = 0; i < ARRAY_LEN(first_paths); i++)
    ck_assert_msg(site_has(&w, pool_printf(w.pool, "current/%s", first_paths[i])), "%s is missing", first_paths[i]);
  ck_assert_uint_eq(w.written.files, ARRAY_LEN(first_paths) + 2); /* and the second address */
  ck_assert_uint_eq(w.written.written, w.written.files);
  ck_assert_uint_eq(w.written.linked, 0);
  struct bytes csaf = site_read(&w, "current", first_paths[10]), sum = site_read(&w, "current", first_paths[12]);
  ck_assert_str_eq(sum.p, pool_printf(w.pool, "%s  emb-2026-0001.json\n", hash_of(w.pool, csaf)));
}
END_TEST

START_TEST(modes_do_not_depend_on_the_umask)
{
  struct stat st;
  mode_t before = umask(077);
  world_add(&w, OPENED, "CLEAR");
  BUILT(&w);
  umask(before);
  ck_assert_int_eq(stat(pool_printf(w.pool, "%s/current/advisories", w.dir), &st), 0);
  ck_assert_int_eq(st.st_mode & 0777, 0755);
  ck_assert_int_eq(stat(pool_printf(w.pool, "%s/current", w.dir), &st), 0);
  ck_assert_int_eq(st.st_mode & 0777, 0755);
  ck_assert_int_eq(stat(pool_printf(w.pool, "%s/current/advisories/EMB-2026-0001.html", w.dir), &st), 0);
  ck_assert_int_eq(st.st_mode & 0777, 0644);
}
END_TEST

START_TEST(nothing_to_change)
{
  world_add(&w, OPENED, "CLEAR");
  BUILT(&w);
  unsigned files = w.written.files;
  BUILT(&w);
  ck_assert_str_eq(current(), "tree-1");
  ck_assert_uint_eq(w.written.written, 0);
  ck_assert_uint_eq(w.written.linked, files);
  ck_assert_uint_eq(names_in_site(), 2);
}
END_TEST

START_TEST(three_trees_are_kept)
{
  for (size_t i = 0; i < 5; i++) {
    world_add(&w, OPENED + (int64_t)i * DAY, "CLEAR");
    BUILT(&w);
  }
  ck_assert_str_eq(current(), "tree-5");
  ck_assert_uint_eq(names_in_site(), 4);
  ck_assert(site_has(&w, "tree-3") && site_has(&w, "tree-4"));
  for (size_t i = 1; i <= 5; i++)
    ck_assert_int_eq(site_has(&w, pool_printf(w.pool, "tree-4/advisories/EMB-2026-000%zu.html", i)), i <= 4);
  ck_assert_str_eq(
      pool_str(w.pool, site_read(&w, "tree-4", ".well-known/csaf/white/index.txt")),
      "2026/emb-2026-0004.json\n2026/emb-2026-0003.json\n2026/emb-2026-0002.json\n2026/emb-2026-0001.json\n");
}
END_TEST

/* An older tree is reused: what was revised must not come back from it. */
START_TEST(a_reused_tree_has_nothing_old)
{
  for (size_t i = 0; i < 3; i++) {
    world_add(&w, OPENED + (int64_t)i * DAY, "CLEAR");
    BUILT(&w);
  }
  world_revise(&w, 2, 2, OPENED + 10 * DAY);
  BUILT(&w);
  for (int i = 0; i < 4; i++) {
    world_revise(&w, 0, (unsigned)i + 2, OPENED + (11 + i) * DAY);
    BUILT(&w);
    ck_assert_ptr_nonnull(strstr(site_read(&w, "current", "advisories/EMB-2026-0001.html").p, "0001 2<"));
    ck_assert_ptr_nonnull(
        strstr(site_read(&w, "current", "advisories/EMB-2026-0003.html").p, pool_printf(w.pool, "0003 %d<", i + 2)));
  }
  ck_assert_str_eq(strchr(site_read(&w, "current", ".well-known/csaf/white/changes.csv").p, ','),
                   pool_printf(w.pool,
                               ",\"%s\"\n\"2026/emb-2026-0001.json\",\"%s\"\n\"2026/emb-2026-0002.json\",\"%s\"\n",
                               time_iso(w.pool, OPENED + 14 * DAY), time_iso(w.pool, OPENED + 10 * DAY),
                               time_iso(w.pool, OPENED + 1 * DAY)));
}
END_TEST

START_TEST(what_is_not_clear_stays_out)
{
  static const char *const labels[] = { "GREEN", "AMBER", "AMBER+STRICT", "RED" };
  world_add(&w, OPENED, "CLEAR");
  world_add(&w, OPENED + DAY, labels[_i]);
  BUILT(&w);
  static const char *const lists[] = { "index.html",
                                       "2026.html",
                                       "feed.atom",
                                       ".well-known/csaf/feed-tlp-white.json",
                                       ".well-known/csaf/white/index.txt",
                                       ".well-known/csaf/white/changes.csv" };
  for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
    struct bytes b = site_read(&w, "current", lists[i]);
    ck_assert_msg(bytes_ifind(b, BYTES("2026-0002"), 0) == SIZE_MAX, "%s has it", lists[i]);
    ck_assert_msg(bytes_ifind(b, BYTES("2026-0001"), 0) != SIZE_MAX, "%s has nothing", lists[i]);
  }
  ck_assert(!site_has(&w, "current/advisories/EMB-2026-0002.html"));
  ck_assert(!site_has(&w, "current/.well-known/csaf/white/2026/emb-2026-0002.json"));
}
END_TEST

static void refused(const char *words)
{
  ck_assert_int_eq(world_build(&w), ST_REJECT);
  ck_assert_msg(strstr(w.err.text, words) != NULL, "\"%s\" is not in \"%s\"", words, w.err.text);
  ck_assert(!site_has(&w, "staging"));
}

START_TEST(a_document_that_is_nowhere)
{
  world_add(&w, OPENED, "CLEAR");
  struct site_file f[5];
  memcpy(f, w.entry[0].file, sizeof f);
  w.entry[0].file = f;
  f[1].body = (struct bytes){ 0 };
  refused("emb-2026-0001.json.asc: the tree does not have it");
  w.entry[0].file_count = 4;
  f[1].body = BYTES("x");
  refused("EMB-2026-0001.txt.asc is missing");
  ck_assert(!site_has(&w, "current"));
}
END_TEST

START_TEST(no_path_leads_out)
{
  static const char *const paths[] = { "", "/etc/x", "../x", "a/../x", "a//x", "a/", "./x", "a/.", "a/.." };
  world_add(&w, OPENED, "CLEAR");
  struct site_file f[6];
  memcpy(f, w.entry[0].file, 5 * sizeof *f);
  f[5] = (struct site_file){ paths[_i], BYTES("x") };
  w.entry[0].file = f;
  w.entry[0].file_count = 6;
  refused("no path of a site");
}
END_TEST

START_TEST(a_path_of_ours_is_not_taken)
{
  world_add(&w, OPENED, "CLEAR");
  struct site_file f[6];
  memcpy(f, w.entry[0].file, 5 * sizeof *f);
  f[5] = (struct site_file){ "index.html", BYTES("x") };
  w.entry[0].file = f;
  w.entry[0].file_count = 6;
  refused("index.html: wanted twice");
}
END_TEST

START_TEST(current_that_is_not_ours)
{
  world_add(&w, OPENED, "CLEAR");
  ck_assert_int_eq(symlink("/elsewhere", pool_printf(w.pool, "%s/current", w.dir)), 0);
  refused("not to a tree of ours");
}
END_TEST

/* What a publication costs must not depend on how many were before it: files written, links made, and bytes beside the
 * lists. */
START_TEST(cost_does_not_grow)
{
  struct site_written early = { 0 };
  for (int i = 0; i < 4; i++) {
    world_add(&w, OPENED + i, "CLEAR");
    BUILT(&w);
  }
  early = w.written;
  for (int i = 4; i < 200; i++)
    world_add(&w, OPENED + i, "CLEAR");
  for (int i = 200; i < 204; i++) {
    BUILT(&w);
    world_add(&w, OPENED + i, "CLEAR");
  }
  BUILT(&w);
  ck_assert_uint_eq(w.written.written, early.written);
  ck_assert_uint_le(early.written,
                    7 + 6); /* of the advisory; lists: index, year, Atom, ROLIE, index.txt, changes.csv */
  ck_assert_uint_le(w.written.relinked, 40); /* what two publications changed */
  ck_assert_uint_ge(w.written.files, 204 * 7);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("site_build");
  TCase *tc = tcase_create("build");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, first_build);
  tcase_add_test(tc, modes_do_not_depend_on_the_umask);
  tcase_add_test(tc, nothing_to_change);
  tcase_add_test(tc, three_trees_are_kept);
  tcase_add_test(tc, a_reused_tree_has_nothing_old);
  tcase_add_loop_test(tc, what_is_not_clear_stays_out, 0, 4);
  tcase_add_test(tc, a_document_that_is_nowhere);
  tcase_add_loop_test(tc, no_path_leads_out, 0, 9);
  tcase_add_test(tc, a_path_of_ours_is_not_taken);
  tcase_add_test(tc, current_that_is_not_ours);
  tcase_add_test(tc, cost_does_not_grow);
  suite_add_tcase(s, tc);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
