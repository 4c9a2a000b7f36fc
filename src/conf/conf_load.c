/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf: from assignments to struct conf: sections to arrays, defaults, duplicates, what must be set, what belongs together. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "conf_private.h"

#include <embargod/file.h>
#include <embargod/text.h>

#include <stdlib.h>
#include <string.h>

static void duplicates(struct conf_errors *e, const struct conf_raw *raw)
{
  for (size_t i = 0; i < raw->count; i++)
    for (size_t k = 0; k < i; k++) {
      const struct conf_assignment *a = &raw->set[i], *b = &raw->set[k];
      if (a->file == b->file && a->section == b->section && !strcmp(a->title, b->title) && !strcmp(a->name, b->name)) {
        conf_error(e, a->line, "%s is set a second time (first in line %u): keep one", a->name, b->line);
        break;
      }
    }
}

/* Everything of one section (or the top) into base. */
static void fill(struct conf_errors *e, const struct conf_raw *raw, enum conf_section section, const char *title, unsigned line, void *base)
{
  const struct conf_setting *s;
  size_t n = conf_settings(&s);
  for (size_t i = 0; i < n; i++) {
    const struct conf_assignment *found = NULL;
    if (s[i].section != section)
      continue;
    for (size_t k = 0; k < raw->count && !found; k++)
      if (raw->set[k].section == section && !strcmp(raw->set[k].title, title) && !strcmp(raw->set[k].name, s[i].name))
        found = &raw->set[k];
    if (found) {
      const char *file = e->file;
      e->file = found->file;
      conf_assign(e, &s[i], found->value, found->line, base);
      e->file = file;
    } else if (s[i].standard && !strcmp(s[i].standard, "!")) {
      conf_error(e, line, "%s%s%s%s%s must be set: %s", conf_section_name(section), section ? " " : "", title, *title ? ": " : "", s[i].name,
                 s[i].meaning);
    } else if (s[i].standard) {
      const char **one = pool_array(e->pool, 2, sizeof *one);
      one[0] = s[i].type == CONF_LIST && !*s[i].standard ? NULL : s[i].standard;
      conf_assign(e, &s[i], one, line, base);
    }
  }
}

static size_t count_of(const struct conf_raw *raw, enum conf_section section)
{
  size_t n = 0;
  for (size_t i = 0; i < raw->sec_count; i++)
    n += raw->sec[i].section == section;
  return n;
}

static unsigned first_line(const struct conf_raw *raw, enum conf_section section, const char *title, unsigned end)
{
  for (size_t i = 0; i < raw->count; i++)
    if (raw->set[i].section == section && !strcmp(raw->set[i].title, title))
      return raw->set[i].line;
  return end;
}

static void sections(struct conf_errors *e, const struct conf_raw *raw, struct conf *c)
{
  c->inbox = pool_array(e->pool, count_of(raw, CONF_INBOX) + 1, sizeof *c->inbox);
  c->analyst = pool_array(e->pool, count_of(raw, CONF_ANALYST) + 1, sizeof *c->analyst);
  c->stakeholder = pool_array(e->pool, count_of(raw, CONF_STAKEHOLDER) + 1, sizeof *c->stakeholder);
  c->product = pool_array(e->pool, count_of(raw, CONF_PRODUCT) + 1, sizeof *c->product);
  c->deadline = pool_array(e->pool, count_of(raw, CONF_DEADLINE) + 1, sizeof *c->deadline);
  for (size_t i = 0; i < raw->sec_count; i++) {
    enum conf_section s = raw->sec[i].section;
    const char *title = raw->sec[i].title;
    unsigned line = first_line(raw, s, title, raw->sec[i].line);
#define MAKE(array, count) \
  { \
    (array)[count].name = title; \
    (array)[count].line = line; \
    fill(e, raw, s, title, line, &(array)[count]); \
    (count)++; \
  }
    if (s == CONF_INBOX)
      MAKE(c->inbox, c->inbox_count)
    else if (s == CONF_ANALYST)
      MAKE(c->analyst, c->analyst_count)
    else if (s == CONF_STAKEHOLDER)
      MAKE(c->stakeholder, c->stakeholder_count)
    else if (s == CONF_PRODUCT)
      MAKE(c->product, c->product_count)
    else if (s == CONF_DEADLINE) {
      c->deadline[c->deadline_count].file = e->file = raw->sec[i].file;
      MAKE(c->deadline, c->deadline_count)
      e->file = c->file;
    } else if (s == CONF_OUTBOX) {
      if (c->outbox.line)
        conf_error(e, line, "a second outbox: there can be one");
      c->outbox.name = "outbox";
      c->outbox.line = line;
      fill(e, raw, s, "", line, &c->outbox);
    }
#undef MAKE
  }
}

static const char *below(struct conf_errors *e, const struct conf *c, const char *set, const char *name)
{
  return text_empty(set) ? pool_printf(e->pool, "%s/%s", c->state_dir ? c->state_dir : ".", name) : set;
}

static void places(struct conf_errors *e, struct conf *c)
{
  c->gnupg_home = below(e, c, c->gnupg_home, "gnupg");
  c->database = below(e, c, c->database, "embargod.db");
  c->master_key_file = below(e, c, c->master_key_file, "master.key");
  c->site_dir = below(e, c, c->site_dir, "site");
  c->control_socket = below(e, c, c->control_socket, "control");
  if (text_empty(c->template_dir)) {
    const char *data = secure_getenv("EMBARGOD_DATA"); /* from the build folder: demo and tests */
    c->template_dir = pool_printf(e->pool, "%s/templates", data ? data : PKGDATADIR);
  }
}

enum status conf_load(struct pool *pool, const char *path, struct conf **out, char ***errors, struct fault *err)
{
  struct conf_raw raw;
  char *real = realpath(path, NULL);
  const char *file = real ? pool_strdup(pool, real) : path;
  free(real);
  struct conf_errors e = { .pool = pool, .file = file };
  struct conf *c = pool_new_of(pool, struct conf);
  c->file = file;
  *errors = NULL;
  conf_read_file(pool, file, &raw);
  if (raw.syntax) {
    e.file = "";
    *errors = pool_array(pool, 2, sizeof **errors);
    (*errors)[0] = raw.syntax;
    return fault(err, ST_REJECT, "%s", raw.syntax);
  }
  e.raw = &raw;
  duplicates(&e, &raw);
  conf_add_profiles(&e, &raw);
  fill(&e, &raw, CONF_TOP, "", 0, c);
  sections(&e, &raw, c);
  places(&e, c);
  conf_check_whole(&e, c);
  conf_make_due(&e, c);
  *out = c;
  if (!e.count)
    return ST_OK;
  e.list = pool_grow(pool, e.list, e.count, &e.cap, sizeof *e.list);
  e.list[e.count] = NULL;
  *errors = e.list;
  return fault(err, ST_REJECT, "%zu problems, the first: %s", e.count, e.list[0]);
}
