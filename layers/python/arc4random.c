/* For libexpat, as foreign-python.sh links it: glibc has arc4random_buf(3) since 2.36, and Lambda's system has 2.34. */
#include <sys/random.h>

__attribute__((visibility("hidden"))) void arc4random_buf(void *to, size_t length) {
    for (unsigned char *at = to; length > 0;) {
        ssize_t got = getrandom(at, length, 0);
        if (got > 0) { /* it can only be interrupted */
            at += got;
            length -= (size_t)got;
        }
    }
}
