/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/agree: libetpan as second reader. A letter that two parsers see differently is what signature-wrapping tricks
 * are made of; it is noted (REPAIR_AMBIGUOUS), and the spans stay ours. They are ours because libetpan 1.9.4 merges an
 * empty part without headers into its neighbour, takes parts behind the closing boundary, and no longer sees the
 * multipart when a comment follows its boundary: three ways to move what a signature covers. libetpan's cost is size
 * times depth, its recursion one frame a level, and it has no limits: the scan has refused what it cannot bear before.
 */
#include "parse_private.h"
#include <embargod/text.h>
#include <libetpan/libetpan.h>
#include <string.h>

#define AGREE_COST_MAX (256u << 20) /* size times depth: about a second */

/* libetpan decodes words in headers while it parses, and would call iconv_open() with a sender's charset: that loads a
 * shared object, which the sandbox answers with death. Nobody reads its texts here: the bytes stay as they are. */
static int no_conversion(const char *to, const char *from, const char *s, size_t len, char *result, size_t *result_len)
{
  if (len > *result_len)
    len = *result_len;
  memcpy(result, s, len);
  *result_len = len;
  return MAIL_CHARCONV_NO_ERROR;
}

struct agree {
  const char *base;
  const struct scan *scan;
  uint32_t next; /* parts are numbered in document order, as libetpan's tree is walked */
};

static void mime_free(struct mailmime **m)
{
  if (*m)
    mailmime_free(*m);
  *m = NULL;
}

static bool same_body(const struct agree *a, const struct mailmime *m, const struct scan_part *p)
{
  if (!m->mm_body || m->mm_body->dt_type != MAILMIME_DATA_TEXT)
    return p->body.len == 0;
  const char *at = m->mm_body->dt_data.dt_text.dt_data;
  return (uintptr_t)at == (uintptr_t)a->base + p->body.off && m->mm_body->dt_data.dt_text.dt_length == p->body.len;
}

static bool same_parts(struct agree *a, const struct mailmime *m, int depth);

static bool same_children(struct agree *a, const struct mailmime *m, uint32_t index, int depth)
{
  for (clistiter *cur = clist_begin(m->mm_data.mm_multipart.mm_mp_list); cur; cur = clist_next(cur)) {
    uint32_t child = a->next;
    if (child >= a->scan->count || a->scan->part[child].parent != (int32_t)index ||
        !same_parts(a, clist_content(cur), depth + 1))
      return false;
  }
  return true;
}

static bool same_parts(struct agree *a, const struct mailmime *m, int depth)
{
  if (!m || a->next >= a->scan->count || depth > PARTS_DEPTH_MAX)
    return false;
  uint32_t index = a->next++;
  const struct scan_part *p = &a->scan->part[index];
  switch (m->mm_type) {
  case MAILMIME_SINGLE:
    return p->kind != PART_MULTIPART && p->kind != PART_MESSAGE && same_body(a, m, p);
  case MAILMIME_MULTIPLE:
    return p->kind == PART_MULTIPART && same_children(a, m, index, depth);
  case MAILMIME_MESSAGE:
    return p->kind == PART_MESSAGE && same_parts(a, m->mm_data.mm_message.mm_msg_mime, depth + 1);
  default:
    return false;
  }
}

bool etpan_agrees(struct pool *pool, struct bytes raw, const struct scan *scan)
{
  if ((uint64_t)raw.len * (scan->depth + 1u) > AGREE_COST_MAX || !raw.len)
    return true;
  struct bytes copy = pool_bytes_dup(pool, raw); /* ends with a NUL: libetpan looks one byte too far */
  AUTO(mime_free) struct mailmime *top = NULL;
  size_t index = 0;
  extended_charconv = no_conversion;
  if (mailmime_parse(copy.p, copy.len, &index, &top) != MAILIMF_NO_ERROR || !top || top->mm_type != MAILMIME_MESSAGE)
    return false;
  struct agree a = { copy.p, scan, 0 };
  const struct mailmime *root = top->mm_data.mm_message.mm_msg_mime;
  if (scan->count == 1 && root && root->mm_type == MAILMIME_SINGLE)
    return true; /* no structure: where a broken header ends may differ */
  return same_parts(&a, root, 0) && a.next == scan->count;
}
