/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/outbox: the one interface of the ways a letter leaves. A new one = a file with its ops + a row in outbox.c. */
#ifndef SEND_OUTBOX_H
#define SEND_OUTBOX_H
#include "send_private.h"

struct send_letter {
  const char *from; /* "" = null sender; both have passed the guard */
  const char *to;
  struct bytes body; /* CRLF lines, has passed the guard */
};
struct send_answer {
  enum send_end end;
  int code;         /* SMTP reply code; 0: there was none */
  const char *text; /* the other side's words, cleaned */
};
struct outbox_ops {
  const char *name;
  /* config outlives the outbox. REJECT: the configuration is wrong; RETRY: not now. */
  enum status (*open)(const struct send_config *config, void **self, struct fault *err);
  /* The last step of the start: gives up all that sending does not need. */
  enum status (*lock_in)(const struct send_config *config, struct fault *err);
  struct send_answer (*mail)(void *self, struct pool *pool, const struct send_letter *letter);
  struct send_answer (*check)(void *self, struct pool *pool);
  enum status (*renew)(void *self, struct fault *err); /* config->password is another one now; NULL: no passwords */
  void (*close)(void *self);
};
extern const struct outbox_ops outbox_smtp, outbox_maildir, outbox_sendmail;
/* NULL for SEND_HTTPS, which takes no mail. */
const struct outbox_ops *outbox_ops_for(enum send_scheme scheme);
/* Guards, then ops->mail. */
struct send_answer outbox_mail(const struct outbox_ops *ops, void *self, struct pool *pool,
                               const struct send_letter *letter);
/* What a process with sockets may read: resolver, certificates, shared objects. */
enum status send_lock_in_network(const struct send_config *config, struct fault *err);
struct send_answer send_answer(enum send_end end, int code, const char *text);
#endif
