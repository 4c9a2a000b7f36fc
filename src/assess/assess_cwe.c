/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/cwe: what a weakness is called. */
#include <config.h>

#include <embargod/text.h>
#include <stdlib.h>

#include "assess_private.h"

struct cwe_row {
  int number;
  const char *name;
};

static const struct cwe_row rows[] = {
#include "assess_cwe_rows.h"
};

static int by_number(const void *key, const void *row)
{
  return *(const int *)key - ((const struct cwe_row *)row)->number;
}

const char *assess_cwe_name(const char *id)
{
  if (text_empty(id) || !text_istarts(id, "CWE-"))
    return NULL;
  int number = atoi(id + 4);
  const struct cwe_row *r = bsearch(&number, rows, ARRAY_LEN(rows), sizeof *rows, by_number);
  return r ? r->name : NULL;
}
