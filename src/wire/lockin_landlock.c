/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/lockin: Landlock by raw system calls: the C library has none, and the headers of the build machine may be older
 * than the kernel that this runs on. The numbers are the kernel's ABI, the same on all machines. */
#include <config.h>

#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lockin_private.h"

#define NR_CREATE_RULESET 444
#define NR_ADD_RULE 445
#define NR_RESTRICT_SELF 446
#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_MAKE_CHAR (1ull << 6)
#define FS_MAKE_BLOCK (1ull << 11)
#define FS_REFER (1ull << 13)     /* ABI 2 */
#define FS_TRUNCATE (1ull << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define FS_OF_ABI_1 ((1ull << 13) - 1)
#define FS_FILE_ONLY (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define NET_BIND_TCP (1ull << 0) /* ABI 4 */
#define NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX (1ull << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ull << 1)

struct ruleset_attr {
  uint64_t fs, net, scoped;
};
struct path_attr {
  uint64_t access;
  int32_t fd;
} __attribute__((packed));

struct ruleset {
  int fd;
  uint64_t fs;
};

static struct ruleset_attr handled(const struct lockin *lockin, long abi, size_t *size)
{
  struct ruleset_attr attr = { .fs = FS_OF_ABI_1 };
  attr.fs |= abi >= 2 ? FS_REFER : 0;
  attr.fs |= abi >= 3 ? FS_TRUNCATE : 0;
  attr.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
  /* No rule allows any port: nobody listens, and only network helpers connect. */
  attr.net = abi >= 4 ? NET_BIND_TCP | (lockin->network ? 0 : NET_CONNECT_TCP) : 0;
  /* What is spawned may signal its own kind only; an agent's socket is a path, never an abstract name. */
  attr.scoped = abi >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0;
  *size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  return attr;
}

static enum status allow(const struct ruleset *rules, const char *path, uint64_t access, bool must_exist,
                         struct fault *err)
{
  AUTO(fd_closep) int fd = open(path, O_PATH | O_CLOEXEC);
  struct stat st;
  if (fd < 0 && !must_exist && (errno == ENOENT || errno == ENOTDIR))
    return ST_OK;
  if (fd < 0 || fstat(fd, &st) < 0)
    return fault(err, ST_REJECT, "lock in: open %s: %s", path, strerror(errno));
  if (!S_ISDIR(st.st_mode))
    access &= FS_FILE_ONLY;
  struct path_attr attr = { access & rules->fs, fd };
  if (syscall(NR_ADD_RULE, rules->fd, RULE_PATH_BENEATH, &attr, 0) < 0)
    return fault(err, ST_BROKEN, "lock in: Landlock rule for %s: %s", path, strerror(errno));
  return ST_OK;
}

static enum status allow_all(const struct ruleset *rules, const struct lockin *lockin, struct fault *err)
{
  uint64_t reading = FS_READ_FILE | FS_READ_DIR | (lockin->spawn ? FS_EXECUTE : 0);
  uint64_t writing = rules->fs & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK);
  enum status s = ST_OK;
  for (size_t i = 0; s == ST_OK && lockin->read_paths && lockin->read_paths[i]; i++)
    s = allow(rules, lockin->read_paths[i], reading, false, err);
  for (size_t i = 0; s == ST_OK && lockin->write_paths && lockin->write_paths[i]; i++)
    s = allow(rules, lockin->write_paths[i], writing, true, err);
  return s;
}

enum status lockin_landlock(const struct lockin *lockin, struct fault *err)
{
  long abi = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
  if (abi < 1) {
    lockin_say("this kernel has no Landlock: files are not fenced off by it; seccomp and the limits hold");
    return ST_OK;
  }
  size_t size;
  struct ruleset_attr attr = handled(lockin, abi, &size);
  AUTO(fd_closep) int fd = (int)syscall(NR_CREATE_RULESET, &attr, size, 0);
  if (fd < 0)
    return fault(err, ST_BROKEN, "lock in: Landlock: %s", strerror(errno));
  struct ruleset rules = { fd, attr.fs };
  enum status s = allow_all(&rules, lockin, err);
  if (s == ST_OK && syscall(NR_RESTRICT_SELF, fd, 0) < 0)
    s = fault(err, ST_BROKEN, "lock in: Landlock: %s", strerror(errno));
  return s;
}
