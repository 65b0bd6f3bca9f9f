#include "ptrd/resolve/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *explain_source(enum answer_source source)
{
    static const char *const text[] = {
        [ANSWER_NONE] = "none",           [ANSWER_EXPLICIT] = "explicit",
        [ANSWER_GENERATED] = "generated", [ANSWER_DERIVED] = "derived",
        [ANSWER_DELEGATED] = "delegated", [ANSWER_ENT] = "ent",
    };
    return text[source];
}

/* --- the question ----------------------------------------------------------------------------- */

/* Of digits and dots, with a colon, or with a blank: no name is meant, unless the final dot says
 * so. */
static bool looks_like_address(const char *text, size_t len)
{
    return text[len - 1] != '.' &&
           (strspn(text, "0123456789.") == len || strpbrk(text, ": \t") != NULL);
}

int explain_question(struct snapshot *s, const char *text, struct question *out, struct diag *diag)
{
    struct diag inner = {.file = NULL};
    struct addr addr;
    struct prefix prefix;
    struct range range;
    struct question q = {.type = RRTYPE_ANY, .zone_id = -1};
    size_t len = strlen(text);
    if (addr_parse(text, len, &addr) == 0)
        table_reverse_name(s->table, &addr, &q.name);
    else if (prefix_parse(text, len, &prefix, NULL) == 0 ||
             range_parse(text, len, &range, NULL) == 0)
        return diag_set(diag, PTRD_EINVAL, "`%s` is more than one address: give one of them", text);
    else if (len && looks_like_address(text, len))
        return diag_set(diag, PTRD_EINVAL,
                        "`%s` is no address, expected one such as 192.0.2.1 or 2001:db8::1; a name "
                        "that looks so takes a final dot",
                        text);
    else if (name_parse(text, len, &q.name, &inner) < 0)
        return diag_set(diag, PTRD_EINVAL, "`%s` is neither an address nor a name: %s", text,
                        inner.message);
    *out = q;
    return 0;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* What a name says of an address. */
struct subject {
    struct addr addr;
    bool is_arpa; /* its in-addr.arpa or ip6.arpa name, or: */
    bool is_home; /* where its PTR stands, if it is ours */
};

static struct subject read_subject(const struct table *t, const struct name *name)
{
    struct subject x = {.is_arpa = false};
    struct arpa arpa;
    const struct zone *z = table_zone_for(t, name);
    if (z)
        table_reverse_parse(t, z, name, &arpa);
    else
        arpa_parse(name, &arpa);
    if (arpa.kind != ARPA_FULL)
        return x;
    x.addr = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
    x.is_arpa = !z || !z->classless;
    x.is_home = table_home(t, &x.addr) == z;
    return x;
}

static void explain_block(struct snapshot *s, const struct answer *a, struct explanation *x)
{
    struct store_buf key = {.bytes = NULL};
    struct store_block block;
    struct span value;
    if (!a->block)
        return;
    range_print(&a->block->range, x->block);
    strcpy(x->template, "none");
    if (store_key_block(&a->block->range, &key) == 0 &&
        store_get(s->reader, STORE_BLOCKS, (struct span){key.bytes, key.len}, &value) ==
            PTRD_FOUND &&
        store_read_block((struct span){key.bytes, key.len}, value, &block) == 0 && block.text.len &&
        block.text.len <= TEMPLATE_TEXT_MAX) {
        memcpy(x->template, block.text.bytes, block.text.len);
        x->template[block.text.len] = '\0';
    }
    store_buf_done(&key);
}

PTRD_FORMAT(2, 3)
static void say(struct explanation *x, const char *format, ...)
{
    va_list args;
    size_t at = strlen(x->reason);
    va_start(args, format);
    vsnprintf(x->reason + at, sizeof x->reason - at, format, args);
    va_end(args);
}

static void explain_absent(const struct table *t, const struct answer *a,
                           const struct subject *subject, struct explanation *x)
{
    if (!a->zone)
        say(x, "no zone of this store holds the name");
    else if (subject->is_home && table_delegated(t, &subject->addr))
        say(x, "the address is delegated, so nothing is generated, and nothing explicit stands "
               "there");
    else if (subject->is_home && a->block)
        say(x, "the most specific block says `none`, and nothing explicit stands there");
    else if (subject->is_home)
        say(x, "no block holds the address, and nothing explicit stands there");
    else
        say(x, "nothing explicit stands there or below, and it is the exact name of no address");
}

/* Is there anything at a name of the zone itself? */
static bool exists(struct snapshot *s, const struct name *name, const struct zone *z,
                   struct answer *scratch)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = -1};
    return resolve(s, &q, scratch) == 0 && scratch->zone == z && scratch->count > 0;
}

/* PowerDNS asks for the wildcard itself, at the closest name above that exists (RFC 4592 3.3.1). */
static void explain_wildcard(struct snapshot *s, const struct question *q, const struct answer *a,
                             struct explanation *x)
{
    static const struct name star = {.len = 3, .wire = "\1*"};
    char text[NAME_TEXT_SIZE];
    struct name above = q->name, wildcard;
    struct answer scratch;
    answer_init(&scratch);
    do
        name_strip(&above, 1, &above);
    while (above.len > a->zone->apex.len && !exists(s, &above, a->zone, &scratch));
    if (name_concat(&star, &above, &wildcard) == 0 && exists(s, &wildcard, a->zone, &scratch)) {
        name_print(&wildcard, text);
        say(x, "; PowerDNS answers from the wildcard %s", text);
    }
    answer_done(&scratch);
}

/* How many of the explicit rows came through PowerDNS, in words. */
static const char *of_whom(const struct answer *a)
{
    uint32_t explicit = 0, local = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        explicit += a->rows[i].source == ANSWER_EXPLICIT;
        local += a->rows[i].local;
    }
    if (local == 0)
        return "explicit records";
    return local == explicit ? "explicit records, accepted through PowerDNS,"
                             : "explicit records, some of them accepted through PowerDNS,";
}

static bool has_cname(const struct answer *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (a->rows[i].type == RRTYPE_CNAME)
            return true;
    return false;
}

/* Where the DS records of the zone stand that this name is the apex of. */
static void explain_ds(struct snapshot *s, const struct zone *z, struct explanation *x)
{
    char above[NAME_TEXT_SIZE];
    struct answer shown, of_keys;
    const struct zone *parent = &s->table->zones[z->parent];
    struct question q = {.name = z->apex, .type = RRTYPE_DS, .zone_id = parent->id};
    answer_init(&shown);
    answer_init(&of_keys);
    int err = resolve(s, &q, &shown);
    int keys = err < 0 ? err : resolve_key_ds(s, z, 0, &of_keys);
    bool made = keys == PTRD_FOUND && shown.count == of_keys.count;
    for (uint32_t i = 0; made && i < shown.count; i++)
        made = shown.rows[i].bytes.bytes == of_keys.rows[i].bytes.bytes;
    name_print(&parent->apex, above);
    if (keys >= 0 && shown.count)
        say(x, "; its DS records stand above it, in %s: %s", above,
            made ? "made of its keys" : "explicit");
    else if (keys == PTRD_FOUND && of_keys.count == 0)
        say(x,
            "; it has keys, but no DS records above it, in %s: none follow from those that are "
            "active and published, or PUBLISH-CDNSKEY or PUBLISH-CDS withholds them",
            above);
    answer_done(&shown);
    answer_done(&of_keys);
}

static void explain_explicit(struct snapshot *s, const struct question *q, const struct answer *a,
                             const struct subject *subject, struct explanation *x)
{
    const struct table *t = s->table;
    say(x, "%s stand at this name", of_whom(a));
    if (name_equal(&a->zone->apex, &q->name) && a->zone->parent != TABLE_NONE)
        explain_ds(s, a->zone, x);
    if (subject->is_arpa && !subject->is_home) {
        char home[NAME_TEXT_SIZE];
        struct name name;
        table_reverse_name(t, &subject->addr, &name);
        name_print(&name, home);
        say(x, "; the PTR of the address stands at %s (RFC 2317)", home);
    } else if (subject->is_home && has_cname(a) && table_delegated(t, &subject->addr)) {
        say(x, "; the address is delegated by its CNAME (RFC 2317)");
    } else if (subject->is_home && a->block && a->block->template) {
        say(x, "; they replace what the block would generate");
    }
}

static void explain_ruled(const struct table *t, const struct answer *a, struct explanation *x)
{
    char cut[NAME_TEXT_SIZE] = "";
    if (a->cut.len)
        name_print(&a->cut, cut);
    const struct zone *z = a->cut.len ? table_zone_for(t, &a->cut) : NULL;
    bool made = z && z != a->zone;
    if (a->rule == PLACE_BELOW_DNAME)
        say(x, "below the DNAME at %s: only the DNAME answers, nothing exists here", cut);
    else if (a->rule == PLACE_AT_CUT && made)
        say(x, "a cut: the name is the apex of a zone of this store");
    else if (a->rule == PLACE_AT_CUT)
        say(x, "a cut: the NS records here delegate the name and all below it");
    else
        say(x, "below the cut at %s: nothing is generated or derived here, %s", cut,
            a->count == 0          ? "and nothing explicit stands here"
            : a->rows[0].type == 0 ? "and only names below have explicit records"
                                   : "and the explicit records here are not authoritative");
}

static void explain_reason(struct snapshot *s, const struct question *q, const struct answer *a,
                           const struct subject *subject, struct explanation *x)
{
    switch (a->source) {
    case ANSWER_NONE:
        explain_absent(s->table, a, subject, x);
        if (a->zone)
            explain_wildcard(s, q, a, x);
        break;
    case ANSWER_EXPLICIT:
        explain_explicit(s, q, a, subject, x);
        break;
    case ANSWER_GENERATED:
        say(x, "generated by template `%s` of the most specific block", x->template);
        break;
    case ANSWER_DERIVED:
        say(x, "derived from the explicit PTR of the address, which asks for its forward");
        break;
    case ANSWER_DELEGATED:
        explain_ruled(s->table, a, x);
        break;
    case ANSWER_ENT:
        say(x, "empty non-terminal: no records here, but names below exist");
        break;
    }
}

void explain_answer(struct snapshot *s, const struct question *q, const struct answer *a,
                    struct explanation *out)
{
    struct subject subject = read_subject(s->table, &q->name);
    memset(out, 0, sizeof *out);
    name_print(&q->name, out->name);
    if (subject.is_home)
        addr_print(&subject.addr, out->address);
    if (a->zone)
        name_print(&a->zone->apex, out->zone);
    explain_block(s, a, out);
    out->source = explain_source(a->source);
    explain_reason(s, q, a, &subject, out);
}

size_t explain_content(const struct row *row, char out[EXPLAIN_CONTENT_MAX])
{
    struct name name;
    size_t len = 0;
    switch (row->kind) {
    case ROW_ENT:
        break;
    case ROW_NAME:
        if (name_from_wire(row->bytes.bytes, row->bytes.len, &name) == 0) {
            len = name_print(&name, out);
            if (name.len > 1)
                out[len++] = '.';
        }
        break;
    case ROW_ADDR:
        len = addr_print(&row->addr, out);
        break;
    case ROW_TEXT:
        len = row->bytes.len < EXPLAIN_CONTENT_MAX ? row->bytes.len : EXPLAIN_CONTENT_MAX - 1;
        memcpy(out, row->bytes.bytes, len);
        break;
    }
    out[len] = '\0';
    return len;
}
