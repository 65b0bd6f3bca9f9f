/* Derived forward names: collected in address order, needed in the order of names. */
#include "load_p.h"
#include "ptrd/resolve/resolve.h"

#include <stdlib.h>
#include <string.h>

#define VALUE 9 /* ttl, zone, flags */

int octets_append(struct store_buf *heap, const uint8_t *bytes, size_t len)
{
    if (len > heap->capacity - heap->len) {
        size_t capacity = heap->capacity + heap->capacity / 2 + 65536;
        uint8_t *grown = capacity < heap->capacity ? NULL : realloc(heap->bytes, capacity);
        if (!grown)
            return PTRD_ENOMEM;
        heap->bytes = grown;
        heap->capacity = capacity;
    }
    memcpy(heap->bytes + heap->len, bytes, len);
    heap->len += len;
    return 0;
}

static int derived_put(struct loader *l, const struct name *target, const struct addr *addr,
                       uint32_t ttl_s, uint32_t zone, uint8_t flags)
{
    uint8_t value[VALUE];
    memcpy(value, &ttl_s, 4);
    memcpy(value + 4, &zone, 4);
    value[8] = flags;
    int err = store_key_derived(target, addr, &l->derived_key);
    if (!err && !l->derived)
        err = sorter_new(model_spill_dir(l->m), model_spill_memory(l->m), &l->derived);
    return err ? err
               : sorter_put(l->derived, span_of(&l->derived_key), (struct span){value, VALUE});
}

int derived_add(struct loader *l, const struct addr *addr, const struct store_ptr *row,
                uint8_t flags)
{
    enum ptr_forward forward = (enum ptr_forward)row->forward;
    struct span wire;
    size_t at = 0;
    int err = 0;
    if (forward != FORWARD_AUTO && forward != FORWARD_UNSAID)
        return 0;
    while (!err && store_next_name(row->names, &at, &wire) == PTRD_FOUND) {
        struct name target;
        target.len = (uint8_t)wire.len;
        memcpy(target.wire, wire.bytes, wire.len);
        const struct zone *z = resolve_derives(l->t, forward, &target);
        if (z)
            err = derived_put(l, &target, addr, row->ttl_s, zone_index(l->t, z), flags);
    }
    return err;
}

int derived_get(struct loader *l, struct derived_row *row)
{
    struct span value;
    if (!l->derived)
        return PTRD_ABSENT;
    int found = sorter_next(l->derived, &row->key, &value);
    if (found != PTRD_FOUND)
        return found;
    memcpy(&row->ttl_s, value.bytes, 4);
    memcpy(&row->zone, value.bytes + 4, 4);
    row->flags = value.bytes[8];
    return PTRD_FOUND;
}
