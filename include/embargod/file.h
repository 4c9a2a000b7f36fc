/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/file: whole files, durable replacement, descriptors. */
#ifndef EMBARGOD_FILE_H
#define EMBARGOD_FILE_H
#include <embargod/base.h>
#include <sys/types.h>

void fd_closep(int *fd); /* for AUTO(); -1 is fine */
/* Whole file, at most max bytes (REJECT above). No such file: REJECT; EIO etc.: RETRY. NUL behind the end. */
MUST_USE enum status file_read(struct pool *pool, const char *path, size_t max, struct bytes *out, struct fault *err);
MUST_USE enum status fd_read_all(struct pool *pool, int fd, size_t max, struct bytes *out, struct fault *err);
/* Writes path.tmp.PID, fsync, rename, fsync of the folder. mode e.g. 0600. Disk full: RETRY, path untouched. */
MUST_USE enum status file_replace(const char *path, struct bytes data, mode_t mode, struct fault *err);
/* The same, but DENIED when path exists. */
MUST_USE enum status file_create(const char *path, struct bytes data, mode_t mode, struct fault *err);
MUST_USE enum status fd_write_all(int fd, struct bytes data, struct fault *err);
MUST_USE enum status dir_make(const char *path, mode_t mode, struct fault *err); /* one level; exists = OK */
MUST_USE enum status dir_sync(const char *path, struct fault *err);
bool file_exists(const char *path);
/* REJECT unless a regular file of ours (or root's) without group or other access: for secrets. */
MUST_USE enum status file_check_private(const char *path, struct fault *err);
/* "rel" against the folder dir unless it starts with '/'. */
char *path_join(struct pool *pool, const char *dir, const char *rel);
/* Splits a command at white space (quotes "..." respected) and runs it without a shell; its standard output up to max
 * bytes, trailing newlines cut. Deadline in ms. For password and token commands. */
MUST_USE enum status command_output(struct pool *pool, const char *command, int timeout_ms, size_t max,
                                    struct bytes *out, struct fault *err);
#endif
