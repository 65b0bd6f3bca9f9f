/* Another store at the same path: seen at the next request of every process; errors are for that
 * request only; the lock file is never shared by two data files. */
#include "store_support.h"

struct fixture {
    struct scratch scratch;
    struct store *store;
    struct store_reader *reader;
};

/* A store with the one zone. */
static void make_store(const char *dir, const char *zone)
{
    struct store *s = open_ok(dir, STORE_OPEN_CREATE);
    struct model *m = model_make();
    struct diag diag = {0};
    put_zone(m, zone);
    if (load_into(s, m, 1700000000, NULL, &diag))
        fail_msg("%s", diag.message);
    store_close(s);
}

static bool has_zone(struct store_reader *r, const char *zone)
{
    struct store_buf key = {0};
    struct span value;
    struct name name = name_of(zone);
    assert_int_equal(store_key_name(&name, &key), 0);
    int found = store_get(r, STORE_ZONES, span_buf(&key), &value);
    store_buf_done(&key);
    assert_true(found >= 0);
    return found == PTRD_FOUND;
}

static bool sees(struct fixture *f, const char *zone)
{
    struct store_meta meta;
    int err = store_read_begin(f->reader, &meta);
    if (err)
        fail_msg("store_read_begin: %d %s", err, ptrd_strerror(err));
    bool found = has_zone(f->reader, zone);
    store_read_end(f->reader);
    return found;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    scratch_init(&f->scratch);
    make_store(f->scratch.store, "old.example");
    make_store(f->scratch.other, "new.example");
    f->store = open_ok(f->scratch.store, STORE_OPEN_READ);
    assert_int_equal(store_reader_new(f->store, &f->reader), 0);
    assert_true(sees(f, "old.example"));
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

static void swap_dirs(struct fixture *f)
{
    run("cd %s && mv db third && mv other db && mv third other", f->scratch.dir);
}

static void replaced_directory_is_seen_at_the_next_begin(void **state)
{
    struct fixture *f = *state;
    uint64_t before = store_reader_environment(f->reader);
    swap_dirs(f);
    assert_true(sees(f, "new.example"));
    assert_false(sees(f, "old.example"));
    assert_int_not_equal(store_reader_environment(f->reader), before);
    /* and back, again and again: no environment is opened twice or leaked */
    for (int i = 0; i < 50; i++) {
        swap_dirs(f);
        assert_true(sees(f, i % 2 ? "new.example" : "old.example"));
    }
}

/* An exchange between two looks at the path mixes up no files, and fails no request. */
static void directories_exchanged_all_the_time(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork();
    if (pid == 0) {
        for (;;) {
            CHILD_CHECK(renameat2(AT_FDCWD, f->scratch.store, AT_FDCWD, f->scratch.other,
                                  RENAME_EXCHANGE) == 0);
            sleep_some((unsigned)(getpid() % 7) * 10);
        }
    }
    unsigned changes = 0, asked = 0;
    bool old = true;
    for (double end = now_seconds() + 1; now_seconds() < end; asked++) {
        struct store_meta meta;
        assert_int_equal(store_read_begin(f->reader, &meta), 0);
        bool now = has_zone(f->reader, "old.example");
        assert_true(has_zone(f->reader, "new.example") != now);
        store_read_end(f->reader);
        changes += now != old;
        old = now;
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(changes > 10);
}

static void running_transaction_keeps_the_old_store(void **state)
{
    struct fixture *f = *state;
    struct store_meta meta;
    struct store_reader *second;
    assert_int_equal(store_reader_new(f->store, &second), 0);
    assert_int_equal(store_read_begin(second, &meta), 0);
    swap_dirs(f);
    assert_true(sees(f, "new.example"));
    assert_true(has_zone(second, "old.example"));
    assert_int_not_equal(store_reader_environment(second), store_reader_environment(f->reader));
    store_read_end(second);
    assert_int_equal(store_read_begin(second, &meta), 0);
    assert_true(has_zone(second, "new.example"));
    assert_int_equal(store_reader_environment(second), store_reader_environment(f->reader));
    store_reader_free(second);
}

static void missing_store_is_an_error_for_that_request(void **state)
{
    struct fixture *f = *state;
    struct store_meta meta;
    run("cd %s && mv db away", f->scratch.dir);
    assert_int_equal(store_read_begin(f->reader, &meta), -ENOENT);
    assert_int_equal(store_read_begin(f->reader, &meta), -ENOENT);
    run("cd %s && mv other db", f->scratch.dir);
    assert_true(sees(f, "new.example"));
    run("cd %s && rm -r db && mv away db", f->scratch.dir);
    assert_true(sees(f, "old.example"));
}

static void truncated_new_store_is_an_error_until_repaired(void **state)
{
    struct fixture *f = *state;
    struct store_meta meta;
    run("cd %s && cp -r other good && truncate -s 8192 other/data.mdb", f->scratch.dir);
    swap_dirs(f);
    assert_int_equal(store_read_begin(f->reader, &meta), PTRD_ECORRUPT);
    assert_int_equal(store_read_begin(f->reader, &meta), PTRD_ECORRUPT);
    run("cd %s && rm -r db && mv good db", f->scratch.dir);
    assert_true(sees(f, "new.example"));
}

static void data_file_replaced_alone(void **state)
{
    struct fixture *f = *state;
    run("cd %s && mv other/data.mdb db/data.mdb", f->scratch.dir);
    assert_true(sees(f, "new.example"));
    /* a process that starts now, and a writer, agree with it */
    pid_t pid = fork();
    if (pid == 0) {
        make_store(f->scratch.store, "third.example");
        _exit(0);
    }
    child_ok(pid);
    assert_true(sees(f, "third.example"));
    assert_false(sees(f, "new.example"));
}

/* The lock file of another data file, found by a process that has neither open. */
static void foreign_lock_file_is_replaced(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++) /* so that the two numbers of the last transaction differ */
        make_store(f->scratch.other, i % 2 ? "x.example" : "y.example");
    run("cd %s && cp other/data.mdb db/new && mv db/new db/data.mdb", f->scratch.dir);
    pid_t pid = fork(); /* our old environment still holds lock.mdb */
    if (pid == 0) {
        struct store *s;
        struct store_reader *r;
        struct store_meta meta;
        CHILD_CHECK(store_open(f->scratch.store, STORE_OPEN_READ, &s, NULL) == 0);
        CHILD_CHECK(store_reader_new(s, &r) == 0);
        CHILD_CHECK(store_read_begin(r, &meta) == 0);
        CHILD_CHECK(has_zone(r, "y.example"));
        _exit(0);
    }
    child_ok(pid);
    assert_true(sees(f, "y.example"));
    pid = fork();
    if (pid == 0) {
        make_store(f->scratch.store, "z.example");
        _exit(0);
    }
    child_ok(pid);
    assert_true(sees(f, "z.example"));
}

static void deleted_lock_file_is_noticed(void **state)
{
    struct fixture *f = *state;
    uint64_t before = store_reader_environment(f->reader);
    run("rm %s/lock.mdb", f->scratch.store);
    assert_true(sees(f, "old.example"));
    /* registered in the new lock file, where writers look for readers */
    assert_int_not_equal(store_reader_environment(f->reader), before);
    pid_t pid = fork();
    if (pid == 0) {
        make_store(f->scratch.store, "third.example");
        _exit(0);
    }
    child_ok(pid);
    assert_true(sees(f, "third.example"));
}

/* `cp backup/data.mdb DIR`: the same inode with older contents. The lock file then knows a later
 * transaction than the data file, and LMDB would read the copy's last but one. */
static void an_older_file_written_over_is_noticed(void **state)
{
    struct fixture *f = *state;
    static const char *const zones[] = {"a.example", "b.example", "c.example"};
    const char *db = f->scratch.store;
    for (unsigned i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (i == 2)
                run("cp %s/data.mdb %s/copy", db, f->scratch.dir);
            make_store(db, zones[i]);
            _exit(0);
        }
        child_ok(pid);
    }
    assert_true(sees(f, "c.example"));
    run("cp %s/copy %s/data.mdb", f->scratch.dir, db);
    assert_true(sees(f, "b.example"));
    assert_false(sees(f, "a.example"));
    assert_false(sees(f, "c.example"));
}

static void write_into_a_replaced_store_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_ok(f->scratch.other, STORE_OPEN_CREATE);
    struct store_writer *w;
    struct store_meta meta;
    assert_int_equal(store_write_begin(s, 0, &w, &meta, &f->scratch.diag), 0);
    swap_dirs(f);
    assert_int_equal(store_write_commit(w, &meta, &f->scratch.diag), PTRD_ECONFLICT);
    assert_non_null(strstr(f->scratch.diag.message, "replaced"));
    /* the next one goes to what is there now */
    assert_int_equal(store_write_begin(s, 0, &w, &meta, &f->scratch.diag), 0);
    store_write_abort(w);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replaced_directory_is_seen_at_the_next_begin),
        TEST(directories_exchanged_all_the_time),
        TEST(running_transaction_keeps_the_old_store),
        TEST(missing_store_is_an_error_for_that_request),
        TEST(truncated_new_store_is_an_error_until_repaired),
        TEST(data_file_replaced_alone),
        TEST(foreign_lock_file_is_replaced),
        TEST(deleted_lock_file_is_noticed),
        TEST(an_older_file_written_over_is_noticed),
        TEST(write_into_a_replaced_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
