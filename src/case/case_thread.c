/* SPDX-License-Identifier: GPL-3.0-or-later */
/* case/thread: which case a letter belongs to. Nobody enters a case by guessing its id or by holding another's token.
 */
#include <config.h>

#include <embargod/case.h>
#include <embargod/text.h>

/* The first of the named cases that the letter does not belong to: a link for the analysts. */
static const char *other_case(const char *const named[4], const char *mine)
{
  for (size_t i = 0; i < 4; i++)
    if (!text_empty(named[i]) && !text_ieq(named[i], mine))
      return named[i];
  return NULL;
}

struct thread_answer case_thread(const struct thread_facts *f)
{
  /* In this order. A token routes, it never admits: it counts only from its own participant. */
  const struct {
    const char *case_id, *how;
  } way[] = {
    { f->token_is_sender ? f->token_case : NULL, "token" },
    { f->reference_case, "reference" },
    { f->subject_case, "subject" },
  };
  const char *const named[4] = { f->token_case, f->reference_case, f->subject_case, f->mentioned };
  for (size_t i = 0; i < ARRAY_LEN(way); i++)
    if (!text_empty(way[i].case_id))
      return (struct thread_answer){ way[i].case_id, other_case(named, way[i].case_id), way[i].how };
  return (struct thread_answer){ NULL, other_case(named, NULL), "new" };
}
