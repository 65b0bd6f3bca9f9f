/* One piece of memory of a sorter: rows one after the other, and what is sorted of them. */
#include "sorter_p.h"

#include <stdlib.h>

#define FEW 8    /* sorted by insertion */
#define AHEAD 8  /* rows fetched before they are needed */
#define OCTETS 8 /* of a prefix */

static int heap_reserve(struct piece *p, size_t len)
{
    if (len <= p->capacity - p->len)
        return 0;
    size_t capacity = p->capacity + p->capacity / 2 + ((size_t)64 << 10) + len;
    uint8_t *grown = capacity < p->capacity ? NULL : realloc(p->heap, capacity);
    if (!grown)
        return PTRD_ENOMEM;
    p->heap = grown;
    p->capacity = capacity;
    return 0;
}

static int entries_reserve(struct piece *p)
{
    if (p->count < p->entry_capacity)
        return 0;
    size_t capacity = p->entry_capacity + p->entry_capacity / 2 + 1024, bytes;
    struct piece_entry *grown =
        __builtin_mul_overflow(capacity, sizeof *grown, &bytes) ? NULL : realloc(p->entries, bytes);
    if (!grown)
        return PTRD_ENOMEM;
    p->entries = grown;
    p->entry_capacity = capacity;
    return 0;
}

static void share(struct piece *p, const uint8_t *row)
{
    const uint8_t *first = p->heap;
    size_t len = row_key_len(row), shared = 0;
    if (len >= p->shared && memcmp(first + ROW_HEAD, row + ROW_HEAD, p->shared) == 0)
        return;
    while (shared < len && shared < p->shared && first[ROW_HEAD + shared] == row[ROW_HEAD + shared])
        shared++;
    p->shared = shared;
}

int piece_put(struct piece *p, struct span key, struct span value)
{
    if (key.len > UINT16_MAX || value.len > UINT16_MAX)
        return PTRD_ELIMIT;
    int err = heap_reserve(p, ROW_HEAD + key.len + value.len);
    if (!err)
        err = entries_reserve(p);
    if (err)
        return err;
    uint8_t *row = p->heap + p->len;
    uint16_t lengths[2] = {(uint16_t)key.len, (uint16_t)value.len};
    memcpy(row, lengths, ROW_HEAD);
    memcpy(row + ROW_HEAD, key.bytes, key.len);
    if (value.len)
        memcpy(row + ROW_HEAD + key.len, value.bytes, value.len);
    if (p->count == 0)
        p->shared = key.len;
    share(p, row);
    p->entries[p->count++].at = p->len;
    p->len += ROW_HEAD + key.len + value.len;
    return 0;
}

size_t piece_size(const struct piece *p)
{
    return p->len + 2 * p->count * sizeof *p->entries;
}

/* --- sorting ---------------------------------------------------------------------------------- */

static int entry_compare(const void *pa, const void *pb, void *ctx)
{
    const struct piece_entry *a = pa, *b = pb;
    const uint8_t *heap = ctx;
    int order = row_compare(heap + a->at, heap + b->at);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

static void sort_few(struct piece *p, struct piece_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct piece_entry moved = entries[i];
        size_t j = i;
        for (; j > 0 && entry_compare(&entries[j - 1], &moved, p->heap) > 0; j--)
            entries[j] = entries[j - 1];
        entries[j] = moved;
    }
}

/* Entries with one prefix, which came in the order of their rows. */
static void sort_equal(struct piece *p)
{
    for (size_t i = 0, end; i < p->count; i = end) {
        end = i + 1;
        while (end < p->count && p->entries[end].prefix == p->entries[i].prefix)
            end++;
        if (end - i <= FEW)
            sort_few(p, p->entries + i, end - i);
        else
            qsort_r(p->entries + i, end - i, sizeof *p->entries, entry_compare, p->heap);
    }
}

/* Fills in the prefixes and counts their octets; true when they ascend already. */
static bool prefixes_fill(struct piece *p, size_t counts[OCTETS][256])
{
    bool ascend = true;
    uint64_t last = 0;
    for (size_t i = 0; i < p->count; i++) {
        uint64_t prefix = row_prefix(p->heap + p->entries[i].at, p->shared);
        ascend &= prefix >= last;
        p->entries[i].prefix = last = prefix;
        for (unsigned k = 0; k < OCTETS; k++)
            counts[k][prefix >> 8 * k & 255]++;
    }
    return ascend;
}

/* One pass of a radix sort from the least octet on, which keeps the order of equals. */
static void sort_octet(const struct piece_entry *from, struct piece_entry *to, size_t count,
                       unsigned octet, const size_t counts[256])
{
    size_t at[256], next = 0;
    for (unsigned i = 0; i < 256; i++) {
        at[i] = next;
        next += counts[i];
    }
    for (size_t i = 0; i < count; i++)
        to[at[from[i].prefix >> 8 * octet & 255]++] = from[i];
}

static int sort_prefixes(struct piece *p, size_t counts[OCTETS][256])
{
    struct piece_entry *spare = malloc(p->entry_capacity * sizeof *spare);
    if (!spare)
        return PTRD_ENOMEM;
    for (unsigned k = 0; k < OCTETS; k++) {
        if (counts[k][p->entries[0].prefix >> 8 * k & 255] == p->count)
            continue; /* all have this octet */
        sort_octet(p->entries, spare, p->count, k, counts[k]);
        struct piece_entry *sorted = spare;
        spare = p->entries;
        p->entries = sorted;
    }
    free(spare);
    return 0;
}

int piece_sort(struct piece *p)
{
    size_t counts[OCTETS][256] = {{0}};
    int err = 0;
    if (p->count && !prefixes_fill(p, counts))
        err = sort_prefixes(p, counts);
    if (!err)
        sort_equal(p);
    return err;
}

/* --- the rest --------------------------------------------------------------------------------- */

int piece_write(const struct piece *p, struct spool_writer *to)
{
    int err = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (i + AHEAD < p->count)
            __builtin_prefetch(p->heap + p->entries[i + AHEAD].at);
        const uint8_t *row = p->heap + p->entries[i].at;
        size_t len = row_len(row);
        uint8_t *room = spool_room(to, len, &err);
        if (!room)
            return err;
        memcpy(room, row, len);
    }
    return 0;
}

void piece_clear(struct piece *p)
{
    p->len = p->count = p->shared = 0;
}

void piece_done(struct piece *p)
{
    free(p->heap);
    free(p->entries);
    *p = (struct piece){0};
}
