/* What a load asks PowerDNS to forget, against a model of all replies: random pairs of small
 * stores, every name of a small universe asked before and after; each whose reply changes must be
 * purged, and what is purged with everything below must have a reason. */
#include "load_support.h"
#include "ptrd/resolve/resolve.h"
#include "ptrd/sync/purge.h"

#define ROUNDS_SHORT 300
#define ROUNDS_LONG 20000
#define TEXT_MAX 8192

/* --- one state of a store --------------------------------------------------------------------- */

struct state {
    struct snapshot s;
    struct table *table;
    struct answer a;
};

static void state_open(struct state *st, struct store *store)
{
    memset(st, 0, sizeof *st);
    assert_int_equal(store_reader_new(store, &st->s.reader), 0);
    assert_int_equal(store_read_begin(st->s.reader, &st->s.meta), 0);
    assert_int_equal(snapshot_table(st->s.reader, &st->table), 0);
    st->s.table = st->table;
    answer_init(&st->a);
}

static void state_close(struct state *st)
{
    answer_done(&st->a);
    table_free(st->table);
    store_reader_free(st->s.reader);
}

static bool ask(struct state *st, const struct name *name, int64_t zone_id)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = zone_id};
    assert_int_equal(resolve(&st->s, &q, &st->a), 0);
    return st->a.count > 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Rows at a name, in words, behind what text has; only those of a type, or RRTYPE_ANY. */
static void add_rows_of(struct state *st, const struct name *name, int64_t zone_id, uint16_t type,
                        char *text)
{
    static char lines[64][600];
    char owner[NAME_TEXT_SIZE];
    ask(st, name, zone_id);
    assert_true(st->a.count < 64);
    for (uint32_t i = 0; i < st->a.count; i++) {
        const struct row *r = &st->a.rows[i];
        lines[i][0] = '\0';
        if (type != RRTYPE_ANY && type != r->type)
            continue;
        int n = snprintf(lines[i], sizeof lines[i], "%u %u %d ", r->type, r->ttl_s, r->auth);
        char addr[ADDR_TEXT_SIZE] = "";
        if (r->kind == ROW_ADDR)
            addr_print(&r->addr, addr);
        n += snprintf(lines[i] + n, sizeof lines[i] - (size_t)n, "%s", addr);
        for (size_t k = 0; r->kind != ROW_ADDR && r->kind != ROW_ENT && k < r->bytes.len; k++)
            n += snprintf(lines[i] + n, sizeof lines[i] - (size_t)n, "%02x", r->bytes.bytes[k]);
    }
    qsort(lines, st->a.count, sizeof lines[0], by_text);
    name_print(name, owner);
    size_t len = strlen(text);
    for (uint32_t i = 0; i < st->a.count; i++)
        len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s %s\n", owner, lines[i]);
    assert_true(len < TEXT_MAX);
}

static void add_rows(struct state *st, const struct name *name, int64_t zone_id, char *text)
{
    add_rows_of(st, name, zone_id, RRTYPE_ANY, text);
}

/* --- the universe ----------------------------------------------------------------------------- */

#define NAMES_MAX 1000
static struct name names[NAMES_MAX];
static unsigned name_count, forward_count;

static void add_names_below(const char *apex, unsigned depth)
{
    static const char *const labels[] = {"a", "b", "*", "ns"};
    char text[200];
    names[name_count++] = name_of(apex);
    for (unsigned i = 0; depth && i < sizeof labels / sizeof *labels; i++) {
        snprintf(text, sizeof text, "%s.%s", labels[i], apex);
        add_names_below(text, depth - 1);
    }
}

static const char *const v4[] = {"198.51.100.0",   "198.51.100.1",   "198.51.100.64",
                                 "198.51.100.65",  "198.51.100.130", "198.51.101.7",
                                 "198.51.101.200", "198.51.102.9"};
static const char *const v6[] = {"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "2001:db8:8::8"};

static void add_reverse(const char *text)
{
    struct addr a = addr_of(text);
    struct name n;
    char below[NAME_TEXT_SIZE + 2] = "x.", generated[200];
    arpa_name(&a, &n);
    name_print(&n, below + 2);
    names[name_count++] = name_of(below);
    for (unsigned labels = name_labels(&n); labels > 2; labels--) {
        names[name_count++] = n;
        name_strip(&n, 1, &n);
    }
    snprintf(generated, sizeof generated, "%s.dyn.isp.example", text);
    for (char *p = generated; p < generated + strlen(text); p++)
        *p = *p == '.' || *p == ':' ? '-' : *p;
    if (!strstr(generated, "--"))
        names[name_count++] = name_of(generated);
}

static void make_universe(void)
{
    name_count = 0;
    add_names_below("isp.example", 3);
    add_names_below("a.other.example", 1);
    forward_count = name_count;
    names[name_count++] = name_of("dyn.isp.example");
    for (unsigned i = 0; i < 8; i++)
        add_reverse(v4[i]);
    for (unsigned i = 0; i < 4; i++)
        add_reverse(v6[i]);
    for (unsigned i = 64; i < 68; i++) {
        char text[100];
        snprintf(text, sizeof text, "%u.64/26.100.51.198.in-addr.arpa", i);
        names[name_count++] = name_of(text);
    }
    names[name_count++] = name_of("64/26.100.51.198.in-addr.arpa");
    assert_true(name_count < NAMES_MAX);
}

/* --- what PowerDNS replies, CNAMEs and additional sections aside ------------------------------ */

static void add_ruled(struct state *st, const struct place *ruled, char *text)
{
    const struct name *cut = &ruled->cut->name;
    if (ruled->rule == PLACE_BELOW_DNAME) {
        add_rows_of(st, cut, -1, RRTYPE_DNAME, text);
        return;
    }
    for (unsigned i = 0; i < name_count; i++) {
        struct place p = table_place(st->table, &names[i]);
        if (p.rule != PLACE_FREE && p.cut == ruled->cut)
            add_rows(st, &names[i], -1, text);
    }
}

/* Not its own rows, nor an empty non-terminal: the wildcard below the closest encloser. */
static void add_denial(struct state *st, const struct name *name, char *text)
{
    struct name encloser = *name, star, wildcard;
    do
        name_strip(&encloser, 1, &encloser);
    while (!ask(st, &encloser, -1));
    star = name_of("*");
    assert_int_equal(name_concat(&star, &encloser, &wildcard), 0);
    strcat(text, "denied\n");
    add_rows(st, &wildcard, -1, text);
}

static void reply(struct state *st, const struct name *name, char text[TEXT_MAX])
{
    text[0] = '\0';
    struct place p = table_place(st->table, name);
    if (!p.zone) {
        strcpy(text, "refused\n");
        return;
    }
    if (p.rule != PLACE_FREE)
        add_ruled(st, &p, text);
    else if (ask(st, name, -1))
        add_rows(st, name, -1, text);
    else
        add_denial(st, name, text);
    /* DS at an apex is the zone above's */
    if (name_equal(&p.zone->apex, name) && p.zone->parent != TABLE_NONE)
        add_rows(st, name, st->table->zones[p.zone->parent].id, text);
}

/* --- random models ---------------------------------------------------------------------------- */

static uint64_t seed, flip_seed;
static unsigned flips; /* percent of the decisions that are the other way round */

static bool chance(unsigned percent)
{
    bool flipped = random_next(&flip_seed) % 100 < flips;
    return (random_next(&seed) % 100 < percent) != flipped;
}

static void put_records(struct model *m)
{
    static char texts[NAMES_MAX][NAME_TEXT_SIZE];
    for (unsigned i = 0; i < forward_count; i++) {
        unsigned which = (unsigned)(random_next(&seed) % 6);
        if (!chance(6) || names[i].wire[1] == 'n' || name_labels(&names[i]) < 3)
            continue;
        name_print(&names[i], texts[i]);
        bool wildcard = name_is_wildcard(&names[i]);
        if (which == 0 && !wildcard)
            put_record(m, texts[i], RRTYPE_NS, "ns.a.isp.example.");
        else if (which == 1 && !wildcard)
            put_record(m, texts[i], RRTYPE_DNAME, "elsewhere.example.");
        else
            put_record(m, texts[i], RRTYPE_A, chance(50) ? "192.0.2.1" : "192.0.2.2");
    }
}

static void put_ptrs(struct model *m, bool has_v4, bool has_v6)
{
    static const char *const targets[] = {"ns.b.isp.example", "ns.a.isp.example",
                                          "ns.a.b.isp.example", "h.elsewhere.example"};
    for (unsigned i = 0; i < 8; i++)
        if (chance(25) && has_v4)
            put_ptr(m, v4[i], targets[random_next(&seed) % 4], chance(50) ? 60 : 120, FORWARD_AUTO);
    for (unsigned i = 0; i < 4; i++)
        if (chance(25) && has_v6)
            put_ptr(m, v6[i], targets[random_next(&seed) % 4], 60, FORWARD_UNSAID);
}

static struct model *model_random(void)
{
    struct model *m = model_make();
    bool has_v4 = chance(85), has_v6 = chance(85);
    put_zone(m, "isp.example")->settings.forward_auto = chance(80);
    put_zone(m, "dyn.isp.example");
    if (chance(25))
        put_zone(m, "b.a.isp.example");
    if (chance(10))
        put_zone(m, "a.other.example");
    if (has_v4)
        put_zone(m, "51.198.in-addr.arpa");
    if (chance(25))
        put_zone(m, "100.51.198.in-addr.arpa")->settings.kind =
            chance(50) ? ZONE_PRIMARY : ZONE_NATIVE;
    if (has_v6)
        put_zone(m, "8.b.d.0.1.0.0.2.ip6.arpa");
    if (chance(25)) {
        struct model_zone *z = put_zone(m, "64/26.100.51.198.in-addr.arpa");
        z->settings.classless = true;
        assert_int_equal(prefix_parse("198.51.100.64/26", 16, &z->settings.prefix, NULL), 0);
    }
    if (chance(30))
        put_block(m, "198.51.101.0/24", chance(50) ? "{ip}.dyn.isp.example" : NULL);
    if (chance(20))
        put_block(m, "2001:db8:8::/48", "{ip}.dyn.isp.example");
    put_records(m);
    put_ptrs(m, has_v4, has_v6);
    return m;
}

static struct purge_set *load_purging(struct fixture *f, struct model *m, int64_t now_s)
{
    struct purge_set *set = purge_set_new();
    struct load_wishes wishes = {.purges = set};
    struct table *t = table_make(m);
    assert_int_equal(load_model_wishing(f->store, &wishes, m, t, now_s, 0, NULL, NULL, &f->report,
                                        &f->scratch.diag),
                     0);
    table_free(t);
    model_free(m);
    return set;
}

/* --- the law ---------------------------------------------------------------------------------- */

static bool covered(struct purge_set *set, const struct name *name)
{
    struct purge p;
    uint32_t count = purge_count(set);
    for (uint32_t i = 0; i < count; i++) {
        purge_get(set, i, &p);
        if (p.scope == PURGE_BELOW ? name_within(name, &p.name) : name_equal(name, &p.name))
            return true;
    }
    return purge_all(set);
}

struct seen {
    char text[TEXT_MAX];
    bool exists, apex, ruled, wild; /* wild: text of the wildcard directly below differs */
    char below[TEXT_MAX];
};
static struct seen was[NAMES_MAX], is[NAMES_MAX];

static void look(struct store *store, struct seen *seen)
{
    struct state st;
    struct name star = name_of("*"), wildcard;
    state_open(&st, store);
    for (unsigned i = 0; i < name_count; i++) {
        struct place p = table_place(st.table, &names[i]);
        reply(&st, &names[i], seen[i].text);
        seen[i].exists = ask(&st, &names[i], -1);
        seen[i].apex = p.zone && name_equal(&p.zone->apex, &names[i]);
        seen[i].ruled = p.rule != PLACE_FREE || p.owns_dname;
        seen[i].below[0] = '\0';
        assert_int_equal(name_concat(&star, &names[i], &wildcard), 0);
        add_rows(&st, &wildcard, -1, seen[i].below);
    }
    state_close(&st);
}

static int index_of(const struct name *name)
{
    for (unsigned i = 0; i < name_count; i++)
        if (name_equal(name, &names[i]))
            return (int)i;
    return -1;
}

/* Everything below goes for a zone, a cut or DNAME, a wildcard, or the topmost that came or went.
 */
static void check_reason(const struct purge *p)
{
    struct name up;
    int i = index_of(&p->name);
    if (i < 0 || was[i].apex || is[i].apex || was[i].ruled || is[i].ruled ||
        strcmp(was[i].below, is[i].below) != 0)
        return;
    char text[NAME_TEXT_SIZE];
    name_print(&p->name, text);
    if (was[i].exists == is[i].exists)
        fail_msg("%s$ is purged: it did not come or go", text);
    name_strip(&p->name, 1, &up);
    int k = index_of(&up);
    if (k >= 0 && was[k].exists != is[k].exists)
        fail_msg("%s$ is purged, but the name above came or went too", text);
}

static void check_pair(struct purge_set *set, unsigned *changed, unsigned *needless)
{
    char text[NAME_TEXT_SIZE];
    for (unsigned i = 0; i < name_count; i++) {
        bool differs = strcmp(was[i].text, is[i].text) != 0;
        bool purged = covered(set, &names[i]);
        *changed += differs;
        *needless += purged && !differs;
        name_print(&names[i], text);
        if (differs && !purged)
            fail_msg("%s changed and is not purged\nwas %s\nis %s", text, was[i].text, is[i].text);
    }
    struct purge p;
    uint32_t count = purge_count(set);
    for (uint32_t i = 0; i < count; i++) {
        purge_get(set, i, &p);
        if (p.scope == PURGE_BELOW)
            check_reason(&p);
    }
}

static void every_changed_reply_is_purged(void **state)
{
    struct fixture *f = *state;
    unsigned changed = 0, needless = 0;
    uint64_t start = random_seed("purge_find");
    unsigned rounds = long_test() ? ROUNDS_LONG : ROUNDS_SHORT;
    make_universe();
    seed = flip_seed = start;
    load_ok(f, model_random(), NOW);
    for (unsigned i = 0; i < rounds; i++) {
        seed = start + i / 8; /* seven of eight are small changes of one model */
        flips = i % 8 ? 2 : 0;
        look(f->store, was);
        struct purge_set *set = load_purging(f, model_random(), NOW + 1 + i);
        look(f->store, is);
        check_pair(set, &changed, &needless);
        purge_set_free(set);
    }
    printf("%u rounds, %u replies changed, %u others purged with them\n", rounds, changed,
           needless);
    assert_true(changed > rounds);
}

/* --- small changes ---------------------------------------------------------------------------- */

/* "name name$ ..." in canonical order, apexes whose serial rose as "apex!". */
static void assert_purges(struct purge_set *set, const char *expected)
{
    char text[2000] = "";
    struct purge p;
    uint32_t count = purge_count(set);
    for (uint32_t i = 0; i < count; i++) {
        char name[NAME_TEXT_SIZE];
        purge_get(set, i, &p);
        name_print(&p.name, name);
        sprintf(text + strlen(text), "%s%s%s%s", i ? " " : "", name,
                p.scope == PURGE_BELOW    ? "$"
                : p.scope == PURGE_SERIAL ? "!"
                                          : "",
                p.zone     ? "+"
                : p.notify ? "^"
                           : "");
    }
    assert_string_equal(text, expected);
    purge_set_free(set);
}

static void an_override_is_one_name(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_small(), NOW);
    struct model *m = model_small();
    put_ptr(m, "198.51.100.7", "h.elsewhere.example", 60, FORWARD_UNSAID);
    assert_purges(load_purging(f, m, NOW + 1),
                  "100.51.198.in-addr.arpa! 7.100.51.198.in-addr.arpa");
    assert_purges(load_purging(f, model_small(), NOW + 2),
                  "100.51.198.in-addr.arpa! 7.100.51.198.in-addr.arpa");
    assert_purges(load_purging(f, model_small(), NOW + 3), "");
}

static void derived_names_come_and_go_with_what_is_above(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_small(), NOW);
    struct model *m = model_small();
    put_ptr(m, "198.51.100.7", "www.a.b.isp.example", 60, FORWARD_UNSAID);
    assert_purges(load_purging(f, m, NOW + 1), "100.51.198.in-addr.arpa! "
                                               "7.100.51.198.in-addr.arpa isp.example! "
                                               "b.isp.example$");
    m = model_small();
    put_ptr(m, "198.51.100.7", "mail.isp.example", 60, FORWARD_UNSAID);
    assert_purges(load_purging(f, m, NOW + 2), "100.51.198.in-addr.arpa! "
                                               "7.100.51.198.in-addr.arpa isp.example! "
                                               "b.isp.example$ mail.isp.example");
}

static void an_address_without_a_block_comes_with_what_is_above(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    m->block_count = 1;
    load_ok(f, m, NOW);
    m = model_small();
    m->block_count = 1;
    put_ptr(m, "2001:db8:1::1", "h.elsewhere.example", 60, FORWARD_UNSAID);
    assert_purges(load_purging(f, m, NOW + 1),
                  "8.b.d.0.1.0.0.2.ip6.arpa! 0.8.b.d.0.1.0.0.2.ip6.arpa$");
}

static void a_zone_comes_with_what_is_above(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_small(), NOW);
    struct model *m = model_small();
    put_zone(m, "x.y.isp.example");
    put_zone(m, "new.example");
    assert_purges(load_purging(f, m, NOW + 1),
                  "isp.example! y.isp.example$ x.y.isp.example$+ new.example$+");
    assert_purges(load_purging(f, model_small(), NOW + 2),
                  "isp.example! y.isp.example$ x.y.isp.example$+ new.example$+");
}

static void a_serial_of_a_zone_with_secondaries_counts(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_small();
    m->zones[2].settings.kind = ZONE_PRIMARY;
    load_ok(f, m, NOW);
    m = model_small();
    m->zones[2].settings.kind = ZONE_PRIMARY;
    put_ptr(m, "198.51.100.7", "h.elsewhere.example", 60, FORWARD_UNSAID);
    assert_purges(load_purging(f, m, NOW + 1),
                  "100.51.198.in-addr.arpa^ 7.100.51.198.in-addr.arpa");
}

static void other_blocks_are_other_zones(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_small(), NOW);
    struct model *m = model_small();
    m->blocks[0].text = "host-{ip}.dyn.isp.example";
    assert_purges(load_purging(f, m, NOW + 1), "100.51.198.in-addr.arpa$ dyn.isp.example$");
}

static void a_wildcard_governs_what_is_below(void **state)
{
    struct fixture *f = *state;
    load_ok(f, model_small(), NOW);
    struct model *m = model_small();
    put_record(m, "a.b.isp.example", RRTYPE_A, "192.0.2.1");
    load_ok(f, m, NOW + 1);
    m = model_small();
    put_record(m, "a.b.isp.example", RRTYPE_A, "192.0.2.1");
    put_record(m, "*.b.isp.example", RRTYPE_A, "192.0.2.2");
    assert_purges(load_purging(f, m, NOW + 2), "isp.example! b.isp.example$");
}

/* The row of the PTR stays as it is; the names at which it stands come and go. */
static void addresses_move_with_a_zone_of_rfc_2317(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 3; i++) {
        struct model *m = model_small();
        m->blocks[0].range = range_of("198.51.101.0/24"); /* no names in ours */
        put_ptr(m, "198.51.100.65", "h.elsewhere.example", 60, FORWARD_UNSAID);
        if (i == 1) {
            struct model_zone *z = put_zone(m, "64/26.100.51.198.in-addr.arpa");
            z->settings.classless = true;
            assert_int_equal(prefix_parse("198.51.100.64/26", 16, &z->settings.prefix, NULL), 0);
        }
        struct purge_set *set = load_purging(f, m, NOW + i);
        struct name there = name_of("65.100.51.198.in-addr.arpa");
        struct name here = name_of("65.64/26.100.51.198.in-addr.arpa");
        assert_true(covered(set, &there) && covered(set, &here));
        purge_set_free(set);
    }
}

static void two_hundred_names_are_a_zone(void **state)
{
    struct fixture *f = *state;
    char addr[32];
    load_ok(f, model_small(), NOW);
    for (unsigned count = PURGE_ZONE_MAX - 1; count <= PURGE_ZONE_MAX; count++) {
        struct model *m = model_small();
        for (unsigned i = 1; i <= count; i++) {
            snprintf(addr, sizeof addr, "198.51.100.%u", i < 25 ? i : i + 1);
            put_ptr(m, addr, "h.elsewhere.example", 60 + count, FORWARD_UNSAID);
        }
        struct purge_set *set = load_purging(f, m, NOW + count);
        if (count == PURGE_ZONE_MAX) {
            assert_purges(set, "100.51.198.in-addr.arpa$");
        } else {
            assert_int_equal(purge_count(set), PURGE_ZONE_MAX);
            purge_set_free(set);
        }
    }
}

static void the_first_load_is_everything(void **state)
{
    struct fixture *f = *state;
    struct purge_set *set = load_purging(f, model_small(), NOW);
    assert_true(purge_all(set));
    purge_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_override_is_one_name),
        TEST(derived_names_come_and_go_with_what_is_above),
        TEST(an_address_without_a_block_comes_with_what_is_above),
        TEST(a_zone_comes_with_what_is_above),
        TEST(a_serial_of_a_zone_with_secondaries_counts),
        TEST(other_blocks_are_other_zones),
        TEST(a_wildcard_governs_what_is_below),
        TEST(addresses_move_with_a_zone_of_rfc_2317),
        TEST(two_hundred_names_are_a_zone),
        TEST(the_first_load_is_everything),
        TEST(every_changed_reply_is_purged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
