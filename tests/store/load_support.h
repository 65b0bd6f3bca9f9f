/* What the tests of the loader share: a store of their own, loads into it, looks at what they did,
 * and rows of origin `local` put there by hand. */
#ifndef TESTS_LOAD_SUPPORT_H
#define TESTS_LOAD_SUPPORT_H

#include "store_support.h"

#define NOW 1700000000

struct fixture {
    struct scratch scratch;
    struct store *store;
    struct load_report report;
};

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    scratch_init(&f->scratch);
    f->store = open_ok(f->scratch.store, STORE_OPEN_CREATE);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    scratch_done(&f->scratch);
    free(f);
    return 0;
}

static inline void load_ok(struct fixture *f, struct model *m, int64_t now_s)
{
    if (load_into(f->store, m, now_s, &f->report, &f->scratch.diag))
        fail_msg("load: %s", f->scratch.diag.message);
}

static inline uint32_t serial_of(struct fixture *f, const char *apex)
{
    return zone_id_of(f->store, apex).serial;
}

static inline uint64_t rows_of(struct fixture *f, enum store_table table)
{
    struct store_reader *r;
    struct store_meta meta;
    assert_int_equal(store_reader_new(f->store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    uint64_t count = count_rows(r, table);
    store_reader_free(r);
    return count;
}

/* Which of the four zones got a new serial by a change: a bit each. */
static inline unsigned bumped(struct fixture *f, struct model *changed)
{
    static const char *const zones[] = {"isp.example", "dyn.isp.example", "100.51.198.in-addr.arpa",
                                        "8.b.d.0.1.0.0.2.ip6.arpa"};
    unsigned bits = 0;
    load_ok(f, model_small(), NOW);
    uint32_t before[4];
    for (int i = 0; i < 4; i++)
        before[i] = serial_of(f, zones[i]);
    load_ok(f, changed, NOW + 1000);
    for (int i = 0; i < 4; i++)
        bits |= (unsigned)(serial_of(f, zones[i]) != before[i]) << i;
    return bits;
}
enum { ISP = 1, DYN = 2, REV4 = 4, REV6 = 8 };

static inline bool is_derived(struct fixture *f, const char *target, const char *addr,
                              uint32_t *ttl_s)
{
    struct store_reader *r;
    struct store_meta meta;
    struct store_buf key = {0};
    struct span value;
    struct store_rrset row;
    struct name n = name_of(target);
    struct addr a = addr_of(addr);
    assert_int_equal(store_reader_new(f->store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(store_key_derived(&n, &a, &key), 0);
    int found = store_get(r, STORE_DERIVED, span_buf(&key), &value);
    if (found == PTRD_FOUND) {
        assert_int_equal(store_read_rrset(value, &row), 0);
        *ttl_s = row.ttl_s;
    }
    store_reader_free(r);
    store_buf_done(&key);
    return found == PTRD_FOUND;
}

/* --- rows of origin local --- */

static inline void local_put(struct fixture *f, enum store_table table, const struct store_buf *key,
                             const struct store_buf *value)
{
    struct store_writer *w;
    struct store_meta meta;
    assert_int_equal(store_write_begin(f->store, 0, &w, &meta, &f->scratch.diag), 0);
    assert_int_equal(store_put(w, table, span_buf(key), span_buf(value)), 0);
    assert_int_equal(store_write_commit(w, &meta, &f->scratch.diag), 0);
}

/* target NULL: a tombstone. */
static inline void local_ptr(struct fixture *f, const char *addr, const char *target,
                             uint32_t ttl_s)
{
    struct store_buf key = {0}, value = {0}, names = {0};
    struct addr a = addr_of(addr);
    struct store_ptr row = {.ttl_s = ttl_s};
    if (target) {
        struct name n = name_of(target);
        assert_int_equal(store_append_name(&n, &names), 0);
    }
    row.names = span_buf(&names);
    assert_int_equal(store_key_addr(&a, &key), 0);
    assert_int_equal(store_write_ptr(&row, &value), 0);
    local_put(f, STORE_LOCAL_PTRS, &key, &value);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&names);
}

/* content NULL: a tombstone. */
static inline void local_record(struct fixture *f, const char *owner, uint16_t type,
                                const char *content)
{
    struct store_buf key = {0}, value = {0}, contents = {0};
    struct name n = name_of(owner);
    struct store_rrset row = {.type = type, .ttl_s = 300};
    if (content)
        assert_int_equal(store_append_content(content, strlen(content), &contents), 0);
    row.contents = span_buf(&contents);
    assert_int_equal(store_key_rrset(&n, type, &key), 0);
    assert_int_equal(store_write_rrset(&row, &value), 0);
    local_put(f, STORE_LOCAL_RECORDS, &key, &value);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&contents);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
