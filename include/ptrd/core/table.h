/* The zone table: everything structural that a lookup needs, built once a structure generation.
 *
 * Holds the zones (apex and id), the blocks with their compiled templates, the flattened intervals
 * of the most specific block of each family, and the index from forward names to templates. Built
 * by a builder off to the side, sealed by table_finish, then immutable and shared by any number of
 * threads; freed whole. It knows nothing of records, serials or the store.
 *
 * segments: sorted by first; segment i covers first .. next first - 1 (the last one to the top of
 * the space); block is the most specific one or TABLE_NONE. segments[0].first is 0. */
#ifndef PTRD_CORE_TABLE_H
#define PTRD_CORE_TABLE_H

#include "ptrd/core/arpa.h"
#include "ptrd/core/template.h"

#define TABLE_NONE UINT32_MAX

enum block_flags {
    BLOCK_REVERSE_EXTERNAL = 1,
    BLOCK_FORWARD_EXTERNAL = 2,
    BLOCK_SHARED_NAMES = 4,
};

struct block {
    struct range range;
    const struct template *template; /* NULL: "none" */
    uint32_t ttl_s;
    uint32_t parent; /* index of the enclosing block of the same family or TABLE_NONE */
    uint32_t ref;    /* the caller's number, for messages */
    uint8_t flags;
};

struct segment {
    u128 first;
    uint32_t block;
    uint32_t generating; /* the first segment from this one on whose block has a template, or the
                            number of segments */
};

struct zone {
    struct name apex;
    uint32_t id;
    uint32_t parent; /* index of the closest zone above, or TABLE_NONE */
    uint32_t ref;
    bool reverse; /* at or below in-addr.arpa or ip6.arpa */
    bool forward_auto;
};

/* One family's blocks, sorted by first, enclosing before enclosed. */
struct block_set {
    struct block *blocks;
    uint32_t count;
    struct segment *segments;
    uint32_t segment_count;
    uint32_t *directory; /* core/segments.h; NULL for few segments */
    uint32_t directory_count;
    unsigned directory_shift;
    u128 directory_first;
};

struct forward_index; /* core/forward.c */

struct table {
    struct zone *zones; /* canonical order of apex */
    uint32_t zone_count;
    struct block_set v4, v6;
    struct template **templates; /* distinct ones */
    uint32_t template_count;
    uint32_t *zone_hash; /* open addressing, zone index + 1 */
    uint32_t zone_hash_mask;
    uint32_t *zone_by_id; /* sorted by id: zone indices */
    unsigned zone_labels_max;
    struct forward_index *forward;
};

/* --- building: one thread; after a failed add the builder can only be freed --- */
struct table_builder;

PTRD_CHECKED int table_builder_new(struct table_builder **out) PTRD_NONNULL;
void table_builder_free(struct table_builder *b);

PTRD_CHECKED int table_add_zone(struct table_builder *b, const struct name *apex, uint32_t id,
                                bool forward_auto, uint32_t ref) PTRD_NONNULL;

/* text NULL: "none". Refused as template_compile does. */
PTRD_CHECKED int table_add_block(struct table_builder *b, const struct range *range,
                                 const char *text, const struct template_var *vars,
                                 unsigned var_count, uint32_t ttl_s, uint8_t flags, uint32_t ref,
                                 struct diag *diag) PTRD_NONNULL_ARGS(1, 2);

/* Sorts, nests, flattens, indexes. PTRD_ECONFLICT: two zones of one name, equal or crossing
 * intervals; then conflict[0] and [1] are the two refs (conflict may be NULL). On success the
 * builder is used up (free it all the same). */
PTRD_CHECKED int table_finish(struct table_builder *b, struct table **out, uint32_t conflict[2],
                              struct diag *diag) PTRD_NONNULL_ARGS(1, 2);
void table_free(struct table *t);

/* --- asking: any thread --- */

static inline const struct block_set *table_blocks(const struct table *t, enum family family)
{
    return family == FAMILY_IPV4 ? &t->v4 : &t->v6;
}

/* The most specific zone that encloses name, or NULL. */
const struct zone *table_zone_for(const struct table *t, const struct name *name) PTRD_NONNULL;
const struct zone *table_zone_by_id(const struct table *t, uint32_t id) PTRD_NONNULL;

/* A zone whose apex lies strictly below name exists. */
bool table_zone_below(const struct table *t, const struct name *name) PTRD_NONNULL;

/* The most specific block that holds a, or NULL. */
const struct block *table_block_for(const struct table *t, const struct addr *a) PTRD_NONNULL;

/* Some address of the range has a template in its most specific block. */
bool table_generates(const struct table *t, const struct range *range) PTRD_NONNULL;

/* The addresses whose generated name is name, at most one a family (v4 first), blocks with
 * BLOCK_FORWARD_EXTERNAL left out. Returns how many (0..2); the blocks go to blocks[]. */
unsigned table_forward(const struct table *t, const struct name *name, struct addr addrs[2],
                       const struct block *blocks[2]) PTRD_NONNULL;

/* Some generated name of a block without BLOCK_FORWARD_EXTERNAL lies strictly below name: exact. */
bool table_forward_below(const struct table *t, const struct name *name) PTRD_NONNULL;

#endif
