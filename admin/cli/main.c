#include "cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command commands[] = {
    {.name = "check",
     .synopsis = "FILE | --db DIR",
     .summary = "prove a zones file, or what a store holds, without changing anything",
     .help =
         "Everything that `load` would refuse is refused, with file, line, column and the value;\n"
         "then names and addresses that do not agree are listed, and with --db what PowerDNS\n"
         "changed in place of the source's.\n"
         "Exit status: 0 fine (warnings at most), 1 refused or an error found, 2 usage.\n\n"
         "  ptrctl check /etc/ptrd/zones.yaml\n"
         "  ptrctl check --db /var/lib/ptrd\n",
     .operands_max = 1,
     .run = cli_check},
    {.name = "load",
     .synopsis = "FILE --db DIR [--keep OLD_DIR] [SERVER ...]",
     .summary = "make a store equal to a zones file; live at ptrd's next request",
     .help =
         "The file is accepted whole or refused whole. Only differences are written, in one\n"
         "transaction; ids of zones stay, serials rise where answers change. What PowerDNS\n"
         "changed stays (`ptrctl local`), as do DNSSEC and TSIG keys.\n"
         "--keep fills a new DIR that is to take the place of OLD_DIR: it gets the ids and\n"
         "serials of its zones, its keys and all that PowerDNS changed there.\n"
         "--control SOCKET, --pdns URL with --api-key-file FILE, also several: PowerDNS servers\n"
         "that then forget what they keep of what the load changed (`ptrctl help flush`).\n\n"
         "  ptrctl load /etc/ptrd/zones.yaml --db /var/lib/ptrd\n"
         "  ptrctl load zones.yaml --db /var/lib/ptrd --control /run/pdns/pdns.controlsocket\n"
         "  ptrctl load zones.yaml --db /var/lib/ptrd.new --keep /var/lib/ptrd\n",
     .takes_keep = true,
     .takes_servers = true,
     .operands_max = 1,
     .run = cli_load},
    {.name = "explain",
     .synopsis = "ADDRESS|NAME --db DIR [--json]",
     .summary = "show what is answered for an address or a name, and why",
     .help = "  ptrctl explain 198.51.100.7 --db /var/lib/ptrd\n"
             "  ptrctl explain mail.isp.example --db /var/lib/ptrd --json\n",
     .takes_json = true,
     .operands_max = 1,
     .run = cli_explain},
    {.name = "dump",
     .synopsis = "--db DIR",
     .summary = "print what is in force as a zones file",
     .help = "Loaded into an empty directory the result gives the same answers and serials. Keys,\n"
             "zone ids and origins are not in it.\n\n"
             "  ptrctl dump --db /var/lib/ptrd > zones.yaml\n",
     .operands_max = 1,
     .run = cli_dump},
    {.name = "import-zone",
     .synopsis = "FILE [--origin ZONE] [--db DIR]",
     .summary = "turn a master file into a zones file",
     .help =
         "The zones file goes to standard output, what was left out or put differently to\n"
         "standard error; $GENERATE becomes blocks where they say the same. --origin names the\n"
         "zone where the file does not; with --db the result is loaded too, as `load` does.\n\n"
         "  ptrctl import-zone db.example --origin isp.example > zones.yaml\n",
     .takes_origin = true,
     .operands_max = 1,
     .run = cli_import_zone},
    {.name = "import-bind",
     .synopsis = "NAMED_CONF [--db DIR]",
     .summary = "turn the primary zones of a named.conf into a zones file",
     .help = "Reads named.conf, what it includes, its views and the files of its zones. Relative\n"
             "paths are those of `directory`, else relative to named.conf. The zones file goes to\n"
             "standard output, notes to standard error; with --db it is loaded too.\n\n"
             "  ptrctl import-bind /etc/bind/named.conf > zones.yaml\n",
     .operands_max = 1,
     .run = cli_import_bind},
    {.name = "local",
     .synopsis = "list|export|drop [NAME [TYPE]] --db DIR [--json] [--all]",
     .summary = "show, export or take back what PowerDNS changed (local RRsets)",
     .help = "list    each local RRset, and whether it hides one of the source (--json: as JSON)\n"
             "export  the same as parts of a zones file; what was deleted as comments\n"
             "drop    takes back those of a name or address, of one type, or with --all every one\n"
             "A local RRset stands in front of the source's, and no load changes it.\n\n"
             "  ptrctl local list --db /var/lib/ptrd\n"
             "  ptrctl local drop www.isp.example A --db /var/lib/ptrd\n",
     .takes_json = true,
     .takes_all = true,
     .operands_max = 3,
     .run = cli_local},
    {.name = "flush",
     .synopsis = "NAME|NAME$|ADDRESS ...|--all [--rediscover] SERVER ...",
     .summary = "let PowerDNS forget what it keeps of names (packet and query cache)",
     .help =
         "NAME$ is the name with everything below it; an ADDRESS is its reverse name.\n"
         "--all          everything\n"
         "--rediscover   zones came or went: PowerDNS reads its list of zones (--control only;\n"
         "               --pdns does it with the zone's own name)\n"
         "SERVER is one of these, also several:\n"
         "--control SOCKET                  the control socket of a PowerDNS on this machine\n"
         "--pdns URL --api-key-file FILE    its HTTP API; NAME is always NAME$ there\n\n"
         "  ptrctl flush 198.51.100.7 mail.isp.example --control /run/pdns/pdns.controlsocket\n"
         "  ptrctl flush 'isp.example$' --pdns http://127.0.0.1:8081 --api-key-file api.key\n",
     .takes_all = true,
     .takes_servers = true,
     .takes_rediscover = true,
     .operands_max = CLI_OPERANDS_MAX,
     .run = cli_flush},
    {.name = "status",
     .synopsis = "--config FILE | --database CONNINFO [--json]",
     .summary = "show the nodes that follow a database, and what is quarantined",
     .help = "--config FILE         the database of a configuration of ptr-admind\n"
             "--database CONNINFO   or that of a connection string of libpq\n"
             "STATE is current, behind (CHANGES are not applied, the oldest LAG ago), reloading\n"
             "(it reads everything) or unreported (for 90 s).\n\n"
             "  ptrctl status --config /etc/ptrd/admind.yaml\n"
             "  ptrctl status --database 'host=db1 dbname=ptrd' --json\n",
     .takes_json = true,
     .takes_database = true,
     .run = cli_status},
    {.name = "wait",
     .synopsis = "CHANGE --config FILE | --database CONNINFO [--nodes N] [--timeout-s S]",
     .summary = "return when a change of the database is live on all nodes, or on N",
     .help = "CHANGE is the number of the transaction, pg_current_xact_id() in it:\n"
             "  INSERT INTO ptrd.ptr ... RETURNING pg_current_xact_id();\n"
             "--timeout-s: 30 unless said. Exit status: 0 it is live, 1 not in time (the nodes\n"
             "that are behind are named), rolled back or no such transaction, 2 usage.\n\n"
             "  ptrctl wait 48213 --config /etc/ptrd/admind.yaml\n"
             "  ptrctl wait 48213 --nodes 2 --timeout-s 5 --database 'host=db1 dbname=ptrd'\n",
     .takes_database = true,
     .waits = true,
     .operands_max = 1,
     .run = cli_wait},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static void print_help(FILE *out)
{
    fputs("ptrctl - the command line of ptrd, reverse DNS for whole address blocks\n\n"
          "Usage: ptrctl COMMAND ...\n\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  ptrctl %s %s\n        %s\n", commands[i].name, commands[i].synopsis,
                commands[i].summary);
    fputs("\n`ptrctl COMMAND --help` tells more. Exit status: 0 fine, 1 refused (the reason is on\n"
          "stderr), 2 usage. Manual pages: ptrctl(1), ptrd-zones(5), ptrd(8).\n",
          out);
}

static int print_command(const struct cli_command *c)
{
    printf("ptrctl %s %s\n\n%s.\n\n%s", c->name, c->synopsis, c->summary, c->help);
    return CLI_OK;
}

/* Options may stand anywhere behind the command; "--" ends them. */
static int parse(const struct cli_command *c, int argc, char **argv, struct cli_args *args)
{
    bool options = true;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        int taken = options && c->takes_servers
                        ? cli_server_option(c->name, &args->servers, argc - i, argv + i)
                        : 0;
        if (options && !taken && c->takes_database)
            taken = cli_database_option(c->name, &args->database, argc - i, argv + i);
        if (taken < 0) {
            return CLI_USAGE;
        } else if (taken > 0) {
            i += taken - 1;
        } else if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && strcmp(word, "--db") == 0) {
            if (++i == argc)
                return cli_usage(c->name, "--db needs a directory");
            args->db = argv[i];
        } else if (options && strncmp(word, "--db=", 5) == 0) {
            args->db = word + 5;
        } else if (options && c->takes_origin && strcmp(word, "--origin") == 0) {
            if (++i == argc)
                return cli_usage(c->name, "--origin needs a zone's name");
            args->origin = argv[i];
        } else if (options && c->takes_origin && strncmp(word, "--origin=", 9) == 0) {
            args->origin = word + 9;
        } else if (options && c->takes_keep && strcmp(word, "--keep") == 0) {
            if (++i == argc)
                return cli_usage(c->name, "--keep needs a directory");
            args->keep = argv[i];
        } else if (options && c->takes_keep && strncmp(word, "--keep=", 7) == 0) {
            args->keep = word + 7;
        } else if (options && c->takes_json && strcmp(word, "--json") == 0) {
            args->json = true;
        } else if (options && c->takes_all && strcmp(word, "--all") == 0) {
            args->all = true;
        } else if (options && c->takes_rediscover && strcmp(word, "--rediscover") == 0) {
            args->rediscover = true;
        } else if (options && word[0] == '-' && word[1]) {
            return cli_usage(c->name, "unknown option `%s`", word);
        } else if (args->operand_count == c->operands_max) {
            return cli_usage(c->name, "`%s` is one word too many", word);
        } else {
            args->operands[args->operand_count++] = word;
        }
    }
    args->operand = args->operands[0];
    return CLI_OK;
}

static int run(const struct cli_command *c, int argc, char **argv)
{
    struct cli_args args = {.database.waits = c->waits};
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_command(c);
    int status = parse(c, argc, argv, &args);
    return status ? status : c->run(&args);
}

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int run_line(int argc, char **argv)
{
    const struct cli_command *c;
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (is_help(argv[1])) {
        c = argc > 2 ? find_command(argv[2]) : NULL;
        if (c)
            return print_command(c);
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("ptrctl " PTRD_VERSION);
        return CLI_OK;
    }
    c = find_command(argv[1]);
    return c ? run(c, argc - 2, argv + 2) : cli_usage("", "unknown command `%s`", argv[1]);
}

/* A standard stream that was closed would be the next file that is opened: text of ours would go
 * into the store. A descriptor that cannot be written to makes its loss known. */
static void fill_standard_streams(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    return cli_finish(run_line(argc, argv));
}
