/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/hand: the operations by hand, for tests and for looking into a failure:
 *   embargod-crypt --home DIR open [CERTFILE...] <message        (the plaintext goes to standard output)
 *   embargod-crypt --home DIR verify SIGNATURE [CERTFILE...] <signed-bytes
 *   embargod-crypt --home DIR seal SIGNER RECIPIENT [CERTFILE] <content
 *   embargod-crypt --home DIR sign SIGNER <content
 *   embargod-crypt --home DIR clearsign SIGNER <text
 *   embargod-crypt --home DIR inspect <keyfile
 *   embargod-crypt --home DIR ring CERTFILE...
 *   embargod-crypt --home DIR own
 *   embargod-crypt --home DIR generate "Name <address>" SECONDS */
#include <config.h>

#include <embargod/file.h>
#include <embargod/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt_private.h"

struct hand {
  struct pool *pool;
  struct wire_msg *request;
  char **arg; /* behind the verb, NULL-terminated */
  int args;
};

static enum status put_file(struct hand *h, uint16_t tag, const char *path, struct fault *err)
{
  struct bytes data;
  enum status st = file_read(h->pool, path, WIRE_FIELD_MAX, &data, err);
  if (!st)
    wire_put(h->request, tag, data);
  return st;
}

static enum status put_files(struct hand *h, int from, struct fault *err)
{
  enum status st = ST_OK;
  for (int i = from; !st && i < h->args; i++)
    st = put_file(h, CRYPT_TAG_KEY, h->arg[i], err);
  return st;
}

static enum status put_input(struct hand *h, struct fault *err)
{
  struct bytes data;
  enum status st = fd_read_all(h->pool, 0, WIRE_FIELD_MAX, &data, err);
  if (!st)
    wire_put(h->request, TAG_BYTES, data);
  return st;
}

static enum status fill_open(struct hand *h, struct fault *err)
{
  const char *cap = getenv("EMBARGOD_PLAIN_MAX");
  if (cap)
    wire_puti(h->request, CRYPT_TAG_PLAIN_MAX, strtoll(cap, NULL, 10));
  enum status st = put_files(h, 0, err);
  return st ? st : put_input(h, err);
}

static enum status fill_verify(struct hand *h, struct fault *err)
{
  enum status st = put_file(h, CRYPT_TAG_SIGNATURE, h->arg[0], err);
  if (!st)
    st = put_files(h, 1, err);
  return st ? st : put_input(h, err);
}

static enum status fill_seal(struct hand *h, struct fault *err)
{
  wire_puts(h->request, CRYPT_TAG_SIGNER, h->arg[0]);
  wire_puts(h->request, CRYPT_TAG_RECIPIENT, h->arg[1]);
  wire_puti(h->request, CRYPT_TAG_ENCRYPT, 1);
  enum status st = put_files(h, 2, err);
  return st ? st : put_input(h, err);
}

static enum status fill_sign(struct hand *h, struct fault *err)
{
  wire_puts(h->request, CRYPT_TAG_SIGNER, h->arg[0]);
  wire_puti(h->request, CRYPT_TAG_ENCRYPT, 0);
  return put_input(h, err);
}

static enum status fill_inspect(struct hand *h, struct fault *err)
{
  return put_input(h, err);
}

static enum status fill_ring(struct hand *h, struct fault *err)
{
  return put_files(h, 0, err);
}

static enum status fill_own(struct hand *h, struct fault *err)
{
  return ST_OK;
}

static enum status fill_generate(struct hand *h, struct fault *err)
{
  wire_puts(h->request, CRYPT_TAG_UID, h->arg[0]);
  wire_puti(h->request, CRYPT_TAG_EXPIRES, strtoll(h->arg[1], NULL, 10));
  return ST_OK;
}

static const struct verb {
  const char *name;
  uint16_t type;
  int args_min;
  bool agent; /* needs one */
  enum status (*fill)(struct hand *h, struct fault *err);
} verbs[] = {
  { "open", CRYPT_OPEN, 0, true, fill_open },
  { "verify", CRYPT_VERIFY, 1, false, fill_verify },
  { "seal", CRYPT_SEAL, 2, true, fill_seal },
  { "sign", CRYPT_SEAL, 1, true, fill_sign },
  { "clearsign", CRYPT_CLEARSIGN, 1, true, fill_sign },
  { "inspect", CRYPT_INSPECT, 0, false, fill_inspect },
  { "ring", CRYPT_RING, 0, false, fill_ring },
  { "own", CRYPT_OWN, 0, false, fill_own },
  { "generate", CRYPT_GENERATE, 2, false, fill_generate },
};

static const char *const sig_names[] = {
  [PGP_SIG_GOOD] = "good",
  [PGP_SIG_UNKNOWN_KEY] = "unknown-key",
  [PGP_SIG_EXPIRED_KEY] = "expired-key",
  [PGP_SIG_EXPIRED] = "expired",
  [PGP_SIG_REVOKED_KEY] = "revoked-key",
  [PGP_SIG_WEAK] = "weak",
  [PGP_SIG_FUTURE] = "future",
  [PGP_SIG_BAD] = "bad",
};

static int print_result(struct pool *pool, const struct wire_msg *answer)
{
  struct fault err = { 0 };
  struct pgp_result *r = pool_new_of(pool, struct pgp_result);
  if (pgp_result_get(answer, r, &err)) {
    fprintf(stderr, "embargod-crypt: %s\n", err.text);
    return 1;
  }
  fprintf(stderr, "outcome: %d %s\n", r->outcome, pgp_outcome_text(r->outcome));
  fprintf(stderr, "encrypted: %s\nverdict: %s\n", r->encrypted ? "yes" : "no",
          pgp_verdict_name(pgp_verdict(r->sig, r->sig_count)));
  if (r->advice[0])
    fprintf(stderr, "advice: %s\n", r->advice);
  for (unsigned i = 0; i < r->recipient_count; i++)
    fprintf(stderr, "recipient: %s\n", r->recipient[i]);
  for (unsigned i = 0; i < r->sig_count; i++)
    fprintf(stderr, "signature: %s key=%s primary=%s made=%s hash=%s%s\n", sig_names[r->sig[i].state], r->sig[i].fpr,
            r->sig[i].primary, time_iso(pool, r->sig[i].made), r->sig[i].hash, r->sig[i].extra_key ? " extra-key" : "");
  fwrite(r->plain.p ? r->plain.p : "", 1, r->plain.len, stdout);
  return r->outcome == PGP_OPENED ? 0 : 1;
}

static int print_certs(struct pool *pool, const struct wire_msg *answer)
{
  static const char *const flags[] = { "can-encrypt", "can-sign", "expired", "revoked", "secret", "invalid" };
  struct fault err = { 0 };
  struct pgp_cert *cert;
  size_t count;
  if (pgp_certs_get(answer, pool, &cert, &count, &err)) {
    fprintf(stderr, "embargod-crypt: %s\n", err.text);
    return 1;
  }
  for (size_t i = 0; i < count; i++) {
    printf("certificate: %s %s created=%s expires=%s size=%zu", cert[i].fpr, cert[i].algo,
           time_iso(pool, cert[i].created), cert[i].expires ? time_iso(pool, cert[i].expires) : "never",
           cert[i].key.len);
    for (size_t f = 0; f < ARRAY_LEN(flags); f++)
      if (cert[i].flags & 1u << f)
        printf(" %s", flags[f]);
    for (unsigned u = 0; u < cert[i].uid_count; u++)
      printf("\n  uid: %s\n  address: %s", cert[i].uid[u], cert[i].address[u]);
    putchar('\n');
  }
  const char *text = wire_gets(answer, TAG_TEXT);
  if (text)
    printf("note: %s\n", text);
  return 0;
}

static int print_answer(struct pool *pool, const struct wire_msg *answer)
{
  struct bytes b;
  switch (wire_type(answer)) {
  case CRYPT_OPENED:
  case CRYPT_VERIFIED:
    return print_result(pool, answer);
  case CRYPT_SEALED:
    if (wire_get(answer, TAG_BYTES, &b))
      fwrite(b.p, 1, b.len, stdout);
    fprintf(stderr, "micalg: %s\nsigner: %s\n", wire_gets(answer, CRYPT_TAG_MICALG),
            wire_gets(answer, CRYPT_TAG_SIGNER));
    return 0;
  case CRYPT_RING_OK:
    printf("%s\n", wire_gets(answer, TAG_TEXT));
    return 0;
  case CH_ERROR:
    fprintf(stderr, "embargod-crypt: %s: %s\n", status_name((enum status)wire_geti(answer, TAG_STATUS, ST_BROKEN)),
            wire_gets(answer, TAG_TEXT));
    return wire_geti(answer, TAG_STATUS, 0) == ST_RETRY ? 75 : 1;
  default:
    return print_certs(pool, answer);
  }
}

static int run_verb(const struct verb *verb, const char *home, struct hand *h)
{
  struct fault err = { 0 };
  struct crypt_worker w = { .scratch_fd = -1 };
  struct crypt_agent agent = { .lock = -1, .dir = "." };
  struct crypt_job job = { .pool = h->pool, .request = h->request };
  const char *deadline = getenv("EMBARGOD_DEADLINE_MS");
  enum status st = verb->fill(h, &err);
  if (!st)
    st = crypt_worker_open(&w, home, deadline ? atoi(deadline) : CRYPT_DEADLINE_DEFAULT_MS,
                           getenv("EMBARGOD_PASSPHRASE_FILE"), &err);
  if (!st && verb->agent && !getenv("EMBARGOD_NO_AGENT"))
    st = crypt_agent_start(&agent, ".", &err);
  if (!st)
    crypt_handle(&w, &job);
  int code = 1;
  if (st)
    fprintf(stderr, "embargod-crypt: %s\n", err.text);
  else
    code = print_answer(h->pool, job.answer);
  crypt_sink_close(&job.sink);
  if (w.home)
    crypt_agent_stop(&agent);
  crypt_worker_close(&w);
  return code;
}

static int usage(void)
{
  fputs("usage: embargod-crypt --home DIR VERB [ARGUMENT...] <INPUT\n"
        "       embargod-crypt --agent DIR\n"
        "verbs: open [CERT...], verify SIGNATURE [CERT...], seal SIGNER RECIPIENT [CERT], sign SIGNER,\n"
        "       clearsign SIGNER, inspect, ring CERT..., own, generate \"Name <address>\" SECONDS\n"
        "Without arguments it is a helper of embargod and talks on descriptor 3.\n",
        stderr);
  return 64;
}

static int keep_agent(const char *home)
{
  struct fault err = { 0 };
  struct crypt_worker w = { .scratch_fd = -1 };
  enum status st = crypt_worker_open(&w, home, CRYPT_DEADLINE_DEFAULT_MS, NULL, &err);
  if (!st)
    st = crypt_worker_lock_in(&w, &err);
  if (!st)
    st = crypt_agent_keep(-1, &err);
  if (st)
    fprintf(stderr, "embargod-crypt: %s\n", err.text);
  crypt_worker_close(&w);
  return st ? 75 : 0;
}

int crypt_hand_main(int argc, char **argv)
{
  if (argc == 3 && strcmp(argv[1], "--agent") == 0)
    return keep_agent(argv[2]);
  if (argc < 4 || strcmp(argv[1], "--home") != 0)
    return usage();
  for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
    if (strcmp(argv[3], verbs[i].name) != 0)
      continue;
    if (argc - 4 < verbs[i].args_min)
      return usage();
    AUTO(pool_freep) struct pool *pool = pool_new_wiping("by hand");
    struct hand h = { pool, wire_new(pool, verbs[i].type, 1), argv + 4, argc - 4 };
    return run_verb(&verbs[i], argv[2], &h);
  }
  return usage();
}
