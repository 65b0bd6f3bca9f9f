/* Derived forward names: collected in address order, needed in the order of names. Keys share long
 * prefixes (com 00 example 00), so they are sorted octet by octet (multikey quicksort: Bentley and
 * Sedgewick 1997), which never compares a shared prefix twice. */
#include "load_p.h"
#include "ptrd/resolve/resolve.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 11 /* octets before the key */
#define SMALL 12

static int order_reserve(struct derived *d)
{
    if (d->count < d->capacity)
        return 0;
    size_t capacity = d->capacity ? d->capacity * 2 : 1024;
    size_t *order =
        capacity > SIZE_MAX / sizeof *order ? NULL : realloc(d->order, capacity * sizeof *order);
    if (!order)
        return PTRD_ENOMEM;
    d->order = order;
    d->capacity = capacity;
    return 0;
}

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

static int derived_put(struct derived *d, const struct name *target, const struct addr *addr,
                       uint32_t ttl_s, uint32_t zone, uint8_t flags)
{
    struct store_buf key = {0};
    int err = store_key_derived(target, addr, &key);
    uint16_t len = (uint16_t)key.len;
    uint8_t head[HEAD];
    memcpy(head, &ttl_s, 4);
    memcpy(head + 4, &zone, 4);
    memcpy(head + 8, &len, 2);
    head[10] = flags;
    if (!err)
        err = order_reserve(d);
    size_t at = d->heap.len;
    if (!err)
        err = octets_append(&d->heap, head, HEAD);
    if (!err)
        err = octets_append(&d->heap, key.bytes, key.len);
    if (!err)
        d->order[d->count++] = at;
    store_buf_done(&key);
    return err;
}

int derived_add(struct derived *d, const struct table *t, const struct addr *addr,
                const struct store_ptr *row, uint8_t flags)
{
    enum ptr_forward forward = (enum ptr_forward)row->forward;
    struct span wire;
    size_t at = 0;
    int err = 0;
    if (forward != FORWARD_AUTO && forward != FORWARD_UNSAID)
        return 0;
    while (!err && store_next_name(row->names, &at, &wire) == PTRD_FOUND) {
        struct name target;
        err = name_from_wire(wire.bytes, wire.len, &target);
        if (!err && resolve_derives(t, forward, &target))
            err = derived_put(d, &target, addr, row->ttl_s,
                              zone_index(t, table_zone_for(t, &target)), flags);
    }
    return err;
}

struct derived_row derived_get(const struct derived *d, size_t i)
{
    const uint8_t *at = d->heap.bytes + d->order[i];
    struct derived_row row;
    uint16_t len;
    memcpy(&row.ttl_s, at, 4);
    memcpy(&row.zone, at + 4, 4);
    memcpy(&len, at + 8, 2);
    row.flags = at[10];
    row.key = (struct span){at + HEAD, len};
    return row;
}

/* Octet `depth` of a key; -1 behind its end, so a prefix sorts first. */
static int key_octet(const struct derived *d, size_t offset, size_t depth)
{
    uint16_t len;
    memcpy(&len, d->heap.bytes + offset + 8, 2);
    return depth < len ? d->heap.bytes[offset + HEAD + depth] : -1;
}

static int key_compare(const struct derived *d, size_t a, size_t b, size_t depth)
{
    for (;; depth++) {
        int x = key_octet(d, a, depth), y = key_octet(d, b, depth);
        if (x != y)
            return x < y ? -1 : 1;
        if (x < 0)
            return 0;
    }
}

static void sort_small(const struct derived *d, size_t *order, size_t count, size_t depth)
{
    for (size_t i = 1; i < count; i++) {
        size_t moved = order[i], j = i;
        for (; j > 0 && key_compare(d, order[j - 1], moved, depth) > 0; j--)
            order[j] = order[j - 1];
        order[j] = moved;
    }
}

static void swap(size_t *a, size_t *b)
{
    size_t held = *a;
    *a = *b;
    *b = held;
}

static int pivot_octet(const struct derived *d, const size_t *order, size_t count, size_t depth)
{
    int a = key_octet(d, order[0], depth);
    int b = key_octet(d, order[count / 2], depth);
    int c = key_octet(d, order[count - 1], depth);
    if (a > b) {
        int held = a;
        a = b;
        b = held;
    }
    return c < a ? a : c > b ? b : c;
}

/* Recursion on the lesser and greater parts of one octet is at most 257 deep (each level leaves out
 * one octet value); the equal part goes one octet on, in the loop where it can. Keys have at most
 * 511 octets. */
static void sort_part(const struct derived *d, size_t *order, size_t count, size_t depth)
{
    while (count > SMALL) {
        int pivot = pivot_octet(d, order, count, depth);
        size_t less = 0, at = 0, more = count;
        while (at < more) {
            int octet = key_octet(d, order[at], depth);
            if (octet < pivot)
                swap(&order[less++], &order[at++]);
            else if (octet > pivot)
                swap(&order[at], &order[--more]);
            else
                at++;
        }
        sort_part(d, order, less, depth);
        sort_part(d, order + more, count - more, depth);
        if (pivot < 0)
            return; /* equal keys */
        order += less;
        count = more - less;
        depth++;
    }
    sort_small(d, order, count, depth);
}

void derived_sort(struct derived *d)
{
    sort_part(d, d->order, d->count, 0);
}

void derived_done(struct derived *d)
{
    free(d->order);
    store_buf_done(&d->heap);
    *d = (struct derived){0};
}
