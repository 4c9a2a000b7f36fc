/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drives a fuzzer without libFuzzer, for `make check`: seeds, then EMBARGOD_FUZZ_ROUNDS (default 200) altered copies of
 * each, from a generator with a fixed start. Arguments: files to run instead (a crash that libFuzzer wrote). */
#include "fuzz.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_MAX (1u << 20)

static uint32_t next_random(uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/* A few edits: a byte, a copied block, a cut, a digit run made large. */
static size_t alter(uint8_t *data, size_t size, uint32_t *state)
{
  static const char *const pieces[] = { "\r\n", "--", "\n\n", "\0", "\"", "\\", "=?", "(", ";", "\xff\xff\xff\xff",
                                        "*0*=" };
  unsigned edits = 1 + next_random(state) % 8;
  for (unsigned i = 0; i < edits && size; i++) {
    size_t at = next_random(state) % size, len = next_random(state) % 64;
    switch (next_random(state) % 4) {
    case 0:
      data[at] = (uint8_t)next_random(state);
      break;
    case 1: {
      const char *p = pieces[next_random(state) % (sizeof pieces / sizeof *pieces)];
      size_t n = *p ? strlen(p) : 1;
      if (at + n <= size)
        memcpy(data + at, p, n);
      break;
    }
    case 2:
      if (at + len < size && size + len <= SEED_MAX) {
        memmove(data + at + len, data + at, size - at);
        size += len;
      }
      break;
    default:
      if (at + len < size) {
        memmove(data + at, data + at + len, size - at - len);
        size -= len;
      }
    }
  }
  return size;
}

/* The input lies in a block of its own size, so that a sanitizer sees one byte too far. */
static void run(const uint8_t *data, size_t size)
{
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy)
    exit(1);
  if (size)
    memcpy(copy, data, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

static void run_file(const char *path, unsigned rounds)
{
  static uint8_t seed[SEED_MAX], work[SEED_MAX];
  FILE *f = fopen(path, "rb");
  if (!f) {
    perror(path);
    exit(1);
  }
  size_t size = fread(seed, 1, sizeof seed, f);
  fclose(f);
  run(seed, size);
  uint32_t state = (uint32_t)size + 1;
  for (unsigned i = 0; i < rounds; i++) {
    memcpy(work, seed, size);
    run(work, alter(work, size, &state));
  }
}

static unsigned run_folder(const char *top, const char *folder, unsigned rounds)
{
  char path[4096];
  unsigned seen = 0;
  snprintf(path, sizeof path, "%s/%s", top, folder);
  DIR *d = opendir(path);
  if (!d) {
    perror(path);
    exit(1);
  }
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, "%s/%s/%s", top, folder, e->d_name);
    run_file(path, rounds);
    seen++;
  }
  closedir(d);
  return seen;
}

int main(int argc, char **argv)
{
  const char *top = getenv("top_srcdir"), *wish = getenv("EMBARGOD_FUZZ_ROUNDS");
  unsigned rounds = wish ? (unsigned)strtoul(wish, NULL, 10) : 200, seen = 0;
  for (int i = 1; i < argc; i++, seen++)
    run_file(argv[i], 0);
  for (size_t i = 0; argc < 2 && fuzz_seeds[i]; i++)
    seen += run_folder(top ? top : "..", fuzz_seeds[i], rounds);
  printf("%u seeds\n", seen);
  return seen ? 0 : 1;
}
