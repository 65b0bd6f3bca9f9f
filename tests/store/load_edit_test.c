/* Edits and loads agree: what an edit makes of cuts and derived names is what a load of the same
 * model makes of them, so that the load has nothing to write and raises no serial; and when all
 * local rows are dropped the store is as the first load left it. */
#include "load_support.h"
#include "ptrd/edit/edit.h"

static struct model *model_edited(void)
{
    struct model *m = model_small();
    struct model_zone *z = put_zone(m, "64/26.100.51.198.in-addr.arpa");
    z->settings.classless = true;
    assert_int_equal(prefix_parse("198.51.100.64/26", 16, &z->settings.prefix, NULL), 0);
    put_record(m, "64/26.100.51.198.in-addr.arpa", RRTYPE_NS, "ns1.isp.example.");
    put_record(m, "100.51.198.in-addr.arpa", RRTYPE_NS, "ns1.isp.example.");
    put_record(m, "8.b.d.0.1.0.0.2.ip6.arpa", RRTYPE_NS, "ns1.isp.example.");
    put_record(m, "cut.isp.example", RRTYPE_NS, "ns.other.example.");
    put_record(m, "d.isp.example", RRTYPE_DNAME, "other.example.");
    put_record(m, "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", RRTYPE_NS, "ns.other.example.");
    put_record(m, "9.100.51.198.in-addr.arpa", RRTYPE_CNAME, "9.x.other.example.");
    put_record(m, "t.isp.example", RRTYPE_TXT, "\"t\"");
    put_ptr(m, "198.51.100.26", "a.isp.example", 60, FORWARD_UNSAID);
    put_ptr(m, "198.51.100.26", "b.isp.example", 70, FORWARD_UNSAID);
    put_ptr(m, "198.51.100.70", "mail.isp.example", 60, FORWARD_UNSAID);
    put_ptr(m, "2001:db8::5", "v6.dyn.isp.example", 60, FORWARD_AUTO);
    return m;
}

static const char *const owners[] = {
    "25.100.51.198.in-addr.arpa",
    "26.100.51.198.in-addr.arpa",
    "9.100.51.198.in-addr.arpa",
    "70.64/26.100.51.198.in-addr.arpa",
    "71.64/26.100.51.198.in-addr.arpa",
    "70.100.51.198.in-addr.arpa",
    "128.100.51.198.in-addr.arpa",
    "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
    "2.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
    "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
    "isp.example",
    "dyn.isp.example",
    "cut.isp.example",
    "sub.cut.isp.example",
    "d.isp.example",
    "e.isp.example",
    "t.isp.example",
    "mail.isp.example",
    "a.isp.example",
};
#define OWNERS (sizeof owners / sizeof *owners)

static const struct {
    uint16_t type;
    const char *contents[3];
} values[] = {
    {RRTYPE_PTR, {"mail.isp.example", "a.isp.example", "x.elsewhere.example"}},
    {RRTYPE_PTR, {"new.isp.example", "b.isp.example", "v6.dyn.isp.example"}},
    {RRTYPE_NS, {"ns.other.example", "ns1.isp.example", "ns2.other.example"}},
    {RRTYPE_CNAME, {"x.other.example", "mail.isp.example", "y.other.example"}},
    {RRTYPE_DNAME, {"x.other.example", "y.other.example", "z.other.example"}},
    {RRTYPE_TXT, {"\"t\"", "\"u\"", "\"v\""}},
    {RRTYPE_A, {"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
};
#define VALUES (sizeof values / sizeof *values)

/* One edit of one or two RRsets; refusals are none of this test's business. */
static bool edit_some(struct engine *e, uint64_t *seed, int64_t now_s)
{
    struct edit *edit = NULL;
    struct diag diag = {.file = NULL};
    assert_int_equal(edit_begin(e, 0, &edit, &diag), 0);
    for (uint64_t n = 1 + random_next(seed) % 2; n > 0; n--) {
        size_t v = random_next(seed) % VALUES, count = random_next(seed) % 4 % 3;
        struct name owner = name_of(owners[random_next(seed) % OWNERS]);
        struct edit_record records[2];
        for (size_t i = 0; i < count; i++) {
            const char *content = values[v].contents[(random_next(seed) % 2 + i) % 3];
            records[i] = (struct edit_record){.owner = owner,
                                              .type = values[v].type,
                                              .ttl_s = 60,
                                              .content = content,
                                              .content_len = strlen(content)};
        }
        if (edit_replace(edit, -1, &owner, values[v].type, records, count, &diag) < 0) {
            edit_abort(edit);
            return false;
        }
    }
    return edit_commit(edit, now_s, &diag) == 0;
}

static void load_changes_nothing(struct fixture *f, int64_t now_s, unsigned step)
{
    load_ok(f, model_edited(), now_s);
    if (f->report.inserted + f->report.changed + f->report.deleted + f->report.zones_bumped)
        fail_msg("step %u: the load added %llu, changed %llu, deleted %llu rows, raised %u serials",
                 step, (unsigned long long)f->report.inserted,
                 (unsigned long long)f->report.changed, (unsigned long long)f->report.deleted,
                 f->report.zones_bumped);
}

static void a_load_after_edits_has_nothing_to_write(void **state)
{
    struct fixture *f = *state;
    struct engine *e;
    uint64_t seed = random_seed("load_edit");
    unsigned steps = long_test() ? 3000 : 300, accepted = 0;
    load_ok(f, model_edited(), NOW);
    assert_int_equal(engine_open(f->scratch.store, &e, &f->scratch.diag), 0);
    for (unsigned i = 0; i < steps; i++) {
        accepted += edit_some(e, &seed, NOW + i);
        load_changes_nothing(f, NOW + i, i);
    }
    printf("%u of %u edits accepted, %llu local records, %llu local ptrs\n", accepted, steps,
           (unsigned long long)rows_of(f, STORE_LOCAL_RECORDS),
           (unsigned long long)rows_of(f, STORE_LOCAL_PTRS));
    assert_true(accepted > steps / 10);
    engine_close(e);
}

static void dropping_all_brings_back_the_source(void **state)
{
    struct fixture *f = *state;
    struct engine *e;
    struct edit *edit;
    uint64_t seed = random_seed("load_edit_drop");
    load_ok(f, model_edited(), NOW);
    uint64_t derived = rows_of(f, STORE_DERIVED), cuts = rows_of(f, STORE_CUTS);
    assert_int_equal(engine_open(f->scratch.store, &e, &f->scratch.diag), 0);
    for (unsigned i = 0; i < 50; i++)
        (void)edit_some(e, &seed, NOW + i);
    assert_int_equal(edit_begin(e, 0, &edit, &f->scratch.diag), 0);
    assert_true(edit_drop_local(edit, NULL, RRTYPE_ANY, &f->scratch.diag) > 0);
    if (edit_commit(edit, NOW + 100, &f->scratch.diag))
        fail_msg("drop: %s", f->scratch.diag.message);
    assert_int_equal(rows_of(f, STORE_LOCAL_RECORDS), 0);
    assert_int_equal(rows_of(f, STORE_LOCAL_PTRS), 0);
    assert_int_equal(rows_of(f, STORE_DERIVED), derived);
    assert_int_equal(rows_of(f, STORE_CUTS), cuts);
    load_changes_nothing(f, NOW + 101, 0);
    engine_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_load_after_edits_has_nothing_to_write),
        TEST(dropping_all_brings_back_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
