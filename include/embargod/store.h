/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store: everything that is kept. All SQL of embargod lives in this room, behind a thin driver (db.h). One connection, one
 * writer lock, sealed columns (libsodium through base/secret): raw letters, titles, texts, names and addresses; keyed
 * digests where something must be looked up. Every call between store_begin and store_commit is one transaction;
 * calls outside make their own. A failing fsync or a corrupt page is BROKEN: the process ends and recovers at its
 * next start. Disk full and busy are RETRY. */
#ifndef EMBARGOD_STORE_H
#define EMBARGOD_STORE_H
#include <embargod/base.h>
#include <embargod/case.h>
#include <embargod/pgp.h>
#include <embargod/secret.h>

struct store;
struct store_options {
  const char *path;            /* embargod.db */
  const struct secret_key *master;
  const char *case_prefix;
  bool create;                 /* embargoctl init; else a missing file is REJECT */
  bool read_only;              /* no lock is taken, nothing is migrated */
};
/* DENIED: another process holds the writer lock (who: its pid). REJECT: wrong master key, newer schema, no file, damaged. */
MUST_USE enum status store_open(const struct store_options *o, struct store **out, struct fault *err);
void store_close(struct store **st);
MUST_USE enum status store_begin(struct store *st, struct fault *err);
MUST_USE enum status store_commit(struct store *st, struct fault *err);
void store_rollback(struct store *st);
MUST_USE enum status store_savepoint(struct store *st, struct fault *err); /* one level, inside a transaction */
MUST_USE enum status store_release(struct store *st, struct fault *err);
void store_rollback_to(struct store *st);
/* Sub-keys for digests and tags, derived from the master key: purpose "tag", "message-id", "rerun" ... */
const struct secret_key *store_subkey(struct store *st, const char *purpose);
/* Integrity for `embargoctl check`: quick_check, foreign keys, event chains; lines of findings, NULL-terminated. */
MUST_USE enum status store_check(struct store *st, struct pool *pool, char ***findings, struct fault *err);
/* A consistent copy without wrapped keys (they go into keys_path, 0600): online backup API. */
MUST_USE enum status store_backup(struct store *st, const char *path, const char *keys_path, struct fault *err);
/* Joins both files of a backup into a new store at path (DENIED when it exists). Letters and cases whose keys are not in
 * keys_path stay erased. */
MUST_USE enum status store_restore(const char *path, const char *backup, const char *keys_path, struct fault *err);

/* ---- intake: one row a letter ---- */
enum letter_state {
  LETTER_RECORDED = 1, /* waits to be handled */
  LETTER_HELD,         /* waits for a key or a configuration; retried */
  LETTER_APPLIED,
  LETTER_QUARANTINED,
  LETTER_DISCARDED,
};
const char *letter_state_name(enum letter_state s);
enum letter_class { CLASS_NONE = 0, CLASS_NEW_CASE, CLASS_FOLLOW_UP, CLASS_COMMAND, CLASS_BOUNCE, CLASS_AUTOMATIC, CLASS_DUPLICATE, CLASS_BLOCKED, CLASS_OVERSIZE, CLASS_OTHER };
const char *letter_class_name(enum letter_class c);
struct intake_letter {
  int64_t id;
  const char *mailbox, *folder, *uid; /* mailbox = inbox section name */
  int64_t uidvalidity, size, date, recorded_at;
  enum letter_state state;
  enum letter_class klass;
  unsigned attempts;
  bool settled;           /* moved on the server */
  bool oversize;          /* no raw bytes */
  bool released;          /* an operator let it out of quarantine */
  const char *case_id;    /* "" */
  const char *reason;     /* why held or quarantined: no text of the letter in it */
  int64_t retry_at;
};
/* Finds by (mailbox, folder, uidvalidity, uid). False: unknown. */
MUST_USE enum status store_intake_find(struct store *st, const struct intake_letter *where, bool *known, int64_t *id, bool *settled,
                                       struct fault *err);
/* Records raw bytes sealed under a fresh letter key. Idempotent: *known and the old id when it was there. A letter whose raw
 * digest equals that of an earlier one is recorded as CLASS_DUPLICATE, APPLIED, with *duplicate set. raw.p NULL: oversize. */
MUST_USE enum status store_intake_record(struct store *st, const struct intake_letter *l, struct bytes raw, int64_t *id, bool *known,
                                         bool *duplicate, struct fault *err);
MUST_USE enum status store_intake_load(struct store *st, struct pool *pool, int64_t id, struct intake_letter *out, struct fault *err);
MUST_USE enum status store_intake_raw(struct store *st, struct pool *pool, int64_t id, struct bytes *raw, struct fault *err);
/* Ids in arrival order that are RECORDED, or HELD and due by now; at most max. */
MUST_USE enum status store_intake_due(struct store *st, int64_t now, int64_t *ids, size_t max, size_t *count, struct fault *err);
MUST_USE enum status store_intake_attempt(struct store *st, int64_t id, unsigned *attempts, struct fault *err); /* counts one more */
MUST_USE enum status store_intake_wake(struct store *st, struct fault *err); /* every HELD letter is due now */
MUST_USE enum status store_intake_forgive(struct store *st, int64_t id, struct fault *err); /* takes one attempt back: the machine's fault */
struct intake_end { enum letter_state state; enum letter_class klass; const char *case_id, *reason; int64_t retry_at, now; };
/* Sets the end and, with case_id, re-wraps the letter's key under the case's key. */
MUST_USE enum status store_intake_finish(struct store *st, int64_t id, const struct intake_end *end, struct fault *err);
MUST_USE enum status store_intake_settled(struct store *st, int64_t id, struct fault *err);
MUST_USE enum status store_intake_unsettle(struct store *st, int64_t id, struct fault *err); /* it lies in its folder again */
/* An operator's word: QUARANTINED or HELD back to RECORDED, attempts 0, `released` set (duplicates and caps no longer stop it). */
MUST_USE enum status store_intake_release(struct store *st, int64_t id, struct fault *err);
/* Letters at an end but not yet settled on the server. */
MUST_USE enum status store_intake_unsettled(struct store *st, const char *mailbox, int64_t *ids, size_t max, size_t *count,
                                            struct fault *err);
MUST_USE enum status store_intake_list(struct store *st, struct pool *pool, enum letter_state state, struct intake_letter **out, size_t *count,
                                       struct fault *err);
/* Soft key of a letter (Message-ID with a digest of Date, From, Subject, body): *id of an earlier letter with the same, 0. */
MUST_USE enum status store_intake_softkey(struct store *st, int64_t id, struct bytes softkey, int64_t *earlier, struct fault *err);

/* ---- cases ---- */
/* The next free id of that year; the counter moves when a case with it is saved, never back. */
MUST_USE enum status store_case_next_id(struct store *st, struct pool *pool, int year, char **id, struct fault *err);
/* REJECT: no such case. A merged case is loaded as it is. */
MUST_USE enum status store_case_load(struct store *st, struct pool *pool, const char *id, struct vuln_case **out, struct fault *err);
/* The same, but the case that it was merged into in the end: an old id answers for ever. */
MUST_USE enum status store_case_live(struct store *st, struct pool *pool, const char *id, struct vuln_case **out, struct fault *err);
/* Before several cases are saved among which parties change place: rows of parties that vc no longer has go. A new case: OK. */
MUST_USE enum status store_case_leave(struct store *st, const struct vuln_case *vc, struct fault *err);
/* After both are saved: the letters of a case that was merged go to the one it was merged into, their keys wrapped anew. What else it
 * has (history, messages, outbox, what waits for a release) stays under its own key; whoever lists those of the other gets them too. */
MUST_USE enum status store_case_absorb(struct store *st, const struct vuln_case *from, struct fault *err);
/* Inserts (new id: with a fresh case key) or updates the whole value with its parties, fields, members. Gives new parties their id. */
MUST_USE enum status store_case_save(struct store *st, struct vuln_case *vc, int64_t now, struct fault *err);
/* For ever: deletes the keys of the case, of those that were merged into it and of their letters, and all digests by which they could be
 * found; empties the log. Id, states, dates, counters and the event chains stay; what was not sent is given up. DENIED: it was merged into
 * another, which is to be erased. Not inside a transaction. Backups: see store_backup. */
MUST_USE enum status store_case_erase(struct store *st, const char *id, struct fault *err);
/* Cases whose agreed embargo (Active, Revise) has reached its end by now, at most max, the earliest first; neither merged nor erased ones.
 * *next: the earliest end that is still to come; 0: none. */
MUST_USE enum status store_embargo_due(struct store *st, struct pool *pool, int64_t now, size_t max, char ***ids, size_t *count,
                                       int64_t *next, struct fault *err);
/* Open cases, neither merged nor spam, in which a party has not answered since before the instant of its next step: before[0] when nobody
 * was reminded, [1] when the analysts were not told yet, [2] in any case; -1: there is no such step. */
MUST_USE enum status store_case_silent(struct store *st, struct pool *pool, const int64_t before[3], char ***ids, size_t *count,
                                       struct fault *err);
struct case_filter {
  int rm;                /* -1: any; else enum rm_state */
  bool open_only;
  const char *assignee;  /* NULL: any */
  const char *words;     /* NULL; all of them, case-insensitive, in id, title, description, products, tags: decrypts and scans */
  size_t max;            /* 0: 1,000 */
};
MUST_USE enum status store_case_list(struct store *st, struct pool *pool, const struct case_filter *f, struct vuln_case ***out, size_t *count,
                                     struct fault *err);
/* The newest case, merged ones apart, in which that field has that value (any case of letters); "" when none. Decrypts those that have the
 * field. */
MUST_USE enum status store_case_by_field(struct store *st, struct pool *pool, const char *field, const char *value, char **case_id,
                                         struct fault *err);
/* Look-ups for threading; "" when none. Digests are keyed; addresses normalised. */
MUST_USE enum status store_party_by_token(struct store *st, struct pool *pool, const char *token, char **case_id, int64_t *party,
                                          struct fault *err);
/* Cases in which that address (or, when not "", that key) is a participant, newest first. */
MUST_USE enum status store_cases_of(struct store *st, struct pool *pool, const char *address, const char *fingerprint, char ***ids,
                                    size_t *count, struct fault *err);
MUST_USE enum status store_sender_blocked(struct store *st, const char *address, bool *blocked, struct fault *err);
MUST_USE enum status store_sender_block(struct store *st, const char *address, const char *case_id, int64_t now, struct fault *err);

/* ---- events: a keyed hash chain per case over the sealed bytes ---- */
struct case_event {
  int64_t id, at;
  const char *kind, *who, *text;
  int64_t letter;
  const char *case_id; /* whose history it is of: store_event_list() gives those of merged cases too */
};
MUST_USE enum status store_event_add(struct store *st, const char *case_id, const struct case_event *e, struct fault *err);
MUST_USE enum status store_event_list(struct store *st, struct pool *pool, const char *case_id, struct case_event **out, size_t *count,
                                      struct fault *err);

/* One digest over the heads of all chains, as hexadecimal: for the daily digest, so that a store put back to an older state shows. */
MUST_USE enum status store_event_head(struct store *st, struct pool *pool, char **hex, struct fault *err);

/* ---- messages: what was said in a case, both ways, readable copies (sealed under the case's key) ---- */
enum message_kind { MESSAGE_REPORT = 1, MESSAGE_FOLLOW_UP, MESSAGE_NOTE, MESSAGE_SENT };
struct case_message {
  int64_t id, at, letter, party;
  enum message_kind kind;
  const char *who;         /* analyst's name, party's address, stakeholder's name */
  const char *subject, *text;
  const char *message_id;  /* without <>; "" */
  const char *protection;  /* "encrypted, signed by FPR": how it came or went */
};
MUST_USE enum status store_message_add(struct store *st, const char *case_id, const struct case_message *m, struct fault *err);
MUST_USE enum status store_message_list(struct store *st, struct pool *pool, const char *case_id, struct case_message **out, size_t *count,
                                        struct fault *err);
/* The message of a letter that came in (a report or a follow-up), the case that it leads to, and how many more came from the same sender
 * (party) there. */
MUST_USE enum status store_message_of_letter(struct store *st, struct pool *pool, int64_t letter, struct case_message *out, char **case_id,
                                             size_t *others, bool *found, struct fault *err);
/* A letter that came in belongs to another case from now on, and to that party of it: its message is sealed anew, its own key wrapped
 * anew, its Message-ID leads there. thread: all that was said with party `from_party` goes along. REJECT: no such letter in `from`. */
struct message_move {
  const char *from, *to; /* case ids */
  int64_t letter, from_party, to_party;
  bool thread;
};
MUST_USE enum status store_message_move(struct store *st, const struct message_move *m, struct fault *err);
/* Case and party that a Message-ID (without <>) was sent by or to; *case_id NULL when unknown. */
MUST_USE enum status store_message_find(struct store *st, struct pool *pool, const char *message_id, char **case_id, int64_t *party,
                                        struct fault *err);
/* Message-IDs of the thread with that party (0: the internal analysts' thread), oldest first, at most max newest. */
MUST_USE enum status store_thread_ids(struct store *st, struct pool *pool, const char *case_id, int64_t party, size_t max, char ***ids,
                                      size_t *count, struct fault *err);

/* ---- outbox ---- */
enum outbox_state { OUTBOX_QUEUED = 1, OUTBOX_SENT, OUTBOX_DEFERRED, OUTBOX_UNCONFIRMED, OUTBOX_FAILED, OUTBOX_BOUNCED };
const char *outbox_state_name(enum outbox_state s);
struct outbox_letter {
  int64_t id, queued_at, due_at, sent_at;
  enum outbox_state state;
  unsigned tries;
  const char *case_id;     /* "" = system scope */
  const char *kind;        /* "acknowledgement", "forward", "receipt", "reply", "notice", "notice-operator", ... */
  int64_t party;           /* 0: analyst or operator */
  const char *to;          /* recipient address */
  const char *to_name;     /* analyst's or stakeholder's name for people; "" */
  const char *envelope_from;
  const char *bounce_token;/* "" */
  const char *message_id;  /* without <> */
  const char *last_error;  /* server's words; of one that was sent too */
  const char *record;      /* of a notice or reply: what it was made from and by whom it was approved, as JSON; "" */
  struct bytes bytes;      /* final bytes; only loaded by store_outbox_take/_load with bytes */
  bool encrypted;
};
MUST_USE enum status store_outbox_put(struct store *st, const struct outbox_letter *l, int64_t now, int64_t *id, struct fault *err);
/* Leases what is due (queued, deferred, unconfirmed) until now + lease_s, oldest first; bytes are loaded, at most 32 MiB and
 * one letter. Leases lie in memory (no write); store_outbox_finish ends one and counts a try. What was put in a transaction is
 * not given out before its commit. */
MUST_USE enum status store_outbox_take(struct store *st, struct pool *pool, int64_t now, int lease_s, size_t max, struct outbox_letter **out,
                                       size_t *count, struct fault *err);
struct outbox_end { enum outbox_state state; int64_t due_at, now; const char *error; };
MUST_USE enum status store_outbox_finish(struct store *st, int64_t id, const struct outbox_end *end, struct fault *err);
MUST_USE enum status store_outbox_list(struct store *st, struct pool *pool, bool unsent_only, struct outbox_letter **out, size_t *count,
                                       struct fault *err);
/* Those of a case, and of those merged into it, that are of that kind, oldest first. */
MUST_USE enum status store_outbox_of_case(struct store *st, struct pool *pool, const char *case_id, const char *kind,
                                          struct outbox_letter **out, size_t *count, struct fault *err);
MUST_USE enum status store_outbox_load(struct store *st, struct pool *pool, int64_t id, struct outbox_letter *out, struct fault *err);
MUST_USE enum status store_outbox_by_bounce(struct store *st, struct pool *pool, const char *token, const char *message_id,
                                            struct outbox_letter *out, bool *found, struct fault *err);
/* How many letters of that kind were queued since then. */
MUST_USE enum status store_outbox_count(struct store *st, const char *kind, int64_t since, unsigned *count, struct fault *err);
MUST_USE enum status store_outbox_retry(struct store *st, int64_t id, int64_t now, struct fault *err); /* id 0: all that is not sent */
MUST_USE enum status store_outbox_next_due(struct store *st, int64_t *at, struct fault *err); /* INT64_MAX: none */
/* Leases of a dead daemon are void: at start. Drops the bytes of letters sent before `sent_before` (digest kept), not
 * those of notices, which are evidence. */
MUST_USE enum status store_outbox_recover(struct store *st, int64_t sent_before, struct fault *err);

/* ---- keys of reporters and participants ---- */
#define STORED_KEY_REVOKED 1 /* expires of a key whose revocation came: an old copy of it does not make it usable again */
struct stored_key { const char *address, *fingerprint; enum key_tier tier; int64_t seen_at, expires; bool waits; /* a new key that waits for an analyst's word */ struct bytes key; const char *provenance; };
MUST_USE enum status store_key_put(struct store *st, const struct stored_key *k, struct fault *err); /* by (address, fingerprint): the higher tier stays */
MUST_USE enum status store_key_get(struct store *st, struct pool *pool, const char *address, struct stored_key *out, bool *found,
                                   struct fault *err); /* the one in use: not waiting, best tier, newest */
MUST_USE enum status store_key_by_fpr(struct store *st, struct pool *pool, const char *fingerprint, struct stored_key *out, bool *found,
                                      struct fault *err);
MUST_USE enum status store_key_list(struct store *st, struct pool *pool, const char *address, struct stored_key **out, size_t *count,
                                    struct fault *err); /* address NULL: all */
MUST_USE enum status store_key_accept(struct store *st, const char *fingerprint, const char *address, bool *found, struct fault *err); /* tier PINNED */
/* Its owner has gone over to another key: this one waits from now on, at the lowest tier. */
MUST_USE enum status store_key_supersede(struct store *st, const char *fingerprint, const char *address, struct fault *err);
MUST_USE enum status store_key_drop(struct store *st, const char *fingerprint, bool *found, struct fault *err);

/* ---- replay cache (kept for ever), acknowledgement caps, pending releases ---- */
struct replay_key { const char *fingerprint; int64_t made; unsigned char sha256[32]; };
MUST_USE enum status store_replay_seen(struct store *st, const struct replay_key *k, bool *seen, struct fault *err);
MUST_USE enum status store_replay_add(struct store *st, const struct replay_key *k, int64_t letter, int64_t now, struct fault *err);
MUST_USE enum status store_ack_count(struct store *st, const char *address, int64_t since, unsigned *to_sender, unsigned *in_all,
                                     int64_t since_all, struct fault *err);
MUST_USE enum status store_ack_add(struct store *st, const char *address, int64_t now, struct fault *err);

struct pending_letter {
  const char *to, *to_name, *kind, *message_id, *envelope_json; /* envelope_json: what compose needs besides the content */
  int64_t party;
  struct bytes content;    /* the very bytes before encryption */
};
struct pending_release {
  const char *token;       /* 16 characters a-z2-7 */
  const char *case_id, *by;/* analyst who asked */
  const char *what;        /* "reply", "notify" */
  int64_t made_at, expires_at, reminded_at; /* reminded_at: when somebody was told that it waits; 0 */
  int gate;                /* persons */
  bool released, cancelled;
  bool expired;            /* cancelled, because its time was over */
  unsigned char hash[32];  /* over all contents and recipients */
  struct pending_letter *letter;
  size_t letter_count;
};
MUST_USE enum status store_pending_put(struct store *st, const struct pending_release *p, struct fault *err);
MUST_USE enum status store_pending_get(struct store *st, struct pool *pool, const char *token, struct pending_release *out, bool *found,
                                       struct fault *err);
/* by "": its time was over. */
MUST_USE enum status store_pending_end(struct store *st, const char *token, bool released, const char *by, int64_t now, struct fault *err);
MUST_USE enum status store_pending_remind(struct store *st, const char *token, int64_t now, struct fault *err);
MUST_USE enum status store_pending_list(struct store *st, struct pool *pool, const char *case_id, struct pending_release **out,
                                        size_t *count, struct fault *err); /* case_id NULL: all; open ones; without contents */

/* ---- publications: one row for each version of a case's advisory that was approved ---- */
enum publication_state {
  PUBLICATION_APPROVED = 1, /* waits for its instant */
  PUBLICATION_SIGNED,       /* and its documents are signed */
  PUBLICATION_OUT,          /* it is on the site */
  PUBLICATION_CANCELLED,
};
const char *publication_state_name(enum publication_state s); /* "scheduled", "published" */
struct publication_file {
  const char *name;  /* "html", "text", "csaf", "cve"; signatures: "text.asc", "csaf.asc" */
  struct bytes body;
};
struct publication {
  int64_t id;
  const char *case_id;
  unsigned version;        /* 1 and up; one that was cancelled takes no number */
  enum publication_state state;
  const char *what;        /* "publish", "revise", "withdraw" */
  const char *token;       /* under which it was approved, and may be cancelled; "" */
  const char *by, *released_by; /* who asked, who approved; released_by "": nobody had to */
  const char *summary;     /* what changed, or why it is withdrawn: public */
  int64_t approved_at, planned_at, first_at, out_at; /* first_at: planned_at of version 1 */
  const char *ended_by;    /* who cancelled it; "": the gateway */
  unsigned tries;          /* that failed */
  int64_t retry_at;        /* not before; 0 */
  int64_t alarmed_at;      /* when the analysts last heard of the trouble; 0 */
  const char *last_error;  /* "" */
  const char *entry;       /* of one that is out: what the lists say of it, as JSON; readable when the case was erased, too */
  struct publication_file *file;
  size_t file_count;
};
MUST_USE enum status store_publication_put(struct store *st, const struct publication *p, int64_t *id, struct fault *err);
/* With its files. REJECT: none has that number; or its case was erased. */
MUST_USE enum status store_publication_load(struct store *st, struct pool *pool, int64_t id, struct publication *out, struct fault *err);
/* Of that case alone (of merged ones, each has its own); NULL: all. The oldest first, without files. One whose case was erased has its
 * id, state, version, times and entry, and "" for the rest. */
MUST_USE enum status store_publication_list(struct store *st, struct pool *pool, const char *case_id, struct publication **out, size_t *count,
                                            struct fault *err);
/* Those that wait (APPROVED, SIGNED) and are due by now, retry_at too; *next: the earliest that is still to come; 0: none. */
MUST_USE enum status store_publication_due(struct store *st, int64_t now, int64_t *ids, size_t max, size_t *count, int64_t *next,
                                           struct fault *err);
/* APPROVED becomes SIGNED, with these further files. */
MUST_USE enum status store_publication_signed(struct store *st, int64_t id, const struct publication_file *file, size_t count,
                                              struct fault *err);
MUST_USE enum status store_publication_out(struct store *st, int64_t id, int64_t now, const char *entry, struct fault *err);
/* DENIED: it is out, or cancelled. by "": the gateway, because its approval holds no longer. */
MUST_USE enum status store_publication_cancel(struct store *st, int64_t id, const char *by, int64_t now, struct fault *err);
struct publication_trouble { const char *error; int64_t retry_at, alarmed_at; };
MUST_USE enum status store_publication_failed(struct store *st, int64_t id, const struct publication_trouble *t, struct fault *err);

/* ---- small persistent facts: "ring-digest", "last-start" ---- */
MUST_USE enum status store_meta_get(struct store *st, struct pool *pool, const char *name, char **value, struct fault *err); /* NULL */
MUST_USE enum status store_meta_set(struct store *st, const char *name, const char *value, struct fault *err);
struct store_counts { int64_t cases_open, cases, recorded, held, quarantined, applied, outbox_unsent, outbox_failed, pending; };
MUST_USE enum status store_counts_get(struct store *st, struct store_counts *out, struct fault *err);
#endif
