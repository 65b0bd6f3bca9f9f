/* Random edits: after each one
 *  - a refused or aborted edit left every octet of the store as it was;
 *  - cuts and derived names are what they are when worked out anew from all rows, and what a load
 * of the same zones file makes them;
 *  - the serial of each zone rose iff some answer of it changed: all that `list` gives, and the
 *    names of all addresses of the blocks, both ways. */
#include "support/edited.h"
#include "support/law.h"

static const char zones[] =
    "zones:\n"
    "  - name: isp.example\n"
    "    forward_auto: yes\n"
    "    records:\n"
    "      - {name: www, type: A, content: 192.0.2.1}\n"
    "      - {name: www, type: TXT, content: '\"a\"'}\n"
    "      - {name: alias, type: CNAME, content: www.isp.example}\n"
    "      - {name: cut, type: NS, content: ns.cut.isp.example}\n"
    "      - {name: ns.cut, type: A, content: 192.0.2.9}\n"
    "      - {name: d, type: DNAME, content: elsewhere.example}\n"
    "  - name: dyn.isp.example\n"
    "    records:\n"
    "      - {name: 198-51-100-3, type: A, content: 198.51.100.77}\n"
    "  - {name: deep.dyn.isp.example, forward_auto: yes}\n"
    "  - {name: second.example, kind: secondary, primaries: [192.0.2.77]}\n"
    "  - {prefix: 198.51.100.0/24}\n"
    "  - {prefix: 203.0.113.0/24}\n"
    "  - {prefix: 203.0.113.64/26, zone: '64/26'}\n"
    "  - {prefix: 2001:db8::/32}\n"
    "blocks:\n"
    "  - {prefix: 198.51.100.0/28, name: '{ip}.dyn.isp.example', ttl: 600}\n"
    "  - {range: 198.51.100.4-198.51.100.5, name: none}\n"
    "  - {prefix: 203.0.113.64/28, name: 'c{4}.deep.dyn.isp.example', ttl: 601}\n"
    "  - {prefix: '2001:db8::/124', name: '{n32}.m.dyn.isp.example', ttl: 602}\n"
    "ptrs:\n"
    "  198.51.100.7: {names: [mail.isp.example], ttl: 300}\n"
    "  198.51.100.8: {names: [mail.isp.example, x.deep.dyn.isp.example], ttl: 200}\n"
    "  198.51.100.9: {names: [mail.isp.example], forward: none}\n"
    "  198.51.100.10: {names: [y.dyn.isp.example], forward: auto}\n"
    "  203.0.113.70: {names: [mail.isp.example], ttl: 70}\n"
    "  '2001:db8::5': {names: [mail.isp.example, 198-51-100-2.dyn.isp.example]}\n"
    "delegations:\n"
    "  - {prefix: 198.51.100.128/26, ns: [ns1.customer.example], style: '128/26'}\n";

#define R4 ".100.51.198.in-addr.arpa"
#define RC ".64/26.113.0.203.in-addr.arpa"
#define R6 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

static const char *const owners[] = {"isp.example",
                                     "www.isp.example",
                                     "alias.isp.example",
                                     "cut.isp.example",
                                     "ns.cut.isp.example",
                                     "d.isp.example",
                                     "x.d.isp.example",
                                     "mail.isp.example",
                                     "new.isp.example",
                                     "a.new.isp.example",
                                     "*.new.isp.example",
                                     "dyn.isp.example",
                                     "ns.dyn.isp.example",
                                     "y.dyn.isp.example",
                                     "198-51-100-2.dyn.isp.example",
                                     "198-51-100-3.dyn.isp.example",
                                     "m.dyn.isp.example",
                                     "5.m.dyn.isp.example",
                                     "deep.dyn.isp.example",
                                     "x.deep.dyn.isp.example",
                                     "c66.deep.dyn.isp.example",
                                     "ns.deep.dyn.isp.example",
                                     "second.example",
                                     "x.second.example",
                                     "100.51.198.in-addr.arpa",
                                     "1" R4,
                                     "2" R4,
                                     "3" R4,
                                     "4" R4,
                                     "7" R4,
                                     "8" R4,
                                     "9" R4,
                                     "10" R4,
                                     "x.2" R4,
                                     "130" R4,
                                     "128/26" R4,
                                     "113.0.203.in-addr.arpa",
                                     "66.113.0.203.in-addr.arpa",
                                     "64/26.113.0.203.in-addr.arpa",
                                     "66" RC,
                                     "70" RC,
                                     "71" RC,
                                     "8.b.d.0.1.0.0.2.ip6.arpa",
                                     "5." R6,
                                     "6." R6,
                                     R6,
                                     "0.8.b.d.0.1.0.0.2.ip6.arpa",
                                     "outside.example"};

static const struct {
    const char *type;
    const char *contents[4];
} kinds[] = {
    {"A", {"192.0.2.1", "198.51.100.2", "198.51.100.77", "203.0.113.66"}},
    {"AAAA", {"2001:db8::5", "2001:db8::6", "2001:db8::77", "::1"}},
    {"TXT", {"\"a\"", "\"b\"", "unquoted", "\"\""}},
    {"CNAME", {"www.isp.example", "mail.isp.example", "x.example", "y.example"}},
    {"NS",
     {"ns.dyn.isp.example", "ns.cut.isp.example", "198-51-100-2.dyn.isp.example",
      "x.deep.dyn.isp.example"}},
    {"NS",
     {"ns.deep.dyn.isp.example", "c66.deep.dyn.isp.example", "y.dyn.isp.example", "ns.example"}},
    {"DNAME", {"x.example", "y.example", "isp.example", "d.example"}},
    {"DS",
     {"1 13 2 0000000000000000000000000000000000000000000000000000000000000001",
      "2 13 2 0000000000000000000000000000000000000000000000000000000000000002",
      "3 13 2 0000000000000000000000000000000000000000000000000000000000000003",
      "4 13 2 0000000000000000000000000000000000000000000000000000000000000004"}},
    {"PTR",
     {"mail.isp.example", "x.deep.dyn.isp.example", "y.dyn.isp.example",
      "198-51-100-2.dyn.isp.example"}},
    {"PTR", {"new.isp.example", "a.new.isp.example", "ns.dyn.isp.example", "outside.example"}},
    {"MX", {"10 mail.isp.example", "20 mail.isp.example", "10 x.example", "70000 x.example"}},
    {"SOA",
     {"a. b. 1 1 2 3 4", "a. b. 4000000000 1 2 3 4", "a. b. 2000000000 1 2 3 5",
      "ns1.isp.example hostmaster.isp.example 7 10800 3600 604800 300"}},
};
#define KINDS (sizeof kinds / sizeof *kinds)
#define OWNERS (sizeof owners / sizeof *owners)
#define ZONES 8

static struct edited t;

/* --- answers of all zones --------------------------------------------------------------------- */

struct lines {
    char **line;
    size_t count, capacity;
};

struct view {
    char *answers[ZONES]; /* sorted lines, the SOA's serial left out */
    uint32_t serials[ZONES];
    char *dump, *cuts, *derived, *records;
    struct store_meta meta;
};

static void lines_add(struct lines *l, const char *owner, const struct row *r)
{
    char text[2 * NAME_TEXT_SIZE + 200], row[NAME_TEXT_SIZE + 64];
    edited_row(row, sizeof row, r);
    if (r->type == RRTYPE_SOA) { /* "SOA ttl mname rname SERIAL ..." */
        char *at = row;
        for (unsigned i = 0; i < 4; i++)
            at = strchr(at, ' ') + 1;
        memset(at, '#', strcspn(at, " "));
        char *rest = at + strspn(at, "#");
        memmove(at, rest, strlen(rest) + 1);
    }
    snprintf(text, sizeof text, "%s %s", owner, row);
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? l->capacity * 2 : 256;
        l->line = realloc(l->line, l->capacity * sizeof *l->line);
        assert_non_null(l->line);
    }
    l->line[l->count] = strdup(text);
    assert_non_null(l->line[l->count++]);
}

static int note_row(void *ctx, const struct name *owner, const struct row *row)
{
    char text[NAME_TEXT_SIZE];
    name_print(owner, text);
    lines_add(ctx, text, row);
    return 0;
}

static void ask_name(struct snapshot *s, struct answer *a, const struct zone *z,
                     const struct name *name, struct lines *l)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = z->id};
    if (!name_within(name, &z->apex))
        return;
    assert_int_equal(resolve(s, &q, a), 0);
    for (uint32_t i = 0; i < a->count; i++)
        (void)note_row(l, name, &a->rows[i]);
}

static void ask_block(struct snapshot *s, struct answer *a, const struct zone *z,
                      const struct block *b, struct lines *l)
{
    for (u128 num = b->range.first; b->template && num <= b->range.last; num++) {
        struct addr addr = {.num = num, .family = b->range.family};
        struct name name;
        assert_int_equal(template_generate(b->template, num, &name), 0);
        ask_name(s, a, z, &name, l);
        table_reverse_name(s->table, &addr, &name);
        ask_name(s, a, z, &name, l);
    }
}

static char *lines_join(struct lines *l)
{
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    assert_non_null(f);
    if (l->count)
        qsort(l->line, l->count, sizeof *l->line, edited_by_text);
    for (size_t i = 0; i < l->count; i++) {
        if (i == 0 || strcmp(l->line[i], l->line[i - 1]) != 0)
            fprintf(f, "%s\n", l->line[i]);
    }
    for (size_t i = 0; i < l->count; i++)
        free(l->line[i]);
    free(l->line);
    assert_int_equal(fclose(f), 0);
    return out;
}

static char *answers_of(struct snapshot *s, const struct zone *z)
{
    struct lines l = {.count = 0};
    struct answer a;
    answer_init(&a);
    assert_int_equal(
        resolve_list(s, &z->apex, &a, &(struct list_sink){.emit = note_row, .ctx = &l}),
        PTRD_FOUND);
    for (uint32_t i = 0; i < s->table->v4.count; i++)
        ask_block(s, &a, z, &s->table->v4.blocks[i], &l);
    for (uint32_t i = 0; i < s->table->v6.count; i++)
        ask_block(s, &a, z, &s->table->v6.blocks[i], &l);
    for (unsigned i = 0; i < OWNERS; i++) {
        struct name name = edited_name(owners[i]);
        ask_name(s, &a, z, &name, &l);
    }
    answer_done(&a);
    return lines_join(&l);
}

static void view_take(struct view *v)
{
    struct snapshot s;
    edited_look(&t, &s);
    assert_int_equal(s.table->zone_count, ZONES);
    for (unsigned i = 0; i < ZONES; i++) {
        char apex[NAME_TEXT_SIZE];
        name_print(&s.table->zones[i].apex, apex);
        v->answers[i] = answers_of(&s, &s.table->zones[i]);
        v->serials[i] = edited_serial(&t, apex);
    }
    edited_looked(&s);
    v->dump = edited_dump(&t, UINT32_MAX, &v->meta);
    v->cuts = edited_dump(&t, 1u << STORE_CUTS, &v->meta);
    v->derived = edited_dump(&t, 1u << STORE_DERIVED, &v->meta);
    v->records = edited_dump(&t, 1u << STORE_RECORDS | 1u << STORE_LOCAL_RECORDS, &v->meta);
}

static void view_done(struct view *v)
{
    for (unsigned i = 0; i < ZONES; i++)
        free(v->answers[i]);
    free(v->dump);
    free(v->cuts);
    free(v->derived);
    free(v->records);
}

/* --- cuts and derived names, worked out anew -------------------------------------------------- */

static bool has_rrset(struct snapshot *s, const struct name *owner, uint16_t type)
{
    struct answer a;
    answer_init(&a);
    assert_int_equal(resolve_explicit(s, EXPLICIT_RECORDS, owner, type, &a), 0);
    bool has = a.count > 0;
    answer_done(&a);
    return has;
}

/* Every cut has a row and every row is a cut. */
static void check_cuts(struct snapshot *s)
{
    static const enum store_table tables[] = {STORE_RECORDS, STORE_LOCAL_RECORDS, STORE_CUTS};
    for (unsigned i = 0; i < 3; i++) {
        struct span key = {(const uint8_t *)"", 0}, value;
        int found = store_seek(s->reader, tables[i], key, &key, &value);
        while (found == PTRD_FOUND) {
            uint8_t copy[513], flags = 0, expected = 0;
            struct name owner;
            struct name_key k;
            uint16_t type;
            size_t len = key.len;
            memcpy(copy, key.bytes, len);
            int err = tables[i] == STORE_CUTS ? name_from_key(copy, len, &owner)
                                              : store_read_key_rrset(key, &owner, &type);
            assert_int_equal(err, 0);
            const struct zone *z = table_zone_for(s->table, &owner);
            if (has_rrset(s, &owner, RRTYPE_NS) && !name_equal(&z->apex, &owner))
                expected |= CUT_NS;
            if (has_rrset(s, &owner, RRTYPE_DNAME))
                expected |= CUT_DNAME;
            name_key(&owner, &k);
            found = store_get(s->reader, STORE_CUTS, (struct span){k.bytes, k.len}, &value);
            if (found == PTRD_FOUND)
                assert_int_equal(store_read_cut(value, &flags), 0);
            if (flags != expected)
                fail_msg("cuts: %u is %u", expected, flags);
            copy[len++] = 0;
            found = store_seek(s->reader, tables[i], (struct span){copy, len}, &key, &value);
        }
        assert_int_equal(found, PTRD_ABSENT);
    }
}

static unsigned expect_derived(struct snapshot *s, const struct addr *addr)
{
    struct name owner;
    struct store_buf key = {0};
    struct store_ptr local = {.forward = FORWARD_UNSAID};
    struct span value;
    struct answer a;
    unsigned count = 0;
    answer_init(&a);
    table_reverse_name(s->table, addr, &owner);
    assert_int_equal(resolve_explicit(s, EXPLICIT_RECORDS, &owner, RRTYPE_PTR, &a), 0);
    assert_int_equal(store_key_addr(addr, &key), 0);
    struct span k = {key.bytes, key.len};
    if (store_get(s->reader, STORE_LOCAL_PTRS, k, &value) == PTRD_ABSENT &&
        store_get(s->reader, STORE_PTRS, k, &value) == PTRD_FOUND)
        assert_int_equal(store_read_ptr(value, &local), 0);
    for (uint32_t i = 0; i < a.count; i++) {
        struct name target;
        assert_int_equal(name_from_wire(a.rows[i].bytes.bytes, a.rows[i].bytes.len, &target), 0);
        if (!resolve_derives(s->table, (enum ptr_forward)local.forward, &target))
            continue;
        struct store_rrset row;
        assert_int_equal(store_key_derived(&target, addr, &key), 0);
        k = (struct span){key.bytes, key.len};
        assert_int_equal(store_get(s->reader, STORE_DERIVED, k, &value), PTRD_FOUND);
        assert_int_equal(store_read_rrset(value, &row), 0);
        assert_int_equal(row.ttl_s, a.rows[i].ttl_s);
        count++;
    }
    store_buf_done(&key);
    answer_done(&a);
    return count;
}

static void check_derived(struct snapshot *s)
{
    static const enum store_table tables[] = {STORE_PTRS, STORE_LOCAL_PTRS};
    unsigned expected = 0, there = 0;
    struct span key, value, other;
    for (unsigned i = 0; i < 2; i++) {
        struct addr at[64];
        unsigned count = 0;
        key = (struct span){(const uint8_t *)"", 0};
        int found = store_seek(s->reader, tables[i], key, &key, &value);
        for (; found == PTRD_FOUND; found = store_next(s->reader, tables[i], &key, &value)) {
            if (i == 1 && store_get(s->reader, STORE_PTRS, key, &other) == PTRD_FOUND)
                continue; /* seen */
            assert_true(count < 64);
            assert_int_equal(store_read_key_addr(key, &at[count++]), 0);
        }
        for (unsigned k = 0; k < count; k++)
            expected += expect_derived(s, &at[k]);
    }
    key = (struct span){(const uint8_t *)"", 0};
    int found = store_seek(s->reader, STORE_DERIVED, key, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(s->reader, STORE_DERIVED, &key, &value))
        there++;
    assert_int_equal(there, expected);
}

static void check_indexes(void)
{
    struct snapshot s;
    edited_look(&t, &s);
    check_cuts(&s);
    check_derived(&s);
    edited_looked(&s);
}

/* --- random edits ----------------------------------------------------------------------------- */

static char done[4096]; /* what the edit did, for messages */

static void note(const char *format, ...) PTRD_FORMAT(1, 2);
static void note(const char *format, ...)
{
    size_t at = strlen(done);
    va_list args;
    va_start(args, format);
    vsnprintf(done + at, sizeof done - at, format, args);
    va_end(args);
}

/* -1, or the id of a zone that encloses the name. */
static int64_t random_id(struct edit *e, const char *owner)
{
    struct name name = edited_name(owner);
    const struct table *table = edit_snapshot(e)->table;
    const struct zone *z = table_zone_for(table, &name);
    if (!z || law_below(2))
        return -1;
    while (z->parent != TABLE_NONE && law_below(2))
        z = &table->zones[z->parent];
    return z->id;
}

static int random_replace(struct edit *e)
{
    const char *owner = owners[law_below(OWNERS)], *type = kinds[law_below(KINDS)].type;
    char contents[512] = "";
    unsigned kind = law_below(KINDS), count = law_below(3);
    int64_t id = random_id(e, owner);
    uint32_t ttl_s = law_below(2) ? 300 : 60;
    if (count == 0 && law_below(3) == 0)
        type = "ANY";
    else
        type = kinds[kind].type;
    for (unsigned i = 0; i < count; i++) {
        size_t at = strlen(contents);
        snprintf(contents + at, sizeof contents - at, "%s%s", i ? "\n" : "",
                 kinds[kind].contents[law_below(4)]);
    }
    note("replace %lld %s %u %s [%s]; ", (long long)id, owner, ttl_s, type, contents);
    return edited_replace(&t, e, id, owner, type, ttl_s, contents);
}

static int random_add(struct edit *e)
{
    const char *owner = owners[law_below(OWNERS)];
    unsigned kind = law_below(KINDS);
    int64_t id = random_id(e, owner);
    const char *content = kinds[kind].contents[law_below(4)];
    note("add %lld %s %s %s; ", (long long)id, owner, kinds[kind].type, content);
    return edited_add(&t, e, id, owner, kinds[kind].type, 120, content);
}

static int random_drop(struct edit *e)
{
    struct name name = edited_name(owners[law_below(OWNERS)]);
    char text[NAME_TEXT_SIZE];
    name_print(&name, text);
    bool all = law_below(6) == 0;
    note("drop %s; ", all ? "all" : text);
    return edit_drop_local(e, all ? NULL : &name, RRTYPE_ANY, &t.diag);
}

static int random_feed(struct edit *e)
{
    const struct table *table = edit_snapshot(e)->table;
    const struct zone *z = &table->zones[law_below(ZONES)];
    char apex[NAME_TEXT_SIZE];
    name_print(&z->apex, apex);
    note("feed %s; ", apex);
    int err = edit_replace_zone(e, &z->apex, &t.diag);
    if (err == PTRD_FOUND)
        err = edited_add(&t, e, z->id, apex, "SOA", 60,
                         law_below(2) ? "a. b. 5 1 2 3 4" : "a. b. 3000000000 1 2 3 4");
    if (err == 0)
        err = edited_add(&t, e, z->id, apex, "NS", 60, "ns.example");
    for (unsigned i = 0; err == 0 && i < 12; i++) {
        const char *owner = owners[law_below(OWNERS)];
        struct name name = edited_name(owner);
        unsigned kind = law_below(KINDS);
        if (!name_within(&name, &z->apex) || kind == KINDS - 1)
            continue;
        note("fed %s %s; ", owner, kinds[kind].type);
        err = edited_add(&t, e, z->id, owner, kinds[kind].type, 60,
                         kinds[kind].contents[law_below(3)]);
    }
    return err;
}

static int random_edit(struct edit *e)
{
    unsigned count = 1 + law_below(3);
    int err = 0;
    done[0] = '\0';
    for (unsigned i = 0; err >= 0 && i < count; i++)
        switch (law_below(12)) {
        case 0:
            err = random_drop(e);
            break;
        case 1:
            err = law_below(2) ? random_feed(e) : random_replace(e);
            break;
        case 2:
        case 3:
            err = random_add(e);
            break;
        default:
            err = random_replace(e);
            break;
        }
    return err;
}

/* --- the law ---------------------------------------------------------------------------------- */

#define SECOND "second.example"

static void check_serials(const struct view *was, const struct view *is)
{
    struct snapshot s;
    edited_look(&t, &s);
    for (unsigned i = 0; i < ZONES; i++) {
        char apex[NAME_TEXT_SIZE];
        name_print(&s.table->zones[i].apex, apex);
        bool changed = strcmp(was->answers[i], is->answers[i]) != 0;
        int32_t ahead = (int32_t)(is->serials[i] - was->serials[i]);
        if (strcmp(apex, SECOND) == 0)
            continue;
        if (ahead < 0 || (changed && ahead == 0) ||
            (!changed && ahead != 0 && !strstr(done, "SOA") && !strstr(done, "feed")))
            fail_msg("%s: serial %u, was %u; answers %s", apex, is->serials[i], was->serials[i],
                     changed ? "changed" : "are the same");
    }
    edited_looked(&s);
}

static void check_accepted(const struct view *was, const struct view *is)
{
    bool same = strcmp(was->dump, is->dump) == 0;
    if (same)
        assert_memory_equal(&was->meta, &is->meta, sizeof was->meta);
    else
        assert_int_equal(is->meta.data, was->meta.data + 1);
    assert_int_equal(is->meta.structure - was->meta.structure,
                     strcmp(was->cuts, is->cuts) != 0 ? 1 : 0);
    check_indexes();
    check_serials(was, is);
}

static void check_reload(const struct view *was, int64_t now_s)
{
    struct store_meta meta;
    loaded_load_elsewhere(&t.loaded, zones, now_s);
    char *cuts = edited_dump(&t, 1u << STORE_CUTS, &meta);
    char *derived = edited_dump(&t, 1u << STORE_DERIVED, &meta);
    assert_string_equal(cuts, was->cuts);
    assert_string_equal(derived, was->derived);
    free(cuts);
    free(derived);
}

static void random_edits_keep_everything_consistent(void **state)
{
    unsigned rounds = law_rounds(250), accepted = 0;
    struct view was, is;
    (void)state;
    law_seed();
    edited_start(&t, zones, 100);
    view_take(&was);
    for (unsigned i = 0; i < rounds; i++) {
        struct edit *e = edited_begin(&t);
        int err = random_edit(e);
        print_message("%u: %s\n", i, done);
        if (err >= 0 && law_below(10)) {
            err = edit_commit(e, 200 + i, &t.diag);
        } else {
            edit_abort(e);
            err = err < 0 ? err : -1;
        }
        view_take(&is);
        if (err < 0) {
            assert_string_equal(was.dump, is.dump);
            assert_memory_equal(&was.meta, &is.meta, sizeof was.meta);
        } else {
            accepted++;
            check_accepted(&was, &is);
            if (i % 10 == 0)
                check_reload(&is, 200 + i);
        }
        view_done(&was);
        was = is;
        if (err >= 0 && i % 10 == 0) { /* the load may have raised serials */
            view_done(&was);
            view_take(&was);
        }
    }
    view_done(&was);
    print_message("%u of %u edits accepted\n", accepted, rounds);
    assert_true(accepted > rounds / 10);
    edited_stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_edits_keep_everything_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
