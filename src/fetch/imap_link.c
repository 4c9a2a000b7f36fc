/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap_link: libcurl makes the connection, verifies it and logs in (CONNECT_ONLY); libetpan speaks over it
 * through the low driver at the end of this file. libetpan's own TLS would take any certificate, and has no caps at
 * all. */
#include <config.h>

#include "imap_private.h"
#include <embargod/text.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 16384
#define SLOWEST_BYTES_PER_MS 16 /* a letter that comes slower than 16 kB/s is given up */

struct imap_link {
  CURL *easy;
  int fd;
  int timeout_ms;
  const char *greeting; /* what is left of it */
  char ahead[AHEAD];
  size_t ahead_at, ahead_len;
  uint64_t budget; /* bytes that the answer may still have */
  int64_t deadline;
  bool dead;
  char why[256];
};

/* ---- connecting ---- */

static const struct {
  enum fetch_auth auth;
  const char *option;
  bool token;
} auth_options[] = {
  { FETCH_AUTH_PLAIN, "AUTH=PLAIN", false },
  { FETCH_AUTH_LOGIN, "AUTH=PLAIN", false }, /* no user is given to curl: it stops before the login */
  { FETCH_AUTH_XOAUTH2, "AUTH=XOAUTH2", true },
  { FETCH_AUTH_OAUTHBEARER, "AUTH=OAUTHBEARER", true },
};

static size_t swallow(char *data, size_t size, size_t count, void *self)
{
  (void)data, (void)self;
  return size * count;
}

static CURLcode set_tls(CURL *easy, const struct fetch_config *config)
{
  CURLcode rc = curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  /* A pin without a CA file is trust in exactly this key: chain and name add nothing. Else both are always verified. */
  bool pin_alone = config->pin && !config->ca_file;
  if (!rc)
    rc = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, pin_alone ? 0L : 1L);
  if (!rc)
    rc = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, pin_alone ? 0L : 2L);
  if (!rc && config->pin)
    rc = curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, config->pin);
  bool own_trust = config->pin || config->ca_file; /* this CA and no other */
  if (!rc && own_trust)
    rc = curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
  if (!rc && own_trust)
    rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  if (!rc)
    rc = curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL); /* STARTTLS or nothing */
  return rc;
}

static CURLcode set_login(CURL *easy, const struct fetch_config *config)
{
  CURLcode rc = CURLE_OK;
  for (size_t i = 0; i < ARRAY_LEN(auth_options) && !rc; i++) {
    if (auth_options[i].auth != config->auth)
      continue;
    rc = curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, auth_options[i].option);
    if (!rc && config->auth != FETCH_AUTH_LOGIN)
      rc = curl_easy_setopt(easy, CURLOPT_USERNAME, config->url.user);
    if (!rc && config->auth != FETCH_AUTH_LOGIN)
      rc = curl_easy_setopt(easy, auth_options[i].token ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD, config->password);
  }
  return rc ? rc : curl_easy_setopt(easy, CURLOPT_SASL_IR, 1L);
}

static CURLcode set_up(CURL *easy, const struct fetch_config *config, char *why)
{
  const struct fetch_url *u = &config->url;
  AUTO(pool_freep) struct pool *pool = pool_new("imap url");
  bool v6 = strchr(u->host, ':') != NULL;
  const char *url = pool_printf(pool, "%s://%s%s%s:%d/", u->starttls ? "imap" : "imaps", v6 ? "[" : "", u->host,
                                v6 ? "]" : "", u->port);
  CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, url);
  const struct {
    CURLoption option;
    long value;
  } numbers[] = {
    { CURLOPT_CONNECT_ONLY, 1 },
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_TIMEOUT_MS, config->timeout_ms },
    { CURLOPT_CONNECTTIMEOUT_MS, config->timeout_ms },
    { CURLOPT_TCP_KEEPALIVE, 1 },
    { CURLOPT_NETRC, CURL_NETRC_IGNORED },
  };
  for (size_t i = 0; i < ARRAY_LEN(numbers) && !rc; i++)
    rc = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
  const struct {
    CURLoption option;
    const char *value;
  } texts[] = { { CURLOPT_PROTOCOLS_STR, "imap,imaps" }, { CURLOPT_PROXY, "" } };
  for (size_t i = 0; i < ARRAY_LEN(texts) && !rc; i++)
    rc = curl_easy_setopt(easy, texts[i].option, texts[i].value);
  if (!rc)
    rc = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
  if (!rc)
    rc = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
  return rc ? rc : set_tls(easy, config);
}

static enum status refused(struct fault *err, const struct fetch_config *config, CURLcode rc, const char *why)
{
  static const struct {
    CURLcode rc;
    enum status st;
    const char *advice;
  } table[] = {
    { CURLE_COULDNT_RESOLVE_HOST, ST_RETRY, "host not found: check the name in the inbox URL and this machine's DNS" },
    { CURLE_COULDNT_CONNECT, ST_RETRY, "no connection: is the port right, does a firewall stand between?" },
    { CURLE_OPERATION_TIMEDOUT, ST_RETRY, "no answer in time" },
    { CURLE_PEER_FAILED_VERIFICATION, ST_DENIED,
      "the certificate is not accepted, nothing was sent: if this is the right server, name the CA that signed it in "
      "tls_ca_file, or its public key in tls_fingerprint" },
    { CURLE_SSL_PINNEDPUBKEYNOTMATCH, ST_DENIED,
      "the server's public key is not the one in tls_fingerprint, nothing was sent: ask its operator before you "
      "change that setting" },
    { CURLE_SSL_CACERT_BADFILE, ST_DENIED, "tls_ca_file cannot be read: is it there, is it PEM, may we read it?" },
    { CURLE_USE_SSL_FAILED, ST_DENIED,
      "the server offers no STARTTLS, or someone between removes it; nothing was sent: try imaps://" },
    { CURLE_LOGIN_DENIED, ST_DENIED, "the server refuses the login: check user, password or token, and auth" },
    { CURLE_WEIRD_SERVER_REPLY, ST_RETRY, "the server's answer is no IMAP, or was tampered with" },
    { CURLE_SSL_CONNECT_ERROR, ST_RETRY,
      "no TLS 1.2 or newer was agreed upon: does this port speak TLS at once "
      "(imaps://) or after STARTTLS (imap+starttls://)?" },
  };
  AUTO(pool_freep) struct pool *pool = pool_new("curl text");
  const char *cause = text_clean(pool, bytes_str(why[0] ? why : curl_easy_strerror(rc)), false);
  const struct fetch_url *u = &config->url;
  for (size_t i = 0; i < ARRAY_LEN(table); i++)
    if (table[i].rc == rc)
      return fault(err, table[i].st, "%s:%d: %s (%s%s%s)", u->host, u->port, table[i].advice, cause,
                   rc == CURLE_LOGIN_DENIED ? "; user " : "", rc == CURLE_LOGIN_DENIED ? u->user : "");
  return fault(err, ST_RETRY, "%s:%d: %s", u->host, u->port, cause);
}

static enum status out_of_luck(struct fault *err)
{
  return fault(err, ST_RETRY, "imap: libcurl does not start");
}

enum status imap_link_open(const struct fetch_config *config, struct imap_link **out, bool *login_left,
                           struct fault *err)
{
  char why[CURL_ERROR_SIZE] = "";
  AUTO(imap_link_free) struct imap_link *link = calloc(1, sizeof *link);
  if (!link || !(link->easy = curl_easy_init()))
    return out_of_luck(err);
  CURLcode rc = set_up(link->easy, config, why);
  if (!rc)
    rc = set_login(link->easy, config);
  if (!rc)
    rc = curl_easy_perform(link->easy);
  if (rc)
    return refused(err, config, rc, why);
  curl_socket_t fd = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
    return fault(err, ST_RETRY, "%s:%d: the connection is gone at once", config->url.host, config->url.port);
  curl_easy_setopt(link->easy, CURLOPT_ERRORBUFFER, NULL); /* why ends with this function */
  link->fd = fd;
  link->timeout_ms = config->timeout_ms;
  *login_left = config->auth == FETCH_AUTH_LOGIN;
  *out = steal(link);
  return ST_OK;
}

void imap_link_free(struct imap_link **link)
{
  if (*link)
    curl_easy_cleanup((*link)->easy);
  free(*link);
  *link = NULL;
}

/* ---- the stream ---- */

void imap_link_arm(struct imap_link *link, uint64_t bytes)
{
  link->budget = bytes;
  link->deadline = inbox_now_ms() + link->timeout_ms + (int64_t)(bytes / SLOWEST_BYTES_PER_MS);
}

void imap_link_hurry(struct imap_link *link, int ms)
{
  imap_link_arm(link, AHEAD);
  link->deadline = inbox_now_ms() + ms;
}

const char *imap_link_why_dead(const struct imap_link *link)
{
  return link->dead ? link->why : NULL;
}

static void die(struct imap_link *link, const char *why)
{
  link->dead = true;
  strncpy(link->why, why, sizeof link->why - 1);
}

/* One non-blocking read: bytes, 0 = nothing there yet, -1 = dead. */
static ssize_t receive(struct imap_link *link, void *buf, size_t count)
{
  size_t n = 0;
  CURLcode rc = curl_easy_recv(link->easy, buf, count, &n);
  if (rc == CURLE_AGAIN)
    return 0;
  if (rc != CURLE_OK)
    die(link, curl_easy_strerror(rc));
  else if (n == 0)
    die(link, "the server closed the connection");
  else if (n > link->budget)
    die(link, "the server sent much more than was asked for");
  if (link->dead)
    return -1;
  link->budget -= n;
  return (ssize_t)n;
}

/* False: dead. events are those of the socket; progress counts as long as the whole is not over its time. */
static bool wait_socket(struct imap_link *link, short events)
{
  int64_t left = link->deadline - inbox_now_ms();
  struct pollfd p = { .fd = link->fd, .events = events };
  int n = left > 0 ? poll(&p, 1, left < link->timeout_ms ? (int)left : link->timeout_ms) : 0;
  if (n == 0)
    die(link, "no answer from the server in time");
  else if (n < 0 && errno != EINTR)
    die(link, strerror(errno));
  return !link->dead;
}

static ssize_t low_read(mailstream_low *low, void *buf, size_t count)
{
  struct imap_link *link = low->data;
  if (link->greeting && *link->greeting) {
    size_t n = strnlen(link->greeting, count);
    memcpy(buf, link->greeting, n);
    link->greeting += n;
    return (ssize_t)n;
  }
  if (link->ahead_at < link->ahead_len) {
    size_t n = link->ahead_len - link->ahead_at < count ? link->ahead_len - link->ahead_at : count;
    memcpy(buf, link->ahead + link->ahead_at, n);
    link->ahead_at += n;
    return (ssize_t)n;
  }
  ssize_t n = link->dead ? -1 : 0;
  while (n == 0) {
    n = receive(link, buf, count);
    if (n == 0 && !wait_socket(link, POLLIN))
      n = -1;
  }
  return n;
}

/* Never 0: libetpan would try for ever. */
static ssize_t low_write(mailstream_low *low, const void *buf, size_t count)
{
  struct imap_link *link = low->data;
  while (!link->dead) {
    size_t n = 0;
    CURLcode rc = curl_easy_send(link->easy, buf, count, &n);
    if (rc == CURLE_OK && n > 0)
      return (ssize_t)n;
    if (rc != CURLE_OK && rc != CURLE_AGAIN)
      die(link, curl_easy_strerror(rc));
    else
      wait_socket(link, POLLOUT);
  }
  return -1;
}

enum imap_wait imap_link_wait(struct imap_link *link, int wake_fd, int timeout_ms)
{
  int64_t end = inbox_now_ms() + timeout_ms;
  for (;;) {
    if (link->ahead_at < link->ahead_len)
      return IMAP_WAIT_DATA;
    ssize_t n = link->dead ? -1 : receive(link, link->ahead, sizeof link->ahead);
    if (n < 0)
      return IMAP_WAIT_DEAD;
    link->ahead_at = 0;
    link->ahead_len = (size_t)n;
    if (n > 0)
      return IMAP_WAIT_DATA;
    int64_t left = end - inbox_now_ms();
    struct pollfd p[2] = { { .fd = link->fd, .events = POLLIN }, { .fd = wake_fd, .events = POLLIN } };
    int ready = left > 0 ? poll(p, 2, (int)left) : 0;
    if (ready == 0)
      return IMAP_WAIT_TIMEOUT;
    if (ready > 0 && p[1].revents)
      return IMAP_WAIT_WAKE;
    if (ready < 0 && errno != EINTR)
      return IMAP_WAIT_DEAD;
  }
}

static int low_close(mailstream_low *low)
{
  (void)low; /* the link is closed by its owner */
  return 0;
}

static int low_fd(mailstream_low *low)
{
  return ((struct imap_link *)low->data)->fd;
}

static void low_free(mailstream_low *low)
{
  free(low);
}

static void low_cancel(mailstream_low *low)
{
  (void)low;
}

static struct mailstream_cancel *low_get_cancel(mailstream_low *low)
{
  (void)low;
  return NULL;
}

static mailstream_low_driver driver = {
  /* libetpan wants it writable; nobody writes it */
  .mailstream_read = low_read,
  .mailstream_write = low_write,
  .mailstream_close = low_close,
  .mailstream_get_fd = low_fd,
  .mailstream_free = low_free,
  .mailstream_cancel = low_cancel,
  .mailstream_get_cancel = low_get_cancel,
};

mailstream *imap_link_stream(struct imap_link *link, bool authenticated)
{
  link->greeting = authenticated ? "* PREAUTH ready\r\n" : "* OK ready\r\n";
  mailstream_low *low = mailstream_low_new(link, &driver);
  mailstream *stream = low ? mailstream_new(low, 8192) : NULL;
  if (low && !stream)
    free(low);
  return stream;
}
