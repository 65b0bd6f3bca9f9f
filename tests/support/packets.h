/* DNS packets of tests: queries made field by field, and answers as text, read by rules of their
 * own (RFC 1035 4.1). Every function ends the test on failure. */
#ifndef TESTS_SUPPORT_PACKETS_H
#define TESTS_SUPPORT_PACKETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ptrd/core/addr.h"
#include "ptrd/core/rrtype.h"

#define PACKET_ROOM 2048

struct packet {
    size_t len;
    uint8_t bytes[PACKET_ROOM];
};

static inline void packet_put16(struct packet *p, unsigned value)
{
    p->bytes[p->len++] = (uint8_t)(value >> 8);
    p->bytes[p->len++] = (uint8_t)value;
}

/* As it is spelled: plain dotted text. */
static inline void packet_put_name(struct packet *p, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, ".");
        p->bytes[p->len++] = (uint8_t)len;
        memcpy(p->bytes + p->len, text, len);
        p->len += len;
        text += len + (text[len] == '.');
    }
    p->bytes[p->len++] = 0;
}

/* Header flags 0x0100 (RD). */
static inline void packet_make_query(struct packet *p, const char *name, const char *type)
{
    static const uint8_t header[12] = {0xab, 0xcd, 1, 0, 0, 1};
    uint16_t number;
    assert_int_equal(rrtype_parse(type, strlen(type), &number), 0);
    memcpy(p->bytes, header, sizeof header);
    p->len = sizeof header;
    packet_put_name(p, name);
    packet_put16(p, number);
    packet_put16(p, 1);
}

static inline struct packet packet_query(const char *name, const char *type)
{
    struct packet p;
    packet_make_query(&p, name, type);
    return p;
}

/* flags: extended rcode and version above, DO 0x8000. */
static inline void packet_put_opt(struct packet *p, unsigned payload, uint32_t flags,
                                  const void *options, size_t len)
{
    p->bytes[p->len++] = 0;
    packet_put16(p, 41);
    packet_put16(p, payload);
    packet_put16(p, flags >> 16);
    packet_put16(p, flags & 0xffff);
    packet_put16(p, (unsigned)len);
    memcpy(p->bytes + p->len, options, len);
    p->len += len;
    p->bytes[11]++;
}

/* --- answers as text -------------------------------------------------------------------------- */

struct packet_reader {
    const struct packet *p;
    size_t at;
    char *out;
    size_t size, used;
};

PTRD_FORMAT(2, 3)
static inline void packet_say(struct packet_reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(r->out + r->used, r->size - r->used, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < r->size - r->used);
    r->used += (size_t)n;
}

static inline unsigned packet_take(struct packet_reader *r, unsigned octets)
{
    unsigned value = 0;
    assert_true(r->at + octets <= r->p->len);
    while (octets-- > 0)
        value = value << 8 | r->p->bytes[r->at++];
    return value;
}

/* Prints it in lower case with a final dot. Pointers lead to before the name only. */
static inline void packet_take_name(struct packet_reader *r)
{
    size_t at = r->at, end = 0, start = r->at, len = 0;
    for (;;) {
        assert_true(at < r->p->len);
        unsigned octet = r->p->bytes[at];
        if (octet >= 0xc0) {
            assert_true(at + 1 < r->p->len);
            end = end ? end : at + 2;
            at = (octet & 0x3f) << 8 | r->p->bytes[at + 1];
            assert_true(at >= 12 && at < start);
            start = at;
            continue;
        }
        assert_true(octet < 64 && at + octet < r->p->len);
        len += octet + 1;
        at++;
        if (octet == 0)
            break;
        for (unsigned i = 0; i < octet; i++, at++) {
            uint8_t c = r->p->bytes[at];
            packet_say(r, "%c", c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        packet_say(r, ".");
    }
    assert_true(len <= 255);
    if (len == 1)
        packet_say(r, ".");
    r->at = end ? end : at;
}

static inline void packet_take_rdata(struct packet_reader *r, unsigned type, unsigned len)
{
    size_t end = r->at + len;
    char text[ADDR_TEXT_SIZE];
    if (type == RRTYPE_A || type == RRTYPE_AAAA) {
        struct addr addr = {.family = type == RRTYPE_A ? FAMILY_IPV4 : FAMILY_IPV6};
        assert_int_equal(len, family_bits(addr.family) / 8);
        for (unsigned i = 0; i < len; i++)
            addr.num = addr.num << 8 | packet_take(r, 1);
        addr_print(&addr, text);
        packet_say(r, " %s", text);
    } else if (type == RRTYPE_PTR) {
        packet_say(r, " ");
        packet_take_name(r);
    } else {
        assert_int_equal(type, RRTYPE_SOA);
        for (unsigned i = 0; i < 2; i++) {
            packet_say(r, " ");
            packet_take_name(r);
        }
        for (unsigned i = 0; i < 5; i++)
            packet_say(r, " %u", packet_take(r, 4));
    }
    assert_int_equal(r->at, end);
}

static inline void packet_take_record(struct packet_reader *r, const char *section)
{
    char type_text[RRTYPE_TEXT_SIZE];
    packet_say(r, "; %s ", section);
    packet_take_name(r);
    unsigned type = packet_take(r, 2), class = packet_take(r, 2), ttl = packet_take(r, 4),
             len = packet_take(r, 2);
    if (type == 41) {
        assert_int_equal(len, 0);
        packet_say(r, " OPT %u %08x", class, ttl);
        return;
    }
    assert_int_equal(class, 1);
    rrtype_print((uint16_t)type, type_text);
    packet_say(r, " %u %s", ttl, type_text);
    packet_take_rdata(r, type, len);
}

/* "FLAGS RCODE; answer OWNER TTL TYPE CONTENT; authority ...; more . OPT PAYLOAD FLAGS": flags are
 * the 16 bits without the rcode in hexadecimal. The question is not shown. */
static inline const char *packet_text(const struct packet *p)
{
    static const char *const sections[] = {"answer", "authority", "more"};
    static char out[PACKET_ROOM * 2], question[1024];
    struct packet_reader r = {.p = p, .out = question, .size = sizeof question};
    packet_take(&r, 2);
    unsigned flags = packet_take(&r, 2), counts[3];
    assert_int_equal(packet_take(&r, 2), 1);
    for (unsigned i = 0; i < 3; i++)
        counts[i] = packet_take(&r, 2);
    packet_take_name(&r);
    packet_take(&r, 4);
    r.out = out;
    r.size = sizeof out;
    r.used = 0;
    packet_say(&r, "%04x %u", flags & 0xfff0, flags & 15);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned n = 0; n < counts[i]; n++)
            packet_take_record(&r, sections[i]);
    assert_int_equal(r.at, p->len);
    return out;
}

#endif
