#include "codec_p.h"

#include <stdlib.h>

void store_buf_done(struct store_buf *buf)
{
    free(buf->bytes);
    *buf = (struct store_buf){0};
}

int buf_reserve(struct store_buf *buf, size_t extra)
{
    if (extra <= buf->capacity - buf->len)
        return 0;
    if (extra > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4)
        return PTRD_ENOMEM;
    size_t capacity = buf->capacity < 128 ? 128 : buf->capacity * 2;
    if (capacity < buf->len + extra)
        capacity = buf->len + extra;
    uint8_t *bytes = realloc(buf->bytes, capacity);
    if (!bytes)
        return PTRD_ENOMEM;
    buf->bytes = bytes;
    buf->capacity = capacity;
    return 0;
}

int buf_put(struct store_buf *buf, const void *bytes, size_t len)
{
    if (len == 0)
        return 0;
    int err = buf_reserve(buf, len);
    if (err)
        return err;
    memcpy(buf->bytes + buf->len, bytes, len);
    buf->len += len;
    return 0;
}

int buf_put_int(struct store_buf *buf, u128 value, unsigned octets)
{
    int err = buf_reserve(buf, octets);
    if (err)
        return err;
    for (unsigned i = octets; i-- > 0; value >>= 8)
        buf->bytes[buf->len + i] = (uint8_t)value;
    buf->len += octets;
    return 0;
}

int buf_put_item(struct store_buf *buf, const void *bytes, size_t len)
{
    if (len > UINT16_MAX)
        return PTRD_ELIMIT;
    int err = buf_put_int(buf, len, 2);
    return err ? err : buf_put(buf, bytes, len);
}

int buf_put_key(struct store_buf *buf, const struct name *name)
{
    struct name_key key;
    name_key(name, &key);
    return buf_put(buf, key.bytes, key.len);
}

size_t wire_length(const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (at < len && at < NAME_WIRE_MAX) {
        uint8_t label = bytes[at++];
        if (label == 0)
            return at;
        if (label > LABEL_MAX)
            return 0;
        at += label;
    }
    return 0;
}

unsigned family_octets(enum family family)
{
    return family_bits(family) / 8;
}

bool family_known(u128 octet)
{
    return octet == FAMILY_IPV4 || octet == FAMILY_IPV6;
}

int buf_put_addr(struct store_buf *buf, const struct addr *addr)
{
    int err = buf_put_int(buf, addr->family, 1);
    return err ? err : buf_put_int(buf, addr->num, family_octets(addr->family));
}

void scan_addr(struct scan *s, struct addr *out)
{
    u128 family = scan_int(s, 1);
    if (!family_known(family)) {
        s->bad = true;
        return;
    }
    out->family = family == FAMILY_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6;
    out->num = scan_int(s, family_octets(out->family));
}
