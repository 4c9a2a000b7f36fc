/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/config: the CONFIG message, checked; the password fetched while files and programs are still in reach. */
#include <config.h>

#include <embargod/file.h>
#include <embargod/text.h>
#include <string.h>
#include "send_private.h"

#define PASSWORD_COMMAND_MS 30000
#define TIMEOUT_MIN_MS 500
#define TIMEOUT_MAX_MS 900000

static const struct {
  const char *name, *curl;
  bool bearer;
} auths[] = {
  { "plain", "PLAIN", false },
  { "login", "LOGIN", false },
  { "xoauth2", "XOAUTH2", true },
  { "oauthbearer", "OAUTHBEARER", true },
};

static enum status read_auth(const struct wire_msg *msg, struct send_config *out, struct fault *err)
{
  const char *name = wire_gets(msg, SEND_TAG_AUTH);
  for (size_t i = 0; i < ARRAY_LEN(auths); i++) {
    if (text_ieq(name ? name : "plain", auths[i].name)) {
      out->auth = auths[i].curl;
      out->bearer = auths[i].bearer;
      return ST_OK;
    }
  }
  return fault(err, ST_REJECT, "unknown auth; known are plain, login, xoauth2, oauthbearer");
}

static enum status read_pin(struct pool *pool, const struct wire_msg *msg, struct send_config *out, struct fault *err)
{
  static const char prefix[] = "sha256//";
  const char *pin = wire_gets(msg, SEND_TAG_FINGERPRINT);
  struct bytes digest;
  if (!pin)
    return ST_OK;
  if (text_istarts(pin, prefix))
    pin += strlen(prefix);
  if (!base64_decode(pool, bytes_str(pin), &digest) || digest.len != 32)
    return fault(err, ST_REJECT, "the fingerprint is not the base64 of a SHA-256");
  out->pin = pool_printf(pool, "%s%s", prefix, base64_encode(pool, digest, 0)); /* our spelling: no second pin in it */
  return ST_OK;
}

static enum status read_helo(struct pool *pool, const struct wire_msg *msg, struct send_config *out, struct fault *err)
{
  static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.[]:";
  out->helo = pool_strdup(pool, wire_gets(msg, SEND_TAG_HELO));
  if (out->helo && (!*out->helo || strlen(out->helo) > 253 || out->helo[strspn(out->helo, chars)]))
    return fault(err, ST_REJECT, "the HELO name is no host name");
  return ST_OK;
}

static enum status set_password(struct pool *pool, struct bytes s, struct send_config *out, struct fault *err)
{
  while (s.len && (s.p[s.len - 1] == '\n' || s.p[s.len - 1] == '\r'))
    s.len--;
  if (s.len == 0 || s.len > SEND_SECRET_MAX)
    return fault(err, ST_REJECT, s.len ? "the password is too long" : "the password is empty");
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
      return fault(err, ST_REJECT, "the password has a control character or several lines");
  out->password = pool_str(pool, s);
  return ST_OK;
}

static enum status read_password(struct pool *pool, const struct wire_msg *msg, struct send_config *out,
                                 struct fault *err)
{
  const char *file = wire_gets(msg, SEND_TAG_PASSWORD_FILE), *command = wire_gets(msg, SEND_TAG_PASSWORD_COMMAND);
  struct bytes secret;
  enum status s = ST_OK;
  if (!wire_get(msg, SEND_TAG_PASSWORD, &secret)) {
    if (!file && !command)
      return out->url.user ? fault(err, ST_REJECT, "the URL names a user, but there is no password") : ST_OK;
    if (file)
      s = file_check_private(file, err);
    if (s == ST_OK)
      s = file ? file_read(pool, file, SEND_SECRET_MAX, &secret, err)
               : command_output(pool, command, PASSWORD_COMMAND_MS, SEND_SECRET_MAX, &secret, err);
    if (s != ST_OK)
      return fault_add(err, file ? "password file" : "password command");
  }
  if (!out->url.user)
    return fault(err, ST_REJECT, "there is a password, but the URL names no user");
  return set_password(pool, secret, out, err);
}

enum status send_config_password(struct pool *pool, const struct wire_msg *msg, struct send_config *config,
                                 struct fault *err)
{
  struct bytes secret;
  if (!wire_get(msg, SEND_TAG_PASSWORD, &secret) || !config->url.user)
    return ST_OK;
  return set_password(pool, secret, config, err);
}

enum status send_config_read(struct pool *pool, const struct wire_msg *msg, struct send_config *out, struct fault *err)
{
  *out = (struct send_config){ 0 };
  enum status s = send_url_parse(pool, wire_gets(msg, SEND_TAG_URL), &out->url, err);
  if (s != ST_OK)
    return fault_add(err, "outbox URL");
  int64_t timeout =
      wire_geti(msg, SEND_TAG_TIMEOUT_MS, out->url.scheme == SEND_HTTPS ? SEND_GET_TIMEOUT_MS : SEND_TIMEOUT_MS);
  if (timeout < TIMEOUT_MIN_MS || timeout > TIMEOUT_MAX_MS)
    return fault(err, ST_REJECT, "the timeout is not between 0.5 and 900 seconds");
  out->timeout_ms = (int)timeout;
  out->ca_file = pool_strdup(pool, wire_gets(msg, SEND_TAG_CA_FILE)); /* the message is gone after this call */
  if (out->ca_file && out->ca_file[0] != '/')
    return fault(err, ST_REJECT, "the CA file's path is not absolute");
  if (out->ca_file && !file_exists(out->ca_file))
    return fault(err, ST_REJECT, "there is no CA file %s", out->ca_file);
  s = read_auth(msg, out, err);
  if (s == ST_OK)
    s = read_pin(pool, msg, out, err);
  if (s == ST_OK)
    s = read_helo(pool, msg, out, err);
  if (s == ST_OK && (out->url.scheme == SEND_SMTPS || out->url.scheme == SEND_STARTTLS))
    s = read_password(pool, msg, out, err);
  return s;
}
