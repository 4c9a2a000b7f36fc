#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench: what one publication costs in all, on an empty site and behind a thousand others: one run of `embargod --once` in which an
advisory that is due is signed, its notices are written, sealed and sent, and the site is built and switched. Both are the same case of the
same gateway, one with that many others in its store and on its site; they alternate, each round from the same copy of the state.
BENCH_ADVISORIES=1000, BENCH_ROUNDS=3.

Goal (of the project, not of this program): the ratio is at most 2."""
import ctypes
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "scenario")]
from gateway import BUILD, expect  # noqa: E402
from publish import CASE, PLAIN, Publishing, iso  # noqa: E402

MANY, ROUNDS = int(os.environ.get("BENCH_ADVISORIES", "1000")), int(os.environ.get("BENCH_ROUNDS", "3"))
PR_SET_CHILD_SUBREAPER = 36
TREES = 3  # that a site keeps


class Costs(Publishing):
    def keep_state(self, name):
        """The hard links of the site's trees stay such."""
        shutil.rmtree(self.saved(name), ignore_errors=True)
        subprocess.run(["cp", "-a", self.dir, self.saved(name)], check=True)

    def take_state(self, name):
        shutil.rmtree(self.dir)
        subprocess.run(["cp", "-a", self.saved(name), self.dir], check=True)
        os.sync()  # the copy is not what is measured

    def saved(self, name):
        return os.path.join(self.root, "state-" + name)

    def fill(self, count):
        """So many are out, and all trees that are kept have them, as they do after so many publications: the site is made anew for each change
        of what security.txt says."""
        subprocess.run([os.path.join(BUILD, "bench_fill"), os.path.join(self.dir, "embargod.db"), os.path.join(self.dir, "master.key"), "EMB",
                        str(count), str(int(time.time()))], check=True)
        for i in range(TREES):
            self.set_conf("security_txt_days = %d" % (60 + i), "security_txt_days = %d" % (61 + i))
            self.once(timeout=600)
            expect(len(self.pages()) == 3 * count, "the site has them", len(self.pages()))

    def schedule(self, fw, when):
        r = self.command(self.alice, "#publish %s\n" % when, fw)
        expect("FAILED" not in r.text, "scheduled", r.text)

    def publication(self, before):
        """-> (seconds, CPU seconds of all processes)"""
        self.quiet()
        began, had = time.monotonic(), cpu()
        self.once(timeout=600)
        spent = time.monotonic() - began
        reap()
        used = cpu() - had
        expect(len(self.pages()) == 3 * (before + 1) and CASE + ".html" in self.pages(), "it is on the site", len(self.pages()))
        told = [p.name for p in (self.robin, self.isac, self.ward, self.cisa) if [m for m in self.fresh(p) if "ublished" in m.subject]]
        expect(len(told) == 4, "reporter, ISAC, customer and coordinator are told", told)
        return spent, used


def reap():
    """What the gateway's processes have left, such as an agent that has been told to end."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def cpu():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def measure(s):
    fw = s.begin()
    s.keep_state("first")
    s.fill(MANY)
    s.keep_state("many")
    when, instant = iso(120)
    for name in ("first", "many"):
        s.take_state(name)
        s.schedule(fw, when)
        expect(CASE + ".html" not in s.pages(), "it waits")
        s.keep_state(name)
    time.sleep(max(0, instant + 1 - time.time()))
    spent = {"first": [], "many": []}
    for _ in range(ROUNDS):
        for name, before in (("first", 0), ("many", MANY)):
            s.take_state(name)
            spent[name].append(s.publication(before))
    return {name: [statistics.median(x) for x in zip(*list_)] for name, list_ in spent.items()}, spent


def main():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with Costs(extra=PLAIN + "security_txt_days = 60\n", keep=bool(os.environ.get("BENCH_KEEP"))) as s:
        median, spent = measure(s)
    for name, what in (("first", "the first advisory of a site"), ("many", "with %d published before" % MANY)):
        print("publication, %-30s %6.0f ms wall, %6.0f ms CPU of all processes (rounds: %s)"
              % (what + ":", median[name][0] * 1000, median[name][1] * 1000, ", ".join("%.0f/%.0f" % (w * 1000, c * 1000) for w, c in spent[name])))
    print("publication: ratio %.2f (wall), %.2f (CPU); goal 2.0"
          % tuple(late / first for late, first in zip(median["many"], median["first"])), flush=True)


if __name__ == "__main__":
    sys.exit(main())
