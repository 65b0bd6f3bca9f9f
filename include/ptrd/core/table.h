/* The zone table: everything structural that a lookup needs, built once a structure generation.
 *
 * Holds the zones (apex and id), the cuts and DNAMEs inside them, the blocks with their compiled
 * templates, the flattened intervals of the most specific block of each family, and the index from
 * forward names to templates. Built by a builder off to the side, sealed by table_finish, then
 * immutable and shared by any number of threads; freed whole. It knows nothing of records, serials
 * or the store.
 *
 * Zones. Every name belongs to the most specific zone that encloses it. An address has its PTR in
 * one zone, its home: the RFC 2317 zone of ours whose prefix holds it, else the zone of its
 * in-addr.arpa or ip6.arpa name. In an RFC 2317 ("classless") zone the PTR of an address stands at
 * the label of its last octet directly below the apex; everywhere else at the arpa name.
 *
 * Cuts. A cut is the owner of an NS RRset below the apex of the zone that the owner belongs to; the
 * apex of a zone of ours is none here (resolve makes that one). Of the cuts and DNAMEs on the way
 * from a zone's apex down to a name the topmost rules: a cut rules its own name and those below, a
 * DNAME those below only. What stands above a zone's apex does not concern the zone.
 *
 * Delegated addresses. An address whose PTR's name is ruled by a cut or a DNAME of its own zone, or
 * which lies in an RFC 2317 prefix delegated to somebody else (table_add_delegated), generates
 * nothing: its segment has block TABLE_NONE, whatever the blocks say. So does an address of a
 * classless zone whose PTR's name is the apex of yet another zone of ours.
 *
 * segments: sorted by first; segment i covers first .. next first - 1 (the last one to the top of
 * the space); block is the most specific one, or TABLE_NONE where there is none or the addresses
 * are delegated. segments[0].first is 0. */
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
    bool reverse; /* at or below in-addr.arpa or ip6.arpa, or classless */
    bool forward_auto;
    bool has_block;         /* some address of its own lies in a block, or a generated name may
                               stand in it (cuts not considered): exact but where a template's names
                               spread over several zones, which then all have it */
    bool classless;         /* RFC 2317: the PTRs of prefix stand directly below the apex */
    bool has_cuts;          /* some cut or DNAME stands in it; */
    uint8_t cut_labels_max; /* the most labels of any of them */
    uint32_t apex_dname;    /* index in cuts of the DNAME at the apex, or TABLE_NONE */
    struct prefix prefix;   /* classless: an IPv4 prefix longer than /24 */
};

enum cut_flags { CUT_NS = 1, CUT_DNAME = 2 };

struct cut {
    struct name name;
    uint32_t zone; /* index of the zone that holds it */
    uint8_t flags; /* enum cut_flags */
};

/* How the cuts and DNAMEs of a zone rule a name. */
enum place_rule {
    PLACE_FREE,        /* not at all (the owner of a DNAME is free too) */
    PLACE_AT_CUT,      /* the name is the cut */
    PLACE_BELOW_CUT,   /* nothing authoritative: glue */
    PLACE_BELOW_DNAME, /* nothing at all exists here */
};

struct place {
    const struct zone *zone; /* the name's own zone, or NULL */
    const struct cut *cut;   /* what rules it; NULL when PLACE_FREE */
    enum place_rule rule;
    bool owns_dname; /* PLACE_FREE: a DNAME stands at the name itself */
};

/* Equal parts of the space between two segments; core/segments.h. */
struct directory {
    u128 first;    /* where the segment behind `segment` begins, and part 0 */
    uint32_t part; /* the first of them in block_set.parts; one more says where the last one ends */
    uint32_t count;
    uint32_t segment, last; /* the segments in it are those behind the one, up to the other */
    unsigned shift;
};

/* One family's blocks, sorted by first, enclosing before enclosed. */
struct block_set {
    struct block *blocks;
    uint32_t count;
    struct segment *segments;
    uint32_t segment_count;
    struct directory *directories; /* core/segments.h; NULL for few segments */
    uint32_t directory_count;
    uint32_t *parts; /* of all directories */
    uint32_t part_count;
};

struct forward_index; /* core/forward.c */

struct table {
    struct zone *zones; /* canonical order of apex */
    uint32_t zone_count;
    struct block_set v4, v6;
    struct template **templates; /* distinct ones */
    uint32_t template_count;
    struct place_slot *place_hash; /* zones and cuts by name: core/place.c */
    uint32_t place_hash_mask;
    bool place_depths[NAME_LABELS_MAX + 1]; /* some zone or cut has so many labels */
    uint32_t *zone_by_id;                   /* sorted by id: zone indices */
    unsigned zone_labels_max;
    struct cut *cuts; /* canonical order of name */
    uint32_t cut_count;
    uint32_t *classless; /* indices of classless zones, by prefix; disjoint */
    uint32_t classless_count;
    struct range *delegated_v4, *delegated_v6; /* sorted, disjoint */
    uint32_t delegated_v4_count, delegated_v6_count;
    struct forward_index *forward;
};

/* --- building: one thread; after a failed add the builder can only be freed --- */
struct table_builder;

PTRD_CHECKED int table_builder_new(struct table_builder **out) PTRD_NONNULL;
void table_builder_free(struct table_builder *b);

/* classless: the prefix of an RFC 2317 zone, else NULL. PTRD_EINVAL unless it is IPv4 and longer
 * than /24, and the apex at most 251 octets (the names of its PTRs must fit). */
PTRD_CHECKED int table_add_zone(struct table_builder *b, const struct name *apex, uint32_t id,
                                bool forward_auto, const struct prefix *classless, uint32_t ref)
    PTRD_NONNULL_ARGS(1, 2);

/* An NS RRset (flags CUT_NS), a DNAME, or both at one name; a name may be added again, with further
 * flags. Left out by table_finish: names in no zone, and an NS RRset at the apex of a zone. */
PTRD_CHECKED int table_add_cut(struct table_builder *b, const struct name *name,
                               uint8_t flags) PTRD_NONNULL;

/* An IPv4 prefix delegated by the CNAMEs of RFC 2317 to names directly below child. Addresses whose
 * home is a zone of ours at or below child are not delegated to others and go on generating.
 * PTRD_EINVAL unless the prefix is longer than /24. */
PTRD_CHECKED int table_add_delegated(struct table_builder *b, const struct prefix *prefix,
                                     const struct name *child) PTRD_NONNULL;

/* text NULL: "none". Refused as template_compile does. */
PTRD_CHECKED int table_add_block(struct table_builder *b, const struct range *range,
                                 const char *text, const struct template_var *vars,
                                 unsigned var_count, uint32_t ttl_s, uint8_t flags, uint32_t ref,
                                 struct diag *diag) PTRD_NONNULL_ARGS(1, 2);

/* Sorts, nests, flattens, indexes. PTRD_ECONFLICT: two zones of one name, overlapping prefixes of
 * two classless zones, equal or crossing intervals of blocks; then conflict[0] and [1] are the two
 * refs (conflict may be NULL). On success the builder is used up (free it all the same). */
PTRD_CHECKED int table_finish(struct table_builder *b, struct table **out, uint32_t conflict[2],
                              struct diag *diag) PTRD_NONNULL_ARGS(1, 2);
void table_free(struct table *t);

/* --- asking: any thread --- */

static inline const struct block_set *table_blocks(const struct table *t, enum family family)
{
    return family == FAMILY_IPV4 ? &t->v4 : &t->v6;
}

/* The index in set->segments of the segment that holds num. */
PTRD_CHECKED uint32_t table_segment_for(const struct block_set *set, u128 num) PTRD_NONNULL;

/* The most specific zone that encloses name, or NULL. */
const struct zone *table_zone_for(const struct table *t, const struct name *name) PTRD_NONNULL;
const struct zone *table_zone_by_id(const struct table *t, uint32_t id) PTRD_NONNULL;

/* The zone that a name belongs to, and what rules the name there. */
struct place table_place(const struct table *t, const struct name *name) PTRD_NONNULL;

/* The zone that holds the PTR of an address, or NULL: also where its arpa name belongs to a
 * classless zone of another prefix. */
const struct zone *table_home(const struct table *t, const struct addr *a) PTRD_NONNULL;

/* The name at which the PTR of an address stands: in its home, or its arpa name without one. */
void table_reverse_name(const struct table *t, const struct addr *a, struct name *out) PTRD_NONNULL;

/* Reads a name of zone as arpa_parse does, by the rules of that zone: in a classless one the apex
 * is PARTIAL with the zone's prefix, a canonical octet of the prefix below it FULL, further labels
 * BELOW. In any other zone FULL is said of the arpa name of each address, also of one whose home is
 * another zone (classless): table_home tells. */
void table_reverse_parse(const struct table *t, const struct zone *zone, const struct name *name,
                         struct arpa *out) PTRD_NONNULL;

/* Index in t->classless of the first zone whose prefix ends at num or later, or the number of them.
 */
uint32_t table_classless_from(const struct table *t, u128 num) PTRD_NONNULL PTRD_PURE;

/* Is the address delegated (see above)? */
bool table_delegated(const struct table *t, const struct addr *a) PTRD_NONNULL;

/* A zone whose apex lies strictly below name exists. */
bool table_zone_below(const struct table *t, const struct name *name) PTRD_NONNULL;
/* The same of a name that belongs to zone z: at once where z has no zones below it. */
bool table_zone_below_in(const struct table *t, const struct zone *z,
                         const struct name *name) PTRD_NONNULL;

/* The most specific block that holds a, or NULL; NULL too where a is delegated. */
const struct block *table_block_for(const struct table *t, const struct addr *a) PTRD_NONNULL;

/* Some address of the range, not a delegated one, has a template in its most specific block. */
bool table_generates(const struct table *t, const struct range *range) PTRD_NONNULL;

/* The addresses whose generated name is name, at most one a family (v4 first), blocks with
 * BLOCK_FORWARD_EXTERNAL left out. Returns how many (0..2); the blocks go to blocks[]. */
unsigned table_forward(const struct table *t, const struct name *name, struct addr addrs[2],
                       const struct block *blocks[2]) PTRD_NONNULL;

/* Some generated name of a block without BLOCK_FORWARD_EXTERNAL lies strictly below name: exact. */
bool table_forward_below(const struct table *t, const struct name *name) PTRD_NONNULL;

#endif
