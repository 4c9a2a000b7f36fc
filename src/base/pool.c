/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/pool: a bump allocator in blocks. What is large gets a block of its own, what is very large goes back to the
 * kernel at once. In a sanitizer build each allocation is a block of its own, so that ASan sees every overrun. */
#include <config.h>

#include <embargod/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base_private.h"

#define ALIGN 16u
#define BLOCK_FIRST (8u << 10)
#define BLOCK_LAST (256u << 10)
#define LARGE (32u << 10) /* from here on a block of its own */
#define MAPPED (1u << 20) /* from here on, in any pool, memory of its own from the kernel */
#define STASH_MAX (2u << 20)
#define POPULATE_MAX (4u << 20)
#ifdef EMBARGOD_SANITIZERS
#define OWN_BLOCK_EACH true
#else
#define OWN_BLOCK_EACH false
#endif

struct block {
  struct block *next;
  size_t size; /* of data */
  size_t used; /* of data */
  bool mapped; /* munmap, not free */
  bool fresh;  /* nobody wrote behind used: still zero from the kernel */
  char data[] __attribute__((aligned(16)));
};

struct pool {
  const char *name;
  struct block *small; /* the current one first */
  struct block *large; /* one allocation each */
  size_t next_size;
  size_t held;
  bool wiping;
};

static size_t round_up(size_t n)
{
  return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* A page fault costs more than the page: what will be written whole is made in one go. Very large mappings take huge
 * pages where there are some, and are not touched before their time. */
static void *map(size_t whole, bool filled, bool wiping)
{
  int now = filled && whole <= POPULATE_MAX ? MAP_POPULATE : 0;
  void *p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | now, -1, 0);
  if (p == MAP_FAILED)
    base_out_of_memory(whole);
  if (whole > POPULATE_MAX)
    (void)madvise(p, whole, MADV_HUGEPAGE); /* only a question of speed */
  if (wiping)
    (void)madvise(p, whole, MADV_DONTDUMP); /* a kernel without it only dumps more; RLIMIT_CORE is 0 besides */
  return p;
}

/* Wiped blocks wait here for the next wiping pool: a letter makes dozens of them, and a mapping with its page faults costs more
 * than all that is done in it. An allocator's cache, not state: nobody can tell whether a block comes from here. */
static _Thread_local struct {
  struct block *first;
  size_t held;
} stash;

static struct block *stash_take(size_t size)
{
  for (struct block **at = &stash.first; *at; at = &(*at)->next) {
    struct block *b = *at;
    if (b->size < size || b->size / 4 > size)
      continue;
    *at = b->next;
    stash.held -= b->size;
    b->next = NULL;
    b->used = 0;
    return b;
  }
  return NULL;
}

/* b is wiped. False: it is too much to keep. */
static bool stash_give(struct block *b)
{
  if (b->size > BLOCK_LAST || stash.held + b->size > STASH_MAX)
    return false;
  b->next = stash.first;
  stash.first = b;
  stash.held += b->size;
  return true;
}

/* filled: all of it is about to be used. */
static struct block *block_new(struct pool *pool, size_t size, bool filled)
{
  size_t whole = sizeof(struct block) + size;
  bool mapped = !OWN_BLOCK_EACH && (pool->wiping || whole >= MAPPED);
  struct block *b = mapped && pool->wiping ? stash_take(size) : NULL;
  if (b) {
    pool->held += b->size;
    return b;
  }
  if (mapped) {
    whole = (whole + 4095) & ~(size_t)4095;
    b = map(whole, filled || whole <= 4 * BLOCK_FIRST, pool->wiping);
  } else {
    b = filled || OWN_BLOCK_EACH ? calloc(1, whole) : malloc(whole);
    if (!b)
      base_out_of_memory(whole);
  }
  b->next = NULL;
  b->size = whole - sizeof(struct block);
  b->used = 0;
  b->mapped = mapped;
  b->fresh = mapped || filled || OWN_BLOCK_EACH;
  pool->held += b->size;
  return b;
}

static void block_free(struct pool *pool, struct block *b)
{
  pool->held -= b->size;
  if (pool->wiping)
    explicit_bzero(b->data, b->used);
  if (pool->wiping && b->mapped && stash_give(b))
    return;
  if (b->mapped)
    munmap(b, sizeof *b + b->size);
  else
    free(b);
}

static void blocks_free(struct pool *pool, struct block *b)
{
  while (b) {
    struct block *next = b->next;
    block_free(pool, b);
    b = next;
  }
}

static struct pool *make(const char *name, bool wiping)
{
  struct pool *pool = calloc(1, sizeof *pool);
  if (!pool)
    base_out_of_memory(sizeof *pool);
  pool->name = name;
  pool->wiping = wiping;
  pool->next_size = BLOCK_FIRST;
  return pool;
}

struct pool *pool_new(const char *name)
{
  return make(name, false);
}

struct pool *pool_new_wiping(const char *name)
{
  return make(name, true);
}

void pool_free(struct pool **pool)
{
  if (!pool || !*pool)
    return;
  blocks_free(*pool, (*pool)->small);
  blocks_free(*pool, (*pool)->large);
  free(*pool);
  *pool = NULL;
}

void pool_freep(struct pool **pool)
{
  pool_free(pool);
}

void pool_reset(struct pool *pool)
{
  blocks_free(pool, pool->large);
  pool->large = NULL;
  struct block *keep = pool->small;
  if (!keep)
    return;
  blocks_free(pool, keep->next);
  keep->next = NULL;
  if (pool->wiping)
    explicit_bzero(keep->data, keep->used);
  else
    keep->fresh = false;
  keep->used = 0;
}

size_t pool_bytes(const struct pool *pool)
{
  return pool->held;
}

static void *alloc_large(struct pool *pool, size_t size)
{
  struct block *b = block_new(pool, size, true);
  b->used = size;
  b->next = pool->large;
  pool->large = b;
  return b->data;
}

void *pool_alloc(struct pool *pool, size_t size)
{
  invariant(pool);
  if (size > PTRDIFF_MAX / 2)
    base_out_of_memory(size);
  if (size == 0)
    size = 1;
  if (OWN_BLOCK_EACH || size >= LARGE)
    return alloc_large(pool, size);
  size_t need = round_up(size);
  struct block *b = pool->small;
  if (!b || b->size - b->used < need) {
    size_t want = pool->next_size - sizeof(struct block);
    struct block *fresh = block_new(pool, want > need ? want : need, false);
    if (pool->next_size < BLOCK_LAST)
      pool->next_size *= 2;
    fresh->next = b;
    pool->small = b = fresh;
  }
  void *p = b->data + b->used;
  b->used += need;
  if (!b->fresh)
    memset(p, 0, need);
  return p;
}

bool pool_extend(struct pool *pool, void *ptr, size_t old, size_t size)
{
  struct block *b = pool->small;
  if (OWN_BLOCK_EACH || !ptr || size < old || size >= LARGE || !b)
    return false;
  size_t had = round_up(old ? old : 1), need = round_up(size);
  if ((char *)ptr < b->data || (char *)ptr + had != b->data + b->used || b->size - b->used < need - had)
    return false;
  b->used += need - had;
  memset((char *)ptr + old, 0, need - old);
  return true;
}

void *pool_array(struct pool *pool, size_t count, size_t size)
{
  size_t whole;
  if (__builtin_mul_overflow(count, size, &whole))
    base_out_of_memory(SIZE_MAX);
  return pool_alloc(pool, whole);
}

char *pool_str(struct pool *pool, struct bytes b)
{
  char *s = pool_alloc(pool, b.len + 1);
  if (b.len)
    memcpy(s, b.p, b.len);
  return s;
}

char *pool_strdup(struct pool *pool, const char *s)
{
  return s ? pool_str(pool, bytes_str(s)) : NULL;
}

char *pool_strndup(struct pool *pool, const char *s, size_t len)
{
  return s ? pool_str(pool, (struct bytes){ s, strnlen(s, len) }) : NULL;
}

struct bytes pool_bytes_dup(struct pool *pool, struct bytes b)
{
  return (struct bytes){ pool_str(pool, b), b.len };
}

char *pool_vprintf(struct pool *pool, const char *fmt, va_list ap)
{
  char small[256];
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(small, sizeof small, fmt, again);
  va_end(again);
  invariant(n >= 0);
  char *s = pool_alloc(pool, (size_t)n + 1);
  if ((size_t)n < sizeof small)
    memcpy(s, small, (size_t)n + 1);
  else
    vsnprintf(s, (size_t)n + 1, fmt, ap);
  if (pool->wiping)
    explicit_bzero(small, sizeof small);
  return s;
}

char *pool_printf(struct pool *pool, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  char *s = pool_vprintf(pool, fmt, ap);
  va_end(ap);
  return s;
}

void *pool_grow(struct pool *pool, void *items, size_t count, size_t *cap, size_t size)
{
  if (count < *cap)
    return items;
  size_t more = *cap ? *cap * 2 : 8, old, whole;
  if (__builtin_mul_overflow(more, size, &whole))
    base_out_of_memory(SIZE_MAX);
  old = *cap * size;
  *cap = more;
  if (pool_extend(pool, items, old, whole))
    return items;
  void *fresh = pool_alloc(pool, whole);
  if (count)
    memcpy(fresh, items, count * size);
  return fresh;
}
