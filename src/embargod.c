/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargod: the daemon that runs a manufacturer's security@ mailbox. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <embargod/gate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(void)
{
  fputs("usage: embargod -c FILE          run in the foreground\n"
        "       embargod --once -c FILE   handle all that is there, send all that is due, end\n"
        "       embargod -t -c FILE       check configuration, keys, templates and connections\n"
        "       embargod --version\n",
        stderr);
  return 64;
}

/* Undisclosed reports pass through this process: no core file, no debugger, no file of ours for others. */
static void harden(void)
{
  struct rlimit none = { 0, 0 };
  (void)!setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  umask(0077);
}

static int run(const struct gate_options *o)
{
  struct fault err = { 0 };
  struct gate *g = NULL;
  if (gate_new(o, &g, &err)) {
    log_event(&o->log, LOG_LEVEL_ERR, "cannot start", LOG_STR("why", err.text));
    return err.status == ST_RETRY ? 75 : err.status == ST_BROKEN ? 70 : 78;
  }
  int code = gate_run(g);
  gate_free(&g);
  return code;
}

int main(int argc, char **argv)
{
  struct gate_options o = { .log = { .fd = 2, .level = LOG_LEVEL_INFO, .sd_levels = getenv("JOURNAL_STREAM") != NULL,
                                     .program = "embargod" },
                            .clock = clock_system() };
  bool check = false;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "-c") && i + 1 < argc)
      o.conf_file = argv[++i];
    else if (!strcmp(argv[i], "--once"))
      o.once = true;
    else if (!strcmp(argv[i], "-t"))
      check = true;
    else if (!strcmp(argv[i], "--version"))
      return puts("embargod " PACKAGE_VERSION) < 0;
    else
      return usage();
  }
  if (!o.conf_file)
    return usage();
  harden();
  if (getenv("EMBARGOD_FAKE_TIME"))
    log_event(&o.log, LOG_LEVEL_WARN, "EMBARGOD_FAKE_TIME is set: wall time is not the machine's; for tests only");
#ifdef EMBARGOD_NO_SANDBOX
  log_event(&o.log, LOG_LEVEL_WARN, "built with --disable-sandbox: helpers are not locked in; never with real mail");
#endif
  return check ? gate_check(&o, STDOUT_FILENO) : run(&o);
}
