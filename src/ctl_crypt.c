/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "ctl_private.h"

#include <embargod/channel.h>
#include <embargod/helper.h>

#include <poll.h>
#include <stdlib.h>

struct ctl_crypt {
  struct pool *pool;
  const char *home, *passphrase_file;
  struct helper_pool *hp;
  struct clock clock;
  struct logger log;
  uint16_t want;
  struct pgp_cert *cert;
  size_t count;
  struct pgp_result *result; /* of CRYPT_VERIFIED */
  bool done;
  struct fault err;
};

static bool config(void *self, struct wire_msg *m)
{
  const struct ctl_crypt *c = self;
  wire_puts(m, CRYPT_TAG_HOME, c->home);
  wire_puti(m, CRYPT_TAG_DEADLINE_MS, 60000);
  wire_puts(m, CRYPT_TAG_PASSPHRASE_FILE, c->passphrase_file);
  return true;
}

enum status ctl_crypt_start(struct pool *pool, const char *home, const char *passphrase_file, struct ctl_crypt **out,
                            struct fault *err)
{
  struct ctl_crypt *c = pool_new_of(pool, struct ctl_crypt);
  const char *dir = secure_getenv("EMBARGOD_LIBEXEC");
  *c = (struct ctl_crypt){ .pool = pool,
                           .home = home,
                           .passphrase_file = passphrase_file,
                           .clock = clock_system(),
                           .log = { .fd = 2, .level = LOG_LEVEL_WARN, .program = "embargoctl" } };
  struct helper_options o = { .program = pool_printf(pool, "%s/embargod-crypt", dir ? dir : PKGLIBEXECDIR),
                              .name = "crypt",
                              .processes = 1,
                              .jobs_per_process = 1,
                              .job_deadline_ms = 90000 };
  c->hp = helper_pool_new(&o, &c->clock, &c->log);
  helper_pool_on_config(c->hp, config, c);
  *out = c;
  return ST_OK;
}

void ctl_crypt_stop(struct ctl_crypt **c)
{
  if (*c)
    helper_pool_free(&(*c)->hp);
  *c = NULL;
}

static void answered(void *self, struct pool *pool, const struct wire_msg *answer)
{
  struct ctl_crypt *c = self;
  c->done = true;
  if (wire_type(answer) == c->want && c->result) {
    (void)!pgp_result_get(answer, c->result, &c->err);
    return;
  }
  if (wire_type(answer) == c->want) {
    (void)!pgp_certs_get(answer, c->pool, &c->cert, &c->count, &c->err);
    for (size_t i = 0; i < c->count; i++)
      c->cert[i].key = pool_bytes_dup(c->pool, c->cert[i].key);
    return;
  }
  const char *why = wire_gets(answer, TAG_TEXT);
  (void)fault(&c->err, ST_REJECT, "%s", why ? why : "embargod-crypt died: is gnupg installed?");
}

static enum status ask(struct ctl_crypt *c, const struct wire_msg *m, uint16_t answer_type, struct fault *err)
{
  c->want = answer_type;
  c->done = false;
  c->cert = NULL;
  c->count = 0;
  fault_clear(&c->err);
  helper_submit(c->hp, m, answered, c);
  int64_t until = c->clock.mono(c->clock.self) + 95000;
  while (!c->done && c->clock.mono(c->clock.self) < until) {
    struct pollfd fds[8];
    int timeout = 500;
    size_t n = helper_poll_prepare(c->hp, fds, 8, &timeout);
    (void)!poll(fds, n, timeout);
    helper_poll_done(c->hp, fds, n);
  }
  if (!c->done)
    return fault(err, ST_RETRY, "embargod-crypt does not answer");
  if (c->err.status)
    return fault(err, c->err.status, "%s", c->err.text);
  return ST_OK;
}

enum status ctl_crypt_ask(struct ctl_crypt *c, const struct wire_msg *m, uint16_t answer_type, struct pgp_cert **cert,
                          size_t *count, struct fault *err)
{
  c->result = NULL;
  enum status st = ask(c, m, answer_type, err);
  *cert = c->cert;
  *count = c->count;
  return st;
}

enum status ctl_crypt_verify(struct ctl_crypt *c, const struct wire_msg *m, struct pgp_result *out, struct fault *err)
{
  *out = (struct pgp_result){ 0 };
  c->result = out;
  return ask(c, m, CRYPT_VERIFIED, err);
}
