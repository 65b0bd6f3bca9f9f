#include "ptrd/daemon/daemon.h"
#include "ptrd/source/pg.h"

#include <stdio.h>

int daemon_migrate(const struct daemon_options *o)
{
    struct diag diag = {.file = NULL};
    struct pg_migrated done;
    struct pg *p = NULL;
    int err = pg_open(o->postgres, "ptr-admind --migrate", &p, &diag);
    if (!err)
        err = pg_migrate(p, &done, &diag);
    pg_close(p);
    if (err) {
        daemon_log("%s", diag.message);
        return 1;
    }
    printf("the schema has version %u; %u migration%s applied\n", done.version, done.applied,
           done.applied == 1 ? "" : "s");
    return fflush(stdout) ? 1 : 0;
}
