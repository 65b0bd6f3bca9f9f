/* The cursor's arithmetic: what is next, what is kept, in every order in which transactions end.
 * A model of the database (which transactions run, which have committed) is the judge. */
#include "ptrd/sync/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct pg_state state_of(uint64_t xmin, uint64_t xmax, const uint64_t *running, size_t count)
{
    return (struct pg_state){.system_id = 7,
                             .timeline = 1,
                             .database = 5,
                             .xmin = xmin,
                             .xmax = xmax,
                             .running = running,
                             .running_count = count};
}

static bool is_missing(const struct cursor *c, uint64_t xid)
{
    struct xid_range *missing;
    size_t count;
    bool found = false;
    assert_int_equal(cursor_missing(c, &missing, &count), 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(missing[i].first <= missing[i].last);
        assert_true(i == 0 || missing[i].first > missing[i - 1].last + 1);
        found |= xid >= missing[i].first && xid <= missing[i].last;
    }
    free(missing);
    return found;
}

static void test_a_late_commit_is_next_and_nothing_else(void **unused)
{
    static const uint64_t running[] = {10, 14};
    struct cursor c = {.applied = NULL};
    struct pg_state s = state_of(10, 20, running, 2);
    (void)unused;
    assert_int_equal(cursor_start(&c, &s, NULL, 0), 0);
    assert_int_equal(c.xmin, 10);
    assert_int_equal(c.count, 2); /* 11..13 and 15..19 */
    for (uint64_t xid = 1; xid < 30; xid++)
        assert_int_equal(is_missing(&c, xid), xid == 10 || xid == 14 || xid >= 20);
    cursor_done(&c);
}

static void test_a_standby_knows_only_what_it_read(void **unused)
{
    static const uint64_t first[] = {11, 12}, then[] = {10, 17};
    struct cursor c = {.applied = NULL}, next = {.applied = NULL};
    struct pg_state s = state_of(10, 20, NULL, 0);
    (void)unused;
    s.standby = true;
    assert_int_equal(cursor_start(&c, &s, first, 2), 0);
    assert_int_equal(c.count, 1); /* 11..12 */
    assert_true(is_missing(&c, 10) && is_missing(&c, 13) && !is_missing(&c, 12));
    assert_int_equal(cursor_advance(&c, &s, then, 2, &next), 0);
    assert_int_equal(next.count, 2); /* 10..12, 17 */
    assert_true(is_missing(&next, 13) && !is_missing(&next, 10) && !is_missing(&next, 17));
    cursor_done(&c);
    cursor_done(&next);
}

static void test_a_standby_behind_the_last_server_forgets_nothing(void **unused)
{
    static const uint64_t running[] = {20};
    struct cursor c = {.applied = NULL}, next = {.applied = NULL};
    struct pg_state s = state_of(20, 25, running, 1);
    (void)unused;
    assert_int_equal(cursor_start(&c, &s, NULL, 0), 0);
    s = state_of(15, 18, NULL, 0);
    s.standby = true;
    assert_int_equal(cursor_advance(&c, &s, NULL, 0, &next), 0);
    assert_int_equal(next.xmin, 20);
    assert_true(!is_missing(&next, 17) && is_missing(&next, 20) && !is_missing(&next, 24));
    cursor_done(&c);
    cursor_done(&next);
}

static void test_another_history_is_not_followed(void **unused)
{
    struct cursor none = {.applied = NULL}, c = {.applied = NULL};
    struct pg_state s = state_of(10, 20, NULL, 0), other;
    (void)unused;
    assert_false(cursor_follows(&none, &s));
    assert_int_equal(cursor_start(&c, &s, NULL, 0), 0);
    assert_true(cursor_follows(&c, &s));
    other = s;
    other.system_id++;
    assert_false(cursor_follows(&c, &other));
    other = s;
    other.timeline++;
    assert_false(cursor_follows(&c, &other));
    other = s;
    other.database++;
    assert_false(cursor_follows(&c, &other));
    other = s;
    other.kept = 11; /* what was between is forgotten */
    assert_false(cursor_follows(&c, &other));
    other.kept = 10;
    assert_true(cursor_follows(&c, &other));
    cursor_done(&c);
}

/* --- at random -------------------------------------------------------------------------------- */

#define XIDS 400

enum fate { NOT_YET, RUNNING, COMMITTED, ROLLED_BACK };

struct world {
    enum fate fate[XIDS + 1];
    bool logs[XIDS + 1]; /* has rows in the log */
    unsigned applied[XIDS + 1];
    uint64_t next; /* xmax */
    uint64_t running[XIDS];
    size_t running_count;
    uint64_t seed;
};

static unsigned random_below(struct world *w, unsigned n)
{
    w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((w->seed >> 33) % n);
}

static void world_step(struct world *w)
{
    if (w->next <= XIDS && random_below(w, 2)) {
        w->fate[w->next] = RUNNING;
        w->logs[w->next++] = random_below(w, 3) != 0;
    }
    for (uint64_t x = 1; x < w->next; x++)
        if (w->fate[x] == RUNNING && random_below(w, x % 7 == 0 ? 90 : 6) == 0)
            w->fate[x] = random_below(w, 4) ? COMMITTED : ROLLED_BACK;
}

static struct pg_state world_state(struct world *w, bool standby)
{
    w->running_count = 0;
    uint64_t xmin = w->next;
    for (uint64_t x = w->next - 1; x > 0; x--)
        if (w->fate[x] == RUNNING)
            xmin = x;
    for (uint64_t x = 1; x < w->next && !standby; x++)
        if (w->fate[x] == RUNNING)
            w->running[w->running_count++] = x;
    struct pg_state s = state_of(xmin, w->next, w->running, w->running_count);
    s.standby = standby;
    return s;
}

static void follow(struct world *w, struct cursor *c, bool standby)
{
    struct pg_state s = world_state(w, standby);
    struct cursor next = {.applied = NULL};
    uint64_t xids[XIDS];
    size_t count = 0;
    for (uint64_t x = 1; x < w->next; x++)
        if (w->fate[x] == COMMITTED && w->logs[x] && is_missing(c, x)) {
            xids[count++] = x;
            w->applied[x]++;
        }
    assert_int_equal(cursor_advance(c, &s, xids, count, &next), 0);
    if (!standby)
        assert_true(next.count <= w->running_count + 1);
    cursor_done(c);
    *c = next;
}

/* As the store brings it back after a restart. */
static void write_and_read(struct cursor *c)
{
    struct store_buf buf = {0};
    struct cursor again = {.applied = NULL};
    assert_int_equal(cursor_write(c, &buf), 0);
    assert_int_equal(cursor_read((struct span){buf.bytes, buf.len}, &again), 0);
    assert_true(cursor_equal(c, &again));
    for (size_t len = 0; len < buf.len; len++) {
        struct cursor cut = {.applied = NULL};
        if (cursor_read((struct span){buf.bytes, len}, &cut) == 0)
            assert_int_equal((buf.len - len) % 16, 0);
        cursor_done(&cut);
    }
    store_buf_done(&buf);
    cursor_done(c);
    *c = again;
}

static void run(uint64_t seed, bool mixed)
{
    struct world *w = calloc(1, sizeof *w);
    struct cursor c = {.applied = NULL};
    w->seed = seed;
    w->next = 1;
    struct pg_state s = world_state(w, false);
    assert_int_equal(cursor_start(&c, &s, NULL, 0), 0);
    for (unsigned i = 0; i < 1500; i++) {
        world_step(w);
        if (random_below(w, 5) == 0)
            follow(w, &c, mixed && random_below(w, 2));
        if (random_below(w, 50) == 0)
            write_and_read(&c);
    }
    for (uint64_t x = 1; x < w->next; x++)
        if (w->fate[x] == RUNNING)
            w->fate[x] = COMMITTED;
    follow(w, &c, mixed);
    follow(w, &c, mixed);
    for (uint64_t x = 1; x < w->next; x++)
        if (w->applied[x] != (w->fate[x] == COMMITTED && w->logs[x]))
            fail_msg("seed %u: transaction %u was applied %u times", (unsigned)seed, (unsigned)x,
                     w->applied[x]);
    cursor_done(&c);
    free(w);
}

static void test_every_commit_is_applied_once_whatever_the_order(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        run(seed, false);
        run(seed, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_late_commit_is_next_and_nothing_else),
        cmocka_unit_test(test_a_standby_knows_only_what_it_read),
        cmocka_unit_test(test_a_standby_behind_the_last_server_forgets_nothing),
        cmocka_unit_test(test_another_history_is_not_followed),
        cmocka_unit_test(test_every_commit_is_applied_once_whatever_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
