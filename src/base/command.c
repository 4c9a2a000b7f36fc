/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/command: the output of a command that the operator configured (a password, a token). No shell. */
#include <config.h>

#include <embargod/clock.h>
#include <embargod/file.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 64

/* Splits at white space; "..." keeps it, \" and \\ inside. NULL-terminated. False: quote left open, or too many. */
static bool split(struct pool *pool, const char *s, char **argv)
{
  size_t argc = 0;
  while (true) {
    while (*s == ' ' || *s == '\t' || *s == '\n')
      s++;
    if (!*s)
      break;
    if (argc == ARGS_MAX)
      return false;
    struct buf word = buf_new(pool, 64);
    bool quoted = false;
    for (; *s && (quoted || !strchr(" \t\n", *s)); s++) {
      if (*s == '"')
        quoted = !quoted;
      else if (quoted && *s == '\\' && (s[1] == '"' || s[1] == '\\'))
        buf_addc(&word, *++s);
      else
        buf_addc(&word, *s);
    }
    if (quoted)
      return false;
    argv[argc++] = buf_str(&word);
  }
  argv[argc] = NULL;
  return argc > 0;
}

NORETURN static void run_child(char **argv, int out)
{
  sigset_t none;
  sigemptyset(&none);
  for (int sig = 1; sig < NSIG; sig++)
    signal(sig, SIG_DFL); /* some refuse: they are at their default anyhow */
  sigprocmask(SIG_SETMASK, &none, NULL);
  setpgid(0, 0);
  int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
    _exit(127);
  if (close_range(3, ~0u, 0) < 0)
    _exit(127);
  execvp(argv[0], argv);
  _exit(127);
}

/* Reads until the end, the cap or the deadline. */
static enum status collect(int fd, const char *name, int timeout_ms, struct buf *got, size_t max, struct fault *err)
{
  struct clock clock = clock_system();
  int64_t end = clock_mono(&clock) + timeout_ms;
  for (;;) {
    int64_t left = end - clock_mono(&clock);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0)
      return fault(err, ST_RETRY, "%s gave no answer within %d ms", name, timeout_ms);
    char piece[4096];
    ssize_t n = read(fd, piece, sizeof piece);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fault(err, ST_RETRY, "%s: read: %s", name, strerror(errno));
    if (n == 0)
      return ST_OK;
    buf_add(got, (struct bytes){ piece, (size_t)n });
    explicit_bzero(piece, (size_t)n);
    if (got->len > max)
      return fault(err, ST_REJECT, "%s wrote more than %zu bytes", name, max);
  }
}

static enum status reap(pid_t pid, const char *name, struct fault *err)
{
  int how = 0;
  while (waitpid(pid, &how, 0) < 0)
    if (errno != EINTR)
      return fault(err, ST_RETRY, "%s: wait: %s", name, strerror(errno));
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
    return ST_OK;
  if (WIFEXITED(how) && WEXITSTATUS(how) == 127)
    return fault(err, ST_REJECT, "%s cannot be run", name);
  if (WIFEXITED(how))
    return fault(err, ST_RETRY, "%s ended with exit code %d", name, WEXITSTATUS(how));
  return fault(err, ST_RETRY, "%s was ended by signal %d", name, WTERMSIG(how));
}

enum status command_output(struct pool *pool, const char *command, int timeout_ms, size_t max, struct bytes *out,
                           struct fault *err)
{
  char *argv[ARGS_MAX + 1];
  if (!split(pool, command, argv))
    return fault(err, ST_REJECT, "not a command line: quotes are open, or it is empty");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return fault(err, ST_RETRY, "pipe: %s", strerror(errno));
  AUTO(fd_closep) int in = ends[0];
  /* A signal for the new process must not run our handlers in it: they would act in our name. */
  sigset_t all, was;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &was);
  pid_t pid = fork();
  if (pid == 0)
    run_child(argv, ends[1]);
  sigprocmask(SIG_SETMASK, &was, NULL);
  close(ends[1]);
  if (pid < 0)
    return fault(err, ST_RETRY, "fork: %s", strerror(errno));
  setpgid(pid, pid); /* as the child does: whoever comes first */
  struct buf got = buf_new(pool, 256);
  enum status s = collect(in, argv[0], timeout_ms, &got, max, err);
  if (s != ST_OK)
    kill(-pid, SIGKILL);
  enum status end = reap(pid, argv[0], s == ST_OK ? err : NULL);
  if (s != ST_OK || end != ST_OK)
    return s != ST_OK ? s : end;
  while (got.len && (got.data[got.len - 1] == '\n' || got.data[got.len - 1] == '\r'))
    got.data[--got.len] = '\0';
  *out = buf_bytes(&got);
  return ST_OK;
}
