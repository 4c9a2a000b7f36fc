/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargoctl restore: the store from the two files of embargoctl backup. Only where no store is: nothing is ever overwritten. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "ctl_private.h"

#include <embargod/store.h>

#include <stdio.h>

int ctl_restore(const struct conf *c, int argc, char **argv)
{
  struct fault err = { 0 };
  if (argc != 3) {
    fprintf(stderr, "usage: embargoctl restore STORE KEYS   (the two files of embargoctl backup; there must be no %s)\n", c->database);
    return 64;
  }
  if (store_restore(c->database, argv[1], argv[2], &err)) {
    fprintf(stderr, "embargoctl: %s\n", err.text);
    return err.status == ST_RETRY ? 75 : 1;
  }
  printf("%s is restored. Next: embargoctl check, then start embargod. It needs the master key of the time of the backup (%s).\n", c->database,
         c->master_key_file);
  return 0;
}
