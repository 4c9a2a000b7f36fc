/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap_ask: questions about letters by UID. Asked for are UID, RFC822.SIZE, INTERNALDATE, FLAGS and BODY.PEEK[]:
 * never ENVELOPE or BODYSTRUCTURE, so a sender's bytes reach libetpan's IMAP parser only as a literal.
 * Letters flagged \Deleted are not found: somebody threw them away, perhaps we ourselves. */
#include <config.h>

#include "imap_private.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_BYTES 256         /* per letter in an answer without bodies */
#define SEARCH_MAX (64u << 20) /* bytes: some 5 million letters */
#define SEARCH_AGAIN 3

bool imap_parse_uid(const char *s, uint32_t *out)
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

void imap_set_freep(struct mailimap_set **set)
{
  if (*set)
    mailimap_set_free(*set);
}

/* Ascending UIDs as runs: "4:9,12". */
struct mailimap_set *imap_set_of(const uint32_t *uids, size_t count)
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

int imap_by_number(const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

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
static enum status search_once(struct imap *im, struct pool *pool, uint32_t from, struct imap_uids *out,
                               struct fault *err)
{
  struct mailimap_search_key *key = search_key(from);
  clist *found = NULL;
  struct mailimap_selection_info *info = im->session->imap_selection_info;
  uint64_t bytes = IMAP_SMALL_ANSWER + (info ? (uint64_t)info->sel_exists * 12 : 0);
  if (info)
    info->sel_has_exists = 0;
  imap_link_arm(im->link, bytes < SEARCH_MAX ? bytes : SEARCH_MAX);
  int r = mailimap_uid_search(im->session, NULL, key, &found);
  mailimap_search_key_free(key);
  enum status st = imap_result(im, r, "UID SEARCH", err);
  *out = (struct imap_uids){ 0 };
  if (!st && found) {
    out->uids = pool_array(pool, (size_t)clist_count(found) + 1, sizeof *out->uids);
    for (clistiter *i = clist_begin(found); i; i = clist_next(i))
      if (*(uint32_t *)clist_content(i) >= from)
        out->uids[out->count++] = *(uint32_t *)clist_content(i);
    qsort(out->uids, out->count, sizeof *out->uids, imap_by_number);
  }
  if (found)
    mailimap_search_result_free(found);
  return st;
}

/* A letter that arrives while the server searches is announced in the same answer, and in no later one. */
enum status imap_search_new(struct imap *im, struct pool *pool, uint32_t from, struct imap_uids *out, struct fault *err)
{
  enum status st = ST_OK;
  bool again = true;
  for (int i = 0; i < SEARCH_AGAIN && again && !st; i++) {
    st = search_once(im, pool, from, out, err);
    again = !st && im->session->imap_selection_info && im->session->imap_selection_info->sel_has_exists;
  }
  return st;
}

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

static void read_static(const struct mailimap_msg_att_static *s, struct imap_seen *out)
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

struct imap_seen imap_read_att(const struct mailimap_msg_att *att)
{
  struct imap_seen out = { .size = IMAP_SIZE_NONE };
  for (clistiter *i = clist_begin(att->att_list); i; i = clist_next(i)) {
    const struct mailimap_msg_att_item *item = clist_content(i);
    if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC && item->att_data.att_static)
      read_static(item->att_data.att_static, &out);
    else if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC)
      out.deleted = has_deleted(item->att_data.att_dyn);
  }
  return out;
}

static struct mailimap_fetch_type *fetch_type(enum imap_what what)
{
  struct mailimap_fetch_type *type = mailimap_fetch_type_new_fetch_att_list_empty();
  struct mailimap_fetch_att *atts[3] = { mailimap_fetch_att_new_uid() };
  if (what == IMAP_WHAT_SIZE) {
    atts[1] = mailimap_fetch_att_new_rfc822_size();
    atts[2] = mailimap_fetch_att_new_internaldate();
  } else if (what == IMAP_WHAT_BODY)
    atts[1] = mailimap_fetch_att_new_body_peek_section(mailimap_section_new(NULL));
  else
    atts[1] = mailimap_fetch_att_new_flags();
  invariant(type);
  for (size_t i = 0; i < ARRAY_LEN(atts) && atts[i]; i++)
    invariant(mailimap_fetch_type_new_fetch_att_list_add(type, atts[i]) == MAILIMAP_NO_ERROR);
  return type;
}

void imap_fetched_freep(clist **list)
{
  if (*list)
    mailimap_fetch_list_free(*list);
}

/* bytes: what the bodies may have in all. */
enum status imap_uid_fetch(struct imap *im, const struct imap_uids *uids, enum imap_what what, uint64_t bytes,
                           clist **out, struct fault *err)
{
  AUTO(imap_set_freep) struct mailimap_set *set = imap_set_of(uids->uids, uids->count);
  struct mailimap_fetch_type *type = fetch_type(what);
  imap_link_arm(im->link,
                IMAP_SMALL_ANSWER + uids->count * LINE_BYTES + bytes * 2); /* RFC822.SIZE is an estimate for some */
  int r = mailimap_uid_fetch(im->session, set, type, out);
  mailimap_fetch_type_free(type);
  return imap_result(im, r, "UID FETCH", err);
}
