# SPDX-License-Identifier: GPL-3.0-or-later
"""The core's end of a helper's channel (include/embargod/wire.h), for tests that drive one program.

    from channel import Helper, C
    with Helper("embargod-send", env={...}) as h:      # spawned, said HELLO
        h.config([(C.SEND_TAG_URL, "maildir:/x")])
        m = h.call(C.SEND_MAIL, [(C.SEND_TAG_TO, "a@b"), (C.TAG_BYTES, data)])
        m.type, m.get(C.SEND_TAG_END, int), m.get(C.TAG_TEXT, str), m.fields

C holds every name of include/embargod/channel.h and the special types of helper.h. Values put may be bytes, str (UTF-8)
or int (64 bits).
"""
import array
import fcntl
import os
import re
import select
import socket
import struct
import subprocess

INLINE_MAX = 16384
PACKET_MAX = 131072
FDS_MAX = 16
MAGIC = 0x31624D45
BODY_IN_FD = 1
INLINE, LARGE = 0, 1
HEAD = struct.Struct("=IHHIIII")
ENTRY = struct.Struct("=HHI")
HELPER_FD = 3

F_ADD_SEALS, F_GET_SEALS, ALL_SEALS = 1033, 1034, 0x1 | 0x2 | 0x4 | 0x8


def source_folder():
    return os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build_folder():
    return os.environ.get("top_builddir") or os.getcwd()


class _Constants:
    """The enums and defines of the contract headers, so that no number stands twice."""

    def __init__(self):
        for header in ("channel.h", "helper.h", "base.h", "pgp.h"):
            path = os.path.join(source_folder(), "include", "embargod", header)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    self._read(re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S))

    def _read(self, text):
        for name, value in re.findall(r"^#define (\w+) (0x[0-9a-f]+|\d+)\s*$", text, flags=re.M):
            setattr(self, name, int(value, 0))
        for body in re.findall(r"enum\s*\w*\s*\{(.*?)\}", text, flags=re.S):
            number = -1
            for item in body.split(","):
                name, _, value = item.partition("=")
                name = name.strip()
                if not re.fullmatch(r"\w+", name):
                    continue
                try:
                    number = eval(value, {"__builtins__": {}}, vars(self)) if value.strip() else number + 1
                except Exception:  # an expression of C that no test needs
                    continue
                setattr(self, name, number)

    def name_of(self, prefix, value):
        for name, number in vars(self).items():
            if name.startswith(prefix) and number == value:
                return name
        return str(value)


C = _Constants()


def _reserve_3():
    """Descriptor 3 must never be the pipe by which subprocess hears of a failed exec: ours goes there in the child."""
    try:
        os.fstat(HELPER_FD)
    except OSError:
        fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        if fd != HELPER_FD:
            os.dup2(fd, HELPER_FD, inheritable=False)
            os.close(fd)


_reserve_3()


class Gone(Exception):
    """The other end closed the channel."""


def _raw(value):
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, int):
        return struct.pack("=q", value)
    return value.encode() if isinstance(value, str) else bytes(value)


def _memfd(data):
    fd = os.memfd_create("embargod", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
    fcntl.fcntl(fd, F_ADD_SEALS, ALL_SEALS)
    return fd


def _read_fd(fd, length):
    data = bytearray()
    while len(data) < length:
        piece = os.pread(fd, length - len(data), len(data))
        if not piece:
            raise ValueError("memfd ends early")
        data += piece
    return bytes(data)


class Message:
    def __init__(self, type_, job, fields):
        self.type, self.job, self.fields = type_, job, fields

    def get(self, tag, kind=bytes, default=None):
        for have, value in self.fields:
            if have == tag:
                return self.convert(value, kind)
        return default

    def all(self, tag, kind=bytes):
        return [self.convert(value, kind) for have, value in self.fields if have == tag]

    @staticmethod
    def convert(value, kind):
        if kind is int:
            return struct.unpack("=q", value)[0]
        return value.decode("utf-8") if kind is str else value

    def __repr__(self):
        return "Message(%s, job %d, %r)" % (self.type, self.job, [(t, v[:80]) for t, v in self.fields])


def pack(type_, job, fields):
    """-> packet, descriptors (to be closed after sending)"""
    table, values, large = b"", b"", []
    for tag, value in fields:
        raw = _raw(value)
        if len(raw) > INLINE_MAX and len(large) < FDS_MAX - 1:
            large.append(_memfd(raw))
            table += ENTRY.pack(tag, LARGE, len(raw))
        else:
            table += ENTRY.pack(tag, INLINE, len(raw))
            values += raw + b"\0"
    flags, body = 0, table + values
    if HEAD.size + len(body) > PACKET_MAX:
        large.insert(0, _memfd(body))
        flags, body = BODY_IN_FD, b""
    return HEAD.pack(MAGIC, type_, flags, job, len(fields), len(values), len(large)) + body, large


def unpack(packet, fds):
    magic, type_, flags, job, count, values_len, fd_count = HEAD.unpack_from(packet)
    if magic != MAGIC or fd_count != len(fds):
        raise ValueError("bad packet")
    fds = list(fds)
    body = packet[HEAD.size:]
    if flags & BODY_IN_FD:
        body = _read_fd(fds.pop(0), count * ENTRY.size + values_len)
    at, fields = count * ENTRY.size, []
    for i in range(count):
        tag, kind, length = ENTRY.unpack_from(body, i * ENTRY.size)
        if kind == LARGE:
            fields.append((tag, _read_fd(fds.pop(0), length)))
            continue
        fields.append((tag, body[at:at + length]))
        at += length + 1
    if at != len(body) or fds:
        raise ValueError("more in the packet than its fields")
    return Message(type_, job, fields)


class Channel:
    def __init__(self, sock):
        self.sock = sock

    def send(self, type_, fields=(), job=0):
        packet, fds = pack(type_, job, fields)
        try:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            self.sock.sendmsg([packet], rights)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone()
        finally:
            for fd in fds:
                os.close(fd)

    def recv(self, timeout=30.0):
        """One message; None when none came in time."""
        if not select.select([self.sock], [], [], timeout)[0]:
            return None
        room = array.array("i")
        try:
            packet, ancillary, _, _ = self.sock.recvmsg(PACKET_MAX + 1, socket.CMSG_LEN(64 * room.itemsize))
        except ConnectionResetError:
            raise Gone()
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                room.frombytes(data[:len(data) - len(data) % room.itemsize])
        try:
            if not packet:
                raise Gone()
            return unpack(packet, room)
        finally:
            for fd in room:
                os.close(fd)


class Helper(Channel):
    """A helper program with a channel on its descriptor 3, as the core starts it."""

    def __init__(self, program, env=None, stderr=None, wrapper=(), hello=True):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(ours)
        path = program if os.sep in program else os.path.join(build_folder(), program)
        spare = theirs.fileno()

        def on_3():
            os.dup2(spare, HELPER_FD, inheritable=True)
            if spare != HELPER_FD:
                os.set_inheritable(spare, False)

        _reserve_3()
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(env or {})
        self.process = subprocess.Popen([*wrapper, path], preexec_fn=on_3, close_fds=True,
                                        pass_fds=(HELPER_FD, spare),
                                        stdin=subprocess.DEVNULL, stderr=stderr, env=environment)
        theirs.close()
        self.jobs = 0
        self.events = []  # messages with job 0 that came while an answer was awaited
        if hello:
            first = self.recv()
            if first is None or first.type != C.WIRE_HELLO:
                raise RuntimeError("no HELLO from %s" % program)

    def config(self, fields):
        self.send(C.WIRE_CONFIG, fields)

    def call(self, type_, fields=(), timeout=60.0):
        """Sends one job and waits for its answer."""
        self.jobs += 1
        job = self.jobs
        self.send(type_, fields, job)
        while True:
            message = self.recv(timeout)
            if message is None:
                raise TimeoutError("no answer to job %d" % job)
            if message.job == job:
                return message
            self.events.append(message)

    def close(self, timeout=10):
        """Closes the channel; -> the exit code."""
        self.sock.close()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def kill(self):
        self.process.kill()
        self.sock.close()
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.close()
