/* Templates: how an address becomes a name and a name an address. Their text: ptrd-zones(5).
 *
 * A template is compiled once for a block into tokens: literals (dots included, lower case) and
 * fields. A number field shows `bits` bits of (address - base) from `shift` up, in a radix, zero
 * padded to a fixed width or, when width_min < width_max, without leading zeros. `{ip:short}` is a
 * field of its own. Placeholders that are several fields ({ip} of IPv4, {ip:rev}) are expanded.
 * base is 0 except for {host} and {net/N} in a range that is no prefix; so blocks of one prefix
 * length compile one text to equal tokens and can share the template.
 *
 * generate and match live in one file and are inverses; a name is generated iff regenerating it
 * from the address found gives exactly the same octets. That a template is fit for its block
 * (injective, label rules) is proved by proof.h, not here. Pure and re-entrant. */
#ifndef PTRD_CORE_TEMPLATE_H
#define PTRD_CORE_TEMPLATE_H

#include "ptrd/core/name.h"
#include "ptrd/core/range.h"

enum token_kind { TOKEN_LITERAL, TOKEN_NUMBER, TOKEN_SHORT };

struct token {
    uint8_t kind;                 /* enum token_kind */
    uint8_t radix;                /* NUMBER: 10, 16 or 32 (base32hex, RFC 4648 7) */
    uint8_t shift, bits;          /* NUMBER: value = ((a - base) >> shift) & low_bits(bits) */
    uint8_t width_min, width_max; /* NUMBER: digits; equal = fixed, zero padded */
    uint8_t text_len;             /* LITERAL */
    union {                       /* both point into the template; 16 bytes a token */
        const char *text;         /* LITERAL: not terminated */
        const u128 *base;         /* NUMBER: NULL is 0 */
    };
};

static inline u128 token_base(const struct token *token)
{
    return token->kind == TOKEN_NUMBER && token->base ? *token->base : 0;
}

#define TEMPLATE_TEXT_MAX 1024
#define TEMPLATE_TOKENS_MAX 128
#define TEMPLATE_IP_TOKENS 15 /* eight groups and what stands between them */

struct template
{
    enum family family;
    bool relative; /* some token has base != 0: tokens fit one range only */
    u128 covered;  /* address bits that the fields show; all ones when relative with {host} */
    size_t size;   /* bytes of this allocation; equal templates are memcmp-able by tokens */
    uint16_t token_count;
    uint16_t ip_at; /* the first token of an {ip} of IPv6, which are TEMPLATE_IP_TOKENS; else
                       token_count */
    struct token tokens[];
};

struct template_var {
    const char *name;  /* not one of the placeholders' own names */
    const char *value; /* part of one label: letters, digits, hyphens */
};

/* Compiles text (len bytes, at most TEMPLATE_TEXT_MAX) for a block. Refused with a diag message
 * that names the placeholder and what would be accepted: unknown placeholder or variable, one that
 * is not for this family, {net/N} outside the block, empty label, a character that is no letter,
 * digit or hyphen, a literal label over 63. The result is one allocation, freed by template_free
 * (NULL legal). diag->column is the offset in text (from 1) where that is known. */
PTRD_CHECKED int template_compile(const char *text, size_t len, const struct range *block,
                                  const struct template_var *vars, unsigned var_count,
                                  struct template **out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3, 6);
void template_free(struct template *t);

/* True when both compile to the same tokens (so the same g over any block). */
bool template_equal(const struct template *a, const struct template *b) PTRD_NONNULL;

/* g(a) for an address of the block that the template was compiled for. PTRD_ELIMIT when a label or
 * the name is too long: never for a proved template. */
PTRD_CHECKED int template_generate(const struct template *t, u128 num,
                                   struct name *out) PTRD_NONNULL;

/* g(a) as dotted text without a final dot; label lengths are not checked (the proof uses it). out
 * holds TEMPLATE_OUT_MAX bytes; PTRD_ELIMIT when they do not suffice. Returns the length. */
#define TEMPLATE_OUT_MAX 2048
PTRD_CHECKED int template_print(const struct template *t, u128 num,
                                char out[TEMPLATE_OUT_MAX]) PTRD_NONNULL;

/* The text of one number or short field for an address: digits into out (at least 40 bytes, enough
 * for 128 bits in any radix and for {ip:short}); returns the length. */
size_t template_field_print(const struct token *token, u128 num, char out[64]) PTRD_NONNULL;

/* Digits of a radix: '0'..'9','a'..'v'; -1 when c is none. */
int template_digit(char c, unsigned radix);

/* The whole labels behind the last placeholder, where all names of the template lie; the root when
 * there are none. */
void template_suffix(const struct template *t, struct name *out) PTRD_NONNULL;

/* Reads the field's digits text[0..len) into bits of the address: value is shifted and based, mask
 * says which bits of the address it fixes (all ones for relative fields and {ip:short}).
 * PTRD_ABSENT when the text is no canonical spelling of any value of the field, else PTRD_FOUND. */
PTRD_CHECKED int template_field_read(const struct token *token, const char *text, size_t len,
                                     u128 *mask, u128 *value) PTRD_NONNULL;

/* Called with every consistent reading of a name: the bits of the address that it fixes. Returns
 * true to go on, false to stop. */
typedef bool template_match_fn(void *ctx, u128 mask, u128 value);

/* Tries to read text (lower-case dotted, no final dot) as the last labels of the template: the
 * whole of it (whole = true), or a proper suffix that ends at a label boundary (whole = false). All
 * readings, also those whose address lies outside the block: the caller compares by generating. */
void template_match(const struct template *t, const char *text, size_t len, bool whole,
                    template_match_fn *fn, void *ctx) PTRD_NONNULL_ARGS(1, 2, 5);

/* A name as lower-case dotted text when it holds only letters, digits and hyphens (so that it can
 * be a generated name), else PTRD_ABSENT. Returns PTRD_FOUND and the length in *len. */
PTRD_CHECKED int template_name_text(const struct name *name, char out[256],
                                    size_t *len) PTRD_NONNULL;

#endif
