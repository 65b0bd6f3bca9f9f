#include "ptrd/powerdns/powerdns.h"

int powerdns_keys(struct snapshot *s, const struct zone *zone, powerdns_key_fn *take, void *ctx)
{
    struct store_buf from = {0};
    struct store_key row;
    struct span key, value;
    uint32_t zone_id, id;
    int rc = store_key_zone_id(zone->id, &from);
    if (rc == 0)
        rc = store_seek(s->reader, STORE_KEYS, (struct span){from.bytes, from.len}, &key, &value);
    store_buf_done(&from);
    while (rc == PTRD_FOUND) {
        rc = store_read_key_key(key, &zone_id, &id);
        if (rc < 0 || zone_id != zone->id)
            break;
        rc = store_read_key(value, &row);
        if (rc < 0)
            break;
        take(ctx, id, &row);
        rc = store_next(s->reader, STORE_KEYS, &key, &value);
    }
    return rc < 0 ? rc : 0;
}
