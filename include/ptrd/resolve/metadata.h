/* Metadata in force, and what follows from it. Inside snapshot_begin and end. */
#ifndef PTRD_RESOLVE_METADATA_H
#define PTRD_RESOLVE_METADATA_H

#include "ptrd/rdata/key.h"
#include "ptrd/resolve/snapshot.h"

/* The values of one kind, as a list of strings (store_next_string): local in front of the source's;
 * an empty list of origin `local` hides the source's. PTRD_FOUND (value may be an empty list of the
 * source's), PTRD_ABSENT, or an error. */
PTRD_CHECKED int resolve_metadata(struct snapshot *s, uint32_t zone_id, const char *kind,
                                  struct span *value) PTRD_NONNULL;

/* Do a zone's answers depend on metadata of this kind? Then its serial rises with it. */
bool resolve_metadata_answers(struct span kind);

/* The zone's NSEC3PARAM in force: PTRD_FOUND, PTRD_ABSENT (NSEC), or an error (PTRD_EINVAL: it
 * cannot be read, which neither a load nor an edit lets into a store any more). */
PTRD_CHECKED int resolve_nsec3_params(struct snapshot *s, uint32_t zone_id,
                                      struct nsec3_params *out) PTRD_NONNULL;

#endif
