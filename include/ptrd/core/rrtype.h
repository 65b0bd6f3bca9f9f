/* RR type mnemonics (IANA DNS parameters; RFC 3597 5 for TYPE12345). Pure, re-entrant. */
#ifndef PTRD_CORE_RRTYPE_H
#define PTRD_CORE_RRTYPE_H

#include "ptrd/core/error.h"

enum rrtype {
    RRTYPE_ENT = 0, /* "" on the wire of the remote backend: a name that exists without records */
    RRTYPE_A = 1,
    RRTYPE_NS = 2,
    RRTYPE_CNAME = 5,
    RRTYPE_SOA = 6,
    RRTYPE_PTR = 12,
    RRTYPE_TXT = 16,
    RRTYPE_AAAA = 28,
    RRTYPE_DNAME = 39,
    RRTYPE_DS = 43,
    RRTYPE_ANY = 255,
    RRTYPE_ALIAS = 65401, /* PowerDNS only, */
    RRTYPE_LUA = 65402,   /* and this one */
};

#define RRTYPE_TEXT_SIZE 16

/* Case-insensitive mnemonic or TYPEn, exactly len bytes. PTRD_EINVAL when unknown. */
PTRD_CHECKED int rrtype_parse(const char *text, size_t len, uint16_t *out) PTRD_NONNULL;

/* Mnemonic or TYPEn; "" for RRTYPE_ENT. Returns the length. */
size_t rrtype_print(uint16_t type, char out[RRTYPE_TEXT_SIZE]) PTRD_NONNULL;

#endif
