/* Private to edit: one edit and its parts.
 *
 *   edit.c      begin, abort, commit: the order of what a commit does
 *   rows.c      rows of the store, and which of them were touched
 *   place.c     where an RRset is kept
 *   rrset.c     replace and add
 *   soa.c       SOA and serials
 *   zone.c      a zone that is fed anew
 *   settle.c    what follows from the rows: local rows that are not needed, cuts, derived names
 *   check.c     what a commit refuses
 *   touch.c     zones whose answers change
 *   local.c     listing, and taking back
 *   metadata.c  metadata, TSIG keys, zone state
 *   keys.c      DNSSEC keys
 *
 * Only rows of origin `local` are written while the edit is open (and serials, where an edit sets
 * one); all that follows from them is worked out once, by the commit, from the rows touched: what
 * stood before is read in a transaction of its own (struct edit: committed). */
#ifndef PTRD_EDIT_EDIT_P_H
#define PTRD_EDIT_EDIT_P_H

#include "ptrd/core/arena.h"
#include "ptrd/edit/edit.h"

/* A row that was written or deleted, perhaps to what it was before. */
struct touched {
    uint8_t table; /* enum store_table */
    uint16_t len;
    uint8_t key[];
};

enum zone_mark {
    ZONE_FED = 1,      /* edit_replace_zone: it holds what it is fed */
    ZONE_SOA_GONE = 2, /* its SOA was deleted and not given again */
    ZONE_ANSWERS = 4,  /* its answers change (touch.c) */
};

struct edit {
    struct store_writer *w;
    struct store_reader *reader;    /* of the writer */
    struct store_reader *committed; /* what stood before */
    struct snapshot snapshot;       /* over reader; table: of the structure before */
    struct store_meta meta;
    const struct table *before; /* snapshot's table */
    const struct table *after;  /* set by the commit: with the cuts as they are now */
    struct table *rebuilt;      /* owned: after, where cuts changed */
    uint8_t *zones;             /* enum zone_mark, as before->zones */
    struct touched **touched;
    size_t touched_count, touched_capacity;
    struct arena arena;   /* of touched */
    struct arena scratch; /* of one call */
    struct store_buf key, value;
    struct name restated; /* the RRset that the last edit_replace gave what is generated there */
    uint16_t restated_type;
    struct diag why; /* of the first refusal: */
    int refused;     /* its error, or 0 */
};

static inline struct span buf_span(const struct store_buf *buf)
{
    return (struct span){buf->bytes, buf->len};
}

static inline struct span name_span(const struct name *name)
{
    return (struct span){name->wire, name->len};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.bytes, b.bytes, a.len) == 0);
}

static inline uint32_t zone_number(const struct table *t, const struct zone *z)
{
    return (uint32_t)(z - t->zones);
}

static inline uint8_t *zone_marks(struct edit *e, const struct zone *z)
{
    return &e->zones[zone_number(e->before, z)];
}

/* Begin and end of every call: an edit that was refused stays so; an error is noted for the commit,
 * with words where diag has none yet; scratch memory is freed. */
PTRD_CHECKED int edit_enter(struct edit *e, struct diag *diag) PTRD_NONNULL;
int edit_end(struct edit *e, int err, struct diag *diag) PTRD_NONNULL;

/* --- rows.c --- */

/* As store_put and store_delete, on a table of origin `local` (or zone ids, or tsig), noting the
 * row as touched. store_delete's PTRD_ABSENT is 0 here. */
PTRD_CHECKED int row_put(struct edit *e, enum store_table table, struct span key,
                         struct span value) PTRD_NONNULL;
PTRD_CHECKED int row_delete(struct edit *e, enum store_table table, struct span key) PTRD_NONNULL;

/* Sorts what was touched, by table and key, each once. */
void touched_sort(struct edit *e) PTRD_NONNULL;
/* Leaves out the rows that are as they were before. */
PTRD_CHECKED int touched_changed(struct edit *e) PTRD_NONNULL;
static inline struct span touched_key(const struct touched *t)
{
    return (struct span){t->key, t->len};
}
/* Is row i of what was sorted at the same owner (or address) as the one before it? */
bool touched_same_name(const struct edit *e, size_t i) PTRD_NONNULL;

/* Walks the rows of a table whose keys begin with a prefix. The row given is the walker's own copy:
 * fn may write. */
typedef int row_fn(void *ctx, struct span key, struct span value);
PTRD_CHECKED int rows_each(struct store_reader *r, enum store_table table, struct span prefix,
                           row_fn *fn, void *ctx) PTRD_NONNULL_ARGS(1, 4);
/* The rows of the PTRs of a range of addresses. */
PTRD_CHECKED int rows_each_ptr(struct store_reader *r, enum store_table table,
                               const struct range *range, row_fn *fn, void *ctx)
    PTRD_NONNULL_ARGS(1, 3, 4);

/* --- place.c: where an RRset is kept --- */

struct place_kept {
    enum store_table local, source;
    struct name owner;
    uint16_t type;
    struct addr addr;        /* STORE_LOCAL_PTRS: whose PTR it is */
    const struct zone *zone; /* whose data it is, of edit.before */
};

/* PTRD_FOUND; PTRD_ABSENT: nothing of the kind can be there, and it may be left out in silence
 * (deletes, or the zone is fed); or a refusal. type may be RRTYPE_ANY (deletes). */
PTRD_CHECKED int place_find(struct edit *e, int64_t zone_id, const struct name *owner,
                            uint16_t type, bool deletes, struct place_kept *out,
                            struct diag *diag) PTRD_NONNULL;
/* The address whose PTR stands at owner, a name of zone (NULL: no zone of ours). */
bool place_is_ptr(const struct table *t, const struct zone *zone, const struct name *owner,
                  struct addr *out) PTRD_NONNULL_ARGS(1, 3, 4);
PTRD_CHECKED int place_key(const struct place_kept *p, struct store_buf *buf) PTRD_NONNULL;
/* The RRset that a key of a local table names; zone is NULL where it lies in none. */
PTRD_CHECKED int place_of_key(const struct table *t, enum store_table local, struct span key,
                              struct place_kept *out) PTRD_NONNULL;
enum store_table place_source(enum store_table local);

/* --- rrset.c: an RRset as a set --- */

struct set {
    uint32_t ttl_s;
    bool caseless; /* items that differ in case alone are the same: names in content */
    unsigned count, capacity;
    struct span *items; /* wire names (PTRs by address) or contents; in scratch memory */
};

/* Reads a row, its values copied: PTRD_FOUND, PTRD_ABSENT, or an error. */
PTRD_CHECKED int set_read(struct arena *scratch, enum store_table table, struct store_reader *r,
                          struct span key, struct set *out) PTRD_NONNULL;
bool set_equal(struct set *a, struct set *b) PTRD_NONNULL;
/* Writes the local row; no items: a tombstone. */
PTRD_CHECKED int set_write(struct edit *e, const struct place_kept *p,
                           struct set *set) PTRD_NONNULL;

/* Text for messages: "www.isp.example A". */
#define SUBJECT_SIZE 288
void print_subject(const struct name *owner, uint16_t type, char out[SUBJECT_SIZE]) PTRD_NONNULL;
#define NAME_SHOWN_SIZE 261 /* long names are cut: messages are short */
void print_name(const struct name *name, char out[NAME_SHOWN_SIZE]) PTRD_NONNULL;

/* --- metadata.c --- */

/* The zone of ours with this apex, or NULL. */
const struct zone *edit_zone(const struct edit *e, const struct name *apex) PTRD_NONNULL;

/* --- soa.c --- */

PTRD_CHECKED int soa_set(struct edit *e, const struct zone *zone, const struct edit_record *record,
                         struct diag *diag) PTRD_NONNULL;
/* Is a local SOA row what the source says of the zone? PTRD_FOUND, PTRD_ABSENT or an error. */
PTRD_CHECKED int soa_is_source(struct edit *e, const struct name *apex,
                               struct span value) PTRD_NONNULL;
/* The content of a local SOA row with the zone's serial in it, in scratch memory. */
PTRD_CHECKED int soa_with_serial(struct arena *scratch, struct store_reader *r,
                                 const struct name *apex, struct span *content) PTRD_NONNULL;
/* Raises the serials of zones marked ZONE_ANSWERS. */
PTRD_CHECKED int serials_raise(struct edit *e, int64_t now_s) PTRD_NONNULL;

/* --- settle.c --- */

/* Local rows that say what the source says, and tombstones of nothing, go. */
PTRD_CHECKED int settle_rows(struct edit *e) PTRD_NONNULL;
/* Cuts; sets edit.after. *changed: the structure did. */
PTRD_CHECKED int settle_cuts(struct edit *e, bool *changed) PTRD_NONNULL;
/* In zones that were fed, PTRs of delegated addresses are occluded and go. */
PTRD_CHECKED int settle_occluded(struct edit *e) PTRD_NONNULL;
/* Derived names. */
PTRD_CHECKED int settle_derived(struct edit *e) PTRD_NONNULL;
/* Names that PTRs which changed gave an address before, or do now. */
PTRD_CHECKED int settle_targets(struct edit *e, int (*fn)(void *ctx, const struct name *target),
                                void *ctx) PTRD_NONNULL_ARGS(1, 2);

/* --- check.c --- */

/* What stands at a name, hiding applied (design: a local CNAME hides the source's rows, a local
 * RRset the source's CNAME). */
struct at_name {
    bool local_cname, source_cname; /* not replaced by a local row of the type */
    unsigned local_others, source_others;
    uint16_t local_other, source_other; /* one of them */
    bool ns, ds, dname, any;            /* effective */
};
PTRD_CHECKED int at_name_read(struct store_reader *r, const struct table *t,
                              const struct name *owner, struct at_name *out) PTRD_NONNULL;

PTRD_CHECKED int check_cnames(struct edit *e, struct diag *diag) PTRD_NONNULL;
PTRD_CHECKED int check_names(struct edit *e, struct diag *diag) PTRD_NONNULL;

/* --- touch.c --- */

struct touch;
PTRD_CHECKED int touch_begin(struct edit *e, struct touch **out) PTRD_NONNULL;
void touch_end(struct touch *t);
/* Something changed at a name: marks the zones that answer otherwise now. */
PTRD_CHECKED int touch_name(struct touch *t, const struct name *name) PTRD_NONNULL;
/* Keys of a zone changed, or metadata that its answers depend on: the zone itself, and the zone
 * above it where that shows another DS. */
PTRD_CHECKED int touch_zone(struct touch *t, const struct zone *zone) PTRD_NONNULL;
/* Cuts changed: what they stop or let addresses generate. */
PTRD_CHECKED int touch_generated(struct touch *t) PTRD_NONNULL;

#endif
