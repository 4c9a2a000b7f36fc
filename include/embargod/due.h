/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due: duties with a date. Deadlines are data of the configuration (profiles in conf/profiles name their sources); this computes when
 * they are due, what became of them, and whom to remind now. Pure: time, events and what was reminded already come from the caller,
 * which stores the keys that it is given. All times are seconds since 1970 UTC; days are days of the calendar's zone. */
#ifndef EMBARGOD_DUE_H
#define EMBARGOD_DUE_H
#include <embargod/base.h>

/* ---- calendar ---- */
struct due_holiday { int year, month, day; }; /* year 0: every year */
struct due_calendar {
  const char *zone;                  /* of tzdata; NULL: UTC */
  const struct due_holiday *holiday; /* beside Saturdays and Sundays */
  size_t holiday_count;
};
MUST_USE bool due_holiday_parse(const char *s, struct due_holiday *out); /* "2026-12-24" or, every year, "12-25" */
bool due_working_day(const struct due_calendar *c, int64_t t);           /* the local day of t */

/* ---- spans ---- */
enum due_unit { DUE_HOURS = 0, DUE_DAYS, DUE_WORKING_DAYS, DUE_MONTHS };
struct due_span { int count; enum due_unit unit; };
/* "24h", "30d", "10wd", "1mo"; at most 100000 of them. */
MUST_USE bool due_span_parse(const char *s, struct due_span *out);
char *due_span_text(struct pool *pool, struct due_span s); /* "10 working days" */
/* Hours are 3600 s each. The others keep the local time of day: "30d" from 09:00 is 09:00 thirty days later on either side of a change of
 * the clocks (a time that does not exist that day moves on by the change; of one that is there twice it is the first). The day of the
 * start is not counted. A month later is the same day of the next month, or its last. count may be negative: back in time. */
int64_t due_add(const struct due_calendar *c, int64_t t, struct due_span s);

/* ---- deadlines ---- */
enum due_audience { DUE_ASSIGNEE = 0, DUE_LEAD, DUE_ALL }; /* each includes those before it */
const char *due_audience_name(enum due_audience a);        /* "assignee" */
struct due_point {           /* "-7d assignee", "0 lead", "+1d all" */
  struct due_span span;      /* count < 0: before the due instant */
  enum due_audience audience;
  const char *text;          /* as written: "-7d" */
};
#define DUE_LIST_MAX 16      /* conditions, meeting events, points of one deadline */
struct due_deadline {
  const char *name, *title;  /* "fda-30-days", "customer communication" */
  const char *starts_at;     /* event */
  bool restarts;             /* counts from the latest event of that name, not the first */
  struct due_span span;
  const char *when[DUE_LIST_MAX]; /* all must hold: "uncontrolled", "!exempt-806", "class:software|class:cloud" */
  size_t when_count;
  const char *met_by[DUE_LIST_MAX]; /* any of these events; when it restarts, at or after the start */
  size_t met_by_count;
  struct due_point remind[DUE_LIST_MAX];
  size_t remind_count;
  const char *source;        /* law or guidance */
};
/* As the configuration writes it; the lists end with NULL and may be NULL. */
struct due_source {
  const char *name, *title, *starts_at, *span, *source;
  bool restarts;
  const char *const *when, *const *met_by, *const *remind;
};
/* REJECT: err says which part is not of its form. Everything is copied into pool. */
MUST_USE enum status due_define(struct pool *pool, const struct due_source *src, struct due_deadline *out, struct fault *err);

/* ---- the words ---- */
/* Events and conditions that embargod tells; embargod.conf(5) says what each means. */
struct due_word { const char *word, *meaning; };
size_t due_events(const struct due_word **out);
size_t due_conditions(const struct due_word **out);
/* REJECT when a deadline uses a word that none of them is (notice:NAME, filed:NAME and class:NAME are fine): it would never start, or
 * never be met. */
MUST_USE enum status due_check_words(const struct due_deadline *d, struct fault *err);

/* ---- what is known of a case ---- */
struct due_event { const char *name; int64_t at; };  /* several of one name are fine */
/* A word that holds or does not. What is not listed is not yet known, but a "class:..." that is not listed does not hold once any other
 * class is: the product is known then. */
struct due_fact { const char *word; bool holds; };
/* What people said with #due; the latest for a deadline counts. */
struct due_override {
  const char *name;
  int64_t said_at;            /* of a deadline that restarts, a date and met count until it does; 0: always */
  int64_t due_at;             /* another date; 0 */
  int64_t met_at;             /* they say that it was met; 0 */
  const char *not_applicable; /* why it does not apply; NULL */
};
struct due_world {
  const struct due_calendar *calendar;
  const struct due_event *event;
  size_t event_count;
  const struct due_fact *fact;
  size_t fact_count;
  const struct due_override *override;
  size_t override_count;
  int64_t now;
};
enum due_state { DUE_NOT_STARTED = 0, DUE_NOT_APPLICABLE, DUE_RUNNING, DUE_OVERDUE, DUE_MET, DUE_MET_LATE };
const char *due_state_name(enum due_state s); /* "not started" */
struct due_status {
  enum due_state state;
  const char *reason;  /* NOT_STARTED: what it waits for; NOT_APPLICABLE: why; MET*: the event; else "" */
  int64_t started_at;  /* 0: not */
  int64_t due_at;      /* 0: not known yet */
  int64_t met_at;      /* 0: not */
};
struct due_status due_judge(struct pool *pool, const struct due_deadline *d, const struct due_world *w);

/* ---- reminders ---- */
struct due_reminder {
  const struct due_deadline *deadline;
  struct due_status status;
  enum due_audience audience; /* the widest of the points that are reached */
  const char **key;           /* all of them: store them with the letter, in one transaction */
  size_t key_count;
};
/* At most one for each deadline that is running or overdue: whatever its points' instants have been reached and whose keys are not among
 * sent. After a jump forward the points passed over come together, after a jump back none comes again. A point that lies before the
 * deadline's start is none. A new due date (#due, a restart) has new keys. Returns the count. */
size_t due_plan(struct pool *pool, const struct due_deadline *d, size_t count, const struct due_world *w, const char *const *sent,
                size_t sent_count, struct due_reminder **out);
/* When to look again: the next point or due instant after now; 0: none. */
int64_t due_next(struct pool *pool, const struct due_deadline *d, size_t count, const struct due_world *w);

/* ---- when to look at which case (src/due/due_agenda.c): in memory ---- */
struct due_agenda;
struct due_agenda *due_agenda_new(struct pool *pool); /* lives in the pool, and grows there */
void due_agenda_set(struct due_agenda *a, const char *id, int64_t at); /* 0: not before something happens in it */
/* Those whose time has come, in no order; they are on it no more before they are set again. The ids live as long as the agenda. */
size_t due_agenda_take(struct due_agenda *a, struct pool *pool, int64_t now, const char ***ids);
int64_t due_agenda_next(const struct due_agenda *a); /* the earliest; 0: none */

/* ---- the daily digest, and the clock itself ---- */
/* True when the digest of a local day (20261124) that is after last_day is to be made: the hour of that day has been reached. Days passed
 * over by a jump are not made up for: the digest tells what is, not what was. last_day 0: never yet. */
MUST_USE bool due_digest(const struct due_calendar *c, int hour, int64_t now, int last_day, int *day);
#define DUE_JUMP_S 300
/* Seconds that the wall clock moved more than the monotonic one between two looks (wall in seconds, mono in milliseconds); 0 unless that is
 * more than DUE_JUMP_S. */
int64_t due_clock_jump(int64_t wall_before, int64_t mono_before, int64_t wall, int64_t mono);
#endif
