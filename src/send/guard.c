/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/guard: the one place that decides what may stand in an SMTP command. libcurl sends a CR LF inside an address
 * as it is, so nothing reaches it (or a sendmail program, or a header line) that has not passed here. */
#include <config.h>

#include <embargod/text.h>
#include <netinet/in.h>
#include <string.h>
#include "send_private.h"

#define LOCAL_MAX 64    /* RFC 5321, 4.5.3.1.1 */
#define ADDRESS_MAX 254 /* path of 256 with its brackets, 4.5.3.1.3 */
#define WORDS_MAX 500

/* Controls, space, DEL and what has a meaning of its own in a path (RFC 5321, 4.1.2). */
static bool never_in_address(unsigned char c)
{
  return c <= ' ' || c == 0x7f || strchr("<>()[]\\,;:\"@", c);
}

static bool unicode_trouble(struct bytes s)
{
  if (!utf8_valid(s))
    return true;
  for (size_t off = 0; off < s.len;) {
    uint32_t c = utf8_next(s, &off);
    bool control = c >= 0x80 && c < 0xa0, space = c == 0xa0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200f);
    bool direction = (c >= 0x2028 && c <= 0x202f) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
    if (control || space || direction)
      return true;
  }
  return false;
}

static const char *domain_fault(struct bytes s)
{
  bool literal = s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']';
  if (literal)
    s = bytes_sub(s, 1, s.len - 2);
  if (s.len == 0)
    return "no domain";
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.p[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!plain && !(literal && c == ':') && !(!literal && c >= 0x80))
      return "bad character in the domain";
  }
  if (!literal && (s.p[0] == '.' || s.p[0] == '-' || s.p[s.len - 1] == '.'))
    return "bad domain";
  return NULL;
}

const char *send_address_fault(const char *address)
{
  if (!address || !*address)
    return "empty address";
  struct bytes all = bytes_str(address);
  const char *at = strrchr(address, '@');
  size_t local_len = at ? (size_t)(at - address) : all.len;
  for (size_t i = 0; i < local_len; i++)
    if (never_in_address((unsigned char)address[i]))
      return "bad character in the local part";
  if (!at || local_len == 0)
    return at ? "no local part" : "no '@' in the address";
  if (all.len > ADDRESS_MAX || local_len > LOCAL_MAX)
    return "address too long";
  if (address[0] == '-')
    return "address begins with '-'";
  if (unicode_trouble(all))
    return "bad or invisible characters in the address";
  return domain_fault(bytes_sub(all, local_len + 1, all.len));
}

const char *send_sender_fault(const char *address)
{
  return address && !*address ? NULL : send_address_fault(address);
}

const char *send_body_fault(struct bytes body)
{
  if (body.len < 2 || body.p[body.len - 1] != '\n')
    return "the letter does not end with CRLF";
  if (memchr(body.p, '\0', body.len))
    return "the letter has a NUL";
  for (size_t at = 0; at < body.len;) {
    const char *lf = memchr(body.p + at, '\n', body.len - at); /* there is one: the last byte */
    size_t end = (size_t)(lf - body.p);
    if (end == at || body.p[end - 1] != '\r')
      return "the letter has a bare LF";
    if (memchr(body.p + at, '\r', end - 1 - at))
      return "the letter has a bare CR";
    at = end + 1;
  }
  return NULL;
}

struct net {
  unsigned char bits[16];
  unsigned prefix;
};

static bool inside(const unsigned char *addr, const struct net *nets, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    unsigned whole = nets[i].prefix / 8, rest = nets[i].prefix % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);
    if (memcmp(addr, nets[i].bits, whole) == 0 && (!rest || ((addr[whole] ^ nets[i].bits[whole]) & mask) == 0))
      return true;
  }
  return false;
}

/* IANA special-purpose registry (RFC 6890 and its updates). */
static bool v4_public(const unsigned char *a)
{
  static const struct net special[] = {
    { { 0 }, 8 },
    { { 10 }, 8 },
    { { 100, 64 }, 10 },
    { { 127 }, 8 },
    { { 169, 254 }, 16 },
    { { 172, 16 }, 12 },
    { { 192, 0, 0 }, 24 },
    { { 192, 0, 2 }, 24 },
    { { 192, 88, 99 }, 24 },
    { { 192, 168 }, 16 },
    { { 198, 18 }, 15 },
    { { 198, 51, 100 }, 24 },
    { { 203, 0, 113 }, 24 },
    { { 224 }, 4 },
    { { 240 }, 4 },
  };
  return !inside(a, special, ARRAY_LEN(special));
}

static bool v6_public(const unsigned char *a)
{
  static const struct net mapped = { { [10] = 0xff, [11] = 0xff }, 96 }, nat64 = { { 0, 0x64, 0xff, 0x9b }, 96 },
                          global = { { 0x20 }, 3 };
  static const struct net special[] = {
    { { 0x20, 0x01 }, 23 },             /* protocol assignments, Teredo, ORCHID */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
    { { 0x20, 0x02 }, 16 },             /* 6to4 */
    { { 0x3f, 0xff }, 20 },             /* documentation */
  };
  if (inside(a, &mapped, 1) || inside(a, &nat64, 1))
    return v4_public(a + 12);
  return inside(a, &global, 1) && !inside(a, special, ARRAY_LEN(special));
}

bool send_address_public(const struct sockaddr *sa)
{
  if (sa->sa_family == AF_INET)
    return v4_public((const unsigned char *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr);
  if (sa->sa_family == AF_INET6)
    return v6_public((const unsigned char *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
  return false;
}

const char *send_words(struct pool *pool, struct bytes s)
{
  s = bytes_trim(s);
  const char *clean = text_clean(pool, bytes_sub(s, 0, WORDS_MAX * 2), false);
  return pool_strndup(pool, clean, utf8_cut(bytes_str(clean), WORDS_MAX));
}
