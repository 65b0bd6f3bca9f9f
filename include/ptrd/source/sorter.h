/* Rows of octets, sorted by their keys in bounded memory.
 *
 * Rows are collected in a piece of memory; a full piece is sorted (radix sort of the eight octets
 * behind what all keys of the piece share) and written as a run to an unlinked file, by a thread of
 * its own, while the next piece fills. Runs are merged while they are read. Rows that fit into the
 * memory never see a file. Equal keys keep the order in which they came.
 *
 * One thread uses a sorter. Errors are -errno of the file (full disk, no permission), PTRD_ENOMEM
 * or PTRD_ELIMIT; after one the sorter is only to be freed. */
#ifndef PTRD_SOURCE_SORTER_H
#define PTRD_SOURCE_SORTER_H

#include "ptrd/store/records.h"

struct sorter;

/* dir: where the file is made once it is needed (see spool_file), borrowed; NULL: everything stays
 * in memory. memory: octets that all pieces together may take. */
PTRD_CHECKED int sorter_new(const char *dir, size_t memory, struct sorter **out)
    PTRD_NONNULL_ARGS(3);
void sorter_free(struct sorter *s);

/* Copies a row; neither part longer than 65,535 octets (PTRD_ELIMIT). */
PTRD_CHECKED int sorter_put(struct sorter *s, struct span key, struct span value) PTRD_NONNULL;

/* No more rows; once, before sorter_next. */
PTRD_CHECKED int sorter_finish(struct sorter *s) PTRD_NONNULL;

/* The rows in order: PTRD_FOUND (the spans live until the next call), PTRD_ABSENT at the end, or an
 * error. */
PTRD_CHECKED int sorter_next(struct sorter *s, struct span *key, struct span *value) PTRD_NONNULL;

uint64_t sorter_count(const struct sorter *s) PTRD_NONNULL PTRD_PURE;

/* Runs written so far: 0 where everything is in memory. */
unsigned sorter_runs(const struct sorter *s) PTRD_NONNULL PTRD_PURE;

#endif
