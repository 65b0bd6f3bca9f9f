/* embed.h in many threads at once, each with handles that it opens and closes, all calls and all
 * leaf modes, while the store is exchanged for another and taken away under them: every answer is
 * one store's, or a failure. */
#include "support/loaded.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "ptrd/embed/embed.h"

#define ZONES(text)                                                                                \
    "zones:\n  - name: isp.example\n    metadata: {X-WHICH: [" text "]}\n"                         \
    "  - prefix: 198.51.0.0/16\n  - prefix: 2001:db8::/32\n"                                       \
    "blocks:\n  - {prefix: 198.51.0.0/28, name: '{ip}-" text ".isp.example', ttl: 60}\n"           \
    "  - {prefix: 2001:db8::/64, name: '{ip}-" text ".isp.example'}\n"
static const char one[] = ZONES("one"), two[] = ZONES("two");

#define LEAF                                                                                       \
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6."                         \
    "arpa"
#define THREADS 6
#define EXCHANGES 40

struct work {
    const char *dir;
    atomic_bool stop;
    atomic_uint answered[2], failed, wrong;
};

static void wrong_if(struct work *w, bool wrong)
{
    if (wrong)
        atomic_fetch_add(&w->wrong, 1);
}

/* Counts an answer for the store that it tells of. */
static void count(struct work *w, long found, const char *text)
{
    if (found == PTRD_FAILED)
        atomic_fetch_add(&w->failed, 1);
    else if (found == 1 && strstr(text, "one"))
        atomic_fetch_add(&w->answered[0], 1);
    else if (found == 1 && strstr(text, "two"))
        atomic_fetch_add(&w->answered[1], 1);
    else
        atomic_fetch_add(&w->wrong, 1);
}

static void ask(struct work *w, struct ptrd *h, bool leaves)
{
    const struct ptrd_row *rows = NULL;
    const struct ptrd_value *values = NULL;
    const struct ptrd_key *keys = NULL;
    const struct ptrd_denial *denial = NULL;
    long n = ptrd_lookup(h, "7.0.51.198.in-addr.arpa", 12, -1, &rows);
    count(w, n, n == 1 ? rows[0].content : "");
    n = ptrd_metadata(h, "isp.example", "X-WHICH", &values);
    count(w, n, n == 1 ? values[0].value : "");
    n = ptrd_lookup(h, LEAF, 6, -1, &rows);
    wrong_if(w, n != PTRD_FAILED && n != leaves);
    n = ptrd_metadata(h, LEAF, NULL, &values);
    wrong_if(w, n != PTRD_FAILED && n != (leaves ? 0 : PTRD_NO_ZONE));
    n = ptrd_keys(h, "isp.example", &keys);
    wrong_if(w, n != PTRD_FAILED && n != 0);
    n = ptrd_list(h, "isp.example", &rows);
    wrong_if(w, n != PTRD_FAILED && n < 18); /* SOA, NS, 16 addresses of a block */
    n = ptrd_before_and_after(h, 1, "x", &denial);
    wrong_if(w, n != PTRD_FAILED && n != 1);
    wrong_if(w, ptrd_generation(h) < 0);
}

static void *work(void *ctx)
{
    static const char *const modes[] = {"off", "ipv6", "all"};
    struct work *w = ctx;
    for (unsigned turn = 0; !atomic_load(&w->stop); turn++) {
        struct ptrd *h = ptrd_open(w->dir, modes[turn % 3]);
        wrong_if(w, !h);
        for (unsigned i = 0; h && i < 20 && !atomic_load(&w->stop); i++)
            ask(w, h, turn % 3 != 0);
        ptrd_close(h);
    }
    return NULL;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void exchange(const struct loaded *l, const char *aside, const struct loaded *other)
{
    for (unsigned i = 0; i < EXCHANGES; i++) {
        assert_int_equal(rename(l->dir, aside), 0);
        if (i % 4 == 0)
            pause_ms(5); /* long enough to be noticed: nothing is there */
        assert_int_equal(rename(other->dir, l->dir), 0);
        assert_int_equal(rename(aside, other->dir), 0);
        pause_ms(20);
    }
}

static void test_many_threads_and_stores_that_are_exchanged(void **state)
{
    struct loaded l, other;
    pthread_t threads[THREADS];
    struct work w = {.dir = l.dir};
    char aside[80];
    (void)state;
    loaded_make(&l);
    loaded_make(&other);
    loaded_load(&l, one, 1000);
    loaded_load(&other, two, 1000);
    snprintf(aside, sizeof aside, "%s.aside", l.dir);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &w), 0);
    exchange(&l, aside, &other);
    atomic_store(&w.stop, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&w.wrong), 0);
    assert_true(atomic_load(&w.answered[0]) > 100 && atomic_load(&w.answered[1]) > 100);
    loaded_remove(&l);
    loaded_remove(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads_and_stores_that_are_exchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
