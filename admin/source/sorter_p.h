/* Private to sorter.c and its piece of memory (sorter_piece.c). */
#ifndef PTRD_SOURCE_SORTER_P_H
#define PTRD_SOURCE_SORTER_P_H

#include "ptrd/source/sorter.h"
#include "spool.h"

#include <string.h>

/* A row in memory and in a run: lengths of key and value, then both. */
#define ROW_HEAD 4
#define ROW_MAX (ROW_HEAD + 2 * (size_t)UINT16_MAX)

static inline size_t row_key_len(const uint8_t *row)
{
    uint16_t len;
    memcpy(&len, row, 2);
    return len;
}

static inline size_t row_value_len(const uint8_t *row)
{
    uint16_t len;
    memcpy(&len, row + 2, 2);
    return len;
}

static inline size_t row_len(const uint8_t *row)
{
    return ROW_HEAD + row_key_len(row) + row_value_len(row);
}

/* The eight octets of a key behind the first `skip`, as a number; short keys are filled with 0. */
static inline uint64_t row_prefix(const uint8_t *row, size_t skip)
{
    size_t len = row_key_len(row) > skip ? row_key_len(row) - skip : 0;
    uint64_t prefix = 0;
    memcpy(&prefix, row + ROW_HEAD + skip, len < 8 ? len : 8);
    return __builtin_bswap64(prefix);
}

/* Order of whole keys. */
static inline int row_compare(const uint8_t *a, const uint8_t *b)
{
    size_t x = row_key_len(a), y = row_key_len(b);
    int order = memcmp(a + ROW_HEAD, b + ROW_HEAD, x < y ? x : y);
    return order ? order : (x > y) - (x < y);
}

struct piece_entry {
    uint64_t prefix;
    size_t at; /* of the row in heap */
};

struct piece {
    uint8_t *heap;
    size_t len, capacity;
    struct piece_entry *entries;
    size_t count, entry_capacity;
    size_t shared; /* octets that all keys have in common at their beginning */
};

PTRD_CHECKED int piece_put(struct piece *p, struct span key, struct span value) PTRD_NONNULL;
/* Octets of memory that the piece will take when it is sorted. */
size_t piece_size(const struct piece *p) PTRD_NONNULL;
/* Sorts the entries. */
PTRD_CHECKED int piece_sort(struct piece *p) PTRD_NONNULL;
PTRD_CHECKED int piece_write(const struct piece *p, struct spool_writer *to) PTRD_NONNULL;
void piece_clear(struct piece *p) PTRD_NONNULL;
void piece_done(struct piece *p) PTRD_NONNULL;

#endif
