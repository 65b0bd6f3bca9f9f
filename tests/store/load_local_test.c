/* The loader beside rows of origin `local`: it keeps them, and they stand in front of the source's
 * in what it makes of both (derived names; cuts are in load_cuts_test.c). */
#include "load_support.h"

static const enum store_table local_tables[] = {STORE_LOCAL_PTRS,  STORE_LOCAL_RECORDS,
                                                STORE_LOCAL_ABOVE, STORE_LOCAL_METADATA,
                                                STORE_TSIG,        STORE_ZONE_STATE};
#define LOCAL_TABLES (sizeof local_tables / sizeof *local_tables)

static void local_tables_are_kept(void **state)
{
    struct fixture *f = *state;
    struct store_writer *w;
    struct store_meta meta;
    struct store_buf key = {0}, value = {0};
    load_ok(f, model_small(), NOW);
    local_ptr(f, "198.51.100.1", "x.isp.example", 60);
    local_record(f, "x.isp.example", RRTYPE_TXT, "\"x\"");
    assert_int_equal(store_write_begin(f->store, 0, &w, &meta, &f->scratch.diag), 0);
    struct name owner = name_of("dyn.isp.example");
    struct store_rrset none = {.ttl_s = 0};
    assert_int_equal(store_key_rrset(&owner, RRTYPE_NS, &key), 0);
    assert_int_equal(store_write_rrset(&none, &value), 0);
    assert_int_equal(store_put(w, STORE_LOCAL_ABOVE, span_buf(&key), span_buf(&value)), 0);
    assert_int_equal(store_key_zone_id(1, &key), 0);
    for (size_t i = 3; i < LOCAL_TABLES; i++) /* answers come from none of these */
        assert_int_equal(store_put(w, local_tables[i], span_buf(&key), span_text("v")), 0);
    assert_int_equal(store_write_commit(w, &meta, &f->scratch.diag), 0);
    store_buf_done(&key);
    store_buf_done(&value);
    struct model *m = model_make();
    put_zone(m, "other.example");
    load_ok(f, m, NOW + 10);
    for (size_t i = 0; i < LOCAL_TABLES; i++)
        assert_int_equal(rows_of(f, local_tables[i]), 1);
    assert_int_equal(rows_of(f, STORE_PTRS), 0);
    assert_int_equal(rows_of(f, STORE_DERIVED), 0);
    assert_int_equal(rows_of(f, STORE_RECORDS), 0);
    assert_int_equal(rows_of(f, STORE_BLOCKS), 0);
}

static struct model *model_ptrs(void)
{
    struct model *m = model_small();
    put_ptr(m, "198.51.100.24", "a.isp.example", 60, FORWARD_UNSAID);
    put_ptr(m, "198.51.100.26", "b.isp.example", 60, FORWARD_UNSAID);
    put_ptr(m, "198.51.100.26", "b2.isp.example", 60, FORWARD_UNSAID);
    put_ptr(m, "2001:db8::5", "c.isp.example", 60, FORWARD_AUTO);
    return m;
}

static void local_ptrs_decide_what_is_derived(void **state)
{
    struct fixture *f = *state;
    uint32_t ttl_s = 0;
    load_ok(f, model_ptrs(), NOW);
    assert_int_equal(rows_of(f, STORE_DERIVED), 5);
    local_ptr(f, "198.51.100.25", NULL, 0);               /* deleted */
    local_ptr(f, "198.51.100.26", "b2.isp.example", 33);  /* of two, one stays */
    local_ptr(f, "198.51.100.99", "new.isp.example", 34); /* the source has none */
    local_ptr(f, "2001:db8::5", "elsewhere.example", 35); /* derives nothing */
    local_ptr(f, "2001:db8::6", "c.isp.example", 36);
    local_ptr(f, "203.0.113.1", "gone.isp.example", 37); /* in no zone of ours */
    load_ok(f, model_ptrs(), NOW + 1);
    load_ok(f, model_ptrs(), NOW + 2); /* the same rows say the same */
    assert_int_equal(f->report.zones_bumped, 0);
    assert_int_equal(rows_of(f, STORE_PTRS), 4);
    assert_int_equal(rows_of(f, STORE_DERIVED), 4);
    assert_true(is_derived(f, "a.isp.example", "198.51.100.24", &ttl_s));
    assert_int_equal(ttl_s, 60);
    assert_true(is_derived(f, "b2.isp.example", "198.51.100.26", &ttl_s));
    assert_int_equal(ttl_s, 33);
    assert_true(is_derived(f, "new.isp.example", "198.51.100.99", &ttl_s));
    assert_int_equal(ttl_s, 34);
    assert_true(is_derived(f, "c.isp.example", "2001:db8::6", &ttl_s));
    /* all the same, a change of the source's row below it counts */
    struct model *m = model_ptrs();
    put_ptr(m, "198.51.100.25", "another.isp.example", 60, FORWARD_UNSAID);
    load_ok(f, m, NOW + 3);
    assert_int_equal(rows_of(f, STORE_DERIVED), 4);
    assert_int_equal(serial_of(f, "isp.example"), NOW + 3);
    assert_int_equal(serial_of(f, "100.51.198.in-addr.arpa"), NOW + 3);
    assert_int_equal(serial_of(f, "8.b.d.0.1.0.0.2.ip6.arpa"), NOW);
}

/* As a row of PTRs has it, so that deleting a local PTR brings back the same. */
static void derived_ttl_is_the_least_of_the_address(void **state)
{
    struct fixture *f = *state;
    uint32_t ttl_s = 0;
    struct model *m = model_ptrs();
    put_ptr(m, "198.51.100.26", "b3.elsewhere.example", 7, FORWARD_UNSAID);
    load_ok(f, m, NOW);
    assert_true(is_derived(f, "b2.isp.example", "198.51.100.26", &ttl_s));
    assert_int_equal(ttl_s, 7);
}

static void local_alias_at_the_reverse_name_hides_the_ptr(void **state)
{
    struct fixture *f = *state;
    uint32_t ttl_s;
    load_ok(f, model_ptrs(), NOW);
    local_ptr(f, "198.51.100.24", NULL, 0);
    local_record(f, "25.100.51.198.in-addr.arpa", RRTYPE_CNAME, "25.x.example.");
    local_record(f, "26.100.51.198.in-addr.arpa", RRTYPE_CNAME, NULL);
    local_record(f, "x.26.100.51.198.in-addr.arpa", RRTYPE_CNAME, "26.x.example.");
    load_ok(f, model_ptrs(), NOW + 1);
    assert_int_equal(f->report.zones_bumped, 1); /* isp.example, whose names they were */
    assert_int_equal(rows_of(f, STORE_DERIVED), 3);
    assert_false(is_derived(f, "mail.isp.example", "198.51.100.25", &ttl_s));
    assert_true(is_derived(f, "b.isp.example", "198.51.100.26", &ttl_s));
}

static void alias_in_the_parent_of_an_rfc_2317_zone_hides_nothing(void **state)
{
    struct fixture *f = *state;
    uint32_t ttl_s;
    for (int i = 0; i < 3; i++) {
        struct model *m = model_ptrs();
        struct model_zone *z = put_zone(m, "24-29.100.51.198.in-addr.arpa");
        z->settings.classless = true;
        assert_int_equal(prefix_parse("198.51.100.24/29", 16, &z->settings.prefix, NULL), 0);
        load_ok(f, m, NOW + i);
        assert_int_equal(is_derived(f, "mail.isp.example", "198.51.100.25", &ttl_s), i < 2);
        assert_true(is_derived(f, "a.isp.example", "198.51.100.24", &ttl_s));
        local_record(f, i == 0 ? "25.100.51.198.in-addr.arpa" : "25.24-29.100.51.198.in-addr.arpa",
                     RRTYPE_CNAME, "25.x.example.");
    }
}

static void a_local_row_that_cannot_be_read_refuses_the_load(void **state)
{
    struct fixture *f = *state;
    struct store_buf key = {0}, value = {0};
    struct addr addr = addr_of("198.51.100.25");
    load_ok(f, model_small(), NOW);
    assert_int_equal(store_key_addr(&addr, &key), 0);
    assert_int_equal(store_append_content("x", 1, &value), 0);
    local_put(f, STORE_LOCAL_PTRS, &key, &value);
    assert_int_equal(load_into(f->store, model_ptrs(), NOW + 1, NULL, &f->scratch.diag),
                     PTRD_ECORRUPT);
    assert_int_equal(rows_of(f, STORE_PTRS), 1);
    store_buf_done(&key);
    store_buf_done(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(local_tables_are_kept),
        TEST(local_ptrs_decide_what_is_derived),
        TEST(derived_ttl_is_the_least_of_the_address),
        TEST(local_alias_at_the_reverse_name_hides_the_ptr),
        TEST(alias_in_the_parent_of_an_rfc_2317_zone_hides_nothing),
        TEST(a_local_row_that_cannot_be_read_refuses_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
