/* Private to admin/sync: one load and its parts.
 *
 *   load.c     order of the phases, zone ids, serials, meta
 *   rows.c     model -> sorted streams of encoded rows
 *   cuts.c     cuts and DNAMEs in force, both origins together
 *   local.c    explicit PTRs of origin `local`, which stand in front of the model's
 *   derived.c  the index of derived forward names, put in order by a sorter
 *   digest.c   what every zone answers, hashed
 *   glue.c     the addresses of name servers that a zone shows of zones below it
 *   keep.c     what a new store takes over from an old one
 *   purges.c   what PowerDNS has to forget
 *   load_kept.c a load that leaves the PTRs as they are
 *   effects.c  zones that answer otherwise because of what local rows make of the change
 *
 * Rows of origin `local` decide about cuts and derived names in the store, but digests are of the
 * model alone: edits raise serials when they are made, and effects.c finds what is left.
 *
 * Peak memory beside the model: 384 octets a zone for the digests; what the sorter of derived
 * entries takes (model_spill_memory); 32 octets a local PTR; and the pages that the transaction
 * changes, of which the store keeps few in memory (store.h). */
#ifndef PTRD_SYNC_LOAD_P_H
#define PTRD_SYNC_LOAD_P_H

#include "ptrd/check/reverse.h"
#include "ptrd/source/sorter.h"
#include "ptrd/sync/load.h"

#include <sodium.h>

/* --- digest.c --- */

enum digest_part {
    DIGEST_PTR = 'P',
    DIGEST_DERIVED = 'D',
    DIGEST_RECORD = 'R',
    DIGEST_CHILD = 'C',
    DIGEST_ABOVE = 'A',
    DIGEST_GLUE = 'G',
    DIGEST_FORWARD = 'F',
    DIGEST_METADATA = 'M'
};

struct digests {
    const struct table *table;
    crypto_generichash_state *states; /* one a zone */
};

/* The low octets of a number, big endian. */
void digest_put(uint8_t *out, u128 value, unsigned octets) PTRD_NONNULL;
PTRD_CHECKED int digest_new(const struct table *t, struct digests *out) PTRD_NONNULL;
/* With what is known of zones before rows are written. */
PTRD_CHECKED int digest_begin(const struct model *m, const struct table *t,
                              struct digests *out) PTRD_NONNULL;
void digest_row(struct digests *d, uint32_t zone, enum digest_part part, struct span key,
                struct span value) PTRD_NONNULL;
/* The blocks' effective segments, in the reverse and the forward zones. */
PTRD_CHECKED int digest_blocks(struct digests *d, const struct reverse_map *reverse) PTRD_NONNULL;
/* Of each zone of a table, what blocks generate in it: *out has as many digests as t zones, the
 * caller frees it, also after an error. */
PTRD_CHECKED int digest_generated(const struct table *t, uint8_t (**out)[32]) PTRD_NONNULL;
void digest_end(struct digests *d, uint32_t zone, uint8_t out[32]) PTRD_NONNULL;
void digest_done(struct digests *d) PTRD_NONNULL;

/* --- glue.c --- */

struct glue {
    struct name target; /* a name server at or below the apex of a zone of ours */
    uint32_t zone;      /* the zone above, which shows its addresses in referrals */
};

struct glue_set {
    struct glue *items; /* by target, then zone */
    uint32_t count, capacity;
};

/* Collects the targets; the addresses that blocks generate for them go into the digests at once,
 * those of records and derived names by glue_digest when their rows are written. */
PTRD_CHECKED int glue_collect(struct glue_set *g, const struct model *m,
                              const struct table *t) PTRD_NONNULL;
void glue_digest_generated(const struct glue_set *g, struct digests *d) PTRD_NONNULL;
void glue_digest(const struct glue_set *g, struct digests *d, const struct name *owner,
                 struct span key, struct span value) PTRD_NONNULL;
void glue_done(struct glue_set *g) PTRD_NONNULL;

/* --- derived.c --- */

enum derived_flags {
    DERIVED_SOURCE = 1,   /* of the model: enters the digest of its zone */
    DERIVED_IN_FORCE = 2, /* written; a local row may hide the model's */
};

struct derived_row {
    uint32_t ttl_s, zone;
    uint8_t flags;
    struct span key; /* until the next row is asked for */
};

struct loader;

PTRD_CHECKED int octets_append(struct store_buf *heap, const uint8_t *bytes,
                               size_t len) PTRD_NONNULL;
/* Collects the entries that a row of PTRs asks for. */
PTRD_CHECKED int derived_add(struct loader *l, const struct addr *addr, const struct store_ptr *row,
                             uint8_t flags) PTRD_NONNULL;
/* Behind sorter_finish: the entries in the order of their keys. PTRD_FOUND, PTRD_ABSENT or an
 * error. */
PTRD_CHECKED int derived_get(struct loader *l, struct derived_row *row) PTRD_NONNULL;

/* --- local.c --- */

/* Is the PTR of an address at home at this name? t: of the zones. */
bool load_address_of(const struct table *t, const struct name *owner,
                     struct addr *out) PTRD_NONNULL;

/* Addresses whose explicit PTRs of the model are not in force: a local row stands in front. */
struct local_ptrs {
    struct addr *addrs; /* ascending */
    size_t count, capacity;
    size_t at; /* local_hides */
};

/* Reads the local rows; what local PTRs derive is collected at once. */
PTRD_CHECKED int local_read(struct loader *l) PTRD_NONNULL;
/* Addresses must ascend. */
bool local_hides(struct local_ptrs *p, const struct addr *addr) PTRD_NONNULL;

/* --- cuts.c --- */

/* What the local rows of one name do to its cut. */
struct local_cut {
    size_t at; /* name key in keys */
    uint16_t len;
    uint8_t set, gone; /* enum cut_flags */
    bool alias;        /* a local CNAME hides the source's rows of the name */
};

struct local_cuts {
    struct local_cut *items; /* ascending keys */
    size_t count, capacity;
    struct store_buf keys;
};

/* One local row of the type NS, DNAME or CNAME, in the order of the table. */
PTRD_CHECKED int cuts_add_local(struct local_cuts *c, const struct name *owner, uint16_t type,
                                bool tombstone) PTRD_NONNULL;
void cuts_done(struct local_cuts *c) PTRD_NONNULL;

/* --- load.c and rows.c --- */

struct load_zone {
    struct store_zone_id row; /* as in the store; the id given, if new */
    bool known;               /* in ZONE_IDS before */
    bool present;             /* in ZONES before */
    bool differs;             /* answers otherwise, whatever its digest says */
};

/* purges.c: both states, and what is seen of the change. */
struct load_purges {
    struct store_reader *committed, *writer;
    struct table *before, *after;
    struct purge_find *find; /* NULL: nobody asks, or everything is to be purged */
};

struct loader {
    struct store *store;
    struct store *keep;       /* the store whose place this one will take, or NULL */
    struct purge_set *purges; /* wanted, or NULL */
    const struct load_wishes *wishes;
    struct load_purges found;
    struct store_writer *w;
    const struct model *m;
    const struct table *t;
    struct load_report *report;
    struct load_zone *zones; /* as table->zones */
    struct reverse_map reverse;
    struct digests digests;
    struct sorter *derived; /* NULL: no entries */
    struct store_buf derived_key;
    struct glue_set glue;
    struct local_ptrs local_ptrs;
    struct local_cuts local_cuts;
    bool has_local; /* some row that answers come from and that no load replaces */
    load_progress_fn *progress;
    void *progress_ctx;
    const char *phase;
    uint64_t done, total;
    /* of the stream that runs */
    struct store_buf key, value, parts;
    uint64_t at;
    size_t at_local;       /* in local_cuts */
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
PTRD_CHECKED int rows_delegations(struct loader *l) PTRD_NONNULL;
PTRD_CHECKED int rows_above(struct loader *l) PTRD_NONNULL;
PTRD_CHECKED int rows_cuts(struct loader *l) PTRD_NONNULL; /* cuts.c */

/* load_kept.c: wishes->ptrs. PTRD_ECONFLICT: with this row PTRs that nobody looks at have other
 * values. */
PTRD_CHECKED int kept_row(const struct loader *l, struct span key, struct span old_value,
                          struct span new_value) PTRD_NONNULL;
PTRD_CHECKED int rows_kept(struct loader *l) PTRD_NONNULL;
/* Counts a row that changed, and what follows from it; ctx: the loader. */
int rows_changed(void *ctx, enum store_table table, struct span key, struct span old_value,
                 struct span new_value);

/* keep.c: before anything is written. PTRD_EINVAL with diag: the store is not a new one. */
PTRD_CHECKED int keep_rows(struct loader *l, struct store_meta *meta,
                           struct diag *diag) PTRD_NONNULL;

/* When all tables are written and some row changed: sets load_zone.differs. */
PTRD_CHECKED int effects_find(struct loader *l) PTRD_NONNULL; /* effects.c */

/* purges.c: before anything is written, for each row, and when the serials are written. Failures of
 * reading make it purge all; they are none of the load. */
void purges_begin(struct loader *l, const struct store_meta *meta) PTRD_NONNULL;
void purges_row(struct loader *l, enum store_table table, struct span key, struct span old_value,
                struct span new_value) PTRD_NONNULL;
void purges_end(struct loader *l) PTRD_NONNULL;
void purges_done(struct loader *l) PTRD_NONNULL;

/* What each of them does: makes the table equal to the rows that next hands out (ctx: the loader).
 * total: elements of the model, for the progress. */
PTRD_CHECKED int rows_write(struct loader *l, enum store_table table, const char *phase,
                            uint64_t total,
                            int (*next)(void *, struct span *, struct span *)) PTRD_NONNULL;
/* Hands out the row in l->key and l->value; used: elements of the model that went into it. */
int row_ready(struct loader *l, int err, uint64_t used, struct span *key,
              struct span *value) PTRD_NONNULL;

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
