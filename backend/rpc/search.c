/* searchRecords pattern, maxResults: `*` and `?`, letter case aside, in names and in contents.
 *
 * Searched are the explicit records, of both origins, as they are answered (what a local RRset
 * hides is not found), and, where the pattern is a name, all that is answered there: generated and
 * derived records are countless, but one of them can be asked for. PowerDNS waits 2 s for the
 * reply: after SEARCH_MS what was found by then is told. */
#include <jansson.h>

#include "params.h"
#include "worker.h"

#define SEARCH_MS 1000
#define SEARCH_CLOCK_STEP 256 /* rows between looks at the clock */
#define RESULTS_MAX 100000

struct search {
    struct rpc_worker *w;
    struct span pattern; /* without a final dot */
    struct name exact;   /* len 0: the pattern is no name */
    uint64_t left;       /* results that are still wanted */
    uint64_t found, seen;
    int64_t until_ms;
    struct reply owner; /* the name of the rows that are told */
};

/* --- patterns --- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Each `*` takes as little as it can; only the last one is ever taken back. */
static bool matches(struct span pattern, struct span text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.bytes[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len &&
                   (pattern.bytes[p] == '?' || lower(pattern.bytes[p]) == lower(text.bytes[t]))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.bytes[p] == '*')
        p++;
    return p == pattern.len;
}

static struct span without_dot(struct span text)
{
    if (text.len > 1 && text.bytes[text.len - 1] == '.')
        text.len--;
    return text;
}

static bool name_matches(const struct search *s, const struct name *name)
{
    char text[NAME_TEXT_SIZE];
    size_t len = name_print(name, text);
    return matches(s->pattern, (struct span){(const uint8_t *)text, len});
}

static bool wire_matches(const struct search *s, struct span wire)
{
    struct name name;
    return name_from_wire(wire.bytes, wire.len, &name) == 0 && name_matches(s, &name);
}

static bool content_matches(const struct search *s, struct span content)
{
    return matches(s->pattern, without_dot(content));
}

static bool row_matches(const struct search *s, const struct row *row)
{
    char text[ADDR_TEXT_SIZE];
    switch (row->kind) {
    case ROW_NAME:
        return wire_matches(s, row->bytes);
    case ROW_ADDR:
        return matches(s->pattern,
                       (struct span){(const uint8_t *)text, addr_print(&row->addr, text)});
    case ROW_TEXT:
        return content_matches(s, row->bytes);
    case ROW_ENT:
        break;
    }
    return false;
}

/* --- telling --- */

static void tell(struct search *s, const struct row *row)
{
    struct reply *r = &s->w->reply;
    const struct zone *zone = s->w->answer.zone;
    if (s->found++ > 0)
        REPLY_LITERAL(r, ",");
    encode_row(r, (struct span){(const uint8_t *)s->owner.bytes, s->owner.len}, row,
               zone ? zone->id : 0);
    s->left--;
}

static bool is_explicit(const struct row *row)
{
    return row->kind != ROW_ENT && row->source != ANSWER_GENERATED && row->source != ANSWER_DERIVED;
}

/* Tells the rows of a name that are wanted: of one type the explicit ones that match, of
 * RRTYPE_ANY all. */
static int tell_answer(struct search *s, const struct name *name, uint16_t type)
{
    const struct question q = {*name, type, -1};
    struct answer *a = &s->w->answer;
    int rc = resolve(s->w->snapshot, &q, a);
    if (rc < 0)
        return rc;
    bool all = type == RRTYPE_ANY || name_matches(s, name);
    reply_reset(&s->owner);
    reply_name(&s->owner, (struct span){name->wire, name->len});
    if (s->owner.error)
        return s->owner.error;
    for (uint32_t i = 0; i < a->count && s->left > 0; i++) {
        const struct row *row = &a->rows[i];
        bool wanted =
            type == RRTYPE_ANY ? row->kind != ROW_ENT : row->type == type && is_explicit(row);
        if (wanted && (all || row_matches(s, row)))
            tell(s, row);
    }
    return s->w->reply.error;
}

/* --- walking --- */

static bool is_over(struct search *s)
{
    return s->left == 0 || (++s->seen % SEARCH_CLOCK_STEP == 0 && worker_now_ms() >= s->until_ms);
}

/* A walk through one table. next is the key from which to go on after other reads. */
typedef int row_fn(struct search *s, struct span key, struct span value);

static int walk(struct search *s, enum store_table table, row_fn *look)
{
    struct store_reader *reader = s->w->snapshot->reader;
    struct span key, value;
    int rc = store_seek(reader, table, (struct span){(const uint8_t *)"", 0}, &key, &value);
    while (rc == PTRD_FOUND && !is_over(s)) {
        uint8_t next[2 * NAME_KEY_MAX];
        size_t len = key.len;
        if (len >= sizeof next)
            return PTRD_ECORRUPT;
        memcpy(next, key.bytes, len);
        next[len] = 0;
        rc = look(s, key, value);
        if (rc < 0)
            return rc;
        /* what was told moved the reader */
        rc = rc == PTRD_FOUND
                 ? store_seek(reader, table, (struct span){next, len + 1}, &key, &value)
                 : store_next(reader, table, &key, &value);
    }
    return rc < 0 ? rc : 0;
}

/* The row_fns return PTRD_FOUND when they have told, PTRD_ABSENT when not. */
static int look_at(struct search *s, const struct name *name, uint16_t type, bool matched)
{
    if (!matched || (s->exact.len > 0 && name_equal(name, &s->exact)))
        return PTRD_ABSENT; /* the exact name has been told */
    int rc = tell_answer(s, name, type);
    return rc < 0 ? rc : PTRD_FOUND;
}

/* A row of records or local_records: the name, or one of the contents. */
static int look_at_record(struct search *s, struct span key, struct span value)
{
    struct name name;
    struct store_rrset set;
    struct span text;
    size_t at = 0;
    uint16_t type;
    int rc = store_read_key_rrset(key, &name, &type);
    if (rc == 0)
        rc = store_read_rrset(value, &set);
    if (rc < 0 || type == RRTYPE_SOA) /* walk_zones */
        return rc;
    bool matched = set.count > 0 && name_matches(s, &name);
    while (!matched && store_next_content(set.contents, &at, &text) == PTRD_FOUND)
        matched = content_matches(s, text);
    return look_at(s, &name, type, matched);
}

static bool has_local(struct search *s, enum store_table table, struct span key)
{
    struct span value;
    return store_get(s->w->snapshot->reader, table, key, &value) == PTRD_FOUND;
}

/* A source row that a local one hides is found there. */
static int look_at_source_record(struct search *s, struct span key, struct span value)
{
    return has_local(s, STORE_LOCAL_RECORDS, key) ? PTRD_ABSENT : look_at_record(s, key, value);
}

/* A row of ptrs or local_ptrs: the name where it stands, or one of its targets. */
static int look_at_ptr(struct search *s, struct span key, struct span value)
{
    struct addr addr;
    struct store_ptr ptr;
    struct name name;
    struct span wire;
    size_t at = 0;
    int rc = store_read_key_addr(key, &addr);
    if (rc == 0)
        rc = store_read_ptr(value, &ptr);
    if (rc < 0)
        return rc;
    table_reverse_name(s->w->snapshot->table, &addr, &name);
    bool matched = ptr.count > 0 && name_matches(s, &name);
    while (!matched && store_next_name(ptr.names, &at, &wire) == PTRD_FOUND)
        matched = wire_matches(s, wire);
    return look_at(s, &name, RRTYPE_PTR, matched);
}

static int look_at_source_ptr(struct search *s, struct span key, struct span value)
{
    return has_local(s, STORE_LOCAL_PTRS, key) ? PTRD_ABSENT : look_at_ptr(s, key, value);
}

/* SOA records are not rows of their own. */
static int walk_zones(struct search *s)
{
    const struct table *table = s->w->snapshot->table;
    int rc = 0;
    for (uint32_t i = 0; i < table->zone_count && rc >= 0 && !is_over(s); i++)
        rc = look_at(s, &table->zones[i].apex, RRTYPE_SOA, true);
    return rc < 0 ? rc : 0;
}

static int run(struct search *s)
{
    int rc = s->exact.len > 0 ? tell_answer(s, &s->exact, RRTYPE_ANY) : 0;
    if (rc == 0)
        rc = walk_zones(s);
    if (rc == 0)
        rc = walk(s, STORE_LOCAL_RECORDS, look_at_record);
    if (rc == 0)
        rc = walk(s, STORE_RECORDS, look_at_source_record);
    if (rc == 0)
        rc = walk(s, STORE_LOCAL_PTRS, look_at_ptr);
    if (rc == 0)
        rc = walk(s, STORE_PTRS, look_at_source_ptr);
    return rc;
}

static void read_pattern(struct search *s, struct span pattern)
{
    s->pattern = without_dot(pattern);
    if (memchr(pattern.bytes, '*', pattern.len) || memchr(pattern.bytes, '?', pattern.len) ||
        name_parse((const char *)pattern.bytes, pattern.len, &s->exact, NULL) < 0)
        s->exact.len = 0;
}

int method_search(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct search s = {.w = w, .until_ms = worker_now_ms() + SEARCH_MS};
    struct span pattern;
    int64_t max;
    int rc = param_text(parameters, "pattern", &pattern, diag);
    if (rc == 0)
        rc = param_integer(parameters, "maxResults", (struct param_range){INT32_MIN, INT64_MAX},
                           &max, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    s.left = max < 0 || max > RESULTS_MAX ? RESULTS_MAX : (uint64_t)max;
    read_pattern(&s, pattern);
    REPLY_LITERAL(&w->reply, "[");
    rc = run(&s);
    REPLY_LITERAL(&w->reply, "]");
    worker_end(w);
    reply_done(&s.owner);
    return rc < 0 ? diag_set(diag, rc, "searchRecords: %s", ptrd_strerror(rc)) : 0;
}
