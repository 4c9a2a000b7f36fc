#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at every named failpoint (of the core and of the helpers), restart, compare with the undisturbed run: the same cases, the same
mails, no letter lost, none applied twice. EMBARGOD_LONG=1: at every passage, not only the first."""
import email
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import BUILD, Failed, Site, expect  # noqa: E402

TIMES = ("opened", "embargo_until", "at")
PASSES = {"store.commit.before": 3, "store.commit.after": 3}  # of these some more passages even in the short form


# Passed in helpers whose sandbox does not let them write the list of points: their death shows in the core's log.
IN_HELPERS = ["send.mail.before", "send.maildir.written", "send.maildir.renamed", "send.mail.after", "fetch.letter",
              "fetch.settle.before", "fetch.settle.after"]


def without_times(x):
    if isinstance(x, dict):
        return {k: without_times(v) for k, v in x.items() if k not in TIMES}
    return [without_times(v) for v in x] if isinstance(x, list) else x


class Sweep(Site):
    def prepare(self):
        self.robin = self.person("Robin Reporter", "robin@lab.example")
        self.alice = self.person("Alice Analyst", "alice@pumps.example")
        self.init([(self.alice, "alice", "lead")])
        self.deliver(self.robin.encrypted(self.ADDRESS, "Pump takes any firmware", "Any firmware.\n",
                                          [("poc.bin", bytes(range(256)) * 200), ("robin.asc", self.robin.public())]), "1.report")
        self.snap("before")

    def snap(self, name):
        for part in ("site", "in", "out"):
            shutil.copytree(os.path.join(self.root, part), os.path.join(self.root, name, part), symlinks=True, ignore=lambda d, n: [x for x in n if x.startswith("S.")])

    def back(self, name):
        for part in ("site", "in", "out"):
            shutil.rmtree(os.path.join(self.root, part))
            shutil.copytree(os.path.join(self.root, name, part), os.path.join(self.root, part), symlinks=True)
        self.seen = set()

    def state(self):
        mails = sorted((to, email.message_from_bytes(raw)["Message-ID"]) for _, _, to, _, raw in self.out())
        cases = [without_times(self.ctl_json("show", c["id"])) for c in self.ctl_json("list", "all")]
        expect("sound" in self.ctl("check"), "the store is sound")
        return {"mails": mails, "cases": cases, "processed": len(self.box(".Processed")), "left": len(self.box(".")),
                "quarantine": len(self.ctl_json("quarantine", "list")),
                "unsent": [x["state"] for x in self.ctl_json("outbox")]}

    def story(self, env):
        """The first run may die; then again until all is done. A letter that a dead helper cost an attempt is tried again at once."""
        runs = 0
        code = self.once(code=None, env=env)
        while code != 0:
            runs += 1
            expect(runs < 6, "after %d restarts the work is still not done (last exit %s)" % (runs, code))
            self.ctl("retry", "all")
            code = self.once(code=None)


def main():
    probe = subprocess.run(["grep", "-q", "EMBARGOD_FAILPOINTS 1", os.path.join(BUILD, "config.h")])
    if probe.returncode:
        print("built without --enable-failpoints: nothing to hit")
        return 77
    hit = failed = 0
    with Sweep() as s:
        s.prepare()
        log = os.path.join(s.root, "points")
        s.once(env={"EMBARGOD_FAILPOINT_LOG": log})
        with open(log) as f:
            passed = [x.strip() for x in f if x.strip()]
        names = sorted(set(passed))
        undisturbed = s.state()
        expect(len(undisturbed["cases"]) == 1 and len(undisturbed["mails"]) == 2 and undisturbed["processed"] == 1, "the undisturbed run", undisturbed)
        points = []
        for name in names:
            most = passed.count(name)
            if not os.environ.get("EMBARGOD_LONG"):
                most = min(most, PASSES.get(name, 1))
            points += [(name, n) for n in range(1, most + 1)]
        points += [(name, 1) for name in IN_HELPERS]
        for name, count in points:
            s.back("before")
            log_before = len(s.log)
            marks = os.path.join(s.root, "hit")
            if os.path.exists(marks):
                os.unlink(marks)
            try:
                s.story({"EMBARGOD_FAILPOINT": "%s:%d" % (name, count), "EMBARGOD_FAILPOINT_LOG": marks})
                if name in IN_HELPERS:
                    mark = "state=unconfirmed" if name.startswith("send.") else "failpoint %s reached" % name
                    reached = mark in s.log[log_before:]
                else:
                    with open(marks) as f:
                        reached = [x.strip() for x in f].count(name) >= count
                expect(reached, "the point was never passed")
                after = s.state()
                # A helper that died behind the send leaves the mail unconfirmed; retry sends the very same letter once more: the
                # maildir outbox knows it by its name.
                expect(after == undisturbed, "another end than the undisturbed run", undisturbed, after)
                hit += 1
                print("ok      %s:%d" % (name, count), flush=True)
            except Failed as e:
                failed += 1
                print("FAILED  %s:%d: %s" % (name, count, e), flush=True)
        expect(hit + failed == len(points) and len(names) >= 11, "points hit: %d of %d, names: %d" % (hit, len(points), len(names)), names)
        print("%d points of %d names: %d passed, %d failed" % (len(points), len(names), hit, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
