#include <endian.h>
#include <string.h>

#include "ptrd/resolve/plain.h"
#include "ptrd/wire/wire.h"

#define HEADER_SIZE 12
#define OPT_SIZE 11
#define TYPE_OPT 41
#define CLASS_IN 1
#define RECORD_SIZE 12        /* of a record whose owner is a pointer, without its RDATA */
#define POINTER 0xc000        /* RFC 1035 4.1.4 */
#define STREAM_MAX UINT16_MAX /* RFC 1035 4.2.2 */
#define NXDOMAIN 3

/* --- writing ---------------------------------------------------------------------------------- */

static uint8_t *put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value >> 16), value & 0xffff);
}

/* Type to RDLENGTH. */
static uint8_t *put_fixed(uint8_t *at, uint16_t type, uint32_t ttl_s, size_t rdata_len)
{
    at = put32(put16(put16(at, type), CLASS_IN), ttl_s);
    return put16(at, (unsigned)rdata_len);
}

/* Of a query's header stay the identifier and RD: PowerDNS copies neither AD nor CD. */
static void put_header(uint8_t *packet, unsigned rcode, unsigned answers, unsigned authority,
                       unsigned additional)
{
    packet[2] = (uint8_t)(0x84 | (packet[2] & 0x01)); /* QR, AA, RD */
    packet[3] = (uint8_t)rcode;
    put16(put16(put16(packet + 6, answers), authority), additional);
}

static uint8_t *put_opt(uint8_t *at, const struct wire_query *q)
{
    if (!q->edns)
        return at;
    *at++ = 0;
    at = put16(put16(at, TYPE_OPT), WIRE_UDP_MAX);
    at = put32(at, q->dnssec_ok ? 0x8000 : 0);
    return put16(at, 0);
}

/* --- how much --------------------------------------------------------------------------------- */

static size_t limit(const struct wire_query *q, size_t capacity, bool stream)
{
    size_t most = stream ? STREAM_MAX : q->payload < WIRE_UDP_MAX ? q->payload : WIRE_UDP_MAX;
    return most < capacity ? most : capacity;
}

static size_t opt_size(const struct wire_query *q)
{
    return q->edns ? OPT_SIZE : 0;
}

/* --- contents --------------------------------------------------------------------------------- */

static size_t put_addr(uint8_t *at, const struct addr *addr)
{
    const uint64_t halves[2] = {htobe64((uint64_t)(addr->num >> 64)), htobe64((uint64_t)addr->num)};
    size_t octets = family_bits(addr->family) / 8;
    memcpy(at, (const uint8_t *)halves + sizeof halves - octets, octets);
    return octets;
}

/* Explicit ones but PTRs of addresses. */
static size_t put_text(uint8_t *at, uint16_t type, struct span text)
{
    struct addr addr;
    struct name name;
    if (type == RRTYPE_PTR) {
        if (name_parse((const char *)text.bytes, text.len, &name, NULL) < 0)
            return 0;
        memcpy(at, name.wire, name.len);
        return name.len;
    }
    if (addr_parse((const char *)text.bytes, text.len, &addr) < 0 ||
        (addr.family == FAMILY_IPV4) != (type == RRTYPE_A))
        return 0;
    return put_addr(at, &addr);
}

/* RDATA of an A, AAAA or PTR row, at most NAME_WIRE_MAX octets. Its length; 0: there is none. */
static size_t put_rdata(uint8_t *at, const struct row *row)
{
    switch (row->kind) {
    case ROW_NAME:
        memcpy(at, row->bytes.bytes, row->bytes.len);
        return row->bytes.len;
    case ROW_ADDR:
        return put_addr(at, &row->addr);
    case ROW_TEXT:
        return put_text(at, row->type, row->bytes);
    case ROW_ENT:
        break;
    }
    return 0;
}

/* The same without writing. */
static size_t rdata_size(const struct row *row)
{
    uint8_t scratch[NAME_WIRE_MAX];
    if (row->kind == ROW_NAME)
        return row->bytes.len;
    return put_rdata(scratch, row);
}

/* --- records that are there ------------------------------------------------------------------- */

struct positive {
    unsigned count;
    size_t size; /* of the records; 0 where one has no RDATA */
};

static struct positive measure(const struct answer *a, uint16_t type)
{
    struct positive p = {0, 0};
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->rows[i].type != type)
            continue;
        size_t rdata = rdata_size(&a->rows[i]);
        if (rdata == 0)
            return (struct positive){1, 0};
        p.count++;
        p.size += RECORD_SIZE + rdata;
    }
    return p;
}

static int answer_positive(const struct wire_query *q, const struct positive *p, uint8_t *packet,
                           size_t most, const struct answer *a)
{
    size_t size = q->end + p->size + opt_size(q);
    if (p->size == 0 || size > most)
        return PTRD_ABSENT;
    put_header(packet, 0, p->count, 0, q->edns);
    uint8_t *at = packet + q->end;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct row *row = &a->rows[i];
        if (row->type != q->type)
            continue;
        size_t rdata = put_rdata(at + RECORD_SIZE, row);
        put_fixed(put16(at, POINTER | HEADER_SIZE), row->type, row->ttl_s, rdata);
        at += RECORD_SIZE + rdata;
    }
    put_opt(at, q);
    return (int)size;
}

/* --- none such -------------------------------------------------------------------------------- */

/* RFC 2308 2. The owner of the SOA is the end of the question's name. */
static int answer_negative(struct snapshot *s, const struct wire_query *q, uint8_t *packet,
                           size_t most, struct answer *a)
{
    struct plain_soa soa;
    unsigned rcode = a->count ? 0 : NXDOMAIN;
    int err = plain_soa(s, a, &soa);
    if (err < 0)
        return err;
    size_t size = q->end + RECORD_SIZE + soa.rdata.len + opt_size(q);
    if (size > most)
        return PTRD_ABSENT;
    put_header(packet, rcode, 0, 1, q->edns);
    unsigned owner = HEADER_SIZE + q->all.name.len - a->zone->apex.len;
    uint8_t *at = put16(packet + q->end, POINTER | owner);
    at = put_fixed(at, RRTYPE_SOA, soa.negative_ttl_s, soa.rdata.len);
    memcpy(at, soa.rdata.bytes, soa.rdata.len);
    put_opt(at + soa.rdata.len, q);
    return (int)size;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool is_written(uint16_t type)
{
    return type == RRTYPE_A || type == RRTYPE_AAAA || type == RRTYPE_PTR;
}

int wire_answer(struct snapshot *s, const struct wire_query *q, uint8_t *packet, size_t capacity,
                bool stream, struct answer *a)
{
    int found = plain_resolve(s, &q->all, a);
    if (found != PTRD_FOUND)
        return found;
    struct positive p = measure(a, q->type);
    size_t most = limit(q, capacity, stream);
    if (p.count == 0)
        return answer_negative(s, q, packet, most, a);
    return is_written(q->type) ? answer_positive(q, &p, packet, most, a) : PTRD_ABSENT;
}
