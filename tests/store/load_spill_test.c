/* Loads whose PTRs and derived names do not fit into the memory that they may take, against the
 * same loads in memory: the same rows, the same refusals; kill -9, a full disk and a directory that
 * takes no files leave the store as it was and nothing beside it. */
#include "store_support.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>

#include "../../backend/store/mapped_p.h"
#include "ptrd/check/model.h"
#include "ptrd/source/file.h"
#include "ptrd/source/sorter.h"

#define NOW 1700000000
#define LITTLE ((size_t)256 << 10)
#define PAGES ((size_t)64 << 10) /* changed pages in memory */

static unsigned ptr_count(void)
{
    return long_test() ? 300000 : 30000;
}

/* --- files ------------------------------------------------------------------------------------ */

static void write_zones(const char *dir, const char *more)
{
    char path[160];
    FILE *f = fopen(path_in(dir, "zones.yaml", path), "w");
    assert_non_null(f);
    fputs("defaults:\n"
          "  soa: {mname: ns1.isp.example, rname: h.isp.example, refresh: 10800, retry: 3600,\n"
          "        expire: 604800, minimum: 300}\n"
          "  ns: [ns1.isp.example]\n"
          "zones:\n"
          "  - name: isp.example\n"
          "    forward_auto: yes\n"
          "    records: [{name: ns1, type: A, content: 192.0.2.53}]\n"
          "  - name: dyn.isp.example\n"
          "  - {prefix: 10.0.0.0/8, ttl: 7200}\n"
          "  - prefix: \"2001:db8::/32\"\n"
          "blocks:\n"
          "  - {prefix: 10.0.0.0/8, name: \"{ip}.dyn.isp.example\"}\n",
          f);
    fprintf(f, "ptrs_file: ptrs.csv\n%s", more);
    assert_int_equal(fclose(f), 0);
}

/* Rows in no order, of both families; some addresses have several names, some rows a TTL, some
 * targets lie elsewhere; version changes a part of them. last: one more line, or "". */
static void write_ptrs(const char *dir, unsigned count, unsigned version, const char *last)
{
    char path[160];
    FILE *f = fopen(path_in(dir, "ptrs.csv", path), "w");
    assert_non_null(f);
    for (unsigned i = 0; i < count; i++) {
        unsigned n = (i * 2654435761u) & 0xffffff, kind = n % 10;
        if (n % 3)
            fprintf(f, "10.%u.%u.%u,", n >> 16 & 255, n >> 8 & 255, n & 255);
        else
            fprintf(f, "2001:db8:%x:%x::%x,", n & 255, n >> 8 & 255, n >> 16);
        fprintf(f, "%c-%u-%u.%s", 'a' + (int)(n % 26), n, kind == 0 ? version : 0,
                kind < 6 ? "isp.example" : "elsewhere.example");
        fprintf(f, kind == 3 ? ",%u\n" : "\n", 60 + n % 7);
        if (kind == 5 && n % 3)
            fprintf(f, "10.%u.%u.%u,also-%u.isp.example\n", n >> 16 & 255, n >> 8 & 255, n & 255,
                    n);
    }
    fputs(last, f);
    assert_int_equal(fclose(f), 0);
}

/* --- reading and loading ---------------------------------------------------------------------- */

/* memory 0: nothing is spilled. */
static int read_model(const struct scratch *s, size_t memory, struct model **m, struct diag *diag)
{
    static char path[160]; /* diag->file may lie in it */
    path_in(s->dir, "zones.yaml", path);
    *diag = (struct diag){0};
    return source_file_read_spilling(path, memory ? s->store : NULL, memory, m, NULL, NULL, diag);
}

static int load_file(const struct scratch *s, struct store *store, size_t memory, int64_t now_s,
                     struct load_report *report, struct diag *diag)
{
    struct model *m;
    struct table *t = NULL;
    int err = read_model(s, memory, &m, diag);
    if (!err)
        err = check_model(m, &t, diag);
    if (!err)
        err = load_model(store, m, t, now_s, 0, NULL, NULL, report, diag);
    table_free(t);
    model_free(m);
    return err;
}

static struct store *store_little(const char *dir)
{
    struct store *store = open_ok(dir, STORE_OPEN_CREATE);
    store_waiting_most(store, PAGES);
    return store;
}

static void assert_same_table(struct store_reader *a, struct store_reader *b,
                              enum store_table table)
{
    struct span key_a, value_a, key_b, value_b;
    int found_a = store_seek(a, table, (struct span){0}, &key_a, &value_a);
    int found_b = store_seek(b, table, (struct span){0}, &key_b, &value_b);
    while (found_a == PTRD_FOUND && found_b == PTRD_FOUND) {
        assert_int_equal(key_a.len, key_b.len);
        assert_memory_equal(key_a.bytes, key_b.bytes, key_a.len);
        assert_int_equal(value_a.len, value_b.len);
        assert_memory_equal(value_a.bytes, value_b.bytes, value_a.len);
        found_a = store_next(a, table, &key_a, &value_a);
        found_b = store_next(b, table, &key_b, &value_b);
    }
    assert_int_equal(found_a, PTRD_ABSENT);
    assert_int_equal(found_b, PTRD_ABSENT);
}

static void assert_same_stores(struct store *a, struct store *b)
{
    struct store_reader *ra, *rb;
    struct store_meta meta_a, meta_b;
    assert_int_equal(store_reader_new(a, &ra), 0);
    assert_int_equal(store_reader_new(b, &rb), 0);
    assert_int_equal(store_read_begin(ra, &meta_a), 0);
    assert_int_equal(store_read_begin(rb, &meta_b), 0);
    for (int i = 0; i < STORE_TABLES; i++)
        assert_same_table(ra, rb, (enum store_table)i);
    store_reader_free(ra);
    store_reader_free(rb);
}

/* Nothing but a store lies in the directory. */
static void assert_tidy(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' || e->d_name[1] == 'p')
            assert_true(!strcmp(e->d_name, "data.mdb") || !strcmp(e->d_name, "lock.mdb") ||
                        !strcmp(e->d_name, "writer.lock"));
    closedir(d);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void as_in_memory(void **state)
{
    struct scratch s;
    struct load_report spilled, memory;
    (void)state;
    scratch_init(&s);
    write_zones(s.dir, "");
    struct store *a = store_little(s.store), *b = open_ok(s.other, STORE_OPEN_CREATE);
    /* made, changed, without a change, and nearly all taken away */
    const unsigned counts[] = {ptr_count(), ptr_count(), ptr_count(), 10, ptr_count()};
    for (unsigned i = 0; i < 5; i++) {
        write_ptrs(s.dir, counts[i], i < 3 ? i > 0 : i, "10.0.0.1,last.isp.example\n");
        if (load_file(&s, a, LITTLE, NOW + i, &spilled, &s.diag) ||
            load_file(&s, b, 0, NOW + i, &memory, &s.diag))
            fail_msg("load %u: %s", i, s.diag.message);
        assert_memory_equal(&spilled, &memory, sizeof memory);
        assert_true((spilled.inserted + spilled.changed + spilled.deleted > 0) == (i != 2));
        assert_same_stores(a, b);
        assert_int_equal(meta_of(a).data, i < 2 ? i + 1 : i);
    }
    assert_tidy(s.store);
    store_close(a);
    store_close(b);
    scratch_done(&s);
}

static void models_are_the_same(void **state)
{
    struct scratch s;
    struct model *a, *b;
    (void)state;
    scratch_init(&s);
    /* `ptrs:`, PTRs among `records:` and those of the CSV together */
    write_zones(s.dir, "ptrs:\n  10.200.0.1: {names: [x.isp.example, y.isp.example], ttl: 5}\n"
                       "  \"2001:db8::77\": {names: [z.isp.example], forward: none}\n");
    write_ptrs(s.dir, ptr_count(), 0, "# the last line has no end\n10.200.0.1,w.isp.example");
    assert_int_equal(read_model(&s, LITTLE, &a, &s.diag), 0);
    assert_int_equal(read_model(&s, 0, &b, &s.diag), 0);
    assert_int_equal(a->ptr_count, b->ptr_count);
    for (uint32_t i = 0; i < a->ptr_count; i++) {
        struct span x = model_target(a, &a->ptrs[i]), y = model_target(b, &b->ptrs[i]);
        struct model_ptr p = a->ptrs[i];
        p.target = b->ptrs[i].target; /* its place in `targets` is another */
        assert_memory_equal(&p, &b->ptrs[i], sizeof p);
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.bytes, y.bytes, x.len);
    }
    model_free(a);
    model_free(b);
    assert_tidy(s.store);
    scratch_done(&s);
}

/* The refusal of each file, spilled or not. */
static void assert_refused_alike(struct scratch *s, const char *zones, const char *row)
{
    struct load_report report;
    struct diag memory, spilled;
    char file[200];
    write_zones(s->dir, zones);
    write_ptrs(s->dir, ptr_count(), 0, row);
    struct store *store = store_little(s->store);
    struct model *m;
    struct table *t = NULL;
    int err = read_model(s, 0, &m, &memory);
    if (!err)
        err = check_model(m, &t, &memory);
    assert_true(err < 0);
    snprintf(file, sizeof file, "%s", memory.file);
    model_free(m);
    assert_int_equal(read_model(s, LITTLE, &m, &spilled) ? err : check_model(m, &t, &spilled), err);
    assert_string_equal(spilled.message, memory.message);
    assert_string_equal(spilled.file, file);
    assert_int_equal(spilled.line, memory.line);
    assert_int_equal(spilled.column, memory.column);
    model_free(m);
    assert_true(load_file(s, store, LITTLE, NOW, &report, &spilled) == err);
    store_close(store);
    assert_tidy(s->store);
}

static void refusals_are_the_same(void **state)
{
    struct scratch s;
    (void)state;
    scratch_init(&s);
    /* the first row is that of address 10.0.0.0 or 2001:db8::; multiples of 3 are IPv6 */
    assert_refused_alike(&s, "", "2001:db8:0:0::0,a-0-0.isp.example\n");
    assert_refused_alike(&s, "", "10.1.1.1,x.isp.example\n10.1.1.1,X.isp.example\n");
    assert_refused_alike(&s, "", "192.0.2.1,outside.isp.example\n");
    assert_refused_alike(&s, "", "10.0.0.1,bad..name\n");
    assert_refused_alike(&s, "", "10.0.0.1,ok.example,99999999999\n");
    assert_refused_alike(&s, "delegations:\n  - {prefix: 10.9.0.0/16, ns: [ns1.c.example]}\n",
                         "10.9.1.1,taken.isp.example\n");
    assert_refused_alike(&s,
                         "ptrs:\n  10.8.0.1: {names: [x.isp.example], forward: none}\n"
                         "  \"10.8.0.01\": x.isp.example\n",
                         "");
    scratch_done(&s);
}

static void killed_loads_leave_a_or_b(void **state)
{
    struct scratch s, other;
    struct load_report report;
    uint64_t seed = random_seed("load_spill");
    unsigned seen[2] = {0, 0};
    (void)state;
    scratch_init(&s);
    scratch_init(&other);
    write_zones(s.dir, "");
    write_zones(other.dir, "");
    write_ptrs(s.dir, ptr_count(), 0, "");
    write_ptrs(other.dir, ptr_count(), 1, "");
    struct store *store = store_little(s.store);
    double since = now_seconds();
    assert_int_equal(load_file(&s, store, LITTLE, NOW, &report, &s.diag), 0);
    unsigned load_us = (unsigned)((now_seconds() - since) * 1e6);
    store_close(store);
    memcpy(other.store, s.store, sizeof s.store); /* one store, loaded from both files in turn */
    for (unsigned i = 0; i < (long_test() ? 200u : 20u); i++) {
        uint64_t before;
        store = open_ok(s.store, STORE_OPEN_READ);
        before = meta_of(store).data;
        store_close(store);
        pid_t pid = fork();
        if (pid == 0) {
            struct diag diag;
            store = store_little(s.store);
            (void)!load_file(before % 2 ? &other : &s, store, LITTLE, NOW + i, &report, &diag);
            _exit(0);
        }
        sleep_some((unsigned)(random_next(&seed) % (load_us + load_us / 2)));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        assert_tidy(s.store);
        store = open_ok(s.store, STORE_OPEN_READ);
        uint64_t after = meta_of(store).data;
        assert_true(after == before || after == before + 1);
        seen[after - before]++;
        store_close(store);
    }
    printf("%u loads were killed before their commit, %u not\n", seen[0], seen[1]);
    assert_true(seen[0] > 0); /* else nothing was tried */
    /* what is there now is one of the two, whole */
    store = store_little(s.store);
    bool is_other = meta_of(store).data % 2 == 0;
    assert_int_equal(load_file(is_other ? &other : &s, store, LITTLE, NOW, &report, &s.diag), 0);
    assert_int_equal(report.inserted + report.changed + report.deleted, 0);
    store_close(store);
    scratch_done(&s);
    memset(other.store, 0, sizeof other.store);
    scratch_done(&other);
}

/* RLIMIT_FSIZE stands for a full disk, at every stage: while PTRs are read, while they are merged,
 * while derived names are sorted, while the store is written. */
static void full_disk_changes_nothing(void **state)
{
    struct scratch s;
    (void)state;
    scratch_init(&s);
    write_zones(s.dir, "");
    write_ptrs(s.dir, 10, 0, "");
    struct load_report report;
    struct store *store = store_little(s.store);
    assert_int_equal(load_file(&s, store, LITTLE, NOW, &report, &s.diag), 0);
    store_close(store);
    write_ptrs(s.dir, ptr_count(), 1, "");
    unsigned sorting = 0, writing = 0;
    for (rlim_t limit_kb = 200;; limit_kb += limit_kb / 3) {
        int result[2];
        char got = 0;
        assert_int_equal(pipe(result), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct rlimit limit = {.rlim_cur = limit_kb * 1024, .rlim_max = RLIM_INFINITY};
            struct diag diag;
            signal(SIGXFSZ, SIG_IGN);
            CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
            store = store_little(s.store);
            int err = load_file(&s, store, LITTLE, NOW + 1, &report, &diag);
            got = err == 0                                          ? 'f'
                  : strstr(diag.message, "cannot sort the PTRs in") ? 's'
                  : strstr(diag.message, "the old data stay")       ? 'w'
                                                                    : '?';
            if (got == '?')
                fprintf(stderr, "%d %s\n", err, diag.message);
            CHILD_CHECK(got != 's' || strstr(diag.message, "File too large"));
            CHILD_CHECK(write(result[1], &got, 1) == 1);
            _exit(0);
        }
        child_ok(pid);
        assert_int_equal(read(result[0], &got, 1), 1);
        close(result[0]);
        close(result[1]);
        assert_tidy(s.store);
        store = open_ok(s.store, STORE_OPEN_READ);
        assert_int_equal(meta_of(store).data, got == 'f' ? 2 : 1);
        store_close(store);
        assert_true(got != '?');
        sorting += got == 's';
        writing += got == 'w';
        if (got == 'f')
            break;
    }
    printf("refused %u times while sorting, %u times while writing\n", sorting, writing);
    assert_true(sorting > 1 && writing > 0);
    scratch_done(&s);
}

/* 48 MB of rows in one transaction: LMDB alone would keep all pages in memory. */
#define ROWS 48000u

static int row_next(void *ctx, struct span *key, struct span *value)
{
    static uint8_t octets[1000], address[5] = {FAMILY_IPV4};
    unsigned *at = ctx;
    if (*at == ROWS)
        return PTRD_ABSENT;
    for (unsigned i = 0; i < 4; i++)
        address[1 + i] = (uint8_t)(*at >> (24 - 8 * i));
    memcpy(octets, address, sizeof address);
    ++*at;
    *key = (struct span){address, sizeof address};
    *value = (struct span){octets, sizeof octets};
    return PTRD_FOUND;
}

static size_t heap_octets(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void changed_pages_do_not_wait(void **state)
{
    struct scratch s;
    struct store_writer *w;
    struct store_meta meta;
    struct store_reader *r;
    struct span key, value;
    unsigned at = 0;
    (void)state;
    scratch_init(&s);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    store_waiting_most(store, (size_t)1 << 20);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
    size_t before = heap_octets();
    const struct store_stream stream = {.next = row_next, .ctx = &at};
    assert_int_equal(store_write_table(w, STORE_PTRS, &stream), 0);
    size_t taken = heap_octets() - before;
    printf("%u rows, %zu octets of heap\n", ROWS, taken);
    assert_true(taken < (size_t)8 << 20);
    assert_int_equal(store_write_commit(w, &meta, &s.diag), 0);
    assert_int_equal(store_reader_new(store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    at = 0;
    int found = store_seek(r, STORE_PTRS, (struct span){0}, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(r, STORE_PTRS, &key, &value)) {
        struct span wanted_key, wanted;
        assert_int_equal(row_next(&at, &wanted_key, &wanted), PTRD_FOUND);
        assert_int_equal(value.len, wanted.len);
        assert_memory_equal(value.bytes, wanted.bytes, wanted.len);
    }
    assert_int_equal(at, ROWS);
    store_reader_free(r);
    store_close(store);
    scratch_done(&s);
}

static void directory_that_takes_no_files(void **state)
{
    struct scratch s;
    struct model *m;
    (void)state;
    scratch_init(&s);
    write_zones(s.dir, "");
    write_ptrs(s.dir, ptr_count(), 0, "");
    snprintf(s.store, sizeof s.store, "%s/zones.yaml/db", s.dir);
    assert_int_equal(read_model(&s, LITTLE, &m, &s.diag), -ENOTDIR);
    char expected[200];
    snprintf(expected, sizeof expected,
             "cannot sort the PTRs in a temporary file in %s: Not a directory", s.store);
    assert_string_equal(s.diag.message, expected);
    model_free(m);
    /* what fits into memory needs none */
    write_ptrs(s.dir, 10, 0, "");
    assert_int_equal(read_model(&s, LITTLE, &m, &s.diag), 0);
    model_free(m);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_in_memory),
        cmocka_unit_test(models_are_the_same),
        cmocka_unit_test(refusals_are_the_same),
        cmocka_unit_test(killed_loads_leave_a_or_b),
        cmocka_unit_test(full_disk_changes_nothing),
        cmocka_unit_test(changed_pages_do_not_wait),
        cmocka_unit_test(directory_that_takes_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
