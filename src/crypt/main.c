/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargod-crypt: the helper that holds the GnuPG home. Descriptor 3 is the channel to the core; with arguments it does
 * one operation by hand. */
#include <config.h>

#include <embargod/secret.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt_private.h"

/* Tests with a fake clock: gpgme starts "/proc/self/exe" as its gpg, which is this program, and it adds the time. */
static bool started_as_gpg(const char *name)
{
  return getenv("EMBARGOD_GPG") && clock_is_fake() && (strcmp(name, "exe") == 0 || strcmp(name, "/proc/self/exe") == 0);
}

static int as_gpg_with_fake_time(int argc, char **argv)
{
  struct clock clock = clock_system();
  char option[64];
  char **args = calloc((size_t)argc + 2, sizeof *args);
  invariant(args);
  snprintf(option, sizeof option, "--faked-system-time=%" PRId64 "!", clock_now(&clock));
  args[0] = argv[0];
  args[1] = option;
  for (int i = 1; i < argc; i++)
    args[i + 1] = argv[i];
  execv(getenv("EMBARGOD_GPG"), args);
  return 127;
}

/* gpg, gpgconf and the agent see nothing of a user's environment but this. */
static void clean_environment(void)
{
  static const char *const drop[] = { "GNUPGHOME",       "GPG_AGENT_INFO", "GPG_TTY",         "DISPLAY",
                                      "LD_PRELOAD",      "SSH_AUTH_SOCK",  "WAYLAND_DISPLAY", "LANGUAGE",
                                      "LD_LIBRARY_PATH", "GPGME_DEBUG",    "XAUTHORITY",      "PINENTRY_USER_DATA" };
  for (size_t i = 0; i < ARRAY_LEN(drop); i++)
    unsetenv(drop[i]);
  setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin", 1);
  setenv("LC_ALL", "C.UTF-8", 1);
}

static enum status start_gpgme(struct fault *err)
{
  static const char need[] = "1.18.0";
  (void)gpgme_set_global_flag("disable-gpgconf", "1"); /* nine processes at each start that tell what we know */
  if (!gpgme_check_version(need))
    return fault(err, ST_BROKEN, "gpgme is older than %s", need);
  if (gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP))
    return fault(err, ST_BROKEN, "gpg is missing or too old: install the package gnupg");
  const char *gpg = gpgme_get_dirinfo("gpg-name");
  setenv("EMBARGOD_GPG", gpg ? gpg : "/usr/bin/gpg", 1);
  crypt_reaper_reap();
  return ST_OK;
}

int main(int argc, char **argv)
{
  struct fault err = { 0 };
  if (argc > 0 && started_as_gpg(argv[0]))
    return as_gpg_with_fake_time(argc, argv);
  clean_environment();
  enum status st = crypt_reaper_start(&err);
  if (!st)
    st = start_gpgme(&err);
  if (!st)
    st = secret_init(&err);
  if (!st && argc > 1)
    return crypt_hand_main(argc, argv);
  if (!st && fcntl(HELPER_FD, F_SETFD, FD_CLOEXEC))
    st = fault(&err, ST_BROKEN, "no channel on descriptor 3; by hand: embargod-crypt --help");
  if (!st)
    st = crypt_serve(HELPER_FD, &err);
  if (st)
    fprintf(stderr, "embargod-crypt: %s\n", err.text);
  return st ? 1 : 0;
}
