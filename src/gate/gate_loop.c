/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: the one poll loop. It never blocks but in poll(), and in the commit's fsync. */
#include "gate_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LOOP_FDS 256
#define LOOP_IDLE_MS 1000

void gate_break(struct gate *g, const struct fault *err)
{
  if (!g->broken)
    g->broken_fault = *err;
  g->broken = true;
}

/* sd_notify(3)'s datagram, without its library. */
void gate_notify(struct gate *g, const char *fmt, ...)
{
  if (!g->notify_socket)
    return;
  struct sockaddr_un to = { .sun_family = AF_UNIX };
  size_t len = strlen(g->notify_socket);
  if (len == 0 || len >= sizeof to.sun_path)
    return;
  memcpy(to.sun_path, g->notify_socket, len);
  if (to.sun_path[0] == '@')
    to.sun_path[0] = 0;
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (n > 0)
    (void)!sendto(fd, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, MSG_NOSIGNAL,
                  (const struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
  close(fd);
}

static void signals_take(struct gate *g)
{
  struct signalfd_siginfo si;
  while (read(g->signal_fd, &si, sizeof si) == sizeof si) {
    if (si.ssi_signo == SIGHUP) {
      g->reload_wanted = true;
    } else if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT) {
      if (!g->stopping)
        log_event(&g->log, LOG_LEVEL_NOTICE, "ending: letters in hand are finished first",
                  LOG_INT("in_hand", (int64_t)g->run_count));
      g->stopping = true;
      g->stop_by = clock_mono(&g->clock) + 30000;
      gate_notify(g, "STOPPING=1");
    }
  }
}

static enum status signals_open(struct gate *g, struct fault *err)
{
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk: an error, not our end */
  g->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  return g->signal_fd < 0 ? fault(err, ST_BROKEN, "signalfd: %s", strerror(errno)) : ST_OK;
}

/* A reload ends the helpers: no answer may be awaited from one. */
static bool helpers_idle(const struct gate *g)
{
  for (size_t i = 0; i < g->inbox_count; i++)
    if (g->inbox[i].settling)
      return false;
  return !g->run_count && !g->sending && !g->keys_waiting;
}

static void reload_tick(struct gate *g)
{
  if (!g->reload_wanted || !helpers_idle(g) || g->tx_open)
    return;
  g->reload_wanted = false;
  gate_notify(g, "RELOADING=1");
  struct fault err = { 0 };
  if (gate_reload(g, &err))
    log_event(&g->log, LOG_LEVEL_ERR, "reload refused, the old configuration stays in force", LOG_STR("why", err.text));
  else
    log_event(&g->log, LOG_LEVEL_NOTICE, "configuration reloaded");
  gate_notify(g, "READY=1");
}

static void status_tick(struct gate *g)
{
  int64_t now = clock_mono(&g->clock);
  if (g->watchdog_ms && now >= g->watchdog_next) {
    g->watchdog_next = now + g->watchdog_ms / 2;
    gate_notify(g, "WATCHDOG=1\nSTATUS=%zu letters in hand, %zu mails on the way", g->run_count, g->sending);
  }
}

/* Every pool of helper processes that there is. */
static size_t pools_of(struct gate *g, struct helper_pool **out)
{
  size_t n = 0;
  struct helper_pool *fixed[] = { g->parse, g->crypt, g->send, g->https };
  for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
    if (fixed[i])
      out[n++] = fixed[i];
  for (size_t i = 0; i < g->inbox_count; i++)
    if (g->inbox[i].hp)
      out[n++] = g->inbox[i].hp;
  return n;
}

void gate_poll_once(struct gate *g, int timeout)
{
  struct pollfd fds[LOOP_FDS];
  struct helper_pool *pool[4 + INBOXES_MAX];
  size_t begin[4 + INBOXES_MAX], len[4 + INBOXES_MAX];
  size_t pools = pools_of(g, pool), n = 0;
  fds[n++] = (struct pollfd){ .fd = g->signal_fd, .events = POLLIN };
  for (size_t i = 0; i < pools; i++) {
    begin[i] = n;
    len[i] = helper_poll_prepare(pool[i], fds + n, LOOP_FDS - n, &timeout);
    n += len[i];
  }
  size_t control = n;
  n += gate_control_prepare(g, fds + n, LOOP_FDS - n);
  if (poll(fds, n, timeout) < 0 && errno != EINTR) {
    struct fault err = { 0 };
    (void)fault(&err, ST_BROKEN, "poll: %s", strerror(errno));
    gate_break(g, &err);
    return;
  }
  if (fds[0].revents)
    signals_take(g);
  for (size_t i = 0; i < pools; i++)
    helper_poll_done(pool[i], fds + begin[i], len[i]);
  gate_control_done(g, fds + control, n - control);
}

static bool nothing_in_hand(const struct gate *g)
{
  return !g->run_count && !g->sending && !g->tx_open && !g->answers;
}

/* --once: every inbox was looked through, all letters are at an end, nothing is due. */
static bool once_done(struct gate *g)
{
  if (!nothing_in_hand(g) || !g->ring_ready)
    return false;
  for (size_t i = 0; i < g->inbox_count; i++) {
    const struct inbox *in = &g->inbox[i];
    if (in->wants || in->on_the_way || in->settling || !(in->scanned || in->scan_failed))
      return false;
    if (in->scan_failed)
      g->deferred = true;
  }
  return g->quiet_rounds >= 2;
}

static int loop_timeout(const struct gate *g)
{
  int timeout = g->run_count && g->did_something ? 0 : LOOP_IDLE_MS; /* what is done may be what a parked letter waits for */
  if (g->tx_open)
    timeout = g->tx_ready ? 1 : GROUP_COMMIT_MS;
  if (g->options.once && timeout > 50)
    timeout = 50;
  return timeout;
}

static void tick(struct gate *g)
{
  g->did_something = false;
  gate_agent_tick(g);
  gate_ring_tick(g);
  gate_fetch_tick(g);
  gate_clock_tick(g);
  gate_due_tick(g);
  gate_publish_tick(g);
  gate_embargo_tick(g);
  gate_chase_tick(g);
  gate_digest_tick(g);
  gate_keywatch_tick(g);
  gate_pending_tick(g);
  gate_runs_tick(g);
  gate_tx_tick(g, false);
  gate_outbox_tick(g);
  reload_tick(g);
  status_tick(g);
  g->quiet_rounds = g->did_something || !nothing_in_hand(g) ? 0 : g->quiet_rounds + 1;
}

enum status gate_start(struct gate *g, struct fault *err)
{
  const char *usec = getenv("WATCHDOG_USEC");
  g->watchdog_ms = usec ? strtoll(usec, NULL, 10) / 1000 : 0;
  g->notify_socket = getenv("NOTIFY_SOCKET");
  enum status st = signals_open(g, err);
  if (!st)
    st = store_outbox_recover(g->store, clock_now(&g->clock) - (int64_t)g->conf->outbox_keep_days * 86400, err);
  if (!st)
    st = gate_clock_load(g, err);
  if (!st && !g->options.once)
    st = gate_control_listen(g, err);
  if (!st)
    gate_helpers_start(g);
  return st;
}

static bool loop_ends(struct gate *g)
{
  if (g->broken)
    return true;
  if (g->options.once && (g->keys_failed || once_done(g)))
    return true;
  return g->stopping && (nothing_in_hand(g) || clock_mono(&g->clock) > g->stop_by);
}

int gate_run(struct gate *g)
{
  struct fault err = { 0 };
  if (gate_start(g, &err)) {
    log_event(&g->log, LOG_LEVEL_ERR, "cannot start", LOG_STR("why", err.text));
    return err.status == ST_RETRY ? 75 : 70;
  }
  while (!loop_ends(g)) {
    gate_poll_once(g, loop_timeout(g));
    if (!g->broken)
      tick(g);
  }
  if (!g->broken && g->tx_open)
    gate_tx_tick(g, true);
  if (g->broken) {
    bool later = g->broken_fault.status == ST_RETRY; /* --once: a full disk, a lock; the next run goes on from here */
    log_event(&g->log, LOG_LEVEL_ERR, later ? "ended before all was done: nothing is lost, run it again" : "broken: taking no more work",
              LOG_STR("why", g->broken_fault.text));
    return later ? 75 : 70;
  }
  /* Mail of an earlier run that waits for its time is something deferred, too. */
  struct store_counts counts = { 0 };
  if (g->options.once && !store_counts_get(g->store, &counts, &err) && counts.outbox_unsent)
    g->deferred = true;
  log_event(&g->log, LOG_LEVEL_NOTICE, "ended");
  return g->options.once && (g->deferred || g->keys_failed) ? 75 : 0;
}
