/* Private to resolve: the zone table that a store describes. */
#ifndef PTRD_RESOLVE_STORE_TABLE_H
#define PTRD_RESOLVE_STORE_TABLE_H

#include "ptrd/core/table.h"
#include "ptrd/store/store.h"

/* Reads zones, blocks, cuts and delegations in the reader's open transaction. Texts of the store
 * are compiled, not trusted; proofs and collisions are the loader's. PTRD_ECORRUPT (also for what
 * contradicts itself), PTRD_ENOMEM, or a store error. */
PTRD_CHECKED int store_table_build(struct store_reader *r, struct table **out) PTRD_NONNULL;

#endif
