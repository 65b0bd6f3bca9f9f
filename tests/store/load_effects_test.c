/* What local rows make of a change of the source: no load changes the answers of a zone without
 * raising its serial, also where the change is not in what the source says of that zone. */
#include "load_support.h"

/* Loads the model twice, the second time over the local rows that `local` writes, so that the store
 * is as edits would have left it. */
static void settle(struct fixture *f, struct model *(*make)(void), void (*local)(struct fixture *))
{
    load_ok(f, make(), NOW);
    local(f);
    load_ok(f, make(), NOW + 1);
    load_ok(f, make(), NOW + 2);
    assert_int_equal(f->report.zones_bumped, 0);
}

#define CHANGED (NOW + 100)

static void local_new_names(struct fixture *f)
{
    local_ptr(f, "198.51.100.99", "new.dyn.isp.example", 60);
}

static void names_of_local_ptrs_come_with_forward_auto(void **state)
{
    struct fixture *f = *state;
    settle(f, model_small, local_new_names);
    struct model *m = model_small();
    m->zones[1].settings.forward_auto = true;
    load_ok(f, m, CHANGED);
    assert_int_equal(serial_of(f, "dyn.isp.example"), CHANGED);
    assert_int_equal(serial_of(f, "isp.example"), NOW);
    assert_int_equal(serial_of(f, "100.51.198.in-addr.arpa"), NOW);
    load_ok(f, model_small(), CHANGED + 1);
    assert_int_equal(serial_of(f, "dyn.isp.example"), CHANGED + 1);
}

static void local_homeless(struct fixture *f)
{
    local_ptr(f, "203.0.113.1", "home.isp.example", 60);
}

static void names_of_local_ptrs_come_with_their_home(void **state)
{
    struct fixture *f = *state;
    settle(f, model_small, local_homeless);
    struct model *m = model_small();
    put_zone(m, "113.0.203.in-addr.arpa");
    load_ok(f, m, CHANGED);
    assert_int_equal(serial_of(f, "isp.example"), CHANGED);
    assert_int_equal(serial_of(f, "dyn.isp.example"), NOW);
    load_ok(f, model_small(), CHANGED + 1);
    assert_int_equal(serial_of(f, "isp.example"), CHANGED + 1);
}

static void local_alias(struct fixture *f)
{
    local_record(f, "25.100.51.198.in-addr.arpa", RRTYPE_CNAME, "25.x.example.");
}

static void names_come_when_an_alias_is_at_no_reverse_name_any_more(void **state)
{
    struct fixture *f = *state;
    settle(f, model_small, local_alias);
    uint32_t ttl_s;
    uint32_t before = serial_of(f, "isp.example"); /* the row was not put there by an edit */
    struct model *m = model_small();
    struct model_zone *z = put_zone(m, "24-29.100.51.198.in-addr.arpa");
    z->settings.classless = true;
    assert_int_equal(prefix_parse("198.51.100.24/29", 16, &z->settings.prefix, NULL), 0);
    load_ok(f, m, CHANGED);
    assert_true(is_derived(f, "mail.isp.example", "198.51.100.25", &ttl_s));
    assert_true(before < CHANGED);
    assert_int_equal(serial_of(f, "isp.example"), CHANGED);
}

static struct model *model_wide(void)
{
    struct model *m = model_small();
    m->zones[2].apex = name_of("51.198.in-addr.arpa");
    return m;
}

static void local_cut(struct fixture *f)
{
    local_record(f, "100.51.198.in-addr.arpa", RRTYPE_NS, "ns.other.example.");
}

static void generated_names_come_when_a_cut_becomes_an_apex(void **state)
{
    struct fixture *f = *state;
    settle(f, model_wide, local_cut);
    assert_int_equal(rows_of(f, STORE_CUTS), 1);
    uint32_t isp = serial_of(f, "isp.example");
    struct model *m = model_wide();
    put_zone(m, "100.51.198.in-addr.arpa");
    load_ok(f, m, CHANGED);
    assert_int_equal(rows_of(f, STORE_CUTS), 0);
    assert_int_equal(serial_of(f, "dyn.isp.example"), CHANGED);
    assert_int_equal(serial_of(f, "51.198.in-addr.arpa"), CHANGED);
    assert_int_equal(serial_of(f, "isp.example"), isp);
    assert_int_equal(serial_of(f, "8.b.d.0.1.0.0.2.ip6.arpa"), NOW);
    load_ok(f, model_wide(), CHANGED + 1);
    assert_int_equal(serial_of(f, "dyn.isp.example"), CHANGED + 1);
}

static struct model *model_server(void)
{
    struct model *m = model_small();
    put_record(m, "ns.dyn.isp.example", RRTYPE_A, "192.0.2.54");
    return m;
}

static void local_servers(struct fixture *f)
{
    local_record(f, "dyn.isp.example", RRTYPE_NS, "ns.dyn.isp.example.");
}

static void glue_of_local_servers_changes(void **state)
{
    struct fixture *f = *state;
    settle(f, model_server, local_servers);
    struct model *m = model_server();
    put_record(m, "ns.dyn.isp.example", RRTYPE_A, "192.0.2.55");
    load_ok(f, m, CHANGED);
    assert_int_equal(serial_of(f, "isp.example"), CHANGED);
    assert_int_equal(serial_of(f, "dyn.isp.example"), CHANGED);
    assert_int_equal(serial_of(f, "100.51.198.in-addr.arpa"), NOW);
}

/* A cut of the zone's own above the apex of a zone of ours: its glue is in that zone. */
static struct model *model_inside(const char *address)
{
    struct model *m = model_small();
    put_zone(m, "y.cut.isp.example");
    put_record(m, "cut.isp.example", RRTYPE_NS, "ns.y.cut.isp.example.");
    put_record(m, "ns.y.cut.isp.example", RRTYPE_A, address);
    return m;
}

static void glue_below_a_cut_changes(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_inside("192.0.2.54"), NOW);
    load_ok(f, model_inside("192.0.2.55"), CHANGED);
    assert_int_equal(serial_of(f, "isp.example"), CHANGED);
    assert_int_equal(serial_of(f, "y.cut.isp.example"), CHANGED);
    assert_int_equal(serial_of(f, "dyn.isp.example"), NOW);
}

static struct model *model_with_secondary(bool forward_auto)
{
    struct model *m = model_small();
    struct store_zone *z = &m->zones[1].settings;
    z->kind = ZONE_SECONDARY;
    z->primary_count = 1;
    z->primaries[0].addr = addr_of("192.0.2.1");
    z->forward_auto = forward_auto;
    return m;
}

static void a_secondary_is_not_raised(void **state)
{
    struct fixture *f = *state;
    uint32_t ttl_s;
    load_ok(f, model_with_secondary(false), NOW);
    local_new_names(f);
    load_ok(f, model_with_secondary(true), CHANGED);
    assert_true(is_derived(f, "new.dyn.isp.example", "198.51.100.99", &ttl_s));
    assert_int_equal(serial_of(f, "dyn.isp.example"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_of_local_ptrs_come_with_forward_auto),
        TEST(names_of_local_ptrs_come_with_their_home),
        TEST(names_come_when_an_alias_is_at_no_reverse_name_any_more),
        TEST(generated_names_come_when_a_cut_becomes_an_apex),
        TEST(glue_of_local_servers_changes),
        TEST(glue_below_a_cut_changes),
        TEST(a_secondary_is_not_raised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
