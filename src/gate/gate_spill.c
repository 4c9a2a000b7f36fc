/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: a large encrypted letter waits for its commit in a file without a name beside the store, sealed with a key that
 * only this run's memory has: what is 17 MiB for each analyst is never held twice, and a crash leaves nothing behind.
 */
#include "gate_private.h"

#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)

struct spill {
  struct spill *next;
  int fd;
  struct secret_key key;
  size_t len;             /* of the letter */
  size_t *piece;          /* lengths of its pieces as they lie in the file */
  size_t count, cap, end; /* end: of the file */
};

static const char *bound_to(struct pool *pool, size_t piece)
{
  return pool_printf(pool, "spill:%zu", piece);
}

static enum status file_without_name(const char *folder, int *fd, struct fault *err)
{
  *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (*fd >= 0)
    return ST_OK;
  AUTO(pool_freep) struct pool *pool = pool_new("spill");
  char *name = path_join(pool, folder, "spill.XXXXXX"); /* not every file system has O_TMPFILE */
  *fd = mkostemp(name, O_CLOEXEC);
  if (*fd < 0 || unlink(name))
    return fault(err, ST_RETRY, "%s: %s", folder, strerror(errno));
  return ST_OK;
}

static enum status put_piece(struct run *r, struct spill *s, struct bytes plain, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("spill");
  struct bytes sealed = secret_seal(pool, &s->key, plain, bound_to(pool, s->count));
  s->piece = pool_grow(r->pool, s->piece, s->count, &s->cap, sizeof *s->piece);
  s->piece[s->count++] = sealed.len;
  s->len += plain.len;
  s->end += sealed.len;
  return fd_write_all(s->fd, sealed, err);
}

/* Its line ends become CRLF on the way: a piece ends with a line. */
static enum status put_armor(struct run *r, struct spill *s, struct bytes armor, struct fault *err)
{
  enum status st = ST_OK;
  while (!st && armor.len) {
    AUTO(pool_freep) struct pool *pool = pool_new("spill");
    struct bytes piece = bytes_sub(armor, 0, PIECE);
    const char *last = piece.len < armor.len ? memrchr(piece.p, '\n', piece.len) : NULL;
    if (last)
      piece.len = (size_t)(last - piece.p) + 1;
    st = put_piece(r, s, text_to_crlf(pool, piece), err);
    armor = bytes_sub(armor, piece.len, SIZE_MAX);
  }
  return st;
}

bool spill_put(struct run *r, struct outgoing *o, struct bytes sealed)
{
  AUTO(pool_freep) struct pool *pool = pool_new("spill");
  struct fault err = { 0 };
  struct bytes head, tail;
  struct spill *s = pool_new_of(r->pool, struct spill);
  *s = (struct spill){ .next = r->spills, .fd = -1 };
  r->spills = s;
  secret_key_random(&s->key);
  mail_compose_frame(pool, &o->draft, sealed, &head, &tail);
  enum status st = FAILPOINT_FAILS("spill.open") ? fault(&err, ST_RETRY, "%s: a failpoint", r->g->conf->state_dir)
                                                 : file_without_name(r->g->conf->state_dir, &s->fd, &err);
  if (!st)
    st = put_piece(r, s, head, &err);
  if (!st && FAILPOINT_FAILS("spill.write"))
    st = fault(&err, ST_RETRY, "a failpoint");
  if (!st)
    st = put_armor(r, s, bytes_trim(sealed), &err);
  if (!st)
    st = put_piece(r, s, tail, &err);
  if (!st) {
    o->spill = s;
    return true;
  }
  log_event(&r->g->log, LOG_LEVEL_WARN, "a large mail stays in memory until its commit", LOG_STR("why", err.text));
  fd_closep(&s->fd);
  s->fd = -1;
  return false;
}

static enum status get_piece(const struct spill *s, size_t i, size_t from, struct buf *to, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("spill");
  struct bytes plain = { 0 };
  char *p = pool_alloc(pool, s->piece[i]);
  for (size_t n = 0; n < s->piece[i];) {
    ssize_t got = pread(s->fd, p + n, s->piece[i] - n, (off_t)(from + n));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return fault(err, ST_RETRY, "reading a large mail back: %s", got ? strerror(errno) : "the file is short");
    n += (size_t)got;
  }
  if (secret_open(pool, &s->key, (struct bytes){ p, s->piece[i] }, bound_to(pool, i), &plain, err))
    return fault(err, ST_RETRY, "reading a large mail back: it was altered on disk");
  buf_add(to, plain);
  return ST_OK;
}

enum status spill_get(const struct outgoing *o, struct pool *pool, struct bytes *out, struct fault *err)
{
  const struct spill *s = o->spill;
  struct buf b = buf_new(pool, s->len + 1);
  enum status st = ST_OK;
  size_t from = 0;
  for (size_t i = 0; !st && i < s->count; from += s->piece[i++])
    st = get_piece(s, i, from, &b, err);
  *out = buf_bytes(&b);
  if (!st && mail_check_final(*out, &o->draft, o->encrypt, err))
    st = err->status = ST_REJECT; /* our bug; it costs this letter and not the store */
  return st;
}

void spills_free(struct run *r)
{
  for (struct spill *s = r->spills; s; s = s->next)
    fd_closep(&s->fd);
  r->spills = NULL;
}

bool outgoing_sealed(const struct outgoing *o)
{
  return o->letter.len || o->spill;
}
