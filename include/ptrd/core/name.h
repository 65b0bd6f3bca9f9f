/* Domain names in wire form, lower case.
 *
 * A struct name holds a complete, absolute, uncompressed name (RFC 1035 3.1): labels of 1..63
 * octets and the root label, 1..255 octets in all. ASCII letters are lower-cased once when a name
 * enters (RFC 4343), so equality is memcmp. Any octet may stand in a label. Text form is RFC 1035
 * 5.1: `\.`, `\\` and `\DDD` escapes; names in text are absolute, the trailing dot is optional.
 *
 * The canonical order form (struct name_key) is a byte string whose memcmp order is the DNSSEC
 * canonical order (RFC 4034 6.1) and in which a name's key is a prefix of the key of every name
 * below it: labels from the root side down, each octet 0x00 as 01 01, 0x01 as 01 02, each label
 * closed by 00. The root's key is empty. "com\0example\0" is the key of example.com.
 * Everything here is pure and re-entrant. */
#ifndef PTRD_CORE_NAME_H
#define PTRD_CORE_NAME_H

#include "ptrd/core/error.h"

#define NAME_WIRE_MAX 255
#define NAME_TEXT_SIZE 1012 /* 253 escaped octets "\DDD" at most, with the NUL */
#define NAME_KEY_MAX 510
#define LABEL_MAX 63
#define NAME_LABELS_MAX 127

struct name {
    uint8_t len; /* octets used in wire, 1..255 */
    uint8_t wire[NAME_WIRE_MAX];
};

struct name_key {
    uint16_t len;
    uint8_t bytes[NAME_KEY_MAX];
};

/* Parses exactly len bytes of text as an absolute name. "." is the root, "" is PTRD_EINVAL. On
 * failure diag says what is wrong (label too long, empty label, bad escape, name too long). diag
 * may be NULL. */
PTRD_CHECKED int name_parse(const char *text, size_t len, struct name *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3);

/* As name_parse, but text is relative to origin unless it ends with a dot; "@" is the origin. */
PTRD_CHECKED int name_parse_relative(const char *text, size_t len, const struct name *origin,
                                     struct name *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3, 4);

/* Checks and copies len wire octets (as stored): PTRD_ECORRUPT unless they are exactly one name. */
PTRD_CHECKED int name_from_wire(const uint8_t *wire, size_t len, struct name *out) PTRD_NONNULL;

/* Text without a trailing dot ("." for the root), NUL-terminated. Returns its length. */
size_t name_print(const struct name *name, char out[NAME_TEXT_SIZE]) PTRD_NONNULL;

/* Text relative to origin, "@" for the origin itself; a name that is not below origin is absolute,
 * with a trailing dot. */
size_t name_print_relative(const struct name *name, const struct name *origin,
                           char out[NAME_TEXT_SIZE]) PTRD_NONNULL;

bool name_equal(const struct name *a, const struct name *b) PTRD_NONNULL PTRD_PURE;

/* Canonical order (RFC 4034 6.1): <0, 0, >0. */
int name_compare(const struct name *a, const struct name *b) PTRD_NONNULL;

/* True when name equals apex or lies below it. */
bool name_within(const struct name *name, const struct name *apex) PTRD_NONNULL PTRD_PURE;

/* Number of labels, the root label not counted. */
unsigned name_labels(const struct name *name) PTRD_NONNULL PTRD_PURE;

/* Offsets in wire of each label, leftmost first; returns their number (root not counted). */
unsigned name_label_offsets(const struct name *name, uint8_t offsets[NAME_LABELS_MAX]) PTRD_NONNULL;

/* The name without its n leftmost labels (n <= name_labels). out may be name itself. */
void name_strip(const struct name *name, unsigned n, struct name *out) PTRD_NONNULL;

/* left (relative labels: a name whose root label is dropped) + right. PTRD_ELIMIT if too long.
 * out must not overlap the inputs. */
PTRD_CHECKED int name_concat(const struct name *left, const struct name *right,
                             struct name *out) PTRD_NONNULL;

void name_key(const struct name *name, struct name_key *out) PTRD_NONNULL;

/* The inverse; PTRD_ECORRUPT when the bytes are no key. */
PTRD_CHECKED int name_from_key(const uint8_t *bytes, size_t len, struct name *out) PTRD_NONNULL;

/* A host name (RFC 952, RFC 1123 2.1): one label or more, of letters, digits and inner hyphens. */
bool name_is_host(const struct name *name) PTRD_NONNULL PTRD_PURE;

/* True when the leftmost label is "*" (RFC 4592 2.1.1). */
bool name_is_wildcard(const struct name *name) PTRD_NONNULL PTRD_PURE;

#endif
