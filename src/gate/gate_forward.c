/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: a letter as the analysts get it: its words, how it came, its parts byte for byte. */
#include "gate_private.h"

#define FORWARD_TEXT_MAX (256u << 10) /* of the report as text; all of it is attached */
#define SKELETON_PART (64u << 10) /* parts from here on are left out of a large letter: they are attached beside it */

/* ---- how it came, in words ---- */
char *letter_signer(struct run *r)
{
  const struct reading *rd = &r->rd;
  if (!rd->signature || !rd->signature->sig_count)
    return pool_strdup(r->pool, "not signed");
  const struct pgp_signature *s = &rd->signature->sig[0];
  const char *fpr = *s->primary ? s->primary : s->fpr;
  const char *part = rd->partly && s->state == PGP_SIG_GOOD ? "over part of the letter, " : "";
  if (s->state == PGP_SIG_GOOD && s->extra_key)
    return pool_printf(r->pool, "%sgood, by a key that came with the letter and that nobody has checked: %s", part,
                       pgp_fpr_pretty(r->pool, fpr));
  return pool_printf(r->pool, "%s%s, key %s", part, *part ? "good" : pgp_verdict_name(rd->verdict),
                     pgp_fpr_pretty(r->pool, fpr));
}

/* The same for the one who wrote: how we came by a key is the analysts' business. */
char *letter_signer_outside(struct run *r)
{
  const struct pgp_result *s = r->rd.signature;
  if (!s || !s->sig_count || s->sig[0].state != PGP_SIG_GOOD)
    return letter_signer(r);
  return pool_printf(r->pool, "good, key %s",
                     pgp_fpr_pretty(r->pool, *s->sig[0].primary ? s->sig[0].primary : s->sig[0].fpr));
}

const char *letter_protection(const struct run *r)
{
  const struct reading *rd = &r->rd;
  if (rd->partly)
    return !rd->encrypted  ? "partly signed, not encrypted"
           : rd->signature ? "partly encrypted and signed: some of it came in clear"
                           : "partly encrypted: some of it came in clear";
  if (rd->encrypted)
    return rd->signature ? "encrypted and signed" : "encrypted";
  return rd->signature ? "signed, not encrypted" : "in clear";
}

/* All words of the letter; those that no signature or encryption covers come last and are named. */
const char *letter_text(const struct run *r)
{
  const struct reading *rd = &r->rd;
  if (text_empty(rd->outside))
    return rd->text;
  return pool_printf(r->pool, "%s\n\n[What follows stood outside the signature or encryption:]\n\n%s",
                     pool_str(r->pool, bytes_trim(bytes_str(rd->text))), rd->outside);
}

/* Who wrote is known well enough to be told more than "we have it": a good signature, or the mail server's DMARC pass.
 */
bool letter_authenticated(const struct run *r)
{
  return r->rd.verdict == VERDICT_GOOD || r->rd.view.dmarc_pass;
}

static struct tvalue *attachment_vars(struct run *r, const struct mail_attachment *a, size_t n)
{
  struct tvalue *list = tvalue_list(r->pool);
  for (size_t i = 0; i < n; i++) {
    struct tvalue *v = tvalue_object(r->pool);
    tvalue_sets(r->pool, v, "name", a[i].filename);
    tvalue_sets(r->pool, v, "type", a[i].type);
    tvalue_sets(r->pool, v, "size", template_size(r->pool, a[i].bytes.len));
    tvalue_add(r->pool, list, v);
  }
  return list;
}

/* ---- forward ---- */
static enum status stub_instead(struct run *r, struct outgoing *o, struct outgoing **instead, struct fault *err)
{
  struct letter_spec s = { .kind = "stub",
                           .template_name = "internal/stub",
                           .vc = o->vc,
                           .to_name = o->to_name,
                           .to_address = o->draft.to.address,
                           .auto_submitted = "auto-generated",
                           .language = "en",
                           .serial = o->to_name };
  struct tvalue *vars = write_vars(r, o->vc, "en"); /* the template shows nothing of the case but its id */
  template_put(r->pool, vars, "key.fpr", pgp_fpr_pretty(r->pool, o->fingerprint));
  template_put(r->pool, vars, "key.problem", o->failure);
  return write_letter(r, &s, vars, instead, NULL, err);
}

/* The letter itself for the analysts. A large one goes without the bodies of the parts that are attached beside it:
 * twice the size is what mail servers refuse. */
static struct mail_attachment letter_itself(struct run *r, const struct layer *l, const char *name)
{
  bool large = l->table.raw.len >= LARGE_MAIL;
  return (struct mail_attachment){ .filename = pool_printf(r->pool, "%s%s.eml", name, large ? "-shortened" : ""),
                                   .type = "application/octet-stream",
                                   .bytes = large ? mail_skeleton(r->pool, &l->table, SKELETON_PART) : l->bytes };
}

static bool cut_short(struct run *r)
{
  return bytes_str(letter_text(r)).len > FORWARD_TEXT_MAX;
}

static const char *forward_text(struct run *r)
{
  const char *whole = letter_text(r);
  if (!cut_short(r))
    return mail_quote(r->pool, whole);
  struct bytes b = bytes_str(whole);
  const char *part = pool_str(r->pool, bytes_sub(b, 0, utf8_cut(b, FORWARD_TEXT_MAX)));
  return pool_printf(r->pool, "%s\n[The text is cut here: it has %s. All of it is in %s, which is attached.]",
                     mail_quote(r->pool, part), template_size(r->pool, b.len),
                     r->rd.encrypted ? "decrypted.eml (or decrypted-shortened.eml)"
                                     : "original.eml (or original-shortened.eml)");
}

/* The original parts, byte-identical, and the letter itself: as it came, or, when it was encrypted to us, the entity
 * that was inside (unless that is one plain text, which stands in the body already). */
static size_t forward_attachments(struct run *r, struct mail_attachment **out)
{
  struct reading *rd = &r->rd;
  struct mail_attachment *a = pool_array(r->pool, rd->attachment_count + 2, sizeof *a);
  size_t n = 0;
  for (; n < rd->attachment_count; n++)
    a[n] = rd->attachment[n];
  const struct layer *inner = &rd->layer[rd->main];
  bool plain = inner->table.count == 1 && inner->table.part[0].kind == PART_TEXT &&
               text_ieq(inner->table.part[0].type, "text/plain");
  if (!rd->encrypted || rd->partly)
    a[n++] = letter_itself(r, &rd->layer[0], "original");
  if (rd->encrypted && (!plain || cut_short(r)))
    a[n++] = letter_itself(r, inner, "decrypted");
  *out = a;
  return n;
}

static const char *key_advice(struct run *r, const char *more)
{
  const struct reading *rd = &r->rd;
  const char *gap = *more ? "\n" : "";
  if (rd->rolled_to)
    return pool_printf(r->pool,
                       "Its sender goes over to a new key, signed for with the old one:\n%s\nAnswers are encrypted to "
                       "it from now on.%s%s",
                       pgp_fpr_pretty(r->pool, rd->rolled_to), gap, more);
  if (rd->new_key)
    return pool_printf(
        r->pool,
        "It brings a new key that is NOT used, for the old key has not signed for it:\n%s\n"
        "Check the fingerprint with its owner, not by mail; then\n#key accept FINGERPRINT for ADDRESS%s%s",
        pgp_fpr_pretty(r->pool, rd->new_key->fpr), gap, more);
  return more;
}

/* The first line of the advice is what the sender's own verbs have left to do. */
static const char *with_advice(struct run *r, const struct outside *said, const char *advice)
{
  if (!said || text_empty(said->advice))
    return advice;
  return pool_printf(r->pool, "%s%s%s", said->advice, *advice ? "\n" : "", advice);
}

static void sender_vars(struct run *r, struct tvalue *v, const struct vuln_case *vc, const struct outside *said)
{
  const struct party *p = outside_sender(r, vc);
  const struct mail_address *from = &r->rd.view.from;
  template_put(r->pool, v, "reporter.name", from->name ? from->name : "");
  template_put(r->pool, v, "reporter.address", from->address ? from->address : "");
  if (p && !text_empty(p->fingerprint))
    template_put(r->pool, v, "reporter.key", pgp_fpr_pretty(r->pool, p->fingerprint));
  if (p && p != case_reporter(vc)) { /* the reporter is what every template takes for granted */
    const char *known = p->name && *p->name ? p->name : p->address;
    template_put(r->pool, v, "sender.role", party_role_name(p->role));
    template_put(r->pool, v, "sender.name", known);
    template_put(r->pool, v, "sender.address", p->address);
    template_put(r->pool, v, "sender.status", party_status_text(r->pool, p));
  }
  if (said && said->verbs)
    tvalue_set(r->pool, v, "verbs", said->verbs);
}

static struct tvalue *forward_vars(struct run *r, struct vuln_case *vc, const char *language, const char *mentions,
                                   const struct outside *said)
{
  const struct reading *rd = &r->rd;
  struct tvalue *v = write_vars(r, vc, language);
  tvalue_sets(r->pool, v, "protection", letter_protection(r));
  tvalue_setb(r->pool, v, "arrived_clear", !rd->encrypted);
  tvalue_setb(r->pool, v, "authenticated", letter_authenticated(r));
  tvalue_sets(r->pool, v, "signer", letter_signer(r));
  tvalue_sets(r->pool, v, "repairs", parts_repair_text(r->pool, rd->repairs));
  const char *advice = mail_special_advice(r->pool, &rd->layer[rd->main].table);
  if (rd->revoked)
    advice =
        pool_printf(r->pool, "It revokes the key %s: nothing is encrypted to that key any more. Ask for a new one.%s%s",
                    pgp_fpr_pretty(r->pool, rd->revoked), *advice ? "\n" : "", advice);
  advice = key_advice(r, advice);
  if (rd->layer[rd->main].table.raw.len >= LARGE_MAIL)
    advice =
        pool_printf(r->pool, "It is large: the attached letter goes without the parts that are attached beside it.%s%s",
                    *advice ? "\n" : "", advice);
  advice = with_advice(r, said, advice);
  tvalue_sets(r->pool, v, "advice",
              rd->partly ? pool_printf(r->pool,
                                       "Part of it lies outside the signature or encryption: see original.eml, which "
                                       "is the letter as it came.%s%s",
                                       *advice ? "\n" : "", advice)
                         : advice);
  tvalue_sets(r->pool, v, "mentions", mentions);
  sender_vars(r, v, vc, said);
  tvalue_sets(r->pool, v, "report_subject", rd->subject);
  tvalue_sets(r->pool, v, "report_text", forward_text(r));
  tvalue_sets(r->pool, v, "report_received", template_date(r->pool, r->in.date ? r->in.date : r->in.recorded_at));
  return v;
}

enum status report_forward(struct run *r, struct vuln_case *vc, const struct vuln_case *original,
                           const struct outside *said, const char *mentions, struct fault *err)
{
  const struct conf *c = r->g->conf;
  struct mail_attachment *a = NULL;
  size_t n = forward_attachments(r, &a), sent = 0;
  for (size_t i = 0; i < c->analyst_count; i++) {
    if (!analyst_gets_case(&c->analyst[i], vc) && !(original && analyst_gets_case(&c->analyst[i], original)))
      continue;
    struct tvalue *v = forward_vars(r, vc, c->analyst[i].language, mentions, said);
    tvalue_setb(r->pool, v, "follow_up", !said->opens);
    tvalue_set(r->pool, v, "attachments", attachment_vars(r, a, n));
    struct letter_spec s = { .kind = "forward",
                             .template_name = "internal/forward",
                             .vc = vc,
                             .auto_submitted = "auto-generated",
                             .serial = c->analyst[i].name,
                             .late = true,
                             .attachment = a,
                             .attachment_count = n };
    struct outgoing *o;
    enum status st = write_to_analyst(r, &c->analyst[i], &s, v, &o, err);
    if (st)
      return st;
    o->analyst = &c->analyst[i];
    o->fallback = stub_instead;
    work_out(r, o);
    sent++;
  }
  if (!sent)
    log_event(&r->g->log, LOG_LEVEL_WARN, "nobody is on duty or on the case: no forward; set duty = yes for an analyst",
              LOG_STR("case", vc->id));
  return ST_OK;
}
