/* One writer at a time; the refused one learns who it is. A full disk. */
#include "store_support.h"
#include <sys/resource.h>

static void second_writer_is_refused_with_the_pid(void **state)
{
    (void)state;
    struct scratch s;
    int ready[2], go[2];
    char c, pid_text[32];
    scratch_init(&s);
    load_small(s.store, 1700000000);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct store *store;
        struct store_writer *w;
        struct store_meta meta;
        CHILD_CHECK(store_open(s.store, STORE_OPEN_CREATE, &store, NULL) == 0);
        CHILD_CHECK(store_write_begin(store, 0, &w, &meta, NULL) == 0);
        CHILD_CHECK(write(ready[1], "x", 1) == 1);
        CHILD_CHECK(read(go[0], &c, 1) == 1);
        sleep_some(300000);
        meta.contact_s = 4711;
        CHILD_CHECK(store_write_commit(w, &meta, NULL) == 0);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    /* opening for writing does not wait for the writer */
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    struct load_report report;
    double before = now_seconds();
    assert_int_equal(load_into(store, model_small(), 1700000100, &report, &s.diag), PTRD_EBUSY);
    assert_true(now_seconds() - before < 0.2);
    snprintf(pid_text, sizeof pid_text, "process %ld", (long)pid);
    assert_non_null(strstr(s.diag.message, pid_text));
    struct store_writer *w;
    struct store_meta meta;
    before = now_seconds();
    assert_int_equal(store_write_begin(store, 150, &w, &meta, &s.diag), PTRD_EBUSY);
    assert_true(now_seconds() - before >= 0.15);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(store_write_begin(store, 5000, &w, &meta, &s.diag), 0);
    assert_int_equal(meta.contact_s, 4711); /* it waited for that commit */
    /* one a process too */
    struct store_writer *second;
    assert_int_equal(store_write_begin(store, 0, &second, &meta, &s.diag), PTRD_EBUSY);
    store_write_abort(w);
    child_ok(pid);
    store_close(store);
    scratch_done(&s);
}

static struct model *model_large(unsigned count)
{
    struct model *m = model_small();
    for (unsigned i = 0; i < count; i++) {
        char text[64], addr[64];
        snprintf(addr, sizeof addr, "2001:db8::%x:%x", i / 65536 + 1, i % 65536);
        snprintf(text, sizeof text, "host-%u.elsewhere.example", i);
        put_ptr(m, addr, text, 60, FORWARD_UNSAID);
    }
    return m;
}

/* RLIMIT_FSIZE stands for a full disk: writes fail with EFBIG. */
static void full_disk_keeps_the_old_data(void **state)
{
    (void)state;
    struct scratch s;
    scratch_init(&s);
    load_small(s.store, 1700000000);
    char path[160];
    struct stat before, after;
    assert_int_equal(stat(path_in(s.store, "data.mdb", path), &before), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct diag diag = {0};
        struct store *store;
        struct load_report report;
        struct rlimit limit = {.rlim_cur = 256 * 1024, .rlim_max = RLIM_INFINITY};
        signal(SIGXFSZ, SIG_IGN);
        struct model *m = model_large(20000);
        struct table *t = table_make(m);
        CHILD_CHECK(store_open(s.store, STORE_OPEN_CREATE, &store, NULL) == 0);
        CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        int err = load_model(store, m, t, 1700000100, 0, NULL, NULL, &report, &diag);
        CHILD_CHECK(err < 0 && strstr(diag.message, "old data stay"));
        /* what was written until then is given back */
        CHILD_CHECK(stat(path_in(s.store, "data.mdb", path), &after) == 0);
        CHILD_CHECK(after.st_size == before.st_size);
        /* there is room again: the same process goes on */
        limit.rlim_cur = RLIM_INFINITY;
        CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        struct store_reader *r;
        struct store_meta meta;
        CHILD_CHECK(store_reader_new(store, &r) == 0 && store_read_begin(r, &meta) == 0);
        CHILD_CHECK(meta.data == 1);
        store_read_end(r);
        err = load_model(store, m, t, 1700000200, 0, NULL, NULL, &report, &diag);
        CHILD_CHECK(err == 0 && store_read_begin(r, &meta) == 0 && meta.data == 2);
        _exit(0);
    }
    child_ok(pid);
    struct store *store = open_ok(s.store, STORE_OPEN_READ);
    assert_int_equal(meta_of(store).data, 2);
    store_close(store);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_writer_is_refused_with_the_pid),
        cmocka_unit_test(full_disk_keeps_the_old_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
