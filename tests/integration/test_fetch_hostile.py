#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""embargod-fetch against scripted IMAP servers: refused certificates, stripped STARTTLS, passwords, and what servers
can and cannot do. Nothing secret may leave before the server is verified."""
import os
import sys
import tempfile
import unittest

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
TIMEOUT_MS = 10000


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
            self.assertTrue(m.until(lambda: len(m.settled) == 3, 20))

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
