#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""embargod-fetch against a real Dovecot on loopback."""
import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certs import have_openssl  # noqa: E402
from dovecot import Dovecot, have_dovecot  # noqa: E402

if not have_dovecot() or not have_openssl():
    print("SKIP: dovecot or openssl is missing (packages dovecot-imapd dovecot-lmtpd openssl)")
    sys.exit(77)

from channel import C  # noqa: E402
from fetch_driver import Mailbox  # noqa: E402


def letter(number, lines=3):
    return b"From: reporter@example.net\r\nSubject: letter %d\r\n\r\n" % number + b"a line of text\r\n" * lines


def crlf(stored):
    return stored.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class WithDovecot(unittest.TestCase):
    """A server per class, an empty account per test."""
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.d = Dovecot(tempfile.mkdtemp(), **cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.d.close()

    def setUp(self):
        m = self.d.imap()
        names = [line.split(b'"/" ')[1].strip(b'"').decode() for line in m.list()[1] if line]
        for name in names:
            if name != "INBOX":
                m.delete('"%s"' % name)
        if m.select()[1] != [b"0"]:
            m.store("1:*", "+FLAGS", "\\Deleted")
            m.expunge()
        m.logout()

    def mailbox(self, url=None, **settings):
        settings.setdefault("ca_file", self.d.ca_file)
        if not {"password", "password_file"} & set(settings):
            settings.update(password=None, password_file=self.d.password_file)
        return Mailbox(url or self.d.url, **settings)

    def stored(self, folder):
        return sorted(crlf(b) for b in self.d.folder(folder))


class Fetching(WithDovecot):
    def fetch_all(self, url=None, **settings):
        for i in range(3):
            self.d.deliver(letter(i))
        before = self.stored("INBOX")
        with self.mailbox(url, **settings) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3), (m.states, m.texts))
            self.assertEqual(m.bodies(), before)  # every byte, Received lines and all
            self.assertEqual(self.stored("INBOX"), [])
            self.assertEqual(self.stored("Processed"), before)
            self.assertEqual(m.states, [C.FETCH_CONNECTING, C.FETCH_ONLINE])
            self.assertEqual(m.deaths, 0)

    def test_imaps(self):
        self.fetch_all()

    def test_starttls(self):
        self.fetch_all(self.d.starttls_url)

    def test_address_instead_of_name(self):
        self.fetch_all(self.d.url.replace("localhost", "127.0.0.1"))

    def test_login(self):
        self.fetch_all(auth="login")

    def test_xoauth2(self):
        self.fetch_all(auth="xoauth2", password=self.d.token())

    def test_oauthbearer_with_starttls(self):
        self.fetch_all(self.d.starttls_url, auth="oauthbearer", password=self.d.token())

    def test_pinned_key_alone(self):
        self.fetch_all(ca_file=(), fingerprint=self.d.cert.pin)

    def test_flags_stay_until_settled(self):
        self.d.deliver(letter(1))
        with self.mailbox(target=None) as m:
            self.assertTrue(m.until(lambda: len(m.letters) == 1))
            box = self.d.imap()
            box.select(readonly=True)
            self.assertNotIn(b"\\Seen", box.fetch("1", "(FLAGS)")[1][0])
            m.settle(list(m.letters)[0], "")
            self.assertTrue(m.until(lambda: m.settled))
            box.noop()
            self.assertIn(b"\\Seen", box.fetch("1", "(FLAGS)")[1][0])
            box.logout()

    def test_size_and_date_are_told(self):
        self.d.deliver(letter(1))
        with self.mailbox(want=False) as m:
            self.assertTrue(m.until(lambda: m.offers))
            self.assertEqual(list(m.offers.values()), [len(crlf(self.d.folder("INBOX")[0]))])

    def test_nothing_is_sent_that_was_not_wanted(self):
        for i in range(5):
            self.d.deliver(letter(i))
        with self.mailbox(want=False, target=None) as m:
            self.assertTrue(m.until(lambda: len(m.offers) == 5))
            m.until(lambda: m.letters, 0.5)
            self.assertEqual(m.letters, {})
            wanted = sorted(m.offers, key=lambda k: int(k[2]))[1:3]
            m.ask_for(wanted)
            self.assertTrue(m.until(lambda: len(m.letters) == 2))
            self.assertEqual(sorted(m.letters, key=lambda k: int(k[2])), wanted)
            m.ask_for(wanted[:1])  # again, for a core that forgot
            self.assertTrue(m.until(lambda: m.got_twice == wanted[:1]))

    def test_odd_bytes(self):
        odd = [b"Subject: nul\n\nbefore\0after\n", b"Subject: 8bit \xff\xfe\n\n" + bytes(range(1, 256)) * 3 + b"\n",
               b"Subject: no newline at the end\n\nx", b"no header", b"Subject: long line\n\n" + b"x" * 200000 + b"\n",
               b"Subject: parens\n\n) {5}\r\nA1 OK done\r\n* 1 FETCH (UID 1)\n"]
        for data in odd:
            self.d.put(data)
            time.sleep(0.001)
        with self.mailbox() as m:
            self.assertTrue(m.until(lambda: len(m.settled) == len(odd)), m.texts)
            self.assertEqual(sorted(b.replace(b"\r\n", b"\n") for b in m.bodies()),
                             sorted(b.replace(b"\0", b"\x80").replace(b"\r\n", b"\n") for b in odd))  # Dovecot's NUL

    def test_gone_before_it_was_fetched(self):
        for i in range(2):
            self.d.deliver(letter(i))
        with self.mailbox(want=False, target=None) as m:
            self.assertTrue(m.until(lambda: len(m.offers) == 2))
            box = self.d.imap()
            box.select()
            box.store("1", "+FLAGS", "\\Deleted")
            box.expunge()
            box.logout()
            keys = sorted(m.offers)
            m.ask_for(keys + [("INBOX", keys[0][1] + 1, "1"), ("INBOX", keys[0][1], "no number"),
                              ("Nowhere", keys[0][1], "1")])
            self.assertTrue(m.until(lambda: len(m.letters) == 1 and len(m.gone) == 4), (m.letters, m.gone))
            self.assertEqual(m.gone[0], keys[0])

    def test_settle_makes_folders_and_repeats(self):
        self.d.deliver(letter(1))
        with self.mailbox(target=None) as m:
            self.assertTrue(m.until(lambda: len(m.letters) == 1))
            key = list(m.letters)[0]
            for _ in range(3):
                m.settle(key, "Vorg\u00e4nge & Co/Done")
                self.assertTrue(m.until(lambda: not m.settling))
            self.assertEqual(len(m.settled), 3)
            box = self.d.imap()
            self.assertEqual(box.select('"Vorg&AOQ-nge &- Co/Done"')[1], [b"1"])
            box.logout()
            self.assertEqual(self.stored("INBOX"), [])

    def test_oversize_is_offered_and_stays(self):
        self.d.deliver(letter(1))
        self.d.put(letter(2, 10000))
        with self.mailbox(max_size=100000) as m:
            self.assertTrue(m.until(lambda: len(m.letters) == 2))
            big = max(m.offers, key=m.offers.get)
            self.assertGreater(m.offers[big], 100000)
            self.assertIsNone(m.letters[big])
            self.assertTrue(m.until(lambda: len(m.settled) == 1))
            self.assertEqual(len(self.d.folder("INBOX")), 1)

    def test_twelve_mebibytes(self):
        """Over libetpan's ceiling for memory, beyond which it would use a file in /tmp."""
        text = letter(1, 12 * 65536)
        self.d.put(text)
        with self.mailbox() as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 1, 180), m.texts)
            self.assertEqual(m.bodies(), [text])

    def test_two_hundred_letters(self):
        texts = [letter(i, i % 40) for i in range(200)]
        for text in texts:
            self.d.put(text)
        with self.mailbox() as m:
            started = time.monotonic()
            self.assertTrue(m.until(lambda: len(m.letters) == 200, 180))
            took = time.monotonic() - started
            self.assertTrue(m.until(lambda: len(m.settled) == 200, 240))
            self.assertEqual(m.bodies(), sorted(texts))
            self.assertEqual(self.stored("Processed"), sorted(texts))
            self.assertEqual((m.offered_twice, m.got_twice), ([], []))
            print("200 letters in %.2f s" % took, file=sys.stderr)


class Watching(WithDovecot):
    def test_idle_wakes(self):
        with self.mailbox(poll_s=3600) as m:
            self.assertTrue(m.until(lambda: C.FETCH_ONLINE in m.states))
            m.until(lambda: False, 0.5)
            for i in range(3):
                self.d.deliver(letter(i))
                self.assertTrue(m.until(lambda: len(m.settled) == i + 1))  # a look without IDLE would come after an hour
            self.assertEqual(m.offered_twice, [])

    def test_the_core_is_heard_during_idle(self):
        with self.mailbox(poll_s=3600) as m:
            self.assertTrue(m.until(lambda: C.FETCH_ONLINE in m.states))
            m.until(lambda: False, 0.5)
            started = time.monotonic()
            answer = m.call(C.FETCH_CHECK)
            self.assertLess(time.monotonic() - started, 60)  # else it would come after the 28 minutes of IDLE
            self.assertEqual(answer.type, C.FETCH_CHECKED)
            text = answer.get(C.TAG_TEXT, str)
            for word in ("TLS verified", self.d.user, "INBOX: 0 letters", "IDLE", "MOVE"):
                self.assertIn(word, text)

    def test_several_folders(self):
        self.d.put(letter(1), "Reports")
        with self.mailbox(watch=["INBOX", "Reports", "B\u00fcro/Neu"], poll_s=1) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 1))
            self.assertTrue(m.until(lambda: any("B\u00fcro/Neu" in t for t in m.texts)))  # missing: said, others work
            self.assertFalse(m.down())
            self.d.put(letter(2), "Reports")
            self.d.deliver(letter(3))
            self.assertTrue(m.until(lambda: len(m.settled) == 3))
            self.assertEqual(sorted({k[0] for k in m.settled}), ["INBOX", "Reports"])
            box = self.d.imap()
            box.create('"B&APw-ro/Neu"')
            box.append('"B&APw-ro/Neu"', None, None, letter(4))
            box.logout()
            self.assertTrue(m.until(lambda: len(m.settled) == 4))
            self.assertEqual(len([t for t in m.texts if "B\u00fcro/Neu" in t]), 1)  # said once

    def test_scan_for_once(self):
        self.d.deliver(letter(1))
        with self.mailbox(once=1, want=False) as m:
            m.until(lambda: m.states, 0.5)
            self.assertEqual(m.states, [])  # nothing without being asked
            self.assertEqual(m.call(C.FETCH_SCAN).type, C.FETCH_SCANNED)
            self.assertEqual(len(m.offers), 1)
            self.assertEqual(m.call(C.FETCH_SCAN).type, C.FETCH_SCANNED)
            self.assertEqual(m.offered_twice, [])
            m.ask_for(list(m.offers))
            self.assertTrue(m.until(lambda: len(m.settled) == 1))

    def test_scan_of_a_missing_folder(self):
        with self.mailbox(once=1, watch=["Nowhere"]) as m:
            for job in (C.FETCH_SCAN, C.FETCH_CHECK):
                answer = m.call(job)
                self.assertEqual(answer.type, C.CH_ERROR)
                self.assertIn("Nowhere", answer.get(C.TAG_TEXT, str))

    def test_uidvalidity_changes(self):
        self.d.deliver(letter(1))
        with self.mailbox(target=None, poll_s=1) as m:
            self.assertTrue(m.until(lambda: len(m.letters) == 1))
            self.d.stop()
            time.sleep(1.1)  # Dovecot takes seconds for UIDVALIDITY
            self.d.new_uidvalidity()
            self.d.start()
            self.assertTrue(m.until(lambda: len(m.letters) == 2), m.texts)
            validities = {k[1] for k in m.letters}
            self.assertEqual(len(validities), 2)
            self.assertEqual(len(set(m.letters.values())), 1)  # the same letter under another name: the core knows it
            old = min(m.letters, key=lambda k: k[1])
            m.settle(old, "Processed")
            self.assertTrue(m.until(lambda: len(m.settled) == 1))
            self.assertEqual(len(self.d.folder("INBOX")), 1)

    def test_server_restarts(self):
        with self.mailbox() as m:  # a killed server is noticed without any time-out; a slow start is no failure
            self.assertTrue(m.until(lambda: C.FETCH_ONLINE in m.states))
            self.d.stop()
            self.assertTrue(m.until(m.down))
            self.d.start()
            self.d.deliver(letter(1))
            self.assertTrue(m.until(lambda: len(m.settled) == 1), m.texts)
            self.assertEqual(m.deaths, 0)


class Refusing(WithDovecot):
    def refused(self, word, **settings):
        with self.mailbox(**settings) as m:
            self.assertTrue(m.until(m.down))
            self.assertIn(word, m.down_text())
            self.assertEqual(m.statuses[m.states.index(C.FETCH_DOWN)], C.ST_DENIED)
            answer = m.call(C.FETCH_CHECK)
            self.assertEqual(answer.type, C.CH_ERROR)
            self.assertIn(word, answer.get(C.TAG_TEXT, str))

    def test_wrong_password(self):
        self.refused("login", password="wrong")

    def test_wrong_password_with_login(self):
        self.refused("login", password="wrong", auth="login")

    def test_wrong_password_with_starttls(self):
        self.refused("login", url=self.d.starttls_url, password="wrong")

    def test_bad_token(self):
        self.refused("login", password=self.d.token() + "x", auth="xoauth2")
        self.refused("login", password="rubbish", auth="oauthbearer")

    def test_expired_token_then_a_fresh_one(self):
        self.d.deliver(letter(1))
        with self.mailbox(password=self.d.token(lifetime=-60), auth="oauthbearer") as m:
            self.assertTrue(m.until(m.down))
            m.helper.config([(C.FETCH_TAG_PASSWORD, self.d.token())])
            self.assertTrue(m.until(lambda: len(m.settled) == 1))

    def test_token_of_another_user(self):
        self.refused("login", password=self.d.token(user="other@example.org"), auth="xoauth2")


class WithoutMove(WithDovecot):
    options = {"capability": "IMAP4rev1 IDLE UIDPLUS LITERAL+"}

    def test_copies_and_expunges(self):
        for i in range(3):
            self.d.deliver(letter(i))
        before = self.stored("INBOX")
        with self.mailbox() as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 3), m.texts)
            self.assertEqual((self.stored("INBOX"), self.stored("Processed")), ([], before))


class PlainServer(WithDovecot):
    options = {"capability": "IMAP4rev1"}

    def test_polls_copies_and_flags(self):
        self.d.deliver(letter(1))
        with self.mailbox(poll_s=1) as m:
            self.assertTrue(m.until(lambda: len(m.settled) == 1), m.texts)
            self.d.deliver(letter(2))
            self.assertTrue(m.until(lambda: len(m.settled) == 2), m.texts)
            self.assertEqual(len(self.d.folder("Processed")), 2)
            self.assertEqual(len(self.d.folder("INBOX")), 2)
        with self.mailbox(poll_s=1) as m:  # a new process does not take the flagged ones for new
            self.assertEqual(m.call(C.FETCH_SCAN).type, C.FETCH_SCANNED)
            self.assertEqual(m.offers, {})


class OtherCertificates(unittest.TestCase):
    """What scripted servers show in test_fetch_hostile.py, once with a real one."""

    def test_wrong_host(self):
        folder = tempfile.mkdtemp()
        with Dovecot(folder, start=False) as d:
            d.cert = d.certs.wrong_host
            d.start()
            for url in (d.url, d.starttls_url):
                with Mailbox(url, password=None, password_file=d.password_file, ca_file=d.ca_file) as m:
                    self.assertTrue(m.until(m.down))
                    self.assertIn("tls_ca_file", m.down_text())
            self.assertNotIn("Login: user", d.log())
            self.assertNotIn("auth failed", d.log())


class MaildirProgram(unittest.TestCase):
    """The maildir inbox through the whole program, sandbox and all."""

    def test_deliver_fetch_settle(self):
        root = os.path.join(tempfile.mkdtemp(), "Maildir")
        for sub in ("", "new", "cur", "tmp"):
            os.mkdir(os.path.join(root, sub))
        with Mailbox("maildir:" + root, password=None, poll_s=3600) as m:
            self.assertTrue(m.until(lambda: C.FETCH_ONLINE in m.states))
            for i in range(3):
                with open(os.path.join(root, "tmp", "%d.host" % i), "wb") as f:
                    f.write(b"Subject: %d\n\ntext\n" % i)
                os.rename(os.path.join(root, "tmp", "%d.host" % i), os.path.join(root, "new", "%d.host" % i))
                self.assertTrue(m.until(lambda: len(m.settled) == i + 1))  # a scan would come after an hour
            self.assertEqual(m.bodies(), [b"Subject: %d\r\n\r\ntext\r\n" % i for i in range(3)])
            self.assertEqual(sorted(os.listdir(os.path.join(root, ".Processed", "cur"))),
                             ["%d.host:2,S" % i for i in range(3)])
            self.assertEqual(m.call(C.FETCH_SCAN).type, C.FETCH_SCANNED)
            self.assertEqual(m.call(C.FETCH_CHECK).type, C.FETCH_CHECKED)
            self.assertEqual(m.close(), 0)

    def test_ten_thousand(self):
        root = os.path.join(tempfile.mkdtemp(), "Maildir")
        for sub in ("", "new", "cur", "tmp"):
            os.mkdir(os.path.join(root, sub))
        for i in range(10000):
            with open(os.path.join(root, "new", "%d.%s" % (i, "h" * 150)), "wb") as f:
                f.write(b"x\n")
        with Mailbox("maildir:" + root, password=None, once=1, want=False) as m:
            self.assertEqual(m.call(C.FETCH_SCAN).type, C.FETCH_SCANNED)
            self.assertEqual(len(m.offers), 10000)
            self.assertEqual(m.offered_twice, [])

    def test_missing_maildir(self):
        with Mailbox("maildir:/nonexistent/Maildir", password=None) as m:
            self.assertTrue(m.until(m.down))
            self.assertIn("/nonexistent/Maildir", m.down_text())
            answer = m.call(C.FETCH_SCAN)
            self.assertEqual(answer.type, C.CH_ERROR)


if __name__ == "__main__":
    unittest.main(verbosity=2)
