#include "cli.h"
#include "ptrd/source/print.h"
#include "ptrd/source/store.h"

#include <inttypes.h>
#include <stdio.h>

int cli_dump(const struct cli_args *args)
{
    struct diag diag = {.file = NULL};
    struct store *s;
    struct model *m = NULL;
    uint64_t keys = 0;
    if (args->operand || !args->db)
        return cli_usage("dump", "give --db DIR and nothing else");
    int err = store_open(args->db, STORE_OPEN_READ, &s, &diag);
    if (err < 0)
        return cli_refuse(&diag);
    err = source_store_read(s, args->db, &m, &diag);
    if (err == 0)
        err = cli_keys_count(s, &keys, &diag);
    store_close(s);
    if (err == 0) {
        puts("# what `ptrctl dump` found in force");
        if (keys)
            printf("# without the store's %" PRIu64 " DNSSEC keys: signatures of these zones need "
                   "them (`ptrctl load --keep`, `pdnsutil export-zone-key`)\n",
                   keys);
        err = source_print(stdout, m);
        if (err < 0)
            (void)diag_set(&diag, err, "%s: %s", args->db, ptrd_strerror(err));
    }
    int status = err < 0 ? cli_refuse(&diag) : CLI_OK; /* diag->file may lie in the model */
    model_free(m);
    return status;
}
