/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/fetch_session: serves one mailbox to the core: the queue of its wishes, offers, back-off. */
#ifndef FETCH_SESSION_H
#define FETCH_SESSION_H
#include "inbox.h"

struct fetch_session_options {
  int fd;            /* the channel */
  struct inbox *box; /* borrowed */
  struct fetch_config *config;
  struct pool *secret;  /* where config->password lives; replaced when a new CONFIG brings a fresh token */
  bool one_life;        /* end after the first failure: what is missing can only be reached by a new process */
  bool end_when_denied; /* end when certificate or login are refused: a new process reads the secret and the CA anew */
};
/* Runs until the core closes the channel (OK), or must end (RETRY). */
MUST_USE enum status fetch_session_run(const struct fetch_session_options *options, struct fault *err);
#endif
