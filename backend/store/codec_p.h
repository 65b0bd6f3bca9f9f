/* Bounded writing and reading of big-endian fields, private to backend/store.
 *
 * Writers append to a struct store_buf and are sticky by their return value (0 or PTRD_ENOMEM).
 * The reader (struct scan) is sticky by itself: a read beyond the end sets bad and gives zeros, so
 * a decoder reads everything and checks once, by scan_end. */
#ifndef PTRD_STORE_CODEC_P_H
#define PTRD_STORE_CODEC_P_H

#include "ptrd/store/records.h"

#include <string.h>

/* Room for extra more bytes. */
PTRD_CHECKED int buf_reserve(struct store_buf *buf, size_t extra) PTRD_NONNULL;
PTRD_CHECKED int buf_put(struct store_buf *buf, const void *bytes, size_t len) PTRD_NONNULL_ARGS(1);
PTRD_CHECKED int buf_put_int(struct store_buf *buf, u128 value, unsigned octets) PTRD_NONNULL;
/* 16-bit length and the bytes; PTRD_ELIMIT over 65535. */
PTRD_CHECKED int buf_put_item(struct store_buf *buf, const void *bytes, size_t len)
    PTRD_NONNULL_ARGS(1);
PTRD_CHECKED int buf_put_key(struct store_buf *buf, const struct name *name) PTRD_NONNULL;
/* Family and the 4 or 16 octets of the number. */
PTRD_CHECKED int buf_put_addr(struct store_buf *buf, const struct addr *addr) PTRD_NONNULL;

unsigned family_octets(enum family family);
bool family_known(u128 octet);

struct scan {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct scan scan_begin(struct span s)
{
    return (struct scan){.at = s.bytes, .end = s.bytes + s.len, .bad = false};
}

static inline size_t scan_left(const struct scan *s)
{
    return (size_t)(s->end - s->at);
}

/* len bytes; empty and bad when there are fewer. */
static inline struct span scan_bytes(struct scan *s, size_t len)
{
    struct span out = {.bytes = s->at, .len = 0};
    if (s->bad || scan_left(s) < len) {
        s->bad = true;
        return out;
    }
    out.len = len;
    s->at += len;
    return out;
}

static inline u128 scan_int(struct scan *s, unsigned octets)
{
    struct span bytes = scan_bytes(s, octets);
    u128 value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.bytes[i];
    return value;
}

/* A 16-bit length and that many bytes. */
static inline struct span scan_item(struct scan *s)
{
    return scan_bytes(s, (size_t)scan_int(s, 2));
}

/* As buf_put_addr wrote it. */
void scan_addr(struct scan *s, struct addr *out) PTRD_NONNULL;

/* Its length is one of the family's and host bits are 0. */
static inline bool prefix_sound(const struct prefix *p)
{
    unsigned bits = family_bits(p->family);
    return p->len <= bits && !(p->num & low_bits(bits - p->len));
}

/* Everything was read and nothing was missing. */
static inline bool scan_end(const struct scan *s)
{
    return !s->bad && s->at == s->end;
}

/* Length of the wire name at the head of bytes (RFC 1035 3.1: labels of 1..63 octets, 255 in all),
 * 0 when there is none. */
size_t wire_length(const uint8_t *bytes, size_t len);

#define TTL_MAX_S 0x7fffffffu /* RFC 2181 8 */
#define STORE_FLAGS_KNOWN 7   /* all of enum block_flags */

#endif
