/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf: the one place that knows libconfuse. It reads the file into a list of assignments with their lines; duplicates, which
 * libconfuse lets win silently, and ${...}, which it would expand from the environment, are caught here. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "conf_private.h"

#include <embargod/file.h>
#include <embargod/text.h>

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX (1 << 20)
#define PER_SECTION_MAX 80

struct reading {
  struct pool *pool;
  const char *path;
  struct conf_raw *raw;
  const cfg_opt_t *list; /* the list that is being read: its values so far are the last record */
  unsigned list_count;
};
/* libconfuse's callbacks carry no pointer of the caller's. Set only while cfg_parse_buf() runs. */
static _Thread_local struct reading *now_reading;

static void on_error(cfg_t *cfg, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
  struct reading *r = now_reading;
  if (r->raw->syntax)
    return;
  char *what = pool_vprintf(r->pool, fmt, ap);
  const char *more = text_istarts(what, "no such option") ? ": mistyped, or in the wrong section? embargod.conf(5) has them all" : "";
  r->raw->syntax = pool_printf(r->pool, "%s:%d: %s%s", r->path, cfg->line, what, more);
}

static enum conf_section section_of(const cfg_t *cfg)
{
  for (int s = CONF_INBOX; s < CONF_SECTIONS; s++)
    if (cfg->name && !strcmp(cfg->name, conf_section_name((enum conf_section)s)))
      return (enum conf_section)s;
  return CONF_TOP;
}

static bool same_values(const struct conf_assignment *a, cfg_opt_t *opt, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (!a->value[i] || strcmp(a->value[i], cfg_opt_getnstr(opt, i)) != 0)
      return false;
  return true;
}

/* libconfuse calls once for each value of a list in braces and once more at the closing one; for a list of one value without braces
 * only once. True: the closing brace, of which there is nothing to note. */
static bool list_goes_on(struct reading *r, cfg_opt_t *opt, unsigned n)
{
  bool open = r->list == opt;
  bool closes = open && n == r->list_count && same_values(&r->raw->set[r->raw->count - 1], opt, n);
  if (open && n == r->list_count + 1) /* one value more: the record is made anew */
    r->raw->count--;
  r->list = closes || !(opt->flags & CFGF_LIST) ? NULL : opt;
  r->list_count = n;
  return closes;
}

/* Called at each assignment, while cfg->line is the line it stands on. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
  struct reading *r = now_reading;
  struct conf_raw *raw = r->raw;
  unsigned n = cfg_opt_size(opt);
  if (list_goes_on(r, opt, n))
    return 0;
  raw->set = pool_grow(r->pool, raw->set, raw->count, &raw->cap, sizeof *raw->set);
  struct conf_assignment *a = &raw->set[raw->count++];
  a->section = section_of(cfg);
  a->title = pool_strdup(r->pool, cfg_title(cfg) ? cfg_title(cfg) : "");
  a->name = pool_strdup(r->pool, opt->name); /* opt is libconfuse's own copy */
  a->line = (unsigned)cfg->line;
  a->file = r->path;
  a->value = pool_array(r->pool, n + 1, sizeof *a->value);
  for (unsigned i = 0; i < n; i++)
    a->value[i] = pool_strdup(r->pool, cfg_opt_getnstr(opt, i));
  return 0;
}

static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
  struct reading *r = now_reading;
  struct conf_raw *raw = r->raw;
  cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
  raw->sec = pool_grow(r->pool, raw->sec, raw->sec_count, &raw->sec_cap, sizeof *raw->sec);
  raw->sec[raw->sec_count].section = section_of(sec);
  raw->sec[raw->sec_count].file = r->path;
  raw->sec[raw->sec_count].title = pool_strdup(r->pool, cfg_title(sec) ? cfg_title(sec) : "");
  raw->sec[raw->sec_count++].line = (unsigned)sec->line;
  return 0;
}

static cfg_opt_t *options_of(struct pool *pool, enum conf_section section)
{
  const struct conf_setting *s;
  size_t n = conf_settings(&s), count = 0;
  cfg_opt_t *o = pool_array(pool, PER_SECTION_MAX, sizeof *o);
  for (size_t i = 0; i < n; i++) {
    if (s[i].section != section)
      continue;
    invariant(count + CONF_SECTIONS < PER_SECTION_MAX);
    o[count++] = (cfg_opt_t){ .name = s[i].name, .type = CFGT_STR, .validcb = on_value,
                              .flags = CFGF_NODEFAULT | (s[i].type == CONF_LIST ? CFGF_LIST : 0) };
  }
  for (int sec = CONF_INBOX; section == CONF_TOP && sec < CONF_SECTIONS; sec++)
    o[count++] = (cfg_opt_t){ .name = conf_section_name((enum conf_section)sec), .type = CFGT_SEC, .validcb = on_section,
                              .subopts = options_of(pool, (enum conf_section)sec),
                              .flags = CFGF_MULTI | (sec == CONF_OUTBOX ? 0 : CFGF_TITLE | CFGF_NO_TITLE_DUPES) };
  o[count] = (cfg_opt_t)CFG_END();
  return o;
}

static bool refuse_expansion(struct reading *r, struct bytes text)
{
  size_t at = bytes_find(text, BYTES("${"), 0);
  if (at == SIZE_MAX)
    return false;
  unsigned line = 1;
  for (size_t i = 0; i < at; i++)
    line += text.p[i] == '\n';
  r->raw->syntax = pool_printf(r->pool, "%s:%u: ${...} is not expanded here: write the value itself", r->path, line);
  return true;
}

/* A copy without its comments: libconfuse 3.3 counts two lines too many for each, and every problem found is told by its line. A mark
 * in the middle of a word (imaps://, a#b) begins none. */
static char *without_comments(struct pool *pool, struct bytes text)
{
  char *out = pool_strndup(pool, text.p, text.len);
  char quote = 0;
  for (char *p = out; *p; p++) {
    bool fresh = p == out || strchr(" \t\r\n={}(),+;\"'", p[-1]);
    if (quote) {
      if (*p == '\\' && p[1])
        p++;
      else if (*p == quote)
        quote = 0;
    } else if (*p == '"' || *p == '\'') {
      quote = *p;
    } else if (fresh && (*p == '#' || (*p == '/' && p[1] == '/'))) {
      size_t n = strcspn(p, "\n");
      memset(p, ' ', n);
      p += n - 1;
    } else if (fresh && *p == '/' && p[1] == '*') {
      const char *end = strstr(p + 2, "*/");
      for (; end && p < end + 2; p++)
        if (*p != '\n')
          *p = ' ';
      p -= end != NULL;
    }
  }
  return out;
}

void conf_read_file(struct pool *pool, const char *path, struct conf_raw *out)
{
  struct reading r = { pool, path, out };
  struct fault err = { 0 };
  struct bytes text;
  *out = (struct conf_raw){ 0 };
  if (file_read(pool, path, FILE_MAX, &text, &err)) {
    out->syntax = pool_printf(pool, "%s: %s", path, err.text);
    return;
  }
  if (memchr(text.p, 0, text.len)) {
    out->syntax = pool_printf(pool, "%s: holds a NUL byte: this is no configuration", path);
    return;
  }
  const char *bare = without_comments(pool, text);
  if (refuse_expansion(&r, bytes_str(bare)))
    return;
  cfg_t *cfg = cfg_init(options_of(pool, CONF_TOP), CFGF_NONE);
  cfg_set_error_function(cfg, on_error);
  now_reading = &r;
  int result = cfg_parse_buf(cfg, bare);
  now_reading = NULL;
  if (result != CFG_SUCCESS && !out->syntax)
    out->syntax = pool_printf(pool, "%s: cannot be read: %s", path, result == CFG_FILE_ERROR ? strerror(errno) : "ill-formed");
  cfg_free(cfg);
}
