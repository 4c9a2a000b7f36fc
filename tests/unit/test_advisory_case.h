/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A case that has all that an advisory can show, and the house that publishes it. */
#ifndef TEST_ADVISORY_CASE_H
#define TEST_ADVISORY_CASE_H
#include <embargod/advisory.h>
#include <embargod/text.h>
#include <jansson.h>
#include <string.h>

#define DAY 86400
#define OPENED INT64_C(1790000000) /* 2026-09-21T14:13:20Z */

static const struct advisory_maker makers[] = { { "Viewer", "Screens Inc" } };
static const struct advisory_house house = { .organisation = "Example Pumps",
                                             .contact = "security@pumps.example",
                                             .space = "https://pumps.example",
                                             .cve_org_id = "8254265b-2729-46b6-b9e3-3dfca2d5bfca",
                                             .maker = makers,
                                             .maker_count = ARRAY_LEN(makers) };
static const struct advisory_event history[] = { { OPENED + 1 * DAY, "rm.validate" },
                                                 { OPENED + 2 * DAY, "notice.sent" },
                                                 { OPENED + 3 * DAY, "rm.accept" } };

static const struct case_field full_fields[] = {
  { "title", "Pump takes any firmware", "", 0, "alice" },
  { "description", "The pump takes firmware without a signature.\n\nAnyone on its network can replace it.", "", 0, "alice" },
  { "impact", "Therapy can be changed or stopped.", "", 0, "alice" },
  { "product", "Pump 9", "1.0, 1.2-2.3", 0, "alice" },
  { "product", "Viewer", "before 4.1", 0, "alice" },
  { "fix", "Pump 9 2.4", "https://pumps.example/fw/2.4", 0, "alice" },
  { "fix", "Viewer 4.1", "", 0, "alice" },
  { "cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "9.8 Critical", 0, "alice" },
  { "cvss4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "9.3 Critical", 0, "alice" },
  { "cwe", "CWE-345", "", 0, "alice" },
  { "cve", "CVE-2026-12345", "", 0, "alice" },
  { "clinical", "uncontrolled (exploitability high, harm critical)", "", 0, "alice" },
  { "clinical-rationale", "insidewordrationale", "", 0, "alice" },
  { "adverse-events", "insidewordadverse", "", 0, "alice" },
  { "ssvc", "Act", "", 0, "alice" },
  { "tag", "insidewordtag", "", 0, "alice" },
  { "plan", "insidewordplan", "2026-12-01", 0, "alice" },
  { "field", "udi", "insidewordfield", 0, "alice" },
  { "exploitation", "insidewordexploitation", "", 0, "alice" },
  { "mitigation", "Keep the pump in a network of its own.", "", 0, "alice" },
  { "workaround", "Switch its radio off.", "", 0, "alice" },
  { "credit", "Robin Reporter", "", 0, "alice" },
  { "credit", "anonymous", "", 0, "alice" },
  { "reference", "https://lab.example/pump", "The finder's page", 0, "alice" },
  { "tlp", "CLEAR", "", 0, "alice" },
};

static inline struct vuln_case *bare_case(struct pool *pool)
{
  struct vuln_case *vc = case_new(pool);
  vc->id = "EMB-2026-0001";
  vc->rm = RM_ACCEPTED;
  vc->opened_at = OPENED;
  vc->updated_at = OPENED + 9 * DAY;
  vc->cs = 1u << CS_VENDOR_AWARE;
  vc->cs_at[CS_VENDOR_AWARE] = OPENED;
  case_add_party(pool, vc, &(struct party){ .role = PARTY_REPORTER, .name = "insidewordname", .address = "insideword@lab.example", .stakeholder = "",
                                            .fingerprint = "", .token = "" });
  return vc;
}

static inline void set_field(struct pool *pool, struct vuln_case *vc, const char *name, const char *value, const char *extra)
{
  case_set(pool, vc, &(struct case_field){ name, value, extra, OPENED, "alice" });
}

static inline struct vuln_case *full_case(struct pool *pool)
{
  struct vuln_case *vc = bare_case(pool);
  for (size_t i = 0; i < ARRAY_LEN(full_fields); i++)
    case_set(pool, vc, &full_fields[i]);
  vc->cs |= 1u << CS_FIX_READY | 1u << CS_PUBLIC_AWARE | 1u << CS_EXPLOIT_PUBLIC;
  vc->cs_at[CS_FIX_READY] = OPENED + 5 * DAY;
  vc->cs_at[CS_PUBLIC_AWARE] = OPENED + 8 * DAY;
  vc->cs_at[CS_EXPLOIT_PUBLIC] = OPENED + 8 * DAY;
  return vc;
}

static inline struct advisory *advisory_for(struct pool *pool, const struct vuln_case *vc)
{
  return advisory_of(pool, vc, &house, history, ARRAY_LEN(history));
}

/* As it would be published, and once more: two revisions. */
static const struct advisory_revision revisions[] = { { "1", OPENED + 8 * DAY, "First version" }, { "2", OPENED + 9 * DAY, "A fix for Viewer" } };

static inline struct advisory *released(struct pool *pool, const struct vuln_case *vc)
{
  struct advisory *a = advisory_for(pool, vc);
  a->final = true;
  a->revision = pool_array(pool, ARRAY_LEN(revisions), sizeof *revisions);
  memcpy(a->revision, revisions, sizeof revisions);
  a->revision_count = ARRAY_LEN(revisions);
  return a;
}

/* "/a/0/b"; NULL: not there. */
static inline json_t *at(json_t *doc, const char *pointer)
{
  char key[80];
  while (doc && *pointer == '/') {
    size_t len = strcspn(pointer + 1, "/");
    memcpy(key, pointer + 1, len);
    key[len] = '\0';
    pointer += 1 + len;
    doc = json_is_array(doc) ? json_array_get(doc, (size_t)atoi(key)) : json_object_get(doc, key);
  }
  return doc;
}
#endif
