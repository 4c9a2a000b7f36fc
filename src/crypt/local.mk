# SPDX-License-Identifier: GPL-3.0-or-later
# The pure half: no library, what the fuzzers link.
noinst_LTLIBRARIES += libcrypt-packet.la
libcrypt_packet_la_SOURCES = src/crypt/packet.h src/crypt/packet.c src/crypt/armor.c

noinst_LTLIBRARIES += libcrypt-room.la
libcrypt_room_la_SOURCES = src/crypt/crypt_private.h src/crypt/agent.c src/crypt/engine.c src/crypt/generate.c \
	src/crypt/hand.c src/crypt/home.c src/crypt/inspect.c src/crypt/keys.c src/crypt/open.c src/crypt/reaper.c \
	src/crypt/ring.c src/crypt/scratch.c src/crypt/seal.c src/crypt/serve.c src/crypt/sink.c
libcrypt_room_la_CFLAGS = $(AM_CFLAGS) $(GPGME_CFLAGS)
libcrypt_room_la_LIBADD = libcrypt-packet.la libpgp.la libwire.la libbase.la $(GPGME_LIBS)

pkglibexec_PROGRAMS += embargod-crypt
embargod_crypt_SOURCES = src/crypt/main.c
embargod_crypt_CFLAGS = $(AM_CFLAGS) $(GPGME_CFLAGS)
embargod_crypt_LDADD = libcrypt-room.la
