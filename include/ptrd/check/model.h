/* Checks of a whole model, before anything is written. `load` and `check` both run them, so that
 * both refuse the same. */
#ifndef PTRD_CHECK_MODEL_H
#define PTRD_CHECK_MODEL_H

#include "ptrd/source/model.h"

/* Nesting of blocks, every template proved for its block, every block in reverse zones and its
 * names in forward zones that we serve (or external), collisions; PTRs and records inside our
 * zones, CNAME alone at its name, NS/DNAME/DS only where this version serves them. The first
 * refusal fills diag. Zone ids in *out count from 1 in the order of the model's zones; the caller
 * frees it by table_free. */
PTRD_CHECKED int check_model(const struct model *m, struct table **out,
                             struct diag *diag) PTRD_NONNULL;

/* A finding that never stops a load: a name and an address that disagree, or do not close. */
struct check_finding {
    bool error; /* else a warning */
    struct model_place place;
    char message[768];
};
typedef void check_finding_fn(void *ctx, const struct check_finding *finding);

/* Reports every finding, PTRs in the order of the model (by address), then records; returns 0 or
 * an error (no memory). errors and warnings count them. fn may be NULL (count only). */
PTRD_CHECKED int check_pairs(const struct model *m, const struct table *table, check_finding_fn *fn,
                             void *ctx, uint64_t *errors, uint64_t *warnings)
    PTRD_NONNULL_ARGS(1, 2, 5, 6);

#endif
