/* Names, contents and numbers of replies: many octets at a time or one by one, the text is the
 * same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ptrd/powerdns/reply.h"

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * n >> 32);
}

/* Mostly what host names hold, now and then any octet. */
static uint8_t random_octet(unsigned odd_in_1000)
{
    static const char host[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return random_below(1000) < odd_in_1000 ? (uint8_t)random_below(256)
                                            : (uint8_t)host[random_below(sizeof host - 1)];
}

static struct name random_name(unsigned odd_in_1000)
{
    struct name n = {.len = 0};
    unsigned end = 1 + random_below(254), at = 0;
    while (at + 2 < end) {
        unsigned room = end - at - 2, size = 1 + random_below(room < 63 ? room : 63);
        n.wire[at] = (uint8_t)size;
        for (unsigned i = 1; i <= size; i++)
            n.wire[at + i] = random_octet(odd_in_1000);
        at += size + 1;
    }
    n.wire[at] = 0;
    n.len = (uint8_t)(at + 1);
    return n;
}

/* RFC 1035 5.1, inside a JSON string. */
static size_t octet_text(char *out, uint8_t c, bool label)
{
    bool decimal = c < 0x20 || c > 0x7e || (label && (c == '.' || c == '\\' || c == ' '));
    if (decimal)
        return (size_t)sprintf(out, "\\\\%03u", c);
    if (c == '"' || c == '\\')
        return (size_t)sprintf(out, "\\%c", c);
    out[0] = (char)c;
    return 1;
}

static void names_are_written_octet_by_octet(void **state)
{
    (void)state;
    char expected[2048];
    struct reply r = {0};
    for (unsigned i = 0; i < 20000; i++) {
        struct name n = random_name(i % 3 * 10);
        size_t len = 0;
        for (unsigned at = 0; n.wire[at]; at += n.wire[at] + 1u) {
            for (unsigned k = 1; k <= n.wire[at]; k++)
                len += octet_text(expected + len, n.wire[at + k], true);
            expected[len++] = '.';
        }
        if (len == 0)
            expected[len++] = '.';
        reply_reset(&r);
        reply_name(&r, (struct span){n.wire, n.len});
        assert_int_equal(r.error, 0);
        assert_int_equal(r.len, len);
        assert_memory_equal(r.bytes, expected, len);
    }
    reply_done(&r);
}

static void names_that_are_cut_are_refused(void **state)
{
    (void)state;
    struct reply r = {0};
    for (unsigned i = 0; i < 5000; i++) {
        struct name n = random_name(i % 2 * 10);
        size_t len = random_below(n.len);
        uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees a read behind the end */
        memcpy(exact, n.wire, len);
        reply_reset(&r);
        reply_name(&r, (struct span){exact, len});
        assert_int_equal(r.error, PTRD_ECORRUPT);
        free(exact);
    }
    reply_done(&r);
}

static void contents_are_written_octet_by_octet(void **state)
{
    (void)state;
    uint8_t content[300];
    char expected[5 * sizeof content + 1];
    struct reply r = {0};
    for (unsigned i = 0; i < 20000; i++) {
        size_t size = random_below(sizeof content), len = 0;
        for (size_t k = 0; k < size; k++) {
            content[k] = random_octet(i % 3 * 20);
            len += octet_text(expected + len, content[k], false);
        }
        reply_reset(&r);
        reply_content(&r, (struct span){content, size});
        assert_int_equal(r.len, len);
        assert_memory_equal(r.bytes, expected, len);
    }
    reply_done(&r);
}

static void numbers_are_decimal(void **state)
{
    (void)state;
    char expected[32];
    struct reply r = {0};
    for (unsigned bits = 0; bits <= 64; bits++) {
        for (unsigned i = 0; i < 50; i++) {
            uint64_t n = bits == 64 ? UINT64_MAX - i : (UINT64_C(1) << bits) - i;
            reply_reset(&r);
            reply_number(&r, n);
            assert_int_equal(r.len, sprintf(expected, "%" PRIu64, n));
            assert_memory_equal(r.bytes, expected, r.len);
        }
    }
    for (uint64_t n = 1, digits = 1; digits < 20; n *= 10, digits++) {
        reply_reset(&r);
        reply_number(&r, n - 1);
        reply_number(&r, n);
        assert_int_equal(r.len, 2 * digits - (digits > 1));
    }
    reply_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_written_octet_by_octet),
        cmocka_unit_test(names_that_are_cut_are_refused),
        cmocka_unit_test(contents_are_written_octet_by_octet),
        cmocka_unit_test(numbers_are_decimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
