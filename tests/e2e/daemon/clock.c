/*
 * A box's clock that a test sets: loaded before the C library, it moves the wall clock, the kernel's stamps on
 * datagrams, and what the kernel says of time servers. The monotonic clocks go on as they do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* How far the clock is set, in seconds; and whether a time server holds it. */
static volatile const int64_t *told;

__attribute__((constructor)) static void begin(void)
{
	int file = open(getenv("SET_CLOCK"), O_RDONLY);

	told = mmap(NULL, 2 * sizeof(*told), PROT_READ, MAP_SHARED, file, 0);
	if (file < 0 || told == MAP_FAILED)
		abort();
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int failed = syscall(SYS_clock_gettime, clock, at);

	if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		at->tv_sec += told[0];
	return failed;
}

ssize_t recvmsg(int socket, struct msghdr *message, int flags)
{
	ssize_t length = syscall(SYS_recvmsg, socket, message, flags);
	struct cmsghdr *said = length < 0 ? NULL : CMSG_FIRSTHDR(message);

	for (; said; said = CMSG_NXTHDR(message, said)) {
		struct timespec at;

		if (said->cmsg_level != SOL_SOCKET || said->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(said), sizeof(at));
		at.tv_sec += told[0];
		memcpy(CMSG_DATA(said), &at, sizeof(at));
	}
	return length;
}

int adjtimex(struct timex *asked)
{
	if (asked->modes) {
		errno = EPERM;
		return -1;
	}
	asked->status = told[1] ? 0 : STA_UNSYNC;
	return told[1] ? TIME_OK : TIME_ERROR;
}
