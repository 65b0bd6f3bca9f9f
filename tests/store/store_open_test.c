/* Opening: what is refused, and that the message says what to do. */
#include "store_support.h"

#include <sys/file.h>

static int open_error(const char *dir, enum store_open_mode mode, struct diag *diag)
{
    struct store *s = NULL;
    memset(diag, 0, sizeof *diag);
    int err = store_open(dir, mode, &s, diag);
    if (err == 0)
        store_close(s);
    else
        assert_null(s);
    return err;
}

#define assert_says(diag, text)                                                                    \
    do {                                                                                           \
        if (!strstr((diag).message, text))                                                         \
            fail_msg("\"%s\" does not say \"%s\"", (diag).message, text);                          \
    } while (0)

static int setup(void **state)
{
    struct scratch *s = calloc(1, sizeof *s);
    scratch_init(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    scratch_done(*state);
    free(*state);
    return 0;
}

static void missing_directory(void **state)
{
    struct scratch *s = *state;
    assert_int_equal(open_error(s->store, STORE_OPEN_READ, &s->diag), -ENOENT);
    assert_says(s->diag, s->store);
    assert_says(s->diag, "ptrctl load");
    char deep[120];
    snprintf(deep, sizeof deep, "%s/a/b", s->dir);
    assert_int_equal(open_error(deep, STORE_OPEN_CREATE, &s->diag), -ENOENT);
    assert_says(s->diag, deep);
}

static void nothing_loaded_yet(void **state)
{
    struct scratch *s = *state;
    assert_int_equal(open_error(s->dir, STORE_OPEN_READ, &s->diag), -ENOENT);
    assert_says(s->diag, "ptrctl load FILE --db");
    /* a loader made the environment and was stopped before its commit */
    store_close(open_ok(s->store, STORE_OPEN_CREATE));
    assert_int_equal(open_error(s->store, STORE_OPEN_READ, &s->diag), -ENOENT);
    assert_says(s->diag, "ptrctl load FILE --db");
}

static void empty_store_opened_for_creating_reads_as_empty(void **state)
{
    struct scratch *s = *state;
    struct store *store = open_ok(s->store, STORE_OPEN_CREATE);
    struct store_meta meta = meta_of(store);
    assert_int_equal(meta.format, STORE_FORMAT);
    assert_int_equal(meta.next_zone_id, 1);
    assert_int_equal(meta.data, 0);
    struct store_reader *r;
    struct span key, value;
    assert_int_equal(store_reader_new(store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(store_get(r, STORE_PTRS, span_text("x"), &value), PTRD_ABSENT);
    assert_int_equal(store_seek(r, STORE_PTRS, span_text("x"), &key, &value), PTRD_ABSENT);
    assert_int_equal(count_rows(r, STORE_ZONES), 0);
    store_read_end(r);
    /* another process loads: seen at the next request */
    pid_t pid = fork();
    if (pid == 0) {
        load_small(s->store, 1700000000);
        _exit(0);
    }
    child_ok(pid);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(meta.data, 1);
    assert_int_equal(count_rows(r, STORE_ZONES), 4);
    store_reader_free(r);
    store_close(store);
}

static void no_store(void **state)
{
    struct scratch *s = *state;
    char path[160];
    run("mkdir -m 755 -- %s", s->store);
    run("head -c 100000 /dev/urandom >%s", path_in(s->store, "data.mdb", path));
    assert_int_equal(open_error(s->store, STORE_OPEN_READ, &s->diag), PTRD_ECORRUPT);
    assert_says(s->diag, path);
    assert_int_equal(open_error(s->store, STORE_OPEN_CREATE, &s->diag), PTRD_ECORRUPT);
    run("printf hello >%s", path);
    assert_int_equal(open_error(s->store, STORE_OPEN_READ, &s->diag), PTRD_ECORRUPT);
    assert_int_equal(open_error(s->store, STORE_OPEN_CREATE, &s->diag), PTRD_ECORRUPT);
    assert_int_equal(open_error(path, STORE_OPEN_READ, &s->diag), -ENOTDIR);
    assert_says(s->diag, "not a directory");
}

static void truncated_store(void **state)
{
    struct scratch *s = *state;
    char path[160];
    struct stat st;
    load_small(s->store, 1700000000);
    assert_int_equal(stat(path_in(s->store, "data.mdb", path), &st), 0);
    for (off_t size = st.st_size - 1; size > 0; size = size > 4096 ? size - 4096 : size / 2) {
        assert_int_equal(truncate(path, size), 0);
        assert_int_equal(open_error(s->store, STORE_OPEN_READ, &s->diag), PTRD_ECORRUPT);
        assert_says(s->diag, "truncated");
        assert_int_equal(open_error(s->store, STORE_OPEN_CREATE, &s->diag), PTRD_ECORRUPT);
    }
}

static void truncated_while_open(void **state)
{
    struct scratch *s = *state;
    char path[160];
    struct stat st;
    load_small(s->store, 1700000000);
    assert_int_equal(stat(path_in(s->store, "data.mdb", path), &st), 0);
    run("cp -- %s %s", path, s->other);
    struct store *store = open_ok(s->store, STORE_OPEN_READ);
    struct store_reader *r;
    struct store_meta meta;
    assert_int_equal(store_reader_new(store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    store_read_end(r);
    assert_int_equal(truncate(path, st.st_size - 4096), 0);
    assert_int_equal(store_read_begin(r, &meta), PTRD_ECORRUPT);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(store_read_begin(r, &meta), PTRD_ECORRUPT);
    run("cat %s >%s", s->other, path); /* restored in place: answers again */
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(meta.data, 1);
    store_reader_free(r);
    store_close(store);
}

/* A loader killed between its commit and the extension of the file left its mark: no truncation. */
static void unwritten_free_pages_are_no_truncation(void **state)
{
    struct scratch *s = *state;
    char path[160], lock[160];
    struct stat st;
    load_small(s->store, 1700000000);
    struct store *reader = open_ok(s->store, STORE_OPEN_READ);
    assert_int_equal(stat(path_in(s->store, "data.mdb", path), &st), 0);
    path_in(s->store, "writer.lock", lock);
    for (int i = 0; i < 2; i++) { /* found at opening, then by an open reader */
        /* the last page of the file is a page of a table, but nothing here reads it */
        assert_int_equal(truncate(path, st.st_size - 1), 0);
        run("echo 12345 committing >%s", lock);
        if (i == 0)
            store_close(open_ok(s->store, STORE_OPEN_READ));
        else
            assert_int_equal(meta_of(reader).data, 1);
        struct stat now;
        assert_int_equal(stat(path, &now), 0);
        assert_int_equal(now.st_size, st.st_size);
    }
    store_close(reader);
}

/* A commit makes the file longer after its pages are visible: who looks in between waits. */
static void a_commit_between_its_two_steps_is_waited_for(void **state)
{
    struct scratch *s = *state;
    char path[160], lock[160], tail[4096];
    struct stat st;
    load_small(s->store, 1700000000);
    struct store *reader = open_ok(s->store, STORE_OPEN_READ);
    assert_int_equal(stat(path_in(s->store, "data.mdb", path), &st), 0);
    path_in(s->store, "writer.lock", lock);
    for (int i = 0; i < 2; i++) { /* an open reader, then at opening */
        int ready[2];
        char c;
        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();
        if (pid == 0) {
            int held = open(lock, O_RDWR), data = open(path, O_RDWR);
            CHILD_CHECK(held >= 0 && data >= 0 && flock(held, LOCK_EX) == 0);
            CHILD_CHECK(pread(data, tail, sizeof tail, st.st_size - 4096) == 4096);
            CHILD_CHECK(ftruncate(data, st.st_size - 4096) == 0);
            CHILD_CHECK(write(ready[1], "x", 1) == 1);
            sleep_some(60000);
            CHILD_CHECK(pwrite(data, tail, sizeof tail, st.st_size - 4096) == 4096);
            sleep_some(400000); /* the lock is held on */
            _exit(0);
        }
        assert_int_equal(read(ready[0], &c, 1), 1);
        if (i == 0)
            assert_int_equal(meta_of(reader).data, 1);
        else
            store_close(open_ok(s->store, STORE_OPEN_READ));
        child_ok(pid);
        close(ready[0]);
        close(ready[1]);
    }
    store_close(reader);
}

/* Changes the format number of the stored meta record, in the file. */
static void patch_format(const char *path, uint8_t format)
{
    static const uint8_t before[] = {'m', 'e', 't', 'a', 0, 0, 0, STORE_FORMAT};
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    uint8_t *bytes = malloc((size_t)st.st_size);
    assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
    unsigned hits = 0;
    for (off_t i = 0; i + 8 <= st.st_size; i++) {
        if (memcmp(bytes + i, before, 8) == 0) {
            assert_int_equal(pwrite(fd, &format, 1, i + 7), 1);
            hits++;
        }
    }
    assert_true(hits > 0);
    free(bytes);
    close(fd);
}

static void newer_store(void **state)
{
    struct scratch *s = *state;
    char path[160];
    load_small(s->store, 1700000000);
    struct store *store = open_ok(s->store, STORE_OPEN_CREATE);
    struct store_writer *w;
    struct store_meta meta;
    patch_format(path_in(s->store, "data.mdb", path), 7);
    /* under a running process */
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s->diag), PTRD_EVERSION);
    assert_says(s->diag, "newer");
    struct store_reader *r;
    assert_int_equal(store_reader_new(store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), PTRD_EVERSION);
    store_reader_free(r);
    store_close(store);
    for (int mode = STORE_OPEN_READ; mode <= STORE_OPEN_CREATE; mode++) {
        assert_int_equal(open_error(s->store, (enum store_open_mode)mode, &s->diag), PTRD_EVERSION);
        assert_says(s->diag, "format 7");
        assert_says(s->diag, "up to 3");
    }
}

/* Nothing of what the small configuration holds is of a later format but the number. */
static void older_store_is_read_and_becomes_ours_by_a_write(void **state)
{
    struct scratch *s = *state;
    char path[160];
    struct store_writer *w;
    struct store_reader *r;
    struct store_meta meta;
    load_small(s->store, 1700000000);
    patch_format(path_in(s->store, "data.mdb", path), 1);
    for (int mode = STORE_OPEN_READ; mode <= STORE_OPEN_CREATE; mode++) {
        struct store *store = open_ok(s->store, (enum store_open_mode)mode);
        assert_int_equal(store_reader_new(store, &r), 0);
        assert_int_equal(store_read_begin(r, &meta), 0);
        assert_int_equal(meta.format, 1);
        assert_int_equal(count_rows(r, STORE_ZONES), 4);
        assert_int_equal(count_rows(r, STORE_PTRS), 1);
        for (int t = STORE_ABOVE; t < STORE_TABLES; t++)
            assert_int_equal(count_rows(r, (enum store_table)t), 0);
        store_reader_free(r);
        store_close(store);
    }
    struct store *store = open_ok(s->store, STORE_OPEN_CREATE);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s->diag), 0);
    assert_int_equal(store_put(w, STORE_CUTS, span_text("x"), span_text("\1")), 0);
    store_write_abort(w); /* an attempt changes nothing */
    assert_int_equal(meta_of(store).format, 1);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s->diag), 0);
    assert_int_equal(store_write_commit(w, &meta, &s->diag), 0);
    assert_int_equal(meta_of(store).format, STORE_FORMAT);
    store_close(store);
}

static void may_write_what_exists(void **state)
{
    struct scratch *s = *state;
    struct store_writer *w;
    struct store_meta meta;
    assert_int_equal(open_error(s->store, STORE_OPEN_WRITE, &s->diag), -ENOENT);
    assert_says(s->diag, "ptrctl load");
    assert_int_equal(open_error(s->dir, STORE_OPEN_WRITE, &s->diag), -ENOENT);
    load_small(s->store, 1700000000);
    struct store *store = open_ok(s->store, STORE_OPEN_WRITE);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s->diag), 0);
    meta.data = 4711;
    assert_int_equal(store_write_commit(w, &meta, &s->diag), 0);
    assert_int_equal(meta_of(store).data, 4711);
    store_close(store);
}

/* A user who may only read data.mdb gets answers; an edit is refused with the reason. */
static void without_permission_only_writing_is_refused(void **state)
{
    struct scratch *s = *state;
    char path[160];
    if (geteuid() != 0)
        skip();
    load_small(s->store, 1700000000);
    run("chmod 755 %s %s && chmod 644 %s && chmod 666 %s/lock.mdb %s/writer.lock", s->dir, s->store,
        path_in(s->store, "data.mdb", path), s->store, s->store);
    pid_t pid = fork();
    if (pid == 0) {
        struct diag diag = {0};
        struct store *store;
        struct store_reader *r;
        struct store_writer *w;
        struct store_meta meta;
        CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
        CHILD_CHECK(store_open(s->store, STORE_OPEN_WRITE, &store, &diag) == 0);
        CHILD_CHECK(store_reader_new(store, &r) == 0);
        CHILD_CHECK(store_read_begin(r, &meta) == 0 && meta.data == 1);
        store_read_end(r);
        CHILD_CHECK(store_write_begin(store, 0, &w, &meta, &diag) == -EACCES);
        CHILD_CHECK(strstr(diag.message, "data.mdb") && strstr(diag.message, "65534"));
        CHILD_CHECK(store_read_begin(r, &meta) == 0);
        store_reader_free(r);
        store_close(store);
        _exit(0);
    }
    child_ok(pid);
}

static void no_permission(void **state)
{
    struct scratch *s = *state;
    char path[160];
    load_small(s->store, 1700000000);
    assert_int_equal(chmod(s->dir, 0755), 0);
    assert_int_equal(chmod(s->store, 0755), 0);
    assert_int_equal(chmod(path_in(s->store, "lock.mdb", path), 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct diag diag = {0};
        struct store *store;
        if (geteuid() == 0)
            CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
        else
            CHILD_CHECK(chmod(path, 0) == 0);
        int err = store_open(s->store, STORE_OPEN_READ, &store, &diag);
        CHILD_CHECK(err == -EACCES && strstr(diag.message, s->store));
        _exit(0);
    }
    child_ok(pid);
}

static void reader_may_not_write(void **state)
{
    struct scratch *s = *state;
    struct store_writer *w;
    struct store_meta meta;
    load_small(s->store, 1700000000);
    struct store *store = open_ok(s->store, STORE_OPEN_READ);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s->diag), -EROFS);
    store_close(store);
}

static void modes_of_files(void **state)
{
    struct scratch *s = *state;
    char path[160];
    struct stat st;
    static const mode_t masks[] = {022, 077, 0};
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    mode_t before = umask(0);
    for (unsigned i = 0; i < 3; i++) {
        umask(masks[i]);
        load_small(s->store, 1700000000);
        for (unsigned k = 0; k < 3; k++) {
            assert_int_equal(stat(path_in(s->store, files[k], path), &st), 0);
            assert_int_equal(st.st_mode & 0777, k == 0 ? 0640 : 0660);
        }
        run("rm -r -- %s", s->store);
    }
    umask(before);
}

/* /var/lib/ptrd is the service's; a load by root must not lock it out. */
static void a_load_by_root_gives_the_files_to_the_directory_s_owner(void **state)
{
    struct scratch *s = *state;
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    char path[160];
    struct stat st;
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(s->store, 0750), 0);
    assert_int_equal(chown(s->store, 65534, 65533), 0);
    load_small(s->store, 1700000000);
    for (unsigned k = 0; k < 3; k++) {
        assert_int_equal(stat(path_in(s->store, files[k], path), &st), 0);
        assert_int_equal(st.st_uid, 65534);
        assert_int_equal(st.st_gid, 65533);
    }
    assert_int_equal(chown(path_in(s->store, "data.mdb", path), 4711, 65533), 0);
    load_small(s->store, 1700000001); /* what was there stays as it is */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 4711);
}

/* LMDB writes it through a map: a hole in it is SIGBUS on a full disk. */
static void lock_file_has_no_holes(void **state)
{
    struct scratch *s = *state;
    char path[160];
    struct stat st;
    load_small(s->store, 1700000000);
    assert_int_equal(stat(path_in(s->store, "lock.mdb", path), &st), 0);
    assert_true(st.st_size >= (off_t)STORE_READERS_MAX * 64);
    assert_true((off_t)st.st_blocks * 512 >= st.st_size);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(missing_directory),
        TEST(nothing_loaded_yet),
        TEST(empty_store_opened_for_creating_reads_as_empty),
        TEST(no_store),
        TEST(truncated_store),
        TEST(truncated_while_open),
        TEST(unwritten_free_pages_are_no_truncation),
        TEST(a_commit_between_its_two_steps_is_waited_for),
        TEST(newer_store),
        TEST(older_store_is_read_and_becomes_ours_by_a_write),
        TEST(may_write_what_exists),
        TEST(without_permission_only_writing_is_refused),
        TEST(no_permission),
        TEST(reader_may_not_write),
        TEST(modes_of_files),
        TEST(a_load_by_root_gives_the_files_to_the_directory_s_owner),
        TEST(lock_file_has_no_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
