/* Any octets as a packet, asked of a small store with names of all kinds: what is passed on is
 * untouched, and what is answered is a packet that libldns reads whole, of the same question,
 * within its size, with no owner but the question's name and its zone, and says what resolve says.
 * What is taken for a query is the same query to libldns: name, type, EDNS, DO and size.
 *
 * An input is an octet that says how much room there is, whether it came over a stream, and whether
 * the header is made a query's first; and the packet. */
#include "ptrd/wire/wire.h"
#include "support/small_store.h"

#include <ldns/ldns.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct small_store store;
    struct engine *engine;
    struct snapshot snapshot;
    struct answer answer, check;
} f;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* --- the store -------------------------------------------------------------------------------- */

static void put_names(struct small_store *s)
{
    static const char *const presigned[] = {"1"};
    small_zone(s, "presigned.example");
    small_metadata(s, s->zones, "PRESIGNED", presigned, 1);
    small_block(s, "198.51.100.128", 28, "", 600);
    small_ptr(s, "2001:db8::25", "mail.isp.example");
    small_record(s, "isp.example", RRTYPE_A, "192.0.2.1");
    small_record(s, "ns1.isp.example", RRTYPE_AAAA, "2001:db8:ffff::53");
    small_record(s, "points.isp.example", RRTYPE_PTR, "elsewhere.example.");
    small_record(s, "www.isp.example", RRTYPE_CNAME, "ns1.isp.example.");
    small_record(s, "flat.isp.example", RRTYPE_ALIAS, "ns1.isp.example.");
    small_record(s, "*.w.isp.example", RRTYPE_TXT, "\"wild\"");
    small_record(s, "there.w.isp.example", RRTYPE_TXT, "\"there\"");
    /* no loader writes such rows */
    small_record(s, "six.odd.isp.example", RRTYPE_A, "2001:db8::1");
    small_record(s, "four.odd.isp.example", RRTYPE_AAAA, "192.0.2.1");
    small_record(s, "no.odd.isp.example", RRTYPE_A, "address");
    small_record(s, "loc.odd.isp.example", 29, "2001:db8::1");
    small_record(s, "dots.odd.isp.example", RRTYPE_PTR, "a..b");
    small_record(s, "a.b.c.isp.example", RRTYPE_TXT, "\"ents above\"");
    small_record(s, "x.9.9.9.9.8.b.d.0.1.0.0.2.ip6.arpa", RRTYPE_TXT, "\"beside\"");
}

static void put_large(struct small_store *s)
{
    struct name name = small_name("large.isp.example");
    struct store_buf contents = {0};
    char text[32];
    for (unsigned i = 0; i < 60; i++) {
        snprintf(text, sizeof text, "10.0.0.%u", i);
        MUST(store_append_content(text, strlen(text), &contents));
    }
    struct store_rrset set = {
        .type = RRTYPE_A, .count = 60, .ttl_s = 60, .contents = {contents.bytes, contents.len}};
    MUST(store_key_rrset(&name, RRTYPE_A, &s->key));
    MUST(store_write_rrset(&set, &s->value));
    small_put(s, STORE_RECORDS);
    store_buf_done(&contents);
}

static void done(void)
{
    answer_done(&f.answer);
    answer_done(&f.check);
    snapshot_done(&f.snapshot);
    engine_close(f.engine);
    small_store_remove(&f.store);
}

static void make(void)
{
    struct store_meta meta;
    struct diag diag = {0};
    small_store_make(&f.store);
    MUST(store_open(f.store.dir, STORE_OPEN_WRITE, &f.store.store, &diag));
    MUST(store_write_begin(f.store.store, 0, &f.store.writer, &meta, &diag));
    put_names(&f.store);
    put_large(&f.store);
    meta.next_zone_id = f.store.zones + 1;
    meta.structure++;
    meta.data++;
    MUST(store_write_commit(f.store.writer, &meta, &diag));
    store_close(f.store.store);
    store_buf_done(&f.store.key);
    store_buf_done(&f.store.value);
    MUST(engine_open(f.store.dir, &f.engine, &diag));
    MUST(snapshot_init(&f.snapshot, f.engine));
    answer_init(&f.answer);
    answer_init(&f.check);
    atexit(done);
}

/* --- what libldns reads ----------------------------------------------------------------------- */

static bool is_name(const ldns_rdf *owner, const struct name *name)
{
    ldns_rdf *ours = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name->len, name->wire);
    CHECK(ours);
    bool same = ldns_dname_compare(owner, ours) == 0;
    ldns_rdf_deep_free(ours);
    return same;
}

static void check_query(const uint8_t *packet, size_t len, const struct wire_query *q)
{
    ldns_pkt *p;
    CHECK(ldns_wire2pkt(&p, packet, len) == LDNS_STATUS_OK);
    CHECK(!ldns_pkt_qr(p) && ldns_pkt_get_opcode(p) == LDNS_PACKET_QUERY);
    CHECK(ldns_pkt_qdcount(p) == 1 && ldns_pkt_ancount(p) == 0 && ldns_pkt_nscount(p) == 0);
    CHECK(ldns_pkt_arcount(p) == 0 && !ldns_pkt_tsig(p));
    const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(p), 0);
    CHECK(is_name(ldns_rr_owner(question), &q->all.name));
    CHECK(ldns_rr_get_type(question) == q->type);
    CHECK(ldns_rr_get_class(question) == LDNS_RR_CLASS_IN);
    CHECK(ldns_pkt_edns(p) == q->edns && ldns_pkt_edns_do(p) == q->dnssec_ok);
    unsigned payload = q->edns ? ldns_pkt_edns_udp_size(p) : 0;
    CHECK(q->payload == (payload < 512 ? 512 : payload));
    CHECK(!q->edns || (ldns_pkt_edns_version(p) == 0 && ldns_pkt_edns_extended_rcode(p) == 0));
    ldns_pkt_free(p);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void check_header(const uint8_t *query, const uint8_t *answer, const struct wire_query *q)
{
    CHECK(memcmp(query, answer, 2) == 0);
    CHECK(answer[2] == (0x84 | (query[2] & 1)));
    CHECK(answer[3] == 0 || answer[3] == 3);
    CHECK(memcmp(query + 12, answer + 12, q->end - 12u) == 0);
}

static void check_record(const ldns_rr *rr, ldns_pkt_section section, const struct wire_query *q)
{
    if (section == LDNS_SECTION_ANSWER) {
        CHECK(is_name(ldns_rr_owner(rr), &q->all.name) && ldns_rr_get_type(rr) == q->type);
        CHECK(q->type == RRTYPE_A || q->type == RRTYPE_AAAA || q->type == RRTYPE_PTR);
    } else if (section == LDNS_SECTION_AUTHORITY) {
        CHECK(ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA);
        CHECK(is_name(ldns_rr_owner(rr), &f.check.zone->apex));
    } else {
        CHECK(q->edns && ldns_rr_get_type(rr) == LDNS_RR_TYPE_OPT);
        CHECK(ldns_rr_ttl(rr) == (q->dnssec_ok ? 0x8000u : 0));
        CHECK((unsigned)ldns_rr_get_class(rr) == WIRE_UDP_MAX);
    }
}

/* What resolve says of the type alone, and of the whole name: counts, f.check.zone. */
static uint32_t count_rows(const struct wire_query *q, uint16_t type)
{
    struct question asked = q->all;
    asked.type = type;
    MUST(resolve(&f.snapshot, &asked, &f.check));
    return f.check.count;
}

static void check_answer(const uint8_t *answer, size_t len, const struct wire_query *q)
{
    static const ldns_pkt_section sections[] = {LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY,
                                                LDNS_SECTION_ADDITIONAL};
    unsigned counts[3];
    size_t at = q->end;
    for (unsigned i = 0; i < 3; i++)
        counts[i] = (unsigned)(answer[6 + 2 * i] << 8 | answer[7 + 2 * i]);
    bool exists = count_rows(q, RRTYPE_ANY) > 0;
    CHECK(f.check.zone && f.check.rule == PLACE_FREE);
    CHECK(count_rows(q, q->type) == counts[0] && counts[1] == (counts[0] == 0));
    CHECK((answer[3] == 3) == !exists && counts[2] == (q->edns ? 1 : 0));
    for (unsigned i = 0; i < 3; i++)
        for (unsigned n = 0; n < counts[i]; n++) {
            ldns_rr *rr;
            CHECK(ldns_wire2rr(&rr, answer, len, &at, sections[i]) == LDNS_STATUS_OK);
            check_record(rr, sections[i], q);
            ldns_rr_free(rr);
        }
    CHECK(at == len);
    ldns_pkt *p;
    CHECK(ldns_wire2pkt(&p, answer, len) == LDNS_STATUS_OK);
    ldns_pkt_free(p);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void ask(const uint8_t *packet, size_t len, size_t capacity, bool stream)
{
    struct wire_query q;
    uint8_t *room = malloc(capacity + 1), *before = malloc(capacity + 1);
    CHECK(room && before);
    memset(room, 0xa5, capacity);
    memcpy(room, packet, len);
    memcpy(before, room, capacity);
    int size = 0;
    if (wire_read(packet, len, &q) == PTRD_FOUND) {
        check_query(packet, len, &q);
        MUST(snapshot_begin(&f.snapshot));
        size = wire_answer(&f.snapshot, &q, room, capacity, stream, &f.answer);
        CHECK(size >= 0 && (size_t)size <= capacity);
        if (size > 0) {
            CHECK(size <= (stream ? 65535 : q.payload < WIRE_UDP_MAX ? q.payload : WIRE_UDP_MAX));
            check_header(packet, room, &q);
            check_answer(room, (size_t)size, &q);
        }
        snapshot_end(&f.snapshot);
    }
    CHECK(memcmp(room + size, before + size, capacity - (size_t)size) == 0);
    free(room);
    free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t rooms[] = {0, 12, 60, 512, 1232, 4096, 65535, 100};
    if (!f.engine)
        make();
    if (size == 0)
        return 0;
    size_t len = size - 1, room = rooms[data[0] >> 1 & 7];
    /* a copy of its own, so that a sanitizer sees what reads beyond it */
    uint8_t *packet = malloc(len + 1);
    CHECK(packet);
    memcpy(packet, data + 1, len);
    if (data[0] & 0x10 && len >= 12) {
        const uint8_t header[10] = {packet[2] & 1, packet[3] & 0x30, 0, 1, 0, 0, 0, 0, 0,
                                    packet[11] & 1};
        memcpy(packet + 2, header, sizeof header);
    }
    ask(packet, len, room > len ? room : len, data[0] & 1);
    free(packet);
    return 0;
}
