/* What a master file holds, as a zone of the model. */
#include "import_p.h"

#include "ptrd/core/arpa.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse_at(struct import_zone *z, struct model_place place, const char *format, ...)
    PTRD_FORMAT(3, 4);
static int refuse_at(struct import_zone *z, struct model_place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(z->diag->message, sizeof z->diag->message, format, args);
    va_end(args);
    if (place.line) {
        z->diag->file = z->i->m->files[place.file];
        z->diag->line = place.line;
        z->diag->column = place.column;
    }
    return PTRD_EINVAL;
}

int import_zone_begin(struct import_zone *z, struct source_import *i, const struct name *apex,
                      struct diag *diag)
{
    *z = (struct import_zone){.i = i,
                              .diag = diag,
                              .has_apex = apex != NULL,
                              .first_record = i->m->record_count,
                              .first_ptr = i->m->ptr_count};
    if (apex)
        z->apex = *apex;
    return 0;
}

/* --- the SOA ---------------------------------------------------------------------------------- */

/* Canonical text: two names without blanks, five numbers. */
static int read_soa(struct import_zone *z, const struct import_record *r, const char *text)
{
    struct store_soa *soa = &z->zone.settings.soa;
    const char *second = strchr(text, ' ') + 1, *numbers = strchr(second, ' ') + 1;
    unsigned long long n[5] = {0};
    int err = name_parse(text, (size_t)(second - 1 - text), &soa->mname, NULL);
    if (err == 0)
        err = name_parse(second, (size_t)(numbers - 1 - second), &soa->rname, NULL);
    if (err < 0 ||
        sscanf(numbers, "%llu %llu %llu %llu %llu", &n[0], &n[1], &n[2], &n[3], &n[4]) != 5)
        return refuse_at(z, r->place, "SOA `%.300s`: expected two names and five numbers", text);
    for (unsigned i = 1; i < 5; i++)
        if (n[i] > IMPORT_TTL_MAX)
            return refuse_at(z, r->content_place,
                             "a time of the SOA is %llu, expected a number of seconds from 0 to %u",
                             n[i], IMPORT_TTL_MAX);
    z->zone.serial = (uint32_t)n[0];
    z->zone.has_serial = true;
    soa->refresh_s = (uint32_t)n[1];
    soa->retry_s = (uint32_t)n[2];
    soa->expire_s = (uint32_t)n[3];
    soa->minimum_s = (uint32_t)n[4];
    z->zone.settings.ttl_s = r->ttl_s;
    z->zone.place = r->place;
    return 0;
}

static int add_soa(struct import_zone *z, const struct import_record *r, const char *text)
{
    char apex[NAME_TEXT_SIZE], owner[NAME_TEXT_SIZE];
    if (!z->has_apex)
        z->apex = r->owner;
    z->has_apex = true;
    if (!name_equal(&z->apex, &r->owner)) {
        name_print(&z->apex, apex);
        name_print(&r->owner, owner);
        return refuse_at(z, r->place, "a SOA at `%.256s`, expected it at the apex `%.256s`", owner,
                         apex);
    }
    if (z->soa && strcmp(z->soa, text) == 0) {
        import_note(z->i, r->place, "the SOA stands there twice: left out");
        return 0;
    }
    if (z->soa)
        return refuse_at(z, r->place, "a second SOA `%.300s`, expected one", text);
    z->soa = model_strndup(z->i->m, text, strlen(text));
    return z->soa ? read_soa(z, r, text) : import_no_memory(z->diag);
}

/* --- records and PTRs ------------------------------------------------------------------------- */

static int add_record(struct import_zone *z, const struct import_record *r, const char *text,
                      size_t len)
{
    struct model_record *record = model_add_record(z->i->m);
    const char *content = model_strndup(z->i->m, text, len);
    if (!record || !content)
        return import_no_memory(z->diag);
    *record = (struct model_record){.owner = r->owner,
                                    .type = r->type,
                                    .ttl_s = r->ttl_s,
                                    .content = content,
                                    .content_len = len,
                                    .place = r->place};
    return 0;
}

static int add_ptr(struct import_zone *z, const struct import_record *r, const struct addr *addr,
                   const struct name *target)
{
    struct model *m = z->i->m;
    if (target->len == 1) {
        import_note(z->i, r->place, "a PTR to the root names nothing: left out");
        return 0;
    }
    int err = model_add_ptr_at(m, addr, target, r->ttl_s, FORWARD_UNSAID, r->place);
    return err < 0 ? model_ptr_lost(m, err, z->diag) : 0;
}

static bool signer_made(uint16_t type)
{
    return type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_NSEC3 ||
           type == TYPE_NSEC3PARAM || type == TYPE_SIG || type == TYPE_NXT;
}

static bool is_ptr(const struct import_record *r, struct addr *addr)
{
    struct arpa arpa;
    if (r->type != RRTYPE_PTR)
        return false;
    arpa_parse(&r->owner, &arpa);
    if (arpa.kind != ARPA_FULL)
        return false;
    *addr = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
    return true;
}

static int add_parsed(struct import_zone *z, const struct import_record *r,
                      const struct rdata *rdata)
{
    struct addr addr;
    struct name target;
    if (r->type == RRTYPE_SOA)
        return add_soa(z, r, rdata->text);
    if (!is_ptr(r, &addr))
        return add_record(z, r, rdata->text, rdata->len);
    int err = name_parse(rdata->text, rdata->len, &target, NULL);
    return err < 0 ? refuse_at(z, r->content_place, "PTR `%.256s`: expected a name", rdata->text)
                   : add_ptr(z, r, &addr, &target);
}

/* Files of PTRs are long: nearly all of their contents are one plain name. */
static bool plain_name(const struct import_record *r, struct name *out)
{
    return r->len > 0 && !memchr(r->content, ' ', r->len) && !memchr(r->content, '"', r->len) &&
           memcmp(r->content, "\\#", r->len < 2 ? r->len : 2) != 0 &&
           name_parse_relative(r->content, r->len, r->origin, out, NULL) == 0;
}

#define STRING_MAX 255 /* octets of a character-string (RFC 1035 3.3) */

/* Octets of content that stand for one of a string: \\DDD, \\X or one. */
static size_t unit_len(const char *content, size_t left)
{
    if (content[0] != '\\' || left < 2)
        return 1;
    bool decimal = left >= 4 && content[1] >= '0' && content[1] <= '9';
    return decimal ? 4 : 2;
}

/* PowerDNS makes several strings of a longer one, BIND refuses it. Content with each string at most
 * STRING_MAX octets, in the model's arena; content itself where that is so already. */
static const char *split_strings(struct import_zone *z, const struct import_record *r, size_t *len)
{
    char *out = malloc(r->len + 3 * (r->len / STRING_MAX) + 1);
    size_t n = 0, octets = 0;
    bool quoted = false, split = false;
    if (!out)
        return NULL;
    for (size_t at = 0, unit; at < r->len; at += unit) {
        const char *c = r->content + at;
        unit = unit_len(c, r->len - at);
        if (*c == '"' || (!quoted && (*c == ' ' || *c == '\t'))) {
            quoted ^= *c == '"';
            octets = 0;
        } else if (++octets > STRING_MAX) {
            const char *between = quoted ? "\" \"" : " ";
            memcpy(out + n, between, strlen(between));
            n += strlen(between);
            octets = 1;
            split = true;
        }
        memcpy(out + n, c, unit);
        n += unit;
    }
    const char *content = split ? model_strndup(z->i->m, out, n) : r->content;
    free(out);
    if (split && content)
        import_note(z->i, r->place, "a string of more than %u octets becomes several", STRING_MAX);
    *len = split ? n : r->len;
    return content;
}

static bool has_strings(uint16_t type)
{
    return type == RRTYPE_TXT || type == TYPE_SPF;
}

int import_zone_add(struct import_zone *z, const struct import_record *r)
{
    struct rdata rdata;
    struct diag why = {.line = 0};
    struct addr addr;
    struct name target;
    if (signer_made(r->type)) {
        z->is_signed |= r->type == TYPE_RRSIG;
        z->signer_place = z->signer_count++ ? z->signer_place : r->place;
        return 0;
    }
    if (is_ptr(r, &addr) && plain_name(r, &target))
        return add_ptr(z, r, &addr, &target);
    size_t len = r->len;
    const char *content = has_strings(r->type) ? split_strings(z, r, &len) : r->content;
    if (!content)
        return import_no_memory(z->diag);
    int err = rdata_parse(&r->owner, r->origin, r->type, content, len, &rdata, &why);
    if (err == PTRD_EINVAL)
        return refuse_at(z, r->content_place, "%s", why.message);
    if (err < 0)
        return import_no_memory(z->diag);
    err = add_parsed(z, r, &rdata);
    rdata_done(&rdata);
    return err;
}

/* --- the end: what is left out ---------------------------------------------------------------- */

static void note_record(struct import_zone *z, const struct model_record *r, const char *what)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE];
    name_print(&r->owner, owner);
    rrtype_print(r->type, type);
    import_note(z->i, r->place, "%.256s %s %s", owner, type, what);
}

static bool is_key(const struct import_zone *z, const struct model_record *r)
{
    return (r->type == TYPE_DNSKEY || r->type == TYPE_CDS || r->type == TYPE_CDNSKEY) &&
           name_equal(&r->owner, &z->apex);
}

static bool keep_record(struct import_zone *z, const struct model_record *r)
{
    if (!name_within(&r->owner, &z->apex)) {
        note_record(z, r, "lies outside the zone: left out");
        return false;
    }
    if (z->is_signed && is_key(z, r)) {
        z->signer_place = z->signer_count++ ? z->signer_place : r->place;
        return false;
    }
    return true;
}

static struct model_place ptr_place(const struct model_ptr *p)
{
    return (struct model_place){.line = p->line, .column = p->column, .file = p->file};
}

static void note_ptr(struct import_zone *z, const struct model_ptr *p, const char *what)
{
    char text[ADDR_TEXT_SIZE];
    addr_print(&(struct addr){.num = p->num, .family = p->family}, text);
    import_note(z->i, ptr_place(p), "the PTR of %s %s", text, what);
}

static void drop_records(struct import_zone *z)
{
    struct model *m = z->i->m;
    uint32_t kept = z->first_record;
    for (uint32_t i = z->first_record; i < m->record_count; i++) {
        if (!keep_record(z, &m->records[i]))
            continue;
        if (kept != i)
            m->records[kept] = m->records[i];
        m->records[kept++].in = z->apex;
    }
    m->record_count = kept;
}

static void drop_ptrs(struct import_zone *z)
{
    struct model *m = z->i->m;
    uint32_t kept = z->first_ptr;
    for (uint32_t i = z->first_ptr; i < m->ptr_count; i++) {
        struct name owner;
        arpa_name(&(struct addr){.num = m->ptrs[i].num, .family = m->ptrs[i].family}, &owner);
        if (name_within(&owner, &z->apex))
            m->ptrs[kept++] = m->ptrs[i];
        else
            note_ptr(z, &m->ptrs[i], "lies outside the zone: left out");
    }
    m->ptr_count = kept;
}

/* --- the end: duplicates and TTLs ------------------------------------------------------------- */

static bool one_rrset(const struct model_record *a, const struct model_record *b)
{
    return a->type == b->type && name_equal(&a->owner, &b->owner);
}

static bool same_record(const struct model_record *a, const struct model_record *b)
{
    return one_rrset(a, b) && model_same_content(a, b);
}

/* Sorted: the first of equal ones stays. */
static void merge_records(struct import_zone *z)
{
    struct model *m = z->i->m;
    uint32_t count = m->record_count - z->first_record, kept = 0;
    if (!count)
        return;
    struct model_record *r = m->records + z->first_record;
    qsort(r, count, sizeof *r, model_compare_records);
    for (uint32_t i = 0; i < count; i++) {
        if (kept && same_record(&r[kept - 1], &r[i])) {
            if (r[i].ttl_s < r[kept - 1].ttl_s)
                r[kept - 1].ttl_s = r[i].ttl_s;
            note_record(z, &r[i], "stands there twice: left out");
            continue;
        }
        if (kept != i)
            r[kept] = r[i];
        kept++;
    }
    m->record_count = z->first_record + kept;
}

static void settle_ttls(struct import_zone *z)
{
    struct model *m = z->i->m;
    for (uint32_t first = z->first_record, end; first < m->record_count; first = end) {
        uint32_t least = m->records[first].ttl_s;
        bool several = false;
        for (end = first + 1;
             end < m->record_count && one_rrset(&m->records[first], &m->records[end]); end++) {
            several |= m->records[end].ttl_s != least;
            if (m->records[end].ttl_s < least)
                least = m->records[end].ttl_s;
        }
        char what[64];
        (void)snprintf(what, sizeof what, "has several TTLs: the least, %u, is taken", least);
        if (several)
            note_record(z, &m->records[first], what);
        for (uint32_t i = first; i < end; i++)
            m->records[i].ttl_s = least;
    }
}

static bool same_target(const struct model *m, const struct model_ptr *a, const struct model_ptr *b)
{
    struct span one = model_target(m, a), two = model_target(m, b);
    return a->num == b->num && a->family == b->family && one.len == two.len &&
           memcmp(one.bytes, two.bytes, one.len) == 0;
}

static void merge_ptrs(struct import_zone *z)
{
    struct model *m = z->i->m;
    uint32_t count = m->ptr_count - z->first_ptr, kept = 0;
    if (!count)
        return;
    struct model_ptr *p = m->ptrs + z->first_ptr;
    qsort_r(p, count, sizeof *p, model_compare_ptrs, m);
    for (uint32_t i = 0; i < count; i++) {
        if (kept && same_target(m, &p[kept - 1], &p[i])) {
            if (p[i].ttl_s < p[kept - 1].ttl_s)
                p[kept - 1].ttl_s = p[i].ttl_s;
            note_ptr(z, &p[i], "stands there twice: left out");
            continue;
        }
        p[kept++] = p[i];
    }
    m->ptr_count = z->first_ptr + kept;
}

static void settle_ptr_ttls(struct import_zone *z)
{
    struct model *m = z->i->m;
    for (uint32_t first = z->first_ptr, end; first < m->ptr_count; first = end) {
        uint32_t least = m->ptrs[first].ttl_s;
        bool several = false;
        for (end = first + 1; end < m->ptr_count && m->ptrs[end].num == m->ptrs[first].num &&
                              m->ptrs[end].family == m->ptrs[first].family;
             end++) {
            several |= m->ptrs[end].ttl_s != least;
            if (m->ptrs[end].ttl_s < least)
                least = m->ptrs[end].ttl_s;
        }
        char what[64];
        (void)snprintf(what, sizeof what, "has several TTLs: the least, %u, is taken", least);
        if (several)
            note_ptr(z, &m->ptrs[first], what);
        for (uint32_t i = first; i < end; i++)
            m->ptrs[i].ttl_s = least;
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static int look_at_ns(struct import_zone *z)
{
    const struct model *m = z->i->m;
    char apex[NAME_TEXT_SIZE];
    bool found = false;
    for (uint32_t i = z->first_record; i < m->record_count; i++) {
        const struct model_record *r = &m->records[i];
        if (r->type != RRTYPE_NS || !name_equal(&r->owner, &z->apex))
            continue;
        found = true;
        z->zone.listed_ns |= model_ns_beside(&z->zone, r);
    }
    if (found)
        return 0;
    name_print(&z->apex, apex);
    return refuse_at(z, z->zone.place,
                     "zone `%.256s` has no NS records at its apex, expected one "
                     "or more",
                     apex);
}

static int check_apex(struct import_zone *z)
{
    char apex[NAME_TEXT_SIZE];
    if (!z->has_apex)
        return refuse_at(z, (struct model_place){.line = 0}, "no SOA in the file, expected one");
    name_print(&z->apex, apex);
    if (!z->soa)
        return refuse_at(z, (struct model_place){.line = 0},
                         "no SOA of the zone `%.256s` in the file, expected one", apex);
    if (z->apex.len == 1 || name_is_wildcard(&z->apex))
        return refuse_at(z, z->zone.place, "`%.256s` is no zone that can be served here", apex);
    return 0;
}

int import_zone_end(struct import_zone *z)
{
    int err = check_apex(z);
    if (err < 0)
        return err;
    drop_records(z);
    drop_ptrs(z);
    merge_records(z);
    settle_ttls(z);
    merge_ptrs(z);
    settle_ptr_ttls(z);
    if (z->signer_count)
        import_note(z->i, z->signer_place,
                    "%u records that a signer made (RRSIG, NSEC, NSEC3, its keys) are left out: "
                    "whoever signs the zone makes them anew",
                    z->signer_count);
    err = look_at_ns(z);
    struct model_zone *zone = err == 0 ? model_add_zone(z->i->m) : NULL;
    if (err == 0 && !zone)
        return import_no_memory(z->diag);
    if (err < 0)
        return err;
    *zone = z->zone;
    zone->apex = z->apex;
    return 0;
}
