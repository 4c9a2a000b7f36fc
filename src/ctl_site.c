/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargoctl site check [DIR]: is the site sound? Signatures count when they are by a key of our own. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "ctl_private.h"

#include <embargod/channel.h>
#include <embargod/clock.h>
#include <embargod/site.h>
#include <embargod/text.h>

#include <stdio.h>
#include <string.h>

struct verifier {
  struct ctl_crypt *crypt;
  struct pgp_cert *own;
  size_t own_count;
  size_t good; /* signatures */
};

/* RFC 9580, section 7: the lines between the heads without their ends' spaces, dash-escapes undone, CRLF between them and none behind. */
static bool cut_clear(struct pool *pool, struct bytes whole, struct bytes *text, struct bytes *signature)
{
  struct buf b = buf_new(pool, whole.len + whole.len / 32 + 16);
  size_t head = bytes_find(whole, BYTES("\n\n"), 0), end = bytes_find(whole, BYTES("\n-----BEGIN PGP SIGNATURE-----"), 0);
  if (head == SIZE_MAX || end == SIZE_MAX || end < head + 1)
    return false;
  struct bytes rest = bytes_sub(whole, head + 2, end > head + 2 ? end - head - 2 : 0), line;
  for (bool first = true; bytes_next_line(&rest, &line); first = false) {
    line = bytes_starts(line, BYTES("- ")) ? bytes_sub(line, 2, SIZE_MAX) : line;
    while (line.len && strchr(" \t\r", line.p[line.len - 1]))
      line.len--;
    buf_adds(&b, first ? "" : "\r\n");
    buf_add(&b, line);
  }
  *text = buf_bytes(&b);
  *signature = bytes_sub(whole, end + 1, SIZE_MAX);
  return true;
}

static bool by_us(const struct verifier *v, const struct pgp_result *r, struct fault *why)
{
  if (r->outcome != PGP_OPENED || !r->sig_count) {
    (void)fault(why, ST_REJECT, "%s", pgp_outcome_text(r->outcome));
    return false;
  }
  for (unsigned i = 0; i < r->sig_count; i++) {
    bool ours = false;
    for (size_t k = 0; k < v->own_count; k++)
      ours = ours || !strcmp(v->own[k].fpr, r->sig[i].primary);
    /* an older key of ours may have expired since: what it signed before stays signed */
    if (!ours || (r->sig[i].state != PGP_SIG_GOOD && r->sig[i].state != PGP_SIG_EXPIRED_KEY)) {
      (void)fault(why, ST_REJECT, ours ? "it does not fit" : "it is by %s, no key of ours", r->sig[i].fpr);
      return false;
    }
  }
  return true;
}

static bool good(void *self, struct bytes text, struct bytes signature, struct fault *why)
{
  AUTO(pool_freep) struct pool *pool = pool_new("signature");
  struct verifier *v = self;
  struct pgp_result r;
  if (!signature.p && !cut_clear(pool, text, &text, &signature)) {
    (void)fault(why, ST_REJECT, "no clear-signed text");
    return false;
  }
  struct wire_msg *m = wire_new(pool, CRYPT_VERIFY, 0);
  wire_put(m, TAG_BYTES, text);
  wire_put(m, CRYPT_TAG_SIGNATURE, signature);
  if (ctl_crypt_verify(v->crypt, m, &r, why) || !by_us(v, &r, why))
    return false;
  v->good++;
  return true;
}

static int tell(const char *dir, const struct site_finding *f, size_t n, size_t signatures)
{
  size_t faults = 0;
  for (size_t i = 0; i < n; i++) {
    faults += f[i].fatal;
    printf("%s: %s%s%s\n", f[i].fatal ? "FAULT" : "warning", f[i].path, *f[i].path ? ": " : "", f[i].what);
  }
  printf("%s: %zu faults, %zu warnings; %zu signatures are good\n", dir, faults, n - faults, signatures);
  return faults ? 1 : 0;
}

int ctl_site_check(const struct conf *c, int argc, char **argv)
{
  AUTO(pool_freep) struct pool *pool = pool_new("site check");
  struct verifier v = { 0 };
  struct site_verify verify = { good, &v };
  struct site_finding *f = NULL;
  struct fault err = { 0 };
  struct clock clock = clock_system();
  size_t n = 0;
  const char *dir = argc > 2 ? argv[2] : c->site_dir;
  if (argc > 3) {
    fprintf(stderr, "usage: embargoctl site check [DIR]\n");
    return 64;
  }
  enum status st = ctl_crypt_start(pool, c->gnupg_home, c->key_passphrase_file, &v.crypt, &err);
  if (!st)
    st = ctl_crypt_ask(v.crypt, wire_new(pool, CRYPT_OWN, 0), CRYPT_OWNED, &v.own, &v.own_count, &err);
  if (!st)
    st = site_check(dir, pool, clock_now(&clock), &verify, &f, &n, &err);
  ctl_crypt_stop(&v.crypt);
  if (st) {
    fprintf(stderr, "embargoctl: site check: %s\n", err.text);
    return st == ST_RETRY ? 75 : 1;
  }
  return tell(dir, f, n, v.good);
}
