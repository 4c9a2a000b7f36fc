/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For siblings in conf/ only. */
#ifndef EMBARGOD_CONF_PRIVATE_H
#define EMBARGOD_CONF_PRIVATE_H
#include <embargod/conf.h>

enum conf_section { CONF_TOP = 0, CONF_INBOX, CONF_OUTBOX, CONF_ANALYST, CONF_STAKEHOLDER, CONF_PRODUCT, CONF_DEADLINE, CONF_SECTIONS };
enum conf_type { CONF_STR, CONF_PATH, CONF_INT, CONF_SIZE, CONF_BOOL, CONF_LIST, CONF_ADDRESS, CONF_FPR, CONF_TLP, CONF_BOUNCE };
struct conf_setting {
  enum conf_section section;
  const char *name;
  enum conf_type type;
  size_t offset;             /* in struct conf or the section's struct */
  const char *standard;      /* default as written; NULL: none; "!": must be set */
  int64_t min, max;          /* INT, SIZE */
  const char *choices;       /* STR: "a|b|c"; NULL: free */
  const char *meaning;       /* one sentence, for the man page check and conf/embargod.conf */
};
size_t conf_settings(const struct conf_setting **out);
const char *conf_section_name(enum conf_section s); /* "" for the top */

/* One assignment as it stands in the file. */
struct conf_assignment {
  enum conf_section section;
  const char *title;         /* "" for top and outbox */
  const char *name;
  const char **value;        /* NULL-terminated; one unless it is a list */
  const char *file;
  unsigned line;
};
struct conf_raw {
  struct conf_assignment *set;
  size_t count, cap;
  struct { enum conf_section section; const char *title; unsigned line; const char *file; } *sec;
  size_t sec_count, sec_cap;
  char *syntax;              /* first syntax error, "file:line: text"; NULL */
};
/* libconfuse. Only reads: no setting has a meaning yet. */
void conf_read_file(struct pool *pool, const char *path, struct conf_raw *out);

struct conf_errors {
  struct pool *pool;
  const char *file;
  const struct conf_raw *raw; /* for the line of a setting */
  char **list;
  size_t count, cap;
};
void conf_error(struct conf_errors *e, unsigned line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* One value into its field. */
void conf_assign(struct conf_errors *e, const struct conf_setting *s, const char **value, unsigned line, void *base);
/* What concerns several settings: keys there, one outbox, an analyst at all ... */
void conf_check_whole(struct conf_errors *e, struct conf *c);
/* conf_due.c: the deadlines of the profiles that the file names are put behind its own, where it does not set them itself. */
void conf_add_profiles(struct conf_errors *e, struct conf_raw *raw);
/* Calendar and deadlines from their texts. */
void conf_make_due(struct conf_errors *e, struct conf *c);
#endif
