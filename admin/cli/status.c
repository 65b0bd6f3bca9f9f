/* `ptrctl status`: what the nodes said of themselves. */
#include "cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* --- as text ---------------------------------------------------------------------------------- */

/* "0.3 s", "12 min", "3 d" */
static const char *print_age(uint64_t ms, char out[24])
{
    if (ms < 120000)
        (void)snprintf(out, 24, "%" PRIu64 ".%" PRIu64 " s", ms / 1000, ms % 1000 / 100);
    else if (ms < 7200000)
        (void)snprintf(out, 24, "%" PRIu64 " min", ms / 60000);
    else if (ms < 172800000)
        (void)snprintf(out, 24, "%" PRIu64 " h", ms / 3600000);
    else
        (void)snprintf(out, 24, "%" PRIu64 " d", ms / 86400000);
    return out;
}

static void print_node(const struct pg_node_state *n, int width)
{
    char lag[24], contact[24], changes[32];
    (void)snprintf(changes, sizeof changes, "%s%" PRIu64, n->changes >= PG_CHANGES_MAX ? ">=" : "",
                   n->changes);
    printf("%-*s  %-10s  %8s  %8s  %8s  %10" PRIu64 "  %10" PRIu64 "  %s\n", width, n->name,
           n->state, changes, print_age(n->lag_ms, lag), print_age(n->contact_ms, contact),
           n->generation, n->xmin, n->version);
}

static void print_table(const struct pg_cluster *c)
{
    int width = 4;
    for (size_t i = 0; i < c->node_count; i++) {
        int len = (int)strlen(c->nodes[i].name);
        width = len > width ? len : width;
    }
    printf("%-*s  %-10s  %8s  %8s  %8s  %10s  %10s  %s\n", width, "NODE", "STATE", "CHANGES", "LAG",
           "CONTACT", "GENERATION", "CURSOR", "VERSION");
    for (size_t i = 0; i < c->node_count; i++)
        print_node(&c->nodes[i], width);
    if (!c->node_count)
        puts("(no node has reported)");
    for (size_t i = 0; i < c->node_count; i++) {
        const struct pg_node_state *n = &c->nodes[i];
        if (n->error)
            printf("%s does not follow: %s\n", n->name, n->error);
        if (n->flush_error)
            printf("%s: PowerDNS keeps old answers: %s\n", n->name, n->flush_error);
    }
    for (size_t i = 0; i < c->quarantined_count; i++) {
        const struct pg_quarantined *q = &c->quarantined[i];
        printf("%s: quarantined: %s %s: %s\n", q->node, q->relation, q->key, q->reason);
    }
    if (c->quarantined_all > c->quarantined_count)
        printf("and %" PRIu64 " more quarantined rows: table ptrd.quarantine\n",
               c->quarantined_all - c->quarantined_count);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static json_t *json_node(const struct pg_node_state *n)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s?, s:s?}", "name", n->name,
                     "state", n->state, "changes", (json_int_t)n->changes, "lag_ms",
                     (json_int_t)n->lag_ms, "contact_ms", (json_int_t)n->contact_ms, "generation",
                     (json_int_t)n->generation, "cursor", (json_int_t)n->xmin, "version",
                     n->version, "error", n->error, "flush_error", n->flush_error);
}

static json_t *json_quarantined(const struct pg_quarantined *q)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "node", q->node, "relation", q->relation, "key",
                     q->key, "reason", q->reason);
}

static int print_json(const struct pg_cluster *c)
{
    json_t *nodes = json_array(), *rows = json_array();
    int failed = !nodes || !rows;
    for (size_t i = 0; i < c->node_count; i++)
        failed |= json_array_append_new(nodes, json_node(&c->nodes[i])) < 0;
    for (size_t i = 0; i < c->quarantined_count; i++)
        failed |= json_array_append_new(rows, json_quarantined(&c->quarantined[i])) < 0;
    json_t *top = json_pack("{s:o, s:o, s:I}", "nodes", nodes, "quarantine", rows,
                            "quarantine_rows", (json_int_t)c->quarantined_all);
    failed |= !top || json_dumpf(top, stdout, JSON_INDENT(2)) < 0;
    json_decref(top);
    puts("");
    return failed ? cli_refuse(&(struct diag){.message = "no memory"}) : CLI_OK;
}

int cli_status(const struct cli_args *args)
{
    struct diag diag = {.file = NULL};
    struct pg_cluster cluster;
    struct pg *p = NULL;
    int status = cli_database_open("status", &args->database, &p);
    if (status)
        return status;
    int err = pg_read_cluster(p, &cluster, &diag);
    pg_close(p);
    if (err)
        return cli_refuse(&diag);
    if (args->json)
        status = print_json(&cluster);
    else
        print_table(&cluster);
    pg_cluster_done(&cluster);
    return status;
}
