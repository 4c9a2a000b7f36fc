/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/text: ASCII and UTF-8 helpers, encodings. No locale anywhere. */
#ifndef EMBARGOD_TEXT_H
#define EMBARGOD_TEXT_H
#include <embargod/base.h>

/* ASCII case folding only; other bytes compare as they are. NULL equals NULL. */
bool text_ieq(const char *a, const char *b);
bool text_istarts(const char *s, const char *prefix);
bool bytes_ieq(struct bytes a, struct bytes b);
bool bytes_istarts(struct bytes s, struct bytes prefix);
size_t bytes_ifind(struct bytes hay, struct bytes needle, size_t from); /* SIZE_MAX if absent */
char *text_lower(struct pool *pool, const char *s);
char *text_upper(struct pool *pool, const char *s);
bool text_empty(const char *s); /* NULL, "" or white space only */

bool utf8_valid(struct bytes s);
/* Reads one code point at *off and moves *off on; bad bytes give U+FFFD and move one byte. */
uint32_t utf8_next(struct bytes s, size_t *off);
void utf8_put(struct buf *b, uint32_t cp);
/* Copy with bad bytes replaced by U+FFFD. */
struct bytes utf8_repair(struct pool *pool, struct bytes s);
/* Largest cut <= max that does not split a character. */
size_t utf8_cut(struct bytes s, size_t max);
/* For people's eyes and header values: no C0/C1 controls (tab and LF kept when multi-line), no bidi
 * overrides and isolates (U+202A-E, U+2066-9), no U+2028/9; bad UTF-8 repaired; the removed become U+FFFD.
 * CR LF becomes LF. */
char *text_clean(struct pool *pool, struct bytes s, bool multi_line);

char *hex_encode(struct pool *pool, struct bytes s); /* lower case */
MUST_USE bool hex_decode(struct pool *pool, const char *s, struct bytes *out);
char *base64_encode(struct pool *pool, struct bytes s, size_t line_len); /* 0: one line; else CRLF after each line */
void buf_base64(struct buf *b, struct bytes s, size_t line_len); /* the same, to the end of b */
/* White space is skipped; anything else outside the alphabet is false. */
MUST_USE bool base64_decode(struct pool *pool, struct bytes s, struct bytes *out);
char *base32_encode(struct pool *pool, struct bytes s); /* lower case, a-z2-7, no padding: tags and tokens */

void buf_crlf(struct buf *b, struct bytes s); /* text_to_crlf, to the end of b */
/* Text to CRLF: every bare CR or LF becomes CRLF, CRLF stays. */
struct bytes text_to_crlf(struct pool *pool, struct bytes s);
struct bytes text_to_lf(struct pool *pool, struct bytes s);
/* Edit distance, capped at max + 1: "did you mean". */
unsigned text_distance(const char *a, const char *b, unsigned max);

/* Times: int64_t seconds since 1970 UTC everywhere. */
char *time_iso(struct pool *pool, int64_t t);                 /* 2027-01-31T09:00:00Z */
char *time_local(struct pool *pool, int64_t t, const char *zone); /* 2027-01-31 10:00 CET; zone NULL = UTC */
char *time_rfc5322(struct pool *pool, int64_t t);             /* Sun, 31 Jan 2027 09:00:00 +0000 */
/* A zone of the system's tzdata ("Europe/Berlin"); NULL, "" and "UTC" are fine. For the configuration check: the C
 * library takes an unknown zone for UTC without a word. */
MUST_USE bool time_zone_valid(const char *zone);
/* The exact instant for people: "2027-01-31 10:00 CET (2027-01-31T09:00:00Z)"; where the zone is UTC it stands there once, with its seconds
 * unless they are 0. */
char *time_both(struct pool *pool, int64_t t, const char *zone);
/* "2027-01-31" (date_only) or "2027-01-31T09:00[:00][Z]" or "+30d" (also h, w); now for the latter. hour: local default
 * hour of a plain date in zone. False when ill-formed or no such day. */
MUST_USE bool time_parse(const char *s, int64_t now, int hour, const char *zone, int64_t *out);
/* The middle one (of an even count, between the middle two) and the largest; sorts the values. 0 of none. */
struct middle {
  int64_t median, longest;
};
struct middle middle_of(int64_t *value, size_t count);
/* A day and time of day in a zone. */
struct time_civil {
  int year, month, day; /* month and day from 1 */
  int hour, minute, second;
};
struct time_civil time_civil(int64_t t, const char *zone);
/* day may lie outside its month: it counts on. A time that is there twice is the first; one that is left out moves on by the change. */
int64_t time_from_civil(struct time_civil c, const char *zone);
int time_days_in_month(int year, int month);
#endif
