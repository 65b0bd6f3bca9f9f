/* The floor of reading a zones file: YAML into nodes and nothing else.
 *
 *     bench_yaml_bench FILE
 *
 * One line of JSON on stdout. */
#include <stdio.h>
#include <time.h>

#include "ptrd/conf/conf.h"

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    const struct conf_node *root;
    struct conf_doc *doc;
    struct diag diag = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: yaml_bench FILE\n");
        return 2;
    }
    double start = now_s();
    if (conf_read(argv[1], &doc, &root, &diag) < 0) {
        fprintf(stderr, "yaml_bench: %s\n", diag.message);
        return 1;
    }
    printf("{\"s\": %.6f}\n", now_s() - start);
    conf_free(doc);
    return 0;
}
