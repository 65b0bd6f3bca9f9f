/* ptrctl: the commands, each in its file, and what they share. Printing happens here, at the edge.
 * Exit status: 0 fine, 1 refused or failed (the reason is on stderr), 2 usage. */
#ifndef PTRD_CLI_CLI_H
#define PTRD_CLI_CLI_H

#include "ptrd/resolve/resolve.h"
#include "ptrd/source/model.h"
#include "ptrd/source/pg.h"
#include "ptrd/sync/flush.h"
#include "ptrd/sync/load.h"

enum cli_exit { CLI_OK = 0, CLI_REFUSED = 1, CLI_USAGE = 2 };

/* What the options of a command line said; operands are the words that are no options. */
#define CLI_OPERANDS_MAX 64
#define CLI_SERVERS_MAX 16
struct cli_servers { /* PowerDNS servers to flush */
    struct flush_server list[CLI_SERVERS_MAX];
    unsigned count;
    const char *key_file;
};
struct cli_database {
    const char *config, *conninfo;
    bool waits;                /* the options of `wait` are taken, too: */
    unsigned nodes, timeout_s; /* 0: not said */
};
struct cli_args {
    const char *db;
    const char *origin;
    const char *keep;
    bool json;
    bool all;
    bool rediscover;
    struct cli_servers servers;
    struct cli_database database;
    const char *operand; /* the first one, or NULL */
    const char *operands[CLI_OPERANDS_MAX];
    unsigned operand_count;
};

struct cli_command {
    const char *name;
    const char *synopsis; /* behind "ptrctl NAME " */
    const char *summary;  /* one line */
    const char *help;     /* the rest of --help */
    bool takes_json, takes_all, takes_origin, takes_keep, takes_servers, takes_rediscover;
    bool takes_database, waits;
    unsigned operands_max;
    int (*run)(const struct cli_args *args);
};

int cli_check(const struct cli_args *args) PTRD_NONNULL;
int cli_load(const struct cli_args *args) PTRD_NONNULL;
int cli_explain(const struct cli_args *args) PTRD_NONNULL;
int cli_dump(const struct cli_args *args) PTRD_NONNULL;
int cli_import_zone(const struct cli_args *args) PTRD_NONNULL;
int cli_import_bind(const struct cli_args *args) PTRD_NONNULL;
int cli_local(const struct cli_args *args) PTRD_NONNULL;
int cli_flush(const struct cli_args *args) PTRD_NONNULL;
int cli_status(const struct cli_args *args) PTRD_NONNULL;
int cli_wait(const struct cli_args *args) PTRD_NONNULL;

/* Options that name a database (database.c), as cli_server_option. */
int cli_database_option(const char *command, struct cli_database *d, int words,
                        char *const *argv) PTRD_NONNULL;
/* Connects to it: CLI_OK, or another status with the reason on stderr and *out NULL, which it must
 * be before. */
int cli_database_open(const char *command, const struct cli_database *d,
                      struct pg **out) PTRD_NONNULL;

/* Options that name servers (flush.c): how many of the words they took, 0 (another option), or -1
 * (usage, told). */
int cli_server_option(const char *command, struct cli_servers *servers, int words,
                      char *const *argv) PTRD_NONNULL;
/* Flushes the set from all servers and tells of each; CLI_OK, or CLI_REFUSED with the reasons on
 * stderr. */
int cli_flush_servers(const struct cli_servers *servers, struct purge_set *set) PTRD_NONNULL;

/* What PowerDNS changed (local.c): how many RRsets, how many of them hide one of the source, and
 * how many lie in no zone. */
struct cli_local_counts {
    uint64_t all, hiding, outside;
};
/* Counts; list: prints those that hide something and those in no zone as findings. Returns 0 or an
 * error with diag. */
PTRD_CHECKED int cli_local_report(const char *db, bool list, struct cli_local_counts *out,
                                  struct diag *diag) PTRD_NONNULL;

/* DNSSEC keys (keys.c). */
/* How many the store holds, or an error with diag. */
PTRD_CHECKED int cli_keys_count(struct store *s, uint64_t *count, struct diag *diag) PTRD_NONNULL;
/* Prints a finding for each zone of ours above which an explicit DS set differs from what the
 * zone's keys give; how many is added to *warnings. Returns 0 or an error with diag. */
PTRD_CHECKED int cli_keys_report(const char *db, uint64_t *warnings,
                                 struct diag *diag) PTRD_NONNULL;

/* Prints a diag to stderr as "ptrctl: FILE:LINE:COLUMN: MESSAGE"; returns CLI_REFUSED. */
int cli_refuse(const struct diag *diag) PTRD_NONNULL;
/* Prints "ptrctl COMMAND: MESSAGE" and the command that tells more; returns CLI_USAGE. */
int cli_usage(const char *command, const char *format, ...) PTRD_FORMAT(2, 3);
/* Writes out what stdout still holds. Returns status, or CLI_REFUSED with the reason on stderr
 * where it was CLI_OK and stdout has lost something. */
int cli_finish(int status);

/* A bar on stderr, when that is a terminal and the work lasts over a second. */
struct cli_progress {
    int64_t started_ms, shown_ms;
    bool terminal;
};
void cli_progress_start(struct cli_progress *p) PTRD_NONNULL;
void cli_progress_show(struct cli_progress *p, const char *phase, uint64_t done,
                       uint64_t total) PTRD_NONNULL;
void cli_progress_end(struct cli_progress *p) PTRD_NONNULL;

/* Makes a store equal to a model (load_model), the store made where it is missing. keep: directory
 * of the store whose place it will take (load_model_keeping), or NULL. purges: as in struct
 * load_wishes. */
PTRD_CHECKED int cli_write_store(const char *db, const char *keep, const struct model *m,
                                 const struct table *t, struct purge_set *purges,
                                 struct cli_progress *progress, struct load_report *report,
                                 struct diag *diag) PTRD_NONNULL_ARGS(1, 3, 4, 6, 7, 8);

#endif
