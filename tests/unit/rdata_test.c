/* rdata.h: every type's canonical text, and every refusal with its field and range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ptrd/rdata/rdata.h"

static struct name owner_name(void)
{
    struct name owner;
    assert_int_equal(name_parse("host.isp.example", 16, &owner, NULL), 0);
    return owner;
}

static uint16_t type_of(const char *text)
{
    uint16_t type = 0;
    assert_int_equal(rrtype_parse(text, strlen(text), &type), 0);
    return type;
}

struct good {
    const char *type, *content, *canonical; /* canonical NULL: as content */
};

static const struct good goods[] = {
    {"A", "192.0.2.1", NULL},
    {"AAAA", "2001:DB8:0::0001", "2001:db8::1"},
    {"AAAA", "::ffff:192.0.2.1", "::ffff:c000:201"},
    {"NS", "ns1.isp.example", "ns1.isp.example."},
    {"NS", "ns1.isp.example.", NULL},
    {"CNAME", "Mixed.Case.Example", "Mixed.Case.Example."},
    {"CNAME", "64/26.113.0.203.in-addr.arpa", "64/26.113.0.203.in-addr.arpa."},
    {"CNAME", "*.wild.example.", NULL},
    {"CNAME", "a\\.b.example", "a\\.b.example."},
    {"CNAME", "\\064x.example", "\\@x.example."},
    {"PTR", ".", NULL},
    {"DNAME", "d.example", "d.example."},
    {"ALIAS", "web.example", "web.example."},
    {"MX", "10 mail.example", "10 mail.example."},
    {"MX", "  65535\tmail.example  ", "65535 mail.example."},
    {"MX", "0 .", NULL},
    {"MX", "010 a.example", "10 a.example."},
    {"SRV", "0 65535 443 web.example", "0 65535 443 web.example."},
    {"SOA", "ns1.example h.example 4294967295 1 2 3 4",
     "ns1.example. h.example. 4294967295 1 2 3 4"},
    {"TXT", "word", "\"word\""},
    {"TXT", "two words", "\"two\" \"words\""},
    {"TXT", "\"v=spf1 -all\"", NULL},
    {"TXT", "\"\"", NULL},
    {"TXT", "\"q \\\" b \\\\ n \\010 u \xc3\xbc\"", "\"q \\\" b \\\\ n \\010 u \\195\\188\""},
    {"TXT", "semi\\;colon", "\"semi;colon\""},
    {"TXT", "\"(; inside quotes)\"", NULL},
    {"TXT", "k=v", "\"k=v\""},
    {"SPF", "\"v=spf1 -all\"", NULL},
    {"HINFO", "PC Linux", "\"PC\" \"Linux\""},
    {"NAPTR", "100 50 s http+I2R \"\" _http._tcp.example",
     "100 50 \"s\" \"http+I2R\" \"\" _http._tcp.example."},
    {"NAPTR", "1 1 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b.example!\" .", NULL},
    {"RP", "a.example .", "a.example. ."},
    {"AFSDB", "1 a.example", "1 a.example."},
    {"KX", "1 a.example", "1 a.example."},
    {"CAA", "0 issue \"ca.example; policy=ev\"", NULL},
    {"CAA", "128 iodef \"mailto:x@isp.example\"", NULL},
    {"CAA", "0 issue ca.example", "0 issue \"ca.example\""},
    {"CAA", "0 issue \";\"", NULL},
    {"DS", "12345 13 2 92003BA34942DC74152E2F2C408D29EC A5A520E7F2E06BB944F4DCA346BAF63C",
     "12345 13 2 92003ba34942dc74152e2f2c408d29eca5a520e7f2e06bb944f4dca346baf63c"},
    {"CDS", "0 0 0 00", NULL},
    {"DNSKEY",
     "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0d "
     "xCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
     "257 3 13 "
     "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="},
    {"SSHFP", "1 1 123456789ABCDEF67890123456789abcdef67890",
     "1 1 123456789abcdef67890123456789abcdef67890"},
    {"TLSA", "3 1 1 92003ba34942dc74152e2f2c408d29eca5a520e7f2e06bb944f4dca346baf63c", NULL},
    {"TLSA", "3 1 0 abcd", NULL},
    {"SMIMEA", "3 1 0 ab", NULL},
    {"CERT", "3 0 0 AAAA", NULL},
    {"OPENPGPKEY", "AAA=", NULL},
    {"DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", NULL},
    {"URI", "10 1 \"ftp://ftp.example/public\"", NULL},
    {"EUI48", "00-00-5E-00-53-2a", "00-00-5e-00-53-2a"},
    {"EUI64", "00-00-5e-ef-10-00-00-2a", NULL},
    {"NID", "10 14:4fff:ff20:EE64", "10 0014:4fff:ff20:ee64"},
    {"L32", "10 10.1.2.0", NULL},
    {"L64", "10 2001:0db8:1140:1000", NULL},
    {"LP", "10 l64.example", "10 l64.example."},
    {"LOC", "52 22 23 N 4 53 32 E -2m",
     "52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m"},
    {"LOC", "90 S 180 w 42849672.95 90000000m 0.05m 0m",
     "90 0 0.000 S 180 0 0.000 W 42849672.95m 90000000.00m 0.05m 0.00m"},
    {"LOC", "0 0 0.001 N 0 59 59.999 E -100000m",
     "0 0 0.001 N 0 59 59.999 E -100000.00m 1.00m 10000.00m 10.00m"},
    {"APL", "1:192.168.32.0/21 !2:2001:DB8::/32", "1:192.168.32.0/21 !2:2001:db8::/32"},
    {"SVCB", "0 alias.example", "0 alias.example."},
    {"HTTPS", "1 . port=443 alpn=\"h2,h3\" ipv4hint=192.0.2.1,192.0.2.2",
     "1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1,192.0.2.2"},
    {"HTTPS", "1 . mandatory=port,alpn alpn=h2 port=8443 no-default-alpn",
     "1 . mandatory=port,alpn alpn=h2 no-default-alpn port=8443"},
    {"HTTPS", "1 . ech=AAAA ipv6hint=2001:db8::1 key65000=\"a b\"",
     "1 . ech=AAAA ipv6hint=2001:db8::1 key65000=\"a b\""},
    {"ZONEMD",
     "2018031500 1 1 "
     "FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD64"
     "7DE",
     "2018031500 1 1 "
     "febe3d4ce2ec2ffa4ba99d46cd69d6d29711e55217057bee7eb1a7b641a47ba7fed2dd5b97ae499fafa4f22c6bd64"
     "7de"},
    {"CSYNC", "66 3 A NS AAAA", NULL},
    {"IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", NULL},
    {"IPSECKEY", "10 0 0 .", "10 0 0"},
    {"IPSECKEY", "10 0 2 . AQNR", "10 0 2 AQNR"},
    {"IPSECKEY", "10 0 2 AQNR", NULL},
    {"HTTPS", "1 . ipv4hint=auto ipv6hint=auto", NULL},
    {"SVCB", "1 . key7=\"/q{?dns}\"", NULL},
    {"SVCB", "1 . dohpath=/q{?dns}", "1 . key7=\"/q{?dns}\""},
    {"IPSECKEY", "10 3 2 gw.example AQNR", "10 3 2 gw.example. AQNR"},
    {"RT", "10 a.example", "\\# 13 000a0161076578616d706c6500"},
    {"X25", "311061700956", "\\# 13 0c333131303631373030393536"},
    {"MB", "a.example", "a.example."},
    {"MG", "a.example", "a.example."},
    {"MR", "a.example", "a.example."},
    {"MINFO", "a.example b.example", "a.example. b.example."},
    {"RKEY", "0 3 8 AAAA", NULL},
    {"IPSECKEY", "\\# 9 0a01020102030401 51", "10 1 2 1.2.3.4 AVE="},
    {"CSYNC", "\\# 12 00000042 0003 0004 60000008", "66 3 A NS AAAA"},
    {"TYPE1234", "\\# 3 ABcdef", "\\# 3 abcdef"},
    {"TYPE1234", "\\# 0", NULL},
    {"A", "\\# 4 c0000201", "192.0.2.1"},
    {"MX", "\\# 5 000a 016100", "10 a."},
    {"TXT", "\\# 4 03616263", "\"abc\""},
};

static void good_content_becomes_canonical(void **state)
{
    (void)state;
    struct name owner = owner_name();
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        const struct good *g = &goods[i];
        struct rdata r = {0};
        struct diag diag = {0};
        int rc =
            rdata_parse(&owner, NULL, type_of(g->type), g->content, strlen(g->content), &r, &diag);
        if (rc != 0)
            fail_msg("%s %s: %s", g->type, g->content, diag.message);
        assert_string_equal(r.text, g->canonical != NULL ? g->canonical : g->content);
        assert_int_equal(r.len, strlen(r.text));
        assert_int_equal(r.type, type_of(g->type));
        /* Canonical text is its own canonical text. */
        struct rdata again = {0};
        rc = rdata_parse(&owner, NULL, r.type, r.text, r.len, &again, &diag);
        if (rc != 0)
            fail_msg("%s %s, read again: %s", g->type, r.text, diag.message);
        assert_string_equal(again.text, r.text);
        rdata_done(&again);
        rdata_done(&r);
    }
}

struct bad {
    const char *type, *content, *message; /* message: what it must contain */
};

static const struct bad bads[] = {
    {"A", "1.2.3", "address is `1.2.3`, expected an IPv4 address"},
    {"A", "1.2.3.04", "address"},
    {"A", "1.2.3.256", "address"},
    {"A", "1.2.3.4 5.6.7.8", "2 words, expected: address"},
    {"A", "2001:db8::1", "expected an IPv4 address"},
    {"A", "", "content is empty"},
    {"A", "  ", "content is empty"},
    {"AAAA", "192.0.2.1", "expected an IPv6 address"},
    {"AAAA", "fe80::1%eth0", "expected an IPv6 address"},
    {"AAAA", "2001:db8:::1", "expected an IPv6 address"},
    {"MX", "70000 mail.example", "preference is `70000`, expected a number from 0 to 65535"},
    {"MX", "65536 mail.example", "preference is `65536`"},
    {"MX", "-1 mail.example", "preference is `-1`"},
    {"MX", "+1 mail.example", "preference is `+1`"},
    {"MX", "1x mail.example", "preference is `1x`"},
    {"MX", "99999999999999999999999 m.example", "preference"},
    {"MX", "10", "1 word, expected: preference, exchange"},
    {"MX", "10 a b", "3 words, expected: preference, exchange"},
    {"MX", "mail.example", "expected: preference, exchange"},
    {"SRV", "1 2 65536 a.example", "port is `65536`"},
    {"SRV", "65536 2 1 a.example", "priority is `65536`"},
    {"SRV", "1 65536 1 a.example", "weight is `65536`"},
    {"SOA", "a. b. 4294967296 1 1 1 1",
     "serial is `4294967296`, expected a number from 0 to 4294967295"},
    {"SOA", "a. b. 1 1h 1 1 1", "refresh is `1h`"},
    {"CNAME", "a..b", "target is `a..b`, expected a name"},
    {"CNAME", "a b", "2 words, expected: target"},
    {"CNAME", "\"a\"", "target is `a`"},
    {"CNAME", "a\\256.example", "target"},
    {"NS", "ns1.example ; comment", "one of ( ) ; \""},
    {"TXT", "(a b)", "one of ( ) ; \""},
    {"TXT", "\"open", "a quote that is not closed"},
    {"TXT", "\"a\"b", "expected a blank"},
    {"TXT", "a\"b\"", "one of ( ) ; \""},
    {"TXT", "a\\", "a backslash at the end"},
    {"TXT", "\"a\\300\"", "expected \\DDD"},
    {"TXT", "\"a\\30\"", "expected \\DDD"},
    {"TXT", "two\nlines", "a line end or control character"},
    {"CAA", "300 issue \"ca.example\"", "flags is `300`, expected a number from 0 to 255"},
    {"CAA", "0 iss-ue \"ca.example\"", "tag is `iss-ue`"},
    {"CAA", "0 \"issue\" \"ca.example\"", "tag is `issue`"},
    {"CAA", "0 issue", "2 words, expected: flags, tag, value"},
    {"CAA", "0 issue a b", "4 words"},
    {"NAPTR", "70000 50 s x \"\" .", "order is `70000`"},
    {"TLSA", "3 1 1 abc", "association data has 3 hex digits, expected an even number"},
    {"TLSA", "3 1 1 abcd", "has 4 hex digits, expected 64"},
    {"TLSA", "3 1 2 abcd", "expected 128"},
    {"TLSA", "3 256 0 abcd", "selector is `256`"},
    {"TLSA", "3 1 0 xy", "expected hex digits"},
    {"TLSA", "3 1 0 xyz", "association data is `xyz`, expected hex digits"},
    {"DS", "12345 13 2 92003ba34942dc74152e2f2c408d29eca5a520e7f2e06bb944f4dca346baf6",
     "has 62 hex digits, expected 64"},
    {"DS", "12345 13 2 92003ba34942dc74152e2f2c408d29eca5a520e7f2e06bb944f4dca346baf63",
     "digest has 63 hex digits, expected an even number"},
    {"DS", "65536 13 2 00", "key tag is `65536`"},
    {"DS", "1 RSASHA9 1 00", "algorithm is `RSASHA9`"},
    {"SSHFP", "1 1 abcd", "expected 40"},
    {"SSHFP", "1 2 abcd", "expected 64"},
    {"SSHFP", "256 2 abcd", "algorithm is `256`"},
    {"DNSKEY", "257 4 13 AAAA", "protocol is 4, expected 3"},
    {"DNSKEY", "257 3 13 AAA", "base64"},
    {"DNSKEY", "257 3 13 AA=A", "base64"},
    {"DNSKEY", "257 3 13 AAB=", "base64"},
    {"DNSKEY", "257 3 13 AA-_", "base64"},
    {"CERT", "PGPX 0 0 AAAA", "certificate type is `PGPX`"},
    {"CERT", "0 0 0 AAAA", "certificate type is 0"},
    {"EUI48", "00-00-5e-00-53", "six pairs"},
    {"EUI48", "0-0-5e-00-53-2a", "six pairs"},
    {"EUI48", "00-00-5e-00-53-2a-", "six pairs"},
    {"NID", "10 14:4fff:ff20", "four groups"},
    {"NID", "10 14:4fff:ff20:12345", "four groups"},
    {"L32", "10 10.1.2", "locator"},
    {"LOC", "91 N 4 E 0m", "degrees is `91`, expected a whole number from 0 to 90"},
    {"LOC", "90 0 0.001 N 4 E 0m", "angle is beyond 90 degrees"},
    {"LOC", "52 60 N 4 E 0m", "minutes is `60`"},
    {"LOC", "52 22 60 N 4 E 0m", "seconds is `60`"},
    {"LOC", "52 22 23 X 4 E 0m", "expected N or S"},
    {"LOC", "52 22 23 N 181 E 0m", "degrees is `181`"},
    {"LOC", "52 22 23 N 4 53 32 E", "no altitude"},
    {"LOC", "52 22 23 N", "ends early"},
    {"LOC", "52 N 4 E 42849672.96m", "altitude"},
    {"LOC", "52 N 4 E -100000.01m", "altitude"},
    {"LOC", "52 N 4 E 0m 15m", "size is `15m`"},
    {"LOC", "52 N 4 E 0m 1m 1m 1m 1m", "expected nothing"},
    {"APL", "1:192.168.32.0/33", "item is `1:192.168.32.0/33`"},
    {"APL", "3:192.168.32.0/3", "item"},
    {"APL", "2:192.168.32.0/3", "item"},
    {"SVCB", "1 . port=70000", "port is `70000`"},
    {"SVCB", "1 . alpn=h2 alpn=h3", "each key once"},
    {"SVCB", "0 . alpn=h2", "priority 0"},
    {"SVCB", "1 . no-default-alpn", "no-default-alpn"},
    {"SVCB", "1 . mandatory=alpn", "keys that this record has"},
    {"SVCB", "1 . mandatory=alpn,alpn alpn=h2", "one key twice"},
    {"SVCB", "1 . ipv4hint=192.0.2", "ipv4hint"},
    {"SVCB", "1 . ipv6hint=192.0.2.1", "ipv6hint"},
    {"SVCB", "1 . alpn=h2,,h3", "alpn"},
    {"SVCB", "1 . port", "a value behind `=`"},
    {"SVCB", "1 . key65535=x", "parameter"},
    {"SVCB", "1 . nonsense=x", "parameter is `nonsense=x`"},
    {"SVCB", "70000 .", "priority is `70000`"},
    {"ZONEMD", "4294967296 1 1 00", "serial"},
    {"URI", "10 70000 \"x\"", "weight"},
    {"CSYNC", "66 70000 A", "libldns reads it as"},
    {"IPSECKEY", "300 1 2 192.0.2.38 AQNR", "precedence is `300`"},
    {"IPSECKEY", "10 4 2 192.0.2.38 AQNR", "gateway type is `4`"},
    {"IPSECKEY", "10 1 2 2001:db8::1 AQNR", "gateway is `2001:db8::1`"},
    {"IPSECKEY", "10 0 2 a.example AQNR", "public key"},
    {"IPSECKEY", "10 3 2 a.example", "expected a public key"},
    {"RT", "70000 a.example.", "libldns reads it as"},
    {"ALIAS", "\\# 3 016100", "ALIAS has no octets"},
    {"TYPE1234", "abcdef", "expected `\\# LENGTH HEX`"},
    {"TYPE1234", "\\# 4 abcdef", "length is 4, but 3 octets follow"},
    {"TYPE1234", "\\# 3 abcde", "even number"},
    {"TYPE1234", "\\# 70000 00", "0 to 65535"},
    {"TYPE1234", "\\#", "LENGTH HEX"},
    {"A", "\\# 3 c00002", "no record of this type"},
    {"MX", "\\# 2 000a", "1 word, expected: preference, exchange"},
    {"ANY", "x", "no zone holds it"},
    {"AXFR", "x", "no zone holds it"},
    {"TSIG", "x", "no zone holds it"},
    {"OPT", "\\# 0", "OPT"},
    {"RRSIG", "\\# 0", "signer"},
    {"NSEC", "\\# 0", "signer"},
    {"NSEC3", "\\# 0", "signer"},
    {"NSEC3PARAM", "1 0 0 -", "signer"},
    {"NULL", "\\# 0", "NULL"},
    {"TYPE65402", "A \"return 1\"", "LUA"},
};

static void bad_content_is_refused_with_its_field(void **state)
{
    (void)state;
    struct name owner = owner_name();
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        const struct bad *b = &bads[i];
        struct rdata r = {.text = (char *)1, .len = 77};
        struct diag diag = {0};
        int rc =
            rdata_parse(&owner, NULL, type_of(b->type), b->content, strlen(b->content), &r, &diag);
        if (rc != PTRD_EINVAL)
            fail_msg("%s %s: accepted (%d)", b->type, b->content, rc);
        if (strstr(diag.message, b->message) == NULL ||
            strstr(diag.message, "host.isp.example ") != diag.message)
            fail_msg("%s %s: message is \"%s\", expected \"%s\" in it", b->type, b->content,
                     diag.message, b->message);
        assert_ptr_equal(r.text, (char *)1); /* untouched on failure */
        assert_int_equal(r.len, 77);
        assert_int_equal(
            rdata_parse(&owner, NULL, type_of(b->type), b->content, strlen(b->content), &r, NULL),
            PTRD_EINVAL);
    }
}

static int parse_txt(const char *content, size_t len, struct rdata *r, struct diag *diag)
{
    struct name owner = owner_name();
    return rdata_parse(&owner, NULL, RRTYPE_TXT, content, len, r, diag);
}

static void a_string_holds_255_octets(void **state)
{
    (void)state;
    char content[300];
    struct rdata r = {0};
    struct diag diag = {0};
    memset(content, 'x', sizeof content);
    assert_int_equal(parse_txt(content, 255, &r, &diag), 0);
    assert_int_equal(r.len, 257);
    rdata_done(&r);
    assert_int_equal(parse_txt(content, 256, &r, &diag), PTRD_EINVAL);
    assert_non_null(strstr(diag.message, "256 octets, expected at most 255"));
}

/* Escapes count as one octet each. */
static void an_escape_is_one_octet(void **state)
{
    (void)state;
    char content[4 * 256];
    struct rdata r = {0};
    for (size_t i = 0; i < 256; i++)
        memcpy(content + 4 * i, "\\001", 4);
    assert_int_equal(parse_txt(content, 4 * 255, &r, NULL), 0);
    assert_int_equal(r.len, 4 * 255 + 2);
    rdata_done(&r);
    assert_int_equal(parse_txt(content, 4 * 256, &r, NULL), PTRD_EINVAL);
}

static void content_has_a_limit(void **state)
{
    (void)state;
    size_t len = RDATA_TEXT_MAX + 1;
    char *content = malloc(len);
    struct rdata r = {0};
    struct diag diag = {0};
    assert_non_null(content);
    memset(content, 'x', len);
    for (size_t i = 100; i < len; i += 100)
        content[i] = ' ';
    assert_int_equal(parse_txt(content, len, &r, &diag), PTRD_EINVAL);
    assert_non_null(strstr(diag.message, "longer than 65535"));
    /* Within the limit as given, beyond it in canonical form: quotes are added. */
    assert_int_equal(parse_txt(content, RDATA_TEXT_MAX, &r, &diag), PTRD_EINVAL);
    /* 200 strings of 99 octets are fine. */
    assert_int_equal(parse_txt(content, 20000, &r, &diag), 0);
    rdata_done(&r);
    free(content);
}

/* Exactly len bytes are read: what stands behind is not. */
static void only_len_bytes_are_read(void **state)
{
    (void)state;
    struct name owner = owner_name();
    struct rdata r = {0};
    assert_int_equal(rdata_parse(&owner, NULL, RRTYPE_A, "192.0.2.15", 9, &r, NULL), 0);
    assert_string_equal(r.text, "192.0.2.1");
    rdata_done(&r);
    assert_int_equal(rdata_parse(&owner, NULL, RRTYPE_A, "192.0.2.1\0x", 11, &r, NULL),
                     PTRD_EINVAL);
}

static void target_of(const char *type, const char *text, const char *expected)
{
    struct name target;
    char shown[NAME_TEXT_SIZE];
    int rc = rdata_target(type_of(type), text, strlen(text), &target);
    if (expected == NULL) {
        assert_int_equal(rc, PTRD_ABSENT);
        return;
    }
    assert_int_equal(rc, PTRD_FOUND);
    name_print(&target, shown);
    assert_string_equal(shown, expected);
}

static void targets(void **state)
{
    (void)state;
    target_of("NS", "ns1.example.", "ns1.example");
    target_of("CNAME", "c.example.", "c.example");
    target_of("PTR", "p.example.", "p.example");
    target_of("DNAME", "d.example.", "d.example");
    target_of("ALIAS", "a.example.", "a.example");
    target_of("MX", "10 m.example.", "m.example");
    target_of("MX", "0 .", ".");
    target_of("SRV", "0 0 443 s.example.", "s.example");
    target_of("A", "192.0.2.1", NULL);
    target_of("TXT", "\"x.example.\"", NULL);
    struct name target;
    assert_int_equal(rdata_target(RRTYPE_NS, "a..b", 4, &target), PTRD_EINVAL);
}

/* No input may crash or print what it does not accept again: random edits of good contents. */
static void mutated_content_is_read_or_refused(void **state)
{
    (void)state;
    const char *given = getenv("PTRD_TEST_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : 20240117u;
    unsigned rounds = getenv("PTRD_TEST_LONG") != NULL ? 400 : 20;
    static const char letters[] = "0123456789abcxyzAZ\\\"#.,;()=-/ \t\n\x80\xff";
    struct name owner = owner_name();
    print_message("seed %u (PTRD_TEST_SEED)\n", seed);
    srandom(seed);
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
            char content[256];
            size_t len = strlen(goods[i].content);
            memcpy(content, goods[i].content, len);
            for (long edits = 1 + random() % 3; edits > 0 && len > 0; edits--)
                content[(size_t)random() % len] = letters[(size_t)random() % (sizeof letters - 1)];
            struct rdata r = {0}, again = {0};
            if (rdata_parse(&owner, NULL, type_of(goods[i].type), content, len, &r, NULL) != 0)
                continue;
            if (rdata_parse(&owner, NULL, r.type, r.text, r.len, &again, NULL) != 0)
                fail_msg("seed %u: %s %s is not accepted again", seed, goods[i].type, r.text);
            assert_string_equal(again.text, r.text);
            rdata_done(&again);
            rdata_done(&r);
        }
    }
}

/* Names without final dot are relative to the origin in every type; so are those of types that only
 * libldns can spell, whose wire form shows the whole name. */
static void names_in_content_are_relative_to_the_origin(void **state)
{
    (void)state;
    static const struct good relative[] = {
        {"NS", "ns", "ns.isp.example."},
        {"NS", "ns.", "ns."},
        {"NS", "ns\\.", "ns\\..isp.example."},
        {"NS", "@", "isp.example."},
        {"NS", "\\@", "\\@.isp.example."},
        {"NS", ".", "."},
        {"MX", "10 @", "10 isp.example."},
        {"SOA", "ns host 1 2 3 4 5", "ns.isp.example. host.isp.example. 1 2 3 4 5"},
        {"RP", "a b.", "a.isp.example. b."},
        {"SRV", "1 2 3 a.b", "1 2 3 a.b.isp.example."},
        {"NAPTR", "1 2 \"s\" \"\" \"\" r", "1 2 \"s\" \"\" \"\" r.isp.example."},
        {"HTTPS", "1 @ alpn=h2", "1 isp.example. alpn=h2"},
        {"HTTPS", "1 . alpn=h2", "1 . alpn=h2"},
        {"IPSECKEY", "10 3 0 gw", "10 3 0 gw.isp.example."},
        {"ALIAS", "a", "a.isp.example."},
        {"TALINK", "a @", "\\# 28 016103697370076578616d706c650003697370076578616d706c6500"},
        {"NS", "\\# 3 016100", "a."},
        {"TXT", "@ a", "\"@\" \"a\""},
    };
    struct name owner = owner_name(), origin;
    assert_int_equal(name_parse("isp.example", 11, &origin, NULL), 0);
    for (size_t i = 0; i < sizeof relative / sizeof *relative; i++) {
        const struct good *g = &relative[i];
        struct rdata r = {0};
        struct diag diag = {0};
        int rc = rdata_parse(&owner, &origin, type_of(g->type), g->content, strlen(g->content), &r,
                             &diag);
        if (rc != 0)
            fail_msg("%s %s: %s", g->type, g->content, diag.message);
        assert_string_equal(r.text, g->canonical);
        rdata_done(&r);
    }
}

static void a_relative_name_may_become_too_long(void **state)
{
    (void)state;
    char label[64], content[256] = "";
    struct name owner = owner_name(), origin;
    struct rdata r = {0};
    struct diag diag = {0};
    memset(label, 'a', 63);
    label[63] = '\0';
    (void)snprintf(content, sizeof content, "%s.%s.%s", label, label, label);
    assert_int_equal(name_parse(content, strlen(content), &origin, NULL), 0);
    assert_int_equal(rdata_parse(&owner, &origin, RRTYPE_NS, content, strlen(content), &r, &diag),
                     PTRD_EINVAL);
    assert_non_null(strstr(diag.message, "the name with its zone is longer than 255 octets"));
}

/* As master files write them. */
static void mnemonics_become_numbers(void **state)
{
    (void)state;
    static const struct good mnemonics[] = {
        {"CERT", "pkix 1 RSASHA256 MxFcby9k", "1 1 8 MxFcby9k"},
        {"CERT", "OID 1 PRIVATEOID MxFcby9k", "254 1 254 MxFcby9k"},
        {"DNSKEY", "257 3 ED25519 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
         "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="},
    };
    struct name owner = owner_name();
    for (size_t i = 0; i < sizeof mnemonics / sizeof *mnemonics; i++) {
        const struct good *g = &mnemonics[i];
        struct rdata r = {0};
        struct diag diag = {0};
        int rc =
            rdata_parse(&owner, NULL, type_of(g->type), g->content, strlen(g->content), &r, &diag);
        if (rc != 0)
            fail_msg("%s %s: %s", g->type, g->content, diag.message);
        assert_string_equal(r.text, g->canonical);
        rdata_done(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_content_becomes_canonical),
        cmocka_unit_test(bad_content_is_refused_with_its_field),
        cmocka_unit_test(a_string_holds_255_octets),
        cmocka_unit_test(an_escape_is_one_octet),
        cmocka_unit_test(content_has_a_limit),
        cmocka_unit_test(only_len_bytes_are_read),
        cmocka_unit_test(targets),
        cmocka_unit_test(mutated_content_is_read_or_refused),
        cmocka_unit_test(names_in_content_are_relative_to_the_origin),
        cmocka_unit_test(a_relative_name_may_become_too_long),
        cmocka_unit_test(mnemonics_become_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
