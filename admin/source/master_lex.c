/* Lines and words of a master file (RFC 1035 5.1), as BIND cuts them: a word ends at a blank, a
 * quote, a parenthesis or a comment; a backslash takes the next character with it; parentheses join
 * lines. In key="a b" (RFC 9460 2.1) the quotes belong to the word. */
#include "import_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHOWN_MAX 80 /* octets of a refused word that a message repeats */

void master_lexer_init(struct master_lexer *x, const char *text, size_t len, struct diag *diag)
{
    *x = (struct master_lexer){
        .at = text, .end = text + len, .line_start = text, .line = 1, .diag = diag};
}

void master_line_done(struct master_line *line)
{
    free(line->words);
    *line = (struct master_line){.words = NULL};
}

bool master_word_is(const struct master_word *w, const char *text)
{
    return !w->quoted && strlen(text) == w->len && strncasecmp(w->text, text, w->len) == 0;
}

int master_refuse(struct diag *diag, const struct master_word *w, const char *what,
                  const char *expected)
{
    bool cut = w->len > SHOWN_MAX;
    diag->line = w->line;
    diag->column = w->column;
    return diag_set(diag, PTRD_EINVAL, "%s is `%.*s%s`, expected %s", what,
                    (int)(cut ? SHOWN_MAX : w->len), w->text, cut ? "..." : "", expected);
}

static int refuse_here(struct master_lexer *x, const char *at, const char *message)
{
    x->diag->line = x->line;
    x->diag->column = (uint32_t)(at - x->line_start) + 1;
    return diag_set(x->diag, PTRD_EINVAL, "%s", message);
}

static struct master_word *add_word(struct master_line *line)
{
    if (line->count == line->capacity) {
        size_t capacity = line->capacity ? line->capacity * 2 : 16;
        struct master_word *grown = realloc(line->words, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        line->words = grown;
        line->capacity = capacity;
    }
    return &line->words[line->count++];
}

static bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '(' || c == ')' ||
           c == '"';
}

/* Steps over a backslash and what it escapes. */
static int step_escape(struct master_lexer *x)
{
    if (x->at + 1 >= x->end || x->at[1] == '\n' || x->at[1] == '\r')
        return refuse_here(x, x->at,
                           "a backslash at the end of the line, expected a character "
                           "behind it");
    x->at += 2;
    return 0;
}

/* Up to the closing quote, which is left for the caller. */
static int step_quoted(struct master_lexer *x, const char *open)
{
    while (x->at < x->end && *x->at != '"') {
        if (*x->at == '\n')
            return refuse_here(x, open, "a quote that is not closed on its line");
        int r = 0;
        if (*x->at == '\\')
            r = step_escape(x);
        else
            x->at++;
        if (r < 0)
            return r;
    }
    return x->at < x->end ? 0 : refuse_here(x, open, "a quote that is not closed");
}

static int read_quoted(struct master_lexer *x, struct master_word *w)
{
    const char *open = x->at++;
    w->text = x->at;
    w->quoted = true;
    int r = step_quoted(x, open);
    w->len = (size_t)(x->at - w->text);
    x->at++;
    return r;
}

static int read_plain(struct master_lexer *x, struct master_word *w)
{
    int r = 0;
    w->text = x->at;
    w->quoted = false;
    while (r == 0 && x->at < x->end) {
        unsigned char c = (unsigned char)*x->at;
        if (c == '"' && x->at > w->text && x->at[-1] == '=') {
            const char *open = x->at++;
            r = step_quoted(x, open);
            x->at++;
        } else if (ends_word((char)c)) {
            break;
        } else if (c < ' ' || c == 0x7f) {
            r = refuse_here(x, x->at, "a control character, expected it written as \\DDD");
        } else if (c == '\\') {
            r = step_escape(x);
        } else {
            x->at++;
        }
    }
    w->len = (size_t)(x->at - w->text);
    return r;
}

static int read_word(struct master_lexer *x, struct master_line *line)
{
    struct master_word *w = add_word(line);
    if (!w)
        return import_no_memory(x->diag);
    w->line = x->line;
    w->column = (uint32_t)(x->at - x->line_start) + 1;
    return *x->at == '"' ? read_quoted(x, w) : read_plain(x, w);
}

static void next_line(struct master_lexer *x)
{
    x->at++;
    x->line++;
    x->line_start = x->at;
}

static void skip_comment(struct master_lexer *x)
{
    const char *end = memchr(x->at, '\n', (size_t)(x->end - x->at));
    x->at = end ? end : x->end;
}

/* Parentheses may be nested, as BIND has it. */
static int step_parenthesis(struct master_lexer *x, unsigned *depth, struct diag *opened)
{
    if (*x->at == ')' && *depth == 0)
        return refuse_here(x, x->at, "a closing parenthesis without an opening one");
    if (*x->at == '(' && *depth == 0) {
        opened->line = x->line;
        opened->column = (uint32_t)(x->at - x->line_start) + 1;
    }
    *depth += *x->at == '(' ? 1u : -1u;
    x->at++;
    return 0;
}

static void begin_line(struct master_lexer *x, struct master_line *line)
{
    line->count = 0;
    line->blank = x->at < x->end && (*x->at == ' ' || *x->at == '\t');
}

int master_next_line(struct master_lexer *x, struct master_line *line)
{
    unsigned depth = 0;
    struct diag opened = {.line = 0};
    int r = 0;
    begin_line(x, line);
    while (r == 0 && x->at < x->end) {
        char c = *x->at;
        if (c == '\n') {
            next_line(x);
            if (depth == 0 && line->count)
                return PTRD_FOUND;
            if (depth == 0)
                begin_line(x, line);
        } else if (c == ' ' || c == '\t' || c == '\r') {
            x->at++;
        } else if (c == ';') {
            skip_comment(x);
        } else if (c == '(' || c == ')') {
            r = step_parenthesis(x, &depth, &opened);
        } else {
            r = read_word(x, line);
        }
    }
    if (r == 0 && depth > 0) {
        x->diag->line = opened.line;
        x->diag->column = opened.column;
        return diag_set(x->diag, PTRD_EINVAL, "a parenthesis that is not closed");
    }
    return r < 0 ? r : line->count ? PTRD_FOUND : PTRD_ABSENT;
}

/* --- text ------------------------------------------------------------------------------------- */

void import_text_add(struct import_text *t, const char *text, size_t len)
{
    if (t->failed)
        return;
    if (t->len + len + 1 > t->capacity) {
        size_t capacity = (t->len + len + 1) * 2;
        char *grown = realloc(t->at, capacity);
        t->failed = !grown;
        if (!grown)
            return;
        t->at = grown;
        t->capacity = capacity;
    }
    memcpy(t->at + t->len, text, len);
    t->len += len;
    t->at[t->len] = '\0';
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static void add_octets(struct import_text *t, const char *text, size_t len)
{
    size_t plain = 0;
    for (size_t i = 0; i < len; i++) {
        bool escape = text[i] == '\\' && i + 1 < len;
        char number[8];
        if (!is_control(text[escape ? i + 1 : i])) {
            i += escape;
            continue;
        }
        import_text_add(t, text + plain, i - plain);
        i += escape;
        import_text_add(
            t, number,
            (size_t)snprintf(number, sizeof number, "\\%03u", (unsigned)(unsigned char)text[i]));
        plain = i + 1;
    }
    import_text_add(t, text + plain, len - plain);
}

void import_text_word(struct import_text *t, const struct master_word *w)
{
    if (t->len)
        import_text_add(t, " ", 1);
    if (w->quoted)
        import_text_add(t, "\"", 1);
    add_octets(t, w->text, w->len);
    if (w->quoted)
        import_text_add(t, "\"", 1);
}

void import_text_done(struct import_text *t)
{
    free(t->at);
    *t = (struct import_text){.at = NULL};
}
