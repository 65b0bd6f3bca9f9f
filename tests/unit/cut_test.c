/* resolve.h at cuts and DNAMEs: delegations, zones of ours seen from the zone above, RFC 2317, and
 * lists of all of them. What stands in the records of the zone above (glue, DS) and in those of the
 * zone itself is told apart by the id that is asked with. */
#include "support/loaded.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DS "12345 13 2 " DIGEST

static const char zones[] =
    "zones:\n"
    "  - name: isp.example\n"
    "    forward_auto: yes\n"
    "    records:\n"
    "      - {name: cut, type: NS, content: [ns.cut.isp.example, ns.in.cut.isp.example]}\n"
    "      - {name: cut, type: DS, content: '" DS "'}\n"
    "      - {name: cut, type: TXT, content: '\"hidden\"'}\n"
    "      - {name: ns.cut, type: A, content: 192.0.2.1}\n"
    "      - {name: x.y.cut, type: TXT, content: '\"deep\"'}\n"
    "      - {name: sub.cut, type: NS, content: ns1.out.example}\n"
    "      - {name: sub.cut, type: DS, content: '" DS "'}\n"
    "      - {name: a.ent-above, type: NS, content: ns1.out.example}\n"
    "      - {name: dn, type: DNAME, content: other.example}\n"
    "      - {name: dn, type: TXT, content: '\"beside\"'}\n"
    "      - {name: child, type: DS, content: '" DS "'}\n"
    "      - {name: held.child, type: A, content: 192.0.2.77}\n"
    "      - {name: extra.child, type: A, content: 192.0.2.78}\n"
    "      - {name: other, type: NS, content: [ns.other.isp.example, ns9.out.example]}\n"
    "      - {name: host, type: A, content: 192.0.2.5}\n"
    "  - name: child.isp.example\n"
    "    ns: [ns.child.isp.example, held.child.isp.example, g-198-51-100-1.child.isp.example,\n"
    "         auto.child.isp.example, alias.child.isp.example, child.isp.example,\n"
    "         ns.deep.child.isp.example]\n"
    "    forward_auto: yes\n"
    "    records:\n"
    "      - {name: '@', type: A, content: 192.0.2.9}\n"
    "      - {name: ns, type: A, content: 192.0.2.2}\n"
    "      - {name: ns, type: AAAA, content: '2001:db8::2'}\n"
    "      - {name: ns, type: TXT, content: '\"no glue\"'}\n"
    "      - {name: held, type: A, content: 192.0.2.3}\n"
    "      - {name: held, type: AAAA, content: '2001:db8::3'}\n"
    "      - {name: www, type: A, content: 192.0.2.4}\n"
    "      - {name: alias, type: CNAME, content: ns.child.isp.example}\n"
    "  - name: deep.child.isp.example\n"
    "    records:\n"
    "      - {name: ns, type: A, content: 192.0.2.6}\n"
    "  - name: other.isp.example\n"
    "    records:\n"
    "      - {name: ns, type: A, content: 192.0.2.7}\n"
    "  - name: in.cut.isp.example\n"
    "    records:\n"
    "      - {name: ns, type: A, content: 192.0.2.8}\n"
    "  - name: far.mid.cut.isp.example\n"
    "  - name: leaf.example\n"
    "    records:\n"
    "      - {name: cut, type: NS, content: ns1.out.example}\n"
    "  - name: far.away.isp.example\n"
    "  - name: z.dn.isp.example\n"
    "  - prefix: 198.51.100.0/24\n"
    "blocks:\n"
    "  - {prefix: 198.51.100.0/24, name: 'g-{ip}.child.isp.example', ttl: 600}\n"
    "ptrs:\n"
    "  198.51.100.7: {names: [auto.child.isp.example], ttl: 300}\n"
    "  198.51.100.8: derived.cut.isp.example\n"
    "  198.51.100.9: derived.dn.isp.example\n"
    "  198.51.100.10: host.isp.example\n";

static const char reverse_zones[] =
    "zones:\n"
    "  - name: isp.example\n"
    "  - name: cust.example\n"
    "  - {prefix: 203.0.0.0/16}\n"
    "  - {prefix: 203.0.113.64/26, zone: '64/26'}\n"
    "  - {prefix: 203.0.200.0/25, zone: low.cust.example}\n"
    "  - {prefix: 203.0.200.128/25, zone: high.cust.example}\n"
    "  - {prefix: 192.0.2.16/28, zone: alone.cust.example}\n"
    "  - prefix: 2001:db8::/32\n"
    "blocks:\n"
    "  - {prefix: 203.0.113.0/24, name: 'b-{ip}.isp.example', ttl: 600}\n"
    "  - {prefix: 203.0.200.0/24, name: 'c-{ip}.isp.example', ttl: 600}\n"
    "  - {prefix: 203.0.150.0/24, name: 'd-{ip}.isp.example', ttl: 600}\n"
    "  - {prefix: 2001:db8::/32, name: '{ip}.isp.example'}\n"
    "delegations:\n"
    "  - {prefix: 203.0.113.128/26, ns: [ns1.customer.example], style: '128/26'}\n"
    "  - {prefix: 203.0.113.192/30, ns: [ns1.customer.example]}\n"
    "  - {prefix: 203.0.150.0/24, ns: [ns1.customer.example]}\n"
    "  - {prefix: '2001:db8:1::/48', ns: [ns1.customer.example], ds: ['" DS "']}\n"
    "  - {prefix: '2001:db8:8000::/33', ns: [ns1.customer.example]}\n"
    "ptrs:\n"
    "  203.0.113.65: mail.elsewhere.example\n"
    "  203.0.113.5: five.elsewhere.example\n"
    "  192.0.2.17: seventeen.elsewhere.example\n";

struct fixture {
    struct loaded where;
    struct engine *engine;
    struct snapshot s;
};

static void open_fixture(struct fixture *f, const char *text)
{
    struct diag diag = {.file = NULL};
    loaded_make(&f->where);
    loaded_load(&f->where, text, 1000);
    assert_int_equal(engine_open(f->where.dir, &f->engine, &diag), 0);
    assert_int_equal(snapshot_init(&f->s, f->engine), 0);
    assert_int_equal(snapshot_begin(&f->s), 0);
}

static void close_fixture(struct fixture *f)
{
    snapshot_end(&f->s);
    snapshot_done(&f->s);
    engine_close(f->engine);
    loaded_remove(&f->where);
}

struct row_case {
    const char *zone; /* whose id is sent; "" for -1 */
    const char *name, *type, *rows;
};

static void check(struct snapshot *s, const struct row_case *cases, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int64_t id = cases[i].zone[0] ? (int64_t)loaded_id(s, cases[i].zone) : -1;
        const char *rows = loaded_ask(s, cases[i].name, cases[i].type, id);
        if (strcmp(rows, cases[i].rows) != 0)
            fail_msg("%s %s of %s: `%s`, expected `%s`", cases[i].name, cases[i].type,
                     cases[i].zone, rows, cases[i].rows);
    }
}
#define CHECK(s, cases) check(s, cases, sizeof(cases) / sizeof *(cases))

static void check_list(struct snapshot *s, const char *apex, const char *expected)
{
    struct loaded_list l = {.at = 0};
    struct name name = loaded_name(apex);
    struct answer a;
    answer_init(&a);
    assert_int_equal(
        resolve_list(s, &name, &a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_FOUND);
    assert_string_equal(l.text, expected);
    answer_done(&a);
}

#define ISP "isp.example"
#define CUT_NS "NS 3600 ns.cut.isp.example. auth 0, NS 3600 ns.in.cut.isp.example. auth 0"

static void test_at_and_below_a_cut_of_the_zone_itself(void **state)
{
    struct fixture *f = *state;
    static const struct row_case cases[] = {
        {"", "cut.isp.example", "ANY", CUT_NS ", TXT 3600 \"hidden\" auth 0, DS 3600 " DS},
        {ISP, "cut.isp.example", "NS", CUT_NS},
        {ISP, "cut.isp.example", "DS", "DS 3600 " DS},
        {ISP, "cut.isp.example", "TXT", "TXT 3600 \"hidden\" auth 0"},
        {ISP, "cut.isp.example", "SOA", ""},
        {ISP, "ns.cut.isp.example", "A", "A 3600 192.0.2.1 auth 0"},
        {"", "ns.cut.isp.example", "ANY", "A 3600 192.0.2.1 auth 0"},
        {"", "y.cut.isp.example", "ANY", "- auth 0"}, /* something explicit lies below */
        {"", "y.cut.isp.example", "TXT", ""},
        {"", "x.y.cut.isp.example", "ANY", "TXT 3600 \"deep\" auth 0"},
        {"", "nothing.cut.isp.example", "ANY", ""},
        {"", "mid.cut.isp.example", "ANY", ""}, /* a zone of ours below a cut is not the zone's */
        {"leaf.example", "cut.leaf.example", "ANY", "NS 3600 ns1.out.example. auth 0"},
        {"leaf.example", "x.cut.leaf.example", "ANY", ""},
        {"", "derived.cut.isp.example", "ANY", ""}, /* nothing is derived below a cut */
        /* the topmost cut rules: DS is authoritative at it alone */
        {"", "sub.cut.isp.example", "ANY",
         "NS 3600 ns1.out.example. auth 0, DS 3600 " DS " auth 0"},
        {"", "ent-above.isp.example", "ANY", "-"},
        {"", "a.ent-above.isp.example", "ANY", "NS 3600 ns1.out.example. auth 0"},
        {"", "host.isp.example", "ANY", "A 3600 192.0.2.5"},
    };
    CHECK(&f->s, cases);
}

static void test_below_a_dname_nothing_exists(void **state)
{
    struct fixture *f = *state;
    static const struct row_case cases[] = {
        {"", "dn.isp.example", "ANY", "TXT 3600 \"beside\", DNAME 3600 other.example."},
        {"", "x.dn.isp.example", "ANY", ""},
        {ISP, "x.dn.isp.example", "DNAME", ""},
        {"", "derived.dn.isp.example", "ANY", ""},
        /* a zone of ours below it: hidden in the zone above, itself as ever */
        {ISP, "z.dn.isp.example", "ANY", ""},
        {"", "z.dn.isp.example", "NS", "NS 3600 ns1.out.example."},
    };
    CHECK(&f->s, cases);
}

#define CHILD "child.isp.example"
#define CHILD_NS(auth)                                                                             \
    "NS 3600 alias.child.isp.example." auth ", NS 3600 auto.child.isp.example." auth               \
    ", NS 3600 child.isp.example." auth ", NS 3600 g-198-51-100-1.child.isp.example." auth         \
    ", NS 3600 held.child.isp.example." auth ", NS 3600 ns.child.isp.example." auth                \
    ", NS 3600 ns.deep.child.isp.example." auth

static void test_the_apex_of_a_zone_from_above_and_from_within(void **state)
{
    struct fixture *f = *state;
    static const struct row_case cases[] = {
        {ISP, CHILD, "ANY", CHILD_NS(" auth 0") ", DS 3600 " DS ", A 3600 192.0.2.9 auth 0"},
        {ISP, CHILD, "NS", CHILD_NS(" auth 0")},
        {ISP, CHILD, "DS", "DS 3600 " DS},
        {ISP, CHILD, "A", "A 3600 192.0.2.9 auth 0"},
        {ISP, CHILD, "SOA", ""},
        {CHILD, CHILD, "NS", CHILD_NS("")},
        {CHILD, CHILD, "A", "A 3600 192.0.2.9"},
        {CHILD, CHILD, "DS", ""}, /* it belongs to the zone above */
        {"", CHILD, "DS", ""},
        /* the NS set of the zone above replaces ours there */
        {ISP, "other.isp.example", "NS",
         "NS 3600 ns.other.isp.example. auth 0, NS 3600 ns9.out.example. auth 0"},
        {"", "other.isp.example", "NS", "NS 3600 ns1.out.example."},
        {"", "away.isp.example", "ANY", "-"}, /* names of the zone above */
        {ISP, "far.away.isp.example", "ANY", "NS 3600 ns1.out.example. auth 0"},
        /* two zones up: only what lies below the first cut on the way */
        {ISP, "deep.child.isp.example", "NS", ""},
        {CHILD, "deep.child.isp.example", "NS", "NS 3600 ns1.out.example. auth 0"},
    };
    CHECK(&f->s, cases);
}

static void test_glue_below_the_apex_of_a_zone(void **state)
{
    struct fixture *f = *state;
    static const struct row_case cases[] = {
        {ISP, "ns.child.isp.example", "ANY",
         "A 3600 192.0.2.2 auth 0, AAAA 3600 2001:db8::2 auth 0"},
        {ISP, "ns.child.isp.example", "AAAA", "AAAA 3600 2001:db8::2 auth 0"},
        {ISP, "ns.child.isp.example", "TXT", ""},
        {"", "ns.child.isp.example", "A", "A 3600 192.0.2.2"},
        /* the zone above holds an address itself: for its type */
        {ISP, "held.child.isp.example", "ANY",
         "A 3600 192.0.2.77 auth 0, AAAA 3600 2001:db8::3 auth 0"},
        {CHILD, "held.child.isp.example", "A", "A 3600 192.0.2.3"},
        {ISP, "extra.child.isp.example", "ANY", "A 3600 192.0.2.78 auth 0"},
        {CHILD, "extra.child.isp.example", "ANY", ""},
        {ISP, "g-198-51-100-1.child.isp.example", "ANY", "A 600 198.51.100.1 auth 0"},
        {ISP, "g-198-51-100-2.child.isp.example", "ANY", ""}, /* no name server */
        {ISP, "auto.child.isp.example", "ANY", "A 300 198.51.100.7 auth 0"},
        {ISP, "alias.child.isp.example", "ANY", ""}, /* a CNAME is no glue */
        {ISP, "www.child.isp.example", "ANY", ""},
        {ISP, "ns.deep.child.isp.example", "ANY", "A 3600 192.0.2.6 auth 0"},
        {CHILD, "ns.deep.child.isp.example", "ANY", ""}, /* not of deep's cut */
        {ISP, "ns.other.isp.example", "ANY", "A 3600 192.0.2.7 auth 0"},
        /* a cut of the zone above stands between: its glue, nothing else */
        {ISP, "ns.in.cut.isp.example", "ANY", "A 3600 192.0.2.8 auth 0"},
        {ISP, "in.cut.isp.example", "ANY", ""},
        {"", "in.cut.isp.example", "NS", "NS 3600 ns1.out.example."},
    };
    CHECK(&f->s, cases);
}

static void test_rule_and_cut_are_told(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *zone, *name;
        enum place_rule rule;
        const char *cut;
        enum answer_source source;
    } cases[] = {
        {"", "host.isp.example", PLACE_FREE, NULL, ANSWER_EXPLICIT},
        {"", "dn.isp.example", PLACE_FREE, NULL, ANSWER_EXPLICIT},
        {"", "cut.isp.example", PLACE_AT_CUT, "cut.isp.example", ANSWER_DELEGATED},
        {"", "sub.cut.isp.example", PLACE_BELOW_CUT, "cut.isp.example", ANSWER_DELEGATED},
        {"", "no.cut.isp.example", PLACE_BELOW_CUT, "cut.isp.example", ANSWER_DELEGATED},
        {"", "x.dn.isp.example", PLACE_BELOW_DNAME, "dn.isp.example", ANSWER_DELEGATED},
        {"", CHILD, PLACE_FREE, NULL, ANSWER_EXPLICIT},
        {ISP, CHILD, PLACE_AT_CUT, CHILD, ANSWER_DELEGATED},
        {ISP, "ns.child.isp.example", PLACE_BELOW_CUT, CHILD, ANSWER_DELEGATED},
        {ISP, "g-198-51-100-1.child.isp.example", PLACE_BELOW_CUT, CHILD, ANSWER_DELEGATED},
        {ISP, "z.dn.isp.example", PLACE_BELOW_DNAME, "dn.isp.example", ANSWER_DELEGATED},
        {ISP, "in.cut.isp.example", PLACE_BELOW_CUT, "cut.isp.example", ANSWER_DELEGATED},
    };
    struct answer a;
    answer_init(&a); /* one for all: nothing is left over */
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct question q = {.name = loaded_name(cases[i].name),
                             .type = RRTYPE_ANY,
                             .zone_id =
                                 cases[i].zone[0] ? (int64_t)loaded_id(&f->s, cases[i].zone) : -1};
        char cut[NAME_TEXT_SIZE] = "";
        assert_int_equal(resolve(&f->s, &q, &a), 0);
        if (a.cut.len)
            name_print(&a.cut, cut);
        if (a.rule != cases[i].rule || a.source != cases[i].source ||
            strcmp(cut, cases[i].cut ? cases[i].cut : "") != 0 ||
            (cases[i].zone[0] && q.zone_id != a.zone->id))
            fail_msg("%s: rule %d, cut `%s`, source %d", cases[i].name, a.rule, cut, a.source);
    }
    answer_done(&a);
}

static void test_a_list_has_cuts_and_glue_once(void **state)
{
    struct fixture *f = *state;
    check_list(&f->s, ISP,
               "isp.example SOA\n"
               "isp.example NS\n"
               "far.away.isp.example NS auth 0\n"
               "child.isp.example NS auth 0\n"
               "child.isp.example NS auth 0\n"
               "child.isp.example NS auth 0\n"
               "child.isp.example NS auth 0\n"
               "child.isp.example NS auth 0\n"
               "child.isp.example NS auth 0\n"
               "child.isp.example NS auth 0\n"
               "child.isp.example DS\n"
               "child.isp.example A auth 0\n"
               "auto.child.isp.example A auth 0\n"
               "ns.deep.child.isp.example A auth 0\n"
               "extra.child.isp.example A auth 0\n"
               "g-198-51-100-1.child.isp.example A auth 0\n"
               "held.child.isp.example A auth 0\n"
               "held.child.isp.example AAAA auth 0\n"
               "ns.child.isp.example A auth 0\n"
               "ns.child.isp.example AAAA auth 0\n"
               "cut.isp.example NS auth 0\n"
               "cut.isp.example NS auth 0\n"
               "cut.isp.example TXT auth 0\n"
               "cut.isp.example DS\n"
               "ns.in.cut.isp.example A auth 0\n"
               "ns.cut.isp.example A auth 0\n"
               "sub.cut.isp.example NS auth 0\n"
               "sub.cut.isp.example DS auth 0\n"
               "x.y.cut.isp.example TXT auth 0\n"
               "a.ent-above.isp.example NS auth 0\n"
               "other.isp.example NS auth 0\n"
               "other.isp.example NS auth 0\n"
               "ns.other.isp.example A auth 0\n"
               "away.isp.example -\n"
               "y.cut.isp.example - auth 0\n"
               "dn.isp.example TXT\n"
               "dn.isp.example DNAME\n"
               "ent-above.isp.example -\n"
               "host.isp.example A\n");
    check_list(&f->s, "in.cut.isp.example",
               "in.cut.isp.example SOA\nin.cut.isp.example NS\nns.in.cut.isp.example A\n");
}

/* --- RFC 2317 and reverse delegations --------------------------------------------------------- */

#define Z113 "113.0.203.in-addr.arpa"
#define Z16 "0.203.in-addr.arpa"
#define V6 ".8.b.d.0.1.0.0.2.ip6.arpa"

static void test_we_are_the_rfc_2317_child(void **state)
{
    struct fixture *f = *state;
    static const struct row_case cases[] = {
        {"", "66.64/26." Z113, "ANY", "PTR 600 b-203-0-113-66.isp.example"},
        {"", "65.64/26." Z113, "ANY", "PTR 3600 mail.elsewhere.example"},
        {"", "63.64/26." Z113, "ANY", ""}, /* not in the prefix */
        {"", "128.64/26." Z113, "ANY", ""},
        {"", "066.64/26." Z113, "ANY", ""},
        {"", "x.66.64/26." Z113, "ANY", ""},
        {"", "66." Z113, "ANY", "CNAME 3600 66.64/26.113.0.203.in-addr.arpa."},
        {"", "65." Z113, "PTR", ""}, /* the PTR is not here */
        {"", "5." Z113, "ANY", "PTR 3600 five.elsewhere.example"},
        {"", "6." Z113, "ANY", "PTR 600 b-203-0-113-6.isp.example"},
        {"", "b-203-0-113-66.isp.example", "A", "A 600 203.0.113.66"},
        {Z16, "64/26." Z113, "ANY", "NS 3600 ns1.out.example. auth 0"},
        {Z16, "66.64/26." Z113, "ANY", ""},
        /* outside in-addr.arpa, without a zone above that is ours */
        {"", "17.alone.cust.example", "ANY", "PTR 3600 seventeen.elsewhere.example"},
        {"", "16.alone.cust.example", "ANY", ""},
        {"", "17.2.0.192.in-addr.arpa", "ANY", ""},
        {"", "7.low.cust.example", "PTR", "PTR 600 c-203-0-200-7.isp.example"},
        {"", "200.high.cust.example", "PTR", "PTR 600 c-203-0-200-200.isp.example"},
        {"", "200.low.cust.example", "ANY", ""},
        {"", "200.203.in-addr.arpa", "ANY", ""},
        {"", "200.0.203.in-addr.arpa", "ANY", "-"}, /* its CNAMEs */
        {"", "7.200.0.203.in-addr.arpa", "ANY", "CNAME 3600 7.low.cust.example."},
    };
    CHECK(&f->s, cases);
}

static void test_delegated_addresses_generate_nothing(void **state)
{
    struct fixture *f = *state;
    static const struct row_case cases[] = {
        {"", "128/26." Z113, "ANY", "NS 3600 ns1.customer.example. auth 0"},
        {"", "130." Z113, "ANY", "CNAME 3600 130.128/26.113.0.203.in-addr.arpa."},
        {"", "130.128/26." Z113, "ANY", ""},
        {"", "b-203-0-113-130.isp.example", "ANY", ""},
        {"", "193." Z113, "ANY", "NS 3600 ns1.customer.example. auth 0"},
        {"", "193." Z113, "PTR", ""},
        {"", "x.193." Z113, "ANY", ""},
        {"", "196." Z113, "PTR", "PTR 600 b-203-0-113-196.isp.example"},
        {"", "b-203-0-113-193.isp.example", "ANY", ""},
        {"", "150.0.203.in-addr.arpa", "ANY", "NS 3600 ns1.customer.example. auth 0"},
        {"", "1.150.0.203.in-addr.arpa", "ANY", ""},
        {"", "1.0.0.0" V6, "ANY", "NS 3600 ns1.customer.example. auth 0, DS 3600 " DS},
        {"", "0.1.0.0.0" V6, "ANY", ""}, /* no ENT below a cut without anything explicit */
        {"", "0.0.0" V6, "ANY", "-"},
        {"", "2.0.0.0" V6, "ANY", "-"},
        {"", "7" V6, "ANY", "-"},
        {"", "8" V6, "ANY", "NS 3600 ns1.customer.example. auth 0"}, /* off the boundary */
        {"", "f" V6, "ANY", "NS 3600 ns1.customer.example. auth 0"},
        {"", "0.8" V6, "ANY", ""},
    };
    CHECK(&f->s, cases);
}

static void test_lists_of_reverse_zones(void **state)
{
    struct fixture *f = *state;
    struct loaded_list l = {.at = 0};
    struct name apex = loaded_name(Z16);
    struct answer a;
    check_list(&f->s, "64/26." Z113,
               "64/26.113.0.203.in-addr.arpa SOA\n64/26.113.0.203.in-addr.arpa NS\n"
               "65.64/26.113.0.203.in-addr.arpa PTR\n");
    check_list(&f->s, "alone.cust.example",
               "alone.cust.example SOA\nalone.cust.example NS\n17.alone.cust.example PTR\n");
    check_list(&f->s, "low.cust.example", "low.cust.example SOA\nlow.cust.example NS\n");
    answer_init(&a);
    assert_int_equal(
        resolve_list(&f->s, &apex, &a, &(struct list_sink){.emit = loaded_list_row, .ctx = &l}),
        PTRD_FOUND);
    assert_int_equal(l.rows, 2 + 256 + 64 + 64 + 4 + 1 + 1 + 1 + 2 + 1);
    assert_non_null(strstr(l.text, "\n5." Z113 " PTR\n"));
    assert_null(strstr(l.text, "\n65." Z113 " PTR\n"));
    assert_non_null(strstr(l.text, "\n65." Z113 " CNAME\n"));
    assert_non_null(strstr(l.text, "\n64/26." Z113 " NS auth 0\n"));
    assert_non_null(strstr(l.text, "\n" Z113 " -\n"));
    assert_non_null(strstr(l.text, "\n200.0.203.in-addr.arpa -\n"));
    assert_null(strstr(l.text, "alone"));
    answer_done(&a);
}

static int setup_forward(void **state)
{
    static struct fixture f;
    open_fixture(&f, zones);
    *state = &f;
    return 0;
}

static int setup_reverse(void **state)
{
    static struct fixture f;
    open_fixture(&f, reverse_zones);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    close_fixture(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest forward[] = {
        cmocka_unit_test(test_at_and_below_a_cut_of_the_zone_itself),
        cmocka_unit_test(test_below_a_dname_nothing_exists),
        cmocka_unit_test(test_the_apex_of_a_zone_from_above_and_from_within),
        cmocka_unit_test(test_glue_below_the_apex_of_a_zone),
        cmocka_unit_test(test_rule_and_cut_are_told),
        cmocka_unit_test(test_a_list_has_cuts_and_glue_once),
    };
    const struct CMUnitTest reverse[] = {
        cmocka_unit_test(test_we_are_the_rfc_2317_child),
        cmocka_unit_test(test_delegated_addresses_generate_nothing),
        cmocka_unit_test(test_lists_of_reverse_zones),
    };
    int failed = cmocka_run_group_tests(forward, setup_forward, teardown);
    return failed + cmocka_run_group_tests(reverse, setup_reverse, teardown);
}
