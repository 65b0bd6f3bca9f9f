/* PostgreSQL as the source: the only user of libpq is admin/source.
 *
 * A struct pg is one connection, used by one thread. Reading is done between pg_begin and pg_end,
 * in one REPEATABLE READ transaction: what the change log says, the rows that it names and the
 * snapshot that decides which of it is new are one state of the database.
 *
 * Errors: PTRD_ELOST (the connection is gone or was never there: open another one), PTRD_EINVAL
 * (the server refused a statement), PTRD_ECORRUPT (a value that the schema does not allow),
 * PTRD_ENOMEM; diag has the server's words. */
#ifndef PTRD_SOURCE_PG_H
#define PTRD_SOURCE_PG_H

#include "ptrd/source/model.h"

struct pg;

/* conninfo: as libpq has it, several hosts and TLS included. name: application_name. Listens to
 * changes unless the server is a standby, which cannot. */
PTRD_CHECKED int pg_open(const char *conninfo, const char *name, struct pg **out,
                         struct diag *diag) PTRD_NONNULL;
/* The same without listening; primary: only where it can be written to. */
PTRD_CHECKED int pg_open_plain(const char *conninfo, const char *name, bool primary,
                               struct pg **out, struct diag *diag) PTRD_NONNULL;
void pg_close(struct pg *p);

/* Waits until the database says that something changed (PTRD_FOUND), wake_fd (-1: none) can be read
 * or timeout_ms are over (PTRD_ABSENT). */
PTRD_CHECKED int pg_wait(struct pg *p, int wake_fd, unsigned timeout_ms,
                         struct diag *diag) PTRD_NONNULL;
/* Changes are told; false: poll. */
bool pg_listens(const struct pg *p) PTRD_NONNULL PTRD_PURE;

/* On a standby, by one statement: has anything been replayed since the last call that said so?
 * PTRD_FOUND (elsewhere always) or PTRD_ABSENT. */
PTRD_CHECKED int pg_moved(struct pg *p, struct diag *diag) PTRD_NONNULL;

/* --- migrations: pdns-config/migrations, compiled in --- */

struct pg_migrated {
    unsigned version; /* of the schema now */
    unsigned applied; /* how many were missing */
};
/* Brings the schema to this program's version, each migration in a transaction of its own, one
 * process at a time. PTRD_EVERSION: the database has a newer one, or one that reads differently. */
PTRD_CHECKED int pg_migrate(struct pg *p, struct pg_migrated *out, struct diag *diag) PTRD_NONNULL;
/* PTRD_EVERSION with diag unless the schema is exactly that of this program. */
PTRD_CHECKED int pg_check_version(struct pg *p, struct diag *diag) PTRD_NONNULL;

/* --- one state of the database --- */

/* Transactions first..last, both included. */
struct xid_range {
    uint64_t first, last;
};

struct pg_state {
    uint64_t system_id; /* of the cluster */
    uint32_t timeline;  /* which promotion and restore from backup change */
    uint32_t database;
    bool standby;            /* then `running` is not known, and empty */
    uint64_t xmin;           /* all transactions before it have ended, */
    uint64_t xmax;           /* none from it on is seen, */
    uint64_t kept;           /* and from this one on the change log is complete */
    const uint64_t *running; /* ascending; until the next pg_begin */
    size_t running_count;
};

PTRD_CHECKED int pg_begin(struct pg *p, struct pg_state *out, struct diag *diag) PTRD_NONNULL;
/* Ends the transaction; what a lost connection makes of it is seen by the next call. */
void pg_end(struct pg *p) PTRD_NONNULL;

/* What the log says of the transactions in some ranges. All memory is freed by pg_changes_done. */
struct pg_raise {
    struct name zone;
    uint32_t count;
};
struct pg_changes {
    uint64_t *xids; /* of the rows, ascending, each once */
    size_t xid_count, xid_capacity;
    struct addr *addrs; /* whose PTRs changed, ascending, each once */
    size_t addr_count, addr_capacity;
    struct pg_raise *raises; /* by how much serials rise */
    size_t raise_count, raise_capacity;
    uint64_t last_id; /* the highest id of a row; 0: no rows */
    uint64_t rows;
    bool structure; /* more than PTRs, */
    bool all;       /* and any of them */
};
PTRD_CHECKED int pg_read_changes(struct pg *p, const struct xid_range *ranges, size_t count,
                                 struct pg_changes *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 4, 5);
void pg_changes_done(struct pg_changes *c) PTRD_NONNULL;

/* One row of `ptr`. target is as written, and checked by pg_ptr_target only. */
struct pg_ptr {
    struct addr addr;
    uint32_t ttl_s; /* or MODEL_TTL_UNSAID */
    enum ptr_forward forward;
    struct span target;
};
/* 0, or an error that ends the reading and is returned. The row lives until it returns. */
typedef int pg_ptr_fn(void *ctx, const struct pg_ptr *row);
/* All rows, by binary COPY, in no order. */
PTRD_CHECKED int pg_read_ptrs(struct pg *p, pg_ptr_fn *fn, void *ctx, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 4);
/* Those of some addresses, by address, then target. */
PTRD_CHECKED int pg_read_ptrs_of(struct pg *p, const struct addr *addrs, size_t count,
                                 pg_ptr_fn *fn, void *ctx, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 4, 6);
/* The name that a row gives its address; PTRD_EINVAL with diag. */
PTRD_CHECKED int pg_ptr_target(const struct pg_ptr *row, struct name *out,
                               struct diag *diag) PTRD_NONNULL;

/* --- everything but PTRs, as entries of a zones file --- */

enum pg_relation { PG_ZONE, PG_RECORD, PG_BLOCK, PG_DELEGATION, PG_RELATIONS };
const char *pg_relation_name(enum pg_relation relation);

/* Which form of a row the model takes. */
enum pg_form {
    PG_AS_IS,
    PG_LAST_VALID, /* `valid` */
    PG_NONE,       /* its addresses answer as a block `none`; other rows are left out */
    PG_OUT         /* left out */
};

struct pg_entry {
    enum pg_relation relation;
    const char *key;       /* what tells a person which row it is */
    const char *id;        /* its primary key */
    const char *text;      /* the entry as it stands in the database */
    const char *valid;     /* the form that was in force last, or NULL: set by the caller */
    const char *zone;      /* RECORD: the name of its zone, */
    uint32_t ttl_s;        /* and that zone's TTL */
    uint32_t serial;       /* ZONE */
    const char *addresses; /* BLOCK, DELEGATION: prefix or range */
    enum pg_form form;
    char *reason; /* why it is not PG_AS_IS; malloc'ed, or NULL */
};
struct pg_entries {
    struct pg_entry *items; /* zones, records, blocks, delegations; each by id */
    size_t count, capacity;
    struct arena arena;
};
PTRD_CHECKED int pg_read_entries(struct pg *p, struct pg_entries *out,
                                 struct diag *diag) PTRD_NONNULL;
void pg_entries_done(struct pg_entries *e) PTRD_NONNULL;

/* Makes a model of the entries: PTRs spill into dir (NULL: they do not) and are to be added by the
 * caller. A row that cannot be taken takes its next form and `reason`. The model is expanded, not
 * sorted. PTRD_ECONFLICT: pg_blame it and make another model. *out is set on failure too, as by
 * source_file_read. */
PTRD_CHECKED int pg_model(struct pg_entries *e, const char *dir, size_t memory, struct model **out,
                          struct diag *diag) PTRD_NONNULL_ARGS(1, 4, 5);
/* The row at which a refusal of this model stands takes its next form: PTRD_FOUND; PTRD_ABSENT: it
 * stands at none. */
PTRD_CHECKED int pg_blame(struct pg_entries *e, const struct diag *diag) PTRD_NONNULL;
/* The entry that the form stands for, or NULL (PG_NONE, PG_OUT). */
const char *pg_entry_text(const struct pg_entry *e) PTRD_NONNULL;

/* --- what a node says of itself; not between pg_begin and pg_end --- */

struct pg_node {
    const char *name;
    uint64_t system_id; /* the history that the cursor belongs to, as in struct pg_state */
    uint32_t timeline, database;
    uint64_t xmin;                   /* all transactions before it are applied, */
    const struct xid_range *applied; /* and these from it on */
    size_t applied_count;
    uint64_t generation;
    const char *error, *flush_error; /* or NULL */
};
/* Makes the node's row in `node` this, by one statement. */
PTRD_CHECKED int pg_report_node(struct pg *p, const struct pg_node *node,
                                struct diag *diag) PTRD_NONNULL;

struct pg_quarantined {
    const char *node; /* when read */
    const char *relation, *key, *reason;
};
/* Makes the node's rows in `quarantine` these. */
PTRD_CHECKED int pg_report_quarantine(struct pg *p, const char *node,
                                      const struct pg_quarantined *rows, size_t count,
                                      struct diag *diag) PTRD_NONNULL_ARGS(1, 2, 5);

/* --- the change log's upkeep; not between pg_begin and pg_end --- */

/* Counts changes into serials, and forgets those that are older than keep_h hours: a small step of
 * it, unless another node is at it or was less than every_s seconds ago. PTRD_FOUND: call it again
 * soon, there is more; PTRD_ABSENT: after every_s. */
PTRD_CHECKED int pg_upkeep(struct pg *p, unsigned keep_h, unsigned every_s,
                           struct diag *diag) PTRD_NONNULL;

/* --- what they said --- */

struct pg_node_state {
    const char *name, *version;
    const char *state;               /* current, behind, reloading, unreported */
    uint64_t changes;                /* committed, not applied; counted up to PG_CHANGES_MAX */
    uint64_t lag_ms;                 /* age of the oldest of them */
    uint64_t contact_ms;             /* since it was heard of */
    uint64_t generation, xmin;       /* 0: not known */
    const char *error, *flush_error; /* or NULL */
};
#define PG_CHANGES_MAX 100000
struct pg_cluster {
    struct pg_node_state *nodes; /* by name */
    size_t node_count;
    struct pg_quarantined *quarantined; /* at most PG_QUARANTINED_MAX */
    size_t quarantined_count;
    uint64_t quarantined_all;
    struct arena arena;
};
#define PG_QUARANTINED_MAX 1000
PTRD_CHECKED int pg_read_cluster(struct pg *p, struct pg_cluster *out,
                                 struct diag *diag) PTRD_NONNULL;
void pg_cluster_done(struct pg_cluster *c) PTRD_NONNULL;

/* A transaction, by its number (pg_current_xact_id). */
enum pg_change_state {
    PG_CHANGE_OPEN, /* it has not ended */
    PG_CHANGE_ROLLED_BACK,
    PG_CHANGE_NOTHING, /* committed, and the log has nothing of it: no answer is another */
    PG_CHANGE_COMMITTED
};
/* PTRD_EINVAL: there was no such transaction yet. */
PTRD_CHECKED int pg_read_change(struct pg *p, uint64_t xid, enum pg_change_state *out,
                                struct diag *diag) PTRD_NONNULL;

struct pg_waited {
    const char *name;
    bool applied; /* by its cursor: ptrd.has_applied */
    uint64_t contact_ms;
};
/* All nodes by name. *out is malloc'ed; its names live in *arena. */
PTRD_CHECKED int pg_read_applied(struct pg *p, uint64_t xid, struct arena *arena,
                                 struct pg_waited **out, size_t *count,
                                 struct diag *diag) PTRD_NONNULL;

#endif
