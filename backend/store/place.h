/* Where a table lies, private to backend/store.
 *
 * LMDB looks up the root of every named database anew in each transaction, which costs more than
 * the search itself. So the tables share the unnamed database, each behind its code octet; the
 * index of derived names, which only forward lookups touch, has one of its own. The codes ascend in
 * the order in which a load writes the tables, so that a first load appends all of them; PTRs, of
 * which there are millions, have the last code: they are appended to full pages whatever else is
 * there. What later formats added has codes of two octets. */
#ifndef PTRD_STORE_PLACE_H
#define PTRD_STORE_PLACE_H

#include "ptrd/store/records.h"

#include <lmdb.h>
#include <string.h>

#define ROW_KEY_MAX 511 /* LMDB's */

/* Name of the table's own database, or NULL. It sorts before all codes. */
static inline const char *place_name(enum store_table table)
{
    return table == STORE_DERIVED ? "\001derived" : NULL;
}

/* The octets before the table's keys in the unnamed database; len 0 for a table with its own. The
 * codes of one octet were all that format 1 had. */
struct place_code {
    uint8_t len;
    uint8_t bytes[2];
};

static inline struct place_code place_code(enum store_table table)
{
    static const struct place_code codes[STORE_TABLES] = {
        [STORE_META] = {1, {2}},           [STORE_ZONE_IDS] = {1, {3}},
        [STORE_LOCAL_PTRS] = {2, {4, 1}},  [STORE_LOCAL_RECORDS] = {2, {4, 2}},
        [STORE_LOCAL_ABOVE] = {2, {4, 3}}, [STORE_LOCAL_METADATA] = {2, {4, 4}},
        [STORE_TSIG] = {2, {4, 5}},        [STORE_ZONE_STATE] = {2, {4, 6}},
        [STORE_KEYS] = {2, {4, 7}},        [STORE_SYNC] = {2, {4, 8}},
        [STORE_DELEGATIONS] = {2, {5, 1}}, [STORE_CUTS] = {2, {5, 2}},
        [STORE_ABOVE] = {2, {5, 3}},       [STORE_ZONES] = {1, {6}},
        [STORE_BLOCKS] = {1, {7}},         [STORE_METADATA] = {1, {8}},
        [STORE_RECORDS] = {1, {9}},        [STORE_PTRS] = {1, {10}},
    };
    return codes[table];
}

struct row_key {
    MDB_val val;
    uint8_t bytes[ROW_KEY_MAX];
};

/* The key as LMDB has it: val points into the struct or at the caller's bytes. PTRD_ELIMIT: too
 * long. */
static inline int row_key(enum store_table table, struct span key, struct row_key *out)
{
    struct place_code code = place_code(table);
    if (key.len + code.len > ROW_KEY_MAX)
        return PTRD_ELIMIT;
    if (!code.len) {
        out->val = (MDB_val){key.len, (void *)(uintptr_t)key.bytes};
        return 0;
    }
    memcpy(out->bytes, code.bytes, sizeof code.bytes);
    if (key.len)
        memcpy(out->bytes + code.len, key.bytes, key.len);
    out->val = (MDB_val){key.len + code.len, out->bytes};
    return 0;
}

/* LMDB's key back to the table's: PTRD_FOUND, or PTRD_ABSENT when it is of another table. */
static inline int row_key_back(enum store_table table, const MDB_val *val, struct span *key)
{
    struct place_code code = place_code(table);
    const uint8_t *bytes = val->mv_data;
    if (val->mv_size < code.len || memcmp(bytes, code.bytes, code.len) != 0)
        return PTRD_ABSENT;
    *key = (struct span){bytes + code.len, val->mv_size - code.len};
    return PTRD_FOUND;
}

/* MDB_PREV of row_move: in front of the first row at or behind the key, or the last row of all. */
static inline int row_back(MDB_cursor *c, MDB_val *key, MDB_val *value)
{
    int rc = mdb_cursor_get(c, key, value, MDB_SET_RANGE);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    return mdb_cursor_get(c, key, value, rc ? MDB_LAST : MDB_PREV);
}

/* Moves a cursor: op MDB_SET_RANGE to a key of the table (its first row when the key is empty),
 * MDB_PREV to the last row before a key, or MDB_NEXT. PTRD_FOUND, PTRD_ABSENT, or PTRD_ELIMIT;
 * where *rc is not 0 it is LMDB's code, which the caller translates (MDB_NOTFOUND: absent). */
static inline int row_move(MDB_cursor *c, enum store_table table, MDB_cursor_op op,
                           struct span from, struct span *key, struct span *value, int *rc)
{
    struct row_key k;
    MDB_val v;
    int err = op == MDB_NEXT ? 0 : row_key(table, from, &k);
    *rc = 0;
    if (err < 0)
        return err;
    if (op == MDB_PREV && from.len == 0)
        return PTRD_ABSENT;
    if (op == MDB_SET_RANGE && k.val.mv_size == 0)
        op = MDB_FIRST; /* LMDB refuses an empty key */
    *rc = op == MDB_PREV ? row_back(c, &k.val, &v) : mdb_cursor_get(c, &k.val, &v, op);
    if (*rc || row_key_back(table, &k.val, key) == PTRD_ABSENT)
        return PTRD_ABSENT;
    *value = (struct span){v.mv_data, v.mv_size};
    return PTRD_FOUND;
}

#endif
