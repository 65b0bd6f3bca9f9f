/* Files that an import reads whole, and their paths. */
#include "import_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse_file(struct diag *diag, int err, const char *path)
{
    return diag_set(diag, -err, "cannot read `%.512s`: %s", path, strerrordesc_np(err));
}

static int read_octets(int fd, struct import_text *t)
{
    static const size_t piece = (size_t)1 << 18;
    char *buf = malloc(piece);
    ssize_t n = buf ? 1 : 0;
    int err = buf ? 0 : ENOMEM;
    while (n > 0) {
        n = read(fd, buf, piece);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            import_text_add(t, buf, (size_t)n);
        else if (n < 0)
            err = errno;
    }
    free(buf);
    return t->failed ? ENOMEM : err;
}

int import_read_file(const char *path, bool only_regular, char **out, size_t *len,
                     struct diag *diag)
{
    struct import_text t = {.at = NULL};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | (only_regular ? O_NONBLOCK : 0));
    if (fd < 0)
        return refuse_file(diag, errno, path);
    int err = fstat(fd, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
    if (err == 0 && only_regular && !S_ISREG(st.st_mode)) {
        close(fd);
        return diag_set(diag, PTRD_EINVAL, "`%.512s` is no regular file", path);
    }
    import_text_add(&t, "", 0);
    if (err == 0)
        err = read_octets(fd, &t);
    close(fd);
    if (err != 0) {
        import_text_done(&t);
        return refuse_file(diag, err, path);
    }
    *out = t.at;
    *len = t.len;
    return 0;
}

const char *import_path(struct model *m, const char *directory, const char *path, size_t len)
{
    if (!directory || (len > 0 && path[0] == '/'))
        return model_strndup(m, path, len);
    size_t front = strlen(directory);
    char *whole = model_alloc(m, front + len + 2);
    if (!whole)
        return NULL;
    memcpy(whole, directory, front);
    whole[front] = '/';
    memcpy(whole + front + 1, path, len);
    whole[front + 1 + len] = '\0';
    return whole;
}

const char *import_directory(struct model *m, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return model_strndup(m, ".", 1);
    return model_strndup(m, path, slash == path ? 1 : (size_t)(slash - path));
}
