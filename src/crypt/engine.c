/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/engine: one gpgme context on one home, driven by our own poll loop so that each operation has a deadline
 * (gpgme's own waits have none, and gpgme_wait(NULL) crashes in 1.18). */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt_private.h"

#define AFTER_KILL_MS 3000 /* what gpgme gets to notice that its gpg is gone */

static gpgme_error_t slot_add(void *self, int fd, int dir, gpgme_io_cb_t fn, void *data, void **tag)
{
  struct crypt_engine *e = self;
  for (size_t i = 0; i < ENGINE_SLOTS; i++) {
    if (e->slot[i].used)
      continue;
    e->slot[i] = (struct crypt_slot){ fn, data, fd, dir, true };
    *tag = &e->slot[i];
    return 0;
  }
  return gpgme_error(GPG_ERR_RESOURCE_LIMIT);
}

static void slot_remove(void *tag)
{
  ((struct crypt_slot *)tag)->used = false;
}

static void take_key(struct crypt_engine *e, gpgme_key_t key)
{
  if (e->keys == e->keys_cap) {
    size_t cap = e->keys_cap ? e->keys_cap * 2 : 64;
    gpgme_key_t *grown = reallocarray(e->key, cap, sizeof *grown);
    invariant(grown); /* out of memory ends the process */
    e->key = grown;
    e->keys_cap = cap;
  }
  e->key[e->keys++] = key; /* its reference is ours now */
}

static void on_event(void *self, gpgme_event_io_t type, void *data)
{
  struct crypt_engine *e = self;
  if (type == GPGME_EVENT_NEXT_KEY) {
    take_key(e, data);
  } else if (type == GPGME_EVENT_DONE) {
    gpgme_io_event_done_data_t done = data;
    e->done = true;
    e->result = done->err ? done->err : done->op_err;
  }
}

static gpgme_error_t give_passphrase(void *self, const char *hint, const char *info, int again, int fd)
{
  struct crypt_engine *e = self;
  if (again || !e->passphrase)
    return gpgme_error(GPG_ERR_BAD_PASSPHRASE);
  if (gpgme_io_writen(fd, e->passphrase, strlen(e->passphrase)) || gpgme_io_writen(fd, "\n", 1))
    return gpgme_error_from_errno(errno);
  return 0;
}

/* "VALIDSIG fpr date timestamp expires version reserved algo hash class primary". gpgme keeps only the first: a
 * certificate that is in no listed ring has its primary key's name from here. */
static gpgme_error_t note_signer(void *self, const char *keyword, const char *args)
{
  struct crypt_engine *e = self;
  if (!keyword || strcmp(keyword, "VALIDSIG") != 0 || e->signers == PGP_SIGNATURES_MAX)
    return 0;
  const char *last = strrchr(args, ' ');
  size_t fpr = strcspn(args, " "), primary = last ? strlen(last + 1) : 0;
  if (fpr > PGP_FPR_MAX || primary > PGP_FPR_MAX || primary < 40)
    return 0;
  memcpy(e->signer[e->signers].fpr, args, fpr);
  e->signer[e->signers].fpr[fpr] = '\0';
  memcpy(e->signer[e->signers++].primary, last + 1, primary + 1);
  return 0;
}

const char *crypt_engine_primary(const struct crypt_engine *e, const char *fpr)
{
  for (unsigned i = 0; i < e->signers; i++)
    if (strcmp(e->signer[i].fpr, fpr) == 0)
      return e->signer[i].primary;
  return "";
}

static gpgme_error_t set_up(struct crypt_engine *e, const char *home)
{
  gpgme_error_t g = gpgme_new(&e->ctx);
  if (!g)
    g = gpgme_set_protocol(e->ctx, GPGME_PROTOCOL_OpenPGP);
  if (!g) /* with a fake clock gpg is started through ourselves: see main.c */
    g = gpgme_ctx_set_engine_info(e->ctx, GPGME_PROTOCOL_OpenPGP, clock_is_fake() ? "/proc/self/exe" : NULL, home);
  if (!g)
    g = gpgme_set_keylist_mode(e->ctx, GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_KEYGRIP);
  if (!g)
    g = gpgme_set_pinentry_mode(e->ctx, e->passphrase ? GPGME_PINENTRY_MODE_LOOPBACK : GPGME_PINENTRY_MODE_ERROR);
  return g;
}

enum status crypt_engine_open(struct crypt_engine *e, const char *home, const struct clock *clock, struct fault *err)
{
  char text[128];
  e->clock = clock;
  gpgme_error_t g = set_up(e, home);
  crypt_reaper_reap(); /* gpgme leaves its probes behind */
  if (g) {
    crypt_engine_close(e);
    return fault(err, ST_RETRY, "gpgme: %s", crypt_error_text(g, text));
  }
  gpgme_set_armor(e->ctx, 1);
  gpgme_set_textmode(e->ctx, 0); /* the bytes pass as they are */
  gpgme_set_offline(e->ctx, 1);
  gpgme_set_status_cb(e->ctx, note_signer, e);
  if (gpgme_set_ctx_flag(e->ctx, "full-status", "1"))
    return fault(err, ST_BROKEN, "gpgme: it knows no full-status");
  if (e->passphrase)
    gpgme_set_passphrase_cb(e->ctx, give_passphrase, e);
  struct gpgme_io_cbs cbs = { slot_add, e, slot_remove, on_event, e };
  gpgme_set_io_cbs(e->ctx, &cbs);
  return ST_OK;
}

void crypt_engine_drop_keys(struct crypt_engine *e)
{
  for (size_t i = 0; i < e->keys; i++)
    gpgme_key_unref(e->key[i]);
  e->keys = 0;
}

void crypt_engine_close(struct crypt_engine *e)
{
  crypt_engine_drop_keys(e);
  free(e->key);
  e->key = NULL;
  e->keys_cap = 0;
  if (e->ctx)
    gpgme_release(e->ctx);
  e->ctx = NULL;
}

/* Polls once and calls gpgme back for what is ready. */
static void turn(struct crypt_engine *e, int timeout_ms)
{
  struct pollfd fds[ENGINE_SLOTS];
  struct crypt_slot *slot[ENGINE_SLOTS];
  nfds_t n = 0;
  for (size_t i = 0; i < ENGINE_SLOTS; i++) {
    if (!e->slot[i].used)
      continue;
    slot[n] = &e->slot[i];
    fds[n++] = (struct pollfd){ e->slot[i].fd, e->slot[i].dir ? POLLIN : POLLOUT, 0 };
  }
  if (poll(fds, n, timeout_ms) <= 0)
    return;
  for (nfds_t i = 0; i < n && !e->done; i++)
    if (fds[i].revents && slot[i]->used && slot[i]->fd == fds[i].fd)
      (void)slot[i]->fn(slot[i]->data, slot[i]->fd); /* its error comes as the DONE event */
}

/* True when done before the moment `until` of the monotonic clock. */
static bool turn_until(struct crypt_engine *e, int64_t until)
{
  while (!e->done) {
    int64_t left = until - clock_mono(e->clock);
    if (left <= 0)
      return false;
    turn(e, left > 1000 ? 1000 : (int)left);
  }
  return true;
}

gpgme_error_t crypt_engine_run(struct crypt_engine *e, gpgme_error_t started, int deadline_ms, bool *timeout)
{
  *timeout = false;
  if (started) {
    memset(e->slot, 0, sizeof e->slot);
    crypt_reaper_finish(1000);
    e->done = false;
    return started;
  }
  if (!turn_until(e, clock_mono(e->clock) + deadline_ms)) {
    *timeout = true;
    crypt_reaper_finish(1000);
    /* With its gpg dead gpgme sees the ends of its pipes. Should it not, we would have to guess: end instead. */
    invariant(turn_until(e, clock_mono(e->clock) + AFTER_KILL_MS));
  }
  memset(e->slot, 0, sizeof e->slot);
  e->done = false;
  if (*timeout || e->result)
    crypt_reaper_finish(1000); /* gpgme gives up before its gpg does */
  else
    crypt_reaper_reap();
  return e->result;
}

bool crypt_error_passphrase(gpgme_error_t e)
{
  static const gpg_err_code_t codes[] = { GPG_ERR_NO_PIN_ENTRY, GPG_ERR_BAD_PASSPHRASE, GPG_ERR_NO_PASSPHRASE, GPG_ERR_BAD_PIN,
                                          GPG_ERR_CANCELED, GPG_ERR_PIN_ENTRY };
  for (size_t i = 0; i < ARRAY_LEN(codes); i++)
    if (gpgme_err_code(e) == codes[i])
      return true;
  return false;
}

const char *crypt_error_text(gpgme_error_t e, char text[128])
{
  if (gpgme_strerror_r(e, text, 128))
    strcpy(text, "unknown error");
  return text;
}
