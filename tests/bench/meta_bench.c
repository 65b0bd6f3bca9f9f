/* The generations of a store, as a line of JSON.
 *
 *     bench_meta_bench DIR
 *
 * A zone table is rebuilt exactly when `structure` moves (snapshot.h). */
#include <inttypes.h>
#include <stdio.h>

#include "ptrd/resolve/snapshot.h"

static int print_meta(const char *dir)
{
    struct engine *engine;
    struct snapshot snapshot;
    struct diag diag = {0};
    if (engine_open(dir, &engine, &diag) < 0) {
        fprintf(stderr, "meta_bench: %s\n", diag.message);
        return 1;
    }
    int rc = snapshot_init(&snapshot, engine);
    if (rc == 0) {
        rc = snapshot_begin(&snapshot);
        if (rc == 0) {
            printf("{\"structure\": %" PRIu64 ", \"data\": %" PRIu64 "}\n", snapshot.meta.structure,
                   snapshot.meta.data);
            snapshot_end(&snapshot);
        }
        snapshot_done(&snapshot);
    }
    engine_close(engine);
    return rc == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: meta_bench DIR\n");
        return 2;
    }
    return print_meta(argv[1]);
}
