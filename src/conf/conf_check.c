/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf: what concerns several settings at once, and the files that settings name. */
#include "conf_private.h"

#include <embargod/file.h>
#include <embargod/text.h>

#include <string.h>
#include <sys/stat.h>

/* Below it the agent's socket path no longer fits (sun_path). */
#define HOME_MAX 80

/* Of a setting outside of sections; 0: it is not set. */
static unsigned line_of(const struct conf_errors *e, const char *name)
{
  for (size_t i = 0; i < e->raw->count; i++)
    if (e->raw->set[i].section == CONF_TOP && !strcmp(e->raw->set[i].name, name))
      return e->raw->set[i].line;
  return 0;
}

static void check_secret(struct conf_errors *e, unsigned line, const char *what, const char *path)
{
  struct fault err = { 0 };
  if (path && file_check_private(path, &err))
    conf_error(e, line, "%s: %s: make it mode 0600 and ours", what, err.text);
}

static void check_key_file(struct conf_errors *e, unsigned line, const char *who, const char *path)
{
  if (path && !file_exists(path))
    conf_error(e, line, "key_file of %s: %s is not there: export their public key into it (gpg --export --armor)", who, path);
}

static bool scheme(const char *url, const char *const *schemes)
{
  for (; *schemes; schemes++)
    if (text_istarts(url, *schemes))
      return true;
  return false;
}

static void check_server(struct conf_errors *e, struct conf_server *s, const char *const *schemes, const char *wanted)
{
  if (!s->url)
    return;
  if (!scheme(s->url, schemes)) {
    conf_error(e, s->line, "url = %s: wanted is one of %s (clear-text connections are not supported)", s->url, wanted);
    return;
  }
  bool login = strstr(s->url, "://") && strchr(s->url, '@');
  if (text_istarts(s->url, "maildir:") && s->url[8] != '/') {
    const char *slash = strrchr(e->file, '/');
    s->url = pool_printf(e->pool, "maildir:%.*s/%s", slash ? (int)(slash - e->file) : 1, slash ? e->file : ".", s->url + 8);
  }
  if (login && strchr(strchr(s->url, ':') + 3, ':') && strchr(strstr(s->url, "://") + 3, ':') < strchr(s->url, '@'))
    conf_error(e, s->line, "url: a password has no place in it: use password_file or password_command");
  if (login && !s->password_file && !s->password_command)
    conf_error(e, s->line, "%s: password_file or password_command must be set", s->name);
  if (s->password_file && s->password_command)
    conf_error(e, s->line, "%s: password_file and password_command are both set: keep one", s->name);
  check_secret(e, s->line, "password_file", s->password_file);
  if (s->tls_ca_file && !file_exists(s->tls_ca_file))
    conf_error(e, s->line, "tls_ca_file: %s is not there", s->tls_ca_file);
}

static void check_people(struct conf_errors *e, const struct conf *c)
{
  for (size_t i = 0; i < c->analyst_count; i++) {
    const struct conf_analyst *a = &c->analyst[i];
    check_key_file(e, a->line, a->name, a->key_file);
    if (text_ieq(a->address, c->address))
      conf_error(e, a->line, "analyst %s has the mailbox's own address: mail would go in circles", a->name);
    for (size_t k = 0; k < i; k++)
      if (a->fingerprint && c->analyst[k].fingerprint && !strcmp(a->fingerprint, c->analyst[k].fingerprint))
        conf_error(e, a->line, "analysts %s and %s have the same key: a signature could not tell them apart", c->analyst[k].name, a->name);
  }
  for (size_t i = 0; i < c->stakeholder_count; i++) {
    const struct conf_stakeholder *s = &c->stakeholder[i];
    check_key_file(e, s->line, s->name, s->key_file);
    if (!s->key_file != !s->fingerprint)
      conf_error(e, s->line, "stakeholder %s: key_file and fingerprint go together", s->name);
    if (conf_analyst_by_name(c, s->name))
      conf_error(e, s->line, "%s is both an analyst and a stakeholder: commands could not tell them apart", s->name);
  }
}

static void check_prefix(struct conf_errors *e, const struct conf *c)
{
  size_t n = c->case_prefix ? strlen(c->case_prefix) : 0;
  if (!c->case_prefix)
    return;
  if (n < 1 || n > 16 || strspn(c->case_prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != n)
    conf_error(e, line_of(e, "case_prefix"), "case_prefix = %s: 1 to 16 letters A-Z are wanted", c->case_prefix);
}

static void check_zone(struct conf_errors *e, const struct conf *c)
{
  const char *z = c->zone;
  if (text_empty(z) || text_ieq(z, "UTC"))
    return;
  if (strstr(z, "..") || *z == '/' || !file_exists(pool_printf(e->pool, "/usr/share/zoneinfo/%s", z)))
    conf_error(e, line_of(e, "zone"), "zone = %s: no such time zone (such as Europe/Berlin)", z);
}

/* RFC 9116, RFC 8615 and CSAF 2.0 (section 7.1.8) want fixed paths at the root of the host. */
static void check_site(struct conf_errors *e, const struct conf *c)
{
  size_t scheme_len = text_istarts(c->site_url, "https://") ? 8 : 0;
  const char *host = text_empty(c->site_url) ? "" : c->site_url + scheme_len;
  if (text_empty(c->site_url))
    return;
  /* It stands in addresses and documents as it is. */
  if (!scheme_len || !*host || host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")])
    conf_error(e, line_of(e, "site_url"), "site_url = %s: wanted is https:// and a host, without a path or a slash at the end", c->site_url);
}

static void check_publish_notify(struct conf_errors *e, const struct conf *c)
{
  static const char *const kinds[] = { "none", "regulator", "coordinator", "isac", "customer", "supplier", "other" };
  for (const char **v = c->publish_notify; v && *v; v++) {
    bool known = conf_stakeholder_by_name(c, *v) != NULL;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
      known |= text_ieq(kinds[i], *v);
    for (size_t i = 0; i < c->stakeholder_count; i++)
      for (const char **g = c->stakeholder[i].groups; g && *g; g++)
        known |= text_ieq(*g, *v);
    if (!known)
      conf_error(e, line_of(e, "publish_notify"), "publish_notify: \"%s\" is no kind, group or name of a stakeholder", *v);
  }
}

static void check_field_values(struct conf_errors *e, const struct conf *c)
{
  for (const char **v = c->field_values; v && *v; v++) {
    size_t n = strspn(*v, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (!n || (*v)[n + strspn(*v + n, " ")] != '=')
      conf_error(e, line_of(e, "field_values"), "field_values: \"%s\" is not like \"member-states = DE, FR\"", *v);
  }
}

static void check_clinical(struct conf_errors *e, struct conf *c)
{
  const char *from[] = { c->clinical_low, c->clinical_medium, c->clinical_high };
  struct fault err = { 0 };
  c->clinical = clinical_matrix_default();
  for (unsigned i = 0; i < ARRAY_LEN(from); i++)
    if (!from[i] || clinical_matrix_row(&c->clinical, (enum clinical_exploitability)i, from[i], &err))
      return; /* said already */
  if (clinical_matrix_check(&c->clinical, &err))
    conf_error(e, 0, "clinical_low, clinical_medium, clinical_high: %s", err.text);
}

void conf_check_whole(struct conf_errors *e, struct conf *c)
{
  static const char *const in[] = { "imaps://", "imap+starttls://", "maildir:", NULL };
  static const char *const out[] = { "smtps://", "smtp+starttls://", "maildir:", "sendmail:", NULL };
  for (size_t i = 0; i < c->inbox_count; i++)
    check_server(e, &c->inbox[i], in, "imaps://USER@HOST, imap+starttls://USER@HOST, maildir:PATH");
  if (!c->inbox_count)
    conf_error(e, 0, "no inbox section: nothing would be read");
  if (!c->outbox.line)
    conf_error(e, 0, "no outbox section: nothing could be sent");
  check_server(e, &c->outbox, out, "smtps://USER@HOST, smtp+starttls://USER@HOST, sendmail:, maildir:PATH");
  if (!c->analyst_count)
    conf_error(e, 0, "no analyst section: nobody would get a report");
  check_secret(e, 0, "key_passphrase_file", c->key_passphrase_file);
  check_people(e, c);
  check_prefix(e, c);
  check_zone(e, c);
  check_clinical(e, c);
  check_field_values(e, c);
  check_site(e, c);
  check_publish_notify(e, c);
  if (c->gnupg_home && strlen(c->gnupg_home) > HOME_MAX)
    conf_error(e, line_of(e, "gnupg_home"),
               "gnupg_home: %s is longer than %d characters, too long for gpg-agent's sockets: choose a shorter path", c->gnupg_home, HOME_MAX);
}
