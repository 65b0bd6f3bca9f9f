/* Requests without a server: frames, the decoder of lookup against jansson, and transcripts of
 * every method over a small store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../backend/rpc/scan.h"
#include "ptrd/rpc/rpc.h"
#include "support/small_store.h"

/* --- frames --- */

static void frames_are_cut_at_newlines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        long expected;
    } cases[] = {
        {"", 10, 0},
        {"{}", 10, 0},
        {"{}\n", 10, 3},
        {"{}\n{}\n", 10, 3},
        {"\n \r\n\t{}\n{", 20, 8},
        {"\n\n", 10, 0},
        {"0123456789", 10, PTRD_ELIMIT},
        {"012345678", 10, 0},
        {"012345678\n", 10, 10},
        {"0123456789\n", 10, PTRD_ELIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(rpc_frame(cases[i].text, strlen(cases[i].text), cases[i].max),
                         cases[i].expected);
}

/* --- the decoder --- */

static int scan(const char *text, size_t len, struct scan_request *out)
{
    struct diag diag = {0};
    char *exact = malloc(len ? len : 1); /* so that a sanitizer sees a read behind the end */
    memcpy(exact, text, len);
    int rc = scan_request(exact, len, out, &diag);
    free(exact);
    assert_true(rc == 0 || diag.message[0]);
    return rc;
}

static void good_json_is_accepted(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        " \t\r\n{ } \n",
        "{\"method\":\"x\"}",
        "{ \"a\" : [ ] , \"b\" : { } , \"c\" : [ 1 , [ { } ] ] }",
        "{\"a\":-0.5e+10,\"b\":0,\"c\":1E5,\"d\":true,\"e\":false,\"f\":null}",
        "{\"\\u0041\\n\\\"\\\\\\/\\b\\f\\r\\t\":\"\\ud83d\\ude00\"}",
        "{\"parameters\":[]}",
        "{\"parameters\":{\"qname\":{\"qname\":[{}]}}}",
        "{\"a\":\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scan_request r;
        if (scan(texts[i], strlen(texts[i]), &r) != 0)
            fail_msg("refused: %s", texts[i]);
    }
}

static void bad_json_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{}{}",
        "{} x",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":-}",
        "{\"a\":0x1}",
        "{\"a\":tru}",
        "{\"a\":nul}",
        "{\"a\":True}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\x01\"}",
        "{\"a\":[}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":[1}}",
        "{\"a\":{]}",
        "{\"a\":{\"b\"}}",
        "{\"a\":{1:2}}",
        "{\"a\":\"\x80\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xe0\x80\x80\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf4\x90\x80\x80\"}",
        "{\"a\":\"\xf8\x88\x80\x80\x80\"}",
        "{\"a\":\"\xc3\"}",
        "{\"a\":\"\xe2\x82\"}",
        "{\"a\":1}\v",
        "\xef\xbb\xbf{}",
        "{\"a\":NaN}",
        "{\"a\":1/**/}",
        "{\"method\":1,\"method\":2}",
        "{\"method\":1,\"\\u006dethod\":2}",
        "{\"parameters\":{},\"parameters\":{}}",
        "{\"parameters\":{\"qname\":1,\"qname\":1}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scan_request r;
        if (scan(texts[i], strlen(texts[i]), &r) != PTRD_EINVAL)
            fail_msg("accepted: %s", texts[i]);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    for (int depth = 1; depth < 100; depth++) {
        char text[512] = "{\"a\":";
        for (int i = 0; i < depth; i++)
            strcat(text, "[");
        for (int i = 0; i < depth; i++)
            strcat(text, "]");
        strcat(text, "}");
        struct scan_request r;
        assert_int_equal(scan(text, strlen(text), &r) == 0, depth <= SCAN_DEPTH_MAX - 2);
    }
}

static void keys_may_be_spelt_and_ordered_freely(void **state)
{
    (void)state;
    static const char text[] =
        "{\"x\":[{\"method\":\"no\"}],\"parameters\":{\"zone\\u002did\":\"-1\",\"remote\":{"
        "\"qname\":1},"
        "\"qtype\":\"ANY\",\"qn\\u0061me\":\"a\\u002eb\"},\"m\\u0065thod\":\"look\\u0075p\"}";
    struct scan_request r;
    struct diag diag;
    char name[8];
    size_t len;
    int64_t id;
    assert_int_equal(scan_request(text, sizeof text - 1, &r, &diag), 0);
    assert_true(scan_is(&r.method, "lookup", 6));
    assert_true(scan_is(&r.qtype, "ANY", 3));
    assert_int_equal(scan_string(&r.qname, name, sizeof name, &len), 0);
    assert_int_equal(len, 3);
    assert_memory_equal(name, "a.b", 3);
    assert_int_equal(scan_string(&r.qname, name, 2, &len), PTRD_ESPACE);
    assert_int_equal(scan_integer(&r.zone_id, &id), 0);
    assert_int_equal(id, -1);
}

static void zone_ids_are_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } cases[] = {
        {"7", 0, 7},
        {"-1", 0, -1},
        {"0", 0, 0},
        {"\"12\"", 0, 12},
        {"\"-3\"", 0, -3},
        {"9223372036854775807", 0, INT64_MAX},
        {"99999999999999999999999", 0, INT64_MAX},
        {"1.0", PTRD_EINVAL, 0},
        {"1e3", PTRD_EINVAL, 0},
        {"\"\"", PTRD_EINVAL, 0},
        {"\"-\"", PTRD_EINVAL, 0},
        {"\" 1\"", PTRD_EINVAL, 0},
        {"null", PTRD_EINVAL, 0},
        {"true", PTRD_EINVAL, 0},
        {"[1]", PTRD_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        struct scan_request r;
        struct diag diag;
        int64_t id = 0;
        snprintf(text, sizeof text, "{\"parameters\":{\"zone-id\":%s}}", cases[i].text);
        assert_int_equal(scan_request(text, strlen(text), &r, &diag), 0);
        assert_int_equal(scan_integer(&r.zone_id, &id), cases[i].rc);
        assert_int_equal(id, cases[i].value);
    }
}

/* Whatever bytes: the decoder and jansson agree on what is a JSON object. */
static void decoder_agrees_with_jansson(void **state)
{
    (void)state;
    static const char seed_text[] =
        "{\"method\":\"lookup\",\"parameters\":{\"a\":[1,-2.5e3,true,null,{\"b\":\"\\u00e9\\n\"}],"
        "\"qname\":\"x.\",\"zone-id\":-1,\"s\":\"\xc3\xbc\"}}";
    static const char alphabet[] = "{}[]:,\"\\u0dD8.eE+-19 tfn/\x80\xc3\xbc\x01";
    const char *given = getenv("PTRD_TEST_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 1;
    unsigned accepted = 0;
    print_message("seed %u (PTRD_TEST_SEED)\n", seed);
    for (unsigned round = 0; round < 200000; round++) {
        char text[sizeof seed_text];
        size_t len = sizeof seed_text - 1;
        memcpy(text, seed_text, len);
        for (int k = rand_r(&seed) % 3; k >= 0; k--) {
            size_t at = (size_t)rand_r(&seed) % len;
            if (rand_r(&seed) % 3 == 0) {
                memmove(text + at, text + at + 1, len - at - 1);
                len--;
            } else {
                text[at] = alphabet[(size_t)rand_r(&seed) % (sizeof alphabet - 1)];
            }
        }
        struct scan_request r;
        struct diag diag;
        json_error_t error;
        json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        bool object = json_is_object(root);
        bool scanned = scan_request(text, len, &r, &diag) == 0;
        /* jansson also refuses numbers beyond double and duplicates of other keys */
        bool beyond = !root && (json_error_code(&error) == json_error_numeric_overflow ||
                                json_error_code(&error) == json_error_duplicate_key ||
                                json_error_code(&error) == json_error_null_byte_in_key);
        if (object != scanned && !beyond)
            fail_msg("jansson %d, decoder %d (%s): %.*s", object, scanned,
                     scanned ? error.text : diag.message, (int)len, text);
        accepted += scanned;
        json_decref(root);
    }
    assert_true(accepted > 1000);
}

/* --- transcripts --- */

struct fixture {
    struct small_store store;
    struct engine *engine;
    struct rpc_worker *worker;
};

static int make_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct diag diag = {0};
    small_store_make(&f->store);
    MUST(engine_open(f->store.dir, &f->engine, &diag));
    MUST(rpc_worker_new(f->engine, &f->worker));
    *state = f;
    return 0;
}

static int drop_fixture(void **state)
{
    struct fixture *f = *state;
    rpc_worker_free(f->worker);
    engine_close(f->engine);
    small_store_remove(&f->store);
    free(f);
    return 0;
}

static void expect_reply(struct fixture *f, const char *request, const char *result)
{
    char expected[4096];
    const char *reply;
    size_t len;
    struct diag diag;
    if (rpc_handle(f->worker, request, strlen(request), &reply, &len, &diag) != RPC_REPLY)
        fail_msg("closed: %s: %s", request, diag.message);
    snprintf(expected, sizeof expected, "{\"result\":%s}\n", result);
    if (len != strlen(expected) || memcmp(reply, expected, len) != 0)
        fail_msg("%s\n  gave     %.*s  expected %s", request, (int)len, reply, expected);
    json_t *root = json_loadb(reply, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    json_decref(root);
}

static void expect_close(struct fixture *f, const char *request)
{
    const char *reply;
    size_t len;
    struct diag diag;
    if (rpc_handle(f->worker, request, strlen(request), &reply, &len, &diag) != RPC_CLOSE)
        fail_msg("answered: %s with %.*s", request, (int)len, reply);
    assert_true(diag.message[0]);
}

static void expect_lookup(struct fixture *f, const char *qname, const char *qtype, int zone_id,
                          const char *result)
{
    char request[2048];
    snprintf(request, sizeof request,
             "{\"method\": \"lookup\", \"parameters\": {\"local\": \"0.0.0.0\", \"qname\": \"%s\", "
             "\"qtype\": "
             "\"%s\", \"real-remote\": \"0.0.0.0/0\", \"remote\": \"0.0.0.0\", \"zone-id\": %d}}\n",
             qname, qtype, zone_id);
    expect_reply(f, request, result);
}

#define PTR_7                                                                                      \
    "{\"qtype\":\"PTR\",\"qname\":\"7.100.51.198.in-addr.arpa.\",\"content\":\"198-51-100-7.dyn."  \
    "isp.example\",\"ttl\":600,\"domain_id\":3}"
#define PTR_7_UPPER                                                                                \
    "{\"qtype\":\"PTR\",\"qname\":\"7.100.51.198.IN-ADDR.arpa.\",\"content\":\"198-51-100-7.dyn."  \
    "isp.example\",\"ttl\":600,\"domain_id\":3}"
#define PTR_V6 "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."

static void lookups(void **state)
{
    struct fixture *f = *state;
    expect_lookup(f, "7.100.51.198.in-addr.arpa.", "ANY", -1, "[" PTR_7 "]");
    expect_lookup(f, "7.100.51.198.in-addr.arpa.", "PTR", 3, "[" PTR_7 "]");
    expect_lookup(f, "7.100.51.198.IN-ADDR.arpa.", "PTR", 3, "[" PTR_7_UPPER "]");
    expect_lookup(f, "7.100.51.198.in-addr.arpa.", "TXT", 3, "[]");
    expect_lookup(f, "7.100.51.198.in-addr.arpa.", "NS", 3, "[]");
    expect_lookup(f, "7.100.51.198.in-addr.arpa.", "TYPE65280", 3, "[]");
    expect_lookup(f, "7.100.51.198.in-addr.arpa.", "NOSUCHTYPE", 3, "[]");
    expect_lookup(f, "7.100.51.198.in-addr.arpa.", "TYPE0", 3, "[]");
    expect_lookup(f, "25.100.51.198.in-addr.arpa.", "ANY", -1,
                  "[{\"qtype\":\"PTR\",\"qname\":\"25.100.51.198.in-addr.arpa.\",\"content\":"
                  "\"mail.customer.example\",\"ttl\":300,\"domain_id\":3}]");
    expect_lookup(f, PTR_V6, "ANY", 4,
                  "[{\"qtype\":\"PTR\",\"qname\":\"" PTR_V6
                  "\",\"content\":\"2001-0db8-0000-0000-0000-0000-"
                  "0000-0025.dyn.isp.example\",\"ttl\":600,\"domain_id\":4}]");
    expect_lookup(f, "198-51-100-7.dyn.isp.example.", "A", -1,
                  "[{\"qtype\":\"A\",\"qname\":\"198-51-100-7.dyn.isp.example.\",\"content\":\"198."
                  "51.100.7\","
                  "\"ttl\":600,\"domain_id\":2}]");
    expect_lookup(
        f, "0.8.b.d.0.1.0.0.2.ip6.arpa.", "ANY", -1,
        "[{\"qtype\":\"\",\"qname\":\"0.8.b.d.0.1.0.0.2.ip6.arpa.\",\"content\":\"\",\"ttl\":0,"
        "\"domain_id\":4}]");
    expect_lookup(f, "0.8.b.d.0.1.0.0.2.ip6.arpa.", "NS", -1, "[]");
    expect_lookup(f, "isp.example.", "SOA", 1,
                  "[{\"qtype\":\"SOA\",\"qname\":\"isp.example.\",\"content\":\"ns1.isp.example. "
                  "hostmaster.isp.example. 1700000001 10800 3600 604800 "
                  "300\",\"ttl\":3600,\"domain_id\":1}]");
    expect_lookup(f, "nosuch.isp.example.", "ANY", 1, "[]");
    expect_lookup(f, "elsewhere.example.", "ANY", -1, "[]");
    expect_lookup(f, ".", "ANY", -1, "[]");
}

static void contents_are_escaped(void **state)
{
    struct fixture *f = *state;
    expect_lookup(f, "text.isp.example.", "TXT", 1,
                  "[{\"qtype\":\"TXT\",\"qname\":\"text.isp.example.\",\"content\":\"\\\"a "
                  "\\\\\\\"quoted\\\\\\\" "
                  "\\\\\\\\ and \\\\255\\\"\",\"ttl\":3600,\"domain_id\":1}]");
    expect_lookup(f, "a\\\\.b\\\\\\\"c\\\\007.isp.example.", "A", 1,
                  "[{\"qtype\":\"A\",\"qname\":\"a\\\\.b\\\\\\\"c\\\\007.isp.example.\","
                  "\"content\":\"192.0.2.54\","
                  "\"ttl\":3600,\"domain_id\":1}]");
    expect_lookup(f, "a\\\\.b\\\"c\\\\007.i\\u0073p.example.", "A", 1,
                  "[{\"qtype\":\"A\",\"qname\":\"a\\\\.b\\\"c\\\\007.i\\u0073p.example.\","
                  "\"content\":\"192.0.2.54\","
                  "\"ttl\":3600,\"domain_id\":1}]");
}

static void lookup_by_other_forms(void **state)
{
    struct fixture *f = *state;
    expect_reply(f,
                 "{\"parameters\":{\"zone-id\":\"3\",\"qtype\":\"ptr\",\"qname\":\"7.100.51.198.in-"
                 "addr.arpa.\"},"
                 "\"method\":\"lookup\"}",
                 "[" PTR_7 "]");
    expect_reply(f,
                 "{\"method\":\"APILookup\",\"parameters\":{\"include-disabled\":true,\"qname\":"
                 "\"7.100.51.198.in-addr.arpa.\",\"qtype\":\"ANY\",\"zone-id\":3}}",
                 "[" PTR_7 "]");
    expect_reply(
        f,
        "{\"method\":\"l\\u006fokup\",\"parameters\":{\"qname\":\"7.100.51.198.in-addr.arpa.\","
        "\"qtype\":\"ANY\"}}",
        "[" PTR_7 "]");
}

static void zones(void **state)
{
    struct fixture *f = *state;
    expect_reply(f, "{\"method\": \"getAllDomains\", \"parameters\": {\"include_disabled\": true}}",
                 "[{\"id\":3,\"zone\":\"100.51.198.in-addr.arpa.\",\"serial\":1700000003},"
                 "{\"id\":4,\"zone\":\"8.b.d.0.1.0.0.2.ip6.arpa.\",\"serial\":1700000004},"
                 "{\"id\":1,\"zone\":\"isp.example.\",\"serial\":1700000001},"
                 "{\"id\":2,\"zone\":\"dyn.isp.example.\",\"serial\":1700000002}]");
    expect_reply(
        f, "{\"method\": \"getDomainInfo\", \"parameters\": {\"name\": \"DYN.isp.example.\"}}",
        "{\"id\":2,\"zone\":\"dyn.isp.example.\",\"serial\":1700000002,\"kind\":\"native\"}");
    expect_reply(
        f, "{\"method\": \"getDomainInfo\", \"parameters\": {\"name\": \"www.isp.example.\"}}",
        "false");
    expect_reply(f, "{\"method\": \"getDomainInfo\", \"parameters\": {\"name\": \".\"}}", "false");
}

static void metadata(void **state)
{
    struct fixture *f = *state;
    expect_reply(
        f, "{\"method\": \"getAllDomainMetadata\", \"parameters\": {\"name\": \"isp.example.\"}}",
        "{\"ALLOW-AXFR-FROM\":[\"192.0.2.1\",\"2001:db8::1\"],\"X-ODD\":["
        "\"a\\\"b\\\\c\\u000a\xc3\xbc\xef\xbf\xbd\"]}");
    expect_reply(
        f,
        "{\"method\": \"getAllDomainMetadata\", \"parameters\": {\"name\": \"dyn.isp.example.\"}}",
        "{}");
    expect_reply(f,
                 "{\"method\": \"getAllDomainMetadata\", \"parameters\": {\"name\": \"example.\"}}",
                 "false");
    expect_reply(f,
                 "{\"method\": \"getDomainMetadata\", \"parameters\": {\"kind\": "
                 "\"ALLOW-AXFR-FROM\", \"name\": "
                 "\"isp.example.\"}}",
                 "[\"192.0.2.1\",\"2001:db8::1\"]");
    expect_reply(
        f,
        "{\"method\": \"getDomainMetadata\", \"parameters\": {\"kind\": \"PRESIGNED\", \"name\": "
        "\"isp.example.\"}}",
        "[]");
    expect_reply(
        f,
        "{\"method\": \"getDomainMetadata\", \"parameters\": {\"kind\": \"PRESIGNED\", \"name\": "
        "\"example.\"}}",
        "false");
}

static void list_holds_the_explicit_rows(void **state)
{
    struct fixture *f = *state;
    static const char request[] =
        "{\"method\": \"list\", \"parameters\": {\"domain_id\": 1, \"include_disabled\": "
        "false, \"zonename\": \"isp.example.\"}}";
    const char *reply;
    size_t len;
    struct diag diag;
    assert_int_equal(rpc_handle(f->worker, request, sizeof request - 1, &reply, &len, &diag),
                     RPC_REPLY);
    json_t *root = json_loadb(reply, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *rows = json_object_get(root, "result");
    assert_true(json_array_size(rows) >= 5);
    unsigned soas = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        assert_int_equal(json_object_size(row), 4); /* nothing that is at its default */
        const char *qtype = json_string_value(json_object_get(row, "qtype"));
        assert_non_null(qtype);
        soas += strcmp(qtype, "SOA") == 0;
        assert_true(json_is_string(json_object_get(row, "qname")));
        assert_true(json_is_string(json_object_get(row, "content")));
        assert_true(json_is_integer(json_object_get(row, "ttl")));
    }
    assert_int_equal(soas, 1);
    json_decref(root);
    expect_reply(f,
                 "{\"method\": \"list\", \"parameters\": {\"domain_id\": 1, \"zonename\": "
                 "\"www.isp.example.\"}}",
                 "false");
}

static void other_methods_have_correct_negatives(void **state)
{
    struct fixture *f = *state;
    static const char *const refused[] = {
        "getTSIGKey", "noSuchMethod",
        "",           "Lookup",
        "lookup2",    "aMethodWithANameOfMoreThanSixtyFourCharactersThatNobodyWillEverGiveToOne"};
    static const char *const empty[] = {"getTSIGKeys", "getUpdatedMasters", "getUnfreshSlaveInfos"};
    static const char *const of_keys[] = {
        "getDomainKeys",       "addDomainKey",     "removeDomainKey",   "activateDomainKey",
        "deactivateDomainKey", "publishDomainKey", "unpublishDomainKey"};
    char request[256];
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        snprintf(request, sizeof request,
                 "{\"method\": \"%s\", \"parameters\": {\"name\": \"isp.example.\"}}", refused[i]);
        expect_reply(f, request, "false");
    }
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        snprintf(request, sizeof request, "{\"method\": \"%s\", \"parameters\": {}}", empty[i]);
        expect_reply(f, request, "[]");
    }
    for (size_t i = 0; i < sizeof of_keys / sizeof *of_keys; i++) {
        snprintf(request, sizeof request,
                 "{\"method\": \"%s\", \"parameters\": {\"name\": \"not.ours.\", \"id\": 1, "
                 "\"key\": {\"flags\": 257, \"active\": true, \"content\": \"x\"}}}",
                 of_keys[i]);
        expect_reply(f, request, "false");
    }
    expect_reply(
        f,
        "{\"method\": \"initialize\", \"parameters\": {\"path\": \"/x\", \"timeout\": \"2000\"}}",
        "true");
}

/* --- edits: what they do is tested over the socket (test_edit.py) --- */

/* An exact reply, and whether our log gets a line. */
static void expect_edit(struct fixture *f, const char *request, const char *expected, bool logged)
{
    const char *reply;
    size_t len;
    struct diag diag;
    if (rpc_handle(f->worker, request, strlen(request), &reply, &len, &diag) != RPC_REPLY)
        fail_msg("closed: %s: %s", request, diag.message);
    if (len != strlen(expected) + 1 || memcmp(reply, expected, len - 1) != 0 ||
        reply[len - 1] != '\n')
        fail_msg("%s\n  gave     %.*s  expected %s", request, (int)len, reply, expected);
    assert_int_equal(diag.message[0] != '\0', logged);
}

#define START(domain)                                                                              \
    "{\"method\": \"startTransaction\", \"parameters\": {\"domain\": \"" domain                    \
    "\", \"domain_id\": -1, \"trxid\": 1795418095}}"
#define REPLACE(type, rrset)                                                                       \
    "{\"method\": \"replaceRRSet\", \"parameters\": {\"domain_id\": 1, \"qname\": "                \
    "\"new.isp.example.\", \"qtype\": \"" type "\", \"rrset\": [" rrset                            \
    "], \"trxid\": 1795418095}}"
#define RR(type, content)                                                                          \
    "{\"auth\": true, \"content\": \"" content                                                     \
    "\", \"qclass\": 1, \"qname\": \"new.isp.example.\", \"qtype\": \"" type "\", \"ttl\": 300}"
#define COMMIT "{\"method\": \"commitTransaction\", \"parameters\": {\"trxid\": 1795418095}}"
#define ABORT "{\"method\": \"abortTransaction\", \"parameters\": {\"trxid\": 1795418095}}"
#define TRUE "{\"result\":true}"

static void an_edit_lasts_from_start_to_commit(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rpc_wait_ms(f->worker), -1);
    expect_edit(f, START("isp.example."), TRUE, false);
    assert_in_range(rpc_wait_ms(f->worker), 1, RPC_EDIT_IDLE_MS);
    expect_edit(f, REPLACE("A", RR("A", "192.0.2.1")), TRUE, false);
    expect_lookup(f, "new.isp.example.", "ANY", 1,
                  "[{\"qtype\":\"A\",\"qname\":\"new.isp.example.\",\"content\":\"192.0.2.1\","
                  "\"ttl\":300,\"domain_id\":1}]");
    expect_edit(f, COMMIT, TRUE, false);
    assert_int_equal(rpc_wait_ms(f->worker), -1);
    expect_edit(f, START("isp.example."), TRUE, false);
    expect_edit(f, REPLACE("ANY", ""), TRUE, false);
    expect_edit(f, ABORT, TRUE, false);
    expect_lookup(f, "new.isp.example.", "AAAA", 1, "[]");
    expect_lookup(f, "new.isp.example.", "A", 1,
                  "[{\"qtype\":\"A\",\"qname\":\"new.isp.example.\",\"content\":\"192.0.2.1\","
                  "\"ttl\":300,\"domain_id\":1}]");
}

static void a_refusal_has_one_line_for_the_log_and_a_commit_without_result(void **state)
{
    struct fixture *f = *state;
    expect_edit(f, START("isp.example."), TRUE, false);
    expect_edit(f, REPLACE("XYZ", ""), "{\"result\":false,\"log\":[\"`XYZ` is no record type\"]}",
                true);
    assert_int_equal(rpc_wait_ms(f->worker), -1);
    expect_edit(f, REPLACE("A", RR("A", "192.0.2.1")),
                "{\"result\":false,\"log\":[\"the transaction was refused before\"]}", false);
    expect_edit(f, COMMIT, "{\"log\":[\"the transaction was refused before\"]}", false);
    expect_edit(f, COMMIT, "{\"log\":[\"no transaction was begun\"]}", true);
    expect_edit(f, REPLACE("A", RR("A", "192.0.2.1")),
                "{\"result\":false,\"log\":[\"no transaction was begun\"]}", true);
    expect_edit(f, START("elsewhere.example."),
                "{\"log\":[\"elsewhere.example is no zone of this store\"]}", true);
    expect_edit(f, ABORT, TRUE, false);
    expect_edit(f, START("isp.example."), TRUE, false);
    expect_edit(f, REPLACE("A", RR("AAAA", "2001:db8::1")),
                "{\"result\":false,\"log\":[\"a record of the set has another name or type\"]}",
                true);
    expect_edit(f, ABORT, TRUE, false);
}

static void a_worker_that_waits_too_long_loses_its_edit(void **state)
{
    struct fixture *f = *state;
    struct diag diag = {0};
    assert_false(rpc_wait_over(f->worker, &diag));
    expect_edit(f, START("isp.example."), TRUE, false);
    assert_true(rpc_wait_over(f->worker, &diag));
    assert_non_null(strstr(diag.message, "given up"));
    assert_int_equal(rpc_wait_ms(f->worker), -1);
    expect_edit(f, COMMIT,
                "{\"log\":[\"the transaction was given up for want of requests before\"]}", false);
}

#define LOOKUP(parameters) "{\"method\":\"lookup\",\"parameters\":{" parameters "}}"

static void malformed_requests_close(void **state)
{
    struct fixture *f = *state;
    static const char *const requests[] = {
        "x",
        "{}",
        "{\"method\":1}",
        "{\"method\":\"initialize\",\"parameters\":[]}",
        "{\"method\":\"initialize\",\"parameters\":{\"a\":1,\"a\":2}}",
        "{\"method\":\"lookup\"}",
        LOOKUP(""),
        LOOKUP("\"qname\":\"a.\""),
        LOOKUP("\"qtype\":\"ANY\""),
        LOOKUP("\"qname\":1,\"qtype\":\"ANY\""),
        LOOKUP("\"qname\":\"\",\"qtype\":\"ANY\""),
        LOOKUP("\"qname\":\"a..b.\",\"qtype\":\"ANY\""),
        LOOKUP("\"qname\":\"a\\\\999.\",\"qtype\":\"ANY\""),
        LOOKUP("\"qname\":\"a.\",\"qtype\":\"\""),
        LOOKUP("\"qname\":\"a.\",\"qtype\":\"A B\""),
        LOOKUP("\"qname\":\"a.\",\"qtype\":1"),
        LOOKUP("\"qname\":\"a.\",\"qtype\":\"A\",\"zone-id\":null"),
        LOOKUP("\"qname\":\"a.\",\"qtype\":\"A\",\"zone-id\":1.5"),
        "{\"method\":\"list\",\"parameters\":{}}",
        "{\"method\":\"getDomainInfo\",\"parameters\":{\"name\":7}}",
        "{\"method\":\"getDomainInfo\"}",
        "{\"method\":\"getDomainInfo\",\"parameters\":{\"name\":\"a..\"}}",
        "{\"method\":\"getDomainMetadata\",\"parameters\":{\"name\":\"a.\"}}",
        "{\"method\":\"startTransaction\",\"parameters\":{\"domain\":\"isp.example.\"}}",
        ("{\"method\":\"replaceRRSet\",\"parameters\":{\"domain_id\":1,\"qname\":\"a.\","
         "\"qtype\":\"A\"}}"),
        "{\"method\":\"setDomainMetadata\",\"parameters\":{\"name\":\"a.\",\"kind\":\"X\"}}",
        "{\"method\":\"setTSIGKey\",\"parameters\":{\"name\":\"a.\"}}",
        "{\"method\":\"setNotified\",\"parameters\":{\"id\":1,\"serial\":\"\"}}",
        "{\"method\":\"setFresh\",\"parameters\":{\"id\":1.5}}",
        "{\"method\":\"setStale\",\"parameters\":{\"id\":0}}",
        "{\"method\":\"searchRecords\",\"parameters\":{\"pattern\":\"a\"}}",
        "{\"method\":\"directBackendCmd\",\"parameters\":{\"query\":1}}",
        "{\"method\":\"superMasterBackend\",\"parameters\":{\"ip\":\"::1\"}}",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        expect_close(f, requests[i]);
        /* and the worker is as good as before */
        expect_lookup(f, "7.100.51.198.in-addr.arpa.", "ANY", -1, "[" PTR_7 "]");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_cut_at_newlines),
        cmocka_unit_test(good_json_is_accepted),
        cmocka_unit_test(bad_json_is_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(keys_may_be_spelt_and_ordered_freely),
        cmocka_unit_test(zone_ids_are_whole_numbers),
        cmocka_unit_test(decoder_agrees_with_jansson),
        cmocka_unit_test_setup_teardown(lookups, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(contents_are_escaped, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(lookup_by_other_forms, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(zones, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(metadata, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(list_holds_the_explicit_rows, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(other_methods_have_correct_negatives, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(an_edit_lasts_from_start_to_commit, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(
            a_refusal_has_one_line_for_the_log_and_a_commit_without_result, make_fixture,
            drop_fixture),
        cmocka_unit_test_setup_teardown(a_worker_that_waits_too_long_loses_its_edit, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(malformed_requests_close, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
