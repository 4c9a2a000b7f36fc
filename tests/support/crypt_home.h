/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gateway's GnuPG home and people's messages to it, made once for a test program. */
#ifndef CRYPT_HOME_H
#define CRYPT_HOME_H
#include "crypt_peer.h"

struct fixture {
  struct pool *pool;
  const char *dir;  /* all of it lies in here: messages, *.asc, *.fpr */
  const char *home; /* the gateway's */
  const char *fpr;  /* its key */
  struct peer agent;
};
/* The working ring holds alice, bob (expired) and carol (revoked), not mallory and dave. */
enum fixture_extent { FIXTURE_KEYS, FIXTURE_MESSAGES };
void fixture_make(struct fixture *f, enum fixture_extent extent);
void fixture_drop(struct fixture *f);
/* A copy of the home in dir/name, without an agent. */
char *fixture_copy(const struct fixture *f, struct pool *pool, const char *name);
/* Adds the certificate dir/name.asc as CRYPT_TAG_KEY. */
void fixture_put_key(const struct fixture *f, struct wire_msg *m, struct pool *pool, const char *name);
/* The same as the worker p gives it back: clean, binary, with CRYPT_TAG_CLEAN. */
void fixture_put_clean(const struct fixture *f, struct peer *p, struct wire_msg *m, struct pool *pool, const char *name);
/* The workers' scratch homes in that home; with name, such as "/known.gpg": the files of that name in them. */
unsigned fixture_scratch_files(const char *home, const char *name);
#endif
