/* The change log: which rows to look at, and how much serials rise. */
#include "pg_p.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ranges as two arrays of xid8: index ranges of the log's btree, however many there are */
#define RANGES                                                                                     \
    "unnest($1::text::xid8[], $2::text::xid8[]) AS r (first, last)"                                \
    " JOIN ptrd.change c ON c.xid >= r.first AND c.xid <= r.last"

static const char log_sql[] = "SELECT c.id, c.xid, c.kind, array_to_string(c.addresses, ',')"
                              " FROM " RANGES " ORDER BY c.xid, c.id";
static const char raise_sql[] =
    "SELECT z.name, n.changes FROM (SELECT named, count(*) AS changes FROM " RANGES
    ", unnest(c.zones) AS named GROUP BY named) n JOIN ptrd.zone z ON z.id = n.named ORDER BY 1";

static void *grown(void *items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return items;
    size_t more = *capacity ? *capacity * 2 : 64;
    void *p = realloc(items, more * size);
    if (p)
        *capacity = more;
    return p;
}

static int add_addresses(struct pg_changes *c, const char *text, struct diag *diag)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        struct addr addr;
        if (addr_parse(text, len, &addr) < 0)
            return diag_set(diag, PTRD_ECORRUPT, "PostgreSQL: change: `%.*s` is no address",
                            (int)(len < 64 ? len : 64), text);
        void *p = grown(c->addrs, &c->addr_capacity, c->addr_count, sizeof *c->addrs);
        if (!p)
            return diag_set(diag, PTRD_ENOMEM, "no memory");
        c->addrs = p;
        c->addrs[c->addr_count++] = addr;
        text += len + (text[len] == ',');
    }
    return 0;
}

static int add_row(struct pg_changes *c, const PGresult *r, int row, struct diag *diag)
{
    uint64_t id = 0, xid = 0;
    int err = pg_number(r, row, 0, UINT64_MAX, &id, diag);
    if (!err)
        err = pg_number(r, row, 1, UINT64_MAX - 1, &xid, diag);
    if (err)
        return err;
    c->rows++;
    c->last_id = id > c->last_id ? id : c->last_id;
    const char *kind = PQgetvalue(r, row, 2);
    c->structure |= strcmp(kind, "ptr") != 0;
    c->all |= strcmp(kind, "all") == 0;
    if (c->xid_count == 0 || c->xids[c->xid_count - 1] != xid) {
        void *p = grown(c->xids, &c->xid_capacity, c->xid_count, sizeof *c->xids);
        if (!p)
            return diag_set(diag, PTRD_ENOMEM, "no memory");
        c->xids = p;
        c->xids[c->xid_count++] = xid;
    }
    return add_addresses(c, PQgetvalue(r, row, 3), diag);
}

static int read_raises(struct pg *p, const char *const values[2], struct pg_changes *c,
                       struct diag *diag)
{
    PGresult *r;
    int err = pg_query(p, "the change log", raise_sql, 2, values, &r, diag);
    if (err)
        return err;
    int rows = PQntuples(r);
    c->raises = calloc((size_t)rows + 1, sizeof *c->raises);
    if (!c->raises)
        err = diag_set(diag, PTRD_ENOMEM, "no memory");
    for (int i = 0; !err && i < rows; i++) {
        struct pg_raise *raise = &c->raises[c->raise_count];
        uint64_t count = 0;
        const char *name = PQgetvalue(r, i, 0);
        err = pg_number(r, i, 1, UINT32_MAX, &count, diag);
        raise->count = (uint32_t)count;
        /* a name that is none is quarantined with its zone */
        c->raise_count += !err && name_parse(name, strlen(name), &raise->zone, NULL) == 0;
    }
    PQclear(r);
    return err;
}

int pg_read_changes(struct pg *p, const struct xid_range *ranges, size_t count,
                    struct pg_changes *out, struct diag *diag)
{
    struct pg_text first = {.text = NULL}, last = {.text = NULL};
    PGresult *r = NULL;
    *out = (struct pg_changes){.rows = 0};
    for (size_t i = 0; i < count; i++) {
        pg_text_add(&first, "%c%" PRIu64, i ? ',' : '{', ranges[i].first);
        pg_text_add(&last, "%c%" PRIu64, i ? ',' : '{', ranges[i].last);
    }
    pg_text_add(&first, "%s", count ? "}" : "{}");
    pg_text_add(&last, "%s", count ? "}" : "{}");
    const char *const values[2] = {first.text, last.text};
    int err = first.failed || last.failed
                  ? diag_set(diag, PTRD_ENOMEM, "no memory")
                  : pg_query(p, "the change log", log_sql, 2, values, &r, diag);
    for (int i = 0; !err && i < PQntuples(r); i++)
        err = add_row(out, r, i, diag);
    PQclear(r);
    out->addr_count = addr_sort(out->addrs, out->addr_count);
    if (!err && out->rows)
        err = read_raises(p, values, out, diag);
    free(first.text);
    free(last.text);
    if (err)
        pg_changes_done(out);
    return err;
}

void pg_changes_done(struct pg_changes *c)
{
    free(c->xids);
    free(c->addrs);
    free(c->raises);
    *c = (struct pg_changes){.rows = 0};
}
