/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess/vex: why a product is not affected, in the five words that CSAF 2.0 (section 3.2.3.5.2, flags), CISA's VEX status justifications
 * and OpenVEX share. */
#include <config.h>

#include <embargod/assess.h>
#include <embargod/text.h>
#include <string.h>

static const struct {
  const char *label, *words;
} justifications[] = {
  { "component_not_present", "the vulnerable component is not in the product" },
  { "vulnerable_code_not_present", "the vulnerable code is not in the product" },
  { "vulnerable_code_not_in_execute_path", "the vulnerable code is never run" },
  { "vulnerable_code_cannot_be_controlled_by_adversary", "no attacker can reach the vulnerable code" },
  { "inline_mitigations_already_exist", "the product has protection against it built in" },
};

const char *assess_vex_justification(struct pool *pool, const char *s)
{
  char *label = text_lower(pool, s);
  for (char *c = label; *c; c++)
    if (*c == '-')
      *c = '_';
  for (size_t i = 0; i < ARRAY_LEN(justifications); i++)
    if (!strcmp(label, justifications[i].label))
      return justifications[i].label;
  return NULL;
}

const char *assess_vex_words(const char *label)
{
  for (size_t i = 0; i < ARRAY_LEN(justifications); i++)
    if (!strcmp(label, justifications[i].label))
      return justifications[i].words;
  return "";
}

char *assess_vex_list(struct pool *pool)
{
  struct buf b = buf_new(pool, 200);
  for (size_t i = 0; i < ARRAY_LEN(justifications); i++)
    buf_printf(&b, "%s%s", i ? ", " : "", justifications[i].label);
  return buf_str(&b);
}
