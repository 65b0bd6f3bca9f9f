/* Private to admin/sync: one load and its parts.
 *
 *   load.c     order of the phases, zone ids, serials, meta
 *   rows.c     model -> sorted streams of encoded rows
 *   derived.c  the index of derived forward names, collected and sorted
 *   reverse.c  address -> reverse zone, as intervals
 *   digest.c   what every zone answers, hashed
 *
 * Peak memory beside the model: 384 octets a zone for the digests; about 40 octets and the name's
 * length twice a derived entry; and the pages that the transaction changes, which LMDB keeps until
 * the commit. */
#ifndef PTRD_SYNC_LOAD_P_H
#define PTRD_SYNC_LOAD_P_H

#include "ptrd/sync/load.h"

#include <sodium.h>

/* --- reverse.c: zone numbers are indices of table->zones; TABLE_NONE: no zone --- */

struct reverse_segment {
    u128 first;
    uint32_t zone;
};

struct reverse_set {
    struct reverse_segment *segments; /* segments[0].first is 0 */
    uint32_t count;
};

struct reverse_map {
    struct reverse_set v4, v6;
};

PTRD_CHECKED int reverse_build(const struct table *t, struct reverse_map *out) PTRD_NONNULL;
void reverse_done(struct reverse_map *map) PTRD_NONNULL;

static inline const struct reverse_set *reverse_of(const struct reverse_map *map,
                                                   enum family family)
{
    return family == FAMILY_IPV4 ? &map->v4 : &map->v6;
}

/* The zone of an address. *at: where the last search of this family ended (start with 0); addresses
 * must ascend. */
uint32_t reverse_next(const struct reverse_set *set, u128 num, uint32_t *at) PTRD_NONNULL;

/* --- digest.c --- */

enum digest_part {
    DIGEST_PTR = 'P',
    DIGEST_DERIVED = 'D',
    DIGEST_RECORD = 'R',
    DIGEST_CHILD = 'C',
    DIGEST_FORWARD = 'F'
};

struct digests {
    const struct table *table;
    crypto_generichash_state *states; /* one a zone */
};

PTRD_CHECKED int digest_begin(const struct model *m, const struct table *t,
                              struct digests *out) PTRD_NONNULL;
void digest_row(struct digests *d, uint32_t zone, enum digest_part part, struct span key,
                struct span value) PTRD_NONNULL;
/* The blocks' effective segments, in the reverse and the forward zones. */
PTRD_CHECKED int digest_blocks(struct digests *d, const struct reverse_map *reverse) PTRD_NONNULL;
void digest_end(struct digests *d, uint32_t zone, uint8_t out[32]) PTRD_NONNULL;
void digest_done(struct digests *d) PTRD_NONNULL;

/* --- derived.c --- */

/* Entries in a heap of octets: ttl (4), zone (4), key length (2), key. */
struct derived {
    struct store_buf heap;
    size_t *order; /* offsets in heap */
    size_t count, capacity;
};

struct derived_row {
    uint32_t ttl_s, zone;
    struct span key;
};

/* Collects the entry of one PTR if it asks for one. */
PTRD_CHECKED int derived_add(struct derived *d, const struct table *t, const struct model *m,
                             const struct model_ptr *p, uint32_t ttl_s) PTRD_NONNULL;
void derived_sort(struct derived *d) PTRD_NONNULL;
struct derived_row derived_get(const struct derived *d, size_t i) PTRD_NONNULL;
void derived_done(struct derived *d) PTRD_NONNULL;

/* --- load.c and rows.c --- */

struct load_zone {
    struct store_zone_id row; /* as in the store; the id given, if new */
    bool known;               /* in ZONE_IDS before */
    bool present;             /* in ZONES before */
};

struct loader {
    struct store_writer *w;
    const struct model *m;
    const struct table *t;
    struct load_report *report;
    struct load_zone *zones; /* as table->zones */
    struct reverse_map reverse;
    struct digests digests;
    struct derived derived;
    load_progress_fn *progress;
    void *progress_ctx;
    const char *phase;
    uint64_t done, total;
    /* of the stream that runs */
    struct store_buf key, value, parts;
    uint64_t at;
    uint32_t at_v4, at_v6; /* reverse_next */
    enum store_table table;
    bool changed;
    struct metadata_ref *metadata;
    uint64_t metadata_count;
};

/* Each writes one table; l->changed says whether rows changed. */
PTRD_CHECKED int rows_zones(struct loader *l) PTRD_NONNULL;
PTRD_CHECKED int rows_blocks(struct loader *l) PTRD_NONNULL;
PTRD_CHECKED int rows_ptrs(struct loader *l) PTRD_NONNULL;
PTRD_CHECKED int rows_derived(struct loader *l) PTRD_NONNULL;
PTRD_CHECKED int rows_records(struct loader *l) PTRD_NONNULL;
PTRD_CHECKED int rows_metadata(struct loader *l) PTRD_NONNULL;

/* Index in table->zones. */
static inline uint32_t zone_index(const struct table *t, const struct zone *z)
{
    return z ? (uint32_t)(z - t->zones) : TABLE_NONE;
}

static inline struct span span_of(const struct store_buf *buf)
{
    return (struct span){buf->bytes, buf->len};
}

#endif
