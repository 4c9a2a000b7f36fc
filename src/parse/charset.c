/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/charset: a fixed list of converters to UTF-8, made before the sandbox closes (glibc's iconv_open loads a
 * shared object for each, even for ISO-8859-1). Those of one byte a character become tables, so that the zygote does
 * not carry forty shared objects into each fork. Other charsets stay what they are, with a note. */
#include "parse_private.h"
#include <embargod/text.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>

/* Main name (what iconv is asked for), then the other names that mail uses for it; all lower case. */
static const struct {
  const char *name;
  const char *aliases; /* separated by a space */
} charset_table[] = {
  { "iso-8859-1", "latin1 iso_8859-1 l1 iso8859-1 8859-1 ibm819 cp819" },
  { "iso-8859-2", "latin2 iso_8859-2 iso8859-2" },
  { "iso-8859-3", "latin3 iso_8859-3 iso8859-3" },
  { "iso-8859-4", "latin4 iso_8859-4 iso8859-4" },
  { "iso-8859-5", "cyrillic iso_8859-5 iso8859-5" },
  { "iso-8859-6", "arabic iso_8859-6 iso8859-6 iso-8859-6-i iso-8859-6-e" },
  { "iso-8859-7", "greek iso_8859-7 iso8859-7" },
  { "iso-8859-8", "hebrew iso_8859-8 iso8859-8 iso-8859-8-i iso-8859-8-e" },
  { "iso-8859-9", "latin5 iso_8859-9 iso8859-9" },
  { "iso-8859-10", "latin6 iso8859-10" },
  { "iso-8859-11", "iso8859-11 tis-620" },
  { "iso-8859-13", "latin7 iso8859-13" },
  { "iso-8859-14", "latin8 iso8859-14" },
  { "iso-8859-15", "latin9 latin-9 iso_8859-15 iso8859-15" },
  { "iso-8859-16", "latin10 iso8859-16" },
  { "cp1250", "windows-1250" },
  { "cp1251", "windows-1251" },
  { "cp1252", "windows-1252 ansi_x3.110-1983" },
  { "cp1253", "windows-1253" },
  { "cp1254", "windows-1254" },
  { "cp1255", "windows-1255" },
  { "cp1256", "windows-1256" },
  { "cp1257", "windows-1257" },
  { "cp1258", "windows-1258" },
  { "cp874", "windows-874" },
  { "cp437", "ibm437" },
  { "cp850", "ibm850" },
  { "cp852", "ibm852" },
  { "cp866", "ibm866" },
  { "koi8-r", "koi8r koi8" },
  { "koi8-u", "koi8u koi8-ru" },
  { "macintosh", "mac x-mac-roman macroman" },
  { "iso-2022-jp", "csiso2022jp" },
  { "iso-2022-jp-2", "" },
  { "iso-2022-kr", "" },
  { "cp932", "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j" },
  { "euc-jp", "eucjp x-euc-jp" },
  { "gb18030", "gbk gb2312 gb_2312-80 cp936 ms936 windows-936 euc-cn x-gbk" },
  { "big5", "big-5 cn-big5 x-x-big5 cp950" },
  { "big5-hkscs", "big5hkscs" },
  { "euc-kr", "cp949 uhc ks_c_5601-1987 ksc5601 ks_c_5601 windows-949 euckr" },
  { "euc-tw", "" },
  { "utf-7", "unicode-1-1-utf-7" },
  { "utf-16", "" },
  { "utf-16be", "" },
  { "utf-16le", "" },
  { "utf-32", "" },
  { "utf-32be", "" },
  { "utf-32le", "" },
};
/* glibc's EUC-KR lacks the letters of its superset that mailers label with the same name. */
static const char *const charset_better[][2] = { { "euc-kr", "uhc" }, { "big5", "cp950" } };

#define NOT_THERE 0xffffu

struct converter {
  iconv_t conv;    /* (iconv_t)-1: a table, or missing */
  uint16_t *table; /* [256] code points, NOT_THERE where the charset has none */
};
struct charsets {
  struct converter of[ARRAY_LEN(charset_table)];
};

const char *charsets_name(unsigned n)
{
  return n < ARRAY_LEN(charset_table) ? charset_table[n].name : NULL;
}

static iconv_t open_one(const char *name)
{
  for (size_t i = 0; i < ARRAY_LEN(charset_better); i++)
    if (!strcmp(charset_better[i][0], name)) {
      iconv_t conv = iconv_open("UTF-8", charset_better[i][1]);
      if (conv != (iconv_t)-1)
        return conv;
    }
  return iconv_open("UTF-8", name);
}

/* What one byte means; UINT32_MAX when the charset needs more bytes or shifts between states. */
static uint32_t one_byte(iconv_t conv, unsigned byte)
{
  char in[1] = { (char)byte }, out[16], *from = in, *to = out;
  size_t left = 1, room = sizeof out;
  iconv(conv, NULL, NULL, NULL, NULL);
  if (iconv(conv, &from, &left, &to, &room) == (size_t)-1)
    return errno == EINVAL ? UINT32_MAX : NOT_THERE;
  size_t off = 0;
  struct bytes s = { out, (size_t)(to - out) };
  uint32_t cp = s.len ? utf8_next(s, &off) : UINT32_MAX;
  return off == s.len && cp < NOT_THERE ? cp : UINT32_MAX;
}

/* A table when each byte stands for itself alone; then the converter is closed and its shared object goes. */
static void make_table(struct pool *pool, struct converter *c)
{
  uint16_t *table = pool_array(pool, 256, sizeof *table);
  for (unsigned i = 0; i < 256; i++) {
    uint32_t cp = one_byte(c->conv, i);
    if (cp == UINT32_MAX)
      return;
    table[i] = (uint16_t)cp;
  }
  c->table = table;
  iconv_close(c->conv);
  c->conv = (iconv_t)-1;
}

/* Combining characters follow their letter there (Vietnamese, Thai is fine): iconv composes them, a table cannot. */
static bool composes(const char *name)
{
  return !strcmp(name, "cp1258") || !strcmp(name, "cp1255") || !strncmp(name, "utf-7", 5) ||
         !strncmp(name, "iso-2022", 8);
}

struct charsets *charsets_open(struct pool *pool)
{
  struct charsets *cs = pool_new_of(pool, struct charsets);
  for (size_t i = 0; i < ARRAY_LEN(charset_table); i++) {
    struct converter *c = &cs->of[i];
    c->conv = open_one(charset_table[i].name);
    if (c->conv != (iconv_t)-1 && !composes(charset_table[i].name))
      make_table(pool, c);
  }
  return cs;
}

void charsets_close(struct charsets *cs)
{
  for (size_t i = 0; cs && i < ARRAY_LEN(charset_table); i++)
    if (cs->of[i].conv != (iconv_t)-1)
      iconv_close(cs->of[i].conv);
}

unsigned charsets_missing(const struct charsets *cs, struct pool *pool, char **names)
{
  struct buf out = buf_new(pool, 64);
  unsigned n = 0;
  for (size_t i = 0; i < ARRAY_LEN(charset_table); i++)
    if (cs->of[i].conv == (iconv_t)-1 && !cs->of[i].table)
      buf_printf(&out, "%s%s", n++ ? " " : "", charset_table[i].name);
  *names = buf_str(&out);
  return n;
}

static bool among(const char *list, const char *name)
{
  size_t len = strlen(name);
  for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
    if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
      return true;
  return false;
}

static const struct converter *find(const struct charsets *cs, const char *name)
{
  if (strchr(name, ' '))
    return NULL;
  for (size_t i = 0; i < ARRAY_LEN(charset_table); i++)
    if (!strcmp(name, charset_table[i].name) || among(charset_table[i].aliases, name))
      return cs->of[i].table || cs->of[i].conv != (iconv_t)-1 ? &cs->of[i] : NULL;
  return NULL;
}

struct bytes charset_latin1(struct pool *pool, struct bytes s)
{
  struct buf out = buf_new(pool, s.len + s.len / 8 + 16);
  for (size_t i = 0; i < s.len; i++)
    utf8_put(&out, (unsigned char)s.p[i]);
  return buf_bytes(&out);
}

/* UTF-8 when it is that, else Latin-1. */
static struct bytes guess(struct pool *pool, struct bytes s)
{
  return utf8_valid(s) ? s : charset_latin1(pool, s);
}

static bool is_ascii(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] >= 128)
      return false;
  return true;
}

static struct bytes look_up(const uint16_t *table, struct pool *pool, struct bytes s, uint32_t *repairs)
{
  struct buf out = buf_new(pool, s.len + s.len / 2 + 64);
  for (size_t i = 0; i < s.len; i++) {
    uint32_t cp = table[(unsigned char)s.p[i]];
    if (cp == NOT_THERE) {
      *repairs |= REPAIR_CHARSET_BAD;
      cp = 0xfffd;
    }
    utf8_put(&out, cp);
  }
  return buf_bytes(&out);
}

static struct bytes convert(iconv_t conv, struct pool *pool, struct bytes s, uint32_t *repairs)
{
  struct buf out = buf_new(pool, s.len + s.len / 2 + 64);
  char chunk[4096], *in = (char *)(uintptr_t)s.p;
  size_t left = s.len;
  bool flushed = false;
  iconv(conv, NULL, NULL, NULL, NULL);
  while (left || !flushed) {
    char *to = chunk;
    size_t room = sizeof chunk, before = left;
    flushed = !left;
    size_t r = left ? iconv(conv, &in, &left, &to, &room) : iconv(conv, NULL, NULL, &to, &room);
    buf_add(&out, (struct bytes){ chunk, (size_t)(to - chunk) });
    if (r != (size_t)-1 || to != chunk || left != before)
      continue;
    if (!left)
      break;
    /* Nothing moved: a byte that is not of this charset (or a cut character at the end). */
    *repairs |= REPAIR_CHARSET_BAD;
    buf_adds(&out, "\xef\xbf\xbd");
    in++;
    left--;
  }
  return buf_bytes(&out);
}

struct bytes charset_to_utf8(const struct charsets *cs, struct pool *pool, const char *name, struct bytes s,
                             uint32_t *repairs)
{
  if (!*name)
    return guess(pool, s);
  if (among("utf-8 utf8 unicode-1-1-utf-8", name)) {
    if (utf8_valid(s))
      return s;
    *repairs |= REPAIR_CHARSET_BAD;
    return utf8_repair(pool, s);
  }
  if (among("us-ascii ascii ansi_x3.4-1968 iso646-us", name)) {
    if (!is_ascii(s))
      *repairs |= REPAIR_CHARSET_BAD;
    return guess(pool, s);
  }
  const struct converter *c = find(cs, name);
  if (!c) {
    *repairs |= REPAIR_CHARSET_UNKNOWN;
    return guess(pool, s);
  }
  struct bytes out = c->table ? look_up(c->table, pool, s, repairs) : convert(c->conv, pool, s, repairs);
  return utf8_valid(out) ? out : utf8_repair(pool, out);
}
