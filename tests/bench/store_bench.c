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

/* place.h: databases have names that begin so, rows of the tables that share the unnamed one do
 * not. */
static bool is_database(const MDB_val *key)
{
    return key->mv_size && *(const char *)key->mv_data == 1;
}

static MDB_dbi open_table(MDB_txn *txn, const MDB_val *key, unsigned flags)
{
    char name[64];
    MDB_dbi dbi;
    snprintf(name, sizeof name, "%.*s", (int)key->mv_size, (const char *)key->mv_data);
    must(mdb_dbi_open(txn, name, flags, &dbi), name + 1);
    return dbi;
}

static void print_table(MDB_txn *txn, MDB_dbi dbi, const char *name, size_t name_len)
{
    MDB_stat st;
    must(mdb_stat(txn, dbi, &st), name);
    printf("{\"table\": \"%.*s\", \"rows\": %zu, \"bytes\": %zu, \"depth\": %u}\n", (int)name_len,
           name, st.ms_entries,
           (st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages) * st.ms_psize,
           st.ms_depth);
}

static void print_sizes(const char *dir)
{
    MDB_env *env = open_env(dir, MDB_RDONLY);
    MDB_txn *txn;
    MDB_dbi root;
    MDB_cursor *c;
    MDB_val key, value;
    MDB_envinfo info;
    MDB_stat st;
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "transaction");
    must(mdb_dbi_open(txn, NULL, 0, &root), "unnamed table");
    must(mdb_cursor_open(txn, root, &c), "cursor");
    while (mdb_cursor_get(c, &key, &value, MDB_NEXT) == 0 && is_database(&key))
        print_table(txn, open_table(txn, &key, 0), (const char *)key.mv_data + 1, key.mv_size - 1);
    print_table(txn, root, "shared", 6);
    must(mdb_env_info(env, &info), "info");
    must(mdb_env_stat(env, &st), "stat");
    printf("{\"file_bytes\": %zu}\n", (info.me_last_pgno + 1) * st.ms_psize);
    mdb_cursor_close(c);
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

struct copy {
    MDB_txn *from, *to;
    size_t rows, bytes;
};

/* Rows of one database; those of databases inside the unnamed one before its own. */
static void copy_rows(struct copy *copy, MDB_dbi from_dbi, MDB_dbi to_dbi, bool unnamed)
{
    MDB_cursor *from, *to;
    MDB_val key, value;
    int rc;
    must(mdb_cursor_open(copy->from, from_dbi, &from), "cursor");
    while ((rc = mdb_cursor_get(from, &key, &value, MDB_NEXT)) == 0 && unnamed && is_database(&key))
        copy_rows(copy, open_table(copy->from, &key, 0), open_table(copy->to, &key, MDB_CREATE),
                  false);
    must(mdb_cursor_open(copy->to, to_dbi, &to), "cursor");
    for (; rc == 0; rc = mdb_cursor_get(from, &key, &value, MDB_NEXT)) {
        must(mdb_cursor_put(to, &key, &value, MDB_APPEND), "append");
        copy->rows++;
        copy->bytes += key.mv_size + value.mv_size;
    }
    must(rc == MDB_NOTFOUND ? 0 : rc, "read");
    mdb_cursor_close(from);
    mdb_cursor_close(to);
}

static void append(const char *dir, const char *new_dir)
{
    MDB_env *from = open_env(dir, MDB_RDONLY), *to = open_env(new_dir, 0);
    MDB_dbi from_root, to_root;
    struct copy copy = {0};
    must(mdb_txn_begin(from, NULL, MDB_RDONLY, &copy.from), "transaction");
    must(mdb_dbi_open(copy.from, NULL, 0, &from_root), "unnamed table");
    double start = now_s();
    must(mdb_txn_begin(to, NULL, 0, &copy.to), "transaction");
    must(mdb_dbi_open(copy.to, NULL, 0, &to_root), "unnamed table");
    copy_rows(&copy, from_root, to_root, true);
    must(mdb_txn_commit(copy.to), "commit");
    printf("{\"rows\": %zu, \"bytes\": %zu, \"s\": %.6f}\n", copy.rows, copy.bytes,
           now_s() - start);
    mdb_txn_abort(copy.from);
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
