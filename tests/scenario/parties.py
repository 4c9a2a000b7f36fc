#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: reporters and participants speak for themselves. Who writes what, signed by whom, and what every mailbox holds after."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from commands import ONE, TWO, field, live, ok, opened, refused, token_of  # noqa: E402
from gateway import expect  # noqa: E402
from story import SECRET, main  # noqa: E402

DETAILS = "Any firmware is taken: quokkaloader."


def party(s, address, case=ONE):
    return next(p for p in s.show(case)["parties"] if p["address"] == address)


def say(s, who, text, about, sign=True, **k):
    """who answers a mail of ours; gives what they then get, and what Alice gets."""
    k.setdefault("reply_to", about)
    s.deliver(who.encrypted(s.ADDRESS, "Re: " + about.subject, text, sign=sign, **k))
    s.once()
    return s.fresh(who), s.fresh(s.alice)


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
    m = has(got, "#status done", "Case: " + ONE, "State:", "Your role: reporter", "Yours, as we have it", "#credit NAME", "#withdraw REASON")
    expect(m.encrypted and m.signer == s.fpr and m.outer["Subject"] == "[%s] ..." % ONE, "encrypted, signed, neutral outside", m.outer["Subject"])
    expect(m.outer["Auto-Submitted"] == "auto-replied" and "openpgp-key.asc" in m.attachments, "automatic, with our key", m.attachments.keys())
    expect("#affected" not in m.text and "alice" not in m.text, "only what is theirs", m.text)
    has(seen, "CARRIED OUT #status", "Thank you!")
    s.command(s.alice, "#take\n#validate\n#accept\n#tag internal-tag\n#note\nThe intern did it.\n", fw)
    got, seen = say(s, s.robin, "#credit Robin of the Lab\n#status\n", ack)
    has(got, "#credit Robin of the Lab done", "Credit: Robin of the Lab")
    expect(field(s, "credit") == ["Robin of the Lab"], "credited", field(s, "credit"))
    for word in ("intern", "internal-tag", "alice"):
        expect(word not in got[0].text, "nothing internal: " + word, got[0].text)
    got, seen = say(s, s.robin, "#credit anonymous\n", ack)
    expect(field(s, "credit") == ["anonymous"], "what they said before is replaced", field(s, "credit"))
    before = s.show()
    got, seen = say(s, s.robin, "#embargo propose +10d\n", ack)
    has(got, "#embargo propose", "done", "Embargo:")
    now = s.show()
    expect(now["embargo"] == "Revise" and now["embargo_until"] < before["embargo_until"], "the shorter date holds at once", now)
    has(seen, "CARRIED OUT #embargo propose", "the shorter one wins")
    got, seen = say(s, s.robin, "#embargo propose 2001-01-01\n#embargo propose soon\n", ack)
    has(got, "not possible as things stand")
    has(seen, "REFUSED #embargo propose 2001-01-01", "not in the future", "REFUSED #embargo propose soon")
    expect(s.show()["embargo_until"] == now["embargo_until"], "refused: nothing changed", s.show())
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
    m = has(got, "not signed", "#credit Mallory passed on to our analysts as a request")
    expect(m.encrypted and "State:" not in m.text, "no state for whom we do not know", m.text)
    f = has(seen, "REQUEST #credit Mallory", "it is not signed by their key", "to carry it out: #credit Mallory",
            "to carry it out: #embargo propose 2098-01-31T10:00:00Z")
    expect(not field(s, "credit") and s.show()["embargo"] == "Active", "nothing was changed", s.show())
    say(s, s.robin, "#credit Mallory\n", ack, sign=False)
    expect(not s.fresh(s.robin), "unsigned ones are answered as seldom as reports")
    ok(s.command(s.alice, "#embargo propose 2098-01-31T10:00:00Z\n", f), "#embargo propose")
    expect(s.show()["embargo_proposed"] == "2098-01-31T10:00:00Z", "the line works", s.show())
    eve = s.person("Eve", "eve@evil.example")
    eve.learn(s.key)
    forged = eve.encrypted(s.ADDRESS, "Re: [%s] x" % ONE, "#withdraw forged\n#status\n", [("eve.asc", eve.public())], reply_to=ack)
    s.deliver(forged.replace(b"From: Eve <eve@evil.example>", b"From: Robin Reporter <robin@lab.example>"))
    s.once()
    has(s.fresh(s.alice), "REQUEST #withdraw forged")
    expect(party(s, s.robin.address)["status"] == "" and party(s, s.robin.address)["key"] == s.robin.fpr, "their key stays", s.show())
    expect(not s.fresh(eve), "a forger gets nothing")


@live
def no_key_at_all(s):
    """Without a key: #status, #key and #help are answered to the registered address, content-free; the rest is a request."""
    s.deliver(s.robin.plain(s.ADDRESS, "Pump trouble", "It is %s.\n" % SECRET))
    s.once()
    ack, _ = s.one(s.robin), s.fresh(s.alice)
    s.deliver(s.robin.plain(s.ADDRESS, "Re: " + ack.subject, "#status\n#help\n#withdraw no\n", reply_to=ack))
    s.once()
    m = has(s.fresh(s.robin), "#status done", "State:", "We know no OpenPGP key of yours", "#withdraw no passed on to our analysts")
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
    got, seen = say(s, eve, "#withdraw forged\n", ack)
    has(seen, "REQUEST #withdraw forged", "nothing vouches for", "#key accept")
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


STORIES = [a_reporter_asks, an_accepted_revision, not_signed, no_key_at_all, hostile]

if __name__ == "__main__":
    sys.exit(main(STORIES, {}))
