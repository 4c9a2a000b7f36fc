/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf/due: profiles, and deadlines and holidays as what due_plan() works with. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "conf_private.h"

#include <embargod/text.h>

#include <stdlib.h>
#include <string.h>

/* A name means a file of ours; what has a slash is a path. */
static const char *profile_path(struct conf_errors *e, const char *name)
{
  const char *data = secure_getenv("EMBARGOD_DATA"); /* from the build folder: demo and tests */
  const char *slash = strrchr(e->file, '/');
  if (!strchr(name, '/'))
    return pool_printf(e->pool, "%s/conf/profiles/%s.conf", data ? data : PKGDATADIR, name);
  return *name == '/'
             ? name
             : pool_printf(e->pool, "%.*s/%s", slash ? (int)(slash - e->file) : 1, slash ? e->file : ".", name);
}

static bool has_section(const struct conf_raw *raw, const char *title, size_t *at)
{
  for (size_t i = 0; i < raw->sec_count; i++)
    if (raw->sec[i].section == CONF_DEADLINE && !strcmp(raw->sec[i].title, title)) {
      *at = i;
      return true;
    }
  return false;
}

/* The file's own setting comes first, and the first that is found counts. */
static void add_profile(struct conf_errors *e, struct conf_raw *raw, const struct conf_raw *more, const char *own_file)
{
  const char *file = e->file;
  for (size_t i = 0; i < more->count; i++) {
    e->file = more->set[i].file;
    if (more->set[i].section != CONF_DEADLINE)
      conf_error(e, more->set[i].line, "%s has no place in a profile: it holds deadlines only", more->set[i].name);
    raw->set = pool_grow(e->pool, raw->set, raw->count, &raw->cap, sizeof *raw->set);
    if (more->set[i].section == CONF_DEADLINE)
      raw->set[raw->count++] = more->set[i];
  }
  for (size_t i = 0; i < more->sec_count; i++) {
    size_t at = 0;
    e->file = more->sec[i].file;
    if (more->sec[i].section != CONF_DEADLINE)
      continue;
    if (!has_section(raw, more->sec[i].title, &at)) {
      raw->sec = pool_grow(e->pool, raw->sec, raw->sec_count, &raw->sec_cap, sizeof *raw->sec);
      raw->sec[raw->sec_count++] = more->sec[i];
    } else if (raw->sec[at].file != own_file) {
      conf_error(e, more->sec[i].line, "deadline %s: %s has one of this name too: give one of the profiles up",
                 more->sec[i].title, raw->sec[at].file);
    }
  }
  e->file = file;
}

void conf_add_profiles(struct conf_errors *e, struct conf_raw *raw)
{
  const struct conf_assignment *named = NULL;
  for (size_t i = 0; i < raw->count && !named; i++)
    if (raw->set[i].section == CONF_TOP && !strcmp(raw->set[i].name, "profile"))
      named = &raw->set[i];
  const char **names = named ? named->value : NULL;
  unsigned line = named ? named->line : 0;
  for (size_t i = 0; names && names[i]; i++) {
    struct conf_raw more;
    conf_read_file(e->pool, profile_path(e, names[i]), &more);
    if (more.syntax)
      conf_error(e, line, "profile %s: %s", names[i], more.syntax);
    else
      add_profile(e, raw, &more, e->file);
  }
}

static void make_calendar(struct conf_errors *e, struct conf *c)
{
  size_t count = 0;
  for (size_t i = 0; c->holidays && c->holidays[i]; i++)
    count++;
  struct due_holiday *h = pool_array(e->pool, count + 1, sizeof *h);
  for (size_t i = 0; i < count; i++)
    if (!due_holiday_parse(c->holidays[i], &h[i]))
      conf_error(e, 0, "holidays: %s is not like 2026-12-24 or 12-25", c->holidays[i]);
  c->calendar = (struct due_calendar){ c->zone, h, count };
}

void conf_make_due(struct conf_errors *e, struct conf *c)
{
  const char *file = e->file;
  make_calendar(e, c);
  c->due = pool_array(e->pool, c->deadline_count + 1, sizeof *c->due);
  for (size_t i = 0; i < c->deadline_count; i++) {
    const struct conf_deadline *d = &c->deadline[i];
    struct due_source src = { d->name,     d->title, d->starts_at, d->span,  d->source,
                              d->restarts, d->when,  d->met_by,    d->remind };
    struct fault err = { 0 };
    e->file = d->file;
    if (!d->starts_at || !d->span) /* said already */
      continue;
    if (due_define(e->pool, &src, &c->due[c->due_count], &err) || due_check_words(&c->due[c->due_count], &err))
      conf_error(e, d->line, "deadline %s: %s", d->name, err.text);
    else if (!d->off)
      c->due_count++;
  }
  e->file = file;
}
