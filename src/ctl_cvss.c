/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embargoctl cvss: scores of vectors; needs neither configuration nor daemon. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "ctl_private.h"

#include <embargod/assess.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line out for one vector in. False: it was bad. */
static bool answer(struct bytes vector)
{
  struct cvss v;
  struct fault err = { 0 };
  if (cvss_parse(bytes_trim(vector), &v, &err)) {
    printf("error: %s\n", err.text);
    return false;
  }
  int score = cvss_score(&v).overall;
  printf("%d.%d %s\n", score / 10, score % 10, cvss_severity(score));
  return true;
}

static int answer_lines(FILE *in)
{
  char *line = NULL;
  size_t cap = 0;
  bool good = true;
  for (ssize_t n; (n = getline(&line, &cap, in)) >= 0;) {
    good &= answer((struct bytes){ line, (size_t)n });
    if (ferror(stdout))
      break;
  }
  free(line);
  if (ferror(in)) {
    fprintf(stderr, "embargoctl: standard input: %s\n", strerror(errno));
    return 75;
  }
  return good ? 0 : 1;
}

int ctl_cvss(int argc, char **argv)
{
  int code = 0;
  if (argc == 1)
    code = answer_lines(stdin);
  for (int i = 1; i < argc; i++)
    code |= !answer(bytes_str(argv[i]));
  if (fflush(stdout) || ferror(stdout)) {
    fprintf(stderr, "embargoctl: standard output: %s\n", strerror(errno));
    return 75;
  }
  return code;
}
