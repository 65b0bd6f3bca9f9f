/* The loader: makes the store equal to a model in one transaction.
 *
 * Only differences are written. Origin `local` is kept. Zone ids are given once a name and never
 * reused. A zone's serial stays while the digest of its effective content is the same, else it is
 * max(old + 1, now_s), and 1 behind 2^32 - 1 (RFC 1982). A zone new to the store takes `serial:` if
 * given, else now_s. Of a database (SOURCE_POSTGRES) a zone has the serial that the model gives it,
 * so that all nodes have the same; only where that is not above the old one, and the content is
 * another, it is max(old + 1, now_s) as well. */
#ifndef PTRD_SYNC_LOAD_H
#define PTRD_SYNC_LOAD_H

#include "ptrd/source/model.h"
#include "ptrd/store/store.h"
#include "ptrd/sync/purge.h"

struct load_report {
    uint64_t inserted, changed, deleted; /* rows over all tables but zone_ids */
    uint32_t zones_added, zones_removed, zones_bumped;
    bool structure_changed;
};

/* Told of a row that becomes another one; bytes NULL: there is none. */
typedef int load_row_fn(void *ctx, enum store_table table, struct span key, struct span old_value,
                        struct span new_value);

/* What a caller wants beside the load; all zero: nothing. */
struct load_wishes {
    struct store *keep;       /* as `old` of load_model_keeping */
    struct purge_set *purges; /* gets what PowerDNS has to forget; to be flushed after the load.
                                 All, for a store that held nothing, and with keep. */
    /* More rows of the same transaction, written last; not of tables that answers come from. */
    int (*also)(void *ctx, struct store_writer *w);
    /* SOURCE_POSTGRES: the model has no PTRs; those of the store and the names derived from them
     * stay, but for what this writes itself, told to changed. Digests of zones whose serials rise
     * are forgotten. PTRD_ECONFLICT: other PTRs would have other values too, and nothing was
     * written. */
    int (*ptrs)(void *ctx, struct store_writer *w, load_row_fn *changed, void *changed_ctx);
    void *ctx; /* of both */
};

typedef void load_progress_fn(void *ctx, const char *phase, uint64_t done, uint64_t total);

/* model and table (check_model) belong together. wait_ms: for another writer (PTRD_EBUSY with
 * diag). On failure the store is as before. */
PTRD_CHECKED int load_model(struct store *s, const struct model *m, const struct table *table,
                            int64_t now_s, unsigned wait_ms, load_progress_fn *progress,
                            void *progress_ctx, struct load_report *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 3, 8, 9);

/* The same into a new store that is to take the place of another, old: it begins with what no load
 * replaces there (ids and serials of zones, what PowerDNS changed, metadata, TSIG keys, DNSSEC
 * keys, notes), in the same transaction, and serials rise where old's answers change. old NULL:
 * load_model. PTRD_EINVAL with diag: the store has zones already. */
PTRD_CHECKED int load_model_keeping(struct store *s, struct store *old, const struct model *m,
                                    const struct table *table, int64_t now_s, unsigned wait_ms,
                                    load_progress_fn *progress, void *progress_ctx,
                                    struct load_report *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3, 4, 9, 10);

/* load_model with wishes. */
PTRD_CHECKED int load_model_wishing(struct store *s, const struct load_wishes *wishes,
                                    const struct model *m, const struct table *table, int64_t now_s,
                                    unsigned wait_ms, load_progress_fn *progress,
                                    void *progress_ctx, struct load_report *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 3, 4, 9, 10);

#endif
