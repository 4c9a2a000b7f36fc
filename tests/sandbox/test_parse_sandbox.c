/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The filters of embargod-parse, call by call: what is not needed to read a letter ends the process. */
#include <config.h>

#include "src/parse/parse_private.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAS_REFUSED 42 /* sanitizer builds: EPERM instead of the end */
#define WAS_ALLOWED 0
#define NOT_ENTERED 99

static struct pool *pool;
static struct sandbox *sandbox;
static struct sandbox_limits limits;

static void set_up(void)
{
  struct fault err = { 0 };
  pool = pool_new("test");
  limits = (struct sandbox_limits){ 30, (size_t)256 << 20 };
  ck_assert_msg(sandbox_prepare(pool, &sandbox, &err) == ST_OK, "%s", err.text);
}

static void tear_down(void)
{
  pool_free(&pool);
}

/* Runs act in a process behind the filter; its wait status. */
static int confined(bool zygote, int (*act)(void *), void *arg)
{
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid == 0) {
    struct fault err = { 0 };
    enum status st = zygote ? sandbox_enter_zygote(sandbox, &err) : sandbox_enter_child(sandbox, &limits, &err);
    _exit(st ? NOT_ENTERED : act(arg));
  }
  int how = 0;
  ck_assert_int_eq(waitpid(pid, &how, 0), pid);
  ck_assert(!WIFEXITED(how) || WEXITSTATUS(how) != NOT_ENTERED);
  return how;
}

static void ck_forbidden(const char *name, int how)
{
#ifdef EMBARGOD_SANITIZERS
  ck_assert_msg(WIFEXITED(how) && WEXITSTATUS(how) == WAS_REFUSED, "%s: status %x", name, how);
#else
  ck_assert_msg(WIFSIGNALED(how) && WTERMSIG(how) == SIGSYS, "%s: status %x", name, how);
#endif
}

static void ck_allowed(const char *name, int how)
{
  ck_assert_msg(WIFEXITED(how) && WEXITSTATUS(how) == WAS_ALLOWED, "%s: status %x", name, how);
}

struct call {
  const char *name;
  long number, a, b, c, d, e;
  bool zygote_too; /* forbidden to the zygote as well */
};
static int make_call(void *arg)
{
  const struct call *c = arg;
  errno = 0;
  long r = syscall(c->number, c->a, c->b, c->c, c->d, c->e, 0);
  return r == -1 && errno == EPERM ? WAS_REFUSED : WAS_ALLOWED;
}

#define PATH ((long)"/etc/passwd")
static const struct call forbidden[] = {
  { "openat", SYS_openat, AT_FDCWD, PATH, O_RDONLY, 0, 0, true },
  { "openat2", SYS_openat2, AT_FDCWD, PATH, 0, 0, 0, true },
  { "socket inet", SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, true },
  { "socket unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0, true },
  { "socketpair", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 0, 0, true },
  { "connect", SYS_connect, 3, 0, 0, 0, 0, true },
  { "bind", SYS_bind, 3, 0, 0, 0, 0, true },
  { "sendto", SYS_sendto, 3, 0, 0, 0, 0, true },
  { "execve", SYS_execve, PATH, 0, 0, 0, 0, true },
  { "execveat", SYS_execveat, AT_FDCWD, PATH, 0, 0, 0, true },
  { "clone", SYS_clone, SIGCHLD, 0, 0, 0, 0, false },
  { "clone thread", SYS_clone, 0x00010f00, 0, 0, 0, 0, true },
  { "clone namespace", SYS_clone, 0x10000000 | SIGCHLD, 0, 0, 0, 0, true },
  { "clone3", SYS_clone3, 0, 0, 0, 0, 0, true },
  { "unshare", SYS_unshare, 0x10000000, 0, 0, 0, 0, true },
  { "setns", SYS_setns, 0, 0, 0, 0, 0, true },
  { "kill", SYS_kill, 1, 0, 0, 0, 0, false },
  { "ptrace", SYS_ptrace, 0, 0, 0, 0, 0, true },
  { "process_vm_readv", SYS_process_vm_readv, 1, 0, 0, 0, 0, true },
  { "pidfd_getfd", SYS_pidfd_getfd, 0, 0, 0, 0, 0, true },
  { "unlinkat", SYS_unlinkat, AT_FDCWD, (long)"none", 0, 0, 0, true },
  { "mkdirat", SYS_mkdirat, AT_FDCWD, (long)"none", 0, 0, 0, true },
  { "renameat2", SYS_renameat2, AT_FDCWD, (long)"none", AT_FDCWD, (long)"none2", 0, true },
  { "readlinkat", SYS_readlinkat, AT_FDCWD, PATH, 0, 0, 0, true },
  { "statx", SYS_statx, AT_FDCWD, PATH, 0, 0, 0, true },
  { "getdents64", SYS_getdents64, 0, 0, 0, 0, 0, true },
  { "chdir", SYS_chdir, PATH, 0, 0, 0, 0, true },
  { "dup", SYS_dup, 0, 0, 0, 0, 0, true },
  { "pipe2", SYS_pipe2, 0, 0, 0, 0, 0, true },
  { "ioctl", SYS_ioctl, 0, 0, 0, 0, 0, true },
  { "fcntl set flags", SYS_fcntl, 0, F_SETFL, 0, 0, 0, true },
  { "fcntl dup", SYS_fcntl, 0, F_DUPFD, 0, 0, 0, true },
  { "setuid", SYS_setuid, 0, 0, 0, 0, 0, true },
  { "prctl", SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0, false },
  { "prlimit64", SYS_prlimit64, 0, RLIMIT_AS, 0, 0, 0, false },
  { "seccomp", SYS_seccomp, 0, 0, 0, 0, 0, false },
  { "shmget", SYS_shmget, 0, 4096, 0, 0, 0, true },
  { "keyctl", SYS_keyctl, 0, 0, 0, 0, 0, true },
  { "bpf", SYS_bpf, 0, 0, 0, 0, 0, true },
  { "perf_event_open", SYS_perf_event_open, 0, 0, 0, 0, 0, true },
  { "userfaultfd", SYS_userfaultfd, 0, 0, 0, 0, 0, true },
  { "io_uring_setup", SYS_io_uring_setup, 1, 0, 0, 0, 0, true },
  { "mount", SYS_mount, 0, 0, 0, 0, 0, true },
  { "inotify_init1", SYS_inotify_init1, 0, 0, 0, 0, 0, true },
  { "truncate", SYS_truncate, PATH, 0, 0, 0, 0, true },
#ifndef EMBARGOD_SANITIZERS
  { "tgkill", SYS_tgkill, 1, 1, 0, 0, 0, true },
  { "mmap code", SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, true },
  { "mmap a file", SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 0, true },
  { "mprotect code", SYS_mprotect, 0, 0, PROT_EXEC, 0, 0, true },
#endif
};

START_TEST(child_may_not)
{
  struct call c = forbidden[_i];
  ck_forbidden(c.name, confined(false, make_call, &c));
}
END_TEST

START_TEST(zygote_may_not)
{
  struct call c = forbidden[_i];
  if (c.zygote_too)
    ck_forbidden(c.name, confined(true, make_call, &c));
}
END_TEST

#if defined(__x86_64__) && !defined(EMBARGOD_SANITIZERS)
static int make_i386_call(void *arg)
{
  (void)arg;
  long r;
  __asm__ volatile("int $0x80" : "=a"(r) : "0"(20L) : "memory"); /* getpid of the 32-bit table */
  return WAS_ALLOWED;
}

START_TEST(no_way_round_by_other_tables)
{
  struct call x32 = { "x32", 0x40000000 | SYS_getpid, 0, 0, 0, 0, 0, true };
  int how = confined(false, make_call, &x32);
  ck_assert_msg(WIFSIGNALED(how), "x32: status %x", how);
  how = confined(false, make_i386_call, NULL);
  ck_assert_msg(WIFSIGNALED(how), "i386: status %x", how);
}
END_TEST
#endif

/* ---- what must work ---- */

static int use_memory(void *arg)
{
  (void)arg;
  for (size_t size = 1000; size < (64u << 20); size *= 3) {
    char *p = malloc(size);
    if (!p)
      return 1;
    memset(p, 1, size);
    p = realloc(p, size * 2);
    if (!p)
      return 2;
    memset(p, 2, size * 2);
    free(p);
  }
  AUTO(pool_freep) struct pool *wiping = pool_new_wiping("test");
  memset(pool_alloc(wiping, 10u << 20), 3, 10u << 20);
  return WAS_ALLOWED;
}

static int use_channel(void *arg)
{
  const int *ends = arg;
  char big[WIRE_INLINE_MAX * 3];
  memset(big, 'x', sizeof big);
  AUTO(pool_freep) struct pool *p = pool_new("answer");
  struct wire_msg *m = wire_new(p, 101, 1);
  wire_puts(m, 1, "small");
  wire_put(m, 3, (struct bytes){ big, sizeof big });
  struct fault err = { 0 };
  return wire_send(ends[1], m, &err) == ST_OK ? WAS_ALLOWED : 1;
}

START_TEST(child_may_answer)
{
  ck_allowed("memory", confined(false, use_memory, NULL));
  int ends[2];
  ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
  ck_allowed("channel", confined(false, use_channel, ends));
  struct wire_msg *m;
  struct fault err = { 0 };
  bool eof;
  struct bytes big;
  ck_assert_msg(wire_recv(ends[0], pool, &m, &eof, &err) == ST_OK, "%s", err.text);
  ck_assert(wire_get(m, 3, &big));
  ck_assert_uint_eq(big.len, WIRE_INLINE_MAX * 3);
  close(ends[0]);
  close(ends[1]);
}
END_TEST

struct conversion {
  const struct charsets *charsets;
  unsigned n;
};
static int convert(void *arg)
{
  const struct conversion *c = arg;
  uint32_t repairs = 0;
  AUTO(pool_freep) struct pool *p = pool_new("charset");
  struct buf all = buf_new(p, 4096);
  for (unsigned i = 1; i < 1024; i++)
    buf_addc(&all, (char)(i * 37));
  struct bytes out = charset_to_utf8(c->charsets, p, charsets_name(c->n), buf_bytes(&all), &repairs);
  return out.len && !(repairs & REPAIR_CHARSET_UNKNOWN) ? WAS_ALLOWED : 1;
}

START_TEST(every_charset_works_inside)
{
  struct charsets *charsets = charsets_open(pool);
  for (unsigned n = 0; charsets_name(n); n++) {
    struct conversion c = { charsets, n };
    ck_allowed(charsets_name(n), confined(false, convert, &c));
  }
  charsets_close(charsets);
}
END_TEST

static int parse_letter(void *arg)
{
  const char *letter = "Subject: =?koi8-r?q?=F0?=\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"
                       "Content-Type: text/html; charset=shift_jis\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                       "PHA+k/qWezwvcD4=\r\n--b--\r\n";
  struct part_table table;
  struct fault err = { 0 };
  AUTO(pool_freep) struct pool *p = pool_new("letter");
  return parse_mime(arg, p, bytes_str(letter), &table, &err) == ST_OK && table.count == 2 && !table.part[0].repairs
             ? WAS_ALLOWED
             : 1;
}

START_TEST(letter_can_be_read_inside)
{
  struct parser parser = { charsets_open(pool), { PARTS_DEPTH_MAX, PARTS_MAX } };
  ck_allowed("letter", confined(false, parse_letter, &parser)); /* cold: nothing was warmed up before */
  charsets_close(parser.charsets);
}
END_TEST

/* ---- limits ---- */

static int burn(void *arg)
{
  volatile unsigned long n = 1;
  while (n || arg)
    n |= 1;
  return 1;
}

static int sleep_long(void *arg)
{
  (void)arg;
  syscall(SYS_poll, NULL, 0, 60000);
  return 1;
}

#ifndef EMBARGOD_SANITIZERS
static int eat(void *arg)
{
  (void)arg;
  AUTO(pool_freep) struct pool *p = pool_new("eater");
  for (unsigned mib = 0; mib < 256; mib++)
    memset(pool_alloc(p, 1 << 20), 1, 1 << 20);
  return WAS_ALLOWED;
}

START_TEST(memory_is_bounded)
{
  limits = (struct sandbox_limits){ 30, (size_t)96 << 20 };
  int how = confined(false, eat, NULL);
  ck_assert_msg(WIFEXITED(how) && WEXITSTATUS(how) == 71, "status %x", how);
}
END_TEST
#endif

START_TEST(time_is_bounded)
{
  limits.cpu_s = 1;
  int how = confined(false, burn, NULL);
  ck_assert_msg(WIFSIGNALED(how) && (WTERMSIG(how) == SIGKILL || WTERMSIG(how) == SIGXCPU), "status %x", how);
  how = confined(false, sleep_long, NULL);
  ck_assert_msg(WIFSIGNALED(how) && WTERMSIG(how) == SIGALRM, "status %x", how);
}
END_TEST

int main(void)
{
#ifdef EMBARGOD_NO_SANDBOX
  fprintf(stderr, "SKIPPED: built with --disable-sandbox, there is no sandbox to test\n");
  return 77;
#endif
  Suite *s = suite_create("parse sandbox");
  TCase *t = tcase_create("sandbox");
  tcase_set_timeout(t, 60);
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, child_may_not, 0, ARRAY_LEN(forbidden));
  tcase_add_loop_test(t, zygote_may_not, 0, ARRAY_LEN(forbidden));
#if defined(__x86_64__) && !defined(EMBARGOD_SANITIZERS)
  tcase_add_test(t, no_way_round_by_other_tables);
#endif
  tcase_add_test(t, child_may_answer);
  tcase_add_test(t, every_charset_works_inside);
  tcase_add_test(t, letter_can_be_read_inside);
#ifndef EMBARGOD_SANITIZERS
  tcase_add_test(t, memory_is_bounded);
#endif
  tcase_add_test(t, time_is_bounded);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
