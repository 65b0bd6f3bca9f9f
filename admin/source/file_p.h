/* What the readers of the zones file's sections share. */
#ifndef PTRD_SOURCE_FILE_P_H
#define PTRD_SOURCE_FILE_P_H

#include "ptrd/conf/conf.h"
#include "ptrd/source/file.h"

#define TTL_MAX 2147483647u /* RFC 2181 8 */
#define TTL_DEFAULT 3600u
#define CSV_SIZE_MAX ((uint64_t)4 << 30) /* bytes of all CSV files together */

/* What a zone takes where it says nothing itself. */
struct zone_defaults {
    uint32_t ttl_s;
    struct store_soa soa;
    bool has_mname, has_rname;
    const struct conf_node *ns; /* a list of names, or NULL; borrowed from the document */
};

struct source {
    struct model *m;
    struct diag *diag;
    const char *path; /* of the zones file */
    uint16_t file;    /* its number in the model */
    uint32_t row;     /* of a database: stands for the line; 0: none */
    struct zone_defaults defaults;
    source_progress_fn *progress;
    void *progress_ctx;
    uint64_t done, total; /* bytes */
};

static inline struct model_place source_place(const struct source *s, const struct conf_node *node)
{
    if (s->row)
        return (struct model_place){.line = s->row, .file = s->file};
    return (struct model_place){.line = node->line, .column = node->column, .file = s->file};
}

int source_no_memory(struct source *s) PTRD_NONNULL;

/* --- values (value.c): each fills diag with the node's place and what was expected --- */

/* Refuses what YAML and CSV may hold but a name in text may not: blanks, quotes, parentheses,
 * semicolons and octets beyond ASCII that are not escaped. Returns the offset of the first one or
 * -1. */
long value_bad_octet(const char *text, size_t len, const char **why) PTRD_NONNULL;

/* An absolute name; origin: relative to it unless NULL. */
PTRD_CHECKED int value_name(struct source *s, const struct conf_node *node, const char *what,
                            const struct name *origin, struct name *out)
    PTRD_NONNULL_ARGS(1, 2, 3, 5);
/* An entry of `ns`. */
PTRD_CHECKED int value_server(struct source *s, const struct conf_node *node,
                              struct name *out) PTRD_NONNULL;
PTRD_CHECKED int value_ttl(struct source *s, const struct conf_node *node, const char *what,
                           uint32_t *out) PTRD_NONNULL;

/* Where RFC 2317 puts the PTRs of prefix (IPv4 beyond /24): "64/26", "64-26" or "64-127" below the
 * name of the /24, or any full name. */
PTRD_CHECKED int value_child(struct source *s, const struct conf_node *node, const char *what,
                             const struct prefix *prefix, struct name *out) PTRD_NONNULL;

/* A prefix without host bits. */
PTRD_CHECKED int value_prefix(struct source *s, const struct conf_node *node,
                              struct prefix *out) PTRD_NONNULL;

/* A list, or one text instead of a list of one: *first and *count are set; steps by ->next where
 * *list is true. Empty lists are refused. */
PTRD_CHECKED int value_list(struct source *s, const struct conf_node *node, const char *what,
                            const struct conf_node **first, size_t *count) PTRD_NONNULL;

/* --- sections --- */

/* Fills s->defaults; node may be NULL. */
PTRD_CHECKED int source_read_defaults(struct source *s, const struct conf_node *node)
    PTRD_NONNULL_ARGS(1);
PTRD_CHECKED int source_read_zones(struct source *s, const struct conf_node *node) PTRD_NONNULL;
/* One `soa:` over what *soa holds already. */
PTRD_CHECKED int source_read_soa(struct source *s, const struct conf_node *node,
                                 struct zone_defaults *into) PTRD_NONNULL;
/* *apex_ns: an NS record of the apex is among them, here. */
PTRD_CHECKED int source_read_records(struct source *s, const struct conf_node *node,
                                     const struct name *apex, uint32_t ttl_s,
                                     const struct conf_node **apex_ns) PTRD_NONNULL;
PTRD_CHECKED int source_read_blocks(struct source *s, const struct conf_node *node) PTRD_NONNULL;
PTRD_CHECKED int source_read_ptrs(struct source *s, const struct conf_node *node) PTRD_NONNULL;
PTRD_CHECKED int source_read_delegations(struct source *s,
                                         const struct conf_node *node) PTRD_NONNULL;
PTRD_CHECKED int source_read_ptrs_files(struct source *s,
                                        const struct conf_node *node) PTRD_NONNULL;

/* One entry of a section: what a row of a database is. */
PTRD_CHECKED int source_read_zone(struct source *s, const struct conf_node *node) PTRD_NONNULL;
PTRD_CHECKED int source_read_record(struct source *s, const struct conf_node *node,
                                    const struct name *apex, uint32_t ttl_s,
                                    const struct conf_node **apex_ns) PTRD_NONNULL;
PTRD_CHECKED int source_read_block(struct source *s, const struct conf_node *node) PTRD_NONNULL;
PTRD_CHECKED int source_read_delegation(struct source *s,
                                        const struct conf_node *node) PTRD_NONNULL;

/* Reads rows from an open file (csv.c); file is its number in the model. */
PTRD_CHECKED int csv_read(struct source *s, int fd, uint16_t file) PTRD_NONNULL;

#endif
