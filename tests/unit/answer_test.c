/* resolve.h: struct answer over many questions, large RRsets, and rows of origin `local`. */
#include "support/loaded.h"

#include "ptrd/core/arpa.h"

static const char zones[] =
    "zones:\n  - name: isp.example\n    records:\n"
    "      - {name: a, type: TXT, content: source}\n"
    "      - {name: a, type: A, content: 192.0.2.1}\n"
    "      - {name: a.b, type: TXT, content: deep}\n"
    "  - prefix: 198.51.100.0/24\n"
    "blocks:\n  - {prefix: 198.51.100.0/25, name: '{4}.isp.example'}\n"
    "ptrs:\n  198.51.100.200: source.example\n  198.51.100.201: source.example\n";

struct fixture {
    struct loaded where;
    struct engine *engine;
    struct snapshot s;
    struct answer a;
};

static struct name parse(const char *text)
{
    struct name name;
    assert_int_equal(name_parse(text, strlen(text), &name, NULL), 0);
    return name;
}

static struct span span_of(const struct store_buf *b)
{
    return (struct span){b->bytes, b->len};
}

/* --- writing what PowerDNS would have edited -------------------------------------------------- */

static void put_rrset(struct store_writer *w, enum store_table table, const char *owner,
                      uint16_t type, const char *content, unsigned count)
{
    struct store_buf key = {0}, value = {0}, contents = {0};
    struct name name = parse(owner);
    for (unsigned i = 0; i < count; i++) {
        char text[64];
        int len = snprintf(text, sizeof text, "\"%s%u\"", content, i);
        assert_int_equal(store_append_content(text, (size_t)len, &contents), 0);
    }
    struct store_rrset set = {
        .type = type, .count = (uint16_t)count, .ttl_s = 77, .contents = span_of(&contents)};
    assert_int_equal(store_key_rrset(&name, type, &key), 0);
    assert_int_equal(store_write_rrset(&set, &value), 0);
    assert_int_equal(store_put(w, table, span_of(&key), span_of(&value)), 0);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&contents);
}

static void put_ptr(struct store_writer *w, const char *address, const char *target)
{
    struct store_buf key = {0}, value = {0}, names = {0};
    struct addr addr;
    assert_int_equal(addr_parse(address, strlen(address), &addr), 0);
    if (target) {
        struct name name = parse(target);
        assert_int_equal(store_append_name(&name, &names), 0);
    }
    struct store_ptr ptr = {.ttl_s = 78, .count = target != NULL, .names = span_of(&names)};
    assert_int_equal(store_key_addr(&addr, &key), 0);
    assert_int_equal(store_write_ptr(&ptr, &value), 0);
    assert_int_equal(store_put(w, STORE_LOCAL_PTRS, span_of(&key), span_of(&value)), 0);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&names);
}

static void write_local(const char *dir)
{
    struct store *store;
    struct store_writer *w;
    struct store_meta meta;
    struct diag diag;
    assert_int_equal(store_open(dir, STORE_OPEN_CREATE, &store, &diag), 0);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &diag), 0);
    put_rrset(w, STORE_LOCAL_RECORDS, "a.isp.example", RRTYPE_TXT, "local", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "a.isp.example", RRTYPE_A, "", 0); /* a tombstone */
    put_rrset(w, STORE_LOCAL_RECORDS, "new.isp.example", RRTYPE_TXT, "new", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "gone.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.below.isp.example", RRTYPE_TXT, "x", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.void.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_RECORDS, "x.hidden.isp.example", RRTYPE_TXT, "source", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.hidden.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_RECORDS, "many.isp.example", RRTYPE_TXT, "", 60000);
    put_ptr(w, "198.51.100.200", "local.example");
    put_ptr(w, "198.51.100.201", NULL);
    put_ptr(w, "198.51.100.7", "local.example");
    put_ptr(w, "198.51.100.8", NULL);
    meta.data++;
    assert_int_equal(store_write_commit(w, &meta, &diag), 0);
    store_close(store);
}

static int setup(void **state)
{
    static struct fixture f;
    struct diag diag;
    loaded_make(&f.where);
    loaded_load(&f.where, zones, 1000);
    write_local(f.where.dir);
    assert_int_equal(engine_open(f.where.dir, &f.engine, &diag), 0);
    assert_int_equal(snapshot_init(&f.s, f.engine), 0);
    assert_int_equal(snapshot_begin(&f.s), 0);
    answer_init(&f.a);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    answer_done(&f->a);
    snapshot_end(&f->s);
    snapshot_done(&f->s);
    engine_close(f->engine);
    loaded_remove(&f->where);
    return 0;
}

static uint32_t ask(struct fixture *f, const char *name, uint16_t type)
{
    struct question q = {.name = parse(name), .type = type, .zone_id = -1};
    assert_int_equal(resolve(&f->s, &q, &f->a), 0);
    return f->a.count;
}

static void test_an_answer_is_used_again_and_again(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "many.isp.example", RRTYPE_TXT), 60000);
    assert_true(f->a.rows[59999].bytes.len == 7 &&
                memcmp(f->a.rows[59999].bytes.bytes, "\"59999\"", 7) == 0);
    const struct row *rows = f->a.rows;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask(f, "7.isp.example", RRTYPE_ANY), 1);
        assert_int_equal(f->a.source, ANSWER_GENERATED);
        assert_non_null(f->a.block);
        assert_int_equal(ask(f, "elsewhere.example", RRTYPE_ANY), 0);
        assert_int_equal(f->a.source, ANSWER_NONE);
        assert_null(f->a.zone);
        assert_null(f->a.block);
        assert_int_equal(ask(f, "isp.example", RRTYPE_SOA), 1);
        assert_string_equal(f->a.zone->apex.wire, parse("isp.example").wire);
    }
    assert_ptr_equal(f->a.rows, rows); /* nothing was allocated */
}

static void test_local_rows_win_at_their_name_and_type(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "a.isp.example", RRTYPE_ANY), 1);
    assert_int_equal(f->a.rows[0].type, RRTYPE_TXT);
    assert_int_equal(f->a.rows[0].ttl_s, 77);
    assert_memory_equal(f->a.rows[0].bytes.bytes, "\"local0\"", 8);
    assert_int_equal(ask(f, "a.isp.example", RRTYPE_A), 0);
    assert_int_equal(ask(f, "new.isp.example", RRTYPE_TXT), 1);
    assert_int_equal(ask(f, "gone.isp.example", RRTYPE_ANY), 0);
    assert_int_equal(ask(f, "below.isp.example", RRTYPE_ANY), 1);
    assert_int_equal(f->a.source, ANSWER_ENT);
    assert_int_equal(ask(f, "void.isp.example", RRTYPE_ANY), 0);   /* a tombstone is nothing */
    assert_int_equal(ask(f, "hidden.isp.example", RRTYPE_ANY), 0); /* and hides what it stands on */
}

static void test_local_ptrs_win_at_their_address(void **state)
{
    struct fixture *f = *state;
    struct name local = parse("local.example");
    static const char *const names[] = {"200.100.51.198.in-addr.arpa", "7.100.51.198.in-addr.arpa"};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ask(f, names[i], RRTYPE_PTR), 1);
        assert_int_equal(f->a.rows[0].ttl_s, 78);
        assert_int_equal(f->a.source, ANSWER_EXPLICIT);
        assert_int_equal(f->a.rows[0].bytes.len, local.len);
        assert_memory_equal(f->a.rows[0].bytes.bytes, local.wire, local.len);
    }
    assert_int_equal(ask(f, "201.100.51.198.in-addr.arpa", RRTYPE_ANY), 0);
    assert_int_equal(ask(f, "8.100.51.198.in-addr.arpa", RRTYPE_PTR), 1); /* back to the template */
    assert_int_equal(f->a.source, ANSWER_GENERATED);
}

static void test_done_may_be_repeated(void **state)
{
    struct answer a;
    (void)state;
    answer_init(&a);
    answer_done(&a);
    answer_done(&a);
    assert_null(a.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_is_used_again_and_again),
        cmocka_unit_test(test_local_rows_win_at_their_name_and_type),
        cmocka_unit_test(test_local_ptrs_win_at_their_address),
        cmocka_unit_test(test_done_may_be_repeated),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
