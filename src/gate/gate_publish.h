/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate/publish: what the files that publish share. The way of an advisory: #publish asks (gate_publish_ask.c: documents are made, kept
 * with the hash of what was shown), #approve schedules (a row of the store's publication table, committed), at its instant the documents
 * are signed (SIGNED, committed), the notices written and sealed, and last the site is switched and all that follows is committed at once
 * (gate_publish.c). After a crash at any point the next step is made once more, with the same documents and the same Message-IDs. */
#ifndef EMBARGOD_GATE_PUBLISH_H
#define EMBARGOD_GATE_PUBLISH_H
#include "gate_effects.h"

#include <embargod/advisory.h>
#include <embargod/site.h>

/* ---- gate_publish_make.c ---- */
struct publish_wish {
  const char *what, *summary; /* as struct publication */
  int64_t at;                 /* the instant that the documents bear */
};
#define PUBLISH_FILES 4
struct publish_documents {
  struct advisory *a;
  unsigned version;
  int64_t first_at;
  const char *lacks;  /* what must be said first, a line each; "": nothing. Then there are no files */
  const char *wishes; /* what a good advisory has, too; why there is no CVE record */
  struct publication_file file[PUBLISH_FILES]; /* "html", "text", "csaf", and "cve" where a CVE record can be made */
  size_t count;
};
struct advisory_house publish_house(struct gate *g, struct pool *pool);
/* The documents of the case as they would be at that instant. DENIED: there is no version to revise, or one already; or the case's CSAF is
 * not valid. */
MUST_USE enum status publish_documents(struct gate *g, struct pool *pool, const struct vuln_case *vc, const struct publish_wish *w,
                                       struct publish_documents *out, struct fault *err);
/* The case as it stands, as a draft. */
MUST_USE enum status publish_draft(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct advisory **out, struct fault *err);
/* Where it is on the site, relative; NULL: nowhere. */
const char *publish_path(struct pool *pool, const char *name, const char *id, int64_t first_at);
const char *publish_url(struct gate *g, struct pool *pool, const char *name, const char *id, int64_t first_at);
/* As attachments of a mail, in the order of the files. */
size_t publish_attachments(struct pool *pool, const char *id, const struct advisory *a, const struct publication_file *file, size_t count,
                           int64_t first_at, struct mail_attachment **out);
/* What is out of that case: the newest version in *newest; false: nothing. */
MUST_USE enum status publish_newest(struct gate *g, struct pool *pool, const char *id, struct publication *newest, bool *found,
                                    struct fault *err);
struct bytes publish_file(const struct publication *p, const char *name);

/* ---- gate_publish_ask.c ---- */
bool publish_is(const char *what); /* what waits is a publication, no letter */
MUST_USE enum status effect_publish(struct doing *d, const struct effect *e, struct fault *err);
/* #approve of one; vc as it is after this mail. */
MUST_USE enum status publish_approve(struct doing *d, const struct effect *e, struct vuln_case *vc, const struct pending_release *p,
                                     struct fault *err);
/* #cancel of one that was approved. *done false: it is out already, or was cancelled. */
MUST_USE enum status publish_cancel(struct doing *d, const struct effect *e, struct vuln_case *vc, bool *done, struct fault *err);
/* The documents of what waits, for the mail to those who may release it, and the text of it. */
size_t publish_pending_attachments(struct run *r, const struct pending_release *p, struct mail_attachment **out);
const char *publish_pending_text(struct run *r, const struct pending_release *p);

/* ---- gate_publish_tell.c ---- */
struct publish_told {
  struct buf told, not_told; /* names for people, a line each */
};
/* The notices that go out with it, and the mail to the analysts. */
MUST_USE enum status publish_tell(struct run *r, struct vuln_case *vc, const struct publication *p, const struct advisory *a,
                                  struct fault *err);
/* Whom they would go to, a line each: for previews. */
const char *publish_told_words(struct run *r, const struct vuln_case *vc);
const char *publish_lines(struct pool *pool, const char *s); /* without the last line's end, for a template */
/* Variables publication.* of that version. */
void publish_vars(struct gate *g, struct pool *pool, struct tvalue *vars, const struct publication *p, const struct advisory *a);
MUST_USE enum status publish_alarm(struct run *r, struct vuln_case *vc, const struct publication *p, const char *problem, struct fault *err);

/* ---- gate_publish_site.c ---- */
/* What the lists say of it, as JSON. */
char *publish_entry(struct pool *pool, const struct advisory *a, const struct publication *p);
/* Builds and switches: all that is out, and `fresh` (with its files) in the place of what is out of its case; NULL: none. security_txt: p
 * NULL: as it is. */
MUST_USE enum status publish_site(struct gate *g, struct pool *pool, const struct publication *fresh, const char *entry,
                                  struct bytes security_txt, struct fault *err);
/* The site lacks something, or its security.txt runs out: made anew. True: that is under way, or must come first. */
bool publish_site_tick(struct gate *g);
#endif
