/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send/sendmail: hands the letter to a local MTA's sendmail program; its exit code (sysexits.h) is the answer.
 *
 * No helper_lock_in() here: no_new_privs would take the set-group-id (Postfix, OpenSMTPD, dma) or set-user-id (Exim)
 * bit from the MTA's own programs, and every letter would fail. seccomp and Landlock need it. This process parses
 * nothing that a sender wrote; it checks two addresses and copies bytes into a pipe. */
#include <config.h>

#include <embargod/clock.h>
#include <embargod/failpoint.h>
#include <embargod/file.h>
#include <embargod/text.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "outbox.h"

#define OUTPUT_MAX 2000

struct sendmail {
  struct pool *pool;
  const struct send_config *config;
};

/* One run of the program. */
struct run {
  pid_t pid;
  int in, out, pidfd; /* -1: closed */
  struct bytes text;
  size_t written;
  struct buf said;
  int64_t end; /* clock_mono */
  bool late;
};

static enum status sendmail_open(const struct send_config *config, void **self, struct fault *err)
{
  if (access(config->url.path, X_OK) < 0)
    return fault(err, ST_REJECT, "sendmail outbox: %s: %s", config->url.path, strerror(errno));
  struct pool *pool = pool_new("sendmail");
  struct sendmail *m = pool_new_of(pool, struct sendmail);
  *m = (struct sendmail){ pool, config };
  *self = m;
  return ST_OK;
}

static enum status sendmail_lock_in(const struct send_config *config, struct fault *err)
{
  const struct rlimit none = { 0, 0 };
  if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0)
    return fault(err, ST_RETRY, "limits: %s", strerror(errno));
  return ST_OK;
}

static enum status spawn(const char *path, char *const argv[], struct run *run, struct fault *err)
{
  char *const env[] = { (char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) < 0)
    return fault(err, ST_RETRY, "pipe: %s", strerror(errno));
  if (pipe2(out, O_CLOEXEC) < 0) {
    close(in[0]);
    close(in[1]);
    return fault(err, ST_RETRY, "pipe: %s", strerror(errno));
  }
  sigset_t pipes, nothing;
  sigemptyset(&nothing);
  sigemptyset(&pipes);
  sigaddset(&pipes, SIGPIPE);
  posix_spawnattr_t attr;
  posix_spawn_file_actions_t files;
  posix_spawnattr_init(&attr);
  posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attr, &pipes);
  posix_spawnattr_setsigmask(&attr, &nothing);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], 0);
  posix_spawn_file_actions_adddup2(&files, out[1], 1);
  posix_spawn_file_actions_adddup2(&files, out[1], 2);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  int error = posix_spawn(&run->pid, path, &files, &attr, argv, env);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attr);
  close(in[0]);
  close(out[1]);
  run->in = in[1];
  run->out = out[0];
  if (error)
    return fault(err, ST_RETRY, "%s cannot be run: %s", path, strerror(error));
  run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
  return ST_OK;
}

static void feed(struct run *run)
{
  struct bytes rest = bytes_sub(run->text, run->written, run->text.len);
  ssize_t n = write(run->in, rest.p, rest.len);
  if (n > 0)
    run->written += (size_t)n;
  if (run->written == run->text.len || (n < 0 && errno != EAGAIN && errno != EINTR))
    fd_closep(&run->in); /* all given, or nobody reads it */
}

static void listen_to(struct run *run)
{
  char piece[1024];
  ssize_t n = read(run->out, piece, sizeof piece);
  if (n > 0 && run->said.len < OUTPUT_MAX)
    buf_add(&run->said, (struct bytes){ piece, (size_t)n });
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    fd_closep(&run->out);
}

/* Until the program ends or its time is over. Its end counts, not that of its output: a daemon that it left behind
 * may hold that open. */
static void converse(struct run *run, const struct clock *clock)
{
  fcntl(run->in, F_SETFL, O_NONBLOCK);
  fcntl(run->out, F_SETFL, O_NONBLOCK);
  for (;;) {
    struct pollfd p[] = { { run->in, POLLOUT, 0 }, { run->out, POLLIN, 0 }, { run->pidfd, POLLIN, 0 } };
    int64_t left = run->end - clock_mono(clock);
    if (left <= 0) {
      run->late = true;
      return;
    }
    if (poll(p, ARRAY_LEN(p), (int)left) < 0)
      continue;
    if (p[0].revents)
      feed(run);
    if (p[1].revents)
      listen_to(run);
    if (p[2].revents || (run->pidfd < 0 && run->out < 0 && run->in < 0))
      break;
  }
  for (int i = 0; i < 4 && run->out >= 0; i++) /* what it said last; an end or EAGAIN comes soon */
    listen_to(run);
}

static int reap(const struct run *run)
{
  int how = 0;
  if (run->late)
    kill(-run->pid, SIGKILL);
  while (waitpid(run->pid, &how, 0) < 0)
    if (errno != EINTR)
      return -1;
  return how;
}

static struct send_answer judge(struct pool *pool, const struct run *run, int how)
{
  static const struct {
    int code;
    enum send_end end;
    const char *means;
  } exits[] = {
    { EX_USAGE, SEND_REFUSED, "usage" },
    { EX_DATAERR, SEND_REFUSED, "data error" },
    { EX_NOINPUT, SEND_REFUSED, "no input" },
    { EX_NOUSER, SEND_REFUSED, "no such user" },
    { EX_NOHOST, SEND_REFUSED, "no such host" },
    { EX_NOPERM, SEND_REFUSED, "not permitted" },
    { EX_UNAVAILABLE, SEND_DEFERRED, "service unavailable" },
    { EX_SOFTWARE, SEND_DEFERRED, "internal error" },
    { EX_OSERR, SEND_DEFERRED, "system error" },
    { EX_TEMPFAIL, SEND_DEFERRED, "temporary failure" },
    { EX_CONFIG, SEND_DEFERRED, "configuration error" },
  };
  const char *words = send_words(pool, buf_bytes(&run->said));
  const char *colon = *words ? ": " : "";
  bool all = run->written == run->text.len;
  if (run->late || !WIFEXITED(how)) {
    const char *what = run->late ? "the sendmail program did not end in time" : "the sendmail program was killed";
    return send_answer(all ? SEND_UNCONFIRMED : SEND_DEFERRED, 0, pool_printf(pool, "%s%s%s", what, colon, words));
  }
  int code = WEXITSTATUS(how);
  if (code == 0 && all)
    return send_answer(SEND_ACCEPTED, 0, *words ? words : "taken by the sendmail program");
  if (code == 0)
    return send_answer(SEND_DEFERRED, 0, "the sendmail program did not read the whole letter");
  for (size_t i = 0; i < ARRAY_LEN(exits); i++)
    if (exits[i].code == code)
      return send_answer(exits[i].end, 0, pool_printf(pool, "exit %d, %s%s%s", code, exits[i].means, colon, words));
  return send_answer(SEND_DEFERRED, 0, pool_printf(pool, "exit %d%s%s", code, colon, words));
}

static struct send_answer sendmail_mail(void *self, struct pool *pool, const struct send_letter *letter)
{
  const struct sendmail *m = self;
  const struct clock clock = clock_system();
  char *argv[] = { pool_strdup(pool, m->config->url.path),
                   (char[]){ "-i" },
                   (char[]){ "-f" },
                   pool_strdup(pool, *letter->from ? letter->from : "<>"),
                   (char[]){ "--" },
                   pool_strdup(pool, letter->to),
                   NULL };
  struct run run = { .in = -1, .out = -1, .pidfd = -1, .said = buf_new(pool, 256) };
  struct fault err = { 0 };
  run.text = text_to_lf(pool, letter->body);
  run.end = clock_mono(&clock) + m->config->timeout_ms;
  enum status s = spawn(argv[0], argv, &run, &err);
  int how = 0;
  if (s == ST_OK) {
    converse(&run, &clock);
    how = reap(&run);
    FAILPOINT("send.sendmail.ended");
  }
  fd_closep(&run.in);
  fd_closep(&run.out);
  fd_closep(&run.pidfd);
  return s == ST_OK ? judge(pool, &run, how) : send_answer(SEND_DEFERRED, 0, pool_strdup(pool, err.text));
}

static struct send_answer sendmail_check(void *self, struct pool *pool)
{
  const struct sendmail *m = self;
  const char *path = m->config->url.path;
  if (access(path, X_OK) < 0)
    return send_answer(SEND_DEFERRED, 0, pool_printf(pool, "%s: %s", path, strerror(errno)));
  bool tied = prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1;
  return send_answer(
      SEND_ACCEPTED, 0,
      pool_printf(pool, "%s can be run%s", path,
                  tied ? "; but no_new_privs is set, so an MTA that needs its set-id bits (Postfix, Exim) "
                         "takes nothing: NoNewPrivileges=no in the unit"
                       : ""));
}

static void sendmail_close(void *self)
{
  struct sendmail *m = self;
  struct pool *pool = m->pool;
  pool_free(&pool);
}

const struct outbox_ops outbox_sendmail = {
  .name = "sendmail",
  .open = sendmail_open,
  .lock_in = sendmail_lock_in,
  .mail = sendmail_mail,
  .check = sendmail_check,
  .close = sendmail_close,
};
