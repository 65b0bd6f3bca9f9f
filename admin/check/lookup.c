#include "lookup.h"

/* First record that is not before (owner, type). */
static uint32_t lower_record(const struct model *m, const struct name *owner, uint32_t type)
{
    uint32_t low = 0, high = m->record_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = name_compare(&m->records[mid].owner, owner);
        if (order < 0 || (order == 0 && m->records[mid].type < type))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

uint32_t lookup_records(const struct model *m, const struct name *owner, uint16_t type,
                        uint32_t *first)
{
    bool any = type == RRTYPE_ANY;
    *first = lower_record(m, owner, any ? 0 : type);
    if (*first == m->record_count || !name_equal(&m->records[*first].owner, owner))
        return 0;
    return lower_record(m, owner, any ? UINT16_MAX + 1u : type + 1u) - *first;
}

static bool ptr_before(const struct model_ptr *p, const struct addr *addr, bool or_equal)
{
    if (p->family != addr->family)
        return p->family < addr->family;
    return or_equal ? p->num <= addr->num : p->num < addr->num;
}

static uint32_t ptr_bound(const struct model *m, const struct addr *addr, bool or_equal)
{
    uint32_t low = 0, high = m->ptr_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (ptr_before(&m->ptrs[mid], addr, or_equal))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

uint32_t lookup_ptrs(const struct model *m, const struct addr *addr, uint32_t *first)
{
    *first = ptr_bound(m, addr, false);
    return ptr_bound(m, addr, true) - *first;
}

bool lookup_address(const struct model_record *r, struct addr *out)
{
    if (r->type != RRTYPE_A && r->type != RRTYPE_AAAA)
        return false;
    return addr_parse(r->content, r->content_len, out) == 0;
}
