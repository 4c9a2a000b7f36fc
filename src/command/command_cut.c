/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/cut: where the sender's own text ends: our marker, mail signatures, the ways in which mail programs introduce
 * what they quote. Each word list is a table; what is not in it is not cut, and then text waits for a second look. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define NOT_FOUND SIZE_MAX
#define ATTRIBUTION_LINES 3
#define ATTRIBUTION_BYTES 500
#define HEADER_LINES 10

/* "On Monday Bob wrote:" in the languages that we have seen. */
static const struct {
  struct bytes first, verb;
} attribution[] = {
  { { "On ", 3 }, { "wrote", 5 } },
  { { "Am ", 3 }, { "schrieb", 7 } },
  { { "Le ", 3 },
    { "a \xC3\xA9"
      "crit",
      7 } },
  { { "El ", 3 }, { "escribi\xC3\xB3", 9 } },
  { { "Il ", 3 }, { "ha scritto", 10 } },
  { { "Em ", 3 }, { "escreveu", 8 } },
  { { "Op ", 3 }, { "schreef", 7 } },
  { { "Den ", 4 }, { "skrev", 5 } },
  { { "W dniu ", 7 }, { "pisze", 5 } },
};
/* Between dashes: "-----Original Message-----". */
static const char *const separator[] = {
  "Original Message",        "Original Appointment",      "Forwarded Message", "Urspr\xC3\xBCngliche Nachricht",
  "Original-Nachricht",      "Weitergeleitete Nachricht", "Message d'origine", "Message transf\xC3\xA9r\xC3\xA9",
  "Mensaje original",        "Messaggio originale",       "Mensagem original", "Oorspronkelijk bericht",
  "Ursprungligt meddelande",
};
/* Outlook's block of headers, bold or not. */
enum header_kind { HEADER_FROM = 1, HEADER_DATE = 2, HEADER_TO = 4, HEADER_SUBJECT = 8 };
static const struct {
  const char *word;
  enum header_kind kind;
} header[] = {
  { "From", HEADER_FROM },
  { "Von", HEADER_FROM },
  { "De", HEADER_FROM },
  { "Da", HEADER_FROM },
  { "Van", HEADER_FROM },
  { "Fr\xC3\xA5n", HEADER_FROM },
  { "Od", HEADER_FROM },
  { "Sent", HEADER_DATE },
  { "Date", HEADER_DATE },
  { "Gesendet", HEADER_DATE },
  { "Datum", HEADER_DATE },
  { "Envoy\xC3\xA9", HEADER_DATE },
  { "Enviado", HEADER_DATE },
  { "Enviado el", HEADER_DATE },
  { "Inviato", HEADER_DATE },
  { "Verzonden", HEADER_DATE },
  { "Skickat", HEADER_DATE },
  { "Wys\xC5\x82"
    "ano",
    HEADER_DATE },
  { "To", HEADER_TO },
  { "An", HEADER_TO },
  { "\xC3\x80", HEADER_TO },
  { "Para", HEADER_TO },
  { "A", HEADER_TO },
  { "Aan", HEADER_TO },
  { "Till", HEADER_TO },
  { "Do", HEADER_TO },
  { "Subject", HEADER_SUBJECT },
  { "Betreff", HEADER_SUBJECT },
  { "Objet", HEADER_SUBJECT },
  { "Asunto", HEADER_SUBJECT },
  { "Oggetto", HEADER_SUBJECT },
  { "Assunto", HEADER_SUBJECT },
  { "Onderwerp", HEADER_SUBJECT },
  { "\xC3\x84mne", HEADER_SUBJECT },
  { "Temat", HEADER_SUBJECT },
};

/* The line without white space and non-breaking spaces around it. */
static struct bytes bare(struct bytes s)
{
  for (;;) {
    s = bytes_trim(s);
    if (bytes_starts(s, BYTES("\xC2\xA0")))
      s = bytes_sub(s, 2, s.len - 2);
    else if (s.len >= 2 && memcmp(s.p + s.len - 2, "\xC2\xA0", 2) == 0)
      s.len -= 2;
    else
      return s;
  }
}

static bool blank_or_quoted(const struct text_line *l)
{
  return l->quoted || bare(l->text).len == 0;
}

/* "*From:* Bob", "De : Bob": which header, 0 for none. */
static unsigned header_kind_of(const struct text_line *l)
{
  struct bytes s = bare(l->text);
  while (s.len > 0 && s.p[0] == '*')
    s = bytes_sub(s, 1, s.len - 1);
  size_t colon = bytes_find(bytes_sub(s, 0, 24), BYTES(":"), 0);
  if (l->quoted || colon == SIZE_MAX)
    return 0;
  struct bytes word = bare(bytes_sub(s, 0, colon));
  while (word.len > 0 && word.p[word.len - 1] == '*')
    word = bare(bytes_sub(word, 0, word.len - 1));
  for (size_t i = 0; i < ARRAY_LEN(header); i++)
    if (bytes_ieq(word, bytes_str(header[i].word)))
      return header[i].kind;
  return 0;
}

static bool header_block_at(const struct text_lines *t, size_t at, size_t end)
{
  if (header_kind_of(&t->line[at]) != HEADER_FROM)
    return false;
  unsigned seen = HEADER_FROM;
  for (size_t i = at + 1; i < end && i < at + HEADER_LINES && bare(t->line[i].text).len > 0; i++)
    seen |= header_kind_of(&t->line[i]);
  return (seen & HEADER_SUBJECT) && (seen & (HEADER_DATE | HEADER_TO));
}

static bool separator_at(const struct text_line *l)
{
  struct bytes s = bare(l->text), word = s;
  while (word.len > 0 && strchr("-_= ", word.p[0]))
    word = bytes_sub(word, 1, word.len - 1);
  while (word.len > 0 && strchr("-_= ", word.p[word.len - 1]))
    word.len--;
  bool dashes = s.len >= word.len + 4;
  for (size_t i = 0; i < ARRAY_LEN(separator) && dashes && !l->quoted; i++)
    if (bytes_ieq(word, bytes_str(separator[i])))
      return true;
  return !l->quoted && bytes_ieq(s, BYTES("Begin forwarded message:"));
}

/* A date is in it: four digits of a year, or hh:mm. */
static bool has_date(struct bytes s)
{
  for (size_t i = 0, run = 0; i < s.len; i++) {
    bool digit = s.p[i] >= '0' && s.p[i] <= '9';
    run = digit ? run + 1 : 0;
    bool year = run == 4 && s.p[i - 3] == '2' && s.p[i - 2] == '0';
    bool minute = run == 2 && i >= 3 && s.p[i - 2] == ':' && s.p[i - 3] >= '0' && s.p[i - 3] <= '9';
    if (year || minute)
      return true;
  }
  return false;
}

/* How many lines from at on are an attribution, 0 for none. */
static size_t attribution_at(struct pool *pool, const struct text_lines *t, size_t at, size_t end, bool *dated)
{
  size_t kind = 0;
  struct bytes first = bare(t->line[at].text);
  while (kind < ARRAY_LEN(attribution) && !bytes_istarts(first, attribution[kind].first))
    kind++;
  if (kind == ARRAY_LEN(attribution) || t->line[at].quoted)
    return 0;
  struct buf b = buf_new(pool, 160);
  for (size_t i = at; i < end && i < at + ATTRIBUTION_LINES && !t->line[i].quoted; i++) {
    struct bytes s = bare(t->line[i].text);
    if (s.len == 0 || b.len + s.len > ATTRIBUTION_BYTES)
      return 0;
    buf_add(&b, s);
    buf_addc(&b, ' ');
    if (s.p[s.len - 1] != ':')
      continue;
    *dated = has_date(buf_bytes(&b));
    return bytes_ifind(buf_bytes(&b), attribution[kind].verb, 0) != SIZE_MAX ? i + 1 - at : 0;
  }
  return 0;
}

static bool only_quoted(const struct text_lines *t, size_t from, size_t end)
{
  size_t i = from;
  while (i < end && blank_or_quoted(&t->line[i]))
    i++;
  return i == end;
}

/* With quotation below it, an attribution is cut when nothing of the sender's own follows (no answers in between);
 * without quote marks, as Outlook leaves it, when it holds a date. */
static bool attribution_cuts(struct pool *pool, const struct text_lines *t, size_t at, size_t end)
{
  bool dated = false;
  size_t len = attribution_at(pool, t, at, end, &dated);
  size_t next = at + len;
  if (len == 0)
    return false;
  while (next < end && bare(t->line[next].text).len == 0)
    next++;
  if (next < end && t->line[next].quoted)
    return only_quoted(t, next, end);
  return dated;
}

static bool is_rule(const struct text_line *l)
{
  struct bytes s = bare(l->text);
  for (size_t i = 0; i < s.len; i++)
    if (s.p[i] != '_' && s.p[i] != '-')
      return false;
  return s.len >= 8;
}

/* "-- "; also "--" whose space a mail program ate, when only a few lines follow. */
static size_t signature_at(const struct text_lines *t, size_t end)
{
  enum { SIGNATURE_LINES = 8 };
  for (size_t i = 0; i < end; i++) {
    struct bytes s = t->line[i].text;
    bool exact = bytes_eq(s, BYTES("-- ")) || bytes_eq(s, BYTES("--\xC2\xA0"));
    bool eaten = bytes_eq(s, BYTES("--")) && end - i - 1 <= SIGNATURE_LINES;
    if (exact || eaten)
      return i;
  }
  return NOT_FOUND;
}

static size_t marker_at(const struct text_lines *t, const char *marker)
{
  struct bytes m = bytes_str(marker);
  for (size_t i = 0; i < t->count && m.len > 0; i++)
    if (bytes_find(t->line[i].text, m, 0) != SIZE_MAX)
      return i;
  return NOT_FOUND;
}

static size_t introduction_at(struct pool *pool, const struct text_lines *t, size_t end)
{
  for (size_t i = 0; i < end; i++)
    if (separator_at(&t->line[i]) || header_block_at(t, i, end) || attribution_cuts(pool, t, i, end))
      return i;
  return NOT_FOUND;
}

/* Blank lines, rules and quotation at the end go; *quoted tells that there was quotation. */
static size_t trim_end(const struct text_lines *t, size_t end, bool *quoted)
{
  while (end > 0 && (blank_or_quoted(&t->line[end - 1]) || (*quoted && is_rule(&t->line[end - 1])))) {
    *quoted |= t->line[end - 1].quoted;
    end--;
  }
  return end;
}

/* An attribution left alone at the end once the quotation below it is gone. */
static size_t trim_attribution(struct pool *pool, const struct text_lines *t, size_t end)
{
  for (size_t n = 1; n <= ATTRIBUTION_LINES && n <= end; n++) {
    bool dated;
    if (attribution_at(pool, t, end - n, end, &dated) == n)
      return end - n;
  }
  return end;
}

/* A line between from and end that would be a command: it must not get lost in what is cut. */
static size_t command_between(struct pool *pool, const struct text_lines *t, size_t from, size_t end)
{
  for (size_t i = from; i < end; i++)
    if (!t->line[i].quoted && command_line_row(pool, t->line[i].text))
      return i;
  return NOT_FOUND;
}

static void refuse(struct pool *pool, struct text_cut *cut, const struct text_line *from,
                   const struct text_line *command)
{
  cut->refuse =
      pool_printf(pool,
                  "line %u looks like the start of a mail signature or of a quoted mail, but a command stands "
                  "below it in line %u: delete what is quoted, or put \"> \" before the lines that your own "
                  "text quotes",
                  from->no, command->no);
  cut->refuse_line = from->no;
}

struct text_cut command_cut(struct pool *pool, const struct text_lines *t, const char *marker)
{
  size_t mark = marker_at(t, marker);
  struct text_cut cut = { .end = mark == NOT_FOUND ? t->count : mark, .found = mark != NOT_FOUND };
  size_t intro = introduction_at(pool, t, cut.end);
  size_t signature_end = intro == NOT_FOUND ? cut.end : intro;
  size_t signature = signature_at(t, signature_end);
  /* With our marker everything below is quotation for certain; the other signs are guesses. */
  size_t lost = NOT_FOUND;
  if (signature != NOT_FOUND)
    lost = command_between(pool, t, signature, signature_end);
  if (lost == NOT_FOUND && intro != NOT_FOUND && mark == NOT_FOUND)
    lost = command_between(pool, t, intro, cut.end);
  size_t stop = signature == NOT_FOUND ? intro : signature;
  if (lost != NOT_FOUND) {
    refuse(pool, &cut, &t->line[stop], &t->line[lost]);
    return cut;
  }
  if (stop != NOT_FOUND) {
    cut.found = true;
    cut.end = stop;
  }
  cut.end = trim_end(t, cut.end, &cut.found);
  if (cut.found)
    cut.end = trim_attribution(pool, t, cut.end);
  cut.end = trim_end(t, cut.end, &cut.found);
  return cut;
}
