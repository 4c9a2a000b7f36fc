/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One writer: a lock file beside the store, held as long as it is open, with the holder's pid inside. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <embargod/file.h>

#include "store_private.h"

static enum status held_by_another(struct pool *pool, const char *file, int fd, struct fault *err)
{
  char pid[24] = "";
  ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
  const char *text = n > 0 ? pool_str(pool, bytes_trim((struct bytes){ pid, (size_t)n })) : "unknown";
  return fault(err, ST_DENIED, "the store is in use by process %s (lock %s): ask it with embargoctl, or stop it", text,
               file);
}

enum status store_lock(const char *path, int *fd, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("lock");
  const char *file = pool_printf(pool, "%s.lock", path);
  AUTO(fd_closep) int lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0)
    return fault(err, ST_RETRY, "cannot open the lock %s: %s", file, strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? held_by_another(pool, file, lock, err)
                                : fault(err, ST_RETRY, "cannot lock %s: %s", file, strerror(errno));
  const char *pid = pool_printf(pool, "%ld\n", (long)getpid());
  if (ftruncate(lock, 0) != 0 || pwrite(lock, pid, strlen(pid), 0) != (ssize_t)strlen(pid))
    return fault(err, ST_RETRY, "cannot write the lock %s: %s", file, strerror(errno));
  *fd = lock;
  lock = -1;
  return ST_OK;
}
