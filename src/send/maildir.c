/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/maildir: one maildir for all recipients, one file a letter and recipient. Durable before it is called sent:
 * written under tmp/, fsync, renamed into new/, fsync of new/. The name is a digest of Message-ID, recipient and
 * bytes, so that the same letter sent a second time (after a crash) is the same file. */
#include <config.h>

#include <embargod/failpoint.h>
#include <embargod/file.h>
#include <embargod/helper.h>
#include <embargod/secret.h>
#include <embargod/text.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "outbox.h"

struct maildir {
  struct pool *pool;
  const char *path, *new, *cur;
};

static enum status maildir_open(const struct send_config *config, void **self, struct fault *err)
{
  static const char *const folders[] = { "", "tmp", "new", "cur" };
  struct pool *pool = pool_new("maildir");
  struct maildir *m = pool_new_of(pool, struct maildir);
  *m = (struct maildir){ pool, config->url.path, path_join(pool, config->url.path, "new"),
                         path_join(pool, config->url.path, "cur") };
  enum status s = ST_OK;
  for (size_t i = 0; s == ST_OK && i < ARRAY_LEN(folders); i++)
    s = dir_make(i ? path_join(pool, m->path, folders[i]) : m->path, 0700, err);
  if (s == ST_OK)
    s = dir_sync(m->path, err);
  if (s != ST_OK) {
    pool_free(&pool);
    return fault_add(err, "maildir outbox");
  }
  *self = m;
  return ST_OK;
}

static enum status maildir_lock_in(const struct send_config *config, struct fault *err)
{
  const char *const read_paths[] = {
#ifdef EMBARGOD_SANITIZERS
    "/proc", /* LeakSanitizer */
#endif
    NULL
  };
  const char *const write_paths[] = { config->url.path, NULL };
  const struct lockin lockin = { .read_paths = read_paths, .write_paths = write_paths };
  return helper_lock_in(&lockin, err);
}

/* The Message-ID field's value as it stands in the header; empty when there is none. */
static struct bytes message_id(struct bytes body)
{
  struct bytes rest = body, line;
  while (bytes_next_line(&rest, &line) && line.len)
    if (bytes_istarts(line, BYTES("message-id:")))
      return bytes_trim(bytes_sub(line, strlen("message-id:"), line.len));
  return (struct bytes){ "", 0 };
}

static char *file_name(struct pool *pool, const struct send_letter *letter)
{
  unsigned char digest[SECRET_DIGEST_LEN];
  const struct bytes parts[] = { message_id(letter->body), bytes_str(letter->to), letter->body };
  secret_digest_parts(digest, NULL, parts, ARRAY_LEN(parts));
  return pool_printf(pool, "%s.embargod", hex_encode(pool, (struct bytes){ (char *)digest, 20 }));
}

/* Has it been delivered before? A reader may have moved it on to cur/ and added flags. */
static bool is_there(const struct maildir *m, struct pool *pool, const char *name)
{
  if (file_exists(path_join(pool, m->new, name)))
    return true;
  DIR *dir = opendir(m->cur);
  size_t len = strlen(name);
  bool found = false;
  for (struct dirent *e; dir && !found && (e = readdir(dir));)
    found = strncmp(e->d_name, name, len) == 0 && (e->d_name[len] == '\0' || e->d_name[len] == ':');
  if (dir)
    closedir(dir);
  return found;
}

static enum status write_file(const char *path, struct bytes head, struct bytes text, struct fault *err)
{
  AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fault(err, ST_RETRY, "create: %s", strerror(errno));
  enum status s = fd_write_all(fd, head, err);
  if (s == ST_OK)
    s = fd_write_all(fd, text, err);
  if (s == ST_OK && fsync(fd) < 0)
    s = fault(err, ST_RETRY, "fsync: %s", strerror(errno));
  return s;
}

/* Written beside its place and renamed: what has its name is whole. tmp is in the same file system as new. */
static enum status write_and_rename(const char *tmp, const char *target, struct bytes head, struct bytes text,
                                    struct fault *err)
{
  enum status s = write_file(tmp, head, text, err);
  FAILPOINT("send.maildir.written");
  if (s == ST_OK && rename(tmp, target) < 0) {
    int error = errno;
    s = fault(err, ST_RETRY, "rename into new: %s", strerror(error));
    unlink(tmp);
    errno = error;
    return s;
  }
  if (s != ST_OK) {
    unlink(tmp);
    errno = 0;
  }
  return s;
}

static enum status deliver(const struct maildir *m, struct pool *pool, const struct send_letter *letter,
                           struct fault *err)
{
  char *name = file_name(pool, letter), *target = path_join(pool, m->new, name);
  if (is_there(m, pool, name))
    return dir_sync(m->new, err); /* the first try may have died before it synced */
  struct bytes head = bytes_str(pool_printf(pool, "Return-Path: <%s>\nDelivered-To: <%s>\n", letter->from, letter->to));
  struct bytes text = text_to_lf(pool, letter->body);
  long pid = (long)getpid();
  enum status s = write_and_rename(pool_printf(pool, "%s/tmp/%s.%ld", m->path, name, pid), target, head, text, err);
  if (s != ST_OK && errno == EXDEV) { /* Landlock before Linux 5.19 lets no name move to another folder */
    fault_clear(err);
    s = write_and_rename(pool_printf(pool, "%s/.%s.%ld", m->new, name, pid), target, head, text, err);
  }
  if (s != ST_OK)
    return s;
  FAILPOINT("send.maildir.renamed");
  return dir_sync(m->new, err);
}

static struct send_answer maildir_mail(void *self, struct pool *pool, const struct send_letter *letter)
{
  struct fault err = { 0 };
  if (deliver(self, pool, letter, &err) != ST_OK)
    return send_answer(SEND_DEFERRED, 0, pool_printf(pool, "maildir: %s", err.text));
  return send_answer(SEND_ACCEPTED, 0, "delivered to the maildir");
}

static struct send_answer maildir_check(void *self, struct pool *pool)
{
  const struct maildir *m = self;
  char *probe = pool_printf(pool, "%s/tmp/check.%ld", m->path, (long)getpid());
  struct fault err = { 0 };
  enum status s = write_file(probe, BYTES("check\n"), BYTES(""), &err);
  unlink(probe);
  if (s != ST_OK)
    return send_answer(SEND_DEFERRED, 0, pool_printf(pool, "maildir %s: %s", m->path, err.text));
  return send_answer(SEND_ACCEPTED, 0, pool_printf(pool, "maildir %s can be written", m->path));
}

static void maildir_close(void *self)
{
  struct maildir *m = self;
  struct pool *pool = m->pool;
  pool_free(&pool);
}

const struct outbox_ops outbox_maildir = {
  .name = "maildir",
  .open = maildir_open,
  .lock_in = maildir_lock_in,
  .mail = maildir_mail,
  .check = maildir_check,
  .close = maildir_close,
};
