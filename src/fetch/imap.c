/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap: the IMAP inbox: connect, log in, select, wait, check. libetpan can be made to crash by a hostile server;
 * that is why this is a process of its own, which the core starts again. */
#include <config.h>

#include "imap_private.h"
#include <embargod/text.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MS (28 * 60 * 1000) /* RFC 2177: renew before 29 minutes */
#define LINGER_MS 20             /* the core often has more to say: do not enter IDLE just to leave it */
#define GOODBYE_MS 1000

static struct imap *of(struct inbox *box)
{
  return (struct imap *)box;
}

/* ---- results ---- */

static bool is_no(int r)
{
  static const int answers[] = {
    MAILIMAP_ERROR_APPEND,     MAILIMAP_ERROR_NOOP,      MAILIMAP_ERROR_CAPABILITY, MAILIMAP_ERROR_EXPUNGE,
    MAILIMAP_ERROR_UID_COPY,   MAILIMAP_ERROR_UID_MOVE,  MAILIMAP_ERROR_CREATE,     MAILIMAP_ERROR_UID_FETCH,
    MAILIMAP_ERROR_UID_SEARCH, MAILIMAP_ERROR_SEARCH,    MAILIMAP_ERROR_SELECT,     MAILIMAP_ERROR_UID_STORE,
    MAILIMAP_ERROR_SUBSCRIBE,  MAILIMAP_ERROR_EXTENSION, MAILIMAP_ERROR_LOGIN,      MAILIMAP_ERROR_FETCH,
    MAILIMAP_ERROR_STORE,
  };
  for (size_t i = 0; i < ARRAY_LEN(answers); i++)
    if (answers[i] == r)
      return true;
  return false;
}

enum status imap_result(struct imap *im, int r, const char *what, struct fault *err)
{
  if (r == MAILIMAP_NO_ERROR)
    return ST_OK;
  AUTO(pool_freep) struct pool *pool = pool_new("imap text");
  const struct fetch_url *u = &im->config->url;
  const char *dead = imap_link_why_dead(im->link);
  const char *said = im->session->imap_response;
  said = said ? text_clean(pool, utf8_repair(pool, bytes_sub(bytes_str(said), 0, 300)), false) : "no reason given";
  if (dead)
    return fault(err, ST_RETRY, "%s:%d: %s: %s", u->host, u->port, what, dead);
  if (is_no(r))
    return fault(err, ST_REJECT, "%s:%d: %s: the server says: %s", u->host, u->port, what, said);
  return fault(err, ST_RETRY, "%s:%d: %s: the server's answer is not understood, connection given up", u->host, u->port,
               what);
}

/* ---- connecting ---- */

static void imap_close(struct inbox *box)
{
  struct imap *im = of(box);
  if (im->session) {
    imap_link_hurry(im->link, GOODBYE_MS);
    mailimap_free(im->session); /* says LOGOUT when it can, frees the stream */
  }
  im->session = NULL;
  im->selected = NULL;
  imap_link_free(&im->link);
}

static enum status log_in(struct imap *im, struct fault *err)
{
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  enum status st =
      imap_result(im, mailimap_login(im->session, im->config->url.user, im->config->password), "login", err);
  return st == ST_REJECT
             ? fault(err, ST_DENIED, "the login of %s is refused: check user and password", im->config->url.user)
             : st;
}

/* What the server can do. libetpan reads a NULL list when the server gives none: there is one before. */
static enum status learn(struct imap *im, struct fault *err)
{
  if (im->session->imap_connection_info && !im->session->imap_connection_info->imap_capability)
    im->session->imap_connection_info->imap_capability = mailimap_capability_data_new(clist_new());
  struct mailimap_capability_data *caps = NULL;
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  enum status st = imap_result(im, mailimap_capability(im->session, &caps), "CAPABILITY", err);
  if (caps)
    mailimap_capability_data_free(caps);
  if (st)
    return st == ST_REJECT ? ST_RETRY : st;
  im->has_idle = mailimap_has_extension(im->session, "IDLE");
  im->has_move = mailimap_has_extension(im->session, "MOVE");
  im->has_uidplus = mailimap_has_extension(im->session, "UIDPLUS");
  return ST_OK;
}

static enum status connect_session(struct imap *im, struct fault *err)
{
  bool login_left = false;
  enum status st = imap_link_open(im->config, &im->link, &login_left, err);
  if (st)
    return st;
  mailstream *stream = imap_link_stream(im->link, !login_left);
  im->session = stream ? mailimap_new(0, NULL) : NULL;
  invariant(im->session);
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  int r = mailimap_connect(im->session, stream);
  if (r != MAILIMAP_NO_ERROR_AUTHENTICATED && r != MAILIMAP_NO_ERROR_NON_AUTHENTICATED)
    return imap_result(im, r, "greeting", err);
  if (login_left)
    st = log_in(im, err);
  return st ? st : learn(im, err);
}

static enum status imap_open(struct inbox *box, struct fault *err)
{
  struct imap *im = of(box);
  if (im->session) {
    imap_link_arm(im->link, IMAP_SMALL_ANSWER);
    if (imap_link_wait(im->link, -1, 0) != IMAP_WAIT_DEAD)
      return ST_OK;
    imap_close(box); /* it ended while we rested: no failure, just a new one */
  }
  enum status st = connect_session(im, err);
  if (st)
    imap_close(box);
  return st;
}

/* ---- folders ---- */

struct imap_folder *imap_folder_named(struct imap *im, const char *name)
{
  for (size_t i = 0; name && i < im->config->folder_count; i++)
    if (strcmp(im->folders[i].name, name) == 0)
      return &im->folders[i];
  return NULL;
}

enum status imap_select(struct imap *im, struct imap_folder *f, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("select");
  im->selected = NULL;
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  enum status st = imap_result(im, mailimap_select(im->session, f->wire), pool_printf(pool, "SELECT %s", f->name), err);
  if (st)
    return st;
  struct mailimap_selection_info *info = im->session->imap_selection_info;
  if (!info || info->sel_uidvalidity == 0)
    return fault(err, ST_REJECT, "folder %s: the server gives it no UIDVALIDITY: its letters have no lasting names",
                 f->name);
  if (f->uidvalidity != info->sel_uidvalidity) {
    f->uidvalidity = info->sel_uidvalidity;
    f->next = 1;
  }
  im->selected = f;
  return ST_OK;
}

/* ---- waiting ---- */

static enum status wait_quietly(struct imap *im, int wake_fd, int timeout_ms, bool *news, struct fault *err)
{
  switch (imap_link_wait(im->link, wake_fd, timeout_ms)) {
  case IMAP_WAIT_DEAD:
    return imap_result(im, MAILIMAP_ERROR_STREAM, "waiting", err);
  case IMAP_WAIT_DATA: /* something unasked for: the next command reads it */
    *news = true;
    return ST_OK;
  default:
    return ST_OK;
  }
}

static enum status imap_wait_box(struct inbox *box, int wake_fd, int timeout_ms, bool *news, struct fault *err)
{
  struct imap *im = of(box);
  *news = false;
  struct pollfd p = { .fd = wake_fd, .events = POLLIN };
  if (poll(&p, 1, timeout_ms < LINGER_MS ? timeout_ms : LINGER_MS) != 0 || timeout_ms <= LINGER_MS)
    return ST_OK;
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  if (!im->has_idle)
    return wait_quietly(im, wake_fd, timeout_ms, news, err);
  enum status st = im->selected == &im->folders[0] ? ST_OK : imap_select(im, &im->folders[0], err);
  if (st == ST_REJECT)
    return wait_quietly(im, wake_fd, timeout_ms, news, err); /* said at each scan already */
  if (!st)
    st = imap_has_new(im, &im->folders[0], news, err);
  if (st || *news)
    return st == ST_REJECT ? ST_RETRY : st;
  return imap_idle(im, wake_fd, timeout_ms < IDLE_MS ? timeout_ms : IDLE_MS, news, err);
}

/* ---- check, life ---- */

static enum status imap_check(struct inbox *box, struct pool *pool, char **line, struct fault *err)
{
  struct imap *im = of(box);
  struct buf b = buf_new(pool, 200);
  buf_printf(&b, "%s:%d: TLS verified, logged in as %s", im->config->url.host, im->config->url.port,
             im->config->url.user);
  for (size_t i = 0; i < im->config->folder_count; i++) {
    enum status st = imap_select(im, &im->folders[i], err);
    if (st)
      return st;
    const struct mailimap_selection_info *info = im->session->imap_selection_info;
    if (info->sel_perm == MAILIMAP_MAILBOX_READONLY)
      return fault(err, ST_REJECT, "folder %s is read-only: processed letters could not be moved", im->folders[i].name);
    buf_printf(&b, "; %s: %" PRIu32 " letter%s", im->folders[i].name, info->sel_exists,
               info->sel_exists == 1 ? "" : "s");
  }
  buf_printf(&b, "; %s, %s", im->has_idle ? "IDLE" : "no IDLE: polled", im->has_move ? "MOVE" : "no MOVE: copied");
  *line = buf_str(&b);
  return ST_OK;
}

static void imap_free(struct inbox *box)
{
  struct imap *im = of(box);
  imap_close(box);
  struct pool *pool = im->pool;
  pool_free(&pool);
}

static const struct inbox_ops imap_ops = {
  .kind = "imap",
  .open = imap_open,
  .scan = imap_scan,
  .fetch = imap_fetch,
  .settle = imap_settle,
  .wait = imap_wait_box,
  .check = imap_check,
  .close = imap_close,
  .free = imap_free,
};

struct inbox *inbox_imap_new(const struct fetch_config *config)
{
  struct pool *pool = pool_new("imap");
  struct imap *im = pool_new_of(pool, struct imap);
  *im = (struct imap){ .box = { &imap_ops }, .config = config, .pool = pool };
  im->folders = pool_array(pool, config->folder_count, sizeof *im->folders);
  for (size_t i = 0; i < config->folder_count; i++)
    im->folders[i] = (struct imap_folder){ .name = config->folders[i],
                                           .wire = imap_name_encode(pool, config->folders[i]),
                                           .next = 1 };
  mmap_string_set_ceil(SIZE_MAX); /* a libetpan with mmap strings would use a file in /tmp over 8 MiB */
  return &im->box;
}
