/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap: what the files of the IMAP inbox share.
 * imap_link.c  the verified connection (libcurl) as a stream for libetpan, with caps on time and bytes
 * imap.c       the inbox: connect, select, wait, check
 * imap_ask.c   SEARCH and FETCH
 * imap_letters.c  scan and fetch
 * imap_settle.c
 * imap_idle.c  RFC 2177
 * imap_name.c  folder names in modified UTF-7 */
#ifndef FETCH_IMAP_PRIVATE_H
#define FETCH_IMAP_PRIVATE_H
#include "inbox.h"
#include <libetpan/libetpan.h>

/* ---- imap_link ---- */
struct imap_link;
/* Connects, verifies chain and host name (or the pin), then logs in (not with FETCH_AUTH_LOGIN: *login_left says that
 * the caller has to). Nothing secret leaves before the verification. DENIED: certificate or login refused. */
MUST_USE enum status imap_link_open(const struct fetch_config *config, struct imap_link **out, bool *login_left,
                                    struct fault *err);
void imap_link_free(struct imap_link **link);
/* A stream over the link, whose first line is a greeting made by us: curl has taken the server's. The stream ends
 * with mailimap_free(); the link stays. */
mailstream *imap_link_stream(struct imap_link *link, bool authenticated);
/* The LOGOUT of a connection that is given up may take so long. */
void imap_link_hurry(struct imap_link *link, int ms);
/* Before each command: how many bytes the answer may have, how long it may take without progress and in all. */
void imap_link_arm(struct imap_link *link, uint64_t bytes);
enum imap_wait { IMAP_WAIT_DATA = 1, IMAP_WAIT_WAKE, IMAP_WAIT_TIMEOUT, IMAP_WAIT_DEAD };
/* Until the server has sent something, wake_fd (or -1) is readable, or timeout_ms have passed. Reads ahead: data may
 * lie decrypted in the TLS library, where no poll() sees it. */
enum imap_wait imap_link_wait(struct imap_link *link, int wake_fd, int timeout_ms);
/* NULL while it lives. */
const char *imap_link_why_dead(const struct imap_link *link);

/* ---- imap ---- */
struct imap_folder {
  const char *name; /* as configured */
  const char *wire; /* modified UTF-7 */
  int64_t uidvalidity;
  uint32_t next; /* UIDs below it were offered */
};
struct imap {
  struct inbox box;
  const struct fetch_config *config;
  struct pool *pool;
  struct imap_link *link;
  mailimap *session;
  bool has_idle, has_move, has_uidplus;
  struct imap_folder *folders; /* config->folder_count */
  const struct imap_folder *selected;
};

/* Grades the result of a mailimap_ call: OK, REJECT for a NO or BAD of the server (its words in the text), RETRY when
 * the session is useless. what: "SELECT INBOX". */
MUST_USE enum status imap_result(struct imap *im, int r, const char *what, struct fault *err);
/* SELECTs anew, so that UIDVALIDITY and the number of letters are those of now. A changed UIDVALIDITY makes the folder
 * a new one: nothing of it was offered yet. */
MUST_USE enum status imap_select(struct imap *im, struct imap_folder *f, struct fault *err);
struct imap_folder *imap_folder_named(struct imap *im, const char *name);
/* True when UIDs at or above f->next are there. f must be selected. */
MUST_USE enum status imap_has_new(struct imap *im, const struct imap_folder *f, bool *yes, struct fault *err);

MUST_USE enum status imap_scan(struct inbox *box, const struct inbox_sink *sink, struct fault *err);
MUST_USE enum status imap_fetch(struct inbox *box, struct inbox_want *want, const struct inbox_sink *sink,
                                struct fault *err);
MUST_USE enum status imap_settle(struct inbox *box, const struct inbox_id *id, const char *target, struct fault *err);
/* IDLE on the selected folder. *news: the server told of new letters. */
MUST_USE enum status imap_idle(struct imap *im, int wake_fd, int timeout_ms, bool *news, struct fault *err);

/* ---- imap_ask ---- */
#define IMAP_SMALL_ANSWER (256 * 1024) /* bytes that the answer to a command without letters may have */
#define IMAP_SIZE_NONE UINT64_MAX      /* the server does not know this UID */
struct imap_uids {
  uint32_t *uids; /* ascending */
  size_t count;
};
/* What one FETCH line says about one letter. */
struct imap_seen {
  uint32_t uid;  /* 0: not said */
  uint64_t size; /* IMAP_SIZE_NONE: not said */
  int64_t date;  /* unix seconds, 0: not said */
  bool deleted;
  struct bytes body; /* lives as long as the list it is from */
};
enum imap_what { IMAP_WHAT_SIZE, IMAP_WHAT_BODY, IMAP_WHAT_FLAGS };

bool imap_parse_uid(const char *s, uint32_t *out);
int imap_by_number(const void *a, const void *b); /* for qsort() of uint32_t */
void imap_set_freep(struct mailimap_set **set);
struct mailimap_set *imap_set_of(const uint32_t *uids, size_t count);
/* UIDs of the selected folder at or above from, without those flagged \Deleted. */
MUST_USE enum status imap_search_new(struct imap *im, struct pool *pool, uint32_t from, struct imap_uids *out,
                                     struct fault *err);
/* bytes: what the bodies may have in all. */
MUST_USE enum status imap_uid_fetch(struct imap *im, const struct imap_uids *uids, enum imap_what what, uint64_t bytes,
                                    clist **out, struct fault *err);
struct imap_seen imap_read_att(const struct mailimap_msg_att *att);
void imap_fetched_freep(clist **list);

/* ---- imap_name ---- */
/* RFC 3501 section 5.1.3. */
const char *imap_name_encode(struct pool *pool, const char *utf8);
#endif
