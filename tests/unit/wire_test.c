/* wire.h: what is answered and how, octet for octet where it matters; what is passed on, and that
 * the packet is then as it was; sizes; and what edits, keys and metadata change at once. */
#include "ptrd/wire/wire.h"

#include "support/edited.h"
#include "support/packets.h"

#define APEX6 "8.b.d.0.1.0.0.2.ip6.arpa"
#define V6(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." APEX6 /* 2001:db8::LAST */
#define NAME6(last) "2001-0db8-0000-0000-0000-0000-0000-000" last ".isp.example"
#define LABEL60 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvw"

static const char zones[] =
    "zones:\n"
    "  - name: isp.example\n"
    "    forward_auto: yes\n"
    "    records:\n"
    "      - {name: '@', type: A, content: 192.0.2.1}\n"
    "      - {name: many, type: A, content: [192.0.2.1, 192.0.2.2, 192.0.2.3], ttl: 60}\n"
    "      - {name: many, type: AAAA, content: '2001:db8:ffff::a'}\n"
    "      - {name: mapped, type: AAAA, content: '::ffff:192.0.2.1'}\n"
    "      - {name: points, type: PTR, content: 'Elsewhere.example'}\n"
    "      - {name: www, type: CNAME, content: many}\n"
    "      - {name: flat, type: ALIAS, content: many.isp.example}\n"
    "      - {name: moved, type: DNAME, content: out.example}\n"
    "      - {name: cut, type: NS, content: ns.cut.isp.example}\n"
    "      - {name: ns.cut, type: A, content: 192.0.2.9}\n"
    "      - {name: '*.wild', type: TXT, content: '\"wild\"'}\n"
    "      - {name: there.wild, type: TXT, content: '\"there\"'}\n"
    "      - {name: 'x.*.half', type: TXT, content: '\"below a wildcard\"'}\n"
    "      - {name: a.b.c, type: MX, content: 10 many.isp.example}\n"
    "      - {name: 'a\\032b', type: A, content: 192.0.2.4}\n"
    "      - {name: _tcp, type: A, content: 192.0.2.5}\n"
    "      - {name: ns9.out.small, type: A, content: 192.0.2.6}\n"
    "  - name: small.example\n"
    "    ttl: 100\n"
    "    soa: {mname: ., rname: 'first\\.last.small.example'}\n"
    "  - {name: edited.example, metadata: {SOA-EDIT: [INCEPTION-INCREMENT]}}\n"
    "  - name: x.*.zoned.other.example\n"
    "  - {name: presigned.example, metadata: {PRESIGNED: ['1']}}\n"
    "  - {name: other.example, metadata: {ALLOW-AXFR-FROM: [127.0.0.1]}}\n"
    "  - name: sub.other.example\n"
    "  - prefix: 198.51.0.0/16\n"
    "  - {prefix: 198.51.7.64/26, zone: 64/26}\n"
    "  - prefix: 2001:db8::/32\n"
    "blocks:\n"
    "  - {prefix: 198.51.0.0/16, name: '{ip}.isp.example', ttl: 600}\n"
    "  - {prefix: 198.51.9.0/24, name: none}\n"
    "  - {prefix: '2001:db8::/32', name: '{ip}.isp.example', ttl: 600}\n"
    "  - {prefix: '2001:db8:c::/48', name: none}\n"
    "ptrs:\n"
    "  198.51.0.25: {names: [mail.isp.example, also.out.example], ttl: 300}\n"
    "  198.51.0.26: {names: [mail.isp.example], ttl: 200}\n"
    "  '2001:db8:c::5': {names: [six.isp.example], ttl: 300}\n"
    "delegations:\n"
    "  - {prefix: 198.51.8.0/24, ns: [ns.out.example]}\n";

#define SOA(zone, ttl)                                                                             \
    "; authority " zone " " ttl                                                                    \
    " SOA ns1.isp.example. hostmaster.isp.example. 1000 10800 3600 604800 300"
#define ISP_SOA SOA("isp.example.", "300")
#define V4_SOA SOA("51.198.in-addr.arpa.", "300")
#define V6_SOA SOA(APEX6 ".", "300")

/* --- asking ----------------------------------------------------------------------------------- */

static struct { /* one reader for all packets of a test */
    struct snapshot snapshot;
    struct answer answer;
} asking;

static int setup(void **state)
{
    struct edited *t = calloc(1, sizeof *t);
    assert_non_null(t);
    edited_start(t, zones, 1000);
    answer_init(&asking.answer);
    assert_int_equal(snapshot_init(&asking.snapshot, t->engine), 0);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    snapshot_done(&asking.snapshot);
    answer_done(&asking.answer);
    edited_stop(*state);
    free(*state);
    return 0;
}

/* As ptrd_answer: the length of the answer; 0 and untouched where it is passed on. */
static size_t answer(uint8_t *bytes, size_t len, size_t capacity, bool stream)
{
    static uint8_t before[70000];
    struct wire_query q;
    int written = 0;
    memset(bytes + len, 0xa5, capacity - len);
    memcpy(before, bytes, capacity);
    if (wire_read(bytes, len, &q) == PTRD_FOUND) {
        assert_int_equal(snapshot_begin(&asking.snapshot), 0);
        written = wire_answer(&asking.snapshot, &q, bytes, capacity, stream, &asking.answer);
        snapshot_end(&asking.snapshot);
    }
    assert_true(written >= 0 && (size_t)written <= capacity);
    assert_memory_equal(bytes + written, before + written, capacity - (size_t)written);
    return (size_t)written;
}

static bool answered(struct packet *p)
{
    size_t len = answer(p->bytes, p->len, sizeof p->bytes, false);
    p->len = len ? len : p->len;
    return len > 0;
}

static const char *say(struct packet p)
{
    return answered(&p) ? packet_text(&p) : "passed";
}

static const char *ask(const char *name, const char *type)
{
    return say(packet_query(name, type));
}

/* --- answers ---------------------------------------------------------------------------------- */

static void test_addresses_have_names(void **state)
{
    (void)state;
    assert_string_equal(ask(V6("1"), "PTR"), "8500 0; answer " V6("1") ". 600 PTR " NAME6("1") ".");
    assert_string_equal(ask("7.0.51.198.in-addr.arpa", "PTR"),
                        "8500 0; answer 7.0.51.198.in-addr.arpa. 600 PTR 198-51-0-7.isp.example.");
    assert_string_equal(ask("25.0.51.198.in-addr.arpa", "PTR"),
                        "8500 0; answer 25.0.51.198.in-addr.arpa. 300 PTR mail.isp.example.; "
                        "answer 25.0.51.198.in-addr.arpa. 300 PTR also.out.example.");
    assert_string_equal(ask("70.64/26.7.51.198.in-addr.arpa", "PTR"),
                        "8500 0; answer 70.64/26.7.51.198.in-addr.arpa. 600 PTR "
                        "198-51-7-70.isp.example.");
    assert_string_equal(ask("points.isp.example", "PTR"),
                        "8500 0; answer points.isp.example. 3600 PTR elsewhere.example.");
}

static void test_names_have_addresses(void **state)
{
    (void)state;
    assert_string_equal(ask(NAME6("1"), "AAAA"),
                        "8500 0; answer " NAME6("1") ". 600 AAAA 2001:db8::1");
    assert_string_equal(ask("198-51-0-7.isp.example", "A"),
                        "8500 0; answer 198-51-0-7.isp.example. 600 A 198.51.0.7");
    assert_string_equal(ask("many.isp.example", "A"),
                        "8500 0; answer many.isp.example. 60 A 192.0.2.1; "
                        "answer many.isp.example. 60 A 192.0.2.2; "
                        "answer many.isp.example. 60 A 192.0.2.3");
    assert_string_equal(ask("many.isp.example", "AAAA"),
                        "8500 0; answer many.isp.example. 3600 AAAA 2001:db8:ffff::a");
    assert_string_equal(ask("mapped.isp.example", "AAAA"),
                        "8500 0; answer mapped.isp.example. 3600 AAAA ::ffff:c000:201");
    assert_string_equal(ask("isp.example", "A"), "8500 0; answer isp.example. 3600 A 192.0.2.1");
    assert_string_equal(ask("_tcp.isp.example", "A"),
                        "8500 0; answer _tcp.isp.example. 3600 A 192.0.2.5");
    assert_string_equal(ask("mail.isp.example", "A"), /* derived */
                        "8500 0; answer mail.isp.example. 200 A 198.51.0.25; "
                        "answer mail.isp.example. 200 A 198.51.0.26");
    assert_string_equal(ask("six.isp.example", "AAAA"),
                        "8500 0; answer six.isp.example. 300 AAAA 2001:db8:c::5");
}

static void test_names_without_the_type_and_empty_ones_exist(void **state)
{
    (void)state;
    assert_string_equal(ask(V6("1"), "TXT"), "8500 0" V6_SOA);
    assert_string_equal(ask(NAME6("1"), "A"), "8500 0" ISP_SOA);
    assert_string_equal(ask("mail.isp.example", "AAAA"), "8500 0" ISP_SOA);
    assert_string_equal(ask("isp.example", "PTR"), "8500 0" ISP_SOA);
    assert_string_equal(ask("many.isp.example", "SOA"), "8500 0" ISP_SOA);
    assert_string_equal(ask("many.isp.example", "HTTPS"), "8500 0" ISP_SOA);
    assert_string_equal(ask("there.wild.isp.example", "A"), "8500 0" ISP_SOA);
    assert_string_equal(ask("b.c.isp.example", "A"), "8500 0" ISP_SOA);
    assert_string_equal(ask("wild.isp.example", "A"), "8500 0" ISP_SOA);
    assert_string_equal(ask("half.isp.example", "A"), "8500 0" ISP_SOA);
    assert_string_equal(ask("0.0.0.0." APEX6, "PTR"), "8500 0" V6_SOA);
    assert_string_equal(ask("9.51.198.in-addr.arpa", "PTR"), "8500 3" V4_SOA);
    assert_string_equal(ask("0.51.198.in-addr.arpa", "PTR"), "8500 0" V4_SOA);
    assert_string_equal(ask("zoned.other.example", "A"), "8500 0" SOA("other.example.", "300"));
    assert_string_equal(ask("other.example", "MX"), "8500 0" SOA("other.example.", "300"));
}

static void test_what_is_not_there_does_not_exist(void **state)
{
    (void)state;
    static const char *const names[] = {"no.isp.example",           "no.many.isp.example",
                                        "x.y.z.isp.example",        "no.there.wild.isp.example",
                                        "198-51-0-007.isp.example", "198-51-9-1.isp.example",
                                        "x.there.wild.isp.example"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(ask(names[i], "A"), "8500 3" ISP_SOA);
    assert_string_equal(ask("1.9.51.198.in-addr.arpa", "PTR"), "8500 3" V4_SOA);
    assert_string_equal(ask("005.0.51.198.in-addr.arpa", "PTR"), "8500 3" V4_SOA);
    assert_string_equal(ask("x." V6("1"), "PTR"), "8500 3" V6_SOA);
    assert_string_equal(ask("0.0.0.0.0.0.0.0.c.0.0.0." APEX6, "PTR"), "8500 0" V6_SOA);
    assert_string_equal(ask("1.0.0.0.0.0.0.0.c.0.0.0." APEX6, "PTR"), "8500 3" V6_SOA);
    assert_string_equal(ask("no.sub.other.example", "A"),
                        "8500 3" SOA("sub.other.example.", "300"));
}

static void test_the_ttl_of_absence_is_the_lesser_one(void **state)
{
    (void)state;
    assert_string_equal(ask("no.small.example", "A"),
                        "8500 3; authority small.example. 100 SOA . "
                        "first.last.small.example. 1000 10800 3600 604800 300");
}

/* The question stays as it was, upper case too, and owners point to it. */
static void test_octets(void **state)
{
    (void)state;
    static const uint8_t expected[] = "\xab\xcd\x85\x00\0\1\0\1\0\0\0\1"
                                      "\x0a"
                                      "198-51-0-7\3IsP\7EXAMPLE\0\0\1\0\1"
                                      "\xc0\x0c\0\1\0\1\0\0\2\x58\0\4\xc6\x33\0\7"
                                      "\0\0\x29\x04\xd0\0\0\x80\0\0";
    struct packet p = packet_query("198-51-0-7.IsP.EXAMPLE", "A");
    packet_put_opt(&p, 4096, 0x8000, "", 0);
    assert_true(answered(&p));
    assert_int_equal(p.len, sizeof expected);
    assert_memory_equal(p.bytes, expected, sizeof expected);

    struct packet soa = packet_query("No.isP.example", "A");
    size_t end = soa.len;
    assert_true(answered(&soa));
    assert_memory_equal(soa.bytes + end, "\xc0\x0f\0\6\0\1\0\0\1\x2c", 10);
}

static void test_flags(void **state)
{
    (void)state;
    static const struct {
        uint8_t high, low;
        const char *begins;
    } flags[] = {{0, 0, "8400 0"},    {1, 0, "8500 0"},    {1, 0x20, "8500 0"}, {1, 0x10, "8500 0"},
                 {0, 0x30, "8400 0"}, {2, 0, "passed"},    {4, 0, "passed"},    {8, 0, "passed"},
                 {0x10, 0, "passed"}, {0x20, 0, "passed"}, {0x40, 0, "passed"}, {0x80, 0, "passed"},
                 {0, 0x80, "passed"}, {0, 0x40, "passed"}, {0, 8, "passed"},    {0, 1, "passed"}};
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct packet p = packet_query("7.0.51.198.in-addr.arpa", "PTR");
        p.bytes[2] = flags[i].high;
        p.bytes[3] = flags[i].low;
        assert_memory_equal(say(p), flags[i].begins, strlen(flags[i].begins));
    }
}

/* --- EDNS ------------------------------------------------------------------------------------- */

static const char *ask_opt(unsigned payload, uint32_t flags, const void *options, size_t len)
{
    struct packet p = packet_query("198-51-0-7.isp.example", "A");
    packet_put_opt(&p, payload, flags, options, len);
    const char *text = strstr(say(p), "OPT");
    return text ? text : "passed";
}

static void test_edns(void **state)
{
    (void)state;
    static const char cookie[] = "\0\x0a\0\x08"
                                 "12345678",
                      two[] = "\0\x08\0\x07\0\1\x18\0\xc0\0\2\0\x0c\0\0", nsid[] = "\0\3\0\0";
    assert_string_equal(ask_opt(1232, 0, "", 0), "OPT 1232 00000000");
    assert_string_equal(ask_opt(0, 0, "", 0), "OPT 1232 00000000");
    assert_string_equal(ask_opt(65535, 0x8000, "", 0), "OPT 1232 00008000");
    assert_string_equal(ask_opt(1232, 0xffff, "", 0), "OPT 1232 00008000");
    assert_string_equal(ask_opt(1232, 0x7fff, "", 0), "OPT 1232 00000000");
    assert_string_equal(ask_opt(1232, 0, cookie, 12), "OPT 1232 00000000");
    assert_string_equal(ask_opt(1232, 0, two, 15), "OPT 1232 00000000");
    for (size_t len = 1; len < 15; len++) /* 11: the first of the two is whole */
        assert_string_equal(ask_opt(1232, 0, two, len), len == 11 ? "OPT 1232 00000000" : "passed");
    assert_string_equal(ask_opt(1232, 0, nsid, 4), "passed");
    assert_string_equal(ask_opt(1232, 0x10000, "", 0), "passed");
    assert_string_equal(ask_opt(1232, 0x1000000, "", 0), "passed");
}

static void test_records_that_are_no_single_opt_at_the_end(void **state)
{
    (void)state;
    struct packet p = packet_query("198-51-0-7.isp.example", "A");
    packet_put_opt(&p, 1232, 0, "", 0);
    size_t opt = p.len - 11;
    assert_string_not_equal(say(p), "passed");
    struct packet twice = p;
    packet_put_opt(&twice, 1232, 0, "", 0);
    assert_string_equal(say(twice), "passed");
    struct packet uncounted = p;
    uncounted.bytes[11] = 0;
    assert_string_equal(say(uncounted), "passed");
    for (unsigned section = 7; section <= 9; section += 2) {
        struct packet elsewhere = p;
        elsewhere.bytes[11] = 0;
        elsewhere.bytes[section] = 1;
        assert_string_equal(say(elsewhere), "passed");
    }
    struct packet behind = p;
    behind.bytes[behind.len++] = 0;
    assert_string_equal(say(behind), "passed");
    static const uint8_t types[] = {1, 24, 40, 42, 249, 250};
    for (unsigned i = 0; i < sizeof types; i++) {
        struct packet other = p;
        other.bytes[opt + 2] = types[i];
        assert_string_equal(say(other), "passed");
    }
    struct packet named = p;
    named.bytes[opt] = 0xc0;
    assert_string_equal(say(named), "passed");
}

/* --- hostile packets -------------------------------------------------------------------------- */

static void test_every_cut_and_every_octet_more_is_passed_on(void **state)
{
    (void)state;
    struct packet whole = packet_query(V6("1"), "PTR");
    packet_put_opt(&whole, 1232, 0, "\0\x0c\0\2\0\0", 6);
    for (size_t len = 0; len < whole.len; len++) {
        struct packet p = whole;
        p.len = len;
        assert_string_equal(say(p), "passed");
    }
    for (unsigned more = 1; more < 300; more += 7) {
        struct packet p = whole;
        p.len += more;
        assert_string_equal(say(p), "passed");
    }
}

/* Each octet of a query changed to each value: what is answered then, is answered as a packet that
 * can be read; header, question's end and OPT tell by themselves that it was meant so. */
static void test_each_octet_changed(void **state)
{
    (void)state;
    struct packet whole = packet_query("7.0.51.198.in-addr.arpa", "PTR");
    unsigned passed = 0, heard = 0;
    packet_put_opt(&whole, 1232, 0, "", 0);
    for (size_t at = 0; at < whole.len; at++)
        for (unsigned value = 0; value < 256; value += at < 12 || at > 36 ? 1 : 5) {
            struct packet p = whole;
            if (p.bytes[at] == value)
                continue;
            p.bytes[at] = (uint8_t)value;
            const uint8_t id[2] = {p.bytes[0], p.bytes[1]};
            if (!answered(&p)) {
                passed++;
                continue;
            }
            heard++;
            assert_memory_equal(p.bytes, id, 2);
            assert_memory_equal(packet_text(&p), p.bytes[2] & 1 ? "8500" : "8400", 4);
            assert_true(at < 4 || at > 11);
        }
    assert_true(passed > 3000 && heard > 512);
}

static void test_names_that_are_none_or_strange(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t len;
    } names[] = {
        {"", 1},         /* the root */
        {"\xc0\x0c", 2}, /* pointers */
        {"\3isp\xc0\x0c", 6},
        {"\x40" LABEL60 "abcd\3isp\7example", 1 + 64 + 4 + 8 + 1}, /* a label too long */
        {"\x80isp\7example", 13},
        {"\1*\3isp\7example", 15},
        {"\1a\1*\3isp\7example", 17},
        {"\3a b\3isp\7example", 17},
        {"\1\0\3isp\7example", 15},
        {"\1\xff\3isp\7example", 15},
        {"\1.\3isp\7example", 15},
        {"\1\\\3isp\7example", 15},
        {"\1@\3isp\7example", 15},
        {"\1`\3isp\7example", 15}, /* between digits and letters in lower case */
        {"\1[\3isp\7example", 15},
        {"\x10"
         "abcdefghijklmno{\3isp\7example",
         30},
        {"\x10"
         "abcdefghijklmno@\3isp\7example",
         30},
        {"\x10"
         "abcdefghijklmno\x0d\3isp\7example",
         30},
        {"\1a\1b\1c\1d\1e\1f\1g\1\x10\3isp\7example", 29},
        {"\1a\1b\1c\1d\1e\1f\1g\1@\3isp\7example", 29},
        {"\7example", 9}, /* in no zone */
    };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        struct packet p = packet_query("", "A");
        p.len = 12;
        memcpy(p.bytes + p.len, names[i].name, names[i].len);
        p.len += names[i].len;
        packet_put16(&p, 1);
        packet_put16(&p, 1);
        if (strcmp(say(p), "passed") != 0)
            fail_msg("name %u is answered", i);
    }
}

static void test_the_longest_name_and_one_beyond(void **state)
{
    (void)state;
    char text[400] = LABEL60 "." LABEL60 "." LABEL60 ".";
    size_t len = strlen(text);
    while (len < 254 - strlen("isp.example") - 1)
        text[len++] = 'x';
    strcpy(text + len, ".isp.example");
    assert_string_equal(ask(text + 1, "A"), "8500 3" ISP_SOA);
    assert_string_equal(ask(text, "A"), "passed");
}

/* Names that nobody has a zone for are no queries to begin with. */
static void test_names_are_refused_before_the_store_is_asked(void **state)
{
    struct wire_query q;
    (void)state;
    struct packet root = packet_query("", "NS");
    packet_put_opt(&root, 1232, 0, "", 0);
    assert_int_equal(wire_read(root.bytes, root.len, &q), PTRD_ABSENT);
    for (unsigned labels = 1; labels < 400; labels++) {
        struct packet p = packet_query("", "A");
        p.len = 12;
        for (unsigned i = 0; i < labels; i++, p.len += 2)
            memcpy(p.bytes + p.len, "\1a", 2);
        p.bytes[p.len++] = 0;
        packet_put16(&p, 1);
        packet_put16(&p, 1);
        assert_int_equal(wire_read(p.bytes, p.len, &q), labels < 128 ? PTRD_FOUND : PTRD_ABSENT);
    }
}

static void test_types_and_classes(void **state)
{
    (void)state;
    static const uint16_t passed[] = {0,   24,  25,    30,    41,    43,    46,    47,   48,  50,
                                      51,  59,  60,    128,   200,   249,   250,   251,  252, 253,
                                      254, 255, 65280, 65400, 65401, 65402, 65534, 65535},
                          asked[] = {2,  5,  6,  15, 16,  29,  33,  35,    39,
                                     52, 64, 65, 99, 127, 256, 257, 32768, 65279};
    for (unsigned i = 0; i < sizeof passed / sizeof *passed; i++) {
        struct packet p = packet_query(V6("1"), "A");
        p.bytes[p.len - 4] = (uint8_t)(passed[i] >> 8);
        p.bytes[p.len - 3] = (uint8_t)passed[i];
        assert_string_equal(say(p), "passed");
    }
    for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct packet p = packet_query(V6("1"), "A");
        p.bytes[p.len - 4] = (uint8_t)(asked[i] >> 8);
        p.bytes[p.len - 3] = (uint8_t)asked[i];
        assert_string_equal(say(p), "8500 0" V6_SOA);
    }
    static const uint16_t classes[] = {0, 2, 3, 4, 254, 255, 257};
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++) {
        struct packet p = packet_query(V6("1"), "PTR");
        p.bytes[p.len - 2] = (uint8_t)(classes[i] >> 8);
        p.bytes[p.len - 1] = (uint8_t)classes[i];
        assert_string_equal(say(p), "passed");
    }
}

/* --- what PowerDNS answers -------------------------------------------------------------------- */

static void test_names_that_are_not_plain(void **state)
{
    (void)state;
    static const char *const names[] = {"www.isp.example",
                                        "flat.isp.example",
                                        "moved.isp.example",
                                        "x.moved.isp.example",
                                        "cut.isp.example",
                                        "ns.cut.isp.example",
                                        "x.cut.isp.example",
                                        "no.wild.isp.example",
                                        "x.y.wild.isp.example",
                                        "no.half.isp.example",
                                        "no.zoned.other.example",
                                        "edited.example",
                                        "no.edited.example",
                                        "presigned.example",
                                        "no.presigned.example",
                                        "1.8.51.198.in-addr.arpa",
                                        "8.51.198.in-addr.arpa",
                                        "64.7.51.198.in-addr.arpa",
                                        "example",
                                        "elsewhere.test",
                                        "1.3.0.192.in-addr.arpa"};
    static const char *const types[] = {"A", "PTR", "MX", "TXT", "CNAME"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        for (unsigned k = 0; k < sizeof types / sizeof *types; k++)
            if (strcmp(ask(names[i], types[k]), "passed") != 0)
                fail_msg("%s %s is answered", names[i], types[k]);
}

static void test_records_of_other_types(void **state)
{
    (void)state;
    assert_string_equal(ask("a.b.c.isp.example", "MX"), "passed");
    assert_string_equal(ask("a.b.c.isp.example", "TXT"), "8500 0" ISP_SOA);
    assert_string_equal(ask("isp.example", "SOA"), "passed");
    assert_string_equal(ask("isp.example", "NS"), "passed");
    assert_string_equal(ask("there.wild.isp.example", "TXT"), "passed");
}

/* --- sizes ------------------------------------------------------------------------------------ */

/* A name with `count` addresses: the answer has 12 + 21 + 16 * count octets, with EDNS 11 more. */
static void put_addresses(struct edited *t, unsigned count)
{
    struct edit *e = edited_begin(t);
    int64_t id = edited_id(t, "isp.example");
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(edited_add(t, e, id, "big.isp.example", "A", 60, text), 0);
    }
    assert_int_equal(edit_commit(e, 2000, &t->diag), 0);
}

#define ROOM 70000

static size_t size_of(size_t capacity, bool stream, unsigned payload)
{
    static uint8_t bytes[ROOM];
    struct packet p = packet_query("big.isp.example", "A");
    if (payload)
        packet_put_opt(&p, payload, 0, "", 0);
    memcpy(bytes, p.bytes, p.len);
    return answer(bytes, p.len, capacity, stream);
}

static void test_udp_without_edns_has_512_octets(void **state)
{
    put_addresses(*state, 29);
    assert_int_equal(size_of(ROOM, false, 0), 497);
    assert_int_equal(size_of(497, false, 0), 497);
    assert_int_equal(size_of(496, false, 0), 0);
    assert_int_equal(size_of(ROOM, false, 100), 508);
    put_addresses(*state, 30);
    assert_int_equal(size_of(ROOM, false, 0), 0);
    assert_int_equal(size_of(ROOM, true, 0), 513);
    assert_int_equal(size_of(ROOM, false, 512), 0);
    assert_int_equal(size_of(ROOM, false, 523), 0);
    assert_int_equal(size_of(ROOM, false, 524), 524);
}

static void test_udp_with_edns_has_1232_octets(void **state)
{
    put_addresses(*state, 74);
    assert_int_equal(size_of(ROOM, false, 65535), 33 + 74 * 16 + 11);
    assert_int_equal(size_of(ROOM, false, 1227), 0);
    assert_int_equal(size_of(ROOM, false, 1228), 1228);
    put_addresses(*state, 75);
    assert_int_equal(size_of(ROOM, false, 65535), 0);
    assert_int_equal(size_of(ROOM, true, 512), 33 + 75 * 16 + 11);
    assert_int_equal(size_of(1243, true, 512), 0);
}

static void test_a_stream_has_65535_octets(void **state)
{
    put_addresses(*state, 4093);
    assert_int_equal(size_of(ROOM, true, 0), 33 + 4093 * 16);
    put_addresses(*state, 4094);
    assert_int_equal(size_of(ROOM, true, 0), 0);
}

static void test_absence_needs_room_too(void **state)
{
    (void)state;
    struct packet p = packet_query("no.isp.example", "A"), copy = p;
    size_t len = answer(p.bytes, p.len, sizeof p.bytes, false);
    assert_true(len > p.len);
    p = copy;
    assert_int_equal(answer(p.bytes, p.len, len - 1, false), 0);
    assert_int_equal(answer(p.bytes, p.len, len, false), len);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void set_metadata(struct edited *t, const char *apex, const char *kind, const char *value)
{
    struct name name = edited_name(apex);
    struct span item = {(const uint8_t *)value, strlen(value)};
    struct edit *e = edited_begin(t);
    assert_int_equal(edit_metadata(e, &name, kind, &item, *value != '\0', &t->diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, 2000, &t->diag), 0);
}

/* What is remembered of a zone ends with the generation. */
static bool seen(const char *name, const char *type)
{
    return strcmp(ask(name, type), "passed") != 0;
}

static void test_keys_and_metadata_end_it_at_the_next_packet(void **state)
{
    struct edited *t = *state;
    struct name apex = edited_name(APEX6);
    assert_true(seen(V6("1"), "PTR"));
    uint32_t id = edited_add_key(t, APEX6, true);
    assert_false(seen(V6("1"), "PTR"));
    assert_true(seen(NAME6("1"), "AAAA")); /* each zone for itself */
    struct edit *e = edited_begin(t);
    assert_int_equal(edit_key_set(e, &apex, id, EDIT_KEY_ACTIVE, false, &t->diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, 2000, &t->diag), 0);
    assert_true(seen(V6("1"), "PTR"));
    static const char *const kinds[] = {"PRESIGNED", "SOA-EDIT"};
    for (unsigned i = 0; i < 2; i++) {
        set_metadata(t, APEX6, kinds[i], "1");
        assert_false(seen(V6("1"), "PTR"));
        set_metadata(t, APEX6, kinds[i], "");
        assert_true(seen(V6("1"), "PTR"));
    }
    set_metadata(t, "edited.example", "SOA-EDIT", "");
    assert_true(seen("edited.example", "A"));
}

static void test_edits_count(void **state)
{
    struct edited *t = *state;
    int64_t v4 = edited_id(t, "51.198.in-addr.arpa"), isp = edited_id(t, "isp.example");
    static const char name[] = "7.0.51.198.in-addr.arpa";
    assert_int_equal(edited_set(t, v4, name, "PTR", 77, "edited.isp.example", 2000), 0);
    assert_string_equal(ask(name, "PTR"),
                        "8500 0; answer 7.0.51.198.in-addr.arpa. 77 PTR edited.isp.example.");
    assert_int_equal(edited_set(t, v4, name, "CNAME", 77, "", 2000), 0);
    assert_int_equal(edited_set(t, isp, "many.isp.example", "A", 0, "", 2000), 0);
    assert_non_null(strstr(ask("many.isp.example", "A"), "8500 0; authority"));
    assert_int_equal(edited_set(t, isp, "many.isp.example", "AAAA", 0, "", 2000), 0);
    assert_non_null(strstr(ask("many.isp.example", "A"), "8500 3; authority"));
    assert_int_equal(edited_set(t, isp, "*.isp.example", "TXT", 60, "\"w\"", 2000), 0);
    assert_string_equal(ask("many.isp.example", "A"), "passed");
    assert_int_equal(edited_set(t, isp, "*.isp.example", "TXT", 60, "", 2000), 0);
    assert_non_null(strstr(ask("many.isp.example", "A"), "8500 3; authority"));
    assert_int_equal(edited_set(t, isp, "isp.example", "SOA", 50,
                                "NS9.isp.example Some\\.one.isp.example 5000 1 2 3 40", 2000),
                     0);
    assert_string_equal(ask("many.isp.example", "A"),
                        "8500 3; authority isp.example. 40 SOA ns9.isp.example. "
                        "some.one.isp.example. 5000 1 2 3 40");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_addresses_have_names),
        TEST(test_names_have_addresses),
        TEST(test_names_without_the_type_and_empty_ones_exist),
        TEST(test_what_is_not_there_does_not_exist),
        TEST(test_the_ttl_of_absence_is_the_lesser_one),
        TEST(test_octets),
        TEST(test_flags),
        TEST(test_edns),
        TEST(test_records_that_are_no_single_opt_at_the_end),
        TEST(test_every_cut_and_every_octet_more_is_passed_on),
        TEST(test_each_octet_changed),
        TEST(test_names_that_are_none_or_strange),
        TEST(test_the_longest_name_and_one_beyond),
        cmocka_unit_test(test_names_are_refused_before_the_store_is_asked),
        TEST(test_types_and_classes),
        TEST(test_names_that_are_not_plain),
        TEST(test_records_of_other_types),
        TEST(test_udp_without_edns_has_512_octets),
        TEST(test_udp_with_edns_has_1232_octets),
        TEST(test_a_stream_has_65535_octets),
        TEST(test_absence_needs_room_too),
        TEST(test_keys_and_metadata_end_it_at_the_next_packet),
        TEST(test_edits_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
