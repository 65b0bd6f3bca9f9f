/* Master files: directives, and what stands in front of a record's content. TTLs as BIND gives them
 * (RFC 2308 4): what the line says, else $TTL, else what the last line with a TTL said, else the
 * minimum of the SOA. */
#include "import_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct master {
    struct source_import *i;
    struct diag *diag;
    struct import_zone zone;
    const char *directory; /* $INCLUDE is relative to it */
    bool has_ttl, has_default_ttl;
    uint32_t ttl_s, default_ttl_s;
    struct import_text content;
};

/* One open file. */
struct scope {
    struct name origin, owner;
    bool has_origin, has_owner;
    uint32_t file;
    unsigned depth;
};

static int read_file(struct master *m, const char *path, bool only_regular, struct scope *scope);

/* --- TTLs ------------------------------------------------------------------------------------- */

static uint64_t unit_of(char c)
{
    switch (c | 0x20) {
    case 'w':
        return 604800;
    case 'd':
        return 86400;
    case 'h':
        return 3600;
    case 'm':
        return 60;
    case 's':
        return 1;
    default:
        return 0;
    }
}

int import_ttl_parse(const char *text, size_t len, uint64_t *out)
{
    uint64_t sum = 0, number = 0;
    size_t digits = 0;
    bool units = false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            number = number * 10 + (uint64_t)(text[i] - '0');
            if (++digits > 10)
                return PTRD_EINVAL;
            continue;
        }
        uint64_t unit = unit_of(text[i]);
        if (!unit || !digits)
            return PTRD_EINVAL;
        sum += number * unit;
        number = digits = 0;
        units = true;
        if (sum > UINT32_MAX)
            return PTRD_EINVAL;
    }
    /* 1h30 says nothing sure: a number behind units has a unit. */
    if (units == (digits > 0) || sum + number > UINT32_MAX)
        return PTRD_EINVAL;
    *out = sum + number;
    return 0;
}

static struct model_place place_of(const struct scope *s, const struct master_word *w)
{
    return (struct model_place){.line = w->line, .column = w->column, .file = s->file};
}

/* RFC 2181 8: a TTL with the highest bit set is 0. */
static uint32_t limit_ttl(struct master *m, const struct scope *s, const struct master_word *w,
                          uint64_t ttl_s)
{
    if (ttl_s <= IMPORT_TTL_MAX)
        return (uint32_t)ttl_s;
    import_note(m->i, place_of(s, w), "TTL %llu is more than %u, so it is 0 (RFC 2181 8)",
                (unsigned long long)ttl_s, IMPORT_TTL_MAX);
    return 0;
}

/* --- the head of a record --------------------------------------------------------------------- */

/* PTRD_FOUND for IN; any other class is refused. */
static int read_class(struct diag *diag, const struct master_word *w)
{
    static const char *const others[] = {"CH", "CHAOS", "HS", "HESIOD", "CS", "NONE"};
    if (master_word_is(w, "IN") || master_word_is(w, "CLASS1"))
        return PTRD_FOUND;
    bool other = w->len > 5 && strncasecmp(w->text, "CLASS", 5) == 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        other |= master_word_is(w, others[i]);
    return other ? master_refuse(diag, w, "class", "IN") : PTRD_ABSENT;
}

int import_head_read(struct diag *diag, const struct master_line *line, size_t at,
                     struct import_head *out)
{
    bool has_class = false;
    *out = (struct import_head){.has_ttl = false};
    for (; at < line->count; at++) {
        const struct master_word *w = &line->words[at];
        if (!out->has_ttl && !w->quoted && import_ttl_parse(w->text, w->len, &out->ttl_s) == 0) {
            out->has_ttl = true;
            continue;
        }
        int r = has_class || w->quoted ? PTRD_ABSENT : read_class(diag, w);
        if (r < 0)
            return r;
        if (r == PTRD_ABSENT)
            break;
        has_class = true;
    }
    const struct master_word *last = &line->words[at < line->count ? at : line->count - 1];
    if (at >= line->count || last->quoted || rrtype_parse(last->text, last->len, &out->type) < 0)
        return master_refuse(diag, last, at < line->count ? "type" : "the last word",
                             at < line->count ? "a TTL, a class or a record type"
                                              : "a record type and its content behind it");
    out->behind = at + 1;
    return 0;
}

/* The TTL of a record that says none; minimum_s: of the SOA, if it is one. */
static int default_ttl(struct master *m, const struct scope *s, const struct master_word *w,
                       const struct import_head *head, uint64_t minimum_s, uint32_t *out)
{
    if (head->has_ttl) {
        m->ttl_s = limit_ttl(m, s, w, head->ttl_s);
        m->has_ttl = true;
    } else if (m->has_default_ttl) {
        m->ttl_s = m->default_ttl_s;
    } else if (!m->has_ttl && head->type == RRTYPE_SOA) {
        m->ttl_s = m->default_ttl_s = limit_ttl(m, s, w, minimum_s);
        m->has_default_ttl = true;
    } else if (!m->has_ttl) {
        return master_refuse(m->diag, w, "a record without TTL", "a TTL in it, or $TTL before it");
    }
    *out = m->ttl_s;
    return 0;
}

/* --- records ---------------------------------------------------------------------------------- */

#define SOA_WORDS 7
#define SOA_REFRESH 3 /* its first time */

/* The times of a SOA may have units. */
static int soa_word(struct master *m, const struct master_word *w, uint64_t *value)
{
    char number[24];
    if (w->quoted || import_ttl_parse(w->text, w->len, value) < 0 || *value > IMPORT_TTL_MAX)
        return master_refuse(m->diag, w, "a time of the SOA",
                             "a number of seconds from 0 to 2147483647, or with units as in 1h2m");
    import_text_add(&m->content, " ", 1);
    import_text_add(&m->content, number,
                    (size_t)snprintf(number, sizeof number, "%llu", (unsigned long long)*value));
    return 0;
}

/* The content on one line, in m->content. */
static int join_content(struct master *m, const struct master_line *line,
                        const struct import_head *head, uint64_t *minimum_s)
{
    size_t count = line->count - head->behind;
    bool soa = head->type == RRTYPE_SOA && count == SOA_WORDS;
    m->content.len = 0;
    for (size_t i = 0; i < count; i++) {
        const struct master_word *w = &line->words[head->behind + i];
        int r = 0;
        if (soa && i >= SOA_REFRESH)
            r = soa_word(m, w, minimum_s);
        else
            import_text_word(&m->content, w);
        if (r < 0)
            return r;
    }
    return m->content.failed ? import_no_memory(m->diag) : 0;
}

/* Without an origin only the SOA can say one: its owner. */
static int need_origin(struct master *m, struct scope *s, const struct master_line *line,
                       const struct import_head *head)
{
    if (s->has_origin)
        return 0;
    if (head->type != RRTYPE_SOA)
        return master_refuse(m->diag, &line->words[0], "a record before the SOA",
                             "an $ORIGIN before it, or the zone's name given (--origin)");
    s->origin = s->owner;
    s->has_origin = true;
    return 0;
}

/* Its final dot is not an escaped one. */
static bool is_absolute(const struct master_word *w)
{
    size_t slashes = 0;
    if (w->len == 0 || w->text[w->len - 1] != '.')
        return false;
    while (slashes + 1 < w->len && w->text[w->len - 2 - slashes] == '\\')
        slashes++;
    return slashes % 2 == 0;
}

static int read_owner(struct master *m, struct scope *s, const struct master_line *line)
{
    static const struct name root = {.len = 1};
    const struct master_word *w = &line->words[0];
    struct diag why = {.line = 0};
    if (line->blank && s->has_owner)
        return 0;
    if (line->blank)
        return master_refuse(m->diag, w, "a record without owner", "an owner at the line's begin");
    if (!s->has_origin && !is_absolute(w))
        return master_refuse(m->diag, w, "owner",
                             "a name with a final dot, an $ORIGIN before it, or the zone's name "
                             "given (--origin)");
    if (name_parse_relative(w->text, w->len, s->has_origin ? &s->origin : &root, &s->owner, &why) <
        0) {
        char expected[sizeof why.message + 16];
        (void)snprintf(expected, sizeof expected, "a name: %s", why.message);
        return master_refuse(m->diag, w, "owner", expected);
    }
    s->has_owner = true;
    return 0;
}

static int read_record(struct master *m, struct scope *s, const struct master_line *line)
{
    struct import_head head;
    uint64_t minimum_s = 0;
    uint32_t ttl_s;
    const struct master_word *w = &line->words[0];
    int r = read_owner(m, s, line);
    if (r == 0 && !line->blank && line->count == 1)
        r = master_refuse(m->diag, w, "the only word of the line",
                          "an owner, a type and its content");
    if (r == 0)
        r = import_head_read(m->diag, line, line->blank ? 0 : 1, &head);
    if (r == 0)
        r = need_origin(m, s, line, &head);
    if (r == 0)
        r = join_content(m, line, &head, &minimum_s);
    if (r == 0)
        r = default_ttl(m, s, w, &head, minimum_s, &ttl_s);
    if (r < 0)
        return r;
    const struct master_word *first =
        &line->words[head.behind < line->count ? head.behind : line->count - 1];
    struct import_record record = {.owner = s->owner,
                                   .origin = &s->origin,
                                   .type = head.type,
                                   .ttl_s = ttl_s,
                                   .content = m->content.len ? m->content.at : "",
                                   .len = m->content.len,
                                   .place = place_of(s, w),
                                   .content_place = place_of(s, first)};
    return import_zone_add(&m->zone, &record);
}

/* --- directives ------------------------------------------------------------------------------- */

static int expect_words(struct master *m, const struct master_line *line, size_t least, size_t most,
                        const char *expected)
{
    if (line->count >= least && line->count <= most)
        return 0;
    return master_refuse(m->diag, &line->words[line->count > most ? most : line->count - 1],
                         line->count > most ? "a word too many" : "the last word of the line",
                         expected);
}

static int read_name(struct master *m, const struct scope *s, const struct master_word *w,
                     const char *what, struct name *out)
{
    static const struct name root = {.len = 1};
    struct diag why = {.line = 0};
    if (!s->has_origin && !is_absolute(w))
        return master_refuse(m->diag, w, what, "a name with a final dot");
    if (w->quoted ||
        name_parse_relative(w->text, w->len, s->has_origin ? &s->origin : &root, out, &why) < 0)
        return master_refuse(m->diag, w, what, "a name");
    return 0;
}

static int read_origin(struct master *m, struct scope *s, const struct master_line *line)
{
    struct name origin;
    int r = expect_words(m, line, 2, 2, "$ORIGIN and one name");
    if (r == 0)
        r = read_name(m, s, &line->words[1], "$ORIGIN", &origin);
    if (r < 0)
        return r;
    s->origin = origin;
    s->has_origin = true;
    return 0;
}

static int read_ttl(struct master *m, struct scope *s, const struct master_line *line)
{
    uint64_t ttl_s;
    int r = expect_words(m, line, 2, 2, "$TTL and one time");
    if (r < 0)
        return r;
    const struct master_word *w = &line->words[1];
    if (w->quoted || import_ttl_parse(w->text, w->len, &ttl_s) < 0)
        return master_refuse(m->diag, w, "$TTL",
                             "a number of seconds from 0 to 2147483647, or with units as in 1h2m");
    m->default_ttl_s = limit_ttl(m, s, w, ttl_s);
    m->has_default_ttl = true;
    return 0;
}

/* Origin and owner are the includer's again behind the file; $TTL goes on. */
static int read_include(struct master *m, const struct scope *s, const struct master_line *line)
{
    struct scope inner = *s;
    int r = expect_words(m, line, 2, 3, "$INCLUDE, a file and perhaps an origin");
    if (r == 0 && line->count == 3) {
        r = read_name(m, s, &line->words[2], "the origin of $INCLUDE", &inner.origin);
        inner.has_origin = true;
    }
    if (r < 0)
        return r;
    const struct master_word *w = &line->words[1];
    if (++inner.depth > IMPORT_DEPTH_MAX)
        return master_refuse(m->diag, w, "$INCLUDE", "fewer files that include each other");
    const char *path = import_path(m->i->m, m->directory, w->text, w->len);
    if (!path)
        return import_no_memory(m->diag);
    const char *file = m->diag->file;
    m->diag->line = w->line;
    m->diag->column = w->column;
    r = read_file(m, path, true, &inner);
    if (r == 0)
        m->diag->file = file;
    return r;
}

static int read_generate(struct master *m, struct scope *s, const struct master_line *line)
{
    struct generate_line g = {
        .zone = &m->zone, .line = line, .origin = &s->origin, .file = s->file};
    if (line->count < 5)
        return master_refuse(m->diag, &line->words[line->count - 1], "the last word of the line",
                             "$GENERATE, FIRST-LAST[/STEP], an owner, a type and its content");
    if (!s->has_origin)
        return master_refuse(m->diag, &line->words[0], "a record before the SOA",
                             "an $ORIGIN before it, or the zone's name given (--origin)");
    int r = import_head_read(m->diag, line, 3, &g.head);
    if (r == 0)
        r = default_ttl(m, s, &line->words[3], &g.head, 0, &g.ttl_s);
    return r < 0 ? r : generate_read(&g);
}

static int read_line(struct master *m, struct scope *s, const struct master_line *line)
{
    const struct master_word *w = &line->words[0];
    if (line->blank || w->quoted || w->len == 0 || w->text[0] != '$')
        return read_record(m, s, line);
    if (master_word_is(w, "$ORIGIN"))
        return read_origin(m, s, line);
    if (master_word_is(w, "$TTL"))
        return read_ttl(m, s, line);
    if (master_word_is(w, "$INCLUDE"))
        return read_include(m, s, line);
    if (master_word_is(w, "$GENERATE"))
        return read_generate(m, s, line);
    return master_refuse(m->diag, w, "directive", "$ORIGIN, $TTL, $INCLUDE or $GENERATE");
}

#define PROGRESS_LINES 1024 /* between two reports */

/* --- files ------------------------------------------------------------------------------------ */

static int read_lines(struct master *m, struct scope *s, const char *text, size_t len)
{
    struct master_lexer x;
    struct master_line line = {.words = NULL};
    /* A byte order mark is no part of the first name. */
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    master_lexer_init(&x, text + mark, len - mark, m->diag);
    int r;
    for (uint32_t lines = 0; (r = master_next_line(&x, &line)) == PTRD_FOUND; lines++) {
        if (m->i->progress && lines % PROGRESS_LINES == 0)
            m->i->progress(m->i->progress_ctx, (uint64_t)(x.at - text), len);
        r = read_line(m, s, &line);
        if (r < 0)
            break;
    }
    master_line_done(&line);
    return r;
}

static int read_file(struct master *m, const char *path, bool only_regular, struct scope *scope)
{
    char *text;
    size_t len;
    int r = import_read_file(path, only_regular, &text, &len, m->diag);
    if (r < 0)
        return r;
    r = import_add_file(m->i, path, m->i->m->zone_count, m->diag);
    if (r >= 0) {
        scope->file = (uint32_t)r;
        m->diag->file = m->i->m->files[r];
        r = read_lines(m, scope, text, len);
    }
    free(text);
    return r;
}

int import_read_zone(struct source_import *i, const char *path, const struct name *origin,
                     const char *directory, struct diag *diag)
{
    struct master m = {.i = i, .diag = diag, .directory = directory};
    bool only_regular = directory != NULL;
    struct scope scope = {.has_origin = origin != NULL};
    if (!directory)
        m.directory = import_directory(i->m, path);
    if (!m.directory)
        return import_no_memory(diag);
    if (origin)
        scope.origin = *origin;
    int r = import_zone_begin(&m.zone, i, origin, diag);
    if (r == 0)
        r = read_file(&m, path, only_regular, &scope);
    if (r == 0) {
        diag->line = diag->column = 0;
        r = import_zone_end(&m.zone);
    }
    import_text_done(&m.content);
    return r;
}
