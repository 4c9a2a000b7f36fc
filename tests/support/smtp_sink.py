# SPDX-License-Identifier: GPL-3.0-or-later
"""A submission server on loopback for tests: takes letters, keeps them with their envelope, misbehaves on demand.

    with SmtpSink(certs.good, mode="tls", users={"emb": "secret"}) as sink:    # or mode="starttls", "plain"
        ... sink.port ...
        sink.letters[0].mail_from, .rcpt_to, .data, .options, .user, .connection
        sink.connections, sink.logins    # how many; [(mechanism, user, ok)]

What a recipient's local part asks for (also by script={address: action}):
    mail-451 mail-550   reply to MAIL: ask by the sender's address
    rcpt-450 rcpt-550   reply to RCPT
    data-451 data-554   reply to DATA
    dot-451 dot-554     reply after the final dot
    cut-rcpt cut-data cut-dot   closes the connection instead of that reply (cut-data: in the middle of the letter)
    hang-rcpt hang-dot  never replies
    cut-quit            takes the letter, closes at QUIT without a word
    bye-421             says 421 to RCPT and closes
A number behind it (rcpt-450-2) means: so many times, then it is taken.

As a program: python3 smtp_sink.py FOLDER
prints one line of JSON (smtps, starttls: ports; ca, user, password, token) and runs until its standard input ends;
letters are written to FOLDER/mail/NNNN.eml and NNNN.json.
Needs python3-aiosmtpd. `Recorder` below needs nothing: it only notes every byte that a client says.
"""
import asyncio
import base64
import collections
import json
import logging
import os
import re
import socket
import ssl
import sys
import threading
import warnings

DEBIAN_MODULES = "/usr/lib/python3/dist-packages"  # where the package puts it, if another python3 runs us
try:
    if DEBIAN_MODULES not in sys.path:
        sys.path.append(DEBIAN_MODULES)
    from aiosmtpd.smtp import SMTP, AuthResult, syntax
except ImportError:
    SMTP = None

Letter = collections.namedtuple("Letter", "mail_from rcpt_to data options user connection tls")
ACTION = re.compile(r"^(mail|rcpt|data|dot|cut|hang|bye)-(\d+|rcpt|data|dot|quit)(?:-(\d+))?(?:[.+]|$)")


def available():
    return SMTP is not None


def server_context(pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    return context


def abort(transport):
    try:
        transport.abort()
    except AttributeError:  # a TLS transport that has ended is hollow in some Pythons
        pass


class Handler:
    def __init__(self, sink):
        self.sink = sink

    async def handle_MAIL(self, server, session, envelope, address, options):
        stage, reply = self.sink.action(address)
        if stage == "mail":
            return reply + " sender refused by script"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        stage, what = self.sink.action(address, count=False)
        reply = None
        if stage == "rcpt":
            reply = what + " 5.1.1 recipient refused by script" if what[0] == "5" else what + " 4.2.1 not now by script"
        elif (stage, what) == ("cut", "rcpt"):
            server.transport.abort()
            reply = "421 cut"
        elif (stage, what) == ("hang", "rcpt"):
            await self.sink.hang()
            reply = "421 hung"
        elif stage == "bye":
            reply = what + " closing by script"
        if reply and self.sink.action(address)[0]:
            if stage == "bye":
                asyncio.get_running_loop().call_later(0.1, server.transport.close)
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        stage, what = self.sink.action(envelope.rcpt_tos[0])
        if (stage, what) == ("hang", "dot"):
            await self.sink.hang()
            return "421 hung"
        if stage == "dot":
            return what + " letter refused by script"
        self.sink.keep(session, envelope)
        if (stage, what) == ("cut", "dot"):
            server.transport.abort()
            return "421 cut"
        if (stage, what) == ("cut", "quit"):
            session.cut_at_quit = True
        return "250 2.0.0 queued as %d" % len(self.sink.letters)

    async def handle_QUIT(self, server, session, envelope):
        self.sink.quits += 1
        if getattr(session, "cut_at_quit", False):
            server.transport.abort()
        return "221 bye"

    async def auth_XOAUTH2(self, server, args):
        return await self._bearer(server, args, "XOAUTH2", rb"^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$")

    async def auth_OAUTHBEARER(self, server, args):
        return await self._bearer(server, args, "OAUTHBEARER",
                                  rb"^n,a=([^,\x01]*),\x01(?:[a-z]+=[^\x01]*\x01)*?auth=Bearer ([^\x01]*)\x01\x01$")

    async def _bearer(self, server, args, mechanism, pattern):
        raw = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth("")
        match = re.match(pattern, raw if isinstance(raw, bytes) else b"")
        user, token = (match[1].decode(), match[2].decode()) if match else ("", "")
        good = bool(match) and self.sink.tokens.get(user) == token
        self.sink.logins.append((mechanism, user, good))
        if not good:
            await server.challenge_auth('{"status":"401","schemes":"bearer"}', encode_to_b64=True)
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=user)


if SMTP is not None:

    class Server(SMTP):
        """aiosmtpd's server with the misbehaviour that its hooks do not reach."""

        def __init__(self, sink, *args, **kwargs):
            self.sink = sink
            super().__init__(*args, **kwargs)

        def connection_made(self, transport):
            if not self.session or not self.session.peer:  # not the second call, after STARTTLS
                self.sink.connections += 1
                self.connection = self.sink.connections
                self.sink.live.append(transport)
            super().connection_made(transport)
            self.session.connection = self.connection

        def connection_lost(self, error):
            super().connection_lost(error)

        @syntax("DATA")
        async def smtp_DATA(self, arg):
            stage, what = self.sink.action(self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else "", count=False)
            if (stage == "data" or (stage, what) == ("cut", "data")) and self.sink.action(self.envelope.rcpt_tos[0])[0]:
                if stage == "data":
                    await self.push(what + " no data by script")
                    self._set_rset_state()
                    return
                await self.push("354 go on")
                await self._reader.read(100)
                self.transport.abort()
                return
            await super().smtp_DATA(arg)


class SmtpSink:
    def __init__(self, pair, mode="tls", users=None, tokens=None, folder=None, script=None, mechanisms=None, utf8=True,
                 port=0, size_limit=None):
        self.mode, self.users, self.tokens = mode, dict(users or {}), dict(tokens or {})
        self.folder, self.script, self.mechanisms, self.utf8 = folder, dict(script or {}), mechanisms, utf8
        self.letters, self.logins, self.live = [], [], []
        self.connections = self.quits = 0
        self.port, self.size_limit = port, size_limit
        self._counts = collections.Counter()
        self._pair, self._hung = pair, None
        if folder:
            os.makedirs(folder, exist_ok=True)

    # ---- what the handler asks ----
    def action(self, address, count=True):
        """-> (stage, what) for an address, (None, None) when nothing is asked for or it was done often enough"""
        asked = self.script.get(address, address.split("@")[0])
        match = ACTION.match(asked)
        if not match:
            return None, None
        if match[3]:
            if self._counts[address] >= int(match[3]):
                return None, None
            if count:
                self._counts[address] += 1
        return match[1], match[2]

    async def hang(self):
        await self._hung.wait()

    def keep(self, session, envelope):
        user = session.auth_data if isinstance(session.auth_data, str) else None
        letter = Letter(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content,
                        list(envelope.mail_options), user, session.connection, bool(session.ssl) or self.mode == "tls")
        self.letters.append(letter)
        if self.folder:
            name = os.path.join(self.folder, "%04d" % (len(os.listdir(self.folder)) // 2 + 1))
            with open(name + ".eml", "wb") as out:
                out.write(letter.data)
            with open(name + ".json", "w", encoding="utf-8") as out:
                json.dump({"from": letter.mail_from, "to": letter.rcpt_to, "user": user, "options": letter.options}, out)

    def _authenticate(self, server, session, envelope, mechanism, data):
        user, password = data.login.decode(), data.password.decode()
        good = user in self.users and self.users[user] == password
        self.logins.append((mechanism, user, good))
        return AuthResult(success=good, handled=False, auth_data=user if good else None)

    # ---- life ----
    def _server(self):
        login = bool(self.users or self.tokens)
        every = {"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"}
        offered = set(self.mechanisms or every)
        return Server(self, Handler(self), hostname="localhost", ident="sink", loop=self._loop,
                      enable_SMTPUTF8=self.utf8, decode_data=False, data_size_limit=self.size_limit,
                      tls_context=server_context(self._pair) if self.mode == "starttls" else None,
                      require_starttls=self.mode == "starttls", auth_required=login,
                      auth_require_tls=self.mode == "starttls", auth_exclude_mechanism=every - offered,
                      authenticator=self._authenticate if login else None)

    async def _serve(self, ready):
        self._hung = asyncio.Event()
        self._stop = asyncio.Event()
        listener = await self._loop.create_server(self._server, "127.0.0.1", self.port,
                                                  ssl=server_context(self._pair) if self.mode == "tls" else None)
        self.port = listener.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        self._hung.set()
        listener.close()
        for transport in self.live:
            abort(transport)
        await asyncio.sleep(0.01)

    def _trouble(self, loop, context):
        if not isinstance(context.get("exception"), (OSError, ssl.SSLError, type(None))):
            loop.default_exception_handler(context)  # cut connections are what we are for, all else is a bug here

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._trouble)
        self._loop.run_until_complete(self._serve(ready))
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def start(self):
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")  # the TLS is around it
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the sink does not start")
        return self

    def close_connections(self):
        """As a server does with idle clients; without a word."""
        def close():
            for transport in self.live:
                abort(transport)
            self.live.clear()
        self._loop.call_soon_threadsafe(close)

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()


class Recorder:
    """Not a mail server: greets, answers by a table and notes each byte that came, in clear and inside TLS.

        with Recorder(certs.wrong_host, mode="tls") as r:  # "starttls": TLS after STARTTLS; "plain": never
            ...
        r.clear, r.inside    # bytes
    replies: {"EHLO": "250-x\\r\\n250 AUTH PLAIN", ...}; what is not in it gets 250.
    """
    EHLO = "250-localhost\r\n250-AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER\r\n250%s"

    def __init__(self, pair, mode="tls", replies=None, greeting="220 localhost ESMTP"):
        self.mode, self.greeting, self.pair = mode, greeting, pair
        extra = "-STARTTLS\r\n250 8BITMIME" if mode == "starttls" else " 8BITMIME"
        self.replies = {"EHLO": self.EHLO % extra, "STARTTLS": "220 go on", "AUTH": "235 welcome", "DATA": "354 go on",
                        "QUIT": "221 bye"}
        self.replies.update(replies or {})
        self.clear, self.inside, self.connections, self.handshakes = b"", b"", 0, 0

    def _talk(self, sock, inside):
        sock.sendall((self.greeting + "\r\n").encode()) if not (inside and self.mode == "starttls") else None
        pending = b""
        while True:
            data = sock.recv(65536)
            if not data:
                return
            if inside:
                self.inside += data
            else:
                self.clear += data
            pending += data
            while b"\r\n" in pending:
                line, pending = pending.split(b"\r\n", 1)
                verb = line.split(b" ")[0].decode("latin-1").upper()
                reply = self.replies.get(verb, "250 OK")
                if reply is None:
                    return
                sock.sendall((reply + "\r\n").encode())
                if verb == "STARTTLS" and self.mode == "starttls" and reply.startswith("220"):
                    with server_context(self.pair).wrap_socket(sock, server_side=True) as tls:
                        self.handshakes += 1
                        return self._talk(tls, True)

    def _one(self, sock):
        try:
            with sock:
                sock.settimeout(20)
                if self.mode != "tls":
                    return self._talk(sock, False)
                with server_context(self.pair).wrap_socket(sock, server_side=True) as tls:
                    self.handshakes += 1
                    self._talk(tls, True)
        except OSError:  # the client left, as it should
            pass

    def _run(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._one, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def __enter__(self):
        self._threads = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def settle(self):
        """All that clients said has been noted."""
        for thread in self._threads:
            thread.join(10)

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.settle()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: smtp_sink.py FOLDER")
    if not available():
        print("smtp_sink.py: python3-aiosmtpd is not installed", file=sys.stderr)
        sys.exit(77)
    from certs import Certs
    certs = Certs(os.path.join(sys.argv[1], "certs"))
    options = dict(users={"emb": "secret"}, tokens={"emb": "token"}, folder=os.path.join(sys.argv[1], "mail"))
    with SmtpSink(certs.good, mode="tls", **options) as tls, SmtpSink(certs.good, mode="starttls", **options) as start:
        print(json.dumps({"smtps": tls.port, "starttls": start.port, "ca": certs.ca, "user": "emb",
                          "password": "secret", "token": "token", "mail": options["folder"]}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
