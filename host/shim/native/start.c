/*
 * Starts a warm host. See start.h; host/shim/start.ts is the same for the Node shim.
 */
#define _GNU_SOURCE /* pipe2, syscall */
#include "start.h"

#include "settings.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Descriptor on which a warm host tells that it listens, and what it says. As in host/daemon/warm-host.ts. */
#define READY_FD 3
#define READY "ready\n"
/* Descriptors that are closed where the kernel cannot close them all at once. */
#define DESCRIPTORS_MAX 1024

/* Closes what the caller left open. */
static void close_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned int)first, ~0U, 0U) == 0)
		return;
#endif
	for (int fd = first; fd < DESCRIPTORS_MAX; fd++)
		close(fd);
}

/* Gives signals the state that a process begins with: a runtime may have blocked or ignored some. */
static void reset_signals(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Becomes the warm host. */
_Noreturn static void become_warm_host(int ready)
{
	char *nothing[] = { NULL };
	int null = open("/dev/null", O_RDWR);
	/* Out of the way of what is replaced below. */
	ready = fcntl(ready, F_DUPFD, READY_FD + 1);
	if (null < 0 || ready < 0 || setsid() < 0 || chdir("/") < 0)
		_exit(1);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	dup2(ready, READY_FD);
	close_from(READY_FD + 1);
	reset_signals();
	execve(settings.warm_host[0], settings.warm_host, nothing);
	_exit(1);
}

int start_warm_host(const char *socket_path)
{
	char path[SETTINGS_BYTES];
	int ends[2];
	if (strlen(socket_path) >= sizeof path || settings.warm_host_count == 0 || !is_in_root_only(settings.warm_host[0]) ||
	    pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	strcpy(path, socket_path);
	settings.warm_host[settings.warm_host_count] = path;
	pid_t child = fork();
	if (child == 0)
		become_warm_host(ends[1]);
	close(ends[1]);
	struct buffer said = { 0 };
	if (child > 0)
		read_all(ends[0], &said, sizeof READY);
	close(ends[0]);
	return said.length == sizeof READY - 1 && memcmp(said.bytes, READY, said.length) == 0 ? 0 : -1;
}
