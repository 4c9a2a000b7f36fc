#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole daemon and its outbox: submission servers that defer, refuse, cut, hang, vanish or lie; sendmail programs; tokens. What each
mailbox holds after is what counts, and what the analysts and the operator are told."""
import datetime
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certs import Certs, have_openssl  # noqa: E402
import smtp_sink  # noqa: E402

if not have_openssl() or not smtp_sink.available():
    print("SKIP: openssl or aiosmtpd is missing (packages openssl python3-aiosmtpd)")
    sys.exit(77)

from daemon import Daemon, NetSite, from_sink, section, wait  # noqa: E402
from smtp_sink import Recorder, SmtpSink  # noqa: E402

SECRET = "SMTP-secret-word"
SITE, CERTS = None, None


def setUpModule():
    global SITE, CERTS
    SITE = NetSite().prepare()
    CERTS = Certs(os.path.join(SITE.root, "certs"))


def tearDownModule():
    SITE.end()


def seconds_between(earlier, later):
    form = "%Y-%m-%dT%H:%M:%SZ"
    return (datetime.datetime.strptime(later, form) - datetime.datetime.strptime(earlier, form)).total_seconds()


def utc_now(ahead=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead))


class WithSink(unittest.TestCase):
    def setUp(self):
        self.s = SITE

    def sink(self, **options):
        options.setdefault("users", {"emb": SECRET})
        sink = SmtpSink(options.pop("pair", CERTS.good), **options).start()
        self.addCleanup(lambda: sink._thread.is_alive() and sink.stop())
        return sink

    def outbox(self, port, scheme="smtps", **settings):
        if "password_file" not in settings:
            settings["password_file"] = SITE.secret(SECRET)
        settings.setdefault("tls_ca_file", CERTS.ca)
        return section("%s://emb@localhost:%d" % (scheme, port), **settings)

    def got(self, sink, person):
        return from_sink(sink, person)


class Answers(WithSink):
    def test_once_sends_everything_and_ends_with_0(self):
        for mode, scheme in (("tls", "smtps"), ("starttls", "smtp+starttls")):
            with self.subTest(mode):
                sink = self.sink(mode=mode)
                self.s.back(outbox=self.outbox(sink.port, scheme))
                self.s.deliver(self.s.report())
                self.s.once(0)
                ack, forward = self.got(sink, self.s.robin), self.got(sink, self.s.alice)
                self.assertEqual((len(ack), len(forward)), (1, 1))
                self.assertTrue(ack[0].encrypted and forward[0].encrypted and ack[0].signer == forward[0].signer == self.s.fpr)
                self.assertTrue(all(letter.tls and letter.user == "emb" for letter in sink.letters))
                self.assertEqual(self.s.outbox_now(), [])
                self.assertEqual(len(self.s.box(".Processed")), 1)
                senders = {letter.mail_from for letter in sink.letters}
                self.assertEqual(len(senders), 2)  # a bounce address of its own for each letter
                self.assertTrue(all(re.fullmatch(r"security\+\w+@pumps\.example", f) for f in senders), senders)
                sink.stop()

    def test_deferred_waits_longer_each_time(self):
        sink = self.sink(script={self.s.robin.address: "rcpt-450-3"})
        self.s.back(outbox=self.outbox(sink.port))
        env = self.s.clock()
        with Daemon(self.s, env) as d:
            self.s.deliver(self.s.report())
            d.wait(lambda: len(self.got(sink, self.s.alice)) == 1, "the forward is sent: one refused letter delays no other")
            ahead, message_id = 0, None
            for tries, least in ((1, 60), (2, 120), (3, 240)):
                before = utc_now(ahead)
                m = d.wait(lambda: (self.s.mail_of("acknowledgement", self.s.robin) or {}).get("tries") == tries and
                           self.s.mail_of("acknowledgement", self.s.robin), "try %d is refused for now" % tries)
                self.assertEqual(m["state"], "deferred")
                self.assertIn("450", m["error"])
                pause = seconds_between(before, m["due"])
                self.assertTrue(least - 60 <= pause <= least * 1.2 + 5, pause)  # the answer may have come a while before
                self.assertGreater(seconds_between(utc_now(ahead), m["due"]), 0)
                message_id = message_id or m["message_id"]
                self.assertEqual((m["message_id"], sink._counts[self.s.robin.address]), (message_id, tries))
                text = d.ctl("outbox")
                self.assertIn("next try " + m["due"], text)
                self.assertIn("deferred", text)
                ahead += int(least * 1.2) + 5
                self.s.set_clock(ahead)
            ack = d.wait(lambda: self.got(sink, self.s.robin), "the fourth try is taken")
            self.assertEqual([a.outer["Message-ID"].strip("<>") for a in ack], [message_id])
            d.wait(lambda: not self.s.outbox_now(), "the outbox is empty")
            self.assertTrue(d.lines("it will be tried again", "450"))

    def test_once_with_deferred_mail_ends_with_75(self):
        sink = self.sink(script={self.s.robin.address: "dot-451-1"})
        self.s.back(outbox=self.outbox(sink.port))
        self.s.deliver(self.s.report())
        self.s.once(75)
        self.assertEqual([m["state"] for m in self.s.outbox_now()], ["deferred"])
        self.s.once(75)  # it is not due yet
        self.assertEqual(self.got(sink, self.s.robin), [])
        self.s.ctl("retry", "all")
        self.s.once(0)
        self.assertEqual(len(self.got(sink, self.s.robin)), 1)
        self.assertEqual(len(self.got(sink, self.s.alice)), 1)

    def test_refused_is_told_and_can_be_retried(self):
        sink = self.sink(script={self.s.robin.address: "rcpt-550"})
        self.s.back(outbox=self.outbox(sink.port))
        with Daemon(self.s) as d:
            self.s.deliver(self.s.report())
            alarm = d.wait(lambda: [m for m in self.got(sink, self.s.alice) if "could not be sent" in m.subject], "the analyst is told")
            m = self.s.mail_of("acknowledgement", self.s.robin)
            self.assertEqual((m["state"], m["tries"]), ("failed", 1))
            self.assertIn("550 5.1.1 recipient refused by script", m["error"])
            self.assertEqual(len(alarm), 1)
            self.assertTrue(alarm[0].encrypted and alarm[0].signer == self.s.fpr)
            for word in (self.s.robin.address, "acknowledgement", "550 5.1.1 recipient refused by script",
                         "embargoctl retry %d" % m["id"], "embargoctl outbox", m["case"]):
                self.assertIn(word, alarm[0].subject + alarm[0].text)
            self.assertNotIn(self.s.robin.address.encode(), alarm[0].raw)
            text = d.ctl("outbox")
            for word in ("failed", "550 5.1.1", "embargoctl retry NUMBER"):
                self.assertIn(word, text)
            self.assertIn("1 failed", d.ctl("status"))
            self.assertIn("embargoctl retry", d.ctl("status"))
            self.assertIn("was not sent: 550", d.ctl("show", m["case"]))
            self.assertIn("not in the outbox", d.ctl("retry", "999", code=1))
            sink.script.clear()
            d.ctl("retry", str(m["id"]))
            ack = d.wait(lambda: self.got(sink, self.s.robin), "after the retry it is taken")
            self.assertEqual([a.outer["Message-ID"].strip("<>") for a in ack], [m["message_id"]])
            d.wait(lambda: not self.s.outbox_now(), "the outbox is empty")
            self.assertNotIn("failed", d.ctl("status").replace("0 failed", ""))
            self.assertEqual(len(self.got(sink, self.s.alice)), 2)  # the forward and the alarm

    def test_an_alarm_that_is_refused_makes_no_alarm(self):
        sink = self.sink(script={self.s.alice.address: "rcpt-550"})
        self.s.back(outbox=self.outbox(sink.port))
        self.s.deliver(self.s.report())
        self.s.once(0)
        self.assertEqual(sorted((m["kind"], m["state"]) for m in self.s.outbox_now()), [("alarm", "failed"), ("forward", "failed")])
        self.assertEqual(len(self.got(sink, self.s.robin)), 1)
        sink.script.clear()
        self.s.ctl("retry", "all")
        self.s.once(0)
        self.assertEqual(len(self.got(sink, self.s.alice)), 2)

    def test_given_up_after_days(self):
        sink = self.sink(script={self.s.robin.address: "rcpt-450"})
        self.s.back(outbox=self.outbox(sink.port), extra="outbox_give_up_h = 2")
        env = self.s.clock()
        self.s.deliver(self.s.report())
        self.s.once(75, env=env)
        self.s.set_clock(2 * 3600 + 120)
        self.s.once(0, env=env)
        m = self.s.mail_of("acknowledgement", self.s.robin)
        self.assertEqual(m["state"], "failed")
        self.assertIn("given up after 2 hours", m["error"])
        alarm = [a for a in self.got(sink, self.s.alice) if "could not be sent" in a.subject]
        self.assertEqual(len(alarm), 1)
        self.assertIn("given up after 2 hours", alarm[0].text)

    def test_cut_after_the_dot_is_resent_after_a_quarter_of_an_hour(self):
        sink = self.sink(script={self.s.robin.address: "cut-dot-1"})
        self.s.back(outbox=self.outbox(sink.port))
        env = self.s.clock()
        begun = utc_now()
        with Daemon(self.s, env) as d:
            self.s.deliver(self.s.report())
            m = d.wait(lambda: (self.s.mail_of("acknowledgement", self.s.robin) or {}).get("state") == "unconfirmed" and
                       self.s.mail_of("acknowledgement", self.s.robin), "it is unconfirmed")
            self.assertTrue(900 <= seconds_between(begun, m["due"]) <= 900 + seconds_between(begun, utc_now()) + 1, m)
            d.wait(lambda: len(self.got(sink, self.s.alice)) == 1, "the forward is sent")
            self.assertTrue(d.lines("very same letter will be sent again", "state=unconfirmed"))
            self.s.set_clock(600)
            self.s.deliver(self.s.report(subject="second report"))
            d.wait(lambda: len([m for m in self.got(sink, self.s.alice) if "New report" in m.subject]) == 2, "the forward of a second report is sent")
            d.wait(lambda: len(self.got(sink, self.s.robin)) == 2, "the second report is acknowledged; the one whose answer was lost is not yet sent again")
            self.s.set_clock(905 + int(seconds_between(begun, utc_now())))
            d.wait(lambda: len(self.got(sink, self.s.robin)) == 3, "it is sent again")
            first, _, second = [x.data for x in sink.letters if x.rcpt_to == [self.s.robin.address]]
            self.assertEqual(first, second)
            self.assertIn(m["message_id"].encode(), second)
            d.wait(lambda: not self.s.outbox_now(), "the outbox is empty")

    def test_unconfirmed_outlives_a_restart(self):
        sink = self.sink(script={self.s.robin.address: "cut-dot-1"})
        self.s.back(outbox=self.outbox(sink.port))
        env = self.s.clock()
        self.s.deliver(self.s.report())
        self.s.once(75, env=env)
        self.s.once(75, env=env)
        self.assertEqual(len(self.got(sink, self.s.robin)), 1)
        self.s.set_clock(1000)
        self.s.once(0, env=env)
        letters = [x.data for x in sink.letters if x.rcpt_to == [self.s.robin.address]]
        self.assertEqual(len(letters), 2)
        self.assertEqual(letters[0], letters[1])

    def test_a_server_that_hangs_blocks_nobody(self):
        sink = self.sink(script={self.s.robin.address: "hang-rcpt-1"})
        self.s.back(outbox=self.outbox(sink.port, timeout_ms=4000))
        with Daemon(self.s) as d:
            self.s.deliver(self.s.report())
            d.wait_log("letter handled")
            begun = time.monotonic()
            self.assertIn("is running", d.ctl("status"))
            self.s.deliver(self.s.report(subject="second report"))
            d.wait(lambda: len(self.s.box(".Processed")) == 2, "a second letter is taken meanwhile")
            d.wait(lambda: len(self.got(sink, self.s.alice)) == 2, "both forwards are sent")
            d.wait_log("it will be tried again", "no answer in time")
            self.assertLess(time.monotonic() - begun, 100)


class Servers(WithSink):
    def test_server_gone_then_back(self):
        sink = self.sink()
        port = sink.port
        sink.stop()
        self.s.back(outbox=self.outbox(port))
        with Daemon(self.s) as d:
            self.s.deliver(self.s.report())
            d.wait(lambda: [m["state"] for m in self.s.outbox_now()] == ["deferred"] * 2, "both wait")
            for m in self.s.outbox_now():
                self.assertIn("no connection", m["error"])
            self.assertIn("no connection: is the port right", d.ctl("status"))
            self.assertEqual(len(self.s.box(".Processed")), 1)  # the letter is ours, whatever becomes of the answers
            back = self.sink(port=port)
            d.ctl("retry", "all")
            d.wait(lambda: len(back.letters) == 2, "both are sent")
            d.wait(lambda: not self.s.outbox_now(), "the outbox is empty")
            self.assertNotIn("no connection", d.ctl("status"))
            self.assertEqual((len(self.got(back, self.s.robin)), len(self.got(back, self.s.alice))), (1, 1))

    def test_idle_connection_was_closed(self):
        sink = self.sink()
        self.s.back(outbox=self.outbox(sink.port))
        with Daemon(self.s) as d:
            for i in range(1, 4):
                self.s.deliver(self.s.report(subject="report %d" % i))
                d.wait(lambda: len(self.got(sink, self.s.alice)) == i, "forward %d" % i)
                d.wait(lambda: not self.s.outbox_now(), "the outbox is empty")
                sink.close_connections()
            self.assertEqual(d.lines("it will be tried again"), [])
        self.assertEqual(len(sink.letters), 6)  # each is acknowledged and forwarded

    def refusing(self, recorder, scheme, *words, **settings):
        """Nothing but the greeting is said, the cause is told, and with the right server it all goes out."""
        self.s.configure(outbox=self.outbox(recorder.port, scheme, **settings))
        self.s.ctl("retry", "all")
        self.s.once(75)
        recorder.settle()
        self.assertGreater(recorder.connections, 0)
        for said in (recorder.clear, recorder.inside):
            for word in (b"AUTH", SECRET.encode(), b"MAIL", b"emb", b"RCPT", b"DATA"):
                self.assertNotIn(word, said.split(b"EHLO", 1)[-1] if word != b"emb" else said)
        waiting = self.s.outbox_now()
        self.assertEqual([m["state"] for m in waiting], ["deferred"] * 2)
        for m in waiting:
            for word in words:
                self.assertIn(word, m["error"])

    def test_nothing_is_said_to_the_wrong_server(self):
        self.s.back(outbox=self.outbox(1))
        self.s.deliver(self.s.report())
        self.s.once(75)
        advice = ("nothing was sent", "tls_ca_file", "tls_fingerprint")
        for pair in (CERTS.self_signed, CERTS.wrong_host, CERTS.expired):
            for mode, scheme in (("tls", "smtps"), ("starttls", "smtp+starttls")):
                with self.subTest(pair.cert, mode=mode), Recorder(pair, mode=mode) as r:
                    self.refusing(r, scheme, *advice)
        with self.subTest("another key than the pinned one"), Recorder(CERTS.good) as r:
            self.refusing(r, "smtps", "nothing was sent", "ask its operator", tls_fingerprint=CERTS.self_signed.pin)
        with self.subTest("STARTTLS is stripped"), Recorder(CERTS.good, mode="plain") as r:
            self.refusing(r, "smtp+starttls", "nothing was sent", "removes it")
        with self.subTest("STARTTLS is refused"), Recorder(CERTS.good, mode="starttls", replies={"STARTTLS": "454 not now"}) as r:
            self.refusing(r, "smtp+starttls")
        sink = self.sink()
        self.s.configure(outbox=self.outbox(sink.port))
        self.s.ctl("retry", "all")
        self.s.once(0)
        self.assertEqual(len(sink.letters), 2)

    def test_wrong_password_then_the_right_one(self):
        sink = self.sink()
        self.s.back(outbox=self.outbox(sink.port, password_file=self.s.secret("wrong")))
        with Daemon(self.s) as d:
            self.s.deliver(self.s.report())
            d.wait(lambda: [m["state"] for m in self.s.outbox_now()] == ["deferred"] * 2, "both wait")
            for m in self.s.outbox_now():
                self.assertIn("login refused: check the user in the outbox URL, its password or token, and auth", m["error"])
            self.s.secret(SECRET)  # the operator mends the file: no restart is needed
            d.ctl("retry", "all")
            d.wait(lambda: len(sink.letters) == 2, "both are sent")


class Tokens(WithSink):
    def tokens(self, sink, mechanism, first):
        """A token command that notes its calls; the token lies in a file."""
        self.s.secret(first, "token")
        self.calls = os.path.join(self.s.root, "calls")
        if os.path.exists(self.calls):
            os.unlink(self.calls)
        command = self.s.script("echo call >>'%s'\ncat '%s/token'\n" % (self.calls, self.s.root), "token-command")
        return section("smtps://emb@localhost:%d" % sink.port, tls_ca_file=CERTS.ca, auth=mechanism, password_command=command)

    def called(self):
        with open(self.calls) as f:
            return len(f.readlines())

    def test_tokens(self):
        for mechanism in ("oauthbearer", "xoauth2"):
            with self.subTest(mechanism):
                sink = self.sink(users={}, tokens={"emb": "tok-1"}, mechanisms=[mechanism.upper()])
                self.s.back(outbox=self.tokens(sink, mechanism, "tok-1"))
                self.s.deliver(self.s.report())
                self.s.once(0)
                self.assertEqual((len(sink.letters), self.called()), (2, 1))
                self.assertEqual(set(sink.logins), {(mechanism.upper(), "emb", True)})
                sink.stop()

    def test_refused_token_in_mid_session_is_replaced(self):
        for mechanism in ("oauthbearer", "xoauth2"):
            with self.subTest(mechanism):
                sink = self.sink(users={}, tokens={"emb": "tok-1"}, mechanisms=[mechanism.upper()])
                self.s.back(outbox=self.tokens(sink, mechanism, "tok-1"))
                with Daemon(self.s, self.s.clock()) as d:  # nobody moves the clock: a mail that waits a minute waits for ever
                    self.s.deliver(self.s.report())
                    d.wait(lambda: len(sink.letters) == 2, "the first letters go with the first token")
                    self.assertEqual(self.called(), 1)
                    sink.tokens["emb"] = "tok-2"
                    self.s.secret("tok-2", "token")
                    sink.close_connections()
                    self.s.deliver(self.s.report(subject="second report"))
                    d.wait(lambda: len(self.got(sink, self.s.alice)) == 2, "the next letter goes with a fresh token, at once")
                    self.assertEqual(self.called(), 2)
                    self.assertEqual([ok for _, _, ok in sink.logins], [True, False, True])
                    self.assertNotIn("tok-", d.log())
                sink.stop()

    def test_a_token_that_stays_refused_is_not_asked_for_over_and_over(self):
        sink = self.sink(users={}, tokens={"emb": "good"}, mechanisms=["OAUTHBEARER"])
        self.s.back(outbox=self.tokens(sink, "oauthbearer", "bad"))
        self.s.deliver(self.s.report())
        self.s.once(75)
        self.assertEqual(self.called(), 2)
        self.assertEqual([ok for _, _, ok in sink.logins], [False] * 3)  # two mails, one of them twice
        self.assertTrue(all("login refused" in m["error"] for m in self.s.outbox_now()))

    def test_a_token_command_that_fails_at_first(self):
        sink = self.sink(users={}, tokens={"emb": "tok"}, mechanisms=["OAUTHBEARER"])
        mark = os.path.join(self.s.root, "failed-once")
        command = self.s.script("[ -e '%s' ] && { echo tok; exit 0; }\n: >'%s'\nexit 3\n" % (mark, mark), "token-command")
        self.s.back(outbox=section("smtps://emb@localhost:%d" % sink.port, tls_ca_file=CERTS.ca, auth="oauthbearer",
                                   password_command=command))
        self.s.deliver(self.s.report())
        self.s.once(0)
        self.assertEqual(len(sink.letters), 2)
        self.assertIn("password_command failed: run it by hand", self.s.log)


class Sendmail(WithSink):
    PROGRAM = """
n=$(ls '%(dir)s' | wc -l)
for a in "$@"; do printf '%%s\\n' "$a"; done >"%(dir)s/$n.args"
cat >"%(dir)s/$n.mail"
for to; do :; done
code=$(sed -n "s/^$to //p" '%(dir)s.codes')
[ -z "$code" ] || echo "the program says $code" >&2
exit ${code:-0}
"""

    def program(self, **codes):
        """codes: exit code by local part; gives the outbox section."""
        self.dir = os.path.join(self.s.root, "sendmail-%d" % time.time_ns())
        os.mkdir(self.dir)
        self.codes(**codes)
        return section("sendmail:" + self.s.script(self.PROGRAM % {"dir": self.dir}, "sendmail"))

    def codes(self, **codes):
        with open(self.dir + ".codes", "w") as f:
            for who, code in codes.items():
                f.write("%s %d\n" % (getattr(self.s, who).address, code))

    def calls(self):
        """[(arguments, letter)]"""
        found = []
        for name in sorted(os.listdir(self.dir)):
            if name.endswith(".args"):
                with open(os.path.join(self.dir, name)) as a, open(os.path.join(self.dir, name[:-5] + ".mail"), "rb") as m:
                    found.append((a.read().splitlines(), m.read()))
        return found

    def to(self, person):
        return [person.open(mail) for args, mail in self.calls() if args[-1] == person.address]

    def test_exit_0(self):
        self.s.back(outbox=self.program())
        self.s.deliver(self.s.report())
        self.s.once(0)
        self.assertEqual((len(self.to(self.s.robin)), len(self.to(self.s.alice))), (1, 1))
        for args, mail in self.calls():
            self.assertEqual(len(args), 5, args)
            self.assertEqual(args[:2] + args[3:4], ["-i", "-f", "--"])
            self.assertRegex(args[2], r"^security\+\w+@pumps\.example$")
            self.assertNotIn(b"\r", mail)  # a local program gets the lines of its system
        self.assertEqual(self.s.outbox_now(), [])

    def test_exit_75_waits(self):
        self.s.back(outbox=self.program(robin=75))
        self.s.deliver(self.s.report())
        self.s.once(75)
        m = self.s.mail_of("acknowledgement", self.s.robin)
        self.assertEqual(m["state"], "deferred")
        self.assertIn("exit 75, temporary failure: the program says 75", m["error"])
        self.codes()
        self.s.ctl("retry", "all")
        self.s.once(0)
        self.assertEqual(self.to(self.s.robin)[-1].outer["Message-ID"].strip("<>"), m["message_id"])

    def test_other_ends(self):
        for code, state in ((67, "failed"), (64, "failed"), (69, "deferred"), (1, "deferred"), (127, "deferred")):
            with self.subTest(code):
                self.s.back(outbox=self.program(robin=code))
                self.s.deliver(self.s.report())
                self.s.once(0 if state == "failed" else 75)
                m = self.s.mail_of("acknowledgement", self.s.robin)
                self.assertEqual(m["state"], state)
                self.assertIn("exit %d" % code, m["error"])
                alarms = [a for a in self.to(self.s.alice) if "could not be sent" in a.subject]
                self.assertEqual(len(alarms), 1 if state == "failed" else 0)
                if alarms:
                    self.assertIn("the program says %d" % code, alarms[0].text)

    def test_a_missing_program(self):
        self.s.back(outbox=section("sendmail:" + os.path.join(self.s.root, "no-such-program")))
        self.s.deliver(self.s.report())
        self.s.once(75)
        for m in self.s.outbox_now():
            self.assertIn("no-such-program", m["error"])
            self.assertEqual(m["state"], "deferred")

    def test_an_address_is_never_an_option_or_a_second_recipient(self):
        mark = os.path.join(self.s.root, "mark")
        odd = ["-X%s@lab.example" % mark.replace("/", "_"), "-oQ@lab.example", '"-t"@lab.example', '"a b"@lab.example',
               '"a\\" eve@evil.example"@lab.example', "a;touch$IFS%s@lab.example" % os.path.basename(mark), "$(id)@lab.example", "`id`@lab.example"]
        self.s.back(outbox=self.program())
        for n, address in enumerate(odd):
            self.s.deliver(b"From: Odd <" + address.encode() + b">\r\nTo: security@pumps.example\r\nSubject: odd %d\r\n"
                           b"Message-ID: <odd%d@lab.example>\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n\r\nhello\r\n" % (n, n))
        self.s.once(0)
        calls = self.calls()
        usable = [odd[-3].split(";")[1], "$@lab.example", odd[-1]]  # a list, a comment, an odd but right one
        self.assertEqual(len(self.to(self.s.alice)), len(odd))  # each is forwarded, usable sender or none
        for args, _ in calls:
            self.assertEqual(args[:2] + args[3:4], ["-i", "-f", "--"], args)
            self.assertEqual(len(args), 5, args)
            self.assertTrue(args[4] == self.s.alice.address or args[4] in usable, args)
            self.assertFalse(args[4].startswith("-"), args)
        self.assertEqual(sorted(a[4] for a, _ in calls if a[4] in usable), sorted(usable))  # the others are no addresses to write to
        self.assertFalse(os.path.exists(os.path.basename(mark)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
