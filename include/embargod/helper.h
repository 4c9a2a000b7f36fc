/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/helper: both ends of a helper process.
 * The core's end: a pool of N processes of one program, each doing one job at a time, spawned (fork + exec, clean
 * environment, channel on descriptor 3, stderr = ours), restarted with back-off, jobs queued in order, each with a
 * deadline; the end of a process costs the job in its hands (an answer with type WIRE_DEAD), nothing else.
 * The child's end: helper_lock_in() as the last step of its start, then a wire_recv/wire_send loop on HELPER_FD. */
#ifndef EMBARGOD_HELPER_H
#define EMBARGOD_HELPER_H
#include <embargod/base.h>
#include <embargod/clock.h>
#include <embargod/log.h>
#include <embargod/wire.h>
#include <poll.h>

#define HELPER_FD 3
/* Made by the core's end: the process died with this job, or the job's deadline passed, or the request is over the
 * channel's limits. Fields as in CH_ERROR: TAG_STATUS (ST_RETRY), TAG_TEXT (the cause). Types from 0xff00 on are the
 * channel's own. */
#define WIRE_DEAD 0xffff
#define WIRE_CHILD_DIED 0xfffe /* sent by the parse zygote: the child with this job died; TAG 1 = signal, TAG 2 = exit code */
#define WIRE_HELLO 0xfffd    /* first message of every helper: locked in and ready */
#define WIRE_CONFIG 0xfffc   /* first message of the core to every helper; fields are the channel's own */

struct helper_pool;
struct helper_options {
  const char *program;      /* "/usr/libexec/embargod/embargod-crypt" */
  const char *name;         /* "crypt": for the log */
  unsigned processes;       /* 1..16 */
  unsigned jobs_per_process;/* 1, or more for the parse zygote */
  int job_deadline_ms;      /* 0: none; after it the process (or, zygote, the channel) is killed, the job is WIRE_DEAD */
  bool unsolicited;         /* messages with job 0 go to on_event (fetch) */
  const char *const *env;   /* further NAME=value for the child, NULL-terminated; may be NULL */
};
/* answer lives in the pool (a wiping one) only during the call: copy what is kept, or keep all of it with
 * helper_answer_pool(). It may submit jobs, tell and ask for a restart; it must not free the helper pool. */
typedef void helper_answer_fn(void *self, struct pool *pool, const struct wire_msg *answer);
typedef void helper_event_fn(void *self, const struct wire_msg *event);
/* Called when a process (re)starts and has said HELLO: fill the CONFIG message. Returns false: send none. */
typedef bool helper_config_fn(void *self, struct wire_msg *config);

struct helper_pool *helper_pool_new(const struct helper_options *options, const struct clock *clock,
                                    const struct logger *log);
void helper_pool_free(struct helper_pool **hp); /* closes the channels, SIGTERM, after 2 s SIGKILL; reaps */
void helper_pool_on_config(struct helper_pool *hp, helper_config_fn *fn, void *self);
void helper_pool_on_event(struct helper_pool *hp, helper_event_fn *fn, void *self);
/* Queues a job. The request is copied into the job. answer gets either the child's answer or WIRE_DEAD, exactly once,
 * never from within this call. secret: the job's memory is a wiping pool. Returns the job's id. */
uint32_t helper_submit(struct helper_pool *hp, const struct wire_msg *request, helper_answer_fn *answer, void *self);
/* Only within an answer call: takes the pool that holds the answer over; the caller frees it. */
struct pool *helper_answer_pool(struct helper_pool *hp);
/* To every process (or the one) without an answer being awaited; job id 0. */
void helper_tell(struct helper_pool *hp, const struct wire_msg *msg);
/* Drops all processes and starts new ones (new configuration, new key ring). Jobs in hand are submitted again. */
void helper_restart(struct helper_pool *hp);
size_t helper_pending(const struct helper_pool *hp); /* jobs queued or in hand */
unsigned helper_ready(const struct helper_pool *hp); /* processes that said HELLO */
unsigned helper_deaths(const struct helper_pool *hp); /* unexpected ends so far */

/* For the one poll loop: fills up to max entries, returns how many; *timeout_ms is lowered when something is due. */
size_t helper_poll_prepare(struct helper_pool *hp, struct pollfd *fds, size_t max, int *timeout_ms);
/* After poll(): reads answers, calls back, sends queued jobs, kills what is over its deadline, restarts the dead. */
void helper_poll_done(struct helper_pool *hp, const struct pollfd *fds, size_t count);

/* ---- the child's end ----
 * Started with: channel on HELPER_FD, standard input /dev/null, standard output and error = the core's error, nothing
 * else open; PATH, LANG, options->env and the tests' variables, nothing else (no HOME); SIGKILL when the core dies. */
struct lockin {
  const char *const *read_paths;  /* Landlock: NULL-terminated; NULL = none */
  const char *const *write_paths;
  bool network;                   /* may make sockets and connect */
  bool spawn;                     /* may fork and exec (crypt: gpg; send: sendmail) */
  size_t max_memory, max_file;    /* RLIMIT_AS, RLIMIT_FSIZE; 0 = leave */
  int max_cpu_s;                  /* RLIMIT_CPU; 0 = leave */
};
/* Read paths give reading (and executing, with spawn), write paths all but making devices; what does not exist is left
 * out of the read paths and a REJECT in the write paths. Where the kernel can (6.12), only processes that are started
 * afterwards can be signalled. An answer with large fields needs room below max_file. With
 * network only outgoing connections are possible where the kernel can tell. no_new_privs also holds for what is spawned:
 * set-group-id programs (Postfix's postdrop) do not get their group.
 * no_new_privs, not dumpable, RLIMIT_CORE 0, the limits, Landlock where the kernel has it, then a seccomp filter
 * (deny list of dangerous calls with EPERM for network/spawn helpers). Says on stderr what the kernel did not have.
 * With --disable-sandbox: a loud line, limits only. embargod-parse has its own, stricter filter. */
MUST_USE enum status helper_lock_in(const struct lockin *lockin, struct fault *err);

/* The loop of a helper that does one job at a time. take gets each message (CONFIG with job 0 too) and may fill an
 * answer in pool, which is sent with the request's job id; NULL: none. A failure that is returned is answered as
 * CH_ERROR (TAG_STATUS, TAG_TEXT), only BROKEN ends the loop. The pool is a wiping one and is reset after each message. */
typedef enum status helper_take_fn(void *self, struct pool *pool, const struct wire_msg *request,
                                   struct wire_msg **answer, struct fault *err);
/* Says HELLO, then serves until the core closes the channel. Returns the exit code for main(). */
int helper_serve(helper_take_fn *take, void *self);
/* For helpers with a loop of their own. */
MUST_USE enum status helper_say_hello(struct fault *err);
#endif
