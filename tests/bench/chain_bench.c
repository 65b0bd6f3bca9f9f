/* What an NSEC3 chain takes to build and to keep, and a denial from it afterwards.
 *
 *     bench_chain_bench DIR APEX
 *
 * DIR is a store whose zone APEX has NSEC3PARAM and an exact chain. A line of JSON for each number
 * of iterations, then one for denials with those of the metadata.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../backend/resolve/chain.h"
#include "ptrd/resolve/deny.h"

#define DENIALS 200000

static void must(int rc, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "chain_bench: %s: %s\n", what, ptrd_strerror(rc));
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void build(struct snapshot *s, const struct zone *zone, struct answer *a,
                  uint16_t iterations)
{
    struct nsec3_params p = {.algorithm = 1, .iterations = iterations};
    struct chain chain;
    double start = now_s();
    must(chain_build(s, zone, &p, a, &chain), "chain_build");
    printf("{\"iterations\": %u, \"names\": %u, \"bytes\": %zu, \"s\": %.4f}\n",
           (unsigned)iterations, chain.count, chain_size(&chain), now_s() - start);
    chain_done(&chain);
}

static void deny(struct snapshot *s, const struct zone *zone, struct answer *a)
{
    uint8_t hash[NSEC3_HASH_LEN] = {0}, before[NSEC3_HASH_LEN], after[NSEC3_HASH_LEN];
    struct name owner;
    uint64_t random = 1;
    double start = 0;
    for (unsigned i = 0; i <= DENIALS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        memcpy(hash, &random, sizeof random);
        hash[0] = (uint8_t)(random >> 56);
        must(deny_nsec3(s, zone, hash, a, before, after, &owner), "deny_nsec3");
        if (i == 0) /* that one built the chain */
            start = now_s();
    }
    printf("{\"denials\": %d, \"ns\": %.0f}\n", DENIALS, (now_s() - start) / DENIALS * 1e9);
}

int main(int argc, char **argv)
{
    struct engine *e;
    struct snapshot s;
    struct answer a;
    struct name apex;
    struct diag diag = {.file = NULL};
    if (argc != 3) {
        fprintf(stderr, "usage: bench_chain_bench DIR APEX\n");
        return 2;
    }
    answer_init(&a);
    must(name_parse(argv[2], strlen(argv[2]), &apex, NULL), argv[2]);
    must(engine_open(argv[1], &e, &diag), argv[1]);
    must(snapshot_init(&s, e), "snapshot_init");
    must(snapshot_begin(&s), "snapshot_begin");
    const struct zone *zone = table_zone_for(s.table, &apex);
    must(zone && name_equal(&zone->apex, &apex) ? 0 : PTRD_EINVAL, argv[2]);
    build(&s, zone, &a, 0);
    build(&s, zone, &a, 1);
    deny(&s, zone, &a);
    snapshot_end(&s);
    snapshot_done(&s);
    engine_close(e);
    answer_done(&a);
    return 0;
}
