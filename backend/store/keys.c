/* Keys of the tables, both ways. */
#include "codec_p.h"

int store_key_name(const struct name *name, struct store_buf *buf)
{
    buf->len = 0;
    return buf_put_key(buf, name);
}

int store_key_addr(const struct addr *addr, struct store_buf *buf)
{
    buf->len = 0;
    return buf_put_addr(buf, addr);
}

int store_key_block(const struct range *range, struct store_buf *buf)
{
    unsigned octets = family_octets(range->family);
    buf->len = 0;
    int err = buf_put_int(buf, range->family, 1);
    if (!err)
        err = buf_put_int(buf, range->first, octets);
    /* the complement: of two blocks with one first address the larger comes first */
    return err ? err : buf_put_int(buf, ~range->last, octets);
}

int store_key_derived(const struct name *target, const struct addr *addr, struct store_buf *buf)
{
    /* A host name's labels begin with '-' (never), a digit or a letter: above both families, so the
     * end of the name is known and the entries of a name stand before those of names below it. */
    if (!name_is_host(target))
        return PTRD_EINVAL;
    buf->len = 0;
    int err = buf_put_key(buf, target);
    return err ? err : buf_put_addr(buf, addr);
}

int store_key_rrset(const struct name *owner, uint16_t type, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_key(buf, owner);
    /* 00 begins no label of a key: the RRsets of a name stand before those of names below it */
    if (!err)
        err = buf_put_int(buf, 0, 1);
    return err ? err : buf_put_int(buf, type, 2);
}

int store_key_metadata(uint32_t zone_id, const char *kind, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_int(buf, zone_id, 4);
    return err ? err : buf_put(buf, kind, strlen(kind));
}

int store_key_delegation(const struct prefix *prefix, struct store_buf *buf)
{
    int err = store_key_addr(&(struct addr){prefix->num, prefix->family}, buf);
    return err ? err : buf_put_int(buf, prefix->len, 1);
}

int store_key_zone_id(uint32_t zone_id, struct store_buf *buf)
{
    buf->len = 0;
    return buf_put_int(buf, zone_id, 4);
}

int store_key_key(uint32_t zone_id, uint32_t key_id, struct store_buf *buf)
{
    int err = store_key_zone_id(zone_id, buf);
    return err ? err : buf_put_int(buf, key_id, 4);
}

int store_read_key_addr(struct span key, struct addr *out)
{
    struct scan s = scan_begin(key);
    struct addr addr = {0};
    scan_addr(&s, &addr);
    if (!scan_end(&s))
        return PTRD_ECORRUPT;
    *out = addr;
    return 0;
}

int store_read_key_rrset(struct span key, struct name *owner, uint16_t *type)
{
    if (key.len < 3 || key.bytes[key.len - 3] != 0)
        return PTRD_ECORRUPT;
    struct name name;
    if (name_from_key(key.bytes, key.len - 3, &name))
        return PTRD_ECORRUPT;
    *owner = name;
    *type = (uint16_t)(key.bytes[key.len - 2] << 8 | key.bytes[key.len - 1]);
    return 0;
}

int store_read_key_derived(struct span key, struct name *target, struct addr *addr)
{
    size_t at = 0;
    while (at < key.len && !family_known(key.bytes[at])) {
        const uint8_t *end = memchr(key.bytes + at, 0, key.len - at);
        if (!end)
            return PTRD_ECORRUPT;
        at = (size_t)(end - key.bytes) + 1;
    }
    struct name name;
    struct addr found;
    if (name_from_key(key.bytes, at, &name) || !name_is_host(&name))
        return PTRD_ECORRUPT;
    if (store_read_key_addr((struct span){key.bytes + at, key.len - at}, &found))
        return PTRD_ECORRUPT;
    *target = name;
    *addr = found;
    return 0;
}

int store_read_key_key(struct span key, uint32_t *zone_id, uint32_t *key_id)
{
    struct scan s = scan_begin(key);
    uint32_t zone = (uint32_t)scan_int(&s, 4), id = (uint32_t)scan_int(&s, 4);
    if (!scan_end(&s) || zone == 0 || zone > INT32_MAX || id == 0 || id > INT32_MAX)
        return PTRD_ECORRUPT;
    *zone_id = zone;
    *key_id = id;
    return 0;
}

int store_read_key_metadata(struct span key, uint32_t *zone_id, struct span *kind)
{
    struct scan s = scan_begin(key);
    uint32_t id = (uint32_t)scan_int(&s, 4);
    struct span text = scan_bytes(&s, scan_left(&s));
    if (s.bad || text.len == 0 || id == 0 || id > INT32_MAX || memchr(text.bytes, 0, text.len))
        return PTRD_ECORRUPT;
    *zone_id = id;
    *kind = text;
    return 0;
}

int store_read_block(struct span key, struct span value, struct store_block *out)
{
    struct scan k = scan_begin(key);
    struct addr first = {0};
    scan_addr(&k, &first);
    if (k.bad)
        return PTRD_ECORRUPT;
    u128 last = ~scan_int(&k, family_octets(first.family)) & family_max(first.family);
    if (!scan_end(&k) || last < first.num)
        return PTRD_ECORRUPT;
    struct scan s = scan_begin(value);
    struct store_block b = {.range = {.first = first.num, .last = last, .family = first.family}};
    b.ttl_s = (uint32_t)scan_int(&s, 4);
    b.flags = (uint8_t)scan_int(&s, 1);
    b.kind = (uint8_t)scan_int(&s, 1);
    b.text = scan_item(&s);
    b.var_count = (uint8_t)scan_int(&s, 1);
    if (s.bad || b.ttl_s > TTL_MAX_S || b.flags > STORE_FLAGS_KNOWN || b.kind > KIND_CUSTOMER ||
        b.var_count > STORE_VARS_MAX)
        return PTRD_ECORRUPT;
    for (unsigned i = 0; i < b.var_count; i++) {
        b.vars[i].name = scan_item(&s);
        b.vars[i].value = scan_item(&s);
    }
    if (!scan_end(&s))
        return PTRD_ECORRUPT;
    *out = b;
    return 0;
}
