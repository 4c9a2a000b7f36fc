/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: packets in and out. Whoever is at the other end is taken for hostile. */
#include <config.h>

#include <embargod/wire.h>
#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire_private.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
/* More than we take, so that surplus descriptors are seen and closed rather than cut off by the kernel. */
#define FDS_ROOM 32

/* The descriptors of one packet on their way in or out. */
struct fd_set_of {
  int fd[FDS_ROOM];
  size_t count;
};

static void fd_set_close(struct fd_set_of *set)
{
  for (size_t i = 0; i < set->count; i++)
    close(set->fd[i]);
  set->count = 0;
}

int wire_memfd(const struct bytes *piece, size_t count)
{
  AUTO(fd_closep) int fd = memfd_create("embargod", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return -1;
  for (size_t i = 0; i < count; i++)
    if (fd_write_all(fd, piece[i], NULL) != ST_OK)
      return -1;
  if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
    return -1;
  int made = fd;
  fd = -1;
  return made;
}

/* The seals say both that it is a memfd (a read of it cannot block) and that its owner cannot change it any more. */
enum status wire_read_memfd(struct pool *pool, int fd, size_t len, const char **out, struct fault *err)
{
  struct stat st;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
    return fault(err, ST_REJECT, "a descriptor that is no sealed memfd");
  if (st.st_size < 0 || (uint64_t)st.st_size != len)
    return fault(err, ST_REJECT, "a memfd of %lld bytes where %zu were announced", (long long)st.st_size, len);
  char *data = pool_alloc(pool, len + 1);
  for (size_t done = 0; done < len;) {
    ssize_t n = pread(fd, data + done, len - done, (off_t)done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return fault(err, ST_REJECT, "a memfd that ends early");
    done += (size_t)n;
  }
  *out = data;
  return ST_OK;
}

/* ---- out ---- */

static enum status send_packet(int fd, struct iovec *iov, size_t iovs, const int *fds, size_t count, struct fault *err)
{
  union {
    char room[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
    struct cmsghdr align;
  } control = { 0 };
  struct msghdr msg = { .msg_iov = iov, .msg_iovlen = iovs };
  if (count) {
    msg.msg_control = control.room;
    msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
  }
  ssize_t n;
  do
    n = sendmsg(fd, &msg, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0)
    return ST_OK;
  int error = errno;
  static const int passing[] = { EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS };
  for (size_t i = 0; i < ARRAY_LEN(passing); i++)
    if (error == passing[i]) {
      fault(err, ST_RETRY, "channel: %s", strerror(error));
      errno = error;
      return ST_RETRY;
    }
  fault(err, ST_REJECT, "channel: %s", strerror(error));
  errno = error;
  return ST_REJECT;
}

/* The descriptors to send, in the order of the table; those made here go to made. */
static bool gather_fds(const struct wire_msg *m, struct fd_set_of *all, struct fd_set_of *made)
{
  size_t nth = 0;
  for (size_t i = 0; i < m->count; i++) {
    if (m->entry[i].kind != WIRE_LARGE)
      continue;
    int fd = m->large_fd ? m->large_fd[nth] : -1;
    nth++;
    if (fd < 0) {
      struct bytes value = { m->place[i], m->entry[i].len };
      fd = wire_memfd(&value, 1);
      if (fd < 0)
        return false;
      made->fd[made->count++] = fd;
    }
    all->fd[all->count++] = fd;
  }
  return true;
}

enum status wire_send(int fd, const struct wire_msg *m, struct fault *err)
{
  if (m->too_big || m->values.len > WIRE_FIELD_MAX) {
    errno = EMSGSIZE;
    return fault(err, ST_REJECT, "message over the limits of the channel");
  }
  struct wire_head head = { WIRE_MAGIC, m->type, 0, m->job, (uint32_t)m->count, (uint32_t)m->values.len, 0 };
  struct bytes body[] = { { (const char *)m->entry, m->count * sizeof *m->entry }, buf_bytes(&m->values) };
  AUTO(fd_set_close) struct fd_set_of made = { .count = 0 };
  struct fd_set_of all = { .count = 0 };
  bool spill = sizeof head + body[0].len + body[1].len > WIRE_PACKET_MAX;
  if (spill) {
    int made_fd = wire_memfd(body, ARRAY_LEN(body));
    if (made_fd < 0)
      return fault(err, ST_RETRY, "channel: memfd: %s", strerror(errno));
    made.fd[made.count++] = all.fd[all.count++] = made_fd;
    head.flags = WIRE_BODY_IN_FD;
  }
  if (!gather_fds(m, &all, &made))
    return fault(err, ST_RETRY, "channel: memfd: %s", strerror(errno));
  head.fds = (uint32_t)all.count;
  struct iovec iov[] = { { &head, sizeof head },
                         { (void *)(uintptr_t)body[0].p, body[0].len },
                         { (void *)(uintptr_t)body[1].p, body[1].len } };
  return send_packet(fd, iov, spill ? 1 : ARRAY_LEN(iov), all.fd, all.count, err);
}

/* ---- in ---- */

static void take_fds(struct msghdr *msg, struct fd_set_of *got)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
      continue;
    size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      if (got->count < FDS_ROOM)
        got->fd[got->count++] = fd;
      else
        close(fd);
    }
  }
}

/* One packet as it came, into pool. Too long ones are consumed and refused. */
static enum status recv_packet(int fd, struct pool *pool, struct bytes *packet, struct fd_set_of *got,
                               struct fault *err)
{
  ssize_t n;
  do
    n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
  while (n < 0 && errno == EINTR);
  size_t size = n > 0 && n <= WIRE_PACKET_MAX ? (size_t)n : 0;
  char *data = pool_alloc(pool, size + 1);
  union {
    char room[CMSG_SPACE(sizeof(int) * FDS_ROOM)];
    struct cmsghdr align;
  } control;
  struct iovec iov = { data, size };
  struct msghdr msg = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room
  };
  if (n >= 0) {
    do
      n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
  }
  if (n < 0 && errno == EAGAIN)
    return fault(err, ST_RETRY, "channel: nothing there");
  if (n < 0)
    return fault(err, ST_REJECT, "channel: %s", strerror(errno));
  take_fds(&msg, got);
  errno = 0;
  if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
    return fault(err, ST_REJECT, "channel: packet too long, or too many descriptors");
  *packet = (struct bytes){ data, (size_t)n };
  return ST_OK;
}

/* Where table and values are: behind the head, or in the first descriptor. */
static enum status find_body(struct pool *pool, const struct wire_head *head, struct bytes packet,
                             const struct fd_set_of *got, struct bytes *body, struct fault *err)
{
  size_t size = head->count * sizeof(struct wire_entry) + head->values_len;
  if (!(head->flags & WIRE_BODY_IN_FD)) {
    *body = bytes_sub(packet, sizeof *head, SIZE_MAX);
    return body->len == size ? ST_OK : fault(err, ST_REJECT, "packet of a wrong length");
  }
  if (packet.len != sizeof *head || got->count == 0)
    return fault(err, ST_REJECT, "packet of a wrong length");
  body->len = size;
  return wire_read_memfd(pool, got->fd[0], size, &body->p, err);
}

/* Gives each field its place. used and fd_next run along what the packet brought: both must be used up at the end. */
static enum status place_fields(struct wire_msg *m, struct bytes values, const struct fd_set_of *got, size_t fd_next,
                                struct fault *err)
{
  size_t used = 0, total = values.len;
  for (size_t i = 0; i < m->count; i++) {
    const struct wire_entry *e = &m->entry[i];
    if (e->kind == WIRE_INLINE) {
      if (e->len >= values.len - used || values.p[used + e->len] != '\0')
        return fault(err, ST_REJECT, "field %zu does not lie inside the packet", i);
      m->place[i] = values.p + used;
      used += (size_t)e->len + 1;
      continue;
    }
    total += e->len;
    if (e->kind != WIRE_LARGE || fd_next >= got->count || total > WIRE_FIELD_MAX)
      return fault(err, ST_REJECT, "field %zu: unknown kind, no descriptor, or too large", i);
    enum status s = wire_read_memfd(m->pool, got->fd[fd_next++], e->len, &m->place[i], err);
    if (s != ST_OK)
      return fault(err, s, "field %zu", i);
  }
  if (used != values.len || fd_next != got->count)
    return fault(err, ST_REJECT, "more in the packet than its fields");
  return ST_OK;
}

static enum status open_packet(struct pool *pool, struct bytes packet, const struct fd_set_of *got,
                               struct wire_msg **out, struct fault *err)
{
  struct wire_head head;
  if (packet.len < sizeof head)
    return fault(err, ST_REJECT, "packet without a head");
  memcpy(&head, packet.p, sizeof head);
  if (head.magic != WIRE_MAGIC || (head.flags & ~WIRE_BODY_IN_FD))
    return fault(err, ST_REJECT, "packet of another form");
  if (head.count > WIRE_FIELDS_MAX || head.values_len > WIRE_FIELD_MAX || head.fds != got->count ||
      got->count > WIRE_FDS_MAX)
    return fault(err, ST_REJECT, "packet over the limits, or its descriptors are not as announced");
  struct bytes body;
  enum status s = find_body(pool, &head, packet, got, &body, err);
  if (s != ST_OK)
    return s;
  struct wire_msg *m = wire_new(pool, head.type, head.job);
  m->values.pool = NULL; /* complete: every value has its NUL */
  m->count = head.count;
  m->entry = pool_array(pool, head.count, sizeof *m->entry);
  m->place = pool_array(pool, head.count, sizeof *m->place);
  size_t table_len = head.count * sizeof *m->entry;
  if (table_len)
    memcpy(m->entry, body.p, table_len);
  s = place_fields(m, bytes_sub(body, table_len, SIZE_MAX), got, head.flags & WIRE_BODY_IN_FD ? 1 : 0, err);
  if (s == ST_OK)
    *out = m;
  return s;
}

enum status wire_recv(int fd, struct pool *pool, struct wire_msg **out, bool *eof, struct fault *err)
{
  AUTO(fd_set_close) struct fd_set_of got = { .count = 0 };
  struct bytes packet = { 0 };
  *eof = false;
  enum status s = recv_packet(fd, pool, &packet, &got, err);
  if (s != ST_OK) {
    *eof = s == ST_REJECT && (errno == ECONNRESET || errno == EPIPE);
    return s;
  }
  if (packet.len == 0) { /* nobody sends an empty packet on purpose */
    *eof = true;
    return fault(err, ST_REJECT, "channel: the other end is gone");
  }
  s = open_packet(pool, packet, &got, out, err);
  return s == ST_OK ? s : fault(err, s, "channel");
}
