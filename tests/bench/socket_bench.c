/* Asks a server on a Unix socket as PowerDNS 4.7.3 does: each connection one request at a time,
 * each request in its spelling, about random addresses of an IPv6 /32, which come once.
 *
 *     bench_socket_bench SOCKET PID ZONE SEQUENCE CONNECTIONS NAMES SEED
 *
 * PID is the server's, ZONE its apex of 8 nibbles (without a final dot), NAMES how many addresses
 * are asked for in all. SEQUENCE is what PowerDNS asks for the PTR of one: ptr    the name's ANY
 *   fast   SOA of the name, its metadata, its ANY (zone cache off, leaves)
 *   keys   the same with its keys: a question with the DO bit
 *   safe   SOA of the apex, NS of each label from the name up, the name's ANY (zone cache on)
 * A line of JSON: requests and seconds, the server's CPU time (utime + stime) and its RSS before
 * and after. A wrong answer ends the program with status 1. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define NIBBLES 24 /* below the zone */
#define NAME_SIZE 128
#define REQUEST_SIZE 512

struct client {
    pthread_t thread;
    int fd;
    uint64_t random, names, requests;
    char reply[16384];
};

static const char *socket_path, *zone;
static long zone_id;
static void (*ask_name)(struct client *c, const char *name);

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "socket_bench: %s: %s\n", what, detail);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the server ------------------------------------------------------------------------------- */

struct usage {
    double cpu_s;
    long rss_kb;
};

static struct usage usage_of(const char *pid)
{
    char path[64], text[1024], *at;
    unsigned long user = 0, system = 0;
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *in = fopen(path, "r");
    size_t n = in ? fread(text, 1, sizeof text - 1, in) : 0;
    text[n] = '\0';
    if (in)
        fclose(in);
    at = strrchr(text, ')'); /* fields 14, 15 and 24 of proc(5) */
    if (!at || sscanf(at + 1,
                      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d "
                      "%*d %*d %*u %*u %ld",
                      &user, &system, &pages) != 3)
        give_up(path, "no such process");
    return (struct usage){(double)(user + system) / (double)sysconf(_SC_CLK_TCK),
                          pages * (sysconf(_SC_PAGESIZE) / 1024)};
}

/* --- one request ------------------------------------------------------------------------------ */

static int connect_to(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof addr.sun_path)
        give_up(path, "too long for a socket");
    memcpy(addr.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
        give_up(path, strerror(errno));
    return fd;
}

/* Every reply is one line that begins as a result does, and holds `expected`. */
static void ask(struct client *c, const char *request, size_t len, const char *expected)
{
    static const char head[] = "{\"result\":";
    size_t got = 0;
    if (write(c->fd, request, len) != (ssize_t)len)
        give_up(request, strerror(errno));
    do {
        ssize_t n = read(c->fd, c->reply + got, sizeof c->reply - 1 - got);
        if (n <= 0)
            give_up(request, "connection closed");
        got += (size_t)n;
    } while (c->reply[got - 1] != '\n');
    c->reply[got] = '\0';
    if (memcmp(c->reply, head, sizeof head - 1) != 0 || !strstr(c->reply, expected)) {
        fprintf(stderr, "expected %s in %s", expected, c->reply);
        give_up(request, "a wrong answer");
    }
    c->requests++;
}

static void ask_lookup(struct client *c, const char *name, const char *type, long id,
                       const char *expected)
{
    char request[REQUEST_SIZE];
    int n = snprintf(request, sizeof request,
                     "{\"method\": \"lookup\", \"parameters\": {\"local\": \"127.0.0.1\", "
                     "\"qname\": \"%s\", \"qtype\": \"%s\", \"real-remote\": \"127.0.0.1/32\", "
                     "\"remote\": \"127.0.0.1\", \"zone-id\": %ld}}\n",
                     name, type, id);
    ask(c, request, (size_t)n, expected);
}

static void ask_of(struct client *c, const char *method, const char *name, const char *expected)
{
    char request[REQUEST_SIZE];
    int n = snprintf(request, sizeof request,
                     "{\"method\": \"%s\", \"parameters\": {\"name\": \"%s\"}}\n", method, name);
    ask(c, request, (size_t)n, expected);
}

/* --- what PowerDNS asks for one name ---------------------------------------------------------- */

static void ask_ptr(struct client *c, const char *name)
{
    ask_lookup(c, name, "ANY", zone_id, "\"PTR\"");
}

static void ask_fast(struct client *c, const char *name)
{
    ask_lookup(c, name, "SOA", -1, "\"SOA\"");
    ask_of(c, "getAllDomainMetadata", name, "{}");
    ask_ptr(c, name);
}

static void ask_keys(struct client *c, const char *name)
{
    ask_lookup(c, name, "SOA", -1, "\"SOA\"");
    ask_of(c, "getAllDomainMetadata", name, "{}");
    ask_of(c, "getDomainKeys", name, "[]");
    ask_ptr(c, name);
}

static void ask_safe(struct client *c, const char *name)
{
    char apex[NAME_SIZE];
    snprintf(apex, sizeof apex, "%s.", zone);
    ask_lookup(c, apex, "SOA", zone_id, "\"SOA\"");
    for (unsigned label = 0; label < NIBBLES; label++)
        ask_lookup(c, name + 2 * label, "NS", zone_id, "[]");
    ask_ptr(c, name);
}

static const struct {
    const char *name;
    void (*ask)(struct client *c, const char *name);
} sequences[] = {{"ptr", ask_ptr}, {"fast", ask_fast}, {"keys", ask_keys}, {"safe", ask_safe}};

/* --- the whole -------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void *run(void *arg)
{
    struct client *c = arg;
    char name[NAME_SIZE];
    for (uint64_t i = 0; i < c->names; i++) {
        uint64_t low = random_next(&c->random), high = random_next(&c->random);
        for (unsigned n = 0; n < NIBBLES; n++) {
            uint64_t nibble = n < 16 ? low >> 4 * n : high >> 4 * (n - 16);
            /* the upper half of the zone is left to blocks that other figures need */
            name[2 * n] = "0123456789abcdef"[nibble & (n == NIBBLES - 1 ? 7 : 15)];
            name[2 * n + 1] = '.';
        }
        snprintf(name + 2 * NIBBLES, sizeof name - 2 * NIBBLES, "%s.", zone);
        ask_name(c, name);
    }
    return NULL;
}

static long find_zone(struct client *c)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s.", zone);
    ask_of(c, "getDomainInfo", name, "\"id\":");
    return strtol(strstr(c->reply, "\"id\":") + 5, NULL, 10);
}

static void run_all(struct client *clients, unsigned count, const char *pid)
{
    struct usage before = usage_of(pid);
    uint64_t requests = 0;
    double start = now_s();
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
            give_up("thread", "cannot be made");
    for (unsigned i = 0; i < count; i++) {
        pthread_join(clients[i].thread, NULL);
        requests += clients[i].requests;
    }
    double taken_s = now_s() - start;
    struct usage after = usage_of(pid);
    printf("{\"requests\": %llu, \"s\": %.6f, \"cpu_s\": %.3f, \"rss_kb_before\": %ld, \"rss_kb\": "
           "%ld}\n",
           (unsigned long long)requests, taken_s, after.cpu_s - before.cpu_s, before.rss_kb,
           after.rss_kb);
}

int main(int argc, char **argv)
{
    static struct client clients[CONNECTIONS_MAX];
    if (argc != 8)
        give_up("usage", "SOCKET PID ZONE SEQUENCE CONNECTIONS NAMES SEED");
    socket_path = argv[1];
    zone = argv[3];
    for (unsigned i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (strcmp(sequences[i].name, argv[4]) == 0)
            ask_name = sequences[i].ask;
    unsigned count = (unsigned)strtoul(argv[5], NULL, 10);
    uint64_t names = strtoull(argv[6], NULL, 10), seed = strtoull(argv[7], NULL, 10);
    if (!ask_name || count == 0 || count > CONNECTIONS_MAX || strlen(zone) > 40)
        give_up(argv[4], "no such sequence, zone or number of connections");
    for (unsigned i = 0; i < count; i++) {
        clients[i].fd = connect_to(socket_path);
        clients[i].names = names / count;
        clients[i].random = seed * CONNECTIONS_MAX + i;
        zone_id = find_zone(&clients[i]); /* and the connection's thread is there */
        clients[i].requests = 0;
    }
    run_all(clients, count, argv[2]);
    return 0;
}
