/* Denial of existence (RFC 4034 4, RFC 5155): which NSEC or NSEC3 record speaks of a name.
 *
 * A zone of explicit records has an exact chain. A zone that holds a block, that holds generated
 * names, or that can derive (forward_auto, or a derived name stands in it) is denied by minimally
 * covering records (RFC 4470) made for the name that is asked, or by NSEC3 narrow, which PowerDNS
 * makes without asking: then the zone cannot be walked, and what is generated needs no order.
 * Inside snapshot_begin and end; a is scratch. */
#ifndef PTRD_RESOLVE_DENY_H
#define PTRD_RESOLVE_DENY_H

#include "ptrd/resolve/metadata.h"
#include "ptrd/resolve/resolve.h"

/* PTRD_FOUND: the zone is denied by minimally covering records; PTRD_ABSENT: by its chain. */
PTRD_CHECKED int deny_minimally(struct snapshot *s, const struct zone *zone) PTRD_NONNULL;

/* The NSEC record that speaks of a name at or below the zone's apex: owner <= name < next in
 * canonical order, next the apex behind the last. For minimally covering ones the rules are those
 * of ptrd(8), Denial of existence. PTRD_EINVAL: the name is outside the zone. */
PTRD_CHECKED int deny_nsec(struct snapshot *s, const struct zone *zone, const struct name *name,
                           struct answer *a, struct name *owner, struct name *next) PTRD_NONNULL;

/* The chain record that matches or covers a hash: before <= hash < after, around the end where
 * before >= after; owner is the name whose hash before is. PTRD_EINVAL: the zone has no NSEC3 chain
 * (no NSEC3PARAM, or it is denied minimally). PTRD_EBUSY: one is being built of what the zone was
 * before. */
PTRD_CHECKED int deny_nsec3(struct snapshot *s, const struct zone *zone,
                            const uint8_t hash[NSEC3_HASH_LEN], struct answer *a,
                            uint8_t before[NSEC3_HASH_LEN], uint8_t after[NSEC3_HASH_LEN],
                            struct name *owner) PTRD_NONNULL;

/* PTRD_FOUND: the zone's chain leaves out the name, an empty non-terminal of the zone, because it
 * leads to insecure delegations only (opt-out, RFC 5155 7.1). To PowerDNS such a name is not
 * authoritative: told otherwise it takes the name for a closest encloser with an NSEC3 record. What
 * is asked inside an open edit is PTRD_ABSENT: nothing is denied there. */
PTRD_CHECKED int deny_opts_out(struct snapshot *s, const struct zone *zone, const struct name *name,
                               struct answer *a) PTRD_NONNULL;

#endif
