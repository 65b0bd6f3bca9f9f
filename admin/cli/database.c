/* Which database a command asks: --database CONNINFO, or what the configuration of ptr-admind says.
 */
#include "cli.h"
#include "ptrd/conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int text_option(const char *command, const char *name, const char *what, const char **out,
                       int words, char *const *argv)
{
    size_t len = strlen(name);
    if (strncmp(argv[0], name, len) != 0 || (argv[0][len] && argv[0][len] != '='))
        return 0;
    bool inside = argv[0][len] == '=';
    const char *value = inside ? argv[0] + len + 1 : words > 1 ? argv[1] : "";
    if (!*value) {
        (void)cli_usage(command, "%s needs %s", name, what);
        return -1;
    }
    *out = value;
    return inside ? 1 : 2;
}

static int number_option(const char *command, const char *name, unsigned *out, int words,
                         char *const *argv)
{
    const char *text = NULL;
    char *end = NULL;
    int taken = text_option(command, name, "a number", &text, words, argv);
    if (taken <= 0)
        return taken;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value < 1 || value > 1000000) {
        (void)cli_usage(command, "%s: expected 1 to 1000000, found `%s`", name, text);
        return -1;
    }
    *out = (unsigned)value;
    return taken;
}

int cli_database_option(const char *command, struct cli_database *d, int words, char *const *argv)
{
    int taken = text_option(command, "--config", "a file", &d->config, words, argv);
    if (!taken)
        taken =
            text_option(command, "--database", "a connection string", &d->conninfo, words, argv);
    if (!taken && d->waits)
        taken = number_option(command, "--nodes", &d->nodes, words, argv);
    return taken || !d->waits ? taken
                              : number_option(command, "--timeout-s", &d->timeout_s, words, argv);
}

static int read_config(const char *path, char **out, struct diag *diag)
{
    struct conf_doc *doc = NULL;
    const struct conf_node *root, *node;
    const char *text;
    size_t len;
    int err = conf_read(path, &doc, &root, diag);
    if (!err)
        err = conf_expect(root, CONF_MAPPING, "the configuration", diag);
    node = err ? NULL : conf_get(root, "postgres");
    if (!err && !node)
        err = conf_refuse(root, diag, "no `postgres` (a connection string)");
    if (!err)
        err = conf_text(node, "postgres", &text, &len, diag);
    if (!err) {
        *out = strndup(text, len);
        err = *out ? 0 : diag_set(diag, PTRD_ENOMEM, "no memory");
    }
    conf_free(doc);
    return err;
}

int cli_database_open(const char *command, const struct cli_database *d, struct pg **out)
{
    struct diag diag = {.file = NULL};
    char *own = NULL;
    if (!d->config == !d->conninfo)
        return cli_usage(command, "give either --config FILE or --database CONNINFO");
    int err = d->config ? read_config(d->config, &own, &diag) : 0;
    if (!err)
        err = pg_open_plain(own ? own : d->conninfo, "ptrctl", false, out, &diag);
    free(own);
    if (!err)
        err = pg_check_version(*out, &diag);
    if (!err)
        return CLI_OK;
    pg_close(*out);
    *out = NULL;
    return cli_refuse(&diag);
}
