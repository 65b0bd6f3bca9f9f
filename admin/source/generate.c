/* $GENERATE FIRST-LAST[/STEP] OWNER [TTL] [CLASS] TYPE CONTENT, as BIND reads it: in owner and
 * content `$` is the number, `${OFFSET[,WIDTH[,BASE]]}` that number plus an offset, `$$` a dollar,
 * and a backslash keeps the next character as it is. What BIND's manual does not say, but BIND 9
 * does: an offset goes on for every later `$` of the same text without braces. */
#include "import_p.h"

#include "ptrd/core/arpa.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- patterns --------------------------------------------------------------------------------- */

struct pattern_reader {
    struct pattern *out;
    const char *text, *end;
    int delta;
};

static struct pattern_part *add_part(struct pattern_reader *r)
{
    if (r->out->count == PATTERN_PARTS_MAX)
        return NULL;
    struct pattern_part *p = &r->out->parts[r->out->count++];
    *p = (struct pattern_part){.text = NULL};
    return p;
}

static bool add_literal(struct pattern_reader *r, const char *text, size_t len)
{
    struct pattern_part *last = r->out->count ? &r->out->parts[r->out->count - 1] : NULL;
    if (last && last->text && last->text + last->len == text) {
        last->len += len;
        return true;
    }
    struct pattern_part *p = add_part(r);
    if (p) {
        p->text = text;
        p->len = len;
    }
    return p != NULL;
}

/* A decimal number; its sign is allowed where low is below 0. */
static bool read_int(struct pattern_reader *r, int low, int high, int *out)
{
    bool negative = low < 0 && r->text < r->end && *r->text == '-';
    int64_t value = 0;
    if (low < 0 && r->text < r->end && (*r->text == '-' || *r->text == '+'))
        r->text++;
    const char *first = r->text;
    for (; r->text < r->end && *r->text >= '0' && *r->text <= '9' && value <= INT_MAX; r->text++)
        value = value * 10 + (*r->text - '0');
    if (negative)
        value = -value;
    *out = (int)value;
    return r->text > first && value >= low && value <= high;
}

static bool take(struct pattern_reader *r, char c)
{
    bool found = r->text < r->end && *r->text == c;
    r->text += found;
    return found;
}

/* Behind the opening brace. */
static bool read_braces(struct pattern_reader *r, struct pattern_part *p)
{
    int width = 0;
    if (!read_int(r, INT_MIN, INT_MAX, &r->delta))
        return false;
    p->delta = r->delta;
    if (take(r, ',')) {
        if (!read_int(r, 0, PATTERN_NUMBER_SIZE - 1, &width))
            return false;
        p->width = (unsigned)width;
        if (take(r, ',')) {
            if (r->text == r->end || !strchr("doxXnN", *r->text))
                return false;
            p->mode = *r->text++;
        }
    }
    return take(r, '}');
}

static bool read_dollar(struct pattern_reader *r)
{
    if (r->text < r->end && *r->text == '$')
        return add_literal(r, r->text++, 1);
    struct pattern_part *p = add_part(r);
    if (!p)
        return false;
    p->mode = 'd';
    p->delta = r->delta;
    return !take(r, '{') || read_braces(r, p);
}

/* False: more than PATTERN_PARTS_MAX parts, or braces that are not understood. */
static bool pattern_read(const char *text, size_t len, struct pattern *out)
{
    struct pattern_reader r = {.out = out, .text = text, .end = text + len};
    while (r.text < r.end) {
        const char *at = r.text++;
        bool good = true;
        if (*at == '$') {
            good = read_dollar(&r);
        } else if (*at == '\\' && r.text < r.end) {
            r.text++;
            good = add_literal(&r, at, 2);
        } else {
            good = add_literal(&r, at, 1);
        }
        if (!good)
            return false;
    }
    return true;
}

/* Nibbles, the least first, with dots between; the width counts the dots. */
static int print_nibbles(const struct pattern_part *p, int64_t value, char *out)
{
    const char *digits = p->mode == 'n' ? "0123456789abcdef" : "0123456789ABCDEF";
    unsigned width = p->width;
    int len = 0;
    if (value < 0)
        return PTRD_ELIMIT;
    do {
        if (len >= PATTERN_NUMBER_SIZE - 2)
            return PTRD_ELIMIT;
        out[len++] = digits[value & 15];
        value >>= 4;
        width -= width > 0;
        if (width > 0 || value != 0) {
            out[len++] = '.';
            width -= width > 0;
        }
    } while (value != 0 || width > 0);
    return len;
}

int pattern_number(const struct pattern_part *p, int64_t iterator, char out[PATTERN_NUMBER_SIZE])
{
    int64_t value = iterator + p->delta;
    int width = (int)p->width, len = 0;
    if (value > INT_MAX || value < INT_MIN)
        return PTRD_ELIMIT;
    switch (p->mode) {
    case 'n':
    case 'N':
        return print_nibbles(p, value, out);
    case 'o':
        len = snprintf(out, PATTERN_NUMBER_SIZE, "%0*" PRIo32, width, (uint32_t)value);
        break;
    case 'x':
        len = snprintf(out, PATTERN_NUMBER_SIZE, "%0*" PRIx32, width, (uint32_t)value);
        break;
    case 'X':
        len = snprintf(out, PATTERN_NUMBER_SIZE, "%0*" PRIX32, width, (uint32_t)value);
        break;
    default:
        len = snprintf(out, PATTERN_NUMBER_SIZE, "%0*d", width, (int)value);
        break;
    }
    return len < PATTERN_NUMBER_SIZE ? len : PTRD_ELIMIT;
}

static int pattern_print(const struct pattern *p, int64_t iterator, struct import_text *out)
{
    char number[PATTERN_NUMBER_SIZE];
    out->len = 0;
    for (unsigned i = 0; i < p->count; i++) {
        const struct pattern_part *part = &p->parts[i];
        int len = part->text ? (int)part->len : pattern_number(part, iterator, number);
        if (len < 0)
            return len;
        import_text_add(out, part->text ? part->text : number, (size_t)len);
    }
    return 0;
}

/* --- one line --------------------------------------------------------------------------------- */

struct generator {
    struct generate_line *g;
    struct diag *diag;
    uint32_t first, last, step;
    struct pattern owner, content;
    struct import_text owner_text, content_text;
    struct import_record record;
    bool follows; /* all of it so far: PTRs of addresses that follow each other */
    struct range range;
};

static int refuse(struct generator *n, size_t word, const char *what, const char *expected)
{
    const struct master_line *line = n->g->line;
    return master_refuse(n->diag, &line->words[word < line->count ? word : line->count - 1], what,
                         expected);
}

static int read_range(struct generator *n)
{
    const struct master_word *w = &n->g->line->words[1];
    struct pattern_reader r = {.text = w->text, .end = w->text + w->len};
    int first = 0, last = 0, step = 1;
    bool good = !w->quoted && read_int(&r, 0, INT_MAX, &first) && take(&r, '-') &&
                read_int(&r, 0, INT_MAX, &last) && first <= last;
    if (good && take(&r, '/'))
        good = read_int(&r, 1, INT_MAX, &step);
    if (!good || r.text != r.end)
        return refuse(n, 1, "the range of $GENERATE",
                      "FIRST-LAST or FIRST-LAST/STEP, FIRST at most LAST, STEP at least 1");
    if ((unsigned)(last - first) / (unsigned)step >= GENERATE_MAX)
        return refuse(n, 1, "the range of $GENERATE", "at most 1048576 records of one line");
    n->first = (uint32_t)first;
    n->last = (uint32_t)last;
    n->step = (uint32_t)step;
    return 0;
}

static int read_pattern(struct generator *n, size_t word, const char *text, size_t len,
                        struct pattern *out)
{
    struct model *m = n->g->zone->i->m;
    const char *copy = model_strndup(m, text, len);
    out->parts = model_alloc(m, PATTERN_PARTS_MAX * sizeof *out->parts);
    if (!copy || !out->parts)
        return import_no_memory(n->diag);
    if (!pattern_read(copy, len, out))
        return refuse(n, word, "what $GENERATE is to make",
                      "${OFFSET}, ${OFFSET,WIDTH} or ${OFFSET,WIDTH,BASE} with a base of d, o, x, "
                      "X, n or N, a width of at most 127, and at most 64 parts");
    return 0;
}

/* One quoted word is content without its quotes, as for BIND; else the rest of the line. */
static int read_content(struct generator *n)
{
    const struct master_line *line = n->g->line;
    size_t at = n->g->head.behind;
    if (at >= line->count)
        return refuse(n, at, "the last word of the line", "a content behind the type");
    if (at + 1 == line->count && line->words[at].quoted)
        return read_pattern(n, at, line->words[at].text, line->words[at].len, &n->content);
    struct import_text text = {.at = NULL};
    for (size_t i = at; i < line->count; i++)
        import_text_word(&text, &line->words[i]);
    int r = text.failed ? import_no_memory(n->diag)
                        : read_pattern(n, at, text.at, text.len, &n->content);
    import_text_done(&text);
    return r;
}

/* Does the record follow the one before, as PTRs of a block do? */
static void look_at(struct generator *n, uint32_t k)
{
    struct arpa arpa;
    arpa_parse(&n->record.owner, &arpa);
    if (n->record.type != RRTYPE_PTR || arpa.kind != ARPA_FULL) {
        n->follows = false;
    } else if (k == 0) {
        n->range = (struct range){
            .first = arpa.prefix.num, .last = arpa.prefix.num, .family = arpa.prefix.family};
    } else if (arpa.prefix.family != n->range.family || arpa.prefix.num != n->range.last + 1) {
        n->follows = false;
    } else {
        n->range.last++;
    }
}

static int make_record(struct generator *n, uint32_t k)
{
    struct diag why = {.line = 0};
    int64_t iterator = (int64_t)n->first + (int64_t)k * n->step;
    if (pattern_print(&n->owner, iterator, &n->owner_text) < 0 ||
        pattern_print(&n->content, iterator, &n->content_text) < 0)
        return refuse(n, 1, "the range of $GENERATE",
                      "numbers that with their offset are at least 0 in base n, and below 2^31");
    if (n->owner_text.failed || n->content_text.failed)
        return import_no_memory(n->diag);
    if (name_parse_relative(n->owner_text.at, n->owner_text.len, n->g->origin, &n->record.owner,
                            &why) < 0) {
        char what[NAME_TEXT_SIZE];
        (void)snprintf(what, sizeof what, "an owner that it makes, `%.300s`, written",
                       n->owner_text.at);
        return refuse(n, 2, what, why.message);
    }
    n->record.content = n->content_text.at;
    n->record.len = n->content_text.len;
    look_at(n, k);
    return import_zone_add(n->g->zone, &n->record);
}

static int make_records(struct generator *n)
{
    uint32_t count = (n->last - n->first) / n->step + 1;
    import_text_add(&n->owner_text, "", 0);
    import_text_add(&n->content_text, "", 0);
    for (uint32_t k = 0; k < count; k++) {
        int r = make_record(n, k);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Remembers a line that may become a block. */
static int remember(struct generator *n)
{
    struct source_import *i = n->g->zone->i;
    if (!n->follows || n->range.first == n->range.last)
        return 0;
    if (i->generate_count == i->generate_capacity) {
        uint32_t capacity = i->generate_capacity ? i->generate_capacity * 2 : 64;
        struct generate *grown = realloc(i->generates, capacity * sizeof *grown);
        if (!grown)
            return import_no_memory(n->diag);
        i->generates = grown;
        i->generate_capacity = capacity;
    }
    i->generates[i->generate_count++] = (struct generate){.range = n->range,
                                                          .start = n->first,
                                                          .step = n->step,
                                                          .names = n->content,
                                                          .origin = *n->g->origin,
                                                          .ttl_s = n->g->ttl_s,
                                                          .place = n->record.place};
    return 0;
}

int generate_read(struct generate_line *g)
{
    const struct master_word *first = &g->line->words[0], *owner = &g->line->words[2];
    struct generator n = {.g = g, .diag = g->zone->diag, .follows = true};
    struct model_place place = {.line = first->line, .column = first->column, .file = g->file};
    n.record = (struct import_record){.origin = g->origin,
                                      .type = g->head.type,
                                      .ttl_s = g->ttl_s,
                                      .place = place,
                                      .content_place = place};
    int r = read_range(&n);
    if (r == 0)
        r = read_pattern(&n, 2, owner->text, owner->len, &n.owner);
    if (r == 0)
        r = read_content(&n);
    if (r == 0)
        r = make_records(&n);
    if (r == 0)
        r = remember(&n);
    import_text_done(&n.owner_text);
    import_text_done(&n.content_text);
    return r;
}
