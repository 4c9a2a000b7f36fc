# SPDX-License-Identifier: GPL-3.0-or-later
"""Rooms include only rooms below them, and a library's header only where that library lives. ROOMS is the rule of HACKING.md."""
import glob
import os
import re
import sys

TOP = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# contract header -> its room; the others are named as their room is
ROOM_OF = {"text": "base", "file": "base", "clock": "base", "secret": "base", "log": "base", "failpoint": "base", "helper": "wire",
           "channel": "wire", "parts": "wire", "wkd": "wkd", "template_vars": "template", "embargo": "case"}
PURE = {"base"}
ROOMS = {
    "base": set(), "conf": {"base", "due", "assess"}, "wire": {"base"}, "case": PURE, "assess": PURE, "due": PURE,
    "mail": {"base", "wire"}, "pgp": {"base", "wire"},
    "command": {"base", "case", "assess", "due"}, "advisory": {"base", "case", "assess"},
    "site": {"base", "advisory", "wkd"},
    "template": {"base", "case"}, "store": {"base", "case"},
    "parse": {"base", "wire", "mail"}, "fetch": {"base", "wire", "mail"}, "crypt": {"base", "wire", "mail", "pgp"}, "send": {"base", "wire", "mail", "wkd"},
    "gate": None,  # all
}
# what a header stands for -> the folders that may include it; "top" are the programs on top
LIBRARIES = {
    r"sodium(/.*)?\.h": {"base"}, r"confuse\.h": {"conf"}, r"sqlite3\.h": {"store"}, r"gpgme\.h|gpg-error\.h": {"crypt"},
    r"curl/.*": {"fetch", "send"}, r"libetpan/.*": {"fetch", "parse"}, r"libxml/.*": {"parse"}, r"seccomp\.h": {"wire", "parse"},
    r"jansson\.h": {"store", "conf", "command", "template", "advisory", "site", "gate", "top"}, r"cmark\.h": {"advisory", "template"},
    r"nettle/.*": {"send"},
}
PURE_ROOMS = {"case", "assess", "due", "command", "advisory"}  # no clock, no files, no store
NOT_IN_PURE = {"clock", "file", "secret", "log", "failpoint"}
problems = []


def includes(path):
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            m = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if m:
                yield number, m.group(1)


def library(where, room, header):
    for pattern, rooms in LIBRARIES.items():
        if re.fullmatch(pattern, header) and room not in rooms:
            problems.append("%s: <%s> belongs into %s only" % (where, header, ", ".join(sorted(rooms))))


def layer(where, room, header):
    m = re.fullmatch(r"embargod/(\w+)\.h", header)
    if not m or ROOMS[room] is None:
        return
    name = m.group(1)
    other = ROOM_OF.get(name, name)
    if other != room and other not in ROOMS[room]:
        problems.append("%s: %s must not include %s" % (where, room, other))
    elif room in PURE_ROOMS and name in NOT_IN_PURE:
        problems.append("%s: %s is pure and must not include %s" % (where, room, name))


files = sorted(glob.glob(os.path.join(TOP, "src", "**", "*.[ch]"), recursive=True))
if len(files) < 100:
    problems.append("only %d source files were found" % len(files))
for path in files:
    parts = os.path.relpath(path, os.path.join(TOP, "src")).split(os.sep)
    room = parts[0] if len(parts) > 1 else "top"
    if room != "top" and room not in ROOMS:
        problems.append("src/%s is no room of tests/style/check_layers.py" % room)
        continue
    for number, header in includes(path):
        where = "%s:%d" % (os.path.relpath(path, TOP), number)
        library(where, room, header)
        if room != "top":
            layer(where, room, header)
for path in sorted(glob.glob(os.path.join(TOP, "include", "embargod", "*.h"))):
    for number, header in includes(path):
        if any(re.fullmatch(p, header) for p in LIBRARIES):
            problems.append("%s:%d: no library's header in include/: %s" % (os.path.relpath(path, TOP), number, header))
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
