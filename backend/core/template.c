#include "ptrd/core/template.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "ptrd/core/octets.h"

/* --- numerals --------------------------------------------------------------------------------- */

static const char digit_text[] = "0123456789abcdefghijklmnopqrstuv";

int template_digit(char c, unsigned radix)
{
    unsigned value;
    if (c >= '0' && c <= '9')
        value = (unsigned)(c - '0');
    else if (c >= 'a' && c <= 'v')
        value = (unsigned)(c - 'a') + 10;
    else
        return -1;
    return value < radix ? (int)value : -1;
}

static size_t print_short(u128 num, char *out)
{
    char text[ADDR_TEXT_SIZE];
    struct addr addr = {.num = num, .family = FAMILY_IPV6};
    size_t len = addr_print(&addr, text), at = 0;
    if (text[0] == ':')
        out[at++] = '0';
    for (size_t i = 0; i < len; i++)
        out[at++] = text[i] == ':' ? '-' : text[i];
    if (text[len - 1] == ':')
        out[at++] = '0';
    return at;
}

static size_t print_decimal(uint64_t value, size_t width, char *out)
{
    char digits[20];
    size_t len = 0;
    do
        digits[len++] = (char)('0' + value % 10);
    while (value /= 10);
    size_t zeros = width > len ? width - len : 0;
    for (size_t i = 0; i < zeros; i++)
        out[i] = '0';
    for (size_t i = 0; i < len; i++)
        out[zeros + i] = digits[len - 1 - i];
    return zeros + len;
}

/* step: bits of a digit; at least width digits. */
static size_t print_power(uint64_t value, unsigned step, size_t width, char *out)
{
    size_t len = width;
    while (len * step < 64 && value >> (len * step))
        len++;
    for (size_t i = len; i > 0; i--, value >>= step)
        out[i - 1] = digit_text[value & ((1u << step) - 1)];
    return len;
}

/* Digits of value, zero padded to width_min. */
static size_t print_number(const struct token *token, u128 value, char *out)
{
    unsigned step = token->radix == 16 ? 4 : 5;
    if (value <= UINT64_MAX)
        return token->radix == 10 ? print_decimal((uint64_t)value, token->width_min, out)
                                  : print_power((uint64_t)value, step, token->width_min, out);
    char digits[64];
    size_t len = 0;
    for (; value; value = token->radix == 10 ? value / 10 : value >> step)
        digits[len++] = digit_text[(unsigned)(value % token->radix)];
    while (len < token->width_min)
        digits[len++] = '0';
    for (size_t i = 0; i < len; i++)
        out[i] = digits[len - 1 - i];
    return len;
}

size_t template_field_print(const struct token *token, u128 num, char out[64])
{
    if (token->kind == TOKEN_SHORT)
        return print_short(num, out);
    if (token->radix == 16 && token->width_min == 4 && token->width_max == 4 && !token->base &&
        token->shift % 16 == 0 && token->bits == 16) { /* a group of {ip} */
        unsigned v =
            (unsigned)((uint64_t)(token->shift < 64 ? num : num >> 64) >> token->shift % 64);
        out[0] = digit_text[v >> 12 & 15];
        out[1] = digit_text[v >> 8 & 15];
        out[2] = digit_text[v >> 4 & 15];
        out[3] = digit_text[v & 15];
        return 4;
    }
    u128 value = (num - token_base(token)) >> token->shift & low_bits(token->bits);
    return print_number(token, value, out);
}

/* The number that text spells, within 128 bits. */
static int read_number(const char *text, size_t len, unsigned radix, u128 *out)
{
    u128 value = 0, limit = ~(u128)0 / radix;
    if (len <= 12) { /* below 2^64 in every radix */
        uint64_t small = 0;
        for (size_t i = 0; i < len; i++) {
            int digit = template_digit(text[i], radix);
            if (digit < 0)
                return PTRD_ABSENT;
            small = small * radix + (unsigned)digit;
        }
        *out = small;
        return PTRD_FOUND;
    }
    for (size_t i = 0; i < len; i++) {
        int digit = template_digit(text[i], radix);
        if (digit < 0 || value > limit)
            return PTRD_ABSENT;
        value = value * radix + (unsigned)digit;
        if (value < (unsigned)digit)
            return PTRD_ABSENT;
    }
    *out = value;
    return PTRD_FOUND;
}

/* Text that print_short can have made: at most one "--", groups of 1 to 4 digits. The exact
 * spelling is checked by printing it back. */
static int read_short(const char *text, size_t len, u128 *out)
{
    char colons[48];
    struct addr addr;
    if (len < 3 || len > 40)
        return PTRD_ABSENT;
    size_t skip = len > 3 && memcmp(text, "0--", 3) == 0;
    size_t cut = len > 3 && memcmp(text + len - 3, "--0", 3) == 0;
    if (len == 4 && memcmp(text, "0--0", 4) == 0) {
        *out = 0;
        return PTRD_FOUND;
    }
    size_t at = 0;
    for (size_t i = skip; i < len - cut; i++)
        colons[at++] = text[i] == '-' ? ':' : text[i];
    if (addr_parse(colons, at, &addr) < 0 || addr.family != FAMILY_IPV6)
        return PTRD_ABSENT;
    char back[64];
    if (print_short(addr.num, back) != len || memcmp(back, text, len) != 0)
        return PTRD_ABSENT;
    *out = addr.num;
    return PTRD_FOUND;
}

int template_field_read(const struct token *token, const char *text, size_t len, u128 *mask,
                        u128 *value)
{
    u128 number;
    if (token->kind == TOKEN_SHORT) {
        if (read_short(text, len, value) != PTRD_FOUND)
            return PTRD_ABSENT;
        *mask = ~(u128)0;
        return PTRD_FOUND;
    }
    if (len < token->width_min || len > token->width_max)
        return PTRD_ABSENT;
    if (token->width_min < token->width_max && len > 1 && text[0] == '0')
        return PTRD_ABSENT; /* canonical: no leading zeros */
    if (read_number(text, len, token->radix, &number) != PTRD_FOUND ||
        number > low_bits(token->bits))
        return PTRD_ABSENT;
    if (token->base) {
        *mask = ~low_bits(token->shift);
        *value = *token->base + (number << token->shift);
    } else {
        *mask = low_bits(token->bits) << token->shift;
        *value = number << token->shift;
    }
    return PTRD_FOUND;
}

/* --- address -> name -------------------------------------------------------------------------- */

/* {ip} of IPv6, the usual template: eight groups of four digits, hyphens between. out has room for
 * one hyphen more. */
static size_t print_ip(u128 num, char *out)
{
    const uint64_t halves[2] = {htobe64((uint64_t)(num >> 64)), htobe64((uint64_t)num)};
    octets x = octets_load(halves), high = x >> 4, low = x & 0x0f;
    const octets digits[2] = {
        octets_hex(__builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6,
                                           22, 7, 23)),
        octets_hex(__builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                           14, 30, 15, 31)),
    };
    for (unsigned i = 0; i < 8; i++) {
        memcpy(out + 5 * i, (const char *)digits + 4 * i, 4);
        out[5 * i + 4] = '-';
    }
    return 39;
}

int template_print(const struct template *t, u128 num, char out[TEMPLATE_OUT_MAX])
{
    size_t at = 0;
    for (unsigned i = 0; i < t->token_count; i++) {
        const struct token *token = &t->tokens[i];
        if (at + 255 > TEMPLATE_OUT_MAX)
            return PTRD_ELIMIT;
        if (i == t->ip_at) {
            at += print_ip(num, out + at);
            i += TEMPLATE_IP_TOKENS - 1;
        } else if (token->kind == TOKEN_LITERAL) {
            memcpy(out + at, token->text, token->text_len);
            at += token->text_len;
        } else {
            at += template_field_print(token, num, out + at);
        }
    }
    return (int)at;
}

int template_generate(const struct template *t, u128 num, struct name *out)
{
    char text[TEMPLATE_OUT_MAX];
    int printed = template_print(t, num, text);
    if (printed < 0 || printed + 2 > NAME_WIRE_MAX)
        return PTRD_ELIMIT;

    size_t len = (size_t)printed, label = 0;
    memcpy(out->wire + 1, text, len);
    while (label <= len) {
        const char *dot = memchr(text + label, '.', len - label);
        size_t size = dot ? (size_t)(dot - text) - label : len - label;
        if (size == 0 || size > LABEL_MAX)
            return PTRD_ELIMIT;
        out->wire[label] = (uint8_t)size;
        label += size + 1;
    }
    out->wire[label] = 0;
    out->len = (uint8_t)(label + 1);
    return 0;
}

/* --- name -> address -------------------------------------------------------------------------- */

int template_name_text(const struct name *name, char out[256], size_t *len)
{
    unsigned at = 0;
    if (name->len == 1)
        return PTRD_ABSENT;
    for (unsigned i = 0; name->wire[i]; i += name->wire[i] + 1u) {
        if (i)
            out[at++] = '.';
        for (unsigned k = 1; k <= name->wire[i]; k++) {
            uint8_t c = name->wire[i + k];
            if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
                return PTRD_ABSENT;
            out[at++] = (char)c;
        }
    }
    *len = at;
    return PTRD_FOUND;
}

struct match {
    const struct template *t;
    const char *text;
    bool whole;
    template_match_fn *fn;
    void *ctx;
};

static bool match_from(const struct match *m, int token, size_t end, u128 mask, u128 value);

/* Tries the field with every width it can have before text[end]. */
static bool match_field(const struct match *m, int token, size_t end, u128 mask, u128 value)
{
    const struct token *t = &m->t->tokens[token];
    size_t min = t->kind == TOKEN_SHORT ? 3 : t->width_min;
    size_t max = t->kind == TOKEN_SHORT ? 40 : t->width_max;
    for (size_t width = min; width <= max && width <= end; width++) {
        u128 field_mask, field_value;
        int found = template_field_read(t, m->text + end - width, width, &field_mask, &field_value);
        if (found != PTRD_FOUND || (value ^ field_value) & mask & field_mask)
            continue;
        if (!match_from(m, token - 1, end - width, mask | field_mask, value | field_value))
            return false;
    }
    return true;
}

/* Reads from the right: tokens[0..token] against text[0..end). Returns false to stop everything. */
static bool match_from(const struct match *m, int token, size_t end, u128 mask, u128 value)
{
    for (; token >= 0; token--) {
        const struct token *t = &m->t->tokens[token];
        if (t->kind != TOKEN_LITERAL)
            return match_field(m, token, end, mask, value);
        for (unsigned k = t->text_len; k > 0; k--) {
            if (end == 0)
                return !m->whole && t->text[k - 1] == '.' ? m->fn(m->ctx, mask, value) : true;
            if (m->text[--end] != t->text[k - 1])
                return true;
        }
    }
    return end == 0 && m->whole ? m->fn(m->ctx, mask, value) : true;
}

void template_match(const struct template *t, const char *text, size_t len, bool whole,
                    template_match_fn *fn, void *ctx)
{
    struct match m = {.t = t, .text = text, .whole = whole, .fn = fn, .ctx = ctx};
    (void)match_from(&m, t->token_count - 1, len, 0, 0);
}

void template_suffix(const struct template *t, struct name *out)
{
    char text[NAME_TEXT_SIZE];
    size_t at = sizeof text;
    unsigned i = t->token_count;
    for (; i > 0 && t->tokens[i - 1].kind == TOKEN_LITERAL; i--) {
        const struct token *k = &t->tokens[i - 1];
        if (k->text_len > at)
            break;
        at -= k->text_len;
        memcpy(text + at, k->text, k->text_len);
    }
    if (i > 0) { /* what stands before the first dot shares its label with a placeholder */
        const char *dot = memchr(text + at, '.', sizeof text - at);
        at = dot ? (size_t)(dot - text) + 1 : sizeof text;
    }
    if (at == sizeof text || name_parse(text + at, sizeof text - at, out, NULL))
        *out = (struct name){.len = 1};
}
