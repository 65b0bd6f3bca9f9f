/* First byte: which block. Up to the first newline: a template; behind it: a name. Whatever
 * compiles and is proved generates names that lead back to their address, and to no other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ptrd/core/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static const char *const ranges[] = {
    "198.51.100.0/24",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "198.51.100.7/32",
    "2001:db8::/32",
    "::/0",
    "20::/16",
    "2001:db8::1/128",
    "10.0.0.16-10.0.1.47",
    "2001:db8::fff0-2001:db8::1:000f",
};

static void check_address(const struct table *t, const struct block *b, u128 num)
{
    struct name name;
    struct addr found[2];
    const struct block *blocks[2];
    must(template_generate(b->template, num, &name) == 0);
    must(table_forward(t, &name, found, blocks) == 1);
    must(found[0].num == num && blocks[0] == b);
}

static void check_table(const struct table *t, const struct block *b, const char *text, size_t len)
{
    struct name name;
    struct addr found[2];
    const struct block *blocks[2];
    check_address(t, b, b->range.first);
    check_address(t, b, b->range.last);
    check_address(t, b, b->range.first + (b->range.last - b->range.first) / 3);
    if (name_parse(text, len, &name, NULL) < 0)
        return;
    (void)table_forward_below(t, &name);
    if (table_forward(t, &name, found, blocks) == 1)
        check_address(t, b, found[0].num);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table_builder *builder;
    struct table *t = NULL;
    struct range range;
    struct prefix prefix;
    char text[256];
    if (size < 2)
        return 0;
    const char *where = ranges[data[0] % (sizeof ranges / sizeof *ranges)];
    const uint8_t *newline = memchr(data, '\n', size);
    size_t len = newline ? (size_t)(newline - data) - 1 : size - 1;
    if ((newline == data) || len == 0 || len >= sizeof text || memchr(data + 1, '\0', len))
        return 0;
    memcpy(text, data + 1, len);
    text[len] = '\0';
    if (prefix_parse(where, strlen(where), &prefix, NULL) == 0)
        range = range_of_prefix(&prefix);
    else
        must(range_parse(where, strlen(where), &range, NULL) == 0);
    must(table_builder_new(&builder) == 0);
    if (table_add_block(builder, &range, text, NULL, 0, 60, 0, 0, NULL) == 0 &&
        table_finish(builder, &t, NULL, NULL) == 0) {
        const struct block *b = t->v4.count ? t->v4.blocks : t->v6.blocks;
        if (proof_block(b->template, &b->range, NULL) == 0)
            check_table(t, b, newline ? (const char *)newline + 1 : "",
                        newline ? size - len - 2 : 0);
    }
    table_free(t);
    table_builder_free(builder);
    return 0;
}
