#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every CSAF document that we write passes all mandatory and recommended tests of the reference implementation, and each of a set of
broken ones fails the test that is for it."""
import os
import subprocess
import sys

SRC, BUILD = os.environ["top_srcdir"], os.environ["top_builddir"]


def main():
    installed = subprocess.run([os.path.join(SRC, "tests/npm/install")], stdout=subprocess.PIPE, text=True, check=False)
    if installed.returncode:
        return installed.returncode
    documents = subprocess.run([os.path.join(BUILD, "advisory_dump")], stdout=subprocess.PIPE, check=True).stdout
    script = os.path.join(SRC, "tests/integration/csaf_validator.mjs")
    return subprocess.run(["node", script, os.path.join(installed.stdout.strip(), "node_modules")], input=documents, check=False).returncode


sys.exit(main())
