/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Composes a letter for tests/integration/compose.py: compose_letter content|letter|plain [NAME=VALUE|NAME=@FILE]...
 * Names: from-name from to-name to reply-to subject outer id in-reply-to reference (several) case text attachment
 * (several: name, type and @file, with 0x1f between) key content sealed encrypt language attach-key micalg auto. */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <embargod/file.h>
#include <embargod/mail.h>

enum { LISTS_MAX = 40, SEPARATOR = 0x1f };
struct input {
  struct pool *pool;
  struct mail_draft d;
  const char *reference[LISTS_MAX + 1];
  struct mail_attachment attachment[LISTS_MAX];
  struct bytes content, sealed;
  const char *micalg;
  bool encrypt;
};

static struct bytes value_of(struct pool *pool, const char *v)
{
  struct bytes out = { 0 };
  struct fault err = { 0 };
  if (v[0] != '@')
    return bytes_str(v);
  if (file_read(pool, v + 1, 64 << 20, &out, &err)) {
    fprintf(stderr, "compose_letter: %s\n", err.text);
    exit(2);
  }
  return out;
}

static void add_attachment(struct input *in, const char *v)
{
  char *copy = pool_strdup(in->pool, v), *type = strchr(copy, SEPARATOR),
       *file = type ? strchr(type + 1, SEPARATOR) : NULL;
  if (!file || in->d.attachment_count == LISTS_MAX)
    exit(2);
  *type = *file = '\0';
  in->attachment[in->d.attachment_count++] =
      (struct mail_attachment){ .filename = copy, .type = type + 1, .bytes = value_of(in->pool, file + 1) };
}

static void set(struct input *in, const char *name, const char *v)
{
  const struct {
    const char *name, **to;
  } strings[] = {
    { "from-name", &in->d.from.name }, { "from", &in->d.from.address }, { "to-name", &in->d.to.name },
    { "to", &in->d.to.address },       { "reply-to", &in->d.reply_to }, { "subject", &in->d.subject },
    { "outer", &in->d.outer_subject }, { "id", &in->d.message_id },     { "in-reply-to", &in->d.in_reply_to },
    { "case", &in->d.case_id },        { "text", &in->d.text },         { "language", &in->d.language },
    { "auto", &in->d.auto_submitted }, { "micalg", &in->micalg }
  };
  const struct {
    const char *name;
    struct bytes *to;
  } blobs[] = { { "content", &in->content }, { "sealed", &in->sealed }, { "key", &in->d.autocrypt_key } };
  size_t n = 0;
  for (size_t i = 0; i < ARRAY_LEN(strings); i++)
    if (strcmp(name, strings[i].name) == 0)
      *strings[i].to = pool_str(in->pool, value_of(in->pool, v));
  for (size_t i = 0; i < ARRAY_LEN(blobs); i++)
    if (strcmp(name, blobs[i].name) == 0)
      *blobs[i].to = value_of(in->pool, v);
  if (strcmp(name, "encrypt") == 0)
    in->encrypt = v[0] == '1';
  if (strcmp(name, "attach-key") == 0)
    in->d.attach_key = v[0] == '1';
  if (strcmp(name, "attachment") == 0)
    add_attachment(in, v);
  while (in->reference[n])
    n++;
  if (strcmp(name, "reference") == 0 && n < LISTS_MAX)
    in->reference[n] = v;
}

int main(int argc, char **argv)
{
  AUTO(pool_freep) struct pool *pool = pool_new("compose");
  static struct input in;
  in.pool = pool;
  in.d = (struct mail_draft){
    .from = { "", "" }, .to = { "", "" }, .subject = "", .message_id = "", .text = "", .date = 1767258000
  };
  for (int i = 2; i < argc; i++) {
    char *eq = strchr(argv[i], '=');
    if (!eq)
      return 2;
    *eq = '\0';
    set(&in, argv[i], eq + 1);
  }
  in.d.references = in.reference;
  in.d.attachment = in.attachment;
  const char *what = argc > 1 ? argv[1] : "";
  struct bytes out;
  struct fault err = { 0 };
  if (strcmp(what, "content") == 0)
    out = mail_compose_content(pool, &in.d, in.encrypt);
  else if (strcmp(what, "letter") == 0)
    out = mail_compose_letter(pool, &in.d, in.encrypt, in.content, in.sealed, in.micalg);
  else
    out = mail_compose_plain(pool, &in.d);
  if (strcmp(what, "letter") == 0 && mail_check_final(out, &in.d, in.encrypt, &err)) {
    fprintf(stderr, "compose_letter: %s\n", err.text);
    return 1;
  }
  return fwrite(out.p, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 2;
}
