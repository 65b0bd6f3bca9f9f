/* Files that nobody else sees: octets appended once and then read in order, private to
 * admin/source. They have no name (O_TMPFILE, or unlinked as soon as they are made), so that no end
 * of the process leaves one behind. */
#ifndef PTRD_SOURCE_SPOOL_H
#define PTRD_SOURCE_SPOOL_H

#include "ptrd/core/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define SPOOL_BUFFER ((size_t)256 << 10)

/* A descriptor or -errno. The directory is made if it is missing. */
PTRD_CHECKED int spool_file(const char *dir) PTRD_NONNULL;

struct spool_writer {
    int fd;
    uint64_t at; /* where buf begins in the file */
    size_t len;
    uint8_t *buf; /* SPOOL_BUFFER octets */
};

/* From offset at on; the buffer is malloc'ed: PTRD_ENOMEM. */
PTRD_CHECKED int spool_writer_init(struct spool_writer *w, int fd, uint64_t at) PTRD_NONNULL;
PTRD_CHECKED int spool_flush(struct spool_writer *w) PTRD_NONNULL;
void spool_writer_done(struct spool_writer *w) PTRD_NONNULL;

/* Room for len octets (at most SPOOL_BUFFER) in the buffer, to be filled at once. NULL: *err says
 * why. */
static inline uint8_t *spool_room(struct spool_writer *w, size_t len, int *err)
{
    if (len > SPOOL_BUFFER - w->len && (*err = spool_flush(w)) < 0)
        return NULL;
    uint8_t *room = w->buf + w->len;
    w->len += len;
    return room;
}

struct spool_reader {
    int fd;
    uint64_t at, end; /* of the file: what is not yet in buf */
    size_t from, len; /* of buf: what is not yet taken */
    size_t capacity;
    uint8_t *buf;
};

/* The octets [at, end) of a file; capacity: the most that spool_need is asked for, and more reads
 * faster. */
PTRD_CHECKED int spool_reader_init(struct spool_reader *r, int fd, uint64_t at, uint64_t end,
                                   size_t capacity) PTRD_NONNULL;
/* Makes sure that buf[from..) has len octets; returns 0, PTRD_ECORRUPT (fewer are left) or -errno.
 */
PTRD_CHECKED int spool_fill(struct spool_reader *r, size_t len) PTRD_NONNULL;
void spool_reader_done(struct spool_reader *r) PTRD_NONNULL;

static inline int spool_need(struct spool_reader *r, size_t len)
{
    return r->len - r->from >= len ? 0 : spool_fill(r, len);
}

static inline bool spool_at_end(const struct spool_reader *r)
{
    return r->from == r->len && r->at == r->end;
}

#endif
