/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/key: keys of reporters and participants. The keys themselves are the gate's; here is what was asked for. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

static void key_answer(struct command_context *cx, enum answer_kind kind, const char *args)
{
  struct effect *e = command_effect(cx, EFFECT_ANSWER);
  e->answer = kind;
  e->args = args;
  command_say(cx, "the keys are shown below");
}

static void key_effect(struct command_context *cx, const char *what, const char *fingerprint, const char *address)
{
  struct effect *e = command_effect(cx, EFFECT_KEY);
  e->what = what;
  e->args = fingerprint;
  e->text = address;
}

static enum status key_list(struct command_context *cx, const struct command *cmd, const char *rest, struct fault *err)
{
  key_answer(cx, ANSWER_KEY_LIST, rest);
  return ST_OK;
}

static enum status key_show(struct command_context *cx, const struct command *cmd, const char *rest, struct fault *err)
{
  if (rest[0] == '\0')
    return command_usage(cmd, err, "an address or a fingerprint is missing");
  const char *name, *address = command_address(cx->pool, rest, &name),
                    *fingerprint = command_fingerprint(cx->pool, rest);
  key_answer(cx, ANSWER_KEY_SHOW, fingerprint ? fingerprint : address ? address : rest);
  return ST_OK;
}

static enum status bad_fingerprint(struct command_context *cx, const char *s, struct fault *err)
{
  return fault(err, ST_REJECT, "\"%s\" is no full fingerprint: 40 (or 64) hexadecimal digits; short ids can be forged",
               command_short(cx->pool, s, 70));
}

const char *command_given_key(const struct command_context *cx, const char *address)
{
  for (size_t i = cx->given_count; i-- > 0;)
    if (text_ieq(cx->given[i].address, address))
      return cx->given[i].fingerprint;
  return "";
}

/* The party that the key is for is written to encrypted from here on, by this mail's later commands too. */
static void give_key(struct command_context *cx, const char *fingerprint, const char *address)
{
  cx->given = pool_grow(cx->pool, cx->given, cx->given_count, &cx->given_cap, sizeof *cx->given);
  cx->given[cx->given_count++] = (struct command_given){ address, fingerprint };
  struct party *p = cx->vc >= 0 ? case_party_by_address(command_case(cx), address) : NULL;
  if (!p)
    return;
  p->fingerprint = fingerprint;
  p->new_key_waits = p->key_unproved = false;
  cx->plan->vc_changed[cx->vc] = true;
}

/* The reporter's address where the key names it, else the first that it names. */
static const char *import_address(struct command_context *cx, const struct command_key *k)
{
  const struct party *reporter = cx->vc >= 0 ? case_reporter(command_case(cx)) : NULL;
  for (size_t i = 0; reporter && i < k->address_count; i++)
    if (text_ieq(k->address[i], reporter->address))
      return reporter->address;
  for (size_t i = 0; i < k->address_count; i++)
    if (!text_empty(k->address[i]))
      return k->address[i];
  return NULL;
}

static enum status import_one(struct command_context *cx, const struct command_key *k, struct fault *err)
{
  const struct party *reporter = cx->vc >= 0 ? case_reporter(command_case(cx)) : NULL;
  const char *address = import_address(cx, k);
  if (k->problem)
    return fault(err, ST_DENIED, "the attached key %s cannot be used: %s", k->fingerprint, k->problem);
  if (!address)
    return fault(err, ST_DENIED, "the attached key %s names no address", k->fingerprint);
  key_effect(cx, "import", k->fingerprint, address);
  give_key(cx, k->fingerprint, address);
  command_event(cx, "key.import", "key %s imported for %s", k->fingerprint, address);
  command_say(cx, "the key %s is the one for %s from now on", k->fingerprint, address);
  if (reporter && !text_empty(reporter->address) && !text_ieq(reporter->address, address))
    command_say(cx, "it does not name the reporter; to use it for them all the same: #key accept %s for %s", k->fingerprint,
                reporter->address);
  return ST_OK;
}

static enum status key_import(struct command_context *cx, const struct command *cmd, const char *rest,
                              struct fault *err)
{
  if (rest[0] != '\0')
    return command_usage(cmd, err, "import takes the keys that are attached to the mail, and nothing behind it");
  if (cx->w->attached_count == 0)
    return fault(err, ST_DENIED, "no key is attached: attach the key file (.asc) to the mail that holds #key import");
  enum status st = ST_OK;
  for (size_t i = 0; i < cx->w->attached_count && st == ST_OK; i++)
    st = import_one(cx, &cx->w->attached[i], err);
  return st;
}

static enum status key_accept(struct command_context *cx, const struct command *cmd, const char *rest,
                              struct fault *err)
{
  size_t at = bytes_ifind(bytes_str(rest), BYTES(" for "), 0);
  if (at == SIZE_MAX)
    return command_usage(cmd, err, "say for which address it is");
  const char *shown = pool_strndup(cx->pool, rest, at), *name;
  const char *fingerprint = command_fingerprint(cx->pool, shown),
             *address = command_address(cx->pool, rest + at + 5, &name);
  if (!fingerprint)
    return bad_fingerprint(cx, shown, err);
  if (!address)
    return command_usage(cmd, err, "that is no mail address");
  key_effect(cx, "accept", fingerprint, address);
  give_key(cx, fingerprint, address);
  command_event(cx, "key.accept", "key %s accepted for %s", fingerprint, address);
  command_say(cx, "the key %s is the one for %s from now on", fingerprint, address);
  return ST_OK;
}

static enum status key_drop(struct command_context *cx, const struct command *cmd, const char *rest, struct fault *err)
{
  const char *fingerprint = command_fingerprint(cx->pool, rest);
  if (!fingerprint)
    return bad_fingerprint(cx, rest, err);
  struct party *p = cx->vc >= 0 ? case_party_by_key(command_case(cx), fingerprint) : NULL;
  if (p)
    p->fingerprint = "";
  key_effect(cx, "drop", fingerprint, "");
  command_event(cx, "key.drop", "key %s dropped", fingerprint);
  command_say(cx, "the key %s is dropped: nothing is encrypted to it any more", fingerprint);
  return ST_OK;
}

static const struct {
  const char *name;
  bool writes;
  enum status (*run)(struct command_context *cx, const struct command *cmd, const char *rest, struct fault *err);
} sub_table[] = {
  { "list", false, key_list },    { "show", false, key_show }, { "import", true, key_import },
  { "accept", true, key_accept }, { "drop", true, key_drop },
};

enum status command_do_key(struct command_context *cx, const struct command *cmd, struct fault *err)
{
  size_t len = strcspn(cmd->args, " ");
  struct bytes word = { cmd->args, len };
  const char *rest = cmd->args[len] ? cmd->args + len + 1 : "";
  for (size_t i = 0; i < ARRAY_LEN(sub_table); i++) {
    if (!bytes_ieq(word, bytes_str(sub_table[i].name)))
      continue;
    enum status st = sub_table[i].writes ? command_may_write(cx, false, err) : ST_OK;
    return st == ST_OK ? sub_table[i].run(cx, cmd, rest, err) : st;
  }
  return command_usage(cmd, err, "say list, show, import, accept or drop");
}
