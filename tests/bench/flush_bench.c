/* What a flush costs, by the control socket or the HTTP API of a PowerDNS.
 *
 *   bench_flush_bench control SOCKET|http URL KEY names|zones COUNT
 *
 * COUNT names, or zones with everything below, one after the other in one set; prints requests,
 * octets and milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ptrd/sync/flush.h"

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fill(struct purge_set *set, unsigned count, enum purge_scope scope)
{
    char text[100];
    struct name name, zone;
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%u.%u.51.198.in-addr.arpa", i % 100, i / 100);
        if (name_parse(text, strlen(text), &name, NULL) < 0)
            abort();
        name_strip(&name, 1, &zone);
        purge_add(set, &zone, &name, scope);
    }
}

int main(int argc, char **argv)
{
    struct flush_server server = {NULL, NULL, NULL};
    struct flush_counts counts = {0};
    struct flush_link *link;
    struct diag diag = {.file = NULL};
    bool http = argc == 6 && strcmp(argv[1], "http") == 0;
    if (argc != 5 + http)
        return 2;
    *(http ? &server.url : &server.control) = argv[2];
    server.api_key = http ? argv[3] : NULL;
    struct purge_set *set = purge_set_new();
    if (!set || flush_link_new(&server, &link, &diag) < 0)
        return 1;
    fill(set, (unsigned)atoi(argv[argc - 1]),
         strcmp(argv[argc - 2], "zones") == 0 ? PURGE_BELOW : PURGE_NAME);
    double start = now_ms();
    int err = flush_now(link, set, FLUSH_TIMEOUT_MS, &counts, &diag);
    double ms = now_ms() - start;
    if (err < 0)
        fprintf(stderr, "%s\n", diag.message);
    printf("{\"purges\": %llu, \"requests\": %llu, \"sent\": %llu, \"received\": %llu, \"ms\": "
           "%.2f}\n",
           (unsigned long long)counts.purges, (unsigned long long)counts.requests,
           (unsigned long long)counts.sent, (unsigned long long)counts.received, ms);
    flush_link_free(link);
    purge_set_free(set);
    return err < 0;
}
