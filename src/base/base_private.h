/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base: for its own files only. */
#ifndef EMBARGOD_BASE_PRIVATE_H
#define EMBARGOD_BASE_PRIVATE_H
#include <embargod/base.h>

#define BASE_EXIT_OUT_OF_MEMORY 71 /* EX_OSERR: the supervisor starts us again */

NORETURN void base_out_of_memory(size_t wanted);

/* Makes room for size bytes where ptr has old: true when it could be done in place (ptr was the last allocation and
 * its block has room). The new bytes are zero. */
bool pool_extend(struct pool *pool, void *ptr, size_t old, size_t size);

/* The next character of s as it may stand in a log line or a fault: printable UTF-8 as it is, controls, bad bytes,
 * bidi marks and line separators as \n, \t, \xNN or \u{NNNN}. out has no NUL; returns its length (<= 12). */
size_t text_escape_next(struct bytes s, size_t *off, char out[16]);

/* Characters that change how the text around them is shown: bidi overrides and isolates, line separators. */
bool text_deceives(uint32_t cp);
#endif
