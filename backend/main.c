/* ptrd: wiring only. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptrd/server/options.h"
#include "ptrd/server/server.h"
#include "ptrd/service/service.h"

struct program {
    struct command_line line;
    struct options options;
};

static void log_unchangeable(const char *key)
{
    fprintf(stderr, "ptrd: configuration: `%s` changes with a restart only\n", key);
}

/* SIGHUP. A configuration that is refused leaves the running one. */
static void reload(void *ctx, struct server_config *config)
{
    struct program *p = ctx;
    struct options again;
    struct diag diag = {0};
    char message[1024];
    if (options_again(&p->line, &again, &diag) < 0) {
        diag_print(&diag, message, sizeof message);
        fprintf(stderr, "ptrd: configuration not read again: %s\n", message);
        return;
    }
    options_compare(&p->options, &again, log_unchangeable);
    config->connections_max = again.connections_max;
    config->drain_ms = again.drain_ms;
    fputs("ptrd: configuration read again\n", stderr);
}

static int serve(struct program *p, enum options_action action)
{
    const struct options *o = &p->options;
    struct diag diag = {0};
    char message[1024];
    struct engine *engine;
    if (engine_open(o->db, &engine, &diag) < 0) {
        diag_print(&diag, message, sizeof message);
        fprintf(stderr, "ptrd: %s\n", message);
        return 1;
    }
    const struct server_config config = {
        .socket_path = *o->socket ? o->socket : NULL,
        .socket_group = *o->socket_group ? o->socket_group : NULL,
        .socket_mode = o->socket_mode,
        .leaf = o->leaf,
        .connections_max = o->connections_max,
        .drain_ms = o->drain_ms,
        .reload = reload,
        .reload_ctx = p,
    };
    int status =
        action == OPTIONS_STDIO ? server_stdio(engine, o->leaf) : server_run(&config, engine);
    engine_close(engine);
    return status;
}

/* PowerDNS's other children have inherited ends of our pipes, and we of theirs: each would wait for
 * the end of its input for as long as another one lives, also when PowerDNS is gone. */
static void close_inherited(void)
{
    (void)!close_range(STDERR_FILENO + 1, ~0u, 0);
}

int main(int argc, char **argv)
{
    service_fill_standard_streams();
    struct program program = {.line = {argc, argv}};
    int status;
    enum options_action action = options_read(&program.line, &program.options, &status);
    if (action == OPTIONS_STDIO)
        close_inherited();
    return action == OPTIONS_DONE ? status : serve(&program, action);
}
