/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/lockin: the deny list. It allows by default: gpg, curl and the resolver call what their versions call. What is
 * on it answers EPERM, so that a library falls back or says so; clone3 answers ENOSYS, because its flags lie in memory
 * where no filter sees them, and the C library then uses clone. */
#include <config.h>

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lockin_private.h"

/* Names, so that one list serves all machines: what a machine or libseccomp does not know is left out. */
static const char *const never[] = {
#ifndef EMBARGOD_SANITIZERS /* LeakSanitizer */
  "ptrace",
  "process_vm_readv",
  "kcmp",
#endif
  "process_vm_writev",
  "process_madvise",
  "pidfd_getfd",
  "mount",
  "umount",
  "umount2",
  "pivot_root",
  "chroot",
  "move_mount",
  "open_tree",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "mount_setattr",
  "unshare",
  "setns",
  "swapon",
  "swapoff",
  "reboot",
  "kexec_load",
  "kexec_file_load",
  "init_module",
  "finit_module",
  "delete_module",
  "create_module",
  "bpf",
  "perf_event_open",
  "userfaultfd",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "keyctl",
  "add_key",
  "request_key",
  "iopl",
  "ioperm",
  "modify_ldt",
  "vm86",
  "vm86old",
  "acct",
  "quotactl",
  "quotactl_fd",
  "settimeofday",
  "clock_settime",
  "clock_settime64",
  "clock_adjtime",
  "adjtimex",
  "stime",
  "sethostname",
  "setdomainname",
  "vhangup",
  "syslog",
  "lookup_dcookie",
  "nfsservctl",
  "uselib",
  "personality",
  "name_to_handle_at",
  "open_by_handle_at",
  "fanotify_init",
  "mbind",
  "migrate_pages",
  "move_pages",
  "mknod",
  "mknodat",
};
static const char *const spawning[] = { "execve", "execveat", "fork", "vfork" };

struct filter {
  scmp_filter_ctx ctx;
  int error; /* the first one, negative errno */
};

static void rule(struct filter *f, const char *name, uint32_t action, const struct scmp_arg_cmp *arg)
{
  int nr = seccomp_syscall_resolve_name(name);
  if (nr == __NR_SCMP_ERROR || f->error)
    return;
  int rc = seccomp_rule_add_array(f->ctx, action, nr, arg ? 1 : 0, arg);
  /* A call that this machine does not have, or not with visible arguments, cannot be made on it either. */
  if (rc < 0 && rc != -EDOM && rc != -EINVAL)
    f->error = rc;
}

static void deny(struct filter *f, const char *name)
{
  rule(f, name, SCMP_ACT_ERRNO(EPERM), NULL);
}

static void deny_if(struct filter *f, const char *name, struct scmp_arg_cmp arg)
{
  rule(f, name, SCMP_ACT_ERRNO(EPERM), &arg);
}

static void deny_namespaces_and_forks(struct filter *f, bool spawn)
{
  static const uint64_t flags[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
                                    CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP };
  rule(f, "clone3", SCMP_ACT_ERRNO(ENOSYS), NULL);
  for (size_t i = 0; i < ARRAY_LEN(flags); i++)
    deny_if(f, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
  if (spawn)
    return;
  for (size_t i = 0; i < ARRAY_LEN(spawning); i++)
    deny(f, spawning[i]);
#ifndef EMBARGOD_SANITIZERS /* LeakSanitizer's tracer is a process that shares our memory */
  deny_if(f, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)); /* threads stay possible */
#endif
}

/* Families: with network UNIX, INET, INET6 and NETLINK (the resolver asks for addresses), else UNIX alone. */
static void deny_sockets(struct filter *f, bool network)
{
  static const int allowed[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
  size_t count = network ? ARRAY_LEN(allowed) : 1;
  deny_if(f, "socket", SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));
  for (int family = 0; family <= AF_NETLINK; family++) {
    bool ok = false;
    for (size_t i = 0; i < count; i++)
      ok = ok || allowed[i] == family;
    if (!ok)
      deny_if(f, "socket", SCMP_A0(SCMP_CMP_EQ, (unsigned)family, 0));
  }
}

enum status lockin_seccomp(const struct lockin *lockin, struct fault *err)
{
  struct filter f = { .ctx = seccomp_init(SCMP_ACT_ALLOW) };
  if (!f.ctx)
    return fault(err, ST_BROKEN, "lock in: seccomp does not start");
  for (size_t i = 0; i < ARRAY_LEN(never); i++)
    deny(&f, never[i]);
  deny_if(&f, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, TIOCSTI)); /* typing on someone's terminal */
  deny_namespaces_and_forks(&f, lockin->spawn);
  deny_sockets(&f, lockin->network);
  int rc = f.error ? f.error : seccomp_load(f.ctx);
  seccomp_release(f.ctx);
  return rc < 0 ? fault(err, ST_BROKEN, "lock in: seccomp: %s", strerror(-rc)) : ST_OK;
}
