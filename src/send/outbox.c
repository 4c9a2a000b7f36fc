/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/outbox: which outbox serves which URL, and the guards before each of them. */
#include <config.h>

#include <embargod/helper.h>
#include "outbox.h"

static const struct {
  enum send_scheme scheme;
  const struct outbox_ops *ops;
} outboxes[] = {
  { SEND_SMTPS, &outbox_smtp },
  { SEND_STARTTLS, &outbox_smtp },
  { SEND_MAILDIR, &outbox_maildir },
  { SEND_SENDMAIL, &outbox_sendmail },
};

const struct outbox_ops *outbox_ops_for(enum send_scheme scheme)
{
  for (size_t i = 0; i < ARRAY_LEN(outboxes); i++)
    if (outboxes[i].scheme == scheme)
      return outboxes[i].ops;
  return NULL;
}

struct send_answer send_answer(enum send_end end, int code, const char *text)
{
  return (struct send_answer){ end, code, text ? text : "" };
}

struct send_answer outbox_mail(const struct outbox_ops *ops, void *self, struct pool *pool,
                               const struct send_letter *letter)
{
  const char *why = send_sender_fault(letter->from);
  if (why)
    return send_answer(SEND_REFUSED, 0, pool_printf(pool, "not sent: envelope sender: %s", why));
  why = send_address_fault(letter->to);
  if (why)
    return send_answer(SEND_REFUSED, 0, pool_printf(pool, "not sent: recipient: %s", why));
  why = send_body_fault(letter->body);
  if (why)
    return send_answer(SEND_REFUSED, 0, pool_printf(pool, "not sent: %s (a bug of embargod)", why));
  return ops->mail(self, pool, letter);
}

enum status send_lock_in_network(const struct send_config *config, struct fault *err)
{
  const char *const paths[] = {
    "/etc",
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/dev/urandom",
    "/dev/null",
#ifdef EMBARGOD_SANITIZERS
    "/proc", /* LeakSanitizer */
#endif
    config->ca_file, /* may be NULL: then the list ends here */
    NULL,
  };
  const struct lockin lockin = { .read_paths = paths, .network = true };
  return helper_lock_in(&lockin, err);
}
