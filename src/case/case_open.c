/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/open: a stranger's letter becomes a case: Received, the vendor is aware, the published default embargo holds. */
#include <config.h>

#include <embargod/case.h>
#include <embargod/text.h>

#define DAY INT64_C(86400)

/* What mail programs write outside when the real subject is protected, and could not be read: no title. */
static bool is_placeholder(const char *subject)
{
  static const char *const hidden[] = { "...", "[...]", "\xE2\x80\xA6", "Encrypted Message", "Encrypted email" };
  for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
    if (text_ieq(subject, hidden[i]))
      return true;
  return text_empty(subject);
}

/* A reporter who says nothing has accepted the default embargo that we publish: proposed and accepted at once. */
static void implicit_embargo(struct vuln_case *vc, int64_t at, int days)
{
  if (days <= 0)
    return;
  bool legal =
      em_next(vc->em, EM_EV_PROPOSE, &vc->em, NULL) == ST_OK && em_next(vc->em, EM_EV_ACCEPT, &vc->em, NULL) == ST_OK;
  invariant(legal);
  vc->embargo_until = at + days * DAY;
}

struct vuln_case *case_open(struct pool *pool, const struct case_report *r, int embargo_days)
{
  struct vuln_case *vc = case_new(pool);
  bool legal = rm_next(RM_START, RM_EV_RECEIVE, &vc->rm, NULL) == ST_OK &&
               cs_add(0, vc->rm, CS_VENDOR_AWARE, &vc->cs, NULL) == ST_OK;
  invariant(legal);
  vc->cs_at[CS_VENDOR_AWARE] = r->received_at;
  vc->opened_at = vc->updated_at = vc->last_contact_at = r->received_at;
  vc->channel = "mail";
  vc->arrived_clear = r->in_clear;
  implicit_embargo(vc, r->received_at, embargo_days);
  if (!is_placeholder(r->subject))
    case_set(pool, vc, &(struct case_field){ .name = "title", .value = r->subject, .at = r->received_at, .by = "" });
  if (!text_empty(r->from_address))
    case_add_party(pool, vc,
                   &(struct party){ .role = PARTY_REPORTER,
                                    .name = r->from_name,
                                    .address = r->from_address,
                                    .fingerprint = r->fingerprint,
                                    .token = r->token });
  return vc;
}
