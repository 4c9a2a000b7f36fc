/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/fetch_config: see fetch_config.h. */
#include <config.h>

#include "fetch_config.h"
#include <embargod/channel.h>
#include <embargod/file.h>
#include <embargod/text.h>
#include <string.h>

#define PASSWORD_MAX 16384 /* OAuth tokens may be some KiB */
#define PASSWORD_COMMAND_MS 20000

static const struct {
  const char *scheme;
  enum fetch_kind kind;
  bool starttls;
  int port;
} schemes[] = {
  { "imaps://", FETCH_IMAP, false, 993 },
  { "imap+starttls://", FETCH_IMAP, true, 143 },
  { "maildir:", FETCH_MAILDIR, false, 0 },
};

static const struct {
  const char *name;
  enum fetch_auth auth;
} auths[] = {
  { "plain", FETCH_AUTH_PLAIN },
  { "login", FETCH_AUTH_LOGIN },
  { "xoauth2", FETCH_AUTH_XOAUTH2 },
  { "oauthbearer", FETCH_AUTH_OAUTHBEARER },
};

static bool has_control(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
      return true;
  return false;
}

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL when a % is not followed by two hex digits, or the result has a control character. */
static const char *percent_decode(struct pool *pool, struct bytes s)
{
  char *out = pool_alloc(pool, s.len + 1);
  size_t n = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] != '%') {
      out[n++] = s.p[i];
      continue;
    }
    int hi = s.len - i > 2 ? hex_digit(s.p[i + 1]) : -1;
    int lo = hi >= 0 ? hex_digit(s.p[i + 2]) : -1;
    if (lo < 0)
      return NULL;
    out[n++] = (char)(hi * 16 + lo);
    i += 2;
  }
  return has_control((struct bytes){ out, n }) ? NULL : out;
}

static bool host_valid(struct bytes host, bool bracketed)
{
  if (host.len == 0 || host.len > 253)
    return false;
  for (size_t i = 0; i < host.len; i++) {
    char c = host.p[i];
    bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (!alnum && !(bracketed ? c == ':' || c == '.' : c == '.' || c == '-' || c == '_'))
      return false;
  }
  return host.p[0] != '-';
}

/* "host", "host:port", "[v6]:port" */
static enum status parse_host(struct pool *pool, struct bytes s, struct fetch_url *out, struct fault *err)
{
  bool bracketed = s.len > 0 && s.p[0] == '[';
  size_t end = bracketed ? bytes_find(s, BYTES("]"), 0) : bytes_find(s, BYTES(":"), 0);
  struct bytes host = bracketed ? bytes_sub(s, 1, end == SIZE_MAX ? 0 : end - 1) : bytes_sub(s, 0, end);
  struct bytes rest = end == SIZE_MAX ? (struct bytes){ 0 } : bytes_sub(s, end + (bracketed ? 1 : 0), SIZE_MAX);
  if (!host_valid(host, bracketed))
    return fault(err, ST_REJECT, "inbox URL: the host name is missing or not a host name");
  out->host = pool_str(pool, host);
  if (rest.len == 0)
    return ST_OK;
  int port = rest.p[0] == ':' && rest.len <= 6 ? 0 : -1;
  for (size_t i = 1; i < rest.len && port >= 0; i++)
    port = rest.p[i] >= '0' && rest.p[i] <= '9' ? port * 10 + rest.p[i] - '0' : -1;
  if (port < 1 || port > 65535)
    return fault(err, ST_REJECT, "inbox URL: the port must be a number from 1 to 65535");
  out->port = port;
  return ST_OK;
}

static enum status parse_imap(struct pool *pool, struct bytes s, struct fetch_url *out, struct fault *err)
{
  if (s.len > 0 && s.p[s.len - 1] == '/')
    s.len--;
  size_t at = SIZE_MAX;
  for (size_t i = 0; i < s.len; i++)
    if (s.p[i] == '@')
      at = i; /* the last one: people write user@example.org@imap.example.org */
  if (at == SIZE_MAX || at == 0)
    return fault(err, ST_REJECT, "inbox URL: no user; write imaps://USER@HOST");
  struct bytes user = bytes_sub(s, 0, at);
  if (bytes_find(user, BYTES(":"), 0) != SIZE_MAX)
    return fault(err, ST_REJECT,
                 "inbox URL: no password in the URL, please; use password_file or password_command "
                 "(a colon in the user's name is written %%3A)");
  out->user = percent_decode(pool, user);
  if (!out->user)
    return fault(err, ST_REJECT, "inbox URL: the user has a bad %%XX or a control character");
  struct bytes host = bytes_sub(s, at + 1, SIZE_MAX);
  if (bytes_find(host, BYTES("/"), 0) != SIZE_MAX)
    return fault(err, ST_REJECT, "inbox URL: nothing may follow the host; folders have their own setting");
  return parse_host(pool, host, out, err);
}

static enum status parse_maildir(struct pool *pool, struct bytes s, struct fetch_url *out, struct fault *err)
{
  if (bytes_starts(s, BYTES("//")))
    s = bytes_sub(s, 2, SIZE_MAX);
  while (s.len > 1 && s.p[s.len - 1] == '/')
    s.len--;
  if (s.len < 2 || s.p[0] != '/' || has_control(s))
    return fault(err, ST_REJECT, "inbox URL: write maildir: and an absolute path, such as maildir:/var/mail/psirt");
  out->path = pool_str(pool, s);
  return ST_OK;
}

enum status fetch_url_parse(struct pool *pool, const char *s, struct fetch_url *out, struct fault *err)
{
  *out = (struct fetch_url){ 0 };
  for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
    if (!text_istarts(s, schemes[i].scheme))
      continue;
    out->kind = schemes[i].kind;
    out->starttls = schemes[i].starttls;
    out->port = schemes[i].port;
    struct bytes rest = bytes_str(s + strlen(schemes[i].scheme));
    return out->kind == FETCH_IMAP ? parse_imap(pool, rest, out, err) : parse_maildir(pool, rest, out, err);
  }
  if (text_istarts(s, "imap://"))
    return fault(err, ST_REJECT, "inbox URL: imap:// would be clear text; write imaps:// or imap+starttls://");
  return fault(err, ST_REJECT, "inbox URL: must begin with imaps://, imap+starttls:// or maildir:");
}

static enum status read_auth(const char *name, struct fetch_config *out, struct fault *err)
{
  for (size_t i = 0; i < ARRAY_LEN(auths); i++)
    if (text_ieq(name, auths[i].name)) {
      out->auth = auths[i].auth;
      return ST_OK;
    }
  return fault(err, ST_REJECT, "auth: must be plain, login, xoauth2 or oauthbearer");
}

/* A pin is 32 bytes of SHA-256 in base64, with or without curl's "sha256//" in front. */
static enum status read_pin(struct pool *pool, const char *s, struct fetch_config *out, struct fault *err)
{
  if (text_empty(s))
    return ST_OK;
  struct bytes b64 = bytes_trim(bytes_str(s)), raw;
  if (bytes_starts(b64, BYTES("sha256//")))
    b64 = bytes_sub(b64, 8, SIZE_MAX);
  if (!base64_decode(pool, b64, &raw) || raw.len != 32)
    return fault(err, ST_REJECT,
                 "tls_fingerprint: must be the SHA-256 of the server's public key in base64 "
                 "(44 characters)");
  out->pin = pool_printf(pool, "sha256//%s", base64_encode(pool, raw, 0));
  return ST_OK;
}

static enum status read_folders(struct pool *pool, const struct wire_msg *m, struct fetch_config *out,
                                struct fault *err)
{
  out->folders = pool_array(pool, FETCH_FOLDERS_MAX, sizeof *out->folders);
  for (size_t i = 0; i < wire_count(m); i++) {
    struct bytes name;
    if (wire_field(m, i, &name) != FETCH_TAG_WATCH)
      continue;
    if (name.len == 0 || name.len > 200 || has_control(name) || !utf8_valid(name))
      return fault(err, ST_REJECT, "folder: a name is empty, too long or not UTF-8 text");
    if (out->folder_count == FETCH_FOLDERS_MAX)
      return fault(err, ST_REJECT, "folder: more than %d folders", FETCH_FOLDERS_MAX);
    out->folders[out->folder_count++] = pool_str(pool, name);
  }
  if (out->folder_count == 0)
    out->folders[out->folder_count++] = "INBOX";
  return ST_OK;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
  return v < low ? low : v > high ? high : v;
}

static const char *get_text(struct pool *pool, const struct wire_msg *m, uint16_t tag)
{
  const char *s = wire_gets(m, tag);
  return text_empty(s) ? NULL : pool_strdup(pool, s);
}

enum status fetch_config_read(struct pool *pool, const struct wire_msg *m, struct fetch_config *out, struct fault *err)
{
  *out = (struct fetch_config){ 0 };
  const char *url = wire_gets(m, FETCH_TAG_URL);
  if (!url)
    return fault(err, ST_REJECT, "inbox URL: missing");
  enum status st = fetch_url_parse(pool, url, &out->url, err);
  const char *auth = wire_gets(m, FETCH_TAG_AUTH);
  if (!st)
    st = read_auth(text_empty(auth) ? "plain" : auth, out, err);
  if (!st)
    st = read_pin(pool, wire_gets(m, FETCH_TAG_FINGERPRINT), out, err);
  if (!st)
    st = read_folders(pool, m, out, err);
  if (st)
    return st;
  out->password = get_text(pool, m, FETCH_TAG_PASSWORD);
  out->password_file = out->password ? NULL : get_text(pool, m, FETCH_TAG_PASSWORD_FILE);
  out->password_command = out->password || out->password_file ? NULL : get_text(pool, m, FETCH_TAG_PASSWORD_COMMAND);
  out->ca_file = get_text(pool, m, FETCH_TAG_CA_FILE);
  out->max_size = (uint64_t)clamp(wire_geti(m, FETCH_TAG_MAX_SIZE, 32 << 20), 1024, WIRE_FIELD_MAX);
  out->poll_s = (int)clamp(wire_geti(m, FETCH_TAG_POLL_S, 60), 1, 86400);
  out->timeout_ms = (int)clamp(wire_geti(m, FETCH_TAG_TIMEOUT_MS, 60000), 100, 600000);
  out->once = wire_geti(m, FETCH_TAG_ONCE, 0) == 1;
  out->adopt = wire_geti(m, FETCH_TAG_ADOPT, 1) == 1;
  if (out->url.kind == FETCH_IMAP && !out->password && !out->password_file && !out->password_command)
    return fault(err, ST_REJECT, "inbox: no password; set password_file, password_command or a token command");
  return ST_OK;
}

enum status fetch_password(struct pool *pool, const struct fetch_config *config, const char **out, struct fault *err)
{
  struct bytes got = bytes_str(config->password);
  enum status st = ST_OK;
  if (config->password_file) {
    st = file_check_private(config->password_file, err);
    if (!st)
      st = file_read(pool, config->password_file, PASSWORD_MAX, &got, err);
  } else if (config->password_command)
    st = command_output(pool, config->password_command, PASSWORD_COMMAND_MS, PASSWORD_MAX, &got, err);
  if (st)
    return fault_add(err, "password");
  struct bytes line = { 0 }, rest = got;
  if (!bytes_next_line(&rest, &line) || line.len == 0 || has_control(line))
    return fault(err, ST_DENIED, "password: empty, or a control character in it");
  *out = pool_str(pool, line);
  return ST_OK;
}
