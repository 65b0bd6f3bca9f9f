/* Readers that look at the directory only now and then: what they must see all the same. */
#include "store_support.h"

#define LONG_US 60000000u /* no second look within the test */

struct fixture {
    struct scratch scratch;
    struct store *store;
    struct store_reader *reader;
};

static struct store_meta begin_ok(struct fixture *f)
{
    struct store_meta meta;
    int err = store_read_begin(f->reader, &meta);
    if (err)
        fail_msg("store_read_begin: %d %s", err, ptrd_strerror(err));
    store_read_end(f->reader);
    return meta;
}

/* A store with a generation of its data that tells it from others. */
static void make_store(const char *dir, uint64_t data)
{
    struct store *s = open_ok(dir, STORE_OPEN_CREATE);
    struct store_writer *w;
    struct store_meta meta;
    struct diag diag = {0};
    assert_int_equal(store_write_begin(s, 0, &w, &meta, &diag), 0);
    meta.data = data;
    assert_int_equal(store_write_commit(w, &meta, &diag), 0);
    store_close(s);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    scratch_init(&f->scratch);
    make_store(f->scratch.store, 1);
    make_store(f->scratch.other, 100);
    f->store = open_ok(f->scratch.store, STORE_OPEN_WRITE);
    assert_int_equal(store_reader_new(f->store, &f->reader), 0);
    store_reader_lag(f->reader, LONG_US);
    assert_int_equal(begin_ok(f).data, 1);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_reader_free(f->reader);
    store_close(f->store);
    scratch_done(&f->scratch);
    free(f);
    return 0;
}

/* About a megabyte of explicit PTRs, several times the file's length so far. */
static void write_rows(struct store *s)
{
    static const uint8_t names[] = "\x07hosting\x08customer\x07"
                                   "example";
    struct store_writer *w;
    struct store_meta meta;
    struct store_buf key = {0}, value = {0};
    struct diag diag = {0};
    assert_int_equal(store_write_begin(s, 0, &w, &meta, &diag), 0);
    for (unsigned i = 0; i < 20000; i++) {
        struct addr addr = {.family = FAMILY_IPV4, .num = 0x0a000000 + i};
        struct store_ptr ptr = {.ttl_s = 300, .count = 1, .names = {names, sizeof names}};
        assert_int_equal(store_key_addr(&addr, &key), 0);
        assert_int_equal(store_write_ptr(&ptr, &value), 0);
        assert_int_equal(store_put(w, STORE_PTRS, span_buf(&key), span_buf(&value)), 0);
    }
    meta.data++;
    assert_int_equal(store_write_commit(w, &meta, &diag), 0);
    store_buf_done(&key);
    store_buf_done(&value);
}

static off_t data_size(const struct fixture *f)
{
    char path[160];
    struct stat st;
    assert_int_equal(stat(path_in(f->scratch.store, "data.mdb", path), &st), 0);
    return st.st_size;
}

/* The length known from the last look is too short for the new last page: no sign of truncation. */
static void a_file_that_grew_since_the_last_look_is_whole(void **state)
{
    struct fixture *f = *state;
    off_t before = data_size(f);
    write_rows(f->store);
    assert_true(data_size(f) > 2 * before);
    assert_int_equal(begin_ok(f).data, 2);
    assert_int_equal(begin_ok(f).data, 2);
}

static void changes_are_seen_at_the_next_begin(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 2; i < 10; i++) {
        write_rows(f->store);
        assert_int_equal(begin_ok(f).data, i);
    }
}

static void swap_dirs(const struct fixture *f)
{
    run("cd %s && mv db third && mv other db && mv third other", f->scratch.dir);
}

static void a_replaced_directory_is_seen_after_the_lag(void **state)
{
    struct fixture *f = *state;
    swap_dirs(f);
    assert_int_equal(begin_ok(f).data, 1);
    store_reader_lag(f->reader, 0);
    assert_int_equal(begin_ok(f).data, 100);
    store_reader_lag(f->reader, 1000);
    assert_int_equal(begin_ok(f).data, 100);
    swap_dirs(f);
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(begin_ok(f).data, 1);
}

static void a_store_that_fails_is_looked_at_each_time(void **state)
{
    struct fixture *f = *state;
    struct store_meta meta;
    run("mv %s %s/away", f->scratch.store, f->scratch.dir);
    store_reader_lag(f->reader, 0);
    assert_int_equal(store_read_begin(f->reader, &meta), -ENOENT);
    store_reader_lag(f->reader, LONG_US);
    assert_int_equal(store_read_begin(f->reader, &meta), -ENOENT);
    run("mv %s/away %s", f->scratch.dir, f->scratch.store);
    assert_int_equal(begin_ok(f).data, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_that_grew_since_the_last_look_is_whole, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(changes_are_seen_at_the_next_begin, setup, teardown),
        cmocka_unit_test_setup_teardown(a_replaced_directory_is_seen_after_the_lag, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_store_that_fails_is_looked_at_each_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
