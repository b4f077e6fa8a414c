/*
 * The native shim: one executable of a CNI_PATH directory, in front of a warm host.
 *
 * `cnidaria shim install` compiles it once and writes a copy per plugin type, with that type's settings in it. It does what takes no
 * Node: it answers VERSION, starts a warm host for its namespaces where there is none, and carries one call to it and the answer
 * back. Whatever else there is (a warm host that does not start, a failure that has to be told as CNI's error object, no verb) it
 * leaves to the Node shim, which it becomes by execve(2): there is one implementation of everything that is told in words.
 *
 * What protects what:
 * - It is not setuid: it has the rights of its caller, who could do without it whatever it can be made to do. What is protected is a
 *   runtime, usually root, from running what somebody else put in its way.
 * - No path comes from outside. State directory, runtime folder and type are part of the program, put there at installation; whoever
 *   can change the program can do anything anyway. Before it connects or becomes Node it looks whether the folder is still root's
 *   alone, as the installation did.
 * - Of the environment it takes the variables that its settings list, hands on these and no others, and believes none of them: the
 *   warm host judges. It is linked statically where libc allows it; then LD_PRELOAD and the like do not touch it. Otherwise they
 *   do, as they do any program, the shell of the other kind of shim included. NODE_OPTIONS and its kind never reach Node.
 * - Namespaces are what /proc/self/ns says. They are part of the socket's name, and the warm host compares them once more.
 * - The warm host is trusted: its socket lies in a directory that its owner alone may enter.
 *
 * The protocol is described in host/daemon/protocol.ts and host/daemon/frames.ts; its numbers come from there when this is compiled.
 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "settings.h"
#include "start.h"
#include "system.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#if !defined GREETING || !defined CONFIGURATION_MAX_BYTES || !defined GREETING_TIMEOUT_MS || !defined ANSWER_TIMEOUT_MS
#error "compile it by way of host/shim/native.ts, which defines the protocol's numbers"
#endif

/* How often a warm host may be found that is just leaving. As in host/shim/call.ts. */
#define ATTEMPTS 4
/* Longest head of an answer, its line end included. */
#define HEAD_MAX_BYTES 64

/* stdin, once it was read. */
static struct buffer input;
static int input_is_read;

/* Becomes the Node shim. `failure` is what it is to tell, a name of host/shim/failure.ts; NULL: it makes the call. */
_Noreturn static void hand_over(const char *failure)
{
	char *variables[LIST_MAX + 1];
	size_t count = 0;
	for (size_t i = 0; i < settings.passed_count; i++) {
		char *entry = entry_of(settings.passed[i]);
		if (entry != NULL)
			variables[count++] = entry;
	}
	variables[count] = NULL;
	char name[HEAD_MAX_BYTES] = "";
	if (failure != NULL) {
		strncpy(name, failure, sizeof name - 1);
		settings.node_shim[settings.node_shim_count++] = name;
	}
	if (!is_in_root_only(settings.node_shim[0]))
		give_up(106, "the shim's runtime folder is gone, or others than root may write to it", "run cnidaria shim install again");
	if (!input_is_read || make_stdin(&input) == 0)
		execve(settings.node_shim[0], settings.node_shim, variables);
	give_up(105, "the shim cannot start Node", "run cnidaria shim install again");
}

/* Writes the namespaces that decide what a call means, as host/daemon/surroundings.ts does. */
static int read_surroundings(char *text, size_t size)
{
	static const char *const paths[] = { "/proc/self/ns/net", "/proc/self/ns/mnt", "/proc/self/ns/pid" };
	unsigned long long inodes[3];
	for (size_t i = 0; i < 3; i++) {
		struct stat found;
		if (stat(paths[i], &found) < 0)
			return -1;
		inodes[i] = found.st_ino;
	}
	int length = snprintf(text, size, "%llu-%llu-%llu", inodes[0], inodes[1], inodes[2]);
	return length > 0 && (size_t)length < size ? 0 : -1;
}

/* Makes the address of the warm host's socket. Gives -1 where there can be none, or others than root can change what is there. */
static int make_address(struct sockaddr_un *address)
{
	char surroundings[HEAD_MAX_BYTES];
	if (read_surroundings(surroundings, sizeof surroundings) < 0)
		return -1;
	address->sun_family = AF_UNIX;
	int length = snprintf(address->sun_path, sizeof address->sun_path, "%s%s%s", settings.socket_head, surroundings,
			      settings.socket_tail);
	return length < 0 || (size_t)length >= sizeof address->sun_path || !is_in_root_only(address->sun_path) ? -1 : 0;
}

/*
 * Connects to the warm host; -1: nobody listens. A queue of the kernel that stays full counts as silence: connect and send give up after
 * the time of a greeting.
 */
static int connect_to_host(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		hand_over(NULL);
	struct timeval timeout = { .tv_sec = GREETING_TIMEOUT_MS / 1000, .tv_usec = GREETING_TIMEOUT_MS % 1000 * 1000 };
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	int result;
	do
		result = connect(fd, (const struct sockaddr *)address, sizeof *address);
	while (result < 0 && errno == EINTR);
	if (result == 0)
		return fd;
	if (errno == EAGAIN)
		hand_over("silent-greeting");
	if (errno != ENOENT && errno != ECONNREFUSED)
		hand_over("unreachable");
	close(fd);
	return -1;
}

/* Sends all, or until the other side is gone: what it said last is still there to be read. */
static void send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
		if (count < 0 && errno == EAGAIN)
			hand_over("silent-greeting");
		if (count < 0 && errno != EINTR)
			return;
		bytes += count < 0 ? 0 : count;
		length -= count < 0 ? 0 : (size_t)count;
	}
}

/* Appends NAME=value of the shim's own. */
static void append_own(struct buffer *variables, const char *name, const char *value)
{
	append(variables, name, strlen(name));
	append(variables, "=", 1);
	append(variables, value, strlen(value) + 1);
}

/* Sends the request: how long its two parts are, the variables, the configuration. */
static void send_request(int fd)
{
	struct buffer variables = { 0 };
	char surroundings[HEAD_MAX_BYTES];
	char head[HEAD_MAX_BYTES];
	if (read_surroundings(surroundings, sizeof surroundings) < 0)
		hand_over(NULL);
	append_own(&variables, "surroundings", surroundings);
	append_own(&variables, "type", settings.type);
	for (size_t i = 0; i < settings.passed_count; i++) {
		const char *entry = entry_of(settings.passed[i]);
		if (entry != NULL)
			append(&variables, entry, strlen(entry) + 1);
	}
	int length = snprintf(head, sizeof head, "%zu %zu\n", variables.length, input.length);
	send_all(fd, head, (size_t)length);
	send_all(fd, variables.bytes, variables.length);
	send_all(fd, input.bytes, input.length);
	free(variables.bytes);
}

/* Reads once, until a time at the latest. Gives 1, 0: the other side is gone, -1: it was silent. */
static int receive(int fd, struct buffer *received, long long until_ms)
{
	for (;;) {
		struct pollfd wanted = { .fd = fd, .events = POLLIN, .revents = 0 };
		long long left_ms = until_ms - now_ms();
		int ready = poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0);
		if (ready == 0)
			return -1;
		if (ready < 0 && errno == EINTR)
			continue;
		reserve(received, 1);
		ssize_t count = recv(fd, received->bytes + received->length, received->size - received->length, MSG_DONTWAIT);
		if (count < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		received->length += count > 0 ? (size_t)count : 0;
		return count > 0;
	}
}

/* Takes the greeting. Gives 0 when the other side left without one: nothing was done. */
static int take_greeting(int fd, struct buffer *received)
{
	const size_t wanted = sizeof GREETING - 1;
	long long until_ms = now_ms() + GREETING_TIMEOUT_MS;
	while (received->length < wanted) {
		int state = receive(fd, received, until_ms);
		if (state < 0)
			hand_over("silent-greeting");
		if (state == 0)
			return 0;
		size_t length = received->length < wanted ? received->length : wanted;
		if (memcmp(received->bytes, GREETING, length) != 0)
			hand_over("other-protocol");
	}
	received->length -= wanted;
	memmove(received->bytes, received->bytes + wanted, received->length);
	return 1;
}

/* Prints an answer and ends, if it is whole: exit code, bytes of stderr and of stdout, then these. */
static void print_if_whole(const struct buffer *received)
{
	char head[HEAD_MAX_BYTES + 1];
	size_t length = received->length < HEAD_MAX_BYTES ? received->length : HEAD_MAX_BYTES;
	memcpy(head, received->bytes, length);
	head[length] = '\0';
	const char *line_end = strchr(head, '\n');
	unsigned int code, stderr_bytes, stdout_bytes;
	if (line_end == NULL || sscanf(head, "%3u %9u %9u", &code, &stderr_bytes, &stdout_bytes) != 3)
		return;
	size_t start = (size_t)(line_end - head) + 1;
	if (received->length != start + stderr_bytes + stdout_bytes)
		return;
	write_all(2, received->bytes + start, stderr_bytes);
	write_all(1, received->bytes + start + stderr_bytes, stdout_bytes);
	_exit((int)code);
}

/* Makes the call. Returns when the other side left without a greeting. */
static void converse(int fd)
{
	struct buffer received = { 0 };
	if (!input_is_read)
		read_all(0, &input, CONFIGURATION_MAX_BYTES);
	input_is_read = 1;
	if (input.length > CONFIGURATION_MAX_BYTES)
		hand_over("too-long");
	send_request(fd);
	if (take_greeting(fd, &received)) {
		long long until_ms = now_ms() + ANSWER_TIMEOUT_MS;
		for (int state = 1;; state = receive(fd, &received, until_ms)) {
			if (state <= 0)
				hand_over(state < 0 ? "silent-answer" : "ended");
			print_if_whole(&received);
		}
	}
	free(received.bytes);
	close(fd);
}

int main(void)
{
	struct sockaddr_un address = { 0 };
	open_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	read_settings();
	if (settings.node_shim_count == 0)
		give_up(105, "this shim was not installed", "run cnidaria shim install");
	const char *command = value_of("CNI_COMMAND");
	if (strcmp(command, "VERSION") == 0) {
		write_all(1, settings.version_answer, strlen(settings.version_answer));
		return 0;
	}
	if (*command == '\0' || make_address(&address) < 0)
		hand_over(NULL);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		int fd = connect_to_host(&address);
		if (fd >= 0)
			converse(fd);
		else if (start_warm_host(address.sun_path) < 0)
			hand_over(NULL);
	}
	hand_over("none-started");
}
