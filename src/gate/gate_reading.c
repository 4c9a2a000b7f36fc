/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: what a fully opened letter says: its main text, who signed it, what came with it. */
#include "gate_private.h"

static bool opened_fully(const struct layer *l)
{
  return l->parsed && (l->how == MAIL_PGP_SIGNED || l->result.outcome == PGP_OPENED);
}

static bool is_container(enum mail_pgp_kind how)
{
  return how == MAIL_PGP_ENCRYPTED || how == MAIL_PGP_SIGNED;
}

/* Down from the letter itself into the first encrypted or signed entity, as long as there is one. An inline block counts when it
 * is the whole text. What lies beside the way down is "outside". */
static void find_main(struct reading *rd)
{
  rd->main = 0;
  rd->partly = false;
  for (bool deeper = true; deeper;) {
    deeper = false;
    for (unsigned i = rd->main + 1; i < rd->count && !deeper; i++) {
      struct layer *l = &rd->layer[i];
      if (l->parent != (int)rd->main || !opened_fully(l) || l->how == MAIL_PGP_ENCRYPTED_ATTACHMENT)
        continue;
      if (!is_container(l->how) && !l->whole_text)
        rd->partly = true;
      if (is_container(l->how) && l->parent_part != 0 && rd->layer[rd->main].table.part[0].kind != PART_MESSAGE)
        rd->partly |= !l->mangled;
      rd->main = i;
      deeper = true;
    }
  }
}

/* A reporter's certificate lies in the store, not in the ring: embargod-crypt got it with the letter and calls it extra. Here it
 * is one that we know, unless it still waits for an analyst's word. */
static void know_stored_keys(struct run *r, struct pgp_result *result)
{
  for (unsigned i = 0; i < result->sig_count; i++) {
    struct pgp_signature *s = &result->sig[i];
    struct stored_key k;
    bool found = false;
    struct fault err = { 0 };
    if (s->extra_key && *s->primary && !store_key_by_fpr(r->g->store, r->pool, s->primary, &k, &found, &err) && found && !k.waits)
      s->extra_key = false;
  }
}

/* The verdict of main: the innermost layer on the way down that carries signatures. An encryption layer anywhere on the way
 * makes it encrypted. */
static void judge(struct reading *rd)
{
  rd->encrypted = false;
  rd->verdict = VERDICT_NONE;
  rd->signature = NULL;
  for (int at = (int)rd->main; at > 0; at = rd->layer[at].parent) {
    struct layer *l = &rd->layer[at];
    rd->encrypted |= l->result.encrypted;
    if (l->result.sig_count && !rd->signature) {
      rd->signature = &l->result;
      rd->verdict = pgp_verdict(l->result.sig, l->result.sig_count);
      rd->signed_bytes = l->signed_bytes;
    }
  }
  rd->trouble = 0;
  for (unsigned i = 1; i < rd->count && !rd->trouble; i++) {
    struct layer *l = &rd->layer[i];
    if (l->how != MAIL_PGP_SIGNED && l->result.outcome != PGP_OPENED) {
      rd->trouble = l->result.outcome;
      rd->trouble_result = &l->result;
    }
  }
}

static void add_attachments(struct run *r, unsigned index, size_t *cap)
{
  struct reading *rd = &r->rd;
  struct mail_attachment *a = NULL;
  size_t n = mail_attachments(r->pool, &rd->layer[index].table, 0, &a);
  for (size_t i = 0; i < n; i++) {
    rd->attachment = pool_grow(r->pool, rd->attachment, rd->attachment_count, cap, sizeof *rd->attachment);
    rd->attachment[rd->attachment_count++] = a[i];
  }
}

static void protected_headers(struct run *r)
{
  struct reading *rd = &r->rd;
  rd->prot = (struct mail_protected){ 0 };
  for (int at = (int)rd->main; at > 0 && !rd->prot.present; at = rd->layer[at].parent)
    if (is_container(rd->layer[at].how))
      mail_protected(r->pool, &rd->layer[at].table, 0, &rd->prot);
  rd->subject = rd->prot.present && rd->prot.subject ? rd->prot.subject : rd->view.subject;
}

void reading_finish(struct run *r)
{
  struct reading *rd = &r->rd;
  find_main(rd);
  for (unsigned i = 1; i < rd->count; i++)
    know_stored_keys(r, &rd->layer[i].result);
  judge(rd);
  protected_headers(r);
  bool plain;
  rd->text = mail_text(r->pool, &rd->layer[rd->main].table, 0, &plain, &rd->text_part);
  rd->attachment = NULL;
  rd->attachment_count = 0;
  size_t cap = 0;
  rd->repairs = 0;
  for (unsigned i = 0; i < rd->count; i++) {
    struct layer *l = &rd->layer[i];
    if (!l->parsed)
      continue;
    for (uint32_t p = 0; p < l->table.count; p++)
      rd->repairs |= l->table.part[p].repairs;
    if (i == rd->main || l->how == MAIL_PGP_ENCRYPTED_ATTACHMENT || (rd->partly && i == 0 && !rd->trouble))
      add_attachments(r, i, &cap);
  }
  if (rd->partly && rd->verdict == VERDICT_GOOD)
    rd->verdict = VERDICT_PARTLY;
  rd->automatic = mail_automatic(&rd->layer[0].table, &rd->view);
  mail_dsn(r->pool, &rd->layer[0].table, &rd->dsn);
}
