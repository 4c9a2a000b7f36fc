/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due/remind: whom to remind now. Nothing is remembered here: a point is reminded when its instant is reached and its
 * key is not among those that the caller stored. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "due_private.h"

static bool among(const char *const *list, size_t count, const char *key)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp(list[i], key) == 0)
      return true;
  return false;
}

/* Name, due instant, point: another date is another reminder. */
static char *key_of(struct pool *pool, const struct due_deadline *d, const struct due_status *s,
                    const struct due_point *p)
{
  return pool_printf(pool, "%s@%s/%s", d->name, time_iso(pool, s->due_at), p->text);
}

static bool ticks(const struct due_status *s)
{
  return s->state == DUE_RUNNING || s->state == DUE_OVERDUE;
}

static bool point_exists(const struct due_status *s, int64_t at)
{
  return !s->started_at || at > s->started_at;
}

static bool remind_one(struct pool *pool, const struct due_deadline *d, const struct due_world *w,
                       const char *const *sent, size_t sent_count, struct due_reminder *out)
{
  *out = (struct due_reminder){ .deadline = d, .status = due_judge(pool, d, w) };
  if (!ticks(&out->status))
    return false;
  out->key = pool_array(pool, DUE_LIST_MAX, sizeof *out->key);
  for (size_t i = 0; i < d->remind_count; i++) {
    const struct due_point *p = &d->remind[i];
    int64_t at = due_add(w->calendar, out->status.due_at, p->span);
    if (at > w->now || !point_exists(&out->status, at))
      continue;
    char *key = key_of(pool, d, &out->status, p);
    if (among(sent, sent_count, key) || among(out->key, out->key_count, key))
      continue;
    out->key[out->key_count++] = key;
    if (p->audience > out->audience)
      out->audience = p->audience;
  }
  return out->key_count > 0;
}

size_t due_plan(struct pool *pool, const struct due_deadline *d, size_t count, const struct due_world *w,
                const char *const *sent, size_t sent_count, struct due_reminder **out)
{
  size_t n = 0;
  *out = pool_array(pool, count + 1, sizeof **out);
  for (size_t i = 0; i < count; i++)
    n += remind_one(pool, &d[i], w, sent, sent_count, &(*out)[n]);
  return n;
}

static void earlier(int64_t *best, int64_t at, int64_t now)
{
  if (at > now && (!*best || at < *best))
    *best = at;
}

int64_t due_next(struct pool *pool, const struct due_deadline *d, size_t count, const struct due_world *w)
{
  int64_t best = 0;
  for (size_t i = 0; i < count; i++) {
    struct due_status s = due_judge(pool, &d[i], w);
    if (!ticks(&s))
      continue;
    earlier(&best, s.due_at, w->now);
    for (size_t k = 0; k < d[i].remind_count; k++) {
      int64_t at = due_add(w->calendar, s.due_at, d[i].remind[k].span);
      if (point_exists(&s, at))
        earlier(&best, at, w->now);
    }
  }
  return best;
}

bool due_digest(const struct due_calendar *c, int hour, int64_t now, int last_day, int *day)
{
  struct time_civil d = time_civil(now, c->zone);
  d.hour = hour;
  d.minute = d.second = 0;
  if (time_from_civil(d, c->zone) > now)
    return false;
  *day = due_day_number(c, now);
  return *day > last_day;
}

int64_t due_clock_jump(int64_t wall_before, int64_t mono_before, int64_t wall, int64_t mono)
{
  int64_t jump = (wall - wall_before) - (mono - mono_before) / 1000;
  return jump > DUE_JUMP_S || jump < -DUE_JUMP_S ? jump : 0;
}
