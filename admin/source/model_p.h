/* What the files of the model share. */
#ifndef PTRD_SOURCE_MODEL_P_H
#define PTRD_SOURCE_MODEL_P_H

#include "ptrd/source/model.h"

#define MODEL_RRSET_MAX 65535 /* records of one RRset: what the store can count */

/* Puts a place into diag and returns err. */
int model_refuse(const struct model *m, struct model_place place, struct diag *diag, int err,
                 const char *format, ...) PTRD_FORMAT(5, 6);

/* "line 7", or "FILE line 7" when it is in another file than here. */
void model_place_print(const struct model *m, struct model_place place, struct model_place here,
                       char *out, size_t size) PTRD_NONNULL;

/* The parts of model_sort. */
PTRD_CHECKED int model_sort_zones(struct model *m, struct diag *diag) PTRD_NONNULL;
PTRD_CHECKED int model_sort_records(struct model *m, struct diag *diag) PTRD_NONNULL;
PTRD_CHECKED int model_sort_ptrs(struct model *m, struct diag *diag) PTRD_NONNULL;

#endif
