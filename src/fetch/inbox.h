/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/inbox: the interface that every kind of mailbox implements. The session (fetch_session.c) knows no other.
 *
 * What the statuses of all operations mean:
 *   ST_OK      done
 *   ST_REJECT  this request cannot be done (no such folder, the server says NO); the connection stays
 *   ST_RETRY   the connection is lost or useless; the session closes, waits and opens again
 *   ST_DENIED  the same, but a person must act: certificate or login refused. Slower back-off.
 * The text of the fault says what to do. */
#ifndef FETCH_INBOX_H
#define FETCH_INBOX_H
#include "fetch_config.h"
#include <embargod/clock.h>

struct inbox_id {     /* one letter, for ever: what the core's store keys on */
  const char *folder; /* as configured, UTF-8 */
  int64_t uidvalidity;
  const char *uid;
};
struct inbox_letter {
  struct inbox_id id;
  uint64_t size; /* bytes as the mailbox counts them */
  int64_t date;  /* arrival, unix seconds; 0 unknown */
};
/* Where an inbox delivers. The pointers live during the call only. */
struct inbox_sink {
  void *self;
  void (*offer)(void *self, const struct inbox_letter *letter);
  /* body.p NULL: larger than the configured maximum, not fetched */
  void (*letter)(void *self, const struct inbox_letter *letter, struct bytes body);
  void (*gone)(void *self, const struct inbox_id *id);
};
/* Letters of one folder that the core wants; fetch() serves a batch and moves next on. */
struct inbox_want {
  const char *folder;
  int64_t uidvalidity;
  const char **uids;
  size_t count, next;
  bool one_by_one; /* a batch failed: find out which letter it was */
  bool sized;      /* the two arrays are filled */
  uint64_t *sizes; /* count entries, made by the session */
  int64_t *dates;
};

struct inbox;
struct inbox_ops {
  const char *kind;
  /* Ready for work: connected, verified, logged in. OK at once when it is so already. */
  enum status (*open)(struct inbox *box, struct fault *err);
  /* Looks at every folder, offers what was not offered yet by this process. A folder that cannot be read does not hide
   * the others: they are done first, then REJECT comes. */
  enum status (*scan)(struct inbox *box, const struct inbox_sink *sink, struct fault *err);
  /* One batch of want: each of its letters ends in letter() or gone(). REJECT: the letters from want->next on. */
  enum status (*fetch)(struct inbox *box, struct inbox_want *want, const struct inbox_sink *sink, struct fault *err);
  /* Moves the letter into target, or flags it as seen when target is "". A letter that is no longer there is OK. */
  enum status (*settle)(struct inbox *box, const struct inbox_id *id, const char *target, struct fault *err);
  /* Returns when wake_fd is readable, timeout_ms have passed, or the mailbox has news (*news). */
  enum status (*wait)(struct inbox *box, int wake_fd, int timeout_ms, bool *news, struct fault *err);
  /* A line for people about the open mailbox. */
  enum status (*check)(struct inbox *box, struct pool *pool, char **line, struct fault *err);
  void (*close)(struct inbox *box); /* drops the connection; open() makes a new one */
  void (*free)(struct inbox *box);
};
struct inbox {
  const struct inbox_ops *ops;
};

/* config must outlive the inbox. */
struct inbox *inbox_imap_new(const struct fetch_config *config);
struct inbox *inbox_maildir_new(const struct fetch_config *config);
/* One that cannot be opened, for the reason in why (borrowed): each job is answered with it. */
struct inbox *inbox_refused_new(const struct fault *why);
static inline void inbox_freep(struct inbox **box)
{
  if (*box)
    (*box)->ops->free(*box);
  *box = NULL;
}

/* Milliseconds on the monotonic clock. */
static inline int64_t inbox_now_ms(void)
{
  struct clock clock = clock_system();
  return clock_mono(&clock);
}
#endif
