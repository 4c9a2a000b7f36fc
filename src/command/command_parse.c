/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/parse: a mail's own text to commands: the leading block, text blocks, #end, wraps, ## (design/commands.md).
 */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define WORD_LINE_MAX                                                                                                  \
  4096 /* bytes of a line that are looked at for a command; longer ones are refused by length later */
#define CASES_NAMED_MAX 64

/* Where in the mail the next line stands. */
enum parse_mode {
  MODE_BLOCK,    /* a command may begin, blank lines are skipped */
  MODE_ONE_LINE, /* directly below a one-line command: a line here continues it */
  MODE_TEXT,     /* inside the text of a command */
  MODE_AFTER,    /* the block is over: the rest is a note */
};

struct parse {
  struct pool *pool;
  struct command_mail *out;
  enum parse_mode mode;
  struct buf text;     /* of the current command, or the note */
  struct buf args;     /* of the current command */
  struct command *cur; /* NULL: none yet */
  bool ended;          /* #end stood: what follows and is no command is ignored */
};

/* A line "#name args". */
struct hash_word {
  bool is_word;
  const char *name; /* lower case */
  const char *args;
  const struct command_row *row;
};

static bool name_character(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static struct hash_word hash_word(struct pool *pool, struct bytes line)
{
  struct hash_word w = { 0 };
  const char *s = command_normalise(pool, bytes_sub(line, 0, WORD_LINE_MAX));
  if (s[0] != '#' || !name_character(s[1]) || s[1] == '-' || (s[1] >= '0' && s[1] <= '9'))
    return w;
  size_t len = 1;
  while (name_character(s[len]))
    len++;
  size_t rest = s[len] == ':' ? len + 1 : len;
  if (s[rest] != '\0' && s[rest] != ' ')
    return w;
  w.is_word = true;
  w.name = text_lower(pool, pool_strndup(pool, s + 1, len - 1));
  w.args = pool_str(pool, bytes_trim(bytes_str(s + rest)));
  w.row = command_row_by_name(w.name);
  return w;
}

/* Does the line begin with '#' where a command begins: at its start, past what cannot be seen. */
static bool starts_with_hash(struct bytes line)
{
  static const struct bytes unseen[] = { { "\xEF\xBB\xBF", 3 }, { "\xE2\x80\x8B", 3 }, { "\xE2\x81\xA0", 3 } };
  for (size_t i = 0; i < ARRAY_LEN(unseen); i++)
    if (bytes_starts(line, unseen[i]))
      line = bytes_sub(line, unseen[i].len, line.len - unseen[i].len);
  return bytes_starts(line, BYTES("#")) || bytes_starts(line, BYTES("\xEF\xBC\x83"));
}

const struct command_row *command_line_row(struct pool *pool, struct bytes line)
{
  struct bytes s = bytes_trim(line);
  return starts_with_hash(s) ? hash_word(pool, s).row : NULL;
}

/* "##word" stands for the text "#word". */
static struct bytes unescape(struct bytes line)
{
  size_t hashes = 0;
  while (hashes < line.len && line.p[hashes] == '#')
    hashes++;
  if (hashes < 2 || hashes >= line.len || !name_character(line.p[hashes]))
    return line;
  return bytes_sub(line, 1, line.len - 1);
}

static void refuse(struct parse *p, const struct text_line *l, const char *why)
{
  if (p->out->refuse)
    return;
  p->out->refuse = pool_printf(p->pool, "line %u: %s", l->no, why);
  p->out->refuse_line = l->no;
}

static char *block_text(struct parse *p)
{
  struct bytes s = buf_bytes(&p->text);
  while (s.len > 0 && strchr(" \t\n", s.p[s.len - 1]))
    s.len--;
  size_t nl;
  while ((nl = bytes_find(s, BYTES("\n"), 0)) != SIZE_MAX && bytes_trim(bytes_sub(s, 0, nl)).len == 0)
    s = bytes_sub(s, nl + 1, s.len - nl - 1);
  return text_clean(p->pool, s, true);
}

static void finish_command(struct parse *p, bool uncertain)
{
  if (!p->cur)
    return;
  p->cur->args = pool_str(p->pool, bytes_trim(buf_bytes(&p->args)));
  if (p->cur->row && (p->cur->row->flags & CMD_TEXT))
    p->cur->args = command_behind_plus(p->cur->args);
  p->cur->text = block_text(p);
  p->cur->cut_uncertain = uncertain && p->cur->text[0] != '\0';
  p->cur = NULL;
}

/* Text follows #preview when it follows the command that is previewed. */
static bool takes_text(struct pool *pool, const struct command_row *row, const char *args)
{
  if (row && strcmp(row->name, "preview") == 0) {
    const char *inner = args[0] == '#' ? args + 1 : args;
    row = command_row_by_name(pool_strndup(pool, inner, strcspn(inner, " ")));
    if (row && strcmp(row->name, "preview") == 0)
      row = NULL;
  }
  return row && (row->flags & CMD_TEXT);
}

static bool is_dry_run(const struct hash_word *w)
{
  return strcmp(w->name, "dry-run") == 0 || (strcmp(w->name, "preview") == 0 && w->args[0] == '\0');
}

static void start_command(struct parse *p, const struct text_line *l, const struct hash_word *w)
{
  struct command_mail *out = p->out;
  if (out->count == 0 && !out->dry_run && is_dry_run(w)) {
    out->dry_run = true;
    p->mode = MODE_BLOCK;
    return;
  }
  if (out->count == COMMAND_MAX) {
    refuse(p, l, "more than 64 commands in one mail: send several mails");
    return;
  }
  p->cur = &out->command[out->count++];
  struct bytes shown = bytes_trim(l->text);
  *p->cur = (struct command){ .row = w->row, .name = w->name, .args = "", .text = "", .line_no = l->no };
  p->cur->line =
      command_short(p->pool, text_clean(p->pool, bytes_sub(shown, 0, WORD_LINE_MAX), false), COMMAND_LINE_SHOWN);
  p->ended = false;
  p->args = buf_new(p->pool, 80);
  p->text = buf_new(p->pool, 80);
  buf_adds(&p->args, w->args);
  p->mode = takes_text(p->pool, w->row, w->args) ? MODE_TEXT : MODE_ONE_LINE;
}

/* Names that programs begin lines with: no slip of an analyst's pen. */
static bool is_code_word(const char *name)
{
  static const char *const code[] = { "define", "include", "import", "if",   "ifdef", "ifndef", "else",
                                      "elif",   "endif",   "undef",  "line", "error", "pragma", "warning" };
  for (size_t i = 0; i < ARRAY_LEN(code); i++)
    if (strcmp(code[i], name) == 0)
      return true;
  return false;
}

static bool is_slip(const struct hash_word *w)
{
  const char *near = is_code_word(w->name) ? NULL : command_nearest(w->name);
  return near && strlen(w->name) >= 4 && text_distance(w->name, near, 1) <= 1;
}

static void add_text(struct parse *p, const struct text_line *l)
{
  buf_add(&p->text, l->quoted ? l->text : unescape(l->text));
  buf_addc(&p->text, '\n');
}

/* An indented or late command is none, and nobody could tell: the whole mail is refused. */
static bool refuse_lost_command(struct parse *p, const struct text_line *l)
{
  const struct command_row *row = l->quoted ? NULL : command_line_row(p->pool, l->text);
  if (!row)
    return false;
  refuse(p, l,
         pool_printf(p->pool,
                     "#%s stands where it is no command; commands stand at the start of their lines, before any other "
                     "text (write ##%s where it is meant as text)",
                     row->name, row->name));
  return true;
}

static void line_in_text(struct parse *p, const struct text_line *l)
{
  if (!l->quoted && starts_with_hash(l->text)) {
    struct hash_word w = hash_word(p->pool, l->text);
    if (w.row && strcmp(w.name, "end") == 0) {
      finish_command(p, false);
      p->ended = true;
      p->mode = MODE_BLOCK;
      return;
    }
    if (w.row) {
      finish_command(p, false);
      start_command(p, l, &w);
      return;
    }
    if (w.is_word && is_slip(&w)) {
      refuse(p, l,
             pool_printf(p->pool, "#%s is no command, but very near to #%s (write ##%s where it is meant as text)",
                         w.name, command_nearest(w.name), w.name));
      return;
    }
  }
  if (!refuse_lost_command(p, l))
    add_text(p, l);
}

static void line_after(struct parse *p, const struct text_line *l)
{
  if (!refuse_lost_command(p, l) && !p->ended)
    add_text(p, l);
}

static void line_in_block(struct parse *p, const struct text_line *l)
{
  struct hash_word w = { 0 };
  if (text_line_blank(l)) {
    p->mode = MODE_BLOCK;
    return;
  }
  if (!l->quoted && starts_with_hash(l->text))
    w = hash_word(p->pool, l->text);
  if (w.is_word) {
    finish_command(p, false);
    p->ended |= w.row && strcmp(w.name, "end") == 0;
    p->mode = MODE_BLOCK;
    if (!w.row || strcmp(w.name, "end") != 0)
      start_command(p, l, &w);
    return;
  }
  bool continues = p->mode == MODE_ONE_LINE && p->cur && !l->quoted && l->text.p[0] != '#' && !p->ended;
  if (continues) {
    buf_addc(&p->args, ' ');
    buf_adds(&p->args, command_normalise(p->pool, bytes_sub(l->text, 0, WORD_LINE_MAX)));
    return;
  }
  finish_command(p, false);
  p->mode = MODE_AFTER;
  p->text = buf_new(p->pool, 80);
  line_after(p, l);
}

static void parse_line(struct parse *p, const struct text_line *l)
{
  switch (p->mode) {
  case MODE_BLOCK:
  case MODE_ONE_LINE:
    line_in_block(p, l);
    break;
  case MODE_TEXT:
    line_in_text(p, l);
    break;
  case MODE_AFTER:
    line_after(p, l);
    break;
  }
}

void command_parse(struct pool *pool, const struct command_source *src, struct command_mail *out)
{
  memset(out, 0, sizeof *out);
  out->note = "";
  struct text_lines lines = command_lines(pool, src);
  struct text_cut cut = command_cut(pool, &lines, src->cut_marker);
  out->refuse = cut.refuse;
  out->refuse_line = cut.refuse_line;
  struct parse p = { .pool = pool, .out = out, .text = buf_new(pool, 0), .args = buf_new(pool, 0) };
  for (size_t i = 0; i < cut.end && !out->refuse; i++)
    parse_line(&p, &lines.line[i]);
  if (p.mode == MODE_AFTER)
    out->note = block_text(&p);
  finish_command(&p, !cut.found);
  if (cut.found && cut.end == 0 && !out->refuse) {
    out->refuse =
        "nothing stands above the quoted text: write commands and text at the top of the mail, above all that "
        "it quotes";
    out->refuse_line = 1;
  }
}

/* The words of a line that may be case ids; of #case only the first. */
static size_t ids_of(struct pool *pool, const struct command *c, const char ***out)
{
  static const char *const name[] = { "case", "merge", "duplicate", "link", "move" };
  const char **words;
  size_t i = 0, count = 0, n = c->row ? command_words(pool, c->args, &words) : 0;
  while (i < ARRAY_LEN(name) && strcmp(c->name, name[i]) != 0)
    i++;
  if (i == ARRAY_LEN(name) || n == 0)
    return 0;
  *out = pool_array(pool, n, sizeof **out);
  for (size_t k = 0; k < (i == 0 ? 1 : n); k++)
    (*out)[count++] = text_upper(pool, words[k] + (words[k][0] == '-'));
  return count;
}

size_t command_cases_named(struct pool *pool, const struct command_mail *m, const char ***out)
{
  size_t count = 0, cap = 0;
  *out = NULL;
  for (size_t i = 0; i < m->count; i++) {
    const char **id = NULL;
    size_t n = ids_of(pool, &m->command[i], &id);
    for (size_t w = 0; w < n && count < CASES_NAMED_MAX; w++) {
      size_t k = 0;
      while (k < count && strcmp((*out)[k], id[w]) != 0)
        k++;
      if (k < count)
        continue;
      *out = pool_grow(pool, *out, count, &cap, sizeof **out);
      (*out)[count++] = id[w];
    }
  }
  return count;
}
