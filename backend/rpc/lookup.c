#include "worker.h"

/* The longest spelling of a type that we look at; no mnemonic is longer. */
#define TYPE_TEXT_MAX 32

static bool is_type_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool good =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!good)
            return false;
    }
    return len > 0;
}

/* 0 is a type too: one that we do not know, or TYPE0, has no records anywhere. */
static int read_type(const struct scan_value *value, uint16_t *out)
{
    char plain[TYPE_TEXT_MAX];
    const char *text = value->escaped ? plain : value->at;
    size_t len = value->len;
    if (value->kind != SCAN_STRING ||
        (value->escaped && scan_string(value, plain, sizeof plain, &len) < 0) ||
        len > TYPE_TEXT_MAX || !is_type_text(text, len))
        return PTRD_EINVAL;
    if (rrtype_parse(text, len, out) < 0)
        *out = RRTYPE_ENT;
    return 0;
}

static int read_name(const struct scan_value *value, struct name *out, struct diag *diag)
{
    char text[NAME_TEXT_SIZE];
    size_t len;
    if (value->kind != SCAN_STRING)
        return diag_set(diag, PTRD_EINVAL, "lookup: qname is not a string");
    if (!value->escaped)
        return name_parse(value->at, value->len, out, diag);
    if (scan_string(value, text, sizeof text, &len) < 0)
        return diag_set(diag, PTRD_EINVAL, "lookup: qname is too long");
    return name_parse(text, len, out, diag);
}

static int read_question(const struct scan_request *request, struct question *q, struct diag *diag)
{
    if (read_type(&request->qtype, &q->type) < 0)
        return diag_set(diag, PTRD_EINVAL, "lookup: qtype is not a record type");
    q->zone_id = -1;
    if (request->zone_id.kind != SCAN_MISSING && scan_integer(&request->zone_id, &q->zone_id) < 0)
        return diag_set(diag, PTRD_EINVAL, "lookup: zone-id is not a whole number");
    return read_name(&request->qname, &q->name, diag);
}

/* The owner of every row is the question's name, in the request's own spelling. */
static void encode_answer(struct reply *r, const struct scan_value *qname, const struct answer *a)
{
    struct span owner = {(const uint8_t *)qname->at, qname->len};
    uint32_t zone_id = a->zone ? a->zone->id : 0;
    REPLY_LITERAL(r, "[");
    for (uint32_t i = 0; i < a->count; i++) {
        if (i > 0)
            REPLY_LITERAL(r, ",");
        encode_row(r, owner, &a->rows[i], zone_id);
    }
    REPLY_LITERAL(r, "]");
}

int rpc_lookup(struct rpc_worker *w, const struct scan_request *request, struct diag *diag)
{
    struct question q;
    int rc = read_question(request, &q, diag);
    if (rc < 0)
        return rc;
    if (q.type == RRTYPE_ENT) {
        REPLY_LITERAL(&w->reply, "[]");
        return 0;
    }
    rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    rc = powerdns_lookup(w->snapshot, w->leaf, &q, &w->answer);
    if (rc == 0 && w->edit.deleted_count > 0)
        worker_edit_hide(w, &q);
    if (rc < 0)
        diag_set(diag, rc, "lookup: %s", ptrd_strerror(rc));
    else
        encode_answer(&w->reply, &request->qname, &w->answer);
    worker_end(w);
    return rc;
}
