/* The index from forward names to templates; private to core (table.c owns one).
 *
 * Every distinct template is written as a sequence of symbols from its right end: literal
 * characters, and one symbol a kind of field (radix and widths). The sorted sequences are walked as
 * a trie without nodes: a range of entries and a depth. A name is read from its right, so templates
 * of other zones drop out at once, and what remains branches only where templates differ. */
#ifndef PTRD_CORE_FORWARD_H
#define PTRD_CORE_FORWARD_H

#include "ptrd/core/table.h"

/* Indexes table->templates over table->v4/v6 (sorted and flattened). */
PTRD_CHECKED int forward_index_new(const struct table *t, struct forward_index **out) PTRD_NONNULL;
/* Sets has_block of the zones that names of t->forward may stand in. PTRD_ENOMEM. */
PTRD_CHECKED int forward_mark_zones(struct table *t) PTRD_NONNULL;
void forward_index_free(struct forward_index *f);

#endif
