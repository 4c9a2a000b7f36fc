/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt: embargod-crypt, the one program that talks to GnuPG (through gpgme). One operation at a time.
 *
 * The worker's current folder is the GnuPG home, and gpg gets "/proc/self/cwd" as its home folder: however long the
 * real path is, the agent's socket path stays below the limit of sockaddr_un, and nothing has to be cleaned up.
 *
 * What lies in a home (all of it made by us, 0700):
 *   gpg.conf             names the working ring; replaced by rename
 *   ring-N.kbx           immutable snapshots of the working ring, built by import
 *   gpg-agent.conf, S.gpg-agent, private-keys-v1.d/, openpgp-revocs.d/
 *   home.lock, agent.lock  flock()ed: changes of the home, the one agent of this home
 *   scratch.XXXXXX/      a worker's own throw-away home, flock()ed while it lives, swept at the next start */
#ifndef CRYPT_PRIVATE_H
#define CRYPT_PRIVATE_H
#include <embargod/base.h>
#include <embargod/channel.h>
#include <embargod/clock.h>
#include <embargod/helper.h>
#include <embargod/pgp.h>
#include <embargod/wire.h>
#include <gpgme.h>
#include <poll.h>
#include <sys/types.h>

#include "packet.h"

#define CRYPT_HOME "/proc/self/cwd" /* what gpg and gpg-agent get as their home */
#define CRYPT_KEY_MAX (256u << 10)  /* one certificate */
#define CRYPT_KEYS_MAX 10           /* certificates in one file */
#define CRYPT_PLAIN_DEFAULT (64u << 20)
#define CRYPT_LARGE (256u << 10) /* bytes of input */
#define CRYPT_DEADLINE_DEFAULT_MS 30000

/* ---- sink: where gpg's output goes; wiped, left out of core dumps, never above its cap ---- */
struct crypt_sink {
  char *base; /* address space of cap bytes, touched as it fills: no copy is left behind by growing */
  size_t len, cap;
  bool over;  /* the cap was passed: gpg was killed */
  bool large; /* much is expected: gpgme gets a larger buffer */
};
MUST_USE enum status crypt_sink_open(struct crypt_sink *s, size_t cap, struct fault *err);
void crypt_sink_close(struct crypt_sink *s); /* wipes */
void crypt_sink_clear(struct crypt_sink *s); /* wipes, and may be filled again */
struct bytes crypt_sink_bytes(const struct crypt_sink *s);

/* ---- engine: one gpgme context on one home, run under a deadline ---- */
#define ENGINE_SLOTS 32
struct crypt_slot {
  gpgme_io_cb_t fn;
  void *data;
  int fd, dir;
  bool used;
};
struct crypt_engine {
  gpgme_ctx_t ctx;
  struct crypt_slot slot[ENGINE_SLOTS];
  bool done;
  gpgme_error_t result; /* of the last operation */
  gpgme_key_t *key;     /* what a listing brought: owned */
  size_t keys, keys_cap;
  const struct clock *clock;
  const char *passphrase; /* NULL: keys have none */
  struct {                /* what gpg said with VALIDSIG since crypt_engine_forget_signers() */
    char fpr[PGP_FPR_MAX + 1], primary[PGP_FPR_MAX + 1];
  } signer[PGP_SIGNATURES_MAX];
  unsigned signers;
};
/* The primary fingerprint of the (sub)key that made a signature, by gpg's own word; "" when it said none. */
const char *crypt_engine_primary(const struct crypt_engine *e, const char *fpr);
MUST_USE enum status crypt_engine_open(struct crypt_engine *e, const char *home, const struct clock *clock,
                                       struct fault *err);
void crypt_engine_close(struct crypt_engine *e);
void crypt_engine_drop_keys(struct crypt_engine *e);
/* started: what the gpgme_op_..._start() returned. Runs until gpg is done; at deadline_ms from now kills it and
 * *timeout is true. The operation's own error comes back. Reaps. */
gpgme_error_t crypt_engine_run(struct crypt_engine *e, gpgme_error_t started, int deadline_ms, bool *timeout);
gpgme_data_t crypt_data_in(struct bytes b);           /* borrowed */
gpgme_data_t crypt_data_out(struct crypt_sink *sink); /* kills gpg when the sink is full */
void crypt_data_freep(gpgme_data_t *data);
/* "gpg: Bad signature": library's words for a fault. */
#define CRYPT_PASSPHRASE_ADVICE "our key has a passphrase: key_passphrase_file must name a file that holds it"
/* Our own key has a passphrase that we were not given, or another one: the operator's affair, never the sender's. */
bool crypt_error_passphrase(gpgme_error_t e);
const char *crypt_error_text(gpgme_error_t e, char text[128]);

/* ---- reaper ---- */
MUST_USE enum status crypt_reaper_start(struct fault *err); /* subreaper; children die with us */
/* In a child, between fork and exec: SIGKILL when that parent ends. Not OK: it has ended already. */
MUST_USE enum status crypt_die_with_parent(pid_t parent, struct fault *err);
void crypt_reaper_kill_gpg(void);         /* SIGKILL to each live child named gpg; not to an agent */
void crypt_reaper_reap(void);             /* collects what has ended */
void crypt_reaper_finish(int timeout_ms); /* kill, and wait until no gpg is left */

/* ---- the worker ---- */
struct crypt_ring { /* the working ring as last listed */
  gpgme_key_t *key;
  bool *own; /* we hold the secret part of one of its keys */
  size_t count;
  struct {
    uint64_t dev, ino, size;
    int64_t sec, nsec;
  } conf; /* the gpg.conf it was listed with */
};
struct crypt_extra { /* a certificate that is in no ring, checked and kept for the next letter to it */
  unsigned char digest[32];
  char fpr[PGP_FPR_MAX + 1];
  unsigned flags;
  int64_t expires;
  unsigned file; /* scratch folder: extra-N.gpg */
};
#define EXTRA_MAX 32
struct crypt_worker {
  struct pool *pool; /* as long as the process */
  struct clock clock;
  const char *home; /* absolute */
  int deadline_ms;
  struct bytes passphrase;
  struct crypt_engine engine; /* the working ring */
  struct crypt_ring ring;
  char scratch[32]; /* "scratch.XXXXXX", "" when there is none */
  int scratch_fd;   /* flock()ed folder */
  struct crypt_engine scratch_engine;
  struct crypt_extra extra[EXTRA_MAX];
  unsigned extra_next;
};
struct crypt_job {
  struct pool *pool; /* wiping */
  const struct wire_msg *request;
  struct wire_msg *answer; /* may borrow from sink */
  struct crypt_sink sink;
};
typedef enum status crypt_fn(struct crypt_worker *w, struct crypt_job *job, struct fault *err);
crypt_fn crypt_open, crypt_verify, crypt_seal, crypt_clearsign, crypt_inspect, crypt_ring, crypt_own, crypt_generate;

/* home: absolute; made (0700) when missing. Changes into it. */
MUST_USE enum status crypt_worker_open(struct crypt_worker *w, const char *home, int deadline_ms,
                                       const char *passphrase_file, struct fault *err);
void crypt_worker_close(struct crypt_worker *w);
MUST_USE enum status crypt_worker_lock_in(const struct crypt_worker *w, struct fault *err);
/* Runs one request; the answer is there whatever happens (CH_ERROR). */
void crypt_handle(struct crypt_worker *w, struct crypt_job *job);
MUST_USE enum status crypt_serve(int fd, struct fault *err);

/* ---- home ---- */
enum crypt_conf {
  CONF_RING,
  CONF_IMPORT,       /* of others' certificates: cleaned */
  CONF_IMPORT_WHOLE, /* of what was in a ring of ours */
  CONF_VERIFY,
  CONF_KNOWN, /* the ring, and the certificates of one request as they are */
};
/* text of a gpg.conf; ring: "ring-7.kbx" for CONF_RING, what the scratch home reads beside its own for CONF_VERIFY */
char *crypt_home_conf(struct pool *pool, enum crypt_conf kind, const char *ring);
MUST_USE enum status crypt_home_enter(struct pool *pool, const char *home, struct fault *err);
int crypt_home_lock(const char *name, bool wait); /* descriptor, -1 when somebody else has it */
char *crypt_home_ring(struct pool *pool);         /* the ring that gpg.conf names, or NULL */

/* ---- ring ---- */
MUST_USE enum status crypt_ring_refresh(struct crypt_worker *w, struct fault *err); /* cheap when nothing changed */
void crypt_ring_drop(struct crypt_worker *w);
/* By primary fingerprint; SIZE_MAX when it is not there. */
size_t crypt_ring_find(const struct crypt_ring *r, const char *fpr);
/* By fingerprint or key id of the primary key or any subkey. */
size_t crypt_ring_find_any(const struct crypt_ring *r, const char *id);
bool crypt_ring_is_own_id(const struct crypt_ring *r, const char *id);
enum crypt_keep {
  KEEP_FIRST, /* own keys; nothing is done when there is a ring already */
  KEEP_OWN,
  KEEP_ALL,
};
/* Builds snapshot N+1 of what is kept of the present ring and the given certificates, and switches to it. */
MUST_USE enum status crypt_ring_build(struct crypt_worker *w, enum crypt_keep keep, struct bytes certs,
                                      struct fault *err);
/* The newest own key that can sign, among the wanted ones (NULL-terminated) in their order. */
MUST_USE enum status crypt_ring_signer(struct crypt_worker *w, const char *const *wanted, gpgme_key_t *out,
                                       struct fault *err);

/* ---- keys ---- */
void crypt_key_describe(struct pool *pool, gpgme_key_t key, int64_t now, struct pgp_cert *out);
/* Why it cannot be encrypted to, or NULL. */
const char *crypt_cert_unusable(unsigned flags, int64_t expires, int64_t now);
MUST_USE enum status crypt_engine_list(struct crypt_engine *e, int deadline_ms, struct fault *err); /* into e->key */
struct crypt_exported { /* where an export goes */
  struct pool *pool;
  struct bytes *bytes;
};
/* fprs NULL-terminated. Without signatures by others and without expired parts; and whole. */
MUST_USE enum status crypt_engine_export(struct crypt_engine *e, const char **fprs, struct crypt_exported out,
                                         struct fault *err);
MUST_USE enum status crypt_engine_export_whole(struct crypt_engine *e, const char **fprs, struct crypt_exported out,
                                               struct fault *err);
MUST_USE enum status crypt_engine_import(struct crypt_engine *e, struct bytes certs, int deadline_ms,
                                         struct fault *err);

/* ---- scratch home ---- */
MUST_USE enum status crypt_scratch_open(struct crypt_worker *w, struct fault *err);
void crypt_scratch_close(struct crypt_worker *w);
void crypt_scratch_sweep(void); /* the ones that nobody holds any more */
MUST_USE enum status crypt_scratch_conf(struct crypt_worker *w, enum crypt_conf kind, struct fault *err);
/* Empties the scratch ring and imports one certificate (checked, self-signatures only, clean). */
MUST_USE enum status crypt_scratch_import(struct crypt_worker *w, struct bytes cert, struct fault *err);
void crypt_scratch_empty(struct crypt_worker *w);
/* The scratch home reads the ring and these certificates (binary, clean: CRYPT_TAG_CLEAN), without any run of gpg. */
MUST_USE enum status crypt_scratch_know(struct crypt_worker *w, struct bytes certs, struct fault *err);
/* Writes what needs not outlive a crash. */
MUST_USE enum status crypt_scratch_write(const struct crypt_worker *w, const char *name, struct bytes text, struct fault *err);
char *crypt_scratch_path(const struct crypt_worker *w, struct pool *pool, const char *name);
void crypt_remove_tree(const char *path);

/* ---- agent ---- */
struct crypt_agent {
  pid_t pid; /* 0: somebody else's agent serves this home */
  int lock;
  const char *dir; /* relative to the home */
};
/* Starts gpg-agent for the folder dir ("." or a scratch home) as our child. wait_for_lock false: when another one of
 * ours serves it already, pid is 0. */
MUST_USE enum status crypt_agent_start(struct crypt_agent *a, const char *dir, struct fault *err);
void crypt_agent_stop(struct crypt_agent *a);
bool crypt_agent_answers(int timeout_ms);                              /* of the home we are in */
MUST_USE enum status crypt_agent_keep(int channel, struct fault *err); /* until the channel closes or it dies */

int crypt_hand_main(int argc, char **argv); /* by hand: open, verify, inspect, ... */
#endif
