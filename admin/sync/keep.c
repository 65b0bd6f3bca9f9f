/* A new store that is to take the place of an old one begins with what no load replaces there, and
 * with the zones and derived names that were served: what the load then makes of them is a change
 * or none, as if it had been made in the old one. */
#include "load_p.h"

static int keep_table(struct loader *l, struct store_reader *old, enum store_table table)
{
    struct span key, value;
    int found = store_seek(old, table, (struct span){0}, &key, &value);
    while (found == PTRD_FOUND) {
        int err = store_put(l->w, table, key, value);
        if (err)
            return err;
        found = store_next(old, table, &key, &value);
    }
    return found;
}

static int keep_tables(struct loader *l, struct store_meta *meta)
{
    static const enum store_table tables[] = {
        STORE_ZONE_IDS,       STORE_LOCAL_PTRS, STORE_LOCAL_RECORDS, STORE_LOCAL_ABOVE,
        STORE_LOCAL_METADATA, STORE_TSIG,       STORE_ZONE_STATE,    STORE_KEYS,
        STORE_ZONES,          STORE_DERIVED,
    };
    struct store_reader *old = NULL;
    struct store_meta was;
    int err = store_reader_new(l->keep, &old);
    if (!err)
        err = store_read_begin(old, &was);
    for (size_t i = 0; !err && i < sizeof tables / sizeof *tables; i++)
        err = keep_table(l, old, tables[i]);
    store_reader_free(old);
    if (err)
        return err;
    meta->next_zone_id = was.next_zone_id;
    meta->next_key_id = was.next_key_id;
    return 0;
}

int keep_rows(struct loader *l, struct store_meta *meta, struct diag *diag)
{
    struct span key, value;
    if (!l->keep)
        return 0;
    int found = store_writer_seek(l->w, STORE_ZONE_IDS, (struct span){0}, &key, &value);
    if (found == PTRD_FOUND)
        return diag_set(diag, PTRD_EINVAL,
                        "the store has zones already: what another one holds can be taken along "
                        "into a new directory only");
    return found < 0 ? found : keep_tables(l, meta);
}
