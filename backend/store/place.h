/* Where a table lies, private to backend/store.
 *
 * LMDB looks up the root of every named database anew in each transaction, which costs more than
 * the search itself. So the tables share the unnamed database, each behind its code octet; the
 * index of derived names, which only forward lookups touch, has one of its own. The codes ascend in
 * the order in which a load writes the tables, so that a first load appends all of them; PTRs, of
 * which there are millions, have the last code: they are appended to full pages whatever else is
 * there. */
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

/* First octet of the table's keys in the unnamed database; 0 for a table with its own. */
static inline uint8_t place_code(enum store_table table)
{
    static const uint8_t codes[STORE_TABLES] = {
        [STORE_META] = 2,          [STORE_ZONE_IDS] = 3, [STORE_LOCAL_PTRS] = 4,
        [STORE_LOCAL_RECORDS] = 5, [STORE_ZONES] = 6,    [STORE_BLOCKS] = 7,
        [STORE_METADATA] = 8,      [STORE_RECORDS] = 9,  [STORE_PTRS] = 10,
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
    uint8_t code = place_code(table);
    if (key.len + (code != 0) > ROW_KEY_MAX)
        return PTRD_ELIMIT;
    if (!code) {
        out->val = (MDB_val){key.len, (void *)(uintptr_t)key.bytes};
        return 0;
    }
    out->bytes[0] = code;
    if (key.len)
        memcpy(out->bytes + 1, key.bytes, key.len);
    out->val = (MDB_val){key.len + 1, out->bytes};
    return 0;
}

/* LMDB's key back to the table's: PTRD_FOUND, or PTRD_ABSENT when it is of another table. */
static inline int row_key_back(enum store_table table, const MDB_val *val, struct span *key)
{
    uint8_t code = place_code(table);
    const uint8_t *bytes = val->mv_data;
    if (code && (val->mv_size == 0 || bytes[0] != code))
        return PTRD_ABSENT;
    *key = (struct span){bytes + (code != 0), val->mv_size - (code != 0)};
    return PTRD_FOUND;
}

/* Moves a cursor: op MDB_SET_RANGE to a key of the table (its first row when the key is empty), or
 * MDB_NEXT. PTRD_FOUND, PTRD_ABSENT, or PTRD_ELIMIT; where *rc is not 0 it is LMDB's code, which
 * the caller translates (MDB_NOTFOUND: absent). */
static inline int row_move(MDB_cursor *c, enum store_table table, MDB_cursor_op op,
                           struct span from, struct span *key, struct span *value, int *rc)
{
    struct row_key k;
    MDB_val v;
    int err = op == MDB_NEXT ? 0 : row_key(table, from, &k);
    *rc = 0;
    if (err < 0)
        return err;
    if (op != MDB_NEXT && k.val.mv_size == 0)
        op = MDB_FIRST; /* LMDB refuses an empty key */
    *rc = mdb_cursor_get(c, &k.val, &v, op);
    if (*rc || row_key_back(table, &k.val, key) == PTRD_ABSENT)
        return PTRD_ABSENT;
    *value = (struct span){v.mv_data, v.mv_size};
    return PTRD_FOUND;
}

#endif
