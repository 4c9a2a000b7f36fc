/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/packet on any bytes: no read outside, no endless loop, what it says is bounded. */
#include "fuzz.h"
#include <embargod/text.h>
#include <string.h>

#include "src/crypt/packet.h"

const char *const fuzz_seeds[] = { "tests/corpus/pgp", NULL };

static void check_certs(struct bytes in, const struct packet_certs *certs, size_t max)
{
  size_t total = 0;
  fuzz_check(certs->count <= max);
  for (size_t i = 0; i < certs->count; i++) {
    struct bytes rest = certs->cert[i].data;
    struct packet p;
    size_t primaries = 0;
    total += rest.len;
    while (packet_next(&rest, &p)) {
      primaries += p.tag == PACKET_PUBLIC_KEY;
      fuzz_check(p.tag != PACKET_SECRET_KEY && p.tag != PACKET_SECRET_SUBKEY);
    }
    fuzz_check(primaries == 1 && rest.len == 0); /* what goes to gpg is one whole certificate */
  }
  fuzz_check(total <= in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  struct bytes in = { (const char *)data, size };
  struct packet_scan scan;
  packet_scan(pool, in, &scan);
  fuzz_check(scan.recipients <= PGP_RECIPIENTS_MAX);
  fuzz_check(utf8_valid(bytes_str(scan.advice)));
  for (unsigned i = 0; i < scan.recipients; i++) {
    size_t len = strlen(scan.recipient[i]);
    fuzz_check(len == 16 || (len > 0 && len <= PGP_FPR_MAX));
    fuzz_check(strspn(scan.recipient[i], "0123456789ABCDEF") == len);
  }
  struct packet_certs certs;
  packet_split(pool, in, 3, &certs);
  check_certs(in, &certs, 3);
  struct bytes rest = in;
  struct packet p;
  for (size_t left = in.len; packet_next(&rest, &p); left = rest.len) {
    fuzz_check(rest.len < left); /* always forward */
    fuzz_check(p.body.len <= p.raw.len && p.raw.len + rest.len == left);
  }
  return 0;
}
