/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base: what every room stands on: status and error trail, pools, byte strings, buffers. */
#ifndef EMBARGOD_BASE_H
#define EMBARGOD_BASE_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
/* AUTO(pool_freep) struct pool *p = ...;  runs pool_freep(&p) at the end of the scope. */
#define AUTO(cleanup_fn) __attribute__((cleanup(cleanup_fn), unused))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* Hands a pointer over: the variable is NULL afterwards, so its cleanup does nothing. */
#define steal(p) ({ __typeof__(p) stolen_ = (p); (p) = NULL; stolen_; })

/* ---- status: names what the caller must do, not where it hurts ---- */
enum status {
  ST_OK = 0, /* go on */
  ST_RETRY,  /* the machine's fault: the same letter, later */
  ST_REJECT, /* the input's fault: quarantine it, tell its sender */
  ST_DENIED, /* well said, not allowed to this person or in this state */
  ST_BROKEN, /* our bug or a corrupt store: take no more work, end the process */
};
const char *status_name(enum status st);

/* The cause as text; each layer adds its own noun in front: "outbox: seal: no usable key for alice". */
struct fault {
  enum status status;
  char text[1024]; /* NUL-terminated UTF-8, cut at a character; control characters escaped */
};
/* Sets st and, when text is there already, prepends "MESSAGE: " to it. err may be NULL. Returns st. */
enum status fault(struct fault *err, enum status st, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Adds a noun and keeps the status that is in err, which is not NULL and holds a failure: return fault_add(err, "store");
 * Where err may be NULL: return fault(err, st, "store"); */
enum status fault_add(struct fault *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void fault_clear(struct fault *err);

/* Own bugs only. Never reached by anything that a sender writes. Prints file and line, then abort(). */
#define invariant(cond) ((cond) ? (void)0 : invariant_failed(#cond, __FILE__, __LINE__))
NORETURN void invariant_failed(const char *what, const char *file, int line);

/* ---- bytes: a borrowed string with a length; may hold NULs ---- */
struct bytes {
  const char *p; /* may be NULL when len is 0 */
  size_t len;
};
#define BYTES(lit) ((struct bytes){ (lit), sizeof(lit) - 1 })
struct bytes bytes_str(const char *s); /* NULL gives the empty string */
bool bytes_eq(struct bytes a, struct bytes b);
bool bytes_starts(struct bytes s, struct bytes prefix);
/* First place of needle at or after from, or SIZE_MAX. */
size_t bytes_find(struct bytes hay, struct bytes needle, size_t from);
struct bytes bytes_sub(struct bytes s, size_t off, size_t len); /* clamped to s */
struct bytes bytes_trim(struct bytes s);                        /* ASCII white space, both ends */
/* Cuts the next line (without its LF or CRLF) off *rest. False at the end. */
bool bytes_next_line(struct bytes *rest, struct bytes *line);

/* A place inside some buffer that the context names. */
struct byte_span {
  uint32_t off, len;
};
/* False when the span does not lie inside whole: the check that each number of a helper's answer passes. */
bool span_inside(struct byte_span span, size_t whole);
struct bytes span_of(struct bytes whole, struct byte_span span); /* span_inside() must hold */

/* ---- pool: all that is born while handling one thing dies with it ---- */
struct pool;
/* Never NULL: out of memory ends the process (crash safety makes restart the one recovery path). */
struct pool *pool_new(const char *name);
/* For plaintext and secrets: left out of core dumps (MADV_DONTDUMP), zeroed on release. A new one costs page faults
 * (tens of microseconds): keep one and pool_reset() it where it matters. */
struct pool *pool_new_wiping(const char *name);
void pool_free(struct pool **pool); /* *pool is NULL afterwards; NULL is fine */
void pool_freep(struct pool **pool);
void pool_reset(struct pool *pool);    /* frees (and wipes) all that is in it, keeps the pool */
size_t pool_bytes(const struct pool *pool);
void *pool_alloc(struct pool *pool, size_t size); /* zeroed, aligned to 16 */
void *pool_array(struct pool *pool, size_t count, size_t size); /* overflow-checked */
#define pool_new_of(pool, type) ((type *)pool_alloc((pool), sizeof(type)))
char *pool_strdup(struct pool *pool, const char *s);         /* NULL gives NULL */
char *pool_strndup(struct pool *pool, const char *s, size_t len); /* stops at a NUL */
char *pool_str(struct pool *pool, struct bytes b);            /* NUL-terminated copy of all bytes */
struct bytes pool_bytes_dup(struct pool *pool, struct bytes b); /* copy, one NUL behind the end */
char *pool_printf(struct pool *pool, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *pool_vprintf(struct pool *pool, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* Grows an array of which count elements are in use and makes room for one more; the old block stays in the pool.
 * items may be NULL with *cap 0. Usage: v = pool_grow(pool, v, count, &cap, sizeof *v); */
void *pool_grow(struct pool *pool, void *items, size_t count, size_t *cap, size_t size);

/* ---- buf: a growing byte buffer in a pool; always NUL-terminated behind len ---- */
struct buf {
  struct pool *pool;
  char *data;
  size_t len, cap;
};
struct buf buf_new(struct pool *pool, size_t hint);
void buf_add(struct buf *b, struct bytes s);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
struct bytes buf_bytes(const struct buf *b);
char *buf_str(const struct buf *b);

#endif
