/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargod-parse: one letter (or one decrypted MIME entity) in, its part table out. Started by the core it is a zygote
 * on descriptor 3; by hand it reads a letter from standard input and prints the table. */
#include <config.h>

#include "parse_private.h"
#include <embargod/helper.h>
#include <embargod/wire.h>
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define BY_HAND_CPU_S 20
#define BY_HAND_MEMORY ((size_t)2 << 30)

static int complain(int code, const char *what, const char *why)
{
  char line[1200];
  int n = snprintf(line, sizeof line, "embargod-parse: %s%s\n", what, why);
  if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
    return EX_IOERR;
  return code;
}

/* The core gives us one end of a SOCK_SEQPACKET pair. */
static bool has_channel(void)
{
  int type = 0;
  socklen_t len = sizeof type;
  return getsockopt(HELPER_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

/* What the libraries do only once, or load late, is done while files can still be opened. */
static void warm_up(struct parser *parser, struct pool *pool)
{
  static const char letter[] = "Subject: =?iso-8859-1?q?warm=E9?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                               "--b\r\nContent-Type: text/html\r\n\r\n<p>warm &amp; ready</p>\r\n--b--\r\n";
  struct part_table table;
  struct fault err = { 0 };
  xmlInitParser();
  if (parse_mime(parser, pool, BYTES(letter), &table, &err) != ST_OK)
    (void)complain(EX_SOFTWARE, "warm-up: ", err.text);
  for (unsigned i = 0; charsets_name(i); i++) {
    uint32_t repairs = 0;
    (void)charset_to_utf8(parser->charsets, pool, charsets_name(i), BYTES("abcd"), &repairs);
  }
}

static bool read_all(struct buf *in)
{
  char chunk[65536];
  for (;;) {
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n == 0)
      return true;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 || in->len + (size_t)n > WIRE_FIELD_MAX)
      return false;
    buf_add(in, (struct bytes){ chunk, (size_t)n });
  }
}

static bool write_all(struct bytes out)
{
  while (out.len) {
    ssize_t n = write(STDOUT_FILENO, out.p, out.len);
    if (n < 0 && errno != EINTR)
      return false;
    if (n > 0)
      out = bytes_sub(out, (size_t)n, out.len);
  }
  return true;
}

static int by_hand(const struct parser *parser, const struct sandbox *sb, struct pool *pool)
{
  struct fault err = { 0 };
  struct buf in = buf_new(pool, 65536);
  struct part_table table;
  const struct sandbox_limits limits = { BY_HAND_CPU_S, BY_HAND_MEMORY };
  if (sandbox_enter_child(sb, &limits, &err) != ST_OK)
    return complain(EX_OSERR, err.text, "");
  if (!read_all(&in))
    return complain(EX_IOERR, "standard input cannot be read or is too large", "");
  if (parse_mime(parser, pool, buf_bytes(&in), &table, &err) != ST_OK)
    return complain(EX_DATAERR, "refused: ", err.text);
  return write_all(print_table(pool, &table)) ? EX_OK : EX_IOERR;
}

int main(int argc, char **argv)
{
  if (argc != 1)
    return complain(EX_USAGE, "usage: embargod-parse <letter", argv[1][0] ? "" : " ");
  struct pool *pool = pool_new("parse");
  struct parser parser = { charsets_open(pool), { PARTS_DEPTH_MAX, PARTS_MAX } };
  struct sandbox *sb;
  struct fault err = { 0 };
  char *missing;
  if (charsets_missing(parser.charsets, pool, &missing))
    (void)complain(0, "this machine's iconv lacks: ", missing);
  if (sandbox_prepare(pool, &sb, &err) != ST_OK)
    return complain(EX_OSERR, err.text, "");
  AUTO(pool_freep) struct pool *scratch = pool_new("warm-up");
  warm_up(&parser, scratch);
  pool_free(&scratch);
  int code = has_channel() ? zygote_run(&parser, sb, HELPER_FD) : by_hand(&parser, sb, pool);
  _exit(code); /* no exit handlers: they would need calls that the filter forbids */
}
