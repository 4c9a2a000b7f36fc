/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send: what the files of this room share. */
#ifndef SEND_PRIVATE_H
#define SEND_PRIVATE_H
#include <embargod/base.h>
#include <embargod/channel.h>
#include <embargod/wire.h>
#include <sys/socket.h>

/* ---- url.c ---- */
enum send_scheme { SEND_SMTPS = 1, SEND_STARTTLS, SEND_MAILDIR, SEND_SENDMAIL, SEND_HTTPS };
struct send_url {
  enum send_scheme scheme;
  const char *user; /* percent-decoded; NULL: no login */
  const char *host; /* without the brackets of an IPv6 address */
  bool host_is_v6;
  unsigned port;
  const char *path; /* maildir, sendmail: absolute */
};
/* REJECT with the cause in words for the operator. The strings lie in pool. */
MUST_USE enum status send_url_parse(struct pool *pool, const char *text, struct send_url *out, struct fault *err);

/* ---- config.c: one CONFIG message, checked, its password fetched; lives as long as the process ---- */
struct send_config {
  struct send_url url;
  const char *password; /* password or bearer token; NULL: none */
  const char *auth;     /* "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER" */
  bool bearer;          /* password is an OAuth token */
  const char *ca_file;  /* instead of the system's authorities */
  const char *pin;      /* "sha256//BASE64"; with a ca_file both are checked, alone it stands for the chain */
  const char *helo;     /* NULL: the host's name */
  int timeout_ms;       /* the longest silence of the other side */
};
#define SEND_TIMEOUT_MS 120000
#define SEND_SECRET_MAX 16384 /* OAuth tokens of some providers have several KiB */
MUST_USE enum status send_config_read(struct pool *pool, const struct wire_msg *msg, struct send_config *out,
                                      struct fault *err);
/* A later CONFIG brings a fresh token: only SEND_TAG_PASSWORD counts. */
MUST_USE enum status send_config_password(struct pool *pool, const struct wire_msg *msg, struct send_config *config,
                                          struct fault *err);

/* ---- guard.c: what may enter an SMTP command, a header line of ours, an argument ---- */
/* Envelope address without brackets: NULL when it is fine, else what is wrong. "" is the null sender: only a sender.
 * Stricter than RFC 5321: no quoted local parts, nothing that begins with '-' (an option to a sendmail program). */
const char *send_address_fault(const char *address);
const char *send_sender_fault(const char *address); /* the same, and "" is fine */
/* Whole lines, each ended by CRLF, no other CR or LF, no NUL (RFC 5321, 2.3.8): NULL when fine. */
const char *send_body_fault(struct bytes body);
/* Is it an address of the public internet? Private, loopback, link-local, documentation, multicast ones are not,
 * nor IPv6 forms that carry such an IPv4 address. */
bool send_address_public(const struct sockaddr *sa);
/* Words of a server or program for people: cleaned, one line, at most 500 bytes. */
const char *send_words(struct pool *pool, struct bytes s);

/* ---- https.c: SEND_GET ---- */
struct send_got {
  enum status status; /* OK; REJECT: no such thing there, or not to be had safely; RETRY: later perhaps */
  int code;           /* HTTP status, SEND_NO_HOST, 0 */
  struct bytes body;  /* in the pool of the request */
  const char *text;   /* cause */
};
#define SEND_GET_MAX (8u << 20) /* hard cap */
#define SEND_GET_TIMEOUT_MS 10000
struct https;
struct https *https_new(const struct send_config *config);
void https_free(struct https **hs);
struct send_got https_get(struct https *hs, struct pool *pool, const char *url, size_t max);
#endif
