/* file.h: what a zones file and its CSV become. Refusals with their messages: test_bad_zones.py. */
#include "ptrd/core/rrtype.h"
#include "ptrd/source/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DEFAULTS                                                                                   \
    "defaults: {soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}, "                    \
    "ns: [ns1.isp.example]}\n"

struct fixture {
    char dir[64];
    char zones[96], csv[96];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/ptrd-source-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    (void)snprintf(f->zones, sizeof f->zones, "%s/zones.yaml", f->dir);
    (void)snprintf(f->csv, sizeof f->csv, "%s/p.csv", f->dir);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    (void)unlink(f->zones);
    (void)unlink(f->csv);
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

static struct model *read_zones(const struct fixture *f, const char *text)
{
    struct model *m = NULL;
    struct diag diag = {0};
    write_file(f->zones, text, strlen(text));
    int r = source_file_read(f->zones, &m, NULL, NULL, &diag);
    if (r != 0)
        fail_msg("%s:%u:%u: %s", diag.file, diag.line, diag.column, diag.message);
    return m;
}

/* The whole model as text, one thing a line, to be compared at once. */
static char *print_model(const struct model *m)
{
    char *out = NULL, a[NAME_TEXT_SIZE], b[NAME_TEXT_SIZE], c[RANGE_TEXT_SIZE];
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    for (uint32_t i = 0; i < m->zone_count; i++) {
        const struct model_zone *z = &m->zones[i];
        const struct store_soa *soa = &z->settings.soa;
        name_print(&z->apex, a);
        fprintf(to, "zone %s %u %s", a, z->settings.ttl_s, z->settings.forward_auto ? "auto" : "-");
        name_print(&soa->mname, a);
        name_print(&soa->rname, b);
        fprintf(to, " %s %s %u %u %u %u", a, b, soa->refresh_s, soa->retry_s, soa->expire_s,
                soa->minimum_s);
        if (z->has_serial)
            fprintf(to, " serial %u", z->serial);
        for (unsigned k = 0; k < z->metadata_count; k++) {
            fprintf(to, " %s", z->metadata[k].kind);
            for (unsigned v = 0; v < z->metadata[k].value_count; v++)
                fprintf(to, "%c%s", v ? ',' : '=', z->metadata[k].values[v]);
        }
        fprintf(to, " @%u:%u\n", z->place.line, z->place.column);
    }
    for (uint32_t i = 0; i < m->block_count; i++) {
        const struct model_block *x = &m->blocks[i];
        range_print(&x->range, c);
        fprintf(to, "block %s %s %u kind %u flags %u", c, x->text ? x->text : "none", x->ttl_s,
                x->kind, x->flags);
        for (unsigned v = 0; v < x->var_count; v++)
            fprintf(to, " %s=%s", x->vars[v].name, x->vars[v].value);
        fprintf(to, " @%u:%u name @%u:%u\n", x->place.line, x->place.column, x->name_place.line,
                x->name_place.column);
    }
    for (uint32_t i = 0; i < m->record_count; i++) {
        const struct model_record *x = &m->records[i];
        name_print(&x->owner, a);
        rrtype_print(x->type, b);
        assert_int_equal(strlen(x->content), x->content_len);
        fprintf(to, "record %s %u %s %s @%u:%u\n", a, x->ttl_s, b, x->content, x->place.line,
                x->place.column);
    }
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        const struct model_ptr *x = &m->ptrs[i];
        struct span wire = model_target(m, x);
        struct name target;
        assert_int_equal(name_from_wire(wire.bytes, wire.len, &target), 0);
        name_print(&target, b);
        addr_print(&(struct addr){.num = x->num, .family = x->family}, c);
        fprintf(to, "ptr %s %s ", c, b);
        if (x->ttl_s == MODEL_TTL_UNSAID)
            fprintf(to, "- ");
        else
            fprintf(to, "%u ", x->ttl_s);
        fprintf(to, "forward %u @%u:%u\n", x->forward, x->file, x->line);
    }
    fclose(to);
    return out;
}

static void assert_model(const struct model *m, const char *expected)
{
    char *found = print_model(m);
    assert_string_equal(found, expected);
    free(found);
}

static void the_design_sample_becomes_this_model(void **state)
{
    const struct fixture *f = *state;
    static const char csv[] = "# address,name,ttl\n\n198.51.100.9,Host9.ISP.example.\r\n"
                              "  2001:db8::26 , v6.isp.example , 77 # moved\n";
    write_file(f->csv, csv, sizeof csv - 1);
    struct model *m = read_zones(
        f,
        "defaults:\n"
        "  ttl: 3600\n"
        "  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example., refresh: 10801, retry: "
        "3601,\n"
        "        expire: 604801, minimum: 301}\n"
        "  ns: [ns1.isp.example, ns2.isp.example]\n"
        "zones:\n"
        "  - name: isp.example\n"
        "    forward_auto: yes\n"
        "    records:\n"
        "      - {name: ns1, type: A, content: 192.0.2.53}\n"
        "      - {name: ns2, type: a, ttl: 60, content: 192.0.2.54}\n"
        "  - {prefix: 198.51.100.0/24, ttl: 7200, ns: ns3.isp.example}\n"
        "  - prefix: 2001:db8::/32\n"
        "    soa: {minimum: 60}\n"
        "    serial: 2026010101\n"
        "    metadata: {ALLOW-AXFR-FROM: [192.0.2.0/24, \"2001:db8::/32\"], X-NOTE: 1}\n"
        "blocks:\n"
        "  - {prefix: 198.51.100.0/24, name: \"{ip}.dyn.isp.example\", ttl: 600}\n"
        "  - {range: 198.51.100.16-198.51.100.31, name: none}\n"
        "  - {prefix: 2001:db8::/32, name: \"{ip}.{pop}.isp.example\", vars: {pop: ams1},\n"
        "     kind: dynamic, reverse: external, forward: external, shared_names: yes}\n"
        "ptrs:\n"
        "  198.51.100.25: mail.customer.example\n"
        "  \"2001:db8::25\": {names: [mail.isp.example, a.isp.example], ttl: 300, forward: auto}\n"
        "  198.51.100.26: [x.example, y.example]\n"
        "ptrs_file: p.csv\n");
    assert_model(
        m,
        "zone 100.51.198.in-addr.arpa 7200 - ns1.isp.example hostmaster.isp.example 10801 3601 "
        "604801 301 @12:5\n"
        "zone 8.b.d.0.1.0.0.2.ip6.arpa 3600 - ns1.isp.example hostmaster.isp.example 10801 3601 "
        "604801 60 serial 2026010101 ALLOW-AXFR-FROM=192.0.2.0/24,2001:db8::/32 X-NOTE=1 @13:5\n"
        "zone isp.example 3600 auto ns1.isp.example hostmaster.isp.example 10801 3601 604801 301 "
        "@7:5\n"
        "block 198.51.100.0/24 {ip}.dyn.isp.example 600 kind 0 flags 0 @18:5 name @18:37\n"
        "block 198.51.100.16/28 none 3600 kind 0 flags 0 @19:5 name @19:48\n"
        "block 2001:db8::/32 {ip}.{pop}.isp.example 3600 kind 1 flags 7 pop=ams1 @20:5 name "
        "@20:35\n"
        "record 100.51.198.in-addr.arpa 7200 NS ns3.isp.example. @12:46\n"
        "record 8.b.d.0.1.0.0.2.ip6.arpa 3600 NS ns1.isp.example. @5:8\n"
        "record 8.b.d.0.1.0.0.2.ip6.arpa 3600 NS ns2.isp.example. @5:25\n"
        "record isp.example 3600 NS ns1.isp.example. @5:8\n"
        "record isp.example 3600 NS ns2.isp.example. @5:25\n"
        "record ns1.isp.example 3600 A 192.0.2.53 @10:39\n"
        "record ns2.isp.example 60 A 192.0.2.54 @11:48\n"
        "ptr 198.51.100.9 host9.isp.example - forward 0 @1:3\n"
        "ptr 198.51.100.25 mail.customer.example - forward 0 @0:23\n"
        "ptr 198.51.100.26 x.example - forward 0 @0:25\n"
        "ptr 198.51.100.26 y.example - forward 0 @0:25\n"
        "ptr 2001:db8::25 a.isp.example 300 forward 1 @0:24\n"
        "ptr 2001:db8::25 mail.isp.example 300 forward 1 @0:24\n"
        "ptr 2001:db8::26 v6.isp.example 77 forward 0 @1:4\n");
    assert_string_equal(m->files[0], f->zones);
    assert_string_equal(m->files[1], f->csv);
    model_free(m);
}

static void what_is_not_said_takes_the_documented_defaults(void **state)
{
    struct model *m = read_zones(*state, "zones: [{name: a.example, soa: {mname: ns.a.example, "
                                         "rname: h.a.example}, ns: ns.a.example}]\n"
                                         "blocks: [{prefix: 192.0.2.0/24, name: none}]\n");
    assert_model(m, "zone a.example 3600 - ns.a.example h.a.example 10800 3600 604800 300 @1:9\n"
                    "block 192.0.2.0/24 none 3600 kind 0 flags 0 @2:10 name @2:39\n"
                    "record a.example 3600 NS ns.a.example. @1:79\n");
    model_free(m);
}

static void a_zone_with_ns_in_its_records_needs_no_others(void **state)
{
    struct model *m =
        read_zones(*state, "zones:\n"
                           "  - name: a.example\n"
                           "    soa: {mname: ns.a.example, rname: h.a.example}\n"
                           "    ttl: 9\n"
                           "    records:\n"
                           "      - {name: a.example., type: NS, content: b.example}\n"
                           "      - {name: x, type: NS, ttl: 8, content: c.example}\n");
    assert_model(m, "zone a.example 9 - ns.a.example h.a.example 10800 3600 604800 300 @2:5\n"
                    "record a.example 9 NS b.example. @6:47\n"
                    "record x.a.example 8 NS c.example. @7:46\n");
    model_free(m);
}

static void a_prefix_off_the_boundary_is_several_zones(void **state)
{
    struct model *m = read_zones(*state, DEFAULTS "zones:\n"
                                                  "  - prefix: 10.4.0.0/15\n"
                                                  "  - prefix: 2001:db8::/31\n"
                                                  "  - prefix: 0.0.0.0/1\n");
    char apex[NAME_TEXT_SIZE];
    assert_int_equal(m->zone_count, 2 + 2 + 128);
    static const char *const expected[] = {"0.in-addr.arpa", "1.in-addr.arpa", "10.in-addr.arpa",
                                           "4.10.in-addr.arpa", "5.10.in-addr.arpa"};
    for (uint32_t i = 0; i < 5; i++) {
        name_print(&m->zones[i].apex, apex);
        assert_string_equal(apex, expected[i]);
    }
    name_print(&m->zones[130].apex, apex);
    assert_string_equal(apex, "8.b.d.0.1.0.0.2.ip6.arpa");
    name_print(&m->zones[131].apex, apex);
    assert_string_equal(apex, "9.b.d.0.1.0.0.2.ip6.arpa");
    model_free(m);
}

static void ptr_records_at_addresses_become_ptrs(void **state)
{
    struct model *m = read_zones(
        *state, DEFAULTS "zones:\n"
                         "  - prefix: 192.0.2.0/24\n"
                         "    ttl: 500\n"
                         "    records:\n"
                         "      - {name: 7, type: PTR, content: seven.example}\n"
                         "      - {name: 8, type: PTR, ttl: 9, content: [eight.example, "
                         "acht.example.]}\n"
                         "      - {name: 64/26, type: PTR, content: net.example}\n"
                         "      - {name: 9.2.0.192.in-addr.arpa., type: TXT, content: hello}\n"
                         "      - {name: \"*\", type: PTR, content: any.example}\n");
    assert_model(m, "zone 2.0.192.in-addr.arpa 500 - ns1.isp.example hostmaster.isp.example 10800 "
                    "3600 604800 300 @3:5\n"
                    "record 2.0.192.in-addr.arpa 500 NS ns1.isp.example. @1:79\n"
                    "record *.2.0.192.in-addr.arpa 500 PTR any.example. @10:41\n"
                    "record 64/26.2.0.192.in-addr.arpa 500 PTR net.example. @8:43\n"
                    "record 9.2.0.192.in-addr.arpa 500 TXT \"hello\" @9:61\n"
                    "ptr 192.0.2.7 seven.example 500 forward 0 @0:6\n"
                    "ptr 192.0.2.8 acht.example 9 forward 0 @0:7\n"
                    "ptr 192.0.2.8 eight.example 9 forward 0 @0:7\n");
    model_free(m);
}

static void empty_sections_are_empty(void **state)
{
    struct model *m =
        read_zones(*state, DEFAULTS "zones: [{name: a.example, records: }]\nblocks:\nptrs:\n");
    assert_int_equal(m->zone_count, 1);
    assert_int_equal(m->block_count + m->ptr_count, 0);
    model_free(m);
    m = read_zones(*state, "zones: []\n");
    assert_int_equal(m->zone_count, 0);
    model_free(m);
}

static void none_is_none_quoted_or_not(void **state)
{
    struct model *m = read_zones(*state, DEFAULTS "zones: []\nblocks:\n"
                                                  "  - {prefix: 192.0.2.0/25, name: none}\n"
                                                  "  - {prefix: 192.0.2.128/25, name: \"none\"}\n");
    assert_null(m->blocks[0].text);
    assert_null(m->blocks[1].text);
    model_free(m);
}

static void an_ipv6_key_that_begins_or_ends_with_colons_works_in_block_style(void **state)
{
    struct model *m = read_zones(*state, DEFAULTS "zones: []\nptrs:\n"
                                                  "  2001:db8::25: mail.example\n"
                                                  "  2001:db8::: net.example\n"
                                                  "  ::1: me.example\n");
    assert_int_equal(m->ptr_count, 3);
    assert_true(m->ptrs[0].num == 1);
    model_free(m);
}

/* --- CSV --- */

static struct model *read_csv(const struct fixture *f, const char *text, size_t len)
{
    write_file(f->csv, text, len);
    return read_zones(f, "zones: []\nptrs_file: p.csv\n");
}

static void csv_needs_no_last_newline_and_takes_a_mark(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "192.0.2.1,a.example\n192.0.2.2,b\\,\\032c.example,0\r\n"
                               "192.0.2.4,d.example,\n192.0.2.3,c#x.example,2147483647";
    struct model *m = read_csv(*state, text, sizeof text - 1);
    assert_model(m, "ptr 192.0.2.1 a.example - forward 0 @1:1\n"
                    "ptr 192.0.2.2 b,\\032c.example 0 forward 0 @1:2\n"
                    "ptr 192.0.2.3 c#x.example 2147483647 forward 0 @1:4\n"
                    "ptr 192.0.2.4 d.example - forward 0 @1:3\n");
    model_free(m);
}

static void empty_csv_holds_nothing(void **state)
{
    struct model *m = read_csv(*state, "", 0);
    assert_int_equal(m->ptr_count, 0);
    model_free(m);
    m = read_csv(*state, "\n\r\n  # x\n", 9);
    assert_int_equal(m->ptr_count, 0);
    model_free(m);
}

/* Rows across the borders of the pieces in which the file is read, of every alignment. */
static void rows_across_pieces_are_whole(void **state)
{
    const struct fixture *f = *state;
    const uint32_t rows = 120000;
    FILE *out = fopen(f->csv, "w");
    assert_non_null(out);
    for (uint32_t i = 0; i < rows; i++)
        fprintf(out, "10.%u.%u.%u,host-%u.example\n", i >> 16, i >> 8 & 255, i & 255, i);
    fclose(out);
    struct model *m = read_zones(f, "zones: []\nptrs_file: [p.csv]\n");
    assert_int_equal(m->ptr_count, rows);
    for (uint32_t i = 0; i < rows; i++) {
        char text[64];
        struct name expected;
        struct span wire = model_target(m, &m->ptrs[i]);
        (void)snprintf(text, sizeof text, "host-%u.example", i);
        assert_int_equal(name_parse(text, strlen(text), &expected, NULL), 0);
        assert_true(m->ptrs[i].num == (10u << 24 | i));
        assert_int_equal(m->ptrs[i].line, i + 1);
        assert_memory_equal(wire.bytes, expected.wire, expected.len);
    }
    model_free(m);
}

struct progress {
    uint64_t last, total;
    unsigned calls;
};

static void note_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct progress *p = ctx;
    assert_true(done >= p->last && done <= total);
    p->last = done;
    p->total = total;
    p->calls++;
}

static void progress_counts_up_to_the_total(void **state)
{
    const struct fixture *f = *state;
    struct progress p = {0};
    struct model *m = NULL;
    struct diag diag = {0};
    static const char zones[] = "zones: []\nptrs_file: p.csv\n";
    write_file(f->csv, "192.0.2.1,a.example\n", 20);
    write_file(f->zones, zones, sizeof zones - 1);
    assert_int_equal(source_file_read(f->zones, &m, note_progress, &p, &diag), 0);
    assert_true(p.calls > 0);
    assert_int_equal(p.last, sizeof zones - 1 + 20);
    assert_int_equal(p.total, p.last);
    model_free(m);
}

static void a_failure_leaves_a_model_to_free(void **state)
{
    const struct fixture *f = *state;
    struct model *m = NULL;
    struct diag diag = {0};
    static const char zones[] = "zones: []\nptrs_file: p.csv\n";
    char text[1024], expected[1024];
    write_file(f->csv, "192.0.2.1,a.example\nx,y\n", 24);
    write_file(f->zones, zones, sizeof zones - 1);
    assert_int_equal(source_file_read(f->zones, &m, NULL, NULL, &diag), PTRD_EINVAL);
    diag_print(&diag, text, sizeof text);
    (void)snprintf(expected, sizeof expected, "%s:2:1: expected an IPv4 or IPv6 address, found `x`",
                   f->csv);
    assert_string_equal(text, expected);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_design_sample_becomes_this_model),
        cmocka_unit_test(what_is_not_said_takes_the_documented_defaults),
        cmocka_unit_test(a_zone_with_ns_in_its_records_needs_no_others),
        cmocka_unit_test(a_prefix_off_the_boundary_is_several_zones),
        cmocka_unit_test(ptr_records_at_addresses_become_ptrs),
        cmocka_unit_test(empty_sections_are_empty),
        cmocka_unit_test(none_is_none_quoted_or_not),
        cmocka_unit_test(an_ipv6_key_that_begins_or_ends_with_colons_works_in_block_style),
        cmocka_unit_test(csv_needs_no_last_newline_and_takes_a_mark),
        cmocka_unit_test(empty_csv_holds_nothing),
        cmocka_unit_test(rows_across_pieces_are_whole),
        cmocka_unit_test(progress_counts_up_to_the_total),
        cmocka_unit_test(a_failure_leaves_a_model_to_free),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
