/* Private to check: do all names of a block lie in forward zones of ours? */
#ifndef PTRD_CHECK_TARGET_H
#define PTRD_CHECK_TARGET_H

#include "ptrd/core/table.h"

/* PTRD_FOUND: *out is an address of the range whose name lies in no forward zone of the table.
 * PTRD_ABSENT: there is none. Exact, without enumerating. */
PTRD_CHECKED int target_outside(const struct table *t, const struct template *p,
                                const struct range *range, struct addr *out) PTRD_NONNULL;

#endif
