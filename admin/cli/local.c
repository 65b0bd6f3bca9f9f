/* `ptrctl local`: what PowerDNS changed. */
#include "local.h"
#include "cli.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/edit/edit.h"
#include "ptrd/resolve/explain.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long a drop waits for another writer before it gives up. */
#define WRITER_WAIT_MS 1000

static int refuse(const char *db, int err)
{
    struct diag diag = {.file = db};
    (void)diag_set(&diag, err, "%s", ptrd_strerror(err));
    return cli_refuse(&diag);
}

/* Runs fn on each local RRset of the store; *s as fn finds it. */
static int each_local(struct engine *e, struct snapshot *s, edit_local_fn *fn, void *ctx)
{
    int err = snapshot_init(s, e);
    if (err < 0)
        return err;
    err = snapshot_begin(s);
    if (err == 0) {
        err = edit_list_local(s, fn, ctx);
        snapshot_end(s);
    }
    snapshot_done(s);
    return err;
}

const struct zone *cli_local_zone(const struct snapshot *s, const struct edit_local *l)
{
    const struct zone *z = table_zone_for(s->table, &l->owner);
    if (z && l->above)
        z = z->parent == TABLE_NONE ? NULL : &s->table->zones[z->parent];
    return z;
}

/* With the final dot. */
static void print_name(const struct name *name, char out[NAME_TEXT_SIZE + 1])
{
    size_t len = name_print(name, out);
    if (name->len > 1) {
        out[len++] = '.';
        out[len] = '\0';
    }
}

/* --- list ------------------------------------------------------------------------------------- */

struct listing {
    struct snapshot snapshot;
    json_t *json; /* an array, or NULL: text */
};

static int list_text(const struct listing *g, const struct edit_local *l)
{
    char owner[NAME_TEXT_SIZE + 1], type[RRTYPE_TEXT_SIZE];
    print_name(&l->owner, owner);
    rrtype_print(l->type, type);
    printf("%s %s, ", owner, type);
    if (l->tombstone)
        fputs("deleted", stdout);
    else
        printf("ttl %u", l->ttl_s);
    printf("%s%s%s\n", l->above ? ", held by the zone above" : "",
           l->hides ? ", hides the source's" : "",
           cli_local_zone(&g->snapshot, l) ? "" : ", in no zone");
    for (size_t i = 0; i < l->count; i++)
        printf("    %.*s\n", (int)l->contents[i].len, (const char *)l->contents[i].bytes);
    return 0;
}

static int list_json(const struct listing *g, const struct edit_local *l)
{
    char owner[NAME_TEXT_SIZE + 1], type[RRTYPE_TEXT_SIZE], apex[NAME_TEXT_SIZE + 1] = "";
    const struct zone *z = cli_local_zone(&g->snapshot, l);
    json_t *contents = json_array();
    print_name(&l->owner, owner);
    rrtype_print(l->type, type);
    if (z)
        print_name(&z->apex, apex);
    int lost = 0;
    for (size_t i = 0; i < l->count; i++)
        lost |= json_array_append_new(
            contents, json_stringn((const char *)l->contents[i].bytes, l->contents[i].len));
    json_t *item =
        json_pack("{s:s, s:s?, s:s, s:i, s:o, s:b, s:b, s:b}", "owner", owner, "zone",
                  z ? apex : NULL, "type", type, "ttl", (int)l->ttl_s, "contents", contents,
                  "deleted", l->tombstone, "hides", l->hides, "above", l->above);
    return lost || !item || json_array_append_new(g->json, item) ? PTRD_ENOMEM : 0;
}

static int list_one(void *ctx, const struct edit_local *l)
{
    const struct listing *g = ctx;
    return g->json ? list_json(g, l) : list_text(g, l);
}

static int list(const struct cli_args *args, struct engine *e)
{
    struct listing g = {.json = args->json ? json_array() : NULL};
    int err = args->json && !g.json ? PTRD_ENOMEM : each_local(e, &g.snapshot, list_one, &g);
    if (err == 0 && g.json) {
        json_dumpf(g.json, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(g.json);
    return err < 0 ? refuse(args->db, err) : CLI_OK;
}

/* --- export ----------------------------------------------------------------------------------- */

static int export(const struct cli_args *args, struct engine *e)
{
    struct cli_export x = {.db = args->db};
    int err = each_local(e, &x.snapshot, cli_export_add, &x);
    if (err == 0)
        cli_export_print(&x);
    cli_export_done(&x);
    return err < 0 ? refuse(args->db, err) : CLI_OK;
}

/* --- drop ------------------------------------------------------------------------------------- */

/* The name and the type that the words say. */
static int read_target(const struct cli_args *args, struct snapshot *s, struct name *owner,
                       uint16_t *type, struct diag *diag)
{
    struct question q;
    int err = explain_question(s, args->operands[1], &q, diag);
    if (err < 0)
        return err;
    *owner = q.name;
    *type = RRTYPE_ANY;
    const char *word = args->operands[2];
    if (word && rrtype_parse(word, strlen(word), type) < 0)
        return diag_set(diag, PTRD_EINVAL, "`%s` is no type, expected one such as A, TXT or TYPE65",
                        word);
    return 0;
}

static int drop_and_commit(const struct cli_args *args, struct engine *e, struct diag *diag)
{
    struct edit *edit = NULL;
    struct name owner;
    uint16_t type = RRTYPE_ANY;
    int err = edit_begin(e, WRITER_WAIT_MS, &edit, diag);
    if (err < 0)
        return err;
    err = args->all ? 0 : read_target(args, edit_snapshot(edit), &owner, &type, diag);
    int count = err < 0 ? err : edit_drop_local(edit, args->all ? NULL : &owner, type, diag);
    if (count == 0 && !args->all)
        count = diag_set(diag, PTRD_EINVAL,
                         "`%s`%s%s: no local RRset; `ptrctl local list` shows those there are",
                         args->operands[1], args->operands[2] ? " " : "",
                         args->operands[2] ? args->operands[2] : "");
    if (count <= 0) {
        edit_abort(edit);
        return count;
    }
    err = edit_commit(edit, (int64_t)time(NULL), diag);
    return err < 0 ? err : count;
}

static int drop(const struct cli_args *args, struct engine *e)
{
    struct diag diag = {.file = NULL};
    int count = drop_and_commit(args, e, &diag);
    if (count < 0)
        return cli_refuse(&diag);
    printf("%s: %d local RRsets dropped\n", args->db, count);
    return CLI_OK;
}

/* --- load and check --------------------------------------------------------------------------- */

struct report {
    struct snapshot snapshot;
    const char *db;
    bool list;
    struct cli_local_counts *out;
};

static int report_one(void *ctx, const struct edit_local *l)
{
    struct report *r = ctx;
    char owner[NAME_TEXT_SIZE + 1], type[RRTYPE_TEXT_SIZE];
    bool outside = !cli_local_zone(&r->snapshot, l);
    r->out->all++;
    r->out->hiding += l->hides;
    r->out->outside += outside;
    if (!r->list || !(l->hides || outside))
        return 0;
    print_name(&l->owner, owner);
    rrtype_print(l->type, type);
    if (outside)
        printf("%s: local: %s %s lies in no zone of this store\n", r->db, owner, type);
    else
        printf("%s: local: %s %s of the source is %s through PowerDNS\n", r->db, owner, type,
               l->tombstone ? "deleted" : "replaced");
    return 0;
}

/* Without any local row, as in most stores, no zone table has to be built. */
static int any_local(const char *db, struct diag *diag)
{
    static const enum store_table tables[] = {STORE_LOCAL_PTRS, STORE_LOCAL_RECORDS,
                                              STORE_LOCAL_ABOVE};
    struct store_reader *r = NULL;
    struct store_meta meta;
    struct span key, value;
    struct store *s;
    int found = store_open(db, STORE_OPEN_READ, &s, diag);
    if (found < 0)
        return found;
    found = store_reader_new(s, &r);
    if (found == 0)
        found = store_read_begin(r, &meta);
    for (size_t i = 0; found == 0 && i < sizeof tables / sizeof *tables; i++)
        found = store_seek(r, tables[i], (struct span){.bytes = NULL}, &key, &value);
    store_reader_free(r);
    store_close(s);
    return found;
}

int cli_local_report(const char *db, bool list_them, struct cli_local_counts *out,
                     struct diag *diag)
{
    struct report r = {.db = db, .list = list_them, .out = out};
    struct engine *e;
    *out = (struct cli_local_counts){0};
    int err = any_local(db, diag);
    if (err == PTRD_FOUND)
        err = engine_open(db, &e, diag);
    else
        return err;
    if (err < 0)
        return err;
    err = each_local(e, &r.snapshot, report_one, &r);
    engine_close(e);
    diag->file = db;
    return err < 0 ? diag_set(diag, err, "%s", ptrd_strerror(err)) : 0;
}

/* --- the command ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    unsigned words_max; /* its own included */
    bool takes_json, takes_all;
    int (*run)(const struct cli_args *args, struct engine *e);
} actions[] = {
    {.name = "list", .words_max = 1, .takes_json = true, .run = list},
    {.name = "export", .words_max = 1, .run = export},
    {.name = "drop", .words_max = 3, .takes_all = true, .run = drop},
};
#define ACTIONS (sizeof actions / sizeof *actions)

static int check_line(const struct cli_args *args, size_t i)
{
    if (args->operand_count > actions[i].words_max)
        return cli_usage("local", "`%s` is one word too many",
                         args->operands[actions[i].words_max]);
    if (args->json && !actions[i].takes_json)
        return cli_usage("local", "--json belongs to `list`");
    if (args->all && !actions[i].takes_all)
        return cli_usage("local", "--all belongs to `drop`");
    if (!args->db)
        return cli_usage("local", "give --db DIR");
    if (actions[i].takes_all && args->all == (args->operand_count > 1))
        return cli_usage("local", "drop: give a name, a name and a type, or --all");
    return CLI_OK;
}

int cli_local(const struct cli_args *args)
{
    struct diag diag = {.file = NULL};
    struct engine *e;
    size_t i = 0;
    if (!args->operand)
        return cli_usage("local", "say what: list, export or drop");
    while (i < ACTIONS && strcmp(args->operand, actions[i].name) != 0)
        i++;
    if (i == ACTIONS)
        return cli_usage("local", "`%s` is none of list, export and drop", args->operand);
    int status = check_line(args, i);
    if (status)
        return status;
    int err = engine_open(args->db, &e, &diag);
    if (err < 0)
        return cli_refuse(&diag);
    status = actions[i].run(args, e);
    engine_close(e);
    return status;
}
