/* store_write_table against a plain model: after it the table is the stream, and exactly the
 * differences were told and written. */
#include "store_support.h"

enum { KEYS = 2000 };

/* Keys are the numbers 0..KEYS-1 in text; value[i] 0: not there, else its length and content. */
struct content {
    uint8_t value[KEYS];
};

struct feed {
    const struct content *content, *before;
    unsigned at, told, fail_at;
    char key[16];
    uint8_t bytes[600];
    bool wrong;
};

static void entry(unsigned i, uint8_t seed, char key[16], uint8_t bytes[600], size_t *len)
{
    snprintf(key, 16, "key-%06u", i);
    *len = seed * 2u;
    memset(bytes, seed, *len);
}

static int feed_next(void *ctx, struct span *key, struct span *value)
{
    struct feed *f = ctx;
    while (f->at < KEYS && !f->content->value[f->at])
        f->at++;
    if (f->fail_at && f->at >= f->fail_at)
        return PTRD_EINVAL;
    if (f->at == KEYS)
        return PTRD_ABSENT;
    size_t len;
    entry(f->at, f->content->value[f->at], f->key, f->bytes, &len);
    f->at++;
    *key = span_text(f->key);
    *value = (struct span){f->bytes, len};
    return PTRD_FOUND;
}

static int feed_changed(void *ctx, struct span key, struct span old_value, struct span new_value)
{
    struct feed *f = ctx;
    char text[16] = {0};
    memcpy(text, key.bytes, key.len < 15 ? key.len : 15);
    unsigned i = (unsigned)strtoul(text + 4, NULL, 10);
    uint8_t before = f->before->value[i], after = f->content->value[i];
    f->told++;
    f->wrong |= before == after;
    f->wrong |= before ? old_value.len != before * 2u || old_value.bytes[0] != before
                       : old_value.bytes != NULL;
    f->wrong |= after ? new_value.len != after * 2u || new_value.bytes[0] != after
                      : new_value.bytes != NULL;
    return 0;
}

static unsigned differences(const struct content *a, const struct content *b)
{
    unsigned count = 0;
    for (unsigned i = 0; i < KEYS; i++)
        count += a->value[i] != b->value[i];
    return count;
}

static void assert_table_is(struct store *s, const struct content *c)
{
    struct store_reader *r;
    struct store_meta meta;
    struct span key, value;
    char text[16];
    uint8_t bytes[600];
    size_t len;
    assert_int_equal(store_reader_new(s, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    int found = store_seek(r, STORE_RECORDS, (struct span){0}, &key, &value);
    for (unsigned i = 0; i < KEYS; i++) {
        if (!c->value[i])
            continue;
        assert_int_equal(found, PTRD_FOUND);
        entry(i, c->value[i], text, bytes, &len);
        assert_int_equal(key.len, strlen(text));
        assert_memory_equal(key.bytes, text, key.len);
        assert_int_equal(value.len, len);
        assert_memory_equal(value.bytes, bytes, len);
        found = store_next(r, STORE_RECORDS, &key, &value);
    }
    assert_int_equal(found, PTRD_ABSENT);
    store_reader_free(r);
}

static void mutate(struct content *c, uint64_t *seed)
{
    unsigned how = random_next(seed) % 5, percent = random_next(seed) % 101;
    for (unsigned i = 0; i < KEYS; i++) {
        if (random_next(seed) % 100 >= percent)
            continue;
        if (how == 0)
            c->value[i] = 0;
        else if (how == 1)
            c->value[i] = (uint8_t)(1 + random_next(seed) % 255);
        else
            c->value[i] = random_next(seed) % 2 ? 0 : (uint8_t)(1 + random_next(seed) % 255);
    }
}

static void random_changes_are_merged(void **state)
{
    (void)state;
    struct scratch s;
    static struct content now, wanted;
    uint64_t seed = random_seed("store_table");
    scratch_init(&s);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    memset(&now, 0, sizeof now);
    for (unsigned round = 0; round < (long_test() ? 2000u : 80u); round++) {
        struct store_writer *w;
        struct store_meta meta;
        wanted = now;
        mutate(&wanted, &seed);
        struct feed feed = {.content = &wanted, .before = &now};
        struct store_stream stream = {feed_next, feed_changed, &feed};
        assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
        assert_int_equal(store_write_table(w, STORE_RECORDS, &stream), 0);
        assert_int_equal(feed.told, differences(&now, &wanted));
        assert_false(feed.wrong);
        assert_int_equal(store_write_commit(w, &meta, &s.diag), 0);
        assert_table_is(store, &wanted);
        now = wanted;
    }
    store_close(store);
    scratch_done(&s);
}

static void failing_stream_changes_nothing(void **state)
{
    (void)state;
    struct scratch s;
    static struct content now, none;
    struct store_writer *w;
    struct store_meta meta;
    scratch_init(&s);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    memset(&now, 7, sizeof now);
    for (unsigned fail_at = 0; fail_at < KEYS; fail_at += 999) {
        struct feed feed = {.content = &now, .before = &none, .fail_at = fail_at};
        struct store_stream stream = {feed_next, NULL, &feed};
        assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
        assert_int_equal(store_write_table(w, STORE_RECORDS, &stream), fail_at ? PTRD_EINVAL : 0);
        store_write_abort(w);
        assert_table_is(store, &none);
    }
    store_close(store);
    scratch_done(&s);
}

struct list {
    const char *const *keys;
    unsigned at;
};

static int list_next(void *ctx, struct span *key, struct span *value)
{
    struct list *l = ctx;
    const char *text = l->keys[l->at++];
    if (!text)
        return PTRD_ABSENT;
    *key = *value = span_text(text);
    return PTRD_FOUND;
}

static void bad_streams_are_refused(void **state)
{
    (void)state;
    static char too_long[600];
    static const char *const lists[][4] = {
        {"a", "b", "b"}, {"a", "c", "b"}, {"ab", "a"}, {""}, {"a", too_long}};
    struct scratch s;
    scratch_init(&s);
    memset(too_long, 'x', 512);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct store_writer *w;
        struct store_meta meta;
        struct list list = {.keys = lists[i]};
        struct store_stream stream = {list_next, NULL, &list};
        assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
        assert_true(store_write_table(w, STORE_RECORDS, &stream) < 0);
        store_write_abort(w);
    }
    store_close(store);
    scratch_done(&s);
}

static void single_rows(void **state)
{
    (void)state;
    struct scratch s;
    struct store_writer *w;
    struct store_meta meta;
    struct span key, value;
    static char too_long[600];
    scratch_init(&s);
    memset(too_long, 'x', 512);
    struct store *store = open_ok(s.store, STORE_OPEN_CREATE);
    assert_int_equal(store_write_begin(store, 0, &w, &meta, &s.diag), 0);
    assert_int_equal(store_put(w, STORE_PTRS, span_text("b"), span_text("1")), 0);
    assert_int_equal(store_put(w, STORE_PTRS, span_text("a"), span_text("2")), 0);
    assert_int_equal(store_put(w, STORE_PTRS, span_text("a"), span_text("3")), 0);
    assert_true(store_put(w, STORE_PTRS, span_text(too_long), span_text("")) < 0);
    assert_true(store_put(w, STORE_PTRS, span_text(""), span_text("")) < 0);
    assert_int_equal(store_writer_get(w, STORE_PTRS, span_text("a"), &value), PTRD_FOUND);
    assert_memory_equal(value.bytes, "3", 1);
    assert_int_equal(store_writer_seek(w, STORE_PTRS, span_text("aa"), &key, &value), PTRD_FOUND);
    assert_memory_equal(key.bytes, "b", 1);
    assert_int_equal(store_writer_next(w, STORE_PTRS, &key, &value), PTRD_ABSENT);
    assert_int_equal(store_delete(w, STORE_PTRS, span_text("b")), 0);
    assert_int_equal(store_delete(w, STORE_PTRS, span_text("b")), PTRD_ABSENT);
    assert_int_equal(store_write_commit(w, &meta, &s.diag), 0);
    store_close(store);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_are_merged),
        cmocka_unit_test(failing_stream_changes_nothing),
        cmocka_unit_test(bad_streams_are_refused),
        cmocka_unit_test(single_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
