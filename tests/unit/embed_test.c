/* embed.h: every call, arguments that are none, stores that come, go and are exchanged, and many
 * threads at once. */
#include "support/loaded.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "ptrd/embed/embed.h"

#define ZONES(text)                                                                                \
    "zones:\n  - name: isp.example\n    metadata: {ALLOW-AXFR-FROM: [127.0.0.1, '::1']}\n    "     \
    "records:\n      - {name: ns1, type: A, content: 192.0.2.53}\n"                                \
    "      - {name: a.b, type: TXT, content: '\"" text "\"'}\n"                                    \
    "      - {name: 'q\\.\\\"', type: MX, content: '10 7.'}\n"                                     \
    "      - {name: cut, type: NS, content: ns.cut.isp.example}\n"                                 \
    "      - {name: ns.cut, type: A, content: 192.0.2.9}\n"                                        \
    "  - {name: plain.example, metadata: {NSEC3PARAM: ['1 0 0 -']}}\n"                             \
    "  - prefix: 198.51.0.0/16\n  - prefix: 2001:db8::/32\n"                                       \
    "    metadata: {NSEC3PARAM: ['1 0 0 -'], ALLOW-AXFR-FROM: [127.0.0.1]}\n"                      \
    "blocks:\n  - {prefix: 198.51.0.0/28, name: '{ip}-" text ".isp.example', ttl: 60}\n"           \
    "  - {prefix: 2001:db8::/64, name: '{ip}-" text ".isp.example'}\n"
static const char one[] = ZONES("one"), two[] = ZONES("two");

#define V6 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

static struct ptrd *opened(const struct loaded *l, const char *leaf)
{
    struct ptrd *h = ptrd_open(l->dir, leaf);
    assert_non_null(h);
    return h;
}

/* Rows as "TYPE ttl content auth zone_id" joined by ", "; "!": failed. */
static const char *ask(struct ptrd *h, const char *name, int type, int zone_id)
{
    static char out[4096];
    const struct ptrd_row *rows = NULL;
    size_t at = 0;
    int n = ptrd_lookup(h, name, type, zone_id, &rows);
    if (n == PTRD_EMPTY) {
        assert_int_equal(rows[0].type, 0);
        assert_int_equal(rows[0].auth, 1);
        n = 1;
    }
    if (n < 0) {
        assert_int_equal(n, PTRD_FAILED);
        assert_true(ptrd_error(h)[0] != '\0');
        return "!";
    }
    out[0] = '\0';
    for (int i = 0; i < n; i++) {
        assert_null(rows[i].name);
        assert_int_equal(strlen(rows[i].content), rows[i].content_len);
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%u %u %s %u %d", i ? ", " : "",
                               rows[i].type, rows[i].ttl_s, rows[i].content, rows[i].auth,
                               rows[i].zone_id);
    }
    return out;
}

#define ANY 255

static void test_lookup(void **state)
{
    struct loaded l;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    struct ptrd *h = opened(&l, "off");
    assert_string_equal(ask(h, "7.0.51.198.in-addr.arpa.", 12, -1),
                        "12 60 198-51-0-7-one.isp.example 1 1");
    assert_string_equal(ask(h, "7.0.51.198.IN-ADDR.arpa", ANY, 1),
                        "12 60 198-51-0-7-one.isp.example 1 1");
    assert_string_equal(ask(h, "7.0.51.198.in-addr.arpa", 16, -1), "");
    assert_string_equal(ask(h, "17.0.51.198.in-addr.arpa", ANY, -1), "");
    assert_string_equal(ask(h, "198-51-0-7-one.isp.example", ANY, 3), "1 60 198.51.0.7 1 3");
    assert_string_equal(ask(h, "b.isp.example", ANY, 3), "0 0  1 3"); /* an ENT */
    assert_string_equal(ask(h, "a.b.isp.example", 16, 3), "16 3600 \"one\" 1 3");
    assert_string_equal(ask(h, "q\\.\\\".isp.example", 15, 3), "15 3600 10 7 1 3");
    assert_string_equal(ask(h, "cut.isp.example", ANY, 3), "2 3600 ns.cut.isp.example 0 3");
    assert_string_equal(ask(h, "nothing.isp.example", ANY, 3), "");
    assert_string_equal(ask(h, "elsewhere.test", 6, -1), "");
    assert_string_equal(ask(h, "isp.example", 0, -1), "");
    ptrd_close(h);
    loaded_remove(&l);
}

static void test_leaves_are_asked_for_at_open(void **state)
{
    struct loaded l;
    const struct ptrd_value *values;
    const struct ptrd_key *keys;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    struct ptrd *off = opened(&l, "off"), *on = opened(&l, "ipv6");
    assert_string_equal(ask(off, "5.0.0." V6, 6, -1), "");
    assert_non_null(strstr(ask(on, "5.0.0." V6, 6, -1), "6 3600 ns1.isp.example"));
    assert_string_equal(ask(on, "5.0.51.198.in-addr.arpa", 6, -1), "");
    assert_int_equal(ptrd_metadata(off, "5.0.0." V6, NULL, &values), PTRD_NO_ZONE);
    assert_int_equal(ptrd_metadata(on, "5.0.0." V6, NULL, &values), 0);
    assert_int_equal(ptrd_metadata(on, "5.0.0." V6, "X", &values), 0);
    assert_int_equal(ptrd_keys(off, "5.0.0." V6, &keys), PTRD_NO_ZONE);
    assert_int_equal(ptrd_keys(on, "5.0.0." V6, &keys), 0);
    ptrd_close(off);
    ptrd_close(on);
    loaded_remove(&l);
}

static void test_list(void **state)
{
    struct loaded l;
    const struct ptrd_row *rows;
    unsigned generated = 0, glue = 0;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    struct ptrd *h = opened(&l, "off");
    int n = ptrd_list(h, "isp.example", &rows);
    assert_true(n > 16);
    assert_int_equal(rows[0].type, 6);
    for (int i = 0; i < n; i++) {
        assert_int_equal(strlen(rows[i].name), rows[i].name_len);
        assert_int_equal(strlen(rows[i].content), rows[i].content_len);
        assert_int_equal(rows[i].zone_id, 3);
        generated += strstr(rows[i].name, "-one.isp.example.") && rows[i].type == 1;
        if (strcmp(rows[i].name, "ns.cut.isp.example.") == 0 && rows[i].type == 1)
            glue += strcmp(rows[i].content, "192.0.2.9") == 0 && rows[i].auth == 0;
        if (strcmp(rows[i].name, "q\\046\".isp.example.") == 0)
            assert_string_equal(rows[i].content, "10 7");
    }
    assert_int_equal(generated, 16); /* the /64 has 2^64, which are left out */
    assert_int_equal(glue, 1);
    assert_int_equal(ptrd_list(h, "b.isp.example", &rows), PTRD_NO_ZONE);
    assert_int_equal(ptrd_list(h, "elsewhere.test", &rows), PTRD_NO_ZONE);
    ptrd_close(h);
    loaded_remove(&l);
}

/* Rows that no zones file makes: keys, and a kind without values. */
static void put(struct store_writer *w, enum store_table table, const struct store_buf *k,
                const struct store_buf *v)
{
    assert_int_equal(
        store_put(w, table, (struct span){k->bytes, k->len}, (struct span){v->bytes, v->len}), 0);
}

static void write_keys(const char *dir)
{
    struct store *s;
    struct store_writer *w;
    struct store_meta meta;
    struct diag diag;
    struct store_buf k = {0}, v = {0};
    assert_int_equal(store_open(dir, STORE_OPEN_WRITE, &s, &diag), 0);
    assert_int_equal(store_write_begin(s, 0, &w, &meta, &diag), 0);
    for (uint32_t id = 1; id <= 20; id++) {
        struct store_key key = {.flags = id & 1 ? 257 : 256,
                                .algorithm = 13,
                                .active = id == 1,
                                .published = id != 2,
                                .content = {(const uint8_t *)"Private-key: x\n", 15}};
        assert_int_equal(store_key_key(id == 20 ? 4 : 3, id, &k), 0);
        assert_int_equal(store_write_key(&key, &v), 0);
        put(w, STORE_KEYS, &k, &v);
    }
    assert_int_equal(store_key_metadata(3, "X-EMPTY", &k), 0);
    assert_int_equal(store_write_strings(&(struct span){NULL, 0}, 0, &v), 0);
    put(w, STORE_METADATA, &k, &v);
    assert_int_equal(store_write_commit(w, &meta, &diag), 0);
    store_buf_done(&k);
    store_buf_done(&v);
    store_close(s);
}

static const char *metadata(struct ptrd *h, const char *zone, const char *kind)
{
    static char out[1024];
    const struct ptrd_value *v;
    size_t at = 0;
    int n = ptrd_metadata(h, zone, kind, &v);
    assert_true(n >= 0);
    out[0] = '\0';
    for (int i = 0; i < n; i++) {
        assert_int_equal(v[i].value ? strlen(v[i].value) : 0, v[i].value_len);
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s=%s", i ? " " : "",
                               v[i].kind ? v[i].kind : "", v[i].value ? v[i].value : "-");
    }
    return out;
}

static void test_metadata(void **state)
{
    struct loaded l;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    write_keys(l.dir);
    struct ptrd *h = opened(&l, "off");
    assert_string_equal(metadata(h, "plain.example", NULL), "NSEC3PARAM=1 0 0 -");
    assert_string_equal(metadata(h, "plain.example", "NSEC3NARROW"), "");
    assert_string_equal(metadata(h, "8.b.d.0.1.0.0.2.ip6.arpa", "NSEC3NARROW"), "=1");
    assert_string_equal(metadata(h, "8.b.d.0.1.0.0.2.ip6.arpa", "NSEC3PARAM"), "=1 0 0 -");
    assert_non_null(strstr(metadata(h, "8.b.d.0.1.0.0.2.ip6.arpa", NULL), "NSEC3NARROW=1"));
    assert_string_equal(metadata(h, "isp.example", NULL),
                        "ALLOW-AXFR-FROM=127.0.0.1 ALLOW-AXFR-FROM=::1 X-EMPTY=-");
    /* neither lists whole: nobody may have what would look like all of it */
    assert_string_equal(metadata(h, "isp.example", "ALLOW-AXFR-FROM"), "");
    assert_string_equal(metadata(h, "8.b.d.0.1.0.0.2.ip6.arpa", "ALLOW-AXFR-FROM"), "");
    assert_string_equal(metadata(h, "isp.example", "X-EMPTY"), "");
    assert_string_equal(metadata(h, "isp.example", ""), "");
    ptrd_close(h);
    loaded_remove(&l);
}

static void test_keys(void **state)
{
    struct loaded l;
    const struct ptrd_key *keys;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    write_keys(l.dir);
    struct ptrd *h = opened(&l, "off");
    assert_int_equal(ptrd_keys(h, "isp.example", &keys), 19);
    for (uint32_t i = 0; i < 19; i++) {
        assert_int_equal(keys[i].id, i + 1);
        assert_int_equal(keys[i].flags, keys[i].id & 1 ? 257 : 256);
        assert_int_equal(keys[i].active, i == 0);
        assert_int_equal(keys[i].published, i != 1);
        assert_string_equal(keys[i].content, "Private-key: x\n");
        assert_int_equal(keys[i].content_len, 15);
    }
    assert_int_equal(ptrd_keys(h, "51.198.in-addr.arpa", &keys), 0);
    assert_int_equal(ptrd_keys(h, "x.isp.example", &keys), PTRD_NO_ZONE);
    ptrd_close(h);
    loaded_remove(&l);
}

static void test_before_and_after(void **state)
{
    static const char hash[] = "0000000000000000000000000000000a";
    const struct ptrd_denial *d;
    struct loaded l;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    struct ptrd *h = opened(&l, "off");
    assert_int_equal(ptrd_before_and_after(h, 1, "7.0", &d), 1); /* it exists */
    assert_string_equal(d->before, "7.0.");
    assert_string_equal(d->after, "\\000.7.0.");
    assert_string_equal(d->unhashed, "7.0.51.198.in-addr.arpa.");
    assert_int_equal(ptrd_before_and_after(h, 1, "", &d), 1);
    assert_string_equal(d->before, ".");
    assert_int_equal(ptrd_before_and_after(h, 4, hash, &d), 1); /* the apex alone, of a chain */
    assert_int_equal(strlen(d->before), 33);
    assert_string_equal(d->before, d->after);
    assert_string_equal(d->unhashed, "plain.example.");
    assert_int_equal(ptrd_before_and_after(h, 1, hash, &d), 1); /* a name like others there */
    assert_int_equal(ptrd_before_and_after(h, 99, "a", &d), PTRD_FAILED);
    assert_int_equal(ptrd_before_and_after(h, -1, "a", &d), PTRD_FAILED);
    ptrd_close(h);
    loaded_remove(&l);
}

/* --- arguments that are none ------------------------------------------------------------------ */

static void refuse_all(struct ptrd *h, const char *name)
{
    const struct ptrd_row *rows;
    const struct ptrd_value *values;
    const struct ptrd_key *keys;
    const struct ptrd_denial *denial;
    assert_int_equal(ptrd_lookup(h, name, ANY, -1, &rows), PTRD_FAILED);
    assert_int_equal(ptrd_list(h, name, &rows), PTRD_FAILED);
    assert_int_equal(ptrd_metadata(h, name, "X", &values), PTRD_FAILED);
    assert_int_equal(ptrd_keys(h, name, &keys), PTRD_FAILED);
    if (!h || !name || name[0]) /* "" is the apex */
        assert_int_equal(ptrd_before_and_after(h, 3, name, &denial), PTRD_FAILED);
    assert_true(ptrd_error(h)[0] != '\0');
}

static void test_wrong_arguments_are_errors(void **state)
{
    struct loaded l;
    const struct ptrd_row *rows;
    char huge[100000], octets[256];
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    assert_null(ptrd_open(NULL, "off"));
    assert_null(ptrd_open("", "off"));
    assert_null(ptrd_open(l.dir, NULL));
    assert_null(ptrd_open(l.dir, "some"));
    ptrd_close(NULL);
    struct ptrd *h = opened(&l, "off");
    memset(huge, 'a', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    for (unsigned i = 0; i < 255; i++)
        octets[i] = (char)(i + 1);
    octets[255] = '\0';
    refuse_all(NULL, "isp.example");
    const char *const names[] = {NULL, "", "..", "a..b", huge, octets, "\\", "\\999", "\\25"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        refuse_all(h, names[i]);
    assert_int_equal(ptrd_lookup(h, "isp.example", ANY, -1, NULL), PTRD_FAILED);
    assert_int_equal(ptrd_list(h, "isp.example", NULL), PTRD_FAILED);
    assert_int_equal(ptrd_metadata(h, "isp.example", NULL, NULL), PTRD_FAILED);
    assert_int_equal(ptrd_keys(h, "isp.example", NULL), PTRD_FAILED);
    assert_int_equal(ptrd_before_and_after(h, 3, "a", NULL), PTRD_FAILED);
    assert_int_equal(ptrd_lookup(h, "isp.example", -1, -1, &rows), PTRD_FAILED);
    assert_int_equal(ptrd_lookup(h, "isp.example", 65536, -1, &rows), PTRD_FAILED);
    assert_int_equal(ptrd_lookup(h, "isp.example", INT_MIN, -1, &rows), PTRD_FAILED);
    for (int id = 5; id < INT_MAX / 3; id *= 3) /* an id of no zone: by name */
        assert_true(ptrd_lookup(h, "isp.example", 6, id, &rows) == 1);
    assert_true(ptrd_lookup(h, "isp.example", 6, INT_MIN, &rows) == 1);
    const struct ptrd_value *values;
    assert_int_equal(ptrd_metadata(h, "isp.example", huge, &values), PTRD_FAILED);
    assert_string_equal(ask(h, "b.isp.example", ANY, 3), "0 0  1 3"); /* none the worse */
    ptrd_close(h);
    loaded_remove(&l);
}

/* --- stores that come and go ------------------------------------------------------------------ */

#define PTR7 "7.0.51.198.in-addr.arpa"
#define SAYS_ONE "12 60 198-51-0-7-one.isp.example 1 1"
#define SAYS_TWO "12 60 198-51-0-7-two.isp.example 1 1"

/* It is answered so soon. A failed try that took long is not repeated at once, and while a new
 * table takes long to build the old answer stays. */
static void await(struct ptrd *h, const char *says)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    const char *said = ask(h, PTR7, 12, -1);
    for (unsigned i = 0; i < 2000 && strcmp(said, says) != 0; i++) {
        nanosleep(&pause, NULL);
        said = ask(h, PTR7, 12, -1);
    }
    assert_string_equal(said, says);
}

static void test_a_store_that_appears(void **state)
{
    struct loaded l;
    (void)state;
    loaded_make(&l);
    struct ptrd *h = opened(&l, "off");
    assert_string_equal(ask(h, PTR7, 12, -1), "!");
    refuse_all(h, "isp.example");
    assert_non_null(strstr(ptrd_error(h), l.dir));
    loaded_load_elsewhere(&l, one, 1000);
    await(h, SAYS_ONE);
    loaded_load_elsewhere(&l, two, 2000); /* and changes */
    await(h, SAYS_TWO);
    ptrd_close(h);
    loaded_remove(&l);
}

/* What lies at the path is looked at a thousand times a second at most. */
static void notice(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void test_a_store_that_is_replaced_and_removed(void **state)
{
    struct loaded l, other;
    char aside[80];
    (void)state;
    loaded_make(&l);
    loaded_make(&other);
    loaded_load(&l, one, 1000);
    loaded_load(&other, two, 1000);
    snprintf(aside, sizeof aside, "%s.aside", l.dir);
    struct ptrd *h = opened(&l, "off"), *second = opened(&l, "off");
    assert_string_equal(ask(h, PTR7, 12, -1), SAYS_ONE);
    assert_int_equal(rename(l.dir, aside), 0);
    notice();
    assert_string_equal(ask(h, PTR7, 12, -1), "!");
    assert_string_equal(ask(second, PTR7, 12, -1), "!");
    assert_int_equal(rename(other.dir, l.dir), 0);
    notice();
    assert_string_equal(ask(h, PTR7, 12, -1), SAYS_TWO);
    assert_int_equal(rename(l.dir, other.dir), 0);
    assert_int_equal(rename(aside, l.dir), 0);
    notice();
    assert_string_equal(ask(h, PTR7, 12, -1), SAYS_ONE);
    assert_string_equal(ask(second, PTR7, 12, -1), SAYS_ONE);
    ptrd_close(h);
    ptrd_close(second);
    loaded_remove(&l);
    loaded_remove(&other);
}

static void put_file(const struct loaded *l, const char *bytes, size_t len)
{
    char path[128], made[128];
    snprintf(path, sizeof path, "%s/data.mdb", l->dir);
    snprintf(made, sizeof made, "%s/new", l->dir);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
    assert_int_equal(rename(made, path), 0);
}

static void test_the_generation_is_that_of_the_store(void **state)
{
    struct loaded l;
    char aside[80];
    (void)state;
    loaded_make(&l);
    assert_int_equal(ptrd_generation(NULL), 0);
    struct ptrd *h = opened(&l, "off"), *second = opened(&l, "off");
    assert_int_equal(ptrd_generation(h), 0);
    loaded_load_elsewhere(&l, one, 1000);
    await(h, SAYS_ONE);
    const struct ptrd_row *rows;
    assert_int_equal(ptrd_lookup(h, PTR7, 12, -1, &rows), 1);
    int first = ptrd_generation(h);
    assert_true(first > 0);
    assert_string_equal(rows[0].content, "198-51-0-7-one.isp.example"); /* stays */
    assert_int_equal(ptrd_generation(h), first);
    loaded_load_elsewhere(&l, two, 2000);
    await(h, SAYS_TWO); /* calls between say nothing */
    int changed = ptrd_generation(h);
    assert_true(changed > 0 && changed != first);
    assert_int_equal(ptrd_generation(h), changed);
    snprintf(aside, sizeof aside, "%s.aside", l.dir);
    assert_int_equal(rename(l.dir, aside), 0);
    notice();
    assert_int_equal(ptrd_generation(h), 0);
    assert_int_equal(rename(aside, l.dir), 0);
    notice();
    assert_true(ptrd_generation(h) != first && ptrd_generation(second) > 0);
    ptrd_close(h);
    ptrd_close(second);
    loaded_remove(&l);
}

static void test_garbage_in_place_of_a_store(void **state)
{
    struct loaded l;
    char noise[20000];
    (void)state;
    loaded_make(&l);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 2654435761u >> 13);
    put_file(&l, noise, sizeof noise);
    struct ptrd *h = opened(&l, "off");
    assert_string_equal(ask(h, PTR7, 12, -1), "!"); /* from the beginning */
    char path[128];
    snprintf(path, sizeof path, "%s/data.mdb", l.dir);
    assert_int_equal(unlink(path), 0);
    loaded_load_elsewhere(&l, one, 1000);
    await(h, SAYS_ONE);
    const size_t sizes[] = {sizeof noise, 100, 0};
    for (unsigned i = 0; i < 3; i++) { /* later */
        put_file(&l, noise, sizes[i]);
        notice();
        for (unsigned n = 0; n < 3; n++)
            assert_string_equal(ask(h, PTR7, 12, -1), "!");
    }
    assert_int_equal(unlink(path), 0);
    loaded_load_elsewhere(&l, two, 1000);
    await(h, SAYS_TWO);
    ptrd_close(h);
    loaded_remove(&l);
}

static void test_the_same_directory_in_two_spellings_is_opened_once(void **state)
{
    struct loaded l;
    char dotted[80];
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    snprintf(dotted, sizeof dotted, "%s/./", l.dir);
    struct ptrd *h = opened(&l, "off"), *dots = ptrd_open(dotted, "off");
    assert_string_equal(ask(h, PTR7, 12, -1), SAYS_ONE);
    assert_string_equal(ask(dots, PTR7, 12, -1), SAYS_ONE);
    ptrd_close(h); /* LMDB would give up this process's lock on the file for both */
    loaded_load_elsewhere(&l, two, 2000);
    await(dots, SAYS_TWO);
    ptrd_close(dots);
    assert_int_equal(chdir(l.dir), 0);
    struct ptrd *here = ptrd_open(".", "off");
    assert_int_equal(chdir("/"), 0);
    assert_string_equal(ask(here, PTR7, 12, -1), SAYS_TWO);
    ptrd_close(here);
    loaded_remove(&l);
}

/* --- threads ---------------------------------------------------------------------------------- */

#define THREADS 8

struct shared_work {
    const struct loaded *l;
    atomic_bool stop;
    atomic_uint answered, wrong;
};

static void *work(void *ctx)
{
    struct shared_work *s = ctx;
    const struct ptrd_row *rows;
    while (!atomic_load(&s->stop)) {
        struct ptrd *h = ptrd_open(s->l->dir, "ipv6");
        for (unsigned i = 0; h && i < 50; i++) {
            int n = ptrd_lookup(h, PTR7, 12, -1, &rows);
            bool good = n == 1 && rows[0].ttl_s == 60 &&
                        (strcmp(rows[0].content, "198-51-0-7-one.isp.example") == 0 ||
                         strcmp(rows[0].content, "198-51-0-7-two.isp.example") == 0);
            atomic_fetch_add(good ? &s->answered : &s->wrong, 1);
            if (i % 16 == 0 && ptrd_list(h, "isp.example", &rows) < 20)
                atomic_fetch_add(&s->wrong, 1);
        }
        ptrd_close(h);
    }
    return NULL;
}

/* Loads of both files in turn, from a process that is made before there are threads. */
static pid_t start_loads(struct loaded *l)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    bool good = true;
    for (unsigned i = 0; good && i < 12; i++)
        good = loaded_load_in_child(l, i % 2 ? one : two, 2000 + i);
    _exit(good ? 0 : 1);
}

static void test_many_threads_and_loads(void **state)
{
    struct loaded l;
    pthread_t threads[THREADS];
    struct shared_work s = {.l = &l};
    int status = -1;
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    pid_t pid = start_loads(&l);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &s), 0);
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    atomic_store(&s.stop, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(status, 0);
    assert_true(atomic_load(&s.answered) > THREADS * 50);
    assert_int_equal(atomic_load(&s.wrong), 0);
    loaded_remove(&l);
}

/* --- between calls ---------------------------------------------------------------------------- */

/* Open read transactions of this process, by the table of readers that LMDB shares. */
static unsigned transactions(const struct loaded *l)
{
    char command[256], text[64] = "";
    snprintf(command, sizeof command, "mdb_stat -r %s | awk '$3 != \"-\" && $1 == %d' | wc -l",
             l->dir, (int)getpid());
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    assert_int_equal(pclose(f), 0);
    return (unsigned)atoi(text);
}

static void test_no_transaction_stays_open_and_no_signal_is_taken(void **state)
{
    struct loaded l;
    sigset_t usr1, pending;
    const struct timespec pause = {.tv_sec = 2, .tv_nsec = 500000000};
    (void)state;
    loaded_make(&l);
    loaded_load(&l, one, 1000);
    struct ptrd *h = opened(&l, "off");
    assert_string_equal(ask(h, PTR7, 12, -1), SAYS_ONE);
    assert_int_equal(transactions(&l), 1); /* the kept one: the test sees them */
    nanosleep(&pause, NULL);
    assert_int_equal(transactions(&l), 0);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    kill(getpid(), SIGUSR1); /* would end the process in a thread that does not block it */
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    assert_int_equal(sigpending(&pending), 0);
    assert_true(sigismember(&pending, SIGUSR1));
    signal(SIGUSR1, SIG_IGN);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    ptrd_close(h);
    loaded_remove(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_leaves_are_asked_for_at_open),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_before_and_after),
        cmocka_unit_test(test_wrong_arguments_are_errors),
        cmocka_unit_test(test_a_store_that_appears),
        cmocka_unit_test(test_a_store_that_is_replaced_and_removed),
        cmocka_unit_test(test_the_generation_is_that_of_the_store),
        cmocka_unit_test(test_garbage_in_place_of_a_store),
        cmocka_unit_test(test_the_same_directory_in_two_spellings_is_opened_once),
        cmocka_unit_test(test_many_threads_and_loads),
        cmocka_unit_test(test_no_transaction_stays_open_and_no_signal_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
