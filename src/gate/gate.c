/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: making, reloading and ending the core. */
#include "gate_private.h"

#include <embargod/file.h>

#include <stdio.h>
#include <unistd.h>

static enum log_level level_of(const char *name)
{
  static const struct {
    const char *name;
    enum log_level level;
  } levels[] = { { "error", LOG_LEVEL_ERR },
                 { "warning", LOG_LEVEL_WARN },
                 { "notice", LOG_LEVEL_NOTICE },
                 { "info", LOG_LEVEL_INFO },
                 { "debug", LOG_LEVEL_DEBUG } };
  for (size_t i = 0; i < ARRAY_LEN(levels); i++)
    if (text_ieq(name, levels[i].name))
      return levels[i].level;
  return LOG_LEVEL_INFO;
}

/* All problems go to the log, each with file:line; the status says that there were some. */
static enum status conf_read(struct gate *g, struct pool *pool, struct conf **conf, struct template_set **templates,
                             struct fault *err)
{
  char **problems = NULL;
  enum status st = conf_load(pool, g->options.conf_file, conf, &problems, err);
  for (size_t i = 0; problems && problems[i]; i++)
    log_event(&g->log, LOG_LEVEL_ERR, "configuration", LOG_STR("problem", problems[i]));
  if (st)
    return fault_add(err, "configuration");
  if (g->options.offline)
    return ST_OK;
  problems = NULL;
  st = template_set_load(pool, (*conf)->template_dir, templates, &problems, err);
  for (size_t i = 0; problems && problems[i]; i++)
    log_event(&g->log, LOG_LEVEL_ERR, "template", LOG_STR("problem", problems[i]));
  const char **missing = st ? NULL : template_set_missing(pool, *templates);
  for (size_t i = 0; missing && missing[i]; i++) {
    log_event(&g->log, LOG_LEVEL_ERR, "template missing", LOG_STR("name", missing[i]));
    st = fault(i ? NULL : err, ST_REJECT, "%s/en/%s.txt is missing", (*conf)->template_dir, missing[i]);
  }
  return st ? fault_add(err, "templates in %s", (*conf)->template_dir) : ST_OK;
}

static enum status store_start(struct gate *g, struct fault *err)
{
  enum status st = file_check_private(g->conf->master_key_file, err);
  if (st)
    return fault_add(err, "master key");
  g->master = secret_key_new();
  st = secret_key_load(g->master, g->conf->master_key_file, err);
  if (st)
    return fault_add(err, "master key");
  struct store_options so = { .path = g->conf->database, .master = g->master, .case_prefix = g->conf->case_prefix };
  st = store_open(&so, &g->store, err);
  return st ? fault_add(err, "store %s", g->conf->database) : ST_OK;
}

static void inboxes_make(struct gate *g)
{
  g->inbox_count = g->conf->inbox_count < INBOXES_MAX ? g->conf->inbox_count : INBOXES_MAX;
  for (size_t i = 0; i < g->inbox_count; i++) {
    struct inbox *in = &g->inbox[i];
    if (!in->pool)
      in->pool = pool_new("wants");
    in->g = g;
    in->server = &g->conf->inbox[i];
  }
}

enum status gate_new(const struct gate_options *o, struct gate **out, struct fault *err)
{
  struct pool *pool = pool_new("gate");
  struct gate *g = pool_new_of(pool, struct gate);
  g->pool = pool;
  g->options = *o;
  g->log = o->log;
  g->clock = o->clock;
  g->signal_fd = g->control_fd = -1;
  g->conf_pool = pool_new("configuration");
  g->answer_pool = pool_new("answers");
  g->key_pool = pool_new("keys");
  g->changed_pool = pool_new("changed cases");
  g->agenda_pool = pool_new("agenda");
  *out = g;
  enum status st = secret_init(err);
  if (!st)
    st = conf_read(g, g->conf_pool, &g->conf, &g->templates, err);
  if (!st) {
    g->log.level = level_of(g->conf->log_level);
    st = store_start(g, err);
  }
  if (st) {
    gate_free(out);
    return st;
  }
  if (!o->offline)
    inboxes_make(g);
  return ST_OK;
}

void gate_free(struct gate **gp)
{
  struct gate *g = *gp;
  if (!g)
    return;
  gate_control_close(g);
  gate_helpers_stop(g);
  while (g->runs)
    run_free(g, g->runs);
  if (g->store && g->tx_open)
    store_rollback(g->store);
  store_close(&g->store);
  secret_key_free(&g->master);
  for (size_t i = 0; i < INBOXES_MAX; i++)
    pool_free(&g->inbox[i].pool);
  if (g->signal_fd >= 0)
    close(g->signal_fd);
  pool_free(&g->answer_pool);
  pool_free(&g->key_pool);
  pool_free(&g->changed_pool);
  pool_free(&g->agenda_pool);
  pool_free(&g->conf_pool);
  struct pool *pool = g->pool;
  *gp = NULL;
  pool_free(&pool);
}

/* What cannot change under a running daemon: the store's place and the mailboxes' identity. */
static const char *needs_restart(const struct conf *old, const struct conf *new)
{
  if (strcmp(old->database, new->database) || strcmp(old->master_key_file, new->master_key_file))
    return "the store's place";
  if (strcmp(old->gnupg_home, new->gnupg_home))
    return "gnupg_home";
  if (strcmp(old->control_socket, new->control_socket))
    return "control_socket";
  if (strcmp(old->case_prefix, new->case_prefix))
    return "case_prefix";
  if (old->inbox_count != new->inbox_count)
    return "the number of inboxes";
  for (size_t i = 0; i < old->inbox_count; i++)
    if (strcmp(old->inbox[i].name, new->inbox[i].name))
      return "an inbox's name";
  return NULL;
}

/* All or nothing: an unusable new configuration leaves the old one in force. The loop calls this when no letter is in hand,
 * so that no run holds a pointer into the old one. */
enum status gate_reload(struct gate *g, struct fault *err)
{
  struct pool *pool = pool_new("configuration");
  struct conf *conf = NULL;
  struct template_set *templates = NULL;
  enum status st = conf_read(g, pool, &conf, &templates, err);
  const char *why = st ? NULL : needs_restart(g->conf, conf);
  if (why)
    st = fault(err, ST_DENIED, "%s has changed: restart embargod for that", why);
  if (st) {
    pool_free(&pool);
    return st;
  }
  gate_helpers_stop(g);
  struct pool *old = g->conf_pool;
  g->conf_pool = pool;
  g->conf = conf;
  g->templates = templates;
  g->log.level = level_of(conf->log_level);
  inboxes_make(g);
  pool_free(&old);
  g->deadline_look_at = 0; /* there may be others now */
  g->site_look_at = g->publish_look_at = 0;
  gate_helpers_start(g);
  return ST_OK;
}
