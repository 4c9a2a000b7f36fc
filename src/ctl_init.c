/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargoctl init: a new site. GnuPG home, gateway key, master key, store, copies of the people's keys, a configuration that works
 * once the marked lines are edited. Overwrites nothing. Needs no terminal. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "ctl_private.h"

#include <embargod/channel.h>
#include <embargod/file.h>
#include <embargod/secret.h>
#include <embargod/store.h>
#include <embargod/text.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PEOPLE_MAX 64
#define KEY_YEARS 2

struct person {
  const char *name, *kind, *address, *file, *fingerprint;
  bool lead, analyst;
};
struct init {
  struct pool *pool;
  const char *dir, *address, *inbox, *outbox, *organisation;
  struct person person[PEOPLE_MAX];
  size_t people;
  struct ctl_crypt *crypt;
  struct fault err;
};

/* ---- the command line ---- */
/* NAME=ADDRESS:KEYFILE[:lead] or NAME=KIND:ADDRESS[:KEYFILE]. An address holds no colon, a path may. */
static bool parse_person(struct init *in, const char *arg, bool analyst)
{
  if (in->people == PEOPLE_MAX)
    return false;
  struct person *p = &in->person[in->people];
  char *s = pool_strdup(in->pool, arg), *eq = strchr(s, '=');
  if (!eq || eq == s)
    return false;
  *eq = 0;
  *p = (struct person){ .name = s, .analyst = analyst };
  char *first = eq + 1, *colon = strchr(first, ':');
  if (!colon)
    return false;
  *colon = 0;
  char *rest = colon + 1;
  if (analyst) {
    size_t n = strlen(rest);
    p->address = first;
    p->lead = n > 5 && !strcmp(rest + n - 5, ":lead");
    p->file = pool_strndup(in->pool, rest, p->lead ? n - 5 : n);
    if (!*p->file)
      return false;
  } else {
    p->kind = first;
    char *next = strchr(rest, ':');
    if (next)
      *next = 0;
    p->address = rest;
    p->file = next ? next + 1 : NULL;
  }
  for (const char *c = p->name; *c; c++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *c))
      return false;
  in->people++;
  return strchr(p->address, '@') && !strpbrk(p->address, " \"<>\\\n\r");
}

static bool parse(struct init *in, int argc, char **argv)
{
  if (argc < 2 || argv[1][0] == '-')
    return false;
  in->dir = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const char *key = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!value)
      return false;
    if (!strcmp(key, "--address"))
      in->address = value;
    else if (!strcmp(key, "--inbox"))
      in->inbox = value;
    else if (!strcmp(key, "--outbox"))
      in->outbox = value;
    else if (!strcmp(key, "--organisation"))
      in->organisation = value;
    else if ((strcmp(key, "--analyst") && strcmp(key, "--stakeholder")) ||
             !parse_person(in, value, !strcmp(key, "--analyst"))) {
      fprintf(stderr, "embargoctl init: %s %s: not understood\n", key, value);
      return false;
    }
  }
  if (!in->address || !in->inbox || !in->outbox || !strchr(in->address, '@') || strpbrk(in->address, " \"<>\\\n\r"))
    return false;
  if (!in->organisation)
    in->organisation = strchr(in->address, '@') + 1;
  return true;
}

/* ---- the steps ---- */
static const char *at(struct init *in, const char *name)
{
  return pool_printf(in->pool, "%s/%s", in->dir, name);
}

static enum status folder(struct init *in)
{
  static const char *const must_not[] = { "embargod.conf", "gnupg", "master.key", "embargod.db" };
  enum status st = dir_make(in->dir, 0700, &in->err);
  char *real = st ? NULL : realpath(in->dir, NULL);
  if (st || !real)
    return fault(&in->err, ST_REJECT, "%s: %s", in->dir, st ? "cannot be made" : strerror(errno));
  in->dir = pool_strdup(in->pool, real);
  free(real);
  for (size_t i = 0; i < ARRAY_LEN(must_not); i++)
    if (file_exists(at(in, must_not[i])))
      return fault(&in->err, ST_DENIED, "%s is there already: nothing is overwritten; choose an empty folder", at(in, must_not[i]));
  if (strlen(at(in, "gnupg")) > 80)
    return fault(&in->err, ST_REJECT, "%s is too long for gpg-agent's sockets: choose a folder with at most 74 characters", in->dir);
  st = dir_make(at(in, "gnupg"), 0700, &in->err);
  return st ? st : dir_make(at(in, "keys"), 0700, &in->err);
}

static enum status own_key(struct init *in, char **fpr)
{
  struct pgp_cert *cert;
  size_t n;
  struct wire_msg *m = wire_new(in->pool, CRYPT_GENERATE, 0);
  wire_puts(m, CRYPT_TAG_UID, pool_printf(in->pool, "%s <%s>", in->organisation, in->address));
  wire_puti(m, CRYPT_TAG_EXPIRES, (int64_t)KEY_YEARS * 365 * 86400);
  enum status st = ctl_crypt_ask(in->crypt, m, CRYPT_OWNED, &cert, &n, &in->err);
  if (st)
    return fault_add(&in->err, "making the gateway's key");
  if (!n || !cert[0].key.len)
    return fault(&in->err, ST_BROKEN, "the gateway's key was made but not given back");
  *fpr = pool_strdup(in->pool, cert[0].fpr);
  return file_create(at(in, "gateway.pgp"), cert[0].key, 0644, &in->err);
}

static enum status person_key(struct init *in, struct person *p)
{
  struct pgp_cert *cert = NULL;
  struct bytes data;
  size_t n = 0;
  if (!p->file)
    return ST_OK;
  enum status st = file_read(in->pool, p->file, 1 << 20, &data, &in->err);
  if (st)
    return fault_add(&in->err, "key of %s", p->name);
  struct wire_msg *m = wire_new(in->pool, CRYPT_INSPECT, 0);
  wire_put(m, TAG_BYTES, data);
  st = ctl_crypt_ask(in->crypt, m, CRYPT_INSPECTED, &cert, &n, &in->err);
  if (st)
    return fault_add(&in->err, "key of %s (%s)", p->name, p->file);
  const struct pgp_cert *found = NULL;
  for (size_t i = 0; i < n && !found; i++)
    if (pgp_cert_usable(&cert[i], (int64_t)time(NULL)) && (n == 1 || pgp_cert_has_address(&cert[i], p->address)))
      found = &cert[i];
  if (!found)
    return fault(&in->err, ST_REJECT, "%s holds no usable key of %s <%s>: not expired, not revoked, with encryption", p->file, p->name,
                 p->address);
  p->fingerprint = pool_strdup(in->pool, found->fpr);
  return file_create(at(in, pool_printf(in->pool, "keys/%s.pgp", p->name)), found->key, 0600, &in->err);
}

static enum status the_store(struct init *in)
{
  struct store *s = NULL;
  struct secret_key *key = secret_key_new();
  enum status st = secret_key_create(at(in, "master.key"), &in->err);
  if (!st)
    st = secret_key_load(key, at(in, "master.key"), &in->err);
  struct store_options o = { .path = at(in, "embargod.db"), .master = key, .case_prefix = "EMB", .create = true };
  if (!st)
    st = store_open(&o, &s, &in->err);
  store_close(&s);
  secret_key_free(&key);
  return st;
}

/* ---- the configuration ---- */
static void quoted(struct buf *b, const char *name, const char *value)
{
  buf_printf(b, "%s = \"", name);
  for (; *value; value++) {
    if (*value == '"' || *value == '\\')
      buf_addc(b, '\\');
    if ((unsigned char)*value >= ' ')
      buf_addc(b, *value);
  }
  buf_adds(b, "\"\n");
}

static void server(struct init *in, struct buf *b, const char *kind, const char *url, const char *secret)
{
  bool maildir = text_istarts(url, "maildir:");
  buf_adds(b, kind);
  buf_adds(b, " {\n  ");
  if (maildir && url[8] != '/') {
    char cwd[4096];
    quoted(b, "url", pool_printf(in->pool, "maildir:%s/%s", getcwd(cwd, sizeof cwd) ? cwd : ".", url + 8));
  } else {
    quoted(b, "url", url);
  }
  if (strstr(url, "://") && strchr(url, '@')) /* without a user there is nobody to log in as */
    buf_printf(b, "  password_file = \"%s\"  # EDIT: put the password into this file, mode 0600 (or set password_command)\n", secret);
  buf_adds(b, "}\n\n");
}

static void person(struct buf *b, const struct person *p)
{
  buf_printf(b, "%s \"%s\" {\n  ", p->analyst ? "analyst" : "stakeholder", p->name);
  quoted(b, "address", p->address);
  if (p->kind)
    buf_printf(b, "  kind = %s\n", p->kind);
  if (p->fingerprint)
    buf_printf(b, "  fingerprint = %s\n  key_file = \"keys/%s.pgp\"\n", p->fingerprint, p->name);
  if (p->analyst)
    buf_printf(b, "  lead = %s\n  duty = yes\n", p->lead ? "yes" : "no");
  buf_adds(b, "}\n\n");
}

static enum status configuration(struct init *in)
{
  struct buf b = buf_new(in->pool, 4096);
  buf_adds(&b, "# embargod configuration, made by embargoctl init. Lines marked EDIT want a look; embargod.conf(5) has all settings.\n"
               "# Check it with: embargod -t -c THIS-FILE\n\n");
  quoted(&b, "organisation", in->organisation);
  quoted(&b, "address", in->address);
  buf_adds(&b, "state_dir = \".\"\npolicy_url = \"\"      # EDIT: where your disclosure policy is published\n"
               "contact = \"\"         # EDIT: a telephone number or person that notices name\n"
               "zone = \"UTC\"         # EDIT: such as Europe/Berlin\n"
               "plus_addressing = yes # EDIT: no, if your server does not deliver address+token@ to address@\n\n");
  server(in, &b, "inbox \"main\"", in->inbox, "inbox.password");
  server(in, &b, "outbox", in->outbox, "outbox.password");
  for (size_t i = 0; i < in->people; i++)
    person(&b, &in->person[i]);
  if (!in->people || !in->person[0].analyst)
    buf_adds(&b, "# EDIT: name at least one analyst.\n# analyst \"alice\" {\n#   address = \"alice@example.com\"\n"
                 "#   fingerprint = \"40 HEX DIGITS\"\n#   key_file = \"keys/alice.pgp\"\n#   lead = yes\n# }\n");
  return file_create(at(in, "embargod.conf"), buf_bytes(&b), 0600, &in->err);
}

static enum status all_steps(struct init *in, char **fpr)
{
  enum status st = secret_init(&in->err);
  if (!st)
    st = folder(in);
  if (!st)
    st = ctl_crypt_start(in->pool, at(in, "gnupg"), NULL, &in->crypt, &in->err);
  if (!st)
    st = own_key(in, fpr);
  for (size_t i = 0; !st && i < in->people; i++)
    st = person_key(in, &in->person[i]);
  ctl_crypt_stop(&in->crypt);
  if (!st)
    st = the_store(in);
  return st ? st : configuration(in);
}

int ctl_init(int argc, char **argv)
{
  AUTO(pool_freep) struct pool *pool = pool_new("init");
  struct init *in = pool_new_of(pool, struct init);
  in->pool = pool;
  if (!parse(in, argc, argv)) {
    fputs("usage: embargoctl init DIR --address A --inbox URL --outbox URL\n"
          "         [--analyst NAME=ADDRESS:KEYFILE[:lead]]... [--stakeholder NAME=KIND:ADDRESS[:KEYFILE]]... [--organisation NAME]\n"
          "URL: imaps://user@host, imap+starttls://user@host, maildir:PATH; smtps://..., smtp+starttls://..., sendmail:, maildir:PATH\n",
          stderr);
    return 64;
  }
  char *fpr = NULL;
  if (all_steps(in, &fpr)) {
    fprintf(stderr, "embargoctl init: %s\n", in->err.text);
    return 1;
  }
  printf("Made %s:\n"
         "  embargod.conf  edit the lines marked EDIT, then: embargod -t -c %s/embargod.conf\n"
         "  gateway.pgp    the gateway's public key, for your website: %s\n"
         "  gnupg/         its secret key (valid for %d years)\n"
         "  master.key     opens the store; keep a copy apart from all backups: without it nothing can be read\n"
         "  embargod.db    the store\n",
         in->dir, in->dir, pgp_fpr_pretty(pool, fpr), KEY_YEARS);
  return 0;
}
