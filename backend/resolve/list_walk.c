#include "list.h"

#include <stdlib.h>
#include <string.h>

/* --- one table -------------------------------------------------------------------------------- */

/* Moves to the first name at or behind the key that counts. Of a zone below it is the apex that is
 * met in the records, whichever row comes first: its NS stand there. */
static int feed_seek(struct list_walk *w, struct list_feed *f, struct span from)
{
    struct list *l = w->l;
    struct span key, value;
    uint16_t type;
    f->there = false;
    int found = store_seek(l->s->reader, f->table, from, &key, &value);
    for (; found == PTRD_FOUND && key.len >= w->root.len &&
           memcmp(key.bytes, w->root.bytes, w->root.len) == 0;
         found = store_next(l->s->reader, f->table, &key, &value)) {
        int counts = answer_row_counts(l->s->reader, f->origins, f->table, key, value);
        if (counts == PTRD_ABSENT)
            continue;
        if (counts == PTRD_FOUND)
            counts = store_read_key_rrset(key, &f->owner, &type);
        if (counts < 0)
            return counts;
        const struct zone *z = table_zone_for(l->s->table, &f->owner);
        if (f->origins == &answer_records && z && z != l->zone)
            f->owner = zone_towards(l->s->table, l->zone, z)->apex;
        f->there = true;
        return 0;
    }
    return found < 0 ? found : 0;
}

/* Behind the rows of the name where it stands; of a zone below, behind all of its rows. */
static int feed_next(struct list_walk *w, struct list_feed *f)
{
    struct name_key k;
    uint8_t behind[NAME_KEY_MAX + 1];
    name_key(&f->owner, &k);
    memcpy(behind, k.bytes, k.len);
    size_t len = k.len + 1u;
    if (f->origins == &answer_records && !list_owns(w->l, &f->owner))
        len = k.len;
    behind[len - 1] = 1; /* a label is closed by 00, the rows of a name go on with 00 */
    return feed_seek(w, f, (struct span){behind, len});
}

/* --- all of them ------------------------------------------------------------------------------ */

int list_walk_start(struct list_walk *w, const struct name *root)
{
    static const struct {
        const struct origins *origins;
        enum store_table table;
    } tables[LIST_FEEDS] = {{&answer_records, STORE_RECORDS},
                            {&answer_records, STORE_LOCAL_RECORDS},
                            {&answer_above, STORE_ABOVE},
                            {&answer_above, STORE_LOCAL_ABOVE}};
    name_key(root, &w->root);
    w->glue_count = 0;
    for (unsigned i = 0; i < LIST_FEEDS; i++) {
        w->feeds[i] = (struct list_feed){.origins = tables[i].origins, .table = tables[i].table};
        int err = feed_seek(w, &w->feeds[i], (struct span){w->root.bytes, w->root.len});
        if (err < 0)
            return err;
    }
    return 0;
}

int list_walk_next(struct list_walk *w, struct name *out)
{
    const struct name *least = w->glue_count ? &w->glue[0] : NULL;
    for (unsigned i = 0; i < LIST_FEEDS; i++)
        if (w->feeds[i].there && (!least || name_compare(&w->feeds[i].owner, least) < 0))
            least = &w->feeds[i].owner;
    if (!least)
        return PTRD_ABSENT;
    *out = *least;
    if (w->glue_count && name_equal(&w->glue[0], out))
        memmove(&w->glue[0], &w->glue[1], --w->glue_count * sizeof *w->glue);
    for (unsigned i = 0; i < LIST_FEEDS; i++) {
        struct list_feed *f = &w->feeds[i];
        int err = f->there && name_equal(&f->owner, out) ? feed_next(w, f) : 0;
        if (err < 0)
            return err;
    }
    return PTRD_FOUND;
}

int list_walk_add(struct list_walk *w, const struct name *name)
{
    uint32_t at = 0;
    if (w->glue_count == w->glue_capacity) {
        uint32_t capacity = w->glue_capacity ? w->glue_capacity * 2 : 16;
        struct name *glue = realloc(w->glue, capacity * sizeof *glue);
        if (!glue)
            return PTRD_ENOMEM;
        w->glue = glue;
        w->glue_capacity = capacity;
    }
    while (at < w->glue_count && name_compare(&w->glue[at], name) < 0)
        at++;
    if (at < w->glue_count && name_equal(&w->glue[at], name))
        return 0;
    memmove(&w->glue[at + 1], &w->glue[at], (w->glue_count - at) * sizeof *w->glue);
    w->glue[at] = *name;
    w->glue_count++;
    return 0;
}

void list_walk_done(struct list_walk *w)
{
    free(w->glue);
}
