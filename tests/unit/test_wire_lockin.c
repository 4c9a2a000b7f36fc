/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: what a helper can no longer do once it is locked in, and what it still can. Each row runs in a child. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <embargod/file.h>
#include <embargod/helper.h>

static char dir[4096], in_read[4200], in_write[4200], outside[4200];

/* Result of a call: 0 or errno. */
static int result(long rc)
{
  return rc < 0 ? errno : 0;
}

static int raw(long nr)
{
  return result(syscall(nr, 0, 0, 0, 0, 0, 0));
}

#ifdef EMBARGOD_NO_SANDBOX
#error "the tests of the lock-in need it compiled in"
#endif

#ifndef EMBARGOD_SANITIZERS
static int try_ptrace(void)
{
  return raw(SYS_ptrace);
}
static int try_dumpable(void)
{
  return prctl(PR_GET_DUMPABLE);
}
static int try_fork(void)
{
  pid_t pid = fork();
  if (pid == 0)
    _exit(0);
  return result(pid);
}
static int try_memory(void)
{
  void *p = mmap(NULL, 1u << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? errno : 0;
}
#endif
static int try_vm_write(void)
{
  return raw(SYS_process_vm_writev);
}
static int try_mount(void)
{
  return raw(SYS_mount);
}
static int try_kexec(void)
{
  return raw(SYS_kexec_load);
}
static int try_module(void)
{
  return raw(SYS_finit_module);
}
static int try_bpf(void)
{
  return raw(SYS_bpf);
}
static int try_keyctl(void)
{
  return raw(SYS_keyctl);
}
static int try_perf(void)
{
  return raw(SYS_perf_event_open);
}
static int try_userfaultfd(void)
{
  return raw(SYS_userfaultfd);
}
static int try_io_uring(void)
{
  return raw(SYS_io_uring_setup);
}
static int try_unshare(void)
{
  return result(unshare(CLONE_NEWUSER));
}
static int try_setns(void)
{
  return raw(SYS_setns);
}
static int try_clone_user(void)
{
  long pid = syscall(SYS_clone, (long)(CLONE_NEWUSER | SIGCHLD), 0, 0, 0, 0);
  if (pid == 0)
    _exit(0);
  return result(pid);
}
static int try_clone3(void)
{
  return raw(SYS_clone3);
}
static int try_tiocsti(void)
{
  return result(ioctl(0, TIOCSTI, "x"));
}
static int try_inet(void)
{
  return result(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_inet6(void)
{
  return result(socket(AF_INET6, SOCK_DGRAM, 0));
}
static int try_packet(void)
{
  return result(socket(AF_PACKET, SOCK_RAW, 0));
}
static int try_vsock(void)
{
  return result(socket(AF_VSOCK, SOCK_STREAM, 0));
}
static int try_netlink(void)
{
  return result(socket(AF_NETLINK, SOCK_RAW, 0));
}
static int try_unix(void)
{
  return result(socket(AF_UNIX, SOCK_STREAM, 0));
}
static int try_connect(void) /* to a port where nobody listens */
{
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  const unsigned char address[16] = { AF_INET, 0, 0, 1, 127, 0, 0, 1 };
  struct sockaddr sa;
  memcpy(&sa, address, sizeof sa);
  sa.sa_family = AF_INET;
  return result(connect(fd, &sa, sizeof sa));
}
static int try_exec(void)
{
  return result(execl("/bin/true", "true", (char *)NULL));
}
static int try_spawn(void)
{
  pid_t pid = fork();
  if (pid < 0)
    return errno;
  if (pid == 0) {
    execl("/bin/true", "true", (char *)NULL);
    _exit(errno);
  }
  int how;
  waitpid(pid, &how, 0);
  return WIFEXITED(how) ? WEXITSTATUS(how) : 255;
}
static void *nothing(void *p)
{
  return p;
}
static int try_thread(void)
{
  pthread_t t;
  int rc = pthread_create(&t, NULL, nothing, NULL);
  return rc ? rc : pthread_join(t, NULL);
}
static int open_close(const char *path, int flags)
{
  int fd = open(path, flags, 0600);
  int rc = result(fd);
  if (fd >= 0)
    close(fd);
  return rc;
}
static int try_read_outside(void)
{
  return open_close(outside, O_RDONLY);
}
static int try_read_etc(void)
{
  return open_close("/etc/passwd", O_RDONLY);
}
static int try_read_inside(void)
{
  return open_close(in_read, O_RDONLY);
}
static int try_write_readable(void)
{
  return open_close(in_read, O_WRONLY);
}
static int try_write_inside(void)
{
  return open_close(in_write, O_RDWR | O_CREAT);
}
static int try_rename_inside(void)
{
  char to[4300];
  snprintf(to, sizeof to, "%s.2", in_write);
  int rc = open_close(in_write, O_RDWR | O_CREAT);
  return rc ? rc : result(rename(in_write, to));
}
static int try_write_outside(void)
{
  char path[4300];
  snprintf(path, sizeof path, "%s.new", outside);
  return open_close(path, O_WRONLY | O_CREAT);
}
static int try_core(void)
{
  struct rlimit rl;
  return getrlimit(RLIMIT_CORE, &rl) == 0 && rl.rlim_max == 0 ? 0 : 1;
}
static int try_new_privs(void)
{
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}
static int try_file_limit(void)
{
  signal(SIGXFSZ, SIG_IGN);
  int fd = memfd_create("t", 0);
  static const char block[8192];
  if (write(fd, block, 4096) != 4096)
    return 1;
  return result(write(fd, block, 8192) == 8192 ? 0 : write(fd, block, 1));
}
static int try_cpu(void)
{
  for (volatile unsigned long i = 0; i < 1ul << 40; i++)
    continue;
  return 0;
}

enum { NET = 1, SPAWN = 2, FILES = 4, LANDLOCK = 8, LANDLOCK_NET = 16, LIMITS = 32 };
static const struct row {
  const char *name;
  int (*try)(void);
  unsigned with;
  int want; /* errno; negative: signal */
} rows[] = {
#ifndef EMBARGOD_SANITIZERS
  { "ptrace", try_ptrace, 0, EPERM },
  { "ptrace, all allowed", try_ptrace, NET | SPAWN, EPERM },
  { "not dumpable", try_dumpable, NET | SPAWN, 0 },
  { "fork", try_fork, NET, EPERM },
  { "memory limit", try_memory, LIMITS, ENOMEM },
#endif
  { "process_vm_writev", try_vm_write, NET | SPAWN, EPERM },
  { "mount", try_mount, NET | SPAWN, EPERM },
  { "kexec", try_kexec, NET | SPAWN, EPERM },
  { "finit_module", try_module, NET | SPAWN, EPERM },
  { "bpf", try_bpf, NET | SPAWN, EPERM },
  { "keyctl", try_keyctl, NET | SPAWN, EPERM },
  { "perf_event_open", try_perf, NET | SPAWN, EPERM },
  { "userfaultfd", try_userfaultfd, NET | SPAWN, EPERM },
  { "io_uring", try_io_uring, NET | SPAWN, EPERM },
  { "unshare", try_unshare, NET | SPAWN, EPERM },
  { "setns", try_setns, NET | SPAWN, EPERM },
  { "clone of a user namespace", try_clone_user, NET | SPAWN, EPERM },
  { "clone3", try_clone3, NET | SPAWN, ENOSYS },
  { "TIOCSTI", try_tiocsti, NET | SPAWN, EPERM },
  { "inet without network", try_inet, SPAWN, EPERM },
  { "inet6 without network", try_inet6, SPAWN, EPERM },
  { "netlink without network", try_netlink, SPAWN, EPERM },
  { "unix without network", try_unix, 0, 0 },
  { "packet without network", try_packet, 0, EPERM },
  { "packet with network", try_packet, NET, EPERM },
  { "vsock with network", try_vsock, NET, EPERM },
  { "inet with network", try_inet, NET, 0 },
  { "inet6 with network", try_inet6, NET, 0 },
  { "netlink with network", try_netlink, NET, 0 },
  { "connect with network", try_connect, NET, ECONNREFUSED },
  { "exec without spawn", try_exec, NET, EPERM },
  { "exec without spawn, readable", try_exec, NET | FILES, EPERM },
  { "spawn", try_spawn, SPAWN | FILES, 0 },
  { "spawn, program not readable", try_spawn, SPAWN | LANDLOCK, EACCES },
  { "thread without spawn", try_thread, 0, 0 },
  { "read outside", try_read_outside, FILES | LANDLOCK, EACCES },
  { "read with no paths at all", try_read_etc, LANDLOCK, EACCES },
  { "read inside", try_read_inside, FILES, 0 },
  { "write what is readable", try_write_readable, FILES | LANDLOCK, EACCES },
  { "write inside", try_write_inside, FILES, 0 },
  { "rename inside", try_rename_inside, FILES, 0 },
  { "write outside", try_write_outside, FILES | LANDLOCK, EACCES },
  { "no core", try_core, NET | SPAWN, 0 },
  { "no new privileges", try_new_privs, NET | SPAWN, 0 },
  { "file size limit", try_file_limit, LIMITS, EFBIG },
  { "cpu limit", try_cpu, LIMITS, -SIGKILL },
};

static bool has_landlock(void)
{
  return syscall(444, NULL, 0, 1u) >= 1;
}

static void set_up(void)
{
  const char *tmp = getenv("TMPDIR");
  snprintf(dir, sizeof dir - 32, "%s/lockin.XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(dir));
  char sub[4200];
  snprintf(sub, sizeof sub, "%s/r", dir);
  ck_assert_int_eq(dir_make(sub, 0700, NULL), ST_OK);
  snprintf(sub, sizeof sub, "%s/w", dir);
  ck_assert_int_eq(dir_make(sub, 0700, NULL), ST_OK);
  snprintf(in_read, sizeof in_read, "%s/r/file", dir);
  snprintf(in_write, sizeof in_write, "%s/w/file", dir);
  snprintf(outside, sizeof outside, "%s/file", dir);
  ck_assert_int_eq(file_replace(in_read, BYTES("x"), 0600, NULL), ST_OK);
  ck_assert_int_eq(file_replace(outside, BYTES("x"), 0600, NULL), ST_OK);
}

static void tear_down(void)
{
  const char *left[] = { "/r/file", "/w/file", "/w/file.2", "/file", "/file.new", "/r", "/w", "" };
  char path[4300];
  for (size_t i = 0; i < ARRAY_LEN(left); i++) {
    snprintf(path, sizeof path, "%s%s", dir, left[i]);
    remove(path);
  }
}

NORETURN static void in_child(const struct row *row)
{
  char r[4200], w[4200];
  snprintf(r, sizeof r, "%s/r", dir);
  snprintf(w, sizeof w, "%s/w", dir);
  const char *reads[] = { r, "/bin", "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/does/not/exist", NULL };
  const char *writes[] = { w, "/dev/null", NULL };
  struct lockin lockin = { .network = row->with & NET, .spawn = row->with & SPAWN };
  if (row->with & FILES) {
    lockin.read_paths = reads;
    lockin.write_paths = writes;
  }
  if (row->with & LIMITS) {
    lockin.max_memory = 512u << 20;
    lockin.max_file = 8192;
    lockin.max_cpu_s = 1;
  }
  struct fault err = { 0 };
  if (helper_lock_in(&lockin, &err) != ST_OK) {
    fprintf(stderr, "%s\n", err.text);
    _exit(254);
  }
  _exit(row->try());
}

START_TEST(locked_in)
{
  const struct row *row = &rows[_i];
  if ((row->with & LANDLOCK) && !has_landlock()) {
    fprintf(stderr, "NOT TESTED, this kernel has no Landlock: %s\n", row->name);
    return;
  }
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid == 0)
    in_child(row);
  int how = 0;
  ck_assert_int_eq(waitpid(pid, &how, 0), pid);
  int got = WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how);
  ck_assert_msg(got == row->want, "%s: %d (%s), wanted %d", row->name, got, got > 0 ? strerror(got) : "", row->want);
}
END_TEST

START_TEST(a_missing_write_path_is_told)
{
  const char *writes[] = { "/does/not/exist", NULL };
  struct lockin lockin = { .write_paths = writes };
  if (!has_landlock()) {
    fprintf(stderr, "NOT TESTED, this kernel has no Landlock: missing write path\n");
    return;
  }
  pid_t pid = fork();
  if (pid == 0) {
    struct fault err = { 0 };
    enum status s = helper_lock_in(&lockin, &err);
    _exit(s == ST_REJECT && strstr(err.text, "/does/not/exist") ? 0 : 1);
  }
  int how = 0;
  ck_assert_int_eq(waitpid(pid, &how, 0), pid);
  ck_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("wire lock-in");
  TCase *t = tcase_create("lock-in");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, locked_in, 0, (int)ARRAY_LEN(rows));
  tcase_add_test(t, a_missing_write_path_is_told);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
