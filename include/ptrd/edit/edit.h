/* Changes of origin `local`: what PowerDNS edits, and what `ptrctl local drop` takes back.
 *
 * An edit is one write transaction of the store, open from edit_begin to edit_commit or edit_abort:
 * visible whole or not at all, to the one who makes it at once (edit_snapshot). While it is open
 * other writers wait. It belongs to one thread.
 *
 * What is edited are explicit RRsets; a local RRset stands in front of the source's of the same
 * name and type. Deleting one that the source holds leaves a tombstone; a local RRset that becomes
 * equal to the source's is the source's again. Generated and derived answers cannot be deleted: an
 * explicit RRset stands in front of them, and deleting it brings them back. A generated value that
 * comes along when values are added to a generated RRset is left out.
 *
 * Where a row is kept: PTR at the name of an address by the address; SOA at the apex of a zone: its
 * fields, and the serial, which only rises (RFC 1982; a secondary zone's is as given); at or below
 * the apex of a zone of ours, edited with the id of a zone above it: what that zone holds there.
 *
 * Refused at once (PTRD_EINVAL, PTRD_ECONFLICT, with diag; the edit then cannot be committed): an
 * owner outside the zone, bad rdata, a type that no zone may hold. Refused by edit_commit, which
 * looks at every name touched and leaves everything as it was: CNAME beside other data (also the
 * source's, unless the edit deletes it), two CNAMEs, data below a DNAME, a DNAME or a cut above
 * generated forward names, above explicit PTRs or above a zone of ours, a PTR of a delegated
 * address, a zone without SOA or without NS at its apex, DS without NS. Any other failure of a call
 * spoils the edit too: further calls, edit_commit included, answer with the first error. */
#ifndef PTRD_EDIT_EDIT_H
#define PTRD_EDIT_EDIT_H

#include "ptrd/resolve/resolve.h"

struct edit;

/* One record as PowerDNS sends it: names in content absolute, final dot optional. */
struct edit_record {
    struct name owner;
    uint16_t type;
    uint32_t ttl_s;
    const char *content;
    size_t content_len;
};

/* Takes the writer's lock, waiting at most wait_ms: PTRD_EBUSY with diag. */
PTRD_CHECKED int edit_begin(struct engine *e, unsigned wait_ms, struct edit **out,
                            struct diag *diag) PTRD_NONNULL;

/* To look up with, inside the edit; valid until it ends. */
struct snapshot *edit_snapshot(struct edit *e) PTRD_NONNULL;

/* Makes the explicit RRset equal to records[0..count), all of this owner and type, with the least
 * of their TTLs; count 0 deletes. type RRTYPE_ANY with count 0: all RRsets of the owner. zone_id <=
 * 0: the owner's own zone. */
PTRD_CHECKED int edit_replace(struct edit *e, int64_t zone_id, const struct name *owner,
                              uint16_t type, const struct edit_record *records, size_t count,
                              struct diag *diag) PTRD_NONNULL_ARGS(1, 3, 7);

/* Adds one record to its explicit RRset (which takes its TTL); one that is there already is no
 * error. */
PTRD_CHECKED int edit_add(struct edit *e, int64_t zone_id, const struct edit_record *record,
                          struct diag *diag) PTRD_NONNULL;

/* From here on the zone holds only what edit_add gives it: PTRD_FOUND. PTRD_ABSENT: no such zone.
 * At and below the apex of a zone of ours inside it, what it cannot hold is left out in silence; so
 * are PTRs of addresses that it delegates. */
PTRD_CHECKED int edit_replace_zone(struct edit *e, const struct name *apex,
                                   struct diag *diag) PTRD_NONNULL;

/* Metadata of a zone: PTRD_FOUND; count 0 deletes (a tombstone where the source has the kind).
 * PTRD_ABSENT: no such zone. PTRD_EINVAL with diag: no kind, or an NSEC3PARAM that cannot be read.
 */
PTRD_CHECKED int edit_metadata(struct edit *e, const struct name *apex, const char *kind,
                               const struct span *values, unsigned count, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 3, 6);

/* TSIG keys: PTRD_FOUND; algorithm NULL deletes (PTRD_ABSENT: there was none). */
PTRD_CHECKED int edit_tsig(struct edit *e, const struct name *key, const char *algorithm,
                           const char *secret, struct diag *diag) PTRD_NONNULL_ARGS(1, 2, 5);

/* DNSSEC keys of a zone. Their change is a change of the zone's answers, and of those of the zone
 * above it where that is ours (DS): both serials rise. */
struct edit_key {
    uint16_t flags;
    bool active, published;
    const char *content; /* the private key as PowerDNS writes it (ptrd/rdata/key.h) */
    size_t content_len;
};
/* PTRD_FOUND: it was given the id, 1 .. 2^31 - 1, which no other key ever has. PTRD_ABSENT: no such
 * zone. Where no DS can be made of the key, diag->message says so. */
PTRD_CHECKED int edit_key_add(struct edit *e, const struct name *apex, const struct edit_key *key,
                              uint32_t *id, struct diag *diag) PTRD_NONNULL;
/* PTRD_ABSENT: the zone has no key with this id, or there is no such zone. */
PTRD_CHECKED int edit_key_remove(struct edit *e, const struct name *apex, uint32_t id,
                                 struct diag *diag) PTRD_NONNULL;
enum edit_key_state { EDIT_KEY_ACTIVE, EDIT_KEY_PUBLISHED };
PTRD_CHECKED int edit_key_set(struct edit *e, const struct name *apex, uint32_t id,
                              enum edit_key_state which, bool on, struct diag *diag) PTRD_NONNULL;

/* Notes the serial that secondaries were told, or the time of the last check (either may be NULL):
 * PTRD_FOUND. PTRD_ABSENT: no zone has this id. */
PTRD_CHECKED int edit_zone_state(struct edit *e, uint32_t zone_id, const uint32_t *notified_serial,
                                 const int64_t *last_check_s, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 5);

/* Takes back local RRsets, so that the source's stand again: all of them (owner NULL), those of a
 * name (type RRTYPE_ANY), or one. Metadata and keys stay. Returns how many, or an error. */
PTRD_CHECKED int edit_drop_local(struct edit *e, const struct name *owner, uint16_t type,
                                 struct diag *diag) PTRD_NONNULL_ARGS(1, 4);

/* Checks every name touched and commits; raises the serial of each zone whose answers change,
 * unless the edit raised it itself (to max(old + 1, now_s)). Frees the edit, also on failure, upon
 * which nothing has changed. */
PTRD_CHECKED int edit_commit(struct edit *e, int64_t now_s, struct diag *diag) PTRD_NONNULL;
void edit_abort(struct edit *e);

/* Called with each local RRset; contents as in a master file, none for a tombstone. */
struct edit_local {
    struct name owner;
    uint16_t type;
    uint32_t ttl_s;
    bool tombstone;
    bool above; /* held by the zone above the owner's own */
    bool hides; /* the source has an RRset of this name and type */
    struct span *contents;
    size_t count;
};
typedef int edit_local_fn(void *ctx, const struct edit_local *local);
/* In canonical order of owners; PTRs last. Inside snapshot_begin and end. fn returns 0 or an error,
 * which ends it and is returned. */
PTRD_CHECKED int edit_list_local(struct snapshot *s, edit_local_fn *fn, void *ctx)
    PTRD_NONNULL_ARGS(1, 2);

#endif
