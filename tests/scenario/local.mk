# SPDX-License-Identifier: GPL-3.0-or-later
dist_check_SCRIPTS += tests/scenario/run.py
EXTRA_DIST += tests/support/people.py tests/support/gateway.py tests/support/setup.sh
TESTS += tests/scenario/run.py
dist_check_SCRIPTS += tests/crash/sweep.py
TESTS += tests/crash/sweep.py
