/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template_vars: the variables of a case as a tree for template_letter(). */
#ifndef EMBARGOD_TEMPLATE_VARS_H
#define EMBARGOD_TEMPLATE_VARS_H
#include <embargod/case.h>
#include <embargod/conf.h>
#include <embargod/template.h>

/* Everything that the case and the configuration say: organisation, address, contact, policy_url, case.*, title, product, versions,
 * products, description, ..., embargo_until. Dates are UTC with the zone named; words in that language ("en", "de"; others: English).
 * vc NULL: only what the configuration says. The caller adds what belongs to one letter with tvalue_sets(): reference_line,
 * recipient.name, text, ... (template_vars.c names them all). */
struct tvalue *template_case_vars(struct pool *pool, const struct vuln_case *vc, const struct conf *c, int64_t now, const char *language);
/* Sets "a.b" in object `a` of root, which is made when it is not there: template_put(pool, root, "recipient.name", "Ann"). */
void template_put(struct pool *pool, struct tvalue *root, const char *name, const char *s);
/* Adds a line to the list `receipt_lines`, `attachments` or `pending` and gives it, to be filled with tvalue_sets(). */
struct tvalue *template_add_row(struct pool *pool, struct tvalue *root, const char *list);
/* "2027-01-31 09:00 UTC"; "" for 0. */
char *template_date(struct pool *pool, int64_t t);
/* "48 KiB": sizes for people. */
char *template_size(struct pool *pool, size_t bytes);
#endif
