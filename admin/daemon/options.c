#include "ptrd/conf/conf.h"
#include "ptrd/daemon/daemon.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE_MAX 255
#define KEY_MAX 4096 /* octets of an API key's file */
#define POLL_MS_MIN 10
#define POLL_MS_MAX 60000
#define KEEP_H_MAX 87600 /* ten years */
#define UPKEEP_S_MAX 86400

static const char *const known[] = {
    "db", "postgres", "node", "poll-ms", "idle-ms", "keep-changes-h", "upkeep-s", "pdns", NULL};
static const char *const known_server[] = {"control", "url", "api-key-file", NULL};

static int no_memory(struct diag *diag)
{
    return diag_set(diag, PTRD_ENOMEM, "no memory");
}

static int read_text(const struct conf_node *root, const char *key, char **out, struct diag *diag)
{
    const struct conf_node *node = conf_get(root, key);
    const char *text;
    size_t len;
    if (!node)
        return 0;
    int err = conf_text(node, key, &text, &len, diag);
    if (err)
        return err;
    if (strlen(text) != len)
        return conf_refuse(node, diag, "%s: a zero byte", key);
    *out = strdup(text);
    return *out ? 0 : no_memory(diag);
}

static int read_number(const struct conf_node *root, const char *key, unsigned min, unsigned max,
                       unsigned *out, struct diag *diag)
{
    const struct conf_node *node = conf_get(root, key);
    uint64_t value = *out;
    int err = node ? conf_number(node, key, min, max, &value, diag) : 0;
    *out = (unsigned)value;
    return err;
}

/* The first line of a file. */
static int read_key(const struct conf_node *node, const char *path, char **out, struct diag *diag)
{
    char text[KEY_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return conf_refuse(node, diag, "api-key-file: cannot read `%.256s`", path);
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (!*text)
        return conf_refuse(node, diag, "api-key-file: `%.256s` is empty", path);
    *out = strdup(text);
    return *out ? 0 : no_memory(diag);
}

static int read_server(const struct conf_node *node, struct flush_server *out, struct diag *diag)
{
    char *control = NULL, *url = NULL, *path = NULL, *key = NULL;
    int err = conf_expect(node, CONF_MAPPING, "an entry of `pdns`", diag);
    if (!err)
        err = conf_known(node, known_server, "an entry of `pdns`", diag);
    if (!err)
        err = read_text(node, "control", &control, diag);
    if (!err)
        err = read_text(node, "url", &url, diag);
    if (!err)
        err = read_text(node, "api-key-file", &path, diag);
    if (!err && !control == !url)
        err = conf_refuse(node, diag, "an entry of `pdns`: expected either `control` or `url`");
    if (!err && !url != !path)
        err =
            conf_refuse(node, diag, "an entry of `pdns`: `url` and `api-key-file` belong together");
    if (!err && path)
        err = read_key(node, path, &key, diag);
    free(path);
    *out = (struct flush_server){.control = control, .url = url, .api_key = key};
    return err;
}

static int read_servers(const struct conf_node *root, struct daemon_options *o, struct diag *diag)
{
    const struct conf_node *list = conf_get(root, "pdns");
    if (!list || conf_is_null(list))
        return 0;
    int err = conf_expect(list, CONF_SEQUENCE, "`pdns`", diag);
    if (!err && list->count > DAEMON_SERVERS_MAX)
        err = conf_refuse(list, diag, "`pdns`: at most %d servers", DAEMON_SERVERS_MAX);
    for (const struct conf_node *n = err ? NULL : list->first; n && !err; n = n->next)
        err = read_server(n, &o->servers[o->server_count++], diag);
    return err;
}

static int read_root(const struct conf_node *root, struct daemon_options *o, struct diag *diag)
{
    int err = conf_expect(root, CONF_MAPPING, "the configuration", diag);
    if (!err)
        err = conf_known(root, known, "the configuration", diag);
    if (!err)
        err = read_text(root, "db", &o->db, diag);
    if (!err)
        err = read_text(root, "postgres", &o->postgres, diag);
    if (!err)
        err = read_text(root, "node", &o->node, diag);
    if (!err)
        err = read_number(root, "poll-ms", POLL_MS_MIN, POLL_MS_MAX, &o->poll_ms, diag);
    if (!err)
        err = read_number(root, "idle-ms", POLL_MS_MIN, POLL_MS_MAX, &o->idle_ms, diag);
    if (!err)
        err = read_number(root, "keep-changes-h", 1, KEEP_H_MAX, &o->keep_changes_h, diag);
    if (!err)
        err = read_number(root, "upkeep-s", 1, UPKEEP_S_MAX, &o->upkeep_s, diag);
    if (!err)
        err = read_servers(root, o, diag);
    if (!err && !o->db)
        err = conf_refuse(root, diag, "no `db` (the store's directory)");
    if (!err && !o->postgres)
        err = conf_refuse(root, diag, "no `postgres` (a connection string)");
    return err;
}

static int name_node(struct daemon_options *o, struct diag *diag)
{
    char host[NODE_MAX + 1] = "";
    if (o->node)
        return strlen(o->node) <= NODE_MAX
                   ? 0
                   : diag_set(diag, PTRD_EINVAL, "node: more than %d characters", NODE_MAX);
    if (gethostname(host, sizeof host - 1) < 0 || !*host)
        return diag_set(diag, PTRD_EINVAL, "the host has no name: give `node`");
    o->node = strdup(host);
    return o->node ? 0 : no_memory(diag);
}

int daemon_options_read(const char *path, struct daemon_options *out, struct diag *diag)
{
    struct conf_doc *doc = NULL;
    const struct conf_node *root;
    *out = (struct daemon_options){
        .poll_ms = 200, .idle_ms = 1000, .keep_changes_h = 168, .upkeep_s = 60};
    int err = conf_read(path, &doc, &root, diag);
    if (!err)
        err = read_root(root, out, diag);
    if (!err)
        err = name_node(out, diag);
    conf_free(doc);
    return err;
}

void daemon_options_done(struct daemon_options *o)
{
    for (unsigned i = 0; i < o->server_count; i++) {
        free((char *)(uintptr_t)o->servers[i].control);
        free((char *)(uintptr_t)o->servers[i].url);
        free((char *)(uintptr_t)o->servers[i].api_key);
    }
    free(o->db);
    free(o->postgres);
    free(o->node);
    *o = (struct daemon_options){.db = NULL};
}
