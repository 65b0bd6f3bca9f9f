/* Private to check: explicit records and PTRs against the zones, cuts and each other. */
#ifndef PTRD_CHECK_RECORDS_H
#define PTRD_CHECK_RECORDS_H

#include "ptrd/check/model.h"

/* Where refusals of single rows go (check_model_each); fn NULL: the first one ends the check. */
struct check_sink {
    check_refused_fn *fn;
    void *ctx;
    int err; /* of the first one that went there */
    struct diag first;
};

/* What goes on: 0, or err. */
static inline int check_sink(struct check_sink *sink, int err, const struct diag *diag)
{
    if (err >= 0 || !sink->fn || err == PTRD_ENOMEM)
        return err;
    if (!sink->err) {
        sink->err = err;
        sink->first = *diag;
    }
    sink->fn(sink->ctx, diag);
    return 0;
}

/* Records in zones of ours; CNAME and DNAME alone where they must be; NS and DS where they may be;
 * nothing below a DNAME; nobody's NS beside those of a delegation. The first refusal fills diag. */
PTRD_CHECKED int check_records(const struct model *m, const struct table *t,
                               struct check_sink *sink, struct diag *diag) PTRD_NONNULL;

/* Explicit PTRs in reverse zones of ours, at addresses that are not delegated to others. */
PTRD_CHECKED int check_ptrs(const struct model *m, const struct table *t,
                            struct diag *diag) PTRD_NONNULL;

/* Which of NS and DNAME makes a cut. line becomes " (line 7)", where it was written, or "" where
 * that is not known. */
const char *check_cut_print(const struct model *m, const struct cut *cut, struct model_place here,
                            char *line, size_t size) PTRD_NONNULL;

#endif
