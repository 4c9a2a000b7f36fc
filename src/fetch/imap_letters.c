/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap_letters: find, fetch and settle letters by UID. Asked for are UID, RFC822.SIZE, INTERNALDATE, FLAGS and
 * BODY.PEEK[]: never ENVELOPE or BODYSTRUCTURE, so a sender's bytes reach libetpan's IMAP parser only as a literal.
 * Letters flagged \Deleted are not offered: somebody threw them away, perhaps we ourselves. */
#include <config.h>

#include "imap_private.h"
#include <embargod/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SMALL_ANSWER (256 * 1024)
#define LINE_BYTES 256         /* per letter in an answer without bodies */
#define SEARCH_MAX (64u << 20) /* bytes: some 5 million letters */
#define CHUNK 500              /* letters of one SIZE query */
#define BATCH_LETTERS 100
#define BATCH_BYTES (4u << 20)
#define SEARCH_AGAIN 3
#define SIZE_NONE UINT64_MAX /* the server does not know this UID */

static struct imap *of(struct inbox *box)
{
  return (struct imap *)box;
}

static bool parse_uid(const char *s, uint32_t *out)
{
  uint64_t v = 0;
  size_t len = strlen(s);
  for (size_t i = 0; i < len; i++) {
    if (s[i] < '0' || s[i] > '9' || len > 10)
      return false;
    v = v * 10 + (uint64_t)(s[i] - '0');
  }
  *out = (uint32_t)v;
  return v > 0 && v <= UINT32_MAX;
}

/* ---- asking ---- */

static void set_freep(struct mailimap_set **set)
{
  if (*set)
    mailimap_set_free(*set);
}

/* Ascending UIDs as runs: "4:9,12". */
static struct mailimap_set *set_of(const uint32_t *uids, size_t count)
{
  struct mailimap_set *set = mailimap_set_new_empty();
  invariant(set);
  for (size_t i = 0, j; i < count; i = j) {
    for (j = i + 1; j < count && uids[j] == uids[j - 1] + 1; j++)
      ;
    invariant(mailimap_set_add_interval(set, uids[i], uids[j - 1]) == MAILIMAP_NO_ERROR);
  }
  return set;
}

static int by_number(const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

struct uid_list {
  uint32_t *uids; /* ascending, in the pool */
  size_t count;
};

static struct mailimap_search_key *search_key(uint32_t from)
{
  struct mailimap_search_key *key = mailimap_search_key_new_multiple_empty();
  struct mailimap_search_key *uid = mailimap_search_key_new_uid(mailimap_set_new_interval(from, 0)); /* 0: "*" */
  struct mailimap_search_key *kept =
      mailimap_search_key_new(MAILIMAP_SEARCH_KEY_UNDELETED, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                              NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL);
  invariant(key && uid && kept);
  invariant(mailimap_search_key_multiple_add(key, uid) == MAILIMAP_NO_ERROR);
  invariant(mailimap_search_key_multiple_add(key, kept) == MAILIMAP_NO_ERROR);
  return key;
}

/* UIDs at or above from. "n:*" also matches the last letter when it is below n. */
static enum status search_once(struct imap *im, struct pool *pool, uint32_t from, struct uid_list *out,
                               struct fault *err)
{
  struct mailimap_search_key *key = search_key(from);
  clist *found = NULL;
  struct mailimap_selection_info *info = im->session->imap_selection_info;
  uint64_t bytes = SMALL_ANSWER + (info ? (uint64_t)info->sel_exists * 12 : 0);
  if (info)
    info->sel_has_exists = 0;
  imap_link_arm(im->link, bytes < SEARCH_MAX ? bytes : SEARCH_MAX);
  int r = mailimap_uid_search(im->session, NULL, key, &found);
  mailimap_search_key_free(key);
  enum status st = imap_result(im, r, "UID SEARCH", err);
  *out = (struct uid_list){ 0 };
  if (!st && found) {
    out->uids = pool_array(pool, (size_t)clist_count(found) + 1, sizeof *out->uids);
    for (clistiter *i = clist_begin(found); i; i = clist_next(i))
      if (*(uint32_t *)clist_content(i) >= from)
        out->uids[out->count++] = *(uint32_t *)clist_content(i);
    qsort(out->uids, out->count, sizeof *out->uids, by_number);
  }
  if (found)
    mailimap_search_result_free(found);
  return st;
}

/* A letter that arrives while the server searches is announced in the same answer, and in no later one. */
static enum status search_new(struct imap *im, struct pool *pool, uint32_t from, struct uid_list *out,
                              struct fault *err)
{
  enum status st = ST_OK;
  bool again = true;
  for (int i = 0; i < SEARCH_AGAIN && again && !st; i++) {
    st = search_once(im, pool, from, out, err);
    again = !st && im->session->imap_selection_info && im->session->imap_selection_info->sel_has_exists;
  }
  return st;
}

enum status imap_has_new(struct imap *im, const struct imap_folder *f, bool *yes, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("has new");
  struct uid_list list;
  *yes = false;
  enum status st = f->next ? search_new(im, pool, f->next, &list, err) : ST_OK;
  if (!st && f->next)
    *yes = list.count > 0;
  return st;
}

/* What one FETCH line says about one letter. */
struct seen {
  uint32_t uid;
  uint64_t size;
  int64_t date;
  bool deleted;
  struct bytes body; /* lives as long as the list */
};

static int64_t unix_time(const struct mailimap_date_time *d)
{
  if (!d || d->dt_year < 1970 || d->dt_year > 9999 || d->dt_month < 1 || d->dt_month > 12 || d->dt_zone < -2400 ||
      d->dt_zone > 2400)
    return 0;
  struct tm tm = { .tm_year = d->dt_year - 1900,
                   .tm_mon = d->dt_month - 1,
                   .tm_mday = d->dt_day,
                   .tm_hour = d->dt_hour,
                   .tm_min = d->dt_min,
                   .tm_sec = d->dt_sec };
  return (int64_t)timegm(&tm) - (d->dt_zone / 100 * 3600 + d->dt_zone % 100 * 60);
}

static void read_static(const struct mailimap_msg_att_static *s, struct seen *out)
{
  switch (s->att_type) {
  case MAILIMAP_MSG_ATT_UID:
    out->uid = s->att_data.att_uid;
    break;
  case MAILIMAP_MSG_ATT_RFC822_SIZE:
    out->size = s->att_data.att_rfc822_size;
    break;
  case MAILIMAP_MSG_ATT_INTERNALDATE:
    out->date = unix_time(s->att_data.att_internal_date);
    break;
  case MAILIMAP_MSG_ATT_BODY_SECTION:
    if (s->att_data.att_body_section)
      out->body =
          (struct bytes){ s->att_data.att_body_section->sec_body_part, s->att_data.att_body_section->sec_length };
    break;
  default:
    break;
  }
}

static bool has_deleted(const struct mailimap_msg_att_dynamic *d)
{
  for (clistiter *i = d && d->att_list ? clist_begin(d->att_list) : NULL; i; i = clist_next(i)) {
    const struct mailimap_flag_fetch *f = clist_content(i);
    if (f->fl_type == MAILIMAP_FLAG_FETCH_OTHER && f->fl_flag && f->fl_flag->fl_type == MAILIMAP_FLAG_DELETED)
      return true;
  }
  return false;
}

static struct seen read_att(const struct mailimap_msg_att *att)
{
  struct seen out = { .size = SIZE_NONE };
  for (clistiter *i = clist_begin(att->att_list); i; i = clist_next(i)) {
    const struct mailimap_msg_att_item *item = clist_content(i);
    if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC && item->att_data.att_static)
      read_static(item->att_data.att_static, &out);
    else if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC)
      out.deleted = has_deleted(item->att_data.att_dyn);
  }
  return out;
}

enum what { WHAT_SIZE, WHAT_BODY, WHAT_FLAGS };

static struct mailimap_fetch_type *fetch_type(enum what what)
{
  struct mailimap_fetch_type *type = mailimap_fetch_type_new_fetch_att_list_empty();
  struct mailimap_fetch_att *atts[3] = { mailimap_fetch_att_new_uid() };
  if (what == WHAT_SIZE) {
    atts[1] = mailimap_fetch_att_new_rfc822_size();
    atts[2] = mailimap_fetch_att_new_internaldate();
  } else if (what == WHAT_BODY)
    atts[1] = mailimap_fetch_att_new_body_peek_section(mailimap_section_new(NULL));
  else
    atts[1] = mailimap_fetch_att_new_flags();
  invariant(type);
  for (size_t i = 0; i < ARRAY_LEN(atts) && atts[i]; i++)
    invariant(mailimap_fetch_type_new_fetch_att_list_add(type, atts[i]) == MAILIMAP_NO_ERROR);
  return type;
}

static void fetched_freep(clist **list)
{
  if (*list)
    mailimap_fetch_list_free(*list);
}

/* bytes: what the bodies may have in all. */
static enum status uid_fetch(struct imap *im, const struct uid_list *uids, enum what what, uint64_t bytes, clist **out,
                             struct fault *err)
{
  AUTO(set_freep) struct mailimap_set *set = set_of(uids->uids, uids->count);
  struct mailimap_fetch_type *type = fetch_type(what);
  imap_link_arm(im->link,
                SMALL_ANSWER + uids->count * LINE_BYTES + bytes * 2); /* RFC822.SIZE is an estimate for some */
  int r = mailimap_uid_fetch(im->session, set, type, out);
  mailimap_fetch_type_free(type);
  return imap_result(im, r, "UID FETCH", err);
}

/* ---- scan ---- */

static void offer_chunk(struct imap_folder *f, clist *list, const struct inbox_sink *sink)
{
  for (clistiter *i = list ? clist_begin(list) : NULL; i; i = clist_next(i)) {
    struct seen seen = read_att(clist_content(i));
    if (seen.uid < f->next || f->next == 0 || seen.size == SIZE_NONE)
      continue; /* unasked-for news about another letter */
    char uid[12];
    snprintf(uid, sizeof uid, "%" PRIu32, seen.uid);
    struct inbox_letter letter = { .id = { f->name, f->uidvalidity, uid }, .size = seen.size, .date = seen.date };
    sink->offer(sink->self, &letter);
  }
}

static enum status scan_folder(struct imap *im, struct imap_folder *f, const struct inbox_sink *sink, struct fault *err)
{
  AUTO(pool_freep) struct pool *pool = pool_new("scan");
  struct uid_list all = { 0 };
  enum status st = imap_select(im, f, err);
  if (!st && f->next)
    st = search_new(im, pool, f->next, &all, err);
  for (size_t at = 0; at < all.count && !st; at += CHUNK) {
    AUTO(fetched_freep) clist *list = NULL;
    struct uid_list chunk = { all.uids + at, all.count - at < CHUNK ? all.count - at : CHUNK };
    st = uid_fetch(im, &chunk, WHAT_SIZE, 0, &list, err);
    if (st)
      break;
    offer_chunk(f, list, sink);
    f->next = chunk.uids[chunk.count - 1] + 1; /* 0 after the last UID there can be: nothing more will come */
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
    want->sizes[i] = SIZE_NONE;
    if (parse_uid(want->uids[i], &uids[n]))
      n++;
  }
  qsort(uids, n, sizeof *uids, by_number);
  for (size_t at = 0; at < n; at += CHUNK) {
    AUTO(fetched_freep) clist *list = NULL;
    struct uid_list chunk = { uids + at, n - at < CHUNK ? n - at : CHUNK };
    enum status st = uid_fetch(im, &chunk, WHAT_SIZE, 0, &list, err);
    if (st)
      return st;
    for (clistiter *i = list ? clist_begin(list) : NULL; i; i = clist_next(i)) {
      struct seen seen = read_att(clist_content(i));
      uint32_t uid;
      for (size_t w = 0; w < want->count && seen.uid; w++)
        if (parse_uid(want->uids[w], &uid) && uid == seen.uid) {
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
    struct seen seen = read_att(clist_content(i));
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
  AUTO(fetched_freep) clist *list = NULL;
  uint32_t *uids = pool_array(pool, n, sizeof *uids), *sorted = pool_array(pool, n, sizeof *sorted);
  for (size_t i = 0; i < n; i++)
    invariant(parse_uid(want->uids[want->next + i], &uids[i])); /* it has a size */
  memcpy(sorted, uids, n * sizeof *uids);
  qsort(sorted, n, sizeof *sorted, by_number);
  enum status st = uid_fetch(im, &(struct uid_list){ sorted, n }, WHAT_BODY, bytes, &list, err);
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
    if (other || letter.size == SIZE_NONE)
      sink->gone(sink->self, &letter.id);
    else
      sink->letter(sink->self, &letter, (struct bytes){ 0 });
    want->next++;
  }
  return st;
}

/* ---- settle ---- */

static enum status store_flag(struct imap *im, const struct uid_list *uid, struct mailimap_flag *flag,
                              struct fault *err)
{
  AUTO(set_freep) struct mailimap_set *set = set_of(uid->uids, uid->count);
  struct mailimap_flag_list *flags = mailimap_flag_list_new_empty();
  invariant(flags && flag && mailimap_flag_list_add(flags, flag) == MAILIMAP_NO_ERROR);
  struct mailimap_store_att_flags *store = mailimap_store_att_flags_new_add_flags_silent(flags);
  invariant(store);
  imap_link_arm(im->link, SMALL_ANSWER);
  int r = mailimap_uid_store(im->session, set, store);
  mailimap_store_att_flags_free(store);
  return imap_result(im, r, "UID STORE", err);
}

static enum status look_at(struct imap *im, const struct uid_list *uid, bool *there, bool *deleted, struct fault *err)
{
  AUTO(fetched_freep) clist *list = NULL;
  *there = *deleted = false;
  enum status st = uid_fetch(im, uid, WHAT_FLAGS, 0, &list, err);
  for (clistiter *i = !st && list ? clist_begin(list) : NULL; i; i = clist_next(i)) {
    struct seen seen = read_att(clist_content(i));
    if (seen.uid != uid->uids[0])
      continue;
    *there = true;
    *deleted = *deleted || seen.deleted;
  }
  return st;
}

/* Before MOVE (RFC 6851) there were three steps. Each may have been the last one of a former attempt: a letter that is
 * flagged \Deleted has been copied. Without UIDPLUS it stays, flagged: EXPUNGE would take other people's letters too.
 */
static enum status copy_and_delete(struct imap *im, const struct uid_list *uid, const char *target, struct fault *err)
{
  AUTO(set_freep) struct mailimap_set *set = set_of(uid->uids, uid->count);
  bool there, deleted;
  enum status st = look_at(im, uid, &there, &deleted, err);
  if (st || !there)
    return st;
  if (!deleted) {
    imap_link_arm(im->link, SMALL_ANSWER);
    st = imap_result(im, mailimap_uid_copy(im->session, set, target), "UID COPY", err);
    if (!st)
      st = store_flag(im, uid, mailimap_flag_new_deleted(), err);
  }
  if (!st && im->has_uidplus) {
    imap_link_arm(im->link, SMALL_ANSWER);
    st = imap_result(im, mailimap_uid_expunge(im->session, set), "UID EXPUNGE", err);
  }
  return st;
}

static enum status move_letter(struct imap *im, const struct uid_list *uid, const char *target, struct fault *err)
{
  if (!im->has_move)
    return copy_and_delete(im, uid, target, err);
  AUTO(set_freep) struct mailimap_set *set = set_of(uid->uids, uid->count);
  imap_link_arm(im->link, SMALL_ANSWER);
  return imap_result(im, mailimap_uid_move(im->session, set, target), "UID MOVE", err);
}

static enum status make_folder(struct imap *im, const char *target, struct fault *err)
{
  imap_link_arm(im->link, SMALL_ANSWER);
  enum status st = imap_result(im, mailimap_create(im->session, target), "CREATE", err);
  if (st)
    return st;
  imap_link_arm(im->link, SMALL_ANSWER);
  st = imap_result(im, mailimap_subscribe(im->session, target), "SUBSCRIBE", err);
  return st == ST_REJECT ? ST_OK : st; /* only a courtesy to mail programs */
}

enum status imap_settle(struct inbox *box, const struct inbox_id *id, const char *target, struct fault *err)
{
  struct imap *im = of(box);
  AUTO(pool_freep) struct pool *pool = pool_new("settle");
  struct imap_folder *f = imap_folder_named(im, id->folder);
  uint32_t number;
  if (!f || !parse_uid(id->uid, &number) || !utf8_valid(bytes_str(target)))
    return fault(err, ST_REJECT, "settle: no such letter is watched here, or not a name for a folder");
  enum status st = im->selected == f ? ST_OK : imap_select(im, f, err);
  if (st || f->uidvalidity != id->uidvalidity)
    return st; /* the mailbox it was in is no more: the letter will be offered under its new name */
  const struct uid_list uid = { &number, 1 };
  if (!*target || strcmp(target, f->name) == 0)
    return store_flag(im, &uid, mailimap_flag_new_seen(), err);
  const char *wire = imap_name_encode(pool, target);
  struct fault first = { 0 };
  st = move_letter(im, &uid, wire, &first);
  if (st == ST_REJECT) {
    struct fault why = { 0 };
    bool there, deleted;
    st = look_at(im, &uid, &there, &deleted, &why);
    if (!st && there)
      st = make_folder(im, wire, &why);
    if (!st && there)
      st = move_letter(im, &uid, wire, &why);
    if (st)
      return fault(err, st, "folder %s: %s", target, st == ST_REJECT && why.text[0] ? why.text : first.text);
  }
  return st ? fault(err, st, "%s", first.text) : ST_OK;
}
