/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/dsn: delivery status notifications (RFC 3464), and bounces in words only (qmail and old servers). */
#include <config.h>

#include "mail_private.h"
#include <string.h>

enum { DIAGNOSTIC_LONGEST = 300, SCAN_MAX = 256 << 10 };

/* "name: value" with continuation lines, in one group of a delivery-status body; "" when absent. */
static char *group_field(struct pool *pool, struct bytes group, const char *name)
{
  struct bytes line;
  struct buf value = buf_new(pool, 80);
  bool inside = false;
  size_t len = strlen(name);
  while (bytes_next_line(&group, &line)) {
    bool folded = line.len && (line.p[0] == ' ' || line.p[0] == '\t');
    if (!folded && inside)
      break;
    if (!folded)
      inside = bytes_istarts(line, bytes_str(name)) && line.len > len && line.p[len] == ':';
    if (inside)
      buf_add(&value, folded ? line : bytes_sub(line, len + 1, line.len));
  }
  return mail_guard(pool, buf_str(&value));
}

static bool next_group(struct bytes *rest, struct bytes *group)
{
  struct bytes line;
  const char *from = NULL;
  while (bytes_next_line(rest, &line)) {
    bool empty = bytes_trim(line).len == 0;
    if (empty && from)
      break;
    if (!empty && !from)
      from = line.p;
    if (!empty)
      *group = (struct bytes){ from, (size_t)(line.p + line.len - from) };
  }
  return from != NULL;
}

/* "rfc822; user@example.org" and "smtp; 550 5.1.1 ..." */
static const char *after_type(const char *value)
{
  const char *semicolon = strchr(value, ';');
  value = semicolon ? semicolon + 1 : value;
  while (*value == ' ')
    value++;
  return value;
}

/* d.d.d with digits only. */
static const char *status_code(struct pool *pool, const char *value)
{
  struct bytes s = bytes_trim(bytes_str(value));
  size_t end = 0, dots = 0;
  while (end < s.len && ((s.p[end] >= '0' && s.p[end] <= '9') || s.p[end] == '.') && end < 11)
    dots += s.p[end++] == '.';
  return dots == 2 && s.p[1] == '.' && strchr("245", s.p[0]) ? pool_str(pool, bytes_sub(s, 0, end)) : "";
}

static void read_group(struct pool *pool, struct bytes group, struct mail_dsn *out)
{
  const char *action = group_field(pool, group, "Action");
  bool failed = text_istarts(action, "failed"), delayed = text_istarts(action, "delayed");
  if (out->failed || (!failed && !delayed))
    return; /* the first failure is the one told; delivered and relayed are no news */
  out->failed = failed;
  out->delayed = delayed;
  out->status = status_code(pool, group_field(pool, group, "Status"));
  const char *original = mail_address_normal(pool, after_type(group_field(pool, group, "Original-Recipient")));
  const char *final = mail_address_normal(pool, after_type(group_field(pool, group, "Final-Recipient")));
  out->recipient = original ? original : final ? final : "";
  const char *diagnostic = after_type(group_field(pool, group, "Diagnostic-Code"));
  out->diagnostic = pool_strndup(pool, diagnostic, utf8_cut(bytes_str(diagnostic), DIAGNOSTIC_LONGEST));
}

static void read_status(struct pool *pool, struct bytes body, struct mail_dsn *out)
{
  struct bytes group;
  body = bytes_sub(body, 0, SCAN_MAX);
  for (unsigned n = 0; n < 100 && next_group(&body, &group); n++)
    read_group(pool, group, out);
}

/* The body of a part, whatever kind the parser took it for. */
static struct bytes any_bytes(const struct part_table *t, uint32_t i)
{
  const struct part *p = &t->part[i];
  return p->decoded.len ? parts_decoded(t, i) : bytes_sub(t->raw, p->body.off, p->body.len);
}

/* Message-ID and reference line in returned text: a header block, or a letter quoted in words. */
static void read_returned(struct pool *pool, struct bytes text, struct mail_dsn *out)
{
  text = bytes_sub(text, 0, SCAN_MAX);
  const char *id;
  size_t at = 0;
  while (!*out->message_id && (at = bytes_ifind(text, BYTES("message-id:"), at)) != SIZE_MAX) {
    at += 11;
    size_t end = bytes_find(text, BYTES(">"), at);
    if (end != SIZE_MAX && end - at < 400 && mail_ids(pool, pool_str(pool, bytes_sub(text, at, end + 1 - at)), &id, 1))
      out->message_id = id;
  }
  if (!*out->ref_tag)
    (void)mail_ref_find(pool, text, &out->ref_case, &out->ref_tag);
}

static void read_part(struct pool *pool, const struct part_table *t, uint32_t i, struct mail_dsn *out)
{
  const struct part *p = &t->part[i];
  if (text_ieq(p->type, "message/delivery-status") || text_ieq(p->type, "message/global-delivery-status"))
    read_status(pool, any_bytes(t, i), out);
  bool returned = text_ieq(p->type, "text/rfc822-headers") || text_ieq(p->type, "message/rfc822") ||
                  text_ieq(p->type, "message/global") || text_ieq(p->type, "message/rfc822-headers") ||
                  text_ieq(p->type, "message/global-headers");
  if (returned)
    read_returned(pool, p->kind == PART_MESSAGE ? bytes_sub(t->raw, p->body.off, p->body.len) : any_bytes(t, i), out);
}

/* No report in it, but a mailer's words: qmail, Exim of old, some appliances. */
static bool is_wordy_bounce(struct pool *pool, const struct part_table *t)
{
  static const char *const subjects[] = { "undeliver",
                                          "failure notice",
                                          "delivery status notification",
                                          "mail delivery failed",
                                          "returned mail",
                                          "delivery failure",
                                          "mail delivery failure",
                                          "unzustellbar",
                                          "delivery has failed",
                                          "message not delivered",
                                          "mail system error",
                                          "warning: could not send" };
  struct mail_address *from;
  size_t n = mail_addresses(pool, parts_header(t, 0, "From"), &from);
  const char *path = parts_header(t, 0, "Return-Path"), *subject = parts_header(t, 0, "Subject");
  bool mailer = n && (text_istarts(from[0].address, "mailer-daemon@") || text_istarts(from[0].address, "postmaster@"));
  bool empty_path = path && bytes_find(bytes_str(path), BYTES("<>"), 0) != SIZE_MAX;
  if ((!mailer && !empty_path) || !subject)
    return false;
  for (size_t i = 0; i < ARRAY_LEN(subjects); i++)
    if (bytes_ifind(bytes_str(subject), bytes_str(subjects[i]), 0) != SIZE_MAX)
      return true;
  return false;
}

void mail_dsn(struct pool *pool, const struct part_table *t, struct mail_dsn *out)
{
  *out = (struct mail_dsn){
    .status = "", .recipient = "", .diagnostic = "", .message_id = "", .ref_case = "", .ref_tag = ""
  };
  const struct part *root = &t->part[0];
  bool report = text_ieq(root->type, "multipart/report") &&
                (!root->report_type[0] || text_ieq(root->report_type, "delivery-status"));
  for (uint32_t i = 0; i < t->count; i++)
    report = report || (text_istarts(t->part[i].type, "message/") &&
                        mail_name_ends(t->part[i].type, "delivery-status") && t->part[i].depth <= 1);
  if (report) {
    out->is_dsn = true;
    for (uint32_t i = 0; i < t->count; i++)
      read_part(pool, t, i, out);
    return;
  }
  if (!is_wordy_bounce(pool, t))
    return;
  bool plain;
  int32_t first;
  out->is_dsn = true;
  out->delayed = bytes_ifind(bytes_str(parts_header(t, 0, "Subject")), BYTES("warning"), 0) != SIZE_MAX;
  out->failed = !out->delayed;
  for (uint32_t i = 0; i < t->count; i++)
    read_part(pool, t, i, out);
  read_returned(pool, bytes_str(mail_text(pool, t, 0, &plain, &first)), out);
  const char *failed = parts_header(t, 0, "X-Failed-Recipients");
  const char *recipient = mail_address_normal(pool, failed);
  out->recipient = recipient ? recipient : "";
}
