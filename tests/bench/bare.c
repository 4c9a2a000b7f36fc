/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench: the bare limit. The OpenPGP operations that one report costs, done through gpgme with nothing around them:
 * decrypt and verify the report, sign and encrypt the acknowledgement, sign and encrypt one forward to each analyst.
 *
 *   bare HOME GATEWAY WORKERS ANALYST,ANALYST... <LIST
 *
 * LIST: a line "FILE FINGERPRINT" a report: its ciphertext and the reporter's key. All fingerprints are of keys in HOME.
 * Prints "REPORTS SECONDS MILLISECONDS": how many, how long for all, and the mean of one report's operations. */
#include <config.h>

#include <gpgme.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPORTS_MAX 4096
#define ANALYSTS_MAX 8
#define ACKNOWLEDGEMENT_BYTES 1200

struct report {
  char file[512];
  char fpr[64];
};

static struct report reports[REPORTS_MAX];
static size_t report_count;

static void check(gpgme_error_t e, const char *what)
{
  if (!e)
    return;
  fprintf(stderr, "bare: %s: %s\n", what, gpgme_strerror(e));
  exit(1);
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static gpgme_ctx_t context(const char *home, const char *gateway)
{
  gpgme_ctx_t ctx;
  gpgme_key_t signer;
  check(gpgme_new(&ctx), "gpgme_new");
  check(gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, NULL, home), "home");
  gpgme_set_armor(ctx, 1);
  gpgme_set_offline(ctx, 1);
  check(gpgme_get_key(ctx, gateway, &signer, 0), "the gateway's key");
  check(gpgme_signers_add(ctx, signer), "signer");
  gpgme_key_unref(signer);
  return ctx;
}

static gpgme_key_t key_of(gpgme_ctx_t ctx, const char *fpr)
{
  gpgme_key_t key;
  check(gpgme_get_key(ctx, fpr, &key, 0), fpr);
  return key;
}

static size_t seal(gpgme_ctx_t ctx, gpgme_key_t to, const char *text, size_t len)
{
  gpgme_data_t in, out;
  gpgme_key_t keys[] = { to, NULL };
  check(gpgme_data_new_from_mem(&in, text, len, 0), "data");
  check(gpgme_data_new(&out), "data");
  check(gpgme_op_encrypt_sign(ctx, keys, GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS, in, out), "encrypt");
  gpgme_data_release(in);
  gpgme_free(gpgme_data_release_and_get_mem(out, &len));
  return len;
}

static char *unseal(gpgme_ctx_t ctx, const char *file, size_t *len)
{
  gpgme_data_t in, out;
  check(gpgme_data_new_from_file(&in, file, 1), file);
  check(gpgme_data_new(&out), "data");
  check(gpgme_op_decrypt_verify(ctx, in, out), "decrypt");
  gpgme_verify_result_t v = gpgme_op_verify_result(ctx);
  if (!v || !v->signatures || v->signatures->status) {
    fprintf(stderr, "bare: %s: no good signature\n", file);
    exit(1);
  }
  gpgme_data_release(in);
  return gpgme_data_release_and_get_mem(out, len);
}

static size_t split(char *list, const char **out, size_t max)
{
  size_t n = 0;
  for (char *save, *at = strtok_r(list, ",", &save); at && n < max; at = strtok_r(NULL, ",", &save))
    out[n++] = at;
  return n;
}

/* The keys are looked up before the clock starts: embargod has them listed too. */
static double work(char **argv, size_t worker, size_t workers, int go)
{
  const char *name[ANALYSTS_MAX];
  gpgme_key_t analyst[ANALYSTS_MAX], *reporter = calloc(report_count, sizeof(gpgme_key_t));
  char ack[ACKNOWLEDGEMENT_BYTES], byte;
  gpgme_ctx_t ctx = context(argv[1], argv[2]);
  size_t n = split(argv[4], name, ANALYSTS_MAX);
  memset(ack, 'a', sizeof ack);
  for (size_t i = 0; i < n; i++)
    analyst[i] = key_of(ctx, name[i]);
  for (size_t i = worker; i < report_count; i += workers)
    reporter[i] = key_of(ctx, reports[i].fpr);
  if (read(go, &byte, 1) < 0) /* end of file: go */
    exit(1);
  double spent = 0;
  for (size_t i = worker; i < report_count; i += workers) {
    size_t len;
    double begun = now();
    char *plain = unseal(ctx, reports[i].file, &len);
    seal(ctx, reporter[i], ack, sizeof ack);
    for (size_t k = 0; k < n; k++)
      seal(ctx, analyst[k], plain, len);
    gpgme_free(plain);
    while (waitpid(-1, NULL, WNOHANG) > 0)
      ;
    spent += now() - begun;
  }
  return spent;
}

int main(int argc, char **argv)
{
  size_t workers = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
  if (workers < 1 || workers > 64)
    return 64;
  while (report_count < REPORTS_MAX && scanf("%511s %63s", reports[report_count].file, reports[report_count].fpr) == 2)
    report_count++;
  setlocale(LC_ALL, "C");
  gpgme_check_version(NULL);
  double *spent = mmap(NULL, workers * sizeof *spent, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int go[2];
  if (spent == MAP_FAILED || pipe(go))
    return 71;
  for (size_t w = 0; w < workers; w++)
    if (fork() == 0) {
      close(go[1]);
      prctl(PR_SET_CHILD_SUBREAPER, 1);
      spent[w] = work(argv, w, workers, go[0]);
      _exit(0);
    }
  sleep(2); /* the keys */
  double begun = now(), sum = 0;
  close(go[1]);
  int how, bad = 0;
  while (wait(&how) > 0)
    bad |= how;
  double all = now() - begun;
  for (size_t w = 0; w < workers; w++)
    sum += spent[w];
  if (bad || !report_count)
    return 1;
  printf("%zu %.3f %.2f\n", report_count, all, sum * 1000 / (double)report_count);
  return 0;
}
