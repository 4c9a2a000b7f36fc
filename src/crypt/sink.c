/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypt/sink: plaintext comes out of gpg before its error does, so it is collected here and dropped unless everything
 * was right. One reservation of address space: it never moves, so no stale copy lies about. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "crypt_private.h"

enum status crypt_sink_open(struct crypt_sink *s, size_t cap, struct fault *err)
{
  *s = (struct crypt_sink){ .cap = cap };
  void *p = mmap(NULL, cap + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    return fault(err, ST_RETRY, "no memory for %zu bytes: %s", cap, strerror(errno));
  (void)madvise(p, cap + 1, MADV_DONTDUMP);
  (void)madvise(p, cap + 1, MADV_NOHUGEPAGE); /* most letters fill three pages: no 2 MiB to clear and to wipe */
  s->base = p;
  return ST_OK;
}

void crypt_sink_close(struct crypt_sink *s)
{
  if (s->base) {
    explicit_bzero(s->base, s->len);
    munmap(s->base, s->cap + 1);
  }
  *s = (struct crypt_sink){ 0 };
}

void crypt_sink_clear(struct crypt_sink *s)
{
  explicit_bzero(s->base, s->len);
  s->len = 0;
}

struct bytes crypt_sink_bytes(const struct crypt_sink *s)
{
  return (struct bytes){ s->base, s->len };
}

static ssize_t sink_write(void *self, const void *buffer, size_t size)
{
  struct crypt_sink *s = self;
  if (s->over || size > s->cap - s->len) {
    /* gpgme cannot end its gpg, which would go on unpacking for many seconds. */
    s->over = true;
    crypt_reaper_kill_gpg();
    errno = EFBIG;
    return -1;
  }
  memcpy(s->base + s->len, buffer, size);
  s->len += size;
  return (ssize_t)size;
}

/* A large buffer is faster for large data, and slower for small: it is allocated, cleared and wiped each time. */
static void prepare(gpgme_data_t data, bool large)
{
  if (large)
    (void)gpgme_data_set_flag(data, "io-buffer-size", "65536");
  (void)gpgme_data_set_flag(data, "sensitive", "1");
}

static struct gpgme_data_cbs sink_cbs = { .write = sink_write };

gpgme_data_t crypt_data_out(struct crypt_sink *sink)
{
  gpgme_data_t data = NULL;
  if (gpgme_data_new_from_cbs(&data, &sink_cbs, sink))
    return NULL;
  prepare(data, sink->large);
  return data;
}

gpgme_data_t crypt_data_in(struct bytes b)
{
  gpgme_data_t data = NULL;
  if (gpgme_data_new_from_mem(&data, b.p ? b.p : "", b.len, 0))
    return NULL;
  prepare(data, b.len > CRYPT_LARGE);
  return data;
}

void crypt_data_freep(gpgme_data_t *data)
{
  if (*data)
    gpgme_data_release(*data);
  *data = NULL;
}
