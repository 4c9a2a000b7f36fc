/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf: the configuration as plain values. One table in src/conf/conf_table.c makes parser, defaults, checks and the
 * man page check. All paths are absolute after loading (relative ones are taken from the file's folder). */
#ifndef EMBARGOD_CONF_H
#define EMBARGOD_CONF_H
#include <embargod/assess.h>
#include <embargod/base.h>
#include <embargod/due.h>

enum conf_bounce { BOUNCE_VERP, BOUNCE_PLAIN };
enum tlp { TLP_CLEAR = 0, TLP_GREEN, TLP_AMBER, TLP_AMBER_STRICT, TLP_RED };
const char *tlp_name(enum tlp t);                       /* "AMBER+STRICT" */
MUST_USE bool tlp_parse(const char *s, enum tlp *out);  /* with or without "TLP:"; any case */

struct conf_server {   /* an inbox or the outbox */
  const char *name;    /* section title: identifies the mailbox in the store; "outbox" */
  const char *url;     /* see channel.h */
  const char *password_file, *password_command; /* NULL when unset */
  const char *auth;    /* plain, login, xoauth2, oauthbearer */
  const char *tls_ca_file, *tls_fingerprint;
  const char **folders; /* inbox: watched folders, NULL-terminated; default { "INBOX", NULL } */
  const char *processed, *quarantine; /* inbox: target folders */
  int poll_s, timeout_ms;
  unsigned line;        /* of the section in the file */
};
struct conf_analyst {
  const char *name, *address;
  const char *fingerprint; /* normalised, upper case */
  const char *key_file;
  const char *language;    /* "en" */
  bool lead, duty, observer;
  unsigned line;
};
struct conf_stakeholder {
  const char *name, *address;
  const char *title;       /* how letters address them; "" */
  const char *kind;        /* regulator, coordinator, isac, customer, supplier, other */
  const char *fingerprint, *key_file; /* NULL: no key; then only what TLP CLEAR/GREEN allows goes out in clear */
  const char *language, *template_name; /* template under notices/; default by name, then by kind */
  enum tlp clearance;
  const char **groups;     /* NULL-terminated: "customers" */
  bool clear_allowed;      /* notices may go unencrypted (default no) */
  unsigned line;
};
struct conf_product {
  const char *name, *class_name, *regulatory_id, *vendor; /* "" when unset */
  unsigned line;
};
struct conf_deadline {
  const char *name, *title, *starts_at, *span, *source;
  bool restarts, off;
  const char **when, **met_by, **remind; /* NULL-terminated */
  const char *file;        /* where it begins: the configuration or a profile */
  unsigned line;
};
struct conf {
  const char *file;          /* absolute */
  const char *organisation, *address, *contact, *policy_url, *cve_org_id, *language, *zone, *case_prefix;
  const char *site_url;      /* "https://security.example.com", no path; "": there is no site */
  const char *site_dir;
  int security_txt_days;
  const char **publish_notify; /* NULL-terminated; empty: isac, customer, coordinator */
  const char *clock_unsynchronised; /* "hold", "ignore" */
  int digest_hour;           /* local hour of the daily digest; -1: none */
  int key_check_hour;        /* local hour of the look at all keys; -1: none */
  int default_hour;          /* local hour of a plain date */
  const char *state_dir;     /* everything below unless set */
  const char *gnupg_home, *database, *master_key_file, *template_dir, *control_socket, *control_group;
  const char *key_passphrase_file; /* of the secret keys in the home; NULL: they have none */
  const char *signing_key;   /* full fingerprint of our key; NULL: the only secret key in the home */
  struct conf_server *inbox;
  size_t inbox_count;
  struct conf_server outbox;
  struct conf_analyst *analyst;
  size_t analyst_count;
  struct conf_stakeholder *stakeholder;
  size_t stakeholder_count;
  struct conf_product *product;
  size_t product_count;
  const char **field_values; /* "NAME = text": field.NAME of every case; NULL-terminated */
  const char **profile;      /* NULL-terminated: names, or paths */
  const char **holidays;     /* NULL-terminated, as written */
  struct due_calendar calendar; /* of zone and holidays */
  struct conf_deadline *deadline; /* of the profiles and of the file itself, as written */
  size_t deadline_count;
  struct due_deadline *due;  /* the same ready for due_plan(), without those that are off */
  size_t due_count;
  const char *clinical_low, *clinical_medium, *clinical_high; /* harm from which on the risk is uncontrolled, or "never" */
  struct clinical_matrix clinical; /* of the three */
  int64_t max_message;       /* bytes; default 32 MiB */
  int64_t max_plaintext;     /* default 64 MiB */
  bool plus_addressing;
  enum conf_bounce bounce;
  const char *authserv_id;   /* Authentication-Results we believe; "" = none */
  int embargo_days;          /* default embargo; 0 = none */
  int embargo_notice_h;      /* nobody proposes an end that is nearer; 0 = any time to come */
  const char *attacks_end_embargo; /* "lead" (when one says so), "at-once", "never" */
  const char *reply_clear;   /* "never", "lead" (a lead must say so), "allow": replies to a reporter without a key */
  int alarms_per_hour;
  int ack_per_sender_h, ack_per_hour; /* caps: 1 a sender in that many hours; that many an hour in all */
  int command_window_s, command_ahead_s;
  int gate_reply, gate_ask, gate_notify, gate_publish; /* 0, 1, 2 persons */
  enum tlp invite_clearance; /* of participants who are no stakeholders of the configuration */
  int answers_per_day;       /* to the verbs of one participant */
  int chase_days, chase_assignee_days, unresponsive_days; /* of silence: remind the party, tell the analysts, give up; 0: never */
  int pending_expires_h, pending_remind_h; /* a waiting release; reminded every so many hours, 0: never */
  int held_days;             /* held letters are quarantined after */
  int outbox_keep_days;      /* sealed bytes of sent letters */
  int unconfirmed_after_s;   /* resend */
  int outbox_give_up_h;      /* deferred letters are failed after */
  int crypt_workers;         /* 0: as many as cores */
  int crypt_deadline_ms, parse_deadline_ms;
  bool wkd;                  /* look reporters' keys up over HTTPS */
  const char *log_level;
};
/* First the first syntax error, then all semantic ones: each "file:line: what; what to do" in errors (NULL-terminated
 * array in pool). REJECT when there is any. Unknown and duplicate settings are errors; loose file modes of secrets too. */
MUST_USE enum status conf_load(struct pool *pool, const char *path, struct conf **out, char ***errors,
                               struct fault *err);
const struct conf_analyst *conf_analyst_by_name(const struct conf *c, const char *name);   /* case-insensitive */
const struct conf_analyst *conf_analyst_by_fpr(const struct conf *c, const char *primary_fpr);
const struct conf_analyst *conf_analyst_by_address(const struct conf *c, const char *address);
const struct conf_stakeholder *conf_stakeholder_by_name(const struct conf *c, const char *name);
const struct conf_stakeholder *conf_stakeholder_by_address(const struct conf *c, const char *address);
const struct conf_product *conf_product_by_name(const struct conf *c, const char *name);
const char *conf_domain(const struct conf *c); /* of our address */
#endif
