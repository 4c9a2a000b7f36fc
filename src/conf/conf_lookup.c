/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf/lookup: names, addresses and fingerprints in a loaded configuration; TLP 2.0 labels. No library in here. */
#include <config.h>

#include <embargod/conf.h>
#include <embargod/text.h>
#include <string.h>

/* FIRST TLP 2.0; WHITE is what version 1 said for CLEAR and CSAF 2.0 still does. */
static const char *const tlp_names[] = { "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED" };

const char *tlp_name(enum tlp t)
{
  return (unsigned)t < ARRAY_LEN(tlp_names) ? tlp_names[t] : "?";
}

bool tlp_parse(const char *s, enum tlp *out)
{
  if (text_istarts(s, "TLP:"))
    s += 4;
  if (text_ieq(s, "WHITE"))
    s = "CLEAR";
  for (size_t i = 0; s && i < ARRAY_LEN(tlp_names); i++)
    if (text_ieq(s, tlp_names[i])) {
      *out = (enum tlp)i;
      return true;
    }
  return false;
}

const struct conf_analyst *conf_analyst_by_name(const struct conf *c, const char *name)
{
  for (size_t i = 0; i < c->analyst_count && !text_empty(name); i++)
    if (text_ieq(c->analyst[i].name, name))
      return &c->analyst[i];
  return NULL;
}

const struct conf_analyst *conf_analyst_by_fpr(const struct conf *c, const char *primary_fpr)
{
  for (size_t i = 0; i < c->analyst_count && !text_empty(primary_fpr); i++)
    if (text_ieq(c->analyst[i].fingerprint, primary_fpr))
      return &c->analyst[i];
  return NULL;
}

const struct conf_analyst *conf_analyst_by_address(const struct conf *c, const char *address)
{
  for (size_t i = 0; i < c->analyst_count && !text_empty(address); i++)
    if (text_ieq(c->analyst[i].address, address))
      return &c->analyst[i];
  return NULL;
}

const struct conf_stakeholder *conf_stakeholder_by_name(const struct conf *c, const char *name)
{
  for (size_t i = 0; i < c->stakeholder_count && !text_empty(name); i++)
    if (text_ieq(c->stakeholder[i].name, name))
      return &c->stakeholder[i];
  return NULL;
}

const struct conf_stakeholder *conf_stakeholder_by_address(const struct conf *c, const char *address)
{
  for (size_t i = 0; i < c->stakeholder_count && !text_empty(address); i++)
    if (text_ieq(c->stakeholder[i].address, address))
      return &c->stakeholder[i];
  return NULL;
}

const struct conf_product *conf_product_by_name(const struct conf *c, const char *name)
{
  for (size_t i = 0; i < c->product_count && !text_empty(name); i++)
    if (text_ieq(c->product[i].name, name))
      return &c->product[i];
  return NULL;
}

const char *conf_domain(const struct conf *c)
{
  const char *at = c->address ? strrchr(c->address, '@') : NULL;
  return at ? at + 1 : "";
}
