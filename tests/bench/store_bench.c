/* What a store's tables take, and the floor of a load: the same rows appended by LMDB alone.
 *
 *     bench_store_bench sizes DIR
 *     bench_store_bench append DIR NEW_DIR     (NEW_DIR exists and is empty)
 *
 * `append` copies every table of DIR, row by row in key order with MDB_APPEND, in one transaction
 * with its fsync: no program that writes these rows to LMDB can do less. Lines of JSON to stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* the one header that has lmdb.h */
#include "../../backend/store/env_p.h"

#define TABLES_MAX 32

static void must(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "store_bench: %s: %s\n", what, mdb_strerror(rc));
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static MDB_env *open_env(const char *dir, unsigned flags)
{
    MDB_env *env;
    must(mdb_env_create(&env), "create");
    must(mdb_env_set_maxdbs(env, TABLES_MAX), "maxdbs");
    must(mdb_env_set_mapsize(env, (size_t)16 << 30), "mapsize");
    must(mdb_env_open(env, dir, flags, 0600), dir);
    return env;
}

typedef void table_fn(void *ctx, MDB_txn *txn, const char *name, MDB_dbi dbi);

static void each_table(MDB_txn *txn, table_fn *fn, void *ctx)
{
    MDB_dbi root, dbi;
    MDB_cursor *c;
    MDB_val key, value;
    int rc;
    must(mdb_dbi_open(txn, NULL, 0, &root), "main table");
    must(mdb_cursor_open(txn, root, &c), "cursor");
    while ((rc = mdb_cursor_get(c, &key, &value, MDB_NEXT)) == 0) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)key.mv_size, (const char *)key.mv_data);
        must(mdb_dbi_open(txn, name, 0, &dbi), name);
        fn(ctx, txn, name, dbi);
    }
    must(rc == MDB_NOTFOUND ? 0 : rc, "tables");
    mdb_cursor_close(c);
}

static void print_table(void *ctx, MDB_txn *txn, const char *name, MDB_dbi dbi)
{
    MDB_stat st;
    (void)ctx;
    must(mdb_stat(txn, dbi, &st), name);
    printf(
        "{\"table\": \"%s\", \"rows\": %zu, \"bytes\": %zu, \"depth\": %u}\n", name, st.ms_entries,
        (st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages) * st.ms_psize, st.ms_depth);
}

static void print_sizes(const char *dir)
{
    MDB_env *env = open_env(dir, MDB_RDONLY);
    MDB_txn *txn;
    MDB_envinfo info;
    MDB_stat st;
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "transaction");
    each_table(txn, print_table, NULL);
    must(mdb_env_info(env, &info), "info");
    must(mdb_env_stat(env, &st), "stat");
    printf("{\"file_bytes\": %zu}\n", (info.me_last_pgno + 1) * st.ms_psize);
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

struct copy {
    MDB_txn *to;
    size_t rows, bytes;
};

static void copy_table(void *ctx, MDB_txn *txn, const char *name, MDB_dbi dbi)
{
    struct copy *copy = ctx;
    MDB_cursor *from, *to;
    MDB_dbi new_dbi;
    MDB_val key, value;
    int rc;
    must(mdb_dbi_open(copy->to, name, MDB_CREATE, &new_dbi), name);
    must(mdb_cursor_open(copy->to, new_dbi, &to), name);
    must(mdb_cursor_open(txn, dbi, &from), name);
    while ((rc = mdb_cursor_get(from, &key, &value, MDB_NEXT)) == 0) {
        must(mdb_cursor_put(to, &key, &value, MDB_APPEND), name);
        copy->rows++;
        copy->bytes += key.mv_size + value.mv_size;
    }
    must(rc == MDB_NOTFOUND ? 0 : rc, name);
    mdb_cursor_close(from);
    mdb_cursor_close(to);
}

static void append(const char *dir, const char *new_dir)
{
    MDB_env *from = open_env(dir, MDB_RDONLY), *to = open_env(new_dir, 0);
    MDB_txn *txn;
    struct copy copy = {0};
    must(mdb_txn_begin(from, NULL, MDB_RDONLY, &txn), "transaction");
    double start = now_s();
    must(mdb_txn_begin(to, NULL, 0, &copy.to), "transaction");
    each_table(txn, copy_table, &copy);
    must(mdb_txn_commit(copy.to), "commit");
    printf("{\"rows\": %zu, \"bytes\": %zu, \"s\": %.6f}\n", copy.rows, copy.bytes,
           now_s() - start);
    mdb_txn_abort(txn);
    mdb_env_close(to);
    mdb_env_close(from);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "sizes") == 0) {
        print_sizes(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "append") == 0) {
        append(argv[2], argv[3]);
    } else {
        fprintf(stderr, "usage: store_bench sizes DIR | append DIR NEW_DIR\n");
        return 2;
    }
    return 0;
}
