/* Which owners show another name: a sorted array of (target, owner). Rows that went leave their
 * pairs behind; a purge too many is no harm. */
#include "ptrd/core/rrtype.h"
#include "ptrd/rdata/rdata.h"
#include "ptrd/sync/purge.h"

#include <stdlib.h>
#include <string.h>

/* PowerDNS follows so many CNAMEs. */
#define CHAIN_MAX 10

struct alias {
    uint16_t type, target_len, owner_len;
    uint8_t keys[]; /* of the target, then of the owner */
};

struct purge_aliases {
    struct alias **items;
    uint32_t count, capacity, sorted; /* the first so many are in order */
};

void purge_aliases_free(struct purge_aliases *a)
{
    if (!a)
        return;
    for (uint32_t i = 0; i < a->count; i++)
        free(a->items[i]);
    free(a->items);
    free(a);
}

/* --- filling ---------------------------------------------------------------------------------- */

static int add(struct purge_aliases *a, uint16_t type, const struct name *target,
               const struct name *owner)
{
    struct name_key to, from;
    if (a->count == a->capacity) {
        uint32_t capacity = a->capacity ? a->capacity * 2 : 64;
        struct alias **items = realloc(a->items, capacity * sizeof(struct alias *));
        if (!items)
            return PTRD_ENOMEM;
        a->items = items;
        a->capacity = capacity;
    }
    name_key(target, &to);
    name_key(owner, &from);
    struct alias *alias = malloc(sizeof *alias + to.len + from.len);
    if (!alias)
        return PTRD_ENOMEM;
    *alias = (struct alias){.type = type, .target_len = to.len, .owner_len = from.len};
    memcpy(alias->keys, to.bytes, to.len);
    memcpy(alias->keys + to.len, from.bytes, from.len);
    a->items[a->count++] = alias;
    return 0;
}

int purge_aliases_row(struct purge_aliases *a, enum store_table table, struct span key,
                      struct span value)
{
    struct store_rrset set;
    struct name owner, target;
    struct span text;
    uint16_t type;
    size_t at = 0;
    if ((table != STORE_RECORDS && table != STORE_LOCAL_RECORDS) || !value.bytes)
        return 0;
    int err = store_read_key_rrset(key, &owner, &type);
    if (!err)
        err = store_read_rrset(value, &set);
    while (!err && store_next_content(set.contents, &at, &text) == PTRD_FOUND) {
        int found = rdata_target(type, (const char *)text.bytes, text.len, &target);
        if (found == PTRD_ABSENT)
            return 0;
        err = found < 0 ? found : add(a, type, &target, &owner);
    }
    return err;
}

static int read_table(struct purge_aliases *a, struct store_reader *r, enum store_table table)
{
    struct span key, value;
    int found = store_seek(r, table, (struct span){NULL, 0}, &key, &value);
    while (found == PTRD_FOUND) {
        int err = purge_aliases_row(a, table, key, value);
        if (err < 0)
            return err;
        found = store_next(r, table, &key, &value);
    }
    return found;
}

int purge_aliases_read(struct store_reader *r, struct purge_aliases **out)
{
    struct purge_aliases *a = calloc(1, sizeof *a);
    int err = a ? read_table(a, r, STORE_RECORDS) : PTRD_ENOMEM;
    if (!err)
        err = read_table(a, r, STORE_LOCAL_RECORDS);
    if (err < 0)
        purge_aliases_free(a);
    else
        *out = a;
    return err;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_target(const void *x, const void *y)
{
    const struct alias *a = *(struct alias *const *)x, *b = *(struct alias *const *)y;
    int order = compare(a->keys, a->target_len, b->keys, b->target_len);
    return order ? order
                 : compare(a->keys + a->target_len, a->owner_len, b->keys + b->target_len,
                           b->owner_len);
}

static void sort(struct purge_aliases *a)
{
    uint32_t kept = 0;
    if (a->sorted == a->count)
        return;
    qsort(a->items, a->count, sizeof(struct alias *), by_target);
    for (uint32_t i = 0; i < a->count; i++) {
        if (kept && by_target(&a->items[kept - 1], &a->items[i]) == 0 &&
            a->items[kept - 1]->type == a->items[i]->type)
            free(a->items[i]);
        else
            a->items[kept++] = a->items[i];
    }
    a->count = a->sorted = kept;
}

/* Index of the first whose target is not before the key. */
static uint32_t first_from(const struct purge_aliases *a, const struct name_key *key)
{
    uint32_t low = 0, high = a->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct alias *m = a->items[middle];
        if (compare(m->keys, m->target_len, key->bytes, key->len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What shows the target there: a referral everything below its cut, a wildcard what it governs. */
static void add_owner(const struct alias *alias, const struct table *t, struct purge_set *out)
{
    struct name owner;
    if (name_from_key(alias->keys + alias->target_len, alias->owner_len, &owner) < 0)
        return; /* name_key made it */
    const struct zone *z = table_zone_for(t, &owner);
    if (!z)
        return;
    bool cut = alias->type == RRTYPE_NS && !name_equal(&owner, &z->apex);
    if (name_is_wildcard(&owner))
        name_strip(&owner, 1, &owner);
    else if (!cut && alias->type != RRTYPE_DNAME) {
        purge_add(out, &z->apex, &owner, PURGE_NAME);
        return;
    }
    purge_add(out, &z->apex, &owner, PURGE_BELOW);
}

static void add_owners_of(const struct purge_aliases *a, const struct purge *p, bool chains_only,
                          const struct table *t, struct purge_set *out)
{
    struct name_key key;
    name_key(&p->name, &key);
    for (uint32_t i = first_from(a, &key); i < a->count; i++) {
        const struct alias *alias = a->items[i];
        bool meant = p->scope == PURGE_BELOW
                         ? alias->target_len >= key.len && !memcmp(alias->keys, key.bytes, key.len)
                         : !compare(alias->keys, alias->target_len, key.bytes, key.len);
        if (!meant)
            return;
        if (!chains_only || alias->type == RRTYPE_CNAME)
            add_owner(alias, t, out);
    }
}

int purge_aliases_add(struct purge_aliases *a, const struct table *t, struct purge_set *set)
{
    struct purge p;
    struct purge_set *more = purge_set_new();
    if (!more)
        return PTRD_ENOMEM;
    sort(a);
    uint32_t before = 0, count = purge_count(set);
    for (unsigned round = 0; round < CHAIN_MAX && count != before && !purge_all(set); round++) {
        before = count;
        for (uint32_t i = 0; i < count; i++) {
            purge_get(set, i, &p);
            if (p.scope != PURGE_SERIAL)
                add_owners_of(a, &p, round > 0, t, more);
        }
        purge_merge(set, more);
        purge_clear(more);
        count = purge_count(set);
    }
    purge_set_free(more);
    return 0;
}
