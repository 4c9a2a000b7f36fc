/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints the usage of every command of the table, a line each: for tests/style/commands_documented.sh. */
#include <config.h>
#include <embargod/command.h>
#include <stdio.h>

int main(void)
{
  const struct command_row *row;
  size_t count = command_table(&row);
  for (size_t i = 0; i < count; i++)
    puts(row[i].usage);
  return 0;
}
