/* struct store_writer, private to backend/store. */
#ifndef PTRD_STORE_WRITER_P_H
#define PTRD_STORE_WRITER_P_H

#include "store_p.h"

struct store_writer {
    struct store *store;
    struct env *env; /* with a ref */
    MDB_txn *txn;
    MDB_dbi dbis[STORE_TABLES];
    MDB_cursor *cursors[STORE_TABLES]; /* of store_writer_seek */
    struct store_meta meta;            /* as it was at the beginning */
    uint64_t changes;                  /* counts calls that may change rows */
    int lock_fd;
    bool entered, committed;
};

/* store_error, remembering a full map. */
PTRD_CHECKED int writer_error(struct store_writer *w, int rc) PTRD_NONNULL;

#endif
