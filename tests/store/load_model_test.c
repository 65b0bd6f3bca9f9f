/* The loader: what it writes, what it keeps, ids, serials, generations. */
#include "load_support.h"

static void first_load_gives_ids_and_serials(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    m->zones[0].has_serial = true;
    m->zones[0].serial = 2024010101;
    load_ok(f, m, NOW);
    struct store_meta meta = meta_of(f->store);
    assert_int_equal(meta.structure, 1);
    assert_int_equal(meta.data, 1);
    assert_int_equal(meta.changed_s, NOW);
    assert_int_equal(meta.contact_s, NOW);
    assert_int_equal(meta.source, SOURCE_FILE);
    assert_int_equal(meta.next_zone_id, 5);
    assert_int_equal(f->report.zones_added, 4);
    assert_int_equal(f->report.zones_bumped, 0);
    assert_true(f->report.structure_changed);
    assert_int_equal(serial_of(f, "isp.example"), 2024010101);
    assert_int_equal(serial_of(f, "dyn.isp.example"), NOW);
    assert_int_equal(rows_of(f, STORE_ZONES), 4);
    assert_int_equal(rows_of(f, STORE_BLOCKS), 2);
    assert_int_equal(rows_of(f, STORE_PTRS), 1);
    assert_int_equal(rows_of(f, STORE_DERIVED), 1);
    assert_int_equal(rows_of(f, STORE_RECORDS), 3);
}

static void same_load_touches_only_the_contact(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_small(), NOW);
    load_ok(f, model_small(), NOW + 100);
    struct store_meta meta = meta_of(f->store);
    assert_int_equal(meta.structure, 1);
    assert_int_equal(meta.data, 1);
    assert_int_equal(meta.changed_s, NOW);
    assert_int_equal(meta.contact_s, NOW + 100);
    assert_int_equal(f->report.inserted + f->report.changed + f->report.deleted, 0);
    assert_int_equal(f->report.zones_bumped, 0);
    assert_int_equal(serial_of(f, "isp.example"), NOW);
}

static void ptr_bumps_its_zone_only(void **state)
{
    struct model *m = model_small();
    put_ptr(m, "198.51.100.26", "a.elsewhere.example", 300, FORWARD_UNSAID);
    assert_int_equal(bumped(*state, m), REV4);
    struct fixture *f = *state;
    assert_int_equal(serial_of(f, "100.51.198.in-addr.arpa"), NOW + 1000);
    assert_int_equal(meta_of(f->store).structure, 1);
    assert_int_equal(meta_of(f->store).data, 2);
}

static void derived_ptr_bumps_the_target_too(void **state)
{
    struct model *m = model_small();
    put_ptr(m, "198.51.100.26", "www.isp.example", 300, FORWARD_UNSAID);
    assert_int_equal(bumped(*state, m), REV4 | ISP);
}

static void forward_none_changes_the_target_zone_only(void **state)
{
    struct model *m = model_small();
    m->ptrs[0].forward = FORWARD_NONE;
    assert_int_equal(bumped(*state, m), ISP);
}

static void block_ttl_bumps_reverse_and_forward(void **state)
{
    struct model *m = model_small();
    m->blocks[0].ttl_s = 60;
    assert_int_equal(bumped(*state, m), REV4 | DYN);
}

static void cutting_a_block_in_two_bumps_nothing(void **state)
{
    struct model *m = model_small();
    put_block(m, "198.51.100.0/25", "{ip}.dyn.isp.example");
    put_block(m, "2001:db8:8000::/33", "{ip}.dyn.isp.example");
    assert_int_equal(bumped(*state, m), 0);
    struct fixture *f = *state;
    assert_int_equal(meta_of(f->store).structure, 2);
    assert_int_equal(meta_of(f->store).data, 2);
}

static void excluded_range_bumps(void **state)
{
    struct model *m = model_small();
    put_block(m, "2001:db8:1::/48", NULL);
    assert_int_equal(bumped(*state, m), REV6 | DYN);
}

static void block_kind_changes_no_serial(void **state)
{
    struct model *m = model_small();
    m->blocks[0].kind = KIND_DYNAMIC;
    assert_int_equal(bumped(*state, m), 0);
}

static void record_bumps_its_zone(void **state)
{
    struct model *m = model_small();
    put_record(m, "x.dyn.isp.example", RRTYPE_TXT, "\"x\"");
    assert_int_equal(bumped(*state, m), DYN);
}

static void apex_ns_bumps_the_parent_too(void **state)
{
    struct model *m = model_small();
    put_record(m, "dyn.isp.example", RRTYPE_NS, "ns2.isp.example");
    assert_int_equal(bumped(*state, m), DYN | ISP);
}

static void new_child_zone_bumps_its_parent(void **state)
{
    struct model *m = model_small();
    put_zone(m, "b.isp.example");
    assert_int_equal(bumped(*state, m), ISP);
}

static void suffix_zone_and_zones_below_are_bumped_by_blocks(void **state)
{
    /* names {ip}.pop.isp.example lie in isp.example; dyn.isp.example is no zone of theirs */
    struct model *m = model_small();
    put_block(m, "198.51.100.128/25", "{ip}.pop.isp.example");
    assert_int_equal(bumped(*state, m), REV4 | DYN | ISP);
    /* {ip}.isp.example could be spelled like a zone below it */
    m = model_small();
    put_block(m, "198.51.100.128/25", "{ip}.isp.example");
    assert_int_equal(bumped(*state, m), REV4 | DYN | ISP);
}

static void serial_is_old_plus_one_when_ahead_of_the_clock(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    m->zones[1].has_serial = true;
    m->zones[1].serial = 2024010101;
    load_ok(f, m, NOW);
    m = model_small();
    put_record(m, "x.dyn.isp.example", RRTYPE_TXT, "\"x\"");
    load_ok(f, m, NOW + 10);
    assert_int_equal(serial_of(f, "dyn.isp.example"), 2024010102);
    /* a clock that went back never lowers a serial */
    m = model_small();
    put_record(m, "ns3.isp.example", RRTYPE_A, "192.0.2.55");
    load_ok(f, m, NOW - 1000);
    assert_int_equal(serial_of(f, "isp.example"), NOW + 1);
}

static void vanished_zone_keeps_its_id_and_returns_later(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_small(), NOW);
    uint32_t id = zone_id_of(f->store, "isp.example").id;
    struct model *m = model_make();
    put_zone(m, "other.example");
    load_ok(f, m, NOW + 10);
    assert_int_equal(f->report.zones_removed, 4);
    assert_int_equal(zone_id_of(f->store, "other.example").id, 5);
    assert_int_equal(zone_id_of(f->store, "isp.example").id, id);
    assert_int_equal(serial_of(f, "isp.example"), NOW);
    m = model_small();
    put_zone(m, "third.example");
    load_ok(f, m, NOW + 20);
    assert_int_equal(zone_id_of(f->store, "isp.example").id, id);
    assert_int_equal(serial_of(f, "isp.example"), NOW + 20);
    assert_int_equal(zone_id_of(f->store, "third.example").id, 6);
    assert_int_equal(zone_id_of(f->store, "other.example").id, 5);
}

static struct store_ptr ptr_row(struct fixture *f, struct store_reader **r, const char *addr)
{
    struct store_meta meta;
    struct store_buf key = {0};
    struct span value;
    struct store_ptr row = {0};
    struct addr a = addr_of(addr);
    assert_int_equal(store_reader_new(f->store, r), 0);
    assert_int_equal(store_read_begin(*r, &meta), 0);
    assert_int_equal(store_key_addr(&a, &key), 0);
    assert_int_equal(store_get(*r, STORE_PTRS, span_buf(&key), &value), PTRD_FOUND);
    assert_int_equal(store_read_ptr(value, &row), 0);
    store_buf_done(&key);
    return row;
}

static void several_ptrs_are_one_row_of_the_least_ttl(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    put_ptr(m, "198.51.100.25", "b.isp.example", 120, FORWARD_UNSAID);
    put_ptr(m, "2001:db8::1", "v6.isp.example", MODEL_TTL_UNSAID, FORWARD_AUTO);
    m->zones[3].settings.ttl_s = 77;
    load_ok(f, m, NOW);
    struct store_reader *r;
    struct store_ptr row = ptr_row(f, &r, "198.51.100.25");
    assert_int_equal(row.count, 2);
    assert_int_equal(row.ttl_s, 120);
    store_reader_free(r);
    row = ptr_row(f, &r, "2001:db8::1");
    assert_int_equal(row.ttl_s, 77); /* its reverse zone's */
    assert_int_equal(row.forward, FORWARD_AUTO);
    store_reader_free(r);
}

static void derived_only_where_the_design_says(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    uint32_t ttl_s = 0;
    put_ptr(m, "198.51.100.30", "x.dyn.isp.example", 60, FORWARD_UNSAID); /* not forward_auto */
    put_ptr(m, "198.51.100.31", "y.dyn.isp.example", 61, FORWARD_AUTO);
    put_ptr(m, "198.51.100.32", "isp.example", 60, FORWARD_AUTO);          /* an apex */
    put_ptr(m, "198.51.100.33", "_x.isp.example", 60, FORWARD_AUTO);       /* no host name */
    put_ptr(m, "198.51.100.34", "mail.foreign.example", 60, FORWARD_AUTO); /* not ours */
    put_ptr(m, "198.51.100.35", "z.isp.example", 60, FORWARD_EXTERNAL);
    put_ptr(m, "198.51.100.36", "z.isp.example", 60, FORWARD_NONE);
    put_ptr(m, "2001:db8::5", "y.dyn.isp.example", 62, FORWARD_AUTO);
    load_ok(f, m, NOW);
    assert_int_equal(rows_of(f, STORE_DERIVED), 3);
    assert_true(is_derived(f, "mail.isp.example", "198.51.100.25", &ttl_s));
    assert_int_equal(ttl_s, 3600);
    assert_true(is_derived(f, "y.dyn.isp.example", "198.51.100.31", &ttl_s));
    assert_int_equal(ttl_s, 61);
    assert_true(is_derived(f, "y.dyn.isp.example", "2001:db8::5", &ttl_s));
    assert_int_equal(ttl_s, 62);
}

static void metadata_by_zone_id(void **state)
{
    struct fixture *f = *state;
    const char *values[] = {"192.0.2.1", "AUTO-NS"};
    struct model_metadata items[] = {{"X-B", values, 1}, {"ALLOW-AXFR-FROM", values, 2}};
    struct model *m = model_small();
    m->zones[2].metadata = items;
    m->zones[2].metadata_count = 2;
    load_ok(f, m, NOW);
    struct store_reader *r;
    struct store_meta meta;
    struct span key, value, kind, item;
    uint32_t id;
    size_t at = 0;
    assert_int_equal(store_reader_new(f->store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(store_seek(r, STORE_METADATA, (struct span){0}, &key, &value), PTRD_FOUND);
    assert_int_equal(store_read_key_metadata(key, &id, &kind), 0);
    assert_int_equal(id, zone_id_of(f->store, "100.51.198.in-addr.arpa").id);
    assert_memory_equal(kind.bytes, "ALLOW-AXFR-FROM", kind.len);
    assert_int_equal(store_next_string(value, &at, &item), PTRD_FOUND);
    assert_int_equal(store_next_string(value, &at, &item), PTRD_FOUND);
    assert_memory_equal(item.bytes, "AUTO-NS", item.len);
    assert_int_equal(store_next_string(value, &at, &item), PTRD_ABSENT);
    assert_int_equal(store_next(r, STORE_METADATA, &key, &value), PTRD_FOUND);
    assert_int_equal(store_next(r, STORE_METADATA, &key, &value), PTRD_ABSENT);
    store_reader_free(r);
}

static void foreign_table_is_refused(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small(), *other = model_make();
    put_zone(other, "other.example");
    struct table *t = table_make(other);
    struct table *own = table_make(m);
    assert_int_equal(load_model(f->store, m, t, NOW, 0, NULL, NULL, &f->report, &f->scratch.diag),
                     PTRD_EINVAL);
    table_free(t);
    table_free(own);
    model_free(m);
    model_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_load_gives_ids_and_serials),
        TEST(same_load_touches_only_the_contact),
        TEST(ptr_bumps_its_zone_only),
        TEST(derived_ptr_bumps_the_target_too),
        TEST(forward_none_changes_the_target_zone_only),
        TEST(block_ttl_bumps_reverse_and_forward),
        TEST(cutting_a_block_in_two_bumps_nothing),
        TEST(excluded_range_bumps),
        TEST(block_kind_changes_no_serial),
        TEST(record_bumps_its_zone),
        TEST(apex_ns_bumps_the_parent_too),
        TEST(new_child_zone_bumps_its_parent),
        TEST(suffix_zone_and_zones_below_are_bumped_by_blocks),
        TEST(serial_is_old_plus_one_when_ahead_of_the_clock),
        TEST(vanished_zone_keeps_its_id_and_returns_later),
        TEST(several_ptrs_are_one_row_of_the_least_ttl),
        TEST(derived_only_where_the_design_says),
        TEST(metadata_by_zone_id),
        TEST(foreign_table_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
