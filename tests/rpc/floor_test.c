/* What one request costs beside its instructions, once a connection is warm: no allocation, no lock
 * and no look at the directory but by the clock, and few reads of LMDB. The same of a DNS packet.
 * This program's own malloc, pthread_mutex_lock, stat and mdb_get count the calls of its thread;
 * sanitizers have their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "ptrd/rpc/rpc.h"
#include "ptrd/wire/wire.h"
#include "support/packets.h"
#include "support/small_store.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

/* --- counting --------------------------------------------------------------------------------- */

static __thread struct {
    unsigned allocations, locks, looks, reads;
} calls;

#ifndef SANITIZED

/* The libraries' calls come here too. */
#pragma GCC visibility push(default)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
int mdb_get(void *txn, unsigned table, void *key, void *data);
int mdb_cursor_get(void *cursor, void *key, void *data, int op);

void *malloc(size_t size)
{
    calls.allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    calls.allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    calls.allocations++;
    return __libc_realloc(old, size);
}

/* The function behind ours of this name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    calls.locks++;
    return REAL(pthread_mutex_lock)(mutex);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    calls.locks++;
    return REAL(pthread_mutex_trylock)(mutex);
}

int stat(const char *restrict path, struct stat *restrict out)
{
    calls.looks++;
    return fstatat(AT_FDCWD, path, out, 0);
}

int mdb_get(void *txn, unsigned table, void *key, void *data)
{
    calls.reads++;
    return REAL(mdb_get)(txn, table, key, data);
}

int mdb_cursor_get(void *cursor, void *key, void *data, int op)
{
    calls.reads++;
    return REAL(mdb_cursor_get)(cursor, key, data, op);
}

#pragma GCC visibility pop

#endif

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- a store and a worker --------------------------------------------------------------------- */

#define V6_APEX "8.b.d.0.1.0.0.2.ip6.arpa"
#define V6_ZEROS "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

struct fixture {
    struct small_store store;
    struct engine *engine;
    struct rpc_worker *worker;
    struct snapshot snapshot; /* for packets, */
    struct answer answer;     /* too */
};

/* More rows of the source, and with `local` of edits. */
static void add_rows(struct small_store *s, void (*put)(struct small_store *s))
{
    struct store_meta meta;
    struct diag diag = {0};
    MUST(store_open(s->dir, STORE_OPEN_WRITE, &s->store, &diag));
    MUST(store_write_begin(s->store, 0, &s->writer, &meta, &diag));
    put(s);
    meta.data++;
    MUST(store_write_commit(s->writer, &meta, &diag));
    store_close(s->store);
    store_buf_done(&s->key);
    store_buf_done(&s->value);
}

static void put_ptrs(struct small_store *s)
{
    small_ptr(s, "2001:db8::25", "mail.customer.example");
    small_ptr(s, "2001:db8:7fff::1", "www.customer.example");
}

static void put_records(struct small_store *s)
{
    put_ptrs(s);
    small_record(s, "x.9.9.9.9." V6_APEX, RRTYPE_TXT, "\"beside\"");
}

static void open_worker(struct fixture *f, void (*put)(struct small_store *s))
{
    struct diag diag = {0};
    small_store_make(&f->store);
    add_rows(&f->store, put);
    MUST(engine_open(f->store.dir, &f->engine, &diag));
    MUST(rpc_worker_new(f->engine, &f->worker));
    rpc_worker_leaf(f->worker, LEAF_IPV6);
    answer_init(&f->answer);
    MUST(snapshot_init(&f->snapshot, f->engine));
    store_reader_lag(f->snapshot.own, STORE_LAG_US);
}

static void close_worker(struct fixture *f)
{
    rpc_worker_free(f->worker);
    snapshot_done(&f->snapshot);
    answer_done(&f->answer);
    engine_close(f->engine);
    small_store_remove(&f->store);
}

#define LOOKUP(name, type, id)                                                                     \
    "{\"method\": \"lookup\", \"parameters\": {\"local\": \"127.0.0.1\", \"qname\": \"" name       \
    "\", \"qtype\": \"" type "\", \"real-remote\": \"127.0.0.1/32\", \"remote\": "                 \
    "\"127.0.0.1\", \"zone-id\": " id "}}\n"
#define NAMED(method, name)                                                                        \
    "{\"method\": \"" method "\", \"parameters\": {\"name\": \"" name "\"}}\n"
#define FULL "9.9." V6_ZEROS "." V6_APEX "."
#define ANCESTOR "0.0.0.0.0.0.0." V6_APEX "."

/* What PowerDNS asks about cold names. reads: of LMDB, where the zone has explicit PTRs. */
static const struct {
    const char *request, *holds;
    unsigned reads;
} asked[] = {
    {LOOKUP(FULL, "SOA", "-1"), "SOA", 0},
    {NAMED("getAllDomainMetadata", FULL), "{}", 0},
    {NAMED("getDomainKeys", FULL), "[]", 0},
    {LOOKUP(FULL, "ANY", "4"), "PTR", 1},
    {LOOKUP("5.2." V6_ZEROS "." V6_APEX ".", "ANY", "4"), "mail.customer", 1},
    {LOOKUP(V6_APEX ".", "SOA", "4"), "SOA", 0},
    {LOOKUP(ANCESTOR, "NS", "4"), "[]", 0},
    {LOOKUP(ANCESTOR, "ANY", "4"), "\"qtype\":\"\"", 0},
    {LOOKUP("2001-0db8-0000-0000-0000-0000-0000-0099.dyn.isp.example.", "AAAA", "2"), "AAAA", 0},
    {LOOKUP("198-51-100-7.dyn.isp.example.", "ANY", "2"), "198.51.100.7", 0},
    {LOOKUP("no.dyn.isp.example.", "ANY", "2"), "[]", 0},
};
#define ASKED (sizeof asked / sizeof *asked)

static void ask(struct fixture *f, const char *request, const char *holds)
{
    struct diag diag;
    const char *reply;
    size_t len;
    enum rpc_verdict verdict = rpc_handle(f->worker, request, strlen(request), &reply, &len, &diag);
    if (verdict != RPC_REPLY || !memmem(reply, len, holds, strlen(holds)))
        fail_msg("%sis answered %.*s", request, verdict == RPC_REPLY ? (int)len : 0, reply);
}

static void ask_all(struct fixture *f)
{
    for (size_t i = 0; i < ASKED; i++)
        ask(f, asked[i].request, asked[i].holds);
}

/* Packets to a front. says: octets 2 and 3, and how many records the answer has. */
static const struct {
    const char *name, *type, *says;
    unsigned reads;
} packets[] = {
    {"9.9." V6_ZEROS "." V6_APEX, "PTR", "8500 1", 1},
    {"5.2." V6_ZEROS "." V6_APEX, "PTR", "8500 1", 1},
    {"9.9." V6_ZEROS "." V6_APEX, "TXT", "8500 0", 1},
    {"x.9.9." V6_ZEROS "." V6_APEX, "PTR", "8503 0", 0},
    {"0.0.0.0.0.0.0." V6_APEX, "PTR", "8500 0", 0},
    {"7.100.51.198.in-addr.arpa", "PTR", "8500 1", 1},
    {"2001-0db8-0000-0000-0000-0000-0000-0099.dyn.isp.example", "AAAA", "8500 1", 0},
    {"198-51-100-7.dyn.isp.example", "A", "8500 1", 0},
    {"no.dyn.isp.example", "A", "8503 0", 0},
    /* beside explicit records: at the name, below it, and the wildcard that would cover it */
    {"no.isp.example", "A", "8503 0", 3},
    {"ns1.isp.example", "A", "8500 1", 2},
    {"www.elsewhere.test", "A", "passed", 0},
    {"9.9." V6_ZEROS "." V6_APEX, "ANY", "passed", 0},
};
#define PACKETS (sizeof packets / sizeof *packets)

static void ask_packet(struct fixture *f, const char *name, const char *type, const char *says)
{
    static struct packet p;
    struct wire_query q;
    char said[16] = "passed";
    packet_make_query(&p, name, type);
    if (wire_read(p.bytes, p.len, &q) == PTRD_FOUND) {
        MUST(snapshot_begin(&f->snapshot));
        int len = wire_answer(&f->snapshot, &q, p.bytes, sizeof p.bytes, false, &f->answer);
        MUST(len);
        snapshot_end(&f->snapshot);
        if (len > 0)
            snprintf(said, sizeof said, "%02x%02x %u", p.bytes[2], p.bytes[3], p.bytes[7]);
    }
    if (strcmp(said, says) != 0)
        fail_msg("%s %s is answered %s", name, type, said);
}

static void ask_packets(struct fixture *f)
{
    for (size_t i = 0; i < PACKETS; i++)
        ask_packet(f, packets[i].name, packets[i].type, packets[i].says);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    open_worker(f, put_ptrs);
    ask_all(f);
    ask_all(f);
    ask_packets(f);
    ask_packets(f);
    memset(&calls, 0, sizeof calls);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    close_worker(*state);
    free(*state);
    return 0;
}

/* --- the tests -------------------------------------------------------------------------------- */

static void skip_sanitized(void)
{
#ifdef SANITIZED
    skip();
#endif
}

static void warm_requests_allocate_nothing(void **state)
{
    skip_sanitized();
    for (unsigned i = 0; i < 100; i++)
        ask_all(*state);
    assert_int_equal(calls.allocations, 0);
}

/* A request that goes through jansson, to show that calls are counted. */
static void other_spellings_allocate(void **state)
{
    skip_sanitized();
    ask(*state, " " NAMED("getAllDomainMetadata", FULL), "{}");
    assert_true(calls.allocations > 0);
}

/* The kept transaction is renewed ten times a second under a lock that nobody waits for; its two
 * readers take their places once. */
static unsigned locks_in(unsigned taken_ms)
{
    return taken_ms / 100 + 1 + 2;
}

/* The directory is looked at, by two stats, once a millisecond at the most. */
static void locks_and_looks_come_by_the_clock_alone(void **state)
{
    skip_sanitized();
    int64_t start_ms = now_ms();
    for (unsigned i = 0; i < 1000; i++)
        ask_all(*state);
    unsigned taken_ms = (unsigned)(now_ms() - start_ms);
    assert_true(calls.locks <= locks_in(taken_ms));
    assert_true(calls.looks <= 2 * (taken_ms + 2) + 2 * calls.locks);
    assert_true(calls.looks < 1000 * ASKED / 2);
}

static void ancestors_are_answered_without_the_store(void **state)
{
    skip_sanitized();
    for (size_t i = 0; i < ASKED; i++) {
        calls.reads = 0;
        ask(*state, asked[i].request, asked[i].holds);
        if (calls.reads > asked[i].reads)
            fail_msg("%u reads for %s", calls.reads, asked[i].request);
    }
}

static void warm_packets_allocate_nothing(void **state)
{
    skip_sanitized();
    for (unsigned i = 0; i < 100; i++)
        ask_packets(*state);
    assert_int_equal(calls.allocations, 0);
}

static void locks_and_looks_of_packets_come_by_the_clock_alone(void **state)
{
    skip_sanitized();
    int64_t start_ms = now_ms();
    for (unsigned i = 0; i < 1000; i++)
        ask_packets(*state);
    unsigned taken_ms = (unsigned)(now_ms() - start_ms);
    assert_true(calls.locks <= locks_in(taken_ms));
    assert_true(calls.looks <= 2 * (taken_ms + 2) + 2 * calls.locks);
    assert_true(calls.looks < 1000 * PACKETS / 2);
}

static void packets_read_what_must_be_read(void **state)
{
    skip_sanitized();
    for (size_t i = 0; i < PACKETS; i++) {
        calls.reads = 0;
        ask_packet(*state, packets[i].name, packets[i].type, packets[i].says);
        if (calls.reads > packets[i].reads)
            fail_msg("%u reads for %s %s", calls.reads, packets[i].name, packets[i].type);
    }
}

static void ancestors_beside_explicit_records_read_once(void **state)
{
    (void)state;
    skip_sanitized();
    static const char *const ancestors[] = {LOOKUP(ANCESTOR, "NS", "4"),
                                            LOOKUP(ANCESTOR, "ANY", "4"),
                                            LOOKUP("9.9.9.9." V6_APEX ".", "NS", "4")};
    struct fixture f = {.engine = NULL};
    open_worker(&f, put_records);
    ask_all(&f);
    for (size_t i = 0; i < sizeof ancestors / sizeof *ancestors; i++) {
        calls.reads = 0;
        ask(&f, ancestors[i], "result");
        assert_int_equal(calls.reads, 1);
    }
    close_worker(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(warm_requests_allocate_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(other_spellings_allocate, setup, teardown),
        cmocka_unit_test_setup_teardown(locks_and_looks_come_by_the_clock_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(ancestors_are_answered_without_the_store, setup, teardown),
        cmocka_unit_test_setup_teardown(warm_packets_allocate_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(locks_and_looks_of_packets_come_by_the_clock_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(packets_read_what_must_be_read, setup, teardown),
        cmocka_unit_test(ancestors_beside_explicit_records_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
