/* Any octets as YAML: a tree with sane places, or a refusal with a message. */
#include "ptrd/conf/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void use_getters(const struct conf_node *n)
{
    static const char *const known[] = {"zones", "ptrs", NULL};
    struct diag diag = {0};
    uint64_t number;
    bool yes;
    const char *text;
    size_t len;
    if (conf_number(n, "x", 1, 9, &number, &diag) == 0)
        check(number >= 1 && number <= 9);
    (void)!conf_bool(n, "x", &yes, &diag);
    if (conf_text(n, "x", &text, &len, &diag) == 0)
        check(strlen(text) == len && len > 0);
    if (n->kind == CONF_MAPPING && conf_known(n, known, "x", &diag) < 0)
        check(diag.message[0] != '\0' && diag.line > 0);
}

static void walk(const struct conf_node *n, unsigned depth)
{
    size_t count = 0;
    check(depth <= CONF_DEPTH_MAX && n->line > 0 && n->column > 0);
    check(n->kind != CONF_SCALAR || strlen(n->text) == n->text_len);
    use_getters(n);
    for (const struct conf_node *c = n->first; c; c = c->next) {
        check((n->kind == CONF_MAPPING) == (c->key != NULL));
        if (n->kind == CONF_MAPPING)
            check(conf_get(n, c->key->text) == c);
        walk(c, depth + 1);
        if (++count > 64) /* conf_get is linear */
            return;
    }
    check(count == n->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_doc *doc = NULL;
    const struct conf_node *root = NULL;
    struct diag diag = {0};
    int r = conf_parse("fuzz", (const char *)data, size, &doc, &root, &diag);
    if (r < 0) {
        check(doc == NULL && diag.message[0] != '\0');
        return 0;
    }
    walk(root, 0);
    conf_free(doc);
    return 0;
}
