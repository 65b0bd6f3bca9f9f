/* A document's text from a file, and a document's memory. */
#include "conf_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)64 << 10)

void conf_free(struct conf_doc *doc)
{
    if (!doc)
        return;
    arena_free(&doc->arena);
    free(doc);
}

/* Reads to the end, not to st_size: the file may be a pipe. */
static int read_all(int fd, size_t expected, char **out, size_t *out_len, struct diag *diag)
{
    size_t capacity = expected + READ_STEP, len = 0;
    char *text = malloc(capacity);
    while (text) {
        ssize_t n = read(fd, text + len, capacity - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int err = errno;
            free(text);
            return diag_set(diag, -err, "cannot read: %s", strerror(err));
        }
        len += (size_t)n;
        if (n == 0)
            break;
        if (len > CONF_SIZE_MAX) {
            free(text);
            return diag_set(diag, PTRD_ELIMIT, "larger than the limit of %u MiB",
                            CONF_SIZE_MAX >> 20);
        }
        if (len == capacity) {
            char *larger = realloc(text, capacity *= 2);
            if (!larger)
                free(text);
            text = larger;
        }
    }
    if (!text)
        return diag_set(diag, PTRD_ENOMEM, "no memory to read the file");
    *out = text;
    *out_len = len;
    return 0;
}

int conf_read(const char *path, struct conf_doc **out, const struct conf_node **root,
              struct diag *diag)
{
    diag->file = path;
    diag->line = diag->column = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int err = errno;
        return diag_set(diag, -err, "cannot open: %s", strerror(err));
    }
    struct stat st;
    size_t expected = 0, len = 0;
    char *text = NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        (uint64_t)st.st_size <= CONF_SIZE_MAX)
        expected = (size_t)st.st_size;
    int r = read_all(fd, expected, &text, &len, diag);
    close(fd);
    if (r < 0)
        return r;
    r = conf_parse(path, text, len, out, root, diag);
    free(text);
    return r;
}
