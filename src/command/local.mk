# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LIBRARIES += libcommand.a
libcommand_a_SOURCES = src/command/command_text.c src/command/command_cut.c src/command/command_parse.c \
	src/command/command_outside.c src/command/command_args.c src/command/command_table.c \
	src/command/command_help.c src/command/command_run.c src/command/command_open.c src/command/command_team.c \
	src/command/command_state.c src/command/command_facts.c src/command/command_vex.c src/command/command_letter.c \
	src/command/command_key.c src/command/command_assess.c src/command/command_embargo.c src/command/command_due.c src/command/command_fill.c src/command/command_party.c src/command/command_participant.c src/command/command_private.h
libcommand_a_SOURCES += src/command/command_structure.c src/command/command_advisory.c src/command/command_guide.c
COMMAND_ROOM = libcommand.a $(ASSESS_ROOM) $(CASE_ROOM) $(CONF_ROOM)

if HAVE_CHECK
check_PROGRAMS += test_command_parse test_command_run test_command_participant
test_command_participant_SOURCES = tests/unit/test_command_participant.c tests/unit/test_command_participant_rows.h
test_command_participant_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_command_participant_LDADD = $(COMMAND_ROOM) $(UNIT_LIBS)
test_command_parse_SOURCES = tests/unit/test_command_parse.c
test_command_parse_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_command_parse_LDADD = $(COMMAND_ROOM) $(UNIT_LIBS)
test_command_run_SOURCES = tests/unit/test_command_run.c tests/unit/test_command_vex_rows.h tests/unit/test_command_world.h \
	tests/unit/test_command_case_rows.h tests/unit/test_command_letter_rows.h tests/unit/test_command_structure_rows.h
test_command_run_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_command_run_LDADD = $(COMMAND_ROOM) $(UNIT_LIBS)
TESTS += test_command_parse test_command_run test_command_participant
endif

dist_man_MANS += src/command/embargod-commands.7

# The man page against the table.
check_PROGRAMS += print_commands
print_commands_SOURCES = tests/style/print_commands.c
print_commands_LDADD = $(COMMAND_ROOM)
dist_check_SCRIPTS += tests/style/commands_documented.sh
TESTS += tests/style/commands_documented.sh

# Any bytes: replayed in `make check`; with --enable-fuzz also as a libFuzzer program (CC=clang).
check_PROGRAMS += fuzz_command_replay
fuzz_command_replay_SOURCES = tests/fuzz/fuzz_command.c tests/unit/test_command_world.h
fuzz_command_replay_LDADD = $(COMMAND_ROOM)
TESTS += fuzz_command_replay
if FUZZ
noinst_PROGRAMS += fuzz_command
fuzz_command_SOURCES = tests/fuzz/fuzz_command.c tests/unit/test_command_world.h
fuzz_command_CFLAGS = $(AM_CFLAGS) -DFUZZ_WITH_ENGINE -fsanitize=fuzzer
fuzz_command_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_command_LDADD = $(COMMAND_ROOM)
endif
