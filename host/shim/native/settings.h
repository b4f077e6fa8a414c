/*
 * What a copy of the native shim knows: its settings, which the installation wrote into it, and the environment.
 */
#ifndef CNIDARIA_SHIM_SETTINGS_H
#define CNIDARIA_SHIM_SETTINGS_H

#include <stddef.h>

#if !defined SETTINGS_BYTES || !defined MARK
#error "compile it by way of host/shim/native.ts, which defines where the settings are"
#endif

/* Most variables that are passed, and most arguments of a command line. */
#define LIST_MAX 32

struct settings {
	char text[SETTINGS_BYTES + 1];
	char *version_answer; /* what VERSION prints, line end included */
	char *type;           /* the plugin type */
	char *socket_head;    /* path of the socket, up to the namespaces */
	char *socket_tail;    /* and after them */
	char *node_shim[LIST_MAX + 2]; /* command line of the Node shim; room for a failure's name, and the NULL */
	size_t node_shim_count; /* 0: nothing was written into this program */
	char *warm_host[LIST_MAX + 2]; /* command line of a warm host; room for its socket's path, and the NULL */
	size_t warm_host_count;
	char *passed[LIST_MAX]; /* names of variables */
	size_t passed_count;
};

extern struct settings settings;

void read_settings(void);

/* Gives the environment's entry NAME=value; NULL: not set. The last one counts where there are several, as in a shell. */
char *entry_of(const char *name);

/* Gives a variable's value; empty: not set. */
const char *value_of(const char *name);

#endif
