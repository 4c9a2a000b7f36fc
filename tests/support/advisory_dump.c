/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints CSAF documents of made-up cases, one a line: {"name": ..., "document": {...}}. The official validator reads them
 * (tests/integration/test_csaf_validator.py). */
#include <config.h>

#include <embargod/site.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/test_advisory_case.h"

static struct pool *pool;

static void print(const char *name, struct bytes document)
{
  json_t *doc = json_loadb(document.p, document.len, JSON_REJECT_DUPLICATES, NULL);
  json_t *line = json_pack("{s:s,s:o}", "name", name, "document", doc);
  if (!line)
    abort();
  char *s = json_dumps(line, JSON_COMPACT);
  puts(s);
  free(s);
  json_decref(line);
}

/* Both profiles of it; what a document lacks would be a mistake of the fixture. */
static void show(const char *name, struct advisory *a)
{
  size_t n = 0, required = 0;
  site_place(pool, "https://pumps.example", a);
  struct advisory_gap *gap = advisory_gaps(pool, a, ADVISORY_CSAF, &n);
  for (size_t i = 0; i < n; i++)
    if (gap[i].required) {
      fprintf(stderr, "%s: %s: %s\n", name, gap[i].what, gap[i].how);
      required++;
    }
  if (required)
    exit(1);
  print(pool_printf(pool, "%s/advisory", name), advisory_csaf(pool, a));
  print(pool_printf(pool, "%s/vex", name), advisory_vex(pool, a));
}

static struct vuln_case *statements_case(void)
{
  static const struct case_field fields[] = {
    { "vex", "\"Pump 8\" 1.0, 1.1", "not-affected component_not_present", 0, "alice" },
    { "vex", "\"Pump 9\" 3.0", "not-affected vulnerable_code_not_present It was rewritten.", 0, "alice" },
    { "vex", "\"Pump 7\"", "under-investigation", 0, "alice" },
    { "vex", "\"Monitor\" before 2.0", "affected", 0, "alice" },
    { "vex", "\"Monitor\" 2.0", "fixed", 0, "alice" },
    { "vex", "\"Cable\" 1", "not-affected inline_mitigations_already_exist", 0, "alice" },
    { "vex", "\"Rack\" 1", "not-affected vulnerable_code_not_in_execute_path", 0, "alice" },
    { "vex", "\"Stand\" 1", "not-affected vulnerable_code_cannot_be_controlled_by_adversary", 0, "alice" },
  };
  struct vuln_case *vc = full_case(pool);
  for (size_t i = 0; i < ARRAY_LEN(fields); i++)
    case_set(pool, vc, &fields[i]);
  return vc;
}

static struct vuln_case *only_not_affected(void)
{
  struct vuln_case *vc = bare_case(pool);
  static const char *const kept[] = { "title", "description", "cve", "tlp", "cvss", "reference" };
  for (size_t i = 0; i < ARRAY_LEN(full_fields); i++)
    for (size_t k = 0; k < ARRAY_LEN(kept); k++)
      if (!strcmp(full_fields[i].name, kept[k]))
        case_set(pool, vc, &full_fields[i]);
  case_set(pool, vc, &(struct case_field){ "vex", "\"Pump 8\"", "not-affected component_not_present", 0, "alice" });
  return vc;
}

static struct vuln_case *many_products(void)
{
  struct vuln_case *vc = full_case(pool);
  for (int i = 0; i < 60; i++) {
    char *name = pool_printf(pool, "Series %d", i);
    case_set(pool, vc, &(struct case_field){ "product", name, "1.0, 1.1, 2.0-2.9, before 0.9, all", 0, "alice" });
    case_set(pool, vc, &(struct case_field){ "fix", pool_printf(pool, "\"%s\" 3.%d", name, i), "", 0, "alice" });
  }
  return vc;
}

/* Each fact of people's words, hostile. */
static struct vuln_case *hostile(const char *payload)
{
  struct vuln_case *vc = full_case(pool);
  static const char *const fields[] = { "title", "description", "impact", "mitigation", "workaround", "advisory" };
  for (size_t i = 0; i < ARRAY_LEN(fields); i++)
    if (strcmp(fields[i], "advisory") != 0 || strlen(payload) < 60000) /* a longer one is refused */
      set_field(pool, vc, fields[i], payload, "");
  case_set(pool, vc, &(struct case_field){ "product", payload, "1.0", 0, "alice" });
  case_set(pool, vc, &(struct case_field){ "credit", payload, "", 0, "alice" });
  case_set(pool, vc, &(struct case_field){ "reference", "https://x.example/a b\"<c>", payload, 0, "alice" });
  case_set(pool, vc, &(struct case_field){ "vex", "\"Pump 8\" 1", pool_printf(pool, "not-affected component_not_present %s", payload), 0, "alice" });
  return vc;
}

static void hostile_ones(void)
{
  static const char *const payloads[] = {
    "<script>alert(1)</script>", "[x](javascript:alert(1))", "\xe2\x80\xaegnp.exe", "{{title}} {{{x}}}", "\"}],\"x\":[{\"", "\xff\xfe broken",
    "a\\u0000b\x01\x02", "vers:all/*", "</title><img src=x onerror=alert(1)>",
  };
  for (size_t i = 0; i < ARRAY_LEN(payloads); i++)
    show(pool_printf(pool, "hostile %zu", i + 1), released(pool, hostile(payloads[i])));
  char *line = pool_alloc(pool, 100001);
  memset(line, 'A', 100000);
  show("hostile long line", released(pool, hostile(line)));
}

int main(void)
{
  pool = pool_new("dump");
  struct vuln_case *plain = full_case(pool);
  static struct advisory_revision first[] = { { "1", OPENED + 8 * DAY, "First version" } };
  struct advisory *a = released(pool, plain);
  a->revision = first;
  a->revision_count = 1;
  show("full", a);
  show("revised", released(pool, plain));
  a = released(pool, plain);
  a->withdrawn = "It is no vulnerability.";
  show("withdrawn", a);
  show("draft", advisory_for(pool, plain));
  show("statements", released(pool, statements_case()));
  show("not affected", released(pool, only_not_affected()));
  show("many products", released(pool, many_products()));
  set_field(pool, plain, "advisory", "# What\n\nSee *this* [page](https://x.example/).\n\n```\ncode <b>\n```\n", "");
  show("with text", released(pool, plain));
  hostile_ones();
  pool_free(&pool);
  return 0;
}
