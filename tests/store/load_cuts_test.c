/* The loader: cuts, delegations, what zones hold above others, homes of addresses, kinds of zones,
 * and the serials that follow from them. */
#include "load_support.h"

static struct model_zone *put_classless(struct model *m, const char *apex, const char *prefix)
{
    struct model_zone *z = put_zone(m, apex);
    z->settings.classless = true;
    assert_int_equal(prefix_parse(prefix, strlen(prefix), &z->settings.prefix, NULL), 0);
    return z;
}

static void put_above(struct model *m, const char *owner, uint16_t type, const char *content)
{
    struct model_record *r = model_add_above(m);
    assert_non_null(r);
    *r = (struct model_record){.owner = name_of(owner),
                               .type = type,
                               .ttl_s = 3600,
                               .content = content,
                               .content_len = strlen(content)};
}

/* As written; the records that it stands for are the caller's. child NULL: none. */
static void put_delegation(struct model *m, const char *prefix, const char *child,
                           struct name ns[2])
{
    struct model_delegation *d = model_add_delegation(m);
    static const char *ds[] = {"12345 13 2 00"};
    assert_non_null(d);
    assert_int_equal(prefix_parse(prefix, strlen(prefix), &d->prefix, NULL), 0);
    if (child)
        d->child = name_of(child);
    d->ttl_s = 60;
    ns[0] = name_of("ns1.customer.example");
    ns[1] = name_of("ns2.customer.example");
    d->ns = ns;
    d->ns_count = 2;
    d->ds = ds;
    d->ds_count = 1;
}

/* The flags of a row of cuts; 0: none. */
static uint8_t cut_at(struct fixture *f, const char *owner)
{
    struct store_reader *r;
    struct store_meta meta;
    struct store_buf key = {0};
    struct span value;
    struct name n = name_of(owner);
    uint8_t flags = 0;
    assert_int_equal(store_reader_new(f->store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(store_key_name(&n, &key), 0);
    if (store_get(r, STORE_CUTS, span_buf(&key), &value) == PTRD_FOUND)
        assert_int_equal(store_read_cut(value, &flags), 0);
    store_reader_free(r);
    store_buf_done(&key);
    return flags;
}

/* --- what is written --- */

static void delegations_are_kept_as_written(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    struct name ns[2][2];
    put_delegation(m, "198.51.100.64/26", "64-26.100.51.198.in-addr.arpa", ns[0]);
    put_delegation(m, "2001:db8:1::/48", NULL, ns[1]);
    load_ok(f, m, NOW);
    assert_int_equal(rows_of(f, STORE_DELEGATIONS), 2);
    struct store_reader *r;
    struct store_meta meta;
    struct store_delegation row;
    struct span key, value, item;
    struct name child = name_of("64-26.100.51.198.in-addr.arpa");
    size_t at = 0;
    assert_int_equal(store_reader_new(f->store, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(store_seek(r, STORE_DELEGATIONS, (struct span){0}, &key, &value), PTRD_FOUND);
    assert_int_equal(store_read_delegation(key, value, &row), 0);
    assert_int_equal(row.prefix.len, 26);
    assert_true(name_equal(&row.child, &child));
    assert_int_equal(row.ttl_s, 60);
    assert_int_equal(row.ns_count, 2);
    assert_int_equal(row.ds_count, 1);
    assert_int_equal(store_next_content(row.ds, &at, &item), PTRD_FOUND);
    assert_memory_equal(item.bytes, "12345 13 2 00", item.len);
    assert_int_equal(store_next(r, STORE_DELEGATIONS, &key, &value), PTRD_FOUND);
    assert_int_equal(store_read_delegation(key, value, &row), 0);
    assert_int_equal(row.prefix.family, FAMILY_IPV6);
    assert_int_equal(row.child.len, 0);
    store_reader_free(r);
}

static void what_a_zone_holds_above_another_has_its_own_table(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    put_above(m, "dyn.isp.example", RRTYPE_NS, "ns.other.example.");
    put_above(m, "dyn.isp.example", RRTYPE_NS, "ns2.other.example.");
    put_above(m, "ns.dyn.isp.example", RRTYPE_A, "192.0.2.1");
    load_ok(f, m, NOW);
    assert_int_equal(rows_of(f, STORE_ABOVE), 2);
    assert_int_equal(rows_of(f, STORE_RECORDS), 3);
    assert_int_equal(rows_of(f, STORE_CUTS), 0);
    load_ok(f, model_small(), NOW + 1);
    assert_int_equal(rows_of(f, STORE_ABOVE), 0);
}

static void cuts_are_ns_below_an_apex_and_dnames(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    put_record(m, "a.cut.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "cut.isp.example", RRTYPE_A, "192.0.2.1");
    put_record(m, "cut.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "cut.isp.example", RRTYPE_NS, "ns2.other.example.");
    put_record(m, "both.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "both.isp.example", RRTYPE_DNAME, "other.example.");
    put_record(m, "dyn.isp.example", RRTYPE_DNAME, "other.example."); /* at an apex */
    put_record(m, "foreign.example", RRTYPE_NS, "ns.other.example."); /* in no zone of ours */
    load_ok(f, m, NOW);
    assert_int_equal(rows_of(f, STORE_CUTS), 4);
    assert_int_equal(cut_at(f, "cut.isp.example"), CUT_NS);
    assert_int_equal(cut_at(f, "a.cut.isp.example"), CUT_NS);
    assert_int_equal(cut_at(f, "both.isp.example"), CUT_NS | CUT_DNAME);
    assert_int_equal(cut_at(f, "dyn.isp.example"), CUT_DNAME);
    assert_int_equal(cut_at(f, "isp.example"), 0);
    load_ok(f, model_small(), NOW + 1);
    assert_int_equal(rows_of(f, STORE_CUTS), 0);
}

static struct model *model_with_cuts(void)
{
    struct model *m = model_small();
    put_record(m, "a.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "b.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "c.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "d.isp.example", RRTYPE_DNAME, "other.example.");
    return m;
}

static void local_rows_stand_in_front_of_cuts(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_with_cuts(), NOW);
    local_record(f, "a.isp.example", RRTYPE_NS, NULL); /* deleted */
    local_record(f, "b.isp.example", RRTYPE_CNAME, "other.example.");
    local_record(f, "c.isp.example", RRTYPE_TXT, "\"x\""); /* says nothing about the cut */
    local_record(f, "d.isp.example", RRTYPE_DNAME, NULL);
    local_record(f, "d.isp.example", RRTYPE_NS, "ns.local.example.");
    local_record(f, "e.dyn.isp.example", RRTYPE_NS, "ns.local.example.");
    local_record(f, "isp.example", RRTYPE_NS, "ns.local.example.");
    local_record(f, "foreign.example", RRTYPE_NS, "ns.local.example.");
    local_record(f, "zz.isp.example", RRTYPE_CNAME, NULL);
    load_ok(f, model_with_cuts(), NOW + 1);
    load_ok(f, model_with_cuts(), NOW + 1); /* the same rows say the same */
    assert_int_equal(f->report.zones_bumped, 0);
    assert_int_equal(rows_of(f, STORE_CUTS), 3);
    assert_int_equal(cut_at(f, "c.isp.example"), CUT_NS);
    assert_int_equal(cut_at(f, "d.isp.example"), CUT_NS);
    assert_int_equal(cut_at(f, "e.dyn.isp.example"), CUT_NS);
    /* the apex of a new zone is none, its parent's cuts stay; what was outside is inside now */
    struct model *m = model_with_cuts();
    put_zone(m, "e.dyn.isp.example");
    put_zone(m, "example");
    load_ok(f, m, NOW + 2);
    assert_int_equal(rows_of(f, STORE_CUTS), 3);
    assert_int_equal(cut_at(f, "e.dyn.isp.example"), 0);
    assert_int_equal(cut_at(f, "foreign.example"), CUT_NS);
}

static void structure_rises_with_cuts_and_delegations_only(void **state)
{
    struct fixture *f = *state;
    struct name ns[2];
    load_ok(f, model_small(), NOW);
    uint64_t structure = meta_of(f->store).structure;
    struct model *m = model_small();
    put_above(m, "dyn.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "x.isp.example", RRTYPE_TXT, "\"x\"");
    load_ok(f, m, NOW + 1);
    assert_int_equal(meta_of(f->store).structure, structure);
    assert_false(f->report.structure_changed);
    m = model_small();
    put_record(m, "x.isp.example", RRTYPE_NS, "ns.other.example.");
    load_ok(f, m, NOW + 2);
    assert_int_equal(meta_of(f->store).structure, ++structure);
    m = model_small();
    put_record(m, "x.isp.example", RRTYPE_NS, "ns.changed.example.");
    load_ok(f, m, NOW + 3);
    assert_int_equal(meta_of(f->store).structure, structure);
    m = model_small();
    put_record(m, "x.isp.example", RRTYPE_DNAME, "other.example.");
    load_ok(f, m, NOW + 4);
    assert_int_equal(meta_of(f->store).structure, ++structure);
    m = model_small();
    put_record(m, "x.isp.example", RRTYPE_DNAME, "other.example.");
    put_delegation(m, "198.51.100.64/26", "64-26.100.51.198.in-addr.arpa", ns);
    load_ok(f, m, NOW + 5);
    assert_int_equal(meta_of(f->store).structure, ++structure);
}

/* --- serials --- */

static void cut_bumps_reverse_and_forward(void **state)
{
    struct model *m = model_small();
    put_record(m, "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", RRTYPE_NS, "ns.other.example.");
    assert_int_equal(bumped(*state, m), REV6 | DYN);
}

static void cut_without_generated_names_bumps_its_zone_only(void **state)
{
    struct model *m = model_small();
    put_record(m, "sub.isp.example", RRTYPE_NS, "ns.other.example.");
    assert_int_equal(bumped(*state, m), ISP);
}

static void rfc_2317_delegation_bumps_reverse_and_forward(void **state)
{
    struct fixture *f = *state;
    struct name ns[2];
    struct model *m = model_small();
    put_delegation(m, "198.51.100.64/26", "64-26.100.51.198.in-addr.arpa", ns);
    /* not even the NS: the addresses that generate nothing any more are a change by themselves */
    assert_int_equal(bumped(f, m), REV4 | DYN);
}

static void what_stands_above_bumps_the_zones_that_show_it(void **state)
{
    struct model *m = model_small();
    put_above(m, "dyn.isp.example", RRTYPE_NS, "ns.other.example.");
    assert_int_equal(bumped(*state, m), ISP);
    m = model_small();
    put_above(m, "ns.dyn.isp.example", RRTYPE_AAAA, "2001:db8::1");
    assert_int_equal(bumped(*state, m), ISP);
}

/* dyn.isp.example has a server below its own apex. */
static struct model *model_glue(const char *address)
{
    struct model *m = model_small();
    put_record(m, "dyn.isp.example", RRTYPE_NS, "ns.dyn.isp.example.");
    put_record(m, "ns.dyn.isp.example", RRTYPE_A, address);
    return m;
}

static void glue_bumps_the_parent_that_shows_it(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_glue("192.0.2.1"), NOW);
    load_ok(f, model_glue("192.0.2.2"), NOW + 1);
    assert_int_equal(f->report.zones_bumped, 2);
    assert_int_equal(serial_of(f, "isp.example"), NOW + 1);
    assert_int_equal(serial_of(f, "dyn.isp.example"), NOW + 1);
}

static struct model *model_glue_of_ptr(const char *addr, const char *block)
{
    struct model *m = model_small();
    put_record(m, "dyn.isp.example", RRTYPE_NS, "ns.dyn.isp.example.");
    put_record(m, "dyn.isp.example", RRTYPE_NS, "v4-7.dyn.isp.example.");
    put_ptr(m, addr, "ns.dyn.isp.example", 60, FORWARD_AUTO);
    if (block)
        put_block(m, block, "v4-{4}.dyn.isp.example");
    return m;
}

static void derived_and_generated_glue_bump_the_parent(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_glue_of_ptr("198.51.100.9", NULL), NOW);
    load_ok(f, model_glue_of_ptr("198.51.100.10", NULL), NOW + 1);
    assert_int_equal(f->report.zones_bumped, 3);
    assert_int_equal(serial_of(f, "isp.example"), NOW + 1);
    /* the block names no other server */
    load_ok(f, model_glue_of_ptr("198.51.100.10", "198.51.100.64/26"), NOW + 2);
    assert_int_equal(serial_of(f, "isp.example"), NOW + 1);
    assert_int_equal(serial_of(f, "dyn.isp.example"), NOW + 2);
    load_ok(f, model_glue_of_ptr("198.51.100.10", "198.51.100.0/26"), NOW + 3);
    assert_int_equal(serial_of(f, "isp.example"), NOW + 3);
}

#define CLASSLESS "64/26.100.51.198.in-addr.arpa"

static struct model *model_classless(void)
{
    struct model *m = model_small();
    put_classless(m, CLASSLESS, "198.51.100.64/26");
    put_zone(m, "70.100.51.198.in-addr.arpa"); /* holds no PTR: 198.51.100.70 is at home above */
    put_record(m, CLASSLESS, RRTYPE_NS, "ns1.isp.example.");
    return m;
}

static void ptrs_and_blocks_count_in_their_home(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_classless(), NOW);
    uint32_t rest = serial_of(f, "100.51.198.in-addr.arpa");
    struct model *m = model_classless();
    put_ptr(m, "198.51.100.64", "a.other.example", 60, FORWARD_UNSAID);
    put_ptr(m, "198.51.100.70", "b.other.example", 60, FORWARD_UNSAID);
    put_ptr(m, "198.51.100.127", "c.other.example", 60, FORWARD_UNSAID);
    load_ok(f, m, NOW + 1);
    assert_int_equal(f->report.zones_bumped, 1);
    assert_int_equal(serial_of(f, CLASSLESS), NOW + 1);
    m = model_classless();
    put_block(m, "198.51.100.96/27", NULL);
    load_ok(f, m, NOW + 2);
    assert_int_equal(f->report.zones_bumped, 2);
    assert_int_equal(serial_of(f, CLASSLESS), NOW + 2);
    assert_int_equal(serial_of(f, "dyn.isp.example"), NOW + 2);
    assert_int_equal(serial_of(f, "100.51.198.in-addr.arpa"), rest);
    m = model_classless();
    put_ptr(m, "198.51.100.63", "a.other.example", 60, FORWARD_UNSAID);
    put_ptr(m, "198.51.100.128", "c.other.example", 60, FORWARD_UNSAID);
    load_ok(f, m, NOW + 3);
    assert_int_equal(serial_of(f, "100.51.198.in-addr.arpa"), NOW + 3);
}

static void ttl_of_a_ptr_is_that_of_its_home(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    put_classless(m, CLASSLESS, "198.51.100.64/26")->settings.ttl_s = 77;
    put_ptr(m, "198.51.100.70", "b.isp.example", MODEL_TTL_UNSAID, FORWARD_AUTO);
    load_ok(f, m, NOW);
    uint32_t ttl_s = 0;
    assert_true(is_derived(f, "b.isp.example", "198.51.100.70", &ttl_s));
    assert_int_equal(ttl_s, 77);
}

/* --- kinds of zones --- */

static struct model *model_secondary(const char *text, bool secondary)
{
    struct model *m = model_small();
    struct model_zone *z = put_zone(m, "second.example");
    if (secondary) {
        z->settings.kind = ZONE_SECONDARY;
        z->settings.primary_count = 1;
        z->settings.primaries[0] = (struct store_primary){.addr = addr_of("192.0.2.1")};
    }
    if (text)
        put_record(m, "x.second.example", RRTYPE_TXT, text);
    return m;
}

static void a_load_never_sets_the_serial_of_a_secondary_zone(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_secondary(NULL, true), NOW);
    assert_int_equal(serial_of(f, "second.example"), 0);
    load_ok(f, model_secondary("\"x\"", true), NOW + 1);
    assert_int_equal(serial_of(f, "second.example"), 0);
    assert_int_equal(f->report.zones_bumped, 0);
    load_ok(f, model_small(), NOW + 2);
    load_ok(f, model_secondary("\"y\"", true), NOW + 3);
    assert_int_equal(serial_of(f, "second.example"), 0);
    /* native from now on: the loads' */
    load_ok(f, model_secondary("\"z\"", false), NOW + 4);
    assert_int_equal(serial_of(f, "second.example"), NOW + 4);
    load_ok(f, model_secondary("\"y\"", true), NOW + 5);
    assert_int_equal(serial_of(f, "second.example"), NOW + 4);
}

static void a_secondary_zone_may_begin_with_a_serial(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_secondary(NULL, true);
    m->zones[4].has_serial = true;
    m->zones[4].serial = 42;
    load_ok(f, m, NOW);
    assert_int_equal(serial_of(f, "second.example"), 42);
}

static void kind_and_primaries_change_no_serial(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    m->zones[0].settings.kind = ZONE_PRIMARY;
    assert_int_equal(bumped(f, m), 0);
    assert_int_equal(meta_of(f->store).data, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delegations_are_kept_as_written),
        TEST(what_a_zone_holds_above_another_has_its_own_table),
        TEST(cuts_are_ns_below_an_apex_and_dnames),
        TEST(local_rows_stand_in_front_of_cuts),
        TEST(structure_rises_with_cuts_and_delegations_only),
        TEST(cut_bumps_reverse_and_forward),
        TEST(cut_without_generated_names_bumps_its_zone_only),
        TEST(rfc_2317_delegation_bumps_reverse_and_forward),
        TEST(what_stands_above_bumps_the_zones_that_show_it),
        TEST(glue_bumps_the_parent_that_shows_it),
        TEST(derived_and_generated_glue_bump_the_parent),
        TEST(ptrs_and_blocks_count_in_their_home),
        TEST(ttl_of_a_ptr_is_that_of_its_home),
        TEST(a_load_never_sets_the_serial_of_a_secondary_zone),
        TEST(a_secondary_zone_may_begin_with_a_serial),
        TEST(kind_and_primaries_change_no_serial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
