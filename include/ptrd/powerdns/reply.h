/* Text for PowerDNS under construction: a growing buffer with a sticky error.
 *
 * Puts after an error do nothing that counts: reply->error is looked at once, at the end, and a
 * reply with an error is never sent. The buffer is kept from request to request. Names and contents
 * are written as the inside of JSON strings, every byte part of valid JSON whatever their octets
 * are; with `bare` set, as they are for a program's own strings, printable ASCII. One thread a
 * reply. */
#ifndef PTRD_POWERDNS_REPLY_H
#define PTRD_POWERDNS_REPLY_H

#include <string.h>

#include "ptrd/resolve/resolve.h"

#define REPLY_MAX (1u << 30) /* bytes of one reply */

struct reply {
    char *bytes;
    size_t len, capacity;
    int error;
    bool bare;
};

/* Frees the memory; `bare` is left. */
void reply_done(struct reply *r) PTRD_NONNULL;

/* Empties it; gives back the memory of an unusually large reply. */
void reply_reset(struct reply *r) PTRD_NONNULL;

/* Makes room for n more bytes. False sets the error (PTRD_ENOMEM, PTRD_ELIMIT). */
bool reply_grow(struct reply *r, size_t n) PTRD_NONNULL;

static inline bool reply_room(struct reply *r, size_t n)
{
    return (n <= r->capacity - r->len && !r->error) || reply_grow(r, n);
}

static inline void reply_put(struct reply *r, const char *text, size_t n)
{
    if (!reply_room(r, n))
        return;
    memcpy(r->bytes + r->len, text, n);
    r->len += n;
}

#define REPLY_LITERAL(r, text) reply_put((r), "" text, sizeof(text) - 1)

void reply_number(struct reply *r, uint64_t number) PTRD_NONNULL;

/* Record content: octets beyond printable ASCII in the `\DDD` form of RFC 1035 5.1. */
void reply_content(struct reply *r, struct span content) PTRD_NONNULL;
/* A wire name in presentation form with its final dot. PTRD_ECORRUPT (sticky) if it is none. */
void reply_name(struct reply *r, struct span wire) PTRD_NONNULL;

/* The content of a row, and the name of a type, as PowerDNS takes them. */
void reply_row_content(struct reply *r, const struct row *row) PTRD_NONNULL;
void reply_type(struct reply *r, uint16_t type) PTRD_NONNULL;

#endif
