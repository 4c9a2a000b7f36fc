/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advisory/markdown: what the two writers share. */
#ifndef ADVISORY_MARKDOWN_H
#define ADVISORY_MARKDOWN_H
#include "advisory_private.h"

#include <cmark.h>

#define MARKDOWN_NESTING 8       /* lists and quotations: what is deeper stands at that depth */

/* The document; NULL: empty. To be freed with markdown_freep(). */
cmark_node *markdown_parse(struct pool *pool, const char *text);
void markdown_freep(cmark_node **doc);
/* put for each node, in the order of the document; enter: before what is in it, else behind. */
void markdown_walk(struct pool *pool, const char *markdown, void (*put)(void *self, cmark_node *node, bool enter), void *self);
/* What a leaf says, clean: cmark makes characters of entities, so that "&#x202e;" is one that text_clean() did not see. */
char *markdown_literal(struct pool *pool, cmark_node *node, bool multi_line);
/* Where a link or an image leads: http, https, mailto. NULL: nowhere that anybody should go. */
const char *markdown_link(struct pool *pool, cmark_node *node);
bool markdown_holds_text(cmark_node *node); /* something to read is in it */
#endif
