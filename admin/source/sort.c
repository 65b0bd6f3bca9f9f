/* model_sort: zones, blocks, delegations and records. PTRs are in sort_ptr.c. */
#include "model_p.h"

#include "ptrd/core/rrtype.h"
#include "ptrd/rdata/rdata.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int model_refuse(const struct model *m, struct model_place place, struct diag *diag, int err,
                 const char *format, ...)
{
    if (!diag)
        return err;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(diag->message, sizeof diag->message, format, args);
    va_end(args);
    diag->file = place.file < m->file_count ? m->files[place.file] : NULL;
    diag->line = place.line;
    diag->column = place.column;
    return err;
}

void model_place_print(const struct model *m, struct model_place place, struct model_place here,
                       char *out, size_t size)
{
    if (place.file == here.file || place.file >= m->file_count)
        (void)snprintf(out, size, "line %u", (unsigned)place.line);
    else
        (void)snprintf(out, size, "%s line %u", m->files[place.file], (unsigned)place.line);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_places(const struct model_place *a, const struct model_place *b)
{
    if (a->file != b->file)
        return compare_u64(a->file, b->file);
    if (a->line != b->line)
        return compare_u64(a->line, b->line);
    return compare_u64(a->column, b->column);
}

static int compare_zones(const void *pa, const void *pb)
{
    const struct model_zone *a = pa, *b = pb;
    int c = name_compare(&a->apex, &b->apex);
    return c ? c : compare_places(&a->place, &b->place);
}

int model_sort_zones(struct model *m, struct diag *diag)
{
    if (m->zone_count)
        qsort(m->zones, m->zone_count, sizeof *m->zones, compare_zones);
    for (uint32_t i = 1; i < m->zone_count; i++) {
        const struct model_zone *a = &m->zones[i - 1], *b = &m->zones[i];
        if (!name_equal(&a->apex, &b->apex))
            continue;
        char name[NAME_TEXT_SIZE], first[512];
        name_print(&b->apex, name);
        model_place_print(m, a->place, b->place, first, sizeof first);
        return model_refuse(m, b->place, diag, PTRD_ECONFLICT,
                            "zone `%.256s` is given twice, first in %s", name, first);
    }
    return 0;
}

static int compare_blocks(const void *pa, const void *pb)
{
    const struct model_block *a = pa, *b = pb;
    if (a->range.family != b->range.family)
        return a->range.family < b->range.family ? -1 : 1;
    if (a->range.first != b->range.first)
        return a->range.first < b->range.first ? -1 : 1;
    if (a->range.last != b->range.last)
        return a->range.last > b->range.last ? -1 : 1; /* the enclosing one first */
    return compare_places(&a->place, &b->place);
}

/* Names in content keep the case in which they were written and compare without. */
static int compare_contents(const struct model_record *a, const struct model_record *b)
{
    if (rdata_is_names(a->type))
        return strcasecmp(a->content, b->content);
    size_t len = a->content_len < b->content_len ? a->content_len : b->content_len;
    int c = memcmp(a->content, b->content, len);
    return c ? c : compare_u64(a->content_len, b->content_len);
}

bool model_same_content(const struct model_record *a, const struct model_record *b)
{
    return compare_contents(a, b) == 0;
}

static int compare_rrsets(const struct model_record *a, const struct model_record *b)
{
    int c = name_compare(&a->owner, &b->owner);
    return c ? c : compare_u64(a->type, b->type);
}

int model_compare_records(const void *pa, const void *pb)
{
    const struct model_record *a = pa, *b = pb;
    int c = compare_rrsets(a, b);
    if (c == 0)
        c = compare_contents(a, b);
    return c ? c : compare_places(&a->place, &b->place);
}

static int refuse_record_twice(const struct model *m, const struct model_record *a,
                               const struct model_record *b, struct diag *diag)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], first[512];
    name_print(&b->owner, owner);
    rrtype_print(b->type, type);
    model_place_print(m, a->place, b->place, first, sizeof first);
    return model_refuse(m, b->place, diag, PTRD_ECONFLICT,
                        "record `%.256s %s %.256s` is given twice, first in %s", owner, type,
                        b->content, first);
}

/* Two zones of ours may hold the same address above a third one; any other record stands once. */
static bool is_repeated(const struct model_record *a, const struct model_record *b)
{
    return a->in.len && b->in.len && !name_equal(&a->in, &b->in) && compare_contents(a, b) == 0;
}

/* RFC 2181 5.2: the TTLs of an RRset are one; the least of those written. Leaves each record once;
 * count becomes how many. */
static int settle_rrset(const struct model *m, struct model_record *set, uint32_t *count,
                        struct diag *diag)
{
    uint32_t ttl_s = set[0].ttl_s, kept = 1;
    if (*count > MODEL_RRSET_MAX)
        return model_refuse(m, set[*count - 1].place, diag, PTRD_ELIMIT,
                            "%u records of one name and type, at most %u are possible",
                            (unsigned)*count, (unsigned)MODEL_RRSET_MAX);
    for (uint32_t i = 1; i < *count; i++) {
        const struct model_record *last = &set[kept - 1];
        if (set[i].ttl_s < ttl_s)
            ttl_s = set[i].ttl_s;
        if (is_repeated(last, &set[i]))
            continue;
        if (compare_contents(last, &set[i]) == 0)
            return refuse_record_twice(m, last, &set[i], diag);
        set[kept++] = set[i];
    }
    for (uint32_t i = 0; i < kept; i++)
        set[i].ttl_s = ttl_s;
    *count = kept;
    return 0;
}

static int sort_records(const struct model *m, struct model_record *records, uint32_t *count,
                        struct diag *diag)
{
    uint32_t kept = 0;
    if (*count)
        qsort(records, *count, sizeof *records, model_compare_records);
    for (uint32_t first = 0, end; first < *count; first = end) {
        end = first + 1;
        while (end < *count && compare_rrsets(&records[first], &records[end]) == 0)
            end++;
        uint32_t n = end - first;
        int r = settle_rrset(m, &records[first], &n, diag);
        if (r < 0)
            return r;
        memmove(&records[kept], &records[first], n * sizeof *records);
        kept += n;
    }
    *count = kept;
    return 0;
}

static int compare_prefixes(const struct prefix *a, const struct prefix *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->num != b->num)
        return a->num < b->num ? -1 : 1;
    return (a->len > b->len) - (a->len < b->len);
}

static int compare_delegations(const void *pa, const void *pb)
{
    const struct model_delegation *a = pa, *b = pb;
    int c = compare_prefixes(&a->prefix, &b->prefix);
    return c ? c : compare_places(&a->place, &b->place);
}

static int compare_names(const void *pa, const void *pb)
{
    return name_compare(pa, pb);
}

static int compare_texts(const void *pa, const void *pb)
{
    return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

/* Delegations, and what each of them lists: the same in another order is the same. */
void model_sort_delegations(struct model *m)
{
    for (uint32_t i = 0; i < m->delegation_count; i++) {
        struct model_delegation *d = &m->delegations[i];
        if (d->ns_count)
            qsort(d->ns, d->ns_count, sizeof *d->ns, compare_names);
        if (d->ds_count)
            qsort(d->ds, d->ds_count, sizeof *d->ds, compare_texts);
    }
    if (m->delegation_count)
        qsort(m->delegations, m->delegation_count, sizeof *m->delegations, compare_delegations);
}

int model_sort(struct model *m, struct diag *diag)
{
    int r = model_sort_zones(m, diag);
    if (r == 0 && m->block_count)
        qsort(m->blocks, m->block_count, sizeof *m->blocks, compare_blocks);
    model_sort_delegations(m);
    if (r == 0)
        r = sort_records(m, m->records, &m->record_count, diag);
    if (r == 0)
        r = sort_records(m, m->above, &m->above_count, diag);
    return r == 0 ? model_sort_ptrs(m, diag) : r;
}
