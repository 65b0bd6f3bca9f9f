/* model_sort: millions of PTRs. Rows that come in order, as dumps and most exports do, are not
 * sorted again. */
#include "model_p.h"

#include "ptrd/core/arpa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_addresses(const struct model_ptr *a, const struct model_ptr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->num != b->num)
        return a->num < b->num ? -1 : 1;
    return 0;
}

static void read_target(const struct model *m, const struct model_ptr *p, struct name *out)
{
    struct span wire = model_target(m, p);
    out->len = (uint8_t)wire.len;
    memcpy(out->wire, wire.bytes, wire.len);
}

static int compare_targets(const struct model *m, const struct model_ptr *a,
                           const struct model_ptr *b)
{
    struct name left, right;
    read_target(m, a, &left);
    read_target(m, b, &right);
    return name_compare(&left, &right);
}

int model_compare_ptrs(const void *pa, const void *pb, void *ctx)
{
    const struct model_ptr *a = pa, *b = pb;
    int c = compare_addresses(a, b);
    if (c == 0)
        c = compare_targets(ctx, a, b);
    if (c == 0 && a->file != b->file)
        c = a->file < b->file ? -1 : 1;
    return c ? c : (a->line > b->line) - (a->line < b->line);
}

static bool in_order(struct model *m)
{
    for (uint32_t i = 1; i < m->ptr_count; i++)
        if (model_compare_ptrs(&m->ptrs[i - 1], &m->ptrs[i], m) > 0)
            return false;
    return true;
}

static struct model_place place_of(const struct model_ptr *p)
{
    return (struct model_place){.line = p->line, .column = p->column, .file = p->file};
}

static int refuse_ptr_twice(const struct model *m, const struct model_ptr *a,
                            const struct model_ptr *b, struct diag *diag)
{
    char address[ADDR_TEXT_SIZE], target[NAME_TEXT_SIZE], first[512];
    struct name name;
    read_target(m, b, &name);
    name_print(&name, target);
    addr_print(&(struct addr){.num = b->num, .family = b->family}, address);
    model_place_print(m, place_of(a), place_of(b), first, sizeof first);
    return model_refuse(m, place_of(b), diag, PTRD_ECONFLICT,
                        "the PTR of %s to `%.256s` is given twice, first in %s", address, target,
                        first);
}

/* The TTL that a PTR without one has: that of the most specific zone of ours above it. The zones
 * are in canonical order, so binary search finds each ancestor. */
static uint32_t zone_ttl(const struct model *m, const struct model_ptr *p)
{
    struct name name;
    arpa_name(&(struct addr){.num = p->num, .family = p->family}, &name);
    for (unsigned left = name_labels(&name);; left--) {
        uint32_t low = 0, high = m->zone_count;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            int c = name_compare(&m->zones[middle].apex, &name);
            if (c == 0)
                return m->zones[middle].settings.ttl_s;
            if (c < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (left == 0)
            return MODEL_TTL_UNSAID; /* outside our zones: refused by the checks */
        name_strip(&name, 1, &name);
    }
}

/* RFC 2181 5.2: one TTL, the least. Where none is written the zone's own stays unsaid. */
static void settle_ttl(struct model *m, uint32_t first, uint32_t end)
{
    uint32_t least = MODEL_TTL_UNSAID;
    bool unsaid = false;
    for (uint32_t i = first; i < end; i++) {
        unsaid |= m->ptrs[i].ttl_s == MODEL_TTL_UNSAID;
        if (m->ptrs[i].ttl_s < least)
            least = m->ptrs[i].ttl_s;
    }
    if (unsaid && least != MODEL_TTL_UNSAID) {
        uint32_t ttl_s = zone_ttl(m, &m->ptrs[first]);
        if (ttl_s < least)
            least = ttl_s;
    }
    for (uint32_t i = first; i < end; i++)
        m->ptrs[i].ttl_s = least;
}

/* `forward` is said of an address: where one of its PTRs says it, it holds for all. */
static int settle_forward(struct model *m, uint32_t first, uint32_t end, struct diag *diag)
{
    const struct model_ptr *said = NULL;
    for (uint32_t i = first; i < end; i++) {
        const struct model_ptr *p = &m->ptrs[i];
        if (p->forward == FORWARD_UNSAID)
            continue;
        /* a database may hold it: there is nobody to refuse it to, and the first one stands */
        if (said && m->source == SOURCE_POSTGRES)
            continue;
        if (said && said->forward != p->forward) {
            char address[ADDR_TEXT_SIZE], other[512];
            addr_print(&(struct addr){.num = p->num, .family = p->family}, address);
            model_place_print(m, place_of(said), place_of(p), other, sizeof other);
            return model_refuse(m, place_of(p), diag, PTRD_ECONFLICT,
                                "`forward` of %s is not the same as in %s", address, other);
        }
        said = p;
    }
    for (uint32_t i = first; said && i < end; i++)
        m->ptrs[i].forward = said->forward;
    return 0;
}

static int settle_address(struct model *m, uint32_t first, uint32_t end, struct diag *diag)
{
    if (end - first > MODEL_RRSET_MAX)
        return model_refuse(m, place_of(&m->ptrs[end - 1]), diag, PTRD_ELIMIT,
                            "%u PTRs of one address, at most %u are possible",
                            (unsigned)(end - first), (unsigned)MODEL_RRSET_MAX);
    for (uint32_t i = first + 1; i < end; i++)
        if (compare_targets(m, &m->ptrs[i - 1], &m->ptrs[i]) == 0)
            return refuse_ptr_twice(m, &m->ptrs[i - 1], &m->ptrs[i], diag);
    settle_ttl(m, first, end);
    return settle_forward(m, first, end, diag);
}

int model_sort_ptrs(struct model *m, struct diag *diag)
{
    return model_spilled(m) ? model_spill_sort(m, diag) : model_settle_ptrs(m, diag);
}

int model_settle_ptrs(struct model *m, struct diag *diag)
{
    if (m->ptr_count && !in_order(m))
        qsort_r(m->ptrs, m->ptr_count, sizeof *m->ptrs, model_compare_ptrs, m);
    for (uint32_t first = 0, end; first < m->ptr_count; first = end) {
        end = first + 1;
        while (end < m->ptr_count && compare_addresses(&m->ptrs[first], &m->ptrs[end]) == 0)
            end++;
        if (end - first == 1)
            continue;
        int r = settle_address(m, first, end, diag);
        if (r < 0)
            return r;
    }
    return 0;
}
