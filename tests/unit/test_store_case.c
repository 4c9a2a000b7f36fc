/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>

#include "test_store_support.h"

/* A case with each member set to a value of its own. */
static struct vuln_case *full_case(const char *id)
{
  static const struct party party[] = {
    { .role = PARTY_REPORTER,
      .name = "Rëporter",
      .address = "a@example.org",
      .stakeholder = "",
      .fingerprint = "AB01",
      .token = "tok1" },
    { .role = PARTY_SUPPLIER,
      .name = "S",
      .address = "s@x.test",
      .stakeholder = "acme",
      .fingerprint = "",
      .token = "tok2",
      .removed = true,
      .new_key_waits = true },
  };
  static const struct case_field field[] = {
    { "title", "Overflow in pump", "", 5, "alice" },
    { "product", "Pump 3", "1.0-1.4", 6, "alice" },
    { "product", "Pump 3", "1.0-1.4", 6, "alice" }, /* twice the same */
    { "tag", "urgent", "", 7, "bob" },
    { "description", "two\nlines \xe2\x82\xac", "", 8, "bob" },
  };
  static const struct case_member member[] = { { "alice", MEMBER_ASSIGNEE }, { "bob", MEMBER_WATCHER } };
  struct vuln_case *vc = pool_new_of(fx.pool, struct vuln_case);
  *vc = (struct vuln_case){ .id = id,
                            .rm = RM_ACCEPTED,
                            .em = EM_REVISE,
                            .cs = 0x2b,
                            .opened_at = 11,
                            .closed_at = 13,
                            .last_contact_at = 14,
                            .first_answer_at = 15,
                            .embargo_until = 16,
                            .embargo_proposed = 17,
                            .channel = "phone",
                            .arrived_clear = true,
                            .reporter_clear_ok = true,
                            .spam = true,
                            .merged_into = "EMB-2020-0001" };
  for (int i = 0; i < CS_FACTS; i++)
    vc->cs_at[i] = 100 + i;
  vc->party = pool_array(fx.pool, 8, sizeof *vc->party);
  vc->field = pool_array(fx.pool, 8, sizeof *vc->field);
  vc->member = pool_array(fx.pool, 8, sizeof *vc->member);
  memcpy(vc->party, party, sizeof party);
  memcpy(vc->field, field, sizeof field);
  memcpy(vc->member, member, sizeof member);
  vc->party_count = ARRAY_LEN(party);
  vc->field_count = ARRAY_LEN(field);
  vc->member_count = ARRAY_LEN(member);
  vc->party_cap = vc->field_cap = vc->member_cap = 8;
  return vc;
}

static void assert_same_lists(const struct vuln_case *a, const struct vuln_case *b)
{
  ck_assert_uint_eq(a->party_count, b->party_count);
  for (size_t i = 0; i < a->party_count; i++) {
    const struct party *p = &a->party[i], *q = &b->party[i];
    ck_assert(p->id == q->id && p->role == q->role && p->removed == q->removed && p->new_key_waits == q->new_key_waits);
    ck_assert_str_eq(p->name, q->name);
    ck_assert_str_eq(p->address, q->address);
    ck_assert_str_eq(p->stakeholder, q->stakeholder);
    ck_assert_str_eq(p->fingerprint, q->fingerprint);
    ck_assert_str_eq(p->token, q->token);
  }
  ck_assert_uint_eq(a->field_count, b->field_count);
  for (size_t i = 0; i < a->field_count; i++) {
    ck_assert_str_eq(a->field[i].name, b->field[i].name);
    ck_assert_str_eq(a->field[i].value, b->field[i].value);
    ck_assert_str_eq(a->field[i].extra, b->field[i].extra);
    ck_assert_str_eq(a->field[i].by, b->field[i].by);
    ck_assert_int_eq(a->field[i].at, b->field[i].at);
  }
  ck_assert_uint_eq(a->member_count, b->member_count);
  for (size_t i = 0; i < a->member_count; i++) {
    ck_assert_str_eq(a->member[i].analyst, b->member[i].analyst);
    ck_assert_int_eq(a->member[i].role, b->member[i].role);
  }
}

static void assert_same(const struct vuln_case *a, const struct vuln_case *b)
{
  ck_assert_str_eq(a->id, b->id);
  ck_assert(a->rm == b->rm && a->em == b->em && a->cs == b->cs);
  ck_assert(memcmp(a->cs_at, b->cs_at, sizeof a->cs_at) == 0);
  ck_assert(a->opened_at == b->opened_at && a->updated_at == b->updated_at && a->closed_at == b->closed_at);
  ck_assert(a->last_contact_at == b->last_contact_at && a->first_answer_at == b->first_answer_at);
  ck_assert(a->embargo_until == b->embargo_until && a->embargo_proposed == b->embargo_proposed);
  ck_assert_str_eq(a->channel, b->channel);
  ck_assert_str_eq(a->merged_into, b->merged_into);
  ck_assert(a->arrived_clear == b->arrived_clear && a->reporter_clear_ok == b->reporter_clear_ok && a->spam == b->spam);
  assert_same_lists(a, b);
}

static struct vuln_case *save_and_load(struct vuln_case *vc)
{
  struct vuln_case *got;
  OK(store_case_save(fx.st, vc, T0, &fx.err));
  fixture_reopen();
  OK(store_case_load(fx.st, fx.pool, vc->id, &got, &fx.err));
  assert_same(vc, got);
  return got;
}

START_TEST(round_trip)
{
  struct vuln_case *vc = full_case("EMB-2027-0001");
  save_and_load(vc);
  ck_assert_int_eq(vc->updated_at, T0);
  ck_assert(vc->party[0].id > 0 && vc->party[1].id > 0 && vc->party[0].id != vc->party[1].id);
}
END_TEST

START_TEST(an_empty_case_round_trips)
{
  struct vuln_case *vc = plain_case("EMB-2027-0001");
  struct vuln_case *got = save_and_load(vc);
  ck_assert(got->party_count == 0 && got->field_count == 0 && got->member_count == 0);
}
END_TEST

START_TEST(changes_round_trip)
{
  struct vuln_case *vc = save_and_load(full_case("EMB-2027-0001"));
  int64_t second = vc->party[1].id;
  vc->rm = RM_CLOSED;
  vc->field[0].value = "Another title";
  vc->field[1] = vc->field[3]; /* a removal from the middle, the order kept */
  vc->field[2] = vc->field[4];
  vc->field_count = 3;
  vc->member[0] = vc->member[1];
  vc->member_count = 1;
  vc->party[0] = vc->party[1]; /* the first party is gone */
  vc->party[0].name = "New name";
  vc->party[1] = (struct party){
    .role = PARTY_OBSERVER, .name = "", .address = "o@x.test", .stakeholder = "", .fingerprint = "", .token = "tok3"
  };
  vc = save_and_load(vc);
  ck_assert_int_eq(vc->party[0].id, second);
  ck_assert_int_ne(vc->party[1].id, second);
  vc->field_count = vc->member_count = vc->party_count = 0;
  vc = save_and_load(vc);
  ck_assert_uint_eq(vc->field_count, 0);
}
END_TEST

START_TEST(order_round_trips)
{
  struct vuln_case *vc = full_case("EMB-2027-0001");
  save_and_load(vc);
  struct case_field swap = vc->field[0];
  vc->field[0] = vc->field[4];
  vc->field[4] = swap;
  struct party first = vc->party[0];
  vc->party[0] = vc->party[1];
  vc->party[1] = first;
  struct case_member m = vc->member[0];
  vc->member[0] = vc->member[1];
  vc->member[1] = m;
  save_and_load(vc);
}
END_TEST

START_TEST(two_cases_do_not_mix)
{
  struct vuln_case *a = full_case("EMB-2027-0001"), *b = full_case("EMB-2027-0002");
  OK(store_case_save(fx.st, a, T0, &fx.err));
  OK(store_case_save(fx.st, b, T0, &fx.err));
  a->field_count = 0;
  OK(store_case_save(fx.st, a, T0, &fx.err));
  save_and_load(b);
  b->party[0].id = a->party[0].id; /* another case's party */
  FAILS(ST_BROKEN, store_case_save(fx.st, b, T0, &fx.err));
  save_and_load(a);
}
END_TEST

START_TEST(load_refuses)
{
  struct vuln_case *vc;
  FAILS(ST_REJECT, store_case_load(fx.st, fx.pool, "EMB-2027-0404", &vc, &fx.err));
  SAYS("there is no case EMB-2027-0404");
  FAILS(ST_REJECT, store_case_load(fx.st, fx.pool, "", &vc, &fx.err));
  FAILS(ST_BROKEN, store_case_save(fx.st, plain_case(""), T0, &fx.err));
  FAILS(ST_BROKEN, store_case_save(fx.st, plain_case("EMB-1"), T0, &fx.err));
  FAILS(ST_BROKEN, store_case_save(fx.st, plain_case("EMB-2027-00x1"), T0, &fx.err));
}
END_TEST

static void next_is(int year, const char *want)
{
  char *id;
  OK(store_case_next_id(fx.st, fx.pool, year, &id, &fx.err));
  ck_assert_str_eq(id, want);
}

START_TEST(ids_are_never_given_twice)
{
  next_is(2027, "EMB-2027-0001");
  next_is(2027, "EMB-2027-0001"); /* asking moves nothing */
  save_plain_case("EMB-2027-0001");
  next_is(2027, "EMB-2027-0002");
  next_is(2028, "EMB-2028-0001");
  OK(store_begin(fx.st, &fx.err));
  save_plain_case("EMB-2027-0002");
  next_is(2027, "EMB-2027-0003"); /* two in one transaction */
  store_rollback(fx.st);
  next_is(2027, "EMB-2027-0002"); /* nobody has seen it */
  save_plain_case("EMB-2027-0041");
  next_is(2027, "EMB-2027-0042");
  save_plain_case("EMB-2027-0007"); /* an import of an older one moves nothing back */
  next_is(2027, "EMB-2027-0042");
  fixture_reopen();
  next_is(2027, "EMB-2027-0042");
  save_plain_case("EMB-2027-9999");
  next_is(2027, "EMB-2027-10000");
  OK(store_case_erase(fx.st, "EMB-2027-9999", &fx.err));
  next_is(2027, "EMB-2027-10000");
}
END_TEST

START_TEST(a_prefix_with_dashes)
{
  struct store_options o = fixture_options();
  store_close(&fx.st);
  o.case_prefix = "ACME-PSIRT";
  OK(store_open(&o, &fx.st, &fx.err));
  next_is(2027, "ACME-PSIRT-2027-0001");
  save_plain_case("ACME-PSIRT-2027-0001");
  next_is(2027, "ACME-PSIRT-2027-0002");
}
END_TEST

static size_t listed(struct case_filter f, const char *first)
{
  struct vuln_case **list;
  size_t n;
  OK(store_case_list(fx.st, fx.pool, &f, &list, &n, &fx.err));
  if (first)
    ck_assert_str_eq(list[0]->id, first);
  return n;
}

static void field_is_in(const char *field, const char *value, const char *wanted)
{
  char *id;
  OK(store_case_by_field(fx.st, fx.pool, field, value, &id, &fx.err));
  ck_assert_str_eq(id, wanted);
}

static void save_with_cve(const char *id, const char *cve, const char *merged_into)
{
  struct vuln_case *vc = plain_case(id);
  vc->merged_into = merged_into;
  struct case_field f = { .name = "cve", .value = cve, .extra = "", .at = T0, .by = "alice" };
  vc->field = &f;
  vc->field_count = 1;
  OK(store_case_save(fx.st, vc, T0, &fx.err));
}

START_TEST(a_case_by_its_field)
{
  field_is_in("cve", "CVE-2027-0001", "");
  save_plain_case("EMB-2027-0001");
  save_with_cve("EMB-2027-0002", "CVE-2027-0001", "");
  save_with_cve("EMB-2027-0003", "CVE-2027-0002", "EMB-2027-0002");
  save_with_cve("EMB-2027-0004", "CVE-2027-00011", "");
  field_is_in("cve", "cve-2027-0001", "EMB-2027-0002");
  field_is_in("cve", "CVE-2027-0002", ""); /* a merged one speaks through the other */
  field_is_in("cwe", "CVE-2027-0001", "");
  OK(store_case_erase(fx.st, "EMB-2027-0004", &fx.err));
  field_is_in("cve", "CVE-2027-00011", "");
  field_is_in("cve", "CVE-2027-0001", "EMB-2027-0002");
}
END_TEST

START_TEST(lists_filter)
{
  struct vuln_case *a = full_case("EMB-2027-0001"), *b = full_case("EMB-2027-0002"), *c = plain_case("EMB-2027-0003");
  a->merged_into = "";
  b->rm = RM_CLOSED;
  b->merged_into = "";
  b->member[0].role = MEMBER_WATCHER;
  OK(store_case_save(fx.st, a, T0, &fx.err));
  OK(store_case_save(fx.st, b, T0, &fx.err));
  OK(store_case_save(fx.st, c, T0, &fx.err));
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1 }, "EMB-2027-0003"), 3);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .max = 2 }, "EMB-2027-0003"), 2);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = RM_CLOSED }, "EMB-2027-0002"), 1);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .open_only = true }, "EMB-2027-0003"), 2);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .assignee = "alice" }, "EMB-2027-0001"), 1);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .assignee = "bob" }, NULL), 0);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .words = "PUMP urgent" }, "EMB-2027-0002"), 2);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .words = " overflow\t0001 " }, "EMB-2027-0001"), 1);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .words = "pump nowhere" }, NULL), 0);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .words = "" }, NULL), 3);
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .words = "alice" }, NULL), 0); /* names are not searched */
  OK(store_case_erase(fx.st, "EMB-2027-0001", &fx.err));
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1 }, "EMB-2027-0003"), 2);
}
END_TEST

START_TEST(merged_cases_are_not_open)
{
  struct vuln_case *a = full_case("EMB-2027-0001");
  OK(store_case_save(fx.st, a, T0, &fx.err));
  ck_assert_uint_eq(listed((struct case_filter){ .rm = -1, .open_only = true }, NULL), 0);
}
END_TEST

static void save_embargo(const char *id, enum em_state em, int64_t until, const char *merged_into)
{
  struct vuln_case *vc = plain_case(id);
  vc->em = em;
  vc->embargo_until = until;
  vc->merged_into = merged_into;
  OK(store_case_save(fx.st, vc, T0, &fx.err));
}

static void ends_are(int64_t now, size_t max, const char *want, int64_t want_next)
{
  char **id = NULL, got[200] = "";
  size_t n = 0;
  int64_t next = -1;
  OK(store_embargo_due(fx.st, fx.pool, now, max, &id, &n, &next, &fx.err));
  for (size_t i = 0; i < n; i++)
    snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", id[i] + strlen("EMB-2027-000"));
  ck_assert_str_eq(got, want);
  ck_assert_int_eq(next, want_next);
}

START_TEST(embargoes_that_end)
{
  ends_are(1000, 8, "", 0);
  save_embargo("EMB-2027-0001", EM_ACTIVE, 300, "");
  save_embargo("EMB-2027-0002", EM_REVISE, 200, "");
  save_embargo("EMB-2027-0003", EM_EXITED, 100, "");
  save_embargo("EMB-2027-0004", EM_ACTIVE, 100, "EMB-2027-0001");
  save_embargo("EMB-2027-0005", EM_ACTIVE, 500, "");
  save_embargo("EMB-2027-0006", EM_ACTIVE, 0, "");
  save_embargo("EMB-2027-0007", EM_ACTIVE, 250, "");
  ends_are(199, 8, "", 200);
  ends_are(200, 8, "2", 250);
  ends_are(300, 8, "2 7 1", 500);
  ends_are(300, 2, "2 7", 500);
  OK(store_case_erase(fx.st, "EMB-2027-0007", &fx.err));
  ends_are(500, 8, "2 1 5", 0);
}
END_TEST

/* Of 2,000 cases with a participant each the store names those only in which somebody is to be chased now. */
START_TEST(silent_participants_of_many)
{
  static const struct {
    int number;
    struct party party;
    bool closed, spam;
  } odd[] = {
    { 7, { .waiting_since = 500 }, false, false },                        /* to be reminded */
    { 11, { .waiting_since = 500, .chased = 1 }, false, false },          /* was, and it is too early for more */
    { 13, { .waiting_since = 250, .chased = 1 }, false, false },          /* the analysts are to be told */
    { 17, { .waiting_since = 250, .chased = 2 }, false, false },
    { 19, { .waiting_since = 100, .chased = 2 }, false, false },          /* given up */
    { 23, { .waiting_since = 100, .unresponsive_at = 600 }, false, false },
    { 29, { .waiting_since = 100, .removed = true }, false, false },
    { 31, { .waiting_since = 100 }, true, false },
    { 37, { .waiting_since = 100 }, false, true },
  };
  const int64_t before[] = { 600, 300, 200 }, only_last[] = { -1, -1, 200 }, never[] = { -1, -1, -1 };
  char **id = NULL;
  size_t n = 0, next = 0;
  OK(store_begin(fx.st, &fx.err));
  for (int i = 1; i <= 2000; i++) {
    struct vuln_case *vc = plain_case(pool_printf(fx.pool, "EMB-2027-%04d", i));
    struct party p = { .waiting_since = i % 2 ? 700 + i : 0 };
    if (next < ARRAY_LEN(odd) && odd[next].number == i) {
      p = odd[next].party;
      vc->rm = odd[next].closed ? RM_CLOSED : vc->rm;
      vc->spam = odd[next++].spam;
    }
    p.role = PARTY_SUPPLIER;
    p.address = pool_printf(fx.pool, "p%d@x.test", i);
    p.token = pool_printf(fx.pool, "t%d", i);
    p.name = p.stakeholder = p.fingerprint = "";
    vc->party = pool_new_of(fx.pool, struct party);
    vc->party[0] = p;
    vc->party_count = vc->party_cap = 1;
    OK(store_case_save(fx.st, vc, T0, &fx.err));
  }
  OK(store_commit(fx.st, &fx.err));
  OK(store_case_silent(fx.st, fx.pool, before, &id, &n, &fx.err));
  ck_assert_uint_eq(n, 3);
  ck_assert_str_eq(id[0], "EMB-2027-0007");
  ck_assert_str_eq(id[1], "EMB-2027-0013");
  ck_assert_str_eq(id[2], "EMB-2027-0019");
  OK(store_case_silent(fx.st, fx.pool, only_last, &id, &n, &fx.err));
  ck_assert(n == 1 && !strcmp(id[0], "EMB-2027-0019"));
  OK(store_case_silent(fx.st, fx.pool, never, &id, &n, &fx.err));
  ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(tokens_find_the_party)
{
  struct vuln_case *vc = full_case("EMB-2027-0001");
  char *id;
  int64_t party;
  OK(store_case_save(fx.st, vc, T0, &fx.err));
  OK(store_party_by_token(fx.st, fx.pool, "TOK1", &id, &party, &fx.err)); /* mail systems change the case of letters */
  ck_assert_str_eq(id, "EMB-2027-0001");
  ck_assert_int_eq(party, vc->party[0].id);
  OK(store_party_by_token(fx.st, fx.pool, "tok2", &id, &party, &fx.err)); /* removed */
  ck_assert_str_eq(id, "");
  ck_assert_int_eq(party, 0);
  OK(store_party_by_token(fx.st, fx.pool, "", &id, &party, &fx.err));
  ck_assert_str_eq(id, "");
}
END_TEST

static size_t cases_of(const char *address, const char *fpr, const char *first)
{
  char **ids;
  size_t n;
  OK(store_cases_of(fx.st, fx.pool, address, fpr, &ids, &n, &fx.err));
  if (first)
    ck_assert_str_eq(ids[0], first);
  return n;
}

START_TEST(cases_by_address_and_key)
{
  struct vuln_case *a = full_case("EMB-2027-0001"), *b = full_case("EMB-2027-0002");
  b->party[0].address = "other@example.org";
  OK(store_case_save(fx.st, a, T0, &fx.err));
  OK(store_case_save(fx.st, b, T0, &fx.err));
  ck_assert_uint_eq(cases_of("a@example.org", "", "EMB-2027-0001"), 1);
  ck_assert_uint_eq(cases_of(" <A@Example.ORG> ", "", "EMB-2027-0001"), 1);
  ck_assert_uint_eq(cases_of("nobody@example.org", "ab01", "EMB-2027-0002"), 2); /* newest first */
  ck_assert_uint_eq(cases_of("s@x.test", "", NULL), 0);                          /* removed */
  ck_assert_uint_eq(cases_of("", "", NULL), 0);
  a->party[0].address = "moved@example.org";
  OK(store_case_save(fx.st, a, T0, &fx.err));
  ck_assert_uint_eq(cases_of("a@example.org", "", NULL), 0);
  ck_assert_uint_eq(cases_of("moved@example.org", "", "EMB-2027-0001"), 1);
}
END_TEST

START_TEST(blocked_senders)
{
  bool blocked;
  save_plain_case("EMB-2027-0001");
  OK(store_sender_blocked(fx.st, "spam@x.test", &blocked, &fx.err));
  ck_assert(!blocked);
  OK(store_sender_block(fx.st, "Spam@x.test", "EMB-2027-0001", T0, &fx.err));
  OK(store_sender_block(fx.st, "spam@x.test", "", T0, &fx.err)); /* twice is fine */
  OK(store_sender_blocked(fx.st, "<spam@X.test>", &blocked, &fx.err));
  ck_assert(blocked);
  OK(store_sender_blocked(fx.st, "", &blocked, &fx.err));
  ck_assert(!blocked);
  FAILS(ST_REJECT, store_sender_block(fx.st, "", "", T0, &fx.err));
}
END_TEST

START_TEST(an_unchanged_save_writes_no_child)
{
  struct vuln_case *vc = full_case("EMB-2027-0001");
  OK(store_case_save(fx.st, vc, T0, &fx.err));
  store_close(&fx.st);
  struct db *db;
  struct db_options o = { .path = fx.path, .plain_file = true };
  OK(db_open(&o, &db, &fx.err));
  /* rows that an update would touch, each, carry a mark */
  OK(db_script(
      db, "UPDATE party SET name = x'00'; UPDATE case_field SET value = x'00'; UPDATE case_member SET analyst = x'00'",
      &fx.err));
  db_close(&db);
  fixture_open();
  OK(store_case_save(fx.st, vc, T0 + 1, &fx.err));
  store_close(&fx.st);
  OK(db_open(&o, &db, &fx.err));
  {
    AUTO(db_donep) struct db_stmt *q = NULL;
    bool row;
    OK(db_one(
        db,
        "SELECT (SELECT count(*) FROM party WHERE name = x'00'), (SELECT count(*) FROM case_field WHERE value = x'00'),"
        " (SELECT count(*) FROM case_member WHERE analyst = x'00')",
        DB_NO_ARGS, &q, &row, &fx.err));
    ck_assert(row && db_int(q, 0) == 2 && db_int(q, 1) == 5 && db_int(q, 2) == 2);
  }
  db_close(&db);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("store case");
  TCase *t = tcase_create("case");
  tcase_add_checked_fixture(t, fixture_up, fixture_down);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, round_trip);
  tcase_add_test(t, an_empty_case_round_trips);
  tcase_add_test(t, changes_round_trip);
  tcase_add_test(t, order_round_trips);
  tcase_add_test(t, two_cases_do_not_mix);
  tcase_add_test(t, load_refuses);
  tcase_add_test(t, ids_are_never_given_twice);
  tcase_add_test(t, a_prefix_with_dashes);
  tcase_add_test(t, lists_filter);
  tcase_add_test(t, a_case_by_its_field);
  tcase_add_test(t, merged_cases_are_not_open);
  tcase_add_test(t, embargoes_that_end);
  tcase_add_test(t, silent_participants_of_many);
  tcase_add_test(t, tokens_find_the_party);
  tcase_add_test(t, cases_by_address_and_key);
  tcase_add_test(t, blocked_senders);
  tcase_add_test(t, an_unchanged_save_writes_no_child);
  suite_add_tcase(s, t);
  return run_suite(s);
}
