/* rdata/key.h: DS of keys of every algorithm, as PowerDNS 4.7.3 made the keys and ldns-key2ds and
 * PowerDNS itself made the DS of their DNSKEY; what is no key is refused, whatever it is (run under
 * ASan). */
#include "ptrd/rdata/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct known {
    uint16_t flags;
    uint8_t algorithm;
    const char *content, *ds;
};

static const struct known known[] = {
    {256, 5,
     "Private-key-format: v1.2\n"
     "Algorithm: 5 (RSASHA1)\n"
     "Modulus: "
     "8mkn3ots3CCXERDdwpjlat5zUctVMtJpTLb+YjaLaCei0FKnrye/ogxFEpGaOYVV3s4alHYPvFirtpYDXuhJiQ==\n"
     "PublicExponent: AQAB\n"
     "PrivateExponent: "
     "hVIoR1FPUdHqw8wO6xPEOX6W1gmKliT7HOIYDlQJYAI6k+T7YE60GCBueC2ONlpuSZzjS0ERCUTR820KUA+B8Q==\n"
     "Prime1: /Bdsi07Z+DBsGCdLmlLNwVqKZIi+xoRofb0yEiDTM8c=\n"
     "Prime2: 9itO1ZHru/mBcjS9pPZdxcAZ6fpMWYmaW/8FzwA/+C8=\n"
     "Exponent1: Sg7Dl4VZqXzoNIxOvI543cWwhGpbyUwaul27ePHluf8=\n"
     "Exponent2: omnqZmAS/v9cF2SSps7hCYJ31naMfxqZXA8C3xMUIYM=\n"
     "Coefficient: LIVwswAmj8vj9DrAmQEu241MUIGq1AcFm0WEoY2LpCo=\n",
     "54036 5 2 5520e8fe24cd6b58096453e892d8833e055155403e9d38b5cb16306ea2dfd1c8"},
    {257, 7,
     "Private-key-format: v1.2\n"
     "Algorithm: 7 (RSASHA1)\n"
     "Modulus: "
     "uaGjfnVRZTYREOGVovVa/Eqh7EtUjZJBaYfwXGpWt6FNgZL6yfsWHagPVftjchEZTuzprN/B/"
     "924DxGmETiJFzqNwpHnOHxe9OJyqh6NzBFAGX/0WFfDVA+kmv4/"
     "vkDqkCfCFlLAcdVQPqMDbss5Sv1URRRaBZGc649gaBCu9aE=\n"
     "PublicExponent: AQAB\n"
     "PrivateExponent: "
     "C8ZJ9ZKBeDcGvBhjAnQnsksVnERm95foWEZMI8CHAZzUqrxk9fzcOUNYva51b13QSiZS6ClFR/"
     "KLY0FOVFdOsrPCCJ9pg8a0gWsAsldBhCmSQhcQb0eonCy1pQUkA/"
     "o0vmODKArgcX7WQwVXXc49Eb0Om6xUtkVgaI8fg5qHNfE=\n"
     "Prime1: "
     "65l7BWkOG57wZJ1MCdGQnASCE3b84ucHh6w2z9mtNghLO/GcQqAE5LSQbhctIMiklKpbxY05Vv11EJohgQbgJQ==\n"
     "Prime2: "
     "ybSEjMrTGflX93PcVCyoJXUB8TrjXTgw3FmV9BPYnnQfVv8fWXEjRP3aM4tQ5q0ArnozhNiVqT7X4vcgr2IYzQ==\n"
     "Exponent1: "
     "W3VERXBn0p8bkONjHjilG3vAhw/c0bR/vtJCoONOkzgbBJUhZNe7rpDNtH74vM5G3ZNYdtMA3F0d8ajzsqPZpQ==\n"
     "Exponent2: "
     "gj8V5JBIFpqjCf//wz7+6QkQUwQSsyxIqNEUeoKiO1eCsTuWs7vR6Yf+cZBBkmMecIwqXls48QvKfh3UNkwi9Q==\n"
     "Coefficient: "
     "Y/tRAua9Q21MqMzHyBdpNpl1f9d/K0zy37k4NCCP3isaXOIxqCJTaY78Jkp/1Gmsx73LpKEW/OqtktZmk68kyA==\n",
     "25779 7 2 fd28d5de7d4a81f27df073c5f385ca1ad00a27ac4927783135d0c2efd0d15ce0"},
    {257, 8,
     "Private-key-format: v1.2\n"
     "Algorithm: 8 (RSASHA256)\n"
     "Modulus: "
     "23I7h8orWXeflMZOdwlIQQaKflLoj7jjy9CrVURvmy7uklzJ3I0GwF6CtBeXPDUl/"
     "HFAXtil4dPl+tAthdvDuc4qBTZGey+jANJMuXbSOxglQaDQJ1jowuM8P28Mg2qdRDyHCaCpA8cAxl0sKgDYyUpHwOOf+"
     "A1hJpPZeNzkaZK7FmNjS6QpiHSwQQ3iDRQr7dev1QTMa8Pq62XTB7g0F9PxrC6NYfS+KQCMYDkOXi6nTtG2NliHWm/"
     "cts5+Ub0GENCZ6iuMYZABqfOPNUHnczcjnFMuHO5YB4gjxpKqHky0qWN+"
     "KlOpBqq7DyMduAY0GRbNW2XlHabD6Ao01dTz9Q==\n"
     "PublicExponent: AQAB\n"
     "PrivateExponent: "
     "DpTi2UVJB58gArgBnz3F6BI58iZqryAjPNgPBnGvc9GUxzN0s1vImtA84aAeq8DBVyqkUxkUvrKAmd+"
     "q4rXlZcuJ9cIzQTy7WVLgB8PaONSEJz37Dt5EyyxjxLhJjdLwA8h81ZowGODoj4XB6UGYphlyNqI5bzdeYPyaiwIsiEo4"
     "9fwm3+2xdDZ6/"
     "KwmnlDOZU3w59H1Th1E6OB63CTC5DNOb18Mhks0wDE16WO7MgiS35KA6ViaPggi0kYdAeMRw+"
     "7EqM1dZrLHcP1pc7OvWTuQ8sswRWFxLzGaTOI1HUOBehm3e07gBEw5z0fpHQNUAf7UOsQWb9nHC/r01O512Q==\n"
     "Prime1: "
     "7bbV596YA7fnwd7nQnDAUPCDEWgjrLdDCWHu0WC0fya5+fh60TRJ7pfqrlZ+"
     "ZboTGK6sJkzUQlC9w7MwnpNimCoETRttxWrunpYPEo/"
     "KwBya0LENd1bvCXkjl70e5OcxxAF+FBDP4vbZXeMRsCwYBMGRDz6Sm+2VoQu4qLTuyjk=\n"
     "Prime2: "
     "7FOoD9PU2fEQMH6Q5GSHbZTkNPoBDVwGi42lK1Meguby+/"
     "fdp+gFbWoGLhHc1omjUKf4+UBjLrSynufJAbUXAc7XMxHYNFTtiVx5EqmaEd8WlsRJ9RzA4vgaavDkzVCVArJv2f+"
     "Cm7Xy1iOxWQjenrkaTBsDghi7F/hQvEQ2Z50=\n"
     "Exponent1: "
     "wWw6FVdr/eqQa5HCPq+b7MAnBezkyk67/1BukHPNqoCKZzmmRb/"
     "0QG3giUbbxk5n53eJoAh31hX4stqFPyLR4NqfcVZWNYLS8rtLPGFAKp2b4x+"
     "Nw4M7MUweiANctgjg14oXWqBrZ1RQfjKbW+wlBwmxzOOvS61ASTBOawf+HRE=\n"
     "Exponent2: "
     "UbKZ5t7UNoOflSQr8sjOCJPwUGAc/QFTQes1rkSNx7MPTQvjFKihN7HvcP272m66hqeK6p/"
     "Xqc3N8iEu2+g+i+F1g7Ini+/"
     "QLixJrqnzGTqGFJjG+HV4OP6MI2wjrNaurMAC6tnpzOqZiG3OYXkvfK+A585u6AqkoyS0xGDQbgE=\n"
     "Coefficient: "
     "n7awPqOIudUlVUuVDbmM1K1Ce0Thd63pnEIGSVPq3Yk1iSjZmYRfYqHFN+C3jsL0baKvPW+"
     "SFBPudyVs8fRm9Q5RbB6Pi336z/RDa/SE8/"
     "7RZQWA04Pb+nxzi7ABsZAq29hQFc9yBqvlLYs6l+auCZKUJnzgsmXfwsKWbIxcfN8=\n",
     "5165 8 2 973bad3e155d6da421fab44a25a4c6968977b8db2ca118d610a3f9043e80982d"},
    {256, 10,
     "Private-key-format: v1.2\n"
     "Algorithm: 10 (RSASHA512)\n"
     "Modulus: "
     "z4td8a3oB7GosBAO0kzQ1nJyr4NYL76Xe4ZNw0SUKFk74ZPkrC8nH/Wld6/"
     "Fet0yzJ5bOYCD4JuTUpONaatm69C2zYzpSYRdKLdCHk877hYmgLJsaUefFLuZFdFJfbO5t+"
     "qWl8lGboOfrBpNTn9ZgXzXETyiB4frtgpKKMJ78kM=\n"
     "PublicExponent: AQAB\n"
     "PrivateExponent: "
     "Ps31x8TQikOAwIabdZg5Oiu3+NTOQuRyArdJoOWH0A3wyPpwIIrEVC+JuwY9xEhbrv/"
     "cqzHwtm9dzYdJK8jqg7Y9aSMR0vo2CFTKvFyPs2/7mHUWOKKt4fVvE1SA8XSk+vxgpYGkNG/oSbKhoiPEr/"
     "Yys+Rlj1WwhYsEjpGwP8E=\n"
     "Prime1: "
     "7RngZv4uc9INbTwi+puSRP/hKRqHzLT+WU9uc9Mv5lbk3QuUYN8cqGzonAy4Sf5N2TLqiuUlQTqxBO688vLwPQ==\n"
     "Prime2: "
     "4BZgfd0wmG4orW4p6cugs1GuFptVVadriWmoJSBO+Ciwi0agPdXXOYYUasuF7PsdZkQV35HgYBjdbH6C9xoUfw==\n"
     "Exponent1: "
     "myzwXPfGVy8GcpOFIRdoZ5hAOLKQZj2eqbz+wPdaxhngt3q4pZ3gF6sPofIBOwwgzyIvtq+57jMHX/8P0sGE0Q==\n"
     "Exponent2: "
     "pUzccPwxVMAuEYEqOeST7rNaECMVl9GgagUenARxPG4HjTXUDsknsq9NcFohuOakkUO4PuuE8F5nOBk60rzSUQ==\n"
     "Coefficient: "
     "YiSItiPcPlpq/6ch+YJ0kG5kWJ2i1RnJE3/bArbwUwKplVORIQf1113Vki59MxTH2R57m1Vd9EtPP9jtKpl39g==\n",
     "41405 10 2 91d895b50c3f37c0f99247b017675cd5e13772bbad321fdade1637ccfab5182a"},
    {257, 13,
     "Private-key-format: v1.2\n"
     "Algorithm: 13 (ECDSAP256SHA256)\n"
     "PrivateKey: RCBvNv0ll0pYaAIjz0q3UU03+pUt9c1tSQh8QQ3Bvqw=\n",
     "37837 13 2 1130101e672c0c3ffabb8104ab55ec2bd82771959761a6538a7bfc864fc98238"},
    {256, 14,
     "Private-key-format: v1.2\n"
     "Algorithm: 14 (ECDSAP384SHA384)\n"
     "PrivateKey: PoE8++wAYnDHGUYnhpE7Jq14vZYJ/TNleKwBQ0pgyi8vaC7TvJkrBjpk6J0VmCOj\n",
     "55055 14 2 607b08fe8579a06171edfee1469ddd3a16f298a8683f7c1bb07b346d14ca1689"},
    {257, 15,
     "Private-key-format: v1.2\n"
     "Algorithm: 15 (ED25519)\n"
     "PrivateKey: N6Kf1WNQ4aS19v9/+64AKVZmic3K/hQc/5Uz1nC15Ms=\n",
     "9164 15 2 f88958e29209d2455f84698629eee9acc94dfaae409634fd0aecc10029c34c46"},
    {256, 16,
     "Private-key-format: v1.2\n"
     "Algorithm: 16 (ED448)\n"
     "PrivateKey: Klv+T9jRDdE74BRTqH6xreU+pJYY05GOeAJqSUSgGRxP7/ZHODYMXHfkbYpLAx2ihTltN02pb9Nw\n",
     "16386 16 2 b9bcc6c0bb8a5fc372d3c9d33987fd649fd2171843060e2b22dd5fb4bf423950"},
};
#define KNOWN (sizeof known / sizeof *known)

static uint64_t random_state;

static uint64_t random_next(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In memory of exactly its length. */
static int read_as(const char *apex, uint16_t flags, const char *content, size_t len,
                   uint8_t *algorithm, char ds[256], struct diag *diag)
{
    struct name name;
    struct rdata out;
    char *copy = malloc(len + !len);
    assert_int_equal(name_parse(apex, strlen(apex), &name, NULL), 0);
    memcpy(copy, content, len);
    diag->message[0] = '\0';
    int found = rdata_key_ds(&name, flags, copy, len, algorithm, &out, diag);
    free(copy);
    ds[0] = '\0';
    if (found == PTRD_FOUND) {
        assert_int_equal(out.type, RRTYPE_DS);
        assert_true(out.len == strlen(out.text) && out.len < 256);
        strcpy(ds, out.text);
        rdata_done(&out);
    }
    return found;
}

static void ds_of_every_algorithm(void **state)
{
    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        struct diag diag;
        uint8_t algorithm;
        char ds[256];
        const struct known *k = &known[i];
        assert_int_equal(
            read_as("isp.example", k->flags, k->content, strlen(k->content), &algorithm, ds, &diag),
            PTRD_FOUND);
        assert_int_equal(algorithm, k->algorithm);
        assert_string_equal(ds, k->ds);
        assert_int_equal(
            read_as("ISP.Example", k->flags, k->content, strlen(k->content), &algorithm, ds, &diag),
            PTRD_FOUND);
        assert_string_equal(ds, k->ds); /* of the canonical owner (RFC 4034 5.1.4) */
        assert_int_equal(read_as("isp.example", k->flags ^ 1, k->content, strlen(k->content),
                                 &algorithm, ds, &diag),
                         PTRD_FOUND);
        assert_string_not_equal(ds, k->ds);
        assert_int_equal(read_as("other.example", k->flags, k->content, strlen(k->content),
                                 &algorithm, ds, &diag),
                         PTRD_FOUND);
        assert_string_not_equal(ds, k->ds);
    }
}

/* Field order, letter case, white space and further lines say nothing, as in PowerDNS. */
static void other_spellings(void **state)
{
    (void)state;
    const struct known *k = &known[6];
    const char *number = strstr(k->content, "PrivateKey: ") + strlen("PrivateKey: ");
    struct diag diag;
    uint8_t algorithm;
    char text[512], ds[256];
    snprintf(text, sizeof text,
             "Created: 20260101000000\r\nprivatekey:%.*s \r\nALGORITHM:\t15\r\n"
             "Private-key-format: v1.3\r\n\r\n",
             (int)strcspn(number, "\n"), number);
    assert_int_equal(read_as("isp.example", 257, text, strlen(text), &algorithm, ds, &diag),
                     PTRD_FOUND);
    assert_string_equal(ds, k->ds);
    text[strlen(text) - 4] = '\0'; /* without the last line's end */
    assert_int_equal(read_as("isp.example", 257, text, strlen(text), &algorithm, ds, &diag),
                     PTRD_FOUND);
}

static void keys_that_give_no_ds(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        uint8_t algorithm;
    } cases[] = {
        {"Private-key-format: v1.2\nAlgorithm: 8 (RSASHA256)\nEngine: softhsm\nSlot: 1\nPIN: 1\n"
         "Label: key\n",
         8},
        {"Private-key-format: v1.2\nAlgorithm: 12 (ECC-GOST)\nGostAsn1: AAAA\n", 12},
        {"Private-key-format: v1.2\nAlgorithm: 3 (DSA)\nPrime(p): AAAA\n", 3},
        {"Private-key-format: v1.2\nAlgorithm: 253\n", 253},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diag diag;
        uint8_t algorithm;
        char ds[256];
        assert_int_equal(read_as("isp.example", 257, cases[i].content, strlen(cases[i].content),
                                 &algorithm, ds, &diag),
                         PTRD_ABSENT);
        assert_int_equal(algorithm, cases[i].algorithm);
    }
}

#define HEAD "Private-key-format: v1.2\n"
#define CURVE HEAD "Algorithm: 13 (ECDSAP256SHA256)\nPrivateKey: "

static void no_keys(void **state)
{
    (void)state;
    static const struct {
        const char *content, *word;
    } cases[] = {
        {"", "no line `Private-key-format`"},
        {"secret", "no line `Private-key-format`"},
        {"Private-key-format: v2\nAlgorithm: 13\n", "not v1"},
        {HEAD, "no line `Algorithm`"},
        {HEAD "Algorithm:\n", "no line `Algorithm`"},
        {HEAD "Algorithm: 0\n", "1 to 255"},
        {HEAD "Algorithm: 256\n", "1 to 255"},
        {HEAD "Algorithm: 4294967309\n", "1 to 255"},
        {HEAD "Algorithm: -13\n", "1 to 255"},
        {HEAD "Algorithm: ECDSAP256SHA256\n", "1 to 255"},
        {HEAD "Algorithm: 13\nAlgorithm: 13\n", "more than one line `Algorithm`"},
        {HEAD "Algorithm: 13\n", "no line `PrivateKey`"},
        {CURVE "\n", "no line `PrivateKey`"},
        {CURVE "!!!!\n", "base64"},
        {CURVE "AAAA\n", "no number"}, /* all zeros */
        {CURVE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "no number"},
        {CURVE "AQIDBAUGBwgBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwgBAgME\n", "expected 32"},
        {HEAD "Algorithm: 15\nPrivateKey: AQIDBAUGBwg=\n", "expected 32"},
        {HEAD "Algorithm: 16\nPrivateKey: AQIDBAUGBwg=\n", "expected 57"},
        {HEAD "Algorithm: 8\n", "no line `Modulus`"},
        {HEAD "Algorithm: 8\nModulus: AQIDBAUGBwg=\n", "512 bits"},
        {"Private-key-format: v1.2\001\n", "is no text"},
        {"Private-key-format: v1.2\nAlgorithm: 8\nModulus: \xc3\xbc\n", "is no text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diag diag;
        uint8_t algorithm;
        char ds[256];
        int found = read_as("isp.example", 257, cases[i].content, strlen(cases[i].content),
                            &algorithm, ds, &diag);
        if (found != PTRD_EINVAL || !strstr(diag.message, cases[i].word))
            fail_msg("case %zu: %d %s", i, found, diag.message);
        assert_null(strstr(diag.message, "AQID")); /* no secret in a log */
    }
}

/* The order of the group itself is 0, and leads to no point: libldns would assert. */
static void numbers_outside_the_curve(void **state)
{
    (void)state;
    static const char text[] = CURVE "/////wAAAAD//////////7zm+q2nF56E87nKwvxjJVE=\n";
    struct diag diag;
    uint8_t algorithm;
    char ds[256];
    assert_int_equal(read_as("isp.example", 257, text, sizeof text - 1, &algorithm, ds, &diag),
                     PTRD_EINVAL);
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    static const size_t sizes[] = {600, 700, 1023, 1024, 1025, 10229, 10230, 16000, 16384, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = malloc(sizes[i] + 256), ds[256];
        struct diag diag;
        uint8_t algorithm;
        size_t len = (size_t)sprintf(text, HEAD "Algorithm: 8\nPublicExponent: AQAB\nModulus: ");
        memset(text + len, '/', sizes[i]);
        text[len + sizes[i]] = '\n';
        assert_int_equal(
            read_as("isp.example", 257, text, len + sizes[i] + 1, &algorithm, ds, &diag),
            PTRD_EINVAL);
        free(text);
    }
    char *nul = malloc(64);
    struct diag diag;
    uint8_t algorithm;
    char ds[256];
    memset(nul, 0, 64);
    assert_int_equal(read_as("isp.example", 257, nul, 64, &algorithm, ds, &diag), PTRD_EINVAL);
    free(nul);
}

/* Every truncation, and octets changed at random: an answer, never an abort or a leak. */
static void anything_is_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        size_t len = strlen(known[i].content), last = len - 1;
        while (known[i].content[last - 1] != '\n')
            last--;
        char text[4096], ds[256];
        struct diag diag;
        uint8_t algorithm;
        for (size_t cut = 0; cut < len; cut += known[i].algorithm < 13 ? 7 : 1) {
            int found = read_as("isp.example", 257, known[i].content, cut, &algorithm, ds, &diag);
            /* `1` is an algorithm too, and the last number may be a shorter one */
            if (found < 0 ? found != PTRD_EINVAL : found == PTRD_FOUND && cut <= last)
                fail_msg("key %zu cut at %zu: %d %s", i, cut, found, diag.message);
        }
        for (unsigned round = 0; round < 300; round++) {
            memcpy(text, known[i].content, len);
            for (uint64_t n = 1 + random_next() % 3; n > 0; n--) {
                static const char likely[] = "AZaz09+/=: \n(\r";
                text[random_next() % len] = random_next() % 4
                                                ? likely[random_next() % (sizeof likely - 1)]
                                                : (char)random_next();
            }
            int found = read_as("isp.example", 257, text, len, &algorithm, ds, &diag);
            assert_true(found == PTRD_FOUND || found == PTRD_ABSENT || found == PTRD_EINVAL);
            assert_true(found != PTRD_EINVAL || diag.message[0]);
        }
    }
}

int main(void)
{
    const char *given = getenv("PTRD_TEST_SEED");
    random_state =
        given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) ^ (uint64_t)getpid() << 20;
    printf("key: PTRD_TEST_SEED=%llu\n", (unsigned long long)random_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ds_of_every_algorithm),     cmocka_unit_test(other_spellings),
        cmocka_unit_test(keys_that_give_no_ds),      cmocka_unit_test(no_keys),
        cmocka_unit_test(numbers_outside_the_curve), cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(anything_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
