/* The methods of the remote backend of PowerDNS 4.7.3 (and APILookup of 5.0).
 *
 * A fixed result of this table is what PowerDNS takes for "none" or "refused": an empty array where
 * it iterates, false elsewhere. Errors are never results. */
#include "worker.h"

static const struct method methods[] = {
    {"lookup", NULL, NULL, "false"}, /* lookup.c; it is number 0 */
    {"APILookup", NULL, NULL, "false"},
    {"getAllDomainMetadata", NULL, method_get_all_metadata, NULL},
    {"getDomainInfo", NULL, method_get_domain_info, NULL},
    {"getDomainMetadata", method_get_metadata, NULL, NULL},
    {"getDomainKeys", NULL, method_get_keys, NULL},
    {"initialize", method_initialize, NULL, NULL},
    {"list", method_list, NULL, NULL},
    {"getAllDomains", method_get_all_domains, NULL, NULL},
    {"getUpdatedMasters", method_get_updated, NULL, NULL},
    {"getUnfreshSlaveInfos", method_get_unfresh, NULL, NULL},
    {"setNotified", method_set_notified, NULL, NULL},
    {"setFresh", method_set_fresh, NULL, NULL},
    {"setStale", method_set_stale, NULL, NULL},
    {"superMasterBackend", method_super_master, NULL, NULL},
    {"createSlaveDomain", method_create_slave, NULL, NULL},
    {"setDomainMetadata", method_set_metadata, NULL, NULL},
    {"getTSIGKey", method_get_tsig, NULL, NULL},
    {"getTSIGKeys", method_get_all_tsig, NULL, NULL},
    {"setTSIGKey", method_set_tsig, NULL, NULL},
    {"deleteTSIGKey", method_delete_tsig, NULL, NULL},
    {"startTransaction", method_start, NULL, NULL},
    {"commitTransaction", method_commit, NULL, NULL},
    {"abortTransaction", method_abort, NULL, NULL},
    {"feedRecord", method_feed_record, NULL, NULL},
    {"feedEnts", method_feed_ents, NULL, NULL},
    {"feedEnts3", method_feed_ents, NULL, NULL},
    {"replaceRRSet", method_replace, NULL, NULL},
    {"directBackendCmd", method_direct, NULL, NULL},
    {"searchRecords", method_search, NULL, NULL},
    {"getBeforeAndAfterNamesAbsolute", method_denial, NULL, NULL},
    {"addDomainKey", method_add_key, NULL, NULL},
    {"removeDomainKey", method_remove_key, NULL, NULL},
    {"activateDomainKey", method_activate_key, NULL, NULL},
    {"deactivateDomainKey", method_deactivate_key, NULL, NULL},
    {"publishDomainKey", method_publish_key, NULL, NULL},
    {"unpublishDomainKey", method_unpublish_key, NULL, NULL},
    {"other", NULL, NULL, "false"}, /* any that we do not know */
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
