#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the word that starts at text, up to its end or closing quote; -1 with *why. */
static long word_length(const char *text, size_t len, bool quoted, const char **why)
{
    bool inner = false; /* between the quotes of key="..." */
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (quoted ? c == '"' : !inner && is_blank(text[i]))
            return (long)i;
        if (c < 0x20 || c == 0x7f) {
            *why =
                "a line end or control character, expected one line (\\DDD writes such an octet)";
            return -1;
        }
        if (c == '"' && (inner || (i > 0 && text[i - 1] == '='))) {
            inner = !inner;
        } else if (!quoted && !inner && (c == '(' || c == ')' || c == ';' || c == '"')) {
            *why = "one of ( ) ; \" inside a word, expected it in quotes or after a backslash";
            return -1;
        }
        if (c == '\\' && ++i == len) {
            *why = "a backslash at the end";
            return -1;
        }
    }
    if (quoted || inner) {
        *why = "a quote that is not closed";
        return -1;
    }
    return (long)len;
}

static int split_into(const char *content, size_t len, struct tokens *t, const char **why)
{
    size_t at = 0;
    for (;;) {
        while (at < len && is_blank(content[at]))
            at++;
        if (at == len)
            return 0;
        bool quoted = content[at] == '"';
        at += quoted;
        long n = word_length(content + at, len - at, quoted, why);
        if (n < 0)
            return PTRD_EINVAL;
        t->items[t->count++] = (struct token){content + at, (size_t)n, quoted};
        at += (size_t)n + quoted;
        if (at < len && !is_blank(content[at])) {
            *why = "text right behind a closing quote, expected a blank";
            return PTRD_EINVAL;
        }
    }
}

int tokens_split(const char *content, size_t len, struct tokens *out, const char **why)
{
    struct tokens t = {.items = calloc(len / 2 + 2, sizeof *t.items)};
    if (t.items == NULL)
        return PTRD_ENOMEM;
    int rc = split_into(content, len, &t, why);
    if (rc < 0) {
        tokens_done(&t);
        return rc;
    }
    *out = t;
    return 0;
}

void tokens_done(struct tokens *t)
{
    free(t->items);
    *t = (struct tokens){0};
}

void bytes_add(struct bytes *b, const void *data, size_t len)
{
    if (b->failed != 0 || len == 0)
        return;
    if (len > RDATA_TEXT_MAX || b->len + len > RDATA_TEXT_MAX) {
        b->failed = PTRD_ELIMIT;
        return;
    }
    if (b->len + len > b->capacity) {
        size_t capacity = (b->len + len) * 2;
        uint8_t *grown = realloc(b->at, capacity);
        if (grown == NULL) {
            b->failed = PTRD_ENOMEM;
            return;
        }
        b->at = grown;
        b->capacity = capacity;
    }
    memcpy(b->at + b->len, data, len);
    b->len += len;
}

void bytes_add_text(struct bytes *b, const char *text)
{
    bytes_add(b, text, strlen(text));
}

void bytes_add_number(struct bytes *b, uint64_t value, unsigned octets)
{
    for (unsigned i = octets; i-- > 0;) {
        uint8_t octet = (uint8_t)(value >> (8 * i));
        bytes_add(b, &octet, 1);
    }
}

void bytes_done(struct bytes *b)
{
    free(b->at);
    *b = (struct bytes){0};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int token_octets(const struct token *t, struct bytes *out)
{
    for (size_t i = 0; i < t->len; i++) {
        uint8_t octet = (uint8_t)t->text[i];
        if (octet == '\\') {
            if (i + 1 >= t->len)
                return PTRD_EINVAL;
            if (!is_digit(t->text[i + 1])) {
                octet = (uint8_t)t->text[++i];
            } else {
                if (i + 3 >= t->len || !is_digit(t->text[i + 2]) || !is_digit(t->text[i + 3]))
                    return PTRD_EINVAL;
                int value = (t->text[i + 1] - '0') * 100 + (t->text[i + 2] - '0') * 10 +
                            (t->text[i + 3] - '0');
                if (value > 255)
                    return PTRD_EINVAL;
                octet = (uint8_t)value;
                i += 3;
            }
        }
        bytes_add(out, &octet, 1);
    }
    return 0;
}

void bytes_add_quoted(struct bytes *b, const uint8_t *octets, size_t len)
{
    bytes_add_text(b, "\"");
    for (size_t i = 0; i < len; i++) {
        char escape[8];
        if (octets[i] == '"' || octets[i] == '\\')
            snprintf(escape, sizeof escape, "\\%c", octets[i]);
        else if (octets[i] < 0x20 || octets[i] > 0x7e)
            snprintf(escape, sizeof escape, "\\%03u", octets[i]);
        else
            snprintf(escape, sizeof escape, "%c", octets[i]);
        bytes_add_text(b, escape);
    }
    bytes_add_text(b, "\"");
}
