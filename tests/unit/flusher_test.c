/* A flusher and PowerDNS servers that are played here: what they are told, in which order, what
 * happens while they are away, and what is seen of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ptrd/sync/flush.h"

#define WAIT_MS 20000
#define LINE_SIZE ((size_t)1 << 16)
#define LINES_SIZE ((size_t)1 << 20)

/* A control socket: notes the lines, and answers as it is told. */
struct played {
    char dir[64], path[100];
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *line, *lines; /* LINE_SIZE, LINES_SIZE */
    unsigned commands;
    const char *purge_reply; /* NULL: closes without one */
};

static void played_answer(struct played *p, int fd)
{
    char *line = p->line;
    size_t len = 0;
    ssize_t n;
    while (len < LINE_SIZE - 1 && (len == 0 || line[len - 1] != '\n') &&
           (n = read(fd, line + len, LINE_SIZE - 1 - len)) > 0)
        len += (size_t)n;
    line[len] = '\0';
    pthread_mutex_lock(&p->lock);
    if (len)
        strcat(p->lines, line);
    p->commands += len > 0;
    const char *reply = strncmp(line, "PURGE", 5) == 0 ? p->purge_reply : "Ok";
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (reply && write(fd, reply, strlen(reply)) < 0)
        perror("write");
}

static void *played_main(void *arg)
{
    struct played *p = arg;
    for (;;) {
        int fd = accept(p->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        played_answer(p, fd);
        close(fd);
    }
}

static void played_listen(struct played *p)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    strcpy(where.sun_path, p->path);
    unlink(p->path);
    p->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(listen(p->fd, 10), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, played_main, p), 0);
}

static struct played *played_new(void)
{
    struct played *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->line = calloc(1, LINE_SIZE);
    p->lines = calloc(1, LINES_SIZE);
    assert_true(p->line && p->lines);
    strcpy(p->dir, "/tmp/ptrd-flush-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/socket", p->dir);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->purge_reply = "1";
    return p;
}

static void played_stop(struct played *p)
{
    shutdown(p->fd, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->fd);
    unlink(p->path);
}

static void played_free(struct played *p)
{
    rmdir(p->dir);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->line);
    free(p->lines);
    free(p);
}

/* What came so far; forgets it. */
static char *played_take(struct played *p)
{
    pthread_mutex_lock(&p->lock);
    char *lines = strdup(p->lines);
    p->lines[0] = '\0';
    pthread_mutex_unlock(&p->lock);
    return lines;
}

static void assert_told(struct played *p, const char *expected)
{
    char *lines = played_take(p);
    assert_string_equal(lines, expected);
    free(lines);
}

static void wait_commands(struct played *p, unsigned count)
{
    pthread_mutex_lock(&p->lock);
    while (p->commands < count)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void play(struct played *p, const char *purge_reply)
{
    pthread_mutex_lock(&p->lock);
    p->purge_reply = purge_reply;
    pthread_mutex_unlock(&p->lock);
}

/* --- the flusher ------------------------------------------------------------------------------ */

static unsigned reports, good_reports;

static void report(void *ctx, const char *server, const char *error)
{
    (void)ctx;
    assert_non_null(server);
    __atomic_add_fetch(error ? &reports : &good_reports, 1, __ATOMIC_SEQ_CST);
}

static struct flusher *start(struct played **servers, unsigned count, unsigned repeat_ms)
{
    struct flush_server list[4] = {{NULL, NULL, NULL}};
    struct flusher *f;
    struct diag diag;
    for (unsigned i = 0; i < count; i++)
        list[i].control = servers[i]->path;
    const struct flusher_config config = {.servers = list,
                                          .count = count,
                                          .timeout_ms = FLUSH_TIMEOUT_MS,
                                          .repeat_ms = repeat_ms,
                                          .changed = report};
    reports = good_reports = 0;
    assert_int_equal(flusher_new(&config, &f, &diag), 0);
    return f;
}

static void add_name(struct purge_set *set, const char *text, enum purge_scope scope)
{
    struct name name, zone;
    assert_int_equal(name_parse(text, strlen(text), &name, NULL), 0);
    name_strip(&name, 1, &zone);
    purge_add(set, &zone, &name, scope);
}

static void add_one(struct flusher *f, const char *text)
{
    struct purge_set *set = purge_set_new();
    add_name(set, text, PURGE_NAME);
    flusher_add(f, set);
    purge_set_free(set);
}

static void names_are_told_to_each_server(void **state)
{
    (void)state;
    struct played *servers[] = {played_new(), played_new()};
    played_listen(servers[0]);
    played_listen(servers[1]);
    struct flusher *f = start(servers, 2, 0);
    struct purge_set *set = purge_set_new();
    struct flush_status status;
    struct name apex;
    add_name(set, "h.isp.example", PURGE_NAME);
    add_name(set, "b.a.isp.example", PURGE_BELOW);
    add_name(set, "with\\032space$.isp.example", PURGE_NAME);
    flusher_add(f, set);
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    for (unsigned i = 0; i < 2; i++)
        assert_told(servers[i],
                    "PURGE b.a.isp.example.$ h.isp.example. with\\032space\\$.isp.example.\n");
    purge_clear(set);
    assert_int_equal(name_parse("new.example", 11, &apex, NULL), 0);
    purge_add_zone(set, &apex);
    flusher_add(f, set);
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    assert_told(servers[1], "REDISCOVER\nPURGE new.example.$\n");
    purge_clear(set);
    purge_add_all(set);
    flusher_add(f, set);
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    assert_told(servers[1], "REDISCOVER\nPURGE\n");
    flusher_status(f, 1, &status);
    assert_int_equal(status.counts.purges, 5);
    assert_int_equal(status.counts.requests, 5);
    assert_int_equal(status.failures, 0);
    assert_false(status.waiting || status.failing || status.oldest_ms);
    assert_string_equal(status.server, servers[1]->path);
    purge_set_free(set);
    flusher_free(f);
    for (unsigned i = 0; i < 2; i++) {
        played_stop(servers[i]);
        played_free(servers[i]);
    }
}

static void a_server_that_is_away_gets_it_later(void **state)
{
    (void)state;
    struct played *server = played_new();
    struct flusher *f = start(&server, 1, 0);
    struct flush_status status;
    add_one(f, "one.isp.example");
    assert_int_equal(flusher_wait(f, 250), PTRD_ABSENT);
    add_one(f, "two.isp.example");
    flusher_status(f, 0, &status);
    assert_true(status.failing && status.waiting && status.failures >= 1);
    assert_in_range(status.oldest_ms, 200, WAIT_MS);
    assert_non_null(strstr(status.last_error, "cannot connect"));
    played_listen(server);
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    assert_told(server, "PURGE one.isp.example. two.isp.example.\n");
    flusher_status(f, 0, &status);
    assert_false(status.failing || status.waiting);
    assert_true(status.last_error[0]);
    assert_int_equal(reports, 1); /* once a change, not once an attempt */
    assert_int_equal(good_reports, 1);
    flusher_free(f);
    played_stop(server);
    played_free(server);
}

static void refusals_and_closed_connections_are_failures(void **state)
{
    (void)state;
    struct played *server = played_new();
    played_listen(server);
    play(server, "Unknown command: 'PURGE'");
    struct flusher *f = start(&server, 1, 0);
    struct flush_status status;
    add_one(f, "one.isp.example");
    wait_commands(server, 2);
    flusher_status(f, 0, &status);
    assert_non_null(strstr(status.last_error, "Unknown command"));
    play(server, NULL);
    wait_commands(server, 5);
    flusher_status(f, 0, &status);
    assert_non_null(strstr(status.last_error, "``"));
    play(server, "0");
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    flusher_free(f);
    played_stop(server);
    played_free(server);
}

static void memory_is_bounded_while_a_server_is_away(void **state)
{
    (void)state;
    struct played *server = played_new();
    struct flusher *f = start(&server, 1, 0);
    struct purge_set *set = purge_set_new();
    char text[100];
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(text, sizeof text, "h.z%u.example", i);
        add_name(set, text, PURGE_NAME);
        if (i % 1000 == 999) {
            flusher_add(f, set);
            purge_clear(set);
        }
    }
    played_listen(server);
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    assert_told(server, "REDISCOVER\nPURGE\n");
    purge_set_free(set);
    flusher_free(f);
    played_stop(server);
    played_free(server);
}

/* A reply that was under way at the time of the commit may be kept behind the flush. */
static void everything_is_purged_once_more(void **state)
{
    (void)state;
    struct played *server = played_new();
    played_listen(server);
    struct flusher *f = start(&server, 1, 150);
    char text[64];
    unsigned told[20] = {0};
    for (unsigned i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "h%u.isp.example", i);
        add_one(f, text);
        assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
        usleep(20000);
    }
    usleep(700000);
    char *lines = played_take(server);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(text, sizeof text, " h%u.isp.example.", i);
        for (char *at = lines; (at = strstr(at, text)); at++)
            told[i]++;
        assert_int_equal(told[i], 2);
    }
    free(lines);
    flusher_free(f);
    played_stop(server);
    played_free(server);
}

static void secondaries_are_notified_with_the_repetition(void **state)
{
    (void)state;
    struct played *server = played_new();
    struct purge_set *set = purge_set_new();
    struct name apex;
    played_listen(server);
    assert_int_equal(name_parse("isp.example", 11, &apex, NULL), 0);
    purge_add_notify(set, &apex);
    struct flusher *f = start(&server, 1, 200);
    flusher_add(f, set);
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    assert_told(server, "PURGE isp.example.\n");
    wait_commands(server, 3);
    assert_told(server, "PURGE isp.example.\nNOTIFY isp.example.\n");
    flusher_free(f);
    f = start(&server, 1, 0);
    purge_add_all(set);
    flusher_add(f, set);
    assert_int_equal(flusher_wait(f, WAIT_MS), PTRD_FOUND);
    assert_told(server, "REDISCOVER\nPURGE\nNOTIFY isp.example.\n");
    flusher_free(f);
    purge_set_free(set);
    played_stop(server);
    played_free(server);
}

static void a_flusher_ends_at_once(void **state)
{
    (void)state;
    struct played *server = played_new();
    struct flusher *f = start(&server, 1, 1000);
    add_one(f, "one.isp.example");
    flusher_free(f); /* nobody listens, a retry waits */
    played_free(server);
}

static void wrong_servers_are_refused(void **state)
{
    (void)state;
    const struct flush_server wrong[] = {
        {NULL, NULL, NULL},
        {"/x", "http://127.0.0.1", "key"},
        {NULL, "http://127.0.0.1", NULL},
        {NULL, "file:///etc/passwd", "key"},
        {NULL, "http://127.0.0.1", "key\r\nHost: other"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct flush_link *link = NULL;
        struct diag diag = {.file = NULL};
        assert_int_equal(flush_link_new(&wrong[i], &link, &diag), PTRD_EINVAL);
        assert_true(diag.message[0]);
        assert_null(strstr(diag.message, "Host"));
        struct flusher *f = NULL;
        const struct flusher_config config = {.servers = &wrong[i], .count = 1};
        assert_int_equal(flusher_new(&config, &f, &diag), PTRD_EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_told_to_each_server),
        cmocka_unit_test(a_server_that_is_away_gets_it_later),
        cmocka_unit_test(refusals_and_closed_connections_are_failures),
        cmocka_unit_test(memory_is_bounded_while_a_server_is_away),
        cmocka_unit_test(everything_is_purged_once_more),
        cmocka_unit_test(secondaries_are_notified_with_the_repetition),
        cmocka_unit_test(a_flusher_ends_at_once),
        cmocka_unit_test(wrong_servers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
