/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/args: what stands behind a command's name: words, quoted names, fingerprints, addresses, near names. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define ADDRESS_MAX 254
#define NEAR_MAX 2

size_t command_words(struct pool *pool, const char *args, const char ***out)
{
  size_t count = 0, cap = 0;
  const char *s = args ? args : "";
  *out = NULL;
  while (count < COMMAND_WORDS_MAX) {
    s += strspn(s, " ,\t\n");
    if (*s == '\0')
      break;
    bool quoted = *s == '"';
    s += quoted;
    size_t len = strcspn(s, quoted ? "\"" : " ,\t\n");
    *out = pool_grow(pool, *out, count, &cap, sizeof **out);
    (*out)[count++] = pool_strndup(pool, s, len);
    s += len + (quoted && s[len] == '"');
  }
  return count;
}

const char *command_no_date(struct pool *pool, const char *word)
{
  static const char forms[] = "2027-01-31, 2027-01-31T14:00Z or +30d";
  const char *shown = command_short(pool, word ? word : "", 40);
  if (!*shown)
    return pool_printf(pool, "it needs a DATE such as %s", forms);
  bool day = strlen(shown) >= 10 && strspn(shown, "0123456789") == 4 && shown[4] == '-' && shown[7] == '-';
  return day ? pool_printf(pool, "there is no such date as %s", shown)
             : pool_printf(pool, "\"%s\" is no DATE; one is written as %s", shown, forms);
}

const char *command_behind_plus(const char *s)
{
  return s[0] == '+' && (s[1] == ' ' || !s[1]) ? s + 1 + strspn(s + 1, " ") : s;
}

char *command_whole_text(struct pool *pool, const struct command *cmd)
{
  if (cmd->args[0] == '\0' || cmd->text[0] == '\0')
    return pool_strdup(pool, cmd->args[0] ? cmd->args : cmd->text);
  return pool_printf(pool, "%s\n%s", cmd->args, cmd->text);
}

char *command_fingerprint(struct pool *pool, const char *s)
{
  struct buf b = buf_new(pool, 64);
  if (text_istarts(s, "0x"))
    s += 2;
  for (; *s && b.len <= 64; s++) {
    if (*s == ' ' || *s == ':')
      continue;
    char c = *s >= 'a' && *s <= 'f' ? (char)(*s - 'a' + 'A') : *s;
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
      return NULL;
    buf_addc(&b, c);
  }
  return b.len == 40 || b.len == 64 ? buf_str(&b) : NULL;
}

static bool local_part_fits(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F || strchr("<>()[]\\,;:@\"", s.p[i]))
      return false;
  bool dots = s.len > 0 && (s.p[0] == '.' || s.p[s.len - 1] == '.' || bytes_find(s, BYTES(".."), 0) != SIZE_MAX);
  return s.len > 0 && s.len <= 64 && !dots;
}

static bool domain_fits(struct bytes s)
{
  for (size_t i = 0; i < s.len; i++) {
    char c = s.p[i];
    bool label = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) || c == '-';
    bool dot = c == '.' && i > 0 && s.p[i - 1] != '.' && i + 1 < s.len;
    if (!label && !dot)
      return false;
  }
  return s.len > 0;
}

char *command_address(struct pool *pool, const char *s, const char **name)
{
  struct bytes all = bytes_trim(bytes_str(s)), address = all;
  size_t open = bytes_find(all, BYTES("<"), 0);
  *name = "";
  if (open != SIZE_MAX) {
    if (all.p[all.len - 1] != '>')
      return NULL;
    address = bytes_sub(all, open + 1, all.len - open - 2);
    struct bytes shown = bytes_trim(bytes_sub(all, 0, open));
    if (shown.len >= 2 && shown.p[0] == '"' && shown.p[shown.len - 1] == '"')
      shown = bytes_sub(shown, 1, shown.len - 2);
    *name = text_clean(pool, shown, false);
  }
  size_t at = bytes_find(address, BYTES("@"), 0);
  if (at == SIZE_MAX || address.len > ADDRESS_MAX || !utf8_valid(address))
    return NULL;
  struct bytes local = bytes_sub(address, 0, at), domain = bytes_sub(address, at + 1, address.len - at - 1);
  if (!local_part_fits(local) || !domain_fits(domain))
    return NULL;
  return pool_printf(pool, "%s@%s", pool_str(pool, local), text_lower(pool, pool_str(pool, domain)));
}

const char *command_nearest_of(const char *const *names, size_t count, const char *name)
{
  const char *best = NULL;
  unsigned least = NEAR_MAX + 1;
  for (size_t i = 0; i < count; i++) {
    unsigned d = text_distance(name, names[i], NEAR_MAX);
    bool better = d < least && d < strlen(name); /* a name that shares no letter is not near */
    if (better) {
      least = d;
      best = names[i];
    }
  }
  /* "not" for "note", "description" for "desc": what one begins with. */
  for (size_t i = 0; i < count && !best; i++)
    if (strlen(name) >= 3 && text_istarts(names[i], name))
      best = names[i];
  return best;
}

const char *command_did_you_mean(struct pool *pool, const char *mark, const char *near)
{
  return near ? pool_printf(pool, " (did you mean %s%s?)", mark, near) : "";
}

const char *command_short(struct pool *pool, const char *s, size_t max)
{
  struct bytes all = bytes_str(s);
  if (all.len <= max)
    return pool_strdup(pool, all.p ? all.p : "");
  return pool_printf(pool, "%s...", pool_str(pool, bytes_sub(all, 0, utf8_cut(all, max - 3))));
}
