/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command language on any bytes: parse, run with every kind of analyst, participants' verbs, references. What must
 * hold whatever comes: it ends; a failed plan answers questions at most and changes no case; a refused mail is a failed plan;
 * previews and dry runs change nothing; an observer changes nothing; nothing with control characters goes outside. With
 * libFuzzer (--enable-fuzz) the entry point alone; else a main that replays the files named, or made-up inputs without
 * any. */
#include <config.h>
#include <embargod/command.h>
#include <embargod/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../unit/test_command_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_letter(const struct effect *e)
{
  for (const char *c = e->text; *c; c++)
    invariant((unsigned char)*c >= ' ' || *c == '\n' || *c == '\t');
  invariant(utf8_valid(bytes_str(e->text)));
  invariant(e->gate >= 0 && e->gate <= 2 && e->template_name[0] != '\0' && !strstr(e->template_name, ".."));
}

static void check_plan(const struct plan *p, const struct command_mail *m, bool observer)
{
  bool changed = false;
  for (size_t i = 0; i < ARRAY_LEN(p->vc_changed); i++)
    changed |= p->vc_changed[i];
  invariant(!(m->refuse && !p->failed));
  invariant(!(p->failed && changed));
  for (size_t i = 0; i < p->effect_count; i++)
    invariant(!p->failed || p->effect[i].kind == EFFECT_ANSWER);
  invariant(!((m->dry_run || observer) && changed));
  for (size_t i = 0; i < m->count; i++)
    invariant(p->result[i].reason != NULL);
  for (size_t i = 0; i < p->effect_count; i++) {
    const struct effect *e = &p->effect[i];
    invariant(e->command <= m->count && e->vc < (int)p->vc_count);
    invariant(!(observer && e->kind != EFFECT_ANSWER));
    invariant(!m->dry_run || e->kind == EFFECT_ANSWER || e->preview_only);
    if (e->kind == EFFECT_LETTER)
      check_letter(e);
  }
}

static void one_scene(const char *text, const struct scene *s, const char *format)
{
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz");
  struct vuln_case *before;
  struct command_mail *m = pool_new_of(pool, struct command_mail);
  command_parse(pool, &(struct command_source){ text, format, "yes", MARKER }, m);
  invariant(m->count <= COMMAND_MAX && m->note);
  if (format[0] == '\0')
    check_plan(run_mail(pool, s, text, &before), m, s->who && strcmp(s->who, "olga") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const struct scene scene[] = { { 0 },
                                        { .who = "bob", .unbound = true, .signed_only = true },
                                        { .who = "olga" },
                                        { .no_key = true, .gate_notify = 2, .rm = RM_ACCEPTED, .tlp = "CLEAR" },
                                        { .merged = true } };
  AUTO(pool_freep) struct pool *pool = pool_new("fuzz input");
  const char *text = pool_str(pool, (struct bytes){ (const char *)data, size });
  for (size_t i = 0; i < ARRAY_LEN(scene); i++)
    one_scene(text, &scene[i], "");
  one_scene(text, &scene[0], "flowed");
  struct participant_mail verbs;
  struct command_ref *ref;
  command_participant(pool, text, MARKER, &verbs);
  invariant(verbs.count <= PARTICIPANT_MAX && verbs.below_count <= PARTICIPANT_MAX);
  invariant(command_refs_in(pool, "EMB", text, &ref) <= 32);
  return 0;
}

#ifndef FUZZ_WITH_ENGINE
/* Pieces put together at random, always the same way: what a run without files tries. */
static void made_up(unsigned rounds)
{
  static const char *const piece[] = { "\n",
                                       "\n\n",
                                       " ",
                                       "#",
                                       "##",
                                       "> ",
                                       "-- \n",
                                       "text ",
                                       "#end\n",
                                       "#include\n",
                                       "#preview ",
                                       "#dry-run\n",
                                       "EMB-2026-0001 ",
                                       "EMB-2026-0002",
                                       "fda ",
                                       "customers ",
                                       "-",
                                       "\"",
                                       "<a@b.c>",
                                       "a@b.c",
                                       "for ",
                                       FPR,
                                       "\xFF",
                                       "\xC2\xA0",
                                       "\xE2\x80\xAE",
                                       "\x01",
                                       "yes",
                                       "clear ",
                                       "none",
                                       "CVE-2026-1234",
                                       "RED",
                                       "accept ",
                                       MARKER,
                                       "On 2 Mar 2026 x wrote:\n",
                                       "From: a\nTo: b\nSubject: c\n",
                                       "abcdefghijklmnop" };
  const struct command_row *row;
  size_t rows = command_table(&row);
  unsigned seed = 42;
  for (unsigned r = 0; r < rounds; r++) {
    AUTO(pool_freep) struct pool *pool = pool_new("made up");
    struct buf b = buf_new(pool, 400);
    for (int i = 0; i < 24; i++) {
      seed = seed * 1664525u + 1013904223u;
      unsigned pick = seed >> 12;
      if (pick & 1)
        buf_printf(&b, "%s#%s ", pick & 6 ? "\n" : "", row[(pick >> 3) % rows].name);
      else
        buf_adds(&b, piece[(pick >> 3) % ARRAY_LEN(piece)]);
    }
    LLVMFuzzerTestOneInput((const uint8_t *)b.data, b.len);
  }
}

static int replay(const char *path)
{
  AUTO(pool_freep) struct pool *pool = pool_new("replay");
  FILE *f = fopen(path, "rb");
  if (!f) {
    perror(path);
    return 1;
  }
  struct buf b = buf_new(pool, 4096);
  char block[4096];
  for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
    buf_add(&b, (struct bytes){ block, n });
  fclose(f);
  LLVMFuzzerTestOneInput((const uint8_t *)b.data, b.len);
  return 0;
}

int main(int argc, char **argv)
{
  int bad = 0;
  for (int i = 1; i < argc; i++)
    bad |= replay(argv[i]);
  if (argc == 1)
    made_up(4000);
  return bad;
}
#endif
