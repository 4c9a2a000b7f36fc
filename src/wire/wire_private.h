/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: for its own files only. A packet is: head, table (one entry a field), values (each inline value with a NUL
 * behind it, in the order of the table). Numbers are the machine's own: both ends are one build on one machine. */
#ifndef EMBARGOD_WIRE_PRIVATE_H
#define EMBARGOD_WIRE_PRIVATE_H
#include <embargod/wire.h>

#define WIRE_MAGIC UINT32_C(0x31624d45) /* "EMb1" */
#define WIRE_BODY_IN_FD 1u              /* table and values did not fit: they are the first descriptor's bytes */

struct wire_head {
  uint32_t magic;
  uint16_t type, flags;
  uint32_t job, count, values_len, fds;
};
enum wire_kind { WIRE_INLINE = 0, WIRE_LARGE = 1 };
struct wire_entry {
  uint16_t tag, kind;
  uint32_t len;
};
_Static_assert(sizeof(struct wire_head) == 24 && sizeof(struct wire_entry) == 8, "no padding on the wire");

struct wire_msg {
  struct pool *pool;
  uint16_t type;
  uint32_t job;
  size_t count, entry_cap, place_cap;
  struct wire_entry *entry; /* as on the wire */
  const char **place;       /* of each value; NULL for a large one that is in large_fd already */
  struct buf values;        /* inline ones, as on the wire */
  size_t large;             /* how many, <= WIRE_FDS_MAX - 1: one stays for the body */
  int *large_fd;            /* [WIRE_FDS_MAX]; -1: made when it is sent. NULL: none of them is made */
  bool too_big;             /* a limit was passed while it was filled: wire_send() refuses */
};

/* A copy in pool whose large fields are memfds already: to be kept and sent later, perhaps more than once. A field
 * whose memfd cannot be made now is copied. The descriptors are closed by wire_release(). */
struct wire_msg *wire_freeze(struct pool *pool, const struct wire_msg *m);
void wire_release(struct wire_msg *m);
/* A sealed memfd with these pieces; -1 with errno. */
int wire_memfd(const struct bytes *piece, size_t count);
/* Copies exactly len bytes of a sealed memfd. REJECT for any other kind of descriptor. */
MUST_USE enum status wire_read_memfd(struct pool *pool, int fd, size_t len, const char **out, struct fault *err);
#endif
