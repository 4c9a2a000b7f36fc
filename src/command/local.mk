# SPDX-License-Identifier: GPL-3.0-or-later
noinst_LTLIBRARIES += libcommand.la
libcommand_la_SOURCES = src/command/command_text.c src/command/command_cut.c src/command/command_parse.c \
	src/command/command_outside.c src/command/command_args.c src/command/command_table.c \
	src/command/command_help.c src/command/command_run.c src/command/command_open.c src/command/command_team.c \
	src/command/command_state.c src/command/command_facts.c src/command/command_letter.c \
	src/command/command_key.c src/command/command_private.h
libcommand_la_LIBADD = libcase.la libconf.la
