/* model.h: memory, order, duplicates with both places, the least TTL. */
#include "ptrd/core/rrtype.h"
#include "ptrd/source/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct name name_of(const char *text)
{
    struct name n;
    assert_int_equal(name_parse(text, strlen(text), &n, NULL), 0);
    return n;
}

static struct model *new_model(void)
{
    struct model *m = NULL;
    assert_int_equal(model_new(&m), 0);
    assert_int_equal(model_add_file(m, "zones.yaml"), 0);
    return m;
}

static struct model_zone *add_zone(struct model *m, const char *apex, uint32_t ttl_s, uint32_t line)
{
    struct model_zone *z = model_add_zone(m);
    assert_non_null(z);
    z->apex = name_of(apex);
    z->settings.ttl_s = ttl_s;
    z->place = (struct model_place){.line = line, .column = 3};
    return z;
}

static void add_record(struct model *m, const char *owner, uint16_t type, const char *content,
                       uint32_t ttl_s, uint32_t line)
{
    struct model_record *r = model_add_record(m);
    assert_non_null(r);
    r->owner = name_of(owner);
    r->type = type;
    r->ttl_s = ttl_s;
    r->content = model_strndup(m, content, strlen(content));
    r->content_len = strlen(content);
    r->place = (struct model_place){.line = line, .column = 5};
}

static void add_ptr(struct model *m, const char *address, const char *target, uint32_t ttl_s,
                    enum ptr_forward forward, uint16_t file, uint32_t line)
{
    struct addr a;
    struct name n = name_of(target);
    assert_int_equal(addr_parse(address, strlen(address), &a), 0);
    assert_int_equal(model_add_ptr(m, &a, &n, ttl_s, forward, file, line), 0);
}

static void assert_ptr(const struct model *m, uint32_t i, const char *expected)
{
    char address[ADDR_TEXT_SIZE], target[NAME_TEXT_SIZE], found[1200];
    struct span wire = model_target(m, &m->ptrs[i]);
    struct name n;
    assert_int_equal(name_from_wire(wire.bytes, wire.len, &n), 0);
    name_print(&n, target);
    addr_print(&(struct addr){.num = m->ptrs[i].num, .family = m->ptrs[i].family}, address);
    (void)snprintf(found, sizeof found, "%s %s %u %u", address, target, m->ptrs[i].ttl_s,
                   m->ptrs[i].forward);
    assert_string_equal(found, expected);
}

static void assert_refused(struct model *m, int err, const char *expected)
{
    struct diag diag = {0};
    char text[1024];
    assert_int_equal(model_sort(m, &diag), err);
    diag_print(&diag, text, sizeof text);
    assert_string_equal(text, expected);
    model_free(m);
}

static void an_empty_model_sorts(void **state)
{
    (void)state;
    struct model *m = NULL;
    struct diag diag = {0};
    assert_int_equal(model_new(&m), 0);
    assert_int_equal(model_sort(m, &diag), 0);
    assert_int_equal(m->source, SOURCE_FILE);
    model_free(m);
    model_free(NULL);
}

static void memory_is_aligned_and_stays(void **state)
{
    (void)state;
    struct model *m = new_model();
    const char *texts[1000];
    char text[300];
    for (int i = 0; i < 1000; i++) {
        int len = snprintf(text, sizeof text, "%0*d", 1 + i % 290, i);
        texts[i] = model_strndup(m, text, (size_t)len);
        assert_non_null(texts[i]);
        assert_int_equal((uintptr_t)texts[i] % _Alignof(max_align_t), 0);
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(atoi(texts[i]), i);
    memset(model_alloc(m, 1 << 20), 1, 1 << 20);
    assert_null(model_alloc(m, SIZE_MAX));
    assert_null(model_strndup(m, "x", SIZE_MAX));
    model_free(m);
}

static void a_file_named_again_keeps_its_number(void **state)
{
    (void)state;
    struct model *m = new_model();
    char path[] = "a.csv";
    assert_int_equal(model_add_file(m, path), 1);
    path[0] = 'b';
    assert_int_equal(model_add_file(m, path), 2);
    assert_int_equal(model_add_file(m, "a.csv"), 1);
    assert_string_equal(m->files[1], "a.csv");
    assert_int_equal(m->file_count, 3);
    model_free(m);
}

static void files_have_a_limit(void **state)
{
    (void)state;
    struct model *m = new_model();
    char path[16];
    for (int i = 1; i < MODEL_FILES_MAX; i++) {
        (void)snprintf(path, sizeof path, "%d.csv", i);
        assert_int_equal(model_add_file(m, path), i);
    }
    assert_int_equal(model_add_file(m, "x.csv"), PTRD_ELIMIT);
    assert_int_equal(model_add_file(m, "7.csv"), 7);
    model_free(m);
}

static void zones_and_records_sort_in_canonical_order(void **state)
{
    (void)state;
    struct model *m = new_model();
    struct diag diag = {0};
    add_zone(m, "z.example", 1, 1);
    add_zone(m, "b.a.example", 1, 2);
    add_zone(m, "example", 1, 3);
    add_zone(m, "a.example", 1, 4);
    add_record(m, "x.example", RRTYPE_TXT, "\"b\"", 60, 1);
    add_record(m, "x.example", RRTYPE_A, "192.0.2.1", 60, 2);
    add_record(m, "example", RRTYPE_TXT, "\"x\"", 60, 3);
    add_record(m, "x.example", RRTYPE_TXT, "\"a\"", 60, 4);
    assert_int_equal(model_sort(m, &diag), 0);
    static const uint32_t zones[] = {3, 4, 2, 1}, records[] = {3, 2, 4, 1};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(m->zones[i].place.line, zones[i]);
        assert_int_equal(m->records[i].place.line, records[i]);
    }
    model_free(m);
}

static void blocks_sort_enclosing_first(void **state)
{
    (void)state;
    struct model *m = new_model();
    struct diag diag = {0};
    static const struct range ranges[] = {{5, 9, FAMILY_IPV6},
                                          {10, 20, FAMILY_IPV4},
                                          {0, 255, FAMILY_IPV4},
                                          {10, 30, FAMILY_IPV4},
                                          {0, 127, FAMILY_IPV4}};
    for (uint32_t i = 0; i < 5; i++) {
        struct model_block *b = model_add_block(m);
        b->range = ranges[i];
        b->place.line = i;
    }
    assert_int_equal(model_sort(m, &diag), 0);
    static const uint32_t order[] = {2, 4, 3, 1, 0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(m->blocks[i].place.line, order[i]);
    model_free(m);
}

static void ptrs_sort_by_family_address_and_canonical_target(void **state)
{
    (void)state;
    struct model *m = new_model();
    struct diag diag = {0};
    add_ptr(m, "2001:db8::1", "v6.example", MODEL_TTL_UNSAID, FORWARD_AUTO, 0, 1);
    add_ptr(m, "192.0.2.2", "a.example", 5, FORWARD_UNSAID, 0, 2);
    add_ptr(m, "192.0.2.1", "a.z.example", 5, FORWARD_UNSAID, 0, 3);
    add_ptr(m, "192.0.2.1", "z.a.example", 5, FORWARD_UNSAID, 0, 4);
    assert_int_equal(model_sort(m, &diag), 0);
    assert_ptr(m, 0, "192.0.2.1 z.a.example 5 0");
    assert_ptr(m, 1, "192.0.2.1 a.z.example 5 0");
    assert_ptr(m, 2, "192.0.2.2 a.example 5 0");
    assert_ptr(m, 3, "2001:db8::1 v6.example 4294967295 1");
    model_free(m);
}

/* Against a plain insertion order: 20,000 random PTRs come out ordered and none is lost. */
static void many_ptrs_stay_whole(void **state)
{
    (void)state;
    struct model *m = new_model();
    struct diag diag = {0};
    unsigned seed = 20260;
    uint64_t sum = 0, found = 0;
    print_message("seed %u\n", seed);
    for (uint32_t i = 0; i < 20000; i++) {
        struct addr a = {.num = (u128)(uint32_t)rand_r(&seed), .family = FAMILY_IPV4};
        char target[64];
        (void)snprintf(target, sizeof target, "h%u.example", i);
        struct name n = name_of(target);
        sum += (uint64_t)a.num;
        assert_int_equal(model_add_ptr(m, &a, &n, 60, FORWARD_UNSAID, 0, i + 1), 0);
    }
    assert_int_equal(model_sort(m, &diag), 0);
    assert_int_equal(m->ptr_count, 20000);
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        char target[64];
        struct span wire = model_target(m, &m->ptrs[i]);
        (void)snprintf(target, sizeof target, "h%u.example", m->ptrs[i].line - 1);
        struct name n = name_of(target);
        assert_memory_equal(wire.bytes, n.wire, wire.len);
        found += (uint64_t)m->ptrs[i].num;
        assert_true(i == 0 || m->ptrs[i - 1].num <= m->ptrs[i].num);
    }
    assert_true(sum == found);
    model_free(m);
}

static void an_rrset_takes_its_least_ttl(void **state)
{
    (void)state;
    struct model *m = new_model();
    struct diag diag = {0};
    add_record(m, "x.example", RRTYPE_A, "192.0.2.1", 300, 1);
    add_record(m, "x.example", RRTYPE_A, "192.0.2.2", 60, 2);
    add_record(m, "x.example", RRTYPE_TXT, "\"a\"", 300, 3);
    assert_int_equal(model_sort(m, &diag), 0);
    assert_int_equal(m->records[0].ttl_s, 60);
    assert_int_equal(m->records[1].ttl_s, 60);
    assert_int_equal(m->records[2].ttl_s, 300);
    model_free(m);
}

static void ptrs_of_an_address_take_the_least_ttl_the_zones_included(void **state)
{
    (void)state;
    struct model *m = new_model();
    struct diag diag = {0};
    const uint32_t unsaid = MODEL_TTL_UNSAID;
    add_zone(m, "example", 10, 1);
    add_zone(m, "0.192.in-addr.arpa", 50, 2);
    add_zone(m, "2.0.192.in-addr.arpa", 100, 3);
    add_ptr(m, "192.0.2.1", "a.example", unsaid, FORWARD_UNSAID, 0, 1);
    add_ptr(m, "192.0.2.1", "b.example", 300, FORWARD_UNSAID, 0, 2);
    add_ptr(m, "192.0.2.2", "a.example", unsaid, FORWARD_UNSAID, 0, 3);
    add_ptr(m, "192.0.2.2", "b.example", 30, FORWARD_AUTO, 0, 4);
    add_ptr(m, "192.0.2.3", "a.example", unsaid, FORWARD_UNSAID, 0, 5);
    add_ptr(m, "192.0.2.3", "b.example", unsaid, FORWARD_UNSAID, 0, 6);
    add_ptr(m, "198.51.100.1", "a.example", unsaid, FORWARD_UNSAID, 0, 7);
    add_ptr(m, "198.51.100.1", "b.example", 70, FORWARD_UNSAID, 0, 8);
    assert_int_equal(model_sort(m, &diag), 0);
    assert_ptr(m, 0, "192.0.2.1 a.example 100 0");
    assert_ptr(m, 1, "192.0.2.1 b.example 100 0");
    assert_ptr(m, 2, "192.0.2.2 a.example 30 1");
    assert_ptr(m, 3, "192.0.2.2 b.example 30 1");
    assert_ptr(m, 4, "192.0.2.3 a.example 4294967295 0");
    assert_ptr(m, 5, "192.0.2.3 b.example 4294967295 0");
    assert_ptr(m, 6, "198.51.100.1 a.example 70 0");
    assert_ptr(m, 7, "198.51.100.1 b.example 70 0");
    model_free(m);
}

static void duplicates_are_refused_with_both_places(void **state)
{
    (void)state;
    struct model *m = new_model();
    add_zone(m, "b.example", 1, 9);
    add_zone(m, "a.example", 1, 4);
    add_zone(m, "B.example", 1, 2);
    assert_refused(m, PTRD_ECONFLICT,
                   "zones.yaml:9:3: zone `b.example` is given twice, first in line 2");

    m = new_model();
    add_record(m, "x.example", RRTYPE_NS, "NS1.example.", 1, 8);
    add_record(m, "x.example", RRTYPE_NS, "ns1.example.", 1, 3);
    assert_refused(m, PTRD_ECONFLICT,
                   "zones.yaml:8:5: record `x.example NS NS1.example.` is given twice, first in "
                   "line 3");

    m = new_model();
    assert_int_equal(model_add_file(m, "p.csv"), 1);
    add_ptr(m, "2001:db8::1", "a.example", 5, FORWARD_UNSAID, 0, 7);
    add_ptr(m, "2001:db8::1", "b.example", 5, FORWARD_UNSAID, 1, 2);
    add_ptr(m, "2001:db8::1", "a.example", 6, FORWARD_UNSAID, 1, 3);
    m->ptrs[2].column = 4;
    assert_refused(m, PTRD_ECONFLICT,
                   "p.csv:3:4: the PTR of 2001:db8::1 to `a.example` is given twice, first in "
                   "zones.yaml line 7");
}

static void texts_that_differ_in_case_are_two_records(void **state)
{
    (void)state;
    struct model *m = new_model();
    struct diag diag = {0};
    add_record(m, "x.example", RRTYPE_TXT, "\"A\"", 1, 8);
    add_record(m, "x.example", RRTYPE_TXT, "\"a\"", 1, 3);
    assert_int_equal(model_sort(m, &diag), 0);
    model_free(m);
}

static void forward_of_one_address_must_agree(void **state)
{
    (void)state;
    struct model *m = new_model();
    add_ptr(m, "192.0.2.1", "a.example", 5, FORWARD_AUTO, 0, 1);
    add_ptr(m, "192.0.2.1", "b.example", 5, FORWARD_UNSAID, 0, 2);
    add_ptr(m, "192.0.2.1", "c.example", 5, FORWARD_NONE, 0, 3);
    assert_refused(m, PTRD_ECONFLICT,
                   "zones.yaml:3: `forward` of 192.0.2.1 is not the same as in line 1");
}

static void an_rrset_has_a_limit(void **state)
{
    (void)state;
    struct model *m = new_model();
    for (uint32_t i = 0; i < 65536; i++) {
        char target[32];
        (void)snprintf(target, sizeof target, "h%u.example", i);
        add_ptr(m, "192.0.2.1", target, 5, FORWARD_UNSAID, 0, 1);
    }
    assert_refused(m, PTRD_ELIMIT,
                   "zones.yaml:1: 65536 PTRs of one address, at most 65535 are possible");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_model_sorts),
        cmocka_unit_test(memory_is_aligned_and_stays),
        cmocka_unit_test(a_file_named_again_keeps_its_number),
        cmocka_unit_test(files_have_a_limit),
        cmocka_unit_test(zones_and_records_sort_in_canonical_order),
        cmocka_unit_test(blocks_sort_enclosing_first),
        cmocka_unit_test(ptrs_sort_by_family_address_and_canonical_target),
        cmocka_unit_test(many_ptrs_stay_whole),
        cmocka_unit_test(an_rrset_takes_its_least_ttl),
        cmocka_unit_test(ptrs_of_an_address_take_the_least_ttl_the_zones_included),
        cmocka_unit_test(duplicates_are_refused_with_both_places),
        cmocka_unit_test(texts_that_differ_in_case_are_two_records),
        cmocka_unit_test(forward_of_one_address_must_agree),
        cmocka_unit_test(an_rrset_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
