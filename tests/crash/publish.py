#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at each named point of a publication, from the approval to the last commit. An advisory is public in version 1 and version 2 is
approved: right after the death a reader sees all of the one or all of the other, and after a restart everything is as in the undisturbed
run: one notice to each, the same cases, version 2. EMBARGOD_LONG=1: at every passage, not only some."""
import hashlib
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from crash import Sweep, have_failpoints  # noqa: E402
from gateway import Failed, expect  # noqa: E402

CASE = "EMB-2026-0001"
FACTS = """#take
#validate
#accept
#title Firmware update without signature check
#product "Pump 9" 1.0 - 2.3
#description
The update service installs any image.
#end
#fix 2.4
#advisory
Images are not checked.
#end
#publish
"""
REVISE = """#advisory
Images are not checked; quokka.
#end
#revise
There is more to know.
#end
"""
LEAST = {"publish.": 4, "site.": 12}
SHARED_MOST = 2  # mails that were ready at the same moment share a commit: a run may have one or two less than the one that was counted


class PublishSweep(Sweep):
    PASSES = {"store.commit.before": 99, "store.commit.after": 99, "site.write.before": 3, "site.write.unsynced": 3, "site.link.before": 2}

    def prepare(self):
        self.robin = self.person("Robin Reporter", "robin@lab.example")
        self.alice = self.person("Alice Analyst", "alice@pumps.example")
        self.isac = self.person("Health ISAC", "alerts@isac.example")
        self.init([(self.alice, "alice", "lead")], [(self.isac, "isac", "isac")])
        self.deliver(self.robin.encrypted(self.ADDRESS, "Pump takes any firmware", "Any firmware.\n", [("robin.asc", self.robin.public())]), "1.report")
        self.once()
        self.order(FACTS, "2.publish")
        self.once()
        expect(self.version() == 1, "version 1 is public")
        self.order(REVISE, "3.revise")
        self.snap("before")

    def order(self, text, name):
        self.deliver(self.alice.encrypted(self.ADDRESS, "Re: [%s] x" % CASE, "#case %s\n%s" % (CASE, text)), name)

    def read(self, path):
        with open(os.path.join(self.dir, "site", "current", path), "rb") as f:
            return f.read()

    def good(self, signed, text=None):
        with tempfile.NamedTemporaryFile(dir=self.root) as f, tempfile.NamedTemporaryFile(dir=self.root) as g:
            f.write(signed), f.flush(), g.write(text or b""), g.flush()
            _, status, code = self.alice.gpg("--verify", f.name, *([g.name] if text is not None else []), check=False, status=True)
        return code == 0 and self.fpr in status

    def version(self):
        """Of the site as a reader sees it; a mixed one is a failure."""
        index = self.read(".well-known/csaf/white/index.txt").decode().split()
        expect(len(index) == 1, "one document", index)
        path = ".well-known/csaf/white/" + index[0]
        csaf = self.read(path)
        tracking = json.loads(csaf)["document"]["tracking"]
        new = int(tracking["version"]) == 2
        for name in ("%s.html", "%s.txt", "%s.txt.asc"):
            expect((b"quokka" in self.read("advisories/" + name % CASE)) == new, "mixed: " + name, tracking)
        expect(hashlib.sha256(csaf).hexdigest().encode() in self.read(path + ".sha256"), "mixed: sha256")
        expect(hashlib.sha512(csaf).hexdigest().encode() in self.read(path + ".sha512"), "mixed: sha512")
        expect(self.good(self.read(path + ".asc"), csaf) and self.good(self.read("advisories/%s.txt.asc" % CASE)), "mixed: signatures")
        at = tracking["current_release_date"]
        expect(at.rstrip("Z") in self.read(".well-known/csaf/white/changes.csv").decode(), "mixed: changes.csv", at)
        expect(at.rstrip("Z") in self.read("feed.atom").decode(), "mixed: feed.atom", at)
        return int(tracking["version"])

    def state(self):
        found = super().state()
        for case in found["cases"]:  # digests and times are each run's own
            case["notices"] = [(n["to"], n["template"], n["state"], n["message_id"]) for n in case["notices"]]
        return dict(found, version=self.version(), advisories=re.sub(r"20\S+Z", "", self.ctl("advisory", "list")),
                    left_over=[x for x in os.listdir(os.path.join(self.dir, "site")) if not re.fullmatch(r"current|tree-\d+", x) and not x.startswith(".")])


def main():
    if not have_failpoints():
        return 77
    extra = "site_url = \"https://security.pumps.example\"\nclock_unsynchronised = ignore\nembargo_days = 0\ngate_publish = 0\n"
    failed, shared, seen = 0, 0, {1: 0, 2: 0}
    with PublishSweep(extra=extra) as s:
        s.prepare()
        points = s.points([x for x in s.passed() if re.match(r"publish\.|site\.|store\.commit|gate\.write|gate\.commit", x)])
        undisturbed = s.state()
        notices = [to for to, _ in undisturbed["mails"] if to in (s.isac.address, s.robin.address)]
        expect(undisturbed["version"] == 2 and notices.count(s.isac.address) == 2 and not undisturbed["left_over"], "the undisturbed run", undisturbed)
        for start, least in LEAST.items():
            expect(len({n for n, _ in points if n.startswith(start)}) >= least, "points of " + start, points)
        for name, count in points:
            s.back("before")
            try:
                code = s.once(code=None, env={"EMBARGOD_FAILPOINT": "%s:%d" % (name, count)})
                if code == 0 and name.startswith("store.commit.") and shared < SHARED_MOST:
                    shared += 1
                else:
                    expect(code == -9, "the point was never passed", code)
                    seen[s.version()] += 1
                s.story({})
                after = s.state()
                expect(after == undisturbed, "another end than the undisturbed run", undisturbed, after)
                print("ok      %s:%d" % (name, count), flush=True)
            except Failed as e:
                failed += 1
                print("FAILED  %s:%d: %s" % (name, count, e), flush=True)
        print("%d points, %d of them not there this time, %d failed; after the death a reader saw version 1 %d times, version 2 %d times, a mixture never"
              % (len(points), shared, failed, seen[1], seen[2]) if not failed else "%d of %d points failed" % (failed, len(points)))
        expect(failed or (seen[1] and seen[2]), "deaths before and behind the switch", seen)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
