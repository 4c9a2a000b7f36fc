/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch/fetch_session: one thread, one loop: take the core's messages, do the most urgent piece of work, else wait for
 * either side. Wants outlive a lost connection; jobs do not: they are answered with the cause and come again. */
#include <config.h>

#include "fetch_session.h"
#include <embargod/channel.h>
#include <embargod/failpoint.h>
#include <embargod/helper.h>
#include <embargod/text.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

#define OFFER_LETTERS 500 /* in one OFFER message: three fields each, below WIRE_FIELDS_MAX */
#define OFFER_BYTES 65536 /* likewise, below WIRE_PACKET_MAX */
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_DENIED_MS 30000 /* a refused login at once again and again locks accounts */
#define BACKOFF_LAST_MS 300000
#define SEND_TIMEOUT_MS 60000

struct job {
  struct job *next;
  struct pool *pool; /* it lives in it */
  uint16_t type;
  uint32_t id;
  struct inbox_id letter;
  const char *target;
};
struct want {
  struct want *next;
  struct pool *pool;
  struct inbox_want want;
  int64_t not_before;
};
struct session {
  const struct fetch_session_options *o;
  struct job *jobs;
  struct want *wants;
  bool online, scan_due, ended;
  unsigned failures; /* connections lost or refused since the last success */
  int64_t retry_at;  /* while not online */
  enum status last;  /* why it is down */
  int64_t scan_at;
  struct pool *offer_pool;
  struct wire_msg *offer; /* being filled */
  size_t offer_letters, offer_bytes;
  const char *offer_folder;
  int64_t offer_uidvalidity;
  char trouble[512]; /* last one reported while online: each is said once */
};

/* ---- to the core ---- */

static void send_msg(struct session *s, const struct wire_msg *m)
{
  struct fault err = { 0 };
  enum status st = wire_send(s->o->fd, m, &err);
  while (st == ST_RETRY) {
    struct pollfd p = { .fd = s->o->fd, .events = POLLOUT };
    if (poll(&p, 1, SEND_TIMEOUT_MS) <= 0 && errno != EINTR)
      break;
    st = wire_send(s->o->fd, m, &err);
  }
  if (st)
    s->ended = true; /* the core is gone, or reads no more: it will start another of us */
}

static void send_state(struct session *s, enum fetch_state state, enum status st, const char *text)
{
  AUTO(pool_freep) struct pool *pool = pool_new("state");
  struct wire_msg *m = wire_new(pool, FETCH_STATE, 0);
  wire_puti(m, FETCH_TAG_STATE, state);
  wire_puti(m, TAG_STATUS, st);
  if (text)
    wire_puts(m, TAG_TEXT, text_clean(pool, bytes_str(text), false));
  send_msg(s, m);
}

/* The answer to a job: its type + 1, or the error. */
static void answer(struct session *s, const struct job *job, enum status st, const char *text)
{
  AUTO(pool_freep) struct pool *pool = pool_new("answer");
  struct wire_msg *m = wire_new(pool, st ? CH_ERROR : job->type + 1, job->id);
  if (st)
    wire_puti(m, TAG_STATUS, st);
  if (text)
    wire_puts(m, TAG_TEXT, text_clean(pool, bytes_str(text), false));
  send_msg(s, m);
}

static void put_id(struct wire_msg *m, const char *folder, int64_t uidvalidity)
{
  wire_puts(m, FETCH_TAG_FOLDER, folder);
  wire_puti(m, FETCH_TAG_UIDVALIDITY, uidvalidity);
}

static void flush_offer(struct session *s)
{
  if (s->offer)
    send_msg(s, s->offer);
  s->offer = NULL;
  pool_reset(s->offer_pool);
}

static void on_offer(void *self, const struct inbox_letter *letter)
{
  struct session *s = self;
  const struct inbox_id *id = &letter->id;
  bool fits = s->offer && s->offer_letters < OFFER_LETTERS && s->offer_bytes < OFFER_BYTES &&
              strcmp(s->offer_folder, id->folder) == 0 && s->offer_uidvalidity == id->uidvalidity;
  if (!fits) {
    flush_offer(s);
    s->offer = wire_new(s->offer_pool, FETCH_OFFER, 0);
    s->offer_folder = pool_strdup(s->offer_pool, id->folder);
    s->offer_uidvalidity = id->uidvalidity;
    s->offer_letters = s->offer_bytes = 0;
    put_id(s->offer, id->folder, id->uidvalidity);
  }
  wire_puts(s->offer, FETCH_TAG_UID, id->uid);
  wire_puti(s->offer, FETCH_TAG_SIZE, (int64_t)letter->size);
  if (letter->date)
    wire_puti(s->offer, FETCH_TAG_DATE, letter->date);
  s->offer_letters++;
  s->offer_bytes += strlen(id->uid) + 64;
}

static void on_letter(void *self, const struct inbox_letter *letter, struct bytes body)
{
  AUTO(pool_freep) struct pool *pool = pool_new("letter");
  struct wire_msg *m = wire_new(pool, FETCH_LETTER, 0);
  put_id(m, letter->id.folder, letter->id.uidvalidity);
  wire_puts(m, FETCH_TAG_UID, letter->id.uid);
  wire_puti(m, FETCH_TAG_SIZE, (int64_t)letter->size);
  if (letter->date)
    wire_puti(m, FETCH_TAG_DATE, letter->date);
  if (body.p)
    wire_put(m, TAG_BYTES, body);
  FAILPOINT("fetch.letter");
  send_msg(self, m);
}

static void on_gone(void *self, const struct inbox_id *id)
{
  AUTO(pool_freep) struct pool *pool = pool_new("gone");
  struct wire_msg *m = wire_new(pool, FETCH_GONE, 0);
  put_id(m, id->folder, id->uidvalidity);
  wire_puts(m, FETCH_TAG_UID, id->uid);
  send_msg(self, m);
}

static struct inbox_sink sink_of(struct session *s)
{
  return (struct inbox_sink){ .self = s, .offer = on_offer, .letter = on_letter, .gone = on_gone };
}

/* ---- from the core ---- */

static void add_want(struct session *s, struct want *w)
{
  struct want **end = &s->wants;
  while (*end)
    end = &(*end)->next;
  *end = w;
}

/* Room for count letters of that folder. */
static struct want *new_want(const char *folder, int64_t uidvalidity, size_t count)
{
  struct pool *pool = pool_new("want");
  struct want *w = pool_new_of(pool, struct want);
  w->pool = pool;
  w->want.folder = pool_strdup(pool, folder);
  w->want.uidvalidity = uidvalidity;
  w->want.uids = pool_array(pool, count, sizeof *w->want.uids);
  w->want.sizes = pool_array(pool, count, sizeof *w->want.sizes);
  w->want.dates = pool_array(pool, count, sizeof *w->want.dates);
  return w;
}

static void take_want(struct session *s, const struct wire_msg *m)
{
  const char *folder = wire_gets(m, FETCH_TAG_FOLDER);
  if (!folder)
    return;
  struct want *w = new_want(folder, wire_geti(m, FETCH_TAG_UIDVALIDITY, 0), wire_count(m));
  for (size_t i = 0; i < wire_count(m); i++) {
    struct bytes uid;
    if (wire_field(m, i, &uid) == FETCH_TAG_UID)
      w->want.uids[w->want.count++] = pool_str(w->pool, uid);
  }
  add_want(s, w);
}

static void take_job(struct session *s, const struct wire_msg *m)
{
  struct pool *pool = pool_new("job");
  struct job *job = pool_new_of(pool, struct job);
  job->pool = pool;
  job->type = wire_type(m);
  job->id = wire_job(m);
  job->letter.folder = pool_strdup(pool, wire_gets(m, FETCH_TAG_FOLDER));
  job->letter.uidvalidity = wire_geti(m, FETCH_TAG_UIDVALIDITY, 0);
  job->letter.uid = pool_strdup(pool, wire_gets(m, FETCH_TAG_UID));
  const char *target = wire_gets(m, FETCH_TAG_TARGET);
  job->target = pool_strdup(pool, target ? target : "");
  struct job **end = &s->jobs;
  while (*end)
    end = &(*end)->next;
  *end = job;
}

/* A CONFIG while running brings a fresh token; all else needs a new process. */
static void take_config(struct session *s, const struct wire_msg *m)
{
  const char *password = wire_gets(m, FETCH_TAG_PASSWORD);
  if (!password || !s->o->config->password || strcmp(password, s->o->config->password) == 0)
    return; /* the same again would only be refused again */
  pool_reset(s->o->secret);
  s->o->config->password = pool_strdup(s->o->secret, password);
  s->retry_at = 0;
}

static void take_one(struct session *s, const struct wire_msg *m)
{
  static const struct {
    uint16_t type;
    void (*take)(struct session *, const struct wire_msg *);
  } takes[] = {
    { FETCH_WANT, take_want }, { FETCH_SETTLE, take_job },   { FETCH_SCAN, take_job },
    { FETCH_CHECK, take_job }, { WIRE_CONFIG, take_config },
  };
  for (size_t i = 0; i < ARRAY_LEN(takes); i++)
    if (takes[i].type == wire_type(m)) {
      takes[i].take(s, m);
      return;
    }
  struct job unknown = { .id = wire_job(m) };
  if (unknown.id != 0)
    answer(s, &unknown, ST_REJECT, "fetch: unknown request");
}

/* All messages that are there. */
static void take_messages(struct session *s)
{
  for (;;) {
    struct pollfd p = { .fd = s->o->fd, .events = POLLIN };
    if (s->ended || poll(&p, 1, 0) <= 0)
      return;
    AUTO(pool_freep) struct pool *pool = pool_new_wiping("message");
    struct wire_msg *m = NULL;
    bool eof = false;
    struct fault err = { 0 };
    enum status st = wire_recv(s->o->fd, pool, &m, &eof, &err);
    if (st == ST_OK)
      take_one(s, m);
    else if (st != ST_RETRY)
      s->ended = true;
  }
}

/* ---- work ---- */

static void drop_job(struct session *s)
{
  struct job *job = s->jobs;
  s->jobs = job->next;
  struct pool *pool = job->pool;
  pool_free(&pool);
}

static int64_t jittered(int64_t ms)
{
  uint32_t r = 0;
  if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r)
    r = 0;
  return ms * 3 / 4 + (int64_t)(r % 1024) * ms / 2048; /* 75 % to 125 % */
}

static void went_down(struct session *s, enum status st, const struct fault *err)
{
  s->o->box->ops->close(s->o->box);
  int64_t delay = st == ST_DENIED ? BACKOFF_DENIED_MS : BACKOFF_FIRST_MS;
  for (unsigned i = 0; i < s->failures && delay < BACKOFF_LAST_MS; i++)
    delay *= 2;
  s->failures++;
  s->last = st;
  s->retry_at = inbox_now_ms() + jittered(delay < BACKOFF_LAST_MS ? delay : BACKOFF_LAST_MS);
  s->online = false;
  s->scan_due = !s->o->config->once;
  flush_offer(s); /* what was found before it broke is remembered as offered */
  send_state(s, FETCH_DOWN, st, err->text);
  while (s->jobs) {
    answer(s, s->jobs, st, err->text);
    drop_job(s);
  }
}

/* The mailbox works, one thing in it does not: said once, not at every round. */
static void report_trouble(struct session *s, const struct fault *err)
{
  if (strncmp(s->trouble, err->text, sizeof s->trouble - 1) == 0)
    return;
  size_t len = utf8_cut(bytes_str(err->text), sizeof s->trouble - 1);
  memcpy(s->trouble, err->text, len);
  s->trouble[len] = '\0';
  send_state(s, FETCH_ONLINE, ST_REJECT, s->trouble);
}

static bool ready(struct session *s)
{
  struct fault err = { 0 };
  if (!s->online)
    send_state(s, FETCH_CONNECTING, ST_OK, NULL);
  enum status st = s->o->box->ops->open(s->o->box, &err);
  if (st) {
    went_down(s, st == ST_REJECT ? ST_DENIED : st, &err);
    return false;
  }
  if (!s->online)
    send_state(s, FETCH_ONLINE, ST_OK, NULL);
  s->online = true;
  return true;
}

static enum status do_scan(struct session *s, struct fault *err)
{
  struct inbox_sink sink = sink_of(s);
  enum status st = s->o->box->ops->scan(s->o->box, &sink, err);
  flush_offer(s);
  s->scan_due = false;
  s->scan_at = inbox_now_ms() + (int64_t)s->o->config->poll_s * 1000;
  if (st == ST_OK)
    s->trouble[0] = '\0';
  if (st == ST_OK && !s->wants) /* else one letter that ends every connection would be tried each second */
    s->failures = 0;
  return st;
}

/* The letter that fails alone goes to the end of the queue, so that it holds up no other. */
static void postpone(struct session *s, int64_t delay_ms)
{
  struct inbox_want *from = &s->wants->want;
  struct want *w = new_want(from->folder, from->uidvalidity, 1);
  w->want.uids[w->want.count++] = pool_strdup(w->pool, from->uids[from->next++]);
  w->not_before = inbox_now_ms() + delay_ms;
  add_want(s, w);
}

static void drop_want(struct session *s, struct want **at)
{
  struct want *w = *at;
  *at = w->next;
  struct pool *pool = w->pool;
  pool_free(&pool);
}

static void do_fetch(struct session *s, struct want **at)
{
  struct want *w = *at;
  *at = w->next; /* to the front, where postpone() finds it */
  w->next = s->wants;
  s->wants = w;
  struct inbox_want *want = &w->want;
  struct inbox_sink sink = sink_of(s);
  struct fault err = { 0 };
  enum status st = want->next < want->count ? s->o->box->ops->fetch(s->o->box, want, &sink, &err) : ST_OK;
  if (st == ST_OK)
    s->failures = 0;
  if (st && want->next < want->count && (want->one_by_one || want->count - want->next == 1))
    postpone(s, st == ST_REJECT ? (int64_t)s->o->config->poll_s * 1000 : 0);
  if (want->next >= want->count)
    drop_want(s, &s->wants);
  else
    want->one_by_one = want->one_by_one || st;
  if (st == ST_REJECT)
    report_trouble(s, &err);
  else if (st)
    went_down(s, st, &err);
}

static void do_job(struct session *s)
{
  struct job *job = s->jobs;
  struct inbox *box = s->o->box;
  AUTO(pool_freep) struct pool *pool = pool_new("job result");
  struct fault err = { 0 };
  char *line = NULL;
  enum status st = ST_OK;
  if (job->type == FETCH_SCAN)
    st = do_scan(s, &err);
  else if (job->type == FETCH_CHECK)
    st = box->ops->check(box, pool, &line, &err);
  else if (!job->letter.folder || !job->letter.uid)
    st = fault(&err, ST_REJECT, "settle: no folder or no letter given");
  else {
    FAILPOINT("fetch.settle.before");
    st = box->ops->settle(box, &job->letter, job->target, &err);
    FAILPOINT("fetch.settle.after");
  }
  if (st && st != ST_REJECT) {
    went_down(s, st, &err); /* answers the job */
    return;
  }
  answer(s, job, st, st ? err.text : line);
  drop_job(s);
}

static struct want **due_want(struct session *s, int64_t now)
{
  for (struct want **w = &s->wants; *w; w = &(*w)->next)
    if ((*w)->not_before <= now)
      return w;
  return NULL;
}

/* Settling while the server is away waits for nothing: the core repeats it. */
static void refuse_settles(struct session *s)
{
  while (s->jobs && s->jobs->type == FETCH_SETTLE) {
    answer(s, s->jobs, ST_RETRY, "the mailbox is not reachable just now");
    drop_job(s);
  }
}

/* False: there is nothing to do. A scan or a check that was asked for connects at once, whatever the back-off says. */
static bool work(struct session *s)
{
  int64_t now = inbox_now_ms();
  bool backing_off = !s->online && s->failures > 0 && now < s->retry_at;
  if (backing_off)
    refuse_settles(s);
  struct want **w = due_want(s, now);
  bool scan = !s->o->config->once && (s->scan_due || now >= s->scan_at);
  if (!s->jobs && (backing_off || (!w && !scan)))
    return false;
  if (!ready(s))
    return true;
  struct fault err = { 0 };
  enum status st = ST_OK;
  if (s->jobs)
    do_job(s);
  else if (scan)
    st = do_scan(s, &err);
  else
    do_fetch(s, w);
  if (st == ST_REJECT)
    report_trouble(s, &err);
  else if (st)
    went_down(s, st, &err);
  return true;
}

/* When something is due of itself. */
static int64_t next_due(const struct session *s, int64_t now)
{
  int64_t until = now + 3600000;
  bool once = s->o->config->once;
  if (!s->online) {
    bool again = s->wants || !once || s->o->one_life || s->o->end_when_denied;
    return s->failures > 0 && again && s->retry_at > now ? s->retry_at : until;
  }
  if (!once && s->scan_at < until)
    until = s->scan_at;
  for (struct want *w = s->wants; w; w = w->next)
    if (w->not_before < until)
      until = w->not_before;
  return until;
}

static void rest(struct session *s)
{
  int64_t now = inbox_now_ms(), until = next_due(s, now);
  int timeout = until > now ? (int)(until - now) : 0;
  if (!s->online || s->o->config->once) {
    struct pollfd p = { .fd = s->o->fd, .events = POLLIN };
    if (poll(&p, 1, timeout) < 0 && errno != EINTR)
      s->ended = true;
    return;
  }
  bool news = false;
  struct fault err = { 0 };
  enum status st = s->o->box->ops->wait(s->o->box, s->o->fd, timeout, &news, &err);
  if (st)
    went_down(s, st, &err);
  else if (news)
    s->scan_due = true;
}

enum status fetch_session_run(const struct fetch_session_options *options, struct fault *err)
{
  struct session s = { .o = options, .scan_due = true };
  enum status st = ST_OK;
  s.offer_pool = pool_new("offer");
  while (!s.ended) {
    take_messages(&s);
    if (s.ended || work(&s))
      continue;
    rest(&s);
    bool end = options->one_life || (options->end_when_denied && s.last == ST_DENIED);
    if (end && !s.online && s.failures > 0 && inbox_now_ms() >= s.retry_at) {
      st = fault(err, ST_RETRY, "fetch: a new process is needed to try again");
      break;
    }
  }
  while (s.jobs)
    drop_job(&s);
  while (s.wants)
    drop_want(&s, &s.wants);
  pool_free(&s.offer_pool);
  return st;
}
