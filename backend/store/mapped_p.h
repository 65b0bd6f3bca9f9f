/* Opening with a map of a given size, and writing with little memory: for tests, which need small
 * ones. */
#ifndef PTRD_STORE_MAPPED_P_H
#define PTRD_STORE_MAPPED_P_H

#include "ptrd/store/store.h"

/* As store_open; map_size 0: the default. */
PTRD_CHECKED int store_open_mapped(const char *dir, enum store_open_mode mode, size_t map_size,
                                   struct store **out, struct diag *diag) PTRD_NONNULL_ARGS(1, 4);

/* Octets of changed pages that store_write_table lets wait in memory. */
void store_waiting_most(struct store *s, size_t octets) PTRD_NONNULL;

#endif
