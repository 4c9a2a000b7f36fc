/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/smtp: submission by libcurl (RFC 6409, 8314). One recipient a transaction: libcurl cannot say who of several
 * was refused. One kept handle, so that TLS and login are paid once. The server's replies are read from the header
 * callback, because CURLINFO_RESPONSE_CODE may be that of an earlier command. */
#include <config.h>

#include <embargod/clock.h>
#include <embargod/failpoint.h>
#include <embargod/text.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "outbox.h"

#define CONNECT_MAX_MS 30000
#define IDLE_MAX_S 60 /* an older connection is not used again */
#define LIFETIME_MAX_S 900
#define SOCKETS_MAX 8   /* happy eyeballs tries a few at once */
#define SILENCES_MAX 10 /* a whole transaction may take that many times the longest silence */

struct smtp {
  struct pool *pool; /* this lives in it */
  const struct send_config *config;
  CURL *curl;
  struct curl_slist *to; /* of the transaction in hand */
  char error[CURL_ERROR_SIZE];
  /* the letter on its way */
  struct bytes body;
  size_t at;
  size_t out;     /* bytes of it that are on the connection, dots that libcurl doubled included */
  bool mail_said; /* MAIL went out: what the server refuses from here on is the letter */
  bool quit_said;
  curl_socket_t open[SOCKETS_MAX];
  size_t opened;
  /* the server's last reply, that to QUIT apart */
  int code;      /* 0: none in this transaction */
  int64_t heard; /* clock_mono when it came */
  bool more;     /* "250-": the reply goes on */
  char words[1200];
  size_t words_len;
};

/* The letter is out, so the final dot may be: libcurl sends it without a further word, and does not even ask for the end of
 * a letter whose size it knows. */
static bool all_out(const struct smtp *s)
{
  return s->body.len && s->at == s->body.len && s->out >= s->body.len;
}

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
  struct smtp *s = arg;
  struct bytes piece = bytes_sub(s->body, s->at, size * count);
  if (piece.len == 0)
    return 0;
  memcpy(to, piece.p, piece.len);
  s->at += piece.len;
  return piece.len;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
  struct smtp *s = arg;
  if (origin != SEEK_SET || offset < 0 || (size_t)offset > s->body.len)
    return CURL_SEEKFUNC_CANTSEEK;
  s->at = s->out = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

static size_t on_drop(char *p, size_t size, size_t count, void *arg)
{
  return size * count;
}

static int on_open(void *arg, curl_socket_t fd, curlsocktype purpose)
{
  struct smtp *s = arg;
  if (s->opened == SOCKETS_MAX)
    return CURL_SOCKOPT_ERROR;
  s->open[s->opened++] = fd;
  return CURL_SOCKOPT_OK;
}

static int on_close(void *arg, curl_socket_t fd)
{
  struct smtp *s = arg;
  for (size_t i = 0; i < s->opened; i++)
    if (s->open[i] == fd) {
      s->open[i] = s->open[--s->opened];
      break;
    }
  return close(fd);
}

static void hang_up(const struct smtp *s, int how)
{
  for (size_t i = 0; i < s->opened; i++)
    shutdown(s->open[i], how);
}

static int64_t now_ms(void)
{
  const struct clock clock = clock_system();
  return clock_mono(&clock);
}

/* Where the conversation is. libcurl waits for the reply to QUIT: not again on a server that has just been silent. */
static int on_debug(CURL *curl, curl_infotype type, char *p, size_t len, void *arg)
{
  struct smtp *s = arg;
  struct bytes said = { p, len };
  if (type == CURLINFO_DATA_OUT) {
    s->out += len;
    if (all_out(s))
      FAILPOINT("send.smtp.dot");
  }
  if (type != CURLINFO_HEADER_OUT)
    return 0;
  if (bytes_starts(said, BYTES("MAIL FROM:")))
    s->mail_said = true;
  if (bytes_starts(said, BYTES("QUIT\r"))) {
    s->quit_said = true;
    if (now_ms() - s->heard >= s->config->timeout_ms)
      hang_up(s, SHUT_RD);
  }
  return 0;
}

/* One line of a reply: "250-PIPELINING", "250 OK". */
static size_t on_reply(char *p, size_t size, size_t count, void *arg)
{
  struct smtp *s = arg;
  struct bytes line = bytes_trim((struct bytes){ p, size * count });
  int code = 0;
  if (s->quit_said)
    return size * count;
  for (size_t i = 0; i < 3; i++) {
    if (i >= line.len || line.p[i] < '0' || line.p[i] > '9')
      return size * count;
    code = code * 10 + (line.p[i] - '0');
  }
  if (!s->more)
    s->words_len = 0;
  s->code = code;
  s->heard = now_ms();
  s->more = line.len > 3 && line.p[3] == '-';
  struct bytes words = bytes_sub(line, 4, sizeof s->words - 1 - s->words_len);
  if (s->words_len && words.len && s->words_len + 1 + words.len < sizeof s->words)
    s->words[s->words_len++] = ' ';
  words.len = words.len < sizeof s->words - s->words_len ? words.len : sizeof s->words - s->words_len;
  if (words.len)
    memcpy(s->words + s->words_len, words.p, words.len);
  s->words_len += words.len;
  return size * count;
}

/* Any option that libcurl does not know leaves something unguarded: then we do not send at all. */
#define SET(option, value) (ok = curl_easy_setopt(s->curl, (option), (value)) == CURLE_OK && ok)

static bool set_trust(struct smtp *s)
{
  const struct send_config *c = s->config;
  bool ok = true;
  bool chain = !c->pin || c->ca_file; /* a pin alone stands for the chain and the host name */
  SET(CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, chain ? 1L : 0L);
  SET(CURLOPT_SSL_VERIFYHOST, chain ? 2L : 0L);
  if (c->ca_file) {
    SET(CURLOPT_CAINFO, c->ca_file);
    SET(CURLOPT_CAPATH, NULL); /* the system's authorities are not trusted beside it */
  }
  if (c->pin)
    SET(CURLOPT_PINNEDPUBLICKEY, c->pin);
  return ok;
}

static bool set_server(struct smtp *s)
{
  const struct send_config *c = s->config;
  AUTO(pool_freep) struct pool *pool = pool_new("smtp");
  bool ok = true;
  bool v6 = c->url.host_is_v6;
  SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  SET(CURLOPT_URL,
      pool_printf(pool, "%s://%s%s%s:%u%s%s", c->url.scheme == SEND_SMTPS ? "smtps" : "smtp", v6 ? "[" : "",
                  c->url.host, v6 ? "]" : "", c->url.port, c->helo ? "/" : "", c->helo ? c->helo : ""));
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(c->timeout_ms < CONNECT_MAX_MS ? c->timeout_ms : CONNECT_MAX_MS));
  SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(c->timeout_ms + 999) / 1000);
  SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
  SET(CURLOPT_LOW_SPEED_TIME, (long)(c->timeout_ms + 999) / 1000);
  SET(CURLOPT_TIMEOUT_MS, (long)c->timeout_ms * SILENCES_MAX);
  SET(CURLOPT_MAXAGE_CONN, (long)IDLE_MAX_S);
  SET(CURLOPT_MAXLIFETIME_CONN, (long)LIFETIME_MAX_S);
  SET(CURLOPT_MAXCONNECTS, 1L);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  return ok;
}

static bool set_login(struct smtp *s)
{
  const struct send_config *c = s->config;
  bool ok = true;
  if (!c->url.user)
    return true;
  char options[32];
  snprintf(options, sizeof options, "AUTH=%s", c->auth);
  SET(CURLOPT_LOGIN_OPTIONS, options);
  SET(CURLOPT_SASL_IR, 1L);
  SET(CURLOPT_USERNAME, c->url.user);
  SET(CURLOPT_PASSWORD, c->bearer ? NULL : c->password);
  SET(CURLOPT_XOAUTH2_BEARER, c->bearer ? c->password : NULL);
  return ok;
}

static bool set_callbacks(struct smtp *s)
{
  bool ok = true;
  SET(CURLOPT_ERRORBUFFER, s->error);
  SET(CURLOPT_READFUNCTION, on_read);
  SET(CURLOPT_READDATA, s);
  SET(CURLOPT_SEEKFUNCTION, on_seek);
  SET(CURLOPT_SEEKDATA, s);
  SET(CURLOPT_WRITEFUNCTION, on_drop);
  SET(CURLOPT_HEADERFUNCTION, on_reply);
  SET(CURLOPT_HEADERDATA, s);
  SET(CURLOPT_SOCKOPTFUNCTION, on_open);
  SET(CURLOPT_SOCKOPTDATA, s);
  SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
  SET(CURLOPT_CLOSESOCKETDATA, s);
  SET(CURLOPT_DEBUGFUNCTION, on_debug);
  SET(CURLOPT_DEBUGDATA, s);
  SET(CURLOPT_VERBOSE, 1L); /* to on_debug() alone */
  return ok;
}

static enum status new_handle(struct smtp *s, struct fault *err)
{
  s->curl = curl_easy_init();
  if (!s->curl)
    return fault(err, ST_RETRY, "libcurl does not start");
  if (!set_trust(s) || !set_server(s) || !set_login(s) || !set_callbacks(s))
    return fault(err, ST_REJECT, "libcurl lacks something that safe submission needs");
  return ST_OK;
}

/* After an end without a reply libcurl may keep the connection and would take a late reply for that to the next
 * letter: neither connection nor handle is used again. */
static void start_over(struct smtp *s)
{
  hang_up(s, SHUT_RDWR);
  curl_easy_cleanup(s->curl);
  s->opened = 0;
  if (new_handle(s, NULL) != ST_OK) {
    curl_easy_cleanup(s->curl); /* never a handle that is set up by halves */
    s->curl = NULL;
  }
}

static void smtp_close(void *self)
{
  struct smtp *s = self;
  if (s->curl)
    curl_easy_cleanup(s->curl); /* says QUIT */
  curl_slist_free_all(s->to);
  struct pool *pool = s->pool;
  pool_free(&pool);
}

static enum status smtp_open(const struct send_config *config, void **self, struct fault *err)
{
  struct pool *pool = pool_new("smtp");
  struct smtp *s = pool_new_of(pool, struct smtp);
  *s = (struct smtp){ .pool = pool, .config = config };
  enum status st = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? new_handle(s, err)
                                                                     : fault(err, ST_RETRY, "libcurl does not start");
  if (st != ST_OK) {
    smtp_close(s);
    return st;
  }
  *self = s;
  return ST_OK;
}

static CURLcode transact(struct smtp *s)
{
  s->at = s->out = 0;
  s->mail_said = s->quit_said = s->more = false;
  s->code = 0;
  s->heard = now_ms();
  s->words_len = 0;
  s->error[0] = '\0';
  return curl_easy_perform(s->curl);
}

/* The server had closed the kept connection, or says 421 on it: nothing was taken, so a fresh one is no second try. */
static bool was_stale(const struct smtp *s, CURLcode rc)
{
  long connects = 1;
  if (curl_easy_getinfo(s->curl, CURLINFO_NUM_CONNECTS, &connects) != CURLE_OK || connects != 0 || all_out(s))
    return false;
  bool broken = rc == CURLE_SEND_ERROR || rc == CURLE_RECV_ERROR || rc == CURLE_GOT_NOTHING ||
                rc == CURLE_WEIRD_SERVER_REPLY || rc == CURLE_SSL_CONNECT_ERROR;
  return s->code == 421 || (broken && s->code / 100 != 4 && s->code / 100 != 5);
}

static CURLcode transact_fresh_if_stale(struct smtp *s)
{
  CURLcode rc = transact(s);
  if (rc == CURLE_OK || !was_stale(s, rc) || curl_easy_setopt(s->curl, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK)
    return rc;
  rc = transact(s);
  return curl_easy_setopt(s->curl, CURLOPT_FRESH_CONNECT, 0L) == CURLE_OK ? rc : CURLE_FAILED_INIT;
}

static const char *cause(const struct smtp *s, struct pool *pool, CURLcode rc)
{
  static const struct {
    CURLcode rc;
    const char *text;
  } causes[] = {
    { CURLE_LOGIN_DENIED, "login refused: check the user in the outbox URL, its password or token, and auth" },
    { CURLE_USE_SSL_FAILED,
      "the server gives no TLS, or someone between removes it; nothing was sent: try smtps:// if it offers that" },
    { CURLE_PEER_FAILED_VERIFICATION,
      "the server's certificate does not hold, nothing was sent: if this is the right server, name the CA that signed it "
      "in tls_ca_file, or its public key in tls_fingerprint" },
    { CURLE_SSL_PINNEDPUBKEYNOTMATCH,
      "the server's key is not the one of the fingerprint, nothing was sent: ask its operator before you change "
      "tls_fingerprint" },
    { CURLE_COULDNT_RESOLVE_HOST, "no such host: check the name in the outbox URL and this machine's DNS" },
    { CURLE_COULDNT_CONNECT, "no connection: is the port right, does the server run, does a firewall stand between?" },
    { CURLE_OPERATION_TIMEDOUT, "no answer in time" },
    { CURLE_SSL_CACERT_BADFILE, "the CA file is no PEM file: check tls_ca_file" },
    { CURLE_SSL_CONNECT_ERROR,
      "no TLS 1.2 or newer was agreed upon: does this port speak TLS at once (smtps://) or after STARTTLS "
      "(smtp+starttls://)?" },
  };
  const char *text = NULL;
  for (size_t i = 0; i < ARRAY_LEN(causes); i++)
    if (causes[i].rc == rc)
      text = causes[i].text;
  struct buf b = buf_new(pool, 256);
  if (text)
    buf_printf(&b, "%s: ", text);
  if ((rc == CURLE_OK || s->code >= 400) && s->words_len)
    buf_printf(&b, "%03d %.*s", s->code, (int)s->words_len, s->words);
  else
    buf_adds(&b, s->error[0] ? s->error : curl_easy_strerror(rc));
  return send_words(pool, buf_bytes(&b));
}

/* RFC 5321, 4.2.1. Only an answer to MAIL, RCPT, DATA or the letter itself is about the letter; a refused login or
 * greeting is about us, so it waits. 530, 534, 535, 538: the server wants a (better) login. */
static enum send_end end_of(const struct smtp *s, CURLcode rc)
{
  if (rc == CURLE_OK)
    return SEND_ACCEPTED;
  if (all_out(s) && s->code == 354)
    return SEND_UNCONFIRMED; /* cut or silent after the final dot */
  bool login = s->code == 530 || s->code == 534 || s->code == 535 || s->code == 538;
  return s->mail_said && s->code / 100 == 5 && !login ? SEND_REFUSED : SEND_DEFERRED;
}

static struct send_answer answer(struct smtp *s, struct pool *pool, CURLcode rc)
{
  if (rc == CURLE_LOGIN_DENIED && s->code == 334) { /* XOAUTH2 says why in a challenge; libcurl waits for no more */
    s->code = 535;
    s->words_len = 0;
  }
  enum send_end end = end_of(s, rc);
  const char *text = cause(s, pool, rc);
  if (end == SEND_UNCONFIRMED)
    text = pool_printf(pool, "no answer to the final dot: %s", text);
  bool replied = rc == CURLE_OK || s->code >= 400;
  if (!replied)
    start_over(s);
  return send_answer(end, replied ? s->code : 0, text);
}

static struct send_answer smtp_mail(void *self, struct pool *pool, const struct send_letter *letter)
{
  struct smtp *s = self;
  bool ok = true;
  curl_slist_free_all(s->to);
  s->to = curl_slist_append(NULL, letter->to);
  s->body = letter->body;
  if (!s->curl && new_handle(s, NULL) != ST_OK)
    return send_answer(SEND_DEFERRED, 0, "libcurl does not start");
  SET(CURLOPT_NOBODY, 0L);
  SET(CURLOPT_CUSTOMREQUEST, NULL);
  SET(CURLOPT_UPLOAD, 1L);
  SET(CURLOPT_MAIL_FROM, letter->from);
  SET(CURLOPT_MAIL_RCPT, s->to);
  SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)letter->body.len);
  if (!s->to || !ok)
    return send_answer(SEND_DEFERRED, 0, "libcurl takes no letter");
  CURLcode rc = transact_fresh_if_stale(s);
  FAILPOINT("send.smtp.answered");
  struct send_answer a = answer(s, pool, rc);
  s->body = (struct bytes){ 0 };
  return a;
}

static struct send_answer smtp_check(void *self, struct pool *pool)
{
  struct smtp *s = self;
  const struct send_url *u = &s->config->url;
  bool ok = true;
  curl_slist_free_all(s->to);
  s->to = NULL;
  if (!s->curl && new_handle(s, NULL) != ST_OK)
    return send_answer(SEND_DEFERRED, 0, "libcurl does not start");
  SET(CURLOPT_UPLOAD, 0L);
  SET(CURLOPT_MAIL_FROM, NULL);
  SET(CURLOPT_MAIL_RCPT, NULL);
  SET(CURLOPT_CUSTOMREQUEST, "NOOP");
  SET(CURLOPT_NOBODY, 1L);
  SET(CURLOPT_FRESH_CONNECT, 1L);
  CURLcode rc = ok ? transact(s) : CURLE_FAILED_INIT;
  SET(CURLOPT_FRESH_CONNECT, 0L);
  if (rc != CURLE_OK)
    return answer(s, pool, rc);
  return send_answer(SEND_ACCEPTED, s->code,
                     pool_printf(pool, "%s:%u: %s, certificate verified%s%s", u->host, u->port,
                                 u->scheme == SEND_SMTPS ? "TLS" : "STARTTLS",
                                 u->user ? ", logged in as " : ", no login", u->user ? u->user : ""));
}

/* libcurl uses a connection again only for the login that it was made with. */
static enum status smtp_renew(void *self, struct fault *err)
{
  struct smtp *s = self;
  return !s->curl || set_login(s) ? ST_OK : fault(err, ST_RETRY, "libcurl takes no login");
}

const struct outbox_ops outbox_smtp = {
  .name = "smtp",
  .open = smtp_open,
  .lock_in = send_lock_in_network,
  .mail = smtp_mail,
  .check = smtp_check,
  .renew = smtp_renew,
  .close = smtp_close,
};
