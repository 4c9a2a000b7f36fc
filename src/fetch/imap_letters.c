/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap_letters: find letters and fetch them. */
#include <config.h>

#include "imap_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 500 /* letters of one SIZE query */
#define BATCH_LETTERS 100
#define BATCH_BYTES (4u << 20)

static struct imap *of(struct inbox *box)
{
  return (struct imap *)box;
}

enum status imap_has_new(struct imap *im, const struct imap_folder *f, bool *yes, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("has new");
  struct imap_uids list;
  *yes = false;
  enum status st = f->next ? imap_search_new(im, pool, f->next, &list, err) : ST_OK;
  if (!st && f->next)
    *yes = list.count > 0;
  return st;
}

/* ---- scan ---- */

/* Ascending, as searched. Not named at all: it was expunged meanwhile. */
static enum status offer_chunk(struct imap_folder *f, const struct imap_uids *chunk, clist *list,
                               const struct inbox_sink *sink, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("chunk");
  struct imap_seen *known = pool_array(pool, chunk->count, sizeof *known);
  for (clistiter *i = list ? clist_begin(list) : NULL; i; i = clist_next(i)) {
    struct imap_seen seen = imap_read_att(clist_content(i));
    const uint32_t *at = bsearch(&seen.uid, chunk->uids, chunk->count, sizeof *chunk->uids, imap_by_number);
    if (at && (known[at - chunk->uids].uid == 0 || seen.size != IMAP_SIZE_NONE)) /* else: news about flags */
      known[at - chunk->uids] = seen;
  }
  for (size_t i = 0; i < chunk->count; i++) {
    char uid[12];
    snprintf(uid, sizeof uid, "%" PRIu32, known[i].uid);
    if (known[i].uid && known[i].size == IMAP_SIZE_NONE)
      return fault(err, ST_REJECT, "letter %s in %s: the server does not tell its size", uid, f->name);
    struct inbox_letter letter = { .id = { f->name, f->uidvalidity, uid },
                                   .size = known[i].size,
                                   .date = known[i].date };
    if (known[i].uid)
      sink->offer(sink->self, &letter);
    f->next = chunk->uids[i] + 1; /* 0 after the last UID there can be: nothing more will come */
  }
  return ST_OK;
}

static enum status scan_folder(struct imap *im, struct imap_folder *f, const struct inbox_sink *sink, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("scan");
  struct imap_uids all = { 0 };
  enum status st = imap_select(im, f, err);
  if (!st && f->next)
    st = imap_search_new(im, pool, f->next, &all, err);
  for (size_t at = 0; at < all.count && !st; at += CHUNK) {
    AUTO(imap_fetched_freep) clist *list = NULL;
    struct imap_uids chunk = { all.uids + at, all.count - at < CHUNK ? all.count - at : CHUNK };
    st = imap_uid_fetch(im, &chunk, IMAP_WHAT_SIZE, 0, &list, err);
    if (!st)
      st = offer_chunk(f, &chunk, list, sink, err);
  }
  return st;
}

enum status imap_scan(struct inbox *box, const struct inbox_sink *sink, struct fault *err)
{
  struct imap *im = of(box);
  enum status result = ST_OK;
  for (size_t i = 0; i < im->config->folder_count; i++) {
    enum status st = scan_folder(im, &im->folders[i], sink, err);
    if (st && st != ST_REJECT)
      return st;
    result = st ? st : result;
  }
  return result;
}

/* ---- fetch ---- */

/* Fills sizes and dates of the whole want. */
static enum status size_up(struct imap *im, struct inbox_want *want, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("sizes");
  uint32_t *uids = pool_array(pool, want->count + 1, sizeof *uids);
  size_t n = 0;
  for (size_t i = 0; i < want->count; i++) {
    want->sizes[i] = IMAP_SIZE_NONE;
    if (imap_parse_uid(want->uids[i], &uids[n]))
      n++;
  }
  qsort(uids, n, sizeof *uids, imap_by_number);
  for (size_t at = 0; at < n; at += CHUNK) {
    AUTO(imap_fetched_freep) clist *list = NULL;
    struct imap_uids chunk = { uids + at, n - at < CHUNK ? n - at : CHUNK };
    enum status st = imap_uid_fetch(im, &chunk, IMAP_WHAT_SIZE, 0, &list, err);
    if (st)
      return st;
    for (clistiter *i = list ? clist_begin(list) : NULL; i; i = clist_next(i)) {
      struct imap_seen seen = imap_read_att(clist_content(i));
      uint32_t uid;
      for (size_t w = 0; w < want->count && seen.uid; w++)
        if (imap_parse_uid(want->uids[w], &uid) && uid == seen.uid) {
          want->sizes[w] = seen.size;
          want->dates[w] = seen.date;
        }
    }
  }
  want->sized = true;
  return ST_OK;
}

static struct inbox_letter letter_of(const struct inbox_want *want, size_t i)
{
  return (struct inbox_letter){ .id = { want->folder, want->uidvalidity, want->uids[i] },
                                .size = want->sizes[i],
                                .date = want->dates[i] };
}

/* The letters from want->next on that travel together; 0 when the first of them is none to fetch. */
static size_t batch_size(const struct imap *im, const struct inbox_want *want, uint64_t *bytes)
{
  size_t n = 0;
  *bytes = 0;
  for (size_t i = want->next; i < want->count && n < BATCH_LETTERS; i++, n++) {
    if (want->sizes[i] > im->config->max_size || (n > 0 && *bytes + want->sizes[i] > BATCH_BYTES) ||
        (n > 0 && want->one_by_one))
      break;
    *bytes += want->sizes[i];
  }
  return n;
}

static bool find_body(clist *list, uint32_t uid, bool *named, struct bytes *body)
{
  *named = false;
  for (clistiter *i = list ? clist_begin(list) : NULL; i; i = clist_next(i)) {
    struct imap_seen seen = imap_read_att(clist_content(i));
    if (seen.uid != uid)
      continue;
    *named = true;
    *body = seen.body;
    if (body->p)
      return true;
  }
  return false;
}

static enum status fetch_batch(struct imap *im, struct inbox_want *want, size_t n, uint64_t bytes,
                               const struct inbox_sink *sink, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("batch");
  AUTO(imap_fetched_freep) clist *list = NULL;
  uint32_t *uids = pool_array(pool, n, sizeof *uids), *sorted = pool_array(pool, n, sizeof *sorted);
  for (size_t i = 0; i < n; i++)
    invariant(imap_parse_uid(want->uids[want->next + i], &uids[i])); /* it has a size */
  memcpy(sorted, uids, n * sizeof *uids);
  qsort(sorted, n, sizeof *sorted, imap_by_number);
  enum status st = imap_uid_fetch(im, &(struct imap_uids){ sorted, n }, IMAP_WHAT_BODY, bytes, &list, err);
  if (st)
    return st;
  struct bytes body;
  bool named;
  for (size_t i = 0; i < n; i++)
    if (!find_body(list, uids[i], &named, &body) && named)
      return fault(err, ST_REJECT, "letter %" PRIu32 " in %s: the server names it but does not give its text", uids[i],
                   want->folder);
  for (size_t i = 0; i < n; i++, want->next++) {
    struct inbox_letter letter = letter_of(want, want->next);
    if (!find_body(list, uids[i], &named, &body))
      sink->gone(sink->self, &letter.id);
    else
      sink->letter(sink->self, &letter, body.len <= WIRE_FIELD_MAX ? body : (struct bytes){ 0 });
  }
  return ST_OK;
}

enum status imap_fetch(struct inbox *box, struct inbox_want *want, const struct inbox_sink *sink, struct fault *err)
{
  struct imap *im = of(box);
  struct imap_folder *f = imap_folder_named(im, want->folder);
  enum status st = !f || im->selected == f ? ST_OK : imap_select(im, f, err);
  if (st)
    return st;
  bool other = !f || f->uidvalidity != want->uidvalidity; /* that mailbox is no more */
  if (!other && !want->sized)
    st = size_up(im, want, err);
  while (!st && want->next < want->count) {
    struct inbox_letter letter = letter_of(want, want->next);
    uint64_t bytes;
    size_t n = other ? 0 : batch_size(im, want, &bytes);
    if (n > 0)
      return fetch_batch(im, want, n, bytes, sink, err);
    if (other || letter.size == IMAP_SIZE_NONE)
      sink->gone(sink->self, &letter.id);
    else
      sink->letter(sink->self, &letter, (struct bytes){ 0 });
    want->next++;
  }
  return st;
}
