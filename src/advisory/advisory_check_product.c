/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/check_product: product and group ids, what is said of each product (CSAF 2.0, 6.1.1 to 6.1.6, 6.1.29, 6.1.31). */
#include <config.h>

#include <string.h>

#include "advisory_private.h"

/* An id and where it stands. */
struct mention {
  const char *id;
  char *path;
};
struct mentions {
  struct pool *pool;
  struct mention *m;
  size_t count, cap;
};

static void mention(struct mentions *l, const json_t *id, char *path)
{
  if (!json_is_string(id))
    return;
  l->m = pool_grow(l->pool, l->m, l->count, &l->cap, sizeof *l->m);
  l->m[l->count++] = (struct mention){ json_string_value(id), path };
}

static void mention_list(struct mentions *l, const json_t *ids, const char *path)
{
  for (size_t i = 0; i < check_count(ids); i++)
    mention(l, json_array_get(ids, i), pool_printf(l->pool, "%s/%zu", path, i));
}

static bool is_there(const struct mentions *l, const char *id)
{
  for (size_t i = 0; i < l->count; i++)
    if (!strcmp(l->m[i].id, id))
      return true;
  return false;
}

static bool all_defined(struct check *c, const struct mentions *used, const struct mentions *defined)
{
  for (size_t i = 0; i < used->count; i++)
    if (!is_there(defined, used->m[i].id))
      return CHECK_FAULT(c, used->m[i].path, "\"%s\" is not defined", used->m[i].id);
  return true;
}

static bool none_twice(struct check *c, const struct mentions *l)
{
  for (size_t i = 1; i < l->count; i++) {
    struct mentions before = { .m = l->m, .count = i };
    if (is_there(&before, l->m[i].id))
      return CHECK_FAULT(c, l->m[i].path, "\"%s\" is there already", l->m[i].id);
  }
  return true;
}

/* ---- where products are defined ---- */
static void defined_in(struct mentions *l, const json_t *branches, const char *path)
{
  for (size_t i = 0; i < check_count(branches); i++) {
    const json_t *b = json_array_get(branches, i);
    char *at = pool_printf(l->pool, "%s/%zu", path, i);
    mention(l, check_at(b, "product.product_id"), pool_printf(l->pool, "%s/product/product_id", at));
    defined_in(l, json_object_get(b, "branches"), pool_printf(l->pool, "%s/branches", at));
  }
}

static struct mentions defined(struct check *c)
{
  struct mentions l = { .pool = c->pool };
  const json_t *full = check_at(c->doc, "product_tree.full_product_names"), *related = check_at(c->doc, "product_tree.relationships");
  defined_in(&l, check_at(c->doc, "product_tree.branches"), "/product_tree/branches");
  for (size_t i = 0; i < check_count(full); i++)
    mention(&l, check_at(json_array_get(full, i), "product_id"), pool_printf(c->pool, "/product_tree/full_product_names/%zu/product_id", i));
  for (size_t i = 0; i < check_count(related); i++)
    mention(&l, check_at(json_array_get(related, i), "full_product_name.product_id"),
            pool_printf(c->pool, "/product_tree/relationships/%zu/full_product_name/product_id", i));
  return l;
}

/* ---- where they are named ---- */
static const char *const parts_with_ids[] = { "remediations", "threats", "flags" };

static void used_in(struct mentions *l, const json_t *v, const char *path)
{
  const char *status;
  json_t *ids;
  json_object_foreach(json_object_get(v, "product_status"), status, ids)
    mention_list(l, ids, pool_printf(l->pool, "%s/product_status/%s", path, status));
  const json_t *scores = json_object_get(v, "scores");
  for (size_t i = 0; i < check_count(scores); i++)
    mention_list(l, check_at(json_array_get(scores, i), "products"), pool_printf(l->pool, "%s/scores/%zu/products", path, i));
  for (size_t p = 0; p < ARRAY_LEN(parts_with_ids); p++) {
    const json_t *part = json_object_get(v, parts_with_ids[p]);
    for (size_t i = 0; i < check_count(part); i++)
      mention_list(l, check_at(json_array_get(part, i), "product_ids"), pool_printf(l->pool, "%s/%s/%zu/product_ids", path, parts_with_ids[p], i));
  }
}

static struct mentions used(struct check *c)
{
  static const char *const ends[] = { "product_reference", "relates_to_product_reference" };
  struct mentions l = { .pool = c->pool };
  const json_t *related = check_at(c->doc, "product_tree.relationships"), *groups = check_at(c->doc, "product_tree.product_groups");
  const json_t *all = json_object_get(c->doc, "vulnerabilities");
  for (size_t i = 0; i < check_count(related); i++)
    for (size_t e = 0; e < ARRAY_LEN(ends); e++)
      mention(&l, check_at(json_array_get(related, i), ends[e]), pool_printf(c->pool, "/product_tree/relationships/%zu/%s", i, ends[e]));
  for (size_t i = 0; i < check_count(groups); i++)
    mention_list(&l, check_at(json_array_get(groups, i), "product_ids"), pool_printf(c->pool, "/product_tree/product_groups/%zu/product_ids", i));
  for (size_t i = 0; i < check_count(all); i++)
    used_in(&l, json_array_get(all, i), pool_printf(c->pool, "/vulnerabilities/%zu", i));
  return l;
}

bool check_defined(struct check *c)
{
  struct mentions u = used(c), d = defined(c);
  return all_defined(c, &u, &d);
}

bool check_unique(struct check *c)
{
  struct mentions d = defined(c);
  return none_twice(c, &d);
}

/* ---- 6.1.3: a relationship whose product is defined by itself, over whatever way ---- */
static bool leads_to(const json_t *related, const char *from, const char *to, size_t steps)
{
  for (size_t i = 0; steps && i < check_count(related); i++) {
    const json_t *r = json_array_get(related, i);
    if (strcmp(check_text(r, "full_product_name.product_id"), from) != 0)
      continue;
    const char *a = check_text(r, "product_reference"), *b = check_text(r, "relates_to_product_reference");
    if (!strcmp(a, to) || !strcmp(b, to) || leads_to(related, a, to, steps - 1) || leads_to(related, b, to, steps - 1))
      return true;
  }
  return false;
}

#define RELATED_MAX 12 /* we write none; the search must stay small on any input */

bool check_circular(struct check *c)
{
  const json_t *related = check_at(c->doc, "product_tree.relationships");
  size_t n = check_count(related);
  for (size_t i = 0; i < n; i++) {
    const char *id = check_text(json_array_get(related, i), "full_product_name.product_id");
    if (leads_to(related, id, id, n < RELATED_MAX ? n : RELATED_MAX))
      return CHECK_FAULT(c, pool_printf(c->pool, "/product_tree/relationships/%zu", i), "\"%s\" is defined by itself", id);
  }
  return true;
}

/* ---- 6.1.4, 6.1.5: groups ---- */
static struct mentions groups(struct check *c)
{
  struct mentions l = { .pool = c->pool };
  const json_t *all = check_at(c->doc, "product_tree.product_groups");
  for (size_t i = 0; i < check_count(all); i++)
    mention(&l, check_at(json_array_get(all, i), "group_id"), pool_printf(c->pool, "/product_tree/product_groups/%zu/group_id", i));
  return l;
}

bool check_groups_defined(struct check *c)
{
  struct mentions u = { .pool = c->pool }, d = groups(c);
  const json_t *all = json_object_get(c->doc, "vulnerabilities");
  for (size_t i = 0; i < check_count(all); i++)
    for (size_t p = 0; p < ARRAY_LEN(parts_with_ids); p++) {
      const json_t *part = json_object_get(json_array_get(all, i), parts_with_ids[p]);
      for (size_t k = 0; k < check_count(part); k++)
        mention_list(&u, check_at(json_array_get(part, k), "group_ids"),
                     pool_printf(c->pool, "/vulnerabilities/%zu/%s/%zu/group_ids", i, parts_with_ids[p], k));
    }
  return all_defined(c, &u, &d);
}

bool check_groups_unique(struct check *c)
{
  struct mentions d = groups(c);
  return none_twice(c, &d);
}

/* ---- 6.1.6: one product, contradicting status ---- */
static const struct {
  const char *status;
  int kind;
} statuses[] = {
  { "first_affected", 1 }, { "known_affected", 1 }, { "last_affected", 1 },      { "known_not_affected", 2 },
  { "first_fixed", 3 },    { "fixed", 3 },          { "under_investigation", 4 },
};

static bool no_contradiction(struct check *c, const json_t *v, char *path)
{
  struct mentions before[5];
  for (size_t k = 0; k < ARRAY_LEN(before); k++)
    before[k] = (struct mentions){ .pool = c->pool };
  for (size_t s = 0; s < ARRAY_LEN(statuses); s++) {
    const json_t *ids = json_object_get(json_object_get(v, "product_status"), statuses[s].status);
    struct mentions here = { .pool = c->pool };
    mention_list(&here, ids, pool_printf(c->pool, "%s/product_status/%s", path, statuses[s].status));
    for (size_t i = 0; i < here.count; i++)
      for (int k = 1; k < 5; k++)
        if (k != statuses[s].kind && is_there(&before[k], here.m[i].id))
          return CHECK_FAULT(c, here.m[i].path, "\"%s\" has another status already", here.m[i].id);
    mention_list(&before[statuses[s].kind], ids, path);
  }
  return true;
}

bool check_status(struct check *c)
{
  return check_vulnerabilities(c, no_contradiction);
}

/* ---- 6.1.29 ---- */
static bool remedies_name_products(struct check *c, const json_t *v, char *path)
{
  const json_t *all = json_object_get(v, "remediations");
  for (size_t i = 0; i < check_count(all); i++) {
    const json_t *r = json_array_get(all, i);
    if (!json_object_get(r, "product_ids") && !json_object_get(r, "group_ids"))
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/remediations/%zu", path, i), "it names no product");
  }
  return true;
}

bool check_remedies(struct check *c)
{
  return check_vulnerabilities(c, remedies_name_products);
}

/* ---- 6.1.31: a range where one version should be ---- */
static const char *range_in(struct pool *pool, const char *name)
{
  static const char *const words[] = { "after", "all", "before", "earlier", "later", "prior", "versions" };
  if (strpbrk(name, "<>"))
    return strpbrk(name, "<>");
  char *low = text_lower(pool, name);
  for (char *word = low + strspn(low, " \t\n"); *word; word += strspn(word, " \t\n")) {
    size_t len = strcspn(word, " \t\n");
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
      if (strlen(words[i]) == len && !strncmp(word, words[i], len))
        return words[i];
    word += len;
  }
  return NULL;
}

static bool no_range(struct check *c, const json_t *branches, const char *path)
{
  for (size_t i = 0; i < check_count(branches); i++) {
    const json_t *b = json_array_get(branches, i);
    const char *range = strcmp(check_text(b, "category"), "product_version") ? NULL : range_in(c->pool, check_text(b, "name"));
    if (range)
      return CHECK_FAULT(c, pool_printf(c->pool, "%s/%zu/name", path, i), "a range (%s) and no version", range);
    if (!no_range(c, json_object_get(b, "branches"), pool_printf(c->pool, "%s/%zu/branches", path, i)))
      return false;
  }
  return true;
}

bool check_ranges(struct check *c)
{
  return no_range(c, check_at(c->doc, "product_tree.branches"), "/product_tree/branches");
}
