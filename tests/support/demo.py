# SPDX-License-Identifier: GPL-3.0-or-later
"""The story that ./demo tells: a report comes in, two analysts answer it by mail, two authorities are notified, the embargo gets its end, and at
that instant the advisory is published. Every mail is real, made and read with real gpg; every step is checked. --imap: through Dovecot and a mail server on loopback, with TLS."""
import glob
import os
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gateway import SRC, Failed, Site, expect  # noqa: E402
from people import GpgError  # noqa: E402

HOME_ROOM = 80 - len("/site/gnupg")  # embargoctl init wants its GnuPG home's path that short, for gpg-agent's sockets
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

REPORT = """Hello,

the network service of your infusion pump accepts a firmware image without checking its signature.
Whoever reaches TCP port 4711 can install their own firmware and change the rate of an infusion.
Seen on versions 1.0 to 1.4; the attached trace shows it.

Please tell me how you will go on. My key is attached.

Rita
"""
ANSWER = """#take
#validate
#accept
#title Firmware update without signature check
#product "Infusion Pump X" 1.0 - 1.4
#description
The update service on TCP port 4711 installs firmware images without checking their signature.
#impact
Whoever reaches the port can change the rate of an infusion.
#mitigation
Block TCP port 4711 at the ward's firewall.
#reply
Thank you, we could reproduce this and are working on a fix.
We will send you a test version within four weeks.
#end
"""
NOTIFY = """#notify fda cisa
"""
FIXED = """#fix 1.5 https://pumps.example/firmware
#fix-ready
#cwe CWE-347
#cvss CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H
#credit Rita Researcher
#reference https://pumps.example/firmware How to install version 1.5
#advisory
# How the update works

Version 1.5 takes *signed* images only; see [how to install it](https://pumps.example/firmware).
#end
#embargo propose %s
"""
CONF = """site_url = "https://security.pumps.example"
clock_unsynchronised = ignore
"""


def paint(code, text):
    return "\033[%sm%s\033[0m" % (code, text) if COLOUR else text


def printable(text):
    """A terminal gets no control characters from a letter."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in text)


class Story:
    def __init__(self, site):
        self.site, self.number, self.now = site, 0, "setting up"
        self.all = {}

    def step(self, what):
        self.number += 1
        self.now = what
        print("\n" + paint("1;34", "%d. %s" % (self.number, what)), flush=True)

    @staticmethod
    def ok(what):
        print("   " + paint("32", "ok") + " " + what, flush=True)

    @staticmethod
    def show(mail, who):
        bar = paint("2", "   | ")
        print(bar + paint("1", "%s reads: %s" % (who.name, printable(mail.subject))))
        for line in printable(mail.text).rstrip().split("\n"):
            code = "33" if re.match(r"(Ref: |---|TLP:)|.*write above this line", line) else ""
            print(bar + (paint(code, line) if code else line))
        for name, data in mail.attachments.items():
            print(bar + paint("36", "[attachment] %s, %d bytes" % (name, len(data))))
        sys.stdout.flush()

    def protected(self, mail, who, what):
        expect(mail.encrypted, "%s to %s is not encrypted" % (what, who.name))
        expect(mail.signer == self.site.fpr, "%s to %s is not signed by the gateway's key" % (what, who.name),
               mail.signer or "no valid signature", self.site.fpr)

    def collect(self, who):
        """What is new for that person; decrypted and kept beside it for the reader."""
        got = self.site.fresh(who)
        folder = os.path.join(self.site.root, "read", os.path.basename(who.home))
        os.makedirs(folder, exist_ok=True)
        for mail in got:
            self.protected(mail, who, "a mail")
            box = self.all.setdefault(who, [])
            box.append(mail)
            base = os.path.join(folder, "%02d" % len(box))
            with open(base + "-as-sent.eml", "wb") as f:
                f.write(mail.raw)
            with open(base + "-decrypted.txt", "w", encoding="utf-8") as f:
                f.write("Subject: %s\n\n%s" % (mail.subject, mail.text))
        return got

    def one(self, who, what, containing=None):
        got = [m for m in self.collect(who) if containing is None or containing in m.text]
        expect(len(got) == 1, "%s: %s should get exactly one mail, got %d" % (what, who.name, len(got)), *[m.subject for m in got])
        return got[0]


def run_folder():
    """demo-run in the checkout, new at each run; where its path is too long for gpg-agent, a link to a short folder."""
    path = os.path.join(SRC, "demo-run")
    if os.path.islink(path):
        target = os.readlink(path)
        if re.fullmatch(r"/tmp/embargod-demo\.\w+", target) and os.path.isdir(target) and os.stat(target).st_uid == os.getuid():
            shutil.rmtree(target)
        os.unlink(path)
    elif os.path.exists(path):
        shutil.rmtree(path)
    if len(os.path.realpath(SRC)) + len("/demo-run") <= HOME_ROOM:
        os.mkdir(path, 0o700)
        return os.path.realpath(path)
    target = tempfile.mkdtemp(prefix="embargod-demo.", dir="/tmp")
    os.symlink(target, path)
    print("The path of this checkout is too long for gpg-agent's sockets: demo-run is a link to %s" % target)
    return target


def write(s, who, text, about):
    """Sends commands; gives what that person got for it."""
    print("\n".join("   > " + paint("35", line) for line in text.rstrip().split("\n")))
    s.site.deliver(who.encrypted(s.site.ADDRESS, "Re: " + about.subject, text + "\n" + about.quoted(), reply_to=about), who.address)
    s.site.once()
    return s.collect(who)


def served(site, path):
    with open(os.path.join(site.dir, "site", "current", path), "rb") as f:
        return f.read()


def publication(s, case, team, others, mails):
    site, (rita, alice, bob), (forward, to_bob) = s.site, team, mails
    at = (int(time.time()) + 2 * 86400) // 60 * 60
    when = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(at))
    s.step("The fix is ready: Alice says so, writes the advisory's text and proposes an end of the embargo, in two days")
    receipt = write(s, alice, FIXED % when, forward)
    expect(receipt and "FAILED" not in receipt[0].text, "the fix and the text are taken", *[m.text for m in receipt])
    told = s.one(rita, "the new end of the embargo", when[:10])
    s.show(told, rita)
    s.ok("an earlier end holds at once, and Rita has heard of it")

    s.step("Bob asks for the publication at that instant: he gets the documents as they will be, byte for byte")
    got = write(s, bob, "#publish %s\n" % when, to_bob)
    asked = next((m for m in got if "waits for approval" in m.subject), None)
    expect(asked and len(asked.attachments) == 3, "Bob got no documents", *[m.text for m in got])
    s.show(asked, bob)
    to_alice = next((m for m in s.collect(alice) if "Waits for your release" in m.subject), None)
    expect(to_alice and to_alice.attachments == asked.attachments, "Alice got no, or other, documents to look at")
    expect(not os.path.exists(os.path.join(site.dir, "site", "current", "advisories", case + ".html")), "it is public already")
    s.ok("Alice, the second person, has the same documents; nothing is public")

    s.step("Alice approves; it waits for its instant")
    token = re.search(r"#approve (\S+)", asked.text).group(1)
    receipt = write(s, alice, "#approve %s\n" % token, to_alice)
    expect(receipt and "FAILED" not in receipt[0].text, "the approval is taken", *[m.text for m in receipt])
    s.show(receipt[0], alice)

    s.step("Two days later (the clock of this run is put forward): the embargo ends, and the advisory is public")
    site.once(env={"EMBARGOD_FAKE_TIME": "+%d" % (at - time.time() + 30)})
    for name, data in asked.attachments.items():
        path = "advisories/" + name if not name.endswith(".json") else ".well-known/csaf/white/%s/%s" % (when[:4], name)
        expect(served(site, path) == data, "%s is not what was approved" % name)
    signed = served(site, "advisories/%s.txt.asc" % case)
    out, status, code = rita.gpg("--verify", data=signed, check=False, status=True)
    expect(code == 0 and site.fpr in status, "the signed text does not verify", status)
    for path in ("index.html", "feed.atom"):
        expect(case.encode() in served(site, path), path + " does not list it")
    thanks = s.one(rita, "the thanks", "Thank you")
    expect("https://security.pumps.example/advisories/%s.html" % case in thanks.text, "the thanks lack the link", thanks.text)
    s.show(thanks, rita)
    for who in others:
        notice = s.one(who, "the notice of the publication", "public now")
    s.show(notice, who)
    vc = site.ctl_json("show", case)
    expect(vc["embargo"] == "Exited" and vc["facts"] == "VFdPxa", "the case does not know that it is public", vc["embargo"], vc["facts"])
    s.ok("the documents are the very bytes that were approved, signed; Rita is thanked, FDA, CISA and the ISAC have their notices")


def play(s, make_site):
    site = s.site
    s.step("Throw-away keys: a reporter, two analysts, three stakeholders; embargoctl init")
    rita = site.person("Rita Researcher", "rita@lab.example")
    alice = site.person("Alice Analyst", "alice@pumps.example")
    bob = site.person("Bob Second", "bob@pumps.example")
    fda = site.person("FDA", "cyber@fda.example")
    cisa = site.person("CISA", "central@cisa.example")
    isac = site.person("Health ISAC", "alerts@isac.example")
    make_site([(alice, "alice", "lead"), (bob, "bob", "")],
              [(fda, "fda", "regulator"), (cisa, "cisa", "coordinator"), (isac, "isac", "isac")])
    s.ok("the gateway's key is %s" % site.fpr)

    s.step("Rita reports a vulnerability: PGP/MIME, signed and encrypted, her key and a trace attached")
    trace = os.urandom(40000)
    site.deliver(rita.encrypted(site.ADDRESS, "Unsigned firmware on your pump", REPORT,
                                attachments=[("trace.pcap", trace), ("rita.asc", rita.public())]), rita.address)
    site.once()
    ack = s.one(rita, "the acknowledgement")
    case = re.search(r"EMB-\d{4}-\d{4}", ack.subject)
    expect(case, "the acknowledgement names no case", ack.subject)
    case = case.group(0)
    s.show(ack, rita)
    s.ok("acknowledged, encrypted to the key that came with the report, signed by the gateway; the case is %s" % case)

    s.step("Both analysts get the report, each encrypted to their own key")
    forward = s.one(alice, "the forward")
    to_bob = s.one(bob, "the forward")
    s.show(forward, alice)
    for who, mail in ((alice, forward), (bob, to_bob)):
        expect("without checking its signature" in mail.text, "the forward to %s does not hold the report" % who.name, mail.text)
        expect(mail.attachments.get("trace.pcap") == trace, "the attachment did not reach %s byte-identical" % who.name,
               list(mail.attachments))
    s.ok("the attachment is byte-identical; the original is inside")

    s.step("Alice answers that mail: commands on top, signed")
    print("\n".join("   > " + paint("35", line) for line in ANSWER.rstrip().split("\n")))
    site.deliver(alice.encrypted(site.ADDRESS, "Re: " + forward.subject, ANSWER + "\n" + forward.quoted(), reply_to=forward),
                 alice.address)
    site.once()
    receipt = s.collect(alice)
    expect(receipt, "Alice got no receipt")
    s.show(receipt[0], alice)
    vc = site.ctl_json("show", case)
    answer = s.one(rita, "the reply")
    expect("test version within four weeks" in answer.text, "the reply does not hold Alice's words", answer.text)
    s.show(answer, rita)
    s.ok("every line was applied; Rita has the answer, signed by the gateway and encrypted to her")

    s.step("Bob notifies two authorities; a notice needs a release, so he gets a preview and a token first")
    print("   > " + paint("35", NOTIFY.rstrip()))
    site.deliver(bob.encrypted(site.ADDRESS, "Re: " + to_bob.subject, NOTIFY + "\n" + to_bob.quoted(), reply_to=to_bob), bob.address)
    site.once()
    preview = next((m for m in s.collect(bob) if "#approve" in m.text), None)
    expect(preview, "Bob got no receipt with a token", *[m.text for m in s.all[bob][1:]])
    s.show(preview, bob)
    for who in (fda, cisa, isac):
        expect(not s.collect(who), "a notice went to %s before it was released" % who.name)
    token = re.search(r"send it:\s+#approve (\S+)", preview.text)
    expect(token, "no token in the receipt", preview.text)
    s.ok("nothing has left the house yet")

    s.step("Bob releases it")
    print("   > " + paint("35", "#approve " + token.group(1)))
    site.deliver(bob.encrypted(site.ADDRESS, "Re: " + preview.subject, "#approve %s\n\n%s" % (token.group(1), preview.quoted()),
                               reply_to=preview), bob.address)
    site.once()
    for who in (fda, cisa):
        notice = s.one(who, "the notice")
        expect("Firmware update without signature check" in notice.text and "Infusion Pump X" in notice.text,
               "the notice to %s lacks the facts" % who.name, notice.text)
        s.show(notice, who)
    expect(not s.collect(isac), "the ISAC was not named and got mail")
    s.ok("FDA and CISA were notified, each with its own letter and key; the ISAC, which was not named, got nothing")

    check_quiet(site, b"without checking its signature", b"TCP port 4711")
    publication(s, case, (rita, alice, bob), (fda, cisa, isac), (forward, to_bob))

    s.step("The case as embargoctl shows it")
    shown = site.ctl("show", case)
    print("\n".join("   | " + line for line in printable(shown).rstrip().split("\n")))
    for word in (case, "Firmware update without signature check"):
        expect(word in shown, "embargoctl show lacks: " + word)
    expect(vc, "embargoctl show --json gave nothing")

    s.step("What every mailbox got")
    for p in site.people:
        s.collect(p)
        print("   " + paint("1", "%s <%s>" % (p.name, p.address)))
        for n, mail in enumerate(s.all.get(p, []), 1):
            print("     %02d %s  [encrypted, signed by the gateway%s]" % (
                n, printable(mail.subject), "".join(", " + a for a in mail.attachments)))
        if p not in s.all:
            print("     nothing")
    left = [o for o in site.ctl_json("outbox")] if isinstance(site.ctl_json("outbox"), list) else []
    expect(not left, "mail was left in the outbox", left)
    check_quiet(site, b"without checking its signature")  # the rest is public now
    return case


def check_quiet(site, *words):
    """These words of the report are nowhere in clear on the gateway's side."""
    for word in words:
        expect(word.decode() not in site.log, "the report's text stands in the log")
        for path in glob.glob(os.path.join(site.dir, "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    expect(word not in f.read(), "the report's text is in clear in " + path)


# ---- the two ways that mail takes ----
class MaildirSite(Site):
    words = "maildirs"

    def deliver(self, raw, sender=None):
        return super().deliver(raw)


class ServerSite(Site):
    """Dovecot for the inbox; Postfix, or aiosmtpd where Postfix cannot run, for the outbox."""

    def start(self):
        from dovecot import Dovecot
        self.dovecot = Dovecot(os.path.join(self.root, "imap"), user=self.ADDRESS, password="imap secret")
        self.mta, self.sink = None, None
        self.boxes = os.path.join(self.root, "mail")

    def start_mta(self):
        from postfix import Postfix, Unavailable
        try:
            self.mta = Postfix(os.path.join(self.root, "mta"), recipients=[p.address for p in self.people],
                               lmtp={self.ADDRESS: self.dovecot.lmtp_port})
            self.words = "Dovecot (imaps) and Postfix (smtps)"
            return self.mta.smtps_port, self.mta.user, self.mta.password, self.mta.ca_file
        except Unavailable as why:
            import smtp_sink
            expect(smtp_sink.available(), "neither Postfix (%s) nor aiosmtpd (package python3-aiosmtpd)" % why)
            print("   note: the mail server is aiosmtpd, not Postfix: %s" % why)
            self.sink = smtp_sink.SmtpSink(self.dovecot.certs.good, mode="tls", users={"emb": "smtp secret"}, folder=self.boxes)
            self.sink.start()
            self.words = "Dovecot (imaps) and aiosmtpd (smtps)"
            return self.sink.port, "emb", "smtp secret", self.dovecot.ca_file

    def init(self, analysts, stakeholders=()):
        port, user, password, ca = self.start_mta()
        super().init(analysts, stakeholders, inbox=self.dovecot.url, outbox="smtps://%s@localhost:%d" % (user, port))
        for name, secret in (("inbox", self.dovecot.password), ("outbox", password)):
            with open(os.open(os.path.join(self.dir, name + ".password"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as f:
                f.write(secret + "\n")
        self.set_conf('inbox "main" {\n', 'inbox "main" {\n  tls_ca_file = "%s"\n' % self.dovecot.ca_file)
        self.set_conf("outbox {\n", 'outbox {\n  tls_ca_file = "%s"\n' % ca)
        print("   the inbox is %s, the outbox port %d; both certificates are from a CA of this run" % (self.dovecot.url, port))

    def deliver(self, raw, sender=None):
        before = len(self.dovecot.files())
        if self.mta:
            self.mta.inject(raw, sender, [self.ADDRESS])
        else:
            self.dovecot.deliver(raw, sender)
        end = time.monotonic() + 20
        while len(self.dovecot.files()) <= before:
            expect(time.monotonic() < end, "the mail did not reach the IMAP server")
            time.sleep(0.05)

    def fresh(self, person):
        got = []
        if self.mta:
            end = time.monotonic() + 10  # Postfix says 250 before it files the letter: until its queue is empty
            while any(glob.glob(os.path.join(self.mta.home, "queue", q, "**", "[0-9A-F]*"), recursive=True)
                      for q in ("incoming", "active", "maildrop")) and time.monotonic() < end:
                time.sleep(0.05)
            letters = [(b, b) for b in self.mta.mailbox(person.address)]
        else:
            letters = [(b.data, n) for n, b in enumerate(self.sink.letters) if b.rcpt_to == [person.address]]
        for raw, key in letters:
            if (person.address, key) not in self.seen:
                self.seen.add((person.address, key))
                got.append(person.open(raw))
        return got

    def end(self):
        for server in (getattr(self, "mta", None), getattr(self, "dovecot", None)):
            if server:
                if server is self.mta:
                    shutil.copytree(os.path.join(self.mta.home, "mail"), self.boxes, dirs_exist_ok=True)
                server.close()
        if getattr(self, "sink", None):
            self.sink.stop()
        super().end()


def tell(site, case):
    link = os.path.join(SRC, "demo-run")
    print("\n" + paint("1;32", "The demo went well: %s, every step checked, through %s." % (case, site.words)))
    print("Everything lies in %s:" % link)
    for name, what in (("read/", "each person's mail: as it was sent, and decrypted"),
                       ("site/", "the gateway: embargod.conf, its keys, the sealed store"),
                       ("site/site/current/", "the published site: open index.html in a browser"),
                       ("in/", "the gateway's mailbox (Processed holds the letters as they came)"),
                       ("out/", "the maildirs that the outbox wrote"),
                       ("mail/", "the maildirs that the mail server wrote"), ("imap/", "log and certificates of the IMAP server"),
                       ("embargod.log", "what the daemon logged")):
        if os.path.exists(os.path.join(link, name)) and (not os.path.isdir(os.path.join(link, name)) or os.listdir(os.path.join(link, name))):
            print("  %-20s %s" % (name, what))
    print("Look on with: build/embargoctl -c demo-run/site/embargod.conf list")


def main():
    servers = "--imap" in sys.argv[1:]
    root = run_folder()
    site = (ServerSite if servers else MaildirSite)(root, keep=True, extra=CONF)
    s = Story(site)
    code = 1
    try:
        if servers:
            from dovecot import have_dovecot
            expect(have_dovecot(), "dovecot is not installed (package dovecot-imapd)")
            for box in (site.inbox, site.outbox):
                shutil.rmtree(box)
            site.start()
        case = play(s, site.init)
        code = 0
    except (Failed, GpgError, RuntimeError, OSError, StopIteration, KeyError, ValueError) as e:
        print("\n" + paint("1;31", "FAILED in step %d, %s:" % (s.number, s.now)) + "\n%s: %s" % (type(e).__name__, e), flush=True)
        print("Everything up to there lies in %s; what the daemon logged: embargod.log" % os.path.join(SRC, "demo-run"))
    except KeyboardInterrupt:
        print("\ninterrupted")
    finally:
        with open(os.path.join(root, "embargod.log"), "w", encoding="utf-8") as f:
            f.write(site.log)
        site.end()
    if code == 0:
        tell(site, case)
    return code


if __name__ == "__main__":
    sys.exit(main())
