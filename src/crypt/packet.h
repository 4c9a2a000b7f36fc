/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/packet: what an OpenPGP message says about itself, from its packet headers alone; pure, no library.
 * gpg answers "no data" for garbage and for every newer format alike: this tells them apart. RFC 4880, RFC 9580. */
#ifndef CRYPT_PACKET_H
#define CRYPT_PACKET_H
#include <embargod/base.h>
#include <embargod/pgp.h>

enum packet_tag {
  PACKET_PKESK = 1,
  PACKET_SIGNATURE = 2,
  PACKET_SKESK = 3,
  PACKET_ONE_PASS = 4,
  PACKET_SECRET_KEY = 5,
  PACKET_PUBLIC_KEY = 6,
  PACKET_SECRET_SUBKEY = 7,
  PACKET_COMPRESSED = 8,
  PACKET_SED = 9,
  PACKET_MARKER = 10,
  PACKET_LITERAL = 11,
  PACKET_TRUST = 12,
  PACKET_USER_ID = 13,
  PACKET_PUBLIC_SUBKEY = 14,
  PACKET_ATTRIBUTE = 17,
  PACKET_SEIPD = 18,
  PACKET_AEAD = 20,
};
struct packet {
  unsigned tag;
  struct bytes body; /* of a body in several chunks, the first */
  struct bytes raw;  /* header and all chunks */
  bool partial;      /* in chunks, or to the end of the data */
  bool cut;          /* the data ends before the packet does */
};
/* Cuts the next packet off *rest. False at the end and where no packet header stands. */
bool packet_next(struct bytes *rest, struct packet *out);

struct packet_scan {
  bool armored;
  bool clear_signed;         /* -----BEGIN PGP SIGNED MESSAGE----- */
  bool encrypted;            /* there is an encrypted container or a session key for one */
  bool no_integrity;         /* its container is the old one without integrity protection */
  bool container_new;        /* a container that GnuPG 2.2 cannot read */
  bool cut;                  /* it ends early */
  bool key_block;            /* a key instead of a message */
  unsigned first;            /* tag of the first packet, 0: none */
  unsigned containers;       /* encrypted containers at the top level: more than 1 is no message */
  unsigned pkesk, pkesk_new; /* session keys for public keys; those that we cannot read */
  unsigned skesk;            /* for passphrases */
  bool hidden;               /* one of them names no key */
  char recipient[PGP_RECIPIENTS_MAX][PGP_FPR_MAX + 1]; /* key ids, upper-case hex; the hidden one is left out */
  unsigned recipients;
  char advice[256]; /* "" or what is new or odd about it, for its sender */
};
void packet_scan(struct pool *pool, struct bytes message, struct packet_scan *out);

/* Binary of the next armored block at or after *pos with a title that starts so ("PGP PUBLIC KEY BLOCK"); *pos moves
 * behind it. False: no more. A block that is no good base64 comes as far as it goes. */
bool packet_dearmor(struct pool *pool, struct bytes text, const char *title, size_t *pos, struct bytes *out);

/* One certificate cut out of a key file: public parts only, nothing that gpg would stumble over. */
struct packet_cert {
  struct bytes data; /* binary */
  unsigned version;  /* of its primary key: 4 is what GnuPG 2.2 reads */
};
struct packet_certs {
  struct packet_cert *cert;
  size_t count;
  bool secret; /* the file has secret keys in it (they are left out) */
  bool more;   /* there were more than max */
};
void packet_split(struct pool *pool, struct bytes file, size_t max, struct packet_certs *out);
/* When the primary key of a certificate was made (RFC 4880 section 5.5.2), seconds; -1: it does not begin with one of version 4. */
int64_t packet_cert_created(struct bytes cert);
/* The file is a revocation certificate alone (gpg --gen-revoke): the binary certificate with it where it belongs. Whether it is that key's
 * is for gpg to find out. False: the file is none. */
bool packet_revoke(struct pool *pool, struct bytes file, struct bytes cert, struct bytes *out);
#endif
