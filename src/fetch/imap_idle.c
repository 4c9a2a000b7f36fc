/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap_idle: RFC 2177 by hand over libetpan's stream. mailimap_idle() loses what a server says before its "+",
 * and waits for ever then; mailstream_wait_idle() looks at the raw socket and misses what TLS has decrypted already. */
#include <config.h>

#include "imap_private.h"
#include <embargod/text.h>
#include <string.h>

#define IDLE_BYTES (256 * 1024)
#define TAG "idle"

struct idle {
  struct imap *im;
  MMAPString *line;
  bool news;
};
enum idle_line { LINE_OTHER, LINE_GO_ON, LINE_DONE, LINE_REFUSED, LINE_DEAD };

static bool is_exists(struct bytes line)
{
  size_t i = 2;
  while (i < line.len && line.p[i] >= '0' && line.p[i] <= '9')
    i++;
  return i > 2 && bytes_starts(line, BYTES("* ")) && bytes_ieq(bytes_sub(line, i, SIZE_MAX), BYTES(" EXISTS"));
}

/* Blocks until a whole line is there or the time that imap_link_arm() gave is over. */
static enum idle_line next_line(struct idle *idle)
{
  if (!mailstream_read_line_remove_eol(idle->im->session->imap_stream, idle->line))
    return LINE_DEAD;
  struct bytes line = { idle->line->str, idle->line->len };
  idle->news = idle->news || is_exists(line);
  if (bytes_starts(line, BYTES("+")))
    return LINE_GO_ON;
  if (bytes_istarts(line, BYTES(TAG " OK")))
    return LINE_DONE;
  if (bytes_starts(line, BYTES(TAG " ")))
    return LINE_REFUSED;
  return bytes_istarts(line, BYTES("* BYE")) ? LINE_DEAD : LINE_OTHER;
}

static enum idle_line lines_until(struct idle *idle, enum idle_line wanted)
{
  enum idle_line got = LINE_OTHER;
  while (got != wanted && got != LINE_REFUSED && got != LINE_DEAD && got != LINE_DONE)
    got = next_line(idle);
  return got;
}

static bool say(struct idle *idle, const char *text)
{
  mailstream *stream = idle->im->session->imap_stream;
  imap_link_arm(idle->im->link, IDLE_BYTES);
  return mailstream_write(stream, text, strlen(text)) >= 0 && mailstream_flush(stream) == 0;
}

/* Until there are news, the core has a word, or the time is over. */
static enum idle_line stay(struct idle *idle, int wake_fd, int timeout_ms)
{
  int64_t end = inbox_now_ms() + timeout_ms;
  enum idle_line got = LINE_OTHER;
  while (!idle->news && got == LINE_OTHER) {
    int64_t left = end - inbox_now_ms();
    imap_link_arm(idle->im->link, IDLE_BYTES);
    bool buffered = idle->im->session->imap_stream->read_buffer_len > 0;
    enum imap_wait w = buffered ? IMAP_WAIT_DATA : imap_link_wait(idle->im->link, wake_fd, left > 0 ? (int)left : 0);
    if (w == IMAP_WAIT_DEAD)
      return LINE_DEAD;
    if (w != IMAP_WAIT_DATA)
      break;
    got = next_line(idle);
  }
  return got;
}

static enum idle_line converse(struct idle *idle, int wake_fd, int timeout_ms)
{
  if (!say(idle, TAG " IDLE\r\n"))
    return LINE_DEAD;
  enum idle_line got = lines_until(idle, LINE_GO_ON);
  if (got != LINE_GO_ON)
    return got;
  got = stay(idle, wake_fd, timeout_ms);
  if (got == LINE_DEAD || got == LINE_DONE || got == LINE_REFUSED)
    return got;
  return say(idle, "DONE\r\n") ? lines_until(idle, LINE_DONE) : LINE_DEAD;
}

enum status imap_idle(struct imap *im, int wake_fd, int timeout_ms, bool *news, struct fault *err)
{
  struct idle idle = { .im = im, .line = mmap_string_new("") };
  invariant(idle.line);
  enum idle_line end = converse(&idle, wake_fd, timeout_ms);
  mmap_string_free(idle.line);
  *news = idle.news;
  if (end == LINE_REFUSED)
    im->has_idle = false; /* promised but not given: poll from now on */
  if (end != LINE_DEAD)
    return ST_OK;
  const char *why = imap_link_why_dead(im->link);
  return fault(err, ST_RETRY, "%s:%d: IDLE: %s", im->config->url.host, im->config->url.port,
               why ? why : "the server said goodbye");
}
