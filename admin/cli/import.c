/* `ptrctl import-zone` and `import-bind`: the zones file on stdout, notes on stderr. Nothing is
 * printed that `load` would refuse. */
#include "ptrd/source/import.h"
#include "cli.h"
#include "ptrd/check/model.h"
#include "ptrd/source/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct import {
    const struct cli_args *args;
    const char *command;
    const struct name *origin; /* NULL: not said */
    struct cli_progress progress;
    struct source_import *source;
    uint64_t notes;
};

static void show_reading(void *ctx, uint64_t done, uint64_t total)
{
    cli_progress_show(ctx, "reading", done, total);
}

static void print_note(void *ctx, const struct diag *note)
{
    struct import *i = ctx;
    char text[1024];
    struct diag shown = *note;
    (void)snprintf(shown.message, sizeof shown.message, "note: %.760s", note->message);
    diag_print(&shown, text, sizeof text);
    cli_progress_end(&i->progress);
    fprintf(stderr, "%s\n", text);
    i->notes++;
}

static int load(struct import *i, const struct model *m, const struct table *t, struct diag *diag)
{
    struct load_report report;
    *diag = (struct diag){.file = NULL};
    int err = cli_write_store(i->args->db, NULL, m, t, NULL, &i->progress, &report, diag);
    cli_progress_end(&i->progress);
    if (err < 0)
        return err;
    fprintf(stderr,
            "%s: %" PRIu64 " rows added, %" PRIu64 " changed, %" PRIu64
            " removed; %u serials raised\n",
            i->args->db, report.inserted, report.changed, report.deleted, report.zones_bumped);
    if (report.zones_added || report.zones_removed)
        fprintf(
            stderr,
            "%u zones added, %u removed: PowerDNS sees them after `pdns_control rediscover`, or "
            "at its next refresh\n",
            report.zones_added, report.zones_removed);
    return 0;
}

static int finish(struct import *i, struct diag *diag)
{
    const struct model *m;
    struct table *t = NULL;
    int err = source_import_finish(i->source, &m, diag);
    if (err < 0)
        return err;
    cli_progress_show(&i->progress, "proving", 0, 0);
    err = check_model(m, &t, diag);
    if (err == 0 && i->args->db)
        err = load(i, m, t, diag);
    uint64_t errors = 0, warnings = 0;
    if (err == 0 && check_pairs(m, t, NULL, NULL, &errors, &warnings) < 0)
        err = diag_set(diag, PTRD_ENOMEM, "%s", ptrd_strerror(PTRD_ENOMEM));
    table_free(t);
    if (err < 0)
        return err;
    cli_progress_end(&i->progress);
    printf("# made by `ptrctl %s`\n", i->command);
    err = source_print(stdout, m);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    fprintf(stderr, "%s: %u zones, %u blocks, %u PTRs, %u records; %" PRIu64 " notes\n",
            i->args->operand, m->zone_count, m->block_count, m->ptr_count,
            m->record_count + m->above_count, i->notes);
    if (errors + warnings)
        fprintf(
            stderr,
            "%" PRIu64 " errors and %" PRIu64
            " warnings about names that do not agree: `ptrctl check` of the result lists them\n",
            errors, warnings);
    return 0;
}

static int read_input(struct import *i, bool bind, struct diag *diag)
{
    return bind ? source_import_bind(i->source, i->args->operand, show_reading, &i->progress, diag)
                : source_import_zone(i->source, i->args->operand, i->origin, show_reading,
                                     &i->progress, diag);
}

static int run(struct import *i, bool bind)
{
    struct diag diag = {.file = NULL};
    cli_progress_start(&i->progress);
    int err = source_import_new(print_note, i, &i->source);
    if (err < 0)
        (void)diag_set(&diag, err, "%s", ptrd_strerror(err));
    if (err == 0)
        err = read_input(i, bind, &diag);
    if (err == 0)
        err = finish(i, &diag);
    cli_progress_end(&i->progress);
    int status = err < 0 ? cli_refuse(&diag) : CLI_OK; /* diag.file lies in the model */
    source_import_free(i->source);
    return status;
}

int cli_import_zone(const struct cli_args *args)
{
    struct import i = {.args = args, .command = "import-zone"};
    struct diag diag = {.file = NULL};
    struct name origin;
    if (!args->operand)
        return cli_usage(i.command, "give a master file");
    if (args->origin && name_parse(args->origin, strlen(args->origin), &origin, &diag) < 0)
        return cli_usage(i.command, "--origin: `%s` is no name: %s", args->origin, diag.message);
    if (args->origin)
        i.origin = &origin;
    return run(&i, false);
}

int cli_import_bind(const struct cli_args *args)
{
    struct import i = {.args = args, .command = "import-bind"};
    return args->operand ? run(&i, true) : cli_usage(i.command, "give a named.conf");
}
