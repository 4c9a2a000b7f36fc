/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pages DIR: writes the pages that the browser looks at: advisories with all and with nearly nothing, withdrawn ones, hostile ones, lists. */
#include <config.h>

#include <embargod/site.h>
#include <embargod/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../unit/test_advisory_case.h"

static const char markdown[] =
    "# How it can be found\n\nThe device *answers* on port 4711 and shows **PumpLink** in its greeting. Check with\n\n"
    "```\nnmap -p 4711 --script banner 192.0.2.0/24 --open --reason --max-retries 2 --host-timeout 30s -oN found.txt\n```\n\n"
    "Look for `PumpLink/1.` up to `PumpLink/2.3`.\n\n## What to do, step by step\n\n"
    "1. Take the pump out of therapy.\n2. Note its **serial number**.\n   - It stands on the label.\n   - It is also under *Menu > About*.\n"
    "3. Install [firmware 2.4](https://pumps.example/fw/2.4).\n\n> A pump in therapy must not be updated.\n\n---\n\n"
    "See also <https://pumps.example/manual> or write to <mailto:service@pumps.example>. ![Photo of the label](https://pumps.example/label.png)\n\n"
    "<b>Raw HTML</b> is text.\n";

static const char hostile_markdown[] =
    "<script>alert(1)</script>\n\n[click](javascript:alert(1)) ![x](https://evil.example/track.gif) <img src=x onerror=alert(1)>\n\n"
    "###### deep\n\n# shallow\n\n####\n\n[](https://empty.example/)\n\n&#x202e;gnp.exe &lt;b&gt;\n\n> > > > > > > > > > > > deep quotation\n\n"
    "- - - - - - - - - - deep list\n\n| a | b |\n|---|---|\n\n";

static struct pool *pool;
static const char *dir;

static void write_file(const char *name, struct bytes body)
{
  FILE *f = fopen(pool_printf(pool, "%s/%s", dir, name), "w");
  if (!f || fwrite(body.p, 1, body.len, f) != body.len || fclose(f)) {
    perror(name);
    exit(1);
  }
}

static void page(const char *name, const struct advisory *a)
{
  static const struct advisory_page links = { "../index.html", "../feed.atom", "EMB-2026-0001.txt", "../.well-known/csaf/white/2026/emb-2026-0001.json" };
  write_file(pool_printf(pool, "advisories/%s.html", name), advisory_html(pool, a, a->final ? &links : NULL));
}

static char *long_word(size_t len)
{
  char *s = pool_alloc(pool, len + 1);
  memset(s, 'W', len);
  return s;
}

static struct advisory *hostile(void)
{
  struct vuln_case *vc = full_case(pool);
  struct advisory *a;
  set_field(pool, vc, "title", "<script>alert(1)</script> \xe2\x80\xae\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d {{x}} WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "");
  set_field(pool, vc, "description", pool_printf(pool, "%s\n\n--> ]]> &lt; \" ' <a href=javascript:alert(1)>", long_word(10000)), "");
  set_field(pool, vc, "product", long_word(200), "1.0");
  set_field(pool, vc, "product", "\xd9\x85\xd8\xb6\xd8\xae\xd8\xa9", "before 7.0");
  set_field(pool, vc, "credit", "<img src=https://evil.example/x.gif> \xe2\x81\xa6\xd7\xa8\xd7\x95\xd7\x91\xd7\x99\xd7\x9f", "");
  set_field(pool, vc, "reference", pool_printf(pool, "https://lab.example/%s", long_word(1500)), long_word(240));
  a = released(pool, vc);
  a->text = hostile_markdown;
  return a;
}

static struct advisory *many(void)
{
  struct vuln_case *vc = full_case(pool);
  for (int i = 0; i < 40; i++) {
    char *name = pool_printf(pool, "Infusion Pump Series %d with Remote Station", i);
    set_field(pool, vc, "product", name, "1.0.1, 1.0.2, 1.1.0-2023-11-30-build-77, 2.0 to 2.9");
    set_field(pool, vc, "fix", pool_printf(pool, "%s 3.%d", name, i), i % 3 ? "https://pumps.example/firmware/download" : "");
  }
  return released(pool, vc);
}

static void advisories(void)
{
  struct vuln_case *all = full_case(pool);
  set_field(pool, all, "vex", "\"Pump 9\" 3.0", "not-affected component_not_present It has no radio.");
  struct advisory *a = released(pool, all);
  a->text = markdown;
  page("full", a);
  a = released(pool, full_case(pool));
  a->withdrawn = "The finding was of a test build that never left the house; the products that are sold do not have it.";
  page("withdrawn", a);
  struct vuln_case *vc = bare_case(pool);
  set_field(pool, vc, "title", "Draft", "");
  a = advisory_for(pool, vc);
  page("bare", a);
  page("hostile", hostile());
  page("many", many());
}

static void lists(void)
{
  static const char *const severities[] = { "critical", "high", "medium", "low", "none", "" };
  static const int scores[] = { 98, 81, 55, 21, 0, -1 };
  static const struct site_house house_of_site = { .url = "https://security.pumps.example",
                                                   .organisation = "Example Pumps",
                                                   .contact = "security@pumps.example",
                                                   .space = "https://pumps.example",
                                                   .policy_url = "https://pumps.example/policy",
                                                   .language = "en",
                                                   .fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567",
                                                   .key = "" };
  struct site_entry e[70] = { 0 };
  for (size_t i = 0; i < ARRAY_LEN(e); i++)
    e[i] = (struct site_entry){ .id = pool_printf(pool, "EMB-2026-%04zu", ARRAY_LEN(e) - i),
                                .title = i % 4 ? "Pump takes any firmware" : "Default password in the service menu of several infusion systems",
                                .summary = "The pump takes firmware without a signature. Anyone on its network can replace it, also while therapy is running.",
                                .cve = i % 3 ? "CVE-2026-12345" : "",
                                .severity = severities[i % 6],
                                .score = scores[i % 6],
                                .tlp = "CLEAR",
                                .version = "1",
                                .first_at = OPENED - (int64_t)i * 9 * DAY,
                                .changed_at = OPENED - (int64_t)i * 9 * DAY + (i % 5 ? 0 : 3 * DAY),
                                .withdrawn = i == 2 };
  e[1].title = pool_printf(pool, "<script>alert(1)</script> \xe2\x80\xae%s", long_word(180));
  e[1].summary = long_word(10000);
  struct site s = { .house = &house_of_site, .entry = e, .entry_count = ARRAY_LEN(e), .now = OPENED };
  write_file("index.html", site_index_html(pool, &s, 0));
  write_file("2025.html", site_index_html(pool, &s, 2025));
  write_file("feed.atom", site_atom(pool, &s));
  s.entry_count = 0;
  write_file("empty.html", site_index_html(pool, &s, 0));
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: pages DIR\n");
    return 64;
  }
  dir = argv[1];
  pool = pool_new("pages");
  mkdir(pool_printf(pool, "%s/advisories", dir), 0777);
  advisories();
  lists();
  pool_free(&pool);
  return 0;
}
