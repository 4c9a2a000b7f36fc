/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/https: fetches one public document (a key of the Web Key Directory) from a host that a sender's address names.
 * The host is therefore hostile: https only, also after a redirect; only addresses of the public internet, checked on
 * the very address that is about to be connected, so no second resolution can differ; no credentials, no cookies. */
#include <config.h>

#include <embargod/failpoint.h>
#include <embargod/text.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "send_private.h"

#define REDIRECTS_MAX 3L
#define HEADERS_MAX (64u << 10)
#define HTTPS_PORT 443

struct https {
  struct pool *pool;
  CURL *curl;
  char error[CURL_ERROR_SIZE];
  struct curl_slist *connect_to; /* of tests */
  /* the document on its way */
  struct buf body;
  size_t max, headers;
  bool too_large, refused;
};

static unsigned port_of(const struct sockaddr *sa)
{
  return ntohs(sa->sa_family == AF_INET6 ? ((const struct sockaddr_in6 *)(const void *)sa)->sin6_port
                                         : ((const struct sockaddr_in *)(const void *)sa)->sin_port);
}

/* For tests, and never in a build for use: servers on loopback, at any port. */
static bool loopback_for_tests(const struct sockaddr *sa)
{
#ifdef EMBARGOD_FAILPOINTS
  if (!getenv("EMBARGOD_TEST_ALLOW_LOOPBACK"))
    return false;
  if (sa->sa_family == AF_INET)
    return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 == 127;
  return sa->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
#else
  return false;
#endif
}

/* For tests: "host:port:address:port" instead of what the name resolves to; the certificate is still that of the name. */
static bool connect_to_for_tests(struct https *h)
{
#ifdef EMBARGOD_FAILPOINTS
  const char *said = getenv("EMBARGOD_TEST_CONNECT_TO");
  AUTO(pool_freep) struct pool *pool = pool_new("connect to");
  for (char *next = pool_strdup(pool, said ? said : ""), *one; *next;) {
    one = next;
    next += strcspn(next, ",");
    if (*next)
      *next++ = '\0';
    h->connect_to = curl_slist_append(h->connect_to, one);
  }
  return curl_easy_setopt(h->curl, CURLOPT_CONNECT_TO, h->connect_to) == CURLE_OK;
#else
  return true;
#endif
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
  struct https *h = arg;
  bool fine = send_address_public(&addr->addr) && port_of(&addr->addr) == HTTPS_PORT;
  if (purpose != CURLSOCKTYPE_IPCXN || (!fine && !loopback_for_tests(&addr->addr))) {
    h->refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
  struct https *h = arg;
  size_t len = size * count;
  if (len > h->max - h->body.len) {
    h->too_large = true;
    return 0;
  }
  buf_add(&h->body, (struct bytes){ p, len });
  return len;
}

/* Bodies of redirects are counted away by libcurl; endless header blocks are not. */
static size_t on_header(char *p, size_t size, size_t count, void *arg)
{
  struct https *h = arg;
  h->headers += size * count;
  h->too_large = h->too_large || h->headers > HEADERS_MAX;
  return h->too_large ? 0 : size * count;
}

#define SET(option, value) (ok = curl_easy_setopt(h->curl, (option), (value)) == CURLE_OK && ok)

static bool set_up(struct https *h, const struct send_config *config)
{
  bool ok = true;
  SET(CURLOPT_PROTOCOLS_STR, "https");
  SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  SET(CURLOPT_FOLLOWLOCATION, 1L);
  SET(CURLOPT_MAXREDIRS, REDIRECTS_MAX);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  if (config->ca_file) {
    SET(CURLOPT_CAINFO, config->ca_file);
    SET(CURLOPT_CAPATH, NULL);
  }
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_TIMEOUT_MS, (long)config->timeout_ms);
  SET(CURLOPT_FORBID_REUSE, 1L); /* and so nothing of one fetch is seen in the next */
  SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  SET(CURLOPT_USERAGENT, "embargod");
  SET(CURLOPT_HTTPGET, 1L);
  SET(CURLOPT_ERRORBUFFER, h->error);
  SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
  SET(CURLOPT_OPENSOCKETDATA, h);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, h);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, h);
  return ok;
}

struct https *https_new(const struct send_config *config)
{
  struct pool *pool = pool_new("https");
  struct https *h = pool_new_of(pool, struct https);
  h->pool = pool;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && (h->curl = curl_easy_init()) && set_up(h, config) &&
      connect_to_for_tests(h))
    return h;
  https_free(&h);
  return NULL;
}

void https_free(struct https **hs)
{
  struct https *h = steal(*hs);
  if (!h)
    return;
  if (h->curl)
    curl_easy_cleanup(h->curl);
  curl_slist_free_all(h->connect_to);
  struct pool *pool = h->pool;
  pool_free(&pool);
}

static struct send_got got(enum status status, int code, const char *text)
{
  return (struct send_got){ .status = status, .code = code, .text = text };
}

/* What an HTTP status says to somebody who looks for a document. */
static struct send_got judge_status(struct https *h, struct pool *pool)
{
  long code = 0;
  curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &code);
  if (code == 200)
    return (struct send_got){ .status = ST_OK, .code = 200, .body = buf_bytes(&h->body), .text = "" };
  enum status s = code == 429 || code / 100 == 5 ? ST_RETRY : ST_REJECT;
  return got(s, (int)code, pool_printf(pool, "HTTP status %ld", code));
}

static struct send_got judge(struct https *h, struct pool *pool, CURLcode rc)
{
  const char *said = h->error[0] ? h->error : curl_easy_strerror(rc);
  if (h->too_large)
    return got(ST_REJECT, 0, pool_printf(pool, "more than %zu bytes", h->max));
  if (rc == CURLE_OK)
    return judge_status(h, pool);
  if (h->refused && rc == CURLE_COULDNT_CONNECT)
    return got(ST_REJECT, 0, "the host is not on the public internet (or not at port 443)");
  if (rc == CURLE_COULDNT_RESOLVE_HOST)
    return got(ST_REJECT, SEND_NO_HOST, "no such host");
  static const CURLcode rejects[] = { CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_TOO_MANY_REDIRECTS,
                                      CURLE_PEER_FAILED_VERIFICATION };
  enum status s = ST_RETRY;
  for (size_t i = 0; i < ARRAY_LEN(rejects); i++)
    if (rejects[i] == rc)
      s = ST_REJECT;
  return got(s, 0, send_words(pool, bytes_str(said)));
}

struct send_got https_get(struct https *h, struct pool *pool, const char *url, size_t max)
{
  for (const char *p = url; *p; p++)
    if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
      return got(ST_REJECT, 0, "bad character in the URL");
  if (!text_istarts(url, "https://") || strchr(url, '@'))
    return got(ST_REJECT, 0, "not a plain https:// URL");
  h->body = buf_new(pool, 16384);
  h->max = max < SEND_GET_MAX ? max : SEND_GET_MAX;
  h->headers = 0;
  h->too_large = h->refused = false;
  h->error[0] = '\0';
  if (curl_easy_setopt(h->curl, CURLOPT_URL, url) != CURLE_OK)
    return got(ST_REJECT, 0, "not a URL");
  FAILPOINT("send.https.get");
  CURLcode rc = curl_easy_perform(h->curl);
  return judge(h, pool, rc);
}
