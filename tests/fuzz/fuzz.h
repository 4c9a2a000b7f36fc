/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One fuzzer: LLVMFuzzerTestOneInput() calls pure code on one buffer. Under --enable-fuzz libFuzzer drives it; else
 * fuzz_replay.c does: each seed as it is, then altered in ways that are the same in every run. */
#ifndef FUZZ_H
#define FUZZ_H
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Folders below top_srcdir; NULL-terminated. */
extern const char *const fuzz_seeds[];
/* The invariant of a fuzzer: ends the process when it is broken. */
#define fuzz_check(cond) ((cond) ? (void)0 : __builtin_trap())
#endif
