#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at every named failpoint (of the core and of the helpers) in the path of a report, restart, compare with the undisturbed run: the
same cases, the same mails, no letter lost, none applied twice. EMBARGOD_LONG=1: at every passage, not only the first."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from crash import Sweep, have_failpoints  # noqa: E402
from gateway import expect  # noqa: E402


class ReportSweep(Sweep):
    PASSES = {"store.commit.before": 3, "store.commit.after": 3}

    def prepare(self):
        self.robin = self.person("Robin Reporter", "robin@lab.example")
        self.alice = self.person("Alice Analyst", "alice@pumps.example")
        self.init([(self.alice, "alice", "lead")])
        self.deliver(self.robin.encrypted(self.ADDRESS, "Pump takes any firmware", "Any firmware.\n",
                                          [("poc.bin", bytes(range(256)) * 200), ("robin.asc", self.robin.public())]), "1.report")
        self.snap("before")


def main():
    if not have_failpoints():
        return 77
    with ReportSweep() as s:
        s.prepare()
        passed = s.passed()
        undisturbed = s.state()
        expect(len(undisturbed["cases"]) == 1 and len(undisturbed["mails"]) == 2 and undisturbed["processed"] == 1, "the undisturbed run", undisturbed)
        points = s.points(passed) + [(name, 1) for name in s.IN_HELPERS]
        hit, failed = s.sweep(points, undisturbed)
        names = sorted(set(passed))
        expect(hit + failed == len(points) and len(names) >= 11, "points hit: %d of %d, names: %d" % (hit, len(points), len(names)), names)
        print("%d points of %d names: %d passed, %d failed" % (len(points), len(names), hit, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
