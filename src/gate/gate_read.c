/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: reading a letter: rounds of parse (embargod-parse) and open (embargod-crypt) until no OpenPGP layer is left.
 * What came out of a decryption goes back to a *new* parse child. Rounds and layers are bounded. */
#include "gate_private.h"

#include <stdio.h>

#define READ_DEPTH 4

static unsigned depth_of(const struct reading *rd, unsigned layer)
{
  unsigned d = 0;
  for (int at = rd->layer[layer].parent; at >= 0; at = rd->layer[at].parent)
    d++;
  return d;
}

static void step(struct run *r)
{
  if (r->waiting)
    return;
  if (r->failed) {
    struct fault err = r->fault;
    run_fail(r, &err);
    return;
  }
  run_goto(r, RUN_OPEN);
}

/* ---- parse ---- */
static void parsed(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  struct layer *l = arg;
  unsigned index = (unsigned)(l - r->rd.layer);
  if (run_answer_ok(r, answer, PARSE_TABLE, "parse")) {
    if (parts_get(answer, r->pool, l->bytes, &l->table, &r->fault)) {
      r->failed = true;
      r->fault.status = ST_REJECT;
    } else {
      l->parsed = true;
    }
  } else if (index > 0 && !r->died && r->fault.status == ST_REJECT) {
    /* An inner entity that cannot be parsed costs that layer, not the letter. */
    r->failed = false;
    fault_clear(&r->fault);
  }
  if (l->parsed && index == 0)
    mail_view(r->pool, &l->table, r->g->conf->authserv_id, &r->rd.view);
  step(r);
}

static void parse_layer(struct run *r, struct layer *l)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("parse");
  struct wire_msg *m = wire_new(pool, PARSE_MESSAGE, 0);
  wire_put(m, TAG_BYTES, l->bytes);
  run_submit(r, r->g->parse, m, parsed, l);
}

void read_parse(struct run *r)
{
  if (r->in.oversize) {
    run_goto(r, RUN_DECIDE);
    return;
  }
  r->rd.count = 1;
  r->rd.layer[0] = (struct layer){ .bytes = r->raw, .parent = -1 };
  parse_layer(r, &r->rd.layer[0]);
}

/* ---- open ---- */
static struct bytes with_head(struct run *r, const char *head, struct bytes body)
{
  struct buf b = buf_new(r->pool, strlen(head) + body.len + 8);
  buf_adds(&b, head);
  buf_add(&b, body);
  return buf_bytes(&b);
}

static bool looks_like_text(struct bytes b)
{
  return b.len && !memchr(b.p, 0, b.len) && utf8_valid(b);
}

/* Plaintext of an attachment: named like the attachment without its .asc/.pgp/.gpg. */
static struct bytes attached_entity(struct run *r, const struct layer *l, struct bytes plain)
{
  const char *name = r->rd.layer[l->parent].table.part[l->parent_part].filename;
  char *base = pool_strdup(r->pool, *name ? name : "decrypted");
  char *dot = strrchr(base, '.');
  if (dot && (text_ieq(dot, ".asc") || text_ieq(dot, ".pgp") || text_ieq(dot, ".gpg")))
    *dot = 0;
  for (char *p = base; *p; p++)
    if (*p == '"' || *p == '\\')
      *p = '_';
  const char *type = looks_like_text(plain) ? "text/plain; charset=utf-8" : "application/octet-stream";
  return with_head(r,
                   pool_printf(r->pool,
                               "Content-Type: %s\r\nContent-Disposition: attachment; filename=\"%s\"\r\n"
                               "Content-Transfer-Encoding: 8bit\r\n\r\n",
                               type, base),
                   plain);
}

static struct bytes entity_of(struct run *r, const struct layer *l, struct bytes plain)
{
  switch (l->how) {
  case MAIL_PGP_INLINE_ENCRYPTED:
  case MAIL_PGP_INLINE_CLEARSIGNED:
    return with_head(r, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", plain);
  case MAIL_PGP_ENCRYPTED_ATTACHMENT:
    return l->mangled ? plain : attached_entity(r, l, plain);
  default:
    return plain;
  }
}

static void opened(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  struct layer *l = arg;
  bool verify = l->how == MAIL_PGP_SIGNED;
  if (run_answer_ok(r, answer, verify ? CRYPT_VERIFIED : CRYPT_OPENED, "open")) {
    struct fault err = { 0 };
    if (pgp_result_get(answer, &l->result, &err)) {
      r->failed = true;
      r->fault = err;
    } else if (l->result.outcome == PGP_AGENT) {
      r->failed = true;
      (void)fault(&r->fault, ST_RETRY, "open: %s",
                  *l->result.advice ? l->result.advice : "gpg-agent does not answer; our secret key is out of reach for now");
    } else if (l->result.outcome == PGP_TIMEOUT) {
      r->failed = r->died = true;
      (void)fault(&r->fault, ST_RETRY, "open: gpg took longer than its deadline");
    } else if (verify) {
      l->bytes = l->payload;
      l->signed_bytes = l->payload;
      parse_layer(r, l);
    } else if (l->result.outcome == PGP_OPENED) {
      struct bytes plain = pool_bytes_dup(r->pool, l->result.plain);
      l->signed_bytes = plain;
      l->bytes = entity_of(r, l, plain);
      parse_layer(r, l);
    }
    l->result.plain = (struct bytes){ 0 };
  }
  step(r);
}

/* The sender's keys that we know, so that a signature can be checked without their being in the ring. */
static void put_known_keys(struct run *r, struct wire_msg *m)
{
  const char *from = r->rd.view.from.address;
  struct stored_key *key = NULL;
  size_t n = 0;
  struct fault err = { 0 };
  if (!text_empty(from) && !store_key_list(r->g->store, r->pool, from, &key, &n, &err))
    for (size_t i = 0; i < n && i < 4; i++)
      wire_put(m, CRYPT_TAG_KEY, key[i].key);
}

static void open_job(struct run *r, struct layer *l, run_answer_fn *answer, bool brought)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("open");
  bool verify = l->how == MAIL_PGP_SIGNED;
  struct wire_msg *m = wire_new(pool, verify ? CRYPT_VERIFY : CRYPT_OPEN, 0);
  wire_put(m, TAG_BYTES, l->payload);
  if (verify)
    wire_put(m, CRYPT_TAG_SIGNATURE, l->signature);
  wire_puti(m, CRYPT_TAG_PLAIN_MAX, r->g->conf->max_plaintext);
  wire_puti(m, CRYPT_TAG_CLEAN, 1); /* stored or just inspected, all of them */
  put_known_keys(r, m);
  for (size_t i = 0; brought && i < r->rd.named_count; i++) /* first: the keys of one job have a limit */
    wire_put(m, CRYPT_TAG_KEY, r->rd.named[i]);
  for (size_t i = 0; brought && i < r->rd.cert_count && i < 8; i++)
    wire_put(m, CRYPT_TAG_KEY, r->rd.cert[i].key);
  run_submit(r, r->g->crypt, m, answer, l);
}

/* A signature is over CRLF lines; what was decrypted may have lost the CRs on its way. */
static struct bytes canonical(struct run *r, struct bytes payload)
{
  for (size_t i = 0; i < payload.len; i++)
    if (payload.p[i] == '\n' && (i == 0 || payload.p[i - 1] != '\r'))
      return text_to_crlf(r->pool, payload);
  return payload;
}

static void expand(struct run *r, unsigned index)
{
  struct reading *rd = &r->rd;
  struct layer *l = &rd->layer[index];
  struct mail_pgp item[RUN_LAYERS];
  l->expanded = true;
  if (depth_of(rd, index) >= READ_DEPTH)
    return;
  size_t n = mail_pgp_find(r->pool, &l->table, item, ARRAY_LEN(item));
  for (size_t i = 0; i < n && rd->count < RUN_LAYERS; i++) {
    if (item[i].kind == MAIL_PGP_NONE || item[i].kind == MAIL_SMIME)
      continue;
    struct layer *child = &rd->layer[rd->count++];
    *child = (struct layer){ .how = item[i].kind,
                             .parent = (int)index,
                             .parent_part = item[i].part,
                             .mangled = item[i].mangled,
                             .whole_text = item[i].whole_text,
                             .payload = item[i].payload,
                             .signature = item[i].signature };
    if (child->how == MAIL_PGP_SIGNED)
      child->payload = canonical(r, child->payload);
    open_job(r, child, opened, false);
  }
}

void read_open(struct run *r)
{
  unsigned before = r->rd.count;
  for (unsigned i = 0; i < before; i++)
    if (r->rd.layer[i].parsed && !r->rd.layer[i].expanded)
      expand(r, i);
  if (r->waiting)
    return;
  reading_finish(r);
  run_goto(r, RUN_KEYS);
}

/* ---- a second time, with the keys that it brought ---- */
static void reopened(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg)
{
  struct layer *l = arg;
  struct pgp_result again;
  if (run_answer_ok(r, answer, l->how == MAIL_PGP_SIGNED ? CRYPT_VERIFIED : CRYPT_OPENED, "verify")) {
    if (!pgp_result_get(answer, &again, &r->fault) && again.outcome == PGP_OPENED) {
      again.plain = (struct bytes){ 0 };
      l->result = again;
    }
  }
  if (r->waiting)
    return;
  if (r->failed) {
    struct fault err = r->fault;
    run_fail(r, &err);
    return;
  }
  reading_finish(r);
  run_goto(r, RUN_LOOKUP);
}

static bool signed_by_unknown(const struct layer *l)
{
  bool unknown = false;
  for (unsigned s = 0; s < l->result.sig_count; s++)
    unknown |= l->result.sig[s].state == PGP_SIG_UNKNOWN_KEY;
  return unknown;
}

bool read_reopen(struct run *r)
{
  bool any = false;
  for (unsigned i = 1; i < r->rd.count; i++)
    any |= signed_by_unknown(&r->rd.layer[i]);
  if (r->rd.reopened || !any)
    return false;
  r->rd.reopened = true;
  r->rd.named_count = party_keys_named(r, r->rd.named, ARRAY_LEN(r->rd.named));
  for (unsigned i = 1; i < r->rd.count && (r->rd.cert_count || r->rd.named_count); i++)
    if (signed_by_unknown(&r->rd.layer[i]))
      open_job(r, &r->rd.layer[i], reopened, true);
  return r->waiting > 0;
}
