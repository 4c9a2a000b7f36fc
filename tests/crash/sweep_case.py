#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at every named failpoint in the path of a merge by mail, of an embargo's end by its date, and of a reply that a second lead
releases; restart, compare with the undisturbed run: the same cases, each entry of their histories once, each mail once, no letter lost.
EMBARGOD_LONG=1: at every passage, not only the first."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from crash import SENDING, Sweep, have_failpoints  # noqa: E402
from gateway import expect  # noqa: E402

ONE, TWO = "EMB-2026-0001", "EMB-2026-0002"
DAY = 86400


class CaseSweep(Sweep):
    LEAST = 0  # names of points in the core
    ONCE = {}  # words of the history that stand there so often
    LETTERS, ADDED = 0, []  # of all letters; who has a mail from the swept run

    def prepare(self):
        self.robin = self.person("Robin Reporter", "robin@lab.example")
        self.alice = self.person("Alice Analyst", "alice@pumps.example")
        self.bob = self.person("Bob Analyst", "bob@pumps.example")
        self.init([(self.alice, "alice", "lead"), (self.bob, "bob", "lead")])
        self.report(self.robin, "1.report")
        self.once()
        self.begin()
        self.before = self.mails()
        self.snap("before")

    def report(self, who, name):
        self.deliver(who.encrypted(self.ADDRESS, "Pump takes any firmware", "Any firmware.\n", [("key.asc", who.public())]), name)

    def order(self, who, text, name, case=ONE):
        self.deliver(who.encrypted(self.ADDRESS, "Re: [%s] x" % case, "#case %s\n%s" % (case, text)), name)

    def state(self):
        """Which cases there are, and all that embargoctl shows of the first one, with its letters and its history, but for the times."""
        expect("sound" in self.ctl("check"), "the store is sound")
        cases = [re.sub(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", "WHEN", self.ctl(*words)) for words in (("list", "all"), ("show", ONE))]
        return {"mails": self.mails(), "cases": cases, "processed": len(self.box(".Processed")), "left": len(self.box(".")),
                "quarantine": len(self.box(".Quarantine")), "unsent": [x["state"] for x in self.ctl_json("outbox")]}

    def undisturbed(self):
        passed, found = self.passed(), self.state()
        new = sorted(found["mails"])
        for mail in self.before:
            new.remove(mail)
        expect(sorted(to for to, _ in new) == sorted(self.ADDED), "who is written to", new)
        expect(len({id_ for _, id_ in found["mails"]}) == len(found["mails"]), "each mail once", found["mails"])
        expect((found["processed"], found["left"], found["quarantine"], found["unsent"]) == (self.LETTERS, 0, 0, []), "all is done", found)
        shown = found["cases"][1]
        for words, times in self.ONCE.items():
            expect(len(re.findall(words, shown)) == times, "%d times in the histories: %s" % (times, words), shown)
        expect(len(set(passed)) >= self.LEAST > 0, "points of the core", sorted(set(passed)))
        return passed, found


class Merge(CaseSweep):
    """Robin's case takes in Sam's, whose embargo ends later."""
    LEAST, LETTERS = 11, 4
    IN_HELPERS = SENDING  # the fetch helper dies in the other one
    ADDED = ["alice@pumps.example", "bob@pumps.example", "sam@lab2.example"]
    ONCE = {r"case\.merge .* took in " + TWO: 1, r"case\.merged ": 1, r"case\.opened ": 2}

    def begin(self):
        self.sam = self.person("Sam Second", "sam@lab2.example")
        self.sam.learn(self.key)
        self.report(self.sam, "2.report")
        self.once()
        self.order(self.alice, "#take\n#embargo propose +5d\n", "3.order")
        self.once()
        self.order(self.alice, "#merge %s\n" % TWO, "4.merge")


class EmbargoEnd(CaseSweep):
    """Nobody writes: its date has come."""
    LEAST, LETTERS = 8, 2
    IN_HELPERS = SENDING
    ADDED = ["alice@pumps.example", "bob@pumps.example", "robin@lab.example"]
    ONCE = {r"embargo\.end": 1}

    def begin(self):
        self.order(self.alice, "#take\n#validate\n#embargo propose +5d\n", "2.order")
        self.once()
        self.env["EMBARGOD_FAKE_TIME"] = "+%d" % (6 * DAY)


class Approve(CaseSweep):
    """Alice wrote a reply; Bob releases it."""
    LEAST, LETTERS = 11, 3
    ADDED = ["alice@pumps.example", "alice@pumps.example", "bob@pumps.example", "robin@lab.example"]
    ONCE = {r"WHEN.*approve": 1}

    def begin(self):
        self.order(self.alice, "#take\n#reply\nThank you; quokka.\n#end\n", "2.order")
        self.once()
        token = re.search(r"#reply by alice, token (\w{16})", self.ctl("show", ONE))
        expect(token and len([to for to, _ in self.mails() if to == self.robin.address]) == 1, "it waits")
        self.order(self.bob, "#approve %s\n" % token.group(1), "3.approve")


def main():
    if not have_failpoints():
        return 77
    wanted, total, failed = sys.argv[1:], 0, 0
    for kind, extra in ((Merge, ""), (EmbargoEnd, ""), (Approve, "gate_reply = 2\n")):
        if wanted and kind.__name__ not in wanted:
            continue
        with kind(extra="digest_hour = -1\n" + extra) as s:
            s.prepare()
            passed, undisturbed = s.undisturbed()
            points = s.points(passed) + [(name, 1) for name in s.IN_HELPERS]
            hit, bad = s.sweep(points, undisturbed)
            expect(hit + bad == len(points) >= s.LEAST + len(s.IN_HELPERS), "points hit", hit, bad, len(points))
            print("%s: %d points of %d names: %d passed, %d failed" % (kind.__name__, len(points), len(set(passed)) + len(s.IN_HELPERS), hit, bad), flush=True)
            total, failed = total + len(points), failed + bad
    expect(total, "no point was asked for")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
