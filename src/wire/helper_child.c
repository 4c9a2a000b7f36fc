/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/helper: the loop at the child's end. */
#include <config.h>

#include <embargod/channel.h>
#include <embargod/helper.h>
#include <stdio.h>

#define EXIT_GONE 0
#define EXIT_BROKEN 70  /* EX_SOFTWARE */
#define EXIT_CHANNEL 76 /* EX_PROTOCOL */

enum status helper_say_hello(struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("hello");
  return wire_send(HELPER_FD, wire_new(pool, WIRE_HELLO, 0), err);
}

static struct wire_msg *error_answer(struct pool *pool, enum status st, const struct fault *err)
{
  struct wire_msg *m = wire_new(pool, CH_ERROR, 0);
  wire_puti(m, TAG_STATUS, st);
  wire_puts(m, TAG_TEXT, err->text);
  return m;
}

static int complain(const struct fault *err, int code)
{
  fprintf(stderr, "helper: %s\n", err->text);
  return code;
}

int helper_serve(helper_take_fn *take, void *self)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("job");
  struct fault err = { 0 };
  if (helper_say_hello(&err) != ST_OK)
    return complain(&err, EXIT_CHANNEL);
  for (;; pool_reset(pool)) {
    struct wire_msg *request = NULL, *answer = NULL;
    bool eof = false;
    fault_clear(&err);
    if (wire_recv(HELPER_FD, pool, &request, &eof, &err) != ST_OK)
      return eof ? EXIT_GONE : complain(&err, EXIT_CHANNEL);
    enum status st = take(self, pool, request, &answer, &err);
    if (st == ST_BROKEN)
      return complain(&err, EXIT_BROKEN);
    if (st != ST_OK && wire_job(request) != 0)
      answer = error_answer(pool, st, &err);
    else if (st != ST_OK)
      return complain(&err, EXIT_BROKEN); /* a configuration that it cannot work with */
    if (!answer)
      continue;
    wire_set_job(answer, wire_job(request));
    fault_clear(&err);
    if (wire_send(HELPER_FD, answer, &err) != ST_OK) {
      answer = error_answer(pool, ST_RETRY, &err);
      wire_set_job(answer, wire_job(request));
      if (wire_send(HELPER_FD, answer, &err) != ST_OK)
        return complain(&err, EXIT_CHANNEL);
    }
  }
}
