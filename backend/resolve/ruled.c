/* Names at or below a cut, or below a DNAME: what a zone shows there. */
#include "work.h"

#include <string.h>

/* --- from above ------------------------------------------------------------------------------- */

const struct zone *zone_towards(const struct table *t, const struct zone *above,
                                const struct zone *z)
{
    while (z->parent != TABLE_NONE && &t->zones[z->parent] != above)
        z = &t->zones[z->parent];
    return z;
}

static bool is_dname(const struct table *t, const struct name *name)
{
    uint32_t low = 0, high = t->cut_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = name_compare(&t->cuts[middle].name, name);
        if (order == 0)
            return t->cuts[middle].flags & CUT_DNAME;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* What rules the apex of a zone directly below: only the name above it can be asked for in the
 * table, and what rules that one or stands there rules the apex too. */
static bool ruled_between(const struct table *t, const struct zone *child, struct answer *a)
{
    struct name up;
    name_strip(&child->apex, 1, &up);
    struct place p = table_place(t, &up);
    if (p.rule == PLACE_FREE && !is_dname(t, &up))
        return false;
    bool dname = p.rule == PLACE_FREE || p.rule == PLACE_BELOW_DNAME;
    a->rule = dname ? PLACE_BELOW_DNAME : PLACE_BELOW_CUT;
    a->cut = p.rule == PLACE_FREE ? up : p.cut->name;
    return true;
}

void ruled_from_above(struct work *w, const struct zone *asked, const struct zone *own)
{
    const struct table *t = w->s->table;
    const struct zone *child = zone_towards(t, asked, own);
    w->a->zone = asked;
    if (asked->has_cuts && ruled_between(t, child, w->a))
        return;
    w->a->rule = name_equal(&child->apex, &w->q->name) ? PLACE_AT_CUT : PLACE_BELOW_CUT;
    w->a->cut = child->apex;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int add_rrset(struct work *w, const struct store_rrset *set, bool local)
{
    bool auth = w->a->rule == PLACE_AT_CUT && set->type == RRTYPE_DS;
    w->exists = true;
    if (!work_wants(w, set->type))
        return 0;
    return work_add_contents(
        w, set, (struct row){.source = ANSWER_DELEGATED, .auth = auth, .local = local});
}

static int see_rrset(void *ctx, const struct store_rrset *set, bool local)
{
    return add_rrset(ctx, set, local);
}

/* One RRset, of the first of the two pairs of tables that has it. */
static int find_rrset(const struct work *w, const struct name_key *name, uint16_t type, bool above,
                      bool records, struct store_rrset *set, bool *local)
{
    int found = PTRD_ABSENT;
    if (above)
        found = answer_rrset(w->s->reader, &answer_above, name, type, set, local);
    if (found == PTRD_ABSENT && records)
        found = answer_rrset(w->s->reader, &answer_records, name, type, set, local);
    return found;
}

static int see_type(struct work *w, uint16_t type, bool records)
{
    struct store_rrset set;
    bool local;
    if (!work_wants(w, type))
        return 0;
    int found = find_rrset(w, &w->key, type, true, records, &set, &local);
    return found == PTRD_FOUND ? add_rrset(w, &set, local) : found;
}

/* DS at the apex of a zone directly below: an explicit set, or what the zone's keys give with the
 * TTL of its NS records. */
static int see_ds(struct work *w, const struct zone *child, bool records)
{
    struct store_rrset set;
    bool local;
    if (!work_wants(w, RRTYPE_DS))
        return 0;
    int found = find_rrset(w, &w->key, RRTYPE_DS, true, records, &set, &local);
    if (found != PTRD_ABSENT)
        return found < 0 ? found : add_rrset(w, &set, local);
    found = records ? find_rrset(w, &w->key, RRTYPE_NS, true, true, &set, &local) : PTRD_ABSENT;
    if (found == PTRD_FOUND)
        found = resolve_key_ds(w->s, child, set.ttl_s, w->a);
    return found < 0 ? found : 0;
}

/* --- glue ------------------------------------------------------------------------------------- */

/* Is the name that is asked for a name server of the cut? */
static int is_target(const struct work *w)
{
    struct name_key cut;
    struct store_rrset set;
    struct span text;
    struct name target;
    bool local;
    size_t at = 0;
    bool made = table_zone_for(w->s->table, &w->a->cut) != w->a->zone;
    name_key(&w->a->cut, &cut);
    int found = find_rrset(w, &cut, RRTYPE_NS, made, true, &set, &local);
    if (found != PTRD_FOUND)
        return found;
    while (store_next_content(set.contents, &at, &text) == PTRD_FOUND) {
        if (name_parse((const char *)text.bytes, text.len, &target, NULL) < 0)
            return PTRD_ECORRUPT;
        if (name_equal(&target, &w->q->name))
            return PTRD_FOUND;
    }
    return PTRD_ABSENT;
}

/* The addresses of one family that the name has in its own zone, as glue. */
static int see_child(struct work *w, uint16_t type)
{
    struct answer *a = w->a;
    const struct zone *zone = a->zone;
    enum place_rule rule = a->rule;
    struct name cut = a->cut;
    struct question q = {.name = w->q->name, .type = type};
    struct work own = {.s = w->s, .q = &q, .a = a};
    uint32_t i = a->count;
    int err = work_answer_own(&own);
    for (; i < a->count; i++) {
        a->rows[i].auth = false;
        a->rows[i].source = ANSWER_DELEGATED;
    }
    a->zone = zone;
    a->rule = rule;
    a->cut = cut;
    return err;
}

static int see_glue(struct work *w, uint16_t type, bool shown, bool target)
{
    struct store_rrset set;
    bool local;
    if (!work_wants(w, type))
        return 0;
    int found = find_rrset(w, &w->key, type, true, false, &set, &local);
    if (found == PTRD_FOUND)
        return shown || target ? add_rrset(w, &set, local) : 0;
    return found == PTRD_ABSENT && target ? see_child(w, type) : found;
}

/* A name of a zone below: NS and DS where it is the cut between the two, and glue. */
static int see_from_above(struct work *w, const struct zone *own)
{
    bool held_here = &w->s->table->zones[own->parent] == w->a->zone;
    int err = 0;
    if (held_here && name_equal(&own->apex, &w->q->name)) {
        bool made = w->a->rule == PLACE_AT_CUT;
        err = see_type(w, RRTYPE_NS, made);
        if (err == 0)
            err = see_ds(w, own, made);
    }
    if (err == 0 && (work_wants(w, RRTYPE_A) || work_wants(w, RRTYPE_AAAA))) {
        int target = is_target(w);
        err = target < 0 ? target : see_glue(w, RRTYPE_A, held_here, target == PTRD_FOUND);
        if (err == 0)
            err = see_glue(w, RRTYPE_AAAA, held_here, target == PTRD_FOUND);
    }
    return err;
}

/* --- names of the zone itself ----------------------------------------------------------------- */

/* Behind all keys that begin with a name's: a label is closed by 00. */
static int seek_behind(struct store_reader *r, enum store_table table, const struct name *name,
                       struct span *key, struct span *value)
{
    struct name_key k;
    name_key(name, &k);
    k.bytes[k.len - 1] = 1;
    return store_seek(r, table, (struct span){k.bytes, k.len}, key, value);
}

static int row_below(struct snapshot *s, enum store_table table, const struct zone *zone,
                     const struct name_key *name)
{
    struct span key = {.bytes = name->bytes, .len = name->len}, value;
    int found = store_seek(s->reader, table, key, &key, &value);
    while (found == PTRD_FOUND && key.len >= name->len &&
           memcmp(key.bytes, name->bytes, name->len) == 0) {
        struct name owner;
        uint16_t type;
        int err = store_read_key_rrset(key, &owner, &type);
        if (err < 0)
            return err;
        const struct zone *own = table_zone_for(s->table, &owner);
        if (own && own != zone) {
            const struct zone *child = zone_towards(s->table, zone, own);
            found = seek_behind(s->reader, table, &child->apex, &key, &value);
            continue;
        }
        int counts = answer_row_counts(s->reader, &answer_records, table, key, value);
        if (counts != PTRD_ABSENT)
            return counts;
        found = store_next(s->reader, table, &key, &value);
    }
    return found < 0 ? found : PTRD_ABSENT;
}

int ruled_records_below(struct snapshot *s, const struct zone *zone, const struct name *name)
{
    struct name_key key;
    name_key(name, &key);
    int found = row_below(s, STORE_RECORDS, zone, &key);
    return found == PTRD_ABSENT ? row_below(s, STORE_LOCAL_RECORDS, zone, &key) : found;
}

/* Below a cut a name is an empty non-terminal only of what is explicit. */
static int see_ent(struct work *w)
{
    int found = ruled_records_below(w->s, w->a->zone, &w->q->name);
    if (found == PTRD_ABSENT && w->arpa.kind == ARPA_PARTIAL)
        found = work_ptrs_below(w, false);
    if (found != PTRD_FOUND)
        return found;
    return work_add(w,
                    &(struct row){.kind = ROW_ENT, .source = ANSWER_DELEGATED, .type = RRTYPE_ENT});
}

/* No load leaves an explicit PTR here, but a cut may come after it. */
static int see_address(struct work *w)
{
    struct addr addr = {.num = w->arpa.prefix.num, .family = w->arpa.prefix.family};
    struct store_ptr ptr;
    bool local;
    int found = answer_ptr(w->s->reader, &addr, &ptr, &local);
    if (found != PTRD_FOUND)
        return found;
    w->exists = true;
    return work_add_names(w, &ptr, (struct row){.source = ANSWER_DELEGATED, .local = local});
}

static int see_own(struct work *w)
{
    work_read_arpa(w);
    int err = answer_each_rrset(w->s->reader, &answer_records, &w->key, see_rrset, w);
    if (err == 0 && w->arpa.kind == ARPA_FULL && work_wants(w, RRTYPE_PTR))
        err = see_address(w);
    if (err == 0 && !w->exists && w->q->type == RRTYPE_ANY)
        err = see_ent(w);
    return err;
}

int ruled_answer(struct work *w)
{
    const struct zone *own = table_zone_for(w->s->table, &w->q->name);
    int err = 0;
    name_key(&w->q->name, &w->key);
    if (w->a->rule != PLACE_BELOW_DNAME)
        err = own == w->a->zone ? see_own(w) : see_from_above(w, own);
    w->a->source = ANSWER_DELEGATED;
    return err;
}
