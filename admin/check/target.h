/* Private to check: do all generated names of a block lie in forward zones of ours, not at or below
 * a cut and not below a DNAME? */
#ifndef PTRD_CHECK_TARGET_H
#define PTRD_CHECK_TARGET_H

#include "ptrd/core/table.h"

struct target_index; /* what the table's zones and cuts say of names, for any number of blocks */

PTRD_CHECKED int target_index_new(const struct table *t, struct target_index **out) PTRD_NONNULL;
void target_index_free(struct target_index *x);

/* One thread an index. PTRD_FOUND: *out is an address whose generated name is that of this block
 * and lies elsewhere. PTRD_ABSENT: there is none. Exact, without enumerating. PTRD_ENOMEM. */
PTRD_CHECKED int target_outside(struct target_index *x, const struct block *b,
                                struct addr *out) PTRD_NONNULL;

#endif
