# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away Dovecot on loopback: IMAP with TLS and STARTTLS, password and OAuth logins, LMTP to inject mail.

    from dovecot import Dovecot, have_dovecot
    with Dovecot(folder) as d:                     # ready when it returns, about 0.1 s
        d.imaps_port, d.imap_port, d.lmtp_port     # 127.0.0.1; imap_port wants STARTTLS
        d.user, d.password, d.password_file        # the file is private (0600)
        d.ca_file, d.certs                         # see certs.py
        d.token()                                  # for auth xoauth2 and oauthbearer
        d.deliver(b"From: ...")                    # through LMTP into INBOX
        d.put(b"...", "Archive")                   # straight into a folder's new/
        d.folder("INBOX"), d.folder("Processed")   # the letters as bytes, oldest first
        d.new_uidvalidity("INBOX"); d.restart()

Dovecot(folder, cert=certs.wrong_host, capability="IMAP4rev1 UIDPLUS") presents another certificate or offers less.
It runs as the ordinary user who starts it; root starts it as nobody, since Dovecot serves no mail to root.
As a program: python3 dovecot.py FOLDER prints one line of JSON, then serves until its standard input ends.
"""
import atexit
import base64
import hashlib
import hmac
import imaplib
import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certs import Certs  # noqa: E402

NOBODY = 65534
SOCKET_PATH_ROOM = 60  # Dovecot's longest socket name below it must stay under 108 bytes

CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
mail_home = {home}/mail/%u
mail_location = maildir:{home}/mail/%u/Maildir
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 0
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{cert}
ssl_key = <{key}
ssl_dh =
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
mail_max_userip_connections = 100
maildir_stat_dirs = yes
{more}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
  mechanisms = plain login
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
protocol imap {{
  imap_idle_notify_interval = 29 mins
  {imap_more}
}}
"""

OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={home}/keys/
username_attribute = sub
"""


def have_dovecot():
    return _binary() is not None


def _binary():
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def free_ports(count):
    socks = []
    for _ in range(count):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        socks.append(s)
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


def _b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Dovecot:
    def __init__(self, base_dir, cert=None, capability=None, user="psirt@example.org", password="correct horse",
                 start=True):
        self.base_dir = os.path.abspath(base_dir)
        os.makedirs(self.base_dir, exist_ok=True)
        self.certs = Certs(os.path.join(self.base_dir, "certs"))
        self.ca_file = self.certs.ca
        self.cert = cert or self.certs.good
        self.capability = capability
        self.user, self.password = user, password
        self.password_file = os.path.join(self.base_dir, "password")
        self._write(self.password_file, password + "\n", 0o600)
        self.uid = NOBODY if os.getuid() == 0 else os.getuid()
        self.gid = NOBODY if os.getuid() == 0 else os.getgid()
        self.imap_port, self.imaps_port, self.lmtp_port = free_ports(3)
        self.process = None
        self.generation = 0
        self.oauth_key = os.urandom(32)
        self.home = self._make_home()
        atexit.register(self.close)
        if start:
            self.start()

    # ---- files ----

    @staticmethod
    def _write(path, text, mode=0o644):
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w", encoding="utf-8") as f:
            f.write(text)

    def _make_home(self):
        """A short path that Dovecot's user can reach: below base_dir it would often be neither."""
        wanted = os.path.join(self.base_dir, "dovecot")
        if os.getuid() != 0 and len(wanted) < SOCKET_PATH_ROOM:
            os.makedirs(wanted, exist_ok=True)
            return wanted
        home = tempfile.mkdtemp(prefix="embargod-dovecot-", dir="/tmp")
        os.chmod(home, 0o755)
        return home

    def _fill_home(self):
        self.generation += 1  # a base_dir that was used before would delay each login by 5 s
        for name in ("run%d" % self.generation, "state", "mail", "keys/default/HS256"):
            os.makedirs(os.path.join(self.home, name), exist_ok=True)
        self._write(os.path.join(self.home, "users"), "%s:{PLAIN}%s\n" % (self.user, self.password), 0o600)
        self._write(os.path.join(self.home, "oauth2.conf"), OAUTH2.format(home=self.home))
        self._write(os.path.join(self.home, "keys/default/HS256/default"),
                    base64.b64encode(self.oauth_key).decode())
        for source, name in ((self.cert.cert, "server.crt"), (self.cert.key, "server.key")):
            shutil.copyfile(source, os.path.join(self.home, name))
        text = CONFIG.format(
            home=self.home, user=pwd.getpwuid(self.uid).pw_name, group=self._group(), uid=self.uid, gid=self.gid,
            cert=os.path.join(self.home, "server.crt"), key=os.path.join(self.home, "server.key"),
            imap_port=self.imap_port, imaps_port=self.imaps_port, lmtp_port=self.lmtp_port, more="",
            imap_more="imap_capability = " + self.capability if self.capability else "")
        text = text.replace(self.home + "/run\n", self.home + "/run%d\n" % self.generation)
        self._write(os.path.join(self.home, "dovecot.conf"), text)
        if os.getuid() == 0:
            for folder, folders, files in os.walk(self.home):
                for name in [folder] + [os.path.join(folder, f) for f in folders + files]:
                    os.lchown(name, self.uid, self.gid)

    def _group(self):
        import grp
        return grp.getgrgid(self.gid).gr_name

    # ---- life ----

    def start(self):
        binary = _binary()
        if binary is None:
            raise RuntimeError("dovecot is not installed (package dovecot-imapd)")
        self._fill_home()
        command = [binary, "-F", "-c", os.path.join(self.home, "dovecot.conf")]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=%d" % self.uid, "--regid=%d" % self.gid, "--clear-groups"] + command
        with open(os.path.join(self.base_dir, "dovecot.out"), "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.home,
                                            start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.imaps_port), 1).close()
                socket.create_connection(("127.0.0.1", self.lmtp_port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("dovecot does not start: " + self.log()[-2000:])
                time.sleep(0.02)

    def stop(self):
        """At once, with all its children: a polite stop takes seconds."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        # A killed child may hold its listening socket for a while: who connects then waits for an answer that never comes.
        deadline = time.monotonic() + 60
        while self._alive(self.process.pid):
            if time.monotonic() > deadline:
                raise RuntimeError("dovecot's processes do not end")
            time.sleep(0.01)
        self.process = None

    @staticmethod
    def _alive(group):
        """Does a process of that group still run? A zombie, which only its parent could remove, does not."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as f:
                    state, _, its_group = f.read().rsplit(") ", 1)[1].split()[:3]
            except OSError:
                continue
            if int(its_group) == group and state not in "ZX":
                return True
        return False

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        self.stop()
        if self.home and os.path.exists(self.home):
            log = os.path.join(self.home, "dovecot.log")
            if os.path.exists(log):
                shutil.copyfile(log, os.path.join(self.base_dir, "dovecot.log"))
            if not self.home.startswith(self.base_dir + os.sep):
                shutil.rmtree(self.home, ignore_errors=True)
        self.home = None
        atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def log(self):
        text = ""
        for path in (os.path.join(self.base_dir, "dovecot.out"), os.path.join(self.home or "", "dovecot.log")):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()
        return text

    # ---- mail ----

    def maildir(self, folder="INBOX"):
        root = os.path.join(self.home, "mail", self.user, "Maildir")
        return root if folder.upper() == "INBOX" else os.path.join(root, "." + folder.replace("/", "."))

    def deliver(self, data, sender="reporter@example.net"):
        """Through LMTP, as an MTA does."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as lmtp:
            lmtp.sendmail(sender, [self.user], data)

    def put(self, data, folder="INBOX"):
        """A file in new/; makes the folder. For odd bytes that no LMTP would take."""
        path = self.maildir(folder)
        for sub in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(path, sub), exist_ok=True)
        name = "%d.%d.loopback" % (time.time_ns() // 1000, os.getpid())
        with open(os.path.join(path, "tmp", name), "wb") as f:
            f.write(data)
        if os.getuid() == 0:
            root = os.path.join(self.home, "mail")
            for where, folders, files in os.walk(root):
                for item in [where] + [os.path.join(where, f) for f in folders + files]:
                    os.lchown(item, self.uid, self.gid)
        os.rename(os.path.join(path, "tmp", name), os.path.join(path, "new", name))
        return name

    def files(self, folder="INBOX"):
        """Paths of the letters, oldest first."""
        found = []
        for sub in ("new", "cur"):
            path = os.path.join(self.maildir(folder), sub)
            if os.path.isdir(path):
                found += [os.path.join(path, name) for name in os.listdir(path)]
        return sorted(found, key=os.path.basename)

    def folder(self, name="INBOX"):
        while True:
            letters = []
            try:
                for path in self.files(name):
                    with open(path, "rb") as f:
                        letters.append(f.read())
                return letters
            except FileNotFoundError:  # moved or flagged in between
                pass

    def new_uidvalidity(self, folder="INBOX"):
        """Forgets the UIDs, as after a restored backup. Dovecot must not be running."""
        for name in os.listdir(self.maildir(folder)):
            if name.startswith("dovecot"):
                os.unlink(os.path.join(self.maildir(folder), name))

    def token(self, user=None, lifetime=3600):
        """A bearer token that Dovecot checks without asking anyone."""
        head = _b64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        now = int(time.time())
        body = _b64url(json.dumps({"sub": user or self.user, "iat": now - 5, "exp": now + lifetime}).encode())
        mac = hmac.new(self.oauth_key, head + b"." + body, hashlib.sha256).digest()
        return (head + b"." + body + b"." + _b64url(mac)).decode()

    def imap(self):
        """A logged-in imaplib connection."""
        import ssl
        m = imaplib.IMAP4_SSL("127.0.0.1", self.imaps_port, ssl_context=ssl.create_default_context(cafile=self.ca_file))
        m.login(self.user, self.password)
        return m

    @property
    def url(self):
        return "imaps://%s@localhost:%d" % (self.user, self.imaps_port)

    @property
    def starttls_url(self):
        return "imap+starttls://%s@localhost:%d" % (self.user, self.imap_port)

    def facts(self):
        return {"imaps_port": self.imaps_port, "imap_port": self.imap_port, "lmtp_port": self.lmtp_port,
                "user": self.user, "password_file": self.password_file, "ca_file": self.ca_file, "url": self.url,
                "starttls_url": self.starttls_url, "maildir": self.maildir(), "pid": self.process.pid}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: dovecot.py FOLDER")
    if not have_dovecot():
        print("dovecot is not installed (package dovecot-imapd)", file=sys.stderr)
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Dovecot(sys.argv[1]) as server:
        print(json.dumps(server.facts()), flush=True)
        sys.stdin.read()
