/* Which zones are longer than PowerDNS's Unix connector reads in time (ptrd(8), List and
 * transfers). About: sizes are summed up from the model, nothing is listed. */
#ifndef PTRD_CHECK_LISTS_H
#define PTRD_CHECK_LISTS_H

#include "ptrd/check/model.h"

#define CHECK_LISTS_NAMED 3

struct check_lists {
    uint32_t zones;  /* that list incompletely at the default timeout */
    uint32_t warned; /* of them, those that a transfer is permitted for or that are primary */
    uint32_t named[CHECK_LISTS_NAMED]; /* the first of the others: indices of zones of the model */
};

/* A warning for each zone of `warned`; fn may be NULL. Adds to *warnings. PTRD_ENOMEM. */
PTRD_CHECKED int check_lists(const struct model *m, const struct table *t, check_finding_fn *fn,
                             void *ctx, struct check_lists *out, uint64_t *warnings)
    PTRD_NONNULL_ARGS(1, 2, 5, 6);

#endif
