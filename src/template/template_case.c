/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/case: a case and the configuration as the tree that templates read. */
#include <config.h>

#include "template_private.h"
#include <embargod/template_vars.h>
#include <string.h>

enum words_language { EN, DE, LANGUAGES };
struct words {
  const char *in[LANGUAGES];
};

static const struct words rm_words[RM_STATES] = {
  [RM_START] = { { "not yet received", "noch nicht eingegangen" } },
  [RM_RECEIVED] = { { "received, not yet assessed", "eingegangen, noch nicht bewertet" } },
  [RM_INVALID] = { { "assessed: we could not confirm it so far", "bewertet: bisher nicht bestätigt" } },
  [RM_VALID] = { { "confirmed", "bestätigt" } },
  [RM_ACCEPTED] = { { "confirmed, work on a fix is under way", "bestätigt, eine Korrektur ist in Arbeit" } },
  [RM_DEFERRED] = { { "confirmed, put back for now", "bestätigt, vorerst zurückgestellt" } },
  [RM_CLOSED] = { { "closed", "abgeschlossen" } },
};

static const struct words rm_next_words[RM_STATES] = {
  [RM_START] = { { "", "" } },
  [RM_RECEIVED] = { { "We will check whether we can reproduce it, and write to you.",
                      "Wir werden prüfen, ob wir es nachvollziehen können, und schreiben Ihnen." } },
  [RM_INVALID] = { { "If you have anything to add, please write: we will look again.",
                     "Wenn Sie etwas ergänzen können, schreiben Sie uns bitte: Wir sehen es uns erneut an." } },
  [RM_VALID] = { { "We are deciding how to treat it, and will write to you.",
                   "Wir entscheiden über das weitere Vorgehen und schreiben Ihnen." } },
  [RM_ACCEPTED] = { { "We will write to you before anything is published.",
                      "Wir schreiben Ihnen, bevor etwas veröffentlicht wird." } },
  [RM_DEFERRED] = { { "We will write to you when work on it begins.",
                      "Wir schreiben Ihnen, sobald wir damit beginnen." } },
  [RM_CLOSED] = { { "If you have anything to add, please write: we will look again.",
                    "Wenn Sie etwas ergänzen können, schreiben Sie uns bitte: Wir sehen es uns erneut an." } },
};

/* What has happened says more than the state of the report does: the first row that fits and has words. */
enum progress { PROGRESS_PUBLIC, PROGRESS_WITHDRAWN, PROGRESS_DEPLOYED, PROGRESS_READY, PROGRESSES };
static const struct {
  struct words state, next; /* no words: the next row, and in the end the report's state, says it */
} progress[PROGRESSES] = {
  [PROGRESS_PUBLIC] = { .next = { { "It is public. If you have anything to add, please write.",
                                    "Es ist veröffentlicht. Wenn Sie etwas ergänzen können, schreiben Sie uns bitte." } } },
  [PROGRESS_WITHDRAWN] = { { { "withdrawn by whoever reported it", "von der meldenden Person zurückgezogen" } },
                           { { "We decide whether to go on with it, and will write to you.",
                               "Wir entscheiden, ob wir es weiterverfolgen, und schreiben Ihnen." } } },
  [PROGRESS_DEPLOYED] = { { { "confirmed, the fix is out", "bestätigt, die Korrektur ist verteilt" } },
                          { { "We will write to you before anything is published.",
                              "Wir schreiben Ihnen, bevor etwas veröffentlicht wird." } } },
  [PROGRESS_READY] = { { { "confirmed, a fix is ready", "bestätigt, eine Korrektur liegt vor" } },
                       { { "We will write to you before anything is published.",
                           "Wir schreiben Ihnen, bevor etwas veröffentlicht wird." } } },
};

static bool progressed(const struct vuln_case *vc, enum progress p)
{
  const struct party *reporter = case_reporter(vc);
  bool confirmed = vc->rm == RM_VALID || vc->rm == RM_ACCEPTED || vc->rm == RM_DEFERRED;
  const bool on[PROGRESSES] = { [PROGRESS_PUBLIC] = vc->cs >> CS_PUBLIC_AWARE & 1,
                                [PROGRESS_WITHDRAWN] = !confirmed && reporter && reporter->status == PARTY_WITHDRAWN,
                                [PROGRESS_DEPLOYED] = confirmed && vc->cs >> CS_FIX_DEPLOYED & 1,
                                [PROGRESS_READY] = confirmed && vc->cs >> CS_FIX_READY & 1 };
  return vc->rm != RM_CLOSED && on[p];
}

static const struct words *state_words(const struct vuln_case *vc)
{
  for (size_t i = 0; i < PROGRESSES; i++)
    if (progressed(vc, (enum progress)i) && progress[i].state.in[EN])
      return &progress[i].state;
  return &rm_words[vc->rm < RM_STATES ? vc->rm : RM_START];
}

static const struct words *next_words(const struct vuln_case *vc)
{
  for (size_t i = 0; i < PROGRESSES; i++)
    if (progressed(vc, (enum progress)i) && progress[i].next.in[EN])
      return &progress[i].next;
  return &rm_next_words[vc->rm < RM_STATES ? vc->rm : RM_START];
}

static const struct words em_words[EM_STATES] = {
  [EM_NONE] = { { "none", "keines" } },
  [EM_PROPOSED] = { { "proposed, not yet agreed", "vorgeschlagen, noch nicht vereinbart" } },
  [EM_ACTIVE] = { { "agreed", "vereinbart" } },
  [EM_REVISE] = { { "agreed", "vereinbart" } },
  [EM_EXITED] = { { "ended", "beendet" } },
};

static const struct words cs_words[CS_FACTS] = {
  [CS_VENDOR_AWARE] = { { "known to the vendor", "dem Hersteller bekannt" } },
  [CS_FIX_READY] = { { "a fix is ready", "eine Korrektur liegt vor" } },
  [CS_FIX_DEPLOYED] = { { "the fix is deployed", "die Korrektur ist verteilt" } },
  [CS_PUBLIC_AWARE] = { { "publicly known", "öffentlich bekannt" } },
  [CS_EXPLOIT_PUBLIC] = { { "an exploit is public", "ein Exploit ist öffentlich" } },
  [CS_ATTACKS] = { { "attacks have been observed", "Angriffe wurden beobachtet" } },
};

static const struct words channel_words[] = {
  { { "mail", "E-Mail" } },
  { { "phone", "Telefon" } },
  { { "web", "Web" } },
};

/* 21 CFR 806.10 with the FDA's guidance on postmarket cybersecurity (2016, section VII): a change that only strengthens security while
 * the risk is controlled is no reportable correction; an uncontrolled risk is one unless all four conditions hold (#fact exempt-806). */
static const struct {
  const char *result; /* of the clinical assessment, as its field begins; "": whatever it is */
  const char *exempt; /* what #fact exempt-806 says; "": whatever it says */
  struct words words;
} part_806[] = {
  { "", "yes",
    { { "Not expected: the conditions of the 2016 guidance for not reporting\nare met.",
        "Voraussichtlich nicht: Die Bedingungen der Leitlinie von 2016 für den\nVerzicht auf die Meldung sind erfüllt." } } },
  { "", "no",
    { { "Applies: within 10 working days from the start of the correction or\nremoval.",
        "Anwendbar: binnen 10 Arbeitstagen nach Beginn der Korrektur oder\ndes Rückrufs." } } },
  { "uncontrolled", "",
    { { "Applies: within 10 working days from the start of the correction or\nremoval, unless the conditions of the 2016 guidance for "
        "not\nreporting are met.",
        "Anwendbar: binnen 10 Arbeitstagen nach Beginn der Korrektur oder\ndes Rückrufs, sofern nicht die Bedingungen der Leitlinie von "
        "2016\nfür den Verzicht auf die Meldung erfüllt sind." } } },
  { "controlled", "",
    { { "Not expected: the risk is controlled, and the change only\nstrengthens cybersecurity.",
        "Voraussichtlich nicht: Das Risiko ist beherrscht, und die Änderung\nverbessert allein die Cybersicherheit." } } },
};
static const struct words started_words = { { "Correction or removal started:", "Beginn der Korrektur oder des Rückrufs:" } };
static const struct words filed_words = { { "Reported under", "Gemeldet unter" } };

struct builder {
  struct pool *pool;
  struct tvalue *root;
  const struct vuln_case *vc;
  const struct conf *conf;
  enum words_language language;
};

char *template_date(struct pool *pool, int64_t t)
{
  return t > 0 ? time_local(pool, t, NULL) : pool_strdup(pool, "");
}

char *template_size(struct pool *pool, size_t bytes)
{
  if (bytes < 1024)
    return pool_printf(pool, "%zu bytes", bytes);
  return bytes < 1024 * 1024 ? pool_printf(pool, "%zu KiB", (bytes + 512) / 1024)
                             : pool_printf(pool, "%zu MiB", (bytes + (512 << 10)) >> 20);
}

void template_put(struct pool *pool, struct tvalue *root, const char *name, const char *s)
{
  const char *dot = strchr(name, '.');
  if (!dot) {
    tvalue_sets(pool, root, name, s);
    return;
  }
  char *first = pool_strndup(pool, name, (size_t)(dot - name));
  struct tvalue *object = (struct tvalue *)tvalue_get(root, first);
  if (!object || object->kind != TVALUE_OBJECT) {
    object = tvalue_object(pool);
    tvalue_set(pool, root, first, object);
  }
  template_put(pool, object, dot + 1, s);
}

struct tvalue *template_add_row(struct pool *pool, struct tvalue *root, const char *name)
{
  struct tvalue *list = (struct tvalue *)tvalue_get(root, name), *row = tvalue_object(pool);
  if (!list || list->kind != TVALUE_LIST) {
    list = tvalue_list(pool);
    tvalue_set(pool, root, name, list);
  }
  tvalue_add(pool, list, row);
  return row;
}

static void put(struct builder *b, const char *name, const char *s)
{
  template_put(b->pool, b->root, name, s);
}

static const char *say(const struct builder *b, const struct words *w)
{
  return w->in[b->language];
}

static void append(struct buf *list, const char *separator, const char *s)
{
  if (text_empty(s))
    return;
  if (list->len)
    buf_adds(list, separator);
  buf_adds(list, s);
}

static char *joined(struct builder *b, const char *field)
{
  struct buf list = buf_new(b->pool, 80);
  for (size_t i = 0; i < b->vc->field_count; i++)
    if (strcmp(b->vc->field[i].name, field) == 0)
      append(&list, ", ", b->vc->field[i].value);
  return buf_str(&list);
}

static void put_house(struct builder *b, int64_t now)
{
  const struct conf *c = b->conf;
  put(b, "organisation", c->organisation);
  put(b, "address", c->address);
  put(b, "contact", text_empty(c->contact) ? c->address : c->contact);
  put(b, "policy_url", c->policy_url);
  put(b, "embargo_days", c->embargo_days > 0 ? pool_printf(b->pool, "%d", c->embargo_days) : "");
  put(b, "date", template_date(b->pool, now));
}

static void put_products(struct builder *b)
{
  struct buf names = buf_new(b->pool, 80), versions = buf_new(b->pool, 80), vendors = buf_new(b->pool, 80);
  bool all_versions = true;
  size_t count = 0;
  append(&vendors, ", ", joined(b, "vendor"));
  for (size_t i = 0; i < b->vc->field_count; i++) {
    const struct case_field *f = &b->vc->field[i];
    if (strcmp(f->name, "product") != 0)
      continue;
    const struct conf_product *p = conf_product_by_name(b->conf, f->value);
    struct tvalue *row = template_add_row(b->pool, b->root, "products");
    tvalue_sets(b->pool, row, "name", f->value);
    tvalue_sets(b->pool, row, "versions", f->extra);
    tvalue_sets(b->pool, row, "regulatory_id", p ? p->regulatory_id : "");
    tvalue_sets(b->pool, row, "vendor", p && !text_empty(p->vendor) ? p->vendor : b->conf->organisation);
    append(&names, ", ", f->value);
    append(&versions, "; ", f->extra);
    all_versions = all_versions && !text_empty(f->extra);
    count++;
  }
  put(b, "product", buf_str(&names));
  put(b, "versions", count && all_versions ? buf_str(&versions) : "");
  put(b, "vendor", vendors.len ? buf_str(&vendors) : b->conf->organisation);
}

/* "an exploit is public (since 2027-01-31 09:00 UTC)" */
static void append_fact(struct builder *b, struct buf *list, enum cs_fact fact)
{
  int64_t at = b->vc->cs_at[fact];
  const char *since = b->language == DE ? "seit" : "since";
  if (b->vc->cs & 1u << fact)
    append(list, "; ",
           at > 0 ? pool_printf(b->pool, "%s (%s %s)", say(b, &cs_words[fact]), since, template_date(b->pool, at))
                  : say(b, &cs_words[fact]));
}

static void put_facts(struct builder *b)
{
  struct buf facts = buf_new(b->pool, 200), attacks = buf_new(b->pool, 200);
  struct tvalue *lines = tvalue_list(b->pool);
  for (int f = 0; f < CS_FACTS; f++) {
    struct buf one = buf_new(b->pool, 80);
    append_fact(b, &one, (enum cs_fact)f);
    append(&facts, "; ", buf_str(&one));
    if (one.len)
      tvalue_add(b->pool, lines, tvalue_string(b->pool, buf_str(&one)));
  }
  tvalue_set(b->pool, b->root, "facts", lines);
  append_fact(b, &attacks, CS_ATTACKS);
  append_fact(b, &attacks, CS_EXPLOIT_PUBLIC);
  append(&attacks, "\n", case_get(b->vc, "exploitation"));
  put(b, "case.facts", buf_str(&facts));
  put(b, "exploitation", buf_str(&attacks));
  static const struct {
    const char *name;
    enum cs_fact fact;
  } dated[] = { { "fix_ready", CS_FIX_READY },
                { "fix_deployed", CS_FIX_DEPLOYED },
                { "public_since", CS_PUBLIC_AWARE } };
  for (size_t i = 0; i < ARRAY_LEN(dated); i++)
    if (b->vc->cs & 1u << dated[i].fact) {
      int64_t at = b->vc->cs_at[dated[i].fact];
      put(b, dated[i].name,
          at > 0              ? template_date(b->pool, at)
          : b->language == DE ? "ja, Datum unbekannt"
                              : "yes, date unknown");
    }
}

/* Single fields that go over as they are. */
static const struct {
  const char *variable, *field;
} plain[] = {
  { "title", "title" },
  { "description", "description" },
  { "impact", "impact" },
  { "cwe", "cwe" },
  { "cve", "cve" },
  { "ssvc", "ssvc" },
  { "clinical", "clinical" },
  { "clinical_rationale", "clinical-rationale" },
  { "mitigation", "mitigation" },
  { "workaround", "workaround" },
  { "adverse_events", "adverse-events" },
  { "plan_text", "plan-text" },
};

static void put_lists(struct builder *b)
{
  for (size_t i = 0; i < b->vc->field_count; i++) {
    const struct case_field *f = &b->vc->field[i];
    bool reference = strcmp(f->name, "reference") == 0;
    if (!reference && strcmp(f->name, "plan") != 0)
      continue;
    struct tvalue *row = template_add_row(b->pool, b->root, reference ? "references" : "plan");
    bool dated = !reference && !text_empty(f->extra) && f->extra[0] >= '0' && f->extra[0] <= '9';
    const char *first = dated ? f->extra : f->value, *second = dated ? f->value : f->extra;
    if (reference || !text_empty(f->extra)) {
      tvalue_sets(b->pool, row, reference ? "url" : "date", first);
      tvalue_sets(b->pool, row, "text", second);
    } else {
      tvalue_sets(b->pool, row, "date", "");
      tvalue_sets(b->pool, row, "text", f->value);
    }
  }
  put(b, "component", joined(b, "component"));
  put(b, "credit", joined(b, "credit"));
}

static void put_fixes(struct builder *b)
{
  for (size_t i = 0; i < b->vc->field_count; i++) {
    const struct case_field *f = &b->vc->field[i];
    if (!strcmp(f->name, "fix")) {
      struct tvalue *row = template_add_row(b->pool, b->root, "fixes");
      tvalue_sets(b->pool, row, "version", f->value);
      tvalue_sets(b->pool, row, "url", f->extra);
    } else if (!strcmp(f->name, "validated")) {
      put(b, "validated", text_empty(f->extra) ? f->value : pool_printf(b->pool, "%s: %s", f->extra, f->value));
    }
  }
}

/* field.NAME: what the configuration says for every case, then the case's own word. */
static void put_answers(struct builder *b)
{
  for (const char **v = b->conf->field_values; v && *v; v++) {
    size_t at = strcspn(*v, "=");
    if ((*v)[at])
      put(b, pool_printf(b->pool, "field.%s", pool_str(b->pool, bytes_trim((struct bytes){ *v, at }))),
          pool_str(b->pool, bytes_trim(bytes_str(*v + at + 1))));
  }
  for (size_t i = 0; i < b->vc->field_count; i++)
    if (!strcmp(b->vc->field[i].name, "field"))
      put(b, pool_printf(b->pool, "field.%s", b->vc->field[i].value), b->vc->field[i].extra);
}

/* With their scores, "8.1 High" in the field's extra. */
static void put_cvss(struct builder *b)
{
  static const char *const names[] = { "cvss", "cvss4" }; /* the later one is the score of the case */
  for (size_t n = 0; n < ARRAY_LEN(names); n++)
    for (size_t i = 0; i < b->vc->field_count; i++) {
      const struct case_field *f = &b->vc->field[i];
      if (strcmp(f->name, names[n]) != 0)
        continue;
      put(b, f->name, text_empty(f->extra) ? f->value : pool_printf(b->pool, "%s, %s", f->extra, f->value));
      size_t space = text_empty(f->extra) ? 0 : strcspn(f->extra, " ");
      put(b, "score", pool_strndup(b->pool, text_empty(f->extra) ? "" : f->extra, space));
      put(b, "severity", space && f->extra[space] ? f->extra + space + 1 : "");
    }
}

/* An embargo ends at one instant: named in the house's zone. */
static char *end_of(struct builder *b, int64_t t)
{
  return t > 0 ? time_local(b->pool, t, b->conf->zone) : pool_strdup(b->pool, "");
}

/* What #fact or #filed said of that word; "": nothing. */
static const char *said(const struct vuln_case *vc, const char *field, const char *word)
{
  for (size_t i = 0; i < vc->field_count; i++)
    if (!strcmp(vc->field[i].name, field) && text_ieq(vc->field[i].value, word))
      return vc->field[i].extra;
  return "";
}

static const char *said_when(struct builder *b, const char *word)
{
  int64_t at;
  return time_parse(said(b->vc, "fact", word), 0, 0, NULL, &at) ? template_date(b->pool, at) : "";
}

/* A serious incident under MDR Art. 87: what #fact says of it. */
static void put_incident(struct builder *b)
{
  static const struct {
    const char *fact;
    struct words words;
  } classes[] = {
    { "public-health-threat", { { "Serious public health threat", "Schwerwiegende Gefahr für die öffentliche Gesundheit" } } },
    { "death", { { "Death, or unanticipated serious deterioration in state of health", "Tod oder unerwartete schwerwiegende Verschlechterung des Gesundheitszustands" } } },
    { "incident", { { "All other reportable incidents", "Alle anderen meldepflichtigen Vorkommnisse" } } },
  };
  const char *class = "";
  for (size_t i = ARRAY_LEN(classes); i-- > 0;) {
    const char *is = said(b->vc, "fact", classes[i].fact);
    class = *is && !text_ieq(is, "no") ? say(b, &classes[i].words) : class;
  }
  put(b, "incident_aware", said_when(b, "incident"));
  put(b, "incident_class", class);
}

/* Nobody is exempt with an adverse event (FDA 2016, VI.B). */
static const char *exempt_806(const struct vuln_case *vc)
{
  const char *adverse = case_get(vc, "adverse-events");
  bool harmed = *adverse && !text_ieq(adverse, "none");
  return harmed ? "no" : said(vc, "fact", "exempt-806");
}

static const char *rule_806(struct builder *b)
{
  const char *clinical = case_get(b->vc, "clinical"), *exempt = exempt_806(b->vc);
  bool assessed = !text_empty(clinical) || !text_empty(said(b->vc, "fact", "exempt-806"));
  for (size_t i = 0; assessed && i < ARRAY_LEN(part_806); i++)
    if (text_istarts(clinical, part_806[i].result) && (text_ieq(part_806[i].exempt, exempt) || !*part_806[i].exempt))
      return say(b, &part_806[i].words);
  return "";
}

/* Once it was reported nothing is to come; else what is known of it. */
static void put_part_806(struct builder *b)
{
  struct buf text = buf_new(b->pool, 200);
  const char *filed = said(b->vc, "filed", "fda-806"), *started = said_when(b, "correction-started");
  if (*filed)
    append(&text, "\n", pool_printf(b->pool, "%s %s.", say(b, &filed_words), filed));
  else
    append(&text, "\n", rule_806(b));
  if (*started)
    append(&text, "\n", pool_printf(b->pool, "%s %s", say(b, &started_words), started));
  put(b, "part_806", buf_str(&text));
}

static void put_case(struct builder *b)
{
  const struct vuln_case *vc = b->vc;
  put(b, "case.id", vc->id);
  put(b, "case.state", say(b, state_words(vc)));
  put(b, "case.next", say(b, next_words(vc)));
  put(b, "case.embargo", say(b, &em_words[vc->em < EM_STATES ? vc->em : EM_NONE]));
  put(b, "case.received", template_date(b->pool, vc->opened_at));
  const char *learned = said_when(b, "learned");
  put(b, "learned", *learned ? learned : template_date(b->pool, vc->opened_at));
  put(b, "case.updated", template_date(b->pool, vc->updated_at));
  put(b, "case.channel", vc->channel);
  for (size_t i = 0; i < ARRAY_LEN(channel_words); i++)
    if (text_ieq(vc->channel, channel_words[i].in[EN]))
      put(b, "case.channel", say(b, &channel_words[i]));
  struct buf who = buf_new(b->pool, 80);
  for (size_t i = 0; i < vc->member_count; i++)
    if (vc->member[i].role == MEMBER_ASSIGNEE)
      append(&who, ", ", vc->member[i].analyst);
  put(b, "case.assignees", buf_str(&who));
  for (size_t i = 0; i < ARRAY_LEN(plain); i++)
    put(b, plain[i].variable, case_get(vc, plain[i].field));
  put_cvss(b);
  put_part_806(b);
  put_incident(b);
  enum tlp label;
  const char *tlp = case_get(vc, "tlp");
  put(b, "tlp", tlp_parse(tlp, &label) ? tlp_name(label) : "AMBER");
  bool agreed = vc->em == EM_ACTIVE || vc->em == EM_REVISE;
  put(b, "embargo_until", agreed ? end_of(b, vc->embargo_until) : "");
  put(b, "embargo_proposed", end_of(b, vc->embargo_proposed));
}

struct tvalue *template_case_vars(struct pool *pool, const struct vuln_case *vc, const struct conf *c, int64_t now,
                                  const char *language)
{
  struct builder b = { .pool = pool, .root = tvalue_object(pool), .vc = vc, .conf = c };
  b.language = text_istarts(language, "de") ? DE : EN;
  put_house(&b, now);
  if (vc) {
    put_case(&b);
    put_products(&b);
    put_facts(&b);
    put_lists(&b);
    put_fixes(&b);
    put_answers(&b);
  }
  return b.root;
}
