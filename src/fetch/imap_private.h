/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap: what the files of the IMAP inbox share.
 * imap_link.c  the verified connection (libcurl) as a stream for libetpan, with caps on time and bytes
 * imap.c       the inbox: connect, select, wait, check
 * imap_letters.c  scan, fetch and settle
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

/* ---- imap_name ---- */
/* RFC 3501 section 5.1.3. */
const char *imap_name_encode(struct pool *pool, const char *utf8);
#endif
