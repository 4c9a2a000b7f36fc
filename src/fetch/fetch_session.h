/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/fetch_session: serves one mailbox to the core: the queue of its wishes, offers, back-off. */
#ifndef FETCH_SESSION_H
#define FETCH_SESSION_H
#include "inbox.h"

struct fetch_session_options {
  int fd;            /* the channel */
  struct inbox *box; /* borrowed */
  struct fetch_config *config;
  struct pool *secret; /* where config->password lives; replaced when a new CONFIG brings a fresh token */
  bool one_life; /* end after a failed connection: the secret or the folder can only be had by a new process */
};
/* Runs until the core closes the channel (OK), or must end (RETRY, one_life). */
MUST_USE enum status fetch_session_run(const struct fetch_session_options *options, struct fault *err);
#endif
