/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the path of one letter. Fetch and record lie before it (gate_fetch.c), send and settle behind it (gate_outbox.c,
 * gate_fetch.c). Each stage either goes on at once or waits for helpers' answers; runs of other letters go on meanwhile. */
#include "gate_private.h"

static const struct {
  const char *name;
  void (*start)(struct run *r);
} stages[] = {
  [RUN_PARSE] = { "parse", read_parse },     /* embargod-parse: raw bytes -> part table */
  [RUN_OPEN] = { "open", read_open },        /* embargod-crypt: decrypt, verify; what comes out is parsed again */
  [RUN_KEYS] = { "keys", keys_inspect },     /* certificates that came with it */
  [RUN_LOOKUP] = { "lookup", keys_lookup },  /* WKD, when a sender's key is unknown and the site wants it */
  [RUN_DECIDE] = { "decide", run_decide },   /* classify, thread, case and commands -> work */
  [RUN_SEAL] = { "seal", run_seal },         /* each letter of the work signed and encrypted */
  [RUN_COMMIT] = { "commit", NULL },         /* gate_tx.c: one transaction, shared with others */
  [RUN_DONE] = { "done", NULL },
};

void run_stage_start(struct run *r)
{
  invariant(r->stage < ARRAY_LEN(stages) && stages[r->stage].start);
  log_event(&r->g->log, LOG_LEVEL_DEBUG, "stage", LOG_INT("letter", r->in.id), LOG_STR("stage", stages[r->stage].name));
  stages[r->stage].start(r);
}
