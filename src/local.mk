# SPDX-License-Identifier: GPL-3.0-or-later
sbin_PROGRAMS += embargod embargoctl
embargod_SOURCES = src/embargod.c
embargod_LDADD = $(GATE_ROOM)
embargoctl_SOURCES = src/embargoctl.c src/ctl_init.c src/ctl_crypt.c src/ctl_cvss.c src/ctl_key.c src/ctl_restore.c src/ctl_site.c src/ctl_private.h
embargoctl_CPPFLAGS = $(AM_CPPFLAGS) -DSYSCONFDIR='"$(sysconfdir)"'
embargoctl_LDADD = $(GATE_ROOM) $(ASSESS_ROOM)
dist_man_MANS += src/embargod.8 src/embargoctl.8 src/conf/embargod.conf.5
