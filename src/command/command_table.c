/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command/table: every command is one row here and one function beside; embargod-commands(7) documents each of them. */
#include <config.h>

#include <embargod/text.h>
#include <string.h>

#include "command_private.h"

static const struct command_row table[] = {
  /* what the following lines are about */
  { "case", "#case ID", "The case that the following lines are about. Several in one mail are fine.", CMD_READS,
    command_do_case },
  { "dry-run", "#dry-run", "As the first line: everything but the change itself. The answer says what would happen.",
    CMD_READS, command_do_dry_run },
  { "end", "#end", "Ends the text of the command above it. What stands below and is no command is ignored.", CMD_READS,
    command_do_end },
  /* reading */
  { "help", "#help [COMMAND]", "The list of commands, or what one of them does.", CMD_READS, command_do_help },
  { "list", "#list [FILTER]", "The cases. FILTER: a state, an analyst's name, mine, open, all, or words; pending: what waits for a release.", CMD_READS,
    command_do_list },
  { "show", "#show", "The case with all its facts and letters.", CMD_READS | CMD_NEEDS_CASE, command_do_show },
  { "history", "#history", "What happened to the case, by whom and when.", CMD_READS | CMD_NEEDS_CASE,
    command_do_history },
  { "stats", "#stats [PERIOD]", "Figures of a period: 2026, 2026-Q3, 2026-11, 90d or all; without one, of the last 365 days.", CMD_READS,
    command_do_stats },
  /* opening */
  { "new", "#new TITLE + text",
    "Opens a case for a report that came by phone or web; the text is its description. The following "
    "lines are about it. The mail must be encrypted.",
    CMD_TEXT, command_do_new },
  { "reporter", "#reporter ADDRESS | clear yes | clear no",
    "Names the reporter of the case. A lead analyst may allow replies in clear to a reporter without a key (clear "
    "yes).",
    CMD_NEEDS_CASE, command_do_reporter },
  { "spam", "#spam", "Marks the case as spam, closes it and blocks its sender.", CMD_NEEDS_CASE, command_do_spam },
  /* who works on it */
  { "take", "#take", "Assigns the case to you.", CMD_NEEDS_CASE, command_do_take },
  { "assign", "#assign NAME...", "Assigns the case to analysts.", CMD_NEEDS_CASE, command_do_assign },
  { "unassign", "#unassign NAME...", "Takes the case away from analysts.", CMD_NEEDS_CASE, command_do_unassign },
  { "watch", "#watch", "You get the mail of the case without being assigned to it.", CMD_NEEDS_CASE, command_do_watch },
  { "unwatch", "#unwatch", "You no longer get the mail of the case, unless it is assigned to you.", CMD_NEEDS_CASE,
    command_do_unwatch },
  /* report management */
  { "validate", "#validate", "The report describes a vulnerability: Received or Invalid becomes Valid.", CMD_NEEDS_CASE,
    command_do_validate },
  { "invalidate", "#invalidate REASON", "The report describes none: Received becomes Invalid.", CMD_NEEDS_CASE,
    command_do_invalidate },
  { "accept", "#accept", "We work on it: Valid or Deferred becomes Accepted.", CMD_NEEDS_CASE, command_do_accept },
  { "defer", "#defer REASON", "Not now: Valid or Accepted becomes Deferred.", CMD_NEEDS_CASE, command_do_defer },
  { "close", "#close REASON", "Done: Invalid, Deferred or Accepted becomes Closed.", CMD_NEEDS_CASE, command_do_close },
  { "reopen", "#reopen REASON", "New information: Closed becomes Accepted.",
    CMD_NEEDS_CASE | CMD_LEAD, command_do_reopen },
  /* embargo and vulnerability facts */
  { "embargo", "#embargo propose DATE | accept | reject | terminate REASON",
    "The embargo. Of two dates the earlier holds at once and the later one is a proposed revision. accept agrees to "
    "what the other side has proposed, reject drops it (or takes your own proposal back), terminate ends the embargo (lead analysts). "
    "With \"for reporter\" (or \"for ADDRESS\") at the end of the first three you pass on what they said by other "
    "means. The reporter and all others who keep the embargo get a mail about each change; the REASON stands in it.",
    CMD_NEEDS_CASE | CMD_OUTSIDE, command_do_embargo },
  { "fix-ready", "#fix-ready [DATE]", "There is a fix. The case must be Accepted.", CMD_NEEDS_CASE, command_do_fact },
  { "fix-deployed", "#fix-deployed [DATE]", "The fix is deployed; it must be ready.", CMD_NEEDS_CASE, command_do_fact },
  { "public", "#public [DATE] [URL]", "The vulnerability is public, whoever made it so. Ends the embargo. It publishes nothing: that is #publish.", CMD_NEEDS_CASE,
    command_do_fact },
  { "exploit-public", "#exploit-public [DATE] [URL]",
    "An exploit is public, and so is the vulnerability. Ends the embargo.", CMD_NEEDS_CASE, command_do_fact },
  { "attacks", "#attacks [DATE]", "Attacks were observed. Ends the embargo when a lead analyst says so (attacks_end_embargo).",
    CMD_NEEDS_CASE, command_do_fact },
  /* facts */
  { "title", "#title TEXT", "The title of the case.", CMD_NEEDS_CASE, command_do_line_field },
  { "description", "#description + text", "What the vulnerability is; it goes into notices.", CMD_NEEDS_CASE | CMD_TEXT,
    command_do_text_field },
  { "impact", "#impact + text", "What an attacker can do, and to whom.", CMD_NEEDS_CASE | CMD_TEXT,
    command_do_text_field },
  { "mitigation", "#mitigation + text", "Compensating controls: what users can do before there is a fix.",
    CMD_NEEDS_CASE | CMD_TEXT, command_do_text_field },
  { "workaround", "#workaround + text", "How to do without the vulnerable part.", CMD_NEEDS_CASE | CMD_TEXT,
    command_do_text_field },
  { "advisory", "#advisory + text", "The text of the advisory, in Markdown (CommonMark): what people read beside the facts of the case. It is public once published.",
    CMD_NEEDS_CASE | CMD_TEXT, command_do_text_field },
  { "adverse-events", "#adverse-events none | + text", "Known adverse events, for the regulator's notice.",
    CMD_NEEDS_CASE | CMD_TEXT, command_do_adverse_events },
  { "product", "#product NAME [VERSIONS] | -NAME",
    "Adds an affected product, or removes it. A NAME of several words is known from the "
    "configuration or stands in \"quotes\".",
    CMD_NEEDS_CASE, command_do_product },
  { "vex", "#vex NAME [VERSIONS] not-affected REASON [TEXT] | under-investigation | affected | fixed, or -NAME [VERSIONS]",
    "Whether a product or some versions of it are affected, for the advisory and its VEX document; without VERSIONS, all of them. "
    "not-affected needs a REASON.",
    CMD_NEEDS_CASE, command_do_vex },
  { "component", "#component NAME | -NAME", "Adds or removes an affected component.", CMD_NEEDS_CASE,
    command_do_list_field },
  { "vendor", "#vendor NAME | -NAME", "Adds or removes a vendor.", CMD_NEEDS_CASE, command_do_list_field },
  { "tag", "#tag WORD... | -WORD...", "Adds or removes tags.", CMD_NEEDS_CASE, command_do_tag },
  { "credit", "#credit NAME | anonymous | -NAME", "Whom the advisory thanks.", CMD_NEEDS_CASE, command_do_list_field },
  { "reference", "#reference URL [TEXT] | -URL", "Adds or removes a link.", CMD_NEEDS_CASE, command_do_reference },
  { "cve", "#cve CVE-ID | request | -CVE-ID", "The CVE id, or that one is wanted; no two cases have the same.", CMD_NEEDS_CASE, command_do_cve },
  { "cwe", "#cwe CWE-ID", "The kind of weakness.", CMD_NEEDS_CASE, command_do_cwe },
  { "cvss", "#cvss VECTOR", "The CVSS vector, 3.1 or 4.0; one of each is kept. The receipt gives the score.",
    CMD_NEEDS_CASE, command_do_cvss },
  { "ssvc", "#ssvc DECISION | POINTS",
    "The SSVC decision: Track, Track*, Attend or Act, or its points such as E:A/A:Y/T:T/M:H.", CMD_NEEDS_CASE,
    command_do_ssvc },
  { "clinical", "#clinical EXPLOITABILITY HARM [controlled | uncontrolled] + rationale",
    "The clinical risk. EXPLOITABILITY: low, medium, high. HARM: negligible, minor, serious, critical, catastrophic. "
    "The receipt says whether the risk is controlled; a third word overrules that.",
    CMD_NEEDS_CASE | CMD_TEXT, command_do_clinical },
  { "plan", "#plan DATE TEXT | -TEXT", "A step of the remediation plan and its date; - removes it.", CMD_NEEDS_CASE,
    command_do_plan },
  { "fix", "#fix VERSION [URL] | -VERSION", "The version that has the fix, and where to get it; - removes it.", CMD_NEEDS_CASE,
    command_do_fix },
  { "validated", "#validated [DATE] TEXT", "The fix was validated: when, and how.", CMD_NEEDS_CASE | CMD_TEXT, command_do_validated },
  { "field", "#field [NAME + text | -NAME]",
    "A field that only forms and some notices have, such as member-states. Alone it lists them: what the case says, and which forms need it.",
    CMD_NEEDS_CASE | CMD_TEXT | CMD_MIXED, command_do_field },
  { "tlp", "#tlp LABEL",
    "The TLP 2.0 marking of the case: CLEAR, GREEN, AMBER, AMBER+STRICT or RED. It decides who may be notified.",
    CMD_NEEDS_CASE, command_do_tlp },
  /* deadlines */
  { "due", "#due [NAME DATE | NAME met | NAME n/a REASON]",
    "Alone it lists the deadlines of the case. With a NAME it sets the date of that deadline, or says that it is met or does not apply.",
    CMD_NEEDS_CASE | CMD_MIXED, command_do_due },
  { "file", "#file NAME",
    "The form for a portal, filled in from the case, to you: as text and as JSON, what is missing first. Its deadline, if it has one, runs until #filed.",
    CMD_NEEDS_CASE | CMD_OUTSIDE, command_do_file },
  { "filed", "#filed NAME REFERENCE [DATE]", "A filing was made on a portal: under which reference, and when.",
    CMD_NEEDS_CASE, command_do_filed },
  { "remind", "#remind DATE TEXT", "You and those who work on the case get a mail with TEXT on that date.", CMD_NEEDS_CASE,
    command_do_remind },
  { "fact", "#fact WORD [DATE | yes | no]",
    "Something that deadlines count from or depend on: learned, correction-started, incident (with a date; none is now); death, "
    "public-health-threat, exempt-806 (yes or no). A later word replaces the earlier.",
    CMD_NEEDS_CASE, command_do_due_fact },
  /* structure */
  { "merge", "#merge ID",
    "This case takes in case ID, whose id leads here from then on: reporters, letters and history of both, the earliest dates and embargo. "
    "There is no way back.",
    CMD_NEEDS_CASE, command_do_merge },
  { "duplicate", "#duplicate ID",
    "This report is a duplicate of case ID: it is closed, its reporter becomes a reporter of ID as well, and both show each other.",
    CMD_NEEDS_CASE, command_do_duplicate },
  { "link", "#link ID... | -ID", "Both cases show each other; - ends that.", CMD_NEEDS_CASE, command_do_link },
  { "split", "#split LETTER TITLE",
    "Opens a new case from a letter of this one, which keeps it. #show gives the number of each letter. The following lines are about the "
    "new case.",
    CMD_NEEDS_CASE, command_do_split },
  { "move", "#move LETTER ID", "A letter that came to the wrong case belongs to case ID, and its sender with it.", CMD_NEEDS_CASE,
    command_do_move },
  /* letters */
  { "note", "#note + text", "An internal note; it never leaves the team.", CMD_NEEDS_CASE | CMD_TEXT, command_do_note },
  { "reply", "#reply [TEMPLATE] [ADDRESS] + text",
    "A signed mail to the reporter, encrypted whenever there is a key. Of several reporters each gets their own; ADDRESS: only that one.",
    CMD_NEEDS_CASE | CMD_TEXT | CMD_OUTSIDE, command_do_reply },
  { "notify", "#notify NAME... [TEMPLATE]",
    "A notice to stakeholders, or to all of a group, from the template of each.", CMD_NEEDS_CASE | CMD_OUTSIDE,
    command_do_notify },
  { "ask", "#ask NAME + text",
    "A signed mail to a stakeholder or participant in a thread of their own, encrypted whenever there is a key. NAME: of the "
    "configuration, the participant's name or address.",
    CMD_NEEDS_CASE | CMD_TEXT | CMD_OUTSIDE, command_do_ask },
  /* participants */
  { "invite", "#invite NAME | ADDRESS [ROLE]",
    "Invites a stakeholder of the configuration, or anybody by address, into the case. ROLE: supplier, coordinator, reporter, "
    "regulator, isac, customer, observer (the default for an address). While there is an embargo they get an invitation without "
    "details first, and the details once they have answered #embargo accept.",
    CMD_NEEDS_CASE | CMD_OUTSIDE, command_do_invite },
  { "remove", "#remove NAME",
    "Takes a participant out of the case and tells them so: no details go there any more, and their mail no longer enters it. The embargo "
    "that they accepted goes on.",
    CMD_NEEDS_CASE | CMD_OUTSIDE, command_do_remove },
  { "party", "#party NAME STATUS | details",
    "What is known of a participant. STATUS: accepted (the embargo, for one without a key), declined, under-investigation, affected, "
    "not-affected, fixed, unresponsive, withdrawn. details sends what they may know (again).",
    CMD_NEEDS_CASE | CMD_OUTSIDE, command_do_party },
  { "preview", "#preview COMMAND",
    "The mails that COMMAND would send, to you alone. Nothing is changed. Alone on the first line it "
    "means #dry-run.",
    CMD_NEEDS_CASE | CMD_TEXT, command_do_preview },
  { "approve", "#approve TOKEN [as-shown]",
    "Releases what waits for a person's approval; the token says of which case. When the case has changed so that the letter would read "
    "differently now it is refused; as-shown sends it all the same.",
    CMD_SIGNED, command_do_approve },
  { "cancel", "#cancel TOKEN", "Drops what waits for a person's approval; the token says of which case.", CMD_SIGNED, command_do_cancel },
  /* publishing */
  { "publish", "#publish [DATE]",
    "Publishes the advisory on the site: at its DATE, else at once, once it is approved (gate_publish). Before, #preview publish sends you "
    "the documents as they will be, also while the embargo holds.",
    CMD_NEEDS_CASE | CMD_OUTSIDE, command_do_publish },
  { "revise", "#revise [DATE] + text",
    "Publishes a new version of the advisory from the case as it is now. The text says what has changed, and is public.",
    CMD_NEEDS_CASE | CMD_TEXT | CMD_OUTSIDE, command_do_revise },
  { "withdraw", "#withdraw REASON", "Marks the published advisory as withdrawn; its page stays. The REASON is public.",
    CMD_NEEDS_CASE | CMD_TEXT | CMD_OUTSIDE, command_do_withdraw },
  /* keys */
  { "key", "#key list | show WHO | import | accept FPR for ADDRESS | drop FPR",
    "Keys of reporters and participants. import takes the keys attached to the mail; accept says that a key is the "
    "right one for an "
    "address. Changes need an encrypted mail.",
    CMD_MIXED, command_do_key },
};

size_t command_table(const struct command_row **out)
{
  *out = table;
  return ARRAY_LEN(table);
}

const struct command_row *command_row_by_name(const char *name)
{
  for (size_t i = 0; name && i < ARRAY_LEN(table); i++)
    if (text_ieq(table[i].name, name))
      return &table[i];
  return NULL;
}

const char *command_nearest(const char *name)
{
  const char *names[ARRAY_LEN(table)];
  for (size_t i = 0; i < ARRAY_LEN(table); i++)
    names[i] = table[i].name;
  return name ? command_nearest_of(names, ARRAY_LEN(table), name) : NULL;
}
