/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/home: the GnuPG home and its configuration; a user's own is never read. */
#include <config.h>

#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt_private.h"

#define CONF_MARK "# Written by embargod; changes are lost.\n"

/* The same in every home. lock-never and no-random-seed-file: else concurrent signing waits 250 ms on a lock; safe
 * because nothing ever writes to a ring-N.kbx. */
static const char common_conf[] = CONF_MARK "batch\n"
                                            "no-tty\n"
                                            "no-greeting\n"
                                            "no-autostart\n"
                                            "lock-never\n"
                                            "no-random-seed-file\n"
                                            "trust-model always\n"
                                            "no-auto-check-trustdb\n"
                                            "no-auto-key-retrieve\n"
                                            "no-auto-key-locate\n"
                                            "disable-dirmngr\n"
                                            "no-symkey-cache\n"
                                            "no-emit-version\n"
                                            "no-comments\n"
                                            "weak-digest SHA1\n"
                                            "weak-digest RIPEMD160\n"
                                            "digest-algo SHA512\n"
                                            "cert-digest-algo SHA512\n"
                                            "personal-cipher-preferences AES256 AES192 AES\n"
                                            "display-charset utf-8\n";

static const char agent_conf[] = CONF_MARK "disable-scdaemon\n"
                                           "no-grab\n"
                                           "allow-loopback-pinentry\n"
                                           "pinentry-program /bin/false\n"
                                           "disable-check-own-socket\n"
                                           "quiet\n";

char *crypt_home_conf(struct pool *pool, enum crypt_conf kind, const char *ring)
{
  struct buf b = buf_new(pool, sizeof common_conf + 256);
  buf_adds(&b, common_conf);
  if (kind == CONF_IMPORT)
    buf_adds(&b, "import-options self-sigs-only,import-clean\n");
  if (kind == CONF_RING || kind == CONF_VERIFY || kind == CONF_KNOWN)
    buf_adds(&b, "no-default-keyring\n");
  if (ring) /* the first one wins: no copy from outside comes before what the ring knows of a key */
    buf_printf(&b, "keyring %s%s\n", kind == CONF_RING ? "" : CRYPT_HOME "/", ring);
  if (kind == CONF_VERIFY)
    buf_adds(&b, "keyring pubring.kbx\n");
  if (kind == CONF_KNOWN)
    buf_adds(&b, "keyring known.gpg\n");
  return buf_str(&b);
}

static enum status check_folder(const char *home, struct fault *err)
{
  struct stat sb;
  if (stat(home, &sb))
    return fault(err, ST_BROKEN, "GnuPG home %s: %s", home, strerror(errno));
  if (!S_ISDIR(sb.st_mode))
    return fault(err, ST_BROKEN, "GnuPG home %s is no folder", home);
  if (sb.st_uid != geteuid())
    return fault(err, ST_BROKEN,
                 "GnuPG home %s belongs to another user: it must be owned by the user that runs embargod", home);
  if (sb.st_mode & 077)
    return fault(err, ST_BROKEN, "GnuPG home %s is open to others: chmod 700 %s", home, home);
  return ST_OK;
}

/* Ours may be replaced at will; one that somebody else wrote stands for a home that is not ours. */
static enum status check_conf(struct pool *pool, struct fault *err)
{
  struct bytes old;
  if (!file_exists("gpg.conf"))
    return ST_OK;
  enum status st = file_read(pool, "gpg.conf", 1u << 20, &old, err);
  if (!st && !bytes_starts(old, BYTES(CONF_MARK)))
    return fault(err, ST_BROKEN, "its gpg.conf is not ours: give embargod a GnuPG home of its own");
  return st;
}

enum status crypt_home_enter(struct pool *pool, const char *home, struct fault *err)
{
  if (home[0] != '/')
    return fault(err, ST_BROKEN, "GnuPG home %s is no absolute path", home);
  if (mkdir(home, 0700) && errno != EEXIST)
    return fault(err, ST_BROKEN, "GnuPG home %s cannot be made: %s", home, strerror(errno));
  enum status st = check_folder(home, err);
  if (st)
    return st;
  if (chdir(home))
    return fault(err, ST_BROKEN, "GnuPG home %s: %s", home, strerror(errno));
  umask(077);
  st = check_conf(pool, err);
  struct bytes old;
  struct fault ignored = { 0 };
  if (!st && (file_read(pool, "gpg-agent.conf", 1u << 16, &old, &ignored) || !bytes_eq(old, bytes_str(agent_conf))))
    st = file_replace("gpg-agent.conf", bytes_str(agent_conf), 0600, err);
  return st ? fault_add(err, "GnuPG home %s", home) : ST_OK;
}

int crypt_home_lock(const char *name, bool wait)
{
  int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return -1;
  int r;
  while ((r = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) && errno == EINTR)
    ;
  if (r) {
    close(fd);
    return -1;
  }
  return fd;
}

char *crypt_home_ring(struct pool *pool)
{
  struct bytes text, line;
  struct fault ignored = { 0 };
  if (file_read(pool, "gpg.conf", 1u << 16, &text, &ignored))
    return NULL;
  while (bytes_next_line(&text, &line))
    if (bytes_starts(line, BYTES("keyring ring-")))
      return pool_str(pool, bytes_sub(line, 8, line.len - 8));
  return NULL;
}
