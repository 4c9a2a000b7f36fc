/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/maildir: what its two files share and the unit test looks at. */
#ifndef FETCH_MAILDIR_PRIVATE_H
#define FETCH_MAILDIR_PRIVATE_H
#include "inbox.h"
#include <sys/stat.h>

#define MAILDIR_NAME_MAX 200 /* of a base name; longer ones are no mail program's */

/* A base name that may become part of a path: not hidden, no slash, no control character. */
bool maildir_name_ok(const char *name);
/* root itself for INBOX, else root/.Name, with '/' in the name becoming '.' (maildir++). NULL: not a folder's name. */
char *maildir_folder_path(struct pool *pool, const char *root, const char *folder);
/* The length of the base name in a file name, and whether its flags hold that letter. */
size_t maildir_base_len(const char *file, char flag, bool *flagged);
/* Bare LF becomes CRLF; CRLF and bare CR stay. The same bytes when there is nothing to do. */
struct bytes maildir_to_crlf(struct pool *pool, struct bytes s);
/* *fd is -1 with OK when there is no regular file of that base name. REJECT: unreadable. */
MUST_USE enum status maildir_open_letter(const char *folder, const char *uid, int *fd, struct stat *st,
                                         struct fault *err);
struct maildir_move {
  const char *folder, *uid;
  const char *target; /* path of the folder to move into; NULL: only flag as seen */
  bool make;          /* make the target when it is missing */
};
/* Into cur/, flagged seen. OK when the letter is not there (any more). */
MUST_USE enum status maildir_move(const struct maildir_move *move, struct fault *err);
#endif
