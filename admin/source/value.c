/* Names, TTLs and lists as they stand in a zones file. */
#include "file_p.h"

#include "ptrd/core/arpa.h"

#include <stdio.h>
#include <string.h>

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

int value_server(struct source *s, const struct conf_node *node, struct name *out)
{
    int r = value_name(s, node, "`ns`", NULL, out);
    if (r == 0 && out->len == 1)
        return conf_refuse(node, s->diag, "`ns`: the root is no name server");
    return r;
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

int value_prefix(struct source *s, const struct conf_node *node, struct prefix *out)
{
    const char *text;
    size_t len;
    struct diag inner = {0};
    int r = conf_text(node, "`prefix`", &text, &len, s->diag);
    if (r == 0 && prefix_parse(text, len, out, &inner) < 0)
        return conf_refuse(node, s->diag, "`prefix`: %s", inner.message);
    return r;
}

#define STYLES_SIZE 64

/* The spellings of RFC 2317 4 and their usual relatives, below the name of the /24. */
static int parse_style(const char *text, size_t len, const struct prefix *prefix, struct name *out,
                       char usual[STYLES_SIZE])
{
    unsigned first = (unsigned)(prefix->num & 255), last = first | (255u >> (prefix->len - 24));
    char styles[3][16];
    struct prefix around = {.num = prefix->num & ~(u128)255, .family = FAMILY_IPV4, .len = 24};
    struct name origin;
    (void)snprintf(styles[0], sizeof styles[0], "%u/%u", first, (unsigned)prefix->len);
    (void)snprintf(styles[1], sizeof styles[1], "%u-%u", first, (unsigned)prefix->len);
    (void)snprintf(styles[2], sizeof styles[2], "%u-%u", first, last);
    (void)snprintf(usual, STYLES_SIZE, "\"%s\", \"%s\", \"%s\"", styles[0], styles[1], styles[2]);
    for (unsigned i = 0; i < 3; i++)
        if (strlen(styles[i]) == len && memcmp(styles[i], text, len) == 0 &&
            arpa_prefix_name(&around, &origin) == 0)
            return name_parse_relative(text, len, &origin, out, NULL) < 0 ? PTRD_EINVAL
                                                                          : PTRD_FOUND;
    return PTRD_ABSENT;
}

int value_child(struct source *s, const struct conf_node *node, const char *what,
                const struct prefix *prefix, struct name *out)
{
    const char *text;
    size_t len;
    char usual[STYLES_SIZE], shown[RANGE_TEXT_SIZE], quoted[CONF_QUOTE_SIZE];
    prefix_print(prefix, shown);
    if (prefix->family != FAMILY_IPV4 || prefix->len <= 24)
        return conf_refuse(node->key, s->diag,
                           "%s: it is for an IPv4 prefix longer than /24 (RFC 2317), found %s",
                           what, shown);
    int r = conf_text(node, what, &text, &len, s->diag);
    if (r < 0)
        return r;
    r = parse_style(text, len, prefix, out, usual);
    if (r == PTRD_FOUND)
        return 0;
    if (r == PTRD_ABSENT && !memchr(text, '.', len))
        return conf_refuse(node, s->diag, "%s: expected %s or a full name for %s, found %s", what,
                           usual, shown, conf_quote(text, len, quoted));
    r = value_name(s, node, what, NULL, out);
    if (r < 0)
        return r;
    if (out->len == 1 || name_is_wildcard(out))
        return conf_refuse(node, s->diag,
                           "%s: expected a name below which the PTRs stand, found %s", what,
                           conf_quote(text, len, quoted));
    if (out->len > NAME_WIRE_MAX - 4) /* the label of an octet */
        return conf_refuse(node, s->diag,
                           "%s: %s leaves no room for the octet of an address in front", what,
                           conf_quote(text, len, quoted));
    return 0;
}
