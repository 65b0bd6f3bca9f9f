/* ptr-admind: its configuration, and its roles; ptr-admind(8). */
#ifndef PTRD_DAEMON_DAEMON_H
#define PTRD_DAEMON_DAEMON_H

#include "ptrd/core/error.h"
#include "ptrd/sync/flush.h"

#define DAEMON_SERVERS_MAX 16

struct daemon_options {
    char *db;       /* the store's directory */
    char *postgres; /* connection string of libpq */
    char *node;     /* this node's name in the database; the host's by default */
    unsigned poll_ms, idle_ms;
    unsigned keep_changes_h; /* how long the change log is kept, */
    unsigned upkeep_s;       /* and how often that is looked after */
    struct flush_server servers[DAEMON_SERVERS_MAX];
    unsigned server_count;
};

/* Reads a configuration file: PTRD_EINVAL with diag. daemon_options_done frees it, also after an
 * error. path is borrowed by diag. */
PTRD_CHECKED int daemon_options_read(const char *path, struct daemon_options *out,
                                     struct diag *diag) PTRD_NONNULL;
void daemon_options_done(struct daemon_options *o) PTRD_NONNULL;

/* "ptr-admind: TEXT" on stderr, in one write. Any thread. */
void daemon_log(const char *format, ...) PTRD_FORMAT(1, 2);

/* --migrate. Exit status. */
PTRD_CHECKED int daemon_migrate(const struct daemon_options *o) PTRD_NONNULL;
/* Role sync, until SIGTERM or SIGINT. Exit status. */
PTRD_CHECKED int daemon_sync(const struct daemon_options *o) PTRD_NONNULL;

#endif
