/* A model as a zones file, ptrd-zones(5): `ptrctl dump`, the imports, `ptrctl local export`. */
#ifndef PTRD_SOURCE_PRINT_H
#define PTRD_SOURCE_PRINT_H

#include "ptrd/source/model.h"

#include <stdio.h>

/* Writes the model (sorted, expanded) so that reading it gives an equal one: serials, TTLs,
 * delegations and what zones hold above others included, records that model_expand made left out.
 * Errors of out are the caller's to look for. PTRD_ENOMEM. */
PTRD_CHECKED int source_print(FILE *out, const struct model *m) PTRD_NONNULL;

#endif
