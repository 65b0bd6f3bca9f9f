/* What the readers of master files and of named.conf share.
 *
 * A master file goes line by line from the lexer (master_lex.c) to the reader (master.c:
 * directives, owner, TTL, class, type) and as records to the zone that it becomes (master_zone.c).
 * $GENERATE (generate.c) makes records too, and is remembered: generate_block.c finds out at the
 * end whether a template says the same. */
#ifndef PTRD_SOURCE_IMPORT_P_H
#define PTRD_SOURCE_IMPORT_P_H

#include "model_p.h"
#include "ptrd/rdata/rdata.h"
#include "ptrd/source/import.h"

#define IMPORT_TTL_MAX 2147483647u /* RFC 2181 8 */
#define IMPORT_DEPTH_MAX 16        /* files that include each other */

enum {
    TYPE_SIG = 24,
    TYPE_NXT = 30,
    TYPE_RRSIG = 46,
    TYPE_NSEC = 47,
    TYPE_DNSKEY = 48,
    TYPE_NSEC3 = 50,
    TYPE_NSEC3PARAM = 51,
    TYPE_CDS = 59,
    TYPE_CDNSKEY = 60,
    TYPE_SPF = 99,
};

/* --- lines (master_lex.c) --------------------------------------------------------------------- */

/* Escapes are kept; the quotes around a quoted word are not part of it. */
struct master_word {
    const char *text;
    size_t len;
    uint32_t line, column;
    bool quoted;
};

struct master_line {
    bool blank; /* begins with a blank: the owner is that of the record before */
    struct master_word *words;
    size_t count, capacity;
};

struct master_lexer {
    const char *at, *end, *line_start;
    uint32_t line;
    struct diag *diag; /* its file is set */
};

void master_lexer_init(struct master_lexer *x, const char *text, size_t len,
                       struct diag *diag) PTRD_NONNULL;
/* The next line that has words, parentheses resolved. PTRD_FOUND, PTRD_ABSENT at the end. The words
 * borrow the text. */
PTRD_CHECKED int master_next_line(struct master_lexer *x, struct master_line *line) PTRD_NONNULL;
void master_line_done(struct master_line *line) PTRD_NONNULL;

bool master_word_is(const struct master_word *w, const char *text) PTRD_NONNULL; /* any case */
/* Refuses a word: "WHAT is `WORD`, expected EXPECTED" at its place. */
int master_refuse(struct diag *diag, const struct master_word *w, const char *what,
                  const char *expected) PTRD_NONNULL;

/* --- text under construction ------------------------------------------------------------------ */

struct import_text {
    char *at; /* owned */
    size_t len, capacity;
    bool failed; /* no memory: looked at once, at the end */
};

void import_text_add(struct import_text *t, const char *text, size_t len) PTRD_NONNULL;
/* A word as a record's content has it: one line, quotes back, control characters as \DDD. */
void import_text_word(struct import_text *t, const struct master_word *w) PTRD_NONNULL;
void import_text_done(struct import_text *t) PTRD_NONNULL;

/* --- a zone under construction (master_zone.c) ------------------------------------------------ */

struct import_record {
    struct name owner;
    const struct name *origin;
    uint16_t type;
    uint32_t ttl_s;
    const char *content;
    size_t len;
    struct model_place place, content_place;
};

struct import_zone {
    struct source_import *i;
    struct diag *diag;
    bool has_apex;
    struct name apex;
    const char *soa;                  /* canonical; NULL: none yet */
    struct model_zone zone;           /* what the SOA says */
    uint32_t first_record, first_ptr; /* in the model */
    uint32_t signer_count;            /* records that a signer made */
    struct model_place signer_place;
    bool is_signed;
};

PTRD_CHECKED int import_zone_begin(struct import_zone *z, struct source_import *i,
                                   const struct name *apex, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 4);
PTRD_CHECKED int import_zone_add(struct import_zone *z, const struct import_record *r) PTRD_NONNULL;
/* Leaves out what lies outside and what is there twice, and adds the zone. */
PTRD_CHECKED int import_zone_end(struct import_zone *z) PTRD_NONNULL;

/* --- the reader (master.c) -------------------------------------------------------------------- */

/* PTRD_EINVAL unless text is a TTL: digits, or digits with units as in 1h2m. */
PTRD_CHECKED int import_ttl_parse(const char *text, size_t len, uint64_t *out) PTRD_NONNULL;

struct import_head {
    bool has_ttl;
    uint64_t ttl_s;
    uint16_t type;
    size_t behind; /* index of the first word of the content */
};

/* [ttl] [class] type, or [class] [ttl] type, from word `at` on. */
PTRD_CHECKED int import_head_read(struct diag *diag, const struct master_line *line, size_t at,
                                  struct import_head *out) PTRD_NONNULL;

/* directory: what $INCLUDE is relative to; NULL: the path was given by the user, may be a pipe, and
 * $INCLUDE is relative to its directory. */
PTRD_CHECKED int import_read_zone(struct source_import *i, const char *path,
                                  const struct name *origin, const char *directory,
                                  struct diag *diag) PTRD_NONNULL_ARGS(1, 2, 5);

/* --- files (import_file.c) ---------------------------------------------------------------------
 */

/* The whole of a file, malloc'ed. only_regular: refuses pipes and devices. */
PTRD_CHECKED int import_read_file(const char *path, bool only_regular, char **out, size_t *len,
                                  struct diag *diag) PTRD_NONNULL;
/* A file's path: as it is when absolute, else in a directory (NULL: as it is). */
const char *import_path(struct model *m, const char *directory, const char *path, size_t len)
    PTRD_NONNULL_ARGS(1, 3);
/* The directory of a path, or NULL when it has none. */
const char *import_directory(struct model *m, const char *path) PTRD_NONNULL;

/* --- named.conf (named_conf.c) ---------------------------------------------------------------- */

struct bind_zone {
    struct name apex;
    const char *file; /* as written; NULL: none */
    struct model_place place;
};

struct bind_conf {
    struct source_import *i;
    struct diag *diag;
    const char *directory;   /* of the file; then what options say */
    struct bind_zone *zones; /* primary ones of class IN, in the order of the file */
    uint32_t zone_count, zone_capacity;
};

/* Reads path and what it includes. bind_conf_done frees the zones also after a failure. */
PTRD_CHECKED int bind_conf_read(struct bind_conf *c, const char *path) PTRD_NONNULL;
void bind_conf_done(struct bind_conf *c) PTRD_NONNULL;

/* --- $GENERATE -------------------------------------------------------------------------------- */

#define GENERATE_MAX 1048576u /* records of one line */
#define PATTERN_PARTS_MAX 64

struct pattern_part {
    const char *text; /* a literal, escapes kept; NULL: a number */
    size_t len;
    int delta;
    unsigned width;
    char mode; /* d o x X n N */
};

struct pattern {
    struct pattern_part *parts; /* in the model's arena */
    unsigned count;
};

/* A $GENERATE of PTRs whose addresses follow each other: the k-th, range.first + k, has the name
 * that names gives for start + k * step. */
struct generate {
    struct range range;
    uint32_t start, step;
    struct pattern names;
    struct name origin; /* of relative names */
    uint32_t ttl_s;
    struct model_place place;
};

/* The k-th text of one part. Returns its length or PTRD_ELIMIT. */
#define PATTERN_NUMBER_SIZE 128
int pattern_number(const struct pattern_part *p, int64_t iterator,
                   char out[PATTERN_NUMBER_SIZE]) PTRD_NONNULL;

struct generate_line {
    struct import_zone *zone;
    const struct master_line *line;
    const struct name *origin;
    uint32_t file;
    struct import_head head;
    uint32_t ttl_s;
};
PTRD_CHECKED int generate_read(struct generate_line *g) PTRD_NONNULL;

/* Replaces what templates say as well by blocks. The model's records and PTRs are sorted before;
 * zones: all zones of the import with their cuts. */
PTRD_CHECKED int generate_blocks(struct source_import *i, const struct table *zones,
                                 struct diag *diag) PTRD_NONNULL;

/* --- the import ------------------------------------------------------------------------------- */

struct source_import {
    struct model *m;
    source_note_fn *note;
    void *note_ctx;
    source_progress_fn *progress; /* of the file being read, or NULL */
    void *progress_ctx;
    uint32_t *file_zone; /* index in m->zones of the zone that a file of the model belongs to */
    uint32_t file_zone_count, file_zone_capacity;
    struct generate *generates;
    uint32_t generate_count, generate_capacity;
};

#define FILE_ZONE_NONE UINT32_MAX

void import_note(struct source_import *i, struct model_place place, const char *format, ...)
    PTRD_FORMAT(3, 4);
/* Adds a file of a zone; returns its number in the model. */
PTRD_CHECKED int import_add_file(struct source_import *i, const char *path, uint32_t zone,
                                 struct diag *diag) PTRD_NONNULL;
int import_no_memory(struct diag *diag) PTRD_NONNULL;

#endif
