/* Loaded before the C library: fsync and fdatasync fail while the file that FAILING_SYNC names exists, once if FAILING_ONCE is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
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
