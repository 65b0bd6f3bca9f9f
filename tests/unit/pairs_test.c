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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_that_close),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
