/* Looking into a tree of nodes: the typed getters and their messages. */
#include "ptrd/conf/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUOTE_CHARACTERS 60
#define NEAREST_MAX 32 /* longest key that the nearest spelling is looked for */

const char *conf_quote(const char *text, size_t len, char out[CONF_QUOTE_SIZE])
{
    size_t at = 0, i = 0, characters = 0;
    out[at++] = '`';
    while (i < len && characters < QUOTE_CHARACTERS) {
        unsigned char c = (unsigned char)text[i++];
        out[at++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
        /* the continuation octets of one UTF-8 character stay together */
        while (i < len && ((unsigned char)text[i] & 0xc0) == 0x80 && at < CONF_QUOTE_SIZE - 8)
            out[at++] = text[i++];
        characters++;
        if (at >= CONF_QUOTE_SIZE - 8)
            break;
    }
    if (i < len) {
        memcpy(out + at, "...", 3);
        at += 3;
    }
    out[at++] = '`';
    out[at] = '\0';
    return out;
}

int conf_refuse(const struct conf_node *node, struct diag *diag, const char *format, ...)
{
    if (!diag)
        return PTRD_EINVAL;
    va_list args;
    va_start(args, format);
    vsnprintf(diag->message, sizeof diag->message, format, args);
    va_end(args);
    diag->line = node ? node->line : 0;
    diag->column = node ? node->column : 0;
    return PTRD_EINVAL;
}

bool conf_is_null(const struct conf_node *node)
{
    if (node->kind != CONF_SCALAR || node->quoted)
        return false;
    return node->text_len == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0;
}

void conf_describe(const struct conf_node *node, char *out, size_t size)
{
    char quoted[CONF_QUOTE_SIZE];
    if (node->kind == CONF_MAPPING)
        snprintf(out, size, "a mapping");
    else if (node->kind == CONF_SEQUENCE)
        snprintf(out, size, "a list");
    else if (conf_is_null(node))
        snprintf(out, size, "nothing");
    else if (node->quoted)
        snprintf(out, size, "the quoted text %s", conf_quote(node->text, node->text_len, quoted));
    else
        snprintf(out, size, "%s", conf_quote(node->text, node->text_len, quoted));
}

const struct conf_node *conf_get(const struct conf_node *mapping, const char *key)
{
    if (mapping->kind != CONF_MAPPING)
        return NULL;
    for (const struct conf_node *n = mapping->first; n; n = n->next)
        if (strcmp(n->key->text, key) == 0)
            return n;
    return NULL;
}

static int refuse_expected(const struct conf_node *node, const char *what, const char *expected,
                           struct diag *diag)
{
    char found[CONF_QUOTE_SIZE + 32];
    conf_describe(node, found, sizeof found);
    return conf_refuse(node, diag, "%s: expected %s, found %s", what, expected, found);
}

int conf_expect(const struct conf_node *node, enum conf_kind kind, const char *what,
                struct diag *diag)
{
    static const char *const names[] = {
        [CONF_SCALAR] = "a text", [CONF_MAPPING] = "a mapping", [CONF_SEQUENCE] = "a list"};
    if (node->kind == kind)
        return 0;
    return refuse_expected(node, what, names[kind], diag);
}

/* Optimal string alignment distance: inserted, left out, changed and swapped characters. */
static unsigned spelling_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][NEAREST_MAX + 1];
    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *before = rows[(i + 2) % 3], *row = rows[i % 3];
        const unsigned *two_before = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_before[j - 2] + 1 < best)
                best = two_before[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_len % 3][b_len];
}

static const char *nearest_key(const struct conf_node *key, const char *const known[])
{
    const char *nearest = NULL;
    unsigned best = 3; /* further than two slips is another word */
    if (key->text_len > NEAREST_MAX)
        return NULL;
    for (size_t i = 0; known[i]; i++) {
        size_t len = strlen(known[i]);
        if (len > NEAREST_MAX)
            continue;
        unsigned d = spelling_distance(key->text, key->text_len, known[i], len);
        if (d < best && d < len) {
            best = d;
            nearest = known[i];
        }
    }
    return nearest;
}

static int refuse_unknown(const struct conf_node *key, const char *const known[], const char *what,
                          struct diag *diag)
{
    char quoted[CONF_QUOTE_SIZE], list[512];
    size_t at = 0;
    list[0] = '\0';
    for (size_t i = 0; known[i] && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", known[i]);
    const char *nearest = nearest_key(key, known);
    conf_quote(key->text, key->text_len, quoted);
    if (nearest)
        return conf_refuse(key, diag, "%s: unknown key %s, did you mean `%s`? (known: %s)", what,
                           quoted, nearest, list);
    return conf_refuse(key, diag, "%s: unknown key %s (known: %s)", what, quoted, list);
}

int conf_known(const struct conf_node *mapping, const char *const known[], const char *what,
               struct diag *diag)
{
    for (const struct conf_node *n = mapping->first; n; n = n->next) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], n->key->text) != 0)
            i++;
        if (!known[i])
            return refuse_unknown(n->key, known, what, diag);
    }
    return 0;
}

/* Digits without leading zeros (YAML 1.1 reads those as octal) that fit 64 bits. */
static bool read_decimal(const char *text, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    if (len == 0 || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

int conf_number(const struct conf_node *node, const char *what, uint64_t min, uint64_t max,
                uint64_t *out, struct diag *diag)
{
    uint64_t value;
    if (node->kind == CONF_SCALAR && !node->quoted &&
        read_decimal(node->text, node->text_len, &value) && value >= min && value <= max) {
        *out = value;
        return 0;
    }
    char expected[96];
    snprintf(expected, sizeof expected, "a number from %llu to %llu", (unsigned long long)min,
             (unsigned long long)max);
    return refuse_expected(node, what, expected, diag);
}

int conf_bool(const struct conf_node *node, const char *what, bool *out, struct diag *diag)
{
    if (node->kind == CONF_SCALAR && !node->quoted) {
        if (strcmp(node->text, "yes") == 0 || strcmp(node->text, "true") == 0) {
            *out = true;
            return 0;
        }
        if (strcmp(node->text, "no") == 0 || strcmp(node->text, "false") == 0) {
            *out = false;
            return 0;
        }
    }
    return refuse_expected(node, what, "yes or no", diag);
}

int conf_text(const struct conf_node *node, const char *what, const char **out, size_t *len,
              struct diag *diag)
{
    if (node->kind != CONF_SCALAR || conf_is_null(node) || node->text_len == 0)
        return refuse_expected(node, what, "a text", diag);
    *out = node->text;
    *len = node->text_len;
    return 0;
}
