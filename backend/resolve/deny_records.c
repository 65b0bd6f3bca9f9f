/* Neighbours of a name among the explicit records and the cuts of a zone: rows of the two origins,
 * each in canonical order. Of a zone inside it some row is met, its apex NS at the latest, and the
 * look at that finds the cut; so the tables of what a zone holds of zones inside it are not needed.
 */
#include <string.h>

#include "deny_p.h"

static const enum store_table tables[] = {STORE_RECORDS, STORE_LOCAL_RECORDS};
#define TABLES (sizeof tables / sizeof *tables)

/* --- one source ------------------------------------------------------------------------------- */

/* The owner of a row; PTRD_ABSENT: of another zone. */
static int read_owner(const struct denial *d, struct span key, struct name *out)
{
    uint16_t type;
    int err = store_read_key_rrset(key, out, &type);
    if (err < 0)
        return err;
    return name_within(out, &d->zone->apex) ? PTRD_FOUND : PTRD_ABSENT;
}

static void take(struct name *out, int *found, const struct name *name, int direction)
{
    if (*found == PTRD_FOUND && name_compare(name, out) * direction <= 0)
        return;
    *out = *name;
    *found = PTRD_FOUND;
}

/* --- before ----------------------------------------------------------------------------------- */

/* The last name before `name` that any source has, be it there or not. */
static int last_before(struct denial *d, const struct name *name, struct name *out)
{
    struct name_key k;
    struct span key, value;
    struct name owner;
    int result = PTRD_ABSENT;
    name_key(name, &k);
    for (unsigned i = 0; i < TABLES; i++) {
        int found =
            store_seek_back(d->s->reader, tables[i], (struct span){k.bytes, k.len}, &key, &value);
        if (found == PTRD_FOUND)
            found = read_owner(d, key, &owner);
        if (found < 0)
            return found;
        if (found == PTRD_FOUND)
            take(out, &result, &owner, 1);
    }
    return result;
}

int deny_records_before(struct denial *d, const struct name *name, const struct name *floor,
                        struct name *out)
{
    struct name at = *name;
    for (;;) {
        int found = last_before(d, &at, &at);
        if (found != PTRD_FOUND)
            return found;
        if (name_compare(&at, floor) <= 0)
            return PTRD_ABSENT;
        int kind = deny_look(d, &at);
        if (kind < 0)
            return kind;
        if (kind == DENY_ABSENT || kind == DENY_ENT) /* rows deleted, or replaced, by local ones */
            continue;
        *out = kind == DENY_RULED ? d->a->cut : at;
        return PTRD_FOUND;
    }
}

/* --- behind ----------------------------------------------------------------------------------- */

/* The first name behind `name`, and also behind those below it unless they count. */
static int first_behind(struct denial *d, const struct name *name, bool below, struct name *out)
{
    struct name_key k;
    uint8_t from[NAME_KEY_MAX + 1];
    struct span key, value;
    struct name owner;
    int result = PTRD_ABSENT;
    /* The rows of a name go on with 00, names below it with an octet from 01 on; a label is closed
     * by 00. */
    name_key(name, &k);
    memcpy(from, k.bytes, k.len);
    size_t len = below ? k.len + 1u : k.len;
    from[len - 1] = 1;
    for (unsigned i = 0; i < TABLES; i++) {
        int found = store_seek(d->s->reader, tables[i], (struct span){from, len}, &key, &value);
        if (found == PTRD_FOUND)
            found = read_owner(d, key, &owner);
        if (found < 0)
            return found;
        if (found == PTRD_FOUND)
            take(out, &result, &owner, -1);
    }
    return result;
}

int deny_records_behind(struct denial *d, const struct name *name, bool below, struct name *out)
{
    struct name at = *name;
    if (!below && name_equal(name, &d->zone->apex))
        return PTRD_ABSENT;
    for (;;) {
        int found = first_behind(d, &at, below, &at);
        if (found != PTRD_FOUND)
            return found;
        int kind = deny_look(d, &at);
        if (kind < 0)
            return kind;
        below = true;
        if (kind == DENY_ABSENT || kind == DENY_ENT)
            continue;
        *out = kind == DENY_RULED ? d->a->cut : at;
        return PTRD_FOUND;
    }
}
