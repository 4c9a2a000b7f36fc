/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/scratch: a throw-away home in the home, where certificates of strangers are imported. flock()ed while its
 * worker lives, so that what a kill -9 left is known and swept by the next one. */
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

#include "crypt_private.h"

#define TREE_DEPTH 4
#define REMOVE_TRIES 3

static void remove_entries(int fd, int depth)
{
  DIR *d = fdopendir(fd); /* takes fd */
  if (!d) {
    close(fd);
    return;
  }
  for (struct dirent *e; (e = readdir(d));) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
      continue;
    int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sub >= 0 && depth < TREE_DEPTH)
      remove_entries(sub, depth + 1);
    else if (sub >= 0)
      close(sub);
    (void)unlinkat(dirfd(d), e->d_name, sub >= 0 ? AT_REMOVEDIR : 0);
  }
  closedir(d);
}

void crypt_remove_tree(const char *path)
{
  for (int i = 0; i < REMOVE_TRIES; i++) { /* a gpg whose worker was killed may still be writing there */
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
      remove_entries(fd, 0);
    if (rmdir(path) == 0 || errno != ENOTEMPTY)
      return;
  }
}

void crypt_scratch_sweep(void)
{
  AUTO(fd_closep) int lock = crypt_home_lock("home.lock", true);
  DIR *d = opendir(".");
  for (struct dirent *e; d && (e = readdir(d));) {
    if (strncmp(e->d_name, "scratch.", 8) != 0)
      continue;
    AUTO(fd_closep) int fd = open(e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
      crypt_remove_tree(e->d_name);
  }
  if (d)
    closedir(d);
}

char *crypt_scratch_path(const struct crypt_worker *w, struct pool *pool, const char *name)
{
  return pool_printf(pool, "%s/%s", w->scratch, name);
}

/* The agent's socket seen from the scratch home. */
static enum status link_socket(const struct crypt_worker *w, struct pool *pool, struct fault *err)
{
  if (symlink("../S.gpg-agent", crypt_scratch_path(w, pool, "S.gpg-agent")))
    return fault(err, ST_RETRY, "scratch home: %s", strerror(errno));
  return ST_OK;
}

enum status crypt_scratch_open(struct crypt_worker *w, struct fault *err)
{
  if (w->scratch[0])
    return ST_OK;
  AUTO(pool_freep) struct pool *pool = pool_new("scratch");
  AUTO(fd_closep) int lock = crypt_home_lock("home.lock", true); /* a sweep must not come between the two steps */
  char name[] = "scratch.XXXXXX";
  if (!mkdtemp(name))
    return fault(err, ST_RETRY, "scratch home: %s", strerror(errno));
  w->scratch_fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (w->scratch_fd < 0 || flock(w->scratch_fd, LOCK_EX | LOCK_NB))
    return fault(err, ST_RETRY, "scratch home: %s", strerror(errno));
  snprintf(w->scratch, sizeof w->scratch, "%s", name);
  enum status st = link_socket(w, pool, err);
  if (!st)
    st = crypt_scratch_conf(w, CONF_IMPORT, err);
  w->scratch_engine.passphrase = w->engine.passphrase;
  if (!st)
    st = crypt_engine_open(&w->scratch_engine, pool_printf(pool, "%s/%s", CRYPT_HOME, name), &w->clock, err);
  if (st)
    crypt_scratch_close(w);
  return st;
}

void crypt_scratch_close(struct crypt_worker *w)
{
  crypt_engine_close(&w->scratch_engine);
  if (w->scratch[0])
    crypt_remove_tree(w->scratch);
  w->scratch[0] = '\0';
  fd_closep(&w->scratch_fd);
  w->scratch_fd = -1;
  memset(w->extra, 0, sizeof w->extra);
}

enum status crypt_scratch_write(const struct crypt_worker *w, const char *name, struct bytes text, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("scratch");
  AUTO(fd_closep) int fd = open(crypt_scratch_path(w, pool, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return fault(err, ST_RETRY, "scratch home: %s", strerror(errno));
  return fd_write_all(fd, text, err);
}

enum status crypt_scratch_conf(struct crypt_worker *w, enum crypt_conf kind, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("scratch");
  const char *ring = kind == CONF_VERIFY || kind == CONF_KNOWN ? crypt_home_ring(pool) : NULL;
  return crypt_scratch_write(w, "gpg.conf", bytes_str(crypt_home_conf(pool, kind, ring)), err);
}

enum status crypt_scratch_know(struct crypt_worker *w, struct bytes certs, struct fault *err)
{
  enum status st = crypt_scratch_open(w, err);
  if (!st)
    st = crypt_scratch_conf(w, CONF_KNOWN, err);
  return st ? st : crypt_scratch_write(w, "known.gpg", certs, err);
}

void crypt_scratch_empty(struct crypt_worker *w)
{
  static const char *const files[] = { "pubring.kbx", "pubring.kbx~",  "pubring.gpg",
                                       "known.gpg",   "recipient.gpg", "trustdb.gpg" };
  if (!w->scratch[0])
    return;
  AUTO(pool_freep) struct pool *pool = pool_new("scratch");
  for (size_t i = 0; i < ARRAY_LEN(files); i++)
    (void)unlink(crypt_scratch_path(w, pool, files[i]));
}

enum status crypt_scratch_import(struct crypt_worker *w, struct bytes cert, struct fault *err)
{
  enum status st = crypt_scratch_open(w, err);
  if (!st)
    st = crypt_scratch_conf(w, CONF_IMPORT, err);
  if (st)
    return st;
  crypt_scratch_empty(w);
  return crypt_engine_import(&w->scratch_engine, cert, w->deadline_ms, err);
}
