/* (snapshot, question) -> answer, and nothing else: no JSON, no sockets, no LMDB.
 *
 * An answer is a list of rows, all owned by the question's name (resolve) or each by its own
 * (resolve_list). Rows point into the snapshot or into the answer itself: they are valid until
 * snapshot_end or the next use of the answer. struct answer is made once a thread and reused; its
 * rows grow to ANSWER_ROWS_MAX and never shrink, so that a thread soon allocates no more. */
#ifndef PTRD_RESOLVE_RESOLVE_H
#define PTRD_RESOLVE_RESOLVE_H

#include "ptrd/core/rrtype.h"
#include "ptrd/resolve/snapshot.h"

#define ANSWER_ROWS_MAX 100000

struct question {
    struct name name;
    uint16_t type;   /* RRTYPE_ANY for all */
    int64_t zone_id; /* <= 0: any */
};

enum row_kind {
    ROW_ENT,  /* type RRTYPE_ENT, no content */
    ROW_NAME, /* content is a wire name in `bytes` */
    ROW_ADDR, /* content is `addr` */
    ROW_TEXT, /* content is text in `bytes` */
};

/* Why the answer is what it is (ptrctl explain). */
enum answer_source {
    ANSWER_NONE, /* the name does not exist */
    ANSWER_EXPLICIT,
    ANSWER_GENERATED,
    ANSWER_DERIVED,
    ANSWER_DELEGATED, /* at or below a cut, or below a DNAME */
    ANSWER_ENT,
};

struct row {
    enum row_kind kind;
    enum answer_source source;
    uint16_t type;
    bool auth;  /* false: at or below a cut, DS at the cut aside */
    bool local; /* explicit, and accepted through PowerDNS */
    uint32_t ttl_s;
    struct span bytes;
    struct addr addr;
};

#define SOA_TEXT_SIZE (2 * NAME_TEXT_SIZE + 64)

struct answer {
    struct row *rows;
    uint32_t count, capacity;
    const struct zone *zone;   /* the zone that the name belongs to, or NULL */
    const struct block *block; /* the most specific one, of a full reverse or generated name */
    enum place_rule rule;      /* how cuts and DNAMEs of the zone rule the name, */
    struct name cut;           /* and which one does (len 0: none) */
    enum answer_source source; /* of the PTR or address rows if there are any, else of the first */
    struct name generated;
    struct facts *facts; /* resolve's own: facts.c */
    char soa[SOA_TEXT_SIZE];
};

void answer_init(struct answer *a) PTRD_NONNULL;
void answer_done(struct answer *a) PTRD_NONNULL;

/* 0 with a->count rows (0: nothing), or an error, upon which the caller must not answer at all. */
PTRD_CHECKED int resolve(struct snapshot *s, const struct question *q,
                         struct answer *a) PTRD_NONNULL;

/* Contents of one RRset of what is explicit: local in front of source, as everywhere. Rows are
 * appended to a; for editing (resolve leaves out what the zone hides). Returns 0 or an error. */
enum explicit_table { EXPLICIT_RECORDS, EXPLICIT_ABOVE };
PTRD_CHECKED int resolve_explicit(struct snapshot *s, enum explicit_table table,
                                  const struct name *owner, uint16_t type,
                                  struct answer *a) PTRD_NONNULL;

/* Appends the DS records that the zone's keys ask of the zone above it (ptrd(8), DNSSEC keys): what
 * that one shows where it is ours and no explicit set stands there. PTRD_FOUND: the zone has keys
 * (of which perhaps no record follows); PTRD_ABSENT: none; or an error. */
PTRD_CHECKED int resolve_key_ds(struct snapshot *s, const struct zone *zone, uint32_t ttl_s,
                                struct answer *a) PTRD_NONNULL;

/* The zone in which an explicit PTR that says `forward` gives its target the address
 * (ptrd-zones(5), forward_auto), or NULL. What else stands at the target, and cuts, are looked at
 * when it is asked for. */
const struct zone *resolve_derives(const struct table *t, enum ptr_forward forward,
                                   const struct name *target) PTRD_NONNULL;

/* Two states of a store, each with its table, and an answer of each (answer_init, answer_done). */
struct differ {
    struct snapshot was, is;
    struct answer before, after;
};

/* Does the zone with this id answer a name otherwise in the two states? PTRD_FOUND: it does. */
PTRD_CHECKED int resolve_differs(struct differ *d, const struct name *name,
                                 uint32_t zone_id) PTRD_NONNULL;

/* A zone, name by name, each with all its rows, in the order in which a reader can least do
 * without: the apex; the cuts with their DS and glue, in canonical order; the other names with
 * explicit records in canonical order, then explicit PTRs by address; derived names in canonical
 * order; generated names, block by block. Empty non-terminals when the walk of the explicit, the
 * derived or the generated names first goes below them. Each name is listed once, whatever makes it
 * exist; a generated one that something explicit or derived stands at or below, with that. */
enum list_part {
    LIST_CUTS, /* and the apex */
    LIST_EXPLICIT,
    LIST_DERIVED,
    LIST_GENERATED,
    LIST_PARTS
};
struct list_sink {
    /* 0; LIST_ENOUGH: the rest of this block is left out, or, before the generated names, all that
     * follows; or an error, which ends the list and is returned. */
    int (*emit)(void *ctx, const struct name *owner, const struct row *row);
    /* Before the names of a block that has some in this zone; count: how many, with those that are
     * listed already. PTRD_FOUND: list them, PTRD_ABSENT: leave the block out, or an error.
     * LIST_COUNT_MANY: 2^63 or more, or to be found only among more than a million names of other
     * zones; the block is left out, whatever the answer. NULL: no generated names at all. */
    int (*block)(void *ctx, const struct block *b, uint64_t count);
    /* Before the names of a part, the apex aside; LIST_EXPLICIT comes twice. NULL: nobody asks. */
    void (*begin)(void *ctx, enum list_part part);
    void *ctx;
};
#define LIST_ENOUGH 1
#define LIST_COUNT_MANY UINT64_MAX
/* PTRD_ABSENT: no such zone; PTRD_FOUND: listed. */
PTRD_CHECKED int resolve_list(struct snapshot *s, const struct name *apex, struct answer *a,
                              const struct list_sink *sink) PTRD_NONNULL;

#endif
