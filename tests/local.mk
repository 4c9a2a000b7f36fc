# SPDX-License-Identifier: GPL-3.0-or-later

# Fuzzers: fuzz_NAME_SOURCES = tests/fuzz/fuzz_NAME.c $(MAIN_OF_FUZZERS), fuzz_NAME_LDFLAGS = $(LDFLAGS_OF_FUZZERS). Built with
# libFuzzer under --enable-fuzz (clang; best with --enable-sanitizers), with the replay main otherwise.
if FUZZ
MAIN_OF_FUZZERS = tests/fuzz/fuzz.h
LDFLAGS_OF_FUZZERS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
MAIN_OF_FUZZERS = tests/fuzz/fuzz.h tests/fuzz/fuzz_replay.c
LDFLAGS_OF_FUZZERS = $(AM_LDFLAGS)
endif

# Documents against tables, layers, library headers.
TESTS += tests/style/check_docs.py tests/style/check_layers.py
EXTRA_DIST += tests/style/check_docs.py tests/style/check_layers.py tests/support/demo.py tests/support/gateway.py tests/support/people.py \
  tests/support/install-packages tests/run-one
