/* check/model.h, check_pairs: names and addresses that disagree (errors) or do not close
 * (warnings). */
#include "support/loaded.h"

static const char head[] = "zones:\n"
                           "  - name: isp.example\n"
                           "    forward_auto: yes\n"
                           "    records:\n"
                           "      - {name: right, type: A, content: 198.51.100.40}\n"
                           "      - {name: wrong, type: A, content: 198.51.100.99}\n"
                           "      - {name: alias, type: CNAME, content: x.example}\n"
                           "      - {name: '*.wild', type: A, content: 192.0.2.1}\n"
                           "%s"
                           "  - name: quiet.example\n"
                           "  - prefix: 198.51.100.0/24\n"
                           "  - prefix: 2001:db8::/32\n"
                           "blocks:\n"
                           "  - {range: 198.51.100.0-198.51.100.31, name: 'h{4}.isp.example'}\n"
                           "  - {prefix: '2001:db8::/120', name: 's{g8:x}.isp.example'}\n"
                           "ptrs:\n"
                           "  198.51.100.200: elsewhere.example\n"
                           "%s";

struct seen {
    unsigned count;
    bool error;
    char message[768];
    uint32_t line;
};

static void take(void *ctx, const struct check_finding *finding)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->error |= finding->error;
    seen->line = finding->place.line;
    snprintf(seen->message, sizeof seen->message, "%s", finding->message);
}

enum expected { NOTHING, WARNING, ERROR };

static void check(const char *record, const char *ptr, enum expected expected, const char *says)
{
    struct loaded where;
    struct diag diag = {.file = NULL};
    struct seen seen = {.count = 0};
    struct table *t = NULL;
    uint64_t errors = 9, warnings = 9;
    char text[4096];
    loaded_make(&where);
    snprintf(text, sizeof text, head, record, ptr);
    struct model *m = loaded_read(&where, text);
    if (check_model(m, &t, &diag) < 0)
        fail_msg("%s%s: %s", record, ptr, diag.message);
    assert_int_equal(check_pairs(m, t, take, &seen, &errors, &warnings), 0);
    if (seen.count != (expected != NOTHING) || seen.error != (expected == ERROR) ||
        errors != (expected == ERROR) || warnings != (expected == WARNING))
        fail_msg("%s%s: %llu errors, %llu warnings, %s", record, ptr, (unsigned long long)errors,
                 (unsigned long long)warnings, seen.message);
    if (expected != NOTHING && (!strstr(seen.message, says) || seen.line == 0))
        fail_msg("`%s` in line %u does not say `%s`", seen.message, seen.line, says);
    uint64_t again_errors, again_warnings;
    assert_int_equal(check_pairs(m, t, NULL, NULL, &again_errors, &again_warnings), 0);
    assert_true(again_errors == errors && again_warnings == warnings);
    table_free(t);
    model_free(m);
    loaded_remove(&where);
}

#define PTR(address, rest) "  '" address "': {names: [" rest "}\n"
#define RECORD(name, rest) "      - {name: " name ", type: " rest "}\n"

static void test_pairs_that_close(void **state)
{
    (void)state;
    check("", "", NOTHING, "");                                         /* not our zone */
    check("", PTR("198.51.100.40", "right.isp.example]"), NOTHING, ""); /* explicit A */
    check("", PTR("198.51.100.41", "new.isp.example]"), NOTHING, "");   /* derived */
    check("", PTR("198.51.100.41", "new.quiet.example], forward: auto"), NOTHING, "");
    check("", PTR("198.51.100.7", "h7.isp.example]"), NOTHING, ""); /* its own name */
    check("", PTR("198.51.100.41", "new.quiet.example], forward: external"), NOTHING, "");
    check("", PTR("198.51.100.41", "h7.isp.example], forward: external"), NOTHING, "");
    check(RECORD("h7", "A, content: 198.51.100.7"), "", NOTHING, "");
    check(RECORD("h7", "TXT, content: x"), "", NOTHING, "");
    check(RECORD("h7", "AAAA, content: '2001:db8:1::1'"), "", NOTHING, "");
}

static void test_errors(void **state)
{
    (void)state;
    check("", PTR("198.51.100.41", "h7.isp.example]"), ERROR, "198.51.100.7");
    check("", PTR("198.51.100.8", "h7.isp.example]"), ERROR, "198.51.100.7");
    check(RECORD("h7", "A, content: 198.51.100.8"), "", ERROR, "198.51.100.7");
    check(RECORD("h7", "A, content: [198.51.100.7, 198.51.100.8]"), "", ERROR, "198.51.100.7");
    check(RECORD("h7", "CNAME, content: x.example"), "", ERROR, "198.51.100.7");
    check(RECORD("s7", "AAAA, content: '2001:db8::8'"), "", ERROR, "2001:db8::7");
}

static void test_warnings(void **state)
{
    (void)state;
    check("", PTR("198.51.100.41", "new.quiet.example]"), WARNING, "new.quiet.example");
    check("", PTR("198.51.100.41", "new.isp.example], forward: none"), WARNING, "new.isp.example");
    check("", PTR("198.51.100.41", "isp.example]"), WARNING, "isp.example");
    check("", PTR("198.51.100.41", "_x.isp.example]"), WARNING, "_x.isp.example");
    check("", PTR("198.51.100.41", "wrong.isp.example]"), WARNING, "wrong.isp.example");
    check("", PTR("198.51.100.41", "alias.isp.example]"), WARNING, "alias");
    check("", PTR("198.51.100.41", "a.wild.isp.example]"), WARNING, "wildcard");
}

static void test_names_that_are_delegated(void **state)
{
    static const char cut[] = RECORD("cust", "NS, content: ns.cust.example");
    static const char dname[] = RECORD("old", "DNAME, content: new.example");
    (void)state;
    /* nobody here can tell what others answer */
    check(cut, PTR("198.51.100.41", "a.cust.isp.example]"), NOTHING, "");
    check(cut, PTR("198.51.100.41", "cust.isp.example]"), NOTHING, "");
    check(cut, PTR("198.51.100.41", "a.cust.isp.example], forward: external"), NOTHING, "");
    check(cut, PTR("198.51.100.41", "a.cust.isp.example], forward: auto"), WARNING,
          "gets no address here: it lies below the delegation (NS) of cust.isp.example (line ");
    check(cut, PTR("198.51.100.41", "cust.isp.example], forward: auto"), WARNING, "it lies at the");
    check(dname, PTR("198.51.100.41", "old.isp.example]"), NOTHING, "");
    check(dname, PTR("198.51.100.41", "a.old.isp.example]"), WARNING,
          "it lies below the DNAME of old.isp.example");
}

static void test_occluded_records(void **state)
{
#define CUT RECORD("cust", "NS, content: ns.cust.isp.example")
    (void)state;
    check(CUT RECORD("ns.cust", "A, content: 192.0.2.1"), "", NOTHING, "");
    check(CUT RECORD("cust", "AAAA, content: '2001:db8:1::1'"), "", NOTHING, "");
    check(CUT RECORD("cust", "TXT, content: x"), "", WARNING,
          "TXT at cust.isp.example is occluded: it lies at the delegation (NS) of "
          "cust.isp.example (line ");
    check(CUT RECORD("a.cust", "MX, content: 10 a.example"), "", WARNING,
          "MX at a.cust.isp.example is occluded: it lies below");
    check(CUT RECORD("a.cust", "NS, content: b.example"), "", WARNING, "NS at a.cust.isp.example");
    check(RECORD("old", "DNAME, content: new.example") RECORD("old", "TXT, content: x"), "",
          NOTHING, "");
}

static void test_names_that_have_their_zone_twice(void **state)
{
    (void)state;
    check(
        RECORD("www.isp.example", "A, content: 192.0.2.1"), "", WARNING,
        "the record stands at www.isp.example.isp.example: `name` is relative to the zone; with a "
        "final dot (`www.isp.example.`) it is absolute");
    check(RECORD("isp.example", "TXT, content: x"), "", WARNING, "(`isp.example.`)");
    check(RECORD("www.isp.example.", "A, content: 192.0.2.1"), "", NOTHING, "");
    check(RECORD("www.xisp.example", "A, content: 192.0.2.1"), "", NOTHING, "");
    check(RECORD("example", "A, content: 192.0.2.1"), "", NOTHING, "");
}

static void test_ns_above_a_zone(void **state)
{
#define ABOVE(ns)                                                                                  \
    RECORD("sub", "NS, content: " ns) "  - {name: sub.isp.example, ns: [a.example, b.example]}\n"
    (void)state;
    check(ABOVE("[B.example, a.example]"), "", NOTHING, "");
    check(ABOVE("[a.example]"), "", WARNING,
          "the zone above gives other NS for the zone sub.isp.example: b.example. is missing");
    check(ABOVE("[a.example, b.example, c.example]"), "", WARNING,
          "NS c.example. of the zone sub.isp.example, given in the zone above, is not among");
    check("  - name: sub.isp.example\n", "", NOTHING, "");
}

static void test_records_in_the_place_of_a_cname_of_rfc_2317(void **state)
{
#define PLACED(rest)                                                                               \
    "  - {prefix: 198.51.100.64/26, zone: 64/26.100.51.198.in-addr.arpa}\n"                        \
    "  - name: 100.51.198.in-addr.arpa.x.example\n"                                                \
    "  - prefix: 203.0.113.0/24\n    records:\n" RECORD(                                           \
        "'1'", rest) "  - {prefix: 203.0.113.0/30, zone: rev.isp.example}\n"
    (void)state;
    check(PLACED("TXT, content: x"), "", ERROR,
          "TXT at 1.113.0.203.in-addr.arpa stands in the place of the CNAME to 1.rev.isp.example.");
    check(PLACED("PTR, content: a.example"), "", ERROR, "PTR at 1.113.0.203.in-addr.arpa stands");
    check(PLACED("CNAME, content: a.example"), "", WARNING, "CNAME at 1.113.0.203.in-addr.arpa");
    check(PLACED("CNAME, content: 1.REV.isp.example"), "", NOTHING, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_that_close),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_names_that_are_delegated),
        cmocka_unit_test(test_occluded_records),
        cmocka_unit_test(test_names_that_have_their_zone_twice),
        cmocka_unit_test(test_ns_above_a_zone),
        cmocka_unit_test(test_records_in_the_place_of_a_cname_of_rfc_2317),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
