# SPDX-License-Identifier: GPL-3.0-or-later
# make bench: no test; figures depend on the machine. BENCH_N=200 reports.
check_PROGRAMS += bench_bare
bench_bare_SOURCES = tests/bench/bare.c
bench_bare_CFLAGS = $(AM_CFLAGS) $(GPGME_CFLAGS)
bench_bare_LDADD = $(GPGME_LIBS)
EXTRA_DIST += tests/bench/bench.py tests/bench/publish_cost.py tests/bench/sink.py

bench: all bench_bare bench_site bench_fill
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' EMBARGOD_TEST_TIMEOUT=3600 \
	  $(SHELL) $(srcdir)/tests/run-one ./bench_site
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' EMBARGOD_TEST_TIMEOUT=3600 \
	  $(SHELL) $(srcdir)/tests/run-one $(srcdir)/tests/bench/publish_cost.py
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' EMBARGOD_TEST_TIMEOUT=3600 \
	  $(SHELL) $(srcdir)/tests/run-one $(srcdir)/tests/bench/bench.py
.PHONY: bench

check_PROGRAMS += bench_site
bench_site_SOURCES = tests/bench/site_cost.c tests/unit/test_site_world.h tests/unit/test_advisory_case.h
bench_site_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
bench_site_LDADD = $(SITE_ROOM) $(UNIT_LIBS)

check_PROGRAMS += bench_fill
bench_fill_SOURCES = tests/bench/fill.c tests/unit/test_site_world.h tests/unit/test_advisory_case.h
bench_fill_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
bench_fill_LDADD = $(STORE_ROOM) $(SITE_ROOM) $(UNIT_LIBS)
