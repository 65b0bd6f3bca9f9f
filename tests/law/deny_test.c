/* NSEC records (deny.h) against a naive chain: all names that were ever written, the generated and
 * the derived ones, sorted. While zones are edited at random, names with any octets included, each
 * record that is given for a name
 *  - has owner <= name < next, both in the zone, the owner at or above no cut;
 *  - covers no name that has records, and no empty non-terminal as absent;
 *  - in a zone with a chain: is the very pair of neighbours in it;
 *  - in the others: matches a name that has records and says nothing of those below it; of an
 * absent one covers the next closer name and names the closest encloser. */
#include "ptrd/resolve/deny.h"
#include "support/edited.h"
#include "support/law.h"

/* An apex of 178 octets: names of 255, and labels of 63, are near. */
#define L60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
#define LONG_APEX L60 "." L60 ".long-long-long-long-long-long-long-long.example"

static const char zones[] = "zones:\n"
                            "  - name: isp.example\n"
                            "    records:\n"
                            "      - {name: www, type: A, content: 192.0.2.1}\n"
                            "      - {name: a.b.c.ent, type: TXT, content: '\"deep\"'}\n"
                            "      - {name: '*.wild', type: TXT, content: '\"any\"'}\n"
                            "      - {name: cut, type: NS, content: ns.cut.isp.example}\n"
                            "      - {name: ns.cut, type: A, content: 192.0.2.9}\n"
                            "      - {name: d, type: DNAME, content: elsewhere.example}\n"
                            "      - {name: dd, type: TXT, content: '\"deleted\"'}\n"
                            "      - {name: x.dd, type: TXT, content: '\"below\"'}\n"
                            "      - {name: 'w\\255', type: TXT, content: '\"255\"'}\n"
                            "      - {name: 'x.w\\255', type: TXT, content: '\"255\"'}\n"
                            "      - {name: '\\000', type: TXT, content: '\"0\"'}\n"
                            "  - name: sub.isp.example\n"
                            "  - name: x.y.isp.example\n"
                            "  - name: dyn.isp.example\n"
                            "    records:\n"
                            "      - {name: 'g2\\255', type: TXT, content: '\"255\"'}\n"
                            "      - {name: 'z.g2\\255', type: TXT, content: '\"255\"'}\n"
                            "      - {name: 'a.\\000.ent', type: TXT, content: '\"0\"'}\n"
                            "  - {name: auto.example, forward_auto: yes}\n"
                            "  - name: derived.example\n"
                            "  - name: " LONG_APEX "\n"
                            "  - {name: auto." LONG_APEX ", forward_auto: yes}\n"
                            "  - {prefix: 198.51.100.0/24}\n"
                            "  - {prefix: 198.51.100.192/28, zone: '192/28'}\n"
                            "  - {prefix: 203.0.113.0/24}\n"
                            "  - {prefix: 203.0.113.64/26, zone: '64/26'}\n"
                            "  - {prefix: 10.0.0.0/16}\n"
                            "  - {prefix: 10.0.5.0/24}\n"
                            "  - {prefix: '2001:db8::/32'}\n"
                            "  - {prefix: '2001:db8:5::/48'}\n"
                            "  - {prefix: '2001:db9::/32'}\n"
                            "blocks:\n"
                            "  - {prefix: 198.51.100.0/27, name: 'g{4}.dyn.isp.example'}\n"
                            "  - {prefix: 198.51.100.16/29, name: none}\n"
                            "  - {prefix: 198.51.100.192/29, name: 'c{4}.dyn.isp.example'}\n"
                            "  - {prefix: '2001:db9::/124', name: '{n32}.m.dyn.isp.example'}\n"
                            "ptrs:\n"
                            "  203.0.113.7: {names: [a.derived.example], forward: auto}\n"
                            "  203.0.113.70: {names: [x.isp.example]}\n"
                            "  198.51.100.7: {names: [b.auto.example]}\n";

static const char *const apexes[] = {
    "isp.example",
    "sub.isp.example",
    "x.y.isp.example",
    "dyn.isp.example",
    "auto.example",
    "derived.example",
    LONG_APEX,
    "auto." LONG_APEX,
    "100.51.198.in-addr.arpa",
    "192/28.100.51.198.in-addr.arpa",
    "113.0.203.in-addr.arpa",
    "64/26.113.0.203.in-addr.arpa",
    "0.10.in-addr.arpa",
    "5.0.10.in-addr.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa",
    "5.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
    "9.b.d.0.1.0.0.2.ip6.arpa",
};
#define ZONES (sizeof apexes / sizeof *apexes)

static struct edited t;

/* --- names ------------------------------------------------------------------------------------ */

#define NAMES_MAX 8000
static struct name names[NAMES_MAX];
static unsigned name_count;

static void add_name(const struct name *name)
{
    assert_true(name_count < NAMES_MAX);
    names[name_count++] = *name;
}

static void add_text(const char *text)
{
    struct name name = edited_name(text);
    add_name(&name);
}

static unsigned put_label(uint8_t *wire, unsigned room)
{
    static const char *const some[] = {
        "a",  "w",   "x",  "*", "ent", "g2",  "w\xff", "w\xfe", "v\xff",    "0", "1",
        "10", "100", "11", "2", "25",  "255", "256",   "01",    "5",        "7", "64/26",
        "70", "f",   "e",  "@", "[",   "`",   "{",     "\xff",  "\xff\xff", "-"};
    unsigned len = 0;
    switch (law_below(4)) {
    case 0: {
        struct name any = law_any_name(1);
        len = any.wire[0];
        memcpy(wire + 1, any.wire + 1, len);
        break;
    }
    case 1: /* long ones that differ at their end */
        len = LABEL_MAX - (law_below(3) == 0);
        memset(wire + 1, law_below(8) ? 'm' : 0xff, len);
        for (unsigned i = len - law_below(3); i < len; i++)
            wire[1 + i] = (uint8_t) "\x00\x01\x40\x5b\x61\xfe\xff\xff"[law_below(8)];
        break;
    default: {
        const char *text = some[law_below(sizeof some / sizeof *some)];
        len = (unsigned)strlen(text);
        memcpy(wire + 1, text, len);
        if (law_below(6) == 0)
            wire[1 + len++] = (uint8_t) "\x00\x01\xfe\xff"[law_below(4)];
    }
    }
    if (len + 1 > room)
        len = room > 1 ? room - 1 : 0;
    if (len)
        wire[0] = (uint8_t)len;
    return len ? len + 1 : 0;
}

/* Labels in front of a name, sometimes as many octets as there is room for. */
static struct name below(const struct name *above)
{
    struct name out = *above;
    for (unsigned labels = 1 + law_below(law_below(4) ? 2 : 6); labels > 0; labels--) {
        struct name longer;
        unsigned at = put_label(longer.wire, NAME_WIRE_MAX - out.len);
        if (at == 0)
            break;
        memcpy(longer.wire + at, out.wire, out.len);
        longer.len = (uint8_t)(at + out.len);
        out = longer;
    }
    return out;
}

/* Another last octet of the first label, or one more, or one less. */
static struct name beside(const struct name *name)
{
    static const uint8_t octets[] = {0, 1, 0x40, 0x5b, 0xfe, 0xff};
    struct name out = *name, above;
    unsigned len = name->wire[0];
    if (len == 0)
        return out;
    name_strip(name, 1, &above);
    switch (law_below(5)) {
    case 0:
        out.wire[len] = octets[law_below(sizeof octets)];
        return out;
    case 1: {
        uint8_t c = (uint8_t)(out.wire[len] + (law_below(2) ? 1 : -1));
        out.wire[len] = c >= 'A' && c <= 'Z' ? 0x40 : c;
        return out;
    }
    case 2:
        len -= len > 1;
        break;
    default:
        if (len == LABEL_MAX || name->len == NAME_WIRE_MAX)
            return out;
        out.wire[++len] = octets[law_below(sizeof octets)];
        break;
    }
    out.wire[0] = (uint8_t)len;
    memcpy(out.wire + len + 1, above.wire, above.len);
    out.len = (uint8_t)(len + 1 + above.len);
    return out;
}

static struct name pointer(const char *first, unsigned bits)
{
    struct addr addr;
    struct name name;
    struct snapshot s;
    assert_int_equal(addr_parse(first, strlen(first), &addr), 0);
    addr.num |= law_number() & low_bits(bits);
    if (addr.family == FAMILY_IPV6 && law_below(2))
        addr.num &= ~(u128)0xffff | law_below(16);
    edited_look(&t, &s);
    table_reverse_name(s.table, &addr, &name);
    edited_looked(&s);
    return name;
}

static struct name any_pointer(void)
{
    switch (law_below(7)) {
    case 0:
        return pointer("198.51.100.0", 8);
    case 1:
        return pointer("203.0.113.0", 8);
    case 2:
        return pointer("10.0.0.0", 16);
    case 3:
        return pointer("10.0.4.0", 9);
    case 4:
        return pointer("2001:db8:5::", 80);
    case 5:
        return pointer("2001:db9::", 6);
    default:
        return pointer("2001:db8::", 96);
    }
}

/* --- edits ------------------------------------------------------------------------------------ */

static const struct {
    const char *type, *content;
} kinds[] = {{"TXT", "\"a\""},          {"TXT", "\"a\""},     {"TXT", "\"a\""},
             {"CNAME", "x.example"},    {"NS", "ns.example"}, {"NS", "ns.sub.isp.example"},
             {"DNAME", "d.example"},    {"PTR", "p.example"}, {"PTR", "q.derived.example"},
             {"PTR", "r.auto.example"}, {"A", "192.0.2.7"}};

/* Refused edits change nothing. */
static void edit_some(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct name owner, apex = edited_name(apexes[law_below(ZONES)]);
        unsigned kind = law_below(sizeof kinds / sizeof *kinds);
        bool deletes = law_below(4) == 0;
        char text[NAME_TEXT_SIZE];
        if (law_below(3) == 0) {
            owner = any_pointer();
            kind = law_below(4) ? 7 : kind;
        } else if (deletes || law_below(4) == 0) {
            owner = names[law_below(name_count)];
        } else {
            owner = below(law_below(3) ? &apex : &names[law_below(name_count)]);
        }
        name_print(&owner, text);
        struct snapshot s;
        edited_look(&t, &s);
        const struct zone *zone = table_zone_for(s.table, &owner);
        uint32_t id = zone ? zone->id : 0;
        edited_looked(&s);
        if (!id)
            continue;
        const char *type = deletes && law_below(2) ? "ANY" : kinds[kind].type;
        if (edited_set(&t, id, text, type, 60, deletes ? "" : kinds[kind].content, 2000) == 0 &&
            !deletes)
            add_name(&owner);
    }
}

/* --- the naive chain -------------------------------------------------------------------------- */

enum kind { ABSENT, ENT, NAME, CUT, DNAME, RULED };

struct naive {
    struct snapshot s;
    struct answer a;
    const struct zone *zone;
    struct name list[NAMES_MAX]; /* sorted: all that exist, */
    enum kind kind[NAMES_MAX];   /* and as what */
    unsigned count;
    bool minimal;
};
static struct naive n;

static enum kind kind_of(const struct name *name)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = n.zone->id};
    assert_int_equal(resolve(&n.s, &q, &n.a), 0);
    if (n.a.rule != PLACE_FREE)
        return name_equal(&n.a.cut, name) ? CUT : RULED;
    if (n.a.count == 0)
        return ABSENT;
    for (uint32_t i = 0; i < n.a.count; i++)
        if (n.a.rows[i].type == RRTYPE_DNAME)
            return DNAME;
    return n.a.rows[0].kind == ROW_ENT ? ENT : NAME;
}

static int by_name(const void *a, const void *b)
{
    return name_compare(a, b);
}

static void build_naive(const char *apex_text)
{
    struct name apex = edited_name(apex_text);
    n.zone = table_zone_for(n.s.table, &apex);
    assert_true(n.zone && name_equal(&n.zone->apex, &apex));
    int minimal = deny_minimally(&n.s, n.zone);
    assert_true(minimal >= 0);
    n.minimal = minimal == PTRD_FOUND;
    n.count = 0;
    static struct name all[NAMES_MAX * 8];
    unsigned count = 0;
    for (unsigned i = 0; i < name_count; i++) {
        struct name up = names[i];
        for (; up.len > apex.len && name_within(&up, &apex); name_strip(&up, 1, &up)) {
            assert_true(count < NAMES_MAX * 8);
            all[count++] = up;
        }
    }
    all[count++] = apex;
    qsort(all, count, sizeof *all, by_name);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0 && name_equal(&all[i], &all[i - 1]))
            continue;
        enum kind kind = kind_of(&all[i]);
        if (kind == ABSENT || kind == RULED)
            continue;
        assert_true(n.count < NAMES_MAX);
        n.kind[n.count] = kind;
        n.list[n.count++] = all[i];
    }
}

/* --- what must hold --------------------------------------------------------------------------- */

static unsigned common(const struct name *a, const struct name *b)
{
    struct name up = *a;
    while (!name_within(b, &up))
        name_strip(&up, 1, &up);
    return name_labels(&up);
}

static void complain(const struct name *q, const struct name *owner, const struct name *next,
                     const char *what)
{
    fail_msg("%s: %s: %s NSEC %s: %s", law_text(&n.zone->apex), law_text(q), law_text(owner),
             law_text(next), what);
}

static bool covers(const struct name *owner, const struct name *next, const struct name *name)
{
    return name_compare(owner, name) < 0 &&
           (name_equal(next, &n.zone->apex) || name_compare(name, next) < 0);
}

/* Nothing that exists is denied. */
static void check_harmless(const struct name *q, const struct name *owner, const struct name *next)
{
    for (unsigned i = 0; i < n.count; i++) {
        if (!covers(owner, next, &n.list[i]))
            continue;
        if (n.kind[i] != ENT)
            complain(q, owner, next, "covers a name with records");
        if (!name_within(next, &n.list[i]))
            complain(q, owner, next, "denies an empty non-terminal");
    }
}

static void check_chain(const struct name *q, const struct name *from, const struct name *owner,
                        const struct name *next)
{
    unsigned at = 0, after;
    for (unsigned i = 0; i < n.count && name_compare(&n.list[i], from) <= 0; i++)
        at = n.kind[i] == ENT ? at : i;
    for (after = at + 1; after < n.count && n.kind[after] == ENT;)
        after++;
    if (!name_equal(owner, &n.list[at]) ||
        !name_equal(next, after < n.count ? &n.list[after] : &n.zone->apex))
        complain(q, owner, next, "is not in the chain");
}

static void check_absent(const struct name *q, const struct name *owner, const struct name *next)
{
    struct name encloser = *q, closer = *q;
    do {
        closer = encloser;
        name_strip(&encloser, 1, &encloser);
    } while (kind_of(&encloser) == ABSENT);
    unsigned labels = name_labels(&encloser), one = common(q, owner), two = common(q, next);
    if (!covers(owner, next, &closer))
        complain(q, owner, next, "does not cover the next closer name");
    if ((one > two ? one : two) != labels)
        complain(q, owner, next, "says another closest encloser");
}

/* Returns what the name is. */
static enum kind check(const struct name *q)
{
    struct name owner, next, same;
    struct answer a;
    answer_init(&a);
    assert_int_equal(deny_nsec(&n.s, n.zone, q, &a, &owner, &next), 0);
    answer_done(&a);
    assert_int_equal(name_from_wire(owner.wire, owner.len, &same), 0);
    assert_true(name_equal(&same, &owner));
    assert_int_equal(name_from_wire(next.wire, next.len, &same), 0);
    assert_true(name_equal(&same, &next));
    enum kind owns = kind_of(&owner), kind = kind_of(q);
    struct name from = kind == RULED || kind == CUT ? n.a.cut : *q;
    if (!name_within(&owner, &n.zone->apex) || !name_within(&next, &n.zone->apex) ||
        owns == RULED || owns == ENT)
        complain(q, &owner, &next, "stands where none can");
    if (!name_equal(&owner, &from) && !covers(&owner, &next, &from))
        complain(q, &owner, &next, "does not speak of the name");
    if ((owns == CUT || owns == DNAME) && !name_equal(&owner, &from) && name_within(q, &owner))
        complain(q, &owner, &next, "is that of a cut above");
    if ((kind == NAME || kind == DNAME || kind == CUT || kind == RULED) &&
        !name_equal(&owner, &from))
        complain(q, &owner, &next, "does not match");
    if ((owns == CUT || owns == DNAME) && name_within(&next, &owner) && owner.len != next.len)
        complain(q, &owner, &next, "speaks of what the cut hides");
    check_harmless(q, &owner, &next);
    if (kind == ENT && !name_within(&next, q))
        complain(q, &owner, &next, "denies an empty non-terminal");
    if (!n.minimal)
        check_chain(q, &from, &owner, &next);
    else if (kind == NAME && next.len < NAME_WIRE_MAX - 2 && q->len + 2 <= NAME_WIRE_MAX)
        assert_true(name_within(&next, q) && next.wire[0] == 1 && next.wire[1] == 0);
    if (kind == ABSENT)
        check_absent(q, &owner, &next);
    return kind;
}

/* --- the test --------------------------------------------------------------------------------- */

static unsigned seen[2][RULED + 1];

static void check_zone(unsigned questions)
{
    for (unsigned i = 0; i < n.count; i++)
        seen[n.minimal][check(&n.list[i])]++;
    for (unsigned i = 0; i < questions; i++) {
        struct name q = n.list[law_below(n.count)];
        if (law_below(3))
            q = beside(&q);
        if (law_below(3) == 0 && name_within(&q, &n.zone->apex))
            q = below(&q);
        if (law_below(12) == 0)
            q = any_pointer();
        if (name_within(&q, &n.zone->apex))
            seen[n.minimal][check(&q)]++;
    }
}

static void note_names(void)
{
    static const char *const written[] = {"www.isp.example",
                                          "a.b.c.ent.isp.example",
                                          "*.wild.isp.example",
                                          "cut.isp.example",
                                          "ns.cut.isp.example",
                                          "d.isp.example",
                                          "x.dd.isp.example",
                                          "w\\255.isp.example",
                                          "x.w\\255.isp.example",
                                          "\\000.isp.example",
                                          "g2\\255.dyn.isp.example",
                                          "z.g2\\255.dyn.isp.example",
                                          "a.\\000.ent.dyn.isp.example",
                                          "a.derived.example",
                                          "q.derived.example",
                                          "b.auto.example",
                                          "r.auto.example",
                                          "7.113.0.203.in-addr.arpa",
                                          "70.64/26.113.0.203.in-addr.arpa"};
    char text[256];
    name_count = 0;
    for (unsigned i = 0; i < sizeof written / sizeof *written; i++)
        add_text(written[i]);
    for (unsigned i = 0; i < ZONES; i++)
        add_text(apexes[i]);
    for (unsigned i = 0; i < 256; i++) {
        snprintf(text, sizeof text, "g%u.dyn.isp.example", i);
        add_text(text);
        snprintf(text, sizeof text, "%u.100.51.198.in-addr.arpa", i);
        add_text(text);
        snprintf(text, sizeof text, "c%u.dyn.isp.example", i);
        if (i >= 192 && i < 200)
            add_text(text);
        snprintf(text, sizeof text, "%u.192/28.100.51.198.in-addr.arpa", i);
        if (i >= 192 && i < 208)
            add_text(text);
        snprintf(text, sizeof text, "%u.113.0.203.in-addr.arpa", i); /* CNAMEs of RFC 2317 */
        add_text(text);
    }
    for (unsigned i = 0; i < 16; i++) {
        snprintf(text, sizeof text, "%x.m.dyn.isp.example", i);
        add_text(text);
        snprintf(text, sizeof text,
                 "%x.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.b.d.0.1.0.0.2.ip6.arpa", i);
        add_text(text);
    }
}

/* The naive chain grows with every name: a new store before it is slow. */
static void run_site(void)
{
    edited_start(&t, zones, 1000);
    note_names();
    assert_int_equal(
        edited_set(&t, edited_id(&t, "isp.example"), "dd.isp.example", "TXT", 60, "", 1500), 0);
    for (unsigned round = 0; round < 6; round++) {
        answer_init(&n.a);
        edited_look(&t, &n.s);
        for (unsigned i = 0; i < ZONES; i++) {
            build_naive(apexes[i]);
            check_zone(300);
        }
        edited_looked(&n.s);
        answer_done(&n.a);
        edit_some(60);
    }
    edited_stop(&t);
}

static void test_records_are_those_of_the_naive_chain(void **state)
{
    (void)state;
    law_seed();
    memset(seen, 0, sizeof seen);
    for (unsigned sites = law_rounds(1); sites > 0; sites--)
        run_site();
    for (unsigned i = 0; i < 2; i++) {
        print_message("%s: %u absent, %u ENT, %u name, %u cut, %u DNAME, %u ruled\n",
                      i ? "minimal" : "chain", seen[i][ABSENT], seen[i][ENT], seen[i][NAME],
                      seen[i][CUT], seen[i][DNAME], seen[i][RULED]);
        for (unsigned kind = 0; kind <= RULED; kind++)
            assert_true(seen[i][kind] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_those_of_the_naive_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
