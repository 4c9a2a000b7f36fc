#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""embargod-fetch against scripted IMAP servers: refused certificates, stripped STARTTLS, servers that vanish, hang or
lie at each command. Nothing secret may leave before the server is verified; no letter may be lost."""
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

from channel import C  # noqa: E402
from fake_imap import CAPABILITY, FakeImap  # noqa: E402
from fetch_driver import Mailbox  # noqa: E402

FOLDER = tempfile.mkdtemp()
CERTS = Certs(os.path.join(FOLDER, "certs"))
SECRET = "SECRET-pass-word"
LETTERS = [b"Subject: %d\r\n\r\nbody %d\r\n" % (i, i) for i in range(3)]
TIMEOUT_MS = 700


def mailbox(server, **settings):
    settings.setdefault("ca_file", CERTS.ca)
    settings.setdefault("timeout_ms", TIMEOUT_MS)
    return Mailbox(server.url, password=SECRET, **settings)


def secret_forms():
    import base64
    plain = base64.b64encode(b"\0me\0" + SECRET.encode())
    return [SECRET.encode(), plain, plain[:16], b"AUTHENTICATE", b"LOGIN"]


class Refused(unittest.TestCase):
    """The server is not the one that was meant."""

    def refuses(self, server, *words, status=None, **settings):
        with server, mailbox(server, **settings) as m:
            self.assertTrue(m.until(m.down), "no DOWN")
            answer = m.call(C.FETCH_SCAN)
            self.assertEqual(answer.type, C.CH_ERROR)
            for word in words:
                self.assertIn(word, m.down_text())
            self.assertEqual(m.statuses[m.states.index(C.FETCH_DOWN)], C.ST_DENIED if status is None else status)
            self.assertNotIn(C.FETCH_ONLINE, m.states)
            for form in secret_forms():
                self.assertNotIn(form, server.heard)
            self.assertGreater(server.connections, 0)

    def test_wrong_host(self):
        self.refuses(FakeImap(CERTS.wrong_host), "localhost", "tls_ca_file", "nothing was sent")

    def test_wrong_host_with_starttls(self):
        self.refuses(FakeImap(CERTS.wrong_host, starttls=True), "tls_ca_file")

    def test_self_signed(self):
        self.refuses(FakeImap(CERTS.self_signed), "tls_ca_file")

    def test_self_signed_with_starttls(self):
        self.refuses(FakeImap(CERTS.self_signed, starttls=True), "tls_ca_file")

    def test_expired(self):
        self.refuses(FakeImap(CERTS.expired), "tls_ca_file")

    def test_unknown_ca(self):
        other = Certs(os.path.join(FOLDER, "other"))
        self.refuses(FakeImap(CERTS.good), "tls_ca_file", ca_file=other.ca)

    def test_system_cas_do_not_know_our_ca(self):
        self.refuses(FakeImap(CERTS.good), "tls_ca_file", ca_file=())

    def test_missing_ca_file(self):
        with FakeImap(CERTS.good) as server, mailbox(server, ca_file="/nonexistent/ca.pem") as m:
            self.assertTrue(m.until(m.down))
            self.assertIn("tls_ca_file", m.down_text())
            self.assertEqual(server.heard, b"")

    def test_pin_of_another_key(self):
        self.refuses(FakeImap(CERTS.good), "tls_fingerprint", fingerprint=CERTS.self_signed.pin)

    def test_pin_of_another_key_alone(self):
        self.refuses(FakeImap(CERTS.self_signed), "tls_fingerprint", ca_file=(), fingerprint=CERTS.good.pin)

    def test_pin_of_another_key_alone_with_starttls(self):
        self.refuses(FakeImap(CERTS.self_signed, starttls=True), "tls_fingerprint", ca_file=(),
                     fingerprint=CERTS.good.pin)

    def test_right_pin_does_not_replace_the_ca_that_was_given(self):
        self.refuses(FakeImap(CERTS.self_signed), "tls_ca_file", fingerprint=CERTS.self_signed.pin)

    def test_starttls_stripped(self):
        self.refuses(FakeImap(CERTS.good, starttls=True, strip=True), "STARTTLS", "imaps://")

    def test_starttls_refused(self):
        self.refuses(FakeImap(CERTS.good, starttls=True, script={"STARTTLS*": "no"}), "STARTTLS")

    def test_preauth_before_starttls(self):
        """A server that says it is logged in already would lead past STARTTLS (CVE-2021-33515 and its kind)."""
        server = FakeImap(CERTS.good, starttls=True, strip=True,
                          script={(0, "greeting"): b"* PREAUTH welcome\r\n", (1, "greeting"): b"* PREAUTH welcome\r\n"})
        self.refuses(server)

    def test_answers_injected_before_tls(self):
        server = FakeImap(CERTS.good, starttls=True,
                          script={"STARTTLS*": b"%TAG% OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"})
        self.refuses(server, status=C.ST_RETRY)

    def test_no_tls_at_all(self):
        server = FakeImap(CERTS.good, starttls=True)  # clear text on a port that is called imaps://
        server_url = server.url.replace("imap+starttls", "imaps")
        with server, Mailbox(server_url, password=SECRET, ca_file=CERTS.ca, timeout_ms=TIMEOUT_MS) as m:
            self.assertTrue(m.until(m.down))
            self.assertNotIn(SECRET.encode(), server.heard)


class Trusted(unittest.TestCase):
    def fetches(self, server, **settings):
        with server, mailbox(server, **settings) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == len(LETTERS)), m.texts)
            self.assertEqual(m.bodies(), LETTERS)

    def test_ca(self):
        self.fetches(FakeImap(CERTS.good, LETTERS))

    def test_ca_with_starttls(self):
        self.fetches(FakeImap(CERTS.good, LETTERS, starttls=True))

    def test_pin_alone(self):
        self.fetches(FakeImap(CERTS.self_signed, LETTERS), ca_file=(), fingerprint=CERTS.self_signed.pin)

    def test_pin_in_curls_form_and_ca(self):
        self.fetches(FakeImap(CERTS.good, LETTERS), fingerprint="sha256//" + CERTS.good.pin)

    def test_login_command(self):
        """auth = login speaks LOGIN: some servers offer no SASL at all."""
        self.fetches(FakeImap(CERTS.good, LETTERS, capability="IMAP4rev1"), auth="login")


class BadDays(unittest.TestCase):
    """The server goes at each command in turn: the letters come all the same, each is settled, none is lost."""

    def undisturbed(self, **server_options):
        with FakeImap(CERTS.good, LETTERS, **server_options) as server, mailbox(server) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3), m.texts)
            self.assertTrue(m.until(lambda: "IDLE" in server.commands or "IDLE" not in server.capability))
            return list(server.commands)

    def one(self, action, at, **server_options):
        script = {(0, at): action}
        with FakeImap(CERTS.good, LETTERS, script=script, **server_options) as server, mailbox(server) as m:
            if not m.until(lambda: len(set(m.settled)) == 3 and m.down(), 25):
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
        with ThreadPoolExecutor(8) as pool:
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
            self.assertTrue(m.until(lambda: len(m.settled) == 3, 20))
            self.assertEqual(m.states.count(C.FETCH_DOWN), 3)
        self.assertGreater(time.monotonic() - started, 0.75 + 1.5 + 3)

    def test_settle_while_down_is_answered_at_once(self):
        server = FakeImap(CERTS.good, LETTERS, script={(0, "UID SEARCH"): "close", (1, "greeting"): "hang"})
        with server, mailbox(server, target=None) as m:
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
            self.assertTrue(m.until(lambda: {k[2] for k in m.letters} >= {"1", "3"}, 20), (m.letters, m.texts))
            Cursed.__getitem__ = box_get
            self.assertTrue(m.until(lambda: len(m.letters) == 3, 30), (m.letters, m.texts))
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
        with FakeImap(CERTS.good, LETTERS, script={command: answer}) as server, \
                mailbox(server, want=True, target=None, poll_s=1) as m:
            m.until(lambda: False, 3)
            wrong = [b for b in m.bodies() if b not in LETTERS and b != b"\x00\"\xff"]
            if wrong:
                return "%s: %r" % (name, wrong[:1])
            for pid in [m.helper.process.pid]:
                with open("/proc/%d/status" % pid) as f:
                    peak = [int(line.split()[1]) for line in f if line.startswith("VmHWM")]
                if peak and peak[0] > 300 * 1024:
                    return "%s: %d KiB" % (name, peak[0])
            if name == "search of the last uid":  # nothing that it names is there: an empty mailbox
                return None
            if not m.down() and not m.deaths and len(m.letters) < 3 and not m.offers and not any(m.texts):
                return "%s: neither letters nor a word about it (%r)" % (name, m.states)
            return None

    def test_lies(self):
        with ThreadPoolExecutor(7) as pool:
            self.assertEqual([r for r in pool.map(self.tell, self.LIES.items()) if r], [])

    def test_endless_line(self):
        """Memory stays bounded: the answer to a command has a budget."""
        class Endless(bytes):
            pass
        server = FakeImap(CERTS.good, LETTERS, script={"SELECT*": b"* OK " + b"x" * (32 << 20)})
        with server, mailbox(server, timeout_ms=5000) as m:
            self.assertTrue(m.until(m.down, 20))
            self.assertIn("much more than was asked for", m.down_text())
            with open("/proc/%d/status" % m.helper.process.pid) as f:
                peak = [int(line.split()[1]) for line in f if line.startswith("VmHWM")][0]
            self.assertLess(peak, (300 if os.environ.get("EMBARGOD_SANITIZERS") else 64) * 1024)

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
                self.assertTrue(m.until(m.down, 30))
                self.assertIn("in time", m.down_text())
        finally:
            fake_imap.Connection.do_uid_search = original


class Capabilities(unittest.TestCase):
    def run_with(self, capability, letters=LETTERS):
        with FakeImap(CERTS.good, letters, capability=capability) as server, mailbox(server, poll_s=1) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3), m.texts)
            server.add(b"Subject: later\r\n\r\nx\r\n")
            self.assertTrue(m.until(lambda: len(m.settled) == 4), m.texts)
            self.assertEqual(len(set(m.settled)), 4)
            self.assertEqual(m.offered_twice, [])
            return server

    def test_move(self):
        server = self.run_with(CAPABILITY)
        self.assertEqual(server.boxes["INBOX"], {})
        self.assertEqual(len(server.boxes["Processed"]), 4)
        self.assertNotIn("UID COPY", server.commands)

    def test_copy_with_uidplus(self):
        server = self.run_with(CAPABILITY.replace(" MOVE", ""))
        self.assertEqual(server.boxes["INBOX"], {})
        self.assertEqual(len(server.boxes["Processed"]), 4)

    def test_copy_without_uidplus(self):
        server = self.run_with("IMAP4rev1 SASL-IR AUTH=PLAIN IDLE")
        self.assertEqual(len(server.boxes["INBOX"]), 4)  # EXPUNGE would take other people's deleted letters too
        self.assertTrue(all("\\Deleted" in server.flags[uid] for uid in server.boxes["INBOX"]))
        self.assertEqual(len(server.boxes["Processed"]), 4)
        self.assertNotIn("UID EXPUNGE", server.commands)
        self.assertNotIn("EXPUNGE", server.commands)

    def test_polling_without_idle(self):
        server = self.run_with("IMAP4rev1 SASL-IR AUTH=PLAIN MOVE")
        self.assertNotIn("IDLE", server.commands)

    def test_a_copied_letter_is_not_copied_twice(self):
        server = FakeImap(CERTS.good, LETTERS[:1], capability="IMAP4rev1 SASL-IR AUTH=PLAIN")
        with server, mailbox(server, target=None) as m:
            self.assertTrue(m.until(lambda: len(m.letters) == 1))
            key = list(m.letters)[0]
            for _ in range(3):
                m.settle(key, "Processed")
                self.assertTrue(m.until(lambda: not m.settling))
            self.assertEqual(len(m.settled), 3)
            self.assertEqual(list(server.boxes["Processed"].values()), LETTERS[:1])

    def test_a_letter_that_is_gone_counts_as_settled(self):
        with FakeImap(CERTS.good, LETTERS) as server, mailbox(server, target=None) as m:
            self.assertTrue(m.until(lambda: len(m.letters) == 3))
            del server.boxes["INBOX"][2]
            m.settle(("INBOX", 77, "2"), "Processed")
            m.settle(("INBOX", 76, "1"), "Processed")  # of a mailbox that is no more
            self.assertTrue(m.until(lambda: len(m.settled) == 2))
            self.assertIn(1, server.boxes["INBOX"])

    def test_never_asks_the_server_to_parse(self):
        with FakeImap(CERTS.good, LETTERS) as server, mailbox(server) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3))
            self.assertIn(b"BODY.PEEK[]", server.heard)
            for word in (b"ENVELOPE", b"BODYSTRUCTURE", b"BODY[]", b"RFC822.HEADER", b"RFC822 "):
                self.assertNotIn(word, server.heard)


class Secrets(unittest.TestCase):
    def test_password_from_a_command(self):
        path = os.path.join(FOLDER, "pw")
        with open(path, "w") as f:
            f.write(SECRET + "\n")
        with FakeImap(CERTS.good, LETTERS) as server, \
                Mailbox(server.url, password=None, ca_file=CERTS.ca, password_command='cat "%s"' % path) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3), m.texts)
            self.assertIn(secret_forms()[1], server.heard)

    def test_password_file_that_others_can_read(self):
        path = os.path.join(FOLDER, "open-pw")
        with open(path, "w") as f:
            f.write(SECRET + "\n")
        os.chmod(path, 0o644)
        with FakeImap(CERTS.good) as server, \
                Mailbox(server.url, password=None, ca_file=CERTS.ca, password_file=path) as m:
            self.assertTrue(m.until(m.down))
            self.assertIn("password", m.down_text())
            self.assertEqual(server.connections, 0)

    def test_a_fresh_token_ends_the_back_off(self):
        server = FakeImap(CERTS.good, LETTERS, script={(0, "AUTHENTICATE"): "no"})
        with server, mailbox(server, auth="xoauth2") as m:
            self.assertTrue(m.until(m.down))
            self.assertIn("refuses the login", m.down_text())
            self.assertIn("user me", m.down_text())
            self.assertEqual(m.statuses[-1], C.ST_DENIED)
            m.helper.config([(C.FETCH_TAG_PASSWORD, "fresh")])
            self.assertTrue(m.until(lambda: len(m.settled) == 3, 3))

    def test_bad_configuration_is_told(self):
        for fields, word in (({"url": "imap://me@localhost"}, "clear text"),
                             ({"url": "imaps://me:pw@localhost"}, "password"),
                             ({"url": "imaps://me@localhost", "auth": "cram"}, "oauthbearer"),
                             ({"url": "imaps://me@localhost", "fingerprint": "abc"}, "tls_fingerprint")):
            with Mailbox(**fields) as m:
                self.assertTrue(m.until(m.down))
                self.assertIn(word, m.down_text())
                self.assertEqual(m.call(C.FETCH_CHECK).type, C.CH_ERROR)


if __name__ == "__main__":
    unittest.main(verbosity=2)
