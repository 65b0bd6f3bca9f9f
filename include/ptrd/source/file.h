/* The zones file and its CSV of PTRs, ptrd-zones(5), -> model. */
#ifndef PTRD_SOURCE_FILE_H
#define PTRD_SOURCE_FILE_H

#include "ptrd/source/model.h"

/* Progress of long work: done of total bytes; may be NULL. */
typedef void source_progress_fn(void *ctx, uint64_t done, uint64_t total);

/* Reads path and the files it names (relative to it), checks every value by itself and sorts the
 * model. The first error ends it: diag has file, line, column (of a PTR in a CSV perhaps not),
 * value and what was expected. *out is set on failure too (a model or NULL): diag->file may lie in
 * it, so print diag before freeing it. */
PTRD_CHECKED int source_file_read(const char *path, struct model **out,
                                  source_progress_fn *progress, void *progress_ctx,
                                  struct diag *diag) PTRD_NONNULL_ARGS(1, 2, 5);

/* The same with bounded memory for PTRs: model_spill_into(dir, memory), where dir is not NULL. */
PTRD_CHECKED int source_file_read_spilling(const char *path, const char *dir, size_t memory,
                                           struct model **out, source_progress_fn *progress,
                                           void *progress_ctx, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 4, 7);

#endif
