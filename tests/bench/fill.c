/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench: a store in which many advisories are out. Each is of a closed case of its own that has everything, with the
 * documents of its version and a stand-in for their signatures; one an hour, the last one an hour before NOW.
 *
 *   bench_fill DATABASE MASTER-KEY PREFIX COUNT NOW
 */
#include <config.h>

#include <embargod/store.h>
#include <inttypes.h>

#include "../unit/test_site_world.h"

#define ENTRY                                                                                                          \
  "{\"changed\":%" PRId64                                                                                              \
  ",\"cve\":\"CVE-2026-12345\",\"score\":98,\"severity\":\"critical\",\"summary\":\"The pump takes firmware without"   \
  " a signature. Anyone on its network can replace it.\",\"title\":\"Pump %zu takes any "                              \
  "firmware\",\"withdrawn\":false}"

static struct fault why;

static void good(enum status st)
{
  if (!st)
    return;
  fprintf(stderr, "bench_fill: %s\n", why.text);
  exit(1);
}

static void add_case(struct store *st, struct pool *pool, const char *id, int64_t at)
{
  struct vuln_case *vc = full_case(pool);
  vc->id = id;
  vc->rm = RM_CLOSED;
  vc->opened_at = at - 60 * DAY;
  vc->closed_at = vc->updated_at = at;
  good(store_case_save(st, vc, at, &why));
}

static void add_publication(struct store *st, struct world *w, const char *id, int64_t at)
{
  static const char *const names[] = { "csaf", "csaf.asc", "html", "text",
                                       "text.asc" }; /* as world_documents() has them */
  struct site_entry e = { .id = id, .first_at = at, .changed_at = at };
  struct publication_file file[ARRAY_LEN(names)];
  int64_t row;
  world_documents(w, &e, 1);
  for (size_t i = 0; i < ARRAY_LEN(names); i++)
    file[i] = (struct publication_file){ names[i], e.file[i].body };
  const struct publication_file documents[] = { file[2], file[3], file[0] }, signatures[] = { file[4], file[1] };
  const struct publication p = { .case_id = id,
                                 .version = 1,
                                 .what = "publish",
                                 .token = "",
                                 .by = "alice",
                                 .released_by = "carol",
                                 .summary = "",
                                 .approved_at = at,
                                 .planned_at = at,
                                 .first_at = at,
                                 .file = (struct publication_file *)documents,
                                 .file_count = ARRAY_LEN(documents) };
  good(store_publication_put(st, &p, &row, &why));
  good(store_publication_signed(st, row, signatures, ARRAY_LEN(signatures), &why));
  good(store_publication_out(st, row, at, pool_printf(w->pool, ENTRY, at, (size_t)row), &why));
}

int main(int argc, char **argv)
{
  if (argc != 6)
    return 64;
  good(secret_init(&why));
  struct secret_key *master = secret_key_new();
  struct store *st = NULL;
  good(secret_key_load(master, argv[2], &why));
  const struct store_options o = { .path = argv[1], .master = master, .case_prefix = argv[3] };
  good(store_open(&o, &st, &why));
  good(store_begin(st, &why));
  int64_t count = atoi(argv[4]), now = atoll(argv[5]);
  for (int64_t i = 0; i < count; i++) {
    struct world w = { .pool = pool_new("advisory") };
    int64_t at = now - (count - i) * 3600;
    const char *id = pool_printf(w.pool, "%s-%04d-%04d", argv[3], time_civil(at, NULL).year, (int)(1001 + i));
    add_case(st, w.pool, id, at);
    add_publication(st, &w, id, at);
    pool_free(&w.pool);
  }
  good(store_commit(st, &why));
  store_close(&st);
  secret_key_free(&master);
  return 0;
}
