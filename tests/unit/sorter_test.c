/* The external sorter against a sort of the same rows in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptrd/source/sorter.h"

#define LITTLE ((size_t)64 << 10)

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

struct row {
    uint8_t key[64], key_len;
    uint32_t number; /* in the order of sorter_put */
};

static int row_order(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    uint8_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
    int c = memcmp(a->key, b->key, len);
    if (c == 0)
        c = a->key_len - b->key_len;
    return c ? c : (a->number > b->number) - (a->number < b->number);
}

/* How keys look: what all share, and how much of the rest varies. */
enum shape { ADDRESSES, NAMES, EQUALS, ANYTHING, ASCENDING, SHAPES };

static void row_make(struct row *r, enum shape shape, uint64_t *seed)
{
    static const char zones[2][17] = {"example\0isp\0host", "example\0isp\0cust"};
    uint64_t n = next_random(seed) << 31 ^ next_random(seed);
    switch (shape) {
    case ADDRESSES: /* families of different lengths */
        r->key[0] = n & 1 ? 6 : 4;
        r->key_len = n & 1 ? 17 : 5;
        for (unsigned i = 1; i < r->key_len; i++, n >>= 3)
            r->key[i] = i < 5 ? 32 : (uint8_t)n;
        if (r->key[0] == 4)
            memcpy(r->key + 1, &(uint32_t){(uint32_t)next_random(seed)}, 4);
        break;
    case NAMES:
        memcpy(r->key, zones[n & 1], 16);
        r->key_len =
            (uint8_t)(16 + snprintf((char *)r->key + 16, 40, "%u", (unsigned)(n >> 8 & 0xfffff)));
        break;
    case EQUALS:
        r->key_len = 3;
        memset(r->key, (int)(n & 3), 3);
        break;
    case ASCENDING:
        r->key_len = 4;
        for (unsigned i = 0; i < 4; i++)
            r->key[i] = (uint8_t)(r->number >> (24 - 8 * i));
        break;
    default: /* prefixes of each other, empty keys, zeros at the end */
        r->key_len = (uint8_t)(n % 24);
        for (unsigned i = 0; i < r->key_len; i++)
            r->key[i] = (uint8_t)(next_random(seed) % 3 * 127);
    }
}

static struct row *rows_make(size_t count, enum shape shape, uint64_t seed)
{
    struct row *rows = calloc(count + 1, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) {
        rows[i].number = (uint32_t)i;
        row_make(&rows[i], shape, &seed);
    }
    return rows;
}

/* Values have 4 to 203 octets: the number, then filling. */
static struct span value_of(const struct row *r, uint8_t value[256])
{
    size_t len = 4 + r->number % 200;
    memcpy(value, &r->number, 4);
    memset(value + 4, (int)r->number & 255, len - 4);
    return (struct span){value, len};
}

static struct sorter *sorter_filled(const struct row *rows, size_t count, const char *dir)
{
    struct sorter *s;
    uint8_t value[256];
    assert_int_equal(sorter_new(dir, LITTLE, &s), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            sorter_put(s, (struct span){rows[i].key, rows[i].key_len}, value_of(&rows[i], value)),
            0);
    assert_int_equal(sorter_finish(s), 0);
    assert_int_equal(sorter_count(s), count);
    return s;
}

static void assert_sorted(struct sorter *s, const struct row *rows, size_t count)
{
    struct span key, value, wanted;
    uint8_t octets[256];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sorter_next(s, &key, &value), PTRD_FOUND);
        wanted = value_of(&rows[i], octets);
        assert_int_equal(key.len, rows[i].key_len);
        assert_memory_equal(key.bytes, rows[i].key, key.len);
        assert_int_equal(value.len, wanted.len);
        assert_memory_equal(value.bytes, wanted.bytes, value.len);
    }
    assert_int_equal(sorter_next(s, &key, &value), PTRD_ABSENT);
}

static char *dir_make(char dir[32])
{
    strcpy(dir, "/tmp/ptrd-sorter-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static void as_a_sort_in_memory(void **state)
{
    static const size_t counts[] = {0, 1, 2, 300, 20000};
    char dir[32];
    (void)state;
    dir_make(dir);
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct row *rows = rows_make(counts[i], shape, shape * 7 + 1);
            struct sorter *memory = sorter_filled(rows, counts[i], NULL);
            struct sorter *file = sorter_filled(rows, counts[i], dir);
            qsort(rows, counts[i], sizeof *rows, row_order);
            assert_int_equal(sorter_runs(memory), 0);
            assert_true(counts[i] < 1000 ? sorter_runs(file) <= 2 : sorter_runs(file) > 20);
            assert_sorted(memory, rows, counts[i]);
            assert_sorted(file, rows, counts[i]);
            sorter_free(memory);
            sorter_free(file);
            free(rows);
        }
    }
    assert_int_equal(rmdir(dir), 0); /* nothing is left there */
}

/* Freed at any moment, a thread of its own at work or not. */
static void given_up(void **state)
{
    char dir[32];
    (void)state;
    dir_make(dir);
    for (unsigned left = 0; left < 40; left++) {
        struct sorter *s;
        uint8_t octets[1000] = {(uint8_t)left};
        assert_int_equal(sorter_new(dir, LITTLE, &s), 0);
        for (unsigned i = 0; i < left * 5; i++)
            assert_int_equal(sorter_put(s, (struct span){octets, 1000}, (struct span){octets, 0}),
                             0);
        sorter_free(s);
    }
    assert_int_equal(rmdir(dir), 0);
    sorter_free(NULL);
}

static void long_parts(void **state)
{
    struct sorter *s;
    struct span key, value;
    char dir[32];
    uint8_t *octets = calloc(1, UINT16_MAX + 1);
    (void)state;
    assert_non_null(octets);
    assert_int_equal(sorter_new(dir_make(dir), LITTLE, &s), 0);
    for (unsigned i = 0; i < 5; i++) {
        octets[UINT16_MAX - 1] = (uint8_t)(4 - i);
        struct span longest = {octets, UINT16_MAX};
        assert_int_equal(sorter_put(s, longest, longest), 0);
    }
    assert_int_equal(sorter_put(s, (struct span){octets, 1}, (struct span){octets, 65536}),
                     PTRD_ELIMIT);
    assert_int_equal(sorter_finish(s), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sorter_next(s, &key, &value), PTRD_FOUND);
        assert_int_equal(key.bytes[UINT16_MAX - 1], i);
        assert_int_equal(value.bytes[UINT16_MAX - 1], i);
    }
    sorter_free(s);
    free(octets);
    assert_int_equal(rmdir(dir), 0);
}

/* Puts until an error comes; the sorter reports it again until it is freed. */
static int put_until_error(const char *dir)
{
    struct sorter *s;
    uint8_t octets[200] = {0};
    int err = sorter_new(dir, LITTLE, &s);
    for (unsigned i = 0; !err && i < 100000; i++)
        err = sorter_put(s, (struct span){octets, 8}, (struct span){octets, sizeof octets});
    assert_int_equal(sorter_finish(s), err);
    sorter_free(s);
    return err;
}

static void where_no_file_can_be(void **state)
{
    char dir[32], path[64];
    (void)state;
    dir_make(dir);
    snprintf(path, sizeof path, "%s/file", dir);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(put_until_error(path), -ENOTDIR);
    strcat(path, "/below");
    assert_int_equal(put_until_error(path), -ENOTDIR);
    snprintf(path, sizeof path, "%s/missing/below", dir);
    assert_int_equal(put_until_error(path), -ENOENT);
    if (geteuid() != 0) {
        snprintf(path, sizeof path, "%s/closed", dir);
        assert_int_equal(mkdir(path, 0500), 0);
        assert_int_equal(put_until_error(path), -EACCES);
        rmdir(path);
    }
    snprintf(path, sizeof path, "%s/file", dir);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

/* RLIMIT_FSIZE stands for a full disk. */
static void full_disk(void **state)
{
    char dir[32];
    struct rlimit before, limit;
    (void)state;
    dir_make(dir);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 300 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int err = put_until_error(dir);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, -EFBIG);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_sort_in_memory), cmocka_unit_test(given_up),
        cmocka_unit_test(long_parts),          cmocka_unit_test(where_no_file_can_be),
        cmocka_unit_test(full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
