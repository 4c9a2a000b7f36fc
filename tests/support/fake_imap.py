# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted IMAP server on loopback, for what no honest server does.

    server = FakeImap(certs.good, letters=[b"..."], script={(0, 5): "close"})
    server.port, server.url            # imaps:// (starttls=True: imap+starttls://)
    server.commands                    # ["AUTHENTICATE", "SELECT", ...] of all connections, in order
    server.heard                       # every byte any client sent inside TLS and before it
    server.boxes["INBOX"]              # {uid: bytes} as it stands now
    server.close()

script maps (connection, command number from 0, where 0 is the first after the greeting) or a command name to an action:
"close", "hang", "bye", "no", "bad", or bytes that are sent raw instead of the answer (%TAG% is replaced), after which
the connection stays open. (connection, "greeting") works as well. A name may carry "*" for all connections, else the
action is used once.
"""
import re
import socket
import ssl
import threading
import time

CAPABILITY = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 IDLE MOVE UIDPLUS"


class FakeImap:
    def __init__(self, cert=None, letters=(), script=None, starttls=False, strip=False, capability=CAPABILITY,
                 uidvalidity=77, folders=("INBOX",)):
        self.cert, self.starttls, self.strip, self.capability = cert, starttls, strip, capability
        self.script = dict(script or {})
        self.uidvalidity = uidvalidity
        self.boxes = {name: {} for name in folders}
        self.flags = {}
        self.next_uid = 1
        for letter in letters:
            self.add(letter)
        self.commands, self.heard, self.connections = [], b"", 0
        self.handshakes_failed = 0
        self.changed = threading.Event()
        self.closing = False
        self.live = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return "%s://me@localhost:%d" % ("imap+starttls" if self.starttls else "imaps", self.port)

    def add(self, letter, folder="INBOX"):
        self.boxes[folder][self.next_uid] = letter
        self.next_uid += 1
        if hasattr(self, "changed"):
            self.changed.set()

    def close(self):
        self.closing = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        except OSError:
            pass
        self.listener.close()
        for sock in self.live:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while not self.closing:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            number = self.connections
            self.connections += 1
            self.live.append(sock)
            threading.Thread(target=self._guard, args=(number, sock), daemon=True).start()

    def _guard(self, number, sock):
        connection = Connection(self, number, sock)
        try:
            connection.run()
        except (OSError, EOFError, ValueError, TypeError):  # TypeError: nothing is selected
            pass
        finally:
            try:
                connection.sock.close()  # the one inside TLS: sock itself was handed over to it
            except OSError:
                pass


class Stop(EOFError):
    pass


class Connection:
    def __init__(self, server, number, sock):
        self.server, self.number, self.sock = server, number, sock
        self.buffer = b""
        self.box = None
        self.count = 0

    def tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.cert.cert, self.server.cert.key)
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (ssl.SSLError, OSError):
            self.server.handshakes_failed += 1
            raise
        self.server.live.append(self.sock)

    def send(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def line(self):
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise Stop
            self.server.heard += data
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode(errors="replace")

    def literal(self, size):
        while len(self.buffer) < size:
            data = self.sock.recv(65536)
            if not data:
                raise Stop
            self.server.heard += data
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def act(self, action, tag):
        if action == "close":
            raise Stop
        if action == "hang":
            while not self.server.closing:
                if self.sock.recv(4096) == b"":
                    raise Stop
        if action == "bye":
            self.send("* BYE going down\r\n")
            raise Stop
        if isinstance(action, bytes):
            self.send(action.replace(b"%TAG%", tag.encode()))
        else:
            self.send("%s %s refused by the script\r\n" % (tag, action.upper()))

    def scripted(self, name):
        s = self.server
        for key in ((self.number, self.count), (self.number, name)):
            if key in s.script:
                return s.script.pop(key)
        if name + "*" in s.script:
            return s.script[name + "*"]
        return s.script.pop(name, None)

    def run(self):
        s = self.server
        if not s.starttls:
            self.tls()
        action = s.script.pop((self.number, "greeting"), None)
        if action:
            self.act(action, "*")
            if not isinstance(action, bytes):
                return
        else:
            self.send("* OK scripted server\r\n")
        while True:
            line = self.line()
            tag, _, rest = line.partition(" ")
            if tag.upper() == "DONE":  # after a scripted IDLE
                s.commands.append("DONE")
                self.ok("idle")
                continue
            name = rest.split(" ", 2)
            name = " ".join(name[:2] if name[0].upper() == "UID" else name[:1]).upper()
            args = rest[len(name):].strip()
            s.commands.append(name)
            action = self.scripted(name)
            self.count += 1
            if action is not None:
                self.act(action, tag)
                continue
            handler = getattr(self, "do_" + name.replace(" ", "_").lower(), None)
            if handler is None:
                self.send(tag + " BAD unknown\r\n")
            else:
                handler(tag, args)

    def ok(self, tag, text="done"):
        self.send("%s OK %s\r\n" % (tag, text))

    # ---- commands ----

    def do_capability(self, tag, args):
        starttls = " STARTTLS" if self.server.starttls and not isinstance(self.sock, ssl.SSLSocket) else ""
        self.send("* CAPABILITY %s%s\r\n" % (self.server.capability, "" if self.server.strip else starttls))
        self.ok(tag)

    def do_starttls(self, tag, args):
        self.ok(tag, "go on")
        self.tls()

    def do_authenticate(self, tag, args):
        self.ok(tag)

    def do_login(self, tag, args):
        self.ok(tag)

    def do_logout(self, tag, args):
        self.send("* BYE\r\n")
        self.ok(tag)
        raise Stop

    def do_noop(self, tag, args):
        self.ok(tag)

    def do_select(self, tag, args):
        name = args.strip('"')
        if name not in self.server.boxes:
            self.send(tag + " NO no such folder\r\n")
            return
        self.box = self.server.boxes[name]
        self.send("* FLAGS (\\Seen \\Deleted)\r\n* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] ok\r\n* %d EXISTS\r\n"
                  "* 0 RECENT\r\n* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT %d] ok\r\n" %
                  (len(self.box), self.server.uidvalidity, self.server.next_uid))
        self.ok(tag, "[READ-WRITE] selected")

    def do_create(self, tag, args):
        self.server.boxes.setdefault(args.strip('"'), {})
        self.ok(tag)

    def do_subscribe(self, tag, args):
        self.ok(tag)

    def uids(self, text):
        found = []
        for piece in text.split(","):
            first, _, last = piece.partition(":")
            top = max(self.box, default=0)
            low = top if first == "*" else int(first)
            high = low if not last else top if last == "*" else int(last)
            if low > high:
                low, high = high, low
            found += [uid for uid in sorted(self.box) if low <= uid <= high and uid not in found]
        return found

    def do_uid_search(self, tag, args):
        match = re.search(r"UID (\S+?)\)?(?: |$)", args)
        found = [u for u in self.uids(match.group(1)) if "\\Deleted" not in self.server.flags.get(u, ())]
        self.send("* SEARCH%s\r\n" % "".join(" %d" % u for u in found))
        self.ok(tag)

    def do_uid_fetch(self, tag, args):
        numbers, _, what = args.partition(" ")
        order = sorted(self.box)
        for uid in self.uids(numbers):
            letter = self.box[uid]
            items = ["UID %d" % uid]
            if "FLAGS" in what:
                items.append("FLAGS (%s)" % " ".join(sorted(self.server.flags.get(uid, ()))))
            if "RFC822.SIZE" in what:
                items.append("RFC822.SIZE %d" % len(letter))
            if "INTERNALDATE" in what:
                items.append('INTERNALDATE "31-Jan-2027 10:00:00 +0100"')
            self.send("* %d FETCH (%s" % (order.index(uid) + 1, " ".join(items)))
            if "BODY.PEEK[]" in what:
                self.send(b" BODY[] {%d}\r\n" % len(letter) + letter)
            self.send(")\r\n")
        self.ok(tag)

    def do_uid_store(self, tag, args):
        numbers, _, what = args.partition(" ")
        for uid in self.uids(numbers):
            self.server.flags.setdefault(uid, set()).update(re.findall(r"\\\w+", what))
        self.ok(tag)

    def transfer(self, tag, args, move):
        numbers, _, target = args.partition(" ")
        target = self.server.boxes.get(target.strip('"'))
        if target is None:
            self.send(tag + " NO [TRYCREATE] no such folder\r\n")
            return
        for uid in self.uids(numbers):
            target[self.server.next_uid] = self.box[uid]
            self.server.next_uid += 1
            if move:
                del self.box[uid]
        self.ok(tag)

    def do_uid_copy(self, tag, args):
        self.transfer(tag, args, False)

    def do_uid_move(self, tag, args):
        self.transfer(tag, args, True)

    def do_uid_expunge(self, tag, args):
        for uid in self.uids(args):
            if "\\Deleted" in self.server.flags.get(uid, ()):
                del self.box[uid]
        self.ok(tag)

    def do_idle(self, tag, args):
        known = len(self.box)
        self.send("+ idling\r\n")
        self.sock.settimeout(0.02)
        try:
            while True:
                if len(self.box) != known:
                    known = len(self.box)
                    self.send("* %d EXISTS\r\n" % known)
                try:
                    line = self.line()
                except (TimeoutError, socket.timeout):
                    if self.server.closing:
                        raise Stop
                    continue
                self.server.commands.append(line.upper())
                break
        finally:
            self.sock.settimeout(None)
        if line.upper() == "DONE":
            self.ok(tag)
        else:
            self.send(tag + " BAD not idle\r\n")


if __name__ == "__main__":
    import sys
    sys.path.insert(0, __import__("os").path.dirname(__file__))
    from certs import Certs
    with FakeImap(Certs(sys.argv[1]).good, [b"Subject: a letter\r\n\r\ntext\r\n"]) as fake:
        print(fake.url, flush=True)
        while True:
            time.sleep(60)
