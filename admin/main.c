/* ptr-admind: wiring only. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ptrd/daemon/daemon.h"
#include "ptrd/service/service.h"

enum flag { FLAG_CONFIG = 1000, FLAG_MIGRATE, FLAG_ROLES, FLAG_HELP, FLAG_VERSION };
enum { STATUS_OK, STATUS_REFUSED, STATUS_USAGE };

struct flags {
    const char *config, *roles;
    bool migrate;
};

static const char help[] =
    "usage: ptr-admind --config FILE [--migrate] [--roles sync]\n"
    "Keeps a node's store in step with PostgreSQL.\n\n"
    "  --config FILE   YAML: db, postgres, node, poll-ms, idle-ms, keep-changes-h,\n"
    "                  upkeep-s, pdns\n"
    "  --migrate       brings the database's schema to this program's version, and ends\n"
    "  --roles LIST    what to do; sync is the default\n\n"
    "  db: /var/lib/ptrd                # the store that ptrd answers from\n"
    "  postgres: host=db1,db2 dbname=ptrd user=ptrd target_session_attrs=any\n"
    "  node: ns1                        # default: the host's name\n"
    "  poll-ms: 200                     # how often a standby is asked while changes flow,\n"
    "  idle-ms: 1000                    # and when none do\n"
    "  keep-changes-h: 168              # how long the change log is kept\n"
    "  pdns:                            # what to tell of changes\n"
    "    - control: /run/pdns/pdns.controlsocket\n"
    "    - {url: \"http://127.0.0.1:8081\", api-key-file: /etc/ptrd/api-key}\n";

static const struct option long_options[] = {
    {"config", required_argument, NULL, FLAG_CONFIG}, {"migrate", no_argument, NULL, FLAG_MIGRATE},
    {"roles", required_argument, NULL, FLAG_ROLES},   {"help", no_argument, NULL, FLAG_HELP},
    {"version", no_argument, NULL, FLAG_VERSION},     {NULL, 0, NULL, 0},
};

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct flags *out)
{
    int c;
    while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (c) {
        case FLAG_CONFIG:
            out->config = optarg;
            break;
        case FLAG_MIGRATE:
            out->migrate = true;
            break;
        case FLAG_ROLES:
            out->roles = optarg;
            break;
        case FLAG_VERSION:
            puts("ptr-admind " PTRD_VERSION);
            return STATUS_OK;
        case FLAG_HELP:
        case 'h':
            fputs(help, stdout);
            return STATUS_OK;
        default:
            return STATUS_USAGE;
        }
    }
    if (optind < argc || !out->config) {
        fputs(help, stderr);
        return STATUS_USAGE;
    }
    if (strcmp(out->roles, "sync") != 0) {
        fprintf(stderr, "ptr-admind: --roles: expected sync, found `%s`\n", out->roles);
        return STATUS_USAGE;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct flags flags = {.roles = "sync"};
    struct daemon_options options;
    struct diag diag = {.file = NULL};
    char message[1024];
    service_fill_standard_streams();
    int status = parse(argc, argv, &flags);
    if (status >= 0)
        return status;
    if (daemon_options_read(flags.config, &options, &diag)) {
        diag_print(&diag, message, sizeof message);
        daemon_log("%s", message);
        status = STATUS_REFUSED;
    } else {
        status = flags.migrate ? daemon_migrate(&options) : daemon_sync(&options);
    }
    daemon_options_done(&options);
    return status;
}
