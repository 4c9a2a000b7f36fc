/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/status: the status and the trail of its cause. */
#include <config.h>

#include <embargod/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <embargod/text.h>

#include "base_private.h"

const char *status_name(enum status st)
{
  static const char *const names[] = { "ok", "retry", "reject", "denied", "broken" };
  return (size_t)st < ARRAY_LEN(names) ? names[st] : "unknown";
}

/* Copies s into out, escaped, as long as whole characters fit. Returns the length. */
static size_t put_escaped(char *out, size_t cap, const char *s)
{
  size_t len = 0;
  struct bytes all = bytes_str(s);
  for (size_t off = 0; off < all.len;) {
    char piece[16];
    size_t n = text_escape_next(all, &off, piece);
    if (len + n >= cap)
      break;
    memcpy(out + len, piece, n);
    len += n;
  }
  out[len] = '\0';
  return len;
}

PRINTF_LIKE(2, 0) static void prepend(struct fault *err, const char *fmt, va_list ap)
{
  char said[sizeof err->text], old[sizeof err->text];
  if (vsnprintf(said, sizeof said, fmt, ap) < 0)
    said[0] = '\0';
  memcpy(old, err->text, sizeof old);
  old[sizeof old - 1] = '\0';
  size_t len = put_escaped(err->text, sizeof err->text, said);
  if (!old[0])
    return;
  if (len + 2 < sizeof err->text) {
    memcpy(err->text + len, ": ", 3);
    len += 2;
    size_t keep = utf8_cut(bytes_str(old), sizeof err->text - len - 1); /* escaped when it came in */
    memcpy(err->text + len, old, keep);
    err->text[len + keep] = '\0';
  }
}

enum status fault(struct fault *err, enum status st, const char *fmt, ...)
{
  if (err) {
    va_list ap;
    va_start(ap, fmt);
    prepend(err, fmt, ap);
    va_end(ap);
    err->status = st;
  }
  return st;
}

enum status fault_add(struct fault *err, const char *fmt, ...)
{
  invariant(err && err->status != ST_OK);
  va_list ap;
  va_start(ap, fmt);
  prepend(err, fmt, ap);
  va_end(ap);
  return err->status;
}

void fault_clear(struct fault *err)
{
  if (err) {
    err->status = ST_OK;
    err->text[0] = '\0';
  }
}

void invariant_failed(const char *what, const char *file, int line)
{
  fprintf(stderr, "embargod: internal error: \"%s\" does not hold at %s:%d\n", what, file, line);
  abort();
}

void base_out_of_memory(size_t wanted)
{
  char line[96];
  int n = snprintf(line, sizeof line, "embargod: out of memory (%zu bytes wanted)\n", wanted);
  if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
    _exit(BASE_EXIT_OUT_OF_MEMORY);
  _exit(BASE_EXIT_OUT_OF_MEMORY);
}
