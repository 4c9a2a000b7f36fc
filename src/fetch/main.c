/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargod-fetch: one mailbox, its password and its connection, and nothing else. Started by embargod with the channel
 * on descriptor 3 (channel.h, "embargod-fetch"). Says HELLO, takes CONFIG, reads the secret, locks itself in, then
 * works. No byte of the network or of a letter is read before that. */
#include <config.h>

#include "fetch_session.h"
#include <embargod/channel.h>
#include <embargod/file.h>
#include <embargod/helper.h>
#include <curl/curl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define EXIT_AGAIN 75   /* EX_TEMPFAIL: start me again */
#define EXIT_BROKEN 70  /* EX_SOFTWARE */
#define EXIT_CHANNEL 76 /* EX_PROTOCOL */
#define MEMORY_BASE (768u << 20)

/* What name resolution and TLS read. */
static const char *const network_paths[] = {
  "/etc/resolv.conf",
  "/etc/hosts",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
  "/etc/services",
  "/etc/ld.so.cache",
  "/etc/localtime",
  "/etc/ssl/certs",
  "/etc/gnutls",
  "/etc/ca-certificates",
  "/usr/share/ca-certificates",
  "/usr/local/share/ca-certificates",
  "/run/systemd/resolve",
  "/run/resolvconf",
  "/usr/lib",
  "/lib",
  "/lib64",
  "/usr/share/zoneinfo",
  "/dev/urandom",
};

static enum status take_config(struct pool *pool, struct wire_msg **out, struct fault *err)
{
  bool eof = false;
  enum status st = ST_OK;
  do
    st = wire_recv(HELPER_FD, pool, out, &eof, err);
  while (st == ST_OK && wire_type(*out) != WIRE_CONFIG);
  return st;
}

/* The secret is read while files and commands can still be reached. */
static enum status read_secret(struct pool *secret, struct fetch_config *config, struct fault *err)
{
  if (config->url.kind != FETCH_IMAP || config->password)
    return ST_OK;
  enum status st = fetch_password(secret, config, &config->password, err);
  return st;
}

static bool is_folder(const char *path)
{
  struct stat st;
  return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum status lock_in(const struct fetch_config *config, struct fault *err)
{
  const char *read_paths[ARRAY_LEN(network_paths) + 3] = { 0 };
  const char *write_paths[2] = { is_folder(config->url.path) ? config->url.path : NULL };
  bool imap = config->url.kind == FETCH_IMAP;
  size_t n = 0;
#ifdef EMBARGOD_SANITIZERS
  read_paths[n++] = "/proc"; /* LeakSanitizer */
#endif
  for (size_t i = 0; imap && i < ARRAY_LEN(network_paths); i++)
    read_paths[n++] = network_paths[i];
  if (imap)
    read_paths[n] = config->ca_file;
  /* a letter lies in memory three times: libetpan's buffer, its literal, the memfd */
  struct lockin lockin = { .read_paths = read_paths,
                           .write_paths = write_paths,
                           .network = imap,
                           .max_memory = MEMORY_BASE + (size_t)config->max_size * 4 };
  return helper_lock_in(&lockin, err);
}

static struct inbox *make_inbox(const struct fetch_config *config)
{
  return config->url.kind == FETCH_IMAP ? inbox_imap_new(config) : inbox_maildir_new(config);
}

static int serve(struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("config");
  AUTO(pool_freep) struct pool *secret = pool_new_wiping("secret");
  struct wire_msg *m = NULL;
  struct fetch_config config;
  struct fault wrong = { 0 };
  if (helper_say_hello(err) || take_config(pool, &m, err))
    return EXIT_CHANNEL;
  enum status bad = fetch_config_read(pool, m, &config, &wrong);
  bool from_core = config.password != NULL;
  if (!bad)
    bad = read_secret(secret, &config, &wrong);
  if (lock_in(&config, err))
    return EXIT_BROKEN;
  AUTO(inbox_freep) struct inbox *box = bad ? inbox_refused_new(&wrong) : make_inbox(&config);
  struct fetch_session_options options = {
    .fd = HELPER_FD,
    .box = box,
    .config = &config,
    .secret = secret,
    .one_life = bad || (config.url.kind == FETCH_MAILDIR && !is_folder(config.url.path)),
    .end_when_denied = !from_core,
  };
  return fetch_session_run(&options, err) ? EXIT_AGAIN : 0;
}

int main(void)
{
  int type = 0;
  socklen_t len = sizeof type;
  if (getsockopt(HELPER_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET) {
    fprintf(stderr, "embargod-fetch: started by embargod, with a channel on descriptor %d; see embargod(8)\n",
            HELPER_FD);
    return 64;
  }
  struct fault err = { 0 };
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    fprintf(stderr, "embargod-fetch: libcurl does not start\n");
    return EXIT_BROKEN;
  }
  int code = serve(&err);
  if (code && err.text[0])
    fprintf(stderr, "embargod-fetch: %s\n", err.text);
  curl_global_cleanup();
  return code;
}
