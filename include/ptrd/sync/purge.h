/* What PowerDNS has to forget after a change: a bounded set of names, and how it is found.
 *
 * A purge is one name, or a name with everything below it. PowerDNS keeps whole replies and what
 * its backend said; what a change at a name N can alter there is
 *   - replies for N itself;
 *   - where N came or went: those for each name that came or went with it above (RFC 8020), and for
 *     what lies below the topmost of these, which may now have another closest encloser;
 *   - where N is a wildcard, a cut or a DNAME, or lies below a cut: what it governs;
 *   - the SOA of the zone, when its serial rose.
 *   - replies for other names that show N: CNAMEs that lead to it (those of RFC 2317 too), and
 *     NS, MX and SRV with its addresses in their additional sections (struct purge_aliases).
 * Not looked for are the SOA and the NSEC records in denials of other names, and names below a
 * DNAME whose target lies above N: they live as long as `cache-ttl`.
 *
 * The set is pure and never fails: it holds at most PURGE_MAX names, and becomes coarser, never
 * incomplete. Names of one zone beyond PURGE_ZONE_MAX become the zone with all below; when the set
 * is full, or memory is, it becomes "all". Names of zones that came or went are kept beside that,
 * for PowerDNS takes these into its list of zones, or out of it, and of zones to be notified; of
 * more than PURGE_MAX of them it finds out by itself at its next refresh. One thread a set. */
#ifndef PTRD_SYNC_PURGE_H
#define PTRD_SYNC_PURGE_H

#include "ptrd/resolve/resolve.h"

#define PURGE_ZONE_MAX 200
#define PURGE_MAX 16384

enum purge_scope {
    PURGE_SERIAL, /* the apex of a zone, of which only the serial is another and which has no
                     secondaries: for whoever can purge one name alone */
    PURGE_NAME,
    PURGE_BELOW, /* the name and everything below it */
};

struct purge {
    struct name name;
    enum purge_scope scope;
    bool zone;   /* a zone of this name came or went */
    bool notify; /* secondaries of the zone of this name are to be notified (RFC 1996) */
};

struct purge_set;

/* NULL: no memory. */
struct purge_set *purge_set_new(void);
void purge_set_free(struct purge_set *set);

/* zone: apex of a zone that encloses the name. */
void purge_add(struct purge_set *set, const struct name *zone, const struct name *name,
               enum purge_scope scope) PTRD_NONNULL;
/* A zone came or went. */
void purge_add_zone(struct purge_set *set, const struct name *apex) PTRD_NONNULL;
/* The serial of a zone rose that has secondaries. */
void purge_add_notify(struct purge_set *set, const struct name *apex) PTRD_NONNULL;
/* Zones came or went, nobody says which. */
void purge_add_rediscover(struct purge_set *set) PTRD_NONNULL;
void purge_add_all(struct purge_set *set) PTRD_NONNULL;
/* All of from as well. */
void purge_merge(struct purge_set *into, const struct purge_set *from) PTRD_NONNULL;
void purge_clear(struct purge_set *set) PTRD_NONNULL;
/* From here on, until it is cleared, purge_get says of no zone that it is to be notified. */
void purge_hold_notify(struct purge_set *set) PTRD_NONNULL;

/* Settles the set (double and covered names go, what is too much becomes coarser) and returns how
 * many purges it has. With purge_all they are the zones that came or went, or
 * are to be notified. */
uint32_t purge_count(struct purge_set *set) PTRD_NONNULL;
/* Everything is to be forgotten. */
bool purge_all(const struct purge_set *set) PTRD_NONNULL;
/* Some zone came or went. */
bool purge_zones(const struct purge_set *set) PTRD_NONNULL;
/* The i-th in canonical order; after purge_count, until the set is changed. */
void purge_get(const struct purge_set *set, uint32_t i, struct purge *out) PTRD_NONNULL;

/* --- which purges a change asks for ----------------------------------------------------------- */

/* Told of each row that a writer changes, it notes the names that these rows are about; at the end,
 * with both states at hand, it finds what has to be purged for them. Bounded as the set. One
 * thread. */
struct purge_find;

/* before: the table of the state before the change; borrowed until purge_find_free. */
PTRD_CHECKED int purge_find_new(const struct table *before, struct purge_find **out) PTRD_NONNULL;
void purge_find_free(struct purge_find *f);

/* A row is put, replaced or deleted: old_value or new_value has bytes NULL where there is none. As
 * `changed` of struct store_stream tells it, or as a caller of store_put and store_delete knows it.
 * Any table; those that alter no answer are passed over. PTRD_ECORRUPT, PTRD_ENOMEM. */
PTRD_CHECKED int purge_find_row(struct purge_find *f, enum store_table table, struct span key,
                                struct span old_value, struct span new_value) PTRD_NONNULL;

/* Adds what has to be purged to out. d: both states, was with the table given at the beginning; the
 * two may share one table where the structure is the same. Inside the transactions of both. May be
 * called once. Errors are those of reading; the caller then purges all. */
PTRD_CHECKED int purge_find_end(struct purge_find *f, struct differ *d,
                                struct purge_set *out) PTRD_NONNULL;

/* --- names that show other names -------------------------------------------------------------- */

/* The targets of all CNAME, NS, MX, SRV and DNAME records: some 100 octets each. One thread. */
struct purge_aliases;

/* Reads those of a store; r inside its transaction. */
PTRD_CHECKED int purge_aliases_read(struct store_reader *r,
                                    struct purge_aliases **out) PTRD_NONNULL;
void purge_aliases_free(struct purge_aliases *a);
/* Keeps it current: to be told of each row that is put (value.bytes NULL: deleted), as
 * purge_find_row. */
PTRD_CHECKED int purge_aliases_row(struct purge_aliases *a, enum store_table table, struct span key,
                                   struct span value) PTRD_NONNULL;
/* Adds the owners that show what is in the set, those that lead to these, and so on; t: the table
 * after the change. PTRD_ENOMEM. */
PTRD_CHECKED int purge_aliases_add(struct purge_aliases *a, const struct table *t,
                                   struct purge_set *set) PTRD_NONNULL;

#endif
