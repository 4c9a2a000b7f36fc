/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/maildir_letter: names, and one letter: find, open, convert, move. See maildir_private.h. */
#include <config.h>

#include "maildir_private.h"
#include <embargod/file.h>
#include <embargod/text.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

bool maildir_name_ok(const char *name)
{
  size_t len = strlen(name);
  if (len == 0 || len > MAILDIR_NAME_MAX || name[0] == '.')
    return false;
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/')
      return false;
  return true;
}

char *maildir_folder_path(struct pool *pool, const char *root, const char *folder)
{
  if (text_ieq(folder, "INBOX"))
    return pool_strdup(pool, root);
  if (!maildir_name_ok(folder) && !(folder[0] != '.' && strchr(folder, '/')))
    return NULL;
  char *sub = pool_printf(pool, ".%s", folder);
  for (char *c = sub + 1; *c; c++) {
    if (*c == '/')
      *c = '.';
    if ((unsigned char)*c < 0x20 || *c == 0x7f || (*c == '.' && (c[-1] == '.' || c[1] == '\0')))
      return NULL;
  }
  return path_join(pool, root, sub);
}

size_t maildir_base_len(const char *file, char flag, bool *flagged)
{
  const char *info = strstr(file, ":2,");
  const char *colon = strchr(file, ':');
  *flagged = info && strchr(info + 3, flag);
  return colon ? (size_t)(colon - file) : strlen(file);
}

/* ---- finding and reading one letter ---- */

struct place {
  const char *half;
  char file[256];
};

/* False: not there. */
static bool find_in(const char *folder, const char *half, const char *uid, struct place *out)
{
  AUTO(pool_freep) struct pool *pool = pool_new("maildir find");
  size_t uid_len = strlen(uid);
  bool found = false, ignored;
  DIR *dir = opendir(path_join(pool, folder, half));
  for (struct dirent *d; dir && !found && (d = readdir(dir));)
    if (maildir_base_len(d->d_name, 'T', &ignored) == uid_len && memcmp(d->d_name, uid, uid_len) == 0 &&
        strlen(d->d_name) < sizeof out->file) {
      out->half = half;
      strcpy(out->file, d->d_name);
      found = true;
    }
  if (dir)
    closedir(dir);
  return found;
}

static bool find(const char *folder, const char *uid, struct place *out)
{
  AUTO(pool_freep) struct pool *pool = pool_new("maildir find");
  struct stat st;
  if (lstat(path_join(pool, path_join(pool, folder, "new"), uid), &st) == 0 && strlen(uid) < sizeof out->file) {
    out->half = "new"; /* the usual case, without reading the folder */
    strcpy(out->file, uid);
    return true;
  }
  /* new again after cur: another program may have moved it meanwhile, in either direction */
  return find_in(folder, "cur", uid, out) || find_in(folder, "new", uid, out) || find_in(folder, "cur", uid, out);
}

struct bytes maildir_to_crlf(struct pool *pool, struct bytes s)
{
  size_t bare = 0;
  for (size_t i = 0; i < s.len; i++)
    bare += s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r');
  if (bare == 0)
    return s;
  char *out = pool_alloc(pool, s.len + bare + 1);
  size_t n = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'))
      out[n++] = '\r';
    out[n++] = s.p[i];
  }
  return (struct bytes){ out, n };
}

enum status maildir_open_letter(const char *folder, const char *uid, int *fd, struct stat *st, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("maildir open");
  struct place place;
  *fd = -1;
  for (int tries = 0; tries < 3 && find(folder, uid, &place); tries++) {
    const char *path = path_join(pool, path_join(pool, folder, place.half), place.file);
    *fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 && errno == ENOENT)
      continue; /* renamed under us */
    if (*fd < 0 && (errno == ELOOP || errno == ENXIO))
      return ST_OK; /* a symlink or a socket now: not a letter */
    if (*fd < 0)
      return fault(err, errno == EACCES ? ST_REJECT : ST_RETRY, "open %s: %s", path, strerror(errno));
    if (fstat(*fd, st) < 0 || !S_ISREG(st->st_mode))
      fd_closep(fd);
    return ST_OK;
  }
  return ST_OK;
}

static enum status make_folder(const char *path, struct fault *err)
{
  static const char *const parts[] = { "tmp", "new", "cur" };
  AUTO(pool_freep) struct pool *pool = pool_new("maildir make");
  enum status st = dir_make(path, 0700, err);
  for (size_t i = 0; i < ARRAY_LEN(parts) && !st; i++)
    st = dir_make(path_join(pool, path, parts[i]), 0700, err);
  const char *mark = path_join(pool, path, "maildirfolder"); /* maildir++: this is a subfolder */
  if (!st && !file_exists(mark)) {
    AUTO(fd_closep) int fd = open(mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
      st = fault(err, ST_RETRY, "%s: %s", mark, strerror(errno));
  }
  return st;
}

/* The flags of a file name with S added, in the alphabetical order the specification asks for. */
static const char *seen_flags(struct pool *pool, const char *file)
{
  const char *info = strstr(file, ":2,");
  char *flags = pool_printf(pool, ":2,%sS", info && !strchr(info, 'S') ? info + 3 : "");
  if (info && strchr(info, 'S'))
    return info;
  for (size_t i = strlen(flags) - 1; i > 3 && flags[i - 1] > flags[i]; i--) {
    char c = flags[i];
    flags[i] = flags[i - 1];
    flags[i - 1] = c;
  }
  return flags;
}

enum status maildir_move(const struct maildir_move *move, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("maildir move");
  struct place place;
  const char *into = move->target ? move->target : move->folder;
  for (int tries = 0; tries < 3 && find(move->folder, move->uid, &place); tries++) {
    if (move->target && !file_exists(path_join(pool, into, "cur"))) {
      if (!move->make)
        return fault(err, ST_REJECT, "there is no folder %s", into);
      if (make_folder(into, err))
        return fault_add(err, "make folder");
    }
    const char *from = path_join(pool, path_join(pool, move->folder, place.half), place.file);
    const char *name = pool_printf(pool, "%s%s", move->uid, seen_flags(pool, place.file));
    if (rename(from, path_join(pool, path_join(pool, into, "cur"), name)) == 0)
      return ST_OK;
    if (errno != ENOENT)
      return fault(err, errno == EACCES || errno == EPERM || errno == EROFS ? ST_REJECT : ST_RETRY,
                   "move %s into %s: %s", from, into, strerror(errno));
  }
  return ST_OK; /* no longer there: settled before, or by someone else */
}
