/* The methods of the remote backend of PowerDNS 4.7.3 (and APILookup of 5.0).
 *
 * A fixed result of this table is what PowerDNS takes for "none" or "refused": an empty array where
 * it iterates, false elsewhere. Errors are never results. */
#include "worker.h"

static const struct method methods[] = {
    {"lookup", NULL, "false"}, /* lookup.c; it is number 0 */
    {"APILookup", NULL, "false"},
    {"getAllDomainMetadata", method_get_all_metadata, NULL},
    {"getDomainInfo", method_get_domain_info, NULL},
    {"getDomainMetadata", method_get_metadata, NULL},
    {"getDomainKeys", method_get_keys, NULL},
    {"initialize", method_initialize, NULL},
    {"list", method_list, NULL},
    {"getAllDomains", method_get_all_domains, NULL},
    {"getUpdatedMasters", method_get_updated, NULL},
    {"getUnfreshSlaveInfos", method_get_unfresh, NULL},
    {"setNotified", method_set_notified, NULL},
    {"setFresh", method_set_fresh, NULL},
    {"setStale", method_set_stale, NULL},
    {"superMasterBackend", method_super_master, NULL},
    {"createSlaveDomain", method_create_slave, NULL},
    {"setDomainMetadata", method_set_metadata, NULL},
    {"getTSIGKey", method_get_tsig, NULL},
    {"getTSIGKeys", method_get_all_tsig, NULL},
    {"setTSIGKey", method_set_tsig, NULL},
    {"deleteTSIGKey", method_delete_tsig, NULL},
    {"startTransaction", method_start, NULL},
    {"commitTransaction", method_commit, NULL},
    {"abortTransaction", method_abort, NULL},
    {"feedRecord", method_feed_record, NULL},
    {"feedEnts", method_feed_ents, NULL},
    {"feedEnts3", method_feed_ents, NULL},
    {"replaceRRSet", method_replace, NULL},
    {"directBackendCmd", method_direct, NULL},
    {"searchRecords", method_search, NULL},
    {"getBeforeAndAfterNamesAbsolute", method_denial, NULL},
    {"addDomainKey", method_add_key, NULL},
    {"removeDomainKey", method_remove_key, NULL},
    {"activateDomainKey", method_activate_key, NULL},
    {"deactivateDomainKey", method_deactivate_key, NULL},
    {"publishDomainKey", method_publish_key, NULL},
    {"unpublishDomainKey", method_unpublish_key, NULL},
    {"other", NULL, "false"}, /* any that we do not know */
};

#define METHODS (sizeof methods / sizeof *methods)
_Static_assert(METHODS <= METHOD_COUNT_MAX, "each method has its count");

const struct method *method_find(const char *name, size_t len)
{
    for (size_t i = 0; i < METHODS; i++) {
        if (strlen(methods[i].name) == len && memcmp(methods[i].name, name, len) == 0)
            return &methods[i];
    }
    return &methods[METHODS - 1];
}

unsigned method_number(const struct method *m)
{
    return (unsigned)(m - methods);
}

const char *method_name(unsigned number)
{
    return number < METHODS ? methods[number].name : NULL;
}
