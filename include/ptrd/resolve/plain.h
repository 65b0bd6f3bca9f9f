/* Plain names: those of which what stands there says all, so that a front can answer for PowerDNS.
 *
 * A plain name belongs to a zone of ours that is not signed (no active key, no metadata PRESIGNED)
 * and whose SOA PowerDNS does not edit (metadata SOA-EDIT); no cut or DNAME rules it; no CNAME,
 * DNAME, ALIAS or LUA record stands at it; and where nothing stands, no explicit wildcard covers
 * it. Then each type has the rows of that type at the name, there is nothing else to say but the
 * zone's SOA, and the name exists as soon as it has a row, be it that of an empty non-terminal.
 *
 * Inside snapshot_begin and end; a is scratch, whatever it held. No allocation but once a
 * generation of the data, no lock. Inside a writer's snapshot no name is plain. */
#ifndef PTRD_RESOLVE_PLAIN_H
#define PTRD_RESOLVE_PLAIN_H

#include "ptrd/resolve/resolve.h"

/* q: for RRTYPE_ANY and any zone. PTRD_FOUND: the name is plain, and a has all its rows (none: it
 * does not exist); PTRD_ABSENT; or an error, upon which the caller must not answer at all. */
PTRD_CHECKED int plain_resolve(struct snapshot *s, const struct question *q,
                               struct answer *a) PTRD_NONNULL;

/* The SOA of a->zone as it goes onto the wire (RFC 1035 3.3.13), names in lower case and not
 * compressed. rdata points into a. 0 or an error. */
struct plain_soa {
    struct span rdata;
    uint32_t negative_ttl_s; /* RFC 2308 5 */
};
PTRD_CHECKED int plain_soa(struct snapshot *s, struct answer *a,
                           struct plain_soa *out) PTRD_NONNULL;

#endif
