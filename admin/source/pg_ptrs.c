/* Overrides: all of them by binary COPY, or those of some addresses. */
#include "pg_p.h"

#include <stdlib.h>
#include <string.h>

static int bad(struct diag *diag)
{
    return diag_set(diag, PTRD_ECORRUPT, "PostgreSQL: ptr: a row is not of the form expected");
}

int pg_ptr_target(const struct pg_ptr *row, struct name *out, struct diag *diag)
{
    struct diag inner = {.file = NULL};
    const char *text = (const char *)row->target.bytes;
    int err = name_parse(text, row->target.len, out, &inner);
    if (err < 0)
        return diag_set(diag, PTRD_EINVAL, "`target`: %s", inner.message);
    if (out->len == 1)
        return diag_set(diag, PTRD_EINVAL, "`target`: the root is no name for an address");
    return 0;
}

static int read_forward(struct span text, enum ptr_forward *out)
{
    static const char *const names[] = {
        [FORWARD_AUTO] = "auto", [FORWARD_NONE] = "none", [FORWARD_EXTERNAL] = "external"};
    for (unsigned i = FORWARD_AUTO; i <= FORWARD_EXTERNAL; i++)
        if (text.len == strlen(names[i]) && memcmp(text.bytes, names[i], text.len) == 0) {
            *out = (enum ptr_forward)i;
            return 0;
        }
    return PTRD_ECORRUPT;
}

/* --- binary COPY: big endian, see COPY in PostgreSQL's manual --- */

struct copy {
    const uint8_t *at, *end;
    bool bad;
};

static uint32_t take(struct copy *c, unsigned octets)
{
    uint32_t value = 0;
    if ((size_t)(c->end - c->at) < octets) {
        c->bad = true;
        c->at = c->end;
        return 0;
    }
    for (; octets > 0; octets--)
        value = value << 8 | *c->at++;
    return value;
}

/* bytes NULL: SQL's NULL. */
static struct span take_field(struct copy *c)
{
    uint32_t len = take(c, 4);
    if (len == UINT32_MAX || c->bad)
        return (struct span){NULL, 0};
    if ((size_t)(c->end - c->at) < len) {
        c->bad = true;
        return (struct span){NULL, 0};
    }
    struct span field = {c->at, len};
    c->at += len;
    return field;
}

#define PG_AF_INET 2
#define PG_AF_INET6 3

static int read_inet(struct span f, struct addr *out)
{
    if (!f.bytes || f.len < 4 || f.len != 4u + f.bytes[3])
        return PTRD_ECORRUPT;
    bool v4 = f.bytes[0] == PG_AF_INET;
    if ((!v4 && f.bytes[0] != PG_AF_INET6) || f.bytes[3] != (v4 ? 4 : 16) ||
        f.bytes[1] != (v4 ? 32 : 128))
        return PTRD_ECORRUPT;
    out->family = v4 ? FAMILY_IPV4 : FAMILY_IPV6;
    out->num = 0;
    for (unsigned i = 4; i < f.len; i++)
        out->num = out->num << 8 | f.bytes[i];
    return 0;
}

static int read_row(struct copy *c, struct pg_ptr *row)
{
    *row = (struct pg_ptr){.ttl_s = MODEL_TTL_UNSAID, .forward = FORWARD_UNSAID};
    int err = read_inet(take_field(c), &row->addr);
    row->target = take_field(c);
    struct span ttl = take_field(c), forward = take_field(c);
    if (err || !row->target.bytes || c->bad || (ttl.bytes && ttl.len != 4))
        return PTRD_ECORRUPT;
    if (ttl.bytes)
        row->ttl_s = (uint32_t)ttl.bytes[0] << 24 | (uint32_t)ttl.bytes[1] << 16 |
                     (uint32_t)ttl.bytes[2] << 8 | ttl.bytes[3];
    return forward.bytes ? read_forward(forward, &row->forward) : 0;
}

#define COPY_COLUMNS 4
#define COPY_END 0xffff
#define COPY_HEAD 11 /* signature; then flags and the length of an extension */

/* One message of the server holds whole rows; the head comes with the first. */
static int copy_rows(const char *bytes, size_t len, bool *head, pg_ptr_fn *fn, void *ctx,
                     struct diag *diag)
{
    struct copy c = {(const uint8_t *)bytes, (const uint8_t *)bytes + len, false};
    if (!*head) {
        if (len < COPY_HEAD + 8 || memcmp(bytes, "PGCOPY\n\377\r\n", COPY_HEAD) != 0)
            return bad(diag);
        c.at += COPY_HEAD;
        (void)take(&c, 4);
        uint32_t extension = take(&c, 4);
        if ((size_t)(c.end - c.at) < extension)
            return bad(diag);
        c.at += extension;
        *head = true;
    }
    while (c.at < c.end) {
        struct pg_ptr row;
        uint32_t columns = take(&c, 2);
        if (columns == COPY_END)
            return 0;
        if (columns != COPY_COLUMNS || read_row(&c, &row) < 0)
            return bad(diag);
        int err = fn(ctx, &row);
        if (err)
            return err;
    }
    return 0;
}

static int copy_all(struct pg *p, pg_ptr_fn *fn, void *ctx, struct diag *diag)
{
    bool head = false;
    int err = 0;
    for (;;) {
        char *bytes = NULL;
        int len = PQgetCopyData(p->conn, &bytes, 0);
        if (len > 0 && !err)
            err = copy_rows(bytes, (size_t)len, &head, fn, ctx, diag);
        PQfreemem(bytes);
        if (len == -1)
            return err;
        if (len < 0)
            return pg_fail(p, NULL, "COPY", diag);
    }
}

int pg_read_ptrs(struct pg *p, pg_ptr_fn *fn, void *ctx, struct diag *diag)
{
    PGresult *r = PQexec(p->conn, "COPY (SELECT address, target, ttl, forward::text FROM ptrd.ptr)"
                                  " TO STDOUT (FORMAT binary)");
    int err = PQresultStatus(r) == PGRES_COPY_OUT ? 0 : pg_fail(p, r, "COPY", diag);
    PQclear(r);
    if (err)
        return err;
    err = copy_all(p, fn, ctx, diag);
    /* the end of the command, also where a row was refused: the connection goes on being used */
    while ((r = PQgetResult(p->conn))) {
        if (!err && PQresultStatus(r) != PGRES_COMMAND_OK)
            err = pg_fail(p, r, "COPY", diag);
        PQclear(r);
    }
    return err;
}

/* --- of some addresses --- */

#define ADDRESSES_AT_ONCE 5000

static int text_row(const PGresult *r, int i, struct pg_ptr *row, struct diag *diag)
{
    const char *addr = PQgetvalue(r, i, 0), *target = PQgetvalue(r, i, 1);
    uint64_t ttl_s = MODEL_TTL_UNSAID;
    *row = (struct pg_ptr){.forward = FORWARD_UNSAID,
                           .target = {(const uint8_t *)target, strlen(target)}};
    if (addr_parse(addr, strlen(addr), &row->addr) < 0)
        return bad(diag);
    int err = PQgetisnull(r, i, 2) ? 0 : pg_number(r, i, 2, INT32_MAX, &ttl_s, diag);
    row->ttl_s = (uint32_t)ttl_s;
    if (err || PQgetisnull(r, i, 3))
        return err;
    const char *forward = PQgetvalue(r, i, 3);
    err = read_forward((struct span){(const uint8_t *)forward, strlen(forward)}, &row->forward);
    return err ? bad(diag) : 0;
}

static int read_some(struct pg *p, const struct addr *addrs, size_t count, pg_ptr_fn *fn, void *ctx,
                     struct diag *diag)
{
    struct pg_text list = {.text = NULL};
    PGresult *r = NULL;
    for (size_t i = 0; i < count; i++) {
        char text[ADDR_TEXT_SIZE];
        addr_print(&addrs[i], text);
        pg_text_add(&list, "%c%s", i ? ',' : '{', text);
    }
    pg_text_add(&list, "}");
    const char *const values[1] = {list.text};
    int err = list.failed ? diag_set(diag, PTRD_ENOMEM, "no memory")
                          : pg_query(p, "overrides",
                                     "SELECT address, target, ttl, forward FROM ptrd.ptr"
                                     " WHERE address = ANY ($1::inet[]) ORDER BY 1, 2",
                                     1, values, &r, diag);
    for (int i = 0; !err && i < PQntuples(r); i++) {
        struct pg_ptr row;
        err = text_row(r, i, &row, diag);
        if (!err)
            err = fn(ctx, &row);
    }
    PQclear(r);
    free(list.text);
    return err;
}

int pg_read_ptrs_of(struct pg *p, const struct addr *addrs, size_t count, pg_ptr_fn *fn, void *ctx,
                    struct diag *diag)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i += ADDRESSES_AT_ONCE) {
        size_t n = count - i < ADDRESSES_AT_ONCE ? count - i : ADDRESSES_AT_ONCE;
        err = read_some(p, addrs + i, n, fn, ctx, diag);
    }
    return err;
}
