# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at named failpoints (of the core and of the helpers), restart, compare with the undisturbed run. Used by tests/crash/."""
import email
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gateway import BUILD, Failed, Site, expect  # noqa: E402

TIMES = ("opened", "embargo_until", "at")
# Passed in helpers whose sandbox does not let them write the list of points: their death shows in the core's log.
SENDING = ["send.mail.before", "send.maildir.written", "send.maildir.renamed", "send.mail.after"]
FETCHING = ["fetch.letter", "fetch.settle.before", "fetch.settle.after"]


def have_failpoints():
    if subprocess.run(["grep", "-q", "EMBARGOD_FAILPOINTS 1", os.path.join(BUILD, "config.h")]).returncode == 0:
        return True
    print("built without --enable-failpoints: nothing to hit")
    return False


def without_times(x):
    if isinstance(x, dict):
        return {k: without_times(v) for k, v in x.items() if k not in TIMES}
    return [without_times(v) for v in x] if isinstance(x, list) else x


class Sweep(Site):
    PASSES = {}  # of these points some more passages than one even in the short form
    IN_HELPERS = SENDING + FETCHING

    def snap(self, name):
        for part in ("site", "in", "out"):
            shutil.copytree(os.path.join(self.root, part), os.path.join(self.root, name, part), symlinks=True, ignore=lambda d, n: [x for x in n if x.startswith("S.")])

    def back(self, name):
        for part in ("site", "in", "out"):
            shutil.rmtree(os.path.join(self.root, part))
            shutil.copytree(os.path.join(self.root, name, part), os.path.join(self.root, part), symlinks=True)
        self.seen = set()

    def mails(self):
        return sorted((to, email.message_from_bytes(raw)["Message-ID"]) for _, _, to, _, raw in self.out())

    def state(self):
        cases = [without_times(self.ctl_json("show", c["id"])) for c in self.ctl_json("list", "all")]
        expect("sound" in self.ctl("check"), "the store is sound")
        return {"mails": self.mails(), "cases": cases, "processed": len(self.box(".Processed")), "left": len(self.box(".")),
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

    def passed(self):
        """Every point that an undisturbed run passes in the core, in order."""
        log = os.path.join(self.root, "points")
        self.once(env={"EMBARGOD_FAILPOINT_LOG": log})
        with open(log) as f:
            return [x.strip() for x in f if x.strip()]

    def points(self, passed):
        """(name, passage) of the core's points: the first passages in the short form, all with EMBARGOD_LONG=1."""
        found = []
        for name in sorted(set(passed)):
            most = passed.count(name)
            if not os.environ.get("EMBARGOD_LONG"):
                most = min(most, self.PASSES.get(name, 1))
            found += [(name, n) for n in range(1, most + 1)]
        return found

    def die_at(self, name, count):
        """The story with one death; the point must have been reached."""
        log_before = len(self.log)
        marks = os.path.join(self.root, "hit")
        if os.path.exists(marks):
            os.unlink(marks)
        self.story({"EMBARGOD_FAILPOINT": "%s:%d" % (name, count), "EMBARGOD_FAILPOINT_LOG": marks})
        if name in self.IN_HELPERS:
            mark = "state=unconfirmed" if name.startswith("send.") else "failpoint %s reached" % name
            reached = mark in self.log[log_before:]
        else:
            with open(marks) as f:
                reached = [x.strip() for x in f].count(name) >= count
        expect(reached, "the point was never passed")

    def sweep(self, points, undisturbed):
        """From the snapshot "before", at each of the points; gives how many passed and how many failed."""
        hit = failed = 0
        for name, count in points:
            self.back("before")
            try:
                self.die_at(name, count)
                after = self.state()
                # A helper that died behind the send leaves the mail unconfirmed; retry sends the very same letter once more: the
                # maildir outbox knows it by its name.
                expect(after == undisturbed, "another end than the undisturbed run", *self.differences(undisturbed, after))
                hit += 1
                print("ok      %s:%d" % (name, count), flush=True)
            except Failed as e:
                failed += 1
                print("FAILED  %s:%d: %s" % (name, count, e), flush=True)
        return hit, failed

    @staticmethod
    def differences(undisturbed, after):
        return ["%s: %r\n  became: %r" % (k, undisturbed[k], after.get(k)) for k in undisturbed if undisturbed[k] != after.get(k)]
