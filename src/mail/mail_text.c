/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/text: what a person would read of a letter. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

struct walk {
  const struct part_table *t;
  bool *plain, *any; /* per part: text/plain, any readable text at or below it */
  uint32_t *out;
  size_t count, max;
};

static bool is_html(const struct part *p)
{
  return text_ieq(p->type, "text/html") || text_ieq(p->type, "application/xhtml+xml");
}

/* The header copy that old programs show (RFC 9788 appendix and the draft): the reader of the protected Subject must
 * not see it again. */
static bool is_legacy_display(const struct part_table *t, uint32_t i)
{
  const struct part *p = &t->part[i];
  if (p->parent < 0 || !text_ieq(p->protected_headers, "v1"))
    return false;
  if (text_ieq(p->type, "text/rfc822-headers"))
    return true;
  const struct part *parent = &t->part[p->parent];
  return text_ieq(parent->protected_headers, "v1") && text_ieq(parent->type, "multipart/mixed") &&
         parts_child(t, (uint32_t)p->parent) == (int32_t)i && parts_next(t, i) >= 0;
}

static bool is_shown(const struct part_table *t, uint32_t i)
{
  const struct part *p = &t->part[i];
  bool alone = p->parent < 0 && !text_ieq(p->disposition, "attachment");
  return p->kind == PART_TEXT && (text_ieq(p->type, "text/plain") || is_html(p)) && (alone || !mail_is_attachment(p)) &&
         !is_legacy_display(t, i);
}

static bool first_child_only(const struct part *p)
{
  return text_ieq(p->type, "multipart/signed") || text_ieq(p->type, "multipart/related");
}

/* Children stand behind their parents: one pass from the end. Linear, however deep a sender nests. */
static void mark(struct walk *w)
{
  for (uint32_t i = w->t->count; i-- > 0;) {
    const struct part *p = &w->t->part[i];
    if (is_shown(w->t, i)) {
      w->any[i] = true;
      w->plain[i] = !is_html(p);
    }
    if (p->parent < 0)
      continue;
    const struct part *parent = &w->t->part[p->parent];
    bool counts = parent->kind == PART_MULTIPART && !text_ieq(parent->type, "multipart/encrypted") &&
                  (!first_child_only(parent) || parts_child(w->t, (uint32_t)p->parent) == (int32_t)i);
    w->plain[p->parent] |= counts && w->plain[i];
    w->any[p->parent] |= counts && w->any[i];
  }
}

/* Of the alternatives the last one that holds plain text; where none does, the last that holds text at all. */
static int32_t best_alternative(const struct walk *w, uint32_t i)
{
  int32_t best = -1;
  for (int32_t c = parts_child(w->t, i); c >= 0; c = parts_next(w->t, (uint32_t)c))
    if (w->plain[c] || (w->any[c] && (best < 0 || !w->plain[best])))
      best = c;
  return best;
}

/* Adds the shown parts below i in order. At most PARTS_DEPTH_MAX deep. */
static void walk(struct walk *w, uint32_t i)
{
  if (!w->any[i])
    return;
  if (w->t->part[i].kind == PART_TEXT) {
    if (w->count < w->max)
      w->out[w->count++] = i;
    return;
  }
  if (text_ieq(w->t->part[i].type, "multipart/alternative")) {
    walk(w, (uint32_t)best_alternative(w, i));
    return;
  }
  for (int32_t c = parts_child(w->t, i); c >= 0; c = parts_next(w->t, (uint32_t)c)) {
    walk(w, (uint32_t)c);
    if (first_child_only(&w->t->part[i]))
      break;
  }
}

size_t mail_text_parts(struct pool *pool, const struct part_table *t, uint32_t root, uint32_t *out, size_t max)
{
  struct walk w = { .t = t, .out = out, .max = max };
  w.plain = pool_array(pool, t->count, sizeof(bool));
  w.any = pool_array(pool, t->count, sizeof(bool));
  mark(&w);
  if (root < t->count)
    walk(&w, root);
  return w.count;
}

/* RFC 9788: with hp-legacy-display="1" the text begins with pseudo header lines and an empty line. */
static struct bytes without_legacy(struct pool *pool, const struct part_table *t, uint32_t i)
{
  struct bytes text = mail_part_text(t, i), rest = text, line;
  if (!text_ieq(mail_type_param(pool, t, i, "hp-legacy-display"), "1"))
    return text;
  while (bytes_next_line(&rest, &line) && bytes_trim(line).len)
    if (bytes_find(line, BYTES(": "), 0) == SIZE_MAX && line.p[0] != ' ')
      return text; /* no header lines: somebody's own words */
  return rest;
}

char *mail_text(struct pool *pool, const struct part_table *t, uint32_t root, bool *plain, int32_t *first)
{
  uint32_t *shown = pool_array(pool, t->count, sizeof *shown);
  size_t n = mail_text_parts(pool, t, root, shown, t->count);
  struct buf b = buf_new(pool, 256);
  *plain = n > 0;
  *first = n ? (int32_t)shown[0] : -1;
  for (size_t i = 0; i < n; i++) {
    if (b.len && b.data[b.len - 1] != '\n')
      buf_addc(&b, '\n');
    buf_add(&b, without_legacy(pool, t, shown[i]));
    *plain = *plain && !is_html(&t->part[shown[i]]);
  }
  return text_clean(pool, buf_bytes(&b), true);
}

static const char *const armor[][2] = {
  { "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----" },
  { "-----BEGIN PGP SIGNED MESSAGE-----", "-----END PGP SIGNATURE-----" },
  { "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----" },
};

static struct bytes without_armor(struct pool *pool, struct bytes text, const char *begin, const char *end)
{
  struct buf b = buf_new(pool, text.len);
  struct byte_span at;
  size_t from = 0;
  while (mail_armor_find(text, begin, end, from, &at)) {
    buf_add(&b, bytes_sub(text, from, at.off - from));
    from = (size_t)at.off + at.len;
  }
  buf_add(&b, bytes_sub(text, from, text.len - from));
  return buf_bytes(&b);
}

char *mail_text_outside(struct pool *pool, const struct part_table *t, int32_t except)
{
  uint32_t *shown = pool_array(pool, t->count, sizeof *shown);
  size_t n = mail_text_parts(pool, t, 0, shown, t->count);
  struct buf b = buf_new(pool, 256);
  for (size_t i = 0; i < n; i++) {
    struct bytes text = mail_part_text(t, shown[i]);
    if (except >= 0 && mail_is_child_of(t, shown[i], (uint32_t)except))
      continue;
    for (size_t k = 0; k < ARRAY_LEN(armor); k++)
      text = without_armor(pool, text, armor[k][0], armor[k][1]);
    if (b.len && b.data[b.len - 1] != '\n')
      buf_addc(&b, '\n');
    buf_add(&b, bytes_trim(text));
  }
  return text_clean(pool, buf_bytes(&b), true);
}
