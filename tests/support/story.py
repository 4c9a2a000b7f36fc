# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: a site with its usual people, a daemon that runs while things happen to it, and the runner that prints one line a story."""
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gateway import BUILD, Failed, Site, expect  # noqa: E402

POC = bytes(range(256)) * 40 + b"\r\n\n\r tail \x00"
SECRET = "zanzibarfirmware"


class Story(Site):
    """Reporter Robin, analysts Alice (lead) and Bob, stakeholders fda and cisa."""

    def __init__(self, alice_expire="2y", bob_expire="2y", env=None, **k):
        super().__init__(**k)
        self.robin = self.person("Robin Reporter", "robin@lab.example")
        self.alice = self.person("Alice Analyst", "alice@pumps.example", expire=alice_expire)
        self.bob = self.person("Bob Analyst", "bob@pumps.example", expire=bob_expire)
        self.fda = self.person("FDA", "cyber@fda.example")
        self.cisa = self.person("CISA", "central@cisa.example")
        self.init([(self.alice, "alice", "lead"), (self.bob, "bob", "")], [(self.fda, "fda", "regulator"), (self.cisa, "cisa", "coordinator")])
        self.env.update(env or {})

    def report(self, text="The pump takes any firmware: %s\n" % SECRET, subject="Pump takes any firmware", **k):
        return self.robin.encrypted(self.ADDRESS, subject, text, [("poc.bin", POC), ("robin.asc", self.robin.public())], **k)

    def command(self, who, text, about=None, **k):
        """who answers a mail of the gateway (quoting it) and sends; gives the receipt."""
        quote = "\n\n" + about.quoted() if about else ""
        self.deliver(who.encrypted(self.ADDRESS, "Re: " + (about.subject if about else "x"), text + quote, reply_to=about, **k))
        self.once()
        got = [m for m in self.fresh(who) if "Receipt" in m.subject or "changed" in m.subject]
        expect(len(got) == 1, "one receipt expected", *[m.subject for m in got])
        return got[0]

    def daemon(self, env=None):
        return Daemon(self, env)

    def show(self, case="EMB-2026-0001"):
        return self.ctl_json("show", case)


def instant(when):
    """As mails show it in UTC: "2099-05-01 10:00 UTC", with its seconds unless they are 0."""
    return "%s UTC" % (when[:16] if when[17:19] == "00" else when[:19]).replace("T", " ")


def wait(cond, what, seconds=60):
    until = time.time() + seconds
    while not cond():
        expect(time.time() < until, "waited in vain: " + what)
        time.sleep(0.05)


class Daemon:
    """embargod in the foreground, its log in a file. Ends in order with its with-block: that it does is a part of each story."""

    def __init__(self, site, env=None):
        self.site, self.env = site, env or {}
        self.path = os.path.join(site.root, "daemon-%d.log" % time.time_ns())

    def __enter__(self):
        # Through a pipe: a log file would be a file of the core's that no longer grows when a story lets none grow.
        self.process = subprocess.Popen([os.path.join(BUILD, "embargod"), "-c", self.site.conf], env=dict(self.site.env, **self.env),
                                        stderr=subprocess.PIPE)
        self.logger = threading.Thread(target=self._keep_log)
        self.logger.start()
        self.pid = self.process.pid
        try:
            wait(lambda: os.path.exists(os.path.join(self.site.dir, "control")) or self.process.poll() is not None, "the daemon starts")
            expect(self.process.poll() is None, "the daemon ended at its start", self.log())
        except Failed:
            self.__exit__(Failed, None, None)
            raise
        return self

    def __exit__(self, kind, value, tb):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.logger.join()
        self.site.log += self.log()
        if not kind:
            said = self.log()
            expect(code == 0, "it ends in order", code, said[-3000:])
            expect("Sanitizer" not in said and "runtime error:" not in said, "no sanitizer speaks", said[-4000:])
        return False

    def _keep_log(self):
        with open(self.path, "wb", buffering=0) as f:
            for line in self.process.stderr:
                f.write(line)

    def log(self):
        if not os.path.exists(self.path):
            return ""
        with open(self.path, errors="replace") as f:
            return f.read()

    def says(self, words, times=1, seconds=60):
        wait(lambda: self.log().count(words) >= times, "the log says %r %d times\n%s" % (words, times, self.log()[-3000:]), seconds)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def children(self, name, of=None):
        """Living descendants (of the daemon) with that program name, as (pid, parent)."""
        parents, names, found = {}, {}, []
        for entry in os.listdir("/proc"):
            try:
                with open("/proc/%s/stat" % int(entry)) as f:
                    comm, rest = f.read().split(" (", 1)[1].rsplit(") ", 1)
            except (ValueError, OSError):
                continue
            if rest[0] != "Z":
                parents[int(entry)], names[int(entry)] = int(rest.split()[1]), comm
        for pid, comm in names.items():
            up = pid
            while up in parents and up != (of or self.pid):
                up = parents[up]
            if comm == name and pid != up and up == (of or self.pid):
                found.append((pid, parents[pid]))
        return found

    @staticmethod
    def _argument(pid, word):
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                return word.encode() in f.read().split(b"\0")
        except OSError:
            return False

    def one_child(self, name, but=None, argument=None):
        """(pid, parent) of one that is there or comes, other than `but`, with that argument."""
        found = []

        def look():
            found[:] = [c for c in self.children(name) if c[0] != but and (not argument or self._argument(c[0], argument))]
            return found
        wait(look, "a process " + name)
        return found[0]


def main(stories, setup):
    wanted = sys.argv[1:]
    passed = failed = 0
    for story in stories:
        if wanted and story.__name__ not in wanted:
            continue
        begun = time.time()
        try:
            given = dict(setup.get(story, {}))
            with given.pop("story", Story)(**given) as s:
                story(s)
            passed += 1
            print("ok      %s (%.1f s)" % (story.__name__, time.time() - begun), flush=True)
        except Failed as e:
            failed += 1
            print("FAILED  %s: %s" % (story.__name__, e), flush=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0
