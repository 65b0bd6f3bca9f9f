/* Private to `ptrctl local`: local.c, and the export in export.c. */
#ifndef PTRD_CLI_LOCAL_H
#define PTRD_CLI_LOCAL_H

#include "ptrd/core/arena.h"
#include "ptrd/edit/edit.h"

/* The zone that holds a local RRset, or NULL. */
const struct zone *cli_local_zone(const struct snapshot *s,
                                  const struct edit_local *l) PTRD_NONNULL;

/* Local RRsets, copied: a zones file has them by zone. */
struct cli_export {
    struct snapshot snapshot;
    const char *db;
    struct arena arena;
    struct export_rrset *items;
    size_t count, capacity;
};

/* An edit_local_fn; ctx: the export. */
int cli_export_add(void *ctx, const struct edit_local *l) PTRD_NONNULL;
void cli_export_print(struct cli_export *x) PTRD_NONNULL;
void cli_export_done(struct cli_export *x) PTRD_NONNULL;

#endif
