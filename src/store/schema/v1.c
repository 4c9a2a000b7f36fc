/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Schema 1. Columns of type BLOB are sealed, keyed digests (named ..._digest) or hashes; the rest is clear: ids,
 * states, dates, counters and words of ours. What is sealed in a row is sealed under the key of its scope
 * (wrapped_key), bound to table, row id and column. Large bytes lie in ..._body, in pieces of 1 MiB. */
#include <config.h>

#include "schema.h"

const char schema_v1[] =
    "CREATE TABLE schema_info (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, key_check BLOB) STRICT;"

    /* The keys of cases (scope 'case'), of letters ('letter') and of all else ('system'). wrapped_by 0: under the
     * master key, else under the key of that case. Whoever deletes a row here erases what it sealed. No reference to
     * other tables, since a backup keeps them apart. */
    "CREATE TABLE wrapped_key (scope TEXT NOT NULL, ref INTEGER NOT NULL, wrapped_by INTEGER NOT NULL DEFAULT 0,"
    "  wrapped BLOB NOT NULL, PRIMARY KEY (scope, ref)) STRICT;"

    "CREATE TABLE vuln_case (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, rm INTEGER NOT NULL, em INTEGER NOT "
    "NULL,"
    "  cs INTEGER NOT NULL, cs_at_v INTEGER NOT NULL, cs_at_f INTEGER NOT NULL, cs_at_d INTEGER NOT NULL,"
    "  cs_at_p INTEGER NOT NULL, cs_at_x INTEGER NOT NULL, cs_at_a INTEGER NOT NULL,"
    "  opened_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, closed_at INTEGER NOT NULL, last_contact_at INTEGER "
    "NOT NULL,"
    "  first_answer_at INTEGER NOT NULL, embargo_until INTEGER NOT NULL, embargo_proposed INTEGER NOT NULL,"
    "  channel TEXT NOT NULL, arrived_clear INTEGER NOT NULL, reporter_clear_ok INTEGER NOT NULL, spam INTEGER NOT "
    "NULL,"
    "  merged_into TEXT NOT NULL, event_count INTEGER NOT NULL DEFAULT 0, event_head BLOB NOT NULL) STRICT;"
    "CREATE INDEX vuln_case_merged ON vuln_case (merged_into) WHERE merged_into <> '';"
    "CREATE TABLE case_counter (year INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;"

    "CREATE TABLE party (id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES vuln_case (id), pos INTEGER NOT "
    "NULL,"
    "  role INTEGER NOT NULL, name BLOB NOT NULL, address BLOB NOT NULL, stakeholder BLOB NOT NULL, fingerprint BLOB "
    "NOT NULL,"
    "  token BLOB NOT NULL, removed INTEGER NOT NULL, new_key_waits INTEGER NOT NULL, address_digest BLOB,"
    "  fingerprint_digest BLOB, token_digest BLOB, row_digest BLOB NOT NULL, status INTEGER NOT NULL,"
    "  invited_at INTEGER NOT NULL, accepted_at INTEGER NOT NULL, details_at INTEGER NOT NULL,"
    "  waiting_since INTEGER NOT NULL, unresponsive_at INTEGER NOT NULL, chased INTEGER NOT NULL,"
    "  key_unproved INTEGER NOT NULL) STRICT;"
    "CREATE INDEX party_case ON party (case_id);"
    "CREATE INDEX party_address ON party (address_digest);"
    "CREATE INDEX party_fingerprint ON party (fingerprint_digest);"
    "CREATE INDEX party_token ON party (token_digest);"
    "CREATE INDEX party_silent ON party (waiting_since) WHERE waiting_since > 0 AND unresponsive_at = 0 AND removed = 0;"

    "CREATE TABLE case_field (id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES vuln_case (id),"
    "  pos INTEGER NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, extra BLOB NOT NULL, at INTEGER NOT NULL,"
    "  by_whom BLOB NOT NULL, row_digest BLOB NOT NULL) STRICT;"
    "CREATE INDEX case_field_case ON case_field (case_id);"

    "CREATE TABLE case_member (id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES vuln_case (id),"
    "  pos INTEGER NOT NULL, role INTEGER NOT NULL, analyst BLOB NOT NULL, analyst_digest BLOB NOT NULL,"
    "  row_digest BLOB NOT NULL) STRICT;"
    "CREATE INDEX case_member_case ON case_member (case_id);"
    "CREATE INDEX case_member_analyst ON case_member (analyst_digest);"

    "CREATE TABLE letter (id INTEGER PRIMARY KEY, mailbox TEXT NOT NULL, folder TEXT NOT NULL, uidvalidity INTEGER NOT "
    "NULL,"
    "  uid TEXT NOT NULL, size INTEGER NOT NULL, date INTEGER NOT NULL, recorded_at INTEGER NOT NULL, state INTEGER "
    "NOT NULL,"
    "  class INTEGER NOT NULL, attempts INTEGER NOT NULL, settled INTEGER NOT NULL, released INTEGER NOT NULL DEFAULT "
    "0, oversize INTEGER NOT NULL,"
    "  case_id INTEGER REFERENCES vuln_case (id), duplicate_of INTEGER REFERENCES letter (id), reason BLOB NOT NULL,"
    "  retry_at INTEGER NOT NULL, raw_digest BLOB, softkey_digest BLOB, UNIQUE (mailbox, folder, uidvalidity, uid)) "
    "STRICT;"
    "CREATE INDEX letter_state ON letter (state, id);"
    "CREATE INDEX letter_unsettled ON letter (mailbox, id) WHERE settled = 0;"
    "CREATE INDEX letter_raw ON letter (raw_digest);"
    "CREATE INDEX letter_softkey ON letter (softkey_digest);"
    "CREATE TABLE letter_body (letter_id INTEGER NOT NULL REFERENCES letter (id), piece INTEGER NOT NULL,"
    "  pieces INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (letter_id, piece)) STRICT;"

    "CREATE TABLE sender_block (address_digest BLOB PRIMARY KEY NOT NULL, case_id INTEGER REFERENCES vuln_case (id),"
    "  at INTEGER NOT NULL) STRICT;"

    "CREATE TABLE event (id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES vuln_case (id), seq INTEGER NOT "
    "NULL,"
    "  at INTEGER NOT NULL, letter_id INTEGER NOT NULL, kind TEXT NOT NULL, who BLOB NOT NULL, text BLOB NOT NULL,"
    "  hash BLOB NOT NULL, UNIQUE (case_id, seq)) STRICT;"

    "CREATE TABLE message (id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES vuln_case (id), at INTEGER NOT "
    "NULL,"
    "  letter_id INTEGER NOT NULL, party INTEGER NOT NULL, kind INTEGER NOT NULL, who BLOB NOT NULL, subject BLOB NOT "
    "NULL,"
    "  text BLOB NOT NULL, message_id BLOB NOT NULL, protection BLOB NOT NULL, message_id_digest BLOB) STRICT;"
    "CREATE INDEX message_case ON message (case_id, id);"
    "CREATE INDEX message_letter ON message (letter_id) WHERE kind IN (1, 2);"
    "CREATE INDEX message_message_id ON message (message_id_digest);"

    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, case_id INTEGER REFERENCES vuln_case (id), state INTEGER NOT NULL,"
    "  kind TEXT NOT NULL, party INTEGER NOT NULL, queued_at INTEGER NOT NULL, due_at INTEGER NOT NULL,"
    "  sent_at INTEGER NOT NULL, tries INTEGER NOT NULL, encrypted INTEGER NOT NULL,"
    "  recipient BLOB NOT NULL, recipient_name BLOB NOT NULL, envelope_from BLOB NOT NULL, bounce_token BLOB NOT NULL,"
    "  message_id BLOB NOT NULL, last_error BLOB NOT NULL, bounce_digest BLOB, message_id_digest BLOB,"
    "  bytes_digest BLOB NOT NULL, record BLOB NOT NULL) STRICT;"
    "CREATE INDEX outbox_due ON outbox (due_at) WHERE state IN (1, 3, 4);"
    "CREATE INDEX outbox_case ON outbox (case_id, party);"
    "CREATE INDEX outbox_bounce ON outbox (bounce_digest);"
    "CREATE INDEX outbox_kind ON outbox (kind, queued_at);"
    "CREATE INDEX outbox_message_id ON outbox (message_id_digest);"
    "CREATE TABLE outbox_body (outbox_id INTEGER NOT NULL REFERENCES outbox (id), piece INTEGER NOT NULL,"
    "  pieces INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (outbox_id, piece)) STRICT;"

    "CREATE TABLE stored_key (id INTEGER PRIMARY KEY, tier INTEGER NOT NULL, seen_at INTEGER NOT NULL,"
    "  expires INTEGER NOT NULL, waits INTEGER NOT NULL, address BLOB NOT NULL, fingerprint BLOB NOT NULL, key BLOB "
    "NOT NULL,"
    "  provenance BLOB NOT NULL, address_digest BLOB NOT NULL, fingerprint_digest BLOB NOT NULL,"
    "  UNIQUE (address_digest, fingerprint_digest)) STRICT;"
    "CREATE INDEX stored_key_fingerprint ON stored_key (fingerprint_digest);"

    "CREATE TABLE replay (digest BLOB PRIMARY KEY NOT NULL, letter_id INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE acknowledgement (id INTEGER PRIMARY KEY, address_digest BLOB NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX acknowledgement_at ON acknowledgement (at);"
    "CREATE INDEX acknowledgement_address ON acknowledgement (address_digest, at);"

    "CREATE TABLE pending (id INTEGER PRIMARY KEY, case_id INTEGER REFERENCES vuln_case (id),"
    "  token_digest BLOB NOT NULL UNIQUE, token BLOB NOT NULL, by_whom BLOB NOT NULL, what TEXT NOT NULL,"
    "  made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, gate INTEGER NOT NULL, released INTEGER NOT NULL,"
    "  cancelled INTEGER NOT NULL, hash BLOB NOT NULL, ended_by BLOB NOT NULL, ended_at INTEGER NOT NULL,"
    "  reminded_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX pending_open ON pending (case_id) WHERE released = 0 AND cancelled = 0;"
    "CREATE TABLE pending_letter (id INTEGER PRIMARY KEY, pending_id INTEGER NOT NULL REFERENCES pending (id),"
    "  party INTEGER NOT NULL, kind TEXT NOT NULL, recipient BLOB NOT NULL, recipient_name BLOB NOT NULL,"
    "  message_id BLOB NOT NULL, envelope BLOB NOT NULL) STRICT;"
    "CREATE INDEX pending_letter_pending ON pending_letter (pending_id);"
    "CREATE TABLE pending_body (pending_letter_id INTEGER NOT NULL REFERENCES pending_letter (id), piece INTEGER NOT "
    "NULL,"
    "  pieces INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (pending_letter_id, piece)) STRICT;"

    /* One row for each version of an advisory that was approved. `entry` is what the site's lists say of it once it is out:
     * sealed by the system's key, so that it outlives the case's. */
    "CREATE TABLE publication (id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES vuln_case (id), version INTEGER NOT "
    "NULL,"
    "  state INTEGER NOT NULL, what TEXT NOT NULL, token BLOB NOT NULL, by_whom BLOB NOT NULL, released_by BLOB NOT NULL,"
    "  summary BLOB NOT NULL, approved_at INTEGER NOT NULL, planned_at INTEGER NOT NULL, first_at INTEGER NOT NULL,"
    "  out_at INTEGER NOT NULL, ended_by BLOB NOT NULL, tries INTEGER NOT NULL, retry_at INTEGER NOT NULL,"
    "  alarmed_at INTEGER NOT NULL, last_error BLOB NOT NULL, entry BLOB) STRICT;"
    "CREATE INDEX publication_case ON publication (case_id, version);"
    "CREATE INDEX publication_waits ON publication (planned_at) WHERE state IN (1, 2);"
    "CREATE TABLE publication_file (id INTEGER PRIMARY KEY, publication_id INTEGER NOT NULL REFERENCES publication (id),"
    "  name TEXT NOT NULL, UNIQUE (publication_id, name)) STRICT;"
    "CREATE TABLE publication_body (publication_file_id INTEGER NOT NULL REFERENCES publication_file (id), piece INTEGER NOT "
    "NULL,"
    "  pieces INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (publication_file_id, piece)) STRICT;"

    "CREATE TABLE meta (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value BLOB NOT NULL) STRICT;";
