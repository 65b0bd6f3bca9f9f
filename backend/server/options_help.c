#include "options_help.h"

static const char head[] =
    "Usage: ptrd --db DIR --socket PATH [OPTION ...]\n"
    "       ptrd --db DIR --stdio\n"
    "       ptrd --check-config [OPTION ...]\n"
    "\n"
    "Answers PowerDNS (remote backend) with the PTR, A and AAAA records of every address of the\n"
    "blocks in a store, and with the explicit records of its zones.\n"
    "\n"
    "First fill a store, then start ptrd, then tell PowerDNS where it is:\n"
    "  ptrctl load zones.yaml --db /var/lib/ptrd\n"
    "  ptrd --db /var/lib/ptrd --socket /run/ptrd/ptrd.sock --socket-group pdns\n"
    "  pdns.conf:  launch=remote\n"
    "              remote-connection-string=unix:path=/run/ptrd/ptrd.sock\n"
    "Later loads are answered from the next request on, without a signal. pdnsutil, the HTTP API\n"
    "and DNSUPDATE edit the store through ptrd; see \"Edits\" in ptrd(8).\n"
    "\n"
    "Options; all but those of the last group may stand in the configuration file as `key: "
    "value`:\n";

static const char tail[] =
    "\n"
    "  --config FILE          configuration file (YAML); flags override it\n"
    "  --check-config         check the configuration and the flags, then leave\n"
    "  --stdio                speak on stdin and stdout instead of a socket; in pdns.conf:\n"
    "                         remote-connection-string=pipe:command=/usr/sbin/ptrd --stdio --db "
    "DIR,timeout=0\n"
    "  --help, --version\n"
    "\n"
    "Signals: SIGTERM and SIGINT end it after the requests in progress; SIGHUP reads the\n"
    "configuration again (keys marked * change while it runs).\n"
    "Exit status: 0 fine, 1 refused with the reason, 2 usage.\n";

static void print_key(FILE *out, const struct option_key *key)
{
    char flag[64];
    snprintf(flag, sizeof flag, "--%s %s", key->name, key->argument);
    fprintf(out, "  %-22s%c %s", flag, key->live ? '*' : ' ', key->doc);
    if (key->kind == OPTION_NUMBER)
        fprintf(out, "; %lu to %lu", key->min, key->max);
    if (*key->fallback)
        fprintf(out, "; default %s", key->fallback);
    fputc('\n', out);
}

void options_print_help(FILE *out)
{
    fputs(head, out);
    for (unsigned i = 0; i < option_key_count; i++)
        print_key(out, &option_keys[i]);
    fputs(tail, out);
}
