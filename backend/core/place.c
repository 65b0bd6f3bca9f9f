/* Zones and cuts by name: one hash over both, walked from the root down. */
#include "table_p.h"

#include <stdlib.h>
#include <string.h>

#define CODE_CUT 0x80000000u

/* Open addressing; most slots that a walk passes are told by their tags alone. */
struct place_slot {
    uint32_t tag;  /* the upper half of the name's hash */
    uint32_t code; /* 0: free; of a zone its index + 1, of a cut CODE_CUT and its index */
};

static uint64_t hash_label(uint64_t hash, const uint8_t *label)
{
    if (label[0] == 1) { /* nibbles */
        hash = (hash ^ (256u | label[1])) * TABLE_HASH_PRIME;
        return hash ^ hash >> 29;
    }
    for (unsigned i = 0; i <= label[0]; i++)
        hash = (hash ^ label[i]) * TABLE_HASH_PRIME;
    return hash ^ hash >> 29;
}

static uint64_t hash_name(const struct name *name)
{
    uint8_t offsets[NAME_LABELS_MAX];
    uint64_t hash = TABLE_HASH_START;
    for (unsigned i = name_label_offsets(name, offsets); i > 0; i--)
        hash = hash_label(hash, name->wire + offsets[i - 1]);
    return hash;
}

/* --- building --------------------------------------------------------------------------------- */

static void put_code(struct table *t, const struct name *name, uint32_t code)
{
    uint64_t hash = hash_name(name);
    uint32_t at = (uint32_t)hash & t->place_hash_mask;
    t->place_depths[name_labels(name)] = true;
    while (t->place_hash[at].code)
        at = (at + 1) & t->place_hash_mask;
    t->place_hash[at] = (struct place_slot){.tag = (uint32_t)(hash >> 32), .code = code};
}

static int index_zones(struct table *t)
{
    uint32_t size = 4;
    size_t names = (size_t)t->zone_count + t->cut_count;
    if (names >= CODE_CUT / 2)
        return PTRD_ELIMIT;
    while (size < names * 2)
        size *= 2;
    t->place_hash = calloc(size, sizeof *t->place_hash);
    t->place_hash_mask = size - 1;
    if (!t->place_hash)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < t->zone_count; i++) {
        put_code(t, &t->zones[i].apex, i + 1);
        unsigned labels = name_labels(&t->zones[i].apex);
        if (labels > t->zone_labels_max)
            t->zone_labels_max = labels;
    }
    return 0;
}

struct id_order {
    uint32_t id, zone;
};

static int by_id(const void *a, const void *b)
{
    const struct id_order *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int order_ids(struct table *t)
{
    struct id_order *order = malloc((t->zone_count + 1u) * sizeof *order);
    t->zone_by_id = malloc((t->zone_count + 1u) * sizeof *t->zone_by_id);
    if (!order || !t->zone_by_id) {
        free(order);
        return PTRD_ENOMEM;
    }
    for (uint32_t i = 0; i < t->zone_count; i++)
        order[i] = (struct id_order){.id = t->zones[i].id, .zone = i};
    qsort(order, t->zone_count, sizeof *order, by_id);
    for (uint32_t i = 0; i < t->zone_count; i++)
        t->zone_by_id[i] = order[i].zone;
    free(order);
    return 0;
}

static int by_apex(const void *a, const void *b)
{
    const struct zone *x = a, *y = b;
    return name_compare(&x->apex, &y->apex);
}

static bool zones_in_order(const struct table *t)
{
    for (uint32_t i = 1; i < t->zone_count; i++)
        if (by_apex(&t->zones[i - 1], &t->zones[i]) > 0)
            return false;
    return true;
}

static void set_parent(const struct table *t, struct zone *z)
{
    struct name above;
    if (z->apex.len == 1)
        return;
    name_strip(&z->apex, 1, &above);
    const struct zone *parent = table_zone_for(t, &above);
    z->parent = parent ? (uint32_t)(parent - t->zones) : TABLE_NONE;
}

int zones_finish(struct table *t, uint32_t conflict[2], struct diag *diag)
{
    if (!zones_in_order(t)) /* a store gives them in order */
        qsort(t->zones, t->zone_count, sizeof *t->zones, by_apex);
    for (uint32_t i = 1; i < t->zone_count; i++) {
        if (!name_equal(&t->zones[i - 1].apex, &t->zones[i].apex))
            continue;
        char text[NAME_TEXT_SIZE];
        name_print(&t->zones[i].apex, text);
        conflict[0] = t->zones[i - 1].ref;
        conflict[1] = t->zones[i].ref;
        return diag_set(diag, PTRD_ECONFLICT, "zone %s is there twice", text);
    }
    int err = index_zones(t);
    if (err == 0)
        err = order_ids(t);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    for (uint32_t i = 0; i < t->zone_count; i++)
        set_parent(t, &t->zones[i]);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct cut *x = a, *y = b;
    return name_compare(&x->name, &y->name);
}

static bool cuts_in_order(const struct table *t)
{
    for (uint32_t i = 1; i < t->cut_count; i++)
        if (by_name(&t->cuts[i - 1], &t->cuts[i]) > 0)
            return false;
    return true;
}

static void unite_flags(struct table *t)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < t->cut_count; i++) {
        if (kept && name_equal(&t->cuts[kept - 1].name, &t->cuts[i].name))
            t->cuts[kept - 1].flags |= t->cuts[i].flags;
        else
            t->cuts[kept++] = t->cuts[i];
    }
    t->cut_count = kept;
}

/* Those that are in a zone, and no NS RRset of its apex. */
static void keep_cuts(struct table *t)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < t->cut_count; i++) {
        struct cut c = t->cuts[i];
        const struct zone *z = table_zone_for(t, &c.name);
        if (!z)
            continue;
        if (z->apex.len == c.name.len)
            c.flags &= (uint8_t)~CUT_NS;
        c.zone = (uint32_t)(z - t->zones);
        if (c.flags)
            t->cuts[kept++] = c;
    }
    t->cut_count = kept;
}

int cuts_finish(struct table *t)
{
    if (!cuts_in_order(t))
        qsort(t->cuts, t->cut_count, sizeof *t->cuts, by_name);
    unite_flags(t);
    keep_cuts(t);
    for (uint32_t i = 0; i < t->cut_count; i++) {
        const struct cut *c = &t->cuts[i];
        struct zone *z = &t->zones[c->zone];
        unsigned labels = name_labels(&c->name);
        z->has_cuts = true;
        if (labels > z->cut_labels_max)
            z->cut_labels_max = (uint8_t)labels;
        if (c->name.len == z->apex.len)
            z->apex_dname = i; /* the name is in the index already */
        else
            put_code(t, &c->name, CODE_CUT | i);
    }
    return 0;
}

/* --- asking ----------------------------------------------------------------------------------- */

static inline uint32_t find_code(const struct table *t, uint64_t hash, const uint8_t *wire,
                                 unsigned len)
{
    uint32_t at = (uint32_t)hash & t->place_hash_mask, tag = (uint32_t)(hash >> 32);
    for (; t->place_hash[at].code; at = (at + 1) & t->place_hash_mask) {
        uint32_t code = t->place_hash[at].code;
        if (t->place_hash[at].tag != tag)
            continue;
        const struct name *n =
            code & CODE_CUT ? &t->cuts[code & ~CODE_CUT].name : &t->zones[code - 1].apex;
        if (n->len == len && memcmp(n->wire, wire, len) == 0)
            return code;
    }
    return 0;
}

/* The walk came to the cut; `at`: it is the name itself. */
static inline void come_to_cut(struct place *p, const struct cut *c, bool at)
{
    if (c->flags & CUT_NS)
        *p = (struct place){p->zone, c, at ? PLACE_AT_CUT : PLACE_BELOW_CUT, false};
    else if (at)
        p->owns_dname = true;
    else
        *p = (struct place){p->zone, c, PLACE_BELOW_DNAME, false};
}

/* cuts: a constant, whether they matter. */
static inline struct place walk(const struct table *t, const struct name *name, bool cuts)
{
    uint8_t offsets[NAME_LABELS_MAX];
    unsigned labels = name_label_offsets(name, offsets), depth = 0, last = t->zone_labels_max;
    struct place p = {NULL, NULL, PLACE_FREE, false};
    uint64_t hash = TABLE_HASH_START;

    for (;;) {
        unsigned from = depth ? offsets[labels - depth] : name->len - 1u; /* depth 0: the root */
        uint32_t code =
            t->place_depths[depth] ? find_code(t, hash, name->wire + from, name->len - from) : 0;
        if (code && !(code & CODE_CUT)) {
            p = (struct place){&t->zones[code - 1], NULL, PLACE_FREE, false};
            if (cuts && p.zone->has_cuts) {
                if (p.zone->cut_labels_max > last)
                    last = p.zone->cut_labels_max;
                if (p.zone->apex_dname != TABLE_NONE)
                    come_to_cut(&p, &t->cuts[p.zone->apex_dname], depth == labels);
            }
        } else if (cuts && code && !p.cut) {
            come_to_cut(&p, &t->cuts[code & ~CODE_CUT], depth == labels);
        }
        if (depth == labels || depth >= last)
            return p;
        depth++;
        hash = hash_label(hash, name->wire + offsets[labels - depth]);
    }
}

const struct zone *table_zone_for(const struct table *t, const struct name *name)
{
    return walk(t, name, false).zone;
}

struct place table_place(const struct table *t, const struct name *name)
{
    return walk(t, name, true);
}

const struct zone *table_zone_by_id(const struct table *t, uint32_t id)
{
    uint32_t low = 0, high = t->zone_count;
    /* ids count from 1 and few were given up: at most id - 1 stand before */
    if (id <= high)
        high = id;
    if (high && t->zones[t->zone_by_id[high - 1]].id == id)
        return &t->zones[t->zone_by_id[high - 1]];
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct zone *z = &t->zones[t->zone_by_id[mid]];
        if (z->id == id)
            return z;
        if (z->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* Among the zones from low on, in canonical order: the names below a name follow it at once. high:
 * that zone lies behind the name, or is the end. */
static bool zone_below(const struct table *t, uint32_t low, uint32_t high, const struct name *name)
{
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (name_compare(&t->zones[mid].apex, name) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < t->zone_count && name_within(&t->zones[low].apex, name);
}

bool table_zone_below(const struct table *t, const struct name *name)
{
    return zone_below(t, 0, t->zone_count, name);
}

bool table_zone_below_in(const struct table *t, const struct zone *z, const struct name *name)
{
    uint32_t self = (uint32_t)(z - t->zones), low = self + 1, high = low;
    if (low == t->zone_count || t->zones[low].parent != self)
        return false;
    /* Few zones have many below them. */
    for (uint32_t step = 1; high < t->zone_count; step *= 2) {
        if (name_compare(&t->zones[high].apex, name) > 0)
            return zone_below(t, low, high, name);
        low = high + 1;
        high = t->zone_count - high > step ? high + step : t->zone_count;
    }
    return zone_below(t, low, t->zone_count, name);
}
