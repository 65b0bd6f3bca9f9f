#include "env_p.h"

#include <errno.h>

int store_error(int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case ENOMEM:
        return PTRD_ENOMEM;
    case EINVAL:
    case MDB_BAD_VALSIZE:
        return PTRD_EINVAL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return PTRD_ECORRUPT;
    case MDB_MAP_FULL:
        return PTRD_ESPACE;
    case MDB_READERS_FULL:
        return PTRD_ELIMIT;
    default:
        return rc > 0 ? -rc : PTRD_ESTORE;
    }
}
