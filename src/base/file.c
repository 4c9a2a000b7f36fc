/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/file: whole files, durable replacement, descriptors. */
#include <config.h>

#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_closep(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

/* What the caller can do about an errno of open() and friends. */
static enum status grade(int error)
{
  static const int rejects[] = { ENOENT, ENOTDIR, EISDIR, ELOOP, EACCES, EPERM, ENAMETOOLONG, EINVAL, EROFS };
  for (size_t i = 0; i < ARRAY_LEN(rejects); i++)
    if (error == rejects[i])
      return ST_REJECT;
  return ST_RETRY;
}

static enum status sys_fault(struct fault *err, const char *verb, const char *path)
{
  int error = errno;
  return fault(err, grade(error), "%s %s: %s", verb, path, strerror(error));
}

enum status fd_read_all(struct pool *pool, int fd, size_t max, struct bytes *out, struct fault *err)
{
  struct stat st;
  size_t hint = 4096;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
    hint = (uint64_t)st.st_size > max ? max + 1 : (size_t)st.st_size + 1;
  char *data = pool_alloc(pool, hint + 1);
  size_t len = 0, cap = hint;
  for (;;) {
    if (len == cap) {
      char *more = pool_array(pool, cap * 2 + 1, 1);
      memcpy(more, data, len);
      data = more;
      cap *= 2;
    }
    ssize_t n = read(fd, data + len, cap - len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fault(err, ST_RETRY, "read: %s", strerror(errno));
    if (n == 0)
      break;
    len += (size_t)n;
    if (len > max)
      return fault(err, ST_REJECT, "more than %zu bytes", max);
  }
  data[len] = '\0';
  *out = (struct bytes){ data, len };
  return ST_OK;
}

enum status file_read(struct pool *pool, const char *path, size_t max, struct bytes *out, struct fault *err)
{
  AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return sys_fault(err, "open", path);
  struct stat st;
  if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
    return fault(err, ST_REJECT, "read %s: is a folder", path);
  enum status s = fd_read_all(pool, fd, max, out, err);
  return s == ST_OK ? s : fault(err, s, "%s", path);
}

enum status fd_write_all(int fd, struct bytes data, struct fault *err)
{
  for (size_t done = 0; done < data.len;) {
    ssize_t n = write(fd, data.p + done, data.len - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fault(err, ST_RETRY, "write: %s", strerror(errno));
    done += (size_t)n;
  }
  return ST_OK;
}

static char *folder_of(struct pool *pool, const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash)
    return pool_strdup(pool, ".");
  return slash == path ? pool_strdup(pool, "/") : pool_strndup(pool, path, (size_t)(slash - path));
}

enum status dir_sync(const char *path, struct fault *err)
{
  AUTO(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return sys_fault(err, "open", path);
  if (fsync(fd) < 0 && errno != EINVAL) /* some file systems have no fsync of folders */
    return fault(err, ST_RETRY, "fsync %s: %s", path, strerror(errno));
  return ST_OK;
}

static enum status write_temporary(const char *tmp, struct bytes data, mode_t mode, struct fault *err)
{
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  AUTO(fd_closep) int fd = open(tmp, flags, mode);
  if (fd < 0 && errno == EEXIST) { /* left by a process of the same number that was killed */
    unlink(tmp);
    fd = open(tmp, flags, mode);
  }
  if (fd < 0)
    return sys_fault(err, "create", tmp);
  if (fchmod(fd, mode) < 0) /* the umask does not decide */
    return sys_fault(err, "chmod", tmp);
  enum status s = fd_write_all(fd, data, err);
  if (s != ST_OK)
    return fault(err, s, "%s", tmp);
  if (fsync(fd) < 0)
    return fault(err, ST_RETRY, "fsync %s: %s", tmp, strerror(errno));
  return ST_OK;
}

/* move is rename or link: the second refuses to replace. */
static enum status put_file(const char *path, struct bytes data, mode_t mode, bool replace, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("file");
  char *tmp = pool_printf(pool, "%s.tmp.%ld", path, (long)getpid());
  enum status s = write_temporary(tmp, data, mode, err);
  if (s == ST_OK && (replace ? rename(tmp, path) : link(tmp, path)) < 0)
    s = !replace && errno == EEXIST ? fault(err, ST_DENIED, "%s exists already", path) : sys_fault(err, "name", path);
  if (s != ST_OK || !replace)
    unlink(tmp);
  return s == ST_OK ? dir_sync(folder_of(pool, path), err) : s;
}

enum status file_replace(const char *path, struct bytes data, mode_t mode, struct fault *err)
{
  return put_file(path, data, mode, true, err);
}

enum status file_create(const char *path, struct bytes data, mode_t mode, struct fault *err)
{
  return put_file(path, data, mode, false, err);
}

enum status dir_make(const char *path, mode_t mode, struct fault *err)
{
  if (mkdir(path, mode) == 0) {
    if (chmod(path, mode) < 0)
      return sys_fault(err, "chmod", path);
    return ST_OK;
  }
  struct stat st;
  if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
    return ST_OK;
  return sys_fault(err, "make folder", path);
}

bool file_exists(const char *path)
{
  struct stat st;
  return lstat(path, &st) == 0;
}

enum status file_check_private(const char *path, struct fault *err)
{
  AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0)
    return sys_fault(err, "open", path);
  if (!S_ISREG(st.st_mode))
    return fault(err, ST_REJECT, "%s is not a regular file", path);
  if (st.st_uid != geteuid() && st.st_uid != 0)
    return fault(err, ST_REJECT, "%s belongs to user %lu, not to us", path, (unsigned long)st.st_uid);
  if (st.st_mode & 077)
    return fault(err, ST_REJECT, "%s has mode %04o: others can read it; run chmod 600 on it", path,
                 (unsigned)(st.st_mode & 07777));
  return ST_OK;
}

char *path_join(struct pool *pool, const char *dir, const char *rel)
{
  if (!dir || !*dir || rel[0] == '/')
    return pool_strdup(pool, rel);
  return pool_printf(pool, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", rel);
}
