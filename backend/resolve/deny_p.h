/* Private to resolve (deny*.c): what stands at a name of a zone, and its neighbours there. */
#ifndef PTRD_RESOLVE_DENY_P_H
#define PTRD_RESOLVE_DENY_P_H

#include "ptrd/resolve/resolve.h"

struct denial {
    struct snapshot *s;
    const struct zone *zone;
    struct answer *a; /* of the last look */
};

enum deny_kind {
    DENY_ABSENT,
    DENY_ENT,
    DENY_NAME,
    DENY_DNAME, /* the owner of one */
    DENY_RULED, /* at or below the cut, or below the DNAME, in a->cut */
};

/* What a lookup with the zone's id finds there: enum deny_kind, or an error. */
PTRD_CHECKED int deny_look(struct denial *d, const struct name *name) PTRD_NONNULL;

/* The name right below the closest encloser (RFC 5155 1.3) of an absent name that is at or below no
 * cut. 0 or an error. */
PTRD_CHECKED int deny_next_closer(struct denial *d, const struct name *name,
                                  struct name *out) PTRD_NONNULL;

/* Does an explicit wildcard cover an absent name that is at or below no cut: PTRD_FOUND,
 * PTRD_ABSENT or an error. */
PTRD_CHECKED int deny_covered(struct denial *d, const struct name *name) PTRD_NONNULL;

/* The owners of NSEC records (RFC 4034 4.1.1) around a name of the zone that is at or below no cut.
 * below: those below the name count as behind it. PTRD_FOUND, PTRD_ABSENT (the apex aside) or an
 * error. */

/* Of explicit records and cuts; the last one before the name that stands behind floor. */
PTRD_CHECKED int deny_records_before(struct denial *d, const struct name *name,
                                     const struct name *floor, struct name *out) PTRD_NONNULL;
PTRD_CHECKED int deny_records_behind(struct denial *d, const struct name *name, bool below,
                                     struct name *out) PTRD_NONNULL;

/* Of explicit PTRs that stand at the names of addresses. */
PTRD_CHECKED int deny_ptrs_before(struct denial *d, const struct name *name,
                                  struct name *out) PTRD_NONNULL;
PTRD_CHECKED int deny_ptrs_behind(struct denial *d, const struct name *name, bool below,
                                  struct name *out) PTRD_NONNULL;

#endif
