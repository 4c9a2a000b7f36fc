/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reporters and others write into an advisory, at its worst: payload x field x format. In each cell the document is of its form, nothing in
 * it acts, and what was written is there to be read. */
#include <config.h>

#include <embargod/site.h>

#include <check.h>
#include <libxml/parser.h>
#include <stdlib.h>

#include "test_advisory_case.h"
#include "test_html_scan.h"

static struct pool *pool;

static void setup(void)
{
  pool = pool_new("test");
}

static void teardown(void)
{
  pool_free(&pool);
}

#define MARK "Qmark" /* in each payload: it must be found again */
static const char *const payloads[] = {
  "<script>alert('Qmark')</script>",
  "</script></style></title></p><img src=x onerror=alert(1)>Qmark",
  "\" onmouseover=\"alert(1)\" x='Qmark' y=`z`",
  "javascript:alert(1)//Qmark",
  "[Qmark](javascript:alert(1)) [x](JAVA&#115;CRIPT:alert(1)) [x](data:text/html,x) [x](//evil.example)",
  "![Qmark](https://evil.example/track.gif) [![a](x)](https://evil.example/\"onclick=x) <https://evil.example/<b>>",
  "Qmark <b onclick=alert(1)>bold</b> <!-- x --> <![CDATA[ x ]]> <?php x ?>",
  "https://evil.example/\"><script>Qmark</script> http://[::1]/ https://@evil.example mailto:a@b?bcc=c@d",
  "Qmark a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xe2\x80\xa8" "d\xd9\x85\xd8\xb6",
  "Qmark &#x202e; &#0; &#x1b; &#10; &lt;script&gt; &amp;lt; &nosuch; &",
  "{{title}}{{{Qmark}}}{{> tlp}}{%% x %%}${Qmark}",
  "Qmark a\x1b[31mb\x07" "c\x7f" "d\xc2\x9b" "e",
  "Qmark \xff\xfe\xc3(bad\xe2\x82 \xed\xa0\x80 \xf4\x90\x80\x80",
  "Qmark z\xe2\x80\x8b" "e\xe2\x80\x8c" "r\xe2\x80\x8d" "o\xef\xbb\xbf w\xe2\x81\xa0 \xef\xbf\xbe \xf3\xa0\x81\x81",
  "\",\"document\":{\"Qmark\":\"\\u0000\\\"",
  "a\r\n.\r\nFrom: Qmark\n-----BEGIN PGP SIGNATURE-----\n\nProducts\n\n  x\n> y",
  "Qmark --> ]]> %n%s%d ${HOME} $(id) `id` ../../etc/passwd",
  "=cmd|' /C calc'!Qmark\n+1\n@SUM(1)\t-2\",\"x",
  "# Qmark\n\n###### deep\n\n> > > > > > > > > > > > > > > > > > > > q\n\n- - - - - - - - - - - - - - l\n\n1. a\n\n       code\n***a **b _c `d",
  "<pre>Qmark\n</pre></code></li></ul></blockquote>\n\n<div>\n*x*\n</div>\n\n```\n</code></pre><script>\n```",
  "[Qmark]( <https://evil.example/ x> \"t\" ) [](https://empty.example/) [a](https://a.example/ '\">')\n\n[r]: javascript:x\n\n[r] <a@b.example>",
  "LONG", /* 100 KB without a blank */
};

static const char *payload(size_t i)
{
  if (strcmp(payloads[i], "LONG") != 0)
    return payloads[i];
  char *s = pool_alloc(pool, 100001);
  memset(s, 'A', 100000);
  memcpy(s, MARK, strlen(MARK));
  return s;
}

/* ---- formats ---- */
enum format { CSAF = ADVISORY_CSAF, TEXT = ADVISORY_TEXT, CVE = ADVISORY_CVE, HTML = ADVISORY_HTML, VEX = ADVISORY_VEX, LIST, YEAR, ATOM, ROLIE, INDEX_TXT, CHANGES, FORMATS };
#define IN(f) (1u << (f))
#define DOCUMENTS (IN(CSAF) | IN(VEX) | IN(TEXT) | IN(CVE) | IN(HTML))
#define LISTS (IN(LIST) | IN(YEAR))

/* ---- fields ---- */
_Static_assert((int)LIST == (int)ADVISORY_FORMATS, "each document has its row");
enum cell { CASE, PRODUCT, VERSIONS, STATEMENT, FIX, FIX_LINK, LINK, LINK_TEXT, NO_LINK, HOUSE, CONTACT, WITHDRAWN, CHANGE };
static const struct {
  const char *name; /* of a fact of the case, where the cell is one */
  enum cell cell;
  unsigned shown;   /* formats that say all of it */
  unsigned marked;  /* formats that at least say what is marked: the others are read as Markdown, or broken up */
} fields[] = {
  { "title", CASE, DOCUMENTS | LISTS | IN(ATOM) | IN(ROLIE), 0 },
  { "description", CASE, DOCUMENTS | IN(ATOM) | IN(ROLIE), IN(LIST) }, /* the page of a year has rows without it */
  { "impact", CASE, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML) | IN(CVE), 0 },
  { "mitigation", CASE, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML), IN(CVE) },
  { "workaround", CASE, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML), IN(CVE) },
  { "credit", CASE, DOCUMENTS, 0 },
  { "vendor", CASE, DOCUMENTS, 0 },
  { "advisory", CASE, 0, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML) },
  { "product", PRODUCT, DOCUMENTS, 0 },
  { "impact statement", STATEMENT, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML), 0 },
  { "version", VERSIONS, 0, 0 },  /* versions that cannot be read are a gap, and stand nowhere */
  { "fix", FIX, 0, 0 },          /* the same */
  { "fix link", FIX_LINK, 0, 0 }, /* each character that is none of a URI is percent-encoded */
  { "link", LINK, 0, 0 },
  { "link text", LINK_TEXT, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML), 0 },
  { "no link", NO_LINK, 0, 0 }, /* is in no document */
  { "organisation", HOUSE, DOCUMENTS | LISTS | IN(ATOM) | IN(ROLIE), 0 },
  { "contact", CONTACT, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML) | LISTS, 0 },
  { "withdrawn", WITHDRAWN, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML), 0 },
  { "change", CHANGE, IN(CSAF) | IN(VEX) | IN(TEXT) | IN(HTML), 0 },
};
#define CELLS (ARRAY_LEN(payloads) * FORMATS)

static void put(struct vuln_case *vc, size_t field, const char *text)
{
  if (fields[field].cell == CASE) {
    case_unset(vc, fields[field].name, NULL);
    set_field(pool, vc, fields[field].name, text, "");
  }
  if (fields[field].cell == PRODUCT || fields[field].cell == VERSIONS) {
    case_unset(vc, "product", NULL);
    case_unset(vc, "fix", NULL);
    set_field(pool, vc, "product", fields[field].cell == PRODUCT ? text : "Pump 9", fields[field].cell == PRODUCT ? "1.0" : text);
  }
  if (fields[field].cell == STATEMENT)
    set_field(pool, vc, "vex", "\"Pump 9\" 3.0", pool_printf(pool, "not-affected component_not_present %s", text));
  if (fields[field].cell == FIX || fields[field].cell == FIX_LINK) {
    bool link = fields[field].cell == FIX_LINK;
    case_unset(vc, "fix", NULL);
    set_field(pool, vc, "fix", link ? "Pump 9 2.4" : pool_printf(pool, "Pump 9 %s", text), link ? pool_printf(pool, "https://pumps.example/%s", text) : "");
  }
  if (fields[field].cell >= LINK && fields[field].cell <= NO_LINK) {
    case_unset(vc, "reference", NULL);
    set_field(pool, vc, "reference",
              fields[field].cell == LINK      ? pool_printf(pool, "https://lab.example/%s", text)
              : fields[field].cell == NO_LINK ? pool_printf(pool, "javascript:%s", text)
                                              : "https://lab.example/",
              fields[field].cell == LINK_TEXT ? text : "");
  }
}

static struct advisory *with(size_t field, const char *text)
{
  struct vuln_case *vc = full_case(pool);
  struct advisory_house h = house;
  struct advisory *a;
  put(vc, field, text);
  if (fields[field].cell == HOUSE)
    h.organisation = text;
  if (fields[field].cell == CONTACT)
    h.contact = text;
  a = advisory_of(pool, vc, &h, history, ARRAY_LEN(history));
  if (fields[field].cell == WITHDRAWN)
    a->withdrawn = text_clean(pool, bytes_str(text), true);
  if (fields[field].cell == CHANGE)
    a->revision[0].text = text_clean(pool, bytes_str(text), true);
  return a;
}

/* Lists get the text as it came, title and summary, so that they do not lean on who filled them in. */
static struct bytes document(enum format f, const struct advisory *a, size_t field, const char *text)
{
  bool title = !strcmp(fields[field].name, "title"), summary = !strcmp(fields[field].name, "description");
  struct site_house h = { .url = "https://pumps.example", .organisation = fields[field].cell == HOUSE ? text : "Example Pumps",
                          .contact = fields[field].cell == CONTACT ? text : "security@pumps.example", .space = "https://pumps.example",
                          .policy_url = "https://pumps.example/policy", .language = "en", .fingerprint = "0123", .key = "" };
  struct site_entry e = { .id = a->id, .title = title ? text : a->title, .summary = summary ? text : "A summary.", .cve = a->cve, .severity = "critical",
                          .score = 98, .tlp = "CLEAR", .version = "1", .first_at = OPENED, .changed_at = OPENED + DAY };
  struct site s = { .house = &h, .entry = &e, .entry_count = 1, .now = OPENED };
  switch (f) {
  case LIST: return site_index_html(pool, &s, 0);
  case YEAR: return site_index_html(pool, &s, 2026);
  case ATOM: return site_atom(pool, &s);
  case ROLIE: return site_rolie(pool, &s);
  case INDEX_TXT: return site_index_txt(pool, &s);
  case CHANGES: return site_changes_csv(pool, &s);
  default: return advisory_document(pool, a, (enum advisory_format)f);
  }
}

/* ---- what holds in a cell ---- */
/* Never in a document: controls but LF (and tab), DEL, C1, bidi overrides and isolates, line and paragraph separators, bad UTF-8. */
static bool harmless(uint32_t cp)
{
  return (cp == '\n' || cp == '\t' || (cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0))) && !(cp >= 0x202a && cp <= 0x202e) &&
         !(cp >= 0x2066 && cp <= 0x2069) && cp != 0x2028 && cp != 0x2029;
}

static void is_harmless_text(struct bytes b, const char *what)
{
  bool valid = utf8_valid(b);
  uint32_t bad = 0;
  for (size_t off = 0; off < b.len && !bad;) {
    uint32_t cp = utf8_next(b, &off);
    bad = harmless(cp) ? 0 : cp;
  }
  ck_assert_msg(valid && !bad, "%s: UTF-8 %d, character %x", what, valid, (unsigned)bad);
}

static void urls_are_links(const json_t *j, const char *what)
{
  const char *key;
  json_t *v;
  size_t i;
  json_array_foreach(j, i, v)
    urls_are_links(v, what);
  json_object_foreach((json_t *)j, key, v) {
    if (!strcmp(key, "url") || !strcmp(key, "namespace"))
      ck_assert_msg(!strncmp(json_string_value(v), "https://", 8) && !strpbrk(json_string_value(v), "<>\"{} \\`|^\n\r\t"), "%s: %s is %s", what, key,
                    json_string_value(v));
    urls_are_links(v, what);
  }
}

/* Only headings of ours stand at the first column; no line is longer than a mail may have. */
static void is_one_of_our_texts(struct bytes b, const char *what)
{
  static const char *const headings[] = { "Security advisory EMB-2026-0001 (DRAFT, not published)", "TLP:CLEAR", "Products", "Description", "Impact", "Severity",
                                          "Exploitation", "Mitigation", "Workaround", "Thanks", "References", "Timeline",
                                          "Versions of this advisory", "Publisher",
                                          "Details", "THIS ADVISORY IS WITHDRAWN" };
  struct bytes line;
  size_t seen[ARRAY_LEN(headings)] = { 0 };
  while (bytes_next_line(&b, &line)) {
    ck_assert_msg(line.len <= 998, "%s: a line of %zu bytes", what, line.len);
    bool ours = !line.len || bytes_starts(line, BYTES("  "));
    for (size_t i = 0; i < ARRAY_LEN(headings); i++)
      if (bytes_eq(line, bytes_str(headings[i]))) {
        ours = true;
        ck_assert_msg(!seen[i]++, "%s: %s twice", what, headings[i]);
      }
    ck_assert_msg(ours, "%s: not ours: %.*s", what, (int)line.len, line.p);
  }
}


/* All strings of a JSON document, for a search in them. */
static void strings_of(const json_t *j, struct buf *b)
{
  const char *key;
  json_t *v;
  size_t i;
  if (json_is_string(j)) {
    buf_adds(b, json_string_value(j));
    buf_addc(b, '\n');
  }
  json_array_foreach(j, i, v)
    strings_of(v, b);
  json_object_foreach((json_t *)j, key, v) {
    ck_assert_msg(!strstr(key, MARK), "a key is %s", key);
    strings_of(v, b);
  }
}

static const char *read_json(enum format f, struct bytes b, const char *what)
{
  json_error_t e;
  struct advisory_fault fault;
  struct buf said = buf_new(pool, 4096);
  json_t *doc = json_loadb(b.p, b.len, JSON_REJECT_DUPLICATES, &e);
  ck_assert_msg(doc != NULL, "%s: %s in line %d", what, e.text, e.line);
  if (f != ROLIE)
    urls_are_links(doc, what);
  if (f == CSAF || f == VEX)
    ck_assert_msg(!strstr(what, " in version") && !strstr(what, " in fix:") ? !advisory_csaf_fault(pool, b, &fault) : true, "%s: %s at %s: %s", what,
                  fault.test, fault.path, fault.why);
  strings_of(doc, &said);
  json_decref(doc);
  return buf_str(&said);
}

static const char *read_html(enum format f, struct bytes b, const char *what)
{
  struct scan s;
  ck_assert_msg(html_scan(&s, pool, b), "%s: %s", what, s.why);
  ck_assert_msg(s.text.len < 300000, "%s: %zu bytes to read", what, s.text.len);
  return buf_str(&s.text);
}

static void no_element_of_theirs(const xmlNode *n, const char *what)
{
  static const char names[] = " feed id title updated author name link entry published category summary ";
  for (; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE) {
      ck_assert_msg(strstr(names, pool_printf(pool, " %s ", (const char *)n->name)) != NULL, "%s: an element %s", what, (const char *)n->name);
      no_element_of_theirs(n->children, what);
    } else {
      ck_assert_msg(n->type == XML_TEXT_NODE, "%s: a node of type %d", what, (int)n->type);
    }
}

static const char *read_atom(enum format f, struct bytes b, const char *what)
{
  xmlDoc *doc = xmlReadMemory(b.p, (int)b.len, "feed", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE);
  ck_assert_msg(doc != NULL, "%s: no XML", what);
  no_element_of_theirs(xmlDocGetRootElement(doc), what);
  xmlChar *text = xmlNodeGetContent(xmlDocGetRootElement(doc));
  const char *said = pool_strdup(pool, (const char *)text);
  xmlFree(text);
  xmlFreeDoc(doc);
  return said;
}

static const char *read_text(enum format f, struct bytes b, const char *what)
{
  is_one_of_our_texts(b, what);
  return pool_str(pool, b);
}

static const char *read_lists(enum format f, struct bytes b, const char *what)
{
  ck_assert_str_eq(pool_str(pool, b), f == INDEX_TXT ? "2026/emb-2026-0001.json\n" : "\"2026/emb-2026-0001.json\",\"2026-09-22T14:13:20Z\"\n");
  return "";
}

static const struct {
  const char *name;
  const char *(*read)(enum format f, struct bytes b, const char *what); /* asserts its form; what a reader is told */
} formats[FORMATS] = {
  [CSAF] = { "csaf", read_json },   [TEXT] = { "text", read_text }, [CVE] = { "cve", read_json },        [HTML] = { "html", read_html }, [VEX] = { "vex", read_json },
  [LIST] = { "index.html", read_html }, [YEAR] = { "2026.html", read_html }, [ATOM] = { "feed.atom", read_atom }, [ROLIE] = { "rolie", read_json },
  [INDEX_TXT] = { "index.txt", read_lists }, [CHANGES] = { "changes.csv", read_lists },
};

/* What must be read: the payload, clean, as far as the shortest limit of a field goes. */
static const char *expected(const char *text, bool lines)
{
  char *clean = text_clean(pool, bytes_trim(bytes_str(text)), lines);
  if (strlen(clean) > 1000)
    clean[50] = '\0';
  return collapsed(pool, clean);
}

/* What no XML may hold, and invisible letters: the pages have U+FFFD for them, the other documents leave them. */
static const char *fit_for_pages(const char *text)
{
  struct buf b = buf_new(pool, strlen(text) + 1);
  for (size_t off = 0; off < strlen(text);) {
    uint32_t cp = utf8_next(bytes_str(text), &off);
    utf8_put(&b, (cp & 0xfffe) == 0xfffe || cp >> 12 == 0xe0 ? 0xfffd : cp);
  }
  return buf_str(&b);
}

static bool says(const char *said, const char *text)
{
  const char *lines = expected(text, true), *line = expected(text, false);
  return strstr(said, lines) || strstr(said, line) || strstr(said, fit_for_pages(lines)) || strstr(said, fit_for_pages(line));
}

START_TEST(hostile)
{
  size_t field = (size_t)_i, cells = 0;
  for (size_t p = 0; p < ARRAY_LEN(payloads); p++) {
    const char *text = payload(p);
    const struct advisory *a = with(field, text);
    for (int f = 0; f < FORMATS; f++) {
      char *what = pool_printf(pool, "%s in %s: %.60s", formats[f].name, fields[field].name, payloads[p]);
      struct bytes b = document((enum format)f, a, field, text);
      is_harmless_text(b, what);
      const char *said = collapsed(pool, formats[f].read((enum format)f, b, what));
      if (fields[field].shown & IN(f))
        ck_assert_msg(says(said, text), "%s: \"%s\" is not in\n%s", what, expected(text, true), said);
      if (fields[field].marked & IN(f))
        ck_assert_msg(strstr(said, MARK) != NULL, "%s: not to be read in\n%s", what, said);
      if (fields[field].cell == NO_LINK)
        ck_assert_msg(!strstr(said, MARK), "%s: it is there", what);
      cells++;
    }
    pool_reset(pool);
  }
  ck_assert_uint_eq(cells, CELLS);
}
END_TEST

/* The reader of our pages is strict: each of these it refuses. */
static const char *const bad_pages[] = {
  "<!doctype html>\n<html lang=\"en\"><body><script></script></body></html>", "<!doctype html>\n<html onload=\"x\"></html>",
  "<!doctype html>\n<html><body><a href=\"javascript:x\">x</a></body></html>", "<!doctype html>\n<html><body><p>a & b</p></body></html>",
  "<!doctype html>\n<html><body><p>x</body></html>", "<!doctype html>\n<html><body><p><p>x</p></p></body></html>",
  "<!doctype html>\n<html><body><!-- x --></body></html>", "<!doctype html>\n<html><body><p class=x>x</p></body></html>",
  "<!doctype html>\n<html><body><a href=\"https://a.example\"><a href=\"https://b.example\">x</a></a></body></html>",
  "<!doctype html>\n<html><head><style>@import 'x'</style></head></html>", "<!doctype html>\n<html><body><p>a > b</p></body></html>",
  "<!doctype html>\n<html><body><a href=\"//evil.example\">x</a></body></html>", "<html></html>",
};

START_TEST(reader_is_strict)
{
  struct scan s;
  ck_assert_msg(!html_scan(&s, pool, bytes_str(bad_pages[_i])), "%s", bad_pages[_i]);
  ck_assert(html_scan(&s, pool, BYTES("<!doctype html>\n<html lang=\"en\"><body><p>a &amp; b<br>\nc</p></body></html>\n")));
  ck_assert_str_eq(collapsed(pool, buf_str(&s.text)), "a & b c");
}
END_TEST

/* Of each character that there is, what the writer makes of it. */
START_TEST(every_character)
{
  for (uint32_t cp = 0; cp < 0x110000; cp++) {
    struct buf in = buf_new(pool, 8), out = buf_new(pool, 16);
    if (cp)
      utf8_put(&in, cp);
    else
      buf_addc(&in, '\0');
    advisory_html_text(&out, buf_bytes(&in));
    size_t off = 0;
    bool fit = out.len && !strpbrk(buf_str(&out), "<>\"'") && harmless(utf8_next(buf_bytes(&out), &off));
    bool kept = (cp >= 'a' && cp <= 'z') || (cp >= 0xa0 && cp < 0x2000) || (cp >= 0x10000 && cp < 0x1fffe);
    if (!fit || (kept && !bytes_eq(buf_bytes(&in), buf_bytes(&out))))
      ck_abort_msg("%x becomes %s", (unsigned)cp, buf_str(&out));
    if (!(cp & 0xfff))
      pool_reset(pool);
  }
}
END_TEST

static json_t *parsed(struct bytes b)
{
  json_error_t e;
  json_t *j = json_loadb(b.p, b.len, JSON_REJECT_DUPLICATES, &e);
  ck_assert_msg(j != NULL, "%s in line %d", e.text, e.line);
  return j;
}

#define DESCRIPTION 1 /* its row */

/* What is meant as text stays as it was written: nothing is expanded, nothing lost. */
START_TEST(kept_as_written)
{
  const char *said = "<b>{{title}}</b> %s \"x\" a<b && c>d";
  json_t *doc = parsed(advisory_csaf(pool, with(DESCRIPTION, said)));
  ck_assert_str_eq(json_string_value(at(doc, "/vulnerabilities/0/notes/0/text")), said);
  json_decref(doc);
  doc = parsed(advisory_cve(pool, with(DESCRIPTION, said)));
  ck_assert_str_eq(json_string_value(at(doc, "/containers/cna/descriptions/0/value")), said);
  json_decref(doc);
  ck_assert(strstr(pool_str(pool, advisory_text(pool, with(DESCRIPTION, said))), said) != NULL);
}
END_TEST

/* Both formats want the items of a list to differ. */
START_TEST(nothing_twice)
{
  struct vuln_case *vc = full_case(pool);
  set_field(pool, vc, "mitigation", "The same.", "");
  set_field(pool, vc, "workaround", "The same.", "");
  set_field(pool, vc, "product", "Pump 9", "1.0, 1.0, after 2.4"); /* 2.4 is named as the fix already */
  set_field(pool, vc, "reference", "https://lab.example/{", "x");
  set_field(pool, vc, "reference", "https://lab.example/%7B", "x");
  json_t *doc = parsed(advisory_cve(pool, advisory_for(pool, vc)));
  ck_assert_uint_eq(json_array_size(at(doc, "/containers/cna/workarounds")), 1);
  ck_assert_uint_eq(json_array_size(at(doc, "/containers/cna/references")), 2);
  ck_assert_uint_eq(json_array_size(at(doc, "/containers/cna/affected/0/versions")), 3);
  json_decref(doc);
  doc = parsed(advisory_csaf(pool, advisory_for(pool, vc)));
  ck_assert_uint_eq(json_array_size(at(doc, "/document/references")), 2);
  json_decref(doc);
}
END_TEST

/* Limits of the CVE record format. */
START_TEST(cve_limits)
{
  struct vuln_case *vc = full_case(pool);
  case_unset(vc, "description", NULL);
  set_field(pool, vc, "description", payload(ARRAY_LEN(payloads) - 1), "");
  set_field(pool, vc, "title", payload(ARRAY_LEN(payloads) - 1), "");
  json_t *doc = parsed(advisory_cve(pool, advisory_for(pool, vc)));
  size_t said = strlen(json_string_value(at(doc, "/containers/cna/descriptions/0/value")));
  size_t title = strlen(json_string_value(at(doc, "/containers/cna/title")));
  ck_assert(said > 3900 && said <= 4096);
  ck_assert(title > 200 && title <= 256);
  json_decref(doc);
}
END_TEST


static Suite *suite(void)
{
  Suite *s = suite_create("advisory_hostile");
  TCase *t = tcase_create("hostile");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, hostile, 0, ARRAY_LEN(fields));
  tcase_add_loop_test(t, reader_is_strict, 0, ARRAY_LEN(bad_pages));
  tcase_add_test(t, kept_as_written);
  tcase_add_test(t, nothing_twice);
  tcase_add_test(t, cve_limits);
  suite_add_tcase(s, t);
  t = tcase_create("characters");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_set_timeout(t, 120);
  tcase_add_test(t, every_character);
  suite_add_tcase(s, t);
  return s;
}

int main(void)
{
  SRunner *r = srunner_create(suite());
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
