/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core's place in tests of embargod-crypt: starts a worker (or the agent's keeper) and talks to it. */
#ifndef CRYPT_PEER_H
#define CRYPT_PEER_H
#include <embargod/channel.h>
#include <embargod/pgp.h>
#include <embargod/wire.h>
#include <sys/types.h>

struct peer {
  pid_t pid;
  int fd;
};
enum peer_kind { PEER_WORKER, PEER_AGENT };
/* Ends the test on any failure. deadline_ms 0: the default. */
struct peer peer_start(const char *home, enum peer_kind kind, int deadline_ms);
void peer_send(const struct peer *p, const struct wire_msg *m);
struct wire_msg *peer_receive(const struct peer *p, struct pool *pool); /* NULL: the peer is gone */
struct wire_msg *peer_call(const struct peer *p, struct pool *pool, const struct wire_msg *m);
void peer_stop(struct peer *p); /* closes the channel, waits */
void peer_kill(struct peer *p); /* SIGKILL, waits */

/* Children with that name: up to max pids. */
size_t peer_children(pid_t pid, const char *name, pid_t *out, size_t max);
bool pid_alive(pid_t pid); /* zombies are not */
void pid_stop(pid_t pid);  /* SIGSTOP, and waits until it stands still or is gone */

struct bytes peer_file(struct pool *pool, const char *dir, const char *name);
char *peer_text(struct pool *pool, const char *dir, const char *name); /* without the line's end */
void peer_run(const char *fmt, ...) PRINTF_LIKE(1, 2);                 /* a shell command that must succeed */
#endif
