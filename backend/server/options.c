#include "ptrd/server/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "options_help.h"
#include "ptrd/conf/conf.h"
#include "ptrd/store/store.h"

/* Each takes a reader of the store; the rest is for other processes. */
#define CONNECTIONS_LIMIT (STORE_READERS_MAX - 192)

#define KEY(member) offsetof(struct options, member), sizeof(((struct options *)0)->member)

const struct option_key option_keys[] = {
    {"db", "DIR", OPTION_TEXT, KEY(db), "", 0, 0, false,
     "the store: the directory that `ptrctl load` fills"},
    {"socket", "PATH", OPTION_TEXT, KEY(socket), "", 0, 0, false,
     "the Unix socket that PowerDNS connects to"},
    {"socket-mode", "MODE", OPTION_MODE, KEY(socket_mode), "0660", 0, 0777, false,
     "permissions of the socket, octal; connecting takes write permission"},
    {"socket-group", "GROUP", OPTION_TEXT, KEY(socket_group), "", 0, 0, false,
     "group of the socket, e.g. pdns"},
    {"connections-max", "N", OPTION_NUMBER, KEY(connections_max), "512", 1, CONNECTIONS_LIMIT, true,
     "clients at a time; PowerDNS holds one for each of its backend instances"},
    {"drain-ms", "MS", OPTION_NUMBER, KEY(drain_ms), "2000", 0, 600000, true,
     "how long requests in progress may take to end at SIGTERM"},
    {"leaf", "MODE", OPTION_LEAF, KEY(leaf), "off", 0, 0, false,
     "off, ipv6 or all: full reverse names answered as zones of their own, for PowerDNS without "
     "its zone cache (pdns-fast.conf)"},
};
#define KEY_COUNT (sizeof option_keys / sizeof *option_keys)
const unsigned option_key_count = KEY_COUNT;

enum flag { FLAG_CONFIG = 1000, FLAG_CHECK, FLAG_STDIO, FLAG_HELP, FLAG_VERSION };

struct flags {
    const char *config;
    bool check, stdio, help, version;
};

/* --- one value --- */

static void *member(struct options *o, const struct option_key *key)
{
    return (char *)o + key->offset;
}

static int set_number(const struct option_key *key, const char *text, unsigned *out,
                      struct diag *diag)
{
    int base = key->kind == OPTION_MODE ? 8 : 10;
    unsigned long number = 0;
    bool good = *text != '\0';
    for (const char *p = text; *p && good; p++) {
        good = *p >= '0' && *p < '0' + base;
        number = number * (unsigned)base + (unsigned long)(*p - '0');
        good = good && number <= key->max;
    }
    if (!good || number < key->min)
        return diag_set(diag, PTRD_EINVAL,
                        base == 8 ? "%s: expected octal permissions %lo to %lo, found `%s`"
                                  : "%s: expected a number %lu to %lu, found `%s`",
                        key->name, key->min, key->max, text);
    *out = (unsigned)number;
    return 0;
}

static int set_leaf(const char *text, enum leaf_mode *out, struct diag *diag)
{
    int rc = leaf_mode_parse(text, out);
    if (rc < 0)
        return diag_set(diag, rc, "leaf: expected `off`, `ipv6` or `all`, found `%s`", text);
    return 0;
}

static int set_value(const struct option_key *key, const char *text, struct options *o,
                     struct diag *diag)
{
    if (key->kind == OPTION_NUMBER || key->kind == OPTION_MODE)
        return set_number(key, text, member(o, key), diag);
    if (key->kind == OPTION_LEAF)
        return set_leaf(text, member(o, key), diag);
    size_t len = strlen(text);
    if (len == 0 || len >= key->size)
        return diag_set(diag, PTRD_EINVAL, "%s: expected 1 to %zu bytes, found %zu", key->name,
                        key->size - 1, len);
    memcpy(member(o, key), text, len + 1);
    return 0;
}

static int set_defaults(struct options *o, struct diag *diag)
{
    memset(o, 0, sizeof *o);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        int rc = *option_keys[i].fallback
                     ? set_value(&option_keys[i], option_keys[i].fallback, o, diag)
                     : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- the file --- */

static int set_from_node(const struct option_key *key, const struct conf_node *node,
                         struct options *o, struct diag *diag)
{
    const char *text;
    size_t len;
    uint64_t ignored;
    struct diag why = {0};
    int rc = key->kind == OPTION_NUMBER
                 ? conf_number(node, key->name, key->min, key->max, &ignored, diag)
                 : 0;
    if (rc == 0)
        rc = conf_text(node, key->name, &text, &len, diag);
    if (rc < 0)
        return rc;
    if (strlen(text) != len)
        return conf_refuse(node, diag, "%s: a zero byte", key->name);
    rc = set_value(key, text, o, &why);
    return rc < 0 ? conf_refuse(node, diag, "%s", why.message) : 0;
}

static int set_from_root(const struct conf_node *root, struct options *o, struct diag *diag)
{
    const char *known[KEY_COUNT + 1] = {NULL};
    for (size_t i = 0; i < KEY_COUNT; i++)
        known[i] = option_keys[i].name;
    int rc = conf_expect(root, CONF_MAPPING, "the configuration", diag);
    if (rc == 0)
        rc = conf_known(root, known, "the configuration", diag);
    for (size_t i = 0; i < KEY_COUNT && rc == 0; i++) {
        const struct conf_node *node = conf_get(root, option_keys[i].name);
        if (node)
            rc = set_from_node(&option_keys[i], node, o, diag);
    }
    return rc;
}

static int read_file(const char *path, struct options *o, struct diag *diag)
{
    struct conf_doc *doc;
    const struct conf_node *root;
    int rc = conf_read(path, &doc, &root, diag);
    if (rc < 0)
        return rc;
    rc = set_from_root(root, o, diag);
    conf_free(doc);
    return rc;
}

/* --- the command line --- */

static void fill_getopt(struct option out[KEY_COUNT + 6])
{
    static const struct option plain[] = {
        {"config", required_argument, NULL, FLAG_CONFIG},
        {"check-config", no_argument, NULL, FLAG_CHECK},
        {"stdio", no_argument, NULL, FLAG_STDIO},
        {"help", no_argument, NULL, FLAG_HELP},
        {"version", no_argument, NULL, FLAG_VERSION},
        {NULL, 0, NULL, 0},
    };
    for (size_t i = 0; i < KEY_COUNT; i++)
        out[i] = (struct option){option_keys[i].name, required_argument, NULL, (int)i};
    memcpy(out + KEY_COUNT, plain, sizeof plain);
}

static void set_flag(int flag, struct flags *flags)
{
    switch (flag) {
    case FLAG_CONFIG:
        flags->config = optarg;
        break;
    case FLAG_CHECK:
        flags->check = true;
        break;
    case FLAG_STDIO:
        flags->stdio = true;
        break;
    case FLAG_VERSION:
        flags->version = true;
        break;
    default:
        flags->help = true;
        break;
    }
}

/* getopt's own messages come only with `loud`. values[i]: the text of key i, or NULL. */
static int parse_line(const struct command_line *line, bool loud, struct flags *flags,
                      const char *values[KEY_COUNT])
{
    struct option long_options[KEY_COUNT + 6];
    int c;
    fill_getopt(long_options);
    optind = 0; /* from the start again (GNU) */
    opterr = loud;
    while ((c = getopt_long(line->argc, line->argv, "h", long_options, NULL)) != -1) {
        if (c == '?')
            return PTRD_EINVAL;
        if (c >= 0 && c < (int)KEY_COUNT)
            values[c] = optarg;
        else
            set_flag(c, flags);
    }
    if (optind < line->argc && loud)
        fprintf(stderr, "ptrd: unexpected argument `%s`\n", line->argv[optind]);
    return optind < line->argc ? PTRD_EINVAL : 0;
}

/* Defaults, then the file, then the flags. */
static int merge(const struct flags *flags, const char *const values[KEY_COUNT],
                 struct options *out, struct diag *diag)
{
    struct options *o = malloc(sizeof *o);
    if (!o)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    int rc = set_defaults(o, diag);
    if (rc == 0 && flags->config)
        rc = read_file(flags->config, o, diag);
    for (size_t i = 0; i < KEY_COUNT && rc == 0; i++) {
        if (values[i])
            rc = set_value(&option_keys[i], values[i], o, diag);
    }
    if (rc == 0 && !*o->db)
        rc = diag_set(diag, PTRD_EINVAL, "no store: give --db DIR (or `db:` in the configuration)");
    if (rc == 0 && !*o->socket && !flags->stdio && !getenv("LISTEN_FDS"))
        rc = diag_set(diag, PTRD_EINVAL,
                      "no socket: give --socket PATH (or `socket:` in the "
                      "configuration), or --stdio");
    if (rc == 0)
        *out = *o;
    free(o);
    return rc;
}

static enum options_action done(int *status, int value)
{
    *status = value;
    return OPTIONS_DONE;
}

enum options_action options_read(const struct command_line *line, struct options *out, int *status)
{
    struct flags flags = {0};
    const char *values[KEY_COUNT] = {NULL};
    struct diag diag = {0};
    char message[1024];
    if (parse_line(line, true, &flags, values) < 0) {
        fputs("Try `ptrd --help`.\n", stderr);
        return done(status, 2);
    }
    if (flags.help || flags.version) {
        if (flags.help)
            options_print_help(stdout);
        else
            puts("ptrd " PTRD_VERSION);
        return done(status, 0);
    }
    if (merge(&flags, values, out, &diag) < 0) {
        diag_print(&diag, message, sizeof message);
        fprintf(stderr, "ptrd: %s\n", message);
        return done(status, 1);
    }
    if (flags.check) {
        puts("The configuration is right.");
        return done(status, 0);
    }
    return flags.stdio ? OPTIONS_STDIO : OPTIONS_SERVE;
}

int options_again(const struct command_line *line, struct options *out, struct diag *diag)
{
    struct flags flags = {0};
    const char *values[KEY_COUNT] = {NULL};
    if (parse_line(line, false, &flags, values) < 0)
        return diag_set(diag, PTRD_EINVAL, "the command line changed"); /* it cannot */
    return merge(&flags, values, out, diag);
}

void options_compare(const struct options *running, const struct options *read,
                     void (*changed)(const char *key))
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct option_key *key = &option_keys[i];
        const char *a = (const char *)running + key->offset, *b = (const char *)read + key->offset;
        bool same = key->kind == OPTION_TEXT ? strcmp(a, b) == 0 : memcmp(a, b, key->size) == 0;
        if (!same && !key->live)
            changed(key->name);
    }
}
