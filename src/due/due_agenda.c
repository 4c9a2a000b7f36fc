/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due/agenda: when to look at which case next, so that a look loads those cases only whose time has come. In memory: whoever starts looks
 * at all of them once. */
#include <config.h>

#include <embargod/due.h>
#include <embargod/text.h>
#include <string.h>

struct slot {
  const char *id; /* NULL: free */
  int64_t at;     /* 0: not before something happens */
};
struct due_agenda {
  struct pool *pool;
  struct slot *slot;
  size_t size, count; /* size: a power of two, at most three quarters of it used */
};

struct due_agenda *due_agenda_new(struct pool *pool)
{
  struct due_agenda *a = pool_new_of(pool, struct due_agenda);
  *a = (struct due_agenda){ .pool = pool, .size = 64 };
  a->slot = pool_array(pool, a->size, sizeof *a->slot);
  memset(a->slot, 0, a->size * sizeof *a->slot);
  return a;
}

static struct slot *slot_of(struct due_agenda *a, const char *id)
{
  uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a; the ids are our own */
  for (const char *s = id; *s; s++)
    h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
  size_t at = (size_t)h & (a->size - 1);
  while (a->slot[at].id && strcmp(a->slot[at].id, id) != 0)
    at = (at + 1) & (a->size - 1);
  return &a->slot[at];
}

static void grow(struct due_agenda *a)
{
  struct slot *old = a->slot;
  size_t size = a->size;
  a->size *= 2;
  a->slot = pool_array(a->pool, a->size, sizeof *a->slot);
  memset(a->slot, 0, a->size * sizeof *a->slot);
  for (size_t i = 0; i < size; i++)
    if (old[i].id)
      *slot_of(a, old[i].id) = old[i];
}

void due_agenda_set(struct due_agenda *a, const char *id, int64_t at)
{
  struct slot *s = slot_of(a, id);
  if (!s->id) {
    if ((a->count + 1) * 4 > a->size * 3) {
      grow(a);
      s = slot_of(a, id);
    }
    s->id = pool_strdup(a->pool, id);
    a->count++;
  }
  s->at = at;
}

size_t due_agenda_take(struct due_agenda *a, struct pool *pool, int64_t now, const char ***ids)
{
  size_t n = 0, cap = 0;
  *ids = NULL;
  for (size_t i = 0; i < a->size; i++) {
    if (!a->slot[i].id || !a->slot[i].at || a->slot[i].at > now)
      continue;
    a->slot[i].at = 0;
    *ids = pool_grow(pool, *ids, n, &cap, sizeof **ids);
    (*ids)[n++] = a->slot[i].id;
  }
  return n;
}

int64_t due_agenda_next(const struct due_agenda *a)
{
  int64_t next = 0;
  for (size_t i = 0; i < a->size; i++)
    if (a->slot[i].at && (!next || a->slot[i].at < next))
      next = a->slot[i].at;
  return next;
}
