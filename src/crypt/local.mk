# SPDX-License-Identifier: GPL-3.0-or-later
# The pure half: no library, what the fuzzers link.
noinst_LIBRARIES += libcrypt-packet.a
libcrypt_packet_a_SOURCES = src/crypt/packet.h src/crypt/packet.c src/crypt/armor.c
CRYPT_PACKET_ROOM = libcrypt-packet.a $(BASE_ROOM)

noinst_LIBRARIES += libcrypt-room.a
libcrypt_room_a_SOURCES = src/crypt/crypt_private.h src/crypt/agent.c src/crypt/engine.c src/crypt/generate.c \
	src/crypt/hand.c src/crypt/home.c src/crypt/inspect.c src/crypt/keys.c src/crypt/open.c src/crypt/reaper.c \
	src/crypt/ring.c src/crypt/scratch.c src/crypt/seal.c src/crypt/serve.c src/crypt/sink.c
libcrypt_room_a_CFLAGS = $(AM_CFLAGS) $(GPGME_CFLAGS)
CRYPT_ROOM_ROOM = libcrypt-room.a $(CRYPT_PACKET_ROOM) $(PGP_ROOM) $(WIRE_ROOM) $(BASE_ROOM) $(GPGME_LIBS)

pkglibexec_PROGRAMS += embargod-crypt
embargod_crypt_SOURCES = src/crypt/main.c
embargod_crypt_CFLAGS = $(AM_CFLAGS) $(GPGME_CFLAGS)
embargod_crypt_LDADD = $(CRYPT_ROOM_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_crypt_packet
test_crypt_packet_SOURCES = tests/unit/test_crypt_packet.c
test_crypt_packet_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_crypt_packet_LDADD = $(CRYPT_PACKET_ROOM) $(BASE_ROOM) $(UNIT_LIBS)
TESTS += test_crypt_packet

# With real gpg.
check_LIBRARIES += libcrypt-support.a
libcrypt_support_a_SOURCES = tests/support/crypt_peer.c tests/support/crypt_peer.h tests/support/crypt_home.c \
	tests/support/crypt_home.h
libcrypt_support_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
CRYPT_SUPPORT_ROOM = libcrypt-support.a $(PGP_ROOM) $(WIRE_ROOM) $(BASE_ROOM)

check_PROGRAMS += test_crypt_open
test_crypt_open_SOURCES = tests/unit/test_crypt_open.c
test_crypt_open_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_crypt_open_LDADD = $(CRYPT_SUPPORT_ROOM) $(UNIT_LIBS)
TESTS += test_crypt_open

check_PROGRAMS += test_crypt_seal
test_crypt_seal_SOURCES = tests/unit/test_crypt_seal.c
test_crypt_seal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_crypt_seal_LDADD = $(CRYPT_SUPPORT_ROOM) $(UNIT_LIBS)
TESTS += test_crypt_seal
endif

check_PROGRAMS += fuzz_packet
fuzz_packet_SOURCES = tests/fuzz/fuzz_packet.c $(MAIN_OF_FUZZERS)
fuzz_packet_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
fuzz_packet_LDFLAGS = $(LDFLAGS_OF_FUZZERS)
fuzz_packet_LDADD = $(CRYPT_PACKET_ROOM) $(BASE_ROOM)
if !FUZZ
TESTS += fuzz_packet
endif
EXTRA_DIST += tests/support/crypt-material.sh tests/support/crypt_material.py tests/support/openpgp.py
EXTRA_DIST += tests/corpus/pgp/README \
	tests/corpus/pgp/aead.pgp \
	tests/corpus/pgp/alice.asc \
	tests/corpus/pgp/bomb-inside.bin \
	tests/corpus/pgp/bomb.pgp \
	tests/corpus/pgp/carol.asc \
	tests/corpus/pgp/clear.pgp \
	tests/corpus/pgp/good.pgp \
	tests/corpus/pgp/hidden.pgp \
	tests/corpus/pgp/no-mdc.pgp \
	tests/corpus/pgp/pkesk6.pgp \
	tests/corpus/pgp/seipd2.pgp \
	tests/corpus/pgp/signed-only.pgp \
	tests/corpus/pgp/symmetric.pgp \
	tests/corpus/pgp/truncated-armor.pgp \
	tests/corpus/pgp/truncated.pgp \
	tests/corpus/pgp/twice.pgp \
	tests/corpus/pgp/two-recipients.pgp \
	tests/corpus/pgp/v6-then-v4.key \
	tests/corpus/pgp/x25519.pgp
