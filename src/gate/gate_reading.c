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

static bool is_inline(enum mail_pgp_kind how)
{
  return how == MAIL_PGP_INLINE_ENCRYPTED || how == MAIL_PGP_INLINE_CLEARSIGNED;
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

/* A part that only carries an OpenPGP layer: what is in it stands elsewhere. Where a gateway has mangled the structure, the layer's
 * part is the multipart that holds the pieces, beside others; and an HTML alternative shows the same armor as the text. */
static bool carries_layer(const struct reading *rd, unsigned index, const struct mail_attachment *a)
{
  const struct part_table *t = &rd->layer[index].table;
  bool armored = bytes_find(a->bytes, BYTES("-----BEGIN PGP MESSAGE-----"), 0) != SIZE_MAX;
  bool piece = text_ieq(a->type, "application/pgp-encrypted") || text_ieq(a->type, "application/pgp-signature") ||
               bytes_ieq(bytes_trim(a->bytes), BYTES("Version: 1"));
  for (unsigned i = 1; i < rd->count; i++) {
    const struct layer *l = &rd->layer[i];
    if (l->parent != (int)index || !opened_fully(l))
      continue;
    bool below = false;
    for (int32_t at = (int32_t)a->part; at >= 0 && !below; at = t->part[at].parent)
      below = at == (int32_t)l->parent_part;
    if (below && (!l->mangled || a->part == l->parent_part || armored))
      return true;
    if ((is_container(l->how) && piece) || (is_inline(l->how) && armored && text_ieq(a->type, "text/html")))
      return true;
  }
  return false;
}

static void add_attachments(struct run *r, unsigned index, size_t *cap)
{
  struct reading *rd = &r->rd;
  struct mail_attachment *a = NULL;
  size_t n = mail_attachments(r->pool, &rd->layer[index].table, 0, &a);
  for (size_t i = 0; i < n; i++) {
    if (carries_layer(rd, index, &a[i]))
      continue;
    if (index != rd->main && rd->layer[index].how != MAIL_PGP_ENCRYPTED_ATTACHMENT && !text_ieq(a[i].type, "application/pgp-keys"))
      rd->partly = true; /* a file that nothing protects */
    rd->attachment = pool_grow(r->pool, rd->attachment, rd->attachment_count, cap, sizeof *rd->attachment);
    rd->attachment[rd->attachment_count++] = a[i];
  }
}

/* Between the letter itself and main. */
static bool on_the_way(const struct reading *rd, unsigned layer)
{
  int at = (int)rd->main;
  while (at > 0 && rd->layer[at].parent != (int)layer)
    at = rd->layer[at].parent;
  return at > 0;
}

static void add_text(struct buf *b, const char *text)
{
  struct bytes s = bytes_trim(bytes_str(text));
  if (!s.len)
    return;
  if (b->len)
    buf_adds(b, "\n\n");
  buf_add(b, s);
}

/* Words beside the way down to main, and in further blocks: they were written too, and must reach the analysts. */
static const char *outside_text(struct run *r)
{
  struct reading *rd = &r->rd;
  struct buf b = buf_new(r->pool, 256);
  for (int at = (int)rd->main; at > 0; at = rd->layer[at].parent) {
    const struct layer *l = &rd->layer[at];
    add_text(&b, mail_text_outside(r->pool, &rd->layer[l->parent].table, is_inline(l->how) ? -1 : (int32_t)l->parent_part));
  }
  for (unsigned i = 1; i < rd->count; i++) {
    const struct layer *l = &rd->layer[i];
    bool plain;
    int32_t first;
    if (!on_the_way(rd, i) && i != rd->main && is_inline(l->how) && opened_fully(l))
      add_text(&b, mail_text(r->pool, &l->table, 0, &plain, &first));
  }
  return buf_str(&b);
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
  rd->outside = outside_text(r);
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
    if (i == rd->main || l->how == MAIL_PGP_ENCRYPTED_ATTACHMENT || on_the_way(rd, i))
      add_attachments(r, i, &cap);
  }
  if (!text_empty(rd->outside))
    rd->partly = true;
  if (rd->partly && rd->verdict == VERDICT_GOOD)
    rd->verdict = VERDICT_PARTLY;
  rd->automatic = mail_automatic(&rd->layer[0].table, &rd->view);
  mail_dsn(r->pool, &rd->layer[0].table, &rd->dsn);
}
