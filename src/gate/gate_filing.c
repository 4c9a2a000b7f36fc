/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: #file: a portal's form, filled in from the case, to the analyst who asks: what is missing first, then every
 * field in the portal's order; the same as JSON beside it. The deadline runs on: only #filed meets it. */
#include "gate_due.h"
#include "gate_effects.h"

#include <jansson.h>

struct filing {
  const char *name; /* without folder */
  struct template_form form;
  size_t missing; /* of the required ones */
};

static bool is_missing(const struct template_field *f)
{
  return text_empty(f->value);
}

static const char *filling(struct run *r, const struct template_field *f)
{
  const char *command = command_filling(r->pool, f->variable);
  return *command ? command : f->required ? "the configuration, or the portal's own words" : "";
}

static void put_missing(struct run *r, struct tvalue *vars, struct filing *f)
{
  for (size_t i = 0; i < f->form.count; i++) {
    const struct template_field *from = &f->form.field[i];
    if (!is_missing(from))
      continue;
    struct tvalue *v = template_add_row(r->pool, vars, from->required ? "missing_fields" : "empty_fields");
    tvalue_sets(r->pool, v, "label", from->label);
    tvalue_sets(r->pool, v, "command", filling(r, from));
    f->missing += from->required;
    if (!from->required)
      template_put(r->pool, vars, "filing.empty", "yes");
  }
}

static void put_fields(struct run *r, struct tvalue *vars, const struct filing *f)
{
  for (size_t i = 0; i < f->form.count; i++) {
    struct tvalue *v = template_add_row(r->pool, vars, "form_fields");
    tvalue_sets(r->pool, v, "label", f->form.field[i].label);
    tvalue_sets(r->pool, v, "value", f->form.field[i].value);
    tvalue_setb(r->pool, v, "required", f->form.field[i].required);
  }
}

static bool meets(const struct due_deadline *d, const char *name)
{
  const char *prefix = "filed:";
  for (size_t i = 0; i < d->met_by_count; i++)
    if (text_istarts(d->met_by[i], prefix) && text_ieq(d->met_by[i] + strlen(prefix), name))
      return true;
  return false;
}

static const char *state_word(enum due_state state, const char *language)
{
  static const char *const german[] = { [DUE_NOT_STARTED] = "noch nicht begonnen", [DUE_NOT_APPLICABLE] = "trifft nicht zu",
                                        [DUE_RUNNING] = "läuft",                   [DUE_OVERDUE] = "überfällig",
                                        [DUE_MET] = "gewahrt",                     [DUE_MET_LATE] = "verspätet gewahrt" };
  return text_istarts(language, "de") && (size_t)state < ARRAY_LEN(german) ? german[state] : due_state_name(state);
}

/* When those that this filing meets are due, but for what does not apply; "" when there are none. */
static enum status put_deadlines(struct doing *d, struct vuln_case *vc, struct tvalue *vars, const char *name,
                                 struct fault *err)
{
  struct run *r = d->r;
  const struct conf *c = r->g->conf;
  struct due_known k;
  struct due_world w;
  struct buf b = buf_new(r->pool, 120);
  enum status st = due_know(r->g, r->pool, vc, &k, &w, err);
  for (size_t i = 0; !st && i < c->due_count; i++) {
    if (!meets(&c->due[i], name))
      continue;
    struct due_status s = due_judge(r->pool, &c->due[i], &w);
    if (s.state != DUE_NOT_APPLICABLE)
      buf_printf(&b, "%s%s%s%s (%s)", b.len ? "\n       " : "", text_ieq(c->due[i].name, name) ? "" : c->due[i].name,
                 text_ieq(c->due[i].name, name) ? "" : ": ",
                 s.due_at ? time_local(r->pool, s.due_at, c->zone) : s.reason, state_word(s.state, d->a->language));
  }
  template_put(r->pool, vars, "filing.deadline", buf_str(&b));
  return st;
}

/* ---- the same for programs ---- */
static json_t *js(const char *s)
{
  json_t *j = json_string(s ? s : "");
  return j ? j : json_string("?");
}

static json_t *field_json(struct run *r, const struct template_field *f, size_t number)
{
  return json_pack("{s:I,s:o,s:o,s:b,s:b,s:o}", "number", (json_int_t)number, "label", js(f->label), "value",
                   js(f->value), "required", f->required, "missing", is_missing(f) && f->required, "command",
                   js(filling(r, f)));
}

static struct bytes package(struct run *r, const struct vuln_case *vc, const struct filing *f)
{
  json_t *fields = json_array(), *missing = json_array(), *empty = json_array();
  for (size_t i = 0; i < f->form.count; i++) {
    json_array_append_new(fields, field_json(r, &f->form.field[i], i + 1));
    if (is_missing(&f->form.field[i]))
      json_array_append_new(f->form.field[i].required ? missing : empty, js(f->form.field[i].label));
  }
  json_t *j = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "form", js(f->name), "title", js(f->form.title), "case",
                        js(vc->id), "prepared", js(time_iso(r->pool, clock_now(&r->g->clock))), "note",
                        js(f->form.note), "missing", missing, "empty", empty, "fields", fields);
  invariant(j);
  char *s = json_dumps(j, JSON_INDENT(2));
  struct bytes out = bytes_str(pool_printf(r->pool, "%s\n", s ? s : "{}"));
  free(s);
  json_decref(j);
  return out;
}

enum status effect_filing(struct doing *d, const struct effect *e, struct fault *err)
{
  struct run *r = d->r;
  struct vuln_case *vc = d->plan->vc[e->vc];
  const char *language = d->a->language, *slash = strchr(e->template_name, '/');
  struct filing f = { .name = slash ? slash + 1 : e->template_name };
  struct outgoing *o;
  struct tvalue *vars = write_vars(r, vc, language);
  struct tvalue *filled = write_vars(r, vc, template_form_language(r->g->templates, e->template_name, language));
  enum status st = template_form(r->pool, r->g->templates, e->template_name, language, filled, &f.form, err);
  if (!st)
    st = put_deadlines(d, vc, vars, f.name, err);
  if (st)
    return st;
  put_missing(r, vars, &f);
  put_fields(r, vars, &f);
  template_put(r->pool, vars, "filing.name", f.name);
  template_put(r->pool, vars, "filing.title", f.form.title);
  template_put(r->pool, vars, "filing.note", f.form.note);
  template_put(r->pool, vars, "filing.missing", f.missing ? pool_printf(r->pool, "%zu", f.missing) : "");
  struct mail_attachment *a = pool_new_of(r->pool, struct mail_attachment);
  *a = (struct mail_attachment){ .filename = pool_printf(r->pool, "%s-%s.json", vc->id, f.name),
                                 .type = "application/json",
                                 .bytes = package(r, vc, &f) };
  struct letter_spec s = { .kind = "filing",
                           .template_name = "internal/filing",
                           .vc = vc,
                           .auto_submitted = "auto-replied",
                           .serial = pool_printf(r->pool, "filing-%u", e->command),
                           .attachment = a,
                           .attachment_count = 1 };
  st = write_to_analyst(r, d->a, &s, vars, &o, err);
  if (st)
    return st;
  if (e->preview_only || d->mail->dry_run) {
    effect_show_letter(d, o, "preview: not sent");
    return ST_OK;
  }
  o->must = true;
  work_out(r, o);
  return ST_OK;
}
