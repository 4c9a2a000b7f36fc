/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/words: header values: unfolding, encoded words (RFC 2047), raw 8-bit, RFC 2231 parameters. */
#include "parse_private.h"
#include <embargod/text.h>
#include <string.h>

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum words_kind words_kind_of(struct bytes name)
{
  static const struct {
    const char *name;
    enum words_kind kind;
  } table[] = {
    { "from", WORDS_ADDRESS },
    { "to", WORDS_ADDRESS },
    { "cc", WORDS_ADDRESS },
    { "bcc", WORDS_ADDRESS },
    { "sender", WORDS_ADDRESS },
    { "reply-to", WORDS_ADDRESS },
    { "mail-followup-to", WORDS_ADDRESS },
    { "mail-reply-to", WORDS_ADDRESS },
    { "resent-from", WORDS_ADDRESS },
    { "resent-to", WORDS_ADDRESS },
    { "resent-cc", WORDS_ADDRESS },
    { "resent-sender", WORDS_ADDRESS },
    { "return-path", WORDS_TOKEN },
    { "delivered-to", WORDS_TOKEN },
    { "message-id", WORDS_TOKEN },
    { "in-reply-to", WORDS_TOKEN },
    { "references", WORDS_TOKEN },
    { "content-id", WORDS_TOKEN },
    { "date", WORDS_TOKEN },
    { "received", WORDS_TOKEN },
    { "autocrypt", WORDS_TOKEN },
    { "autocrypt-gossip", WORDS_TOKEN },
    { "content-type", WORDS_TOKEN },
    { "content-transfer-encoding", WORDS_TOKEN },
    { "content-disposition", WORDS_TOKEN },
    { "mime-version", WORDS_TOKEN },
    { "authentication-results", WORDS_TOKEN },
    { "dkim-signature", WORDS_TOKEN },
    { "arc-seal", WORDS_TOKEN },
    { "arc-message-signature", WORDS_TOKEN },
    { "arc-authentication-results", WORDS_TOKEN },
  };
  for (size_t i = 0; i < ARRAY_LEN(table); i++)
    if (bytes_ieq(name, bytes_str(table[i].name)))
      return table[i].kind;
  return WORDS_TEXT;
}

/* Line ends out (the white space behind them stays, tabs as spaces), a NUL noted; raw 8-bit to UTF-8. */
static struct bytes unfold(struct pool *pool, struct bytes raw, uint32_t *repairs)
{
  struct buf out = buf_new(pool, raw.len + 1);
  bool high = false;
  for (size_t i = 0; i < raw.len; i++) {
    if (raw.p[i] == '\n' || (raw.p[i] == '\r' && i + 1 < raw.len && raw.p[i + 1] == '\n'))
      continue;
    if (!raw.p[i])
      *repairs |= REPAIR_HEADER_BROKEN;
    high |= (unsigned char)raw.p[i] >= 128;
    buf_addc(&out, raw.p[i] == '\t' ? ' ' : raw.p[i]);
  }
  struct bytes s = buf_bytes(&out);
  if (!high)
    return s;
  *repairs |= REPAIR_HEADER_8BIT;
  return utf8_valid(s) ? s : charset_latin1(pool, s);
}

struct word {
  struct bytes charset; /* without an RFC 2231 language */
  char encoding;        /* 'b' or 'q' */
  struct bytes text;
  size_t end; /* behind the "?=" */
};

static size_t find_char(struct bytes s, size_t from, char c)
{
  const char *at = from < s.len ? memchr(s.p + from, c, s.len - from) : NULL;
  return at ? (size_t)(at - s.p) : SIZE_MAX;
}

/* =?charset?b?text?= at i. Text may hold spaces and be of any length: mailers write such words. */
static bool word_at(struct bytes s, size_t i, struct word *w)
{
  if (i + 8 > s.len || s.p[i] != '=' || s.p[i + 1] != '?')
    return false;
  size_t cs_end = find_char(bytes_sub(s, 0, i + 2 + 64), i + 2, '?');
  if (cs_end == SIZE_MAX || cs_end + 2 >= s.len || s.p[cs_end + 2] != '?')
    return false;
  w->charset = bytes_sub(s, i + 2, cs_end - i - 2);
  size_t star = find_char(w->charset, 0, '*');
  if (star != SIZE_MAX)
    w->charset.len = star;
  w->encoding = (char)(s.p[cs_end + 1] | 0x20);
  size_t text = cs_end + 3, end = find_char(s, text, '?');
  if ((w->encoding != 'b' && w->encoding != 'q') || end == SIZE_MAX || end + 1 >= s.len || s.p[end + 1] != '=')
    return false;
  w->text = bytes_sub(s, text, end - text);
  w->end = end + 2;
  return true;
}

static struct bytes word_bytes(struct pool *pool, const struct word *w, uint32_t *repairs)
{
  uint32_t bad = 0;
  struct bytes out = w->encoding == 'b' ? decode_base64(pool, w->text, &bad) : decode_q(pool, w->text, &bad);
  if (bad)
    *repairs |= REPAIR_HEADER_BROKEN;
  return out;
}

/* For a header an unknown charset is told as such; bytes that are not of their charset are a broken header. */
static void note_charset(uint32_t *repairs, uint32_t found)
{
  *repairs |= found & REPAIR_CHARSET_UNKNOWN;
  if (found & ~(uint32_t)REPAIR_CHARSET_UNKNOWN)
    *repairs |= REPAIR_HEADER_BROKEN;
}

struct words {
  const struct charsets *cs;
  struct pool *pool;
  struct buf out;
  enum words_kind kind;
  bool quoted; /* within a quoted string of the field (addresses only) */
  int comment; /* depth of comments there */
  uint32_t *repairs;
};

/* A decoded word must not become syntax: in an address list its quotes, commas and angle brackets stay text. */
static void add_decoded(struct words *w, struct bytes text)
{
  static const char special[] = "()<>[]:;@\\,.\"";
  bool need = false;
  for (size_t i = 0; i < text.len && !need; i++)
    need = text.p[i] && strchr(special, text.p[i]);
  if (w->kind != WORDS_ADDRESS || !need) {
    buf_add(&w->out, text);
    return;
  }
  bool quote = !w->quoted && !w->comment;
  if (quote)
    buf_addc(&w->out, '"');
  for (size_t i = 0; i < text.len; i++) {
    if (strchr(w->comment ? "()\\" : "\"\\", text.p[i]) && text.p[i])
      buf_addc(&w->out, '\\');
    buf_addc(&w->out, text.p[i]);
  }
  if (quote)
    buf_addc(&w->out, '"');
}

static bool same_kind(const struct word *a, const struct word *b)
{
  return a->encoding == b->encoding && bytes_ieq(a->charset, b->charset);
}

/* The word at i and those that follow it with only white space between: one text, because mailers split characters. */
static size_t decode_run(struct words *w, struct bytes s, struct word word)
{
  struct buf text = buf_new(w->pool, 128);
  size_t end;
  bool more;
  do {
    struct buf part = buf_new(w->pool, 128);
    struct word next = word;
    do {
      word = next;
      buf_add(&part, word_bytes(w->pool, &word, w->repairs));
      end = word.end;
      size_t at = end;
      while (at < s.len && is_space(s.p[at]))
        at++;
      more = word_at(s, at, &next);
    } while (more && same_kind(&word, &next));
    uint32_t bad = 0;
    const char *name = text_lower(w->pool, pool_str(w->pool, word.charset));
    buf_add(&text, charset_to_utf8(w->cs, w->pool, name, buf_bytes(&part), &bad));
    note_charset(w->repairs, bad);
    word = next;
  } while (more);
  /* Cleaned before it is quoted: a control character must not hide the end of the quotes. */
  add_decoded(w, bytes_str(text_clean(w->pool, buf_bytes(&text), false)));
  return end;
}

static void track_syntax(struct words *w, char c)
{
  if (w->quoted)
    w->quoted = c != '"';
  else if (c == '"' && !w->comment)
    w->quoted = true;
  else if (c == '(')
    w->comment++;
  else if (c == ')' && w->comment)
    w->comment--;
}

static struct bytes decode_words(struct words *w, struct bytes s)
{
  size_t i = 0;
  while (i < s.len) {
    struct word word;
    if (s.p[i] == '=' && word_at(s, i, &word)) {
      i = decode_run(w, s, word);
      continue;
    }
    if (w->kind == WORDS_ADDRESS && s.p[i] == '\\' && (w->quoted || w->comment) && i + 1 < s.len)
      buf_addc(&w->out, s.p[i++]);
    else if (w->kind == WORDS_ADDRESS)
      track_syntax(w, s.p[i]);
    buf_addc(&w->out, s.p[i++]);
  }
  return buf_bytes(&w->out);
}

static char *finish(struct pool *pool, struct bytes s, size_t max, uint32_t *repairs)
{
  struct bytes clean = bytes_trim(bytes_str(text_clean(pool, s, false)));
  if (clean.len > max) {
    clean.len = utf8_cut(clean, max);
    *repairs |= REPAIR_HEADER_BROKEN;
  }
  return pool_str(pool, clean);
}

char *words_decode(const struct charsets *cs, struct pool *pool, struct bytes raw, enum words_kind kind,
                   uint32_t *repairs)
{
  struct bytes s = unfold(pool, raw, repairs);
  if (kind != WORDS_TOKEN && bytes_find(s, BYTES("=?"), 0) != SIZE_MAX) {
    struct words w = { cs, pool, buf_new(pool, s.len + 64), kind, false, 0, repairs };
    s = decode_words(&w, s);
  }
  return finish(pool, s, PARTS_HEADER_VALUE_MAX, repairs);
}

char *words_param(const struct charsets *cs, struct pool *pool, const struct param_list *list, const char *name,
                  uint32_t *repairs)
{
  struct bytes value;
  const char *charset;
  bool plain;
  if (!param_raw(pool, list, name, &value, &charset, &plain))
    return pool_strdup(pool, "");
  if (plain) /* RFC 2047 in a parameter is forbidden and common */
    return words_decode(cs, pool, value, WORDS_TEXT, repairs);
  uint32_t bad = 0;
  struct bytes s = charset_to_utf8(cs, pool, charset, value, &bad);
  note_charset(repairs, bad);
  return finish(pool, s, PARTS_HEADER_VALUE_MAX, repairs);
}
