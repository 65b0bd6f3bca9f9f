/* Why YAML could not read a line: a template, `@` or `*` stands without quotes, or an IPv6 text
 * that begins or ends with ':', which is no plain scalar.
 *
 * libyaml 0.2.5 stops with "found unexpected ':'" (`{p: 2001:db8::, q: 1}`), "did not find expected
 * node content" (`[::1]`) or "mapping values are not allowed" (`p: 2001:db8::` at a line's end), or
 * reads `- 2001:db8::` as a mapping. The place that it names lies inside the word or behind it. */
#include "conf_p.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool conf_ipv6_word(const char *word, size_t len)
{
    if (len < 2 || (word[0] != ':' && word[len - 1] != ':'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isxdigit((unsigned char)word[i]) && !strchr(":./-", word[i]))
            return false;
    return memmem(word, len, "::", 2) != NULL;
}

/* Start of a line counted from 0. */
static const char *find_line(const char *text, size_t len, size_t line)
{
    const char *p = text, *end = text + len;
    while (line > 0) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl)
            return end;
        p = nl + 1;
        line--;
    }
    return p;
}

const char *conf_find_place(const char *text, size_t len, size_t line, size_t column)
{
    const char *end = text + len, *p = find_line(text, len, line);
    for (; column > 0 && p < end && *p != '\n'; column--) {
        p++;
        while (p < end && ((unsigned char)*p & 0xc0) == 0x80)
            p++;
    }
    return p;
}

static bool ends_word(char c)
{
    return c == '\0' || strchr(" \t\r\n,[]{}\"'#", c) != NULL;
}

/* `{::1: x}`: the last ':' belongs to the mapping, not to the address. */
static const char *leave_out_key_colon(const char *first, const char *last)
{
    if (last - first < 3 || first[0] != ':' || last[-1] != ':')
        return last;
    return last[-2] != ':' || last[-3] == ':' ? last - 1 : last;
}

bool conf_hint_ipv6(const char *text, size_t len, size_t line, size_t column, char *out,
                    size_t size)
{
    const char *end = text + len, *start = find_line(text, len, line);
    const char *p = conf_find_place(text, len, line, column);
    if (p > start && (p == end || ends_word(*p)))
        p--; /* the place is just behind the word */
    const char *first = p, *last = p;
    while (first > start && !ends_word(first[-1]))
        first--;
    while (last < end && !ends_word(*last))
        last++;
    last = leave_out_key_colon(first, last);
    if (last <= first || !conf_ipv6_word(first, (size_t)(last - first)))
        return false;
    char quoted[CONF_QUOTE_SIZE];
    conf_quote(first, (size_t)(last - first), quoted);
    snprintf(out, size,
             "%s is not quoted: YAML cannot read an IPv6 text that begins or ends with ':' here, "
             "write \"%.*s\"",
             quoted, (int)(last - first > 100 ? 100 : last - first), first);
    return true;
}

/* A '{' or '}' that touches a letter of a label, outside quotes: `{ip}.isp.example`, `h{host}`. */
static bool holds_template(const char *p, const char *end)
{
    char quote = '\0';
    for (; p < end && *p != '\n'; p++) {
        if (quote)
            quote = *p == quote ? '\0' : quote;
        else if (*p == '"' || *p == '\'')
            quote = *p;
        else if (*p == '}' && p + 1 < end && (isalnum((unsigned char)p[1]) || strchr(".-{", p[1])))
            return true;
        else if (*p == '{' && isalnum((unsigned char)p[-1]))
            return true;
    }
    return false;
}

const char *conf_hint_quotes(const char *text, size_t len, size_t line, size_t column)
{
    const char *end = text + len, *start = find_line(text, len, line);
    const char *p = conf_find_place(text, len, line, column);
    if (p < end && *p == '@')
        return "; `@` needs quotes: \"@\"";
    if (p > start && p[-1] == '*')
        return "; a name with `*` needs quotes: \"*\"";
    if (start < end && holds_template(start + 1, end))
        return "; a template needs quotes: \"{ip}.isp.example\"";
    return "";
}
