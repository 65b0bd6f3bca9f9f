/* Size: 100,000 blocks and many derived PTRs (a million with PTRD_TEST_LONG=1) in a few seconds,
 * with the memory stated; a second load of the same writes nothing. And many zones with many
 * templates. */
#include "store_support.h"

#include <sys/resource.h>

#define NOW 1700000000

static struct model *model_big(unsigned blocks, unsigned ptrs)
{
    struct model *m = model_make();
    put_zone(m, "isp.example")->settings.forward_auto = true;
    put_zone(m, "dyn.isp.example");
    put_zone(m, "8.b.d.0.1.0.0.2.ip6.arpa");
    put_zone(m, "10.in-addr.arpa");
    struct range v6 = range_of("2001:db8::/32"), v4 = range_of("10.0.0.0/8");
    for (unsigned i = 0; i < blocks; i++) {
        struct model_block *b = model_add_block(m);
        assert_non_null(b);
        b->range = v6;
        b->range.first += (u128)i << 72;
        b->range.last = b->range.first + low_bits(72);
        b->text = i % 3 == 2 ? NULL : "{ip}.dyn.isp.example";
        b->ttl_s = 600 + i % 2;
    }
    for (unsigned i = 0; i < ptrs; i++) {
        char text[64];
        struct addr addr = {.num = v4.first + i * 7, .family = FAMILY_IPV4};
        snprintf(text, sizeof text, "host-%u.c%u.isp.example", i * 2654435761u % 9999991u,
                 i % 1000);
        struct name target = name_of(text);
        assert_int_equal(
            model_add_ptr(m, &addr, &target, MODEL_TTL_UNSAID, FORWARD_UNSAID, 0, i + 1), 0);
    }
    return m;
}

static uint64_t progress_calls;

static void progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    (void)ctx;
    assert_non_null(phase);
    assert_true(done <= total);
    progress_calls++;
}

static void peak_print(const char *what, double since)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s: %.2f s, peak %ld MiB\n", what, now_seconds() - since, usage.ru_maxrss / 1024);
}

static void blocks_and_ptrs(void **state)
{
    (void)state;
    struct scratch s;
    struct load_report report;
    unsigned ptrs = long_test() ? 1000000 : 100000, blocks = 100000;
    scratch_init(&s);
    struct model *m = model_big(blocks, ptrs);
    struct table *t = table_make(m);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    peak_print("model", now_seconds());
    double since = now_seconds();
    assert_int_equal(load_model(store, m, t, NOW, 0, progress, NULL, &report, &s.diag), 0);
    peak_print("first load", since);
    assert_true(now_seconds() - since < 60);
    assert_int_equal(report.inserted, (uint64_t)blocks + 2 * (uint64_t)ptrs + m->zone_count);
    assert_true(progress_calls > 4);
    since = now_seconds();
    assert_int_equal(load_model(store, m, t, NOW + 1, 0, NULL, NULL, &report, &s.diag), 0);
    peak_print("same again", since);
    assert_int_equal(report.inserted + report.changed + report.deleted + report.zones_bumped, 0);
    since = now_seconds();
    struct model *less = model_big(blocks, 10);
    struct table *less_table = table_make(less);
    assert_int_equal(load_model(store, less, less_table, NOW + 2, 0, NULL, NULL, &report, &s.diag),
                     0);
    peak_print("nearly all deleted", since);
    struct stat st;
    char path[160];
    assert_int_equal(stat(path_in(s.store, "data.mdb", path), &st), 0);
    printf("%u blocks, %u ptrs: file %lld MiB\n", blocks, ptrs, (long long)st.st_size >> 20);
    table_free(less_table);
    model_free(less);
    table_free(t);
    model_free(m);
    store_close(store);
    scratch_done(&s);
}

/* Every block has its own template in its own zone, all below one suffix: no product of the two. */
static void zones_and_templates(void **state)
{
    (void)state;
    enum { ZONES = 20000 };
    struct scratch s;
    struct load_report report;
    scratch_init(&s);
    struct model *m = model_make();
    put_zone(m, "isp.example");
    put_zone(m, "8.b.d.0.1.0.0.2.ip6.arpa");
    struct range v6 = range_of("2001:db8::/32");
    for (unsigned i = 0; i < ZONES; i++) {
        char apex[64], text[96];
        snprintf(apex, sizeof apex, "z%u.isp.example", i);
        snprintf(text, sizeof text, "{ip}.%s", i % 2 ? apex : "isp.example");
        put_zone(m, apex);
        struct model_block *b = model_add_block(m);
        assert_non_null(b);
        b->range = v6;
        b->range.first += (u128)i << 72;
        b->range.last = b->range.first + low_bits(72);
        b->text = model_strndup(m, text, strlen(text));
        b->ttl_s = 600;
    }
    struct table *t = table_make(m);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    double since = now_seconds();
    assert_int_equal(load_model(store, m, t, NOW, 0, NULL, NULL, &report, &s.diag), 0);
    peak_print("20,000 zones", since);
    assert_true(now_seconds() - since < 20);
    table_free(t);
    model_free(m);
    store_close(store);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_and_ptrs),
        cmocka_unit_test(zones_and_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
