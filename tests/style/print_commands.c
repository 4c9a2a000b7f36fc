/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints the usage of every command of the table, a line each, or with an argument every example: for
 * tests/style/commands_documented.sh. */
#include <config.h>
#include <embargod/command.h>
#include <stdio.h>

int main(int argc, char **argv)
{
  const struct command_row *row;
  size_t count = command_table(&row);
  (void)argv;
  for (size_t i = 0; i < count; i++) {
    const char *example = argc > 1 ? command_example(row[i].name) : NULL;
    if (argc <= 1)
      puts(row[i].usage);
    else if (example)
      printf("%s%s\n", i ? "\n" : "", example);
  }
  return 0;
}
