/* resolve.h and answer by answer the list under Answers in ptrd(8), by hand. Against all names of
 * random configurations: tests/rpc/test_model_lookup.py. */
#include "support/loaded.h"

static const char zones[] =
    "zones:\n"
    "  - name: isp.example\n"
    "    forward_auto: yes\n"
    "    serial: 41\n"
    "    records:\n"
    "      - {name: www, type: A, content: 192.0.2.1}\n"
    "      - {name: www, type: TXT, content: '\"a\"'}\n"
    "      - {name: alias, type: CNAME, content: www.isp.example}\n"
    "      - {name: '*.wild', type: TXT, content: '\"w\"'}\n"
    "      - {name: a.b.deep, type: TXT, content: '\"d\"'}\n"
    "      - {name: has-a, type: A, content: 192.0.2.2}\n"
    "  - name: dyn.isp.example\n"
    "    records:\n"
    "      - {name: 198-51-100-8, type: A, content: 192.0.2.8}\n"
    "      - {name: 198-51-100-9, type: AAAA, content: '2001:db8::9'}\n"
    "      - {name: 198-51-100-10, type: CNAME, content: elsewhere.example}\n"
    "  - prefix: 198.51.100.0/24\n"
    "    records:\n"
    "      - {name: '11', type: TXT, content: '\"t\"'}\n"
    "      - {name: '12', type: CNAME, content: 12.elsewhere.example}\n"
    "      - {name: _x.13, type: TXT, content: '\"b\"'}\n"
    "      - {name: '20', type: TXT, content: '\"n\"'}\n"
    "  - prefix: 2001:db8::/32\n"
    "  - prefix: 2001:db8:1::/48\n"
    "blocks:\n"
    "  - {prefix: 198.51.100.0/24, name: '{ip}.dyn.isp.example', ttl: 600}\n"
    "  - {range: 198.51.100.16-198.51.100.31, name: none}\n"
    "  - {prefix: 2001:db8::/120, name: '{n32}.{n31}.m.isp.example', ttl: 61}\n"
    "  - {prefix: 2001:db8::40/122, name: none}\n"
    "ptrs:\n"
    "  198.51.100.25: {names: [mail.isp.example], ttl: 300}\n"
    "  198.51.100.26: {names: [mail.isp.example, other.example], ttl: 200}\n"
    "  198.51.100.27: {names: [silent.isp.example], forward: none}\n"
    "  198.51.100.28: {names: [has-a.isp.example]}\n"
    "  198.51.100.29: {names: [asked.dyn.isp.example], forward: auto}\n"
    "  198.51.100.5: {names: [198-51-100-6.dyn.isp.example]}\n"
    "  '2001:db8::25': {names: [mail.isp.example], ttl: 100}\n"
    "  '2001:db8:1::1': {names: [isp.example, _no.isp.example, unsaid.dyn.isp.example]}\n";

#define R4 ".100.51.198.in-addr.arpa"
#define Z118 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

static struct loaded where;
static struct engine *engine;
static struct snapshot snapshot;

static const char *ask(const char *name, const char *type, int64_t zone_id)
{
    return loaded_ask(&snapshot, name, type, zone_id);
}

static uint32_t id_of(const char *name)
{
    return loaded_id(&snapshot, name);
}

struct row_case {
    const char *name, *type, *rows;
};

static void check(const struct row_case *cases, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const char *rows = ask(cases[i].name, cases[i].type, -1);
        if (strcmp(rows, cases[i].rows) != 0)
            fail_msg("%s %s: `%s`, expected `%s`", cases[i].name, cases[i].type, rows,
                     cases[i].rows);
    }
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

static void test_reverse_names(void **state)
{
    static const struct row_case cases[] = {
        {"7" R4, "ANY", "PTR 600 198-51-100-7.dyn.isp.example"},
        {"7" R4, "PTR", "PTR 600 198-51-100-7.dyn.isp.example"},
        {"7" R4, "A", ""},
        {"25" R4, "PTR", "PTR 300 mail.isp.example"},
        {"26" R4, "PTR", "PTR 200 mail.isp.example, PTR 200 other.example"},
        {"11" R4, "ANY", "TXT 3600 \"t\", PTR 600 198-51-100-11.dyn.isp.example"},
        {"12" R4, "ANY", "CNAME 3600 12.elsewhere.example."},
        {"12" R4, "PTR", ""},
        {"16" R4, "ANY", ""},
        {"20" R4, "ANY", "TXT 3600 \"n\""},
        {"007" R4, "ANY", ""},
        {"256" R4, "ANY", ""},
        {"x" R4, "ANY", ""},
        {"1.7" R4, "ANY", ""},
        {"_x.13" R4, "ANY", "TXT 3600 \"b\""},
        {"13" R4, "ANY", "PTR 600 198-51-100-13.dyn.isp.example"},
        {"51.198.in-addr.arpa", "ANY", ""}, /* above the zone: not ours */
        {"0.0." Z118, "ANY", "PTR 61 0.0.m.isp.example"},
        {"1.4." Z118, "ANY", ""},
        {"4." Z118, "ANY", ""},
        {"8." Z118, "ANY", "-"},
        {"2." Z118, "ANY", "-"},
        {"8." Z118, "PTR", ""},
        {Z118, "ANY", "-"},
        {"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "ANY", "-"},
    };
    (void)state;
    CHECK(cases);
}

static void test_forward_names(void **state)
{
    static const struct row_case cases[] = {
        {"198-51-100-7.dyn.isp.example", "ANY", "A 600 198.51.100.7"},
        {"198-51-100-7.DYN.isp.example", "A", "A 600 198.51.100.7"},
        {"198-51-100-7.dyn.isp.example", "AAAA", ""},
        {"198-51-100-5.dyn.isp.example", "A", "A 600 198.51.100.5"}, /* overridden, still forward */
        {"198-51-100-6.dyn.isp.example", "A", "A 600 198.51.100.6"}, /* no derived address beside */
        {"198-51-100-8.dyn.isp.example", "ANY", "A 3600 192.0.2.8"},
        {"198-51-100-9.dyn.isp.example", "ANY", "AAAA 3600 2001:db8::9, A 600 198.51.100.9"},
        {"198-51-100-10.dyn.isp.example", "ANY", "CNAME 3600 elsewhere.example."},
        {"198-51-100-16.dyn.isp.example", "ANY", ""},
        {"198-51-100-07.dyn.isp.example", "ANY", ""},
        {"198-51-101-7.dyn.isp.example", "ANY", ""},
        {"5.2.m.isp.example", "ANY", "AAAA 61 2001:db8::25"},
        {"0.4.m.isp.example", "ANY", ""},
        {"2.m.isp.example", "ANY", "-"},
        {"4.m.isp.example", "ANY", ""},
        {"8.m.isp.example", "ANY", "-"},
        {"m.isp.example", "ANY", "-"},
        {"m.isp.example", "A", ""},
        {"10.m.isp.example", "ANY", ""},
    };
    (void)state;
    CHECK(cases);
}

static void test_derived_names(void **state)
{
    static const struct row_case cases[] = {
        {"mail.isp.example", "A", "A 200 198.51.100.25, A 200 198.51.100.26"},
        {"mail.isp.example", "AAAA", "AAAA 100 2001:db8::25"},
        {"silent.isp.example", "ANY", ""},
        {"has-a.isp.example", "ANY", "A 3600 192.0.2.2"},
        {"asked.dyn.isp.example", "ANY", "A 3600 198.51.100.29"},
        {"unsaid.dyn.isp.example", "ANY", ""}, /* the zone has no forward_auto */
        {"_no.isp.example", "ANY", ""},
        {"isp.example", "AAAA", ""},
        {"other.example", "ANY", ""},
    };
    (void)state;
    CHECK(cases);
}

static void test_other_explicit_names(void **state)
{
    static const struct row_case cases[] = {
        {"www.isp.example", "ANY", "A 3600 192.0.2.1, TXT 3600 \"a\""},
        {"www.isp.example", "TXT", "TXT 3600 \"a\""},
        {"alias.isp.example", "A", ""},
        {"alias.isp.example", "CNAME", "CNAME 3600 www.isp.example."},
        {"*.wild.isp.example", "ANY", "TXT 3600 \"w\""},
        {"x.wild.isp.example", "ANY", ""}, /* PowerDNS looks for the wildcard */
        {"wild.isp.example", "ANY", "-"},
        {"b.deep.isp.example", "ANY", "-"},
        {"deep.isp.example", "ANY", "-"},
        {"c.deep.isp.example", "ANY", ""},
        {"isp.example", "SOA",
         "SOA 3600 ns1.isp.example. hostmaster.isp.example. 41 10800 3600 604800 300"},
        {"isp.example", "NS", "NS 3600 ns1.out.example."},
        {"www.isp.example", "SOA", ""},
        {"elsewhere.example", "ANY", ""},
        {".", "ANY", ""},
    };
    (void)state;
    CHECK(cases);
}

static void test_zone_ids(void **state)
{
    uint32_t isp = id_of("isp.example"), dyn = id_of("dyn.isp.example"), other = id_of("1" R4);
    (void)state;
    assert_string_equal(ask("198-51-100-7.dyn.isp.example", "A", dyn), "A 600 198.51.100.7");
    assert_string_equal(ask("198-51-100-7.dyn.isp.example", "ANY", isp), "");
    assert_string_equal(ask("198-51-100-7.dyn.isp.example", "A", other), "A 600 198.51.100.7");
    assert_string_equal(ask("198-51-100-7.dyn.isp.example", "A", 1999999999), "A 600 198.51.100.7");
    assert_string_equal(ask("198-51-100-7.dyn.isp.example", "A", INT64_MAX), "A 600 198.51.100.7");
    assert_string_equal(ask("198-51-100-7.dyn.isp.example", "A", (int64_t)isp + ((int64_t)1 << 32)),
                        "A 600 198.51.100.7");
    assert_string_equal(ask("dyn.isp.example", "ANY", isp), "NS 3600 ns1.out.example. auth 0");
    assert_string_equal(ask("dyn.isp.example", "NS", isp), "NS 3600 ns1.out.example. auth 0");
    assert_string_equal(ask("dyn.isp.example", "SOA", isp), "");
    assert_string_equal(ask("dyn.isp.example", "DS", isp), "");
    assert_string_equal(ask("www.isp.example", "A", dyn), "A 3600 192.0.2.1");
    uint32_t wide = id_of("8.b.d.0.1.0.0.2.ip6.arpa");
    assert_string_equal(ask("1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "ANY", wide),
                        "NS 3600 ns1.out.example. auth 0");
    assert_string_equal(ask("0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "ANY", wide), "-");
    assert_string_equal(ask("0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "ANY", wide), "");
}

static void test_why(void **state)
{
    static const struct {
        const char *name;
        enum answer_source source;
    } cases[] = {{"7" R4, ANSWER_GENERATED},
                 {"25" R4, ANSWER_EXPLICIT},
                 {"16" R4, ANSWER_NONE},
                 {"11" R4, ANSWER_GENERATED},
                 {"m.isp.example", ANSWER_ENT},
                 {"mail.isp.example", ANSWER_DERIVED},
                 {"5.2.m.isp.example", ANSWER_GENERATED},
                 {"www.isp.example", ANSWER_EXPLICIT},
                 {"x.example", ANSWER_NONE}};
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct question q = {.type = RRTYPE_ANY, .zone_id = -1};
        struct answer a;
        answer_init(&a);
        assert_int_equal(name_parse(cases[i].name, strlen(cases[i].name), &q.name, NULL), 0);
        assert_int_equal(resolve(&snapshot, &q, &a), 0);
        if (a.source != cases[i].source)
            fail_msg("%s: source %d", cases[i].name, a.source);
        answer_done(&a);
    }
}

static void test_list(void **state)
{
    struct loaded_list l = {.at = 0};
    struct answer a;
    struct name apex;
    (void)state;
    answer_init(&a);
    assert_int_equal(name_parse("dyn.isp.example", 15, &apex, NULL), 0);
    assert_int_equal(
        resolve_list(&snapshot, &apex, &a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_FOUND);
    assert_memory_equal(l.text, "dyn.isp.example ", 16); /* the apex first */
    assert_non_null(strstr(l.text, "dyn.isp.example SOA\n"));
    assert_non_null(strstr(l.text, "dyn.isp.example NS\n"));
    assert_non_null(strstr(l.text, "\n198-51-100-10.dyn.isp.example CNAME\n"));
    assert_non_null(strstr(l.text, "\nasked.dyn.isp.example A\n"));
    l = (struct loaded_list){.stop_at = 2};
    assert_int_equal(
        resolve_list(&snapshot, &apex, &a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_ELIMIT);
    assert_int_equal(l.rows, 2);
    name_strip(&apex, 1, &apex);
    l = (struct loaded_list){.at = 0};
    assert_int_equal(
        resolve_list(&snapshot, &apex, &a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_FOUND);
    assert_non_null(strstr(l.text, "\ndyn.isp.example NS auth 0\n"));
    assert_null(strstr(l.text, "\ndyn.isp.example SOA\n"));
    assert_non_null(strstr(l.text, "\nb.deep.isp.example -\n"));
    name_strip(&apex, 1, &apex);
    assert_int_equal(
        resolve_list(&snapshot, &apex, &a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_ABSENT);
    answer_done(&a);
}

static int setup(void **state)
{
    struct diag diag = {.file = NULL};
    (void)state;
    loaded_make(&where);
    loaded_load(&where, zones, 1000);
    assert_int_equal(engine_open(where.dir, &engine, &diag), 0);
    assert_int_equal(snapshot_init(&snapshot, engine), 0);
    return snapshot_begin(&snapshot);
}

static int teardown(void **state)
{
    (void)state;
    snapshot_end(&snapshot);
    snapshot_done(&snapshot);
    engine_close(engine);
    loaded_remove(&where);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reverse_names), cmocka_unit_test(test_forward_names),
        cmocka_unit_test(test_derived_names), cmocka_unit_test(test_other_explicit_names),
        cmocka_unit_test(test_zone_ids),      cmocka_unit_test(test_why),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
