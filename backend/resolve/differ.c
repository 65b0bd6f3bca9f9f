#include "ptrd/resolve/resolve.h"

#include <stdlib.h>
#include <string.h>

static int by_content(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == ROW_ADDR)
        return addr_compare(&a->addr, &b->addr);
    size_t len = a->bytes.len < b->bytes.len ? a->bytes.len : b->bytes.len;
    int order = len ? memcmp(a->bytes.bytes, b->bytes.bytes, len) : 0;
    return order ? order : (a->bytes.len > b->bytes.len) - (a->bytes.len < b->bytes.len);
}

static bool same_answer(struct answer *a, struct answer *b)
{
    if (a->count != b->count)
        return false;
    if (a->count) {
        qsort(a->rows, a->count, sizeof *a->rows, by_content);
        qsort(b->rows, b->count, sizeof *b->rows, by_content);
    }
    for (uint32_t i = 0; i < a->count; i++)
        if (by_content(&a->rows[i], &b->rows[i]) != 0 || a->rows[i].ttl_s != b->rows[i].ttl_s ||
            a->rows[i].auth != b->rows[i].auth)
            return false;
    return true;
}

int resolve_differs(struct differ *d, const struct name *name, uint32_t zone_id)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = zone_id};
    int err = resolve(&d->was, &q, &d->before);
    if (err == 0)
        err = resolve(&d->is, &q, &d->after);
    return err < 0 ? err : same_answer(&d->before, &d->after) ? PTRD_ABSENT : PTRD_FOUND;
}
