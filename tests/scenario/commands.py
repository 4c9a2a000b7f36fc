#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: what analysts' commands do, refuse and say. Real binaries, real gpg, maildirs; each mail is read by whom it is for."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import BUILD, expect  # noqa: E402
from story import SECRET, main, wait  # noqa: E402

ONE, TWO = "EMB-2026-0001", "EMB-2026-0002"


def live(story):
    """Plays the story against a running daemon: a start for each mail would be most of its time."""
    def play(s):
        with s.daemon():
            s.once = lambda: settle(s)
            story(s)
    play.__name__ = story.__name__
    return play


def settle(s):
    """Until all that came is handled, and all that is due is sent."""
    wait(lambda: not s.box("."), "the letters are handled and moved", 120)
    wait(lambda: re.search(r"letters: +0 waiting", s.ctl("status")) and re.search(r"outbox: +0 to be sent", s.ctl("status")), "all is sent", 120)


def opened(s, *subjects):
    """A case for each subject; gives Alice's forwards in the order of the cases."""
    for subject in subjects or ("Pump takes any firmware",):
        s.deliver(s.report(subject=subject))
    s.once()
    s.fresh(s.robin), s.fresh(s.bob)
    return sorted(s.fresh(s.alice), key=lambda m: m.subject)


def ok(r, *lines):
    """Every command of the receipt was done, and these are among them."""
    expect("FAILED" not in r.text and "NOTHING WAS CHANGED" not in r.text, "a command failed", r.text)
    for line in lines:
        expect(re.search(r"^ok      " + re.escape(line), r.text, re.M), "not done: " + line, r.text)
    return r


def refused(r, line, *why):
    """Nothing was changed; that line is marked, with the reason."""
    expect("NOTHING WAS CHANGED" in r.text and "Nothing was changed" in r.subject, "the receipt says that nothing was changed", r.text)
    m = re.search(r"^FAILED  " + re.escape(line) + r".*\n((?:        .*\n)+)", r.text, re.M)
    expect(m, "not marked: " + line, r.text)
    for w in why:
        expect(w in re.sub(r"\s+", " ", m.group(1)), "the reason does not say: " + w, m.group(1))
    return r


def unanswered(r, line, *why):
    """A mail of questions, one of which had no answer."""
    expect("NOTHING" not in r.text and "Receipt" in r.subject, "a mail of questions changes nothing anyway", r.subject, r.text)
    m = re.search(r"^FAILED  " + re.escape(line) + r".*\n((?:        .*\n)+)", r.text, re.M)
    expect(m and all(w in re.sub(r"\s+", " ", m.group(1)) for w in why), "not marked, or for another reason: " + line, r.text)


def answers(r):
    """What stands below the receipt's lines."""
    return r.text.split("\n\n", 2)[-1]


def token_of(r):
    m = re.search(r"#approve ([a-z2-7]{16})$", r.text, re.M)
    expect(m, "a token to approve", r.text)
    return m.group(1)


def members(s, case=ONE):
    return sorted((m["analyst"], m["role"]) for m in s.show(case)["members"])


def field(s, name, case=ONE):
    return [f["value"] for f in s.show(case)["fields"] if f["name"] == name]


def ctl_fails(s, *args):
    """What embargoctl says, on either channel, when it refuses."""
    r = subprocess.run([os.path.join(BUILD, "embargoctl"), "-c", s.conf] + list(args), capture_output=True, env=s.env)
    expect(r.returncode != 0, "embargoctl %s should have failed" % (args,), r.stdout.decode())
    return (r.stdout + r.stderr).decode()


# ---- reading ----
@live
def reading(s):
    """#list, #show, #history, #help: what they say, to whom, and that they change nothing."""
    first, second = opened(s, "Pump takes any firmware", "Monitor shows secrets")
    ok(s.command(s.alice, "#take\n#validate\n", first), "#take", "#validate")
    s.fresh(s.bob)

    def listed(text):
        return re.findall(r"^(EMB-2026-\d{4})  ", ok(s.command(s.bob, text + "\n"), text).text, re.M)

    for text, want in (("", [ONE, TWO]), (" valid", [ONE]), (" received", [TWO]), (" alice", [ONE]), (" assignee:alice", [ONE]), (" secrets", [TWO]), (" mine", [])):
        got = listed("#list" + text)
        expect(sorted(got) == want, "#list" + text, got)
    r = ok(s.command(s.bob, "#list closed\n"))
    expect("No case fits." in r.text, "nothing fits", r.text)
    ok(s.command(s.alice, "#case %s\n#invalidate a test\n#close a test\n" % TWO))
    s.fresh(s.bob)
    expect(listed("#list") == [ONE] and sorted(listed("#list all")) == [ONE, TWO] and listed("#list closed") == [TWO], "closed ones only when asked for")
    r = ok(s.command(s.bob, "#show\n", first), "#show")
    for word in ("report:      Valid", "assigned:    alice", "reporter:    Robin Reporter <robin@lab.example>", SECRET, ONE):
        expect(word in r.text, "#show holds " + word, r.text)
    r = ok(s.command(s.bob, "#history\n", first), "#history")
    for word in ("case.opened", "ack.sent", "alice: assigned to alice", "Received -> Valid"):
        expect(word in r.text, "#history holds " + word, r.text)
    expect("2026-" in r.text and not s.fresh(s.alice), "and nobody else hears of it")
    r = ok(s.command(s.bob, "#help\n"), "#help")
    for name in ("#take", "#reply", "#notify", "#key", "#approve"):
        expect(name in r.text, "#help names " + name, r.text)
    r = ok(s.command(s.bob, "#help notify\n"))
    expect("#notify NAME... [TEMPLATE]" in r.text and "#take" not in answers(r), "#help of one command", r.text)
    r = s.command(s.bob, "#help notfy\n")
    expect("#notify" in r.text, "a slip is recognised", r.text)
    unanswered(s.command(s.bob, "#show\n"), "#show", "which case", "#case ID")
    expect(s.show()["report"] == "Valid" and members(s) == [("alice", "assignee")], "reading changed nothing")


# ---- a report taken by telephone ----
@live
def by_telephone(s):
    """#new, #reporter, #description; then their key comes attached, and a reply goes out in the same mail."""
    tina = s.person("Tina Caller", "tina@clinic.example")
    tina.learn(s.key)
    r = ok(s.command(s.alice, "#new Pump opens its valve\nA nurse called.\n\nIt opened by itself.\n#end\n#reporter Tina Caller <tina@clinic.example>\n"
                              "#take\n#product \"Pump 9\" 2.0\n"), "#new", "#reporter", "#take", "#product")
    expect("no key of theirs" in r.text and ONE in r.subject, "the receipt says that there is no key yet", r.subject, r.text)
    show = s.show()
    expect(show["title"] == "Pump opens its valve" and show["report"] == "Received", "opened", show)
    expect(field(s, "description") == ["A nurse called.\n\nIt opened by itself."], "described", show)
    expect([(p["role"], p["address"]) for p in show["parties"]] == [("reporter", "tina@clinic.example")], "its reporter", show)
    expect(not s.fresh(tina), "nobody outside was written to")
    refused(s.command(s.alice, "#reply\nThank you for calling.\n#end\n", r), "#reply", "no key", "#key import")
    refused(s.command(s.alice, "#key import\n", r), "#key import", "no key is attached")
    r2 = ok(s.command(s.alice, "#dry-run\n#key import\n#reply\nThank you for calling.\n#end\n", r, attachments=[("tina.asc", tina.public())]))
    expect("signed and encrypted" in r2.text and "No key." in s.ctl("key", "list", "tina@clinic.example") and not s.fresh(tina),
           "the preview knows the key, and keeps nothing", r2.text)
    r2 = ok(s.command(s.alice, "#key import\n#reply\nThank you for calling.\n#end\n", r, attachments=[("tina.asc", tina.public())]),
            "#key import", "#reply")
    expect(tina.fpr in r2.text and "signed and encrypted" in r2.text, "the receipt names the key", r2.text)
    m = s.one(tina, "reply")
    expect(m.encrypted and m.signer == s.fpr and "Thank you for calling." in m.text, "encrypted to the key that came along", m.text)
    s.deliver(tina.encrypted(s.ADDRESS, "Re: " + m.subject, "It did it again.\n", reply_to=m))
    s.once()
    f = s.one(s.alice, "follow-up")
    expect(ONE in f.subject and "It did it again." in f.text and "Signature:   good, key" in f.text, "an answer threads; its key is known", f.text)
    expect("pinned" in s.ctl("key", "list", "tina@clinic.example"), "as an analyst's choice")
    refused(s.command(s.alice, "#reporter bob@pumps.example\n", r), "#reporter bob@pumps.example", "analyst's address")
    refused(s.command(s.alice, "#reporter nobody\n", r), "#reporter nobody", "no mail address")
    s.deliver(s.alice.signed(s.ADDRESS, "Re: new", "#new In clear\n"))
    s.once()
    expect("encrypt it to us" in s.one(s.alice).text and len(s.ctl_json("list", "all")) == 1, "#new in clear is refused")
    refused(s.command(s.alice, "#new\n"), "#new", "title is missing")
    s.deliver(s.report("Robin's own.\n", subject="Another"))
    s.once()
    s.fresh(s.robin), s.fresh(s.alice), s.fresh(s.bob)
    r = ok(s.command(s.bob, "#new Robin called\n#end\n#reporter robin@lab.example\n#reply\nThank you, Robin.\n#end\n"), "#new", "#reporter", "#reply")
    m = s.one(s.robin)
    expect(m.encrypted and "Thank you, Robin." in m.text, "a key that is known from another case is used", m.text)


# ---- spam ----
@live
def spam(s):
    fw, = opened(s, "Buy my pills")
    r = ok(s.command(s.alice, "#spam\n", fw), "#spam")
    expect("blocked" in r.text, "the receipt says so", r.text)
    show = s.show()
    expect(show["report"] == "Closed", "closed", show)
    s.fresh(s.bob)
    s.deliver(s.report(subject="More pills"))
    s.once()
    expect(not s.fresh(s.alice) and not s.fresh(s.bob) and not s.fresh(s.robin), "more from that sender reaches nobody, and is not answered")
    expect(len(s.ctl_json("list", "all")) == 1 and len(s.box(".Processed")) == 3, "and opens no case")
    refused(s.command(s.alice, "#reply\nStop it.\n#end\n", fw), "#reply", "spam")
    refused(s.command(s.alice, "#notify fda\n", fw), "#notify", "spam")
    refused(s.command(s.bob, "#reopen it was a report\n", fw), "#reopen", "lead")
    ok(s.command(s.alice, "#reopen it was a report\n", fw))
    expect(s.show()["report"] == "Accepted", "reopened")


# ---- several cases in one mail ----
@live
def two_cases_in_one_mail(s):
    first, second = opened(s, "First", "Second")
    ok(s.command(s.bob, "#case %s\n#watch\n#case %s\n#watch\n" % (ONE, TWO)))
    r = ok(s.command(s.alice, "#validate\n#case %s\n#invalidate not ours\n#note\nA word on the second.\n#end\n" % TWO, first), "#validate", "#case", "#invalidate",
           "#note")
    expect(s.show(ONE)["report"] == "Valid" and s.show(TWO)["report"] == "Invalid", "each has its own")
    expect("A word on the second." in s.ctl("show", TWO) and "A word on" not in s.ctl("show", ONE), "the note is the second's")
    events = sorted(s.fresh(s.bob), key=lambda m: m.subject)
    expect([m.subject for m in events] == ["[%s] alice: validate (First)" % ONE, "[%s] alice: invalidate, note (Second)" % TWO],
           "two mails that say in their subjects what happened", *[m.subject for m in events])
    expect("not ours" not in events[0].text and "Received -> Valid" in events[0].text and "Received -> Valid" not in events[1].text,
           "each tells of its own case only", events[0].text, events[1].text)
    expect(all(m.outer["Subject"] in ("[%s] ..." % ONE, "[%s] ..." % TWO) for m in events), "outside they say nothing")
    refused(s.command(s.alice, "#accept\n#case %s\n#accept\n" % TWO, first), "#accept", "Invalid")
    expect(s.show(ONE)["report"] == "Valid", "and the first was not accepted either")
    refused(s.command(s.alice, "#case EMB-2026-0099\n#take\n"), "#case EMB-2026-0099", "there is no case")
    refused(s.command(s.alice, "#case nonsense\n#take\n"), "#case nonsense", "no case id")
    r = s.command(s.alice, "#take\n\n" + first.quoted() + "\n\n" + second.quoted() + "\n")
    expect("several cases" in r.text and "#case ID" in r.text and "FAILED" not in r.text and members(s, ONE) == members(s, TWO) == [("bob", "watcher")], "two quoted cases: it asks for #case", r.text)


# ---- who works on it ----
@live
def team(s):
    fw, = opened(s)
    ok(s.command(s.alice, "#assign bob\n", fw), "#assign bob")
    expect(members(s) == [("bob", "assignee")], "assigned", members(s))
    m = s.one(s.bob, "event")
    expect(m.subject.startswith("[%s] alice: assign" % ONE) and "assigned to bob" in m.text, "bob hears of it", m.subject, m.text)
    ok(s.command(s.alice, "#watch\n#watch\n", fw), "#watch")
    expect(members(s) == [("alice", "watcher"), ("bob", "assignee")], "watched", members(s))
    s.fresh(s.bob)
    ok(s.command(s.bob, "#title Any firmware\n", fw))
    expect("title" in s.one(s.alice, "the watcher's copy").subject, "the watcher hears of it")
    ok(s.command(s.alice, "#unwatch\n", fw), "#unwatch")
    s.fresh(s.bob)
    ok(s.command(s.bob, "#unassign bob\n", fw), "#unassign bob")
    expect(members(s) == [] and not s.fresh(s.alice), "nobody, and nobody hears of it", members(s))
    ok(s.command(s.bob, "#take\n", fw))
    r = ok(s.command(s.alice, "#take\n", fw))
    expect("alice" in r.text and "bob" in r.text and members(s) == [("alice", "assignee"), ("bob", "assignee")], "taken beside bob", r.text)
    refused(s.command(s.alice, "#assign alcie\n", fw), "#assign alcie", "did you mean alice")
    refused(s.command(s.alice, "#unassign carol\n", fw), "#unassign carol", "not assigned")
    refused(s.command(s.alice, "#assign\n", fw), "#assign", "usage: #assign NAME")
    refused(s.command(s.alice, "#take it\n", fw), "#take it", "takes nothing behind it")


# ---- facts ----
@live
def facts(s):
    fw, = opened(s)
    r = ok(s.command(s.alice, "#title Firmware is not checked\n#product \"Pump 9\" 1.0-2.3\n#product Monitor\n#tag update urgent\n#note\nCall the vendor.\n#end\n", fw),
           "#title", "#product", "#tag", "#note")
    expect("Pump takes any firmware" in r.text and "never leaves the team" in r.text, "from what to what", r.text)
    expect(field(s, "title") == ["Firmware is not checked"] and field(s, "product") == ["Pump 9", "Monitor"] and
           sorted(field(s, "tag")) == ["update", "urgent"], "set", s.show())
    expect("Call the vendor." in s.ctl("show", ONE) and not s.fresh(s.robin), "the note stays in the house")
    ok(s.command(s.alice, "#product -Monitor\n#tag -urgent\n", fw))
    expect(field(s, "product") == ["Pump 9"] and field(s, "tag") == ["update"], "removed", s.show())
    refused(s.command(s.alice, "#product -Moniter\n", fw), "#product -Moniter", "has no product")
    refused(s.command(s.alice, "#title\n", fw), "#title", "usage: #title TEXT")
    refused(s.command(s.alice, "#tag Two;words\n", fw), "#tag", "one word")
    refused(s.command(s.alice, "#product \"Pump 9\n", fw), "#product", "closing quote")
    refused(s.command(s.alice, "#title A\n#validate\n#closee now\n#tag b\n", fw), "#closee now", "did you mean #close")
    expect(field(s, "title") == ["Firmware is not checked"] and field(s, "tag") == ["update"] and s.show()["report"] == "Received",
           "one of four is wrong: none is done")


# ---- report management ----
@live
def states(s):
    fw, = opened(s)
    refused(s.command(s.alice, "#accept\n", fw), "#accept", "Received")
    refused(s.command(s.alice, "#invalidate\n", fw), "#invalidate", "reason is missing")
    walk = (("#invalidate cannot be reproduced", "Invalid"), ("#validate", "Valid"), ("#defer after the holidays", "Deferred"), ("#accept", "Accepted"),
            ("#close fixed in 2.4", "Closed"))
    for line, state in walk:
        r = ok(s.command(s.bob, line + "\n", fw), line)
        expect(s.show()["report"] == state and "-> " + state in r.text, line, r.text)
    refused(s.command(s.bob, "#reopen it came back\n", fw), "#reopen", "lead")
    refused(s.command(s.alice, "#defer no\n", fw), "#defer", "Closed")
    ok(s.command(s.alice, "#reopen it came back\n", fw))
    expect(s.show()["report"] == "Accepted", "reopened")
    history = s.ctl("show", ONE)
    for line, _ in walk:
        expect(line.split(" ", 1)[-1] in history or " " not in line, "the reason stands in the history: " + line, history)


# ---- previews and releases ----
@live
def preview_and_release(s):
    """What is previewed is what is sent; a release works once, for the very content."""
    fw, = opened(s)
    ok(s.command(s.alice, "#take\n#validate\n#accept\n#product \"Pump 9\" 1.0\n#description\nAny firmware is taken.\n#end\n", fw))
    r = ok(s.command(s.alice, "#preview reply\nAs agreed.\n#end\n", fw), "#preview reply")
    expect("----- preview: not sent -----" in r.text and "As agreed." in r.text and "#approve" not in answers(r), "shown", r.text)
    expect(not s.fresh(s.robin) and "release" not in s.ctl("show", ONE), "nothing went out and nothing waits")
    refused(s.command(s.alice, "#preview take\n", fw), "#preview take", "sends no mail")
    waits = ok(s.command(s.alice, "#notify fda cisa\n", fw), "#notify")
    shown = re.findall(r"^To:      \w+ <(\S+)>, (.*)\nSubject: (.*)$", waits.text, re.M)
    expect([x[0] for x in shown] == ["cyber@fda.example", "central@cisa.example"] and all(x[1] == "signed and encrypted" for x in shown), "both are shown", waits.text)
    expect("needs:" in waits.text and "expires:" in waits.text and not s.fresh(s.fda) and not s.fresh(s.cisa), "nothing left", waits.text)
    token = token_of(waits)
    expect(token in s.ctl("show", ONE) and "waiting for release: 1" in s.ctl("status"), "what waits is listed")
    refused(s.command(s.bob, "#approve aaaaaaaaaaaaaaaa\n", fw), "#approve", "nothing waits under")
    refused(s.command(s.bob, "#approve abc\n", fw), "#approve abc", "16 letters")
    r = ok(s.command(s.bob, "#dry-run\n#approve %s\n" % token, fw))
    expect(not s.fresh(s.fda), "a dry run releases nothing", r.text)
    ok(s.command(s.bob, "#approve %s\n" % token, fw), "#approve " + token)
    got = [s.one(p, "notice") for p in (s.fda, s.cisa)]
    for m, (_, _, subject) in zip(got, shown):
        expect(m.encrypted and m.subject == subject and "Any firmware is taken." in m.text, "as it was shown", m.subject, subject)
        expect(all(line.rstrip() in waits.text or line.startswith("--") for line in m.text.splitlines()), "line for line", m.text)
        expect("No further step is planned so far." in m.text and "There is no fix yet." in m.text, "what is not assessed is labelled", m.text)
    copies = [m.subject for m in s.fresh(s.alice)]
    expect(len(copies) == 3 and any(c.startswith("[%s] bob: approve" % ONE) for c in copies), "the assignee hears of it, with copies", *copies)
    refused(s.command(s.bob, "#approve %s\n" % token, fw), "#approve", "released already")
    refused(s.command(s.bob, "#cancel %s\n" % token, fw), "#cancel", "released already")
    token = token_of(ok(s.command(s.alice, "#notify fda\n", fw)))
    ok(s.command(s.alice, "#cancel %s\n" % token, fw), "#cancel " + token)
    refused(s.command(s.alice, "#approve %s\n" % token, fw), "#approve", "cancelled")
    expect(not s.fresh(s.fda), "a cancelled one is never sent")


def two_persons(s):
    """gate 2: who asked for it may not release it, nor may one who is no lead; it expires."""
    fw, = opened(s)
    for text in ("#product \"Pump 9\" 1.0\n#description\nAny firmware is taken.\n#end\n#notify fda\n", "#notify cisa\n"):
        r = ok(s.command(s.alice, text, fw))
        expect("second person" in r.text, "the receipt says who must approve", r.text)
        mine = token_of(r)
    refused(s.command(s.alice, "#approve %s\n" % mine, fw), "#approve", "second person")
    refused(s.command(s.bob, "#approve %s\n" % mine, fw), "#approve", "lead")
    theirs = token_of(ok(s.command(s.bob, "#reply\nWe are on it.\n#end\n", fw), "#reply"))
    expect(not s.fresh(s.robin), "a reply waits as well")
    refused(s.command(s.bob, "#approve %s\n" % theirs, fw), "#approve", "second person")
    ok(s.command(s.alice, "#approve %s\n" % theirs, fw))
    m = s.one(s.robin, "reply")
    expect(m.encrypted and "We are on it." in m.text and not s.fresh(s.fda) and not s.fresh(s.cisa), "released by the lead, and only that", m.text)
    late = s.command(s.bob, "#notify fda\n", fw)
    s.deliver(s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#approve %s\n\n" % token_of(late) + fw.quoted(), reply_to=fw))
    s.once(env={"EMBARGOD_FAKE_TIME": "+7300"})
    got = [m for m in s.fresh(s.alice) if "changed" in m.subject]
    expect(len(got) == 1 and "expired" in got[0].text and not s.fresh(s.fda), "after its time it is not sent any more", *[m.subject for m in got])


# ---- keys ----
@live
def keys(s):
    """A second key for a known reporter waits for an analyst's word; list, show, accept, drop."""
    fw, = opened(s)
    old = s.robin.fpr
    r = ok(s.command(s.alice, "#key list\n#key show reporter\n#key show own\n#key show bob\n", fw), "#key list", "#key show own")
    plain = r.text.replace(" ", "")
    expect(plain.count(old) >= 2 and s.fpr in plain and s.bob.fpr in plain and "expires" in r.text, "listed and shown", r.text)
    other = s.person("Robin Second", "robin@lab.example")
    other.learn(s.key)
    s.deliver(other.encrypted(s.ADDRESS, "Re: " + fw.subject, "My new key.\n", [("new.asc", other.public())], reply_to=fw))
    s.once()
    alarm, f = sorted(s.fresh(s.alice), key=lambda m: "NOT used" not in m.subject)
    expect("NOT used" in alarm.subject and ONE in f.subject, "a mail from the reporter's address threads by its subject; its key is told", f.subject)
    r = ok(s.command(s.alice, "#key list robin@lab.example\n", fw))
    expect("WAITS" in r.text and other.fpr in r.text.replace(" ", ""), "the second key waits", r.text)
    ok(s.command(s.alice, "#reply\nTo the old key.\n#end\n", fw))
    expect("To the old key." in s.one(s.robin).text, "until then the old one is used")
    r = ok(s.command(s.alice, "#key accept %s for robin@lab.example\n#reply\nTo the new key.\n#end\n" % other.fpr, fw))
    m = s.one(other)
    expect(m.encrypted and "To the new key." in m.text, "accepted: used in the same mail already", m.text)
    ok(s.command(s.alice, "#reply\nAgain.\n#end\n", fw))
    expect("Again." in s.one(other).text, "and afterwards")
    refused(s.command(s.alice, "#key accept %s for robin@lab.example\n" % ("A" * 40), fw), "#key accept", "no stored key has the fingerprint")
    refused(s.command(s.alice, "#key drop 1234ABCD\n", fw), "#key drop 1234ABCD", "full fingerprint")
    ok(s.command(s.alice, "#key drop %s\n#key drop %s\n" % (old, other.fpr), fw), "#key drop")
    expect("No key." in s.ctl("key", "list", "robin@lab.example"), "both are gone")
    refused(s.command(s.alice, "#reply\nIn clear?\n#end\n", fw), "#reply", "no key")
    expect(not s.fresh(s.robin) and not s.fresh(other), "nothing went out in clear")
    s.deliver(s.alice.signed(s.ADDRESS, "Re: [%s] x" % ONE, "#key drop %s\n" % s.bob.fpr))
    s.once()
    expect("FAILED" in s.one(s.alice).text, "keys are changed by encrypted mail only")


# ---- notices ----
@live
def incomplete_notice(s):
    """Missing facts are named, and nothing is sent; clearance and unknown names are checked."""
    fw, = opened(s)
    r = refused(s.command(s.alice, "#notify fda cisa\n", fw), "#notify fda cisa", "product", "versions", "description", "Nothing was sent")
    expect(not s.fresh(s.fda) and not s.fresh(s.cisa) and "waiting for release: 0" in s.ctl("status"), "nothing waits", r.text)
    refused(s.command(s.alice, "#product Pump\n#description\nIt leaks.\n#end\n#notify fda\n", fw), "#notify fda", "versions")
    expect(not field(s, "product"), "and the facts beside it are not set either")
    refused(s.command(s.alice, "#notify fsa\n", fw), "#notify fsa", "did you mean fda")
    refused(s.command(s.alice, "#notify\n", fw), "#notify", "the name is missing")
    refused(s.command(s.alice, "#product Pump 1.0\n#description\nIt leaks.\n#end\n#tlp RED\n#notify fda\n", fw), "#notify fda", "TLP:RED", "at most")
    ok(s.command(s.alice, "#product Pump 1.0\n#description\nIt leaks.\n#end\n#notify fda notices/cisa\n", fw))
    expect("waiting for release: 1" in s.ctl("status"), "complete, and from the template that was named")


# ---- embargoctl ----
def operators(s):
    """list, show, outbox, quarantine, key, retry, backup: what an operator does and sees."""
    fw, = opened(s)
    one = s.ctl_json("show", ONE)
    expect(one.pop("notices") == [] and s.ctl_json("list") == [one] and one["title"] == "Pump takes any firmware", "list and show agree", one)
    sent = s.ctl_json("outbox", "all")
    expect(sorted(x["kind"] for x in sent) == ["acknowledgement", "forward", "forward"] and {x["state"] for x in sent} == {"sent"}, "outbox", sent)
    expect(s.ctl_json("outbox") == [] and "Nothing waits." in s.ctl("outbox"), "nothing waits")
    expect(s.robin.fpr in s.ctl("key", "list").replace(" ", "") and "running" in s.ctl("key", "show", "own", code=1), "keys")
    expect("usage" in s.ctl("key", "frob", code=64) and "usage" in s.ctl("retry", code=64) and "usage" in s.ctl("show", code=64), "usage")
    expect("no case" in s.ctl("show", "EMB-2026-0077", code=1).lower(), "no such case")
    # an outbox that cannot be written: the mail waits, retry sends it
    os.rename(s.outbox, s.outbox + ".away")
    with open(s.outbox, "w"):
        pass
    s.deliver(s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#reply\nSoon.\n#end\n\n" + fw.quoted(), reply_to=fw))
    s.once(code=75)
    waiting = s.ctl_json("outbox")
    expect(sorted(x["kind"] for x in waiting) == ["receipt", "reply"] and all(x["error"] for x in waiting), "they wait, with the reason", waiting)
    os.unlink(s.outbox)
    os.rename(s.outbox + ".away", s.outbox)
    expect("will be tried" in s.ctl("retry", str(waiting[0]["id"])) and "will be tried" in s.ctl("retry", "all"), "retry")
    s.once()
    expect("Soon." in s.one(s.robin).text and s.ctl_json("outbox") == [], "sent")
    s.fresh(s.alice)
    # quarantine
    bad = s.robin.encrypted(s.ADDRESS, "x", "a", recipients=[s.robin.fpr])
    s.deliver(bad), s.deliver(bad.replace(b"Message-ID: <", b"Message-ID: <2.").replace(b"Subject: ...", b"Subject: ...."))
    s.once()
    listed = s.ctl_json("quarantine", "list")
    expect(len(listed) == 2 and all("another key" in x["reason"] for x in listed), "two that are not for us", listed)
    a, b = (str(x["id"]) for x in listed)
    shown = s.ctl("quarantine", "show", a)
    expect("reason:" in shown and "BEGIN PGP MESSAGE" in shown, "shown as it came", shown)
    expect("is discarded" in s.ctl("quarantine", "discard", b) and "not in quarantine" in s.ctl("quarantine", "discard", b, code=1), "discarded, once")
    expect("once more" in s.ctl("quarantine", "release", a), "released")
    s.once()
    expect([str(x["id"]) for x in s.ctl_json("quarantine", "list")] == [a], "and back, since nothing has changed")


def restored(s):
    """embargoctl backup; the site burns down; the copies and the master key bring it back, and the case goes on."""
    fw, = opened(s)
    ok(s.command(s.alice, "#take\n#validate\n#note\nBefore the fire.\n#end\n", fw))
    store, wrapped = os.path.join(s.root, "copy.db"), os.path.join(s.root, "copy.keys")
    expect("usage" in s.ctl("backup", "copy.db", "copy.keys", code=64), "paths are absolute")
    said = s.ctl("backup", store, wrapped)
    expect("master" in said and os.stat(store).st_mode & 0o777 == 0o600 and os.stat(wrapped).st_mode & 0o777 == 0o600, "private files", said)
    expect("exists already" in ctl_fails(s, "backup", store, wrapped), "a copy is not overwritten")
    for path, _, names in os.walk(s.root):
        for n in names:
            if n.startswith("copy."):
                with open(os.path.join(path, n), "rb") as f:
                    data = f.read()
                expect(SECRET.encode() not in data and b"Before the fire" not in data and b"robin@lab" not in data, "a copy holds text in clear: " + n)
    ok(s.command(s.alice, "#tag lost\n", fw))
    expect("exists already" in ctl_fails(s, "restore", store, wrapped), "a store that is there is not overwritten")
    for name in os.listdir(s.dir):
        if name.startswith("embargod.db"):
            os.unlink(os.path.join(s.dir, name))
    expect("no keys" in ctl_fails(s, "restore", store, store), "the wrong file for the keys is noticed")
    expect("no store" in ctl_fails(s, "restore", wrapped, wrapped), "and for the store")
    s.ctl("restore", store, wrapped)
    expect("sound" in s.ctl("check"), "the store is sound")
    expect(s.show()["report"] == "Valid" and "Before the fire." in s.ctl("show", ONE) and not field(s, "tag"), "as it was then", s.show())
    s.deliver(s.robin.encrypted(s.ADDRESS, "Re: [%s] x" % ONE, "After the fire.\n"))
    s.once()
    expect(ONE in s.one(s.alice).subject, "the case goes on")
    ok(s.command(s.alice, "#reply\nStill here.\n#end\n", fw))
    expect(s.one(s.robin).encrypted, "and the reporter is answered under their key")


STORIES = [reading, by_telephone, spam, two_cases_in_one_mail, team, facts, states, preview_and_release, two_persons, keys, incomplete_notice, operators,
           restored]
SETUP = {two_persons: {"extra": "gate_reply = 2\ngate_notify = 2\npending_expires_h = 2"}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
