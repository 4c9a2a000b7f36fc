/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of many mail programs to commands, as a table: input, and what is read from it. */
#include <config.h>
#include <check.h>
#include <embargod/command.h>
#include <embargod/text.h>
#include <stdlib.h>
#include <string.h>

#define MARKER "-- write above this line --"
#define NBSP "\xC2\xA0"

/* "name(args)" for each command, "?name(args)" for unknown ones, then its text in [] ("~" in front when its end is
 * uncertain); "dry" first for a dry run, note[...] for text of no command; "REFUSED:LINE" alone. */
static const char *dump(struct pool *pool, const struct command_source *src)
{
  struct command_mail *m = pool_new_of(pool, struct command_mail);
  command_parse(pool, src, m);
  struct buf b = buf_new(pool, 200);
  if (m->refuse) {
    buf_printf(&b, "REFUSED:%zu", m->refuse_line);
    return buf_str(&b);
  }
  buf_adds(&b, m->dry_run ? "dry " : "");
  for (size_t i = 0; i < m->count; i++) {
    const struct command *c = &m->command[i];
    buf_printf(&b, "%s%s(%s)", c->row ? "" : "?", c->name, c->args);
    if (c->text[0])
      buf_printf(&b, "%s[%s]", c->cut_uncertain ? "~" : "", c->text);
    buf_addc(&b, ' ');
  }
  if (m->note[0])
    buf_printf(&b, "note[%s]", m->note);
  return pool_str(pool, bytes_trim(buf_bytes(&b)));
}

struct row {
  const char *text, *want;
};

static void run_rows(const struct row *row, size_t count, const char *format, const char *delsp)
{
  for (size_t i = 0; i < count; i++) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    struct command_source src = { row[i].text, format, delsp, MARKER };
    const char *got = dump(pool, &src);
    ck_assert_msg(strcmp(got, row[i].want) == 0, "row %zu\n--- input\n%s\n--- got\n%s\n--- want\n%s", i, row[i].text,
                  got, row[i].want);
  }
}

static const struct row block[] = {
  { "", "" },
  { NULL, "" },
  { "#take\n#validate\n", "take() validate()" },
  { "\n\n#take\n\n\n#validate", "take() validate()" },
  { "#TAKE\r\n#Validate\r\n", "take() validate()" },
  { "#close the report\nis a duplicate\n#take", "close(the report is a duplicate) take()" },
  { "#close no\n\nSome words.", "close(no) note[Some words.]" },
  { "Hello team,\nthis is only text.", "note[Hello team,\nthis is only text.]" },
  { "#tkae\n#take", "?tkae() take()" },
  { "#include <stdio.h>", "?include(<stdio.h>)" },
  { "#1 priority", "note[#1 priority]" },
  { "# heading", "note[# heading]" },
  { "#take\n\n#include<x.h>", "take() note[#include<x.h>]" },
  { "#title: A new title", "title(A new title)" },
  { "#dry-run\n#take", "dry take()" },
  { "#preview\n#take", "dry take()" },
  { "#take\n#dry-run", "take() dry-run()" },
  { "#preview reply\nHello", "preview(reply)~[Hello]" },
  { "#preview #notify fda\ncisa", "preview(#notify fda cisa)" },
  { "#take\n#end\nfooter of a list", "take()" },
  { "\xEF\xBB\xBF#take", "take()" },
  { "\xE2\x80\x8B#take", "take()" },
  { "#take" NBSP "\n", "take()" },
  { "#close" NBSP "no bug", "close(no bug)" },
  { "#dry\xE2\x80\x91run\n#take", "dry take()" },
};

static const struct row texts[] = {
  { "#reply\nHello\n\nBye", "reply()~[Hello\n\nBye]" },
  { "#reply\n\nHello\n\n#end", "reply()[Hello]" },
  { "#reply\nHello\n#end\nSent from my phone", "reply()[Hello]" },
  { "#reply\nHello\n#take\n#note\nsecret", "reply()[Hello] take() note()~[secret]" },
  { "#reply\nHello\n#end\n\n#note\nsecret\n#end", "reply()[Hello] note()[secret]" },
  { "#reply\n#take", "reply() take()" },
  { "#reply\nLook:\n#include <stdio.h>\n#define X\n#end", "reply()[Look:\n#include <stdio.h>\n#define X]" },
  { "#reply\nWrite\n##take\nthen\n#end", "reply()[Write\n#take\nthen]" },
  { "#reply\n## Heading\n###take\n#end", "reply()[## Heading\n##take]" },
  { "#reply\n  ##note indented\n#end", "reply()[  ##note indented]" },
  { "#note one line\nand more\n#end", "note(one line)[and more]" },
  { "#new Pump opens\nThe pump...\n#end\n#take", "new(Pump opens)[The pump...] take()" },
  { "#reply\nHello\n  #take\n", "REFUSED:3" },
  { "#take\n\nText of mine.\n#validate\n", "REFUSED:4" },
  { "Hi,\n\n#take\n", "REFUSED:3" },
  { "#take\n#end\nfooter\n#validate", "REFUSED:4" },
  { "#reply\nHello\n#aprove abc\n#end", "REFUSED:3" },
  { "#reply\nHello\n#line 5\n#end", "reply()[Hello\n#line 5]" },
  { "#reply\nHe asked:\n> #take\n> and more\nYes.\n#end", "reply()[He asked:\n> #take\n> and more\nYes.]" },
  { "> #take\n", "REFUSED:1" },
  { "#reply\ta\n", "reply(a)" },
  { "#reply\nbad \x1b[31m and \xE2\x80\xAE bidi\n#end", "reply()[bad \xEF\xBF\xBD[31m and \xEF\xBF\xBD bidi]" },
  { "#reply\nbad utf8 \xff\xfe\n#end", "reply()[bad utf8 \xEF\xBF\xBD\xEF\xBF\xBD]" },
};

static const struct row cuts[] = {
  { "#reply\nHello\n-- \nBob\nPSIRT", "reply()[Hello]" },
  { "#reply\nHello\n--" NBSP "\nBob", "reply()[Hello]" },
  { "#reply\nHello\n--\nBob", "reply()[Hello]" },
  { "#reply\na\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9", "reply()~[a\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9]" },
  { "#reply\nHello\n-- \nBob\n#take", "REFUSED:3" },
  { "#take\n> quoted\n> more", "take()" },
  { "#reply\nHello\n\n> quoted\n>\n> more\n", "reply()[Hello]" },
  { "#reply\nHello\n\nOn Mon, 2 Mar 2026 at 10:00, Gateway <s@x> wrote:\n> quoted\n", "reply()[Hello]" },
  { "#reply\nHello\n\nOn Mon, 2 Mar 2026 at 10:00, Gateway with a long name\n<security@example.org> wrote:\n\n> "
    "quoted\n",
    "reply()[Hello]" },
  { "#reply\nHello\n\nAm 02.03.2026 um 10:00 schrieb Gateway:\n> quoted\n", "reply()[Hello]" },
  { "#reply\nHello\n\nLe lun. 2 mars 2026 \xC3\xA0 10:00, Gateway a \xC3\xA9"
    "crit" NBSP ":\n> quoted\n",
    "reply()[Hello]" },
  { "#reply\nHello\n\nOn Mon, 2 Mar 2026, Gateway wrote:\n" MARKER " Ref: EMB-2026-0001/x --\nreport\n#take\n",
    "reply()[Hello]" },
  { "#reply\nOn Monday the vendor wrote:\nno year here\n#end", "reply()[On Monday the vendor wrote:\nno year here]" },
  { "#reply\nOn 2026-03-02 Bob wrote:\n> one\nmy answer\n> two\nmy other answer\n#end",
    "reply()[On 2026-03-02 Bob wrote:\n> one\nmy answer\n> two\nmy other answer]" },
  { "#reply\nHello\n\n-----Original Message-----\nFrom: Gateway\nthe secret report", "reply()[Hello]" },
  { "#reply\nHello\n\n-----Urspr\xC3\xBCngliche Nachricht-----\nVon: Gateway\nsecret", "reply()[Hello]" },
  { "#reply\nHello\n\n________________________________\nFrom: Gateway <s@x>\nSent: Monday\nTo: Bob\nSubject: [EMB] "
    "x\n\nsecret",
    "reply()[Hello]" },
  { "#reply\nHello\n\n*From:* Gateway <s@x>\n*Sent:* Monday\n*To:* Bob\n*Subject:* x\n\nsecret", "reply()[Hello]" },
  { "#reply\nHello\n\nDe" NBSP ": Gateway\nEnvoy\xC3\xA9" NBSP ": lundi\n\xC3\x80" NBSP ": Bob\nObjet" NBSP
    ": x\n\nsecret",
    "reply()[Hello]" },
  { "#reply\nHello\n\nVon: Gateway\nGesendet: Montag\nAn: Bob\nBetreff: x\n\nsecret", "reply()[Hello]" },
  { "#reply\nFrom: the device\nonly one header\n#end", "reply()[From: the device\nonly one header]" },
  { "#description\nFrom: r@x\nTo: us\nSubject: bug\n\nbody\n#end\n#take", "REFUSED:2" },
  { "#description\n> From: r@x\n> To: us\n> Subject: bug\nbody\n#end\n#take",
    "description()[> From: r@x\n> To: us\n> Subject: bug\nbody] take()" },
  { "#reply\nHello\n\nFrom: a\nTo: b\nSubject: c\n\n#take", "REFUSED:4" },
  { "#reply\nHello\n" MARKER " Ref: X --\nquoted\n#take\n#validate", "reply()[Hello]" },
  { "#reply\nHello\n> " MARKER " Ref: X --\n> quoted\nnot quoted\n", "reply()[Hello]" },
  { MARKER " Ref: X --\nquoted\n\n#take\n", "REFUSED:1" },
  { "\n\n> quoted\n> #take", "REFUSED:1" },
  { "#take\n\nOn Mon, 2 Mar 2026 10:00, Gateway wrote:\n> x", "take()" },
  { "Thanks, noted.\n\nOn Mon, 2 Mar 2026 10:00, Gateway wrote:\n> x", "note[Thanks, noted.]" },
  { "#reply\nHello\n#end\n-- \nBob\n\nOn Mon, 2 Mar 2026 10:00, G wrote:\n> x", "reply()[Hello]" },
};

static const struct row args[] = {
  { "#reference https://a.example/x <https://a.example/x>", "reference(https://a.example/x)" },
  { "#reference https://a.example/x<https://a.example/x> the page", "reference(https://a.example/x the page)" },
  { "#reference www.a.example <http://www.a.example/>", "reference(www.a.example)" },
  { "#reporter r@x.org<mailto:r@x.org>", "reporter(r@x.org)" },
  { "#reporter r@x.org <mailto:r@x.org?subject=x>", "reporter(r@x.org)" },
  { "#reporter <mailto:r@x.org>", "reporter(<r@x.org>)" },
  { "#reporter Rosa <mailto:r@x.org>", "reporter(Rosa <r@x.org>)" },
  { "#product \xE2\x80\x9CInfusion Pump\xE2\x80\x9D 1.0\xE2\x80\x93"
    "2.0",
    "product(\"Infusion Pump\" 1.0-2.0)" },
  { "#product \xE2\x80\x93Pump", "product(-Pump)" },
  { "#title It\xE2\x80\x99s\xC2\xA0open \t now", "title(It's open now)" },
  { "#key drop 0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567",
    "key(drop 0123456789ABCDEF0123456789ABCDEF01234567)" },
  { "#key accept 0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567 for r@x.org",
    "key(accept 0123456789ABCDEF0123456789ABCDEF01234567 for r@x.org)" },
  { "#title 0123 4567 89AB", "title(0123 4567 89AB)" },
  { "#title a < b > c <d> <<e>", "title(a < b > c <d> <<e>)" },
  { "#title soft\xC2\xADhyphen", "title(softhyphen)" },
  { "#title \x01\x02", "title(\xEF\xBF\xBD\xEF\xBF\xBD)" },
};

static const struct row flowed[] = {
  { "#close the report is \na duplicate\n#take", "close(the report is a duplicate) take()" },
  { "#reply\nOne long \nline that wraps #take \n#note in it\n#end",
    "reply()[One long line that wraps #take #note in it]" },
  { "#reply\n  stuffed\n >not quoted\n#end", "reply()[ stuffed\n>not quoted]" },
  { "#reply\nHello\n-- \nBob", "reply()[Hello]" },
  { "#reply\nHello\n>> deep \n>> quote\n> less\n", "reply()[Hello]" },
  { "#reply\nHello \n> quoted\n", "reply()[Hello]" },
};
static const struct row delsp[] = {
  { "#reference https://a.exa \nmple/\n#take", "reference(https://a.example/) take()" },
};

START_TEST(leading_block)
{
  run_rows(block, ARRAY_LEN(block), "", "");
}
END_TEST
START_TEST(text_blocks)
{
  run_rows(texts, ARRAY_LEN(texts), "", "");
}
END_TEST
START_TEST(quotation_and_signature)
{
  run_rows(cuts, ARRAY_LEN(cuts), "", "");
}
END_TEST
START_TEST(normalisation)
{
  run_rows(args, ARRAY_LEN(args), "", "");
}
END_TEST
START_TEST(format_flowed)
{
  run_rows(flowed, ARRAY_LEN(flowed), "Flowed", "");
  run_rows(delsp, ARRAY_LEN(delsp), "flowed", "Yes");
  run_rows(block, ARRAY_LEN(block) - 4, "flowed", "no"); /* hard lines read the same */
}
END_TEST

START_TEST(lines_for_the_receipt)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct command_mail *m = pool_new_of(pool, struct command_mail);
  struct buf b = buf_new(pool, 4096);
  buf_adds(&b, "\n#take\n#title \x1b[2J");
  for (int i = 0; i < 200; i++)
    buf_adds(&b, "\xC3\xA9");
  struct command_source src = { buf_str(&b), "", "", MARKER };
  command_parse(pool, &src, m);
  ck_assert_uint_eq(m->count, 2);
  ck_assert_uint_eq(m->command[0].line_no, 2);
  ck_assert_str_eq(m->command[0].line, "#take");
  ck_assert_uint_eq(m->command[1].line_no, 3);
  ck_assert_uint_le(strlen(m->command[1].line), 160);
  ck_assert(utf8_valid(bytes_str(m->command[1].line)));
  ck_assert_ptr_null(strchr(m->command[1].line, 0x1b));
}
END_TEST

START_TEST(refusals_say_how_to_mend_it)
{
  static const struct row row[] = {
    { "Hi\n#take",
      "line 2: #take stands where it is no command; commands stand at the start of their lines, before any other text "
      "(write ##take where it is meant as text)" },
    { "#reply\nx\n#aprove",
      "line 3: #aprove is no command, but very near to #approve (write ##aprove where it is meant as text)" },
    { MARKER "\nx", "nothing stands above the quoted text: write commands and text at the top of the mail, above all "
                    "that it quotes" },
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    struct command_mail *m = pool_new_of(pool, struct command_mail);
    command_parse(pool, &(struct command_source){ row[i].text, "", "", MARKER }, m);
    ck_assert_str_eq(m->refuse, row[i].want);
  }
}
END_TEST

/* ---- hostile sizes: each must end, and quickly (the suite has a time limit) ---- */
static struct command_mail *parse_many(struct pool *pool, const char *piece, size_t times, const char *format)
{
  struct buf b = buf_new(pool, strlen(piece) * times + 1);
  for (size_t i = 0; i < times; i++)
    buf_adds(&b, piece);
  struct command_mail *m = pool_new_of(pool, struct command_mail);
  command_parse(pool, &(struct command_source){ buf_str(&b), format, "yes", MARKER }, m);
  return m;
}

START_TEST(ten_thousand_commands_are_refused)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct command_mail *m = parse_many(pool, "#take\n", 10000, "");
  ck_assert_uint_eq(m->count, COMMAND_MAX);
  ck_assert_ptr_nonnull(m->refuse);
  ck_assert_uint_eq(m->refuse_line, COMMAND_MAX + 1);
}
END_TEST

START_TEST(huge_input)
{
  static const char *const piece[] = { "#",
                                       "##",
                                       "#a",
                                       "> ",
                                       ">",
                                       "On ",
                                       "On 2026\n",
                                       "From: x\n",
                                       "--\n",
                                       "-- \n",
                                       "<",
                                       "<a>",
                                       "\n",
                                       " ",
                                       "a ",
                                       "a \n",
                                       "#x\n",
                                       "\xFF",
                                       "\xE2\x80\x8B",
                                       "\"",
                                       "0123 ",
                                       "#note\n",
                                       MARKER,
                                       "____",
                                       "Subject: x\n",
                                       "wrote:\n",
                                       "\r",
                                       "#end\n",
                                       "##note\n",
                                       "#notes\n",
                                       "#tak ",
                                       "\xC2\xA0" };
  static const char *const format[] = { "", "flowed" };
  size_t tried = 0;
  for (size_t f = 0; f < ARRAY_LEN(format); f++)
    for (size_t i = 0; i < ARRAY_LEN(piece); i++, tried++) {
      AUTO(pool_freep) struct pool *pool = pool_new("t");
      struct command_mail *m = parse_many(pool, piece[i], 200000 / strlen(piece[i]), format[f]);
      ck_assert_uint_le(m->count, COMMAND_MAX);
      for (size_t k = 0; k < m->count; k++)
        ck_assert(m->command[k].args && m->command[k].text && m->command[k].line && m->command[k].name);
      ck_assert_ptr_nonnull(m->note);
    }
  ck_assert_uint_eq(tried, 64);
}
END_TEST

START_TEST(random_bytes)
{
  static const char *const word[] = { "#reply",
                                      "#take",
                                      "#end",
                                      "##",
                                      "> ",
                                      "\n",
                                      "\n\n",
                                      " ",
                                      "text",
                                      "-- \n",
                                      "On 2026 x wrote:\n",
                                      MARKER,
                                      "#preview",
                                      "#include",
                                      "\xC2\xA0",
                                      "\xFF",
                                      "<a>",
                                      "From: ",
                                      "Subject: ",
                                      "#case EMB-2026-0001" };
  unsigned seed = 7;
  for (int round = 0; round < 3000; round++) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    struct buf b = buf_new(pool, 400);
    for (int i = 0; i < 40; i++) {
      seed = seed * 1103515245u + 12345u;
      buf_adds(&b, word[(seed >> 16) % ARRAY_LEN(word)]);
    }
    struct command_mail *m = pool_new_of(pool, struct command_mail);
    command_parse(pool, &(struct command_source){ buf_str(&b), round & 1 ? "flowed" : "", "", MARKER }, m);
    ck_assert_uint_le(m->count, COMMAND_MAX);
  }
}
END_TEST

START_TEST(references)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct command_ref *ref;
  const char *text = "hello\n> > -- write above this line -- Ref: EMB-2026-0001/abcdefghijklmnop --\n"
                     "Ref: emb-2026-0001/ABCDEFGHIJKLMNOP\n"
                     "Ref: EMB-2026-0001\nRef: EMB-2026-0001/short\nRef: EMB-2026-0001/abcdefghijklmnopq\n"
                     "Ref: EMB-2026-0001/abcdefghijklmno1\nRef:" NBSP "EMB-2026-0002/abcdefghijklmnop\nRef:\nRef: x/y";
  size_t n = command_refs_in(pool, "EMB", text, &ref);
  ck_assert_uint_eq(n, 2);
  ck_assert_str_eq(ref[0].case_id, "EMB-2026-0001");
  ck_assert_str_eq(ref[0].tag, "abcdefghijklmnop");
  ck_assert_str_eq(ref[1].case_id, "EMB-2026-0002");
  ck_assert_uint_eq(command_refs_in(pool, "EMB", NULL, &ref), 0);
  struct buf many = buf_new(pool, 1 << 20);
  for (int i = 0; i < 20000; i++)
    buf_printf(&many, "Ref: EMB-2026-%d/abcdefghijklmnop ", 10000 + i);
  ck_assert_uint_eq(command_refs_in(pool, "EMB", buf_str(&many), &ref), 32);
}
END_TEST

START_TEST(cases_named)
{
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct command_mail *m = pool_new_of(pool, struct command_mail);
  command_parse(pool,
                &(struct command_source){
                    "#case emb-2026-0002\n#take\n#case EMB-2026-0001\n#case\n#case EMB-2026-0002\n", "", "", MARKER },
                m);
  const char **id;
  ck_assert_uint_eq(command_cases_named(pool, m, &id), 2);
  ck_assert_str_eq(id[0], "EMB-2026-0002");
  ck_assert_str_eq(id[1], "EMB-2026-0001");
}
END_TEST

static const struct {
  const char *text;
  const char *want; /* verb number and args for each */
} outside[] = {
  { "", "" },
  { NULL, "" },
  { "#status", "1()" },
  { "\n#Status\n#key\n#help\nThanks", "1()2()3()+" },
  { "#status please", "0(#status please)" },
  { "#include <stdio.h>\n#status", "0(#include <stdio.h>)1()" },
  { "#include <stdio.h>\nint x;", "+" },
  { "Hello\n#status", "+ | #status" },
  { "Dear Alice,\n\n#embargo propose 2027-01-31\n #Status \n\nBye\n-- \nRobin\n", "+ | #embargo propose 2027-01-31 | #Status" },
  { "#status\n\nThanks\n#help\n> #key\n", "1()+ | #help" },
  { "#status\n\n" MARKER " Ref: x --\n#key\n#help\n", "1()" },
  { "#status\n\nOn Mon, 2 Mar 2026 at 10:00, Gateway <s@x> wrote:\n> #key\n", "1()" },
  { "#statsu\n#status\n#embargo maybe\n#help\n", "0(#statsu)1()0(#embargo maybe)3()" },
  { "#1 is worst\n#status", "+ | #status" },
  { "> #status", "" },
  { " #status", "1()" },
  { "#credit Rosa R.\n#status", "4(Rosa R.)1()" },
  { "#credit", "0(#credit)" },
  { "#embargo propose 2026-09-01", "5(propose 2026-09-01)" },
  { "#embargo accept", "5(accept)" },
  { "#embargo accept it all", "0(#embargo accept it all)" },
  { "#embargo is fine with us", "0(#embargo is fine with us)" },
  { "#withdraw my mistake", "6(my mistake)" },
  { "#withdraw", "0(#withdraw)" },
  { "#affected\n#not-affected\n#Investigating\n#under-investigation\n#fixed", "7()8()9()9()10()" },
  { "#affected are all of them", "0(#affected are all of them)" },
  { "#take\n#status", "0(#take)1()" },
  { "#statusx", "+" },
  { "#statusx\n#take\n", "+" },
  { "#", "+" },
};

START_TEST(participants)
{
  for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
    AUTO(pool_freep) struct pool *pool = pool_new("t");
    struct participant_mail m;
    command_participant(pool, outside[i].text, MARKER, &m);
    struct buf b = buf_new(pool, 64);
    for (size_t k = 0; k < m.count; k++)
      buf_printf(&b, "%d(%s)", m.command[k].verb, m.command[k].args);
    buf_adds(&b, m.more ? "+" : "");
    for (size_t k = 0; k < m.below_count; k++)
      buf_printf(&b, " | %s", m.below[k]);
    ck_assert_str_eq(buf_str(&b), outside[i].want);
  }
  AUTO(pool_freep) struct pool *pool = pool_new("t");
  struct participant_mail m;
  command_participant(pool, "#key\n#key\n#key\n#key\n#key\n#key\n#key\n#key\n#key\n#help\n", MARKER, &m);
  ck_assert(m.count == 8 && m.below_count == 2 && m.more); /* what is too much is said, too */
}
END_TEST

int main(void)
{
  Suite *s = suite_create("command_parse");
  TCase *t = tcase_create("parse");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, leading_block);
  tcase_add_test(t, text_blocks);
  tcase_add_test(t, quotation_and_signature);
  tcase_add_test(t, normalisation);
  tcase_add_test(t, format_flowed);
  tcase_add_test(t, lines_for_the_receipt);
  tcase_add_test(t, refusals_say_how_to_mend_it);
  tcase_add_test(t, ten_thousand_commands_are_refused);
  tcase_add_test(t, huge_input);
  tcase_add_test(t, random_bytes);
  tcase_add_test(t, references);
  tcase_add_test(t, cases_named);
  tcase_add_test(t, participants);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
