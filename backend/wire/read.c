#include <string.h>

#include "ptrd/core/octets.h"
#include "ptrd/wire/wire.h"

#define HEADER_SIZE 12
#define OPT_SIZE 11
#define TYPE_OPT 41
#define CLASS_IN 1
#define OPTION_NSID 3
#define UDP_MIN 512

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* --- the header ------------------------------------------------------------------------------- */

/* RFC 1035 4.1.1: of a query's flags RD, and those of DNSSEC (RFC 4035 3.1.6, 3.2.2), may be set.
 */
#define FLAGS_MAY_BE_SET (0x0100 | 0x0020 | 0x0010)

static bool is_query(const uint8_t *packet)
{
    return (read16(packet + 2) & ~FLAGS_MAY_BE_SET) == 0 && read16(packet + 4) == 1 &&
           read16(packet + 6) == 0 && read16(packet + 8) == 0 && read16(packet + 10) <= 1;
}

/* --- the name --------------------------------------------------------------------------------- */

/* Letters, digits, - _ and /, each as its lower case; 0 for all others. PowerDNS refuses other
 * octets than these and a few (8bit-dns), and of * there is nothing to be sure. */
static const uint8_t plain_octets[256] = {
    ['-'] = '-', ['/'] = '/', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b',
    ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',
    ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',
    ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',
    ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['_'] = '_', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c',
    ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',
    ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q',
    ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x',
    ['y'] = 'y', ['z'] = 'z'};

/* 255 where an octet is a letter, a digit or -; *x in lower case there. */
static inline octets take_letters(octets *x)
{
    octets low = *x | 0x20; /* leaves digits and - as they are */
    octets letter = (octets)(low >= 'a') & (octets)(low <= 'z');
    octets digit = (octets)(*x >= '0') & (octets)(*x <= '9');
    octets hyphen = (octets)(*x == '-');
    *x = low;
    return letter | digit | hyphen;
}

/* Eight labels of one octet each at once: names of ip6.arpa have four times that. */
static inline bool read_eight(const uint8_t *from, uint8_t *to)
{
    octets x = octets_load(from), lower = x;
    octets good = (take_letters(&lower) & octets_odd) | ((octets)(x == 1) & octets_even);
    if (!octets_zero(~good))
        return false;
    x = (lower & octets_odd) | (octets_even & 1);
    memcpy(to, &x, sizeof x);
    return true;
}

/* Sixteen octets of a label at once: generated names are long. */
static inline bool read_sixteen(const uint8_t *from, uint8_t *to)
{
    octets x = octets_load(from);
    if (!octets_zero(~take_letters(&x)))
        return false;
    memcpy(to, &x, sizeof x);
    return true;
}

static bool read_label(const uint8_t *from, unsigned len, uint8_t *to)
{
    unsigned i = 0;
    to[0] = (uint8_t)len;
    while (i + 16 <= len && read_sixteen(from + 1 + i, to + 1 + i))
        i += 16;
    for (i++; i <= len; i++)
        if (!(to[i] = plain_octets[from[i]]))
            return false;
    return true;
}

/* A name that is not compressed and not the root; its length, or 0 for any other octets. */
static unsigned read_name(const uint8_t *from, size_t room, struct name *out)
{
    unsigned at = 0;
    if (room > NAME_WIRE_MAX)
        room = NAME_WIRE_MAX;
    while (at + 16 <= room && read_eight(from + at, out->wire + at))
        at += 16;
    while (at < room && from[at] != 0) {
        unsigned len = from[at];
        if (len > LABEL_MAX || at + len + 1 >= room || !read_label(from + at, len, out->wire + at))
            return 0;
        at += len + 1;
    }
    if (at == 0 || at >= room)
        return 0;
    out->wire[at++] = 0;
    out->len = (uint8_t)at;
    return at;
}

/* --- the type --------------------------------------------------------------------------------- */

/* Those that no record of a zone has (RFC 6895 3.1: TYPE0, OPT, Q and meta types) or that PowerDNS
 * makes, or looks for in other places than at the name. */
static bool is_special(uint16_t type)
{
    switch (type) {
    case 0:
    case 24: /* SIG */
    case 25: /* KEY */
    case 30: /* NXT */
    case TYPE_OPT:
    case RRTYPE_DS:
    case 46: /* RRSIG */
    case 47: /* NSEC */
    case 48: /* DNSKEY */
    case 50: /* NSEC3 */
    case 51: /* NSEC3PARAM */
    case 59: /* CDS */
    case 60: /* CDNSKEY */
        return true;
    default:
        return (type >= 128 && type <= 255) || type >= 65280; /* private ones too */
    }
}

/* --- EDNS ------------------------------------------------------------------------------------- */

/* The options fill the octets exactly, and none is one that PowerDNS answers. */
static bool are_ignored(const uint8_t *at, size_t len)
{
    while (len >= 4) {
        size_t size = 4u + read16(at + 2);
        if (size > len || read16(at) == OPTION_NSID)
            return false;
        at += size;
        len -= size;
    }
    return len == 0;
}

/* One OPT record, version 0, is all that is left of the packet. */
static bool read_opt(const uint8_t *at, size_t len, struct wire_query *out)
{
    if (len < OPT_SIZE || at[0] != 0 || read16(at + 1) != TYPE_OPT || read16(at + 5) != 0 ||
        read16(at + 9) != len - OPT_SIZE || !are_ignored(at + OPT_SIZE, len - OPT_SIZE))
        return false;
    uint16_t payload = read16(at + 3);
    out->edns = true;
    out->payload = payload < UDP_MIN ? UDP_MIN : payload;
    out->dnssec_ok = at[7] & 0x80;
    return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

int wire_read(const uint8_t *packet, size_t len, struct wire_query *out)
{
    if (len < HEADER_SIZE + 2 + 4 || !is_query(packet))
        return PTRD_ABSENT;
    unsigned name = read_name(packet + HEADER_SIZE, len - HEADER_SIZE - 4, &out->all.name);
    if (name == 0)
        return PTRD_ABSENT;
    const uint8_t *at = packet + HEADER_SIZE + name;
    out->type = read16(at);
    out->end = (uint16_t)(HEADER_SIZE + name + 4);
    out->all.type = RRTYPE_ANY;
    out->all.zone_id = 0;
    out->edns = out->dnssec_ok = false;
    out->payload = UDP_MIN;
    if (is_special(out->type) || read16(at + 2) != CLASS_IN)
        return PTRD_ABSENT;
    size_t left = len - out->end;
    bool good = packet[11] ? read_opt(packet + out->end, left, out) : left == 0;
    return good ? PTRD_FOUND : PTRD_ABSENT;
}
