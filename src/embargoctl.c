/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargoctl: asks the running core over its Unix socket; with the daemon stopped it takes the store's lock itself. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "ctl_private.h"

#include <embargod/command.h>
#include <embargod/file.h>
#include <embargod/gate.h>
#include <embargod/text.h>

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64u << 20)

static const char help[] = "usage: embargoctl [-c FILE] VERB [ARGUMENT...]\n"
                           "  init DIR --address A --inbox URL --outbox URL [--analyst NAME=ADDRESS:KEYFILE[:lead]]...\n"
                           "           [--stakeholder NAME=KIND:ADDRESS[:KEYFILE]]... [--organisation NAME]\n"
                           "  status                      what the daemon is doing\n"
                           "  list [FILTER] [--json]      cases; FILTER: all, a state, assignee:NAME, words\n"
                           "  show ID [--json]            one case, with its texts and history\n"
                           "  pending [--json]            what waits for a person's release\n"
                           "  stats [PERIOD] [--json]     figures of 2026, 2026-Q3, 2026-11, 90d or all\n"
                           "  due [ID] [--json]           deadlines that run; all of one case\n"
                           "  advisory show ID            the advisory as it stands, and what it lacks\n"
                           "  advisory export ID --format csaf|vex|html|text|cve\n"
                           "  site check [DIR]            is what is served sound? DIR: a site or one of its trees\n"
                           "  site build [DIR]            writes it again from the store\n"
                           "  clock [accept]              the gateway's time; confirms it after a jump\n"
                           "  outbox [all] [--json]       mail that waits or failed\n"
                           "  outbox raw MAIL             the very bytes of one, while they are kept\n"
                           "  retry MAIL|all              try it again now\n"
                           "  quarantine list [--json] | show N | release N | discard N\n"
                           "  key list [ADDRESS] | show WHO | new [DAYS]\n"
                           "  backup /PATH/STORE /PATH/KEYS\n"
                           "  restore STORE KEYS          from the files of a backup, where no store is\n"
                           "  check                       is the store sound?\n"
                           "  help commands [COMMAND]     the commands of analysts' mail\n"
                           "  cvss [VECTOR...]            scores CVSS 3.1 and 4.0 vectors, from standard input without any\n"
                           "FILE: -c, else $EMBARGOD_CONF, else " SYSCONFDIR "/embargod/embargod.conf\n";

static int connect_to(const char *path)
{
  struct sockaddr_un a = { .sun_family = AF_UNIX };
  if (strlen(path) >= sizeof a.sun_path)
    return -1;
  strcpy(a.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
    return fd;
  int why = errno;
  if (fd >= 0)
    close(fd);
  errno = why;
  return -1;
}

/* -1: nobody listens. */
static int ask_daemon(const struct conf *c, int argc, char **argv)
{
  AUTO(fd_closep) int fd = connect_to(c->control_socket);
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("answer");
  struct fault err = { 0 };
  struct bytes out;
  if (fd < 0 && errno == EACCES) {
    fprintf(stderr, "embargoctl: %s: not allowed: be root, embargod's user, or in its control_group\n", c->control_socket);
    return 77;
  }
  if (fd < 0)
    return -1;
  for (int i = 0; i < argc; i++)
    if (fd_write_all(fd, (struct bytes){ argv[i], strlen(argv[i]) + 1 }, &err)) {
      fprintf(stderr, "embargoctl: %s\n", err.text);
      return 75;
    }
  shutdown(fd, SHUT_WR);
  if (fd_read_all(pool, fd, ANSWER_MAX, &out, &err)) {
    fprintf(stderr, "embargoctl: %s\n", err.text);
    return 75;
  }
  struct bytes first = { 0 };
  if (!bytes_next_line(&out, &first) || !first.len) {
    fprintf(stderr, "embargoctl: the daemon closed the connection without an answer (not allowed, or ending)\n");
    return 75;
  }
  int code = atoi(pool_str(pool, first));
  fwrite(out.p, 1, out.len, code ? stderr : stdout); /* "export >file" leaves no refusal in the file */
  return code;
}

/* Never leaves files of root's in the store owner's folder. */
static int become_owner(const struct conf *c)
{
  struct stat s;
  if (geteuid() != 0 || (stat(c->database, &s) && stat(c->state_dir, &s)) || s.st_uid == 0)
    return 0;
  if (setgroups(0, NULL) || setgid(s.st_gid) || setuid(s.st_uid)) {
    fprintf(stderr, "embargoctl: cannot become the store's owner (uid %u): %s\n", (unsigned)s.st_uid, strerror(errno));
    return 77;
  }
  return 0;
}

static int do_it_here(const char *file, int argc, char **argv)
{
  struct gate_options o = { .conf_file = file, .offline = true, .clock = clock_system(),
                            .log = { .fd = 2, .level = LOG_LEVEL_WARN, .program = "embargoctl" } };
  AUTO(pool_freep) struct pool *pool = pool_new_wiping("out");
  struct fault err = { 0 };
  struct gate *g = NULL;
  if (gate_new(&o, &g, &err)) {
    fprintf(stderr, "embargoctl: %s\n", err.text);
    return err.status == ST_RETRY ? 75 : 1;
  }
  struct buf out = buf_new(pool, 4096);
  int code = gate_control(g, argc, (const char *const *)argv, &out);
  gate_free(&g);
  fwrite(out.data, 1, out.len, code ? stderr : stdout);
  return code;
}

static int verb(const char *file, int argc, char **argv)
{
  AUTO(pool_freep) struct pool *pool = pool_new("configuration");
  struct conf *c = NULL;
  char **problems = NULL;
  struct fault err = { 0 };
  if (conf_load(pool, file, &c, &problems, &err)) {
    for (size_t i = 0; problems && problems[i]; i++)
      fprintf(stderr, "embargoctl: %s\n", problems[i]);
    if (!problems)
      fprintf(stderr, "embargoctl: %s\n", err.text);
    return 78;
  }
  if (argc > 1 && !strcmp(argv[0], "key") && !strcmp(argv[1], "new")) { /* beside a running daemon too */
    int owner = become_owner(c);
    return owner ? owner : ctl_key_new(c, argc, argv);
  }
  if (argc > 1 && !strcmp(argv[0], "site") && !strcmp(argv[1], "check")) {
    int owner = become_owner(c);
    return owner ? owner : ctl_site_check(c, argc, argv);
  }
  if (!strcmp(argv[0], "restore")) { /* there is no store yet that a daemon could run on */
    int owner = become_owner(c);
    return owner ? owner : ctl_restore(c, argc, argv);
  }
  int code = ask_daemon(c, argc, argv);
  if (code >= 0)
    return code;
  code = become_owner(c);
  return code ? code : do_it_here(file, argc, argv);
}

/* The command table as #help shows it: no daemon is asked. */
static int help_commands(const char *name)
{
  AUTO(pool_freep) struct pool *pool = pool_new("help");
  bool known = !*name || command_row_by_name(name + (*name == '#'));
  fputs(command_help(pool, name), known ? stdout : stderr);
  return known ? 0 : 64;
}

int main(int argc, char **argv)
{
  const char *file = getenv("EMBARGOD_CONF");
  int at = 1;
  umask(0077);
  if (argc > 2 && !strcmp(argv[1], "-c")) {
    file = argv[2];
    at = 3;
  }
  if (at + 1 < argc && !strcmp(argv[at], "help") && !strcmp(argv[at + 1], "commands"))
    return help_commands(at + 2 < argc ? argv[at + 2] : "");
  if (at >= argc || !strcmp(argv[at], "--help") || !strcmp(argv[at], "help")) {
    fputs(help, at >= argc ? stderr : stdout);
    return at >= argc ? 64 : 0;
  }
  if (!strcmp(argv[at], "--version"))
    return puts("embargoctl " PACKAGE_VERSION) < 0;
  if (!strcmp(argv[at], "init"))
    return ctl_init(argc - at, argv + at);
  if (!strcmp(argv[at], "cvss"))
    return ctl_cvss(argc - at, argv + at);
  return verb(file ? file : SYSCONFDIR "/embargod/embargod.conf", argc - at, argv + at);
}
