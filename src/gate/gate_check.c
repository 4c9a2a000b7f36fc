/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: embargod -t. Configuration, templates, store, keys, connections: every problem, one line each. */
#include "gate_private.h"

#include <embargod/file.h>

#include <stdio.h>
#include <unistd.h>

struct checking {
  struct gate *g;
  int fd;
  unsigned problems, waiting;
};

static void say(struct checking *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct checking *c, const char *fmt, ...)
{
  AUTO(pool_freep) struct pool *pool = pool_new("say");
  struct fault err = { 0 };
  va_list ap;
  va_start(ap, fmt);
  char *line = pool_vprintf(pool, fmt, ap);
  va_end(ap);
  if (fd_write_all(c->fd, bytes_str(pool_printf(pool, "%s\n", line)), &err))
    c->problems++;
}

static enum status check_files(struct checking *c, struct pool *pool, const struct gate_options *o, struct conf **conf)
{
  struct fault err = { 0 };
  char **problem = NULL;
  enum status st = conf_load(pool, o->conf_file, conf, &problem, &err);
  for (size_t i = 0; problem && problem[i]; i++, c->problems++)
    say(c, "%s", problem[i]);
  if (st) {
    if (!problem || !problem[0]) {
      say(c, "%s", err.text);
      c->problems++;
    }
    return st;
  }
  struct template_set *set = NULL;
  problem = NULL;
  fault_clear(&err);
  st = template_set_load(pool, (*conf)->template_dir, &set, &problem, &err);
  for (size_t i = 0; problem && problem[i]; i++, c->problems++)
    say(c, "%s", problem[i]);
  if (st && (!problem || !problem[0])) {
    say(c, "%s", err.text);
    c->problems++;
  }
  return ST_OK;
}

static void inbox_checked(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct checking *c = self;
  const char *text = wire_gets(answer, TAG_TEXT);
  c->waiting--;
  if (wire_type(answer) == FETCH_CHECKED) {
    say(c, "inbox: %s", text ? text : "ok");
    return;
  }
  c->problems++;
  say(c, "inbox: %s", text ? text : "embargod-fetch died or took too long");
}

static void outbox_checked(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct checking *c = self;
  const char *text = wire_gets(answer, TAG_TEXT);
  c->waiting--;
  if (wire_type(answer) == SEND_RESULT && wire_geti(answer, SEND_TAG_END, 0) == SEND_ACCEPTED) {
    say(c, "outbox: %s", text_empty(text) ? "ok" : text);
    return;
  }
  c->problems++;
  say(c, "outbox: %s", text ? text : "embargod-send died or took too long");
}

static void keys_report(struct checking *c)
{
  struct gate *g = c->g;
  const struct conf *conf = g->conf;
  if (g->keys_failed) {
    say(c, "keys: %s", g->keys_trouble);
    c->problems++;
    return;
  }
  say(c, "own key: %s, %s", g->own.fpr, g->own.expires ? "expires" : "does not expire");
  for (size_t i = 0; i < conf->analyst_count; i++)
    if (g->analyst[i].problem) {
      say(c, "%s:%u: key of analyst %s (%s): %s", conf->file, conf->analyst[i].line, conf->analyst[i].name, conf->analyst[i].key_file,
          g->analyst[i].problem);
      c->problems++;
    }
  for (size_t i = 0; i < conf->stakeholder_count; i++)
    if (conf->stakeholder[i].key_file && g->stakeholder[i].problem) {
      say(c, "%s:%u: key of stakeholder %s (%s): %s", conf->file, conf->stakeholder[i].line, conf->stakeholder[i].name,
          conf->stakeholder[i].key_file, g->stakeholder[i].problem);
      c->problems++;
    }
}

static void check_live(struct checking *c)
{
  struct gate *g = c->g;
  AUTO(pool_freep) struct pool *pool = pool_new("check");
  for (size_t i = 0; i < g->inbox_count; i++, c->waiting++)
    helper_submit(g->inbox[i].hp, wire_new(pool, FETCH_CHECK, 0), inbox_checked, c);
  helper_submit(g->send, wire_new(pool, SEND_CHECK, 0), outbox_checked, c);
  c->waiting++;
  int64_t until = clock_mono(&g->clock) + 60000;
  while ((c->waiting || (!g->ring_ready && !g->keys_failed)) && clock_mono(&g->clock) < until && !g->broken)
    gate_poll_once(g, 200);
  if (c->waiting) {
    say(c, "%u connections did not answer within 60 s", c->waiting);
    c->problems++;
  }
  keys_report(c);
}

int gate_check(const struct gate_options *o, int fd)
{
  AUTO(pool_freep) struct pool *pool = pool_new("check");
  struct checking c = { .fd = fd };
  struct conf *conf = NULL;
  struct fault err = { 0 };
  struct gate_options quiet = *o;
  quiet.once = true; /* no control socket, no IDLE */
  if (!check_files(&c, pool, o, &conf) && !c.problems) {
    enum status st = gate_new(&quiet, &c.g, &err);
    if (st == ST_DENIED) {
      say(&c, "embargod is running: keys and connections are those of `embargoctl status`");
    } else if (st) {
      say(&c, "%s", err.text);
      c.problems++;
    } else if (gate_start(c.g, &err)) {
      say(&c, "%s", err.text);
      c.problems++;
    } else {
      check_live(&c);
    }
    gate_free(&c.g);
  }
  if (c.problems)
    say(&c, "%u problem%s", c.problems, c.problems == 1 ? "" : "s");
  else
    say(&c, "all well");
  return c.problems ? 78 : 0;
}
