/* Why an answer is what it is, in words: for `ptrctl explain` and PowerDNS's backend-cmd. */
#ifndef PTRD_RESOLVE_EXPLAIN_H
#define PTRD_RESOLVE_EXPLAIN_H

#include "ptrd/resolve/within.h"

/* Texts are "" where they do not apply. */
struct explanation {
    char name[NAME_TEXT_SIZE];
    char address[ADDR_TEXT_SIZE]; /* of a name where the PTR of an address stands */
    char zone[NAME_TEXT_SIZE];
    char block[RANGE_TEXT_SIZE];
    char template[TEMPLATE_TEXT_MAX + 1];
    char reason[2 * NAME_TEXT_SIZE + 256];
    const char *source; /* explicit, generated, derived, delegated, ent, none */
};

/* "explicit" and so on. */
const char *explain_source(enum answer_source source);

/* The question that a text asks: the reverse name of an address (where its PTR stands), or a name.
 * PTRD_EINVAL with a diag message that says what was expected. Inside snapshot_begin and end. */
PTRD_CHECKED int explain_question(struct snapshot *s, const char *text, struct question *out,
                                  struct diag *diag) PTRD_NONNULL;

/* Words for an answer of resolve; a and s as it left them. */
void explain_answer(struct snapshot *s, const struct question *q, const struct answer *a,
                    struct explanation *out) PTRD_NONNULL;

/* Does the list of the zone with this apex fit a connection of this capacity, about? out->block is
 * of the snapshot's table. PTRD_ABSENT: no such zone; PTRD_FOUND; or an error. */
PTRD_CHECKED int explain_list(struct snapshot *s, const struct name *apex,
                              const struct list_capacity *capacity,
                              struct list_report *out) PTRD_NONNULL;
/* The same in words: "complete, 771 records", or what is left out. */
#define EXPLAIN_LIST_SIZE (LIST_REPORT_SIZE + 128)
void explain_list_print(const struct list_capacity *capacity, const struct list_report *r,
                        char out[EXPLAIN_LIST_SIZE]) PTRD_NONNULL;

/* Content of a row as PowerDNS gets it; returns its length. */
#define EXPLAIN_CONTENT_MAX 65536
size_t explain_content(const struct row *row, char out[EXPLAIN_CONTENT_MAX]) PTRD_NONNULL;

#endif
