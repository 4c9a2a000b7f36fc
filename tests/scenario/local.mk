# SPDX-License-Identifier: GPL-3.0-or-later
dist_check_SCRIPTS += tests/scenario/run.py
EXTRA_DIST += tests/support/people.py tests/support/gateway.py tests/support/story.py tests/support/setup.sh
dist_check_SCRIPTS += tests/scenario/bad_days.py tests/scenario/forms.py tests/scenario/commands.py
dist_check_SCRIPTS += tests/scenario/deadlines.py
TESTS += tests/scenario/deadlines.py
dist_check_SCRIPTS += tests/scenario/clocks.py
TESTS += tests/scenario/clocks.py
TESTS += tests/scenario/run.py tests/scenario/bad_days.py tests/scenario/forms.py tests/scenario/commands.py
dist_check_SCRIPTS += tests/crash/sweep.py tests/crash/sweep_case.py
EXTRA_DIST += tests/support/crash.py
dist_check_SCRIPTS += tests/scenario/embargo.py
TESTS += tests/scenario/embargo.py
dist_check_SCRIPTS += tests/crash/publish.py
TESTS += tests/crash/sweep.py tests/crash/sweep_case.py tests/crash/publish.py
dist_check_SCRIPTS += tests/scenario/filings.py
TESTS += tests/scenario/filings.py
dist_check_SCRIPTS += tests/scenario/keys_watch.py
TESTS += tests/scenario/keys_watch.py
dist_check_SCRIPTS += tests/scenario/parties.py tests/scenario/insight.py
TESTS += tests/scenario/parties.py tests/scenario/insight.py
dist_check_SCRIPTS += tests/scenario/releases.py
TESTS += tests/scenario/releases.py
dist_check_SCRIPTS += tests/scenario/structure.py
TESTS += tests/scenario/structure.py
dist_check_SCRIPTS += tests/scenario/publish.py
TESTS += tests/scenario/publish.py
dist_check_SCRIPTS += tests/scenario/advisory.py
TESTS += tests/scenario/advisory.py
dist_check_SCRIPTS += tests/scenario/trial.py
TESTS += tests/scenario/trial.py

# What is published, over HTTPS.
dist_check_SCRIPTS += tests/scenario/site.py
TESTS += tests/scenario/site.py
EXTRA_DIST += tests/support/nginx.py
