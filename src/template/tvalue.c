/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/tvalue: the small tree that templates read from. */
#include <config.h>

#include "template_private.h"
#include <string.h>

static struct tvalue *fresh(struct pool *pool, enum tvalue_kind kind)
{
  struct tvalue *v = pool_new_of(pool, struct tvalue);
  v->kind = kind;
  v->text = "";
  return v;
}

struct tvalue *tvalue_object(struct pool *pool)
{
  return fresh(pool, TVALUE_OBJECT);
}

struct tvalue *tvalue_list(struct pool *pool)
{
  return fresh(pool, TVALUE_LIST);
}

struct tvalue *tvalue_string(struct pool *pool, const char *s)
{
  struct tvalue *v = fresh(pool, TVALUE_STRING);
  v->text = s ? pool_strdup(pool, s) : "";
  return v;
}

struct tvalue *tvalue_bool(struct pool *pool, bool b)
{
  struct tvalue *v = fresh(pool, TVALUE_BOOL);
  v->truth = b;
  v->text = b ? "true" : "false";
  return v;
}

void tvalue_set(struct pool *pool, struct tvalue *object, const char *key, struct tvalue *v)
{
  invariant(object->kind == TVALUE_OBJECT);
  for (size_t i = 0; i < object->count; i++)
    if (strcmp(object->pair[i].key, key) == 0) {
      object->pair[i].value = v;
      return;
    }
  object->pair = pool_grow(pool, object->pair, object->count, &object->cap, sizeof *object->pair);
  object->pair[object->count++] = (struct tpair){ pool_strdup(pool, key), v };
}

void tvalue_sets(struct pool *pool, struct tvalue *object, const char *key, const char *s)
{
  tvalue_set(pool, object, key, tvalue_string(pool, s));
}

void tvalue_setb(struct pool *pool, struct tvalue *object, const char *key, bool b)
{
  tvalue_set(pool, object, key, tvalue_bool(pool, b));
}

void tvalue_add(struct pool *pool, struct tvalue *list, struct tvalue *v)
{
  invariant(list->kind == TVALUE_LIST);
  list->item = pool_grow(pool, list->item, list->count, &list->cap, sizeof *list->item);
  list->item[list->count++] = v;
}

const struct tvalue *tvalue_get(const struct tvalue *object, const char *key)
{
  if (!object || object->kind != TVALUE_OBJECT)
    return NULL;
  for (size_t i = 0; i < object->count; i++)
    if (strcmp(object->pair[i].key, key) == 0)
      return object->pair[i].value;
  return NULL;
}

const char *tvalue_text(const struct tvalue *v)
{
  return v ? v->text : "";
}

bool tvalue_true(const struct tvalue *v)
{
  if (!v)
    return false;
  switch (v->kind) {
  case TVALUE_STRING:
    return v->text[0] != '\0';
  case TVALUE_BOOL:
    return v->truth;
  case TVALUE_LIST:
    return v->count > 0;
  case TVALUE_OBJECT:
    return true;
  }
  return false;
}
