/* The store's codec: what is written is read back; every truncation and every garbage is refused or
 * read as something valid, never beyond the end (run under ASan). */
#include "ptrd/core/rrtype.h"
#include "ptrd/store/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct span span_buf(const struct store_buf *buf)
{
    return (struct span){buf->bytes, buf->len};
}

static struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static struct name name_of(const char *text)
{
    struct name name;
    assert_int_equal(name_parse(text, strlen(text), &name, NULL), 0);
    return name;
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A decoder as the fuzzing below sees it: all spans it gives are read to their end. */
typedef int decode_fn(struct span value);

static unsigned volatile touched;
static int touch(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        touched += s.bytes[i];
    return 0;
}

static int decode_zone(struct span v)
{
    struct store_zone out;
    return store_read_zone(v, &out);
}

static int decode_zone_id(struct span v)
{
    struct store_zone_id out;
    return store_read_zone_id(v, &out);
}

static int decode_block(struct span v)
{
    static const uint8_t key[] = {4, 198, 51, 100, 0, 57, 204, 155, 0};
    struct store_block out;
    int err = store_read_block((struct span){key, sizeof key}, v, &out);
    if (err)
        return err;
    touch(out.text);
    for (unsigned i = 0; i < out.var_count; i++) {
        touch(out.vars[i].name);
        touch(out.vars[i].value);
    }
    return 0;
}

static int decode_ptr(struct span v)
{
    struct store_ptr out;
    size_t at = 0, count = 0;
    struct span wire;
    int err = store_read_ptr(v, &out);
    if (err)
        return err;
    for (; store_next_name(out.names, &at, &wire) == PTRD_FOUND; count++)
        touch(wire);
    assert_int_equal(count, out.count);
    return 0;
}

static int decode_rrset(struct span v)
{
    struct store_rrset out;
    size_t at = 0, count = 0;
    struct span text;
    int err = store_read_rrset(v, &out);
    if (err)
        return err;
    for (; store_next_content(out.contents, &at, &text) == PTRD_FOUND; count++)
        touch(text);
    assert_int_equal(count, out.count);
    return 0;
}

static int decode_strings(struct span v)
{
    size_t at = 0;
    struct span text;
    int found;
    while ((found = store_next_string(v, &at, &text)) == PTRD_FOUND)
        touch(text);
    return found;
}

static int decode_meta(struct span v)
{
    struct store_meta out;
    return store_read_meta(v, &out);
}

static int decode_delegation(struct span v)
{
    static const uint8_t key[] = {4, 198, 51, 100, 64, 26};
    struct store_delegation out;
    size_t at = 0, count = 0;
    struct span item;
    int err = store_read_delegation((struct span){key, sizeof key}, v, &out);
    if (err)
        return err;
    for (; store_next_name(out.ns, &at, &item) == PTRD_FOUND; count++)
        touch(item);
    assert_int_equal(count, out.ns_count);
    for (at = count = 0; store_next_content(out.ds, &at, &item) == PTRD_FOUND; count++)
        touch(item);
    assert_int_equal(count, out.ds_count);
    return 0;
}

static int decode_key_delegation(struct span v)
{
    static const uint8_t value[] = {0, 0, 0, 1, 0, 0, 0, 0};
    struct store_delegation out;
    return store_read_delegation(v, (struct span){value, sizeof value}, &out);
}

static int decode_zone_state(struct span v)
{
    struct store_zone_state out;
    return store_read_zone_state(v, &out);
}

static int decode_key(struct span v)
{
    struct store_key out;
    int err = store_read_key(v, &out);
    return err ? err : touch(out.content) + touch(out.ds);
}

static int decode_key_key(struct span v)
{
    uint32_t zone_id, key_id;
    return store_read_key_key(v, &zone_id, &key_id);
}

static int decode_cut(struct span v)
{
    uint8_t flags;
    return store_read_cut(v, &flags);
}

static int decode_key_addr(struct span v)
{
    struct addr out;
    return store_read_key_addr(v, &out);
}

static int decode_key_block(struct span v)
{
    static const uint8_t value[] = {0, 0, 0, 1, 0, 0, 0, 0, 0};
    struct store_block out;
    return store_read_block(v, (struct span){value, sizeof value}, &out);
}

static int decode_key_rrset(struct span v)
{
    struct name owner;
    uint16_t type;
    return store_read_key_rrset(v, &owner, &type);
}

static int decode_key_derived(struct span v)
{
    struct name target;
    struct addr addr;
    return store_read_key_derived(v, &target, &addr);
}

static int decode_key_metadata(struct span v)
{
    uint32_t id;
    struct span kind;
    int err = store_read_key_metadata(v, &id, &kind);
    return err ? err : touch(kind);
}

/* Every truncation goes to the decoder in memory of exactly its length; so do random mutations.
 * strict: no truncation is valid (formats without an open end). */
static void abuse(const struct store_buf *buf, decode_fn *decode, bool strict, uint64_t *seed)
{
    assert_int_equal(decode(span_buf(buf)), 0);
    for (size_t len = 0; len < buf->len; len++) {
        uint8_t *copy = malloc(len + !len);
        memcpy(copy, buf->bytes, len);
        int err = decode((struct span){copy, len});
        assert_true(err == PTRD_ECORRUPT || (err == 0 && !strict));
        free(copy);
    }
    uint8_t *longer = malloc(buf->len + 1);
    memcpy(longer, buf->bytes, buf->len);
    longer[buf->len] = 0xff;
    if (strict)
        assert_int_equal(decode((struct span){longer, buf->len + 1}), PTRD_ECORRUPT);
    for (unsigned i = 0; i < 3000; i++) {
        memcpy(longer, buf->bytes, buf->len);
        for (unsigned n = 1 + random_next(seed) % 3; n > 0; n--)
            longer[random_next(seed) % buf->len] = (uint8_t)random_next(seed);
        size_t len = 1 + random_next(seed) % buf->len;
        uint8_t *copy = malloc(len);
        memcpy(copy, longer, len);
        int err = decode((struct span){copy, len});
        assert_true(err == 0 || err == PTRD_ECORRUPT || err == PTRD_EVERSION);
        free(copy);
    }
    free(longer);
}

static uint64_t seed_state;

static void zone_and_id(void **state)
{
    (void)state;
    struct store_buf buf = {0};
    struct store_zone in = {.soa = {.mname = name_of("ns1.isp.example"),
                                    .rname = name_of("host\\.master.isp.example"),
                                    .refresh_s = 1,
                                    .retry_s = 2,
                                    .expire_s = UINT32_MAX,
                                    .minimum_s = 4},
                            .ttl_s = 0x7fffffff,
                            .forward_auto = true};
    struct store_zone out;
    assert_int_equal(store_write_zone(&in, &buf), 0);
    assert_int_equal(store_read_zone(span_buf(&buf), &out), 0);
    assert_true(name_equal(&in.soa.mname, &out.soa.mname));
    assert_true(name_equal(&in.soa.rname, &out.soa.rname));
    assert_int_equal(out.soa.refresh_s, 1);
    assert_int_equal(out.soa.retry_s, 2);
    assert_true(out.soa.expire_s == UINT32_MAX);
    assert_int_equal(out.soa.minimum_s, 4);
    assert_int_equal(out.ttl_s, 0x7fffffff);
    assert_true(out.forward_auto);
    abuse(&buf, decode_zone, true, &seed_state);
    in.ttl_s = 0x80000000u; /* RFC 2181 8 */
    assert_int_equal(store_write_zone(&in, &buf), 0);
    assert_int_equal(decode_zone(span_buf(&buf)), PTRD_ECORRUPT);

    struct store_zone_id id = {.id = INT32_MAX, .serial = 0xfffffffe, .digest = {1, 2, 3}}, id_out;
    assert_int_equal(store_write_zone_id(&id, &buf), 0);
    assert_int_equal(store_read_zone_id(span_buf(&buf), &id_out), 0);
    assert_int_equal(id_out.id, INT32_MAX);
    assert_true(id_out.serial == 0xfffffffe);
    assert_memory_equal(id_out.digest, id.digest, 32);
    abuse(&buf, decode_zone_id, true, &seed_state);
    id.id = 0;
    assert_int_equal(store_write_zone_id(&id, &buf), 0);
    assert_int_equal(decode_zone_id(span_buf(&buf)), PTRD_ECORRUPT);
    store_buf_done(&buf);
}

static struct prefix prefix_of(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
    return p;
}

/* What format 2 knows of a zone beyond format 1. */
static void zone_kinds(void **state)
{
    (void)state;
    struct store_buf plain = {0}, buf = {0};
    struct store_zone in = {
        .soa = {.mname = name_of("ns1.isp.example"), .rname = name_of("hostmaster.isp.example")},
        .ttl_s = 3600,
        .forward_auto = true};
    struct store_zone out;
    assert_int_equal(store_write_zone(&in, &plain), 0);
    assert_int_equal(store_read_zone(span_buf(&plain), &out), 0);
    assert_int_equal(out.kind, ZONE_NATIVE);
    assert_false(out.classless);
    assert_int_equal(out.primary_count, 0);

    in.classless = true;
    in.prefix = prefix_of("203.0.113.64/26");
    assert_int_equal(store_write_zone(&in, &buf), 0);
    assert_int_equal(store_read_zone(span_buf(&buf), &out), 0);
    assert_true(out.classless && out.forward_auto);
    assert_true(out.prefix.num == in.prefix.num && out.prefix.family == FAMILY_IPV4);
    assert_int_equal(out.prefix.len, 26);
    assert_false(out.no_cnames);
    abuse(&buf, decode_zone, true, &seed_state);
    in.no_cnames = true;
    assert_int_equal(store_write_zone(&in, &buf), 0);
    assert_int_equal(store_read_zone(span_buf(&buf), &out), 0);
    assert_true(out.no_cnames && out.classless && out.forward_auto);
    abuse(&buf, decode_zone, true, &seed_state);
    in.no_cnames = false;
    /* host bits, and a prefix that no RFC 2317 zone has */
    in.prefix.num |= 1;
    assert_int_equal(store_write_zone(&in, &buf), 0);
    assert_int_equal(decode_zone(span_buf(&buf)), PTRD_ECORRUPT);
    in.prefix = prefix_of("203.0.113.0/24");
    assert_int_equal(store_write_zone(&in, &buf), 0);
    assert_int_equal(decode_zone(span_buf(&buf)), PTRD_ECORRUPT);

    in.classless = false;
    in.forward_auto = false;
    in.kind = ZONE_SECONDARY;
    in.primary_count = STORE_PRIMARIES_MAX;
    for (unsigned i = 0; i < STORE_PRIMARIES_MAX; i++)
        in.primaries[i] =
            i % 2 ? (struct store_primary){{~(u128)i, FAMILY_IPV6}, (uint16_t)(65535 - i)}
                  : (struct store_primary){{0xc0000235 + i, FAMILY_IPV4}, 0};
    assert_int_equal(store_write_zone(&in, &buf), 0);
    assert_int_equal(store_read_zone(span_buf(&buf), &out), 0);
    assert_int_equal(out.kind, ZONE_SECONDARY);
    assert_false(out.classless || out.forward_auto);
    assert_int_equal(out.primary_count, STORE_PRIMARIES_MAX);
    for (unsigned i = 0; i < STORE_PRIMARIES_MAX; i++) {
        assert_int_equal(addr_compare(&out.primaries[i].addr, &in.primaries[i].addr), 0);
        assert_int_equal(out.primaries[i].port, in.primaries[i].port);
    }
    abuse(&buf, decode_zone, true, &seed_state);
    buf.bytes[plain.len] = ZONE_SECONDARY + 1;
    assert_int_equal(decode_zone(span_buf(&buf)), PTRD_ECORRUPT);
    in.primary_count++;
    assert_int_equal(store_write_zone(&in, &buf), PTRD_ELIMIT);
    store_buf_done(&plain);
    store_buf_done(&buf);
}

/* A zone as programs of format 1 wrote it, octet by octet; plain zones are still written so. */
static void zone_of_format_1(void **state)
{
    (void)state;
    static const uint8_t value[] = {2, 'n', 's', 0, 1, 'h', 0, 0, 0, 0, 1, 0,    0,  0,
                                    2, 0,   0,   0, 3, 0,   0, 0, 4, 0, 0, 0x0e, 16, 1};
    struct store_buf buf = {0};
    struct store_zone out;
    assert_int_equal(store_read_zone((struct span){value, sizeof value}, &out), 0);
    assert_int_equal(out.soa.mname.len, 4);
    assert_int_equal(out.soa.minimum_s, 4);
    assert_int_equal(out.ttl_s, 3600);
    assert_true(out.forward_auto);
    assert_int_equal(out.kind, ZONE_NATIVE);
    assert_false(out.classless);
    assert_int_equal(store_write_zone(&out, &buf), 0);
    assert_int_equal(buf.len, sizeof value);
    assert_memory_equal(buf.bytes, value, sizeof value);
    buf.bytes[buf.len - 1] = 4;
    assert_int_equal(decode_zone(span_buf(&buf)), PTRD_ECORRUPT);
    store_buf_done(&buf);
}

static void delegation(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"198.51.100.64/26", "0.0.0.0/0", "2001:db8:1::/48",
                                           "::/0", "2001:db8::1/128"};
    static const char ds[] = "12345 13 2 00112233445566778899aabbccddeeff";
    struct store_buf names = {0}, contents = {0}, key = {0}, buf = {0};
    struct name ns[] = {name_of("ns1.customer.example"), name_of("ns2.customer.example")};
    struct store_delegation in = {.ttl_s = 600}, out;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(store_append_name(&ns[i], &names), 0);
    assert_int_equal(store_append_content(ds, strlen(ds), &contents), 0);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct prefix prefix = prefix_of(prefixes[i]);
        in.child = i ? (struct name){.len = 0} : name_of("64/26.100.51.198.in-addr.arpa");
        in.ns = i == 2 ? (struct span){0} : span_buf(&names);
        in.ds = i == 3 ? (struct span){0} : span_buf(&contents);
        assert_int_equal(store_key_delegation(&prefix, &key), 0);
        assert_int_equal(key.len, prefix.family == FAMILY_IPV4 ? 6 : 18);
        assert_int_equal(store_write_delegation(&in, &buf), 0);
        assert_int_equal(store_read_delegation(span_buf(&key), span_buf(&buf), &out), 0);
        assert_true(out.prefix.num == prefix.num && out.prefix.family == prefix.family);
        assert_int_equal(out.prefix.len, prefix.len);
        assert_int_equal(out.ttl_s, 600);
        assert_int_equal(out.child.len, in.child.len);
        if (i == 0)
            assert_true(name_equal(&out.child, &in.child));
        assert_int_equal(out.ns_count, i == 2 ? 0 : 2);
        assert_int_equal(out.ds_count, i == 3 ? 0 : 1);
        assert_int_equal(out.ns.len, in.ns.len);
        assert_int_equal(out.ds.len, in.ds.len);
        abuse(&key, decode_key_delegation, true, &seed_state);
        /* ds has an open end: a value may end in front of it */
        abuse(&buf, decode_delegation, i == 3, &seed_state);
    }
    static const uint8_t host_bits[] = {4, 198, 51, 100, 65, 26}, too_long[] = {4, 0, 0, 0, 0, 33};
    assert_int_equal(decode_key_delegation((struct span){host_bits, 6}), PTRD_ECORRUPT);
    assert_int_equal(decode_key_delegation((struct span){too_long, 6}), PTRD_ECORRUPT);
    in.ttl_s = 0x80000000u;
    assert_int_equal(store_write_delegation(&in, &buf), 0);
    assert_int_equal(decode_delegation(span_buf(&buf)), PTRD_ECORRUPT);
    store_buf_done(&names);
    store_buf_done(&contents);
    store_buf_done(&key);
    store_buf_done(&buf);
}

static void zone_state_and_cut(void **state)
{
    (void)state;
    struct store_buf buf = {0};
    struct store_zone_state in = {.notified_serial = 0xfffffffe, .last_check_s = -5}, out;
    assert_int_equal(store_write_zone_state(&in, &buf), 0);
    assert_int_equal(store_read_zone_state(span_buf(&buf), &out), 0);
    assert_true(out.notified_serial == 0xfffffffe && out.last_check_s == -5);
    abuse(&buf, decode_zone_state, true, &seed_state);
    for (unsigned flags = 0; flags < 256; flags++) {
        uint8_t value = (uint8_t)flags, read = 77;
        int err = store_read_cut((struct span){&value, 1}, &read);
        assert_int_equal(err, flags >= 1 && flags <= 3 ? 0 : PTRD_ECORRUPT);
        assert_int_equal(read, err ? 77 : flags); /* untouched on failure */
    }
    assert_int_equal(decode_cut((struct span){(const uint8_t *)"", 0}), PTRD_ECORRUPT);
    assert_int_equal(decode_cut((struct span){(const uint8_t *)"\1\1", 2}), PTRD_ECORRUPT);
    assert_int_equal(store_key_zone_id(0x01020304, &buf), 0);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.bytes, "\1\2\3\4", 4);
    store_buf_done(&buf);
}

static void block(void **state)
{
    (void)state;
    static const struct range ranges[] = {
        {0xc6336400, 0xc63364ff, FAMILY_IPV4},
        {0, 0xffffffff, FAMILY_IPV4},
        {0, ~(u128)0, FAMILY_IPV6},
        {(u128)0x20010db8 << 96, ((u128)0x20010db8 << 96) + 5, FAMILY_IPV6},
    };
    struct store_buf key = {0}, buf = {0};
    struct store_block in = {.text = span_text("{ip}.{pop}.isp.example"),
                             .ttl_s = 600,
                             .flags = 5,
                             .kind = KIND_CUSTOMER,
                             .var_count = 2};
    in.vars[0].name = span_text("pop");
    in.vars[0].value = span_text("ams1");
    in.vars[1].name = span_text("empty");
    in.vars[1].value = span_text("");
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct store_block out;
        assert_int_equal(store_key_block(&ranges[i], &key), 0);
        assert_int_equal(store_write_block(&in, &buf), 0);
        assert_int_equal(store_read_block(span_buf(&key), span_buf(&buf), &out), 0);
        assert_true(out.range.first == ranges[i].first && out.range.last == ranges[i].last);
        assert_int_equal(out.range.family, ranges[i].family);
        assert_int_equal(out.ttl_s, 600);
        assert_int_equal(out.flags, 5);
        assert_int_equal(out.kind, KIND_CUSTOMER);
        assert_int_equal(out.text.len, in.text.len);
        assert_memory_equal(out.text.bytes, in.text.bytes, in.text.len);
        assert_int_equal(out.var_count, 2);
        assert_memory_equal(out.vars[0].value.bytes, "ams1", 4);
        assert_int_equal(out.vars[1].value.len, 0);
        abuse(&key, decode_key_block, true, &seed_state);
    }
    abuse(&buf, decode_block, true, &seed_state);
    in.var_count = STORE_VARS_MAX + 1;
    assert_int_equal(store_write_block(&in, &buf), PTRD_ELIMIT);
    /* last before first */
    static const uint8_t crossed[] = {4, 198, 51, 100, 9, 57, 204, 155, 0xff};
    assert_int_equal(decode_key_block((struct span){crossed, sizeof crossed}), PTRD_ECORRUPT);
    store_buf_done(&key);
    store_buf_done(&buf);
}

static void ptr(void **state)
{
    (void)state;
    struct store_buf names = {0}, buf = {0};
    struct name a = name_of("mail.isp.example"), b = name_of(".");
    struct store_ptr in = {.ttl_s = 300, .forward = FORWARD_EXTERNAL}, out;
    assert_int_equal(store_write_ptr(&in, &buf), 0); /* a tombstone */
    assert_int_equal(store_read_ptr(span_buf(&buf), &out), 0);
    assert_int_equal(out.count, 0);
    assert_int_equal(store_append_name(&a, &names), 0);
    assert_int_equal(store_append_name(&b, &names), 0);
    in.names = span_buf(&names);
    assert_int_equal(store_write_ptr(&in, &buf), 0);
    assert_int_equal(store_read_ptr(span_buf(&buf), &out), 0);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.ttl_s, 300);
    assert_int_equal(out.forward, FORWARD_EXTERNAL);
    size_t at = 0;
    struct span wire;
    assert_int_equal(store_next_name(out.names, &at, &wire), PTRD_FOUND);
    assert_int_equal(wire.len, a.len);
    assert_memory_equal(wire.bytes, a.wire, a.len);
    assert_int_equal(store_next_name(out.names, &at, &wire), PTRD_FOUND);
    assert_int_equal(wire.len, 1);
    assert_int_equal(store_next_name(out.names, &at, &wire), PTRD_ABSENT);
    abuse(&buf, decode_ptr, false, &seed_state);
    /* a name of 256 octets; a label of 64; a pointer */
    uint8_t bad[400] = {0};
    for (size_t i = 5; i < 5 + 255; i += 2)
        bad[i] = 1;
    assert_int_equal(decode_ptr((struct span){bad, 5 + 257}), PTRD_ECORRUPT);
    memset(bad, 0, sizeof bad);
    bad[5] = 64;
    assert_int_equal(decode_ptr((struct span){bad, 5 + 66}), PTRD_ECORRUPT);
    bad[5] = 0xc0;
    assert_int_equal(decode_ptr((struct span){bad, 7}), PTRD_ECORRUPT);
    store_buf_done(&names);
    store_buf_done(&buf);
}

static void dnssec_key(void **state)
{
    (void)state;
    struct store_buf buf = {0};
    uint32_t zone_id, key_id;
    for (unsigned bits = 0; bits < 8; bits++) {
        struct store_key in = {.flags = 257,
                               .algorithm = 13,
                               .active = bits & 1,
                               .published = bits & 2,
                               .content = span_text("Private-key-format: v1.2\n"),
                               .ds = span_text(bits & 4 ? "1 13 2 00ff" : "")},
                         out;
        assert_int_equal(store_write_key(&in, &buf), 0);
        assert_int_equal(store_read_key(span_buf(&buf), &out), 0);
        assert_int_equal(out.flags, 257);
        assert_int_equal(out.algorithm, 13);
        assert_true(out.active == in.active && out.published == in.published);
        assert_int_equal(out.content.len, in.content.len);
        assert_memory_equal(out.content.bytes, in.content.bytes, in.content.len);
        assert_int_equal(out.ds.len, in.ds.len);
        if (in.ds.len)
            assert_memory_equal(out.ds.bytes, in.ds.bytes, in.ds.len);
        abuse(&buf, decode_key, true, &seed_state);
    }
    buf.bytes[3] = 4; /* no such state */
    assert_int_equal(decode_key(span_buf(&buf)), PTRD_ECORRUPT);
    assert_int_equal(store_key_key(0x01020304, INT32_MAX, &buf), 0);
    assert_int_equal(buf.len, 8);
    assert_int_equal(store_read_key_key(span_buf(&buf), &zone_id, &key_id), 0);
    assert_int_equal(zone_id, 0x01020304);
    assert_int_equal(key_id, INT32_MAX);
    abuse(&buf, decode_key_key, true, &seed_state);
    assert_int_equal(store_key_key(7, 0, &buf), 0);
    assert_int_equal(decode_key_key(span_buf(&buf)), PTRD_ECORRUPT);
    assert_int_equal(store_key_key(0, 7, &buf), 0);
    assert_int_equal(decode_key_key(span_buf(&buf)), PTRD_ECORRUPT);
    store_buf_done(&buf);
}

/* Stores of before there were keys have no next number for them. */
static void meta_without_keys(void **state)
{
    (void)state;
    struct store_buf buf = {0};
    struct store_meta in = {.format = 2, .next_zone_id = 7, .next_key_id = 1}, out;
    assert_int_equal(store_write_meta(&in, &buf), 0);
    size_t len = buf.len;
    assert_int_equal(store_read_meta(span_buf(&buf), &out), 0);
    assert_int_equal(out.next_key_id, 1);
    in.next_key_id = INT32_MAX;
    assert_int_equal(store_write_meta(&in, &buf), 0);
    assert_int_equal(buf.len, len + 4);
    assert_int_equal(store_read_meta(span_buf(&buf), &out), 0);
    assert_int_equal(out.next_key_id, INT32_MAX);
    assert_int_equal(out.next_zone_id, 7);
    abuse(&buf, decode_meta, false, &seed_state);
    store_buf_done(&buf);
}

static void rrset_and_strings(void **state)
{
    (void)state;
    struct store_buf contents = {0}, buf = {0};
    char *large = malloc(70000);
    memset(large, 'x', 70000);
    struct store_rrset in = {.ttl_s = 60}, out;
    assert_int_equal(store_append_content("10 mail.isp.example", 19, &contents), 0);
    assert_int_equal(store_append_content("", 0, &contents), 0);
    assert_int_equal(store_append_content(large, 65535, &contents), 0);
    assert_int_equal(store_append_content(large, 65536, &contents), PTRD_ELIMIT);
    in.contents = span_buf(&contents);
    assert_int_equal(store_write_rrset(&in, &buf), 0);
    assert_int_equal(store_read_rrset(span_buf(&buf), &out), 0);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.ttl_s, 60);
    assert_int_equal(decode_rrset((struct span){buf.bytes, buf.len - 1}), PTRD_ECORRUPT);
    contents.len = 0;
    assert_int_equal(store_append_content("10 mail.isp.example", 19, &contents), 0);
    assert_int_equal(store_append_content("x", 1, &contents), 0);
    in.contents = span_buf(&contents);
    assert_int_equal(store_write_rrset(&in, &buf), 0);
    abuse(&buf, decode_rrset, false, &seed_state);
    struct span items[] = {span_text("AUTO-NS"), span_text(""), span_text("192.0.2.0/24")};
    assert_int_equal(store_write_strings(items, 3, &buf), 0);
    abuse(&buf, decode_strings, false, &seed_state);
    size_t at = 9;
    struct span item;
    assert_int_equal(store_next_string(span_buf(&buf), &at, &item), PTRD_FOUND);
    assert_int_equal(item.len, 0);
    at = SIZE_MAX;
    assert_int_equal(store_next_string(span_buf(&buf), &at, &item), PTRD_ECORRUPT);
    free(large);
    store_buf_done(&contents);
    store_buf_done(&buf);
}

static void meta(void **state)
{
    (void)state;
    struct store_buf buf = {0};
    struct store_meta in = {.format = STORE_FORMAT,
                            .source = SOURCE_FILE,
                            .next_zone_id = 7,
                            .structure = UINT64_MAX,
                            .data = 1,
                            .changed_s = -1,
                            .contact_s = INT64_MAX},
                      out;
    assert_int_equal(store_write_meta(&in, &buf), 0);
    assert_int_equal(store_read_meta(span_buf(&buf), &out), 0);
    assert_int_equal(out.source, SOURCE_FILE);
    assert_int_equal(out.next_zone_id, 7);
    assert_true(out.structure == UINT64_MAX && out.changed_s == -1 && out.contact_s == INT64_MAX);
    abuse(&buf, decode_meta, true, &seed_state);
    in.format = 1; /* older: read as it is */
    assert_int_equal(store_write_meta(&in, &buf), 0);
    assert_int_equal(store_read_meta(span_buf(&buf), &out), 0);
    assert_int_equal(out.format, 1);
    /* newer, even of another length; output untouched */
    in.format = STORE_FORMAT + 1;
    assert_int_equal(store_write_meta(&in, &buf), 0);
    out.data = 4711;
    assert_int_equal(store_read_meta((struct span){buf.bytes, 9}, &out), PTRD_EVERSION);
    assert_int_equal(out.data, 4711);
    in.format = 0;
    assert_int_equal(store_write_meta(&in, &buf), 0);
    assert_int_equal(store_read_meta(span_buf(&buf), &out), PTRD_ECORRUPT);
    store_buf_done(&buf);
}

static void keys_round_trip(void **state)
{
    (void)state;
    static const char *const names[] = {"a",     "isp.example", "x.isp.example", "*.isp.example",
                                        "_x._y", "64/26.x",     "a\\000b.x",     "\\001.x"};
    struct store_buf key = {0};
    struct name name;
    uint16_t type;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct name owner = name_of(names[i]);
        assert_int_equal(store_key_rrset(&owner, 0xff00 + (unsigned)i, &key), 0);
        assert_int_equal(store_read_key_rrset(span_buf(&key), &name, &type), 0);
        assert_true(name_equal(&name, &owner));
        assert_int_equal(type, 0xff00 + i);
        abuse(&key, decode_key_rrset, false, &seed_state);
    }
    struct addr addrs[] = {{0xc6336407, FAMILY_IPV4},
                           {0, FAMILY_IPV4},
                           {~(u128)0, FAMILY_IPV6},
                           {(u128)0x0404040404040404u << 64 | 0x0600040004000600u, FAMILY_IPV6}};
    for (size_t i = 0; i < sizeof addrs / sizeof *addrs; i++) {
        struct name target = name_of("mail-1.isp.example");
        struct addr addr;
        assert_int_equal(store_key_addr(&addrs[i], &key), 0);
        assert_int_equal(key.len, addrs[i].family == FAMILY_IPV4 ? 5 : 17);
        assert_int_equal(store_read_key_addr(span_buf(&key), &addr), 0);
        assert_true(addr.num == addrs[i].num && addr.family == addrs[i].family);
        abuse(&key, decode_key_addr, true, &seed_state);
        assert_int_equal(store_key_derived(&target, &addrs[i], &key), 0);
        assert_int_equal(store_read_key_derived(span_buf(&key), &name, &addr), 0);
        assert_true(name_equal(&name, &target));
        assert_true(addr.num == addrs[i].num && addr.family == addrs[i].family);
        abuse(&key, decode_key_derived, false, &seed_state);
    }
    struct name wild = name_of("*.isp.example");
    assert_int_equal(store_key_derived(&wild, &addrs[0], &key), PTRD_EINVAL);
    uint32_t id;
    struct span kind;
    assert_int_equal(store_key_metadata(0x01020304, "ALLOW-AXFR-FROM", &key), 0);
    assert_int_equal(store_read_key_metadata(span_buf(&key), &id, &kind), 0);
    assert_int_equal(id, 0x01020304);
    assert_int_equal(kind.len, 15);
    abuse(&key, decode_key_metadata, false, &seed_state);
    store_buf_done(&key);
}

/* The longest keys fit LMDB's 511 octets. */
static void longest_keys_fit(void **state)
{
    (void)state;
    struct name name = {.len = 255};
    struct store_buf key = {0};
    struct addr addr = {~(u128)0, FAMILY_IPV6};
    /* octets 00 cost two: 63 + 63 + 63 + 61 of them */
    name.wire[0] = name.wire[64] = name.wire[128] = 63;
    name.wire[192] = 61;
    assert_int_equal(store_key_rrset(&name, 65535, &key), 0);
    assert_true(key.len <= 511);
    for (unsigned i = 0; i < 254; i++)
        name.wire[i] = name.wire[i] ? name.wire[i] : 'a';
    name.wire[254] = 0;
    assert_true(name_is_host(&name));
    assert_int_equal(store_key_derived(&name, &addr, &key), 0);
    assert_true(key.len <= 511);
    store_buf_done(&key);
}

static int order_of(const struct store_buf *a, const struct store_buf *b)
{
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* An owner's RRsets stand together, before the names below it, in canonical order. */
static void key_order(void **state)
{
    (void)state;
    static const struct {
        const char *owner;
        uint16_t type;
    } sorted[] = {{"example", 65535},        {"isp.example", 1},       {"isp.example", 2},
                  {"isp.example", 256},      {"\\000.isp.example", 1}, {"\\001.isp.example", 1},
                  {"*.isp.example", 1},      {"a.isp.example", 1},     {"z.a.isp.example", 1},
                  {"a\\000.isp.example", 1}, {"ab.isp.example", 1},    {"ispa.example", 1}};
    struct store_buf last = {0}, key = {0};
    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++) {
        struct name owner = name_of(sorted[i].owner);
        assert_int_equal(store_key_rrset(&owner, sorted[i].type, &key), 0);
        if (i > 0)
            assert_true(order_of(&last, &key) < 0);
        struct store_buf held = last;
        last = key;
        key = held;
    }
    /* larger blocks of one first address come first, IPv4 before IPv6 */
    static const struct range ranges[] = {{0, 0xffffffff, FAMILY_IPV4}, {0, 255, FAMILY_IPV4},
                                          {0, 0, FAMILY_IPV4},          {1, 9, FAMILY_IPV4},
                                          {0, ~(u128)0, FAMILY_IPV6},   {0, 1, FAMILY_IPV6}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        assert_int_equal(store_key_block(&ranges[i], &key), 0);
        if (i > 0)
            assert_true(order_of(&last, &key) < 0);
        struct store_buf held = last;
        last = key;
        key = held;
    }
    store_buf_done(&last);
    store_buf_done(&key);
}

int main(void)
{
    const char *given = getenv("PTRD_TEST_SEED");
    seed_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) ^ (uint64_t)getpid() << 20;
    printf("records: PTRD_TEST_SEED=%llu\n", (unsigned long long)seed_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zone_and_id),
        cmocka_unit_test(zone_kinds),
        cmocka_unit_test(zone_of_format_1),
        cmocka_unit_test(delegation),
        cmocka_unit_test(zone_state_and_cut),
        cmocka_unit_test(block),
        cmocka_unit_test(ptr),
        cmocka_unit_test(rrset_and_strings),
        cmocka_unit_test(meta),
        cmocka_unit_test(meta_without_keys),
        cmocka_unit_test(dnssec_key),
        cmocka_unit_test(keys_round_trip),
        cmocka_unit_test(longest_keys_fit),
        cmocka_unit_test(key_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
