#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench: encrypted 8 KiB reports through the whole daemon (maildir in, SMTP over TLS out), against the same OpenPGP operations
done bare through gpgme on the same keys in the same run. BENCH_N=200 reports; BENCH_KEEP=1 keeps the folder, BENCH_LARGE_ONLY=1
measures the large letters alone, BENCH_CONF='crypt_workers = 3' adds settings.

Goals (of the project, not of this program): ratio >= 0.8; peak RSS of embargod under 64 MiB, plus three times the largest
message when there is a larger one; an acknowledgement within 150 ms of its OpenPGP operations' own time."""
import concurrent.futures
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
from certs import Certs  # noqa: E402
from gateway import BUILD, Site, expect  # noqa: E402
from people import Person  # noqa: E402
from sink import Sink  # noqa: E402

N = int(os.environ.get("BENCH_N", "200"))
LATENCY_N = min(20, N)
BODY = 8192
LARGE = 12 << 20  # of an attachment: 22 MiB by mail
CORES = len(os.sched_getaffinity(0))


class Crowd(Person):
    """N reporters in one GnuPG home, each with a key of their own."""

    def __init__(self, root, count):
        super().__init__(root, "Crowd", "crowd@lab.example", key=False)
        self.people = ["r%04d@lab%d.example" % (i, i % 7) for i in range(count)]
        blocks = ["%no-protection\n"] + ["Key-Type: eddsa\nKey-Curve: ed25519\nKey-Usage: sign\nSubkey-Type: ecdh\nSubkey-Curve: cv25519\n"
                                         "Subkey-Usage: encrypt\nName-Real: Reporter\nName-Email: %s\nExpire-Date: 1y\n%%commit\n" % a
                                         for a in self.people]
        self.gpg("--gen-key", data="".join(blocks).encode())
        out = self.gpg("--with-colons", "--list-keys").decode()
        self.fprs, fpr = {}, ""
        for line in out.splitlines():
            f = line.split(":")
            if f[0] == "pub":
                fpr = ""
            elif f[0] == "fpr" and not fpr:
                fpr = f[9]
            elif f[0] == "uid":
                self.fprs[re.search(r"<(.*)>", f[9]).group(1)] = fpr
        expect(len(self.fprs) == count, "keys made: %d of %d" % (len(self.fprs), count))

    def report(self, i, to, to_fpr, attached=0, key=False, serial=0):
        """-> (the letter, its ciphertext)"""
        self.name, self.address = "Reporter %d" % i, self.people[i]
        one = Crowd.__new__(Crowd)
        one.__dict__.update(self.__dict__, fpr=self.fprs[self.people[i]])
        line = "%06d The pump's bedside unit takes what it should not take; see the steps below.\n" % i
        text = (line * (BODY // len(line) + 1))[:BODY]
        attachments = [("key.asc", one.public())] if key else []
        if attached:
            attachments.append(("trace.pcap", os.urandom(attached)))
        outer, entity = one._split(one.draft(to, "Report %d.%d" % (i, serial), text, attachments), True)
        armored = one.gpg("--armor", "--encrypt", "--sign", "-u", one.fpr, "-r", to_fpr, data=entity)
        return one.wrap(outer, armored), armored


class Bench(Site):
    def __init__(self):
        super().__init__(keep=bool(os.environ.get("BENCH_KEEP")))
        self.daemon = None
        self.certs = Certs(os.path.join(self.root, "tls"))
        self.analysts = [self.person(n, n.lower() + "@pumps.example") for n in ("Alice", "Bob")]

    def prepare(self, sink):
        self.extra = os.environ.get("BENCH_CONF", "") + "\nack_per_sender_h = 0\nack_per_hour = 1000000\nlog_level = \"warning\"\n"
        self.init([(a, a.name.lower(), "") for a in self.analysts], outbox="smtps://localhost:%d" % sink.port)
        self.set_conf("outbox {", "outbox {\n  tls_ca_file = \"%s\"" % self.certs.ca)
        self.crowd = Crowd(self.root, N)
        self.people.append(self.crowd)
        self.crowd.learn(self.key)

    def letters(self, serial, key=False, count=N, attached=0):
        def one(i):
            raw, armored = self.crowd.report(i, self.ADDRESS, self.fpr, attached, key, serial)
            path = os.path.join(self.root, "report-%d-%d.pgp" % (serial, i))
            with open(path, "wb") as f:
                f.write(armored)
            return raw, path, self.crowd.fprs[self.crowd.people[i]]
        with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
            return list(pool.map(one, range(count)))

    # ---- the daemon ----
    def start(self):
        self.errors = open(os.path.join(self.root, "embargod.log"), "ab")
        self.daemon = subprocess.Popen([os.path.join(BUILD, "embargod"), "-c", self.conf], stderr=self.errors, env=self.env)
        for _ in range(600):  # the socket comes when all is ready
            if self.daemon.poll() is not None or os.path.exists(os.path.join(self.dir, "control")):
                break
            time.sleep(0.05)
        else:
            self.daemon.kill()
        if self.daemon.poll() is None:
            return
        raise RuntimeError("the daemon does not start: " + open(self.errors.name).read())

    def stop(self):
        self.daemon.terminate()
        code = self.daemon.wait(60)
        self.errors.close()
        expect(code == 0, "embargod ended with %s" % code, open(self.errors.name).read()[-3000:])

    def end(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
        super().end()

    def processes(self):
        """{name: (cpu seconds with those of ended children, peak RSS in MiB)} of the daemon and its helpers."""
        parents, found = {}, {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as f:
                    stat = f.read()
                with open("/proc/%s/status" % pid) as f:
                    peak = int(re.search(r"VmHWM:\s*(\d+)", f.read() + "VmHWM: 0").group(1))
            except OSError:
                continue
            name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
            parents[int(pid)] = int(rest[1]), name, sum(map(int, rest[11:15])) / os.sysconf("SC_CLK_TCK"), peak / 1024
        for pid, (parent, name, cpu, peak) in parents.items():
            above = pid
            while above in parents and above != self.daemon.pid:
                above = parents[above][0]
            if above == self.daemon.pid:
                had = found.get(name, (0, 0))
                found[name] = (had[0] + cpu, max(had[1], peak))
        return found

    def through(self, sink, letters, wait=60):
        """All at once into the mailbox -> seconds until the last of the three mails a report is at the server."""
        before = len(sink.got)
        cpu = self.processes()
        names = [self._put(raw) for raw, _, _ in letters]
        begun = time.monotonic()
        for name in names:
            os.rename(os.path.join(self.inbox, "tmp", name), os.path.join(self.inbox, "new", name))
        want = len(letters) * (1 + len(self.analysts))
        expect(sink.wait(before + want, wait), "only %d of %d mails came" % (len(sink.got) - before, want),
               open(self.errors.name).read()[-3000:])
        spent = sink.got[before + want - 1][0] - begun
        after = self.processes()
        self.cpu = {k: v[0] - cpu.get(k, (0, 0))[0] for k, v in after.items()}
        return spent

    def _put(self, raw):
        name = "%d.%d.bench" % (time.time_ns(), os.getpid())
        with open(os.path.join(self.inbox, "tmp", name), "wb") as f:
            f.write(raw.replace(b"\r\n", b"\n"))
        return name

    def latencies(self, sink, letters):
        """One at a time -> ms from the delivery to the acknowledgement at the server."""
        out = []
        for raw, _, fpr in letters:
            before = len(sink.got)
            name = self._put(raw)
            begun = time.monotonic()
            os.rename(os.path.join(self.inbox, "tmp", name), os.path.join(self.inbox, "new", name))
            expect(sink.wait(before + 1 + len(self.analysts), 60), "no acknowledgement")
            ack = next(t for t, to in sink.got[before:] if not to.endswith("@pumps.example"))
            out.append((ack - begun) * 1000)
        return out

    # ---- the bare limit ----
    def bare_home(self):
        home = os.path.join(self.root, "bare")
        os.mkdir(home, 0o700)
        me = Person.__new__(Person)
        me.home = home
        shutil.copytree(os.path.join(self.dir, "gnupg", "private-keys-v1.d"), os.path.join(home, "private-keys-v1.d"))
        for key in [self.key, self.crowd.gpg("--export")] + [a.public() for a in self.analysts]:
            me.gpg("--import", data=key)
        with open(os.path.join(home, "gpg.conf"), "w") as f:
            f.write("batch\nno-tty\ntrust-model always\nno-auto-check-trustdb\nlock-never\nno-random-seed-file\ndisable-dirmngr\n")
        self.people.append(me)
        return home


def say(*words):
    print(*words, flush=True)


def main():
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left running
    b = Bench()
    with Sink(b.certs.good) as sink, b:
        b.prepare(sink)
        say("%d reporters with keys, two analysts, %d cores; making the reports" % (N, CORES))
        first, known, known2 = b.letters(1, key=True), b.letters(2), b.letters(3, count=LATENCY_N)
        b.bare_dir = b.bare_home()
        if not os.environ.get("BENCH_LARGE_ONLY"):
            measure(b, sink, first, known, known2)
        large(b, sink)
    say("%.0f s in all" % (time.monotonic() - begun))


def measure(b, sink, first, known, known2):
    b.start()
    first_s = b.through(sink, first)
    bare1, _ = bare(b, known, CORES)
    known_s = b.through(sink, known)
    cpu = b.cpu
    bare2, _ = bare(b, known, CORES)
    ms = b.latencies(sink, known2)
    _, own = bare(b, known2, 1)
    peak = b.processes()
    b.stop()
    bare_s = (bare1 + bare2) / 2
    say("bare gpgme (decrypt+verify, 3 x sign+encrypt): %6.1f reports/s (two runs: %.1f s and %.1f s)" % (N / bare_s, bare1, bare2))
    say("embargod, reporters whose keys it knows:       %6.1f reports/s   ratio %.2f" % (N / known_s, bare_s / known_s))
    say("embargod, first letters with the key attached: %6.1f reports/s   ratio %.2f" % (N / first_s, bare_s / first_s))
    say("CPU a report (ms, known keys; gpg's counts in its worker):")
    say("   " + "  ".join("%s %.1f" % (k.replace("embargod", "e"), v * 1000 / N) for k, v in sorted(cpu.items(), key=lambda i: -i[1])))
    say("delivery -> acknowledgement: median %.0f ms, worst %.0f ms; of that the OpenPGP operations bare, one after the other: %.0f ms"
        % (statistics.median(ms), max(ms), own))
    say("peak RSS at 8 KiB (MiB): " + "  ".join("%s %.1f" % (k, v[1]) for k, v in sorted(peak.items())))


def large(b, sink):
    letters = b.letters(4, count=2, attached=LARGE)
    size = max(len(raw) for raw, _, _ in letters)
    b.start()
    seconds = b.through(sink, letters, 300)
    peak = b.processes()
    b.stop()
    say("two letters of %.1f MiB: %.1f s; peak RSS (MiB, goal of embargod %.0f): %s"
        % (size / 2**20, seconds, 64 + 3 * size / 2**20, "  ".join("%s %.1f" % (k, v[1]) for k, v in sorted(peak.items()))))


def bare(b, letters, workers):
    said = "".join("%s %s\n" % (path, fpr) for _, path, fpr in letters)
    r = subprocess.run([os.path.join(BUILD, "bench_bare"), b.bare_dir, b.fpr, str(workers), ",".join(a.fpr for a in b.analysts)],
                       input=said.encode(), capture_output=True)
    expect(r.returncode == 0, "bare", r.stderr.decode())
    _, seconds, mean = r.stdout.decode().split()
    return float(seconds), float(mean)


if __name__ == "__main__":
    main()
