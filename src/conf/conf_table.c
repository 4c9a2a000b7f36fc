/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf: the one table of settings. A new setting is one row here, its field in conf.h and its paragraph in embargod.conf(5). */
#include "conf_private.h"

#define TOP(field) CONF_TOP, #field
#define HARMS_OR_NEVER "negligible|minor|serious|critical|catastrophic|never"
#define AT(type, field) offsetof(struct type, field)

static const struct conf_setting settings[] = {
  { TOP(organisation), CONF_STR, AT(conf, organisation), "!", 0, 0, NULL, "Name of the manufacturer, as letters show it." },
  { TOP(address), CONF_ADDRESS, AT(conf, address), "!", 0, 0, NULL, "Address of the security mailbox." },
  { TOP(contact), CONF_STR, AT(conf, contact), "", 0, 0, NULL, "Further contact that notices name, such as a telephone number." },
  { TOP(policy_url), CONF_STR, AT(conf, policy_url), "", 0, 0, NULL, "URL of the disclosure policy." },
  { TOP(cve_org_id), CONF_STR, AT(conf, cve_org_id), "", 0, 0, NULL, "UUID that the CVE programme gave the organisation as CNA." },
  { TOP(site_url), CONF_STR, AT(conf, site_url), "", 0, 0, NULL, "URL under which the site of the advisories is served; without it nothing is published." },
  { TOP(site_dir), CONF_PATH, AT(conf, site_dir), "", 0, 0, NULL, "Folder of that site." },
  { TOP(security_txt_days), CONF_INT, AT(conf, security_txt_days), "90", 7, 365, NULL, "Days that a security.txt is valid; a new one is made when a third of them is left." },
  { TOP(publish_notify), CONF_LIST, AT(conf, publish_notify), "", 0, 0, NULL, "Who gets a notice of each publication: kinds, groups or names of stakeholders, or none." },
  { TOP(clock_unsynchronised), CONF_STR, AT(conf, clock_unsynchronised), "hold", 0, 0, "hold|ignore", "Whether publications wait while the system says that its clock is not synchronised." },
  { TOP(language), CONF_STR, AT(conf, language), "en", 0, 0, NULL, "Language of letters to those who have none set." },
  { TOP(zone), CONF_STR, AT(conf, zone), "UTC", 0, 0, NULL, "Time zone in which local times are shown and read." },
  { TOP(default_hour), CONF_INT, AT(conf, default_hour), "9", 0, 23, NULL, "Local hour of a date without one." },
  { TOP(digest_hour), CONF_INT, AT(conf, digest_hour), "8", -1, 23, NULL, "Local hour of the analysts' daily digest; -1 for none." },
  { TOP(key_check_hour), CONF_INT, AT(conf, key_check_hour), "3", -1, 23, NULL, "Local hour of the nightly look at all keys; -1 for none." },
  { TOP(profile), CONF_LIST, AT(conf, profile), "", 0, 0, NULL, "Profiles whose deadlines count: generic, medical-device, eu-cra, or a file's path." },
  { TOP(field_values), CONF_LIST, AT(conf, field_values), "", 0, 0, NULL, "Fields of forms that are the same in every case: NAME = text." },
  { TOP(holidays), CONF_LIST, AT(conf, holidays), "", 0, 0, NULL, "Days that are no working days: 2026-12-24, or 12-25 every year." },
  { TOP(case_prefix), CONF_STR, AT(conf, case_prefix), "EMB", 0, 0, NULL, "Prefix of case ids; cannot change once cases exist." },
  { TOP(state_dir), CONF_PATH, AT(conf, state_dir), "!", 0, 0, NULL, "Folder of the state; what follows lies in it unless set." },
  { TOP(gnupg_home), CONF_PATH, AT(conf, gnupg_home), "", 0, 0, NULL, "GnuPG home of the gateway's own key." },
  { TOP(database), CONF_PATH, AT(conf, database), "", 0, 0, NULL, "The store." },
  { TOP(master_key_file), CONF_PATH, AT(conf, master_key_file), "", 0, 0, NULL, "Key that seals the store; keep a copy apart from backups." },
  { TOP(template_dir), CONF_PATH, AT(conf, template_dir), "", 0, 0, NULL, "Folder of the letter templates." },
  { TOP(control_socket), CONF_PATH, AT(conf, control_socket), "", 0, 0, NULL, "Socket of embargoctl." },
  { TOP(control_group), CONF_STR, AT(conf, control_group), "", 0, 0, NULL, "Group whose members may use embargoctl." },
  { TOP(signing_key), CONF_FPR, AT(conf, signing_key), NULL, 0, 0, NULL, "Fingerprint of the gateway's key when its home holds several." },
  { TOP(key_passphrase_file), CONF_PATH, AT(conf, key_passphrase_file), NULL, 0, 0, NULL, "File that holds the passphrase of the gateway's key, mode 0600." },
  { TOP(max_message), CONF_SIZE, AT(conf, max_message), "32M", 65536, INT64_C(200) << 20, NULL, "Letters above this size are recorded, never fetched." },
  { TOP(max_plaintext), CONF_SIZE, AT(conf, max_plaintext), "64M", 65536, INT64_C(250) << 20, NULL, "What a letter may decrypt to." },
  { TOP(plus_addressing), CONF_BOOL, AT(conf, plus_addressing), "yes", 0, 0, NULL, "The mail server delivers address+TOKEN to address." },
  { TOP(bounce), CONF_BOUNCE, AT(conf, bounce), "verp", 0, 0, "verp|plain", "Envelope sender: one of its own for each letter, or the address." },
  { TOP(authserv_id), CONF_STR, AT(conf, authserv_id), "", 0, 0, NULL, "Whose Authentication-Results header is believed." },
  { TOP(embargo_days), CONF_INT, AT(conf, embargo_days), "90", 0, 3650, NULL, "Default embargo of a new case; 0 for none." },
  { TOP(embargo_notice_h), CONF_INT, AT(conf, embargo_notice_h), "24", 0, 8760, NULL, "Hours until the earliest end of an embargo that anybody may propose." },
  { TOP(attacks_end_embargo), CONF_STR, AT(conf, attacks_end_embargo), "lead", 0, 0, "lead|at-once|never", "When #attacks ends the embargo." },
  { TOP(clinical_low), CONF_STR, AT(conf, clinical_low), "catastrophic", 0, 0, HARMS_OR_NEVER, "Harm from which on a risk of low exploitability is uncontrolled." },
  { TOP(clinical_medium), CONF_STR, AT(conf, clinical_medium), "critical", 0, 0, HARMS_OR_NEVER, "The same at medium exploitability." },
  { TOP(clinical_high), CONF_STR, AT(conf, clinical_high), "serious", 0, 0, HARMS_OR_NEVER, "The same at high exploitability." },
  { TOP(reply_clear), CONF_STR, AT(conf, reply_clear), "never", 0, 0, "never|lead|allow", "Replies to a reporter without a key." },
  { TOP(ack_per_sender_h), CONF_INT, AT(conf, ack_per_sender_h), "24", 0, 8760, NULL, "Hours in which one sender gets at most one acknowledgement; 0: no such cap." },
  { TOP(ack_per_hour), CONF_INT, AT(conf, ack_per_hour), "30", 0, 1000000, NULL, "Acknowledgements an hour in all." },
  { TOP(alarms_per_hour), CONF_INT, AT(conf, alarms_per_hour), "30", 5, 1000000, NULL, "Alarms an hour that strangers' mail can cause." },
  { TOP(command_window_s), CONF_INT, AT(conf, command_window_s), "345600", 60, 31536000, NULL, "Age in seconds of a signature that is still taken." },
  { TOP(command_ahead_s), CONF_INT, AT(conf, command_ahead_s), "300", 0, 86400, NULL, "Seconds that a signature may lie in the future." },
  { TOP(gate_reply), CONF_INT, AT(conf, gate_reply), "0", 0, 2, NULL, "Persons who must release a reply." },
  { TOP(gate_ask), CONF_INT, AT(conf, gate_ask), "0", 0, 2, NULL, "Persons who must release a question to a stakeholder or participant, and an invitation." },
  { TOP(gate_notify), CONF_INT, AT(conf, gate_notify), "1", 0, 2, NULL, "Persons who must release a notice." },
  { TOP(gate_publish), CONF_INT, AT(conf, gate_publish), "2", 0, 2, NULL, "Persons who must release a publication." },
  { TOP(invite_clearance), CONF_TLP, AT(conf, invite_clearance), "AMBER", 0, 0, NULL, "Highest TLP label that participants invited by address may receive." },
  { TOP(answers_per_day), CONF_INT, AT(conf, answers_per_day), "20", 0, 1000, NULL, "Answers a day to the commands of one reporter or participant." },
  { TOP(chase_days), CONF_INT, AT(conf, chase_days), "7", 0, 365, NULL, "Days of silence after which a participant is reminded; 0: never." },
  { TOP(chase_assignee_days), CONF_INT, AT(conf, chase_assignee_days), "14", 0, 365, NULL, "Days of silence after which the analysts are told; 0: never." },
  { TOP(unresponsive_days), CONF_INT, AT(conf, unresponsive_days), "30", 0, 3650, NULL, "Days of silence after which a participant counts as unresponsive; 0: never." },
  { TOP(pending_expires_h), CONF_INT, AT(conf, pending_expires_h), "168", 1, 8760, NULL, "Hours until a waiting release expires." },
  { TOP(pending_remind_h), CONF_INT, AT(conf, pending_remind_h), "48", 0, 8760, NULL, "Hours between reminders of a waiting release; 0 for none." },
  { TOP(held_days), CONF_INT, AT(conf, held_days), "7", 1, 365, NULL, "Days after which a held letter is quarantined." },
  { TOP(outbox_keep_days), CONF_INT, AT(conf, outbox_keep_days), "14", 0, 3650, NULL, "Days that the sealed bytes of sent mail are kept." },
  { TOP(unconfirmed_after_s), CONF_INT, AT(conf, unconfirmed_after_s), "900", 1, 86400, NULL, "Seconds until an unconfirmed mail is sent again." },
  { TOP(outbox_give_up_h), CONF_INT, AT(conf, outbox_give_up_h), "120", 1, 8760, NULL, "Hours after which a deferred mail has failed." },
  { TOP(crypt_workers), CONF_INT, AT(conf, crypt_workers), "0", 0, 16, NULL, "OpenPGP operations at a time; 0 for one a core." },
  { TOP(crypt_deadline_ms), CONF_INT, AT(conf, crypt_deadline_ms), "30000", 500, 600000, NULL, "Deadline of one OpenPGP operation." },
  { TOP(parse_deadline_ms), CONF_INT, AT(conf, parse_deadline_ms), "10000", 500, 600000, NULL, "Deadline of parsing one letter." },
  { TOP(wkd), CONF_BOOL, AT(conf, wkd), "no", 0, 0, NULL, "Look up keys of unknown senders in their domain's Web Key Directory." },
  { TOP(log_level), CONF_STR, AT(conf, log_level), "info", 0, 0, "error|warning|notice|info|debug", "What is logged." },

#define SERVER(sec, type) \
  { sec, "url", CONF_STR, AT(conf_server, url), "!", 0, 0, NULL, "Where it is." }, \
  { sec, "password_file", CONF_PATH, AT(conf_server, password_file), NULL, 0, 0, NULL, "File that holds the password, mode 0600." }, \
  { sec, "password_command", CONF_STR, AT(conf_server, password_command), NULL, 0, 0, NULL, "Command that prints the password or the OAuth token." }, \
  { sec, "auth", CONF_STR, AT(conf_server, auth), "plain", 0, 0, "plain|login|xoauth2|oauthbearer", "SASL mechanism." }, \
  { sec, "tls_ca_file", CONF_PATH, AT(conf_server, tls_ca_file), NULL, 0, 0, NULL, "Trust these authorities instead of the system's." }, \
  { sec, "tls_fingerprint", CONF_STR, AT(conf_server, tls_fingerprint), NULL, 0, 0, NULL, "Trust only this public key (sha256//BASE64)." }, \
  { sec, "timeout_ms", CONF_INT, AT(conf_server, timeout_ms), "60000", 500, 600000, NULL, "Deadline of one step with the server." }
  SERVER(CONF_INBOX, inbox),
  { CONF_INBOX, "folders", CONF_LIST, AT(conf_server, folders), "INBOX", 0, 0, NULL, "Folders that are watched." },
  { CONF_INBOX, "processed", CONF_STR, AT(conf_server, processed), "Processed", 0, 0, NULL, "Folder for handled mail." },
  { CONF_INBOX, "quarantine", CONF_STR, AT(conf_server, quarantine), "Quarantine", 0, 0, NULL, "Folder for mail that could not be handled." },
  { CONF_INBOX, "poll_s", CONF_INT, AT(conf_server, poll_s), "60", 1, 86400, NULL, "Seconds between looks where the server cannot notify." },
  SERVER(CONF_OUTBOX, outbox),

  { CONF_ANALYST, "address", CONF_ADDRESS, AT(conf_analyst, address), "!", 0, 0, NULL, "Where their mail goes." },
  { CONF_ANALYST, "fingerprint", CONF_FPR, AT(conf_analyst, fingerprint), "!", 0, 0, NULL, "Full fingerprint of their primary key." },
  { CONF_ANALYST, "key_file", CONF_PATH, AT(conf_analyst, key_file), "!", 0, 0, NULL, "Their public key." },
  { CONF_ANALYST, "language", CONF_STR, AT(conf_analyst, language), "en", 0, 0, NULL, "Language of their mail." },
  { CONF_ANALYST, "lead", CONF_BOOL, AT(conf_analyst, lead), "no", 0, 0, NULL, "May reopen cases and release what needs a second person." },
  { CONF_ANALYST, "duty", CONF_BOOL, AT(conf_analyst, duty), "yes", 0, 0, NULL, "Gets every case's mail and the alarms." },
  { CONF_ANALYST, "observer", CONF_BOOL, AT(conf_analyst, observer), "no", 0, 0, NULL, "Reads, commands nothing." },

  { CONF_STAKEHOLDER, "address", CONF_ADDRESS, AT(conf_stakeholder, address), "!", 0, 0, NULL, "Where notices go." },
  { CONF_STAKEHOLDER, "title", CONF_STR, AT(conf_stakeholder, title), "", 0, 0, NULL, "How letters address them." },
  { CONF_STAKEHOLDER, "kind", CONF_STR, AT(conf_stakeholder, kind), "other", 0, 0, "regulator|coordinator|isac|customer|supplier|other", "What they are." },
  { CONF_STAKEHOLDER, "fingerprint", CONF_FPR, AT(conf_stakeholder, fingerprint), NULL, 0, 0, NULL, "Full fingerprint of their key." },
  { CONF_STAKEHOLDER, "key_file", CONF_PATH, AT(conf_stakeholder, key_file), NULL, 0, 0, NULL, "Their public key." },
  { CONF_STAKEHOLDER, "language", CONF_STR, AT(conf_stakeholder, language), "en", 0, 0, NULL, "Language of their notices." },
  { CONF_STAKEHOLDER, "template", CONF_STR, AT(conf_stakeholder, template_name), "", 0, 0, NULL, "Template under notices/." },
  { CONF_STAKEHOLDER, "clearance", CONF_TLP, AT(conf_stakeholder, clearance), "AMBER", 0, 0, NULL, "Highest TLP label that they may receive." },
  { CONF_STAKEHOLDER, "groups", CONF_LIST, AT(conf_stakeholder, groups), "", 0, 0, NULL, "Groups that #notify can name." },
  { CONF_STAKEHOLDER, "clear_allowed", CONF_BOOL, AT(conf_stakeholder, clear_allowed), "no", 0, 0, NULL, "Notices of TLP:CLEAR and GREEN may go unencrypted." },

  { CONF_PRODUCT, "class", CONF_STR, AT(conf_product, class_name), "", 0, 0, NULL, "Product class: medical-device, software, ..." },
  { CONF_PRODUCT, "regulatory_id", CONF_STR, AT(conf_product, regulatory_id), "", 0, 0, NULL, "510(k), PMA or UDI-DI." },
  { CONF_PRODUCT, "vendor", CONF_STR, AT(conf_product, vendor), "", 0, 0, NULL, "Vendor, when it is not the organisation." },

  { CONF_DEADLINE, "title", CONF_STR, AT(conf_deadline, title), "", 0, 0, NULL, "What is to be done, for people; the name unless set." },
  { CONF_DEADLINE, "starts_at", CONF_STR, AT(conf_deadline, starts_at), "!", 0, 0, NULL, "Event from which it counts." },
  { CONF_DEADLINE, "restarts", CONF_BOOL, AT(conf_deadline, restarts), "no", 0, 0, NULL, "Counts from the latest such event, not the first." },
  { CONF_DEADLINE, "span", CONF_STR, AT(conf_deadline, span), "!", 0, 0, NULL, "How long: 24h, 30d, 10wd (working days), 1mo." },
  { CONF_DEADLINE, "when", CONF_LIST, AT(conf_deadline, when), "", 0, 0, NULL, "Conditions that all must hold; ! for not, | for or." },
  { CONF_DEADLINE, "met_by", CONF_LIST, AT(conf_deadline, met_by), "", 0, 0, NULL, "Events of which any meets it." },
  { CONF_DEADLINE, "remind", CONF_LIST, AT(conf_deadline, remind), "", 0, 0, NULL, "When, and whom: -7d assignee, 0 lead, +1d all." },
  { CONF_DEADLINE, "source", CONF_STR, AT(conf_deadline, source), "", 0, 0, NULL, "Law or guidance that it comes from." },
  { CONF_DEADLINE, "off", CONF_BOOL, AT(conf_deadline, off), "no", 0, 0, NULL, "It does not count; for one of a profile." },
};

size_t conf_settings(const struct conf_setting **out)
{
  *out = settings;
  return ARRAY_LEN(settings);
}

const char *conf_section_name(enum conf_section s)
{
  static const char *const names[] = { "", "inbox", "outbox", "analyst", "stakeholder", "product", "deadline" };
  return names[s];
}
