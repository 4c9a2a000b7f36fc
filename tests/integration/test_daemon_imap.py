#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole daemon and its IMAP inbox: a real Dovecot that comes, goes and forgets, and scripted servers that hang or are not who they
say. Each letter is taken exactly once, ends in the right folder, and no server delays anything but itself."""
import os
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certs import Certs, have_openssl  # noqa: E402
from dovecot import Dovecot, have_dovecot  # noqa: E402

if not have_dovecot() or not have_openssl():
    print("SKIP: dovecot or openssl is missing (packages dovecot-imapd dovecot-lmtpd openssl)")
    sys.exit(77)

from daemon import Daemon, NetSite, section  # noqa: E402
from fake_imap import FakeImap  # noqa: E402

SECRET = "IMAP-secret-word"
SITE, CERTS = None, None


def setUpModule():
    global SITE, CERTS
    SITE = NetSite().prepare()
    CERTS = Certs(os.path.join(SITE.root, "certs"))


def tearDownModule():
    SITE.end()


class Base(unittest.TestCase):
    def setUp(self):
        self.s = SITE
        self.forwards = []

    def server(self, **options):
        d = Dovecot(tempfile.mkdtemp(), user=SITE.ADDRESS, password=SECRET, **options)
        self.addCleanup(d.close)
        return d

    def fake(self, **options):
        f = FakeImap(options.pop("cert", CERTS.good), **options)
        self.addCleanup(f.close)
        return f

    def inbox(self, url, ca=None, **settings):
        if not {"password_command", "password_file"} & set(settings):
            settings["password_file"] = SITE.secret(SECRET)
        if ca:
            settings["tls_ca_file"] = ca
        return section(url, **settings)

    def second_inbox(self):
        return 'inbox "second" {\n%s}\n' % section("maildir:" + SITE.inbox)

    def received(self):
        """Subjects of the forwards that Alice got so far."""
        self.forwards += [m for m in self.s.fresh(self.s.alice)]
        return sorted(m.subject.split("] ", 1)[-1] for m in self.forwards)

    def has(self, *words):
        """Alice has one forward for each of these reports, and nothing else."""
        got = self.received()
        return len(got) == len(words) and all(sum(w in g for g in got) == 1 for w in words)

    def exactly(self, *words):
        self.assertTrue(self.has(*words), self.received())
        self.assertEqual(len(self.s.ctl_json("list", "all")), len(words))

    def quick(self, d):
        """embargoctl is answered although a server is not there; the bound is for the slowest of machines."""
        begun = time.monotonic()
        self.assertIn("is running", d.ctl("status"))
        self.assertLess(time.monotonic() - begun, 20)


class RealServer(Base):
    def folders(self, d):
        return len(d.folder("INBOX")), len(d.folder("Processed")), len(d.folder("Quarantine"))

    def test_processed_and_quarantine(self):
        for scheme in ("url", "starttls_url"):
            with self.subTest(scheme):
                self.forwards = []
                d = self.server()
                self.s.back(inbox=self.inbox(getattr(d, scheme), d.ca_file))
                good = self.s.report("one good report")
                bad = self.s.alice.encrypted(self.s.ADDRESS, "a command without a signature", "#list\n", sign=False)
                d.deliver(good)
                with Daemon(self.s) as e:
                    e.wait(lambda: self.folders(d) == (0, 1, 0), "the report is moved to Processed")
                    d.deliver(bad)
                    e.wait(lambda: self.folders(d) == (0, 1, 1), "the unsigned command is moved to Quarantine")
                    self.assertIn("inbox main: online", e.ctl("status"))
                    self.assertIn(good.replace(b"\r\n", b"\n"), d.folder("Processed")[0].replace(b"\r\n", b"\n"))
                    e.wait(lambda: self.received() and len(self.s.fresh(self.s.robin)) == 1, "the reporter has an acknowledgement")
                    e.wait(lambda: len(self.received()) == 3, "alice: the forward, and two notes about the unsigned command")
                    self.assertEqual(sum("one good report" in g for g in self.received()), 1)
                    self.assertEqual(len(self.s.ctl_json("list", "all")), 1)
                self.assertNotIn(SECRET, self.s.log)
                d.close()

    def test_once(self):
        d = self.server()
        self.s.back(inbox=self.inbox(d.url, d.ca_file))
        d.deliver(self.s.report("report one"))
        d.deliver(self.s.report("report two"))
        self.s.once(0)
        self.assertEqual(self.folders(d), (0, 2, 0))
        self.exactly("report one", "report two")
        d.stop()
        self.s.once(75)
        self.assertIn("no connection: is the port right", self.s.log)
        d.start()
        self.s.once(0)
        self.exactly("report one", "report two")

    def test_not_there_at_the_start(self):
        d = self.server(start=False)
        self.s.back(inbox=self.inbox(d.url, d.ca_file), more=self.second_inbox())
        with Daemon(self.s) as e:
            said = e.wait_log("inbox out of reach: trying again", "inbox=main")
            self.assertIn("no connection: is the port right", said[0])
            self.s.deliver(self.s.report("by the other inbox"))
            e.wait(lambda: self.has("by the other inbox"), "the other inbox works")
            self.assertIn("inbox main: out of reach: ", e.ctl("status"))
            d.start()
            d.deliver(self.s.report("by IMAP"))
            e.wait(lambda: self.folders(d) == (0, 1, 0), "the letter is taken when the server has come")
            e.wait(lambda: self.has("by the other inbox", "by IMAP"), "both are forwarded")
            self.assertIn("inbox main: online\n", e.ctl("status"))
            self.exactly("by the other inbox", "by IMAP")

    def test_gone_in_mid_run(self):
        d = self.server()
        self.s.back(inbox=self.inbox(d.url, d.ca_file))
        with Daemon(self.s) as e:
            d.deliver(self.s.report("report one"))
            e.wait(lambda: self.folders(d) == (0, 1, 0) and self.has("report one"), "the first report is handled")
            for n, (first, second) in enumerate((("report two", "report three"), ("report four", "report five"))):
                d.stop()
                e.wait_log("inbox out of reach: trying again", count=n + 1)
                d.put(self.s.report(first))
                d.put(self.s.report(second))
                d.start()
                e.wait(lambda: self.folders(d) == (0, 3 + 2 * n, 0), "what came meanwhile is handled")
            five = ["report one", "report two", "report three", "report four", "report five"]
            e.wait(lambda: self.has(*five), "each is forwarded once")
        self.exactly(*five)

    def test_daemon_and_server_restart_together(self):
        d = self.server()
        self.s.back(inbox=self.inbox(d.url, d.ca_file))
        d.deliver(self.s.report("report one"))
        with Daemon(self.s) as e:
            e.wait(lambda: self.has("report one"), "the first report is handled")
            d.stop()  # perhaps before the letter was moved
        d.put(self.s.report("report two"))
        d.start()
        with Daemon(self.s) as e:
            e.wait(lambda: self.folders(d) == (0, 2, 0), "both are in Processed")
            e.wait(lambda: self.has("report one", "report two"), "each is forwarded once")
        self.exactly("report one", "report two")

    def test_new_uidvalidity(self):
        d = self.server()
        self.s.back(inbox=self.inbox(d.url, d.ca_file))
        with Daemon(self.s) as e:
            d.deliver(self.s.report("report one"))
            d.deliver(self.s.report("report two"))
            e.wait(lambda: self.folders(d) == (0, 2, 0) and self.has("report one", "report two"), "both are handled")
            d.stop()
            for letter in d.folder("Processed"):  # a backup is restored: the letters are there again, under new names
                d.put(letter)
            time.sleep(1.1)  # Dovecot takes seconds for UIDVALIDITY
            d.new_uidvalidity()
            d.start()
            d.deliver(self.s.report("report three"))
            e.wait(lambda: self.folders(d) == (0, 5, 0), "all are moved")
            e.wait(lambda: self.has("report one", "report two", "report three"), "only the new one is forwarded")
            self.assertEqual(len(e.lines("a second copy of an earlier one")), 2)
        self.exactly("report one", "report two", "report three")
        self.assertIn(len(self.s.fresh(self.s.robin)), (2, 3))  # the first two may come at once, when her key is not known yet

    def token_command(self, d, *tokens):
        """Prints the first token at the first call, ..., and the last one from then on."""
        folder = tempfile.mkdtemp(dir=self.s.root)
        for n, token in enumerate(tokens):
            with open(os.path.join(folder, "token.%d" % n), "w") as f:
                f.write(token + "\n")
        self.calls = os.path.join(folder, "calls")
        return self.s.script("n=$(cat '%(d)s/calls' 2>/dev/null | wc -l); echo x >>'%(d)s/calls'\n"
                             "[ -e \"%(d)s/token.$n\" ] || n=%(last)d\ncat \"%(d)s/token.$n\"\n" % {"d": folder, "last": len(tokens) - 1},
                             "imap-token-command")

    def called(self):
        with open(self.calls) as f:
            return len(f.readlines())

    def test_refused_token_is_replaced(self):
        for auth in ("xoauth2", "oauthbearer"):
            with self.subTest(auth):
                self.forwards = []
                d = self.server()
                command = self.token_command(d, d.token(lifetime=-60), d.token())
                self.s.back(inbox=self.inbox(d.url, d.ca_file, auth=auth, password_command=command))
                d.deliver(self.s.report("report one"))
                with Daemon(self.s) as e:
                    e.wait(lambda: self.folders(d) == (0, 1, 0), "the letter comes with the second token")
                    e.wait(lambda: self.has("report one"), "it is forwarded")
                    self.assertEqual(self.called(), 2)
                    said = e.lines("inbox out of reach: trying again")
                    self.assertEqual(len(said), 1)
                    self.assertIn("check user, password or token, and auth", said[0])
                self.assertNotIn(d.token()[:20], self.s.log)
                d.close()

    def test_token_expires_in_mid_run(self):
        d = self.server()
        first = d.token()
        d.oauth_key = os.urandom(32)
        second = d.token()
        d.restart()  # knows the second key only
        command = self.token_command(d, second, first, second)
        self.s.back(inbox=self.inbox(d.url, d.ca_file, auth="oauthbearer", password_command=command))
        with Daemon(self.s) as e:
            d.deliver(self.s.report("report one"))
            e.wait(lambda: self.folders(d) == (0, 1, 0) and self.has("report one"), "with the first token")
            d.oauth_key = os.urandom(32)  # all tokens so far are void
            with open(os.path.join(os.path.dirname(self.calls), "token.1"), "w") as f:
                f.write(d.token() + "\n")
            d.restart()
            d.deliver(self.s.report("report two"))
            e.wait(lambda: self.folders(d) == (0, 2, 0), "the letter comes with a fresh token")
            e.wait(lambda: self.has("report one", "report two"), "each is forwarded once")
            self.assertEqual(self.called(), 2)

    def test_wrong_password_then_the_right_one(self):
        d = self.server()
        self.s.back(inbox=self.inbox(d.url, d.ca_file, password_file=self.s.secret("wrong")))
        d.deliver(self.s.report("report one"))
        with Daemon(self.s) as e:
            said = e.wait_log("inbox out of reach", "the server refuses the login: check user, password or token, and auth")
            self.assertIn("user " + d.user, said[0])
            self.s.secret(SECRET)
            e.process.send_signal(signal.SIGHUP)
            e.wait(lambda: self.folders(d) == (0, 1, 0) and self.has("report one"), "after a reload it is taken")


class Hanging(Base):
    """The server falls silent at one command; embargoctl, the other inbox and the outbox do not notice."""

    def hang(self, at, before=True):
        f = self.fake(script={at: "hang"})
        if before:
            f.add(self.s.report("by IMAP"))
        self.s.back(inbox=self.inbox(f.url, CERTS.ca, timeout_ms=8000), more=self.second_inbox())
        with Daemon(self.s) as e:
            e.wait(lambda: at in f.commands, "the server hangs at " + at)
            silent = f.commands.count(at)
            if not before:
                f.add(self.s.report("by IMAP"))
            self.quick(e)
            self.s.deliver(self.s.report("by the other inbox"))
            e.wait(lambda: any("by the other inbox" in g for g in self.received()), "the other inbox is not delayed")
            e.wait_log("inbox out of reach: trying again", "inbox=main", "in time")
            self.assertGreaterEqual(silent, 1)
            e.wait(lambda: len(f.boxes.get("Processed", {})) == 1 and not f.boxes["INBOX"], "the letter is taken in the end")
            e.wait(lambda: self.has("by IMAP", "by the other inbox"), "each is forwarded once")
            self.exactly("by IMAP", "by the other inbox")

    def test_login(self):
        self.hang("AUTHENTICATE")

    def test_select(self):
        self.hang("SELECT")

    def test_fetch(self):
        self.hang("UID FETCH")

    def test_idle(self):
        self.hang("IDLE", before=False)

    def test_move(self):
        self.hang("UID MOVE")


class NotTheServer(Base):
    """Whoever cannot show the right certificate learns nothing, and the operator is told what to do."""

    def refused(self, f, *words):
        self.s.configure(inbox=self.inbox(f.url, CERTS.ca), more=self.second_inbox())
        with Daemon(self.s) as e:
            said = e.wait_log("inbox out of reach", "inbox=main")[0]
            for word in words + ("nothing was sent",):
                self.assertIn(word, said)
            status = e.ctl("status")
            self.assertIn("inbox main: out of reach: localhost:%d: " % f.port, status)
            for word in words:
                self.assertIn(word, status)
            for secret in (SECRET, "AUTHENTICATE", "LOGIN", "me"):
                self.assertNotIn(secret.encode(), f.heard)
            self.number = getattr(self, "number", 0) + 1
            mark = "report number %d" % self.number
            self.s.deliver(self.s.report(mark))
            e.wait(lambda: any(mark in g for g in self.received()), "the daemon goes on with the other inbox")
        self.assertNotIn("AUTHENTICATE", f.commands)
        f.close()

    def test_certificates(self):
        self.s.back()
        for pair in (CERTS.self_signed, CERTS.wrong_host, CERTS.expired):
            for starttls in (False, True):
                with self.subTest(os.path.basename(pair.cert), starttls=starttls):
                    self.refused(self.fake(cert=pair, starttls=starttls), "tls_ca_file", "tls_fingerprint")
        with self.subTest("STARTTLS is stripped"):
            self.refused(self.fake(starttls=True, strip=True), "no STARTTLS", "imaps://")

    def test_the_fingerprint_mends_it(self):
        f = self.fake(cert=CERTS.self_signed, letters=[self.s.report("by IMAP")])
        self.s.back(inbox=self.inbox(f.url))
        with Daemon(self.s) as e:
            e.wait_log("inbox out of reach", "tls_fingerprint")
            self.assertNotIn(SECRET.encode(), f.heard)
            self.s.configure(inbox=self.inbox(f.url, tls_fingerprint="sha256//" + CERTS.self_signed.pin))
            e.process.send_signal(signal.SIGHUP)
            e.wait(lambda: len(f.boxes.get("Processed", {})) == 1, "after a reload with the fingerprint the letter is taken")
            e.wait(lambda: self.has("by IMAP"), "it is forwarded")
        self.exactly("by IMAP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
