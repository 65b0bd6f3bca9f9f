/* named.conf, as far as zones are in it: words, "quoted" words, { } and ;, three kinds of comments,
 * include at any place. Statements that say nothing about zones are skipped with their braces. */
#include "import_p.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { WORD, OPEN, CLOSE, SEMICOLON, END };

struct conf_token {
    enum kind kind;
    struct master_word word; /* for every kind: its place and how it is shown */
};

/* One open file; include puts another one on top. */
struct source_text {
    const char *at, *end, *line_start;
    uint32_t line, file;
    unsigned nesting;
};

struct parser {
    struct bind_conf *c;
    struct source_text *files; /* the open ones, the last one on top */
    size_t depth, capacity;
    char **texts; /* of all files: words point into them */
    size_t text_count, text_capacity;
    struct conf_token token; /* the one being looked at */
    bool binary;             /* masterfile-format of options and views */
    bool other_class;        /* of the view */
};

static int refuse(struct parser *p, const char *what, const char *expected)
{
    return master_refuse(p->c->diag, &p->token.word, what, expected);
}

static struct source_text *top(struct parser *p)
{
    return &p->files[p->depth - 1];
}

static void point_at(struct parser *p)
{
    p->c->diag->file = p->depth ? p->c->i->m->files[top(p)->file] : NULL;
}

/* --- words ------------------------------------------------------------------------------------ */

static bool comment_starts(const struct source_text *f)
{
    return *f->at == '#' ||
           (*f->at == '/' && f->at + 1 < f->end && (f->at[1] == '/' || f->at[1] == '*'));
}

static void step(struct source_text *f)
{
    if (*f->at++ == '\n') {
        f->line++;
        f->line_start = f->at;
    }
}

static int skip_comment(struct parser *p, struct source_text *f)
{
    bool block = f->at[0] == '/' && f->at[1] == '*';
    uint32_t line = f->line, column = (uint32_t)(f->at - f->line_start) + 1;
    if (!block) {
        while (f->at < f->end && *f->at != '\n')
            f->at++;
        return 0;
    }
    for (f->at += 2; f->at < f->end; step(f)) {
        if (f->at[0] == '*' && f->at + 1 < f->end && f->at[1] == '/') {
            f->at += 2;
            return 0;
        }
    }
    p->c->diag->line = line;
    p->c->diag->column = column;
    return diag_set(p->c->diag, PTRD_EINVAL, "a comment that is not closed, expected `*/`");
}

static int skip_blanks(struct parser *p, struct source_text *f)
{
    int r = 0;
    while (r == 0 && f->at < f->end) {
        if (comment_starts(f))
            r = skip_comment(p, f);
        else if (*f->at == ' ' || *f->at == '\t' || *f->at == '\r' || *f->at == '\n')
            step(f);
        else
            break;
    }
    return r;
}

/* \" is a quote; any other backslash is one. */
static int read_quoted(struct parser *p, struct source_text *f, struct master_word *w)
{
    struct import_text t = {.at = NULL};
    step(f);
    import_text_add(&t, "", 0);
    while (f->at < f->end && *f->at != '"') {
        if (*f->at == '\\' && f->at + 1 < f->end && f->at[1] == '"')
            step(f);
        import_text_add(&t, f->at, 1);
        step(f);
    }
    const char *copy = t.failed ? NULL : model_strndup(p->c->i->m, t.at, t.len);
    w->text = copy;
    w->len = t.len;
    w->quoted = true;
    import_text_done(&t);
    if (!copy)
        return import_no_memory(p->c->diag);
    if (f->at == f->end) {
        p->c->diag->line = w->line;
        p->c->diag->column = w->column;
        return diag_set(p->c->diag, PTRD_EINVAL, "a quote that is not closed");
    }
    step(f);
    return 0;
}

static void read_plain(struct source_text *f, struct master_word *w)
{
    w->text = f->at;
    while (f->at < f->end && !strchr(" \t\r\n{};\"", *f->at) && !comment_starts(f))
        f->at++;
    if (f->at == w->text) /* strchr finds the NUL too: no word holds one */
        f->at++;
    w->len = (size_t)(f->at - w->text);
}

static void pop(struct parser *p)
{
    p->depth--;
    point_at(p);
}

/* The next token; the end of an included file is none. */
static int next(struct parser *p)
{
    struct source_text *f = top(p);
    int r = skip_blanks(p, f);
    while (r == 0 && f->at == f->end && p->depth > 1) {
        pop(p);
        f = top(p);
        r = skip_blanks(p, f);
    }
    if (r < 0)
        return r;
    struct master_word *w = &p->token.word;
    *w = (struct master_word){
        .text = f->at, .len = 1, .line = f->line, .column = (uint32_t)(f->at - f->line_start) + 1};
    p->token.kind = WORD;
    if (f->at == f->end) {
        p->token.kind = END;
        w->text = "end of the file";
        w->len = strlen(w->text);
    } else if (*f->at == '"') {
        return read_quoted(p, f, w);
    } else if (strchr("{};", *f->at) && *f->at) {
        p->token.kind = *f->at == '{' ? OPEN : *f->at == '}' ? CLOSE : SEMICOLON;
        f->at++;
    } else {
        read_plain(f, w);
    }
    return 0;
}

static int expect(struct parser *p, enum kind kind, const char *what, const char *expected)
{
    return p->token.kind == kind ? next(p) : refuse(p, what, expected);
}

static bool is_word(const struct parser *p, const char *text)
{
    return p->token.kind == WORD && master_word_is(&p->token.word, text);
}

/* The rest of a statement, its closing semicolon included. */
static int skip_statement(struct parser *p)
{
    unsigned depth = 0;
    for (;;) {
        enum kind kind = p->token.kind;
        if (kind == END)
            return refuse(p, "the statement's end", depth ? "`}`" : "`;`");
        if (kind == CLOSE && depth == 0)
            return refuse(p, "the statement's end", "`;`");
        depth += kind == OPEN;
        depth -= kind == CLOSE;
        int r = next(p);
        if (r < 0 || (kind == SEMICOLON && depth == 0))
            return r;
    }
}

/* WORD; behind the key. */
static int read_value(struct parser *p, const char *what, struct master_word *out)
{
    if (p->token.kind != WORD)
        return refuse(p, what, "a value");
    *out = p->token.word;
    int r = next(p);
    return r == 0 ? expect(p, SEMICOLON, what, "`;` behind its value") : r;
}

/* --- include ---------------------------------------------------------------------------------- */

/* Room for one more element of size octets behind count. */
static int reserve(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return 0;
    void *grown = realloc(*items, (*capacity * 2 + 16) * size);
    if (!grown)
        return PTRD_ENOMEM;
    *items = grown;
    *capacity = *capacity * 2 + 16;
    return 0;
}

static int keep_text(struct parser *p, char *text)
{
    void *texts = p->texts;
    int r = reserve(&texts, p->text_count, &p->text_capacity, sizeof *p->texts);
    p->texts = texts;
    if (r < 0)
        free(text);
    else
        p->texts[p->text_count++] = text;
    return r < 0 ? import_no_memory(p->c->diag) : 0;
}

static int push(struct parser *p, const char *path, unsigned nesting, bool only_regular)
{
    struct source_text f = {.line = 1, .nesting = nesting};
    char *text;
    size_t len;
    if (nesting > IMPORT_DEPTH_MAX)
        return diag_set(
            p->c->diag, PTRD_EINVAL,
            "`%.512s` is included %d files deep, expected fewer that include each other", path,
            IMPORT_DEPTH_MAX);
    int r = import_read_file(path, only_regular, &text, &len, p->c->diag);
    if (r == 0)
        r = keep_text(p, text);
    if (r == 0)
        r = import_add_file(p->c->i, path, FILE_ZONE_NONE, p->c->diag);
    if (r < 0)
        return r;
    f.file = (uint32_t)r;
    f.at = f.line_start = text;
    f.end = text + len;
    void *files = p->files;
    r = reserve(&files, p->depth, &p->capacity, sizeof *p->files);
    p->files = files;
    if (r < 0)
        return import_no_memory(p->c->diag);
    p->files[p->depth++] = f;
    return 0;
}

/* A pattern of the shell stands for all files that it matches, in their order. */
static int push_all(struct parser *p, const char *pattern)
{
    glob_t found;
    unsigned nesting = top(p)->nesting + 1;
    int r = 0;
    if (glob(pattern, GLOB_NOCHECK, NULL, &found) != 0)
        return import_no_memory(p->c->diag);
    /* The last one first: it is read when those on top of it are done. */
    for (size_t i = found.gl_pathc; r == 0 && i > 0; i--)
        r = push(p, found.gl_pathv[i - 1], nesting, true);
    globfree(&found);
    if (r == 0)
        point_at(p);
    return r;
}

static int read_include(struct parser *p)
{
    struct diag *diag = p->c->diag;
    int r = next(p);
    if (r < 0)
        return r;
    if (p->token.kind != WORD)
        return refuse(p, "include", "a file");
    struct master_word w = p->token.word;
    const char *path = import_path(p->c->i->m, p->c->directory, w.text, w.len);
    if (!path)
        return import_no_memory(diag);
    r = next(p);
    if (r == 0 && p->token.kind != SEMICOLON)
        return refuse(p, "include", "`;` behind its file");
    diag->line = w.line;
    diag->column = w.column;
    r = r == 0 ? push_all(p, path) : r;
    return r == 0 ? next(p) : r;
}

/* --- zones ------------------------------------------------------------------------------------ */

struct statement {
    struct master_word name, type, file;
    struct model_place place;
    bool has_type, has_file, in_view, other_class, binary;
};

static int read_zone_key(struct parser *p, struct statement *z)
{
    struct master_word w;
    bool type = is_word(p, "type"), file = is_word(p, "file");
    bool format = is_word(p, "masterfile-format");
    z->in_view |= is_word(p, "in-view");
    int r = next(p);
    if (r < 0 || !(type || file || format))
        return r < 0 ? r : skip_statement(p);
    r = read_value(p, type ? "type" : file ? "file" : "masterfile-format", &w);
    if (r == 0 && type) {
        z->type = w;
        z->has_type = true;
    } else if (r == 0 && file) {
        z->file = w;
        z->has_file = true;
    } else if (r == 0) {
        z->binary = !master_word_is(&w, "text");
    }
    return r;
}

static int add_zone(struct parser *p, const struct statement *z, const struct name *apex)
{
    struct bind_conf *c = p->c;
    if (c->zone_count == c->zone_capacity) {
        uint32_t capacity = c->zone_capacity ? c->zone_capacity * 2 : 64;
        struct bind_zone *grown = realloc(c->zones, capacity * sizeof *grown);
        if (!grown)
            return import_no_memory(c->diag);
        c->zones = grown;
        c->zone_capacity = capacity;
    }
    const char *file = model_strndup(c->i->m, z->file.text, z->file.len);
    if (!file)
        return import_no_memory(c->diag);
    c->zones[c->zone_count++] = (struct bind_zone){.apex = *apex, .file = file, .place = z->place};
    return 0;
}

static bool word_is(const struct master_word *w, const char *text)
{
    return w->len == strlen(text) && strncasecmp(w->text, text, w->len) == 0;
}

/* Primary zones of class IN are taken. */
static int judge_zone(struct parser *p, const struct statement *z)
{
    struct source_import *i = p->c->i;
    struct name apex;
    int len = (int)(z->name.len < 256 ? z->name.len : 256);
    if (z->other_class || z->in_view) {
        import_note(i, z->place, "zone `%.*s` is %s: left out", len, z->name.text,
                    z->in_view ? "that of another view" : "not of class IN");
        return 0;
    }
    if (!z->has_type)
        return master_refuse(p->c->diag, &z->name, "a zone without `type`", "one");
    if (!word_is(&z->type, "master") && !word_is(&z->type, "primary")) {
        import_note(i, z->place, "zone `%.*s` is of type %.*s: left out", len, z->name.text,
                    (int)(z->type.len < 64 ? z->type.len : 64), z->type.text);
        return 0;
    }
    if (name_parse(z->name.text, z->name.len, &apex, NULL) < 0)
        return master_refuse(p->c->diag, &z->name, "the zone's name", "a name");
    if (apex.len == 1) {
        import_note(i, z->place, "the root is no zone that can be served here: left out");
        return 0;
    }
    if (!z->has_file)
        return master_refuse(p->c->diag, &z->name, "a primary zone without `file`", "one");
    if (z->binary)
        return master_refuse(p->c->diag, &z->name, "a zone in a binary `masterfile-format`",
                             "text (named-compilezone makes it)");
    return add_zone(p, z, &apex);
}

static bool takes_other_class(const struct parser *p)
{
    return p->token.kind == WORD && !is_word(p, "IN");
}

static int read_zone(struct parser *p)
{
    struct statement z = {.other_class = p->other_class, .binary = p->binary};
    int r = next(p);
    if (r == 0 && p->token.kind != WORD)
        return refuse(p, "zone", "a name");
    z.name = p->token.word;
    z.place =
        (struct model_place){.line = z.name.line, .column = z.name.column, .file = top(p)->file};
    if (r == 0)
        r = next(p);
    if (r == 0 && p->token.kind == WORD) {
        z.other_class |= takes_other_class(p);
        r = next(p);
    }
    if (r == 0)
        r = expect(p, OPEN, "zone", "`{`, or a class and `{`");
    while (r == 0 && p->token.kind != CLOSE && p->token.kind != END)
        r = is_word(p, "include") ? read_include(p) : read_zone_key(p, &z);
    if (r == 0)
        r = expect(p, CLOSE, "the zone's end", "`}`");
    if (r == 0)
        r = expect(p, SEMICOLON, "the zone's end", "`;`");
    return r == 0 ? judge_zone(p, &z) : r;
}

/* --- options, views, the whole ---------------------------------------------------------------- */

static int read_directory(struct parser *p)
{
    struct master_word w;
    int r = next(p);
    if (r == 0)
        r = read_value(p, "directory", &w);
    if (r < 0)
        return r;
    p->c->directory = import_path(p->c->i->m, p->c->directory, w.text, w.len);
    return p->c->directory ? 0 : import_no_memory(p->c->diag);
}

static int read_format(struct parser *p)
{
    struct master_word w;
    int r = next(p);
    if (r == 0)
        r = read_value(p, "masterfile-format", &w);
    if (r == 0)
        p->binary = !master_word_is(&w, "text");
    return r;
}

static int read_statements(struct parser *p, bool view);

static int read_view(struct parser *p)
{
    bool binary = p->binary;
    int r = next(p);
    if (r == 0 && p->token.kind != WORD)
        return refuse(p, "view", "a name");
    if (r == 0)
        r = next(p);
    p->other_class = r == 0 && takes_other_class(p);
    if (r == 0 && p->token.kind == WORD)
        r = next(p);
    if (r == 0)
        r = expect(p, OPEN, "view", "`{`, or a class and `{`");
    if (r == 0)
        r = read_statements(p, true);
    if (r == 0)
        r = expect(p, CLOSE, "the view's end", "`}`");
    p->other_class = false;
    p->binary = binary;
    return r == 0 ? expect(p, SEMICOLON, "the view's end", "`;`") : r;
}

static int read_options(struct parser *p)
{
    int r = next(p);
    if (r == 0)
        r = expect(p, OPEN, "options", "`{`");
    while (r == 0 && p->token.kind != CLOSE && p->token.kind != END) {
        if (is_word(p, "include"))
            r = read_include(p);
        else if (is_word(p, "directory"))
            r = read_directory(p);
        else if (is_word(p, "masterfile-format"))
            r = read_format(p);
        else
            r = skip_statement(p);
    }
    if (r == 0)
        r = expect(p, CLOSE, "the end of options", "`}`");
    return r == 0 ? expect(p, SEMICOLON, "the end of options", "`;`") : r;
}

static int read_statements(struct parser *p, bool view)
{
    int r = 0;
    while (r == 0 && p->token.kind != END && p->token.kind != CLOSE) {
        if (p->token.kind == SEMICOLON)
            r = next(p);
        else if (is_word(p, "include"))
            r = read_include(p);
        else if (is_word(p, "zone"))
            r = read_zone(p);
        else if (view && is_word(p, "masterfile-format"))
            r = read_format(p);
        else if (!view && is_word(p, "view"))
            r = read_view(p);
        else if (!view && is_word(p, "options"))
            r = read_options(p);
        else
            r = skip_statement(p);
    }
    return r;
}

int bind_conf_read(struct bind_conf *c, const char *path)
{
    struct parser p = {.c = c};
    c->directory = import_directory(c->i->m, path);
    int r = c->directory ? push(&p, path, 0, false) : import_no_memory(c->diag);
    if (r == 0) {
        point_at(&p);
        r = next(&p);
    }
    if (r == 0)
        r = read_statements(&p, false);
    if (r == 0 && p.token.kind == CLOSE)
        r = refuse(&p, "a statement", "none: no `{` is open");
    for (size_t i = 0; i < p.text_count; i++)
        free(p.texts[i]);
    free(p.texts);
    free(p.files);
    return r; /* diag->file lies in the model */
}

void bind_conf_done(struct bind_conf *c)
{
    free(c->zones);
    c->zones = NULL;
}
