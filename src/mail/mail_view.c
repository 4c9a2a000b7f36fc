/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/view: the outer view of a letter. Structure is read from raw header values: an encoded word must not be able to
 * write an address, a comma or a second Message-ID into a field. */
#include <config.h>

#include "mail_private.h"
#include <string.h>

enum { REFERENCES_MAX = 50, RECIPIENTS_MAX = 100 };

/* ---- dates (RFC 5322 section 3.3 and 4.3) ---- */

static const char month_name[] = "janfebmaraprmayjunjulaugsepoctnovdec";

/* Comments and the day's name out, the rest as words. */
static char *date_words(struct pool *pool, const char *s)
{
  struct buf b = buf_new(pool, 64);
  unsigned depth = 0;
  for (; *s && b.len < 100; s++) {
    depth += *s == '(' && depth < 20;
    if (!depth)
      buf_addc(&b, *s == ',' || *s == '\t' ? ' ' : *s);
    depth -= *s == ')' && depth > 0;
  }
  return buf_str(&b);
}

static bool number(const char **s, unsigned digits_min, unsigned digits_max, int *out)
{
  unsigned n = 0;
  *out = 0;
  for (; **s >= '0' && **s <= '9' && n < digits_max; ++*s, n++)
    *out = *out * 10 + (**s - '0');
  return n >= digits_min && !(**s >= '0' && **s <= '9');
}

static void blanks(const char **s)
{
  while (**s == ' ')
    ++*s;
}

static int month(const char **s)
{
  for (int m = 0; m < 12; m++)
    if (bytes_istarts(bytes_str(*s), (struct bytes){ month_name + (ptrdiff_t)m * 3, 3 })) {
      *s += 3;
      return m + 1;
    }
  return 0;
}

/* Seconds east of UTC. Unknown letters mean -0000 (RFC 5322 section 4.3). */
static bool zone(const char *s, int *out)
{
  static const struct {
    const char *name;
    int hours;
  } named[] = { { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
                { "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };
  *out = 0;
  if (*s == '+' || *s == '-') {
    const char *p = s + 1;
    int hhmm;
    if (!number(&p, 4, 4, &hhmm) || hhmm % 100 > 59 || hhmm / 100 > 24)
      return false;
    *out = (hhmm / 100 * 3600 + hhmm % 100 * 60) * (*s == '-' ? -1 : 1);
    return true;
  }
  for (size_t i = 0; i < ARRAY_LEN(named); i++)
    if (text_istarts(s, named[i].name))
      *out = named[i].hours * 3600;
  return true;
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t day_number(int year, int mon, int day)
{
  int64_t y = mon <= 2 ? year - 1 : year;
  int64_t era = y / 400, yoe = y - era * 400;
  int64_t doy = (153 * (mon + (mon > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int month_days(int year, int mon)
{
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[mon - 1] + (mon == 2 && leap);
}

static bool date_day(const char **s, int *year, int *mon, int *day)
{
  while (**s == ' ' || (**s >= 'A' && **s <= 'Z') || (**s >= 'a' && **s <= 'z') || **s == '.')
    ++*s; /* the day's name */
  if (!number(s, 1, 2, day))
    return false;
  while (**s == ' ' || **s == '-')
    ++*s;
  if ((*mon = month(s)) == 0)
    return false;
  while (**s == ' ' || **s == '-')
    ++*s;
  const char *before = *s;
  if (!number(s, 2, 4, year))
    return false;
  if (*s - before < 4)
    *year += *year < 50 && *s - before == 2 ? 2000 : 1900;
  return *year >= 1900 && *day >= 1 && *day <= month_days(*year, *mon);
}

int64_t mail_date_parse(const char *value)
{
  if (!value || strlen(value) > 1000)
    return 0;
  AUTO(pool_freep) struct pool *pool = pool_new("date");
  const char *s = date_words(pool, value);
  int year, mon, day, hour, minute, second = 0, east;
  if (!date_day(&s, &year, &mon, &day))
    return 0;
  blanks(&s);
  if (!number(&s, 1, 2, &hour) || *s++ != ':' || !number(&s, 1, 2, &minute))
    return 0;
  if (*s == ':' && (s++, !number(&s, 1, 2, &second)))
    return 0;
  blanks(&s);
  if (hour > 23 || minute > 59 || second > 60 || !zone(s, &east))
    return 0;
  return day_number(year, mon, day) * 86400 + hour * 3600 + minute * 60 + second - east;
}

/* ---- addresses and ids ---- */

static const char *raw_of(struct pool *pool, const struct part_table *t, const char *name, unsigned nth)
{
  const struct part_header *h = mail_header_find(t, 0, name, nth);
  return h ? mail_raw_value(pool, t, h) : NULL;
}

/* The address from the raw field; the name from the decoded one, where that ends with the very address. */
static struct mail_address first_address(struct pool *pool, const struct part_table *t, const char *name)
{
  struct mail_address *list, *decoded;
  const char *raw = raw_of(pool, t, name, 0);
  if (!raw || mail_addresses(pool, raw, &list) == 0)
    return (struct mail_address){ "", "" };
  struct mail_address out = list[0];
  size_t n = mail_addresses(pool, parts_header(t, 0, name), &decoded);
  bool plain = bytes_find(bytes_str(raw), BYTES("=?"), 0) == SIZE_MAX;
  for (const char *p = raw; *p; p++)
    plain = plain && (unsigned char)*p < 0x80;
  if (plain)
    return out;
  out.name = "";
  for (size_t i = 0; i < n && !*out.name; i++)
    if (text_ieq(decoded[i].address, out.address))
      out.name = decoded[i].name;
  return out;
}

static bool listed(const char **list, size_t n, const char *s)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i], s) == 0)
      return true;
  return false;
}

static const char **read_references(struct pool *pool, const struct part_table *t)
{
  enum { READ_MAX = 500 };
  const char **out = pool_array(pool, REFERENCES_MAX + 1, sizeof *out), **ids = pool_array(pool, READ_MAX, sizeof *ids);
  size_t n = 0, found = mail_ids(pool, raw_of(pool, t, "In-Reply-To", 0), ids, READ_MAX);
  for (size_t i = 0; i < found && n < REFERENCES_MAX; i++)
    if (!listed(out, n, ids[i]))
      out[n++] = ids[i];
  found = mail_ids(pool, raw_of(pool, t, "References", 0), ids, READ_MAX);
  for (size_t i = found; i > 0 && n < REFERENCES_MAX; i--)
    if (!listed(out, n, ids[i - 1]))
      out[n++] = ids[i - 1];
  return out;
}

static const char **read_recipients(struct pool *pool, const struct part_table *t)
{
  static const char *const field[] = { "Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc" };
  const char **out = pool_array(pool, RECIPIENTS_MAX + 1, sizeof *out), *raw;
  size_t n = 0;
  for (size_t f = 0; f < ARRAY_LEN(field); f++)
    for (unsigned nth = 0; nth < RECIPIENTS_MAX && (raw = raw_of(pool, t, field[f], nth)); nth++) {
      struct mail_address *list;
      size_t found = mail_addresses(pool, raw, &list);
      for (size_t i = 0; i < found && n < RECIPIENTS_MAX; i++)
        if (!listed(out, n, list[i].address))
          out[n++] = list[i].address;
    }
  return out;
}

static const char *read_message_id(struct pool *pool, const struct part_table *t)
{
  const char *raw = raw_of(pool, t, "Message-ID", 0), *id;
  if (mail_ids(pool, raw, &id, 1))
    return id;
  bool bare = raw && *raw && !strpbrk(raw, " <>") && strlen(raw) <= 250;
  return bare ? raw : "";
}

/* ---- Authentication-Results (RFC 8601) ---- */

/* Comments out; text in quotes becomes '_' where it could be taken for syntax. */
static char *without_comments(struct pool *pool, const char *s)
{
  struct buf b = buf_new(pool, strlen(s));
  unsigned depth = 0;
  bool quoted = false;
  for (; *s; s++) {
    if (*s == '\\' && s[1] && (quoted || depth)) {
      s++;
      continue;
    }
    if (*s == '"' && !depth)
      quoted = !quoted;
    else if (!quoted && *s == '(')
      depth++;
    else if (!quoted && *s == ')' && depth)
      depth--;
    else if (!depth)
      buf_addc(&b, quoted && strchr("; =", *s) ? '_' : *s);
  }
  return buf_str(&b);
}

/* "dmarc=pass header.from=example.org" for that very domain. */
static bool dmarc_passes(struct bytes method, const char *from_domain)
{
  method = bytes_trim(method);
  size_t eq = bytes_find(method, BYTES("="), 0);
  struct bytes name = bytes_trim(bytes_sub(method, 0, eq == SIZE_MAX ? 0 : eq));
  if (!bytes_ieq(name, BYTES("dmarc")) && !bytes_istarts(name, BYTES("dmarc/")))
    return false;
  struct bytes result = bytes_trim(bytes_sub(method, eq + 1, method.len));
  if (!bytes_istarts(result, BYTES("pass")) || (result.len > 4 && result.p[4] != ' '))
    return false;
  size_t at = bytes_ifind(result, BYTES("header.from="), 0);
  if (at == SIZE_MAX)
    return true;
  struct bytes who = bytes_sub(result, at + 12, result.len);
  size_t end = bytes_find(who, BYTES(" "), 0);
  who = bytes_sub(who, 0, end == SIZE_MAX ? who.len : end);
  size_t domain = bytes_find(who, BYTES("@"), 0);
  return bytes_ieq(domain == SIZE_MAX ? who : bytes_sub(who, domain + 1, who.len), bytes_str(from_domain));
}

static void read_auth(struct pool *pool, const struct part_table *t, const char *authserv_id, struct mail_view *out)
{
  const char *raw;
  for (unsigned nth = 0; !text_empty(authserv_id) && (raw = raw_of(pool, t, "Authentication-Results", nth)); nth++) {
    struct bytes rest = bytes_str(without_comments(pool, raw));
    size_t end = bytes_find(rest, BYTES(";"), 0);
    struct bytes id = bytes_trim(bytes_sub(rest, 0, end == SIZE_MAX ? rest.len : end));
    size_t version = bytes_find(id, BYTES(" "), 0);
    if (!bytes_ieq(bytes_sub(id, 0, version == SIZE_MAX ? id.len : version), bytes_str(authserv_id)))
      continue;
    out->auth_results = raw;
    const char *domain = mail_address_domain(out->from.address);
    while (end != SIZE_MAX && *domain) {
      rest = bytes_sub(rest, end + 1, rest.len);
      end = bytes_find(rest, BYTES(";"), 0);
      out->dmarc_pass |= dmarc_passes(bytes_sub(rest, 0, end == SIZE_MAX ? rest.len : end), domain);
    }
    return; /* the first one: ours stands above what a sender can forge */
  }
}

/* Autocrypt Level 1: of several fields for the sender none counts. */
static const char *read_autocrypt(struct pool *pool, const struct part_table *t, const char *from)
{
  const char *raw, *out = "";
  struct bytes key;
  unsigned found = 0;
  for (unsigned nth = 0; nth < 10 && (raw = raw_of(pool, t, "Autocrypt", nth)); nth++)
    if (mail_autocrypt_parse(pool, raw, from, &key)) {
      out = raw;
      found++;
    }
  return found == 1 ? out : "";
}

void mail_view(struct pool *pool, const struct part_table *t, const char *authserv_id, struct mail_view *out)
{
  *out = (struct mail_view){ .auth_results = "", .return_path = "" };
  out->from = first_address(pool, t, "From");
  out->reply_to = first_address(pool, t, "Reply-To");
  const char *subject = parts_header(t, 0, "Subject"), *automatic = parts_header(t, 0, "Auto-Submitted");
  out->subject = mail_guard(pool, subject);
  out->auto_submitted = automatic ? automatic : "";
  out->message_id = read_message_id(pool, t);
  out->references = read_references(pool, t);
  out->recipients = read_recipients(pool, t);
  out->autocrypt = read_autocrypt(pool, t, out->from.address);
  out->date = mail_date_parse(parts_header(t, 0, "Date"));
  read_auth(pool, t, authserv_id, out);
  const char *path = raw_of(pool, t, "Return-Path", 0);
  if (path) {
    const char *address = mail_address_normal(pool, path);
    out->return_path = address ? address : "";
    out->null_sender = bytes_find(bytes_str(path), BYTES("<>"), 0) != SIZE_MAX;
  }
}
