/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse/sandbox: what the zygote and the child that reads a letter may still do. Both filters are compiled to BPF once,
 * at the start: building one with libseccomp costs more than parsing a letter. */
#include <config.h>

#include "parse_private.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHILD_FILES 40 /* what the zygote has open, and the memfds of one answer */

#ifdef EMBARGOD_SANITIZERS
#define SANDBOX_DEFAULT SCMP_ACT_ERRNO(EPERM) /* so that a report can still be written */
#else
#define SANDBOX_DEFAULT SCMP_ACT_KILL_PROCESS
#endif

struct sandbox {
  struct sock_fprog zygote, child;
};

/* On descriptors that are there already, memory, and the end. */
static const int child_calls[] = {
  SCMP_SYS(read),         SCMP_SYS(write),         SCMP_SYS(recvmsg),      SCMP_SYS(sendmsg), SCMP_SYS(close),
  SCMP_SYS(poll),         SCMP_SYS(memfd_create),  SCMP_SYS(munmap),       SCMP_SYS(mremap),  SCMP_SYS(madvise),
  SCMP_SYS(brk),          SCMP_SYS(futex),         SCMP_SYS(getrandom),    SCMP_SYS(exit),    SCMP_SYS(exit_group),
  SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),    SCMP_SYS(restart_syscall),
};
/* Further for the zygote: take packets, fork, limit, wait, end its children. */
static const int zygote_calls[] = {
  SCMP_SYS(recvfrom),       SCMP_SYS(pread64),         SCMP_SYS(fstat),
  SCMP_SYS(newfstatat),     SCMP_SYS(wait4),           SCMP_SYS(kill),
  SCMP_SYS(getpid),         SCMP_SYS(getppid),         SCMP_SYS(gettid),
  SCMP_SYS(prctl),          SCMP_SYS(prlimit64),       SCMP_SYS(setrlimit),
  SCMP_SYS(alarm),          SCMP_SYS(setitimer),       SCMP_SYS(seccomp),
  SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),    SCMP_SYS(set_robust_list),
  SCMP_SYS(rseq),           SCMP_SYS(set_tid_address),
};
#ifdef EMBARGOD_SANITIZERS
/* AddressSanitizer's allocator and its reports. */
static const int sanitizer_calls[] = {
  SCMP_SYS(mmap),
  SCMP_SYS(mprotect),
  SCMP_SYS(sched_yield),
  SCMP_SYS(sigaltstack),
  SCMP_SYS(getpid),
  SCMP_SYS(gettid),
  SCMP_SYS(tgkill),
  SCMP_SYS(readlink),
  SCMP_SYS(rt_sigprocmask),
  SCMP_SYS(rt_sigaction),
  SCMP_SYS(sched_getaffinity),
  SCMP_SYS(newfstatat),
  SCMP_SYS(getrusage),
};
#endif

static int allow_all(scmp_filter_ctx ctx, const int *calls, size_t count)
{
  int r = 0;
  for (size_t i = 0; i < count && !r; i++)
    if (calls[i] >= 0) /* a call that this machine does not have has a negative number */
      r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
  return r;
}

/* Memory without a file and without code; seals only, and the flags of the channel. */
static int allow_narrow(scmp_filter_ctx ctx)
{
  int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_ADD_SEALS));
  if (!r)
    r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS));
#ifdef EMBARGOD_SANITIZERS
  return r ? r : allow_all(ctx, sanitizer_calls, ARRAY_LEN(sanitizer_calls));
#else
  if (!r)
    r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                         SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
  if (!r)
    r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  return r;
#endif
}

/* fork() only: no namespaces, no threads, no shared memory. */
static int allow_fork(scmp_filter_ctx ctx)
{
  const scmp_datum_t never = 0x7e020000u /* CLONE_NEW* */ | 0x00010000u /* CLONE_THREAD */ | 0x00000100u /* CLONE_VM */;
  return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, never, 0));
}

static void filter_release(scmp_filter_ctx *ctx)
{
  if (*ctx)
    seccomp_release(*ctx);
}

static void fd_close(int *fd)
{
  if (*fd >= 0)
    close(*fd);
}

/* libseccomp 2.5 writes its program to a descriptor only. */
static bool take_program(struct pool *pool, scmp_filter_ctx ctx, struct sock_fprog *out)
{
  AUTO(fd_close) int fd = memfd_create("filter", MFD_CLOEXEC);
  if (fd < 0 || seccomp_export_bpf(ctx, fd) != 0)
    return false;
  off_t size = lseek(fd, 0, SEEK_END);
  if (size <= 0 || size > 32768 || (size_t)size % sizeof(struct sock_filter) != 0)
    return false;
  out->filter = pool_alloc(pool, (size_t)size);
  out->len = (unsigned short)((size_t)size / sizeof(struct sock_filter));
  return pread(fd, out->filter, (size_t)size, 0) == size;
}

static enum status compile(struct pool *pool, bool zygote, struct sock_fprog *out, struct fault *err)
{
  AUTO(filter_release) scmp_filter_ctx ctx = seccomp_init(SANDBOX_DEFAULT);
  int r = ctx ? allow_all(ctx, child_calls, ARRAY_LEN(child_calls)) : -ENOMEM;
  if (!r)
    r = allow_narrow(ctx);
  if (!r && zygote)
    r = allow_all(ctx, zygote_calls, ARRAY_LEN(zygote_calls));
  if (!r && zygote)
    r = allow_fork(ctx);
  if (r || !take_program(pool, ctx, out))
    return fault(err, ST_BROKEN, "sandbox: cannot build the filter: %s", strerror(r ? -r : errno));
  return ST_OK;
}

enum status sandbox_prepare(struct pool *pool, struct sandbox **out, struct fault *err)
{
  struct sandbox *sb = *out = pool_new_of(pool, struct sandbox);
  enum status st = compile(pool, true, &sb->zygote, err);
  return st ? st : compile(pool, false, &sb->child, err);
}

static enum status enter(const struct sock_fprog *filter, struct fault *err)
{
#ifdef EMBARGOD_NO_SANDBOX
  (void)filter;
  (void)err;
  return ST_OK;
#else
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) != 0)
    return fault(err, ST_BROKEN, "sandbox: seccomp: %s", strerror(errno));
  return ST_OK;
#endif
}

static enum status limit(int what, rlim_t value, const char *name, struct fault *err)
{
  struct rlimit old, want = { value, value };
  if (getrlimit(what, &old) == 0 && old.rlim_max < value)
    want.rlim_cur = want.rlim_max = old.rlim_max; /* ours is stricter already */
  if (setrlimit(what, &want) != 0)
    return fault(err, ST_BROKEN, "sandbox: %s: %s", name, strerror(errno));
  return ST_OK;
}

static enum status common(struct fault *err)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fault(err, ST_BROKEN, "sandbox: prctl: %s", strerror(errno));
  return limit(RLIMIT_CORE, 0, "RLIMIT_CORE", err);
}

enum status sandbox_enter_zygote(const struct sandbox *sb, struct fault *err)
{
#ifdef EMBARGOD_NO_SANDBOX
  static const char loud[] = "<4>embargod-parse: BUILT WITHOUT SANDBOX (--disable-sandbox): never for real mail\n";
  if (write(STDERR_FILENO, loud, sizeof loud - 1) < 0)
    return fault(err, ST_BROKEN, "sandbox: it is off, and that cannot be said on stderr");
#endif
  enum status st = common(err);
  return st ? st : enter(&sb->zygote, err);
}

enum status sandbox_enter_child(const struct sandbox *sb, const struct sandbox_limits *limits, struct fault *err)
{
  enum status st = common(err);
  if (!st)
    st = limit(RLIMIT_CPU, (rlim_t)limits->cpu_s, "RLIMIT_CPU", err);
#ifndef EMBARGOD_SANITIZERS /* the shadow memory takes terabytes of addresses */
  if (!st)
    st = limit(RLIMIT_AS, limits->memory, "RLIMIT_AS", err);
#endif
  if (!st)
    st = limit(RLIMIT_FSIZE, limits->memory, "RLIMIT_FSIZE", err);
  if (!st)
    st = limit(RLIMIT_NOFILE, CHILD_FILES, "RLIMIT_NOFILE", err);
  if (st)
    return st;
  signal(SIGALRM, SIG_DFL);
  alarm((unsigned)limits->cpu_s * 3 + 5); /* a child that waits for ever uses no CPU */
  return enter(&sb->child, err);
}
