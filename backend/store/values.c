/* Values of the tables, both ways (blocks are read in keys.c, with their key). */
#include "codec_p.h"

#include "ptrd/core/table.h"

static int put_name(struct store_buf *buf, const struct name *name)
{
    return buf_put(buf, name->wire, name->len);
}

static void scan_name(struct scan *s, struct name *out)
{
    size_t len = s->bad ? 0 : wire_length(s->at, scan_left(s));
    struct span wire = scan_bytes(s, len);
    if (len == 0 || name_from_wire(wire.bytes, wire.len, out))
        s->bad = true;
}

/* The last octet of what format 1 knew of a zone; with ZONE_MORE the rest follows. */
enum { ZONE_FORWARD_AUTO = 1, ZONE_MORE = 2, ZONE_NO_CNAMES = 4, ZONE_FLAGS = 7 };

static int put_zone_more(struct store_buf *buf, const struct store_zone *z)
{
    int err = buf_put_int(buf, z->kind, 1);
    /* 0: no prefix; an RFC 2317 prefix is longer than /24 */
    if (!err)
        err = buf_put_int(buf, z->classless ? z->prefix.len : 0, 1);
    if (!err && z->classless)
        err = buf_put_int(buf, z->prefix.num, 4);
    if (!err)
        err = buf_put_int(buf, z->primary_count, 1);
    for (unsigned i = 0; !err && i < z->primary_count; i++) {
        err = buf_put_addr(buf, &z->primaries[i].addr);
        if (!err)
            err = buf_put_int(buf, z->primaries[i].port, 2);
    }
    return err;
}

/* A zone without any of it is written as in format 1: a load of the same data changes nothing. */
static bool zone_has_more(const struct store_zone *z)
{
    return z->kind != ZONE_NATIVE || z->classless || z->primary_count;
}

static unsigned zone_flags(const struct store_zone *z)
{
    unsigned flags = z->forward_auto ? ZONE_FORWARD_AUTO : 0;
    flags |= zone_has_more(z) ? ZONE_MORE : 0;
    return flags | (z->classless && z->no_cnames ? ZONE_NO_CNAMES : 0);
}

int store_write_zone(const struct store_zone *in, struct store_buf *buf)
{
    const uint32_t numbers[] = {in->soa.refresh_s, in->soa.retry_s, in->soa.expire_s,
                                in->soa.minimum_s, in->ttl_s};
    if (in->primary_count > STORE_PRIMARIES_MAX)
        return PTRD_ELIMIT;
    buf->len = 0;
    int err = put_name(buf, &in->soa.mname);
    if (!err)
        err = put_name(buf, &in->soa.rname);
    for (size_t i = 0; !err && i < sizeof numbers / sizeof *numbers; i++)
        err = buf_put_int(buf, numbers[i], 4);
    if (!err)
        err = buf_put_int(buf, zone_flags(in), 1);
    return !err && zone_has_more(in) ? put_zone_more(buf, in) : err;
}

static void scan_zone_more(struct scan *s, struct store_zone *z)
{
    u128 kind = scan_int(s, 1), prefix_len = scan_int(s, 1);
    if (kind > ZONE_SECONDARY)
        s->bad = true;
    z->kind = (uint8_t)kind;
    if (prefix_len) {
        z->classless = true;
        z->prefix.family = FAMILY_IPV4;
        z->prefix.len = (uint8_t)prefix_len;
        z->prefix.num = scan_int(s, 4);
        s->bad |= prefix_len <= 24 || !prefix_sound(&z->prefix);
    }
    z->primary_count = (uint8_t)scan_int(s, 1);
    if (z->primary_count > STORE_PRIMARIES_MAX) {
        s->bad = true;
        return;
    }
    for (unsigned i = 0; i < z->primary_count; i++) {
        scan_addr(s, &z->primaries[i].addr);
        z->primaries[i].port = (uint16_t)scan_int(s, 2);
    }
}

int store_read_zone(struct span value, struct store_zone *out)
{
    struct scan s = scan_begin(value);
    struct store_zone z = {0};
    scan_name(&s, &z.soa.mname);
    scan_name(&s, &z.soa.rname);
    z.soa.refresh_s = (uint32_t)scan_int(&s, 4);
    z.soa.retry_s = (uint32_t)scan_int(&s, 4);
    z.soa.expire_s = (uint32_t)scan_int(&s, 4);
    z.soa.minimum_s = (uint32_t)scan_int(&s, 4);
    z.ttl_s = (uint32_t)scan_int(&s, 4);
    u128 flags = scan_int(&s, 1);
    if (flags & ZONE_MORE)
        scan_zone_more(&s, &z);
    if (!scan_end(&s) || flags > ZONE_FLAGS || z.ttl_s > TTL_MAX_S)
        return PTRD_ECORRUPT;
    z.forward_auto = flags & ZONE_FORWARD_AUTO;
    z.no_cnames = flags & ZONE_NO_CNAMES;
    if (z.no_cnames && !z.classless)
        return PTRD_ECORRUPT;
    *out = z;
    return 0;
}

uint32_t store_serial_after(uint32_t old, int64_t now_s)
{
    uint32_t next = old == UINT32_MAX ? 1 : old + 1;
    uint32_t now = now_s < 1 ? 1 : now_s > UINT32_MAX ? UINT32_MAX : (uint32_t)now_s;
    return old != UINT32_MAX && now > next ? now : next;
}

int store_write_zone_id(const struct store_zone_id *in, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_int(buf, in->id, 4);
    if (!err)
        err = buf_put_int(buf, in->serial, 4);
    return err ? err : buf_put(buf, in->digest, sizeof in->digest);
}

int store_read_zone_id(struct span value, struct store_zone_id *out)
{
    struct scan s = scan_begin(value);
    struct store_zone_id z;
    z.id = (uint32_t)scan_int(&s, 4);
    z.serial = (uint32_t)scan_int(&s, 4);
    struct span digest = scan_bytes(&s, sizeof z.digest);
    if (!scan_end(&s) || z.id == 0 || z.id > INT32_MAX)
        return PTRD_ECORRUPT;
    memcpy(z.digest, digest.bytes, sizeof z.digest);
    *out = z;
    return 0;
}

int store_write_block(const struct store_block *in, struct store_buf *buf)
{
    if (in->var_count > STORE_VARS_MAX)
        return PTRD_ELIMIT;
    buf->len = 0;
    int err = buf_put_int(buf, in->ttl_s, 4);
    if (!err)
        err = buf_put_int(buf, in->flags, 1);
    if (!err)
        err = buf_put_int(buf, in->kind, 1);
    if (!err)
        err = buf_put_item(buf, in->text.bytes, in->text.len);
    if (!err)
        err = buf_put_int(buf, in->var_count, 1);
    for (unsigned i = 0; !err && i < in->var_count; i++) {
        err = buf_put_item(buf, in->vars[i].name.bytes, in->vars[i].name.len);
        if (!err)
            err = buf_put_item(buf, in->vars[i].value.bytes, in->vars[i].value.len);
    }
    return err;
}

/* Steps over wire names / items to the end; how many, or bad. */
static uint16_t scan_names(struct scan *s)
{
    uint16_t count = 0;
    while (!s->bad && s->at != s->end) {
        size_t len = wire_length(s->at, scan_left(s));
        s->bad = len == 0 || count == UINT16_MAX;
        s->at += len;
        count++;
    }
    return count;
}

static uint16_t scan_items(struct scan *s)
{
    uint16_t count = 0;
    while (!s->bad && s->at != s->end) {
        (void)scan_item(s);
        s->bad |= count == UINT16_MAX;
        count++;
    }
    return count;
}

int store_write_ptr(const struct store_ptr *in, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_int(buf, in->forward, 1);
    if (!err)
        err = buf_put_int(buf, in->ttl_s, 4);
    return err ? err : buf_put(buf, in->names.bytes, in->names.len);
}

int store_read_ptr(struct span value, struct store_ptr *out)
{
    struct scan s = scan_begin(value);
    struct store_ptr p = {.forward = (uint8_t)scan_int(&s, 1), .count = 0};
    p.ttl_s = (uint32_t)scan_int(&s, 4);
    if (s.bad || p.forward > FORWARD_EXTERNAL || p.ttl_s > TTL_MAX_S)
        return PTRD_ECORRUPT;
    p.names = (struct span){s.at, scan_left(&s)};
    p.count = scan_names(&s);
    if (s.bad)
        return PTRD_ECORRUPT;
    *out = p;
    return 0;
}

int store_write_rrset(const struct store_rrset *in, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_int(buf, in->ttl_s, 4);
    return err ? err : buf_put(buf, in->contents.bytes, in->contents.len);
}

int store_read_rrset(struct span value, struct store_rrset *out)
{
    struct scan s = scan_begin(value);
    struct store_rrset r = {.type = 0, .count = 0, .ttl_s = (uint32_t)scan_int(&s, 4)};
    if (s.bad || r.ttl_s > TTL_MAX_S)
        return PTRD_ECORRUPT;
    r.contents = (struct span){s.at, scan_left(&s)};
    r.count = scan_items(&s);
    if (s.bad)
        return PTRD_ECORRUPT;
    *out = r;
    return 0;
}

int store_write_delegation(const struct store_delegation *in, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_int(buf, in->ttl_s, 4);
    if (!err)
        err = buf_put_item(buf, in->child.wire, in->child.len);
    if (!err)
        err = buf_put_item(buf, in->ns.bytes, in->ns.len);
    return err ? err : buf_put(buf, in->ds.bytes, in->ds.len);
}

int store_read_delegation(struct span key, struct span value, struct store_delegation *out)
{
    struct scan k = scan_begin(key), s = scan_begin(value);
    struct store_delegation d = {.child = {.len = 0}};
    struct addr first = {0};
    scan_addr(&k, &first);
    d.prefix =
        (struct prefix){.num = first.num, .family = first.family, .len = (uint8_t)scan_int(&k, 1)};
    d.ttl_s = (uint32_t)scan_int(&s, 4);
    struct scan child = scan_begin(scan_item(&s));
    if (child.at != child.end)
        scan_name(&child, &d.child);
    d.ns = scan_item(&s);
    if (s.bad || !scan_end(&k) || !prefix_sound(&d.prefix) || !scan_end(&child) ||
        d.ttl_s > TTL_MAX_S)
        return PTRD_ECORRUPT;
    struct scan ns = scan_begin(d.ns);
    d.ns_count = scan_names(&ns);
    d.ds = (struct span){s.at, scan_left(&s)};
    d.ds_count = scan_items(&s);
    if (ns.bad || s.bad)
        return PTRD_ECORRUPT;
    *out = d;
    return 0;
}

int store_write_zone_state(const struct store_zone_state *in, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_int(buf, in->notified_serial, 4);
    return err ? err : buf_put_int(buf, (uint64_t)in->last_check_s, 8);
}

int store_read_zone_state(struct span value, struct store_zone_state *out)
{
    struct scan s = scan_begin(value);
    struct store_zone_state z = {.notified_serial = (uint32_t)scan_int(&s, 4)};
    z.last_check_s = (int64_t)(uint64_t)scan_int(&s, 8);
    if (!scan_end(&s))
        return PTRD_ECORRUPT;
    *out = z;
    return 0;
}

int store_write_key(const struct store_key *in, struct store_buf *buf)
{
    buf->len = 0;
    int err = buf_put_int(buf, in->flags, 2);
    if (!err)
        err = buf_put_int(buf, in->algorithm, 1);
    if (!err)
        err = buf_put_int(buf, (in->active ? 1u : 0u) | (in->published ? 2u : 0u), 1);
    if (!err)
        err = buf_put_item(buf, in->content.bytes, in->content.len);
    return err ? err : buf_put_item(buf, in->ds.bytes, in->ds.len);
}

int store_read_key(struct span value, struct store_key *out)
{
    struct scan s = scan_begin(value);
    struct store_key k = {.flags = (uint16_t)scan_int(&s, 2)};
    k.algorithm = (uint8_t)scan_int(&s, 1);
    unsigned state = (unsigned)scan_int(&s, 1);
    k.content = scan_item(&s);
    k.ds = scan_item(&s);
    if (!scan_end(&s) || state > 3)
        return PTRD_ECORRUPT;
    k.active = state & 1;
    k.published = state & 2;
    *out = k;
    return 0;
}

int store_read_cut(struct span value, uint8_t *flags)
{
    struct scan s = scan_begin(value);
    u128 found = scan_int(&s, 1);
    if (!scan_end(&s) || found == 0 || found > (CUT_NS | CUT_DNAME))
        return PTRD_ECORRUPT;
    *flags = (uint8_t)found;
    return 0;
}

int store_write_strings(const struct span *items, unsigned count, struct store_buf *buf)
{
    int err = 0;
    buf->len = 0;
    for (unsigned i = 0; !err && i < count; i++)
        err = buf_put_item(buf, items[i].bytes, items[i].len);
    return err;
}

int store_next_string(struct span value, size_t *at, struct span *item)
{
    if (*at == value.len)
        return PTRD_ABSENT;
    if (*at > value.len)
        return PTRD_ECORRUPT;
    struct scan s = scan_begin((struct span){value.bytes + *at, value.len - *at});
    struct span found = scan_item(&s);
    if (s.bad)
        return PTRD_ECORRUPT;
    *at = (size_t)(s.at - value.bytes);
    *item = found;
    return PTRD_FOUND;
}

int store_write_meta(const struct store_meta *in, struct store_buf *buf)
{
    const uint64_t numbers[] = {in->structure, in->data, (uint64_t)in->changed_s,
                                (uint64_t)in->contact_s};
    buf->len = 0;
    int err = buf_put_int(buf, in->format, 4);
    if (!err)
        err = buf_put_int(buf, in->source, 1);
    if (!err)
        err = buf_put_int(buf, in->next_zone_id, 4);
    for (size_t i = 0; !err && i < sizeof numbers / sizeof *numbers; i++)
        err = buf_put_int(buf, numbers[i], 8);
    if (!err && in->next_key_id > 1) /* without keys it is as in format 1 */
        err = buf_put_int(buf, in->next_key_id, 4);
    return err;
}

int store_read_meta(struct span value, struct store_meta *out)
{
    struct scan s = scan_begin(value);
    struct store_meta m = {.format = (uint32_t)scan_int(&s, 4)};
    /* before anything else: a newer format may have another length */
    if (!s.bad && m.format > STORE_FORMAT)
        return PTRD_EVERSION;
    m.source = (uint8_t)scan_int(&s, 1);
    m.next_zone_id = (uint32_t)scan_int(&s, 4);
    m.structure = (uint64_t)scan_int(&s, 8);
    m.data = (uint64_t)scan_int(&s, 8);
    m.changed_s = (int64_t)(uint64_t)scan_int(&s, 8);
    m.contact_s = (int64_t)(uint64_t)scan_int(&s, 8);
    m.next_key_id = scan_left(&s) > 0 ? (uint32_t)scan_int(&s, 4) : 1;
    if (!scan_end(&s) || m.format == 0 || m.source > SOURCE_POSTGRES)
        return PTRD_ECORRUPT;
    *out = m;
    return 0;
}

int store_append_name(const struct name *name, struct store_buf *buf)
{
    return put_name(buf, name);
}

int store_append_content(const char *text, size_t len, struct store_buf *buf)
{
    return buf_put_item(buf, text, len);
}

int store_next_name(struct span names, size_t *at, struct span *wire)
{
    if (*at >= names.len)
        return PTRD_ABSENT;
    size_t len = wire_length(names.bytes + *at, names.len - *at);
    if (len == 0)
        return PTRD_ABSENT;
    *wire = (struct span){names.bytes + *at, len};
    *at += len;
    return PTRD_FOUND;
}

int store_next_content(struct span contents, size_t *at, struct span *text)
{
    return store_next_string(contents, at, text) == PTRD_FOUND ? PTRD_FOUND : PTRD_ABSENT;
}
