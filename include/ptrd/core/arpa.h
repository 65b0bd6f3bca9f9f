/* in-addr.arpa and ip6.arpa (RFC 1035 3.5, RFC 3596 2.5).
 *
 * A name under one of the two suffixes is read label by label; only canonical labels count: an
 * octet is "0".."255" without leading zeros, a nibble one hexadecimal digit. Pure, re-entrant. */
#ifndef PTRD_CORE_ARPA_H
#define PTRD_CORE_ARPA_H

#include "ptrd/core/name.h"
#include "ptrd/core/range.h"

enum arpa_kind {
    ARPA_NONE,    /* not under the two suffixes, or a label that is no canonical octet or nibble */
    ARPA_PARTIAL, /* the suffix itself or 1..3 octets / 1..31 nibbles: prefix says which */
    ARPA_FULL,    /* one address: prefix has full length */
    ARPA_BELOW,   /* labels below a full name: prefix is that address */
};

struct arpa {
    enum arpa_kind kind;
    struct prefix prefix; /* set unless ARPA_NONE */
};

/* Classifies a name; never fails. */
void arpa_parse(const struct name *name, struct arpa *out) PTRD_NONNULL;

/* The full reverse name of an address. */
void arpa_name(const struct addr *addr, struct name *out) PTRD_NONNULL;

/* The name of a prefix that lies on a boundary (len a multiple of 8 or 4). PTRD_EINVAL else. */
PTRD_CHECKED int arpa_prefix_name(const struct prefix *prefix, struct name *out) PTRD_NONNULL;

/* The value of a label that is a canonical octet ("0".."255" without leading zeros), else -1. */
int arpa_read_octet(const uint8_t *label) PTRD_NONNULL;

/* Writes the label of an octet, at most 4 bytes; returns how many. */
unsigned arpa_put_octet(unsigned octet, uint8_t *wire) PTRD_NONNULL;

#define ARPA_ZONES_MAX 128

/* The reverse zones that make up a prefix: the prefix itself on a boundary, else those of the next
 * octet (at most 128) or nibble (at most 8). *step_len gets their prefix length and the return
 * value is their number; zone i is the prefix + i * 2^(bits - step_len). An IPv4 prefix beyond /24
 * has none of its own (RFC 2317): PTRD_EINVAL. */
PTRD_CHECKED int arpa_zones(const struct prefix *prefix, uint8_t *step_len) PTRD_NONNULL;

#endif
