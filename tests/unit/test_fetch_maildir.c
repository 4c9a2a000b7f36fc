/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch: the URL and the configuration, folder names, and the maildir inbox. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/socket.h>
#include <unistd.h>

#include <embargod/channel.h>
#include <embargod/file.h>
#include <embargod/helper.h>

#include "src/fetch/imap_private.h"
#include "src/fetch/maildir_private.h"

static struct pool *pool;
static char root[256];

/* ---- URL ---- */

static const struct {
  const char *url;
  enum fetch_kind kind;
  bool starttls;
  const char *user, *host, *path;
  int port;
} good_urls[] = {
  { "imaps://psirt@mail.example.org", FETCH_IMAP, false, "psirt", "mail.example.org", NULL, 993 },
  { "IMAPS://psirt@mail.example.org:1993/", FETCH_IMAP, false, "psirt", "mail.example.org", NULL, 1993 },
  { "imap+starttls://psirt@10.0.0.1", FETCH_IMAP, true, "psirt", "10.0.0.1", NULL, 143 },
  { "imaps://psirt@example.org@imap.example.net", FETCH_IMAP, false, "psirt@example.org", "imap.example.net", NULL,
    993 },
  { "imaps://psirt%40example.org@imap.example.net:65535", FETCH_IMAP, false, "psirt@example.org", "imap.example.net",
    NULL, 65535 },
  { "imaps://a%3Ab@[2001:db8::1]:9", FETCH_IMAP, false, "a:b", "2001:db8::1", NULL, 9 },
  { "maildir:/var/mail/psirt", FETCH_MAILDIR, false, NULL, NULL, "/var/mail/psirt", 0 },
  { "maildir:///var/mail/psirt/", FETCH_MAILDIR, false, NULL, NULL, "/var/mail/psirt", 0 },
};

static const struct {
  const char *url, *word;
} bad_urls[] = {
  { "", "must begin" },
  { "http://x", "must begin" },
  { "imap://a@b", "clear text" },
  { "imaps://mail.example.org", "no user" },
  { "imaps://@mail.example.org", "no user" },
  { "imaps://a:secret@mail.example.org", "password" },
  { "imaps://a@", "host" },
  { "imaps://a@ho st", "host" },
  { "imaps://a@-oProxyCommand", "host" },
  { "imaps://a@h\r\nQUIT", "host" },
  { "imaps://a%0d%0a@host", "control" },
  { "imaps://a%00@host", "control" },
  { "imaps://a%4@host", "%XX" },
  { "imaps://a%@host", "%XX" },
  { "imaps://a%zz@host", "%XX" },
  { "imaps://a@host:", "port" },
  { "imaps://a@host:0", "port" },
  { "imaps://a@host:65536", "port" },
  { "imaps://a@host:99999999999", "port" },
  { "imaps://a@host:9x", "port" },
  { "imaps://a@[::1", "host" },
  { "imaps://a@[::1]x", "port" },
  { "imaps://a@host/INBOX", "folders" },
  { "maildir:mail", "absolute" },
  { "maildir:/", "absolute" },
  { "maildir:", "absolute" },
  { "maildir:/a\nb", "absolute" },
};

START_TEST(url_good)
{
  struct fetch_url u;
  struct fault err = { 0 };
  ck_assert_msg(fetch_url_parse(pool, good_urls[_i].url, &u, &err) == ST_OK, "%s: %s", good_urls[_i].url, err.text);
  ck_assert_int_eq(u.kind, good_urls[_i].kind);
  ck_assert_int_eq(u.starttls, good_urls[_i].starttls);
  ck_assert_int_eq(u.port, good_urls[_i].port);
  ck_assert_pstr_eq(u.user, good_urls[_i].user);
  ck_assert_pstr_eq(u.host, good_urls[_i].host);
  ck_assert_pstr_eq(u.path, good_urls[_i].path);
}
END_TEST

START_TEST(url_bad)
{
  struct fetch_url u;
  struct fault err = { 0 };
  ck_assert_msg(fetch_url_parse(pool, bad_urls[_i].url, &u, &err) == ST_REJECT, "%s", bad_urls[_i].url);
  ck_assert_msg(strstr(err.text, bad_urls[_i].word) != NULL, "%s: %s", bad_urls[_i].url, err.text);
  ck_assert_ptr_null(strstr(err.text, "secret"));
}
END_TEST

/* ---- configuration ---- */

static struct wire_msg *config_msg(const char *url)
{
  struct wire_msg *m = wire_new(pool, WIRE_CONFIG, 0);
  wire_puts(m, FETCH_TAG_URL, url);
  return m;
}

START_TEST(config_defaults)
{
  struct fetch_config c;
  struct wire_msg *m = config_msg("imaps://a@host");
  wire_puts(m, FETCH_TAG_PASSWORD, "x");
  ck_assert_int_eq(fetch_config_read(pool, m, &c, NULL), ST_OK);
  ck_assert_uint_eq(c.folder_count, 1);
  ck_assert_str_eq(c.folders[0], "INBOX");
  ck_assert_int_eq(c.auth, FETCH_AUTH_PLAIN);
  ck_assert_uint_eq(c.max_size, 32u << 20);
  ck_assert(c.adopt && !c.once && !c.pin && !c.ca_file);
}
END_TEST

START_TEST(config_all)
{
  struct fetch_config c;
  struct wire_msg *m = config_msg("imaps://a@host");
  wire_puts(m, FETCH_TAG_PASSWORD_FILE, "/x");
  wire_puts(m, FETCH_TAG_AUTH, "OAUTHBEARER");
  wire_puts(m, FETCH_TAG_FINGERPRINT, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  wire_puts(m, FETCH_TAG_WATCH, "INBOX");
  wire_puts(m, FETCH_TAG_WATCH, "Vorg\xc3\xa4nge");
  wire_puti(m, FETCH_TAG_MAX_SIZE, INT64_MAX);
  wire_puti(m, FETCH_TAG_POLL_S, -5);
  wire_puti(m, FETCH_TAG_ONCE, 1);
  wire_puti(m, FETCH_TAG_ADOPT, 0);
  struct fault err = { 0 };
  ck_assert_msg(fetch_config_read(pool, m, &c, &err) == ST_OK, "%s", err.text);
  ck_assert_str_eq(c.pin, "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  ck_assert_int_eq(c.auth, FETCH_AUTH_OAUTHBEARER);
  ck_assert_uint_eq(c.folder_count, 2);
  ck_assert_uint_eq(c.max_size, WIRE_FIELD_MAX);
  ck_assert_int_eq(c.poll_s, 1);
  ck_assert(c.once && !c.adopt);
}
END_TEST

START_TEST(config_bad)
{
  static const struct {
    uint16_t tag;
    const char *value, *word;
  } bad[] = {
    { FETCH_TAG_AUTH, "cram-md5", "auth" },
    { FETCH_TAG_FINGERPRINT, "abcd", "tls_fingerprint" },
    { FETCH_TAG_FINGERPRINT, "sha256//!!", "tls_fingerprint" },
    { FETCH_TAG_WATCH, "", "folder" },
    { FETCH_TAG_WATCH, "a\r\nb", "folder" },
    { FETCH_TAG_WATCH, "\xff\xfe", "folder" },
  };
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    struct fetch_config c;
    struct fault err = { 0 };
    struct wire_msg *m = config_msg("imaps://a@host");
    wire_puts(m, FETCH_TAG_PASSWORD, "x");
    wire_puts(m, bad[i].tag, bad[i].value);
    ck_assert_int_eq(fetch_config_read(pool, m, &c, &err), ST_REJECT);
    ck_assert_msg(strstr(err.text, bad[i].word) != NULL, "%s", err.text);
  }
  struct fetch_config c;
  ck_assert_int_eq(fetch_config_read(pool, config_msg("imaps://a@host"), &c, NULL), ST_REJECT); /* no password */
  ck_assert_int_eq(fetch_config_read(pool, wire_new(pool, 1, 0), &c, NULL), ST_REJECT);         /* no URL */
}
END_TEST

START_TEST(password_sources)
{
  char *path = pool_printf(pool, "%s/secret", root);
  const char *got = NULL;
  struct fault err = { 0 };
  ck_assert_int_eq(file_replace(path, BYTES("first line\nsecond\n"), 0600, NULL), ST_OK);
  struct fetch_config c = { .password_file = path };
  ck_assert_int_eq(fetch_password(pool, &c, &got, &err), ST_OK);
  ck_assert_str_eq(got, "first line");
  ck_assert_int_eq(chmod(path, 0640), 0);
  ck_assert_int_ne(fetch_password(pool, &c, &got, &err), ST_OK);
  c = (struct fetch_config){ .password_command = "echo token" };
  ck_assert_int_eq(fetch_password(pool, &c, &got, &err), ST_OK);
  ck_assert_str_eq(got, "token");
  c = (struct fetch_config){ .password_command = "true" };
  ck_assert_int_eq(fetch_password(pool, &c, &got, &err), ST_DENIED);
}
END_TEST

/* ---- names ---- */

START_TEST(modified_utf7)
{
  static const char *const names[][2] = {
    { "INBOX", "INBOX" },
    { "A&B", "A&-B" },
    { "Vorg\xc3\xa4nge", "Vorg&AOQ-nge" },
    { "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
    { "\xf0\x9f\x94\x92", "&2D3dEg-" },
    { "\xc3\xa4&\xc3\xa4", "&AOQ-&-&AOQ-" },
    { "", "" },
  };
  for (size_t i = 0; i < ARRAY_LEN(names); i++)
    ck_assert_str_eq(imap_name_encode(pool, names[i][0]), names[i][1]);
}
END_TEST

START_TEST(maildir_names)
{
  ck_assert(maildir_name_ok("1700000000.M1P2.host"));
  static const char *const bad[] = { "", ".hidden", "..", "a/b", "a\nb", "a\x7f", "\x01" };
  for (size_t i = 0; i < ARRAY_LEN(bad); i++)
    ck_assert(!maildir_name_ok(bad[i]));
  ck_assert(!maildir_name_ok(pool_printf(pool, "%0*d", MAILDIR_NAME_MAX + 1, 0)));
  ck_assert_str_eq(maildir_folder_path(pool, "/m", "INBOX"), "/m");
  ck_assert_str_eq(maildir_folder_path(pool, "/m", "inbox"), "/m");
  ck_assert_str_eq(maildir_folder_path(pool, "/m", "Processed"), "/m/.Processed");
  ck_assert_str_eq(maildir_folder_path(pool, "/m", "A/B"), "/m/.A.B");
  static const char *const no_folder[] = { "", ".", "..", "../x", "/x", "a/../b", "a//b", "a/", "a.", "a\nb", ".x" };
  for (size_t i = 0; i < ARRAY_LEN(no_folder); i++)
    ck_assert_msg(maildir_folder_path(pool, "/m", no_folder[i]) == NULL, "%s", no_folder[i]);
}
END_TEST

START_TEST(line_ends)
{
  static const char *const cases[][2] = {
    { "a\nb\n", "a\r\nb\r\n" },
    { "a\r\nb\r\n", "a\r\nb\r\n" },
    { "a\r\nb\nc", "a\r\nb\r\nc" },
    { "\n\n", "\r\n\r\n" },
    { "a\rb\n", "a\rb\r\n" },
    { "\r\r\n\n", "\r\r\n\r\n" },
    { "", "" },
    { "none", "none" },
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    ck_assert(bytes_eq(maildir_to_crlf(pool, bytes_str(cases[i][0])), bytes_str(cases[i][1])));
  struct bytes nul = maildir_to_crlf(pool, BYTES("a\0\nb"));
  ck_assert(bytes_eq(nul, BYTES("a\0\r\nb")));
}
END_TEST

/* ---- the inbox ---- */

struct got {
  char offers[4096], gone[512];
  size_t offer_count, letter_count;
  uint64_t size;
  struct bytes body;
  bool has_body;
};

static void on_offer(void *self, const struct inbox_letter *l)
{
  struct got *g = self;
  ck_assert_int_eq(l->id.uidvalidity, 1);
  size_t len = strlen(g->offers);
  snprintf(g->offers + len, sizeof g->offers - len, "%s%s/%s", len ? " " : "", l->id.folder, l->id.uid);
  g->offer_count++;
}

static void on_letter(void *self, const struct inbox_letter *l, struct bytes body)
{
  struct got *g = self;
  g->letter_count++;
  g->size = l->size;
  g->has_body = body.p != NULL;
  g->body = pool_bytes_dup(pool, body);
}

static void on_gone(void *self, const struct inbox_id *id)
{
  struct got *g = self;
  snprintf(g->gone, sizeof g->gone, "%s", id->uid);
}

static const char *folders[] = { "INBOX", "Reports" };
static struct fetch_config config;
static struct inbox *box;
static struct got got;
static struct inbox_sink sink;

static void put(const char *path, const char *text)
{
  ck_assert_int_eq(file_replace(pool_printf(pool, "%s/%s", root, path), bytes_str(text), 0600, NULL), ST_OK);
}

/* Arrival at that second, so that order is known. */
static void put_at(const char *path, const char *text, time_t when)
{
  put(path, text);
  struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
  ck_assert_int_eq(utimensat(AT_FDCWD, pool_printf(pool, "%s/%s", root, path), times, 0), 0);
}

static bool there(const char *path)
{
  return file_exists(pool_printf(pool, "%s/%s", root, path));
}

static void make(const char *name)
{
  ck_assert_int_eq(dir_make(pool_printf(pool, "%s%s", root, name), 0700, NULL), ST_OK);
}

static void scan(void)
{
  struct fault err = { 0 };
  memset(&got, 0, sizeof got);
  ck_assert_int_eq(box->ops->open(box, &err), ST_OK);
  ck_assert_msg(box->ops->scan(box, &sink, &err) == ST_OK, "%s", err.text);
}

static enum status fetch(const char *uid, struct fault *err)
{
  const char *uids[] = { uid };
  struct inbox_want want = { .folder = "INBOX", .uidvalidity = 1, .uids = uids, .count = 1 };
  memset(&got, 0, sizeof got);
  enum status st = box->ops->fetch(box, &want, &sink, err);
  if (st == ST_OK)
    ck_assert_uint_eq(want.next, 1);
  return st;
}

static enum status settle(const char *uid, const char *target)
{
  struct inbox_id id = { "INBOX", 1, uid };
  return box->ops->settle(box, &id, target, NULL);
}

static void set_up(void)
{
  pool = pool_new("test");
  const char *tmp = getenv("TMPDIR");
  snprintf(root, sizeof root, "%s/fetch-XXXXXX", tmp ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(root));
  static const char *const parts[] = { "/new", "/cur", "/tmp" };
  for (size_t i = 0; i < ARRAY_LEN(parts); i++)
    make(parts[i]);
  config = (struct fetch_config){ .url = { .kind = FETCH_MAILDIR, .path = root },
                                  .folders = folders,
                                  .folder_count = 1,
                                  .max_size = 1000,
                                  .adopt = true,
                                  .poll_s = 60 };
  sink = (struct inbox_sink){ &got, on_offer, on_letter, on_gone };
  box = inbox_maildir_new(&config);
}

static void tear_down(void)
{
  inbox_freep(&box);
  ck_assert_int_eq(system(pool_printf(pool, "rm -rf '%s'", root)), 0);
  pool_free(&pool);
}

START_TEST(offers_in_order_of_arrival_and_once)
{
  put_at("new/c", "x", 100);
  put_at("cur/a:2,S", "x", 300);
  put_at("new/b", "x", 200);
  scan();
  ck_assert_str_eq(got.offers, "INBOX/c INBOX/b INBOX/a");
  scan();
  ck_assert_str_eq(got.offers, "");
  put("new/d", "x");
  ck_assert_int_eq(rename(pool_printf(pool, "%s/new/c", root), pool_printf(pool, "%s/cur/c:2,RS", root)), 0);
  scan();
  ck_assert_str_eq(got.offers, "INBOX/d"); /* a letter that another program moved is still the same one */
}
END_TEST

START_TEST(offers_only_letters)
{
  put("new/.hidden", "x");
  put("cur/trashed:2,ST", "x");
  put("cur/Tree:2,S", "x");
  put("outside", "secret");
  make("/new/folder");
  ck_assert_int_eq(symlink("../outside", pool_printf(pool, "%s/new/link", root)), 0);
  ck_assert_int_eq(mkfifo(pool_printf(pool, "%s/new/fifo", root), 0600), 0);
  scan();
  ck_assert_str_eq(got.offers, "INBOX/Tree");
}
END_TEST

START_TEST(never_opens_what_is_no_file)
{
  put("outside", "secret");
  ck_assert_int_eq(symlink("../outside", pool_printf(pool, "%s/new/link", root)), 0);
  ck_assert_int_eq(mkfifo(pool_printf(pool, "%s/cur/fifo:2,", root), 0600), 0);
  static const char *const uids[] = { "link", "fifo", "../outside", "..", "nothing", "" };
  for (size_t i = 0; i < ARRAY_LEN(uids); i++) {
    ck_assert_int_eq(fetch(uids[i], NULL), ST_OK);
    ck_assert_uint_eq(got.letter_count, 0);
    ck_assert_str_eq(got.gone, uids[i]);
  }
  ck_assert_int_eq(settle("../outside", "Processed"), ST_REJECT);
  ck_assert(there("outside"));
}
END_TEST

START_TEST(fetches_from_both_halves)
{
  put("new/a", "Subject: a\n\nx\n");
  put("cur/b:2,FS", "Subject: b\r\n\r\nx\r\n");
  ck_assert_int_eq(fetch("a", NULL), ST_OK);
  ck_assert(bytes_eq(got.body, BYTES("Subject: a\r\n\r\nx\r\n")));
  ck_assert_int_eq(fetch("b", NULL), ST_OK);
  ck_assert(bytes_eq(got.body, BYTES("Subject: b\r\n\r\nx\r\n")));
  ck_assert(there("new/a") && there("cur/b:2,FS")); /* nothing was touched */
  put("new/empty", "");
  ck_assert_int_eq(fetch("empty", NULL), ST_OK);
  ck_assert(got.has_body && got.body.len == 0);
}
END_TEST

START_TEST(oversize_is_offered_not_sent)
{
  put("new/big", pool_printf(pool, "%01001d", 0));
  put("new/fits", pool_printf(pool, "%01000d", 0));
  scan();
  ck_assert_uint_eq(got.offer_count, 2);
  ck_assert_int_eq(fetch("big", NULL), ST_OK);
  ck_assert(got.letter_count == 1 && !got.has_body && got.size == 1001);
  ck_assert_int_eq(fetch("fits", NULL), ST_OK);
  ck_assert(got.has_body && got.body.len == 1000);
}
END_TEST

START_TEST(unreadable_is_reject)
{
  if (geteuid() == 0)
    return; /* root reads everything: the ordinary-user run of the suite covers it */
  put("new/a", "x");
  ck_assert_int_eq(chmod(pool_printf(pool, "%s/new/a", root), 0), 0);
  ck_assert_int_eq(fetch("a", NULL), ST_REJECT);
}
END_TEST

START_TEST(settles_by_moving)
{
  put("new/a", "x");
  put("cur/b:2,FR", "x");
  ck_assert_int_eq(settle("a", "Processed"), ST_OK);
  ck_assert(there(".Processed/cur/a:2,S") && there(".Processed/new") && there(".Processed/tmp") &&
            there(".Processed/maildirfolder") && !there("new/a"));
  ck_assert_int_eq(settle("a", "Processed"), ST_OK); /* again: it is no longer there */
  ck_assert_int_eq(settle("b", "Quarantine"), ST_OK);
  ck_assert(there(".Quarantine/cur/b:2,FRS"));
  scan();
  ck_assert_str_eq(got.offers, "");
}
END_TEST

START_TEST(settles_by_flag)
{
  put("new/a", "x");
  put("cur/b:2,F", "x");
  put("cur/c:2,S", "x");
  ck_assert_int_eq(settle("a", ""), ST_OK);
  ck_assert_int_eq(settle("b", ""), ST_OK);
  ck_assert_int_eq(settle("c", ""), ST_OK);
  ck_assert_int_eq(settle("c", "INBOX"), ST_OK);
  ck_assert(there("cur/a:2,S") && there("cur/b:2,FS") && there("cur/c:2,S"));
}
END_TEST

START_TEST(settle_refuses_bad_targets)
{
  put("new/a", "x");
  static const char *const bad[] = { "../x", "..", ".x", "a//b", "a\nb" };
  for (size_t i = 0; i < ARRAY_LEN(bad); i++)
    ck_assert_int_eq(settle("a", bad[i]), ST_REJECT);
  ck_assert(there("new/a"));
  config.adopt = false;
  ck_assert_int_eq(settle("a", "Processed"), ST_REJECT);
  ck_assert(!there(".Processed") && there("new/a"));
}
END_TEST

START_TEST(several_folders)
{
  inbox_freep(&box);
  config.folder_count = 2;
  box = inbox_maildir_new(&config);
  put("new/a", "x");
  struct fault err = { 0 };
  memset(&got, 0, sizeof got);
  ck_assert_int_eq(box->ops->open(box, &err), ST_OK);
  ck_assert_int_eq(box->ops->scan(box, &sink, &err), ST_REJECT); /* Reports is missing, INBOX is read all the same */
  ck_assert_str_eq(got.offers, "INBOX/a");
  ck_assert_msg(strstr(err.text, "Reports") != NULL, "%s", err.text);
  make("/.Reports");
  make("/.Reports/new");
  make("/.Reports/cur");
  put(".Reports/new/a", "x"); /* the same base name in another folder is another letter */
  scan();
  ck_assert_str_eq(got.offers, "Reports/a");
}
END_TEST

START_TEST(missing_maildir_is_told)
{
  inbox_freep(&box);
  config.url.path = "/nonexistent/mail";
  box = inbox_maildir_new(&config);
  struct fault err = { 0 };
  ck_assert_int_eq(box->ops->open(box, &err), ST_RETRY);
  ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/mail"));
}
END_TEST

START_TEST(wakes_on_delivery_and_on_the_core)
{
  int ends[2];
  bool news = true;
  ck_assert_int_eq(pipe(ends), 0);
  scan();
  ck_assert_int_eq(box->ops->wait(box, ends[0], 10, &news, NULL), ST_OK);
  ck_assert(!news);
  put("tmp/a", "x");
  ck_assert_int_eq(rename(pool_printf(pool, "%s/tmp/a", root), pool_printf(pool, "%s/new/a", root)), 0);
  ck_assert_int_eq(box->ops->wait(box, ends[0], 10000, &news, NULL), ST_OK);
  ck_assert(news);
  ck_assert_int_eq(write(ends[1], "x", 1), 1);
  ck_assert_int_eq(box->ops->wait(box, ends[0], 10000, &news, NULL), ST_OK);
  ck_assert(!news);
  close(ends[0]);
  close(ends[1]);
}
END_TEST

START_TEST(check_counts)
{
  put("new/a", "x");
  put("cur/b:2,S", "x");
  char *line = NULL;
  ck_assert_int_eq(box->ops->check(box, pool, &line, NULL), ST_OK);
  ck_assert_ptr_nonnull(strstr(line, "2 letters"));
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("fetch");
  TCase *t = tcase_create("configuration");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, url_good, 0, (int)ARRAY_LEN(good_urls));
  tcase_add_loop_test(t, url_bad, 0, (int)ARRAY_LEN(bad_urls));
  tcase_add_test(t, config_defaults);
  tcase_add_test(t, config_all);
  tcase_add_test(t, config_bad);
  tcase_add_test(t, password_sources);
  suite_add_tcase(s, t);
  t = tcase_create("names");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_test(t, modified_utf7);
  tcase_add_test(t, maildir_names);
  tcase_add_test(t, line_ends);
  suite_add_tcase(s, t);
  t = tcase_create("maildir");
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_set_timeout(t, 30);
  tcase_add_test(t, offers_in_order_of_arrival_and_once);
  tcase_add_test(t, offers_only_letters);
  tcase_add_test(t, never_opens_what_is_no_file);
  tcase_add_test(t, fetches_from_both_halves);
  tcase_add_test(t, oversize_is_offered_not_sent);
  tcase_add_test(t, unreadable_is_reject);
  tcase_add_test(t, settles_by_moving);
  tcase_add_test(t, settles_by_flag);
  tcase_add_test(t, settle_refuses_bad_targets);
  tcase_add_test(t, several_folders);
  tcase_add_test(t, missing_maildir_is_told);
  tcase_add_test(t, wakes_on_delivery_and_on_the_core);
  tcase_add_test(t, check_counts);
  suite_add_tcase(s, t);
  return s;
}

int main(void)
{
  SRunner *r = srunner_create(suite());
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? 1 : 0;
}
