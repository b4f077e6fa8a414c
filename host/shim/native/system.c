/*
 * What the native shim asks of the system. See system.h.
 */
#define _GNU_SOURCE /* memfd_create */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Longest path that the kernel takes, its zero byte included. Source: linux/limits.h, PATH_MAX. */
#define PATH_BYTES 4096
/* First size of a buffer. Most configurations and results fit. */
#define BUFFER_BYTES 16384
#define ERROR_BYTES 512

_Noreturn void give_up(int code, const char *message, const char *details)
{
	char text[ERROR_BYTES];
	int length = snprintf(text, sizeof text, "{\"cniVersion\":\"1.1.0\",\"code\":%d,\"msg\":\"%s\",\"details\":\"%s\"}\n", code,
			      message, details);
	if (length > 0 && (size_t)length < sizeof text)
		write_all(1, text, (size_t)length);
	_exit(1);
}

void open_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			_exit(1);
}

/* Waits until a descriptor that another process made non-blocking is ready. */
static void wait_for(int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events, .revents = 0 };
	while (poll(&wanted, 1, -1) < 0 && errno == EINTR)
		;
}

void write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = write(fd, bytes, length);
		if (count > 0) {
			bytes += count;
			length -= (size_t)count;
		} else if (count < 0 && errno == EAGAIN) {
			wait_for(fd, POLLOUT);
		} else if (count == 0 || errno != EINTR) {
			return;
		}
	}
}

void read_all(int fd, struct buffer *buffer, size_t most)
{
	while (buffer->length <= most) {
		reserve(buffer, 1);
		ssize_t count = read(fd, buffer->bytes + buffer->length, buffer->size - buffer->length);
		if (count > 0)
			buffer->length += (size_t)count;
		else if (count < 0 && errno == EAGAIN)
			wait_for(fd, POLLIN);
		else if (count == 0 || errno != EINTR)
			return;
	}
}

int make_stdin(const struct buffer *buffer)
{
	int fd = memfd_create("cnidaria-stdin", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	for (size_t offset = 0; offset < buffer->length;) {
		ssize_t count = write(fd, buffer->bytes + offset, buffer->length - offset);
		if (count < 0 && errno != EINTR)
			return -1;
		offset += count < 0 ? 0 : (size_t)count;
	}
	return lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, 0) < 0 ? -1 : 0;
}

void reserve(struct buffer *buffer, size_t length)
{
	size_t size = buffer->size == 0 ? BUFFER_BYTES : buffer->size;
	while (size - buffer->length < length)
		size *= 2;
	if (size == buffer->size)
		return;
	char *bytes = realloc(buffer->bytes, size);
	if (bytes == NULL)
		give_up(11, "the shim has no memory", "try again later");
	buffer->bytes = bytes;
	buffer->size = size;
}

void append(struct buffer *buffer, const char *bytes, size_t length)
{
	reserve(buffer, length);
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

/* Cuts the last name off an absolute path. */
static void become_parent(char *path)
{
	char *slash = strrchr(path, '/');
	slash[slash == path ? 1 : 0] = '\0';
}

int is_in_root_only(const char *path)
{
	char part[PATH_BYTES];
	size_t length = strlen(path);
	if (path[0] != '/' || length >= sizeof part)
		return 0;
	memcpy(part, path, length + 1);
	become_parent(part);
	for (int is_above = 0;; is_above = 1) {
		struct stat found;
		if (lstat(part, &found) < 0 || found.st_uid != 0)
			return 0;
		int is_sticky = is_above && (found.st_mode & S_ISVTX) != 0;
		if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_sticky)
			return 0;
		if (part[1] == '\0')
			return 1;
		become_parent(part);
	}
}

long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
