/*
 * What the native shim asks of the system: descriptors that others made, memory, paths that only root can change.
 */
#ifndef CNIDARIA_SHIM_SYSTEM_H
#define CNIDARIA_SHIM_SYSTEM_H

#include <stddef.h>
#include <sys/types.h>

/* Bytes that grow. */
struct buffer {
	char *bytes;
	size_t length;
	size_t size;
};

/* Prints CNI's error object and ends: for what cannot even be left to the Node shim. Neither text is escaped. */
_Noreturn void give_up(int code, const char *message, const char *details);

/* Opens what the caller closed of stdin, stdout and stderr, or a socket would become one of them. */
void open_standard_descriptors(void);

/* Writes all. Nobody reads it: it is dropped, and the exit code stays what it is. */
void write_all(int fd, const char *bytes, size_t length);

/* Reads a descriptor to its end, or until there is more than a number of bytes. A closed one is empty. */
void read_all(int fd, struct buffer *buffer, size_t most);

/* Makes stdin of a buffer's bytes. Gives -1 where that cannot be done. */
int make_stdin(const struct buffer *buffer);

/* Makes room for more bytes. Ends the program where there is no memory. */
void reserve(struct buffer *buffer, size_t length);

void append(struct buffer *buffer, const char *bytes, size_t length);

/*
 * Tells whether only root can change what is in the directory that a path lies in: it and every directory above it are root's and
 * not writable by others. A sticky one, such as /tmp, does for those above. The same rule as checkRootOnly of the installation.
 */
int is_in_root_only(const char *path);

/* Time that never goes back, in milliseconds. */
long long now_ms(void);

#endif
