/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints each variable of templates and its meaning, two lines each: for tests/style/template_vars_documented.sh. */
#include <config.h>
#include <embargod/template.h>
#include <stdio.h>

int main(void)
{
  const struct template_var *var;
  size_t count = template_vars(&var);
  for (size_t i = 0; i < count; i++)
    printf("%s\n%s%s.\n", var[i].name, var[i].list ? "List: " : "", var[i].meaning);
  return 0;
}
