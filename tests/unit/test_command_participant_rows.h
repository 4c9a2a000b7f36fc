/* SPDX-License-Identifier: GPL-3.0-or-later */
/* role, proof, embargo, its open date is the writer's, status, what is written, what becomes of it (test_command_participant.c) */
{ PARTY_REPORTER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#status\n#key\n#help",
  "done #status\n"
  "done #key\n"
  "done #help" },
{ PARTY_REPORTER, PROOF_NO_KEY, EM_ACTIVE, false, PARTY_PLAIN,
  "#status\n#key\n#help",
  "done #status\n"
  "done #key\n"
  "done #help" },
{ PARTY_REPORTER, PROOF_MISSING, EM_ACTIVE, false, PARTY_PLAIN,
  "#status\n#key\n#help",
  "request #status -> \n"
  "request #key -> \n"
  "request #help -> " },
{ PARTY_REPORTER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#credit Rosa\n#withdraw it was nothing\n#embargo propose +10d\n#embargo accept\n#embargo reject",
  "done #credit Rosa [field.credit: credit: Rosa]\n"
  "done #withdraw it was nothing [party.withdrawn: the report is withdrawn: it was nothing]\n"
  "done #embargo propose 2027-01-25T08:00:00Z [embargo.propose: proposed until 2027-01-25T08:00:00Z; until 2027-01-25T08:00:00Z holds, until 2027-02-14T08:00:00Z is a proposed revision] (all are told)\n"
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] [embargo.accept: agreed until 2027-02-14T08:00:00Z, as the default embargo proposed] (all are told)\n"
  "request #embargo reject -> #embargo terminate REASON" },
{ PARTY_REPORTER, PROOF_NO_KEY, EM_ACTIVE, false, PARTY_PLAIN,
  "#credit Rosa\n#withdraw it was nothing\n#embargo propose +10d\n#embargo accept\n#embargo reject",
  "request #credit Rosa -> #credit Rosa\n"
  "request #withdraw it was nothing -> #invalidate withdrawn: it was nothing\n"
  "request #embargo propose 2027-01-25T08:00:00Z -> #embargo propose 2027-01-25T08:00:00Z for w@x.example\n"
  "request #embargo accept -> #party w@x.example accepted\n"
  "request #embargo reject -> #embargo terminate REASON" },
{ PARTY_REPORTER, PROOF_MISSING, EM_ACTIVE, false, PARTY_PLAIN,
  "#credit Rosa\n#withdraw it was nothing\n#embargo propose +10d\n#embargo accept\n#embargo reject",
  "request #credit Rosa -> #credit Rosa\n"
  "request #withdraw it was nothing -> #invalidate withdrawn: it was nothing\n"
  "request #embargo propose 2027-01-25T08:00:00Z -> #embargo propose 2027-01-25T08:00:00Z for w@x.example\n"
  "request #embargo accept -> #party w@x.example accepted\n"
  "request #embargo reject -> #embargo terminate REASON" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#affected\n#not-affected\n#investigating\n#fixed\n#credit Sue\n#withdraw we are out",
  "done #affected [party.status: nothing known -> affected]\n"
  "done #not-affected [party.status: affected -> not-affected]\n"
  "done #investigating [party.status: not-affected -> under-investigation]\n"
  "done #fixed [party.status: under-investigation -> fixed]\n"
  "request #credit Sue -> #credit Sue\n"
  "done #withdraw we are out [party.withdrawn: takes part no more: we are out]" },
{ PARTY_SUPPLIER, PROOF_NO_KEY, EM_ACTIVE, false, PARTY_PLAIN,
  "#affected\n#not-affected\n#investigating\n#fixed\n#credit Sue\n#withdraw we are out",
  "request #affected -> #party w@x.example affected\n"
  "request #not-affected -> #party w@x.example not-affected\n"
  "request #investigating -> #party w@x.example under-investigation\n"
  "request #fixed -> #party w@x.example fixed\n"
  "request #credit Sue -> #credit Sue\n"
  "request #withdraw we are out -> #remove w@x.example" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#affected",
  "request #affected -> #party w@x.example affected" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#affected",
  "request #affected -> #party w@x.example affected" },
{ PARTY_CUSTOMER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#affected",
  "done #affected [party.status: nothing known -> affected]" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#fixed\n#credit CERT",
  "done #fixed [party.status: nothing known -> fixed]\n"
  "done #credit CERT [field.credit: credit: CERT]" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#credit Olga\n#embargo propose +5d",
  "request #credit Olga -> #credit Olga\n"
  "request #embargo propose 2027-01-20T08:00:00Z -> #embargo propose 2027-01-20T08:00:00Z" },
{ PARTY_CUSTOMER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#embargo propose +5d",
  "request #embargo propose 2027-01-20T08:00:00Z -> #embargo propose 2027-01-20T08:00:00Z" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#credit -Somebody else",
  "request #credit -Somebody else -> #credit -Somebody else" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#credit Rosa\n#credit anonymous",
  "done #credit Rosa [field.credit: credit: Rosa]\n"
  "done #credit anonymous [field.credit: credit: anonymous]" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] [embargo.accept: agreed until 2027-03-16T08:00:00Z, as alice proposed] (all are told)" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] [embargo.accept: agreed until 2027-03-16T08:00:00Z, as alice proposed] (all are told)" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo reject",
  "done #embargo reject [embargo.reject: rejected: until 2027-03-16T08:00:00Z, as alice proposed] (all are told)" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo reject",
  "done #embargo reject [embargo.reject: rejected: until 2027-03-16T08:00:00Z, as alice proposed] (all are told)" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)]" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)]" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo reject",
  "done #embargo reject [embargo.reject: rejected: until 2027-03-16T08:00:00Z, as alice proposed] (all are told)" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo reject",
  "done #embargo reject [embargo.reject: rejected: until 2027-03-16T08:00:00Z, as alice proposed] (all are told)" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)]" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)]" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo reject",
  "request #embargo reject -> #embargo reject" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo reject",
  "request #embargo reject -> #embargo reject" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)]" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)]" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_PROPOSED, false, PARTY_PLAIN,
  "#embargo reject",
  "request #embargo reject -> #embargo reject" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_REVISE, false, PARTY_PLAIN,
  "#embargo reject",
  "request #embargo reject -> #embargo reject" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_REVISE, true, PARTY_PLAIN,
  "#embargo accept",
  "refused #embargo accept" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_REVISE, true, PARTY_PLAIN,
  "#embargo reject",
  "done #embargo reject [embargo.reject: rejected: until 2027-03-16T08:00:00Z, as w@x.example proposed] (all are told)" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_REVISE, true, PARTY_PLAIN,
  "#embargo accept",
  "refused #embargo accept" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_REVISE, true, PARTY_PLAIN,
  "#embargo reject",
  "done #embargo reject [embargo.reject: rejected: until 2027-03-16T08:00:00Z, as w@x.example proposed] (all are told)" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_NONE, false, PARTY_PLAIN,
  "#embargo accept\n#embargo reject\n#embargo propose +20d",
  "refused #embargo accept\n"
  "refused #embargo reject\n"
  "done #embargo propose 2027-02-04T08:00:00Z [embargo.propose: proposed until 2027-02-04T08:00:00Z] (all are told)" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_EXITED, false, PARTY_PLAIN,
  "#embargo accept\n#embargo reject\n#embargo propose +20d",
  "refused #embargo accept\n"
  "refused #embargo reject\n"
  "refused #embargo propose 2027-02-04T08:00:00Z" },
{ PARTY_REPORTER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_PLAIN,
  "#embargo propose -3d\n#embargo propose 2001-01-01\n#embargo propose soon\n#embargo propose +90d",
  "refused #embargo propose -3d\n"
  "refused #embargo propose 2001-01-01T09:00:00Z\n"
  "refused #embargo propose soon\n"
  "done #embargo propose 2027-04-15T08:00:00Z [embargo.propose: proposed until 2027-04-15T08:00:00Z; until 2027-02-14T08:00:00Z holds] (all are told)" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] party/details [party.details: details for w@x.example]" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_REVISE, false, PARTY_INVITED,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] party/details [party.details: details for w@x.example]" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo reject",
  "done #embargo reject [party.declined: w@x.example does not keep the embargo]" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] party/details [party.details: details for w@x.example]" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_REVISE, false, PARTY_INVITED,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] party/details [party.details: details for w@x.example]" },
{ PARTY_OBSERVER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo reject",
  "done #embargo reject [party.declined: w@x.example does not keep the embargo]" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] party/details [party.details: details for w@x.example]" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_REVISE, false, PARTY_INVITED,
  "#embargo accept",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] party/details [party.details: details for w@x.example]" },
{ PARTY_COORDINATOR, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo reject",
  "done #embargo reject [party.declined: w@x.example does not keep the embargo]" },
{ PARTY_SUPPLIER, PROOF_NO_KEY, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo accept",
  "request #embargo accept -> #party w@x.example accepted" },
{ PARTY_SUPPLIER, PROOF_MISSING, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo reject",
  "request #embargo reject -> #party w@x.example declined" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#affected",
  "request #affected -> #party w@x.example affected" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo accept\n#affected",
  "done #embargo accept [party.accepted: w@x.example keeps the embargo (signed)] party/details [party.details: details for w@x.example]\n"
  "done #affected [party.status: accepted -> affected]" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#withdraw no time",
  "done #withdraw no time [party.withdrawn: takes part no more: no time]" },
{ PARTY_SUPPLIER, PROOF_SIGNED, EM_ACTIVE, false, PARTY_INVITED,
  "#embargo propose +10d",
  "request #embargo propose 2027-01-25T08:00:00Z -> #embargo propose 2027-01-25T08:00:00Z" },
