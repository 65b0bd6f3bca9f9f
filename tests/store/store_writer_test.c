/* A writer and its own reader: what is written shows at once and only there; tables do not see each
 * other's rows; room is reserved beforehand. */
#include "../../backend/store/mapped_p.h"
#include "store_support.h"

#include <poll.h>

enum { KEYS = 60, MAP_SMALL = 1 << 20 };

/* Tables with codes of one octet, of two, and one with its own database. */
static const enum store_table tables[] = {STORE_LOCAL_PTRS, STORE_LOCAL_RECORDS, STORE_ABOVE,
                                          STORE_CUTS,       STORE_RECORDS,       STORE_DERIVED};
enum { TABLES = sizeof tables / sizeof *tables };

struct shadow {
    uint8_t value[TABLES][KEYS]; /* 0: not there */
    int last[TABLES];            /* the key that the cursor gave last; -1: no seek yet */
};

static struct span key_of(unsigned i, uint8_t out[2])
{
    out[0] = (uint8_t)(i * 4);
    out[1] = (uint8_t)i;
    return (struct span){out, 2};
}

static int shadow_from(const struct shadow *m, unsigned t, int from)
{
    while (from < KEYS && !m->value[t][from])
        from++;
    return from;
}

/* What a cursor gave is the shadow's row `want`, or its end. */
static void assert_row(struct shadow *m, unsigned t, int want, int found, struct span key,
                       struct span value)
{
    if (want == KEYS) {
        assert_int_equal(found, PTRD_ABSENT);
        return;
    }
    uint8_t bytes[2];
    struct span wanted = key_of((unsigned)want, bytes);
    assert_int_equal(found, PTRD_FOUND);
    assert_int_equal(key.len, wanted.len);
    assert_memory_equal(key.bytes, wanted.bytes, wanted.len);
    assert_int_equal(value.len, m->value[t][want] * 5u);
    assert_int_equal(value.bytes[0], m->value[t][want]);
    m->last[t] = want;
}

static void change(struct store_writer *w, struct shadow *m, unsigned t, unsigned i, uint8_t seed)
{
    uint8_t bytes[2], value[5 * 256];
    memset(value, seed, sizeof value);
    struct span key = key_of(i, bytes);
    if (seed)
        assert_int_equal(store_put(w, tables[t], key, (struct span){value, seed * 5u}), 0);
    else
        assert_int_equal(store_delete(w, tables[t], key), m->value[t][i] ? 0 : PTRD_ABSENT);
    m->value[t][i] = seed;
}

static void look(struct store_reader *r, struct shadow *m, unsigned t, unsigned i, unsigned how)
{
    uint8_t bytes[2];
    struct span key = key_of(i, bytes), value = {0};
    if (how == 0) {
        int found = store_get(r, tables[t], key, &value);
        assert_int_equal(found, m->value[t][i] ? PTRD_FOUND : PTRD_ABSENT);
        if (found == PTRD_FOUND)
            assert_int_equal(value.len, m->value[t][i] * 5u);
    } else if (how == 1) {
        int found = store_seek(r, tables[t], key, &key, &value);
        assert_row(m, t, shadow_from(m, t, (int)i), found, key, value);
        if (found == PTRD_ABSENT)
            m->last[t] = -1;
    } else if (how == 3) {
        int before = (int)i - 1;
        while (before >= 0 && !m->value[t][before])
            before--;
        int found = store_seek_back(r, tables[t], key, &key, &value);
        assert_row(m, t, before < 0 ? KEYS : before, found, key, value);
        if (found == PTRD_ABSENT)
            m->last[t] = -1;
    } else if (m->last[t] >= 0) {
        int found = store_next(r, tables[t], &key, &value);
        assert_row(m, t, shadow_from(m, t, m->last[t] + 1), found, key, value);
        if (found == PTRD_ABSENT)
            m->last[t] = -1;
    }
}

/* One transaction of random changes and looks. */
static void transaction(struct store *store, struct shadow *m, uint64_t *seed, unsigned steps)
{
    struct store_writer *w;
    struct store_reader *r;
    struct store_meta meta, again;
    struct diag diag;
    struct shadow before = *m;
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &diag), 0);
    assert_int_equal(store_reader_of_writer(w, &r), 0);
    memset(m->last, -1, sizeof m->last);
    for (unsigned i = 0; i < steps; i++) {
        uint64_t n = random_next(seed);
        unsigned t = n % TABLES, k = (n >> 8) % KEYS, how = (n >> 16) % 9;
        if (how < 3)
            change(w, m, t, k, how == 0 ? 0 : (uint8_t)(1 + (n >> 24) % 255));
        else
            look(r, m, t, k, how > 6 ? 2 : how - 3);
    }
    assert_int_equal(store_read_begin(r, &again), 0);
    assert_int_equal(again.data, meta.data);
    store_read_end(r);
    store_reader_free(r);
    meta.data++;
    if (random_next(seed) % 3 == 0) {
        store_write_abort(w);
        *m = before;
    } else {
        assert_int_equal(store_write_commit(w, &meta, &diag), 0);
    }
}

static void a_writer_s_reader_sees_every_change_at_once(void **state)
{
    (void)state;
    struct scratch s;
    static struct shadow m;
    uint64_t seed = random_seed("store_writer");
    scratch_init(&s);
    memset(&m, 0, sizeof m);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    for (unsigned i = 0; i < (long_test() ? 1000u : 40u); i++) {
        transaction(store, &m, &seed, 400);
        struct store_reader *r;
        struct store_meta meta;
        assert_int_equal(store_reader_new(store, &r), 0);
        assert_int_equal(store_read_begin(r, &meta), 0);
        for (unsigned t = 0; t < TABLES; t++) {
            unsigned want = 0;
            for (unsigned k = 0; k < KEYS; k++) {
                want += m.value[t][k] != 0;
                look(r, &m, t, k, 0);
                look(r, &m, t, k, 3);
            }
            assert_int_equal(count_rows(r, tables[t]), want);
        }
        store_reader_free(r);
    }
    store_close(store);
    scratch_done(&s);
}

/* Also on a store that nothing was ever committed to, with tables that were empty a moment ago. */
static void nobody_else_sees_it_before_the_commit(void **state)
{
    (void)state;
    struct scratch s;
    struct store_writer *w;
    struct store_reader *own, *other;
    struct store_meta meta, seen;
    struct span value, key;
    scratch_init(&s);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
        assert_int_equal(store_reader_of_writer(w, &own), 0);
        assert_int_equal(store_get(own, STORE_TSIG, span_text("k"), &value), PTRD_ABSENT);
        assert_int_equal(store_seek(own, STORE_TSIG, span_text("a"), &key, &value), PTRD_ABSENT);
        assert_int_equal(store_put(w, STORE_TSIG, span_text("k"), span_text("v")), 0);
        assert_int_equal(store_get(own, STORE_TSIG, span_text("k"), &value), PTRD_FOUND);
        assert_int_equal(store_seek(own, STORE_TSIG, span_text("a"), &key, &value), PTRD_FOUND);
        assert_int_equal(store_next(own, STORE_TSIG, &key, &value), PTRD_ABSENT);
        assert_int_equal(store_reader_new(store, &other), 0);
        assert_int_equal(store_read_begin(other, &seen), 0);
        assert_int_equal(store_get(other, STORE_TSIG, span_text("k"), &value), PTRD_ABSENT);
        store_read_end(other);
        meta.data = 41;
        assert_int_equal(store_read_begin(own, &seen), 0);
        assert_int_equal(seen.data, 0); /* as at the beginning */
        store_reader_free(own);
        if (round == 0)
            store_write_abort(w);
        else
            assert_int_equal(store_write_commit(w, &meta, &s.diag), 0);
        assert_int_equal(store_read_begin(other, &seen), 0);
        assert_int_equal(seen.data, round == 0 ? 0 : 41);
        assert_int_equal(store_get(other, STORE_TSIG, span_text("k"), &value),
                         round == 0 ? PTRD_ABSENT : PTRD_FOUND);
        assert_true(store_reader_environment(other) != 0);
        store_reader_free(other);
    }
    store_close(store);
    scratch_done(&s);
}

/* --- tables beside each other --- */

enum { EDGES = 5 };
static const uint8_t edges[EDGES][3] = {{0}, {1}, {1, 2, 3}, {0xff}, {0xff, 0xff, 0xff}};
static const size_t edge_len[EDGES] = {1, 1, 3, 1, 3};

struct edge_feed {
    unsigned at, end;
    uint8_t table;
};

static int edge_next(void *ctx, struct span *key, struct span *value)
{
    struct edge_feed *f = ctx;
    if (f->at == f->end)
        return PTRD_ABSENT;
    *key = (struct span){edges[f->at], edge_len[f->at]};
    *value = (struct span){&f->table, 1};
    f->at++;
    return PTRD_FOUND;
}

static void write_edges(struct store_writer *w, unsigned table, unsigned count)
{
    struct edge_feed feed = {.end = count, .table = (uint8_t)table};
    struct store_stream stream = {.next = edge_next, .ctx = &feed};
    if (table == STORE_META) /* the writer's own */
        return;
    assert_int_equal(store_write_table(w, (enum store_table)table, &stream), 0);
}

static void assert_edges(struct store_writer *w, unsigned table, unsigned count)
{
    struct store_reader *r;
    struct span key, value;
    if (table == STORE_META)
        return;
    assert_int_equal(store_reader_of_writer(w, &r), 0);
    int found = store_seek(r, (enum store_table)table, (struct span){0}, &key, &value);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(found, PTRD_FOUND);
        assert_int_equal(key.len, edge_len[i]);
        assert_memory_equal(key.bytes, edges[i], key.len);
        assert_int_equal(value.bytes[0], table);
        found = store_next(r, (enum store_table)table, &key, &value);
    }
    assert_int_equal(found, PTRD_ABSENT);
    store_reader_free(r);
}

/* All tables hold the same keys; each in turn is emptied and filled, in both directions. */
static void tables_do_not_see_each_other_s_rows(void **state)
{
    (void)state;
    struct scratch s;
    struct store_writer *w;
    struct store_meta meta;
    scratch_init(&s);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
    for (unsigned t = STORE_TABLES; t-- > 0;)
        write_edges(w, t, EDGES);
    for (unsigned t = 0; t < STORE_TABLES; t++) {
        write_edges(w, t, 0);
        for (unsigned other = 0; other < STORE_TABLES; other++)
            assert_edges(w, other, other == t ? 0 : EDGES);
        write_edges(w, t, EDGES);
        assert_edges(w, t, EDGES);
    }
    assert_int_equal(store_write_commit(w, &meta, &s.diag), 0);
    store_close(store);
    scratch_done(&s);
}

struct count_feed {
    unsigned at, end;
    char key[16];
};

static int count_next(void *ctx, struct span *key, struct span *value)
{
    struct count_feed *f = ctx;
    if (f->at == f->end)
        return PTRD_ABSENT;
    snprintf(f->key, sizeof f->key, "%010u", f->at++);
    *key = span_text(f->key);
    *value = span_text("a value of some thirty octets.");
    return PTRD_FOUND;
}

/* Bytes of the file after tables were written one after the other into an empty store. */
static off_t size_after(struct scratch *s, const enum store_table *order, size_t count)
{
    struct store_writer *w;
    struct store_meta meta;
    struct stat st;
    char path[160];
    struct store *store = open_ok(s->store, STORE_OPEN_CREATE);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s->diag), 0);
    for (size_t i = 0; i < count; i++) {
        struct count_feed feed = {.end = 20000};
        struct store_stream stream = {.next = count_next, .ctx = &feed};
        assert_int_equal(store_write_table(w, order[i], &stream), 0);
    }
    assert_int_equal(store_write_commit(w, &meta, &s->diag), 0);
    store_close(store);
    assert_int_equal(stat(path_in(s->store, "data.mdb", path), &st), 0);
    run("rm -r -- %s", s->store);
    return st.st_size;
}

/* In the order of place.h every row is appended, to full pages; in another order it is not. */
static void first_load_appends(void **state)
{
    (void)state;
    static const enum store_table up[] = {STORE_ZONE_IDS, STORE_LOCAL_RECORDS, STORE_TSIG,
                                          STORE_CUTS,     STORE_ABOVE,         STORE_RECORDS};
    static const enum store_table down[] = {STORE_RECORDS, STORE_ABOVE,         STORE_CUTS,
                                            STORE_TSIG,    STORE_LOCAL_RECORDS, STORE_ZONE_IDS};
    struct scratch s;
    scratch_init(&s);
    off_t appended = size_after(&s, up, sizeof up / sizeof *up);
    off_t inserted = size_after(&s, down, sizeof down / sizeof *down);
    off_t raw = (off_t)(sizeof up / sizeof *up) * 20000 * (2 + 10 + 30 + 10); /* 10: of a node */
    printf("%lld bytes appended, %lld inserted, %lld of rows\n", (long long)appended,
           (long long)inserted, (long long)raw);
    assert_true(appended < raw + raw / 8);
    assert_true(inserted > raw + raw / 2);
    scratch_done(&s);
}

/* --- room --- */

/* Writes rows of 100 octets at keys all over a table, until so many bytes were given. */
static int write_bytes(struct store_writer *w, size_t bytes, uint64_t *seed)
{
    static const uint8_t value[92];
    for (size_t done = 0; done < bytes; done += 100) {
        uint64_t key = random_next(seed);
        int err = store_put(w, STORE_RECORDS, (struct span){(uint8_t *)&key, 8},
                            (struct span){value, sizeof value});
        if (err)
            return err;
    }
    return 0;
}

/* Another process with a small map, reading each time it is told a byte. */
static pid_t follower(const char *dir, const int pipe_in[2], int out)
{
    pid_t pid = fork();
    int in = pipe_in[0];
    if (pid != 0)
        return pid;
    close(pipe_in[1]); /* else the end is never seen */
    struct store *s;
    struct store_reader *r;
    struct store_meta meta;
    char c;
    CHILD_CHECK(store_open_mapped(dir, STORE_OPEN_READ, MAP_SMALL, &s, NULL) == 0);
    CHILD_CHECK(store_reader_new(s, &r) == 0);
    CHILD_CHECK(write(out, "r", 1) == 1);
    for (unsigned round = 1; read(in, &c, 1) == 1; round++) {
        struct span key, value;
        CHILD_CHECK(store_read_begin(r, &meta) == 0);
        CHILD_CHECK(meta.data == round);
        int found = store_seek(r, STORE_RECORDS, (struct span){0}, &key, &value);
        while (found == PTRD_FOUND)
            found = store_next(r, STORE_RECORDS, &key, &value);
        CHILD_CHECK(found == PTRD_ABSENT);
        store_read_end(r);
        CHILD_CHECK(write(out, "r", 1) == 1);
    }
    store_reader_free(r);
    store_close(s);
    _exit(0);
}

static void expect_byte(int fd)
{
    char c;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 60000), 1);
    assert_int_equal(read(fd, &c, 1), 1);
}

/* Each transaction writes as much as is reserved, and is never refused, though all began with 1 MiB
 * and a reader of this process is open between them. */
static void reserved_room_suffices(void **state)
{
    (void)state;
    struct scratch s;
    struct store *store;
    struct store_writer *w;
    struct store_meta meta;
    uint64_t seed = random_seed("store_writer_reserve");
    int in[2], out[2];
    size_t reserve = 3000000;
    scratch_init(&s);
    assert_int_equal(store_open_mapped(s.store, STORE_OPEN_CREATE, MAP_SMALL, &store, NULL), 0);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
    assert_int_equal(store_write_commit(w, &meta, &s.diag), 0);
    assert_int_equal(pipe(in) | pipe(out), 0);
    pid_t pid = follower(s.store, in, out[1]);
    close(in[0]);
    expect_byte(out[0]);
    assert_int_equal(store_write_reserve(store, SIZE_MAX), PTRD_ELIMIT);
    for (unsigned round = 1; round <= 12; round++) {
        assert_int_equal(store_write_reserve(store, reserve), 0);
        assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
        int err = write_bytes(w, reserve, &seed);
        if (err)
            fail_msg("round %u: %d %s", round, err, ptrd_strerror(err));
        meta.data = round;
        assert_int_equal(store_write_commit(w, &meta, &s.diag), 0);
        assert_int_equal(meta_of(store).data, round);
        assert_int_equal(write(in[1], "g", 1), 1);
        expect_byte(out[0]);
        if (round == 2)
            reserve = 700000;
    }
    close(in[1]);
    child_ok(pid);
    store_close(store);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_s_reader_sees_every_change_at_once),
        cmocka_unit_test(nobody_else_sees_it_before_the_commit),
        cmocka_unit_test(tables_do_not_see_each_other_s_rows),
        cmocka_unit_test(first_load_appends),
        cmocka_unit_test(reserved_room_suffices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
