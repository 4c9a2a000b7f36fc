/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/refused: stands in for a mailbox whose configuration is wrong, so that the core hears why in the usual way. */
#include <config.h>

#include "inbox.h"
#include <stdlib.h>

struct refused {
  struct inbox box;
  const struct fault *why;
};

static enum status refused_open(struct inbox *box, struct fault *err)
{
  return fault(err, ST_DENIED, "%s", ((struct refused *)box)->why->text);
}

static void refused_close(struct inbox *box)
{
  (void)box;
}

static void refused_free(struct inbox *box)
{
  free(box);
}

static const struct inbox_ops refused_ops = {
  .kind = "refused", .open = refused_open, .close = refused_close, .free = refused_free
};

struct inbox *inbox_refused_new(const struct fault *why)
{
  struct refused *r = calloc(1, sizeof *r);
  invariant(r);
  *r = (struct refused){ .box = { &refused_ops }, .why = why };
  return &r->box;
}
