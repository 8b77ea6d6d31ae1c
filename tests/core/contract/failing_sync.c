/* Loaded before the C library: fsync and fdatasync fail while the file that FAILING_SYNC names exists, once if FAILING_ONCE is set;
   so does writing into files whose path has FAILING_WRITES in it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(void) {
    const char *path = getenv("FAILING_SYNC");
    if (path == NULL || access(path, F_OK) != 0) return 0;
    if (getenv("FAILING_ONCE") != NULL) unlink(path);
    errno = EIO;
    return 1;
}

int fdatasync(int descriptor) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return fails() ? -1 : real(descriptor);
}

int fsync(int descriptor) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return fails() ? -1 : real(descriptor);
}

static int fails_for(int descriptor) {
    char link[64], path[4096];
    const char *part = getenv("FAILING_WRITES");
    if (part == NULL) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, part) != NULL && fails();
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t place) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (real == NULL) real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return fails_for(descriptor) ? -1 : real(descriptor, bytes, count, place);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return fails_for(descriptor) ? -1 : real(descriptor, bytes, count);
}
