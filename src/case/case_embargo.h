/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/embargo, inside the room: who stands behind a date, and whose word counts for it. */
#ifndef CASE_EMBARGO_H
#define CASE_EMBARGO_H
#include <embargod/embargo.h>

/* Fields of the case, sealed at rest: who stands behind what is agreed, and behind what is proposed. */
#define EMBARGO_AGREED "embargo-by"
#define EMBARGO_OPEN "embargo-proposed-by"
/* What was agreed before a party shortened it: the date, and who stood behind it; one for each cut. */
#define EMBARGO_HELD "embargo-held"

const struct case_field *embargo_behind(const struct vuln_case *vc, const char *field); /* NULL: nobody is noted */
struct embargo_who embargo_who_of(const struct case_field *f); /* NULL and the default embargo: "" */
void embargo_put_behind(const struct embargo_act *a, const char *field, struct embargo_who who, const char *by);
/* `to` gets who stands behind `from`; when nobody does yet it is the default embargo. */
void embargo_move_behind(const struct embargo_act *a, const char *from, const char *to);
/* Before a date of a party's takes the place of the agreed one: notes what is agreed. Of several cuts by one party the first counts. */
void embargo_note_held(const struct embargo_act *a);
/* Everybody concerned was for `at` already: whose shorter dates hold since negotiate no more. who: who stood behind the date held before. */
bool embargo_restores(const struct embargo_act *a, int64_t at, struct embargo_who *who);
/* `at` holds again: dates that were cut to it, or to later ones, are known no more. */
void embargo_forget_held(const struct embargo_act *a, int64_t at);
/* Somebody outside the house keeps the embargo. */
bool embargo_has_others(const struct vuln_case *vc);
/* Does `who` speak for the side that made the open proposal? In a case without anybody outside, each analyst is one. */
bool embargo_is_own(const struct vuln_case *vc, struct embargo_who who);
/* Can `who` and the side that made the open proposal agree about it? The house is one of the two. */
bool embargo_can_agree(const struct vuln_case *vc, struct embargo_who who);
/* Fills in what is the same in each change; the case has changed already. */
void embargo_describe(const struct embargo_act *a, enum embargo_what what, int64_t before, struct embargo_change *out);
#endif
