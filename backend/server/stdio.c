#include <signal.h>
#include <unistd.h>

#include "ptrd/server/server.h"
#include "stream.h"

/* PowerDNS's pipe connector starts one such process for each of its backend instances, and starts
 * it anew when it ends. */
int server_stdio(struct engine *e, enum leaf_mode leaf)
{
    struct log_limit log;
    struct rpc_counters *counters;
    int rc = rpc_counters_new(&counters);
    if (rc < 0) {
        log_line("%s", ptrd_strerror(rc));
        return 1;
    }
    log_limit_init(&log);
    signal(SIGPIPE, SIG_IGN);
    const struct stream s = {STDIN_FILENO, STDOUT_FILENO, "--stdio", &log, counters, leaf, true};
    rc = stream_serve(&s, e);
    log_limit_done(&log);
    rpc_counters_free(counters);
    return rc < 0 ? 1 : 0;
}
