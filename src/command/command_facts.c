/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/facts: what is known of the vulnerability. Rows share these functions: a row's name is its field's name. */
#include <config.h>

#include <embargod/assess.h>
#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define LINE_MAX_BYTES 300
#define SHOWN 60

static void put(struct command_context *cx, const char *field, const char *value, const char *extra)
{
  case_set(cx->pool, command_case(cx),
           &(struct case_field){
               .name = field, .value = value, .extra = extra, .at = cx->w->now, .by = cx->w->analyst->name });
}

static const char *shown(struct command_context *cx, const char *value)
{
  if (value[0] == '\0')
    return "nothing";
  return pool_printf(cx->pool, "\"%s\"", command_short(cx->pool, value, SHOWN));
}

/* Sets a single field and says from what to what. */
static enum status set_single(struct command_context *cx, const char *field, const char *value)
{
  struct vuln_case *vc = command_case(cx);
  const char *before = shown(cx, case_get(vc, field));
  put(cx, field, value, "");
  command_event(cx, pool_printf(cx->pool, "field.%s", field), "%s: %s -> %s", field, before, shown(cx, value));
  command_say(cx, "%s: %s: %s -> %s", vc->id, field, before, shown(cx, value));
  return ST_OK;
}

/* The same for texts, of which a receipt tells the size only. */
static enum status set_text(struct command_context *cx, const char *field, const char *text)
{
  struct vuln_case *vc = command_case(cx);
  size_t before = strlen(case_get(vc, field));
  put(cx, field, text, "");
  command_event(cx, pool_printf(cx->pool, "field.%s", field), "%s %s (%zu bytes)", field, before ? "replaced" : "set",
                strlen(text));
  if (before)
    command_say(cx, "%s: %s replaced (was %zu bytes, is %zu)", vc->id, field, before, strlen(text));
  else
    command_say(cx, "%s: %s set (was empty, is %zu bytes)", vc->id, field, strlen(text));
  return ST_OK;
}

enum status command_do_line_field(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  if (cmd->args[0] == '\0')
    return command_usage(cmd, err, "its text is missing");
  if (strlen(cmd->args) > LINE_MAX_BYTES)
    return fault(err, ST_REJECT, "longer than %d bytes", LINE_MAX_BYTES);
  return set_single(cx, cmd->row->name, cmd->args);
}

enum status command_do_text_field(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *text = command_whole_text(cx->pool, cmd);
  if (text_empty(text))
    return command_usage(cmd, err, "its text is missing");
  return set_text(cx, cmd->row->name, text);
}

enum status command_do_adverse_events(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *text = command_whole_text(cx->pool, cmd);
  if (text_empty(text))
    return command_usage(cmd, err, "none, or its text is missing");
  if (text_ieq(text, "none"))
    return set_single(cx, "adverse-events", "none");
  return set_text(cx, "adverse-events", text);
}

/* Without the quotes around it. */
static const char *unquoted(struct pool *pool, const char *s)
{
  struct bytes b = bytes_trim(bytes_str(s));
  if (b.len >= 2 && b.p[0] == '"' && b.p[b.len - 1] == '"')
    b = bytes_trim(bytes_sub(b, 1, b.len - 2));
  return pool_str(pool, b);
}

/* Every value of a list field, for "did you mean" and for the receipt. */
static size_t values_of(struct command_context *cx, const char *field, const char ***out)
{
  const struct vuln_case *vc = command_case(cx);
  size_t count = 0;
  *out = pool_array(cx->pool, vc->field_count + 1, sizeof **out);
  for (size_t i = 0; i < vc->field_count; i++)
    if (strcmp(vc->field[i].name, field) == 0)
      (*out)[count++] = vc->field[i].value;
  return count;
}

static enum status remove_value(struct command_context *cx, const char *field, const char *value, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  const char **values;
  size_t count = values_of(cx, field, &values);
  if (!case_unset(vc, field, value))
    return fault(err, ST_REJECT, "%s has no %s \"%s\"%s", vc->id, field, command_short(cx->pool, value, SHOWN),
                 command_did_you_mean(cx->pool, "", command_nearest_of(values, count, value)));
  command_event(cx, pool_printf(cx->pool, "field.%s", field), "%s removed: %s", field, value);
  command_say(cx, "%s: %s removed: %s", vc->id, field, value);
  return ST_OK;
}

static enum status add_value(struct command_context *cx, const char *field, const char *value, const char *extra)
{
  struct vuln_case *vc = command_case(cx);
  const char **values;
  size_t before = values_of(cx, field, &values);
  put(cx, field, value, extra);
  size_t after = values_of(cx, field, &values);
  const char *what = after > before ? "added" : "renewed";
  const char *more = extra[0] ? pool_printf(cx->pool, " (%s)", extra) : "";
  command_event(cx, pool_printf(cx->pool, "field.%s", field), "%s %s: %s%s", field, what, value, more);
  command_say(cx, "%s: %s %s: %s%s", vc->id, field, what, value, more);
  return ST_OK;
}

enum status command_do_list_field(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  bool remove = cmd->args[0] == '-';
  const char *value = unquoted(cx->pool, cmd->args + remove);
  if (value[0] == '\0')
    return command_usage(cmd, err, "the name is missing");
  if (strlen(value) > LINE_MAX_BYTES)
    return fault(err, ST_REJECT, "longer than %d bytes", LINE_MAX_BYTES);
  return remove ? remove_value(cx, cmd->row->name, value, err) : add_value(cx, cmd->row->name, value, "");
}

/* The longest name of the configuration that the words begin with. */
static const struct conf_product *configured_product(const struct conf *c, const char *args)
{
  const struct conf_product *best = NULL;
  for (size_t i = 0; i < c->product_count; i++) {
    const char *name = c->product[i].name;
    size_t len = strlen(name);
    bool whole = text_istarts(args, name) && (args[len] == '\0' || args[len] == ' ' || args[len] == ',');
    if (whole && (!best || len > strlen(best->name)))
      best = &c->product[i];
  }
  return best;
}

static const char *nearest_product(struct command_context *cx, const char *name)
{
  const struct conf *c = cx->w->conf;
  const char **names = pool_array(cx->pool, c->product_count + 1, sizeof *names);
  for (size_t i = 0; i < c->product_count; i++)
    names[i] = c->product[i].name;
  return command_nearest_of(names, c->product_count, name);
}

static void warn_unknown_product(struct command_context *cx, const char *name)
{
  if (cx->w->conf->product_count > 0)
    command_say(cx, "note: the configuration has no product \"%s\"%s", command_short(cx->pool, name, SHOWN),
                command_did_you_mean(cx->pool, "", nearest_product(cx, name)));
}

/* "2.1", "v3", "< 2.0", "all", "up to 2.3" */
static bool is_version(const char *word)
{
  static const char *const words[] = { "all", "any", "before", "below", "prior", "up", "until", "through", "from", "since", "version", "versions",
                                       "unknown" };
  const char *s = word + (*word == 'v' || *word == 'V');
  for (size_t i = 0; i < ARRAY_LEN(words); i++)
    if (text_ieq(word, words[i]))
      return true;
  return (*s >= '0' && *s <= '9') || (*word && strchr("<>=~^*", *word));
}

/* A name of several words that nobody quoted: two readings, and the gateway does not choose. */
static enum status ambiguous_product(struct command_context *cx, const char *args, const char *rest, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, rest, &word), i = 0;
  struct buf b = buf_new(cx->pool, 80);
  if (!n || is_version(word[0]))
    return ST_OK;
  buf_printf(&b, "%.*s", (int)strcspn(args, " "), args);
  for (; i < n && !is_version(word[i]); i++)
    buf_printf(&b, " %s", word[i]);
  const char *name = buf_str(&b);
  struct buf versions = buf_new(cx->pool, 80);
  for (; i < n; i++)
    buf_printf(&versions, " %s", word[i]);
  const char *near = nearest_product(cx, name);
  if (near)
    return fault(err, ST_REJECT, "the configuration has no product \"%s\"; did you mean #product %s%s? When it is another one, write #product \"%s\"%s",
                 name, near, buf_str(&versions), name, buf_str(&versions));
  return fault(err, ST_REJECT, "where does the name end? Write #product \"%s\"%s, or #product \"%.*s\" %s", name, buf_str(&versions),
               (int)strcspn(args, " "), args, rest);
}

static void say_understood(struct command_context *cx, const char *name, const char *versions)
{
  command_say(cx, "understood as the name \"%s\" and the versions \"%s\" (a name of several words stands in \"quotes\")", name, versions);
}

enum status command_do_product(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *args = cmd->args;
  if (args[0] == '-')
    return command_do_list_field(cx, cmd, err);
  const struct conf_product *known = configured_product(cx->w->conf, args);
  bool quoted = args[0] == '"';
  size_t len = known ? strlen(known->name) : strcspn(args + quoted, quoted ? "\"" : " ");
  if (quoted && args[1 + len] != '"')
    return command_usage(cmd, err, "the closing quote is missing");
  const char *name = known ? known->name : pool_strndup(cx->pool, args + quoted, len);
  if (quoted && conf_product_by_name(cx->w->conf, name)) {
    known = conf_product_by_name(cx->w->conf, name);
    name = known->name;
  }
  if (text_empty(name))
    return command_usage(cmd, err, "the name is missing");
  const char *versions = args + len + 2 * quoted;
  versions = pool_str(cx->pool, bytes_trim(bytes_str(versions + strspn(versions, " ,"))));
  if (strlen(args) > LINE_MAX_BYTES)
    return fault(err, ST_REJECT, "longer than %d bytes", LINE_MAX_BYTES);
  bool guessed = !known && !quoted && *versions;
  enum status st = guessed ? ambiguous_product(cx, args, versions, err) : ST_OK;
  if (st == ST_OK)
    st = add_value(cx, "product", name, versions);
  if (st == ST_OK && guessed)
    say_understood(cx, name, versions);
  if (st == ST_OK && !known)
    warn_unknown_product(cx, name);
  return st;
}

static bool tag_fits(const char *s)
{
  size_t len = 0;
  for (; s[len]; len++) {
    char c = s[len];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.:/", c) || (c & 0x80)))
      return false;
  }
  return len > 0 && len <= 64;
}

enum status command_do_tag(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char **word;
  size_t n = command_words(cx->pool, cmd->args, &word);
  if (n == 0)
    return command_usage(cmd, err, "the word is missing");
  for (size_t i = 0; i < n; i++) {
    bool remove = word[i][0] == '-';
    const char *tag = text_lower(cx->pool, word[i] + remove);
    if (!tag_fits(tag))
      return command_usage(cmd, err, "a tag is one word of letters, digits and -_.:/, at most 64 bytes long");
    enum status st = remove ? remove_value(cx, "tag", tag, err) : add_value(cx, "tag", tag, "");
    if (st != ST_OK)
      return st;
  }
  return ST_OK;
}

enum tlp command_case_tlp(const struct vuln_case *vc)
{
  enum tlp t;
  return tlp_parse(case_get(vc, "tlp"), &t) ? t : TLP_AMBER;
}

enum status command_do_tlp(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  struct vuln_case *vc = command_case(cx);
  enum tlp t;
  if (!tlp_parse(cmd->args, &t))
    return command_usage(cmd, err, "the labels are CLEAR, GREEN, AMBER, AMBER+STRICT and RED");
  const char *before = tlp_name(command_case_tlp(vc));
  if (!strcmp(before, tlp_name(t))) {
    command_say(cx, "%s: it is TLP:%s already", vc->id, before);
    return ST_OK;
  }
  put(cx, "tlp", tlp_name(t), "");
  command_event(cx, "field.tlp", "tlp: %s -> %s", before, tlp_name(t));
  command_say(cx, "%s: TLP:%s -> TLP:%s", vc->id, before, tlp_name(t));
  if (t == TLP_CLEAR && (vc->em == EM_ACTIVE || vc->em == EM_REVISE))
    command_say(cx, "note: the embargo holds until %s, and TLP:CLEAR says that everybody may pass it on",
                time_both(cx->pool, vc->embargo_until, cx->w->conf->zone));
  return ST_OK;
}

/* Another case that has the id: in this mail, or in the store. */
static const char *cve_elsewhere(struct command_context *cx, const char *cve)
{
  const struct vuln_case *vc = command_case(cx);
  for (size_t i = 0; i < cx->plan->vc_count; i++)
    if (cx->plan->vc[i] != vc && text_ieq(case_get(cx->plan->vc[i], "cve"), cve))
      return cx->plan->vc[i]->id;
  const char *id = cx->w->case_of_cve ? cx->w->case_of_cve(cx->w->self, cve) : NULL;
  for (size_t i = 0; id && i < cx->plan->vc_count; i++)
    if (!strcmp(cx->plan->vc[i]->id, id)) /* its copy says what it will have */
      return NULL;
  return id;
}

enum status command_do_cve(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  bool remove = cmd->args[0] == '-';
  const char *cve = assess_cve(cx->pool, cmd->args + remove);
  if (text_ieq(cmd->args, "request"))
    return set_single(cx, "cve", "requested");
  if (!cve)
    return command_usage(cmd, err, "ids look like CVE-2026-12345");
  if (remove)
    return remove_value(cx, "cve", cve, err);
  const char *other = cve_elsewhere(cx, cve);
  if (other)
    return fault(err, ST_REJECT, "%s has %s already, and an id belongs to one vulnerability; #cve -%s takes it from that case", other,
                 cve, cve);
  return set_single(cx, "cve", cve);
}

enum status command_do_cwe(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *cwe = assess_cwe(cx->pool, cmd->args);
  return cwe ? set_single(cx, "cwe", cwe) : command_usage(cmd, err, "ids look like CWE-798");
}

enum status command_do_reference(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  const char *args = cmd->args;
  if (args[0] == '-')
    return remove_value(cx, "reference", pool_str(cx->pool, bytes_trim(bytes_str(args + 1))), err);
  size_t len = strcspn(args, " ");
  const char *url = pool_strndup(cx->pool, args, len);
  const char *host = text_istarts(url, "https://") ? url + 8 : text_istarts(url, "http://") ? url + 7 : "";
  if (host[0] == '\0' || host[0] == '/' || strpbrk(url, "<>\"\\"))
    return command_usage(cmd, err, "a link begins with https:// or http://");
  if (strlen(args) > COMMAND_ARGS_MAX / 2)
    return fault(err, ST_REJECT, "longer than %d bytes", COMMAND_ARGS_MAX / 2);
  return add_value(cx, "reference", url, args[len] ? args + len + 1 : "");
}
