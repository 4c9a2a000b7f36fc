/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/maildir: a maildir (cr.yp.to/proto/maildir.html) with maildir++ subfolders. uid = the unique base name, without
 * ":2,FLAGS"; uidvalidity = 1 always, since a base name is unique for ever. Letters stay where they are until they are
 * settled, so that a letter is in new/ or cur/ or in its target folder, never nowhere. Letters flagged T (trashed) are
 * not offered. Nothing but regular files is opened, no symlink is followed, and whatever vanishes between two looks was
 * taken by someone else and is no error. */
#include <config.h>

#include "maildir_private.h"
#include <embargod/file.h>
#include <embargod/text.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define UIDVALIDITY 1

static const char *const halves[] = { "new", "cur" };

struct entry { /* one letter seen at the last look */
  char uid[MAILDIR_NAME_MAX + 1];
  uint64_t size;
  int64_t date;
  int64_t date_ns;
  bool offered;
};
struct folder {
  const char *name, *path;
  struct entry *seen; /* sorted by uid */
  size_t count;
  int watch[2];
};
struct maildir {
  struct inbox box;
  const struct fetch_config *config;
  struct pool *pool;
  struct folder *folders;
  int notify; /* inotify; -1: polling only */
};

static struct maildir *of(struct inbox *box)
{
  return (struct maildir *)box;
}

/* ---- one look ---- */

static int by_uid(const void *a, const void *b)
{
  return strcmp(((const struct entry *)a)->uid, ((const struct entry *)b)->uid);
}

static int by_arrival(const void *a, const void *b)
{
  const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
  if (x->date != y->date)
    return x->date < y->date ? -1 : 1;
  if (x->date_ns != y->date_ns)
    return x->date_ns < y->date_ns ? -1 : 1;
  return strcmp(x->uid, y->uid);
}

struct listing {
  struct entry *items; /* malloc */
  size_t count, cap;
};

static void list_add(struct listing *l, const char *file, size_t len, const struct stat *st)
{
  if (l->count == l->cap) {
    l->cap = l->cap ? l->cap * 2 : 64;
    l->items = realloc(l->items, l->cap * sizeof *l->items);
    invariant(l->items);
  }
  struct entry *e = &l->items[l->count++];
  *e = (struct entry){ .size = (uint64_t)st->st_size, .date = st->st_mtim.tv_sec, .date_ns = st->st_mtim.tv_nsec };
  memcpy(e->uid, file, len);
  e->uid[len] = '\0';
}

static enum status list_half(const struct folder *f, const char *half, struct listing *l, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("maildir list");
  const char *path = path_join(pool, f->path, half);
  DIR *dir = opendir(path);
  if (!dir)
    return fault(err, errno == ENOENT || errno == EACCES ? ST_REJECT : ST_RETRY, "folder %s: %s: %s", f->name, path,
                 strerror(errno));
  for (struct dirent *d; (d = readdir(dir));) {
    struct stat st;
    bool trashed = false;
    size_t len = maildir_base_len(d->d_name, 'T', &trashed);
    if (d->d_name[0] == '.' || trashed || len == 0 || len > MAILDIR_NAME_MAX || !maildir_name_ok(d->d_name))
      continue;
    if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
      continue;
    list_add(l, d->d_name, len, &st);
  }
  closedir(dir);
  return ST_OK;
}

/* Sorted; a letter that is being moved from new to cur may have been seen twice. */
static void list_tidy(struct listing *l)
{
  if (l->count == 0)
    return;
  qsort(l->items, l->count, sizeof *l->items, by_uid);
  size_t n = 1;
  for (size_t i = 1; i < l->count; i++)
    if (strcmp(l->items[i].uid, l->items[n - 1].uid) != 0)
      l->items[n++] = l->items[i];
  l->count = n;
}

static void offer_new(struct folder *f, const struct inbox_sink *sink)
{
  size_t n = 0;
  struct entry **fresh = calloc(f->count + 1, sizeof *fresh);
  invariant(fresh);
  for (size_t i = 0; i < f->count; i++)
    if (!f->seen[i].offered)
      fresh[n++] = &f->seen[i];
  qsort(fresh, n, sizeof *fresh, by_arrival);
  for (size_t i = 0; i < n; i++) {
    struct inbox_letter letter = { .id = { f->name, UIDVALIDITY, fresh[i]->uid },
                                   .size = fresh[i]->size,
                                   .date = fresh[i]->date };
    fresh[i]->offered = true;
    sink->offer(sink->self, &letter);
  }
  free(fresh);
}

static enum status scan_folder(struct folder *f, const struct inbox_sink *sink, struct fault *err)
{
  struct listing l = { 0 };
  enum status st = list_half(f, halves[0], &l, err);
  if (!st)
    st = list_half(f, halves[1], &l, err);
  if (st) {
    free(l.items);
    return st;
  }
  list_tidy(&l);
  for (size_t i = 0; i < l.count && f->count > 0; i++) {
    const struct entry *old = bsearch(&l.items[i], f->seen, f->count, sizeof *f->seen, by_uid);
    l.items[i].offered = old && old->offered;
  }
  free(f->seen);
  f->seen = l.items;
  f->count = l.count;
  offer_new(f, sink);
  return ST_OK;
}

static enum status maildir_scan(struct inbox *box, const struct inbox_sink *sink, struct fault *err)
{
  struct maildir *m = of(box);
  enum status result = ST_OK;
  for (size_t i = 0; i < m->config->folder_count; i++) {
    enum status st = scan_folder(&m->folders[i], sink, err);
    if (st && st != ST_REJECT)
      return st;
    result = st ? st : result;
  }
  return result;
}

/* ---- operations on letters ---- */

static const struct folder *folder_named(const struct maildir *m, const char *name)
{
  for (size_t i = 0; name && i < m->config->folder_count; i++)
    if (strcmp(m->folders[i].name, name) == 0)
      return &m->folders[i];
  return NULL;
}

static enum status fetch_one(const struct maildir *m, const struct inbox_id *id, const struct inbox_sink *sink,
                             struct fault *err)
{
  const struct folder *f = folder_named(m, id->folder);
  AUTO(fd_closep) int fd = -1;
  struct stat info = { 0 };
  enum status st = ST_OK;
  if (f && id->uidvalidity == UIDVALIDITY && maildir_name_ok(id->uid))
    st = maildir_open_letter(f->path, id->uid, &fd, &info, err);
  if (st)
    return st;
  if (fd < 0) {
    sink->gone(sink->self, id);
    return ST_OK;
  }
  struct inbox_letter letter = { .id = *id, .size = (uint64_t)info.st_size, .date = info.st_mtim.tv_sec };
  struct bytes body = { 0 };
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("letter");
  if (letter.size <= m->config->max_size) {
    st = fd_read_all(pool, fd, m->config->max_size, &body, err);
    if (st)
      return fault_add(err, "letter %s", id->uid);
    body = maildir_to_crlf(pool, body);
    if (body.len > WIRE_FIELD_MAX)
      body = (struct bytes){ 0 };
  }
  sink->letter(sink->self, &letter, body);
  return ST_OK;
}

static enum status maildir_fetch(struct inbox *box, struct inbox_want *want, const struct inbox_sink *sink,
                                 struct fault *err)
{
  struct inbox_id id = { want->folder, want->uidvalidity, want->uids[want->next] };
  enum status st = fetch_one(of(box), &id, sink, err);
  if (!st)
    want->next++;
  return st;
}

static enum status maildir_settle(struct inbox *box, const struct inbox_id *id, const char *target, struct fault *err)
{
  struct maildir *m = of(box);
  const struct folder *f = folder_named(m, id->folder);
  AUTO(pool_freep) struct pool *pool = pool_new("settle");
  if (!f || id->uidvalidity != UIDVALIDITY || !maildir_name_ok(id->uid))
    return fault(err, ST_REJECT, "settle: no such letter is watched here");
  const char *path = *target ? maildir_folder_path(pool, m->config->url.path, target) : NULL;
  if (*target && !path)
    return fault(err, ST_REJECT, "settle: not a name for a folder");
  if (path && strcmp(path, f->path) == 0)
    path = NULL;
  struct maildir_move move = { .folder = f->path, .uid = id->uid, .target = path, .make = m->config->adopt };
  return maildir_move(&move, err);
}

/* ---- watching ---- */

static void watch(struct maildir *m)
{
  AUTO(pool_freep) struct pool *pool = pool_new("watch");
  for (size_t i = 0; m->notify >= 0 && i < m->config->folder_count; i++)
    for (size_t h = 0; h < ARRAY_LEN(halves); h++)
      if (m->folders[i].watch[h] < 0)
        m->folders[i].watch[h] = inotify_add_watch(m->notify, path_join(pool, m->folders[i].path, halves[h]),
                                                   IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR);
}

/* Empties the queue. A watch that the kernel dropped (folder removed) is set anew at the next open(). */
static void drain(struct maildir *m)
{
  _Alignas(struct inotify_event) char data[8192];
  ssize_t n;
  while ((n = read(m->notify, data, sizeof data)) > 0)
    for (ssize_t at = 0; at < n;) {
      const struct inotify_event *e = (const struct inotify_event *)(data + at);
      for (size_t i = 0; (e->mask & IN_IGNORED) && i < m->config->folder_count; i++)
        for (size_t h = 0; h < ARRAY_LEN(halves); h++)
          if (m->folders[i].watch[h] == e->wd)
            m->folders[i].watch[h] = -1;
      at += (ssize_t)(sizeof *e + e->len);
    }
}

static enum status maildir_wait(struct inbox *box, int wake_fd, int timeout_ms, bool *news, struct fault *err)
{
  struct maildir *m = of(box);
  struct pollfd p[2] = { { .fd = wake_fd, .events = POLLIN }, { .fd = m->notify, .events = POLLIN } };
  int n = poll(p, 2, timeout_ms);
  if (n < 0 && errno != EINTR)
    return fault(err, ST_RETRY, "poll: %s", strerror(errno));
  *news = n > 0 && (p[1].revents & POLLIN);
  if (*news)
    drain(m);
  return ST_OK;
}

/* ---- life ---- */

static enum status maildir_open(struct inbox *box, struct fault *err)
{
  struct maildir *m = of(box);
  AUTO(pool_freep) struct pool *pool = pool_new("open");
  const char *root = m->config->url.path;
  if (!file_exists(path_join(pool, root, "new")) || !file_exists(path_join(pool, root, "cur")))
    return fault(err, ST_RETRY,
                 "there is no maildir at %s (it needs the folders new, cur and tmp): make it, or "
                 "correct the inbox URL",
                 root);
  watch(m);
  return ST_OK;
}

static enum status maildir_check(struct inbox *box, struct pool *pool, char **line, struct fault *err)
{
  struct maildir *m = of(box);
  size_t letters = 0;
  for (size_t i = 0; i < m->config->folder_count; i++) {
    struct listing l = { 0 };
    enum status st = list_half(&m->folders[i], halves[0], &l, err);
    if (!st)
      st = list_half(&m->folders[i], halves[1], &l, err);
    list_tidy(&l);
    letters += l.count;
    free(l.items);
    if (st)
      return st;
  }
  const char *cur = path_join(pool, m->config->url.path, "cur");
  if (access(cur, W_OK) < 0)
    return fault(err, ST_REJECT, "%s cannot be written: processed letters could not be moved", cur);
  *line = pool_printf(pool, "maildir %s: %zu letters in %zu folder%s, %s", m->config->url.path, letters,
                      m->config->folder_count, m->config->folder_count == 1 ? "" : "s",
                      m->notify >= 0 ? "watched by inotify" : "polled");
  return ST_OK;
}

static void maildir_close(struct inbox *box)
{
  (void)box; /* nothing is held open between two operations but the watch */
}

static void maildir_free(struct inbox *box)
{
  struct maildir *m = of(box);
  for (size_t i = 0; i < m->config->folder_count; i++)
    free(m->folders[i].seen);
  fd_closep(&m->notify);
  struct pool *pool = m->pool;
  pool_free(&pool);
}

static const struct inbox_ops maildir_ops = {
  .kind = "maildir",
  .open = maildir_open,
  .scan = maildir_scan,
  .fetch = maildir_fetch,
  .settle = maildir_settle,
  .wait = maildir_wait,
  .check = maildir_check,
  .close = maildir_close,
  .free = maildir_free,
};

struct inbox *inbox_maildir_new(const struct fetch_config *config)
{
  struct pool *pool = pool_new("maildir");
  struct maildir *m = pool_new_of(pool, struct maildir);
  *m = (struct maildir){ .box = { &maildir_ops }, .config = config, .pool = pool };
  m->folders = pool_array(pool, config->folder_count, sizeof *m->folders);
  for (size_t i = 0; i < config->folder_count; i++) {
    const char *path = maildir_folder_path(pool, config->url.path, config->folders[i]);
    /* a name that cannot be a folder: one that is never there, reported at each scan */
    m->folders[i] = (struct folder){ .name = config->folders[i],
                                     .path = path ? path : path_join(pool, config->url.path, ".invalid name"),
                                     .watch = { -1, -1 } };
  }
  m->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return &m->box;
}
