/* The desired state as plain structs: what every source (zones file, later PostgreSQL) produces and
 * what the loader writes. A model owns all its memory (one arena and the growing arrays; sorted
 * PTRs may lie in files, model_spill_into), is filled by one thread and then only read. Values are
 * checked one by one by the source; what needs the whole (nesting, proof, collisions, PTRs outside
 * our zones) is checked by check/model.h. */
#ifndef PTRD_SOURCE_MODEL_H
#define PTRD_SOURCE_MODEL_H

#include "ptrd/core/arena.h"
#include "ptrd/core/table.h"
#include "ptrd/store/records.h"

/* Where a thing was written: file is one of model->files. */
struct model_place {
    uint32_t line, column;
    uint32_t file;
};

struct model_metadata {
    const char *kind;
    const char **values;
    unsigned value_count;
};

struct model_zone {
    struct name apex;
    struct store_zone settings;
    bool has_serial;
    uint32_t serial; /* `serial:`: the first serial of a zone that the store never had */
    struct model_metadata *metadata;
    unsigned metadata_count;
    bool listed_ns; /* its apex NS stand in `records:`, with a TTL of their own */
    struct model_place place;
};

/* A prefix delegated to somebody else, as written (`delegations:`). model_expand makes the records
 * that it stands for. */
struct model_delegation {
    struct prefix prefix;
    struct name child; /* RFC 2317: where the CNAMEs lead; len 0: NS at the prefix's own names */
    uint32_t ttl_s;
    struct name *ns;
    unsigned ns_count;
    const char **ds; /* canonical contents */
    unsigned ds_count;
    struct model_place place;
};

struct model_block {
    struct range range;
    const char *text; /* NULL: "none" */
    uint32_t ttl_s;
    uint8_t flags; /* enum block_flags */
    uint8_t kind;  /* enum block_kind */
    unsigned var_count;
    struct template_var *vars;
    struct model_place place;      /* of the block */
    struct model_place name_place; /* of its template text */
};

/* An explicit RR of any type but SOA and but PTR at a full reverse name. The apex NS of `ns:` are
 * among them. content is canonical text (rdata.h). */
struct model_record {
    struct name owner;
    uint16_t type;
    uint32_t ttl_s;
    const char *content;
    size_t content_len;
    bool made;      /* by model_expand: not written by anybody */
    struct name in; /* apex of the zone in whose `records:` it stands; len 0: its owner's own */
    struct model_place place;
};

/* One explicit PTR; several with one address make its RRset. target: offset of the wire name in
 * model->targets. Sorted by model_sort: family, address, then canonical target. */
struct model_ptr {
    u128 num;
    uint32_t target;
    uint32_t ttl_s;
    uint32_t line;
    uint32_t file : 19, column : 8;   /* column 0: not known */
    uint32_t family : 3, forward : 2; /* enum family, enum ptr_forward; 32 bytes in all */
};
#define MODEL_TTL_UNSAID UINT32_MAX /* ptr without ttl: its zone's */

struct model {
    struct model_zone *zones;
    uint32_t zone_count, zone_capacity;
    struct model_block *blocks;
    uint32_t block_count, block_capacity;
    struct model_record *records;
    uint32_t record_count, record_capacity;
    struct model_record *above; /* held by a zone at or below the apex of a zone of ours in it */
    uint32_t above_count, above_capacity;
    struct model_delegation *delegations;
    uint32_t delegation_count, delegation_capacity;
    struct model_ptr *ptrs;
    uint32_t ptr_count, ptr_capacity;
    uint8_t *targets;
    size_t target_size, target_capacity;
    struct model_spill *spill; /* NULL: PTRs stay in memory */
    const char **files;
    uint32_t file_count;
    enum store_source source;
    struct arena arena;
};

PTRD_CHECKED int model_new(struct model **out) PTRD_NONNULL;
void model_free(struct model *m);

/* Memory that lives as long as the model; NULL when there is none. */
void *model_alloc(struct model *m, size_t size) PTRD_NONNULL;
const char *model_strndup(struct model *m, const char *text, size_t len) PTRD_NONNULL;

/* Each appends a zeroed element (records, blocks, zones) or returns NULL without memory. */
struct model_zone *model_add_zone(struct model *m) PTRD_NONNULL;
struct model_block *model_add_block(struct model *m) PTRD_NONNULL;
struct model_record *model_add_record(struct model *m) PTRD_NONNULL;
struct model_record *model_add_above(struct model *m) PTRD_NONNULL;
struct model_delegation *model_add_delegation(struct model *m) PTRD_NONNULL;
PTRD_CHECKED int model_add_ptr(struct model *m, const struct addr *addr, const struct name *target,
                               uint32_t ttl_s, enum ptr_forward forward, uint32_t file,
                               uint32_t line) PTRD_NONNULL;
/* The same with the column (0: not known). */
PTRD_CHECKED int model_add_ptr_at(struct model *m, const struct addr *addr,
                                  const struct name *target, uint32_t ttl_s,
                                  enum ptr_forward forward, struct model_place place) PTRD_NONNULL;

/* From now on PTRs that take more than `memory` octets are sorted in unlinked files in dir, a
 * directory that is made if it is missing. They are to be looked at only behind model_sort, which
 * maps them, and are not to be changed then. About 130 octets a PTR are needed there until
 * model_free. For a model without PTRs. */
PTRD_CHECKED int model_spill_into(struct model *m, const char *dir, size_t memory) PTRD_NONNULL;
/* As they were given; NULL and SIZE_MAX: not at all. */
const char *model_spill_dir(const struct model *m) PTRD_NONNULL;
size_t model_spill_memory(const struct model *m) PTRD_NONNULL;
/* Registers a path (copied); returns its number, at most MODEL_FILES_MAX - 1. */
#define MODEL_FILES_MAX 256
PTRD_CHECKED int model_add_file(struct model *m, const char *path) PTRD_NONNULL;
/* The same without looking whether it is known, for imports of many files: at most MODEL_FILES_TOP.
 */
#define MODEL_FILES_TOP (1u << 19)
PTRD_CHECKED int model_append_file(struct model *m, const char *path) PTRD_NONNULL;

/* Puts the model's zones, or the cuts and DNAMEs among its records, into a zone table under
 * construction: ids are the zones' indices + 1, refs their indices. Errors as table_add_zone. */
PTRD_CHECKED int model_put_zones(const struct model *m, struct table_builder *b) PTRD_NONNULL;
PTRD_CHECKED int model_put_cuts(const struct model *m, struct table_builder *b) PTRD_NONNULL;

/* A table of the zones alone; free it by table_free. */
PTRD_CHECKED int model_zone_table(const struct model *m, struct table **out) PTRD_NONNULL;

/* Makes the records that delegations and RFC 2317 zones stand for (NS, DS, CNAMEs of a prefix;
 * where parent and child are both ours, the CNAMEs once), and moves to `above` what the `records:`
 * of a zone hold at or below the apex of a zone of ours inside it: NS and DS at that apex, A and
 * AAAA at or below it; anything else there is refused. Refused too, with the place: a delegation in
 * no reverse zone of ours, or whose name is another than that of the RFC 2317 zone of ours with its
 * prefix. Once a model, when it is complete and before model_sort. */
PTRD_CHECKED int model_expand(struct model *m, struct diag *diag) PTRD_NONNULL;

/* Sorts zones and records (canonical owner order, type, content), blocks and PTRs (family, first,
 * larger first; address, target). Refuses what is there twice, with both lines: zones of one name,
 * the same PTR pair, the same RR; an RRset with two TTLs takes the least. */
PTRD_CHECKED int model_sort(struct model *m, struct diag *diag) PTRD_NONNULL;

/* Puts a place into diag and returns err. */
int model_refuse(const struct model *m, struct model_place place, struct diag *diag, int err,
                 const char *format, ...) PTRD_FORMAT(5, 6);

/* "line 7", or "FILE line 7" when it is in another file than here. */
void model_place_print(const struct model *m, struct model_place place, struct model_place here,
                       char *out, size_t size) PTRD_NONNULL;

/* The wire name of a ptr. */
static inline struct span model_target(const struct model *m, const struct model_ptr *p)
{
    const uint8_t *w = m->targets + p->target;
    return (struct span){.bytes = w + 1, .len = w[0]};
}

#endif
