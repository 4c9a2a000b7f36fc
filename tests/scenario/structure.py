#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: cases that are merged, duplicates, linked, split; letters that came to the wrong case. What each mailbox holds after."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from commands import ONE, TWO, field, live, members, ok, refused, token_of  # noqa: E402
from gateway import BUILD, expect  # noqa: E402
from story import SECRET, instant, main  # noqa: E402

THREE = "EMB-2026-0003"


def reported(s, subject="Monitor lets anybody in", name="Sam Second", address="sam@lab2.example", **k):
    """A second reporter, with a case of their own; gives the person and what they were answered."""
    sam = s.person(name, address)
    sam.learn(s.key)
    s.deliver(sam.encrypted(s.ADDRESS, subject, "Sam found " + SECRET + "\n", [("key.asc", sam.public())], **k))
    s.once()
    return sam, s.one(sam, "Sam's acknowledgement")


def two(s):
    """Robin's case and Sam's: (sam, robin's acknowledgement, sam's, alice's forwards of both)."""
    s.deliver(s.report())
    s.once()
    first = s.one(s.robin, "Robin's acknowledgement")
    sam, second = reported(s)
    s.fresh(s.bob)
    return sam, first, second, sorted(s.fresh(s.alice), key=lambda m: m.subject)


def parties(s, case=ONE):
    return sorted((p["role"], p["address"]) for p in s.show(case)["parties"])


def cases(s):
    return sorted(c["id"] for c in s.ctl_json("list", "all"))


def letters(s, case):
    """Numbers of the letters that came in, in order."""
    return re.findall(r"^---- (?:Report|Follow-up) .*, letter (\d+),", s.ctl("show", case), re.M)


def writes(s, who, about, text, subject=None, **k):
    s.deliver(who.encrypted(s.ADDRESS, subject or "Re: " + about.subject, text, reply_to=about, **k))
    s.once()


# ---- merge ----
@live
def merged(s):
    """Two reports of one thing: both reporters go on in their own threads, replies go to each of them, the old id leads on."""
    sam, first, second, (fw1, fw2) = two(s)
    ok(s.command(s.bob, "#take\n#validate\n#accept\n#fix-ready\n", fw2))
    ok(s.command(s.alice, "#watch\n", fw1))
    s.fresh(s.alice)
    earlier = s.show(ONE)["embargo_until"] < s.show(TWO)["embargo_until"]
    r = ok(s.command(s.alice, "#merge %s\n" % TWO.lower(), fw1), "#merge")
    for words in ("takes in " + TWO, "report: Accepted", "robin@lab.example, sam@lab2.example, each in a thread", "their own title", "no way back"):
        expect(words in re.sub(r"\s+", " ", r.text), "the receipt says: " + words, r.text)
    told = s.one(s.bob, "the news for who worked on the other one")
    expect(ONE in told.subject and "takes in " + TWO in re.sub(r"\s+", " ", told.text), "of the case that goes on", told.subject, told.text)
    news = s.fresh(sam)
    expect(not s.fresh(s.robin) and len(news) == earlier, "outside only those hear of it for whom the embargo ends sooner now", *[m.text for m in news])
    c = s.show(TWO)
    expect(c["id"] == ONE and c["report"] == "Accepted" and c["facts"] == "VFdpxa", "embargoctl show of the old id shows the other", c)
    expect(parties(s) == [("reporter", "robin@lab.example"), ("reporter", "sam@lab2.example")], "two parties", parties(s))
    expect(members(s) == [("alice", "watcher"), ("bob", "assignee")], "the people of both", members(s))
    shown = s.ctl("show", TWO)
    for words in ("Sam found " + SECRET, "title of EMB-2026-0002 was: Monitor lets anybody in", "bob: assigned to bob", "merged into " + ONE,
                  "merged into this one", "took in " + TWO):
        expect(words in shown, "both histories, both letters: " + words, shown)
    # They write to their old threads.
    writes(s, sam, second, "It is %s as well: okapi.\n" % TWO)
    got = s.one(s.alice, "Sam's letter")
    expect(ONE in got.subject and "okapi" in got.text and "sam@lab2.example" in got.text and cases(s) == [ONE, TWO], "Sam's thread goes on", got.subject)
    writes(s, s.robin, first, "And I say: wombat.\n")
    got = s.one(s.alice, "Robin's letter")
    expect(ONE in got.subject and "wombat" in got.text, "so does Robin's", got.subject)
    s.fresh(s.bob)
    expect(not s.fresh(sam) and not s.fresh(s.robin), "neither hears of the other")
    # A reply goes to each, in their own thread.
    r = ok(s.command(s.alice, "#case %s\n#reply\nThank you both, separately.\n#end\n" % TWO), "#case", "#reply")
    expect("was merged into it" in r.text, "the old id answers", r.text)
    for who, other, thread in ((s.robin, "sam@lab2", first), (sam, "robin@lab", second)):
        m = s.one(who, "the reply")
        expect(m.encrypted and m.signer == s.fpr and "separately" in m.text and other not in m.text + m.raw.decode(), "one each", m.text)
        expect(thread["Message-ID"] in m["References"] and ONE in m.subject, "in their own thread", m["References"])
    s.fresh(s.bob)
    r = ok(s.command(s.bob, "#reply SAM@lab2.example\nOnly to Sam.\n#end\n", fw1))
    expect("Only to Sam." in s.one(sam).text and not s.fresh(s.robin), "one of them", r.text)
    s.fresh(s.alice)
    # Whom the publication thanks is who else reported it: no reply tells.
    writes(s, sam, second, "#credit Sam Zebra\n")
    s.fresh(sam)
    ok(s.command(s.alice, "#credit Okapi Labs\n#reply thanks\n#end\n", fw1))
    for who, says in ((s.robin, False), (sam, True)):
        m = s.one(who, "thanks")
        expect(("Sam Zebra" in m.text) == says and "Okapi" not in m.text, "each reads what they asked for themselves", m.text)
    s.fresh(s.bob)
    refused(s.command(s.alice, "#merge %s\n" % TWO, fw1), "#merge " + TWO, "was merged into %s already" % ONE)
    refused(s.command(s.alice, "#merge %s\n" % ONE, fw1), "#merge " + ONE, "the case that this line is about")
    # Alice answers the forward of the case that is no more.
    ok(s.command(s.alice, "#tag both\n", fw2), "#tag")
    expect(field(s, "tag") == ["both"] and field(s, "tag", TWO) == ["both"], "the quoted Ref line and subject lead on")
    # Whoever is no participant enters by no id, old or new.
    eve = s.person("Eve", "eve@evil.example")
    eve.learn(s.key)
    s.fresh(s.bob)
    s.deliver(eve.encrypted(s.ADDRESS, "Re: [%s] what is the state?" % TWO, "Tell me.\n", sign=False))
    s.once()
    got = s.one(s.alice, "Eve's letter")
    expect(THREE in got.subject and "Mentions:    " + ONE in got.text, "a new case, which mentions the other", got.text)
    expect(field(s, "link", THREE) == [ONE], "shown in it", s.show(THREE))
    expect(all(THREE in m.subject and SECRET not in m.text for m in s.fresh(eve)), "Eve learns nothing")
    expect("mentions" in s.ctl("show", THREE) and THREE not in s.ctl("show", ONE) and "sound" in s.ctl("check"), "a sound store")


@live
def merged_embargo(s):
    """The earliest agreed date wins, whichever case it is of; what runs in one of them runs on; several steps in one mail."""
    sam, first, second, (fw1, fw2) = two(s)
    ok(s.command(s.alice, "#embargo propose +20d\n#embargo reject\n#due triage 2099-02-01\n#remind 2099-01-01 Look at it\n#reply\nHello.\n#end\n", fw2))
    soon = s.show(TWO)["embargo_until"]
    expect(soon < s.show(ONE)["embargo_until"], "Sam's case has the earlier date", soon)
    got = s.fresh(sam)
    expect(len(got) == 3 and any("Hello." in m.text for m in got), "Sam is answered, and told of the embargo", *[m.subject for m in got])
    before, agreed = s.ctl_json("due", ONE), s.show(ONE)["embargo_until"]
    r = ok(s.command(s.alice, "#merge %s\n#tag merged\n#case %s\n#take\n" % (TWO, TWO), fw1), "#merge", "#tag", "#take")
    c = s.show()
    expect(c["embargo"] == "Active" and c["embargo_until"] == soon, "it holds now", c)
    m = s.one(s.robin, "the news")
    expect("earliest" in m.text and instant(soon) in m.text and instant(agreed) in m.text and "sam" not in m.text.lower() and m.encrypted, "Robin's date is another", m.text)
    expect(not s.fresh(sam), "Sam's is not")
    r = ok(s.command(s.alice, "#due\n", fw2), "#due")
    expect("Look at it" in r.text and ONE in r.subject, "the reminder is not lost", r.text)
    due = {d["name"]: d for d in s.ctl_json("due", TWO)}
    was = {d["name"]: d for d in before}
    expect(due["first-answer"]["case"] == ONE and due["first-answer"]["state"] == "running"
           and due["first-answer"]["due"] == was["first-answer"]["due"], "Robin still waits for an answer, until the same day", due["first-answer"])
    # an embargo that has ended in one has ended in both
    reported(s, "A third", "Tom", "tom@lab3.example")
    ok(s.command(s.alice, "#case %s\n#embargo terminate it leaked\n#case %s\n#merge %s\n" % (THREE, ONE, THREE)))
    expect(s.show()["embargo"] == "Exited", "over is over", s.show())
    for who in (s.robin, sam):
        m = s.one(who, "the end")
        expect("has ended before its date" in m.text and instant(soon) in m.text, "who kept it is told", m.text)
    expect("ended: it leaked" in s.ctl("show", ONE), "and the history says why")
    refused(s.command(s.alice, "#case %s\n#validate\n#accept\n#close done\n#merge EMB-2026-0099\n" % ONE), "#merge EMB-2026-0099", "there is no case")


@live
def one_person_twice(s):
    """Robin reported both: two threads, one reply; each thread and each token leads to its own party."""
    s.deliver(s.report(subject="First"))
    s.deliver(s.report(subject="Second"))
    s.once()
    s.fresh(s.robin), s.fresh(s.bob)
    fws = sorted(s.fresh(s.alice), key=lambda m: m.subject)
    ok(s.command(s.alice, "#reply\nAbout the first.\n#end\n", fws[0]))
    one = s.one(s.robin)
    ok(s.command(s.alice, "#reply\nAbout the second.\n#end\n", fws[1]))
    second = s.one(s.robin)
    ok(s.command(s.alice, "#merge %s\n" % TWO, fws[0]))
    s.fresh(s.robin)
    for about, word in ((second, "numbat"), (one, "quokka")):
        writes(s, s.robin, about, word + "\n")
        m = s.one(s.alice, word)
        expect(ONE in m.subject and word in m.text and cases(s) == [ONE, TWO], "it threads", m.subject)
    s.fresh(s.bob)
    ok(s.command(s.alice, "#reply\nOnce.\n#end\n", fws[0]))
    expect("Once." in s.one(s.robin, "one reply, not two").text, "to the one person")
    # from another address, with the key: the thread tells who it is
    home, s.robin.address = s.robin.address, "robin@home.example"
    writes(s, s.robin, second, "from elsewhere: bilby\n", attachments=[("robin.asc", s.robin.public())])
    s.robin.address = home
    expect("bilby" in s.one(s.alice).text and cases(s) == [ONE, TWO], "the known key in that very thread")


@live
def waiting_release_of_a_merged_case(s):
    """What waits for a release when its case is merged goes out when it is approved, to whom it was written, from the case that goes on."""
    sam, first, second, (fw1, fw2) = two(s)
    r = ok(s.command(s.alice, "#reply\nTo Sam, when released.\n#end\n", fw2))
    token = token_of(r)
    ok(s.command(s.alice, "#merge %s\n" % TWO, fw1))
    s.fresh(sam)
    expect(token in s.ctl("show", ONE), "it is shown with the case that goes on")
    ok(s.command(s.alice, "#approve %s\n" % token, fw1))
    m = s.one(sam, "the reply")
    expect(m.encrypted and "when released" in m.text and not s.fresh(s.robin), "to Sam alone", m.text)
    writes(s, sam, m, "Thanks: dingo.\n")
    expect("dingo" in s.one(s.alice).text and cases(s) == [ONE, TWO], "and the answer threads")


def crash_while_merging(s):
    """Killed before and around the commit: the merge has not happened or is whole, and after the next start it is there once."""
    with open(os.path.join(BUILD, "config.h")) as f:
        if "define EMBARGOD_FAILPOINTS 1" not in f.read():
            print("built without --enable-failpoints: nothing to hit")
            return
    two(s)
    s.deliver(s.alice.encrypted(s.ADDRESS, "x", "#case %s\n#merge %s\n" % (ONE, TWO)))
    for point in ("gate.write", "store.commit.before:3", "store.commit.after:3"):
        done = s.once(code=None, env={"EMBARGOD_FAILPOINT": point}) == 0
        whole = s.show(TWO)["id"] == ONE
        expect(point != "gate.write" or (not done and not whole), "killed before anything was written")
        expect(len(parties(s)) == (2 if whole else 1) and "sound" in s.ctl("check"), "whole or not at all after " + point, parties(s))
    s.once()
    receipts = [m for m in s.fresh(s.alice) if "takes in" in re.sub(r"\s+", " ", m.text)]
    expect(len(receipts) == 1, "one receipt", *[m.subject for m in receipts])
    expect(s.show(TWO)["id"] == ONE and len(parties(s)) == 2, "it is merged")
    expect(s.ctl("show", ONE).count("took in " + TWO) == 1 and "sound" in s.ctl("check"), "once", s.ctl("show", ONE))


# ---- duplicate, link ----
@live
def duplicate(s):
    """The report is closed, its reporter becomes one of the other case; what they still write reaches its people."""
    sam, first, second, (fw1, fw2) = two(s)
    ok(s.command(s.bob, "#take\n", fw1))
    refused(s.command(s.alice, "#duplicate %s\n" % TWO, fw2), "#duplicate " + TWO, "the case that this line is about")
    r = ok(s.command(s.alice, "#duplicate %s\n#reply duplicate\n" % ONE, fw2), "#duplicate", "#reply duplicate")
    expect(s.show(TWO)["report"] == "Closed" and s.show(ONE)["report"] == "Received", "closed as a duplicate", r.text)
    expect(parties(s) == [("reporter", "robin@lab.example"), ("reporter", "sam@lab2.example")], "Sam reports that one too", parties(s))
    m = s.one(sam, "the news")
    expect("reported to us before" in m.text and ONE not in m.text and "robin" not in m.text.lower() and m.encrypted, "Sam is told no more", m.text)
    news = [m for m in s.fresh(s.bob) if ONE in m.subject]
    expect(len(news) == 1 and "duplicate of " + ONE in re.sub(r"\s+", " ", news[0].text), "the people of the other case hear of it")
    expect("link:        %s, duplicate of it" % ONE in s.ctl("show", TWO) and "link:        %s, its duplicate" % TWO in s.ctl("show", ONE), "both ways")
    writes(s, sam, m, "More on it: serval.\n")
    for p in (s.alice, s.bob):
        got = s.one(p, "Sam's letter")
        expect(TWO in got.subject and "serval" in got.text, "it reaches the people of both", got.subject)
    ok(s.command(s.bob, "#reply\nNews for both of you.\n#end\n", fw1))
    for who in (sam, s.robin):
        m = s.one(who, "the reply")
        expect(ONE in m.subject and "News for both" in m.text, "each in a mail of their own", m.text)
    writes(s, sam, second, "Fine: caracal.\n", subject="[%s] fine" % ONE)
    expect(ONE in s.one(s.alice).subject, "Sam may write about the other one now")


@live
def linked(s):
    """#link shows each in the other; -ID ends it; all or nothing over two cases."""
    sam, first, second, (fw1, fw2) = two(s)
    refused(s.command(s.alice, "#link %s\n#frobnicate\n" % TWO, fw1), "#frobnicate")
    expect(field(s, "link") == [] and field(s, "link", TWO) == [], "nothing was changed in either")
    ok(s.command(s.alice, "#link %s\n" % TWO, fw1))
    expect(field(s, "link") == [TWO] and field(s, "link", TWO) == [ONE], "both ways")
    r = ok(s.command(s.alice, "#case %s\n#link -%s\n#tag odd\n#case %s\n#tag even\n" % (TWO, ONE, ONE)))
    expect(field(s, "link") == [] and field(s, "link", TWO) == [] and field(s, "tag") == ["even"] and field(s, "tag", TWO) == ["odd"], "gone", r.text)
    refused(s.command(s.alice, "#link -%s\n" % TWO, fw1), "#link -" + TWO, "has no link")
    expect("linked to" in s.ctl("show", ONE) and "no longer linked" in s.ctl("show", TWO), "the histories tell")
    expect(not s.fresh(sam) and not s.fresh(s.robin), "nobody outside hears of links")


# ---- split, move ----
@live
def split(s):
    """A letter with a second vulnerability: a case of its own for it, with the same reporter, embargo and people; #new numbers stay whole."""
    s.deliver(s.report())
    s.once()
    ack, fw = s.one(s.robin), s.one(s.alice)
    s.fresh(s.bob)
    ok(s.command(s.alice, "#take\n#embargo propose +10d\n#embargo reject\n", fw))
    s.fresh(s.robin)
    writes(s, s.robin, ack, "By the way, the monitor shows passwords: gecko.\n")
    s.fresh(s.alice), s.fresh(s.bob)
    number = letters(s, ONE)[1]
    refused(s.command(s.alice, "#split 4711 Monitor\n", fw), "#split 4711 Monitor", "no letter 4711")
    refused(s.command(s.alice, "#new Nothing\n#end\n#frobnicate\n"), "#frobnicate")
    r = ok(s.command(s.alice, "#split %s Monitor shows passwords\n#validate\n#reply\nThat one is new to us.\n#end\n" % number, fw))
    expect("opened " + TWO in r.text and cases(s) == [ONE, TWO], "the refused mails used up no number", r.text)
    c, was = s.show(TWO), s.show(ONE)
    expect(c["title"] == "Monitor shows passwords" and c["report"] == "Valid" and was["report"] == "Received", "what follows is about the new one", c)
    expect(c["embargo_until"] == was["embargo_until"] and members(s, TWO) == [("alice", "assignee")], "embargo and people are the same", c)
    expect(field(s, "link") == [TWO] and field(s, "link", TWO) == [ONE], "both show each other")
    expect("gecko" in s.ctl("show", TWO) and "gecko" in s.ctl("show", ONE), "the letter is in both")
    m = s.one(s.robin, "the reply")
    expect(TWO in m.subject and "new to us" in m.text, "a thread of its own", m.subject)
    writes(s, s.robin, m, "To the second: skink.\n")
    expect(TWO in s.one(s.alice).subject and "skink" in s.ctl("show", TWO) and "skink" not in s.ctl("show", ONE), "it goes on there")
    writes(s, s.robin, ack, "To the first: agama.\n")
    expect(ONE in s.one(s.alice).subject and "agama" not in s.ctl("show", TWO), "and the old one here")


@live
def moved(s):
    """A letter in the wrong thread, and one that opened a case of its own: each goes where it belongs, and so does what follows it."""
    sam, first, second, (fw1, fw2) = two(s)
    ok(s.command(s.alice, "#duplicate %s\n#reopen no, it is not\n" % ONE, fw2))
    s.fresh(s.bob)
    writes(s, sam, second, "This is about the pump: tapir.\n", message_id="<tapir@lab2.example>")
    tapir = s.one(s.alice)
    s.fresh(s.bob)
    number = letters(s, TWO)[1]
    refused(s.command(s.bob, "#move %s %s\n" % (number, TWO), fw1), "#move %s %s" % (number, TWO), "has no letter " + number)
    r = ok(s.command(s.bob, "#move %s %s\n" % (number, ONE), tapir), "#move")
    expect("all that was written" not in r.text, "Sam has more letters in the first", r.text)
    expect("tapir" in s.ctl("show", ONE) and "tapir" not in s.ctl("show", TWO), "it belongs there now")
    for case in (ONE, TWO):
        expect("letter %s of sam@lab2.example" % number in s.ctl("show", case), "told in both", s.ctl("show", case))
    s.fresh(s.alice)
    # Sam answers his own letter: it threads where that is now.
    s.deliver(sam.encrypted(s.ADDRESS, "one more word", "And a peccary.\n", reply_to={"Message-ID": "<tapir@lab2.example>", "References": ""}))
    s.once()
    got = s.one(s.alice, "Sam's letter about his letter")
    expect(ONE in got.subject and "peccary" in got.text and "peccary" not in s.ctl("show", TWO), "its Message-ID leads to the new case", got.subject)
    # Tom writes without a reference, from nowhere: his letter opens a case, and was meant for the first.
    tom, answered = reported(s, "Pump again", "Tom", "tom@lab3.example")
    s.fresh(s.bob)
    fw3 = s.one(s.alice)
    r = ok(s.command(s.alice, "#move %s %s\n#invalidate moved\n#close moved\n" % (letters(s, THREE)[0], ONE), fw3))
    expect("no reporter left" in r.text and "all that was written" in r.text, "Tom goes along", r.text)
    expect(("reporter", "tom@lab3.example") in parties(s) and parties(s, THREE) == [] and letters(s, THREE) == [], "with his letter", parties(s))
    writes(s, tom, answered, "Here is more: coati.\n")
    got = s.one(s.alice, "Tom's next letter")
    expect(ONE in got.subject and "coati" in got.text and cases(s) == [ONE, TWO, THREE], "his thread leads there", got.subject)
    expect("sound" in s.ctl("check"), "a sound store")


STORIES = [merged, merged_embargo, one_person_twice, waiting_release_of_a_merged_case, crash_while_merging, duplicate, linked, split, moved]
SETUP = {waiting_release_of_a_merged_case: {"extra": "gate_reply = 1"}, merged_embargo: {"extra": 'profile = {"generic"}\n'}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
