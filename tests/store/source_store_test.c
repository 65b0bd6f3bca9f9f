/* What is in force of a store, as a model: each case is a zones file that was loaded, what PowerDNS
 * edited since, and the zones file that says the same as both together. */
#include "store_support.h"
#include "support/loaded.h"

#include "ptrd/check/model.h"
#include "ptrd/source/print.h"
#include "ptrd/source/store.h"

/* --- local rows ------------------------------------------------------------------------------- */

enum { LOCAL_MAX = 8 };

struct local {
    enum store_table table;
    const char *owner; /* or the address; metadata: the zone */
    const char *type;  /* or the kind of metadata */
    uint32_t ttl_s;
    const char *contents; /* by ';'; "" is a tombstone */
};

struct one_case {
    const char *what;
    const char *source;
    struct local local[LOCAL_MAX];
    const char *in_force;
};

/* The next of a list by ';'. */
static bool next_part(const char **list, const char **part, size_t *len)
{
    if (!**list)
        return false;
    *part = *list;
    *len = strcspn(*list, ";");
    *list += *len + ((*list)[*len] == ';');
    return true;
}

static void write_metadata(struct store_writer *w, const struct local *l)
{
    struct store_buf key = {0}, value = {0};
    struct name apex = name_of(l->owner);
    struct store_zone_id id;
    struct span found, items[8];
    const char *list = l->contents, *part;
    unsigned count = 0;
    size_t len;
    assert_int_equal(store_key_name(&apex, &key), 0);
    assert_int_equal(store_writer_get(w, STORE_ZONE_IDS, span_buf(&key), &found), PTRD_FOUND);
    assert_int_equal(store_read_zone_id(found, &id), 0);
    while (next_part(&list, &part, &len))
        items[count++] = (struct span){(const uint8_t *)part, len};
    assert_int_equal(store_key_metadata(id.id, l->type, &key), 0);
    assert_int_equal(store_write_strings(items, count, &value), 0);
    assert_int_equal(store_put(w, STORE_LOCAL_METADATA, span_buf(&key), span_buf(&value)), 0);
    store_buf_done(&key);
    store_buf_done(&value);
}

static void write_ptrs(struct store_writer *w, const struct local *l)
{
    struct store_buf key = {0}, value = {0}, names = {0};
    struct addr addr = addr_of(l->owner);
    const char *list = l->contents, *part;
    size_t len;
    while (next_part(&list, &part, &len)) {
        struct name name;
        assert_int_equal(name_parse(part, len, &name, NULL), 0);
        assert_int_equal(store_append_name(&name, &names), 0);
    }
    struct store_ptr p = {.ttl_s = l->ttl_s, .names = span_buf(&names)};
    assert_int_equal(store_key_addr(&addr, &key), 0);
    assert_int_equal(store_write_ptr(&p, &value), 0);
    assert_int_equal(store_put(w, STORE_LOCAL_PTRS, span_buf(&key), span_buf(&value)), 0);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&names);
}

static void write_rrset(struct store_writer *w, const struct local *l)
{
    struct store_buf key = {0}, value = {0}, contents = {0};
    struct name owner = name_of(l->owner);
    uint16_t type;
    const char *list = l->contents, *part;
    size_t len;
    assert_int_equal(rrtype_parse(l->type, strlen(l->type), &type), 0);
    while (next_part(&list, &part, &len))
        assert_int_equal(store_append_content(part, len, &contents), 0);
    struct store_rrset set = {.ttl_s = l->ttl_s, .contents = span_buf(&contents)};
    assert_int_equal(store_key_rrset(&owner, type, &key), 0);
    assert_int_equal(store_write_rrset(&set, &value), 0);
    assert_int_equal(store_put(w, l->table, span_buf(&key), span_buf(&value)), 0);
    store_buf_done(&key);
    store_buf_done(&value);
    store_buf_done(&contents);
}

static void write_local(struct store *s, const struct local *local)
{
    struct store_writer *w;
    struct store_meta meta;
    struct diag diag;
    assert_int_equal(store_write_begin(s, 0, &w, &meta, &diag), 0);
    for (unsigned i = 0; i < LOCAL_MAX && local[i].owner; i++) {
        if (local[i].table == STORE_LOCAL_METADATA)
            write_metadata(w, &local[i]);
        else if (local[i].table == STORE_LOCAL_PTRS)
            write_ptrs(w, &local[i]);
        else
            write_rrset(w, &local[i]);
    }
    assert_int_equal(store_write_commit(w, &meta, &diag), 0);
}

/* --- models as text --------------------------------------------------------------------------- */

static void say_name(FILE *f, const struct name *name)
{
    char text[NAME_TEXT_SIZE] = "-";
    if (name->len)
        name_print(name, text);
    fprintf(f, " %s", text);
}

static void say_zone(FILE *f, const struct model_zone *z, bool loaded)
{
    const struct store_zone *s = &z->settings;
    fprintf(f, "zone");
    say_name(f, &z->apex);
    say_name(f, &s->soa.mname);
    say_name(f, &s->soa.rname);
    fprintf(f, " %u %u %u %u ttl %u auto %d kind %d", s->soa.refresh_s, s->soa.retry_s,
            s->soa.expire_s, s->soa.minimum_s, s->ttl_s, s->forward_auto, s->kind);
    if (loaded)
        fprintf(f, " serial %u", z->serial);
    else
        fprintf(f, " listed %d", z->listed_ns);
    if (s->classless)
        fprintf(f, " classless %x/%u cnames %d", (unsigned)s->prefix.num, s->prefix.len,
                !s->no_cnames);
    for (unsigned i = 0; i < s->primary_count; i++) {
        char text[ADDR_TEXT_SIZE];
        addr_print(&s->primaries[i].addr, text);
        fprintf(f, " %s:%u", text, s->primaries[i].port);
    }
    for (unsigned i = 0; i < z->metadata_count; i++) {
        fprintf(f, " %s", z->metadata[i].kind);
        for (unsigned k = 0; k < z->metadata[i].value_count; k++)
            fprintf(f, "=%s", z->metadata[i].values[k]);
    }
    fprintf(f, "\n");
}

static void say_records(FILE *f, const char *what, const struct model_record *r, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char type[RRTYPE_TEXT_SIZE];
        rrtype_print(r[i].type, type);
        fprintf(f, "%s", what);
        say_name(f, &r[i].owner);
        fprintf(f, " %u %s %.*s", r[i].ttl_s, type, (int)r[i].content_len, r[i].content);
        if (*what == 'a')
            say_name(f, &r[i].in);
        fprintf(f, "%s\n", r[i].made ? " made" : "");
    }
}

static void say_delegation(FILE *f, const struct model_delegation *d)
{
    char prefix[RANGE_TEXT_SIZE];
    prefix_print(&d->prefix, prefix);
    fprintf(f, "delegation %s %u", prefix, d->ttl_s);
    say_name(f, &d->child);
    for (unsigned i = 0; i < d->ns_count; i++)
        say_name(f, &d->ns[i]);
    for (unsigned i = 0; i < d->ds_count; i++)
        fprintf(f, " %s", d->ds[i]);
    fprintf(f, "\n");
}

static void say_rest(FILE *f, const struct model *m)
{
    for (uint32_t i = 0; i < m->block_count; i++) {
        char range[RANGE_TEXT_SIZE];
        range_print(&m->blocks[i].range, range);
        fprintf(f, "block %s %s %u\n", range, m->blocks[i].text ? m->blocks[i].text : "none",
                m->blocks[i].text ? m->blocks[i].ttl_s : 0);
    }
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        const struct model_ptr *p = &m->ptrs[i];
        struct addr addr = {.num = p->num, .family = (enum family)p->family};
        struct span wire = model_target(m, p);
        struct name name;
        char text[ADDR_TEXT_SIZE];
        assert_int_equal(name_from_wire(wire.bytes, wire.len, &name), 0);
        addr_print(&addr, text);
        fprintf(f, "ptr %s %u", text, p->ttl_s == MODEL_TTL_UNSAID ? 3600 : p->ttl_s);
        say_name(f, &name);
        fprintf(f, " %u\n", p->forward);
    }
}

/* Everything that a model says, a line each; free it. loaded: with the serials, and without how the
 * NS were written, which a load forgets. */
static char *said(const struct model *m, bool loaded)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    for (uint32_t i = 0; i < m->zone_count; i++)
        say_zone(f, &m->zones[i], loaded);
    for (uint32_t i = 0; i < m->delegation_count; i++)
        say_delegation(f, &m->delegations[i]);
    say_records(f, "record", m->records, m->record_count);
    say_records(f, "above", m->above, m->above_count);
    say_rest(f, m);
    fclose(f);
    return text;
}

/* Frees both. */
static void assert_same_text(const char *what, char *got, char *wanted)
{
    const char *a = got, *b = wanted;
    while (*a && *b) {
        size_t a_len = strcspn(a, "\n"), b_len = strcspn(b, "\n");
        if (a_len != b_len || memcmp(a, b, a_len) != 0)
            break;
        a += a_len + 1;
        b += b_len + 1;
    }
    if (*a || *b)
        fail_msg("%s:\nin force: %.*s\nexpected: %.*s", what, (int)strcspn(a, "\n"), a,
                 (int)strcspn(b, "\n"), b);
    free(got);
    free(wanted);
}

/* --- the cases -------------------------------------------------------------------------------- */

static struct model *read_store(struct store *s)
{
    struct model *m;
    struct diag diag = {.file = NULL};
    if (source_store_read(s, "the store", &m, &diag))
        fail_msg("%u:%u: %s", diag.line, diag.column, diag.message);
    for (uint32_t i = 0; i < m->record_count; i++)
        assert_int_equal(m->records[i].place.line | m->records[i].place.column, 0);
    for (uint32_t i = 0; i < m->delegation_count; i++)
        assert_int_equal(m->delegations[i].place.line | m->delegations[i].place.column, 0);
    return m;
}

/* Printed and loaded into an empty directory it is in force there, serials included. */
static void assert_loads_again(const char *what, const struct model *m)
{
    struct loaded l;
    struct table *t = NULL;
    struct store *s = NULL;
    struct model *read = NULL;
    struct load_report report;
    struct diag diag = {.file = NULL};
    loaded_make(&l);
    FILE *f = fopen(l.zones, "w");
    assert_non_null(f);
    assert_int_equal(source_print(f, m), 0);
    assert_int_equal(fclose(f), 0);
    if (source_file_read(l.zones, &read, NULL, NULL, &diag) || check_model(read, &t, &diag) ||
        store_open(l.dir, STORE_OPEN_CREATE, &s, &diag) ||
        load_model(s, read, t, 1800000000, 0, NULL, NULL, &report, &diag))
        fail_msg("%s, printed, line %u: %s", what, diag.line, diag.message);
    struct model *again = read_store(s);
    assert_same_text(what, said(again, true), said(m, true));
    model_free(again);
    model_free(read);
    table_free(t);
    store_close(s);
    loaded_remove(&l);
}

static void run_case(const struct one_case *c)
{
    struct loaded l, other;
    struct store *s = NULL;
    struct diag diag = {.file = NULL};
    loaded_make(&l);
    loaded_make(&other);
    loaded_load(&l, c->source, 1700000000);
    assert_int_equal(store_open(l.dir, STORE_OPEN_CREATE, &s, &diag), 0);
    write_local(s, c->local);
    struct model *m = read_store(s);
    struct model *wanted = loaded_read(&other, c->in_force ? c->in_force : c->source);
    assert_same_text(c->what, said(m, false), said(wanted, false));
    assert_loads_again(c->what, m);
    model_free(m);
    model_free(wanted);
    store_close(s);
    loaded_remove(&l);
    loaded_remove(&other);
}

#define ISP                                                                                        \
    "zones:\n"                                                                                     \
    "  - name: isp.example\n"                                                                      \
    "    metadata: {ALLOW-AXFR-FROM: [192.0.2.1], ALSO-NOTIFY: [192.0.2.2]}\n"                     \
    "    records:\n"
#define A_RECORD "      - {name: www, type: A, content: 192.0.2.1}\n"
#define ZONE_198 "  - prefix: 198.51.100.0/24\n"
#define ZONE_203 "  - prefix: 203.0.113.0/24\n"
#define ZONE_64 "  - {prefix: 203.0.113.64/30, zone: \"64/30\"}\n"
#define ZONE_V6 "  - prefix: 2001:db8::/32\n"
#define SECONDARY                                                                                  \
    "  - {name: sec.example, kind: secondary, primaries: [192.0.2.7, \"[2001:db8::7]:5300\"]}\n"
#define ALL ISP A_RECORD ZONE_198 ZONE_203 ZONE_64 ZONE_V6 SECONDARY
#define BLOCKS "blocks:\n  - {prefix: 198.51.100.0/24, name: \"{ip}.isp.example\"}\n"
#define BLOCKS_203 "blocks:\n  - {prefix: 203.0.113.0/24, name: \"{ip}.isp.example\"}\n"
#define DS "12345 13 2 0011223344556677889900112233445566778899001122334455667788990011"

static const struct one_case records[] = {
    {.what = "nothing local: what was loaded", .source = ALL BLOCKS},
    {.what = "a local RRset stands in front of the source's",
     .source = ISP A_RECORD "      - {name: www, type: AAAA, content: \"2001:db8::1\"}\n",
     .local = {{STORE_LOCAL_RECORDS, "www.isp.example", "A", 60, "192.0.2.8;192.0.2.9"},
               {STORE_LOCAL_RECORDS, "new.isp.example", "TXT", 61, "\"x\""}},
     .in_force = ISP "      - {name: www, type: A, ttl: 60, content: 192.0.2.8}\n"
                     "      - {name: www, type: A, ttl: 60, content: 192.0.2.9}\n"
                     "      - {name: www, type: AAAA, content: \"2001:db8::1\"}\n"
                     "      - {name: new, type: TXT, ttl: 61, content: '\"x\"'}\n"},
    {.what = "a tombstone leaves out, and hides no CNAME",
     .source = ISP A_RECORD "      - {name: a, type: CNAME, content: isp.example}\n",
     .local = {{STORE_LOCAL_RECORDS, "www.isp.example", "A", 0, ""},
               {STORE_LOCAL_RECORDS, "a.isp.example", "TXT", 0, ""}},
     .in_force = ISP "      - {name: a, type: CNAME, content: isp.example}\n"},
    {.what = "a local CNAME hides the source's rows of its name, and no others",
     .source = ISP A_RECORD "      - {name: www, type: TXT, content: '\"x\"'}\n"
                            "      - {name: a.www, type: A, content: 192.0.2.3}\n",
     .local = {{STORE_LOCAL_RECORDS, "www.isp.example", "CNAME", 60, "isp.example."}},
     .in_force = ISP "      - {name: www, type: CNAME, ttl: 60, content: isp.example}\n"
                     "      - {name: a.www, type: A, content: 192.0.2.3}\n"},
    {.what = "a source CNAME is hidden by any local RRset of its name",
     .source = ISP "      - {name: a, type: CNAME, content: isp.example}\n"
                   "      - {name: b.a, type: CNAME, content: isp.example}\n"
                   "      - {name: aa, type: CNAME, content: isp.example}\n",
     .local = {{STORE_LOCAL_RECORDS, "a.isp.example", "TXT", 60, "\"x\""},
               {STORE_LOCAL_RECORDS, "aa.isp.example", "A", 0, ""}},
     .in_force = ISP "      - {name: a, type: TXT, ttl: 60, content: '\"x\"'}\n"
                     "      - {name: b.a, type: CNAME, content: isp.example}\n"
                     "      - {name: aa, type: CNAME, content: isp.example}\n"},
    {.what = "local rows of no zone are not in force",
     .source = ISP A_RECORD,
     .local = {{STORE_LOCAL_RECORDS, "www.gone.example", "A", 60, "192.0.2.8"},
               {STORE_LOCAL_PTRS, "192.0.2.1", "", 60, "x.isp.example"},
               {STORE_LOCAL_ABOVE, "isp.example", "DS", 60, DS}}},
};

#define PTRS                                                                                       \
    "ptrs:\n"                                                                                      \
    "  198.51.100.1: www.isp.example\n"                                                            \
    "  198.51.100.2: www.isp.example\n"                                                            \
    "  198.51.100.3: www.isp.example\n"                                                            \
    "  203.0.113.65: www.isp.example\n"                                                            \
    "  203.0.113.66: www.isp.example\n"

static const struct one_case ptrs[] = {
    {.what = "local PTRs and tombstones",
     .source = ALL PTRS,
     .local = {{STORE_LOCAL_PTRS, "198.51.100.1", "", 60, "a.isp.example;b.isp.example"},
               {STORE_LOCAL_PTRS, "198.51.100.2", "", 0, ""},
               {STORE_LOCAL_PTRS, "203.0.113.65", "", 0, ""},
               {STORE_LOCAL_PTRS, "2001:db8::1", "", 61, "c.isp.example"}},
     .in_force = ALL "ptrs:\n"
                     "  198.51.100.1: {names: [a.isp.example, b.isp.example], ttl: 60}\n"
                     "  198.51.100.3: www.isp.example\n"
                     "  203.0.113.66: www.isp.example\n"
                     "  \"2001:db8::1\": {names: [c.isp.example], ttl: 61}\n"},
    {.what = "a local CNAME at the PTR name of an address hides its PTRs, a tombstone does not",
     .source = ALL PTRS,
     .local = {{STORE_LOCAL_RECORDS, "3.100.51.198.in-addr.arpa", "CNAME", 60, "x.example."},
               {STORE_LOCAL_RECORDS, "2.100.51.198.in-addr.arpa", "CNAME", 0, ""},
               {STORE_LOCAL_RECORDS, "65.64/30.113.0.203.in-addr.arpa", "CNAME", 60, "x.example."}},
     .in_force = ISP A_RECORD ZONE_198
     "    records:\n"
     "      - {name: 3, type: CNAME, ttl: 60, content: x.example}\n" ZONE_203
     "  - prefix: 203.0.113.64/30\n    zone: \"64/30\"\n    records:\n"
     "      - {name: 65, type: CNAME, ttl: 60, content: x.example}\n" ZONE_V6 SECONDARY "ptrs:\n"
     "  198.51.100.1: www.isp.example\n"
     "  198.51.100.2: www.isp.example\n"
     "  203.0.113.66: www.isp.example\n"},
    {.what = "a source CNAME at the PTR name of an address is hidden by local PTRs",
     .source = ISP A_RECORD ZONE_198
     "    records:\n"
     "      - {name: 3, type: CNAME, content: x.example}\n"
     "      - {name: 4, type: CNAME, content: x.example}\n"
     "      - {name: \"4.4\", type: CNAME, content: x.example}\n" ZONE_203,
     .local = {{STORE_LOCAL_PTRS, "198.51.100.3", "", 60, "a.isp.example"},
               {STORE_LOCAL_PTRS, "198.51.100.4", "", 0, ""}},
     .in_force =
         ISP A_RECORD ZONE_198 "    records:\n"
                               "      - {name: 4, type: CNAME, content: x.example}\n"
                               "      - {name: \"4.4\", type: CNAME, content: x.example}\n" ZONE_203
                               "ptrs:\n  198.51.100.3: {names: [a.isp.example], ttl: 60}\n"},
};

static const struct one_case zones[] = {
    {.what = "local metadata",
     .source = ISP A_RECORD,
     .local = {{STORE_LOCAL_METADATA, "isp.example", "ALSO-NOTIFY", 0, "192.0.2.3;192.0.2.4"},
               {STORE_LOCAL_METADATA, "isp.example", "ALLOW-AXFR-FROM", 0, ""},
               {STORE_LOCAL_METADATA, "isp.example", "AAA", 0, "1"}},
     .in_force = "zones:\n  - name: isp.example\n"
                 "    metadata: {AAA: [\"1\"], ALSO-NOTIFY: [192.0.2.3, 192.0.2.4]}\n"
                 "    records:\n" A_RECORD},
    {.what = "a local SOA gives fields and TTL; the NS keep theirs",
     .source = ISP A_RECORD ZONE_198,
     .local = {{STORE_LOCAL_RECORDS, "isp.example", "SOA", 1800,
                "ns9.isp.example. host\\.master.isp.example. 0 1 2 3 4"}},
     .in_force = "zones:\n  - name: isp.example\n    ttl: 1800\n"
                 "    soa: {mname: ns9.isp.example, rname: \"host\\\\.master.isp.example\", "
                 "refresh: 1, retry: 2, expire: 3, minimum: 4}\n"
                 "    metadata: {ALLOW-AXFR-FROM: [192.0.2.1], ALSO-NOTIFY: [192.0.2.2]}\n"
                 "    records:\n"
                 "      - {name: \"@\", type: NS, ttl: 3600, content: ns1.out.example}\n"
                 "      - {name: www, type: A, ttl: 3600, content: 192.0.2.1}\n" ZONE_198},
    {.what = "local NS of an apex",
     .source = ISP A_RECORD,
     .local = {{STORE_LOCAL_RECORDS, "isp.example", "NS", 3600, "ns8.out.example."}},
     .in_force = ISP A_RECORD "      - {name: \"@\", type: NS, content: ns8.out.example}\n"},
    {.what = "NS with a TTL of their own",
     .source = ISP A_RECORD "      - {name: \"@\", type: NS, ttl: 77, content: ns8.out.example}\n"},
    {.what = "what a zone holds above another",
     .source = ISP A_RECORD "      - {name: sub, type: DS, content: \"" DS "\"}\n"
                            "      - {name: ns.sub, type: A, content: 192.0.2.3}\n"
                            "      - {name: ns2.sub, type: A, content: 192.0.2.4}\n"
                            "  - name: sub.isp.example\n",
     .local = {{STORE_LOCAL_ABOVE, "sub.isp.example", "NS", 60, "ns.sub.isp.example."},
               {STORE_LOCAL_ABOVE, "sub.isp.example", "DS", 0, ""},
               {STORE_LOCAL_ABOVE, "ns.sub.isp.example", "A", 61, "192.0.2.5"}},
     .in_force =
         ISP A_RECORD "      - {name: sub, type: NS, ttl: 60, content: ns.sub.isp.example}\n"
                      "      - {name: ns.sub, type: A, ttl: 61, content: 192.0.2.5}\n"
                      "      - {name: ns2.sub, type: A, content: 192.0.2.4}\n"
                      "  - name: sub.isp.example\n"},
};

#define TO_CUSTOMER "ns: [ns2.customer.example, ns1.customer.example]"
#define D_64 "  - {prefix: 198.51.100.64/30, style: \"64/30\", ttl: 600, " TO_CUSTOMER "}\n"
#define D_192 "  - {prefix: 198.51.100.192/31, " TO_CUSTOMER "}\n"
#define D_V6 "  - {prefix: \"2001:db8:1::/48\", " TO_CUSTOMER ", ds: [\"" DS "\"]}\n"
#define D_OURS "  - {prefix: 203.0.113.64/30, style: \"64/30\", ttl: 601, " TO_CUSTOMER "}\n"
#define DELEGATIONS "delegations:\n" D_64 D_192 D_V6 D_OURS
#define CNAMES                                                                                     \
    "      - {name: 64, type: CNAME, ttl: 600, content: 64.64/30.100.51.198.in-addr.arpa}\n"       \
    "      - {name: 65, type: CNAME, ttl: 600, content: 65.64/30.100.51.198.in-addr.arpa}\n"       \
    "      - {name: 66, type: CNAME, ttl: 600, content: 66.64/30.100.51.198.in-addr.arpa}\n"       \
    "      - {name: 67, type: CNAME, ttl: 600, content: 67.64/30.100.51.198.in-addr.arpa}\n"

#define ZONE_64_BARE "  - {prefix: 203.0.113.64/30, zone: \"64/30\", cnames: no}\n"
#define WIDE "zones:\n  - prefix: 203.0.0.0/16\n"
#define WIDE_CUT "      - {name: 113, type: NS, ttl: 60, content: ns.x.example}\n"
#define WIDE_NS                                                                                    \
    "      - {name: 64/30.113, type: NS, ttl: 601, content: ns1.customer.example}\n"               \
    "      - {name: 64/30.113, type: NS, ttl: 601, content: ns2.customer.example}\n"
#define WIDE_CNAME(octet, ttl)                                                                     \
    "      - {name: " #octet ".113, type: CNAME" ttl ", content: " #octet                          \
    ".64/30.113.0.203.in-addr.arpa}\n"
#define WIDE_CNAMES WIDE_CNAME(64, "") WIDE_CNAME(65, "") WIDE_CNAME(66, "") WIDE_CNAME(67, "")
#define WIDE_CNAMES_601                                                                            \
    WIDE_CNAME(64, ", ttl: 601")                                                                   \
    WIDE_CNAME(65, ", ttl: 601") WIDE_CNAME(66, ", ttl: 601") WIDE_CNAME(67, ", ttl: 601")

static const struct one_case delegations[] = {
    {.what = "delegations as loaded", .source = ALL BLOCKS DELEGATIONS},
    {.what = "edits beside delegations leave them",
     .source = ALL BLOCKS DELEGATIONS,
     .local = {{STORE_LOCAL_RECORDS, "9.100.51.198.in-addr.arpa", "NS", 60,
                "ns1.customer.example."},
               {STORE_LOCAL_RECORDS, "x.isp.example", "TXT", 60, "\"x\""}},
     .in_force = ISP A_RECORD
     "      - {name: x, type: TXT, ttl: 60, content: '\"x\"'}\n" ZONE_198 "    records:\n"
     "      - {name: 9, type: NS, ttl: 60, content: ns1.customer.example}\n" ZONE_203 ZONE_64
         ZONE_V6 SECONDARY BLOCKS DELEGATIONS},
    {.what = "local NS at a cut: the rest of the delegation becomes records",
     .source = ALL DELEGATIONS,
     .local = {{STORE_LOCAL_RECORDS, "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "NS", 60, "ns.x.example."},
               {STORE_LOCAL_RECORDS, "192.100.51.198.in-addr.arpa", "NS", 0, ""}},
     .in_force = ISP A_RECORD ZONE_198
     "    records:\n"
     "      - {name: 193, type: NS, content: ns1.customer.example}\n"
     "      - {name: 193, type: NS, content: ns2.customer.example}\n" ZONE_203 ZONE_64 ZONE_V6
     "    records:\n"
     "      - {name: 1.0.0.0, type: NS, ttl: 60, content: ns.x.example}\n"
     "      - {name: 1.0.0.0, type: DS, content: \"" DS "\"}\n" SECONDARY
     "delegations:\n" D_64 D_OURS},
    {.what = "the same of RFC 2317: the addresses still generate nothing",
     .source = ALL BLOCKS DELEGATIONS,
     .local = {{STORE_LOCAL_RECORDS, "64/30.100.51.198.in-addr.arpa", "NS", 60, "ns.x.example."}},
     .in_force = ISP A_RECORD ZONE_198
     "    records:\n"
     "      - {name: 64/30, type: NS, ttl: 60, content: ns.x.example}\n" CNAMES ZONE_203 ZONE_64
         ZONE_V6 SECONDARY BLOCKS "  - {prefix: 198.51.100.64/30, name: none}\n"
     "delegations:\n" D_192 D_V6 D_OURS},
    {.what = "the same with blocks inside the prefix",
     .source = ALL BLOCKS "  - {prefix: 198.51.100.66/32, name: \"six.isp.example\"}\n"
                          "  - {range: 198.51.100.67-198.51.100.69, name: \"x{4}.isp.example\"}\n"
                          "delegations:\n" D_64,
     .local = {{STORE_LOCAL_RECORDS, "65.100.51.198.in-addr.arpa", "CNAME", 0, ""}},
     .in_force = ISP A_RECORD ZONE_198
     "    records:\n"
     "      - {name: 64/30, type: NS, ttl: 600, content: ns1.customer.example}\n"
     "      - {name: 64/30, type: NS, ttl: 600, content: ns2.customer.example}\n"
     "      - {name: 64, type: CNAME, ttl: 600, content: 64.64/30.100.51.198.in-addr.arpa}\n"
     "      - {name: 66, type: CNAME, ttl: 600, content: 66.64/30.100.51.198.in-addr.arpa}\n"
     "      - {name: 67, type: CNAME, ttl: 600, content: "
     "67.64/30.100.51.198.in-addr.arpa}\n" ZONE_203 ZONE_64 ZONE_V6 SECONDARY BLOCKS
     "  - {prefix: 198.51.100.64/31, name: none}\n"
     "  - {prefix: 198.51.100.66/32, name: none}\n"
     "  - {range: 198.51.100.67-198.51.100.69, name: \"x{4}.isp.example\"}\n"
     "  - {prefix: 198.51.100.67/32, name: none}\n"},
    {.what = "local NS above a zone of ours that is delegated by prefix",
     .source = ALL BLOCKS_203 DELEGATIONS,
     .local = {{STORE_LOCAL_ABOVE, "64/30.113.0.203.in-addr.arpa", "NS", 60, "ns.x.example."}},
     .in_force = ISP A_RECORD ZONE_198 ZONE_203
     "    records:\n"
     "      - {name: 64/30, type: NS, ttl: 60, content: ns.x.example}\n" ZONE_64 ZONE_V6 SECONDARY
         BLOCKS_203 "delegations:\n" D_64 D_192 D_V6},
    {.what = "something local in front of a CNAME to an RFC 2317 zone of ours",
     .source = ALL DELEGATIONS,
     .local = {{STORE_LOCAL_RECORDS, "66.113.0.203.in-addr.arpa", "TXT", 60, "\"x\""},
               {STORE_LOCAL_RECORDS, "67.113.0.203.in-addr.arpa", "CNAME", 60, "x.example."}},
     .in_force = ISP A_RECORD ZONE_198 ZONE_203
     "    records:\n"
     "      - {name: 66, type: TXT, ttl: 60, content: '\"x\"'}\n"
     "      - {name: 67, type: CNAME, ttl: 60, content: x.example}\n" ZONE_64 ZONE_V6 SECONDARY
         DELEGATIONS},
    {.what = "a deleted CNAME to an RFC 2317 zone of ours: the others are plain records then",
     .source = ALL DELEGATIONS,
     .local = {{STORE_LOCAL_RECORDS, "66.113.0.203.in-addr.arpa", "CNAME", 0, ""}},
     .in_force = ISP A_RECORD ZONE_198 ZONE_203
     "    records:\n"
     "      - {name: 64, type: CNAME, content: 64.64/30.113.0.203.in-addr.arpa}\n"
     "      - {name: 65, type: CNAME, content: 65.64/30.113.0.203.in-addr.arpa}\n"
     "      - {name: 67, type: CNAME, content: 67.64/30.113.0.203.in-addr.arpa}\n" ZONE_64_BARE
         ZONE_V6 SECONDARY DELEGATIONS},
    {.what = "a local cut above CNAMEs to an RFC 2317 zone of ours",
     .source = WIDE ZONE_64,
     .local = {{STORE_LOCAL_RECORDS, "113.0.203.in-addr.arpa", "NS", 60, "ns.x.example."}},
     .in_force = WIDE "    records:\n" WIDE_CUT WIDE_CNAMES ZONE_64_BARE},
    {.what = "a cut above them that is deleted: none are made",
     .source = WIDE "    records:\n" WIDE_CUT ZONE_64,
     .local = {{STORE_LOCAL_RECORDS, "113.0.203.in-addr.arpa", "NS", 0, ""}},
     .in_force = WIDE ZONE_64_BARE},
    {.what = "a local cut above the CNAMEs of a delegation",
     .source = WIDE "delegations:\n" D_OURS,
     .local = {{STORE_LOCAL_RECORDS, "113.0.203.in-addr.arpa", "NS", 60, "ns.x.example."}},
     .in_force = WIDE "    records:\n" WIDE_CUT WIDE_NS WIDE_CNAMES_601},
    {.what = "a local SOA with another TTL: those CNAMEs keep theirs",
     .source = ALL,
     .local = {{STORE_LOCAL_RECORDS, "113.0.203.in-addr.arpa", "SOA", 1800,
                "ns1.isp.example. hostmaster.isp.example. 0 10800 3600 604800 300"}},
     .in_force = ISP A_RECORD ZONE_198 ZONE_203
     "    ttl: 1800\n    records:\n"
     "      - {name: \"@\", type: NS, ttl: 3600, content: ns1.out.example}\n"
     "      - {name: 64, type: CNAME, ttl: 3600, content: 64.64/30.113.0.203.in-addr.arpa}\n"
     "      - {name: 65, type: CNAME, ttl: 3600, content: 65.64/30.113.0.203.in-addr.arpa}\n"
     "      - {name: 66, type: CNAME, ttl: 3600, content: 66.64/30.113.0.203.in-addr.arpa}\n"
     "      - {name: 67, type: CNAME, ttl: 3600, content: "
     "67.64/30.113.0.203.in-addr.arpa}\n" ZONE_64 ZONE_V6 SECONDARY},
};

#define RUN(cases)                                                                                 \
    for (size_t i = 0; i < sizeof(cases) / sizeof *(cases); i++)                                   \
    run_case(&(cases)[i])

static void local_records(void **state)
{
    (void)state;
    RUN(records);
}

static void local_ptrs(void **state)
{
    (void)state;
    RUN(ptrs);
}

static void zones_and_what_is_above_them(void **state)
{
    (void)state;
    RUN(zones);
}

static void edited_delegations(void **state)
{
    (void)state;
    RUN(delegations);
}

static void put_raw(const char *dir, enum store_table table, const char *key, const char *value)
{
    struct store *s = open_ok(dir, STORE_OPEN_WRITE);
    struct store_writer *w;
    struct store_meta meta;
    struct diag diag;
    assert_int_equal(store_write_begin(s, 0, &w, &meta, &diag), 0);
    assert_int_equal(store_put(w, table, span_text(key), span_text(value)), 0);
    assert_int_equal(store_write_commit(w, &meta, &diag), 0);
    store_close(s);
}

/* A damaged row is an error that names the store, in whichever table it stands. */
static void damaged_rows_are_refused(void **state)
{
    (void)state;
    static const enum store_table tables[] = {STORE_ZONES,   STORE_BLOCKS,      STORE_PTRS,
                                              STORE_RECORDS, STORE_LOCAL_PTRS,  STORE_LOCAL_RECORDS,
                                              STORE_ABOVE,   STORE_LOCAL_ABOVE, STORE_DELEGATIONS};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct loaded l;
        struct model *m;
        struct diag diag = {.line = 0};
        loaded_make(&l);
        loaded_load(&l, ALL DELEGATIONS, 1700000000);
        put_raw(l.dir, tables[i], "!", "?");
        struct store *s = open_ok(l.dir, STORE_OPEN_READ);
        assert_int_equal(source_store_read(s, "THE-STORE", &m, &diag), PTRD_ECORRUPT);
        assert_non_null(strstr(diag.message, "THE-STORE"));
        model_free(m);
        store_close(s);
        loaded_remove(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_records),
        cmocka_unit_test(local_ptrs),
        cmocka_unit_test(zones_and_what_is_above_them),
        cmocka_unit_test(edited_delegations),
        cmocka_unit_test(damaged_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
