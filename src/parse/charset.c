/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/charset: a fixed list of converters to UTF-8, opened before the sandbox closes (glibc's iconv_open loads a
 * shared object for each, even for ISO-8859-1). Other charsets stay what they are, with a note. */
#include "parse_private.h"
#include <embargod/text.h>
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

struct charsets {
  iconv_t conv[ARRAY_LEN(charset_table)];
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

struct charsets *charsets_open(struct pool *pool)
{
  struct charsets *cs = pool_new_of(pool, struct charsets);
  for (size_t i = 0; i < ARRAY_LEN(charset_table); i++)
    cs->conv[i] = open_one(charset_table[i].name);
  return cs;
}

void charsets_close(struct charsets *cs)
{
  for (size_t i = 0; cs && i < ARRAY_LEN(charset_table); i++)
    if (cs->conv[i] != (iconv_t)-1)
      iconv_close(cs->conv[i]);
}

unsigned charsets_missing(const struct charsets *cs, struct pool *pool, char **names)
{
  struct buf out = buf_new(pool, 64);
  unsigned n = 0;
  for (size_t i = 0; i < ARRAY_LEN(charset_table); i++)
    if (cs->conv[i] == (iconv_t)-1) {
      buf_printf(&out, "%s%s", n++ ? " " : "", charset_table[i].name);
    }
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

static iconv_t find(const struct charsets *cs, const char *name)
{
  if (strchr(name, ' '))
    return (iconv_t)-1;
  for (size_t i = 0; i < ARRAY_LEN(charset_table); i++)
    if (!strcmp(name, charset_table[i].name) || among(charset_table[i].aliases, name))
      return cs->conv[i];
  return (iconv_t)-1;
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
  iconv_t conv = find(cs, name);
  if (conv == (iconv_t)-1) {
    *repairs |= REPAIR_CHARSET_UNKNOWN;
    return guess(pool, s);
  }
  struct bytes out = convert(conv, pool, s, repairs);
  return utf8_valid(out) ? out : utf8_repair(pool, out);
}
