/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/check: for site_check*.c and the build. */
#ifndef SITE_CHECK_PRIVATE_H
#define SITE_CHECK_PRIVATE_H
#include <jansson.h>

#include "site_private.h"

struct site_checker {
  struct pool *pool;
  struct pool *brief; /* emptied after each file */
  int tree;
  int64_t now;
  const struct site_verify *verify; /* NULL: signatures are there and armored, no more */
  const struct site_set *built; /* NULL: every file; else only those that have a body in it: what a build has written */
  struct site_set files;        /* of the tree */
  const char *url;              /* of the site; "" when the provider's metadata does not say */
  json_t *provider, *feed;      /* NULL: unreadable; of a build the feed is not parsed */
  struct bytes lines;           /* of a build: the feed as it stands in the tree, an entry a line */
  struct site_set entries;      /* documents in the feed; number: of the entry, from 1 */
  struct site_set index, changes; /* documents in index.txt and changes.csv */
  const char **change;            /* dates of changes.csv; number: of the line, from 1 */
  struct site_finding *finding;
  size_t count, cap;
};
/* path and what are copied. */
void site_found(struct site_checker *c, bool fatal, const char *path, const char *fmt, ...) PRINTF_LIKE(4, 5);
#define SITE_FAULT(c, path, ...) site_found((c), true, (path), __VA_ARGS__)
#define SITE_WARN(c, path, ...) site_found((c), false, (path), __VA_ARGS__)
bool site_check_has(const struct site_checker *c, const char *path);
/* False, with a finding, when it is not there or cannot be read. In the brief pool. */
bool site_check_read(struct site_checker *c, const char *path, struct bytes *out);
/* Whether href is of the site and there. false: "elsewhere" or "missing". */
const char *site_check_link(struct site_checker *c,
                            const char *href); /* NULL: it is there; else what is wrong with it */
/* "2026-11-24T15:42:58Z", not after now. */
bool site_check_time(struct site_checker *c, const char *path, const char *what, const char *text, int64_t *out);
void site_check_signature(struct site_checker *c, const char *path, struct bytes text, struct bytes signature);

/* ---- site_check_list.c: provider, feed and lists, in this order before all documents ---- */
void site_check_provider(struct site_checker *c);
void site_check_service(struct site_checker *c);
void site_check_feed(struct site_checker *c);
void site_check_index(struct site_checker *c);
void site_check_changes(struct site_checker *c);
/* ---- site_check_document.c ---- */
void site_check_document(struct site_checker *c, const char *path);
void site_check_hash(struct site_checker *c, const char *path);
void site_check_armor(struct site_checker *c, const char *path);
void site_check_signed_text(struct site_checker *c, const char *path);
void site_check_security(struct site_checker *c);
void site_check_wkd(struct site_checker *c, const char *path);
void site_check_key(struct site_checker *c, const char *path);
/* ---- site_check_page.c ---- */
void site_check_page(struct site_checker *c, const char *path);
void site_check_atom(struct site_checker *c, const char *path);

/* The tree of a build, before it is served: ST_REJECT with the first fault. */
MUST_USE enum status site_check_built(struct site_stage *s, int64_t now, struct fault *err);
#endif
