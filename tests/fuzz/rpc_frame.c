/* Any bytes as a stream: rpc_frame must cut it the same however much of it has arrived, never
 * beyond it. */
#include <stdlib.h>

#include "ptrd/rpc/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    long first = 0;
    for (size_t len = 0; len <= size && first == 0; len++) {
        first = rpc_frame(text, len, FRAME_MAX);
        if (first > 0 && ((size_t)first != len || text[len - 1] != '\n'))
            abort(); /* it ends with the byte that completed it */
        if (first < 0 && (first != PTRD_ELIMIT || len < FRAME_MAX))
            abort();
    }
    long whole = rpc_frame(text, size, FRAME_MAX);
    if (whole != first)
        abort();
    return 0;
}
