#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: reporters and participants speak for themselves. Who writes what, signed by whom, and what every mailbox holds after."""
import base64
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from commands import ONE, TWO, field, live, ok, opened, refused, token_of  # noqa: E402
from gateway import expect  # noqa: E402
from people import crlf  # noqa: E402
from story import SECRET, main, wait  # noqa: E402

DETAILS = "Any firmware is taken: quokkaloader."


def party(s, address, case=ONE):
    return next(p for p in s.show(case)["parties"] if p["address"] == address)


def say(s, who, text, about, sign=True, **k):
    """who answers a mail of ours; gives what they then get, and what Alice gets, but for the mails about another end of the embargo
    (embargo.py has those)."""
    k.setdefault("reply_to", about)
    s.deliver(who.encrypted(s.ADDRESS, "Re: " + about.subject, text, sign=sign, **k))
    s.once()
    return s.fresh(who), [m for m in s.fresh(s.alice) if "] Embargo" not in m.subject]


def has(mails, *words):
    """One mail, and it says all of these."""
    expect(len(mails) == 1, "one mail", *[m.subject for m in mails])
    for w in words:
        expect(re.sub(r"\s+", " ", w) in re.sub(r"\s+", " ", mails[0].text), "it says: " + w, mails[0].text)
    return mails[0]


def reported(s):
    """Robin's case; gives the acknowledgement and Alice's forward."""
    s.deliver(s.report())
    s.once()
    ack, fw = s.one(s.robin), s.one(s.alice)
    s.fresh(s.bob)
    return ack, fw


@live
def a_reporter_asks(s):
    """Every verb of a reporter with a key, signed: done, answered to them alone, seen by the analysts."""
    ack, fw = reported(s)
    got, seen = say(s, s.robin, "#status\n#key\n#help\n\nThank you!\n", ack)
    m = has(got, "Case: " + ONE, "State:", "Your role: reporter", "Yours, as we have it", "#credit NAME", "#withdraw REASON")
    expect(m.encrypted and m.signer == s.fpr and m.outer["Subject"] == "[%s] ..." % ONE, "encrypted, signed, neutral outside", m.outer["Subject"])
    expect(m.outer["Auto-Submitted"] == "auto-replied" and "openpgp-key.asc" in m.attachments, "automatic, with our key", m.attachments.keys())
    expect("#affected" not in m.text and "alice" not in m.text, "only what is theirs", m.text)
    expect("done" not in m.text, "a question's answer speaks for itself", m.text)
    has(seen, "CARRIED OUT #status", "Thank you!")
    got, seen = say(s, s.robin, "#status\n#help\n\n" + ack.quoted(), ack)
    has(got, "Case: " + ONE)
    expect(not seen and "party.asked" in s.ctl("show", ONE), "questions alone are answered, noted, and no news for the analysts")
    s.command(s.alice, "#take\n#validate\n#accept\n#credit Nora Nokey\n#tag internal-tag\n#note\nThe intern did it.\n", fw)
    got, seen = say(s, s.robin, "#credit Robin of the Lab\n#status\n", ack)
    has(got, "#credit Robin of the Lab done", "Credit: Robin of the Lab")
    expect(sorted(field(s, "credit")) == ["Nora Nokey", "Robin of the Lab"], "credited", field(s, "credit"))
    for word in ("Nora", "Nokey", "intern", "internal-tag", "alice"):
        expect(word not in got[0].text, "nothing internal: " + word, got[0].text)
    got, seen = say(s, s.robin, "#credit anonymous\n", ack)
    expect(sorted(field(s, "credit")) == ["Nora Nokey", "anonymous"], "what they said before is replaced", field(s, "credit"))
    before = s.show()
    got, seen = say(s, s.robin, "#embargo propose +10d\n", ack)
    has(got, "#embargo propose", "done", "Embargo:")
    now = s.show()
    expect(now["embargo"] == "Revise" and now["embargo_until"] < before["embargo_until"], "the shorter date holds at once", now)
    has(seen, "CARRIED OUT #embargo propose", "the shorter one wins")
    got, seen = say(s, s.robin, "#embargo propose 2001-01-01\n#embargo propose soon\n", ack)
    has(got, "not done; our analysts see it", "is not in the future", "the date is not understood: 2027-01-31")
    has(seen, "REFUSED #embargo propose 2001-01-01", "not in the future", "REFUSED #embargo propose soon")
    expect(s.show()["embargo_until"] == now["embargo_until"], "refused: nothing changed", s.show())
    got, seen = say(s, s.robin, "Dear Alice,\n\n#embargo propose 2098-01-01\n#status\n\nRobin\n", ack)
    m = has(got, "not taken as commands: #embargo propose 2098-01-01 #status Commands stand at the very top")
    expect("State:" not in m.text, "and do nothing", m.text)
    has(seen, "not taken as commands: #embargo propose 2098-01-01 #status")
    got, seen = say(s, s.robin, "#statsu\n#embargo maybe\n#credit Robin R.\n", ack)
    has(got, "#statsu not done; our analysts see it no such command; #help lists them", "it is written so: #embargo accept | reject", "#credit Robin R. done")
    has(seen, "REFUSED #statsu", "REFUSED #embargo maybe", "CARRIED OUT #credit Robin R.")
    expect(s.show()["embargo_until"] == now["embargo_until"], "nothing of it changed the date", s.show())
    got, seen = say(s, s.robin, "#withdraw I was wrong about it\n", ack)
    has(got, "#withdraw I was wrong about it done")
    has(seen, "CARRIED OUT #withdraw", "#invalidate or #close")
    expect(party(s, s.robin.address)["status"] == "withdrawn" and s.show()["report"] == "Accepted", "noted; the case is ours to close", s.show())
    got, seen = say(s, s.robin, "#affected\n", ack)
    has(got, "passed on to our analysts as a request")
    has(seen, "REQUEST #affected", "#party %s affected" % s.robin.address)
    history = s.ctl("show", ONE)
    for kind in ("field.credit", "embargo.propose", "party.withdrawn"):
        expect(re.search(kind + r" +robin@lab.example: ", history), "in the history, by whom: " + kind, history)
    expect(not s.fresh(s.fda) and not s.fresh(s.cisa), "and nobody else got a mail")


@live
def an_accepted_revision(s):
    """A date that we propose is agreed by the reporter's word; their own proposal is not theirs to accept."""
    ack, fw = reported(s)
    ok(s.command(s.alice, "#embargo propose 2099-05-01\n", fw))
    expect(s.show()["embargo"] == "Revise", "an extension is proposed")
    has(s.fresh(s.robin), "2099-05-01")
    got, seen = say(s, s.robin, "#embargo accept\n", ack)
    has(got, "#embargo accept done", "2099-05-01")
    expect(s.show()["embargo"] == "Active" and s.show()["embargo_until"].startswith("2099-05-01"), "agreed", s.show())
    got, seen = say(s, s.robin, "#embargo propose 2099-08-01\n", ack)
    expect(s.show()["embargo"] == "Revise", "theirs")
    got, seen = say(s, s.robin, "#embargo accept\n", ack)
    has(seen, "REFUSED #embargo accept", "their own proposal")
    expect(s.show()["embargo"] == "Revise" and s.show()["embargo_until"].startswith("2099-05-01"), "it waits for us", s.show())
    got, seen = say(s, s.robin, "#embargo reject\n", ack)
    expect(s.show()["embargo"] == "Active" and s.show()["embargo_until"].startswith("2099-05-01"), "they take it back", s.show())


@live
def not_signed(s):
    """A known key, and a mail without it: a request with the line that carries it out; the answer goes to the registered address."""
    ack, fw = reported(s)
    got, seen = say(s, s.robin, "#credit Mallory\n#embargo propose 2098-01-31T10:00Z\n#status\n", ack, sign=False)
    m = has(got, "not signed", "#credit passed on to our analysts as a request")
    expect(m.encrypted and "State:" not in m.text and "Mallory" not in m.text, "no state for whom we do not know, no word of theirs", m.text)
    f = has(seen, "REQUEST #credit Mallory", "it is not signed by their key", "to carry it out: #credit Mallory",
            "to carry it out: #embargo propose 2098-01-31T10:00:00Z")
    expect(not field(s, "credit") and s.show()["embargo"] == "Active", "nothing was changed", s.show())
    say(s, s.robin, "#credit Mallory\n", ack, sign=False)
    expect(not s.fresh(s.robin), "unsigned ones are answered as seldom as reports")
    ok(s.command(s.alice, "#embargo propose 2098-01-31T10:00:00Z\n", f), "#embargo propose")
    expect(s.show()["embargo_proposed"] == "2098-01-31T10:00:00Z", "the line works", s.show())
    # signed, but what is signed names no case; then with our mail quoted
    got, seen = say(s, s.robin, "#credit Robin\n", ack, protect=False)
    has(seen, "REQUEST #credit Robin", "does not say which case")
    got, seen = say(s, s.robin, "#credit Robin\n\n" + ack.quoted(), ack, protect=False)
    has(seen, "CARRIED OUT #credit Robin")
    expect(field(s, "credit") == ["Robin"], "our own line, quoted, binds", field(s, "credit"))
    eve = s.person("Eve", "eve@evil.example")
    eve.learn(s.key)
    forged = eve.encrypted(s.ADDRESS, "Re: [%s] x" % ONE, "#withdraw forged\n#status\n", [("eve.asc", eve.public())], reply_to=ack)
    s.deliver(forged.replace(b"From: Eve <eve@evil.example>", b"From: Robin Reporter <robin@lab.example>"))
    s.once()
    has(s.fresh(s.alice), "REQUEST #withdraw forged")
    expect(party(s, s.robin.address)["status"] == "" and party(s, s.robin.address)["key"] == s.robin.fpr, "their key stays", s.show())
    expect(not s.fresh(eve), "a forger gets nothing")


def two_signatures(raw, eve):
    """A signed mail that eve has seen, with her signature of now in front of the one it had, and her key in the header."""
    head, body = raw.split(b"\r\n\r\n", 1)
    mark = b"--" + re.search(rb'multipart/signed.*boundary="([^"]+)"', head).group(1)
    entity = body.split(mark + b"\r\n", 1)[1].split(b"\r\n" + mark, 1)[0]
    armor = rb"-----BEGIN PGP SIG.*?-----END PGP SIGNATURE-----\r\n"
    old = eve.gpg("--dearmor", data=re.search(armor, body, re.S).group(0))
    new = eve.gpg("--digest-algo", "SHA512", "--detach-sign", "-u", eve.fpr, data=entity)
    both = b"-----BEGIN PGP SIGNATURE-----\r\n\r\n" + crlf(base64.encodebytes(new + old)) + b"-----END PGP SIGNATURE-----\r\n"
    key = base64.encodebytes(eve.gpg("--export", "--export-options", "export-minimal", eve.fpr)).replace(b"\n", b"\r\n ").rstrip()
    return (head.replace(b"Message-ID: <", b"Message-ID: <again.") + b"\r\nAutocrypt: addr=robin@lab.example; keydata=\r\n " + key +
            b"\r\n\r\n" + re.sub(armor, lambda m: both, body, flags=re.S))


@live
def signed_once_more(s):
    """Whoever has seen a signed mail cannot make it new by a signature of their own beside the one it had."""
    ack, fw = reported(s)
    eve = s.person("Eve", "eve@evil.example")
    raw = s.robin.signed(s.ADDRESS, "Re: [%s] x" % ONE, "#credit First\n")
    s.deliver(raw)
    s.once()
    expect(field(s, "credit") == ["First"], "once", field(s, "credit"))
    say(s, s.robin, "#credit Second\n", ack)
    s.fresh(s.robin), s.fresh(s.alice)
    s.deliver(two_signatures(raw, eve))
    s.once()
    has(s.fresh(s.alice), "REQUEST #credit First", "handled before")
    expect(field(s, "credit") == ["Second"] and not s.fresh(s.robin), "a replay does nothing and is not answered", field(s, "credit"))


@live
def no_key_at_all(s):
    """Without a key: #status, #key and #help are answered to the registered address, content-free; the rest is a request."""
    s.deliver(s.robin.plain(s.ADDRESS, "Pump trouble", "It is %s.\n" % SECRET))
    s.once()
    ack, _ = s.one(s.robin), s.fresh(s.alice)
    s.deliver(s.robin.plain(s.ADDRESS, "Re: " + ack.subject, "#status\n#help\n#withdraw no\n", reply_to=ack))
    s.once()
    m = has(s.fresh(s.robin), "State:", "We know no OpenPGP key of yours", "#withdraw passed on to our analysts")
    expect(not m.encrypted and m.signer == s.fpr and "trouble" not in m.raw.decode() and SECRET not in m.raw.decode(), "content-free", m.text)
    has(s.fresh(s.alice), "CARRIED OUT #status", "REQUEST #withdraw no", "we know no key of theirs")
    for header in (("Auto-Submitted", "auto-generated"), ("Precedence", "list")):
        s.deliver(s.robin.plain(s.ADDRESS, "Re: " + ack.subject, "#status\n", reply_to=ack, headers=[header]))
        s.once()
        expect(not s.fresh(s.robin), "automatic mail commands nothing", header)
    s.fresh(s.alice)
    # a key that somebody sends in their name later on: written to, but no command by it before an analyst has looked
    eve = s.person("Robin Forged", "robin@lab.example")
    eve.learn(s.key)
    got, seen = say(s, eve, "Here is my key.\n", ack, attachments=[("key.asc", eve.public())])
    s.fresh(s.robin)
    s.deliver(eve.encrypted(s.ADDRESS, "Re: " + ack.subject, "#withdraw forged\n#status\n", reply_to=ack))
    s.once()
    has(s.fresh(s.alice), "REQUEST #withdraw forged", "nothing vouches for", "#key accept")
    m = has(s.fresh(eve), "waits for a check by our analysts", "#withdraw passed on", "State:")
    expect("trouble" not in m.text and "attach it to a mail" not in m.text, "it knows of the key, and tells it nothing of the matter", m.text)
    expect(party(s, s.robin.address)["status"] == "", "nothing was done", s.show())


def hostile(s):
    """Replayed, moved to another case, from another case's participant, by a stranger who knows the id: nothing happens, nothing is told."""
    with s.daemon():
        import commands
        s.once = lambda: commands.settle(s)
        ack, fw = reported(s)
        raw = s.robin.encrypted(s.ADDRESS, "Re: [%s] x" % ONE, "#credit First\n")
        s.deliver(raw)
        s.once()
        expect(field(s, "credit") == ["First"], "once", field(s, "credit"))
        say(s, s.robin, "#credit Second\n", ack)
        s.fresh(s.robin), s.fresh(s.alice)
        s.deliver(raw.replace(b"Message-ID: <", b"Message-ID: <again."))
        s.once()
        has(s.fresh(s.alice), "REQUEST #credit First", "handled before")
        expect(field(s, "credit") == ["Second"] and not s.fresh(s.robin), "a replay does nothing and is not answered", field(s, "credit"))
        # another case of Robin's: what is signed for one does not work in the other
        s.deliver(s.report(subject="Monitor shows secrets"))
        s.once()
        s.fresh(s.robin), s.fresh(s.alice)
        raw = s.robin.encrypted(s.ADDRESS, "Re: [%s] x" % TWO, "#credit Third\n", reply_to=ack)
        s.deliver(raw)
        s.once()
        s.fresh(s.alice)
        expect(field(s, "credit") == ["Second"] and not field(s, "credit", TWO), "thread and signature disagree: neither", field(s, "credit"))
        # a participant of another case
        tina = s.person("Tina Two", "tina@clinic.example")
        tina.learn(s.key)
        s.deliver(tina.encrypted(s.ADDRESS, "Her own report", "walrus\n", [("tina.asc", tina.public())]))
        s.once()
        s.fresh(tina), s.fresh(s.alice)
        s.deliver(tina.encrypted(s.ADDRESS, "Re: [%s] x" % ONE, "#status\n#withdraw it\n", reply_to=ack))
        s.once()
        f = has(s.fresh(s.alice), "Mentions: " + ONE)
        expect("[EMB-2026-0004] New report" in f.subject, "a new case, for analysts alone", f.subject)
        for m in s.fresh(tina):
            expect("firmware" not in m.text and "State:" not in m.text and "robin" not in m.text, "learns nothing", m.text)
        # tokens: of nobody, and of somebody else
        eve = s.person("Eve", "eve@evil.example")
        eve.learn(s.key)
        for to in (s.ADDRESS.replace("@", "+aaaaaaaaaaaaaaaaaaaaaaaaaa@"), ack.return_path):
            s.deliver(eve.encrypted(s.ADDRESS, "hello %s" % to[9:13], "#status\n#embargo accept\n", sign=False).replace(b"To: " + s.ADDRESS.encode(), b"To: " + to.encode()))
            s.once()
            expect("New report" in s.one(s.alice).subject, "a token admits nobody")
        for m in s.fresh(eve):
            expect("firmware" not in m.text and "State:" not in m.text, "and tells nothing", m.text)
        expect(s.show()["embargo"] == "Active" and field(s, "credit") == ["Second"] and party(s, s.robin.address)["status"] == "", "untouched", s.show())


# ---- participants ----
def filled(s, fw):
    """The facts of a case that is worth telling somebody."""
    ok(s.command(s.alice, "#take\n#validate\n#accept\n#product \"Pump 9\" 1.0-2.3\n#component libfw\n#description\n%s\n#end\n#tag internaltag\n"
                          "#clinical medium serious\nNobody outside knows why.\n#end\n#note\nThe intern did it.\n" % DETAILS, fw))
    s.fresh(s.bob)


def supplier(s, name="Sue Supplier", address="sue@chips.example"):
    p = s.person(name, address)
    p.learn(s.key)
    return p


def invited(s, fw, who, role="supplier"):
    """Their key is attached to the mail that invites them; gives what they get."""
    ok(s.command(s.alice, "#key import\n#invite %s <%s> %s\n" % (who.name, who.address, role), fw,
                 attachments=[("key.asc", who.public())]), "#key import", "#invite")
    return s.one(who, "the invitation")


def silent(mail, *words):
    """Not one of these, anywhere in the mail as it came or was read."""
    outside = re.sub(r"(?s)-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", "", mail.raw.decode())  # there, four letters may stand by chance
    for w in words:
        expect(w not in mail.text and w not in mail.subject and w not in outside, "it tells " + w, mail.subject, mail.text)


@live
def an_invitation(s):
    """No details before the embargo is kept; then what the role may know; each in a thread of their own; how far they are is shown."""
    ack, fw = reported(s)
    filled(s, fw)
    sue = supplier(s)
    s.fresh(s.robin)
    invitation = invited(s, fw, sue)
    expect(invitation.encrypted and invitation.signer == s.fpr and "#embargo accept" in invitation.text, "signed, encrypted", invitation.text)
    expect("Your role: supplier" in re.sub(" +", " ", invitation.text) and "Embargo until:" in invitation.text, "which role, until when", invitation.text)
    silent(invitation, DETAILS, "quokkaloader", "Pump 9", "takes any", "libfw", "robin", "alice", "CVSS")
    p = party(s, sue.address)
    expect(p["status"] == "invited" and p["invited"] and not p["accepted"] and p["waiting_since"] and p["role"] == "supplier", "invited", p)
    # asking first gets the role's state of the embargo, and no more
    got, seen = say(s, sue, "#status\n\nHello.\n", invitation)
    m = has(got, "invited, has not accepted the embargo")
    silent(m, DETAILS, "Pump 9", "takes any", "State:", "libfw")
    expect("Sue Supplier <sue@chips.example>, supplier of the case, invited" in has(seen).text, "the forward says who", seen[0].text)
    # unsigned, the acceptance is a request
    got, seen = say(s, sue, "#embargo accept\n", invitation, sign=False)
    has(seen, "REQUEST #embargo accept")
    expect(not party(s, sue.address)["accepted"] and not [m for m in s.fresh(sue) if "quokka" in m.text], "an unsigned word opens nothing")
    r = refused(s.command(s.alice, "#party sue@chips.example accepted\n", seen[0]), "#party", "we have a key", "signed by it")
    refused(s.command(s.alice, "#party sue details\n", fw), "#party sue details", "has not accepted")
    got, seen = say(s, sue, "#embargo accept\n\nWe will keep it.\n", invitation)
    expect(len(got) == 2, "the answer and the details", *[m.subject for m in got])
    details = next(m for m in got if "quokka" in m.text)
    answer = next(m for m in got if m is not details)
    expect(details.encrypted and details.signer == s.fpr and details.outer["Subject"] == "[%s] ..." % ONE, "encrypted", details.outer["Subject"])
    for w in (DETAILS, "Pump 9", "libfw", "TLP:AMBER", "#affected"):
        expect(w in details.text, "the details hold " + w, details.text)
    silent(details, "internaltag", "intern did it", "Nobody outside", "robin", "alice", "Robin")
    expect("done" in answer.text and "Accepted:" in answer.text, "and the answer", answer.text)
    expect(details["References"] and invitation["Message-ID"] in details["References"] and ack["Message-ID"] not in details["References"],
           "their own thread", details["References"])
    has(seen, "CARRIED OUT #embargo accept", "We will keep it.")
    p = party(s, sue.address)
    expect(p["status"] == "accepted" and p["accepted"] and p["details"], "accepted", p)
    # how far they are; what only analysts may do
    got, seen = say(s, sue, "#affected\n#investigating\n#credit Sue\n#embargo propose +20d\n", details)
    m = has(got, "#affected done", "#credit Sue passed on", "#embargo propose")
    has(seen, "CARRIED OUT #affected", "REQUEST #credit Sue", "their role does not allow it", "REQUEST #embargo propose",
        "the embargo is between us, the reporter and a coordinator")
    expect(party(s, sue.address)["status"] == "under-investigation" and not field(s, "credit"), "the last word counts", s.show())
    expect(s.show()["embargo"] == "Active" and not s.fresh(s.robin), "a supplier's date is a wish", s.show())
    show = s.command(s.alice, "#show\n", fw).text
    expect(re.search(r"supplier: +Sue Supplier <sue@chips.example>, key: .*; under-investigation", show), "#show", show)
    expect("under-investigation" in s.ctl("show", ONE), "embargoctl show")
    ok(s.command(s.alice, "#party sue fixed\n", fw), "#party sue fixed")
    expect(party(s, sue.address)["status"] == "fixed", "by an analyst", s.show())
    expect(not s.fresh(s.fda) and not s.fresh(s.cisa) and not s.fresh(s.robin) and not s.fresh(sue), "nobody else heard of it")


@live
def asked_and_removed(s):
    """#ask opens a thread, answers come in as theirs and reach analysts alone; after #remove a mail of theirs is a stranger's."""
    ack, fw = reported(s)
    filled(s, fw)
    s.fresh(s.robin)
    ok(s.command(s.alice, "#ask cisa\nDo you know of other pumps?\n#end\n", fw), "#ask cisa")
    q = s.one(s.cisa, "the question")
    expect(q.encrypted and "Do you know of other pumps?" in q.text and "TLP:AMBER" in q.text, "asked", q.text)
    expect(not s.fresh(s.robin) and not s.fresh(s.fda), "in a thread of its own")
    got, seen = say(s, s.cisa, "Two others: platypus and wombat.\n", q)
    f = has(seen, "cisa <central@cisa.example>, coordinator of the case", "platypus and wombat", "#ask central@cisa.example")
    expect(not got and not s.fresh(s.robin) and not s.fresh(s.fda), "the answer reaches analysts alone")
    ok(s.command(s.alice, "#ask central@cisa.example\nWhich versions?\n#end\n", f), "#ask")
    q2 = s.one(s.cisa, "the second question")
    expect(q["Message-ID"] in q2["References"] and seen[0]["Message-ID"] not in q2["References"], "it continues", q2["References"])
    # from elsewhere, with the known key: the same participant
    away = s.cisa.address
    s.cisa.address = "duty@home.example"
    raw = s.cisa.encrypted(s.ADDRESS, "Re: " + q2.subject, "#status\n\nFrom home: quoll.\n", reply_to=q2)
    s.cisa.address = away
    s.deliver(raw)
    s.once()
    f = has(s.fresh(s.alice), "cisa <central@cisa.example>, coordinator", "Written as: CISA <duty@home.example>", "CARRIED OUT #status")
    has(s.fresh(s.cisa), "Case: " + ONE)
    home = [m for _, _, to, _, m in s.out() if to == "duty@home.example"]
    expect(not home, "answered at the registered address alone")
    # a reporter from elsewhere: the key is in the store, not in the ring
    addr = s.robin.address
    s.robin.address = "robin@cafe.example"
    raw = s.robin.encrypted(s.ADDRESS, "Re: [%s] from a cafe" % ONE, "#credit Robin C.\n")
    s.robin.address = addr
    s.deliver(raw)
    s.once()
    f = s.one(s.alice, "the reporter from elsewhere")
    expect(ONE in f.subject and "CARRIED OUT  #credit Robin C." in f.text, "by the key", f.subject, f.text)
    s.fresh(s.robin)
    # the same words by somebody else's key do not enter
    eve = supplier(s, "Eve", "eve@evil.example")
    s.deliver(eve.encrypted(s.ADDRESS, "Re: [%s] from a cafe" % ONE, "#credit Eve\n", [("eve.asc", eve.public())]))
    s.once()
    expect(ONE not in s.one(s.alice).subject.split("]")[0] and field(s, "credit") == ["Robin C."], "a guess enters nothing")
    s.fresh(eve)
    ok(s.command(s.alice, "#remove cisa\n", fw), "#remove cisa")
    expect(party(s, s.cisa.address)["removed"], "removed", s.show())
    got, seen = say(s, s.cisa, "#status\n\nOne more: numbat.\n", q2)
    f = has(seen, "numbat", "Mentions: " + ONE, "Its sender was a participant of %s, removed." % ONE)
    expect(ONE not in f.subject.split("]")[0], "a new case", f.subject)
    for m in got:
        silent(m, "State:", "quokka", "Pump 9", "takes any", "thank you for your report", "removed")
    refused(s.command(s.alice, "#ask nobody@x.example\nHello?\n#end\n", fw), "#ask", "no participant")
    # what each holds: nobody's words in another's mailbox
    everything = s.out()
    for who, words in ((s.robin, ("platypus", "numbat", "quoll", "cisa", "CISA", "eve@")), (s.cisa, ("Robin", "robin@", "eve@", SECRET)),
                       (s.fda, ("platypus", "Robin", "quokka")), (eve, ("platypus", "Robin", "quokka", SECRET))):
        for _, _, to, _, raw in everything:
            if to != who.address:
                continue
            m = who.open(raw)
            for w in words:
                expect(w not in m.text and w not in m.subject, "%s learns %s" % (who.name, w), m.subject, m.text)


@live
def no_embargo_no_key(s):
    """Without an embargo the details go at once; without a key nothing but the invitation, until an analyst records and a key comes."""
    ack, fw = reported(s)
    filled(s, fw)
    s.fresh(s.robin)
    kim = s.person("Kim Keyless", "kim@parts.example", key=False)
    kim.learn(s.key)
    r = ok(s.command(s.alice, "#invite kim@parts.example supplier\n", fw), "#invite")
    expect("we have no key" in re.sub(r"\s+", " ", r.text), "the receipt says so", r.text)
    m = s.one(kim, "the invitation")
    expect(not m.encrypted and m.signer == s.fpr and "openpgp-key.asc" in m.attachments and "+" in m["Reply-To"], "in clear, signed, with our key", m["Reply-To"])
    silent(m, DETAILS, "Pump 9", "takes any", "libfw", "robin", "firmware")
    r = ok(s.command(s.alice, "#party kim@parts.example accepted\n", fw), "#party")
    expect("do not go out" in r.text and party(s, kim.address)["accepted"] and not s.fresh(kim), "recorded; nothing in clear", r.text)
    refused(s.command(s.alice, "#ask kim@parts.example\nIs it yours?\n#end\n", fw), "#ask", "no key")
    keyed = supplier(s, "Kim Keyed", "kim@parts.example")
    r = ok(s.command(s.alice, "#key import\n#party supplier details\n", fw, attachments=[("kim.asc", keyed.public())]), "#party supplier details")
    m = s.one(keyed, "the details")
    expect(m.encrypted and DETAILS in m.text, "with a key they go", m.text)
    ok(s.command(s.alice, "#embargo terminate it leaked\n", fw))
    s.fresh(s.robin), s.fresh(keyed)
    olga = supplier(s, "Olga Observer", "olga@watch.example")
    details = invited(s, fw, olga, "observer")
    expect("Pump takes any firmware" in details.text and "there is no embargo" not in details.text, "no embargo: at once", details.text)
    silent(details, "quokka", "libfw", "robin", "alice", "kim@")
    got, seen = say(s, olga, "#embargo propose +9d\n#affected\n#status\n", details)
    has(got, "#affected passed on", "Case: " + ONE)
    expect(s.show()["embargo"] == "Exited" and party(s, olga.address)["status"] == "invited", "an observer changes nothing", s.show())
    refused(s.command(s.alice, "#invite bob@pumps.example\n", fw), "#invite", "analyst")
    refused(s.command(s.alice, "#tlp RED\n#invite x@y.example supplier\n", fw), "#invite", "TLP:RED", "at most")
    refused(s.command(s.alice, "#remove robin\n", fw), "#remove robin", "is the reporter")


@live
def gated(s):
    """gate_ask = 1: the invitation waits, and so do the details that the acceptance unlocks; what is released is what was shown."""
    ack, fw = reported(s)
    filled(s, fw)
    sue = supplier(s)
    r = ok(s.command(s.alice, "#key import\n#invite Sue Supplier <sue@chips.example> supplier\n", fw, attachments=[("key.asc", sue.public())]))
    expect(not s.fresh(sue), "it waits")
    ok(s.command(s.alice, "#approve %s\n" % token_of(r), fw), "#approve")
    invitation = s.one(sue, "the invitation")
    got, seen = say(s, sue, "#embargo accept\n", invitation)
    silent(has(got, "#embargo accept done"), "quokka")
    f = has(seen, "wait for a release", "#approve")
    token = re.search(r"#approve ([a-z2-7]{16})", f.text).group(1)
    ok(s.command(s.bob, "#approve %s\n" % token, f), "#approve " + token)
    expect(DETAILS in s.one(sue, "the details").text and party(s, sue.address)["details"], "released", s.show())
    r = ok(s.command(s.alice, "#preview invite cisa\n", fw))
    expect("Invitation to a coordinated disclosure" in r.text and not s.fresh(s.cisa) and len(s.show()["parties"]) == 2, "a preview invites nobody", r.text)


@live
def too_often(s):
    """answers_per_day = 2: further signed commands are carried out and seen, not answered."""
    ack, fw = reported(s)
    for n in range(3):
        got, seen = say(s, s.robin, "#credit Number %d\n#status\n" % n, ack)
        f = has(seen, "CARRIED OUT #credit Number %d" % n)
        expect(("No answer was sent: answers_per_day is reached." in f.text) == (n == 2), "the forward says when there is no answer", f.text)
        expect(len(got) == (1 if n < 2 else 0), "answered %d" % n, *[m.text for m in got])
    expect(field(s, "credit") == ["Number 2"] and "answers_per_day is reached" in s.ctl("show", ONE), "and the history says why")
    s.deliver(s.robin.encrypted(s.ADDRESS, "another report", "wallaby\n"))
    s.once()
    expect("New report" in s.one(s.alice).subject, "reports come in as ever")


@live
def in_german(s):
    """language = "de": invitation, details, answer and help."""
    s.deliver(s.report())
    s.once()
    ack, fw = s.one(s.robin), s.one(s.alice)
    filled(s, fw)
    s.fresh(s.robin)
    sue = supplier(s)
    m = invited(s, fw, sue)
    expect("Ihre Rolle:" in m.text and "Zulieferer" in m.text and "Your" not in m.text, "invitation", m.text)
    got, _ = say(s, sue, "#embargo accept\n#status\n#help\n", m)
    expect(len(got) == 2, "answer and details", *[m.subject for m in got])
    details = next(x for x in got if "quokka" in x.text)
    answer = next(x for x in got if x is not details)
    expect("Beschreibung" in details.text and "Guten Tag" in details.text and "Dear" not in details.text, "details", details.text)
    for w in ("ausgeführt", "Zugesagt:", "wirkt mit", "wie weit der Fall ist", "Ihr Erzeugnis ist betroffen"):
        expect(w in answer.text, "answer: " + w, answer.text)
    for w in ("done", "Your role", "where the case"):
        expect(w not in answer.text, "no English: " + w, answer.text)


def chased(s):
    """Seven days of silence: they are reminded; fourteen: those who work on it; thirty: unresponsive. A mail of theirs ends it."""
    day = 86400
    ack, fw = reported_once(s)
    ok(s.command(s.alice, "#take\n#invite cisa\n#invite fda observer\n", fw))
    invitation = s.one(s.cisa, "the invitation")
    s.fresh(s.fda), s.fresh(s.bob), s.fresh(s.robin)

    def at(days):
        s.once(env={"EMBARGOD_FAKE_TIME": "+%d" % (days * day)})

    at(6)
    expect(not s.fresh(s.cisa), "not yet")
    at(7.1)
    m = s.one(s.cisa, "the reminder")
    expect("we wrote to you" in m.text and "#embargo accept" in m.text and m.encrypted and not [m for m in s.fresh(s.alice) if central(m)], "reminded", m.text)
    silent(m, "Pump 9", "takes any", SECRET, "robin")
    s.fresh(s.fda)
    at(7.2)
    expect(not s.fresh(s.cisa), "once")
    raw = s.fda.encrypted(s.ADDRESS, "Re: [%s] x" % ONE, "We are looking into it.\n")
    s.deliver(raw)
    at(8)
    s.fresh(s.alice), s.fresh(s.bob)
    at(14.1)
    got = [m for m in s.fresh(s.alice) if "No answer" in m.subject]
    expect(len(got) == 1 and "central@cisa.example" in got[0].text and not s.fresh(s.cisa), "then the assignee", *[m.text for m in got])
    expect(not [m for m in s.fresh(s.bob) if "No answer" in m.subject], "not everybody")
    expect("cyber@fda.example" not in got[0].text and party(s, s.fda.address)["waiting_since"] is None, "who has answered is left alone", s.show())
    at(30.1)
    got = [m for m in s.fresh(s.alice) if "Unresponsive" in m.subject]
    expect(len(got) == 1 and party(s, s.cisa.address)["status"] == "unresponsive", "then it counts as unresponsive", s.show())
    expect("unresponsive" in s.ctl("show", ONE) and not s.fresh(s.cisa), "shown")
    at(60)
    expect(not [m for m in s.fresh(s.alice) if central(m)] and not s.fresh(s.cisa), "and is left alone")
    s.deliver(s.cisa.encrypted(s.ADDRESS, "Re: " + invitation.subject, "Sorry, we are here.\n", reply_to=invitation))
    at(60)
    expect(party(s, s.cisa.address)["status"] == "invited", "a mail of theirs ends it", s.show())


def chase_waits_for_the_clock(s):
    """While the clock is in doubt nobody is chased; once an operator has confirmed it, they are."""
    ack, fw = reported_once(s)
    ok(s.command(s.alice, "#invite cisa\n", fw))
    s.one(s.cisa, "the invitation")
    s.set_clock(0)
    with s.daemon(s.clock()) as d:
        d.says("keys ready")
        wait(lambda: "not held" in s.ctl("clock"), "it runs")
        s.set_clock(8 * 86400)
        d.says("the clock has jumped")
        before = d.log().count("mail sent")
        s.deliver(s.robin.encrypted(s.ADDRESS, "Re: " + fw.subject, "Still there?\n", reply_to=ack))
        wait(lambda: d.log().count("mail sent") > before + 1, "it works on")
        expect(not s.fresh(s.cisa), "but chases nobody")
        s.ctl("clock", "accept")
        got = []
        wait(lambda: got.extend(s.fresh(s.cisa)) or got, "now it does")
        expect("we wrote to you" in got[0].text, "reminds", got[0].text)


@live
def others_join(s):
    """A second reporter has a thread and a view of their own; who declines gets nothing, and may be asked again."""
    ack, fw = reported(s)
    filled(s, fw)
    s.fresh(s.robin)
    rita = supplier(s, "Rita Second", "rita@uni.example")
    invitation = invited(s, fw, rita, "reporter")
    ok(s.command(s.alice, "#reply\nOnly for those who reported it: kiwi.\n#end\n", fw), "#reply")
    expect("kiwi" in s.one(s.robin).text and not s.fresh(rita), "a reply is not for who is only invited")
    refused(s.command(s.alice, "#reply rita@uni.example\nkiwi\n#end\n", fw), "#reply rita@uni.example", "has not accepted")
    got, seen = say(s, rita, "#embargo accept\n#credit Rita\n#status\n", invitation)
    details = next(m for m in got if "TLP:AMBER" in m.subject)
    for m in got:
        silent(m, "robin", "Robin", "quokka", "internaltag", "alice")
    expect("Pump takes any firmware" in details.text, "a reporter's view: no analysis", details.text)
    say(s, s.robin, "#credit Robin\n", ack)
    expect(sorted(field(s, "credit")) == ["Rita", "Robin"], "each their own", field(s, "credit"))
    s.fresh(s.robin)
    got, seen = say(s, rita, "#status\n", details)
    silent(has(got, "Credit: Rita"), "Robin")
    ok(s.command(s.alice, "#reply\nThank you, Robin.\n#end\n#ask rita\nThank you, Rita.\n#end\n", fw), "#reply", "#ask rita")
    one, other = s.one(s.robin), s.one(rita)
    silent(one, "Rita", "rita"), silent(other, "Robin", "robin")
    expect("Thank you, Robin." in one.text and "Thank you, Rita." in other.text, "each in their own thread", one.text, other.text)
    expect(invitation["Message-ID"] in other["References"] and invitation["Message-ID"] not in one["References"], "threads", one["References"])
    # a guess at the other's token: it routes, it admits nobody; Rita is a participant by her key all the same
    ok(s.command(s.alice, "#invite cisa\n", fw))
    m = s.one(s.cisa, "the invitation")
    got, seen = say(s, s.cisa, "#embargo reject\n\nWe cannot keep it.\n", m)
    silent(has(got, "#embargo reject done"), "quokka", "Pump 9")
    has(seen, "CARRIED OUT #embargo reject", "We cannot keep it.")
    p = party(s, s.cisa.address)
    expect(p["status"] == "declined" and not p["accepted"] and not p["details"] and s.show()["embargo"] == "Active", "declined; the embargo stands", p)
    refused(s.command(s.alice, "#party cisa details\n", fw), "#party cisa details", "has not accepted")
    ok(s.command(s.alice, "#invite cisa\n", fw), "#invite cisa")
    got, seen = say(s, s.cisa, "#embargo accept\n", s.one(s.cisa, "once more"))
    expect(len(got) == 2 and any(DETAILS in m.text for m in got), "asked again, and they do", *[m.subject for m in got])
    raw = s.cisa.encrypted(s.ADDRESS, "Re: " + m.subject, "#withdraw enough\n", reply_to=m)
    s.deliver(raw)
    s.once()
    expect(party(s, s.cisa.address)["status"] == "withdrawn", "withdrawn", s.show())
    refused(s.command(s.alice, "#party cisa details\n", fw), "#party cisa details")
    for who, words in ((s.robin, ("rita", "Rita", "CISA", "quokka")), (rita, ("robin", "CISA", "quokka")), (s.cisa, ("robin", "rita", "Robin", "Rita"))):
        for _, _, to, _, raw in s.out():
            if to == who.address:
                silent(who.open(raw), *words)


def central(m):
    return "central@cisa.example" in m.text and ("No answer" in m.subject or "Unresponsive" in m.subject)


def reported_once(s):
    s.deliver(s.report())
    s.once()
    ack, fw = s.one(s.robin), s.one(s.alice)
    s.fresh(s.bob)
    return ack, fw


STORIES = [an_invitation, asked_and_removed, no_embargo_no_key, gated, too_often, in_german, others_join, chase_waits_for_the_clock, chased, a_reporter_asks, an_accepted_revision, not_signed, signed_once_more, no_key_at_all, hostile]

if __name__ == "__main__":
    sys.exit(main(STORIES, {gated: {"extra": "gate_ask = 1"}, too_often: {"extra": "answers_per_day = 2"}, in_german: {"extra": "language = de"}}))
