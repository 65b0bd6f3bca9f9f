/* What the tests of the store and the loader share: a directory of their own, small models made by
 * hand with the zone table that belongs to them, and looks into a store. */
#ifndef TESTS_STORE_SUPPORT_H
#define TESTS_STORE_SUPPORT_H

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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ptrd/core/rrtype.h"
#include "ptrd/sync/load.h"

struct scratch {
    char dir[64];     /* removed at the end */
    char store[80];   /* DIR/db, not made */
    char other[80];   /* DIR/other, not made */
    struct diag diag; /* of the last call */
};

static inline void scratch_init(struct scratch *s)
{
    memset(s, 0, sizeof *s);
    strcpy(s->dir, "/tmp/ptrd-store-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->store, sizeof s->store, "%s/db", s->dir);
    snprintf(s->other, sizeof s->other, "%s/other", s->dir);
}

static inline void run(const char *format, ...) PTRD_FORMAT(1, 2);
static inline void run(const char *format, ...)
{
    char command[600];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

static inline void scratch_done(struct scratch *s)
{
    run("rm -rf -- %s", s->dir);
}

static inline char *path_in(const char *dir, const char *file, char out[160])
{
    snprintf(out, 160, "%s/%s", dir, file);
    return out;
}

static inline struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline struct span span_buf(const struct store_buf *buf)
{
    return (struct span){buf->bytes, buf->len};
}

static inline struct name name_of(const char *text)
{
    struct name name;
    assert_int_equal(name_parse(text, strlen(text), &name, NULL), 0);
    return name;
}

static inline struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse(text, strlen(text), &addr), 0);
    return addr;
}

static inline struct range range_of(const char *prefix)
{
    struct prefix p;
    assert_int_equal(prefix_parse(prefix, strlen(prefix), &p, NULL), 0);
    return range_of_prefix(&p);
}

/* A small generator; every test prints its seed. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t random_seed(const char *test)
{
    const char *given = getenv("PTRD_TEST_SEED");
    uint64_t seed =
        given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) ^ (uint64_t)getpid() << 20;
    printf("%s: PTRD_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    fflush(stdout);
    return seed;
}

static inline bool long_test(void)
{
    const char *text = getenv("PTRD_TEST_LONG");
    return text && strcmp(text, "1") == 0;
}

static inline double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void sleep_some(unsigned us)
{
    nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000},
              NULL);
}

/* --- models --- */

static inline struct model *model_make(void)
{
    struct model *m;
    assert_int_equal(model_new(&m), 0);
    m->source = SOURCE_FILE;
    assert_true(model_add_file(m, "test.yaml") >= 0);
    return m;
}

static inline struct model_zone *put_zone(struct model *m, const char *apex)
{
    struct model_zone *z = model_add_zone(m);
    assert_non_null(z);
    z->apex = name_of(apex);
    z->settings = (struct store_zone){.soa = {.mname = name_of("ns1.isp.example"),
                                              .rname = name_of("hostmaster.isp.example"),
                                              .refresh_s = 10800,
                                              .retry_s = 3600,
                                              .expire_s = 604800,
                                              .minimum_s = 300},
                                      .ttl_s = 3600};
    return z;
}

static inline struct model_block *put_block(struct model *m, const char *prefix, const char *text)
{
    struct model_block *b = model_add_block(m);
    assert_non_null(b);
    b->range = range_of(prefix);
    b->text = text;
    b->ttl_s = 3600;
    return b;
}

static inline void put_record(struct model *m, const char *owner, uint16_t type,
                              const char *content)
{
    struct model_record *r = model_add_record(m);
    assert_non_null(r);
    r->owner = name_of(owner);
    r->type = type;
    r->ttl_s = 3600;
    r->content = content;
    r->content_len = strlen(content);
}

static inline void put_ptr(struct model *m, const char *addr, const char *target, uint32_t ttl_s,
                           enum ptr_forward forward)
{
    struct addr a = addr_of(addr);
    struct name n = name_of(target);
    assert_int_equal(model_add_ptr(m, &a, &n, ttl_s, forward, 0, 1), 0);
}

/* Sorts the model and makes its table as check_model does. */
static inline struct table *table_make(struct model *m)
{
    struct table_builder *b;
    struct table *t;
    struct diag diag = {0};
    if (model_sort(m, &diag))
        fail_msg("model_sort: %s", diag.message);
    assert_int_equal(table_builder_new(&b), 0);
    for (uint32_t i = 0; i < m->zone_count; i++) {
        const struct store_zone *z = &m->zones[i].settings;
        assert_int_equal(table_add_zone(b, &m->zones[i].apex, i + 1, z->forward_auto,
                                        z->classless ? &z->prefix : NULL, i),
                         0);
    }
    for (uint32_t i = 0; i < m->record_count; i++) {
        const struct model_record *r = &m->records[i];
        if (r->type == RRTYPE_NS || r->type == RRTYPE_DNAME)
            assert_int_equal(table_add_cut(b, &r->owner, r->type == RRTYPE_NS ? CUT_NS : CUT_DNAME),
                             0);
    }
    for (uint32_t i = 0; i < m->delegation_count; i++)
        if (m->delegations[i].child.len)
            assert_int_equal(
                table_add_delegated(b, &m->delegations[i].prefix, &m->delegations[i].child), 0);
    for (uint32_t i = 0; i < m->block_count; i++) {
        const struct model_block *k = &m->blocks[i];
        if (table_add_block(b, &k->range, k->text, k->vars, k->var_count, k->ttl_s, k->flags, i,
                            &diag))
            fail_msg("table_add_block: %s", diag.message);
    }
    if (table_finish(b, &t, NULL, &diag))
        fail_msg("table_finish: %s", diag.message);
    table_builder_free(b);
    return t;
}

/* The small configuration that many tests start from; forward_auto is on in isp.example. */
static inline struct model *model_small(void)
{
    struct model *m = model_make();
    put_zone(m, "isp.example")->settings.forward_auto = true;
    put_zone(m, "dyn.isp.example");
    put_zone(m, "100.51.198.in-addr.arpa");
    put_zone(m, "8.b.d.0.1.0.0.2.ip6.arpa");
    put_block(m, "198.51.100.0/24", "{ip}.dyn.isp.example");
    put_block(m, "2001:db8::/32", "{ip}.dyn.isp.example");
    put_record(m, "isp.example", RRTYPE_NS, "ns1.isp.example");
    put_record(m, "dyn.isp.example", RRTYPE_NS, "ns1.isp.example");
    put_record(m, "ns1.isp.example", RRTYPE_A, "192.0.2.53");
    put_ptr(m, "198.51.100.25", "mail.isp.example", MODEL_TTL_UNSAID, FORWARD_UNSAID);
    return m;
}

/* Loads and frees the model. */
static inline int load_into(struct store *s, struct model *m, int64_t now_s,
                            struct load_report *report, struct diag *diag)
{
    struct table *t = table_make(m);
    struct load_report dummy;
    int err = load_model(s, m, t, now_s, 0, NULL, NULL, report ? report : &dummy, diag);
    table_free(t);
    model_free(m);
    return err;
}

static inline void load_small(const char *dir, int64_t now_s)
{
    struct store *s;
    struct diag diag = {0};
    if (store_open(dir, STORE_OPEN_CREATE, &s, &diag) ||
        load_into(s, model_small(), now_s, NULL, &diag))
        fail_msg("%s", diag.message);
    store_close(s);
}

/* --- looks into a store --- */

static inline struct store *open_ok(const char *dir, enum store_open_mode mode)
{
    struct store *s = NULL;
    struct diag diag = {0};
    if (store_open(dir, mode, &s, &diag))
        fail_msg("store_open: %s", diag.message);
    return s;
}

static inline struct store_zone_id zone_id_of(struct store *s, const char *apex)
{
    struct store_reader *r;
    struct store_meta meta;
    struct store_buf key = {0};
    struct span value;
    struct store_zone_id row = {0};
    struct name name = name_of(apex);
    assert_int_equal(store_reader_new(s, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    assert_int_equal(store_key_name(&name, &key), 0);
    if (store_get(r, STORE_ZONE_IDS, span_buf(&key), &value) == PTRD_FOUND)
        assert_int_equal(store_read_zone_id(value, &row), 0);
    store_reader_free(r);
    store_buf_done(&key);
    return row;
}

static inline struct store_meta meta_of(struct store *s)
{
    struct store_reader *r;
    struct store_meta meta;
    assert_int_equal(store_reader_new(s, &r), 0);
    assert_int_equal(store_read_begin(r, &meta), 0);
    store_reader_free(r);
    return meta;
}

/* Waits for a child that must have ended well. */
static inline void child_ok(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a child: cmocka's assertions would run the parent's tests on. */
#define CHILD_CHECK(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: in a child: %s\n", __FILE__, __LINE__, #condition);            \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* Rows of a table in the reader's open transaction. */
static inline uint64_t count_rows(struct store_reader *r, enum store_table table)
{
    struct span key, value;
    uint64_t count = 0;
    int found = store_seek(r, table, (struct span){0}, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(r, table, &key, &value))
        count++;
    assert_int_equal(found, PTRD_ABSENT);
    return count;
}

#endif
