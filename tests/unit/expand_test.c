/* source/model.h, model_expand: what delegations and zones of RFC 2317 stand for, which PTR records
 * are explicit PTRs, and what a zone holds above a zone of ours inside it. Refusals with their
 * messages: test_bad_zones.py. */
#include "ptrd/core/rrtype.h"
#include "support/loaded.h"

static struct loaded where;

/* Everything but the NS of `defaults:`, one thing a line: "+" made, "^" above. */
static char *print_records(const struct model *m)
{
    char *out = NULL, a[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], from[ADDR_TEXT_SIZE];
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    for (unsigned above = 0; above < 2; above++)
        for (uint32_t i = 0; i < (above ? m->above_count : m->record_count); i++) {
            const struct model_record *x = above ? &m->above[i] : &m->records[i];
            if (strcmp(x->content, "ns1.out.example.") == 0)
                continue;
            assert_int_equal(strlen(x->content), x->content_len);
            name_print(&x->owner, a);
            rrtype_print(x->type, type);
            fprintf(to, "%s%s%s %u %s %s", above ? "^" : "", x->made ? "+" : "", a, x->ttl_s, type,
                    x->content);
            name_print(&x->in, a);
            fprintf(to, above ? " in %s\n" : "\n", a);
        }
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        struct addr addr = {.num = m->ptrs[i].num, .family = (enum family)m->ptrs[i].family};
        struct span wire = model_target(m, &m->ptrs[i]);
        struct name target;
        assert_int_equal(name_from_wire(wire.bytes, wire.len, &target), 0);
        name_print(&target, a);
        addr_print(&addr, from);
        fprintf(to, "ptr %s %s %u\n", from, a, m->ptrs[i].ttl_s);
    }
    fclose(to);
    return out;
}

/* Also: check_model takes it. */
static void check(const char *text, const char *expected)
{
    struct model *m = loaded_read(&where, text);
    struct table *t = NULL;
    struct diag diag = {.file = NULL};
    char *found = print_records(m);
    if (check_model(m, &t, &diag) < 0)
        fail_msg("%s%u:%u: %s", text, diag.line, diag.column, diag.message);
    assert_string_equal(found, expected);
    free(found);
    table_free(t);
    model_free(m);
}

static void a_prefix_on_a_boundary_is_one_cut(void **state)
{
    (void)state;
    check("zones:\n  - {prefix: '2001:db8::/32', ttl: 77}\ndelegations:\n"
          "  - {prefix: '2001:db8:1::/48', ns: [b.example, a.example], ds: '1 13 2 "
          "abababababababababababababababababababababababababababababababab'}\n",
          "+1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 77 NS a.example.\n"
          "+1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 77 NS b.example.\n"
          "+1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 77 DS 1 13 2 "
          "abababababababababababababababababababababababababababababababab\n");
    check("zones:\n  - prefix: 203.0.0.0/16\ndelegations:\n"
          "  - {prefix: 203.0.113.0/24, ns: a.example, ttl: 5}\n",
          "+113.0.203.in-addr.arpa 5 NS a.example.\n");
}

static void a_prefix_off_the_boundary_is_several_cuts(void **state)
{
    (void)state;
    check("zones:\n  - prefix: '2001:db8::/32'\ndelegations:\n"
          "  - {prefix: '2001:db8:4::/47', ns: a.example}\n",
          "+4.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 3600 NS a.example.\n"
          "+5.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 3600 NS a.example.\n");
    check("zones:\n  - prefix: 203.0.0.0/16\ndelegations:\n"
          "  - {prefix: 203.0.112.0/23, ns: a.example}\n",
          "+112.0.203.in-addr.arpa 3600 NS a.example.\n"
          "+113.0.203.in-addr.arpa 3600 NS a.example.\n");
}

static void beyond_24_without_style_each_address_is_a_cut(void **state)
{
    (void)state;
    check("zones:\n  - prefix: 203.0.113.0/24\ndelegations:\n"
          "  - {prefix: 203.0.113.64/31, ns: a.example}\n"
          "  - {prefix: 203.0.113.9/32, ns: a.example, ds: '1 13 2 "
          "abababababababababababababababababababababababababababababababab'}\n",
          "+64.113.0.203.in-addr.arpa 3600 NS a.example.\n"
          "+65.113.0.203.in-addr.arpa 3600 NS a.example.\n"
          "+9.113.0.203.in-addr.arpa 3600 NS a.example.\n"
          "+9.113.0.203.in-addr.arpa 3600 DS 1 13 2 "
          "abababababababababababababababababababababababababababababababab\n");
}

static void a_style_is_one_cut_and_a_cname_an_address(void **state)
{
    static const char *const styles[][2] = {
        {"64/31", "+64.113.0.203.in-addr.arpa 9 CNAME 64.64/31.113.0.203.in-addr.arpa.\n"
                  "+64/31.113.0.203.in-addr.arpa 9 NS a.example.\n"
                  "+65.113.0.203.in-addr.arpa 9 CNAME 65.64/31.113.0.203.in-addr.arpa.\n"},
        {"64-31", "+64.113.0.203.in-addr.arpa 9 CNAME 64.64-31.113.0.203.in-addr.arpa.\n"
                  "+64-31.113.0.203.in-addr.arpa 9 NS a.example.\n"
                  "+65.113.0.203.in-addr.arpa 9 CNAME 65.64-31.113.0.203.in-addr.arpa.\n"},
        {"64-65", "+64.113.0.203.in-addr.arpa 9 CNAME 64.64-65.113.0.203.in-addr.arpa.\n"
                  "+64-65.113.0.203.in-addr.arpa 9 NS a.example.\n"
                  "+65.113.0.203.in-addr.arpa 9 CNAME 65.64-65.113.0.203.in-addr.arpa.\n"},
        {"c.113.0.203.in-addr.arpa.",
         "+64.113.0.203.in-addr.arpa 9 CNAME 64.c.113.0.203.in-addr.arpa.\n"
         "+65.113.0.203.in-addr.arpa 9 CNAME 65.c.113.0.203.in-addr.arpa.\n"
         "+c.113.0.203.in-addr.arpa 9 NS a.example.\n"},
        {"C.0/25.113.0.203.in-addr.arpa",
         "+c.0/25.113.0.203.in-addr.arpa 9 NS a.example.\n"
         "+64.113.0.203.in-addr.arpa 9 CNAME 64.c.0/25.113.0.203.in-addr.arpa.\n"
         "+65.113.0.203.in-addr.arpa 9 CNAME 65.c.0/25.113.0.203.in-addr.arpa.\n"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof styles / sizeof *styles; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "zones:\n  - prefix: 203.0.113.0/24\ndelegations:\n"
                 "  - {prefix: 203.0.113.64/31, ns: a.example, style: %s, ttl: 9}\n",
                 styles[i][0]);
        check(text, styles[i][1]);
    }
}

static void
an_rfc_2317_zone_of_ours_holds_the_ptrs_and_the_zone_around_it_gets_the_cnames(void **state)
{
    (void)state;
    check("zones:\n  - {prefix: 203.0.113.0/24, ttl: 9}\n"
          "  - prefix: 203.0.113.64/31\n    zone: 64/31\n    records:\n"
          "      - {name: 65, type: PTR, content: a.example}\n"
          "      - {name: 66, type: PTR, content: b.example}\n"
          "      - {name: x.65, type: PTR, content: b.example}\n",
          "+64.113.0.203.in-addr.arpa 9 CNAME 64.64/31.113.0.203.in-addr.arpa.\n"
          "x.65.64/31.113.0.203.in-addr.arpa 3600 PTR b.example.\n"
          "66.64/31.113.0.203.in-addr.arpa 3600 PTR b.example.\n"
          "+65.113.0.203.in-addr.arpa 9 CNAME 65.64/31.113.0.203.in-addr.arpa.\n"
          "ptr 203.0.113.65 a.example 3600\n");
}

static void an_rfc_2317_zone_of_ours_may_have_any_name(void **state)
{
    (void)state;
    check("zones:\n  - {prefix: 203.0.113.64/31, zone: rev.isp.example, records: [{name: 64, "
          "type: PTR, content: a.example}]}\n",
          "ptr 203.0.113.64 a.example 3600\n");
    check("zones:\n  - prefix: 203.0.113.0/24\n"
          "  - {prefix: 203.0.113.64/32, zone: rev.isp.example}\n",
          "+64.113.0.203.in-addr.arpa 3600 CNAME 64.rev.isp.example.\n");
    /* at the name of the /24 the PTRs stand where the addresses' own names are */
    check("zones:\n  - {prefix: 203.0.113.64/31, zone: 113.0.203.in-addr.arpa, records: [{name: "
          "64, type: PTR, content: a.example}]}\n",
          "ptr 203.0.113.64 a.example 3600\n");
}

static void
no_cname_is_made_where_the_zone_around_is_not_ours_or_has_delegated_the_name(void **state)
{
    (void)state;
    check("zones:\n  - {prefix: 203.0.113.64/31, zone: 64/31}\n", "");
    check("zones:\n  - prefix: 203.0.0.0/16\n    records:\n"
          "      - {name: 113, type: NS, content: up.example}\n"
          "  - {prefix: 203.0.113.64/31, zone: 64/31}\n",
          "113.0.203.in-addr.arpa 3600 NS up.example.\n");
    check("zones:\n  - prefix: 203.0.0.0/16\n    records:\n"
          "      - {name: 113, type: DNAME, content: up.example}\n"
          "  - {prefix: 203.0.113.64/31, zone: rev.isp.example}\n",
          "113.0.203.in-addr.arpa 3600 DNAME up.example.\n");
}

static void what_is_written_at_the_arpa_name_stands_in_front_of_the_cname(void **state)
{
    (void)state;
    check("zones:\n  - prefix: 203.0.113.0/24\n    records:\n"
          "      - {name: 65, type: PTR, content: a.example}\n"
          "  - {prefix: 203.0.113.64/31, zone: 64/31}\n",
          "+64.113.0.203.in-addr.arpa 3600 CNAME 64.64/31.113.0.203.in-addr.arpa.\n"
          "65.113.0.203.in-addr.arpa 3600 PTR a.example.\n");
}

static void a_delegation_of_our_own_zone_gives_the_ns_and_ds_of_its_cut(void **state)
{
    (void)state;
    check("zones:\n  - prefix: 203.0.113.0/24\n  - {prefix: 203.0.113.64/32, zone: 64/32}\n"
          "delegations:\n  - {prefix: 203.0.113.64/32, ns: a.example, style: 64/32, ds: '1 13 2 "
          "abababababababababababababababababababababababababababababababab', ttl: 7}\n",
          "+64.113.0.203.in-addr.arpa 3600 CNAME 64.64/32.113.0.203.in-addr.arpa.\n"
          "^+64/32.113.0.203.in-addr.arpa 7 NS a.example. in 113.0.203.in-addr.arpa\n"
          "^+64/32.113.0.203.in-addr.arpa 7 DS 1 13 2 "
          "abababababababababababababababababababababababababababababababab in "
          "113.0.203.in-addr.arpa\n");
    /* it stays ours: its addresses have explicit and generated PTRs */
    check("zones:\n  - name: isp.example\n  - prefix: 203.0.113.0/24\n"
          "  - {prefix: 203.0.113.64/32, zone: 64/32}\n"
          "blocks: [{prefix: 203.0.113.64/32, name: h.isp.example}]\n"
          "ptrs: {203.0.113.64: {names: a.example, ttl: 1}}\n"
          "delegations: [{prefix: 203.0.113.64/32, ns: a.example, style: 64/32}]\n",
          "+64.113.0.203.in-addr.arpa 3600 CNAME 64.64/32.113.0.203.in-addr.arpa.\n"
          "^+64/32.113.0.203.in-addr.arpa 3600 NS a.example. in 113.0.203.in-addr.arpa\n"
          "ptr 203.0.113.64 a.example 1\n");
    check("zones:\n  - prefix: 203.0.0.0/16\n  - prefix: 203.0.113.0/24\ndelegations:\n"
          "  - {prefix: 203.0.112.0/23, ns: a.example}\n",
          "+112.0.203.in-addr.arpa 3600 NS a.example.\n"
          "^+113.0.203.in-addr.arpa 3600 NS a.example. in 0.203.in-addr.arpa\n");
}

static void what_leads_to_a_zone_of_ours_may_be_delegated_further(void **state)
{
    (void)state;
    check("zones:\n  - prefix: 203.0.0.0/16\n  - prefix: 203.0.113.0/24\ndelegations:\n"
          "  - {prefix: 203.0.113.0/24, ns: a.example}\n"
          "  - {prefix: 203.0.113.64/32, ns: b.example}\n",
          "+64.113.0.203.in-addr.arpa 3600 NS b.example.\n"
          "^+113.0.203.in-addr.arpa 3600 NS a.example. in 0.203.in-addr.arpa\n");
    check("zones:\n  - prefix: 203.0.113.0/24\n  - {prefix: 203.0.113.64/31, zone: 64/31}\n"
          "delegations:\n  - {prefix: 203.0.113.64/31, ns: a.example, style: 64/31}\n"
          "  - {prefix: 203.0.113.65/32, ns: b.example}\n",
          "+64.113.0.203.in-addr.arpa 3600 CNAME 64.64/31.113.0.203.in-addr.arpa.\n"
          "+65.64/31.113.0.203.in-addr.arpa 3600 NS b.example.\n"
          "+65.113.0.203.in-addr.arpa 3600 CNAME 65.64/31.113.0.203.in-addr.arpa.\n"
          "^+64/31.113.0.203.in-addr.arpa 3600 NS a.example. in 113.0.203.in-addr.arpa\n");
    /* inside an RFC 2317 zone the CNAMEs stand where the PTRs would */
    check("zones:\n  - {prefix: 203.0.113.64/31, zone: 64/31}\ndelegations:\n"
          "  - {prefix: 203.0.113.65/32, ns: b.example, style: c.64/31.113.0.203.in-addr.arpa}\n",
          "+65.64/31.113.0.203.in-addr.arpa 3600 CNAME 65.c.64/31.113.0.203.in-addr.arpa.\n"
          "+c.64/31.113.0.203.in-addr.arpa 3600 NS b.example.\n");
    check("zones:\n  - {prefix: 203.0.113.64/31, zone: 64/31}\ndelegations:\n"
          "  - {prefix: 203.0.113.65/32, ns: b.example}\n",
          "+65.64/31.113.0.203.in-addr.arpa 3600 NS b.example.\n");
}

static void a_zone_holds_ns_ds_and_addresses_above_a_zone_of_ours(void **state)
{
    (void)state;
    check("zones:\n  - name: isp.example\n    records:\n"
          "      - {name: sub, type: NS, ttl: 8, content: ns.sub.isp.example}\n"
          "      - {name: sub, type: A, content: 192.0.2.1}\n"
          "      - {name: ns.sub, type: AAAA, content: '2001:db8::1'}\n"
          "      - {name: other, type: A, content: 192.0.2.9}\n"
          "  - name: sub.isp.example\n    records:\n"
          "      - {name: ns, type: A, content: 192.0.2.2}\n",
          "other.isp.example 3600 A 192.0.2.9\n"
          "ns.sub.isp.example 3600 A 192.0.2.2\n"
          "^sub.isp.example 3600 A 192.0.2.1 in isp.example\n"
          "^sub.isp.example 8 NS ns.sub.isp.example. in isp.example\n"
          "^ns.sub.isp.example 3600 AAAA 2001:db8::1 in isp.example\n");
}

static void one_address_above_two_zones_of_ours_is_there_once(void **state)
{
    (void)state;
    check("zones:\n  - name: isp.example\n    records:\n"
          "      - {name: ns.a.sub, type: A, content: 192.0.2.1}\n"
          "  - name: sub.isp.example\n    records:\n"
          "      - {name: ns.a, type: A, ttl: 60, content: 192.0.2.1}\n"
          "  - name: a.sub.isp.example\n",
          "^ns.a.sub.isp.example 60 A 192.0.2.1 in isp.example\n");
}

static void the_ns_of_a_zone_may_stand_in_its_records(void **state)
{
    (void)state;
    struct model *m = loaded_read(&where, "zones:\n  - name: isp.example\n    records:\n"
                                          "      - {name: '@', type: NS, ttl: 5, content: "
                                          "[b.example, c.example]}\n"
                                          "  - name: other.example\n");
    assert_int_equal(m->record_count, 3);
    assert_true(m->zones[0].listed_ns && !m->zones[1].listed_ns);
    assert_int_equal(m->records[0].ttl_s, 5);
    assert_string_equal(m->records[1].content, "c.example.");
    assert_string_equal(m->records[2].content, "ns1.out.example.");
    model_free(m);
}

static void a_secondary_zone_has_primaries(void **state)
{
    (void)state;
    struct model *m = loaded_read(
        &where, "zones:\n  - {name: a.example, kind: primary}\n"
                "  - {name: b.example, kind: secondary, primaries: [192.0.2.1, '192.0.2.1:5300', "
                "'2001:db8::1', '[2001:db8::1]:65535']}\n  - name: c.example\n");
    const struct store_zone *a = &m->zones[0].settings, *b = &m->zones[1].settings;
    assert_int_equal(a->kind, ZONE_PRIMARY);
    assert_int_equal(m->zones[2].settings.kind, ZONE_NATIVE);
    assert_int_equal(b->kind, ZONE_SECONDARY);
    assert_int_equal(b->primary_count, 4);
    assert_true(b->primaries[0].port == 0 && b->primaries[1].port == 5300);
    assert_true(b->primaries[2].port == 0 && b->primaries[3].port == 65535);
    assert_true(b->primaries[1].addr.num == 0xc0000201);
    assert_int_equal(b->primaries[3].addr.family, FAMILY_IPV6);
    model_free(m);
}

static void delegations_stay_as_written(void **state)
{
    (void)state;
    struct model *m = loaded_read(&where, "zones:\n  - {prefix: 203.0.113.0/24, ttl: 9}\n"
                                          "delegations:\n"
                                          "  - {prefix: 203.0.113.64/31, ns: [b.example, "
                                          "a.example], style: 64/31}\n"
                                          "  - {prefix: 203.0.113.0/32, ns: a.example, ttl: 0}\n");
    char text[NAME_TEXT_SIZE];
    assert_int_equal(m->delegation_count, 2);
    const struct model_delegation *d = m->delegations;
    assert_int_equal(d[0].prefix.len, 32);
    assert_true(d[0].child.len == 0 && d[0].ttl_s == 0 && d[0].place.line == 9);
    name_print(&d[1].child, text);
    assert_string_equal(text, "64/31.113.0.203.in-addr.arpa");
    assert_int_equal(d[1].ttl_s, 9); /* the zone's */
    assert_int_equal(d[1].ns_count, 2);
    name_print(&d[1].ns[0], text);
    assert_string_equal(text, "a.example");
    model_free(m);
}

static int setup(void **state)
{
    (void)state;
    loaded_make(&where);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loaded_remove(&where);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_on_a_boundary_is_one_cut),
        cmocka_unit_test(a_prefix_off_the_boundary_is_several_cuts),
        cmocka_unit_test(beyond_24_without_style_each_address_is_a_cut),
        cmocka_unit_test(a_style_is_one_cut_and_a_cname_an_address),
        cmocka_unit_test(
            an_rfc_2317_zone_of_ours_holds_the_ptrs_and_the_zone_around_it_gets_the_cnames),
        cmocka_unit_test(an_rfc_2317_zone_of_ours_may_have_any_name),
        cmocka_unit_test(
            no_cname_is_made_where_the_zone_around_is_not_ours_or_has_delegated_the_name),
        cmocka_unit_test(what_is_written_at_the_arpa_name_stands_in_front_of_the_cname),
        cmocka_unit_test(a_delegation_of_our_own_zone_gives_the_ns_and_ds_of_its_cut),
        cmocka_unit_test(what_leads_to_a_zone_of_ours_may_be_delegated_further),
        cmocka_unit_test(a_zone_holds_ns_ds_and_addresses_above_a_zone_of_ours),
        cmocka_unit_test(one_address_above_two_zones_of_ours_is_there_once),
        cmocka_unit_test(the_ns_of_a_zone_may_stand_in_its_records),
        cmocka_unit_test(a_secondary_zone_has_primaries),
        cmocka_unit_test(delegations_stay_as_written),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
