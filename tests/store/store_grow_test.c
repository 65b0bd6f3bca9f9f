/* Growth with several processes attached, each beginning with a map of 1 MiB: the writer enlarges
 * it, the readers adopt it. And a process whose address space is limited. */
#include "../../backend/store/mapped_p.h"
#include "store_support.h"

#include <pthread.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED /* gcc */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED /* clang */
#endif
#endif

enum { MAP_SMALL = 1 << 20, READERS = 3, STEPS = 6, THREADS = 4 };

static struct model *model_rows(unsigned count)
{
    struct model *m = model_make();
    put_zone(m, "8.b.d.0.1.0.0.2.ip6.arpa");
    for (unsigned i = 0; i < count; i++) {
        char text[64], addr[64];
        snprintf(addr, sizeof addr, "2001:db8::%x:%x", i / 65536 + 1, i % 65536);
        snprintf(text, sizeof text, "h-%u.elsewhere.example", i);
        put_ptr(m, addr, text, 60, FORWARD_UNSAID);
    }
    return m;
}

/* Counts all PTRs by walking; -1 on an error of the store. */
static long rows_walk(struct store_reader *r)
{
    struct store_meta meta;
    struct span key, value;
    struct store_ptr row;
    long count = 0;
    int found = store_read_begin(r, &meta);
    if (found)
        return found;
    found = store_seek(r, STORE_PTRS, (struct span){0}, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(r, STORE_PTRS, &key, &value)) {
        if (store_read_ptr(value, &row))
            return -1;
        count++;
    }
    store_read_end(r);
    return found < 0 ? found : count;
}

struct walker {
    struct store *store;
    long last;
    long until;
    int bad;
};

static void *walk_until(void *arg)
{
    struct walker *w = arg;
    struct store_reader *r;
    if (store_reader_new(w->store, &r))
        return NULL;
    while (w->last < w->until && !w->bad) {
        long rows = rows_walk(r);
        /* rows only grow; a whole load or nothing */
        if (rows < w->last)
            w->bad = (int)(rows < 0 ? rows : -3);
        w->last = rows;
    }
    store_reader_free(r);
    return NULL;
}

/* A process with several threads reading without a pause until it sees `until` rows. */
static void child_read(const char *dir, long until, int ready)
{
    struct store *s;
    struct diag diag = {0};
    pthread_t threads[THREADS];
    struct walker walkers[THREADS];
    CHILD_CHECK(store_open_mapped(dir, STORE_OPEN_READ, MAP_SMALL, &s, &diag) == 0);
    CHILD_CHECK(write(ready, "x", 1) == 1);
    for (int i = 0; i < THREADS; i++) {
        walkers[i] = (struct walker){.store = s, .until = until};
        CHILD_CHECK(pthread_create(&threads[i], NULL, walk_until, &walkers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        if (walkers[i].bad)
            fprintf(stderr, "reader: %d %s\n", walkers[i].bad, ptrd_strerror(walkers[i].bad));
        CHILD_CHECK(walkers[i].bad == 0 && walkers[i].last == until);
    }
    store_close(s);
    _exit(0);
}

static void readers_follow_while_the_writer_grows(void **state)
{
    (void)state;
    struct scratch s;
    pid_t pids[READERS];
    int ready[2];
    char c;
    unsigned step = long_test() ? 50000 : 8000;
    scratch_init(&s);
    assert_int_equal(pipe(ready), 0);
    load_small(s.store, 1700000000);
    struct store *store;
    for (int i = 0; i < READERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            child_read(s.store, (long)step * STEPS, ready[1]);
    }
    for (int i = 0; i < READERS; i++)
        assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(store_open_mapped(s.store, STORE_OPEN_CREATE, MAP_SMALL, &store, NULL), 0);
    for (unsigned i = 1; i <= STEPS; i++) {
        int err = load_into(store, model_rows(step * i), 1700000000 + i, NULL, &s.diag);
        if (err)
            fail_msg("step %u: %d %s", i, err, s.diag.message);
    }
    struct stat st;
    char path[160];
    assert_int_equal(stat(path_in(s.store, "data.mdb", path), &st), 0);
    assert_true(st.st_size > 2 * MAP_SMALL);
    for (int i = 0; i < READERS; i++)
        child_ok(pids[i]);
    store_close(store);
    scratch_done(&s);
}

/* Without room a writer's changes are refused, the old data stay, and the next try has room. */
static void full_map_is_refused_then_enlarged(void **state)
{
    (void)state;
    struct scratch s;
    struct store *store;
    struct store_writer *w;
    struct store_meta meta;
    static const uint8_t large[300000];
    scratch_init(&s);
    assert_int_equal(store_open_mapped(s.store, STORE_OPEN_CREATE, MAP_SMALL, &store, NULL), 0);
    int err = PTRD_ESPACE, refused = 0;
    for (; err; refused++) {
        assert_true(refused < 4);
        assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
        err = 0;
        for (int i = 0; i < 6 && !err; i++) {
            char key[16];
            snprintf(key, sizeof key, "key-%d", i);
            err = store_put(w, STORE_RECORDS, span_text(key), (struct span){large, sizeof large});
        }
        if (!err)
            err = store_write_commit(w, &meta, &s.diag);
        else
            store_write_abort(w);
        if (err) {
            assert_int_equal(err, PTRD_ESPACE);
            assert_int_equal(meta_of(store).data, 0);
        }
    }
    assert_true(refused > 1); /* the first try at least */
    store_close(store);
    scratch_done(&s);
}

static void limited_address_space_gets_a_smaller_map(void **state)
{
    (void)state;
    struct scratch s;
    scratch_init(&s);
    load_small(s.store, 1700000000);
#ifdef SANITIZED
    skip(); /* sanitizers need the address space themselves */
#endif
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
        struct store *store;
        CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        CHILD_CHECK(store_open(s.store, STORE_OPEN_CREATE, &store, NULL) == 0);
        struct model *m = model_rows(20000);
        struct table *t = table_make(m);
        struct load_report report;
        CHILD_CHECK(load_model(store, m, t, 1700000100, 0, NULL, NULL, &report, &s.diag) == 0);
        _exit(0);
    }
    child_ok(pid);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_follow_while_the_writer_grows),
        cmocka_unit_test(full_map_is_refused_then_enlarged),
        cmocka_unit_test(limited_address_space_gets_a_smaller_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
