/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of #vex; test_command_structure_rows.h takes them in. */
#define VEX_CASE "EMB-2026-0001 Received title=Old title"
#define VEX_USAGE                                                                                                                   \
  "usage: #vex NAME [VERSIONS] not-affected REASON [TEXT] | under-investigation | affected | fixed, or -NAME [VERSIONS]"
{ { 0 },
  "#vex Infusion Pump XL 3.0 not-affected component-not-present The radio is not fitted.",
  "ok: EMB-2026-0001: vex added: \"Infusion Pump XL\" 3.0: not-affected component_not_present The radio is not fitted.",
  "event field.vex [vex added: \"Infusion Pump XL\" 3.0: not-affected component_not_present The radio is not fitted.]",
  VEX_CASE " vex=\"Infusion Pump XL\" 3.0/not-affected component_not_present The radio is not fitted." },
{ { 0 },
  "#vex infusion pump before 2.0, 2.1 affected\n#vex \"Other Thing\" under-investigation\n#vex Viewer 1 fixed",
  "ok: EMB-2026-0001: vex added: \"Infusion Pump\" before 2.0, 2.1: affected\nok: EMB-2026-0001: vex added: \"Other Thing\": "
  "under-investigation\nok: EMB-2026-0001: vex added: \"Viewer\" 1: fixed",
  "event field.vex [vex added: \"Infusion Pump\" before 2.0, 2.1: affected]\nevent field.vex [vex added: \"Other Thing\": "
  "under-investigation]\nevent field.vex [vex added: \"Viewer\" 1: fixed]",
  VEX_CASE " vex=\"Infusion Pump\" before 2.0, 2.1/affected vex=\"Other Thing\"/under-investigation vex=\"Viewer\" 1/fixed" },
{ { 0 },
  "#vex Viewer 1 under-investigation\n#vex viewer 1 fixed\n#vex -Viewer 1",
  "ok: EMB-2026-0001: vex added: \"Viewer\" 1: under-investigation\nok: EMB-2026-0001: vex renewed: \"viewer\" 1: fixed\n"
  "ok: EMB-2026-0001: vex removed: \"Viewer\" 1",
  "event field.vex [vex added: \"Viewer\" 1: under-investigation]\nevent field.vex [vex renewed: \"viewer\" 1: fixed]\n"
  "event field.vex [vex removed: \"Viewer\" 1]",
  VEX_CASE },
{ { 0 }, "#vex -Viewer 1", "reject: nothing is said of \"Viewer\" 1", "", "" },
{ { 0 }, "#vex -", "reject: the name is missing, or has to stand in \"quotes\"; " VEX_USAGE, "", "" },
{ { 0 }, "#vex", "reject: the status is missing; " VEX_USAGE, "", "" },
{ { 0 }, "#vex Viewer 1", "reject: the status is missing; " VEX_USAGE, "", "" },
{ { 0 }, "#vex affected", "reject: the name is missing, or has to stand in \"quotes\"; " VEX_USAGE, "", "" },
{ { 0 }, "#vex Some Thing affected", "reject: the name is missing, or has to stand in \"quotes\"; " VEX_USAGE, "", "" },
{ { 0 }, "#vex \"Some Thing affected", "reject: the status is missing; " VEX_USAGE, "", "" },
{ { 0 }, "#vex Viewer 1 fixed soon", "reject: nothing stands behind fixed", "", "" },
{ { 0 },
  "#vex Viewer 1 not-affected",
  "reject: not-affected needs one of the reasons component_not_present, vulnerable_code_not_present, "
  "vulnerable_code_not_in_execute_path, vulnerable_code_cannot_be_controlled_by_adversary, inline_mitigations_already_exist",
  "",
  "" },
{ { 0 },
  "#vex Viewer 1 not-affected because",
  "reject: not-affected needs one of the reasons component_not_present, vulnerable_code_not_present, "
  "vulnerable_code_not_in_execute_path, vulnerable_code_cannot_be_controlled_by_adversary, inline_mitigations_already_exist",
  "",
  "" },
