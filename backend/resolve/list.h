/* Private to resolve: a list under way. Its parts are read one after the other: cuts (list_cuts.c),
 * other records (list_records.c), explicit PTRs and derived names (list_ptrs.c), generated names
 * (list_generated.c). In each but the first, the names below a name stand together, so that an
 * empty non-terminal is met when the walk first goes below it. A name that an earlier part lists,
 * or lists something below of, is left out by the later ones; so each part stops only at what the
 * lookups count as being there. */
#ifndef PTRD_RESOLVE_LIST_H
#define PTRD_RESOLVE_LIST_H

#include "work.h"

struct list {
    struct snapshot *s;
    const struct zone *zone;
    struct answer *a;
    const struct list_sink *sink;
    struct name last; /* the name before this one in the same part */
    bool has_last;
    uint64_t looks; /* how many lookups were made: the rows in a are of the last one */
    int (*seen_before)(struct list *l, const struct name *name); /* by an earlier part */
};

/* --- one name (list.c) --- */

/* Every row of a name into l->a, as a lookup with this zone's id gives it. */
PTRD_CHECKED int list_look(struct list *l, const struct name *name) PTRD_NONNULL;
PTRD_CHECKED int list_emit_rows(struct list *l, const struct name *name) PTRD_NONNULL;
/* Something stands there that is neither generated nor only there for what lies below. */
bool list_has_rows(const struct answer *a) PTRD_NONNULL;
bool list_owns(const struct list *l, const struct name *name) PTRD_NONNULL;
/* The empty non-terminals above name that no earlier name lay below. */
PTRD_CHECKED int list_emit_above(struct list *l, const struct name *name) PTRD_NONNULL;
/* A name after the empty non-terminals above it. */
PTRD_CHECKED int list_emit_below(struct list *l, const struct name *name) PTRD_NONNULL;

/* --- the parts --- */

PTRD_CHECKED int list_cuts(struct list *l) PTRD_NONNULL;
PTRD_CHECKED int list_records(struct list *l) PTRD_NONNULL;
PTRD_CHECKED int list_ptrs(struct list *l) PTRD_NONNULL;
PTRD_CHECKED int list_derived(struct list *l) PTRD_NONNULL;
PTRD_CHECKED int list_generated(struct list *l) PTRD_NONNULL;

/* Is something of these parts and those before listed at or below the name? PTRD_FOUND,
 * PTRD_ABSENT or an error. */
PTRD_CHECKED int list_seen_never(struct list *l, const struct name *name) PTRD_NONNULL;
PTRD_CHECKED int list_seen_in_records(struct list *l, const struct name *name) PTRD_NONNULL;
PTRD_CHECKED int list_seen_in_ptrs(struct list *l, const struct name *name) PTRD_NONNULL;
PTRD_CHECKED int list_seen_in_derived(struct list *l, const struct name *name) PTRD_NONNULL;

/* The first explicit PTR of the range at an address from `at` on: PTRD_FOUND, PTRD_ABSENT or an
 * error. */
PTRD_CHECKED int list_next_ptr(const struct list *l, const struct range *range, u128 at,
                               struct addr *out) PTRD_NONNULL;

/* The addresses that the names of a reverse zone can speak of; false: none. */
bool list_range(const struct list *l, struct range *out) PTRD_NONNULL;

/* --- names with explicit records, in canonical order (list_walk.c) --- */

/* One of the tables of RRsets: where it stands. */
struct list_feed {
    const struct origins *origins;
    enum store_table table;
    bool there;
    struct name owner;
};

#define LIST_FEEDS 4
struct list_walk {
    struct list *l;
    struct name_key root;
    struct list_feed feeds[LIST_FEEDS];
    struct name *glue; /* name servers below the last cut that zones below hold, sorted */
    uint32_t glue_count, glue_capacity;
};

/* To the first name at or below root, a name of the zone, or the apex of a zone directly below. Of
 * a zone below it is the apex that is met in the records, whichever row comes first. */
PTRD_CHECKED int list_walk_start(struct list_walk *w, const struct name *root) PTRD_NONNULL;
/* PTRD_FOUND, PTRD_ABSENT at the end, or an error. */
PTRD_CHECKED int list_walk_next(struct list_walk *w, struct name *out) PTRD_NONNULL;
/* The walk goes to this name too, if it has not passed it. */
PTRD_CHECKED int list_walk_add(struct list_walk *w, const struct name *name) PTRD_NONNULL;
void list_walk_done(struct list_walk *w) PTRD_NONNULL;

/* --- the addresses of a reverse zone (list_homes.c) --- */

/* Those whose PTR stands in the zone: sorted, disjoint. The caller frees *out. */
PTRD_CHECKED int list_homes(const struct list *l, struct range **out, uint32_t *count) PTRD_NONNULL;

/* --- which names of a template lie in a zone (list_scope.c) --- */

struct list_reading {
    u128 mask, value; /* addresses with these bits */
};

/* Those of `in`, without those of `out`: zones below hold these. */
struct list_scope {
    const struct template *template; /* whose scope it is now, or NULL */
    struct list_reading *in, *out;
    uint32_t in_count, in_capacity, out_count, out_capacity;
};

PTRD_CHECKED int list_scope_read(struct list_scope *x, const struct list *l,
                                 const struct template *t) PTRD_NONNULL;
void list_scope_done(struct list_scope *x) PTRD_NONNULL;
/* How many addresses of the range have a name in the zone, and how many must be looked at to find
 * them. */
void list_scope_count(const struct list_scope *x, const struct range *range, u128 *inside,
                      u128 *looked_at) PTRD_NONNULL;

/* --- a set of names (list_set.c) --- */

struct list_set {
    uint8_t *bytes; /* wire names, one behind the other */
    size_t bytes_len, bytes_capacity;
    struct list_member {
        uint64_t hash;
        size_t at;
    } * members;
    uint32_t count, capacity;
    uint32_t *places; /* by hash: index of a member + 1 */
    uint32_t place_mask;
};

bool list_set_has(const struct list_set *x, const struct name *name) PTRD_NONNULL;
/* A name that the set does not have. PTRD_ENOMEM. */
PTRD_CHECKED int list_set_add(struct list_set *x, const struct name *name) PTRD_NONNULL;
/* Takes out what was added after the set had `count` members. */
void list_set_cut(struct list_set *x, uint32_t count) PTRD_NONNULL;
void list_set_done(struct list_set *x) PTRD_NONNULL;

#endif
