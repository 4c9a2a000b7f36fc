/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site/check: one CSAF document with all that belongs to it; signatures, keys, security.txt. */
#include <config.h>

#include <embargod/secret.h>
#include <string.h>

#include "site_check_private.h"

#define DAY 86400
#define EXPIRY_SOON (14 * DAY)
#define EXPIRY_FAR (366 * DAY) /* RFC 9116, section 2.5.5: less than a year into the future */

static const char *at(const json_t *j, const char *dotted)
{
  char key[64];
  while (j && *dotted) {
    size_t len = strcspn(dotted, ".");
    memcpy(key, dotted, len);
    key[len] = '\0';
    j = json_object_get(j, key);
    dotted += len + (dotted[len] == '.');
  }
  return j && json_is_string(j) ? json_string_value(j) : "";
}

static const char *base(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static const char *without(struct pool *pool, const char *path, size_t suffix)
{
  return pool_strndup(pool, path, strlen(path) - suffix);
}

/* ---- the document against its place: 7.1.2, 7.1.4, 7.1.11 ---- */
static void check_place(struct site_checker *c, const char *path, const json_t *doc)
{
  const char *id = at(doc, "document.tracking.id"), *first = at(doc, "document.tracking.initial_release_date");
  const char *last = at(doc, "document.tracking.current_release_date");
  int64_t first_at, last_at;
  if (strcmp(base(path), advisory_csaf_name(c->brief, id)) != 0)
    SITE_FAULT(c, path, "the name of the file is not that of the id %s", id);
  if (site_check_time(c, path, "initial_release_date", first, &first_at) &&
      strcmp(path, site_csaf_path(c->brief, id, first_at)) != 0)
    SITE_FAULT(c, path, "it is not in the folder of its year, %.4s", first);
  if (site_check_time(c, path, "current_release_date", last, &last_at) && last_at < first_at)
    SITE_FAULT(c, path, "its last version is older than the first one");
  if (strcmp(at(doc, "document.distribution.tlp.label"), "WHITE") != 0)
    SITE_FAULT(c, path, "it is TLP:%s and not for everybody", at(doc, "document.distribution.tlp.label"));
  if (strcmp(at(doc, "document.tracking.status"), "final") != 0)
    SITE_FAULT(c, path, "it is no final document");
  static const char *const pages[] = { ".html", ".txt", ".txt.asc" };
  for (size_t i = 0; i < ARRAY_LEN(pages); i++)
    if (!site_check_has(c, site_page_path(c->brief, id, pages[i])))
      SITE_FAULT(c, path, "%s is missing", site_page_path(c->brief, id, pages[i]));
  if (c->provider && !json_equal(json_object_get(c->provider, "publisher"),
                                 json_object_get(json_object_get(doc, "document"), "publisher")))
    SITE_WARN(c, path, "its publisher is not that of " SITE_PROVIDER); /* 7.1.7 */
}

/* ---- against the lists ---- */
static bool has_link(const json_t *e, const char *rel, const char *href)
{
  size_t i;
  json_t *l;
  json_array_foreach(json_object_get(e, "link"), i,
                     l) if (!strcmp(at(l, "rel"), rel) && !strcmp(at(l, "href"), href)) return true;
  return false;
}

/* Of a build's feed only its line is parsed. New; NULL: there is none, or it is no JSON. */
static json_t *entry_line(struct site_checker *c, const char *path)
{
  const char *src = pool_printf(c->brief, "\"src\": \"%s/%s\"", c->url, path);
  size_t from = bytes_find(c->lines, bytes_str(src), 0);
  if (from == SIZE_MAX)
    return NULL;
  while (from && c->lines.p[from - 1] != '\n')
    from--;
  struct bytes line = bytes_sub(c->lines, from, SIZE_MAX);
  size_t end = bytes_find(line, BYTES("\n"), 0);
  line = bytes_sub(line, 0, end);
  return json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
}

static json_t *entry_of(struct site_checker *c, const char *path)
{
  if (c->built)
    return entry_line(c, path);
  const struct site_item *item = site_set_find(&c->entries, path);
  const json_t *list = json_object_get(json_object_get(c->feed, "feed"), "entry");
  return item ? json_incref(json_array_get(list, item->number - 1)) : NULL;
}

static void check_entry(struct site_checker *c, const char *path, const json_t *doc)
{
  static const struct {
    const char *rel, *suffix;
  } links[] = { { "self", "" }, { "hash", ".sha256" }, { "hash", ".sha512" }, { "signature", ".asc" } };
  static const char *const same[][2] = { { "id", "document.tracking.id" },
                                         { "published", "document.tracking.initial_release_date" },
                                         { "updated", "document.tracking.current_release_date" } };
  json_t *e = entry_of(c, path);
  if (!e) {
    SITE_FAULT(c, path, "it is not in the feed");
    return;
  }
  for (size_t i = 0; i < ARRAY_LEN(links); i++)
    if (!has_link(e, links[i].rel, pool_printf(c->brief, "%s/%s%s", c->url, path, links[i].suffix)))
      SITE_FAULT(c, path, "the feed does not link %s%s as %s", path, links[i].suffix, links[i].rel);
  for (size_t i = 0; i < ARRAY_LEN(same); i++)
    if (strcmp(at(e, same[i][0]), at(doc, same[i][1])) != 0)
      SITE_FAULT(c, path, "the feed says %s %s, the document %s", same[i][0], at(e, same[i][0]), at(doc, same[i][1]));
  json_decref(e);
}

static void check_listed(struct site_checker *c, const char *path, const json_t *doc)
{
  const char *last = at(doc, "document.tracking.current_release_date");
  const struct site_item *change = site_set_find(&c->changes, path);
  if (!site_set_find(&c->index, path))
    SITE_FAULT(c, path, "it is not in index.txt");
  if (!change)
    SITE_FAULT(c, path, "it is not in changes.csv");
  else if (strcmp(c->change[change->number - 1], last) != 0)
    SITE_FAULT(c, path, "changes.csv says %s, the document %s", c->change[change->number - 1], last);
  if (c->feed || c->built)
    check_entry(c, path, doc);
}

/* ---- hashes and signature: 7.1.18, 7.1.19 ---- */
static void check_hash(struct site_checker *c, const char *path, struct bytes doc, bool longer)
{
  unsigned char digest[64];
  struct bytes b;
  if (longer)
    sha512_digest(digest, doc);
  else
    sha256_digest(digest, doc);
  const char *file = pool_printf(c->brief, "%s.%s", path, longer ? "sha512" : "sha256");
  const char *hex = hex_encode(c->brief, (struct bytes){ (const char *)digest, longer ? 64 : 32 });
  if (site_check_read(c, file, &b) && !bytes_eq(b, bytes_str(pool_printf(c->brief, "%s  %s\n", hex, base(path)))))
    SITE_FAULT(c, file, "it is not the hash of %s", base(path));
}

static bool armored(struct bytes b, const char *what)
{
  return bytes_starts(b, bytes_str(what)) && bytes_find(b, BYTES("\n-----END PGP "), 0) != SIZE_MAX;
}

void site_check_document(struct site_checker *c, const char *path)
{
  struct advisory_fault f;
  struct bytes b, signature;
  if (!site_check_read(c, path, &b))
    return;
  if (advisory_csaf_fault(c->brief, b, &f))
    SITE_FAULT(c, path, "no valid CSAF document: %s (test %s of CSAF 2.0, section 6.1): %s", f.path, f.test, f.why);
  check_hash(c, path, b, false);
  check_hash(c, path, b, true);
  if (site_check_read(c, pool_printf(c->brief, "%s.asc", path), &signature))
    site_check_signature(c, pool_printf(c->brief, "%s.asc", path), b, signature);
  json_t *doc = json_loadb(b.p, b.len, 0, NULL);
  if (!doc)
    return; /* the fault above says so */
  check_place(c, path, doc);
  check_listed(c, path, doc);
  json_decref(doc);
}

/* What belongs to no document. */
static bool of_document(struct site_checker *c, const char *path)
{
  const char *doc = without(c->brief, path, strlen(strrchr(path, '.')));
  if (!site_check_has(c, doc))
    SITE_FAULT(c, path, "%s is missing", doc);
  return site_check_has(c, doc);
}

void site_check_hash(struct site_checker *c, const char *path)
{
  of_document(c, path);
}

void site_check_armor(struct site_checker *c, const char *path)
{
  struct bytes b;
  if (of_document(c, path) && site_check_read(c, path, &b) && !armored(b, "-----BEGIN PGP SIGNATURE-----"))
    SITE_FAULT(c, path, "no armored signature");
}

static bool clear_signed(struct bytes b)
{
  return armored(b, "-----BEGIN PGP SIGNED MESSAGE-----") &&
         bytes_find(b, BYTES("\n-----BEGIN PGP SIGNATURE-----"), 0) != SIZE_MAX;
}

/* ---- clear-signed text; the key ---- */
void site_check_signed_text(struct site_checker *c, const char *path)
{
  struct bytes b;
  if (!of_document(c, path) || !site_check_read(c, path, &b))
    return;
  if (clear_signed(b))
    site_check_signature(c, path, b, (struct bytes){ 0 });
  else
    SITE_FAULT(c, path, "no clear-signed text");
}

void site_check_key(struct site_checker *c, const char *path)
{
  struct bytes b;
  if (site_check_read(c, path, &b) && !armored(b, "-----BEGIN PGP PUBLIC KEY BLOCK-----"))
    SITE_FAULT(c, path, "no armored public key");
}

/* .well-known/openpgpkey/[DOMAIN/](policy|hu/HASH) */
void site_check_wkd(struct site_checker *c, const char *path)
{
  struct bytes b;
  const char *hu = strstr(path, "/hu/");
  if (!hu) {
    if (strcmp(base(path), "policy") != 0)
      SITE_WARN(c, path, "nothing of a Web Key Directory");
    return;
  }
  if (!site_check_has(c, pool_printf(c->brief, "%s/policy", pool_strndup(c->brief, path, (size_t)(hu - path)))))
    SITE_FAULT(c, path, "there is no policy file");
  if (strlen(hu + 4) != 32 || strspn(hu + 4, "ybndrfg8ejkmcpqxot1uwisza345h769") != 32)
    SITE_FAULT(c, path, "its name is no hash of an address");
  if (site_check_read(c, path, &b) && (!b.len || !((unsigned char)b.p[0] & 0x80))) /* RFC 9580, section 4.2 */
    SITE_FAULT(c, path, "no binary key");
}

/* ---- security.txt: RFC 9116 ---- */
static size_t fields(struct pool *pool, struct bytes text, const char *name, const char **first)
{
  struct bytes rest = text, line;
  size_t n = 0;
  const char *head = pool_printf(pool, "%s: ", name);
  *first = "";
  while (bytes_next_line(&rest, &line) && !bytes_starts(line, BYTES("-----BEGIN PGP SIGNATURE-----")))
    if (bytes_istarts(line, bytes_str(head)) && !n++)
      *first = pool_str(pool, bytes_trim(bytes_sub(line, strlen(head), SIZE_MAX)));
  return n;
}

static void check_expiry(struct site_checker *c, struct bytes b)
{
  const char *text;
  int64_t until = 0;
  size_t n = fields(c->brief, b, "Expires", &text);
  if (n != 1 || !time_parse(text, 0, 0, NULL, &until))
    SITE_FAULT(c, SITE_SECURITY, "it has no one date of expiry");
  else if (until <= c->now)
    SITE_FAULT(c, SITE_SECURITY, "it expired on %s", text);
  else if (until - c->now < EXPIRY_SOON)
    SITE_WARN(c, SITE_SECURITY, "it expires in %d days", (int)((until - c->now) / DAY));
  else if (until - c->now > EXPIRY_FAR)
    SITE_WARN(c, SITE_SECURITY, "it expires in more than a year");
}

void site_check_security(struct site_checker *c)
{
  struct bytes b;
  const char *text;
  if (!site_check_read(c, SITE_SECURITY, &b))
    return;
  if (clear_signed(b))
    site_check_signature(c, SITE_SECURITY, b, (struct bytes){ 0 });
  else
    SITE_FAULT(c, SITE_SECURITY, "it is not signed");
  check_expiry(c, b);
  if (!fields(c->brief, b, "Contact", &text))
    SITE_FAULT(c, SITE_SECURITY, "it has no contact");
  if (!fields(c->brief, b, "CSAF", &text) || strcmp(text, pool_printf(c->brief, "%s/" SITE_PROVIDER, c->url)) != 0)
    SITE_FAULT(c, SITE_SECURITY, "its CSAF field is not the address of " SITE_PROVIDER);
  if (!fields(c->brief, b, "Canonical", &text) || strcmp(text, pool_printf(c->brief, "%s/" SITE_SECURITY, c->url)) != 0)
    SITE_FAULT(c, SITE_SECURITY, "its Canonical field is not its address");
  if (fields(c->brief, b, "Encryption", &text) && site_check_link(c, text))
    SITE_FAULT(c, SITE_SECURITY, "the key %s %s", text, site_check_link(c, text));
}
