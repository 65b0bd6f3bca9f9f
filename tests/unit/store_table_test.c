/* The zone table of a store: its cuts and delegations, and rows that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ptrd/resolve/snapshot.h"
#include "support/small_store.h"

/* Rows in the builder's own transaction: the small store, and what a test puts there. */
struct rows {
    struct small_store small;
    struct store_reader *reader;
};

static void begin(struct rows *r)
{
    struct store_meta meta;
    small_store_make(&r->small);
    MUST(store_open(r->small.dir, STORE_OPEN_CREATE, &r->small.store, NULL));
    MUST(store_write_begin(r->small.store, 0, &r->small.writer, &meta, NULL));
    r->small.key = r->small.value = (struct store_buf){0};
}

static void end(struct rows *r)
{
    store_write_abort(r->small.writer);
    store_close(r->small.store);
    store_buf_done(&r->small.key);
    store_buf_done(&r->small.value);
    small_store_remove(&r->small);
}

static int build(struct rows *r, struct table **out)
{
    MUST(store_reader_of_writer(r->small.writer, &r->reader));
    int err = snapshot_table(r->reader, out);
    store_reader_free(r->reader);
    return err;
}

static void put_cut(struct rows *r, const char *text, uint8_t flags)
{
    struct name name = small_name(text);
    MUST(store_key_name(&name, &r->small.key));
    MUST(store_put(r->small.writer, STORE_CUTS, (struct span){r->small.key.bytes, r->small.key.len},
                   (struct span){&flags, 1}));
}

static void put_delegation(struct rows *r, const char *prefix, const char *child)
{
    struct name ns = small_name("ns.customer.example");
    struct store_delegation d = {.ttl_s = 60, .ns_count = 1, .ns = {ns.wire, ns.len}};
    MUST(prefix_parse(prefix, strlen(prefix), &d.prefix, NULL));
    if (child)
        d.child = small_name(child);
    MUST(store_key_delegation(&d.prefix, &r->small.key));
    MUST(store_write_delegation(&d, &r->small.value));
    small_put(&r->small, STORE_DELEGATIONS);
}

static void put_classless(struct rows *r, const char *apex, const char *prefix)
{
    struct name name = small_name(apex);
    struct store_zone zone = {
        .soa = {small_name("ns1.isp.example"), small_name("h.isp.example"), 1, 1, 1, 1},
        .ttl_s = 60,
        .classless = true};
    struct store_zone_id id = {.id = ++r->small.zones, .serial = 1};
    MUST(prefix_parse(prefix, strlen(prefix), &zone.prefix, NULL));
    MUST(store_key_name(&name, &r->small.key));
    MUST(store_write_zone(&zone, &r->small.value));
    small_put(&r->small, STORE_ZONES);
    MUST(store_write_zone_id(&id, &r->small.value));
    small_put(&r->small, STORE_ZONE_IDS);
}

static bool delegated(const struct table *t, const char *text)
{
    struct addr a;
    MUST(addr_parse(text, strlen(text), &a));
    assert_int_equal(table_block_for(t, &a) == NULL, table_delegated(t, &a));
    return table_delegated(t, &a);
}

static void test_cuts_and_delegations_of_a_store(void **state)
{
    struct rows r;
    struct table *t;
    (void)state;
    begin(&r);
    put_classless(&r, "64/26.100.51.198.in-addr.arpa", "198.51.100.64/26");
    put_cut(&r, "5.100.51.198.in-addr.arpa", CUT_NS);
    put_cut(&r, "0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", CUT_DNAME);
    put_cut(&r, "cut.isp.example", CUT_NS);
    put_delegation(&r, "198.51.100.64/26", "64/26.100.51.198.in-addr.arpa");
    put_delegation(&r, "198.51.100.128/26", "128/26.100.51.198.in-addr.arpa");
    put_delegation(&r, "2001:db8:ff00::/48", NULL); /* its NS would be among the cuts */
    assert_int_equal(build(&r, &t), 0);
    assert_true(delegated(t, "198.51.100.5") && delegated(t, "198.51.100.128") &&
                delegated(t, "198.51.100.191") && delegated(t, "2001:db8:f::"));
    assert_false(delegated(t, "198.51.100.6") || delegated(t, "198.51.100.64") ||
                 delegated(t, "198.51.100.192") || delegated(t, "2001:db8:10::") ||
                 delegated(t, "2001:db8:ff00::"));
    struct name name = small_name("a.cut.isp.example");
    assert_int_equal(table_place(t, &name).rule, PLACE_BELOW_CUT);
    table_free(t);
    end(&r);
}

static void check_refused(struct rows *r, const char *what)
{
    struct table *t = NULL;
    int err = build(r, &t);
    table_free(t);
    end(r);
    if (err != PTRD_ECORRUPT)
        fail_msg("%s: %d", what, err);
}

static void test_bad_rows(void **state)
{
    struct rows r;
    (void)state;
    begin(&r);
    put_cut(&r, "cut.isp.example", 4);
    check_refused(&r, "flags that are none");
    begin(&r);
    put_cut(&r, "cut.isp.example", 0);
    check_refused(&r, "no flags");
    begin(&r);
    put_cut(&r, "cut.isp.example", CUT_NS);
    MUST(store_put(r.small.writer, STORE_CUTS, (struct span){(const uint8_t *)"a", 1},
                   (struct span){(const uint8_t *)"\1", 1}));
    check_refused(&r, "a key that is no name");
    begin(&r);
    put_delegation(&r, "198.51.100.0/24", "x.100.51.198.in-addr.arpa");
    check_refused(&r, "RFC 2317 is for IPv4 beyond /24");
    begin(&r);
    put_delegation(&r, "2001:db8::/48", "x.isp.example");
    check_refused(&r, "RFC 2317 of IPv6");
    begin(&r);
    put_classless(&r, "a.isp.example", "198.51.100.64/26");
    put_classless(&r, "b.isp.example", "198.51.100.96/27");
    check_refused(&r, "two homes of one address");
    begin(&r);
    put_delegation(&r, "198.51.100.64/26", "x.100.51.198.in-addr.arpa");
    MUST(store_put(r.small.writer, STORE_DELEGATIONS,
                   (struct span){r.small.key.bytes, r.small.key.len},
                   (struct span){r.small.value.bytes, r.small.value.len - 1}));
    check_refused(&r, "cut off");
    begin(&r);
    small_block(&r.small, "198.51.100.128", 23, "{ip}.x.isp.example", 60);
    check_refused(&r, "blocks that cross");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_and_delegations_of_a_store),
        cmocka_unit_test(test_bad_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
