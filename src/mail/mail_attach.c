/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/attach: everything of a letter that is not shown as its text, byte-identical; and advice on what needs a special
 * program. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

enum { NAME_LONGEST = 120, SCAN_MAX = 4 << 20 };

static const struct {
  const char *type, *suffix;
} suffixes[] = {
  { "text/html", ".html" },        { "text/plain", ".txt" },      { "message/rfc822", ".eml" },
  { "message/global", ".eml" },    { "image/png", ".png" },       { "image/jpeg", ".jpg" },
  { "image/gif", ".gif" },         { "application/pdf", ".pdf" }, { "application/zip", ".zip" },
  { "application/json", ".json" }, { "text/calendar", ".ics" },   { "application/pgp-keys", ".asc" },
  { "text/x-patch", ".patch" },    { "text/x-diff", ".diff" },
};

/* A name for a file and a header: no separators, no leading dot, not long, its suffix kept. */
static char *safe_name(struct pool *pool, const char *name)
{
  char *s = mail_guard(pool, name);
  for (char *p = s; *p; p++)
    if (strchr("/\\:*?\"<>|", *p))
      *p = '_';
  while (*s == '.' || *s == ' ')
    s++;
  size_t len = strlen(s);
  if (len <= NAME_LONGEST)
    return s;
  const char *dot = strrchr(s, '.');
  size_t tail = dot && strlen(dot) <= 12 ? strlen(dot) : 0;
  size_t head = utf8_cut(bytes_str(s), NAME_LONGEST - tail);
  return pool_printf(pool, "%.*s%s", (int)head, s, tail ? dot : "");
}

static char *attachment_name(struct pool *pool, const struct part *p, size_t number)
{
  char *name = safe_name(pool, p->filename);
  if (*name)
    return name;
  const char *suffix = ".bin";
  for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
    if (text_ieq(p->type, suffixes[i].type))
      suffix = suffixes[i].suffix;
  return pool_printf(pool, "part-%zu%s", number, suffix);
}

static bool in(const uint32_t *list, size_t n, uint32_t i)
{
  for (size_t k = 0; k < n; k++)
    if (list[k] == i)
      return true;
  return false;
}

/* Parts that carry no content of their own: structure, a signature, the draft's header copy. */
static bool is_control(const struct part_table *t, uint32_t i)
{
  const struct part *p = &t->part[i];
  if (p->kind == PART_MULTIPART || (text_ieq(p->type, "text/rfc822-headers") && text_ieq(p->protected_headers, "v1")))
    return true;
  const struct part *parent = p->parent >= 0 ? &t->part[p->parent] : NULL;
  return parent && text_ieq(parent->type, "multipart/signed") && text_ieq(p->type, "application/pgp-signature");
}

static bool inside_message(const struct part_table *t, uint32_t i, uint32_t root)
{
  for (int32_t at = (int32_t)i; at != (int32_t)root && at >= 0; at = t->part[at].parent)
    if (at != (int32_t)i && t->part[at].kind == PART_MESSAGE)
      return true;
  return false;
}

size_t mail_attachments(struct pool *pool, const struct part_table *t, uint32_t root, struct mail_attachment **out)
{
  uint32_t *shown = pool_array(pool, t->count, sizeof *shown);
  size_t n = mail_text_parts(pool, t, root, shown, t->count), count = 0, cap = 0;
  *out = NULL;
  for (uint32_t i = root; i < t->count; i++) {
    const struct part *p = &t->part[i];
    bool html_shown = in(shown, n, i) && !text_ieq(p->type, "text/plain");
    if (!mail_is_child_of(t, i, root) || is_control(t, i) || inside_message(t, i, root) ||
        (in(shown, n, i) && !html_shown))
      continue;
    *out = pool_grow(pool, *out, count, &cap, sizeof **out);
    (*out)[count] = (struct mail_attachment){
      .filename = attachment_name(pool, p, count + 1), .type = p->type, .bytes = mail_part_bytes(pool, t, i), .part = i
    };
    count++;
  }
  return count;
}

/* ---- advice ---- */

static bool zip_has_password(struct bytes s)
{
  for (size_t at = 0; (at = bytes_find(s, BYTES("PK\003\004"), at)) != SIZE_MAX; at += 4)
    if (s.len - at > 8 && (s.p[at + 6] & 1))
      return true;
  return false;
}

static bool rar_has_password(struct bytes s)
{
  if (bytes_starts(s, BYTES("Rar!\x1a\x07\x01")))
    return s.len > 13 && s.p[13] == 4; /* RAR 5: an encryption header comes first */
  return bytes_starts(s, BYTES("Rar!\x1a\x07")) && s.len > 24 &&
         ((s.p[10] & 0x80) || (s.p[9] == 0x73 && s.len > 23 && (s.p[23] & 0x04)));
}

static bool seven_has_password(struct bytes s)
{
  return bytes_starts(s, BYTES("7z\xBC\xAF\x27\x1C")) && bytes_find(s, BYTES("\x06\xF1\x07\x01"), 0) != SIZE_MAX;
}

static bool pdf_has_password(struct bytes s)
{
  return bytes_starts(s, BYTES("%PDF-")) && bytes_find(s, BYTES("/Encrypt"), 0) != SIZE_MAX;
}

static bool office_has_password(struct bytes s)
{
  return bytes_starts(s, BYTES("\xD0\xCF\x11\xE0")) &&
         bytes_find(s, BYTES("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0"), 0) != SIZE_MAX;
}

static bool is_tnef(struct bytes s)
{
  return bytes_starts(s, BYTES("\x78\x9F\x3E\x22"));
}

static const struct {
  bool (*is)(struct bytes s);
  const char *advice;
} contents[] = {
  { zip_has_password, "is a ZIP archive with a password: ask the reporter for it, best by phone." },
  { rar_has_password, "is a RAR archive with a password: ask the reporter for it, best by phone." },
  { seven_has_password, "is a 7z archive with a password: ask the reporter for it, best by phone." },
  { pdf_has_password, "is a PDF with a password: ask the reporter for it, best by phone." },
  { office_has_password, "is an Office document with a password: ask the reporter for it, best by phone." },
  { is_tnef, "is Outlook's own format: `tnef` or `ytnef` unpacks it; or ask the reporter to send plain text." },
};

static const char *type_advice(const struct part *p)
{
  if (text_ieq(p->type, "application/ms-tnef") || text_ieq(p->filename, "winmail.dat"))
    return "is Outlook's own format: `tnef` or `ytnef` unpacks it; or ask the reporter to send plain text.";
  if (text_ieq(p->type, "application/pkcs7-mime") || text_ieq(p->type, "application/x-pkcs7-mime"))
    return text_ieq(p->smime_type, "signed-data")
               ? "is signed with S/MIME, which is not checked here: any S/MIME mail program opens it."
               : "is encrypted with S/MIME, which is not supported here: ask the reporter to use OpenPGP.";
  if (text_ieq(p->type, "multipart/signed") && p->protocol[0] &&
      bytes_ifind(bytes_str(p->protocol), BYTES("pkcs7"), 0) != SIZE_MAX)
    return "is signed with S/MIME, which is not checked here: any S/MIME mail program can check the attached letter.";
  return NULL;
}

char *mail_special_advice(struct pool *pool, const struct part_table *t)
{
  struct buf b = buf_new(pool, 128);
  for (uint32_t i = 0; i < t->count; i++) {
    const struct part *p = &t->part[i];
    const char *advice = type_advice(p);
    struct bytes s = p->kind == PART_OTHER ? bytes_sub(parts_decoded(t, i), 0, SCAN_MAX) : (struct bytes){ 0 };
    for (size_t k = 0; k < ARRAY_LEN(contents) && !advice && s.len; k++)
      if (contents[k].is(s))
        advice = contents[k].advice;
    if (!advice)
      continue;
    const char *name = safe_name(pool, p->filename);
    buf_printf(&b, "%s%s %s", b.len ? "\n" : "", *name ? name : "The letter", advice);
  }
  return buf_str(&b);
}
