/* The set of purges: keys of names in an array that is put in order, made shorter where one purge
 * covers others, and made coarser where it is too long. */
#include "ptrd/sync/purge.h"

#include <stdlib.h>
#include <string.h>

/* Settled when so many were added since, so that adding stays cheap. */
#define SETTLE_EVERY 4096

struct item {
    uint16_t key_len;
    uint16_t zone_len; /* the zone's key is so long a part of the name's */
    uint8_t scope;     /* enum purge_scope */
    bool zone, notify;
    uint8_t key[];
};

struct purge_set {
    struct item **items;
    uint32_t count, capacity, settled;
    bool all, rediscover, held;
};

struct purge_set *purge_set_new(void)
{
    return calloc(1, sizeof(struct purge_set));
}

static void drop_items(struct purge_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        free(set->items[i]);
    set->count = set->settled = 0;
}

void purge_set_free(struct purge_set *set)
{
    if (!set)
        return;
    drop_items(set);
    free(set->items);
    free(set);
}

void purge_clear(struct purge_set *set)
{
    drop_items(set);
    set->all = set->rediscover = set->held = false;
}

/* --- order ------------------------------------------------------------------------------------ */

static int bytes_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_name(const void *x, const void *y)
{
    const struct item *a = *(struct item *const *)x, *b = *(struct item *const *)y;
    return bytes_compare(a->key, a->key_len, b->key, b->key_len);
}

static int by_zone(const void *x, const void *y)
{
    const struct item *a = *(struct item *const *)x, *b = *(struct item *const *)y;
    int order = bytes_compare(a->key, a->zone_len, b->key, b->zone_len);
    return order ? order : by_name(x, y);
}

/* Also below what covers it. */
static bool is_kept(const struct item *item)
{
    return item->zone || item->notify;
}

static bool same_zone(const struct item *a, const struct item *b)
{
    return a->zone_len == b->zone_len && memcmp(a->key, b->key, a->zone_len) == 0;
}

static bool encloses(const struct item *above, const struct item *item)
{
    return above->key_len <= item->key_len && memcmp(above->key, item->key, above->key_len) == 0;
}

/* --- settling --------------------------------------------------------------------------------- */

/* Ordered by name: one item a name, none below one that covers it but those that are kept.
 */
static void remove_covered(struct purge_set *set)
{
    struct item *last = NULL, *cover = NULL;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct item *item = set->items[i];
        bool covered = cover && encloses(cover, item);
        if (last && by_name(&last, &item) == 0) {
            last->scope = item->scope > last->scope ? item->scope : last->scope;
            last->zone |= item->zone;
            last->notify |= item->notify;
            free(item);
        } else if (covered && !is_kept(item)) {
            free(item);
            continue;
        } else {
            set->items[kept++] = last = item;
        }
        if (!covered && last->scope == PURGE_BELOW)
            cover = last;
    }
    set->count = kept;
}

/* items[from..end) are those of one zone: they become the zone itself. Returns how many stay. */
static uint32_t become_zone(struct item **items, uint32_t count, struct item **out)
{
    uint32_t kept = 0;
    struct item *first = items[0];
    for (uint32_t i = 1; i < count; i++) {
        if (is_kept(items[i]))
            out[kept++] = items[i];
        else
            free(items[i]);
    }
    /* what is kept is the apex of its own zone: the first in order */
    first->key_len = first->zone_len;
    first->scope = PURGE_BELOW;
    out[kept++] = first;
    return kept;
}

static void collapse_zones(struct purge_set *set)
{
    uint32_t kept = 0, end;
    qsort(set->items, set->count, sizeof(struct item *), by_zone);
    for (uint32_t i = 0; i < set->count; i = end) {
        for (end = i + 1; end < set->count && same_zone(set->items[i], set->items[end]);)
            end++;
        if (end - i > PURGE_ZONE_MAX) {
            kept += become_zone(set->items + i, end - i, set->items + kept);
        } else {
            memmove(set->items + kept, set->items + i, (end - i) * sizeof(struct item *));
            kept += end - i;
        }
    }
    set->count = kept;
}

/* Only those that are kept are left. */
static void become_all(struct purge_set *set)
{
    uint32_t kept = 0;
    set->all = true;
    for (uint32_t i = 0; i < set->count; i++) {
        if (is_kept(set->items[i]) && kept < PURGE_MAX)
            set->items[kept++] = set->items[i];
        else
            free(set->items[i]);
    }
    set->count = kept;
    set->settled = 0;
}

static void sort_by_name(struct purge_set *set)
{
    if (set->count)
        qsort(set->items, set->count, sizeof(struct item *), by_name);
}

static void settle(struct purge_set *set)
{
    sort_by_name(set);
    remove_covered(set);
    if (set->count > PURGE_ZONE_MAX) {
        collapse_zones(set);
        sort_by_name(set);
        remove_covered(set);
    }
    if (set->all || set->count > PURGE_MAX)
        become_all(set);
    set->settled = set->count;
}

/* --- adding ----------------------------------------------------------------------------------- */

static bool make_room(struct purge_set *set)
{
    if (set->count - set->settled >= SETTLE_EVERY)
        settle(set);
    if (set->count < set->capacity)
        return true;
    uint32_t capacity = set->capacity ? set->capacity * 2 : 16;
    struct item **items = realloc(set->items, capacity * sizeof(struct item *));
    if (!items)
        return false;
    set->items = items;
    set->capacity = capacity;
    return true;
}

static void add_item(struct purge_set *set, const struct item *like)
{
    if (set->all && !is_kept(like))
        return;
    struct item *item = make_room(set) ? malloc(sizeof *item + like->key_len) : NULL;
    if (!item) {
        become_all(set);
        return;
    }
    memcpy(item, like, sizeof *item + like->key_len);
    set->items[set->count++] = item;
}

static void add(struct purge_set *set, const struct name *zone, const struct name *name,
                enum purge_scope scope, bool is_zone, bool notify)
{
    union {
        struct item item;
        uint8_t room[sizeof(struct item) + NAME_KEY_MAX];
    } u;
    struct name_key key, zone_key;
    name_key(name, &key);
    name_key(zone, &zone_key);
    u.item = (struct item){.key_len = key.len,
                           .zone_len = zone_key.len <= key.len ? zone_key.len : key.len,
                           .scope = (uint8_t)scope,
                           .zone = is_zone,
                           .notify = notify};
    memcpy(u.room + offsetof(struct item, key), key.bytes, key.len);
    add_item(set, &u.item);
}

void purge_add(struct purge_set *set, const struct name *zone, const struct name *name,
               enum purge_scope scope)
{
    add(set, zone, name, scope, false, false);
}

void purge_add_zone(struct purge_set *set, const struct name *apex)
{
    set->rediscover = true;
    add(set, apex, apex, PURGE_BELOW, true, false);
}

void purge_add_notify(struct purge_set *set, const struct name *apex)
{
    add(set, apex, apex, PURGE_NAME, false, true);
}

void purge_hold_notify(struct purge_set *set)
{
    set->held = true;
}

void purge_add_rediscover(struct purge_set *set)
{
    set->rediscover = true;
}

void purge_add_all(struct purge_set *set)
{
    become_all(set);
}

void purge_merge(struct purge_set *into, const struct purge_set *from)
{
    for (uint32_t i = 0; i < from->count; i++)
        add_item(into, from->items[i]);
    if (from->all)
        become_all(into);
    into->rediscover |= from->rediscover;
}

/* --- reading ---------------------------------------------------------------------------------- */

uint32_t purge_count(struct purge_set *set)
{
    if (set->settled != set->count)
        settle(set);
    return set->count;
}

bool purge_all(const struct purge_set *set)
{
    return set->all;
}

bool purge_zones(const struct purge_set *set)
{
    return set->rediscover;
}

void purge_get(const struct purge_set *set, uint32_t i, struct purge *out)
{
    const struct item *item = set->items[i];
    out->scope = item->scope;
    out->zone = item->zone;
    out->notify = item->notify && !set->held;
    (void)!name_from_key(item->key, item->key_len, &out->name); /* name_key made it */
}
