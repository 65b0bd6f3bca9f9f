/* Record text in, checked record out (the only user of libldns).
 *
 * Content is what stands behind the type in a master file (RFC 1035 5.1), names in it absolute,
 * final dot optional; the result is the text that is stored and sent to PowerDNS: canonical
 * spelling as libldns prints it, names in the case in which they were written and with a final dot.
 * What libldns would change silently is refused with the field and its range: numbers that wrap
 * (`MX 70000`), digests that it pads. ALIAS, which libldns does not know, is one host name.
 * Re-entrant; allocates memory. */
#ifndef PTRD_RDATA_RDATA_H
#define PTRD_RDATA_RDATA_H

#include "ptrd/core/name.h"
#include "ptrd/core/rrtype.h"

#define RDATA_TEXT_MAX 65535 /* bytes of canonical text; the longest that we store */

struct rdata {
    uint16_t type;
    size_t len;
    char *text; /* owned, NUL-terminated; rdata_done frees it */
};

/* owner is for messages only. origin: names in content that do not end with a dot are relative to
 * it (master files); NULL: all are absolute. PTRD_EINVAL with a diag message naming type, field,
 * value and what is expected; also for types that no zone may hold (ANY, OPT, TSIG, AXFR) or that
 * the signer makes (RRSIG, NSEC, NSEC3). */
PTRD_CHECKED int rdata_parse(const struct name *owner, const struct name *origin, uint16_t type,
                             const char *content, size_t len, struct rdata *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 4, 6);
void rdata_done(struct rdata *r) PTRD_NONNULL;

/* The one name that NS, CNAME, PTR, DNAME, ALIAS, MX or SRV content points to; PTRD_ABSENT for
 * other types. */
PTRD_CHECKED int rdata_target(uint16_t type, const char *text, size_t len,
                              struct name *out) PTRD_NONNULL;

/* Is content of the type names and numbers alone? It says the same in upper and lower case. */
bool rdata_is_names(uint16_t type);

#endif
