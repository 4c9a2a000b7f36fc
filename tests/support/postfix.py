# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away Postfix on loopback: a real MTA, unpacked from its Debian package, never installed.

    from postfix import Postfix, Unavailable
    with Postfix(folder, recipients=["alice@example.org", "psirt@gateway.example"]) as p:   # Unavailable: says why
        p.submission_port           # STARTTLS, then AUTH (PLAIN, LOGIN): p.user, p.password
        p.smtps_port                # the same with TLS from the start
        p.strict_port               # as submission, but unknown recipients are refused at once (550)
        p.inbound_port              # plain, no login: mail from outside to our recipients
        p.ca_file, p.certs, p.password_file
        p.wait("alice@example.org", 1)   # the letters of a mailbox as bytes, oldest first, when there are so many
        p.sendmail                  # a program for the sendmail: outbox

A recipient that is not in the list is taken by submission and comes back to the envelope sender as a genuine bounce
(if that sender is a recipient). user+detail@domain goes to user@domain. lmtp={"psirt@gateway.example": port} hands a
recipient's mail to Dovecot's LMTP instead of a maildir. Nothing can leave the machine: every other domain bounces.

Root only: Postfix starts its parts under several users. As a program: python3 postfix.py FOLDER RECIPIENT... prints one
line of JSON, then serves until its standard input ends.
"""
import atexit
import base64
import fcntl
import glob
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
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certs import Certs  # noqa: E402
from channel import build_folder  # noqa: E402

# Postfix wants two accounts that nothing else here uses; Debian has these since ever.
OWNER, DROP_GROUP, MAILBOX_OWNER = "uucp", "news", "nobody"

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {root}/etc/postfix
sendmail_path = {root}/usr/sbin/sendmail
mailq_path = {root}/usr/sbin/sendmail
newaliases_path = {root}/usr/sbin/sendmail
mail_owner = {owner}
setgid_group = {drop}
import_environment = LD_LIBRARY_PATH MAIL_CONFIG TZ LANG
export_environment = LD_LIBRARY_PATH MAIL_CONFIG TZ LANG
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = mx.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
recipient_delimiter = +
smtpd_banner = mx.test ESMTP
biff = no
# where mail goes: our recipients, and nowhere else
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = texthash:{home}/conf/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{mail_uid}
virtual_gid_maps = static:{mail_gid}
virtual_transport = error:5.1.1 no such user here
default_transport = error:5.4.4 no way out of the test
relay_transport = error:5.4.4 no way out of the test
transport_maps = texthash:{home}/conf/transport
message_size_limit = 67108864
virtual_mailbox_limit = 0
smtpd_tls_cert_file = {home}/conf/server.crt
smtpd_tls_key_file = {home}/conf/server.key
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_sasl_security_options = noanonymous
broken_sasl_auth_clients = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_client_restrictions =
smtpd_helo_required = no
# one slow test machine must not be taken for an attack
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
smtpd_timeout = 60s
"""

MASTER = """
127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
 -o smtpd_reject_unlisted_recipient=no
127.0.0.1:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
 -o smtpd_reject_unlisted_recipient=no
127.0.0.1:{strict} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
127.0.0.1:{inbound} inet n - n - - smtpd -o smtpd_relay_restrictions=permit_mynetworks,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Unavailable(Exception):
    """No Postfix here; its text says why. A test that gets it skips."""


def unpack(cache=None):
    """-> the folder of the unpacked package. Downloads it once a build folder."""
    cache = cache or os.path.join(build_folder(), "test-cache", "postfix")
    root = os.path.join(cache, "root")
    if os.getuid() != 0:
        raise Unavailable("Postfix needs root, and this is an ordinary user")
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable("Postfix is taken from a Debian package, and there is no apt-get")
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(root, "usr/lib/postfix/sbin/master")):
            run = subprocess.run(["apt-get", "download", "postfix"], cwd=cache, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            packages = glob.glob(os.path.join(cache, "postfix_*.deb"))
            if run.returncode != 0 or not packages:
                raise Unavailable("apt-get download postfix failed: " + run.stdout.decode(errors="replace")[-300:].strip())
            subprocess.run(["dpkg", "-x", packages[-1], root + ".new"], check=True)
            os.rename(root + ".new", root)
    ldd = subprocess.run(["ldd", os.path.join(root, "usr/lib/postfix/sbin/smtpd")], stdout=subprocess.PIPE,
                         env=dict(os.environ, LD_LIBRARY_PATH=os.path.join(root, "usr/lib/postfix")))
    missing = [line.split()[0] for line in ldd.stdout.decode().splitlines() if "not found" in line]
    if missing:
        raise Unavailable("Postfix lacks shared libraries here: " + " ".join(missing))
    return root


def _free_ports(count):
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


class AuthServer:
    """Dovecot's login protocol (version 1.1), as much of it as Postfix speaks: PLAIN and LOGIN against a table."""

    def __init__(self, users):
        self.users, self.logins = users, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        waiting = {}
        with sock, sock.makefile("rwb") as f:
            f.write(b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t1\nCUID\t1\n"
                    b"COOKIE\t0123456789abcdef0123456789abcdef\nDONE\n")
            f.flush()
            for line in f:
                words = line.decode().rstrip("\n").split("\t")
                if words[0] not in ("AUTH", "CONT"):
                    continue
                number = words[1]
                if words[0] == "AUTH":
                    answers, mechanism = [], words[2]
                    response = [w[5:] for w in words if w.startswith("resp=")]
                else:
                    answers, mechanism = waiting.pop(number)
                    response = [words[2] if len(words) > 2 else ""]
                answers += [base64.b64decode(r).decode() for r in response]
                f.write(self._judge(number, mechanism, answers, waiting))
                f.flush()

    def _judge(self, number, mechanism, answers, waiting):
        if mechanism == "PLAIN" and answers:
            answers = answers[0].split("\0")[1:]
        if len(answers) < 2:
            waiting[number] = (answers, mechanism)
            prompt = "" if mechanism == "PLAIN" else "Password:" if answers else "Username:"
            return ("CONT\t%s\t%s\n" % (number, base64.b64encode(prompt.encode()).decode())).encode()
        good = self.users.get(answers[0]) == answers[1]
        self.logins.append((mechanism, answers[0], good))
        return ("%s\t%s\tuser=%s\n" % ("OK" if good else "FAIL", number, answers[0])).encode()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Postfix:
    def __init__(self, base_dir, recipients=("alice@example.org",), lmtp=None, user="emb", password="correct horse",
                 cache=None):
        self.root = unpack(cache)
        self.base_dir = os.path.abspath(base_dir)
        os.makedirs(self.base_dir, exist_ok=True)
        self.certs = Certs(os.path.join(self.base_dir, "certs"))
        self.ca_file = self.certs.ca
        self.user, self.password = user, password
        self.password_file = os.path.join(self.base_dir, "postfix-password")
        self._write(self.password_file, password + "\n", 0o600)
        self.recipients, self.lmtp = list(recipients), dict(lmtp or {})
        self.submission_port, self.smtps_port, self.strict_port, self.inbound_port = _free_ports(4)
        self.auth = AuthServer({user: password})
        # Its parts run under other users: a place that they can reach, whatever the tests' own folder is.
        self.home = tempfile.mkdtemp(prefix="embargod-postfix-", dir="/tmp")
        os.chmod(self.home, 0o755)
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG": self.home + "/conf",
                            "LD_LIBRARY_PATH": os.path.join(self.root, "usr/lib/postfix"), "LANG": "C"}
        self.process = None
        atexit.register(self.close)
        self._fill()
        self._start()

    @staticmethod
    def _write(path, text, mode=0o644):
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w", encoding="utf-8") as f:
            f.write(text)

    def _folder(self, name, owner="root", group="root", mode=0o755):
        path = os.path.join(self.home, name)
        os.makedirs(path, exist_ok=True)
        shutil.chown(path, owner, group)
        os.chmod(path, mode)

    def _fill(self):
        owner_group, mail = pwd.getpwnam(OWNER).pw_gid, pwd.getpwnam(MAILBOX_OWNER)
        for name in ("conf", "queue", "queue/pid"):
            self._folder(name)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
                     "trace"):
            self._folder("queue/" + name, OWNER, owner_group, 0o700)
        self._folder("queue/maildrop", OWNER, DROP_GROUP, 0o1730)
        self._folder("queue/public", OWNER, DROP_GROUP, 0o2710)
        self._folder("data", OWNER, owner_group, 0o700)
        self._folder("mail", mail.pw_uid, mail.pw_gid, 0o700)
        conf = self.home + "/conf/"
        for source, name in ((self.certs.good.cert, "server.crt"), (self.certs.good.key, "server.key")):
            shutil.copyfile(source, conf + name)
        os.chmod(conf + "server.key", 0o600)
        everyone = self.recipients + [r for r in self.lmtp if r not in self.recipients]
        self._write(conf + "mailboxes", "".join("%s %s/\n" % (r, r) for r in everyone))
        self._write(conf + "transport", "".join(
            "%s %s\n" % (r, "lmtp:inet:127.0.0.1:%d" % self.lmtp[r] if r in self.lmtp else "virtual:") for r in everyone))
        self._write(conf + "main.cf", MAIN.format(
            home=self.home, root=self.root, owner=OWNER, drop=DROP_GROUP, auth_port=self.auth.port,
            domains=" ".join(sorted({r.split("@")[1] for r in everyone})), mail_uid=mail.pw_uid, mail_gid=mail.pw_gid))
        self._write(conf + "master.cf", MASTER.format(submission=self.submission_port, smtps=self.smtps_port,
                                                      strict=self.strict_port, inbound=self.inbound_port))
        self.sendmail = os.path.join(self.home, "sendmail")
        self._write(self.sendmail, "#!/bin/sh\nLD_LIBRARY_PATH='%s' MAIL_CONFIG='%s' exec '%s/usr/sbin/sendmail' \"$@\"\n"
                    % (self.environment["LD_LIBRARY_PATH"], conf.rstrip("/"), self.root), 0o755)

    def _start(self):
        master = os.path.join(self.root, "usr/lib/postfix/sbin/master")
        with open(os.path.join(self.base_dir, "postfix.out"), "ab") as out:
            self.process = subprocess.Popen([master, "-c", self.home + "/conf", "-d"], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, env=self.environment, start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.inbound_port), 5) as s:
                    if s.recv(3) == b"220":
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = self.log()
                self.close()
                raise RuntimeError("postfix does not start:\n" + text[-3000:])
            time.sleep(0.05)

    def stop(self):
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its session: the parts too
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None

    def close(self):
        self.stop()
        self.auth.close() if self.auth else None
        self.auth = None
        if self.home and os.path.exists(self.home):
            if os.path.exists(self.home + "/log"):
                shutil.copyfile(self.home + "/log", os.path.join(self.base_dir, "postfix.log"))
            shutil.rmtree(self.home, ignore_errors=True)
        self.home = None
        atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def log(self):
        text = ""
        for path in (os.path.join(self.base_dir, "postfix.out"), os.path.join(self.home or "", "log")):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()
        return text

    # ---- mail ----
    def inject(self, data, sender, recipients):
        """Mail from outside."""
        with smtplib.SMTP("127.0.0.1", self.inbound_port) as smtp:
            smtp.sendmail(sender, recipients, data)

    def maildir(self, recipient):
        return os.path.join(self.home, "mail", recipient)

    def mailbox(self, recipient):
        found = []
        for sub in ("new", "cur"):
            path = os.path.join(self.maildir(recipient), sub)
            if os.path.isdir(path):
                found += [os.path.join(path, name) for name in os.listdir(path)]
        letters = []
        for path in sorted(found, key=os.path.basename):
            with open(path, "rb") as f:
                letters.append(f.read())
        return letters

    def wait(self, recipient, count=1, timeout=20):
        deadline = time.monotonic() + timeout
        while True:
            letters = self.mailbox(recipient)
            if len(letters) >= count:
                return letters
            if time.monotonic() > deadline:
                raise TimeoutError("%d letters for %s, not %d:\n%s" % (len(letters), recipient, count, self.log()[-3000:]))
            time.sleep(0.05)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: postfix.py FOLDER RECIPIENT...")
    try:
        server = Postfix(sys.argv[1], recipients=sys.argv[2:])
    except Unavailable as reason:
        print("postfix.py: %s" % reason, file=sys.stderr)
        sys.exit(77)
    with server as p:
        print(json.dumps({"submission": p.submission_port, "smtps": p.smtps_port, "strict": p.strict_port,
                          "inbound": p.inbound_port, "user": p.user, "password_file": p.password_file, "ca": p.ca_file,
                          "mail": p.home + "/mail", "sendmail": p.sendmail, "log": p.home + "/log"}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
