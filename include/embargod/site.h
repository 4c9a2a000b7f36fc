/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site: the static tree that a web server serves: advisories, feeds, security.txt, the CSAF provider's files, WKD. No clock, store, mail or
 * key: what must be signed comes signed. `site/` of the state folder holds `current`, a symbolic link to the folder `tree-N` that is served,
 * and nothing else that a reader sees. A new tree is made beside it: files that did not change are hard links to the old ones, new ones are
 * written and fsynced; it is checked; the link is replaced by rename, last. A reader or a crash sees the old site or the new one. */
#ifndef EMBARGOD_SITE_H
#define EMBARGOD_SITE_H
#include <embargod/advisory.h>
#include <embargod/base.h>

struct site_address { /* an address of ours with a key: WKD */
  const char *address;
  struct bytes key; /* binary certificate */
};
struct site_house {
  const char *url;          /* "https://security.example.com", no path, no slash at its end: /.well-known/ is at its root */
  const char *organisation, *contact; /* contact: mail address */
  const char *space;        /* as in struct advisory_house */
  const char *details;      /* the contact of struct advisory_house: the publisher is the same in documents and metadata; NULL: contact */
  const char *policy_url;   /* "" */
  const char *language;     /* of the pages: "en", "de" */
  const char *fingerprint;  /* our signing key */
  const char *key;          /* armored certificate */
  const struct site_address *address;
  size_t address_count;
};
struct site_file {
  const char *path;  /* relative to the tree: "advisories/EMB-2026-0001.html" */
  struct bytes body; /* p NULL: as in the tree that is there */
};
/* One published advisory in its newest version. */
struct site_entry {
  const char *id, *title, *summary; /* summary: one paragraph of plain text */
  const char *cve;                  /* "" */
  const char *severity;             /* "critical"; "" */
  int score;                        /* tenths; -1: none */
  const char *tlp;                  /* of TLP 2.0. Only what is CLEAR is in the tree */
  const char *version;              /* "2" */
  int64_t first_at, changed_at;     /* initial and current release, seconds */
  bool withdrawn;
  const struct site_file *file;     /* its documents (HTML, text, signed text, CSAF, signature) */
  size_t file_count;
};
struct site {
  const struct site_house *house;
  const struct site_entry *entry; /* the newest first_at first */
  size_t entry_count;
  struct bytes security_txt;      /* clear-signed; p NULL: as in the tree that is there */
  int64_t now;
};

/* ---- where things are ---- */
char *site_csaf_path(struct pool *pool, const char *id, int64_t first_at); /* ".well-known/csaf/white/2026/emb-2026-0001.json" */
char *site_page_path(struct pool *pool, const char *id, const char *suffix); /* "advisories/EMB-2026-0001" + ".html", ".txt", ".txt.asc" */
/* Sets the addresses of the advisory itself in its documents, when url is not "" and it is CLEAR: before each document that is published is
 * made. The first revision says of which year it is. */
void site_place(struct pool *pool, const char *url, struct advisory *a);
char *site_year_path(struct pool *pool, int year); /* the list of a year, beside index.html: "2026.html" */
char *site_key_path(struct pool *pool, const char *fingerprint); /* ".well-known/csaf/openpgp/FINGERPRINT.asc"; CSAF 2.0 section 7.1.20 */


/* ---- what is in the tree beside the advisories' own documents; pure ---- */
/* The text of security.txt (RFC 9116) before it is signed: Contact, Encryption, Policy, Preferred-Languages, Canonical, CSAF, Expires. */
struct bytes site_security_txt(struct pool *pool, const struct site_house *h, int64_t expires);
struct bytes site_provider_metadata(struct pool *pool, const struct site_house *h, int64_t updated); /* CSAF 2.0 section 7.1.7 */
struct bytes site_rolie_service(struct pool *pool, const struct site_house *h); /* 7.1.16: lists the feed */
struct bytes site_rolie(struct pool *pool, const struct site *s);       /* RFC 8322, CSAF 2.0 section 7.1.15 */
struct bytes site_index_txt(struct pool *pool, const struct site *s);   /* 7.1.12 */
struct bytes site_changes_csv(struct pool *pool, const struct site *s); /* 7.1.13 */
struct bytes site_atom(struct pool *pool, const struct site *s);        /* RFC 4287 */
/* The list, newest first. year 0: the newest 50 and links to the years (site_year_path(), of each year with an entry that is public by the
 * UTC day of its first_at); else all of that year. */
struct bytes site_index_html(struct pool *pool, const struct site *s, int year);

/* ---- the tree ---- */
struct site_written {
  unsigned files, written, linked; /* in the new tree; made anew; taken over */
  unsigned relinked;               /* of those taken over, how many links had to be made: the others were in the reused folder already */
  uint64_t bytes;                  /* written */
  const char *tree;                /* its folder */
};
/* Builds and switches. Each entry that is CLEAR comes with its documents: site_csaf_path(), the same with ".asc" (detached signature, armored),
 * site_page_path() with ".html", ".txt" and ".txt.asc" (clear-signed); the hash files, feeds and lists are made here. What is not CLEAR is not
 * in the tree. A file without body that the old tree does not have is REJECT (names it: the caller gives it with body), as is a missing one.
 * RETRY: disk, permissions, another build at work. The old tree stays served then, what was begun is removed. Two older trees are kept, for
 * readers in between; the older of them becomes the next tree, so that only what differs is linked anew. Nothing to change: nothing happens.
 * The files given with body are checked as site_check() does, without signatures, before the switch: REJECT. */
MUST_USE enum status site_build(const char *dir, const struct site *s, struct pool *pool, struct site_written *out, struct fault *err);

/* ---- its check: what `embargoctl site check DIR` says ---- */
struct site_finding {
  char *path, *what;
  bool fatal; /* else a warning: "security.txt expires in 6 days" */
};
/* Links, hashes, dates, feeds against files, CSAF (advisory_csaf_fault()), expiry, that nothing is requested from elsewhere. DIR is a site (with `current`)
 * or a tree. verify: NULL, or asks whether signature (NULL: clear-signed) over bytes is good, with our key of the tree. */
struct site_verify {
  bool (*good)(void *self, struct bytes text, struct bytes signature, struct fault *why);
  void *self;
};
MUST_USE enum status site_check(const char *dir, struct pool *pool, int64_t now, const struct site_verify *verify, struct site_finding **out,
                                size_t *count, struct fault *err);
#endif
