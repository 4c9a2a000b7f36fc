# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting of the table stands in embargod.conf(5) and in conf/embargod.conf with its section, and none that is not in the table;
every man page is free of mandoc's warnings; every verb of embargoctl's help is in embargoctl(8); the tests that embargod(8) names exist."""
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SECTIONS = ("", "inbox", "outbox", "analyst", "stakeholder", "product", "deadline")
problems = []


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def table():
    text = read("src/conf/conf_table.c")
    found = {("", n) for n in re.findall(r"\{ TOP\((\w+)\)", text)}
    found |= {(s.lower(), n) for s, n in re.findall(r"\{ CONF_(\w+), \"(\w+)\"", text)}
    both = re.findall(r"\{ sec, \"(\w+)\"", text)
    found |= {(s, n) for s in ("inbox", "outbox") for n in both}
    if len(found) < 60:
        problems.append("conf_table.c: only %d settings were found: has its form changed?" % len(found))
    return found


def compare(name, wanted, got):
    for what, rest in (("lacks", wanted - got), ("has, and the table has not,", got - wanted)):
        for section, setting in sorted(rest):
            problems.append("%s %s %s%s" % (name, what, setting, " (section %s)" % section if section else ""))


def man_page(wanted):
    section, got = "", set()
    heads = {"SETTINGS": "", "INBOX": "inbox", "OUTBOX": "outbox", "ANALYSTS": "analyst", "STAKEHOLDERS": "stakeholder",
             "PRODUCTS": "product", "DEADLINES": "deadline"}
    for line in read("src/conf/embargod.conf.5").splitlines():
        if line.startswith(".Sh "):
            section = heads.get(line[4:])
        item = re.match(r"\.It Ic (\w+) No = ", line)
        if item and section is not None:
            got.add((section, item.group(1)))
    compare("embargod.conf(5)", wanted, got)


def example(wanted):
    section, got = "", set()
    for line in read("conf/embargod.conf").splitlines():
        head = re.match(r"(\w+)( \".*\")? \{$", line)
        setting = re.match(r"\s*(?:# )?(\w+) = ", line)
        if head:
            section = head.group(1)
        elif line == "}":
            section = ""
        elif setting:
            got.add((section, setting.group(1)))
    compare("conf/embargod.conf", wanted, got)


def deadline_words():
    words = re.findall(r'^  \{ "([a-z0-9-]+)", "', read("src/due/due_words.c"), re.M)
    page = re.search(r"^\.Sh DEADLINES\n(.*?)^\.Sh ", read("src/conf/embargod.conf.5"), re.M | re.S).group(1)
    listed = re.findall(r"^\.It Cm ([a-z0-9-]+)$", page, re.M)
    if len(words) < 20 or words != listed:
        problems.append("embargod.conf(5), DEADLINES: the words are not those of due_words.c in its order: %s" % (set(words) ^ set(listed)))


def man_pages():
    if not shutil.which("mandoc"):
        print("mandoc is not installed: man pages are not linted", file=sys.stderr)
        return
    pages = [p for p in glob.glob(os.path.join(TOP, "src", "**", "*.[1-8]"), recursive=True)]
    if len(pages) < 5:
        problems.append("only %d man pages were found" % len(pages))
    for page in sorted(pages):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in lint.stdout.decode().splitlines():
            if "makewhatis" not in line:
                problems.append(line)


def verbs():
    page = read("src/embargoctl.8")
    for verb in re.findall(r'^ *"  (\w+)', re.search(r"static const char help.*?;", read("src/embargoctl.c"), re.S).group(0), re.M):
        if not re.search(r"^\.It Cm %s\b" % verb, page, re.M):
            problems.append("embargoctl(8) lacks " + verb)


def promises():
    page = read("src/embargod.8")
    for n in range(1, 7):
        if ".It Em P%d" % n not in page:
            problems.append("embargod(8) lacks promise P%d" % n)
    for name in re.findall(r"^\.Pa (tests/\S+)", page, re.M):
        if not os.path.exists(os.path.join(TOP, name)):
            problems.append("embargod(8) names %s, which is not there" % name)


settings = table()
man_page(settings)
example(settings)
deadline_words()
man_pages()
verbs()
promises()
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
