/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/imap_settle: what is done with a letter after the core has committed it. Each way can be repeated after a crash
 * at any point. */
#include <config.h>

#include "imap_private.h"
#include <embargod/text.h>
#include <string.h>

static struct imap *of(struct inbox *box)
{
  return (struct imap *)box;
}

static enum status store_flag(struct imap *im, const struct imap_uids *uid, struct mailimap_flag *flag,
                              struct fault *err)
{
  AUTO(imap_set_freep) struct mailimap_set *set = imap_set_of(uid->uids, uid->count);
  struct mailimap_flag_list *flags = mailimap_flag_list_new_empty();
  invariant(flags && flag && mailimap_flag_list_add(flags, flag) == MAILIMAP_NO_ERROR);
  struct mailimap_store_att_flags *store = mailimap_store_att_flags_new_add_flags_silent(flags);
  invariant(store);
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  int r = mailimap_uid_store(im->session, set, store);
  mailimap_store_att_flags_free(store);
  return imap_result(im, r, "UID STORE", err);
}

static enum status look_at(struct imap *im, const struct imap_uids *uid, bool *there, bool *deleted, struct fault *err)
{
  AUTO(imap_fetched_freep) clist *list = NULL;
  *there = *deleted = false;
  enum status st = imap_uid_fetch(im, uid, IMAP_WHAT_FLAGS, 0, &list, err);
  for (clistiter *i = !st && list ? clist_begin(list) : NULL; i; i = clist_next(i)) {
    struct imap_seen seen = imap_read_att(clist_content(i));
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
static enum status copy_and_delete(struct imap *im, const struct imap_uids *uid, const char *target, struct fault *err)
{
  AUTO(imap_set_freep) struct mailimap_set *set = imap_set_of(uid->uids, uid->count);
  bool there, deleted;
  enum status st = look_at(im, uid, &there, &deleted, err);
  if (st || !there)
    return st;
  if (!deleted) {
    imap_link_arm(im->link, IMAP_SMALL_ANSWER);
    st = imap_result(im, mailimap_uid_copy(im->session, set, target), "UID COPY", err);
    if (!st)
      st = store_flag(im, uid, mailimap_flag_new_deleted(), err);
  }
  if (!st && im->has_uidplus) {
    imap_link_arm(im->link, IMAP_SMALL_ANSWER);
    st = imap_result(im, mailimap_uid_expunge(im->session, set), "UID EXPUNGE", err);
  }
  return st;
}

static enum status move_letter(struct imap *im, const struct imap_uids *uid, const char *target, struct fault *err)
{
  if (!im->has_move)
    return copy_and_delete(im, uid, target, err);
  AUTO(imap_set_freep) struct mailimap_set *set = imap_set_of(uid->uids, uid->count);
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  return imap_result(im, mailimap_uid_move(im->session, set, target), "UID MOVE", err);
}

static enum status make_folder(struct imap *im, const char *target, struct fault *err)
{
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  enum status st = imap_result(im, mailimap_create(im->session, target), "CREATE", err);
  if (st)
    return st;
  imap_link_arm(im->link, IMAP_SMALL_ANSWER);
  st = imap_result(im, mailimap_subscribe(im->session, target), "SUBSCRIBE", err);
  return st == ST_REJECT ? ST_OK : st; /* only a courtesy to mail programs */
}

enum status imap_settle(struct inbox *box, const struct inbox_id *id, const char *target, struct fault *err)
{
  struct imap *im = of(box);
  AUTO(pool_freep) struct pool *pool = pool_new("settle");
  struct imap_folder *f = imap_folder_named(im, id->folder);
  uint32_t number;
  if (!f || !imap_parse_uid(id->uid, &number) || !utf8_valid(bytes_str(target)))
    return fault(err, ST_REJECT, "settle: no such letter is watched here, or not a name for a folder");
  enum status st = im->selected == f ? ST_OK : imap_select(im, f, err);
  if (st || f->uidvalidity != id->uidvalidity)
    return st; /* the mailbox it was in is no more: the letter will be offered under its new name */
  const struct imap_uids uid = { &number, 1 };
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
      return fault(err, st, "folder %s: %s", target, why.text[0] ? why.text : first.text);
  }
  return st ? fault(err, st, "%s", first.text) : ST_OK;
}
