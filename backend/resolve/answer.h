/* Private to resolve: rows of an answer and the reads of the store behind them. */
#ifndef PTRD_RESOLVE_ANSWER_H
#define PTRD_RESOLVE_ANSWER_H

#include "ptrd/resolve/resolve.h"

/* Appends a row. PTRD_ENOMEM, or PTRD_ELIMIT above ANSWER_ROWS_MAX. */
PTRD_CHECKED int answer_add(struct answer *a, const struct row *row) PTRD_NONNULL;

/* Explicit RRsets at a name, origin `local` in front of `source`, tombstones left out. */
typedef int rrset_fn(void *ctx, const struct store_rrset *set);
PTRD_CHECKED int answer_each_rrset(struct store_reader *r, const struct name_key *name,
                                   rrset_fn *fn, void *ctx) PTRD_NONNULL_ARGS(1, 2, 3);

/* SOA content of the zone with this name key, written into a->soa. */
PTRD_CHECKED int answer_soa(struct snapshot *s, struct span key, struct answer *a,
                            struct store_zone *zone, struct span *text) PTRD_NONNULL;

/* The key of an address in the tables of PTRs, as store_key_addr writes it, without its allocation.
 */
struct addr_key {
    uint8_t bytes[17];
    size_t len;
};
struct addr_key addr_key(enum family family, u128 num);

/* The explicit PTRs of an address: PTRD_FOUND, PTRD_ABSENT or an error. */
PTRD_CHECKED int answer_ptr(struct store_reader *r, const struct addr *addr,
                            struct store_ptr *out) PTRD_NONNULL;

/* Some address of the range has an explicit PTR. */
PTRD_CHECKED int answer_any_ptr(struct store_reader *r, const struct range *range) PTRD_NONNULL;

/* Explicit records or derived names strictly below a name that has neither itself. */
PTRD_CHECKED int answer_records_below(struct store_reader *r,
                                      const struct name_key *name) PTRD_NONNULL;

/* Derived addresses of a name, in address order. */
struct derived {
    struct addr addr;
    uint32_t ttl_s;
};
PTRD_CHECKED int derived_first(struct store_reader *r, const struct name_key *name,
                               struct derived *out) PTRD_NONNULL;
PTRD_CHECKED int derived_next(struct store_reader *r, const struct name_key *name,
                              struct derived *out) PTRD_NONNULL;

#endif
