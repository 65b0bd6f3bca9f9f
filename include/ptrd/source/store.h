/* The store as a source: what is in force, as a model (ptrctl dump, check --db). */
#ifndef PTRD_SOURCE_STORE_H
#define PTRD_SOURCE_STORE_H

#include "ptrd/source/model.h"
#include "ptrd/store/store.h"

/* Reads everything in one snapshot. *out is set on failure too, since diag->file may lie in it:
 * free it after printing (it is NULL when there was no memory). Zones carry the serial that they
 * have (has_serial). path names the store in messages and is copied. */
PTRD_CHECKED int source_store_read(struct store *s, const char *path, struct model **out,
                                   struct diag *diag) PTRD_NONNULL;

/* The same with bounded memory for PTRs: model_spill_into(dir, memory), where dir is not NULL. */
PTRD_CHECKED int source_store_read_spilling(struct store *s, const char *path, const char *dir,
                                            size_t memory, struct model **out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 5, 6);

#endif
