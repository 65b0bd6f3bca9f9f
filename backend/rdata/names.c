/* Types whose content is names and numbers alone. */
#include "ptrd/rdata/rdata.h"

enum {
    TYPE_MB = 7,
    TYPE_MG = 8,
    TYPE_MR = 9,
    TYPE_MINFO = 14,
    TYPE_MX = 15,
    TYPE_RP = 17,
    TYPE_AFSDB = 18,
    TYPE_SRV = 33,
    TYPE_KX = 36,
    TYPE_LP = 107
};

bool rdata_is_names(uint16_t type)
{
    switch (type) {
    case RRTYPE_NS:
    case RRTYPE_CNAME:
    case RRTYPE_PTR:
    case RRTYPE_DNAME:
    case RRTYPE_ALIAS:
    case TYPE_MB:
    case TYPE_MG:
    case TYPE_MR:
    case TYPE_MINFO:
    case TYPE_MX:
    case TYPE_RP:
    case TYPE_AFSDB:
    case TYPE_SRV:
    case TYPE_KX:
    case TYPE_LP:
        return true;
    default:
        return false;
    }
}
