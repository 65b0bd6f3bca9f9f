/* directBackendCmd query: pdnsutil backend-cmd, text in, text out. */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "params.h"
#include "ptrd/resolve/explain.h"
#include "worker.h"

#define LINE_SIZE 2048

/* A line of the text, cut at LINE_SIZE. */
static PTRD_FORMAT(2, 3) void put_line(struct reply *r, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    encode_text(r, (struct span){(const uint8_t *)line, len});
    REPLY_LITERAL(r, "\\n");
}

static void put_number(struct reply *r, const char *name, uint64_t number)
{
    put_line(r, "%s %" PRIu64, name, number);
}

/* --- stats --- */

static uint64_t all_requests(const struct counter_sums *sums)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < METHOD_COUNT_MAX; i++)
        all += sums->counts[i];
    return all;
}

static void put_requests(struct reply *r, const struct counter_sums *sums)
{
    const char *name;
    put_number(r, "requests", all_requests(sums));
    put_number(r, "lookups", sums->counts[0] + sums->counts[1]);
    for (unsigned i = 0; (name = method_name(i)) != NULL; i++) {
        if (sums->counts[i] > 0)
            put_line(r, "requests-%s %" PRIu64, name, sums->counts[i]);
    }
    put_number(r, "edits-accepted", sums->counts[COUNT_ACCEPTED]);
    put_number(r, "edits-refused", sums->counts[COUNT_REFUSED]);
}

static void put_store(struct reply *r, const struct snapshot *s)
{
    put_number(r, "zones", s->table->zone_count);
    put_number(r, "blocks", (uint64_t)s->table->v4.count + s->table->v6.count);
    put_number(r, "structure-generation", s->meta.structure);
    put_number(r, "data-generation", s->meta.data);
    put_number(r, "changed", (uint64_t)s->meta.changed_s);
    put_number(r, "contact", (uint64_t)s->meta.contact_s);
}

static int stats(struct rpc_worker *w, const char *rest, struct diag *diag)
{
    struct counter_sums sums;
    (void)rest;
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    counted_sum(&w->counted, &sums);
    put_line(&w->reply, "version %s", PTRD_VERSION);
    if (sums.started_ms > 0)
        put_number(&w->reply, "uptime", (uint64_t)(worker_now_ms() - sums.started_ms) / 1000);
    put_number(&w->reply, "connections", sums.workers);
    put_number(&w->reply, "connections-ever", sums.workers_ever);
    put_requests(&w->reply, &sums);
    put_store(&w->reply, w->snapshot);
    worker_end(w);
    return 0;
}

/* --- explain NAME|ADDRESS --- */

static void put_said(struct reply *r, const char *what, const char *text)
{
    if (text && *text)
        put_line(r, "%s %s", what, text);
}

static void put_row(struct reply *r, const struct row *row, char *content)
{
    char type[RRTYPE_TEXT_SIZE];
    if (row->kind == ROW_ENT)
        return;
    size_t len = explain_content(row, content);
    rrtype_print(row->type, type);
    put_line(r, "record %s %u %.*s%s%s", type, row->ttl_s, (int)len, content,
             row->auth ? "" : " (not authoritative)", row->local ? " (local)" : "");
}

/* Of an apex: does the zone list completely on this connection? */
static int put_list(struct rpc_worker *w, const struct question *q)
{
    struct list_report report;
    char text[EXPLAIN_LIST_SIZE];
    int found = explain_list(w->snapshot, &q->name, &w->capacity, &report);
    if (found != PTRD_FOUND)
        return found;
    explain_list_print(&w->capacity, &report, text);
    put_said(&w->reply, "list", text);
    return 0;
}

static int put_explanation(struct rpc_worker *w, const struct question *q)
{
    struct explanation *x = calloc(1, sizeof *x + EXPLAIN_CONTENT_MAX);
    if (!x)
        return PTRD_ENOMEM;
    int rc = resolve(w->snapshot, q, &w->answer);
    if (rc == 0) {
        explain_answer(w->snapshot, q, &w->answer, x);
        put_said(&w->reply, "name", x->name);
        put_said(&w->reply, "address", x->address);
        put_said(&w->reply, "zone", x->zone);
        put_said(&w->reply, "block", x->block);
        put_said(&w->reply, "template", x->template);
        put_said(&w->reply, "source", x->source);
        put_said(&w->reply, "reason", x->reason);
        for (uint32_t i = 0; i < w->answer.count; i++)
            put_row(&w->reply, &w->answer.rows[i], (char *)(x + 1));
        rc = put_list(w, q);
    }
    free(x);
    return rc;
}

static int explain(struct rpc_worker *w, const char *rest, struct diag *diag)
{
    struct question q;
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    if (explain_question(w->snapshot, rest, &q, diag) < 0)
        put_line(&w->reply, "explain: %s", diag->message);
    else if ((rc = put_explanation(w, &q)) < 0)
        diag_set(diag, rc, "explain: %s", ptrd_strerror(rc));
    worker_end(w);
    return rc;
}

/* --- the commands --- */

static const struct command {
    const char *name, *operands, *help;
    int (*handle)(struct rpc_worker *w, const char *rest, struct diag *diag);
} commands[] = {
    {"stats", "", "counts and times, as lines of a name and a number", stats},
    {"explain", " NAME|ADDRESS", "what is answered there, and why", explain},
};

static void put_help(struct reply *r, const char *query)
{
    put_line(r, "`%.200s` is none of the commands:", query);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        put_line(r, "%s%s: %s", commands[i].name, commands[i].operands, commands[i].help);
}

static const struct command *find_command(const char *query, const char **rest)
{
    size_t len = strcspn(query, " ");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        bool takes = commands[i].operands[0] != '\0';
        *rest = query + len + strspn(query + len, " ");
        if (strlen(commands[i].name) == len && memcmp(commands[i].name, query, len) == 0 &&
            takes == (**rest != '\0'))
            return &commands[i];
    }
    return NULL;
}

int method_direct(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct span query;
    const char *rest;
    int rc = param_text(parameters, "query", &query, diag);
    if (rc < 0)
        return rc;
    const struct command *c = find_command((const char *)query.bytes, &rest);
    REPLY_LITERAL(&w->reply, "\"");
    if (c)
        rc = c->handle(w, rest, diag);
    else
        put_help(&w->reply, (const char *)query.bytes);
    REPLY_LITERAL(&w->reply, "\"");
    return rc;
}
