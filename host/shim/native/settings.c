/*
 * What a copy of the native shim knows. See settings.h.
 */
#include "settings.h"

#include <string.h>

extern char **environ;

/*
 * The settings: MARK, then texts that each end with a zero byte. The installation finds MARK in the compiled program and writes the
 * texts behind it. Volatile, or the compiler would take it for what it is here.
 */
static const volatile char SETTINGS[SETTINGS_BYTES] = MARK;

struct settings settings;

/* Takes the next text of the settings. */
static char *take(char **next)
{
	char *text = *next;
	*next += strlen(text) + 1;
	return text;
}

/* Takes texts up to an empty one. */
static size_t take_list(char **next, char **list)
{
	size_t count = 0;
	while (**next != '\0' && count < LIST_MAX)
		list[count++] = take(next);
	take(next);
	return count;
}

void read_settings(void)
{
	for (size_t i = 0; i < SETTINGS_BYTES; i++)
		settings.text[i] = SETTINGS[i];
	char *next = settings.text + sizeof MARK;
	settings.version_answer = take(&next);
	settings.type = take(&next);
	settings.socket_head = take(&next);
	settings.socket_tail = take(&next);
	settings.node_shim_count = take_list(&next, settings.node_shim);
	settings.warm_host_count = take_list(&next, settings.warm_host);
	settings.passed_count = take_list(&next, settings.passed);
}

char *entry_of(const char *name)
{
	size_t length = strlen(name);
	char *found = NULL;
	for (char **entry = environ; *entry != NULL; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			found = *entry;
	return found;
}

const char *value_of(const char *name)
{
	const char *entry = entry_of(name);
	return entry == NULL ? "" : entry + strlen(name) + 1;
}
