/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template/vars: every variable that a template may use. embargod-templates(7) says the same; tests/style holds them
 * together. */
#include <config.h>

#include "template_private.h"
#include <string.h>

static const struct template_var vars[] = {
  /* the house */
  { "organisation", "name of the organisation, from the configuration" },
  { "address", "the gateway's own mail address" },
  { "contact", "who answers questions about a notice: a name, address or telephone number" },
  { "policy_url", "where the disclosure policy is published" },
  { "key_fpr", "fingerprint of the gateway's key, in groups of four" },
  { "key_expires", "when the gateway's key expires" },
  { "embargo_days", "days of the default embargo; empty when there is none" },
  { "date", "when the letter is written" },
  /* the case */
  { "case.id", "the case's id" },
  { "case.state", "state of the report in words" },
  { "case.next", "what happens next in that state, one sentence" },
  { "case.embargo", "state of the embargo in words" },
  { "case.facts", "what is known of the vulnerability (fix ready, public, attacks ...), in words" },
  { "facts", "the same as a list of lines", .list = true },
  { "case.received", "when the report came in" },
  { "learned", "when we learned of it: what #fact learned says, else when the report came in" },
  { "case.updated", "when the case changed last" },
  { "case.channel", "how the report came in: mail, phone, web" },
  { "case.assignees", "names of the analysts who work on it" },
  { "title", "the case's title" },
  { "product", "names of the affected products in one line" },
  { "versions", "affected versions in one line; empty when a product has none" },
  { "products", "the affected products", .list = true },
  { "products.name", "name of the product" },
  { "products.versions", "its affected versions" },
  { "products.regulatory_id", "its 510(k), PMA or UDI-DI number, from the configuration" },
  { "products.vendor", "who makes it" },
  { "vendor", "vendors in one line; else the organisation" },
  { "component", "names of the affected components in one line" },
  { "description", "what the vulnerability is" },
  { "impact", "what it can lead to" },
  { "cwe", "CWE id" },
  { "cve", "CVE id, or the word requested" },
  { "cvss", "score, severity and CVSS v3.1 vector" },
  { "cvss4", "score, severity and CVSS v4.0 vector" },
  { "score", "the CVSS score alone, such as 8.1: v4.0's where there is one, else v3.1's" },
  { "severity", "the word to it, such as High" },
  { "ssvc", "SSVC decision" },
  { "clinical", "result of the clinical risk assessment" },
  { "clinical_rationale", "why so" },
  { "part_806", "whether a report of correction or removal (21 CFR Part 806) is due, in words" },
  { "incident_aware", "day on which we became aware of a serious incident, as #fact incident says" },
  { "incident_class", "its class under the EU MDR, in words, as #fact says" },
  { "adverse_events", "adverse events that are known" },
  { "exploitation", "what is known of exploits and attacks, in words" },
  { "mitigation", "compensating controls: what users can do now" },
  { "workaround", "a way to work without the affected part" },
  { "plan", "remediation plan", .list = true },
  { "plan.date", "planned date of the step" },
  { "plan.text", "the step" },
  { "plan_text", "the remediation plan in words" },
  { "fixes", "versions that have the fix", .list = true },
  { "fixes.version", "the version" },
  { "fixes.url", "where to get it" },
  { "validated", "when and how the fix was validated" },
  { "fix_ready", "since when a fix is ready" },
  { "fix_deployed", "since when the fix is deployed" },
  { "public_since", "since when the vulnerability is public" },
  { "embargo_until", "agreed end of the embargo: the planned disclosure" },
  { "embargo_proposed", "end of the embargo that somebody has proposed" },
  { "tlp", "TLP 2.0 label of the case, without the word TLP" },
  { "references", "references", .list = true },
  { "references.url", "where" },
  { "references.text", "what" },
  { "credit", "who is to be credited, in one line" },
  { "field.NAME", "what #field NAME says, or field_values of the configuration; NAME is any word" },
  /* one letter */
  { "reference_line", "the line that binds an answer to the case; must open every letter" },
  { "recipient.name", "name of the recipient; may be empty" },
  { "text", "the analyst's words" },
  { "previous_notice", "day of the latest notice that this stakeholder has of the case; empty: there is none" },
  { "encrypted", "true when this letter goes out encrypted" },
  /* the report, for the analysts */
  { "reporter.name", "the reporter's name" },
  { "reporter.address", "the reporter's address" },
  { "reporter.key", "fingerprint of the reporter's key, and where it came from" },
  { "sender.role", "role of a participant who is not the reporter; empty for the reporter and for strangers" },
  { "sender.name", "that participant's name, else the address" },
  { "sender.address", "the address under which that participant is registered" },
  { "sender.status", "what is known of that participant: invited, affected ..." },
  { "verbs", "commands of a reporter or participant", .list = true },
  { "verbs.line", "the command" },
  { "verbs.done", "true when it was carried out" },
  { "verbs.request", "true when it is only a request to the analysts" },
  { "verbs.refused", "true when it could not be done" },
  { "verbs.reason", "for the analysts: what changed or why not; for a participant: why not" },
  { "verbs.command", "for the analysts: the line that carries a request out" },
  { "party.role", "role of the participant who is written to, in words" },
  { "party.status", "how far the participant is, in words; may be empty" },
  { "party.key", "fingerprint of the participant's key" },
  { "party.accepted", "when the participant agreed to keep the embargo; empty: not yet" },
  { "party.waiting_since", "since when an answer is waited for" },
  { "entitled", "true when the participant may be told details" },
  { "unsigned", "true when the commands were not signed by the participant's key as they must be" },
  { "no_key", "true when no key of the participant is known" },
  { "key_waits", "fingerprint of a key of the participant that came by mail and that nobody has checked" },
  { "key_counts", "fingerprint of a key that came with the participant's mail and counts from the next one on" },
  { "below", "lines of the participant that were not taken as commands, for they stood below other text" },
  { "show_status", "true when the participant asked where the case stands, or said something about the embargo" },
  { "show_key", "true when the participant asked for keys" },
  { "show_help", "the commands that a participant may use, when that was asked for" },
  { "report_subject", "the report's subject" },
  { "report_text", "text of the report; every line of it is quoted" },
  { "follow_up", "true when the letter belongs to a case that was there already" },
  { "arrived_clear", "true when the letter came unencrypted" },
  { "authenticated", "true when a good signature by a known key says who the sender is" },
  { "report_received", "when this letter came in" },
  { "protection", "how the letter was protected" },
  { "signer", "who signed it, and whether that is known" },
  { "repairs", "what had to be repaired to read it" },
  { "mentions", "id of another case that the letter names" },
  { "attachments", "the attachments", .list = true },
  { "attachments.name", "name of the file" },
  { "attachments.type", "its media type" },
  { "attachments.size", "its size" },
  { "advice", "what the analysts can do about something unusual" },
  /* internal letters */
  { "reason", "why something was not done" },
  { "failed", "true when a command failed and nothing was applied" },
  { "dry_run", "true for #dry-run and #preview" },
  { "asked_only", "true when one failed of a mail that only asked" },
  { "receipt_lines", "one for each command", .list = true },
  { "receipt_lines.line", "the command as written" },
  { "receipt_lines.ok", "true when it was (or would be) done" },
  { "receipt_lines.skipped", "true when it was well, but another line failed" },
  { "receipt_lines.reason", "what changed, or why not and the right usage" },
  { "answers", "answers of #help, #list, #show, #history, #stats, #key, and previews" },
  { "warnings", "things to look at: footers outside the signature, a quoted report in clear" },
  { "note_saved", "true when the mail had no commands and was kept as an internal note" },
  { "pending", "letters that wait for a release", .list = true },
  { "pending.what", "what waits, for whom" },
  { "pending.token", "the token that #approve and #cancel take" },
  { "pending.gate", "who must release it, in words" },
  { "pending.expires", "when it expires" },
  { "bounce.id", "number of our letter in the outbox" },
  { "bounce.recipient", "who could not be reached" },
  { "bounce.status", "enhanced status code" },
  { "bounce.diagnostic", "what the other server said" },
  { "bounce.letter", "which of our letters it was" },
  { "bounce.uncertain", "true when it is not sure that the bounce is about this letter" },
  { "alarm.cap", "alarms an hour, when this one is among the last" },
  { "chase.who", "a participant who does not answer" },
  { "chase.role", "the role of that participant" },
  { "chase.since", "since when" },
  { "chase.days", "days of silence" },
  { "chase.given_up", "true when the participant counts as unresponsive from now on" },
  { "due.name", "name of a deadline" },
  { "due.title", "what it is about" },
  { "due.at", "when it is due" },
  { "due.began", "from when it counts" },
  { "due.source", "law or guidance behind it" },
  { "due.asked_by", "who asked for a reminder with #remind" },
  { "due.met_by", "what meets it, a line each, with the command" },
  { "due.preview", "the status mail that would go to the reporter, when it is about that" },
  { "due.overdue", "true when it has passed and is not met" },
  { "filing.name", "name of a form that is filed on a portal" },
  { "filing.title", "its title" },
  { "filing.note", "which portal, and what to know about it" },
  { "filing.deadline", "when the deadline of that name is due" },
  { "filing.missing", "how many of the fields that must be answered are missing; empty for none" },
  { "filing.empty", "true when others are empty" },
  { "missing_fields", "its fields that must be answered and are missing", .list = true },
  { "missing_fields.label", "the field" },
  { "missing_fields.command", "the command that fills it" },
  { "empty_fields", "its other fields that are empty", .list = true },
  { "empty_fields.label", "the field" },
  { "empty_fields.command", "the command that fills it" },
  { "form_fields", "all its fields, in the portal's order", .list = true },
  { "form_fields.label", "the field" },
  { "form_fields.value", "its answer" },
  { "form_fields.required", "true when it must be answered" },
  { "embargo.by", "who changed the embargo, with who passed it on; for the analysts" },
  { "embargo.by_you", "true when it was the recipient of this letter" },
  { "embargo.by_us", "true when it was an analyst" },
  { "embargo.by_other", "true when it was somebody else outside" },
  { "embargo.yours", "true when the recipient may accept or reject what is proposed" },
  { "embargo.your_date", "true when the date that is proposed, or was accepted, is the recipient's" },
  { "embargo.until", "agreed end of the embargo after the change, exact, with the zone; empty: nothing is agreed" },
  { "embargo.before", "the end that was agreed before, when it has changed" },
  { "embargo.proposed", "the end that is proposed, or was rejected" },
  { "embargo.proposed_by", "who proposed it; for the analysts" },
  { "embargo.ended", "when the embargo ended" },
  { "embargo.reason", "why it was ended, in an analyst's words" },
  { "embargo.because_public", "true when it ended because the vulnerability is public" },
  { "embargo.because_exploit", "true when it ended because an exploit is public" },
  { "embargo.because_attacks", "true when it ended, or should, because of attacks" },
  { "embargo.told", "who outside was told, for the analysts" },
  { "embargo.was_proposed", "true when an end was proposed" },
  { "embargo.was_accepted", "true when a proposal was accepted" },
  { "embargo.was_rejected", "true when a proposal was rejected or withdrawn" },
  { "embargo.new_date", "true when the earlier of two dates has become the end" },
  { "embargo.restored", "true when an earlier agreed end holds again, since whoever shortened it takes no part any more" },
  { "embargo.merged", "true when cases were merged, and the earliest date that was agreed in any is the end" },
  { "embargo.was_terminated", "true when it ended before its date" },
  { "embargo.has_ended", "true when it ended by its date" },
  { "embargo.doubted", "true when a lead analyst is asked to end it" },
  { "release.what", "the command of what waits: reply, notify" },
  { "release.by", "who gave it" },
  { "release.token", "the token that #approve and #cancel take" },
  { "release.made", "since when it waits" },
  { "release.expires", "until when" },
  { "release.second", "true when it needs a second person" },
  { "publication.what", "the command: publish, revise, withdraw" },
  { "publication.version", "number of the version of an advisory" },
  { "publication.summary", "what has changed in it, or why it is withdrawn" },
  { "publication.at", "when it is, or was, published; exact, with the zone" },
  { "publication.url", "its page on the site" },
  { "publication.text_url", "its signed text" },
  { "publication.csaf_url", "its CSAF document" },
  { "publication.token", "the token that #approve and #cancel take" },
  { "publication.first", "true for the first version" },
  { "publication.revised", "true for a later one" },
  { "publication.withdrawn", "true when the advisory is withdrawn by it" },
  { "publication.preview", "true when it is only a preview" },
  { "publication.at_once", "true when it is published as soon as it is approved" },
  { "publication.second", "true when it needs a second person" },
  { "publication.wishes", "what a good advisory has beside, a line each" },
  { "publication.told", "who gets a notice, a line each" },
  { "publication.not_told", "who got none, and why, a line each" },
  { "publication.cve_record", "true when a CVE record is attached" },
  { "publication.problem", "why it is not published" },
  { "publication.void", "true when its approval holds no longer" },
  { "clock.jump", "how far the gateway's clock has jumped; empty when it is back" },
  { "clock.now", "what it says now" },
  { "digest.day", "the day of a daily digest" },
  { "digest.overdue", "how many deadlines are overdue; empty for none, as the next ones" },
  { "digest.upcoming", "how many are due within seven days" },
  { "digest.waiting", "how many releases wait for a person" },
  { "digest.scheduled", "how many advisories are to be published" },
  { "digest.quarantined", "how many letters are in quarantine" },
  { "digest.held", "how many are held" },
  { "digest.failed", "how many mails failed or bounced" },
  { "digest.keys", "how many keys are in trouble" },
  { "digest.cases", "how many cases are open" },
  { "digest.head", "digest over the histories of all cases: it shows when a store was put back to an older state" },
  { "overdue", "overdue deadlines", .list = true },
  { "overdue.case", "id of the case" },
  { "overdue.name", "name of the deadline" },
  { "overdue.title", "what it is about" },
  { "overdue.at", "when it was due" },
  { "upcoming", "deadlines due within seven days", .list = true },
  { "upcoming.case", "id of the case" },
  { "upcoming.name", "name of the deadline" },
  { "upcoming.title", "what it is about" },
  { "upcoming.at", "when it is due" },
  { "waiting", "releases that wait", .list = true },
  { "waiting.case", "id of the case" },
  { "waiting.what", "the command: reply, notify" },
  { "waiting.by", "who gave it" },
  { "waiting.token", "the token that #approve and #cancel take" },
  { "waiting.expires", "when it expires" },
  { "scheduled", "advisories that are approved and wait for their instant", .list = true },
  { "scheduled.case", "id of the case" },
  { "scheduled.version", "number of the version" },
  { "scheduled.at", "when it is published" },
  { "scheduled.token", "the token that #cancel takes" },
  { "scheduled.problem", "why it could not be published yet" },
  { "key_alarms", "keys in trouble", .list = true },
  { "key_alarms.owner", "whose key" },
  { "key_alarms.problem", "what is wrong with it" },
  { "key_alarms.fpr", "its fingerprint" },
  { "key_alarms.advice", "what to do" },
  { "open_cases", "the open cases", .list = true },
  { "open_cases.id", "id of the case" },
  { "open_cases.state", "state of the report in one word" },
  { "open_cases.assignees", "who works on it" },
  { "open_cases.title", "its title" },
  { "open_cases.embargo_until", "agreed end of its embargo" },
  { "quarantine.id", "number of the letter in quarantine" },
  { "quarantine.sender", "address that the letter claims to be from" },
  { "quarantine.received", "when it came in" },
  { "key.owner", "whose key" },
  { "key.fpr", "fingerprint of that key" },
  { "key.problem", "what is wrong with it" },
  { "key.ours", "not empty when it is this gateway's own" },
  { "key.raw", "fingerprint of that key without spaces, for a command" },
  { "copy.kind", "reply, notice, question" },
  { "copy.from", "the analyst who sent it" },
  { "copy.to", "to whom it went" },
  { "copy.subject", "its subject" },
  { "copy.protection", "how it was protected" },
  { "event_summary", "what a mail of an analyst did, in a few words, for a subject" },
  { "events", "what happened", .list = true },
  { "events.at", "when" },
  { "events.by", "who did it" },
  { "events.text", "what" },
};

size_t template_vars(const struct template_var **out)
{
  *out = vars;
  return ARRAY_LEN(vars);
}

static const struct template_var *find(struct bytes name)
{
  for (size_t i = 0; i < ARRAY_LEN(vars); i++)
    if (bytes_eq(bytes_str(vars[i].name), name))
      return &vars[i];
  return NULL;
}

/* "case" of "case.id": an object that no row names by itself. */
static bool is_object(struct bytes name)
{
  for (size_t i = 0; i < ARRAY_LEN(vars); i++) {
    struct bytes row = bytes_str(vars[i].name);
    if (row.len > name.len && row.p[name.len] == '.' && bytes_starts(row, name))
      return true;
  }
  return false;
}

static struct bytes joined(struct pool *pool, struct bytes scope, struct bytes name)
{
  return bytes_str(pool_printf(pool, "%.*s.%.*s", (int)scope.len, scope.p, (int)name.len, name.p));
}

/* field.NAME: which names there are is the templates' own matter. */
static bool is_answer(struct bytes name)
{
  static const char prefix[] = "field.";
  bool ok = bytes_starts(name, bytes_str(prefix)) && name.len > strlen(prefix);
  for (size_t i = strlen(prefix); ok && i < name.len; i++)
    ok = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '-';
  return ok;
}

/* Full name of `name` where these sections are open (full names, innermost last); empty: unknown. */
struct bytes template_var_resolve(struct pool *pool, struct bytes name, const struct bytes *scope, size_t depth)
{
  if (bytes_eq(name, BYTES(".")))
    return depth && find(scope[depth - 1]) ? name : (struct bytes){ 0 };
  for (size_t i = depth; i > 0; i--) {
    struct bytes full = joined(pool, scope[i - 1], name);
    if (find(full))
      return full;
  }
  if (is_answer(name))
    return name;
  if (!find(name))
    return is_object(name) ? name : (struct bytes){ 0 };
  size_t dot = bytes_find(name, BYTES("."), 0);
  const struct template_var *parent = find(bytes_sub(name, 0, dot == SIZE_MAX ? 0 : dot));
  return parent && parent->list ? (struct bytes){ 0 } : name; /* a row's field, outside of its list */
}
