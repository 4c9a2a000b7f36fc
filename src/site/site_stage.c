/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/stage: a new tree beside the one that is served.
 *
 * A publication changes some ten files of some thousand. To link all others into a new folder each time would make the
 * thousandth publication a hundred times as dear as the first. So a new tree is not begun empty: the oldest tree of the
 * three that are kept, which nobody reads any more, is taken. It differs from the newest in what the last two
 * publications changed; names and inode numbers, read from the folders, say where. What differs is unlinked and linked
 * anew, what is wanted otherwise is written. No file is ever changed in place. */
#include <config.h>

#include <dirent.h>
#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site_private.h"

#define STAGING "staging"
#define KEPT 3 /* trees: the one that is served and two older ones */

void site_stage_closep(struct site_stage *s)
{
  fd_closep(&s->tree);
  fd_closep(&s->old);
  fd_closep(&s->site);
}

/* ---- the trees that are there ---- */
static unsigned tree_number(const char *name)
{
  char *end = NULL;
  unsigned long n = !strncmp(name, "tree-", 5) && name[5] >= '1' && name[5] <= '9' ? strtoul(name + 5, &end, 10) : 0;
  return end && !*end && n < 1000000000 ? (unsigned)n : 0;
}

static void closedirp(DIR **d)
{
  if (*d)
    closedir(*d);
}

/* Their numbers, the newest first. */
static int newest_first(const void *x, const void *y)
{
  unsigned a = *(const unsigned *)x, b = *(const unsigned *)y;
  return a > b ? -1 : a < b;
}

static size_t list_trees(const struct site_stage *s, unsigned **out)
{
  AUTO(closedirp) DIR *d = fdopendir(openat(s->site, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  size_t n = 0, cap = 0;
  unsigned *list = NULL;
  for (const struct dirent *e; d && (e = readdir(d));)
    if (tree_number(e->d_name)) {
      list = pool_grow(s->pool, list, n, &cap, sizeof *list);
      list[n++] = tree_number(e->d_name);
    }
  if (n)
    qsort(list, n, sizeof *list, newest_first);
  *out = list;
  return n;
}

static char *tree_name(struct pool *pool, unsigned number)
{
  return pool_printf(pool, "tree-%u", number);
}

static enum status find_current(struct site_stage *s, struct fault *err)
{
  char target[40];
  ssize_t n = readlinkat(s->site, "current", target, sizeof target - 1);
  if (n < 0 && errno == ENOENT)
    return ST_OK;
  if (n < 0)
    return fault(err, ST_REJECT, "current is no symbolic link: %s", strerror(errno));
  target[n] = '\0';
  s->old_number = tree_number(target);
  if (!s->old_number)
    return fault(err, ST_REJECT, "current points to %s, not to a tree of ours", target);
  s->old = openat(s->site, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (s->old < 0 && errno != ENOENT)
    return site_sys_fault(err, "open", target);
  return ST_OK; /* without its tree, the link is as if it was not there: the caller gives everything */
}

/* What a build that was killed has left. A tree that is newer than the served one was never served. */
static void clean(struct site_stage *s)
{
  unsigned *tree = NULL;
  size_t n = list_trees(s, &tree);
  site_remove(s->site, STAGING);
  site_remove(s->site, "current.new");
  for (size_t i = 0; i < n; i++)
    if (tree[i] > s->old_number || s->old < 0)
      site_remove(s->site, tree_name(s->pool, tree[i]));
  FAILPOINT("site.cleaned");
}

static bool old_file(void *self, const char *path, ino_t ino)
{
  struct site_stage *s = self;
  site_set_add(&s->set, path)->ino = ino;
  return true;
}

enum status site_stage_open(struct site_stage *s, const char *dir, struct pool *pool, struct fault *err)
{
  *s = (struct site_stage){ .pool = pool, .site = -1, .old = -1, .tree = -1 };
  s->set = site_set_new(pool, 256);
  s->touched = site_set_new(pool, 16);
  if (dir_make(dir, 0755, err))
    return fault_add(err, "site");
  s->site = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (s->site < 0)
    return site_sys_fault(err, "open", dir);
  if (flock(s->site, LOCK_EX | LOCK_NB) < 0)
    return fault(err, ST_RETRY, "%s: it is being built already", dir);
  if (find_current(s, err))
    return fault_add(err, "%s", dir);
  clean(s);
  const struct site_walk w = { .pool = pool, .file = old_file, .self = s };
  return s->old < 0 ? ST_OK : site_walk(s->old, &w, err);
}

enum status site_stage_read(const struct site_stage *s, const char *path, struct bytes *out, struct fault *err)
{
  *out = (struct bytes){ 0 };
  const struct site_item *item = site_set_find(&s->set, path);
  if (!item || !item->ino)
    return ST_OK;
  AUTO(fd_closep) int fd = openat(s->old, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  return fd < 0 ? site_sys_fault(err, "open", path) : fd_read_all(s->pool, fd, SITE_FILE_MAX, out, err);
}

/* The size tells most of what differs; only the others are read. */
bool site_stage_same(const struct site_stage *s, const char *path, struct bytes body)
{
  AUTO(pool_freep) struct pool *pool = NULL;
  AUTO(fd_closep) int fd = openat(s->old, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat st;
  struct bytes there;
  if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size != body.len)
    return false;
  pool = pool_new("site file");
  return !fd_read_all(pool, fd, SITE_FILE_MAX, &there, NULL) && bytes_eq(there, body);
}

bool site_stage_differs(const struct site_stage *s)
{
  for (size_t i = 0; i < s->set.count; i++) {
    const struct site_item *item = &s->set.item[i];
    if (item->wanted ? item->body.p != NULL : item->ino != 0)
      return true;
  }
  return false;
}

/* ---- filling ---- */
static const char *parent_of(struct pool *pool, const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? pool_strndup(pool, path, (size_t)(slash - path)) : "";
}

static void touch(struct site_stage *s, const char *path)
{
  site_set_add(&s->touched, path)->wanted = true;
}

/* Makes a folder and those it lies in; each once. */
static enum status make_folder(struct site_stage *s, const char *path, struct fault *err)
{
  if (!*path || site_set_add(&s->touched, path)->done)
    return ST_OK;
  enum status st = make_folder(s, parent_of(s->pool, path), err);
  if (st)
    return st;
  if (mkdirat(s->tree, path, 0755) == 0) {
    touch(s, parent_of(s->pool, path));
    if (fchmodat(s->tree, path, 0755, 0) < 0) /* the umask does not decide */
      return site_sys_fault(err, "chmod", path);
  } else if (errno != EEXIST)
    return site_sys_fault(err, "make folder", path);
  site_set_add(&s->touched, path)->done = true;
  return ST_OK;
}

static enum status write_file(struct site_stage *s, const struct site_item *item, struct fault *err)
{
  FAILPOINT("site.write.before");
  AUTO(fd_closep) int fd = openat(s->tree, item->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0)
    return site_sys_fault(err, "create", item->path);
  if (fchmod(fd, 0644) < 0)
    return site_sys_fault(err, "chmod", item->path);
  if (fd_write_all(fd, item->body, err))
    return fault_add(err, "%s", item->path);
  FAILPOINT("site.write.unsynced");
  if (fsync(fd) < 0)
    return site_sys_fault(err, "fsync", item->path);
  s->written.written++;
  s->written.bytes += item->body.len;
  return ST_OK;
}

static enum status put_file(struct site_stage *s, const struct site_item *item, struct fault *err)
{
  const char *folder = parent_of(s->pool, item->path);
  enum status st = make_folder(s, folder, err);
  if (st)
    return st;
  touch(s, folder);
  if (item->body.p)
    return write_file(s, item, err);
  s->written.relinked++;
  FAILPOINT("site.link.before");
  return linkat(s->old, item->path, s->tree, item->path, 0) < 0 ? site_sys_fault(err, "link", item->path) : ST_OK;
}

static bool keep_or_unlink(void *self, const char *path, ino_t ino)
{
  struct site_stage *s = self;
  struct site_item *item = site_set_find(&s->set, path);
  if (item && item->wanted && !item->body.p && item->ino == ino) {
    item->done = true;
    return true;
  }
  touch(s, parent_of(s->pool, path));
  return unlinkat(s->tree, path, 0) == 0;
}

static bool drop_empty(void *self, const char *path)
{
  struct site_stage *s = self;
  if (unlinkat(s->tree, path, AT_REMOVEDIR) == 0)
    touch(s, parent_of(s->pool, path));
  return true;
}

/* The oldest tree, or an empty folder. */
static enum status begin(struct site_stage *s, struct fault *err)
{
  const struct site_walk w = { .pool = s->pool, .file = keep_or_unlink, .folder = drop_empty, .self = s };
  unsigned *tree = NULL;
  size_t n = list_trees(s, &tree);
  bool again = n >= KEPT && s->old >= 0 && tree[n - 1] != s->old_number;
  if (again ? renameat(s->site, tree_name(s->pool, tree[n - 1]), s->site, STAGING) : mkdirat(s->site, STAGING, 0755))
    return site_sys_fault(err, "begin", STAGING);
  FAILPOINT("site.begun");
  s->tree = openat(s->site, STAGING, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (s->tree < 0 || fchmod(s->tree, 0700) < 0) /* an advisory in it is not public yet */
    return site_sys_fault(err, "open", STAGING);
  enum status st = again ? site_walk(s->tree, &w, err) : ST_OK;
  FAILPOINT("site.emptied");
  return st;
}

/* Only folders that are there still. */
static enum status sync_folders(struct site_stage *s, struct fault *err)
{
  for (size_t i = 0; i < s->touched.count; i++) {
    const char *path = s->touched.item[i].path;
    if (!s->touched.item[i].wanted || !*path)
      continue;
    AUTO(fd_closep) int fd = openat(s->tree, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
      continue;
    if (fd < 0 || fsync(fd) < 0)
      return site_sys_fault(err, "fsync", path);
  }
  return fsync(s->tree) < 0 ? site_sys_fault(err, "fsync", STAGING) : ST_OK;
}

enum status site_stage_fill(struct site_stage *s, struct fault *err)
{
  enum status st = begin(s, err);
  for (size_t i = 0; !st && i < s->set.count; i++) {
    const struct site_item *item = &s->set.item[i];
    s->written.files += item->wanted;
    if (item->wanted && !item->done)
      st = put_file(s, item, err);
  }
  FAILPOINT("site.filled");
  return st ? st : sync_folders(s, err);
}

/* ---- switching ---- */
enum status site_stage_switch(struct site_stage *s, const char *dir, struct fault *err)
{
  const char *name = tree_name(s->pool, s->old_number + 1);
  unsigned *tree = NULL;
  FAILPOINT("site.synced");
  if (fchmod(s->tree, 0755) < 0 || renameat(s->site, STAGING, s->site, name) < 0)
    return site_sys_fault(err, "name", name);
  FAILPOINT("site.named");
  if (fsync(s->site) < 0 || symlinkat(name, s->site, "current.new") < 0)
    return site_sys_fault(err, "link", name);
  FAILPOINT("site.current.before");
  if (renameat(s->site, "current.new", s->site, "current") < 0)
    return site_sys_fault(err, "switch to", name);
  FAILPOINT("site.current.unsynced");
  if (fsync(s->site) < 0)
    return site_sys_fault(err, "fsync", dir);
  FAILPOINT("site.switched");
  size_t n = list_trees(s, &tree);
  for (size_t i = KEPT; i < n; i++)
    site_remove(s->site, tree_name(s->pool, tree[i]));
  s->written.tree = path_join(s->pool, dir, name);
  return ST_OK;
}

void site_stage_abandon(struct site_stage *s)
{
  fd_closep(&s->tree);
  site_remove(s->site, STAGING);
  site_remove(s->site, "current.new");
}
