/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/log: logfmt on stderr, one line an event, "<N>" sd-daemon level in front when asked.
 * Identifiers only: never a subject, address, body or command of a sender. Values are quoted and escaped. */
#ifndef EMBARGOD_LOG_H
#define EMBARGOD_LOG_H
#include <embargod/base.h>

enum log_level { LOG_LEVEL_ERR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };
struct logger {
  int fd;               /* usually 2 */
  enum log_level level; /* what is above is dropped */
  bool sd_levels;       /* "<6>" prefixes (JOURNAL_STREAM is set) */
  const char *program;  /* "embargod" */
};
struct log_field {
  const char *key;
  const char *str; /* NULL: the number */
  int64_t num;
};
static inline struct log_field log_field_str(const char *key, const char *str)
{
  return (struct log_field){ key, str ? str : "", 0 };
}
#define LOG_STR(k, v) log_field_str((k), (v)) /* NULL is "" */
#define LOG_INT(k, v) ((struct log_field){ (k), NULL, (v) })
/* log_event(lg, LOG_LEVEL_INFO, "letter applied", LOG_INT("letter", 7), LOG_STR("case", id)); */
#define log_event(lg, level, msg, ...) \
  log_write((lg), (level), (msg), (struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ) { NULL, NULL, 0 } })
void log_write(const struct logger *lg, enum log_level level, const char *msg, const struct log_field *fields);
#endif
