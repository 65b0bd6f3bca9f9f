/* edit.h, rule by rule: where rows are kept, what a commit refuses, what follows from a change. */
#include "support/edited.h"

#include <time.h>

static const char zones[] =
    "zones:\n"
    "  - name: isp.example\n"
    "    forward_auto: yes\n"
    "    serial: 41\n"
    "    records:\n"
    "      - {name: www, type: A, content: 192.0.2.1}\n"
    "      - {name: www, type: TXT, content: '\"a\"'}\n"
    "      - {name: alias, type: CNAME, content: www.isp.example}\n"
    "      - {name: two, type: A, content: 192.0.2.2, ttl: 60}\n"
    "      - {name: two, type: A, content: 192.0.2.3, ttl: 60}\n"
    "      - {name: below.node, type: TXT, content: '\"b\"'}\n"
    "      - {name: cut, type: NS, content: ns.cut.isp.example}\n"
    "      - {name: cut, type: DS, content: '1 13 2 "
    "0000000000000000000000000000000000000000000000000000000000000001'}\n"
    "      - {name: ns.cut, type: A, content: 192.0.2.9}\n"
    "      - {name: dname, type: DNAME, content: elsewhere.example}\n"
    "    metadata: {ALLOW-AXFR-FROM: [192.0.2.0/24]}\n"
    "  - name: dyn.isp.example\n"
    "    serial: 42\n"
    "  - {name: quiet.example, serial: 43}\n"
    "  - {name: second.example, kind: secondary, primaries: [192.0.2.77]}\n"
    "  - {prefix: 198.51.100.0/24, serial: 44}\n"
    "  - {prefix: 203.0.113.0/24, serial: 45}\n"
    "  - {prefix: 203.0.113.64/26, zone: '64/26', serial: 46}\n"
    "  - {prefix: 2001:db8::/32, serial: 47}\n"
    "blocks:\n"
    "  - {prefix: 198.51.100.0/24, name: '{ip}.dyn.isp.example', ttl: 600}\n"
    "  - {prefix: 203.0.113.64/26, name: 'c{4}.quiet.example', ttl: 601}\n"
    "ptrs:\n"
    "  198.51.100.25: {names: [mail.isp.example], ttl: 300}\n"
    "  198.51.100.26: {names: [mail.isp.example], ttl: 200, forward: none}\n"
    "  203.0.113.70: {names: [seven.isp.example], ttl: 70}\n";

#define R4 ".100.51.198.in-addr.arpa"
#define RC ".64/26.113.0.203.in-addr.arpa"
#define DS2 "2 13 2 0000000000000000000000000000000000000000000000000000000000000002"
#define NOW 1000

static struct edited t;

static int setup(void **state)
{
    (void)state;
    edited_start(&t, zones, 100);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    edited_stop(&t);
    return 0;
}

#define is(name, type, expected) assert_string_equal(edited_ask(&t, name, type, -1), expected)
#define is_in(id, name, type, expected)                                                            \
    assert_string_equal(edited_ask(&t, name, type, id), expected)

#define set(owner, type, ttl, contents)                                                            \
    do {                                                                                           \
        if (edited_set(&t, -1, owner, type, ttl, contents, NOW) < 0)                               \
            fail_msg("%s", t.diag.message);                                                        \
    } while (0)

static void says(const char *words)
{
    char copy[256], *save = NULL;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, "|", &save); word; word = strtok_r(NULL, "|", &save))
        if (!strstr(t.diag.message, word))
            fail_msg("\"%s\" does not say \"%s\"", t.diag.message, word);
}

/* The edit is refused in these words (separated by |), and no octet of the store is another. */
static void refuses(int64_t zone_id, const char *owner, const char *type, const char *contents,
                    const char *words)
{
    struct store_meta before, after;
    char *was = edited_dump(&t, UINT32_MAX, &before);
    int err = edited_set(&t, zone_id, owner, type, 300, contents, NOW);
    if (err >= 0)
        fail_msg("%s %s %s: accepted", owner, type, contents);
    says(words);
    char *is = edited_dump(&t, UINT32_MAX, &after);
    assert_string_equal(was, is);
    assert_memory_equal(&before, &after, sizeof before);
    free(was);
    free(is);
}

#define REFUSED(owner, type, contents, words) refuses(-1, owner, type, contents, words)

static char *dump_of(uint32_t tables)
{
    struct store_meta meta;
    return edited_dump(&t, tables, &meta);
}

#define LOCAL                                                                                      \
    (1u << STORE_LOCAL_RECORDS | 1u << STORE_LOCAL_PTRS | 1u << STORE_LOCAL_ABOVE |                \
     1u << STORE_LOCAL_METADATA)

static void no_local_row(void)
{
    char *rows = dump_of(LOCAL);
    assert_string_equal(rows, "");
    free(rows);
}

static struct store_meta meta_now(void)
{
    return edited_meta(&t);
}

/* --- RRsets ----------------------------------------------------------------------------------- */

static void a_local_rrset_stands_in_front_of_the_source(void **state)
{
    (void)state;
    set("www.isp.example", "A", 300, "192.0.2.7\n192.0.2.6");
    is("www.isp.example", "ANY", "A 300 192.0.2.6, A 300 192.0.2.7, TXT 3600 \"a\"");
    set("new.isp.example", "MX", 120, "10 mail.isp.example\n20 mail2.isp.example.");
    is("new.isp.example", "ANY", "MX 120 10 mail.isp.example., MX 120 20 mail2.isp.example.");
}

static void a_deleted_source_rrset_leaves_a_tombstone(void **state)
{
    (void)state;
    set("www.isp.example", "A", 0, "");
    is("www.isp.example", "ANY", "TXT 3600 \"a\"");
    set("www.isp.example", "ANY", 0, "");
    is("www.isp.example", "ANY", "");
    set("www.isp.example", "A", 300, "192.0.2.7");
    is("www.isp.example", "ANY", "A 300 192.0.2.7");
}

static void a_local_rrset_equal_to_the_source_is_the_sources(void **state)
{
    (void)state;
    set("two.isp.example", "A", 61, "192.0.2.3\n192.0.2.2");
    is("two.isp.example", "A", "A 61 192.0.2.2, A 61 192.0.2.3");
    set("two.isp.example", "A", 60, "192.0.2.3\n192.0.2.2");
    no_local_row();
    set("198.51.100.25.isp.example", "A", 60, "192.0.2.3");
    set("198.51.100.25.isp.example", "A", 60, "");
    no_local_row();
    set("25" R4, "PTR", 300, "other.example");
    set("25" R4, "PTR", 300, "mail.isp.example");
    no_local_row();
    is("mail.isp.example", "A", "A 300 198.51.100.25");
}

static void adding_takes_the_ttl_for_the_whole_rrset(void **state)
{
    (void)state;
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_add(&t, e, -1, "two.isp.example", "A", 99, "192.0.2.4"), 0);
    assert_int_equal(edited_add(&t, e, -1, "two.isp.example", "A", 98, "192.0.2.4"), 0);
    assert_string_equal(edited_answer(edit_snapshot(e), "two.isp.example", "A", -1),
                        "A 98 192.0.2.2, A 98 192.0.2.3, A 98 192.0.2.4");
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is("two.isp.example", "A", "A 98 192.0.2.2, A 98 192.0.2.3, A 98 192.0.2.4");
}

static void an_rrset_with_two_ttls_takes_the_least(void **state)
{
    (void)state;
    struct name owner = edited_name("x.isp.example");
    struct edit_record r[2] = {{owner, RRTYPE_A, 20, "192.0.2.1", 9},
                               {owner, RRTYPE_A, 10, "192.0.2.2", 9}};
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_replace(e, -1, &owner, RRTYPE_A, r, 2, &t.diag), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is("x.isp.example", "A", "A 10 192.0.2.1, A 10 192.0.2.2");
}

static void what_is_given_twice_counts_once(void **state)
{
    (void)state;
    set("x.isp.example", "A", 10, "192.0.2.1\n192.0.2.1");
    is("x.isp.example", "A", "A 10 192.0.2.1");
}

static void nothing_changed_is_no_commit(void **state)
{
    (void)state;
    struct store_meta before = meta_now();
    set("two.isp.example", "A", 60, "192.0.2.3\n192.0.2.2");
    set("absent.isp.example", "A", 0, "");
    set("absent.isp.example", "ANY", 0, "");
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "x.isp.example", "A", 1, "192.0.2.1"), 0);
    assert_int_equal(edited_replace(&t, e, -1, "x.isp.example", "A", 1, ""), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    struct store_meta after = meta_now();
    assert_memory_equal(&before, &after, sizeof before);
    set("x.isp.example", "A", 1, "192.0.2.1");
    after = meta_now();
    assert_int_equal(after.data, before.data + 1);
    assert_int_equal(after.structure, before.structure);
    assert_int_equal(after.changed_s, NOW);
}

static void an_aborted_edit_leaves_no_trace(void **state)
{
    (void)state;
    char *was = dump_of(UINT32_MAX);
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "www.isp.example", "A", 1, "192.0.2.1"), 0);
    assert_int_equal(edited_replace(&t, e, -1, "cut.isp.example", "ANY", 1, ""), 0);
    struct name apex = edited_name("isp.example");
    assert_int_equal(edit_replace_zone(e, &apex, &t.diag), PTRD_FOUND);
    assert_string_equal(edited_answer(edit_snapshot(e), "www.isp.example", "ANY", -1), "");
    edit_abort(e);
    edit_abort(NULL);
    char *now = dump_of(UINT32_MAX);
    assert_string_equal(was, now);
    free(was);
    free(now);
}

static void a_refused_edit_cannot_be_committed(void **state)
{
    (void)state;
    char *was = dump_of(UINT32_MAX);
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "www.isp.example", "A", 1, "192.0.2.1"), 0);
    assert_true(edited_replace(&t, e, -1, "www.isp.example", "A", 1, "192.0.2.256") < 0);
    says("www.isp.example|192.0.2.256");
    assert_true(edited_replace(&t, e, -1, "x.isp.example", "A", 1, "192.0.2.1") < 0);
    says("192.0.2.256");
    assert_true(edit_commit(e, NOW, &t.diag) < 0);
    says("192.0.2.256");
    char *now = dump_of(UINT32_MAX);
    assert_string_equal(was, now);
    free(was);
    free(now);
}

static void two_edits_wait_for_each_other(void **state)
{
    (void)state;
    struct edit *first = edited_begin(&t), *second = NULL;
    assert_int_equal(edit_begin(t.engine, 20, &second, &t.diag), PTRD_EBUSY);
    assert_true(t.diag.message[0]);
    edit_abort(first);
    second = edited_begin(&t);
    edit_abort(second);
}

/* --- where it may stand ----------------------------------------------------------------------- */

static void owners_outside_the_zone_are_refused(void **state)
{
    (void)state;
    int64_t isp = edited_id(&t, "isp.example");
    REFUSED("www.other.example", "A", "192.0.2.1", "www.other.example A|no zone");
    refuses(isp, "www.quiet.example", "A", "192.0.2.1", "www.quiet.example A|isp.example");
    refuses(12345, "www.isp.example", "A", "192.0.2.1", "12345");
    REFUSED("www.isp.example", "SOA", "a. b. 1 2 3 4 5", "www.isp.example SOA|isp.example");
}

static void bad_rdata_is_refused(void **state)
{
    (void)state;
    REFUSED("x.isp.example", "MX", "70000 a.example", "x.isp.example|MX|70000");
    REFUSED("x.isp.example", "RRSIG", "a", "RRSIG");
    REFUSED("x.isp.example", "ANY", "a", "ANY");
    struct edit *e = edited_begin(&t);
    assert_true(edited_add(&t, e, -1, "x.isp.example", "A", 0x80000000u, "192.0.2.1") < 0);
    says("x.isp.example A|2147483648");
    edit_abort(e);
}

/* --- CNAME ------------------------------------------------------------------------------------ */

static void a_cname_stands_alone(void **state)
{
    (void)state;
    REFUSED("www.isp.example", "CNAME", "x.example", "www.isp.example CNAME|x.example.|TXT");
    REFUSED("alias.isp.example", "A", "192.0.2.1", "alias.isp.example CNAME|www.isp.example.|A");
    REFUSED("isp.example", "CNAME", "x.example", "isp.example CNAME|SOA");
    REFUSED("x.isp.example", "CNAME", "a.example\nb.example", "CNAME|a.example.|b.example.");
    REFUSED("25" R4, "CNAME", "x.example", "25" R4 " CNAME|PTR");
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "x.isp.example", "A", 1, "192.0.2.1"), 0);
    assert_int_equal(edited_replace(&t, e, -1, "x.isp.example", "CNAME", 1, "y.example"), 0);
    assert_true(edit_commit(e, NOW, &t.diag) < 0);
    says("x.isp.example CNAME y.example.|A");
}

static void a_cname_takes_the_place_of_what_is_deleted(void **state)
{
    (void)state;
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "www.isp.example", "CNAME", 5, "x.example"), 0);
    assert_int_equal(edited_replace(&t, e, -1, "www.isp.example", "A", 5, ""), 0);
    assert_int_equal(edited_replace(&t, e, -1, "www.isp.example", "TXT", 5, ""), 0);
    assert_int_equal(edited_replace(&t, e, -1, "alias.isp.example", "A", 5, "192.0.2.1"), 0);
    assert_int_equal(edited_replace(&t, e, -1, "alias.isp.example", "CNAME", 5, ""), 0);
    assert_int_equal(edited_replace(&t, e, -1, "25" R4, "ANY", 5, ""), 0);
    assert_int_equal(edited_replace(&t, e, -1, "25" R4, "CNAME", 5, "25.example"), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is("www.isp.example", "ANY", "CNAME 5 x.example.");
    is("alias.isp.example", "ANY", "A 5 192.0.2.1");
    is("25" R4, "ANY", "CNAME 5 25.example.");
    is("mail.isp.example", "ANY", "");
    /* at names that answer by themselves it stands in front */
    set("9" R4, "CNAME", 7, "9.example");
    is("9" R4, "ANY", "CNAME 7 9.example.");
    set("198-51-100-9.dyn.isp.example", "CNAME", 7, "9.example");
    is("198-51-100-9.dyn.isp.example", "ANY", "CNAME 7 9.example.");
}

/* --- DNAME ------------------------------------------------------------------------------------ */

static void nothing_stands_below_a_dname(void **state)
{
    (void)state;
    REFUSED("x.dname.isp.example", "A", "192.0.2.1",
            "x.dname.isp.example A 192.0.2.1|dname.isp.example");
    REFUSED("node.isp.example", "DNAME", "x.example",
            "node.isp.example DNAME x.example.|below.node.isp.example TXT");
    REFUSED("isp.example", "DNAME", "x.example", "isp.example DNAME|zone of ours");
    REFUSED("dyn.isp.example", "DNAME", "x.example", "dyn.isp.example DNAME|generated");
    REFUSED("100.51.198.in-addr.arpa", "DNAME", "x.example", "DNAME|25" R4 " PTR");
    REFUSED("x.isp.example", "DNAME", "a.example\nb.example", "DNAME|a.example.|b.example.");
    set("dname.isp.example", "TXT", 1, "\"beside\"");
    is("dname.isp.example", "ANY", "DNAME 3600 elsewhere.example., TXT 1 \"beside\"");
    set("dname.isp.example", "DNAME", 1, "");
    set("x.dname.isp.example", "A", 1, "192.0.2.1");
    is("x.dname.isp.example", "ANY", "A 1 192.0.2.1");
    REFUSED("dname.isp.example", "DNAME", "elsewhere.example", "x.dname.isp.example A");
}

/* --- cuts ------------------------------------------------------------------------------------- */

static void a_cut_hides_nothing_that_we_answer(void **state)
{
    (void)state;
    REFUSED("198-51-100-9.dyn.isp.example", "NS", "ns.example", "NS ns.example.|generated");
    set("cut.dyn.isp.example", "NS", 1, "ns.example");
    REFUSED("113.0.203.in-addr.arpa", "NS", "", "113.0.203.in-addr.arpa NS|apex");
    REFUSED("isp.example", "NS", "", "isp.example NS|apex");
    REFUSED("25" R4, "NS", "ns.example", "25" R4 " NS ns.example.|25" R4 " PTR");
    set("25" R4, "PTR", 1, "");
    set("25" R4, "NS", 1, "ns.example");
    is("25" R4, "ANY", "NS 1 ns.example. auth 0");
    REFUSED("25" R4, "PTR", "x.example", "25" R4 " PTR x.example|delegated|25" R4);
}

static void a_zone_of_ours_is_not_put_below_a_cut(void **state)
{
    (void)state;
    edited_stop(&t);
    edited_start(&t, "zones:\n  - name: a.example\n  - name: c.b.a.example\n", 100);
    REFUSED("b.a.example", "NS", "ns.example", "b.a.example NS ns.example.|zone of ours");
    REFUSED("b.a.example", "DNAME", "x.example", "b.a.example DNAME x.example.|zone of ours");
    set("b.a.example", "TXT", 1, "\"x\"");
}

static void names_that_a_cut_covers_become_glue(void **state)
{
    (void)state;
    set("node.isp.example", "NS", 5, "ns.node.isp.example");
    is("node.isp.example", "ANY", "NS 5 ns.node.isp.example. auth 0");
    is("below.node.isp.example", "ANY", "TXT 3600 \"b\" auth 0");
    set("ns.node.isp.example", "A", 5, "192.0.2.1");
    is("ns.node.isp.example", "ANY", "A 5 192.0.2.1 auth 0");
    set("node.isp.example", "NS", 5, "");
    is("below.node.isp.example", "ANY", "TXT 3600 \"b\"");
}

static void a_ds_stands_beside_ns_only(void **state)
{
    (void)state;
    REFUSED("x.isp.example", "DS", DS2, "x.isp.example DS|NS");
    REFUSED("cut.isp.example", "NS", "", "cut.isp.example DS|NS");
    set("cut.isp.example", "DS", 1, DS2);
    set("cut.isp.example", "DS", 1, "");
    set("cut.isp.example", "NS", 1, "");
    is("cut.isp.example", "ANY", "-");
    REFUSED("quiet.example", "DS", DS2, "quiet.example DS|above");
}

static void cuts_stop_what_is_generated_and_give_it_back(void **state)
{
    (void)state;
    struct store_meta before = meta_now();
    set("64/26.100.51.198.in-addr.arpa", "NS", 5, "ns.customer.example");
    is("70" R4, "ANY", "PTR 600 198-51-100-70.dyn.isp.example");
    set("70" R4, "NS", 5, "ns.customer.example");
    is("70" R4, "ANY", "NS 5 ns.customer.example. auth 0");
    is("198-51-100-70.dyn.isp.example", "ANY", "");
    assert_int_equal(meta_now().structure, before.structure + 2);
    set("70" R4, "NS", 5, "");
    is("70" R4, "ANY", "PTR 600 198-51-100-70.dyn.isp.example");
    is("198-51-100-70.dyn.isp.example", "A", "A 600 198.51.100.70");
}

static void freed_addresses_get_no_names_below_a_cut(void **state)
{
    (void)state;
    set("70" R4, "NS", 5, "ns.customer.example");
    set("198-51-100-70.dyn.isp.example", "NS", 5, "ns.customer.example");
    is("198-51-100-70.dyn.isp.example", "ANY", "NS 5 ns.customer.example. auth 0");
    REFUSED("70" R4, "NS", "", "198-51-100-70.dyn.isp.example|delegat");
    set("198-51-100-70.dyn.isp.example", "NS", 5, "");
    set("70" R4, "NS", 5, "");
}

/* --- a zone of ours inside a zone of ours ----------------------------------------------------- */

static void what_a_zone_holds_of_one_inside_it_is_kept_above(void **state)
{
    (void)state;
    int64_t isp = edited_id(&t, "isp.example"), dyn = edited_id(&t, "dyn.isp.example");
    is_in(isp, "dyn.isp.example", "NS", "NS 3600 ns1.out.example. auth 0");
    assert_int_equal(edited_set(&t, isp, "dyn.isp.example", "NS", 9, "ns.dyn.isp.example", NOW), 0);
    assert_int_equal(edited_set(&t, isp, "ns.dyn.isp.example", "A", 9, "192.0.2.5", NOW), 0);
    assert_int_equal(edited_set(&t, isp, "dyn.isp.example", "DS", 9, DS2, NOW), 0);
    is_in(isp, "dyn.isp.example", "NS", "NS 9 ns.dyn.isp.example. auth 0");
    is_in(isp, "dyn.isp.example", "DS", "DS 9 " DS2);
    is_in(isp, "ns.dyn.isp.example", "ANY", "A 9 192.0.2.5 auth 0");
    is_in(dyn, "dyn.isp.example", "NS", "NS 3600 ns1.out.example.");
    is_in(dyn, "ns.dyn.isp.example", "ANY", "");
    refuses(isp, "x.dyn.isp.example", "TXT", "\"x\"", "x.dyn.isp.example TXT|dyn.isp.example");
    refuses(isp, "dyn.isp.example", "SOA", "a. b. 1 2 3 4 5", "dyn.isp.example SOA");
    /* the DS of a zone is the upper zone's, whoever is asked to hold it */
    assert_int_equal(edited_set(&t, dyn, "dyn.isp.example", "DS", 9, "", NOW), 0);
    is_in(isp, "dyn.isp.example", "DS", "");
    assert_int_equal(edited_set(&t, isp, "dyn.isp.example", "ANY", 9, "", NOW), 0);
    is_in(isp, "dyn.isp.example", "NS", "NS 3600 ns1.out.example. auth 0");
}

static void only_the_zone_directly_above_holds_what_is_inside(void **state)
{
    (void)state;
    edited_stop(&t);
    edited_start(
        &t, "zones:\n  - name: g.example\n  - name: p.g.example\n  - name: c.p.g.example\n", 100);
    int64_t g = edited_id(&t, "g.example"), p = edited_id(&t, "p.g.example");
    refuses(g, "ns.c.p.g.example", "A", "192.0.2.1", "ns.c.p.g.example A|p.g.example|g.example");
    refuses(g, "c.p.g.example", "NS", "ns.example", "c.p.g.example NS|p.g.example|g.example");
    assert_int_equal(edited_set(&t, p, "c.p.g.example", "NS", 9, "ns.c.p.g.example", NOW), 0);
    assert_int_equal(edited_set(&t, p, "ns.c.p.g.example", "A", 9, "192.0.2.1", NOW), 0);
    is_in(p, "ns.c.p.g.example", "ANY", "A 9 192.0.2.1 auth 0");
    /* feeding the zone further above leaves it alone */
    struct name apex = edited_name("g.example");
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_replace_zone(e, &apex, &t.diag), PTRD_FOUND);
    assert_int_equal(edited_add(&t, e, g, "g.example", "SOA", 60, "a. b. 600 1 2 3 4"), 0);
    assert_int_equal(edited_add(&t, e, g, "g.example", "NS", 60, "ns.example"), 0);
    assert_int_equal(edited_add(&t, e, g, "ns.c.p.g.example", "A", 60, "192.0.2.7"), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is_in(p, "ns.c.p.g.example", "ANY", "A 9 192.0.2.1 auth 0");
    is_in(p, "c.p.g.example", "NS", "NS 9 ns.c.p.g.example. auth 0");
}

static void no_apex_loses_its_ns(void **state)
{
    (void)state;
    REFUSED("dyn.isp.example", "NS", "", "dyn.isp.example NS|apex");
    REFUSED("dyn.isp.example", "ANY", "", "dyn.isp.example");
    REFUSED("quiet.example", "SOA", "", "quiet.example SOA|none");
}

/* --- PTRs ------------------------------------------------------------------------------------- */

static void ptrs_are_kept_by_address(void **state)
{
    (void)state;
    char *empty = dump_of(1u << STORE_LOCAL_RECORDS);
    set("9" R4, "PTR", 30, "nine.quiet.example\nmore.quiet.example.");
    is("9" R4, "ANY", "PTR 30 more.quiet.example, PTR 30 nine.quiet.example");
    set("70" RC, "PTR", 31, "seventy.quiet.example");
    is("70" RC, "ANY", "PTR 31 seventy.quiet.example");
    set("5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR", 32,
        "five.quiet.example");
    char *rows = dump_of(1u << STORE_LOCAL_RECORDS);
    assert_string_equal(rows, empty);
    free(empty);
    free(rows);
    /* no address's PTR: a record like any other */
    set("x" R4, "PTR", 33, "x.quiet.example");
    is("x" R4, "ANY", "PTR 33 x.quiet.example.");
    set("25" R4, "PTR", 30, "");
    is("25" R4, "ANY", "PTR 600 198-51-100-25.dyn.isp.example");
}

static void derived_names_follow_ptrs(void **state)
{
    (void)state;
    is("mail.isp.example", "ANY", "A 300 198.51.100.25");
    set("25" R4, "PTR", 40, "mail.isp.example\nsmtp.isp.example");
    is("mail.isp.example", "ANY", "A 40 198.51.100.25");
    is("smtp.isp.example", "ANY", "A 40 198.51.100.25");
    set("9" R4, "PTR", 50, "smtp.isp.example");
    is("smtp.isp.example", "ANY", "A 40 198.51.100.25, A 40 198.51.100.9");
    set("26" R4, "PTR", 45, "mail.isp.example"); /* the source said forward: none */
    is("mail.isp.example", "ANY", "A 40 198.51.100.25, A 40 198.51.100.26");
    set("25" R4, "PTR", 40, "x.quiet.example"); /* no forward_auto there */
    is("mail.isp.example", "ANY", "A 45 198.51.100.26");
    is("smtp.isp.example", "ANY", "A 50 198.51.100.9");
    is("x.quiet.example", "ANY", "");
    set("9" R4, "CNAME", 50, "");
    set("26" R4, "PTR", 200, "mail.isp.example"); /* again the source's, forward: none too */
    is("mail.isp.example", "ANY", "");
}

/* --- generated values ------------------------------------------------------------------------- */

static void a_generated_value_that_comes_along_is_left_out(void **state)
{
    (void)state;
    set("9" R4, "PTR", 30, "198-51-100-9.dyn.isp.example\nnine.quiet.example");
    is("9" R4, "ANY", "PTR 30 nine.quiet.example");
    /* now it is one of an explicit RRset */
    set("9" R4, "PTR", 30, "198-51-100-9.dyn.isp.example\nnine.quiet.example");
    is("9" R4, "ANY", "PTR 30 198-51-100-9.dyn.isp.example, PTR 30 nine.quiet.example");
    set("198-51-100-8.dyn.isp.example", "A", 31, "192.0.2.8\n198.51.100.8");
    is("198-51-100-8.dyn.isp.example", "ANY", "A 31 192.0.2.8");
    set("198-51-100-8.dyn.isp.example", "A", 31, "");
    is("198-51-100-8.dyn.isp.example", "ANY", "A 600 198.51.100.8");
    /* nsupdate adds in two steps where the TTL changes */
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "11" R4, "PTR", 9, "198-51-100-11.dyn.isp.example"),
                     0);
    assert_int_equal(edited_add(&t, e, -1, "11" R4, "PTR", 9, "eleven.quiet.example"), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is("11" R4, "ANY", "PTR 9 eleven.quiet.example");
    /* alone it is meant */
    set("10" R4, "PTR", 32, "198-51-100-10.dyn.isp.example");
    is("10" R4, "ANY", "PTR 32 198-51-100-10.dyn.isp.example");
    set("10" R4, "PTR", 32, "");
    is("10" R4, "ANY", "PTR 600 198-51-100-10.dyn.isp.example");
}

/* --- SOA and serials -------------------------------------------------------------------------- */

static void a_soa_gives_fields_and_a_serial_that_only_rises(void **state)
{
    (void)state;
    set("isp.example", "SOA", 77, "a.isp.example b.isp.example 500 1 2 3 4");
    is("isp.example", "SOA", "SOA 77 a.isp.example. b.isp.example. 500 1 2 3 4");
    set("isp.example", "SOA", 77, "a.isp.example b.isp.example 400 1 2 3 5");
    is("isp.example", "SOA", "SOA 77 a.isp.example. b.isp.example. 1000 1 2 3 5");
    set("isp.example", "SOA", 3600,
        "ns1.isp.example hostmaster.isp.example 2000 10800 3600 604800 300");
    no_local_row();
    is("isp.example", "SOA",
       "SOA 3600 ns1.isp.example. hostmaster.isp.example. 2000 10800 3600 604800 300");
    struct store_meta before = meta_now();
    set("isp.example", "SOA", 3600,
        "ns1.isp.example hostmaster.isp.example 1999 10800 3600 604800 300");
    assert_int_equal(meta_now().data, before.data);
    REFUSED("isp.example", "SOA", "a. b. 1 2 3 4 5\na. b. 2 2 3 4 5", "isp.example SOA|2");
}

static void a_secondary_zones_serial_is_as_given(void **state)
{
    (void)state;
    assert_int_equal(edited_serial(&t, "second.example"), 0);
    set("second.example", "SOA", 77, "a.isp.example b.isp.example 500 1 2 3 4");
    assert_int_equal(edited_serial(&t, "second.example"), 500);
    set("second.example", "SOA", 77, "a.isp.example b.isp.example 400 1 2 3 4");
    assert_int_equal(edited_serial(&t, "second.example"), 400);
    set("x.second.example", "A", 77, "192.0.2.1");
    assert_int_equal(edited_serial(&t, "second.example"), 400);
}

static void serials_rise_where_answers_change_and_only_there(void **state)
{
    (void)state;
    static const char *const apexes[] = {"isp.example", "dyn.isp.example", "quiet.example",
                                         "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa"};
    static const struct {
        const char *owner, *type, *contents, *changed;
    } cases[] = {
        {"www.isp.example", "A", "192.0.2.99", "10000"},
        {"x.dyn.isp.example", "A", "192.0.2.99", "01000"},
        {"dyn.isp.example", "NS", "ns.dyn.isp.example", "11000"},
        {"ns.dyn.isp.example", "A", "192.0.2.98", "11000"}, /* glue */
        {"9" R4, "PTR", "nine.isp.example", "10010"},
        {"9" R4, "PTR", "nine.quiet.example", "10010"},
        {"9" R4, "PTR", "other.quiet.example", "00010"},
        {"8" R4, "NS", "ns.example", "01010"}, /* its name stops to resolve */
        {"8" R4, "NS", "", "01010"},
        {"8" R4, "PTR", "www.isp.example", "00010"}, /* www has an A of its own */
        {"8" R4, "DS", "", "00000"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t was[5];
        char changed[6] = "";
        for (unsigned k = 0; k < 5; k++)
            was[k] = edited_serial(&t, apexes[k]);
        if (edited_set(&t, -1, cases[i].owner, cases[i].type, 60, cases[i].contents, 5) < 0)
            fail_msg("%s", t.diag.message);
        for (unsigned k = 0; k < 5; k++) {
            uint32_t is = edited_serial(&t, apexes[k]);
            assert_true(is == was[k] || is == was[k] + 1);
            changed[k] = is == was[k] ? '0' : '1';
        }
        if (strcmp(changed, cases[i].changed) != 0)
            fail_msg("%s %s %s: %s, not %s", cases[i].owner, cases[i].type, cases[i].contents,
                     changed, cases[i].changed);
    }
}

static void an_edit_that_raised_the_serial_raises_it_once(void **state)
{
    (void)state;
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "www.isp.example", "A", 1, "192.0.2.44"), 0);
    assert_int_equal(edited_replace(&t, e, -1, "isp.example", "SOA", 3600,
                                    "ns1.isp.example hostmaster.isp.example 50 10800 3600 604800 "
                                    "300"),
                     0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    assert_int_equal(edited_serial(&t, "isp.example"), 50);
    set("www.isp.example", "A", 1, "192.0.2.45");
    assert_int_equal(edited_serial(&t, "isp.example"), NOW);
    set("www.isp.example", "A", 1, "192.0.2.46");
    assert_int_equal(edited_serial(&t, "isp.example"), NOW + 1);
}

/* --- a zone fed ------------------------------------------------------------------------------- */

static void a_fed_zone_holds_what_it_is_fed(void **state)
{
    (void)state;
    struct name apex = edited_name("isp.example");
    int64_t isp = edited_id(&t, "isp.example");
    assert_int_equal(edited_set(&t, isp, "ns.dyn.isp.example", "AAAA", 9, "2001:db8::1", NOW), 0);
    set("local.isp.example", "A", 9, "192.0.2.1");
    set("x.dyn.isp.example", "A", 9, "192.0.2.1");
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_replace_zone(e, &apex, &t.diag), PTRD_FOUND);
    assert_int_equal(edited_add(&t, e, isp, "isp.example", "SOA", 60, "a. b. 2600 1 2 3 4"), 0);
    assert_int_equal(edited_add(&t, e, isp, "isp.example", "NS", 60, "ns.isp.example"), 0);
    assert_int_equal(edited_add(&t, e, isp, "www.isp.example", "A", 3600, "192.0.2.1"), 0);
    assert_int_equal(edited_add(&t, e, isp, "two.isp.example", "A", 60, "192.0.2.2"), 0);
    assert_int_equal(edited_add(&t, e, isp, "two.isp.example", "A", 60, "192.0.2.4"), 0);
    assert_int_equal(edited_add(&t, e, isp, "dyn.isp.example", "NS", 60, "ns.dyn.isp.example"), 0);
    assert_int_equal(edited_add(&t, e, isp, "ns.dyn.isp.example", "A", 60, "192.0.2.2"), 0);
    assert_int_equal(edited_add(&t, e, isp, "x.dyn.isp.example", "TXT", 60, "\"occluded\""), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is("isp.example", "ANY", "NS 60 ns.isp.example., SOA 60 a. b. 2600 1 2 3 4");
    is("www.isp.example", "ANY", "A 3600 192.0.2.1");
    is("two.isp.example", "ANY", "A 60 192.0.2.2, A 60 192.0.2.4");
    is("alias.isp.example", "ANY", "");
    is("local.isp.example", "ANY", "");
    is("cut.isp.example", "ANY", "");
    is("mail.isp.example", "ANY", "A 300 198.51.100.25"); /* not explicit: it stays */
    is_in(isp, "dyn.isp.example", "NS", "NS 60 ns.dyn.isp.example. auth 0");
    is_in(isp, "ns.dyn.isp.example", "ANY", "A 60 192.0.2.2 auth 0");
    is("x.dyn.isp.example", "ANY", "A 9 192.0.2.1");
    /* what was fed equal to the source's is not local */
    char *rows = dump_of(1u << STORE_LOCAL_RECORDS);
    assert_null(strstr(rows, "7777770000010000")); /* www, TYPE A */
    free(rows);
}

static void a_fed_zone_must_be_whole(void **state)
{
    (void)state;
    struct name apex = edited_name("quiet.example"), other = edited_name("www.isp.example");
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_replace_zone(e, &other, &t.diag), PTRD_ABSENT);
    assert_int_equal(edit_replace_zone(e, &apex, &t.diag), PTRD_FOUND);
    assert_int_equal(edited_add(&t, e, -1, "quiet.example", "NS", 60, "ns.isp.example"), 0);
    assert_true(edit_commit(e, NOW, &t.diag) < 0);
    says("quiet.example SOA");
    e = edited_begin(&t);
    assert_int_equal(edit_replace_zone(e, &apex, &t.diag), PTRD_FOUND);
    assert_int_equal(edited_add(&t, e, -1, "quiet.example", "SOA", 60, "a. b. 600 1 2 3 4"), 0);
    assert_true(edit_commit(e, NOW, &t.diag) < 0);
    says("quiet.example NS");
}

static void a_fed_reverse_zone_takes_its_ptrs_along(void **state)
{
    (void)state;
    struct name apex = edited_name("100.51.198.in-addr.arpa");
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_replace_zone(e, &apex, &t.diag), PTRD_FOUND);
    assert_int_equal(edited_add(&t, e, -1, "100.51.198.in-addr.arpa", "SOA", 60, "a. b. 9 1 2 3 4"),
                     0);
    assert_int_equal(edited_add(&t, e, -1, "100.51.198.in-addr.arpa", "NS", 60, "ns.isp.example"),
                     0);
    assert_int_equal(edited_add(&t, e, -1, "26" R4, "PTR", 60, "a.isp.example"), 0);
    assert_int_equal(edited_add(&t, e, -1, "26" R4, "PTR", 60, "b.isp.example"), 0);
    assert_int_equal(edited_add(&t, e, -1, "27" R4, "NS", 60, "ns.isp.example"), 0);
    assert_int_equal(edited_add(&t, e, -1, "27" R4, "PTR", 60, "occluded.isp.example"), 0);
    if (edit_commit(e, NOW, &t.diag) < 0)
        fail_msg("%s", t.diag.message);
    is("25" R4, "ANY", "PTR 600 198-51-100-25.dyn.isp.example");
    is("26" R4, "ANY", "PTR 60 a.isp.example, PTR 60 b.isp.example");
    is("27" R4, "ANY", "NS 60 ns.isp.example. auth 0");
    is("mail.isp.example", "ANY", "");
    is("a.isp.example", "ANY", "A 60 198.51.100.26");
    is("occluded.isp.example", "ANY", "");
    is("70" RC, "ANY", "PTR 70 seven.isp.example");
}

static void a_fed_classless_zone_leaves_the_zone_above_alone(void **state)
{
    (void)state;
    struct name apex = edited_name("64/26.113.0.203.in-addr.arpa");
    char *above = dump_of(1u << STORE_RECORDS);
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_replace_zone(e, &apex, &t.diag), PTRD_FOUND);
    assert_int_equal(
        edited_add(&t, e, -1, "64/26.113.0.203.in-addr.arpa", "SOA", 60, "a. b. 9 1 2 3 4"), 0);
    assert_int_equal(edited_add(&t, e, -1, "64/26.113.0.203.in-addr.arpa", "NS", 60, "ns.example"),
                     0);
    assert_int_equal(edited_add(&t, e, -1, "71" RC, "PTR", 60, "a.isp.example"), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is("70" RC, "ANY", "PTR 601 c70.quiet.example");
    is("71" RC, "ANY", "PTR 60 a.isp.example");
    is("70.113.0.203.in-addr.arpa", "ANY", "CNAME 3600 70" RC ".");
    char *now = dump_of(1u << STORE_RECORDS);
    assert_string_equal(above, now);
    free(above);
    free(now);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void values_in_any_order_make_the_same_rrset(void **state)
{
    (void)state;
    struct edit *e = edited_begin(&t);
    for (unsigned i = 0; i < 200; i++) { /* 37 and 200 have no common divisor: each value comes */
        char value[32];
        snprintf(value, sizeof value, "10.0.%u.1", i * 37 % 200);
        assert_int_equal(edited_add(&t, e, -1, "many.isp.example", "A", 60, value), 0);
        assert_int_equal(edited_add(&t, e, -1, "many.isp.example", "A", 60, "10.0.0.1"), 0);
    }
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    char *one_by_one = dump_of(1u << STORE_LOCAL_RECORDS);
    struct edit_record records[200];
    char values[200][32];
    for (unsigned i = 0; i < 200; i++) {
        int len = snprintf(values[i], sizeof values[i], "10.0.%u.1", 199 - i);
        records[i] = (struct edit_record){.owner = edited_name("many.isp.example"),
                                          .type = RRTYPE_A,
                                          .ttl_s = 60,
                                          .content = values[i],
                                          .content_len = (size_t)len};
    }
    e = edited_begin(&t);
    assert_int_equal(edit_replace(e, -1, &records[0].owner, RRTYPE_A, records, 200, &t.diag), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    char *at_once = dump_of(1u << STORE_LOCAL_RECORDS);
    assert_string_equal(one_by_one, at_once);
    free(one_by_one);
    free(at_once);
}

static void names_in_content_are_the_same_in_any_case(void **state)
{
    (void)state;
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_add(&t, e, -1, "m.isp.example", "MX", 60, "10 A.example."), 0);
    assert_int_equal(edited_add(&t, e, -1, "m.isp.example", "MX", 60, "10 b.example."), 0);
    assert_int_equal(edited_add(&t, e, -1, "m.isp.example", "MX", 60, "10 a.Example."), 0);
    assert_int_equal(edited_add(&t, e, -1, "c.isp.example", "CNAME", 60, "A.example."), 0);
    assert_int_equal(edited_add(&t, e, -1, "c.isp.example", "CNAME", 60, "a.example."), 0);
    assert_int_equal(edited_add(&t, e, -1, "x.isp.example", "TXT", 60, "\"A\""), 0);
    assert_int_equal(edited_add(&t, e, -1, "x.isp.example", "TXT", 60, "\"a\""), 0);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    is("m.isp.example", "ANY", "MX 60 10 a.Example., MX 60 10 b.example.");
    is("c.isp.example", "ANY", "CNAME 60 a.example.");
    is("x.isp.example", "ANY", "TXT 60 \"A\", TXT 60 \"a\"");
}

/* Each name is judged once, not once for each of its types (4 s, 40 s with sanitizers). */
static void a_name_of_many_types_is_committed_soon(void **state)
{
    (void)state;
    struct timespec from, to;
    struct edit *e = edited_begin(&t);
    for (unsigned i = 0; i < 4000; i++) {
        char type[16];
        snprintf(type, sizeof type, "TYPE%u", 20000 + i);
        assert_int_equal(edited_add(&t, e, -1, "many.isp.example", type, 60, "\\# 1 00"), 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(to.tv_sec - from.tv_sec < 3);
}

/* --- metadata, keys, state -------------------------------------------------------------------- */

static bool has_row(enum store_table table, const struct store_buf *key, struct store_buf *value)
{
    struct store_reader *r;
    struct store_meta meta;
    struct span found;
    assert_int_equal(store_reader_new(engine_store(t.engine), &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    int rc = store_get(r, table, (struct span){key->bytes, key->len}, &found);
    assert_true(rc >= 0);
    value->len = 0;
    if (rc == PTRD_FOUND && found.len) {
        value->bytes = realloc(value->bytes, found.len);
        assert_non_null(value->bytes);
        memcpy(value->bytes, found.bytes, found.len);
        value->len = value->capacity = found.len;
    }
    store_read_end(r);
    store_reader_free(r);
    return rc == PTRD_FOUND;
}

static void set_metadata(const char *apex, const char *kind, const char *value)
{
    struct name name = edited_name(apex);
    struct span item = {(const uint8_t *)value, strlen(value)};
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_metadata(e, &name, kind, &item, *value != '\0', &t.diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
}

static void metadata_stand_in_front_of_the_sources(void **state)
{
    (void)state;
    struct store_buf key = {0}, value = {0};
    struct name nowhere = edited_name("nowhere.example");
    uint32_t id = (uint32_t)edited_id(&t, "isp.example");
    assert_int_equal(store_key_metadata(id, "ALLOW-AXFR-FROM", &key), 0);
    set_metadata("isp.example", "ALLOW-AXFR-FROM", "192.0.2.1");
    assert_true(has_row(STORE_LOCAL_METADATA, &key, &value));
    assert_int_equal(value.len, 2 + 9);
    assert_true(has_row(STORE_METADATA, &key, &value));
    set_metadata("isp.example", "ALLOW-AXFR-FROM", "");
    assert_true(has_row(STORE_LOCAL_METADATA, &key, &value));
    assert_int_equal(value.len, 0);
    set_metadata("isp.example", "ALLOW-AXFR-FROM", "192.0.2.0/24");
    assert_false(has_row(STORE_LOCAL_METADATA, &key, &value));
    set_metadata("isp.example", "X-NEW", "a");
    set_metadata("isp.example", "X-NEW", "");
    assert_int_equal(edited_serial(&t, "isp.example"), 41);
    char *rows = dump_of(1u << STORE_LOCAL_METADATA);
    assert_string_equal(rows, "");
    free(rows);
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_metadata(e, &nowhere, "X", NULL, 0, &t.diag), PTRD_ABSENT);
    edit_abort(e);
    store_buf_done(&key);
    store_buf_done(&value);
}

static void tsig_keys_come_and_go(void **state)
{
    (void)state;
    struct name name = edited_name("key.example");
    struct store_buf key = {0}, value = {0};
    assert_int_equal(store_key_name(&name, &key), 0);
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_tsig(e, &name, NULL, NULL, &t.diag), PTRD_ABSENT);
    assert_int_equal(edit_tsig(e, &name, "hmac-sha256", "c2VjcmV0", &t.diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    assert_true(has_row(STORE_TSIG, &key, &value));
    assert_memory_equal(value.bytes, "\0\013hmac-sha256\0\010c2VjcmV0", value.len);
    e = edited_begin(&t);
    assert_int_equal(edit_tsig(e, &name, NULL, NULL, &t.diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    assert_false(has_row(STORE_TSIG, &key, &value));
    e = edited_begin(&t);
    assert_int_equal(edit_tsig(e, &name, "hmac..sha", "c2VjcmV0", &t.diag), PTRD_EINVAL);
    assert_non_null(strstr(t.diag.message, "`hmac..sha`"));
    edit_abort(e);
    store_buf_done(&key);
    store_buf_done(&value);
}

static void zone_state_is_noted_part_by_part(void **state)
{
    (void)state;
    uint32_t id = (uint32_t)edited_id(&t, "second.example"), serial = 7;
    int64_t when = 8;
    struct store_buf key = {0}, value = {0};
    struct store_zone_state got;
    struct edit *e = edited_begin(&t);
    assert_int_equal(edit_zone_state(e, 999, &serial, NULL, &t.diag), PTRD_ABSENT);
    assert_int_equal(edit_zone_state(e, id, &serial, NULL, &t.diag), PTRD_FOUND);
    assert_int_equal(edit_zone_state(e, id, NULL, &when, &t.diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, NOW, &t.diag), 0);
    assert_int_equal(store_key_zone_id(id, &key), 0);
    assert_true(has_row(STORE_ZONE_STATE, &key, &value));
    assert_int_equal(store_read_zone_state((struct span){value.bytes, value.len}, &got), 0);
    assert_int_equal(got.notified_serial, 7);
    assert_int_equal(got.last_check_s, 8);
    store_buf_done(&key);
    store_buf_done(&value);
}

/* --- local: list and drop --------------------------------------------------------------------- */

static char listed[4096];

static int note_local(void *ctx, const struct edit_local *l)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE];
    size_t at = strlen(listed);
    (void)ctx;
    name_print(&l->owner, owner);
    rrtype_print(l->type, type);
    at += (size_t)snprintf(listed + at, sizeof listed - at, "%s %s %u%s%s%s", owner, type, l->ttl_s,
                           l->tombstone ? " tombstone" : "", l->above ? " above" : "",
                           l->hides ? " hides" : "");
    for (size_t i = 0; i < l->count; i++)
        at += (size_t)snprintf(listed + at, sizeof listed - at, " [%.*s]", (int)l->contents[i].len,
                               (const char *)l->contents[i].bytes);
    snprintf(listed + at, sizeof listed - at, "\n");
    return 0;
}

static const char *list(void)
{
    struct snapshot s;
    listed[0] = '\0';
    edited_look(&t, &s);
    assert_int_equal(edit_list_local(&s, note_local, NULL), 0);
    edited_looked(&s);
    return listed;
}

static int drop(const char *owner, const char *type)
{
    struct name name = edited_name(owner ? owner : ".");
    struct edit *e = edited_begin(&t);
    int count = edit_drop_local(e, owner ? &name : NULL, edited_type(type), &t.diag);
    if (edit_commit(e, NOW, &t.diag) < 0)
        fail_msg("%s", t.diag.message);
    return count;
}

static void local_rrsets_are_listed_and_taken_back(void **state)
{
    (void)state;
    int64_t isp = edited_id(&t, "isp.example");
    char *was = dump_of(1u << STORE_CUTS | 1u << STORE_DERIVED | LOCAL);
    assert_string_equal(list(), "");
    set("www.isp.example", "A", 0, "");
    set("www.isp.example", "MX", 5, "1 a.\n2 b.");
    set("isp.example", "SOA", 6, "a. b. 600 1 2 3 4");
    set("25" R4, "PTR", 7, "x.isp.example");
    set("70" RC, "PTR", 0, "");
    set("a" R4, "NS", 7, "x.isp.example");
    assert_int_equal(edited_set(&t, isp, "dyn.isp.example", "DS", 9, DS2, NOW), 0);
    assert_string_equal(list(), "a" R4 " NS 7 [x.isp.example.]\n"
                                "isp.example SOA 6 hides [a. b. 1005 1 2 3 4]\n"
                                "dyn.isp.example DS 9 above [" DS2 "]\n"
                                "www.isp.example A 0 tombstone hides\n"
                                "www.isp.example MX 5 [1 a.] [2 b.]\n"
                                "25" R4 " PTR 7 hides [x.isp.example.]\n"
                                "70" RC " PTR 0 tombstone hides\n");
    assert_int_equal(drop("www.isp.example", "A"), 1);
    is("www.isp.example", "ANY", "A 3600 192.0.2.1, MX 5 1 a., MX 5 2 b., TXT 3600 \"a\"");
    assert_int_equal(drop("25" R4, "ANY"), 1);
    is("mail.isp.example", "ANY", "A 300 198.51.100.25");
    is("x.isp.example", "ANY", "");
    assert_int_equal(drop("nowhere.example", "ANY"), 0);
    assert_int_equal(drop(NULL, "ANY"), 5);
    assert_string_equal(list(), "");
    char *now = dump_of(1u << STORE_CUTS | 1u << STORE_DERIVED | LOCAL);
    assert_string_equal(was, now);
    free(was);
    free(now);
}

/* A load may bring a CNAME where a local RRset stands, and the other way round: the local one
 * hides it, and edits beside it go on. */
static void what_a_load_brought_under_a_local_rrset_stays_hidden(void **state)
{
    (void)state;
    set("later.isp.example", "CNAME", 5, "x.example");
    set("late.isp.example", "A", 5, "192.0.2.1");
    set("late-cut.isp.example", "CNAME", 5, "x.example");
    set("30" R4, "CNAME", 5, "x.example");
    char more[sizeof zones + 512];
    const char *marker = "      - {name: www, type: A, content: 192.0.2.1}\n";
    const char *at = strstr(zones, marker);
    snprintf(more, sizeof more, "%.*s%s%s%s", (int)(at - zones), zones,
             "      - {name: later, type: A, content: 192.0.2.3}\n"
             "      - {name: late, type: CNAME, content: y.example}\n"
             "      - {name: late-cut, type: NS, content: ns.example}\n"
             "      - {name: x.late-cut, type: A, content: 192.0.2.8}\n",
             at, "  198.51.100.30: {names: [thirty.isp.example], ttl: 30}\n");
    loaded_load_elsewhere(&t.loaded, more, 2000);
    is("later.isp.example", "ANY", "CNAME 5 x.example.");
    is("late.isp.example", "ANY", "A 5 192.0.2.1");
    set("later.isp.example", "CNAME", 6, "z.example");
    set("late.isp.example", "A", 6, "192.0.2.2");
    is("later.isp.example", "ANY", "CNAME 6 z.example.");
    is("late.isp.example", "ANY", "A 6 192.0.2.2");
    is("x.late-cut.isp.example", "ANY", "A 3600 192.0.2.8");
    is("thirty.isp.example", "ANY", "");
    set("late-cut.isp.example", "CNAME", 6, "x.example");
    set("30" R4, "CNAME", 6, "x.example");
    is("x.late-cut.isp.example", "ANY", "A 3600 192.0.2.8");
    is("thirty.isp.example", "ANY", "");
    assert_int_equal(drop(NULL, "ANY"), 4);
    is("late-cut.isp.example", "ANY", "NS 3600 ns.example. auth 0");
    is("x.late-cut.isp.example", "ANY", "A 3600 192.0.2.8 auth 0");
    is("30" R4, "ANY", "PTR 30 thirty.isp.example");
    is("thirty.isp.example", "ANY", "A 30 198.51.100.30");
    is("later.isp.example", "ANY", "A 3600 192.0.2.3");
    is("late.isp.example", "ANY", "CNAME 3600 y.example.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_local_rrset_stands_in_front_of_the_source),
        TEST(a_deleted_source_rrset_leaves_a_tombstone),
        TEST(a_local_rrset_equal_to_the_source_is_the_sources),
        TEST(adding_takes_the_ttl_for_the_whole_rrset),
        TEST(an_rrset_with_two_ttls_takes_the_least),
        TEST(what_is_given_twice_counts_once),
        TEST(nothing_changed_is_no_commit),
        TEST(an_aborted_edit_leaves_no_trace),
        TEST(a_refused_edit_cannot_be_committed),
        TEST(two_edits_wait_for_each_other),
        TEST(owners_outside_the_zone_are_refused),
        TEST(bad_rdata_is_refused),
        TEST(a_cname_stands_alone),
        TEST(a_cname_takes_the_place_of_what_is_deleted),
        TEST(nothing_stands_below_a_dname),
        TEST(a_cut_hides_nothing_that_we_answer),
        TEST(a_zone_of_ours_is_not_put_below_a_cut),
        TEST(names_that_a_cut_covers_become_glue),
        TEST(a_ds_stands_beside_ns_only),
        TEST(cuts_stop_what_is_generated_and_give_it_back),
        TEST(freed_addresses_get_no_names_below_a_cut),
        TEST(what_a_zone_holds_of_one_inside_it_is_kept_above),
        TEST(only_the_zone_directly_above_holds_what_is_inside),
        TEST(no_apex_loses_its_ns),
        TEST(ptrs_are_kept_by_address),
        TEST(derived_names_follow_ptrs),
        TEST(a_generated_value_that_comes_along_is_left_out),
        TEST(a_soa_gives_fields_and_a_serial_that_only_rises),
        TEST(a_secondary_zones_serial_is_as_given),
        TEST(serials_rise_where_answers_change_and_only_there),
        TEST(an_edit_that_raised_the_serial_raises_it_once),
        TEST(a_fed_zone_holds_what_it_is_fed),
        TEST(a_fed_zone_must_be_whole),
        TEST(a_fed_reverse_zone_takes_its_ptrs_along),
        TEST(a_fed_classless_zone_leaves_the_zone_above_alone),
        TEST(metadata_stand_in_front_of_the_sources),
        TEST(values_in_any_order_make_the_same_rrset),
        TEST(names_in_content_are_the_same_in_any_case),
        TEST(a_name_of_many_types_is_committed_soon),
        TEST(tsig_keys_come_and_go),
        TEST(zone_state_is_noted_part_by_part),
        TEST(local_rrsets_are_listed_and_taken_back),
        TEST(what_a_load_brought_under_a_local_rrset_stays_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
