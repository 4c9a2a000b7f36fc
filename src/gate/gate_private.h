/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For siblings in gate/ only. */
#ifndef EMBARGOD_GATE_PRIVATE_H
#define EMBARGOD_GATE_PRIVATE_H
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <embargod/gate.h>

#include <embargod/case.h>
#include <embargod/channel.h>
#include <embargod/command.h>
#include <embargod/conf.h>
#include <embargod/failpoint.h>
#include <embargod/helper.h>
#include <embargod/mail.h>
#include <embargod/parts.h>
#include <embargod/pgp.h>
#include <embargod/secret.h>
#include <embargod/store.h>
#include <embargod/template.h>
#include <embargod/template_vars.h>
#include <embargod/text.h>

#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/types.h>

#define RUNS_MAX 16               /* letters in hand at a time */
#define RUN_BYTES_MAX (4u << 20) /* and their raw bytes together (one letter may be larger): large ones go one after the other */
#define LARGE_MAIL (1u << 20)     /* from here on a mail of ours is made when its turn comes, and its pieces do not stay */
#define FETCH_BYTES_MAX (32u << 20)
#define RUN_LAYERS 8              /* MIME entities inside one letter: the letter, what was decrypted, what was signed ... */
#define RUN_ATTEMPTS 3            /* the third crash on one letter quarantines it */
#define GROUP_COMMIT_MS 20        /* at most this long does a finished letter wait for others to share its commit */
#define INBOXES_MAX 16

struct run;

/* ---- what a letter turned out to say ---- */
struct layer {
  struct bytes bytes;       /* the entity, as it came or was decrypted */
  struct part_table table;
  enum mail_pgp_kind how;   /* how it lies in its parent; NONE for the letter itself */
  int parent;               /* layer; -1 */
  uint32_t parent_part;     /* part of the parent that held it */
  bool mangled, whole_text;
  struct pgp_result result; /* of opening (or verifying) it */
  struct bytes signed_bytes;/* what the signature is over: for the replay key */
  bool parsed;              /* table is filled */
  bool expanded;            /* looked through for OpenPGP */
  struct bytes payload, signature; /* what embargod-crypt was given */
};
struct reading {
  struct layer layer[RUN_LAYERS];
  unsigned count;
  unsigned main;            /* layer that holds what was written */
  bool encrypted;           /* main lies under an encryption layer */
  bool partly;              /* text lies outside the signature or encryption */
  enum pgp_verdict verdict; /* of main */
  const struct pgp_result *signature; /* the result that verdict comes from; NULL */
  struct bytes signed_bytes;
  enum pgp_outcome trouble; /* of the first layer that could not be opened; 0 = none */
  const struct pgp_result *trouble_result;
  struct mail_view view;    /* outer headers of the letter */
  struct mail_protected prot;
  const char *subject;      /* protected, else outer */
  const char *text;         /* of main, or what is readable */
  const char *outside;      /* text beside main that its signature or encryption does not cover; "" */
  int32_t text_part;        /* first text part in main's table, -1 */
  struct mail_attachment *attachment;
  size_t attachment_count;
  uint32_t repairs;
  const char *automatic;    /* mark of automatic mail; NULL */
  struct mail_dsn dsn;
  struct pgp_cert *cert;    /* certificates that came with it: attached, Autocrypt */
  size_t cert_count;
  bool cert_autocrypt[PGP_CERTS_MAX];
  bool cert_covered[PGP_CERTS_MAX]; /* it lies under the signature of main */
  size_t wkd_first;
  const char *rolled_to;    /* fingerprint of the key that its sender has gone over to with it; NULL */
  const struct pgp_cert *new_key; /* a key for its sender that is not used before an analyst's word; NULL */
  const char *revoked;      /* fingerprint of a key that we knew and that it revokes; NULL */
  bool reopened;            /* opened a second time with the keys that it brought, or that it may be signed by */
  struct bytes named[4];    /* of the participants of the cases that it names: they may write from anywhere */
  size_t named_count;
};

/* ---- what is to be done about it: filled by decide, written by commit ---- */
struct party_ref {
  struct vuln_case *vc;
  size_t index;
}; /* vc NULL: nobody of a case */
/* What a notice or reply was made from, and by whose word. */
struct letter_record {
  const char *template_name, *language, *version; /* version: template_version() */
  const char *asked_by, *released_by;             /* released_by "": nobody had to */
};
struct outgoing {
  const char *kind;         /* outbox kind: "acknowledgement", "forward", "stub", "receipt", "reply", "notice", "copy", "alarm", "embargo" */
  struct vuln_case *vc;     /* NULL: system scope */
  struct party_ref party;
  const char *to_name;      /* for people: analyst's or stakeholder's name */
  struct mail_draft draft;
  bool encrypt;
  const char *fingerprint;  /* recipient's key */
  struct bytes key;         /* its certificate when it is in no ring */
  bool must;                /* a command's letter: when it cannot be sealed, the whole mail is refused */
  bool droppable;           /* a stub or alarm: when it cannot be sealed it is left out and logged */
  bool dropped;             /* left out, or replaced by its fall-back */
  /* Makes what goes out in its place (content-free, in clear) when its recipient's key fails; NULL: nothing does. */
  enum status (*fallback)(struct run *r, struct outgoing *o, struct outgoing **instead, struct fault *err);
  const struct conf_analyst *analyst; /* recipient, of a forward */
  const struct embargo_change *embargo; /* what an "embargo" letter says; NULL */
  struct bytes content;     /* composed, before signing; with `late` only when it is sealed */
  bool late;
  struct pool *side;        /* of a large late one: what it is made of goes before the letter's own memory does */
  struct bytes letter;      /* final bytes, or: */
  struct spill *spill;      /* they are large and wait elsewhere (gate_spill.c); NULL */
  enum status sealed;       /* OK, or why not */
  const char *failure;
  const struct letter_record *record; /* NULL: none is kept */
  const char *copy_subject, *copy_text; /* readable copy kept as a message; NULL: none (system mail) */
};
struct work_event {
  struct vuln_case *vc;
  struct case_event event;
};
struct work_message {
  struct vuln_case *vc;
  struct party_ref party;
  struct case_message message;
};
/* A letter that goes to another case. */
struct work_move {
  struct vuln_case *from, *to;
  struct party_ref party; /* of `to`; nobody: vc NULL */
  int64_t letter, from_party;
  bool thread;
};
/* What becomes of a publication. */
struct publication_op {
  enum { PUBLICATION_OP_PUT = 1, PUBLICATION_OP_SIGNED, PUBLICATION_OP_OUT, PUBLICATION_OP_CANCEL, PUBLICATION_OP_FAILED } what;
  int64_t id;                     /* of one that is there */
  const struct publication *p;    /* PUT; SIGNED: its further files */
  const char *text;               /* OUT: its entry; CANCEL: by whom */
  struct publication_trouble trouble; /* FAILED */
};
struct work_key {
  struct stored_key key;
};
struct work {
  struct vuln_case **vc;
  size_t vc_count, vc_cap;
  struct work_event *event;
  size_t event_count, event_cap;
  struct work_message *message;
  size_t message_count, message_cap;
  struct work_move *move;
  size_t move_count, move_cap;
  struct outgoing **out;
  size_t out_count, out_cap;
  struct work_key *key;
  size_t key_count, key_cap;
  struct pending_release **pending;
  size_t pending_count, pending_cap;
  struct { const char *token, *by; bool released; } *pending_end;
  size_t pending_end_count, pending_end_cap;
  const char **pending_reminded; /* tokens */
  size_t pending_reminded_count, pending_reminded_cap;
  struct { enum { KEY_OP_DROP, KEY_OP_ACCEPT, KEY_OP_SUPERSEDE } what; const char *fingerprint, *address; } *key_op;
  size_t key_op_count, key_op_cap;
  struct publication_op *publication;
  size_t publication_count, publication_cap;
  struct replay_key replay;
  bool has_replay;
  const char *ack_address;  /* counts against the caps */
  const char *block_address, *block_case;
  int64_t bounced;          /* outbox letter that came back; 0 */
  const char *bounce_error;
  int64_t failed;           /* outbox letter that failed for good; 0 */
  struct outbox_end failed_end;
  bool keys_revoked, own_revoked; /* it brings the revocation of a key of the configuration; of our own */
  bool forgive;             /* the attempt was the machine's fault */
  const char *meta, *meta_value; /* a small fact of the store; NULL */
  struct intake_end end;
};

struct run;
struct side {
  struct side *next;
  struct pool *pool;
};
enum run_stage { RUN_PARSE = 0, RUN_OPEN, RUN_KEYS, RUN_LOOKUP, RUN_DECIDE, RUN_SEAL, RUN_COMMIT, RUN_DONE };
struct run {
  struct gate *g;
  struct run *next;
  struct pool *pool;        /* wiping */
  struct intake_letter in;
  struct bytes raw;
  struct side *sides;       /* pools that end with this one at the latest */
  struct spill *spills;     /* files that do */
  enum run_stage stage;
  unsigned waiting;         /* answers still to come */
  bool abandoned;           /* freed when the last answer has come */
  bool started;
  bool system;              /* no letter came in: a mail of our own making; in is empty */
  void (*decide)(struct run *r); /* of a system run */
  const char *about;        /* the case that a reminder is about */
  int64_t publication;      /* the one that it is about; 0 */
  bool whole;               /* of a system run: what it records is written together with its mails or not at all */
  /* Behind the seals and right before the commit that records it; when it fails, last_failed goes on in its place. NULL: nothing. */
  enum status (*last_step)(struct run *r, struct fault *err);
  void (*last_failed)(struct run *r, const char *why);
  void *last_arg;
  bool parked;              /* its case (or its sender's earlier letter) is busy */
  bool alone;               /* came back after a crash */
  bool failed;              /* some answer failed: fault says it */
  bool died;                /* a helper died with it: costs an attempt */
  struct fault fault;
  struct reading rd;
  struct work work;
  const char *new_id;       /* given to the case that it opens; NULL */
  const char **busy;        /* ids of the cases it changes, from decide to commit */
  size_t busy_count, busy_cap;
  const char *refuse;       /* set by seal: a command's letter cannot be sealed: decide again, refusing with this */
  int64_t ready_at;         /* monotonic ms */
  struct mail_view *early;  /* of the outer letter, once parsed */
  bool looked_up;
  bool wkd;                 /* the certificates from rd.wkd_first on came from WKD */
};

struct analyst_key {
  const struct conf_analyst *analyst;
  struct pgp_cert cert;
  bool usable;
  const char *problem;
};
struct stakeholder_key {
  const struct conf_stakeholder *stakeholder;
  struct pgp_cert cert;
  bool usable;
  const char *problem;
};

struct fetch_want {
  struct fetch_want *next;
  const char *folder, *uid;
  int64_t uidvalidity, size;
};
struct inbox {
  struct gate *g;
  const struct conf_server *server;
  struct helper_pool *hp;
  enum fetch_state state;
  char trouble[256];
  struct pool *pool;        /* of the wants */
  struct fetch_want *first, *last;
  size_t wants, on_the_way; /* letters asked for */
  int64_t bytes_on_the_way;
  bool scanned, scan_failed, scan_asked;
  size_t settling;
  int64_t settle_after;     /* back-off after a refused settle */
  int64_t token_at;         /* monotonic: when a refused token was last replaced */
  unsigned lives;           /* processes that were configured: --once looks again after a death, but not for ever */
};

struct outbox_answer {
  struct outbox_answer *next;
  int64_t id;
  bool notice;
  struct outbox_end end;
};

struct gate {
  struct gate_options options;
  struct logger log;
  struct clock clock;
  struct pool *pool;        /* of the gate's life */
  struct pool *conf_pool;   /* of the configuration in force */
  struct conf *conf;
  struct template_set *templates;
  struct secret_key *master;
  struct store *store;
  bool tx_open;
  int64_t tx_since;         /* monotonic ms of the first write in it */
  size_t tx_ready;          /* runs and answers waiting for the commit */

  struct helper_pool *parse, *crypt, *send, *https;
  pid_t agent;
  int64_t agent_since, agent_next; /* monotonic ms: started, to be started */
  int64_t agent_wake;       /* monotonic ms: when letters that its death held are tried again; 0 */
  unsigned agent_deaths;
  bool ring_ready;          /* keys are checked, the ring is built: letters may be opened */
  struct pool *key_pool;
  struct pgp_cert own;
  struct analyst_key *analyst;       /* conf->analyst_count */
  struct stakeholder_key *stakeholder;
  unsigned keys_waiting;
  bool keys_failed;
  int64_t keys_again;       /* monotonic ms: when to look at the keys once more */
  char keys_trouble[512];

  struct inbox inbox[INBOXES_MAX];
  size_t inbox_count;

  struct run *runs;         /* in arrival order */
  size_t run_count;
  size_t run_bytes;
  int case_year, case_serial; /* highest id given out but maybe not yet saved */

  size_t sending;
  char outbox_trouble[512]; /* why the last mail could not leave; "" when it did */
  int64_t login_at;         /* monotonic: when the outbox got its login anew */
  struct outbox_answer *answers; /* ends of sends, written with the next commit */
  struct pool *answer_pool;
  int64_t outbox_look_at;   /* wall time of the next look */
  int64_t due_look_at;
  int64_t chase_look_at;    /* wall clock: when silent participants are looked for again */
  int64_t digest_look_at;   /* wall clock */
  int64_t embargo_look_at;  /* wall clock: when the next embargo may end */
  int64_t key_look_at;      /* wall clock */
  int64_t pending_look_at;  /* wall clock */
  int64_t publish_look_at;  /* wall clock: when the next publication is due */
  int64_t site_look_at;     /* monotonic ms: when the site is looked at again */
  bool site_due;            /* it must be made anew before anything is published */
  int64_t wall_seen, mono_seen; /* both clocks at the last look; 0: none yet */
  int64_t clock_off;        /* seconds that the wall clock has jumped and nobody has confirmed: releases are held; 0 */
  struct pool *changed_pool;
  const char **changed;     /* cases in which something has happened */
  size_t changed_count, changed_cap;
  int64_t changed_look_at;  /* wall clock: when they are looked at */
  struct pool *agenda_pool;
  struct due_agenda *agenda;  /* when the deadlines of which open case are looked at */
  int64_t deadline_look_at; /* wall clock: when the agenda is looked at again; 0: all open cases */
  int64_t deadlines_all_at; /* wall clock: when all open cases are */
  bool wake_held;           /* what letters were held for may have changed: each is due now */

  int signal_fd, control_fd;
  struct control_client *clients;
  bool stopping, broken, deferred, reload_wanted;
  int64_t store_pause;      /* monotonic ms: the store could not be written, nothing is started before */
  bool did_something;       /* in this round of the loop */
  unsigned quiet_rounds;
  int64_t stop_by;          /* monotonic ms: after it the letters in hand are left for the next start */
  struct fault broken_fault;
  const char *notify_socket;
  int64_t watchdog_ms, watchdog_next;
  const char *lock_path;
};

/* gate.c */
MUST_USE enum status gate_reload(struct gate *g, struct fault *err);
/* gate_loop.c */
MUST_USE enum status gate_start(struct gate *g, struct fault *err); /* signals, recovery, control socket, helpers */
void gate_poll_once(struct gate *g, int timeout_ms);
void gate_break(struct gate *g, const struct fault *err); /* BROKEN: no more work, the loop ends */
void gate_notify(struct gate *g, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* gate_tx.c: one open transaction that group commit closes */
MUST_USE enum status gate_tx_open(struct gate *g, struct fault *err);
/* Commits when it is time (or now). After it: sends, settles and new runs may start. */
void gate_tx_tick(struct gate *g, bool now);
/* Undoes what is open after err; ST_RETRY: a pause, then all of it once more. */
void gate_tx_abandon(struct gate *g, const struct fault *err);

/* gate_helpers.c */
void gate_helpers_start(struct gate *g); /* what does not start is logged and tried again */
void gate_helpers_stop(struct gate *g);
void gate_agent_tick(struct gate *g);
const char *gate_program(struct gate *g, struct pool *pool, const char *name);

/* gate_ring.c: our key, the analysts' and stakeholders' certificates, the working ring */
void gate_ring_start(struct gate *g);
void gate_ring_again(struct gate *g); /* one of the keys is used no more */
void gate_own_revoked(struct gate *g); /* nothing is signed before there is another key */
void gate_ring_tick(struct gate *g); /* after trouble: once more, every half minute */
const struct analyst_key *gate_analyst_key(const struct gate *g, const struct conf_analyst *a);
const struct stakeholder_key *gate_stakeholder_key(const struct gate *g, const struct conf_stakeholder *s);

/* gate_fetch.c */
void gate_fetch_event(void *self, const struct wire_msg *event);
/* The server refused the login: runs the token command again and hands the running embargod-fetch the answer. */
void gate_fetch_new_token(struct inbox *in);
bool gate_fetch_config(void *self, struct wire_msg *config);
/* The submission server refused the login, or embargod-send has no usable configuration: the token command runs again, or a new
 * process reads the password file again. At most once a minute. True: a mail may be tried again at once. */
bool gate_send_new_login(struct gate *g);
void gate_send_anew(struct gate *g); /* an operator mended something: embargod-send reads its files and token again */
/* What was on the way is not recorded: the helper starts anew and offers all again. */
void gate_fetch_forget(struct inbox *in);
void gate_fetch_tick(struct gate *g);  /* wants, settles, scans */

/* gate_run.c */
void gate_runs_tick(struct gate *g);   /* starts what is due, wakes what is parked */
/* Sends a job for r; answer() is not called for a run that was dropped in the meantime. */
typedef void run_answer_fn(struct run *r, struct pool *pool, const struct wire_msg *answer, void *arg);
void run_submit(struct run *r, struct helper_pool *hp, const struct wire_msg *m, run_answer_fn *answer, void *arg);
/* An answer that is no good becomes r's failure: a dead helper, CH_ERROR, an unexpected type. True when it is good. */
bool run_answer_ok(struct run *r, const struct wire_msg *answer, uint16_t type, const char *what);
void run_goto(struct run *r, enum run_stage stage);
/* One that no letter stands behind; it begins with RUN_DECIDE. */
struct run *run_new_system(struct gate *g, void (*decide)(struct run *r)); /* begins with decide when the keys are ready */
bool run_in_hand(const struct gate *g, void (*decide)(struct run *r), const char *about); /* such a one is on its way */
void run_fail(struct run *r, const struct fault *err); /* RETRY: later; REJECT: quarantine; BROKEN: end */
void run_died(struct run *r, const char *what);
/* A pool that ends with the run; pool_reset() gives back what is large in it. */
struct pool *run_side(struct run *r, const char *name);
void run_free(struct gate *g, struct run *r);
bool run_claim(struct run *r, const char *case_id); /* false: busy in another letter's hands; parks r */
bool run_earlier_blocks(struct run *r);

/* gate_intake.c */
void run_stage_start(struct run *r);

/* gate_read.c */
void read_parse(struct run *r);
void read_open(struct run *r);
/* Once more with the certificates that the letter brought, for signatures by unknown keys. False: nothing to do. */
bool read_reopen(struct run *r);
void reading_finish(struct run *r);

/* gate_keys.c */
void keys_inspect(struct run *r);
void keys_lookup(struct run *r);
/* The reporter's key to use now: from the store or (usable, matching address) from this letter. */
MUST_USE enum status keys_choose(struct run *r, const char *address, struct stored_key *out, bool *found, struct fault *err);
/* In each of its cases a party has the key that it went over to in another, or that an analyst has accepted for its address since. */
MUST_USE enum status keys_follow(struct run *r, struct party *p, struct fault *err);
MUST_USE enum status keys_take_in(struct run *r, const char *address, struct fault *err);

/* gate_revoked.c: keys of the configuration that a mail revokes */
#define REVOKED_PROBLEM "its owner revoked it by mail: put their new key into key_file and its fingerprint into the configuration"
/* Certificates to which a bare revocation certificate of this letter may belong: ours, its sender's; in an analyst's mail anybody's. */
size_t revoked_candidates(struct run *r, struct bytes *out, size_t max);
/* Is that a key of the configuration that was revoked, by this very letter or before? */
bool revoked_now(const struct run *r, const char *fingerprint);
bool revoked_recorded(struct gate *g, const char *fingerprint); /* by mail, before */
/* Before the letter is decided: nothing goes to a key that it revokes. In memory; the store and the ring follow with the commit. */
void revoked_use_no_more(struct run *r);
/* After it was decided: its revocations are recorded with it, the other analysts are told. */
MUST_USE enum status revoked_take_in(struct run *r, struct fault *err);
void revoked_committed(struct gate *g, bool own);

/* gate_decide.c */
void run_decide(struct run *r);
MUST_USE enum status decide_quarantine(struct run *r, const char *reason, const char *advice, struct fault *err);
MUST_USE enum status decide_hold(struct run *r, const char *reason, int64_t retry_at);
/* Back to its record: the attempt counts. */
MUST_USE enum status decide_again(struct run *r, const char *reason);

/* gate_thread.c: the case of that id (of a merged one: where it went), NULL for somebody's guess */
MUST_USE enum status thread_load(struct run *r, const char *id, struct vuln_case **vc, struct fault *err);
/* Which case it belongs to, and as whose letter (0: not known). */
MUST_USE enum status thread_find(struct run *r, struct thread_answer *out, int64_t *party, struct fault *err);

struct outside;
/* gate_forward.c: a letter as the analysts get it, and how it came, in words */
char *letter_signer(struct run *r);
char *letter_signer_outside(struct run *r);
const char *letter_protection(const struct run *r);
const char *letter_text(const struct run *r);
bool letter_authenticated(const struct run *r);
/* said: what the sender asked for by verbs, and what is left to do. original: of the one that vc is a duplicate of;
 * NULL. */
MUST_USE enum status report_forward(struct run *r, struct vuln_case *vc, const struct vuln_case *original, const struct outside *said,
                                    const char *mentions, struct fault *err);

/* gate_report.c, gate_command.c, gate_bounce.c */
MUST_USE enum status report_decide(struct run *r, struct fault *err);
MUST_USE enum status report_new_id(struct run *r, const char **id, struct fault *err);
void report_return_id(struct run *r); /* no case was opened after all: the number is free again, unless a later one was given out */
MUST_USE enum status report_undecryptable(struct run *r, struct fault *err);
MUST_USE enum status command_decide(struct run *r, const struct conf_analyst *a, struct fault *err);
MUST_USE enum status unsigned_analyst_decide(struct run *r, const struct conf_analyst *a, struct fault *err);
MUST_USE enum status bounce_decide(struct run *r, bool *ours, struct fault *err);

/* gate_write.c: letters from templates */
struct letter_spec {
  const char *kind, *template_name, *language;
  struct vuln_case *vc;
  struct party_ref party;
  const char *to_name, *to_address;
  const char *auto_submitted;
  const char *subject;        /* NULL: the template's */
  const char *thread_for;     /* Message-ID being answered; NULL */
  const char *fingerprint;    /* "" or NULL: no key */
  struct bytes key;
  bool encrypt;
  const struct mail_attachment *attachment;
  size_t attachment_count;
  bool attach_key;
  bool late;                  /* composed only when it is sealed: a forward, which nobody looks at before */
  const char *serial;         /* makes the Message-ID unique among those of this letter */
};
/* vars: letter-specific ones are in it already; the case's, recipient's and reference line are added here. */
MUST_USE enum status write_letter(struct run *r, const struct letter_spec *spec, struct tvalue *vars, struct outgoing **out,
                                  char ***missing, struct fault *err);
MUST_USE enum status write_to_analyst(struct run *r, const struct conf_analyst *a, struct letter_spec *spec, struct tvalue *vars,
                                      struct outgoing **out, struct fault *err);
char *write_tag(struct gate *g, struct pool *pool, const char *case_id, const char *recipient);
struct tvalue *write_vars(struct run *r, struct vuln_case *vc, const char *language);
bool analyst_gets_alarm(const struct conf *c, const struct conf_analyst *a);
bool analyst_gets_case(const struct conf_analyst *a, const struct vuln_case *vc);

/* gate_records.c */
const char *record_json(struct run *r, const struct outgoing *o); /* "": none is kept */
const char *record_short(struct pool *pool, const struct letter_record *k); /* for the history */
MUST_USE enum status records_show(struct gate *g, struct pool *pool, const char *id, struct buf *b, struct fault *err);
struct json_t *records_json(struct gate *g, struct pool *pool, const char *id);
MUST_USE enum status record_delivered(struct gate *g, const struct outbox_answer *a, struct fault *err);

/* gate_work.c */
void work_reset(struct run *r);
void work_case(struct run *r, struct vuln_case *vc);
void work_event(struct run *r, struct vuln_case *vc, const char *kind, const char *who, const char *fmt, ...) PRINTF_LIKE(5, 6);
void work_message(struct run *r, struct vuln_case *vc, struct party_ref party, const struct case_message *m);
void work_out(struct run *r, struct outgoing *o);
void work_pending(struct run *r, struct pending_release *p);
void work_publication(struct run *r, const struct publication_op *op);
void work_end(struct run *r, enum letter_state state, enum letter_class klass, const char *case_id, const char *reason);
/* An alarm that a stranger can provoke: at most alarms_per_hour of them; the last ones say so, and what would be more is in the
 * quarantine and in the log. */
MUST_USE enum status work_alarm_capped(struct run *r, struct vuln_case *vc, const char *template_name, struct tvalue *vars, const char *serial,
                                       struct fault *err);
/* Tells the duty analysts (leads when nobody is on duty): "alarm" letters of system scope or of the case. */
void work_acks_in_hand(const struct run *r, const char *address, unsigned *to_sender, unsigned *in_all);
MUST_USE enum status work_alarm(struct run *r, struct vuln_case *vc, const char *template_name, struct tvalue *vars, const char *serial,
                                struct fault *err);

/* gate_spill.c */
/* sealed: armored; the letter is made around it. False: it could not be written, which was logged. */
bool spill_put(struct run *r, struct outgoing *o, struct bytes sealed);
/* The letter, checked once more. */
MUST_USE enum status spill_get(const struct outgoing *o, struct pool *pool, struct bytes *out, struct fault *err);
void spills_free(struct run *r);
bool outgoing_sealed(const struct outgoing *o); /* its final bytes are there */

/* gate_seal.c, gate_commit.c */
void run_seal(struct run *r);
/* Inside the open transaction. A fault of this one letter is dealt with inside; what comes out concerns the store. */
MUST_USE enum status run_commit(struct run *r, struct fault *err);

/* gate_effects.c */
MUST_USE enum status effects_carry_out(struct run *r, const struct conf_analyst *a, struct plan *plan, const struct command_mail *m,
                                       struct tvalue *vars, struct fault *err);
/* gate_structure.c */
bool structure_letter(void *self, int64_t id, struct command_letter *out); /* command_world.letter; self: the run */
/* gate_answer.c */
MUST_USE enum status answer_text(struct gate *g, struct pool *pool, const struct effect *e, const struct vuln_case *vc, char **out,
                                 struct fault *err);
MUST_USE enum status answer_case(struct gate *g, struct pool *pool, const struct vuln_case *vc, bool with_text, char **out,
                                 struct fault *err);
MUST_USE enum status answer_list(struct gate *g, struct pool *pool, const char *filter, char **out, struct fault *err);
void answer_filter(struct gate *g, struct pool *pool, const char *text, struct case_filter *f);
char *answer_fields(struct gate *g, struct pool *pool, const struct vuln_case *vc); /* gate_fields.c */
MUST_USE enum status answer_history(struct gate *g, struct pool *pool, const char *case_id, char **out, struct fault *err);

/* gate_party.c */
/* What a letter to a party says of the party itself. */
void party_vars(struct run *r, struct tvalue *vars, const struct vuln_case *vc, const struct party *p, const char *language);
/* The key by which a party is written to. DENIED: we have one that cannot be used. Not encrypted: we have none. */
MUST_USE enum status party_key(struct run *r, const struct party *p, struct stored_key *out, bool *found, struct fault *err);
/* Has anything gone to that party, or come from it? */
MUST_USE enum status party_was_written(struct run *r, const struct vuln_case *vc, const struct party *p, bool *was, struct fault *err);
/* Certificates of the participants of the cases that the letter names, by reference, token or subject. */
size_t party_keys_named(struct run *r, struct bytes *out, size_t max);
const char *party_language(const struct conf *c, const struct party *p);
/* gate_chase.c: participants who do not answer */
void gate_chase_tick(struct gate *g);
/* gate_outside.c: verbs of reporters and participants */
struct outside {
  bool opens;           /* the letter opened the case */
  struct tvalue *verbs; /* for the forward; NULL: it holds none */
  const char *advice;   /* to the analysts: what is left to do; "" */
  bool bare;            /* nothing but questions, proved to be theirs, and answered */
};
/* Carries out what the sender, party `index` of *vc, may; *vc becomes the case after it. Before the letter's keys are taken in. */
MUST_USE enum status outside_decide(struct run *r, struct vuln_case **vc, size_t index, struct outside *out, struct fault *err);
struct party *outside_sender(const struct run *r, const struct vuln_case *vc);
/* That party, when the sender is it: of a thread or a token, which lead to one party. One person may be two, after a merge. */
struct party *outside_sender_as(const struct run *r, const struct vuln_case *vc, int64_t party);
bool report_comes_with(const struct run *r, const char *fingerprint); /* gate_report.c: it is signed by that key, or brings it */
const struct pgp_signature *outside_own_signature(const struct run *r, const char *fingerprint); /* the oldest by that key; NULL */
bool outside_signed_by(const struct run *r, const char *fingerprint);
MUST_USE enum status report_ack_cap(struct run *r, const char *address, const char **why, struct fault *err);

/* gate_outbox.c */
void gate_outbox_tick(struct gate *g);
MUST_USE enum status gate_outbox_write_answers(struct gate *g, struct fault *err);
void gate_outbox_committed(struct gate *g);

/* gate_unsent.c: takes the place of gate_outbox_write_answers() for a mail that failed for good */
void unsent_tell(struct gate *g, int64_t mail, const struct outbox_end *end);

/* gate_due.c */
void gate_due_tick(struct gate *g);
void gate_due_changed(struct gate *g, const char *case_id); /* something has happened in it: it is looked at soon */
void gate_due_changed_by(struct run *r);
/* gate_due_show.c */
MUST_USE enum status due_list(struct gate *g, struct pool *pool, struct vuln_case *vc, struct buf *b, struct fault *err);
/* id: of one case; "": all open ones. */
/* gate_advisory.c: embargoctl advisory; argv[0] is the verb. Gives the exit status; what is to be printed in out. */
int advisory_verb(struct gate *g, struct pool *pool, int argc, const char *const *argv, struct buf *out);
int site_verb(struct gate *g, struct pool *pool, int argc, const char *const *argv, struct buf *out); /* gate_publish_site.c */
MUST_USE enum status due_verb(struct gate *g, struct pool *pool, const char *id, bool as_json, struct buf *b, struct fault *err);
const char *due_event_text(struct pool *pool, const struct case_event *e); /* for people: without the keys of a reminder */
MUST_USE enum status due_show(struct gate *g, struct pool *pool, const struct vuln_case *vc, struct buf *b, struct fault *err);

/* gate_embargo_end.c */
void gate_embargo_tick(struct gate *g);
void gate_embargo_changed_by(struct run *r); /* committed: the next end may be another one */

/* gate_digest.c */
void gate_digest_tick(struct gate *g);
/* gate_keywatch.c */
void gate_keywatch_tick(struct gate *g);
/* gate_pending.c */
void gate_pending_tick(struct gate *g);
MUST_USE enum status pending_list(struct gate *g, struct pool *pool, struct buf *b, struct fault *err);
MUST_USE enum status pending_json(struct gate *g, struct pool *pool, struct buf *b, struct fault *err);
/* gate_stats.c */
MUST_USE enum status stats_answer(struct gate *g, struct pool *pool, const char *period, bool as_json, struct buf *b, struct fault *err);

/* gate_clock.c: a wall clock that jumps (DUE_JUMP_S) holds what is released until it is back or an operator has confirmed it */
MUST_USE enum status gate_clock_load(struct gate *g, struct fault *err);
void gate_clock_tick(struct gate *g);
bool gate_clock_held(const struct gate *g);
char *gate_clock_text(const struct gate *g, struct pool *pool); /* "2 h forward"; "" when nothing is held */
MUST_USE enum status gate_clock_confirm(struct gate *g, struct fault *err); /* inside the open transaction */

/* gate_publish.c: what is due is signed, published and told */
void gate_publish_tick(struct gate *g);
bool gate_publish_in_hand(const struct gate *g, const char *case_id); /* such a run is on its way */
void gate_publish_changed_by(struct run *r);
MUST_USE enum status publish_write(struct gate *g, const struct work *w, struct fault *err); /* inside the open transaction */

/* gate_control.c */
MUST_USE enum status gate_control_listen(struct gate *g, struct fault *err);
size_t gate_control_prepare(struct gate *g, struct pollfd *fds, size_t max);
void gate_control_done(struct gate *g, const struct pollfd *fds, size_t count);
void gate_control_close(struct gate *g);
#endif
