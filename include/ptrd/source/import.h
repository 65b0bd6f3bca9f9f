/* Master files (RFC 1035 5) and BIND's named.conf -> model.
 *
 * A master file becomes one zone: its SOA the zone's, its apex NS (with their TTL) and everything
 * else its records, PTRs at full reverse names its ptrs. $ORIGIN, $TTL (RFC 2308 4), $INCLUDE and
 * BIND's $GENERATE are read. What a name server ignores while it loads is left out with a note:
 * records outside the zone, records twice. A $GENERATE of PTRs whose names a template gives exactly
 * becomes a block: with `forward: external`, or, where the import holds exactly the matching
 * addresses with the same TTL, without it and without those records. Everything else is expanded.
 *
 * After the last file: source_import_finish, once. */
#ifndef PTRD_SOURCE_IMPORT_H
#define PTRD_SOURCE_IMPORT_H

#include "ptrd/source/file.h"

/* What was left out or put differently: where, and in words. */
typedef void source_note_fn(void *ctx, const struct diag *note);

struct source_import; /* holds the model under construction */

PTRD_CHECKED int source_import_new(source_note_fn *note, void *note_ctx, struct source_import **out)
    PTRD_NONNULL_ARGS(3);
void source_import_free(struct source_import *i);

/* Reads one master file. origin NULL: the owner of its SOA, which then must be absolute or under an
 * $ORIGIN. Refused with file, line, column, value and what was expected. diag->file may lie in i.
 * progress (of octets) may be NULL. */
PTRD_CHECKED int source_import_zone(struct source_import *i, const char *path,
                                    const struct name *origin, source_progress_fn *progress,
                                    void *progress_ctx, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 6);

/* Reads a named.conf and all master (primary) zones that it names, in views and included files too;
 * relative paths are relative to `directory`, else to the folder of the file. Zones of other types
 * are left out with a note. progress (of zones) may be NULL. */
PTRD_CHECKED int source_import_bind(struct source_import *i, const char *path,
                                    source_progress_fn *progress, void *progress_ctx,
                                    struct diag *diag) PTRD_NONNULL_ARGS(1, 2, 5);

/* Templates for $GENERATE, model_expand and model_sort. The model stays i's. */
PTRD_CHECKED int source_import_finish(struct source_import *i, const struct model **out,
                                      struct diag *diag) PTRD_NONNULL;

#endif
