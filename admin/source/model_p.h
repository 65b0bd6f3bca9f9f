/* What the files of the model share. */
#ifndef PTRD_SOURCE_MODEL_P_H
#define PTRD_SOURCE_MODEL_P_H

#include "ptrd/source/model.h"

#define MODEL_RRSET_MAX 65535 /* records of one RRset: what the store can count */

/* The content of an NS, CNAME or PTR record: the name with its final dot. NULL without memory. */
const char *model_name_content(struct model *m, const struct name *name, size_t *len) PTRD_NONNULL;

/* The order of model_sort, for qsort and qsort_r (ctx: the model): owner, type, content, place;
 * address, target, place. */
int model_compare_records(const void *a, const void *b) PTRD_NONNULL;
/* Of sorted records, the first one that is not before the name. */
uint32_t model_first_record(const struct model *m, const struct name *name) PTRD_NONNULL;
int model_compare_ptrs(const void *a, const void *b, void *ctx) PTRD_NONNULL;

/* Of records of one type: names in them compare without case. */
bool model_same_content(const struct model_record *a, const struct model_record *b) PTRD_NONNULL;

/* `ns:` cannot say this NS of the zone's apex: it gives all of them the zone's TTL, in lower case,
 * and no root. */
bool model_ns_beside(const struct model_zone *z, const struct model_record *ns) PTRD_NONNULL;

/* The parts of model_sort. */
PTRD_CHECKED int model_sort_zones(struct model *m, struct diag *diag) PTRD_NONNULL;
void model_sort_delegations(struct model *m) PTRD_NONNULL;
PTRD_CHECKED int model_sort_ptrs(struct model *m, struct diag *diag) PTRD_NONNULL;
/* Sorts the PTRs in memory, refuses what is there twice and settles each address. */
PTRD_CHECKED int model_settle_ptrs(struct model *m, struct diag *diag) PTRD_NONNULL;

/* Appends a PTR to the arrays in memory; p->target is set. */
PTRD_CHECKED int model_keep_ptr(struct model *m, const struct model_ptr *p,
                                const struct name *target) PTRD_NONNULL;

/* --- spill.c --- */

/* The next PTR does not go into memory. */
bool model_spills(const struct model *m) PTRD_NONNULL;
PTRD_CHECKED int model_spill_ptr(struct model *m, const struct model_ptr *p,
                                 const struct name *target) PTRD_NONNULL;
/* Some are in the sorter, and there model_sort finds them. */
bool model_spilled(const struct model *m) PTRD_NONNULL;
PTRD_CHECKED int model_spill_sort(struct model *m, struct diag *diag) PTRD_NONNULL;
/* Puts words to an error of model_add_ptr; returns it. */
int model_ptr_lost(const struct model *m, int err, struct diag *diag) PTRD_NONNULL;
void model_spill_free(struct model *m) PTRD_NONNULL;

#endif
