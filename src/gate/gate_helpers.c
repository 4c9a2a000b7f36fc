/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the helper processes: which there are, what each is told at its start. */
#include "gate_private.h"

#include <embargod/file.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARSE_IN_FLIGHT 4
#define AGENT_WAIT_MS 3000
#define AGENT_READY_MS 1000   /* one that ends sooner would not have opened a letter */
#define AGENT_STEADY_MS 60000 /* one that lived so long is started again without delay */

const char *gate_program(struct gate *g, struct pool *pool, const char *name)
{
  const char *dir = g->options.libexec;
  if (!dir)
    dir = secure_getenv("EMBARGOD_LIBEXEC");
  return pool_printf(pool, "%s/%s", dir ? dir : PKGLIBEXECDIR, name);
}

static bool parse_config(void *self, struct wire_msg *m)
{
  const struct gate *g = self;
  wire_puti(m, PARSE_TAG_CPU_S, (g->conf->parse_deadline_ms + 999) / 1000);
  wire_puti(m, PARSE_TAG_MEMORY, 256 * INT64_C(1048576) + 8 * g->conf->max_plaintext);
  wire_puti(m, PARSE_TAG_DEPTH, PARTS_DEPTH_MAX);
  wire_puti(m, PARSE_TAG_PARTS, PARTS_MAX);
  return true;
}

static bool crypt_config(void *self, struct wire_msg *m)
{
  const struct gate *g = self;
  wire_puts(m, CRYPT_TAG_HOME, g->conf->gnupg_home);
  wire_puts(m, CRYPT_TAG_PASSPHRASE_FILE, g->conf->key_passphrase_file);
  wire_puti(m, CRYPT_TAG_DEADLINE_MS, g->conf->crypt_deadline_ms);
  return true;
}

#define ONCE_LIVES_MAX 3
#define TOKEN_PAUSE_MS 60000

/* OAuth token commands run from the core: the helper's sandbox need not let it start programs. False: it gave none. */
static bool put_password(struct gate *g, struct wire_msg *m, const struct conf_server *s, uint16_t tag)
{
  if (!s->password_command)
    return true;
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("password");
  struct fault err = { 0 };
  struct bytes out;
  if (command_output(pool, s->password_command, 10000, 65536, &out, &err)) {
    log_event(&g->log, LOG_LEVEL_ERR, "password_command failed: run it by hand as embargod's user", LOG_STR("server", s->name),
              LOG_STR("why", err.text));
    return false;
  }
  wire_put(m, tag, out);
  return true;
}

bool gate_fetch_config(void *self, struct wire_msg *m)
{
  struct inbox *in = self;
  const struct conf_server *s = in->server;
  wire_puts(m, FETCH_TAG_URL, s->url);
  wire_puts(m, FETCH_TAG_PASSWORD_FILE, s->password_file);
  (void)put_password(in->g, m, s, FETCH_TAG_PASSWORD); /* embargod-fetch says what it lacks, and ends to be asked again */
  wire_puts(m, FETCH_TAG_AUTH, s->auth);
  wire_puts(m, FETCH_TAG_CA_FILE, s->tls_ca_file);
  wire_puts(m, FETCH_TAG_FINGERPRINT, s->tls_fingerprint);
  for (size_t i = 0; s->folders && s->folders[i]; i++)
    wire_puts(m, FETCH_TAG_WATCH, s->folders[i]);
  wire_puti(m, FETCH_TAG_MAX_SIZE, in->g->conf->max_message);
  wire_puti(m, FETCH_TAG_POLL_S, s->poll_s);
  wire_puti(m, FETCH_TAG_TIMEOUT_MS, s->timeout_ms);
  wire_puti(m, FETCH_TAG_ONCE, in->g->options.once);
  in->state = FETCH_CONNECTING;
  /* What was on the way died with the process before this one; it offers all again. */
  pool_reset(in->pool);
  in->first = in->last = NULL;
  in->wants = in->on_the_way = 0;
  in->bytes_on_the_way = 0;
  if (in->g->options.once && in->lives++ > 0) {
    in->scan_failed = in->scan_failed || in->lives > ONCE_LIVES_MAX;
    in->scanned = in->scan_asked = false;
  }
  return true;
}

void gate_fetch_new_token(struct inbox *in)
{
  struct gate *g = in->g;
  int64_t now = clock_mono(&g->clock);
  if (!in->server->password_command || (in->token_at && now < in->token_at + TOKEN_PAUSE_MS))
    return;
  in->token_at = now;
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("token");
  struct wire_msg *m = wire_new(pool, WIRE_CONFIG, 0);
  if (put_password(g, m, in->server, FETCH_TAG_PASSWORD))
    helper_tell(in->hp, m);
}

/* False: without the password that the command should have given. */
static bool send_fill(struct gate *g, struct wire_msg *m)
{
  const struct conf_server *s = &g->conf->outbox;
  wire_puts(m, SEND_TAG_URL, s->url);
  wire_puts(m, SEND_TAG_PASSWORD_FILE, s->password_file);
  bool whole = put_password(g, m, s, SEND_TAG_PASSWORD);
  wire_puts(m, SEND_TAG_AUTH, s->auth);
  wire_puts(m, SEND_TAG_CA_FILE, s->tls_ca_file);
  wire_puts(m, SEND_TAG_FINGERPRINT, s->tls_fingerprint);
  wire_puti(m, SEND_TAG_TIMEOUT_MS, s->timeout_ms);
  wire_puts(m, SEND_TAG_HELO, conf_domain(g->conf));
  return whole;
}

static bool send_config(void *self, struct wire_msg *m)
{
  (void)send_fill(self, m); /* without it each mail is answered with SEND_NOT_CONFIGURED, and so asks again */
  return true;
}

/* Only between mails: one in its hands would be sent twice. */
void gate_send_anew(struct gate *g)
{
  g->login_at = 0;
  if (g->send && !g->sending)
    helper_restart(g->send);
}

bool gate_send_new_login(struct gate *g)
{
  int64_t now = clock_mono(&g->clock);
  if (g->login_at && now < g->login_at + TOKEN_PAUSE_MS)
    return false;
  g->login_at = now;
  if (!g->conf->outbox.password_command) {
    helper_restart(g->send); /* the door to the password file is closed for this one */
    return false;
  }
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("token");
  struct wire_msg *m = wire_new(pool, WIRE_CONFIG, 0);
  bool whole = send_fill(g, m);
  if (whole)
    helper_tell(g->send, m);
  return whole;
}

static bool https_config(void *self, struct wire_msg *m)
{
  wire_puts(m, SEND_TAG_URL, "https:");
#ifdef EMBARGOD_FAILPOINTS
  wire_puts(m, SEND_TAG_CA_FILE, getenv("EMBARGOD_TEST_CA")); /* of a test's server; else the system's authorities */
#endif
  wire_puti(m, SEND_TAG_TIMEOUT_MS, 10000);
  return true;
}

/* ---- gpg-agent: our own child, so that it ends with us and a dead one is noticed ---- */
static void agent_exec(const char *program, const char *home)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  const char *argv[] = { program, "--agent", home, NULL };
  const char *env[16] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8" };
  size_t n = 2;
  static const char *const pass[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };
  for (size_t i = 0; i < ARRAY_LEN(pass); i++) {
    const char *v = getenv(pass[i]);
    static char kept[3][512];
    if (v && snprintf(kept[i], sizeof kept[i], "%s=%s", pass[i], v) > 0)
      env[n++] = kept[i];
  }
  execve(program, (char *const *)argv, (char *const *)env);
  _exit(127);
}

static enum status agent_start(struct gate *g, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("agent");
  const char *program = gate_program(g, pool, "embargod-crypt");
  pid_t pid = fork();
  if (pid < 0)
    return fault(err, ST_RETRY, "gpg-agent: fork: %s", strerror(errno));
  if (pid == 0)
    agent_exec(program, g->conf->gnupg_home);
  g->agent = pid;
  g->agent_since = clock_mono(&g->clock);
  return ST_OK;
}

/* Only at start-up, before the loop runs. */
static void agent_wait(struct gate *g)
{
  AUTO(pool_freep) struct pool *pool = pool_new("agent");
  const char *path = pool_printf(pool, "%s/S.gpg-agent", g->conf->gnupg_home);
  for (int waited = 0; waited < AGENT_WAIT_MS && access(path, F_OK); waited += 5)
    usleep(5000);
}

static void agent_gone(struct gate *g, int64_t now)
{
  if (now - g->agent_since > AGENT_STEADY_MS)
    g->agent_deaths = 0;
  unsigned shift = g->agent_deaths < 8 ? g->agent_deaths++ : 8;
  g->agent = 0;
  g->agent_next = now + (100 << shift);
  g->agent_wake = 0;
  log_event(&g->log, LOG_LEVEL_WARN, "gpg-agent has ended: starting it again; letters that need it are held meanwhile");
}

void gate_agent_tick(struct gate *g)
{
  int64_t now = clock_mono(&g->clock);
  if (g->agent > 0 && waitpid(g->agent, NULL, WNOHANG) == g->agent)
    agent_gone(g, now);
  if (g->agent > 0 && g->agent_wake && now >= g->agent_wake) {
    g->agent_wake = 0;
    g->wake_held = true;
  }
  struct fault err = { 0 };
  if (g->agent || g->options.offline || now < g->agent_next)
    return;
  if (agent_start(g, &err)) {
    g->agent_next = now + 1000;
    log_event(&g->log, LOG_LEVEL_ERR, "cannot start gpg-agent: trying again in 1 s", LOG_STR("why", err.text));
  } else {
    g->agent_wake = now + AGENT_READY_MS;
  }
}

/* ---- all of them ---- */
static struct helper_pool *start(struct gate *g, struct helper_options o, helper_config_fn *config, void *self)
{
  o.program = gate_program(g, g->conf_pool, o.program);
  struct helper_pool *hp = helper_pool_new(&o, &g->clock, &g->log);
  helper_pool_on_config(hp, config, self);
  return hp;
}

static unsigned worker_count(const struct gate *g)
{
  long n = g->conf->crypt_workers > 0 ? g->conf->crypt_workers : sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > 16 ? 16 : (unsigned)n;
}

void gate_helpers_start(struct gate *g)
{
  g->agent_next = 0;
  gate_agent_tick(g);
  g->agent_wake = 0; /* the ring, when it is ready, wakes them */
  if (g->agent > 0)
    agent_wait(g);
  g->parse = start(g,
                   (struct helper_options){ .program = "embargod-parse", .name = "parse", .processes = 1,
                                            .jobs_per_process = PARSE_IN_FLIGHT,
                                            .job_deadline_ms = g->conf->parse_deadline_ms + 2000 },
                   parse_config, g);
  g->crypt = start(g,
                   (struct helper_options){ .program = "embargod-crypt", .name = "crypt", .processes = worker_count(g),
                                            .jobs_per_process = 1, .job_deadline_ms = g->conf->crypt_deadline_ms + 5000 },
                   crypt_config, g);
  g->send = start(g,
                  (struct helper_options){ .program = "embargod-send", .name = "send", .processes = 1,
                                           .jobs_per_process = 1, .job_deadline_ms = g->conf->outbox.timeout_ms * 3 },
                  send_config, g);
  if (g->conf->wkd)
    g->https = start(g,
                     (struct helper_options){ .program = "embargod-send", .name = "https", .processes = 1,
                                              .jobs_per_process = 1, .job_deadline_ms = 15000 },
                     https_config, g);
  for (size_t i = 0; i < g->inbox_count; i++) {
    struct inbox *in = &g->inbox[i];
    in->hp = start(g,
                   (struct helper_options){ .program = "embargod-fetch", .name = in->server->name, .processes = 1,
                                            .jobs_per_process = 64, .unsolicited = true,
                                            .job_deadline_ms = in->server->timeout_ms * 4 },
                   gate_fetch_config, in);
    helper_pool_on_event(in->hp, gate_fetch_event, in);
  }
  gate_ring_start(g);
}

void gate_helpers_stop(struct gate *g)
{
  helper_pool_free(&g->parse);
  helper_pool_free(&g->crypt);
  helper_pool_free(&g->send);
  helper_pool_free(&g->https);
  for (size_t i = 0; i < g->inbox_count; i++)
    helper_pool_free(&g->inbox[i].hp);
  if (g->agent > 0) {
    kill(g->agent, SIGTERM);
    for (int i = 0; i < 200 && waitpid(g->agent, NULL, WNOHANG) != g->agent; i++)
      usleep(5000);
    kill(g->agent, SIGKILL);
    (void)waitpid(g->agent, NULL, 0);
    g->agent = 0;
  }
  g->ring_ready = false;
}
