# SPDX-License-Identifier: GPL-3.0-or-later
"""embargod-send against submission servers on loopback: what it calls each end, and what it never says to whom."""
import os
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import certs as certificates  # noqa: E402
import smtp_sink  # noqa: E402
from channel import C, Helper  # noqa: E402
from smtp_sink import Recorder, SmtpSink  # noqa: E402

LETTER = (b"Message-ID: <1.emb@gateway.example>\r\nFrom: emb@gateway.example\r\nSubject: [EMB-2026-0001] ...\r\n\r\n"
          b".a line with a dot\r\n..\r\n.\r\nend\r\n")
ENDS = {C.SEND_ACCEPTED: "accepted", C.SEND_DEFERRED: "deferred", C.SEND_REFUSED: "refused",
        C.SEND_UNCONFIRMED: "unconfirmed"}
SCHEMES = {"tls": "smtps", "starttls": "smtp+starttls"}
SECRET = "s3cret-pass"


class Result:
    def __init__(self, message):
        self.message = message
        self.end = ENDS.get(message.get(C.SEND_TAG_END, int)) if message.type == C.SEND_RESULT else "error"
        self.code = message.get(C.SEND_TAG_CODE, int)
        self.text = message.get(C.TAG_TEXT, str)

    def __repr__(self):
        return "%s %s %r" % (self.end, self.code, self.text)


class Sender(Helper):
    """embargod-send, configured for a server on loopback."""

    def __init__(self, server=None, url=None, user="emb", password=SECRET, ca=None, timeout_ms=20000, extra=(), **kwargs):
        super().__init__("embargod-send", **kwargs)
        if server is not None:
            url = "%s://%slocalhost:%d" % (SCHEMES.get(server.mode, "smtp+starttls"), user + "@" if user else "",
                                           server.port)
        fields = [(C.SEND_TAG_TIMEOUT_MS, timeout_ms), *extra]
        if url is not None:
            fields.append((C.SEND_TAG_URL, url))
        if user and password is not None and not (url or "").startswith(("maildir", "sendmail")):
            fields.append((C.SEND_TAG_PASSWORD, password))
        if ca:
            fields.append((C.SEND_TAG_CA_FILE, ca))
        self.config(fields)

    def mail(self, to="alice@example.org", sender="emb@gateway.example", body=LETTER):
        return Result(self.call(C.SEND_MAIL, [(C.SEND_TAG_FROM, sender), (C.SEND_TAG_TO, to), (C.TAG_BYTES, body)]))

    def check(self):
        return Result(self.call(C.SEND_CHECK))


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.certs = certificates.Certs(os.path.join(cls.folder.name, "certs"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def sink(self, mode="tls", **kwargs):
        kwargs.setdefault("users", {"emb": SECRET})
        sink = SmtpSink(self.certs.good, mode=mode, **kwargs).start()
        self.addCleanup(sink.stop)
        return sink

    def sender(self, server=None, **kwargs):
        kwargs.setdefault("ca", self.certs.ca)
        sender = Sender(server, **kwargs)
        self.addCleanup(sender.__exit__)
        return sender


class Ends(Base):
    # recipient, sender, end, code
    CASES = [
        ("alice@example.org", "emb@gateway.example", "accepted", 250),
        ("alice@example.org", "", "accepted", 250),
        ("rcpt-550@example.org", "emb@gateway.example", "refused", 550),
        ("rcpt-450@example.org", "emb@gateway.example", "deferred", 450),
        ("alice@example.org", "mail-550@gateway.example", "refused", 550),
        ("alice@example.org", "mail-451@gateway.example", "deferred", 451),
        ("alice@example.org", "mail-530@gateway.example", "deferred", 530),  # it wants a login: ours to put right
        ("data-554@example.org", "emb@gateway.example", "refused", 554),
        ("data-451@example.org", "emb@gateway.example", "deferred", 451),
        ("dot-554@example.org", "emb@gateway.example", "refused", 554),
        ("dot-451@example.org", "emb@gateway.example", "deferred", 451),
        ("bye-421@example.org", "emb@gateway.example", "deferred", 421),
        ("cut-rcpt@example.org", "emb@gateway.example", "deferred", 0),
        ("cut-dot@example.org", "emb@gateway.example", "unconfirmed", 0),
        ("cut-quit@example.org", "emb@gateway.example", "accepted", 250),
    ]

    def test_each_end(self):
        for mode in SCHEMES:
            sink = self.sink(mode)
            sender = self.sender(sink)
            for to, mail_from, end, code in self.CASES:
                with self.subTest(mode=mode, to=to, mail_from=mail_from):
                    before = len(sink.letters)
                    result = sender.mail(to, mail_from)
                    self.assertEqual((result.end, result.code), (end, code), result)
                    self.assertEqual(len(sink.letters) - before, end in ("accepted", "unconfirmed"))
                    self.assertTrue(result.text)
                    if code >= 400:
                        self.assertIn(str(code), result.text)
                        self.assertIn("by script", result.text)

    def test_cut_after_the_dot_of_any_letter(self):
        """libcurl does not ask for the end of a letter none of whose lines begins with a dot: its end is known all the same."""
        sink = self.sink()
        sender = self.sender(sink)
        for body in (b"x\r\n", b"Subject: x\r\n\r\nno dot\r\n", (b"y" * 70 + b"\r\n") * 30000, b".\r\n", b"..\r\n" * 50000):
            with self.subTest(body[:20]):
                before = len(sink.letters)
                self.assertEqual(sender.mail("cut-dot@example.org", body=body).end, "unconfirmed")
                self.assertEqual(len(sink.letters) - before, 1)
                self.assertEqual(sender.mail("alice@example.org", body=body).end, "accepted")

    def test_letters_arrive_as_they_are(self):
        sink = self.sink()
        sender = self.sender(sink)
        large = b"Subject: large\r\n\r\n" + b"".join(b".%06d %s\r\n" % (i, b"x" * 60) for i in range(120000))
        for body in (LETTER, b"\r\n", b".\r\n", b"a\r\n.\r\n..\r\n", large):
            self.assertEqual(sender.mail(body=body).end, "accepted")
            letter = sink.letters[-1]
            self.assertTrue(letter.data == body, "%d bytes came as %d" % (len(body), len(letter.data)))
            self.assertEqual((letter.mail_from, letter.rcpt_to), ("emb@gateway.example", ["alice@example.org"]))
            self.assertTrue(letter.tls)
            self.assertEqual(letter.user, "emb")

    def test_cut_in_the_middle_is_not_sent(self):
        sink = self.sink()
        sender = self.sender(sink)
        result = sender.mail("cut-data@example.org", body=b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n" * 2 ** 21)
        self.assertEqual((result.end, result.code), ("deferred", 0), result)
        self.assertEqual(sink.letters, [])
        self.assertEqual(sender.mail().end, "accepted")

    def test_bodies_that_are_no_crlf_lines_are_refused(self):
        sink = self.sink()
        sender = self.sender(sink)
        for body in (b"", b"no end", b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nMAIL FROM:<x@y>\r\n", b"a\0b\r\n"):
            result = sender.mail(body=body)
            self.assertEqual((result.end, result.code), ("refused", 0), body)
        self.assertEqual(sink.connections, 0)

    def test_silence_ends_in_time(self):
        sink = self.sink()
        sender = self.sender(sink, timeout_ms=2500)
        start = time.monotonic()
        self.assertEqual(sender.mail("hang-rcpt@example.org").end, "deferred")
        self.assertEqual(sender.mail("hang-dot@example.org").end, "unconfirmed")
        self.assertLess(time.monotonic() - start, 60)
        # a late reply to the old letter must not be taken for one to the next: a fresh connection
        before = sink.connections
        self.assertEqual(sender.mail("rcpt-550@example.org").end, "refused")
        self.assertEqual(sender.mail("alice@example.org").end, "accepted")
        self.assertGreater(sink.connections, before)
        self.assertEqual(sink.letters[-1].rcpt_to, ["alice@example.org"])

    def test_a_server_that_never_greets(self):
        with Recorder(self.certs.good, mode="plain", greeting="") as server:
            sender = self.sender(server, timeout_ms=1000)
            server.replies["EHLO"] = None
            start = time.monotonic()
            self.assertEqual(sender.mail().end, "deferred")
            self.assertLess(time.monotonic() - start, 60)

    def test_greeting_554_waits(self):
        with Recorder(self.certs.good, mode="tls", greeting="554 no service here") as server:
            result = self.sender(server).mail()
            self.assertEqual(result.end, "deferred", result)
            self.assertIn("554", result.text)

    def test_nobody_listens(self):
        with Recorder(self.certs.good) as server:
            pass
        result = self.sender(server).mail()
        self.assertEqual((result.end, result.code), ("deferred", 0), result)

    def test_hostile_replies_are_cleaned(self):
        for reply in ("550 \x1b[31mred\x07 \u202egnp", "550 " + "x" * 5000, "550-a\r\n550-b\r\n550 c"):
            with Recorder(self.certs.good, mode="tls", replies={"RCPT": reply}) as server:
                result = self.sender(server).mail()
                self.assertEqual((result.end, result.code), ("refused", 550), result)
                self.assertFalse([c for c in result.text if ord(c) < 32 or c == "\u202e"], result)
                self.assertLessEqual(len(result.text.encode()), 500)


class Connections(Base):
    def test_one_connection_for_a_hundred_letters(self):
        for mode in SCHEMES:
            sink = self.sink(mode)
            sender = self.sender(sink)
            for i in range(100):
                self.assertEqual(sender.mail("r%d@example.org" % i).end, "accepted")
            self.assertEqual((sink.connections, len(sink.logins), len(sink.letters)), (1, 1, 100))
            self.assertEqual([x.rcpt_to for x in sink.letters], [["r%d@example.org" % i] for i in range(100)])
            self.assertEqual(sender.close(), 0)
            for _ in range(100):
                if sink.quits:
                    break
                time.sleep(0.02)
            self.assertEqual(sink.quits, 1)

    def test_stale_connection_is_no_failure(self):
        sink = self.sink()
        sender = self.sender(sink)
        for i in range(4):
            self.assertEqual(sender.mail("r%d@example.org" % i).end, "accepted")
            sink.close_connections()
            if i % 2:
                time.sleep(0.1)  # with and without time for the news to arrive
        self.assertEqual(len(sink.letters), 4)

    def test_421_on_a_kept_connection_is_no_failure(self):
        sink = self.sink()
        sender = self.sender(sink)
        self.assertEqual(sender.mail().end, "accepted")
        self.assertEqual(sender.mail("bye-421-1@example.org").end, "accepted")
        self.assertEqual((sink.connections, len(sink.letters)), (2, 2))

    def test_421_on_a_fresh_connection_is_one(self):
        sink = self.sink()
        sender = self.sender(sink)
        self.assertEqual(sender.mail("bye-421-1@example.org").end, "deferred")
        self.assertEqual(sender.mail("bye-421-1@example.org").end, "accepted")

    def test_check_sends_nothing(self):
        for mode in SCHEMES:
            sink = self.sink(mode)
            sender = self.sender(sink)
            for _ in range(2):
                result = sender.check()
                self.assertEqual(result.end, "accepted", result)
                self.assertIn("emb", result.text)
            self.assertEqual((sink.letters, [x[2] for x in sink.logins]), ([], [True, True]))
            self.assertEqual(sender.mail().end, "accepted")
            self.assertEqual(sender.check().end, "accepted")
            self.assertEqual(sender.mail().end, "accepted")
            self.assertEqual(len(sink.letters), 2)


class Trust(Base):
    """No credential and no letter before the server has proved who it is."""

    def assert_silent(self, server, result):
        server.settle()
        self.assertEqual((result.end, result.code), ("deferred", 0), result)
        self.assertEqual(server.inside, b"", "said inside TLS")
        for word in (b"AUTH", b"MAIL", SECRET.encode(), b"alice"):
            self.assertNotIn(word, server.clear)
        self.assertGreater(server.connections, 0)

    def test_bad_certificates(self):
        pairs = {"wrong host": self.certs.wrong_host, "self-signed": self.certs.self_signed,
                 "expired": self.certs.expired}
        for mode in SCHEMES:
            for name, pair in pairs.items():
                for job in ("mail", "check"):
                    with self.subTest(mode=mode, certificate=name, job=job), Recorder(pair, mode) as server:
                        self.assert_silent(server, getattr(self.sender(server), job)())

    def test_the_recorder_would_hear_it(self):
        """The counter-test: with a good certificate it does hear the password."""
        for mode in SCHEMES:
            with Recorder(self.certs.good, mode) as server:
                sender = self.sender(server)
                sender.mail()
                sender.close()
                server.settle()
                self.assertIn(b"AUTH PLAIN", server.inside)
                self.assertNotIn(b"AUTH", server.clear)

    def test_system_authorities_do_not_know_the_test_ca(self):
        for mode in SCHEMES:
            with self.subTest(mode=mode), Recorder(self.certs.good, mode) as server:
                self.assert_silent(server, self.sender(server, ca=None).mail())

    def test_ca_file_is_trusted_alone_and_must_be_one(self):
        sink = self.sink()
        for path in ("/dev/null", self.certs.wrong_host.key, self.certs.self_signed.cert):
            result = self.sender(sink, ca=path).mail()
            self.assertEqual(result.end, "deferred", path)
        self.assertIn("CA file", self.sender(sink, ca="/nonexistent/ca.pem",
                                             stderr=subprocess.DEVNULL).mail().text)
        self.assertEqual((sink.letters, sink.logins), ([], []))

    def test_starttls_is_forced(self):
        injected = "220 go on\r\n250-localhost\r\n250 AUTH PLAIN"
        for name, replies in (("missing", {}), ("refused", {"STARTTLS": "454 not now"}), ("injected", None)):
            with self.subTest(name):
                if replies is None:
                    server = Recorder(self.certs.good, "starttls", replies={"STARTTLS": injected})
                else:
                    server = Recorder(self.certs.good, "plain", replies=replies)
                with server:
                    result = self.sender(server).mail()
                    server.settle()
                    self.assertEqual(result.end, "deferred", result)
                    self.assertNotIn(b"AUTH", server.clear + server.inside)
                    self.assertNotIn(b"MAIL", server.clear + server.inside)

    def test_clear_text_behind_smtps(self):
        with Recorder(self.certs.good, "plain") as server:
            sender = self.sender(url="smtps://emb@localhost:%d" % server.port, timeout_ms=1000)
            self.assertEqual(sender.mail().end, "deferred")
            sender.close()
            self.assertNotIn(SECRET.encode(), server.clear)
            self.assertNotIn(b"AUTH", server.clear)

    def test_fingerprint_for_a_self_signed_server(self):
        for mode in SCHEMES:
            pair = self.certs.self_signed
            sink = SmtpSink(pair, mode=mode, users={"emb": SECRET}).start()
            self.addCleanup(sink.stop)
            for pin in (pair.pin, "sha256//" + pair.pin):
                result = self.sender(sink, ca=None, extra=[(C.SEND_TAG_FINGERPRINT, pin)]).mail()
                self.assertEqual(result.end, "accepted", result)

    def test_wrong_fingerprint(self):
        for mode in SCHEMES:
            for pair, ca, pin in (
                    (self.certs.self_signed, None, self.certs.good.pin),
                    (self.certs.good, self.certs.ca, self.certs.self_signed.pin),
                    (self.certs.wrong_host, self.certs.ca, self.certs.wrong_host.pin)):  # with a CA both must hold
                with self.subTest(mode=mode, cert=pair.cert), Recorder(pair, mode) as server:
                    self.assert_silent(server, self.sender(server, ca=ca, extra=[(C.SEND_TAG_FINGERPRINT, pin)]).mail())

    def test_a_fingerprint_that_is_none(self):
        with Recorder(self.certs.self_signed) as server:
            for pin in ("", "abc", "!", self.certs.good.pin + ";sha256//" + self.certs.self_signed.pin,
                        self.certs.good.pin[:-8]):
                result = self.sender(server, ca=None, extra=[(C.SEND_TAG_FINGERPRINT, pin)],
                                     stderr=subprocess.DEVNULL).mail()
                self.assertEqual(result.end, "deferred")
                self.assertIn("fingerprint", result.text)
            self.assertEqual(server.connections, 0)


class Login(Base):
    def test_wrong_password_then_a_right_one(self):
        for mode in SCHEMES:
            sink = self.sink(mode)
            sender = self.sender(sink, password="wrong")
            for job in (sender.mail, sender.check):
                result = job()
                self.assertEqual((result.end, result.code), ("deferred", 535), result)
                self.assertIn("login", result.text)
                self.assertNotIn("wrong", result.text)
            self.assertEqual(sink.letters, [])
            sender.config([(C.SEND_TAG_PASSWORD, SECRET)])
            self.assertEqual(sender.mail().end, "accepted")

    def test_mechanisms(self):
        for mode in SCHEMES:
            for auth in ("plain", "login", "xoauth2", "oauthbearer"):
                with self.subTest(mode=mode, auth=auth):
                    sink = self.sink(mode, tokens={"emb": "tok"})
                    secret = SECRET if auth in ("plain", "login") else "tok"
                    result = self.sender(sink, password=secret, extra=[(C.SEND_TAG_AUTH, auth)]).mail()
                    self.assertEqual(result.end, "accepted", result)
                    self.assertEqual(sink.logins, [(auth.upper(), "emb", True)])

    def test_wrong_tokens(self):
        for auth in ("xoauth2", "oauthbearer"):
            sink = self.sink(tokens={"emb": "tok"})
            sender = self.sender(sink, password="stale", extra=[(C.SEND_TAG_AUTH, auth)])
            result = sender.mail()
            self.assertEqual((result.end, result.code), ("deferred", 535), result)
            sender.config([(C.SEND_TAG_PASSWORD, "tok")])
            self.assertEqual(sender.mail().end, "accepted")
            self.assertEqual([x[2] for x in sink.logins], [False, True])

    def test_a_new_token_ends_the_old_connection(self):
        sink = self.sink(tokens={"emb": "tok"})
        sender = self.sender(sink, password="tok", extra=[(C.SEND_TAG_AUTH, "xoauth2")])
        self.assertEqual(sender.mail().end, "accepted")
        sink.tokens["emb"] = "tok2"
        sender.config([(C.SEND_TAG_PASSWORD, "tok2")])
        self.assertEqual(sender.mail().end, "accepted")
        self.assertEqual((sink.connections, len(sink.logins)), (2, 2))

    def test_no_other_mechanism_is_fallen_back_to(self):
        sink = self.sink(mechanisms={"LOGIN"})
        self.assertEqual(self.sender(sink).mail().end, "deferred")
        self.assertEqual(sink.logins, [])

    def test_without_login(self):
        sink = self.sink(users={})
        self.assertEqual(self.sender(sink, user="").mail().end, "accepted")
        self.assertIsNone(sink.letters[-1].user)

    def test_password_from_file_and_command(self):
        sink = self.sink()
        path = os.path.join(self.folder.name, "password")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
            out.write(SECRET + "\n")
        for extra in ([(C.SEND_TAG_PASSWORD_FILE, path)], [(C.SEND_TAG_PASSWORD_COMMAND, "cat %s" % path)]):
            result = self.sender(sink, password=None, extra=extra, stderr=subprocess.DEVNULL).mail()
            self.assertEqual(result.end, "accepted", result)
        for extra, word in (([(C.SEND_TAG_PASSWORD_FILE, path + "x")], "password file"),
                            ([(C.SEND_TAG_PASSWORD_COMMAND, "false")], "password command"),
                            ([], "no password")):
            result = self.sender(sink, password=None, extra=extra, stderr=subprocess.DEVNULL).mail()
            self.assertEqual(result.end, "deferred", result)
            self.assertIn(word, result.text)
        os.chmod(path, 0o640)
        self.assertTrue(os.stat(path).st_mode & stat.S_IRGRP)
        result = self.sender(sink, password=None, extra=[(C.SEND_TAG_PASSWORD_FILE, path)],
                             stderr=subprocess.DEVNULL).mail()
        self.assertEqual(result.end, "deferred")
        self.assertIn("chmod", result.text)


class Envelope(Base):
    BAD = ["alice@example.org>\r\nRCPT TO:<eve@example.net", "alice@example.org\r\nRCPT TO:<eve@example.net>",
           "alice@example.org\nX", "alice@example.org\rX", "alice@example.org> SIZE=1", "<alice@example.org>",
           "alice @example.org", "alice@example.org eve@example.net", "alice@example.org,eve@example.net", "alice",
           "@example.org", "alice@", "-f@example.org", "alice\x01@example.org", "alice@ex\u202eample.org",
           b"alice\xff@example.org", b"alice@example.org\0"]

    def test_injection_never_reaches_the_server(self):
        sink = self.sink()
        sender = self.sender(sink)
        for bad in self.BAD:
            with self.subTest(bad):
                self.assertEqual(sender.mail(bad).end, "refused")
                self.assertEqual(sender.mail(sender=bad).end, "refused")
        self.assertEqual(sender.mail("").end, "refused")
        self.assertEqual((sink.connections, sink.letters), (0, []))
        self.assertEqual(sender.mail().end, "accepted")

    def test_smtputf8(self):
        sink = self.sink()
        sender = self.sender(sink)
        self.assertEqual(sender.mail("j\u00fcrgen@example.org").end, "accepted")
        self.assertEqual(sink.letters[0].rcpt_to, ["j\u00fcrgen@example.org"])
        self.assertIn("SMTPUTF8", sink.letters[0].options)
        self.assertEqual(sender.mail("alice@example.org").end, "accepted")
        self.assertNotIn("SMTPUTF8", sink.letters[1].options)

    def test_requests_that_are_none(self):
        sink = self.sink()
        sender = self.sender(sink)
        for type_, fields in ((C.SEND_MAIL, []), (C.SEND_GET, [(C.SEND_TAG_URL, "https://example.org/")]), (999, []),
                              (C.SEND_MAIL, [(C.SEND_TAG_TO, "a@b"), (C.SEND_TAG_FROM, "a@b")])):
            answer = sender.call(type_, fields)
            self.assertEqual((answer.type, answer.get(C.TAG_STATUS, int)), (C.CH_ERROR, C.ST_REJECT))
        answer = sender.call(C.SEND_MAIL, [(C.TAG_BYTES, LETTER)])
        self.assertEqual(Result(answer).end, "refused")
        self.assertEqual(sender.mail().end, "accepted")


class Local(Base):
    def status(self, sender):
        with open("/proc/%d/status" % sender.process.pid, encoding="ascii") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)

    def test_maildir(self):
        path = os.path.join(self.folder.name, "out")
        sender = self.sender(url="maildir:" + path)
        self.assertEqual(sender.check().end, "accepted")
        for _ in range(2):
            self.assertEqual(sender.mail().end, "accepted")
        names = os.listdir(path + "/new")
        self.assertEqual(len(names), 1)
        with open(os.path.join(path, "new", names[0]), "rb") as f:
            self.assertEqual(f.read(), b"Return-Path: <emb@gateway.example>\nDelivered-To: <alice@example.org>\n"
                             + LETTER.replace(b"\r\n", b"\n"))
        self.assertEqual(self.status(sender)["NoNewPrivs"], "1")

    def test_network_sender_is_locked_in(self):
        sink = self.sink()
        sender = self.sender(sink)
        self.assertEqual(sender.mail().end, "accepted")
        self.assertEqual(self.status(sender)["NoNewPrivs"], "1")
        with open(os.path.join(os.environ.get("top_builddir", "."), "config.h"), encoding="utf-8") as f:
            if "#define EMBARGOD_NO_SANDBOX" not in f.read():
                self.assertEqual(self.status(sender)["Seccomp"], "2")

    def test_sendmail_keeps_the_set_id_bits_of_the_mta(self):
        program = os.path.join(self.folder.name, "sendmail")
        with open(os.open(program, os.O_CREAT | os.O_WRONLY, 0o755), "w") as out:
            out.write("#!/bin/sh\ngrep NoNewPrivs /proc/self/status >%s.privs\ncat >/dev/null\n" % program)
        sender = self.sender(url="sendmail:" + program)
        self.assertEqual(sender.check().end, "accepted")
        result = sender.mail()
        self.assertEqual(result.end, "accepted", result)
        with open(program + ".privs", encoding="ascii") as f, open("/proc/self/status", encoding="ascii") as own:
            self.assertIn(f.read(), own.read())

    def test_configurations_that_do_not_work(self):
        for url, word in ((None, "URL"), ("smtp://x@localhost", "clear text"), ("smtps://emb:pw@localhost", "password"),
                          ("maildir:/nonexistent/deep/down", "maildir"), ("sendmail:/nonexistent", "sendmail"),
                          ("ftp://x", "unknown")):
            sender = self.sender(url=url, stderr=subprocess.DEVNULL)
            for result in (sender.mail(), sender.check()):
                self.assertEqual(result.end, "deferred", url)
                self.assertIn(word, result.text)
            self.assertEqual(sender.close(), 0)

    def test_no_configuration_yet(self):
        with Helper("embargod-send") as helper:
            self.assertEqual(Result(helper.call(C.SEND_CHECK)).end, "deferred")


if __name__ == "__main__":
    if not smtp_sink.available():
        print("skipped: python3-aiosmtpd is not installed")
        sys.exit(77)
    if not certificates.have_openssl():
        print("skipped: openssl is not installed")
        sys.exit(77)
    unittest.main()
