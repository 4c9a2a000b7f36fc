/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site: for siblings only. */
#ifndef SITE_PRIVATE_H
#define SITE_PRIVATE_H
#include <embargod/failpoint.h>
#include <embargod/site.h>
#include <embargod/text.h>
#include <sys/types.h>

#define SITE_CSAF ".well-known/csaf"
#define SITE_WHITE SITE_CSAF "/white" /* CSAF 2.0's word for TLP:CLEAR: only what is WHITE is in the tree */
#define SITE_PROVIDER SITE_CSAF "/provider-metadata.json"
#define SITE_SERVICE SITE_CSAF "/service.json"
#define SITE_ROLIE SITE_CSAF "/feed-tlp-white.json"
#define SITE_INDEX SITE_WHITE "/index.txt"
#define SITE_CHANGES SITE_WHITE "/changes.csv"
#define SITE_SECURITY ".well-known/security.txt"
#define SITE_WKD ".well-known/openpgpkey"
#define SITE_FILE_MAX (64u << 20) /* bytes of one file that is read back */

bool site_is_public(const struct site_entry *e);
/* Below the white folder: "2026/emb-2026-0001.json" */
char *site_year_name(struct pool *pool, const char *id, int64_t first_at);

/* ---- site_wkd.c: files of the Web Key Directory, both layouts ---- */
size_t site_wkd(struct pool *pool, const struct site_house *h, struct site_file **out);

/* ---- site_set.c: paths with what is known of each ---- */
struct site_item {
  const char *path;
  ino_t ino;         /* in the tree that is there; 0: not in it */
  struct bytes body; /* to be written; p NULL: taken over */
  bool wanted, done;
  size_t number;      /* for whoever uses the set */
};
struct site_set {
  struct pool *pool;
  struct site_item *item; /* in the order in which they came */
  size_t count, cap;
  uint32_t *slot; /* number of an item, from 1; 0: free */
  size_t slots;
};
struct site_set site_set_new(struct pool *pool, size_t hint);
struct site_item *site_set_find(const struct site_set *set,
                                const char *path); /* NULL: not in it; good until the next addition */
struct site_item *site_set_add(struct site_set *set, const char *path); /* or the one that is there; path is borrowed */

/* ---- site_stage.c: folders ---- */
/* All files below fd, each with path, relative to it. Symbolic links and what is no file are not followed: REJECT. */
struct site_walk {
  struct pool *pool;
  bool (*file)(void *self, const char *path, ino_t ino); /* false: stops */
  bool (*folder)(void *self, const char *path);          /* after its files; may be NULL */
  void *self;
};
MUST_USE enum status site_walk(int fd, const struct site_walk *w, struct fault *err);
void site_remove(int dir, const char *name); /* a folder with all that is in it, or a file */
MUST_USE enum status site_sys_fault(struct fault *err, const char *verb, const char *path);

/* A new tree in the making, beside the one that is there. */
struct site_stage {
  struct pool *pool;
  int site, old, tree;     /* folders; old: -1 when there is none */
  unsigned old_number;     /* of tree-N that is served; 0: none */
  struct site_set set;     /* what is there and what is wanted */
  struct site_set touched; /* folders to be fsynced */
  struct site_written written;
};
void site_stage_closep(struct site_stage *s);
MUST_USE enum status site_stage_open(struct site_stage *s, const char *dir, struct pool *pool, struct fault *err);
/* The tree that is there has just these bytes. */
bool site_stage_same(const struct site_stage *s, const char *path, struct bytes body);
bool site_stage_differs(const struct site_stage *s);
MUST_USE enum status site_stage_fill(struct site_stage *s, struct fault *err);
MUST_USE enum status site_stage_switch(struct site_stage *s, const char *dir, struct fault *err);
void site_stage_abandon(struct site_stage *s);
/* The file of the tree that is there; p NULL: it has none. */
MUST_USE enum status site_stage_read(const struct site_stage *s, const char *path, struct bytes *out,
                                     struct fault *err);
#endif
