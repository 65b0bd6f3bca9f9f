#include "ptrd/resolve/deny.h"

#include <string.h>

#include "deny_p.h"
#include "ptrd/core/adjacent.h"
#include "work.h"

/* Zones inside a zone that are stepped over in search of its own derived names; where there are
 * more that have some, it is taken for one that can derive. */
#define DERIVED_STEPS_MAX 256

/* --- which zones ------------------------------------------------------------------------------ */

static int any_derived(struct snapshot *s, const struct zone *zone)
{
    struct name_key apex, behind;
    struct span key, value;
    struct name target;
    struct addr addr;
    name_key(&zone->apex, &apex);
    int found =
        store_seek(s->reader, STORE_DERIVED, (struct span){apex.bytes, apex.len}, &key, &value);
    for (unsigned steps = 0;
         found == PTRD_FOUND && key.len >= apex.len && memcmp(key.bytes, apex.bytes, apex.len) == 0;
         steps++) {
        int err = store_read_key_derived(key, &target, &addr);
        if (err < 0)
            return err;
        const struct zone *own = table_zone_for(s->table, &target);
        if (!own || own == zone || steps == DERIVED_STEPS_MAX)
            return PTRD_FOUND;
        name_key(&zone_towards(s->table, zone, own)->apex, &behind);
        behind.bytes[behind.len - 1] = 1; /* a label is closed by 00 */
        found = store_seek(s->reader, STORE_DERIVED, (struct span){behind.bytes, behind.len}, &key,
                           &value);
    }
    return found < 0 ? found : PTRD_ABSENT;
}

int deny_minimally(struct snapshot *s, const struct zone *zone)
{
    if (zone->has_block || (zone->forward_auto && !zone->reverse))
        return PTRD_FOUND;
    return any_derived(s, zone);
}

/* --- what stands at a name -------------------------------------------------------------------- */

int deny_look(struct denial *d, const struct name *name)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = d->zone->id};
    const struct answer *a = d->a;
    int err = resolve(d->s, &q, d->a);
    if (err < 0)
        return err;
    if (a->rule != PLACE_FREE)
        return DENY_RULED;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->rows[i].type == RRTYPE_DNAME)
            return DENY_DNAME;
    if (a->count == 0)
        return DENY_ABSENT;
    return a->rows[0].kind == ROW_ENT ? DENY_ENT : DENY_NAME;
}

int deny_next_closer(struct denial *d, const struct name *name, struct name *out)
{
    unsigned absent = 0, there = name_labels(name) - name_labels(&d->zone->apex);
    while (there - absent > 1) {
        unsigned middle = absent + (there - absent) / 2;
        struct name up;
        name_strip(name, middle, &up);
        int kind = deny_look(d, &up);
        if (kind < 0)
            return kind;
        if (kind == DENY_ABSENT)
            absent = middle;
        else
            there = middle;
    }
    name_strip(name, absent, out);
    return 0;
}

/* RFC 4592 2.2.1: the wildcard right below the closest encloser covers an absent name, be it an
 * empty non-terminal. */
int deny_covered(struct denial *d, const struct name *name)
{
    static const struct name star = {.len = 3, .wire = {1, '*', 0}};
    struct name encloser, wildcard;
    struct name_key key;
    int err = deny_next_closer(d, name, &encloser);
    if (err < 0)
        return err;
    name_strip(&encloser, 1, &encloser);
    err = name_concat(&star, &encloser, &wildcard);
    if (err < 0)
        return err;
    name_key(&wildcard, &key); /* computed names have no asterisk; a zone below has its NS */
    return answer_rows_below(d->s->reader, &key);
}

/* --- minimally covering records --------------------------------------------------------------- */

static void behind_all(const struct denial *d, const struct name *name, struct name *out)
{
    if (adjacent_behind(name, &d->zone->apex, out) == PTRD_ABSENT)
        *out = d->zone->apex;
}

static void behind_name(const struct denial *d, const struct name *name, struct name *out)
{
    if (adjacent_below(name, out) == PTRD_ABSENT)
        behind_all(d, name, out);
}

/* A name shortly before one without records, as the owner of a record that nobody has to have: no
 * empty non-terminal, not below a cut, and what is explicit in between is taken instead. */
static int owner_before(struct denial *d, const struct name *name, struct name *out)
{
    struct name low = *name;
    for (;;) {
        adjacent_before(&low, &low);
        int found = deny_records_before(d, name, &low, out);
        if (found != PTRD_ABSENT)
            return found < 0 ? found : 0;
        int kind = deny_look(d, &low);
        if (kind < 0)
            return kind;
        if (kind == DENY_ENT)
            continue;
        *out = kind == DENY_RULED ? d->a->cut : low;
        return 0;
    }
}

static int minimal(struct denial *d, enum deny_kind kind, const struct name *name,
                   struct name *owner, struct name *next)
{
    struct name closer;
    if (kind == DENY_ENT) {
        behind_name(d, name, next);
        return owner_before(d, name, owner);
    }
    int err = deny_next_closer(d, name, &closer);
    if (err < 0)
        return err;
    behind_all(d, &closer, next);
    return owner_before(d, &closer, owner);
}

/* --- the chain -------------------------------------------------------------------------------- */

static int chain_before(struct denial *d, const struct name *name, struct name *out)
{
    struct name ptr;
    int records = deny_records_before(d, name, &d->zone->apex, out);
    int ptrs = records < 0 ? records : deny_ptrs_before(d, name, &ptr);
    if (ptrs < 0)
        return ptrs;
    if (records == PTRD_ABSENT)
        *out = d->zone->apex;
    if (ptrs == PTRD_FOUND && name_compare(&ptr, out) > 0)
        *out = ptr;
    return 0;
}

static int chain_behind(struct denial *d, const struct name *name, bool below, struct name *out)
{
    struct name ptr;
    int records = deny_records_behind(d, name, below, out);
    int ptrs = records < 0 ? records : deny_ptrs_behind(d, name, below, &ptr);
    if (ptrs < 0)
        return ptrs;
    if (ptrs == PTRD_FOUND && (records == PTRD_ABSENT || name_compare(&ptr, out) < 0))
        *out = ptr;
    else if (records == PTRD_ABSENT)
        *out = d->zone->apex;
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

int deny_nsec(struct snapshot *s, const struct zone *zone, const struct name *name,
              struct answer *a, struct name *owner, struct name *next)
{
    struct denial d = {.s = s, .zone = zone, .a = a};
    struct name at = *name;
    if (!name_within(name, &zone->apex))
        return PTRD_EINVAL;
    int minimally = deny_minimally(s, zone);
    int kind = minimally < 0 ? minimally : deny_look(&d, name);
    if (kind < 0)
        return kind;
    if (kind == DENY_RULED)
        at = a->cut;
    if (kind == DENY_ENT || kind == DENY_ABSENT) {
        if (minimally == PTRD_FOUND)
            return minimal(&d, (enum deny_kind)kind, &at, owner, next);
        int err = chain_before(&d, &at, owner);
        return err < 0 ? err : chain_behind(&d, &at, true, next);
    }
    *owner = at;
    if (minimally == PTRD_ABSENT)
        return chain_behind(&d, &at, kind == DENY_NAME, next);
    if (kind == DENY_NAME)
        behind_name(&d, &at, next);
    else
        behind_all(&d, &at, next);
    return 0;
}
