/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/helper: the core's end, for its own files only. helper_pool.c holds queue and answers, helper_process.c the
 * processes. */
#ifndef EMBARGOD_HELPER_PRIVATE_H
#define EMBARGOD_HELPER_PRIVATE_H
#include <embargod/helper.h>
#include <sys/types.h>

#define PROCESSES_MAX 16
#define DYING_MAX 64
#define SPARES_MAX 16
#define SPARE_BYTES_MAX (64u << 10)
#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 30000
#define ALIVE_LONG_MS 60000
#define HELLO_DEADLINE_MS 30000
#define TERM_GRACE_MS 2000
#define EXIT_GRACE_MS 200 /* between the end of the channel and the end of the process */

struct job {
  struct job *next;
  uint32_t id;
  struct pool *pool; /* wiping; holds this job and its request */
  struct wire_msg *request;
  helper_answer_fn *answer; /* NULL: answered already, the child does not know yet */
  void *self;
  int64_t sent_ms;
};

/* A message that waits for room in the channel. */
struct tell {
  struct tell *next;
  struct pool *pool;
  struct wire_msg *msg;
};

enum process_state { PROCESS_DOWN, PROCESS_STARTING, PROCESS_READY };

struct process {
  enum process_state state;
  pid_t pid;
  int fd;             /* -1 when down */
  int64_t started_ms; /* monotonic */
  int64_t start_at_ms;
  int backoff_ms; /* of the next death; 0: at once */
  struct job *in_hand;
  unsigned busy;      /* jobs in hand that wait for an answer */
  unsigned forgotten; /* jobs in hand over their deadline */
  struct tell *tells, **tells_end;
  bool blocked; /* its channel is full: wait for POLLOUT */
};

/* An ended or ending process that is not reaped yet. */
struct dying {
  pid_t pid;
  int64_t kill_at_ms; /* -1: SIGKILL is sent */
  bool unexpected;    /* worth a warning, with: */
  unsigned jobs;
  char why[120];
};

struct helper_pool {
  struct helper_options options;
  struct clock clock;
  const struct logger *log;
  struct pool *pool; /* this struct's own strings */
  helper_config_fn *config;
  void *config_self;
  helper_event_fn *event;
  void *event_self;
  struct process process[PROCESSES_MAX];
  struct dying dying[DYING_MAX];
  size_t dying_count;
  struct job *queue, **queue_end;
  struct job *refused; /* no channel takes them; answered in the next turn */
  size_t pending;
  uint32_t last_id;
  unsigned deaths;
  bool restart;                   /* asked for; done outside of callbacks */
  int64_t send_again_ms;          /* no memfd was to be had: not before then */
  struct pool *spare[SPARES_MAX]; /* wiping, empty: new ones cost page faults */
  size_t spares;
  struct pool *answer_pool; /* of the answer just handed over */
};

/* An empty wiping pool, and back with it (wiped). */
struct pool *spare_take(struct helper_pool *hp);
void spare_give(struct helper_pool *hp, struct pool *pool);
void tell_free(struct helper_pool *hp, struct tell *t);
/* Starts the process; on failure it stays down until its next turn. */
void process_start(struct helper_pool *hp, struct process *p);
/* It ended, or must within grace_ms: its channel is closed, its number goes to the dying, the next start is set. The
 * jobs in its hands stay in p->in_hand: the caller answers them. */
void process_end(struct helper_pool *hp, struct process *p, const char *why, int grace_ms);
/* Ends it in a friendly way and without a mark against it. */
void process_retire(struct helper_pool *hp, struct process *p);
/* Reaps what has ended, kills what does not end. */
void dying_tend(struct helper_pool *hp);
#endif
