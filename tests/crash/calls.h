/* The log of calls, and which of them have to fail: see calls.c. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))
#define EXPORT __attribute__((visibility("default")))

struct shared {
    pthread_mutex_t lock;
    int64_t calls, fails_from, fails_until;
    int32_t error;
    char kinds[16], word[64];
};
struct record {
    char kind, pad[3];
    int32_t process;
    int64_t inode, first, second;
    uint32_t path, data;
};

static struct shared *shared;
static int log_file = -1;
static char root[PATH_MAX];
static size_t root_size;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("ORDERLEDGER_CALLS_ROOT"), *log = getenv("ORDERLEDGER_CALLS_LOG");
    const char *control = getenv("ORDERLEDGER_CALLS_CONTROL");
    if (!folder || !log || !control) return;
    int number = REAL(open)(control, O_RDWR | O_CLOEXEC);
    if (number < 0) return;
    int rights = PROT_READ | PROT_WRITE;
    void *place = REAL(mmap)(NULL, sizeof *shared, rights, MAP_SHARED, number, 0);
    if (place == MAP_FAILED) return;
    int opened = REAL(open)(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    log_file = fcntl(opened, F_DUPFD_CLOEXEC, 900);
    REAL(close)(opened);
    REAL(close)(number);
    strncpy(root, folder, sizeof root - 1);
    root_size = strlen(root);
    shared = place;
}

/* Called once, by the program that owns the control file. */
EXPORT size_t calls_control_size(void) { return sizeof *shared; }
EXPORT void calls_prepare(struct shared *place, int64_t from, int64_t until, int32_t error,
                          const char *kinds, const char *word) {
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&place->lock, &kind);
    place->calls = 0;
    place->fails_from = from;
    place->fails_until = until;
    place->error = error;
    strncpy(place->kinds, kinds, sizeof place->kinds - 1);
    strncpy(place->word, word, sizeof place->word - 1);
}

static void take(void) {
    if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD) pthread_mutex_consistent(&shared->lock);
}
static void give(void) { int kept = errno; pthread_mutex_unlock(&shared->lock); errno = kept; }

static void put(char kind, int64_t inode, int64_t first, int64_t second, const char *path,
                const void *data, size_t size) {
    struct record head = {kind, {0}, getpid(), inode, first, second, strlen(path), size};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)data, size}};
    ssize_t whole = sizeof head + head.path + size;
    int kept = errno;
    if (REAL(writev)(log_file, parts, 3) != whole) abort();
    errno = kept;
}

static int is_inside(const char *path) {
    return strncmp(path, root, root_size) == 0 && (path[root_size] == '/' || !path[root_size]);
}

/* The path of a descriptor below the root. */
static int path_of(int number, char *path) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", number);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return is_inside(path) && (size < 10 || strcmp(path + size - 10, " (deleted)"));
}

/* The absolute path of a name, without links in its folder. */
static int whole(int folder, const char *name, char *path) {
    char before[PATH_MAX] = "", copy[PATH_MAX], *last;
    if (!shared || !name || !*name) return 0;
    if (name[0] != '/') {
        char link[40];
        if (folder == AT_FDCWD) { if (!getcwd(before, sizeof before - 2)) return 0; }
        else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t size = readlink(link, before, sizeof before - 2);
            if (size < 0) return 0;
            before[size] = 0;
        }
        strcat(before, "/");
    }
    if ((size_t)snprintf(copy, sizeof copy, "%s%s", before, name) >= sizeof copy) return 0;
    for (size_t end = strlen(copy); end > 1 && copy[end - 1] == '/'; end--) copy[end - 1] = 0;
    last = strrchr(copy, '/');
    *last = 0;
    char *folder_path = realpath(*copy ? copy : "/", NULL);
    if (!folder_path) return 0;
    int size = snprintf(path, PATH_MAX, "%s/%s", folder_path, last + 1);
    free(folder_path);
    return size < PATH_MAX && is_inside(path);
}

/* Whether this call has to fail; then errno is set. Counts calls of the chosen kinds and files.
   A short write is asked for by error 0: *is_short is set, and the call goes on. */
static int fails(char kind, const char *path, int *is_short) {
    if (is_short) *is_short = 0;
    if (!shared->kinds[0] || !strchr(shared->kinds, kind)) return 0;
    if (!strstr(path + root_size, shared->word)) return 0;
    int64_t number = ++shared->calls;
    if (number < shared->fails_from || number >= shared->fails_until) return 0;
    put('!', 0, number, shared->error, path, &kind, 1);
    if (!shared->error) {
        if (is_short) *is_short = 1;
        return 0;
    }
    errno = shared->error;
    return 1;
}

static int is_index(const char *path) {
    size_t size = strlen(path);
    return size > 4 && !strcmp(path + size - 4, "-shm");
}
static int64_t inode_of(int number) {
    struct stat found;
    return fstat(number, &found) ? 0 : (int64_t)found.st_ino;
}

static void put_output(int number, const void *data, size_t size) {
    struct stat found;
    if (!shared || number == log_file || !size || fstat(number, &found)) return;
    char text[32];
    if (S_ISSOCK(found.st_mode)) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        if (getpeername(number, (struct sockaddr *)&peer, &length)) return;
        if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) return;
        snprintf(text, sizeof text, "%u", ntohs(((struct sockaddr_in *)&peer)->sin_port));
    } else if (number == 1 || number == 2) {
        snprintf(text, sizeof text, "%d", number);
    } else {
        return;
    }
    take();
    put(S_ISSOCK(found.st_mode) ? 'S' : 'O', 0, number, 0, text, data, size);
    give();
}
