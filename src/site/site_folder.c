/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/folder: walking a tree and taking one away. */
#include <config.h>

#include <dirent.h>
#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site_private.h"

#define DEPTH_MAX 8 /* .well-known/openpgpkey/DOMAIN/hu/HASH */

enum status site_sys_fault(struct fault *err, const char *verb, const char *path)
{
  int error = errno;
  return fault(err, ST_RETRY, "%s %s: %s", verb, path, strerror(error));
}

static void closedirp(DIR **d)
{
  if (*d)
    closedir(*d);
}

static bool is_folder(int fd, const struct dirent *e)
{
  struct stat st;
  if (e->d_type != DT_UNKNOWN)
    return e->d_type == DT_DIR;
  return fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(int fd, const struct dirent *e)
{
  struct stat st;
  if (e->d_type != DT_UNKNOWN)
    return e->d_type == DT_REG;
  return fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static enum status walk(int parent, const char *name, const char *path, const struct site_walk *w, struct fault *err);

static enum status one(int fd, const struct dirent *e, const char *path, const struct site_walk *w, struct fault *err)
{
  const char *full = pool_printf(w->pool, "%s%s%s", path, *path ? "/" : "", e->d_name);
  if (is_folder(fd, e))
    return walk(fd, e->d_name, full, w, err);
  if (!is_file(fd, e))
    return fault(err, ST_REJECT, "%s is neither file nor folder", full);
  return w->file(w->self, full, e->d_ino) ? ST_OK : fault(err, ST_REJECT, "%s", full);
}

static unsigned depth(const char *path)
{
  unsigned n = 0;
  for (; *path; path++)
    n += *path == '/';
  return n;
}

static enum status walk(int parent, const char *name, const char *path, const struct site_walk *w, struct fault *err)
{
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  AUTO(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
  const struct dirent *e;
  enum status st = ST_OK;
  if (!d)
    return site_sys_fault(err, "open", *path ? path : "tree");
  if (depth(path) > DEPTH_MAX)
    return fault(err, ST_REJECT, "%s: too many folders in folders", path);
  errno = 0;
  while (!st && (e = readdir(d))) {
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
      st = one(fd, e, path, w, err);
    errno = 0;
  }
  if (!st && errno)
    return site_sys_fault(err, "read", path);
  if (!st && w->folder && *path && !w->folder(w->self, path))
    return fault(err, ST_REJECT, "%s", path);
  return st;
}

enum status site_walk(int fd, const struct site_walk *w, struct fault *err)
{
  return walk(fd, ".", "", w, err);
}

/* What cannot be removed stays: the next build tries again. */
static void remove_all(int parent, const char *name, unsigned deep)
{
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  AUTO(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
  const struct dirent *e;
  if (!d)
    return;
  while ((e = readdir(d))) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
      continue;
    if (is_folder(fd, e) && deep < 2 * DEPTH_MAX) {
      remove_all(fd, e->d_name, deep + 1);
      (void)!unlinkat(fd, e->d_name, AT_REMOVEDIR);
    } else
      (void)!unlinkat(fd, e->d_name, 0);
  }
}

void site_remove(int dir, const char *name)
{
  if (unlinkat(dir, name, 0) < 0) {
    remove_all(dir, name, 0);
    (void)!unlinkat(dir, name, AT_REMOVEDIR);
  }
}
