/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargod-send: takes sealed letters from the core and hands them on (smtp, maildir, sendmail); a second instance,
 * configured with "https:", fetches public keys. It sees no store and no key. One job at a time. */
#include <config.h>

#include <embargod/failpoint.h>
#include <embargod/helper.h>
#include <embargod/secret.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include "outbox.h"

struct sender {
  const struct logger *log;
  struct pool *pool; /* wiping: holds the configuration and its password */
  struct send_config config;
  bool configured;
  struct fault wrong; /* why it is not configured; each job is answered with it */
  const struct outbox_ops *ops;
  void *outbox;
  struct https *https;
};

static enum status start_outbox(struct sender *sn, struct fault *err)
{
  const struct send_config *c = &sn->config;
  sn->ops = outbox_ops_for(c->url.scheme);
  if (!sn->ops) {
    sn->https = https_new(c);
    return sn->https ? send_lock_in_network(c, err) : fault(err, ST_RETRY, "libcurl does not start");
  }
  enum status s = sn->ops->open(c, &sn->outbox, err);
  return s == ST_OK ? sn->ops->lock_in(c, err) : s;
}

/* The first CONFIG counts whole; later ones can only bring a new password, for the door is closed by then. */
static void configure(struct sender *sn, const struct wire_msg *msg)
{
  struct fault err = { 0 };
  enum status s;
  if (sn->configured) {
    s = send_config_password(sn->pool, msg, &sn->config, &err);
    if (s == ST_OK && sn->ops && sn->ops->renew)
      s = sn->ops->renew(sn->outbox, &err);
  } else {
    fault_clear(&sn->wrong);
    s = send_config_read(sn->pool, msg, &sn->config, &err);
    if (s == ST_OK)
      s = start_outbox(sn, &err);
    sn->configured = s == ST_OK;
    sn->wrong = err;
  }
  if (s != ST_OK)
    log_event(sn->log, LOG_LEVEL_ERR, "outbox is not usable", LOG_STR("cause", err.text));
}

static struct wire_msg *answer_error(struct pool *pool, const struct wire_msg *job, enum status status,
                                     const char *text)
{
  struct wire_msg *m = wire_new(pool, CH_ERROR, wire_job(job));
  wire_puti(m, TAG_STATUS, status);
  wire_puts(m, TAG_TEXT, text);
  return m;
}

static struct wire_msg *answer_result(struct pool *pool, const struct wire_msg *job, struct send_answer answer)
{
  struct wire_msg *m = wire_new(pool, SEND_RESULT, wire_job(job));
  wire_puti(m, SEND_TAG_END, answer.end);
  wire_puti(m, SEND_TAG_CODE, answer.code);
  wire_puts(m, TAG_TEXT, answer.text);
  return m;
}

static struct wire_msg *do_mail(struct sender *sn, struct pool *pool, const struct wire_msg *job)
{
  struct send_letter letter = { wire_gets(job, SEND_TAG_FROM), wire_gets(job, SEND_TAG_TO), { 0 } };
  if (!wire_get(job, TAG_BYTES, &letter.body))
    return answer_error(pool, job, ST_REJECT, "no letter in the request");
  FAILPOINT("send.mail.before");
  struct send_answer answer = outbox_mail(sn->ops, sn->outbox, pool, &letter);
  FAILPOINT("send.mail.after");
  return answer_result(pool, job, answer);
}

static struct wire_msg *do_check(struct sender *sn, struct pool *pool, const struct wire_msg *job)
{
  return answer_result(pool, job, sn->ops->check(sn->outbox, pool));
}

static struct wire_msg *do_get(struct sender *sn, struct pool *pool, const struct wire_msg *job)
{
  const char *url = wire_gets(job, SEND_TAG_URL);
  int64_t max = wire_geti(job, SEND_TAG_MAX, 0);
  if (!url || max <= 0)
    return answer_error(pool, job, ST_REJECT, "no URL or no size limit in the request");
  struct send_got g = https_get(sn->https, pool, url, max > SEND_GET_MAX ? SEND_GET_MAX : (size_t)max);
  if (g.status != ST_OK) {
    struct wire_msg *m = answer_error(pool, job, g.status, g.text);
    wire_puti(m, SEND_TAG_CODE, g.code);
    return m;
  }
  struct wire_msg *m = wire_new(pool, SEND_GOT, wire_job(job));
  wire_put(m, TAG_BYTES, g.body);
  return m;
}

static const struct {
  uint16_t type;
  bool for_https;
  struct wire_msg *(*run)(struct sender *sn, struct pool *pool, const struct wire_msg *job);
} jobs[] = {
  { SEND_MAIL, false, do_mail },
  { SEND_CHECK, false, do_check },
  { SEND_GET, true, do_get },
};

static struct wire_msg *run_job(struct sender *sn, struct pool *pool, const struct wire_msg *job)
{
  for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
    if (jobs[i].type != wire_type(job))
      continue;
    if (!sn->configured && jobs[i].for_https)
      return answer_error(pool, job, ST_RETRY, sn->wrong.text);
    if (!sn->configured) /* never the letter's fault */
      return answer_result(pool, job, send_answer(SEND_DEFERRED, SEND_NOT_CONFIGURED, sn->wrong.text));
    if (jobs[i].for_https == (sn->https != NULL))
      return jobs[i].run(sn, pool, job);
  }
  return answer_error(pool, job, ST_REJECT, "this instance has no such job");
}

/* A configuration that does not work does not end the process: the core would start it over and over, and each job is
 * told the cause. */
static enum status take(void *self, struct pool *pool, const struct wire_msg *request, struct wire_msg **answer,
                        struct fault *err)
{
  if (wire_type(request) == WIRE_CONFIG)
    configure(self, request);
  else
    *answer = run_job(self, pool, request);
  return ST_OK;
}

int main(void)
{
  struct logger log = {
    .fd = 2, .level = LOG_LEVEL_INFO, .sd_levels = getenv("JOURNAL_STREAM") != NULL, .program = "embargod-send"
  };
  struct fault err = { 0 };
  struct sender sn = { .log = &log, .pool = pool_new_wiping("send config") };
  struct stat st;
  fault(&sn.wrong, ST_RETRY, "no configuration yet");
  signal(SIGPIPE, SIG_IGN);
  if (fstat(HELPER_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
    fprintf(stderr, "embargod-send: embargod starts this program with a channel on descriptor 3\n");
    return EX_USAGE;
  }
  if (secret_init(&err) != ST_OK) {
    log_event(&log, LOG_LEVEL_ERR, "no start", LOG_STR("cause", err.text));
    return EX_SOFTWARE;
  }
  int code = helper_serve(take, &sn);
  if (sn.outbox)
    sn.ops->close(sn.outbox);
  https_free(&sn.https);
  pool_free(&sn.pool);
  return code;
}
