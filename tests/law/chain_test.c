/* NSEC3 chains (deny.h) against a naive one, hash by hash, while zones, delegations and parameters
 * are edited at random: every hash of the chain, its neighbours, both ends, and some at random.
 * And: a chain is built once for all who ask, again when its zone has changed, and for no other
 * reason; it fits the snapshot in which it is asked for. */
#include "../../backend/resolve/chains.h"
#include "ptrd/resolve/deny.h"
#include "support/edited.h"
#include "support/law.h"

#include <pthread.h>
#include <stdatomic.h>

static const char zones[] = "zones:\n"
                            "  - name: isp.example\n"
                            "    records:\n"
                            "      - {name: www, type: A, content: 192.0.2.1}\n"
                            "      - {name: a.b.c.ent, type: TXT, content: '\"deep\"'}\n"
                            "      - {name: '*.wild', type: TXT, content: '\"any\"'}\n"
                            "      - {name: cut, type: NS, content: ns.cut.isp.example}\n"
                            "      - {name: ns.cut, type: A, content: 192.0.2.9}\n"
                            "      - {name: secure, type: NS, content: ns.out.example}\n"
                            "      - {name: secure, type: DS, content: '1 13 2 "
                            "0000000000000000000000000000000000000000000000000000000000000001'}\n"
                            "      - {name: far.away, type: NS, content: ns.far.away.isp.example}\n"
                            "      - {name: ns.far.away, type: A, content: 192.0.2.10}\n"
                            "      - {name: d, type: DNAME, content: elsewhere.example}\n"
                            "  - name: sub.isp.example\n"
                            "  - name: x.y.isp.example\n"
                            "  - name: second.example\n"
                            "    kind: secondary\n"
                            "    primaries: [192.0.2.77]\n"
                            "  - {prefix: 198.51.100.0/24}\n"
                            "  - {prefix: 198.51.100.68/30, zone: '68/30'}\n"
                            "ptrs:\n"
                            "  198.51.100.7: mail.isp.example\n"
                            "  198.51.100.70: other.isp.example\n";

#define R4 ".100.51.198.in-addr.arpa"
static const char *const owners[] = {
    "isp.example",
    "www.isp.example",
    "b.www.isp.example",
    "ent.isp.example",
    "c.ent.isp.example",
    "a.b.c.ent.isp.example",
    "z.b.c.ent.isp.example",
    "wild.isp.example",
    "*.wild.isp.example",
    "x.*.wild.isp.example",
    "cut.isp.example",
    "ns.cut.isp.example",
    "below.cut.isp.example",
    "x.below.cut.isp.example",
    "secure.isp.example",
    "far.away.isp.example",
    "near.away.isp.example",
    "ns.far.away.isp.example",
    "deep.ent.of.cuts.isp.example",
    "d.isp.example",
    "below.d.isp.example",
    "sub.isp.example",
    "ns.sub.isp.example",
    "cut.sub.isp.example",
    "y.isp.example",
    "x.y.isp.example",
    "a.x.y.isp.example",
    "A\\000b\\.c.isp.example",
    "second.example",
    "x.second.example",
    "y.x.second.example",
    "100.51.198.in-addr.arpa",
    "7" R4,
    "8" R4,
    "x.y.8" R4,
    "68" R4,
    "69" R4,
    "70" R4,
    "71" R4,
    "68/30" R4,
    "70.68/30" R4,
    "71.68/30" R4,
};
#define OWNERS (sizeof owners / sizeof *owners)

static const char *const apexes[] = {
    "isp.example",    "sub.isp.example",         "x.y.isp.example",
    "second.example", "100.51.198.in-addr.arpa", ("68/30" R4),
};
#define ZONES (sizeof apexes / sizeof *apexes)

static const struct {
    const char *type, *content;
} kinds[] = {
    {"A", "192.0.2.1"},
    {"AAAA", "2001:db8::1"},
    {"TXT", "\"a\""},
    {"CNAME", "www.isp.example"},
    {"NS", "ns.cut.isp.example"},
    {"NS", "ns.sub.isp.example"},
    {"NS", "ns.out.example"},
    {"DS", "2 13 2 0000000000000000000000000000000000000000000000000000000000000002"},
    {"DNAME", "x.example"},
    {"PTR", "www.isp.example"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static struct edited t;

static uint64_t begun(struct chains *c)
{
    return chains_state(c).begun;
}

/* --- the naive chain -------------------------------------------------------------------------- */

#define LINKS_MAX 200
struct naive {
    struct {
        uint8_t hash[NSEC3_HASH_LEN];
        struct name name;
    } link[LINKS_MAX];
    unsigned count;
};

static void naive_add(struct naive *n, const struct nsec3_params *p, const struct name *name)
{
    uint8_t hash[NSEC3_HASH_LEN];
    unsigned at = 0;
    rdata_nsec3_hash(p, name, hash);
    while (at < n->count && memcmp(n->link[at].hash, hash, sizeof hash) < 0)
        at++;
    if (at < n->count && memcmp(n->link[at].hash, hash, sizeof hash) == 0)
        return;
    assert_true(n->count < LINKS_MAX);
    memmove(&n->link[at + 1], &n->link[at], (n->count - at) * sizeof n->link[0]);
    memcpy(n->link[at].hash, hash, sizeof hash);
    n->link[at].name = *name;
    n->count++;
}

/* What stands at a name: bits. */
enum { HAS_AUTHORITATIVE = 1, HAS_REFERRAL = 2 };
static unsigned stands(struct snapshot *s, const struct zone *z, const struct name *name,
                       struct answer *a)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = z->id};
    unsigned bits = 0;
    assert_int_equal(resolve(s, &q, a), 0);
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->rows[i].auth && a->rows[i].kind != ROW_ENT)
            bits |= HAS_AUTHORITATIVE;
        if (!a->rows[i].auth && a->rows[i].type == RRTYPE_NS)
            bits |= HAS_REFERRAL;
    }
    return bits;
}

/* RFC 5155 7.1, word by word. */
static void naive_build(struct snapshot *s, const struct zone *z, const struct nsec3_params *p,
                        struct naive *n)
{
    struct answer a;
    answer_init(&a);
    n->count = 0;
    for (unsigned i = 0; i < OWNERS; i++) {
        struct name name = edited_name(owners[i]), up;
        if (!name_within(&name, &z->apex))
            continue;
        unsigned depth = name_labels(&name) - name_labels(&z->apex);
        unsigned at = stands(s, z, &name, &a);
        bool cut = at & HAS_REFERRAL;
        for (unsigned k = 1; cut && k < depth; k++) {
            name_strip(&name, k, &up);
            cut = !(stands(s, z, &up, &a) & HAS_REFERRAL);
        }
        if (!(at & HAS_AUTHORITATIVE) && (!cut || p->flags & 1))
            continue;
        naive_add(n, p, &name);
        for (unsigned k = 1; k < depth; k++) {
            name_strip(&name, k, &up);
            naive_add(n, p, &up);
        }
    }
    answer_done(&a);
}

/* --- comparing -------------------------------------------------------------------------------- */

static void step(uint8_t hash[NSEC3_HASH_LEN], int by)
{
    for (unsigned i = NSEC3_HASH_LEN; i-- > 0;) {
        uint8_t was = hash[i];
        hash[i] = (uint8_t)(was + by);
        if (by > 0 ? was != 0xff : was != 0)
            return;
    }
}

static void expect(struct snapshot *s, const struct zone *z, struct answer *a,
                   const struct naive *n, const uint8_t hash[NSEC3_HASH_LEN])
{
    uint8_t before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    struct name owner;
    unsigned at = n->count - 1, next;
    for (unsigned i = 0; i < n->count; i++)
        if (memcmp(n->link[i].hash, hash, NSEC3_HASH_LEN) <= 0)
            at = i;
    next = (at + 1) % n->count;
    assert_int_equal(deny_nsec3(s, z, hash, a, before, after, &owner), 0);
    if (memcmp(before, n->link[at].hash, sizeof before) != 0 ||
        memcmp(after, n->link[next].hash, sizeof after) != 0 ||
        !name_equal(&owner, &n->link[at].name)) {
        char zone[NAME_TEXT_SIZE], found[NAME_TEXT_SIZE], expected[NAME_TEXT_SIZE],
            following[NAME_TEXT_SIZE];
        name_print(&z->apex, zone);
        name_print(&owner, found);
        name_print(&n->link[at].name, expected);
        name_print(&n->link[next].name, following);
        fail_msg("chain of %s: found %s, expected %s, then %s", zone, found, expected, following);
    }
}

static void compare_chain(struct snapshot *s, const struct zone *z, const struct nsec3_params *p)
{
    struct answer a;
    struct naive n;
    uint8_t hash[NSEC3_HASH_LEN];
    answer_init(&a);
    struct chain chain;
    naive_build(s, z, p, &n);
    assert_int_equal(chain_build(s, z, p, &a, &chain), 0);
    assert_int_equal(chain.count, n.count);
    chain_done(&chain);
    for (unsigned i = 0; i < n.count; i++) {
        for (int by = -1; by <= 1; by++) {
            memcpy(hash, n.link[i].hash, sizeof hash);
            if (by)
                step(hash, by);
            expect(s, z, &a, &n, hash);
        }
    }
    memset(hash, 0, sizeof hash);
    expect(s, z, &a, &n, hash);
    memset(hash, 0xff, sizeof hash);
    expect(s, z, &a, &n, hash);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < sizeof hash; k++)
            hash[k] = (uint8_t)law_next();
        expect(s, z, &a, &n, hash);
    }
    answer_done(&a);
}

static const struct zone *zone_of(struct snapshot *s, const char *apex)
{
    struct name name = edited_name(apex);
    return table_zone_for(s->table, &name);
}

static void compare_all(struct nsec3_params params[ZONES])
{
    struct snapshot s;
    edited_look(&t, &s);
    for (unsigned i = 0; i < ZONES; i++)
        compare_chain(&s, zone_of(&s, apexes[i]), &params[i]);
    edited_looked(&s);
}

/* --- editing ---------------------------------------------------------------------------------- */

static int64_t now_s = 1000;

static void set_metadata(const char *apex, const char *kind, const char *text)
{
    struct edit *e = edited_begin(&t);
    struct name name = edited_name(apex);
    struct span value = {(const uint8_t *)text, strlen(text)};
    assert_int_equal(edit_metadata(e, &name, kind, &value, 1, &t.diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, now_s++, &t.diag), 0);
}

static void set_params(const char *apex, const char *text, struct nsec3_params *p)
{
    set_metadata(apex, "NSEC3PARAM", text);
    assert_int_equal(rdata_nsec3_params(text, strlen(text), p), 0);
}

static void set_params_at_random(unsigned zone, struct nsec3_params *p)
{
    char text[64];
    int at = snprintf(text, sizeof text, "1 %u %u ", law_below(2), law_below(4));
    if (law_below(2))
        snprintf(text + at, sizeof text - (size_t)at, "%08x", (unsigned)law_next());
    else
        snprintf(text + at, sizeof text - (size_t)at, "-");
    set_params(apexes[zone], text, p);
}

static void edit_at_random(void)
{
    const char *owner = owners[law_below(OWNERS)];
    unsigned kind = law_below(KINDS);
    struct name name = edited_name(owner);
    int64_t id = -1;
    if (law_below(3) == 0) { /* what a zone above holds there */
        const char *apex = apexes[law_below(ZONES)];
        struct name above = edited_name(apex);
        if (name_within(&name, &above))
            id = edited_id(&t, apex);
    }
    const char *contents = law_below(5) < 2 ? "" : kinds[kind].content;
    (void)edited_set(&t, id, owner, kinds[kind].type, 300, contents, now_s++);
}

static void start_with_params(struct nsec3_params params[ZONES])
{
    edited_start(&t, zones, now_s++);
    for (unsigned i = 0; i < ZONES; i++)
        set_params(apexes[i], i % 2 ? "1 1 0 -" : "1 0 2 abcd", &params[i]);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_chains_are_the_naive_ones_after_every_edit(void **state)
{
    struct nsec3_params params[ZONES];
    unsigned edits = 0;
    (void)state;
    law_seed();
    start_with_params(params);
    compare_all(params);
    for (unsigned round = law_rounds(1000); round > 0; round--) {
        uint64_t data = edited_meta(&t).data;
        if (law_below(8) == 0) {
            unsigned zone = law_below(2) ? law_below(ZONES) : 0;
            set_params_at_random(zone, &params[zone]);
        } else {
            edit_at_random();
        }
        edits += edited_meta(&t).data != data;
        compare_all(params);
    }
    assert_true(edits > 100);
    edited_stop(&t);
}

/* far.away.isp.example is the one name below away.isp.example; x.y.isp.example is a zone of ours.
 */
static void test_opt_out_leaves_out_what_leads_to_insecure_delegations_only(void **state)
{
    static const char *const out[] = {"cut.isp.example", "far.away.isp.example", "away.isp.example",
                                      "y.isp.example", "x.y.isp.example"};
    struct nsec3_params p[2];
    (void)state;
    edited_start(&t, zones, now_s++);
    for (unsigned flags = 0; flags < 2; flags++) {
        struct snapshot s;
        struct answer a;
        set_params("isp.example", flags ? "1 1 0 -" : "1 0 0 -", &p[flags]);
        answer_init(&a);
        edited_look(&t, &s);
        compare_chain(&s, zone_of(&s, "isp.example"), &p[flags]);
        for (unsigned i = 0; i < sizeof out / sizeof *out; i++) {
            uint8_t hash[NSEC3_HASH_LEN], before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
            struct name name = edited_name(out[i]), owner;
            rdata_nsec3_hash(&p[flags], &name, hash);
            assert_int_equal(
                deny_nsec3(&s, zone_of(&s, "isp.example"), hash, &a, before, after, &owner), 0);
            assert_int_equal(name_equal(&owner, &name), flags == 0);
            assert_int_equal(deny_opts_out(&s, zone_of(&s, "isp.example"), &name, &a),
                             flags ? PTRD_FOUND : PTRD_ABSENT);
        }
        struct name leads_on = edited_name("c.ent.isp.example");
        assert_int_equal(deny_opts_out(&s, zone_of(&s, "isp.example"), &leads_on, &a), PTRD_ABSENT);
        edited_looked(&s);
        answer_done(&a);
    }
    edited_stop(&t);
}

/* The keys of a zone of ours make it a secure delegation of the zone above. */
static void test_opt_out_takes_in_a_child_when_it_gets_a_key(void **state)
{
    static const char content[] = "Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\n"
                                  "PrivateKey: GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=\n";
    struct edit_key key = {.flags = 257,
                           .active = true,
                           .published = true,
                           .content = content,
                           .content_len = strlen(content)};
    struct name child = edited_name("x.y.isp.example");
    struct nsec3_params p;
    uint32_t id = 0;
    (void)state;
    law_seed();
    edited_start(&t, zones, now_s++);
    set_params("isp.example", "1 1 0 -", &p);
    for (unsigned step_at = 0; step_at < 3; step_at++) {
        uint8_t hash[NSEC3_HASH_LEN], before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
        struct snapshot s;
        struct answer a;
        struct name owner;
        answer_init(&a);
        edited_look(&t, &s);
        compare_chain(&s, zone_of(&s, "isp.example"), &p);
        rdata_nsec3_hash(&p, &child, hash);
        assert_int_equal(
            deny_nsec3(&s, zone_of(&s, "isp.example"), hash, &a, before, after, &owner), 0);
        assert_int_equal(name_equal(&owner, &child), step_at == 1);
        edited_looked(&s);
        answer_done(&a);
        struct edit *e = edited_begin(&t);
        assert_int_equal(step_at == 0   ? edit_key_add(e, &child, &key, &id, &t.diag)
                         : step_at == 1 ? edit_key_remove(e, &child, id, &t.diag)
                                        : PTRD_FOUND,
                         PTRD_FOUND);
        assert_int_equal(edit_commit(e, now_s++, &t.diag), 0);
    }
    edited_stop(&t);
}

/* Serials say which zones an edit changed (tests/law/edit_test.c); a secondary zone's says nothing.
 */
static void test_a_chain_is_built_again_only_when_its_zone_has_changed(void **state)
{
    struct nsec3_params params[ZONES];
    uint32_t serials[ZONES];
    unsigned spared = 0;
    (void)state;
    law_seed();
    start_with_params(params);
    struct chains *chains = engine_chains(t.engine);
    compare_all(params);
    assert_int_equal(begun(chains), ZONES);
    for (unsigned round = law_rounds(100); round > 0; round--) {
        uint64_t built = begun(chains), data = edited_meta(&t).data;
        for (unsigned i = 0; i < ZONES; i++)
            serials[i] = edited_serial(&t, apexes[i]);
        edit_at_random();
        compare_all(params);
        bool moved = edited_meta(&t).data != data;
        for (unsigned i = 0; i < ZONES; i++) {
            bool secondary = strcmp(apexes[i], "second.example") == 0;
            bool changed = secondary ? moved : edited_serial(&t, apexes[i]) != serials[i];
            built += changed;
            spared += moved && !changed;
        }
        assert_int_equal(begun(chains), built);
    }
    assert_true(spared > 0);
    edited_stop(&t);
}

static void test_an_open_edit_sees_its_own_chain_and_leaves_none_behind(void **state)
{
    struct nsec3_params params[ZONES];
    (void)state;
    law_seed();
    start_with_params(params);
    compare_all(params);
    uint64_t built = begun(engine_chains(t.engine));
    struct edit *e = edited_begin(&t);
    assert_int_equal(edited_replace(&t, e, -1, "b.www.isp.example", "TXT", 300, "\"new\""), 0);
    struct snapshot *s = edit_snapshot(e);
    assert_int_equal(snapshot_begin(s), 0);
    compare_chain(s, zone_of(s, "isp.example"), &params[0]);
    snapshot_end(s);
    assert_int_equal(edited_replace(&t, e, -1, "b.www.isp.example", "TXT", 300, ""), 0);
    compare_chain(s, zone_of(s, "isp.example"), &params[0]);
    compare_all(params); /* the others see what was there before */
    edit_abort(e);
    compare_all(params);
    assert_int_equal(begun(engine_chains(t.engine)), built);
    edited_stop(&t);
}

static void test_a_zone_without_a_chain(void **state)
{
    uint8_t hash[NSEC3_HASH_LEN] = {0}, before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    struct nsec3_params p;
    struct snapshot s;
    struct answer a;
    struct name owner;
    (void)state;
    edited_start(&t,
                 "zones:\n  - name: plain.example\n  - {name: auto.example, forward_auto: yes}\n",
                 now_s++);
    set_params("auto.example", "1 0 0 -", &p);
    answer_init(&a);
    edited_look(&t, &s);
    assert_int_equal(deny_nsec3(&s, zone_of(&s, "plain.example"), hash, &a, before, after, &owner),
                     PTRD_EINVAL);
    assert_int_equal(deny_nsec3(&s, zone_of(&s, "auto.example"), hash, &a, before, after, &owner),
                     PTRD_EINVAL);
    edited_looked(&s);
    /* The least zone there is: its apex. */
    set_params("plain.example", "1 0 0 -", &p);
    edited_look(&t, &s);
    assert_int_equal(deny_nsec3(&s, zone_of(&s, "plain.example"), hash, &a, before, after, &owner),
                     0);
    assert_memory_equal(before, after, sizeof before);
    assert_true(name_equal(&owner, &zone_of(&s, "plain.example")->apex));
    edited_looked(&s);
    answer_done(&a);
    edited_stop(&t);
}

/* As PowerDNS, which hashes the question. */
static void test_more_than_100_iterations_are_100_unless_signed_elsewhere(void **state)
{
    struct nsec3_params p;
    struct snapshot s;
    (void)state;
    law_seed();
    edited_start(&t, zones, now_s++);
    set_params("sub.isp.example", "1 0 101 abcd", &p);
    for (unsigned presigned = 0; presigned < 2; presigned++) {
        p.iterations = presigned ? 101 : 100;
        edited_look(&t, &s);
        compare_chain(&s, zone_of(&s, "sub.isp.example"), &p);
        edited_looked(&s);
        set_metadata("sub.isp.example", "PRESIGNED", "1");
    }
    edited_stop(&t);
}

/* Another store at the same path, its zone with the same id and serial. */
static void test_a_replaced_store_has_its_own_chain(void **state)
{
    static const char one[] =
        "zones:\n  - name: isp.example\n    metadata: {NSEC3PARAM: ['1 0 0 -']}\n"
        "    records:\n      - {name: one, type: A, content: 192.0.2.1}\n";
    static const char two[] =
        "zones:\n  - name: isp.example\n    metadata: {NSEC3PARAM: ['1 0 0 -']}\n"
        "    records:\n      - {name: two, type: A, content: 192.0.2.1}\n";
    struct loaded other;
    char command[512];
    (void)state;
    edited_start(&t, one, 5000);
    loaded_make(&other);
    loaded_load(&other, two, 5000);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t hash[NSEC3_HASH_LEN], before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
        struct nsec3_params p = {.algorithm = 1};
        struct name name = edited_name(i ? "two.isp.example" : "one.isp.example"), owner;
        struct snapshot s;
        struct answer a;
        answer_init(&a);
        rdata_nsec3_hash(&p, &name, hash);
        assert_int_equal(edited_serial(&t, "isp.example"), 5000);
        edited_look(&t, &s);
        assert_int_equal(
            deny_nsec3(&s, zone_of(&s, "isp.example"), hash, &a, before, after, &owner), 0);
        assert_true(name_equal(&owner, &name));
        edited_looked(&s);
        answer_done(&a);
        snprintf(command, sizeof command, "mv %s %s.old && mv %s %s && mv %s.old %s", t.loaded.dir,
                 t.loaded.dir, other.dir, t.loaded.dir, t.loaded.dir, other.dir);
        if (i == 0)
            assert_int_equal(system(command), 0);
    }
    loaded_remove(&other);
    edited_stop(&t);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Chains of one zone under made-up ids. */
static struct kept_chain *take_as(struct chains *c, struct snapshot *s, struct answer *a,
                                  uint32_t id)
{
    struct chain_key key = {.zone_id = id, .change = 1, .params = {.algorithm = 1}};
    struct kept_chain *k = NULL;
    assert_int_equal(chains_take(c, &key, s, zone_of(s, "isp.example"), a, &k), 0);
    return k;
}

static void test_chains_that_were_not_used_for_the_longest_time_go(void **state)
{
    struct nsec3_params params[ZONES];
    struct snapshot s;
    struct answer a;
    struct chains *one, *three;
    (void)state;
    start_with_params(params);
    answer_init(&a);
    edited_look(&t, &s);
    assert_int_equal(chains_new(SIZE_MAX, &one), 0);
    chains_let_go(take_as(one, &s, &a, 1));
    size_t size = chains_state(one).size;
    chains_free(one);
    assert_true(size > 200);
    assert_int_equal(chains_new(3 * size, &three), 0);
    for (uint32_t id = 1; id <= 3; id++)
        chains_let_go(take_as(three, &s, &a, id));
    struct kept_chain *in_use = take_as(three, &s, &a, 1); /* used after 2 and 3 */
    assert_int_equal(begun(three), 3);
    chains_let_go(take_as(three, &s, &a, 4));
    assert_int_equal(chains_state(three).size, 3 * size);
    chains_let_go(take_as(three, &s, &a, 1));
    chains_let_go(take_as(three, &s, &a, 3));
    assert_int_equal(begun(three), 4);
    chains_let_go(take_as(three, &s, &a, 2)); /* 2 went; now 4 does, then 1 and 3 */
    chains_let_go(take_as(three, &s, &a, 5));
    chains_let_go(take_as(three, &s, &a, 6));
    assert_int_equal(begun(three), 7);
    assert_true(chains_chain(in_use)->count > 5); /* 1 has gone, but for those who hold it */
    chains_let_go(in_use);
    chains_let_go(take_as(three, &s, &a, 1));
    assert_int_equal(begun(three), 8);
    struct chain_key salted = {
        .zone_id = 1, .change = 1, .params = {.algorithm = 1, .salt_len = 1}};
    assert_int_equal(chains_take(three, &salted, &s, zone_of(&s, "isp.example"), &a, &in_use), 0);
    assert_int_equal(begun(three), 9);
    chains_let_go(in_use);
    chains_free(three);
    /* One that is larger than all may be stays until another is made. */
    assert_int_equal(chains_new(1, &one), 0);
    chains_let_go(take_as(one, &s, &a, 1));
    chains_let_go(take_as(one, &s, &a, 1));
    assert_int_equal(begun(one), 1);
    chains_let_go(take_as(one, &s, &a, 2));
    assert_int_equal(chains_state(one).size, size);
    chains_free(one);
    edited_looked(&s);
    answer_done(&a);
    edited_stop(&t);
}

/* --- threads ---------------------------------------------------------------------------------- */

#define READERS 2
#define NAMES 8
struct crowd {
    atomic_bool stop;
    atomic_uint asked, wrong;
};

/* In one snapshot: a name is matched by the chain iff it exists. */
static bool fits_snapshot(struct snapshot *s, struct answer *a, unsigned i)
{
    static const struct nsec3_params p = {.algorithm = 1};
    uint8_t hash[NSEC3_HASH_LEN], before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    struct question q = {.type = RRTYPE_TXT, .zone_id = -1};
    struct name owner;
    char text[32];
    int len = snprintf(text, sizeof text, "n%u.sub.isp.example", i);
    if (name_parse(text, (size_t)len, &q.name, NULL) < 0 || resolve(s, &q, a) < 0)
        return false;
    bool exists = a->count > 0;
    const struct zone *z = table_zone_for(s->table, &q.name);
    rdata_nsec3_hash(&p, &q.name, hash);
    if (deny_nsec3(s, z, hash, a, before, after, &owner) < 0)
        return false;
    return exists == (memcmp(before, hash, sizeof hash) == 0) &&
           exists == name_equal(&owner, &q.name);
}

static void *reader(void *ctx)
{
    struct crowd *c = ctx;
    struct snapshot s;
    struct answer a;
    answer_init(&a);
    if (snapshot_init(&s, t.engine) < 0) {
        atomic_fetch_add(&c->wrong, 1);
        return NULL;
    }
    for (unsigned i = 0; !atomic_load(&c->stop); i++) {
        bool fits = snapshot_begin(&s) == 0 && fits_snapshot(&s, &a, i % NAMES);
        atomic_fetch_add(fits ? &c->asked : &c->wrong, 1);
        snapshot_end(&s);
    }
    snapshot_done(&s);
    answer_done(&a);
    return NULL;
}

static void test_readers_see_the_chain_of_their_snapshot_during_edits(void **state)
{
    struct crowd c = {.wrong = 0};
    struct nsec3_params p;
    pthread_t threads[READERS];
    (void)state;
    law_seed();
    edited_start(&t, zones, now_s++);
    set_params("sub.isp.example", "1 0 0 -", &p);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &c), 0);
    for (unsigned round = law_rounds(100); round > 0; round--) {
        char owner[32];
        unsigned asked = atomic_load(&c.asked);
        snprintf(owner, sizeof owner, "n%u.sub.isp.example", law_below(NAMES));
        assert_int_equal(edited_set(&t, -1, owner, "TXT", 60, law_below(2) ? "\"x\"" : "", now_s++),
                         0);
        while (atomic_load(&c.asked) < asked + 4 && atomic_load(&c.wrong) == 0)
            usleep(100);
    }
    atomic_store(&c.stop, true);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&c.wrong), 0);
    edited_stop(&t);
}

#define WAITERS 4
struct waiter {
    pthread_t thread;
    pthread_barrier_t *start;
    bool right;
};

static void *waiter(void *ctx)
{
    struct waiter *w = ctx;
    uint8_t hash[NSEC3_HASH_LEN] = {0}, before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    struct snapshot s;
    struct answer a;
    struct name owner, apex = edited_name("isp.example");
    answer_init(&a);
    w->right = snapshot_init(&s, t.engine) == 0 && snapshot_begin(&s) == 0;
    pthread_barrier_wait(w->start);
    w->right = w->right &&
               deny_nsec3(&s, table_zone_for(s.table, &apex), hash, &a, before, after, &owner) == 0;
    snapshot_end(&s);
    snapshot_done(&s);
    answer_done(&a);
    return NULL;
}

/* Many iterations: the others come while the first one builds. */
static void test_threads_that_ask_at_once_wait_for_one_chain(void **state)
{
    struct waiter w[WAITERS];
    struct nsec3_params p;
    pthread_barrier_t start;
    (void)state;
    edited_start(&t, zones, now_s++);
    set_params("isp.example", "1 0 10000 abcd", &p);
    set_metadata("isp.example", "PRESIGNED", "1");
    assert_int_equal(pthread_barrier_init(&start, NULL, WAITERS), 0);
    for (unsigned i = 0; i < WAITERS; i++) {
        w[i].start = &start;
        assert_int_equal(pthread_create(&w[i].thread, NULL, waiter, &w[i]), 0);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_join(w[i].thread, NULL);
        assert_true(w[i].right);
    }
    assert_int_equal(begun(engine_chains(t.engine)), 1);
    pthread_barrier_destroy(&start);
    edited_stop(&t);
}

struct taker {
    struct waiter w;
    struct chains *chains;
    uint64_t change;
};

static void *taker(void *ctx)
{
    struct taker *taker = ctx;
    struct chain_key key = {
        .zone_id = 1, .change = taker->change, .params = {.algorithm = 1, .iterations = 10000}};
    struct kept_chain *k = NULL;
    struct snapshot s;
    struct answer a;
    struct name apex = edited_name("isp.example");
    answer_init(&a);
    bool begun = snapshot_init(&s, t.engine) == 0 && snapshot_begin(&s) == 0;
    pthread_barrier_wait(taker->w.start);
    int err = begun ? chains_take(taker->chains, &key, &s, table_zone_for(s.table, &apex), &a, &k)
                    : PTRD_EINVAL;
    taker->w.right = err == PTRD_EBUSY || (err == 0 && chains_chain(k)->count > 5);
    if (k)
        chains_let_go(k);
    snapshot_end(&s);
    snapshot_done(&s);
    answer_done(&a);
    return NULL;
}

/* As if it had changed between any two of them. */
static void test_chains_of_one_zone_are_built_one_at_a_time(void **state)
{
    struct taker takers[WAITERS];
    struct chains *chains;
    pthread_barrier_t start;
    (void)state;
    edited_start(&t, zones, now_s++);
    assert_int_equal(chains_new(SIZE_MAX, &chains), 0);
    assert_int_equal(pthread_barrier_init(&start, NULL, WAITERS), 0);
    for (unsigned i = 0; i < WAITERS; i++) {
        takers[i] = (struct taker){.w.start = &start, .chains = chains, .change = i};
        assert_int_equal(pthread_create(&takers[i].w.thread, NULL, taker, &takers[i]), 0);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_join(takers[i].w.thread, NULL);
        assert_true(takers[i].w.right);
    }
    assert_int_equal(chains_state(chains).building_most, 1);
    chains_free(chains);
    pthread_barrier_destroy(&start);
    edited_stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains_are_the_naive_ones_after_every_edit),
        cmocka_unit_test(test_opt_out_leaves_out_what_leads_to_insecure_delegations_only),
        cmocka_unit_test(test_opt_out_takes_in_a_child_when_it_gets_a_key),
        cmocka_unit_test(test_a_chain_is_built_again_only_when_its_zone_has_changed),
        cmocka_unit_test(test_an_open_edit_sees_its_own_chain_and_leaves_none_behind),
        cmocka_unit_test(test_a_zone_without_a_chain),
        cmocka_unit_test(test_more_than_100_iterations_are_100_unless_signed_elsewhere),
        cmocka_unit_test(test_a_replaced_store_has_its_own_chain),
        cmocka_unit_test(test_chains_that_were_not_used_for_the_longest_time_go),
        cmocka_unit_test(test_threads_that_ask_at_once_wait_for_one_chain),
        cmocka_unit_test(test_chains_of_one_zone_are_built_one_at_a_time),
        cmocka_unit_test(test_readers_see_the_chain_of_their_snapshot_during_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
