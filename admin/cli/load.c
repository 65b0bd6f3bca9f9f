#include "ptrd/sync/load.h"
#include "cli.h"
#include "ptrd/check/lists.h"
#include "ptrd/check/model.h"
#include "ptrd/resolve/within.h"
#include "ptrd/source/file.h"
#include "ptrd/source/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long a load waits for another writer before it gives up. */
#define WRITER_WAIT_MS 1000

/* What a load may take to sort PTRs, and then derived names. */
#define LOAD_MEMORY ((size_t)128 << 20)

/* Answers go first: without it their 99th percentile is five times as long during a load. */
#define LOAD_NICE 10

static void show_reading(void *ctx, uint64_t done, uint64_t total)
{
    cli_progress_show(ctx, "reading", done, total);
}

static void show_phase(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    cli_progress_show(ctx, phase, done, total);
}

/* Reads and proves a zones file, or the store db (file NULL). PTRs are sorted in sort_dir; NULL: in
 * memory. */
static int read_and_prove(const char *file, const char *db, const char *sort_dir,
                          struct cli_progress *progress, struct model **m, struct table **t,
                          struct diag *diag)
{
    int err;
    if (file) {
        err =
            source_file_read_spilling(file, sort_dir, LOAD_MEMORY, m, show_reading, progress, diag);
    } else {
        struct store *s;
        err = store_open(db, STORE_OPEN_READ, &s, diag);
        if (err == 0) {
            err = source_store_read_spilling(s, db, sort_dir, LOAD_MEMORY, m, diag);
            store_close(s);
        }
    }
    if (err < 0)
        return err;
    cli_progress_show(progress, "proving", 0, 0);
    return check_model(*m, t, diag);
}

/* PowerDNS's Unix connector reads the list of zones in quadratic time: some 22,000 take the two
 * seconds that it waits, and then pdns_server does not start. */
#define ZONES_MANY 15000

static bool zones_many(const struct model *m)
{
    if (m->zone_count < ZONES_MANY)
        return false;
    printf("warning: %u zones: over a Unix socket PowerDNS reads so long a list in quadratic time, "
           "and does not start where that takes longer than its `timeout`; let it start "
           "`ptrd --stdio` (pipe connector, timeout=0), or set zone-cache-refresh-interval=0: "
           "MANY ZONES in ptrctl(1)\n",
           m->zone_count);
    return true;
}

/* --- check ------------------------------------------------------------------------------------ */

static void print_finding(void *ctx, const struct check_finding *f)
{
    const struct model *m = ctx;
    const char *file = m->file_count ? m->files[f->place.file] : "";
    printf("%s", file);
    if (f->place.line)
        printf(":%u", f->place.line);
    if (f->place.column)
        printf(":%u", f->place.column);
    printf(": %s: %s\n", f->error ? "error" : "warning", f->message);
}

/* Zones that PowerDNS's Unix connector does not carry whole, and that nobody is to transfer. */
static void print_long_lists(const struct model *m, const struct check_lists *lists)
{
    const struct list_capacity capacity = list_capacity_unix(LIST_TIMEOUT_MS);
    unsigned room = (unsigned)list_capacity_room(&capacity);
    uint32_t others = lists->zones - lists->warned;
    char name[NAME_TEXT_SIZE];
    if (!others)
        return;
    printf("note: %u zone%s too long for a transfer over PowerDNS's Unix connector (about %u "
           "records at its default timeout):",
           others, others == 1 ? " is" : "s are", room);
    for (uint32_t i = 0; i < others && i < CHECK_LISTS_NAMED; i++) {
        name_print(&m->zones[lists->named[i]].apex, name);
        printf("%s %s", i ? "," : "", name);
    }
    printf("%s\n", others > CHECK_LISTS_NAMED ? ", ..." : "");
}

static void print_summary(const struct model *m, const char *what)
{
    printf("%s: %u zones, %u blocks, %u PTRs, %u records", what, m->zone_count, m->block_count,
           m->ptr_count, m->record_count);
}

static void print_local(const char *db, const struct cli_local_counts *c)
{
    printf("%s: %" PRIu64 " local RRsets (changed through PowerDNS; `ptrctl local list`), %" PRIu64
           " of them in place of the source's, %" PRIu64 " in no zone\n",
           db, c->all, c->hiding, c->outside);
}

int cli_check(const struct cli_args *args)
{
    struct diag diag = {.file = NULL};
    struct cli_local_counts local = {.all = 0};
    struct cli_progress progress;
    struct model *m = NULL;
    struct table *t = NULL;
    struct check_lists lists;
    uint64_t errors, warnings;
    if (!args->operand == !args->db)
        return cli_usage("check", "give a zones file, or --db DIR");
    cli_progress_start(&progress);
    int err = read_and_prove(args->operand, args->db, NULL, &progress, &m, &t, &diag);
    cli_progress_end(&progress);
    if (err == 0)
        err = check_pairs(m, t, print_finding, m, &errors, &warnings);
    if (err == 0)
        err = check_lists(m, t, print_finding, m, &lists, &warnings);
    if (err == 0 && args->db)
        err = cli_local_report(args->db, true, &local, &diag);
    if (err == 0 && args->db)
        err = cli_keys_report(args->db, &warnings, &diag);
    if (err == 0) {
        warnings += zones_many(m);
        print_long_lists(m, &lists);
        print_summary(m, args->operand ? args->operand : args->db);
        printf("; %" PRIu64 " errors, %" PRIu64 " warnings\n", errors, warnings);
        if (local.all)
            print_local(args->db, &local);
    }
    int status = err < 0 ? cli_refuse(&diag) : errors ? CLI_REFUSED : CLI_OK;
    table_free(t);
    model_free(m);
    return status;
}

/* --- load ------------------------------------------------------------------------------------- */

/* What is in force now, the file with the local RRsets in front of it, may be what no file could
 * say: a local delegation above names that a new block generates, a PTR in a prefix that the file
 * now delegates. The load stands, as does what was accepted; whoever loads is told. */
static void print_contradiction(const char *db, struct cli_progress *progress)
{
    struct diag diag = {.file = NULL};
    struct model *m = NULL;
    struct table *t = NULL;
    if (read_and_prove(NULL, db, db, progress, &m, &t, &diag) < 0) {
        char text[sizeof diag.message + 256];
        diag_print(&diag, text, sizeof text);
        printf("warning: with the local RRsets in front, the file contradicts itself: %s\n"
               "Until one of the two is changed (`ptrctl local drop NAME TYPE --db %s`), what they "
               "contradict each other about is hidden, and what `dump` prints cannot be loaded\n",
               text, db);
    }
    table_free(t);
    model_free(m);
}

/* What stays of PowerDNS's changes, and may not be what the file says. */
static int print_kept(const char *db, struct cli_progress *progress, struct diag *diag)
{
    struct cli_local_counts local;
    int err = cli_local_report(db, false, &local, diag);
    if (err == 0 && local.all) {
        print_local(db, &local);
        if (local.hiding || local.outside)
            printf("`ptrctl check --db %s` lists these\n", db);
        print_contradiction(db, progress);
    }
    return err;
}

static void print_report(const struct cli_args *args, const struct model *m, const struct table *t,
                         const struct load_report *r)
{
    uint64_t errors, warnings;
    print_summary(m, args->operand);
    printf("\n%s: %" PRIu64 " rows added, %" PRIu64 " changed, %" PRIu64
           " removed; %u serials raised\n",
           args->db, r->inserted, r->changed, r->deleted, r->zones_bumped);
    if ((r->zones_added || r->zones_removed) && !args->servers.count)
        printf("%u zones added, %u removed: PowerDNS sees them after `pdns_control rediscover`, or "
               "at its next refresh\n",
               r->zones_added, r->zones_removed);
    (void)zones_many(m);
    if (check_pairs(m, t, NULL, NULL, &errors, &warnings) == 0 && errors + warnings)
        printf("%" PRIu64 " errors and %" PRIu64
               " warnings about names that do not agree: `ptrctl check %s` lists them\n",
               errors, warnings, args->operand);
}

/* One process cannot have one store open twice. */
static int open_keep(const char *db, const char *keep, struct store **out, struct diag *diag)
{
    struct stat a, b;
    if (stat(db, &a) == 0 && stat(keep, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return diag_set(diag, PTRD_EINVAL, "--keep: %s is the store that is loaded", keep);
    return store_open(keep, STORE_OPEN_READ, out, diag);
}

int cli_write_store(const char *db, const char *keep, const struct model *m, const struct table *t,
                    struct purge_set *purges, struct cli_progress *progress,
                    struct load_report *report, struct diag *diag)
{
    struct store *s = NULL, *old = NULL;
    int err = keep ? open_keep(db, keep, &old, diag) : 0;
    if (err == 0)
        err = store_open(db, STORE_OPEN_CREATE, &s, diag);
    const struct load_wishes wishes = {.keep = old, .purges = purges};
    if (err == 0)
        err = load_model_wishing(s, &wishes, m, t, (int64_t)time(NULL), WRITER_WAIT_MS, show_phase,
                                 progress, report, diag);
    store_close(s);
    store_close(old);
    return err;
}

static int load(const struct cli_args *args, struct purge_set *purges)
{
    struct diag diag = {.file = NULL};
    struct cli_progress progress;
    struct load_report report;
    struct model *m = NULL;
    struct table *t = NULL;
    bool is_new = access(args->db, F_OK) != 0;
    (void)!nice(LOAD_NICE);
    cli_progress_start(&progress);
    int err = read_and_prove(args->operand, NULL, args->db, &progress, &m, &t, &diag);
    if (err == 0) {
        diag = (struct diag){.file = NULL};
        err = cli_write_store(args->db, args->keep, m, t, purges, &progress, &report, &diag);
    }
    if (err == 0) {
        cli_progress_end(&progress);
        print_report(args, m, t, &report);
        err = print_kept(args->db, &progress, &diag);
    }
    cli_progress_end(&progress);
    int status = err < 0 ? cli_refuse(&diag) : CLI_OK; /* diag->file lies in the model */
    table_free(t);
    model_free(m);
    if (err < 0 && is_new)
        (void)rmdir(args->db); /* it was made to sort in */
    return status;
}

int cli_load(const struct cli_args *args)
{
    if (!args->operand || !args->db)
        return cli_usage("load", "give a zones file and --db DIR");
    if (!args->servers.count)
        return load(args, NULL);
    if (args->keep)
        return cli_usage("load", "a store that is not yet in its place needs no flush: without "
                                 "--keep, or `ptrctl flush --all` later");
    struct purge_set *purges = purge_set_new();
    if (!purges)
        return cli_refuse(&(struct diag){.message = "no memory"});
    int status = load(args, purges);
    if (status == CLI_OK)
        status = cli_flush_servers(&args->servers, purges);
    purge_set_free(purges);
    return status;
}
