/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For embargoctl's own files only. */
#ifndef EMBARGOD_CTL_PRIVATE_H
#define EMBARGOD_CTL_PRIVATE_H
#include <embargod/conf.h>
#include <embargod/pgp.h>
#include <embargod/wire.h>

/* embargoctl init DIR ...: argv[0] is "init". Returns the exit status. */
int ctl_init(int argc, char **argv);
/* embargoctl cvss [VECTOR...]: argv[0] is "cvss". Without vectors it reads them from standard input, one a line. 1: one was bad. */
int ctl_cvss(int argc, char **argv);

/* embargoctl key new [DAYS]: argv[0] is "key". Returns the exit status. */
int ctl_key_new(const struct conf *c, int argc, char **argv);

/* embargoctl site check [DIR]: argv[0] is "site". 1: there are faults. */
int ctl_site_check(const struct conf *c, int argc, char **argv);

/* embargoctl restore STORE KEYS: argv[0] is "restore". Returns the exit status. */
int ctl_restore(const struct conf *c, int argc, char **argv);

/* One embargod-crypt process, asked synchronously: for what runs without the daemon. passphrase_file: of our keys; NULL: they have none. */
struct ctl_crypt;
MUST_USE enum status ctl_crypt_start(struct pool *pool, const char *home, const char *passphrase_file,
                                     struct ctl_crypt **out, struct fault *err);
void ctl_crypt_stop(struct ctl_crypt **c);
MUST_USE enum status ctl_crypt_ask(struct ctl_crypt *c, const struct wire_msg *m, uint16_t answer_type, struct pgp_cert **cert,
                                   size_t *count, struct fault *err);
/* A CRYPT_VERIFY. */
MUST_USE enum status ctl_crypt_verify(struct ctl_crypt *c, const struct wire_msg *m, struct pgp_result *out, struct fault *err);
#endif
