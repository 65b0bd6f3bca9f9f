/* embed.h: ptrd_answer and ptrd_count. What is answered is the subject of wire_test.c. */
#include "support/loaded.h"

#include <pthread.h>
#include <time.h>

#include "ptrd/embed/embed.h"
#include "support/packets.h"

#define ZONES(text)                                                                                \
    "zones:\n  - name: isp.example\n  - prefix: 198.51.100.0/24\n  - prefix: 2001:db8::/32\n"      \
    "blocks:\n  - {prefix: 198.51.100.0/24, name: '{ip}-" text ".isp.example', ttl: 60}\n"
static const char one[] = ZONES("one"), two[] = ZONES("two");

#define NAME "7.100.51.198.in-addr.arpa"
#define SAYS(text)                                                                                 \
    "8500 0; answer 7.100.51.198.in-addr.arpa. 60 PTR 198-51-100-7-" text ".isp.example."

static struct ptrd *opened(const struct loaded *l, const char *leaf)
{
    struct ptrd *h = ptrd_open(l->dir, leaf);
    assert_non_null(h);
    return h;
}

/* The answer as text, "passed" or "failed"; untouched in both of these. */
static const char *say(struct ptrd *h, const struct packet *query)
{
    struct packet p = *query;
    memset(p.bytes + p.len, 0x5a, 100);
    struct packet before = p;
    int len = ptrd_answer(h, p.bytes, p.len, sizeof p.bytes, 0);
    assert_true((len == PTRD_FAILED) == (ptrd_error(h)[0] != '\0'));
    if (len > 0) {
        p.len = (size_t)len;
        return packet_text(&p);
    }
    assert_memory_equal(p.bytes, before.bytes, p.len + 100);
    assert_true(len == PTRD_PASS || len == PTRD_FAILED);
    return len == PTRD_PASS ? "passed" : "failed";
}

static const char *ask(struct ptrd *h, const char *name, const char *type)
{
    struct packet p = packet_query(name, type);
    return say(h, &p);
}

static void assert_counted(const struct ptrd_counters *since, uint64_t answered, uint64_t passed,
                           uint64_t failed)
{
    struct ptrd_counters now;
    ptrd_count(&now);
    assert_int_equal(now.answered - since->answered, answered);
    assert_int_equal(now.passed - since->passed, passed);
    assert_int_equal(now.failed - since->failed, failed);
}

static void test_answers_are_counted_by_what_they_are(void **state)
{
    struct loaded l;
    struct ptrd_counters since;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    ptrd_count(&since);
    struct ptrd *h = opened(&l, "off"), *other = opened(&l, "all");
    assert_counted(&since, 0, 0, 0);
    assert_string_equal(ask(h, NAME, "PTR"), SAYS("one"));
    assert_string_equal(ask(other, NAME, "PTR"), SAYS("one"));
    assert_memory_equal(ask(h, NAME, "TXT"), "8500 0; authority", 17);
    assert_counted(&since, 3, 0, 0);
    assert_string_equal(ask(h, NAME, "ANY"), "passed");
    assert_string_equal(ask(other, "elsewhere.test", "A"), "passed");
    assert_counted(&since, 3, 2, 0);
    ptrd_close(h);
    assert_counted(&since, 3, 2, 0); /* those of closed handles stay */
    assert_string_equal(ask(other, "no." NAME, "A"),
                        "8500 3; authority 100.51.198.in-addr.arpa. 300 SOA ns1.isp.example. "
                        "hostmaster.isp.example. 1000 10800 3600 604800 300");
    ptrd_close(other);
    assert_counted(&since, 4, 2, 0);
    ptrd_count(NULL);
    loaded_remove(&l);
}

static void test_leaves_have_no_part_in_it(void **state)
{
    struct loaded l;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    struct ptrd *h = opened(&l, "all");
    assert_memory_equal(ask(h,
                            "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
                            ".ip6.arpa",
                            "PTR"),
                        "8500 3; authority 8.b.d.0.1.0.0.2.ip6.arpa.", 43);
    assert_string_equal(ask(h, "8.b.d.0.1.0.0.2.ip6.arpa", "SOA"), "passed");
    ptrd_close(h);
    loaded_remove(&l);
}

static void test_wrong_arguments_fail(void **state)
{
    struct loaded l;
    struct ptrd_counters since;
    uint8_t octet = 0;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    struct packet p = packet_query(NAME, "PTR");
    ptrd_count(&since);
    assert_int_equal(ptrd_answer(NULL, p.bytes, p.len, sizeof p.bytes, 0), PTRD_FAILED);
    assert_counted(&since, 0, 0, 0);
    struct ptrd *h = opened(&l, "off");
    assert_int_equal(ptrd_answer(h, NULL, 20, 512, 0), PTRD_FAILED);
    assert_true(ptrd_error(h)[0] != '\0');
    assert_int_equal(ptrd_answer(h, p.bytes, p.len, p.len - 1, 0), PTRD_FAILED);
    assert_counted(&since, 0, 0, 2);
    assert_int_equal(ptrd_answer(h, p.bytes, p.len, p.len, 0), PTRD_PASS); /* no room to answer */
    assert_int_equal(ptrd_answer(h, &octet, 0, 0, 0), PTRD_PASS);
    assert_string_equal(ask(h, NAME, "PTR"), SAYS("one"));
    ptrd_close(h);
    loaded_remove(&l);
}

/* It is answered so soon. */
static void await(struct ptrd *h, const char *says)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    const char *said = ask(h, NAME, "PTR");
    for (unsigned i = 0; i < 2000 && strcmp(said, says) != 0; i++) {
        nanosleep(&pause, NULL);
        said = ask(h, NAME, "PTR");
    }
    assert_string_equal(said, says);
}

static void test_stores_that_come_and_go(void **state)
{
    struct loaded l;
    struct ptrd_counters since;
    char path[128];
    (void)state;
    loaded_make(&l);
    ptrd_count(&since);
    struct ptrd *h = opened(&l, "off");
    assert_string_equal(ask(h, NAME, "PTR"), "failed");
    assert_string_equal(ask(h, NAME, "ANY"), "passed"); /* whatever the store */
    assert_counted(&since, 0, 1, 1);
    loaded_load_elsewhere(&l, one, 1000);
    await(h, SAYS("one"));
    loaded_load_elsewhere(&l, two, 2000);
    await(h, SAYS("two"));
    snprintf(path, sizeof path, "%s/data.mdb", l.dir);
    assert_int_equal(unlink(path), 0);
    await(h, "failed");
    loaded_load_elsewhere(&l, one, 3000);
    await(h, SAYS("one"));
    ptrd_close(h);
    loaded_remove(&l);
}

/* --- threads ---------------------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS 3000

/* Handles come and go while another thread counts. */
static void *answer_all(void *ctx)
{
    const struct loaded *l = ctx;
    struct packet query = packet_query(NAME, "PTR"), absent = packet_query(NAME, "ANY");
    struct ptrd *h = NULL;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t bytes[512];
        if (i % 500 == 0) {
            ptrd_close(h);
            h = ptrd_open(l->dir, "off");
        }
        const struct packet *p = i & 1 ? &absent : &query;
        memcpy(bytes, p->bytes, p->len);
        int len = ptrd_answer(h, bytes, p->len, sizeof bytes, i % 3 == 0);
        if (i & 1 ? len != PTRD_PASS : len <= 0)
            return (void *)1;
    }
    ptrd_close(h);
    return NULL;
}

static void test_threads_count_together(void **state)
{
    struct loaded l;
    struct ptrd_counters since, now;
    pthread_t threads[THREADS];
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    ptrd_count(&since);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, answer_all, &l), 0);
    uint64_t last = 0;
    for (unsigned i = 0; i < 10000; i++) {
        ptrd_count(&now);
        assert_true(now.answered - since.answered >= last); /* never less */
        last = now.answered - since.answered;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_counted(&since, THREADS * ROUNDS / 2, THREADS * ROUNDS / 2, 0);
    loaded_remove(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_counted_by_what_they_are),
        cmocka_unit_test(test_leaves_have_no_part_in_it),
        cmocka_unit_test(test_wrong_arguments_fail),
        cmocka_unit_test(test_stores_that_come_and_go),
        cmocka_unit_test(test_threads_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
