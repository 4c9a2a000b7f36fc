/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what the files that carry out a command's effects share. */
#ifndef EMBARGOD_GATE_EFFECTS_H
#define EMBARGOD_GATE_EFFECTS_H
#include "gate_private.h"

struct doing {
  struct run *r;
  const struct conf_analyst *a;
  struct plan *plan;
  const struct command_mail *mail;
  struct tvalue *pending;
  struct buf answers;
  struct pending_release *waiting[COMMAND_MAX]; /* by command */
};
/* Whom a letter goes to, by which key. */
struct address {
  struct party_ref party;
  const char *name, *address, *fingerprint, *language;
  struct bytes key;
  bool encrypt;
};

/* A command that cannot be carried out: nothing of the mail is. Gives DENIED. */
MUST_USE enum status effect_deny(struct doing *d, const struct effect *e, struct fault *err, const char *why);
/* gate_letters.c */
MUST_USE enum status effect_letter(struct doing *d, const struct effect *e, struct fault *err);
void effect_show_letter(struct doing *d, const struct outgoing *o, const char *state); /* in the receipt, as it would be read */
MUST_USE enum status effect_address_reporter(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to,
                                             struct fault *err);
MUST_USE enum status effect_address_stakeholder(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to,
                                                struct fault *err);
size_t effect_stakeholder_party(struct run *r, struct vuln_case *vc, const struct conf_stakeholder *s); /* its party; added when it is none yet */
/* The letter as it reads now. as_of: the day that it bears; 0: today. */
MUST_USE enum status effect_write(struct doing *d, const struct effect *e, const struct address *to, int64_t as_of,
                                  struct outgoing **o, struct fault *err);
/* gate_filing.c */
MUST_USE enum status effect_filing(struct doing *d, const struct effect *e, struct fault *err);
/* gate_party.c */
MUST_USE enum status effect_address_party(struct doing *d, const struct effect *e, struct vuln_case *vc, struct address *to, struct fault *err);
/* The letter to one that was removed. goes: not to whom nothing ever went. */
MUST_USE enum status effect_farewell(struct doing *d, const struct effect *e, const struct address *to, struct outgoing *o, bool *goes,
                                     struct fault *err);
/* What is kept with the case when a letter to a party goes out. */
void effect_party_written(struct doing *d, const struct address *to, const char *kind);
/* The case as the letter may tell it. */
struct vuln_case *effect_view(struct doing *d, const struct effect *e, const struct address *to);
/* gate_releases.c */
MUST_USE enum status effect_wait(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct outgoing *o,
                                 struct fault *err);
void release_hash(const struct pending_release *p, unsigned char out[32]); /* over contents and recipients */
void effect_keep_waiting(struct doing *d); /* once all commands went well */
MUST_USE enum status effect_release(struct doing *d, const struct effect *e, struct fault *err);
/* gate_structure.c */
MUST_USE enum status effect_merge(struct doing *d, const struct effect *e, struct fault *err);
MUST_USE enum status effect_move(struct doing *d, const struct effect *e);
MUST_USE enum status effect_copy(struct doing *d, const struct effect *e);
/* gate_key_effects.c */
const struct pgp_cert *effect_attached(const struct run *r, const char *fpr); /* usable and attached to the mail; NULL */
MUST_USE enum status effect_key(struct doing *d, const struct effect *e, struct fault *err);
#endif
