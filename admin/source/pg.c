#include "pg_p.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- statements ------------------------------------------------------------------------------- */

/* The server's first line, without what libpq puts around it. */
static void words(const char *text, char *out, size_t size)
{
    size_t len = strcspn(text, "\n");
    (void)snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), text);
}

int pg_fail(struct pg *p, const PGresult *r, const char *what, struct diag *diag)
{
    char why[512];
    bool lost = PQstatus(p->conn) != CONNECTION_OK;
    const char *primary = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    words(primary ? primary : PQerrorMessage(p->conn), why, sizeof why);
    /* 57P0x: the server ends or begins; a recovery conflict cancels a query of a standby */
    lost = lost || (state && (strncmp(state, "57P", 3) == 0 || strcmp(state, "40001") == 0));
    return diag_set(diag, lost ? PTRD_ELOST : PTRD_EINVAL, "PostgreSQL: %s: %s", what,
                    *why ? why : "no answer");
}

int pg_query(struct pg *p, const char *what, const char *sql, int count, const char *const *values,
             PGresult **out, struct diag *diag)
{
    PGresult *r = PQexecParams(p->conn, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        *out = r;
        return 0;
    }
    int err = pg_fail(p, r, what, diag);
    PQclear(r);
    return err;
}

int pg_run(struct pg *p, const char *what, const char *sql, struct diag *diag)
{
    PGresult *r = PQexec(p->conn, sql);
    ExecStatusType status = PQresultStatus(r);
    int err =
        status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? 0 : pg_fail(p, r, what, diag);
    PQclear(r);
    return err;
}

int pg_number(const PGresult *r, int row, int column, uint64_t max, uint64_t *out,
              struct diag *diag)
{
    const char *text = PQgetvalue(r, row, column);
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value > max)
        return diag_set(diag, PTRD_ECORRUPT, "PostgreSQL: %s is `%.40s`, no number in range",
                        PQfname(r, column), text);
    *out = value;
    return 0;
}

void pg_text_add(struct pg_text *t, const char *format, ...)
{
    va_list args;
    for (;;) {
        size_t room = t->capacity - t->len;
        va_start(args, format);
        int n = t->failed ? -1 : vsnprintf(t->text ? t->text + t->len : NULL, room, format, args);
        va_end(args);
        if (n < 0) {
            t->failed = true;
            return;
        }
        if ((size_t)n < room) {
            t->len += (size_t)n;
            return;
        }
        size_t capacity = (t->capacity + (size_t)n) * 2 + 256;
        char *grown = realloc(t->text, capacity);
        t->failed = !grown;
        if (grown) {
            t->text = grown;
            t->capacity = capacity;
        }
    }
}

/* --- the connection --------------------------------------------------------------------------- */

static void no_notices(void *ctx, const PGresult *r)
{
    (void)ctx;
    (void)r;
}

/* A database that went away without a word is noticed within some 15 s. primary: of several hosts
 * the one that can be written to, whatever conninfo says. */
static PGconn *connect_to(const char *conninfo, const char *name, bool primary)
{
    static const char *const keys[] = {"connect_timeout",
                                       "tcp_user_timeout",
                                       "keepalives_idle",
                                       "keepalives_interval",
                                       "keepalives_count",
                                       "client_encoding",
                                       "application_name",
                                       "dbname",
                                       NULL,
                                       NULL};
    const char *const values[] = {"10",   "10000", "5",      "5",          "2",
                                  "UTF8", name,    conninfo, "read-write", NULL};
    const char *own[sizeof keys / sizeof *keys];
    memcpy(own, keys, sizeof keys);
    own[8] = primary ? "target_session_attrs" : NULL;
    return PQconnectdbParams(own, values, 1);
}

static int begin_listening(struct pg *p, struct diag *diag)
{
    PGresult *r;
    int err = pg_query(p, "asking for its role", "SELECT pg_is_in_recovery()", 0, NULL, &r, diag);
    if (err)
        return err;
    bool standby = PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    if (standby)
        return 0;
    err = pg_run(p, "LISTEN", "LISTEN ptrd", diag);
    p->listens = !err;
    return err;
}

static int open_connection(const char *conninfo, const char *name, bool primary, bool listen,
                           struct pg **out, struct diag *diag)
{
    struct pg *p = calloc(1, sizeof *p);
    if (!p)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    p->conn = connect_to(conninfo, name, primary);
    int err = 0;
    if (PQstatus(p->conn) != CONNECTION_OK) {
        char why[512];
        words(PQerrorMessage(p->conn), why, sizeof why);
        err = diag_set(diag, PTRD_ELOST, "PostgreSQL: %s", *why ? why : "no memory");
    } else {
        PQsetNoticeReceiver(p->conn, no_notices, NULL);
        err = listen ? begin_listening(p, diag) : 0;
    }
    if (err) {
        pg_close(p);
        return err;
    }
    *out = p;
    return 0;
}

int pg_open(const char *conninfo, const char *name, struct pg **out, struct diag *diag)
{
    return open_connection(conninfo, name, false, true, out, diag);
}

int pg_open_plain(const char *conninfo, const char *name, bool primary, struct pg **out,
                  struct diag *diag)
{
    return open_connection(conninfo, name, primary, false, out, diag);
}

void pg_close(struct pg *p)
{
    if (!p)
        return;
    PQfinish(p->conn);
    free(p->running);
    free(p);
}

bool pg_listens(const struct pg *p)
{
    return p->listens;
}

int pg_moved(struct pg *p, struct diag *diag)
{
    PGresult *r;
    if (p->listens)
        return PTRD_FOUND;
    int err = pg_query(p, "how far it is", "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()",
                       0, NULL, &r, diag);
    if (err)
        return err;
    const char *at = PQgetvalue(r, 0, 1);
    bool promoted = PQgetvalue(r, 0, 0)[0] != 't', same = strcmp(at, p->replayed) == 0;
    (void)snprintf(p->replayed, sizeof p->replayed, "%s", at);
    PQclear(r);
    if (promoted)
        return diag_set(diag, PTRD_ELOST, "PostgreSQL: the standby is a primary now");
    return same ? PTRD_ABSENT : PTRD_FOUND;
}

static bool notified(struct pg *p)
{
    bool any = false;
    PGnotify *n;
    while ((n = PQnotifies(p->conn))) {
        PQfreemem(n);
        any = true;
    }
    return any;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int pg_wait(struct pg *p, int wake_fd, unsigned timeout_ms, struct diag *diag)
{
    int64_t end = now_ms() + timeout_ms;
    while (!notified(p)) {
        struct pollfd fds[2] = {{.fd = PQsocket(p->conn), .events = POLLIN},
                                {.fd = wake_fd, .events = POLLIN}};
        int64_t left = end - now_ms();
        if (left <= 0)
            return PTRD_ABSENT;
        int n = poll(fds, wake_fd < 0 ? 1 : 2, (int)(left < 60000 ? left : 60000));
        if (n < 0 && errno != EINTR)
            return diag_set(diag, -errno, "poll: %s", ptrd_strerror(-errno));
        if (n > 0 && wake_fd >= 0 && fds[1].revents)
            return PTRD_ABSENT;
        if (n < 0)
            return PTRD_ABSENT; /* a signal: the caller looks what it is about */
        if (n > 0 && !PQconsumeInput(p->conn))
            return pg_fail(p, NULL, "waiting for changes", diag);
    }
    return PTRD_FOUND;
}

/* --- one state -------------------------------------------------------------------------------- */

static const char state_sql[] =
    "SELECT pg_snapshot_xmin(s), pg_snapshot_xmax(s),"
    " (SELECT string_agg(x::text, ',' ORDER BY x) FROM pg_snapshot_xip(s) x), pg_is_in_recovery(),"
    " (SELECT system_identifier FROM pg_control_system()),"
    " CASE WHEN pg_is_in_recovery()"
    "  THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver WHERE received_tli > 0),"
    "                (SELECT timeline_id FROM pg_control_checkpoint()))"
    "  ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,"
    " (SELECT oid FROM pg_database WHERE datname = current_database()),"
    " (SELECT kept FROM ptrd.log_state)"
    " FROM pg_current_snapshot() s";

static int keep_running(struct pg *p, const char *text, struct pg_state *out)
{
    out->running_count = 0;
    for (char *end; *text; text = *end ? end + 1 : end) {
        if (out->running_count == p->running_capacity) {
            size_t capacity = p->running_capacity * 2 + 64;
            uint64_t *grown = realloc(p->running, capacity * sizeof *grown);
            if (!grown)
                return PTRD_ENOMEM;
            p->running = grown;
            p->running_capacity = capacity;
        }
        p->running[out->running_count++] = strtoull(text, &end, 10);
    }
    out->running = p->running;
    return 0;
}

static int read_state(struct pg *p, const PGresult *r, struct pg_state *out, struct diag *diag)
{
    uint64_t timeline = 0, database = 0;
    out->standby = PQgetvalue(r, 0, 3)[0] == 't';
    int err = pg_number(r, 0, 0, UINT64_MAX - 1, &out->xmin, diag);
    if (!err)
        err = pg_number(r, 0, 1, UINT64_MAX - 1, &out->xmax, diag);
    if (!err)
        err = pg_number(r, 0, 4, UINT64_MAX, &out->system_id, diag);
    if (!err)
        err = pg_number(r, 0, 5, UINT32_MAX, &timeline, diag);
    if (!err)
        err = pg_number(r, 0, 6, UINT32_MAX, &database, diag);
    if (!err)
        err = pg_number(r, 0, 7, UINT64_MAX, &out->kept, diag);
    out->timeline = (uint32_t)timeline;
    out->database = (uint32_t)database;
    /* what a standby lists is not what is running */
    return err ? err : keep_running(p, out->standby ? "" : PQgetvalue(r, 0, 2), out);
}

int pg_begin(struct pg *p, struct pg_state *out, struct diag *diag)
{
    PGresult *r;
    *out = (struct pg_state){.system_id = 0};
    int err =
        pg_run(p, "BEGIN", "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", diag);
    if (err)
        return err;
    p->open = true;
    err = pg_query(p, "its state", state_sql, 0, NULL, &r, diag);
    if (!err) {
        err = PQntuples(r) == 1 ? read_state(p, r, out, diag)
                                : diag_set(diag, PTRD_ECORRUPT, "PostgreSQL: no state");
        PQclear(r);
    }
    if (err)
        pg_end(p);
    return err;
}

void pg_end(struct pg *p)
{
    if (p->open)
        PQclear(PQexec(p->conn, "ROLLBACK")); /* nothing was written */
    p->open = false;
}
