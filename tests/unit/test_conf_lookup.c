/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>
#include <check.h>
#include <embargod/conf.h>
#include <stdlib.h>

START_TEST(tlp_labels)
{
  static const struct {
    const char *text;
    int want; /* -1: none */
  } row[] = { { "CLEAR", TLP_CLEAR },
              { "white", TLP_CLEAR },
              { "tlp:green", TLP_GREEN },
              { "AMBER", TLP_AMBER },
              { "Amber+Strict", TLP_AMBER_STRICT },
              { "TLP:RED", TLP_RED },
              { "", -1 },
              { NULL, -1 },
              { "TLP:", -1 },
              { "AMBER STRICT", -1 },
              { "TLP:TLP:RED", -1 } };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    enum tlp t = (enum tlp)99;
    ck_assert_int_eq(tlp_parse(row[i].text, &t), row[i].want >= 0);
    ck_assert_int_eq((int)t, row[i].want >= 0 ? row[i].want : 99);
  }
  for (int t = TLP_CLEAR; t <= TLP_RED; t++) {
    enum tlp back;
    ck_assert(tlp_parse(tlp_name((enum tlp)t), &back) && (int)back == t);
  }
  ck_assert_str_eq(tlp_name((enum tlp)9), "?");
}
END_TEST

START_TEST(lookups)
{
  struct conf_analyst a[] = { { .name = "alice", .address = "alice@psirt.example", .fingerprint = "AB12" },
                              { .name = "bob", .address = "bob@psirt.example", .fingerprint = NULL } };
  struct conf_stakeholder s[] = { { .name = "fda", .address = "cyber@fda.example" } };
  struct conf_product p[] = { { .name = "Infusion Pump" } };
  struct conf c = { .address = "security@psirt.example",
                    .analyst = a,
                    .analyst_count = 2,
                    .stakeholder = s,
                    .stakeholder_count = 1,
                    .product = p,
                    .product_count = 1 };
  ck_assert_ptr_eq(conf_analyst_by_name(&c, "ALICE"), &a[0]);
  ck_assert_ptr_null(conf_analyst_by_name(&c, "carol"));
  ck_assert_ptr_null(conf_analyst_by_name(&c, ""));
  ck_assert_ptr_eq(conf_analyst_by_fpr(&c, "ab12"), &a[0]);
  ck_assert_ptr_null(conf_analyst_by_fpr(&c, "")); /* no fingerprint is never somebody's */
  ck_assert_ptr_null(conf_analyst_by_fpr(&c, NULL));
  ck_assert_ptr_eq(conf_analyst_by_address(&c, "Bob@PSIRT.example"), &a[1]);
  ck_assert_ptr_eq(conf_stakeholder_by_name(&c, "FDA"), &s[0]);
  ck_assert_ptr_eq(conf_stakeholder_by_address(&c, "cyber@fda.example"), &s[0]);
  ck_assert_ptr_eq(conf_product_by_name(&c, "infusion pump"), &p[0]);
  ck_assert_str_eq(conf_domain(&c), "psirt.example");
  ck_assert_str_eq(conf_domain(&(struct conf){ 0 }), "");
  ck_assert_ptr_null(conf_analyst_by_name(&(struct conf){ 0 }, "alice"));
}
END_TEST

int main(void)
{
  Suite *s = suite_create("conf_lookup");
  TCase *t = tcase_create("lookup");
  tcase_add_test(t, tlp_labels);
  tcase_add_test(t, lookups);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
