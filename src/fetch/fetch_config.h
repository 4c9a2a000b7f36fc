/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/fetch_config: the CONFIG message of one mailbox, checked, and its URL. */
#ifndef FETCH_CONFIG_H
#define FETCH_CONFIG_H
#include <embargod/base.h>
#include <embargod/wire.h>

#define FETCH_FOLDERS_MAX 64

enum fetch_kind { FETCH_IMAP = 1, FETCH_MAILDIR };
enum fetch_auth { FETCH_AUTH_PLAIN = 1, FETCH_AUTH_LOGIN, FETCH_AUTH_XOAUTH2, FETCH_AUTH_OAUTHBEARER };

struct fetch_url {
  enum fetch_kind kind;
  bool starttls;
  const char *user; /* percent-decoded; no control characters */
  const char *host; /* name or address, IPv6 without its brackets */
  int port;         /* 993 or 143 when the URL has none */
  const char *path; /* maildir: absolute, no trailing slash */
};
/* maildir:/abs/path, imaps://user@host[:port], imap+starttls://user@host[:port]. A password in the URL, a clear-text
 * scheme and anything behind the host are REJECT with a text that says what to write instead. */
MUST_USE enum status fetch_url_parse(struct pool *pool, const char *s, struct fetch_url *out, struct fault *err);

/* All strings live in the pool that was given; NULL = not set. */
struct fetch_config {
  struct fetch_url url;
  const char *password, *password_file, *password_command; /* at most one is set */
  enum fetch_auth auth;
  const char *ca_file;
  const char *pin;      /* "sha256//BASE64", curl's form */
  const char **folders; /* as the operator wrote them (UTF-8); at least one */
  size_t folder_count;
  uint64_t max_size; /* bytes; larger letters are offered, never sent */
  int poll_s;
  int timeout_ms; /* per IMAP command without progress */
  bool once;      /* no IDLE, nothing without being asked */
  bool adopt;     /* maildir: make missing target folders */
};
MUST_USE enum status fetch_config_read(struct pool *pool, const struct wire_msg *m, struct fetch_config *out,
                                       struct fault *err);
/* The password or token as of now: the given one, or the file's first line (checked to be private), or the command's
 * output. pool should be a wiping one. */
MUST_USE enum status fetch_password(struct pool *pool, const struct fetch_config *config, const char **out,
                                    struct fault *err);
#endif
