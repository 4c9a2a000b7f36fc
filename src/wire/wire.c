/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: messages, filled and read. */
#include <config.h>

#include <embargod/wire.h>
#include <string.h>
#include <unistd.h>

#include "wire_private.h"

struct wire_msg *wire_new(struct pool *pool, uint16_t type, uint32_t job)
{
  struct wire_msg *m = pool_new_of(pool, struct wire_msg);
  m->pool = pool;
  m->type = type;
  m->job = job;
  m->values.pool = pool;
  return m;
}

static void put_entry(struct wire_msg *m, struct wire_entry entry, const char *place)
{
  m->entry = pool_grow(m->pool, m->entry, m->count, &m->entry_cap, sizeof *m->entry);
  m->place = pool_grow(m->pool, m->place, m->count, &m->place_cap, sizeof *m->place);
  m->entry[m->count] = entry;
  m->place[m->count++] = place;
}

void wire_put(struct wire_msg *m, uint16_t tag, struct bytes value)
{
  if (m->count == WIRE_FIELDS_MAX || value.len > WIRE_FIELD_MAX || m->values.len > WIRE_FIELD_MAX) {
    m->too_big = true;
    return;
  }
  struct wire_entry entry = { tag, WIRE_INLINE, (uint32_t)value.len };
  if (value.len > WIRE_INLINE_MAX && m->large < WIRE_FDS_MAX - 1) {
    entry.kind = WIRE_LARGE;
    m->large++;
    put_entry(m, entry, value.p);
    return;
  }
  size_t at = m->values.len;
  buf_add(&m->values, value);
  buf_addc(&m->values, '\0');
  put_entry(m, entry, m->values.data + at);
}

void wire_puts(struct wire_msg *m, uint16_t tag, const char *s)
{
  if (s)
    wire_put(m, tag, bytes_str(s));
}

void wire_puti(struct wire_msg *m, uint16_t tag, int64_t v)
{
  char raw[sizeof v];
  memcpy(raw, &v, sizeof v);
  wire_put(m, tag, (struct bytes){ raw, sizeof raw });
}

uint16_t wire_type(const struct wire_msg *m)
{
  return m->type;
}

uint32_t wire_job(const struct wire_msg *m)
{
  return m->job;
}

void wire_set_job(struct wire_msg *m, uint32_t job)
{
  m->job = job;
}

size_t wire_count(const struct wire_msg *m)
{
  return m->count;
}

uint16_t wire_field(const struct wire_msg *m, size_t i, struct bytes *out)
{
  invariant(i < m->count);
  *out = (struct bytes){ m->place[i], m->place[i] ? m->entry[i].len : 0 };
  return m->entry[i].tag;
}

bool wire_get(const struct wire_msg *m, uint16_t tag, struct bytes *out)
{
  for (size_t i = 0; i < m->count; i++)
    if (m->entry[i].tag == tag) {
      wire_field(m, i, out);
      return true;
    }
  return false;
}

const char *wire_gets(const struct wire_msg *m, uint16_t tag)
{
  struct bytes b;
  if (!wire_get(m, tag, &b) || !b.p || memchr(b.p, '\0', b.len))
    return NULL;
  /* A large value of a message still being filled is its owner's: nobody knows what stands behind it. */
  return m->values.pool ? pool_str(m->pool, b) : b.p;
}

int64_t wire_number(struct bytes field, int64_t fallback)
{
  int64_t v;
  if (field.len != sizeof v)
    return fallback;
  memcpy(&v, field.p, sizeof v);
  return v;
}

int64_t wire_geti(const struct wire_msg *m, uint16_t tag, int64_t fallback)
{
  struct bytes b;
  return wire_get(m, tag, &b) ? wire_number(b, fallback) : fallback;
}

struct wire_msg *wire_freeze(struct pool *pool, const struct wire_msg *m)
{
  struct wire_msg *copy = wire_new(pool, m->type, m->job);
  copy->too_big = m->too_big;
  copy->values = buf_new(pool, m->values.len);
  copy->large_fd = pool_array(pool, WIRE_FDS_MAX, sizeof *copy->large_fd);
  for (size_t i = 0; i < WIRE_FDS_MAX; i++)
    copy->large_fd[i] = -1;
  for (size_t i = 0; i < m->count; i++) {
    struct bytes value;
    uint16_t tag = wire_field(m, i, &value);
    if (m->entry[i].kind != WIRE_LARGE) {
      wire_put(copy, tag, value);
      continue;
    }
    int fd = wire_memfd(&value, 1);
    copy->large_fd[copy->large++] = fd;
    put_entry(copy, m->entry[i], fd >= 0 ? NULL : pool_bytes_dup(pool, value).p);
  }
  return copy;
}

void wire_release(struct wire_msg *m)
{
  for (size_t i = 0; m->large_fd && i < WIRE_FDS_MAX; i++)
    if (m->large_fd[i] >= 0) {
      close(m->large_fd[i]);
      m->large_fd[i] = -1;
    }
}
