#include "spool.h"

#include "ptrd/core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the file system has no files without a name. */
static int named_file(const char *dir)
{
    char *path = NULL;
    if (asprintf(&path, "%s/.ptrd-sort-XXXXXX", dir) < 0)
        return PTRD_ENOMEM;
    int fd = mkostemp(path, O_CLOEXEC);
    int err = -errno;
    if (fd >= 0)
        (void)unlink(path);
    free(path);
    return fd >= 0 ? fd : err;
}

int spool_file(const char *dir)
{
    if (mkdir(dir, 0750) && errno != EEXIST)
        return -errno;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    return errno == EOPNOTSUPP || errno == EISDIR ? named_file(dir) : -errno;
}

int spool_writer_init(struct spool_writer *w, int fd, uint64_t at)
{
    *w = (struct spool_writer){.fd = fd, .at = at, .buf = malloc(SPOOL_BUFFER)};
    return w->buf ? 0 : PTRD_ENOMEM;
}

int spool_flush(struct spool_writer *w)
{
    for (size_t done = 0; done < w->len;) {
        ssize_t n = pwrite(w->fd, w->buf + done, w->len - done, (off_t)(w->at + done));
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    w->at += w->len;
    w->len = 0;
    return 0;
}

void spool_writer_done(struct spool_writer *w)
{
    free(w->buf);
    w->buf = NULL;
}

int spool_reader_init(struct spool_reader *r, int fd, uint64_t at, uint64_t end, size_t capacity)
{
    *r = (struct spool_reader){
        .fd = fd, .at = at, .end = end, .capacity = capacity, .buf = malloc(capacity)};
    return r->buf ? 0 : PTRD_ENOMEM;
}

int spool_fill(struct spool_reader *r, size_t len)
{
    memmove(r->buf, r->buf + r->from, r->len - r->from);
    r->len -= r->from;
    r->from = 0;
    while (r->len < len) {
        size_t room = r->capacity - r->len;
        size_t want = r->end - r->at < room ? (size_t)(r->end - r->at) : room;
        ssize_t n = want ? pread(r->fd, r->buf + r->len, want, (off_t)r->at) : 0;
        if (n == 0)
            return PTRD_ECORRUPT;
        if (n < 0 && errno != EINTR)
            return -errno;
        r->len += n > 0 ? (size_t)n : 0;
        r->at += n > 0 ? (uint64_t)n : 0;
    }
    return 0;
}

void spool_reader_done(struct spool_reader *r)
{
    free(r->buf);
    r->buf = NULL;
}
