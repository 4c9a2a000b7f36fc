/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/keywatch: can we still encrypt to everyone we must? Shared with the digest. */
#ifndef EMBARGOD_GATE_KEYWATCH_H
#define EMBARGOD_GATE_KEYWATCH_H
#include "gate_private.h"

struct watched_key {
  const char *owner;                  /* "alice", "robin@lab.example (EMB-2026-0001)" */
  const char *fingerprint;            /* "" when the key file could not be read */
  const char *problem;                /* why it cannot be used at all; "" */
  const char *remark;                 /* it is used, but; "" */
  const char *advice;                 /* what to do about it */
  int64_t expires;                    /* 0 never; STORED_KEY_REVOKED */
  const struct conf_analyst *analyst; /* whose it is; NULL */
};
/* Ours, the analysts', the stakeholders', and those of the participants of these cases. */
MUST_USE enum status keywatch_list(struct gate *g, struct pool *pool, struct vuln_case *const *vc, size_t count,
                                   struct watched_key **out, size_t *n, struct fault *err);
/* 60, 30, 14, 7, 1: ends within so many days; 0: has ended; -1: revoked; -2: cannot be used; 61: all is well. */
int keywatch_mark(const struct watched_key *k, int64_t now);
char *keywatch_text(struct pool *pool, const struct watched_key *k, int64_t now, const char *zone);
#define KEYWATCH_WELL 61
#endif
