/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the control socket. One request a connection: arguments, each ended by NUL, then end of input; the answer is the exit
 * status as one line, then what is to be printed. Peer credentials are checked: root, our own uid, the configured group. */
#include "gate_private.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 8
#define REQUEST_MAX 65536
#define ARGS_MAX 64
#define CLIENT_MS 10000

struct control_client {
  struct control_client *next;
  struct pool *pool;
  int fd;
  int64_t until;
  struct buf in;
  struct bytes out; /* rest of the answer */
  bool answering, gone;
};

enum status gate_control_listen(struct gate *g, struct fault *err)
{
  struct sockaddr_un a = { .sun_family = AF_UNIX };
  const char *path = g->conf->control_socket;
  if (strlen(path) >= sizeof a.sun_path)
    return fault(err, ST_REJECT, "control_socket: %s is longer than %zu characters: set a shorter one", path, sizeof a.sun_path - 1);
  strcpy(a.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return fault(err, ST_RETRY, "control_socket: %s", strerror(errno));
  unlink(path); /* we hold the store's lock: nobody else serves it */
  mode_t old = umask(0177);
  int bad = bind(fd, (const struct sockaddr *)&a, sizeof a) || listen(fd, CLIENTS_MAX);
  umask(old);
  if (bad) {
    close(fd);
    return fault(err, ST_RETRY, "control_socket: %s: %s", path, strerror(errno));
  }
  const struct group *gr = text_empty(g->conf->control_group) ? NULL : getgrnam(g->conf->control_group);
  if (gr && (chown(path, (uid_t)-1, gr->gr_gid) || chmod(path, 0660)))
    log_event(&g->log, LOG_LEVEL_WARN, "control_group cannot be given the socket", LOG_STR("why", strerror(errno)));
  g->control_fd = fd;
  return ST_OK;
}

static bool may_speak(const struct gate *g, int fd)
{
  struct ucred peer;
  socklen_t len = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
    return false;
  if (peer.uid == 0 || peer.uid == geteuid())
    return true;
  const struct group *gr = text_empty(g->conf->control_group) ? NULL : getgrnam(g->conf->control_group);
  if (gr && peer.gid == gr->gr_gid)
    return true;
  return gr != NULL; /* the socket's mode 0660 let them in as members of that group */
}

static void take_client(struct gate *g)
{
  size_t n = 0;
  for (const struct control_client *c = g->clients; c; c = c->next)
    n++;
  int fd = accept4(g->control_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0)
    return;
  if (n >= CLIENTS_MAX || !may_speak(g, fd)) {
    close(fd);
    return;
  }
  struct pool *pool = pool_new_wiping("control");
  struct control_client *c = pool_new_of(pool, struct control_client);
  *c = (struct control_client){ .next = g->clients, .pool = pool, .fd = fd, .until = clock_mono(&g->clock) + CLIENT_MS,
                                .in = buf_new(pool, 1024) };
  g->clients = c;
}

static void handle(struct gate *g, struct control_client *c)
{
  const char *argv[ARGS_MAX + 1];
  int argc = 0;
  for (size_t at = 0; at < c->in.len && argc < ARGS_MAX; at += strlen(c->in.data + at) + 1)
    argv[argc++] = c->in.data + at;
  argv[argc] = NULL;
  struct buf out = buf_new(c->pool, 4096);
  int code = argc ? gate_control(g, argc, argv, &out) : 64;
  struct buf all = buf_new(c->pool, out.len + 16);
  buf_printf(&all, "%d\n", code);
  buf_add(&all, buf_bytes(&out));
  c->out = buf_bytes(&all);
  c->answering = true;
}

static void read_client(struct gate *g, struct control_client *c)
{
  char b[4096];
  ssize_t n;
  while ((n = read(c->fd, b, sizeof b)) > 0) {
    buf_add(&c->in, (struct bytes){ b, (size_t)n });
    if (c->in.len > REQUEST_MAX) {
      c->gone = true;
      return;
    }
  }
  if (n == 0)
    handle(g, c);
  else if (errno != EAGAIN && errno != EINTR)
    c->gone = true;
}

static void write_client(struct control_client *c)
{
  ssize_t n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    c->gone = true;
  if (n > 0)
    c->out = bytes_sub(c->out, (size_t)n, SIZE_MAX);
  if (!c->out.len)
    c->gone = true;
}

size_t gate_control_prepare(struct gate *g, struct pollfd *fds, size_t max)
{
  size_t n = 0;
  if (g->control_fd < 0 || max < CLIENTS_MAX + 1)
    return 0;
  fds[n++] = (struct pollfd){ .fd = g->control_fd, .events = POLLIN };
  for (const struct control_client *c = g->clients; c && n < max; c = c->next)
    fds[n++] = (struct pollfd){ .fd = c->fd, .events = c->answering ? POLLOUT : POLLIN };
  return n;
}

void gate_control_done(struct gate *g, const struct pollfd *fds, size_t count)
{
  if (!count)
    return;
  for (size_t i = 1; i < count; i++)
    for (struct control_client *c = g->clients; c; c = c->next)
      if (c->fd == fds[i].fd && fds[i].revents) {
        if (c->answering)
          write_client(c);
        else
          read_client(g, c);
      }
  for (struct control_client **at = &g->clients, *c; (c = *at);) {
    if (!c->gone && clock_mono(&g->clock) < c->until) {
      at = &c->next;
      continue;
    }
    *at = c->next;
    close(c->fd);
    pool_free(&(struct pool *){ c->pool });
  }
  if (fds[0].revents)
    take_client(g);
}

void gate_control_close(struct gate *g)
{
  while (g->clients) {
    struct control_client *c = g->clients;
    g->clients = c->next;
    close(c->fd);
    pool_free(&(struct pool *){ c->pool });
  }
  if (g->control_fd >= 0) {
    close(g->control_fd);
    unlink(g->conf->control_socket);
    g->control_fd = -1;
  }
}
