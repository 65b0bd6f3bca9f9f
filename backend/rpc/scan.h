/* A request's JSON text (RFC 8259), checked and read in one pass without allocation.
 *
 * The whole text is checked, whatever its method: exactly one object, with blank space around it.
 * What a lookup needs is kept as spans into the text; all else is skipped. Keys may come in any
 * order and spelling (escapes). Refused beyond the grammar: invalid UTF-8, lone surrogates, nesting
 * deeper than SCAN_DEPTH_MAX, a second "method", "parameters" or wanted parameter. Re-entrant. */
#ifndef PTRD_RPC_SCAN_H
#define PTRD_RPC_SCAN_H

#include "ptrd/core/error.h"

#define SCAN_DEPTH_MAX 64

enum scan_kind { SCAN_MISSING, SCAN_STRING, SCAN_NUMBER, SCAN_OBJECT, SCAN_OTHER };

struct scan_value {
    enum scan_kind kind;
    bool escaped;   /* STRING: holds a backslash */
    const char *at; /* STRING: between the quotes; else the value's first byte */
    size_t len;
};

struct scan_request {
    struct scan_value method, parameters;
    struct scan_value qname, qtype, zone_id; /* of parameters */
    struct scan_value name; /* STRING, without escapes: the request is in PowerDNS's own spelling,
                               and this its one parameter; else MISSING, whatever there is */
};

/* PTRD_EINVAL with the byte where the text stops to be right. */
PTRD_CHECKED int scan_request(const char *text, size_t len, struct scan_request *out,
                              struct diag *diag) PTRD_NONNULL;

/* The characters of a STRING as UTF-8. PTRD_ESPACE if they are more than size. */
PTRD_CHECKED int scan_string(const struct scan_value *value, char *out, size_t size,
                             size_t *len) PTRD_NONNULL;

/* A STRING spelt exactly so (escapes counted as what they mean). */
bool scan_is(const struct scan_value *value, const char *text, size_t len) PTRD_NONNULL;

/* A whole number, or a string of one; a value beyond int64 is the nearest. PTRD_EINVAL else. */
PTRD_CHECKED int scan_integer(const struct scan_value *value, int64_t *out) PTRD_NONNULL;

/* Length of the UTF-8 sequence at text (< end) that begins beyond ASCII (RFC 3629 4), or 0. */
unsigned scan_utf8_length(const char *text, const char *end) PTRD_NONNULL;

#endif
