/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf: one written value into its typed field. */
#include "conf_private.h"

#include <embargod/text.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void conf_error(struct conf_errors *e, unsigned line, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  char *what = pool_vprintf(e->pool, fmt, ap);
  va_end(ap);
  e->list = pool_grow(e->pool, e->list, e->count, &e->cap, sizeof *e->list);
  e->list[e->count++] = line ? pool_printf(e->pool, "%s:%u: %s", e->file, line, what) : pool_printf(e->pool, "%s: %s", e->file, what);
}

static bool number(const char *s, bool size, int64_t *out)
{
  char *end = NULL;
  errno = 0;
  long long n = strtoll(s, &end, 10);
  if (end == s || errno)
    return false;
  int shift = 0;
  if (size && *end)
    shift = *end == 'K' || *end == 'k' ? 10 : *end == 'M' || *end == 'm' ? 20 : *end == 'G' || *end == 'g' ? 30 : -1;
  if (shift < 0 || (shift && end[1]) || (!shift && *end) || (size && n < 0) || n > (INT64_C(1) << 40))
    return false;
  *out = (int64_t)n << shift;
  return true;
}

static bool choice(const char *choices, const char *v)
{
  size_t len = strlen(v);
  for (const char *p = choices; *p;) {
    size_t n = strcspn(p, "|");
    if (n == len && !strncmp(p, v, n))
      return true;
    p += n + (p[n] == '|');
  }
  return false;
}

static bool boolean(const char *v, bool *out)
{
  static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };
  for (size_t i = 0; i < ARRAY_LEN(words); i++)
    if (text_ieq(v, words[i])) {
      *out = i & 1;
      return true;
    }
  return false;
}

/* conf/ stands below mail/: the letter of RFC 5321 is checked again there. Here: what a typing error makes. */
static bool address(const char *v)
{
  const char *at = strchr(v, '@');
  return at && at != v && at[1] && !strchr(at + 1, '@') && !strpbrk(v, " \t\r\n<>\",;:()[]\\");
}

static char *fingerprint(struct pool *pool, const char *v)
{
  struct buf b = buf_new(pool, 64);
  if (text_istarts(v, "0x"))
    v += 2;
  for (; *v; v++) {
    if (strchr(" :\t", *v))
      continue;
    if (!strchr("0123456789abcdefABCDEF", *v))
      return NULL;
    buf_addc(&b, *v >= 'a' ? (char)(*v - 32) : *v);
  }
  return b.len == 40 || b.len == 64 ? buf_str(&b) : NULL;
}

static const char *absolute(struct conf_errors *e, const char *v)
{
  const char *slash = strrchr(e->file, '/');
  return *v == '/' || !*v ? v : pool_printf(e->pool, "%.*s/%s", slash ? (int)(slash - e->file) : 1, slash ? e->file : ".", v);
}

static void put(void *base, size_t offset, const void *value, size_t size)
{
  memcpy((char *)base + offset, value, size);
}

static void assign_text(struct conf_errors *e, const struct conf_setting *s, const char *v, unsigned line, void *base)
{
  if (s->choices && !choice(s->choices, v)) {
    conf_error(e, line, "%s = %s: one of %s is wanted", s->name, v, s->choices);
    return;
  }
  if (s->type == CONF_PATH)
    v = absolute(e, v);
  if (s->type == CONF_ADDRESS && !address(v)) {
    conf_error(e, line, "%s = %s: that is no mail address (name@domain, without <> or name)", s->name, v);
    return;
  }
  if (s->type == CONF_FPR && !(v = fingerprint(e->pool, v))) {
    conf_error(e, line, "%s: a full fingerprint is wanted, 40 hexadecimal digits (gpg --fingerprint shows it)", s->name);
    return;
  }
  put(base, s->offset, &v, sizeof v);
}

static void assign_number(struct conf_errors *e, const struct conf_setting *s, const char *v, unsigned line, void *base)
{
  int64_t n;
  int i;
  if (!number(v, s->type == CONF_SIZE, &n) || n < s->min || n > s->max) {
    conf_error(e, line, "%s = %s: a number from %" PRId64 " to %" PRId64 "%s is wanted", s->name, v, s->min, s->max,
               s->type == CONF_SIZE ? " (K, M, G may follow)" : "");
    return;
  }
  i = (int)n;
  if (s->type == CONF_SIZE)
    put(base, s->offset, &n, sizeof n);
  else
    put(base, s->offset, &i, sizeof i);
}

void conf_assign(struct conf_errors *e, const struct conf_setting *s, const char **value, unsigned line, void *base)
{
  const char *v = value[0] ? value[0] : "";
  enum tlp tlp;
  bool yes;
  enum conf_bounce bounce = text_ieq(v, "plain") ? BOUNCE_PLAIN : BOUNCE_VERP;
  switch (s->type) {
  case CONF_INT:
  case CONF_SIZE:
    assign_number(e, s, v, line, base);
    return;
  case CONF_LIST:
    put(base, s->offset, &value, sizeof value);
    return;
  case CONF_BOOL:
    if (boolean(v, &yes))
      put(base, s->offset, &yes, sizeof yes);
    else
      conf_error(e, line, "%s = %s: yes or no is wanted", s->name, v);
    return;
  case CONF_TLP:
    if (tlp_parse(v, &tlp))
      put(base, s->offset, &tlp, sizeof tlp);
    else
      conf_error(e, line, "%s = %s: one of CLEAR, GREEN, AMBER, AMBER+STRICT, RED is wanted", s->name, v);
    return;
  case CONF_BOUNCE:
    if (choice(s->choices, v))
      put(base, s->offset, &bounce, sizeof bounce);
    else
      conf_error(e, line, "%s = %s: one of %s is wanted", s->name, v, s->choices);
    return;
  default:
    assign_text(e, s, v, line, base);
  }
}
