/* key.h: NSEC3 parameters as PowerDNS keeps them, and the hashes of RFC 5155. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ptrd/rdata/key.h"

static int read_params(const char *text, struct nsec3_params *out)
{
    return rdata_nsec3_params(text, strlen(text), out);
}

static void test_parameters_that_powerdns_writes(void **state)
{
    struct nsec3_params p;
    (void)state;
    assert_int_equal(read_params("1 0 0 -", &p), 0);
    assert_int_equal(p.algorithm, 1);
    assert_int_equal(p.flags, 0);
    assert_int_equal(p.iterations, 0);
    assert_int_equal(p.salt_len, 0);
    assert_int_equal(read_params("1 1 5 abCD", &p), 0);
    assert_int_equal(p.flags, 1);
    assert_int_equal(p.iterations, 5);
    assert_int_equal(p.salt_len, 2);
    assert_memory_equal(p.salt, "\xab\xcd", 2);
    assert_int_equal(read_params("1 0 65535 00", &p), 0);
    assert_int_equal(p.iterations, 65535);
}

static void test_a_salt_of_255_octets_and_none_longer(void **state)
{
    struct nsec3_params p;
    char text[600] = "1 0 0 ";
    (void)state;
    memset(text + 6, 'f', 510);
    assert_int_equal(rdata_nsec3_params(text, 516, &p), 0);
    assert_int_equal(p.salt_len, 255);
    assert_int_equal(p.salt[254], 0xff);
    memset(text + 6, 'f', 512);
    assert_int_equal(rdata_nsec3_params(text, 518, &p), PTRD_EINVAL);
}

static void test_other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",         "1",         "1 0 0",
        "1 0 0 ",   " 1 0 0 -",  "1 0 0 - x",
        "2 0 0 -",  "0 0 0 -",   "257 0 0 -",
        "1 2 0 -",  "1 -1 0 -",  "1 0 65536 -",
        "1 0 -1 -", "1 0 0 a",   "1 0 0 abc",
        "1 0 0 zz", "1 0 0 --",  "1 0 0x1 -",
        "1\t0 0 -", "1 0 0 -\n", "1 0 4294967296 -",
        "1 0 +1 -", "one 0 0 -", "1 257 0 -",
    };
    struct nsec3_params p = {.iterations = 77};
    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        if (read_params(texts[i], &p) != PTRD_EINVAL)
            fail_msg("`%s` is taken", texts[i]);
    assert_int_equal(p.iterations, 77);
}

static void base32hex(const uint8_t hash[NSEC3_HASH_LEN], char out[33])
{
    for (unsigned i = 0; i < 32; i++) {
        unsigned bit = i * 5, word = (unsigned)hash[bit / 8] << 8;
        if (bit / 8 + 1 < NSEC3_HASH_LEN)
            word |= hash[bit / 8 + 1];
        out[i] = "0123456789abcdefghijklmnopqrstuv"[word >> (11 - bit % 8) & 31];
    }
    out[32] = '\0';
}

/* RFC 5155, appendix A: salt aabbccdd, 12 iterations. */
static void test_hashes_of_rfc_5155(void **state)
{
    static const struct {
        const char *name, *hash;
    } vectors[] = {
        {"example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
        {"a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
        {"ai.example", "gjeqe526plbf1g8mklp59enfd789njgi"},
        {"ns1.example", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
        {"ns2.example", "q04jkcevqvmu85r014c7dkba38o0ji5r"},
        {"w.example", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
        {"*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
        {"x.w.example", "b4um86eghhds6nea196smvmlo4ors995"},
        {"y.w.example", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"},
        {"x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"},
        {"XX.Example.", "t644ebqk9bibcna874givr6joj62mlhv"},
        {"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"},
    };
    struct nsec3_params p;
    (void)state;
    assert_int_equal(read_params("1 1 12 aabbccdd", &p), 0);
    for (unsigned i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct name name;
        uint8_t hash[NSEC3_HASH_LEN];
        char text[33];
        assert_int_equal(name_parse(vectors[i].name, strlen(vectors[i].name), &name, NULL), 0);
        rdata_nsec3_hash(&p, &name, hash);
        base32hex(hash, text);
        assert_string_equal(text, vectors[i].hash);
    }
}

/* The longest name and the longest salt together. */
static void test_the_longest_input(void **state)
{
    struct nsec3_params p = {.algorithm = 1, .iterations = 1, .salt_len = 255};
    struct name name = {.len = 255};
    uint8_t one[NSEC3_HASH_LEN], other[NSEC3_HASH_LEN];
    (void)state;
    for (unsigned at = 0; at + 1 < 255; at += 2) {
        name.wire[at] = 1;
        name.wire[at + 1] = 'a';
    }
    rdata_nsec3_hash(&p, &name, one);
    p.salt[254] = 1;
    rdata_nsec3_hash(&p, &name, other);
    assert_memory_not_equal(one, other, NSEC3_HASH_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_that_powerdns_writes),
        cmocka_unit_test(test_a_salt_of_255_octets_and_none_longer),
        cmocka_unit_test(test_other_texts_are_refused),
        cmocka_unit_test(test_hashes_of_rfc_5155),
        cmocka_unit_test(test_the_longest_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
