/* `ptrctl wait`: until nodes have applied a change. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_MS 25
#define TIMEOUT_DEFAULT_S 30
#define STALE_MS 90000 /* as in the view ptrd.cluster */

struct wait {
    struct pg *pg;
    uint64_t xid;
    unsigned wanted; /* nodes; 0: all */
    enum pg_change_state state;
    struct arena arena;
    struct pg_waited *nodes;
    size_t count, applied;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void forget(struct wait *w)
{
    free(w->nodes);
    w->nodes = NULL;
    w->count = w->applied = 0;
    arena_free(&w->arena);
}

/* PTRD_FOUND: it is where it is wanted, or there is nothing to wait for. */
static int look(struct wait *w, struct diag *diag)
{
    forget(w);
    int err = w->state == PG_CHANGE_OPEN ? pg_read_change(w->pg, w->xid, &w->state, diag) : 0;
    if (err)
        return err;
    if (w->state == PG_CHANGE_ROLLED_BACK)
        return diag_set(diag, PTRD_EINVAL, "transaction %" PRIu64 " was rolled back", w->xid);
    if (w->state == PG_CHANGE_NOTHING)
        return PTRD_FOUND;
    err = pg_read_applied(w->pg, w->xid, &w->arena, &w->nodes, &w->count, diag);
    if (err)
        return err;
    for (size_t i = 0; i < w->count; i++)
        w->applied += w->nodes[i].applied;
    if (w->state == PG_CHANGE_OPEN)
        return PTRD_ABSENT;
    return w->applied >= (w->wanted ? w->wanted : w->count) && w->count ? PTRD_FOUND : PTRD_ABSENT;
}

static int late(const struct wait *w, unsigned timeout_s)
{
    if (w->state == PG_CHANGE_OPEN) {
        fprintf(stderr, "ptrctl: transaction %" PRIu64 " is still open after %u s\n", w->xid,
                timeout_s);
        return CLI_REFUSED;
    }
    fprintf(stderr, "ptrctl: change %" PRIu64 " is live on %zu of %zu nodes after %u s", w->xid,
            w->applied, w->count, timeout_s);
    if (w->wanted > w->count)
        fprintf(stderr, ", and %u were asked for", w->wanted);
    for (size_t i = 0, named = 0; i < w->count; i++) {
        if (w->nodes[i].applied)
            continue;
        fprintf(stderr, "%s%s", named++ ? ", " : "; behind: ", w->nodes[i].name);
        if (w->nodes[i].contact_ms > STALE_MS)
            fprintf(stderr, " (not heard of for %" PRIu64 " s)", w->nodes[i].contact_ms / 1000);
    }
    fputs("\n", stderr);
    return CLI_REFUSED;
}

static int wait_for(struct wait *w, unsigned timeout_s)
{
    struct diag diag = {.file = NULL};
    int64_t end = now_ms() + (int64_t)timeout_s * 1000;
    int found;
    while ((found = look(w, &diag)) == PTRD_ABSENT && now_ms() < end)
        (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
    if (found < 0)
        return cli_refuse(&diag);
    if (found == PTRD_ABSENT)
        return late(w, timeout_s);
    if (w->state == PG_CHANGE_NOTHING)
        printf("transaction %" PRIu64 " changed nothing that is answered\n", w->xid);
    else
        printf("change %" PRIu64 " is live on %zu of %zu nodes\n", w->xid, w->applied, w->count);
    return CLI_OK;
}

int cli_wait(const struct cli_args *args)
{
    struct wait w = {.state = PG_CHANGE_OPEN, .wanted = args->database.nodes};
    const char *text = args->operand ? args->operand : "";
    char *end = NULL;
    errno = 0;
    w.xid = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || w.xid < 3 || w.xid >= INT64_MAX)
        return cli_usage("wait", "give the number of a transaction (pg_current_xact_id())");
    int status = cli_database_open("wait", &args->database, &w.pg);
    if (status)
        return status;
    status = wait_for(&w, args->database.timeout_s ? args->database.timeout_s : TIMEOUT_DEFAULT_S);
    forget(&w);
    pg_close(w.pg);
    return status;
}
