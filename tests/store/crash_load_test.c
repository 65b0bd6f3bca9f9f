/* kill -9 of the loader at random moments: a reader sees state A or state B, whole, and no space
 * leaks. kill -9 of a reader: its slot is cleared and pages are used again. */
#include "store_support.h"

/* State A or B: every address of the /20 has a PTR that names the state; so has the one TXT record.
 */
#define ADDRESSES 4096

static struct model *model_state(char which)
{
    struct model *m = model_make();
    put_zone(m, "isp.example");
    put_zone(m, "51.198.in-addr.arpa");
    put_record(m, "state.isp.example", RRTYPE_TXT, which == 'a' ? "\"a\"" : "\"b\"");
    for (unsigned i = 0; i < ADDRESSES; i++) {
        char text[64], addr[64];
        snprintf(addr, sizeof addr, "198.51.%u.%u", i / 256, i % 256);
        snprintf(text, sizeof text, "%c-%u%s.isp.example", which, i,
                 which == 'b' ? "-with-a-longer-name" : "");
        put_ptr(m, addr, text, 60, FORWARD_AUTO);
    }
    return m;
}

/* Both states, made before the children are: these load from their first moment on. */
struct states {
    struct model *m[2];
    struct table *t[2];
};

static void child_load_forever(const char *dir, const struct states *states, unsigned start,
                               int ready)
{
    struct store *s;
    struct diag diag;
    struct load_report report;
    CHILD_CHECK(store_open(dir, STORE_OPEN_CREATE, &s, &diag) == 0);
    CHILD_CHECK(write(ready, "x", 1) == 1);
    for (unsigned i = start;; i++) {
        int err = load_model(s, states->m[i % 2], states->t[i % 2], 1700000000 + i, 1000, NULL,
                             NULL, &report, &diag);
        if (err)
            fprintf(stderr, "loader: %s\n", diag.message);
        CHILD_CHECK(err == 0);
    }
}

/* Which state the store shows, having looked at all of it; fails when it is neither. */
static char state_whole(struct store_reader *r)
{
    struct store_meta meta;
    struct span key, value, wire;
    size_t at;
    char which = 0;
    unsigned ptrs = 0, derived = 0;
    int err = store_read_begin(r, &meta);
    if (err)
        fail_msg("store_read_begin: %d %s", err, ptrd_strerror(err));
    int found = store_seek(r, STORE_PTRS, (struct span){0}, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(r, STORE_PTRS, &key, &value)) {
        struct store_ptr row;
        at = 0;
        assert_int_equal(store_read_ptr(value, &row), 0);
        assert_int_equal(store_next_name(row.names, &at, &wire), PTRD_FOUND);
        which = which ? which : (char)wire.bytes[1];
        assert_int_equal(wire.bytes[1], which);
        ptrs++;
    }
    assert_int_equal(found, PTRD_ABSENT);
    found = store_seek(r, STORE_DERIVED, (struct span){0}, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(r, STORE_DERIVED, &key, &value)) {
        struct name target;
        struct addr addr;
        assert_int_equal(store_read_key_derived(key, &target, &addr), 0);
        assert_int_equal(target.wire[1], which);
        derived++;
    }
    assert_int_equal(ptrs, ADDRESSES);
    assert_int_equal(derived, ADDRESSES);
    struct store_rrset set;
    at = 0;
    assert_int_equal(store_seek(r, STORE_RECORDS, (struct span){0}, &key, &value), PTRD_FOUND);
    assert_int_equal(store_read_rrset(value, &set), 0);
    assert_int_equal(store_next_content(set.contents, &at, &wire), PTRD_FOUND);
    assert_int_equal(wire.bytes[1], which);
    store_read_end(r);
    return which;
}

static off_t file_size(const char *dir)
{
    struct stat st;
    char path[160];
    assert_int_equal(stat(path_in(dir, "data.mdb", path), &st), 0);
    return st.st_size;
}

static void killed_loader_leaves_a_or_b_and_no_leak(void **state)
{
    (void)state;
    struct scratch scratch;
    uint64_t seed = random_seed("crash_load");
    unsigned kills = long_test() ? 2000 : 40, seen[2] = {0};
    scratch_init(&scratch);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    struct states states = {{model_state('a'), model_state('b')}, {NULL, NULL}};
    for (int i = 0; i < 2; i++)
        states.t[i] = table_make(states.m[i]);
    struct store *s = open_ok(scratch.store, STORE_OPEN_CREATE);
    double since = now_seconds();
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            load_into(s, model_state(i % 2 ? 'b' : 'a'), 1700000000, NULL, &scratch.diag), 0);
    /* kills fall anywhere in about three loads, however slow the machine is */
    unsigned window_us = 1000 + (unsigned)((now_seconds() - since) / 4 * 3e6);
    store_close(s);
    off_t before = file_size(scratch.store);
    s = open_ok(scratch.store, STORE_OPEN_READ);
    for (unsigned i = 0; i < kills; i++) {
        pid_t pid = fork();
        if (pid == 0)
            child_load_forever(scratch.store, &states, i, ready[1]);
        char c;
        assert_int_equal(read(ready[0], &c, 1), 1);
        sleep_some((unsigned)(random_next(&seed) % window_us));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        struct store_reader *r;
        assert_int_equal(store_reader_new(s, &r), 0);
        seen[state_whole(r) - 'a']++;
        store_reader_free(r);
    }
    unsigned long long loads = meta_of(s).data;
    printf("%u kills, %llu loads; %u times a, %u times b; %lld then %lld bytes\n", kills, loads,
           seen[0], seen[1], (long long)before, (long long)file_size(scratch.store));
    assert_true(loads > 4 + kills / 6 && seen[0] > 0 && seen[1] > 0); /* else nothing was tried */
    assert_true(file_size(scratch.store) <= before * 2);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        table_free(states.t[i]);
        model_free(states.m[i]);
    }
    store_close(s);
    scratch_done(&scratch);
}

static void killed_readers_slots_are_cleared(void **state)
{
    (void)state;
    struct scratch scratch;
    enum { READERS = 10 };
    pid_t pids[READERS];
    int ready[2];
    scratch_init(&scratch);
    load_small(scratch.store, 1700000000);
    assert_int_equal(pipe(ready), 0);
    for (int i = 0; i < READERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct store *s;
            struct store_reader *r;
            struct store_meta meta;
            CHILD_CHECK(store_open(scratch.store, STORE_OPEN_READ, &s, NULL) == 0);
            CHILD_CHECK(store_reader_new(s, &r) == 0 && store_read_begin(r, &meta) == 0);
            CHILD_CHECK(write(ready[1], "x", 1) == 1);
            pause();
        }
    }
    for (int i = 0; i < READERS; i++) {
        char c;
        assert_int_equal(read(ready[0], &c, 1), 1);
    }
    struct store *s = open_ok(scratch.store, STORE_OPEN_CREATE);
    assert_int_equal(store_clear_dead_readers(s), 0); /* they live */
    for (int i = 0; i < READERS; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    assert_int_equal(store_clear_dead_readers(s), READERS);
    assert_int_equal(store_clear_dead_readers(s), 0);
    store_close(s);
    close(ready[0]);
    close(ready[1]);
    scratch_done(&scratch);
}

/* A reader killed inside its transaction pins old pages only until the next load. */
static void killed_reader_leaks_no_space(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store *s = open_ok(scratch.store, STORE_OPEN_CREATE);
    off_t settled = 0;
    for (int i = 0; i < 24; i++) {
        assert_int_equal(
            load_into(s, model_state(i % 2 ? 'b' : 'a'), 1700000000, NULL, &scratch.diag), 0);
        if (i == 8)
            settled = file_size(scratch.store);
        if (i < 4)
            continue;
        int ready[2];
        char c;
        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct store *mine;
            struct store_reader *r;
            struct store_meta meta;
            CHILD_CHECK(store_open(scratch.store, STORE_OPEN_READ, &mine, NULL) == 0);
            CHILD_CHECK(store_reader_new(mine, &r) == 0 && store_read_begin(r, &meta) == 0);
            CHILD_CHECK(write(ready[1], "x", 1) == 1);
            pause();
        }
        assert_int_equal(read(ready[0], &c, 1), 1);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(ready[0]);
        close(ready[1]);
    }
    printf("%lld then %lld bytes\n", (long long)settled, (long long)file_size(scratch.store));
    assert_true(file_size(scratch.store) <= settled * 5 / 4);
    store_close(s);
    scratch_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_loader_leaves_a_or_b_and_no_leak),
        cmocka_unit_test(killed_readers_slots_are_cleared),
        cmocka_unit_test(killed_reader_leaks_no_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
