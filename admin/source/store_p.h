/* What the files of the store as a source share: the marks that the elements of a model carry in
 * their places while it is read (nothing in a store has a place). */
#ifndef PTRD_SOURCE_STORE_P_H
#define PTRD_SOURCE_STORE_P_H

#include "model_p.h"

/* place.column of a record, which the delegation or zone that model_expand made it of hands on;
 * place.line then says which one: the number of the delegation, from 1 on. */
enum store_mark {
    MARK_SOURCE,
    MARK_HIDDEN, /* of the source, but something local stands in front of it */
    MARK_LOCAL,
    MARK_OF_DELEGATION,
    MARK_OF_ZONE,
};

/* For model_expand: what it makes will tell of what. */
void store_mark_makers(struct model *m) PTRD_NONNULL;

/* Of what model_expand made and what is stored, one is kept, so that the model is what is in force:
 * the made record where the stored ones are the same, the stored ones else. A delegation of which
 * not everything is in force as it was made goes: its records stay as records of their own, and
 * blocks see to it that the addresses go on having no generated names. Hidden records go; marks are
 * cleared. */
PTRD_CHECKED int store_settle_made(struct model *m) PTRD_NONNULL;

#endif
