#include "cli.h"

#include "ptrd/resolve/explain.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* --- output ----------------------------------------------------------------------------------- */

/* How the zone lists whose apex was asked for, over PowerDNS's Unix connector. */
struct listing {
    bool asked;
    struct list_capacity capacity;
    struct list_report report;
};

static void print_list(const struct listing *l)
{
    char text[EXPLAIN_LIST_SIZE];
    if (!l->asked)
        return;
    explain_list_print(&l->capacity, &l->report, text);
    printf("list     %s\n", text);
}

static void print_text(const struct explanation *x, const struct answer *a)
{
    static char content[EXPLAIN_CONTENT_MAX];
    char type[RRTYPE_TEXT_SIZE];
    printf("name     %s\n", x->name);
    if (x->address[0])
        printf("address  %s\n", x->address);
    printf("zone     %s\n", x->zone[0] ? x->zone : "-");
    if (x->block[0])
        printf("block    %s  %s\n", x->block, x->template);
    printf("source   %s\nreason   %s\n", x->source, x->reason);
    for (uint32_t i = 0; i < a->count; i++) {
        const struct row *r = &a->rows[i];
        if (r->kind == ROW_ENT)
            continue;
        rrtype_print(r->type, type);
        explain_content(r, content);
        printf("record   %s %u IN %s %s  (%s%s)\n", x->name, r->ttl_s, type, content,
               explain_source(r->source), r->local ? ", accepted through PowerDNS" : "");
    }
}

static json_t *json_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static json_t *json_records(const struct answer *a)
{
    static char content[EXPLAIN_CONTENT_MAX];
    json_t *records = json_array();
    char type[RRTYPE_TEXT_SIZE];
    for (uint32_t i = 0; i < a->count; i++) {
        const struct row *r = &a->rows[i];
        if (r->kind == ROW_ENT)
            continue;
        rrtype_print(r->type, type);
        explain_content(r, content);
        json_t *record =
            json_pack("{s:s, s:I, s:s, s:s, s:b}", "type", type, "ttl", (json_int_t)r->ttl_s,
                      "content", content, "source", explain_source(r->source), "local", r->local);
        if (!record || json_array_append_new(records, record) < 0) {
            json_decref(records);
            return NULL;
        }
    }
    return records;
}

static json_t *json_list(const struct listing *l)
{
    char left[LIST_REPORT_SIZE];
    if (!l->asked)
        return json_null();
    list_report_print(&l->report, left);
    return json_pack("{s:b, s:I, s:I, s:o}", "complete", l->report.complete, "records",
                     (json_int_t)l->report.records, "room",
                     (json_int_t)list_capacity_room(&l->capacity), "left_out",
                     l->report.complete ? json_null() : json_string(left));
}

static int print_json(const struct explanation *x, const struct answer *a, const struct listing *l)
{
    json_t *records = json_records(a);
    json_t *top = records ? json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o}", "name",
                                      x->name, "address", json_or_null(x->address), "zone",
                                      json_or_null(x->zone), "block", json_or_null(x->block),
                                      "template", json_or_null(x->template), "source", x->source,
                                      "reason", x->reason, "records", records, "list", json_list(l))
                          : NULL;
    int err = top && json_dumpf(top, stdout, JSON_INDENT(2)) == 0 ? 0 : PTRD_ENOMEM;
    putchar('\n');
    json_decref(top);
    return err;
}

static int answer_question(struct snapshot *s, const struct question *q, bool json)
{
    static struct explanation x;
    struct listing l = {.capacity = list_capacity_unix(LIST_TIMEOUT_MS)};
    struct answer a;
    int found = explain_list(s, &q->name, &l.capacity, &l.report);
    if (found < 0)
        return found;
    l.asked = found == PTRD_FOUND;
    answer_init(&a);
    int err = resolve(s, q, &a);
    if (err == 0) {
        explain_answer(s, q, &a, &x);
        if (json) {
            err = print_json(&x, &a, &l);
        } else {
            print_text(&x, &a);
            print_list(&l);
        }
    }
    answer_done(&a);
    return err;
}

/* Returns an exit status, or an error of the store. */
static int answer_operand(struct engine *e, const struct cli_args *args)
{
    struct diag diag = {.file = NULL};
    struct question q;
    struct snapshot s;
    int err = snapshot_init(&s, e);
    if (err < 0)
        return err;
    err = snapshot_begin(&s);
    if (err == 0) {
        bool refused = explain_question(&s, args->operand, &q, &diag) < 0;
        if (refused)
            fprintf(stderr, "ptrctl explain: %s\n", diag.message);
        err = refused ? CLI_REFUSED : answer_question(&s, &q, args->json);
        snapshot_end(&s);
    }
    snapshot_done(&s);
    return err;
}

int cli_explain(const struct cli_args *args)
{
    struct diag diag = {.file = NULL};
    struct engine *e;
    if (!args->operand || !args->db)
        return cli_usage("explain", "give an address or a name, and --db DIR");
    int err = engine_open(args->db, &e, &diag);
    if (err < 0)
        return cli_refuse(&diag);
    err = answer_operand(e, args);
    engine_close(e);
    if (err < 0) {
        diag = (struct diag){.file = args->db};
        (void)diag_set(&diag, err, "%s", ptrd_strerror(err));
        return cli_refuse(&diag);
    }
    return err;
}
