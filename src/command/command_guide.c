/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/guide: what #help tells of a command beside its row of the table: an example, the forms of a date, and every name that may stand
 * in it. The same names stand in refusals. */
#include <config.h>

#include <embargod/assess.h>
#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

#define NAMES_SHOWN 40 /* of a list; then "..." */

static const struct {
  const char *name, *example;
  enum command_names lists[4];
} guide[] = {
  { "case", "#case EMB-2026-0001\n#take", { 0 } },
  { "dry-run", "#dry-run\n#notify fda", { 0 } },
  { "end", "#description\nAny firmware is taken.\n#end", { 0 } },
  { "help", "#help embargo", { 0 } },
  { "list", "#list accepted", { NAMES_STATE, NAMES_ANALYST } },
  { "show", "#show", { 0 } },
  { "history", "#history", { 0 } },
  { "stats", "#stats 2026-Q3", { 0 } },
  { "new", "#new Pump opens its valve\nA nurse called: it opened by itself.\n#end\n#reporter tina@clinic.example", { 0 } },
  { "reporter", "#reporter Tina Caller <tina@clinic.example>", { 0 } },
  { "spam", "#spam", { 0 } },
  { "take", "#take", { 0 } },
  { "assign", "#assign alice bob", { NAMES_ANALYST } },
  { "unassign", "#unassign bob", { NAMES_ANALYST } },
  { "watch", "#watch", { 0 } },
  { "unwatch", "#unwatch", { 0 } },
  { "validate", "#validate\n#accept", { 0 } },
  { "invalidate", "#invalidate it cannot be reproduced", { 0 } },
  { "accept", "#accept", { 0 } },
  { "defer", "#defer the supplier has no fix yet", { 0 } },
  { "close", "#close fixed in 2.4", { 0 } },
  { "reopen", "#reopen the fix in 2.4 is incomplete", { 0 } },
  { "embargo", "#embargo propose 2027-03-31\n#embargo accept for reporter", { NAMES_DATE } },
  { "fix-ready", "#fix-ready 2027-01-15", { NAMES_DATE } },
  { "fix-deployed", "#fix-deployed", { NAMES_DATE } },
  { "public", "#public 2027-03-31T15:00Z https://pumps.example/advisory", { NAMES_DATE } },
  { "exploit-public", "#exploit-public 2027-03-31 https://example.org/exploit", { NAMES_DATE } },
  { "attacks", "#attacks 2027-03-31", { NAMES_DATE } },
  { "title", "#title Pump 9 takes any firmware", { 0 } },
  { "description", "#description\nAny firmware is taken, whoever made it.\n#end", { 0 } },
  { "impact", "#impact\nWho is in the same network can set any dose.\n#end", { 0 } },
  { "mitigation", "#mitigation\nKeep the pump off the network.\n#end", { 0 } },
  { "workaround", "#workaround\nUpdate by USB only.\n#end", { 0 } },
  { "adverse-events", "#adverse-events none", { 0 } },
  { "product", "#product \"Pump 9\" 1.0-2.3", { NAMES_PRODUCT } },
  { "vex", "#vex \"Pump 8\" 1.0 not-affected component_not_present The radio is not fitted.", { NAMES_PRODUCT, NAMES_REASON } },
  { "component", "#component OpenSSL 3.0", { 0 } },
  { "vendor", "#vendor Example Pumps", { 0 } },
  { "tag", "#tag firmware urgent -later", { 0 } },
  { "credit", "#credit Robin Reporter", { 0 } },
  { "reference", "#reference https://example.org/paper The paper about it", { 0 } },
  { "cve", "#cve CVE-2026-12345", { 0 } },
  { "cwe", "#cwe CWE-494", { 0 } },
  { "cvss", "#cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", { 0 } },
  { "ssvc", "#ssvc Attend", { 0 } },
  { "clinical", "#clinical medium serious\nThe ward's network is closed, and an alarm sounds.\n#end", { 0 } },
  { "plan", "#plan 2027-02-28 Signed firmware is sent out", { NAMES_DATE } },
  { "fix", "#fix 2.4 https://pumps.example/2.4", { 0 } },
  { "validated", "#validated 2027-01-20 on three pumps", { NAMES_DATE } },
  { "field", "#field member-states DE, FR", { NAMES_FIELD } },
  { "tlp", "#tlp GREEN", { 0 } },
  { "due", "#due triage 2027-01-31\n#due triage n/a it is a duplicate", { NAMES_DEADLINE, NAMES_DATE } },
  { "file", "#file fda-806", { NAMES_FORM } },
  { "filed", "#filed fda-806 Z-0815 2027-01-20", { NAMES_FILING, NAMES_DATE } },
  { "remind", "#remind +14d ask the supplier again", { NAMES_DATE } },
  { "fact", "#fact learned 2027-01-10", { NAMES_DATE } },
  { "merge", "#merge EMB-2026-0002", { 0 } },
  { "duplicate", "#duplicate EMB-2026-0002\n#reply duplicate", { 0 } },
  { "link", "#link EMB-2026-0002", { 0 } },
  { "split", "#split 17 The alarm can be muted", { 0 } },
  { "move", "#move 17 EMB-2026-0002", { 0 } },
  { "note", "#note\nThe supplier called.\n#end", { 0 } },
  { "reply", "#reply\nThank you. We could reproduce it.\n#end", { NAMES_REPLY } },
  { "notify", "#notify fda cisa", { NAMES_STAKEHOLDER, NAMES_NOTICE } },
  { "ask", "#ask cisa\nWhen do you plan to publish?\n#end", { NAMES_STAKEHOLDER, NAMES_PARTICIPANT } },
  { "invite", "#invite Sue Supplier <sue@chips.example> supplier", { NAMES_STAKEHOLDER, NAMES_ROLE } },
  { "remove", "#remove sue@chips.example", { NAMES_PARTICIPANT } },
  { "party", "#party sue@chips.example affected", { NAMES_PARTICIPANT, NAMES_STATUS } },
  { "preview", "#preview notify fda", { 0 } },
  { "approve", "#approve abcdefghij234567", { 0 } },
  { "cancel", "#cancel abcdefghij234567", { 0 } },
  { "key", "#key show robin@lab.example\n#key accept 0123456789ABCDEF0123456789ABCDEF01234567 for robin@lab.example", { 0 } },
  { "advisory", "#advisory\nPump 9 takes any firmware; update to 2.4.\n#end", { 0 } },
  { "publish", "#publish 2027-03-31T15:00Z", { NAMES_DATE } },
  { "revise", "#revise\nThe fix for Pump 8 is out, too.\n#end", { NAMES_DATE } },
  { "withdraw", "#withdraw it was no vulnerability", { 0 } },
};

const char *command_example(const char *name)
{
  for (size_t i = 0; i < ARRAY_LEN(guide); i++)
    if (text_ieq(guide[i].name, name))
      return guide[i].example;
  return NULL;
}

/* ---- lists of names ---- */
struct names {
  struct pool *pool;
  const char **name;
  size_t count, cap;
};

static void add(struct names *n, const char *name)
{
  for (size_t i = 0; i < n->count; i++)
    if (text_ieq(n->name[i], name))
      return;
  if (text_empty(name))
    return;
  n->name = pool_grow(n->pool, n->name, n->count, &n->cap, sizeof *n->name);
  n->name[n->count++] = name;
}

static void add_list(struct names *n, const char *const *list)
{
  for (size_t i = 0; list && list[i]; i++)
    add(n, list[i]);
}

static void states(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)w, (void)vc;
  for (enum rm_state s = RM_RECEIVED; s < RM_STATES; s++)
    add(n, rm_state_name(s));
}

static void roles(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)w, (void)vc;
  for (enum party_role r = PARTY_REPORTER; r <= PARTY_OBSERVER; r++)
    add(n, party_role_name(r));
}

static void statuses(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)w, (void)vc;
  for (enum party_status s = PARTY_INVITED + 1; s < PARTY_STATUSES; s++)
    add(n, party_status_name(s));
  add(n, "unresponsive");
}

static void analysts(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  for (size_t i = 0; i < w->conf->analyst_count; i++)
    add(n, w->conf->analyst[i].name);
}

static void stakeholders(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  for (size_t i = 0; i < w->conf->stakeholder_count; i++)
    add(n, w->conf->stakeholder[i].name);
  for (size_t i = 0; i < w->conf->stakeholder_count; i++)
    add_list(n, w->conf->stakeholder[i].groups);
}

static void products(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  for (size_t i = 0; i < w->conf->product_count; i++)
    add(n, w->conf->product[i].name);
}

static void reasons(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)w, (void)vc;
  const char **word;
  size_t count = command_words(n->pool, assess_vex_list(n->pool), &word);
  for (size_t i = 0; i < count; i++)
    add(n, word[i]);
}

static void deadlines(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  for (size_t i = 0; i < w->conf->due_count; i++)
    add(n, w->conf->due[i].name);
}

static void forms(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  add_list(n, w->forms);
}

/* Forms, and deadlines that a filing of their name meets. */
static void filings(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  add_list(n, w->forms);
  for (size_t i = 0; i < w->conf->due_count; i++)
    if (command_filing_counts(w->conf, w->conf->due[i].name))
      add(n, w->conf->due[i].name);
}

static void fields(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  add_list(n, w->answers);
}

static void replies(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  add_list(n, w->replies);
}

static void notices(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)vc;
  add_list(n, w->notices);
}

static void participants(struct names *n, const struct command_world *w, const struct vuln_case *vc)
{
  (void)w;
  for (size_t i = 0; vc && i < vc->party_count; i++)
    if (!vc->party[i].removed)
      add(n, vc->party[i].address);
}

static const struct {
  const char *word; /* for #help */
  void (*list)(struct names *n, const struct command_world *w, const struct vuln_case *vc);
  const char *elsewhere; /* where nothing but the daemon knows them; NULL: they are the program's own */
} kinds[] = {
  [NAMES_STATE] = { "State", states, NULL },
  [NAMES_ROLE] = { "ROLE", roles, NULL },
  [NAMES_STATUS] = { "STATUS", statuses, NULL },
  [NAMES_ANALYST] = { "Analyst", analysts, "the analysts of the configuration" },
  [NAMES_STAKEHOLDER] = { "Stakeholder or group", stakeholders, "the stakeholders of the configuration and their groups" },
  [NAMES_PRODUCT] = { "Product", products, "any; those of the configuration need no quotes" },
  [NAMES_REASON] = { "REASON", reasons, NULL },
  [NAMES_DEADLINE] = { "Deadline", deadlines, "the deadlines of the configuration" },
  [NAMES_FORM] = { "Form", forms, "the templates below filings" },
  [NAMES_FILING] = { "Filing", filings, "deadlines of the configuration that a filing meets, and the templates below filings" },
  [NAMES_FIELD] = { "Field", fields, "what the templates show as field.NAME" },
  [NAMES_REPLY] = { "TEMPLATE", replies, "the templates below reply" },
  [NAMES_NOTICE] = { "TEMPLATE", notices, "the templates below notices" },
  [NAMES_PARTICIPANT] = { "Participant", participants, "the participants of the case" },
};

size_t command_names(struct pool *pool, const struct command_world *w, const struct vuln_case *vc, enum command_names kind, const char ***out)
{
  struct names n = { .pool = pool };
  if (w || !kinds[kind].elsewhere)
    kinds[kind].list(&n, w, vc);
  *out = n.name;
  return n.count;
}

static char *listed(struct pool *pool, const char **name, size_t count)
{
  struct buf b = buf_new(pool, 200);
  for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
    buf_printf(&b, "%s%s", i ? ", " : "", name[i]);
  buf_adds(&b, count > NAMES_SHOWN ? ", ..." : "");
  return buf_str(&b);
}

const char *command_proposal(struct command_context *cx, enum command_names kind, const char *wrong)
{
  const char **name;
  size_t n = command_names(cx->pool, cx->w, cx->vc >= 0 ? command_case(cx) : NULL, kind, &name);
  if (!n)
    return "; there is none";
  return pool_printf(cx->pool, "%s; there are: %s", command_did_you_mean(cx->pool, "", command_nearest_of(name, n, text_lower(cx->pool, wrong))),
                     listed(cx->pool, name, n));
}

/* ---- #help COMMAND ---- */
static void put_dates(struct buf *b, const struct command_world *w)
{
  const char *zone = w ? w->conf->zone : NULL;
  buf_printf(b, "DATE: 2027-01-31 (%s), 2027-01-31T15:00 (%s), 2027-01-31T15:00Z (UTC), or from now: +30d, +2w, +12h\n",
             w ? pool_printf(b->pool, "at %02d:00", w->conf->default_hour) : "at default_hour",
             !w ? "in the zone of the configuration" : text_empty(zone) ? "UTC" : zone);
}

void command_put_guide(struct buf *b, struct pool *pool, const struct command_world *w, const struct vuln_case *vc, const char *name)
{
  size_t i = 0;
  while (i < ARRAY_LEN(guide) && strcmp(guide[i].name, name) != 0)
    i++;
  for (size_t k = 0; i < ARRAY_LEN(guide) && k < ARRAY_LEN(guide[i].lists) && guide[i].lists[k]; k++) {
    enum command_names kind = guide[i].lists[k];
    const char **names;
    if (kind == NAMES_DATE) {
      put_dates(b, w);
      continue;
    }
    size_t n = command_names(pool, w, vc, kind, &names);
    if (n || !w)
      buf_printf(b, "%s: %s\n", kinds[kind].word, n ? listed(pool, names, n) : kinds[kind].elsewhere);
  }
  if (i < ARRAY_LEN(guide))
    buf_printf(b, "\nExample:\n\n%s\n", guide[i].example);
}
