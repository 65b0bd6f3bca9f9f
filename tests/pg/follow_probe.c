/* The follow loop alone: what the change log has that is new, and the cursor behind it.
 *
 *   pg_follow_probe CONNINFO [CURSOR]      CURSOR: hexadecimal, from an earlier run
 *
 * For each line on stdin one step: it prints the addresses of the changes that are new, each as
 * often as a row names it, then "= CURSOR RUNS". */
#include "ptrd/sync/cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, const struct diag *diag)
{
    fprintf(stderr, "%s: %s\n", what, diag->message);
    return 1;
}

static void print_cursor(const struct cursor *c)
{
    struct store_buf buf = {0};
    if (cursor_write(c, &buf))
        exit(1);
    printf("= ");
    for (size_t i = 0; i < buf.len; i++)
        printf("%02x", buf.bytes[i]);
    printf(" %zu\n", c->count);
    fflush(stdout);
    store_buf_done(&buf);
}

static int parse_cursor(const char *text, struct cursor *out)
{
    size_t len = strlen(text) / 2;
    uint8_t *bytes = malloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        unsigned octet;
        if (sscanf(text + 2 * i, "%2x", &octet) != 1)
            exit(1);
        bytes[i] = (uint8_t)octet;
    }
    int err = cursor_read((struct span){bytes, len}, out);
    free(bytes);
    return err;
}

static int step(struct pg *p, struct cursor *c, struct diag *diag)
{
    struct pg_state state;
    struct pg_changes changes;
    struct cursor next = {.applied = NULL};
    struct xid_range *missing = NULL;
    size_t count = 0;
    int err = pg_begin(p, &state, diag);
    if (!err && !cursor_follows(c, &state))
        err = diag_set(diag, PTRD_EINVAL, "cannot follow");
    if (!err)
        err = cursor_missing(c, &missing, &count);
    if (!err)
        err = pg_read_changes(p, missing, count, &changes, diag);
    if (!err)
        err = cursor_advance(c, &state, changes.xids, changes.xid_count, &next);
    pg_end(p);
    free(missing);
    if (err)
        return err;
    for (size_t i = 0; i < changes.addr_count; i++) {
        char text[ADDR_TEXT_SIZE];
        addr_print(&changes.addrs[i], text);
        puts(text);
    }
    printf("rows %llu\n", (unsigned long long)changes.rows);
    pg_changes_done(&changes);
    cursor_done(c);
    *c = next;
    return 0;
}

static int start(struct pg *p, struct cursor *c, struct diag *diag)
{
    struct pg_state state;
    struct pg_changes changes;
    int err = pg_begin(p, &state, diag);
    if (err)
        return err;
    const struct xid_range all = {state.xmin, UINT64_MAX};
    err = pg_read_changes(p, &all, 1, &changes, diag);
    if (!err) {
        err = cursor_start(c, &state, changes.xids, changes.xid_count);
        pg_changes_done(&changes);
    }
    pg_end(p);
    return err;
}

int main(int argc, char **argv)
{
    struct diag diag = {.file = NULL};
    struct cursor c = {.applied = NULL};
    struct pg *p;
    char line[64];
    if (argc < 2 || pg_open(argv[1], "probe", &p, &diag))
        return fail("open", &diag);
    int err = argc > 2 ? parse_cursor(argv[2], &c) : start(p, &c, &diag);
    if (err)
        return fail("start", &diag);
    print_cursor(&c);
    while (fgets(line, sizeof line, stdin)) {
        if (step(p, &c, &diag))
            return fail("step", &diag);
        print_cursor(&c);
    }
    cursor_done(&c);
    pg_close(p);
    return 0;
}
