#include "pg_p.h"

#include <stdio.h>

#define STEP_ROWS "10000" /* some 30 ms, for which a writer of a zone may wait */

int pg_upkeep(struct pg *p, unsigned keep_h, unsigned every_s, struct diag *diag)
{
    char keep[40], every[40];
    const char *const values[2] = {keep, every};
    PGresult *r;
    (void)snprintf(keep, sizeof keep, "%u hours", keep_h);
    (void)snprintf(every, sizeof every, "%u seconds", every_s);
    int err = pg_query(p, "upkeep of the change log",
                       "SELECT ptrd.upkeep($1::interval, $2::interval, " STEP_ROWS ")", 2, values,
                       &r, diag);
    if (err)
        return err;
    bool more = PQntuples(r) == 1 && PQgetvalue(r, 0, 0)[0] == '1';
    PQclear(r);
    return more ? PTRD_FOUND : PTRD_ABSENT;
}
