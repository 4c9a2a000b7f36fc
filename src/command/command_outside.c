/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/outside: what is read from people who are no analysts, and the gateway's own reference lines. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define REFS_MAX 32
#define TAG_LENGTH 16 /* 80 bits in base32 */

static bool is_tag_character(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

/* "ID/TAG" at the start of s. */
static bool ref_at(struct pool *pool, const char *prefix, struct bytes s, struct command_ref *out)
{
  size_t slash = bytes_find(bytes_sub(s, 0, 64), BYTES("/"), 0);
  if (slash == SIZE_MAX || s.len - slash - 1 < TAG_LENGTH)
    return false;
  const char *id = pool_str(pool, bytes_sub(s, 0, slash));
  if (strlen(id) != slash || !case_id_valid(prefix, id))
    return false;
  size_t len = 0;
  while (slash + 1 + len < s.len && is_tag_character(s.p[slash + 1 + len]))
    len++;
  if (len != TAG_LENGTH)
    return false;
  const char **ids;
  case_ids_in(pool, prefix, id, &ids);
  *out = (struct command_ref){ ids[0], text_lower(pool, pool_str(pool, bytes_sub(s, slash + 1, len))) };
  return true;
}

size_t command_refs_in(struct pool *pool, const char *prefix, const char *text, struct command_ref **out)
{
  struct bytes all = bytes_str(text);
  size_t count = 0, cap = 0;
  *out = NULL;
  for (size_t at = 0; count < REFS_MAX && (at = bytes_ifind(all, BYTES("Ref:"), at)) != SIZE_MAX; at += 4) {
    struct bytes rest = bytes_sub(all, at + 4, all.len - at - 4);
    while (rest.len > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t'))
      rest = bytes_sub(rest, 1, rest.len - 1);
    if (bytes_starts(rest, BYTES("\xC2\xA0")))
      rest = bytes_sub(rest, 2, rest.len - 2);
    struct command_ref ref;
    if (!ref_at(pool, prefix, rest, &ref))
      continue;
    size_t k = 0;
    while (k < count && (strcmp((*out)[k].case_id, ref.case_id) != 0 || strcmp((*out)[k].tag, ref.tag) != 0))
      k++;
    if (k < count)
      continue;
    *out = pool_grow(pool, *out, count, &cap, sizeof **out);
    (*out)[count++] = ref;
  }
  return count;
}

enum outside_args { ARGS_NONE, ARGS_SOME, ARGS_EMBARGO };

static const struct {
  const char *name;
  enum participant_verb verb;
  enum outside_args args;
} outside_verb[] = {
  { "status", PV_STATUS, ARGS_NONE },      { "key", PV_KEY, ARGS_NONE },
  { "help", PV_HELP, ARGS_NONE },          { "credit", PV_CREDIT, ARGS_SOME },
  { "embargo", PV_EMBARGO, ARGS_EMBARGO }, { "withdraw", PV_WITHDRAW, ARGS_SOME },
  { "affected", PV_AFFECTED, ARGS_NONE },  { "not-affected", PV_NOT_AFFECTED, ARGS_NONE },
  { "fixed", PV_FIXED, ARGS_NONE },        { "investigating", PV_INVESTIGATING, ARGS_NONE },
  { "under-investigation", PV_INVESTIGATING, ARGS_NONE },
};

/* propose DATE, accept, reject and nothing else: what they say is prose otherwise. */
static bool args_fit(struct pool *pool, enum outside_args want, const char *args)
{
  const char **word;
  size_t n = command_words(pool, args, &word);
  if (want == ARGS_NONE)
    return n == 0;
  if (want == ARGS_SOME)
    return n > 0;
  return (n == 2 && text_ieq(word[0], "propose")) ||
         (n == 1 && (text_ieq(word[0], "accept") || text_ieq(word[0], "reject")));
}

/* Which verb a line begins with: an index; -1: another word after #; -2: no such line at all. */
static int verb_at(const char *s)
{
  size_t len = strcspn(s, " ");
  if (s[0] != '#' || len < 2 || !((s[1] >= 'a' && s[1] <= 'z') || (s[1] >= 'A' && s[1] <= 'Z')))
    return -2;
  for (size_t i = 0; i < ARRAY_LEN(outside_verb); i++)
    if (bytes_ieq((struct bytes){ s + 1, len - 1 }, bytes_str(outside_verb[i].name)))
      return (int)i;
  return -1;
}

static const char *normal(struct pool *pool, const struct text_line *l)
{
  return !l->quoted && l->text.len <= COMMAND_ARGS_MAX ? command_normalise(pool, l->text) : "";
}

/* A line that does not fit is kept with PV_NONE, so that its writer hears of it. */
static struct participant_command outside_line(struct pool *pool, const char *s, int verb)
{
  size_t len = strcspn(s, " ");
  const char *args = s[len] == ' ' ? s + len + 1 : "";
  if (verb >= 0 && args_fit(pool, outside_verb[verb].args, args))
    return (struct participant_command){ outside_verb[verb].verb, args };
  return (struct participant_command){ PV_NONE, s };
}

void command_participant(struct pool *pool, const char *text, const char *marker, struct participant_mail *out)
{
  struct text_lines lines = command_lines(pool, &(struct command_source){ .text = text });
  struct text_cut cut = command_cut(pool, &lines, marker);
  bool any = false;
  size_t i = 0;
  int verb;
  *out = (struct participant_mail){ 0 };
  for (; i < lines.count && out->count < PARTICIPANT_MAX; i++) {
    const char *s = normal(pool, &lines.line[i]);
    if (bytes_trim(lines.line[i].text).len == 0)
      continue;
    if ((verb = verb_at(s)) == -2)
      break;
    any |= verb >= 0;
    out->command[out->count++] = outside_line(pool, s, verb);
  }
  if (!any) /* words with a # are no commands */
    out->count = 0;
  for (i = any ? i : 0; i < cut.end; i++) {
    const char *s = normal(pool, &lines.line[i]);
    out->more |= !lines.line[i].quoted && bytes_trim(lines.line[i].text).len > 0;
    if (verb_at(s) >= 0 && out->below_count < PARTICIPANT_MAX)
      out->below[out->below_count++] = command_short(pool, s, COMMAND_LINE_SHOWN);
  }
}
