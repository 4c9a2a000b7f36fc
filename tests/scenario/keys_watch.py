#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of keys that end: the nightly look, a reporter who goes over to a new key, a revocation certificate. Time is moved."""
import base64
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from commands import ok, settle  # noqa: E402
from gateway import expect  # noqa: E402
from story import Story, main, wait  # noqa: E402

DAY = 86400
CASE = "EMB-2026-0001"


class Ends(Story):
    """Bob's key is good for 40 days, Robin's for 50."""

    def person(self, name, address, **k):
        k.update({"Bob Analyst": {"expire": "40d"}, "Robin Reporter": {"expire": "50d"}, "CISA": {"expire": "5d"}}.get(name, {}))
        return super().person(name, address, **k)


def at(s, days):
    s.once(code=None, env={"EMBARGOD_FAKE_TIME": "+%d" % int(days * DAY)})


def told(s, who):
    """What the nightly mail says of whom: {owner: problem}; None: no mail."""
    got = [m for m in s.fresh(who) if m.subject.startswith("Keys: ")]
    expect(len(got) < 2, "one mail at most", *[m.subject for m in got])
    if not got:
        return None
    expect(got[0].encrypted and got[0].signer == s.fpr and got[0].outer["Subject"] == "...", "sealed", got[0].outer["Subject"])
    lines = dict(re.findall(r"^(\S.*?): (expire[sd] .*|revoked.*)$", got[0].text, re.M))
    expect(got[0].subject == "Keys: %d need attention" % len(lines), "as many as it says", got[0].subject, got[0].text)
    return lines


def nightly(s):
    """Each key is told once at each step towards its end, to those on duty; over restarts, passed-over steps and a clock set back; the digest
    lists all; a renewed key is quiet."""
    s.deliver(s.report())
    s.once()
    first = told(s, s.alice)
    expect(set(first) == {"bob", "cisa"}, "those that end within 60 days, and no other", first)
    expect("in 39 days" in first["bob"] and "in 4 days" in first["cisa"], "when", first)
    expect(told(s, s.bob) == first, "to both")
    s.once()
    expect(told(s, s.alice) is None, "once a day")
    at(s, 2)
    got = told(s, s.alice)
    expect(set(got) == {"robin@lab.example (%s)" % CASE}, "the reporter of a case that is open by then, and nothing twice", got)
    at(s, 4.2)
    got = told(s, s.alice)
    expect(set(got) == {"cisa"} and "in 0 days" in got["cisa"], "the last day", got)
    at(s, 21)
    got = told(s, s.alice)
    expect(set(got) == {"cisa", "bob", "robin@lab.example (%s)" % CASE} and got["cisa"].startswith("expired"), "expired; 30 days of two", got)
    at(s, 20.5)
    expect(told(s, s.alice) is None, "nothing after the clock was set back")
    at(s, 39.5)
    got = told(s, s.alice)
    expect(set(got) == {"bob", "robin@lab.example (%s)" % CASE}, "steps passed over are told as one", got)
    at(s, 41)
    got = told(s, s.alice)
    expect(set(got) == {"bob"} and got["bob"].startswith("expired"), "and the end", got)
    digest = [m for m in s.fresh(s.alice) if m.subject.startswith("Digest")]
    at(s, 42.9)
    digest += [m for m in s.fresh(s.alice) if m.subject.startswith("Digest")]
    expect(digest and "cisa: expired" in digest[-1].text and "bob: expired" in digest[-1].text and "robin@lab.example (%s): expires" % CASE in digest[-1].text,
           "the digest has them all", *[m.text for m in digest])
    s.bob.gpg("--quick-set-expire", s.bob.fpr, "80d")
    with open(os.path.join(s.dir, "keys", "bob.pgp"), "wb") as f:
        f.write(s.bob.gpg("--armor", "--export", s.bob.fpr))
    at(s, 44)
    got = told(s, s.alice)
    expect(got["bob"].startswith("expires") and len(got) == 2, "renewed: it begins anew with 60 days", got)
    s.command(s.alice, "#case %s\n#invalidate none\n#close none\n" % CASE)
    at(s, 51)
    got = told(s, s.alice)
    expect(not got or not [x for x in got if "robin" in x], "of a closed case nobody's key matters", got)


def held_while_the_clock_is_wrong(s):
    """After a jump of the clock nothing is looked at before the time is confirmed."""
    s.set_clock(0)
    s.once()
    told(s, s.alice)
    with s.daemon(s.clock()) as d:
        d.says("keys ready")
        wait(lambda: "not held" in s.ctl("clock"), "it runs")
        s.set_clock(4 * DAY + 20000)
        d.says("the clock has jumped")
        wait(lambda: any("has jumped" in m.subject for m in s.fresh(s.alice)), "told of the jump")
        expect("HELD" in s.ctl("clock"), "held")
        before = d.log().count("mail sent")
        s.deliver(s.robin.plain(s.ADDRESS, "x", "y\n"))
        wait(lambda: d.log().count("mail sent") > before, "it works on")
        expect(told(s, s.alice) is None, "but looks at no key")
        s.ctl("clock", "accept")
        got = []

        def look():
            got.extend(m for m in s.fresh(s.alice) if m.subject.startswith("Keys: "))
            return got
        wait(look, "now it does")
        expect("cisa: expires" in got[0].text, "and tells", got[0].text)


def autocrypt(who):
    key = re.sub(rb"\s", b"", base64.b64encode(who.gpg("--export", who.fpr))).decode()
    return ("Autocrypt", "addr=%s; keydata=%s" % (who.address, key))


def rollover(s):
    """A mail signed with the old key brings the new one: it takes effect, and is told. Signed by the new one alone, or outside the signature:
    an alarm, and nothing else."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.bob), s.fresh(s.robin)
    new, thief = s.person("Robin Anew", "robin@lab.example"), s.person("Mallory", "robin@lab.example")
    third, fourth = s.person("Robin Third", "robin@lab.example"), s.person("Robin Fourth", "robin@lab.example")
    for p in (new, thief, third, fourth):
        p.learn(s.key)

    def send(raw):
        s.deliver(raw)
        s.once()
        got = s.fresh(s.alice)
        return [m for m in got if "NOT used" in m.subject], [m for m in got if "NOT used" not in m.subject]

    alarm, rest = send(thief.encrypted(s.ADDRESS, "Re: " + fw.subject, "My new key.\n", [("new.asc", thief.public())], reply_to=fw))
    expect(len(alarm) == 1 and thief.fpr in alarm[0].text and "#key accept" in alarm[0].text and alarm[0].encrypted, "alarm", *[m.subject for m in alarm + rest])
    expect("NOT used" in rest[0].text, "the forward says so too", rest[0].text)
    raw = s.robin.signed(s.ADDRESS, "Re: " + fw.subject, "Signed by the old one.\n", reply_to=fw)
    boundary = b"=-add"
    head, body = raw.split(b"\r\nContent-Type: multipart/signed", 1)
    mixed = (head + b"\r\nContent-Type: multipart/mixed; boundary=\"=-add\"\r\n\r\n--" + boundary + b"\r\nContent-Type: multipart/signed" + body + b"--" + boundary +
             b"\r\nContent-Type: application/pgp-keys\r\n\r\n" + thief.public() + b"\r\n--" + boundary + b"--\r\n")
    send(mixed)
    send(s.robin.signed(s.ADDRESS, "Re: " + fw.subject, "Signed by the old one.\n", reply_to=fw, protect=False, headers=[autocrypt(thief)]))
    s.command(s.alice, "#reply\nTo the old key.\n#end\n", fw)
    expect("To the old key." in s.one(s.robin).text, "a key beside the signature changes nothing")
    expect("key.rollover" not in s.ctl("show", CASE), "nor does the history say so")
    alarm, rest = send(s.robin.encrypted(s.ADDRESS, "Re: " + fw.subject, "My new key, signed with the old one.\n", [("new.asc", new.public())], reply_to=fw))
    expect(not alarm and "goes over to a new key" in rest[0].text and new.fpr in rest[0].text.replace(" ", ""), "told", *[m.text for m in alarm + rest])
    s.command(s.alice, "#reply\nTo the new key.\n#end\n", fw)
    expect("To the new key." in s.one(new).text, "it takes effect")
    listed = s.ctl("key", "list", "robin@lab.example").replace(" ", "")
    expect("signedforwiththeoldkey" + s.robin.fpr in listed and "expires" in listed, "its origin", listed)
    expect("key.rollover" in s.ctl("show", CASE), "the history has it")
    send(s.robin.encrypted(s.ADDRESS, "Re: " + fw.subject, "Back.\n", [("old.asc", s.robin.public())], reply_to=fw))
    s.command(s.alice, "#reply\nStill the new one.\n#end\n", fw)
    expect("Still the new one." in s.one(new).text, "the old key brings nothing back")
    send(new.encrypted(s.ADDRESS, "Re: " + fw.subject, "Once more, by Autocrypt under the signature.\n", reply_to=fw, headers=[autocrypt(third)]))
    s.command(s.alice, "#reply\nTo the third.\n#end\n", fw)
    expect("To the third." in s.one(third).text, "protected Autocrypt counts")
    s.command(s.alice, "#key accept %s for robin@lab.example\n" % third.fpr, fw)
    send(third.encrypted(s.ADDRESS, "Re: " + fw.subject, "And once more.\n", [("new.asc", fourth.public())], reply_to=fw))
    s.command(s.alice, "#reply\nTo the fourth.\n#end\n", fw)
    expect("To the fourth." in s.one(fourth).text, "an accepted key may sign for the next one")
    r = s.command(s.alice, "#key show bob\n#key show reporter\n#key show own\n", fw)
    expect("pinned" in r.text and r.text.count("expires") >= 3, "tier and expiry are shown", r.text)


def revocation_certificate(s):
    """A revocation certificate alone, from whomever: nothing is encrypted to that key any more. One of another key does nothing."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.bob), s.fresh(s.robin)
    other = s.person("Other", "robin@lab.example")

    s.deliver(s.robin.plain(s.ADDRESS, "Re: " + fw.subject, "not mine\n", [("rev.asc", certificate(other).encode())], reply_to=fw))
    s.once()
    s.command(s.alice, "#reply\nStill good.\n#end\n", fw)
    expect("Still good." in s.one(s.robin).text, "another key's changes nothing")
    s.fresh(s.alice)
    s.deliver(s.robin.plain(s.ADDRESS, "Re: " + fw.subject, "My key was stolen.\n\n" + certificate(s.robin), reply_to=fw))
    s.once()
    got = s.fresh(s.alice)
    expect("It revokes the key" in got[0].text, "told", *[m.text for m in got])
    r = s.command(s.alice, "#reply\nTo the stolen key?\n#end\n", fw)
    expect("FAILED" in r.text and "revoked" in r.text and not s.fresh(s.robin), "nothing is encrypted to it", r.text)
    s.once(code=None, env={"EMBARGOD_FAKE_TIME": "+%d" % DAY})
    got = told(s, s.alice)
    expect(got == {"robin@lab.example (%s)" % CASE: "revoked"}, "the nightly look says so", got)


def certificate(person):
    """What gpg wrote when it made the key."""
    with open(os.path.join(person.home, "openpgp-revocs.d", person.fpr + ".rev")) as f:
        return f.read().replace(":-----BEGIN", "-----BEGIN").split("-----BEGIN", 1)[1].join(["-----BEGIN", ""])


def of_the_configuration(s):
    """The revocation of an analyst's or a stakeholder's key acts with the mail that brings it, from whomever, and after a restart, although its
    file is the old one: commands by it count for nothing, nothing is encrypted to it, the others are told."""
    s.deliver(s.report())
    s.once()
    fw, bobs = s.one(s.alice), s.one(s.bob)
    s.fresh(s.robin)
    with s.daemon() as d:
        once, s.once = s.once, lambda: settle(s)
        before = d.log().count("keys ready")
        # Bob's own mail, signed by the key that it revokes, commands nothing any more
        s.deliver(s.bob.encrypted(s.ADDRESS, "Re: " + bobs.subject, "#validate\n\n" + bobs.quoted(), [("rev.asc", certificate(s.bob).encode())], reply_to=bobs))
        s.once()
        expect(s.show()["report"] == "Received", "its commands are not carried out", s.show())
        alarms = [m for m in s.fresh(s.alice) if "was revoked" in m.subject]
        expect(len(alarms) == 1 and alarms[0].encrypted and alarms[0].signer == s.fpr and s.bob.fpr in alarms[0].text.replace(" ", ""), "Alice is told",
               *[m.text for m in alarms])
        expect(not [m for m in s.fresh(s.bob) if m.encrypted], "nothing is encrypted to it")
        d.says("keys ready", before + 1)
        s.deliver(s.bob.encrypted(s.ADDRESS, "Re: " + bobs.subject, "#validate\n\n" + bobs.quoted(), reply_to=bobs))
        s.once()
        expect(s.show()["report"] == "Received" and not [m for m in s.fresh(s.bob) if m.encrypted], "nor later ones")
        s.fresh(s.alice)
        # a stakeholder's, bare, passed on by an analyst
        ok(s.command(s.alice, "#description\nIt does.\n#end\n#product Pump 1.0\n", fw))
        s.deliver(s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#note\nTheir key was stolen.\n", [("rev.asc", certificate(s.cisa).encode())], reply_to=fw))
        s.once()
        expect(any("The key of cisa was revoked" in m.subject for m in s.fresh(s.alice)), "told")
        r = s.command(s.alice, "#notify cisa\n", fw)
        expect("FAILED" in r.text and "revoked it by mail" in " ".join(r.text.split()) and not s.fresh(s.cisa), "no notice to it", r.text)
        s.once = once
    # the files are what they were; the store knows better
    s.deliver(s.bob.encrypted(s.ADDRESS, "Re: " + bobs.subject, "#validate\n\n" + bobs.quoted() + "\nagain\n", reply_to=bobs))
    s.once()
    expect(s.show()["report"] == "Received", "after a restart too", s.show())
    r = s.command(s.alice, "#notify cisa\n", fw)
    expect("FAILED" in r.text and "revoked" in r.text, "neither", r.text)
    listed = s.ctl("key", "list")
    expect("revoked by its owner, letter" in listed, "its origin", listed)


def our_own(s):
    """Our own key's revocation, from whoever has the certificate: the alarm is the last that it signs; letters wait."""
    s.deliver(s.report())
    s.once()
    s.fresh(s.alice), s.fresh(s.bob), s.fresh(s.robin)
    with open(os.path.join(s.dir, "gnupg", "openpgp-revocs.d", s.fpr + ".rev")) as f:
        bare = f.read().replace(":-----BEGIN", "-----BEGIN").split("-----BEGIN", 1)[1].join(["-----BEGIN", ""])
    eve = s.person("Eve", "eve@evil.example")
    with s.daemon() as d:
        s.deliver(eve.plain(s.ADDRESS, "look", "what I found\n\n" + bare))
        d.says("our own key was revoked: nothing is signed by it")
        wait(lambda: any("key of this gateway was revoked" in m.subject for m in s.fresh(s.alice)), "Alice is told")
        expect(any("key of this gateway was revoked" in m.subject and "signing_key" in m.text for m in s.fresh(s.bob)), "and Bob")
        count = len(s._letters())
        s.deliver(s.robin.plain(s.ADDRESS, "another report", "y\n"))
        d.says("letter recorded", 2)
        expect("our own key was revoked" in s.ctl("status", code=None), "status says so", s.ctl("status", code=None))
    s.once(code=None)
    expect(len(s._letters()) == count, "nothing is signed, nothing goes out, after a restart too", len(s._letters()), count)
    expect("our own key was revoked" in s.log, "the log says why")


def gone_over_once(s):
    """An old mail by which somebody went over to another key does it no second time, when an analyst has accepted the old key again; in the
    other cases of the same person the new key counts at once."""
    s.deliver(s.report())
    s.deliver(s.report(subject="Monitor shows secrets"))
    s.once()
    fws = sorted(s.fresh(s.alice), key=lambda m: m.subject)
    acks = sorted(s.fresh(s.robin), key=lambda m: m.outer["Subject"])
    one, two = fws[0], fws[1]
    new = s.person("Robin Anew", "robin@lab.example")
    new.learn(s.key)
    raw = s.robin.encrypted(s.ADDRESS, "Re: " + one.subject, "My new key, signed with the old one.\n", [("new.asc", new.public())])
    s.deliver(raw)
    s.once()
    expect("goes over to a new key" in s.one(s.alice).text, "told")
    # in the other case, signed by the new one: theirs, at once
    s.deliver(new.encrypted(s.ADDRESS, "Re: [EMB-2026-0002] x", "#credit Robin A.\n"))
    s.once()
    m = s.one(s.alice)
    expect("CARRIED OUT  #credit Robin A." in m.text, "it counts in the other case too", m.text)
    p = s.show("EMB-2026-0002")["parties"][0]
    expect(p["key"] == new.fpr, "there it stands", p)
    s.fresh(new), s.fresh(s.bob)
    s.command(s.alice, "#key accept %s for robin@lab.example\n" % s.robin.fpr, one)
    s.command(s.alice, "#reply\nTo the old key, which is good after all.\n#end\n", one)
    expect("good after all" in s.one(s.robin).text, "the old key is in use again")
    s.fresh(s.alice)
    s.deliver(raw.replace(b"Message-ID: <", b"Message-ID: <again."))
    s.once()
    s.fresh(s.alice)
    s.command(s.alice, "#reply\nStill to the old key.\n#end\n", one)
    expect("Still to the old key." in s.one(s.robin).text, "the replay brings nothing")
    # nor does one that was signed long ago and never arrived
    third = s.person("Robin Third", "robin@lab.example")
    old = s.robin.encrypted(s.ADDRESS, "Re: " + one.subject, "My third key.\n", [("new.asc", third.public())])
    s.deliver(old)
    s.once(env={"EMBARGOD_FAKE_TIME": "+%d" % (6 * DAY)})
    s.fresh(s.alice)
    s.command(s.alice, "#reply\nThe old key, once more.\n#end\n", one)
    expect("once more" in s.one(s.robin).text, "what is too old waits for an analyst")


STORIES = [of_the_configuration, our_own, gone_over_once, nightly, held_while_the_clock_is_wrong, rollover, revocation_certificate]
NIGHT = "key_check_hour = 0\ndigest_hour = 0"
SETUP = {nightly: {"story": Ends, "extra": NIGHT}, held_while_the_clock_is_wrong: {"story": Ends, "extra": NIGHT},
         revocation_certificate: {"extra": NIGHT}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
