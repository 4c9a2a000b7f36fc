/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/id: the form of the ids that others give out. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "assess_private.h"

static size_t digits(const char *s)
{
  return strspn(s, "0123456789");
}

char *assess_cve(struct pool *pool, const char *s)
{
  if (!s || !text_istarts(s, "CVE-") || digits(s + 4) != 4 || s[8] != '-' || strncmp(s + 4, "1999", 4) < 0)
    return NULL;
  const char *number = s + 9;
  size_t n = digits(number);
  if (n < 4 || n > 19 || number[n] != '\0' || (n > 4 && number[0] == '0'))
    return NULL;
  return pool_printf(pool, "CVE-%s", s + 4);
}

char *assess_cwe(struct pool *pool, const char *s)
{
  const char *number = s && text_istarts(s, "CWE-") ? s + 4 : s;
  size_t n = number ? digits(number) : 0;
  if (n < 1 || n > 5 || number[n] != '\0' || number[0] == '0')
    return NULL;
  return pool_printf(pool, "CWE-%s", number);
}
