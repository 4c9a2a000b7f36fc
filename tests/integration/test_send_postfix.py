# SPDX-License-Identifier: GPL-3.0-or-later
"""embargod-send and a real MTA: submission with TLS and SASL, its refusals, its bounces, its sendmail program."""
import email
import os
import re
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import certs as certificates  # noqa: E402
from channel import C, Helper  # noqa: E402
from postfix import Postfix, Unavailable, unpack  # noqa: E402

GATEWAY, ALICE, BOB = "psirt@gateway.example", "alice@example.org", "bob@example.org"
SENDER = "psirt+k7q2x5w3n4abcdef@gateway.example"
ENDS = {C.SEND_ACCEPTED: "accepted", C.SEND_DEFERRED: "deferred", C.SEND_REFUSED: "refused",
        C.SEND_UNCONFIRMED: "unconfirmed"}


def letter(number):
    return (b"Message-ID: <%d.emb@gateway.example>\r\nFrom: psirt@gateway.example\r\nTo: alice@example.org\r\n"
            b"Date: Sun, 31 Jan 2027 09:00:00 +0000\r\nSubject: [EMB-2026-0001] ...\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: text/plain; charset=us-ascii\r\n\r\n.dot\r\n..\r\nFrom here\r\n%s\r\n\r\n\r\n"
            % (number, b"x" * 900))


class RealMta(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.mta = Postfix(cls.folder.name, recipients=[GATEWAY, ALICE, BOB])

    @classmethod
    def tearDownClass(cls):
        cls.mta.close()
        cls.folder.cleanup()

    def sender(self, url=None, port=None, password=None, extra=(), ca=None):
        helper = Helper("embargod-send")
        self.addCleanup(helper.__exit__)
        url = url or "%s://%s@localhost:%d" % ("smtps" if port == self.mta.smtps_port else "smtp+starttls",
                                               self.mta.user, port or self.mta.submission_port)
        fields = [(C.SEND_TAG_URL, url), (C.SEND_TAG_TIMEOUT_MS, 20000), *extra]
        if not url.startswith("sendmail"):
            fields += [(C.SEND_TAG_CA_FILE, ca or self.mta.ca_file)]
            fields += [(C.SEND_TAG_PASSWORD, password)] if password else [(C.SEND_TAG_PASSWORD_FILE,
                                                                            self.mta.password_file)]
        helper.config(fields)
        return helper

    def mail(self, helper, to, number=1, sender=SENDER):
        m = helper.call(C.SEND_MAIL, [(C.SEND_TAG_FROM, sender), (C.SEND_TAG_TO, to), (C.TAG_BYTES, letter(number))])
        return ENDS[m.get(C.SEND_TAG_END, int)], m.get(C.SEND_TAG_CODE, int), m.get(C.TAG_TEXT, str)

    def arrived(self, to, *numbers):
        """Those letters, by their Message-ID: the names of a maildir's files are in no order of arrival."""
        found, until = {}, time.monotonic() + 60
        while len(found) < len(numbers):
            for data in self.mta.mailbox(to):
                number = int(re.search(rb"(?m)^Message-ID: <(\d+)\.", data)[1])
                if number in numbers:
                    found[number] = data
            self.assertLess(time.monotonic(), until, "letters for %s: %s of %s" % (to, sorted(found), numbers))
            time.sleep(0.05)
        return [found[n] for n in numbers]

    def body(self, data):
        return data.split(b"\n\n", 1)[1]

    def test_submission(self):
        number = 10
        for port in (self.mta.submission_port, self.mta.smtps_port):
            for auth in ("plain", "login"):
                helper = self.sender(port=port, extra=[(C.SEND_TAG_AUTH, auth)])
                end, code, text = self.mail(helper, ALICE, number)
                self.assertEqual((end, code), ("accepted", 250), text)
                self.assertIn((auth.upper(), self.mta.user, True), self.mta.auth.logins)
                number += 1
        for data in self.arrived(ALICE, 10, 11, 12, 13):
            message = email.message_from_bytes(data)
            self.assertEqual(message["Return-Path"], "<%s>" % SENDER)
            self.assertEqual(message["Delivered-To"], ALICE)
            self.assertRegex(message["Received"], "with ESMTPSA")
            self.assertEqual(self.body(data), self.body(letter(1).replace(b"\r\n", b"\n")))

    def test_wrong_password(self):
        for port in (self.mta.submission_port, self.mta.smtps_port):
            end, code, text = self.mail(self.sender(port=port, password="wrong"), ALICE)
            self.assertEqual((end, code), ("deferred", 535), text)

    def test_wrong_authority(self):
        logins = len(self.mta.auth.logins)
        for port in (self.mta.submission_port, self.mta.smtps_port):
            end, code, text = self.mail(self.sender(port=port, ca=self.mta.certs.self_signed.cert), ALICE)
            self.assertEqual((end, code), ("deferred", 0), text)
        self.assertEqual(len(self.mta.auth.logins), logins)

    def test_unknown_recipient_is_refused(self):
        helper = self.sender(port=self.mta.strict_port)
        end, code, text = self.mail(helper, "nobody@example.org")
        self.assertEqual((end, code), ("refused", 550), text)
        self.assertIn("5.1.1", text)
        self.assertEqual(self.mail(helper, BOB)[0], "accepted")  # and the next is not concerned

    def test_genuine_bounce(self):
        """Taken first, returned later: to the envelope sender with its token."""
        end, code, text = self.mail(self.sender(), "nobody@example.org", 77)
        self.assertEqual(end, "accepted", text)
        for data in self.mta.wait(GATEWAY, 1):
            message = email.message_from_bytes(data)
            if b"<77.emb@gateway.example>" in data:
                break
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message["Return-Path"], "<>")
        self.assertEqual(message["Delivered-To"], SENDER)
        status = message.get_payload(1).get_payload(1)
        self.assertEqual(status["Final-Recipient"].split(";")[1].strip(), "nobody@example.org")
        self.assertEqual((status["Action"], status["Status"]), ("failed", "5.1.1"))

    def test_null_sender_and_utf8(self):
        helper = self.sender()
        self.assertEqual(self.mail(helper, BOB, 5, sender="")[0], "accepted")
        self.assertEqual(self.mail(helper, "j\u00fcrgen@example.org", 6)[0], "accepted")

    def test_two_hundred_letters_on_one_connection(self):
        helper, logins = self.sender(), len(self.mta.auth.logins)
        for i in range(200):
            end, _, text = self.mail(helper, BOB, 1000 + i)
            self.assertEqual(end, "accepted", text)
        self.assertEqual(len(self.mta.auth.logins) - logins, 1)
        self.assertEqual(len(self.arrived(BOB, *range(1000, 1200))), 200)

    def test_sendmail_program(self):
        helper = self.sender(url="sendmail:" + self.mta.sendmail)
        end, _, text = self.mail(helper, ALICE, 9)
        self.assertEqual(end, "accepted", text)
        data = self.arrived(ALICE, 9)[0]
        message = email.message_from_bytes(data)
        self.assertEqual(message["Return-Path"], "<%s>" % SENDER)
        self.assertEqual(self.body(data), self.body(letter(1).replace(b"\r\n", b"\n")))


if __name__ == "__main__":
    if not certificates.have_openssl():
        print("skipped: openssl is not installed")
        sys.exit(77)
    try:
        unpack()
    except Unavailable as reason:
        print("skipped: %s" % reason)
        sys.exit(77)
    unittest.main()
