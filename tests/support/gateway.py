# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole site in a temporary folder: keys, embargoctl init, maildirs in and out, the real embargod. Nothing outside the folder is
touched. Used by ./demo, the scenarios and the crash sweep."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from people import Person, crlf  # noqa: E402

SRC = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.environ.get("top_builddir") or os.path.join(SRC, "build")


class Failed(AssertionError):
    pass


def expect(cond, what, *more):
    if not cond:
        raise Failed(what + "".join("\n  " + str(m) for m in more))


class Site:
    ADDRESS = "security@pumps.example"

    def __init__(self, root=None, keep=False, extra=""):
        self.root = root or tempfile.mkdtemp(prefix="emb-", dir="/tmp")
        os.makedirs(self.root, exist_ok=True)
        self.keep, self.people, self.extra = keep, [], extra
        self.dir = os.path.join(self.root, "site")
        self.inbox, self.outbox = os.path.join(self.root, "in"), os.path.join(self.root, "out")
        self.conf = os.path.join(self.dir, "embargod.conf")
        self.env = {k: v for k, v in os.environ.items() if k not in ("GNUPGHOME",)}
        self.env.update(EMBARGOD_LIBEXEC=BUILD, EMBARGOD_DATA=SRC)
        self.env.pop("EMBARGOD_CONF", None)
        self.seen = set()
        self.log = ""
        for box in (self.inbox, self.outbox):
            for sub in ("new", "cur", "tmp"):
                os.makedirs(os.path.join(box, sub), exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        self.end()
        if kind and self.log:
            sys.stderr.write("---- log of embargod ----\n" + self.log[-6000:] + "\n")
        return False

    def end(self):
        for p in self.people:
            p.end()
        if not self.keep:
            shutil.rmtree(self.root, ignore_errors=True)

    def person(self, name, address, **k):
        p = Person(self.root, name, address, **k)
        self.people.append(p)
        return p

    # ---- set-up ----
    def init(self, analysts, stakeholders=(), inbox=None, outbox=None, organisation="Example Pumps"):
        """analysts: (Person, name, 'lead' or ''); stakeholders: (Person, name, kind)."""
        cmd = [os.path.join(BUILD, "embargoctl"), "init", self.dir, "--address", self.ADDRESS, "--organisation", organisation,
               "--inbox", inbox or "maildir:" + self.inbox, "--outbox", outbox or "maildir:" + self.outbox]
        for p, name, lead in analysts:
            cmd += ["--analyst", "%s=%s:%s%s" % (name, p.address, p.key_file, ":lead" if lead else "")]
        for p, name, kind in stakeholders:
            cmd += ["--stakeholder", "%s=%s:%s%s" % (name, kind, p.address, ":" + p.key_file if p.fpr else "")]
        r = subprocess.run(cmd, capture_output=True, env=self.env)
        expect(r.returncode == 0, "embargoctl init", r.stdout.decode(), r.stderr.decode())
        if self.extra:
            with open(self.conf) as f:
                text = f.read()
            with open(self.conf, "w") as f:
                f.write(self.extra + "\n" + text)
        with open(os.path.join(self.dir, "gateway.pgp"), "rb") as f:
            self.key = f.read()
        for p in self.people:
            if p.fpr:
                p.learn(self.key)
        m = re.search(r"website: ([0-9A-F ]+)", r.stdout.decode())
        self.fpr = m.group(1).replace(" ", "")
        return r.stdout.decode()

    def set_conf(self, old, new):
        with open(self.conf) as f:
            text = f.read()
        expect(old in text, "setting not found: " + old)
        with open(self.conf, "w") as f:
            f.write(text.replace(old, new))

    # ---- a wall clock in a file ----
    def clock(self):
        """The environment of a daemon whose wall clock set_clock() moves."""
        self.set_clock(0)
        return {"EMBARGOD_FAKE_TIME": "@" + os.path.join(self.root, "clock")}

    def set_clock(self, ahead_s):
        clock = os.path.join(self.root, "clock")
        with open(clock + ".new", "w") as f:
            f.write("+%d" % ahead_s)
        os.rename(clock + ".new", clock)

    # ---- mail ----
    def deliver(self, raw, name=None):
        """As a local MTA does: LF line ends, tmp then new."""
        name = name or "%d.%d.test" % (time.time_ns(), os.getpid())
        path = os.path.join(self.inbox, "tmp", name)
        with open(path, "wb") as f:
            f.write(raw.replace(b"\r\n", b"\n"))
        os.rename(path, os.path.join(self.inbox, "new", name))
        return name

    def once(self, code=0, env=None, timeout=120):
        """embargod --once; code None: any."""
        r = subprocess.run([os.path.join(BUILD, "embargod"), "--once", "-c", self.conf], capture_output=True,
                           env=dict(self.env, **(env or {})), timeout=timeout)
        said = r.stderr.decode(errors="replace")
        self.log += said
        for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):  # of the core or of any helper
            expect(word not in said, "a sanitizer spoke", said[-4000:])
        expect(code is None or r.returncode == code, "embargod --once ended with %d instead of %s" % (r.returncode, code),
               r.stderr.decode(errors="replace")[-3000:])
        return r.returncode

    def ctl(self, *args, code=0):
        r = subprocess.run([os.path.join(BUILD, "embargoctl"), "-c", self.conf] + list(args), capture_output=True, env=self.env)
        expect(code is None or r.returncode == code, "embargoctl %s ended with %d" % (args, r.returncode), r.stdout.decode(),
               r.stderr.decode())
        return (r.stdout + (r.stderr if r.returncode else b"")).decode()

    def ctl_json(self, *args):
        return json.loads(self.ctl(*args, "--json"))

    def out(self):
        """Every mail in the outbox: (recipient, return path, raw bytes as sent), oldest first."""
        mails = []
        for path in self._letters():
            with open(path, "rb") as f:
                raw = f.read()
            head, rest = [], raw
            for _ in range(2):
                line, rest = rest.split(b"\n", 1)
                head.append(line.decode())
            to = next(h.split(": ", 1)[1].strip("<> ") for h in head if h.lower().startswith("delivered-to"))
            sender = next(h.split(": ", 1)[1].strip("<> ") for h in head if h.lower().startswith("return-path"))
            mails.append((os.stat(path).st_mtime_ns, path, to, sender, rest))
        mails.sort()
        return mails

    def _letters(self):
        """Delivered ones: what a killed delivery left in tmp/ is none."""
        return [p for sub in ("new", "cur") for p in glob.glob(os.path.join(self.outbox, sub, "*"))]

    def fresh(self, person):
        """Mails to that person that were not asked for before, opened with their key."""
        got = []
        for _, path, to, sender, raw in self.out():
            if to == person.address and path not in self.seen:
                self.seen.add(path)
                o = person.open(raw)
                o.return_path = sender
                got.append(o)
        return got

    def one(self, person, what="mail"):
        got = self.fresh(person)
        expect(len(got) == 1, "%s: exactly one mail expected for %s, got %d" % (what, person.name, len(got)),
               *[m.subject for m in got])
        return got[0]

    def box(self, folder):
        return [f for sub in ("new", "cur") for f in glob.glob(os.path.join(self.inbox, folder, sub, "*"))]
