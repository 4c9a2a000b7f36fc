#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad days, through the whole daemon: what the analysts get, what the reporter gets, that nothing is lost and no other
letter waits for it."""
import base64
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import openpgp  # noqa: E402
from gateway import BUILD, SRC, expect  # noqa: E402
from story import SECRET, main, wait  # noqa: E402

CORPUS = os.path.join(SRC, "tests", "corpus", "pgp")


# ---- letters ----
def letter(s, sender, armor):
    """PGP/MIME around any bytes, from somebody without a key; the subject is dots."""
    return s.robin.wrap([("From", sender), ("To", s.ADDRESS), ("Subject", ""), ("Date", "Mon, 06 Jul 2026 10:00:00 +0000"),
                         ("Message-ID", "<%s>" % sender)], armor)


def entity(text):
    return b"Content-Type: text/plain\r\n\r\n" + text.encode() + b"\r\n"


def gpg_to_us(s, data, *options):
    return s.robin.gpg("--encrypt", "-r", s.fpr, *options, data=data)


def without_mdc(s):
    """To us and to Robin, who learns the session key and packs the text anew without integrity protection."""
    both = gpg_to_us(s, b"x", "-r", s.robin.fpr)
    _, said, _ = s.robin.gpg("--show-session-key", "--decrypt", data=both, status=True)
    algorithm, key = re.search(r"SESSION_KEY (\d+):(\w+)", said).groups()
    expect(algorithm == "9", "AES-256 was used", said)
    literal = openpgp.packet(11, b"b\x00\x00\x00\x00\x00" + entity(SECRET))
    ours = next(raw for tag, _, raw in openpgp.split(both) if tag == 1)
    return openpgp.without_integrity(ours, key, literal)


def tampered(s):
    data = bytearray(gpg_to_us(s, entity(SECRET)))
    data[-30] ^= 1
    return bytes(data)


def bomb(s):
    with open(os.path.join(CORPUS, "bomb-inside.bin"), "rb") as f:
        data = gpg_to_us(s, f.read(), "--no-literal", "-z", "0")
    expect(len(data) < 2500, "1 GiB in about 2 KB", len(data))
    return data


def cannot_be_decrypted(s):
    """Each is quarantined with advice, its sender answered once and without content; the good letters between them go through."""
    other = s.person("Other", "other@x.example")
    s.robin.learn(other.public())
    data = {"tampered": tampered(s), "nomdc": without_mdc(s), "bomb": bomb(s),
            "passphrase": s.robin.gpg("--symmetric", "--passphrase", "secret", data=entity(SECRET)),
            "elsewhere": s.robin.gpg("--encrypt", "-r", other.fpr, data=entity(SECRET))}
    says = {"tampered": ("damaged", "Send it again"), "nomdc": ("without integrity protection", "current OpenPGP program"),
            "bomb": ("larger than allowed", "Send less"), "passphrase": ("passphrase only", "encrypt it to our key"),
            "elsewhere": ("to another key", "attached to our mails")}
    s.deliver(s.report(subject="the first"))
    for name, raw in data.items():
        s.deliver(letter(s, name + "@lab.example", openpgp.armored(raw)))
    half = s.robin.gpg("--encrypt", "-r", other.fpr, "-r", s.fpr, "--armor", data=entity("for two of us"))
    s.deliver(letter(s, "two@lab.example", half))
    s.once()
    quarantine = {q["id"]: q for q in s.ctl_json("quarantine", "list")}
    expect(len(quarantine) == len(data), "each of them is in quarantine", quarantine)
    titles = sorted(c["title"] for c in s.ctl_json("list", "all"))
    expect(titles == ["", "the first"], "the others are cases: also the one to two keys", titles)
    for analyst in (s.alice, s.bob):
        got = s.fresh(analyst)
        notes = {re.search(r"From: +(\w+)@", m.text).group(1): m for m in got if "quarantine" in m.subject}
        expect(sorted(notes) == sorted(data) and len(got) == len(data) + 2, "one notice for each, and the forwards", *[m.subject for m in got])
        for name, m in notes.items():
            number = re.search(r"Number: +(\d+)", m.text).group(1)
            expect(m.encrypted and m.signer == s.fpr and says[name][0] in m.text and "this advice:" in m.text and says[name][1] in m.text
                   and "embargoctl quarantine release " + number in m.text, "what it is and what to do", m.text)
            expect(int(number) in quarantine and SECRET not in m.text, "its number is that of the list")
        expect("Import that secret key" in notes["elsewhere"].text and other_id(s, other) in notes["elsewhere"].text, "which key it is for",
               notes["elsewhere"].text)
    answers = {to.split("@")[0]: raw for _, _, to, _, raw in s.out() if to.endswith("@lab.example")}
    for name in data:
        m = s.robin.open(answers[name])
        expect(not m.encrypted and m.signer == s.fpr and "openpgp-key.asc" in m.attachments, "%s: our key, signed" % name, m.text)
        expect(says[name][0] in m.text and says[name][1] in m.text and m.outer["Auto-Submitted"] == "auto-replied", "what was wrong", m.text)
        expect(SECRET not in answers[name].decode(), "no word of the letter")
    expect(len(answers) == len(data) + 2, "each is answered once", sorted(answers))
    quarantine_is_worked_off(s, quarantine)


def other_id(s, other):
    listing = other.gpg("--with-colons", "--list-keys", other.fpr).decode().splitlines()
    return next(line.split(":")[4] for line in listing if line.startswith("sub:"))


def quarantine_is_worked_off(s, quarantine):
    """show, release and discard: what is released comes back unless it can be read now; what is discarded is gone."""
    first, second = sorted(quarantine)[:2]
    shown = s.ctl("quarantine", "show", str(first))
    expect(quarantine[first]["reason"] in shown and "BEGIN PGP MESSAGE" in shown and "tampered@lab.example" in shown, "show", shown[:500])
    before = len(s.out())
    s.ctl("quarantine", "release", str(first))
    s.ctl("quarantine", "discard", str(second))
    expect("not in quarantine" in s.ctl("quarantine", "discard", str(second), code=1), "gone once")
    s.once()
    left = [q["id"] for q in s.ctl_json("quarantine", "list")]
    expect(first in left and second not in left and len(left) == len(quarantine) - 1, "the released one came back", left)
    new = s.out()[before:]
    expect(sorted(m[2] for m in new) == sorted([s.alice.address, s.bob.address]), "announced again, its sender not answered again",
           *[m[2] for m in new])
    expect("not answered (this sender had an acknowledgement already)" in s.fresh(s.alice)[0].text, "and the analysts know that")
    expect("sound" in s.ctl("check"), "the store is sound")


def revoke(person):
    with open(os.path.join(person.home, "openpgp-revocs.d", person.fpr + ".rev")) as f:
        person.gpg("--import", data=f.read().replace(":-----BEGIN", "-----BEGIN").encode())


def signers(s):
    """Good by a key that nobody knows, by one that has expired, by one that is revoked: all are forwarded and say so; an answer goes in
    clear and without content to who has no usable key. Two days on: Late's key, good for one, is no more."""
    people = [s.person(n, n.lower() + "@lab.example", expire=e) for n, e in (("Unknown", "2y"), ("Late", "1d"), ("Gone", "2y"))]
    unknown, late, gone = people
    for p in people:
        p.learn(s.key)
    s.deliver(unknown.encrypted(s.ADDRESS, "from unknown", SECRET))
    s.deliver(late.encrypted(s.ADDRESS, "from late", SECRET, [("late.asc", late.public())]))
    outer, signed = gone._split(gone.draft(s.ADDRESS, "from gone", SECRET), True)
    signed = gone.gpg("--sign", "-z", "0", "-u", gone.fpr, data=signed)
    revoke(gone)
    outer.append(("Autocrypt", "addr=%s; keydata=%s" % (gone.address, base64.b64encode(gone.gpg("--export", gone.fpr)).decode())))
    s.deliver(gone.wrap(outer, gone.gpg("--armor", "--no-literal", "-z", "0", "--encrypt", "-r", s.fpr, data=signed)))
    s.once()
    for analyst in (s.alice, s.bob):
        got = {re.search(r"from \w+", m.subject).group(0): m.text for m in s.fresh(analyst)}
        expect(sorted(got) == ["from gone", "from late", "from unknown"] and all(SECRET in t for t in got.values()), "all are forwarded", *got)
        says = {name: re.search(r"Signature: +(.*)", got["from " + name]).group(1) for name in ("unknown", "late", "gone")}
        expect("unknown key" in says["unknown"] and unknown.fpr[-4:] in says["unknown"], "an unknown key", says)
        expect("expired" in says["late"] and "revoked" in says["gone"], "an expired and a revoked one", says)
    for p in people:
        ack = s.one(p, "acknowledgement")
        expect(not ack.encrypted and ack.signer == s.fpr and SECRET not in ack.raw.decode() and "from " + p.name.lower() not in ack.raw.decode(),
               "in clear, signed, without content", ack.text)
        expect("send us your own OpenPGP key" in ack.text, "and says what to do", ack.text)
    expect(not s.ctl_json("quarantine", "list") and len(s.ctl_json("list", "all")) == 3, "three cases")


def known_key_is_revoked(s):
    """A reporter whose key we know revokes it: from the letter that brings the revocation on, nothing is encrypted to it."""
    s.deliver(s.report())
    s.once()
    first = s.one(s.robin)
    expect(first.encrypted, "known and used")
    s.fresh(s.alice)
    stale = s.robin.public()
    revoke(s.robin)

    def comes(key):
        s.deliver(s.robin.encrypted(s.ADDRESS, "Re: x", "My key was stolen.\n", [("robin.asc", key)], sign=False, reply_to=first))
        s.once()
        return s.one(s.alice)

    fw = comes(s.robin.public())
    expect("It revokes the key" in fw.text and "Ask for a new one" in fw.text, "the analysts are told", fw.text)
    for again in (False, True):
        r = s.command(s.alice, "#reply\nThank you.\n", fw)
        expect("FAILED" in r.text and "revoked" in r.text and "ask for a new key" in " ".join(r.text.split()), "no reply to a revoked key", r.text)
        expect(not s.fresh(s.robin), "nothing went out")
        fw = fw if again else comes(stale)  # an old copy of the key does not make it usable again


def odd_headers(s):
    """No Message-ID; a Message-ID that another letter had; 8-bit bytes, a line without a colon, no From, no Date: all are read."""
    def clear(name, head, text):
        return ("From: %s <%s@odd.example>\r\nTo: %s\r\n%s\r\n%s\r\n" % (name, name, s.ADDRESS, head, text)).encode("latin-1")

    letters = {"noid": clear("noid", "Subject: noid\r\n", "one"),
               "same1": clear("same1", "Subject: same1\r\nMessage-ID: <x@odd.example>\r\n", "first content"),
               "same2": clear("same2", "Subject: same2\r\nMessage-ID: <x@odd.example>\r\n", "other content"),
               "again": clear("same1", "Subject: again\r\nMessage-ID: <x@odd.example>\r\n", "first content, changed"),
               "bytes": clear("bytes", "Subject: bytes \xe4\xf6\xff\r\nX-\xfc: \xe9\r\nThis line has no colon\r\nMessage-ID: <b@odd.example>\r\n",
                              "caf\xe9"),
               "nofrom": ("To: %s\r\nSubject: nofrom\r\n\r\nwho am I\r\n" % s.ADDRESS).encode()}
    for raw in letters.values():
        s.deliver(raw)
    s.deliver(s.report(subject="the good one"))
    s.once()
    for analyst in (s.alice, s.bob):
        got = s.fresh(analyst)
        expect(len(got) == 7, "every letter is forwarded", *[m.subject for m in got])
        for word, text in (("noid", "one"), ("same1", "first content"), ("same2", "other content"), ("again", "first content, changed"),
                           ("bytes", "caf\u00e9"), ("nofrom", "who am I"), ("the good one", SECRET)):
            m = [m for m in got if word in m.subject]
            expect(len(m) == 1 and text in m[0].text, "%s: with its content" % word, *[x.subject for x in got])
    to = sorted(m[2] for m in s.out() if m[2].endswith("@odd.example"))
    expect(to == ["%s@odd.example" % n for n in ("bytes", "noid", "same1", "same2")], "each sender is acknowledged once", to)
    expect(not s.ctl_json("quarantine", "list") and not s.box(".") and len(s.box(".Processed")) == 7, "nothing is left over")


# ---- days ----
def in_hand(s, d, number):
    """Letter NUMBER has been given to a helper: after its record one more round of the daemon's loop was seen."""
    d.says('msg="letter recorded" letter=%d ' % number)
    s.ctl("status")


def handled_once(s, mails=3):
    """One case, one acknowledgement, one forward to each analyst, nothing in quarantine."""
    wait(lambda: len(s.out()) >= mails, "%d mails leave" % mails)
    wait(lambda: len(s.box(".Processed")) == 1, "the letter is moved")
    expect(s.one(s.robin, "acknowledgement").encrypted, "the reporter is acknowledged")
    expect(SECRET in s.one(s.alice, "forward").text and SECRET in s.one(s.bob, "forward").text, "both analysts have it")
    expect(len(s.ctl_json("list", "all")) == 1 and not s.ctl_json("quarantine", "list"), "one case, no quarantine")


def parser_is_killed(s):
    """kill -9 of embargod-parse with a letter in its hands."""
    with s.daemon() as d:
        d.says("keys ready")
        pid = d.one_child("embargod-parse")[0]
        os.kill(pid, signal.SIGSTOP)
        s.deliver(s.report())
        in_hand(s, d, 1)
        os.kill(pid, signal.SIGKILL)
        handled_once(s)
        expect(d.log().count("letter not handled") == 1 and "attempt=1 then=recorded" in d.log(), "it cost one attempt", d.log())


def decrypter_is_killed(s):
    """kill -9 of the embargod-crypt that works on a letter, then of the gpg that does: gpg-agent is stopped, so both are at it."""
    with s.daemon() as d:
        d.says("keys ready")
        agent = d.one_child("gpg-agent")[0]
        os.kill(agent, signal.SIGSTOP)
        s.deliver(s.report())
        gpg, crypt = d.one_child("gpg", argument="--decrypt")
        os.kill(crypt, signal.SIGKILL)
        d.says("attempt=1 then=recorded")
        gpg, _ = d.one_child("gpg", but=gpg, argument="--decrypt")
        os.kill(gpg, signal.SIGKILL)
        os.kill(agent, signal.SIGCONT)
        handled_once(s)
        expect("attempt=3" not in d.log() and "quarantined" not in d.log(), "at most two attempts", d.log())


def agent_dies(s):
    """gpg-agent dead, and its keeper held up so that it stays dead: the letter is held, nobody is told that it cannot be decrypted. With
    a new agent it is handled at once."""
    with s.daemon() as d:
        d.says("keys ready")
        agent, keeper = d.one_child("gpg-agent")
        os.kill(keeper, signal.SIGSTOP)
        os.kill(agent, signal.SIGKILL)
        s.deliver(s.report())
        d.says("then=held")
        q = s.ctl_json("quarantine", "list")
        expect([x["state"] for x in q] == ["held"] and "gpg-agent" in q[0]["reason"], "held, and it says why", q)
        expect(not s.out() and "1 held" in s.ctl("status"), "nobody is told anything wrong")
        os.kill(keeper, signal.SIGCONT)
        d.says("gpg-agent has ended")
        wait(lambda: len(s.out()) == 3, "it is handled without waiting for its hour", 30)
        handled_once(s)


def held_until_reload(s):
    """The only analysts' keys have expired: the letter is held. A renewed key and a reload, and it is handled at once."""
    with s.daemon() as d:
        s.deliver(s.report())
        d.says("letter held: no analyst can be reached")
        q = s.ctl_json("quarantine", "list")
        expect(q[0]["state"] == "held" and "key_file" in q[0]["reason"] and "reload" in q[0]["reason"], "what to do", q)
        expect(not s.out(), "and nothing has left")
        for p in (s.alice, s.bob):
            p.gpg("--quick-set-expire", p.fpr, "2y")
            p.gpg("--quick-set-expire", p.fpr, "2y", "*")
            with open(p.key_file, "wb") as f:
                f.write(p.public())
            name = p.name.split()[0].lower()
            with open(key_file_of(s, name), "wb") as f:
                f.write(p.public())
        d.reload()
        d.says("configuration reloaded")
        wait(lambda: len(s.out()) == 3, "it is handled at once", 30)
        handled_once(s)


def key_file_of(s, name):
    with open(s.conf) as f:
        text = f.read()
    path = re.search(r"analyst \"?%s\"? \{.*?key_file\s*=\s*\"?([^\"\n]+)\"?" % name, text, re.S).group(1)
    return os.path.join(s.dir, path)


def held_until_a_key(s):
    """Only Bob is on duty and his key has expired: held. Alice brings a key by #key: what is held is tried again at once."""
    s.set_conf("duty = yes", "duty = no")
    conf = open(s.conf).read()
    at = conf.index("analyst", conf.index("analyst") + 8)
    with open(s.conf, "w") as f:
        f.write(conf[:at] + conf[at:].replace("duty = no", "duty = yes", 1))
    with s.daemon() as d:
        s.deliver(s.report())
        d.says("letter held: no analyst can be reached")
        s.deliver(s.alice.encrypted(s.ADDRESS, "keys", "#key import\n", [("cisa.asc", s.cisa.public())]))
        d.says('as=command')
        d.says("letter held: no analyst can be reached", 2, 30)
        expect("Receipt" in s.one(s.alice).subject, "alice has her receipt")


def helper_missing_at_reload(s):
    """At a reload a helper's program is gone (an upgrade half done): the new configuration is in force and the log says so, and what is
    missing; the letter that comes meanwhile is handled when the program is back."""
    libexec = os.path.join(s.root, "libexec")
    os.mkdir(libexec)
    for name in ("parse", "crypt", "fetch", "send"):
        os.symlink(os.path.join(BUILD, "embargod-" + name), os.path.join(libexec, "embargod-" + name))
    s.env["EMBARGOD_LIBEXEC"] = libexec
    with s.daemon() as d:
        d.says("keys ready")
        os.rename(os.path.join(libexec, "embargod-parse"), os.path.join(libexec, "away"))
        s.set_conf("organisation = \"Example Pumps\"", "organisation = \"Renamed Pumps\"")
        d.reload()
        d.says("configuration reloaded")
        d.says("embargod-parse could not be started: install it there")
        expect("old configuration" not in d.log(), "it does not say that the old one is in force", d.log())
        s.deliver(s.report())
        in_hand(s, d, 1)
        os.rename(os.path.join(libexec, "away"), os.path.join(libexec, "embargod-parse"))
        wait(lambda: len(s.out()) == 3, "handled when it is back")
        expect("letter not handled" not in d.log(), "without costing an attempt", d.log())
        raw = next(m[4] for m in s.out() if m[2] == s.robin.address)
        expect("Renamed Pumps" in s.robin.open(raw).text, "the new configuration is in force")
        s.set_conf("organisation =", "organization =")
        d.reload()
        d.says("the old configuration stays in force")
        expect("organization" in d.log().split("old configuration stays")[0], "a refused reload says what is wrong", d.log())


def disk_full(s):
    """No file of the core may grow any more: to SQLite and to us that is a full disk. Nothing is lost; with room it goes on."""
    with s.daemon() as d:
        d.says("keys ready")
        s.deliver(s.report(subject="before"))
        wait(lambda: len(s.box(".Processed")) == 1, "one letter is handled")
        _, hard = resource.prlimit(d.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (64, hard))
        s.deliver(s.report(subject="during"))
        d.says("disk full: free some space where " + s.dir)
        expect("nothing is lost, trying again in 5 s" in d.log() or "the letter stays where it is" in d.log(), "and what happens", d.log())
        expect(len(s.box(".Processed")) == 1 and d.process.poll() is None, "the letter stays, the daemon too")
        resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (hard, hard))
        wait(lambda: len(s.box(".Processed")) == 2, "it goes on when there is room")
        wait(lambda: len(s.out()) == 6, "two forwards each, two acknowledgements")
    expect(sorted(c["title"] for c in s.ctl_json("list", "all")) == ["before", "during"], "both are cases")
    expect("sound" in s.ctl("check"), "the store is sound")


def run_with_file_limit(s, limit):
    prepare = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1)); os.execv(sys.argv[2], sys.argv[2:])"
    r = subprocess.run([sys.executable, "-c", prepare, str(limit), os.path.join(BUILD, "embargod"), "--once", "-c", s.conf],
                       capture_output=True, env=s.env)
    return r.returncode, r.stderr.decode()


def disk_full_once(s):
    """The same for a run by cron, full from its start and full in its midst: it says what to do, ends with 75, the next run does it all."""
    s.deliver(s.report())
    for limit, ending in ((64, "cannot start"), (45000, "nothing is lost, run it again")):
        code, said = run_with_file_limit(s, limit)
        expect(code == 75 and "disk full: free some space where " + s.dir in said and ending in said, "75, and what to do", code, said)
        expect(not s.out() and len(s.box(".")) == 1, "nothing left, nothing moved")
    s.once()
    handled_once(s)


FULL = r"""
mount -t tmpfs -o size=24m none "$SITE" || exit 77
cp -a "$SITE.saved/." "$SITE"
fill() { dd if=/dev/zero of="$SITE/filler" bs=4k 2>/dev/null; truncate -s "-$1" "$SITE/filler"; }
run() { "$BUILD/embargod" --once -c "$SITE/embargod.conf" 2>>"$SITE.log"; echo "$1 $?"; rm -f "$SITE/filler"; }
fill 0; run full
for room in 40960 98304 196608 393216; do fill $room; run $room; done
run room
rm -rf "$SITE.saved"; cp -a "$SITE" "$SITE.saved"
"""


def file_system_full(s):
    """A file system of its own (in a mount namespace), full to the last block, and with room for less and less of the work: each run ends
    with 75 and its reason or does it all, once."""
    s.deliver(s.report())
    shutil.copytree(s.dir, s.dir + ".saved", ignore=lambda folder, names: [n for n in names if n.startswith("S.")])
    r = subprocess.run(["unshare", "-rm", "sh", "-c", FULL], capture_output=True, env=dict(s.env, SITE=s.dir, BUILD=BUILD))
    if r.returncode == 77 or b"unshare failed" in r.stderr:
        print("skipped  file_system_full: no mount namespace for us here: %s" % r.stderr.decode().strip(), flush=True)
        return
    with open(s.dir + ".log") as f:
        said = f.read()
    ends = dict(line.split() for line in r.stdout.decode().splitlines())
    expect(ends.get("full") == "75" and ends.get("room") == "0" and set(ends.values()) <= {"0", "75"}, "75 or all is done", ends, said)
    expect("disk full: free some space where " + s.dir in said, "and what to do", said)
    shutil.rmtree(s.dir)
    os.rename(s.dir + ".saved", s.dir)
    handled_once(s)
    expect("sound" in s.ctl("check"), "the store is sound")


def store_is_locked(s):
    """Another program has the store open for writing: it is named as the trouble, and the letter waits for its end. A second daemon:
    see one_daemon_one_store."""
    other = sqlite3.connect(os.path.join(s.dir, "embargod.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    s.deliver(s.report())
    mark = len(s.log)
    s.once(code=75)
    expect("embargod.db is in use by another program: end it" in s.log[mark:], "what to do", s.log[mark:])
    expect(not s.out() and len(s.box(".")) == 1, "the letter lies where it was")
    other.execute("ROLLBACK")
    other.close()
    s.once()
    handled_once(s)


def says(s, *words):
    """embargod -t finds problems, each of them with the words of one line."""
    r = subprocess.run([os.path.join(BUILD, "embargod"), "-t", "-c", s.conf], capture_output=True, env=s.env)
    said = r.stdout.decode()
    expect(r.returncode == 78 and said.splitlines()[-1] == "%d problem%s" % (len(words), "" if len(words) == 1 else "s"), "problems are counted",
           r.returncode, said, r.stderr.decode())
    for want in words:
        expect(any(all(w in line for w in want) for line in said.splitlines()), "a line with %s is missing" % (want,), said)


def line_of(s, words):
    with open(s.conf) as f:
        return "%s:%d: " % (os.path.realpath(s.conf), next(n for n, line in enumerate(f, 1) if words in line))


def configuration_errors(s):
    """Each kind of error is named with file, line and what to do, and several at once; a daemon does not start with one."""
    r = subprocess.run([os.path.join(BUILD, "embargod"), "-t", "-c", s.conf], capture_output=True, env=s.env)
    expect(r.returncode == 0 and "all well" in r.stdout.decode(), "as init made it, all is well", r.stdout.decode())
    with open(s.conf) as f:
        good = f.read()

    def with_conf(text):
        with open(s.conf, "w") as f:
            f.write(text)

    with_conf("frobnicate = 7\n" + good)
    says(s, (line_of(s, "frobnicate"), "frobnicate", "embargod.conf(5)"))
    with_conf('case_prefix = "emb 1"\nembargo_days = soon\nmax_message = 7\nbounce = maybe\n' + good.replace("UTC", "Mars/Olympus"))
    says(s, (":1: ", "case_prefix = emb 1", "letters A-Z"), (line_of(s, "embargo_days"), "embargo_days"), (line_of(s, "max_message"), "max_message"),
         (line_of(s, 'zone = "Mars'), "zone = Mars/Olympus", "Europe/Berlin"), (":4: ", "bounce"))
    with_conf(good)
    alice, master = key_file_of(s, "alice"), os.path.join(s.dir, "master.key")
    os.rename(alice, alice + ".away")
    says(s, (line_of(s, alice[len(s.dir) + 1:]).split(":")[0] + ":", "key_file of alice", "is not there", "gpg --export"))
    expect(s.once(code=78) == 78, "nor does it start")
    with open(alice, "wb") as f:
        f.write(s.bob.public())
    says(s, ("key of analyst alice", alice, "no key with the configured fingerprint", os.path.realpath(s.conf) + ":"))
    os.rename(alice + ".away", alice)
    with_conf(good.replace("address = \"alice@pumps.example\"", "address = \"alice@elsewhere.example\""))
    says(s, ("key of analyst alice", "alice@elsewhere.example", os.path.realpath(s.conf) + ":"))
    with_conf(good)
    os.chmod(master, 0o644)
    says(s, ("master.key", "0644", "chmod 600"))
    os.chmod(master, 0o600)
    templates = os.path.join(s.root, "templates")
    shutil.copytree(os.path.join(SRC, "templates"), templates)
    with open(os.path.join(templates, "en", "ack", "full.txt"), "a") as f:
        f.write("{{frobnicate}}\n")
    lines = open(f.name).read().count("\n")
    with_conf('template_dir = "%s"\n' % templates + good)
    says(s, ("%s:%d: " % (f.name, lines), "frobnicate"))
    expect(s.once(code=78) == 78 and "frobnicate" in s.log, "nor does it start with an unknown variable")


def our_key_is_missing(s):
    """The gateway's secret key is gone: the daemon runs, says so and what to do; letters are kept; once it is back, a reload is enough."""
    keys = os.path.join(s.dir, "gnupg", "private-keys-v1.d")
    os.rename(keys, keys + ".away")
    s.deliver(s.report())
    mark = len(s.log)
    s.once(code=75)
    expect("holds no usable secret key" in s.log[mark:] and "import it from your backup" in s.log[mark:], "what to do", s.log[mark:])
    with s.daemon() as d:
        d.says("no letter can be handled")
        expect("no letter can be handled" in s.ctl("status") and "no usable secret key" in s.ctl("status"), "status says it", s.ctl("status"))
        s.deliver(s.robin.plain(s.ADDRESS, "in clear", "a letter in clear\n"))
        d.says("letter recorded", 1)
        expect(not s.out(), "nothing unsigned leaves")
        if os.path.exists(keys):
            shutil.rmtree(keys)
        os.rename(keys + ".away", keys)
        d.reload()
        wait(lambda: len(s.box(".Processed")) == 2, "both are handled after the reload", 30)
    expect(len(s.ctl_json("list", "all")) == 2 and not s.ctl_json("quarantine", "list"), "two cases")


STORIES = [cannot_be_decrypted, signers, known_key_is_revoked, odd_headers, parser_is_killed, decrypter_is_killed, agent_dies, held_until_reload, held_until_a_key,
           helper_missing_at_reload, disk_full, disk_full_once, file_system_full, store_is_locked,
           configuration_errors, our_key_is_missing]
SETUP = {signers: {"env": {"EMBARGOD_FAKE_TIME": "+172800"}},
         held_until_reload: {"alice_expire": "1d", "bob_expire": "1d", "env": {"EMBARGOD_FAKE_TIME": "+172800"}},
         held_until_a_key: {"bob_expire": "1d", "env": {"EMBARGOD_FAKE_TIME": "+172800"}}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
