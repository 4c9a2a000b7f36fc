/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/skeleton: a letter without what is attached beside it anyway. */
#include <config.h>

#include "mail_private.h"

struct bytes mail_skeleton(struct pool *pool, const struct part_table *t, size_t min)
{
  struct mail_attachment *a = NULL;
  size_t n = mail_attachments(pool, t, 0, &a), from = 0;
  struct buf b = buf_new(
      pool, 8192 + n * 256); /* the table comes from embargod-parse: its spans may overlap, no sum is built on them */
  for (size_t i = 0; i < n; i++) { /* in the order of their parts, so in that of their places */
    struct byte_span body = t->part[a[i].part].body;
    if (body.len < min || body.off < from)
      continue;
    buf_add(&b, bytes_sub(t->raw, from, body.off - from));
    buf_printf(&b, "[%zu bytes are left out here: %s, %zu bytes decoded]\r\n", (size_t)body.len, a[i].filename,
               a[i].bytes.len);
    from = body.off + body.len;
  }
  buf_add(&b, bytes_sub(t->raw, from, t->raw.len - from));
  return buf_bytes(&b);
}
