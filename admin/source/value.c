/* Names, TTLs and lists as they stand in a zones file. */
#include "file_p.h"

#include "ptrd/core/range.h"

int source_no_memory(struct source *s)
{
    return diag_set(s->diag, PTRD_ENOMEM, "no memory for what the file holds");
}

long value_bad_octet(const char *text, size_t len, const char **why)
{
    *why = NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\\' && i + 1 < len && text[i + 1] > ' ' && text[i + 1] < 0x7f)
            i++; /* RFC 1035 5.1: an escape; its digits are read by name_parse */
        else if (c == ' ' || c == '\t')
            *why = "a blank in a name";
        else if (c < ' ' || c == 0x7f)
            *why = "a control character in a name";
        else if (c >= 0x80)
            *why = "a name holds ASCII only: write an internationalised name as xn--...";
        else if (c == '"' || c == '(' || c == ')' || c == ';')
            *why = "one of \" ( ) ; in a name needs a backslash";
        else
            continue;
        if (*why)
            return (long)i;
    }
    return -1;
}

int value_name(struct source *s, const struct conf_node *node, const char *what,
               const struct name *origin, struct name *out)
{
    const char *text, *why = NULL;
    char quoted[CONF_QUOTE_SIZE];
    size_t len;
    struct diag inner = {0};
    int r = conf_text(node, what, &text, &len, s->diag);
    if (r < 0)
        return r;
    if (value_bad_octet(text, len, &why) >= 0)
        return conf_refuse(node, s->diag, "%s: %s is no name: %s", what,
                           conf_quote(text, len, quoted), why);
    struct addr addr;
    if (!origin && addr_parse(text, len, &addr) == 0)
        return conf_refuse(node, s->diag, "%s: expected a name, found the address %s", what,
                           conf_quote(text, len, quoted));
    struct prefix prefix;
    if (!origin && prefix_parse(text, len, &prefix, NULL) == 0)
        return conf_refuse(node, s->diag, "%s: expected a name, found the prefix %s", what,
                           conf_quote(text, len, quoted));
    r = origin ? name_parse_relative(text, len, origin, out, &inner)
               : name_parse(text, len, out, &inner);
    if (r < 0)
        return conf_refuse(node, s->diag, "%s: %s is no name: %s", what,
                           conf_quote(text, len, quoted), inner.message);
    return 0;
}

int value_ttl(struct source *s, const struct conf_node *node, const char *what, uint32_t *out)
{
    uint64_t value;
    int r = conf_number(node, what, 0, TTL_MAX, &value, s->diag);
    if (r == 0)
        *out = (uint32_t)value;
    return r;
}

int value_list(struct source *s, const struct conf_node *node, const char *what,
               const struct conf_node **first, size_t *count)
{
    if (node->kind == CONF_SCALAR && !conf_is_null(node)) {
        *first = node;
        *count = 1;
        return 0;
    }
    int r = conf_expect(node, CONF_SEQUENCE, what, s->diag);
    if (r < 0)
        return r;
    if (node->count == 0)
        return conf_refuse(node, s->diag, "%s: expected at least one value, found an empty list",
                           what);
    *first = node->first;
    *count = node->count;
    return 0;
}
