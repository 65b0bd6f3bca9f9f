/* Explicit PTRs by address, and derived names. */
#include "list.h"

#include <string.h>

/* --- explicit PTRs ---------------------------------------------------------------------------- */

bool list_range(const struct list *l, struct range *out)
{
    struct arpa arpa;
    if (!l->zone->reverse)
        return false;
    table_reverse_parse(l->s->table, l->zone, &l->zone->apex, &arpa);
    if (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL)
        return false;
    *out = range_of_prefix(&arpa.prefix);
    return true;
}

int list_next_ptr(const struct list *l, const struct range *range, u128 at, struct addr *out)
{
    static const enum store_table tables[] = {STORE_PTRS, STORE_LOCAL_PTRS};
    struct addr_key from = addr_key(range->family, at);
    int result = PTRD_ABSENT;
    for (unsigned i = 0; i < 2; i++) {
        struct span key, value;
        struct addr addr;
        int found =
            store_seek(l->s->reader, tables[i], (struct span){from.bytes, from.len}, &key, &value);
        if (found == PTRD_ABSENT)
            continue;
        int err = found < 0 ? found : store_read_key_addr(key, &addr);
        if (err < 0)
            return err;
        if (!range_contains(range, &addr) || (result == PTRD_FOUND && addr.num >= out->num))
            continue;
        *out = addr;
        result = PTRD_FOUND;
    }
    return result;
}

/* The last address from this one on that has the same home, which is not the list's zone. */
static u128 last_at_home(const struct list *l, const struct addr *addr, const struct zone *home)
{
    struct arpa arpa;
    table_reverse_parse(l->s->table, home, &home->apex, &arpa);
    if (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL)
        return addr->num;
    struct range range = range_of_prefix(&arpa.prefix);
    return range_contains(&range, addr) ? range.last : addr->num;
}

static int emit_address(struct list *l, const struct addr *addr)
{
    struct store_ptr ptr;
    struct name owner;
    bool local;
    int found = answer_ptr(l->s->reader, addr, &ptr, &local);
    if (found != PTRD_FOUND)
        return found;
    table_reverse_name(l->s->table, addr, &owner);
    return list_emit_below(l, &owner);
}

int list_ptrs(struct list *l)
{
    struct range range;
    struct addr addr;
    if (!list_range(l, &range))
        return 0;
    u128 at = range.first;
    for (;;) {
        int found = list_next_ptr(l, &range, at, &addr);
        if (found != PTRD_FOUND)
            return found;
        const struct zone *home = table_home(l->s->table, &addr);
        int err = home == l->zone ? emit_address(l, &addr) : 0;
        if (err != 0)
            return err;
        u128 last = home && home != l->zone ? last_at_home(l, &addr, home) : addr.num;
        if (last >= range.last)
            return 0;
        at = last + 1;
    }
}

int list_seen_in_ptrs(struct list *l, const struct name *name)
{
    int found = list_seen_in_records(l, name);
    if (found != PTRD_ABSENT || !l->zone->reverse)
        return found;
    struct question q = {.name = *name};
    struct work w = {.s = l->s, .q = &q, .a = l->a};
    l->a->zone = l->zone;
    work_read_arpa(&w);
    return w.arpa.kind == ARPA_PARTIAL || w.arpa.kind == ARPA_FULL ? work_ptrs_below(&w, false)
                                                                   : PTRD_ABSENT;
}

/* --- derived names ---------------------------------------------------------------------------- */

/* The first target at or below the name whose key is root, from `from` on. */
static int next_target(const struct list *l, const struct name_key *root, struct span from,
                       struct name *out)
{
    struct span key, value;
    struct addr addr;
    int found = store_seek(l->s->reader, STORE_DERIVED, from, &key, &value);
    if (found != PTRD_FOUND)
        return found;
    if (key.len < root->len || memcmp(key.bytes, root->bytes, root->len) != 0)
        return PTRD_ABSENT;
    int err = store_read_key_derived(key, out, &addr);
    return err < 0 ? err : PTRD_FOUND;
}

/* The same behind all addresses of this target: its key and an octet above any family. */
static int target_after(const struct list *l, const struct name_key *root, struct name *target)
{
    struct name_key k;
    uint8_t behind[NAME_KEY_MAX + 1];
    name_key(target, &k);
    memcpy(behind, k.bytes, k.len);
    behind[k.len] = FAMILY_IPV6 + 1;
    return next_target(l, root, (struct span){behind, k.len + 1u}, target);
}

int list_derived(struct list *l)
{
    struct name_key apex;
    struct name target;
    name_key(&l->zone->apex, &apex);
    int found = next_target(l, &apex, (struct span){apex.bytes, apex.len}, &target);
    for (; found == PTRD_FOUND; found = target_after(l, &apex, &target)) {
        int err = list_owns(l, &target) && !name_equal(&target, &l->zone->apex)
                      ? list_emit_below(l, &target)
                      : 0;
        if (err != 0)
            return err;
    }
    return found;
}

/* Nothing is derived at a generated name. */
int list_seen_in_derived(struct list *l, const struct name *name)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    struct name_key root;
    struct name target;
    int found = list_seen_in_ptrs(l, name);
    if (found != PTRD_ABSENT)
        return found;
    name_key(name, &root);
    found = next_target(l, &root, (struct span){root.bytes, root.len}, &target);
    for (; found == PTRD_FOUND; found = target_after(l, &root, &target))
        if (list_owns(l, &target) &&
            (l->zone->reverse || table_forward(l->s->table, &target, addrs, blocks) == 0))
            return PTRD_FOUND;
    return found;
}
