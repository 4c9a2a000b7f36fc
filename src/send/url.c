/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/url: the outbox URL of the configuration. */
#include <config.h>

#include <embargod/text.h>
#include <arpa/inet.h>
#include <string.h>
#include "send_private.h"

#define USER_MAX 320
#define HOST_MAX 253

static const struct {
  const char *prefix;
  enum send_scheme scheme;
  unsigned port;
} schemes[] = {
  { "smtps://", SEND_SMTPS, 465 }, { "smtp+starttls://", SEND_STARTTLS, 587 },
  { "maildir:", SEND_MAILDIR, 0 }, { "sendmail:", SEND_SENDMAIL, 0 },
  { "https:", SEND_HTTPS, 443 },
};

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum status parse_user(struct pool *pool, struct bytes s, struct send_url *out, struct fault *err)
{
  struct buf user = buf_new(pool, s.len + 1);
  if (bytes_find(s, BYTES(":"), 0) != SIZE_MAX)
    return fault(err, ST_REJECT, "a password has no place in the URL; use the password file or command");
  for (size_t i = 0; i < s.len; i++) {
    int c = (unsigned char)s.p[i];
    if (c == '%') {
      if (i + 2 >= s.len || hex_digit(s.p[i + 1]) < 0 || hex_digit(s.p[i + 2]) < 0)
        return fault(err, ST_REJECT, "bad %% in the user name");
      c = hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2]);
      i += 2;
    }
    if (c < 0x20 || c == 0x7f)
      return fault(err, ST_REJECT, "control character in the user name");
    buf_addc(&user, (char)c);
  }
  if (user.len == 0 || user.len > USER_MAX)
    return fault(err, ST_REJECT, "the user name before '@' is %s", user.len ? "too long" : "empty");
  out->user = buf_str(&user);
  return ST_OK;
}

static bool host_chars(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++) {
    char c = s.p[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
      return false;
  }
  return s.len > 0 && s.len <= HOST_MAX && s.p[0] != '-' && s.p[0] != '.';
}

static enum status parse_port(struct bytes s, struct send_url *out, struct fault *err)
{
  unsigned port = 0;
  bool ok = s.len > 0 && s.len <= 5;
  for (size_t i = 0; ok && i < s.len; i++) {
    ok = s.p[i] >= '0' && s.p[i] <= '9';
    port = port * 10 + (unsigned)(s.p[i] - '0');
  }
  if (!ok || port == 0 || port > 65535)
    return fault(err, ST_REJECT, "bad port");
  out->port = port;
  return ST_OK;
}

static enum status parse_server(struct pool *pool, struct bytes s, struct send_url *out, struct fault *err)
{
  if (s.len && s.p[s.len - 1] == '/')
    s.len--;
  size_t at = SIZE_MAX;
  for (size_t i = 0; i < s.len; i++)
    if (s.p[i] == '@')
      at = i; /* the last one: people write user@domain@host */
  enum status st = ST_OK;
  if (at != SIZE_MAX) {
    st = parse_user(pool, bytes_sub(s, 0, at), out, err);
    s = bytes_sub(s, at + 1, s.len);
  }
  struct bytes host = s;
  size_t colon;
  if (s.len && s.p[0] == '[') {
    size_t end = bytes_find(s, BYTES("]"), 0);
    if (end == SIZE_MAX)
      return fault(err, ST_REJECT, "no ']' behind the IPv6 address");
    struct in6_addr addr;
    host = bytes_sub(s, 1, end - 1);
    out->host_is_v6 = true;
    out->host = pool_str(pool, host);
    if (inet_pton(AF_INET6, out->host, &addr) != 1)
      return fault(err, ST_REJECT, "bad IPv6 address");
    s = bytes_sub(s, end + 1, s.len);
    colon = 0;
    if (s.len && s.p[0] != ':')
      return fault(err, ST_REJECT, "bad text behind the host");
  } else {
    colon = bytes_find(s, BYTES(":"), 0);
    host = bytes_sub(s, 0, colon);
    if (!host_chars(host))
      return fault(err, ST_REJECT, "'%.*s' is no host name", (int)(host.len > 80 ? 80 : host.len), host.p);
    out->host = pool_str(pool, host);
  }
  if (st == ST_OK && colon < s.len)
    st = parse_port(bytes_sub(s, colon + 1, s.len), out, err);
  return st;
}

static enum status parse_path(struct pool *pool, struct bytes s, struct send_url *out, struct fault *err)
{
  if (out->scheme == SEND_SENDMAIL && s.len == 0)
    s = BYTES("/usr/sbin/sendmail");
  if (s.len == 0 || s.p[0] != '/')
    return fault(err, ST_REJECT, "%s needs an absolute path", out->scheme == SEND_MAILDIR ? "maildir:" : "sendmail:");
  while (s.len > 1 && s.p[s.len - 1] == '/')
    s.len--;
  out->path = pool_str(pool, s);
  return ST_OK;
}

enum status send_url_parse(struct pool *pool, const char *text, struct send_url *out, struct fault *err)
{
  *out = (struct send_url){ 0 };
  if (text_empty(text))
    return fault(err, ST_REJECT, "no outbox URL");
  for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
    if (!text_istarts(text, schemes[i].prefix))
      continue;
    struct bytes rest = bytes_str(text + strlen(schemes[i].prefix));
    out->scheme = schemes[i].scheme;
    out->port = schemes[i].port;
    if (out->scheme == SEND_SMTPS || out->scheme == SEND_STARTTLS)
      return parse_server(pool, rest, out, err);
    if (out->scheme == SEND_HTTPS)
      return rest.len == 0 ? ST_OK : fault(err, ST_REJECT, "https: takes nothing behind it");
    return parse_path(pool, rest, out, err);
  }
  if (text_istarts(text, "smtp://"))
    return fault(err, ST_REJECT, "smtp:// would be clear text; use smtps:// or smtp+starttls://");
  return fault(err, ST_REJECT, "unknown outbox; known are smtps://, smtp+starttls://, maildir: and sendmail:");
}
