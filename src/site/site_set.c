/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/set: paths of a tree. A hash table: a tree has some thousand of them, each looked up some times for each
 * publication. */
#include <config.h>

#include <string.h>

#include "site_private.h"

static uint32_t hash(const char *s)
{
  uint32_t h = 2166136261u; /* FNV-1a */
  for (; *s; s++)
    h = (h ^ (unsigned char)*s) * 16777619u;
  return h;
}

struct site_set site_set_new(struct pool *pool, size_t hint)
{
  struct site_set set = { .pool = pool, .slots = 64 };
  while (set.slots < 2 * hint)
    set.slots *= 2;
  set.slot = pool_array(pool, set.slots, sizeof *set.slot);
  return set;
}

static uint32_t *place(const struct site_set *set, const char *path)
{
  size_t at = hash(path) & (set->slots - 1);
  while (set->slot[at] && strcmp(set->item[set->slot[at] - 1].path, path) != 0)
    at = (at + 1) & (set->slots - 1);
  return &set->slot[at];
}

struct site_item *site_set_find(const struct site_set *set, const char *path)
{
  uint32_t number = *place(set, path);
  return number ? &set->item[number - 1] : NULL;
}

static void widen(struct site_set *set)
{
  set->slots *= 2;
  set->slot = pool_array(set->pool, set->slots, sizeof *set->slot);
  for (size_t i = 0; i < set->count; i++)
    *place(set, set->item[i].path) = (uint32_t)i + 1;
}

struct site_item *site_set_add(struct site_set *set, const char *path)
{
  uint32_t *slot = place(set, path);
  if (*slot)
    return &set->item[*slot - 1];
  set->item = pool_grow(set->pool, set->item, set->count, &set->cap, sizeof *set->item);
  set->item[set->count++] = (struct site_item){ .path = path };
  *slot = (uint32_t)set->count;
  if (2 * set->count > set->slots)
    widen(set);
  return &set->item[set->count - 1];
}
