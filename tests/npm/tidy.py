#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes addresses out of package-lock.json: where packages come from is the business of whoever installs them; digests say what they are."""
import json
import os

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "package-lock.json")
with open(path, encoding="utf-8") as f:
    lock = json.load(f)
for package in lock["packages"].values():
    for key in ("resolved", "funding"):
        package.pop(key, None)
with open(path, "w", encoding="utf-8") as f:
    json.dump(lock, f, indent=2)
    f.write("\n")
