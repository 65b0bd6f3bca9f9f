#include "sync_p.h"

const char *filter_address(const struct table *t, const struct zone *home, const struct addr *addr)
{
    if (!home)
        return "no reverse zone of ours holds this address, so nobody would see it";
    return table_delegated(t, addr) ? "this address is delegated to others" : NULL;
}
