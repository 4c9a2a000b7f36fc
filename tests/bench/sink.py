# SPDX-License-Identifier: GPL-3.0-or-later
"""A submission server that does as little as one can: TLS, every letter taken, the time of each noted."""
import socket
import ssl
import threading
import time


class Sink:
    """with Sink(pair) as s: ... s.port; s.got: [(time.monotonic(), recipient)] in order of arrival."""

    REPLY = {b"EHLO": b"250-localhost\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}

    def __init__(self, pair):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pair.cert, pair.key)
        self.got = []
        self.more = threading.Condition()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def wait(self, count, seconds):
        """Until so many letters are here; False when they do not come."""
        with self.more:
            return self.more.wait_for(lambda: len(self.got) >= count, seconds)

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            with self.context.wrap_socket(sock, server_side=True) as tls:
                self._talk(tls)
        except OSError:
            pass

    def _talk(self, tls):
        tls.sendall(b"220 localhost ESMTP\r\n")
        pending, rcpt = b"", None
        while True:
            data = tls.recv(65536)
            if not data:
                return
            pending += data
            while b"\r\n" in pending:
                line, pending = pending.split(b"\r\n", 1)
                verb = line[:4].upper()
                if verb == b"RCPT":
                    rcpt = line[line.index(b"<") + 1:line.index(b">")].decode()
                tls.sendall(self.REPLY.get(verb, b"250 OK\r\n"))
                if verb != b"DATA":
                    continue
                parts, tail = [pending], pending[-5:]
                while not tail.endswith(b"\r\n.\r\n"):
                    data = tls.recv(65536)
                    if not data:
                        return
                    parts.append(data)
                    tail = (tail + data)[-5:]
                pending = b""
                with self.more:
                    self.got.append((time.monotonic(), rcpt))
                    self.more.notify_all()
                tls.sendall(b"250 OK\r\n")
