/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/serve: the worker: one home, one operation at a time, over the channel. */
#include <config.h>

#include <embargod/file.h>
#include <embargod/secret.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crypt_private.h"

#define DEADLINE_MIN_MS 100
#define DEADLINE_MAX_MS 600000

static const struct {
  uint16_t request, answer;
  crypt_fn *run;
} operations[] = {
  { CRYPT_OPEN, CRYPT_OPENED, crypt_open },
  { CRYPT_VERIFY, CRYPT_VERIFIED, crypt_verify },
  { CRYPT_SEAL, CRYPT_SEALED, crypt_seal },
  { CRYPT_CLEARSIGN, CRYPT_SEALED, crypt_clearsign },
  { CRYPT_INSPECT, CRYPT_INSPECTED, crypt_inspect },
  { CRYPT_RING, CRYPT_RING_OK, crypt_ring },
  { CRYPT_OWN, CRYPT_OWNED, crypt_own },
  { CRYPT_GENERATE, CRYPT_OWNED, crypt_generate },
};

static enum status read_passphrase(struct crypt_worker *w, const char *path, struct fault *err)
{
  if (!path || !*path)
    return ST_OK;
  enum status st = file_check_private(path, err);
  if (!st)
    st = file_read(w->pool, path, 4096, &w->passphrase, err);
  if (st)
    return fault(err, ST_BROKEN, "passphrase file");
  while (w->passphrase.len && strchr("\r\n", w->passphrase.p[w->passphrase.len - 1]))
    w->passphrase.len--;
  w->engine.passphrase = pool_str(w->pool, w->passphrase);
  return ST_OK;
}

enum status crypt_worker_open(struct crypt_worker *w, const char *home, int deadline_ms, const char *passphrase_file,
                              struct fault *err)
{
  bool sane = deadline_ms >= DEADLINE_MIN_MS && deadline_ms <= DEADLINE_MAX_MS;
  *w = (struct crypt_worker){ .pool = pool_new_wiping("crypt worker"),
                              .clock = clock_system(),
                              .deadline_ms = sane ? deadline_ms : CRYPT_DEADLINE_DEFAULT_MS,
                              .scratch_fd = -1 };
  if (!home || !*home)
    return fault(err, ST_BROKEN, "no GnuPG home is named");
  w->home = pool_strdup(w->pool, home);
  enum status st = read_passphrase(w, passphrase_file, err); /* its path may be relative to where we are now */
  if (!st)
    st = crypt_home_enter(w->pool, w->home, err);
  if (st)
    return st;
  crypt_scratch_sweep();
  return crypt_engine_open(&w->engine, CRYPT_HOME, &w->clock, err);
}

void crypt_worker_close(struct crypt_worker *w)
{
  crypt_ring_drop(w);
  crypt_scratch_close(w);
  crypt_engine_close(&w->engine);
  crypt_reaper_finish(1000); /* the last one may still be on its way out */
  pool_free(&w->pool);
}

enum status crypt_worker_lock_in(const struct crypt_worker *w, struct fault *err)
{
  char self[4096] = "";
  if (clock_is_fake() && readlink("/proc/self/exe", self, sizeof self - 1) < 0)
    return fault(err, ST_BROKEN, "/proc/self/exe: %s", strerror(errno));
  const char *read_paths[] = { "/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/dev", self[0] ? self : NULL, NULL };
  const char *write_paths[] = { w->home, "/dev/null", NULL };
  struct lockin lockin = { .read_paths = read_paths, .write_paths = write_paths, .spawn = true };
  return helper_lock_in(&lockin, err);
}

void crypt_handle(struct crypt_worker *w, struct crypt_job *job)
{
  struct fault err = { 0 };
  uint32_t id = wire_job(job->request);
  enum status st = fault(&err, ST_REJECT, "no such operation");
  for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
    if (operations[i].request != wire_type(job->request))
      continue;
    fault_clear(&err);
    job->answer = wire_new(job->pool, operations[i].answer, id);
    st = operations[i].run(w, job, &err);
  }
  crypt_reaper_reap();
  if (!st)
    return;
  job->answer = wire_new(job->pool, CH_ERROR, id);
  wire_puti(job->answer, TAG_STATUS, st);
  wire_puts(job->answer, TAG_TEXT, err.text);
}

/* One message off the channel. *m is NULL when there was none. */
static enum status receive(int fd, struct pool *pool, struct wire_msg **m, bool *eof, struct fault *err)
{
  *m = NULL;
  struct pollfd p = { fd, POLLIN, 0 };
  if (poll(&p, 1, -1) < 0 && errno != EINTR)
    return fault(err, ST_BROKEN, "poll: %s", strerror(errno));
  enum status st = wire_recv(fd, pool, m, eof, err);
  return st == ST_RETRY ? ST_OK : st;
}

static enum status reply(int fd, const struct wire_msg *answer, struct fault *err)
{
  enum status st;
  while ((st = wire_send(fd, answer, err)) == ST_RETRY) {
    struct pollfd p = { fd, POLLOUT, 0 };
    (void)poll(&p, 1, 1000);
    fault_clear(err);
  }
  return st;
}

static enum status serve_one(struct crypt_worker *w, int fd, bool *eof, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("crypt job");
  struct crypt_job job = { .pool = pool };
  struct wire_msg *m = NULL;
  enum status st = receive(fd, pool, &m, eof, err);
  if (st || !m || wire_type(m) == WIRE_CONFIG) /* a second configuration comes with a new process */
    return st;
  job.request = m;
  crypt_handle(w, &job);
  st = reply(fd, job.answer, err);
  crypt_sink_close(&job.sink);
  return st;
}

/* CONFIG: the first message. *keeper: this process keeps the agent. */
static enum status configure(struct crypt_worker *w, int fd, bool *keeper, bool *eof, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("config");
  struct wire_msg *m = NULL;
  enum status st = ST_OK;
  while (!st && !m)
    st = receive(fd, pool, &m, eof, err);
  if (st)
    return st;
  if (wire_type(m) != WIRE_CONFIG)
    return fault(err, ST_BROKEN, "the first message is no configuration");
  *keeper = wire_geti(m, CRYPT_TAG_AGENT, 0) == 1;
  int64_t deadline = wire_geti(m, CRYPT_TAG_DEADLINE_MS, CRYPT_DEADLINE_DEFAULT_MS);
  return crypt_worker_open(w, wire_gets(m, CRYPT_TAG_HOME),
                           deadline > DEADLINE_MAX_MS ? DEADLINE_MAX_MS : (int)deadline,
                           wire_gets(m, CRYPT_TAG_PASSPHRASE_FILE), err);
}

/* HELLO comes before the lock-in: only the configuration tells which folder stays open. Nothing that a sender wrote is
 * read before it. */
enum status crypt_serve(int fd, struct fault *err)
{
  struct crypt_worker w = { .scratch_fd = -1 };
  bool eof = false, keeper = false;
  AUTO(pool_freep) struct pool *pool = pool_new("hello");
  enum status st = reply(fd, wire_new(pool, WIRE_HELLO, 0), err);
  if (!st)
    st = configure(&w, fd, &keeper, &eof, err);
  if (!st)
    st = crypt_worker_lock_in(&w, err);
  if (!st && keeper)
    st = crypt_agent_keep(fd, err);
  while (!st && !eof && !keeper)
    st = serve_one(&w, fd, &eof, err);
  crypt_worker_close(&w);
  return eof ? ST_OK : st;
}
