#include "ptrd/core/template.h"

#include <stdlib.h>
#include <string.h>

/* A template under construction: literals gather in `text`, tokens point into it by offset until
 * the one allocation is made. */
struct draft {
    enum family family;
    const struct range *block;
    const struct template_var *vars;
    unsigned var_count;
    struct diag *diag;
    struct token tokens[TEMPLATE_TOKENS_MAX];
    uint16_t text_at[TEMPLATE_TOKENS_MAX];
    unsigned count;
    char text[TEMPLATE_TEXT_MAX];
    unsigned text_len;
    u128 bases[TEMPLATE_TOKENS_MAX];
    u128 covered;
    bool relative;
};

static int full(struct draft *d)
{
    return diag_set(d->diag, PTRD_ELIMIT, "the template is too long");
}

static int add_literal(struct draft *d, const char *text, size_t len)
{
    if (d->text_len + len > sizeof d->text)
        return full(d);
    bool joins = d->count && d->tokens[d->count - 1].kind == TOKEN_LITERAL;
    if (!joins) {
        if (d->count == TEMPLATE_TOKENS_MAX)
            return full(d);
        d->text_at[d->count] = (uint16_t)d->text_len;
        d->tokens[d->count++] = (struct token){.kind = TOKEN_LITERAL};
    }
    struct token *t = &d->tokens[d->count - 1];
    if (t->text_len + len > 253)
        return full(d);
    memcpy(d->text + d->text_len, text, len);
    d->text_len += (unsigned)len;
    t->text_len = (uint8_t)(t->text_len + len);
    return 0;
}

/* base: what is subtracted from the address first. */
static int add_number(struct draft *d, unsigned radix, unsigned shift, unsigned bits,
                      unsigned width_min, unsigned width_max, u128 base)
{
    if (d->count == TEMPLATE_TOKENS_MAX)
        return full(d);
    d->bases[d->count] = base;
    d->tokens[d->count++] = (struct token){.kind = TOKEN_NUMBER,
                                           .radix = (uint8_t)radix,
                                           .shift = (uint8_t)shift,
                                           .bits = (uint8_t)bits,
                                           .width_min = (uint8_t)width_min,
                                           .width_max = (uint8_t)width_max};
    d->relative |= base != 0;
    d->covered |= base ? ~low_bits(shift) : low_bits(bits) << shift;
    return 0;
}

/* --- the placeholders ------------------------------------------------------------------------- */

static bool is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* Decimal number of at most three digits without a leading zero; -1 for anything else. */
static int small_number(const char *text, size_t len)
{
    int value = 0;
    if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The four octets, from the most significant (step 1) or the least (step -1). */
static int add_octets(struct draft *d, bool reversed)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned shift = reversed ? 8 * i : 24 - 8 * i;
        int err = i ? add_literal(d, "-", 1) : 0;
        if (err == 0)
            err = add_number(d, 10, shift, 8, 1, 3, 0);
        if (err < 0)
            return err;
    }
    return 0;
}

static int add_groups(struct draft *d)
{
    for (unsigned i = 0; i < 8; i++) {
        int err = i ? add_literal(d, "-", 1) : 0;
        if (err == 0)
            err = add_number(d, 16, 112 - 16 * i, 16, 4, 4, 0);
        if (err < 0)
            return err;
    }
    return 0;
}

static int add_short(struct draft *d)
{
    if (d->count == TEMPLATE_TOKENS_MAX)
        return full(d);
    d->tokens[d->count++] = (struct token){.kind = TOKEN_SHORT};
    d->covered = ~(u128)0;
    return 0;
}

static int refuse(struct draft *d, const char *text, size_t len, const char *expected)
{
    return diag_set(d->diag, PTRD_EINVAL, "placeholder `{%.*s}`: %s", (int)(len < 80 ? len : 80),
                    text, expected);
}

static int add_ip(struct draft *d, const char *text, size_t len)
{
    bool v4 = d->family == FAMILY_IPV4;
    unsigned bits = family_bits(d->family);
    if (is(text, len, "ip"))
        return v4 ? add_octets(d, false) : add_groups(d);
    if (is(text, len, "ip:short"))
        return v4 ? add_octets(d, false) : add_short(d);
    if (is(text, len, "ip:hex"))
        return add_number(d, 16, 0, bits, bits / 4, bits / 4, 0);
    if (is(text, len, "ip:b32"))
        return add_number(d, 32, 0, bits, (bits + 4) / 5, (bits + 4) / 5, 0);
    if (is(text, len, "ip:rev") && v4)
        return add_octets(d, true);
    return refuse(d, text, len,
                  v4 ? "expected {ip}, {ip:short}, {ip:hex}, {ip:b32} or {ip:rev}"
                     : "expected {ip}, {ip:short}, {ip:hex} or {ip:b32} for IPv6");
}

/* {1}..{4} with :03, :x, :02x. */
static int add_octet(struct draft *d, const char *text, size_t len)
{
    int octet = text[0] - '0';
    if (d->family != FAMILY_IPV4)
        return refuse(d, text, len, "octets are for IPv4 blocks only (IPv6 has {g1}..{g8})");
    unsigned shift = 32 - 8 * (unsigned)octet;
    if (octet >= 1 && octet <= 4) {
        if (len == 1)
            return add_number(d, 10, shift, 8, 1, 3, 0);
        if (is(text + 1, len - 1, ":03"))
            return add_number(d, 10, shift, 8, 3, 3, 0);
        if (is(text + 1, len - 1, ":x"))
            return add_number(d, 16, shift, 8, 1, 2, 0);
        if (is(text + 1, len - 1, ":02x"))
            return add_number(d, 16, shift, 8, 2, 2, 0);
    }
    return refuse(d, text, len, "expected {1}..{4}, also with :03, :x or :02x, such as {4:03}");
}

/* {g1}..{g8}, {g1:x}..; {n1}..{n32}. */
static int add_group(struct draft *d, const char *text, size_t len)
{
    size_t digits = 1;
    while (digits < len && text[digits] != ':')
        digits++;
    int number = small_number(text + 1, digits - 1);
    bool var = is(text + digits, len - digits, ":x");
    if (d->family != FAMILY_IPV6)
        return refuse(d, text, len,
                      "groups and nibbles are for IPv6 blocks only (IPv4 has {1}..{4})");
    if (text[0] == 'g' && number >= 1 && number <= 8 && (var || digits == len))
        return add_number(d, 16, 128 - 16 * (unsigned)number, 16, var ? 1 : 4, 4, 0);
    if (text[0] == 'n' && number >= 1 && number <= 32 && digits == len)
        return add_number(d, 16, 128 - 4 * (unsigned)number, 4, 1, 1, 0);
    return refuse(d, text, len,
                  text[0] == 'g' ? "expected {g1}..{g8} or {g1:x}..{g8:x}"
                                 : "expected {n1}..{n32}");
}

static unsigned bit_length(u128 value)
{
    unsigned bits = 0;
    for (; value; value >>= 1)
        bits++;
    return bits;
}

static unsigned digit_count(u128 max, unsigned radix)
{
    unsigned digits = 1;
    for (; max >= radix; max /= radix)
        digits++;
    return digits;
}

/* {host}, {host:dec}, {host:b32}: the offset in the block, as wide as the greatest one. */
static int add_host(struct draft *d, const char *text, size_t len)
{
    uint8_t prefix_len;
    u128 max = d->block->last - d->block->first;
    u128 base = range_prefix_len(d->block, &prefix_len) ? 0 : d->block->first;
    unsigned radix = is(text, len, "host") ? 16 : is(text, len, "host:dec") ? 10 : 32;
    if (radix == 32 && !is(text, len, "host:b32"))
        return refuse(d, text, len, "expected {host}, {host:dec} or {host:b32}");
    unsigned width = digit_count(max, radix);
    return add_number(d, radix, 0, bit_length(max), width, width, base);
}

/* {net/N}: which of the /N subnets that the block touches, counted from the first. */
static int add_net(struct draft *d, const char *text, size_t len)
{
    unsigned bits = family_bits(d->family);
    int number = small_number(text + 4, len - 4);
    uint8_t prefix_len = 0;
    bool prefix = range_prefix_len(d->block, &prefix_len);
    if (number < 0 || (unsigned)number > bits)
        return refuse(d, text, len, "the length behind {net/ must be a number up to 32 or 128");
    if (prefix && number < prefix_len)
        return refuse(d, text, len, "the block is smaller than such a subnet");
    unsigned shift = bits - (unsigned)number;
    if (shift == 128) /* ::/0 as one subnet: nothing to count */
        return add_number(d, 16, 0, 0, 1, 1, 0);
    u128 first = d->block->first >> shift, max = (d->block->last >> shift) - first;
    unsigned width = digit_count(max, 16);
    return add_number(d, 16, shift, bit_length(max), width, width, prefix ? 0 : first << shift);
}

static bool is_ldh(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int add_var(struct draft *d, const char *text, size_t len)
{
    for (unsigned i = 0; i < d->var_count; i++) {
        if (!is(text, len, d->vars[i].name))
            continue;
        const char *value = d->vars[i].value;
        if (*value == '\0')
            return refuse(d, text, len, "the variable is empty");
        for (; *value; value++) {
            char c = lower(*value);
            if (!is_ldh(c))
                return refuse(d, text, len,
                              "the variable's value may hold letters, digits and hyphens only");
            int err = add_literal(d, &c, 1);
            if (err < 0)
                return err;
        }
        return 0;
    }
    return refuse(d, text, len, "no such placeholder, and the block has no variable of that name");
}

/* Placeholders that are words of their own, so that no variable can be called so. */
static bool is_reserved(const char *text, size_t len)
{
    size_t digits = len > 1 && (text[0] == 'g' || text[0] == 'n') ? 1 : 0;
    bool number = digits < len;
    for (size_t i = digits; i < len; i++)
        number = number && text[i] >= '0' && text[i] <= '9';
    return is(text, len, "ip") || is(text, len, "host") || is(text, len, "net") || number;
}

static int add_placeholder(struct draft *d, const char *text, size_t len)
{
    size_t head = 0;
    while (head < len && text[head] != ':' && text[head] != '/')
        head++;
    if (len == 0)
        return refuse(d, text, len, "empty");
    if (is(text, head, "ip"))
        return add_ip(d, text, len);
    if (is(text, head, "host"))
        return add_host(d, text, len);
    if (is(text, head, "net"))
        return head < len && text[head] == '/'
                   ? add_net(d, text, len)
                   : refuse(d, text, len, "expected {net/N}, N a prefix length such as {net/56}");
    if (is_reserved(text, head))
        return text[0] >= '0' && text[0] <= '9' ? add_octet(d, text, len) : add_group(d, text, len);
    return add_var(d, text, len);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int check_vars(struct draft *d)
{
    for (unsigned i = 0; i < d->var_count; i++) {
        size_t len = strlen(d->vars[i].name);
        if (is_reserved(d->vars[i].name, len))
            return diag_set(d->diag, PTRD_EINVAL,
                            "variable `%s` has the name of a placeholder: choose another",
                            d->vars[i].name);
    }
    return 0;
}

static int add_text(struct draft *d, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        int err;
        if (d->diag)
            d->diag->column = (uint32_t)i + 1;
        if (text[i] == '{') {
            const char *end = memchr(text + i, '}', len - i);
            if (!end)
                return diag_set(d->diag, PTRD_EINVAL, "`{` without its `}`");
            err = add_placeholder(d, text + i + 1, (size_t)(end - text) - i - 1);
            i = (size_t)(end - text) + 1;
        } else {
            char c = lower(text[i]);
            if (!is_ldh(c) && c != '.')
                return diag_set(d->diag, PTRD_EINVAL,
                                "`%c` cannot stand in a generated name: letters, digits, hyphens, "
                                "dots and {placeholders} can",
                                c > ' ' && c < 0x7f ? c : '?');
            err = add_literal(d, &c, 1);
            i++;
        }
        if (err < 0)
            return err;
    }
    return 0;
}

/* Fields are never empty, so an empty label shows in the literals alone. */
static int check_labels(struct draft *d)
{
    unsigned run = 0;
    for (unsigned i = 0; i < d->count; i++) {
        const struct token *t = &d->tokens[i];
        if (t->kind != TOKEN_LITERAL) {
            run = 1;
            continue;
        }
        for (unsigned k = 0; k < t->text_len; k++) {
            char c = d->text[d->text_at[i] + k];
            if (c == '.' && run == 0)
                return diag_set(d->diag, PTRD_EINVAL, "empty label (two dots, or a dot in front)");
            run = c == '.' ? 0 : run + 1;
        }
    }
    return run ? 0 : diag_set(d->diag, PTRD_EINVAL, "the template is empty or ends with two dots");
}

static bool is_group(const struct token *t, unsigned shift)
{
    return t->kind == TOKEN_NUMBER && t->radix == 16 && t->width_min == 4 && t->width_max == 4 &&
           !t->base && t->shift == shift && t->bits == 16;
}

/* Where an {ip} of IPv6 stands whole. */
static uint16_t find_ip(const struct template *t)
{
    for (unsigned i = 0; i + TEMPLATE_IP_TOKENS <= t->token_count; i++) {
        unsigned k = 0;
        for (; k < TEMPLATE_IP_TOKENS; k++) {
            const struct token *token = &t->tokens[i + k];
            bool hyphen =
                token->kind == TOKEN_LITERAL && token->text_len == 1 && token->text[0] == '-';
            if (!(k % 2 ? hyphen : is_group(token, 112 - 8 * k)))
                break;
        }
        if (k == TEMPLATE_IP_TOKENS)
            return (uint16_t)i;
    }
    return t->token_count;
}

static struct template *seal(const struct draft *d)
{
    size_t tokens = sizeof(struct template) + d->count * sizeof(struct token);
    size_t bases = (tokens + sizeof(u128) - 1) / sizeof(u128) * sizeof(u128);
    size_t base_count = d->relative ? d->count : 0;
    size_t size = bases + base_count * sizeof(u128) + d->text_len;
    struct template *t = calloc(1, size ? size : 1);
    if (!t)
        return NULL;
    u128 *base = (u128 *)((char *)t + bases);
    char *text = (char *)(base + base_count);
    *t = (struct template){.family = d->family,
                           .relative = d->relative,
                           .covered = d->covered & family_max(d->family),
                           .size = size,
                           .token_count = (uint16_t)d->count};
    memcpy(t->tokens, d->tokens, d->count * sizeof(struct token));
    memcpy(text, d->text, d->text_len);
    for (unsigned i = 0; i < d->count; i++) {
        if (t->tokens[i].kind == TOKEN_LITERAL) {
            t->tokens[i].text = text + d->text_at[i];
        } else if (t->tokens[i].kind == TOKEN_NUMBER && d->bases[i]) {
            base[i] = d->bases[i];
            t->tokens[i].base = &base[i];
        }
    }
    t->ip_at = find_ip(t);
    return t;
}

int template_compile(const char *text, size_t len, const struct range *block,
                     const struct template_var *vars, unsigned var_count, struct template **out,
                     struct diag *diag)
{
    struct draft d;
    d.family = block->family;
    d.block = block;
    d.vars = vars;
    d.var_count = var_count;
    d.diag = diag;
    d.count = d.text_len = 0;
    d.covered = 0;
    d.relative = false;

    if (len > TEMPLATE_TEXT_MAX)
        return full(&d);
    if (len && text[len - 1] == '.')
        len--;
    int err = check_vars(&d);
    if (err == 0)
        err = add_text(&d, text, len);
    if (err == 0)
        err = check_labels(&d);
    if (err < 0)
        return err;
    struct template *t = seal(&d);
    if (!t)
        return diag_set(diag, PTRD_ENOMEM, "out of memory");
    *out = t;
    return 0;
}

void template_free(struct template *t)
{
    free(t);
}

static bool token_equal(const struct token *a, const struct token *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == TOKEN_LITERAL)
        return a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0;
    return a->radix == b->radix && a->shift == b->shift && a->bits == b->bits &&
           a->width_min == b->width_min && a->width_max == b->width_max &&
           token_base(a) == token_base(b);
}

bool template_equal(const struct template *a, const struct template *b)
{
    if (a->family != b->family || a->token_count != b->token_count)
        return false;
    for (unsigned i = 0; i < a->token_count; i++)
        if (!token_equal(&a->tokens[i], &b->tokens[i]))
            return false;
    return true;
}
