/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the record that each notice and reply leaves: which version of which template it was made from, the digests of
 * what was approved and of what left, the key, who asked and who released it; beside it the outbox has what became of
 * it and the server's words. */
#include "gate_private.h"

#include <jansson.h>

static json_t *js(const char *s)
{
  json_t *j = json_string(s ? s : "");
  return j ? j : json_string("?");
}

static char *sha256_text(struct pool *pool, struct bytes data)
{
  unsigned char digest[32];
  sha256_digest(digest, data);
  return hex_encode(pool, (struct bytes){ (const char *)digest, sizeof digest });
}

const char *record_json(struct run *r, const struct outgoing *o)
{
  const struct letter_record *k = o->record;
  if (!k)
    return "";
  json_t *j = json_pack(
      "{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "template", js(k->template_name), "language", js(k->language),
      "template_sha256", js(k->version), "content_sha256", js(sha256_text(r->pool, o->content)), "letter_sha256",
      js(sha256_text(r->pool, o->letter)), "tlp", js(o->vc ? tlp_name(command_case_tlp(o->vc)) : ""), "key",
      js(o->encrypt ? o->fingerprint : ""), "asked_by", js(k->asked_by), "released_by", js(k->released_by));
  char *s = json_dumps(j, JSON_COMPACT);
  const char *out = pool_strdup(r->pool, s ? s : "");
  free(s);
  json_decref(j);
  return out;
}

const char *record_short(struct pool *pool, const struct letter_record *k)
{
  return k && k->version ? pool_printf(pool, "%s (%s, version %.12s)", k->template_name, k->language, k->version) : "";
}

/* ---- as people and programs read it ---- */
static const char *member(struct pool *pool, const json_t *j, const char *key)
{
  const char *s = json_string_value(json_object_get(j, key));
  return pool_strdup(pool, s ? s : "");
}

static void put_record(struct pool *pool, struct buf *b, const struct outbox_letter *l)
{
  json_t *j = json_loads(l->record, 0, NULL);
  const char *key = member(pool, j, "key"), *released = member(pool, j, "released_by");
  if (j)
    buf_printf(b,
               "             template %s (%s), sha256 %s\n             content sha256 %s\n             letter sha256 "
               "%s\n             TLP:%s, %s%s\n"
               "             asked for by %s%s%s\n",
               member(pool, j, "template"), member(pool, j, "language"), member(pool, j, "template_sha256"),
               member(pool, j, "content_sha256"), member(pool, j, "letter_sha256"), member(pool, j, "tlp"),
               *key ? "key " : "in clear", *key ? pgp_fpr_pretty(pool, key) : "", member(pool, j, "asked_by"),
               *released ? ", released by " : "", released);
  json_decref(j);
}

static enum status of_case(struct gate *g, struct pool *pool, const char *id, struct outbox_letter **l, size_t *n,
                           struct fault *err)
{
  enum status st = store_outbox_of_case(g->store, pool, id, "notice", l, n, err);
  if (st != ST_REJECT)
    return st;
  *n = 0; /* a case that this very mail opens */
  fault_clear(err);
  return ST_OK;
}

enum status records_show(struct gate *g, struct pool *pool, const char *id, struct buf *b, struct fault *err)
{
  struct outbox_letter *l = NULL;
  size_t n = 0;
  const char *zone = g->conf->zone;
  enum status st = of_case(g, pool, id, &l, &n, err);
  for (size_t i = 0; !st && i < n; i++) {
    int64_t at = l[i].sent_at ? l[i].sent_at : l[i].queued_at;
    buf_printf(b, "notice:      %s <%s>, %s %s, mail %" PRId64 "%s%s\n", l[i].to_name, l[i].to,
               outbox_state_name(l[i].state), time_local(pool, at, zone), l[i].id,
               text_empty(l[i].last_error) ? "" : ": ", text_empty(l[i].last_error) ? "" : l[i].last_error);
    put_record(pool, b, &l[i]);
  }
  return st;
}

json_t *records_json(struct gate *g, struct pool *pool, const char *id)
{
  struct outbox_letter *l = NULL;
  struct fault err = { 0 };
  size_t n = 0;
  json_t *all = json_array();
  if (of_case(g, pool, id, &l, &n, &err))
    return all;
  for (size_t i = 0; i < n; i++) {
    json_t *j = json_loads(l[i].record, 0, NULL);
    if (!j)
      j = json_object();
    json_object_set_new(j, "mail", json_integer(l[i].id));
    json_object_set_new(j, "to", js(l[i].to));
    json_object_set_new(j, "name", js(l[i].to_name));
    json_object_set_new(j, "state", js(outbox_state_name(l[i].state)));
    json_object_set_new(j, "queued", js(time_iso(pool, l[i].queued_at)));
    json_object_set_new(j, "sent", l[i].sent_at ? js(time_iso(pool, l[i].sent_at)) : json_null());
    json_object_set_new(j, "server", js(l[i].last_error));
    json_object_set_new(j, "message_id", js(l[i].message_id));
    json_array_append_new(all, j);
  }
  return all;
}

/* The history says when the server took it, and with which words. */
enum status record_delivered(struct gate *g, const struct outbox_answer *a, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("delivered");
  struct outbox_letter l;
  enum status st =
      a->end.state == OUTBOX_SENT && a->notice ? store_outbox_load(g->store, pool, a->id, &l, err) : ST_REJECT;
  if (st == ST_REJECT) {
    fault_clear(err);
    return ST_OK;
  }
  if (st || text_empty(l.case_id))
    return st;
  struct case_event e = { .at = a->end.now,
                          .kind = "notice.accepted",
                          .who = "",
                          .text = pool_printf(pool, "Mail %" PRId64 " to %s was accepted by the mail server%s%s", l.id,
                                              l.to_name, text_empty(a->end.error) ? "" : ": ",
                                              text_empty(a->end.error) ? "" : a->end.error) };
  st = store_event_add(g->store, l.case_id, &e, err);
  if (st == ST_REJECT) { /* erased meanwhile */
    fault_clear(err);
    return ST_OK;
  }
  if (!st)
    gate_due_changed(g, l.case_id); /* it may meet a deadline, or start one */
  return st;
}
