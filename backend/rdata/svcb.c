#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptrd/core/addr.h"
#include "special.h"

/* Parameters of SVCB and HTTPS (RFC 9460 2.1, 7, 14.3.2; dohpath: RFC 9461 5). Written in the order
 * of their numbers, as the wire form needs it. */
enum {
    KEY_MANDATORY,
    KEY_ALPN,
    KEY_NO_DEFAULT_ALPN,
    KEY_PORT,
    KEY_IPV4HINT,
    KEY_ECH,
    KEY_IPV6HINT,
    KEY_DOHPATH
};

static const char *const key_names[] = {"mandatory", "alpn", "no-default-alpn", "port",
                                        "ipv4hint",  "ech",  "ipv6hint",        "dohpath"};
#define KEY_NAMES (sizeof key_names / sizeof *key_names)
#define KEYS_MAX 64

struct param {
    unsigned key;
    struct token word;  /* the whole word, for messages */
    struct token value; /* quotes stripped */
    bool has_value;
    struct bytes text, wire; /* of the value */
};

struct params {
    struct param items[KEYS_MAX];
    unsigned count;
};

static bool read_key(const char *text, size_t len, unsigned *key)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < KEY_NAMES; i++) {
        if (strlen(key_names[i]) == len && memcmp(key_names[i], text, len) == 0) {
            *key = i;
            return true;
        }
    }
    struct token digits = {text + 3, len > 3 ? len - 3 : 0, false};
    if (len <= 3 || memcmp(text, "key", 3) != 0 || !word_number(&digits, 65534, &number) ||
        (digits.text[0] == '0' && digits.len > 1))
        return false;
    *key = (unsigned)number;
    return true;
}

static struct param *find(struct params *p, unsigned key)
{
    for (unsigned i = 0; i < p->count; i++) {
        if (p->items[i].key == key)
            return &p->items[i];
    }
    return NULL;
}

/* The items of a comma-separated value, one after the other. */
static bool next_item(const struct token *value, size_t *at, struct token *item)
{
    if (*at > value->len)
        return false;
    size_t start = *at, end = start;
    while (end < value->len && value->text[end] != ',')
        end++;
    *item = (struct token){value->text + start, end - start, false};
    *at = end + 1;
    return true;
}

static int read_item(const struct subject *s, struct params *all, struct param *p,
                     const struct token *item)
{
    struct addr a;
    unsigned key = 0;
    enum family family = p->key == KEY_IPV4HINT ? FAMILY_IPV4 : FAMILY_IPV6;
    switch (p->key) {
    case KEY_MANDATORY:
        if (!read_key(item->text, item->len, &key) || key == KEY_MANDATORY ||
            find(all, key) == NULL)
            return subject_expected(s, "mandatory", item, "keys that this record has");
        bytes_add_number(&p->wire, key, 2);
        return 0;
    case KEY_ALPN:
        if (item->len == 0 || item->len > 255 || memchr(item->text, '\\', item->len) != NULL)
            return subject_expected(s, "alpn", item, "protocol names like h2, without escapes");
        bytes_add_number(&p->wire, item->len, 1);
        bytes_add(&p->wire, item->text, item->len);
        return 0;
    default:
        if (addr_parse(item->text, item->len, &a) < 0 || a.family != family)
            return subject_expected(s, key_names[p->key], item,
                                    family == FAMILY_IPV4 ? "IPv4 addresses" : "IPv6 addresses");
        if (family == FAMILY_IPV6)
            bytes_add_number(&p->wire, (uint64_t)(a.num >> 64), 8);
        bytes_add_number(&p->wire, (uint64_t)a.num, family == FAMILY_IPV6 ? 8 : 4);
        return 0;
    }
}

static int compare_pairs(const void *a, const void *b)
{
    return memcmp(a, b, 2);
}

/* PowerDNS puts the addresses of the target there itself (svc-autohints). */
static bool is_auto(const struct param *p)
{
    return (p->key == KEY_IPV4HINT || p->key == KEY_IPV6HINT) && p->value.len == 4 &&
           memcmp(p->value.text, "auto", 4) == 0;
}

static int read_list(const struct subject *s, struct params *all, struct param *p)
{
    struct token item;
    size_t at = 0;
    while (!is_auto(p) && next_item(&p->value, &at, &item)) {
        int rc = read_item(s, all, p, &item);
        if (rc < 0)
            return rc;
    }
    if (p->key == KEY_MANDATORY && p->wire.failed == 0) {
        qsort(p->wire.at, p->wire.len / 2, 2, compare_pairs);
        for (size_t i = 2; i < p->wire.len; i += 2) {
            if (memcmp(p->wire.at + i - 2, p->wire.at + i, 2) == 0)
                return subject_refuse(s, "mandatory names one key twice");
        }
    }
    bytes_add(&p->text, p->value.text, p->value.len);
    return 0;
}

static int read_port(const struct subject *s, struct param *p)
{
    uint64_t port = 0;
    char shown[8];
    if (!word_number(&p->value, 65535, &port))
        return subject_expected(s, "port", &p->value, "a number from 0 to 65535");
    snprintf(shown, sizeof shown, "%u", (unsigned)port);
    bytes_add_text(&p->text, shown);
    bytes_add_number(&p->wire, port, 2);
    return 0;
}

static int read_value(const struct subject *s, struct params *all, struct param *p)
{
    struct tokens word = {&p->value, 1};
    if (p->key == KEY_NO_DEFAULT_ALPN) {
        if (p->has_value || find(all, KEY_ALPN) == NULL)
            return subject_expected(s, "no-default-alpn", &p->word, "no value, and alpn beside it");
        return 0;
    }
    if (p->key < KEY_NAMES && (!p->has_value || p->value.len == 0))
        return subject_expected(s, "parameter", &p->word, "a value behind `=`");
    switch (p->key) {
    case KEY_PORT:
        return read_port(s, p);
    case KEY_ECH: {
        static const struct record_form ech = {0, {{"ech", FIELD_BASE64}}};
        return record_form_read(s, &ech, &word, &p->text, &p->wire);
    }
    case KEY_MANDATORY:
    case KEY_ALPN:
    case KEY_IPV4HINT:
    case KEY_IPV6HINT:
        return read_list(s, all, p);
    default:
        if (token_octets(&p->value, &p->wire) < 0)
            return subject_expected(s, "parameter", &p->word, "\\DDD from 000 to 255");
        if (p->wire.len > 0)
            bytes_add_quoted(&p->text, p->wire.at, p->wire.len);
        return p->wire.failed;
    }
}

/* `key=value`; the tokeniser leaves quotes to the start of a word, so `key="a b"` comes as two. */
static int read_param(const struct subject *s, const struct token *word, struct params *all)
{
    const char *equals = memchr(word->text, '=', word->len);
    size_t key_len = equals == NULL ? word->len : (size_t)(equals - word->text);
    unsigned key = 0;
    if (word->quoted || !read_key(word->text, key_len, &key))
        return subject_expected(
            s, "parameter", word,
            "mandatory=, alpn=, no-default-alpn, port=, ipv4hint=, ech=, ipv6hint=, "
            "dohpath= or keyNNN= (0 to 65534)");
    if (find(all, key) != NULL)
        return subject_expected(s, "parameter", word, "each key once");
    if (all->count == KEYS_MAX)
        return subject_refuse(s, "more than %d parameters", KEYS_MAX);
    struct param *p = &all->items[all->count++];
    *p = (struct param){.key = key, .word = *word, .has_value = equals != NULL};
    if (equals != NULL) {
        size_t len = word->len - key_len - 1;
        bool quoted = len >= 2 && equals[1] == '"' && word->text[word->len - 1] == '"';
        p->value = (struct token){equals + 1 + quoted, len - 2 * quoted, false};
    }
    return 0;
}

static int compare_keys(const void *a, const void *b)
{
    const struct param *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static int read_params(const struct subject *s, const struct tokens *words, struct params *all,
                       struct bytes *text, struct bytes *wire)
{
    for (size_t i = 2; i < words->count; i++) {
        int rc = read_param(s, &words->items[i], all);
        if (rc < 0)
            return rc;
    }
    qsort(all->items, all->count, sizeof *all->items, compare_keys);
    for (unsigned i = 0; i < all->count; i++) {
        struct param *p = &all->items[i];
        int rc = read_value(s, all, p);
        if (rc < 0)
            return rc;
        char key[16];
        snprintf(key, sizeof key, " key%u", p->key);
        bool named = p->key < KEY_DOHPATH; /* which PowerDNS 4.7 takes as key7 alone */
        bytes_add_text(text, named ? " " : key);
        bytes_add_text(text, named ? key_names[p->key] : "");
        if (p->text.len > 0)
            bytes_add_text(text, "=");
        bytes_add(text, p->text.at, p->text.len);
        bytes_add_number(wire, p->key, 2);
        bytes_add_number(wire, p->wire.len, 2);
        bytes_add(wire, p->wire.at, p->wire.len);
    }
    return 0;
}

int svcb_read(const struct subject *s, const struct tokens *words, struct bytes *text,
              struct bytes *wire)
{
    static const struct record_form head = {0, {{"priority", FIELD_U16}, {"target", FIELD_NAME}}};
    struct tokens first = {words->items, words->count < 2 ? words->count : 2};
    struct params all = {.count = 0};
    int rc = record_form_read(s, &head, &first, text, wire);
    if (rc == 0 && words->count > 2 && wire->len >= 2 && wire->at[0] == 0 && wire->at[1] == 0)
        rc = subject_refuse(s, "parameters behind priority 0, which is an alias and takes none "
                               "(RFC 9460 2.4.2)");
    if (rc == 0)
        rc = read_params(s, words, &all, text, wire);
    for (unsigned i = 0; i < all.count; i++) {
        bytes_done(&all.items[i].text);
        bytes_done(&all.items[i].wire);
    }
    return rc;
}
