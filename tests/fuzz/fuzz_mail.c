/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything that mail reads of a letter: it ends, stays inside the letter, and gives clean text. */
#include "fuzz.h"
#include "src/parse/parse_private.h"
#include <embargod/mail.h>
#include <embargod/text.h>
#include <string.h>

const char *const fuzz_seeds[] = { "tests/corpus/mime", "tests/corpus/hostile", NULL };

static void one_line(const char *s)
{
  fuzz_check(s && !strpbrk(s, "\r\n") && utf8_valid(bytes_str(s)));
}

static void view(struct pool *pool, const struct part_table *t)
{
  struct mail_view v;
  struct mail_dsn d;
  mail_view(pool, t, "mx.example", &v);
  one_line(v.from.name);
  one_line(v.from.address);
  one_line(v.subject);
  one_line(v.message_id);
  for (size_t i = 0; v.references[i]; i++)
    one_line(v.references[i]);
  for (size_t i = 0; v.recipients[i]; i++)
    fuzz_check(mail_address_normal(pool, v.recipients[i]) != NULL);
  (void)mail_automatic(t, &v);
  mail_dsn(pool, t, &d);
  one_line(d.diagnostic);
  one_line(d.recipient);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct charsets *charsets; /* opened once: a fuzzer's process lives long */
  static struct pool *volatile kept;
  if (!charsets) {
    kept = pool_new("charsets");
    charsets = charsets_open(kept);
  }
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  const struct parser parser = { charsets, { PARTS_DEPTH_MAX, PARTS_MAX } };
  struct part_table t;
  struct mail_pgp found[8];
  struct mail_protected protected;
  struct mail_attachment *attachment;
  struct bytes keys[8];
  bool plain;
  int32_t first;
  if (parse_mime(&parser, pool, (struct bytes){ (const char *)data, size }, &t, NULL) != ST_OK)
    return 0;
  view(pool, &t);
  size_t n = mail_pgp_find(pool, &t, found, 8);
  fuzz_check(n <= 8);
  for (size_t i = 0; i < n; i++)
    fuzz_check(found[i].part < t.count && found[i].signed_part < (int32_t)t.count);
  mail_protected(pool, &t, 0, &protected);
  const char *text = mail_text(pool, &t, 0, &plain, &first);
  fuzz_check(utf8_valid(bytes_str(text)) && first < (int32_t)t.count);
  (void)mail_escape_quoted(pool, text);
  n = mail_attachments(pool, &t, 0, &attachment);
  for (size_t i = 0; i < n; i++)
    one_line(attachment[i].filename);
  fuzz_check(mail_keys_attached(pool, &t, keys, 8) <= 8);
  (void)mail_special_advice(pool, &t);
  return 0;
}
