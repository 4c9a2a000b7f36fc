#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: who writes what, signed by whom, and what each mailbox must hold after. Real binaries, real gpg, maildirs."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import BUILD, expect  # noqa: E402
from story import POC, SECRET, main, wait  # noqa: E402

def whole_case(s):
    s.deliver(s.report())
    s.once()
    ack = s.one(s.robin, "acknowledgement")
    expect(ack.encrypted and ack.signer == s.fpr and SECRET not in ack.text, "acknowledgement: encrypted, signed by us, no text of the report")
    expect(ack.outer["Subject"].startswith("[EMB-") and "firmware" not in ack.outer["Subject"], "its outer subject is neutral", ack.outer["Subject"])
    expect(ack.outer["Auto-Submitted"] == "auto-replied", "RFC 3834")
    case = re.search(r"EMB-\d{4}-\d{4}", ack.outer["Subject"]).group(0)
    forwards = [s.one(p, "forward") for p in (s.alice, s.bob)]
    for f in forwards:
        expect(f.encrypted and f.signer == s.fpr and SECRET in f.text, "forward: encrypted, signed, with the report")
        expect(f.attachments["poc.bin"] == POC, "the attachment arrives byte-identical")
    r = s.command(s.alice, "#take\n#validate\n#accept\n#product \"Pump 9\" 1.0-2.3\n#description\nAny firmware is taken.\n#end\n"
                           "#reply\nThank you. We could reproduce it.\n", forwards[0])
    expect(r.text.count("ok      ") == 6 and "FAILED" not in r.text, "six commands done", r.text)
    reply = s.one(s.robin, "reply")
    expect(reply.encrypted and reply.signer == s.fpr and "We could reproduce it." in reply.text, "reply", reply.text)
    expect("write above" not in reply.text.split("\n", 2)[2], "nothing of the quotation goes out", reply.text)
    show = s.show(case)
    expect(show["report"] == "Accepted" and show["members"] == [{"analyst": "alice", "role": "assignee"}], "state", show)
    r = s.command(s.bob, "#notify fda cisa\n", forwards[1])
    token = re.search(r"#approve (\w+)", r.text)
    expect(token and not s.fresh(s.fda) and not s.fresh(s.cisa), "nothing leaves before its release", r.text)
    s.fresh(s.alice)
    s.command(s.bob, "#approve %s\n" % token.group(1), forwards[1])
    for p in (s.fda, s.cisa):
        m = s.one(p, "notice")
        expect(m.encrypted and m.signer == s.fpr and "Any firmware is taken." in m.text and "TLP:AMBER" in m.text, "notice", m.text)
    copies = s.fresh(s.alice)
    expect(any("Sent" in m.subject for m in copies), "the assignee gets copies of the notices", *[m.subject for m in copies])
    r = s.command(s.bob, "#approve %s\n" % token.group(1), forwards[1])
    expect("FAILED" in r.text and not s.fresh(s.fda), "a release works once", r.text)
    s.deliver(s.robin.encrypted(s.ADDRESS, "Re: x", "One more thing: zebra.\n", reply_to=reply))
    s.once()
    more = s.one(s.alice, "follow-up")
    expect(case in more.subject and "zebra" in more.text and not s.fresh(s.robin), "a follow-up threads, is forwarded, not acknowledged")
    expect(len(s.ctl_json("list", "all")) == 1, "still one case")
    expect("sound" in s.ctl("check"), "the store is sound")
    expect(len(s.box(".Processed")) == 6 and not s.box("."), "all letters are moved to Processed", len(s.box(".Processed")))


def outsider_guesses_case_id(s):
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.robin), s.fresh(s.bob)
    eve = s.person("Eve", "eve@evil.example")
    eve.learn(s.key)
    s.deliver(eve.encrypted(s.ADDRESS, "Re: [EMB-2026-0001] hello", "What is the state?\n\n" + fw.text, sign=False, reply_to=fw))
    s.once()
    got = s.one(s.alice, "forward of the outsider's letter")
    expect("EMB-2026-0002" in got.subject and "Mentions:    EMB-2026-0001" in got.text, "a new case that mentions the other", got.subject, got.text)
    for m in s.fresh(eve):
        expect("firmware" not in m.text and SECRET not in m.text, "the outsider learns nothing", m.text)


def commands_need_a_signature(s):
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.robin), s.fresh(s.bob)
    s.deliver(s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#invalidate forged\n\n" + fw.quoted(), sign=False, reply_to=fw))
    s.once()
    expect(s.show()["report"] == "Received", "an unsigned command changes nothing")
    notes = s.fresh(s.alice)
    expect(len(notes) == 2 and all(m.encrypted for m in notes), "alice is told, and the quarantine is announced", *[m.subject for m in notes])
    expect(len(s.ctl_json("quarantine", "list")) == 1 and len(s.box(".Quarantine")) == 1, "it is in quarantine")
    raw = s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#validate\n\n" + fw.quoted(), reply_to=fw)
    s.deliver(raw)
    s.once()
    expect(s.show()["report"] == "Valid", "a signed one works")
    s.fresh(s.alice)
    s.deliver(raw.replace(b"Message-ID: <", b"Message-ID: <again."))
    s.once()
    m = s.one(s.alice, "answer to the replay")
    expect("handled before" in m.text, "a replay in a new envelope is refused", m.text)
    r = s.command(s.alice, "#accept\n#frobnicate\n", fw)
    expect("FAILED  #frobnicate" in r.text and s.show()["report"] == "Valid", "one bad command and none is applied", r.text)
    r = s.command(s.alice, "#dry-run\n#accept\n", fw)
    expect("preview" in r.text.lower() and s.show()["report"] == "Valid", "a dry run changes nothing", r.text)
    r = s.command(s.alice, "Looks real to me.\n", fw)
    expect("NOT" in r.text and "Looks real" in s.ctl("show", "EMB-2026-0001") and not s.fresh(s.robin), "text alone is a note", r.text)
    r = s.command(s.bob, "#list\n")
    expect("EMB-2026-0001" in r.text, "#list needs no case", r.text)


def report_in_clear(s):
    s.deliver(s.robin.plain(s.ADDRESS, "Pump trouble", "It is %s.\n" % SECRET, [("poc.bin", POC)]))
    s.once()
    ack = s.one(s.robin)
    expect(not ack.encrypted and ack.signer == s.fpr and SECRET not in ack.raw.decode() and "trouble" not in ack.raw.decode(),
           "content-free acknowledgement in clear, signed", ack.text)
    fw = s.one(s.alice)
    expect("ARRIVED IN CLEAR; sender not authenticated" in fw.text.split("\n")[1], "the forward says so on top", fw.text[:300])
    expect(fw.encrypted and SECRET in fw.text and fw.attachments["poc.bin"] == POC and "original.eml" in fw.attachments, "and is encrypted")
    r = s.command(s.alice, "#reply\nThank you.\n", fw)
    expect("FAILED" in r.text and "clear" in r.text and not s.fresh(s.robin), "no reply in clear", r.text)
    s.deliver(s.robin.plain(s.ADDRESS, "Pump trouble again", "second\n"))
    s.once()
    expect(not s.fresh(s.robin), "one acknowledgement in 24 hours")
    told = s.one(s.alice).text
    expect("No acknowledgement was sent: this sender had an acknowledgement already." in told, "and the analysts read so", told)


def known_reporters_are_acknowledged(s):
    """By a key that we had of them, or by DMARC: an acknowledgement for each case. Without either, as seldom as before."""
    def opens(number, raw):
        s.deliver(raw)
        s.once()
        got, told = s.fresh(s.robin), s.one(s.alice).text
        expect("EMB-2026-%04d" % number in told, "a case of its own", told)
        return got, told

    got, told = opens(1, s.report())
    expect(len(got) == 1 and "EMB-2026-0001" in got[0].subject and "No acknowledgement" not in told, "the first", told)
    for line in ("#status or #embargo propose DATE", "#help"):
        expect(line in got[0].text, "says what they can ask for: " + line, got[0].text)
    for n in (2, 3):
        got, told = opens(n, s.robin.encrypted(s.ADDRESS, "Report %d" % n, "the pump, too\n"))
        expect(len(got) == 1 and "EMB-2026-%04d" % n in got[0].subject and "No acknowledgement" not in told, "one more for case %d" % n, told)
    eve = s.person("Eve", "eve@evil.example")
    eve.learn(s.key)
    forged = eve.encrypted(s.ADDRESS, "Report 5", "x\n", [("k.asc", eve.public())]).replace(b"Eve <eve@evil.example>", b"Robin <robin@lab.example>")
    for n, raw in ((4, s.robin.encrypted(s.ADDRESS, "Report 4", "x\n", sign=False)), (5, forged)):
        got, told = opens(n, raw)
        expect(not got and "No acknowledgement was sent: this sender had an acknowledgement already." in told, "not known: none, and it says so", told)


def results(server, what):
    return b"Authentication-Results: %s; spf=pass smtp.mailfrom=x.example; %s\r\n" % (server.encode(), what.encode())


def dmarc_vouches(s):
    """Only what our own mail server says of the sender's very domain, in the topmost field of its name, makes an acknowledgement a full one, and
    a key that came with the mail one that counts."""
    ours, pas = "mx.pumps.example", "dmarc=pass header.from=%s.example"
    rows = [("a", True, lambda d: results(ours, pas % d)),
            ("b", False, lambda d: b""),
            ("c", False, lambda d: results("mx.evil.example", pas % d)),
            ("d", False, lambda d: results(ours + ".evil.example", pas % d)),
            ("e", False, lambda d: results(ours, pas % "other")),
            ("f", False, lambda d: results(ours, "dmarc=fail header.from=%s.example" % d) + results(ours, pas % d)),
            ("g", True, lambda d: results("mx.evil.example", "dmarc=fail") + results(ours, pas % d) + results(ours, "dmarc=fail header.from=%s.example" % d)),
            ("h", False, lambda d: results(ours, "spf=pass (dmarc=pass header.from=%s.example)" % d)),
            ("i", True, lambda d: b"Authentication-Results: MX.PUMPS.example 1;\r\n\tdkim=fail;\r\n\tdmarc=pass (p=reject)\r\n\theader.from=%s.example\r\n" % d.encode())]
    people = {}
    for name, full, head in rows:
        p = people[name] = s.person("Nora " + name.upper(), "nora@%s.example" % name)
        p.learn(s.key)
        s.deliver(head(name) + p.plain(s.ADDRESS, "My title " + name, "Pump trouble.\n", [("key.asc", p.public())]))
    s.once()
    told = {m.subject.split("]")[0]: m.text for m in s.fresh(s.alice)}
    expect(len(told) == len(rows), "a case each", *told)
    acks = {}
    for name, full, _ in rows:
        m = acks[name] = s.one(people[name], "the acknowledgement of row " + name)
        expect(m.signer == s.fpr and "Pump trouble" not in m.text, "signed, without the report", m.text)
        expect(("We have received your report" in m.subject) == full and ("My title" in m.text) == full, "row %s: full: %s" % (name, full), m.subject, m.text)
        expect(m.encrypted or not full, "what is full is encrypted", m.subject)
    # a key that comes in a later mail counts from the next one on, where our server vouched for the mail that brought it
    late = []
    for name, counts, server in (("y", True, ours), ("z", False, "mx.evil.example")):
        p = s.person("Zoe " + name.upper(), "zoe@%s.example" % name)
        p.learn(s.key)
        s.deliver(p.plain(s.ADDRESS, "No key " + name, "Pump trouble.\n"))
        s.once()
        ack = s.one(p)
        s.deliver(results(server, pas % name) + p.plain(s.ADDRESS, "Re: " + ack.subject, "Here it is.\n", [("key.asc", p.public())], reply_to=ack))
        late.append((p, ack, name, counts))
    s.once()
    s.fresh(s.alice)
    for p, ack, name, counts in late:
        s.deliver(p.encrypted(s.ADDRESS, "Re: " + ack.subject, "#credit Zoe %s\n" % name.upper(), reply_to=ack))
    s.once()
    seen = " ".join(" ".join(m.text.split()) for m in s.fresh(s.alice))
    for p, ack, name, counts in late:
        word = "CARRIED OUT" if counts else "REQUEST"
        expect("%s #credit Zoe %s" % (word, name.upper()) in seen, "the key of %s: %s" % (name, word), seen)
    # one acknowledgement a day, unless the server vouches again
    for name, wanted in (("a", 1), ("c", 0)):
        p, head = people[name], dict((n, h) for n, _, h in rows)[name]
        s.fresh(p)
        s.deliver(head(name) + p.plain(s.ADDRESS, "A second one", "More trouble.\n"))
        s.once()
        expect(len(s.fresh(p)) == wanted, "row %s: another acknowledgement: %d" % (name, wanted))


def what_cannot_be_read(s):
    other = s.person("Other", "other@x.example")
    s.robin.learn(other.public())
    s.deliver(s.robin.encrypted(s.ADDRESS, "secret", SECRET, recipients=[other.fpr]))
    s.once()
    m = s.one(s.robin)
    expect(not m.encrypted and m.signer == s.fpr and "openpgp-key.asc" in m.attachments and s.fpr[-4:] in m.text, "told how to encrypt", m.text)
    expect("quarantine" in s.one(s.alice).subject and "quarantine" in s.one(s.bob).subject, "the analysts are told")
    good = s.report()
    s.deliver(good.replace(b"Message-ID: <", b"Message-ID: <t.")[:-400].replace(b"\r\n=", b"\r\nA=") + b"\r\n")
    s.deliver(b"From: x@y.example\r\nTo: " + s.ADDRESS.encode() + b'\r\nContent-Type: multipart/mixed; boundary="\\""\r\n\r\nx\r\n')
    deep = b"From: x@y.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 50000 + b"x\r\n"
    s.deliver(deep)
    s.deliver(b"From: loop@y.example\r\nAuto-Submitted: auto-replied\r\nSubject: away\r\n\r\nI am away.\r\n")
    s.deliver(s.report(subject="the good one"))
    s.once()
    q = s.ctl_json("quarantine", "list")
    expect(len(q) == 4, "damaged, crasher and depth bomb join the first", *[x["reason"] for x in q])
    cases = s.ctl_json("list", "all")
    expect(len(cases) == 1 and cases[0]["title"] == "the good one", "the good letter among them is handled", cases)
    n = str(q[0]["id"])
    s.ctl("quarantine", "discard", n)
    expect(len(s.ctl_json("quarantine", "list")) == 3, "discarded")


def dsn(to, about=b"", serial=1):
    """A delivery report about robin's mail; about: what of the letter it returns."""
    return ("From: mailer-daemon@lab.example\r\nTo: <%s>\r\nDelivered-To: %s\r\nSubject: failed\r\nReturn-Path: <>\r\nMessage-ID: <d%d@mx.example>\r\n"
            "Auto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nno such user\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            "Reporting-MTA: dns; lab.example\r\n\r\nFinal-Recipient: rfc822; robin@lab.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            "Diagnostic-Code: smtp; 550 no such user\r\n"
            "--b\r\nContent-Type: message/rfc822\r\n\r\n" % (to, to, serial)).encode() + about + b"\r\n--b--\r\n"


def duplicates_and_bounces(s):
    raw = s.report()
    s.deliver(raw), s.deliver(raw)
    s.once()
    expect(len(s.ctl_json("list", "all")) == 1, "the same letter twice is one case")
    ack = s.one(s.robin)
    expect("+" in ack.return_path, "an envelope sender of its own", ack.return_path)
    s.fresh(s.alice), s.fresh(s.bob)
    s.deliver(dsn(ack.return_path))
    s.once()
    m = s.one(s.alice, "bounce alarm")
    expect("5.1.1" in m.text and "robin@lab.example" in m.text, "the analysts are told", m.text)
    states = {x["kind"]: x["state"] for x in s.ctl_json("outbox", "all")}
    expect(states["acknowledgement"] == "bounced", "the letter is marked", states)
    expect(not s.fresh(s.robin) and len(s.ctl_json("list", "all")) == 1, "a bounce opens nothing and is not answered")


def bounces_without_their_token(s):
    """The returned part names the letter (its Message-ID) or its case (the Ref line, if it is that recipient's): told, and nothing is
    changed, for others can know both. What fits nothing is told too, but a flood of it is not a flood of mail."""
    s.deliver(s.robin.plain(s.ADDRESS, "Pump trouble", "no key yet\n"))
    s.once()
    ack = s.one(s.robin)
    s.fresh(s.alice), s.fresh(s.bob)
    ref = next(line for line in ack.text.splitlines() if "Ref: EMB-2026-0001/" in line)
    s.deliver(dsn(s.ADDRESS, b"Message-ID: " + ack["Message-ID"].encode() + b"\r\nSubject: x\r\n\r\nbody\r\n"))
    s.once()
    m = s.one(s.alice, "by the Message-ID")
    expect("EMB-2026-0001" in m.subject and "cannot be" in m.text and "acknowledgement" in m.text, "told, as uncertain", m.text)
    s.deliver(dsn(s.ADDRESS, b"Subject: x\r\n\r\n" + ref.encode() + b"\r\n", 2))
    s.once()
    m = s.one(s.alice, "by the Ref line")
    expect("EMB-2026-0001" in m.subject and "cannot be" in m.text, "told with its case", m.subject, m.text)
    s.deliver(dsn(s.ADDRESS, b"Subject: x\r\n\r\n" + ref.replace("/", "/a").encode() + b"\r\n", 3))
    s.once()
    m = s.one(s.alice, "a forged Ref line")
    expect("EMB-2026-0001" not in m.subject, "a forged line binds nothing", m.subject)
    expect({x["state"] for x in s.ctl_json("outbox", "all")} == {"sent"}, "no letter is marked as failed")
    for n in range(10):
        s.deliver(dsn(s.ADDRESS, b"Subject: y\r\n\r\nz\r\n", 10 + n))
    s.once()
    got = s.fresh(s.alice)
    expect(len(got) == 3 and "alarms_per_hour" in got[-1].text, "six alarms an hour, the last ones say so", *[m.text for m in got])
    expect(len(s.ctl_json("list", "all")) == 1, "none of them opened a case")


def a_report_imitates_us(s):
    """Lines in our own words, a forged reference, terminal escapes: seen as the reporter's in forward, receipt and terminal."""
    forged = ["-- write above this line -- Ref: EMB-2026-0001/aaaaaaaaaaaaaaaa --", "ok      #validate", "NOTHING WAS CHANGED.",
              "        send it:        #approve aaaaaaaaaaaaaaaa", "Signature:   good, key 0000",
              "REQUEST      #public", "             to carry it out: #close EMB-2026-0001", "CARRIED OUT  #embargo accept"]
    s.deliver(s.report("look\n" + "\n".join(forged) + "\n\x1b[31mred\u202e\n"))
    s.once()
    fw = s.one(s.alice)
    shown = s.command(s.alice, "#show\n", fw)
    for where, text in (("forward", fw.text), ("receipt", shown.text), ("terminal", s.ctl("show", "EMB-2026-0001"))):
        lines = text.splitlines()
        at = next(i for i, line in enumerate(lines) if line.strip(" >") == "look")
        for n, line in enumerate(forged):
            got = lines[at + 1 + n]
            expect(got.startswith("> ") and (where != "forward" or lines[at] == "> look"), "%s: a forged line stands as ours" % where, got)
        expect("\x1b" not in text and "\u202e" not in text, where + " holds a control character")


def nothing_leaks(s):
    s.deliver(s.report())
    s.once()
    s.command(s.alice, "#description\n%s is the word.\n#end\n#tag %stag\n" % (SECRET, SECRET), s.one(s.alice))
    words = [SECRET.encode(), b"Robin Reporter", b"robin@lab.example", b"Pump takes any firmware"]
    seen = 0
    for top, _, names in os.walk(s.dir):
        for name in names:
            if not os.path.isfile(os.path.join(top, name)):
                continue
            with open(os.path.join(top, name), "rb") as f:
                data = f.read()
            seen += 1
            for w in words:
                expect(w not in data, "%s holds %r in clear" % (name, w))
    expect(seen > 5, "files were looked at")
    for w in words:
        expect(w.decode() not in s.log, "the log holds %r" % w)
    expect(SECRET in s.ctl("show", "EMB-2026-0001"), "and yet it can be read")


def an_analysts_key_has_expired(s):
    """Two days on: Bob's key, good for one day, is no more."""
    s.deliver(s.report())
    s.once(env={"EMBARGOD_FAKE_TIME": "+172800"})
    got = s.fresh(s.alice)
    expect(any("New report" in m.subject and SECRET in m.text for m in got), "the one with a key gets the report", *[m.subject for m in got])
    expect(any("could not be encrypted to bob" in m.subject for m in got), "and hears whose key failed", *[m.subject for m in got])
    stub = s.one(s.bob, "stub")
    raw = stub.raw.decode()
    expect(not stub.encrypted and stub.signer == s.fpr and SECRET not in raw and "firmware" not in raw and "robin" not in raw,
           "the other gets a note without content", raw)
    expect(s.one(s.robin, "acknowledgement").encrypted, "the reporter is acknowledged all the same")


def assessed(s):
    """CVSS, SSVC and the clinical risk by mail: the receipt has the score, the history who and why, the notice the results."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.robin), s.fresh(s.bob)
    r = s.command(s.alice, "#cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A\n", fw)
    expect("FAILED" in r.text and "A" in r.text, "a broken vector is refused with its reason", r.text)
    vector3, vector4 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"
    r = s.command(s.alice, "#cvss %s\n#cvss %s\n#ssvc E:P/A:Y/T:T/M:H\n#clinical medium serious\nNeeds access to the ward's network.\n#end\n"
                  "#product \"Pump 9\" 1.0-2.3\n#description\nAny firmware is taken.\n#end\n" % (vector3, vector4), fw)
    expect("9.8 Critical" in r.text and "10.0 Critical" in r.text and "controlled (exploitability medium, harm serious)" in r.text, "scores", r.text)
    r = s.command(s.bob, "#clinical medium serious uncontrolled\nThe pumps are used at home.\n#end\n", fw)
    history = s.command(s.bob, "#history\n", fw).text
    expect("bob overrules the matrix: The pumps are used at home." in " ".join(history.split()), "who overruled, and why", history)
    r = s.command(s.bob, "#notify fda\n", fw)
    s.fresh(s.fda)
    s.command(s.bob, "#approve %s\n" % re.search(r"#approve (\w+)", r.text).group(1), fw)
    text = s.one(s.fda, "notice").text
    for word in ("9.8 Critical, " + vector3, "10.0 Critical, " + vector4, "uncontrolled (exploitability medium", "The pumps are used at home."):
        expect(word in text, "the notice lacks " + word, text)
    expect("Act" in s.ctl("show", "EMB-2026-0001"), "embargoctl show has the decision")


def large_report(s):
    """The attachment arrives whole; the letter itself goes along without it; a text of a book's length is cut, and attached whole."""
    big = os.urandom(1500000)
    s.deliver(s.robin.encrypted(s.ADDRESS, "Firmware image", "See the image.\n", [("image.bin", big), ("robin.asc", s.robin.public())]))
    s.once()
    s.one(s.robin, "acknowledgement")
    for p in (s.alice, s.bob):
        f = s.one(p, "forward")
        expect(f.encrypted and f.attachments["image.bin"] == big, "byte-identical")
        short = f.attachments["decrypted-shortened.eml"]
        expect(len(short) < 5000 and b"left out here: image.bin, 1500000 bytes decoded" in short and b"See the image" in short,
               "the letter without it", short[:300])
        expect("without the parts" in f.text and len(f.raw) < 3200000, "said so; not twice the size", len(f.raw))
    line = "All work and no play makes a pump a dull device. %06d\n"
    s.deliver(s.bob.plain(s.ADDRESS, "not his", "x\n"))  # another letter in the same run is not delayed
    s.deliver(s.robin.encrypted(s.ADDRESS, "A long text", "".join(line % i for i in range(6000))))
    s.once()
    f = next(m for m in s.fresh(s.alice) if "long text" in m.subject)
    expect(line % 100 in f.text and line % 5999 not in f.text and "is cut here" in f.text, "cut")
    expect((line % 5999).strip().encode() in f.attachments["decrypted.eml"], "and attached whole")


def large_without_a_file(s):
    """Its waiting file cannot be made, or not be written to its end: it stays in memory, is said so in the log, and arrives whole."""
    if b"EMBARGOD_FAILPOINTS 1" not in open(os.path.join(BUILD, "config.h"), "rb").read():
        print("skipped: built without --enable-failpoints")
        return
    for n, point in enumerate(("spill.open", "spill.write:2")):
        big = os.urandom(1500000)
        s.deliver(s.robin.encrypted(s.ADDRESS, "Firmware image %d" % n, "See the image.\n", [("image.bin", big), ("robin.asc", s.robin.public())]))
        mark = len(s.log)
        s.once(env={"EMBARGOD_FAILPOINT": point, "EMBARGOD_FAILPOINT_ACTION": "fail"})
        said = s.log[mark:].count("a large mail stays in memory until its commit")
        expect(said == (2 if n == 0 else 1), "said for each that had no file", point, said, s.log[mark:])
        for p in (s.alice, s.bob):
            f = s.one(p, "forward")
            expect(f.encrypted and f.attachments["image.bin"] == big, "byte-identical", point)
        s.fresh(s.robin)
    left = [x for _, _, files in os.walk(s.dir) for x in files if x.startswith("spill.")]
    expect(not left and "sound" in s.ctl("check"), "nothing lies about", left)


def too_large(s):
    s.deliver(s.robin.plain(s.ADDRESS, "huge", "see it", [("big.bin", os.urandom(200000))]))
    s.deliver(s.report(subject="small"))
    s.once()
    q = s.ctl_json("quarantine", "list")
    expect(len(q) == 1 and "max_message" in q[0]["reason"], "recorded as too large, with what to do", q)
    expect(len(s.box(".")) == 1 and not s.box(".Quarantine"), "it lies where it came in")
    expect([c["title"] for c in s.ctl_json("list", "all")] == ["small"], "the other letter is handled")
    s.once()
    expect(len(s.ctl_json("quarantine", "list")) == 1, "and it is not recorded twice")


def one_daemon_one_store(s):
    """A running daemon: a second one is refused by name; after a reload letters still come, are answered and are moved."""
    with s.daemon() as d:
        mark = len(s.log)
        expect(s.once(code=None) != 0 and str(d.pid) in s.log[mark:], "a second one is refused and names the first", s.log[mark:])
        for i in range(1, 4):
            s.deliver(s.report(subject="report %d" % i))
            wait(lambda: len(s.box(".Processed")) == i, "letter %d is handled and moved" % i)
            expect("is running" in s.ctl("status"), "it answers")
            d.reload()
        d.says("configuration reloaded")
        wait(lambda: len(s.out()) == 9, "three forwards to each analyst, three acknowledgements")
    expect("is not running" in s.ctl("status") and len(s.ctl_json("list", "all")) == 3, "embargoctl reads the store itself")


def a_key_came_meanwhile(s):
    """A reply in clear waits; before its release the reporter sends a key: it is not sent in clear any more."""
    s.deliver(s.robin.plain(s.ADDRESS, "Pump trouble", "no key yet\n"))
    s.once()
    fw = s.one(s.alice)
    r = s.command(s.alice, "#reply\nThank you.\n#end\n", fw)
    token = re.search(r"#approve (\w+)", r.text)
    expect(token and "IN CLEAR" in r.text, "the preview says that it goes in clear", r.text)
    s.fresh(s.robin)
    s.deliver(s.robin.signed(s.ADDRESS, "Re: [EMB-2026-0001] my key", "here\n", [("robin.asc", s.robin.public())]))
    s.once()
    s.fresh(s.alice)
    r = s.command(s.alice, "#approve %s\n" % token.group(1), fw)
    expect("FAILED" in r.text and "encrypted" in r.text and not s.fresh(s.robin), "the release in clear is refused", r.text)
    s.command(s.alice, "#cancel %s\n" % token.group(1), fw)
    r = s.command(s.alice, "#reply\nThank you, once more.\n#end\n", fw)
    s.command(s.alice, "#approve %s\n" % re.search(r"#approve (\w+)", r.text).group(1), fw)
    m = s.one(s.robin, "reply")
    expect(m.encrypted and "once more" in m.text, "the new one goes out encrypted", m.text)


STORIES = [whole_case, outsider_guesses_case_id, commands_need_a_signature, report_in_clear, known_reporters_are_acknowledged, what_cannot_be_read, duplicates_and_bounces,
           bounces_without_their_token,
           a_report_imitates_us, nothing_leaks, an_analysts_key_has_expired, assessed, large_report, large_without_a_file, too_large, one_daemon_one_store, a_key_came_meanwhile, dmarc_vouches]
SETUP = {an_analysts_key_has_expired: {"bob_expire": "1d"}, too_large: {"extra": "max_message = 65536"},
         bounces_without_their_token: {"extra": "alarms_per_hour = 6"},
         dmarc_vouches: {"extra": "authserv_id = \"mx.pumps.example\""},
         a_key_came_meanwhile: {"extra": "reply_clear = allow\ngate_reply = 1"}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
