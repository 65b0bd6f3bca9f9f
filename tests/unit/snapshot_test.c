/* snapshot.h: the transaction and its zone table, always as a pair. */
#include "support/loaded.h"

#include <pthread.h>
#include <stdatomic.h>

static const char one[] =
    "zones:\n  - name: isp.example\n    records:\n      - {name: a, type: TXT, content: one}\n"
    "  - prefix: 198.51.100.0/24\n"
    "blocks:\n  - {prefix: 198.51.100.0/24, name: 'one-{4}.isp.example'}\n";
static const char two[] =
    "zones:\n  - name: isp.example\n    records:\n      - {name: a, type: TXT, content: two}\n"
    "  - prefix: 198.51.100.0/24\n"
    "blocks:\n  - {prefix: 198.51.100.0/24, name: 'two-{4}.isp.example'}\n";
static const char two_b[] =
    "zones:\n  - name: isp.example\n    records:\n      - {name: a, type: TXT, content: b}\n"
    "  - prefix: 198.51.100.0/24\n"
    "blocks:\n  - {prefix: 198.51.100.0/24, name: 'two-{4}.isp.example'}\n";

/* The first row of a lookup as text. */
static void first(struct snapshot *s, const char *name, uint16_t type, char out[NAME_TEXT_SIZE])
{
    struct question q = {.type = type, .zone_id = -1};
    struct answer a;
    struct name target;
    answer_init(&a);
    assert_int_equal(name_parse(name, strlen(name), &q.name, NULL), 0);
    assert_int_equal(resolve(s, &q, &a), 0);
    strcpy(out, "nothing");
    if (a.count && a.rows[0].kind == ROW_TEXT)
        snprintf(out, NAME_TEXT_SIZE, "%.*s", (int)a.rows[0].bytes.len,
                 (const char *)a.rows[0].bytes.bytes);
    else if (a.count && name_from_wire(a.rows[0].bytes.bytes, a.rows[0].bytes.len, &target) == 0)
        name_print(&target, out);
    answer_done(&a);
}

static void test_a_load_is_seen_by_the_next_begin(void **state)
{
    struct loaded where;
    struct engine *e;
    struct snapshot s;
    struct diag diag = {.file = NULL};
    char text[NAME_TEXT_SIZE];
    (void)state;
    loaded_make(&where);
    loaded_load(&where, one, 1000);
    assert_int_equal(engine_open(where.dir, &e, &diag), 0);
    assert_int_equal(snapshot_init(&s, e), 0);
    assert_int_equal(snapshot_begin(&s), 0);
    const struct table *before = s.table;
    uint64_t structure = s.meta.structure;
    snapshot_end(&s);
    assert_null(s.table);
    assert_int_equal(snapshot_begin(&s), 0);
    assert_ptr_equal(s.table, before); /* nothing has changed */
    snapshot_end(&s);
    loaded_load_elsewhere(&where, two, 2000);
    assert_int_equal(snapshot_begin(&s), 0);
    assert_true(s.meta.structure > structure);
    first(&s, "7.100.51.198.in-addr.arpa", RRTYPE_PTR, text);
    assert_string_equal(text, "two-7.isp.example");
    before = s.table;
    structure = s.meta.structure;
    snapshot_end(&s);
    loaded_load_elsewhere(&where, two_b, 3000); /* data only: the table stays */
    assert_int_equal(snapshot_begin(&s), 0);
    assert_ptr_equal(s.table, before);
    assert_true(s.meta.structure == structure);
    first(&s, "a.isp.example", RRTYPE_TXT, text);
    assert_string_equal(text, "\"b\"");
    snapshot_end(&s);
    snapshot_done(&s);
    engine_close(e);
    engine_close(NULL);
    loaded_remove(&where);
}

static void test_an_open_snapshot_keeps_its_pair(void **state)
{
    struct loaded where;
    struct engine *e;
    struct snapshot old, new;
    struct diag diag = {.file = NULL};
    char text[NAME_TEXT_SIZE];
    (void)state;
    loaded_make(&where);
    loaded_load(&where, one, 1000);
    assert_int_equal(engine_open(where.dir, &e, &diag), 0);
    assert_int_equal(snapshot_init(&old, e), 0);
    assert_int_equal(snapshot_init(&new, e), 0);
    assert_int_equal(snapshot_begin(&old), 0);
    loaded_load_elsewhere(&where, two, 2000);
    assert_int_equal(snapshot_begin(&new), 0);
    first(&new, "7.100.51.198.in-addr.arpa", RRTYPE_PTR, text);
    assert_string_equal(text, "two-7.isp.example");
    first(&old, "7.100.51.198.in-addr.arpa", RRTYPE_PTR, text);
    assert_string_equal(text, "one-7.isp.example");
    first(&old, "a.isp.example", RRTYPE_TXT, text);
    assert_string_equal(text, "\"one\"");
    snapshot_end(&new);
    snapshot_end(&old);
    assert_int_equal(snapshot_begin(&old), 0);
    first(&old, "a.isp.example", RRTYPE_TXT, text);
    assert_string_equal(text, "\"two\"");
    snapshot_end(&old);
    snapshot_done(&old);
    snapshot_done(&new);
    engine_close(e);
    loaded_remove(&where);
}

/* --- many readers while the structure moves --- */

struct crowd {
    struct engine *engine;
    atomic_bool stop;
    atomic_uint torn, asked;
};

/* Template and record of one load always come together. */
static void *reader(void *ctx)
{
    struct crowd *c = ctx;
    struct snapshot s;
    if (snapshot_init(&s, c->engine) < 0)
        return NULL;
    while (!atomic_load(&c->stop)) {
        char ptr[NAME_TEXT_SIZE], txt[NAME_TEXT_SIZE];
        if (snapshot_begin(&s) < 0) {
            atomic_fetch_add(&c->torn, 1);
            continue;
        }
        first(&s, "7.100.51.198.in-addr.arpa", RRTYPE_PTR, ptr);
        first(&s, "a.isp.example", RRTYPE_TXT, txt);
        if (strncmp(ptr, txt + 1, 3) != 0)
            atomic_fetch_add(&c->torn, 1);
        atomic_fetch_add(&c->asked, 1);
        snapshot_end(&s);
    }
    snapshot_done(&s);
    return NULL;
}

/* A process of its own that loads one and two in turn, a load for each byte that comes through go,
 * and answers with one through done. It is made before any thread: a fork copies the locks that
 * other threads hold. */
struct loader {
    pid_t pid;
    int go[2], done[2];
};

static void loader_start(struct loader *l, struct loaded *where)
{
    char byte = '.';
    assert_true(pipe(l->go) == 0 && pipe(l->done) == 0);
    fflush(NULL);
    l->pid = fork();
    assert_true(l->pid >= 0);
    if (l->pid > 0) {
        close(l->go[0]);
        close(l->done[1]);
        return;
    }
    close(l->go[1]);
    for (int64_t i = 0; read(l->go[0], &byte, 1) == 1; i++)
        if (!loaded_load_in_child(where, i % 2 ? one : two, 2000 + i) ||
            write(l->done[1], &byte, 1) != 1)
            _exit(1);
    _exit(0);
}

static void loader_load(struct loader *l)
{
    char byte = '.';
    assert_int_equal(write(l->go[1], &byte, 1), 1);
    assert_int_equal(read(l->done[0], &byte, 1), 1);
}

static void loader_end(struct loader *l)
{
    int status = -1;
    close(l->go[1]);
    assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
    assert_int_equal(status, 0);
    close(l->done[0]);
}

static void test_readers_never_see_half_a_load(void **state)
{
    struct loaded where;
    struct loader loader;
    struct crowd c = {.engine = NULL};
    struct diag diag = {.file = NULL};
    pthread_t threads[3];
    (void)state;
    loaded_make(&where);
    loaded_load(&where, one, 1000);
    loader_start(&loader, &where);
    assert_int_equal(engine_open(where.dir, &c.engine, &diag), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &c), 0);
    for (unsigned i = 0; i < 40; i++) {
        loader_load(&loader);
        unsigned asked = atomic_load(&c.asked);
        for (unsigned k = 0; k < 200 && atomic_load(&c.asked) < asked + 5; k++)
            usleep(1000);
    }
    atomic_store(&c.stop, true);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    loader_end(&loader);
    assert_int_equal(atomic_load(&c.torn), 0);
    assert_true(atomic_load(&c.asked) > 100);
    engine_close(c.engine);
    loaded_remove(&where);
}

/* A block that no table can be built of, written past the loader's checks. */
static void spoil(const struct loaded *where)
{
    struct store *s = NULL;
    struct store_writer *w = NULL;
    struct store_meta meta;
    struct diag diag = {.file = NULL};
    struct store_buf key = {0}, value = {0};
    struct store_block block = {
        .range = {.family = FAMILY_IPV4, .first = 0x0a000000, .last = 0x0a0000ff},
        .text = {(const uint8_t *)"{no", 3}};
    if (store_open(where->dir, STORE_OPEN_CREATE, &s, &diag) < 0 ||
        store_write_begin(s, 0, &w, &meta, &diag) < 0 || store_key_block(&block.range, &key) < 0 ||
        store_write_block(&block, &value) < 0 ||
        store_put(w, STORE_BLOCKS, (struct span){key.bytes, key.len},
                  (struct span){value.bytes, value.len}) < 0)
        _exit(1);
    meta.structure++;
    meta.data++;
    _exit(store_write_commit(w, &meta, &diag) < 0);
}

/* A build that fails is an error of its generation only: the next one is tried at once. */
static void test_a_good_load_behind_a_bad_one_is_seen_by_the_next_begin(void **state)
{
    struct loaded where;
    struct engine *e;
    struct snapshot s;
    struct diag diag = {.file = NULL};
    char text[NAME_TEXT_SIZE];
    int status;
    (void)state;
    loaded_make(&where);
    loaded_load(&where, one, 1000);
    assert_int_equal(engine_open(where.dir, &e, &diag), 0);
    assert_int_equal(snapshot_init(&s, e), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        spoil(&where);
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    assert_true(snapshot_begin(&s) < 0);
    assert_true(snapshot_begin(&s) < 0); /* remembered */
    loaded_load_elsewhere(&where, two, 2000);
    assert_int_equal(snapshot_begin(&s), 0);
    first(&s, "7.100.51.198.in-addr.arpa", RRTYPE_PTR, text);
    assert_string_equal(text, "two-7.isp.example");
    snapshot_end(&s);
    snapshot_done(&s);
    engine_close(e);
    loaded_remove(&where);
}

static void put_text(struct store_writer *w, const char *owner, const char *content)
{
    struct store_buf key = {0}, value = {0}, contents = {0};
    struct name name = loaded_name(owner);
    assert_int_equal(store_append_content(content, strlen(content), &contents), 0);
    struct store_rrset set = {
        .type = RRTYPE_TXT, .count = 1, .ttl_s = 60, .contents = {contents.bytes, contents.len}};
    assert_int_equal(store_key_rrset(&name, RRTYPE_TXT, &key), 0);
    assert_int_equal(store_write_rrset(&set, &value), 0);
    assert_int_equal(store_put(w, STORE_LOCAL_RECORDS, (struct span){key.bytes, key.len},
                               (struct span){value.bytes, value.len}),
                     0);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&contents);
}

/* In a reverse zone, where resolve remembers that nothing explicit stands below the apex. */
#define TEXT_OF_7 "7.100.51.198.in-addr.arpa"

static uint32_t texts(struct snapshot *s, struct answer *a)
{
    struct question q = {.name = loaded_name(TEXT_OF_7), .type = RRTYPE_TXT, .zone_id = -1};
    assert_int_equal(resolve(s, &q, a), 0);
    return a->count;
}

static void test_a_writer_sees_its_own_rows_and_others_do_not(void **state)
{
    struct loaded where;
    struct engine *e;
    struct snapshot s, own;
    struct store_writer *w;
    struct store_reader *r;
    struct store_meta meta;
    struct answer a;
    struct diag diag = {.file = NULL};
    (void)state;
    answer_init(&a);
    loaded_make(&where);
    loaded_load(&where, one, 1000);
    assert_int_equal(engine_open(where.dir, &e, &diag), 0);
    assert_int_equal(snapshot_init(&s, e), 0);
    assert_int_equal(snapshot_begin(&s), 0);
    assert_int_equal(texts(&s, &a), 0);       /* remembered: the zone holds nothing explicit */
    loaded_load_elsewhere(&where, two, 2000); /* a table that this process has not built yet */
    assert_int_equal(store_write_begin(engine_store(e), 0, &w, &meta, &diag), 0);
    assert_int_equal(store_reader_of_writer(w, &r), 0);
    assert_int_equal(snapshot_init_writer(&own, e, r), 0);
    assert_true(own.meta.structure == meta.structure);
    char text[NAME_TEXT_SIZE];
    first(&own, TEXT_OF_7, RRTYPE_PTR, text);
    assert_string_equal(text, "two-7.isp.example");
    assert_int_equal(texts(&own, &a), 0);
    put_text(w, TEXT_OF_7, "\"edit\"");
    assert_int_equal(snapshot_begin(&own), 0);
    assert_int_equal(texts(&own, &a), 1);
    assert_true(a.rows[0].local);
    snapshot_end(&own);
    assert_int_equal(texts(&own, &a), 1); /* begin and end do nothing */
    assert_int_equal(texts(&s, &a), 0);
    snapshot_done(&own);
    store_reader_free(r);
    store_write_abort(w);
    assert_int_equal(texts(&s, &a), 0);
    snapshot_end(&s);
    snapshot_done(&s);
    engine_close(e);
    answer_done(&a);
    loaded_remove(&where);
}

static void test_what_cannot_be_opened(void **state)
{
    struct loaded where;
    struct engine *e = NULL;
    struct diag diag = {.file = NULL};
    char path[128];
    (void)state;
    loaded_make(&where);
    assert_true(engine_open(where.dir, &e, &diag) < 0);
    assert_true(strlen(diag.message) > 0);
    snprintf(path, sizeof path, "%s/nowhere", where.dir);
    assert_true(engine_open(path, &e, &diag) < 0);
    assert_null(e);
    loaded_remove(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_load_is_seen_by_the_next_begin),
        cmocka_unit_test(test_an_open_snapshot_keeps_its_pair),
        cmocka_unit_test(test_readers_never_see_half_a_load),
        cmocka_unit_test(test_a_good_load_behind_a_bad_one_is_seen_by_the_next_begin),
        cmocka_unit_test(test_a_writer_sees_its_own_rows_and_others_do_not),
        cmocka_unit_test(test_what_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
