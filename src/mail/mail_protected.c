/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/protected: header fields under the signature or the encryption: RFC 9788 (hp=) and the older draft
 * (protected-headers="v1"), whose first users put them into a text/rfc822-headers part. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

static bool marked(const struct part_table *t, uint32_t i)
{
  const struct part *p = &t->part[i];
  return text_ieq(p->hp, "cipher") || text_ieq(p->hp, "clear") || text_ieq(p->protected_headers, "v1");
}

static const char *field(struct pool *pool, const struct part_table *t, uint32_t root, const char *name)
{
  const char *value = parts_header(t, root, name);
  return value ? mail_guard(pool, value) : NULL;
}

/* "Name: value" in the body of a text/rfc822-headers part; continuation lines are joined. */
static const char *field_in_text(struct pool *pool, struct bytes text, const char *name)
{
  struct bytes line, rest = text;
  struct buf value = buf_new(pool, 80);
  bool inside = false, seen = false;
  size_t len = strlen(name);
  while (bytes_next_line(&rest, &line) && line.len) {
    bool folded = line.p[0] == ' ' || line.p[0] == '\t';
    if (!folded)
      inside = !seen && bytes_istarts(line, bytes_str(name)) && line.len > len && line.p[len] == ':';
    if (!inside)
      continue;
    buf_add(&value, folded ? line : bytes_sub(line, len + 1, line.len));
    seen = true;
  }
  return seen ? mail_guard(pool, buf_str(&value)) : NULL;
}

static int32_t legacy_child(const struct part_table *t, uint32_t root)
{
  int32_t c = parts_child(t, root);
  return c >= 0 && text_ieq(t->part[c].type, "text/rfc822-headers") && t->part[c].kind == PART_TEXT ? c : -1;
}

void mail_protected(struct pool *pool, const struct part_table *t, uint32_t root, struct mail_protected *out)
{
  *out = (struct mail_protected){ 0 };
  if (root >= t->count)
    return;
  while (!marked(t, root) && text_ieq(t->part[root].type, "multipart/signed") && parts_child(t, root) >= 0)
    root = (uint32_t)parts_child(t, root);
  if (!marked(t, root))
    return;
  const struct {
    const char *name, **to;
  } want[] = {
    { "Subject", &out->subject },
    { "From", &out->from },
    { "To", &out->to },
    { "Message-ID", &out->message_id },
    { "In-Reply-To", &out->in_reply_to },
    { "References", &out->references },
    { "Date", &out->date },
  };
  int32_t legacy = legacy_child(t, root);
  for (size_t i = 0; i < ARRAY_LEN(want); i++) {
    *want[i].to = field(pool, t, root, want[i].name);
    if (!*want[i].to && legacy >= 0)
      *want[i].to = field_in_text(pool, mail_part_text(t, (uint32_t)legacy), want[i].name);
    out->present = out->present || *want[i].to;
  }
}
