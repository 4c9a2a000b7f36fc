/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/buf: a growing byte buffer in a pool. */
#include <config.h>

#include <embargod/base.h>
#include <stdio.h>
#include <string.h>

#include "base_private.h"

struct buf buf_new(struct pool *pool, size_t hint)
{
  struct buf b = { .pool = pool, .cap = (hint ? hint : 63) + 1 };
  b.data = pool_alloc(pool, b.cap);
  return b;
}

/* Room for more bytes and the NUL. */
static void buf_room(struct buf *b, size_t more)
{
  size_t need;
  if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1, &need))
    base_out_of_memory(SIZE_MAX);
  if (need <= b->cap)
    return;
  size_t cap = b->cap ? b->cap : 64;
  while (cap < need)
    cap = cap > SIZE_MAX / 4 ? need : cap * 2;
  if (!pool_extend(b->pool, b->data, b->cap, cap)) {
    char *fresh = pool_alloc(b->pool, cap);
    if (b->len)
      memcpy(fresh, b->data, b->len);
    b->data = fresh;
  }
  b->cap = cap;
}

void buf_add(struct buf *b, struct bytes s)
{
  if (!s.len)
    return;
  buf_room(b, s.len);
  memmove(b->data + b->len, s.p, s.len);
  b->len += s.len;
  b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
  buf_add(b, bytes_str(s));
}

void buf_addc(struct buf *b, char c)
{
  buf_room(b, 1);
  b->data[b->len++] = c;
  b->data[b->len] = '\0';
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
  va_list again;
  va_copy(again, ap);
  buf_room(b, 64);
  size_t room = b->cap - b->len;
  int n = vsnprintf(b->data + b->len, room, fmt, again);
  va_end(again);
  invariant(n >= 0);
  if ((size_t)n >= room) {
    b->data[b->len] = '\0';
    buf_room(b, (size_t)n);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
  }
  b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  buf_vprintf(b, fmt, ap);
  va_end(ap);
}

struct bytes buf_bytes(const struct buf *b)
{
  return (struct bytes){ b->data, b->len };
}

char *buf_str(const struct buf *b)
{
  return b->data;
}
