/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: round trips, and what a hostile end could send. */
#include <config.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <embargod/wire.h>

#include "src/wire/wire_private.h"

static int ends[2];
static struct pool *pool;
static int fds_before;

static int open_fds(void)
{
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  ck_assert_ptr_nonnull(d);
  while (readdir(d))
    n++;
  closedir(d);
  return n;
}

static void set_up(void)
{
  ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  pool = pool_new("test");
  fds_before = open_fds();
}

static void tear_down(void)
{
  ck_assert_int_eq(open_fds(), fds_before); /* nothing that came stays open */
  close(ends[0]);
  close(ends[1]);
  pool_free(&pool);
}

static struct wire_msg *pass(const struct wire_msg *m)
{
  struct fault err = { 0 };
  struct wire_msg *got = NULL;
  bool eof = true;
  ck_assert_msg(wire_send(ends[0], m, &err) == ST_OK, "%s", err.text);
  ck_assert_msg(wire_recv(ends[1], pool, &got, &eof, &err) == ST_OK, "%s", err.text);
  ck_assert(!eof);
  return got;
}

static struct bytes filled(size_t len, char first)
{
  char *p = pool_alloc(pool, len + 1);
  for (size_t i = 0; i < len; i++)
    p[i] = (char)(first + i % 251);
  return (struct bytes){ p, len };
}

START_TEST(small_fields_come_as_they_were_put)
{
  struct wire_msg *m = wire_new(pool, 7, 99);
  char transient[] = "from the stack";
  wire_puts(m, 1, transient);
  memset(transient, 'x', sizeof transient - 1); /* small values are copied */
  wire_puti(m, 2, INT64_MIN);
  wire_put(m, 3, (struct bytes){ "a\0b", 3 });
  wire_puts(m, 4, NULL);
  wire_puts(m, 1, "second with this tag");
  wire_put(m, 5, (struct bytes){ NULL, 0 });
  struct wire_msg *got = pass(m);
  ck_assert_uint_eq(wire_type(got), 7);
  ck_assert_uint_eq(wire_job(got), 99);
  ck_assert_uint_eq(wire_count(got), 5);
  ck_assert_str_eq(wire_gets(got, 1), "from the stack");
  ck_assert_int_eq(wire_geti(got, 2, 0), INT64_MIN);
  struct bytes b;
  ck_assert(wire_get(got, 3, &b) && b.len == 3 && memcmp(b.p, "a\0b", 4) == 0);
  ck_assert_ptr_null(wire_gets(got, 3)); /* holds a NUL */
  ck_assert(!wire_get(got, 4, &b));
  ck_assert_int_eq(wire_geti(got, 1, -5), -5); /* no number */
  ck_assert_uint_eq(wire_field(got, 3, &b), 1);
  ck_assert(bytes_eq(b, BYTES("second with this tag")));
  ck_assert(wire_get(got, 5, &b) && b.len == 0);
  ck_assert_str_eq(wire_gets(got, 5), "");
}
END_TEST

START_TEST(large_fields_travel_as_memfds)
{
  const size_t sizes[] = { WIRE_INLINE_MAX, WIRE_INLINE_MAX + 1, 1u << 20, 40u << 20 };
  struct wire_msg *m = wire_new(pool, 1, 1);
  for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
    wire_put(m, (uint16_t)(10 + i), filled(sizes[i], (char)i));
  wire_puts(m, 20, "behind");
  struct wire_msg *got = pass(m);
  for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
    struct bytes b, want = filled(sizes[i], (char)i);
    ck_assert(wire_get(got, (uint16_t)(10 + i), &b));
    ck_assert(bytes_eq(b, want));
    ck_assert_int_eq(b.p[b.len], '\0');
  }
  ck_assert_str_eq(wire_gets(got, 20), "behind");
}
END_TEST

/* More large fields than descriptors, more small ones than a packet holds: all arrive, in order. */
START_TEST(many_fields_spill_over)
{
  struct wire_msg *m = wire_new(pool, 1, 1);
  for (int i = 0; i < 40; i++)
    wire_put(m, (uint16_t)i, filled(20000, (char)i));
  for (int i = 40; i < WIRE_FIELDS_MAX; i++)
    wire_puti(m, (uint16_t)i, i);
  struct wire_msg *got = pass(m);
  ck_assert_uint_eq(wire_count(got), WIRE_FIELDS_MAX);
  for (int i = 0; i < WIRE_FIELDS_MAX; i++) {
    struct bytes b;
    ck_assert_uint_eq(wire_field(got, (size_t)i, &b), i);
    if (i < 40)
      ck_assert(bytes_eq(b, filled(20000, (char)i)));
    else
      ck_assert_int_eq(wire_number(b, -1), i);
  }
}
END_TEST

START_TEST(limits_are_refused_by_the_sender)
{
  struct fault err = { 0 };
  struct wire_msg *m = wire_new(pool, 1, 1);
  for (int i = 0; i <= WIRE_FIELDS_MAX; i++)
    wire_puti(m, 1, i);
  ck_assert_int_eq(wire_send(ends[0], m, &err), ST_REJECT);
  m = wire_new(pool, 1, 1);
  wire_put(m, 1, (struct bytes){ "", (size_t)WIRE_FIELD_MAX + 1 });
  fault_clear(&err);
  ck_assert_int_eq(wire_send(ends[0], m, &err), ST_REJECT);
}
END_TEST

START_TEST(full_and_empty_channels_say_retry)
{
  struct fault err = { 0 };
  struct wire_msg *got = NULL;
  bool eof = true;
  ck_assert_int_eq(wire_recv(ends[1], pool, &got, &eof, &err), ST_RETRY);
  ck_assert(!eof);
  struct wire_msg *m = wire_new(pool, 1, 1);
  wire_put(m, 1, filled(WIRE_INLINE_MAX, 'a'));
  unsigned sent = 0;
  while (wire_send(ends[0], m, NULL) == ST_OK)
    ck_assert_uint_lt(++sent, 10000);
  ck_assert_int_eq(errno, EAGAIN);
  for (unsigned i = 0; i < sent; i++)
    ck_assert_int_eq(wire_recv(ends[1], pool, &got, &eof, NULL), ST_OK);
  ck_assert_int_eq(wire_recv(ends[1], pool, &got, &eof, NULL), ST_RETRY);
}
END_TEST

START_TEST(a_peer_that_is_gone_is_told_apart)
{
  struct fault err = { 0 };
  struct wire_msg *got = NULL, *m = wire_new(pool, 1, 1);
  bool eof = false;
  ck_assert_int_eq(wire_send(ends[0], m, &err), ST_OK);
  close(ends[0]);
  ck_assert_int_eq(wire_recv(ends[1], pool, &got, &eof, &err), ST_OK); /* what was sent before still comes */
  ck_assert_int_eq(wire_recv(ends[1], pool, &got, &eof, &err), ST_REJECT);
  ck_assert(eof);
  ck_assert_int_eq(wire_send(ends[1], m, NULL), ST_REJECT);
  ends[0] = dup(ends[1]); /* for the count of tear_down */
}
END_TEST

/* ---- hostile packets ---- */

enum odd_fd { FD_NONE, FD_GOOD, FD_UNSEALED, FD_SHORT, FD_LONG, FD_PIPE, FD_FILE, FD_SOCKET };

static int make_fd(enum odd_fd kind, size_t len)
{
  if (kind == FD_PIPE) {
    int p[2];
    ck_assert_int_eq(pipe(p), 0);
    close(p[1]);
    return p[0];
  }
  if (kind == FD_SOCKET)
    return socket(AF_UNIX, SOCK_DGRAM, 0);
  if (kind == FD_FILE)
    return open("/proc/self/exe", O_RDONLY);
  int fd = memfd_create("odd", MFD_ALLOW_SEALING);
  size_t size = kind == FD_SHORT ? len - 1 : kind == FD_LONG ? len + 1 : len;
  ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
  if (kind != FD_UNSEALED)
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  return fd;
}

static void send_raw(const void *data, size_t len, const int *fds, size_t count)
{
  static const char none;
  struct iovec iov = { len ? (void *)(uintptr_t)data : (void *)(uintptr_t)&none, len };
  char control[CMSG_SPACE(sizeof(int) * 200)];
  memset(control, 0, sizeof control);
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
  if (count) {
    msg.msg_control = control;
    msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    *c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                           .cmsg_type = SCM_RIGHTS,
                           .cmsg_len = CMSG_LEN(sizeof(int) * count) };
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
  }
  ck_assert_int_eq(sendmsg(ends[0], &msg, 0), (ssize_t)len);
}

static const struct hostile {
  const char *name;
  struct wire_head head;
  size_t entries; /* really in the packet */
  struct wire_entry entry[3];
  const char *values;
  size_t values_len;
  size_t cut; /* bytes cut off the end */
  enum odd_fd fd;
  size_t fds;
  enum status want;
} hostile[] = {
  { "good, empty", { WIRE_MAGIC, 1, 0, 1, 0, 0, 0 }, .want = ST_OK },
  { "good, one field", { WIRE_MAGIC, 1, 0, 1, 1, 3, 0 }, 1, { { 1, 0, 2 } }, "ab", 3, .want = ST_OK },
  { "good, one memfd", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, "", 0, 0, FD_GOOD, 1, ST_OK },
  { "half a head", { WIRE_MAGIC, 1, 0, 1, 0, 0, 0 }, .cut = 12, .want = ST_REJECT },
  { "other magic", { 0x12345678, 1, 0, 1, 0, 0, 0 }, .want = ST_REJECT },
  { "unknown flag", { WIRE_MAGIC, 1, 0x80, 1, 0, 0, 0 }, .want = ST_REJECT },
  { "count without entries", { WIRE_MAGIC, 1, 0, 1, 3, 0, 0 }, .want = ST_REJECT },
  { "count over the limit", { WIRE_MAGIC, 1, 0, 1, UINT32_MAX, 0, 0 }, .want = ST_REJECT },
  { "count that overflows", { WIRE_MAGIC, 1, 0, 1, 0x20000000, 0, 0 }, .want = ST_REJECT },
  { "values over the limit", { WIRE_MAGIC, 1, 0, 1, 0, UINT32_MAX, 0 }, .want = ST_REJECT },
  { "entries without count", { WIRE_MAGIC, 1, 0, 1, 0, 0, 0 }, 1, { { 1, 0, 0 } }, .want = ST_REJECT },
  { "field longer than the values", { WIRE_MAGIC, 1, 0, 1, 1, 3, 0 }, 1, { { 1, 0, 3 } }, "ab", 3, .want = ST_REJECT },
  { "field of 4 GiB", { WIRE_MAGIC, 1, 0, 1, 1, 3, 0 }, 1, { { 1, 0, UINT32_MAX } }, "ab", 3, .want = ST_REJECT },
  { "second field overlaps the end",
    { WIRE_MAGIC, 1, 0, 1, 2, 4, 0 },
    2,
    { { 1, 0, 2 }, { 2, 0, 1 } },
    "ab\0c",
    4,
    .want = ST_REJECT },
  { "no NUL behind", { WIRE_MAGIC, 1, 0, 1, 1, 3, 0 }, 1, { { 1, 0, 2 } }, "abc", 3, .want = ST_REJECT },
  { "values nobody owns", { WIRE_MAGIC, 1, 0, 1, 1, 5, 0 }, 1, { { 1, 0, 2 } }, "ab\0cd", 5, .want = ST_REJECT },
  { "unknown kind", { WIRE_MAGIC, 1, 0, 1, 1, 3, 0 }, 1, { { 1, 2, 2 } }, "ab", 3, .want = ST_REJECT },
  { "missing descriptor", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, .want = ST_REJECT },
  { "missing, not announced", { WIRE_MAGIC, 1, 0, 1, 1, 0, 0 }, 1, { { 1, 1, 70000 } }, .want = ST_REJECT },
  { "surplus descriptor", { WIRE_MAGIC, 1, 0, 1, 0, 0, 0 }, .fd = FD_GOOD, .fds = 1, .want = ST_REJECT },
  { "surplus, announced", { WIRE_MAGIC, 1, 0, 1, 0, 0, 1 }, .fd = FD_GOOD, .fds = 1, .want = ST_REJECT },
  { "seventeen descriptors", { WIRE_MAGIC, 1, 0, 1, 0, 0, 17 }, .fd = FD_GOOD, .fds = 17, .want = ST_REJECT },
  { "two hundred descriptors", { WIRE_MAGIC, 1, 0, 1, 0, 0, 200 }, .fd = FD_GOOD, .fds = 200, .want = ST_REJECT },
  { "memfd not sealed", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, "", 0, 0, FD_UNSEALED, 1, ST_REJECT },
  { "memfd too short", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, "", 0, 0, FD_SHORT, 1, ST_REJECT },
  { "memfd too long", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, "", 0, 0, FD_LONG, 1, ST_REJECT },
  { "a pipe", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, "", 0, 0, FD_PIPE, 1, ST_REJECT },
  { "a file", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, "", 0, 0, FD_FILE, 1, ST_REJECT },
  { "a socket", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, 70000 } }, "", 0, 0, FD_SOCKET, 1, ST_REJECT },
  { "memfd of 4 GiB", { WIRE_MAGIC, 1, 0, 1, 1, 0, 1 }, 1, { { 1, 1, UINT32_MAX } }, "", 0, 0, FD_GOOD, 1, ST_REJECT },
  { "body announced, no descriptor", { WIRE_MAGIC, 1, 1, 1, 1, 3, 0 }, .want = ST_REJECT },
  { "body in a pipe", { WIRE_MAGIC, 1, 1, 1, 1, 3, 1 }, .fd = FD_PIPE, .fds = 1, .want = ST_REJECT },
  { "body of another size", { WIRE_MAGIC, 1, 1, 1, 1, 3, 1 }, .fd = FD_GOOD, .fds = 1, .want = ST_REJECT },
  { "body in both places", { WIRE_MAGIC, 1, 1, 1, 1, 3, 1 }, 1, { { 1, 0, 2 } }, "ab", 3, 0, FD_GOOD, 1, ST_REJECT },
};

START_TEST(hostile_packets)
{
  const struct hostile *h = &hostile[_i];
  char packet[256];
  size_t len = sizeof h->head;
  memcpy(packet, &h->head, len);
  memcpy(packet + len, h->entry, h->entries * sizeof *h->entry);
  len += h->entries * sizeof *h->entry;
  if (h->values_len)
    memcpy(packet + len, h->values, h->values_len);
  len += h->values_len - h->cut;
  int fds[200] = { 0 };
  for (size_t i = 0; i < h->fds; i++)
    fds[i] = make_fd(h->fd, 70000);
  send_raw(packet, len, fds, h->fds);
  for (size_t i = 0; i < h->fds; i++)
    close(fds[i]);
  struct fault err = { 0 };
  struct wire_msg *got = NULL;
  bool eof = false;
  ck_assert_msg(wire_recv(ends[1], pool, &got, &eof, &err) == h->want, "%s: %s", h->name, err.text);
  ck_assert_msg(!eof, "%s", h->name);
  ck_assert_msg((got != NULL) == (h->want == ST_OK), "%s", h->name);
  ck_assert_msg(h->want == ST_OK || err.text[0], "%s", h->name);
}
END_TEST

START_TEST(a_packet_too_long_is_consumed)
{
  struct fault err = { 0 };
  struct wire_msg *got = NULL;
  bool eof = false;
  char *big = pool_alloc(pool, WIRE_PACKET_MAX + 1);
  send_raw(big, WIRE_PACKET_MAX + 1, NULL, 0);
  ck_assert_int_eq(wire_recv(ends[1], pool, &got, &eof, &err), ST_REJECT);
  ck_assert(!eof);
  ck_assert_int_eq(wire_recv(ends[1], pool, &got, &eof, NULL), ST_RETRY);
}
END_TEST

/* Any single changed byte of a packet is either refused or leads to fields that lie inside it. */
START_TEST(every_byte_may_be_wrong)
{
  struct wire_head head = { WIRE_MAGIC, 1, 0, 1, 2, 7, 0 };
  struct wire_entry entry[] = { { 1, 0, 2 }, { 2, 0, 3 } };
  char good[sizeof head + sizeof entry + 7];
  memcpy(good, &head, sizeof head);
  memcpy(good + sizeof head, entry, sizeof entry);
  memcpy(good + sizeof head + sizeof entry, "ab\0cde", 7);
  for (size_t at = 0; at < sizeof good; at++)
    for (int v = 0; v < 256; v++) {
      char bad[sizeof good];
      memcpy(bad, good, sizeof good);
      bad[at] = (char)v;
      send_raw(bad, sizeof bad, NULL, 0);
      struct wire_msg *got = NULL;
      bool eof;
      if (wire_recv(ends[1], pool, &got, &eof, NULL) != ST_OK)
        continue;
      for (size_t i = 0; i < wire_count(got); i++) {
        struct bytes b;
        wire_field(got, i, &b);
        ck_assert_uint_le(b.len, 6);
        ck_assert_int_eq(b.p[b.len], '\0');
      }
    }
}
END_TEST

START_TEST(a_frozen_message_can_be_sent_again)
{
  struct wire_msg *m = wire_new(pool, 3, 0);
  wire_put(m, 1, filled(100000, 'q'));
  wire_puts(m, 2, "small");
  struct wire_msg *frozen = wire_freeze(pool, m);
  memset((void *)(uintptr_t)m->place[0], 0, 100000);
  for (uint32_t round = 1; round <= 2; round++) {
    wire_set_job(frozen, round);
    struct wire_msg *got = pass(frozen);
    struct bytes b;
    ck_assert_uint_eq(wire_job(got), round);
    ck_assert(wire_get(got, 1, &b) && bytes_eq(b, filled(100000, 'q')));
    ck_assert_str_eq(wire_gets(got, 2), "small");
  }
  wire_release(frozen);
}
END_TEST

/* No descriptor left for a memfd: nothing is sent, later it works. */
START_TEST(without_descriptors_it_is_retried)
{
  struct rlimit was, tight;
  ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
  tight = was;
  struct wire_msg *m = wire_new(pool, 3, 0);
  wire_put(m, 1, filled(100000, 'q'));
  int lowest = dup(0);
  close(lowest);
  tight.rlim_cur = (rlim_t)lowest;
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
  enum status s = wire_send(ends[0], m, NULL);
  struct wire_msg *frozen = wire_freeze(pool, m);
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
  ck_assert_int_eq(s, ST_RETRY);
  struct bytes b;
  ck_assert(wire_get(pass(frozen), 1, &b) && bytes_eq(b, filled(100000, 'q')));
  wire_release(frozen);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("wire");
  TCase *t = tcase_create("wire");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, small_fields_come_as_they_were_put);
  tcase_add_test(t, large_fields_travel_as_memfds);
  tcase_add_test(t, many_fields_spill_over);
  tcase_add_test(t, limits_are_refused_by_the_sender);
  tcase_add_test(t, full_and_empty_channels_say_retry);
  tcase_add_test(t, a_peer_that_is_gone_is_told_apart);
  tcase_add_loop_test(t, hostile_packets, 0, (int)ARRAY_LEN(hostile));
  tcase_add_test(t, a_packet_too_long_is_consumed);
  tcase_add_test(t, every_byte_may_be_wrong);
  tcase_add_test(t, a_frozen_message_can_be_sent_again);
  tcase_add_test(t, without_descriptors_it_is_retried);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
