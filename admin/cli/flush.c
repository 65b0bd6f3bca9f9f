#include "ptrd/sync/flush.h"
#include "cli.h"
#include "ptrd/core/arpa.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- options ---------------------------------------------------------------------------------- */

/* The value of "--name VALUE" or "--name=VALUE"; *used: the words that it took, 0: it is another.
 */
static const char *option_value(const char *name, int words, char *const *argv, int *used)
{
    size_t len = strlen(name);
    *used = 0;
    if (strncmp(argv[0], name, len) != 0)
        return NULL;
    if (argv[0][len] == '=') {
        *used = 1;
        return argv[0] + len + 1;
    }
    if (argv[0][len])
        return NULL;
    *used = 2;
    return words > 1 ? argv[1] : NULL;
}

int cli_server_option(const char *command, struct cli_servers *servers, int words,
                      char *const *argv)
{
    static const char *const names[] = {"--control", "--pdns", "--api-key-file"};
    for (int i = 0; i < 3; i++) {
        int used;
        const char *value = option_value(names[i], words, argv, &used);
        if (!used)
            continue;
        if (!value || !*value) {
            (void)cli_usage(command, "%s needs %s", names[i], i == 1 ? "a URL" : "a path");
            return -1;
        }
        if (i == 2) {
            servers->key_file = value;
            return used;
        }
        if (servers->count == CLI_SERVERS_MAX) {
            (void)cli_usage(command, "more than %d servers", CLI_SERVERS_MAX);
            return -1;
        }
        struct flush_server *server = &servers->list[servers->count++];
        *server =
            (struct flush_server){.control = i == 0 ? value : NULL, .url = i == 1 ? value : NULL};
        return used;
    }
    return 0;
}

/* --- servers ---------------------------------------------------------------------------------- */

#define KEY_MAX 256

/* The first line of a file; "" without one. The key is never printed. */
static int read_key(const char *path, char key[KEY_MAX], struct diag *diag)
{
    key[0] = '\0';
    if (!path)
        return 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return diag_set(diag, -errno, "%s: %s", path, strerror(errno));
    bool read = fgets(key, KEY_MAX, file) != NULL;
    fclose(file);
    key[read ? strcspn(key, "\r\n") : 0] = '\0';
    return key[0] ? 0 : diag_set(diag, PTRD_EINVAL, "%s: no API key in its first line", path);
}

static int flush_one(const struct flush_server *server, struct purge_set *set)
{
    struct flush_counts counts = {0};
    struct flush_link *link = NULL;
    struct diag diag = {.file = NULL};
    int err = flush_link_new(server, &link, &diag);
    if (!err)
        err = flush_now(link, set, FLUSH_TIMEOUT_MS, &counts, &diag);
    flush_link_free(link);
    if (err)
        return cli_refuse(&diag);
    printf("%s: %" PRIu64 " name%s flushed%s\n", server->control ? server->control : server->url,
           counts.purges, counts.purges == 1 ? "" : "s", purge_all(set) ? " (everything)" : "");
    return CLI_OK;
}

int cli_flush_servers(const struct cli_servers *servers, struct purge_set *set)
{
    char key[KEY_MAX];
    struct diag diag = {.file = NULL};
    int status = CLI_OK;
    if (read_key(servers->key_file, key, &diag) < 0)
        return cli_refuse(&diag);
    for (unsigned i = 0; i < servers->count; i++) {
        struct flush_server server = servers->list[i];
        server.api_key = server.url && key[0] ? key : NULL;
        if (flush_one(&server, set) != CLI_OK)
            status = CLI_REFUSED;
    }
    explicit_bzero(key, sizeof key);
    return status;
}

/* --- names ------------------------------------------------------------------------------------ */

static int add_name(struct purge_set *set, const char *text, struct diag *diag)
{
    struct name name;
    struct addr addr;
    size_t len = strlen(text);
    enum purge_scope scope = PURGE_NAME;
    if (addr_parse(text, len, &addr) == 0) {
        arpa_name(&addr, &name);
    } else {
        if (len > 1 && text[len - 1] == '$') {
            scope = PURGE_BELOW;
            len--;
        }
        int err = name_parse(text, len, &name, diag);
        if (err < 0)
            return err;
    }
    purge_add(set, &name, &name, scope);
    return 0;
}

static int flush_names(const struct cli_args *args, struct purge_set *set)
{
    struct diag diag = {.file = NULL};
    for (unsigned i = 0; i < args->operand_count; i++)
        if (add_name(set, args->operands[i], &diag) < 0)
            return cli_refuse(&diag);
    if (args->rediscover)
        purge_add_rediscover(set);
    if (args->all)
        purge_add_all(set);
    return cli_flush_servers(&args->servers, set);
}

int cli_flush(const struct cli_args *args)
{
    if (!args->operand_count && !args->all && !args->rediscover)
        return cli_usage("flush", "give names, or --all");
    if (!args->servers.count)
        return cli_usage("flush", "give a server: --control SOCKET, or --pdns URL");
    struct purge_set *set = purge_set_new();
    if (!set)
        return cli_refuse(&(struct diag){.message = "no memory"});
    int status = flush_names(args, set);
    purge_set_free(set);
    return status;
}
