/* Private keys come from outside: whatever they hold, rdata_key_ds answers, and a DS that it makes
 * is one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ptrd/rdata/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {.file = NULL};
    struct rdata ds, again;
    struct name apex;
    uint8_t algorithm;
    if (name_parse("isp.example", strlen("isp.example"), &apex, NULL) < 0)
        abort();
    int found = rdata_key_ds(&apex, 257, (const char *)data, size, &algorithm, &ds, &diag);
    if (found == PTRD_EINVAL ? !diag.message[0] : found < 0)
        abort();
    if (found != PTRD_FOUND)
        return 0;
    if (rdata_parse(&apex, NULL, RRTYPE_DS, ds.text, ds.len, &again, &diag) < 0 ||
        strcmp(again.text, ds.text) != 0)
        abort();
    rdata_done(&again);
    rdata_done(&ds);
    return 0;
}
