# SPDX-License-Identifier: GPL-3.0-or-later
"""The running embargod against mail servers of a test: one set of keys for a whole file, an untouched store for each test.

    site = NetSite(); site.prepare()           # Robin reports, Alice (lead) and Bob are analysts
    site.back(outbox=section("smtps://me@localhost:%d" % port, tls_ca_file=ca), extra="...")
    with Daemon(site) as d:
        d.wait(lambda: ..., "what is waited for")
        d.log(), d.ctl("status")
"""
import os
import re
import shutil
import signal
import subprocess
import time

from gateway import BUILD, Site, expect

PATIENCE = 120  # seconds: the machine may be slow and run other tests beside this one


def wait(cond, what, seconds=PATIENCE, log=lambda: ""):
    """Until cond() is true; gives what it gave."""
    end = time.monotonic() + seconds
    while True:
        got = cond()
        if got:
            return got
        expect(time.monotonic() < end, "waited in vain: " + what, log()[-4000:])
        time.sleep(0.03)


def section(url, **settings):
    """The inside of an inbox or outbox section."""
    lines = ["url = \"%s\"" % url]
    for name, value in settings.items():
        lines.append("%s = %s" % (name, value if isinstance(value, int) else '"%s"' % value))
    return "".join("  %s\n" % line for line in lines)


def failpoints_built():
    with open(os.path.join(BUILD, "config.h")) as f:
        return "#define EMBARGOD_FAILPOINTS 1" in f.read()


class NetSite(Site):
    def prepare(self, with_bob=False):
        self.robin = self.person("Robin Reporter", "robin@lab.example")
        self.alice = self.person("Alice Analyst", "alice@pumps.example")
        self.bob = self.person("Bob Analyst", "bob@pumps.example") if with_bob else None
        self.init([(self.alice, "alice", "lead")] + ([(self.bob, "bob", "")] if with_bob else []))
        with open(self.conf) as f:
            self.first_conf = f.read()
        for part in ("site", "in", "out"):
            shutil.copytree(os.path.join(self.root, part), os.path.join(self.root, "first", part),
                            ignore=lambda d, names: [n for n in names if n.startswith("S.")])
        return self

    def back(self, inbox=None, outbox=None, extra="", more=""):
        """To the state of the beginning, with these sections; more: further sections."""
        for part in ("site", "in", "out"):
            shutil.rmtree(os.path.join(self.root, part))
            shutil.copytree(os.path.join(self.root, "first", part), os.path.join(self.root, part))
        self.seen, self.log, self.marks = set(), "", {}
        self.configure(inbox, outbox, extra, more)

    def configure(self, inbox=None, outbox=None, extra="", more=""):
        text = self.first_conf
        if inbox:
            text = re.sub(r'inbox "main" \{\n.*?\}\n', lambda m: 'inbox "main" {\n%s}\n' % inbox, text, flags=re.S)
        if outbox:
            text = re.sub(r"outbox \{\n.*?\}\n", lambda m: "outbox {\n%s}\n" % outbox, text, flags=re.S)
        with open(self.conf, "w") as f:
            f.write(extra + "\n" + text + more)

    def secret(self, text, name="password"):
        path = os.path.join(self.root, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as f:
            f.write(text + "\n")
        return path

    def script(self, text, name):
        """An executable shell script; gives its path."""
        path = os.path.join(self.root, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o700), "w") as f:
            f.write("#!/bin/sh\n" + text)
        return path

    def report(self, subject="Pump takes any firmware", text="The pump takes any firmware.\n", who=None, **k):
        who = who or self.robin
        return who.encrypted(self.ADDRESS, subject, text, [("key.asc", who.public())], **k)

    def outbox_now(self):
        return self.ctl_json("outbox")

    def mail_of(self, kind, to):
        """The one mail of that kind to that person that is not sent; None."""
        got = [m for m in self.outbox_now() if m["kind"] == kind and m["to"] == to.address]
        expect(len(got) <= 1, "several mails of kind %s to %s" % (kind, to.name), got)
        return got[0] if got else None


def from_sink(sink, person):
    """What a person got from a submission server, opened; oldest first."""
    return [person.open(letter.data) for letter in list(sink.letters) if letter.rcpt_to == [person.address]]


class Daemon:
    def __init__(self, site, env=None):
        self.site, self.env = site, dict(site.env, **(env or {}))

    def __enter__(self):
        self.file = os.path.join(self.site.root, "daemon-%d.log" % time.time_ns())
        with open(self.file, "wb") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "embargod"), "-c", self.site.conf], env=self.env, stderr=log,
                                            stdin=subprocess.DEVNULL)
        control = os.path.join(self.site.dir, "control")
        try:
            wait(lambda: os.path.exists(control) or self.process.poll() is not None, "embargod starts", log=self.log)
            expect(self.process.poll() is None, "embargod ended at once", self.log())
        except AssertionError:
            self.process.kill()
            raise
        return self

    def __exit__(self, kind, value, tb):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.site.log += self.log()
        if not kind:
            expect(code == 0, "embargod ended with %s" % code, self.log()[-4000:])
            for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
                expect(word not in self.log(), "a sanitizer spoke", self.log()[-4000:])
        return False

    def log(self):
        with open(self.file, encoding="utf-8", errors="replace") as f:
            return f.read()

    def lines(self, *words):
        """Lines of the log that hold all these words."""
        return [line for line in self.log().splitlines() if all(w in line for w in words)]

    def wait(self, cond, what, seconds=PATIENCE):
        def look():
            expect(self.process.poll() is None, "embargod has ended", self.log()[-4000:])
            return cond()
        return wait(look, what, seconds, self.log)

    def wait_log(self, *words, count=1):
        return self.wait(lambda: len(self.lines(*words)) >= count and self.lines(*words), "the log says: " + ", ".join(words))

    def ctl(self, *args, **k):
        expect(self.process.poll() is None, "embargod has ended", self.log()[-4000:])
        return self.site.ctl(*args, **k)
