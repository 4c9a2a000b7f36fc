#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""embargod-fetch against scripted IMAP servers that vanish, hang or lie at each command. No letter may be lost."""
import os
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certs import Certs, have_openssl  # noqa: E402

if not have_openssl():
    print("SKIP: openssl is missing (package openssl)")
    sys.exit(77)

from channel import C, build_folder  # noqa: E402
from fake_imap import CAPABILITY, FakeImap  # noqa: E402
from fetch_driver import Mailbox  # noqa: E402

FOLDER = tempfile.mkdtemp()
CERTS = Certs(os.path.join(FOLDER, "certs"))
SECRET = "SECRET-pass-word"
LETTERS = [b"Subject: %d\r\n\r\nbody %d\r\n" % (i, i) for i in range(3)]
TIMEOUT_MS = 10000
SHORT_MS = 1500  # where a server hangs on purpose


def sanitized():
    try:
        with open(os.path.join(build_folder(), "config.h")) as f:
            return "#define EMBARGOD_SANITIZERS 1" in f.read()
    except OSError:
        return False


PEAK_KIB = (600 if sanitized() else 64) * 1024


def mailbox(server, **settings):
    settings.setdefault("ca_file", CERTS.ca)
    settings.setdefault("timeout_ms", TIMEOUT_MS)
    return Mailbox(server.url, password=SECRET, **settings)


class BadDays(unittest.TestCase):
    """The server goes at each command in turn: the letters come all the same, each is settled, none is lost."""

    def undisturbed(self, **server_options):
        with FakeImap(CERTS.good, LETTERS, **server_options) as server, mailbox(server) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3), m.texts)
            self.assertTrue(m.until(lambda: "IDLE" in server.commands or "IDLE" not in server.capability))
            return list(server.commands)

    def one(self, action, at, **server_options):
        script = {(0, at): action}
        with FakeImap(CERTS.good, LETTERS, script=script, **server_options) as server, \
                mailbox(server, timeout_ms=SHORT_MS if action == "hang" else TIMEOUT_MS) as m:
            if not m.until(lambda: len(set(m.settled)) == 3 and m.down()):
                return "%s at %s: settled %r, states %r, commands %r" % (action, at, m.settled, m.texts, server.commands)
            moved = sorted(server.boxes.get("Processed", {}).values())
            left = [u for u in server.boxes["INBOX"] if "\\Deleted" not in server.flags.get(u, ())]
            if m.bodies() != LETTERS or left or sorted(set(moved)) != LETTERS:
                return "%s at %s: got %r, moved %r, left %r" % (action, at, m.bodies(), moved, left)
            if m.deaths:
                return "%s at %s: the process died %d times" % (action, at, m.deaths)
            if not m.down_text() or "localhost" not in m.down_text():
                return "%s at %s: says only %r" % (action, at, m.down_text())
            return None

    def each(self, **server_options):
        count = len(self.undisturbed(**server_options))
        self.assertGreater(count, 10)
        cases = [(action, at) for at in ["greeting"] + list(range(count)) for action in ("close", "hang")]
        with ThreadPoolExecutor(20) as pool:  # they wait more than they work
            results = list(pool.map(lambda case: self.one(*case, **server_options), cases))
        self.assertEqual([r for r in results if r], [])
        print("%d ways to lose the server" % len(cases), file=sys.stderr)

    def test_gone_or_hanging_at_each_command(self):
        self.each()

    def test_gone_or_hanging_at_each_command_without_move(self):
        self.each(capability=CAPABILITY.replace(" MOVE", ""))

    def test_backs_off_and_recovers(self):
        server = FakeImap(CERTS.good, LETTERS, script={(i, "greeting"): "close" for i in range(3)})
        started = time.monotonic()
        with server, mailbox(server) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3))
            self.assertEqual(m.states.count(C.FETCH_DOWN), 3)
        self.assertGreater(time.monotonic() - started, 0.75 + 1.5 + 3)

    def test_settle_while_down_is_answered_at_once(self):
        server = FakeImap(CERTS.good, LETTERS, script={(0, "UID SEARCH"): "close", (1, "greeting"): "hang"})
        with server, mailbox(server, target=None, timeout_ms=SHORT_MS) as m:
            self.assertTrue(m.until(m.down))
            answer = m.call(C.FETCH_SETTLE, [(C.FETCH_TAG_FOLDER, "INBOX"), (C.FETCH_TAG_UIDVALIDITY, 77),
                                             (C.FETCH_TAG_UID, "1"), (C.FETCH_TAG_TARGET, "Processed")], 0.7)
            self.assertEqual((answer.type, answer.get(C.TAG_STATUS, int)), (C.CH_ERROR, C.ST_RETRY))

    def test_host_not_found(self):
        with Mailbox("imaps://me@no-such-host.invalid", timeout_ms=3000) as m:
            self.assertTrue(m.until(m.down))
            self.assertIn("host not found", m.down_text())

    def test_nobody_listens(self):
        server = FakeImap(CERTS.good)
        server.close()
        with mailbox(server) as m:
            self.assertTrue(m.until(m.down))
            self.assertIn("no connection", m.down_text())

    def test_a_letter_that_ends_the_connection_holds_up_no_other(self):
        server = FakeImap(CERTS.good, LETTERS)
        original = server.boxes["INBOX"]

        class Cursed(dict):
            def __getitem__(self, uid):
                if uid == 2 and self.armed:
                    raise ValueError("cut in the middle")
                return dict.__getitem__(self, uid)
        box = Cursed(original)
        box.armed = False
        server.boxes["INBOX"] = box
        with server, mailbox(server, want=False) as m:
            self.assertTrue(m.until(lambda: len(m.offers) == 3))
            self.assertTrue(m.until(lambda: "IDLE" in server.commands))
            real = [u for u in box]
            self.assertEqual(real, [1, 2, 3])
            box.armed = "body"
            box_get = dict.__getitem__

            def only_bodies(self_, uid):  # the size query passes, the body does not
                import sys as _sys
                frame = _sys._getframe(1)
                if uid == 2 and "BODY.PEEK[]" in frame.f_locals.get("what", ""):
                    raise ValueError("cut")
                return box_get(self_, uid)
            Cursed.__getitem__ = only_bodies
            m.helper.send(C.FETCH_WANT, [(C.FETCH_TAG_FOLDER, "INBOX"), (C.FETCH_TAG_UIDVALIDITY, 77)] +
                          [(C.FETCH_TAG_UID, str(i)) for i in (1, 2, 3)])
            self.assertTrue(m.until(lambda: {k[2] for k in m.letters} >= {"1", "3"}), (m.letters, m.texts))
            Cursed.__getitem__ = box_get
            self.assertTrue(m.until(lambda: len(m.letters) == 3), (m.letters, m.texts))
            self.assertEqual(m.bodies(), LETTERS)


class Lies(unittest.TestCase):
    """A hostile server can end the process, or be ignored; it can do no more."""

    LIES = {
        "no capabilities": ("CAPABILITY*", b"%TAG% OK nothing\r\n"),
        "no capabilities after the login": ((0, 2), b"%TAG% OK nothing\r\n"),
        "bye": ("UID SEARCH*", b"* BYE\r\n"),
        "bye and tag": ("SELECT*", b"* BYE gone\r\n%TAG% OK done\r\n"),
        "wrong tag": ("SELECT*", b"zzz OK\r\n"),
        "permanentflags": ("SELECT*", b"* OK [PERMANENTFLAGS\r\n* OK [PERMANENTFLAGS (\"x\" {3}\r\nabc)]\r\n%TAG% OK done\r\n"),
        "no uidvalidity": ("SELECT*", b"* 3 EXISTS\r\n%TAG% OK done\r\n"),
        "huge exists": ("SELECT*", b"* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n%TAG% OK done\r\n"),
        "search of nonsense": ("UID SEARCH*", b"* SEARCH 0 99999999999999999999 -1 x\r\n%TAG% OK done\r\n"),
        "search of the last uid": ("UID SEARCH*", b"* SEARCH 4294967295\r\n%TAG% OK done\r\n"),
        "huge literal": ("UID FETCH*", b"* 1 FETCH (UID 1 BODY[] {4294967290}\r\nxx"),
        "overflowing literal": ("UID FETCH*", b"* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\nxx)\r\n%TAG% OK done\r\n"),
        "negative literal": ("UID FETCH*", b"* 1 FETCH (UID 1 BODY[] {-1}\r\nxx)\r\n%TAG% OK done\r\n"),
        "nil body": ("UID FETCH*", b"* 1 FETCH (UID 1 RFC822.SIZE 5 BODY[] NIL)\r\n%TAG% OK done\r\n"),
        # a NUL in a quoted string ends it for libetpan: an empty letter, as this server deserves
        "quoted body": ("UID FETCH*", b"* 1 FETCH (UID 1 RFC822.SIZE 5 BODY[] \"\x00\\\"\xff\")\r\n%TAG% OK done\r\n"),
        "deep parens": ("UID FETCH*", b"* 1 FETCH (BODYSTRUCTURE " + b"(" * 200000 + b"\r\n%TAG% OK done\r\n"),
        "envelope": ("UID FETCH*", b"* 1 FETCH (UID 1 ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n%TAG% OK done\r\n"),
        "bad date": ("UID FETCH*", b'* 1 FETCH (UID 1 RFC822.SIZE 9 INTERNALDATE "99-Foo-99999 99:99:99 +9999")\r\n%TAG% OK done\r\n'),
        "binary": ("UID SEARCH*", bytes(range(256)) * 64 + b"\r\n%TAG% OK done\r\n"),
        "idle refused": ("IDLE*", b"%TAG% BAD no\r\n"),
        "exists before idling": ("IDLE", b"* 4 EXISTS\r\n+ idling\r\n"),
        "idle answers rubbish": ("IDLE*", b"+ ok\r\n" + b"* x\r\n" * 1000 + b"* BYE\r\n"),
    }

    def tell(self, item):
        name, (command, answer) = item
        quiet = name == "search of the last uid"  # nothing that it names is there: an empty mailbox
        with FakeImap(CERTS.good, LETTERS, script={command: answer}) as server, \
                mailbox(server, want=True, target=None, poll_s=1, timeout_ms=SHORT_MS) as m:
            m.until(lambda: m.down() or m.deaths or len(m.letters) == 3 or any(m.texts) or (quiet and "IDLE" in server.commands), 20)
            m.until(lambda: False, 1)
            wrong = [b for b in m.bodies() if b not in LETTERS and b != b""]
            if wrong:
                return "%s: %r" % (name, wrong[:1])
            for pid in [m.helper.process.pid]:
                with open("/proc/%d/status" % pid) as f:
                    peak = [int(line.split()[1]) for line in f if line.startswith("VmHWM")]
                if peak and peak[0] > PEAK_KIB:
                    return "%s: %d KiB" % (name, peak[0])
            if quiet:
                return None
            if not m.down() and not m.deaths and len(m.letters) < 3 and not m.offers and not any(m.texts):
                return "%s: neither letters nor a word about it (%r)" % (name, m.states)
            return None

    def test_lies(self):
        with ThreadPoolExecutor(len(self.LIES)) as pool:
            self.assertEqual([r for r in pool.map(self.tell, self.LIES.items()) if r], [])

    def test_endless_line(self):
        """Memory stays bounded: the answer to a command has a budget."""
        class Endless(bytes):
            pass
        server = FakeImap(CERTS.good, LETTERS, script={"SELECT*": b"* OK " + b"x" * (32 << 20)})
        with server, mailbox(server, timeout_ms=5000) as m:
            self.assertTrue(m.until(m.down))
            self.assertIn("much more than was asked for", m.down_text())
            with open("/proc/%d/status" % m.helper.process.pid) as f:
                peak = [int(line.split()[1]) for line in f if line.startswith("VmHWM")][0]
            self.assertLess(peak, PEAK_KIB)

    def test_dripping(self):
        """A byte now and then is no progress for ever."""
        server = FakeImap(CERTS.good, LETTERS)
        import fake_imap

        def drip(self_, tag, args):
            while not self_.server.closing:
                self_.send(b"x")
                time.sleep(0.1)
        original = fake_imap.Connection.do_uid_search
        fake_imap.Connection.do_uid_search = drip
        try:
            with server, mailbox(server, timeout_ms=300) as m:
                self.assertTrue(m.until(m.down))
                self.assertIn("in time", m.down_text())
        finally:
            fake_imap.Connection.do_uid_search = original


if __name__ == "__main__":
    unittest.main(verbosity=2)
