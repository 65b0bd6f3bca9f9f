/* Private to resolve: what is known of a zone as long as the data stay the same.
 *
 * Most reverse zones hold their apex and nothing else explicit, and few are signed. Either is found
 * out once a zone, thread and generation of the data; lookups below such an apex then need no look
 * at the records, and leaves (leaf.h) none at keys and metadata. */
#ifndef PTRD_RESOLVE_FACTS_H
#define PTRD_RESOLVE_FACTS_H

#include "ptrd/resolve/resolve.h"

/* May explicit records or derived names stand below the apex of a->zone? PTRD_FOUND, PTRD_ABSENT or
 * an error. The facts are kept in a. */
PTRD_CHECKED int facts_records(struct snapshot *s, struct answer *a) PTRD_NONNULL;

/* Is a->zone signed: has it an active key, or metadata PRESIGNED? The same results. */
PTRD_CHECKED int facts_signed(struct snapshot *s, struct answer *a) PTRD_NONNULL;

#endif
