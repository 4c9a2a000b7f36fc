# SPDX-License-Identifier: GPL-3.0-or-later
EXTRA_DIST += tests/support/certs.py tests/support/channel.py
