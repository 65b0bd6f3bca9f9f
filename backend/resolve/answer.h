/* Private to resolve: rows of an answer and the reads of the store behind them. */
#ifndef PTRD_RESOLVE_ANSWER_H
#define PTRD_RESOLVE_ANSWER_H

#include "ptrd/resolve/resolve.h"

/* Appends a row. PTRD_ENOMEM, or PTRD_ELIMIT above ANSWER_ROWS_MAX. */
PTRD_CHECKED int answer_add(struct answer *a, const struct row *row) PTRD_NONNULL;

/* A table of RRsets and the one of origin `local` that stands in front of it. */
struct origins {
    enum store_table source, local;
};
extern const struct origins answer_records, answer_above;
/* A table known to have no rows there: answer_each_rrset does not look. */
#define ORIGIN_NONE STORE_TABLES

/* The explicit RRsets at a name that are in force: local in front of source, no tombstones; a local
 * CNAME hides all that the source has there, any local RRset hides the source's CNAME. SOAs are
 * left out: they are the zone's. */
typedef int rrset_fn(void *ctx, const struct store_rrset *set, bool local);
PTRD_CHECKED int answer_each_rrset(struct store_reader *r, const struct origins *o,
                                   const struct name_key *name, rrset_fn *fn, void *ctx)
    PTRD_NONNULL_ARGS(1, 2, 3, 4);

/* One RRset, local or else source, whatever stands beside it: PTRD_FOUND, PTRD_ABSENT or an error.
 */
PTRD_CHECKED int answer_rrset(struct store_reader *r, const struct origins *o,
                              const struct name_key *name, uint16_t type, struct store_rrset *set,
                              bool *local) PTRD_NONNULL;

/* Does this row of one of the two tables make its name exist? */
PTRD_CHECKED int answer_row_counts(struct store_reader *r, const struct origins *o,
                                   enum store_table table, struct span key,
                                   struct span value) PTRD_NONNULL;

/* Content, TTL and origin of the SOA of the zone with this name key; the text is in a->soa. */
PTRD_CHECKED int answer_soa(struct snapshot *s, const struct name_key *apex, struct answer *a,
                            struct row *row) PTRD_NONNULL;

/* The key of an address in the tables of PTRs, as store_key_addr writes it, without its allocation.
 */
struct addr_key {
    uint8_t bytes[17];
    size_t len;
};
struct addr_key addr_key(enum family family, u128 num);

/* The explicit PTRs of an address: PTRD_FOUND, PTRD_ABSENT or an error. */
PTRD_CHECKED int answer_ptr(struct store_reader *r, const struct addr *addr, struct store_ptr *out,
                            bool *local) PTRD_NONNULL;

/* Some address of the range has an explicit PTR. */
PTRD_CHECKED int answer_any_ptr(struct store_reader *r, const struct range *range) PTRD_NONNULL;

/* Explicit records at or below a name. */
PTRD_CHECKED int answer_rows_below(struct store_reader *r,
                                   const struct name_key *name) PTRD_NONNULL;

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
