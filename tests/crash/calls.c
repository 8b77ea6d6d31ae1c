/* Records the file operations and the output of a process, in one order with those of other
   processes, and lets chosen calls fail. Preloaded into real processes: see tracing.py.

   Only files below ORDERLEDGER_CALLS_ROOT are recorded. Every operation runs and is written to the
   log under one lock, which all processes share. Output is written to the log before it is sent. */
#include "calls.h"

/* Every way of writing ends here. offset < 0: at the file's own offset. */
static ssize_t written(int number, const struct iovec *parts, int count, off_t offset) {
    char path[PATH_MAX];
    size_t size = 0, at = 0;
    int is_short;
    if (!shared || !path_of(number, path) || is_index(path)) {
        for (int i = 0; i < count; i++) put_output(number, parts[i].iov_base, parts[i].iov_len);
        if (offset < 0) return REAL(writev)(number, parts, count);
        return REAL(pwritev)(number, parts, count, offset);
    }
    for (int i = 0; i < count; i++) size += parts[i].iov_len;
    char *data = malloc(size + 1);
    for (int i = 0; i < count; at += parts[i++].iov_len)
        memcpy(data + at, parts[i].iov_base, parts[i].iov_len);
    take();
    ssize_t done = -1;
    if (!fails('w', path, &is_short)) {
        if (is_short && size > 1) size /= 2;
        done = offset < 0 ? REAL(write)(number, data, size)
                          : REAL(pwrite)(number, data, size, offset);
        if (offset < 0) offset = lseek(number, 0, SEEK_CUR) - done;
        if (done > 0) put('w', inode_of(number), offset, done, path, data, done);
    }
    give();
    int kept = errno; free(data); errno = kept;
    return done;
}

EXPORT ssize_t write(int number, const void *data, size_t size) {
    struct iovec part = {(void *)data, size};
    return shared ? written(number, &part, 1, -1) : REAL(write)(number, data, size);
}
EXPORT ssize_t pwrite(int number, const void *data, size_t size, off_t offset) {
    struct iovec part = {(void *)data, size};
    return written(number, &part, 1, offset);
}
EXPORT ssize_t pwrite64(int number, const void *data, size_t size, off_t offset) {
    return pwrite(number, data, size, offset);
}
EXPORT ssize_t writev(int number, const struct iovec *parts, int count) {
    return written(number, parts, count, -1);
}
EXPORT ssize_t pwritev(int number, const struct iovec *parts, int count, off_t offset) {
    return written(number, parts, count, offset);
}
EXPORT ssize_t pwritev64(int number, const struct iovec *parts, int count, off_t offset) {
    return written(number, parts, count, offset);
}

static int network_fails(int number, char kind) {
    struct stat found;
    char path[PATH_MAX + 8];
    if (!shared || fstat(number, &found) || !S_ISSOCK(found.st_mode)) return 0;
    strcat(strcpy(path, root), "/socket");
    take();
    int failed = fails(kind, path, NULL);
    give();
    if (failed) shutdown(number, SHUT_RDWR);
    return failed;
}
EXPORT ssize_t send(int number, const void *data, size_t size, int flags) {
    if (network_fails(number, 's')) return -1;
    put_output(number, data, size);
    return REAL(send)(number, data, size, flags);
}
EXPORT ssize_t recv(int number, void *data, size_t size, int flags) {
    return network_fails(number, 'v') ? -1 : REAL(recv)(number, data, size, flags);
}
EXPORT ssize_t sendmsg(int number, const struct msghdr *message, int flags) {
    for (size_t i = 0; i < message->msg_iovlen; i++)
        put_output(number, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    return REAL(sendmsg)(number, message, flags);
}

/* Copies inside the kernel are refused: callers then read and write. */
EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t size) {
    char path[PATH_MAX];
    if (shared && path_of(out, path)) {
        errno = EINVAL;
        return -1;
    }
    return REAL(sendfile)(out, in, offset, size);
}
EXPORT ssize_t sendfile64(int out, int in, off_t *offset, size_t size) {
    return sendfile(out, in, offset, size);
}
EXPORT ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t size,
                               unsigned flags) {
    char path[PATH_MAX];
    if (shared && path_of(out, path)) {
        errno = EXDEV;
        return -1;
    }
    return REAL(copy_file_range)(in, from, out, to, size, flags);
}

static int opened(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat found;
    int is_changing = shared && flags & (O_CREAT | O_TRUNC);
    if (!is_changing || !whole(folder, name, path) || is_index(path))
        return REAL(openat)(folder, name, flags, mode);
    take();
    int is_new = lstat(path, &found), number = -1;
    if (!fails('o', path, NULL)) number = REAL(openat)(folder, name, flags, mode);
    if (number >= 0) {
        if (is_new) put('c', inode_of(number), 0, 0, path, NULL, 0);
        else if (flags & O_TRUNC) put('t', inode_of(number), 0, 0, path, NULL, 0);
    }
    give();
    return number;
}
#define OPEN(folder)                                                          \
    va_list rest;                                                             \
    va_start(rest, flags);                                                    \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                             \
    return opened(folder, name, flags, mode)
EXPORT int open(const char *name, int flags, ...) { OPEN(AT_FDCWD); }
EXPORT int open64(const char *name, int flags, ...) { OPEN(AT_FDCWD); }
EXPORT int openat(int folder, const char *name, int flags, ...) { OPEN(folder); }
EXPORT int openat64(int folder, const char *name, int flags, ...) { OPEN(folder); }
EXPORT int creat(const char *name, mode_t mode) {
    return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

static int resized(int number, off_t size, char kind) {
    char path[PATH_MAX];
    if (!shared || !path_of(number, path) || is_index(path)) return REAL(ftruncate)(number, size);
    take();
    int done = fails(kind, path, NULL) ? -1 : REAL(ftruncate)(number, size);
    if (!done) put('t', inode_of(number), size, 0, path, NULL, 0);
    give();
    return done;
}
EXPORT int ftruncate(int number, off_t size) { return resized(number, size, 't'); }
EXPORT int ftruncate64(int number, off_t size) { return resized(number, size, 't'); }
EXPORT int posix_fallocate(int number, off_t offset, off_t size) {
    struct stat found;
    char path[PATH_MAX];
    if (!shared || !path_of(number, path)) return REAL(posix_fallocate)(number, offset, size);
    if (fstat(number, &found)) return errno;
    if (found.st_size >= offset + size) return 0;
    return resized(number, offset + size, 't') ? errno : 0;
}
EXPORT int posix_fallocate64(int number, off_t offset, off_t size) {
    return posix_fallocate(number, offset, size);
}
EXPORT int fallocate(int number, int mode, off_t offset, off_t size) {
    char path[PATH_MAX];
    if (shared && path_of(number, path)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return REAL(fallocate)(number, mode, offset, size);
}
EXPORT int fallocate64(int number, int mode, off_t offset, off_t size) {
    return fallocate(number, mode, offset, size);
}

static int synced(int number, int (*call)(int)) {
    char path[PATH_MAX];
    if (!shared || !path_of(number, path) || is_index(path)) return call(number);
    take();
    int failed = fails('f', path, NULL), done = failed ? -1 : call(number);
    if (!done) put('f', inode_of(number), 0, 0, path, NULL, 0);
    else if (errno != EINTR) put('x', inode_of(number), 0, 0, path, NULL, 0);
    give();
    return done;
}
EXPORT int fsync(int number) { return synced(number, REAL(fsync)); }
EXPORT int fdatasync(int number) { return synced(number, REAL(fdatasync)); }

static int moved(char kind, int old_folder, const char *old_name, int folder, const char *name,
                 unsigned flags) {
    char old[PATH_MAX], path[PATH_MAX];
    int is_old = whole(old_folder, old_name, old), is_new = whole(folder, name, path);
    int is_inside = is_old || is_new, done = -1;
    if (is_inside) take();
    if (!is_inside || !fails(kind, is_new ? path : old, NULL))
        done = kind == 'r' ? REAL(renameat2)(old_folder, old_name, folder, name, flags)
                           : REAL(linkat)(old_folder, old_name, folder, name, flags);
    if (!is_inside) return done;
    if (!done) put(kind, 0, 0, 0, is_new ? path : "", old, is_old ? strlen(old) : 0);
    give();
    return done;
}
EXPORT int rename(const char *old, const char *name) {
    return moved('r', AT_FDCWD, old, AT_FDCWD, name, 0);
}
EXPORT int renameat(int old_folder, const char *old, int folder, const char *name) {
    return moved('r', old_folder, old, folder, name, 0);
}
EXPORT int renameat2(int old_folder, const char *old, int folder, const char *name,
                     unsigned flags) {
    return moved('r', old_folder, old, folder, name, flags);
}
EXPORT int link(const char *old, const char *name) {
    return moved('l', AT_FDCWD, old, AT_FDCWD, name, 0);
}
EXPORT int linkat(int old_folder, const char *old, int folder, const char *name, int flags) {
    return moved('l', old_folder, old, folder, name, flags);
}

static int removed(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    if (!whole(folder, name, path) || is_index(path)) return REAL(unlinkat)(folder, name, flags);
    take();
    int done = fails('u', path, NULL) ? -1 : REAL(unlinkat)(folder, name, flags);
    if (!done) put('u', 0, 0, 0, path, NULL, 0);
    give();
    return done;
}
EXPORT int unlink(const char *name) { return removed(AT_FDCWD, name, 0); }
EXPORT int unlinkat(int folder, const char *name, int flags) {
    return removed(folder, name, flags);
}
EXPORT int rmdir(const char *name) { return removed(AT_FDCWD, name, AT_REMOVEDIR); }
EXPORT int mkdirat(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!whole(folder, name, path)) return REAL(mkdirat)(folder, name, mode);
    take();
    int done = fails('o', path, NULL) ? -1 : REAL(mkdirat)(folder, name, mode);
    if (!done) put('d', 0, 0, 0, path, NULL, 0);
    give();
    return done;
}
EXPORT int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }
