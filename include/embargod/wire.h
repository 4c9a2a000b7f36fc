/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: bounded messages between the core and its helpers, over a SOCK_SEQPACKET socketpair: one packet is one
 * message. A message is a type, a job id and tagged fields. A field larger than WIRE_INLINE_MAX travels as a memfd
 * (SCM_RIGHTS) and is copied out with pread, never mapped: no sender can shrink it under us. Both ends treat what
 * comes as hostile: each count, length and tag is bounded; a bad message is REJECT and ends the channel. */
#ifndef EMBARGOD_WIRE_H
#define EMBARGOD_WIRE_H
#include <embargod/base.h>

#define WIRE_INLINE_MAX 16384         /* one field inside the packet */
#define WIRE_PACKET_MAX 131072        /* the packet's own bytes; small fields above it travel together in one memfd */
#define WIRE_FIELDS_MAX 65536
#define WIRE_FDS_MAX 16               /* memfds a message; further large fields join the small ones */
#define WIRE_FIELD_MAX (256u << 20)   /* hard cap of one field, and of a message that is received */

struct wire_msg; /* lives in a pool */
/* A message to be filled. Values up to WIRE_INLINE_MAX are copied; larger ones are borrowed and must stay as they are
 * until wire_send() or helper_submit(). Too many or too large fields: wire_send() answers REJECT. */
struct wire_msg *wire_new(struct pool *pool, uint16_t type, uint32_t job);
void wire_put(struct wire_msg *m, uint16_t tag, struct bytes value);
void wire_puts(struct wire_msg *m, uint16_t tag, const char *s); /* NULL: nothing is put */
void wire_puti(struct wire_msg *m, uint16_t tag, int64_t v);

uint16_t wire_type(const struct wire_msg *m);
uint32_t wire_job(const struct wire_msg *m);
void wire_set_job(struct wire_msg *m, uint32_t job);
/* First field with that tag. Absent: false. */
bool wire_get(const struct wire_msg *m, uint16_t tag, struct bytes *out);
/* NUL-terminated; NULL when absent or when it holds a NUL. */
const char *wire_gets(const struct wire_msg *m, uint16_t tag);
/* fallback when absent or not a number. */
int64_t wire_geti(const struct wire_msg *m, uint16_t tag, int64_t fallback);
/* All fields in order: for lists (a record is opened by its first tag). */
size_t wire_count(const struct wire_msg *m);
uint16_t wire_field(const struct wire_msg *m, size_t i, struct bytes *out); /* its tag */
int64_t wire_number(struct bytes field, int64_t fallback);

/* Sends one packet; no SIGPIPE. Non-blocking descriptor with a full buffer: RETRY (errno is EAGAIN) with nothing sent.
 * No memfd to be had: RETRY. Peer gone (errno EPIPE or ECONNRESET) or message over a limit (errno EMSGSIZE): REJECT.
 * A memfd counts against RLIMIT_FSIZE: a child that answers with large fields needs room there. */
MUST_USE enum status wire_send(int fd, const struct wire_msg *m, struct fault *err);
/* Receives one packet into pool; each value has a NUL behind its end. RETRY: nothing there (non-blocking). REJECT: peer gone or bad packet; *eof says
 * which. All that came is consumed and every descriptor closed in each case. */
MUST_USE enum status wire_recv(int fd, struct pool *pool, struct wire_msg **out, bool *eof, struct fault *err);
#endif
