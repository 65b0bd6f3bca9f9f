/* libyaml's events -> a tree of nodes. */
#include "conf_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t yaml;
    struct conf_doc *doc;
    const char *text;
    size_t len;
    struct diag *diag;
};

static int refuse_at(struct reader *r, const yaml_mark_t *mark, const char *message)
{
    r->diag->line = (uint32_t)mark->line + 1;
    r->diag->column = (uint32_t)mark->column + 1;
    return diag_set(r->diag, PTRD_EINVAL, "%s", message);
}

/* libyaml gives a byte offset only when the octets themselves are wrong. */
static int refuse_octets(struct reader *r)
{
    yaml_mark_t mark = {0, 0, 0};
    for (size_t i = 0; i < r->yaml.problem_offset && i < r->len; i++) {
        if (r->text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)r->text[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    char message[160];
    snprintf(message, sizeof message, "not a UTF-8 text: %s", r->yaml.problem);
    return refuse_at(r, &mark, message);
}

static int refuse_yaml(struct reader *r)
{
    char message[512];
    const yaml_mark_t *mark = &r->yaml.problem_mark;
    if (r->yaml.error == YAML_MEMORY_ERROR)
        return diag_set(r->diag, PTRD_ENOMEM, "no memory to read the file");
    if (r->yaml.error == YAML_READER_ERROR)
        return refuse_octets(r);
    if (conf_hint_ipv6(r->text, r->len, mark->line, mark->column, message, sizeof message))
        return refuse_at(r, mark, message);
    const char *place = conf_find_place(r->text, r->len, mark->line, mark->column);
    if (place < r->text + r->len && *place == '\t')
        return refuse_at(r, mark, "not valid YAML: a tab stands where only spaces may");
    int len = snprintf(message, sizeof message, "not valid YAML: %s", r->yaml.problem);
    if (r->yaml.context && r->yaml.context_mark.line != mark->line)
        len += snprintf(message + len, sizeof message - (size_t)len, " %s that begins in line %zu",
                        r->yaml.context, r->yaml.context_mark.line + 1);
    else if (r->yaml.context)
        len += snprintf(message + len, sizeof message - (size_t)len, " %s", r->yaml.context);
    (void)snprintf(message + len, sizeof message - (size_t)len, "%s",
                   conf_hint_quotes(r->text, r->len, mark->line, mark->column));
    return refuse_at(r, mark, message);
}

static int next_event(struct reader *r, yaml_event_t *event)
{
    if (!yaml_parser_parse(&r->yaml, event))
        return refuse_yaml(r);
    return 0;
}

static struct conf_node *new_node(struct reader *r, enum conf_kind kind, const yaml_mark_t *mark)
{
    struct conf_node *n = arena_alloc(&r->doc->arena, sizeof *n);
    if (n)
        *n = (struct conf_node){
            .kind = kind, .line = (uint32_t)mark->line + 1, .column = (uint32_t)mark->column + 1};
    return n;
}

/* Escapes, folding and doubled quotes take more characters in the file than in the text. */
static bool is_exact(const yaml_event_t *e, bool quoted)
{
    size_t characters = 0;
    if (e->start_mark.line != e->end_mark.line)
        return false;
    for (size_t i = 0; i < e->data.scalar.length; i++)
        characters += (e->data.scalar.value[i] & 0xc0) != 0x80;
    return e->end_mark.column - e->start_mark.column == characters + (quoted ? 2 : 0);
}

static int read_scalar(struct reader *r, const yaml_event_t *e, struct conf_node **out)
{
    struct conf_node *n = new_node(r, CONF_SCALAR, &e->start_mark);
    size_t len = e->data.scalar.length;
    char *text = arena_alloc(&r->doc->arena, len + 1);
    if (!n || !text)
        return diag_set(r->diag, PTRD_ENOMEM, "no memory to read the file");
    if (e->data.scalar.anchor)
        return refuse_at(r, &e->start_mark, "anchors (`&name`) are not allowed");
    if (e->data.scalar.tag)
        return refuse_at(r, &e->start_mark, "tags (`!name`) are not allowed");
    if (memchr(e->data.scalar.value, '\0', len))
        return refuse_at(r, &e->start_mark, "a text with a NUL character is not allowed");
    memcpy(text, e->data.scalar.value, len);
    text[len] = '\0';
    n->text = text;
    n->text_len = len;
    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    n->exact = is_exact(e, n->quoted);
    *out = n;
    return 0;
}

static int read_node(struct reader *r, const yaml_event_t *e, unsigned depth,
                     struct conf_node **out);

static int read_next(struct reader *r, unsigned depth, struct conf_node **out)
{
    yaml_event_t e;
    int result = next_event(r, &e);
    if (result < 0)
        return result;
    result = read_node(r, &e, depth, out);
    yaml_event_delete(&e);
    return result;
}

static int read_list(struct reader *r, struct conf_node *list, unsigned depth)
{
    const struct conf_node **tail = &list->first;
    for (;;) {
        yaml_event_t e;
        int result = next_event(r, &e);
        if (result < 0)
            return result;
        bool end = e.type == YAML_SEQUENCE_END_EVENT;
        struct conf_node *item = NULL;
        if (!end)
            result = read_node(r, &e, depth, &item);
        yaml_event_delete(&e);
        if (end || result < 0)
            return result;
        *tail = item;
        tail = &item->next;
        list->count++;
    }
}

/* `- 2001:db8::` alone on a line is a mapping of `2001:db8:` to nothing. */
static int refuse_cut_address(const struct conf_node *value, struct diag *diag)
{
    const struct conf_node *key = value->key;
    size_t len = key->text_len;
    if (key->quoted || !conf_is_null(value) || len < 2 || key->text[len - 1] != ':')
        return 0;
    char word[64];
    if (len + 1 >= sizeof word)
        return 0;
    memcpy(word, key->text, len);
    word[len] = ':';
    if (!conf_ipv6_word(word, len + 1))
        return 0;
    word[len + 1] = '\0';
    return conf_refuse(key, diag,
                       "`%s` is not quoted: YAML cannot read an IPv6 text that begins or ends "
                       "with ':' here, write \"%s\"",
                       word, word);
}

static int read_entry(struct reader *r, const yaml_event_t *e, unsigned depth,
                      struct conf_node **out)
{
    struct conf_node *key = NULL, *value = NULL;
    if (e->type != YAML_SCALAR_EVENT)
        return refuse_at(r, &e->start_mark, "a key must be a text");
    int result = read_scalar(r, e, &key);
    if (result == 0)
        result = read_next(r, depth, &value);
    if (result < 0)
        return result;
    value->key = key;
    *out = value;
    return refuse_cut_address(value, r->diag);
}

static int read_mapping(struct reader *r, struct conf_node *mapping, unsigned depth)
{
    const struct conf_node **tail = &mapping->first;
    for (;;) {
        yaml_event_t e;
        int result = next_event(r, &e);
        if (result < 0)
            return result;
        bool end = e.type == YAML_MAPPING_END_EVENT;
        struct conf_node *value = NULL;
        if (!end)
            result = read_entry(r, &e, depth, &value);
        yaml_event_delete(&e);
        if (result < 0)
            return result;
        if (end)
            return conf_refuse_duplicates(mapping, r->diag);
        *tail = value;
        tail = &value->next;
        mapping->count++;
    }
}

static int read_collection(struct reader *r, const yaml_event_t *e, enum conf_kind kind,
                           unsigned depth, struct conf_node **out)
{
    bool mapping = kind == CONF_MAPPING;
    if (depth >= CONF_DEPTH_MAX)
        return refuse_at(r, &e->start_mark, "nested too deeply");
    if (mapping ? e->data.mapping_start.anchor : e->data.sequence_start.anchor)
        return refuse_at(r, &e->start_mark, "anchors (`&name`) are not allowed");
    if (mapping ? e->data.mapping_start.tag : e->data.sequence_start.tag)
        return refuse_at(r, &e->start_mark, "tags (`!name`) are not allowed");
    struct conf_node *n = new_node(r, kind, &e->start_mark);
    if (!n)
        return diag_set(r->diag, PTRD_ENOMEM, "no memory to read the file");
    *out = n;
    return mapping ? read_mapping(r, n, depth + 1) : read_list(r, n, depth + 1);
}

static int read_node(struct reader *r, const yaml_event_t *e, unsigned depth,
                     struct conf_node **out)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r, e, out);
    case YAML_MAPPING_START_EVENT:
        return read_collection(r, e, CONF_MAPPING, depth, out);
    case YAML_SEQUENCE_START_EVENT:
        return read_collection(r, e, CONF_SEQUENCE, depth, out);
    case YAML_ALIAS_EVENT:
        return refuse_at(r, &e->start_mark, "aliases (`*name`) are not allowed");
    default:
        return refuse_at(r, &e->start_mark, "not valid YAML: expected a value");
    }
}

/* Steps over one event and says which it was. */
static int skip_event(struct reader *r, yaml_event_type_t *type)
{
    yaml_event_t e;
    int result = next_event(r, &e);
    if (result < 0)
        return result;
    *type = e.type;
    yaml_event_delete(&e);
    return result;
}

static int read_stream(struct reader *r, struct conf_node **root)
{
    yaml_event_type_t type = YAML_NO_EVENT;
    int result = skip_event(r, &type); /* start of the stream */
    if (result == 0)
        result = skip_event(r, &type); /* start of the document, or the end */
    if (result < 0)
        return result;
    if (type == YAML_DOCUMENT_START_EVENT) {
        result = read_next(r, 0, root);
        if (result == 0)
            result = skip_event(r, &type); /* end of the document */
        yaml_event_t e;
        if (result == 0)
            result = next_event(r, &e);
        if (result < 0)
            return result;
        if (e.type != YAML_STREAM_END_EVENT)
            result = refuse_at(r, &e.start_mark, "a second document (`---`) is not allowed");
        yaml_event_delete(&e);
    }
    if (result == 0 && (!*root || conf_is_null(*root))) {
        yaml_mark_t top = {0, 0, 0};
        *root = new_node(r, CONF_MAPPING, &top);
        if (!*root)
            return diag_set(r->diag, PTRD_ENOMEM, "no memory to read the file");
    }
    return result;
}

int conf_parse(const char *path, const char *text, size_t len, struct conf_doc **out,
               const struct conf_node **root, struct diag *diag)
{
    struct reader r = {.text = text, .len = len, .diag = diag};
    struct conf_node *tree = NULL;
    diag->file = path;
    diag->line = diag->column = 0;
    if (len > CONF_SIZE_MAX)
        return diag_set(diag, PTRD_ELIMIT, "larger than the limit of %u MiB", CONF_SIZE_MAX >> 20);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark is tolerated */
        r.text += 3;
        r.len -= 3;
    }
    r.doc = calloc(1, sizeof *r.doc);
    if (!r.doc || !yaml_parser_initialize(&r.yaml)) {
        free(r.doc);
        return diag_set(diag, PTRD_ENOMEM, "no memory to read the file");
    }
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)r.text, r.len);
    int result = read_stream(&r, &tree);
    yaml_parser_delete(&r.yaml);
    if (result < 0) {
        conf_free(r.doc);
        return result;
    }
    *out = r.doc;
    *root = tree;
    return 0;
}
