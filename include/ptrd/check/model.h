/* Checks of a whole model, before anything is written. `load` and `check` both run them, so that
 * both refuse the same. */
#ifndef PTRD_CHECK_MODEL_H
#define PTRD_CHECK_MODEL_H

#include "ptrd/source/model.h"

/* Nesting of blocks, every template proved for its block, every block in reverse zones and its
 * names in forward zones that we serve, at or below no cut and below no DNAME (or external),
 * collisions; PTRs and records inside our zones; explicit PTRs at addresses that are not delegated;
 * CNAME and DNAME as RFC 1034 3.6.2 and RFC 6672 2.4 want them, DS only with NS. The model is
 * expanded and sorted. The first refusal fills diag. Zone ids in *out count from 1 in the order of
 * the model's zones; the caller frees it by table_free. */
PTRD_CHECKED int check_model(const struct model *m, struct table **out,
                             struct diag *diag) PTRD_NONNULL;

/* The same where one row must not hinder others: each block and record that is refused by itself is
 * told to fn, then the whole is refused with the first of them. What the order of checks hides
 * shows in a later call: when none of these is there any more. */
typedef void check_refused_fn(void *ctx, const struct diag *why);
PTRD_CHECKED int check_model_each(const struct model *m, struct table **out, check_refused_fn *fn,
                                  void *ctx, struct diag *diag) PTRD_NONNULL_ARGS(1, 2, 3, 5);

/* A finding that never stops a load: a name and an address that disagree, or do not close; records
 * that a cut hides; NS above a zone of ours that are not its own. */
struct check_finding {
    bool error; /* else a warning */
    struct model_place place;
    char message[768];
};
typedef void check_finding_fn(void *ctx, const struct check_finding *finding);

/* Reports every finding, PTRs in the order of the model (by address), then records, then NS above
 * zones; returns 0 or an error (no memory). errors and warnings count them. fn may be NULL (count
 * only). */
PTRD_CHECKED int check_pairs(const struct model *m, const struct table *table, check_finding_fn *fn,
                             void *ctx, uint64_t *errors, uint64_t *warnings)
    PTRD_NONNULL_ARGS(1, 2, 5, 6);

#endif
