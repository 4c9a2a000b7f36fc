# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the core to embargod-fetch: wants what is offered, settles what it got, repeats what failed."""
import time

from channel import C, Gone, Helper

PATIENCE = 150  # seconds, of a slow machine that runs other tests beside this one; a failure only takes longer


class Mailbox:
    """One embargod-fetch. letters: {(folder, uidvalidity, uid): bytes or None (too large)}"""

    def __init__(self, url, password="secret", want=True, target="Processed", **settings):
        self.fields = [(C.FETCH_TAG_URL, url)]
        if password is not None:
            self.fields.append((C.FETCH_TAG_PASSWORD, password))
        for name, value in settings.items():
            tag = getattr(C, "FETCH_TAG_" + name.upper())
            for one in value if isinstance(value, (list, tuple)) else [value]:
                self.fields.append((tag, one))
        self.want, self.target = want, target
        self.offers, self.letters, self.gone = {}, {}, []
        self.offered_twice, self.got_twice = [], []
        self.states, self.texts, self.statuses = [], [], []
        self.settling, self.settled, self.refused = {}, [], []
        self.answers = {}
        self.helper = None
        self.deaths = 0
        self.jobs = 1000
        self.start()

    def start(self):
        self.helper = Helper("embargod-fetch")
        self.helper.config(self.fields)
        self.offered_now = set()

    def job(self, type_, fields=()):
        self.jobs += 1
        self.helper.send(type_, fields, self.jobs)
        return self.jobs

    def call(self, type_, fields=(), timeout=PATIENCE):
        """-> the answer; all else that comes meanwhile is handled."""
        job = self.job(type_, fields)
        assert self.until(lambda: job in self.answers, timeout), "no answer to job type %d" % type_
        return self.answers.pop(job)

    def settle(self, key, target=None):
        fields = [(C.FETCH_TAG_FOLDER, key[0]), (C.FETCH_TAG_UIDVALIDITY, key[1]), (C.FETCH_TAG_UID, key[2]),
                  (C.FETCH_TAG_TARGET, self.target if target is None else target)]
        self.settling[self.job(C.FETCH_SETTLE, fields)] = key

    def ask_for(self, keys):
        for key in keys:
            self.helper.send(C.FETCH_WANT, [(C.FETCH_TAG_FOLDER, key[0]), (C.FETCH_TAG_UIDVALIDITY, key[1]),
                                            (C.FETCH_TAG_UID, key[2])])

    def until(self, done, timeout=PATIENCE):
        """Handles messages until done() or the timeout; -> done()"""
        end = time.monotonic() + timeout
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            try:
                message = self.helper.recv(min(left, 0.5))
            except Gone:
                self.deaths += 1
                self.exit_code = self.helper.close()
                for key in list(self.settling.values()):
                    self.refused.append(key)
                self.settling.clear()
                self.start()
                continue
            if message is not None:
                self.take(message)
        return True

    def take(self, m):
        folder, validity = m.get(C.FETCH_TAG_FOLDER, str), m.get(C.FETCH_TAG_UIDVALIDITY, int)
        if m.type == C.FETCH_STATE:
            self.states.append(m.get(C.FETCH_TAG_STATE, int))
            self.texts.append(m.get(C.TAG_TEXT, str, ""))
            self.statuses.append(m.get(C.TAG_STATUS, int))
            if self.states[-1] == C.FETCH_ONLINE:
                again, self.refused = self.refused, []
                for key in again:
                    self.settle(key)
        elif m.type == C.FETCH_OFFER:
            keys = [(folder, validity, uid) for uid in m.all(C.FETCH_TAG_UID, str)]
            sizes = m.all(C.FETCH_TAG_SIZE, int)
            self.offered_twice += [k for k in keys if k in self.offered_now]
            self.offered_now.update(keys)
            self.offers.update(zip(keys, sizes))
            if self.want:
                self.helper.send(C.FETCH_WANT, [(C.FETCH_TAG_FOLDER, folder), (C.FETCH_TAG_UIDVALIDITY, validity)] +
                                 [(C.FETCH_TAG_UID, k[2]) for k in keys if k not in self.letters])
        elif m.type == C.FETCH_LETTER:
            key = (folder, validity, m.get(C.FETCH_TAG_UID, str))
            if key in self.letters:
                self.got_twice.append(key)
            self.letters[key] = m.get(C.TAG_BYTES)
            if self.target is not None and self.letters[key] is not None:
                self.settle(key)
        elif m.type == C.FETCH_GONE:
            self.gone.append((folder, validity, m.get(C.FETCH_TAG_UID, str)))
        elif m.job in self.settling:
            key = self.settling.pop(m.job)
            if m.type == C.FETCH_SETTLED:
                self.settled.append(key)
            else:
                self.last_error = m
                if self.target is not None:
                    self.refused.append(key)
        elif m.job:
            self.answers[m.job] = m

    def down(self):
        return C.FETCH_DOWN in self.states

    def down_text(self):
        """The first one."""
        return self.texts[self.states.index(C.FETCH_DOWN)] if self.down() else ""

    def bodies(self):
        return sorted(b for b in self.letters.values() if b is not None)

    def close(self):
        return self.helper.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.helper.process.returncode is None:
            self.helper.close()
