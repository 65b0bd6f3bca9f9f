/* Private to role sync.
 *
 *   follow.c   the loop: connection, what to do next, waiting
 *   structure.c everything but overrides is read
 *   full.c     everything is read
 *   kept.c     everything but overrides changed
 *   filter.c   which overrides can be taken
 *   apply.c    some overrides changed
 *   state.c    the table `sync`: cursor, forms in force, quarantine
 *   report.c   tells the database of the node
 *
 * Rows of the table `sync`:
 *   "C"                                 the cursor (cursor_write)
 *   "F", relation, id (8 octets)        the entry in force last (pg_entry.valid)
 *   "Q", relation, id (8 octets)        strings: relation, key, reason
 *   "Q", 80, family and address, n      the same of an override */
#ifndef PTRD_SYNC_SYNC_P_H
#define PTRD_SYNC_SYNC_P_H

#include "ptrd/check/reverse.h"
#include "ptrd/sync/cursor.h"
#include "ptrd/sync/follow.h"
#include "ptrd/sync/load.h"

#define SYNC_WAIT_MS 1000     /* for another writer */
#define QUARANTINED_MAX 10000 /* overrides that are kept and shown; more are counted */

struct sync {
    struct sync_config config;
    struct store *store;
    int lock_fd;
    struct pg *pg; /* NULL: not connected */
    struct pg_state state;
    struct cursor cursor;
    bool follows; /* the store is what the cursor says */
    bool told_ready;
    bool again;          /* the last round failed: something may be new all the same */
    struct table *table; /* of the store's structure, or NULL */
    uint64_t table_environment, table_structure;
    struct purge_set *purges;
    struct purge_aliases *aliases; /* of the store's records in the state `aliases_data`, or NULL */
    uint64_t aliases_data;
    uint64_t generation; /* of the store's data */
    bool quarantine_changed;
    int64_t written_s; /* when the cursor was written last */
    struct reporter *reporter;
};

void sync_log(struct sync *s, const char *format, ...) PTRD_FORMAT(2, 3);

/* --- state.c --- */

PTRD_CHECKED int state_put_cursor(struct store_writer *w, const struct cursor *c) PTRD_NONNULL;
/* 0 when the store that is written still has the cursor; PTRD_EBUSY: somebody else loaded it. */
PTRD_CHECKED int state_check_cursor(struct sync *s, struct store_writer *w) PTRD_NONNULL;
/* Reads it; c->xmin stays 0 where the store follows no database. */
PTRD_CHECKED int state_read_cursor(struct store *s, struct cursor *c) PTRD_NONNULL;
/* Sets `valid` of the entries. */
PTRD_CHECKED int state_read_forms(struct store *s, struct pg_entries *e) PTRD_NONNULL;

struct bad_ptr {
    struct addr addr;
    char *target, *reason; /* malloc'ed */
};
struct bad_ptrs {
    struct bad_ptr *items;
    size_t count, capacity;
    uint64_t more; /* beyond QUARANTINED_MAX */
};
PTRD_CHECKED int bad_ptrs_add(struct bad_ptrs *b, const struct pg_ptr *row,
                              const char *reason) PTRD_NONNULL;
void bad_ptrs_done(struct bad_ptrs *b) PTRD_NONNULL;

/* Makes the table `sync` this. */
PTRD_CHECKED int state_write(struct store_writer *w, const struct cursor *c,
                             const struct pg_entries *e, struct bad_ptrs *bad) PTRD_NONNULL;
/* Adds the quarantined overrides of the store. */
PTRD_CHECKED int state_read_bad(struct store_writer *w, struct bad_ptrs *b) PTRD_NONNULL;
/* The quarantined overrides of one address, in place of those before. *changed is set where there
 * were or are some. */
PTRD_CHECKED int state_put_bad(struct store_writer *w, const struct addr *addr,
                               const struct bad_ptr *bad, size_t count, bool *changed)
    PTRD_NONNULL_ARGS(1, 2, 5);
/* All of them, told to the database. Any thread. */
PTRD_CHECKED int state_report(struct store *store, struct pg *pg, const char *node,
                              struct diag *diag) PTRD_NONNULL;

/* --- report.c: a thread; its calls do not wait for the database --- */

struct reporter;
enum report_urgency {
    REPORT_SOMETIME,  /* with the next heartbeat */
    REPORT_SOON,      /* something was applied */
    REPORT_QUARANTINE /* and the quarantine is another */
};
/* config and store are borrowed. */
PTRD_CHECKED int reporter_new(const struct sync_config *config, struct store *store,
                              struct reporter **out) PTRD_NONNULL;
void reporter_free(struct reporter *r);
/* What the store has; copied. After its purges were given to the flusher. */
void reporter_tell(struct reporter *r, const struct cursor *c,
                   enum report_urgency urgency) PTRD_NONNULL;
/* Why the node does not follow; "": it does. */
void reporter_tell_error(struct reporter *r, const char *error) PTRD_NONNULL;

/* --- filter.c --- */

/* Why no PTR of this address can be taken, or NULL. t: of the zones; home: the zone that holds it,
 * or NULL. */
const char *filter_address(const struct table *t, const struct zone *home, const struct addr *addr)
    PTRD_NONNULL_ARGS(1, 3);
#define FILTER_CNAME "a CNAME stands at the name of this address"

/* --- structure.c --- */

struct structure {
    struct sync *s;
    struct pg_entries entries;
    struct model *m; /* without overrides */
    struct table *table;
    struct addr *aliases; /* addresses at whose names CNAMEs stand, ascending */
    size_t alias_count;
    size_t blamed; /* rows, by the last try */
    int blame_err;
};
/* structure_done in any case. */
PTRD_CHECKED int structure_read(struct structure *f, struct sync *s,
                                struct diag *diag) PTRD_NONNULL;
void structure_done(struct structure *f) PTRD_NONNULL;
/* Says what is quarantined. */
void structure_log(const struct structure *f) PTRD_NONNULL;

/* --- apply.c --- */

struct ptr_row {
    struct addr addr;
    uint32_t ttl_s;
    enum ptr_forward forward;
    struct name target;
};
struct ptr_rows {
    struct ptr_row *items; /* by address, then target */
    size_t count, capacity;
    struct bad_ptrs bad; /* whose values are none */
};
/* Reads the overrides of some addresses; ptr_rows_done in any case. */
PTRD_CHECKED int ptr_rows_read(struct sync *s, const struct addr *addrs, size_t count,
                               struct ptr_rows *out, struct diag *diag) PTRD_NONNULL_ARGS(1, 4, 5);
void ptr_rows_done(struct ptr_rows *r) PTRD_NONNULL;
/* Makes these addresses (ascending) what the rows say. t: of the zones; changed is told each row
 * of the store that becomes another one, before it does. */
PTRD_CHECKED int ptr_rows_apply(struct sync *s, struct store_writer *w, const struct table *t,
                                const struct addr *addrs, size_t count, const struct ptr_rows *r,
                                load_row_fn *changed, void *ctx) PTRD_NONNULL_ARGS(1, 2, 3, 6, 7);

/* --- full.c, kept.c and apply.c; the transaction of the database is open, and is ended by them ---
 */

PTRD_CHECKED int full_load(struct sync *s, struct diag *diag) PTRD_NONNULL;
/* Reads no overrides but those of the addresses in changes, and those whose names CNAMEs came to or
 * left. PTRD_ECONFLICT: the change is one of all overrides; the transaction is still open then. */
PTRD_CHECKED int apply_structure(struct sync *s, const struct pg_changes *changes,
                                 struct cursor *next, struct diag *diag) PTRD_NONNULL;
PTRD_CHECKED int apply_ptrs(struct sync *s, const struct pg_changes *changes, struct cursor *next,
                            struct diag *diag) PTRD_NONNULL;
/* The zone table of the reader's transaction, kept between calls; s owns it. */
PTRD_CHECKED int sync_table(struct sync *s, struct store_reader *r,
                            const struct store_meta *meta) PTRD_NONNULL;
/* The store has this cursor now, and these names are to be purged. Takes next. */
void sync_advanced(struct sync *s, struct cursor *next, uint64_t generation) PTRD_NONNULL;

#endif
