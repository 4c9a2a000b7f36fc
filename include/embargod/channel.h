/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire/channel: message types and tags of each helper's channel. Values never change meaning; add at the end.
 * A request is answered by one message with the same job id: type + 1 on success, CH_ERROR otherwise. */
#ifndef EMBARGOD_CHANNEL_H
#define EMBARGOD_CHANNEL_H

/* ---- common ---- */
#define CH_ERROR 1 /* TAG_STATUS, TAG_TEXT */
enum {
  TAG_STATUS = 1, /* enum status */
  TAG_TEXT = 2,   /* cause, UTF-8, cleaned */
  TAG_BYTES = 3,  /* the payload */
};

/* ---- embargod-parse (zygote; several jobs in flight) ---- */
enum {
  PARSE_MESSAGE = 100, /* TAG_BYTES raw message or MIME entity -> PARSE_TABLE */
  PARSE_TABLE = 101,   /* see parts_put() */
};
enum {
  PARSE_TAG_CPU_S = 10,    /* CONFIG: CPU seconds per payload */
  PARSE_TAG_MEMORY = 11,   /* CONFIG: address space per payload, bytes */
  PARSE_TAG_DEPTH = 12,    /* CONFIG: nesting allowed (<= PARTS_DEPTH_MAX) */
  PARSE_TAG_PARTS = 13,    /* CONFIG: parts allowed (<= PARTS_MAX) */
};

/* ---- embargod-crypt (one operation at a time each) ----
 * HELLO comes before CONFIG and the lock-in after it (the home is its one writable folder); a CONFIG that it cannot work
 * with ends it with a line on stderr. CH_ERROR: REJECT is about the letter, key or file that was given (the text names
 * the fingerprint and why), RETRY about us: agent, deadline, no usable key of ours. OPEN and VERIFY answer with an
 * outcome wherever there is one, PGP_AGENT too. A key that is unusable makes SEAL a REJECT, never a silent omission. */
enum {
  CRYPT_OPEN = 200,    /* TAG_BYTES one OpenPGP message (armored or binary): decrypt and verify -> CRYPT_OPENED */
  CRYPT_OPENED = 201,  /* TAG_BYTES plaintext (only when fully right), CRYPT_TAG_RESULT.. */
  CRYPT_VERIFY = 202,  /* TAG_BYTES signed bytes, CRYPT_TAG_SIGNATURE detached signature -> CRYPT_VERIFIED */
  CRYPT_VERIFIED = 203,
  CRYPT_SEAL = 204,    /* TAG_BYTES content (a MIME entity, CRLF), CRYPT_TAG_ENCRYPT 0/1, CRYPT_TAG_SIGNER fpr,
                          recipient: CRYPT_TAG_RECIPIENT fpr (+ CRYPT_TAG_KEY when it is in no ring; with CRYPT_TAG_CLEAN
                          also CRYPT_TAG_EXPIRES, its primary key's: seconds since 1970, 0 never) -> CRYPT_SEALED */
  CRYPT_SEALED = 205,  /* TAG_BYTES armored message (encrypt) or armored detached signature; CRYPT_TAG_MICALG "pgp-sha512" */
  CRYPT_INSPECT = 206, /* TAG_BYTES key file(s), armored or binary; CRYPT_TAG_KEY * n: known certificates, which a revocation certificate
                          without its key may be for -> CRYPT_INSPECTED: list of certificates. Several TAG_BYTES: the good ones of all these
                          files (10 in all) in one go; of a file whose key is missing in the answer, ask alone for the reason */
  CRYPT_INSPECTED = 207,
  CRYPT_RING = 208,    /* CRYPT_TAG_KEY * n: the certificates of the working ring; builds snapshot N+1, switches, unless
                          the present one is just that -> CRYPT_RING_OK */
  CRYPT_RING_OK = 209,
  CRYPT_OWN = 210,     /* our keys: -> CRYPT_OWNED: list of certificates with secret part, CRYPT_TAG_KEY minimal public export */
  CRYPT_OWNED = 211,
  CRYPT_GENERATE = 212,/* embargoctl init: CRYPT_TAG_UID "Name <addr>", CRYPT_TAG_EXPIRES seconds from now -> CRYPT_OWNED */
  CRYPT_CLEARSIGN = 214, /* TAG_BYTES text, CRYPT_TAG_SIGNER -> CRYPT_SEALED (type 205) with the clear-signed text */
  CRYPT_AGENT = 216,   /* to the agent keeper (CONFIG with CRYPT_TAG_AGENT 1): -> CRYPT_AGENT_OK, gpg-agent answers */
  CRYPT_AGENT_OK = 217,
};
enum {
  CRYPT_TAG_SIGNATURE = 20,
  CRYPT_TAG_ENCRYPT = 21,
  CRYPT_TAG_SIGNER = 22,    /* full fingerprint, upper-case hex; several = fall-backs in order */
  CRYPT_TAG_RECIPIENT = 23, /* full fingerprint */
  CRYPT_TAG_KEY = 24,       /* one certificate, binary or armored; for OPEN/VERIFY: further keys that may have signed */
  CRYPT_TAG_MICALG = 25,
  CRYPT_TAG_UID = 26,
  CRYPT_TAG_EXPIRES = 27,
  CRYPT_TAG_PLAIN_MAX = 28, /* OPEN: cap of the plaintext in bytes */
  /* 1: each CRYPT_TAG_KEY is byte for byte what CRYPT_INSPECTED gave (and the core has kept sealed since), and for SEAL it is the
   * recipient's by that answer. It is used as it is: importing and listing it again would cost three runs of gpg. */
  CRYPT_TAG_CLEAN = 29,
  /* results of OPEN and VERIFY */
  CRYPT_TAG_OUTCOME = 30,   /* enum pgp_outcome */
  CRYPT_TAG_ADVICE = 31,    /* which newer format or algorithm it is, from our own packet scan; UTF-8 */
  CRYPT_TAG_ENCRYPTED = 32, /* 1: there was an encryption layer with integrity protection */
  CRYPT_TAG_RECIPIENT_ID = 33, /* key id it was encrypted to, repeated */
  /* one signature: SIG opens the record, the rest follow */
  CRYPT_TAG_SIG = 40,       /* enum pgp_sig_state */
  CRYPT_TAG_SIG_FPR = 41,   /* signing (sub)key */
  CRYPT_TAG_SIG_PRIMARY = 42, /* its primary key's fingerprint; absent: unknown key */
  CRYPT_TAG_SIG_TIME = 43,
  CRYPT_TAG_SIG_HASH = 44,  /* "sha512" */
  CRYPT_TAG_SIG_EXTRA_KEY = 45, /* 1: verified by a key that came in CRYPT_TAG_KEY, not by the ring */
  /* one certificate: CERT opens the record */
  CRYPT_TAG_CERT = 50,      /* primary fingerprint */
  CRYPT_TAG_CERT_FLAGS = 51,/* enum pgp_cert_flag bits */
  CRYPT_TAG_CERT_CREATED = 52,
  CRYPT_TAG_CERT_EXPIRES = 53, /* 0: never */
  CRYPT_TAG_CERT_UID = 54,  /* one user id, UTF-8, cleaned; repeated */
  CRYPT_TAG_CERT_ADDRESS = 55, /* its address, lower-case domain; repeated, same order, "" when none */
  CRYPT_TAG_CERT_KEY = 56,  /* minimal, clean binary export */
  CRYPT_TAG_CERT_ALGO = 57, /* "ed25519", "rsa4096" */
  /* CONFIG */
  CRYPT_TAG_HOME = 60,      /* GnuPG home, absolute */
  CRYPT_TAG_DEADLINE_MS = 61,
  CRYPT_TAG_PASSPHRASE_FILE = 62,
  /* 1: this process keeps the home's gpg-agent and runs no operations. The core has one pool for it ({program
   * embargod-crypt, name "agent", processes 1}) beside the pool of workers: restarts and back-off come with it. The
   * agent ends with the keeper, the keeper ends when its agent ends. */
  CRYPT_TAG_AGENT = 63,
  /* RING_OK */
  CRYPT_TAG_RING_KEYS = 64, /* certificates in the new ring */
  CRYPT_TAG_RING_OWN = 65,  /* ours among them */
};

/* ---- embargod-fetch (one process per mailbox) ----
 * An offer is made once in a process's life; letters that are wanted later are remembered by the core. WANTs outlive a
 * lost connection. Jobs do not: while the mailbox is DOWN a SETTLE is answered at once with CH_ERROR (RETRY), a SCAN or
 * CHECK first tries to connect whatever the back-off says. A job can take a whole connection attempt and one command
 * (FETCH_TAG_TIMEOUT_MS each) behind a batch of letters: its deadline at the core's end should be some minutes.
 * When login or certificate are refused and the secret did not come in FETCH_TAG_PASSWORD, the process ends (75) after
 * the back-off, so that a new one reads the files anew. With FETCH_TAG_PASSWORD it stays: send CONFIG again. */
enum {
  FETCH_STATE = 300,   /* event: FETCH_TAG_STATE, TAG_STATUS (DENIED: a person must act), TAG_TEXT. ONLINE with a text: one
                          letter or folder has a trouble, the rest works */
  FETCH_OFFER = 301,   /* event: FOLDER, UIDVALIDITY, then records UID, SIZE, (DATE) of letters not yet offered */
  FETCH_WANT = 302,    /* core: FOLDER, UIDVALIDITY, UID * n: send them */
  FETCH_LETTER = 303,  /* event: FOLDER, UIDVALIDITY, UID, SIZE, DATE, TAG_BYTES (CRLF line ends; absent: larger than
                          MAX_SIZE, it should not have been wanted) */
  FETCH_SETTLE = 304,  /* job from the core: FOLDER, UIDVALIDITY, UID, TARGET folder ("" = flag as seen only) -> FETCH_SETTLED */
  FETCH_SETTLED = 305,
  FETCH_SCAN = 306,    /* job from the core: look at all folders once, offer what is new -> FETCH_SCANNED when all was offered */
  FETCH_SCANNED = 307,
  FETCH_GONE = 308,    /* event: FOLDER, UIDVALIDITY, UID: a wanted letter is no longer there */
  FETCH_CHECK = 310,   /* job: connect, log in, look at the folders -> FETCH_CHECKED, TAG_TEXT a human line; for embargod -t */
  FETCH_CHECKED = 311,
};
enum fetch_state { FETCH_CONNECTING = 1, FETCH_ONLINE, FETCH_DOWN /* TAG_TEXT says why; it retries with back-off */ };
enum {
  FETCH_TAG_FOLDER = 20,
  FETCH_TAG_UIDVALIDITY = 21,
  FETCH_TAG_UID = 22,   /* imap: the UID as decimal text; maildir: the unique base name (uidvalidity is always 1) */
  FETCH_TAG_SIZE = 23,  /* as the mailbox counts: with CRLF for imap (for some servers an estimate), the file's for maildir */
  FETCH_TAG_DATE = 24,  /* internal date, unix seconds */
  FETCH_TAG_TARGET = 25,
  FETCH_TAG_STATE = 26,
  /* CONFIG */
  FETCH_TAG_URL = 40,   /* maildir:/abs/path, imaps://user@host[:port], imap+starttls://user@host[:port] */
  FETCH_TAG_PASSWORD_FILE = 41,
  FETCH_TAG_PASSWORD_COMMAND = 42,
  FETCH_TAG_AUTH = 43,  /* "plain" (default), "login", "xoauth2", "oauthbearer" */
  FETCH_TAG_CA_FILE = 44,
  FETCH_TAG_FINGERPRINT = 45, /* SHA-256 of the server certificate's public key (curl's pin), base64. With CA_FILE both
                                 must hold; alone it stands instead of chain and host name (self-signed servers) */
  FETCH_TAG_WATCH = 46, /* folder to watch, repeated; default INBOX */
  FETCH_TAG_MAX_SIZE = 47, /* letters above it are offered, never sent */
  FETCH_TAG_POLL_S = 48,   /* polling interval where IDLE is missing, and the safety scan */
  FETCH_TAG_TIMEOUT_MS = 49, /* per IMAP command */
  FETCH_TAG_PASSWORD = 50, /* from the core: answer of the token command, fresh at each CONFIG. A CONFIG sent while the
                              process runs replaces it (and nothing else) and ends the back-off */
  FETCH_TAG_ONCE = 51,     /* 1: no IDLE; scan only when asked */
  FETCH_TAG_ADOPT = 52,    /* maildir only: 1 = make missing target folders (default 1) */
};

/* ---- embargod-send ---- */
enum {
  SEND_MAIL = 400,     /* SEND_TAG_FROM, SEND_TAG_TO, TAG_BYTES (CRLF) -> SEND_RESULT */
  SEND_RESULT = 401,   /* SEND_TAG_END, SEND_TAG_CODE, TAG_TEXT server's words, cleaned */
  SEND_CHECK = 402,    /* connect, TLS, log in, NOOP/QUIT -> SEND_RESULT (DEFERRED: TAG_TEXT says what is wrong) */
  SEND_GET = 404,      /* second instance: SEND_TAG_URL https://..., SEND_TAG_MAX bytes -> SEND_GOT TAG_BYTES;
                          CH_ERROR carries SEND_TAG_CODE: the HTTP status, SEND_NO_HOST or 0 */
  SEND_GOT = 405,
};
#define SEND_NO_HOST 1 /* the name does not resolve: for WKD the one reason to go on to the direct method */
#define SEND_NOT_CONFIGURED 2 /* the configuration cannot be used (TAG_TEXT says why): a further whole CONFIG may help */
/* A set-up that does not work (no server, bad certificate, wrong password) makes every SEND_MAIL DEFERRED, never
 * REFUSED: it is not the letter's fault. SEND_TAG_CODE 530, 534, 535 or 538: the login is refused; send a further CONFIG with
 * a fresh SEND_TAG_PASSWORD, or, when the password is in a file, start a new process. A WIRE_DEAD answer to SEND_MAIL counts as SEND_UNCONFIRMED. */
enum send_end { SEND_ACCEPTED = 1, SEND_DEFERRED, SEND_REFUSED, SEND_UNCONFIRMED };
enum {
  SEND_TAG_FROM = 20,
  SEND_TAG_TO = 21,
  SEND_TAG_END = 22,
  SEND_TAG_CODE = 23,   /* SMTP reply code, 0 when there was none */
  SEND_TAG_URL = 24,
  SEND_TAG_MAX = 25,
  /* CONFIG: URL smtps://user@host[:port], smtp+starttls://..., sendmail:[/path], maildir:/abs/path, https: */
  SEND_TAG_PASSWORD_FILE = 41,
  SEND_TAG_PASSWORD_COMMAND = 42,
  SEND_TAG_AUTH = 43,
  SEND_TAG_CA_FILE = 44,
  SEND_TAG_FINGERPRINT = 45,
  SEND_TAG_TIMEOUT_MS = 46, /* longest silence of the server (default 120 s); a transaction may last 10 of them */
  SEND_TAG_PASSWORD = 47,
  SEND_TAG_HELO = 48,
};
#endif
