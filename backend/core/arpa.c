#include "ptrd/core/arpa.h"

#include <endian.h>
#include <string.h>

#include "ptrd/core/octets.h"

static const uint8_t suffix_v4[] = "\7in-addr\4arpa";
static const uint8_t suffix_v6[] = "\3ip6\4arpa";

int arpa_read_octet(const uint8_t *label)
{
    unsigned len = label[0], value = 0;
    if (len > 3 || (len > 1 && label[1] == '0'))
        return -1;
    for (unsigned i = 1; i <= len; i++) {
        if (label[i] < '0' || label[i] > '9')
            return -1;
        value = value * 10 + (label[i] - (unsigned)'0');
    }
    return value <= 255 ? (int)value : -1;
}

static int read_nibble(const uint8_t *label)
{
    if (label[0] != 1)
        return -1;
    if (label[1] >= '0' && label[1] <= '9')
        return label[1] - '0';
    return label[1] >= 'a' && label[1] <= 'f' ? label[1] - 'a' + 10 : -1;
}

/* The family whose suffix ends the name, 0 for none; *labels is cut to those before the suffix. */
static int find_family(const struct name *name, const uint8_t *offsets, unsigned *labels)
{
    if (*labels < 2)
        return 0;
    unsigned at = offsets[*labels - 2], len = name->len - at;
    int family = 0;
    if (len == sizeof suffix_v4 && memcmp(name->wire + at, suffix_v4, len) == 0)
        family = FAMILY_IPV4;
    else if (len == sizeof suffix_v6 && memcmp(name->wire + at, suffix_v6, len) == 0)
        family = FAMILY_IPV6;
    *labels -= 2;
    return family;
}

/* The nibbles of eight labels, the first the least significant; *bad becomes other than zero where
 * one is no label of a nibble. */
static inline uint32_t read_eight(const uint8_t *wire, octets *bad)
{
    /* Moves nibble n, in octet 2 n, to bit 48 + 4 n; what else the product holds lies below. */
    const uint64_t gather = UINT64_C(1) << 48 | UINT64_C(1) << 36 | UINT64_C(1) << 24 | 1u << 12;
    octets x = octets_load(wire);
    octets value = ((x & 0x0f) + ((octets)(x >= 'a') & 9)) & 0x0f;
    *bad |= ((octets_hex(value) ^ x) & octets_odd) | ((x ^ 1) & octets_even);
    uint64_t halves[2];
    value &= octets_odd;
    memcpy(halves, &value, sizeof halves);
    return (uint32_t)((le64toh(halves[0]) >> 8) * gather >> 48 |
                      (le64toh(halves[1]) >> 8) * gather >> 48 << 16);
}

/* Most questions: a full name of IPv6, 32 labels of one nibble. */
static bool parse_full_v6(const struct name *name, struct arpa *out)
{
    uint64_t half[2] = {0, 0};
    octets bad = {0};
    if (name->len != 64 + sizeof suffix_v6 ||
        memcmp(name->wire + 64, suffix_v6, sizeof suffix_v6) != 0)
        return false;
    for (unsigned i = 0; i < 4; i++)
        half[i / 2] |= (uint64_t)read_eight(name->wire + 16 * i, &bad) << 32 * (i % 2);
    if (!octets_zero(bad))
        return false;
    out->kind = ARPA_FULL;
    out->prefix =
        (struct prefix){.num = (u128)half[1] << 64 | half[0], .family = FAMILY_IPV6, .len = 128};
    return true;
}

void arpa_parse(const struct name *name, struct arpa *out)
{
    if (parse_full_v6(name, out))
        return;
    uint8_t offsets[NAME_LABELS_MAX];
    unsigned labels = name_label_offsets(name, offsets);
    int family = find_family(name, offsets, &labels);

    out->kind = ARPA_NONE;
    if (!family)
        return;
    unsigned step = family == FAMILY_IPV4 ? 8 : 4, bits = family_bits((enum family)family);
    unsigned full = bits / step, digits = labels < full ? labels : full;
    uint64_t half[2] = {0, 0}; /* of the address: shifting 64 bits is cheaper than 128 */
    for (unsigned i = 0; i < digits; i++) {
        const uint8_t *label = name->wire + offsets[labels - 1 - i];
        int value = step == 8 ? arpa_read_octet(label) : read_nibble(label);
        if (value < 0)
            return;
        half[i / 16] = half[i / 16] << step | (unsigned)value;
    }
    unsigned first = digits < 16 ? digits : 16; /* digits in half[0] */
    u128 num = first ? (u128)half[0] << (bits - step * first) : 0;
    if (digits > 16)
        num |= (u128)half[1] << (bits - step * digits);
    out->prefix =
        (struct prefix){.num = num, .family = (enum family)family, .len = (uint8_t)(digits * step)};
    out->kind = labels > full ? ARPA_BELOW : labels == full ? ARPA_FULL : ARPA_PARTIAL;
}

unsigned arpa_put_octet(unsigned octet, uint8_t *wire)
{
    unsigned at = 1;
    if (octet >= 100)
        wire[at++] = (uint8_t)('0' + octet / 100);
    if (octet >= 10)
        wire[at++] = (uint8_t)('0' + octet / 10 % 10);
    wire[at++] = (uint8_t)('0' + octet % 10);
    wire[0] = (uint8_t)(at - 1);
    return at;
}

/* digits octets or nibbles of num, the least significant of them first. */
static void put_name(u128 num, enum family family, unsigned digits, struct name *out)
{
    unsigned step = family == FAMILY_IPV4 ? 8 : 4, bits = family_bits(family), at = 0;
    for (unsigned i = digits; i > 0; i--) {
        unsigned value = (unsigned)(num >> (bits - step * i)) & ((1u << step) - 1);
        if (step == 8) {
            at += arpa_put_octet(value, out->wire + at);
        } else {
            out->wire[at++] = 1;
            out->wire[at++] = (uint8_t) "0123456789abcdef"[value];
        }
    }
    const uint8_t *suffix = step == 8 ? suffix_v4 : suffix_v6;
    unsigned len = step == 8 ? sizeof suffix_v4 : sizeof suffix_v6;
    memcpy(out->wire + at, suffix, len);
    out->len = (uint8_t)(at + len);
}

void arpa_name(const struct addr *addr, struct name *out)
{
    put_name(addr->num, addr->family, addr->family == FAMILY_IPV4 ? 4 : 32, out);
}

int arpa_prefix_name(const struct prefix *prefix, struct name *out)
{
    unsigned step = prefix->family == FAMILY_IPV4 ? 8 : 4;
    if (prefix->len % step)
        return PTRD_EINVAL;
    put_name(prefix->num, prefix->family, prefix->len / step, out);
    return 0;
}

int arpa_zones(const struct prefix *prefix, uint8_t *step_len)
{
    unsigned step = prefix->family == FAMILY_IPV4 ? 8 : 4;
    unsigned len = (prefix->len + step - 1) / step * step;
    /* Beyond /24 an IPv4 zone is one of RFC 2317, whose name only the upstream knows. */
    if (prefix->family == FAMILY_IPV4 && len > 24)
        return PTRD_EINVAL;
    *step_len = (uint8_t)len;
    return 1 << (len - prefix->len);
}
