/* resolve.h: struct answer over many questions, large RRsets, and rows of origin `local`. */
#include "support/loaded.h"

#include "ptrd/core/arpa.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char zones[] =
    "zones:\n  - name: isp.example\n    forward_auto: yes\n    records:\n"
    "      - {name: a, type: TXT, content: source}\n"
    "      - {name: a, type: A, content: 192.0.2.1}\n"
    "      - {name: a.b, type: TXT, content: deep}\n"
    "      - {name: alias, type: CNAME, content: source.example}\n"
    "      - {name: both, type: A, content: 192.0.2.2}\n"
    "      - {name: both, type: TXT, content: source}\n"
    "      - {name: g.child, type: A, content: 192.0.2.3}\n"
    "      - {name: h.child, type: A, content: 192.0.2.4}\n"
    "      - {name: child, type: NS, content: above.example}\n"
    "      - {name: child, type: DS, content: '1 13 2 " DIGEST "'}\n"
    "      - {name: dn, type: DNAME, content: other.example}\n"
    "  - name: child.isp.example\n"
    "  - name: kid.isp.example\n"
    "  - prefix: 10.0.0.0/8\n    records:\n"
    "      - {name: '7', type: NS, content: ns1.out.example}\n"
    "  - {prefix: 198.51.0.0/16}\n"
    "  - {prefix: 203.0.113.64/26, zone: less.example}\n"
    "  - {prefix: 203.0.0.0/16}\n"
    "blocks:\n  - {prefix: 198.51.100.0/25, name: '{4}.isp.example', ttl: 600}\n"
    "  - {prefix: 203.0.113.64/26, name: 'less-{4}.isp.example', ttl: 600}\n"
    "ptrs:\n  198.51.100.200: source.example\n  198.51.100.201: source.example\n"
    "  198.51.100.202: source.example\n  198.51.101.1: source.example\n"
    "  198.51.100.203: auto.isp.example\n  198.51.100.199: 5.isp.example\n"
    "  198.51.103.1: {names: [mail.103.51.198.in-addr.arpa], forward: auto}\n";

#define R4 ".100.51.198.in-addr.arpa"

struct fixture {
    struct loaded where;
    struct engine *engine;
    struct snapshot s;
    struct answer a;
};

static struct span span_of(const struct store_buf *b)
{
    return (struct span){b->bytes, b->len};
}

/* --- writing what PowerDNS would have edited -------------------------------------------------- */

static void put_rrset(struct store_writer *w, enum store_table table, const char *owner,
                      uint16_t type, const char *content, unsigned count)
{
    struct store_buf key = {0}, value = {0}, contents = {0};
    struct name name = loaded_name(owner);
    for (unsigned i = 0; i < count; i++) {
        char text[128];
        int len = type == RRTYPE_TXT ? snprintf(text, sizeof text, "\"%s%u\"", content, i)
                                     : snprintf(text, sizeof text, "%s", content);
        assert_int_equal(store_append_content(text, (size_t)len, &contents), 0);
    }
    struct store_rrset set = {
        .type = type, .count = (uint16_t)count, .ttl_s = 77, .contents = span_of(&contents)};
    assert_int_equal(store_key_rrset(&name, type, &key), 0);
    assert_int_equal(store_write_rrset(&set, &value), 0);
    assert_int_equal(store_put(w, table, span_of(&key), span_of(&value)), 0);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&contents);
}

static void put_ptr(struct store_writer *w, const char *address, const char *target)
{
    struct store_buf key = {0}, value = {0}, names = {0};
    struct addr addr;
    assert_int_equal(addr_parse(address, strlen(address), &addr), 0);
    if (target) {
        struct name name = loaded_name(target);
        assert_int_equal(store_append_name(&name, &names), 0);
    }
    struct store_ptr ptr = {.ttl_s = 78, .count = target != NULL, .names = span_of(&names)};
    assert_int_equal(store_key_addr(&addr, &key), 0);
    assert_int_equal(store_write_ptr(&ptr, &value), 0);
    assert_int_equal(store_put(w, STORE_LOCAL_PTRS, span_of(&key), span_of(&value)), 0);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&names);
}

/* CNAMEs and what stands beside them, of different origins. */
static void put_decision_7(struct store_writer *w)
{
    put_rrset(w, STORE_LOCAL_RECORDS, "both.isp.example", RRTYPE_CNAME, "local.example.", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "alias.isp.example", RRTYPE_TXT, "local", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "7.isp.example", RRTYPE_CNAME, "local.example.", 1);
    put_rrset(w, STORE_RECORDS, "kept.isp.example", RRTYPE_CNAME, "source.example.", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "kept.isp.example", RRTYPE_TXT, "", 0); /* a tombstone */
    put_rrset(w, STORE_LOCAL_RECORDS, "auto.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_LOCAL_RECORDS, "9.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_LOCAL_RECORDS, "202" R4, RRTYPE_CNAME, "local.example.", 1);
    put_rrset(w, STORE_RECORDS, "204" R4, RRTYPE_CNAME, "source.example.", 1);
    put_ptr(w, "198.51.100.204", "local.example");
    put_rrset(w, STORE_RECORDS, "205" R4, RRTYPE_CNAME, "source.example.", 1);
    put_ptr(w, "198.51.100.205", NULL);
    put_rrset(w, STORE_LOCAL_RECORDS, "206" R4, RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_LOCAL_RECORDS, "203" R4, RRTYPE_TXT, "", 0);
}

/* What a zone holds at and below the apex of a zone below it. */
static void put_above(struct store_writer *w)
{
    char name[64];
    put_rrset(w, STORE_LOCAL_ABOVE, "child.isp.example", RRTYPE_NS, "g.child.isp.example.", 1);
    put_rrset(w, STORE_LOCAL_ABOVE, "child.isp.example", RRTYPE_DS, "", 0);
    put_rrset(w, STORE_LOCAL_ABOVE, "h.child.isp.example", RRTYPE_A, "", 0);
    put_rrset(w, STORE_LOCAL_ABOVE, "k.child.isp.example", RRTYPE_AAAA, "2001:db8::1", 1);
    for (unsigned i = 64; i < 128; i++) { /* the automatic CNAMEs of less.example */
        snprintf(name, sizeof name, "%u.113.0.203.in-addr.arpa", i);
        put_rrset(w, STORE_LOCAL_RECORDS, name, RRTYPE_CNAME, "", 0);
    }
}

static void write_local(const char *dir)
{
    struct store *store;
    struct store_writer *w;
    struct store_meta meta;
    struct diag diag;
    assert_int_equal(store_open(dir, STORE_OPEN_CREATE, &store, &diag), 0);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &diag), 0);
    put_rrset(w, STORE_LOCAL_RECORDS, "a.isp.example", RRTYPE_TXT, "local", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "a.isp.example", RRTYPE_A, "", 0); /* a tombstone */
    put_rrset(w, STORE_LOCAL_RECORDS, "new.isp.example", RRTYPE_TXT, "new", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "gone.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.below.isp.example", RRTYPE_TXT, "x", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.void.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_RECORDS, "x.hidden.isp.example", RRTYPE_TXT, "source", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.hidden.isp.example", RRTYPE_TXT, "", 0);
    put_rrset(w, STORE_RECORDS, "many.isp.example", RRTYPE_TXT, "", 60000);
    put_decision_7(w);
    put_rrset(w, STORE_LOCAL_RECORDS, "kid.isp.example", RRTYPE_DS, "1 13 2 " DIGEST, 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "less.example", RRTYPE_DS, "1 13 2 " DIGEST, 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.dn.isp.example", RRTYPE_TXT, "below", 1);
    put_ptr(w, "10.7.8.9", "local.example");
    put_above(w);
    put_rrset(w, STORE_LOCAL_RECORDS, "isp.example", RRTYPE_SOA,
              "new\\032ns.example. host.example. 0 1 2 3 4", 1);
    put_rrset(w, STORE_LOCAL_RECORDS, "soa-left-over.isp.example", RRTYPE_SOA, "a. b. 0 1 2 3 4",
              1);
    put_rrset(w, STORE_LOCAL_RECORDS, "x.over.isp.example", RRTYPE_SOA, "a. b. 0 1 2 3 4", 1);
    put_ptr(w, "198.51.100.200", "local.example");
    put_ptr(w, "198.51.100.201", NULL);
    put_ptr(w, "198.51.100.7", "local.example");
    put_ptr(w, "198.51.100.8", NULL);
    put_ptr(w, "198.51.101.1", NULL);
    put_ptr(w, "203.0.113.70", "local.example");
    meta.data++;
    assert_int_equal(store_write_commit(w, &meta, &diag), 0);
    store_close(store);
}

static int setup(void **state)
{
    static struct fixture f;
    struct diag diag;
    loaded_make(&f.where);
    loaded_load(&f.where, zones, 1000);
    write_local(f.where.dir);
    assert_int_equal(engine_open(f.where.dir, &f.engine, &diag), 0);
    assert_int_equal(snapshot_init(&f.s, f.engine), 0);
    assert_int_equal(snapshot_begin(&f.s), 0);
    answer_init(&f.a);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    answer_done(&f->a);
    snapshot_end(&f->s);
    snapshot_done(&f->s);
    engine_close(f->engine);
    loaded_remove(&f->where);
    return 0;
}

static uint32_t ask(struct fixture *f, const char *name, uint16_t type)
{
    struct question q = {.name = loaded_name(name), .type = type, .zone_id = -1};
    assert_int_equal(resolve(&f->s, &q, &f->a), 0);
    return f->a.count;
}

static void test_an_answer_is_used_again_and_again(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "many.isp.example", RRTYPE_TXT), 60000);
    assert_true(f->a.rows[59999].bytes.len == 7 &&
                memcmp(f->a.rows[59999].bytes.bytes, "\"59999\"", 7) == 0);
    const struct row *rows = f->a.rows;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask(f, "5.isp.example", RRTYPE_ANY), 1);
        assert_int_equal(f->a.source, ANSWER_GENERATED);
        assert_non_null(f->a.block);
        assert_int_equal(ask(f, "elsewhere.example", RRTYPE_ANY), 0);
        assert_int_equal(f->a.source, ANSWER_NONE);
        assert_null(f->a.zone);
        assert_null(f->a.block);
        assert_int_equal(ask(f, "isp.example", RRTYPE_SOA), 1);
        assert_string_equal(f->a.zone->apex.wire, loaded_name("isp.example").wire);
    }
    assert_ptr_equal(f->a.rows, rows); /* nothing was allocated */
}

static void test_local_rows_win_at_their_name_and_type(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "a.isp.example", RRTYPE_ANY), 1);
    assert_int_equal(f->a.rows[0].type, RRTYPE_TXT);
    assert_int_equal(f->a.rows[0].ttl_s, 77);
    assert_memory_equal(f->a.rows[0].bytes.bytes, "\"local0\"", 8);
    assert_int_equal(ask(f, "a.isp.example", RRTYPE_A), 0);
    assert_int_equal(ask(f, "new.isp.example", RRTYPE_TXT), 1);
    assert_int_equal(ask(f, "gone.isp.example", RRTYPE_ANY), 0);
    assert_int_equal(ask(f, "below.isp.example", RRTYPE_ANY), 1);
    assert_int_equal(f->a.source, ANSWER_ENT);
    assert_int_equal(ask(f, "void.isp.example", RRTYPE_ANY), 0);   /* a tombstone is nothing */
    assert_int_equal(ask(f, "hidden.isp.example", RRTYPE_ANY), 0); /* and hides what it stands on */
}

static void test_local_ptrs_win_at_their_address(void **state)
{
    struct fixture *f = *state;
    struct name local = loaded_name("local.example");
    static const char *const names[] = {"200.100.51.198.in-addr.arpa", "7.100.51.198.in-addr.arpa"};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ask(f, names[i], RRTYPE_PTR), 1);
        assert_int_equal(f->a.rows[0].ttl_s, 78);
        assert_int_equal(f->a.source, ANSWER_EXPLICIT);
        assert_int_equal(f->a.rows[0].bytes.len, local.len);
        assert_memory_equal(f->a.rows[0].bytes.bytes, local.wire, local.len);
    }
    assert_int_equal(ask(f, "201.100.51.198.in-addr.arpa", RRTYPE_ANY), 0);
    assert_int_equal(ask(f, "8.100.51.198.in-addr.arpa", RRTYPE_PTR), 1); /* back to the template */
    assert_int_equal(f->a.source, ANSWER_GENERATED);
}

struct row_case {
    const char *zone, *name, *type, *rows;
};

static void check(struct snapshot *s, const struct row_case *cases, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int64_t id = cases[i].zone[0] ? (int64_t)loaded_id(s, cases[i].zone) : -1;
        const char *rows = loaded_ask(s, cases[i].name, cases[i].type, id);
        if (strcmp(rows, cases[i].rows) != 0)
            fail_msg("%s %s: `%s`, expected `%s`", cases[i].name, cases[i].type, rows,
                     cases[i].rows);
    }
}

static void test_a_cname_of_one_origin_beside_data_of_the_other(void **state)
{
    static const struct row_case cases[] = {
        {"", "both.isp.example", "ANY", "CNAME 77 local.example. local"},
        {"", "both.isp.example", "A", ""},
        {"", "alias.isp.example", "ANY", "TXT 77 \"local0\" local"},
        {"", "alias.isp.example", "CNAME", ""},
        {"", "7.isp.example", "ANY", "CNAME 77 local.example. local"}, /* no generated address */
        {"", "kept.isp.example", "ANY", "CNAME 77 source.example."},   /* a tombstone hides none */
        {"", "202" R4, "ANY", "CNAME 77 local.example. local"},
        {"", "202" R4, "PTR", ""},
        {"", "204" R4, "ANY", "PTR 78 local.example local"},
        {"", "204" R4, "CNAME", ""},
        {"", "205" R4, "ANY", "CNAME 77 source.example."},
        {"", "a.isp.example", "ANY", "TXT 77 \"local0\" local"},
        {"", "200" R4, "PTR", "PTR 78 local.example local"},
    };
    check(&((struct fixture *)*state)->s, cases, sizeof cases / sizeof *cases);
}

static void test_a_local_soa_has_its_fields_and_the_zones_serial(void **state)
{
    static const struct row_case cases[] = {
        {"", "isp.example", "SOA", "SOA 77 new\\032ns.example. host.example. 1000 1 2 3 4 local"},
        {"", "isp.example", "ANY",
         "SOA 77 new\\032ns.example. host.example. 1000 1 2 3 4 local, NS 3600 ns1.out.example."},
        {"", "child.isp.example", "SOA",
         "SOA 3600 ns1.isp.example. hostmaster.isp.example. 1000 10800 3600 604800 300"},
        /* one that no apex has is nothing */
        {"", "soa-left-over.isp.example", "ANY", ""},
        {"", "soa-left-over.isp.example", "SOA", ""},
        {"", "over.isp.example", "ANY", ""},
    };
    check(&((struct fixture *)*state)->s, cases, sizeof cases / sizeof *cases);
}

static void test_what_the_zone_above_holds_by_origin(void **state)
{
    static const struct row_case cases[] = {
        {"isp.example", "child.isp.example", "ANY", "NS 77 g.child.isp.example. auth 0 local"},
        {"isp.example", "g.child.isp.example", "ANY", "A 3600 192.0.2.3 auth 0"},
        {"isp.example", "h.child.isp.example", "ANY", ""},
        {"isp.example", "k.child.isp.example", "ANY", "AAAA 77 2001:db8::1 auth 0 local"},
        {"child.isp.example", "child.isp.example", "NS", "NS 3600 ns1.out.example."},
        /* a DS is the zone above's, whichever zone it was given to */
        {"kid.isp.example", "kid.isp.example", "ANY",
         "SOA 3600 ns1.isp.example. hostmaster.isp.example. 1000 10800 3600 604800 300, "
         "NS 3600 ns1.out.example."},
        {"isp.example", "kid.isp.example", "ANY",
         "NS 3600 ns1.out.example. auth 0, DS 77 1 13 2 " DIGEST " local"},
        {"", "less.example", "DS", ""},
        /* what came before a cut or a DNAME */
        {"", "x.dn.isp.example", "ANY", ""},
        {"", "9.8.7.10.in-addr.arpa", "ANY", "PTR 78 local.example auth 0 local"},
        {"", "8.7.10.in-addr.arpa", "ANY", "- auth 0"},
        {"", "7.7.10.in-addr.arpa", "ANY", ""},
    };
    check(&((struct fixture *)*state)->s, cases, sizeof cases / sizeof *cases);
}

/* An empty non-terminal exists iff something that is in force lies below. */
static void test_empty_non_terminals_are_exact_with_tombstones(void **state)
{
    static const struct row_case cases[] = {
        {"", "b.isp.example", "ANY", "-"},
        {"", "101.51.198.in-addr.arpa", "ANY", ""}, /* its only PTR is taken away */
        {"", "100.51.198.in-addr.arpa", "ANY", "-"},
        /* the CNAMEs into the RFC 2317 zone are taken away, and its PTRs stand in that zone */
        {"", "113.0.203.in-addr.arpa", "ANY", ""},
        {"", "70.113.0.203.in-addr.arpa", "ANY", ""},
        {"", "70.less.example", "ANY", "PTR 78 local.example local"},
        {"", "71.less.example", "ANY", "PTR 600 less-71.isp.example"},
        {"", "over.isp.example", "ANY", ""},
        {"", "void.isp.example", "ANY", ""},
    };
    check(&((struct fixture *)*state)->s, cases, sizeof cases / sizeof *cases);
}

static const char *list_of(struct fixture *f, const char *apex)
{
    static struct loaded_list l;
    struct name name = loaded_name(apex);
    l = (struct loaded_list){.at = 0};
    assert_int_equal(
        resolve_list(&f->s, &name, &f->a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_FOUND);
    return l.text;
}

static unsigned count_of(const char *text, const char *line)
{
    unsigned count = 0;
    while ((text = strstr(text, line)) != NULL) {
        text += strlen(line) - 1; /* the line's end begins the next match */
        count++;
    }
    return count;
}

static void test_a_list_has_what_is_in_force_once(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(list_of(f, "51.198.in-addr.arpa"),
                        "51.198.in-addr.arpa SOA\n51.198.in-addr.arpa NS\n"
                        "100.51.198.in-addr.arpa -\n"
                        "202" R4 " CNAME\n204" R4 " PTR\n205" R4 " CNAME\n"
                        "7" R4 " PTR\n199" R4 " PTR\n200" R4 " PTR\n203" R4 " PTR\n"
                        "103.51.198.in-addr.arpa -\n1.103.51.198.in-addr.arpa PTR\n"
                        "mail.103.51.198.in-addr.arpa A\n");
    assert_string_equal(list_of(f, "10.in-addr.arpa"),
                        "10.in-addr.arpa SOA\n10.in-addr.arpa NS\n"
                        "7.10.in-addr.arpa NS auth 0\n8.7.10.in-addr.arpa - auth 0\n"
                        "9.8.7.10.in-addr.arpa PTR auth 0\n");
    assert_string_equal(list_of(f, "0.203.in-addr.arpa"),
                        "0.203.in-addr.arpa SOA\n0.203.in-addr.arpa NS\n");
    assert_string_equal(list_of(f, "less.example"),
                        "less.example SOA\nless.example NS\n70.less.example PTR\n");
    assert_string_equal(list_of(f, "child.isp.example"),
                        "child.isp.example SOA\nchild.isp.example NS\n");
    /* many.isp.example has too many rows for a text: only the names before it are looked at */
    struct loaded_list l = {.stop_at = 27};
    struct name apex = loaded_name("isp.example");
    assert_int_equal(
        resolve_list(&f->s, &apex, &f->a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_ELIMIT);
    assert_string_equal(l.text, "isp.example SOA\nisp.example NS\n"
                                "child.isp.example NS auth 0\n"
                                "g.child.isp.example A auth 0\nk.child.isp.example AAAA auth 0\n"
                                "kid.isp.example NS auth 0\nkid.isp.example DS\n"
                                "7.isp.example CNAME\na.isp.example TXT\nalias.isp.example TXT\n"
                                "b.isp.example -\na.b.isp.example TXT\nbelow.isp.example -\n"
                                "x.below.isp.example TXT\nboth.isp.example CNAME\n"
                                "dn.isp.example DNAME\n"
                                "kept.isp.example CNAME\n"
                                "many.isp.example TXT\n"
                                "many.isp.example TXT\nmany.isp.example TXT\n"
                                "many.isp.example TXT\nmany.isp.example TXT\n"
                                "many.isp.example TXT\nmany.isp.example TXT\n"
                                "many.isp.example TXT\nmany.isp.example TXT\n"
                                "many.isp.example TXT\n");
    assert_int_equal(count_of(l.text, "\na.isp.example TXT\n"), 1);
}

/* A tombstone at the name of a derived address: listed by the last source, once. */
static int count_auto(void *ctx, const struct name *owner, const struct row *row)
{
    struct name name = loaded_name("auto.isp.example");
    assert_int_not_equal(row->source, ANSWER_GENERATED); /* 5.isp.example is a PTR's target */
    if (name_equal(owner, &name)) {
        assert_int_equal(row->source, ANSWER_DERIVED);
        ++*(unsigned *)ctx;
    }
    return 0;
}

static void test_a_derived_name_with_a_tombstone_is_listed_once(void **state)
{
    struct fixture *f = *state;
    struct name apex = loaded_name("isp.example");
    unsigned count = 0;
    assert_int_equal(
        resolve_list(&f->s, &apex, &f->a, &(struct list_sink){.emit = count_auto, .ctx = &count}),
        PTRD_FOUND);
    assert_int_equal(count, 1);
}

/* --- resolve_explicit and resolve_derives ----------------------------------------------------- */

static uint32_t explicit(struct fixture *f, enum explicit_table table, const char *owner,
                         uint16_t type)
{
    struct name name = loaded_name(owner);
    f->a.count = 0;
    assert_int_equal(resolve_explicit(&f->s, table, &name, type, &f->a), 0);
    return f->a.count;
}

static void test_one_explicit_rrset(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "a.isp.example", RRTYPE_TXT), 1);
    assert_true(f->a.rows[0].local && f->a.rows[0].ttl_s == 77);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "a.isp.example", RRTYPE_A), 0);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "a.b.isp.example", RRTYPE_TXT), 1);
    assert_false(f->a.rows[0].local);
    /* what is hidden beside a CNAME is shown: to edit it */
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "both.isp.example", RRTYPE_A), 1);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "many.isp.example", RRTYPE_TXT), 60000);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "8.isp.example", RRTYPE_A), 0); /* generated */
    /* PTRs of addresses, by their home */
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "200" R4, RRTYPE_PTR), 1);
    assert_true(f->a.rows[0].local && f->a.rows[0].kind == ROW_NAME);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "203" R4, RRTYPE_PTR), 1);
    assert_false(f->a.rows[0].local);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "201" R4, RRTYPE_PTR), 0);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "8" R4, RRTYPE_PTR), 0);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "70.less.example", RRTYPE_PTR), 1);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "70.113.0.203.in-addr.arpa", RRTYPE_PTR), 0);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "isp.example", RRTYPE_SOA), 1);
    assert_true(f->a.rows[0].local);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "soa-left-over.isp.example", RRTYPE_SOA), 0);
    assert_int_equal(explicit(f, EXPLICIT_ABOVE, "child.isp.example", RRTYPE_NS), 1);
    assert_true(f->a.rows[0].local);
    assert_int_equal(explicit(f, EXPLICIT_ABOVE, "child.isp.example", RRTYPE_DS), 0);
    assert_int_equal(explicit(f, EXPLICIT_ABOVE, "g.child.isp.example", RRTYPE_A), 1);
    assert_int_equal(explicit(f, EXPLICIT_RECORDS, "g.child.isp.example", RRTYPE_A), 0);
}

static void test_which_ptrs_derive(void **state)
{
    static const struct {
        const char *target;
        enum ptr_forward forward;
        bool derives;
    } cases[] = {
        {"x.isp.example", FORWARD_UNSAID, true},        {"x.isp.example", FORWARD_AUTO, true},
        {"x.isp.example", FORWARD_NONE, false},         {"x.isp.example", FORWARD_EXTERNAL, false},
        {"x.child.isp.example", FORWARD_UNSAID, false}, /* no forward_auto */
        {"x.child.isp.example", FORWARD_AUTO, true},    {"isp.example", FORWARD_AUTO, false},
        {"_x.isp.example", FORWARD_AUTO, false},        {"*.isp.example", FORWARD_AUTO, false},
        {"x.other.example", FORWARD_AUTO, false},
    };
    struct fixture *f = *state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct name target = loaded_name(cases[i].target);
        if ((resolve_derives(f->s.table, cases[i].forward, &target) != NULL) != cases[i].derives)
            fail_msg("%s %d", cases[i].target, cases[i].forward);
    }
}

static void test_done_may_be_repeated(void **state)
{
    struct answer a;
    (void)state;
    answer_init(&a);
    answer_done(&a);
    answer_done(&a);
    assert_null(a.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_is_used_again_and_again),
        cmocka_unit_test(test_local_rows_win_at_their_name_and_type),
        cmocka_unit_test(test_local_ptrs_win_at_their_address),
        cmocka_unit_test(test_a_cname_of_one_origin_beside_data_of_the_other),
        cmocka_unit_test(test_a_local_soa_has_its_fields_and_the_zones_serial),
        cmocka_unit_test(test_what_the_zone_above_holds_by_origin),
        cmocka_unit_test(test_empty_non_terminals_are_exact_with_tombstones),
        cmocka_unit_test(test_a_list_has_what_is_in_force_once),
        cmocka_unit_test(test_a_derived_name_with_a_tombstone_is_listed_once),
        cmocka_unit_test(test_one_explicit_rrset),
        cmocka_unit_test(test_which_ptrs_derive),
        cmocka_unit_test(test_done_may_be_repeated),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
